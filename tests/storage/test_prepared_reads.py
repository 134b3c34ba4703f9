"""What PostgreSQL's driver has prepared outlives units of work that read: statements are not planned each time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from sealwright.domain.errors import StoreUnavailable
from sealwright.storage.engines import Database, open_database
from sealwright.storage.migrations import migrate
from sealwright.storage.transaction import open_transaction

# The driver prepares a statement when it is run for the sixth time.
RUNS = 7
PREPARED = sa.text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%epoch FROM registry%'")


@pytest.fixture
def on_postgres(postgres_url: str) -> Iterator[Database]:
    opened = open_database(postgres_url)
    migrate(opened)
    yield opened
    opened.close()


def prepared(database: Database) -> int:
    """How many of the statements that `read` runs are prepared on the connection that readers get next."""
    with open_transaction(database, write=False) as transaction:
        row = transaction.row(PREPARED)
    assert row is not None
    return int(row[0])


def read(database: Database) -> int:
    with open_transaction(database, write=False) as transaction:
        [(epoch,)] = transaction.driver_rows("SELECT epoch FROM registry WHERE id = %s", (1,))
    return int(epoch)


def test_statements_stay_prepared_from_one_reading_to_the_next(on_postgres: Database) -> None:
    for _ in range(RUNS):
        read(on_postgres)
    assert prepared(on_postgres) == 1


def test_a_reading_that_failed_is_rolled_back_and_hinders_nobody(on_postgres: Database) -> None:
    with open_transaction(on_postgres, write=False) as transaction, pytest.raises(StoreUnavailable):
        transaction.driver_rows("SELECT nothing FROM nowhere", ())
    read(on_postgres)


def test_readers_cannot_write(on_postgres: Database) -> None:
    before = read(on_postgres)
    with open_transaction(on_postgres, write=False) as transaction, pytest.raises(StoreUnavailable):
        transaction.driver_rows("UPDATE registry SET epoch = epoch + 1 WHERE id = 1", ())
    assert read(on_postgres) == before
