"""Reports by mail: who wants the figures of their issuer scope every week or month.

Only adds: a program that knows nothing of it goes on working, and sends no reports.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from sealwright.storage.column_types import Moment, words

revision: Final = "0003"
down_revision: Final = "0002"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Make the table of wishes."""
    op.create_table(
        "report_wishes",
        sa.Column("user_id", words(), primary_key=True),
        sa.Column("every", words(), nullable=False),
        sa.Column("credential_types", words()),
        sa.Column("sent_until", Moment),
        sa.Column("asked_at", Moment),
        sa.Index("ix_report_wishes_due", "every", "sent_until", "user_id"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop the table of wishes, which nothing else refers to."""
    op.drop_table("report_wishes")
