"""Verification methods: the public keys of a DID document, each in the form its type asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sealwright.vc.dids.syntax import parse_did_url
from sealwright.vc.encoding.multibase import base58btc_decode, base58btc_encode
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import (
    Fault,
    InvalidDID,
    InvalidEncoding,
    InvalidKey,
    MalformedDocument,
    UnsupportedKeyType,
    VcError,
)
from sealwright.vc.keys.jwk import public_jwk, public_key_from_jwk
from sealwright.vc.keys.multikey import KEY_KINDS, KeyKind, PublicKey, decode_multikey

DID_CONTEXT: Final = "https://www.w3.org/ns/did/v1"

ED25519_2020: Final = "Ed25519VerificationKey2020"
X25519_2020: Final = "X25519KeyAgreementKey2020"
MULTIKEY: Final = "Multikey"
JSON_WEB_KEY_2020: Final = "JsonWebKey2020"
BLS_2020: Final = "Bls12381G2Key2020"

_SUITES: Final = "https://w3id.org/security/suites"
_PRIVATE_MEMBERS: Final = frozenset(
    {"privateKeyMultibase", "secretKeyMultibase", "privateKeyBase58", "privateKeyJwk", "secretKeyJwk"}
)
_JWK_KINDS: Final = ("Ed25519", "X25519", "P-256", "P-384", "P-521", "secp256k1")
_MAX_KEY_TEXT: Final = 256
_KEY_MEMBERS: Final = ("publicKeyMultibase", "publicKeyJwk", "publicKeyBase58")


@dataclass(frozen=True, slots=True)
class MethodType:
    """One type of verification method: its context, which kinds of key may stand in it, and the kind without codec."""

    context: str
    kinds: tuple[str, ...]
    base58_kind: KeyKind | None = None


METHOD_TYPES: Final[Mapping[str, MethodType]] = {
    ED25519_2020: MethodType(f"{_SUITES}/ed25519-2020/v1", ("Ed25519",)),
    X25519_2020: MethodType(f"{_SUITES}/x25519-2020/v1", ("X25519",)),
    MULTIKEY: MethodType("https://w3id.org/security/multikey/v1", KEY_KINDS),
    JSON_WEB_KEY_2020: MethodType(f"{_SUITES}/jws-2020/v1", _JWK_KINDS),
    "JsonWebKey": MethodType("https://w3id.org/security/jwk/v1", _JWK_KINDS),
    "Ed25519VerificationKey2018": MethodType(f"{_SUITES}/ed25519-2018/v1", ("Ed25519",), "Ed25519"),
    "X25519KeyAgreementKey2019": MethodType(f"{_SUITES}/x25519-2019/v1", ("X25519",), "X25519"),
    "EcdsaSecp256k1VerificationKey2019": MethodType(f"{_SUITES}/secp256k1-2019/v1", ("secp256k1",), "secp256k1"),
    # BBS+ Signatures 2020 defines the type in its own context, which those who check that suite have at hand.
    BLS_2020: MethodType("https://w3id.org/security/bbs/v1", ("BLS12-381-G2",), "BLS12-381-G2"),
}


@dataclass(frozen=True, slots=True)
class VerificationMethod:
    """A public key as a DID document lists it.

    Args:
        id: Absolute DID URL, with fragment.
        type: One of `METHOD_TYPES`.
        controller: The DID that may use the private key.
        public_key: The checked key.

    Raises:
        InvalidDID: `id` is no DID URL with a fragment.
        UnsupportedKeyType: An unknown type, or one that cannot hold this kind of key.
    """

    id: str
    type: str
    controller: str
    public_key: PublicKey

    def __post_init__(self) -> None:
        if not parse_did_url(self.id).fragment:
            raise InvalidDID("A verification method needs an id with a fragment.")
        known = METHOD_TYPES.get(self.type)
        if known is None or self.public_key.kind not in known.kinds:
            raise UnsupportedKeyType(f"Verification method type {self.type} cannot hold a {self.public_key.kind} key.")

    @property
    def context(self) -> str:
        """The context that defines this method's type."""
        return METHOD_TYPES[self.type].context

    def to_json(self) -> dict[str, JSONValue]:
        """The method as it stands in a DID document: its key as multikey text, or as JWK or base58 as the type asks."""
        head: dict[str, JSONValue] = {"id": self.id, "type": self.type, "controller": self.controller}
        if self.type.startswith("JsonWebKey"):
            jwk: dict[str, JSONValue] = dict(public_jwk(self.public_key))
            return {**head, "publicKeyJwk": jwk}
        if METHOD_TYPES[self.type].base58_kind is not None:
            return {**head, "publicKeyBase58": base58btc_encode(self.public_key.raw)}
        return {**head, "publicKeyMultibase": self.public_key.multikey}

    def to_key_document(self) -> dict[str, JSONValue]:
        """The method as a document of its own, as its address must dereference: with the contexts it needs."""
        contexts: list[JSONValue] = [DID_CONTEXT, self.context]
        return {"@context": contexts, **self.to_json()}


