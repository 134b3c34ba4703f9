"""The encrypted envelope: a JWE for one or several keys of one DID, with or without a sender.

joserfc does the cryptography; the form is judged here, because its own reader takes duplicate members, compression and
header keys, and computes the authenticated data anew from what it parsed.

Spec: DIDComm Messaging v2.1, "Message Encryption", "ECDH-1PU key wrapping and common protected headers"; RFC 7516,
"JWE JSON Serialization"; RFC 7518, "Key Agreement with Elliptic Curve Diffie-Hellman Ephemeral Static".
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from joserfc.drafts.jwe_ecdh_1pu import register_ecdh_1pu
from joserfc.errors import JoseError
from joserfc.jwe import GeneralJSONEncryption, JWERegistry, Recipient
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_ABYTES,
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from sealwright.protocols.didcomm.agreement import AGREEMENT_KINDS, OwnKey, generate_key
from sealwright.protocols.didcomm.errors import MessageRefused
from sealwright.vc.encoding.multibase import base64url_decode, base64url_encode
from sealwright.vc.encoding.strict_json import JSONValue, dump_json, parse_json
from sealwright.vc.errors import VcError
from sealwright.vc.keys.jwk import public_jwk, public_key_from_jwk
from sealwright.vc.keys.multikey import PublicKey

ENCRYPTED_TYPE: Final = "application/didcomm-encrypted+json"
MAX_ENVELOPE: Final = 1024 * 1024
AUTHCRYPT: Final = "ECDH-1PU+A256KW"
ANONCRYPT: Final = "ECDH-ES+A256KW"
CBC: Final = "A256CBC-HS512"
_CONTENT: Final[Mapping[str, frozenset[str]]] = {
    AUTHCRYPT: frozenset({CBC}),
    ANONCRYPT: frozenset({CBC, "A256GCM", "XC20P"}),
}
_MAX_PROTECTED: Final = 16 * 1024
_MAX_RECIPIENTS: Final = 32
_MAX_KID: Final = 4_096

register_ecdh_1pu()
_REGISTRY: Final = JWERegistry(algorithms=[AUTHCRYPT, ANONCRYPT, CBC, "A256GCM"])


class _XChaCha:
    """XChaCha20-Poly1305 in the form of joserfc's content encryptions, over libsodium."""

    name = "XC20P"
    cek_size = 256
    iv_size = 192

    def decrypt(self, ciphertext: bytes, tag: bytes, cek: bytes, iv: bytes, aad: bytes) -> bytes:
        opened: bytes = crypto_aead_xchacha20poly1305_ietf_decrypt(ciphertext + tag, aad, iv, cek)
        return opened

    def encrypt(self, plaintext: bytes, cek: bytes, iv: bytes, aad: bytes) -> tuple[bytes, bytes]:
        sealed: bytes = crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, aad, iv, cek)
        cut = len(sealed) - crypto_aead_xchacha20poly1305_ietf_ABYTES
        return sealed[:cut], sealed[cut:]


class _Party:
    """A key as joserfc's key agreements ask for one."""

    def __init__(self, public_key: PublicKey, own: OwnKey | None = None) -> None:
        self.public_key = public_key
        self.key_type = "OKP" if public_key.kind == "X25519" else "EC"
        self._own = own

    def exchange_derive_key(self, other: _Party) -> bytes:
        """What this private key and another's public one have in common."""
        assert self._own is not None
        return self._own.agree(other.public_key)

    def import_key(self, jwk: Mapping[str, JSONValue]) -> _Party:
        """The ephemeral key of a header, checked."""
        return _Party(_ephemeral(dict(jwk)))


@dataclass(frozen=True, slots=True)
class EncryptedMessage:
    """An envelope whose form is in order; nothing in it is proved yet.

    Args:
        protected_text: The protected header as it came: it is authenticated in this very spelling.
        sender_kid: The key of the sender; None for anoncrypt.
        recipients: Key id → encrypted content key.
    """

    protected: Mapping[str, JSONValue]
    protected_text: str
    sender_kid: str | None
    recipients: Mapping[str, bytes]
    iv: bytes
    ciphertext: bytes
    tag: bytes

    @property
    def is_authcrypt(self) -> bool:
        """Tell whether the envelope names a sender."""
        return self.sender_kid is not None


@dataclass(frozen=True, slots=True, repr=False)
class _Sealed:
    """A message whose content is encrypted, and whose content key has to be encrypted for each recipient."""

    protected: Mapping[str, Any]
    content_key: bytes
    tag: bytes
    ephemeral: OwnKey
    sender: OwnKey | None


