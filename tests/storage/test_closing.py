"""A database that is closed holds nothing any more: processes that open many must not run out of descriptors."""

from __future__ import annotations

import base64
import gc
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sealwright.adapters.kek import KekRefused
from sealwright.bootstrap import build
from sealwright.settings import load_settings
from sealwright.storage.engines import open_database
from sealwright.storage.epoch import make_epoch_reader
from sealwright.storage.rate_limits import make_rate_limiter
from sealwright.storage.unit_of_work import make_unit_of_work_factory
from tests.support.office import environment


@pytest.fixture(autouse=True)
def _only_what_is_new() -> Iterator[None]:
    """What other tests have left to this process need not be looked through for what goes here."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def test_everything_that_was_opened_closes_with_the_database(migrated_url: str) -> None:
    _use(migrated_url)  # what a first use opens for the whole process stays
    before = _open_descriptors()
    held = [_use(migrated_url) for _ in range(2)]  # as in a process where threads still know them
    assert _open_descriptors() == before
    assert len(held) == 2


def test_nothing_watches_sockets_of_a_closed_database(migrated_url: str) -> None:
    _use(migrated_url)
    watchers = [thread for thread in threading.enumerate() if thread.name == "database-watch"]
    for thread in watchers:
        thread.join(5)
    assert not [thread for thread in watchers if thread.is_alive()]


def test_an_office_that_cannot_be_built_holds_nothing(migrated_url: str, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(base64.b64encode(bytes(32)))
    key.chmod(0o600)
    settings = load_settings(environment(migrated_url, tmp_path, SEALWRIGHT_KEK_FILE=str(key)), cwd=tmp_path)
    key.chmod(0o644)
    _use(migrated_url)
    before = _open_descriptors()
    with pytest.raises(KekRefused) as refused:
        build(settings)
    assert _open_descriptors() == before
    assert refused.tb is not None  # which knows all that was opened


def _use(url: str) -> tuple[object, ...]:
    database = open_database(url)
    reader, limiter = make_epoch_reader(database), make_rate_limiter(database)
    assert reader.read() == 1
    assert limiter.hit_many([("somebody", 10)], datetime(2026, 11, 22, tzinfo=UTC))
    with make_unit_of_work_factory(database)() as uow:
        uow.commit()
    database.close()
    return reader, limiter, database


def _open_descriptors() -> int:
    gc.collect()
    return len(os.listdir(Path("/dev/fd")))
