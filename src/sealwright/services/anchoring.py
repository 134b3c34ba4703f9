"""Anchoring: the root over a batch, or over one credential, becomes an entry of the office's transparency log.

An entry is written in the transaction that causes it, behind everything else that this transaction locks but the
audit trail's head. The log is never rewritten: a checkpoint signed by a key of its own commits to all that stands in
it, and everything can be checked from outside with that key alone (`domain.receipt_check`).

Spec: C2SP tlog-tiles, tlog-checkpoint, signed-note; RFC 6962, section 2.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sealwright.domain.anchors import Anchor, AnchorBackend, AnchorEntry, AnchorKind
from sealwright.domain.audit import AuditEntry
from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.errors import StoreUnavailable
from sealwright.domain.people import system_actor
from sealwright.protocols.transparency import merkle, tiles
from sealwright.services.log_notes import LogNotes
from sealwright.services.ports import Clock, UnitOfWork

TASK: Final = "anchors"
_ACTOR: Final = system_actor("anchors")


class Anchoring:
    """Writes to the log. Every method works in its caller's unit of work, which writes."""

    def __init__(self, *, notes: LogNotes, clock: Clock, backend: AnchorBackend) -> None:
        self._notes = notes
        self._clock = clock
        self._backend = backend

    @property
    def is_on(self) -> bool:
        """Tell whether roots are anchored at all."""
        return self._backend is not AnchorBackend.OFF

    def anchor(self, uow: UnitOfWork, entry: AnchorEntry) -> Anchor | None:
        """Write one entry, as `anchor_all` does; None with anchoring off."""
        written = self.anchor_all(uow, (entry,))
        return written[0] if written else None

    def anchor_all(self, uow: UnitOfWork, entries: Sequence[AnchorEntry]) -> tuple[Anchor, ...]:
        """Write entries behind the log's head, under its lock; what is anchored already keeps its place.

        Without a chain the root is the transaction hash, and the anchor stands (`Anchor.is_settled`). With one the
        task "anchors" sends it, and gives the anchor the chain's hash once the chain has confirmed it.

        Returns:
            One anchor for each entry, in their order; none with anchoring off.

        Raises:
            Sealed, SigningFailed: The log's key does not sign now.
            StoreUnavailable: The log's tiles are damaged.
        """
        if not self.is_on or not entries:
            return ()
        size, _ = uow.log.head(lock=True)
        known = {entry.subject: uow.anchors.by_subject(entry.subject) for entry in entries}
        fresh = [entry for entry in {one.subject: one for one in entries}.values() if known[entry.subject] is None]
        if fresh:
            growth = _grown(uow, size, [entry.data for entry in fresh])
            self._notes.keep(uow, growth.size, growth.root)
            for index, entry in enumerate(fresh, size):
                known[entry.subject] = self._record(uow, entry, index, growth)
        if fresh and self._backend is AnchorBackend.EVM:
            uow.jobs.wake(TASK)
        return tuple(anchor for entry in entries if (anchor := known[entry.subject]) is not None)

    def credential_hash(self, record: CredentialRecord) -> str | None:
        """The transaction hash that a credential issued alone is going to have; None where only a chain will tell."""
        return f"0x{credential_root(record).hex()}" if self._backend is AnchorBackend.LOG else None

    def anchor_credentials(self, uow: UnitOfWork, records: Sequence[CredentialRecord]) -> None:
        """Anchor credentials that were issued alone, each under a root of its own; raises as `anchor_all`."""
        entries = [
            AnchorEntry(AnchorKind.CREDENTIAL, one.credential_id, credential_root(one).hex(), 1, one.issued_at)
            for one in records
        ]
        self.anchor_all(uow, entries)

    def _record(self, uow: UnitOfWork, entry: AnchorEntry, index: int, growth: tiles.Growth) -> Anchor:
        anchor = Anchor(
            anchor_id=str(index),
            entry=entry,
            entry_index=index,
            transaction_hash=f"0x{entry.merkle_root}",
            backend=self._backend,
            anchored_at=entry.at,
        )
        uow.anchors.add(anchor)
        uow.audit.append(
            AuditEntry(
                actor=_ACTOR,
                action="anchor.written",
                object_type="anchor",
                object_id=anchor.anchor_id,
                at=self._clock.now(),
                data={
                    "kind": entry.kind.value,
                    "subject": entry.subject,
                    "merkleRoot": entry.merkle_root,
                    "leafCount": entry.count,
                    "treeSize": growth.size,
                    "treeRoot": growth.root.hex(),
                },
            )
        )
        return anchor


def credential_root(record: CredentialRecord) -> bytes:
    """The root over one credential: a tree of one leaf."""
    return merkle.issued_leaf(record.credential_id, bytes.fromhex(record.document_sha256))


def _grown(uow: UnitOfWork, size: int, entries: Sequence[bytes]) -> tiles.Growth:
    try:
        growth = tiles.grow(uow.log.tile, size, [merkle.leaf_hash(data) for data in entries])
    except tiles.BrokenLog as error:
        raise StoreUnavailable("The transparency log is damaged.") from error
    uow.log.append(entries, growth.tiles, growth.root)
    return growth
