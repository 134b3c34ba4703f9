"""Fixtures that every folder of tests may ask for."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import one_connection, postgres, tools
from tests.support.furnished import Furnished
from tests.support.migrated import Templates, migrate_file
from tests.support.statements import share_compiled_statements

share_compiled_statements()

DATABASES = ("sqlite", "postgresql")
# Files that take longest, begun first: whoever runs files side by side would wait for these at the end.
LONG = (
    "faults/test_kill_nine.py",
    "faults/test_deaths.py",
    "faults/test_decision_race.py",
    "attacks/test_disclosure_attacks.py",
    "attacks/test_disclosure_replays.py",
    "interop/test_mattr.py",
    "pages/test_disclosure_journey.py",
    "pages/test_issuer_gates.py",
    "pages/test_whole_story.py",
    "pages/test_proposer_journey.py",
    "pages/test_every_page.py",
    "pages/test_issuer_journeys.py",
    "pages/test_delivery_journey.py",
    "pages/test_verify_journey.py",
    "pages/test_delegation_journey.py",
    "agents/test_tools.py",
    "agents/test_groceries.py",
    "flows/test_authorizing_races.py",
    "flows/test_delegation_trees.py",
    "faults/test_wallet_races.py",
    "faults/test_redeem_races.py",
    "faults/test_two_servers.py",
    "faults/test_dispatch_kill.py",
    "web/test_access_matrix.py",
    "conformance/test_plans_against_reference.py",
    "docs/test_walkthroughs.py",
    "agents/test_groceries.py",
    "cli/test_serving.py",
    "flows/test_gating_machine.py",
    "flows/test_claiming.py",
    "flows/test_feed.py",
    "interop/test_didcomm.py",
    "web/test_panel_arrivals.py",
    "cli/test_setup_link.py",
    "interop/test_running_server.py",
    "interop/test_openid_provider.py",
    "storage/test_request_lists.py",
    "web/test_server.py",
)


class _Server:
    """The session's one server, started when first asked for; what went wrong is remembered, not tried again."""

    def __init__(self) -> None:
        self.running: postgres.PostgresServer | None = None
        self.failure: str | None = None

    def get(self) -> postgres.PostgresServer:
        if self.running is None and self.failure is None:
            try:
                self.running = postgres.obtain()
            except postgres.NoPostgres as error:
                self.failure = str(error)
        if self.running is None:
            tools.missing(f"No PostgreSQL server: {self.failure}")
        return self.running


@pytest.fixture(scope="session")
def _postgres_session() -> Iterator[_Server]:
    session = _Server()
    yield session
    if session.running is not None:
        session.running.stop()


@pytest.fixture
def postgres_server(_postgres_session: _Server) -> postgres.PostgresServer:
    """The session's PostgreSQL server; the test is skipped, under CI failed, where there is none."""
    return _postgres_session.get()


@pytest.fixture
def postgres_url(postgres_server: postgres.PostgresServer) -> Iterator[str]:
    """The URL of an empty PostgreSQL database that only this test has."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of an SQLite file that does not exist yet and only this test has."""
    return f"sqlite:///{tmp_path / 'test.sqlite'}"


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database of this test's own; the test runs once on each supported database."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture(scope="session")
def _migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return migrate_file(tmp_path_factory.mktemp("migrated") / "migrated.sqlite")


@pytest.fixture(scope="session")
def _templates() -> Iterator[Templates]:
    templates = Templates()
    yield templates
    templates.close()


@pytest.fixture(scope="session")
def furnished(_templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    """Opens offices that are furnished once for all tests of the session."""
    return Furnished(_templates, tmp_path_factory.mktemp("furnished"))


@pytest.fixture(params=DATABASES)
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """As `database_url`, with the newest tables in it, and nothing that another test has left."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("_migrated_file"), tmp_path / "test.sqlite")
        yield f"sqlite:///{tmp_path / 'test.sqlite'}"
        return
    server: postgres.PostgresServer = request.getfixturevalue("postgres_server")
    templates: Templates = request.getfixturevalue("_templates")
    url = templates.take(server)
    yield url
    templates.give_back(server, url)


@pytest.fixture(scope="session", autouse=True)
def _one_connection() -> Iterator[None]:
    """In no test does a thread wait for a second connection to the same database while it holds one."""
    with one_connection.guarded():
        yield


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name bytes by their length: random ones would give a test another name in each worker."""
    return f"{argname}-{len(val)}" if isinstance(val, bytes) and len(val) > 16 else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest; within a file nothing moves."""
    here = Path(__file__).parent
    order = {here / name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: order.get(item.path, len(order)))


def pytest_collection_finish() -> None:
    """Leave what was collected to itself: it stays to the end, and looking through it took a tenth of the time."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List every reason why tests were skipped, once, where it cannot be overlooked."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[reason] = reasons.get(reason, 0) + 1
    if reasons:
        terminalreporter.section("not run, and why", sep="!")
        for reason, count in sorted(reasons.items()):
            terminalreporter.line(f"{count} skipped: {reason.removeprefix('Skipped: ')}")
