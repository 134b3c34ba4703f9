"""kill -9 at random moments under load, and then every invariant.

Two server processes share one store. One of them, now and then both, now and then one that is just starting, is
killed and started again, while clients issue, alone and in batches, revoke, ask for credential types, approve,
reject, claim and finish gated work, and look through whichever server answers.

    python -m tests.faults.kill_nine --kills 100 --database sqlite|postgresql
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sealwright.domain.people import AccountRole, Caller
from sealwright.services.office import Office
from sealwright.services.people import NewPerson
from sealwright.services.ports import UnitOfWork
from tests.faults.clients import BATCH_SHARE, DeskPeople, Load, settle
from tests.faults.judging import judge, office_of
from tests.faults.nursery import nursery
from tests.faults.work_clients import LOSE_SHARE, WORK_SHARE, WorkPeople, furnish_work
from tests.support import postgres
from tests.support.checker import Verdict
from tests.support.desk import DPW, VERIFIER
from tests.support.history import History
from tests.support.office import the_operator
from tests.support.site import Launch, ServerProcess, Site, launch_program, template

STOP_WITHIN_SECONDS: Final = 10.0
ASKERS_A_CLIENT: Final = 10
WORKERS_A_CLIENT: Final = 3


@dataclass(slots=True)
class Pair:
    """Two servers of one site, at ports that stay theirs."""

    site: Site
    launch: Launch = launch_program
    running: list[ServerProcess] = field(default_factory=list)

    def start(self) -> None:
        """Start both; the first listens at the public address."""
        ports = (self.site.public_port, postgres.free_port())
        self.running = [self._start(port) for port in ports]
        for one in self.running:
            one.wait_ready()

    def _start(self, port: int) -> ServerProcess:
        return self.site.start(launch=self.launch, port=port)

    def restart(self, number: int) -> None:
        """Start a dead server again; it may not be ready yet."""
        self.running[number] = self._start(self.running[number].port)

    def ports(self) -> list[int]:
        """Where servers take calls now, as far as a client can know."""
        return [one.port for one in self.running if one.server is not None and one.is_alive]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did and found."""

    database: str
    kills: int
    seconds: float
    verdict: Verdict
    history: dict[str, int]
    exits: list[tuple[int | None, float]]

    @property
    def is_sound(self) -> bool:
        """No invariant broken, and both servers ended properly when they were asked to."""
        return bool(self.verdict) and all(code == 0 and seconds < STOP_WITHIN_SECONDS for code, seconds in self.exits)

    def to_json(self) -> dict[str, Any]:
        """The summary as printed."""
        return {
            "database": self.database,
            "kills": self.kills,
            "seconds": round(self.seconds, 1),
            "sound": self.is_sound,
            "violations": [str(one) for one in self.verdict.violations[:50]],
            "violation_count": len(self.verdict.violations),
            "calls": self.history,
            "checked": self.verdict.counts,
            "exits": [{"code": code, "seconds": round(seconds, 2)} for code, seconds in self.exits],
        }


def run(
    site: Site,
    kills: int,
    *,
    seed: int = 0,
    clients: int = 6,
    launch: Launch = launch_program,
    longest_life_seconds: float = 1.0,
    fetch_at_most: int = 5_000,
    verify_at_most: int = 100_000,
    work_share: float = WORK_SHARE,
    lose_share: float = LOSE_SHARE,
    batch_share: float = BATCH_SHARE,
) -> Summary:
    """Kill servers of a fresh site under load, let it settle, and check.

    Args:
        launch: How servers are started; with a planted bug for the twin of this test.
        longest_life_seconds: How long a server lives at most, once it takes calls, before the next kill.
        fetch_at_most: How many documents are fetched over the wire afterwards; `verify_at_most` likewise.
        batch_share: How many of the issuer's acts are batches.
        work_share: How many of the acts are those of people at work; `lose_share`: how many of these end their grant.
    """
    begun = time.monotonic()
    randomness = random.Random(seed)
    history = History()
    desk = furnish(site, askers=ASKERS_A_CLIENT * clients)
    work = replace(furnish_workers(site, WORKERS_A_CLIENT * clients), lose_share=lose_share)
    pair = Pair(site, launch)
    pair.start()
    load = Load(
        site.api_key,
        history,
        pair.ports,
        clients=clients,
        seed=seed,
        desk=desk,
        work=work,
        work_share=work_share,
        batch_share=batch_share,
    )
    load.start()
    try:
        for _ in range(kills):
            time.sleep(randomness.uniform(0.05, longest_life_seconds))
            _kill(pair, randomness)
    finally:
        load.stop()
    settle(history, site.api_key, pair.ports())
    verdict = judge(site, history, pair.running[0], fetch_at_most=fetch_at_most, verify_at_most=verify_at_most)
    exits = [one.terminate() for one in pair.running]
    return Summary(site.kind, kills, time.monotonic() - begun, verdict, history.counts(), exits)


def furnish(site: Site, *, askers: int) -> DeskPeople:
    """Give a site that nobody serves yet people who may ask; the demo's reviewers decide."""

    def join(office: Office, uow: UnitOfWork, me: Caller, number: int) -> str:
        wish = NewPerson(
            f"asker{number}@example.org", f"Asker {number}", frozenset({AccountRole.IMPROVER}), verified=True
        )
        _, secret = office.people.create_token(uow, me, office.people.create(uow, me, wish).user_id, "a fault test")
        return secret.text

    with office_of(site) as office:
        tokens = office.acts.run(
            the_operator(office),
            lambda uow, me: tuple(join(office, uow, me, number) for number in range(askers)),
            changes_registry=True,
        )
    return DeskPeople(tokens, (site.tokens["issuer"], site.tokens["admin"]), (DPW, VERIFIER))


def furnish_workers(site: Site, count: int) -> WorkPeople:
    """Give a site that nobody serves yet people at gated work; the demo's issuer ends their grants."""
    with office_of(site) as office:
        admin = office.access.authenticate(f"Bearer {site.tokens['admin']}", office.registry.current())
        return furnish_work(office, admin, count, site.tokens["issuer"])


def _kill(pair: Pair, randomness: random.Random) -> None:
    """One kill: one server, or both, or one that has only begun to start; all run again afterwards."""
    chance = randomness.random()
    victims = [0, 1] if chance < 0.15 else [randomness.randrange(2)]
    for number in victims:
        pair.running[number].kill()
    for number in victims:
        pair.restart(number)
    if 0.15 <= chance < 0.3:
        time.sleep(randomness.uniform(0, 1.5))
        pair.running[victims[0]].kill()
        pair.restart(victims[0])
    for number in victims:
        pair.running[number].wait_ready()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it at full size and print a summary; exit code 0 if nothing was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.kill_nine", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], required=True)
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--nursery", action="store_true", help="fork servers from one that has made its imports")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    given = parser.parse_args(arguments)
    server = postgres.obtain() if given.database == "postgresql" else None
    try:
        with template(given.database, server) as made, made.site() as site:
            launch = nursery() if given.nursery else launch_program
            summary = run(site, given.kills, seed=given.seed, clients=given.clients, launch=launch)
    finally:
        if server is not None:
            server.stop()
    print(json.dumps({"seed": given.seed, **summary.to_json()}, indent=2))
    return 0 if summary.is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
