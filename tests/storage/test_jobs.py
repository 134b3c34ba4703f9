"""Waking background work: with the commit that causes it, or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta

import psycopg
import pytest
from procrastinate.schema import SchemaManager

from sealwright.domain.errors import StateConflict
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.storage.engines import Database
from sealwright.storage.jobs import lock_of
from tests.storage.builders import NOW
from tests.storage.racing import together

LATER = NOW + timedelta(hours=1)
# Where there is a queue at all.
ON_POSTGRES = pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
Woken = list[tuple[str, datetime | None, str]]
# What step 0006 installs. A release with another one needs a step that makes it of this.
INSTALLED = "c70ec4b400a60ad9592787653aae5ae7"


@pytest.fixture
def woken(database: Database) -> Callable[[], Woken]:
    """What was woken so far, by the queue or by word of mouth."""
    heard: Woken = []
    database.on_wake(lambda task, at, lane: heard.append((task, at, lane)))

    def read() -> Woken:
        if database.is_sqlite:
            return heard
        with database.postgres() as connection:
            found = connection.execute(
                "SELECT args, scheduled_at, queueing_lock, queue_name, task_name, status::text "
                "FROM procrastinate_jobs ORDER BY id"
            ).fetchall()
        jobs: Woken = []
        for args, at, lock, queue, name, status in found:
            seconds = None if at is None else int(at.timestamp())
            assert (queue, name, status) == ("sealwright", "run", "todo")
            assert lock == lock_of(args["task"], args["lane"], seconds)
            jobs.append((args["task"], at, args["lane"]))
        return jobs

    return read


def test_work_is_woken_by_the_commit_once(units: UnitOfWorkFactory, woken: Callable[[], Woken]) -> None:
    with units() as uow:
        uow.jobs.wake("batches")
        uow.jobs.wake("batches", lane="1")
        uow.jobs.wake("batches", at=LATER)
        uow.jobs.wake("batches")
        assert woken() == []
        uow.commit()
    assert sorted(woken(), key=str) == sorted(
        [("batches", None, ""), ("batches", None, "1"), ("batches", LATER, "")], key=str
    )


def test_what_rolls_back_wakes_nobody(units: UnitOfWorkFactory, woken: Callable[[], Woken]) -> None:
    with units() as uow:
        uow.jobs.wake("mails")
    with units() as uow:
        uow.jobs.wake("anchors")
        with pytest.raises(StateConflict):
            _wake_and_fail(uow)
        with uow.savepoint():
            uow.jobs.wake("batches")
        uow.commit()
    assert sorted(woken()) == [("anchors", None, ""), ("batches", None, "")]


def _wake_and_fail(uow: UnitOfWork) -> None:
    with uow.savepoint():
        uow.jobs.wake("anchors")
        uow.jobs.wake("parcels")
        raise StateConflict("Not so.")


def test_a_wake_that_waits_already_disturbs_nobody(
    database: Database, units: UnitOfWorkFactory, woken: Callable[[], Woken]
) -> None:
    def wake() -> None:
        with units() as uow:
            uow.jobs.wake("batches", lane="0")
            uow.jobs.wake("anchors")
            uow.office.put("seen", "yes")
            uow.commit()

    together([wake] * 5)
    together([wake] * 2)
    expected = sorted([("anchors", None, ""), ("batches", None, "0")])
    assert sorted(woken()) == (expected if not database.is_sqlite else sorted(expected * 7))


@ON_POSTGRES
def test_one_that_is_being_done_does_not_stand_for_the_next(
    database: Database, units: UnitOfWorkFactory, woken: Callable[[], Woken]
) -> None:
    with units() as uow:
        uow.jobs.wake("batches")
        uow.commit()
    with database.postgres() as connection:
        fetched = connection.execute("SELECT (procrastinate_fetch_job_v2(NULL, NULL)).args").fetchall()
        assert fetched == [({"task": "batches", "lane": ""},)]
        with units() as uow:
            uow.jobs.wake("batches")
            uow.commit()
        states = connection.execute("SELECT status::text FROM procrastinate_jobs ORDER BY id").fetchall()
    assert states == [("doing",), ("todo",)]


@ON_POSTGRES
def test_workers_hear_of_what_was_committed(database: Database, units: UnitOfWorkFactory) -> None:
    listener = database.postgres()
    try:
        listener.execute('LISTEN "procrastinate_queue_v1#sealwright"')
        with units() as uow:
            uow.jobs.wake("batches")
            uow.commit()
        [note] = _notes(listener)
        assert json.loads(note)["type"] == "job_inserted"
    finally:
        listener.close()


def _notes(listener: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    return [note.payload for note in listener.notifies(timeout=10, stop_after=1)]


def test_the_queue_is_that_which_the_step_installs() -> None:
    assert hashlib.sha256(SchemaManager.get_schema().encode()).hexdigest()[:32] == INSTALLED
