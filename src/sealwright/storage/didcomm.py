"""Conversations over DIDComm, as rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from sealwright.domain.delivery_errors import DidcommInvalid
from sealwright.domain.didcomm import DidcommMessage, DidcommThread, Direction, ThreadState
from sealwright.domain.errors import VersionConflict
from sealwright.domain.parcels import ParcelKind, ParcelState
from sealwright.storage.credential_rows import holder_digest
from sealwright.storage.delivery_tables import OPEN_OFFER, OVER_THREAD, offers, parcels
from sealwright.storage.delivery_tables import didcomm_messages as messages
from sealwright.storage.delivery_tables import didcomm_threads as threads
from sealwright.storage.errors import AlreadyTaken
from sealwright.storage.shapes import Shape, named
from sealwright.storage.transaction import Transaction

_THREADS: Final = Shape(DidcommThread, {"state": named(ThreadState)})
_MESSAGES: Final = Shape(DidcommMessage, {"direction": named(Direction)})
_THREAD: Final = sa.select(*threads.columns).where(threads.c.thread_id == sa.bindparam("key"))
_MESSAGE: Final = sa.select(*messages.columns)
_NEXT_POSITION: Final = sa.select(sa.func.coalesce(sa.func.max(messages.c.position), 0) + 1).where(
    messages.c.thread_id == sa.bindparam("key")
)
_SEALED: Final = sa.select(messages.c.message_id, messages.c.sealed).where(messages.c.sealed.is_not(None))
_FORGETTABLE: Final = (
    sa.select(threads.c.thread_id)
    .where(
        sa.text(OVER_THREAD),
        threads.c.updated_at <= sa.bindparam("before", type_=threads.c.updated_at.type),
        ~sa.exists().where(offers.c.offer_id == threads.c.offer_id, sa.text(OPEN_OFFER)),
        ~sa.exists().where(
            messages.c.thread_id == threads.c.thread_id,
            parcels.c.kind == ParcelKind.DIDCOMM.value,
            parcels.c.subject == messages.c.message_id,
            parcels.c.state == ParcelState.WAITING.value,
        ),
    )
    .order_by(threads.c.updated_at, threads.c.thread_id)
    .limit(sa.bindparam("how_many"))
)
_AFTER: Final = (
    sa.select(*threads.columns)
    .where(threads.c.thread_id > sa.bindparam("after"))
    .order_by(threads.c.thread_id)
    .limit(sa.bindparam("how_many"))
)
_OF_OWN: Final = _AFTER.where(threads.c.own_did == sa.bindparam("key"))
_OF_THEIRS: Final = _AFTER.where(threads.c.their_digest == sa.bindparam("key"))
_MOST_SHOWN: Final = 200
_SHOWN: Final = (
    sa.select(*(one for one in messages.columns if one is not messages.c.sealed), sa.null().label("sealed"))
    .where(messages.c.thread_id == sa.bindparam("key"))
    .order_by(messages.c.position, messages.c.message_id)
    .limit(_MOST_SHOWN)
)


class StoredDidcommRows:
    """Threads and messages in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add_thread(self, thread: DidcommThread) -> None:
        """Add a thread.

        Raises:
            DidcommInvalid: Another message has begun a thread of that id, perhaps at this moment.
        """
        try:
            self._transaction.change(sa.insert(threads), _thread_values(thread))
        except AlreadyTaken:
            raise DidcommInvalid("A thread of this id was begun by another message.") from None

    def thread(self, thread_id: str) -> DidcommThread | None:
        """Find a thread."""
        return _THREADS.optional(self._transaction.row(_THREAD, {"key": thread_id}))

    def thread_for_update(self, thread_id: str) -> DidcommThread | None:
        """Find a thread and lock its row until the unit of work ends."""
        return _THREADS.optional(self._transaction.row(self._transaction.locking(_THREAD), {"key": thread_id}))

    def threads_from(self, own_did: str, *, after: str, limit: int) -> tuple[DidcommThread, ...]:
        """List the threads of a DID kept here, by their ids, those behind an id alone."""
        key = {"key": own_did, "after": after, "how_many": limit}
        return tuple(_THREADS.read(row) for row in self._transaction.rows(_OF_OWN, key))

    def threads_with(self, their_did: str, *, after: str, limit: int) -> tuple[DidcommThread, ...]:
        """List the threads whose other side is a DID, in the same way."""
        key = {"key": holder_digest(their_did), "after": after, "how_many": limit}
        return tuple(_THREADS.read(row) for row in self._transaction.rows(_OF_THEIRS, key))

    def update_thread(self, thread: DidcommThread) -> None:
        """Replace the row whose version is one less.

        Raises:
            VersionConflict: The thread has moved on, or is unknown.
        """
        statement = (
            sa.update(threads)
            .where(threads.c.thread_id == thread.thread_id, threads.c.version == thread.version - 1)
            .values(_thread_values(thread))
        )
        if self._transaction.change(statement) != 1:
            raise VersionConflict("This thread was changed in the meantime.")

    def add_message(self, message: DidcommMessage) -> None:
        """Add a message behind those of its thread.

        Raises:
            DidcommInvalid: Another message has that id, perhaps since this moment.
        """
        row = self._transaction.row(_NEXT_POSITION, {"key": message.thread_id})
        position = 1 if row is None else int(row[0])
        try:
            self._transaction.change(sa.insert(messages), {**_MESSAGES.values(message), "position": position})
        except AlreadyTaken:
            raise DidcommInvalid("Another message has this id.") from None

    def message(self, message_id: str) -> DidcommMessage | None:
        """Find a message."""
        return _MESSAGES.optional(self._transaction.row(_MESSAGE.where(messages.c.message_id == message_id)))

    def messages(self, thread_id: str) -> tuple[DidcommMessage, ...]:
        """List the messages of a thread in the order they were added, at most 200, sealed contents left out."""
        return tuple(_MESSAGES.read(row) for row in self._transaction.rows(_SHOWN, {"key": thread_id}))

    def reseal_all(self, seal: Callable[[bytes], bytes]) -> int:
        """Seal anew what waits to be sent; gives how many."""
        waiting = self._transaction.rows(_SEALED)
        for row in waiting:
            statement = sa.update(messages).where(messages.c.message_id == row.message_id)
            self._transaction.change(statement.values(sealed=seal(row.sealed)))
        return len(waiting)

    def drop_sealed(self, message_id: str) -> None:
        """Forget what was to be sent."""
        statement = sa.update(messages).where(messages.c.message_id == message_id)
        self._transaction.change(statement.values(sealed=None))

    def drop_message(self, message_id: str) -> None:
        """Forget a message altogether."""
        self._transaction.change(sa.delete(messages).where(messages.c.message_id == message_id))

    def forget(self, before: datetime, limit: int) -> int:
        """Drop threads that are over and rest since before that moment, with their messages; gives how many.

        One whose offer is open or that has a message on its way stays, and so does one that somebody writes in now.
        """
        statement = self._transaction.locking(_FORGETTABLE, skip=True)
        gone = [row.thread_id for row in self._transaction.rows(statement, {"before": before, "how_many": limit})]
        if gone:
            self._transaction.change(sa.delete(messages).where(messages.c.thread_id.in_(gone)))
            self._transaction.change(sa.delete(threads).where(threads.c.thread_id.in_(gone)))
        return len(gone)


def _thread_values(thread: DidcommThread) -> dict[str, object]:
    return {**_THREADS.values(thread), "their_digest": holder_digest(thread.their_did)}
