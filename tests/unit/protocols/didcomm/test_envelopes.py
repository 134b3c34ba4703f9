"""Envelopes of our own making: every curve and content encryption there and back, and what cannot be sealed."""

from __future__ import annotations

import pytest

from sealwright.protocols.didcomm.agreement import AGREEMENT_KINDS, generate_key
from sealwright.protocols.didcomm.encryption import CBC, decrypt, encrypt, read_encrypted, recipients_digest
from sealwright.protocols.didcomm.errors import MessageRefused
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.keys.multikey import KeyKind

CONTENTS = (CBC, "A256GCM", "XC20P")


def opened(packed: bytes) -> dict[str, JSONValue]:
    source = parse_json(packed)
    assert isinstance(source, dict)
    return source


@pytest.mark.parametrize("kind", AGREEMENT_KINDS)
def test_every_curve_goes_there_and_back(kind: KeyKind) -> None:
    sender, first, second = (generate_key(kind, f"did:example:{name}#1") for name in "abc")
    recipients = [(key.kid, key.public_key) for key in (first, second)]
    packed = encrypt(b"hello", recipients, sender=sender)
    envelope = read_encrypted(opened(packed))
    assert (envelope.sender_kid, set(envelope.recipients)) == (sender.kid, {first.kid, second.kid})
    for key in (first, second):
        assert decrypt(envelope, key, sender.public_key) == b"hello"
    with pytest.raises(MessageRefused):
        decrypt(envelope, first, second.public_key)


@pytest.mark.parametrize("content", CONTENTS)
def test_anonymous_envelopes_take_every_content_encryption(content: str) -> None:
    key = generate_key("X25519", "did:example:a#1")
    packed = encrypt(b"hello", [(key.kid, key.public_key)], sender=None, content=content)
    envelope = read_encrypted(opened(packed))
    assert not envelope.is_authcrypt
    assert decrypt(envelope, key, None) == b"hello"


def test_no_two_envelopes_are_alike() -> None:
    key = generate_key("X25519", "did:example:a#1")
    packed = {encrypt(b"hello", [(key.kid, key.public_key)], sender=None) for _ in range(4)}
    assert len(packed) == 4


def test_what_cannot_be_sealed_is_refused() -> None:
    key, other = generate_key("X25519", "did:example:a#1"), generate_key("P-256", "did:example:b#1")
    with pytest.raises(MessageRefused):
        encrypt(b"", [], sender=None)
    with pytest.raises(MessageRefused):
        encrypt(b"", [(key.kid, key.public_key), (other.kid, other.public_key)], sender=None)
    with pytest.raises(MessageRefused):
        encrypt(b"", [(key.kid, key.public_key)], sender=other)
    with pytest.raises(MessageRefused):
        encrypt(b"", [(key.kid, key.public_key)], sender=key, content="A256GCM")


def test_private_keys_are_not_shown() -> None:
    for kind in AGREEMENT_KINDS:
        assert "private" not in repr(generate_key(kind, "did:example:a#1"))


def test_recipients_are_bound_in_any_order() -> None:
    assert recipients_digest(["b", "a"]) == recipients_digest(["a", "b"])
