"""What breaks is refused in our own words, leaves nothing behind, and heals by itself."""

from __future__ import annotations

import contextlib
import os
import signal
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from sealwright.domain.errors import AuditUnavailable, StoreUnavailable
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.storage import engines
from sealwright.storage.engines import Database, open_database, sqlite_connection
from sealwright.storage.epoch import make_epoch_reader
from sealwright.storage.migrations import migrate
from sealwright.storage.rate_limits import make_rate_limiter
from sealwright.storage.unit_of_work import make_unit_of_work_factory
from sealwright.storage.watch import SocketWatch
from tests.storage.builders import ISSUER, NOW, credential, entry, ordered_uid, person, reservation, schema, status_list
from tests.support.postgres import PostgresServer

CANARY = "canary-7f3a@example.org"


def _run(database: Database, *statements: str) -> None:
    with database.writers.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()


def _refuse(database: Database, table: str, act: str) -> None:
    """Have the database refuse an act on a table, as a full disk or a broken page would."""
    if database.is_sqlite:
        _run(database, f"CREATE TRIGGER broken BEFORE {act} ON {table} BEGIN SELECT RAISE(ABORT, 'broken'); END")
    else:
        _run(
            database,
            "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$",
            f"CREATE TRIGGER broken BEFORE {act} ON {table} FOR EACH ROW EXECUTE FUNCTION broken()",
        )


def _mend(database: Database, table: str) -> None:
    _run(database, "DROP TRIGGER broken" if database.is_sqlite else f"DROP TRIGGER broken ON {table}")


def _issue(uow: UnitOfWork, number: int = 1) -> None:
    uow.status_lists.take(ISSUER, 1, status_list)
    uow.reservations.add_many([reservation(ordered_uid(number))])
    uow.credentials.add_many([credential(ordered_uid(number))])
    uow.audit.append(entry())
    uow.commit()


@pytest.mark.parametrize(("table", "act"), [("audit_rows", "INSERT"), ("audit_head", "UPDATE")])
def test_no_act_without_its_audit_row(database: Database, units: UnitOfWorkFactory, table: str, act: str) -> None:
    _refuse(database, table, act)
    with units() as uow:
        with pytest.raises(AuditUnavailable):
            _issue(uow)
        with pytest.raises(AuditUnavailable):
            uow.commit()
    with units(write=False) as uow:
        assert uow.credentials.get(str(ordered_uid(1))) is None
        assert uow.status_lists.all() == ()
    _mend(database, table)
    with units() as uow:
        _issue(uow)
    with units(write=False) as uow:
        assert uow.audit.head().sequence == 1


@pytest.mark.parametrize("table", ["reservations", "credentials", "status_lists", "status_bits", "type_sets"])
def test_a_write_that_fails_leaves_nothing(database: Database, units: UnitOfWorkFactory, table: str) -> None:
    _refuse(database, table, "INSERT")
    with units() as uow, pytest.raises(StoreUnavailable):
        _issue(uow)
    with units(write=False) as uow:
        assert uow.reservations.get(ordered_uid(1)) is None
        assert uow.audit.head().sequence == 0
    _mend(database, table)
    with units() as uow:
        _issue(uow)


def test_a_commit_that_fails_is_a_refusal(database: Database, units: UnitOfWorkFactory) -> None:
    if database.is_sqlite:
        _run(
            database,
            "CREATE TRIGGER late AFTER INSERT ON schemas BEGIN INSERT INTO late_rows VALUES (new.schema_id); END",
            "CREATE TABLE late_rows (x TEXT REFERENCES people (user_id) DEFERRABLE INITIALLY DEFERRED)",
        )
    else:
        _run(
            database,
            "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$",
            "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON schemas DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION broken()",
        )
    with units() as uow:
        uow.schemas.add(schema())
        with pytest.raises(StoreUnavailable):
            uow.commit()
    with units() as uow:
        assert uow.schemas.all() == ()
        uow.audit.append(entry())
        uow.commit()


