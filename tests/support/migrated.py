"""Databases with the newest tables: migrated once, then handed on, made as they were, from test to test.

Making and dropping a database of PostgreSQL costs more than most tests; emptying its tables costs little, and least
over one connection that stays: a new one would first read what the tables look like.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psycopg
from psycopg import sql

from sealwright.storage.engines import open_database
from sealwright.storage.migrations import migrate
from tests.support.postgres import PostgresServer

_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
_COLUMNS: Final = """
SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
 ORDER BY attnum
"""
_SEQUENCES: Final = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' ORDER BY sequencename"
_OTHERS: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid()"
)
# What a test may have left besides rows: other columns, indexes, triggers, rights, settings.
_SHAPE: Final = """
SELECT md5(string_agg(line, ',' ORDER BY line)) FROM (
  SELECT format('%s %s %s %s', relname, relkind, relacl, relpersistence) AS line
    FROM pg_class WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT format('%s %s %s', attrelid, attname, atttypid) FROM pg_attribute
    WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace) AND attnum > 0
  UNION ALL SELECT format('%s %s %s', tgrelid, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT format('%s %s', conrelid, conname) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT format('%s %s', proname, prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  UNION ALL SELECT format('%s', setconfig) FROM pg_db_role_setting
    WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
) AS shape
"""
EMPTY: Final = "empty"
SQLITE: Final = "sqlite:///"


def migrate_file(path: Path) -> Path:
    """Make an SQLite file with the newest tables."""
    _migrate(f"sqlite:///{path}")
    return path


def lay_tables(url: str) -> None:
    """Make the SQLite file that a URL names, with the newest tables, where there is none; other databases are left."""
    path = Path(url.removeprefix(SQLITE))
    if not url.startswith(SQLITE) or path.exists():
        return
    path.touch(0o600)
    path.write_bytes(_migrated())


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        return migrate_file(Path(folder) / "migrated.sqlite").read_bytes()


class _Copy:
    """A copy of the template and the connection that makes it as it was: it alone remembers how that was."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.cleaner = psycopg.connect(url, autocommit=True)
        self._shape = self.cleaner.execute(_SHAPE).fetchone()
        self._tables = [str(name) for (name,) in self.cleaner.execute(_TABLES).fetchall()]
        # By number in names of the database, which are cut off after 63 bytes.
        self._states: dict[str, int] = {}
        self.remember(EMPTY)

    def remembers(self, state: str) -> bool:
        """Tell whether `restore` knows this state."""
        return state in self._states

    def remember(self, state: str) -> None:
        """Keep what the database holds now, in tables of the cleaning session's own."""
        number = len(self._states)
        steps = [sql.SQL("DELETE FROM {};").format(sql.Identifier("public", table)) for table in self._tables]
        steps += [step for table in self._tables if (step := self._kept(number, table)) is not None]
        for (name,) in self.cleaner.execute(_SEQUENCES).fetchall():
            sequence = sql.Identifier("public", str(name))
            row = self.cleaner.execute(sql.SQL("SELECT last_value, is_called FROM {}").format(sequence)).fetchone()
            literals = map(sql.Literal, (sequence.as_string(), *(row or ())))
            steps.append(sql.SQL("PERFORM setval({}::regclass, {}, {});").format(*literals))
        # Written out once for the session, so that nothing has to be planned again; without the order in which tables
        # refer to each other.
        making = sql.SQL(
            "CREATE FUNCTION {}() RETURNS void LANGUAGE plpgsql SET session_replication_role = replica AS {}"
        )
        body = sql.SQL("BEGIN {} END").format(sql.SQL("\n").join(steps)).as_string(self.cleaner)
        self.cleaner.execute(making.format(_function(number), sql.Literal(body)))
        self._states[state] = number

    def restore(self, state: str) -> None:
        """Bring back what the database held when it was told to remember that."""
        self.cleaner.execute(sql.SQL("SELECT {}()").format(_function(self._states[state])))

    def clean(self) -> bool:
        """Cut off whoever is still connected and bring back the first rows; False where more than rows was changed."""
        try:
            self.cleaner.execute(_OTHERS)
            self.restore(EMPTY)
            return self.cleaner.execute(_SHAPE).fetchone() == self._shape
        except psycopg.Error:
            return False

    def _kept(self, number: int, table: str) -> sql.Composed | None:
        """The step that puts back what a table holds now; None for an empty one."""
        source, memory = sql.Identifier("public", table), sql.Identifier("pg_temp", f"{table}_{number}")
        if self.cleaner.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(source)).fetchone() is None:
            return None
        self.cleaner.execute(sql.SQL("CREATE TEMPORARY TABLE {} AS TABLE {}").format(memory, source))
        found = self.cleaner.execute(_COLUMNS, [source.as_string()]).fetchall()
        names = sql.SQL(", ").join(sql.Identifier(str(name)) for (name,) in found)
        step = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {};")
        return step.format(source, names, names, memory)


class Templates:
    """The migrated database on the session's server, made when first asked for, and copies of it that are free."""

    def __init__(self) -> None:
        self._name: str | None = None
        self._free: list[_Copy] = []
        self._taken: dict[str, _Copy] = {}

    def take(self, server: PostgresServer) -> str:
        """Give the URL of a database with the newest tables that nobody else has."""
        copy = self._free.pop() if self._free else self._copy(server)
        self._taken[copy.url] = copy
        return copy.url

    def give_back(self, server: PostgresServer, url: str) -> None:
        """Empty a database for the next one; one that cannot be made as it was is dropped."""
        copy = self._taken.pop(url)
        if copy.clean():
            self._free.append(copy)
            return
        copy.cleaner.close()
        server.drop_database(url)

    def fill(self, url: str, state: str, make: Callable[[], None]) -> None:
        """Bring a database that was taken, and is empty still, to a state.

        Args:
            state: Its name; the rows are those that `make` wrote when it was first wanted.
            make: Writes the rows of this state, and is closed when it returns.
        """
        copy = self._taken[url]
        if copy.remembers(state):
            copy.restore(state)
            return
        make()
        copy.remember(state)

    def close(self) -> None:
        """Close the connections to all copies."""
        for copy in (*self._free, *self._taken.values()):
            copy.cleaner.close()

    def _copy(self, server: PostgresServer) -> _Copy:
        if self._name is None:
            url = server.create_database()
            _migrate(url)
            self._name = url.rpartition("/")[2]
        name = f"sealwright_test_{secrets.token_hex(6)}"
        with server.connect() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(self._name))
            )
        return _Copy(server.url_of(name))


def _function(number: int) -> sql.Identifier:
    return sql.Identifier("pg_temp", f"restore_{number}")


def _migrate(url: str) -> None:
    opened = open_database(url)
    migrate(opened)
    opened.close()
