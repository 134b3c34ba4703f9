"""What a reviewer may decide on, and the figures above their queue."""

from __future__ import annotations

import threading
from collections.abc import Collection
from datetime import datetime, time, timedelta
from statistics import median
from typing import Final

from sealwright.domain.catalog import CredentialType
from sealwright.domain.errors import RoleRequired
from sealwright.domain.people import AccountRole, Caller
from sealwright.domain.requests import RequestFilter, RequestState
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.services.review_values import ScopeStats, ScopeView, TypeStats

MEDIAN_OVER: Final = timedelta(days=90)
# Medians move slowly and cost a long read; nothing is decided on them.
MEDIANS_KEEP: Final = timedelta(minutes=5)

_Medians = dict[str, int]


def require_reviewer(caller: Caller) -> None:
    """Refuse who is neither issuer nor admin; raises RoleRequired."""
    if not caller.has_role(AccountRole.ISSUER):
        raise RoleRequired("This act needs the issuer role.")


def scope_types(caller: Caller) -> frozenset[str] | None:
    """The credential types that a reviewer sees; None for admins, who see every one."""
    if caller.is_admin:
        return None
    return frozenset(caller.person.scopes) if caller.person is not None else frozenset()


class QueueScope:
    """Reads a reviewer's scope; medians are kept for a few minutes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._medians: dict[frozenset[str] | None, tuple[datetime, _Medians]] = {}

    def view(self, uow: UnitOfWork, caller: Caller, *, stats: bool) -> ScopeView:
        """The caller's scope, with the figures above their queue if wanted. Raises RoleRequired."""
        require_reviewer(caller)
        types = scope_types(caller)
        shown = [kind for kind in uow.types.all() if types is None or kind.value in types]
        profile = uow.enrollment.issuer(caller.person.user_id) if caller.person is not None else None
        person = caller.person
        return ScopeView(
            user_id=caller.user_id,
            is_issuer=person is not None and AccountRole.ISSUER in person.roles,
            is_admin=caller.is_admin,
            allowed_credentials=tuple(kind.value for kind in shown),
            organization=profile.organization if profile is not None else None,
            nickname=profile.nickname if profile is not None else None,
            stats=self._stats(uow, caller, types, shown) if stats else None,
        )

    def _stats(
        self, uow: UnitOfWork, caller: Caller, types: frozenset[str] | None, shown: list[CredentialType]
    ) -> ScopeStats:
        now = self._clock.now()
        waits = uow.figures.waits(types, now)
        medians = self._medians_of(uow, types, now)
        rows = tuple(
            TypeStats(
                credential_type=kind.value,
                label=kind.label,
                pending=waits.get(kind.value, (0, None))[0],
                oldest_at=waits.get(kind.value, (0, None))[1],
                median_decision_seconds=medians.get(kind.value),
            )
            for kind in shown
        )
        late = {kind.value: now - timedelta(hours=kind.target_hours) for kind in shown if kind.target_hours is not None}
        pending = frozenset({RequestState.PENDING})
        today = datetime.combine(now.date(), time(), tzinfo=now.tzinfo)
        return ScopeStats(
            pending=sum(row.pending for row in rows),
            oldest_at=min((row.oldest_at for row in rows if row.oldest_at is not None), default=None),
            past_target=_count(uow, RequestFilter(states=pending, types=types, late_before=late)) if late else 0,
            needs_info=_count(uow, RequestFilter(states=pending, types=types, needs_info=True)),
            decided_today=uow.figures.decided_by(caller.user_id, today),
            types=rows,
        )

    def _medians_of(self, uow: UnitOfWork, types: frozenset[str] | None, now: datetime) -> _Medians:
        with self._lock:
            known = self._medians.get(types)
        if known is not None and abs(now - known[0]) < MEDIANS_KEEP:
            return known[1]
        figures = uow.figures.decisions(types, now - MEDIAN_OVER, now, days_per_period=MEDIAN_OVER.days)
        seconds: dict[str, list[int]] = {}
        for one in figures:
            seconds.setdefault(one.credential_type, []).extend(one.decided_seconds)
        found = {value: int(median(each)) for value, each in seconds.items() if each}
        with self._lock:
            if len(self._medians) >= 1_000:
                self._medians.clear()
            self._medians[types] = (now, found)
        return found


def narrowed(wanted: RequestFilter, types: Collection[str] | None) -> frozenset[str] | None:
    """The types of a filter that lie inside a scope; None means every one."""
    if types is None:
        return wanted.types
    return frozenset(types) if wanted.types is None else wanted.types & frozenset(types)


def _count(uow: UnitOfWork, wanted: RequestFilter) -> int:
    if wanted.types is not None and not wanted.types:
        return 0
    return uow.requests.list(wanted, page=1, count=1).total
