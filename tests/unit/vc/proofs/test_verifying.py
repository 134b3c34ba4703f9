"""Checking proofs: whatever was changed, copied, borrowed or left out is found."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from sealwright.vc.dids.document import build_did_document, parse_did_document
from sealwright.vc.dids.methods import did_key
from sealwright.vc.dids.resolver import ResolvedDID
from sealwright.vc.encoding.multibase import base58btc_decode, multibase_encode
from sealwright.vc.errors import (
    ControllerDeactivated,
    DIDNotFound,
    KeyCompromised,
    KeyNotControlled,
    ProofInvalid,
    ProofMissing,
    TooComplex,
    UndefinedTerm,
    UnsupportedDIDMethod,
    VcError,
)
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.verifying import VerifiedProof, party_of, verify_proofs
from tests.support.proving import (
    ALL_SUITES,
    DEGREE_CONTEXT,
    HASHING_SUITES,
    ISSUER,
    NOW,
    STRANGER,
    Party,
    Registry,
    canonicalizer,
    degree_credential,
)
from tests.support.sample_keys import raw_key

SUITES = HASHING_SUITES
MODELS = ["1.1", "2.0"]


def verify(document: dict[str, Any], **changes: Any) -> tuple[VerifiedProof, ...]:
    rules: dict[str, Any] = {
        "resolver": Registry(ISSUER, STRANGER),
        "canon": canonicalizer(),
        "purpose": "assertionMethod",
        "accepted_suites": ALL_SUITES,
        "now": NOW,
    }
    return verify_proofs(document, **{**rules, **changes})


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("suite", SUITES)
def test_what_we_sign_verifies_and_says_by_whom(suite: str, model: str) -> None:
    (proof,) = verify(ISSUER.sign(degree_credential(model), suite))
    assert proof.suite.name == suite
    assert proof.method == ISSUER.method_for(suite)
    assert proof.controller.document.id == ISSUER.did


def _set(*path: Any) -> Callable[[dict[str, Any]], None]:
    """A change of one member; the last argument is the new value, an ellipsis removes the member."""

    def change(document: dict[str, Any]) -> None:
        *parents, name, value = path
        node: Any = document
        for step in parents:
            node = node[step]
        if value is ...:
            del node[name]
        else:
            node[name] = value

    return change


TAMPERING: dict[str, Callable[[dict[str, Any]], None]] = {
    "a claim": _set("credentialSubject", "degree", "gpa", 4),
    "a claim's type": _set("credentialSubject", "degree", "graduationYear", "2025"),
    "the holder": _set("credentialSubject", "id", "did:adi:thief"),
    "a claim more": _set("credentialSubject", "degree", "name", "Bachelor of Science"),
    "a claim less": _set("credentialSubject", "degree", "gpa", ...),
    "the id": _set("id", "urn:uuid:00000000-0000-0000-0000-000000000000"),
    "no id": _set("id", ...),
    "a type less": _set("type", ["VerifiableCredential"]),
    "the creation date": _set("proof", "created", "2026-11-21T02:28:59Z"),
    "no creation date": _set("proof", "created", ...),
    "the method, by another spelling": _set("proof", "verificationMethod", ISSUER.method_id + "x"),
    "another key of the registry": _set("proof", "verificationMethod", STRANGER.method_id),
    "the purpose": _set("proof", "proofPurpose", "authentication"),
    "a challenge more": _set("proof", "challenge", "abc"),
    "a nonce more": _set("proof", "nonce", "abc"),
    "no value": _set("proof", "proofValue", ...),
    "an empty value": _set("proof", "proofValue", "z"),
    "a value in base64url": _set("proof", "proofValue", multibase_encode(bytes(64), "u")),
    "a value of 63 bytes": _set("proof", "proofValue", multibase_encode(bytes([9]) * 63)),
    "a very long value": _set("proof", "proofValue", "z" + "2" * 100_000),
    "a value with bad letters": _set("proof", "proofValue", "z" + "0" * 86),
    "a value that is a number": _set("proof", "proofValue", 5),
    "no method": _set("proof", "verificationMethod", ...),
    "a method that is an object": _set("proof", "verificationMethod", {"id": ISSUER.method_id}),
    "a method that is no DID URL": _set("proof", "verificationMethod", "https://issuer.example/#key-1"),
    "a method without fragment": _set("proof", "verificationMethod", ISSUER.did),
    "a creation date without zone": _set("proof", "created", "2026-11-21T02:29:00"),
    "a creation date that is a number": _set("proof", "created", 5),
    "the proof's type": _set("proof", "type", "Ed25519Signature2018"),
    "a proof that is text": _set("proof", "proof"),
    "a previous proof that is not there": _set("proof", "previousProof", "urn:uuid:1"),
    "a previous proof that is a number": _set("proof", "previousProof", 5),
}


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("name", TAMPERING)
def test_every_change_is_found(name: str, suite: str) -> None:
    document = ISSUER.sign(degree_credential("2.0"), suite)
    TAMPERING[name](document)
    # An added member that no context knows is found before the signature is even looked at.
    with pytest.raises((ProofInvalid, UndefinedTerm)):
        verify(document)


@pytest.mark.parametrize("suite", SUITES)
def test_every_single_bit_of_the_value_counts(suite: str) -> None:
    document = ISSUER.sign(degree_credential(), suite)
    signature = base58btc_decode(document["proof"]["proofValue"][1:])
    for position in (0, 31, 32, 63):
        broken = bytearray(signature)
        broken[position] ^= 0x10
        document["proof"]["proofValue"] = multibase_encode(bytes(broken))
        with pytest.raises(ProofInvalid):
            verify(document)


def test_a_proof_copied_to_another_document_does_not_hold() -> None:
    one = ISSUER.sign(degree_credential())
    other = ISSUER.sign(degree_credential(credential_id="urn:uuid:00000000-0000-0000-0000-000000000001"))
    with pytest.raises(ProofInvalid):
        verify({**other, "proof": one["proof"]})


def test_a_document_without_proof_has_none() -> None:
    for document in (degree_credential(), {**degree_credential(), "proof": []}):
        with pytest.raises(ProofMissing):
            verify(document)


@pytest.mark.parametrize("suite", SUITES)
def test_the_issuer_must_control_the_key_under_every_suite(suite: str) -> None:
    # The stranger's signature holds; it is simply not the issuer's word.
    with pytest.raises(KeyNotControlled):
        verify(STRANGER.sign(degree_credential("2.0"), suite))
    key = STRANGER.method_for(suite).public_key
    forged = did_key(key)
    signed = STRANGER.sign(degree_credential("2.0"), suite, verification_method=f"{forged}#{key.multikey}")
    with pytest.raises(KeyNotControlled):
        verify(signed)


def test_a_did_key_issuer_verifies_without_registry() -> None:
    issuer = Party(9, did_key(Party(9).key))
    signed = issuer.sign(degree_credential(issuer_did=issuer.did))
    assert len(verify(signed, resolver=Registry())) == 1


def test_the_key_must_be_listed_for_the_purpose() -> None:
    registry = Registry()
    registry.resolved[ISSUER.did] = ResolvedDID(ISSUER.document(("authentication", "keyAgreement")))
    with pytest.raises(KeyNotControlled):
        verify(ISSUER.sign(degree_credential()), resolver=registry)


def test_a_method_whose_controller_is_another_does_not_speak_for_the_document() -> None:
    registry = Registry()
    method = ISSUER.method(controller=STRANGER.did)
    document = build_did_document(ISSUER.did, [method], relationships={"assertionMethod": [method.id]})
    registry.resolved[ISSUER.did] = ResolvedDID(document)
    with pytest.raises(KeyNotControlled):
        verify(ISSUER.sign(degree_credential()), resolver=registry)


def test_a_resolver_that_answers_with_another_document_is_not_believed() -> None:
    registry = Registry()
    registry.resolved[ISSUER.did] = ResolvedDID(STRANGER.document())
    signed = STRANGER.sign(degree_credential(), verification_method=ISSUER.method_id)
    with pytest.raises(ProofInvalid):
        verify(signed, resolver=registry)


def test_a_key_of_another_kind_does_not_serve() -> None:
    registry = Registry()
    method = ISSUER.method(type="Multikey", public_key=PublicKey("P-256", raw_key("P-256")))
    registry.resolved[ISSUER.did] = ResolvedDID(
        build_did_document(ISSUER.did, [method], relationships={"assertionMethod": [method.id]})
    )
    with pytest.raises(ProofInvalid):
        verify(ISSUER.sign(degree_credential()), resolver=registry)


def test_retired_keys_verify_and_compromised_ones_do_not() -> None:
    signed = ISSUER.sign(degree_credential())
    document = ISSUER.document()
    registry = Registry()
    registry.resolved[ISSUER.did] = ResolvedDID(document, compromised_methods=frozenset({ISSUER.did + "#other"}))
    assert verify(signed, resolver=registry)
    registry.resolved[ISSUER.did] = ResolvedDID(document, compromised_methods=frozenset({ISSUER.method_id}))
    with pytest.raises(KeyCompromised):
        verify(signed, resolver=registry)


def test_a_deactivated_issuer_does_not_verify() -> None:
    registry = Registry()
    registry.resolved[ISSUER.did] = ResolvedDID(ISSUER.document(), deactivated=True)
    with pytest.raises(ControllerDeactivated):
        verify(ISSUER.sign(degree_credential()), resolver=registry)


def test_what_cannot_be_resolved_is_told_apart() -> None:
    with pytest.raises(DIDNotFound):
        verify(ISSUER.sign(degree_credential()), resolver=Registry(STRANGER))

    class Generic(Registry):
        def resolve(self, did: str) -> ResolvedDID:
            raise UnsupportedDIDMethod("None is known.")

    with pytest.raises(UnsupportedDIDMethod):
        verify(ISSUER.sign(degree_credential()), resolver=Generic())


@pytest.mark.parametrize("accepted", [frozenset(), frozenset({"eddsa-rdfc-2022"}), frozenset({"eddsa-jcs-2022", ""})])
def test_only_accepted_suites_are_taken(accepted: frozenset[str]) -> None:
    with pytest.raises(ProofInvalid):
        verify(ISSUER.sign(degree_credential()), accepted_suites=accepted)
    with pytest.raises(ProofInvalid):
        verify({**degree_credential(), "proof": {"type": "DataIntegrityProof"}}, accepted_suites=accepted)


def test_only_the_asked_purpose_is_taken() -> None:
    with pytest.raises(ProofInvalid):
        verify(ISSUER.sign(degree_credential(), purpose="authentication"))
    with pytest.raises(ProofInvalid):
        verify(ISSUER.sign(degree_credential()), purpose="authentication")


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({"created": NOW + timedelta(seconds=60)}, True),
        ({"created": NOW + timedelta(seconds=61)}, False),
        ({"created": NOW - timedelta(days=3650)}, True),
        ({"expires": NOW - timedelta(seconds=60)}, True),
        ({"expires": NOW - timedelta(seconds=61)}, False),
    ],
)
def test_a_proof_has_dates_of_its_own(changes: dict[str, Any], holds: bool) -> None:
    signed = ISSUER.sign(degree_credential(), **changes)
    if holds:
        assert verify(signed)
    else:
        with pytest.raises(ProofInvalid):
            verify(signed)


@pytest.mark.parametrize("suite", SUITES)
def test_every_proof_of_a_set_must_hold(suite: str) -> None:
    both = ISSUER.sign(ISSUER.sign(degree_credential("2.0"), suite), suite, created=NOW)
    assert len(verify(both)) == 2
    for index in (0, 1):
        broken = copy.deepcopy(both)
        broken["proof"][index]["created"] = "2026-01-01T00:00:00Z"
        with pytest.raises(ProofInvalid):
            verify(broken)
    beside = STRANGER.sign(ISSUER.sign(degree_credential("2.0"), suite), suite)
    with pytest.raises(KeyNotControlled):
        verify(beside)


@pytest.mark.parametrize("suite", ["eddsa-rdfc-2022", "eddsa-jcs-2022"])
def test_a_chain_holds_only_with_every_link_as_it_was(suite: str) -> None:
    first = ISSUER.sign(degree_credential("2.0"), suite, proof_id="urn:uuid:1")
    second = ISSUER.sign(first, suite, proof_id="urn:uuid:2", previous_proof=("urn:uuid:1",))
    third = ISSUER.sign(second, suite, previous_proof=("urn:uuid:1", "urn:uuid:2"))
    assert [proof.proof.get("id") for proof in verify(third)] == ["urn:uuid:1", "urn:uuid:2", None]

    without_first = {**third, "proof": third["proof"][1:]}
    with pytest.raises(ProofInvalid):
        verify(without_first)
    resigned = copy.deepcopy(third)
    resigned["proof"][0] = ISSUER.sign(degree_credential("2.0"), suite, proof_id="urn:uuid:1", created=NOW)["proof"]
    with pytest.raises(ProofInvalid):
        verify(resigned)


def test_two_proofs_may_not_share_an_id_and_ids_are_texts() -> None:
    one = ISSUER.sign(degree_credential("2.0"), "eddsa-rdfc-2022", proof_id="urn:uuid:1")
    with pytest.raises(ProofInvalid):
        verify({**one, "proof": [one["proof"], one["proof"]]})
    with pytest.raises(ProofInvalid):
        verify({**one, "proof": {**one["proof"], "id": ["urn:uuid:1"]}})


def test_more_than_sixteen_proofs_are_too_complex() -> None:
    signed = ISSUER.sign(degree_credential())
    with pytest.raises(TooComplex):
        verify({**signed, "proof": [signed["proof"]] * 17})


def test_a_jcs_proof_does_not_outlive_a_change_of_contexts() -> None:
    signed = ISSUER.sign(degree_credential("2.0"), "eddsa-jcs-2022")
    extended = {**signed, "@context": [*signed["@context"], "https://w3id.org/security/data-integrity/v2"]}
    with pytest.raises(ProofInvalid):
        verify(extended)
    with pytest.raises(ProofInvalid):
        verify({**signed, "proof": {**signed["proof"], "@context": [DEGREE_CONTEXT]}})
    bare = {name: value for name, value in signed["proof"].items() if name != "@context"}
    with pytest.raises(ProofInvalid):
        verify({**signed, "proof": bare})


def test_an_rdf_proof_brings_no_contexts_of_its_own() -> None:
    signed = ISSUER.sign(degree_credential("2.0"), "eddsa-rdfc-2022")
    with pytest.raises(ProofInvalid):
        verify({**signed, "proof": {**signed["proof"], "@context": signed["@context"]}})


def test_keys_in_the_proof_are_ignored() -> None:
    signed = STRANGER.sign(degree_credential(), verification_method=ISSUER.method_id)
    signed["proof"]["publicKeyMultibase"] = STRANGER.key.multikey
    with pytest.raises(VcError):
        verify(signed)


def test_verifying_leaves_the_document_as_it_was() -> None:
    signed = ISSUER.sign(ISSUER.sign(degree_credential("2.0"), "eddsa-jcs-2022"), "eddsa-rdfc-2022")
    before = copy.deepcopy(signed)
    verify(signed)
    assert signed == before


def test_what_a_document_is_decides_who_stands_behind_it() -> None:
    assert party_of({"type": ["VerifiableCredential"], "issuer": {"id": "did:a:i"}, "holder": "did:a:h"}) == "did:a:i"
    assert party_of({"type": ["VerifiablePresentation"], "issuer": "did:a:i", "holder": "did:a:h"}) == "did:a:h"
    assert party_of({"type": ["VerifiableCredential"], "issuer": ["did:a:i"]}) is None


def test_a_method_listed_under_a_relative_id_is_found() -> None:
    json = ISSUER.document().to_json()
    fragment = "#" + ISSUER.key.multikey
    json["verificationMethod"][0]["id"] = fragment
    json["assertionMethod"] = json["authentication"] = [fragment]
    registry = Registry()
    registry.resolved[ISSUER.did] = ResolvedDID(parse_did_document(json))
    assert verify(ISSUER.sign(degree_credential()), resolver=registry)
