"""Rate limits: exactly so many calls a minute, over processes and restarts, on a clock that is given."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from sealwright.services.rate_ports import RateHit, RateLimiter
from sealwright.storage import rate_limits
from sealwright.storage.engines import Database, open_database
from sealwright.storage.migrations import migrate
from sealwright.storage.rate_limits import make_rate_limiter
from tests.storage.builders import NOW
from tests.storage.racing import together


@pytest.fixture
def limiter(database: Database) -> RateLimiter:
    return make_rate_limiter(database)


def _allowed(hits: tuple[RateHit, ...]) -> list[bool]:
    return [hit.allowed for hit in hits]


def test_exactly_the_limit_passes_in_a_minute(limiter: RateLimiter) -> None:
    seen = [limiter.hit_many([("a", 5)], NOW + timedelta(seconds=n))[0] for n in range(8)]
    assert _allowed(tuple(seen)) == [True] * 5 + [False] * 3
    assert [hit.remaining for hit in seen] == [4, 3, 2, 1, 0, 0, 0, 0]
    assert [hit.reset_seconds for hit in seen] == [60, 59, 58, 57, 56, 55, 54, 53]
    assert {hit.limit for hit in seen} == {5}


def test_the_minute_begins_with_the_first_call(limiter: RateLimiter) -> None:
    assert _allowed(limiter.hit_many([("a", 1), ("a", 1)], NOW)) == [True, False]
    assert _allowed(limiter.hit_many([("a", 1)], NOW + timedelta(seconds=59))) == [False]
    assert limiter.hit_many([("a", 1)], NOW + timedelta(seconds=60)) == (RateHit(True, 1, 0, 60),)


def test_buckets_are_apart_and_zero_is_no_limit(limiter: RateLimiter) -> None:
    hits = limiter.hit_many([("a", 1), ("b", 1), ("a", 0), ("a", 1), ("c", 2)], NOW)
    assert _allowed(hits) == [True, True, True, False, True]
    assert hits[2] == RateHit(True, 0, 0, 0)
    assert limiter.hit_many([("x", 0)], NOW) == (RateHit(True, 0, 0, 0),)
    assert limiter.hit_many([], NOW) == ()


def test_calls_of_one_batch_count_in_order(limiter: RateLimiter) -> None:
    hits = limiter.hit_many([("a", 3)] * 5, NOW)
    assert [(hit.allowed, hit.remaining) for hit in hits] == [
        (True, 2),
        (True, 1),
        (True, 0),
        (False, 0),
        (False, 0),
    ]


def test_a_clock_set_back_begins_a_new_minute(limiter: RateLimiter) -> None:
    limiter.hit_many([("a", 1)], NOW)
    assert limiter.hit_many([("a", 1)], NOW - timedelta(hours=1)) == (RateHit(True, 1, 0, 60),)


def test_counters_survive_a_restart(migrated_url: str) -> None:
    def once() -> tuple[RateHit, ...]:
        database = open_database(migrated_url)
        hits = make_rate_limiter(database).hit_many([("a", 1)], NOW)
        database.close()
        return hits

    assert _allowed(once()) == [True]
    assert _allowed(once()) == [False]


def test_processes_share_one_count(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    # On a busy machine a store may take longer than a call would wait; here the count matters, not the time.
    monkeypatch.setattr(rate_limits, "_WAIT_SECONDS", 60)
    limiters = [make_rate_limiter(database) for _ in range(4)]

    def hit(limiter: RateLimiter) -> int:
        return sum(sum(_allowed(limiter.hit_many([("a", 30), (f"b{n}", 1)], NOW))[:1]) for n in range(20))

    acts: list[Callable[[], int]] = [partial(hit, limiter) for limiter in limiters]
    assert sum(together(acts)) == 30


def test_windows_that_ended_are_forgotten(database: Database, limiter: RateLimiter) -> None:
    limiter.hit_many([(f"b{n}", 5) for n in range(10)], NOW)
    limiter.hit_many([("late", 5)], NOW + timedelta(minutes=10))
    if database.path is not None:
        import sqlite3

        with sqlite3.connect(f"{database.path}.rates") as file:
            rows = file.execute("SELECT bucket FROM rate_windows").fetchall()
    else:
        with database.readers.connect() as connection:
            rows = [tuple(row) for row in connection.exec_driver_sql("SELECT bucket FROM rate_windows")]
    assert len(rows) == 1
    assert b"late" not in bytes(rows[0][0])


def test_a_spoiled_file_is_made_anew(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    assert database.path is not None
    file = database.path.with_name(f"{database.path.name}.rates")
    file.write_bytes(b"spoiled by a power cut " * 400)
    assert _allowed(make_rate_limiter(database).hit_many([("a", 1)], NOW)) == [True]
    assert file.stat().st_mode & 0o777 == 0o600
    database.close()


def test_a_process_counts_for_itself_while_the_store_does_not_answer(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(postgres_url)
    limiter = make_rate_limiter(database)
    # There is no table yet.
    seen = [limiter.hit_many([("a", 3), ("b", 0)], NOW)[0] for _ in range(5)]
    assert _allowed(tuple(seen)) == [True, True, True, False, False]
    assert [hit.remaining for hit in seen] == [2, 1, 0, 0, 0]
    assert limiter.hit_many([("a", 3)], NOW + timedelta(seconds=60))[0].allowed
    migrate(database)
    monkeypatch.setattr(rate_limits.time, "monotonic", lambda: 1e12)
    limiter.hit_many([("a", 3)], NOW)
    with database.readers.connect() as connection:
        assert connection.exec_driver_sql("SELECT hits FROM rate_windows").all() == [(1,)]
    database.close()


def test_own_windows_do_not_pile_up() -> None:
    own = rate_limits._OwnWindows()
    for minute in range(4):
        for n in range(6000):
            own.add([(b"%d-%d" % (minute, n), 1)], minute * 60)
    assert len(own._windows) <= 12_001
