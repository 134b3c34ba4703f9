"""The tests' own PostgreSQL finder: a server of ours starts, serves apart databases and is gone afterwards."""

from __future__ import annotations

import psycopg
import pytest

from tests.support import postgres
from tests.support.postgres import NoPostgres, PostgresServer


@pytest.fixture
def no_named_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_DATABASE_URL", raising=False)


def test_databases_are_apart_and_empty(postgres_server: PostgresServer) -> None:
    with postgres_server.database() as first, postgres_server.database() as second:
        assert first != second
        with psycopg.connect(first) as connection:
            connection.execute("CREATE TABLE mark (n integer)")
        with psycopg.connect(second) as connection:
            row = connection.execute("SELECT count(*) FROM pg_tables WHERE tablename = 'mark'").fetchone()
            assert row == (0,)


def test_database_is_dropped_though_somebody_is_connected(postgres_server: PostgresServer) -> None:
    url = postgres_server.create_database()
    lingering = psycopg.connect(url)
    postgres_server.drop_database(url)
    with pytest.raises(psycopg.OperationalError):
        lingering.execute("SELECT 1")


def test_server_of_ours_is_durable_and_leaves_nothing(no_named_server: None, postgres_server: PostgresServer) -> None:
    server = postgres.obtain()
    assert server.url != postgres_server.url
    with server.connect() as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
    folder, process = server.folder, server.process
    assert folder is not None
    assert process is not None
    server.stop()
    assert not folder.exists()
    assert process.returncode == 0


def test_named_server_that_is_silent_is_no_reason_to_start_another(monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"postgresql://nobody@127.0.0.1:{postgres.free_port()}/nothing"
    monkeypatch.setenv("TEST_DATABASE_URL", url)
    with pytest.raises(NoPostgres, match="does not answer"):
        postgres.obtain()


def test_each_test_gets_a_database(database_url: str) -> None:
    assert database_url.startswith(("sqlite:///", "postgresql://"))
