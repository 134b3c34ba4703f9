"""The tables of bulk work: batches, their chunks and rows, anchored roots, the transparency log.

What a chunk is to do and what became of it stand apart from its rows, so that a change of its state never writes those
again. The queue of background work on PostgreSQL is made by its own library and is no table of ours.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from sealwright.storage.column_types import Flag, Moment, whole, words
from sealwright.storage.desk_tables import where
from sealwright.storage.tables import table

WORKED_ON: Final = "(status IN ('accepted', 'running') OR (status = 'canceled' AND finished_at IS NULL))"
# Chunks whose state nothing but a worker, or a cancellation, changes any more.
READY: Final = "state = 'ready'"
RUNNING: Final = "state = 'running'"
KEPT: Final = "finished_at IS NOT NULL AND rows_kept = TRUE"
UNCONFIRMED: Final = "backend = 'evm' AND block IS NULL"

batches: Final = table(
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
    # Whether rows of it may still lie in batch_rows; false once they were dropped for their age.
    sa.Column("rows_kept", Flag, nullable=False),
    sa.Index("ix_batches_created", "created_at", "batch_id", "status", "kind"),
    sa.Index("ix_batches_status", "status", "created_at", "batch_id"),
    sa.Index("ix_batches_issuer", "issuer_did", "created_at", "batch_id", "status", "kind"),
)
sa.Index(
    "ix_batches_type",
    batches.c.credential_type,
    batches.c.created_at,
    batches.c.batch_id,
    batches.c.status,
    batches.c.kind,
    **where("credential_type IS NOT NULL"),
)
sa.Index("ix_batches_worked_on", batches.c.created_at, batches.c.batch_id, **where(WORKED_ON))
sa.Index("ix_batches_kept", batches.c.finished_at, batches.c.batch_id, **where(KEPT))

# Short columns first: SQLite reads a row from its beginning, and sums over chunks need no more.
batch_chunks: Final = table(
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
)
sa.Index("ix_batch_chunks_ready", batch_chunks.c.batch_id, batch_chunks.c.number, **where(READY))
sa.Index(
    "ix_batch_chunks_running",
    batch_chunks.c.batch_id,
    batch_chunks.c.number,
    batch_chunks.c.lease_until,
    **where(RUNNING),
)

batch_rows: Final = table(
    "batch_rows",
    sa.Column("batch_id", words(), primary_key=True),
    sa.Column("number", whole(), primary_key=True, autoincrement=False),
    sa.Column("holders", sa.LargeBinary, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

anchors: Final = table(
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
    # Two credentials of the same bytes would have the same root.
    sa.Index("ix_anchors_hash", "transaction_hash", "entry_index"),
)
sa.Index("ix_anchors_unconfirmed", anchors.c.entry_index, **where(UNCONFIRMED))

log_head: Final = table(
    "log_head",
    sa.Column("id", whole(), primary_key=True, autoincrement=False),
    sa.Column("size", whole(), nullable=False),
    sa.Column("root", sa.LargeBinary, nullable=False),
)

log_entries: Final = table(
    "log_entries",
    sa.Column("entry_index", whole(), primary_key=True, autoincrement=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

log_tiles: Final = table(
    "log_tiles",
    sa.Column("level", whole(), primary_key=True, autoincrement=False),
    sa.Column("number", whole(), primary_key=True, autoincrement=False),
    sa.Column("hashes", sa.LargeBinary, nullable=False),
)

log_checkpoints: Final = table(
    "log_checkpoints",
    sa.Column("size", whole(), primary_key=True, autoincrement=False),
    sa.Column("note", sa.LargeBinary, nullable=False),
    sa.Column("at", Moment, nullable=False),
)
