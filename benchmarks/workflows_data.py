"""A large office for the bench of workflows: people with grants, and open workflows, written in bulk."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from benchmarks.queue_data import make_person, row_of, writer_of
from sealwright.domain.grants import NEVER, Grant
from sealwright.domain.ids import new_id
from sealwright.domain.people import AccountRole
from sealwright.domain.recurrence import Recurrence, Schedule
from sealwright.domain.series import Series, instance_of
from sealwright.domain.workflow_plans import PlannedRole, PlannedStep, WorkflowPlan
from sealwright.domain.workflows import StepClaim, Workflow
from sealwright.domain.working import approve, claim_role
from sealwright.storage.bulk_rows import RowWriter
from sealwright.storage.desk_tables import grants
from sealwright.storage.engines import Database
from sealwright.storage.feed_index import entries_of
from sealwright.storage.feed_sets import combination_of, free_sets, needs_text, set_id_of
from sealwright.storage.grants import grant_values
from sealwright.storage.json_columns import json_text
from sealwright.storage.people_index import keys_of
from sealwright.storage.person_rows import values_of
from sealwright.storage.series import series_values
from sealwright.storage.tables import people, person_keys, person_roles
from sealwright.storage.transaction import Transaction, open_transaction
from sealwright.storage.workflow_claims import claim_values
from sealwright.storage.workflow_rows import role_values, step_values, workflow_values
from sealwright.storage.workflow_tables import (
    feed_combinations,
    feed_entries,
    requirement_sets,
    series_claims,
    step_claims,
    workflow_roles,
    workflow_series,
    workflow_steps,
    workflows,
)
from tests.support.office import START

TYPES: Final = tuple(f"skill_{number:02d}" for number in range(50))
# Some skills are asked for everywhere, most of them by few.
WEIGHTS: Final = tuple(1 / (number + 1) for number in range(len(TYPES)))
GRANTS_A_PERSON: Final = 5
STEPS: Final = "abaab"
# Kinds of work that come again and again, with what their roles need; 0: no two workflows need the same on purpose.
KINDS: Final = 500
_BATCH: Final = 4_000
_TAKEN: Final = 0.2


class Filler:
    """Writes an office's store in bulk, in the form in which its own repositories would."""

    def __init__(self, database: Database, kinds: int = KINDS) -> None:
        self._database = database
        self._chance = random.Random(11)
        self._kinds = [self._plan() for _ in range(kinds)]
        self.people: list[str] = []
        self._combined: Counter[tuple[int, ...]] = Counter()
        self._sets: dict[int, str] = {}

    def add_people(self, count: int) -> None:
        """Add improvers, each with five active grants."""
        with self._bulk() as transaction:
            first = int(transaction.driver_rows("SELECT max(person_no) FROM people", ())[0][0]) + 1
            for start in range(0, count, _BATCH):
                self._people(transaction, range(first + start, first + min(start + _BATCH, count)))
            transaction.commit()

    def add_workflows(self, count: int) -> None:
        """Add open workflows of two roles and five steps; in a fifth of them somebody has taken a role."""
        with self._bulk() as transaction:
            for start in range(0, count, _BATCH):
                made = [
                    self._workflow(self._next_plan(), days=self._chance.randrange(-20, 20))
                    for _ in range(min(_BATCH, count - start))
                ]
                self._write(transaction, made, self._claims(made))
            self._count(transaction)
            transaction.commit()

    def give_work(self, user_id: str, kind: str, grant_id: str, count: int, *, weekly: bool) -> None:
        """Give somebody a role in so many workflows by one grant; nothing of it is begun, and it begins tomorrow."""
        plan = WorkflowPlan("Patrol", (_role("a", {kind}), _role("b", set())), _steps())
        with self._bulk() as transaction:
            made = [self._workflow(plan, days=1, weekly=weekly) for _ in range(count)]
            claims = []
            for place, (series, workflow) in enumerate(made):
                claim = StepClaim(
                    new_id("clm"), workflow.workflow_id, workflow.roles[0].role_id, user_id, START, {kind: grant_id}
                )
                made[place] = series, claim_role(workflow, workflow.roles[0], user_id, claim.claim_id, START).workflow
                claims.append(claim)
            self._write(transaction, made, claims)
            if weekly:
                wishes = [
                    (series.series_id, order, user_id, int(START.timestamp()))
                    for series, _ in made
                    for order in (1, 3, 4)
                ]
                RowWriter(series_claims).write(transaction, wishes)
            self._count(transaction)
            transaction.commit()

    def settle(self) -> None:
        """Let the database look at what it has been given."""
        if self._database.is_sqlite:
            with self._database.writers.connect() as connection:
                connection.exec_driver_sql("ANALYZE")
                connection.commit()
            return
        with self._database.postgres() as driver:
            driver.execute("SET statement_timeout = 0")
            driver.execute("VACUUM ANALYZE")

    # -- parts -------------------------------------------------------------------------------------

    def _bulk(self) -> _Bulk:
        return _Bulk(self._database)

    def _people(self, transaction: Transaction, numbers: range) -> None:
        rows: list[list[tuple[object, ...]]] = [[], [], []]
        held = []
        for number in numbers:
            person = replace(make_person(number, self._chance), created_at=START)
            values = {**values_of(person), "user_id": person.user_id, "person_no": number}
            rows[0].append(row_of(people, values))
            rows[1] += [(kind, key, person.user_id) for kind, key in keys_of(person)]
            rows[2].append((AccountRole.IMPROVER.value, person.user_id, number))
            self.people.append(person.user_id)
            held += [
                row_of(
                    grants,
                    grant_values(Grant(new_id("grt"), person.user_id, kind, "usr_reviewer", START, sign_after=NEVER)),
                )
                for kind in self._some(GRANTS_A_PERSON)
            ]
        for table, some in zip((people, person_keys, person_roles), rows, strict=True):
            writer_of(table).write(transaction, some)
        writer_of(grants).write(transaction, held)

    def _some(self, count: int) -> set[str]:
        """So many types, the popular ones more often."""
        found: set[str] = set()
        while len(found) < count:
            found.update(self._chance.choices(TYPES, WEIGHTS, k=count - len(found)))
        return found

    def _next_plan(self) -> WorkflowPlan:
        return self._chance.choice(self._kinds) if self._kinds else self._plan()

    def _plan(self) -> WorkflowPlan:
        needs = [self._some(self._chance.choices((1, 2, 3), (75, 20, 5))[0]) for _ in "ab"]
        return WorkflowPlan("Street work", (_role("a", needs[0]), _role("b", needs[1])), _steps())

    def _workflow(self, plan: WorkflowPlan, *, days: int, weekly: bool = False) -> tuple[Series, Workflow]:
        listed = START - timedelta(seconds=self._chance.randrange(365 * 86_400))
        start_at = START + timedelta(days=days)
        recurrence = Recurrence.WEEKLY if weekly else Recurrence.ONE_TIME
        series = Series(new_id("ser"), "usr_proposer", plan, Schedule(recurrence, start_at), listed)
        return series, approve(instance_of(series, 0, start_at, listed), listed).workflow

    def _claims(self, made: list[tuple[Series, Workflow]]) -> list[StepClaim]:
        """Let somebody take a role in some of them."""
        claims = []
        for place, (series, workflow) in enumerate(made):
            if self._chance.random() > _TAKEN:
                continue
            role = self._chance.choice(workflow.roles)
            claim = StepClaim(
                new_id("clm"), workflow.workflow_id, role.role_id, self._chance.choice(self.people), START
            )
            claims.append(claim)
            made[place] = series, claim_role(workflow, role, claim.user_id, claim.claim_id, START).workflow
        return claims

    def _write(
        self, transaction: Transaction, made: list[tuple[Series, Workflow]], claims: Sequence[StepClaim]
    ) -> None:
        flows = [workflow for _, workflow in made]
        writer_of(workflow_series).write(transaction, [row_of(workflow_series, series_values(one)) for one, _ in made])
        RowWriter(workflows).write(transaction, [workflow_values(flow) for flow in flows])
        RowWriter(workflow_roles).write(
            transaction, [role_values(flow, place, role) for flow in flows for place, role in enumerate(flow.roles)]
        )
        RowWriter(workflow_steps).write(transaction, [step_values(flow, step) for flow in flows for step in flow.steps])
        RowWriter(step_claims).write(transaction, [claim_values(claim) for claim in claims])
        RowWriter(feed_entries).write(transaction, [entry for flow in flows for entry in entries_of(flow)])
        for flow in flows:
            for role in flow.roles:
                self._sets[set_id_of(role.required_credentials)] = needs_text(role.required_credentials)
            if sets := free_sets(flow):
                self._combined[sets] += 1

    def _count(self, transaction: Transaction) -> None:
        """Write the counters of all that was added so far."""
        for table in (feed_combinations, requirement_sets):
            transaction.driver_rows(f"DELETE FROM {table.name}", ())
        counted = [(combination_of(sets), json_text(sets), count) for sets, count in self._combined.items()]
        RowWriter(feed_combinations).write(transaction, counted)
        RowWriter(requirement_sets).write(transaction, list(self._sets.items()))


class _Bulk:
    """A transaction that may take long."""

    def __init__(self, database: Database) -> None:
        self._opened = open_transaction(database, write=True)

    def __enter__(self) -> Transaction:
        transaction = self._opened.__enter__()
        if not transaction.is_sqlite:
            transaction.driver_rows("SET LOCAL statement_timeout = 0", ())
        return transaction

    def __exit__(self, *error: object) -> None:
        self._opened.__exit__(*error)  # type: ignore[arg-type]


def _role(name: str, needs: set[str]) -> PlannedRole:
    return PlannedRole(name, name.upper(), tuple(sorted(needs)))


def _steps() -> tuple[PlannedStep, ...]:
    words = "Look at the place, write down what is broken, and take a picture of it before you begin."
    return tuple(PlannedStep(f"Step {place}", role, words, bounty=20) for place, role in enumerate(STEPS, 1))
