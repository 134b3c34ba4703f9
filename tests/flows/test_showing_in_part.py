"""Credentials under every suite: issued, shown in part, presented; revoked, suspended, expired, replayed, stolen."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sealwright.domain.credentials import CredentialRecord, ReasonCode, StatusPurpose
from sealwright.domain.delivery_errors import HolderMismatch
from sealwright.domain.dids import DIDKind
from sealwright.domain.errors import CredentialNotFound, HolderNotFound, MalformedBody
from sealwright.domain.formats import CredentialFormat
from sealwright.domain.people import Caller
from sealwright.services.dids import ImportedDID, NewDID
from sealwright.services.issuing_line import Issued
from sealwright.services.office import Office
from sealwright.services.order_checks import DocumentOptions
from sealwright.services.presentation_making import PresentationWish
from sealwright.services.verification import PresentationOptions, VerifyOptions
from sealwright.vc.encoding.pointers import value_at
from sealwright.vc.encoding.strict_json import parse_json
from sealwright.vc.errors import DerivationInvalid, ProofInvalid, UnsupportedProofType
from sealwright.vc.proofs.deriving import mandatory_of
from sealwright.vc.proofs.suites.disclosure import Wish
from sealwright.vc.verification.report import Outcome, VerificationReport
from tests.support.furnished import Furnished
from tests.support.office import MovableClock, add_person, degree_request, furnish, issue, the_operator
from tests.support.review import audit_rows

EVERY = "did:adi:issuer007"
IN_PART = ("BbsBlsSignature2020", "bbs-2023", "ecdsa-sd-2023")
WHOLE = ("ecdsa-rdfc-2019", "ecdsa-jcs-2019")
STANDARD = ("bbs-2023", "ecdsa-sd-2023")
UNIVERSITY, GRADE = "/credentialSubject/degree/university", "/credentialSubject/degree/gpa"
CHALLENGE, DOMAIN = "n-0S6_WzA2Mj", "verifier.example"


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock, furnished: Furnished) -> Iterator[Office]:
    """An office whose issuer signs under every suite."""
    with furnished.open(database_url, tmp_path / "home", clock, with_every_suite) as opened:
        yield opened


def with_every_suite(office: Office) -> None:
    furnish(office)
    kinds = ("Ed25519Signature2020", "bbs-2023", "ecdsa-rdfc-2019")
    wish = ImportedDID(did=EVERY, kind=DIDKind.ORGANIZATION, name="Every", generate=kinds)
    act(office, lambda uow, me: office.dids.import_did(uow, me, wish))


def act(office: Office, what: Callable[..., Any]) -> Any:
    return office.acts.run(the_operator(office), what, changes_registry=True)


def person(office: Office, name: str = "alex", *proof_types: str) -> tuple[Caller, str]:
    """Somebody with a DID that is kept here for them; gives how they come in, and the DID."""
    user_id = add_person(office, name)
    wish = NewDID(owner=user_id, proof_types=proof_types or ("Ed25519Signature2020",))
    did = act(office, lambda uow, me: office.dids.create(uow, me, wish)).did
    _, secret = act(office, lambda uow, me: office.people.create_token(uow, me, user_id, "test"))
    return office.access.authenticate(f"Bearer {secret.text}", office.registry.current()), did


def issued(office: Office, proof_type: str, **changes: object) -> CredentialRecord:
    done: Issued = issue(office, issuer_did=EVERY, proof_type=proof_type, **changes)
    return done.record


def document(record: CredentialRecord) -> dict[str, Any]:
    assert record.document is not None
    value = parse_json(record.document)
    assert isinstance(value, dict)
    return value


def derived(office: Office, record: CredentialRecord, *pointers: str) -> dict[str, Any]:
    made = office.deriving.derive(document(record), Wish(pointers=pointers or (UNIVERSITY,)))
    assert isinstance(made, dict)
    return made


def verify(office: Office, credential: object, **options: Any) -> VerificationReport:
    return office.verifier.verify(credential, VerifyOptions(**options))


def outcomes(report: VerificationReport) -> dict[str, tuple[str, str | None]]:
    return {check.name: (check.outcome.value, check.code) for check in report.failures}


@pytest.mark.parametrize("proof_type", [*IN_PART, *WHOLE])
def test_every_suite_signs_and_its_own_data_model(office: Office, proof_type: str) -> None:
    record = issued(office, proof_type, suspendable=True)
    signed = document(record)
    model = "https://www.w3.org/2018/credentials/v1" if proof_type == "BbsBlsSignature2020" else None
    assert signed["@context"][0] == (model or "https://www.w3.org/ns/credentials/v2")
    assert record.proof_type == proof_type
    assert verify(office, signed, is_own_work=True)
    assert bool(verify(office, signed)) is (proof_type not in STANDARD)


@pytest.mark.parametrize("proof_type", IN_PART)
def test_what_is_shown_verifies_and_what_is_kept_back_is_gone(office: Office, proof_type: str) -> None:
    record = issued(office, proof_type, suspendable=True)
    shown = derived(office, record)
    degree = shown["credentialSubject"]["degree"]
    assert degree["university"] == "MIT"
    assert not {"gpa", "graduationYear"} & degree.keys()
    assert shown["credentialSubject"]["id"] == record.holder_did
    assert {"issuer", "credentialStatus", "credentialSchema"} <= shown.keys()
    report = verify(office, shown, expected_holder=record.holder_did)
    assert report, report.failures
    assert report.is_derived
    for check in ("revocation", "suspension", "expiration", "schema", "holder"):
        assert report.check(check).outcome is Outcome.PASSED
    with pytest.raises(DerivationInvalid, match="derived already"):
        office.deriving.derive(shown, Wish(pointers=()))


@pytest.mark.parametrize("proof_type", IN_PART)
def test_what_holders_are_told_of_each_choice_is_what_is_shown(office: Office, proof_type: str) -> None:
    record = issued(office, proof_type)
    choices = office.deriving.offered(record)
    free = [one for one in choices if not one.is_mandatory and not one.is_implied]
    assert {UNIVERSITY, GRADE} <= {one.pointer for one in free}
    for chosen in free:
        shown = derived(office, record, chosen.pointer)
        for one in choices:
            beside = chosen.pointer.startswith(one.pointer.rpartition("/")[0] + "/")
            told = one.is_mandatory or one == chosen or (one.is_implied and beside)
            assert is_there(shown, one.pointer) is told, (chosen.pointer, one.pointer)


def is_there(source: dict[str, Any], pointer: str) -> bool:
    try:
        value_at(source, pointer)
    except LookupError:
        return False
    return True


@pytest.mark.parametrize("proof_type", IN_PART)
def test_revoked_suspended_and_expired_hold_for_what_was_derived_before(
    office: Office, clock: MovableClock, proof_type: str
) -> None:
    record = issued(office, proof_type, suspendable=True)
    shown = derived(office, record)
    desk, uid = office.revocation, record.credential_id
    act(office, lambda uow, me: desk.suspend(uow, me, uid, "looked into"))
    assert outcomes(verify(office, shown)) == {"suspension": ("failed", "SUSPENDED")}
    act(office, lambda uow, me: desk.reinstate(uow, me, uid, "all fine"))
    assert verify(office, shown)
    act(office, lambda uow, me: desk.revoke(uow, me, uid, "left", ReasonCode.HOLDER_REQUEST))
    assert outcomes(verify(office, shown)) == {"revocation": ("failed", "REVOKED")}
    assert outcomes(verify(office, derived(office, record))) == {"revocation": ("failed", "REVOKED")}
    clock.move(days=3650)
    assert outcomes(verify(office, shown))["expiration"] == ("failed", "EXPIRED")


@pytest.mark.parametrize("proof_type", STANDARD)
def test_the_issuer_decides_what_is_always_shown(office: Office, proof_type: str) -> None:
    record = issued(office, proof_type, mandatory_pointers=(GRADE,), suspendable=True)
    standing = mandatory_of(document(record)["proof"])
    assert standing == (
        "/issuer",
        "/type",
        "/credentialStatus",
        "/credentialSchema",
        "/validFrom",
        "/validUntil",
        "/credentialSubject/id",
        GRADE,
    )
    shown = derived(office, record)
    assert shown["credentialSubject"]["degree"]["gpa"] == 3.8
    assert "graduationYear" not in shown["credentialSubject"]["degree"]
    less = copy.deepcopy(shown)
    del less["credentialSubject"]["degree"]["gpa"]
    assert not verify(office, less)
    offered = {one.pointer: one.is_mandatory for one in office.deriving.offered(record)}
    assert offered[GRADE]
    assert not offered[UNIVERSITY]
    assert offered["/credentialStatus"]


@pytest.mark.parametrize("proof_type", STANDARD)
def test_an_own_document_gets_the_same_mandatory_pointers(office: Office, proof_type: str) -> None:
    own = {
        "@context": ["https://www.w3.org/ns/credentials/v2", {"alumniOf": "https://schema.org/alumniOf"}],
        "type": ["VerifiableCredential"],
        "issuer": EVERY,
        "validFrom": "2026-03-01T12:00:00Z",
        "credentialSubject": [{"id": "did:example:a", "alumniOf": "MIT"}, {"id": "did:example:b", "alumniOf": "ETH"}],
    }
    options = DocumentOptions(proof_type=proof_type, mandatory_pointers=("/credentialSubject/1/alumniOf",))
    order = office.issuing.check_document(own, options, the_operator(office), office.registry.current())
    signed = document(office.issuing.issue(order).record)
    assert mandatory_of(signed["proof"]) == (
        "/issuer",
        "/type",
        "/validFrom",
        "/credentialSubject/0/id",
        "/credentialSubject/1/id",
        "/credentialSubject/1/alumniOf",
    )
    wrong = replace(options, mandatory_pointers=("/credentialSubject/2",))
    with pytest.raises(DerivationInvalid) as refused:
        office.issuing.check_document(own, wrong, the_operator(office), office.registry.current())
    assert refused.value.pointer == "/options/mandatoryPointers/0"


@pytest.mark.parametrize(
    ("proof_type", "pointers", "at"),
    [
        ("bbs-2023", ("/credentialSubject/shoe",), "/mandatoryPointers/0"),
        ("ecdsa-sd-2023", (GRADE, "degree"), "/mandatoryPointers/1"),
        ("bbs-2023", ("/@context/0",), "/mandatoryPointers/0"),
        ("bbs-2023", ("/credentialSubject/degree/~2",), "/mandatoryPointers/0"),
        ("Ed25519Signature2020", (GRADE,), "/mandatoryPointers"),
        ("ecdsa-rdfc-2019", (GRADE,), "/mandatoryPointers"),
        ("BbsBlsSignature2020", (GRADE,), "/mandatoryPointers"),
        ("bbs-2023", (GRADE,) * 201, "/mandatoryPointers"),
    ],
)
def test_a_pointer_that_cannot_stand_is_refused_before_anything_is_reserved(
    office: Office, proof_type: str, pointers: tuple[str, ...], at: str
) -> None:
    with office.units(write=False) as uow:
        before = uow.audit.head().sequence
    with pytest.raises(DerivationInvalid) as refused:
        issued(office, proof_type, mandatory_pointers=pointers)
    assert refused.value.pointer == at
    with office.units(write=False) as uow:
        assert uow.audit.head().sequence == before


def test_pointers_are_part_of_what_an_order_is(office: Office) -> None:
    view, caller = office.registry.current(), the_operator(office)
    asked = [degree_request(issuer_did=EVERY, proof_type="bbs-2023", mandatory_pointers=one) for one in ((), (GRADE,))]
    first, second = (office.issuing.check(one, caller, view).digest for one in asked)
    assert first != second


@pytest.mark.parametrize(
    ("wish", "at"),
    [
        (Wish(pointers=("/credentialSubject/shoe",)), "/reveal/0"),
        (Wish(pointers=(UNIVERSITY, "/proof/type")), "/reveal/1"),
        (Wish(pointers=("university",)), "/reveal/0"),
        (Wish(pointers=("",)), "/reveal/0"),
    ],
)
@pytest.mark.parametrize("proof_type", IN_PART)
def test_a_wish_that_leads_nowhere_is_told_where_it_stands(
    office: Office, proof_type: str, wish: Wish, at: str
) -> None:
    with pytest.raises(DerivationInvalid) as refused:
        office.deriving.derive(document(issued(office, proof_type)), wish)
    assert refused.value.pointer == at


def test_only_what_holds_and_only_what_can_be_parted_is_derived(office: Office) -> None:
    whole = document(issued(office, "Ed25519Signature2020"))
    with pytest.raises(UnsupportedProofType):
        office.deriving.derive(whole, Wish(pointers=(UNIVERSITY,)))
    for proof_type in IN_PART:
        forged = document(issued(office, proof_type))
        forged["credentialSubject"]["degree"]["gpa"] = 4
        with pytest.raises(ProofInvalid):
            office.deriving.derive(forged, Wish(pointers=(GRADE,)))


def test_a_derived_proof_answers_the_nonce_it_was_made_for(office: Office) -> None:
    for proof_type in ("BbsBlsSignature2020", "bbs-2023"):
        base = document(issued(office, proof_type))
        shown = office.deriving.derive(base, Wish(pointers=(UNIVERSITY,), nonce=b"once"))
        assert verify(office, shown, nonce=b"once")
        replayed = verify(office, shown, nonce=b"twice")
        assert outcomes(replayed) == {"proof": ("failed", "PROOF_INVALID")}
    base = document(issued(office, "ecdsa-sd-2023"))
    with pytest.raises(DerivationInvalid):
        office.deriving.derive(base, Wish(pointers=(UNIVERSITY,), nonce=b"once"))


# -- presentations


def present(office: Office, caller: Caller, wish: PresentationWish) -> Any:
    ready = office.presentation_making.ready(caller, wish, office.registry.current())
    return office.acts.run(caller, lambda uow, me: office.presentation_making.create(uow, me, ready))


def judged(office: Office, presentation: object, challenge: str = CHALLENGE, domain: str = DOMAIN) -> dict[str, Any]:
    options = PresentationOptions(challenge=challenge, domain=domain)
    report = office.verifier.verify_presentation(presentation, options)
    return {"verified": bool(report), **outcomes(report.presentation)}


@pytest.mark.parametrize("proof_type", [*IN_PART, "Ed25519Signature2020", "ecdsa-rdfc-2019"])
def test_a_holder_presents_what_they_choose_and_the_verifier_takes_it(
    office: Office, clock: MovableClock, proof_type: str
) -> None:
    caller, did = person(office)
    record = issued(office, proof_type, holder_did=did)
    reveals = ((UNIVERSITY,),) if proof_type in IN_PART else ()
    wish = PresentationWish(did, CHALLENGE, DOMAIN, credential_ids=(record.credential_id,), reveals=reveals)
    made = present(office, caller, wish)
    is_old = proof_type in {"BbsBlsSignature2020", "Ed25519Signature2020"}
    assert made["proof"].get("cryptosuite") == (None if is_old else "eddsa-rdfc-2022")
    assert made["proof"]["proofPurpose"] == "authentication"
    assert made["proof"]["expires"] == "2026-03-01T12:05:00Z"
    inside = made["verifiableCredential"][0]
    assert ("gpa" in inside["credentialSubject"]["degree"]) is (proof_type not in IN_PART)
    assert judged(office, made) == {"verified": True}
    assert judged(office, made, challenge="another")["challenge"] == ("failed", "CHALLENGE_MISMATCH")
    assert judged(office, made, domain="elsewhere")["domain"] == ("failed", "DOMAIN_MISMATCH")
    act(office, lambda uow, me: office.revocation.revoke(uow, me, record.credential_id, "left"))
    assert judged(office, made) == {"verified": False, "credentials": ("failed", "REVOKED")}
    clock.move(minutes=7)
    assert judged(office, made)["proof"] == ("failed", "PROOF_INVALID")


def test_what_is_presented_must_be_about_the_presenter(office: Office) -> None:
    caller, did = person(office)
    _, other = person(office, "sam")
    record = issued(office, "bbs-2023", holder_did=other)
    shown = derived(office, record)
    with pytest.raises(HolderMismatch):
        present(office, caller, PresentationWish(did, CHALLENGE, DOMAIN, credentials=(shown,)))
    with pytest.raises(CredentialNotFound):
        present(office, caller, PresentationWish(did, CHALLENGE, DOMAIN, credential_ids=(record.credential_id,)))
    for foreign in (other, EVERY, "did:adi:nobody"):
        with pytest.raises(HolderNotFound):
            present(office, caller, PresentationWish(foreign, CHALLENGE, DOMAIN, credentials=(shown,)))


def test_an_sd_jwt_is_presented_alone_however_it_is_named(office: Office) -> None:
    caller, did = person(office)
    source = issued(office, "Ed25519Signature2020", holder_did=did)
    token = office.copies.make(source, CredentialFormat.SD_JWT, did).credential_id
    for number, ids in ((0, (token, source.credential_id)), (1, (source.credential_id, token)), (0, (token, token))):
        with pytest.raises(MalformedBody) as refused:
            present(office, caller, PresentationWish(did, CHALLENGE, DOMAIN, credential_ids=ids))
        (fault,) = refused.value.faults
        assert (fault.pointer, fault.code) == (f"/credentialIds/{number}", "CONFLICTING_FIELDS")
    assert not [one for one in audit_rows(office) if one["action"] == "presentation.created"]
    made = present(office, caller, PresentationWish(did, CHALLENGE, DOMAIN, credential_ids=(token,)))
    assert isinstance(made, str)


@pytest.mark.parametrize("proof_type", STANDARD)
def test_a_base_proof_is_not_presented(office: Office, proof_type: str) -> None:
    caller, did = person(office)
    record = issued(office, proof_type, holder_did=did)
    wish = PresentationWish(did, CHALLENGE, DOMAIN, credential_ids=(record.credential_id,))
    with pytest.raises(DerivationInvalid) as refused:
        present(office, caller, wish)
    assert refused.value.pointer == "/credentialIds/0"
    forged = document(record)
    forged["credentialSubject"]["degree"]["gpa"] = 4
    with pytest.raises(ProofInvalid) as invalid:
        present(office, caller, PresentationWish(did, CHALLENGE, DOMAIN, credentials=(forged,)))
    assert invalid.value.pointer == "/credentials/0"


def test_old_and_new_credentials_stand_in_one_presentation(office: Office) -> None:
    caller, did = person(office)
    records = [issued(office, one, holder_did=did) for one in ("Ed25519Signature2020", "bbs-2023", "eddsa-jcs-2022")]
    ids = tuple(record.credential_id for record in records)
    wish = PresentationWish(did, CHALLENGE, DOMAIN, credential_ids=ids, reveals=((), (UNIVERSITY,), ()))
    made = present(office, caller, wish)
    assert made["@context"][0] == "https://www.w3.org/ns/credentials/v2"
    assert judged(office, made) == {"verified": True}


def test_a_key_of_a_nist_curve_presents_too(office: Office) -> None:
    caller, did = person(office, "alex", "ecdsa-rdfc-2019")
    record = issued(office, "Ed25519Signature2020", holder_did=did)
    wish = PresentationWish(did, CHALLENGE, DOMAIN, credential_ids=(record.credential_id,))
    made = present(office, caller, wish)
    assert made["proof"]["cryptosuite"] == "ecdsa-rdfc-2019"
    assert judged(office, made) == {"verified": True}
    with pytest.raises(HolderNotFound):
        present(office, caller, replace(wish, proof_type="Ed25519Signature2020"))
    with pytest.raises(UnsupportedProofType):
        present(office, caller, replace(wish, proof_type="bbs-2023"))


def test_who_steals_a_derived_credential_cannot_present_it(office: Office) -> None:
    caller, did = person(office)
    thief, own = person(office, "eve")
    made = present(
        office,
        caller,
        PresentationWish(
            did,
            CHALLENGE,
            DOMAIN,
            credential_ids=(issued(office, "ecdsa-sd-2023", holder_did=did).credential_id,),
            reveals=((UNIVERSITY,),),
        ),
    )
    stolen = made["verifiableCredential"][0]
    with pytest.raises(HolderMismatch):
        present(office, thief, PresentationWish(own, CHALLENGE, DOMAIN, credentials=(stolen,)))
    claimed = {**made, "holder": own}
    assert judged(office, claimed)["verified"] is False


def test_that_something_was_presented_is_on_record_and_to_whom_is_not(office: Office) -> None:
    caller, did = person(office)
    record = issued(office, "Ed25519Signature2020", holder_did=did)
    present(office, caller, PresentationWish(did, CHALLENGE, DOMAIN, credential_ids=(record.credential_id,)))
    row = [one for one in audit_rows(office) if one["action"] == "presentation.created"][-1]
    assert row["object"] == {"type": "did", "id": did}
    assert row["data"] == {"proofType": "Ed25519Signature2020", "credentials": 1}
    assert DOMAIN not in str(row)


def test_the_clock_decides_how_long_a_presentation_lives(office: Office, clock: MovableClock) -> None:
    caller, did = person(office)
    record = issued(office, "eddsa-rdfc-2022", holder_did=did)
    wish = PresentationWish(did, CHALLENGE, DOMAIN, credential_ids=(record.credential_id,), life=timedelta(seconds=30))
    made = present(office, caller, wish)
    clock.move(seconds=80)
    assert judged(office, made) == {"verified": True}
    clock.move(seconds=30)
    assert judged(office, made)["proof"] == ("failed", "PROOF_INVALID")


@pytest.mark.parametrize("proof_type", STANDARD)
def test_nobody_hides_the_status_of_an_own_document(office: Office, proof_type: str) -> None:
    own = {
        "@context": ["https://www.w3.org/ns/credentials/v2", {"alumniOf": "https://schema.org/alumniOf"}],
        "type": ["VerifiableCredential"],
        "issuer": EVERY,
        "credentialSubject": {"id": "did:example:a", "alumniOf": "MIT"},
    }
    options = DocumentOptions(proof_type=proof_type, status_purposes=(StatusPurpose.REVOCATION,))
    order = office.issuing.check_document(own, options, the_operator(office), office.registry.current())
    record = office.issuing.issue(order).record
    shown = office.deriving.derive(document(record), Wish(pointers=()), allow_inline=True)
    assert isinstance(shown, dict)
    assert shown["credentialStatus"] == document(record)["credentialStatus"]
    assert verify(office, shown, allow_inline=True)
    act(office, lambda uow, me: office.revocation.revoke(uow, me, record.credential_id, "left"))
    assert outcomes(verify(office, shown, allow_inline=True)) == {"revocation": ("failed", "REVOKED")}
    hidden = {name: value for name, value in shown.items() if name != "credentialStatus"}
    assert verify(office, hidden, allow_inline=True).check("proof").outcome is Outcome.FAILED
