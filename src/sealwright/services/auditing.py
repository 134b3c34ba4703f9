"""The audit trail as people read it, and the checkpoints that keep it honest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sealwright.domain.audit import AuditEntry, AuditFilter, AuditHead, AuditRecord, Checkpoint
from sealwright.domain.audit_check import (
    AuditVerdict,
    VerifierKey,
    assemble_note,
    build_note_text,
    check_rows,
    checkpoint_line,
    key_line,
    record_line,
    signature_line,
)
from sealwright.domain.dids import KeyPurpose, StoredKey
from sealwright.domain.errors import SetupRequired, StoreUnavailable
from sealwright.domain.people import Caller, system_actor
from sealwright.services.people import OFFICE_ID
from sealwright.services.ports import CheckpointSink, Clock, KeyStore, Page, UnitOfWork, UnitOfWorkFactory

ROWS_A_READ: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Heads:
    """Where the trail ends, and the anchoring log (size and hex root) at the same moment."""

    trail: AuditHead
    log: tuple[int, str] | None


class Auditing:
    """Reading, exporting and checking the trail are for admins and the operator."""

    def __init__(self, *, units: UnitOfWorkFactory, keys: KeyStore, sink: CheckpointSink, clock: Clock) -> None:
        self._units = units
        self._keys = keys
        self._sink = sink
        self._clock = clock

    def list(self, caller: Caller, wanted: AuditFilter, *, limit: int, cursor: str | None) -> Page[AuditRecord]:
        """Rows, newest first. Raises RoleRequired, InvalidPagination."""
        caller.require_admin()
        with self._units(write=False) as uow:
            return uow.audit.list(wanted, limit=limit, cursor=cursor)

    def checkpoint(self, caller: Caller) -> bytes:
        """A signed note over the head as it is now. Raises RoleRequired, SetupRequired, Sealed."""
        caller.require_admin()
        with self._units(write=False) as uow:
            return self._note(uow, _heads(uow))

    def export(self, caller: Caller) -> Iterator[bytes]:
        """The whole trail as lines of NDJSON, closed by a checkpoint over its last row. Raises as `checkpoint`."""
        caller.require_admin()
        with self._units(write=False) as uow:
            heads = _heads(uow)
            head, closing = heads.trail, self._note(uow, heads)
            notes = [(one.sequence, one.note) for one in uow.audit.checkpoints() if one.sequence < head.sequence]
            keys = [key_line(key) for key in self._verifier_keys(uow)]
        return self._lines(head, keys, notes, closing)

    def _lines(
        self, head: AuditHead, keys: Sequence[bytes], notes: Sequence[tuple[int, bytes]], closing: bytes
    ) -> Iterator[bytes]:
        yield from keys
        waiting = sorted(notes, reverse=True)
        for row in self._rows(head.sequence):
            yield record_line(row)
            while waiting and waiting[-1][0] <= row.sequence:
                yield checkpoint_line(waiting.pop()[1])
        yield checkpoint_line(closing)

    def _rows(self, last: int) -> Iterator[AuditRecord]:
        after = 0
        while after < last:
            with self._units(write=False) as uow:
                rows = uow.audit.read(after, ROWS_A_READ)
            if not rows:
                return
            for row in rows:
                if row.sequence > last:
                    return
                yield row
            after = rows[-1].sequence

    def verify(self, caller: Caller, outside: tuple[bytes, ...] = ()) -> AuditVerdict:
        """Rebuild every hash from the rows, and hold them against every checkpoint. Raises RoleRequired."""
        caller.require_admin()
        with self._units(write=False) as uow:
            head = uow.audit.head()
            notes = [one.note for one in uow.audit.checkpoints() if one.sequence <= head.sequence]
            keys = [str(key) for key in self._verifier_keys(uow)]
        newest = self._sink.newest()
        return check_rows(
            self._rows(head.sequence),
            notes,
            keys=keys,
            outside=(*outside, *((newest,) if newest is not None else ())),
            head=(head.sequence, head.hash),
        )

    def make_checkpoint(self) -> Checkpoint | None:
        """Sign, keep and export a checkpoint if the trail has grown since the last one.

        Raises:
            SetupRequired, Sealed, StoreUnavailable: It could not be made or not be exported.
        """
        with self._units() as uow:
            heads, last = _heads(uow), uow.audit.last_checkpoint()
            head = heads.trail
            # The row that reports a checkpoint is no reason for the next one.
            if head.sequence <= (last.sequence + 1 if last is not None else 0):
                return None
            checkpoint = Checkpoint(head.sequence, head.hash, self._clock.now(), self._note(uow, heads))
            uow.audit.add_checkpoint(checkpoint)
            uow.audit.append(
                AuditEntry(
                    actor=system_actor("checkpoints"),
                    action="audit.checkpointed",
                    object_type="audit",
                    object_id=str(head.sequence),
                    at=checkpoint.at,
                    data={"size": head.sequence, "headHash": head.hash},
                )
            )
            uow.commit()
        self._sink.publish(checkpoint)
        return checkpoint

    def position(self) -> int:
        """The position of the last row."""
        with self._units(write=False) as uow:
            return uow.audit.head().sequence

    def is_behind_export(self) -> bool:
        """Tell whether the exported place knows a checkpoint beyond what this database holds (a restored copy)."""
        newest = self._sink.newest()
        if newest is None:
            return False
        lines = newest.split(b"\n")
        with self._units(write=False) as uow:
            return len(lines) > 1 and lines[1].isdigit() and int(lines[1]) > uow.audit.head().sequence

    def _note(self, uow: UnitOfWork, heads: _Heads) -> bytes:
        key = uow.keys.system_key(KeyPurpose.AUDIT)
        if key is None:
            raise SetupRequired("The office has not been set up.")
        now = self._clock.now()
        text = build_note_text(
            origin=_origin(uow),
            size=heads.trail.sequence,
            head_hash=heads.trail.hash,
            at=now,
            lists=_list_digests(uow),
            log=heads.log,
        )
        signature = self._keys.sign(key, text, use=KeyPurpose.AUDIT, at=now)
        return assemble_note(text, signature_line(_key_name(uow), key.public_key, signature))

    def _verifier_keys(self, uow: UnitOfWork) -> tuple[VerifierKey, ...]:
        return tuple(VerifierKey(_key_name(uow), key.public_key) for key in _audit_keys(uow))


def _heads(uow: UnitOfWork) -> _Heads:
    log = uow.log.head()
    while True:
        trail, again = uow.audit.head(), uow.log.head()
        # The log only grows, so what is the same before and after stood so when the trail was looked at.
        if again == log:
            size, root = log
            return _Heads(trail, (size, root.hex()) if size else None)
        log = again


def _origin(uow: UnitOfWork) -> str:
    """The name of this trail: the office's own id, which stays when its address changes."""
    office_id = uow.office.get(OFFICE_ID)
    if office_id is None:
        raise SetupRequired("The office has not been set up.")
    return f"sealwright/{office_id}"


def _key_name(uow: UnitOfWork) -> str:
    return f"{_origin(uow)}/audit"


def _audit_keys(uow: UnitOfWork) -> list[StoredKey]:
    return [key for key in uow.keys.list() if key.use is KeyPurpose.AUDIT]


def _list_digests(uow: UnitOfWork) -> list[tuple[str, int, str]]:
    digests = []
    for record in uow.status_lists.all():
        bits = uow.status_lists.bits(record.list_id)
        if bits is None:
            raise StoreUnavailable("A status list has lost its bits.")
        digests.append((record.list_id, bits.record.version, _digest(bits.revocation + bits.suspension)))
    return digests


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
