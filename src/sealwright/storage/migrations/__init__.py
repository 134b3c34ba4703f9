"""Bringing a database to the newest tables: numbered steps, run by one migrator at a time, whole or not at all."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from sealwright.domain.errors import StoreUnavailable
from sealwright.storage.engines import Database, sqlite_connection
from sealwright.storage.errors import DATABASE_ERRORS, StoreRefused, refusal_for
from sealwright.storage.people_index import PeopleIndex
from sealwright.storage.transaction import open_transaction

_FOLDER: Final = Path(__file__).parent
# An arbitrary number that only migrators of this program lock.
_LOCK: Final = 0x5EA1_0001
_WAIT_SECONDS: Final = 60


def migrate(database: Database) -> None:
    """Bring the tables to the newest version; a second migrator waits, and then finds nothing to do.

    All steps run in one transaction, so a migrator that is killed leaves the database as it was. An
    SQLite file with tables in it is copied aside first, to ``<file>.before-<version>``. What an earlier
    program wrote without knowing these tables is filled in afterwards, in short transactions.

    Raises:
        StoreRefused: The database is newer than this program.
        StoreUnavailable: It does not answer, or another migrator takes too long.
    """
    current, head = migration_state(database)
    if current != head:
        if database.path is not None and current is not None:
            _copy_aside(database.path, f"before-{head}")
        try:
            if database.path is not None:
                _migrate_sqlite(database.path)
            else:
                _migrate_postgres(database)
        except DATABASE_ERRORS as error:
            raise refusal_for(error) from None
    _catch_up(database)


def migration_state(database: Database) -> tuple[str | None, str]:
    """Tell the version of the tables and the newest that this program knows.

    Raises:
        StoreRefused: The database is newer than this program.
        StoreUnavailable: It does not answer.
    """
    script = _steps()
    try:
        with database.readers.connect() as connection:
            current = _current(connection)
    except DATABASE_ERRORS as error:
        raise refusal_for(error) from None
    _refuse_newer(current, script)
    return current, _head(script)


def newest_version() -> str:
    """Name the newest version of the tables that this program knows."""
    return _head(_steps())


def require_newest(database: Database) -> None:
    """Refuse to work on tables that are older or newer than this program.

    Raises:
        StoreRefused: They are.
        StoreUnavailable: The database does not answer.
    """
    current, head = migration_state(database)
    if current != head:
        raise StoreRefused(f"The database has version {current or 'none'} and needs {head}: run `sealwright migrate`.")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config


@cache
def _steps() -> ScriptDirectory:
    """The steps of this program, read once for a process: it runs no other ones, whatever is installed meanwhile."""
    steps = ScriptDirectory.from_config(_config())
    steps.get_current_head()  # which reads all of them, before any other thread sees them
    return steps


def _head(script: ScriptDirectory) -> str:
    head = script.get_current_head()
    if head is None:
        raise StoreRefused("This installation has no migrations.")
    return head


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(current: str | None, script: ScriptDirectory) -> None:
    known = {revision.revision for revision in script.walk_revisions()}
    if current is not None and current not in known:
        raise StoreRefused(f"The database has version {current}, which is newer than this program.")


def _upgrade(connection: Connection, to: str = "head") -> None:
    """Run every missing step up to a version inside the transaction that is open."""
    config = _config()
    script = _steps()
    _refuse_newer(_current(connection), script)

    def steps(revision: Any, _context: MigrationContext) -> Any:
        return script._upgrade_revs(to, revision)  # as alembic's own commands do

    with EnvironmentContext(config, script, fn=steps, destination_rev=to) as environment:
        environment.configure(connection=connection, transactional_ddl=True)
        environment.run_migrations()


def _catch_up(database: Database) -> None:
    """Index the people whom an earlier program added or changed, a few at a time."""
    found = True
    while found:
        with open_transaction(database, write=True) as transaction:
            index = PeopleIndex(transaction)
            found = index.has_unindexed()
            if found:
                transaction.raise_epoch()
                index.catch_up()
                transaction.commit()


def _migrate_postgres(database: Database) -> None:
    with database.writers.connect() as connection, connection.begin():
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_WAIT_SECONDS}s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        _upgrade(connection)


def _migrate_sqlite(path: Path) -> None:
    """Migrate on a connection of its own, whose wait is longer than that of a unit of work."""

    def create() -> sqlite3.Connection:
        connection = sqlite_connection(path, busy_seconds=_WAIT_SECONDS)
        # Steps that rebuild a table would otherwise drop the rows that refer to it.
        connection.execute("PRAGMA foreign_keys = OFF")
        return connection

    engine = sa.create_engine("sqlite+pysqlite://", creator=create, poolclass=sa.NullPool, hide_parameters=True)
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.connect() as connection, connection.begin():
        _upgrade(connection)
        if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
            raise StoreUnavailable("The migration would break references between rows; nothing was changed.")
    engine.dispose()


def _copy_aside(path: Path, suffix: str) -> None:
    """Copy the file as of one moment, writers or not, under a name that no earlier copy has."""
    target = path.with_name(f"{path.name}.{suffix}-{int(time.time())}")
    with closing(sqlite_connection(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    target.chmod(0o600)
