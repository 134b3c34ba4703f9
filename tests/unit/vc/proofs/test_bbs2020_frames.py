"""Showing by JSON-LD frame under BbsBlsSignature2020: what frames say, what goes with it, and what no frame may."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sealwright.vc.errors import DerivationInvalid
from tests.support.legacy_holder import check, derive, signed_texts, texts_shown
from tests.support.proving import DEGREE_CONTEXT, ISSUER, degree_credential
from tests.support.readable import readable

SUITE = "BbsBlsSignature2020"
STATUS_CONTEXT = "https://w3id.org/vc/status-list/2021/v1"
DEGREE = {"type": "BachelorDegree", "university": "MIT", "graduationYear": 2025, "gpa": 3.8}
STATUS = {
    "id": "https://office.example/status/1#5",
    "type": "StatusList2021Entry",
    "statusPurpose": "revocation",
    "statusListIndex": "5",
    "statusListCredential": "https://office.example/status/1",
}
TYPES = ["VerifiableCredential", "UniversityDegreeCredential"]


def signed(**changes: Any) -> dict[str, Any]:
    document = degree_credential(**changes)
    document["@context"].append(STATUS_CONTEXT)
    document["credentialStatus"] = dict(STATUS)
    document["credentialSchema"] = {"id": "did:adi:schema:1", "type": "JsonSchemaValidator2018"}
    return ISSUER.sign(document, SUITE)


def degree_of(derived: dict[str, Any]) -> dict[str, Any]:
    degree = derived["credentialSubject"]["degree"]
    return {name: value for name, value in degree.items() if name != "id"}


def by_frame(document: dict[str, Any], **members: Any) -> dict[str, Any]:
    derived = derive(document, frame=members)
    told = check(derived)
    assert told.is_derived
    assert told.may_hide == frozenset()
    return derived


def test_explicit_shows_what_it_names_and_no_more() -> None:
    subject = {"@explicit": True, "degree": {"@explicit": True, "gpa": {}}}
    derived = by_frame(signed(), type=TYPES, credentialSubject=subject)
    assert degree_of(derived) == {"gpa": 3.8}
    assert derived["credentialSubject"]["id"] == "did:adi:holder001"
    assert "MIT" not in readable(json.dumps(derived))


def test_a_bare_node_shows_all_of_its_members() -> None:
    """Over-disclosure by the frame's own words: a node without `@explicit` is shown whole."""
    derived = by_frame(signed(), type=TYPES, credentialSubject={"@explicit": True, "degree": {}})
    assert degree_of(derived) == DEGREE
    assert degree_of(by_frame(signed(), type=TYPES)) == DEGREE
    document = signed()
    assert texts_shown(by_frame(document, type=TYPES)) == signed_texts(document)


def test_an_explicit_frame_of_the_credential_shows_its_own_statements_all_the_same() -> None:
    document = signed()
    derived = by_frame(document, **{"type": TYPES, "@explicit": True})
    assert derived["credentialSubject"] == {"id": "did:adi:holder001"}
    assert derived["credentialStatus"] == STATUS
    assert derived["credentialSchema"] == document["credentialSchema"]
    for member in ("issuer", "issuanceDate", "expirationDate"):
        assert derived[member] == document[member]


@pytest.mark.parametrize("member", ["issuer", "credentialStatus", "credentialSchema"])
def test_no_frame_shows_half_of_what_is_always_shown(member: str) -> None:
    derived = by_frame(signed(), **{"type": TYPES, "@explicit": True, member: {"@explicit": True, "type": {}}})
    assert derived["credentialStatus"] == STATUS


@pytest.mark.parametrize("member", ["issuer", "credentialStatus", "credentialSchema", "expirationDate"])
def test_a_member_framed_by_its_whole_name_is_not_hidden_by_it(member: str) -> None:
    iri = f"https://www.w3.org/2018/credentials#{member}"
    frame = {"type": TYPES, "@explicit": True, iri: {"@id": "did:example:another"}}
    try:
        derived = derive(signed(), frame=frame)
    except DerivationInvalid:
        return
    assert check(derived).may_hide == frozenset()
    assert member in derived


def test_a_frame_finds_the_credential_by_type_by_id_or_by_nothing() -> None:
    document = signed()
    subject = {"@explicit": True, "degree": {"@explicit": True, "university": {}}}
    for members in ({"type": TYPES}, {"id": document["id"]}, {"@id": document["id"]}, {}):
        assert degree_of(by_frame(document, credentialSubject=subject, **members)) == {"university": "MIT"}


def test_a_credential_without_id_is_framed_too() -> None:
    document = degree_credential()
    document.pop("id")
    derived = by_frame(ISSUER.sign(document, SUITE), credentialSubject={"@explicit": True, "degree": {}})
    assert derived["id"].startswith("urn:bnid:_:c14n")
    assert degree_of(derived) == DEGREE


