"""Pages of instances for proposers and admins, newest first."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from sealwright.domain.folding import fold
from sealwright.domain.workflows import WorkflowStatus
from sealwright.services.workflow_ports import WorkflowFilter
from sealwright.storage.transaction import Transaction
from sealwright.storage.workflow_tables import workflows

_IDS: Final = sa.select(workflows.c.workflow_id).order_by(workflows.c.created_at.desc(), workflows.c.workflow_id.desc())
_BY_STATUS: Final = sa.select(workflows.c.status, sa.func.count().label("there_are")).group_by(workflows.c.status)
_DELETED: Final = WorkflowStatus.DELETED.value


class WorkflowLists:
    """Finds pages of instances."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def page(self, wanted: WorkflowFilter, *, page: int, count: int) -> tuple[tuple[str, ...], int]:
        """Give the ids of a page, and the list's total; deleted ones only where they are asked for."""
        conditions = _conditions(wanted)
        statement = _IDS.where(*conditions)
        if wanted.status is None:
            statement = statement.where(workflows.c.status != _DELETED)
        rows = self._transaction.rows(statement.limit(count).offset((page - 1) * count))
        return tuple(row.workflow_id for row in rows), self._total(conditions, wanted.status)

    def _total(self, conditions: list[sa.ColumnElement[bool]], status: WorkflowStatus | None) -> int:
        """Count by state, which an index alone can tell."""
        found = {row.status: row.there_are for row in self._transaction.rows(_BY_STATUS.where(*conditions))}
        if status is not None:
            return int(found.get(status.value, 0))
        return sum(number for name, number in found.items() if name != _DELETED)


def _conditions(wanted: WorkflowFilter) -> list[sa.ColumnElement[bool]]:
    column: dict[str, sa.Column[Any]] = {
        "status": workflows.c.status,
        "proposer_id": workflows.c.proposer_id,
        "series_id": workflows.c.series_id,
    }
    found = [one == value for name, one in column.items() if (value := getattr(wanted, name)) is not None]
    if wanted.search:
        in_title = workflows.c.title_key.contains(fold(wanted.search), autoescape=True)
        found.append(in_title | (workflows.c.workflow_id == wanted.search))
    return found
