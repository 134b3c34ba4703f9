"""Credentials of which a part is shown: what is missing is no fault, and what may be hidden is never taken for absent.

The suite here proves nothing: it stands for any of which a part can be shown, and says of each proof what it hides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from sealwright.vc.encoding.jcs import canonicalize_json
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.vc.errors import ClaimsDoNotMatchSchema, ProofInvalid
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs import registry
from sealwright.vc.proofs.suites.disclosure import Covered, DisclosureSuite, Shown
from sealwright.vc.proofs.verifying import verify_proofs
from sealwright.vc.verification.credential import verify_credential
from sealwright.vc.verification.presentation import verify_presentation
from sealwright.vc.verification.proving import Prover
from sealwright.vc.verification.report import Outcome, VerificationReport
from sealwright.vc.verification.sources import ANY_HOLDER, ANY_ISSUER, ClaimsCheck, NoSchemaSource, NoStatusSource
from tests.support.proving import (
    DEGREE_SCHEMA,
    ISSUER,
    NOW,
    STRANGER,
    Party,
    Registry,
    canonicalizer,
    degree_credential,
)

HOLDER = Party(7)
NAME = "planted-sd"
FAILED, UNCHECKED, PASSED = Outcome.FAILED, Outcome.UNCHECKED, Outcome.PASSED


def _refuse(*_: Any) -> Any:
    raise AssertionError("nothing is signed or derived here")


def _look(covered: Covered, proof: Mapping[str, Any], *, is_own: bool) -> Shown:
    kind, digest, *hidden = str(proof.get("proofValue")).split(" ")
    if digest != hashlib.sha256(canonicalize_json(dict(covered.document))).hexdigest():
        raise ProofInvalid("Another document.")
    if kind == "base" and not is_own:
        raise ProofInvalid("A base proof is for the holder; derive first.")
    return Shown(kind == "derived", frozenset(hidden))


def _verify_base(covered: Covered, _key: PublicKey, proof: Mapping[str, Any]) -> Shown:
    return _look(covered, proof, is_own=True)


def _verify(covered: Covered, _key: PublicKey, proof: Mapping[str, Any]) -> Shown:
    return _look(covered, proof, is_own=False)


PLANTED = DisclosureSuite(
    name=NAME,
    proof_type="DataIntegrityProof",
    derived_type="DataIntegrityProof",
    cryptosuite=NAME,
    key_kinds=frozenset({"Ed25519"}),
    method_types=frozenset({"Multikey", "Ed25519VerificationKey2020"}),
    contexts=("https://w3id.org/security/data-integrity/v2",),
    base_contexts=frozenset({"https://www.w3.org/ns/credentials/v2"}),
    takes_pointers=True,
    prepare=_refuse,
    verify_base=_verify_base,
    verify=_verify,
    derive=_refuse,
)


@pytest.fixture(autouse=True)
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite is known as long as the test runs."""
    monkeypatch.setattr(registry, "SUITES", {**registry.SUITES, NAME: PLANTED})


class Schemas:
    """The degree's schema: whole claims need a grade, a part of them needs nothing."""

    def schema_for(self, credential_schema_id: str) -> ClaimsCheck | None:
        return Whole() if credential_schema_id == DEGREE_SCHEMA else None

    def partial_schema_for(self, credential_schema_id: str) -> ClaimsCheck | None:
        return Part() if credential_schema_id == DEGREE_SCHEMA else None


class Whole:
    def check(self, claims: Mapping[str, Any]) -> None:
        if "gpa" not in claims["degree"]:
            raise ClaimsDoNotMatchSchema("No grade.")


class Part:
    def check(self, claims: Mapping[str, Any]) -> None:
        if claims.get("degree", {}).get("university") != "MIT":
            raise ClaimsDoNotMatchSchema("Not this university.")


