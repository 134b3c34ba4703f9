"""Drafts of batches: the file that rows are read from, kept until the batch is started.

Only adds: a program that knows nothing of it goes on working, and offers no drafts.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from sealwright.storage.column_types import Moment, whole, words

revision: Final = "0007"
down_revision: Final = "0006"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Make the tables of drafts and of their files."""
    op.create_table(
        "batch_drafts",
        sa.Column("batch_id", words(), primary_key=True),
        sa.Column("reading", words(), nullable=False),
        sa.Column("lease_until", Moment),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("file_name", words()),
        sa.Column("state", words(), nullable=False),
        sa.Index("ix_batch_drafts_reading", "reading", "updated_at", "batch_id"),
        sa.Index("ix_batch_drafts_updated", "updated_at", "batch_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "batch_files",
        sa.Column("batch_id", words(), primary_key=True),
        sa.Column("part", whole(), primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """Drop both, which nothing else refers to."""
    op.drop_table("batch_files")
    op.drop_table("batch_drafts")
