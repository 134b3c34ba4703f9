"""Bulk work: batches with their chunks and rows, anchored roots, the transparency log; on PostgreSQL the job queue.

Only adds: a program that knows nothing of it goes on working on these tables. The queue is that of procrastinate, in
the form of the release that is locked; what a later release changes is a step of its own.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager

from sealwright.storage.column_types import Flag, Moment, whole, words

revision: Final = "0006"
down_revision: Final = "0005"
branch_labels: Final = None
depends_on: Final = None

_TABLES: Final = (
    "batches",
    "batch_chunks",
    "batch_rows",
    "anchors",
    "log_head",
    "log_entries",
    "log_tiles",
    "log_checkpoints",
)
_DROP_QUEUE: Final = """
DO $$ DECLARE thing text; BEGIN
  FOR thing IN SELECT format('%I', tablename) FROM pg_tables
    WHERE schemaname = current_schema() AND starts_with(tablename, 'procrastinate_') LOOP
    EXECUTE 'DROP TABLE ' || thing || ' CASCADE';
  END LOOP;
  FOR thing IN SELECT p.oid::regprocedure::text FROM pg_proc p
    WHERE p.pronamespace = current_schema()::regnamespace AND starts_with(p.proname, 'procrastinate_') LOOP
    EXECUTE 'DROP FUNCTION ' || thing || ' CASCADE';
  END LOOP;
  FOR thing IN SELECT format('%I', t.typname) FROM pg_type t
    WHERE t.typnamespace = current_schema()::regnamespace AND starts_with(t.typname, 'procrastinate_')
    AND t.typtype IN ('e', 'c') LOOP
    EXECUTE 'DROP TYPE IF EXISTS ' || thing || ' CASCADE';
  END LOOP;
