"""Uploaded files and saved views, as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.services.desk_ports import Attachment, SavedView
from sealwright.storage.access_tables import attachments, saved_views
from sealwright.storage.transaction import Transaction

_DESCRIPTION: Final = sa.select(*(column for column in attachments.columns if column.name != "content"))
_WHOLE: Final = sa.select(*attachments.columns).where(attachments.c.attachment_id == sa.bindparam("attachment_id"))
_SIZES: Final = sa.select(
    attachments.c.attachment_id, attachments.c.created_at, sa.func.length(attachments.c.content).label("bytes")
).where(attachments.c.user_id == sa.bindparam("user_id"))
_HOLD: Final = "SELECT pg_advisory_xact_lock(%s, hashtext(%s))"
_FILES_OF: Final = 0x66696C65
_VIEWS: Final = (
    sa.select(*saved_views.columns)
    .where(saved_views.c.user_id == sa.bindparam("user_id"))
    .order_by(saved_views.c.name, saved_views.c.view_id)
)
_PUT_VIEW: Final = sa.text(
    "INSERT INTO saved_views (view_id, user_id, name, query, pinned, is_default) "
    "VALUES (:view_id, :user_id, :name, :query, :pinned, :is_default) ON CONFLICT (view_id) DO UPDATE SET "
    "name = excluded.name, query = excluded.query, pinned = excluded.pinned, is_default = excluded.is_default "
    "WHERE saved_views.user_id = excluded.user_id"
).bindparams(
    sa.bindparam("pinned", type_=saved_views.c.pinned.type),
    sa.bindparam("is_default", type_=saved_views.c.is_default.type),
)


class StoredAttachments:
    """Uploaded files in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, attachment: Attachment) -> None:
        """Store a file."""
        self._transaction.change(
            sa.insert(attachments),
            {
                "attachment_id": attachment.attachment_id,
                "user_id": attachment.user_id,
                "name": attachment.name,
                "media_type": attachment.media_type,
                "sha256": attachment.sha256,
                "created_at": attachment.created_at,
                "content": attachment.content,
            },
        )

    def get(self, attachment_id: str) -> Attachment | None:
        """Find a file with its content."""
        row = self._transaction.row(_WHOLE, {"attachment_id": attachment_id})
        return None if row is None else _attachment(row, bytes(row.content))

    def describe(self, attachment_ids: Sequence[str]) -> tuple[Attachment, ...]:
        """Give files without their content, in the order asked for; unknown ones are left out."""
        if not attachment_ids:
            return ()
        statement = _DESCRIPTION.where(attachments.c.attachment_id.in_(list(attachment_ids)))
        found = {row.attachment_id: _attachment(row, b"") for row in self._transaction.rows(statement)}
        return tuple(found[one] for one in attachment_ids if one in found)

    def hold(self, user_id: str) -> None:
        """Let nobody else upload, use or drop files of a person until the end; SQLite has one writer anyway."""
        if not self._transaction.is_sqlite:
            # A lock of its own, not that of the person's row: requests are locked in either order with that one.
            self._transaction.driver_rows(_HOLD, (_FILES_OF, user_id))

    def sizes(self, user_id: str) -> Mapping[str, tuple[int, datetime]]:
        """Give size and time of each file of a person by id, without reading it."""
        rows = self._transaction.rows(_SIZES, {"user_id": user_id})
        return {row.attachment_id: (int(row.bytes), row.created_at) for row in rows}

    def drop(self, attachment_ids: Sequence[str]) -> None:
        """Delete files."""
        if attachment_ids:
            self._transaction.change(
                sa.delete(attachments).where(attachments.c.attachment_id.in_(list(attachment_ids)))
            )


class StoredSavedViews:
    """Named filter sets in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def of_person(self, user_id: str) -> tuple[SavedView, ...]:
        """List a person's views by name."""
        return tuple(_view(row) for row in self._transaction.rows(_VIEWS, {"user_id": user_id}))

    def put(self, view: SavedView) -> None:
        """Add or replace a person's view; a person has one default at most. Nobody else's view is touched."""
        if view.is_default:
            others = sa.update(saved_views).where(
                saved_views.c.user_id == view.user_id, saved_views.c.view_id != view.view_id
            )
            self._transaction.change(others.values(is_default=False))
        values = {
            "view_id": view.view_id,
            "user_id": view.user_id,
            "name": view.name,
            "query": view.query,
            "pinned": view.pinned,
            "is_default": view.is_default,
        }
        self._transaction.change(_PUT_VIEW, values)

    def delete(self, user_id: str, view_id: str) -> bool:
        """Delete a person's view; False if they have no such."""
        statement = sa.delete(saved_views).where(saved_views.c.user_id == user_id, saved_views.c.view_id == view_id)
        return self._transaction.change(statement) == 1


def _attachment(row: Row[Any], content: bytes) -> Attachment:
    return Attachment(
        attachment_id=row.attachment_id,
        user_id=row.user_id,
        name=row.name,
        media_type=row.media_type,
        sha256=row.sha256,
        content=content,
        created_at=row.created_at,
    )


def _view(row: Row[Any]) -> SavedView:
    return SavedView(
        view_id=row.view_id,
        user_id=row.user_id,
        name=row.name,
        query=row.query,
        pinned=row.pinned,
        is_default=row.is_default,
    )