def test_values_come_back_as_they_were_written() -> None:
    """Numbers, truth values, texts of every kind; and what JSON has no place for stays a typed value."""
    texts = ["", "tab\t", 'quote " and \\', "line\nfeed", "\u2028", "\U0001f600", "\x01\x7f", "_:c14n0 .", "é"]
    degree = {"university": texts, "gpa": [3.8, 0.1, -2.5e-7, 12345.678], "graduationYear": [2025, -1, 2**53 - 1, 0]}
    document = ISSUER.sign(degree_credential(claims={"degree": degree}), SUITE)
    derived = degree_of(by_frame(document, type=TYPES))
    assert {name: sorted(values, key=str) for name, values in derived.items()} == {
        name: sorted(values, key=str) for name, values in degree.items()
    }


def test_a_single_type_and_context_stay_arrays() -> None:
    document = degree_credential()
    document["type"] = ["VerifiableCredential"]
    derived = by_frame(ISSUER.sign(document, SUITE), type="VerifiableCredential")
    assert derived["type"] == ["VerifiableCredential"]
    assert isinstance(derived["@context"], list)


def test_a_single_value_of_an_array_stays_in_an_array() -> None:
    degree = [{"type": "BachelorDegree", "university": ["MIT"], "gpa": 3.5}]
    document = ISSUER.sign(degree_credential(claims={"degree": degree}), SUITE)
    for subject in ({}, {"@explicit": True, "degree": {"@explicit": True, "university": {}}}):
        (shown,) = by_frame(document, type=TYPES, credentialSubject=subject)["credentialSubject"]["degree"]
        assert shown["university"] == ["MIT"]
        assert shown.get("gpa", 3.5) == 3.5


def test_several_nodes_in_one_frame() -> None:
    degrees = [{"type": f"D{n}", "university": f"U{n}"} for n in range(12)]
    document = ISSUER.sign(degree_credential(claims={"degree": degrees}), SUITE)
    subject = {"@explicit": True, "degree": {"@explicit": True, "university": {}}}
    shown = by_frame(document, type=TYPES, credentialSubject=subject)["credentialSubject"]["degree"]
    assert sorted(degree["university"] for degree in shown) == sorted(f"U{n}" for n in range(12))
    assert all(degree.keys() == {"id", "university"} for degree in shown)


FRAMES: dict[str, dict[str, Any]] = {
    "of another credential": {"id": "urn:uuid:00000000-0000-4000-8000-000000000000"},
    "of the subject alone": {"id": "did:adi:holder001"},
    "that drops the subject": {"type": TYPES, "credentialSubject": {"id": "did:example:other"}},
    "with a context that is not pinned": {"@context": ["https://elsewhere.example/v1"], "type": TYPES},
    "with an inline context": {"@context": [{"x": "https://x.example/"}], "type": TYPES},
    "without the suite's context": {"@context": ["https://www.w3.org/2018/credentials/v1", DEGREE_CONTEXT]},
    "with a member of no meaning": {"type": TYPES, "nonsense": {}},
    "that repeats without end": {"type": TYPES, "@embed": "@always"},
    "that ties objects": {"type": TYPES, "@embed": "@link"},
    "with a keyword of no frame": {"type": TYPES, "@graph": [{}]},
    "with a nest of included": {"type": TYPES, "@included": [{}]},
    "with a flag that is no truth": {"type": TYPES, "@explicit": "true"},
    "with a default": {"type": TYPES, "credentialSubject": {"degree": {"gpa": {"@default": 4.0}}}},
    "that is reversed": {"type": TYPES, "@reverse": {"credentialSubject": {}}},
    "too large": {"type": TYPES, "credentialSubject": {"id": ["did:a:b"] * 2001}},
    "too deep": {"type": TYPES, "credentialSubject": json.loads('{"degree":' * 40 + "{}" + "}" * 40)},
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=list(FRAMES))
def test_frames_that_are_refused(frame: dict[str, Any]) -> None:
    with pytest.raises(DerivationInvalid) as refused:
        derive(signed(), frame=frame)
    assert (refused.value.pointer or "/frame").startswith("/frame")


@pytest.mark.parametrize("flag", [True, False])
def test_a_frame_puts_no_words_in_the_issuers_mouth(flag: bool) -> None:
    """A value in a frame is a pattern: what does not match it is not shown."""
    subject = {"@explicit": True, "degree": {"@requireAll": flag, "@explicit": True, "university": "Oxford", "gpa": {}}}
    derived = by_frame(signed(), type=TYPES, credentialSubject=subject)
    assert "Oxford" not in readable(json.dumps(derived))
    assert "MIT" not in readable(json.dumps(derived))
    assert ("degree" in derived["credentialSubject"]) is not flag


def test_a_frame_and_pointers_exclude_each_other() -> None:
    with pytest.raises(DerivationInvalid, match="exclude"):
        derive(signed(), "/credentialSubject/degree/gpa", frame={"type": TYPES})


def test_a_frame_in_other_words_shows_the_same() -> None:
    """Further contexts, or another order of them, change the spelling alone."""
    document = signed()
    subject = {"@explicit": True, "degree": {"@explicit": True, "gpa": {}}}
    turned = [document["@context"][0], *reversed(document["@context"][1:]), "https://w3id.org/security/multikey/v1"]
    derived = by_frame(document, **{"@context": turned, "type": TYPES, "credentialSubject": subject})
    assert derived["@context"] == turned
    assert texts_shown(derived) == texts_shown(by_frame(document, type=TYPES, credentialSubject=subject))
