"""Comparisons in the background."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Event
from typing import Any

from sealwright.vc.canon.plans import Plan
from sealwright.vc.canon.rechecking import Rechecker

PLAN = Plan(fill=lambda _: None, extract=lambda _: None, digest=b"")


def test_documents_are_compared_as_they_were_when_asked() -> None:
    seen: list[Any] = []
    rechecker = Rechecker(lambda _plan, document, data: seen.append((document, data)))
    document: dict[str, Any] = {"a": [1, 2.0, "é"]}
    assert rechecker.ask(PLAN, document, b"form")
    document["a"].append("altered")
    rechecker.finish()
    assert seen == [({"a": [1, 2.0, "é"]}, b"form")]
    assert isinstance(seen[0][0]["a"][1], float)


def test_asking_never_waits_and_says_when_there_is_no_room() -> None:
    gate = Event()

    def slow(_plan: Plan, _document: Mapping[str, Any], _data: bytes) -> None:
        gate.wait(10)

    rechecker = Rechecker(slow)
    answers = [rechecker.ask(PLAN, {"a": number}, b"") for number in range(200)]
    assert answers[0]
    assert not answers[-1]
    gate.set()
    rechecker.finish()
    assert rechecker.ask(PLAN, {"a": 1}, b"")


def test_a_failing_comparison_ends_the_plan_and_not_the_thread() -> None:
    seen: list[int] = []
    unproved = Plan(fill=lambda _: None, extract=lambda _: None, digest=b"")

    def compare(_plan: Plan, document: Mapping[str, Any], _data: bytes) -> None:
        if document["n"] == 0:
            raise RuntimeError("broken comparison")
        seen.append(document["n"])

    rechecker = Rechecker(compare)
    for number in range(3):
        rechecker.ask(unproved if number == 0 else PLAN, {"n": number}, b"")
    rechecker.finish()
    assert seen == [1, 2]
    assert unproved.is_poisoned
    assert not PLAN.is_poisoned