def read_encrypted(source: Mapping[str, JSONValue]) -> EncryptedMessage:
    """Judge the form of a JWE.

    Raises:
        MessageRefused: Another serialization, algorithm or header than DIDComm has, or compression.
    """
    if source.keys() & {"unprotected", "aad", "header", "encrypted_key"}:
        raise MessageRefused("The envelope has members that DIDComm envelopes do not have.")
    protected_text = _text(source, "protected", _MAX_PROTECTED)
    protected = _header(protected_text)
    recipients = _recipients(source.get("recipients"))
    if protected.get("apv") != recipients_digest(tuple(recipients)):
        raise MessageRefused("The envelope is not bound to its recipients.")
    return EncryptedMessage(
        protected=protected,
        protected_text=protected_text,
        sender_kid=_sender(protected),
        recipients=recipients,
        iv=_bytes(source, "iv"),
        ciphertext=_bytes(source, "ciphertext"),
        tag=_bytes(source, "tag"),
    )


def decrypt(message: EncryptedMessage, key: OwnKey, sender: PublicKey | None) -> bytes:
    """Open an envelope with a key of ours.

    Args:
        key: One whose `kid` stands among the recipients.
        sender: The public key that `sender_kid` names; None for anoncrypt.

    Raises:
        MessageRefused: It does not open.
    """
    ephemeral = _ephemeral(message.protected["epk"])
    if ephemeral.kind != key.public_key.kind or (sender is not None and sender.kind != ephemeral.kind):
        raise MessageRefused("The envelope's keys are of different kinds.")
    encryption: Any = _content_encryption(str(message.protected["enc"]))
    # Lengths first: the ciphers' own complaints differ from version to version.
    if len(message.iv) * 8 != encryption.iv_size or len(message.tag) != (32 if encryption.name == CBC else 16):
        raise MessageRefused("The envelope does not open.")
    agreement: Any = _REGISTRY.get_alg(str(message.protected["alg"]))
    recipient = _recipient(message.protected, _Party(key.public_key, key), sender)
    try:
        if agreement.tag_aware:
            wrapping = agreement.decrypt_agreed_upon_key_with_tag(encryption, recipient, message.tag)
        else:
            wrapping = agreement.decrypt_agreed_upon_key(encryption, recipient)
        content_key = agreement.unwrap_cek_with_auk(message.recipients[key.kid], wrapping)
        if len(content_key) * 8 != encryption.cek_size:
            raise MessageRefused("The envelope does not open.")
        opened: bytes = encryption.decrypt(
            message.ciphertext, message.tag, content_key, message.iv, message.protected_text.encode("ascii")
        )
    except (JoseError, InvalidTag, CryptoError, ValueError) as error:
        raise MessageRefused("The envelope does not open.") from error
    return opened


def encrypt(
    plaintext: bytes,
    recipients: Sequence[tuple[str, PublicKey]],
    *,
    sender: OwnKey | None,
    content: str = CBC,
) -> bytes:
    """Seal bytes for keys of one DID, all of one kind.

    Args:
        recipients: Key ids with their keys.
        sender: Proves who sends it (authcrypt); None for anoncrypt.

    Raises:
        MessageRefused: No recipients, kinds that differ, or a content encryption that authcrypt may not use.
    """
    kinds = {key.kind for _, key in recipients} | ({sender.public_key.kind} if sender is not None else set())
    algorithm = ANONCRYPT if sender is None else AUTHCRYPT
    if len(kinds) != 1 or not recipients or content not in _CONTENT[algorithm]:
        raise MessageRefused("The message cannot be sealed for these keys.")
    ephemeral = generate_key(kinds.pop())
    protected: dict[str, Any] = {
        "typ": ENCRYPTED_TYPE,
        "alg": algorithm,
        "enc": content,
        "apv": recipients_digest([kid for kid, _ in recipients]),
        "epk": public_jwk(ephemeral.public_key),
    }
    if sender is not None:
        protected |= {"skid": sender.kid, "apu": base64url_encode(sender.kid.encode("utf-8"))}
    protected_text = base64url_encode(dump_json(protected))
    encryption: Any = _content_encryption(content)
    content_key, iv = _random(encryption.cek_size), _random(encryption.iv_size)
    ciphertext, tag = encryption.encrypt(plaintext, content_key, iv, protected_text.encode("ascii"))
    sealed = _Sealed(protected, content_key, tag, ephemeral, sender)
    listed: list[JSONValue] = []
    for kid, key in recipients:
        listed.append({"header": {"kid": kid}, "encrypted_key": base64url_encode(_wrap(sealed, key))})
    envelope: dict[str, JSONValue] = {
        "protected": protected_text,
        "recipients": listed,
        "iv": base64url_encode(iv),
        "ciphertext": base64url_encode(ciphertext),
        "tag": base64url_encode(tag),
    }
    return dump_json(envelope)


def recipients_digest(kids: Sequence[str]) -> str:
    """What `apv` must say: base64url of SHA-256 over the key ids, sorted and joined by dots."""
    return base64url_encode(hashlib.sha256(".".join(sorted(kids)).encode("utf-8")).digest())


