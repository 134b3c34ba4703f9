"""BbsBlsSignature2020: what a holder chooses is shown and nothing else, and whatever else was tried is refused."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from sealwright.vc.errors import DerivationInvalid, InvalidKey, ProofInvalid, TooComplex, UndefinedTerm, VcError
from sealwright.vc.proofs.registry import suite_name_of
from sealwright.vc.proofs.signing import ProofOptions, prepare, with_suite_context
from sealwright.vc.proofs.suites.bbs2020_statements import (
    BBS_CONTEXT,
    decode_text,
    encode_text,
    placed,
    signed_quads,
)
from sealwright.vc.proofs.verifying import verify_proofs
from tests.support.legacy_holder import (
    KEY,
    NONCE,
    check,
    covered_by,
    derive,
    proof_over,
    show,
    signed_texts,
    suite,
    texts_shown,
)
from tests.support.proving import (
    ALL_SUITES,
    DEGREE_CONTEXT,
    ISSUER,
    NOW,
    STRANGER,
    Registry,
    canonicalizer,
    degree_credential,
)
from tests.support.readable import readable

SUITE = "BbsBlsSignature2020"
DERIVED = "BbsBlsSignatureProof2020"
CLAIMS = ("type", "university", "graduationYear", "gpa")
VALUES = {"type": "BachelorDegree", "university": "MIT", "graduationYear": 2025, "gpa": 3.8}
STATUS = {
    "id": "https://office.example/status/1#73120",
    "type": "StatusList2021Entry",
    "statusPurpose": "revocation",
    "statusListIndex": "73120",
    "statusListCredential": "https://office.example/status/1",
}
STATUS_CONTEXT = "https://w3id.org/vc/status-list/2021/v1"


def signed_degree(**changes: Any) -> dict[str, Any]:
    return ISSUER.sign(degree_credential(**changes), SUITE)


def with_status(*entries: dict[str, Any], **changes: Any) -> dict[str, Any]:
    document = degree_credential(**changes)
    document["@context"] = [*document["@context"], STATUS_CONTEXT]
    document["credentialStatus"] = list(entries) if len(entries) > 1 else entries[0]
    return ISSUER.sign(document, SUITE)


def without(document: dict[str, Any], *members: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in members}


def every_subset() -> list[tuple[str, ...]]:
    return [chosen for count in range(1, len(CLAIMS) + 1) for chosen in itertools.combinations(CLAIMS, count)]


def pointers_to(chosen: tuple[str, ...]) -> list[str]:
    return [f"/credentialSubject/degree/{name}" for name in chosen]


@pytest.mark.parametrize("chosen", every_subset(), ids="-".join)
def test_exactly_what_is_chosen_is_shown(chosen: tuple[str, ...]) -> None:
    derived = derive(signed_degree(), *pointers_to(chosen))
    degree = derived["credentialSubject"]["degree"]
    assert without(degree, "id") == {name: VALUES[name] for name in chosen}
    # The values kept back stand nowhere, not even as texts of the proof.
    text = json.dumps(derived)
    for name in set(CLAIMS) - set(chosen):
        assert f'"{name}": {json.dumps(VALUES[name])}' not in text
    # One statement for each claim, one for the link to the degree; all others are of the credential and its subject.
    assert sum("degree" in text.split(" ")[1] for text in texts_shown(derived)) == len(chosen) + 1
    told = check(derived)
    assert told.is_derived
    assert told.may_hide == frozenset()
    assert told.nonce == NONCE


def test_a_derived_credential_verifies_as_the_issuers() -> None:
    derived = derive(signed_degree(), *pointers_to(("gpa",)))
    (proof,) = verify_proofs(
        derived,
        resolver=Registry(ISSUER),
        canon=canonicalizer(),
        purpose="assertionMethod",
        accepted_suites=ALL_SUITES,
        now=NOW,
    )
    assert proof.suite.name == SUITE
    assert suite_name_of(derived["proof"]) == DERIVED
    assert proof.controller.document.id == ISSUER.did


def test_what_always_goes_with_it() -> None:
    derived = derive(with_status(STATUS), *pointers_to(("gpa",)))
    assert without(derived, "proof", "credentialSubject") == without(with_status(STATUS), "proof", "credentialSubject")
    assert derived["credentialSubject"]["id"] == "did:adi:holder001"
    assert derived["proof"] | {"type": SUITE} == {
        **without(with_status(STATUS)["proof"], "proofValue"),
        "nonce": derived["proof"]["nonce"],
        "proofValue": derived["proof"]["proofValue"],
    }


def test_other_nodes_of_the_credential_show_their_name_and_type_only() -> None:
    document = degree_credential()
    document["evidence"] = [
        {"id": "https://office.example/evidence/1", "type": ["DegreeEvidence"], "name": "A secret of the holder"},
        {"type": ["DegreeEvidence"], "name": "Another secret"},
    ]
    document["@context"].append("https://www.w3.org/ns/credentials/examples/v2")
    signed = ISSUER.sign(document, SUITE)
    assert check(signed).is_derived is False
    derived = derive(signed, *pointers_to(("gpa",)))
    assert check(derived).may_hide == frozenset()
    assert "secret" not in readable(json.dumps(derived))
    assert [entry["type"] for entry in derived["evidence"]] == [["DegreeEvidence"], ["DegreeEvidence"]]
    # Pointed at, they are shown whole.
    assert "Another secret" in json.dumps(derive(signed, "/evidence/1"))


def test_a_value_that_is_pointed_at_is_shown_whole_and_the_whole_is_the_whole() -> None:
    signed = signed_degree()
    assert without(derive(signed, "/credentialSubject/degree")["credentialSubject"]["degree"], "id") == VALUES
    assert texts_shown(derive(signed, "")) == signed_texts(signed)


def test_without_a_nonce_one_is_drawn() -> None:
    signed = signed_degree()
    nonces = {derive(signed, "/credentialSubject/degree/gpa", nonce=b"")["proof"]["nonce"] for _ in range(3)}
    assert len(nonces) == 3


@pytest.mark.parametrize("count", [1, 3, 12])
def test_labels_are_never_counted_anew(count: int) -> None:
    """From the eleventh node on, labels sort otherwise than numbers; those of hidden nodes leave gaps."""
    degrees = [{"type": f"Degree{n}", "university": f"U{n}", "gpa": 1.5 + n} for n in range(count)]
    signed = ISSUER.sign(degree_credential(claims={"degree": degrees}), SUITE)
    for chosen in (range(count), range(0, count, 2), [count - 1]):
        pointers = [f"/credentialSubject/degree/{number}/university" for number in chosen]
        derived = derive(signed, *pointers)
        assert check(derived).is_derived
        shown = derived["credentialSubject"]["degree"]
        assert [without(degree, "id") for degree in shown] == [{"university": f"U{n}"} for n in chosen]
        assert len({degree["id"] for degree in shown}) == len(shown)


@pytest.mark.parametrize("credential_id", [None, "https://office.example/credentials/1", "did:example:1", "urn:a:1"])
def test_any_identifier_will_do(credential_id: str | None) -> None:
    document = degree_credential()
    document.pop("id")
    if credential_id is not None:
        document["id"] = credential_id
    derived = derive(ISSUER.sign(document, SUITE), "/credentialSubject/degree/gpa")
    assert check(derived).may_hide == frozenset()
    assert derived["id"] == credential_id or derived["id"].startswith("urn:bnid:_:c14n")


def test_a_subject_without_identifier_gets_a_placeholder() -> None:
    derived = derive(signed_degree(subject_id=None), "/credentialSubject/degree/gpa")
    assert derived["credentialSubject"]["id"].startswith("urn:bnid:_:c14n")
    assert check(derived).is_derived


# Wishes that cannot be met.


@pytest.mark.parametrize(
    "pointers",
    [
        (),
        ("/credentialSubject/degree/honors",),
        ("/credentialSubject/degree/id",),
        ("/proof/proofValue",),
        ("credentialSubject",),
        ("/credentialSubject/degree/gpa/x",),
        ("/credentialSubject/degree/~2",),
        ("/type/7",),
        ("/credentialSubject/degree/gpa",) * 201,
    ],
)
def test_pointers_that_lead_nowhere(pointers: tuple[str, ...]) -> None:
    with pytest.raises(DerivationInvalid):
        derive(signed_degree(), *pointers)


def test_mandatory_pointers_and_long_nonces_are_refused() -> None:
    document = with_suite_context(degree_credential(), SUITE)
    asked = ProofOptions(SUITE, "did:example:a#b", NOW, mandatory_pointers=("/issuer",), public_key=KEY)
    with pytest.raises(DerivationInvalid):
        prepare(document, asked, canonicalizer())
    with pytest.raises(DerivationInvalid):
        derive(signed_degree(), "/credentialSubject/degree/gpa", nonce=bytes(1025))


def test_nothing_is_derived_from_a_derived_or_a_broken_proof() -> None:
    signed = signed_degree()
    with pytest.raises(DerivationInvalid):
        derive(derive(signed, "/credentialSubject/degree"), "/credentialSubject/degree/gpa")
    signed["credentialSubject"]["degree"]["gpa"] = 4.5
    with pytest.raises(ProofInvalid):
        derive(signed, "/credentialSubject/degree/gpa")


def test_an_identifier_that_looks_like_a_placeholder_is_not_shown_in_part() -> None:
    signed = signed_degree(subject_id="urn:bnid:_:c14n0")
    assert check(signed).is_derived is False
    with pytest.raises(DerivationInvalid, match="begins as"):
        derive(signed, "/credentialSubject/degree/gpa")


def test_a_text_that_spells_a_placeholder_stays_a_text() -> None:
    claims = {"degree": {"university": "<urn:bnid:_:c14n0>", "type": 'urn:bnid:_:c14n0 "> <_:c14n0> .', "gpa": 1.5}}
    signed = ISSUER.sign(degree_credential(claims=claims), SUITE)
    derived = derive(signed, "/credentialSubject/degree")
    assert check(derived).is_derived
    assert without(derived["credentialSubject"]["degree"], "id") == claims["degree"]
    (quad,) = signed_quads([b'<a:b> <c:d> "<urn:bnid:_:c14n0>" .'])
    assert quad[2] == '"<urn:bnid:_:c14n0>"'


def test_labels_come_back_in_places_of_nodes_only() -> None:
    (quad,) = signed_quads([b"<urn:bnid:_:c14n1> <urn:bnid:_:c14n2> <urn:bnid:_:c14n3> <urn:bnid:_:c14n4> ."])
    assert quad == ("_:c14n1", "<urn:bnid:_:c14n2>", "_:c14n3", "_:c14n4")
    for odd in ("<urn:bnid:_:c14n01>", "<urn:bnid:_:b0>", "<urn:bnid:c14n0>", "<urn:bnid:_:c14n>"):
        (quad,) = signed_quads([f"{odd} <a:b> <c:d> .".encode()])
        assert quad[0] == odd
    assert placed("_:c14n12") == "<urn:bnid:_:c14n12>"
    assert placed("<a:b>") == "<a:b>"


# What a verifier must not take.


def _at(*path: Any) -> Callable[[dict[str, Any]], None]:
    """A change of one member; the last of the arguments is its new value, an ellipsis takes it away."""

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


CHANGES = {
    "a claim": _at("credentialSubject", "degree", "gpa", 4.5),
    "a claim as text": _at("credentialSubject", "degree", "gpa", "3.8"),
    "a claim more": _at("credentialSubject", "degree", "university", "MIT"),
    "a claim less": _at("credentialSubject", "degree", "gpa", ...),
    "another node for the claim": _at("credentialSubject", "degree", "id", "urn:bnid:_:c14n1"),
    "a node of no label": _at("credentialSubject", "degree", "id", "urn:bnid:_:c14n00"),
    "a node with another name": _at("credentialSubject", "degree", "id", "urn:other:_:c14n0"),
    "a node without name": _at("credentialSubject", "degree", "id", ...),
    "another holder": _at("credentialSubject", "id", "did:example:thief"),
    "no holder": _at("credentialSubject", "id", ...),
    "another issuer": _at("issuer", "did:example:other"),
    "another id": _at("id", "urn:uuid:00000000-0000-4000-8000-000000000000"),
    "a later end": _at("expirationDate", "2040-12-31T23:59:59Z"),
    "no end": _at("expirationDate", ...),
    "a type less": _at("type", ["VerifiableCredential"]),
    "another nonce": _at("proof", "nonce", encode_text(b"another")),
    "no nonce": _at("proof", "nonce", ...),
    "an empty nonce": _at("proof", "nonce", ""),
    "a nonce without padding": _at("proof", "nonce", encode_text(NONCE[:-1]).rstrip("=")),
    "a nonce that is no text": _at("proof", "nonce", 7),
    "another moment": _at("proof", "created", "2026-11-21T02:00:00Z"),
    "no moment": _at("proof", "created", ...),
    "another method": _at("proof", "verificationMethod", f"{ISSUER.did}#other"),
    "another purpose": _at("proof", "proofPurpose", "authentication"),
    "a challenge more": _at("proof", "challenge", "c"),
    "the type of a base proof": _at("proof", "type", SUITE),
    "a proof value of another kind": _at("proof", "proofValue", encode_text(bytes(112))),
    "no proof value": _at("proof", "proofValue", ...),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_a_changed_derived_credential_is_refused(change: Callable[[dict[str, Any]], None]) -> None:
    derived = derive(signed_degree(), "/credentialSubject/degree/gpa")
    assert check(derived).is_derived
    change(derived)
    with pytest.raises(ProofInvalid):
        check(derived)


def test_statements_in_another_order_are_not_those_that_were_signed() -> None:
    """Order within the document is of no matter: it is the statements that are sorted."""
    derived = derive(signed_degree(), *pointers_to(("gpa", "university")))
    turned = dict(reversed(list(derived.items())))
    turned["credentialSubject"] = dict(reversed(list(derived["credentialSubject"].items())))
    assert check(turned) == check(derived)
    signed = signed_degree()
    texts = signed_texts(signed)
    chosen = [texts.index(text) for text in texts_shown(derived)]
    assert check({**derived, "proof": proof_over(signed, chosen)}).is_derived
    # As many statements, of which one is another than the document shows.
    for place in range(len(texts)):
        if place not in chosen:
            moved = sorted([*chosen[:-1], place])
            with pytest.raises(ProofInvalid):
                check({**derived, "proof": proof_over(signed, moved)})


def test_a_statement_added_or_dropped_is_found() -> None:
    signed = signed_degree()
    texts = signed_texts(signed)
    derived = derive(signed, "/credentialSubject/degree/gpa")
    chosen = [texts.index(text) for text in texts_shown(derived)]
    for more in set(range(len(texts))) - set(chosen):
        with pytest.raises(ProofInvalid, match="does not disclose"):
            check({**derived, "proof": proof_over(signed, [*chosen, more])})
    for less in chosen:
        with pytest.raises(ProofInvalid, match="does not disclose"):
            check({**derived, "proof": proof_over(signed, [place for place in chosen if place != less])})


def test_two_nodes_that_change_places_are_found() -> None:
    degrees = [{"university": "A", "gpa": 1.5}, {"university": "B", "gpa": 2.5}]
    signed = ISSUER.sign(degree_credential(claims={"degree": degrees}), SUITE)
    derived = derive(signed, *(f"/credentialSubject/degree/{n}" for n in (0, 1)))
    first, second = derived["credentialSubject"]["degree"]
    first["id"], second["id"] = second["id"], first["id"]
    with pytest.raises(ProofInvalid):
        check(derived)


def test_one_node_told_twice_is_found() -> None:
    """A second object with the same statements, but without name, would merge with the first one's label."""
    derived = derive(signed_degree(), "/credentialSubject/degree/gpa")
    degree = derived["credentialSubject"]["degree"]
    derived["credentialSubject"]["degree"] = [degree, {"university": "Oxford"}]
    with pytest.raises(ProofInvalid, match="must name all its nodes"):
        check(derived)


