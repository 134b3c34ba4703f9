"""The tables of drafts of batches: how a file is read, and the file itself in parts."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from sealwright.storage.column_types import Moment, whole, words
from sealwright.storage.tables import table

batch_drafts: Final = table(
    "batch_drafts",
    sa.Column("batch_id", words(), primary_key=True),
    sa.Column("reading", words(), nullable=False),
    sa.Column("lease_until", Moment),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("file_name", words()),
    sa.Column("state", words(), nullable=False),
    sa.Index("ix_batch_drafts_reading", "reading", "updated_at", "batch_id"),
    sa.Index("ix_batch_drafts_updated", "updated_at", "batch_id"),
)

batch_files: Final = table(
    "batch_files",
    sa.Column("batch_id", words(), primary_key=True),
    sa.Column("part", whole(), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