def _wrap(sealed: _Sealed, key: PublicKey) -> bytes:
    """The content key, encrypted for one recipient."""
    agreement: Any = _REGISTRY.get_alg(str(sealed.protected["alg"]))
    encryption: Any = _content_encryption(str(sealed.protected["enc"]))
    recipient = _recipient(sealed.protected, _Party(key), None)
    recipient.ephemeral_key = _Party(sealed.ephemeral.public_key, sealed.ephemeral)
    if sealed.sender is None:
        wrapping = agreement.encrypt_agreed_upon_key(encryption, recipient)
    else:
        recipient.sender_key = _Party(sealed.sender.public_key, sealed.sender)
        wrapping = agreement.encrypt_agreed_upon_key_with_tag(encryption, recipient, sealed.tag)
    wrapped: bytes = agreement.wrap_cek_with_auk(sealed.content_key, wrapping)
    return wrapped


def _recipient(protected: Mapping[str, Any], party: _Party, sender: PublicKey | None) -> Recipient[Any]:
    recipient: Recipient[Any] = Recipient(GeneralJSONEncryption(dict(protected)), None, party)
    recipient.sender_key = _Party(sender) if sender is not None else None
    return recipient


def _content_encryption(name: str) -> object:
    return _XChaCha() if name == _XChaCha.name else _REGISTRY.get_enc(name)


def _random(bits: int) -> bytes:
    return secrets.token_bytes(bits // 8)


def _header(text: str) -> Mapping[str, JSONValue]:
    try:
        protected = parse_json(base64url_decode(text))
    except VcError as error:
        raise MessageRefused("The envelope's protected header is no JSON.") from error
    if not isinstance(protected, dict):
        raise MessageRefused("The envelope's protected header is no JSON object.")
    if "zip" in protected:
        raise MessageRefused("Compressed envelopes are not opened.")
    if "crit" in protected:
        raise MessageRefused("The envelope asks for extensions that are not known here.")
    if protected.get("typ", ENCRYPTED_TYPE) != ENCRYPTED_TYPE:
        raise MessageRefused("The envelope is of another type.")
    algorithm, content = protected.get("alg"), protected.get("enc")
    if not isinstance(algorithm, str) or content not in _CONTENT.get(algorithm, ()):
        raise MessageRefused("The envelope's algorithms are not those of DIDComm.")
    _ephemeral(protected.get("epk"))
    return protected


def _sender(protected: Mapping[str, JSONValue]) -> str | None:
    skid, apu = protected.get("skid"), protected.get("apu")
    if protected["alg"] == ANONCRYPT:
        if skid is not None:
            raise MessageRefused("An anonymous envelope names a sender.")
        return None
    if not isinstance(apu, str) or len(apu) > 2 * _MAX_KID:
        raise MessageRefused("The envelope does not bind its sender.")
    try:
        named = base64url_decode(apu).decode("utf-8")
    except (VcError, UnicodeDecodeError) as error:
        raise MessageRefused("The envelope does not bind its sender.") from error
    if skid is not None and skid != named:
        raise MessageRefused("The envelope names two senders.")
    return named


def _recipients(source: JSONValue) -> Mapping[str, bytes]:
    if not isinstance(source, list) or not 1 <= len(source) <= _MAX_RECIPIENTS:
        raise MessageRefused("The envelope has no recipients, or too many.")
    found: dict[str, bytes] = {}
    for entry in source:
        header = entry.get("header") if isinstance(entry, dict) else None
        kid = header.get("kid") if isinstance(header, dict) else None
        if not isinstance(entry, dict) or not isinstance(kid, str) or len(kid) > _MAX_KID or kid in found:
            raise MessageRefused("A recipient of the envelope has no key id, or one twice.")
        found[kid] = _bytes(entry, "encrypted_key")
    return found


def _ephemeral(jwk: JSONValue) -> PublicKey:
    if not isinstance(jwk, dict):
        raise MessageRefused("The envelope has no ephemeral key.")
    try:
        key = public_key_from_jwk(jwk)
    except VcError as error:
        raise MessageRefused("The envelope's ephemeral key is not sound.") from error
    if key.kind not in AGREEMENT_KINDS:
        raise MessageRefused("The envelope's ephemeral key is of a kind that does not agree.")
    return key


def _text(source: Mapping[str, JSONValue], member: str, most: int = MAX_ENVELOPE * 2) -> str:
    value = source.get(member)
    if not isinstance(value, str) or len(value) > most:
        raise MessageRefused(f"The envelope's member {member} is missing or too long.")
    return value


def _bytes(source: Mapping[str, JSONValue], member: str) -> bytes:
    try:
        return base64url_decode(_text(source, member))
    except VcError as error:
        raise MessageRefused(f"The envelope's member {member} is no base64url text.") from error