def shown(*hidden: str, kind: str = "derived", without: tuple[str, ...] = (), **claims: Any) -> dict[str, Any]:
    """A credential with a planted proof; `without` leaves members out."""
    document = degree_credential("2.0", subject_id=HOLDER.did, schema_id=DEGREE_SCHEMA)
    document["credentialSubject"] = {"id": HOLDER.did, "degree": {"university": "MIT"}, **claims}
    document = {name: value for name, value in document.items() if name not in without}
    return proven(document, kind, *hidden)


def proven(document: dict[str, Any], kind: str, *hidden: str, by: Party = ISSUER) -> dict[str, Any]:
    digest = hashlib.sha256(canonicalize_json(document)).hexdigest()
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": NAME,
        "created": format_timestamp(NOW - timedelta(minutes=1)),
        "verificationMethod": by.method_id,
        "proofPurpose": "assertionMethod",
        "proofValue": " ".join((kind, digest, *hidden)),
    }
    return {**document, "proof": proof}


def rules() -> dict[str, Any]:
    return {
        "resolver": Registry(ISSUER, STRANGER, HOLDER),
        "canon": canonicalizer(),
        "accepted_suites": frozenset(registry.SUITES),
        "trusted_issuers": ANY_ISSUER,
        "statuses": NoStatusSource(),
        "now": NOW,
    }


def verify(document: object, **changes: Any) -> VerificationReport:
    return verify_credential(document, **{**rules(), "schemas": Schemas(), **changes})


def outcomes(report: VerificationReport) -> dict[str, tuple[Outcome, str | None]]:
    return {check.name: (check.outcome, check.code) for check in report.failures}


def test_what_was_kept_back_is_no_fault_of_the_claims() -> None:
    report = verify(shown())
    assert report
    assert report.is_derived
    assert report.check("schema").outcome is PASSED


def test_what_is_shown_must_still_meet_the_schema() -> None:
    report = verify(shown(degree={"university": "Elsewhere"}))
    assert outcomes(report) == {"schema": (FAILED, "SCHEMA_VALIDATION_FAILED")}


def test_a_base_proof_is_for_its_issuer_and_holder_alone() -> None:
    document = shown(kind="base", degree={"university": "MIT", "gpa": 3.8})
    refused = verify(document)
    assert outcomes(refused)["proof"] == (FAILED, "PROOF_INVALID")
    assert "derive first" in refused.check("proof").detail
    own = verify(document, is_own_work=True)
    assert own
    assert not own.is_derived


def test_a_base_proof_is_judged_by_the_whole_schema() -> None:
    report = verify(shown(kind="base"), is_own_work=True)
    assert outcomes(report) == {"schema": (FAILED, "SCHEMA_VALIDATION_FAILED")}


def test_a_status_entry_that_may_be_hidden_leaves_both_checks_open() -> None:
    report = verify(shown("credentialStatus"))
    assert not report
    expected = (UNCHECKED, "STATUS_UNREADABLE")
    assert outcomes(report) == {"revocation": expected, "suspension": expected}


@pytest.mark.parametrize("member", ["validFrom", "validUntil", "issuanceDate", "expirationDate"])
def test_a_date_that_may_be_hidden_leaves_the_validity_open(member: str) -> None:
    assert outcomes(verify(shown(member))) == {"expiration": (UNCHECKED, None)}


def test_an_end_that_is_shown_and_past_fails_whatever_else_is_hidden() -> None:
    report = verify(shown("validFrom"), now=NOW + timedelta(days=3650))
    assert outcomes(report)["expiration"] == (FAILED, "EXPIRED")


def test_a_schema_that_may_be_hidden_leaves_its_check_open() -> None:
    report = verify(shown("credentialSchema", without=("credentialSchema",)))
    assert outcomes(report) == {"schema": (UNCHECKED, "SCHEMA_NOT_FOUND")}


