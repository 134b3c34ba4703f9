"""Requests for presentations in the caller's own words: a presentation definition, or a query in DCQL.

Only adds: a program that knows nothing of it goes on working, and cannot answer for such requests.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from sealwright.storage.column_types import words

revision: Final = "0008"
down_revision: Final = "0007"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Make room for the question as it was asked, as JSON."""
    op.add_column("presentations", sa.Column("query", words()))


def downgrade() -> None:
    """Drop it; requests that had one are gone within minutes anyway."""
    op.drop_column("presentations", "query")
