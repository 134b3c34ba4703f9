"""Claims of workflow roles, as rows, and what follows from steps about who has to do with which instance."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from sealwright.domain.submissions import photos_in
from sealwright.domain.work_errors import StepAlreadyClaimed
from sealwright.domain.workflows import StepClaim, Submission
from sealwright.services.desk_ports import NumberedPage
from sealwright.storage.bulk_rows import RowWriter
from sealwright.storage.column_types import moment_of, optional_moment_of, optional_seconds_of, seconds_of
from sealwright.storage.driver_text import DriverText, is_index, selecting
from sealwright.storage.errors import AlreadyTaken
from sealwright.storage.feed_sets import FeedSets
from sealwright.storage.json_columns import json_text, read_text_map
from sealwright.storage.transaction import Transaction
from sealwright.storage.workflow_tables import step_claims

_ADD: Final = RowWriter(step_claims)
_ROLE: Final = next(index for index in step_claims.indexes if index.name == "uq_step_claims_role")
_MANY: Final = selecting(step_claims, "WHERE claim_id = ANY(%s) ORDER BY claim_id")
_OF_WORKFLOW: Final = selecting(step_claims, "WHERE workflow_id = %s ORDER BY claimed_at, claim_id")
_OF_PERSON: Final = selecting(
    step_claims, "WHERE user_id = %s ORDER BY claimed_at DESC, claim_id DESC LIMIT %s OFFSET %s"
)
_END: Final = DriverText.of(
    "UPDATE step_claims SET ended_at = %s, end_cause = %s WHERE claim_id = ANY(%s) AND ended_at IS NULL"
)
_OPEN_NEEDS: Final = DriverText.of(
    "SELECT DISTINCT s.workflow_id, r.set_id FROM workflow_steps s "
    "JOIN workflow_roles r ON r.role_id = s.role_id WHERE s.open_for = %s AND s.completed_at IS NULL"
)
_HELD: Final = DriverText.of(
    "SELECT w.workflow_id FROM workflows w WHERE w.workflow_id IN "
    "(SELECT workflow_id FROM workflow_steps WHERE open_for = %s AND completed_at IS NULL) "
    "ORDER BY w.listed_at DESC, w.workflow_id DESC"
)
# Whoever holds a role holds, or has done, a step of it.
_TOUCHED: Final = DriverText.of(
    "SELECT DISTINCT workflow_id FROM workflow_steps WHERE open_for = %s ORDER BY workflow_id"
)
_COMPLETED: Final = (
    "FROM workflow_steps s JOIN workflows w ON w.workflow_id = s.workflow_id "
    "WHERE s.assigned_to = %s AND s.completed_at IS NOT NULL AND w.status <> 'deleted'"
)
_DONE: Final = DriverText.of(
    f"SELECT s.workflow_id {_COMPLETED} GROUP BY s.workflow_id "
    "ORDER BY max(s.completed_at) DESC, s.workflow_id DESC LIMIT %s OFFSET %s"
)
_HOW_MANY_DONE: Final = DriverText.of(f"SELECT count(DISTINCT s.workflow_id) {_COMPLETED}")
_WITH_PICTURES: Final = DriverText.of(
    "SELECT workflow_id, submission FROM workflow_steps WHERE assigned_to = %s AND submission LIKE %s ORDER BY step_id"
)
_NAMES_PICTURE: Final = '%"att_%'
_SUBMISSION: Final = msgspec.json.Decoder(Submission)


class StoredClaims:
    """Claims in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._sets = FeedSets(transaction)

    def add(self, claim: StepClaim) -> None:
        """Add a claim.

        Raises:
            StepAlreadyClaimed: Somebody's claim of this role has not ended.
        """
        try:
            with self._transaction.savepoint():
                _ADD.write(self._transaction, [claim_values(claim)])
        except AlreadyTaken as error:
            if not is_index(error, _ROLE):
                raise
            raise StepAlreadyClaimed("This workflow role is taken.") from None

    def end(self, claim_ids: Collection[str], at: datetime, cause: str) -> None:
        """End claims that have not ended."""
        if claim_ids:
            _END.rows(self._transaction, seconds_of(at), cause, sorted(claim_ids))

    def get_many(self, claim_ids: Collection[str]) -> Mapping[str, StepClaim]:
        """Find claims by their ids; unknown ones are left out."""
        if not claim_ids:
            return {}
        return {row[0]: _claim(row) for row in _MANY.rows(self._transaction, sorted(claim_ids))}

    def of_workflow(self, workflow_id: str) -> tuple[StepClaim, ...]:
        """List the claims of an instance, oldest first, ended ones too."""
        return tuple(_claim(row) for row in _OF_WORKFLOW.rows(self._transaction, workflow_id))

    def of_person(self, user_id: str, *, page: int, count: int) -> tuple[StepClaim, ...]:
        """List a page of somebody's claims, newest first, ended ones too."""
        rows = _OF_PERSON.rows(self._transaction, user_id, count, (page - 1) * count)
        return tuple(_claim(row) for row in rows)

    def dependent(self, user_id: str, credential_type: str) -> tuple[str, ...]:
        """List the open instances in which somebody has unfinished steps of roles that need a type; by id."""
        rows = _OPEN_NEEDS.rows(self._transaction, user_id)
        needs = self._sets.needs({set_id for _, set_id in rows})
        return tuple(sorted({workflow_id for workflow_id, set_id in rows if credential_type in needs[set_id]}))

    def workflows_held(self, user_id: str) -> tuple[str, ...]:
        """List the open instances in which somebody has an unfinished step, newest listed first."""
        return _ids(_HELD.rows(self._transaction, user_id))

    def workflows_touched(self, user_id: str) -> tuple[str, ...]:
        """List the open instances in which somebody holds a role, or holds or has done a step; by id."""
        return _ids(_TOUCHED.rows(self._transaction, user_id))

    def workflows_done(self, user_id: str, *, page: int, count: int) -> NumberedPage[str]:
        """List the instances in which somebody completed a step, latest completion first; no deleted ones."""
        ids = _ids(_DONE.rows(self._transaction, user_id, count, (page - 1) * count))
        return NumberedPage(ids, page, count, int(_HOW_MANY_DONE.rows(self._transaction, user_id)[0][0]))

    def pictures_of(self, user_id: str) -> Mapping[str, tuple[str, ...]]:
        """Find the pictures that somebody handed in, with the instances where they stand."""
        found: dict[str, tuple[str, ...]] = {}
        for workflow_id, submission in _WITH_PICTURES.rows(self._transaction, user_id, _NAMES_PICTURE):
            for picture in photos_in(_SUBMISSION.decode(submission)):
                found[picture] = (*found.get(picture, ()), workflow_id)
        return found


def claim_values(claim: StepClaim) -> tuple[object, ...]:
    """Give a claim as a row."""
    return (
        claim.claim_id,
        claim.workflow_id,
        claim.role_id,
        claim.user_id,
        seconds_of(claim.claimed_at),
        json_text(dict(claim.satisfied_by)),
        claim.override,
        claim.by_series,
        optional_seconds_of(claim.ended_at),
        claim.end_cause,
        claim.reason,
    )


def _claim(row: Sequence[Any]) -> StepClaim:
    return StepClaim(
        claim_id=row[0],
        workflow_id=row[1],
        role_id=row[2],
        user_id=row[3],
        claimed_at=moment_of(row[4]),
        satisfied_by=read_text_map(row[5]),
        override=bool(row[6]),
        by_series=bool(row[7]),
        ended_at=optional_moment_of(row[8]),
        end_cause=row[9],
        reason=row[10],
    )


def _ids(rows: Iterable[Sequence[Any]]) -> tuple[str, ...]:
    return tuple(row[0] for row in rows)
