"""The line of questions: rounds are shared, a broken one hurts nobody but who broke it, and none goes unanswered."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, cast

import pytest

from sealwright.domain.errors import NotDIDOwner, StoreUnavailable
from sealwright.domain.people import operator
from sealwright.services.authorizing_line import AuthorizingLine, GroundMoved
from sealwright.services.authorizing_values import ActQuestion, Answered, CheckedQuestion, Inquiry
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.services.round_line import ROUND_AT_MOST
from sealwright.vc.delegation.judging import ActContext


class Counter:
    """Answers every question but those about ``bad``, which break their round; ``theirs`` is refused by itself.

    A round with ``moved`` has to be begun anew, once.
    """

    def __init__(self) -> None:
        self.rounds: list[list[str]] = []
        self.commits = 0
        self.gate = threading.Event()
        self.gate.set()

    @contextmanager
    def units(self, *, write: bool = True) -> Iterator[Counter]:
        assert write
        yield self

    def commit(self) -> None:
        self.commits += 1

    def answer(self, uow: Any, inquiries: Sequence[Inquiry], *, again: bool = False) -> None:
        assert uow is self
        assert all(one.is_open for one in inquiries)
        self.gate.wait(10)
        actions = [one.checked.question.action for one in inquiries]
        self.rounds.append(actions)
        for inquiry in inquiries:
            if inquiry.checked.question.action == "theirs":
                inquiry.error = NotDIDOwner("It is theirs.")
            else:
                inquiry.answered = Answered(None)
        if "moved" in actions and not again:
            raise GroundMoved
        if "bad" in actions:
            raise ValueError("a broken question")


def inquiry(action: str = "good") -> Inquiry:
    """A question about an action."""
    return Inquiry(CheckedQuestion(ActQuestion("did:adi:a", action), operator("test"), "did:adi:a", ActContext(), "00"))


def line_of(counter: Counter) -> AuthorizingLine:
    """A line over it."""
    return AuthorizingLine(cast("UnitOfWorkFactory", counter.units), counter)


def submitted(counter: Counter, line: AuthorizingLine, *actions: str) -> list[Future[Answered]]:
    """Put questions on the line behind one that is being answered, so that they share a round."""
    counter.gate.clear()
    first = line.submit(inquiry("first"))
    while line.depth:
        pass
    futures = [line.submit(inquiry(action)) for action in actions]
    counter.gate.set()
    assert first.result(10) == Answered(None)
    return futures


def test_questions_that_arrive_meanwhile_share_one_commit() -> None:
    counter = Counter()
    line = line_of(counter)
    line.start()
    futures = submitted(counter, line, *["good"] * (ROUND_AT_MOST + 1))
    assert {future.result(10) for future in futures} == {Answered(None)}
    line.close()
    assert [len(one) for one in counter.rounds] == [1, ROUND_AT_MOST, 1]
    assert counter.commits == 3


def test_a_question_that_breaks_its_round_hurts_no_neighbor() -> None:
    counter = Counter()
    line = line_of(counter)
    line.start()
    good, bad, theirs = submitted(counter, line, "good", "bad", "theirs")
    assert good.result(10) == Answered(None)
    with pytest.raises(StoreUnavailable):
        bad.result(10)
    with pytest.raises(NotDIDOwner):
        theirs.result(10)
    line.close()
    assert counter.rounds == [["first"], ["good", "bad", "theirs"], ["good"], ["bad"], ["theirs"]]
    assert counter.commits == 3, "the broken round and the broken question committed nothing"


def test_a_round_whose_ground_moved_is_begun_anew_once() -> None:
    counter = Counter()
    line = line_of(counter)
    line.start()
    futures = submitted(counter, line, "good", "moved")
    assert [future.result(10) for future in futures] == [Answered(None)] * 2
    line.close()
    assert counter.rounds == [["first"], ["good", "moved"], ["good", "moved"]]
    assert counter.commits == 2


def test_closing_answers_who_has_come_and_refuses_who_comes_then() -> None:
    counter = Counter()
    line = line_of(counter)
    line.start()
    futures = submitted(counter, line, *["good"] * 3)
    line.close()
    assert all(future.result(0) == Answered(None) for future in futures)
    with pytest.raises(StoreUnavailable):
        line.submit(inquiry()).result(0)
    assert line.run_alone(inquiry()) == Answered(None), "the terminal needs no line"
