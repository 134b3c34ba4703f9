"""Absence under BbsBlsSignature2020: never claimed of what the issuer did include, and claimed where all is shown."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealwright.vc.canon.terms import parse_line
from sealwright.vc.proofs.suites.bbs2020_absence import MEMBERS, VOCABULARY, ShownStatement, may_hide
from tests.support.legacy_holder import check, derive, framed, show, signed_texts, texts_shown
from tests.support.proving import ISSUER, degree_credential

SUITE = "BbsBlsSignature2020"
V1 = "https://www.w3.org/2018/credentials/v1"
V2 = "https://www.w3.org/ns/credentials/v2"
STATUS_CONTEXT = "https://w3id.org/vc/status-list/2021/v1"
DATES = {"expirationDate", "issuanceDate", "validFrom", "validUntil"}
# Around the places where the members stand, before and behind all of them, and where the two orders of text part.
PREDICATES = [
    *(f"{VOCABULARY}{member}" for member in sorted(MEMBERS)),
    *(f"{VOCABULARY}{member}s" for member in sorted(MEMBERS)),
    f"{VOCABULARY}credentialSubject",
    f"{VOCABULARY}issuer",
    f"{VOCABULARY}z",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#type",
    "a:b",
    "z:z",
]
SUBJECTS = [
    "_:c14n0",
    "_:c14n1",
    "<did:a:1>",
    "<https://a.example/1>",
    "<urn:uuid:1>",
    "<urn:uuid:1\U00010000>",
    "<urn:uuid:1\ue000>",
]
OBJECTS = ['"1"', '"\U00010000"', '"\ue000"', "<did:a:1>", "<a:b>", "<z:z>", "_:c14n0"]

statement = st.builds(
    "{} <{}> {} .".format, st.sampled_from(SUBJECTS), st.sampled_from(PREDICATES), st.sampled_from(OBJECTS)
)


def member_of(text: str, subject: str) -> str | None:
    """The member of the credential that a statement gives a value to."""
    start = f"{subject} <{VOCABULARY}"
    name = text.removeprefix(start).split("> ")[0] if text.startswith(start) else ""
    return name if name in MEMBERS else None


def document_of(context: str, subject: str, shown: list[str]) -> dict[str, Any]:
    """What a reader sees of the members."""
    name = f"urn:bnid:{subject}" if subject.startswith("_:") else subject[1:-1]
    document: dict[str, Any] = {"@context": [context], "id": name}
    for text in shown:
        member = member_of(text, subject)
        if member is not None:
            document.setdefault(member, []).append(text)
    return document


def units(text: str) -> bytes:
    return text.encode("utf-16-be")


@given(
    st.sets(statement, min_size=1, max_size=14),
    st.sampled_from(SUBJECTS),
    st.sampled_from([V1, V2, "https://other.example"]),
    st.booleans(),
    st.randoms(use_true_random=False),
)
@settings(max_examples=600, deadline=None)
def test_what_was_kept_back_is_never_called_absent(
    texts: set[str], subject: str, context: str, by_units: bool, chance: random.Random
) -> None:
    """Whatever the issuer signed, in either order of text, and whatever part of it is shown."""
    signed = sorted(texts, key=units) if by_units else sorted(texts)
    places = sorted(chance.sample(range(len(signed)), chance.randint(0, len(signed))))
    shown = [signed[place] for place in places]
    # A verifier sorts by code point: a part whose order differs there does not verify at all.
    if shown != sorted(shown):
        return
    statements = [ShownStatement(place, text) for place, text in zip(places, shown, strict=True)]
    told = may_hide(document_of(context, subject, shown), statements, len(signed))
    of_model = {V1: {"validFrom", "validUntil"}, V2: {"expirationDate", "issuanceDate"}}.get(context, set())
    for text in set(signed) - set(shown):
        member = member_of(text, subject)
        if member is None or member in of_model:
            continue
        # Of a date one value is all there is; two of them no issuer writes.
        if member in DATES and any(member_of(other, subject) == member for other in shown):
            continue
        assert member in told


@given(st.sets(statement, min_size=1, max_size=14), st.sampled_from(SUBJECTS))
@settings(max_examples=300, deadline=None)
def test_of_a_document_that_is_shown_whole_nothing_is_hidden(texts: set[str], subject: str) -> None:
    signed = sorted(texts)
    statements = [ShownStatement(place, text) for place, text in enumerate(signed)]
    told = may_hide(document_of(V1, subject, signed), statements, len(signed))
    if any(text.startswith(f"{subject} ") for text in signed):
        assert told == frozenset()
    else:
        assert told == {"credentialSchema", "credentialStatus", "expirationDate", "issuanceDate"}


def test_the_property_sees_a_planted_fault() -> None:
    """If room between neighbours were not looked at, hidden statements would pass as absent."""
    subject = "<urn:uuid:1>"
    signed = sorted(f"{subject} <{VOCABULARY}{name}> <a:b> ." for name in ("a", "credentialStatus", "z"))
    around = [ShownStatement(0, signed[0]), ShownStatement(2, signed[2])]
    document = document_of(V1, subject, [signed[0], signed[2]])
    assert "credentialStatus" in may_hide(document, around, 3)
    told_as_neighbours = [ShownStatement(0, signed[0]), ShownStatement(1, signed[2])]
    assert may_hide(document, told_as_neighbours, 2) == frozenset()


def test_a_value_under_another_spelling_is_not_shown() -> None:
    subject = "<urn:uuid:1>"
    texts = sorted(f"{subject} <{VOCABULARY}credentialStatus> <a:{n}> ." for n in range(2))
    statements = [ShownStatement(place, text) for place, text in enumerate(texts)]
    document = document_of(V1, subject, texts)
    assert may_hide(document, statements, 2) == frozenset()
    spelled = {**document, "credentialStatus": texts[:1], f"{VOCABULARY}credentialStatus": texts[1:]}
    assert may_hide(spelled, statements, 2) == {"credentialStatus"}
    del spelled["credentialStatus"]
    assert may_hide(spelled, statements, 2) == {"credentialStatus"}


@pytest.mark.parametrize("name", [None, 7, "urn:uuid:other", "_:c14n0", ["urn:uuid:1"]])
def test_of_a_document_whose_node_is_not_found_everything_may_be_hidden(name: Any) -> None:
    statements = [ShownStatement(0, f"<urn:uuid:1> <{VOCABULARY}z> <a:b> .")]
    assert may_hide({"@context": [V1], "id": name}, statements, 1) == {
        "credentialSchema",
        "credentialStatus",
        "expirationDate",
        "issuanceDate",
    }


# The same over real credentials with real proofs.


def entry(number: int, purpose: str) -> dict[str, Any]:
    return {
        "id": f"https://office.example/status/{number}#5",
        "type": "StatusList2021Entry",
        "statusPurpose": purpose,
        "statusListIndex": "5",
        "statusListCredential": f"https://office.example/status/{number}",
    }


def credential(chance: random.Random) -> dict[str, Any]:
    """A signed credential of which the issuer did or did not include each of the members."""
    document = degree_credential(
        credential_id=chance.choice(["urn:uuid:1", "https://a.example/1", "did:a:1", "https://www.w3.org/2018/d"]),
        subject_id=chance.choice([None, "did:adi:holder001", "https://z.example/holder"]),
    )
    document["@context"].append(STATUS_CONTEXT)
    if chance.random() < 0.7:
        entries = [entry(1, "revocation"), entry(2, "suspension")][: chance.randint(1, 2)]
        document["credentialStatus"] = entries if len(entries) > 1 else entries[0]
    if chance.random() < 0.5:
        document["credentialSchema"] = {"id": "did:adi:schema:1", "type": "JsonSchemaValidator2018"}
    if chance.random() < 0.5:
        document.pop("expirationDate", None)
    if chance.random() < 0.2:
        document.pop("id")
    return ISSUER.sign(document, SUITE)


@pytest.mark.parametrize("seed", range(30))
def test_no_holder_hides_what_a_real_credential_includes(seed: int) -> None:
    chance = random.Random(seed)
    signed = credential(chance)
    texts = signed_texts(signed)
    name = signed.get("id")
    subject = f"<{name}>" if name else next(t for t in texts if "#VerifiableCredential>" in t).split(" ")[0]
    kept = [text for text in texts if chance.random() < 0.7 or "#VerifiableCredential>" in text]
    part = reachable(signed, kept, subject)
    told = check(show(signed, part))
    shown = set(texts_shown(part))
    hidden = {member_of(text, subject) for text in texts if text not in shown} - {None}
    assert hidden & {"credentialSchema", "credentialStatus", "expirationDate", "issuanceDate"} <= told.may_hide
    # By our own rules nothing of the credential is kept back, and that is proven.
    assert check(derive(signed, "/credentialSubject/degree/gpa")).may_hide == frozenset()


def reachable(signed: dict[str, Any], texts: list[str], subject: str) -> dict[str, Any]:
    """A document that shows those of the statements that hang together with the credential's node."""
    quads = {text: parse_line(f"{text}\n") for text in texts}
    known, before = {subject}, 0
    while len(known) != before:
        before = len(known)
        known |= {quad[2] for quad in quads.values() if quad[0] in known}
    named = {**signed, "id": signed.get("id", f"urn:bnid:{subject}")}
    return framed(named, [text for text in texts if quads[text][0] in known])


def test_what_stands_last_needs_a_neighbour_to_be_absent() -> None:
    """In data model 2.0 `validUntil` is the last statement of the credential; what follows is the holder's to show."""
    without_end = ISSUER.sign(degree_credential("2.0", valid_until=None), SUITE)
    assert "validUntil" not in without_end
    # The degree's first statement is the neighbour: with it absence is proven, without it stays open.
    assert check(derive(without_end, "/credentialSubject/degree/gpa")).may_hide == frozenset()
    assert check(derive(without_end, "/credentialSubject/degree/university")).may_hide == {"validUntil"}
    with_end = ISSUER.sign(degree_credential("2.0"), SUITE)
    assert check(derive(with_end, "/credentialSubject/degree/university")).may_hide == frozenset()
