"""Private keys that a holder keeps in a file: read where nobody else can read it, used once, never printed."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sealwright.cli.misuse import Misused, UnreadableFile

if TYPE_CHECKING:
    from sealwright.vc.encoding.strict_json import JSONValue
    from sealwright.vc.keys.ed25519 import Secret32
    from sealwright.vc.keys.multikey import KeyKind, PublicKey
    from sealwright.vc.proofs.signers import PrivateSigner

_MAX_BYTES: Final = 16 * 1024
_KIND_BY_CODEC: Final[dict[bytes, KeyKind]] = {b"\x80\x26": "Ed25519", b"\x86\x26": "P-256"}
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A holder's private key, ready to sign, and the public key that belongs to it."""

    public: PublicKey
    signer: PrivateSigner = field(repr=False)


def read_key(name: str) -> HeldKey:
    """Read a private key from a file: a JWK, or a multikey's secret as text or in a JSON object.

    Args:
        name: A regular file that its owner alone may read.

    Raises:
        UnreadableFile: It cannot be read.
        Misused: Others may read it, or it holds no private key that signs presentations (Ed25519, P-256).
        InvalidKey: The private key is malformed, or its public part is that of another.

    Spec: RFC 7517, "JSON Web Key (JWK)"; Controlled Identifiers 1.0, "Multikey".
    """
    from sealwright.vc.keys.multikey import PublicKey
    from sealwright.vc.proofs.signers import signer_for

    kind, secret, stated = _private_key(name, private_content(name))
    signer = signer_for(kind, secret)
    public = PublicKey(kind, signer.public_key)
    if stated is not None and stated != public:
        from sealwright.vc.errors import InvalidKey

        raise InvalidKey("The private key and the public key in this file do not belong together.")
    return HeldKey(public, signer)


def private_content(name: str, what: str = "private key") -> bytes:
    """The bytes of a file whose permissions were judged on the very file that is read.

    Args:
        what: What it holds, for whoever is told that others may read it.

    Raises:
        UnreadableFile: It cannot be read.
        Misused: Others may read it, it is no regular file, or too large.
    """
    try:
        with open(name, "rb", opener=_open_at_once) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise Misused(f"{name} is no regular file; a {what} is read from one")
            if hasattr(os, "getuid") and (found.st_mode & 0o077 or found.st_uid not in (os.getuid(), 0)):
                raise Misused(f"{name} holds a {what} and others may read it; run: chmod 600 {name}")
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UnreadableFile(f"{name} cannot be read: {error.strerror}") from error
    if len(content) > _MAX_BYTES:
        raise Misused(f"{name} is too large for a {what}")
    return content


def _open_at_once(name: str, flags: int) -> int:
    """Open without waiting: what is no file, such as a pipe that nobody writes to, would hold us for ever."""
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0), 0o600)


def _private_key(name: str, content: bytes) -> tuple[KeyKind, Secret32, PublicKey | None]:
    from sealwright.vc.encoding.strict_json import parse_json
    from sealwright.vc.errors import VcError

    text = content.decode("ascii", "replace").strip()
    if text.startswith("z"):
        return (*_multikey_secret(name, text), None)
    try:
        members = parse_json(content)
    except VcError:
        # What was wrong is not told: the text may be a key in another spelling.
        raise Misused(f"{name} holds neither a JWK nor a multikey") from None
    if not isinstance(members, dict):
        raise Misused(f"{name} holds neither a JWK nor a multikey")
    secret = members.get("secretKeyMultibase")
    if isinstance(secret, str):
        return (*_multikey_secret(name, secret), _stated_multikey(members))
    return _from_jwk(name, members)


def _multikey_secret(name: str, text: str) -> tuple[KeyKind, Secret32]:
    from sealwright.vc.encoding.multibase import multibase_decode
    from sealwright.vc.errors import InvalidEncoding
    from sealwright.vc.keys.ed25519 import Secret32

    try:
        decoded = multibase_decode(text) if len(text) <= 128 else b""
    except InvalidEncoding:
        decoded = b""
    kind = _KIND_BY_CODEC.get(decoded[:2])
    # Some write the public key behind an Ed25519 seed; it is worked out again anyway.
    lengths = (2 + _SECRET_BYTES, 2 + 2 * _SECRET_BYTES) if kind == "Ed25519" else (2 + _SECRET_BYTES,)
    if kind is None or len(decoded) not in lengths:
        raise Misused(f"{name} holds no secret multikey of Ed25519 or P-256")
    return kind, Secret32(decoded[2 : 2 + _SECRET_BYTES])


def _stated_multikey(members: dict[str, JSONValue]) -> PublicKey | None:
    from sealwright.vc.keys.multikey import decode_multikey

    stated = members.get("publicKeyMultibase")
    return decode_multikey(stated) if isinstance(stated, str) else None


def _from_jwk(name: str, jwk: dict[str, JSONValue]) -> tuple[KeyKind, Secret32, PublicKey | None]:
    from sealwright.vc.encoding.multibase import base64url_decode
    from sealwright.vc.errors import InvalidEncoding
    from sealwright.vc.keys.ed25519 import Secret32
    from sealwright.vc.keys.jwk import public_key_from_jwk

    secret, curve = jwk.get("d"), jwk.get("crv")
    kind: KeyKind | None = "Ed25519" if curve == "Ed25519" else "P-256" if curve == "P-256" else None
    if not isinstance(secret, str) or kind is None:
        raise Misused(f"{name} holds no private JWK of Ed25519 or P-256")
    try:
        raw = base64url_decode(secret) if len(secret) <= 64 else b""
    except InvalidEncoding:
        raw = b""
    if len(raw) != _SECRET_BYTES:
        raise Misused(f"{name} holds a JWK whose d is not {_SECRET_BYTES} bytes of base64url")
    public = {member: value for member, value in jwk.items() if member != "d"}
    return kind, Secret32(raw), public_key_from_jwk(public)
