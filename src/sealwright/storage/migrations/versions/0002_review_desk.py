"""The review desk: catalog, requests, grants, admission, signing in, notices; people who can be searched.

Only adds: a program that knows nothing of it goes on working on these tables. What it leaves behind (people
who are not indexed for search) is caught up in short steps, each time somebody migrates.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from sealwright.storage.column_types import Flag, Moment, whole, words

revision: Final = "0002"
down_revision: Final = "0001"
branch_labels: Final = None
depends_on: Final = None

# What a row of a list shows: at the end of its indexes, so that the table itself is not read.
_SHOWN: Final = ("marks", "person_no", "requested_at")


def upgrade() -> None:
    """Make the tables of the review desk, and give people what search and profiles need."""
    _people()
    _search()
    _catalog()
    _requests()
    _grants()
    _enrollment()
    _sign_in()
    _notices()
    _files()


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _people() -> None:
    for name in ("first_name", "last_name", "locale", "theme", "time_zone"):
        op.add_column("people", sa.Column(name, words()))
    op.add_column("people", sa.Column("shortcuts", Flag, nullable=False, server_default=sa.text("TRUE")))
    for name in ("other_emails", "dids"):
        op.add_column("people", sa.Column(name, words(), nullable=False, server_default=sa.text("'[]'")))
    op.add_column("people", sa.Column("erased", Flag, nullable=False, server_default=sa.text("FALSE")))
    for name in ("wallet_details", "name_key"):
        op.add_column("people", sa.Column(name, words()))
    for name in ("person_no", "indexed_version"):
        op.add_column("people", sa.Column(name, whole()))
    op.create_index("uq_people_person_no", "people", ["person_no"], unique=True)
    op.create_index("ix_people_name", "people", ["name_key", "user_id", "person_no"])
    op.create_index("ix_people_created", "people", ["created_at", "user_id"])
    op.create_index(
        "ix_people_unindexed", "people", ["user_id"], **_where("indexed_version IS NULL OR indexed_version <> version")
    )


def _search() -> None:
    op.create_table(
        "person_keys",
        sa.Column("kind", words(), primary_key=True),
        sa.Column("key", words(), primary_key=True),
        sa.Column("user_id", words(), nullable=False),
        sa.Index("ix_person_keys_user", "user_id"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "person_roles",
        sa.Column("role", words(), primary_key=True),
        sa.Column("user_id", words(), primary_key=True),
        sa.Column("person_no", whole(), nullable=False),
        sa.Index("ix_person_roles_user", "user_id"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "search_pages",
        sa.Column("page_no", whole(), primary_key=True, autoincrement=False),
        sa.Column("tag", sa.LargeBinary, nullable=False),
        sa.Column("texts", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )


def _catalog() -> None:
    op.create_table(
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
        sqlite_strict=True,
    )


def _requests() -> None:
    op.create_table(
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
        sa.Index("ix_requests_asked", "requested_at", "request_id", "credential_type", "state", "marks", "person_no"),
        sa.Index("ix_requests_name", "name_key", "request_id", "credential_type", "state", *_SHOWN),
        sa.Index("ix_requests_person", "person_no", "credential_type", "state", "marks", "requested_at"),
        sa.Index("ix_requests_queue", "phase", "sorted_at", "request_id", "credential_type", "state", *_SHOWN),
        sa.Index("ix_requests_type", "credential_type", "state", "sorted_at", "request_id", *_SHOWN),
        sa.Index("ix_requests_user", "user_id"),
        sa.Index("uq_requests_request_no", "request_no", unique=True),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_requests_assignee",
        "requests",
        ["assignee_user_id", "state", "sorted_at", "request_id", "credential_type", *_SHOWN],
        **_where("assignee_user_id IS NOT NULL"),
    )
    op.create_index(
        "ix_requests_needs_info",
        "requests",
        ["marks", "state", "sorted_at", "request_id", "credential_type", "person_no"],
        **_where("marks >= 2"),
    )
    op.create_index(
        "ix_requests_resolved",
        "requests",
        ["resolved_at", "credential_type", "state", "requested_at"],
        **_where("resolved_at IS NOT NULL"),
    )
    op.create_index(
        "ix_requests_resolver", "requests", ["resolved_by", "resolved_at"], **_where("resolved_by IS NOT NULL")
    )
    op.create_index(
        "uq_requests_pending", "requests", ["user_id", "credential_type"], unique=True, **_where("state = 'pending'")
    )
    op.create_table(
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
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "request_counters",
        sa.Column("measure", words(), primary_key=True),
        sa.Column("credential_type", words(), primary_key=True),
        sa.Column("state", words(), primary_key=True),
        sa.Column("marks", whole(), primary_key=True, autoincrement=False),
        sa.Column("period", whole(), primary_key=True, autoincrement=False),
        sa.Column("requests", whole(), nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "request_moves",
        sa.Column("move_no", whole(), primary_key=True, autoincrement=False),
        sa.Column("request_no", whole(), primary_key=True, autoincrement=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    clock = op.create_table(
        "request_clock",
        sa.Column("id", whole(), primary_key=True, autoincrement=False),
        sa.Column("moves", whole(), nullable=False),
        sqlite_strict=True,
    )
    op.bulk_insert(clock, [{"id": 1, "moves": 0}])
    if op.get_bind().dialect.name != "sqlite":
        op.execute(sa.schema.CreateSequence(sa.Sequence("request_numbers", start=0, minvalue=0)))


def _grants() -> None:
    op.create_table(
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
        sa.Index("ix_grants_issued", "issued_at", "credential_type", "status", "revoked_at", "expires_at"),
        sa.Index("ix_grants_request", "request_id"),
        sa.Index("ix_grants_type", "credential_type", "status", "user_id", "expires_at"),
        sa.Index("ix_grants_user", "user_id", "issued_at", "grant_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_grants_credential", "grants", ["credential_id"], **_where("credential_id IS NOT NULL"))
    op.create_index(
        "ix_grants_ending",
        "grants",
        ["expires_at", "grant_id"],
        **_where("expires_at IS NOT NULL AND status IN ('active', 'suspended')"),
    )
    op.create_index(
        "ix_grants_revoked", "grants", ["revoked_at", "credential_type"], **_where("revoked_at IS NOT NULL")
    )
    op.create_index(
        "ix_grants_unsigned",
        "grants",
        ["due_at", "grant_id"],
        **_where("issuance <> 'issued' AND status IN ('active', 'suspended')"),
    )
    op.create_index(
        "uq_grants_in_force",
        "grants",
        ["user_id", "credential_type"],
        unique=True,
        **_where("status IN ('active', 'suspended')"),
    )


def _enrollment() -> None:
    op.create_table(
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
        sqlite_strict=True,
    )
    op.create_table(
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
        sqlite_strict=True,
    )


def _sign_in() -> None:
    op.create_table(
        "sessions",
        sa.Column("session_id", words(), primary_key=True),
        sa.Column("user_id", words(), nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("method", words(), nullable=False),
        sa.Column("label", words(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("last_seen_at", Moment, nullable=False),
        sa.Column("authenticated_at", Moment, nullable=False),
        sa.Column("roles", words(), nullable=False),
        sa.Column("ended_at", Moment),
        sa.UniqueConstraint("digest", name="uq_sessions_digest"),
        sa.Index("ix_sessions_created", "created_at"),
        sa.Index("ix_sessions_user", "user_id", "created_at", "session_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "passwords",
        sa.Column("user_id", words(), primary_key=True),
        sa.Column("encoded", words(), nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "passkeys",
        sa.Column("passkey_id", words(), primary_key=True),
        sa.Column("user_id", words(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sign_count", whole(), nullable=False),
        sa.Column("name", words(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("transports", words(), nullable=False),
        sa.Column("last_used_at", Moment),
        sa.UniqueConstraint("credential_id", name="uq_passkeys_credential_id"),
        sa.Index("ix_passkeys_user", "user_id", "created_at", "passkey_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", words(), primary_key=True),
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("made_at", Moment, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "one_time_links",
        sa.Column("link_id", words(), primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("purpose", words(), nullable=False),
        sa.Column("user_id", words()),
        sa.Column("email", words()),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("used_at", Moment),
        sa.UniqueConstraint("digest", name="uq_one_time_links_digest"),
        sa.Index("ix_one_time_links_expires", "expires_at"),
        sa.Index("ix_one_time_links_user", "user_id", "purpose"),
        sqlite_strict=True,
    )
    op.create_table(
        "challenges",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("purpose", words(), nullable=False),
        sa.Column("user_id", words()),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Index("ix_challenges_expires", "expires_at"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("bucket", sa.LargeBinary, primary_key=True),
        sa.Column("at", Moment, primary_key=True, autoincrement=False),
        sa.Column("failures", whole(), nullable=False),
        sa.Index("ix_sign_in_failures_at", "at"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("notice_id", words(), primary_key=True),
        sa.Column("user_id", words(), nullable=False),
        sa.Column("kind", words(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("data", words(), nullable=False),
        sa.Column("request_id", words()),
        sa.Column("grant_id", words()),
        sa.Column("read_at", Moment),
        sa.Column("mail_due_at", Moment),
        sa.Column("mailed", Flag, nullable=False),
        sa.Index("ix_notices_user", "user_id", "created_at", "notice_id"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_notices_due",
        "notices",
        ["mail_due_at", "notice_id"],
        **_where("mail_due_at IS NOT NULL AND mailed = FALSE"),
    )
    op.create_index("ix_notices_grant", "notices", ["grant_id"], **_where("grant_id IS NOT NULL"))
    op.create_index("ix_notices_request", "notices", ["request_id"], **_where("request_id IS NOT NULL"))
    op.create_index("ix_notices_unread", "notices", ["user_id", "created_at", "notice_id"], **_where("read_at IS NULL"))
    op.create_table(
        "notice_modes",
        sa.Column("user_id", words(), primary_key=True),
        sa.Column("kind", words(), primary_key=True),
        sa.Column("mode", words(), nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "mails",
        sa.Column("mail_id", words(), primary_key=True),
        sa.Column("user_id", words()),
        sa.Column("to", words(), nullable=False),
        sa.Column("kind", words(), nullable=False),
        sa.Column("locale", words(), nullable=False),
        sa.Column("subject", words(), nullable=False),
        sa.Column("text", words(), nullable=False),
        sa.Column("html", words(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("sent_at", Moment),
        sa.Column("attempts", whole(), nullable=False),
        sa.Column("next_try_at", Moment, nullable=False),
        sa.Index("ix_mails_created", "created_at", "mail_id"),
        sa.Index("ix_mails_user", "user_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_mails_unsent", "mails", ["next_try_at", "mail_id"], **_where("sent_at IS NULL"))


def _files() -> None:
    op.create_table(
        "attachments",
        sa.Column("attachment_id", words(), primary_key=True),
        sa.Column("user_id", words(), nullable=False),
        sa.Column("name", words(), nullable=False),
        sa.Column("media_type", words(), nullable=False),
        sa.Column("sha256", words(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Index("ix_attachments_user", "user_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "saved_views",
        sa.Column("view_id", words(), primary_key=True),
        sa.Column("user_id", words(), nullable=False),
        sa.Column("name", words(), nullable=False),
        sa.Column("query", words(), nullable=False),
        sa.Column("pinned", Flag, nullable=False),
        sa.Column("is_default", Flag, nullable=False),
        sa.Index("ix_saved_views_user", "user_id"),
        sqlite_strict=True,
    )
