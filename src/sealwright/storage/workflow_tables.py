"""The tables of workflows: series, instances with roles and steps, claims, the feed's index, votes, payouts."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from sealwright.storage.column_types import Flag, Moment, whole, words
from sealwright.storage.desk_tables import where
from sealwright.storage.tables import table

workflow_series: Final = table(
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
)
sa.Index(
    "ix_workflow_series_going_on",
    workflow_series.c.series_id,
    **where("state = 'open' AND recurrence <> 'one_time'"),
)

# `combination` says which free roles an open instance has, by their needs; NULL where it has none.
workflows: Final = table(
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
)
sa.Index("ix_workflows_opening", workflows.c.opens_at, workflows.c.workflow_id, **where("opens_at IS NOT NULL"))
sa.Index(
    "ix_workflows_untouched",
    workflows.c.next_start_at,
    workflows.c.workflow_id,
    **where("status IN ('approved', 'in_progress') AND next_start_at IS NOT NULL"),
)

# Each distinct set of needs once, and each distinct combination of free roles' needs once, with how many open
# instances have it. Both are numbered by a digest of what they are (`feed_sets`), so that nobody waits for a number.
requirement_sets: Final = table(
    "requirement_sets",
    sa.Column("set_id", whole(), primary_key=True, autoincrement=False),
    sa.Column("needs", words(), nullable=False),
)
feed_combinations: Final = table(
    "feed_combinations",
    sa.Column("combination", whole(), primary_key=True, autoincrement=False),
    sa.Column("set_ids", words(), nullable=False),
    sa.Column("instances", whole(), nullable=False),
)
# Which open instances have a free role with these needs, by the moment they were listed.
feed_entries: Final = table(
    "feed_entries",
    sa.Column("set_id", whole(), primary_key=True, autoincrement=False),
    sa.Column("listed_at", Moment, primary_key=True, autoincrement=False),
    sa.Column("workflow_id", words(), primary_key=True),
    clustered=True,
)

# Rights are asked for by `needs`; `set_id` is what indexes count them by.
workflow_roles: Final = table(
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
)
sa.Index(
    "uq_workflow_roles_held",
    workflow_roles.c.held_by,
    workflow_roles.c.workflow_id,
    unique=True,
    **where("held_by IS NOT NULL"),
)

# `open_for` is the assignee while the instance is open: what somebody has to do with now, however much they did.
workflow_steps: Final = table(
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
)
sa.Index(
    "ix_workflow_steps_assigned",
    workflow_steps.c.assigned_to,
    workflow_steps.c.completed_at,
    workflow_steps.c.workflow_id,
    **where("assigned_to IS NOT NULL"),
)
sa.Index(
    "ix_workflow_steps_open_for",
    workflow_steps.c.open_for,
    workflow_steps.c.workflow_id,
    workflow_steps.c.role_id,
    workflow_steps.c.completed_at,
    **where("open_for IS NOT NULL"),
)

# Work that was done, by when; what the roles needed is what it is counted by.
sa.Index(
    "ix_workflow_steps_completed",
    workflow_steps.c.completed_at,
    workflow_steps.c.role_id,
    **where("completed_at IS NOT NULL"),
)

step_claims: Final = table(
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
)
# One claimant a role, under any race.
sa.Index("uq_step_claims_role", step_claims.c.role_id, unique=True, **where("ended_at IS NULL"))

series_claims: Final = table(
    "series_claims",
    sa.Column("series_id", words(), primary_key=True),
    sa.Column("step_order", whole(), primary_key=True, autoincrement=False),
    sa.Column("user_id", words(), primary_key=True),
    sa.Column("claimed_at", Moment, nullable=False),
    sa.Index("ix_series_claims_user", "user_id", "series_id", "step_order"),
    clustered=True,
)

absence_periods: Final = table(
    "absence_periods",
    sa.Column("absence_id", words(), primary_key=True),
    sa.Column("user_id", words(), nullable=False),
    sa.Column("series_id", words(), nullable=False),
    sa.Column("step_order", whole(), nullable=False),
    sa.Column("absent_from", Moment, nullable=False),
    sa.Column("absent_until", Moment, nullable=False),
    sa.Index("ix_absence_periods_user", "user_id", "absent_from", "absence_id"),
    sa.Index("ix_absence_periods_series", "series_id", "user_id"),
)

# `target` is what a pending proposal stands in the way of another one for; `due_at` is NULL once it is closed, and
# the counts are then as they were.
proposals: Final = table(
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
)
sa.Index("ix_proposals_pending", proposals.c.proposal_id, **where("status = 'pending'"))
sa.Index("ix_proposals_due", proposals.c.due_at, proposals.c.proposal_id, **where("due_at IS NOT NULL"))
sa.Index("uq_proposals_pending", proposals.c.target, unique=True, **where("status = 'pending'"))

proposal_votes: Final = table(
    "proposal_votes",
    sa.Column("proposal_id", words(), primary_key=True),
    sa.Column("voter_id", words(), primary_key=True),
    sa.Column("decision", words(), nullable=False),
    sa.Column("comment", words()),
    sa.Column("cast_at", Moment, nullable=False),
    sa.Index("ix_proposal_votes_voter", "voter_id", "proposal_id"),
    clustered=True,
)

payouts: Final = table(
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
)

workflow_drafts: Final = table(
    "workflow_drafts",
    sa.Column("draft_id", words(), primary_key=True),
    sa.Column("user_id", words(), nullable=False),
    sa.Column("title", words(), nullable=False),
    sa.Column("body", words(), nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Index("ix_workflow_drafts_user", "user_id", "updated_at", "draft_id"),
)
