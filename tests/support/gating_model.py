"""A small model of gating, told from the contract alone: who may do what with which step, and what a loss takes away.

It shares no code with what it judges. Everything is small and mutable; a refused act is carried out on a copy that is
thrown away.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

DAY: Final = timedelta(days=1)
KEEP_CURRENT, RELEASE_UNSTARTED, RELEASE_ALL, RETAIN_ALL = (
    "keep_current_release_future",
    "release_unstarted",
    "release_all",
    "retain_all",
)


class Refused(Exception):
    """An act that must be refused, with the name of the refusal and the types that are missing."""

    def __init__(self, name: str, missing: tuple[str, ...] = ()) -> None:
        super().__init__(name, missing)
        self.name = name
        self.missing = missing


@dataclass
class Right:
    """The newest grant of a person and type."""

    state: str = "active"
    ends: datetime | None = None


@dataclass
class Step:
    """One step of an instance; states as the clock has them are asked with `Instance.state_of`."""

    role: int
    state: str = "locked"
    who: str | None = None
    by_override: bool = False
    # How it was handed in: as done, or as not possible.
    possible: bool | None = None

    @property
    def done(self) -> bool:
        return self.state == "completed"


@dataclass
class Instance:
    """One instance; `state` is approved, in_progress, completed, skipped or failed."""

    name: str
    start: datetime
    steps: list[Step]
    holders: list[str | None]
    state: str = "approved"

    @property
    def open(self) -> bool:
        return self.state in ("approved", "in_progress")

    def of(self, role: int) -> list[Step]:
        return [step for step in self.steps if step.role == role]

    def state_of(self, place: int, now: datetime) -> str:
        step = self.steps[place]
        return "available" if step.state == "locked" and place == 0 and self.open and self.start <= now else step.state

    def held(self, person: str) -> list[int]:
        if not self.open:
            return []
        return [place for place, step in enumerate(self.steps) if step.who == person and not step.done]

    def has_left(self, role: int) -> bool:
        """A step of the role waits for somebody."""
        return self.open and any(step.who is None and not step.done for step in self.of(role))

    def free(self, role: int) -> bool:
        return self.holders[role] is None and self.has_left(role)

    def bound(self, person: str, role: int) -> bool:
        """The person has, or had, another role here."""
        others = [other for other in range(len(self.holders)) if other != role]
        return any(self.holders[one] == person or any(s.who == person for s in self.of(one)) for one in others)


@dataclass
class Line:
    """A series: needs by role, roles by step, and how its instances follow each other."""

    name: str
    needs: list[frozenset[str]]
    order: list[int]
    first: datetime
    every: timedelta | None
    instances: list[Instance] = field(default_factory=list)
    # Who wants which step, since when.
    wishes: dict[tuple[int, str], datetime] = field(default_factory=dict)
    # Person, place, from, until.
    away: list[tuple[str, int, datetime, datetime]] = field(default_factory=list)

    def places(self, role: int) -> list[int]:
        return [place for place, one in enumerate(self.order) if one == role]

    def is_away(self, person: str, role: int, start: datetime) -> bool:
        places = self.places(role)
        return any(who == person and at in places and a <= start < b for who, at, a, b in self.away)


@dataclass
class Loss:
    """What a grant's end does: steps kept and released as (instance, place), and wishes as (series, place)."""

    closed: int = 0
    kept: set[tuple[str, int]] = field(default_factory=set)
    released: set[tuple[str, int]] = field(default_factory=set)
    wishes: set[tuple[str, int]] = field(default_factory=set)


