"""Grants whose end has come: it counts by the clock at once, and is recorded soon after, with its audit row."""

from __future__ import annotations

from typing import Final

from sealwright.services.grant_making import is_overdue
from sealwright.services.grant_moves import GrantMoves
from sealwright.services.ports import Clock, UnitOfWorkFactory

EXPIRE_AT_MOST: Final = 200


class Expiry:
    """Records what the clock has ended; any number of servers may do so at once."""

    def __init__(self, units: UnitOfWorkFactory, moves: GrantMoves, clock: Clock) -> None:
        self._units = units
        self._moves = moves
        self._clock = clock

    def expire_due(self) -> int:
        """Record overdue grants, each in a transaction of its own; gives how many."""
        now = self._clock.now()
        with self._units(write=False) as uow:
            overdue = uow.grants.ended(now, EXPIRE_AT_MOST)
        return sum(self._expire(grant.grant_id) for grant in overdue)

    def _expire(self, grant_id: str) -> int:
        with self._units() as uow:
            uow.office.epoch(shared_lock=True)
            grant = uow.grants.get_for_update(grant_id)
            if grant is None or not is_overdue(grant, self._clock.now()):
                return 0
            self._moves.expire(uow, grant)
            uow.commit()
        return 1
