"""Workflow instances, as rows; the feed's index follows each change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sealwright.domain.errors import VersionConflict
from sealwright.domain.work_errors import RoleAlreadyHeld
from sealwright.domain.workflows import Workflow
from sealwright.services.desk_ports import NumberedPage
from sealwright.services.workflow_ports import WorkflowFilter
from sealwright.storage.bulk_changes import updating
from sealwright.storage.bulk_rows import RowWriter
from sealwright.storage.column_types import seconds_of
from sealwright.storage.credential_types import refer_to_types
from sealwright.storage.driver_text import DriverText, is_index, selecting
from sealwright.storage.errors import AlreadyTaken
from sealwright.storage.feed_index import FeedIndex
from sealwright.storage.transaction import Transaction
from sealwright.storage.workflow_lists import WorkflowLists
from sealwright.storage.workflow_rows import (
    MOVING,
    MOVING_OF_STEP,
    moving_values,
    moving_values_of_step,
    role_values,
    step_values,
    workflow_values,
    workflows_of,
)
from sealwright.storage.workflow_tables import workflow_roles, workflow_steps, workflows

_MANY: Final = selecting(workflows, "WHERE workflow_id = ANY(%s) ORDER BY workflow_id")
_ROLES: Final = selecting(workflow_roles, "WHERE workflow_id = ANY(%s) ORDER BY workflow_id, position")
_STEPS: Final = selecting(workflow_steps, "WHERE workflow_id = ANY(%s) ORDER BY workflow_id, step_order")
# Every role has a step, so the steps of an instance lead to all of its roles.
_WITH_STEP: Final = DriverText.of(
    f"SELECT {', '.join(f'w.{column.name}' for column in workflows.columns)}, "  # noqa: S608 - names of our own tables
    f"{', '.join(f'r.{column.name}' for column in workflow_roles.columns)}, "
    f"{', '.join(f's.{column.name}' for column in workflow_steps.columns)} "
    "FROM workflow_steps asked JOIN workflows w ON w.workflow_id = asked.workflow_id "
    "JOIN workflow_steps s ON s.workflow_id = asked.workflow_id JOIN workflow_roles r ON r.role_id = s.role_id "
    "WHERE asked.step_id = %s ORDER BY s.step_order"
)
_ROLES_AT: Final = len(workflows.columns)
_POSITION: Final = workflow_roles.columns.keys().index("position")
_STEPS_AT: Final = _ROLES_AT + len(workflow_roles.columns)
_SERIES_OF: Final = DriverText.of("SELECT DISTINCT series_id FROM workflows WHERE workflow_id = ANY(%s)")
_OF_SERIES: Final = DriverText.of(
    "SELECT workflow_id FROM workflows WHERE series_id = %s ORDER BY instance_no DESC LIMIT %s"
)
_OPEN_OF_SERIES: Final = DriverText.of(
    "SELECT workflow_id FROM workflows WHERE series_id = %s AND status IN ('pending', 'approved', 'in_progress') "
    "ORDER BY workflow_id"
)
_OPENING: Final = DriverText.of(
    "SELECT workflow_id FROM workflows WHERE opens_at IS NOT NULL AND opens_at <= %s "
    "ORDER BY opens_at, workflow_id LIMIT %s"
)
_UNTOUCHED: Final = DriverText.of(
    "SELECT w.workflow_id FROM workflows w "
    "WHERE w.status IN ('approved', 'in_progress') AND w.next_start_at IS NOT NULL AND w.next_start_at <= %s "
    "AND NOT EXISTS (SELECT 1 FROM workflow_steps s WHERE s.workflow_id = w.workflow_id AND s.started_at IS NOT NULL) "
    "ORDER BY w.next_start_at, w.workflow_id LIMIT %s"
)
_ADD: Final = RowWriter(workflows)
_ADD_ROLES: Final = RowWriter(workflow_roles)
_ADD_STEPS: Final = RowWriter(workflow_steps)
_MOVE: Final = updating(workflows, MOVING, ("workflow_id", "version"))
_HOLD: Final = updating(workflow_roles, ("held_by",), ("role_id",))
_MOVE_STEP: Final = updating(workflow_steps, MOVING_OF_STEP, ("step_id",))
_HELD: Final = next(index for index in workflow_roles.indexes if index.name == "uq_workflow_roles_held")


class StoredWorkflows:
    """Instances in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._lists = WorkflowLists(transaction)
        self.index = FeedIndex(transaction)

    def get(self, workflow_id: str) -> Workflow | None:
        """Find an instance."""
        return self.get_many((workflow_id,)).get(workflow_id)

    def get_many(self, workflow_ids: Sequence[str]) -> Mapping[str, Workflow]:
        """Find instances by their ids; unknown ones are left out."""
        return self._read(workflow_ids, lock=False)

    def get_for_update(self, workflow_id: str) -> Workflow | None:
        """Find an instance and lock its row until the unit of work ends."""
        return self.get_many_for_update((workflow_id,)).get(workflow_id)

    def get_many_for_update(self, workflow_ids: Collection[str]) -> Mapping[str, Workflow]:
        """Find instances and lock their rows, in order of their ids."""
        return self._read(workflow_ids, lock=True)

    def with_step(self, step_id: str) -> Workflow | None:
        """Find the instance that a step belongs to, in one statement."""
        rows = _WITH_STEP.rows(self._transaction, step_id)
        roles = sorted({row[_ROLES_AT:_STEPS_AT] for row in rows}, key=lambda role: role[_POSITION])
        found = workflows_of([row[:_ROLES_AT] for row in rows[:1]], roles, [row[_STEPS_AT:] for row in rows])
        return next(iter(found.values()), None)

    def add(self, workflow: Workflow) -> None:
        """Add an instance with its roles and steps.

        Raises:
            UnknownCredentialType: A role needs a type that there is not (any more).
        """
        transaction = self._transaction
        refer_to_types(transaction, {kind for role in workflow.roles for kind in role.required_credentials})
        _ADD.write(transaction, [workflow_values(workflow)])
        _ADD_ROLES.write(
            transaction, [role_values(workflow, position, role) for position, role in enumerate(workflow.roles)]
        )
        _ADD_STEPS.write(transaction, [step_values(workflow, step) for step in workflow.steps])
        self.index.add(workflow)

    def update(self, before: Workflow, after: Workflow) -> None:
        """Replace a locked instance; only what differs is written, and nothing but what moves can differ.

        Raises:
            VersionConflict: The instance has moved on, or is unknown.
            RoleAlreadyHeld: Somebody would hold two roles of it.
        """
        self.update_many(((before, after),))

    def update_many(self, changes: Iterable[tuple[Workflow, Workflow]]) -> None:
        """Replace several locked instances with few statements.

        Raises:
            VersionConflict, RoleAlreadyHeld: As for one; the unit of work must not go on.
        """
        pairs = sorted(changes, key=lambda pair: pair[0].workflow_id)
        moved = [(*moving_values(after), before.workflow_id, before.version) for before, after in pairs]
        if _MOVE.write(self._transaction, moved) != len(moved):
            raise VersionConflict("This workflow was changed in the meantime.")
        self._hold(pairs)
        _MOVE_STEP.write(self._transaction, [row for pair in pairs for row in _moved_steps(*pair)])
        self.index.move(pairs)

    def series_of(self, workflow_ids: Collection[str]) -> frozenset[str]:
        """Give the ids of the series that instances belong to."""
        if not workflow_ids:
            return frozenset()
        return frozenset(_ids(_SERIES_OF.rows(self._transaction, sorted(set(workflow_ids)))))

    def list(self, wanted: WorkflowFilter, *, page: int, count: int) -> NumberedPage[Workflow]:
        """Give a page of instances, newest first, with an exact total."""
        ids, total = self._lists.page(wanted, page=page, count=count)
        return NumberedPage(self._in_order(ids), page, count, total)

    def of_series(self, series_id: str, *, limit: int) -> tuple[Workflow, ...]:
        """List the newest instances of a series, newest first."""
        return self._in_order(_ids(_OF_SERIES.rows(self._transaction, series_id, limit)))

    def open_of_series(self, series_id: str) -> tuple[str, ...]:
        """List the ids of the instances of a series that are open or pending, in their order."""
        return _ids(_OPEN_OF_SERIES.rows(self._transaction, series_id))

    def opening(self, now: datetime, limit: int) -> tuple[str, ...]:
        """List the ids of open instances whose first step is locked by its row though it should not be."""
        return _ids(_OPENING.rows(self._transaction, seconds_of(now), limit))

    def untouched(self, now: datetime, limit: int) -> tuple[str, ...]:
        """List the ids of open instances of which nothing is begun or done when the next one's turn has come."""
        return _ids(_UNTOUCHED.rows(self._transaction, seconds_of(now), limit))

    def _read(self, workflow_ids: Collection[str], *, lock: bool) -> Mapping[str, Workflow]:
        if not workflow_ids:
            return {}
        rows = _MANY.rows(self._transaction, sorted(set(workflow_ids)), lock=lock)
        if not rows:
            return {}
        found = [row[0] for row in rows]
        return workflows_of(rows, _ROLES.rows(self._transaction, found), _STEPS.rows(self._transaction, found))

    def _in_order(self, ids: Sequence[str]) -> tuple[Workflow, ...]:
        found = self.get_many(ids)
        return tuple(found[workflow_id] for workflow_id in ids if workflow_id in found)

    def _hold(self, pairs: Iterable[tuple[Workflow, Workflow]]) -> None:
        """Write who holds roles; those given back come first, so that one may take another."""
        held = [
            (now.held_by, now.role_id)
            for before, after in pairs
            for was, now in zip(before.roles, after.roles, strict=True)
            if was.held_by != now.held_by
        ]
        try:
            _HOLD.write(self._transaction, [row for row in held if row[0] is None])
            _HOLD.write(self._transaction, [row for row in held if row[0] is not None])
        except AlreadyTaken as error:
            if not is_index(error, _HELD):
                raise
            raise RoleAlreadyHeld("One person takes one workflow role of an instance.") from None


def _moved_steps(before: Workflow, after: Workflow) -> Iterable[tuple[object, ...]]:
    for was, now in zip(before.steps, after.steps, strict=True):
        values = moving_values_of_step(after, now)
        if values != moving_values_of_step(before, was):
            yield (*values, now.step_id)


def _ids(rows: Iterable[tuple[str]]) -> tuple[str, ...]:
    return tuple(row[0] for row in rows)
