"""Turns at the one writer of SQLite: first come, first served, and a gap for other processes."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from sealwright.domain.errors import StoreUnavailable
from sealwright.storage.engines import open_database
from sealwright.storage.transaction import open_transaction
from sealwright.storage.turns import GAP_SECONDS, STRETCH_SECONDS, Turns


class Time:
    """Goes on only when told to, or slept through."""

    def __init__(self) -> None:
        self.at = 100.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


def test_whoever_came_first_is_next() -> None:
    turns, order = Turns(10), []
    turns.take()

    def wait(number: int) -> None:
        turns.take()
        order.append(number)
        turns.give()

    threads = []
    for number in range(8):
        threads.append(threading.Thread(target=wait, args=(number,)))
        threads[-1].start()
        while len(turns._waiting) <= number:
            time.sleep(0.001)
    turns.give()
    # Whoever comes now comes last, although it is awake and they are not.
    turns.take()
    order.append(99)
    turns.give()
    for thread in threads:
        thread.join(10)
    assert order == [*range(8), 99]


def test_who_waits_too_long_is_told_and_holds_up_nobody() -> None:
    turns = Turns(0.01)
    turns.take()
    with pytest.raises(StoreUnavailable):
        turns.take()
    turns.give()
    turns.take()
    turns.give()


def test_a_process_that_writes_without_pause_leaves_a_gap() -> None:
    clock = Time()
    turns = Turns(10, now=clock.now, sleep=clock.sleep)
    for _ in range(int(4 * STRETCH_SECONDS / 0.005)):
        turns.take()
        clock.at += 0.005
        turns.give()
    assert clock.slept == [GAP_SECONDS] * 3
    for _ in range(100):
        # Whoever pauses by itself leaves gaps anyway.
        clock.at += 2 * GAP_SECONDS
        turns.take()
        clock.at += 0.005
        turns.give()
    assert clock.slept == [GAP_SECONDS] * 3


def test_writers_of_sqlite_come_in_their_order_and_readers_at_once(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'turns.sqlite'}")
    order: list[str] = []

    def write() -> None:
        with open_transaction(database, write=True):
            order.append("waited")

    try:
        with open_transaction(database, write=True):
            waiting = threading.Thread(target=write)
            waiting.start()
            assert database.turns is not None
            while not database.turns._waiting:
                time.sleep(0.001)
            with open_transaction(database, write=False):
                order.append("read")
        with open_transaction(database, write=True):
            order.append("came later")
        waiting.join(10)
    finally:
        database.close()
    assert order == ["read", "waited", "came later"]
