"""did:peer of numeric algorithms 2 and 4: the identifier holds the document, so nothing is looked up.

Spec: Peer DID Method Specification, "Method 2: multiple inception key without doc", "Method 4: Short Form and Long
Form".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from sealwright.vc.dids.document import DIDDocument, build_did_document, parse_did_document
from sealwright.vc.dids.syntax import parse_did
from sealwright.vc.dids.verification_method import MULTIKEY, VerificationMethod
from sealwright.vc.encoding.multibase import base64url_decode, multibase_decode, multibase_encode
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import (
    DIDNotFound,
    InvalidDID,
    InvalidEncoding,
    NumberOutOfRange,
    UnreadableJSON,
    UnsupportedDIDMethod,
)
from sealwright.vc.keys.multikey import decode_multikey

_PURPOSES: Final[Mapping[str, str]] = {
    "A": "assertionMethod",
    "E": "keyAgreement",
    "V": "authentication",
    "I": "capabilityInvocation",
    "D": "capabilityDelegation",
}
_SERVICE: Final = "S"
_LONG_NAMES: Final[Mapping[str, str]] = {"t": "type", "s": "serviceEndpoint", "r": "routingKeys", "a": "accept"}
_LONG_TYPES: Final[Mapping[str, str]] = {"dm": "DIDCommMessaging"}
_MAX_ELEMENTS: Final = 32
_JSON_CODEC: Final = b"\x80\x04"
_SHA256_MULTIHASH: Final = b"\x12\x20"
_RELATIONSHIPS: Final = tuple(_PURPOSES.values())


@lru_cache(maxsize=1024)
def resolve_did_peer(did: str) -> DIDDocument:
    """Derive the document of a did:peer.

    Raises:
        InvalidDID: No did:peer, or one that breaks the rules of its algorithm.
        InvalidKey, MalformedDocument: What it holds is not sound.
        DIDNotFound: The short form of algorithm 4, whose document only its long form holds.
        UnsupportedDIDMethod: Another algorithm.
    """
    parsed = parse_did(did)
    if parsed.method != "peer":
        raise InvalidDID("Not a did:peer.")
    if parsed.id.startswith("2."):
        return _from_elements(did, parsed.id[2:].split("."))
    if parsed.id.startswith("4"):
        return _from_document(did, parsed.id[1:])
    raise UnsupportedDIDMethod("Only did:peer of algorithms 2 and 4 are resolved here.")


def did_peer_4(document: bytes) -> str:
    """The long form of a did:peer over an input document, given as JSON text without blanks."""
    encoded = multibase_encode(_JSON_CODEC + document)
    return f"did:peer:4{_digest(encoded)}:{encoded}"


def _from_elements(did: str, elements: list[str]) -> DIDDocument:
    if len(elements) > _MAX_ELEMENTS:
        raise InvalidDID("The did:peer holds too many elements.")
    methods: list[VerificationMethod] = []
    relationships: dict[str, list[str]] = {}
    services: list[Mapping[str, JSONValue]] = []
    for element in elements:
        code, text = element[:1], element[1:]
        if code == _SERVICE:
            services.append(_service(did, text, sum(1 for one in services if "#service" in str(one["id"]))))
        elif code in _PURPOSES:
            method = VerificationMethod(f"{did}#key-{len(methods) + 1}", MULTIKEY, did, decode_multikey(text))
            methods.append(method)
            relationships.setdefault(_PURPOSES[code], []).append(method.id)
        else:
            raise InvalidDID("The did:peer has an element of no known purpose.")
    return build_did_document(did, methods, relationships=relationships, services=services)


def _service(did: str, text: str, unnamed: int) -> Mapping[str, JSONValue]:
    service = _expanded(_object(_decoded(text)))
    if not isinstance(service, dict):
        raise InvalidDID("A service of the did:peer is no object.")
    service_id = service.get("id", "#service" if unnamed == 0 else f"#service-{unnamed}")
    if not isinstance(service_id, str) or not service_id.startswith("#"):
        raise InvalidDID("A service of a did:peer has a relative id.")
    return {**service, "id": did + service_id}


def _decoded(text: str) -> bytes:
    try:
        return base64url_decode(text)
    except InvalidEncoding:
        raise InvalidDID("A service of the did:peer is no base64url text.") from None


def _expanded(value: JSONValue, *, is_type: bool = False) -> JSONValue:
    """Long member names, and the long name of a type, in place of the abbreviations."""
    if isinstance(value, dict):
        return {
            _LONG_NAMES.get(name, name): _expanded(member, is_type=_LONG_NAMES.get(name, name) == "type")
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [_expanded(member) for member in value]
    return _LONG_TYPES.get(value, value) if is_type and isinstance(value, str) else value


def _from_document(did: str, text: str) -> DIDDocument:
    digest, separator, encoded = text.partition(":")
    if not separator:
        raise DIDNotFound("The short form of a did:peer does not hold its document.")
    if not encoded.startswith("z") or digest != _digest(encoded):
        raise InvalidDID("The did:peer's digest is not that of its document.")
    try:
        decoded = multibase_decode(encoded)
    except InvalidEncoding:
        raise InvalidDID("The did:peer's document is not base58btc.") from None
    if not decoded.startswith(_JSON_CODEC):
        raise InvalidDID("The did:peer's document is no JSON.")
    source = _object(decoded[len(_JSON_CODEC) :])
    if "id" in source:
        raise InvalidDID("The document in a did:peer names no id.")
    also_known_as = source.get("alsoKnownAs", [])
    if not isinstance(also_known_as, list):
        raise InvalidDID("The did:peer's other names are no list.")
    contextual: dict[str, JSONValue] = {**source, "id": did, "alsoKnownAs": [*also_known_as, f"did:peer:4{digest}"]}
    for member in ("verificationMethod", *_RELATIONSHIPS):
        if isinstance(source.get(member), list):
            contextual[member] = [_controlled(entry, did) for entry in source[member]]  # type: ignore[union-attr]
    return parse_did_document(contextual)


def _controlled(entry: JSONValue, did: str) -> JSONValue:
    return {"controller": did, **entry} if isinstance(entry, dict) else entry


def _object(data: bytes) -> dict[str, JSONValue]:
    try:
        source = parse_json(data)
    except (UnreadableJSON, NumberOutOfRange):
        raise InvalidDID("What the did:peer holds is no strict JSON.") from None
    if not isinstance(source, dict):
        raise InvalidDID("What the did:peer holds is no JSON object.")
    return source


def _digest(encoded: str) -> str:
    return multibase_encode(_SHA256_MULTIHASH + hashlib.sha256(encoded.encode("ascii")).digest())
