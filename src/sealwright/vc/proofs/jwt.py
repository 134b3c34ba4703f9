"""Credentials as compact JWTs: opened, turned into the document they stand for, and their signature checked.

Header and payload are read by our own strict JSON reader, and the algorithm must be on the caller's list and fit the
key that the issuer's DID document lists. Keys and key addresses in headers are ignored.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from sealwright.vc.credentials.form import is_url
from sealwright.vc.credentials.model import CREDENTIALS_V1
from sealwright.vc.dids.resolver import DIDResolver, ResolvedDID
from sealwright.vc.dids.syntax import parse_did_url
from sealwright.vc.dids.verification_method import VerificationMethod
from sealwright.vc.encoding.multibase import base64url_decode
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.encoding.timestamps import format_timestamp, parse_xsd_datetime_stamp
from sealwright.vc.errors import (
    Fault,
    InvalidDate,
    InvalidDID,
    KeyCompromised,
    MalformedDocument,
    ProofInvalid,
    VcError,
)
from sealwright.vc.keys import ed25519
from sealwright.vc.keys.jwk import public_jwk
from sealwright.vc.keys.multikey import KeyKind, PublicKey

ALGORITHM_KINDS: Final[Mapping[str, KeyKind]] = {"EdDSA": "Ed25519", "Ed25519": "Ed25519", "ES256": "P-256"}
JWT_ALGORITHMS: Final = frozenset(ALGORITHM_KINDS)
"""Algorithms that can be checked; a caller puts those it takes among its accepted suites."""

MAX_TOKEN_LENGTH: Final = 1024 * 1024
_HEADER_TYPES: Final = frozenset({"jwt", "vc+jwt", "vc+ld+jwt", "vc-ld+jwt", "vc+ld+json+jwt"})
_MAX_NUMERIC_DATE: Final = 253_402_300_799  # the last second of the year 9999


@dataclass(frozen=True, slots=True)
class CredentialToken:
    """A JWT that was taken apart and whose signature nobody has checked yet.

    Args:
        text: The compact form.
        header: The protected header.
        document: The credential that the payload stands for, without proof.
        signing_input: The bytes that are signed.
        signature: The raw signature.
    """

    text: str
    header: Mapping[str, JSONValue]
    document: dict[str, JSONValue]
    signing_input: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """A token whose signature holds, with what `check_control` needs to judge its key."""

    method: VerificationMethod
    controller: ResolvedDID
    purpose: str


def open_token(text: str) -> CredentialToken:
    """Take a compact JWT apart and rebuild the credential in it; nothing is verified.

    In Data Model 1.1 the credential stands under `vc` and the token's own claims repeat parts of it; in 2.0 the payload
    is the credential. Where both say something they must say the same: whoever checks one spelling must not miss the
    other.

    Raises:
        MalformedDocument: Not a compact JWT of a credential, or its claims contradict the credential.
        UnreadableJSON: Header or payload are not strict JSON.

    Spec: Verifiable Credentials Data Model 1.1, "JSON Web Token"; Securing Verifiable Credentials using JOSE and COSE.
    """
    parts = text.split(".") if len(text) <= MAX_TOKEN_LENGTH else []
    if len(parts) != 3:
        raise _malformed("", "The text is not a compact JWT.")
    try:
        header_bytes, payload_bytes, signature = (base64url_decode(part) for part in parts)
    except VcError:
        raise _malformed("", "The parts of the JWT are not base64url.") from None
    header, payload = parse_json(header_bytes), parse_json(payload_bytes)
    if not isinstance(header, dict) or not isinstance(payload, dict):
        raise _malformed("", "Header and payload of the JWT must be objects.")
    if "crit" in header or "b64" in header:
        raise _malformed("", "The JWT asks for extensions that are not understood here.")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in _HEADER_TYPES:
        # A token made for another purpose, such as proof of possession, must not pass for a credential.
        raise _malformed("", "The JWT is not of a type that carries a credential.")
    signing_input = f"{parts[0]}.{parts[1]}".encode("ascii")
    return CredentialToken(text, header, _document(payload), signing_input, signature)


def verify_token(
    token: CredentialToken, *, resolver: DIDResolver, accepted: Collection[str], purpose: str
) -> VerifiedToken:
    """Check a token's signature with the key that its `kid` names in a DID document.

    Args:
        token: An opened token.
        resolver: Finds the documents of DIDs.
        accepted: Names of the algorithms taken.
        purpose: The purpose for which `check_control` shall find the key listed.

    Raises:
        ProofInvalid: Algorithm not accepted or unfit for the key, no such key, or a signature that does not hold.
        KeyCompromised: The key is known to be out.
        DIDNotResolved, UnsupportedDIDMethod: The key's DID could not be found.

    Spec: RFC 7515, "Message Signature or MAC Validation".
    """
    algorithm = token.header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in accepted or algorithm not in ALGORITHM_KINDS:
        raise ProofInvalid("The JWT's algorithm is not one that is accepted here.")
    address = _key_address(token)
    resolved = resolver.resolve(str(parse_did_url(address).did))
    if address in resolved.compromised_methods:
        raise KeyCompromised("The JWT's key is known to be compromised.")
    method = resolved.document.method(address)
    if method is None or method.public_key.kind != ALGORITHM_KINDS[algorithm]:
        raise ProofInvalid(f"The DID document lists no {ALGORITHM_KINDS[algorithm]} key under the JWT's kid.")
    _check_signature(token, method.public_key)
    return VerifiedToken(method, resolved, purpose)


def _check_signature(token: CredentialToken, key: PublicKey) -> None:
    if key.kind == "Ed25519":
        ed25519.verify(key.raw, token.signature, token.signing_input)
        return
    material: dict[str, str | list[str]] = dict(public_jwk(key))
    try:
        # The algorithm is fixed by the key's kind, never by the header.
        jws.deserialize_compact(token.text, ECKey.import_key(material), algorithms=["ES256"])
    except (JoseError, ValueError):
        raise ProofInvalid("The JWT's signature does not hold.") from None


def _key_address(token: CredentialToken) -> str:
    """The DID URL of the key: `kid` as it is, or a fragment of the issuer's DID."""
    kid = token.header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise ProofInvalid("The JWT names no key.")
    issuer = token.document.get("issuer")
    did = issuer.get("id") if isinstance(issuer, dict) else issuer
    address = kid if kid.startswith("did:") else f"{did}#{kid.removeprefix('#')}"
    try:
        parse_did_url(address)
    except InvalidDID:
        raise ProofInvalid("The JWT's kid is no DID URL.") from None
    return address


