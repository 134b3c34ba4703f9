"""Authorization requests as wallets push them, and the way back to the wallet."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from sealwright.protocols.openid4vci.errors import OAuthCode, WalletRefused
from sealwright.protocols.openid4vci.requests import read_details

REQUEST_URI: Final = "urn:ietf:params:oauth:request_uri:"
MAX_ADDRESS: Final = 1024
_MAX_NAME: Final = 512
_MAX_STATE: Final = 1024
_MAX_SCOPES: Final = 20
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]{1,63}")
# What wallets registered without a dot, though RFC 8252 asks for one; anything else could be a scheme of the browser.
WALLET_SCHEMES: Final = frozenset(
    {"openid-credential-offer", "openid", "openid4vp", "haip", "haip-vci", "haip-vp", "eudi-wallet", "wallet"}
)
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")
# What an address is made of (RFC 3986), without the mark of a fragment.
_ADDRESS: Final = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+")


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A pushed authorization request that is in order.

    Args:
        configuration_ids: What is asked for, each once.
        by_scope: Asked for by scope rather than by authorization details.
        jkt: Thumbprint of the key that the code shall be bound to, if the wallet named one.
    """

    client_id: str
    redirect_uri: str
    code_challenge: str
    configuration_ids: tuple[str, ...]
    by_scope: bool
    state: str | None
    issuer_state: str | None
    jkt: str | None


def read_authorization_request(form: Mapping[str, str]) -> AuthorizationRequest:
    """Read a pushed authorization request.

    Raises:
        WalletRefused: ``invalid_request``, ``unsupported_response_type``, ``invalid_scope``,
            ``invalid_authorization_details``.

    Spec: RFC 9126, "Pushed Authorization Request Endpoint"; RFC 7636; OpenID4VCI 1.0, "Authorization Request".
    """
    if "request_uri" in form or "request" in form:
        raise _invalid("A pushed request holds its parameters themselves.")
    if form.get("response_type", "code") != "code":
        raise WalletRefused(OAuthCode.UNSUPPORTED_RESPONSE_TYPE, "Only the response type code is offered.")
    for name in ("response_type", "client_id", "redirect_uri", "code_challenge"):
        if name not in form:
            raise _invalid(f"The parameter {name} is missing.")
    if form.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(form["code_challenge"]):
        raise _invalid("A code challenge by S256 is needed.")
    if form.get("response_mode", "query") != "query":
        raise _invalid("Only the response mode query is offered.")
    if len(form["client_id"]) > _MAX_NAME or not _PRINTABLE.fullmatch(form["client_id"]):
        raise _invalid("The client_id is too long or malformed.")
    if len(form.get("state", "")) > _MAX_STATE or len(form.get("issuer_state", "")) > _MAX_STATE:
        raise _invalid("A state is too long.")
    require_redirect(form["redirect_uri"])
    ids, by_scope = _wanted(form)
    return AuthorizationRequest(
        client_id=form["client_id"],
        redirect_uri=form["redirect_uri"],
        code_challenge=form["code_challenge"],
        configuration_ids=ids,
        by_scope=by_scope,
        state=form.get("state"),
        issuer_state=form.get("issuer_state"),
        jkt=_jkt(form.get("dpop_jkt")),
    )


def _jkt(text: str | None) -> str | None:
    if text is not None and not _CHALLENGE.fullmatch(text):
        raise _invalid("The dpop_jkt is no thumbprint.")
    return text


def _wanted(form: Mapping[str, str]) -> tuple[tuple[str, ...], bool]:
    if "authorization_details" in form:
        return read_details(form["authorization_details"]), False
    scopes = tuple(dict.fromkeys(form.get("scope", "").split()))
    if not 0 < len(scopes) <= _MAX_SCOPES:
        raise WalletRefused(OAuthCode.INVALID_SCOPE, "Name what is asked for, by scope or authorization_details.")
    return scopes, True


def require_redirect(text: str) -> None:
    """Refuse an address that a browser must not be led back to.

    Taken are https, http on the loopback interface, and private-use schemes of apps, which hold a dot, or are known to
    be wallets'.

    Raises:
        WalletRefused: ``invalid_request``.

    Spec: RFC 6749, "Redirection Endpoint"; RFC 8252, "Receiving the Authorization Response in a Native App".
    """
    try:
        if not _is_redirect(text):
            raise _invalid("The redirect_uri is not one that is taken here.")
    except ValueError:
        raise _invalid("The redirect_uri is malformed.") from None


def _is_redirect(text: str) -> bool:
    if len(text) > MAX_ADDRESS or not _ADDRESS.fullmatch(text):
        return False
    parts = urlsplit(text)
    if "@" in parts.netloc or not _SCHEME.fullmatch(parts.scheme) or not text.startswith(f"{parts.scheme}:"):
        return False
    if parts.scheme == "https":
        return bool(parts.hostname) and parts.port != 0
    if parts.scheme == "http":
        return parts.port != 0 and _is_loopback(parts.hostname)
    return "." in parts.scheme or parts.scheme in WALLET_SCHEMES


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def shown_target(redirect_uri: str) -> str:
    """What a person is shown of the way back: the host, or the scheme of an app."""
    parts = urlsplit(redirect_uri)
    return parts.netloc if parts.scheme in ("https", "http") else f"{parts.scheme}:"


def way_back(redirect_uri: str, issuer: str, state: str | None, **answer: str) -> str:
    """The address that takes the answer to the wallet: with `iss`, so that answers of two issuers cannot be mixed up.

    Spec: RFC 6749, "Authorization Response"; RFC 9207.
    """
    members = {**answer, **({"state": state} if state is not None else {}), "iss": issuer}
    query = urlencode(members, quote_via=quote)
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{query}"


def is_verifier_of(challenge: str, verifier: str) -> bool:
    """Tell whether a code verifier belongs to a challenge (S256).

    Spec: RFC 7636, "Server Verifies code_verifier before Returning the Tokens".
    """
    if not _VERIFIER.fullmatch(verifier):
        return False
    try:
        expected = base64.urlsafe_b64decode(challenge + "=")
    except binascii.Error:
        return False
    return hmac.compare_digest(hashlib.sha256(verifier.encode("ascii")).digest(), expected)


def _invalid(description: str) -> WalletRefused:
    return WalletRefused(OAuthCode.INVALID_REQUEST, description)
