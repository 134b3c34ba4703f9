"""The trail: chained in order, only ever added, listed newest first by every filter."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa

from sealwright.domain.audit import GENESIS_HASH, AuditFilter, AuditHead, AuditRecord, Checkpoint, seal
from sealwright.domain.errors import InvalidPagination, StateConflict
from sealwright.domain.people import Actor, ActorKind
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.storage.cursors import uid_cursor
from sealwright.storage.engines import Database
from tests.storage.builders import ACTOR, NOW, entry, ordered_uid

OTHER = Actor(ActorKind.API_KEY, "key_one", "api_key")


def _fill(units: UnitOfWorkFactory, count: int = 12) -> None:
    kinds = ("credential.issued", "did.created", "credential.revoked")
    with units() as uow:
        for n in range(count):
            uow.audit.append(
                entry(
                    f"object-{n % 4}",
                    kinds[n % 3],
                    actor=ACTOR if n % 2 else OTHER,
                    at=NOW + timedelta(minutes=n),
                )
            )
        uow.commit()


@pytest.mark.parametrize("count", [1, 2, 3, 64])
def test_entries_are_chained_behind_the_head_at_commit(units: UnitOfWorkFactory, count: int) -> None:
    entries = [entry(f"urn:uuid:{n}") for n in range(count)]
    expected: list[AuditRecord] = []
    head = AuditHead(0, GENESIS_HASH, None)
    for one in [*entries, *entries]:
        expected.append(seal(one, head))
        head = AuditHead(expected[-1].sequence, expected[-1].hash, expected[-1].at)
    for _ in range(2):
        with units() as uow:
            uow.audit.append(*entries)
            assert uow.audit.head().sequence in (0, count)
            uow.commit()
    with units(write=False) as uow:
        assert uow.audit.head() == head
        assert uow.audit.read(0, 1000) == tuple(expected)
        assert uow.audit.read(count, 1) == (expected[count],)


def test_an_empty_trail_has_the_genesis_head(units: UnitOfWorkFactory) -> None:
    with units(write=False) as uow:
        assert uow.audit.head() == AuditHead(0, GENESIS_HASH, None)
        assert uow.audit.read(0, 10) == ()
        assert uow.audit.last_checkpoint() is None


def test_a_row_is_never_dated_before_the_one_it_follows(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.audit.append(entry(), entry(at=NOW - timedelta(hours=1)))
        uow.commit()
    with units(write=False) as uow:
        _, second = uow.audit.read(0, 10)
        assert second.at == NOW
        assert b'"clockBehind":true' in second.body


def test_entries_of_a_rolled_back_part_are_not_on_record(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.audit.append(entry("kept"))
        with contextlib.suppress(StateConflict), uow.savepoint():
            uow.audit.append(entry("dropped"))
            raise StateConflict("roll back")
        with uow.savepoint():
            uow.audit.append(entry("kept too"))
        uow.commit()
    with units() as uow:
        uow.audit.append(entry("never committed"))
    with units(write=False) as uow:
        found = uow.audit.list(AuditFilter(), limit=10, cursor=None)
        assert [b"kept too" in one.body or b'"kept"' in one.body for one in found.items] == [True, True]


def _fits(number: int, wanted: AuditFilter) -> bool:
    kinds = ("credential.issued", "did.created", "credential.revoked")
    at = NOW + timedelta(minutes=number)
    return (
        wanted.actor in (None, (ACTOR if number % 2 else OTHER).id)
        and (wanted.actions is None or kinds[number % 3] in wanted.actions)
        and wanted.object_id in (None, f"object-{number % 4}")
        and (wanted.since is None or at >= wanted.since)
        and (wanted.until is None or at <= wanted.until)
    )


@pytest.mark.parametrize(
    "wanted",
    [
        AuditFilter(),
        AuditFilter(actor="usr_tester"),
        AuditFilter(actor="nobody"),
        AuditFilter(actions=frozenset({"did.created"})),
        AuditFilter(actions=frozenset({"did.created", "credential.revoked", "token.created"})),
        AuditFilter(actions=frozenset()),
        AuditFilter(object_id="object-1"),
        AuditFilter(object_id="object-1", actions=frozenset({"did.created"})),
        AuditFilter(since=NOW + timedelta(minutes=3), until=NOW + timedelta(minutes=8)),
        AuditFilter(since=NOW + timedelta(days=1)),
        AuditFilter(until=NOW - timedelta(days=1)),
        AuditFilter(actor="key_one", actions=frozenset({"did.created"}), since=NOW + timedelta(minutes=1)),
    ],
)
def test_a_list_shows_what_a_plain_reading_shows(units: UnitOfWorkFactory, wanted: AuditFilter) -> None:
    _fill(units)
    expected = [n + 1 for n in reversed(range(12)) if _fits(n, wanted)]
    seen: list[int] = []
    cursor = None
    with units(write=False) as uow:
        while True:
            page = uow.audit.list(wanted, limit=2, cursor=cursor)
            seen += [record.sequence for record in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    assert seen == expected


def test_a_list_refuses_the_cursor_of_credentials(units: UnitOfWorkFactory) -> None:
    with units(write=False) as uow, pytest.raises(InvalidPagination):
        uow.audit.list(AuditFilter(), limit=2, cursor=uid_cursor(ordered_uid(1)))


def test_checkpoints_are_kept_in_order(units: UnitOfWorkFactory) -> None:
    notes = [
        Checkpoint(n // 2, "ab" * 32, NOW + timedelta(minutes=n), b"note %d\n\n\xe2\x80\x94" % n) for n in range(4)
    ]
    with units() as uow:
        for note in notes:
            uow.audit.add_checkpoint(note)
        uow.commit()
    with units(write=False) as uow:
        assert uow.audit.checkpoints() == tuple(notes)
        assert uow.audit.last_checkpoint() == notes[-1]


def _attempts(is_sqlite: bool) -> Sequence[str]:
    attempts = [
        "UPDATE audit_rows SET action = 'token.created'",
        "UPDATE audit_rows SET hash = prev_hash WHERE sequence = 1",
        "DELETE FROM audit_rows WHERE sequence = 2",
        "UPDATE checkpoints SET sequence = 0",
        "DELETE FROM checkpoints",
    ]
    return attempts if is_sqlite else [*attempts, "TRUNCATE audit_rows", "TRUNCATE checkpoints"]


def test_the_database_itself_refuses_to_change_history(units: UnitOfWorkFactory, database: Database) -> None:
    _fill(units, 2)
    with units() as uow:
        uow.audit.add_checkpoint(Checkpoint(2, "ab" * 32, NOW, b"note"))
        uow.commit()
    for attempt in _attempts(database.is_sqlite):
        with database.writers.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="only added"):
            connection.exec_driver_sql(attempt)
    with units(write=False) as uow:
        assert len(uow.audit.read(0, 10)) == 2
