"""Workflows: series, instances with roles and steps, claims, the feed's index, votes, payouts, drafts.

Only adds: a program that knows nothing of it goes on working on these tables.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from sealwright.storage.column_types import Flag, Moment, whole, words

revision: Final = "0004"
down_revision: Final = "0003"
branch_labels: Final = None
depends_on: Final = None

_TABLES: Final = (
    "workflow_series",
    "workflows",
    "workflow_roles",
    "workflow_steps",
    "requirement_sets",
    "feed_combinations",
    "feed_entries",
    "step_claims",
    "series_claims",
    "absence_periods",
    "proposals",
    "proposal_votes",
    "workflow_drafts",
    "payouts",
)


def upgrade() -> None:
    """Make the tables of workflows."""
    _series()
    _instances()
    _roles()
    _steps()
    _feed()
    _claims()
    _absences()
    _proposals()
    _votes_and_drafts()
    _payouts()


def downgrade() -> None:
    """Drop the tables of workflows, which nothing else refers to."""
    for name in reversed(_TABLES):
        op.drop_table(name)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _series() -> None:
    op.create_table(
        "workflow_series",
        sa.Column("series_id", words(), primary_key=True),
        sa.Column("proposer_id", words(), nullable=False),
        sa.Column("plan", words(), nullable=False),
        sa.Column("recurrence", words(), nullable=False),
        sa.Column("anchor_at", Moment, nullable=False),
        sa.Column("until", Moment),
        sa.Column("time_zone", words(), nullable=False),
        sa.Column("state", words(), nullable=False),
        sa.Column("latest_no", whole(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("version", whole(), nullable=False),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_workflow_series_going_on",
        "workflow_series",
        ["series_id"],
        **_where("state = 'open' AND recurrence <> 'one_time'"),
    )


def _instances() -> None:
    op.create_table(
        "workflows",
        sa.Column("workflow_id", words(), primary_key=True),
        sa.Column("series_id", words(), nullable=False),
        sa.Column("instance_no", whole(), nullable=False),
        sa.Column("proposer_id", words(), nullable=False),
        sa.Column("title", words(), nullable=False),
        sa.Column("title_key", words(), nullable=False),
        sa.Column("description", words()),
        sa.Column("status", words(), nullable=False),
        sa.Column("recurrence", words(), nullable=False),
        sa.Column("time_zone", words(), nullable=False),
        sa.Column("start_at", Moment, nullable=False),
        sa.Column("next_start_at", Moment),
        sa.Column("opens_at", Moment),
        sa.Column("listed_at", Moment),
        sa.Column("closed_at", Moment),
        sa.Column("failed_reason", words()),
        sa.Column("combination", whole()),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("version", whole(), nullable=False),
        sa.UniqueConstraint("series_id", "instance_no", name="uq_workflows_instance"),
        sa.Index("ix_workflows_status", "status", "created_at", "workflow_id"),
        sa.Index("ix_workflows_created", "created_at", "workflow_id"),
        sa.Index("ix_workflows_proposer", "proposer_id", "created_at", "workflow_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_workflows_opening", "workflows", ["opens_at", "workflow_id"], **_where("opens_at IS NOT NULL"))
    op.create_index(
        "ix_workflows_untouched",
        "workflows",
        ["next_start_at", "workflow_id"],
        **_where("status IN ('approved', 'in_progress') AND next_start_at IS NOT NULL"),
    )


def _roles() -> None:
    op.create_table(
        "workflow_roles",
        sa.Column("role_id", words(), primary_key=True),
        sa.Column("workflow_id", words(), nullable=False),
        sa.Column("position", whole(), nullable=False),
        sa.Column("client_id", words(), nullable=False),
        sa.Column("title", words(), nullable=False),
        sa.Column("needs", words(), nullable=False),
        sa.Column("set_id", whole(), nullable=False),
        sa.Column("held_by", words()),
        sa.Index("ix_workflow_roles_workflow", "workflow_id", "position"),
        sa.Index("ix_workflow_roles_set", "set_id"),
        sqlite_strict=True,
    )
    op.create_index(
        "uq_workflow_roles_held",
        "workflow_roles",
        ["held_by", "workflow_id"],
        unique=True,
        **_where("held_by IS NOT NULL"),
    )


def _steps() -> None:
    op.create_table(
        "workflow_steps",
        sa.Column("step_id", words(), primary_key=True),
        sa.Column("workflow_id", words(), nullable=False),
        sa.Column("step_order", whole(), nullable=False),
        sa.Column("role_id", words(), nullable=False),
        sa.Column("title", words(), nullable=False),
        sa.Column("description", words()),
        sa.Column("bounty", whole(), nullable=False),
        sa.Column("allow_step_not_possible", Flag, nullable=False),
        sa.Column("work_items", words(), nullable=False),
        sa.Column("status", words(), nullable=False),
        sa.Column("assigned_to", words()),
        sa.Column("open_for", words()),
        sa.Column("claim_id", words()),
        sa.Column("started_at", Moment),
        sa.Column("completed_at", Moment),
        sa.Column("submission", words()),
        sa.UniqueConstraint("workflow_id", "step_order", name="uq_workflow_steps_order"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_workflow_steps_assigned",
        "workflow_steps",
        ["assigned_to", "completed_at", "workflow_id"],
        **_where("assigned_to IS NOT NULL"),
    )
    op.create_index(
        "ix_workflow_steps_open_for",
        "workflow_steps",
        ["open_for", "workflow_id", "role_id", "completed_at"],
        **_where("open_for IS NOT NULL"),
    )
    op.create_index(
        "ix_workflow_steps_completed",
        "workflow_steps",
        ["completed_at", "role_id"],
        **_where("completed_at IS NOT NULL"),
    )


def _feed() -> None:
    op.create_table(
        "requirement_sets",
        sa.Column("set_id", whole(), primary_key=True, autoincrement=False),
        sa.Column("needs", words(), nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "feed_combinations",
        sa.Column("combination", whole(), primary_key=True, autoincrement=False),
        sa.Column("set_ids", words(), nullable=False),
        sa.Column("instances", whole(), nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "feed_entries",
        sa.Column("set_id", whole(), primary_key=True, autoincrement=False),
        sa.Column("listed_at", Moment, primary_key=True, autoincrement=False),
        sa.Column("workflow_id", words(), primary_key=True),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _claims() -> None:
    op.create_table(
        "step_claims",
        sa.Column("claim_id", words(), primary_key=True),
        sa.Column("workflow_id", words(), nullable=False),
        sa.Column("role_id", words(), nullable=False),
        sa.Column("user_id", words(), nullable=False),
        sa.Column("claimed_at", Moment, nullable=False),
        sa.Column("satisfied_by", words(), nullable=False),
        sa.Column("override", Flag, nullable=False),
        sa.Column("by_series", Flag, nullable=False),
        sa.Column("ended_at", Moment),
        sa.Column("end_cause", words()),
        sa.Column("reason", words()),
        sa.Index("ix_step_claims_workflow", "workflow_id", "claimed_at", "claim_id"),
        sa.Index("ix_step_claims_user", "user_id", "claimed_at", "claim_id"),
        sqlite_strict=True,
    )
    op.create_index("uq_step_claims_role", "step_claims", ["role_id"], unique=True, **_where("ended_at IS NULL"))
    op.create_table(
        "series_claims",
        sa.Column("series_id", words(), primary_key=True),
        sa.Column("step_order", whole(), primary_key=True, autoincrement=False),
        sa.Column("user_id", words(), primary_key=True),
        sa.Column("claimed_at", Moment, nullable=False),
        sa.Index("ix_series_claims_user", "user_id", "series_id", "step_order"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _absences() -> None:
    op.create_table(
        "absence_periods",
        sa.Column("absence_id", words(), primary_key=True),
        sa.Column("user_id", words(), nullable=False),
        sa.Column("series_id", words(), nullable=False),
        sa.Column("step_order", whole(), nullable=False),
        sa.Column("absent_from", Moment, nullable=False),
        sa.Column("absent_until", Moment, nullable=False),
        sa.Index("ix_absence_periods_user", "user_id", "absent_from", "absence_id"),
        sa.Index("ix_absence_periods_series", "series_id", "user_id"),
        sqlite_strict=True,
    )


def _proposals() -> None:
    op.create_table(
        "proposals",
        sa.Column("proposal_id", words(), primary_key=True),
        sa.Column("kind", words(), nullable=False),
        sa.Column("workflow_id", words(), nullable=False),
        sa.Column("series_id", words(), nullable=False),
        sa.Column("target_type", words(), nullable=False),
        sa.Column("target", words(), nullable=False),
        sa.Column("author_id", words(), nullable=False),
        sa.Column("reason", words()),
        sa.Column("edit", words()),
        sa.Column("status", words(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("quorum_reached_at", Moment),
        sa.Column("finalize_at", Moment),
        sa.Column("finalized_at", Moment),
        sa.Column("outcome", words()),
        sa.Column("approve_votes", whole()),
        sa.Column("deny_votes", whole()),
        sa.Column("total_voters", whole()),
        sa.Column("forced_by", words()),
        sa.Column("forced_reason", words()),
        sa.Column("due_at", Moment),
        sa.Column("version", whole(), nullable=False),
        sa.Index("ix_proposals_status", "status", "created_at", "proposal_id"),
        sa.Index("ix_proposals_author", "author_id", "created_at", "proposal_id"),
        sa.Index("ix_proposals_workflow", "workflow_id", "kind", "created_at"),
        sa.Index("ix_proposals_series", "series_id", "kind", "created_at"),
        sqlite_strict=True,
    )
    op.create_index("ix_proposals_pending", "proposals", ["proposal_id"], **_where("status = 'pending'"))
    op.create_index("ix_proposals_due", "proposals", ["due_at", "proposal_id"], **_where("due_at IS NOT NULL"))
    op.create_index("uq_proposals_pending", "proposals", ["target"], unique=True, **_where("status = 'pending'"))


def _votes_and_drafts() -> None:
    op.create_table(
        "proposal_votes",
        sa.Column("proposal_id", words(), primary_key=True),
        sa.Column("voter_id", words(), primary_key=True),
        sa.Column("decision", words(), nullable=False),
        sa.Column("comment", words()),
        sa.Column("cast_at", Moment, nullable=False),
        sa.Index("ix_proposal_votes_voter", "voter_id", "proposal_id"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "workflow_drafts",
        sa.Column("draft_id", words(), primary_key=True),
        sa.Column("user_id", words(), nullable=False),
        sa.Column("title", words(), nullable=False),
        sa.Column("body", words(), nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Index("ix_workflow_drafts_user", "user_id", "updated_at", "draft_id"),
        sqlite_strict=True,
    )


def _payouts() -> None:
    op.create_table(
        "payouts",
        sa.Column("payout_id", words(), primary_key=True),
        sa.Column("workflow_id", words(), nullable=False),
        sa.Column("step_id", words(), nullable=False),
        sa.Column("payee_user_id", words(), nullable=False),
        sa.Column("amount", whole(), nullable=False),
        sa.Column("status", words(), nullable=False),
        sa.Column("reference", words()),
        sa.Column("reason", words()),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("requested_at", Moment),
        sa.Column("settled_at", Moment),
        sa.Column("version", whole(), nullable=False),
        sa.UniqueConstraint("step_id", name="uq_payouts_step"),
        sa.Index("ix_payouts_status", "status", "created_at", "payout_id"),
        sa.Index("ix_payouts_created", "created_at", "payout_id"),
        sa.Index("ix_payouts_payee", "payee_user_id", "created_at", "payout_id"),
        sa.Index("ix_payouts_workflow", "workflow_id", "payout_id"),
        sqlite_strict=True,
    )