@pytest.mark.parametrize("skip", [1, 2, 3, 4])
def test_all_statements_of_the_proof_are_shown(skip: int) -> None:
    signed = signed_degree()
    derived = derive(signed, "/credentialSubject/degree/gpa")
    texts = signed_texts(signed)
    chosen = [texts.index(text) for text in texts_shown(derived)]
    with pytest.raises(ProofInvalid, match="does not disclose"):
        check({**derived, "proof": proof_over(signed, chosen, skip=skip)})


def test_no_member_of_the_proof_can_be_left_out() -> None:
    signed = ISSUER.sign(degree_credential(), SUITE, challenge="of the issuer", domain="office.example")
    derived = derive(signed, "/credentialSubject/degree/gpa")
    assert derived["proof"]["challenge"] == "of the issuer"
    assert check(derived).is_derived
    for member in ("challenge", "domain", "created", "proofPurpose", "verificationMethod"):
        with pytest.raises(ProofInvalid):
            check({**derived, "proof": without(derived["proof"], member)})


def test_another_key_did_not_sign_it() -> None:
    other = STRANGER.method_for(SUITE).public_key
    for document in (signed_degree(), derive(signed_degree(), "/credentialSubject/degree/gpa")):
        with pytest.raises(ProofInvalid):
            suite().verify(covered_by(document), other, document["proof"])


