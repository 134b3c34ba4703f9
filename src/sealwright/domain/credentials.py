"""Credentials on their way: the request, the checked order, the reservation, and the stored record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sealwright.domain.ids import credential_urn
from sealwright.vc.encoding.strict_json import JSONValue


class CredentialStatus(StrEnum):
    """The state that is recorded; ``expired`` follows from the clock and is never stored."""

    VALID = "valid"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    EXPIRED = "expired"


class ReasonCode(StrEnum):
    """Why a credential was revoked or suspended, as the public may read it."""

    UNSPECIFIED = "unspecified"
    ISSUED_IN_ERROR = "issued_in_error"
    REQUIREMENTS_NOT_MET = "requirements_not_met"
    HOLDER_REQUEST = "holder_request"
    MISCONDUCT = "misconduct"
    KEY_COMPROMISE = "key_compromise"
    SUPERSEDED = "superseded"
    PRIVILEGE_WITHDRAWN = "privilege_withdrawn"


class StatusPurpose(StrEnum):
    """What a set bit means."""

    REVOCATION = "revocation"
    SUSPENSION = "suspension"


@dataclass(frozen=True, slots=True)
class IssuanceRequest:
    """What a caller asked for, well-formed and not yet checked against anything.

    Args:
        anchor: Whether it is to be anchored, where the office does that.
        mandatory_pointers: JSON pointers into the credential of what every derived proof must show.
    """

    schema_id: str
    issuer_did: str
    holder_did: str
    claims: Mapping[str, JSONValue]
    expiration: datetime | None
    proof_type: str
    revocable: bool
    suspendable: bool
    anchor: bool = False
    mandatory_pointers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IdempotencyScope:
    """Whose key it is, for which call, over which body.

    Args:
        principal: The caller's bucket name.
        route: Method and path.
        key: 1–255 printable ASCII characters.
        body_digest: SHA-256 of the request body.
    """

    principal: str
    route: str
    key: str
    body_digest: bytes


@dataclass(frozen=True, slots=True)
class StatusPlace:
    """One credential's place among the published bits."""

    list_id: str
    index: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """What is written down before anything is signed.

    Args:
        uid: The credential's uid.
        external_id: The document's own id where a caller chose it (VC-API); else None.
        order_digest: SHA-256 over the checked order.
        key_id: The verification method that is going to sign.
    """

    uid: UUID
    external_id: str | None
    issuer_did: str
    place: StatusPlace | None
    order_digest: bytes
    key_id: str
    proof_type: str
    reserved_at: datetime
    idempotency: IdempotencyScope | None = None

    @property
    def credential_id(self) -> str:
        """The public id of the credential that this reservation is for."""
        return self.external_id or credential_urn(self.uid)


class ReservationState(StrEnum):
    """Reserved, then issued or void; never back."""

    RESERVED = "reserved"
    ISSUED = "issued"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class CredentialRecord:
    """A stored credential: the signed bytes, and what must be searched, in columns.

    Args:
        document: The signed document, byte for byte; None after erasure.
        document_sha256: Hex digest of those bytes.
        reason: Free text for the office; never public.
        copy_of: The credential of which this is a further form, made for a wallet or a download; it ends with it.
        suspended_alone: A further form was suspended by an act of its own, and stays so when its source is reinstated.
    """

    uid: UUID
    external_id: str | None
    issuer_did: str
    holder_did: str
    schema_id: str | None
    types: tuple[str, ...]
    proof_type: str
    verification_method: str
    revocable: bool
    suspendable: bool
    place: StatusPlace | None
    status: CredentialStatus
    issued_at: datetime
    expires_at: datetime | None
    document: bytes | None
    document_sha256: str
    revoked_at: datetime | None = None
    reason_code: ReasonCode | None = None
    reason: str | None = None
    grant_id: str | None = None
    batch_id: str | None = None
    transaction_hash: str | None = None
    copy_of: UUID | None = None
    suspended_alone: bool = False

    @property
    def credential_id(self) -> str:
        """The public id."""
        return self.external_id or credential_urn(self.uid)

    def status_at(self, now: datetime) -> CredentialStatus:
        """Give the state with the clock taken into account: revoked stays revoked, else a past expiry wins."""
        if self.status is CredentialStatus.REVOKED:
            return self.status
        if self.expires_at is not None and self.expires_at <= now:
            return CredentialStatus.EXPIRED
        return self.status


@dataclass(frozen=True, slots=True)
class CredentialFilter:
    """Which credentials a list shows; None means any. `issuer_dids` is what the caller may see."""

    issuer_did: str | None = None
    holder_did: str | None = None
    schema_id: str | None = None
    credential_type: str | None = None
    status: CredentialStatus | None = None
    batch_id: str | None = None
    visible_issuers: frozenset[str] | None = None
    visible_holders: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class StatusListRecord:
    """One allocation of status indexes for an issuer, published in three encodings.

    Args:
        permutation_key: Secret that orders the indexes; shows nothing of the order of issue.
        size_bits: Entries of the list.
        capacity: Entries that are used before a new list opens.
        used: Entries allocated so far.
        version: Grows whenever a bit changes.
    """

    list_id: str
    issuer_did: str
    permutation_key: bytes
    size_bits: int
    capacity: int
    used: int
    version: int
    is_open: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class StatusBits:
    """The bits of a list at one version; bit 0 is the leftmost bit of byte 0, in both."""

    record: StatusListRecord
    revocation: bytes
    suspension: bytes


@dataclass(frozen=True, slots=True)
class Allocation:
    """A run of ordinals taken from one list: ``first`` … ``first + count − 1``."""

    record: StatusListRecord
    first: int
    count: int
