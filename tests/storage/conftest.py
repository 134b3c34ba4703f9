"""Open databases and units of work for every test of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sealwright.services.ports import UnitOfWorkFactory
from sealwright.storage.engines import Database, open_database
from sealwright.storage.unit_of_work import make_unit_of_work_factory


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