def test_a_refusal_quotes_neither_statement_nor_value(database: Database, units: UnitOfWorkFactory) -> None:
    _refuse(database, "people", "INSERT")
    with units() as uow, pytest.raises(StoreUnavailable) as caught:
        uow.people.add(person(email=CANARY, display_name=CANARY))
    told = "".join(traceback.format_exception(caught.value)).split("sealwright.domain.errors", 1)[1]
    assert CANARY not in told
    assert "INSERT" not in told


def test_a_taken_value_is_not_quoted(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.people.add(person(email=CANARY))
        uow.commit()
    with units() as uow, pytest.raises(Exception) as caught:
        uow.people.add(person("usr_other", email=CANARY))
    assert CANARY not in "".join(traceback.format_exception(caught.value))


# -- SQLite ---------------------------------------------------------------------------------------------


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    opened = open_database(sqlite_url)
    migrate(opened)
    yield opened
    opened.close()


def test_a_locked_file_is_a_refusal_and_then_heals(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "BUSY_WAIT_SECONDS", 0.2)
    units = make_unit_of_work_factory(sqlite_database)
    assert sqlite_database.path is not None
    other = sqlite_connection(sqlite_database.path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable), units():
        pass
    with units(write=False) as uow:
        assert uow.schemas.all() == ()
    other.execute("COMMIT")
    other.close()
    with units() as uow:
        _issue(uow)


def test_a_full_disk_is_a_refusal_and_then_heals(sqlite_database: Database) -> None:
    units = make_unit_of_work_factory(sqlite_database)
    with sqlite_database.writers.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    big = [credential(ordered_uid(n), document=b"x" * 5000) for n in range(20)]
    with units() as uow, pytest.raises(StoreUnavailable):
        uow.credentials.add_many(big)
    with units(write=False) as uow:
        assert uow.credentials.get(str(ordered_uid(0))) is None
    with sqlite_database.writers.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    with units() as uow:
        uow.credentials.add_many(big)
        uow.commit()


def test_nothing_commits_after_the_disk_was_full_half_way(sqlite_database: Database) -> None:
    units = make_unit_of_work_factory(sqlite_database)
    with sqlite_database.writers.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 6}")
    with units() as uow:
        uow.office.put("first", "1")
        with contextlib.suppress(StoreUnavailable), uow.savepoint():
            uow.credentials.add_many([credential(ordered_uid(n), document=b"x" * 5000) for n in range(50)])
        with contextlib.suppress(StoreUnavailable):
            uow.office.put("second", "2")
            uow.commit()
    with units(write=False) as uow:
        # Either the transaction survived as a whole, or nothing of it did.
        assert uow.office.get("first") == (uow.office.get("second") and "1")
        assert uow.credentials.get(str(ordered_uid(0))) is None


def test_a_transaction_that_the_database_ended_cannot_be_continued(sqlite_database: Database) -> None:
    units = make_unit_of_work_factory(sqlite_database)
    _run(sqlite_database, "CREATE TRIGGER broken BEFORE INSERT ON schemas BEGIN SELECT RAISE(ROLLBACK, 'gone'); END")
    with units() as uow:
        uow.office.put("first", "1")
        with pytest.raises(StoreUnavailable):
            uow.schemas.add(schema())
        with pytest.raises(StoreUnavailable):
            uow.office.put("second", "2")
        with pytest.raises(StoreUnavailable):
            uow.commit()
    with units(write=False) as uow:
        assert uow.office.get("first") is None
        assert uow.office.get("second") is None


def test_a_read_only_file_is_a_refusal_for_writers_only(sqlite_database: Database) -> None:
    units = make_unit_of_work_factory(sqlite_database)
    with sqlite_database.writers.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    with pytest.raises(StoreUnavailable), units() as uow:
        uow.schemas.add(schema())
    with units(write=False) as uow:
        assert uow.schemas.all() == ()


# -- PostgreSQL -----------------------------------------------------------------------------------------


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[Database]:
    opened = open_database(postgres_url)
    migrate(opened)
    yield opened
    opened.close()


def _cut_off(server: PostgresServer, database: Database) -> None:
    """End every connection to the database, as a restart of the server does."""
    name = database.readers.connect().connection.driver_connection.info.dbname  # type: ignore[union-attr]
    with server.connect() as connection:
        connection.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (name,))


