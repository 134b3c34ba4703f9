"""Verifying a presentation that came as a compact JWT: its holder's signature, the occasion, every credential in it.

Spec: Verifiable Credentials Data Model 1.1, "JSON Web Token", for the `vp` claim; Securing Verifiable Credentials using
JOSE and COSE, "Securing JSON-LD Verifiable Presentations with JOSE".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import (
    ControllerDeactivated,
    DIDNotFound,
    DIDNotResolved,
    InvalidDID,
    InvalidKey,
    KeyCompromised,
    KeyNotControlled,
    ProofInvalid,
    ProofRefused,
    UnsupportedDIDMethod,
    VcError,
)
from sealwright.vc.proofs.compact import CompactToken, malformed, open_compact
from sealwright.vc.proofs.sd_jwt_reading import is_sd_jwt
from sealwright.vc.proofs.token_keys import VerifiedToken, verify_with_method
from sealwright.vc.proofs.verifying import MAX_SKEW, check_control
from sealwright.vc.verification.checks import structure_code
from sealwright.vc.verification.presentation import PresentationReport, are_about, check_credentials
from sealwright.vc.verification.report import PRESENTATION_CHECKS, Findings, ReportCode, VerificationReport

_TYPES: Final = frozenset({"jwt", "vp+jwt", "vp+ld+jwt", "vp+ld+json+jwt"})
_CREDENTIALS_MOST: Final = 64
_MUST_PASS: Final = frozenset({"structure", "proof", "holder"})


@dataclass(frozen=True, slots=True)
class TokenOccasion:
    """What a presentation in a token is judged by.

    Args:
        resolver: Finds the documents of DIDs.
        accepted: Names of the algorithms taken.
        verify: Verifies one credential, in whatever form it comes.
        now: Aware UTC.
        challenge: The `nonce` that it must carry; None if the verifier gave none.
        domain: The `aud` that it must be made for; None if that was not asked for.
    """

    resolver: DIDResolver
    accepted: Collection[str]
    verify: Callable[[object], VerificationReport]
    now: datetime
    challenge: str | None
    domain: str | None


@dataclass(frozen=True, slots=True)
class PresentationToken:
    """A presentation in a token that was taken apart; nothing is verified.

    Args:
        holder: Whom it names as its maker.
        credentials: What it shows, in order: objects or texts.
    """

    compact: CompactToken
    holder: str | None
    credentials: tuple[object, ...]


def open_presentation_token(text: str) -> PresentationToken:
    """Take a presentation in a compact JWT apart.

    Raises:
        MalformedDocument: No such token, or one that contradicts itself about its holder.
        UnreadableJSON: A part is not strict JSON.
    """
    compact = open_compact(text)
    if "typ" in compact.header and compact.kind not in _TYPES:
        raise malformed("", "The JWT is not of a type that carries a presentation.")
    payload = compact.payload
    inner = payload.get("vp", payload)
    types = inner.get("type") if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or "VerifiablePresentation" not in (types if isinstance(types, list) else [types]):
        raise malformed("/vp", "The JWT carries no presentation.")
    shown = inner.get("verifiableCredential", [])
    credentials = shown if isinstance(shown, list) else [shown]
    if len(credentials) > _CREDENTIALS_MOST or not all(_can_be_inside(one) for one in credentials):
        raise malformed("/vp/verifiableCredential", "What the presentation shows is not at most 64 credentials.")
    return PresentationToken(compact, _holder(payload, inner), tuple(credentials))


def verify_presentation_token(text: str, occasion: TokenOccasion) -> PresentationReport:
    """Verify a presentation in a compact JWT; nothing that a text can hold makes this raise."""
    found = Findings(PRESENTATION_CHECKS, PRESENTATION_CHECKS)
    reports: tuple[VerificationReport, ...] = ()
    token: PresentationToken | None = None
    try:
        token = open_presentation_token(text)
    except VcError as error:
        found.failed("structure", structure_code(error), error.detail)
    if token is not None:
        found.passed("structure", "The token carries a presentation.")
        proven = _prove(found, token, occasion)
        reports = tuple(occasion.verify(one) for one in token.credentials)
        check_credentials(found, reports)
        if proven is not None:
            _check_holder(found, token, proven, reports)
            payload = token.compact.payload
            _check_bound(found, "challenge", payload.get("nonce"), occasion.challenge)
            _check_bound(found, "domain", payload.get("aud"), occasion.domain)
    checks = found.complete("Nothing in this document can be relied on, so this was not looked at.")
    holder = token.holder if token is not None else None
    report = VerificationReport(checks, _MUST_PASS, occasion.now, holder_did=holder, types=("VerifiablePresentation",))
    return PresentationReport(report, reports)


def _can_be_inside(credential: JSONValue) -> bool:
    """An object or a JWT. An SD-JWT is shown with its own key binding: inside another token it is bound to nobody."""
    return isinstance(credential, dict) or (isinstance(credential, str) and not is_sd_jwt(credential))


def _holder(payload: Mapping[str, JSONValue], inner: Mapping[str, JSONValue]) -> str | None:
    named = inner.get("holder")
    stated = [payload.get("iss"), named.get("id") if isinstance(named, dict) else named]
    holders = [one for one in stated if one is not None]
    if not all(isinstance(one, str) and one == holders[0] for one in holders):
        raise malformed("/iss", "iss and the presentation's holder are not one and the same text.")
    return str(holders[0]) if holders else None


def _prove(found: Findings, token: PresentationToken, occasion: TokenOccasion) -> VerifiedToken | None:
    try:
        _check_dates(token.compact.payload, occasion.now)
        proven = verify_with_method(
            token.compact,
            _key_address(token),
            resolver=occasion.resolver,
            accepted=occasion.accepted,
            purpose="authentication",
        )
    except KeyCompromised as error:
        found.failed("proof", ReportCode.KEY_COMPROMISED, error.detail)
    except DIDNotFound as error:
        found.failed("proof", ReportCode.UNRESOLVABLE, error.detail)
    except (DIDNotResolved, UnsupportedDIDMethod) as error:
        found.unchecked("proof", ReportCode.UNRESOLVABLE, error.detail)
    except (ProofRefused, InvalidKey, InvalidDID) as error:
        found.failed("proof", ReportCode.PROOF_INVALID, error.detail)
    else:
        found.passed("proof", "The holder's signature holds.")
        return proven
    return None


def _key_address(token: PresentationToken) -> str:
    """The DID URL of the key: `kid` as it is, or a fragment of the holder's DID."""
    kid = token.compact.header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise ProofInvalid("The JWT names no key.")
    return kid if kid.startswith("did:") else f"{token.holder}#{kid.removeprefix('#')}"


