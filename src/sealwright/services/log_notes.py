"""The transparency log's name, its key, and the checkpoints that this key signs.

Spec: C2SP tlog-checkpoint, signed-note.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.audit_check import VerifierKey, assemble_note, signature_line
from sealwright.domain.dids import KeyPurpose, MethodState, StoredKey
from sealwright.domain.people import system_actor
from sealwright.domain.receipt_check import Malformed, parse_checkpoint
from sealwright.services.people import SYSTEM_DID
from sealwright.services.ports import Clock, KeyStore, UnitOfWork

LOG_ORIGIN: Final = "log_origin"
_ALGORITHM: Final = "Ed25519"


@dataclass(frozen=True, slots=True)
class LogCheckpoint:
    """The log as a signed note commits to it: `size` entries under `root`."""

    size: int
    root: bytes
    note: bytes


class LogNotes:
    """Signs checkpoints of the log, and nothing else."""

    def __init__(self, *, keys: KeyStore, clock: Clock, public_url: str) -> None:
        self._keys = keys
        self._clock = clock
        self._public_url = public_url

    def origin(self, uow: UnitOfWork) -> str:
        """The log's name: its address when the first entry was written; it stays when the office moves."""
        return uow.office.get(LOG_ORIGIN) or log_origin(self._public_url)

    def keep(self, uow: UnitOfWork, size: int, root: bytes) -> None:
        """Sign the log's new head and keep the note; the log's head is locked.

        Raises:
            Sealed, SigningFailed: The key does not sign now.
        """
        if uow.office.get(LOG_ORIGIN) is None:
            uow.office.put_once(LOG_ORIGIN, log_origin(self._public_url))
        # Offices that were founded before there was a log may lack its key.
        key = uow.keys.system_key(KeyPurpose.LOG) or self._make_key(uow)
        uow.log.add_checkpoint(size, self._sign(key, self.origin(uow), size, root), self._clock.now())

    def checkpoint(self, uow: UnitOfWork) -> LogCheckpoint | None:
        """The log as it stands: the kept note where the present key signed it, else one signed now.

        None where nothing has ever been written, and there is no key to sign that with.

        Raises:
            Sealed, SigningFailed: It has to be signed anew, and the key does not sign now.
        """
        size, root = uow.log.head()
        key, kept, origin = uow.keys.system_key(KeyPurpose.LOG), uow.log.checkpoint(), self.origin(uow)
        if kept is not None and (key is None or _is_by(kept, origin, key, size)):
            return LogCheckpoint(size, root, kept)
        return LogCheckpoint(size, root, self._sign(key, origin, size, root)) if key is not None else None

    def verifier_keys(self, uow: UnitOfWork) -> tuple[str, ...]:
        """The keys that the log's checkpoints are checked with: the present one, then retired ones, newest first."""
        origin = self.origin(uow)
        keys = [key for key in uow.keys.list() if key.use is KeyPurpose.LOG]
        active = [key for key in keys if key.state is MethodState.ACTIVE]
        retired = [key for key in keys if key.state is MethodState.RETIRED]
        ordered = (*reversed(active), *reversed(retired))
        return tuple(str(VerifierKey(origin, key.public_key)) for key in ordered)

    def _sign(self, key: StoredKey, origin: str, size: int, root: bytes) -> bytes:
        text = checkpoint_text(origin, size, root)
        signature = self._keys.sign(key, text, use=KeyPurpose.LOG, at=self._clock.now())
        return assemble_note(text, signature_line(origin, key.public_key, signature))

    def _make_key(self, uow: UnitOfWork) -> StoredKey:
        made_before = sum(key.use is KeyPurpose.LOG for key in uow.keys.list())
        key_id = f"{SYSTEM_DID}:{KeyPurpose.LOG.value}:{made_before + 1}"
        made = self._keys.generate(key_id=key_id, did=SYSTEM_DID, use=KeyPurpose.LOG, algorithm=_ALGORITHM)
        now = self._clock.now()
        key = StoredKey(
            key_id=key_id,
            did=SYSTEM_DID,
            use=KeyPurpose.LOG,
            algorithm=_ALGORITHM,
            public_key=made.public_key,
            backend=made.backend,
            sealed=made.sealed,
            kek_id=made.kek_id,
            state=MethodState.ACTIVE,
            created_at=now,
        )
        uow.keys.add(key)
        actor = system_actor("anchors")
        uow.audit.append(AuditEntry(actor, "key.rotated", "key", key_id, now, data={"replaces": None}))
        return key


def log_origin(public_url: str) -> str:
    """The log's name at an address: that of its tiles, without the scheme; a key's name holds no plus."""
    return f"{public_url.partition('://')[2]}/log".replace("+", "%2B")


def checkpoint_text(origin: str, size: int, root: bytes) -> bytes:
    """Spell the text that the log's key signs."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode('ascii')}\n".encode()


def _is_by(note: bytes, origin: str, key: StoredKey, size: int) -> bool:
    """Tell whether a kept note is over this size, and signed by this key."""
    try:
        checkpoint = parse_checkpoint(note)
    except Malformed:
        return False
    wanted = VerifierKey(origin, key.public_key).key_hash
    return checkpoint.size == size and any(
        name == origin and key_hash == wanted for name, key_hash, _ in checkpoint.signatures
    )
