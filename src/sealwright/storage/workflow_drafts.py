"""Proposers' drafts, as rows."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.services.workflow_ports import Draft
from sealwright.storage.transaction import Transaction
from sealwright.storage.workflow_tables import workflow_drafts as drafts

_OF_PERSON: Final = (
    sa.select(*drafts.columns)
    .where(drafts.c.user_id == sa.bindparam("of_user"))
    .order_by(drafts.c.updated_at.desc(), drafts.c.draft_id.desc())
)
_MINE: Final = (drafts.c.user_id == sa.bindparam("of_user"), drafts.c.draft_id == sa.bindparam("of_draft"))
_ONE: Final = sa.select(*drafts.columns).where(*_MINE)
_DELETE: Final = sa.delete(drafts).where(*_MINE)


class StoredDrafts:
    """Drafts in the database; nobody meets another one's."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def of_person(self, user_id: str) -> tuple[Draft, ...]:
        """List somebody's drafts, latest change first."""
        return tuple(_draft(row) for row in self._transaction.rows(_OF_PERSON, {"of_user": user_id}))

    def get(self, user_id: str, draft_id: str) -> Draft | None:
        """Find somebody's draft."""
        row = self._transaction.row(_ONE, {"of_user": user_id, "of_draft": draft_id})
        return None if row is None else _draft(row)

    def put(self, draft: Draft) -> None:
        """Add a draft, or replace the same person's one of this id."""
        self.delete(draft.user_id, draft.draft_id)
        values = {
            "draft_id": draft.draft_id,
            "user_id": draft.user_id,
            "title": draft.title,
            "body": draft.body,
            "updated_at": draft.updated_at,
        }
        self._transaction.change(sa.insert(drafts), values)

    def delete(self, user_id: str, draft_id: str) -> bool:
        """Delete somebody's draft; False if they have none of this id."""
        return self._transaction.change(_DELETE, {"of_user": user_id, "of_draft": draft_id}) == 1


def _draft(row: Row[Any]) -> Draft:
    return Draft(row.draft_id, row.user_id, row.title, row.body, row.updated_at)
