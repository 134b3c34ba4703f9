"""Credentials as compact JWTs: opened, turned into the document they stand for, and their signature checked.

Header and payload are read by our own strict JSON reader, and the algorithm must be on the caller's list and fit the
key that the issuer's DID document lists. Keys and key addresses in headers are ignored.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sealwright.vc.credentials.form import is_url
from sealwright.vc.credentials.model import CREDENTIALS_V1
from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.dids.syntax import parse_did_url
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import format_timestamp, parse_xsd_datetime_stamp
from sealwright.vc.errors import InvalidDate, InvalidDID, ProofInvalid
from sealwright.vc.proofs.compact import JWT_ALGORITHMS, CompactToken, malformed, open_compact
from sealwright.vc.proofs.token_keys import VerifiedToken, verify_with_method

__all__ = ["JWT_ALGORITHMS", "CredentialToken", "VerifiedToken", "credential_payload", "open_token", "verify_token"]

_HEADER_TYPES: Final = frozenset({"jwt", "vc+jwt", "vc+ld+jwt", "vc-ld+jwt", "vc+ld+json+jwt"})
_MAX_NUMERIC_DATE: Final = 253_402_300_799  # the last second of the year 9999


@dataclass(frozen=True, slots=True)
class CredentialToken:
    """A JWT that was taken apart and whose signature nobody has checked yet.

    Args:
        compact: The token itself.
        document: The credential that the payload stands for, without proof.
    """

    compact: CompactToken
    document: dict[str, JSONValue]

    @property
    def header(self) -> Mapping[str, JSONValue]:
        """The protected header."""
        return self.compact.header


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
    compact = open_compact(text)
    if "typ" in compact.header and compact.kind not in _HEADER_TYPES:
        # A token made for another purpose, such as proof of possession, must not pass for a credential.
        raise malformed("", "The JWT is not of a type that carries a credential.")
    return CredentialToken(compact, _document(compact.payload))


def credential_payload(document: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
    """The payload that carries an unsigned 1.1 credential with one subject: whole under `vc`, and its core repeated.

    Spec: Verifiable Credentials Data Model 1.1, "JWT Encoding".
    """
    issuer, subject = document["issuer"], document["credentialSubject"]
    payload: dict[str, JSONValue] = {"iss": issuer["id"] if isinstance(issuer, dict) else issuer}
    if isinstance(subject, dict) and "id" in subject:
        payload["sub"] = subject["id"]
    if "id" in document:
        payload["jti"] = document["id"]
    payload["nbf"] = _seconds(document["issuanceDate"])
    if "expirationDate" in document:
        payload["exp"] = _seconds(document["expirationDate"])
    return {**payload, "vc": dict(document)}


def _seconds(date: JSONValue) -> int:
    return int(parse_xsd_datetime_stamp(str(date)).timestamp())


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
    address = _key_address(token)
    return verify_with_method(token.compact, address, resolver=resolver, accepted=accepted, purpose=purpose)


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
            raise malformed("/vc", "vc must be the credential, and the only one.")
        document = dict(inner)
        is_v1 = True
    else:
        document = dict(payload)
        contexts = document.get("@context")
        is_v1 = isinstance(contexts, list) and CREDENTIALS_V1 in contexts[:1]
    if "proof" in document:
        # An embedded proof beside the token's signature would leave it open which of the two was checked.
        raise malformed("/proof", "A credential inside a JWT has no proof of its own.")
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
        raise malformed("/sub", "sub says who the subject is, and the credential has not exactly one.")


def _merge(target: dict[str, JSONValue], member: str, payload: Mapping[str, JSONValue], claim: str) -> None:
    if claim not in payload:
        return
    value = payload[claim]
    if not is_url(value):
        raise malformed(f"/{claim}", f"{claim} must be a URL.")
    if target.setdefault(member, value) != value:
        raise malformed(f"/{claim}", f"{claim} contradicts the credential.")


def _merge_date(document: dict[str, JSONValue], payload: Mapping[str, JSONValue], claim: str, member: str) -> None:
    if claim not in payload:
        return
    seconds = payload[claim]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= _MAX_NUMERIC_DATE:
        raise malformed(f"/{claim}", f"{claim} must be a number of seconds.")
    moment = datetime.fromtimestamp(int(seconds), UTC)
    stated = document.setdefault(member, format_timestamp(moment))
    try:
        agrees = isinstance(stated, str) and parse_xsd_datetime_stamp(stated) == moment
    except InvalidDate:
        agrees = False
    if not agrees:
        raise malformed(f"/{claim}", f"{claim} contradicts the credential's {member}.")
