"""Databases with the newest tables: migrated once, then handed on, emptied, from test to test.

Making and dropping a database of PostgreSQL costs more than most tests; emptying its tables costs little.
"""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path

import psycopg
from psycopg import sql

from sealwright.storage.engines import open_database
from sealwright.storage.migrations import migrate
from tests.support.postgres import PostgresServer

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
_SEQUENCES = "SELECT sequencename, start_value FROM pg_sequences WHERE schemaname = 'public' ORDER BY sequencename"
_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid()"
)
# What a test may have left besides rows: other columns, indexes, triggers, rights, settings.
_SHAPE = """
SELECT md5(string_agg(line, ',' ORDER BY line)) FROM (
  SELECT format('%s %s %s %s', relname, relkind, relacl, relpersistence) AS line
    FROM pg_class WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT format('%s %s %s', attrelid::regclass, attname, atttypid) FROM pg_attribute
    WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace) AND attnum > 0
  UNION ALL SELECT format('%s %s %s', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT format('%s %s', conrelid::regclass, conname) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT format('%s %s', proname, prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  UNION ALL SELECT format('%s', setconfig) FROM pg_db_role_setting
    WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
) AS shape
"""
_EMPTY = """
DO $$ DECLARE name text; BEGIN
  FOREACH name IN ARRAY {}::text[] LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
END $$
"""


def migrate_file(path: Path) -> Path:
    """Make an SQLite file with the newest tables."""
    _migrate(f"sqlite:///{path}")
    return path


class Templates:
    """The migrated database on the session's server, made when first asked for, and copies of it that are free."""

    def __init__(self) -> None:
        self._name: str | None = None
        self._free: list[str] = []
        self._shape: object = None
        self._rows: dict[str, bytes] = {}

    def take(self, server: PostgresServer) -> str:
        """Give the URL of a database with the newest tables that nobody else has."""
        if self._name is None:
            url = server.create_database()
            _migrate(url)
            self._name = url.rpartition("/")[2]
            with psycopg.connect(url, autocommit=True) as connection:
                self._remember(connection)
        if self._free:
            return self._free.pop()
        name = f"sealwright_test_{secrets.token_hex(6)}"
        with server.connect() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(self._name))
            )
        return server.url_of(name)

    def give_back(self, server: PostgresServer, url: str) -> None:
        """Empty a database for the next one; one that cannot be made as it was is dropped."""
        with contextlib.suppress(psycopg.Error), psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_OTHERS)
            self._empty(connection)
            if connection.execute(_SHAPE).fetchone() == self._shape:
                self._free.append(url)
                return
        server.drop_database(url)

    def _remember(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        self._shape = connection.execute(_SHAPE).fetchone()
        for (table,) in connection.execute(_TABLES).fetchall():
            with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(str(table)))) as rows:
                self._rows[str(table)] = b"".join(bytes(part) for part in rows)

    def _empty(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        with connection.transaction():
            # Without the order in which tables refer to each other.
            connection.execute("SET LOCAL session_replication_role = replica")
            # In one call: most of the cost of emptying many small tables is the way there and back.
            connection.execute(sql.SQL(_EMPTY).format(sql.Literal(list(self._rows))))
            for table, kept in self._rows.items():
                if kept:
                    copying = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
                    with connection.cursor().copy(copying) as rows:
                        rows.write(kept)
            for name, start in connection.execute(_SEQUENCES).fetchall():
                connection.execute("SELECT setval(%s::regclass, %s, false)", (name, start))


def _migrate(url: str) -> None:
    opened = open_database(url)
    migrate(opened)
    opened.close()
