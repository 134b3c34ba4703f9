"""The tables of the review desk: catalog, requests with their counters, grants, admission."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from sealwright.storage.column_types import Flag, Moment, whole, words
from sealwright.storage.tables import table


def where(condition: str) -> dict[str, Any]:
    """Give a partial index's condition for both databases."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


credential_types: Final = table(
    "credential_types",
    sa.Column("value", words(), primary_key=True),
    sa.Column("label", words(), nullable=False),
    sa.Column("label_key", words(), nullable=False),
    sa.Column("schema_id", words(), nullable=False),
    sa.Column("issuer_did", words(), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("visibility", words(), nullable=False),
    sa.Column("labels", words(), nullable=False),
    sa.Column("description", words()),
    sa.Column("criteria", words()),
    sa.Column("checklist", words(), nullable=False),
    sa.Column("questions", words(), nullable=False),
    sa.Column("badge_attachment_id", words()),
    sa.Column("validity_days", whole()),
    sa.Column("renewal_reminder_days", whole()),
    sa.Column("target_hours", whole()),
    sa.Column("revocation_policy", words(), nullable=False),
    sa.Column("proof_type", words(), nullable=False),
    sa.Column("suspendable", Flag, nullable=False),
    sa.Column("two_person", Flag, nullable=False),
    sa.Column("approval_note_required", Flag, nullable=False),
    sa.Column("active", Flag, nullable=False),
    sa.Column("version", whole(), nullable=False),
    sa.UniqueConstraint("label_key", name="uq_credential_types_label"),
    sa.Index("ix_credential_types_schema", "schema_id", "created_at"),
)

# Lists, sorts and counts read indexes alone: each one ends in what filters look at. The default order is
# by `phase` (0 while pending, then 1) and `sorted_at` (asked for, while pending; decided, after). `marks` are
# needs-info and assigned.
_SEEN: Final = ("credential_type", "state", "marks", "person_no")
_SEEN_IN_TYPE: Final = ("marks", "person_no", "requested_at")
requests: Final = table(
    "requests",
    sa.Column("request_id", words(), primary_key=True),
    sa.Column("request_no", whole(), nullable=False),
    sa.Column("user_id", words(), nullable=False),
    sa.Column("person_no", whole(), nullable=False),
    sa.Column("name_key", words(), nullable=False),
    sa.Column("credential_type", words(), nullable=False),
    sa.Column("state", words(), nullable=False),
    sa.Column("marks", whole(), nullable=False),
    sa.Column("requested_at", Moment, nullable=False),
    sa.Column("phase", whole(), nullable=False),
    sa.Column("sorted_at", Moment, nullable=False),
    sa.Column("resolved_at", Moment),
    sa.Column("resolved_by", words()),
    sa.Column("assignee_user_id", words()),
    sa.Column("version", whole(), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("message", words()),
    sa.Column("note", words()),
    sa.Column("evidence", words(), nullable=False),
    sa.Column("claims", words()),
    sa.Column("answers", words(), nullable=False),
    sa.Column("requester_note", words()),
    sa.Column("endorsed_by", words()),
    sa.Column("grant_id", words()),
    sa.Column("earlier_rejections", whole(), nullable=False),
    sa.Index("ix_requests_queue", "phase", "sorted_at", "request_id", *_SEEN, "requested_at"),
    sa.Index("ix_requests_type", "credential_type", "state", "sorted_at", "request_id", *_SEEN_IN_TYPE),
    sa.Index("ix_requests_asked", "requested_at", "request_id", *_SEEN),
    sa.Index("ix_requests_name", "name_key", "request_id", *_SEEN, "requested_at"),
    sa.Index("ix_requests_person", "person_no", *_SEEN[:-1], "requested_at"),
    sa.Index("ix_requests_user", "user_id"),
    sa.Index("uq_requests_request_no", "request_no", unique=True),
)
# Numbers are dense but for acts that rolled back, so that columns of requests are arrays.
request_numbers: Final = sa.Sequence("request_numbers", start=0, minvalue=0, metadata=requests.metadata)
sa.Index(
    "uq_requests_pending",
    requests.c.user_id,
    requests.c.credential_type,
    unique=True,
    **where("state = 'pending'"),
)
sa.Index(
    "ix_requests_assignee",
    *(requests.c[name] for name in ("assignee_user_id", "state", "sorted_at", "request_id", "credential_type")),
    *(requests.c[name] for name in ("marks", "person_no", "requested_at")),
    **where("assignee_user_id IS NOT NULL"),
)
sa.Index(
    "ix_requests_needs_info",
    *(requests.c[name] for name in ("marks", "state", "sorted_at", "request_id", "credential_type", "person_no")),
    **where("marks >= 2"),
)
sa.Index(
    "ix_requests_resolved",
    *(requests.c[name] for name in ("resolved_at", "credential_type", "state", "requested_at")),
    **where("resolved_at IS NOT NULL"),
)
sa.Index(
    "ix_requests_resolver",
    *(requests.c[name] for name in ("resolved_by", "resolved_at")),
    **where("resolved_by IS NOT NULL"),
)

request_history: Final = table(
    "request_history",
    sa.Column("request_id", words(), primary_key=True),
    sa.Column("position", whole(), primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("cause", words(), nullable=False),
    sa.Column("actor", words(), nullable=False),
    sa.Column("from_state", words()),
    sa.Column("to_state", words(), nullable=False),
    sa.Column("note", words()),
    sa.Column("message", words()),
    sa.Column("checklist", words(), nullable=False),
    clustered=True,
)

# How many requests there are of each type, state and set of marks, by the period of a moment of theirs.
request_counters: Final = table(
    "request_counters",
    sa.Column("measure", words(), primary_key=True),
    sa.Column("credential_type", words(), primary_key=True),
    sa.Column("state", words(), primary_key=True),
    sa.Column("marks", whole(), primary_key=True, autoincrement=False),
    sa.Column("period", whole(), primary_key=True, autoincrement=False),
    sa.Column("requests", whole(), nullable=False),
    clustered=True,
)

# Which requests moved, by the number of the unit of work that moved them; the clock has the last of these numbers.
request_moves: Final = table(
    "request_moves",
    sa.Column("move_no", whole(), primary_key=True, autoincrement=False),
    sa.Column("request_no", whole(), primary_key=True, autoincrement=False),
    clustered=True,
)
request_clock: Final = table(
    "request_clock",
    sa.Column("id", whole(), primary_key=True, autoincrement=False),
    sa.Column("moves", whole(), nullable=False),
)

grants: Final = table(
    "grants",
    sa.Column("grant_id", words(), primary_key=True),
    sa.Column("user_id", words(), nullable=False),
    sa.Column("credential_type", words(), nullable=False),
    sa.Column("issued_by", words(), nullable=False),
    sa.Column("issued_at", Moment, nullable=False),
    sa.Column("status", words(), nullable=False),
    sa.Column("issuance", words(), nullable=False),
    sa.Column("issuance_error", words()),
    sa.Column("expires_at", Moment),
    sa.Column("revoked_at", Moment),
    sa.Column("revoked_by", words()),
    sa.Column("reason", words()),
    sa.Column("request_id", words()),
    sa.Column("supersedes", words()),
    sa.Column("credential_id", words()),
    sa.Column("issuer_did", words()),
    sa.Column("holder_did", words()),
    sa.Column("note", words()),
    sa.Column("claims", words()),
    sa.Column("sign_after", Moment),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("version", whole(), nullable=False),
    sa.Index("ix_grants_user", "user_id", "issued_at", "grant_id"),
    sa.Index("ix_grants_type", "credential_type", "status", "user_id", "expires_at"),
    sa.Index("ix_grants_issued", "issued_at", "credential_type", "status", "revoked_at", "expires_at"),
    sa.Index("ix_grants_request", "request_id"),
)
_IN_FORCE: Final = "status IN ('active', 'suspended')"
sa.Index("uq_grants_in_force", grants.c.user_id, grants.c.credential_type, unique=True, **where(_IN_FORCE))
sa.Index("ix_grants_credential", grants.c.credential_id, **where("credential_id IS NOT NULL"))
sa.Index(
    "ix_grants_unsigned",
    grants.c.due_at,
    grants.c.grant_id,
    **where("issuance <> 'issued' AND status IN ('active', 'suspended')"),
)
sa.Index(
    "ix_grants_ending",
    grants.c.expires_at,
    grants.c.grant_id,
    **where("expires_at IS NOT NULL AND status IN ('active', 'suspended')"),
)
sa.Index("ix_grants_revoked", grants.c.revoked_at, grants.c.credential_type, **where("revoked_at IS NOT NULL"))

role_requests: Final = table(
    "role_requests",
    sa.Column("user_id", words(), primary_key=True),
    sa.Column("role", words(), primary_key=True),
    sa.Column("state", words(), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("version", whole(), nullable=False),
    sa.Column("note", words()),
    sa.Column("decision_note", words()),
    sa.Column("decided_by", words()),
    sa.Column("decided_at", Moment),
    sa.Index("ix_role_requests_role", "role", "state", "created_at", "user_id"),
    sa.Index("ix_role_requests_state", "state", "created_at", "user_id"),
)

issuer_profiles: Final = table(
    "issuer_profiles",
    sa.Column("user_id", words(), primary_key=True),
    sa.Column("organization", words(), nullable=False),
    sa.Column("email", words(), nullable=False),
    sa.Column("state", words(), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("allowed_credentials", words(), nullable=False),
    sa.Column("wanted_credentials", words(), nullable=False),
    sa.Column("nickname", words()),
    sa.Column("justification", words()),
    sa.Column("issuer_did", words()),
    sa.Column("note", words()),
    sa.Column("decided_by", words()),
    sa.Column("version", whole(), nullable=False),
    sa.Column("search_text", words(), nullable=False),
    sa.Index("ix_issuer_profiles_state", "state", "created_at", "user_id"),
)
