"""The step that made the tables of delivery: an earlier program works on them, and it can be taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory

from sealwright.services.ports import UnitOfWorkFactory
from sealwright.storage import migrations
from sealwright.storage.bulk_rows import RowWriter
from sealwright.storage.credential_rows import TypeSet, values_of
from sealwright.storage.engines import Database
from sealwright.storage.tables import credentials
from sealwright.storage.transaction import open_transaction
from tests.storage.builders import credential, ordered_uid
from tests.storage.delivery_builders import offer

_MADE = {
    *("offers", "spent_once", "parcels", "webhooks", "shares", "presentations", "didcomm_threads", "didcomm_messages"),
    *("wallet_authorizations", "wallet_tokens", "wallet_transactions", "wallet_notifications"),
}

_ADDED = ("copy_of", "suspended_alone")


def _columns(connection: sa.Connection) -> set[str]:
    return {column["name"] for column in sa.inspect(connection).get_columns("credentials")}


def test_a_program_that_knows_no_further_forms_stores_credentials(database: Database, units: UnitOfWorkFactory) -> None:
    known = [column.name for column in credentials.columns if column.name not in _ADDED]
    record = credential(ordered_uid(1))
    with open_transaction(database, write=True) as transaction:
        values = values_of(record, transaction.uid, TypeSet.of(record.types))
        RowWriter(credentials, known).write(transaction, [values[: len(known)]])
        transaction.commit()
    with units(write=False) as uow:
        assert uow.credentials.get(str(record.uid)) == record
        assert uow.credentials.copies_of(record.uid) == ()


def test_the_step_can_be_taken_back(database: Database, units: UnitOfWorkFactory) -> None:
    record = credential(ordered_uid(1))
    with units() as uow:
        uow.credentials.add_many([record, credential(ordered_uid(2), copy_of=record.uid)])
        uow.offers.add(offer())
        uow.commit()
    step = ScriptDirectory.from_config(migrations._config()).get_revision("0005").module
    with database.writers.begin() as connection:
        with Operations.context(MigrationContext.configure(connection)):
            step.downgrade()
            assert not _MADE & set(sa.inspect(connection).get_table_names())
            assert not _columns(connection).intersection(_ADDED)
            step.upgrade()
        assert set(sa.inspect(connection).get_table_names()) >= _MADE
        assert _columns(connection).issuperset(_ADDED)
    with units(write=False) as uow:
        assert uow.credentials.get(str(record.uid)) == record
        assert uow.credentials.copies_of(record.uid) == ()
        assert uow.offers.get("off_one") is None
