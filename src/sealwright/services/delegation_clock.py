"""What the clock does with delegations: it tells their ends once, and forgets what nothing asks for any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.delegations import ApprovalState, Delegation, DelegationStatus
from sealwright.domain.people import system_actor
from sealwright.services.delegation_events import told_of
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.tasks import Tasks

EXPIRE: Final = "expire delegations"
FORGET: Final = "forget delegations"
EXPIRE_EVERY: Final = timedelta(seconds=30)
FORGET_EVERY: Final = timedelta(hours=1)
EXPIRE_AT_MOST: Final = 200
USES_KEPT: Final = timedelta(days=32)
"""The longest budget looks back 30 days; two more, for clocks that differ."""
CALLS_KEPT: Final = timedelta(days=90)
APPROVALS_KEPT: Final = timedelta(days=90)
_FORGOTTEN_AT_ONCE: Final = 500
_BATCHES: Final = 200
_ACTOR: Final = system_actor("delegations")


class DelegationClock:
    """Two tasks; any number of processes may do them at once."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    def join(self, tasks: Tasks) -> None:
        """Have them done by the clock."""
        tasks.add(EXPIRE, self.expire_due, EXPIRE_EVERY, look=_has_ended)
        tasks.add(FORGET, self.forget, FORGET_EVERY)

    def expire_due(self) -> int:
        """Put on record which delegations have come to their end; gives how many rows were looked at.

        It counts from the moment itself; this only tells of it. Of one that was revoked before, there is nothing to
        tell.
        """
        now = self._clock.now()
        with self._units() as uow:
            over = uow.delegations.expired(now, EXPIRE_AT_MOST)
            if not over:
                return 0
            uow.delegations.tell_expired([one.delegation_id for one in over])
            uow.audit.append(
                *(_row(one, now) for one in over if one.status_at(now) is DelegationStatus.EXPIRED),
            )
            uow.commit()
        return len(over)

    def forget(self) -> int:
        """Drop ledgers' rows behind every budget, and old calls and questions; in short batches.

        Questions whose time is over are closed, and lose what they would have signed or filed. Gives how many it was.
        """
        now = self._clock.now()
        dropped = 0
        for _ in range(_BATCHES):
            with self._units() as uow:
                gone = uow.delegations.forget(
                    uses_before=now - USES_KEPT,
                    calls_before=now - CALLS_KEPT,
                    approvals_before=now - APPROVALS_KEPT,
                    limit=_FORGOTTEN_AT_ONCE,
                )
                uow.commit()
            dropped += gone
            if gone < _FORGOTTEN_AT_ONCE:
                break
        return dropped + self._close_questions(now)

    def _close_questions(self, now: datetime) -> int:
        """Drop what questions whose time is over would have signed or filed; gives how many were closed."""
        closed = 0
        for _ in range(_BATCHES):
            with self._units() as uow:
                over = uow.delegations.overdue_approvals(now, _FORGOTTEN_AT_ONCE)
                for one in over:
                    uow.delegations.update_approval(replace(one.without_content(), state=ApprovalState.EXPIRED))
                uow.commit()
            closed += len(over)
            if len(over) < _FORGOTTEN_AT_ONCE:
                break
        return closed


def _row(delegation: Delegation, now: datetime) -> AuditEntry:
    was = delegation.status_at(delegation.expires_at - timedelta(seconds=1))
    return AuditEntry(
        actor=_ACTOR,
        action="delegation.expired",
        object_type="delegation",
        object_id=delegation.delegation_id,
        at=now,
        before={"status": was.value},
        after={"status": DelegationStatus.EXPIRED.value},
        data=told_of(delegation),
    )


def _has_ended(uow: UnitOfWork, now: datetime) -> bool:
    return bool(uow.delegations.expired(now, 1))
