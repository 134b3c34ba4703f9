"""Delegations with their ledgers, the calls made under them, the approvals asked for, and the agents' profiles.

Only adds: a program that knows nothing of them goes on working, and issues no delegation that would be missed here.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from sealwright.storage.column_types import Flag, Moment, Uid, whole, words

revision: Final = "0010"
down_revision: Final = "0009"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Make the tables."""
    _delegations()
    _ledgers()
    _calls()
    _approvals()
    op.create_table(
        "agent_profiles",
        sa.Column("did", words(), primary_key=True),
        sa.Column("description", words()),
        sa.Column("model", words()),
        sa.Column("capabilities", words(), nullable=False),
        sa.Column("version", words(), nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("ix_dids_agents", "dids", ["created_at", "did"], **_where("kind = 'agent'"))


def downgrade() -> None:
    """Drop them, which nothing else refers to."""
    op.drop_index("ix_dids_agents", "dids")
    for name in (
        "agent_profiles",
        "approvals",
        "delegation_calls",
        "delegation_uses",
        "delegation_index",
        "delegations",
    ):
        op.drop_table(name)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _delegations() -> None:
    op.create_table(
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
        sa.Column("ended", Flag, nullable=False),
        sa.UniqueConstraint("uid", name="uq_delegations_uid"),
        sa.Index("ix_delegations_delegator", "delegator_did", "uid"),
        sa.Index("ix_delegations_delegate", "delegate_did", "uid"),
        sa.Index("ix_delegations_parent", "parent_id", "uid", **_where("parent_id IS NOT NULL")),
        sa.Index("ix_delegations_open", "expires_at", "uid", **_where("ended = FALSE")),
        sqlite_strict=True,
    )
    op.create_table(
        "delegation_index",
        sa.Column("term", words(), primary_key=True),
        sa.Column("uid", Uid, primary_key=True),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _ledgers() -> None:
    op.create_table(
        "delegation_uses",
        sa.Column("delegation_id", words(), primary_key=True),
        sa.Column("at", Moment, primary_key=True, autoincrement=False),
        sa.Column("no", whole(), primary_key=True, autoincrement=False),
        sa.Column("call_id", words(), nullable=False),
        sa.Column("micros", whole(), nullable=False),
        sa.Column("spent_high", whole(), nullable=False),
        sa.Column("spent_low", whole(), nullable=False),
        sa.Index("ix_delegation_uses_at", "at"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _calls() -> None:
    op.create_table(
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
        sa.Index(
            "ix_delegation_calls_delegation", "delegation_id", "at", "call_id", **_where("delegation_id IS NOT NULL")
        ),
        sa.Index("ix_delegation_calls_agent", "agent_did", **_where("delegation_id IS NULL")),
        sqlite_strict=True,
    )


def _approvals() -> None:
    op.create_table(
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
        sa.Index("ix_approvals_waiting", "agent_did", "expires_at", **_where("state = 'waiting'")),
        sqlite_strict=True,
    )
