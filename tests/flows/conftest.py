"""Flows begin with the newest tables, and most of them with a furnished desk; what migrating does is told elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwright.services.office import Office
from tests.conftest import DATABASES
from tests.support.desk import furnish_desk
from tests.support.furnished import Furnished
from tests.support.migrated import Templates
from tests.support.office import MovableClock, furnish
from tests.support.workflows import Desks, workflow_desks


@pytest.fixture
def database_url(migrated_url: str) -> str:
    """The URL of a migrated database of this test's own, on each supported database."""
    return migrated_url


@pytest.fixture(scope="module", params=DATABASES)
def shared_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a migrated database that the tests of a module share, on each supported database."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("shared") / "test.sqlite"
        shutil.copy(request.getfixturevalue("_migrated_file"), path)
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("_postgres_session").get()
    templates: Templates = request.getfixturevalue("_templates")
    url = templates.take(server)
    yield url
    templates.give_back(server, url)


@pytest.fixture
def clock() -> MovableClock:
    """The clock of the test's office."""
    return MovableClock()


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock, furnished: Furnished) -> Iterator[Office]:
    """An office with people, catalog and scopes, on each supported database."""
    with furnished.open(database_url, tmp_path / "home", clock, furnish_desk) as opened:
        yield opened


@pytest.fixture
def issuing_office(database_url: str, tmp_path: Path, clock: MovableClock, furnished: Furnished) -> Iterator[Office]:
    """An office with an issuer and a schema, on each supported database."""
    with furnished.open(database_url, tmp_path / "home", clock, furnish) as opened:
        yield opened


@pytest.fixture
def desks(office: Office) -> Desks:
    """The desks of workflows of the test's office."""
    return workflow_desks(office)
