"""Anchored roots, as rows."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.anchors import Anchor, AnchorBackend, AnchorEntry, AnchorKind, ChainPlace
from sealwright.storage.bulk_tables import UNCONFIRMED, anchors
from sealwright.storage.transaction import Transaction

_ANCHOR: Final = sa.select(*anchors.columns)
_BY_ID: Final = _ANCHOR.where(anchors.c.anchor_id == sa.bindparam("key"))
_BY_HASH: Final = _ANCHOR.where(anchors.c.transaction_hash == sa.bindparam("key")).order_by(anchors.c.entry_index)
_BY_SUBJECT: Final = _ANCHOR.where(anchors.c.subject == sa.bindparam("key"))
_LAST_NONCE: Final = sa.select(sa.func.max(anchors.c.nonce)).where(
    anchors.c.chain_id == sa.bindparam("chain"), anchors.c.sender == sa.bindparam("account")
)
# As text, so that both databases see the condition of the index in it.
_WAITING: Final = _ANCHOR.where(sa.text(UNCONFIRMED)).order_by(anchors.c.entry_index).limit(sa.bindparam("how_many"))


class StoredAnchors:
    """Roots that were written to the log, and perhaps to a chain."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, anchor: Anchor) -> None:
        """Add an anchor; one thing has one at most."""
        self._transaction.change(sa.insert(anchors), _values(anchor))

    def update(self, anchor: Anchor) -> None:
        """Change an anchor, by its id."""
        statement = sa.update(anchors).where(anchors.c.anchor_id == anchor.anchor_id)
        self._transaction.change(statement.values(**_values(anchor)))

    def get(self, anchor_id: str) -> Anchor | None:
        """Find an anchor."""
        return self._one(_BY_ID, anchor_id)

    def by_hash(self, transaction_hash: str) -> Anchor | None:
        """Find an anchor by its hash; the oldest, should several have it."""
        return self._one(_BY_HASH, transaction_hash)

    def by_subject(self, subject: str) -> Anchor | None:
        """Find the anchor of a batch, or of a credential issued alone."""
        return self._one(_BY_SUBJECT, subject)

    def waiting(self, limit: int) -> tuple[Anchor, ...]:
        """Those whose chain has not confirmed yet, oldest first."""
        return tuple(_anchor(row) for row in self._transaction.rows(_WAITING, {"how_many": limit}))

    def last_nonce(self, chain_id: int, sender: str) -> int | None:
        """The highest nonce of an account that a transaction was signed with; None before the first."""
        row = self._transaction.row(_LAST_NONCE, {"chain": chain_id, "account": sender})
        return None if row is None else row[0]

    def _one(self, statement: sa.Select[Any], key: str) -> Anchor | None:
        if "\x00" in key:
            return None
        row = self._transaction.row(statement.limit(1), {"key": key})
        return None if row is None else _anchor(row)


def _values(anchor: Anchor) -> dict[str, object]:
    entry, chain = anchor.entry, anchor.chain
    return {
        "anchor_id": anchor.anchor_id,
        "kind": entry.kind.value,
        "subject": entry.subject,
        "merkle_root": entry.merkle_root,
        "leaves": entry.count,
        "at": entry.at,
        "entry_index": anchor.entry_index,
        "transaction_hash": anchor.transaction_hash,
        "backend": anchor.backend.value,
        "anchored_at": anchor.anchored_at,
        "chain_id": None if chain is None else chain.chain_id,
        "chain_hash": None if chain is None else chain.transaction_hash,
        "sender": None if chain is None else chain.sender,
        "nonce": None if chain is None else chain.nonce,
        "raw": None if chain is None else chain.raw,
        "block": None if chain is None else chain.block,
        "block_hash": None if chain is None else chain.block_hash,
    }


def _anchor(row: Row[Any]) -> Anchor:
    chain = None
    if row.chain_id is not None:
        chain = ChainPlace(
            chain_id=row.chain_id,
            transaction_hash=row.chain_hash,
            sender=row.sender,
            nonce=row.nonce,
            raw=row.raw,
            block=row.block,
            block_hash=row.block_hash,
        )
    return Anchor(
        anchor_id=row.anchor_id,
        entry=AnchorEntry(
            kind=AnchorKind(row.kind),
            subject=row.subject,
            merkle_root=row.merkle_root,
            count=row.leaves,
            at=row.at,
        ),
        entry_index=row.entry_index,
        transaction_hash=row.transaction_hash,
        backend=AnchorBackend(row.backend),
        anchored_at=row.anchored_at,
        chain=chain,
    )