def _document(payload: dict[str, JSONValue]) -> dict[str, JSONValue]:
    inner = payload.get("vc")
    if inner is not None:
        if not isinstance(inner, dict) or "@context" in payload:
            raise _malformed("/vc", "vc must be the credential, and the only one.")
        document = dict(inner)
        is_v1 = True
    else:
        document = dict(payload)
        contexts = document.get("@context")
        is_v1 = isinstance(contexts, list) and CREDENTIALS_V1 in contexts[:1]
    if "proof" in document:
        # An embedded proof beside the token's signature would leave it open which of the two was checked.
        raise _malformed("/proof", "A credential inside a JWT has no proof of its own.")
    if inner is None:
        for name in ("iss", "sub", "jti", "nbf", "exp", "iat", "aud", "cnf"):
            document.pop(name, None)
    _merge_texts(document, payload)
    _merge_date(document, payload, "nbf", "issuanceDate" if is_v1 else "validFrom")
    _merge_date(document, payload, "exp", "expirationDate" if is_v1 else "validUntil")
    return document


def _merge_texts(document: dict[str, JSONValue], payload: Mapping[str, JSONValue]) -> None:
    """Bring `iss`, `jti` and `sub` into the document, or check that they say what it says."""
    issuer = document.get("issuer")
    if isinstance(issuer, dict):
        document["issuer"] = issuer = {**issuer}
        _merge(issuer, "id", payload, "iss")
    else:
        _merge(document, "issuer", payload, "iss")
    _merge(document, "id", payload, "jti")
    subject = document.get("credentialSubject")
    if isinstance(subject, dict):
        document["credentialSubject"] = subject = {**subject}
        _merge(subject, "id", payload, "sub")
    elif "sub" in payload:
        raise _malformed("/sub", "sub says who the subject is, and the credential has not exactly one.")


def _merge(target: dict[str, JSONValue], member: str, payload: Mapping[str, JSONValue], claim: str) -> None:
    if claim not in payload:
        return
    value = payload[claim]
    if not is_url(value):
        raise _malformed(f"/{claim}", f"{claim} must be a URL.")
    if target.setdefault(member, value) != value:
        raise _malformed(f"/{claim}", f"{claim} contradicts the credential.")


def _merge_date(document: dict[str, JSONValue], payload: Mapping[str, JSONValue], claim: str, member: str) -> None:
    if claim not in payload:
        return
    seconds = payload[claim]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= _MAX_NUMERIC_DATE:
        raise _malformed(f"/{claim}", f"{claim} must be a number of seconds.")
    moment = datetime.fromtimestamp(int(seconds), UTC)
    stated = document.setdefault(member, format_timestamp(moment))
    try:
        agrees = isinstance(stated, str) and parse_xsd_datetime_stamp(stated) == moment
    except InvalidDate:
        agrees = False
    if not agrees:
        raise _malformed(f"/{claim}", f"{claim} contradicts the credential's {member}.")


def _malformed(pointer: str, detail: str) -> MalformedDocument:
    return MalformedDocument(detail, faults=(Fault(pointer, "INVALID_VALUE", detail),), pointer=pointer)
