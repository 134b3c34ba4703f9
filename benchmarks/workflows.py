"""Gated work in a large office: a person's feed, access checks, and a revocation with what depends on it."""

from __future__ import annotations

import gc
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from benchmarks.report import Result
from benchmarks.workflows_data import TYPES, Filler
from sealwright.domain.catalog import CredentialType
from sealwright.domain.people import AccountRole, Actor, ActorKind, Caller
from sealwright.services.feed import FeedScope
from sealwright.services.office import Office
from sealwright.services.review_values import NewGrant
from sealwright.services.workflow_values import AccessQuestion
from sealwright.storage.engines import Database, open_database
from sealwright.storage.migrations import migrate
from sealwright.web.app import build_app
from tests.support import postgres
from tests.support.desk import DPW, VERIFIER, act, furnish_desk, join
from tests.support.office import MovableClock, open_office
from tests.web.client import Client

PEOPLE: Final = 50_000
# Open workflows, of five steps each; the second size holds the first one.
SIZES: Final = (10_000, 100_000)
DEPENDENT: Final = 200
COUNT: Final = 20
READERS: Final = 100
ROUNDS: Final = 10


def run() -> Result:
    """Fill both databases, twice, and time each act as its desk does it, with all its statements."""
    figures: dict[str, dict[str, float]] = {}
    notes = [
        f"{PEOPLE:,} people with 5 active grants each of {len(TYPES)} types; workflows of 2 roles and 5 steps; in a"
        " fifth of them a role is taken.",
        "A feed is its first page of 20 with the exact total and what would open more, for 100 people in turn.",
        "At the door: the same over HTTP in this process, signed in by token, with its answer written out.",
        f"A revocation by the reviewer's desk ends a grant with {DEPENDENT} claims (600 steps) that it releases, its"
        " credential and the published bit; signing the status list anew is what the first reader after it waits for.",
        "PostgreSQL with its default settings, on the same machine as the client.",
    ]
    for name in ("SQLite", "PostgreSQL"):
        with _bench(name) as bench:
            for size in SIZES:
                seconds = bench.grow(size)
                label = f"{name}, {size:,} workflows"
                notes.append(f"{label}: {bench.combinations:,} combinations of needs, filled in {seconds:.0f} s.")
                for what, found in bench.measure().items():
                    figures[f"{label}: {what}"] = found
    return Result(
        bench="workflows",
        title="gated work: 100,000 open workflows, 500,000 steps, 50,000 people with 5 grants each",
        figures=figures,
        ratios=_growth(figures),
        targets=(
            "on PostgreSQL: a first feed page under 30 ms at the server, an access check under 2 ms, a revocation with"
            " 200 dependent claims under 250 ms",
            "a person's page does not grow with the number of workflows",
        ),
        notes=tuple(notes),
    )