def test_a_context_more_or_less_is_no_way_round() -> None:
    derived = derive(signed_degree(), "/credentialSubject/degree/gpa")
    # A context that defines nothing of what stands there changes no statement.
    assert check({**derived, "@context": [*derived["@context"], STATUS_CONTEXT]}).is_derived
    with pytest.raises(UndefinedTerm):
        check({**derived, "@context": without_context(derived, DEGREE_CONTEXT)})
    # Without the suite's context nobody else finds the proof, so we do not either.
    with pytest.raises(VcError):
        check({**derived, "@context": without_context(derived, BBS_CONTEXT)})


def without_context(document: dict[str, Any], context: str) -> list[str]:
    return [entry for entry in document["@context"] if entry != context]


@pytest.mark.parametrize("member", ["proofValue", "nonce"])
def test_texts_of_the_proof_have_one_spelling(member: str) -> None:
    derived = derive(signed_degree(), "/credentialSubject/degree/gpa", nonce=b"1234")
    text = derived["proof"][member]
    odd = {
        "",
        "u" + text,
        text + "=",
        text + "\n",
        text.rstrip("=") + "===",
        " " + text,
        "=" + text,
        text[:-4] + "é===",
    }
    # The last character before two signs of padding carries four bits that say nothing.
    if text.endswith("=="):
        odd.add(text[:-3] + chr(ord(text[-3]) + 1) + "==")
    for spelled in odd:
        with pytest.raises(ProofInvalid):
            check({**derived, "proof": {**derived["proof"], member: spelled}})
    assert decode_text(derived["proof"], member)


