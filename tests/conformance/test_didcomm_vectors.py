"""The appendix of DIDComm v2: all of its 13 messages open, and none does once it was changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from joserfc.jwk import ECKey

from sealwright.protocols.didcomm.agreement import OwnKey, curve_key, x25519_key
from sealwright.protocols.didcomm.errors import MessageRefused
from sealwright.protocols.didcomm.packing import OpenedMessage, open_message
from sealwright.vc.dids.document import parse_did_document
from sealwright.vc.dids.resolver import ResolvedDID
from sealwright.vc.encoding.multibase import base64url_decode, multibase_decode
from sealwright.vc.errors import DIDNotFound
from sealwright.vc.keys.ed25519 import Secret32
from tests.support import vectors

ALICE, BOB = "did:example:alice", "did:example:bob"
# What each message proves: sender by encryption, signer, and whether it was encrypted.
PROVES = {
    "TEST_PLAINTEXT_DIDCOMM_MESSAGE_SIMPLE": (None, None, False),
    "TEST_SIGNED_DIDCOMM_MESSAGE_ALICE_KEY_1": (None, ALICE, False),
    "TEST_SIGNED_DIDCOMM_MESSAGE_ALICE_KEY_2": (None, ALICE, False),
    "TEST_SIGNED_DIDCOMM_MESSAGE_ALICE_KEY_3": (None, ALICE, False),
    "TEST_ENCRYPTED_DIDCOMM_MESSAGE_ANON_XC20P_1": (None, None, True),
    "TEST_ENCRYPTED_DIDCOMM_MESSAGE_ANON_XC20P_2": (None, None, True),
    "TEST_ENCRYPTED_DIDCOMM_MESSAGE_ANON_A256CBC": (None, None, True),
    "TEST_ENCRYPTED_DIDCOMM_MESSAGE_ANON_A256GCM": (None, None, True),
    "TEST_ENCRYPTED_DIDCOMM_MESSAGE_AUTH_X25519": (ALICE, None, True),
    "TEST_ENCRYPTED_DIDCOMM_MESSAGE_AUTH_P256": (ALICE, ALICE, True),
    "TEST_ENCRYPTED_DIDCOMM_MESSAGE_AUTH_P256_SIGNED": (None, ALICE, False),
    "TEST_ENCRYPTED_DIDCOMM_MESSAGE_AUTH_P521": (ALICE, ALICE, True),
    "TEST_ENCRYPTED_DIDCOMM_MESSAGE_AUTH_P521_SIGNED": (None, ALICE, False),
}


def published() -> dict[str, Any]:
    content: dict[str, Any] = vectors.read_json(vectors.folder("didcomm-v2") / "spec-vectors.json")
    return content


class Documents:
    """Resolves the two parties."""

    def __init__(self, documents: Mapping[str, Any]) -> None:
        self._known = {document["id"]: self._sound(document) for document in documents.values()}

    def resolve(self, did: str) -> ResolvedDID:
        if did not in self._known:
            raise DIDNotFound("not one of the two")
        return ResolvedDID(parse_did_document(self._known[did]))

    @staticmethod
    def _sound(document: dict[str, Any]) -> dict[str, Any]:
        # Alice's document refers to a method that the extract does not hold; DID Core wants the reference to hit.
        held = {method["id"] for method in document["verificationMethod"]}
        return {**document, "keyAgreement": [kid for kid in document["keyAgreement"] if kid in held]}


def secret(entry: Mapping[str, Any]) -> OwnKey | None:
    """One private key of the appendix, if it agrees."""
    material = entry["privateKeyJwk"]
    if isinstance(material, str):
        return x25519_key(entry["kid"], Secret32(multibase_decode(material)[2:]))
    if material["crv"] == "X25519":
        return x25519_key(entry["kid"], Secret32(base64url_decode(material["d"])))
    if material["kty"] == "EC" and material["crv"] != "secp256k1":
        private: Any = ECKey.import_key(material).private_key
        return curve_key(entry["kid"], material["crv"], private)
    return None


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    return published()


def opened(content: Mapping[str, Any], message: Mapping[str, Any], *, but_not: str = "") -> OpenedMessage:
    keys = {key.kid: key for entry in content["secrets"]["bob"] if (key := secret(entry)) is not None}
    keys.pop(but_not, None)
    return open_message(json.dumps(message).encode(), keys=keys.get, resolver=Documents(content["did_docs"]))


def test_every_message_is_listed_here(content: dict[str, Any]) -> None:
    assert len(content["messages"]) == 13
    assert set(content["messages"]) == set(PROVES)


@pytest.mark.parametrize("name", PROVES)
def test_every_message_opens_and_proves_its_sender(content: dict[str, Any], name: str) -> None:
    found = opened(content, content["messages"][name])
    message = found.message
    assert (found.sender, found.signer, found.recipient is not None) == PROVES[name]
    assert (message.id, message.sender, message.to) == ("1234567890", ALICE, (BOB,))
    assert message.type == "http://example.com/protocols/lets_do_lunch/1.0/proposal"
    assert message.body == {"messagespecificattribute": "and its value"}
    assert (message.created, message.expires) == (1516269022, 1516385931)


ENCRYPTED = [name for name, (_, _, is_encrypted) in PROVES.items() if is_encrypted]


@pytest.mark.parametrize("name", ENCRYPTED)
def test_every_recipient_key_opens(content: dict[str, Any], name: str) -> None:
    message = content["messages"][name]
    kids = [recipient["header"]["kid"] for recipient in message["recipients"]]
    for kid in kids:
        only = {**content, "secrets": {"bob": [one for one in content["secrets"]["bob"] if one["kid"] == kid]}}
        assert opened(only, message).message.id == "1234567890"
    assert len(kids) >= 2


def flipped(text: str) -> str:
    """The same text with its second character changed, which always changes the bytes."""
    return text[0] + ("A" if text[1] != "A" else "B") + text[2:]


def changed(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every way of changing one part of a message."""
    found = []
    for member in ("protected", "iv", "ciphertext", "tag", "payload"):
        if isinstance(message.get(member), str):
            found.append({**message, member: flipped(message[member])})
    if "recipients" in message:
        first, *others = message["recipients"]
        found.append({**message, "recipients": [{**first, "encrypted_key": flipped(first["encrypted_key"])}, *others]})
        found.append({**message, "recipients": [first]})
        found.append({**message, "recipients": [*message["recipients"], {**first, "header": {"kid": f"{BOB}#key-9"}}]})
        found.append({**message, "recipients": []})
        found += [{**message, "unprotected": {}}, {**message, "aad": "AAAA"}]
    for index in range(len(message.get("signatures", ()))):
        signature = message["signatures"][index]
        found.append({**message, "signatures": [{**signature, "signature": flipped(signature["signature"])}]})
        found.append({**message, "signatures": [{**signature, "header": {"kid": f"{ALICE}#key-9"}}]})
        found.append({**message, "signatures": [signature, signature]})
    return found


def test_no_message_opens_after_a_change(content: dict[str, Any]) -> None:
    tried = 0
    for name in PROVES:
        for message in changed(content["messages"][name]):
            with pytest.raises(MessageRefused):
                opened(content, message)
            tried += 1
    # 7 encrypted ones in 10 ways, 5 signed ones in 4.
    assert tried == 7 * 10 + 5 * 4


@pytest.mark.parametrize("name", [name for name, proof in PROVES.items() if proof[0] is not None])
def test_a_sender_who_lost_its_key_is_refused(content: dict[str, Any], name: str) -> None:
    alice = {**content["did_docs"]["alice"], "keyAgreement": []}
    with pytest.raises(MessageRefused):
        opened({**content, "did_docs": {**content["did_docs"], "alice": alice}}, content["messages"][name])
