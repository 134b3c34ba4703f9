"""The tables of signing in, notices, mail, uploaded files, saved views and wishes for reports."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from sealwright.storage.column_types import Flag, Moment, whole, words
from sealwright.storage.desk_tables import where
from sealwright.storage.tables import table

sessions: Final = table(
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
    sa.Index("ix_sessions_user", "user_id", "created_at", "session_id"),
    sa.Index("ix_sessions_created", "created_at"),
)

passwords: Final = table(
    "passwords",
    sa.Column("user_id", words(), primary_key=True),
    sa.Column("encoded", words(), nullable=False),
    sa.Column("changed_at", Moment, nullable=False),
    clustered=True,
)

passkeys: Final = table(
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
)

recovery_codes: Final = table(
    "recovery_codes",
    sa.Column("user_id", words(), primary_key=True),
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("made_at", Moment, nullable=False),
    clustered=True,
)

one_time_links: Final = table(
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
    sa.Index("ix_one_time_links_user", "user_id", "purpose"),
    sa.Index("ix_one_time_links_expires", "expires_at"),
)

challenges: Final = table(
    "challenges",
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("purpose", words(), nullable=False),
    sa.Column("user_id", words()),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Index("ix_challenges_expires", "expires_at"),
    clustered=True,
)

# A bucket is kept as a digest: it names an account or an address.
sign_in_failures: Final = table(
    "sign_in_failures",
    sa.Column("bucket", sa.LargeBinary, primary_key=True),
    sa.Column("at", Moment, primary_key=True, autoincrement=False),
    sa.Column("failures", whole(), nullable=False),
    sa.Index("ix_sign_in_failures_at", "at"),
    clustered=True,
)

notices: Final = table(
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
)
sa.Index(
    "ix_notices_unread",
    notices.c.user_id,
    notices.c.created_at,
    notices.c.notice_id,
    **where("read_at IS NULL"),
)
sa.Index("ix_notices_request", notices.c.request_id, **where("request_id IS NOT NULL"))
sa.Index("ix_notices_grant", notices.c.grant_id, **where("grant_id IS NOT NULL"))
sa.Index(
    "ix_notices_due",
    notices.c.mail_due_at,
    notices.c.notice_id,
    **where("mail_due_at IS NOT NULL AND mailed = FALSE"),
)

notice_modes: Final = table(
    "notice_modes",
    sa.Column("user_id", words(), primary_key=True),
    sa.Column("kind", words(), primary_key=True),
    sa.Column("mode", words(), nullable=False),
    clustered=True,
)

mails: Final = table(
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
)
sa.Index("ix_mails_unsent", mails.c.next_try_at, mails.c.mail_id, **where("sent_at IS NULL"))

attachments: Final = table(
    "attachments",
    sa.Column("attachment_id", words(), primary_key=True),
    sa.Column("user_id", words(), nullable=False),
    sa.Column("name", words(), nullable=False),
    sa.Column("media_type", words(), nullable=False),
    sa.Column("sha256", words(), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    # Last, so that describing a file never reads past it.
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Index("ix_attachments_user", "user_id"),
)

saved_views: Final = table(
    "saved_views",
    sa.Column("view_id", words(), primary_key=True),
    sa.Column("user_id", words(), nullable=False),
    sa.Column("name", words(), nullable=False),
    sa.Column("query", words(), nullable=False),
    sa.Column("pinned", Flag, nullable=False),
    sa.Column("is_default", Flag, nullable=False),
    sa.Index("ix_saved_views_user", "user_id"),
)

report_wishes: Final = table(
    "report_wishes",
    sa.Column("user_id", words(), primary_key=True),
    sa.Column("every", words(), nullable=False),
    sa.Column("credential_types", words()),
    sa.Column("sent_until", Moment),
    sa.Column("asked_at", Moment),
    sa.Index("ix_report_wishes_due", "every", "sent_until", "user_id"),
    clustered=True,
)
