"""Opening: addresses that we take, those that we refuse, and what every connection is set to."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import psycopg
import pytest

from sealwright.domain.errors import StoreUnavailable
from sealwright.storage import engines
from sealwright.storage.engines import Database, open_database
from sealwright.storage.errors import StoreRefused
from tests.support.postgres import PostgresServer, free_port


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///x.sqlite?mode=ro",
        "postgres://localhost/x",
        "postgresql+psycopg://localhost/x",
        "mysql://localhost/x",
        "/tmp/x.sqlite",
        "postgresql://localhost/x?nonsense=1",
    ],
)
def test_open_refuses_other_addresses(url: str) -> None:
    with pytest.raises(StoreRefused):
        open_database(url)


def test_open_says_when_a_server_does_not_answer() -> None:
    with pytest.raises(StoreUnavailable):
        open_database(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")


def test_a_refusal_names_no_password() -> None:
    with pytest.raises(StoreUnavailable) as caught:
        open_database(f"postgresql://nobody:canary-password@127.0.0.1:{free_port()}/nothing")
    assert "canary" not in repr(caught.value) + str(caught.value) + str(getattr(caught.value, "__notes__", ""))


def test_open_refuses_an_older_server(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "OLDEST_POSTGRES", 990_000)
    with pytest.raises(StoreRefused, match="too old"):
        open_database(postgres_url)


def test_open_refuses_another_encoding(postgres_server: PostgresServer) -> None:
    url = postgres_server.url_of("sealwright_test_latin")
    with postgres_server.connect() as connection:
        connection.execute("CREATE DATABASE sealwright_test_latin TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    try:
        with pytest.raises(StoreRefused, match="UTF8"):
            open_database(url)
    finally:
        postgres_server.drop_database(url)


def test_a_folder_that_is_missing_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        open_database(f"sqlite:///{tmp_path}/missing/x.sqlite")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    path.write_bytes(b"this is not a database, although it is long enough to have a header " * 20)
    with pytest.raises(StoreUnavailable):
        open_database(f"sqlite:///{path}")
    assert path.read_bytes().startswith(b"this is not")


def test_only_the_owner_reads_the_file(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    assert database.path is not None
    assert stat.S_IMODE(os.stat(database.path).st_mode) == 0o600
    database.close()


@pytest.mark.parametrize("pool", ["readers", "writers"])
def test_every_connection_has_the_settings_that_promises_hang_on(database: Database, pool: str) -> None:
    with getattr(database, pool).connect() as connection:
        if database.is_sqlite:
            asked = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "trusted_schema": 0}
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in asked}
        else:
            asked = {
                "synchronous_commit": "on",
                "statement_timeout": "9s",
                "lock_timeout": "9s",
                "TimeZone": "UTC",
                "client_encoding": "UTF8",
                "idle_in_transaction_session_timeout": "30s",
            }
            found = {name: connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in asked}
    assert found == asked


def test_given_options_are_kept(postgres_url: str) -> None:
    database = open_database(f"{postgres_url}?options=-c%20work_mem%3D7MB&application_name=mine")
    with database.readers.connect() as connection:
        assert connection.exec_driver_sql("SHOW work_mem").scalar_one() == "7MB"
        assert connection.exec_driver_sql("SHOW application_name").scalar_one() == "mine"
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "9s"
    database.close()


def test_a_connection_of_ones_own_is_in_autocommit(postgres_url: str) -> None:
    database = open_database(postgres_url)
    connection = database.postgres()
    assert connection.autocommit
    assert connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
    connection.close()
    database.close()


def test_a_closed_database_can_be_used_again(database: Database) -> None:
    database.close()
    with database.readers.connect() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
