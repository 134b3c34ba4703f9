"""The tables of delegations: what is delegated, how it is found, what was counted, asked and approved, and agents."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from sealwright.storage.column_types import Flag, Moment, Uid, whole, words
from sealwright.storage.desk_tables import where
from sealwright.storage.tables import table

NOT_ENDED: Final = "ended = FALSE"
WAITING: Final = "state = 'waiting'"

# Its status is its credential's, by the uid: there is no second one. `calls` and `spent_…` are the running sums of its
# ledger; a sum is `high` times 2^62 and `low`, because no database has a whole number that never ends.
delegations: Final = table(
    "delegations",
    sa.Column("delegation_id", words(), primary_key=True),
    sa.Column("uid", Uid, nullable=False),
    sa.Column("lineage", words(), nullable=False),
    sa.Column("parent_id", words()),
    sa.Column("delegator_did", words(), nullable=False),
    sa.Column("delegate_did", words(), nullable=False),
    sa.Column("scope", words(), nullable=False),
    sa.Column("constraints", words(), nullable=False),
    sa.Column("max_depth", whole(), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("made_by", words(), nullable=False),
    sa.Column("supersedes", words()),
    sa.Column("calls", whole(), nullable=False),
    sa.Column("spent_high", whole(), nullable=False),
    sa.Column("spent_low", whole(), nullable=False),
    sa.Column("last_used_at", Moment),
    # Its end has come and was recorded, so that it is told once.
    sa.Column("ended", Flag, nullable=False),
    sa.UniqueConstraint("uid", name="uq_delegations_uid"),
    sa.Index("ix_delegations_delegator", "delegator_did", "uid"),
    sa.Index("ix_delegations_delegate", "delegate_did", "uid"),
)
sa.Index("ix_delegations_parent", delegations.c.parent_id, delegations.c.uid, **where("parent_id IS NOT NULL"))
sa.Index("ix_delegations_open", delegations.c.expires_at, delegations.c.uid, **where(NOT_ENDED))

# Under every delegation above it, and under every DID of its chain: what rests on one, and what concerns somebody.
delegation_index: Final = table(
    "delegation_index",
    sa.Column("term", words(), primary_key=True),
    sa.Column("uid", Uid, primary_key=True),
    clustered=True,
)

# `no` is how many acts were counted before, `spent_…` what was spent before: with the sums of today two look-ups give
# any stretch of time.
delegation_uses: Final = table(
    "delegation_uses",
    sa.Column("delegation_id", words(), primary_key=True),
    sa.Column("at", Moment, primary_key=True),
    sa.Column("no", whole(), primary_key=True),
    sa.Column("call_id", words(), nullable=False),
    sa.Column("micros", whole(), nullable=False),
    sa.Column("spent_high", whole(), nullable=False),
    sa.Column("spent_low", whole(), nullable=False),
    sa.Index("ix_delegation_uses_at", "at"),
    clustered=True,
)

delegation_calls: Final = table(
    "delegation_calls",
    sa.Column("call_id", words(), primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("agent_did", words(), nullable=False),
    sa.Column("delegation_id", words()),
    sa.Column("action", words(), nullable=False),
    sa.Column("context", words(), nullable=False),
    sa.Column("allowed", Flag, nullable=False),
    sa.Column("code", words()),
    sa.Column("detail", words()),
    sa.Column("recorded", Flag, nullable=False),
    sa.Column("asked_by", words(), nullable=False),
    sa.Column("via", words(), nullable=False),
    sa.Column("approval_id", words()),
    sa.Index("ix_delegation_calls_at", "at", "call_id"),
)
sa.Index(
    "ix_delegation_calls_delegation",
    delegation_calls.c.delegation_id,
    delegation_calls.c.at,
    delegation_calls.c.call_id,
    **where("delegation_id IS NOT NULL"),
)
# Few: refusals of agents to whom nothing was delegated; those of an erased person are found by it.
sa.Index("ix_delegation_calls_agent", delegation_calls.c.agent_did, **where("delegation_id IS NULL"))

approvals: Final = table(
    "approvals",
    sa.Column("approval_id", words(), primary_key=True),
    sa.Column("delegation_id", words(), nullable=False),
    sa.Column("agent_did", words(), nullable=False),
    sa.Column("delegator_did", words(), nullable=False),
    sa.Column("action", words(), nullable=False),
    sa.Column("context", words(), nullable=False),
    sa.Column("note", words()),
    sa.Column("state", words(), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("decided_at", Moment),
    sa.Column("decided_by", words()),
    sa.Column("reason", words()),
    sa.Index("ix_approvals_created", "created_at", "approval_id"),
    sa.Index("ix_approvals_delegator", "delegator_did", "created_at", "approval_id"),
    sa.Index("ix_approvals_agent", "agent_did", "created_at", "approval_id"),
)
sa.Index("ix_approvals_waiting", approvals.c.agent_did, approvals.c.expires_at, **where(WAITING))

agent_profiles: Final = table(
    "agent_profiles",
    sa.Column("did", words(), primary_key=True),
    sa.Column("description", words()),
    sa.Column("model", words()),
    sa.Column("capabilities", words(), nullable=False),
    sa.Column("version", words(), nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
)