def parse_verification_method(
    source: Mapping[str, JSONValue], *, base: str, pointer: str = ""
) -> VerificationMethod | None:
    """Read one verification method; None where its type or key kind is not implemented here.

    A stranger's document may list keys we cannot use beside one that we can, so an unknown type is no fault. A key of
    a known type that is malformed or weak is one.

    Args:
        source: The method's JSON object.
        base: The document's DID, against which a bare ``#fragment`` id is read.
        pointer: Where the object stands, for faults.

    Raises:
        MalformedDocument: A member is missing or of the wrong type; not exactly one public key member.
        InvalidKey: Malformed or weak key, or private key members.
        InvalidDID: Id or controller are not DID URL and DID.
    """
    if _PRIVATE_MEMBERS & source.keys():
        raise InvalidKey("A private key stands in a public DID document.", pointer=pointer)
    for member in ("id", "type", "controller"):
        if not isinstance(source.get(member), str):
            detail = f"A verification method needs {member} as text."
            code = "INVALID_TYPE" if member in source else "MISSING_FIELD"
            raise MalformedDocument(detail, faults=(Fault(f"{pointer}/{member}", code, detail),))
    given = {name: source[name] for name in _KEY_MEMBERS if name in source}
    known = METHOD_TYPES.get(str(source["type"]))
    if known is None:
        return None
    if len(given) != 1:
        detail = "A verification method needs exactly one public key member."
        raise MalformedDocument(detail, faults=(Fault(pointer, "CONFLICTING_FIELDS", detail),))
    (member, value), *_ = given.items()
    try:
        key = _read_key(member, value, known)
        method_id = str(source["id"])
        absolute = base + method_id if method_id.startswith("#") else method_id
        return VerificationMethod(absolute, str(source["type"]), str(source["controller"]), key)
    except UnsupportedKeyType:
        return None
    except VcError as error:
        error.pointer = pointer if error.pointer is None else error.pointer
        raise


def _read_key(member: str, value: JSONValue, known: MethodType) -> PublicKey:
    if member == "publicKeyJwk":
        if not isinstance(value, dict):
            raise InvalidKey("publicKeyJwk must be an object.")
        return public_key_from_jwk(value)
    if not isinstance(value, str) or len(value) > _MAX_KEY_TEXT:
        raise InvalidKey(f"{member} must be short text.")
    if member == "publicKeyMultibase":
        return decode_multikey(value)
    if known.base58_kind is None:
        raise InvalidKey("This verification method type does not carry publicKeyBase58.")
    try:
        return PublicKey(known.base58_kind, base58btc_decode(value))
    except InvalidEncoding:
        raise InvalidKey("publicKeyBase58 is not base58btc text.") from None
