"""A filter of the queue as storage reads it: what may be in a list, and the conditions that say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from sealwright.domain.folding import fold
from sealwright.domain.requests import RequestFilter, RequestState
from sealwright.storage.column_types import seconds_of
from sealwright.storage.desk_tables import requests
from sealwright.storage.request_rows import ASSIGNED, EVERY_MARKS, NEEDS_INFO

PENDING: Final = RequestState.PENDING.value
EVERY_STATE: Final = tuple(sorted(state.value for state in RequestState))
Condition = sa.ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Wish:
    """Which requests a list shows.

    Args:
        types: Sorted; None means every type.
        marks: The sets of marks that pass.
        after, before: Bounds of `requested_at` in Unix seconds; the second is excluded.
        late: By type, the moment before which a request is late; None where lateness does not matter.
        resolved_by, resolved_after: Who decided, and from which moment on.
        needle: The folded text to search for; empty for none.
    """

    states: tuple[str, ...]
    types: tuple[str, ...] | None
    marks: tuple[int, ...]
    after: int | None
    before: int | None
    assignee: str | None
    user_id: str | None
    needle: str
    late: tuple[tuple[str, int], ...] | None = None
    resolved_by: str | None = None
    resolved_after: int | None = None

    @classmethod
    def of(cls, wanted: RequestFilter) -> Wish:
        """Read a filter."""
        marks = [
            marks
            for marks in EVERY_MARKS
            if (wanted.needs_info is None or bool(marks & NEEDS_INFO) is wanted.needs_info)
            and not (wanted.unassigned and marks & ASSIGNED)
        ]
        return cls(
            states=tuple(sorted(state.value for state in wanted.states)) or EVERY_STATE,
            types=None if wanted.types is None else tuple(sorted(wanted.types)),
            marks=tuple(marks),
            after=None if wanted.requested_after is None else seconds_of(wanted.requested_after),
            before=None if wanted.requested_before is None else seconds_of(wanted.requested_before),
            assignee=wanted.assignee,
            user_id=wanted.user_id,
            needle=fold(wanted.search or ""),
            late=None
            if wanted.late_before is None
            else tuple(sorted((value, seconds_of(at)) for value, at in wanted.late_before.items())),
            resolved_by=wanted.resolved_by,
            resolved_after=None if wanted.resolved_after is None else seconds_of(wanted.resolved_after),
        )

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing can match."""
        return self.types == () or not self.marks or self.late == ()

    @property
    def has_every_mark(self) -> bool:
        """Tell whether marks do not matter."""
        return len(self.marks) == len(EVERY_MARKS)

    @property
    def has_age(self) -> bool:
        """Tell whether the moment of asking matters."""
        return self.after is not None or self.before is not None

    @property
    def has_owner(self) -> bool:
        """Tell whether something is asked for that no counter has: somebody's requests, or the late ones."""
        named = (self.assignee, self.user_id, self.resolved_by, self.resolved_after, self.late)
        return any(one is not None for one in named)

    def conditions(self, states: tuple[str, ...]) -> list[Condition]:
        """Give everything but the search as conditions, for some of the states."""
        found: list[Condition] = []
        if len(states) < len(EVERY_STATE):
            found.append(requests.c.state.in_(list(states)))
        if self.types is not None:
            found.append(requests.c.credential_type.in_(self.types))
        if not self.has_every_mark:
            found.append(requests.c.marks.in_(self.marks))
        if states == (PENDING,):
            # Known to be the same while pending, so that the order's index has the bounds too.
            found += [requests.c.phase == sa.literal_column("0"), *self._bounds(requests.c.sorted_at)]
        else:
            found += self._bounds(requests.c.requested_at)
            if self.after is not None and PENDING not in states:
                # Nothing is decided before it was asked for.
                found.append(sa.type_coerce(requests.c.sorted_at, sa.BigInteger) >= self.after)
        if self.assignee is not None:
            found.append(requests.c.assignee_user_id == self.assignee)
        if self.user_id is not None:
            found.append(requests.c.user_id == self.user_id)
        if self.resolved_by is not None:
            found.append(requests.c.resolved_by == self.resolved_by)
        if self.resolved_after is not None:
            found.append(sa.type_coerce(requests.c.resolved_at, sa.BigInteger) >= self.resolved_after)
        if self.late is not None:
            asked = sa.type_coerce(requests.c.requested_at, sa.BigInteger)
            found.append(sa.or_(*(sa.and_(requests.c.credential_type == value, asked < at) for value, at in self.late)))
        return found

    def age_conditions(self) -> list[Condition]:
        """Give the bounds of age alone."""
        return self._bounds(requests.c.requested_at)

    def _bounds(self, column: sa.ColumnElement[Any]) -> list[Condition]:
        """Give the bounds of `requested_at`, of a column that holds it."""
        seconds = sa.type_coerce(column, sa.BigInteger)
        found: list[Condition] = []
        if self.after is not None:
            found.append(seconds >= self.after)
        if self.before is not None:
            found.append(seconds < self.before)
        return found
