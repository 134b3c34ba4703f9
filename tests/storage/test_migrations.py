"""Migrations: whole or not at all, one at a time, and the tables that the program expects."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from sealwright.domain.errors import StoreUnavailable
from sealwright.storage import migrations
from sealwright.storage.engines import Database, open_database
from sealwright.storage.errors import StoreRefused
from sealwright.storage.migrations import migrate, migration_state, require_newest
from sealwright.storage.tables import metadata
from tests.storage.racing import together

NEWEST = "0010"
# The tables of the queue on PostgreSQL are its own library's.
QUEUE = "procrastinate_"


@pytest.fixture
def bare(database_url: str) -> Database:
    """A database without tables."""
    return open_database(database_url)


def test_migrate_brings_an_empty_database_to_the_newest_version(bare: Database) -> None:
    assert migration_state(bare) == (None, NEWEST)
    with pytest.raises(StoreRefused, match="sealwright migrate"):
        require_newest(bare)
    migrate(bare)
    assert migration_state(bare) == (NEWEST, NEWEST)
    require_newest(bare)
    migrate(bare)
    bare.close()


def test_migrators_at_once_do_not_disturb_each_other(database_url: str) -> None:
    opened = [open_database(database_url) for _ in range(4)]
    together([partial(migrate, one) for one in opened])
    assert all(migration_state(one) == (NEWEST, NEWEST) for one in opened)
    for one in opened:
        one.close()


def test_a_migration_that_fails_leaves_nothing(bare: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    original = migrations._upgrade

    def fail(connection: sa.Connection) -> None:
        original(connection)
        connection.exec_driver_sql("SELECT nonsense FROM nowhere")

    monkeypatch.setattr(migrations, "_upgrade", fail)
    with pytest.raises(StoreUnavailable):
        migrate(bare)
    with bare.readers.connect() as connection:
        assert sa.inspect(connection).get_table_names() == []
    monkeypatch.undo()
    migrate(bare)
    assert migration_state(bare) == (NEWEST, NEWEST)
    bare.close()


def test_a_newer_database_is_refused(database: Database) -> None:
    with database.writers.connect() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    for act in (migrate, migration_state, require_newest):
        with pytest.raises(StoreRefused, match="newer"):
            act(database)


def test_an_sqlite_file_is_copied_aside_before_a_step(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/x.sqlite")
    migrate(database)
    assert list(tmp_path.glob("*before*")) == []
    assert database.path is not None
    migrations._copy_aside(database.path, "before-0002")
    (copy,) = tmp_path.glob("x.sqlite.before-0002-*")
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (NEWEST,)
    assert copy.stat().st_mode & 0o777 == 0o600
    database.close()


def test_the_migrated_tables_are_those_of_the_program(database: Database) -> None:
    with database.readers.connect() as connection:
        seen = sa.inspect(connection)
        tables = {name for name in seen.get_table_names() if not name.startswith(QUEUE)}
        tables -= {"alembic_version", "rate_windows"}
        assert tables == set(metadata.tables)
        for name, table in metadata.tables.items():
            columns = {column["name"]: column for column in seen.get_columns(name)}
            assert list(columns) == [column.name for column in table.columns], name
            for column in table.columns:
                assert columns[column.name]["nullable"] == column.nullable, f"{name}.{column.name}"
                expected = column.type.compile(connection.dialect)
                found = columns[column.name]["type"].compile(connection.dialect)
                assert _plain(found) == _plain(expected), f"{name}.{column.name}"
            assert seen.get_pk_constraint(name)["constrained_columns"] == [c.name for c in table.primary_key]
            indexes = {one["name"]: one for one in seen.get_indexes(name) if not one.get("duplicates_constraint")}
            assert {found: (one["column_names"], bool(one["unique"])) for found, one in indexes.items()} == {
                one.name: ([c.name for c in one.columns], bool(one.unique)) for one in table.indexes
            }, name
            assert {tuple(one["column_names"]) for one in seen.get_unique_constraints(name)} == {
                tuple(c.name for c in one.columns) for one in table.constraints if isinstance(one, sa.UniqueConstraint)
            }, name


def _plain(type_text: str) -> str:
    return type_text.replace(' COLLATE "C"', "").upper()


def test_sqlite_tables_are_strict(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    migrate(database)
    with database.readers.connect() as connection:
        listed = connection.exec_driver_sql("PRAGMA table_list").all()
    strict = {row[1] for row in listed if row[5] == 1}
    assert set(metadata.tables) <= strict
    database.close()


def test_partial_indexes_have_their_conditions(database: Database) -> None:
    source = "SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql LIKE '%WHERE%'"
    if not database.is_sqlite:
        source = "SELECT indexdef FROM pg_indexes WHERE indexdef LIKE '%WHERE%' AND schemaname = 'public'"
        source += f" AND tablename NOT LIKE '{QUEUE}%'"
    with database.readers.connect() as connection:
        found = connection.exec_driver_sql(source.replace("%", "%%") if not database.is_sqlite else source).all()
    partial_indexes = [index for table in metadata.tables.values() for index in table.indexes if index.dialect_kwargs]
    assert len(found) == len(partial_indexes)
