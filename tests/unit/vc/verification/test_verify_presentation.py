"""Presentations: made by the holder, for this occasion, and every credential in them good."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import pytest

from sealwright.vc.dids.methods import did_key
from sealwright.vc.dids.resolver import ResolvedDID
from sealwright.vc.verification.presentation import PresentationReport, verify_presentation
from sealwright.vc.verification.report import PRESENTATION_CHECKS, Outcome
from sealwright.vc.verification.sources import ANY_HOLDER, ANY_ISSUER, NoSchemaSource, NoStatusSource
from tests.support.proving import (
    ALL_SUITES,
    HASHING_SUITES,
    ISSUER,
    NOW,
    STRANGER,
    Party,
    Registry,
    canonicalizer,
    degree_credential,
)

HOLDER = Party(7)
CHALLENGE, DOMAIN = "n-0S6_WzA2Mj", "https://verifier.example"
PASSED, FAILED, UNCHECKED, NOT_APPLICABLE = (
    Outcome.PASSED,
    Outcome.FAILED,
    Outcome.UNCHECKED,
    Outcome.NOT_APPLICABLE,
)


def degree(**changes: Any) -> dict[str, Any]:
    return ISSUER.sign(degree_credential("2.0", **{"subject_id": HOLDER.did, **changes}), "eddsa-rdfc-2022")


def unsigned(*credentials: dict[str, Any], **changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "holder": HOLDER.did,
        "verifiableCredential": list(credentials),
        **changes,
    }
    return {name: value for name, value in document.items() if value not in (..., [])}


def presented(*credentials: dict[str, Any], by: Party = HOLDER, **changes: Any) -> dict[str, Any]:
    """A signed presentation, bound to challenge and domain."""
    options = {"purpose": "authentication", "challenge": CHALLENGE, "domain": DOMAIN}
    options.update({name: changes.pop(name) for name in list(changes) if name in (*options, "suite", "created")})
    return by.sign(unsigned(*credentials, **changes), **{"suite": "eddsa-rdfc-2022", **options})


def verify(document: object, **changes: Any) -> PresentationReport:
    rules: dict[str, Any] = {
        "resolver": Registry(ISSUER, STRANGER, HOLDER),
        "canon": canonicalizer(),
        "accepted_suites": ALL_SUITES,
        "trusted_issuers": ANY_ISSUER,
        "statuses": NoStatusSource(),
        "schemas": NoSchemaSource(),
        "now": NOW,
        "challenge": CHALLENGE,
        "domain": DOMAIN,
    }
    return verify_presentation(document, **{**rules, **changes})


def outcomes(report: PresentationReport) -> dict[str, tuple[Outcome, str | None]]:
    return {check.name: (check.outcome, check.code) for check in report.presentation.failures}


@pytest.mark.parametrize("suite", HASHING_SUITES)
def test_a_good_presentation_verifies(suite: str) -> None:
    report = verify(presented(degree(), degree(credential_id="urn:uuid:2"), suite=suite))
    assert report
    assert [check.name for check in report.presentation.checks] == list(PRESENTATION_CHECKS)
    assert {check.outcome for check in report.presentation.checks} == {PASSED}
    assert len(report.credentials) == 2
    assert report.presentation.holder_did == HOLDER.did
    assert report.presentation.types == ("VerifiablePresentation",)


def test_a_presentation_without_credentials_verifies() -> None:
    report = verify(presented())
    assert report
    assert report.presentation.check("credentials").outcome is NOT_APPLICABLE


@pytest.mark.parametrize("document", [None, [], "x", {}, {"type": ["VerifiablePresentation"]}])
def test_what_is_no_presentation_fails_the_structure(document: object) -> None:
    report = verify(document)
    assert not report
    assert report.presentation.check("structure").outcome is FAILED
    assert [check.name for check in report.presentation.checks] == list(PRESENTATION_CHECKS)


def test_an_unsigned_presentation_has_no_proof() -> None:
    assert outcomes(verify(unsigned(degree())))["proof"] == (FAILED, "PROOF_MISSING")


def test_an_unsigned_presentation_is_taken_by_whoever_says_so() -> None:
    report = verify(unsigned(degree()), signed=False)
    assert report
    assert report.presentation.check("proof").outcome is NOT_APPLICABLE
    assert not verify(unsigned({**degree(), "id": "urn:uuid:3"}), signed=False)
    broken = verify(unsigned(type=["Other"]), signed=False)
    assert outcomes(broken)["structure"] == (FAILED, "INVALID_VALUE")
    undefined = verify(unsigned(shoeSize=44), signed=False)
    assert outcomes(undefined)["structure"] == (FAILED, "UNDEFINED_TERM")


def test_a_bad_proof_is_not_waived_by_taking_unsigned_ones() -> None:
    document = presented(degree())
    document["proof"]["challenge"] = "other"
    assert outcomes(verify(document, signed=False, challenge="other"))["proof"] == (FAILED, "PROOF_INVALID")


def test_the_presenter_must_be_the_holder() -> None:
    assert outcomes(verify(presented(degree(), by=STRANGER)))["holder"] == (FAILED, "HOLDER_MISMATCH")


def test_a_forged_issuer_member_does_not_stand_in_for_the_holder() -> None:
    document = unsigned(degree(subject_id=STRANGER.did))
    document["@context"].append("https://www.w3.org/ns/credentials/examples/v2")
    document["issuer"] = STRANGER.did
    signed = STRANGER.sign(document, "eddsa-rdfc-2022", purpose="authentication", challenge=CHALLENGE, domain=DOMAIN)
    assert outcomes(verify(signed))["holder"] == (FAILED, "HOLDER_MISMATCH")


def test_another_persons_credential_is_refused_unless_the_caller_waives_that() -> None:
    document = presented(degree(subject_id="did:adi:somebody"))
    assert outcomes(verify(document)) == {"holder": (FAILED, "HOLDER_MISMATCH")}
    assert verify(document, subject=ANY_HOLDER)
    bearer = presented(degree(subject_id=None))
    assert verify(bearer)


def test_a_presentation_that_names_no_holder_is_its_signers() -> None:
    assert verify(presented(degree(), holder=...))
    assert outcomes(verify(presented(degree(), holder=..., by=STRANGER)))["holder"] == (FAILED, "HOLDER_MISMATCH")


def test_a_deactivated_or_compromised_holder_is_refused() -> None:
    registry = Registry(ISSUER)
    registry.resolved[HOLDER.did] = ResolvedDID(HOLDER.document(), deactivated=True)
    assert outcomes(verify(presented(), resolver=registry))["holder"] == (FAILED, "HOLDER_MISMATCH")
    registry.resolved[HOLDER.did] = ResolvedDID(HOLDER.document(), compromised_methods=frozenset({HOLDER.method_id}))
    assert outcomes(verify(presented(), resolver=registry))["proof"] == (FAILED, "KEY_COMPROMISED")


def test_a_key_that_is_not_for_authentication_does_not_present() -> None:
    registry = Registry(ISSUER)
    registry.resolved[HOLDER.did] = ResolvedDID(HOLDER.document(("assertionMethod",)))
    assert outcomes(verify(presented(), resolver=registry))["holder"] == (FAILED, "HOLDER_MISMATCH")
    assert outcomes(verify(presented(purpose="assertionMethod")))["proof"] == (FAILED, "PROOF_INVALID")


@pytest.mark.parametrize("name", ["challenge", "domain"])
def test_challenge_and_domain_must_be_the_expected_ones(name: str) -> None:
    code = f"{name.upper()}_MISMATCH"
    good = presented(degree())
    assert outcomes(verify(good, **{name: "another"})) == {name: (FAILED, code)}
    # A replay to a verifier that gave no challenge is not provably wrong, and not right either.
    assert outcomes(verify(good, **{name: None})) == {name: (UNCHECKED, code)}
    without = presented(degree(), **{name: None})
    assert outcomes(verify(without)) == {name: (FAILED, code)}
    assert verify(without, **{name: None})


def test_one_bad_credential_spoils_the_presentation() -> None:
    tampered = copy.deepcopy(degree())
    tampered["credentialSubject"]["degree"]["gpa"] = 4
    for bad in (tampered, degree_credential("2.0", subject_id=HOLDER.did)):
        report = verify(presented(degree(), bad))
        assert not report
        assert report.presentation.check("proof").outcome is PASSED
        assert report.presentation.check("credentials").outcome is FAILED
        assert [bool(entry) for entry in report.credentials] == [True, False]
    expired = degree(valid_from=NOW - timedelta(days=9), valid_until=NOW - timedelta(days=1))
    assert outcomes(verify(presented(expired))) == {"credentials": (FAILED, "EXPIRED")}


def test_a_credential_that_cannot_be_checked_leaves_the_presentation_open() -> None:
    unknown = degree(schema_id="did:adi:schema:unknown-v1")
    report = verify(presented(unknown))
    assert not report
    assert outcomes(report) == {"credentials": (UNCHECKED, "SCHEMA_NOT_FOUND")}


def test_a_credential_that_is_taken_out_or_put_in_breaks_the_proof() -> None:
    document = presented(degree(), degree(credential_id="urn:uuid:2"))
    without = {**document, "verifiableCredential": document["verifiableCredential"][:1]}
    more = {**document, "verifiableCredential": [*document["verifiableCredential"], degree(credential_id="urn:uuid:3")]}
    for changed in (without, more):
        assert outcomes(verify(changed))["proof"] == (FAILED, "PROOF_INVALID")


def test_trust_reaches_the_credentials() -> None:
    report = verify(presented(degree()), trusted_issuers=[STRANGER.did])
    assert outcomes(report) == {"credentials": (FAILED, "UNTRUSTED_ISSUER")}


def test_a_did_key_holder_presents() -> None:
    party = Party(8, did_key(Party(8).key))
    assert verify(presented(degree(subject_id=party.did), by=party, holder=party.did))
