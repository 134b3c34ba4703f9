"""The guard that all tests run under: no unit of work is opened inside of another."""

from __future__ import annotations

import pytest

from sealwright.storage.engines import open_database
from sealwright.storage.unit_of_work import make_unit_of_work_factory
from tests.support.one_connection import as_another_thread


def test_a_second_unit_of_work_in_one_thread_is_found(migrated_url: str) -> None:
    database = open_database(migrated_url)
    units = make_unit_of_work_factory(database)
    with units(write=False):
        with pytest.raises(AssertionError, match="inside of another"), units(write=False):
            pass
        with as_another_thread(), units(write=False) as uow:
            assert uow.office.epoch() > 0
    with units(write=False) as uow:
        assert uow.office.epoch() > 0
    database.close()
