"""did:peer 2 and 4: the examples of the specification, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sealwright.vc.dids.document import RELATIONSHIPS
from sealwright.vc.dids.peer import did_peer_4, resolve_did_peer
from sealwright.vc.dids.resolver import GenericResolver
from sealwright.vc.encoding.multibase import base64url_encode, multibase_encode
from sealwright.vc.errors import DIDNotFound, InvalidDID, InvalidKey, MalformedDocument, UnsupportedDIDMethod

SIGNING = "z6Mkj3PUd1WjvaDhNZhhhXQdz5UnZXmS7ehtx8bsPpD47kKc"
AGREEING = "z6LSg8zQom395jKLrGiBNruB9MM6V8PWuf2FpEy4uRFiqQBR"
ENDPOINT = {"uri": "http://example.com/didcomm", "a": ["didcomm/v2"], "r": ["did:example:123456789abcdefghi#key-1"]}


def service(**members: Any) -> str:
    return ".S" + base64url_encode(json.dumps({"t": "dm", "s": ENDPOINT, **members}, separators=(",", ":")).encode())


BASE = f"did:peer:2.V{SIGNING}.E{AGREEING}"


def test_keys_and_services_stand_where_the_specification_puts_them() -> None:
    did = BASE + service() + service() + service(id="#own")
    document = resolve_did_peer(did)
    assert [method.id for method in document.verification_methods] == [f"{did}#key-1", f"{did}#key-2"]
    assert [method.public_key.multikey for method in document.verification_methods] == [SIGNING, AGREEING]
    assert document.relationship("authentication") == (f"{did}#key-1",)
    assert document.relationship("keyAgreement") == (f"{did}#key-2",)
    assert document.relationship("assertionMethod") == ()
    services: Any = document.to_json()["service"]
    assert [one["id"] for one in services] == [f"{did}#service", f"{did}#service-1", f"{did}#own"]
    assert services[0]["type"] == "DIDCommMessaging"
    assert services[0]["serviceEndpoint"] == {
        "uri": "http://example.com/didcomm",
        "accept": ["didcomm/v2"],
        "routingKeys": ["did:example:123456789abcdefghi#key-1"],
    }


def test_every_purpose_has_its_letter() -> None:
    document = resolve_did_peer(f"did:peer:2.A{SIGNING}.E{AGREEING}.V{SIGNING}.I{SIGNING}.D{SIGNING}")
    assert all(len(document.relationship(purpose)) == 1 for purpose in RELATIONSHIPS)


@pytest.mark.parametrize(
    "did",
    [
        "did:peer:2.Xabc",
        f"did:peer:2.{SIGNING}",
        "did:peer:2.",
        BASE + ".S====",
        BASE + ".S" + base64url_encode(b"[]"),
        BASE + ".S" + base64url_encode(b'{"t":1,"t":2}'),
        BASE + service(id="did:example:other#service"),
        BASE + f".V{SIGNING}" * 40,
        "did:key:" + SIGNING,
    ],
)
def test_what_breaks_the_rules_of_algorithm_2_is_refused(did: str) -> None:
    with pytest.raises((InvalidDID, InvalidKey)):
        resolve_did_peer(did)


def test_other_algorithms_are_not_supported() -> None:
    for did in (f"did:peer:0{SIGNING}", "did:peer:1zQmZMygzYqNwU6Uhmewx5Xepf2VLp5S4HLSwwgf2aiKZuwa", "did:peer:3zQm"):
        with pytest.raises(UnsupportedDIDMethod):
            resolve_did_peer(did)


INPUT: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/x25519-2020/v1"],
    "verificationMethod": [
        {"id": "#6LS", "type": "X25519KeyAgreementKey2020", "publicKeyMultibase": AGREEING},
        {"id": "#6Mk", "type": "Ed25519VerificationKey2020", "publicKeyMultibase": SIGNING},
    ],
    "authentication": ["#6Mk"],
    "keyAgreement": ["#6LS"],
    "service": [{"id": "#s", "type": "DIDCommMessaging", "serviceEndpoint": {"uri": "https://peer.example/didcomm"}}],
}


def long_form(document: Any) -> str:
    return did_peer_4(json.dumps(document, separators=(",", ":")).encode())


def test_a_document_stands_in_the_long_form() -> None:
    did = long_form(INPUT)
    document = resolve_did_peer(did)
    assert document.id == did
    assert document.to_json()["alsoKnownAs"] == [did.rpartition(":")[0]]
    assert document.relationship("keyAgreement") == (f"{did}#6LS",)
    assert all(method.controller == did for method in document.verification_methods)
    assert GenericResolver().resolve(did).document == document


# The example of the specification.
PUBLISHED = "did:peer:4zQmd8CpeFPci817KDsbSAKWcXAE2mjvCQSasRewvbSF54Bd"


def test_a_short_form_holds_no_document() -> None:
    with pytest.raises(DIDNotFound):
        resolve_did_peer(PUBLISHED)


@pytest.mark.parametrize(
    "did",
    [
        long_form(INPUT)[:-1] + "1",
        PUBLISHED + ":" + long_form(INPUT).rpartition(":")[2],
        long_form({**INPUT, "id": "did:peer:2"}),
        long_form([]),
        long_form({**INPUT, "alsoKnownAs": "text"}),
        did_peer_4(b"not json"),
        did_peer_4(b'{"a":1,"a":2}'),
    ],
)
def test_what_breaks_the_rules_of_algorithm_4_is_refused(did: str) -> None:
    with pytest.raises(InvalidDID):
        resolve_did_peer(did)


def test_another_codec_than_json_is_refused() -> None:
    encoded = multibase_encode(b"\x55" + json.dumps(INPUT).encode())
    honest = long_form(INPUT).rpartition(":")[0]
    with pytest.raises(InvalidDID):
        resolve_did_peer(f"{honest}:{encoded}")


def test_a_document_with_a_private_key_or_a_dangling_purpose_is_refused() -> None:
    private = {**INPUT["verificationMethod"][0], "privateKeyMultibase": "z1"}
    with pytest.raises(InvalidKey):
        resolve_did_peer(long_form({**INPUT, "verificationMethod": [private]}))
    with pytest.raises(MalformedDocument):
        resolve_did_peer(long_form({**INPUT, "authentication": ["#other"]}))
