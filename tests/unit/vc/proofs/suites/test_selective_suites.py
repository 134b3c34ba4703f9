"""What ecdsa-sd-2023 and bbs-2023 show, keep back and refuse, asked as issuer, holder and verifier."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from sealwright.vc.errors import DerivationInvalid, ProofInvalid, TooComplex, UndefinedTerm
from sealwright.vc.proofs.bbs.requests import Scheme, decode_request
from sealwright.vc.proofs.registry import disclosure_suite, issuing_suite
from sealwright.vc.proofs.selective.selection import MAX_POINTERS
from sealwright.vc.proofs.suites.disclosure import Wish
from sealwright.vc.proofs.unsecured import without_proof
from tests.support.disclosing import GPA, MANDATORY, NAMES, UNIVERSITY, World, parts_of, world
from tests.support.proving import canonicalizer, degree_credential
from tests.support.readable import readable

every_suite = pytest.mark.parametrize("name", NAMES)


def refusal_of(tried: World, signed: dict[str, Any], *pointers: str, **wish: Any) -> DerivationInvalid:
    with pytest.raises(DerivationInvalid) as refusal:
        tried.derived(signed, *pointers, **wish)
    return refusal.value


@every_suite
def test_both_are_suites_of_disclosure_that_take_mandatory_pointers(name: str) -> None:
    suite = disclosure_suite(name)
    assert suite is not None
    assert suite is issuing_suite(name)
    assert suite.takes_pointers
    assert suite.proof_type == suite.derived_type == "DataIntegrityProof"


@every_suite
def test_a_holder_shows_what_was_chosen_and_what_is_mandatory_and_nothing_else(name: str) -> None:
    tried = world(name)
    signed = tried.signed()
    before = copy.deepcopy(signed)
    derived = tried.derived(signed, UNIVERSITY)
    document = tried.document
    assert without_proof(derived) == {
        "@context": document["@context"],
        "type": document["type"],
        "issuer": document["issuer"],
        "validFrom": document["validFrom"],
        "validUntil": document["validUntil"],
        "credentialSubject": {
            "id": document["credentialSubject"]["id"],
            "degree": {"type": "BachelorDegree", "university": "MIT"},
        },
    }
    assert {**derived["proof"], "proofValue": ""} == {**tried.options, "proofValue": ""}
    assert tried.verified(derived).is_derived
    assert "3.8" not in json.dumps(derived)
    assert "gpa" not in readable(json.dumps(derived))
    assert signed == before


@every_suite
def test_a_base_proof_is_for_issuer_and_holder_and_a_derived_one_for_all(name: str) -> None:
    tried = world(name)
    signed = tried.signed()
    derived = tried.derived(signed, UNIVERSITY)
    assert not tried.looked_at(signed).is_derived
    assert tried.looked_at(derived).is_derived
    assert tried.verified(derived).may_hide == frozenset()
    with pytest.raises(ProofInvalid, match="A base proof is for the holder") as refusal:
        tried.verified(signed)
    assert refusal.value.pointer == "/proof/proofValue"


@every_suite
def test_nothing_can_be_derived_from_a_derived_proof(name: str) -> None:
    tried = world(name)
    derived = tried.derived(tried.signed(), UNIVERSITY)
    with pytest.raises(ProofInvalid):
        tried.derived(derived, UNIVERSITY)


@every_suite
def test_without_a_choice_the_mandatory_part_is_shown_alone(name: str) -> None:
    tried = world(name)
    derived = tried.derived(tried.signed())
    assert set(derived) == {"@context", "type", "issuer", "validFrom", "validUntil", "proof"}
    assert tried.verified(derived).is_derived


@every_suite
def test_where_nothing_is_mandatory_something_must_be_chosen(name: str) -> None:
    tried = world(name)
    signed = tried.signed(mandatory=())
    assert "Nothing" in refusal_of(tried, signed).detail
    derived = tried.derived(signed, GPA)
    assert set(derived) == {"@context", "type", "credentialSubject", "proof"}
    assert tried.verified(derived).is_derived


@every_suite
def test_all_may_be_shown(name: str) -> None:
    tried = world(name)
    derived = tried.derived(tried.signed(), "")
    assert without_proof(derived) == tried.document
    assert tried.verified(derived).is_derived


@every_suite
@pytest.mark.parametrize(
    "pointer", ["/none", "/credentialSubject/degree/none", "credentialSubject", f"{GPA}/0", "/proof"]
)
def test_a_pointer_that_leads_nowhere_is_named(name: str, pointer: str) -> None:
    tried = world(name)
    assert refusal_of(tried, tried.signed(), UNIVERSITY, pointer).pointer == pointer
    with pytest.raises(DerivationInvalid) as refusal:
        tried.suite.prepare(tried.covered(tried.document), tried.key, ("/issuer", pointer))
    assert refusal.value.pointer == "/mandatoryPointers"


@every_suite
def test_wishes_that_cannot_be_met_are_refused_by_name(name: str) -> None:
    tried = world(name)
    signed = tried.signed()
    assert refusal_of(tried, signed, frame={"type": "VerifiableCredential"}).pointer == "/frame"
    assert "200" in refusal_of(tried, signed, *[UNIVERSITY] * (MAX_POINTERS + 1)).detail
    covered = tried.covered(tried.document, previousProof="urn:uuid:1")
    with pytest.raises(DerivationInvalid):
        tried.suite.derive(covered, tried.key, signed["proof"], Wish((UNIVERSITY,)))


def test_ecdsa_sd_has_no_place_for_a_nonce() -> None:
    tried = world("ecdsa-sd-2023")
    assert refusal_of(tried, tried.signed(), UNIVERSITY, nonce=b"\x01").pointer == "/nonce"


def test_bbs_tells_the_nonce_that_a_proof_is_bound_to() -> None:
    tried = world("bbs-2023")
    signed = tried.signed()
    for nonce in (b"", b"\x01", bytes(1_024)):
        assert tried.verified(tried.derived(signed, UNIVERSITY, nonce=nonce)).nonce == nonce
    assert refusal_of(tried, signed, UNIVERSITY, nonce=bytes(1_025)).pointer == "/nonce"


def test_a_bbs_signer_is_asked_by_a_request() -> None:
    tried = world("bbs-2023")
    draft = tried.suite.prepare(tried.covered(tried.document), tried.key, MANDATORY)
    request = decode_request(draft.data_to_sign)
    assert request.scheme is Scheme.IETF_SHA_256
    assert len(request.header) == 64
    assert any(b'"MIT"' in message for message in request.messages)
    assert not any(b"validFrom" in message for message in request.messages)


def test_an_ecdsa_signer_is_given_hashes_and_the_key_of_the_proof() -> None:
    tried = world("ecdsa-sd-2023")
    first, second = (tried.suite.prepare(tried.covered(tried.document), tried.key, MANDATORY) for _ in range(2))
    assert len(first.data_to_sign) == 32 + 35 + 32
    assert first.data_to_sign[:32] == second.data_to_sign[:32]
    assert first.data_to_sign[32:67] != second.data_to_sign[32:67]


@every_suite
def test_a_signature_of_the_wrong_length_is_not_put_in(name: str) -> None:
    tried = world(name)
    draft = tried.suite.prepare(tried.covered(tried.document), tried.key, MANDATORY)
    for length in (0, 63, 65, 79, 81, 112):
        with pytest.raises(ProofInvalid):
            draft.proof_value(bytes(length))


@every_suite
def test_secrets_of_a_proof_are_fresh(name: str) -> None:
    tried = world(name)
    first, second = (parts_of(tried.signed())[1] for _ in range(2))
    place = 2 if name == "ecdsa-sd-2023" else 3
    assert len(first[place]) == len(second[place]) == 32
    assert first[place] != second[place]


def test_two_showings_of_a_bbs_credential_have_nothing_in_common_but_what_they_show() -> None:
    tried = world("bbs-2023")
    signed = tried.signed()
    first, second = (parts_of(tried.derived(signed, UNIVERSITY))[1] for _ in range(2))
    assert first[1:] == second[1:]
    assert not {first[0][at : at + 16] for at in range(len(first[0]) - 15)} & {
        second[0][at : at + 16] for at in range(len(second[0]) - 15)
    }
    _, base = parts_of(signed)
    assert base[0][:48] not in first[0]
    assert base[3] not in first[0]


def test_the_secret_of_the_labels_is_not_passed_on() -> None:
    tried = world("ecdsa-sd-2023")
    signed = tried.signed()
    _, base = parts_of(signed)
    assert base[2] not in json.dumps(tried.derived(signed, UNIVERSITY)).encode()
    assert base[2] not in b"".join(parts_of(tried.derived(signed, UNIVERSITY))[1][2])


@every_suite
def test_where_everything_is_mandatory(name: str) -> None:
    tried = world(name)
    if name == "bbs-2023":
        with pytest.raises(DerivationInvalid) as refusal:
            tried.signed(mandatory=("",))
        assert refusal.value.pointer == "/mandatoryPointers"
    else:
        assert tried.verified(tried.derived(tried.signed(mandatory=("",)))).is_derived


@every_suite
def test_documents_that_would_not_be_signed_whole_are_refused(name: str) -> None:
    tried = world(name)
    undefined = {**tried.document, "undefinedTerm": 1}
    with pytest.raises(UndefinedTerm):
        tried.suite.prepare(tried.covered(undefined), tried.key, MANDATORY)
    derived = tried.derived(tried.signed(), UNIVERSITY)
    with pytest.raises(UndefinedTerm):
        tried.verified({**derived, "undefinedTerm": 1})


@every_suite
def test_a_huge_document_is_refused_before_anything_is_signed(name: str) -> None:
    tried = world(name)
    subjects = [{"id": f"did:example:{number}"} for number in range(1_100)]
    with pytest.raises(TooComplex):
        tried.suite.prepare(tried.covered({**tried.document, "credentialSubject": subjects}), tried.key, MANDATORY)


@every_suite
def test_a_credential_with_an_id_always_shows_it(name: str) -> None:
    tried = World(name, document=degree_credential("2.0"))
    derived = tried.derived(tried.signed(), GPA)
    assert derived["id"] == tried.document["id"]
    assert tried.verified(derived).is_derived


@every_suite
def test_data_model_1_1_serves_as_well(name: str) -> None:
    document = degree_credential("1.1")
    document["@context"] = [*document["@context"], "https://w3id.org/security/data-integrity/v2"]
    tried = World(name, document=document)
    derived = tried.derived(tried.signed(("/issuer", "/issuanceDate")), UNIVERSITY)
    assert tried.verified(derived).is_derived
    assert "expirationDate" not in derived


@every_suite
def test_known_shapes_never_go_to_the_reference_processor(name: str) -> None:
    tried = World(name, document=degree_credential("2.0"))

    def all_acts() -> None:
        signed = tried.signed()
        tried.looked_at(signed)
        tried.verified(tried.derived(signed, UNIVERSITY))

    all_acts()
    canon = canonicalizer()
    canon.finish_rechecks()
    before = canon.stats()
    for _ in range(3):
        all_acts()
    after = canon.stats()
    assert (after.fallbacks, after.compiles) == (before.fallbacks, before.compiles)
    # Each act reads the document and its named form; signing and deriving read parts besides.
    assert after.hits - before.hits >= 3 * 12
    assert after.mismatches == 0
