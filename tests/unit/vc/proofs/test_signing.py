"""Making proofs: what is hashed, what stands in the proof, what stays as it was."""

from __future__ import annotations

import copy
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from sealwright.vc.encoding.jcs import canonicalize_json
from sealwright.vc.encoding.multibase import base58btc_decode
from sealwright.vc.errors import (
    InvalidKey,
    MalformedDocument,
    ProofInvalid,
    ProofTypeUnavailable,
    UndefinedTerm,
    UnsignableValue,
    UnsupportedProofType,
)
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs import registry
from sealwright.vc.proofs.signing import ProofOptions, attach, prepare, verify_prepared, with_suite_context
from tests.support.proving import HASHING_SUITES, ISSUER, NOW, STRANGER, canonicalizer, degree_credential

ED_CONTEXT = "https://w3id.org/security/suites/ed25519-2020/v1"
DI_CONTEXT = "https://w3id.org/security/data-integrity/v2"
CREATED = NOW - timedelta(minutes=1)


def options(suite: str, **changes: Any) -> ProofOptions:
    return ProofOptions(suite, ISSUER.method_id, CREATED, **changes)


@pytest.mark.parametrize("model", ["1.1", "2.0"])
@pytest.mark.parametrize("suite", HASHING_SUITES)
def test_what_is_signed_is_the_hash_of_the_options_then_of_the_document(suite: str, model: str) -> None:
    document = with_suite_context(degree_credential(model), suite)
    prepared = prepare(document, options(suite), canonicalizer())
    proof = {**prepared.proof, "@context": document["@context"]}
    form = canonicalize_json if "-jcs-" in suite else canonicalizer().canonicalize_by_reference
    assert prepared.data_to_sign == sha256(form(proof)).digest() + sha256(form(document)).digest()


def test_a_2020_proof_has_the_members_of_its_kind() -> None:
    proof = ISSUER.sign(degree_credential())["proof"]
    assert list(proof) == ["type", "created", "verificationMethod", "proofPurpose", "proofValue"]
    assert proof["type"] == "Ed25519Signature2020"
    assert proof["created"] == "2026-11-21T02:29:00Z"
    assert proof["verificationMethod"] == ISSUER.method_id
    assert proof["proofPurpose"] == "assertionMethod"
    assert len(base58btc_decode(proof["proofValue"].removeprefix("z"))) == 64


def test_a_cryptosuite_names_itself_and_jcs_repeats_the_contexts() -> None:
    proof = ISSUER.sign(degree_credential("2.0"), "eddsa-rdfc-2022")["proof"]
    assert (proof["type"], proof["cryptosuite"]) == ("DataIntegrityProof", "eddsa-rdfc-2022")
    assert "@context" not in proof
    signed = ISSUER.sign(degree_credential("2.0"), "eddsa-jcs-2022")
    assert signed["proof"]["@context"] == signed["@context"]


def test_all_options_reach_the_proof_and_its_hash() -> None:
    document = with_suite_context(degree_credential("2.0"), "eddsa-rdfc-2022")
    full = options(
        "eddsa-rdfc-2022",
        purpose="authentication",
        challenge="c",
        domain="https://verifier.example",
        proof_id="urn:uuid:1",
        expires=NOW + timedelta(days=1),
    )
    prepared = prepare(document, full, canonicalizer())
    assert list(prepared.proof) == [
        *(
            "type",
            "id",
            "cryptosuite",
            "created",
            "verificationMethod",
            "proofPurpose",
            "expires",
            "challenge",
            "domain",
        )
    ]
    hashes = {prepared.data_to_sign[:32]}
    for changes in ({"challenge": "d"}, {"domain": "e"}, {"proof_id": "urn:uuid:2"}, {"purpose": "assertionMethod"}):
        changed = ProofOptions(**{**{name: getattr(full, name) for name in full.__slots__}, **changes})
        hashes.add(prepare(document, changed, canonicalizer()).data_to_sign[:32])
    assert len(hashes) == 5


def test_signing_leaves_the_document_as_it_was() -> None:
    document = with_suite_context(degree_credential(), "Ed25519Signature2020")
    before = copy.deepcopy(document)
    signed = ISSUER.sign(document)
    assert document == before
    assert list(signed) == [*before, "proof"]


def test_the_same_key_document_and_date_give_the_same_bytes() -> None:
    assert ISSUER.sign(degree_credential()) == ISSUER.sign(degree_credential())
    other = ISSUER.sign(degree_credential(), created=CREATED - timedelta(seconds=1))
    assert other["proof"]["proofValue"] != ISSUER.sign(degree_credential())["proof"]["proofValue"]


@pytest.mark.parametrize(
    ("model", "suite", "added"),
    [
        ("1.1", "Ed25519Signature2020", ED_CONTEXT),
        ("2.0", "Ed25519Signature2020", ED_CONTEXT),
        ("1.1", "eddsa-rdfc-2022", DI_CONTEXT),
        ("1.1", "eddsa-jcs-2022", DI_CONTEXT),
        ("2.0", "eddsa-rdfc-2022", None),
        ("2.0", "eddsa-jcs-2022", None),
    ],
)
def test_the_context_of_the_suite_is_added_where_it_is_missing(model: str, suite: str, added: str | None) -> None:
    document = degree_credential(model)
    once = with_suite_context(document, suite)
    assert once["@context"] == [*document["@context"], *([added] if added else [])]
    assert with_suite_context(once, suite) == once


