"""The DID methods whose rules live in code: did:adi ids, did:key, did:jwk, and the address of a did:web."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from sealwright.vc.dids.document import RELATIONSHIPS, DIDDocument, build_did_document
from sealwright.vc.dids.syntax import parse_did
from sealwright.vc.dids.verification_method import (
    BLS_2020,
    ED25519_2020,
    JSON_WEB_KEY_2020,
    MULTIKEY,
    X25519_2020,
    VerificationMethod,
)
from sealwright.vc.encoding.multibase import base64url_decode, base64url_encode
from sealwright.vc.encoding.strict_json import dump_json, parse_json
from sealwright.vc.errors import (
    InvalidDID,
    InvalidEncoding,
    InvalidPublicKeyType,
    NumberOutOfRange,
    UnreadableJSON,
    UnsupportedDIDMethod,
    UnsupportedKeyType,
)
from sealwright.vc.keys.ed25519 import derive_x25519
from sealwright.vc.keys.jwk import public_jwk, public_key_from_jwk
from sealwright.vc.keys.multikey import MAX_MULTIKEY_LENGTH, PublicKey, decode_multikey, encode_multikey

_SIGNING_RELATIONSHIPS: Final = tuple(purpose for purpose in RELATIONSHIPS if purpose != "keyAgreement")
# Format asked for → method type of the signing key and of the derived encryption key.
_KEY_FORMATS: Final[Mapping[str, tuple[str, str]]] = {
    ED25519_2020: (ED25519_2020, X25519_2020),
    MULTIKEY: (MULTIKEY, MULTIKEY),
    JSON_WEB_KEY_2020: (JSON_WEB_KEY_2020, JSON_WEB_KEY_2020),
    BLS_2020: (BLS_2020, BLS_2020),
}
# Known from older documents; served only to a caller that switches experimental formats on, and then not by us, but
# for the one that the legacy suite needs.
_EXPERIMENTAL_FORMATS: Final = frozenset(
    {
        "Ed25519VerificationKey2018",
        "X25519KeyAgreementKey2019",
        "EcdsaSecp256k1VerificationKey2019",
        BLS_2020,
        "JsonWebKey",
    }
)


def adi_id(public_key: bytes, *, agent: bool) -> str:
    """The did:adi of a first public key of Ed25519, by its 32 bytes; see `adi_id_of`.

    Raises:
        InvalidKey: Not a sound Ed25519 key.
    """
    return adi_id_of(PublicKey("Ed25519", public_key), agent=agent)


def adi_id_of(first: PublicKey, *, agent: bool) -> str:
    """The did:adi of a first public key: hex SHA-256 of its bytes without codec, after ``agent:`` for an agent."""
    digest = hashlib.sha256(first.raw).hexdigest()
    return f"did:adi:agent:{digest}" if agent else f"did:adi:{digest}"


def did_key(public_key: PublicKey) -> str:
    """The did:key of a public key, without version: ``did:key:z…``."""
    return f"did:key:{public_key.multikey}"


@lru_cache(maxsize=1024)
def resolve_did_key(did: str, *, public_key_format: str | None = None, allow_experimental: bool = False) -> DIDDocument:
    """Derive the document of a did:key; ``did:key:z…`` and ``did:key:1:z…`` are the same key under two names.

    Args:
        did: The did:key.
        public_key_format: Type of the verification methods; by default Ed25519VerificationKey2020 for Ed25519 keys
            and Multikey for all others.
        allow_experimental: Do not refuse the known formats of an older generation by name.

    Raises:
        InvalidDID: No did:key, a version other than 1, or a multibase other than base58btc.
        InvalidPublicKeyLength: The bytes do not fit their codec.
        InvalidKey: Not a sound key.
        UnsupportedKeyType: A codec or `public_key_format` that is not known.
        InvalidPublicKeyType: A known but experimental format while those are off, or one that cannot hold this key.

    Spec: did:key Method, "Document Creation Algorithm".
    """
    key = _key_of(did)
    if public_key_format is None:
        public_key_format = ED25519_2020 if key.kind == "Ed25519" else MULTIKEY
    signing_type, agreement_type = _method_types(public_key_format, allow_experimental=allow_experimental)
    main_type = agreement_type if key.kind == "X25519" else signing_type
    try:
        main = VerificationMethod(f"{did}#{key.multikey}", main_type, did, key)
    except UnsupportedKeyType:
        raise InvalidPublicKeyType(f"Format {public_key_format} cannot hold a {key.kind} key.") from None
    if key.kind == "X25519":
        return build_did_document(did, [main], relationships={"keyAgreement": [main.id]})
    relationships = {purpose: [main.id] for purpose in _SIGNING_RELATIONSHIPS}
    if key.kind != "Ed25519":
        return build_did_document(did, [main], relationships=relationships)
    agreement_key = PublicKey("X25519", derive_x25519(key.raw))
    agreement = VerificationMethod(f"{did}#{agreement_key.multikey}", agreement_type, did, agreement_key)
    return build_did_document(did, [main, agreement], relationships={**relationships, "keyAgreement": [agreement.id]})


def check_did_key(did: str) -> None:
    """Refuse what `resolve_did_key` refuses, without making the document; raises as it does."""
    if _key_of(did).kind != "Ed25519":
        # Which formats can hold other kinds, the document's making tells.
        resolve_did_key(did)


def did_jwk(public_key: PublicKey) -> str:
    """The did:jwk of a public key, over its JWK with members in alphabetical order.

    Raises:
        UnsupportedKeyType: The kind has no JWK form.
    """
    return f"did:jwk:{base64url_encode(dump_json(dict(public_jwk(public_key))))}"


@lru_cache(maxsize=1024)
def resolve_did_jwk(did: str) -> DIDDocument:
    """Derive the document of a did:jwk; its one method is ``#0``.

    Raises:
        InvalidDID: No did:jwk, or the identifier is not base64url of a JSON object.
        InvalidKey: Private or malformed key.
        UnsupportedKeyType: A key type that is not implemented here.

    Spec: did:jwk Method Specification, "Resolve".
    """
    parsed = parse_did(did)
    if parsed.method != "jwk":
        raise InvalidDID("Not a did:jwk.")
    try:
        jwk = parse_json(base64url_decode(parsed.id))
    except (InvalidEncoding, UnreadableJSON, NumberOutOfRange):
        raise InvalidDID("The identifier of a did:jwk must be base64url text of a JSON object.") from None
    if not isinstance(jwk, dict):
        raise InvalidDID("The identifier of a did:jwk must hold a JSON object.")
    key = public_key_from_jwk(jwk)
    method = VerificationMethod(f"{did}#0", JSON_WEB_KEY_2020, did, key)
    can_agree, can_sign = key.kind != "Ed25519" and jwk.get("use") != "sig", key.kind != "X25519"
    purposes = _SIGNING_RELATIONSHIPS if can_sign and jwk.get("use") != "enc" else ()
    relationships = {purpose: [method.id] for purpose in (*purposes, *(("keyAgreement",) if can_agree else ()))}
    return build_did_document(did, [method], relationships=relationships)


def did_web_from_url(url: str) -> str:
    """The did:web of an https (or loopback http) address: its host, port and path; no ``did.json`` at the end.

    Raises:
        InvalidDID: No host, or query, fragment or credentials in the address.
    """
    parts = urlsplit(url)
    if not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise InvalidDID("The address cannot be named by a did:web.")
    path = "".join(f":{quote(part, safe='')}" for part in parts.path.split("/") if part)
    did = f"did:web:{quote(parts.netloc.lower(), safe='')}{path}"
    parse_did(did)
    return did


def url_from_did_web(did: str) -> str:
    """The https address of a did:web's document: ``/.well-known/did.json``, or ``did.json`` below its path.

    Raises:
        InvalidDID: No did:web, or host and path hold what may not stand in an address.

    Spec: did:web Method Specification, "Read (Resolve)".
    """
    parsed = parse_did(did)
    if parsed.method != "web":
        raise InvalidDID("Not a did:web.")
    host, *path = (unquote(part) for part in parsed.id.split(":"))
    if not _HOST.fullmatch(host) or any(not part or part in (".", "..") or "/" in part for part in path):
        raise InvalidDID("The did:web does not name a host and path.")
    location = "/".join(quote(part, safe="") for part in path) if path else ".well-known"
    return f"https://{host}/{location}/did.json"


_BASE58_TEXT: Final = re.compile(r"z[1-9A-HJ-NP-Za-km-z]+")
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?(?::[0-9]{1,5})?", re.ASCII)


def _key_of(did: str) -> PublicKey:
    parsed = parse_did(did)
    if parsed.method != "key":
        raise UnsupportedDIDMethod("Not a did:key.")
    version, separator, text = parsed.id.rpartition(":")
    is_text = len(text) <= MAX_MULTIKEY_LENGTH and _BASE58_TEXT.fullmatch(text) is not None
    if (separator and version != "1") or not is_text:
        raise InvalidDID("A did:key holds version 1, if any, and base58btc multibase text.")
    key = decode_multikey(text)
    if encode_multikey(key.kind, key.raw) != text:
        # Two texts for one key would be two identities of it.
        raise InvalidDID("The did:key's multibase text is not in its one canonical form.")
    return key


def _method_types(public_key_format: str, *, allow_experimental: bool) -> tuple[str, str]:
    if public_key_format in _EXPERIMENTAL_FORMATS and not allow_experimental:
        raise InvalidPublicKeyType(f"Format {public_key_format} is experimental and experimental formats are off.")
    if public_key_format in _KEY_FORMATS:
        return _KEY_FORMATS[public_key_format]
    raise UnsupportedKeyType(f"Format {public_key_format!r} is not known; known: {', '.join(_KEY_FORMATS)}.")
