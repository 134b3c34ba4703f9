"""A migrated database of each kind for every test of this folder: migrated once, then copied."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import sql

from sealwright.services.ports import UnitOfWorkFactory
from sealwright.storage.engines import Database, open_database
from sealwright.storage.migrations import migrate
from sealwright.storage.unit_of_work import make_unit_of_work_factory
from tests.support.postgres import PostgresServer


def _migrate(url: str) -> None:
    opened = open_database(url)
    migrate(opened)
    opened.close()


@pytest.fixture(scope="session")
def _migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "migrated.sqlite"
    _migrate(f"sqlite:///{path}")
    return path


class _Templates:
    """The migrated database on the session's server, made when first asked for."""

    def __init__(self) -> None:
        self.name: str | None = None

    def copy(self, server: PostgresServer) -> str:
        if self.name is None:
            url = server.create_database()
            _migrate(url)
            self.name = url.rpartition("/")[2]
        name = f"sealwright_test_{secrets.token_hex(6)}"
        with server.connect() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(self.name))
            )
        return server.url_of(name)


@pytest.fixture(scope="session")
def _templates() -> _Templates:
    return _Templates()


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database with the newest tables, of this test's own."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("_migrated_file"), tmp_path / "test.sqlite")
        yield f"sqlite:///{tmp_path / 'test.sqlite'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    templates: _Templates = request.getfixturevalue("_templates")
    url = templates.copy(server)
    yield url
    server.drop_database(url)


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    """That database, open."""
    opened = open_database(migrated_url)
    yield opened
    opened.close()


@pytest.fixture
def units(database: Database) -> UnitOfWorkFactory:
    """Units of work on that database."""
    return make_unit_of_work_factory(database)
