"""Links to parts of credentials, each with the derived credential until its time is over.

Only adds: a program that knows nothing of them goes on working; rows that it leaves behind are past their time.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from sealwright.storage.column_types import Flag, Moment, Uid, whole, words

revision: Final = "0009"
down_revision: Final = "0008"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
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
        sqlite_strict=True,
    )


def downgrade() -> None:
    """Drop it, which nothing else refers to."""
    op.drop_table("disclosure_links")