def test_connections_that_died_in_the_pool_are_replaced(
    postgres_server: PostgresServer, postgres_database: Database
) -> None:
    units = make_unit_of_work_factory(postgres_database)
    reader, limiter = make_epoch_reader(postgres_database), make_rate_limiter(postgres_database)
    for _ in range(2):
        with units() as uow:
            uow.office.put("x", "1")
            uow.commit()
        with units(write=False) as uow:
            assert uow.office.get("x") == "1"
        assert reader.read() == 1
        limiter.hit_many([("a", 5)], NOW)
        _cut_off(postgres_server, postgres_database)
    with units() as uow:
        uow.commit()


def test_a_connection_lost_half_way_is_a_refusal(postgres_server: PostgresServer, postgres_database: Database) -> None:
    units = make_unit_of_work_factory(postgres_database)
    with units() as uow:
        uow.office.put("x", "1")
        _cut_off(postgres_server, postgres_database)
        with pytest.raises(StoreUnavailable):
            uow.office.put("y", "2")
        with pytest.raises(StoreUnavailable):
            uow.commit()
    with units() as uow:
        assert uow.office.get("x") is None


def test_a_connection_lost_at_the_commit_is_a_refusal(
    postgres_server: PostgresServer, postgres_database: Database
) -> None:
    units = make_unit_of_work_factory(postgres_database)
    with units() as uow:
        uow.office.put("x", "1")
        _cut_off(postgres_server, postgres_database)
        with pytest.raises(StoreUnavailable):
            uow.commit()
    with units() as uow:
        assert uow.office.get("x") is None


def test_a_server_that_is_gone_is_a_refusal(postgres_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    units = make_unit_of_work_factory(postgres_database)
    postgres_database.close()

    def refuse(*_: object, **__: object) -> None:
        raise sa.exc.OperationalError("statement", {}, Exception("connection refused"))

    monkeypatch.setattr(postgres_database.writers.pool, "_creator", refuse)
    monkeypatch.setattr(postgres_database.writers.pool, "_invoke_creator", refuse)
    with pytest.raises(StoreUnavailable), units():
        pass


def test_a_lock_that_is_not_freed_is_a_refusal(postgres_url: str, postgres_database: Database) -> None:
    hasty = open_database(f"{postgres_url}?options=")
    units, others = make_unit_of_work_factory(postgres_database), make_unit_of_work_factory(hasty)
    with units() as uow:
        uow.office.raise_epoch()
        with others() as other:
            other.office._transaction.driver_rows("SET LOCAL lock_timeout = '100ms'", ())  # type: ignore[attr-defined]
            with pytest.raises(StoreUnavailable):
                other.office.raise_epoch()
        uow.commit()
    with others() as other:
        other.office.raise_epoch()
        other.commit()
    hasty.close()


@contextlib.contextmanager
def _silent(database: Database, driver_pid: Callable[[], int]) -> Iterator[None]:
    pid = driver_pid()
    try:
        os.kill(pid, signal.SIGSTOP)
    except (ProcessLookupError, PermissionError):
        pytest.skip("the server's processes are not ours to stop")
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_connection_gone_silent_is_a_refusal_in_time(postgres_database: Database) -> None:
    database = replace(postgres_database, watch=SocketWatch(0.4))
    units = make_unit_of_work_factory(database)
    with units() as uow:
        uow.office.put("x", "1")
        pid = int(uow.office._transaction.driver_rows("SELECT pg_backend_pid()", ())[0][0])  # type: ignore[attr-defined]
        with _silent(database, lambda: pid), pytest.raises(StoreUnavailable):
            uow.office.put("y", "2")
    with units() as uow:
        assert uow.office.get("x") is None


def test_the_epoch_reader_does_not_wait_for_a_silent_server(postgres_database: Database) -> None:
    database = replace(postgres_database, watch=SocketWatch(0.4))
    reader = make_epoch_reader(database)
    reader.read()
    with database.readers.connect() as connection:
        pid = connection.exec_driver_sql(
            "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT epoch FROM registry%%' AND state = 'idle'"
        ).scalar_one()
    with _silent(database, lambda: int(pid)), pytest.raises(StoreUnavailable):
        reader.read()
    assert reader.read() == 1
