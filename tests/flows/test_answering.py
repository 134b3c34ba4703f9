"""Answering from here: what would be shown is told first, then exactly that is shown, by the door that wallets use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.delivery_errors import PresentationNotFound
from sealwright.domain.dids import DIDKind
from sealwright.domain.errors import MalformedBody
from sealwright.domain.formats import CredentialFormat
from sealwright.domain.people import Caller
from sealwright.services import answering
from sealwright.services.answering import Chosen
from sealwright.services.dids import ImportedDID, NewDID
from sealwright.services.office import Office
from sealwright.services.presenting import MadeRequest
from tests.support.furnished import Furnished
from tests.support.office import MovableClock, add_person, furnish, issue, the_operator
from tests.support.review import audit_rows

EVERY: Final = "did:adi:issuer007"
KINDS: Final = ("Ed25519Signature2020", "bbs-2023", "ecdsa-rdfc-2019")
IN_PART: Final = ("BbsBlsSignature2020", "bbs-2023", "ecdsa-sd-2023")
UNIVERSITY, GRADE = "/credentialSubject/degree/university", "/credentialSubject/degree/gpa"


def act(office: Office, what: Any) -> Any:
    return office.acts.run(the_operator(office), what, changes_registry=True)


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock, furnished: Furnished) -> Iterator[Office]:
    """An office whose issuer signs under every suite."""
    with furnished.open(database_url, tmp_path / "home", clock, with_every_suite) as opened:
        yield opened


def with_every_suite(office: Office) -> None:
    furnish(office)
    wish = ImportedDID(did=EVERY, kind=DIDKind.ORGANIZATION, name="Every", generate=KINDS)
    act(office, lambda uow, me: office.dids.import_did(uow, me, wish))


def person(office: Office, name: str = "alex") -> tuple[Caller, str]:
    """Somebody with a DID that is kept here for them; gives how they come in, and the DID."""
    user_id = add_person(office, name)
    wish = NewDID(owner=user_id, proof_types=("Ed25519Signature2020",))
    did = act(office, lambda uow, me: office.dids.create(uow, me, wish)).did
    _, secret = act(office, lambda uow, me: office.people.create_token(uow, me, user_id, "test"))
    return office.access.authenticate(f"Bearer {secret.text}", office.registry.current()), did


def held(office: Office, did: str, proof_type: str) -> CredentialRecord:
    record: CredentialRecord = issue(office, issuer_did=EVERY, proof_type=proof_type, holder_did=did).record
    return record


def definition(*paths: str, limit: str | None = "required") -> dict[str, Any]:
    constraints: dict[str, Any] = {"fields": [{"path": [one]} for one in paths]}
    if limit is not None:
        constraints["limit_disclosure"] = limit
    one = {"id": "degree", "name": "Your degree", "purpose": "To enroll you", "constraints": constraints}
    return {"presentationDefinition": {"id": "def", "input_descriptors": [one]}}


def asked(office: Office, query: dict[str, Any]) -> MadeRequest:
    made: MadeRequest = act(office, lambda uow, me: office.presenting.ask_query(uow, me, query))
    return made


def result(office: Office, made: MadeRequest) -> dict[str, Any]:
    report: dict[str, Any] = dict(
        office.presenting.own(the_operator(office), made.request.presentation_id).request.report or {}
    )
    return report


@pytest.mark.parametrize("proof_type", IN_PART)
def test_what_is_asked_for_is_shown_and_nothing_more(office: Office, proof_type: str) -> None:
    alex, did = person(office)
    record = held(office, did, proof_type)
    made = asked(office, definition("$.credentialSubject.degree.university"))
    preview = office.answering.open(alex, made.deep_link)
    (part,) = preview.parts
    assert (part.part.name, part.part.purpose, part.unmet) == ("Your degree", "To enroll you", None)
    assert part.asked == ("$.credentialSubject.degree.university",)
    (offered,) = part.offered
    assert (offered.record.credential_id, offered.pointers) == (record.credential_id, (UNIVERSITY,))
    assert (offered.always, offered.is_whole, offered.hindrance) == ((), False, None)
    assert preview.suggested == ("degree",)
    office.answering.answer(alex, made.request_uri, [Chosen("degree", record.credential_id)])
    report = result(office, made)
    assert report["verdict"] == "valid", report
    assert report["claims"] == {"degree": {"university": "MIT"}}
    assert report["credentials"][0]["beyond"] == []
    assert "3.8" not in json.dumps(report)
    with pytest.raises(PresentationNotFound):
        office.answering.answer(alex, made.request_uri, [Chosen("degree", record.credential_id)])


def test_a_whole_credential_is_hindered_where_disclosure_is_limited(office: Office) -> None:
    alex, did = person(office)
    record = held(office, did, "Ed25519Signature2020")
    made = asked(office, definition("$.credentialSubject.degree.university"))
    (part,) = office.answering.open(alex, made.deep_link).parts
    (offered,) = part.offered
    assert offered.is_whole
    assert offered.hindrance is not None
    assert GRADE in offered.always
    assert part.unmet == offered.hindrance
    with pytest.raises(MalformedBody):
        office.answering.answer(alex, made.deep_link, [Chosen("degree", record.credential_id)])
    free = asked(office, definition("$.credentialSubject.degree.university", limit=None))
    office.answering.answer(alex, free.deep_link, [Chosen("degree", record.credential_id)])
    report = result(office, free)
    assert report["verdict"] == "valid", report
    assert report["claims"] == {"degree": {"university": "MIT"}}
    assert GRADE in report["credentials"][0]["beyond"]


def test_sd_jwts_are_shown_in_part_by_dcql(office: Office) -> None:
    alex, did = person(office)
    source = held(office, did, "Ed25519Signature2020")
    copy = office.copies.make(source, CredentialFormat.SD_JWT, did)
    vct = office.presenting.queries._candidates.of((copy.document or b"").decode())
    assert vct is not None
    query = {"id": "sd", "format": "dc+sd-jwt", "meta": {"vct_values": sorted(vct.types)},
             "claims": [{"path": ["degree", "university"]}]}  # fmt: skip
    made = asked(office, {"dcqlQuery": {"credentials": [query]}})
    (part,) = office.answering.open(alex, made.deep_link).parts
    assert part.asked == ("/degree/university",)
    assert [(one.pointers, one.always) for one in part.offered] == [(("/degree/university",), ())]
    office.answering.answer(alex, made.deep_link, [Chosen("sd", copy.credential_id)])
    report = result(office, made)
    assert report["verdict"] == "valid", report
    assert report["claims"] == {"degree": {"university": "MIT"}}
    assert report["credentials"][0]["beyond"] == []


def test_questions_of_types_are_answered_too(office: Office) -> None:
    alex, did = person(office)
    record = held(office, did, "bbs-2023")
    name = next(one for one in record.types if one != "VerifiableCredential")
    made: MadeRequest = act(office, lambda uow, me: office.presenting.ask(uow, me, name, ("degree",)))
    preview = office.answering.open(alex, made.deep_link)
    assert preview.suggested == ("ldp_vc",)
    office.answering.answer(alex, made.deep_link, [Chosen("ldp_vc", record.credential_id)])
    report = result(office, made)
    assert report["verdict"] == "valid", report
    assert report["claims"]["degree"]["university"] == "MIT"


def test_only_what_is_ones_own_is_shown_and_only_what_was_asked(office: Office) -> None:
    alex, did = person(office)
    eve, _ = person(office, "eve")
    record = held(office, did, "bbs-2023")
    made = asked(office, definition("$.credentialSubject.degree.university"))
    assert office.answering.open(eve, made.deep_link).parts[0].offered == ()
    assert office.answering.open(eve, made.deep_link).suggested is None
    for caller, chosen in (
        (eve, [Chosen("degree", record.credential_id)]),
        (alex, []),
        (alex, [Chosen("other", record.credential_id)]),
        (alex, [Chosen("degree", "urn:uuid:019a3f00-7d5c-7a53-9c39-2f6b8f0f3f11")]),
        (alex, [Chosen("degree", record.credential_id, (UNIVERSITY, GRADE))]),
    ):
        with pytest.raises(MalformedBody):
            office.answering.answer(caller, made.deep_link, chosen)
    for request in ("x", "A" * 26, "https://evil.example/oid4vp/requests/ABC", "openid4vp://?request_uri=x", ""):
        with pytest.raises(PresentationNotFound):
            office.answering.open(alex, request)
    revoke = office.revocation.revoke
    act(office, lambda uow, me: revoke(uow, me, record.credential_id, "over"))
    assert office.answering.open(alex, made.deep_link).parts[0].offered == ()
    assert result(office, made) == {}


def signed(office: Office) -> int:
    return sum(one["action"] == "presentation.created" for one in audit_rows(office))


def test_what_no_verifier_would_take_is_refused_before_a_key_signs(office: Office) -> None:
    alex, did = person(office)
    first, second = (held(office, did, "bbs-2023").credential_id for _ in range(2))
    one = {"format": "ldp_vc", "meta": {"type_values": [["UniversityDegreeCredential"]]},
           "claims": [{"path": ["credentialSubject", "degree", "university"]}]}  # fmt: skip
    by_type = next(name for name in office.shelf.get(first, alex, office.registry.current()).types if "Degree" in name)
    for part, query in (
        ("degree", definition("$.credentialSubject.degree.university")),
        ("degree", {"dcqlQuery": {"credentials": [{**one, "id": "degree"}]}}),
        ("ldp_vc", None),
    ):
        made = (
            asked(office, query)
            if query is not None
            else act(office, lambda uow, me: office.presenting.ask(uow, me, by_type, ("degree",)))
        )
        for twice in ((first, first), (first, second)):
            with pytest.raises(MalformedBody) as refused:
                office.answering.answer(alex, made.deep_link, [Chosen(part, name) for name in twice])
            assert refused.value.faults[0].pointer == "/answers/1"
    many = asked(office, {"dcqlQuery": {"credentials": [{**one, "id": "degree", "multiple": True}]}})
    with pytest.raises(MalformedBody):
        office.answering.answer(alex, many.deep_link, [Chosen("degree", first), Chosen("degree", first)])
    assert signed(office) == 0
    office.answering.answer(alex, many.deep_link, [Chosen("degree", first), Chosen("degree", second)])
    assert (signed(office), result(office, many)["verdict"]) == (2, "valid")


@pytest.mark.parametrize("place", ["openid4vp://[", "openid4vp://\u2100/", "openid4vp:", "openid4vp://a]b/c"])
def test_what_stands_before_a_links_query_is_not_looked_at(office: Office, place: str) -> None:
    alex, did = person(office)
    held(office, did, "bbs-2023")
    made = asked(office, definition("$.credentialSubject.degree.university"))
    query = made.deep_link.partition("?")[2]
    for text in (place, f"{place}?", f"{place}?request_uri=x", f"{place}#?{query}"):
        with pytest.raises(PresentationNotFound):
            office.answering.open(alex, text)
    assert office.answering.open(alex, f"{place}?{query}").suggested == ("degree",)


DCQL_ANY: Final = {"dcqlQuery": {"credentials": [
    {"id": "degree", "format": "ldp_vc", "meta": {"type_values": [["UniversityDegreeCredential"]]},
     "claims": [{"path": ["credentialSubject", "degree", "university"]}]}]}}  # fmt: skip


@pytest.mark.parametrize("query", [definition("$..university"), DCQL_ANY], ids=["definition", "dcql"])
def test_a_strangers_question_has_one_allowance_for_all_ones_credentials(
    office: Office, query: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    alex, did = person(office)
    count = 6
    newest = [held(office, did, "bbs-2023").credential_id for _ in range(count)]
    made = asked(office, query)

    def offered() -> list[str]:
        (part,) = office.answering.open(alex, made.deep_link).parts
        return [one.record.credential_id for one in part.offered]

    assert sorted(offered()) == sorted(newest)
    monkeypatch.setattr(answering, "LOOKS_MOST", 100)
    assert 0 < len(offered()) < count
    monkeypatch.setattr(answering, "LOOKS_MOST", 2)
    assert offered() == []
    # What was chosen is looked at alone, with an allowance of its own.
    office.answering.answer(alex, made.deep_link, [Chosen("degree", newest[0])])
    assert result(office, made)["verdict"] == "valid"
