"""Credentials between values and rows, and the sets of types that they share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.credentials import CredentialRecord, CredentialStatus, ReasonCode, StatusPlace
from sealwright.storage.column_types import optional_seconds_of, seconds_of
from sealwright.storage.json_columns import read_texts
from sealwright.storage.tables import credentials
from sealwright.storage.transaction import Transaction

CREDENTIAL: Final = sa.select(*credentials.columns)
_INSERT_TYPES: Final = sa.text(
    "INSERT INTO type_sets (type_set, types) VALUES (:type_set, :types) ON CONFLICT (type_set) DO NOTHING"
)
_DIGEST_BYTES: Final = 16
# Documents of others may bring any types; more than this is not worth remembering.
_MOST_REMEMBERED: Final = 10_000


def holder_digest(holder_did: str) -> bytes:
    """Give the 16 bytes by which a holder's credentials are found; short keys keep the index small."""
    return hashlib.sha256(holder_did.encode("utf-8")).digest()[:_DIGEST_BYTES]


@dataclass(frozen=True, slots=True)
class TypeSet:
    """A sequence of types as text, and the 16 bytes that stand for it in filters."""

    text: str
    digest: bytes

    @classmethod
    def of(cls, types: tuple[str, ...]) -> TypeSet:
        """Make the set of a credential's types."""
        encoded = msgspec.json.encode(types)
        return cls(encoded.decode(), hashlib.sha256(encoded).digest()[:_DIGEST_BYTES])


class TypeSets:
    """Writes each distinct sequence of types once, and remembers which are stored already.

    What this transaction wrote is remembered for the process only when `remember` is called after
    its commit: before that it could still be rolled back.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._stored: dict[tuple[str, ...], TypeSet] = transaction.database.memory.setdefault("type_sets", {})
        self._new: dict[tuple[str, ...], TypeSet] = {}

    def write(self, records: Iterable[CredentialRecord]) -> dict[tuple[str, ...], TypeSet]:
        """Store the type sets of these credentials and give them."""
        found: dict[tuple[str, ...], TypeSet] = {}
        missing: dict[tuple[str, ...], TypeSet] = {}
        for record in records:
            types = record.types
            if types not in found:
                known = self._stored.get(types) or self._new.get(types)
                found[types] = known or missing.setdefault(types, TypeSet.of(types))
        # In order, so that two processes that meet the same new types do not wait for each other.
        for one in sorted(missing.values(), key=lambda one: one.digest):
            self._transaction.change(_INSERT_TYPES, {"type_set": one.digest, "types": one.text})
        self._new.update(missing)
        return found

    def mark(self) -> dict[tuple[str, ...], TypeSet]:
        """Tell what was written so far, for `forget`."""
        return dict(self._new)

    def forget(self, mark: dict[tuple[str, ...], TypeSet]) -> None:
        """Drop what was written in a part that rolled back."""
        self._new = mark

    def remember(self) -> None:
        """Keep in mind what was committed."""
        if len(self._stored) + len(self._new) > _MOST_REMEMBERED:
            self._stored.clear()
        self._stored.update(self._new)


def values_of(record: CredentialRecord, uid: Callable[[UUID], UUID | bytes], types: TypeSet) -> tuple[object, ...]:
    """Give a credential as a row, in the order of the table's columns; `uid` gives uids as the driver takes them."""
    place = record.place
    return (
        uid(record.uid),
        record.external_id,
        record.issuer_did,
        record.holder_did,
        holder_digest(record.holder_did),
        record.schema_id,
        types.text,
        types.digest,
        record.proof_type,
        record.verification_method,
        record.revocable,
        record.suspendable,
        None if place is None else place.list_id,
        None if place is None else place.index,
        record.status.value,
        seconds_of(record.issued_at),
        optional_seconds_of(record.expires_at),
        record.document,
        bytes.fromhex(record.document_sha256),
        optional_seconds_of(record.revoked_at),
        None if record.reason_code is None else record.reason_code.value,
        record.reason,
        record.grant_id,
        record.batch_id,
        record.transaction_hash,
        None if record.copy_of is None else uid(record.copy_of),
        record.suspended_alone,
    )


def credential_of(row: Row[Any]) -> CredentialRecord:
    """Read a credential from a row of `CREDENTIAL`."""
    return CredentialRecord(
        uid=row.uid,
        external_id=row.external_id,
        issuer_did=row.issuer_did,
        holder_did=row.holder_did,
        schema_id=row.schema_id,
        types=read_texts(row.types),
        proof_type=row.proof_type,
        verification_method=row.verification_method,
        revocable=row.revocable,
        suspendable=row.suspendable,
        place=None if row.list_id is None else StatusPlace(row.list_id, row.list_index),
        status=CredentialStatus(row.status),
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        document=row.document,
        document_sha256=row.document_sha256.hex(),
        revoked_at=row.revoked_at,
        reason_code=None if row.reason_code is None else ReasonCode(row.reason_code),
        reason=row.reason,
        grant_id=row.grant_id,
        batch_id=row.batch_id,
        transaction_hash=row.transaction_hash,
        copy_of=row.copy_of,
        suspended_alone=bool(row.suspended_alone),
    )
