"""Receipts: where a root stands in the log, which credentials stand under it, and whether a receipt holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sealwright.domain.anchors import Anchor, AnchorKind, chain_as_object
from sealwright.domain.batch_errors import AnchorNotFound
from sealwright.domain.batches import Batch, Chunk, credential_uid
from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.errors import StoreUnavailable
from sealwright.domain.receipt_check import (
    AskChain,
    ReceiptFile,
    ReceiptVerdict,
    check_receipt,
    parse_log_key,
    root_over,
)
from sealwright.protocols.transparency.merkle import failed_leaf, inclusion_path, issued_leaf
from sealwright.protocols.transparency.tiles import BrokenLog, Tree
from sealwright.services.chunk_roots import chunk_root
from sealwright.services.log_notes import LogCheckpoint, LogNotes
from sealwright.services.office_secrets import OfficeSecrets
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import format_timestamp


@dataclass(frozen=True, slots=True)
class Receipt:
    """An anchor's place in the log, under a checkpoint of it."""

    anchor: Anchor
    checkpoint: LogCheckpoint
    path: tuple[bytes, ...]

    def as_object(self) -> dict[str, JSONValue]:
        """The receipt on the wire (contract, section 2.4)."""
        anchor = self.anchor
        return {
            "transactionHash": anchor.transaction_hash,
            "backend": anchor.backend.value,
            "merkleRoot": anchor.entry.merkle_root,
            "leafCount": anchor.entry.count,
            "entry": anchor.entry.as_object(),
            "entryIndex": anchor.entry_index,
            "treeSize": self.checkpoint.size,
            "inclusionPath": [step.hex() for step in self.path],
            "checkpoint": self.checkpoint.note.decode("utf-8"),
            "anchoredAt": format_timestamp(anchor.anchored_at),
            "chain": dict(chain_as_object(anchor.chain)) if anchor.chain is not None else None,
        }


@dataclass(frozen=True, slots=True)
class LeafProof:
    """A credential's place under an anchored root."""

    credential_id: str
    document_sha256: str
    index: int
    leaf: bytes
    path: tuple[bytes, ...]
    merkle_root: str

    def as_object(self) -> dict[str, JSONValue]:
        """The proof on the wire (contract, section 2.4)."""
        return {
            "credentialId": self.credential_id,
            "documentSha256": self.document_sha256,
            "leafIndex": self.index,
            "leafHash": self.leaf.hex(),
            "path": [step.hex() for step in self.path],
            "merkleRoot": self.merkle_root,
        }


