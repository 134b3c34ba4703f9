"""The epoch reader sees every committed registry change at its next call."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from sealwright.domain.errors import StoreUnavailable
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.storage.engines import Database, open_database
from sealwright.storage.epoch import make_epoch_reader
from tests.storage.builders import schema
from tests.storage.racing import together


def test_the_reader_sees_committed_changes_only(database: Database, units: UnitOfWorkFactory) -> None:
    reader = make_epoch_reader(database)
    assert reader.read() == 1
    with units() as uow:
        uow.schemas.add(schema())
        assert reader.read() == 1
        uow.commit()
    assert reader.read() == 2


def test_the_reader_serves_many_threads(database: Database) -> None:
    reader = make_epoch_reader(database)

    def many() -> set[int]:
        return {reader.read() for _ in range(100)}

    acts: list[Callable[[], set[int]]] = [partial(many) for _ in range(4)]
    assert together(acts) == [{1}] * 4


def test_a_database_without_tables_is_a_refusal(database_url: str) -> None:
    database = open_database(database_url)
    reader = make_epoch_reader(database)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            reader.read()
    database.close()
