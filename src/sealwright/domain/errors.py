"""Everything our own rules can refuse, as one tree. The branches of work are drawn in `domain.work_errors`,
those of delivery in `domain.delivery_errors`.

DomainError
├── NotSignedIn                 no caller, or one that is not known any more
├── NotAllowed
│   ├── RoleRequired  AccountInactive  EmailNotVerified  CsrfFailed  FreshSignInRequired
│   ├── IssuerNotAuthorized  SchemaNotAuthorized  NotIssuerOfCredential  NotDIDOwner
│   ├── OutOfScope  TypeNotRequestable
│   ├── SelfDecision
├── NotFound
│   ├── IssuerNotFound  SchemaNotFound  HolderNotFound  CredentialNotFound
│   ├── DIDRecordNotFound  UserNotFound  StatusListNotFound  ApiKeyNotFound  TokenNotFound
│   ├── RequestNotFound  GrantNotFound  TypeNotFound  AttachmentNotFound
├── Gone
│   ├── CredentialErased  LinkSpent
├── Conflict
│   ├── IssuerDeactivated  HolderDeactivated  HolderErased  IssuerKeyMissing  SchemaInactive
│   ├── StateConflict  AlreadyRevoked  NotRevocable  NotSuspendable
│   ├── AlreadyDeactivated  DIDDeactivated  DIDExists  DIDImmutable  KeyInUse
│   ├── SchemaExists  EmailInUse  UserExists  LastAdmin  VersionConflict  IdempotencyInProgress
│   ├── GrantInForce  NotAnApprovedImprover  RequestPendingExists  AlreadyApproved
│   ├── TypeExists  TypeInUse  AddressInUse  UploadsFull
├── PreconditionFailed
├── Unprocessable
│   ├── MalformedBody           faults of form, each with its pointer
│   ├── ExpirationInPast  ExpirationTooFar  PolicyViolation
│   ├── InvalidPagination  InvalidFilter  InvalidProof  InvalidAddress  InvalidDecision
│   ├── UnknownCredentialType  InvalidTypeValue  ConflictingFields  UnsupportedUpload
│   ├── MissingMember
│   ├── IdempotencyKeyReused  InvalidIdempotencyKey  BatchTooLarge
├── RateLimitExceeded
├── SignInFailed                wrong password, passkey, code: one neutral sentence for all
│   └── OutsideSignInAway       the organization's own sign-in does not answer now
├── MailNotSent
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


class OutOfScope(NotAllowed):
    """The credential type, or the request, lies outside the issuer scope; or there is none."""


class SelfDecision(NotAllowed):
    """Nobody decides their own request, or grants to themselves."""


class EmailNotVerified(NotAllowed):
    """The act needs a verified e-mail address."""


class TypeNotRequestable(NotAllowed):
    """The credential type is private, or unlisted and not asked for as such."""


class CsrfFailed(NotAllowed):
    """A browser's write came without its form token, or from another site."""


class FreshSignInRequired(NotAllowed):
    """The act needs a full sign-in of the last ten minutes."""


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


class RequestNotFound(NotFound):
    """No such credential request, or role request, that this caller may see."""


class GrantNotFound(NotFound):
    """No such grant, or none of this type was ever held."""


class TypeNotFound(NotFound):
    """No such credential type."""


class AttachmentNotFound(NotFound):
    """No such uploaded file, or somebody else's."""


class Gone(DomainError):
    """A thing that was here and is not any more."""


class CredentialErased(Gone):
    """The document is gone with its person's data; its status stays."""


class LinkSpent(Gone):
    """A one-time link that was used, or whose time is over."""


class Conflict(DomainError):
    """The act does not fit the state that the thing is in."""


class IssuerDeactivated(Conflict):
    """The issuer's DID is deactivated."""


class HolderDeactivated(Conflict):
    """The holder's DID is deactivated."""


class HolderErased(Conflict):
    """The holder's data were erased, so there is nothing left to sign for them."""


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


class GrantInForce(Conflict):
    """A grant of this type is in force for the person."""


class NotAnApprovedImprover(Conflict):
    """The person is not, or no longer, an approved improver."""


class RequestPendingExists(Conflict):
    """A request of the same kind is waiting for its decision."""


class AlreadyApproved(Conflict):
    """What is asked for was approved already."""


class TypeExists(Conflict):
    """The value or a look-alike label of a credential type is taken."""


class TypeInUse(Conflict):
    """A credential type that something refers to is not deleted."""


class AddressInUse(Conflict):
    """Another person proved this wallet address, or this DID."""


class UploadsFull(Conflict):
    """Too many files of this person wait to be used, or too large ones."""


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


class InvalidAddress(Unprocessable):
    """The text is not a wallet address."""


class InvalidDecision(Unprocessable):
    """The word is no decision."""


class UnknownCredentialType(Unprocessable):
    """A body names a credential type that is unknown or retired."""


class InvalidTypeValue(Unprocessable):
    """The value of a new credential type has the wrong form."""


class ConflictingFields(Unprocessable):
    """Two members say the same thing differently."""


class UnsupportedUpload(Unprocessable):
    """The uploaded file is of a kind that is not taken, judged by its content."""


class MissingMember(Unprocessable):
    """A member that this move needs is missing; `faults` name it."""


class RateLimitExceeded(DomainError):
    """The caller's bucket is empty.

    Args:
        retry_after_seconds: Whole seconds until the next call can pass.
    """

    def __init__(self, detail: str, *, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class SignInFailed(DomainError):
    """Wrong password, passkey, code or link: one neutral sentence for all."""


class OutsideSignInAway(SignInFailed):
    """The organization's own sign-in does not answer now; nothing was judged."""


class MailNotSent(DomainError):
    """The mail server did not take a letter."""


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