class ReceiptDesk:
    """Gives receipts and proofs out, and checks them. Everybody may ask; whoever asks names what they ask for."""

    def __init__(
        self, *, units: UnitOfWorkFactory, notes: LogNotes, secrets: OfficeSecrets, ask_chain: AskChain | None = None
    ) -> None:
        self._units = units
        self._notes = notes
        self._secrets = secrets
        self._ask_chain = ask_chain

    def receipt(self, transaction_hash: str) -> Receipt:
        """The receipt of an anchor, under the newest checkpoint. Raises AnchorNotFound."""
        with self._units(write=False) as uow:
            anchor = _anchor(uow, transaction_hash)
            checkpoint = self._notes.checkpoint(uow)
            if checkpoint is None or checkpoint.size <= anchor.entry_index:
                raise StoreUnavailable("The transparency log is damaged.")
            try:
                path = Tree(uow.log.tile, checkpoint.size).inclusion_path(anchor.entry_index)
            except BrokenLog as error:
                raise StoreUnavailable("The transparency log is damaged.") from error
        return Receipt(anchor, checkpoint, path)

    def proof(self, transaction_hash: str, credential_id: str) -> LeafProof:
        """The proof that a credential stands under an anchor's root.

        Raises:
            AnchorNotFound: There is no such anchor, or the credential does not stand under it.
        """
        with self._units(write=False) as uow:
            anchor = _anchor(uow, transaction_hash)
            record = uow.credentials.get(credential_id)
            if record is None:
                raise _not_covered()
            if anchor.entry.kind is AnchorKind.BATCH:
                index, path = self._in_batch(uow, anchor, record)
            elif record.credential_id == anchor.entry.subject:
                index, path = 0, ()
            else:
                raise _not_covered()
        leaf = issued_leaf(record.credential_id, bytes.fromhex(record.document_sha256))
        reached = root_over(leaf, index, anchor.entry.count, path)
        if reached is None or reached.hex() != anchor.entry.merkle_root:
            raise StoreUnavailable("What is stored does not lead to the anchored root.")
        return LeafProof(record.credential_id, record.document_sha256, index, leaf, path, anchor.entry.merkle_root)

    def _in_batch(self, uow: UnitOfWork, anchor: Anchor, record: CredentialRecord) -> tuple[int, tuple[bytes, ...]]:
        batch = uow.batches.get(anchor.entry.subject)
        if batch is None or batch.at is None or record.batch_id != batch.batch_id:
            raise _not_covered()
        self._secrets.ready(uow)
        secret = self._secrets.subkey(f"batch/{batch.batch_id}")
        row = _row_of(record.uid)
        if row >= batch.total or credential_uid(secret, batch.at, row) != record.uid:
            raise _not_covered()
        chunks = uow.batches.outline(batch.batch_id)
        place = next(
            (at for at, one in enumerate(chunks) if one.first_row <= row < one.first_row + one.row_count), None
        )
        chunk = None if place is None else uow.batches.chunk(batch.batch_id, chunks[place].number)
        if place is None or chunk is None:
            raise StoreUnavailable("A part of an anchored batch is gone.")
        leaves = _leaves(uow, batch, chunk, secret)
        roots = [chunk_root(chunk) for chunk in chunks]
        # All chunks but the last are of one size, a power of two: complete subtrees of the whole.
        return row, (*inclusion_path(leaves, row - chunks[place].first_row), *inclusion_path(roots, place))

    def verify(self, receipt: Mapping[str, JSONValue], proof: Mapping[str, JSONValue] | None = None) -> ReceiptVerdict:
        """Check a receipt, and a proof if one is given, with the log's own keys."""
        with self._units(write=False) as uow:
            keys = self._notes.verifier_keys(uow)
        file = ReceiptFile(receipt=dict(receipt), proof=dict(proof) if proof is not None else None)
        return check_receipt(file, keys=[parse_log_key(key) for key in keys], ask_chain=self._ask_chain)


def _anchor(uow: UnitOfWork, transaction_hash: str) -> Anchor:
    anchor = uow.anchors.by_hash(transaction_hash.lower())
    # A root that waits for its chain has no transaction hash yet that anybody was told.
    if anchor is None or not anchor.is_settled:
        raise AnchorNotFound("No anchor has this transaction hash.")
    return anchor


def _leaves(uow: UnitOfWork, batch: Batch, chunk: Chunk, secret: bytes) -> list[bytes]:
    """The leaves of a chunk that is done, in order of its rows."""
    assert batch.at is not None
    codes = {fault.row: fault.code for fault in chunk.faults}
    rows = range(chunk.first_row, chunk.first_row + chunk.row_count)
    uids = {row: credential_uid(secret, batch.at, row) for row in rows if row not in codes}
    records = uow.credentials.get_many(list(uids.values()))
    leaves = []
    for row in rows:
        record = records.get(uids[row]) if row in uids else None
        if row in uids and record is None:
            raise StoreUnavailable("A credential of an anchored batch is gone.")
        leaves.append(
            failed_leaf(codes[row])
            if record is None
            else issued_leaf(record.credential_id, bytes.fromhex(record.document_sha256))
        )
    return leaves


def _row_of(uid: UUID) -> int:
    """The row that `credential_uid` put into an id."""
    return (uid.int >> 64 & 0xFFF) << 12 | uid.int >> 50 & 0xFFF


def _not_covered() -> AnchorNotFound:
    return AnchorNotFound("This anchor does not cover that credential.")