def _check_dates(payload: Mapping[str, JSONValue], now: datetime) -> None:
    """The token's own dates, within 60 s of clock skew; raises ProofInvalid."""
    for name in ("nbf", "iat", "exp"):
        stated = payload.get(name, 0 if name != "exp" else None)
        if stated is None:
            continue
        if isinstance(stated, bool) or not isinstance(stated, int | float):
            raise ProofInvalid(f"{name} must be a number of seconds.")
        is_past = stated < (now - MAX_SKEW).timestamp()
        if is_past if name == "exp" else stated > (now + MAX_SKEW).timestamp():
            raise ProofInvalid("The presentation's time is over, or has not begun.")


def _check_holder(
    found: Findings, token: PresentationToken, proven: VerifiedToken, reports: Sequence[VerificationReport]
) -> None:
    holder = token.holder or proven.controller.document.id
    try:
        check_control(proven, holder)
    except (KeyNotControlled, ControllerDeactivated) as error:
        found.failed("holder", ReportCode.HOLDER_MISMATCH, error.detail)
        return
    if not are_about(holder, token.credentials, reports):
        found.failed("holder", ReportCode.HOLDER_MISMATCH, "A credential is about somebody other than the presenter.")
    else:
        found.passed("holder", "The presentation was made by its holder.")


def _check_bound(found: Findings, name: str, stated: JSONValue, expected: str | None) -> None:
    code = ReportCode.CHALLENGE_MISMATCH if name == "challenge" else ReportCode.DOMAIN_MISMATCH
    if expected is None:
        if stated is not None:
            found.unchecked(name, code, f"The presentation is bound to a {name}, and none was expected.")
        else:
            found.not_applicable(name, f"No {name} was expected.")
    elif stated in (expected, [expected]):
        found.passed(name, f"The presentation carries the expected {name}.")
    else:
        found.failed(name, code, f"The presentation does not carry the expected {name}.")