def test_a_proof_over_the_whole_settles_what_another_leaves_open() -> None:
    document = shown("credentialStatus", degree={"university": "MIT", "gpa": 3.8})
    derived = document.pop("proof")
    whole = ISSUER.sign(document, "eddsa-rdfc-2022")["proof"]
    report = verify({**document, "proof": [derived, whole]})
    assert report
    assert not report.is_derived
    less = {**document, "credentialSubject": {"id": HOLDER.did, "degree": {"university": "MIT"}}}
    proofs = [proven(less, "derived")["proof"], ISSUER.sign(less, "eddsa-rdfc-2022")["proof"]]
    assert outcomes(verify({**less, "proof": proofs})) == {"schema": (FAILED, "SCHEMA_VALIDATION_FAILED")}


def test_an_expected_holder_must_be_shown() -> None:
    document = shown()
    document.pop("proof")
    document["credentialSubject"].pop("id")
    report = verify(proven(document, "derived"), expected_holder=HOLDER.did)
    assert outcomes(report) == {"holder": (FAILED, "HOLDER_MISMATCH")}


def test_a_status_list_is_taken_whole_or_not_at_all() -> None:
    prover = Prover(Registry(ISSUER), canonicalizer(), frozenset(registry.SUITES), NOW, allow_inline=False)
    document = shown()
    assert verify_proofs(
        document,
        resolver=Registry(ISSUER),
        canon=canonicalizer(),
        purpose="assertionMethod",
        accepted_suites=frozenset(registry.SUITES),
        now=NOW,
    )
    with pytest.raises(ProofInvalid, match="kept back"):
        prover.prove(document)


def presented(*credentials: dict[str, Any], **options: Any) -> dict[str, Any]:
    document = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "holder": HOLDER.did,
        "verifiableCredential": list(credentials),
    }
    asked = {"purpose": "authentication", "challenge": "c", "domain": "d", **options}
    return HOLDER.sign(document, "eddsa-rdfc-2022", **asked)


def holder_check(document: object, **changes: Any) -> tuple[bool, Outcome, str | None]:
    asked: dict[str, Any] = {**rules(), "schemas": NoSchemaSource(), "challenge": "c", "domain": "d"}
    report = verify_presentation(document, **{**asked, **changes})
    check = report.presentation.check("holder")
    return bool(report), check.outcome, check.code


def nameless(kind: str) -> dict[str, Any]:
    """A credential that names no subject."""
    document = degree_credential("2.0", subject_id=HOLDER.did)
    document["credentialSubject"] = {"degree": {"university": "MIT"}}
    return proven(document, kind) if kind != "whole" else ISSUER.sign(document, "eddsa-rdfc-2022")


def plain(did: str) -> dict[str, Any]:
    document = degree_credential("2.0", subject_id=did)
    return proven(document, "derived")


def test_a_derived_credential_in_a_presentation_must_name_its_holder() -> None:
    assert holder_check(presented(plain(HOLDER.did))) == (True, PASSED, None)
    assert holder_check(presented(nameless("derived"))) == (False, FAILED, "HOLDER_MISMATCH")
    assert holder_check(presented(plain(STRANGER.did))) == (False, FAILED, "HOLDER_MISMATCH")
    assert holder_check(presented(plain(HOLDER.did), nameless("derived")))[1:] == (FAILED, "HOLDER_MISMATCH")


def test_who_waives_the_holder_by_name_takes_a_hidden_subject() -> None:
    assert holder_check(presented(nameless("derived")), subject=ANY_HOLDER) == (True, PASSED, None)


def test_a_bearer_credential_shown_whole_stays_what_it_was() -> None:
    assert holder_check(presented(nameless("whole"))) == (True, PASSED, None)


def test_a_presentation_ends_with_its_proof() -> None:
    document = presented(plain(HOLDER.did), expires=NOW + timedelta(minutes=5))
    assert holder_check(document)[0]
    late = verify_presentation(
        document,
        **{**rules(), "schemas": NoSchemaSource(), "challenge": "c", "domain": "d", "now": NOW + timedelta(minutes=7)},
    )
    assert not late
    assert late.presentation.check("proof").code == "PROOF_INVALID"
    assert "expired" in late.presentation.check("proof").detail
