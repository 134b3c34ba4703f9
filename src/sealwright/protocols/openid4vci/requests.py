"""What wallets send, read by the rules of the specification: unknown members are passed over, wrong ones refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sealwright.protocols.openid4vci.configurations import BATCH_SIZE
from sealwright.protocols.openid4vci.errors import OAuthCode, WalletRefused
from sealwright.protocols.openid4vci.metadata import AUTHORIZATION_CODE, DETAILS_TYPE, PRE_AUTHORIZED
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import VcError

PROOF_TYPES: Final = ("jwt", "di_vp")
NOTIFICATION_EVENTS: Final = frozenset({"credential_accepted", "credential_failure", "credential_deleted"})
_MAX_TEXT: Final = 1024
_MAX_DETAILS: Final = 20


@dataclass(frozen=True, slots=True)
class PreAuthorizedRequest:
    """A token request with a pre-authorized code.

    Args:
        details: Configurations that `authorization_details` name; None where the parameter was not sent.
    """

    code: str
    tx_code: str | None
    details: tuple[str, ...] | None
    client_id: str | None


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """A token request with an authorization code; as `PreAuthorizedRequest`."""

    code: str
    redirect_uri: str
    verifier: str
    client_id: str
    details: tuple[str, ...] | None


def read_token_request(form: Mapping[str, str]) -> PreAuthorizedRequest | CodeRequest:
    """Read a token request.

    Raises:
        WalletRefused: ``unsupported_grant_type``, ``invalid_request``, ``invalid_authorization_details``.

    Spec: OpenID4VCI 1.0, "Token Request"; RFC 6749, "Access Token Request"; RFC 7636.
    """
    grant_type = _needed(form, "grant_type")
    if grant_type not in (PRE_AUTHORIZED, AUTHORIZATION_CODE):
        raise WalletRefused(OAuthCode.UNSUPPORTED_GRANT_TYPE, "This grant type is not offered here.")
    details = read_details(form["authorization_details"]) if "authorization_details" in form else None
    if grant_type == PRE_AUTHORIZED:
        return PreAuthorizedRequest(
            _needed(form, "pre-authorized_code"), form.get("tx_code"), details, form.get("client_id")
        )
    return CodeRequest(
        _needed(form, "code"),
        _needed(form, "redirect_uri"),
        _needed(form, "code_verifier"),
        _needed(form, "client_id"),
        details,
    )


def _needed(form: Mapping[str, str], name: str) -> str:
    if name not in form:
        raise WalletRefused(OAuthCode.INVALID_REQUEST, f"The parameter {name} is missing.")
    return form[name]


def read_details(text: str) -> tuple[str, ...]:
    """The configurations that `authorization_details` name, each once.

    Raises:
        WalletRefused: ``invalid_authorization_details``.

    Spec: RFC 9396; OpenID4VCI 1.0, "Request Issuance of a Certain Credential using authorization_details Parameter".
    """
    try:
        details = parse_json(text.encode("utf-8"))
    except (VcError, UnicodeEncodeError):
        raise _details("The authorization_details are no JSON.") from None
    if not isinstance(details, list) or not 0 < len(details) <= _MAX_DETAILS:
        raise _details("The authorization_details must be a list that is not empty.")
    named: list[str] = []
    for one in details:
        if not isinstance(one, dict) or one.get("type") != DETAILS_TYPE:
            raise _details(f"Each of the authorization_details must be of the type {DETAILS_TYPE}.")
        configuration = one.get("credential_configuration_id")
        if not isinstance(configuration, str):
            raise _details("Each of the authorization_details must name a credential_configuration_id.")
        named.append(configuration)
    return tuple(dict.fromkeys(named))


def _details(description: str) -> WalletRefused:
    return WalletRefused(OAuthCode.INVALID_AUTHORIZATION_DETAILS, description)


@dataclass(frozen=True, slots=True)
class CredentialRequest:
    """A credential request.

    Args:
        configuration_id: What is asked for by configuration; None where by identifier.
        identifier: The other way round.
        proof_type: ``jwt`` or ``di_vp``.
        proofs: At least one, at most as many as a batch may have.
    """

    configuration_id: str | None
    identifier: str | None
    proof_type: str
    proofs: tuple[JSONValue, ...]


def read_credential_request(body: Mapping[str, JSONValue]) -> CredentialRequest:
    """Read a credential request.

    Raises:
        WalletRefused: ``invalid_credential_request``, ``invalid_proof``, ``invalid_encryption_parameters``.

    Spec: OpenID4VCI 1.0, "Credential Request".
    """
    if body.get("credential_response_encryption") is not None:
        raise WalletRefused(OAuthCode.INVALID_ENCRYPTION_PARAMETERS, "Encrypted answers are not offered here.")
    configuration, identifier = body.get("credential_configuration_id"), body.get("credential_identifier")
    if (configuration is None) == (identifier is None):
        detail = "Name either credential_identifier or credential_configuration_id."
        raise WalletRefused(OAuthCode.INVALID_CREDENTIAL_REQUEST, detail)
    for value in (configuration, identifier):
        if value is not None and (not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT):
            raise WalletRefused(OAuthCode.INVALID_CREDENTIAL_REQUEST, "What is asked for is not named by text.")
    proof_type, proofs = _proofs(body)
    return CredentialRequest(_text(configuration), _text(identifier), proof_type, proofs)


def _text(value: JSONValue) -> str | None:
    return value if isinstance(value, str) else None


def _proofs(body: Mapping[str, JSONValue]) -> tuple[str, tuple[JSONValue, ...]]:
    proofs = body.get("proofs")
    if proofs is None:
        # Wallets of earlier drafts send one proof by itself.
        single = body.get("proof")
        if isinstance(single, dict) and single.get("proof_type") == "jwt" and "jwt" in single:
            return "jwt", (single["jwt"],)
        raise _proof("A proof of possession is needed.")
    if not isinstance(proofs, dict) or len(proofs) != 1:
        raise _proof("The proofs must be of exactly one type.")
    ((proof_type, values),) = proofs.items()
    if proof_type not in PROOF_TYPES:
        raise _proof("Proofs of this type are not taken here.")
    if not isinstance(values, list) or not values:
        raise _proof("The proofs must be a list that is not empty.")
    if len(values) > BATCH_SIZE:
        raise WalletRefused(OAuthCode.INVALID_CREDENTIAL_REQUEST, f"At most {BATCH_SIZE} proofs are taken at once.")
    return proof_type, tuple(values)


def _proof(description: str) -> WalletRefused:
    return WalletRefused(OAuthCode.INVALID_PROOF, description)


@dataclass(frozen=True, slots=True)
class DeferredRequest:
    """A deferred credential request.

    Args:
        with_notification: Whether the wallet wants to tell us afterwards (a member of our own, `notification`).
            A library that many wallets are built on refuses deferred credentials that come with a notification id,
            so that nobody gets one unasked.
    """

    transaction_id: str
    with_notification: bool


def read_deferred_request(body: Mapping[str, JSONValue]) -> DeferredRequest:
    """Read a deferred credential request.

    Raises:
        WalletRefused: ``invalid_credential_request``, ``invalid_encryption_parameters``.

    Spec: OpenID4VCI 1.0, "Deferred Credential Request".
    """
    if body.get("credential_response_encryption") is not None:
        raise WalletRefused(OAuthCode.INVALID_ENCRYPTION_PARAMETERS, "Encrypted answers are not offered here.")
    transaction = body.get("transaction_id")
    if not isinstance(transaction, str) or not 0 < len(transaction) <= _MAX_TEXT:
        raise WalletRefused(OAuthCode.INVALID_CREDENTIAL_REQUEST, "The transaction_id is missing.")
    return DeferredRequest(transaction, body.get("notification") is True)


def read_notification(body: Mapping[str, JSONValue]) -> tuple[str, str]:
    """The notification id, and what befell the credentials; the wallet's own words are not kept.

    Raises:
        WalletRefused: ``invalid_notification_request``.

    Spec: OpenID4VCI 1.0, "Notification Request".
    """
    notification, event = body.get("notification_id"), body.get("event")
    if not isinstance(notification, str) or not 0 < len(notification) <= _MAX_TEXT:
        raise WalletRefused(OAuthCode.INVALID_NOTIFICATION_REQUEST, "The notification_id is missing.")
    if not isinstance(event, str) or event not in NOTIFICATION_EVENTS:
        raise WalletRefused(OAuthCode.INVALID_NOTIFICATION_REQUEST, "The event is not one of the specification.")
    if not isinstance(body.get("event_description", ""), str):
        raise WalletRefused(OAuthCode.INVALID_NOTIFICATION_REQUEST, "The event_description is no text.")
    return notification, event
