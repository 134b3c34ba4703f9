"""DID documents: ours as others need them, theirs without loss, and broken ones refused."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import pytest

from sealwright.vc.dids.document import RELATIONSHIPS, build_did_document, dereference, parse_did_document
from sealwright.vc.dids.verification_method import (
    DID_CONTEXT,
    ED25519_2020,
    JSON_WEB_KEY_2020,
    METHOD_TYPES,
    MULTIKEY,
    VerificationMethod,
)
from sealwright.vc.encoding.multibase import base58btc_encode
from sealwright.vc.errors import (
    DIDNotFound,
    InvalidDID,
    InvalidDIDURL,
    InvalidKey,
    InvalidPublicKeyLength,
    MalformedDocument,
    UnsupportedKeyType,
    VcError,
)
from sealwright.vc.keys.jwk import private_jwk, public_jwk
from sealwright.vc.keys.multikey import PublicKey, encode_multikey
from tests.support.proving import ISSUER
from tests.support.sample_keys import ED25519, raw_key

DID = "did:adi:issuer001"
KEY = PublicKey("Ed25519", ED25519)
ED_CONTEXT = "https://w3id.org/security/suites/ed25519-2020/v1"


def method(fragment: str = "key-1", kind: str = ED25519_2020, key: PublicKey = KEY) -> VerificationMethod:
    return VerificationMethod(f"{DID}#{fragment}", kind, DID, key)


def source() -> dict[str, Any]:
    return build_did_document(DID, [method()], relationships={"assertionMethod": [f"{DID}#key-1"]}).to_json()


def test_a_document_of_ours_has_contexts_key_and_purposes_in_fixed_order() -> None:
    document = build_did_document(
        DID,
        [method(), method("key-2", MULTIKEY)],
        relationships={"assertionMethod": [f"{DID}#key-1", f"{DID}#key-2"], "authentication": [f"{DID}#key-1"]},
        controller="did:adi:operator",
        services=[
            {"id": f"{DID}#didcomm", "type": "DIDCommMessaging", "serviceEndpoint": {"uri": "https://a.example"}}
        ],
        also_known_as=["did:adi:issuer001..."],
    )
    json = document.to_json()
    assert list(json) == [
        "@context",
        "id",
        "controller",
        "alsoKnownAs",
        "verificationMethod",
        "authentication",
        "assertionMethod",
        "service",
    ]
    assert json["@context"] == [DID_CONTEXT, ED_CONTEXT, "https://w3id.org/security/multikey/v1"]
    assert json["verificationMethod"][0] == {
        "id": f"{DID}#key-1",
        "type": "Ed25519VerificationKey2020",
        "controller": DID,
        "publicKeyMultibase": encode_multikey("Ed25519", ED25519),
    }
    assert document.relationship("assertionMethod") == (f"{DID}#key-1", f"{DID}#key-2")
    assert document.relationship("keyAgreement") == ()


def test_parsing_keeps_unknown_members_and_its_input() -> None:
    given = {**source(), "futureMember": {"deep": [1, 2.5, None]}}
    before = copy.deepcopy(given)
    document = parse_did_document(given)
    written = document.to_json()
    assert written == before == given
    written["futureMember"]["deep"].append("changed")
    assert document.to_json() == before


def test_a_method_is_found_by_its_absolute_id_only() -> None:
    document = parse_did_document(source())
    assert document.method(f"{DID}#key-1") == method()
    assert document.method("#key-1") is None
    assert document.method(f"{DID}#key-2") is None


def test_relative_ids_are_read_against_the_document() -> None:
    given = source()
    given["verificationMethod"][0]["id"] = "#key-1"
    given["assertionMethod"] = ["#key-1"]
    document = parse_did_document(given)
    assert document.relationship("assertionMethod") == (f"{DID}#key-1",)
    assert document.method(f"{DID}#key-1") == method()


def test_an_embedded_method_serves_its_own_purpose_only() -> None:
    embedded = method("embedded").to_json()
    document = parse_did_document({"id": DID, "authentication": [embedded]})
    assert document.relationship("authentication") == (f"{DID}#embedded",)
    assert document.relationship("assertionMethod") == ()
    assert document.method(f"{DID}#embedded") == method("embedded")


@pytest.mark.parametrize("kind", METHOD_TYPES)
def test_every_method_type_is_read(kind: str) -> None:
    known = METHOD_TYPES[kind]
    key = PublicKey(known.kinds[0], raw_key(known.kinds[0]))
    forms = [{"publicKeyMultibase": key.multikey}]
    if known.base58_kind:
        forms.append({"publicKeyBase58": base58btc_encode(key.raw)})
    if kind.startswith("JsonWebKey"):
        forms.append({"publicKeyJwk": public_jwk(key)})
    for form in forms:
        entry = {"id": f"{DID}#k", "type": kind, "controller": DID, **form}
        document = parse_did_document({"id": DID, "verificationMethod": [entry]})
        assert document.verification_methods[0].public_key == key


def test_methods_of_unknown_types_are_left_out_and_kept_in_the_json() -> None:
    given = source()
    unknown = {"id": f"{DID}#rsa", "type": "RsaVerificationKey2018", "controller": DID, "publicKeyPem": "…"}
    p192 = {
        "id": f"{DID}#p",
        "type": "JsonWebKey2020",
        "controller": DID,
        "publicKeyJwk": {"kty": "EC", "crv": "P-192"},
    }
    given["verificationMethod"] += [unknown, p192]
    given["assertionMethod"].append(f"{DID}#rsa")
    document = parse_did_document(given)
    assert [entry.id for entry in document.verification_methods] == [f"{DID}#key-1"]
    assert document.to_json()["verificationMethod"][1:] == [unknown, p192]


BROKEN: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "no id": ({"id": None}, MalformedDocument),
    "id is no DID": ({"id": "https://issuer.example"}, InvalidDID),
    "methods are no array": ({"verificationMethod": {}}, MalformedDocument),
    "a method is text": ({"verificationMethod": ["#key-1"]}, MalformedDocument),
    "a purpose is text": ({"assertionMethod": f"{DID}#key-1"}, MalformedDocument),
    "a purpose names an absent method": ({"assertionMethod": [f"{DID}#key-9"]}, MalformedDocument),
}
BROKEN_METHOD: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "id missing": ({"id": None}, MalformedDocument),
    "type missing": ({"type": 5}, MalformedDocument),
    "controller missing": ({"controller": None}, MalformedDocument),
    "id without fragment": ({"id": DID}, InvalidDID),
    "two keys": ({"publicKeyBase58": base58btc_encode(ED25519)}, MalformedDocument),
    "no key": ({"publicKeyMultibase": ...}, MalformedDocument),
    "a private key": ({"privateKeyMultibase": "z3u2"}, InvalidKey),
    "a private JWK": ({"privateKeyJwk": private_jwk(ISSUER.seed)}, InvalidKey),
    "key is a number": ({"publicKeyMultibase": 5}, InvalidKey),
    "key is no multibase": ({"publicKeyMultibase": "6Mk"}, InvalidKey),
    "weak key": ({"publicKeyMultibase": encode_multikey("Ed25519", bytes([1]) + bytes(31))}, InvalidKey),
    "short key": ({"publicKeyMultibase": encode_multikey("Ed25519", bytes(31))}, InvalidPublicKeyLength),
    "base58 in a type without": ({"publicKeyMultibase": ..., "publicKeyBase58": "1"}, InvalidKey),
    "JWK is text": ({"publicKeyMultibase": ..., "publicKeyJwk": "x"}, InvalidKey),
    "JWK with private part": ({"publicKeyMultibase": ..., "publicKeyJwk": private_jwk(ISSUER.seed)}, InvalidKey),
    "base58 with bad letters": (
        {"type": "Ed25519VerificationKey2018", "publicKeyMultibase": ..., "publicKeyBase58": "0OIl"},
        InvalidKey,
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_document_is_refused(name: str) -> None:
    changes, error = BROKEN[name]
    with pytest.raises(error):
        parse_did_document({**source(), **changes})


@pytest.mark.parametrize("name", BROKEN_METHOD)
def test_a_broken_method_is_refused(name: str) -> None:
    changes, error = BROKEN_METHOD[name]
    given = source()
    entry = {**given["verificationMethod"][0], **changes}
    given["verificationMethod"] = [{member: value for member, value in entry.items() if value is not ...}]
    with pytest.raises(error):
        parse_did_document(given)


def test_two_methods_may_not_share_an_id() -> None:
    given = source()
    given["verificationMethod"].append(method("key-1", MULTIKEY).to_json())
    with pytest.raises(MalformedDocument) as caught:
        parse_did_document(given)
    assert caught.value.pointer == "/verificationMethod/1"


def test_a_document_with_too_many_methods_is_refused() -> None:
    entries = [method(f"key-{number}").to_json() for number in range(257)]
    with pytest.raises(MalformedDocument):
        parse_did_document({"id": DID, "verificationMethod": entries})


def test_building_checks_what_it_is_given() -> None:
    with pytest.raises(InvalidDID):
        build_did_document("issuer001", [], relationships={})
    with pytest.raises(MalformedDocument):
        build_did_document(DID, [], relationships={"assertionMethod": [f"{DID}#key-1"]})
    with pytest.raises(UnsupportedKeyType):
        VerificationMethod(f"{DID}#k", ED25519_2020, DID, PublicKey("P-256", raw_key("P-256")))
    with pytest.raises(InvalidDID):
        VerificationMethod(DID, ED25519_2020, DID, KEY)


def test_a_method_dereferences_to_a_document_of_its_own() -> None:
    document = parse_did_document(source())
    assert dereference(document, f"{DID}#key-1") == {
        "@context": [DID_CONTEXT, ED_CONTEXT],
        "id": f"{DID}#key-1",
        "type": "Ed25519VerificationKey2020",
        "controller": DID,
        "publicKeyMultibase": KEY.multikey,
    }


def test_dereferencing_refuses_other_addresses() -> None:
    document = parse_did_document(source())
    with pytest.raises(DIDNotFound):
        dereference(document, f"{DID}#key-2")
    for address in (DID, f"{DID}#", "did:adi:other#key-1", f"{DID}?x=1#key-1", f"{DID}/p#key-1"):
        with pytest.raises(InvalidDIDURL):
            dereference(document, address)


def test_keys_in_jwk_form_are_written_as_jwk() -> None:
    written = method("j", JSON_WEB_KEY_2020, PublicKey("P-256", raw_key("P-256"))).to_json()
    assert written["publicKeyJwk"] == public_jwk(PublicKey("P-256", raw_key("P-256")))
    assert "publicKeyMultibase" not in written


def test_the_five_relationships_are_those_of_the_specification() -> None:
    assert len(RELATIONSHIPS) == len(set(RELATIONSHIPS)) == 5


def test_whatever_stands_in_a_document_is_read_or_refused() -> None:
    values: list[Any] = [None, 5, "", "#k", [], {}, [[]], [{}], {"id": []}, {"kty": ["OKP"]}, {"kty": "OKP", "crv": []}]
    members = [*source(), *RELATIONSHIPS, "controller", "service"]
    documents: list[dict[str, Any]] = []
    for member in members:
        for value in values:
            documents += [{**source(), member: value}, {**source(), member: [value, *values]}]
    for member in (*source()["verificationMethod"][0], "publicKeyJwk", "publicKeyBase58"):
        for value in values:
            entry = {**source()["verificationMethod"][0], member: value}
            for bare in (entry, {name: entry[name] for name in entry if name != "publicKeyMultibase"}):
                documents.append({"id": DID, "verificationMethod": [bare]})
    read = 0
    for document in documents:
        with contextlib.suppress(VcError):
            # What is read keeps the id that it is known by.
            assert parse_did_document(document).id == document["id"]
            read += 1
    assert 0 < read < len(documents)