END $$
"""


def upgrade() -> None:
    """Make the tables of bulk work, the empty log, and the queue."""
    _batches()
    _chunks()
    _anchors()
    _log()
    _run_on_postgres(SchemaManager.get_schema())


def downgrade() -> None:
    """Drop them, which nothing else refers to."""
    _run_on_postgres(_DROP_QUEUE)
    for name in reversed(_TABLES):
        op.drop_table(name)


def _run_on_postgres(text: str) -> None:
    """Send statements to the driver as they are: no parameters, and no meaning in their percent signs."""
    driver = op.get_bind().connection.driver_connection
    if isinstance(driver, psycopg.Connection):
        driver.execute(text.encode())


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _batches() -> None:
    op.create_table(
        "batches",
        sa.Column("batch_id", words(), primary_key=True),
        sa.Column("kind", words(), nullable=False),
        sa.Column("status", words(), nullable=False),
        sa.Column("issuer_did", words(), nullable=False),
        sa.Column("schema_id", words()),
        sa.Column("credential_type", words()),
        sa.Column("name", words()),
        sa.Column("options", words(), nullable=False),
        sa.Column("starter_kind", words(), nullable=False),
        sa.Column("starter_id", words(), nullable=False),
        sa.Column("starter_auth", words(), nullable=False),
        sa.Column("total", whole(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("at", Moment),
        sa.Column("started_at", Moment),
        sa.Column("finished_at", Moment),
        sa.Column("paused_by", words()),
        sa.Column("merkle_root", words()),
        sa.Column("transaction_hash", words()),
        sa.Column("version", whole(), nullable=False),
        sa.Column("rows_kept", Flag, nullable=False),
        sa.Index("ix_batches_created", "created_at", "batch_id", "status", "kind"),
        sa.Index("ix_batches_status", "status", "created_at", "batch_id"),
        sa.Index("ix_batches_issuer", "issuer_did", "created_at", "batch_id", "status", "kind"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_batches_type",
        "batches",
        ["credential_type", "created_at", "batch_id", "status", "kind"],
        **_where("credential_type IS NOT NULL"),
    )
    op.create_index(
        "ix_batches_worked_on",
        "batches",
        ["created_at", "batch_id"],
        **_where("(status IN ('accepted', 'running') OR (status = 'canceled' AND finished_at IS NULL))"),
    )
    op.create_index(
        "ix_batches_kept",
        "batches",
        ["finished_at", "batch_id"],
        **_where("finished_at IS NOT NULL AND rows_kept = TRUE"),
    )


def _chunks() -> None:
    op.create_table(
        "batch_chunks",
        sa.Column("batch_id", words(), primary_key=True),
        sa.Column("number", whole(), primary_key=True, autoincrement=False),
        sa.Column("first_row", whole(), nullable=False),
        sa.Column("row_count", whole(), nullable=False),
        sa.Column("state", words(), nullable=False),
        sa.Column("fence", whole(), nullable=False),
        sa.Column("lease_until", Moment),
        sa.Column("issued", whole(), nullable=False),
        sa.Column("failed", whole(), nullable=False),
        sa.Column("delivered", whole(), nullable=False),
        sa.Column("method_id", words()),
        sa.Column("root", sa.LargeBinary),
        sa.Column("finished_at", Moment),
        sa.Column("run", words(), nullable=False),
        sa.Column("faults", words(), nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "batch_rows",
        sa.Column("batch_id", words(), primary_key=True),
        sa.Column("number", whole(), primary_key=True, autoincrement=False),
        sa.Column("holders", sa.LargeBinary, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("ix_batch_chunks_ready", "batch_chunks", ["batch_id", "number"], **_where("state = 'ready'"))
    op.create_index(
        "ix_batch_chunks_running", "batch_chunks", ["batch_id", "number", "lease_until"], **_where("state = 'running'")
    )


def _anchors() -> None:
    op.create_table(
        "anchors",
        sa.Column("anchor_id", words(), primary_key=True),
        sa.Column("kind", words(), nullable=False),
        sa.Column("subject", words(), nullable=False),
        sa.Column("merkle_root", words(), nullable=False),
        sa.Column("leaves", whole(), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("entry_index", whole(), nullable=False),
        sa.Column("transaction_hash", words(), nullable=False),
        sa.Column("backend", words(), nullable=False),
        sa.Column("anchored_at", Moment, nullable=False),
        sa.Column("chain_id", whole()),
        sa.Column("chain_hash", words()),
        sa.Column("sender", words()),
        sa.Column("nonce", whole()),
        sa.Column("raw", sa.LargeBinary),
        sa.Column("block", whole()),
        sa.Column("block_hash", words()),
        sa.UniqueConstraint("subject", name="uq_anchors_subject"),
        sa.UniqueConstraint("chain_id", "sender", "nonce", name="uq_anchors_nonce"),
        sa.Index("ix_anchors_hash", "transaction_hash", "entry_index"),
        sqlite_strict=True,
    )
    op.create_index("ix_anchors_unconfirmed", "anchors", ["entry_index"], **_where("backend = 'evm' AND block IS NULL"))


def _log() -> None:
    op.create_table(
        "log_head",
        sa.Column("id", whole(), primary_key=True, autoincrement=False),
        sa.Column("size", whole(), nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "log_entries",
        sa.Column("entry_index", whole(), primary_key=True, autoincrement=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "log_tiles",
        sa.Column("level", whole(), primary_key=True, autoincrement=False),
        sa.Column("number", whole(), primary_key=True, autoincrement=False),
        sa.Column("hashes", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "log_checkpoints",
        sa.Column("size", whole(), primary_key=True, autoincrement=False),
        sa.Column("note", sa.LargeBinary, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sqlite_strict=True,
    )
    # Nobody is ever the first: whoever appends locks this row. The root over nothing is the hash of nothing.
    head = sa.table("log_head", sa.column("id"), sa.column("size"), sa.column("root", sa.LargeBinary))
    op.bulk_insert(head, [{"id": 1, "size": 0, "root": hashlib.sha256().digest()}])
