"""What readyz and doctor are told."""

from __future__ import annotations

import pytest

from sealwright.storage.engines import Database, open_database
from sealwright.storage.inspection import check_database, is_intact, settings


def test_a_good_database_passes(database: Database) -> None:
    assert check_database(database) == {"answers": True, "migrated": True, "durable": True}
    assert all(settings(database).values())
    assert is_intact(database)


def test_a_database_without_tables_is_not_migrated(database_url: str) -> None:
    database = open_database(database_url)
    assert check_database(database) == {"answers": True, "migrated": False, "durable": True}
    database.close()


def test_a_newer_database_is_not_migrated(database: Database) -> None:
    with database.writers.connect() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    assert not check_database(database)["migrated"]


def test_a_database_that_does_not_answer_passes_nothing(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlalchemy as sa

    database = open_database(postgres_url)
    database.close()

    def refuse(*_: object, **__: object) -> None:
        raise sa.exc.OperationalError("statement", {}, Exception("connection refused"))

    monkeypatch.setattr(database.readers.pool, "_invoke_creator", refuse)
    assert check_database(database) == {"answers": False, "migrated": False, "durable": False}
    database.close()


def test_an_unsafe_setting_is_named(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.readers.connect() as connection:
        if database.is_sqlite:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA synchronous = NORMAL")
            connection.exec_driver_sql("BEGIN")
        else:
            connection.exec_driver_sql("SET synchronous_commit = off")
        connection.commit()
    name = "synchronous" if database.is_sqlite else "synchronous_commit"
    assert settings(database)[name] is False
    assert not check_database(database)["durable"]
