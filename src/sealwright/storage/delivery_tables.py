"""The tables of delivery: offers, what wallets hold, messages that leave, conversations, pages, presentations."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from sealwright.storage.column_types import Flag, Moment, Uid, whole, words
from sealwright.storage.desk_tables import where
from sealwright.storage.tables import table

OPEN_OFFER: Final = "state IN ('waiting', 'created', 'sent', 'opened', 'accepted')"
OVER_THREAD: Final = "state IN ('message', 'done', 'abandoned')"

offers: Final = table(
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
)
# What is shown newest first; with state and expiry behind, an issuer's offers are filtered on the index alone.
sa.Index(
    "ix_offers_issuer",
    offers.c.issuer_did,
    offers.c.created_at,
    offers.c.offer_id,
    offers.c.state,
    offers.c.expires_at,
    **where("issuer_did IS NOT NULL"),
)
sa.Index(
    "ix_offers_holder",
    offers.c.holder_user_id,
    offers.c.created_at,
    offers.c.offer_id,
    **where("holder_user_id IS NOT NULL"),
)
sa.Index(
    "ix_offers_credential",
    offers.c.credential_id,
    offers.c.created_at,
    offers.c.offer_id,
    **where("credential_id IS NOT NULL"),
)
sa.Index("ix_offers_grant", offers.c.grant_id, offers.c.created_at, offers.c.offer_id, **where("grant_id IS NOT NULL"))
sa.Index(
    "ix_offers_request", offers.c.request_id, offers.c.created_at, offers.c.offer_id, **where("request_id IS NOT NULL")
)
sa.Index(
    "ix_offers_type",
    offers.c.credential_type,
    offers.c.created_at,
    offers.c.offer_id,
    **where("credential_type IS NOT NULL"),
)
sa.Index("ix_offers_thread", offers.c.thread_id, **where("thread_id IS NOT NULL"))
sa.Index("ix_offers_open", offers.c.expires_at, offers.c.offer_id, **where(OPEN_OFFER))
sa.Index("uq_offers_origin", offers.c.origin, unique=True, **where("origin IS NOT NULL"))
sa.Index("uq_offers_secret", offers.c.secret_digest, unique=True, **where("secret_digest IS NOT NULL"))
sa.Index("uq_offers_code", offers.c.code_digest, unique=True, **where("code_digest IS NOT NULL"))

spent_once: Final = table(
    "spent_once",
    sa.Column("kind", words(), primary_key=True),
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Index("ix_spent_once_expires", "expires_at"),
    clustered=True,
)

wallet_authorizations: Final = table(
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
)
sa.Index(
    "uq_wallet_authorizations_code",
    wallet_authorizations.c.code_digest,
    unique=True,
    **where("code_digest IS NOT NULL"),
)
sa.Index("ix_wallet_authorizations_user", wallet_authorizations.c.user_id, **where("user_id IS NOT NULL"))

wallet_tokens: Final = table(
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
)
sa.Index("ix_wallet_tokens_offer", wallet_tokens.c.offer_id, **where("offer_id IS NOT NULL"))
sa.Index("ix_wallet_tokens_user", wallet_tokens.c.user_id, **where("user_id IS NOT NULL"))
sa.Index(
    "ix_wallet_tokens_authorization",
    wallet_tokens.c.authorization_id,
    **where("authorization_id IS NOT NULL"),
)

wallet_transactions: Final = table(
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
)
sa.Index(
    "ix_wallet_transactions_waiting",
    wallet_transactions.c.token_id,
    wallet_transactions.c.request_id,
    **where("state = 'waiting'"),
)

wallet_notifications: Final = table(
    "wallet_notifications",
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("token_id", words(), nullable=False),
    sa.Column("credential_ids", words(), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("event", words()),
    sa.Column("told_at", Moment),
    sa.Index("ix_wallet_notifications_token", "token_id"),
)

parcels: Final = table(
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
)
sa.Index("ix_parcels_due", parcels.c.due_at, parcels.c.parcel_id, **where("state = 'waiting'"))
sa.Index("ix_parcels_waiting", parcels.c.kind, parcels.c.subject, **where("state = 'waiting'"))
sa.Index("ix_parcels_finished", parcels.c.finished_at, parcels.c.parcel_id, **where("finished_at IS NOT NULL"))
# An endpoint is told once of each event, whoever reads the trail for it.
sa.Index("uq_parcels_reference", parcels.c.subject, parcels.c.reference, unique=True, **where("kind = 'webhook'"))

webhooks: Final = table(
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
)
sa.Index("ix_webhooks_created", webhooks.c.created_at, webhooks.c.webhook_id, **where("status <> 'deleted'"))
sa.Index(
    "ix_webhooks_owner",
    webhooks.c.owner_kind,
    webhooks.c.owner_id,
    webhooks.c.created_at,
    webhooks.c.webhook_id,
    **where("status <> 'deleted'"),
)

# DIDs of others may be longer than any index takes: they are found by a digest.
didcomm_threads: Final = table(
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
)
sa.Index("ix_didcomm_threads_over", didcomm_threads.c.updated_at, didcomm_threads.c.thread_id, **where(OVER_THREAD))

# `position` tells apart what came within one second.
didcomm_messages: Final = table(
    "didcomm_messages",
    sa.Column("message_id", words(), primary_key=True),
    sa.Column("thread_id", words(), nullable=False),
    sa.Column("position", whole(), nullable=False),
    sa.Column("type", words(), nullable=False),
    sa.Column("direction", words(), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("sealed", sa.LargeBinary),
    sa.Index("ix_didcomm_messages_thread", "thread_id", "position", "message_id"),
)

shares: Final = table(
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
)

disclosure_links: Final = table(
    "disclosure_links",
    sa.Column("disclosure_id", words(), primary_key=True),
    sa.Column("uid", Uid, nullable=False),
    sa.Column("user_id", words(), nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("is_text", Flag, nullable=False),
    sa.Column("shown", whole(), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("opened", whole(), nullable=False),
    sa.Column("opened_at", Moment),
    sa.UniqueConstraint("digest", name="uq_disclosure_links_digest"),
    sa.Index("ix_disclosure_links_uid", "uid", "created_at", "disclosure_id"),
    sa.Index("ix_disclosure_links_user", "user_id", "disclosure_id"),
    sa.Index("ix_disclosure_links_expires", "expires_at", "disclosure_id"),
)

presentations: Final = table(
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
    sa.Column("query", words()),
    sa.UniqueConstraint("digest", name="uq_presentations_digest"),
    sa.Index("ix_presentations_expires", "expires_at", "presentation_id"),
)
