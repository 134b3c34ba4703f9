"""Databases with the newest tables: migrated once, then copied for whoever wants one of their own."""

from __future__ import annotations

import secrets
from pathlib import Path

from psycopg import sql

from sealwright.storage.engines import open_database
from sealwright.storage.migrations import migrate
from tests.support.postgres import PostgresServer


def migrate_file(path: Path) -> Path:
    """Make an SQLite file with the newest tables."""
    _migrate(f"sqlite:///{path}")
    return path


class Templates:
    """The migrated database on the session's server, made when first asked for."""

    def __init__(self) -> None:
        self._name: str | None = None

    def copy(self, server: PostgresServer) -> str:
        """Copy it; gives the URL of the copy."""
        if self._name is None:
            url = server.create_database()
            _migrate(url)
            self._name = url.rpartition("/")[2]
        name = f"sealwright_test_{secrets.token_hex(6)}"
        with server.connect() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(self._name))
            )
        return server.url_of(name)


def _migrate(url: str) -> None:
    opened = open_database(url)
    migrate(opened)
    opened.close()