@dataclass
class Model:
    """The whole small world."""

    now: datetime
    policies: dict[str, str]
    rights: dict[tuple[str, str], Right] = field(default_factory=dict)
    active: dict[str, bool] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)

    def trial(self) -> Model:
        """A copy, to carry out what may be refused."""
        return copy.deepcopy(self)

    # -- rights ------------------------------------------------------------------------------------------

    def right(self, person: str, kind: str) -> str:
        """The state as of now; none where nothing was ever granted."""
        found = self.rights.get((person, kind))
        if found is None:
            return "none"
        if found.state in ("active", "suspended") and found.ends is not None and found.ends <= self.now:
            return "expired"
        return found.state

    def types_of(self, person: str) -> frozenset[str]:
        return frozenset(kind for kind in self.policies if self.right(person, kind) == "active")

    def overdue(self, person: str) -> list[str]:
        """Types whose grant has ended by the clock, and nobody has recorded it."""
        return [
            kind
            for kind in self.policies
            if self.right(person, kind) == "expired" and self.rights[person, kind].state != "expired"
        ]

    def give(self, person: str, kind: str, ends: datetime | None) -> int:
        """Grant; gives how many roles that are free now open by it."""
        if not self.active[person]:
            raise Refused("NotAnApprovedImprover")
        if self.right(person, kind) in ("active", "suspended"):
            raise Refused("GrantInForce")
        opening = self._free_roles(self.types_of(person) | {kind}, kind)
        if kind in self.overdue(person):
            self.end(person, kind, "expired")
        self.rights[person, kind] = Right("active", ends)
        return opening

    def pause(self, person: str, kind: str) -> int:
        self._require_in_force(person, kind)
        closing = self._free_roles(self.types_of(person), kind)
        self.rights[person, kind].state = "suspended"
        return closing

    def resume(self, person: str, kind: str) -> int:
        self._require_in_force(person, kind)
        was = self.rights[person, kind].state
        self.rights[person, kind].state = "active"
        return self._free_roles(self.types_of(person), kind) if was == "suspended" else 0

    def revoke(self, person: str, kind: str) -> Loss:
        self._require_in_force(person, kind)
        return self.end(person, kind, "revoked")

    def end(self, person: str, kind: str, state: str) -> Loss:
        """Take a right away for ever, and what its type's policy takes with it."""
        loss = Loss(closed=self._free_roles(self.types_of(person), kind))
        policy = self.policies[kind]
        self.rights[person, kind].state = state
        for line in self.lines:
            touched = [role for role, needs in enumerate(line.needs) if kind in needs]
            for instance in line.instances:
                self._lose(instance, person, touched, policy, loss)
            for place, who in list(line.wishes):
                if who == person and line.order[place] in touched and policy != RETAIN_ALL:
                    del line.wishes[place, who]
                    loss.wishes.add((line.name, place))
        return loss

    def _lose(self, instance: Instance, person: str, touched: list[int], policy: str, loss: Loss) -> None:
        for place in instance.held(person):
            step = instance.steps[place]
            if step.role not in touched or step.by_override:
                continue
            begun = step.state == "in_progress"
            stays = {
                KEEP_CURRENT: begun or instance.start <= self.now,
                RELEASE_UNSTARTED: begun,
                RELEASE_ALL: False,
                RETAIN_ALL: True,
            }[policy]
            (loss.kept if stays else loss.released).add((instance.name, place))
            if not stays:
                self._drop(instance, place)

    def _require_in_force(self, person: str, kind: str) -> None:
        state = self.right(person, kind)
        if state == "none":
            raise Refused("GrantNotFound")
        if state == "revoked":
            raise Refused("AlreadyRevoked")
        if state == "expired":
            raise Refused("StateConflict")

    def _free_roles(self, held: frozenset[str], kind: str) -> int:
        if kind not in held:
            return 0
        return sum(
            instance.free(role) and kind in needs and needs <= held
            for line, instance in self.instances()
            for role, needs in enumerate(line.needs)
        )

    # -- work --------------------------------------------------------------------------------------------

    def instances(self) -> Iterator[tuple[Line, Instance]]:
        return ((line, instance) for line in self.lines for instance in line.instances)

    def claim(self, person: str, line: Line, instance: Instance, place: int, *, override: bool = False) -> bool:
        """Take a role; False where it is theirs already and nothing is done."""
        step = instance.steps[place]
        role, needs = step.role, line.needs[step.role]
        self.settle(person, needs)
        if instance.open and instance.holders[role] == person and step.who == person:
            return False
        missing = tuple(sorted(needs - self.types_of(person)))
        if missing and not override:
            raise Refused("MissingCredentials", missing)
        if line.is_away(person, role, instance.start):
            raise Refused("Absent")
        if not instance.open:
            raise Refused("StepNotAvailable")
        if step.done or step.who not in (None, person):
            raise Refused("StepAlreadyClaimed")
        if instance.holders[role] not in (None, person) or not instance.has_left(role):
            raise Refused("StepAlreadyClaimed")
        if instance.bound(person, role):
            raise Refused("RoleAlreadyHeld")
        by_override = bool(missing)
        self._take(instance, role, person, by_override)
        if line.every is not None and not by_override:
            for one in line.places(role):
                line.wishes.setdefault((one, person), self.now)
        return True

    def settle(self, person: str, kinds: frozenset[str]) -> None:
        """Record what the clock has ended, as an act on these types does first."""
        for kind in self.overdue(person):
            if kind in kinds:
                self.end(person, kind, "expired")

    def start(self, person: str, line: Line, instance: Instance, place: int) -> None:
        step = instance.steps[place]
        if step.who != person:
            raise Refused("NotStepHolder")
        self.settle(person, line.needs[step.role])
        if step.who != person:
            raise Refused("NotStepHolder")
        if instance.open and step.state == "in_progress":
            return
        unmet = [kind for kind in sorted(line.needs[step.role]) if self.right(person, kind) != "active"]
        # A policy that has run has left the step; a suspension leaves it and keeps it shut.
        shut = tuple(kind for kind in unmet if self.right(person, kind) not in ("revoked", "expired"))
        if shut and not step.by_override:
            raise Refused("MissingCredentials", shut)
        if not instance.open or instance.state_of(place, self.now) != "available":
            raise Refused("StepNotAvailable")
        step.state, instance.state = "in_progress", "in_progress"

    def complete(self, person: str, line: Line, instance: Instance, place: int, *, possible: bool) -> None:
        step = instance.steps[place]
        if step.who != person:
            raise Refused("NotStepHolder")
        if step.done and step.possible is possible:
            return
        if not instance.open or step.state != "in_progress":
            raise Refused("StepNotAvailable")
        step.state, step.possible = "completed", possible
        if possible and place + 1 < len(instance.steps):
            instance.steps[place + 1].state = "available"
            return
        self.close(line, instance, "completed")

    def release(self, instance: Instance, place: int, by: str | None) -> None:
        """Give a role's unfinished steps back; `by` None is an admin who has none of it."""
        step = instance.steps[place]
        if step.who is None or by not in (step.who, None):
            raise Refused("NotStepHolder")
        if step.done:
            raise Refused("StepNotAvailable")
        for other in instance.held(step.who):
            if instance.steps[other].role == step.role and other != place:
                self._drop(instance, other)
        self._drop(instance, place)

    def close(self, line: Line, instance: Instance, state: str) -> None:
        """End an instance; the series goes on from the newest one. Failing it again changes nothing."""
        if instance.state == state == "failed":
            return
        if not instance.open:
            raise Refused("StateConflict")
        instance.state = state
        for step in instance.steps:
            if not step.done:
                step.state = "available" if step.state == "in_progress" else step.state
                step.who, step.by_override = None, False
        if line.every is not None and instance is line.instances[-1]:
            latest = line.first + line.every * ((self.now - line.first) // line.every)
            start = latest if latest > instance.start else instance.start + line.every
            self._follow(line, start)

    def skip_due(self) -> None:
        for line in self.lines:
            newest = line.instances[-1]
            nothing_begun = newest.open and all(step.state in ("locked", "available") for step in newest.steps)
            if line.every is not None and nothing_begun and newest.start + line.every <= self.now:
                self.close(line, newest, "skipped")

    def _follow(self, line: Line, start: datetime) -> None:
        made = Instance("", start, [Step(role) for role in line.order], [None] * len(line.needs))
        line.instances.append(made)
        for role, needs in enumerate(line.needs):
            since: dict[str, datetime] = {}
            for (place, person), at in line.wishes.items():
                if line.order[place] == role:
                    since[person] = min(at, since.get(person, at))
            for person in sorted(since, key=lambda one: (since[one], one)):
                fits = needs <= self.types_of(person) and self.active[person]
                if fits and not made.bound(person, role) and not line.is_away(person, role, start):
                    self._take(made, role, person, by_override=False)
                    break

    def unclaim(self, person: str, line: Line, place: int) -> tuple[int, int]:
        """Leave a role of a series: what is not begun goes back; gives counts of released and kept steps."""
        role, released, kept = line.order[place], 0, 0
        wishes = [key for key in line.wishes if key[1] == person and line.order[key[0]] == role]
        for instance in line.instances:
            if not instance.open:
                continue
            for at, step in enumerate(instance.steps):
                if step.role != role or step.who != person:
                    continue
                if step.done or step.state == "in_progress":
                    kept += 1
                else:
                    released += 1
                    self._drop(instance, at)
        if not wishes and not released:
            raise Refused("NothingToRelease")
        for key in wishes:
            del line.wishes[key]
        return released, kept

    def leave(self, person: str) -> None:
        """Deactivate somebody: all that they have not finished goes back."""
        self.active[person] = False
        for line, instance in self.instances():
            for place in instance.held(person):
                self._drop(instance, place)
            for key in [key for key in line.wishes if key[1] == person]:
                del line.wishes[key]

    def be_away(self, person: str, line: Line, place: int, since: datetime, until: datetime) -> None:
        """Take no instance that begins within a span; only who has to do with a series can be away from it."""
        near = [one for one in line.instances if one.open]
        takes_part = any(who == person for _, who in line.wishes) or any(
            (who, at) == (person, place) for who, at, *_ in line.away
        )
        if not takes_part and not any(person in one.holders or any(s.who == person for s in one.steps) for one in near):
            raise Refused("WorkflowNotFound")
        line.away.append((person, place, since, until))
        for instance in line.instances:
            for at in instance.held(person):
                step = instance.steps[at]
                away = step.role == line.order[place] and since <= instance.start < until
                if away and step.state != "in_progress":
                    self._drop(instance, at)

    @staticmethod
    def _take(instance: Instance, role: int, person: str, by_override: bool) -> None:
        instance.holders[role] = person
        for step in instance.of(role):
            if step.who in (None, person) and not step.done:
                step.who, step.by_override = person, by_override

    @staticmethod
    def _drop(instance: Instance, place: int) -> None:
        """Take one step from whoever has it; they hold the role no longer."""
        step = instance.steps[place]
        if instance.holders[step.role] == step.who:
            instance.holders[step.role] = None
        step.who, step.by_override = None, False
        step.state = "available" if step.state == "in_progress" else step.state

    # -- what people see -----------------------------------------------------------------------------------

    def claimable(self, person: str, line: Line, instance: Instance) -> list[int]:
        """The places that somebody may claim now."""
        held = self.types_of(person)
        roles = [role for role in self._possible(person, line, instance) if line.needs[role] <= held]
        return [p for p, step in enumerate(instance.steps) if step.role in roles and step.who is None and not step.done]

    @staticmethod
    def _possible(person: str, line: Line, instance: Instance) -> list[int]:
        """The roles that somebody could claim if they held every type."""
        return [
            role
            for role in range(len(line.needs))
            if instance.holders[role] in (None, person)
            and instance.has_left(role)
            and not instance.bound(person, role)
            and not line.is_away(person, role, instance.start)
        ]

    def would_open(self, person: str) -> dict[str, int]:
        """For each type that is not held: how many instances ask for it, and are open to the person in no way."""
        held, found = self.types_of(person), Counter[str]()
        for line, instance in self.instances():
            wanted = [line.needs[role] for role in self._possible(person, line, instance)]
            if not any(needs <= held for needs in wanted):
                found.update(frozenset[str]().union(*wanted) - held)
        return dict(found)

    def feed(self, person: str) -> dict[str, tuple[list[int], list[int]]]:
        """Instances with something held or to claim: the held places, and the claimable ones."""
        seen = {}
        for line, instance in self.instances():
            held, free = instance.held(person), self.claimable(person, line, instance)
            if held or free:
                seen[instance.name] = (held, free)
        return seen
