"""Packing and opening: the layers around a plain message, and who is proved by them.

Spec: DIDComm Messaging v2.1, "Message Types", "Message Layer Addressing Consistency".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sealwright.protocols.didcomm.agreement import AGREEMENT_KINDS, OwnKey
from sealwright.protocols.didcomm.encryption import MAX_ENVELOPE, EncryptedMessage, decrypt, encrypt, read_encrypted
from sealwright.protocols.didcomm.errors import MessageRefused
from sealwright.protocols.didcomm.message import Message, read_message
from sealwright.protocols.didcomm.signatures import open_signed, read_signer
from sealwright.vc.dids.resolver import DIDResolver, ResolvedDID
from sealwright.vc.dids.syntax import parse_did_url
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import VcError
from sealwright.vc.keys.multikey import KeyKind, PublicKey

# Anonymous around authenticated around signed: what the specification has, and no more.
_LAYERS: Final = 3
KeyFinder = Callable[[str], OwnKey | None]


@dataclass(frozen=True, slots=True)
class OpenedMessage:
    """A message out of its envelopes.

    Args:
        sender: The DID that the innermost encryption proves; None for anonymous and unencrypted ones.
        signer: The DID whose signature it carries; None if it is not signed.
        recipient: The key id of ours that opened the innermost encryption; None if it was not encrypted.
    """

    message: Message
    sender: str | None
    signer: str | None
    recipient: str | None


def open_message(data: bytes, *, keys: KeyFinder, resolver: DIDResolver) -> OpenedMessage:
    """Take a message out of its envelopes, and prove whom it names.

    Args:
        keys: Gives our key for a key id; None for keys that are not ours, or not to be used any more.
        resolver: Finds senders.

    Raises:
        MessageRefused: Not for us, malformed, not proved, or proved by somebody else than it names.
    """
    if len(data) > MAX_ENVELOPE:
        raise MessageRefused("The message is too large.")
    sender: str | None = None
    signer: str | None = None
    recipient: str | None = None
    for _ in range(_LAYERS):
        source = _object(data)
        if "ciphertext" in source and sender is None and signer is None:
            envelope = read_encrypted(source)
            key = _own_key(envelope, keys)
            sender, recipient = _did_of(envelope.sender_kid), key.kid
            data = decrypt(envelope, key, _sender_key(envelope, resolver))
        elif "payload" in source and signer is None:
            signer = _did_of(read_signer(source))
            data = open_signed(source, _resolved(signer or "", resolver))
        else:
            break
    message = read_message(_object(data))
    _check_names(message, sender, signer, recipient)
    return OpenedMessage(message, sender, signer, recipient)


def _check_names(message: Message, sender: str | None, signer: str | None, recipient: str | None) -> None:
    for proved in (sender, signer):
        if proved is not None and message.sender != proved:
            raise MessageRefused("The message names another sender than its envelope proves.")
    ours = _did_of(recipient)
    if ours is not None and message.to and ours not in message.to:
        raise MessageRefused("The message is for somebody else.")
    if signer is not None and ours is not None and not message.to:
        # Else whoever got it could pass it on as if it had been meant for the next.
        raise MessageRefused("A signed message in an envelope names no audience.")


def pack(message: Message, recipient: ResolvedDID, *, sender: OwnKey | None, content: str | None = None) -> bytes:
    """Seal a message for a DID: authenticated where a sender is given.

    Raises:
        MessageRefused: The recipient has no key that fits the sender's.
    """
    return pack_bytes(message.to_bytes(), agreement_keys(recipient), sender=sender, content=content)


def pack_bytes(
    data: bytes, keys: Sequence[tuple[str, PublicKey]], *, sender: OwnKey | None, content: str | None = None
) -> bytes:
    """Seal bytes for those of some keys that are of one kind: the sender's, or the first that is there."""
    kinds: Sequence[KeyKind] = AGREEMENT_KINDS if sender is None else (sender.public_key.kind,)
    for kind in kinds:
        fitting = [(kid, key) for kid, key in keys if key.kind == kind]
        if fitting:
            options = {} if content is None else {"content": content}
            return encrypt(data, fitting, sender=sender, **options)
    raise MessageRefused("The recipient has no key that fits.")


def agreement_keys(resolved: ResolvedDID) -> tuple[tuple[str, PublicKey], ...]:
    """The keys that a DID lists for agreement and that may still be used, with their ids."""
    document = resolved.document
    if resolved.deactivated:
        return ()
    methods = (document.method(kid) for kid in document.relationship("keyAgreement"))
    return tuple(
        (method.id, method.public_key)
        for method in methods
        if method is not None and method.id not in resolved.compromised_methods and method.controller == document.id
    )


def _own_key(envelope: EncryptedMessage, keys: KeyFinder) -> OwnKey:
    for kid in envelope.recipients:
        key = keys(kid)
        if key is not None:
            return key
    raise MessageRefused("The message is not for a key that is kept here.")


def _sender_key(envelope: EncryptedMessage, resolver: DIDResolver) -> PublicKey | None:
    kid = envelope.sender_kid
    if kid is None:
        return None
    resolved = _resolved(_did_of(kid) or "", resolver)
    for known, key in agreement_keys(resolved):
        if known == kid:
            return key
    raise MessageRefused("The sender's key is not one that its DID lists for agreement.")


def _resolved(did: str, resolver: DIDResolver) -> ResolvedDID:
    try:
        return resolver.resolve(did)
    except VcError as error:
        raise MessageRefused("The sender's DID cannot be resolved here.") from error


def _did_of(kid: str | None) -> str | None:
    if kid is None:
        return None
    try:
        url = parse_did_url(kid)
    except VcError as error:
        raise MessageRefused("A key id is no DID URL.") from error
    if not url.fragment or url.path or url.query is not None:
        raise MessageRefused("A key id names no method of a DID.")
    return str(url.did)


def _object(data: bytes) -> Mapping[str, JSONValue]:
    try:
        source = parse_json(data)
    except VcError as error:
        raise MessageRefused("The message is no strict JSON.") from error
    if not isinstance(source, dict):
        raise MessageRefused("The message is no JSON object.")
    return source
