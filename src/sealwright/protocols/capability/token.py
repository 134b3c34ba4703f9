"""The token itself: made in two steps as every JWT here, read strictly, checked against its agent's keys and the clock.

A token is a compact JWS of the type ``agent-capability+jwt``. It says who acts (`iss`), for whom in the end (`sub`),
where (`aud`), what (`action`, `context`), by which delegations (`chain`, whole, the root first), and which key the
bearer must prove to hold (`cnf`). Nothing in it is an address to be fetched, and no key in a header counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from sealwright.protocols.capability.refusals import TokenCode, TokenRefused
from sealwright.vc.delegation.judging import ActContext, read_context
from sealwright.vc.delegation.narrowing import ACTION_MOST, is_one_action
from sealwright.vc.dids.resolver import ResolvedDID
from sealwright.vc.dids.syntax import parse_did
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import InvalidDID, MalformedDocument, ProofInvalid, VcError
from sealwright.vc.keys import jose
from sealwright.vc.proofs.compact import CompactToken, check_signature, open_compact, signing_input

TOKEN_TYPE: Final = "agent-capability+jwt"  # noqa: S105 - a media type
ALGORITHMS: Final = frozenset({"EdDSA", "ES256"})
LONGEST_LIFE: Final = timedelta(minutes=5)
SKEW: Final = timedelta(seconds=60)
"""How far the clocks of the agent's office and of a resource server may be apart."""
LENGTH_MOST: Final = 48 * 1024
"""In characters. A token travels in a header, and eight hops under two signatures each stay below this."""
HOPS_MOST: Final = 8
_HEADER: Final = frozenset({"alg", "kid", "typ"})
_CLAIMS: Final = frozenset({"iss", "sub", "aud", "iat", "exp", "jti", "action", "context", "chain", "cnf"})
_TEXT_MOST: Final = 512
_LATEST: Final = 253_402_300_799  # the last second of the year 9999
_THUMBPRINT_CHARACTERS: Final = 43
_AUTHENTICATION: Final = "authentication"


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a token is made from.

    Args:
        agent: The DID of the agent that acts.
        principal: The delegator of the chain's root: in whose name the act is done in the end.
        audience: The address of the resource server, as `require_audience` takes it.
        context: Values of the act, as authorize takes them, but for `approved`.
        chain: The delegation credentials, the root first; objects, or tokens as text.
        jkt: SHA-256 thumbprint of the key that the bearer proves to hold, in base64url.
        approval: The id of a person's approval that the act uses up; None without one.
    """

    agent: str
    principal: str
    audience: str
    action: str
    context: Mapping[str, JSONValue]
    chain: tuple[JSONValue, ...]
    jkt: str
    approval: str | None = None


@dataclass(frozen=True, slots=True)
class CapabilityToken:
    """A token whose form holds and that nobody has verified yet.

    Args:
        act: What the context of its grounds says of the act.
        method: The verification method that its header names, of the agent's own DID.
    """

    grounds: Grounds
    act: ActContext
    jti: str
    issued_at: datetime
    expires_at: datetime
    method: str
    opened: CompactToken


def token_input(grounds: Grounds, *, method: str, algorithm: str, jti: str, now: datetime, life: timedelta) -> bytes:
    """The bytes that the agent's key signs.

    Args:
        method: The agent's authentication method.
        algorithm: One of `ALGORITHMS`.
        jti: The token's own id, never used again.

    Raises:
        TokenRefused: It would not be taken anywhere: a form, life or length that readers refuse.
    """
    claims: dict[str, JSONValue] = {
        "iss": grounds.agent,
        "sub": grounds.principal,
        "aud": grounds.audience,
        "iat": int(now.timestamp()),
        "exp": int((now + life).timestamp()),
        "jti": jti,
        "action": grounds.action,
        "context": dict(grounds.context),
        "chain": list(grounds.chain),
        "cnf": {"jkt": grounds.jkt},
    }
    if grounds.approval is not None:
        claims["approval"] = grounds.approval
    made = signing_input({"alg": algorithm, "kid": method, "typ": TOKEN_TYPE}, claims)
    # Whoever would refuse it is asked before anything is signed; the signature has 86 characters in either algorithm.
    check_times(read_token(f"{made.decode('ascii')}.{'A' * 86}"), now)
    return made


def read_token(text: str) -> CapabilityToken:
    """Take a token apart and check its form; nothing is verified.

    Raises:
        TokenRefused: Another form, members beside those of the format, or longer than 48 KiB.
    """
    if len(text) > LENGTH_MOST:
        raise TokenRefused(TokenCode.TOO_LARGE, f"The token is longer than {LENGTH_MOST} characters.")
    try:
        opened = open_compact(text, max_length=LENGTH_MOST)
    except VcError:
        raise _malformed("The token is no compact JWT.") from None
    if opened.header.get("typ") != TOKEN_TYPE:
        raise _malformed(f"The token's typ is not {TOKEN_TYPE}.")
    if opened.header.get("alg") not in ALGORITHMS:
        raise TokenRefused(TokenCode.ALGORITHM, "The token's algorithm is neither EdDSA nor ES256.")
    # Keys and addresses of keys in a header (jwk, x5u …) would let the sender choose what it is checked with.
    if opened.header.keys() != _HEADER:
        raise _malformed("The token's header has another form.")
    claims = opened.payload
    if not claims.keys() >= _CLAIMS or claims.keys() - _CLAIMS - {"approval"}:
        raise _malformed("The token lacks a claim, or has one that is not known.")
    issued_at, expires_at = _moment(claims, "iat"), _moment(claims, "exp")
    agent, method = _did(claims, "iss"), opened.header["kid"]
    context, act = _context(claims["context"])
    if not isinstance(method, str) or not method.startswith(f"{agent}#") or len(method) > _TEXT_MOST:
        raise _malformed("The token's kid is no verification method of its agent.")
    grounds = Grounds(
        agent=agent,
        principal=_did(claims, "sub"),
        audience=require_audience(_text(claims, "aud")),
        action=_action(claims),
        context=context,
        chain=_chain(claims["chain"]),
        jkt=_confirmation(claims["cnf"]),
        approval=_text(claims, "approval") if "approval" in claims else None,
    )
    return CapabilityToken(grounds, act, _text(claims, "jti", 128), issued_at, expires_at, method, opened)


def check_times(token: CapabilityToken, now: datetime) -> None:
    """Refuse a token that lives too long, is over, or lies ahead.

    Raises:
        TokenRefused: One of them; clocks may be apart by `SKEW`.
    """
    if not timedelta(0) < token.expires_at - token.issued_at <= LONGEST_LIFE:
        raise TokenRefused(TokenCode.TOO_LONG, "The token lives longer than five minutes, or not at all.")
    if token.expires_at <= now - SKEW:
        raise TokenRefused(TokenCode.EXPIRED, "The token has expired.")
    if token.issued_at > now + SKEW:
        raise TokenRefused(TokenCode.NOT_YET_VALID, "The token was made in the future.")


def check_token_signature(token: CapabilityToken, resolved: ResolvedDID) -> None:
    """Check that a key signed the token with which the agent authenticates today.

    Args:
        resolved: What the agent's DID stands for now.

    Raises:
        TokenRefused: The DID is ended, the method is not among its authentication methods or its key is known to be
            out, or algorithm or signature do not fit the key.

    Spec: RFC 7515, "Message Signature or MAC Validation".
    """
    document = resolved.document
    if document.id != token.grounds.agent or resolved.deactivated:
        raise _unsigned("The agent's DID is ended.")
    method = document.method(token.method)
    is_listed = token.method in document.relationship(_AUTHENTICATION)
    if method is None or not is_listed or token.method in resolved.compromised_methods:
        raise _unsigned("The agent's DID document lists no such authentication method.")
    if method.controller != token.grounds.agent:
        raise _unsigned("The token's key is controlled by somebody else than the agent.")
    if jose.SIGNING_ALGORITHMS.get(method.public_key.kind) != token.opened.header["alg"]:
        raise TokenRefused(TokenCode.ALGORITHM, "The token's algorithm does not fit the agent's key.")
    try:
        check_signature(token.opened, method.public_key, ALGORITHMS)
    except ProofInvalid:
        raise _unsigned("The token's signature does not hold.") from None
    except VcError:
        raise _unsigned("The agent's key is malformed or weak.") from None


def require_audience(text: str) -> str:
    """Take an audience in its one form: https, or http on the machine itself; no trailing slash, query or fragment.

    Raises:
        TokenRefused: Another form.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _audience() from None
    shown = f"[{host}]" if ":" in host else host
    plain = f"{parts.scheme}://{shown}{'' if port is None else f':{port}'}{parts.path}"
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))
    if not host or not is_safe or plain != text or text.endswith("/") or not text.isascii() or len(text) > _TEXT_MOST:
        raise _audience()
    return text


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _context(value: JSONValue) -> tuple[Mapping[str, JSONValue], ActContext]:
    if not isinstance(value, dict) or "approved" in value:
        # An agent does not say of itself that somebody approved: it names the approval.
        raise _malformed("The token's context is no object, or says that the act is approved.")
    try:
        return value, read_context(value)
    except MalformedDocument:
        raise _malformed("The token's context has a member or value that no context has.") from None


