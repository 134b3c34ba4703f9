"""Proposals and their votes, as rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.errors import VersionConflict
from sealwright.domain.votes import (
    Outcome,
    Proposal,
    ProposalKind,
    ProposalStatus,
    SeriesEdit,
    Tally,
    TargetType,
    Vote,
    VoteDecision,
)
from sealwright.domain.work_errors import ProposalPendingExists
from sealwright.services.desk_ports import NumberedPage
from sealwright.storage.column_types import seconds_of
from sealwright.storage.credential_types import refer_to_types
from sealwright.storage.driver_text import DriverText, is_index
from sealwright.storage.errors import AlreadyTaken
from sealwright.storage.json_columns import json_text
from sealwright.storage.series import types_of
from sealwright.storage.transaction import Transaction
from sealwright.storage.workflow_tables import proposal_votes, proposals

_EDIT: Final = msgspec.json.Decoder(SeriesEdit)

_PROPOSAL: Final = sa.select(*proposals.columns)
_MOMENT: Final = proposals.c.due_at.type
_PENDING_INDEX: Final = next(index for index in proposals.indexes if index.name == "uq_proposals_pending")
_BY_ID: Final = _PROPOSAL.where(proposals.c.proposal_id == sa.bindparam("proposal_id"))
_BY_IDS: Final = _PROPOSAL.where(proposals.c.proposal_id.in_(sa.bindparam("proposal_ids", expanding=True)))
_NEWEST_FIRST: Final = (proposals.c.created_at.desc(), proposals.c.proposal_id.desc())
_OF_WORKFLOW: Final = (
    _PROPOSAL.where(proposals.c.workflow_id == sa.bindparam("of_workflow"), proposals.c.kind == sa.bindparam("of_kind"))
    .order_by(*_NEWEST_FIRST)
    .limit(1)
)
_FOUNDING: Final = _PROPOSAL.where(
    proposals.c.series_id.in_(sa.bindparam("series_ids", expanding=True)),
    proposals.c.kind == ProposalKind.WORKFLOW.value,
)
_DUE: Final = (
    sa.select(proposals.c.proposal_id)
    .where(sa.text("due_at IS NOT NULL"), proposals.c.due_at <= sa.bindparam("now", type_=_MOMENT))
    .order_by(proposals.c.due_at, proposals.c.proposal_id)
    .limit(sa.bindparam("how_many"))
)
_PENDING: Final = (
    # As text, so that both databases see the condition of the index in it.
    sa.select(proposals.c.proposal_id)
    .where(sa.text("status = 'pending'"), proposals.c.proposal_id > sa.bindparam("behind"))
    .order_by(proposals.c.proposal_id)
    .limit(sa.bindparam("how_many"))
)
_VOTE: Final = sa.select(*proposal_votes.columns).order_by(proposal_votes.c.cast_at, proposal_votes.c.voter_id)
_VOTES_BY: Final = _VOTE.where(proposal_votes.c.voter_id == sa.bindparam("voter_id"))
_VOTES: Final = _VOTE.where(proposal_votes.c.proposal_id.in_(sa.bindparam("proposal_ids", expanding=True)))
_PUT_VOTE: Final = DriverText.of(
    "INSERT INTO proposal_votes (proposal_id, voter_id, decision, comment, cast_at) VALUES (%s, %s, %s, %s, %s) "
    "ON CONFLICT (proposal_id, voter_id) DO UPDATE SET decision = excluded.decision, comment = excluded.comment, "
    "cast_at = excluded.cast_at"
)


class StoredProposals:
    """Proposals in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def get(self, proposal_id: str) -> Proposal | None:
        """Find a proposal."""
        return _optional(self._transaction.row(_BY_ID, {"proposal_id": proposal_id}))

    def get_many(self, proposal_ids: Sequence[str]) -> Mapping[str, Proposal]:
        """Find proposals by their ids, at most a page of them; unknown ones are left out."""
        if not proposal_ids:
            return {}
        found = self._transaction.rows(_BY_IDS, {"proposal_ids": sorted(set(proposal_ids))})
        return {row.proposal_id: _proposal(row) for row in found}

    def get_for_update(self, proposal_id: str) -> Proposal | None:
        """Find a proposal and lock its row until the unit of work ends."""
        return _optional(self._transaction.row(self._transaction.locking(_BY_ID), {"proposal_id": proposal_id}))

    def of_workflow(self, workflow_id: str, kind: ProposalKind) -> Proposal | None:
        """Find the newest proposal of a kind on an instance."""
        return _optional(self._transaction.row(_OF_WORKFLOW, {"of_workflow": workflow_id, "of_kind": kind.value}))

    def founding(self, series_ids: Sequence[str]) -> Mapping[str, Proposal]:
        """Find the proposals by which series came about, by series id."""
        if not series_ids:
            return {}
        found = self._transaction.rows(_FOUNDING, {"series_ids": sorted(set(series_ids))})
        return {row.series_id: _proposal(row) for row in found}

    def add(self, proposal: Proposal) -> None:
        """Add a proposal.

        Raises:
            ProposalPendingExists: Another one that is pending stands in its way.
            UnknownCredentialType: An edit needs a type that there is not (any more).
        """
        if proposal.edit is not None:
            refer_to_types(self._transaction, types_of(proposal.edit.plan))
        try:
            with self._transaction.savepoint():
                self._transaction.change(sa.insert(proposals), _values(proposal))
        except AlreadyTaken as error:
            if not is_index(error, _PENDING_INDEX):
                raise
            raise ProposalPendingExists("Another proposal on this is pending.") from None

    def update(self, proposal: Proposal) -> None:
        """Replace the row whose version is one less.

        Raises:
            VersionConflict: The proposal has moved on, or is unknown.
        """
        statement = (
            sa.update(proposals)
            .where(proposals.c.proposal_id == proposal.proposal_id, proposals.c.version == proposal.version - 1)
            .values(_values(proposal))
        )
        if self._transaction.change(statement) != 1:
            raise VersionConflict("This proposal was changed in the meantime.")

    def list(
        self,
        *,
        status: ProposalStatus | None,
        kinds: Collection[ProposalKind],
        author_id: str | None,
        page: int,
        count: int,
    ) -> NumberedPage[Proposal]:
        """Give a page of proposals with an exact total; those that are pending oldest first, all else newest first."""
        conditions: list[sa.ColumnElement[bool]] = [proposals.c.kind.in_(sorted(kind.value for kind in kinds))]
        if status is not None:
            conditions.append(proposals.c.status == status.value)
        if author_id is not None:
            conditions.append(proposals.c.author_id == author_id)
        oldest_first = (proposals.c.created_at, proposals.c.proposal_id)
        order = oldest_first if status is ProposalStatus.PENDING else _NEWEST_FIRST
        statement = _PROPOSAL.where(*conditions).order_by(*order).limit(count).offset((page - 1) * count)
        items = tuple(_proposal(row) for row in self._transaction.rows(statement))
        total = self._transaction.row(sa.select(sa.func.count()).select_from(proposals).where(*conditions))
        return NumberedPage(items, page, count, 0 if total is None else int(total[0]))

    def due(self, now: datetime, limit: int) -> tuple[str, ...]:
        """List the ids of pending proposals that the clock closes, by their end."""
        return tuple(row[0] for row in self._transaction.rows(_DUE, {"now": now, "how_many": limit}))

    def pending(self, *, after: str, limit: int) -> tuple[str, ...]:
        """List the ids of pending proposals, by id, from behind one."""
        return tuple(row[0] for row in self._transaction.rows(_PENDING, {"behind": after, "how_many": limit}))

    def votes(self, proposal_id: str) -> tuple[Vote, ...]:
        """List the votes on a proposal, earliest first."""
        return self.votes_of_many((proposal_id,))[proposal_id]

    def votes_of_many(self, proposal_ids: Sequence[str]) -> Mapping[str, tuple[Vote, ...]]:
        """List the votes on several proposals, earliest first; those without any have an empty list."""
        found: dict[str, list[Vote]] = {proposal_id: [] for proposal_id in proposal_ids}
        if found:
            for row in self._transaction.rows(_VOTES, {"proposal_ids": sorted(found)}):
                found[row.proposal_id].append(_vote(row))
        return {proposal_id: tuple(votes) for proposal_id, votes in found.items()}

    def votes_by(self, voter_id: str) -> tuple[Vote, ...]:
        """List the votes that somebody has cast, earliest first."""
        return tuple(_vote(row) for row in self._transaction.rows(_VOTES_BY, {"voter_id": voter_id}))

    def put_vote(self, vote: Vote) -> None:
        """Add a vote, or change one's own."""
        row = (vote.proposal_id, vote.voter_id, vote.decision.value, vote.comment, seconds_of(vote.cast_at))
        _PUT_VOTE.rows(self._transaction, *row)


