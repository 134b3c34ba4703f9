"""What the clock does to workflow instances: their first steps open, and what nobody began in time is skipped.

Each instance moves in a transaction of its own, behind its locks, so any number of servers may do this at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from sealwright.domain.errors import DomainError, OfficeClosed
from sealwright.domain.workflows import Workflow, WorkflowStatus
from sealwright.domain.working import open_first_step
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.workflow_moves import CLOCK_CALLER, Held, WorkflowMoves

# In one round; what is left waits for the next one.
MOVED_AT_MOST: Final = 200

_log = logging.getLogger(__name__)


class WorkflowClock:
    """Two chores. Both judge each instance again behind its lock, so that whoever was faster is not undone."""

    def __init__(self, *, units: UnitOfWorkFactory, moves: WorkflowMoves, clock: Clock) -> None:
        self._units = units
        self._moves = moves
        self._clock = clock

    def open_due(self) -> int:
        """Record that first steps are available, once their start time has come; gives how many."""
        with self._units(write=False) as uow:
            due = uow.workflows.opening(self._clock.now(), MOVED_AT_MOST)
        return sum(self._alone(workflow_id, self._open) for workflow_id in due)

    def skip_due(self) -> int:
        """Skip open instances of which nothing is begun when the next interval is, and go on; gives how many."""
        with self._units(write=False) as uow:
            due = uow.workflows.untouched(self._clock.now(), MOVED_AT_MOST)
        return sum(self._alone(workflow_id, self._skip) for workflow_id in due)

    def _alone(self, workflow_id: str, move: Callable[[UnitOfWork, Held], bool]) -> bool:
        try:
            with self._units() as uow:
                uow.office.epoch(shared_lock=True)
                if not move(uow, self._moves.lock(uow, workflow_id)):
                    return False
                uow.commit()
        except OfficeClosed:
            raise
        except DomainError as error:
            # One instance that cannot move must not stand in the way of all behind it.
            _log.warning("The clock left workflow %s alone: %s", workflow_id, error.detail)
            return False
        return True

    def _open(self, uow: UnitOfWork, held: Held) -> bool:
        moved = open_first_step(held.workflow, self._clock.now())
        if not moved.events:
            return False
        self._moves.put(uow, CLOCK_CALLER, held.workflow, moved)
        return True

    def _skip(self, uow: UnitOfWork, held: Held) -> bool:
        if not _is_untouched(held.workflow, self._clock.now()):
            return False
        self._moves.close(uow, CLOCK_CALLER, held, WorkflowStatus.SKIPPED)
        return True


def _is_untouched(workflow: Workflow, now: datetime) -> bool:
    """Tell whether the next interval has begun and nothing of an instance is; what was given back counts as not."""
    due = workflow.next_start_at
    nothing_begun = all(step.started_at is None for step in workflow.steps)
    return workflow.is_open and nothing_begun and due is not None and due <= now
