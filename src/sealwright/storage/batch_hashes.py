"""Under which hash the credentials of a batch are anchored.

The hash stands in the batch's row alone: a million credentials are not rewritten because their batch was anchored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import sqlalchemy as sa

from sealwright.domain.credentials import CredentialRecord
from sealwright.storage.bulk_tables import batches
from sealwright.storage.transaction import Transaction

_HASHES: Final = sa.select(batches.c.batch_id, batches.c.transaction_hash).where(
    batches.c.batch_id.in_(sa.bindparam("keys", expanding=True)), batches.c.transaction_hash.is_not(None)
)
_MOST_REMEMBERED: Final = 10_000


class BatchHashes:
    """Looks up the hashes of anchored batches; a hash that is there once never changes, and is remembered."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._known: dict[str, str] = transaction.database.memory.setdefault("batch_hashes", {})

    def filled(self, records: Sequence[CredentialRecord]) -> tuple[CredentialRecord, ...]:
        """Give credentials with the hash of their batch, where it has one and they have none of their own."""
        named = {one.batch_id for one in records if one.batch_id is not None and one.transaction_hash is None}
        if not named:
            return tuple(records)
        hashes = self._of(named)
        return tuple(
            replace(one, transaction_hash=hashes[one.batch_id])
            if one.transaction_hash is None and one.batch_id in hashes
            else one
            for one in records
        )

    def one(self, record: CredentialRecord) -> CredentialRecord:
        """The same for one credential; most are of no batch."""
        return record if record.batch_id is None else self.filled((record,))[0]

    def _of(self, batch_ids: set[str]) -> dict[str, str]:
        # Each is asked for once: other threads may forget everything at any moment.
        found = {one: known for one in batch_ids if (known := self._known.get(one)) is not None}
        missing = sorted(batch_ids - found.keys())
        if missing:
            rows = self._transaction.rows(_HASHES, {"keys": missing})
            read = {row.batch_id: row.transaction_hash for row in rows}
            found.update(read)
            # What this transaction wrote itself may yet be taken back.
            if not self._transaction.writes:
                self._remember(read)
        return found

    def _remember(self, read: dict[str, str]) -> None:
        if len(self._known) + len(read) > _MOST_REMEMBERED:
            self._known.clear()
        self._known.update(read)
