"""Compact JWS text, made in two steps as every proof here: what is to be signed, then the signature behind it.

Between the two a signer works that sees nothing but bytes, and may sit in another process or device.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from sealwright.vc.encoding.multibase import base64url_decode, base64url_encode
from sealwright.vc.encoding.strict_json import JSONValue, dump_json, parse_json
from sealwright.vc.errors import Fault, MalformedDocument, ProofInvalid, VcError
from sealwright.vc.keys import jose
from sealwright.vc.keys.multikey import KeyKind, PublicKey

JWT_ALGORITHMS: Final = frozenset({"EdDSA", "Ed25519", "ES256"})
"""Algorithms that JWTs may be signed with; a caller puts those it takes among its accepted suites."""

MAX_TOKEN_LENGTH: Final = 1024 * 1024


class CompactToken(msgspec.Struct, frozen=True):
    """A compact JWS that was taken apart and whose signature nobody has checked yet.

    Args:
        text: The compact form.
        header: The protected header.
        payload: The payload.
        signing_input: The bytes that are signed.
        signature: The raw signature.
    """

    text: str
    header: Mapping[str, JSONValue]
    payload: dict[str, JSONValue]
    signing_input: bytes
    signature: bytes

    @property
    def kind(self) -> str | None:
        """The header's `typ` in its short form and lower case; None where it states none."""
        stated = self.header.get("typ")
        return stated.lower().removeprefix("application/") if isinstance(stated, str) else None


def signing_input(header: Mapping[str, JSONValue], payload: Mapping[str, JSONValue]) -> bytes:
    """The bytes to sign for a JWT of this header and payload.

    Spec: RFC 7515, "Producing and Consuming JWSs".
    """
    return f"{base64url_encode(dump_json(header))}.{base64url_encode(dump_json(payload))}".encode("ascii")


def sealed(signed: bytes, signature: bytes) -> str:
    """The compact text: what was signed, and the signature."""
    return f"{signed.decode('ascii')}.{base64url_encode(signature)}"


def open_compact(text: str, *, max_length: int = MAX_TOKEN_LENGTH) -> CompactToken:
    """Take a compact JWT apart; nothing is verified.

    Args:
        max_length: In characters.

    Raises:
        MalformedDocument: Not three parts of base64url, not objects, or it asks for extensions.
        UnreadableJSON: Header or payload are not strict JSON.
    """
    parts = text.split(".") if len(text) <= max_length else []
    if len(parts) != 3:
        raise malformed("", "The text is not a compact JWT.")
    try:
        header_bytes, payload_bytes, signature = map(base64url_decode, parts)
    except VcError:
        raise malformed("", "The parts of the JWT are not base64url.") from None
    header, payload = parse_json(header_bytes), parse_json(payload_bytes)
    if not isinstance(header, dict) or not isinstance(payload, dict):
        raise malformed("", "Header and payload of the JWT must be objects.")
    if "crit" in header or "b64" in header:
        raise malformed("", "The JWT asks for extensions that are not understood here.")
    return CompactToken(text, header, payload, text[: text.rindex(".")].encode("ascii"), signature)


def check_signature(token: CompactToken, key: PublicKey, accepted: Collection[str]) -> None:
    """Check a signature with a key that somebody else vouches for.

    Raises:
        ProofInvalid: Algorithm not accepted or unfit for the key, or a signature that does not hold.
        InvalidKey: The key is weak.

    Spec: RFC 7515, "Message Signature or MAC Validation".
    """
    if key.kind != accepted_kind(token, accepted):
        raise ProofInvalid("The JWT's algorithm does not fit the key.")
    jose.verify(key, token.signature, token.signing_input)


def accepted_kind(token: CompactToken, accepted: Collection[str]) -> KeyKind:
    """The kind of key that the header's algorithm asks for, if it is one that is taken; raises ProofInvalid."""
    algorithm = token.header.get("alg")
    kind = jose.ALGORITHM_KINDS.get(algorithm) if isinstance(algorithm, str) and algorithm in accepted else None
    if kind is None or algorithm not in JWT_ALGORITHMS:
        raise ProofInvalid("The JWT's algorithm is not one that is accepted here.")
    return kind


def malformed(pointer: str, detail: str) -> MalformedDocument:
    """The refusal of a token's form."""
    return MalformedDocument(detail, faults=(Fault(pointer, "INVALID_VALUE", detail),), pointer=pointer)
