"""The tables that the checker holds against a history, read whole and once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from tests.support.rows import Rows, uid_text

Place: TypeAlias = tuple[str, int]

HEAD: Final = "SELECT sequence, hash FROM audit_head WHERE id = 1"
READS_AT_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class ReservationRow:
    """A reservation: its state, its place, and the Idempotency-Key that it is bound to."""

    state: str
    place: Place | None
    key: str | None


@dataclass(frozen=True, slots=True)
class CredentialRow:
    """A stored credential."""

    uid: str
    name: str
    document: bytes
    place: Place | None
    status: str
    batch_id: str | None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A row of the trail; `subject` is the id of what it speaks of, `data` its details."""

    sequence: int
    at: int
    action: str
    subject: str
    body: bytes
    previous: bytes
    hash: bytes

    @property
    def data(self) -> dict[str, Any]:
        """What the row says beside who did what to which."""
        found: dict[str, Any] = json.loads(self.body)["data"]
        return found


@dataclass(frozen=True, slots=True)
class Tables:
    """What is stored.

    Args:
        reservations: By uid.
        credentials: By public id.
        revocation: Revocation bits by list id; `suspension` likewise.
    """

    reservations: dict[str, ReservationRow]
    credentials: dict[str, CredentialRow]
    audit: tuple[AuditRow, ...]
    head: tuple[int, bytes]
    revocation: dict[str, bytes]
    suspension: dict[str, bytes]

    def bit(self, place: Place, purpose: str) -> bool:
        """Read a bit; that of a list that is gone is not set."""
        bits = (self.revocation if purpose == "revocation" else self.suspension).get(place[0], b"")
        byte, offset = divmod(place[1], 8)
        return byte < len(bits) and bool(bits[byte] >> (7 - offset) & 1)

    @classmethod
    def read(cls, rows: Rows) -> Tables:
        """Read everything, as it stands between two acts: a server may still make a checkpoint by its clock."""
        for _ in range(READS_AT_MOST):
            tables = cls._read(rows)
            if tables.head == rows.read(HEAD)[0]:
                return tables
        raise AssertionError("the store does not come to rest")

    @classmethod
    def _read(cls, rows: Rows) -> Tables:
        bits = rows.read("SELECT list_id, revocation, suspension FROM status_bits")
        head = rows.read(HEAD)[0]
        return cls(
            reservations={
                uid_text(uid): ReservationRow(state, _place(list_id, index), key)
                for uid, state, list_id, index, key in rows.read(
                    "SELECT uid, state, list_id, list_index, idempotency_key FROM reservations"
                )
            },
            credentials={
                row.name: row
                for row in map(
                    _credential,
                    rows.read(
                        "SELECT uid, external_id, document, list_id, list_index, status, batch_id FROM credentials"
                    ),
                )
            },
            audit=tuple(
                AuditRow(*row)
                for row in rows.read(
                    "SELECT sequence, at, action, object_id, body, prev_hash, hash FROM audit_rows ORDER BY sequence"
                )
            ),
            head=(head[0], head[1]),
            revocation={row[0]: row[1] for row in bits},
            suspension={row[0]: row[2] for row in bits},
        )


def _place(list_id: str | None, index: int | None) -> Place | None:
    return None if list_id is None or index is None else (list_id, index)


def _credential(row: tuple[Any, ...]) -> CredentialRow:
    uid, external_id, document, list_id, index, status, batch_id = row
    name = external_id or f"urn:uuid:{uid_text(uid)}"
    return CredentialRow(uid_text(uid), name, document, _place(list_id, index), status, batch_id)
