"""Every table, in the form that the newest migration leaves behind.

Times are Unix seconds, lists are JSON text that nothing searches, documents are bytes. What lists
show newest first has an index for each way of filtering, ending in the column that pages are cut by.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from sealwright.storage.column_types import Flag, Moment, Uid, whole, words

metadata: Final = sa.MetaData()


def table(name: str, *parts: sa.Column[object] | sa.schema.SchemaItem, clustered: bool = False) -> sa.Table:
    """Make a table; `clustered` keeps short rows in their key's own tree on SQLite, one write less for each row."""
    return sa.Table(name, metadata, *parts, sqlite_strict=True, sqlite_with_rowid=not clustered)


registry: Final = table(
    "registry",
    sa.Column("id", whole(), primary_key=True, autoincrement=False),
    sa.Column("epoch", whole(), nullable=False),
)

office_settings: Final = table(
    "office_settings",
    sa.Column("name", words(), primary_key=True),
    sa.Column("value", words(), nullable=False),
)

halts: Final = table(
    "halts",
    sa.Column("halt_id", words(), primary_key=True),
    sa.Column("reason", words(), nullable=False),
    sa.Column("since", Moment, nullable=False),
    sa.Column("issuer_did", words()),
    sa.Column("schema_id", words()),
)

people: Final = table(
    "people",
    sa.Column("user_id", words(), primary_key=True),
    sa.Column("email", words(), nullable=False),
    sa.Column("email_key", words(), nullable=False),
    sa.Column("verified", Flag, nullable=False),
    sa.Column("display_name", words(), nullable=False),
    sa.Column("search_text", words(), nullable=False),
    sa.Column("roles", words(), nullable=False),
    sa.Column("is_admin", Flag, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("active", Flag, nullable=False),
    sa.Column("scopes", words(), nullable=False),
    sa.Column("wallets", words(), nullable=False),
    sa.Column("holder_did", words()),
    sa.Column("version", whole(), nullable=False),
    sa.Column("first_name", words()),
    sa.Column("last_name", words()),
    sa.Column("locale", words()),
    sa.Column("theme", words()),
    sa.Column("time_zone", words()),
    sa.Column("shortcuts", Flag, nullable=False),
    sa.Column("other_emails", words(), nullable=False),
    sa.Column("dids", words(), nullable=False),
    sa.Column("erased", Flag, nullable=False),
    sa.Column("wallet_details", words()),
    sa.Column("name_key", words()),
    sa.Column("person_no", whole()),
    # The version that was indexed for search; a program that knows no search leaves it behind.
    sa.Column("indexed_version", whole()),
    sa.UniqueConstraint("email_key", name="uq_people_email_key"),
    sa.Index("uq_people_person_no", "person_no", unique=True),
    sa.Index("ix_people_name", "name_key", "user_id", "person_no"),
    sa.Index("ix_people_created", "created_at", "user_id"),
)
sa.Index(
    "ix_people_admins",
    people.c.user_id,
    sqlite_where=sa.text("is_admin = TRUE AND active = TRUE"),
    postgresql_where=sa.text("is_admin = TRUE AND active = TRUE"),
)
sa.Index(
    "ix_people_unindexed",
    people.c.user_id,
    sqlite_where=sa.text("indexed_version IS NULL OR indexed_version <> version"),
    postgresql_where=sa.text("indexed_version IS NULL OR indexed_version <> version"),
)

# What belongs to one person at most: every e-mail address, proved wallet addresses, DIDs.
person_keys: Final = table(
    "person_keys",
    sa.Column("kind", words(), primary_key=True),
    sa.Column("key", words(), primary_key=True),
    sa.Column("user_id", words(), nullable=False),
    sa.Index("ix_person_keys_user", "user_id"),
    clustered=True,
)

# Approved roles once more, to list people by them.
person_roles: Final = table(
    "person_roles",
    sa.Column("role", words(), primary_key=True),
    sa.Column("user_id", words(), primary_key=True),
    sa.Column("person_no", whole(), nullable=False),
    sa.Index("ix_person_roles_user", "user_id"),
    clustered=True,
)

# The folded texts by which people are found, many to a page: read whole, kept in memory, known by their tag.
search_pages: Final = table(
    "search_pages",
    sa.Column("page_no", whole(), primary_key=True, autoincrement=False),
    sa.Column("tag", sa.LargeBinary, nullable=False),
    sa.Column("texts", sa.LargeBinary, nullable=False),
)

personal_tokens: Final = table(
    "personal_tokens",
    sa.Column("token_id", words(), primary_key=True),
    sa.Column("user_id", words(), sa.ForeignKey("people.user_id"), nullable=False),
    sa.Column("name", words(), nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment),
    sa.Column("revoked_at", Moment),
    sa.UniqueConstraint("digest", name="uq_personal_tokens_digest"),
    sa.Index("ix_personal_tokens_user", "user_id", "created_at", "token_id"),
)

api_keys: Final = table(
    "api_keys",
    sa.Column("api_key_id", words(), primary_key=True),
    sa.Column("name", words(), nullable=False),
    sa.Column("prefix", words(), nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("owner_user_id", words()),
    sa.Column("issuer_dids", words(), nullable=False),
    sa.Column("schemas", words()),
    sa.Column("issue_per_minute", whole()),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment),
    sa.Column("last_used_at", Moment),
    sa.Column("revoked_at", Moment),
    sa.UniqueConstraint("digest", name="uq_api_keys_digest"),
    sa.Index("ix_api_keys_created", "created_at", "api_key_id"),
    sa.Index("ix_api_keys_owner", "owner_user_id", "created_at", "api_key_id"),
)

dids: Final = table(
    "dids",
    sa.Column("did", words(), primary_key=True),
    sa.Column("method", words(), nullable=False),
    sa.Column("kind", words(), nullable=False),
    sa.Column("name", words()),
    sa.Column("state", words(), nullable=False),
    sa.Column("controller", words()),
    sa.Column("operator", words()),
    sa.Column("owner_user_id", words()),
    sa.Column("aliases", words(), nullable=False),
    sa.Column("methods", words(), nullable=False),
    sa.Column("services", words(), nullable=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("version", whole(), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("deactivated_at", Moment),
    sa.Index("ix_dids_created", "created_at", "did"),
    sa.Index("ix_dids_owner", "owner_user_id", "created_at", "did"),
    sa.Index(
        "ix_dids_agents",
        "created_at",
        "did",
        sqlite_where=sa.text("kind = 'agent'"),
        postgresql_where=sa.text("kind = 'agent'"),
    ),
)

# Ids and aliases share one name space, for ever.
did_names: Final = table(
    "did_names",
    sa.Column("name", words(), primary_key=True),
    sa.Column("did", words(), sa.ForeignKey("dids.did"), nullable=False),
    sa.Index("ix_did_names_did", "did"),
    clustered=True,
)

# A key stays with the DID that first held it, retired or compromised too.
did_public_keys: Final = table(
    "did_public_keys",
    sa.Column("public_key_multibase", words(), primary_key=True),
    sa.Column("did", words(), sa.ForeignKey("dids.did"), nullable=False),
    clustered=True,
)

did_versions: Final = table(
    "did_versions",
    sa.Column("did", words(), sa.ForeignKey("dids.did"), primary_key=True),
    sa.Column("version", whole(), primary_key=True, autoincrement=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("at", Moment, nullable=False),
)

private_keys: Final = table(
    "private_keys",
    sa.Column("key_id", words(), primary_key=True),
    sa.Column("did", words(), nullable=False),
    sa.Column("use", words(), nullable=False),
    sa.Column("algorithm", words(), nullable=False),
    sa.Column("public_key", sa.LargeBinary, nullable=False),
    sa.Column("backend", words(), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("kek_id", words(), nullable=False),
    sa.Column("state", words(), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("not_after", Moment),
    sa.Index("ix_private_keys_did", "did", "use", "created_at"),
)

schemas: Final = table(
    "schemas",
    sa.Column("schema_id", words(), primary_key=True),
    sa.Column("name", words(), nullable=False),
    sa.Column("version", words(), nullable=False),
    sa.Column("type", words(), nullable=False),
    sa.Column("description", words()),
    sa.Column("author", words()),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("context_url", words(), nullable=False),
    sa.Column("context", sa.LargeBinary, nullable=False),
    sa.Column("sha256", words(), nullable=False),
    sa.Column("restricted", Flag, nullable=False),
    sa.Column("allowed_issuers", words(), nullable=False),
    sa.Column("revocation_required", Flag, nullable=False),
    sa.Column("active", Flag, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("credential_type", words()),
    sa.UniqueConstraint("name", "version", name="uq_schemas_name"),
    sa.Index("ix_schemas_created", "created_at", "schema_id"),
    sa.Index("ix_schemas_active", "active", "created_at", "schema_id"),
)

status_lists: Final = table(
    "status_lists",
    sa.Column("list_id", words(), primary_key=True),
    sa.Column("issuer_did", words(), nullable=False),
    sa.Column("permutation_key", sa.LargeBinary, nullable=False),
    sa.Column("size_bits", whole(), nullable=False),
    sa.Column("capacity", whole(), nullable=False),
    sa.Column("used", whole(), nullable=False),
    sa.Column("is_open", Flag, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.CheckConstraint("used <= capacity AND capacity <= size_bits", name="ck_status_lists_used"),
)
sa.Index(
    "uq_status_lists_open",
    status_lists.c.issuer_did,
    unique=True,
    sqlite_where=sa.text("is_open = TRUE"),
    postgresql_where=sa.text("is_open = TRUE"),
)

# Apart from the counter, so that taking an index never rewrites 32 KiB, nor waits for a revocation.
status_bits: Final = table(
    "status_bits",
    sa.Column("list_id", words(), sa.ForeignKey("status_lists.list_id"), primary_key=True),
    sa.Column("version", whole(), nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("revocation", sa.LargeBinary, nullable=False),
    sa.Column("suspension", sa.LargeBinary, nullable=False),
)

# Rows of every state stay, so that (list, index) is unique over all that ever were. The hot tables
# have no foreign keys: on PostgreSQL each one costs a row lock per row, and `settle_many` and
# `verify-store` see what they would see.
reservations: Final = table(
    "reservations",
    sa.Column("uid", Uid, primary_key=True),
    sa.Column("external_id", words()),
    sa.Column("issuer_did", words(), nullable=False),
    sa.Column("list_id", words()),
    sa.Column("list_index", whole()),
    sa.Column("order_digest", sa.LargeBinary, nullable=False),
    sa.Column("key_id", words(), nullable=False),
    sa.Column("proof_type", words(), nullable=False),
    sa.Column("reserved_at", Moment, nullable=False),
    sa.Column("state", words(), nullable=False),
    sa.Column("idempotency_principal", words()),
    sa.Column("idempotency_route", words()),
    sa.Column("idempotency_key", words()),
    sa.Column("idempotency_digest", sa.LargeBinary),
    clustered=True,
)
sa.Index("uq_reservations_place", reservations.c.list_id, reservations.c.list_index, unique=True)
sa.Index(
    "uq_reservations_external_id",
    reservations.c.external_id,
    unique=True,
    sqlite_where=sa.text("external_id IS NOT NULL AND state <> 'void'"),
    postgresql_where=sa.text("external_id IS NOT NULL AND state <> 'void'"),
)
sa.Index(
    "ix_reservations_open",
    reservations.c.reserved_at,
    reservations.c.uid,
    sqlite_where=sa.text("state = 'reserved'"),
    postgresql_where=sa.text("state = 'reserved'"),
)

# Each distinct sequence of types once: credentials carry its digest, lists filter by few digests.
type_sets: Final = table(
    "type_sets",
    sa.Column("type_set", sa.LargeBinary, primary_key=True),
    sa.Column("types", words(), nullable=False),
    clustered=True,
)

credentials: Final = table(
    "credentials",
    sa.Column("uid", Uid, primary_key=True),
    sa.Column("external_id", words()),
    sa.Column("issuer_did", words(), nullable=False),
    sa.Column("holder_did", words(), nullable=False),
    sa.Column("holder_digest", sa.LargeBinary, nullable=False),
    sa.Column("schema_id", words()),
    sa.Column("types", words(), nullable=False),
    sa.Column("type_set", sa.LargeBinary, nullable=False),
    sa.Column("proof_type", words(), nullable=False),
    sa.Column("verification_method", words(), nullable=False),
    sa.Column("revocable", Flag, nullable=False),
    sa.Column("suspendable", Flag, nullable=False),
    sa.Column("list_id", words()),
    sa.Column("list_index", whole()),
    sa.Column("status", words(), nullable=False),
    sa.Column("issued_at", Moment, nullable=False),
    sa.Column("expires_at", Moment),
    sa.Column("document", sa.LargeBinary),
    sa.Column("document_sha256", sa.LargeBinary, nullable=False),
    sa.Column("revoked_at", Moment),
    sa.Column("reason_code", words()),
    sa.Column("reason", words()),
    sa.Column("grant_id", words()),
    sa.Column("batch_id", words()),
    sa.Column("transaction_hash", words()),
    # The credential of which this is a further form.
    sa.Column("copy_of", Uid),
    # Of a further form: that it was suspended by an act of its own. Rows of earlier programs say nothing.
    sa.Column("suspended_alone", Flag),
    # With state and expiry behind, an issuer's credentials are counted and filtered on the index alone.
    sa.Index("ix_credentials_issuer", "issuer_did", "uid", "status", "expires_at"),
    sa.Index("ix_credentials_holder", "holder_digest", "uid"),
    sa.Index("ix_credentials_schema", "schema_id", "uid"),
    sa.Index("ix_credentials_types", "type_set", "uid"),
)
sa.Index(
    "uq_credentials_external_id",
    credentials.c.external_id,
    unique=True,
    sqlite_where=sa.text("external_id IS NOT NULL"),
    postgresql_where=sa.text("external_id IS NOT NULL"),
)
sa.Index(
    "ix_credentials_batch",
    credentials.c.batch_id,
    credentials.c.uid,
    sqlite_where=sa.text("batch_id IS NOT NULL"),
    postgresql_where=sa.text("batch_id IS NOT NULL"),
)
sa.Index(
    "ix_credentials_copies",
    credentials.c.copy_of,
    credentials.c.uid,
    sqlite_where=sa.text("copy_of IS NOT NULL"),
    postgresql_where=sa.text("copy_of IS NOT NULL"),
)
sa.Index(
    "ix_credentials_touched",
    credentials.c.status,
    credentials.c.uid,
    sqlite_where=sa.text("status <> 'valid'"),
    postgresql_where=sa.text("status <> 'valid'"),
)

idempotency_keys: Final = table(
    "idempotency_keys",
    sa.Column("principal", words(), primary_key=True),
    sa.Column("route", words(), primary_key=True),
    sa.Column("key", words(), primary_key=True),
    sa.Column("body_digest", sa.LargeBinary, nullable=False),
    sa.Column("reference", words()),
    sa.Column("finished", Flag, nullable=False),
    sa.Column("answer_status", whole()),
    sa.Column("answer_body", sa.LargeBinary),
    sa.Column("answer_headers", words()),
    sa.Column("answer_is_sealed", Flag),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Index("ix_idempotency_keys_expires", "expires_at"),
    clustered=True,
)

audit_rows: Final = table(
    "audit_rows",
    sa.Column("sequence", whole(), primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("action", words(), nullable=False),
    sa.Column("actor_id", words(), nullable=False),
    sa.Column("object_id", words(), nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("prev_hash", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Index("ix_audit_rows_at", "at", "sequence"),
    sa.Index("ix_audit_rows_action", "action", "sequence"),
    sa.Index("ix_audit_rows_actor", "actor_id", "sequence"),
    sa.Index("ix_audit_rows_object", "object_id", "sequence"),
)

audit_head: Final = table(
    "audit_head",
    sa.Column("id", whole(), primary_key=True, autoincrement=False),
    sa.Column("sequence", whole(), nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("at", Moment),
)

checkpoints: Final = table(
    "checkpoints",
    sa.Column("checkpoint_id", whole(), primary_key=True, autoincrement=False),
    sa.Column("sequence", whole(), nullable=False),
    sa.Column("head_hash", sa.LargeBinary, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("note", sa.LargeBinary, nullable=False),
)