class Bench:
    """An office over a store that grows, and the acts that are timed."""

    def __init__(self, office: Office, database: Database, client: Client) -> None:
        self._office = office
        self._database = database
        self._client = client
        self._filler = Filler(database)
        self._size = 0
        self._admin = join(office, "ada", AccountRole.ADMIN)
        act(office, self._admin, self._add_types)
        self._victims = [join(office, f"victim{n}", AccountRole.IMPROVER) for n in range(2 * len(SIZES) * ROUNDS)]
        self._chance = random.Random(3)
        self._readers: list[Caller] = []
        self._tokens: list[str] = []

    @property
    def combinations(self) -> int:
        """How many combinations of needs there are."""
        with self._database.writers.connect() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM feed_combinations").scalar_one())

    def grow(self, size: int) -> float:
        """Fill the store up to so many workflows; gives the seconds that it took."""
        started = time.perf_counter()
        if not self._filler.people:
            self._filler.add_people(PEOPLE)
        self._filler.add_workflows(size - self._size)
        self._size = size
        self._filler.settle()
        seconds = time.perf_counter() - started
        chosen = self._chance.sample(self._filler.people, READERS)
        self._tokens = [self._token(user_id) for user_id in chosen[:20]]
        self._readers = [self._come_in(user_id) for user_id in chosen]
        # As the door lets them in: by the registry as it is now.
        self._admin = self._come_in(self._admin.user_id)
        return seconds

    def measure(self) -> Mapping[str, dict[str, float]]:
        """Time everything."""
        return {
            "feed": self._timed([lambda one=one: self._feed(one) for one in self._readers]),  # type: ignore[misc]
            "feed at the door": self._timed([lambda one=one: self._at_door(one) for one in self._tokens]),  # type: ignore[misc]
            "access check by types": self._timed([self._by_types(one) for one in self._readers]),
            "access check by step": self._timed([self._by_step(one) for one in self._readers]),
            "revocation, 200 claims": self._revocations(weekly=False),
            "revocation, 200 claims of series": self._revocations(weekly=True),
        }

    # -- acts --------------------------------------------------------------------------------------

    def _feed(self, caller: Caller) -> object:
        return self._office.feed.page(caller, FeedScope.ALL, 1, COUNT)

    def _at_door(self, token: str) -> object:
        answer = self._client.call("GET", f"/improvers/workflows?page=1&count={COUNT}", token=token)
        if answer.status != 200:
            raise RuntimeError(answer.body.decode())
        return answer

    def _by_types(self, person: Caller) -> Callable[[], object]:
        question = AccessQuestion(user_id=person.user_id, credential_types=tuple(self._chance.sample(TYPES, 2)))
        return lambda: self._office.access_check.ask(self._admin, question)

    def _by_step(self, person: Caller) -> Callable[[], object]:
        entries = self._office.feed.page(person, FeedScope.ALL, 1, COUNT).entries
        workflow = entries[-1].view.workflow
        question = AccessQuestion(user_id=person.user_id, step_id=workflow.steps[0].step_id)
        return lambda: self._office.access_check.ask(self._admin, question)

    def _revocations(self, *, weekly: bool) -> dict[str, float]:
        """Give so many people a grant and work by it, and revoke each; status lists are signed apart."""
        victims = [self._victims.pop() for _ in range(ROUNDS)]
        for victim in victims:
            granted = self._office.granting.grant(self._admin, NewGrant(victim.user_id, DPW)).grant
            self._filler.give_work(victim.user_id, DPW, granted.grant_id, DEPENDENT, weekly=weekly)
        self._filler.settle()
        released: set[int] = set()

        def revoke(user_id: str) -> object:
            told = act(
                self._office,
                self._admin,
                lambda uow, me: self._office.granting.revoke(
                    uow, me, user_id=user_id, credential_type=DPW, reason="a bench"
                ),
                registry=False,
            )
            released.add(len(told.effects.steps_released))
            return told

        found = self._timed([lambda one=one: revoke(one.user_id) for one in victims], warm=1)  # type: ignore[misc]
        if released != {3 * DEPENDENT}:
            raise RuntimeError(f"released {released}")
        return found

    # -- parts -------------------------------------------------------------------------------------

    def _come_in(self, user_id: str) -> Caller:
        view = self._office.registry.current()
        return Caller(Actor(ActorKind.USER, user_id, "token"), view.epoch, person=view.person(user_id))

    def _token(self, user_id: str) -> str:
        people = self._office.people
        _, secret = act(self._office, self._admin, lambda uow, me: people.create_token(uow, me, user_id, "a bench"))
        return str(secret.text)

    @staticmethod
    def _timed(acts: list[Callable[[], object]], *, warm: int = 5) -> dict[str, float]:
        """Time each act once, after a few that are not counted; those that read are simply done again."""
        times = []
        if warm > 1:
            for one in acts[:warm]:
                one()
        gc.collect()
        gc.disable()
        for one in acts:
            started = time.perf_counter()
            one()
            times.append((time.perf_counter() - started) * 1000)
        gc.enable()
        times = sorted(times if warm > 1 else times[warm:])
        return {"p50 ms": times[len(times) // 2], "p95 ms": times[int(len(times) * 0.95) - 1], "max ms": times[-1]}

    @staticmethod
    def _add_types(uow: object, _: Caller) -> None:
        from dataclasses import replace

        known: CredentialType = uow.types.get(VERIFIER)  # type: ignore[attr-defined]
        for value in TYPES:
            uow.types.add(replace(known, value=value, label=value))  # type: ignore[attr-defined]


def _growth(figures: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """How much slower a page is with ten times the workflows."""
    small, large = SIZES
    return {
        f"{name}: {what} with ten times the workflows": figures[f"{name}, {large:,} workflows: {what}"]["p50 ms"]
        / figures[f"{name}, {small:,} workflows: {what}"]["p50 ms"]
        for name in ("SQLite", "PostgreSQL")
        for what in ("feed", "feed at the door")
    }


@contextmanager
def _bench(name: str) -> Iterator[Bench]:
    """An office over an empty database of a kind, and its store for bulk writing."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = f"sqlite:///{home}/workflows.sqlite"
        if name == "PostgreSQL":
            server = postgres.obtain()
            stack.callback(server.stop)
            url = stack.enter_context(server.database())
        database = open_database(url)
        stack.callback(database.close)
        migrate(database)
        opened = open_office(
            url, home / "home", clock=MovableClock(), background=True, SEALWRIGHT_RATE_READ_PER_MINUTE="0"
        )
        office = stack.enter_context(opened)
        furnish_desk(office)
        client = stack.enter_context(Client(build_app(office, on_startup=[], on_shutdown=[])))
        yield Bench(office, database, client)