def _target(proposal: Proposal) -> str:
    """Name what a pending proposal keeps others away from."""
    if proposal.kind is not ProposalKind.DELETION:
        return f"{proposal.kind.value}:{proposal.series_id}"
    whole = proposal.target_type is TargetType.SERIES
    return f"deletion:{proposal.target_type.value}:{proposal.series_id if whole else proposal.workflow_id}"


def _values(proposal: Proposal) -> dict[str, object]:
    counted = proposal.counted
    return {
        "proposal_id": proposal.proposal_id,
        "kind": proposal.kind.value,
        "workflow_id": proposal.workflow_id,
        "series_id": proposal.series_id,
        "target_type": proposal.target_type.value,
        "target": _target(proposal),
        "author_id": proposal.author_id,
        "reason": proposal.reason,
        "edit": None if proposal.edit is None else json_text(proposal.edit),
        "status": proposal.status.value,
        "created_at": proposal.created_at,
        "expires_at": proposal.expires_at,
        "quorum_reached_at": proposal.quorum_reached_at,
        "finalize_at": proposal.finalize_at,
        "finalized_at": proposal.finalized_at,
        "outcome": None if proposal.outcome is None else proposal.outcome.value,
        "approve_votes": None if counted is None else counted.approve,
        "deny_votes": None if counted is None else counted.deny,
        "total_voters": None if counted is None else counted.total_voters,
        "forced_by": proposal.forced_by,
        "forced_reason": proposal.forced_reason,
        "due_at": proposal.due_at,
        "version": proposal.version,
    }


def _proposal(row: Row[Any]) -> Proposal:
    counted = None if row.total_voters is None else Tally(row.approve_votes, row.deny_votes, row.total_voters)
    return Proposal(
        proposal_id=row.proposal_id,
        kind=ProposalKind(row.kind),
        workflow_id=row.workflow_id,
        series_id=row.series_id,
        target_type=TargetType(row.target_type),
        author_id=row.author_id,
        reason=row.reason,
        edit=None if row.edit is None else _EDIT.decode(row.edit),
        status=ProposalStatus(row.status),
        created_at=row.created_at,
        expires_at=row.expires_at,
        quorum_reached_at=row.quorum_reached_at,
        finalize_at=row.finalize_at,
        finalized_at=row.finalized_at,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        counted=counted,
        forced_by=row.forced_by,
        forced_reason=row.forced_reason,
        version=row.version,
    )


def _optional(row: Row[Any] | None) -> Proposal | None:
    return None if row is None else _proposal(row)


def _vote(row: Row[Any]) -> Vote:
    return Vote(row.proposal_id, row.voter_id, VoteDecision(row.decision), row.cast_at, row.comment)
