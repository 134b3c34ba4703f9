"""The rows of mass revocations as their chunks keep them.

A chunk keeps the 16 bytes of each credential's uid, row after row, and behind them, once work has begun, one byte for
each row that tells whether this batch has revoked it already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sealwright.domain.batches import Chunk
from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.ids import credential_urn
from sealwright.services.ports import UnitOfWork
from sealwright.vc.encoding.strict_json import JSONValue

UID_BYTES: Final = 16
_OPEN: Final = 0
_REVOKED: Final = 1


@dataclass(frozen=True, slots=True)
class RowStates:
    """The rows of a chunk of a mass revocation: whose they are, and which this batch has revoked."""

    uids: tuple[UUID, ...]
    states: bytes

    @classmethod
    def read(cls, content: bytes, count: int) -> RowStates:
        """Read a chunk's content."""
        uids = tuple(UUID(bytes=content[start : start + UID_BYTES]) for start in range(0, UID_BYTES * count, UID_BYTES))
        return cls(uids, content[UID_BYTES * count :] or bytes(count))

    @property
    def content(self) -> bytes:
        """As it is kept while the chunk is worked on."""
        return packed(self.uids) + self.states

    def done(self, place: int) -> RowStates:
        """Mark a row as revoked by this batch."""
        return RowStates(self.uids, self.states[:place] + bytes([_REVOKED]) + self.states[place + 1 :])

    def is_open(self, place: int) -> bool:
        """Tell whether a row is still to be revoked."""
        return self.states[place] == _OPEN


def packed(uids: Sequence[UUID]) -> bytes:
    """Uids as a chunk keeps them."""
    return b"".join(uid.bytes for uid in uids)


@dataclass(frozen=True, slots=True)
class NamedRow:
    """Whose turn a row was: its credential as it is now; None once that is gone."""

    uid: UUID
    record: CredentialRecord | None

    @property
    def credential_id(self) -> str:
        """The public id."""
        return self.record.credential_id if self.record is not None else credential_urn(self.uid)

    @property
    def members(self) -> dict[str, JSONValue]:
        """The row as other batches keep theirs."""
        holder = {"holderDid": self.record.holder_did} if self.record is not None else {}
        return {"credentialId": self.credential_id, **holder}


def named_rows(uow: UnitOfWork, chunk: Chunk, span: range) -> Mapping[int, NamedRow]:
    """Those rows of a chunk that lie in a span of the batch; none once they are not kept any more."""
    kept = uow.batches.rows(chunk.batch_id, chunk.number)
    if kept is None or len(kept.content) < UID_BYTES * chunk.row_count:
        return {}
    uids = RowStates.read(kept.content, chunk.row_count).uids
    wanted = {row: uids[row - chunk.first_row] for row in span}
    records = uow.credentials.get_many(list(wanted.values()))
    return {row: NamedRow(uid, records.get(uid)) for row, uid in wanted.items()}
