"""The issuing core: office, people, DIDs, keys, schemas, status lists, credentials, idempotency, audit.

Written out in full and never edited: what a step does must not change when the tables move on.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from sealwright.storage.column_types import Flag, Moment, Uid, whole, words

revision: Final = "0001"
down_revision: Final = None
branch_labels: Final = None
depends_on: Final = None

_ONLY_ADDED: Final = ("audit_rows", "checkpoints")


def upgrade() -> None:
    """Make every table, the rows that must exist, and the triggers that keep history."""
    _office()
    _people()
    _dids()
    _schemas()
    _status()
    _credentials()
    _audit()
    _first_rows()
    if op.get_bind().dialect.name == "sqlite":
        _refuse_changes_on_sqlite()
    else:
        _refuse_changes_on_postgres()
        _rate_windows()


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _office() -> None:
    op.create_table(
        "registry",
        sa.Column("id", whole(), primary_key=True, autoincrement=False),
        sa.Column("epoch", whole(), nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "office_settings",
        sa.Column("name", words(), primary_key=True),
        sa.Column("value", words(), nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "halts",
        sa.Column("halt_id", words(), primary_key=True),
        sa.Column("reason", words(), nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.Column("issuer_did", words()),
        sa.Column("schema_id", words()),
        sqlite_strict=True,
    )


def _people() -> None:
    op.create_table(
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
        sa.UniqueConstraint("email_key", name="uq_people_email_key"),
        sqlite_strict=True,
    )
    op.create_index("ix_people_admins", "people", ["user_id"], **_where("is_admin = TRUE AND active = TRUE"))
    op.create_table(
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
        sqlite_strict=True,
    )
    op.create_table(
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
        sqlite_strict=True,
    )


def _dids() -> None:
    op.create_table(
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
        sqlite_strict=True,
    )
    op.create_table(
        "did_names",
        sa.Column("name", words(), primary_key=True),
        sa.Column("did", words(), sa.ForeignKey("dids.did"), nullable=False),
        sa.Index("ix_did_names_did", "did"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "did_public_keys",
        sa.Column("public_key_multibase", words(), primary_key=True),
        sa.Column("did", words(), sa.ForeignKey("dids.did"), nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "did_versions",
        sa.Column("did", words(), sa.ForeignKey("dids.did"), primary_key=True),
        sa.Column("version", whole(), primary_key=True, autoincrement=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
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
        sqlite_strict=True,
    )


def _schemas() -> None:
    op.create_table(
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
        sqlite_strict=True,
    )


def _status() -> None:
    op.create_table(
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
        sqlite_strict=True,
    )
    op.create_index("uq_status_lists_open", "status_lists", ["issuer_did"], unique=True, **_where("is_open = TRUE"))
    op.create_table(
        "status_bits",
        sa.Column("list_id", words(), sa.ForeignKey("status_lists.list_id"), primary_key=True),
        sa.Column("version", whole(), nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("revocation", sa.LargeBinary, nullable=False),
        sa.Column("suspension", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
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
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("uq_reservations_place", "reservations", ["list_id", "list_index"], unique=True)
    op.create_index(
        "uq_reservations_external_id",
        "reservations",
        ["external_id"],
        unique=True,
        **_where("external_id IS NOT NULL AND state <> 'void'"),
    )
    op.create_index("ix_reservations_open", "reservations", ["reserved_at", "uid"], **_where("state = 'reserved'"))


def _credentials() -> None:
    op.create_table(
        "type_sets",
        sa.Column("type_set", sa.LargeBinary, primary_key=True),
        sa.Column("types", words(), nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
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
        # With state and expiry behind, an issuer's credentials are counted and filtered on the index alone.
        sa.Index("ix_credentials_issuer", "issuer_did", "uid", "status", "expires_at"),
        sa.Index("ix_credentials_holder", "holder_digest", "uid"),
        sa.Index("ix_credentials_schema", "schema_id", "uid"),
        sa.Index("ix_credentials_types", "type_set", "uid"),
        sqlite_strict=True,
    )
    op.create_index(
        "uq_credentials_external_id", "credentials", ["external_id"], unique=True, **_where("external_id IS NOT NULL")
    )
    op.create_index("ix_credentials_batch", "credentials", ["batch_id", "uid"], **_where("batch_id IS NOT NULL"))
    op.create_index("ix_credentials_touched", "credentials", ["status", "uid"], **_where("status <> 'valid'"))
    op.create_table(
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
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _audit() -> None:
    op.create_table(
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
        sqlite_strict=True,
    )
    op.create_table(
        "audit_head",
        sa.Column("id", whole(), primary_key=True, autoincrement=False),
        sa.Column("sequence", whole(), nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("at", Moment),
        sqlite_strict=True,
    )
    op.create_table(
        "checkpoints",
        sa.Column("checkpoint_id", whole(), primary_key=True, autoincrement=False),
        sa.Column("sequence", whole(), nullable=False),
        sa.Column("head_hash", sa.LargeBinary, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("note", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )


def _first_rows() -> None:
    op.execute("INSERT INTO registry (id, epoch) VALUES (1, 1)")
    zeros = "x'" + "00" * 32 + "'" if op.get_bind().dialect.name == "sqlite" else "'\\x" + "00" * 32 + "'"
    op.execute(f"INSERT INTO audit_head (id, sequence, hash, at) VALUES (1, 0, {zeros}, NULL)")  # noqa: S608


def _refuse_changes_on_sqlite() -> None:
    for table in _ONLY_ADDED:
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuse_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are only added'); END"
            )


def _refuse_changes_on_postgres() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'rows of % are only added', TG_TABLE_NAME; END $$"
    )
    for table in _ONLY_ADDED:
        op.execute(
            f"CREATE TRIGGER {table}_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _rate_windows() -> None:
    # Counters of a minute are not worth a flush: lost in a crash of the server, kept over our restarts.
    op.execute(
        "CREATE UNLOGGED TABLE rate_windows "
        "(bucket bytea PRIMARY KEY, started_at bigint NOT NULL, hits bigint NOT NULL)"
    )
