"""Delivery: offers, what wallets hold, messages that leave, conversations, public pages, presentations; copies.

Only adds: a program that knows nothing of it goes on working on these tables.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from sealwright.storage.column_types import Flag, Moment, Uid, whole, words

revision: Final = "0005"
down_revision: Final = "0004"
branch_labels: Final = None
depends_on: Final = None

_TABLES: Final = (
    "offers",
    "spent_once",
    "wallet_authorizations",
    "wallet_tokens",
    "wallet_transactions",
    "wallet_notifications",
    "parcels",
    "webhooks",
    "didcomm_threads",
    "didcomm_messages",
    "shares",
    "presentations",
)
_OPEN_OFFER: Final = "state IN ('waiting', 'created', 'sent', 'opened', 'accepted')"
_OVER_THREAD: Final = "state IN ('message', 'done', 'abandoned')"


def upgrade() -> None:
    """Make the tables of delivery, and let credentials say of which one they are a further form."""
    _copies()
    _offers()
    _indexes_of_offers()
    _once()
    _authorizations()
    _tokens()
    _transactions()
    _parcels()
    _webhooks()
    _conversations()
    _pages()


def downgrade() -> None:
    """Drop the tables of delivery and the column, which nothing else refers to."""
    for name in reversed(_TABLES):
        op.drop_table(name)
    op.drop_index("ix_credentials_copies", "credentials")
    op.drop_column("credentials", "suspended_alone")
    op.drop_column("credentials", "copy_of")


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _copies() -> None:
    op.add_column("credentials", sa.Column("copy_of", Uid))
    op.add_column("credentials", sa.Column("suspended_alone", Flag))
    op.create_index("ix_credentials_copies", "credentials", ["copy_of", "uid"], **_where("copy_of IS NOT NULL"))


def _offers() -> None:
    op.create_table(
        "offers",
        sa.Column("offer_id", words(), primary_key=True),
        sa.Column("channel", words(), nullable=False),
        sa.Column("state", words(), nullable=False),
        sa.Column("binding", words(), nullable=False),
        sa.Column("created_by", words(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("credential_id", words()),
        sa.Column("grant_id", words()),
        sa.Column("request_id", words()),
        sa.Column("credential_type", words()),
        sa.Column("schema_id", words()),
        sa.Column("issuer_did", words()),
        sa.Column("holder_did", words()),
        sa.Column("holder_user_id", words()),
        sa.Column("origin", words()),
        sa.Column("secret_digest", sa.LargeBinary),
        sa.Column("code_digest", sa.LargeBinary),
        sa.Column("tx_code_required", Flag, nullable=False),
        sa.Column("attempts_left", whole(), nullable=False),
        sa.Column("email", words()),
        sa.Column("thread_id", words()),
        sa.Column("opened_at", Moment),
        sa.Column("accepted_at", Moment),
        sa.Column("ended_at", Moment),
        sa.Column("redeemer", words()),
        sa.Column("delivered_id", words()),
        sa.Column("version", whole(), nullable=False),
        sa.Index("ix_offers_created", "created_at", "offer_id"),
        sa.Index("ix_offers_state", "state", "created_at", "offer_id"),
        sqlite_strict=True,
    )


def _indexes_of_offers() -> None:
    op.create_index(
        "ix_offers_credential",
        "offers",
        ["credential_id", "created_at", "offer_id"],
        **_where("credential_id IS NOT NULL"),
    )
    op.create_index(
        "ix_offers_grant", "offers", ["grant_id", "created_at", "offer_id"], **_where("grant_id IS NOT NULL")
    )
    op.create_index(
        "ix_offers_holder",
        "offers",
        ["holder_user_id", "created_at", "offer_id"],
        **_where("holder_user_id IS NOT NULL"),
    )
    op.create_index(
        "ix_offers_issuer",
        "offers",
        ["issuer_did", "created_at", "offer_id", "state", "expires_at"],
        **_where("issuer_did IS NOT NULL"),
    )
    op.create_index("ix_offers_open", "offers", ["expires_at", "offer_id"], **_where(_OPEN_OFFER))
    op.create_index(
        "ix_offers_request", "offers", ["request_id", "created_at", "offer_id"], **_where("request_id IS NOT NULL")
    )
    op.create_index("ix_offers_thread", "offers", ["thread_id"], **_where("thread_id IS NOT NULL"))
    op.create_index(
        "ix_offers_type",
        "offers",
        ["credential_type", "created_at", "offer_id"],
        **_where("credential_type IS NOT NULL"),
    )
    op.create_index("uq_offers_code", "offers", ["code_digest"], unique=True, **_where("code_digest IS NOT NULL"))
    op.create_index("uq_offers_origin", "offers", ["origin"], unique=True, **_where("origin IS NOT NULL"))
    op.create_index("uq_offers_secret", "offers", ["secret_digest"], unique=True, **_where("secret_digest IS NOT NULL"))


def _once() -> None:
    op.create_table(
        "spent_once",
        sa.Column("kind", words(), primary_key=True),
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Index("ix_spent_once_expires", "expires_at"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _authorizations() -> None:
    op.create_table(
        "wallet_authorizations",
        sa.Column("authorization_id", words(), primary_key=True),
        sa.Column("request_digest", sa.LargeBinary, nullable=False),
        sa.Column("client_id", words(), nullable=False),
        sa.Column("redirect_uri", words(), nullable=False),
        sa.Column("code_challenge", words(), nullable=False),
        sa.Column("configuration_ids", words(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("state", words()),
        sa.Column("jkt", words()),
        sa.Column("issuer_state", words()),
        sa.Column("user_id", words()),
        sa.Column("code_digest", sa.LargeBinary),
        sa.Column("used_at", Moment),
        sa.Column("by_scope", Flag, nullable=False),
        sa.UniqueConstraint("request_digest", name="uq_wallet_authorizations_request"),
        sa.Index("ix_wallet_authorizations_expires", "expires_at", "authorization_id"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_wallet_authorizations_user", "wallet_authorizations", ["user_id"], **_where("user_id IS NOT NULL")
    )
    op.create_index(
        "uq_wallet_authorizations_code",
        "wallet_authorizations",
        ["code_digest"],
        unique=True,
        **_where("code_digest IS NOT NULL"),
    )


def _tokens() -> None:
    op.create_table(
        "wallet_tokens",
        sa.Column("token_id", words(), primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("configuration_ids", words(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("offer_id", words()),
        sa.Column("user_id", words()),
        sa.Column("identifiers", words(), nullable=False),
        sa.Column("jkt", words()),
        sa.Column("client_id", words()),
        sa.Column("authorization_id", words()),
        sa.UniqueConstraint("digest", name="uq_wallet_tokens_digest"),
        sa.Index("ix_wallet_tokens_expires", "expires_at", "token_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_wallet_tokens_offer", "wallet_tokens", ["offer_id"], **_where("offer_id IS NOT NULL"))
    op.create_index("ix_wallet_tokens_user", "wallet_tokens", ["user_id"], **_where("user_id IS NOT NULL"))
    op.create_index(
        "ix_wallet_tokens_authorization",
        "wallet_tokens",
        ["authorization_id"],
        **_where("authorization_id IS NOT NULL"),
    )


def _transactions() -> None:
    op.create_table(
        "wallet_transactions",
        sa.Column("transaction_id", words(), primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("token_id", words(), nullable=False),
        sa.Column("request_id", words(), nullable=False),
        sa.Column("configuration_id", words(), nullable=False),
        sa.Column("holders", words(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("state", words(), nullable=False),
        sa.Column("ended_at", Moment),
        sa.UniqueConstraint("digest", name="uq_wallet_transactions_digest"),
        sa.Index("ix_wallet_transactions_token", "token_id"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_wallet_transactions_waiting",
        "wallet_transactions",
        ["token_id", "request_id"],
        **_where("state = 'waiting'"),
    )
    op.create_table(
        "wallet_notifications",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("token_id", words(), nullable=False),
        sa.Column("credential_ids", words(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("event", words()),
        sa.Column("told_at", Moment),
        sa.Index("ix_wallet_notifications_token", "token_id"),
        sqlite_strict=True,
    )


def _parcels() -> None:
    op.create_table(
        "parcels",
        sa.Column("parcel_id", words(), primary_key=True),
        sa.Column("kind", words(), nullable=False),
        sa.Column("subject", words(), nullable=False),
        sa.Column("reference", words(), nullable=False),
        sa.Column("label", words(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("give_up_at", Moment, nullable=False),
        sa.Column("attempts", whole(), nullable=False),
        sa.Column("state", words(), nullable=False),
        sa.Column("last_status", whole()),
        sa.Column("last_error", words()),
        sa.Column("finished_at", Moment),
        sa.Index("ix_parcels_subject", "kind", "subject", "created_at", "parcel_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_parcels_due", "parcels", ["due_at", "parcel_id"], **_where("state = 'waiting'"))
    op.create_index("ix_parcels_finished", "parcels", ["finished_at", "parcel_id"], **_where("finished_at IS NOT NULL"))
    op.create_index("ix_parcels_waiting", "parcels", ["kind", "subject"], **_where("state = 'waiting'"))
    op.create_index(
        "uq_parcels_reference", "parcels", ["subject", "reference"], unique=True, **_where("kind = 'webhook'")
    )


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("webhook_id", words(), primary_key=True),
        sa.Column("owner_kind", words(), nullable=False),
        sa.Column("owner_id", words(), nullable=False),
        sa.Column("url", words(), nullable=False),
        sa.Column("events", words(), nullable=False),
        sa.Column("description", words()),
        sa.Column("status", words(), nullable=False),
        sa.Column("secrets", words(), nullable=False),
        sa.Column("position", whole(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("rotated_at", Moment),
        sa.Column("failing_since", Moment),
        sa.Column("paused_by_itself", Flag, nullable=False),
        sa.Column("version", whole(), nullable=False),
        sqlite_strict=True,
    )
    op.create_index("ix_webhooks_created", "webhooks", ["created_at", "webhook_id"], **_where("status <> 'deleted'"))
    op.create_index(
        "ix_webhooks_owner",
        "webhooks",
        ["owner_kind", "owner_id", "created_at", "webhook_id"],
        **_where("status <> 'deleted'"),
    )


def _conversations() -> None:
    op.create_table(
        "didcomm_threads",
        sa.Column("thread_id", words(), primary_key=True),
        sa.Column("own_did", words(), nullable=False),
        sa.Column("their_did", words(), nullable=False),
        sa.Column("their_digest", sa.LargeBinary, nullable=False),
        sa.Column("state", words(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("offer_id", words()),
        sa.Column("credential_id", words()),
        sa.Column("version", whole(), nullable=False),
        sa.Index("ix_didcomm_threads_own", "own_did", "thread_id"),
        sa.Index("ix_didcomm_threads_their", "their_digest", "thread_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_didcomm_threads_over", "didcomm_threads", ["updated_at", "thread_id"], **_where(_OVER_THREAD))
    op.create_table(
        "didcomm_messages",
        sa.Column("message_id", words(), primary_key=True),
        sa.Column("thread_id", words(), nullable=False),
        sa.Column("position", whole(), nullable=False),
        sa.Column("type", words(), nullable=False),
        sa.Column("direction", words(), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Index("ix_didcomm_messages_thread", "thread_id", "position", "message_id"),
        sqlite_strict=True,
    )


def _pages() -> None:
    op.create_table(
        "shares",
        sa.Column("uid", Uid, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("generation", whole(), nullable=False),
        sa.Column("is_on", Flag, nullable=False),
        sa.Column("shown", words(), nullable=False),
        sa.Column("is_listed", Flag, nullable=False),
        sa.UniqueConstraint("digest", name="uq_shares_digest"),
        sqlite_strict=True,
    )
    op.create_table(
        "presentations",
        sa.Column("presentation_id", words(), primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("reader_digest", sa.LargeBinary, nullable=False),
        sa.Column("owner", words(), nullable=False),
        sa.Column("credential_type", words(), nullable=False),
        sa.Column("claims", words(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("state", words(), nullable=False),
        sa.Column("answered_at", Moment),
        sa.Column("report", words()),
        sa.UniqueConstraint("digest", name="uq_presentations_digest"),
        sa.Index("ix_presentations_expires", "expires_at", "presentation_id"),
        sqlite_strict=True,
    )
