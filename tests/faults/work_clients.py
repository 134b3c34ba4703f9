"""Clients that claim, begin and finish gated work, and reviewers who take the credential for it away."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from sealwright.domain.people import AccountRole, Caller
from sealwright.services.office import Office
from sealwright.services.people import NewPerson
from sealwright.services.ports import UnitOfWork
from sealwright.services.review_values import NewGrant
from sealwright.services.workflow_values import NewWorkflow
from tests.support.desk import DPW
from tests.support.history import CLAIM, COMPLETE, LOSE, START, History, Outcome, Sighting, Wish
from tests.support.office import the_operator
from tests.support.work import plan_of

# How many of the acts are those of people at work.
WORK_SHARE: Final = 0.1
# How often somebody at work loses the credential for it, before they have done all there is.
LOSE_SHARE: Final = 0.08
WORKFLOWS: Final = 60
# Claims that are tried once a revocation was answered.
LATE_CLAIMS: Final = 3
_NUMBERS: Final = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Worker:
    """An improver with a grant that opens the work."""

    token: str = field(repr=False)
    user_id: str
    grant_id: str


@dataclass(frozen=True, slots=True)
class Job:
    """An open workflow and the steps of its gated role."""

    workflow_id: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkPeople:
    """Who works, on what, and who may end their grants."""

    workers: tuple[Worker, ...]
    jobs: tuple[Job, ...]
    reviewer: str = field(repr=False)
    lose_share: float = LOSE_SHARE


class Sends(Protocol):
    """Carries a wish out as long as it takes."""

    def __call__(self, wish: Wish) -> None: ...


class WorkClient:
    """Lets workers of its own claim what others claim too; each step of a job follows the one before. One thread."""

    def __init__(self, people: WorkPeople, number: int, of: int, history: History) -> None:
        self._people = people
        self._workers = list(people.workers[number::of])
        self._left = {worker.user_id: list(people.jobs) for worker in self._workers}
        self._history = history
        self._has_taken = False

    def go_on(self, randomness: random.Random, send: Sends) -> bool:
        """Have somebody do one job, or lose their credential; False when nobody is left."""
        if not self._workers:
            return False
        worker = randomness.choice(self._workers)
        if randomness.random() < self._people.lose_share or len(self._left[worker.user_id]) <= LATE_CLAIMS:
            self._lose(worker, randomness, send)
            return True
        job = self._take(worker, randomness)
        if not self._act(CLAIM, worker, job, job.steps[0], send):
            return True
        for step in job.steps:
            if randomness.random() < 0.2 or not self._act(START, worker, job, step, send):
                break
            if not self._act(COMPLETE, worker, job, step, send):
                break
        return True

    def leave(self, randomness: random.Random, send: Sends) -> None:
        """Have one of the own workers lose their credential before the end, where chance let all of them keep it."""
        if self._workers and not self._has_taken:
            self._lose(randomness.choice(self._workers), randomness, send)

    def _take(self, worker: Worker, randomness: random.Random) -> Job:
        left = self._left[worker.user_id]
        return left.pop(randomness.randrange(len(left)))

    def _lose(self, worker: Worker, randomness: random.Random, send: Sends) -> None:
        """Revoke the grant; once that was answered, no claim may go through."""
        self._has_taken = True
        self._workers.remove(worker)
        body = json.dumps({"reason": "a fault test"}).encode()
        path = f"/issuers/credentials/{worker.grant_id}/revoke"
        wish = Wish(LOSE, f"lose-{next(_NUMBERS)}", body, worker.grant_id, path=path, token=self._people.reviewer)
        send(self._history.begin(wish))
        if wish.outcome is not Outcome.OK:
            return
        for _ in range(LATE_CLAIMS):
            job = self._take(worker, randomness)
            won = self._act(CLAIM, worker, job, job.steps[0], send)
            self._history.see(Sighting(f"{worker.grant_id} on {job.workflow_id}", still_good=won))

    def _act(self, act: str, worker: Worker, job: Job, step_id: str, send: Sends) -> bool:
        path = f"/improvers/workflows/{job.workflow_id}/steps/{step_id}/{act}"
        wish = Wish(act, f"{act}-{next(_NUMBERS)}", b"{}", step_id, path=path, token=worker.token)
        send(self._history.begin(wish))
        return wish.outcome is Outcome.OK


def furnish_work(office: Office, admin: Caller, count: int, reviewer: str) -> WorkPeople:
    """Give an office that nobody serves yet people with a grant, and open workflows that ask for it."""

    def join(uow: UnitOfWork, me: Caller) -> list[tuple[str, str]]:
        joined: list[tuple[str, str]] = []
        for number in range(count):
            wish = NewPerson(f"worker{number}@example.org", "W", frozenset({AccountRole.IMPROVER}), verified=True)
            person = office.people.create(uow, me, wish)
            joined.append((person.user_id, office.people.create_token(uow, me, person.user_id, "work")[1].text))
        return joined

    people = office.acts.run(the_operator(office), join, changes_registry=True)
    granted = [office.granting.grant(admin, NewGrant(user_id, DPW)).grant.grant_id for user_id, _ in people]
    workers = tuple(
        Worker(token, user_id, grant_id) for (user_id, token), grant_id in zip(people, granted, strict=True)
    )
    propose = _proposing(office)
    return WorkPeople(workers, tuple(propose(admin) for _ in range(WORKFLOWS)), reviewer)


def _proposing(office: Office) -> Callable[[Caller], Job]:
    """Give what proposes a workflow and has it opened by an admin."""
    wish = NewPerson("proposer-of-work@example.org", "P", frozenset({AccountRole.PROPOSER}), verified=True)

    def join(uow: UnitOfWork, me: Caller) -> str:
        person = office.people.create(uow, me, wish)
        return office.people.create_token(uow, me, person.user_id, "work")[1].text

    token = office.acts.run(the_operator(office), join, changes_registry=True)
    proposer = office.access.authenticate(f"Bearer {token}", office.registry.current())
    plan = plan_of({"a": [DPW], "b": []}, "aab", bounty=7)

    def propose(admin: Caller) -> Job:
        made = office.acts.run(proposer, lambda uow, me: office.proposing.propose(uow, me, NewWorkflow(plan))).workflow
        name = made.workflow_id
        office.acts.run(admin, lambda uow, me: office.voting.force(uow, me, name, "a fault test"))
        return Job(name, tuple(step.step_id for step in made.steps[:2]))

    return propose


def carrier(
    carry_out: Callable[[int, Wish], object], ports: Callable[[], Sequence[int]], rest: Callable[[], object]
) -> Sends:
    """Send a wish to one server after the other until one answers for good."""

    def send(wish: Wish) -> None:
        for number in range(40):
            at = ports()
            if at:
                carry_out(at[(number + len(wish.key)) % len(at)], wish)
            if wish.outcome is not Outcome.UNKNOWN:
                return
            rest()

    return send
