"""Sites to break, copied from one template for each database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import DATABASES
from tests.support.site import Site, Templates


@pytest.fixture(scope="session")
def templates(_postgres_session: Any) -> Iterator[Templates]:
    """A store with the demo's data for each database."""
    with Templates(_postgres_session.get) as made:
        yield made


@pytest.fixture(params=DATABASES)
def site(request: pytest.FixtureRequest, templates: Templates) -> Iterator[Site]:
    """A site of this test's own; the test runs once on each supported database."""
    with templates.get(request.param).site() as made:
        yield made


@pytest.fixture(scope="module", params=DATABASES)
def shared_site(request: pytest.FixtureRequest, templates: Templates) -> Iterator[Site]:
    """A site that all tests of a module share; they run once on each supported database."""
    with templates.get(request.param).site() as made:
        yield made


@pytest.fixture(scope="module", params=DATABASES)
def shared_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, _postgres_session: Any
) -> Iterator[str]:
    """The URL of a migrated database that all tests of a module share, on each supported database."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("shared") / "test.sqlite"
        shutil.copy(request.getfixturevalue("_migrated_file"), path)
        yield f"sqlite:///{path}"
        return
    migrated = request.getfixturevalue("_templates")
    server = _postgres_session.get()
    url = migrated.take(server)
    yield url
    migrated.give_back(server, url)


@pytest.fixture
def sqlite_site(templates: Templates) -> Iterator[Site]:
    """A site on SQLite."""
    with templates.get("sqlite").site() as made:
        yield made


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder breaks something."""
    for item in items:
        if "tests/faults" in item.path.as_posix():
            item.add_marker(pytest.mark.faults)
