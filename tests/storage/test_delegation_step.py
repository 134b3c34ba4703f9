"""The step that made the tables of delegations: what was there stays, and it can be taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory

from sealwright.services.ports import UnitOfWorkFactory
from sealwright.storage import migrations
from sealwright.storage.columns import DELEGATION_CLASSES
from sealwright.storage.engines import Database
from tests.storage.builders import did_record
from tests.storage.delegation_builders import AGENT, approval, call, delegation, profile, store, use

_MADE = set(DELEGATION_CLASSES)
_INDEX = "ix_dids_agents"


def _tables(connection: sa.Connection) -> set[str]:
    return set(sa.inspect(connection).get_table_names())


def _indexes(connection: sa.Connection) -> set[str | None]:
    return {index["name"] for index in sa.inspect(connection).get_indexes("dids")}


def test_the_step_can_be_taken_back(database: Database, units: UnitOfWorkFactory) -> None:
    one = delegation()
    store(units, one)
    with units() as uow:
        uow.dids.add(did_record(AGENT))
        uow.delegations.count([use()])
        uow.delegations.add_calls([call()])
        uow.delegations.add_approval(approval())
        uow.delegations.put_profile(profile())
        uow.commit()
    step = ScriptDirectory.from_config(migrations._config()).get_revision("0010").module
    with database.writers.begin() as connection:
        assert _INDEX in _indexes(connection)
        with Operations.context(MigrationContext.configure(connection)):
            step.downgrade()
            assert not _MADE & _tables(connection)
            assert _INDEX not in _indexes(connection)
            step.upgrade()
        assert _tables(connection) >= _MADE
        assert _INDEX in _indexes(connection)
    with units(write=False) as uow:
        # The credential is all that was signed; a delegation that is gone with its tables is a credential still.
        assert uow.credentials.get(one.credential_id) is not None
        assert uow.dids.get(AGENT) is not None
        assert uow.delegations.get(one.delegation_id) is None
        assert uow.delegations.profiles([AGENT]) == {}
