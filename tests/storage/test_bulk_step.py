"""The step that made the tables of bulk work and the queue: an earlier program works on them; it can be taken back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from sealwright.services.ports import UnitOfWorkFactory
from sealwright.storage import migrations
from sealwright.storage.bulk_rows import RowWriter
from sealwright.storage.credential_rows import TypeSet, values_of
from sealwright.storage.engines import Database, open_database
from sealwright.storage.migrations import migrate, migration_state, newest_version
from sealwright.storage.tables import credentials
from sealwright.storage.transaction import open_transaction
from sealwright.storage.unit_of_work import make_unit_of_work_factory
from tests.storage.builders import credential, ordered_uid
from tests.storage.bulk_builders import batch, chunk, rows

_QUEUE = (
    "SELECT relname FROM pg_class WHERE relname LIKE 'procrastinate%' "
    "UNION ALL SELECT proname FROM pg_proc WHERE proname LIKE 'procrastinate%' "
    "UNION ALL SELECT typname FROM pg_type WHERE typname LIKE 'procrastinate%'"
)


@pytest.fixture
def old(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database of the program before bulk work, with a credential in it."""
    opened = open_database(database_url)
    newest = migrations._upgrade

    def only_before(connection: Connection) -> None:
        newest(connection, "0005")

    with monkeypatch.context() as patched:
        patched.setattr(migrations, "_upgrade", only_before)
        migrate(opened)
    record = credential(ordered_uid(1))
    with open_transaction(opened, write=True) as transaction:
        values = values_of(record, transaction.uid, TypeSet.of(record.types))
        RowWriter(credentials).write(transaction, [values])
        transaction.commit()
    yield opened
    opened.close()


def test_what_was_there_stays_and_bulk_work_begins(old: Database) -> None:
    assert migration_state(old) == ("0005", newest_version())
    migrate(old)
    units = make_unit_of_work_factory(old)
    with units() as uow:
        assert uow.credentials.get(str(ordered_uid(1))) == credential(ordered_uid(1))
        assert uow.log.head(lock=True)[0] == 0
        uow.batches.add(batch())
        uow.batches.add_chunk(chunk(), rows())
        uow.batches.add_credentials([credential(ordered_uid(2), batch_id="bat_one")])
        uow.jobs.wake("batches")
        uow.commit()
    with units(write=False) as uow:
        assert uow.batches.count_credentials("bat_one") == 1


def test_the_step_can_be_taken_back(database: Database, units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.credentials.add_many([credential(ordered_uid(1))])
        uow.batches.add(batch())
        uow.jobs.wake("batches")
        uow.commit()
    step = ScriptDirectory.from_config(migrations._config()).get_revision("0006").module
    with database.writers.begin() as connection:
        before = _queue(database, connection)
        tables = set(sa.inspect(connection).get_table_names())
        with Operations.context(MigrationContext.configure(connection)):
            step.downgrade()
            assert _queue(database, connection) == []
            left = set(sa.inspect(connection).get_table_names())
            assert tables - left >= set(step._TABLES)
            step.upgrade()
        assert _queue(database, connection) == before
        assert set(sa.inspect(connection).get_table_names()) == tables
    with units() as uow:
        assert uow.batches.get("bat_one") is None
        assert uow.credentials.get(str(ordered_uid(1))) == credential(ordered_uid(1))
        uow.jobs.wake("batches")
        uow.commit()


def _queue(database: Database, connection: Connection) -> list[str]:
    if database.is_sqlite:
        return []
    return sorted(row[0] for row in connection.execute(sa.text(_QUEUE)))
