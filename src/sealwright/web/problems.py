"""The only translator from error to wire code and HTTP status: one catalog of codes, one table of classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sealwright.domain import batch_errors as batch
from sealwright.domain import delegation_errors as delegation
from sealwright.domain import delivery_errors as delivery
from sealwright.domain import errors as domain
from sealwright.domain import work_errors as work
from sealwright.vc import errors as vc
from sealwright.vc.errors import Fault
from sealwright.web.refusals import TransportRefused
from sealwright.web.reply import PROBLEM_JSON, Headers, Reply, encode

RETRY_AFTER_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Problem:
    """One code of the catalog: its HTTP status, its title, and whether the same call may succeed later."""

    code: str
    status: int
    title: str
    retryable: bool = False


def _catalog(*problems: Problem) -> Mapping[str, Problem]:
    catalog = {problem.code: problem for problem in problems}
    if len(catalog) != len(problems):
        raise ValueError("a code is listed twice")
    return catalog


CATALOG: Final = _catalog(
    Problem("INVALID_JSON", 400, "The body is not one JSON value"),
    Problem("INVALID_UNICODE", 400, "The body is not UTF-8 text"),
    Problem("DUPLICATE_KEY", 400, "A member name stands twice in one object"),
    Problem("NESTING_TOO_DEEP", 400, "The body nests too deeply"),
    Problem("INVALID_IDEMPOTENCY_KEY", 400, "The Idempotency-Key is malformed"),
    Problem("INVALID_HEADER", 400, "The headers contradict each other"),
    Problem("VERIFICATION_FAILED", 400, "The document does not verify"),
    Problem("INVALID_TX_CODE", 400, "The transaction code is wrong"),
    Problem("DIDCOMM_INVALID", 400, "The DIDComm message is not acceptable"),
    Problem("DELEGATION_CHAIN_MALFORMED", 400, "The delegations given are no chain"),
    Problem("UNAUTHENTICATED", 401, "A valid bearer token is needed"),
    Problem("HOLDER_PROOF_REQUIRED", 401, "The holder has to be proved"),
    Problem("SIGN_IN_FAILED", 401, "Signing in failed"),
    Problem("ROLE_REQUIRED", 403, "The account role for this is missing"),
    Problem("ACCOUNT_INACTIVE", 403, "The account is deactivated"),
    Problem("ISSUER_NOT_AUTHORIZED", 403, "The caller may not act for this issuer"),
    Problem("SCHEMA_NOT_AUTHORIZED", 403, "The credential schema is not open to this caller"),
    Problem("NOT_ISSUER_OF_CREDENTIAL", 403, "The credential was issued by somebody else"),
    Problem("NOT_DID_OWNER", 403, "The DID belongs to somebody else"),
    Problem("OUT_OF_SCOPE", 403, "This lies outside your issuer scope"),
    Problem("SELF_DECISION", 403, "Nobody decides for themselves"),
    Problem("SELF_VOTE", 403, "Nobody votes on their own proposal"),
    Problem("MISSING_CREDENTIALS", 403, "The workflow role asks for credentials that are not held"),
    Problem("NOT_STEP_HOLDER", 403, "The step is not yours"),
    Problem("EMAIL_NOT_VERIFIED", 403, "A verified e-mail address is needed"),
    Problem("TYPE_NOT_REQUESTABLE", 403, "This credential type cannot be asked for"),
    Problem("CSRF_FAILED", 403, "The form's token is missing or stale"),
    Problem("FRESH_SIGN_IN_REQUIRED", 403, "A fresh sign-in is needed"),
    Problem("HOLDER_MISMATCH", 403, "This is for another holder"),
    Problem("NOT_FOUND", 404, "There is nothing at this address"),
    Problem("ISSUER_NOT_FOUND", 404, "The issuer DID is not kept here"),
    Problem("SCHEMA_NOT_FOUND", 404, "There is no such credential schema"),
    Problem("HOLDER_NOT_FOUND", 404, "The holder's DID does not resolve"),
    Problem("CREDENTIAL_NOT_FOUND", 404, "There is no such credential"),
    Problem("DID_NOT_FOUND", 404, "There is no such DID"),
    Problem("USER_NOT_FOUND", 404, "There is no such person"),
    Problem("STATUS_LIST_NOT_FOUND", 404, "There is no such status list"),
    Problem("API_KEY_NOT_FOUND", 404, "There is no such API key"),
    Problem("REQUEST_NOT_FOUND", 404, "There is no such request"),
    Problem("GRANT_NOT_FOUND", 404, "There is no such grant"),
    Problem("BATCH_NOT_FOUND", 404, "There is no such batch"),
    Problem("ANCHOR_NOT_FOUND", 404, "There is no such anchor"),
    Problem("WORKFLOW_NOT_FOUND", 404, "There is no such workflow"),
    Problem("TYPE_NOT_FOUND", 404, "There is no such credential type"),
    Problem("OFFER_NOT_FOUND", 404, "There is no such offer"),
    Problem("THREAD_NOT_FOUND", 404, "There is no such DIDComm thread"),
    Problem("WEBHOOK_NOT_FOUND", 404, "There is no such webhook"),
    Problem("DELEGATION_NOT_FOUND", 404, "There is no such delegation"),
    Problem("APPROVAL_NOT_FOUND", 404, "There is no such question of an agent"),
    Problem("METHOD_NOT_ALLOWED", 405, "The method is not offered here"),
    Problem("NOT_ACCEPTABLE", 406, "No acceptable representation exists"),
    Problem("REQUEST_TIMEOUT", 408, "The request took too long to arrive"),
    Problem("ISSUER_DEACTIVATED", 409, "The issuer's DID is deactivated"),
    Problem("HOLDER_DEACTIVATED", 409, "The holder's DID is deactivated"),
    Problem("HOLDER_ERASED", 409, "The holder's data were erased"),
    Problem("ISSUER_KEY_MISSING", 409, "The issuer has no active key for this proof type"),
    Problem("SCHEMA_INACTIVE", 409, "The credential schema is deactivated"),
    Problem("VERSION_CONFLICT", 409, "The thing has changed since it was read"),
    Problem("STATE_CONFLICT", 409, "The present state does not allow this"),
    Problem("ALREADY_REVOKED", 409, "The credential is revoked already"),
    Problem("NOT_REVOCABLE", 409, "The credential was issued as not revocable"),
    Problem("NOT_SUSPENDABLE", 409, "The credential was issued as not suspendable"),
    Problem("ALREADY_DEACTIVATED", 409, "The DID is deactivated already"),
    Problem("DID_DEACTIVATED", 409, "The DID is deactivated"),
    Problem("DID_EXISTS", 409, "The DID or alias is taken"),
    Problem("DID_IMMUTABLE", 409, "A DID of this method cannot change"),
    Problem("KEY_IN_USE", 409, "Another DID holds this key"),
    Problem("SCHEMA_EXISTS", 409, "The credential schema exists already"),
    Problem("EMAIL_IN_USE", 409, "Another person has this e-mail address"),
    Problem("LAST_ADMIN", 409, "The office needs an admin"),
    Problem("CREDENTIAL_ALREADY_ACTIVE", 409, "A grant of this credential type is in force"),
    Problem("NOT_AN_APPROVED_IMPROVER", 409, "The person is not an approved improver"),
    Problem("REQUEST_PENDING_EXISTS", 409, "A request is pending already"),
    Problem("ALREADY_APPROVED", 409, "This was approved already"),
    Problem("TYPE_EXISTS", 409, "The credential type exists already"),
    Problem("TYPE_IN_USE", 409, "The credential type is in use"),
    Problem("STEP_ALREADY_CLAIMED", 409, "Somebody holds this step or its workflow role"),
    Problem("ROLE_ALREADY_HELD", 409, "One person takes one workflow role of a workflow"),
    Problem("STEP_NOT_AVAILABLE", 409, "The step's present state does not allow this"),
    Problem("ABSENT", 409, "An absence period of yours covers this workflow"),
    Problem("NOTHING_TO_RELEASE", 409, "There is no such claim"),
    Problem("PROPOSAL_CLOSED", 409, "The proposal is closed"),
    Problem("PROPOSAL_PENDING_EXISTS", 409, "A proposal of this kind is pending already"),
    Problem("ADDRESS_IN_USE", 409, "Another person has this address"),
    Problem("UPLOADS_FULL", 409, "Too many uploaded files wait to be used"),
    Problem("NOT_DELIVERABLE", 409, "The credential is not valid now"),
    Problem("NO_DIDCOMM_ENDPOINT", 409, "The holder's DID takes no DIDComm messages"),
    Problem("DUPLICATE_IN_BATCH", 409, "An earlier row of the batch names the same holder"),
    Problem("BATCH_CANCELED", 409, "The batch was canceled before this row's turn"),
    Problem("APPROVAL_CLOSED", 409, "The question was decided, spent, or is over"),
    Problem("IDEMPOTENCY_IN_PROGRESS", 409, "The first call with this key is still running", retryable=True),
    Problem("CREDENTIAL_ERASED", 410, "The document was erased"),
    Problem("TOKEN_USED", 410, "The one-time link or token was used, or its time is over"),
    Problem("TOKEN_EXPIRED", 410, "The offer's time is over, or it was canceled"),
    Problem("PRECONDITION_FAILED", 412, "Another version is current"),
    Problem("PAYLOAD_TOO_LARGE", 413, "The body is too large"),
    Problem("BATCH_TOO_LARGE", 413, "The call carries too many rows"),
    Problem("URI_TOO_LONG", 414, "The address is too long"),
    Problem("UNSUPPORTED_MEDIA_TYPE", 415, "The body must be JSON in UTF-8, without content coding"),
    Problem("INVALID_BODY", 422, "The body is not of the asked kind"),
    Problem("MISSING_FIELD", 422, "A member is missing"),
    Problem("UNKNOWN_FIELD", 422, "A member is not known here"),
    Problem("INVALID_TYPE", 422, "A member has the wrong JSON type"),
    Problem("INVALID_VALUE", 422, "A value is outside what is allowed"),
    Problem("CONFLICTING_FIELDS", 422, "Two members contradict each other"),
    Problem("INVALID_CHARACTER", 422, "A text holds a character that is refused"),
    Problem("NUMBER_OUT_OF_RANGE", 422, "A number is beyond what can be signed exactly"),
    Problem("INVALID_DID", 422, "The text is not a DID"),
    Problem("UNSUPPORTED_DID_METHOD", 422, "The DID method is not supported"),
    Problem("INVALID_KEY", 422, "The key is not acceptable"),
    Problem("INVALID_PROOF", 422, "The proof does not hold"),
    Problem("INVALID_DATE", 422, "The text is not a date and time with a zone"),
    Problem("EXPIRATION_IN_PAST", 422, "The expiry is not in the future"),
    Problem("EXPIRATION_TOO_FAR", 422, "The expiry is too far away"),
    Problem("UNSUPPORTED_PROOF_TYPE", 422, "The proof type is not supported"),
    Problem("DERIVATION_INVALID", 422, "This cannot be shown in part as asked"),
    Problem("INVALID_PAGINATION", 422, "The page asked for does not exist in this form"),
    Problem("INVALID_FILTER", 422, "A filter is outside what is allowed"),
    Problem("INVALID_ADDRESS", 422, "The text is not a wallet address"),
    Problem("INVALID_DECISION", 422, "The word is no decision"),
    Problem("UNKNOWN_CREDENTIAL_TYPE", 422, "The credential type is unknown"),
    Problem("UNKNOWN_ROLE", 422, "A step names a workflow role that does not exist"),
    Problem("SUBMISSION_INCOMPLETE", 422, "What was handed in does not answer the work items"),
    Problem("INVALID_TYPE_VALUE", 422, "The value of the credential type has the wrong form"),
    Problem("SCHEMA_VALIDATION_FAILED", 422, "Claims do not match the credential schema"),
    Problem("RESERVED_KEY", 422, "A reserved name stands among the claims"),
    Problem("UNDEFINED_TERM", 422, "No context defines a member"),
    Problem("UNSIGNABLE_VALUE", 422, "A value would not be covered by the proof"),
    Problem("TERM_CONFLICT", 422, "A context gives an existing term another meaning"),
    Problem("CONTEXT_NOT_ALLOWED", 422, "A context is not allowed here"),
    Problem("CLAIMS_TOO_LARGE", 422, "The claims are too large"),
    Problem("TOO_COMPLEX", 422, "The document is too costly to canonicalize"),
    Problem("POLICY_VIOLATION", 422, "Policy forbids this"),
    Problem("SCHEMA_INVALID", 422, "The JSON Schema is not acceptable"),
    Problem("SCHEMA_REF_NOT_ALLOWED", 422, "The JSON Schema refers to another document"),
    Problem("SCHEMA_TOO_COMPLEX", 422, "The JSON Schema is too complex"),
    Problem("IDEMPOTENCY_KEY_REUSED", 422, "The Idempotency-Key was used with another body"),
    Problem("DELEGATION_INVALID", 422, "This makes no delegation"),
    Problem("DELEGATION_SCOPE_WIDENED", 422, "It would allow what its parent does not"),
    Problem("DELEGATION_CONSTRAINT_LOOSENED", 422, "A limit of its parent is left out or loosened"),
    Problem("DELEGATION_EXPIRY_EXCEEDED", 422, "It would outlive its parent"),
    Problem("DELEGATION_DEPTH_EXCEEDED", 422, "Its parent allows no such depth below it"),
    Problem("DELEGATION_REVOKED", 422, "The delegation, or one above it, is revoked"),
    Problem("DELEGATION_SUSPENDED", 422, "The delegation, or one above it, is suspended"),
    Problem("DELEGATION_EXPIRED", 422, "The delegation, or one above it, has expired"),
    Problem("DELEGATION_LOOP", 422, "The delegate stands further up in the chain"),
    Problem("DELEGATION_ROOT_INVALID", 422, "The chain's root may not delegate"),
    Problem("DELEGATION_ACTION_NOT_COVERED", 422, "No delegation of the agent allows this action"),
    Problem("DELEGATION_CONSTRAINT_EXCEEDED", 422, "A limit of a delegation forbids this act"),
    Problem("DELEGATION_APPROVAL_REQUIRED", 422, "A person has to approve this act first"),
    Problem("URL_NOT_ALLOWED", 422, "The address may not be reached from here"),
    Problem("RATE_LIMIT_EXCEEDED", 429, "Too many calls", retryable=True),
    Problem("TX_CODE_LOCKED", 429, "Too many wrong transaction codes"),
    Problem("HEADERS_TOO_LARGE", 431, "The headers are too large"),
    Problem("SIGNING_FAILED", 500, "Signing failed; nothing was issued", retryable=True),
    Problem("INTERNAL", 500, "Something went wrong here"),
    Problem("UNAVAILABLE", 503, "The office cannot answer now", retryable=True),
    Problem("ANCHOR_UNAVAILABLE", 503, "The ledger that roots are written to does not answer", retryable=True),
    Problem("AUDIT_UNAVAILABLE", 503, "The audit trail cannot be written, so nothing was done", retryable=True),
    Problem("ISSUING_HALTED", 503, "Issuing is halted", retryable=True),
    Problem("SEALED", 503, "The office is sealed", retryable=True),
    Problem("RECONCILING", 503, "The office is reconciling", retryable=True),
    Problem("CLOCK_BEHIND", 503, "The clock is behind the audit trail", retryable=True),
    Problem("SETUP_REQUIRED", 503, "The office has not been set up", retryable=True),
)

INTERNAL: Final = CATALOG["INTERNAL"]

_CODES: Final[Mapping[type[Exception], str]] = {
    # Who is calling, and what they may do.
    domain.NotSignedIn: "UNAUTHENTICATED",
    delivery.HolderProofRequired: "HOLDER_PROOF_REQUIRED",
    domain.RoleRequired: "ROLE_REQUIRED",
    domain.AccountInactive: "ACCOUNT_INACTIVE",
    domain.IssuerNotAuthorized: "ISSUER_NOT_AUTHORIZED",
    domain.SchemaNotAuthorized: "SCHEMA_NOT_AUTHORIZED",
    domain.NotIssuerOfCredential: "NOT_ISSUER_OF_CREDENTIAL",
    domain.NotDIDOwner: "NOT_DID_OWNER",
    domain.OutOfScope: "OUT_OF_SCOPE",
    domain.SelfDecision: "SELF_DECISION",
    work.SelfVote: "SELF_VOTE",
    work.MissingCredentials: "MISSING_CREDENTIALS",
    work.NotStepHolder: "NOT_STEP_HOLDER",
    domain.EmailNotVerified: "EMAIL_NOT_VERIFIED",
    domain.TypeNotRequestable: "TYPE_NOT_REQUESTABLE",
    domain.CsrfFailed: "CSRF_FAILED",
    domain.FreshSignInRequired: "FRESH_SIGN_IN_REQUIRED",
    delivery.HolderMismatch: "HOLDER_MISMATCH",
    # What is not here.
    domain.IssuerNotFound: "ISSUER_NOT_FOUND",
    domain.SchemaNotFound: "SCHEMA_NOT_FOUND",
    domain.HolderNotFound: "HOLDER_NOT_FOUND",
    domain.CredentialNotFound: "CREDENTIAL_NOT_FOUND",
    domain.DIDRecordNotFound: "DID_NOT_FOUND",
    domain.UserNotFound: "USER_NOT_FOUND",
    domain.StatusListNotFound: "STATUS_LIST_NOT_FOUND",
    domain.ApiKeyNotFound: "API_KEY_NOT_FOUND",
    domain.RequestNotFound: "REQUEST_NOT_FOUND",
    domain.GrantNotFound: "GRANT_NOT_FOUND",
    batch.BatchNotFound: "BATCH_NOT_FOUND",
    batch.AnchorNotFound: "ANCHOR_NOT_FOUND",
    domain.TypeNotFound: "TYPE_NOT_FOUND",
    domain.AttachmentNotFound: "NOT_FOUND",
    work.WorkflowNotFound: "WORKFLOW_NOT_FOUND",
    delivery.OfferNotFound: "OFFER_NOT_FOUND",
    delivery.ThreadNotFound: "THREAD_NOT_FOUND",
    delivery.WebhookNotFound: "WEBHOOK_NOT_FOUND",
    delivery.ParcelNotFound: "WEBHOOK_NOT_FOUND",
    delegation.DelegationNotFound: "DELEGATION_NOT_FOUND",
    delegation.ApprovalNotFound: "APPROVAL_NOT_FOUND",
    domain.NotFound: "NOT_FOUND",
    domain.CredentialErased: "CREDENTIAL_ERASED",
    domain.LinkSpent: "TOKEN_USED",
    delivery.TokenUsed: "TOKEN_USED",
    delivery.TokenExpired: "TOKEN_EXPIRED",
    # What does not fit the present state.
    domain.IssuerDeactivated: "ISSUER_DEACTIVATED",
    domain.HolderDeactivated: "HOLDER_DEACTIVATED",
    domain.HolderErased: "HOLDER_ERASED",
    domain.IssuerKeyMissing: "ISSUER_KEY_MISSING",
    domain.SchemaInactive: "SCHEMA_INACTIVE",
    domain.AlreadyRevoked: "ALREADY_REVOKED",
    domain.NotRevocable: "NOT_REVOCABLE",
    domain.NotSuspendable: "NOT_SUSPENDABLE",
    domain.AlreadyDeactivated: "ALREADY_DEACTIVATED",
    domain.DIDDeactivated: "DID_DEACTIVATED",
    domain.DIDExists: "DID_EXISTS",
    domain.DIDImmutable: "DID_IMMUTABLE",
    domain.KeyInUse: "KEY_IN_USE",
    domain.SchemaExists: "SCHEMA_EXISTS",
    domain.EmailInUse: "EMAIL_IN_USE",
    domain.LastAdmin: "LAST_ADMIN",
    domain.GrantInForce: "CREDENTIAL_ALREADY_ACTIVE",
    domain.NotAnApprovedImprover: "NOT_AN_APPROVED_IMPROVER",
    domain.RequestPendingExists: "REQUEST_PENDING_EXISTS",
    domain.AlreadyApproved: "ALREADY_APPROVED",
    domain.TypeExists: "TYPE_EXISTS",
    domain.TypeInUse: "TYPE_IN_USE",
    domain.AddressInUse: "ADDRESS_IN_USE",
    domain.UploadsFull: "UPLOADS_FULL",
    delivery.NotDeliverable: "NOT_DELIVERABLE",
    delivery.NoDidcommEndpoint: "NO_DIDCOMM_ENDPOINT",
    delivery.TxCodeLocked: "TX_CODE_LOCKED",
    work.StepAlreadyClaimed: "STEP_ALREADY_CLAIMED",
    work.RoleAlreadyHeld: "ROLE_ALREADY_HELD",
    work.StepNotAvailable: "STEP_NOT_AVAILABLE",
    work.Absent: "ABSENT",
    work.NothingToRelease: "NOTHING_TO_RELEASE",
    work.ProposalClosed: "PROPOSAL_CLOSED",
    work.ProposalPendingExists: "PROPOSAL_PENDING_EXISTS",
    delegation.ApprovalClosed: "APPROVAL_CLOSED",
    domain.VersionConflict: "VERSION_CONFLICT",
    batch.DuplicateInBatch: "DUPLICATE_IN_BATCH",
    batch.RowCanceled: "BATCH_CANCELED",
    batch.AnchorUnavailable: "ANCHOR_UNAVAILABLE",
    domain.IdempotencyInProgress: "IDEMPOTENCY_IN_PROGRESS",
    domain.Conflict: "STATE_CONFLICT",
    domain.PreconditionFailed: "PRECONDITION_FAILED",
    # What cannot be carried out as it stands.
    domain.MalformedBody: "INVALID_VALUE",
    domain.ExpirationInPast: "EXPIRATION_IN_PAST",
    domain.ExpirationTooFar: "EXPIRATION_TOO_FAR",
    domain.PolicyViolation: "POLICY_VIOLATION",
    domain.InvalidPagination: "INVALID_PAGINATION",
    domain.InvalidFilter: "INVALID_FILTER",
    domain.InvalidAddress: "INVALID_ADDRESS",
    domain.InvalidDecision: "INVALID_DECISION",
    domain.UnknownCredentialType: "UNKNOWN_CREDENTIAL_TYPE",
    work.UnknownWorkflowRole: "UNKNOWN_ROLE",
    work.InvalidSchedule: "INVALID_DATE",
    work.SubmissionIncomplete: "SUBMISSION_INCOMPLETE",
    domain.InvalidTypeValue: "INVALID_TYPE_VALUE",
    domain.ConflictingFields: "CONFLICTING_FIELDS",
    domain.UnsupportedUpload: "UNSUPPORTED_MEDIA_TYPE",
    domain.MissingMember: "MISSING_FIELD",
    domain.InvalidProof: "INVALID_PROOF",
    domain.InvalidIdempotencyKey: "INVALID_IDEMPOTENCY_KEY",
    domain.IdempotencyKeyReused: "IDEMPOTENCY_KEY_REUSED",
    domain.BatchTooLarge: "BATCH_TOO_LARGE",
    delivery.InvalidTxCode: "INVALID_TX_CODE",
    delivery.DidcommInvalid: "DIDCOMM_INVALID",
    delivery.UrlNotAllowed: "URL_NOT_ALLOWED",
    delegation.ChainMalformed: "DELEGATION_CHAIN_MALFORMED",
    **{refusal: code for code, refusal in delegation.REFUSALS.items()},
    domain.RateLimitExceeded: "RATE_LIMIT_EXCEEDED",
    domain.SignInFailed: "SIGN_IN_FAILED",
    domain.MailNotSent: "UNAVAILABLE",
    # What the office cannot do now.
    domain.SigningFailed: "SIGNING_FAILED",
    domain.IssuingHalted: "ISSUING_HALTED",
    domain.Sealed: "SEALED",
    domain.Reconciling: "RECONCILING",
    domain.ClockBehind: "CLOCK_BEHIND",
    domain.SetupRequired: "SETUP_REQUIRED",
    domain.AuditUnavailable: "AUDIT_UNAVAILABLE",
    domain.OfficeClosed: "UNAVAILABLE",
    # What the standards floor refuses.
    vc.InvalidJSON: "INVALID_JSON",
    vc.InvalidUnicode: "INVALID_UNICODE",
    vc.DuplicateKey: "DUPLICATE_KEY",
    vc.NestingTooDeep: "NESTING_TOO_DEEP",
    vc.InvalidEncoding: "INVALID_VALUE",
    vc.InvalidDate: "INVALID_DATE",
    vc.InvalidDID: "INVALID_DID",
    vc.UnsupportedDIDMethod: "UNSUPPORTED_DID_METHOD",
    vc.InvalidKey: "INVALID_KEY",
    vc.DIDNotResolved: "DID_NOT_FOUND",
    vc.MalformedDocument: "INVALID_VALUE",
    vc.ChainRefused: "DELEGATION_CHAIN_MALFORMED",
    vc.NumberOutOfRange: "NUMBER_OUT_OF_RANGE",
    vc.InvalidCharacter: "INVALID_CHARACTER",
    vc.ClaimsTooLarge: "CLAIMS_TOO_LARGE",
    vc.ReservedKey: "RESERVED_KEY",
    vc.UndefinedTerm: "UNDEFINED_TERM",
    vc.UnsignableValue: "UNSIGNABLE_VALUE",
    vc.TermConflict: "TERM_CONFLICT",
    vc.ContextNotAllowed: "CONTEXT_NOT_ALLOWED",
    vc.TooComplex: "TOO_COMPLEX",
    vc.SchemaRefNotAllowed: "SCHEMA_REF_NOT_ALLOWED",
    vc.SchemaTooComplex: "SCHEMA_TOO_COMPLEX",
    vc.SchemaRefused: "SCHEMA_INVALID",
    vc.ClaimsDoNotMatchSchema: "SCHEMA_VALIDATION_FAILED",
    vc.UnsupportedProofType: "UNSUPPORTED_PROOF_TYPE",
    vc.DerivationInvalid: "DERIVATION_INVALID",
    vc.ProofRefused: "INVALID_PROOF",
    vc.StatusListRefused: "INVALID_VALUE",
}
PROBLEMS: Final[Mapping[type[Exception], Problem]] = {error: CATALOG[code] for error, code in _CODES.items()}


def problem_for(error: Exception) -> Problem:
    """The public face of an error; INTERNAL when it has none.

    Faults of form are named by their first fault, in document order.
    """
    if isinstance(error, TransportRefused):
        return CATALOG[error.code]
    if isinstance(error, (domain.MalformedBody, vc.MalformedDocument)) and error.faults:
        named = CATALOG.get(error.faults[0].code)
        if named is not None:
            return named
    return next((PROBLEMS[c] for c in type(error).__mro__ if c in PROBLEMS), INTERNAL)


def code_of(error: Exception) -> str:
    """The stable code of an error."""
    return problem_for(error).code


def faults_of(error: Exception, document_at: str = "") -> list[dict[str, str]]:
    """Every place that is wrong, in the body that was sent.

    Args:
        document_at: Where in the body the claims or the document stood that the standards floor has judged.
    """
    if isinstance(error, domain.DomainError):
        return [_fault(fault) for fault in error.faults]
    if not isinstance(error, vc.VcError):
        return []
    faults: Iterable[Fault] = error.faults
    if not error.faults and error.pointer is not None:
        faults = (Fault(error.pointer, problem_for(error).code, error.detail),)
    if isinstance(error, vc.UnreadableJSON):
        return [_fault(fault) for fault in faults]
    return [{**_fault(fault), "pointer": _placed(error, fault.pointer, document_at)} for fault in faults]


def _fault(fault: Fault) -> dict[str, str]:
    return {"pointer": fault.pointer, "code": fault.code, "detail": fault.detail}


def _placed(error: vc.VcError, pointer: str, document_at: str) -> str:
    """Turn a pointer into claims or a document into one into the body that carried them."""
    if isinstance(error, vc.DerivationInvalid):
        # It is the pointers sent that lead nowhere; where they stand in the body is told already.
        return pointer
    if document_at != "/claims" or isinstance(error, vc.ClaimsDoNotMatchSchema):
        return document_at + pointer
    # What we build around claims is ours; the caller knows them by the name under which they were sent.
    inside = pointer.removeprefix("/credentialSubject")
    return inside if inside == document_at or inside.startswith(f"{document_at}/") else document_at + inside


def fault_for(error: Exception, document_at: str = "") -> dict[str, object]:
    """The same table for one row of a call that carries many: `code`, `detail`, `errors`."""
    return {
        "code": problem_for(error).code,
        "detail": detail_of(error),
        "errors": faults_of(error, document_at),
    }


def detail_of(error: Exception) -> str:
    """The sentence for the caller; of an internal error nothing is told."""
    if isinstance(error, (domain.DomainError, vc.VcError, TransportRefused)) and problem_for(error) is not INTERNAL:
        return error.detail
    return "The error was recorded under the request id."


def problem_members(
    error: Exception, *, base_url: str, instance: str, request_id: str, document_at: str = ""
) -> dict[str, object]:
    """The members of the problem object (RFC 9457), without those that only some problems have."""
    problem = problem_for(error)
    return {
        "type": f"{base_url}/problems/{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "code": problem.code,
        "detail": detail_of(error),
        "instance": instance,
        "requestId": request_id,
        "retryable": problem.retryable,
        "errors": faults_of(error, document_at),
    }


def problem_reply(error: Exception, *, base_url: str, instance: str, request_id: str, document_at: str = "") -> Reply:
    """The whole answer to an error, with the headers that its status asks for."""
    members = problem_members(
        error, base_url=base_url, instance=instance, request_id=request_id, document_at=document_at
    )
    extra = getattr(error, "extra", None)
    if isinstance(extra, Mapping):
        members = {**extra, **members}
    return Reply(problem_for(error).status, encode(members), PROBLEM_JSON, _headers_for(error))


def _headers_for(error: Exception) -> Headers:
    problem = problem_for(error)
    headers: list[tuple[bytes, bytes]] = list(error.headers) if isinstance(error, TransportRefused) else []
    if problem.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="sealwright"'))
    if isinstance(error, domain.RateLimitExceeded):
        headers.append((b"retry-after", str(max(1, error.retry_after_seconds)).encode()))
    elif problem.status == 503:
        headers.append((b"retry-after", str(RETRY_AFTER_SECONDS).encode()))
    elif problem.code == "IDEMPOTENCY_IN_PROGRESS":
        headers.append((b"retry-after", b"1"))
    return tuple(headers)
