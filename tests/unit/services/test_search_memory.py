"""Searches are prepared at the start and again and again, whatever befalls one round."""

from __future__ import annotations

import threading
from typing import cast

import pytest

from sealwright.services import search_memory
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.services.search_memory import SearchMemory

WAIT_SECONDS = 10


class Office:
    """Counts the rounds; the first one fails."""

    def __init__(self) -> None:
        self.rounds = 0
        self.third = threading.Event()
        self.requests = self

    def __call__(self, *, write: bool = True) -> Office:
        assert not write
        return self

    def __enter__(self) -> Office:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def prepare_searches(self) -> bool:
        self.rounds += 1
        if self.rounds == 1:
            raise ConnectionError("the database is away")
        if self.rounds == 3:
            self.third.set()
        return True


def test_a_failed_round_is_reported_and_the_next_one_comes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(search_memory, "EVERY_SECONDS", 0.01)
    office = Office()
    memory = SearchMemory(cast("UnitOfWorkFactory", office))
    memory.start()
    assert office.third.wait(WAIT_SECONDS)
    memory.stop()
    assert [record.message for record in caplog.records] == ["searches not prepared"]
    assert not memory._thread.is_alive()


def test_it_ends_at_once_while_it_waits() -> None:
    office = Office()
    office.rounds = 1
    memory = SearchMemory(cast("UnitOfWorkFactory", office))
    memory.start()
    memory.stop()
    assert not memory._thread.is_alive()
    assert office.rounds == 2


def test_it_can_be_ended_before_it_began() -> None:
    office = Office()
    SearchMemory(cast("UnitOfWorkFactory", office)).stop()
    assert office.rounds == 0
