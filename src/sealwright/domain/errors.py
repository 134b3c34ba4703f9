"""Everything our own rules can refuse, as one tree.

DomainError
├── NotSignedIn                 no caller, or one that is not known any more
├── NotAllowed
│   ├── RoleRequired
│   ├── AccountInactive
│   ├── IssuerNotAuthorized     not this caller's issuer DID
│   ├── SchemaNotAuthorized     restricted schema, or not of this key
│   ├── NotIssuerOfCredential
│   └── NotDIDOwner
├── NotFound
│   ├── IssuerNotFound  SchemaNotFound  HolderNotFound  CredentialNotFound
│   ├── DIDRecordNotFound  UserNotFound  StatusListNotFound  ApiKeyNotFound  TokenNotFound
├── Gone
│   └── CredentialErased
├── Conflict
│   ├── IssuerDeactivated  HolderDeactivated  IssuerKeyMissing  SchemaInactive
│   ├── StateConflict  AlreadyRevoked  NotRevocable  NotSuspendable
│   ├── AlreadyDeactivated  DIDDeactivated  DIDExists  DIDImmutable  KeyInUse
│   ├── SchemaExists  EmailInUse  UserExists  LastAdmin
│   ├── VersionConflict  IdempotencyInProgress
├── PreconditionFailed
├── Unprocessable
│   ├── MalformedBody           faults of form, each with its pointer
│   ├── ExpirationInPast  ExpirationTooFar  PolicyViolation
│   ├── InvalidPagination  InvalidFilter  InvalidProof
│   ├── IdempotencyKeyReused  InvalidIdempotencyKey  BatchTooLarge
├── RateLimitExceeded
├── SigningFailed
└── OfficeClosed                the office cannot act now; try again later
    ├── IssuingHalted  Sealed  Reconciling  ClockBehind  SetupRequired
    ├── StoreUnavailable  AuditUnavailable
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sealwright.vc.errors import Fault


class DomainError(Exception):
    """A refusal by one of our own rules.

    Args:
        detail: A sentence for the caller; it never quotes claims or secrets.
        faults: Every place that is wrong, when places are known.
        extra: Members that the wire form carries beside the code (``current``, ``grant_id`` …).
    """

    def __init__(self, detail: str, *, faults: Iterable[Fault] = (), extra: Mapping[str, object] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults: tuple[Fault, ...] = tuple(faults)
        self.extra: Mapping[str, object] = dict(extra or {})


class NotSignedIn(DomainError):
    """No caller, or one whose key or token is wrong, expired or revoked."""


class NotAllowed(DomainError):
    """A known caller who may not do this."""


class RoleRequired(NotAllowed):
    """The account role that this act needs is missing."""


class AccountInactive(NotAllowed):
    """The person behind the token is deactivated."""


class IssuerNotAuthorized(NotAllowed):
    """The key or person may not act for this issuer DID."""


class SchemaNotAuthorized(NotAllowed):
    """A restricted credential schema, or one that this key does not cover."""


class NotIssuerOfCredential(NotAllowed):
    """The credential was issued by another issuer."""


class NotDIDOwner(NotAllowed):
    """The DID belongs to somebody else."""


class NotFound(DomainError):
    """A thing that is not here, or not visible to this caller."""


class IssuerNotFound(NotFound):
    """No such issuer DID is kept here."""


class SchemaNotFound(NotFound):
    """No such credential schema."""


class HolderNotFound(NotFound):
    """The holder's DID does not resolve."""


class CredentialNotFound(NotFound):
    """No such credential."""


class DIDRecordNotFound(NotFound):
    """No such DID is kept here."""


class UserNotFound(NotFound):
    """No such person."""


class StatusListNotFound(NotFound):
    """No such status list or purpose."""


class ApiKeyNotFound(NotFound):
    """No such API key."""


class TokenNotFound(NotFound):
    """No such personal token."""


class Gone(DomainError):
    """A thing that was here and is not any more."""


class CredentialErased(Gone):
    """The document is gone with its person's data; its status stays."""


class Conflict(DomainError):
    """The act does not fit the state that the thing is in."""


class IssuerDeactivated(Conflict):
    """The issuer's DID is deactivated."""


class HolderDeactivated(Conflict):
    """The holder's DID is deactivated."""


class IssuerKeyMissing(Conflict):
    """The issuer has no active assertion method for the proof type."""


class SchemaInactive(Conflict):
    """The credential schema is deactivated."""


class StateConflict(Conflict):
    """There is no such move from the present state."""


class AlreadyRevoked(Conflict):
    """The credential is revoked already."""


class NotRevocable(Conflict):
    """The credential was issued without a status entry."""


class NotSuspendable(Conflict):
    """The credential was issued without a suspension entry."""


class AlreadyDeactivated(Conflict):
    """The DID is deactivated already."""


class DIDDeactivated(Conflict):
    """A deactivated DID does not change any more."""


class DIDExists(Conflict):
    """The DID or alias is taken."""


class DIDImmutable(Conflict):
    """The DID's method has no updates."""


class KeyInUse(Conflict):
    """Another DID holds this public key."""


class SchemaExists(Conflict):
    """The schema id is taken; content is immutable."""


class EmailInUse(Conflict):
    """Another person has this e-mail address."""


class UserExists(Conflict):
    """The chosen person id is taken."""


class LastAdmin(Conflict):
    """The office would be left without an admin."""


class VersionConflict(Conflict):
    """The thing has moved on since the caller read it."""


class IdempotencyInProgress(Conflict):
    """The first call with this key has not ended yet."""


class PreconditionFailed(DomainError):
    """`If-Match` names another version."""


class Unprocessable(DomainError):
    """A readable request that cannot be carried out as it stands."""


class MalformedBody(Unprocessable):
    """Faults of form; the first fault's code is the wire code."""


class ExpirationInPast(Unprocessable):
    """The credential would be expired at birth."""


class ExpirationTooFar(Unprocessable):
    """The expiry lies beyond what policy allows."""


class PolicyViolation(Unprocessable):
    """The credential schema or type forbids it."""


class InvalidPagination(Unprocessable):
    """A page, limit or cursor that was not given by us."""


class InvalidFilter(Unprocessable):
    """A filter value outside the allowed set."""


class InvalidProof(Unprocessable):
    """A proof of control that does not hold."""


class InvalidIdempotencyKey(Unprocessable):
    """An idempotency key that is empty, too long, or not printable ASCII."""


class IdempotencyKeyReused(Unprocessable):
    """The same idempotency key with another body."""


class BatchTooLarge(Unprocessable):
    """More rows than one call may carry."""


class RateLimitExceeded(DomainError):
    """The caller's bucket is empty.

    Args:
        retry_after_seconds: Whole seconds until the next call can pass.
    """

    def __init__(self, detail: str, *, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class SigningFailed(DomainError):
    """Nothing was issued; the call may be repeated."""


class OfficeClosed(DomainError):
    """The office cannot act now; the same call may succeed later."""


class IssuingHalted(OfficeClosed):
    """Issuing was stopped by an operator."""


class Sealed(OfficeClosed):
    """The key-encryption key is absent or does not fit."""


class Reconciling(OfficeClosed):
    """The store is behind its exported checkpoint."""


class ClockBehind(OfficeClosed):
    """The server's clock is behind the newest audit row."""


class SetupRequired(OfficeClosed):
    """The office has not been set up."""


class StoreUnavailable(OfficeClosed):
    """The database or its disk does not answer."""


class AuditUnavailable(OfficeClosed):
    """The audit row could not be written, so the act was refused."""
