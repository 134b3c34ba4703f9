"""The line of questions: whoever asks while a transaction runs is answered in the next one, all together.

A round is one transaction: it locks the ledgers that its questions need, judges one question after the other, each
with what those before it have counted, writes every answer down, and commits. Only then does an answer leave. So under
load one commit serves many questions, and what was allowed is counted whatever happens to the process afterwards.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final, Protocol

from sealwright.domain.errors import DomainError, StoreUnavailable
from sealwright.services.authorizing_values import Answered, Inquiry
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.services.round_line import RoundLine

# Those who were answered together come again together, a moment apart: waiting for them saves every second commit.
GATHER_FROM: Final = 4
GATHER_SECONDS: Final = 0.001

_log = logging.getLogger(__name__)


class GroundMoved(Exception):
    """What a round found was ended while it waited for the locks; what took its place shows to a new transaction."""


class Counter(Protocol):
    """Whoever answers questions; `services.authorizing` is."""

    def answer(self, uow: UnitOfWork, inquiries: Sequence[Inquiry], *, again: bool = False) -> None:
        """Answer questions and write the answers down, or set an inquiry's `error`.

        Raises:
            GroundMoved: The round has to be begun anew, in a transaction of its own; never where `again`.
        """


class AuthorizingLine(RoundLine[Inquiry]):
    """The thread that takes questions in rounds. Start it before use; closing answers what has arrived."""

    def __init__(self, units: UnitOfWorkFactory, counter: Counter) -> None:
        super().__init__("authorizing-line")
        self._units = units
        self._counter = counter

    def submit(self, inquiry: Inquiry) -> Future[Answered]:
        """Put a question on the line."""
        self._join(inquiry)
        return inquiry.future

    def run_alone(self, inquiry: Inquiry) -> Answered:
        """Answer one question in the caller's own thread; for the terminal and for tests."""
        self._answer([inquiry])
        return inquiry.future.result()

    def _walk(self) -> None:
        is_closing, last = False, 0
        while not is_closing:
            arrivals, is_closing = self._take(gather=GATHER_SECONDS if last >= GATHER_FROM else 0)
            last = len(arrivals)
            if arrivals:
                self._answer(arrivals)

    def _answer(self, inquiries: Sequence[Inquiry]) -> None:
        try:
            self._transact(inquiries)
        except Exception as error:  # noqa: BLE001 - whatever broke, every question on the line gets its answer
            self._answer_one_by_one(inquiries, error)
        for inquiry in inquiries:
            inquiry.settle()

    def _transact(self, inquiries: Sequence[Inquiry]) -> None:
        try:
            self._transact_once(inquiries, again=False)
        except GroundMoved:
            _forget(inquiries)
            self._transact_once(inquiries, again=True)

    def _transact_once(self, inquiries: Sequence[Inquiry], *, again: bool) -> None:
        with self._units() as uow:
            self._counter.answer(uow, inquiries, again=again)
            uow.commit()

    def _answer_one_by_one(self, inquiries: Sequence[Inquiry], cause: Exception) -> None:
        """Save the neighbors of a question that broke its round: every one tries once by itself."""
        if not isinstance(cause, DomainError):
            _log.error("authorizing round failed", exc_info=cause)
        is_alone = len(inquiries) == 1
        _forget(inquiries)
        for inquiry in inquiries:
            error: Exception | None = cause if is_alone else None
            if not is_alone:
                try:
                    self._transact([inquiry])
                except Exception as failure:  # noqa: BLE001 - as above
                    error = failure
            if error is not None:
                inquiry.answered = None
                known = isinstance(error, DomainError)
                inquiry.error = error if known else StoreUnavailable("The question was not answered.")


def _forget(inquiries: Sequence[Inquiry]) -> None:
    """Take back what a round said: nothing of it was kept, so nothing of it may be told."""
    for inquiry in inquiries:
        inquiry.answered, inquiry.error, inquiry.approval = None, None, None
