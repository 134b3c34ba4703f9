"""The invariants of claims, steps and payouts (I4, I6, I8), told from what lies in the tables and in the trail.

It reads by SQL and shares no code with what it judges.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from tests.support.rows import Rows

Fault: TypeAlias = tuple[str, str, str]

_OPEN: Final = ("approved", "in_progress")
_DONE: Final = ("completed", "paid_out")
_EVENTS: Final = ("step.claimed", "step.claim_overridden", "step.completed", "grant.revoked")


@dataclass(frozen=True, slots=True)
class Instance:
    """A stored instance."""

    status: str
    start_at: int
    listed_at: int | None


@dataclass(frozen=True, slots=True)
class Role:
    """A stored workflow role with the text of its needs."""

    workflow_id: str
    held_by: str | None
    set_id: int
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A stored step."""

    workflow_id: str
    role_id: str
    bounty: int
    status: str
    assigned_to: str | None
    claim_id: str | None
    not_possible: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """A stored claim; `satisfied_by` is grant ids by type."""

    workflow_id: str
    role_id: str
    user_id: str
    satisfied_by: Mapping[str, str]
    override: bool
    has_ended: bool


@dataclass(frozen=True, slots=True)
class Work:
    """Instances, roles, steps, claims, payouts and the feed's index as stored, and the trail about them.

    Args:
        trail: Where each event stands in the trail, by kind and object.
        policies: By credential type.
        entries: The feed's index: set, moment and instance.
        combined: How often each combination of sets is counted.
    """

    instances: Mapping[str, Instance]
    roles: Mapping[str, Role]
    steps: Mapping[str, Step]
    claims: Mapping[str, Claim]
    payouts: Mapping[str, list[str]]
    grants: Mapping[str, tuple[str, str, str]]
    policies: Mapping[str, str]
    trail: Mapping[tuple[str, str], list[int]]
    entries: frozenset[tuple[int, int, str]]
    combined: Mapping[str, int]

    @classmethod
    def read(cls, rows: Rows) -> Work:
        """Read everything."""
        needs = {row[0]: tuple(json.loads(row[1])) for row in rows.read("SELECT set_id, needs FROM requirement_sets")}
        trail: dict[tuple[str, str], list[int]] = defaultdict(list)
        kinds = ", ".join(f"'{kind}'" for kind in _EVENTS)
        for sequence, action, subject in rows.read(
            f"SELECT sequence, action, object_id FROM audit_rows WHERE action IN ({kinds}) ORDER BY sequence"
        ):
            trail[action, subject].append(sequence)
        payouts: dict[str, list[str]] = defaultdict(list)
        for step_id, payee in rows.read("SELECT step_id, payee_user_id FROM payouts"):
            payouts[step_id].append(payee)
        return cls(
            instances={
                row[0]: Instance(*row[1:])
                for row in rows.read("SELECT workflow_id, status, start_at, listed_at FROM workflows")
            },
            roles={
                row[0]: Role(row[1], row[2], row[3], needs[row[3]])
                for row in rows.read("SELECT role_id, workflow_id, held_by, set_id FROM workflow_roles")
            },
            steps={row[0]: _step(row[1:]) for row in rows.read(_STEPS)},
            claims={row[0]: _claim(row[1:]) for row in rows.read(_CLAIMS)},
            payouts=payouts,
            grants={
                row[0]: (row[1], row[2], row[3])
                for row in rows.read("SELECT grant_id, user_id, credential_type, status FROM grants")
            },
            policies={row[0]: row[1] for row in rows.read("SELECT value, revocation_policy FROM credential_types")},
            trail=trail,
            entries=frozenset(
                (row[0], row[1], row[2]) for row in rows.read("SELECT set_id, listed_at, workflow_id FROM feed_entries")
            ),
            combined={row[0]: row[1] for row in rows.read("SELECT set_ids, instances FROM feed_combinations")},
        )

    def faults(self) -> Iterator[Fault]:
        """Everything that does not hold: invariant, subject, detail."""
        yield from self._one_holder()
        for claim_id, claim in self.claims.items():
            yield from self._claim(claim_id, claim)
        for step_id, step in self.steps.items():
            yield from self._step(step_id, step)
        yield from self._index()

    def against(self, act: str, subject: str, said: Mapping[str, Any]) -> str:
        """What an answer told of a step or a grant that is not so; empty where it is."""
        if act == "lose":
            state = self.grants[subject][2] if subject in self.grants else "missing"
            return "" if state == "revoked" else f"its revocation was answered, and it is {state}"
        step = self.steps.get(subject)
        if step is None:
            return "was answered, and is not stored"
        if act == "claim":
            users = {one.user_id for one in self.claims.values() if one.role_id == step.role_id}
            told = {one["assigned_improver_id"] for one in said["steps"]}
            return "" if told and told <= users else f"was given to {told}, and {users} had it"
        done = step.status in _DONE and step.assigned_to == said["assigned_improver_id"]
        return "" if done or act == "start" else f"was handed in, and is {step.status}"

    def _one_holder(self) -> Iterator[Fault]:
        live = Counter(claim.role_id for claim in self.claims.values() if not claim.has_ended)
        for role_id, count in live.items():
            if count > 1:
                yield "I6", role_id, f"{count} claims of this role live"
        hands: dict[tuple[str, str], set[str]] = defaultdict(set)
        for role_id, role in self.roles.items():
            if role.held_by is not None:
                hands[role.workflow_id, role.held_by].add(role_id)
        for step in self.steps.values():
            if step.assigned_to is not None:
                hands[step.workflow_id, step.assigned_to].add(step.role_id)
        for (workflow_id, user_id), roles in hands.items():
            if len(roles) > 1:
                yield "I6", workflow_id, f"{user_id} has {len(roles)} of its roles"

    def _claim(self, claim_id: str, claim: Claim) -> Iterator[Fault]:
        kind = "step.claim_overridden" if claim.override else "step.claimed"
        told = self.trail.get((kind, claim_id), [])
        if len(told) != 1:
            yield "I4", claim_id, f"has {len(told)} rows of {kind}"
            return
        if claim.override:
            return
        if missing := set(self.roles[claim.role_id].needs) - claim.satisfied_by.keys():
            yield "I8", claim_id, f"was made without {sorted(missing)}"
        for kind, grant_id in claim.satisfied_by.items():
            owner, of_type, _ = self.grants.get(grant_id, ("", "", ""))
            if (owner, of_type) != (claim.user_id, kind):
                yield "I8", claim_id, f"names {grant_id}, which is no grant of {kind} of its person"
            ended = self.trail.get(("grant.revoked", grant_id), [])
            if ended and ended[0] < told[0]:
                yield "I8", claim_id, f"was made after {grant_id} was revoked"

    def _step(self, step_id: str, step: Step) -> Iterator[Fault]:
        instance, done = self.instances[step.workflow_id], step.status in _DONE
        told = len(self.trail.get(("step.completed", step_id), []))
        if told != int(done):
            yield "I4", step_id, f"is {step.status}, with {told} rows of step.completed"
        paid = self.payouts.get(step_id, [])
        wanted = [step.assigned_to] if done and step.bounty and not step.not_possible else []
        if paid != wanted:
            yield "I6", step_id, f"is {step.status}, and {paid} are owed for it"
        if step.assigned_to is None:
            return
        claim = self.claims.get(step.claim_id or "")
        if claim is None or (claim.user_id, claim.role_id) != (step.assigned_to, step.role_id):
            yield "I6", step_id, f"belongs to {step.assigned_to} by no claim of theirs"
        elif not done:
            yield from self._held(step_id, step, instance, claim)

    def _held(self, step_id: str, step: Step, instance: Instance, claim: Claim) -> Iterator[Fault]:
        """An unfinished step stays with somebody by a live claim, or by what policy leaves after a loss."""
        if instance.status not in _OPEN:
            yield "I6", step_id, f"is held in an instance that is {instance.status}"
        if claim.has_ended and step.status != "in_progress":
            yield "I6", step_id, "is held by a claim that has ended"
        for kind, grant_id in claim.satisfied_by.items():
            if self.grants[grant_id][2] != "revoked" or claim.override:
                continue
            policy = self.policies[kind]
            unbegun = step.status != "in_progress"
            if policy == "release_all" or (policy == "release_unstarted" and unbegun):
                yield "I8", step_id, f"is held by a revoked grant of {kind}, and its policy is {policy}"

    def _index(self) -> Iterator[Fault]:
        """The feed's index is what follows from roles and steps, and nothing else."""
        wanted: set[tuple[int, int, str]] = set()
        combined: Counter[tuple[int, ...]] = Counter()
        left = {step.role_id for step in self.steps.values() if step.assigned_to is None and step.status not in _DONE}
        free: dict[str, list[int]] = defaultdict(list)
        for role_id, role in self.roles.items():
            instance = self.instances[role.workflow_id]
            is_open = instance.status in _OPEN and instance.listed_at is not None
            if is_open and role.held_by is None and role_id in left:
                free[role.workflow_id].append(role.set_id)
        for workflow_id, sets in free.items():
            listed = self.instances[workflow_id].listed_at or 0
            wanted |= {(set_id, listed, workflow_id) for set_id in sets}
            combined[tuple(sorted(sets))] += 1
        for entry in self.entries ^ wanted:
            yield "I9", str(entry), "stands in the feed's index, or is missing there, against roles and steps"
        counted = {tuple(json.loads(text)): count for text, count in self.combined.items() if count}
        if counted != dict(combined):
            yield "I9", "feed_combinations", f"counts {counted}, and there are {dict(combined)}"


_STEPS: Final = (
    "SELECT step_id, workflow_id, role_id, bounty, status, assigned_to, claim_id, submission FROM workflow_steps"
)
_CLAIMS: Final = (
    "SELECT claim_id, workflow_id, role_id, user_id, satisfied_by, override, ended_at IS NOT NULL FROM step_claims"
)


def _step(row: tuple[Any, ...]) -> Step:
    said = json.loads(row[-1]) if row[-1] else {}
    workflow_id, role_id, bounty, status, assigned_to, claim_id = row[:-1]
    is_not = bool(said.get("step_not_possible"))
    return Step(workflow_id, role_id, bounty, status, assigned_to, claim_id, is_not)


def _claim(row: tuple[Any, ...]) -> Claim:
    workflow_id, role_id, user_id, satisfied_by, override, has_ended = row
    return Claim(workflow_id, role_id, user_id, json.loads(satisfied_by), bool(override), bool(has_ended))