def _chain(value: JSONValue) -> tuple[JSONValue, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= HOPS_MOST:
        raise _malformed(f"The token's chain is no list of 1 to {HOPS_MOST} credentials.")
    if not all(isinstance(one, dict | str) for one in value):
        raise _malformed("The token's chain holds something that is no credential.")
    return tuple(value)


def _confirmation(value: JSONValue) -> str:
    jkt = value.get("jkt") if isinstance(value, dict) and value.keys() == {"jkt"} else None
    if not isinstance(jkt, str) or len(jkt) != _THUMBPRINT_CHARACTERS:
        raise _malformed("The token's cnf names no thumbprint of a key.")
    return jkt


def _action(claims: Mapping[str, JSONValue]) -> str:
    action = _text(claims, "action", ACTION_MOST)
    if not is_one_action(action):
        raise _malformed("The token's action names more than one, or none.")
    return action


def _did(claims: Mapping[str, JSONValue], name: str) -> str:
    text = _text(claims, name)
    try:
        parse_did(text)
    except InvalidDID:
        raise _malformed(f"The token's {name} is no DID.") from None
    return text


def _text(claims: Mapping[str, JSONValue], name: str, most: int = _TEXT_MOST) -> str:
    value = claims[name]
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise _malformed(f"The token's {name} is no text of 1 to {most} characters.")
    return value


def _moment(claims: Mapping[str, JSONValue], name: str) -> datetime:
    seconds = claims[name]
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 <= seconds <= _LATEST:
        raise _malformed(f"The token's {name} is no whole number of seconds.")
    return datetime.fromtimestamp(seconds, UTC)


def _malformed(detail: str) -> TokenRefused:
    return TokenRefused(TokenCode.MALFORMED, detail)


def _unsigned(detail: str) -> TokenRefused:
    return TokenRefused(TokenCode.SIGNATURE, detail)


def _audience() -> TokenRefused:
    return _malformed("An audience is an https address (http on the machine itself) without trailing slash or query.")
