"""Over the API: issuing what can be shown in part, showing a part of it, presenting it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sealwright.domain.dids import DIDKind
from sealwright.domain.formats import CredentialFormat
from sealwright.services.dids import ImportedDID
from sealwright.services.verify_desk import Verdict
from sealwright.services.verify_reading import Brought
from sealwright.vc.proofs.sd_jwt_reading import open_sd_jwt
from tests.support.office import add_person, the_operator
from tests.support.readable import readable
from tests.web.client import Answer
from tests.web.conftest import NO_LIMITS, Served, degree, key_for, serve, token_for

EVERY = "did:adi:issuer007"
UNIVERSITY, GRADE = "/credentialSubject/degree/university", "/credentialSubject/degree/gpa"
DERIVE, PRESENT = "/api/v1/credentials/derive", "/api/v1/presentations/create"
STANDARD = ["bbs-2023", "ecdsa-sd-2023"]
IN_PART = ["BbsBlsSignature2020", *STANDARD]
OCCASION = {"challenge": "n-0S6_WzA2Mj", "domain": "verifier.example"}


@dataclass(frozen=True)
class World:
    """An office, an issuer that signs under every suite, and a person with a DID that is kept here."""

    served: Served
    key: str
    did: str

    def call(self, path: str, body: dict[str, Any], token: str | None = None, **headers: str) -> Answer:
        return self.served.client.call("POST", path, body, token=token, headers=headers.items())

    def issue(self, proof_type: str, **changes: Any) -> dict[str, Any]:
        body = {**degree(), "issuerDid": EVERY, "holderDid": self.did, "proofType": proof_type, **changes}
        answer = self.call("/api/v1/credentials/issue", body, self.key)
        assert answer.status == 201, answer.body
        return dict(answer.json())

    def verified(self, credential: object, **options: Any) -> dict[str, Any]:
        answer = self.call("/api/v1/credentials/verify", {"credential": credential, "options": options})
        assert answer.status == 200, answer.body
        return dict(answer.json())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home: Path = tmp_path_factory.mktemp("showing")
    with serve(home, **NO_LIMITS) as served:
        office = served.office
        kinds = ("Ed25519Signature2020", "bbs-2023", "ecdsa-rdfc-2019")
        wish = ImportedDID(did=EVERY, kind=DIDKind.ORGANIZATION, name="Every", generate=kinds)
        office.acts.run(
            the_operator(office), lambda uow, me: office.dids.import_did(uow, me, wish), changes_registry=True
        )
        made = served.client.call("POST", "/api/v1/dids", {}, token=served.person)
        assert made.status == 201, made.body
        yield World(served, key_for(office, EVERY), made.json()["did"])


def refused(answer: Answer, status: int, code: str, pointer: str | None = None) -> None:
    problem = answer.json()
    assert (answer.status, problem["code"]) == (status, code), answer.body
    if pointer is not None:
        assert [fault["pointer"] for fault in problem["errors"]] == [pointer]


@pytest.mark.parametrize("proof_type", IN_PART)
def test_a_holder_shows_the_university_and_not_the_grade(world: World, proof_type: str) -> None:
    base = world.issue(proof_type)["credential"]
    answer = world.call(DERIVE, {"credential": base, "reveal": [UNIVERSITY]})
    assert answer.status == 200, answer.body
    shown = answer.json()["credential"]
    assert shown["credentialSubject"]["degree"]["university"] == "MIT"
    assert "gpa" not in readable(answer.body)
    assert world.verified(shown)["verified"] is True
    assert world.verified(base)["verified"] is (proof_type == "BbsBlsSignature2020")


def test_a_frame_tells_the_same_of_a_legacy_credential(world: World) -> None:
    base = world.issue("BbsBlsSignature2020")["credential"]
    frame = {
        "@context": base["@context"],
        "type": ["VerifiableCredential", "UniversityDegreeCredential"],
        "credentialSubject": {"@explicit": True, "degree": {"@explicit": True, "university": {}}},
    }
    answer = world.call(DERIVE, {"credential": base, "frame": frame})
    assert answer.status == 200, answer.body
    shown = answer.json()["credential"]
    assert shown["credentialSubject"]["degree"]["university"] == "MIT"
    assert "gpa" not in readable(answer.body)
    newer = world.issue("bbs-2023")["credential"]
    refused(world.call(DERIVE, {"credential": newer, "frame": frame}), 422, "DERIVATION_INVALID")


@pytest.mark.parametrize("proof_type", STANDARD)
def test_what_the_issuer_made_mandatory_is_shown(world: World, proof_type: str) -> None:
    base = world.issue(proof_type, mandatoryPointers=[GRADE])["credential"]
    shown = world.call(DERIVE, {"credential": base, "reveal": []}).json()["credential"]
    assert shown["credentialSubject"]["degree"]["gpa"] == 3.8
    assert "university" not in shown["credentialSubject"]["degree"]


def test_a_mandatory_pointer_that_leads_nowhere_is_refused_in_a_dry_run_too(world: World) -> None:
    wrong = {"proofType": "bbs-2023", "mandatoryPointers": [GRADE, "/credentialSubject/shoe"]}
    body = {**degree(), "issuerDid": EVERY, "holderDid": world.did, **wrong}
    for more in ({}, {"dryRun": True}):
        answer = world.call("/api/v1/credentials/issue", {**body, **more}, world.key)
        refused(answer, 422, "DERIVATION_INVALID", "/mandatoryPointers/1")
    good = {**body, "mandatoryPointers": [GRADE], "dryRun": True}
    assert world.call("/api/v1/credentials/issue", good, world.key).status == 200
    whole = {**body, "proofType": "Ed25519Signature2020", "mandatoryPointers": [GRADE]}
    refused(world.call("/api/v1/credentials/issue", whole, world.key), 422, "DERIVATION_INVALID", "/mandatoryPointers")
    many = {**body, "mandatoryPointers": [GRADE] * 201}
    assert world.call("/api/v1/credentials/issue", many, world.key).status == 422


def test_a_stored_credential_is_derived_for_whoever_may_see_it(world: World) -> None:
    credential_id = world.issue("bbs-2023")["credentialId"]
    body = {"credentialId": credential_id, "reveal": [UNIVERSITY]}
    refused(world.call(DERIVE, body), 401, "UNAUTHENTICATED")
    for token in (world.served.person, world.key, world.served.admin):
        answer = world.call(DERIVE, body, token)
        assert answer.status == 200, answer.body
        assert "gpa" not in readable(answer.body)
    refused(world.call(DERIVE, body, world.served.holder_key), 404, "CREDENTIAL_NOT_FOUND")
    refused(world.call(DERIVE, body, world.served.key), 404, "CREDENTIAL_NOT_FOUND")


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"reveal": [UNIVERSITY], "frame": {}}, "CONFLICTING_FIELDS", "/frame"),
        ({"credentialId": "urn:uuid:1", "reveal": []}, "CONFLICTING_FIELDS", "/credentialId"),
        ({}, "MISSING_FIELD", "/reveal"),
        ({"reveal": ["/credentialSubject/shoe"]}, "DERIVATION_INVALID", "/reveal/0"),
        ({"reveal": [UNIVERSITY, "university"]}, "DERIVATION_INVALID", "/reveal/1"),
        ({"reveal": [UNIVERSITY], "nonce": "no base64"}, "INVALID_VALUE", "/nonce"),
        ({"reveal": [UNIVERSITY], "nonce": "=="}, "INVALID_VALUE", "/nonce"),
        ({"reveal": [UNIVERSITY], "more": 1}, "UNKNOWN_FIELD", "/more"),
        ({"reveal": [""]}, "DERIVATION_INVALID", "/reveal/0"),
    ],
)
def test_a_wish_that_cannot_be_met_is_told_where(world: World, changes: Any, code: str, pointer: str) -> None:
    base = world.issue("bbs-2023")["credential"]
    refused(world.call(DERIVE, {"credential": base, **changes}), 422, code, pointer)


def test_what_does_not_hold_or_is_whole_is_not_derived(world: World) -> None:
    whole = world.issue("Ed25519Signature2020")["credential"]
    refused(world.call(DERIVE, {"credential": whole, "reveal": [GRADE]}), 422, "UNSUPPORTED_PROOF_TYPE")
    forged = world.issue("ecdsa-sd-2023")["credential"]
    forged["credentialSubject"]["degree"]["gpa"] = 4
    refused(world.call(DERIVE, {"credential": forged, "reveal": [GRADE]}), 422, "INVALID_PROOF")
    for nothing in ({}, {"type": "x"}, "x.y.z", "text"):
        answer = world.call(DERIVE, {"credential": nothing, "reveal": []})
        assert 400 <= answer.status < 500, answer.body


def test_a_nonce_binds_what_is_shown(world: World) -> None:
    base = world.issue("bbs-2023")["credential"]
    nonce = base64.b64encode(b"from the verifier").decode()
    shown = world.call(DERIVE, {"credential": base, "reveal": [UNIVERSITY], "nonce": nonce}).json()["credential"]
    assert world.verified(shown, nonce=nonce)["verified"] is True
    assert world.verified(shown, nonce=base64.b64encode(b"another").decode())["verified"] is False
    assert world.verified(base, nonce=nonce)["verified"] is False


@pytest.mark.parametrize("proof_type", STANDARD)
def test_the_vc_api_issues_and_derives(world: World, proof_type: str) -> None:
    unsigned = {
        "@context": ["https://www.w3.org/ns/credentials/v2", {"alumniOf": "https://schema.org/alumniOf"}],
        "type": ["VerifiableCredential"],
        "issuer": EVERY,
        "credentialSubject": {"id": world.did, "name": "Alex", "alumniOf": "MIT"},
    }
    options = {"cryptosuite": proof_type, "mandatoryPointers": ["/credentialSubject/name"]}
    base = world.call("/credentials/issue", {"credential": unsigned, "options": options}, world.key)
    assert base.status == 201, base.body
    wish = {"selectivePointers": []}
    answer = world.call("/credentials/derive", {"verifiableCredential": base.json(), "options": wish})
    assert answer.status == 201, answer.body
    assert answer.json()["credentialSubject"] == {"id": world.did, "name": "Alex"}
    assert world.call("/credentials/verify", {"verifiableCredential": answer.json()}).status == 200
    assert world.call("/credentials/verify", {"verifiableCredential": base.json()}).status == 400
    wrong = {"selectivePointers": ["/credentialSubject/shoe"]}
    lost = world.call("/credentials/derive", {"verifiableCredential": base.json(), "options": wrong})
    refused(lost, 422, "DERIVATION_INVALID", "/options/selectivePointers/0")
    unknown = {**base.json(), "issuer": "did:adi:nobody"}
    unknown["proof"] = {**unknown["proof"], "verificationMethod": "did:adi:nobody#key-1"}
    stray = world.call("/credentials/derive", {"verifiableCredential": unknown, "options": wish})
    refused(stray, 422, "INVALID_PROOF")
    options["mandatoryPointers"] = ["/credentialSubject/shoe"]
    bad = world.call("/credentials/issue", {"credential": unsigned, "options": options}, world.key)
    refused(bad, 422, "DERIVATION_INVALID", "/options/mandatoryPointers/0")
    refused(
        world.call("/credentials/derive", {"verifiableCredential": base.json(), "options": {}}),
        422,
        "MISSING_FIELD",
        "/options/selectivePointers",
    )


def presentation(world: World, **changes: Any) -> dict[str, Any]:
    return {"holderDid": world.did, **OCCASION, **changes}


def test_a_presentation_is_made_once_and_verifies(world: World) -> None:
    credential_id = world.issue("bbs-2023")["credentialId"]
    body = presentation(world, credentialIds=[credential_id], reveal=[[UNIVERSITY]], expiresInSeconds=60)
    first = world.call(PRESENT, body, world.served.person, **{"idempotency-key": "once"})
    assert first.status == 201, first.body
    again = world.call(PRESENT, body, world.served.person, **{"idempotency-key": "once"})
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["idempotent-replayed"] == "true"
    other = {**body, "domain": "elsewhere"}
    clash = world.call(PRESENT, other, world.served.person, **{"idempotency-key": "once"})
    refused(clash, 422, "IDEMPOTENCY_KEY_REUSED")
    made = first.json()["presentation"]
    assert "gpa" not in readable(first.body)
    verdict = world.call("/api/v1/presentations/verify", {"presentation": made, "options": OCCASION}).json()
    assert verdict["verified"] is True, verdict
    replayed = {"presentation": made, "options": {**OCCASION, "challenge": "another"}}
    assert world.call("/api/v1/presentations/verify", replayed).json()["verified"] is False


def test_a_presentation_is_refused_for_what_its_verifier_would_refuse(world: World) -> None:
    base = world.issue("bbs-2023")["credential"]
    person = world.served.person
    refused(
        world.call(PRESENT, presentation(world, credentials=[base]), person),
        422,
        "DERIVATION_INVALID",
        "/credentials/0",
    )
    nobody = presentation(world, credentials=[base], holderDid="did:adi:holder001")
    refused(world.call(PRESENT, nobody, person), 404, "HOLDER_NOT_FOUND")
    foreign = world.issue("Ed25519Signature2020", holderDid="did:adi:holder001")["credential"]
    refused(world.call(PRESENT, presentation(world, credentials=[foreign]), person), 403, "HOLDER_MISMATCH")
    refused(world.call(PRESENT, presentation(world, credentials=[foreign]), world.key), 403, "ROLE_REQUIRED")
    refused(world.call(PRESENT, presentation(world, credentials=[foreign])), 401, "UNAUTHENTICATED")
    both = presentation(world, credentials=[base], credentialIds=["urn:uuid:1"])
    refused(world.call(PRESENT, both, person), 422, "CONFLICTING_FIELDS", "/credentialIds")
    short = presentation(world, credentials=[base], reveal=[])
    refused(world.call(PRESENT, short, person), 422, "CONFLICTING_FIELDS", "/reveal")
    wrong = presentation(world, credentials=[base], reveal=[["/credentialSubject/shoe"]])
    refused(world.call(PRESENT, wrong, person), 422, "DERIVATION_INVALID", "/reveal/0/0")
    long = presentation(world, credentials=[base], reveal=[[UNIVERSITY]], expiresInSeconds=3601)
    refused(world.call(PRESENT, long, person), 422, "INVALID_VALUE", "/expiresInSeconds")
    missing = {"holderDid": world.did, "credentials": [base]}
    assert world.call(PRESENT, missing, person).status == 422
    gone = presentation(world, credentialIds=["urn:uuid:019a3f00-7d5c-7a53-9c39-2f6b8f0f3f11"])
    refused(world.call(PRESENT, gone, person), 404, "CREDENTIAL_NOT_FOUND")


def test_an_sd_jwt_is_shown_in_part_and_bound_to_its_verifier(world: World) -> None:
    office = world.served.office
    record = office.shelf.status(world.issue("Ed25519Signature2020")["credentialId"])
    text = (office.copies.for_download(record, CredentialFormat.SD_JWT).document or b"").decode()
    shown = world.call(DERIVE, {"credential": text, "reveal": []}).json()["credential"]
    assert "degree" not in open_sd_jwt(shown).claims
    whole = world.call(DERIVE, {"credential": text, "reveal": ["/degree/university"]}).json()["credential"]
    assert open_sd_jwt(whole).claims["degree"]["university"] == "MIT"  # type: ignore[index,call-overload]
    refused(world.call(DERIVE, {"credential": text, "reveal": ["/shoe"]}), 422, "DERIVATION_INVALID", "/reveal/0")
    refused(world.call(DERIVE, {"credential": text[:-9] + "AAAAAAAA~", "reveal": []}), 422, "INVALID_PROOF")
    body = presentation(world, credentials=[text], reveal=[["/degree"]])
    answer = world.call(PRESENT, body, world.served.person)
    assert answer.status == 201, answer.body
    made = answer.json()["presentation"]
    assert world.verified(made, **OCCASION)["verified"] is True
    assert world.verified(made, **{**OCCASION, "challenge": "another"})["verified"] is False
    two = presentation(world, credentials=[text, text])
    refused(world.call(PRESENT, two, world.served.person), 422, "CONFLICTING_FIELDS")


def test_another_ones_token_does_not_open_the_holders_credentials(world: World) -> None:
    office = world.served.office
    stranger = token_for(office, add_person(office, "eve"))
    credential_id = world.issue("bbs-2023")["credentialId"]
    body = {"credentialId": credential_id, "reveal": [UNIVERSITY]}
    refused(world.call(DERIVE, body, stranger), 404, "CREDENTIAL_NOT_FOUND")
    wish = presentation(world, credentialIds=[credential_id], reveal=[[UNIVERSITY]])
    refused(world.call(PRESENT, wish, stranger), 404, "HOLDER_NOT_FOUND")


@pytest.mark.parametrize("proof_type", IN_PART)
def test_the_public_page_of_a_base_proof_tells_that_it_holds(world: World, proof_type: str) -> None:
    office = world.served.office
    credential_id = world.issue(proof_type)["credentialId"]
    finding = office.verify_desk.check_record(office.shelf.status(credential_id))
    assert finding.verdict is Verdict.VALID
    office.acts.run(the_operator(office), lambda uow, me: office.revocation.revoke(uow, me, credential_id, "left"))
    assert office.verify_desk.check_record(office.shelf.status(credential_id)).verdict is Verdict.INVALID


@pytest.mark.parametrize("proof_type", IN_PART)
def test_a_paper_carries_what_verifiers_take_and_never_a_base_proof(world: World, proof_type: str) -> None:
    office = world.served.office
    issued = world.issue(proof_type)
    path = f"/api/v1/credentials/{issued['credentialId']}/pdf"
    answer = world.served.client.call("GET", path, token=world.served.person)
    assert answer.status == 200, answer.body
    brought = office.verify_desk.read_file(answer.body)
    assert isinstance(brought, Brought)
    assert office.verify_desk.check(brought).verdict is Verdict.VALID
    assert isinstance(brought.source, dict)
    assert brought.source["credentialSubject"] == issued["credential"]["credentialSubject"]
    is_same = brought.source["proof"] == issued["credential"]["proof"]
    assert is_same is (proof_type == "BbsBlsSignature2020")


def test_a_token_is_presented_in_an_envelope_and_never_parted(world: World) -> None:
    office = world.served.office
    record = office.shelf.status(world.issue("Ed25519Signature2020")["credentialId"])
    text = (office.copies.for_download(record, CredentialFormat.JWT_VC_JSON).document or b"").decode()
    refused(world.call(DERIVE, {"credential": text, "reveal": []}), 422, "UNSUPPORTED_PROOF_TYPE")
    answer = world.call(PRESENT, presentation(world, credentials=[text]), world.served.person)
    assert answer.status == 201, answer.body
    made = answer.json()["presentation"]
    assert made["verifiableCredential"][0]["id"] == f"data:application/vc+jwt,{text}"
    verdict = world.call("/api/v1/presentations/verify", {"presentation": made, "options": OCCASION}).json()
    assert verdict["verified"] is True, verdict
    parted = presentation(world, credentials=[text], reveal=[["/degree"]])
    refused(world.call(PRESENT, parted, world.served.person), 422, "UNSUPPORTED_PROOF_TYPE")
    whole = presentation(world, credentials=[text], reveal=[[]])
    assert world.call(PRESENT, whole, world.served.person).status == 201