def test_an_older_context_of_the_suite_will_do() -> None:
    document = degree_credential()
    document["@context"].append("https://w3id.org/security/data-integrity/v1")
    assert with_suite_context(document, "eddsa-rdfc-2022") == document


@pytest.mark.parametrize("contexts", [None, "https://www.w3.org/ns/credentials/v2", []])
def test_a_document_without_contexts_gets_none(contexts: object) -> None:
    with pytest.raises(MalformedDocument):
        with_suite_context({**degree_credential(), "@context": contexts}, "Ed25519Signature2020")


def test_without_the_context_of_the_suite_nothing_is_signed() -> None:
    with pytest.raises(UndefinedTerm) as caught:
        prepare(degree_credential(), options("Ed25519Signature2020"), canonicalizer())
    assert (caught.value.pointer or "").startswith("/proof")


def test_earlier_proofs_are_kept_unjudged_and_not_covered() -> None:
    first = ISSUER.sign(degree_credential("2.0"), "eddsa-rdfc-2022")
    both = STRANGER.sign(first, "eddsa-rdfc-2022")
    alone = STRANGER.sign(degree_credential("2.0"), "eddsa-rdfc-2022")
    assert both["proof"] == [first["proof"], alone["proof"]]
    third = ISSUER.sign(both, "eddsa-jcs-2022")
    assert third["proof"][:2] == both["proof"]
    assert len(third["proof"]) == 3


def test_a_chained_proof_covers_those_it_names() -> None:
    first = ISSUER.sign(degree_credential("2.0"), "eddsa-rdfc-2022", proof_id="urn:uuid:1")
    chained = ISSUER.sign(first, "eddsa-rdfc-2022", previous_proof=("urn:uuid:1",))["proof"][1]
    beside = ISSUER.sign(first, "eddsa-rdfc-2022")["proof"][1]
    assert chained["previousProof"] == "urn:uuid:1"
    assert chained["proofValue"] != beside["proofValue"]
    with pytest.raises(ProofInvalid):
        ISSUER.sign(first, "eddsa-rdfc-2022", previous_proof=("urn:uuid:9",))
    with pytest.raises(ProofInvalid):
        ISSUER.sign(degree_credential("2.0"), "eddsa-rdfc-2022", previous_proof=("urn:uuid:1",))


def test_undefined_terms_are_refused_under_every_suite() -> None:
    document = degree_credential("2.0", claims={"unknownClaim": 1})
    for suite in HASHING_SUITES:
        with pytest.raises(UndefinedTerm):
            ISSUER.sign(document, suite)


def test_null_and_empty_are_refused_where_they_would_not_be_signed() -> None:
    for value in (None, [], {}):
        document = degree_credential("2.0", claims={"degree": {"name": value, "university": "MIT"}})
        for suite in ("Ed25519Signature2020", "eddsa-rdfc-2022"):
            with pytest.raises(UnsignableValue):
                ISSUER.sign(document, suite)
        assert "proof" in ISSUER.sign(document, "eddsa-jcs-2022")


def test_known_suites_that_cannot_run_here_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "UNAVAILABLE", frozenset({"known-2030"}))
    with pytest.raises(ProofTypeUnavailable, match="known-2030"):
        prepare(degree_credential(), options("known-2030"), canonicalizer())


@pytest.mark.parametrize("suite", ["", "ed25519signature2020", "Ed25519Signature2018", "DataIntegrityProof"])
def test_unknown_suites_are_refused_with_the_known_ones(suite: str) -> None:
    with pytest.raises(UnsupportedProofType, match="eddsa-rdfc-2022") as caught:
        prepare(degree_credential(), options(suite), canonicalizer())
    assert not isinstance(caught.value, ProofTypeUnavailable)


def test_a_fresh_signature_is_checked_against_its_digest() -> None:
    prepared = prepare(
        with_suite_context(degree_credential(), "Ed25519Signature2020"),
        options("Ed25519Signature2020"),
        canonicalizer(),
    )
    signature = ISSUER.signer.sign(prepared.data_to_sign)
    verify_prepared(prepared, signature, ISSUER.key)
    with pytest.raises(ProofInvalid):
        verify_prepared(prepared, STRANGER.signer.sign(prepared.data_to_sign), ISSUER.key)
    with pytest.raises(ProofInvalid):
        verify_prepared(prepared, ISSUER.signer.sign(bytes(64)), ISSUER.key)
    with pytest.raises(InvalidKey):
        verify_prepared(prepared, signature, PublicKey("Ed25519", bytes([1]) + bytes(31)))
    for length in (63, 65):
        with pytest.raises(ProofInvalid):
            attach(prepared, bytes(length))