def test_the_longest_document_and_one_statement_more() -> None:
    """5 statements of the proof and 1,019 of the document are signed; with one more, none of them."""
    bare = len(signed_texts(ISSUER.sign(degree_credential(claims={"degree": {"university": ["0"]}}), SUITE)))

    def long(count: int) -> dict[str, Any]:
        return degree_credential(claims={"degree": {"university": [f"U{n}" for n in range(count - bare + 1)]}})

    options = 4
    document = with_suite_context(long(1024 - options), SUITE)
    method = ISSUER.method_for(SUITE)
    asked = ProofOptions(SUITE, method.id, NOW, public_key=method.public_key)
    assert prepare(document, asked, canonicalizer()).data_to_sign
    with pytest.raises(TooComplex, match="1025 statements"):
        prepare(with_suite_context(long(1025 - options), SUITE), asked, canonicalizer())
    huge = copy.deepcopy(signed_degree())
    huge["credentialSubject"]["degree"]["university"] = [f"U{n}" for n in range(1100)]
    with pytest.raises(TooComplex):
        check(huge)
    huge["proof"] = derive(signed_degree(), "/credentialSubject/degree/gpa")["proof"]
    huge["credentialSubject"]["degree"]["id"] = "urn:bnid:_:c14n0"
    with pytest.raises(TooComplex):
        check(huge)


def test_a_signature_of_another_length_is_no_signature() -> None:
    document = with_suite_context(degree_credential(), SUITE)
    method = ISSUER.method_for(SUITE)
    prepared = prepare(document, ProofOptions(SUITE, method.id, NOW, public_key=method.public_key), canonicalizer())
    assert prepared.base is not None
    for length in (0, 64, 80, 111, 113):
        with pytest.raises(ProofInvalid):
            prepared.base.proof_value(bytes(length))
    with pytest.raises(InvalidKey):
        prepare(document, ProofOptions(SUITE, method.id, NOW), canonicalizer())


def test_a_part_written_by_hand_verifies_if_its_statements_were_signed() -> None:
    """Others derive without our rules: what they show holds, and of what they keep back we say that it may be there."""
    signed = with_status(STATUS)
    bare = without(signed, "proof", "credentialStatus", "credentialSubject")
    told = check(show(signed, {**bare, "credentialSubject": {"id": "did:adi:holder001"}}))
    assert told.is_derived
    # Where the schema's name would stand there is the same gap.
    assert told.may_hide == {"credentialSchema", "credentialStatus"}
