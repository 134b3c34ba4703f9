"""Webhook endpoints, as rows."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from sealwright.domain.errors import VersionConflict
from sealwright.domain.webhooks import Webhook, WebhookStatus
from sealwright.services.ports import Page
from sealwright.storage.column_types import moment_of, seconds_of
from sealwright.storage.cursors import dated_cursor, dated_key
from sealwright.storage.delivery_tables import webhooks
from sealwright.storage.shapes import Shape, json_of, named
from sealwright.storage.transaction import Transaction

_LIST: Final = "w"
_SHAPE: Final = Shape(
    Webhook,
    # Sealed secrets as base64.
    {"events": json_of(tuple[str, ...]), "status": named(WebhookStatus), "secrets": json_of(tuple[bytes, ...])},
)
_WEBHOOK: Final = sa.select(*webhooks.columns)
_BY_ID: Final = _WEBHOOK.where(webhooks.c.webhook_id == sa.bindparam("key"))
# As text, so that both databases see the condition of the index in it.
_IS_THERE: Final = sa.text("status <> 'deleted'")
_IS_ACTIVE: Final = webhooks.c.status == WebhookStatus.ACTIVE.value
_ACTIVE: Final = _WEBHOOK.where(_IS_THERE, _IS_ACTIVE).order_by(webhooks.c.created_at, webhooks.c.webhook_id)


class StoredWebhooks:
    """Webhook endpoints in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, webhook: Webhook) -> None:
        """Add an endpoint."""
        self._transaction.change(sa.insert(webhooks), _SHAPE.values(webhook))

    def get(self, webhook_id: str) -> Webhook | None:
        """Find an endpoint, a deleted one too."""
        return _SHAPE.optional(self._transaction.row(_BY_ID, {"key": webhook_id}))

    def get_for_update(self, webhook_id: str) -> Webhook | None:
        """Find an endpoint and lock its row until the unit of work ends."""
        return _SHAPE.optional(self._transaction.row(self._transaction.locking(_BY_ID), {"key": webhook_id}))

    def update(self, webhook: Webhook) -> None:
        """Replace the row whose version is one less; its reading position never goes back.

        Raises:
            VersionConflict: The endpoint has moved on, or is unknown.
        """
        # Readers of the trail move the position without a version of their own.
        position = sa.case(
            (webhooks.c.position > webhook.position, webhooks.c.position), else_=sa.literal(webhook.position)
        )
        statement = (
            sa.update(webhooks)
            .where(webhooks.c.webhook_id == webhook.webhook_id, webhooks.c.version == webhook.version - 1)
            .values({**_SHAPE.values(webhook), "position": position})
        )
        if self._transaction.change(statement) != 1:
            raise VersionConflict("This endpoint was changed in the meantime.")

    def advance(self, webhook_id: str, before: int, position: int) -> bool:
        """Move the reading position; False if somebody else did, or the endpoint is not active."""
        statement = sa.update(webhooks).where(
            webhooks.c.webhook_id == webhook_id, webhooks.c.position == before, _IS_ACTIVE
        )
        return self._transaction.change(statement.values(position=position)) == 1

    def list(self, *, owner_kind: str | None, owner_id: str | None, limit: int, cursor: str | None) -> Page[Webhook]:
        """List endpoints, newest first, deleted ones left out.

        Raises:
            InvalidPagination: The cursor is not of this list.
        """
        statement = _WEBHOOK.where(_IS_THERE)
        if owner_kind is not None:
            statement = statement.where(webhooks.c.owner_kind == owner_kind)
        if owner_id is not None:
            statement = statement.where(webhooks.c.owner_id == owner_id)
        if cursor is not None:
            seconds, webhook_id = dated_key(_LIST, cursor)
            statement = statement.where(
                sa.tuple_(webhooks.c.created_at, webhooks.c.webhook_id)
                < sa.tuple_(
                    sa.literal(moment_of(seconds), webhooks.c.created_at.type),
                    sa.literal(webhook_id, webhooks.c.webhook_id.type),
                )
            )
        newest_first = (webhooks.c.created_at.desc(), webhooks.c.webhook_id.desc())
        rows = self._transaction.rows(statement.order_by(*newest_first).limit(limit + 1))
        items = tuple(_SHAPE.read(row) for row in rows[:limit])
        more = len(rows) > limit and items
        last = (seconds_of(items[-1].created_at), items[-1].webhook_id) if more else None
        return Page(items, None if last is None else dated_cursor(_LIST, *last))

    def active(self) -> tuple[Webhook, ...]:
        """List endpoints that hear of events, oldest first."""
        return tuple(_SHAPE.read(row) for row in self._transaction.rows(_ACTIVE))
