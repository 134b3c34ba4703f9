"""The ten checks on a credential: each one passes, fails and stays open where it should, and the verdict follows."""

from __future__ import annotations

import base64
import copy
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from sealwright.vc.dids.methods import did_key
from sealwright.vc.dids.resolver import ResolvedDID
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.vc.errors import ClaimsDoNotMatchSchema, DIDUnresolvable, UnsupportedDIDMethod
from sealwright.vc.verification.credential import verify_credential
from sealwright.vc.verification.report import (
    CREDENTIAL_CHECKS,
    PROOF_CHECKS,
    Check,
    Outcome,
    ReportCode,
    VerificationReport,
)
from sealwright.vc.verification.sources import ANY_ISSUER, ClaimsCheck, NoSchemaSource, NoStatusSource
from tests.support.proving import (
    ALL_SUITES,
    DEGREE_SCHEMA,
    HASHING_SUITES,
    HOLDER,
    ISSUER,
    NOW,
    STRANGER,
    Party,
    Registry,
    canonicalizer,
    degree_credential,
)

PASSED, FAILED, UNCHECKED, NOT_APPLICABLE = (
    Outcome.PASSED,
    Outcome.FAILED,
    Outcome.UNCHECKED,
    Outcome.NOT_APPLICABLE,
)


class OneSchema:
    """Knows the degree schema; refuses a grade point average above ten, as the schema would."""

    def schema_for(self, credential_schema_id: str) -> ClaimsCheck | None:
        return self if credential_schema_id == DEGREE_SCHEMA else None

    def partial_schema_for(self, credential_schema_id: str) -> ClaimsCheck | None:
        raise AssertionError("nothing was kept back")

    def check(self, claims: Mapping[str, Any]) -> None:
        assert "id" not in claims
        if claims["degree"]["gpa"] > 10:
            raise ClaimsDoNotMatchSchema("Too good.")


def verify(document: object, **changes: Any) -> VerificationReport:
    rules: dict[str, Any] = {
        "resolver": Registry(ISSUER, STRANGER),
        "canon": canonicalizer(),
        "accepted_suites": ALL_SUITES,
        "trusted_issuers": ANY_ISSUER,
        "statuses": NoStatusSource(),
        "schemas": OneSchema(),
        "now": NOW,
    }
    return verify_credential(document, **{**rules, **changes})


def outcomes(report: VerificationReport) -> dict[str, tuple[Outcome, str | None]]:
    """All checks that did not simply pass or not apply."""
    return {check.name: (check.outcome, check.code) for check in report.failures}


def test_every_check_is_reported_in_the_order_of_the_contract() -> None:
    expected = [
        *("structure", "proof", "issuer", "expiration", "revocation"),
        *("suspension", "schema", "holder", "trustedIssuer", "delegation"),
    ]
    for document in (ISSUER.sign(degree_credential()), degree_credential(), {}, None, "text", 5, []):
        assert [check.name for check in verify(document).checks] == expected == list(CREDENTIAL_CHECKS)


@pytest.mark.parametrize("model", ["1.1", "2.0"])
@pytest.mark.parametrize("suite", HASHING_SUITES)
def test_a_good_credential_verifies(suite: str, model: str) -> None:
    report = verify(ISSUER.sign(degree_credential(model, schema_id=DEGREE_SCHEMA), suite))
    assert report
    assert not report.failures
    applied = [check.name for check in report.checks if check.outcome is PASSED]
    assert applied == ["structure", "proof", "issuer", "expiration", "schema"]
    assert all(check.code is None and check.detail for check in report.checks)


def test_the_head_of_a_report_says_what_the_document_says_it_is() -> None:
    report = verify(ISSUER.sign(degree_credential()))
    assert report.credential_id == "urn:uuid:f47ac10b-58cc-4372-a567-0e02b2c3d479"
    assert (report.issuer_did, report.holder_did, report.checked_at) == (ISSUER.did, HOLDER, NOW)
    assert report.types == ("VerifiableCredential", "UniversityDegreeCredential")
    assert report.check("proof").outcome is PASSED
    empty = verify({"id": 5, "issuer": [], "type": "x", "credentialSubject": [1, {"id": 2}]})
    assert (empty.credential_id, empty.issuer_did, empty.holder_did, empty.types) == (None, None, None, ())


def test_a_document_without_proof_is_missing_one() -> None:
    assert outcomes(verify(degree_credential()))["proof"] == (FAILED, "PROOF_MISSING")
    broken = {**degree_credential(), "issuer": None}
    assert outcomes(verify(broken))["proof"] == (FAILED, "PROOF_MISSING")
    assert outcomes(verify(broken))["structure"] == (FAILED, "INVALID_TYPE")


def test_a_changed_claim_fails_the_proof_and_nothing_else_is_believed() -> None:
    document = ISSUER.sign(degree_credential(schema_id=DEGREE_SCHEMA))
    document["credentialSubject"]["degree"]["gpa"] = 4.0
    report = verify(document)
    assert not report
    assert outcomes(report)["proof"] == (FAILED, "PROOF_INVALID")
    assert report.check("structure").outcome is PASSED
    assert {check.name for check in report.checks if check.outcome is UNCHECKED} == set(CREDENTIAL_CHECKS[2:])


STRUCTURE: dict[str, tuple[dict[str, Any], str]] = {
    "a missing issuer": ({"issuer": None}, "INVALID_TYPE"),
    "no subject": ({"credentialSubject": {}}, "INVALID_VALUE"),
    "an undefined claim": ({"credentialSubject": {"id": HOLDER, "shoeSize": 44}}, "UNDEFINED_TERM"),
    "an undefined type": ({"type": ["VerifiableCredential", "ShoeCredential"]}, "UNDEFINED_TERM"),
    "a null": ({"credentialSubject": {"id": HOLDER, "degree": {"name": None}}}, "UNSIGNABLE_VALUE"),
    "an unknown context": (
        {"@context": ["https://www.w3.org/2018/credentials/v1", "https://a.example/v1"]},
        "CONTEXT_NOT_ALLOWED",
    ),
    "an inline context": (
        {"@context": ["https://www.w3.org/2018/credentials/v1", {"shoeSize": "https://a.example/#shoeSize"}]},
        "CONTEXT_NOT_ALLOWED",
    ),
    "too many contexts": ({"@context": ["https://www.w3.org/2018/credentials/v1"] * 17}, "TOO_COMPLEX"),
    "a date that does not exist": ({"issuanceDate": "2026-02-30T00:00:00Z"}, "INVALID_DATE"),
}


@pytest.mark.parametrize("name", STRUCTURE)
def test_faults_of_structure_have_their_codes(name: str) -> None:
    changes, code = STRUCTURE[name]
    report = verify({**ISSUER.sign(degree_credential()), **changes})
    assert not report
    assert outcomes(report)["structure"] == (FAILED, code)
    assert report.check("proof").outcome is not PASSED


def test_a_term_that_an_inline_context_takes_over_is_a_conflict() -> None:
    contexts = [*degree_credential()["@context"], {"degree": "https://a.example/#other"}]
    report = verify({**ISSUER.sign(degree_credential()), "@context": contexts}, allow_inline=True)
    assert outcomes(report)["structure"] == (FAILED, "TERM_CONFLICT")


def test_an_undefined_member_of_the_proof_is_a_fault_of_structure() -> None:
    document = ISSUER.sign(degree_credential())
    document["proof"]["extra"] = "x"
    assert outcomes(verify(document))["structure"] == (FAILED, "UNDEFINED_TERM")


def test_structure_is_judged_even_where_the_proof_cannot_be() -> None:
    document = {**ISSUER.sign(degree_credential()), "credentialSubject": {"id": HOLDER, "shoeSize": 44}}
    document["proof"]["proofValue"] = "z"
    found = outcomes(verify(document))
    assert (found["structure"], found["proof"]) == ((FAILED, "UNDEFINED_TERM"), (FAILED, "PROOF_INVALID"))


def test_lone_surrogates_do_not_make_it_raise() -> None:
    for suite in HASHING_SUITES:
        document = ISSUER.sign(degree_credential("2.0"), suite)
        document["credentialSubject"]["degree"]["name"] = "\ud800"
        report = verify(document)
        assert report.check("structure").outcome is FAILED


def test_inline_contexts_are_taken_where_the_caller_takes_them() -> None:
    document = degree_credential("2.0", claims={"shoeSize": 44})
    document["@context"].append({"shoeSize": "https://a.example/#shoeSize"})
    signed = ISSUER.sign(document, "eddsa-rdfc-2022", allow_inline=True)
    assert verify(signed, allow_inline=True)
    assert outcomes(verify(signed))["structure"] == (FAILED, "CONTEXT_NOT_ALLOWED")


def test_a_foreign_key_is_named_under_issuer_not_under_proof() -> None:
    report = verify(STRANGER.sign(degree_credential()))
    assert report.check("proof").outcome is PASSED
    assert outcomes(report)["issuer"] == (FAILED, "ISSUER_KEY_MISMATCH")
    assert report.check("expiration").outcome is UNCHECKED


def test_a_good_proof_beside_a_foreign_one_does_not_help() -> None:
    both = STRANGER.sign(ISSUER.sign(degree_credential()))
    assert outcomes(verify(both))["issuer"] == (FAILED, "ISSUER_KEY_MISMATCH")
    broken = copy.deepcopy(ISSUER.sign(ISSUER.sign(degree_credential()), created=NOW))
    broken["proof"][0]["created"] = "2026-01-01T00:00:00Z"
    assert outcomes(verify(broken))["proof"] == (FAILED, "PROOF_INVALID")


def test_a_deactivated_issuer_fails_and_the_rest_is_still_told() -> None:
    registry = Registry()
    registry.resolved[ISSUER.did] = ResolvedDID(ISSUER.document(), deactivated=True)
    report = verify(ISSUER.sign(degree_credential()), resolver=registry)
    assert outcomes(report) == {"issuer": (FAILED, "ISSUER_DEACTIVATED")}
    assert report.check("expiration").outcome is PASSED


def test_a_compromised_key_fails_the_proof() -> None:
    registry = Registry()
    registry.resolved[ISSUER.did] = ResolvedDID(ISSUER.document(), compromised_methods=frozenset({ISSUER.method_id}))
    assert outcomes(verify(ISSUER.sign(degree_credential()), resolver=registry))["proof"] == (FAILED, "KEY_COMPROMISED")


class Failing(Registry):
    """A resolver whose every answer is a refusal."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def resolve(self, did: str) -> ResolvedDID:
        raise self._error


def test_an_issuer_that_cannot_be_resolved_leaves_the_proof_open() -> None:
    signed = ISSUER.sign(degree_credential())
    open_ = verify(signed, resolver=Failing(DIDUnresolvable("The registry does not answer.")))
    assert outcomes(open_)["proof"] == (UNCHECKED, "UNRESOLVABLE")
    absent = verify(signed, resolver=Registry())
    assert outcomes(absent)["proof"] == (FAILED, "UNRESOLVABLE")
    assert not open_
    assert not absent
    other = Party(3, "did:ion:abc")
    unknown = verify(other.sign(degree_credential(issuer_did=other.did)), resolver=Failing(_unsupported()))
    assert outcomes(unknown)["proof"] == (UNCHECKED, "UNRESOLVABLE")


def _unsupported() -> Exception:

    return UnsupportedDIDMethod("Not known here.")


@pytest.mark.parametrize("accepted", [frozenset(), frozenset({"eddsa-jcs-2022"})])
def test_suites_that_are_not_accepted_fail(accepted: frozenset[str]) -> None:
    assert outcomes(verify(ISSUER.sign(degree_credential()), accepted_suites=accepted))["proof"] == (
        FAILED,
        "PROOF_INVALID",
    )


def test_a_known_suite_that_cannot_run_fails_even_when_accepted() -> None:
    document = {**degree_credential("2.0"), "proof": {"type": "DataIntegrityProof", "cryptosuite": "bbs-2023"}}
    document["proof"]["proofPurpose"] = "assertionMethod"
    report = verify(document, accepted_suites=frozenset({"bbs-2023"}))
    assert outcomes(report)["proof"] == (FAILED, "PROOF_INVALID")


@pytest.mark.parametrize("model", ["1.1", "2.0"])
@pytest.mark.parametrize(
    ("begins", "ends", "code"),
    [
        (-3600, 3600, None),
        (60, 3600, None),
        (61, 3600, "NOT_YET_VALID"),
        (-3600, -60, None),
        (-3600, -61, "EXPIRED"),
    ],
    ids=["within", "begins within the skew", "begins later", "ended within the skew", "ended before"],
)
def test_validity_has_a_minute_of_tolerance(model: str, begins: int, ends: int, code: str | None) -> None:
    document = degree_credential(
        model, valid_from=NOW + timedelta(seconds=begins), valid_until=NOW + timedelta(seconds=ends)
    )
    report = verify(ISSUER.sign(document))
    assert report.check("expiration").code == code
    assert bool(report) == (code is None)


def test_the_other_models_dates_count_as_well() -> None:
    document = {**degree_credential(valid_until=None), "validUntil": format_timestamp(NOW - timedelta(hours=1))}
    document["issuanceDate"] = format_timestamp(NOW - timedelta(hours=2))
    assert outcomes(verify(ISSUER.sign(document)))["expiration"] == (FAILED, "EXPIRED")
    early = {**degree_credential(), "validFrom": format_timestamp(NOW + timedelta(hours=1))}
    assert outcomes(verify(ISSUER.sign(early)))["expiration"] == (FAILED, "NOT_YET_VALID")


def test_a_credential_without_dates_has_no_period_to_check() -> None:
    document = degree_credential("2.0", valid_until=None)
    del document["validFrom"]
    report = verify(ISSUER.sign(document))
    assert report
    assert report.check("expiration").outcome is NOT_APPLICABLE


def test_claims_must_match_the_schema_that_is_named() -> None:
    degree = {"degree": {"type": "BachelorDegree", "gpa": 11}}
    named = ISSUER.sign(degree_credential(claims=degree, schema_id=DEGREE_SCHEMA))
    assert outcomes(verify(named)) == {"schema": (FAILED, "SCHEMA_VALIDATION_FAILED")}
    unnamed = ISSUER.sign(degree_credential(claims=degree))
    assert verify(unnamed).check("schema").outcome is NOT_APPLICABLE
    assert verify(unnamed)


def test_an_unknown_schema_leaves_the_check_open() -> None:
    signed = ISSUER.sign(degree_credential(schema_id=DEGREE_SCHEMA))
    report = verify(signed, schemas=NoSchemaSource())
    assert outcomes(report) == {"schema": (UNCHECKED, "SCHEMA_NOT_FOUND")}
    both = degree_credential(schema_id=DEGREE_SCHEMA)
    both["credentialSchema"] = [both["credentialSchema"], {**both["credentialSchema"], "id": "did:adi:schema:other-v1"}]
    assert outcomes(verify(ISSUER.sign(both))) == {"schema": (UNCHECKED, "SCHEMA_NOT_FOUND")}


def test_every_subject_must_match_the_schema() -> None:
    document = degree_credential(schema_id=DEGREE_SCHEMA)
    better = copy.deepcopy(document["credentialSubject"])
    better["degree"]["gpa"] = 11
    document["credentialSubject"] = [document["credentialSubject"], better]
    assert outcomes(verify(ISSUER.sign(document)))["schema"] == (FAILED, "SCHEMA_VALIDATION_FAILED")


def test_the_holder_must_be_the_expected_one() -> None:
    signed = ISSUER.sign(degree_credential())
    assert verify(signed, expected_holder=HOLDER).check("holder").outcome is PASSED
    assert outcomes(verify(signed, expected_holder="did:adi:holder002")) == {"holder": (FAILED, "HOLDER_MISMATCH")}
    bearer = ISSUER.sign(degree_credential(subject_id=None))
    assert outcomes(verify(bearer, expected_holder=HOLDER)) == {"holder": (FAILED, "HOLDER_MISMATCH")}
    assert verify(signed).check("holder").outcome is NOT_APPLICABLE
    two = degree_credential()
    two["credentialSubject"] = [two["credentialSubject"], {**two["credentialSubject"], "id": "did:adi:holder002"}]
    assert outcomes(verify(ISSUER.sign(two), expected_holder=HOLDER)) == {"holder": (FAILED, "HOLDER_MISMATCH")}


def test_issuers_are_trusted_by_exact_list_or_by_saying_any() -> None:
    signed = ISSUER.sign(degree_credential())
    assert verify(signed, trusted_issuers=ANY_ISSUER).check("trustedIssuer").outcome is NOT_APPLICABLE
    assert verify(signed, trusted_issuers=[STRANGER.did, ISSUER.did]).check("trustedIssuer").outcome is PASSED
    for trusted in ([], [STRANGER.did], [ISSUER.did + "x"]):
        report = verify(signed, trusted_issuers=trusted)
        assert outcomes(report) == {"trustedIssuer": (FAILED, "UNTRUSTED_ISSUER")}


DELEGATION_TERMS = {
    name: f"https://a.example/#{name}"
    for name in ("delegator", "delegate", "parent", "scope", "maxDepth", "AgentDelegationCredential")
}


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, PASSED),
        ({"delegator": "did:adi:somebody"}, FAILED),
        ({"delegate": "did:adi:somebody"}, FAILED),
        ({"delegate": ISSUER.did}, FAILED),
        ({"delegator": None}, FAILED),
        ({"scope": None}, FAILED),
        ({"maxDepth": 8}, FAILED),
        ({"parent": "urn:uuid:1"}, UNCHECKED),
    ],
    ids=[
        *("one hop", "another delegator", "another delegate", "oneself", "no delegator", "no scope", "too deep"),
        "a link of a chain",
    ],
)
def test_a_delegation_runs_from_its_issuer_to_its_subject(changes: dict[str, Any], outcome: Outcome) -> None:
    claims = {"delegator": ISSUER.did, "delegate": HOLDER, "scope": ["read"], "maxDepth": 1, **changes}
    document = degree_credential(
        types=("AgentDelegationCredential",),
        claims={name: value for name, value in claims.items() if value is not None},
        valid_until=NOW + timedelta(days=1),
    )
    document["@context"].append(DELEGATION_TERMS)
    report = verify(ISSUER.sign(document, allow_inline=True), allow_inline=True)
    assert report.check("delegation").outcome is outcome
    expected = {PASSED: None, FAILED: "DELEGATION_INVALID", UNCHECKED: "DELEGATION_NOT_FOUND"}[outcome]
    assert report.check("delegation").code == expected
    assert bool(report) == (outcome is PASSED)


def test_checks_that_were_not_asked_for_do_not_apply_but_the_first_three_always_do() -> None:
    expired = ISSUER.sign(
        degree_credential(valid_until=NOW - timedelta(seconds=100), valid_from=NOW - timedelta(days=1))
    )
    assert not verify(expired)
    narrowed = verify(expired, selected=["proof"])
    assert narrowed
    assert [check.name for check in narrowed.checks if check.outcome is PASSED] == ["structure", "proof", "issuer"]
    assert {check.outcome for check in narrowed.checks[3:]} == {NOT_APPLICABLE}
    foreign = STRANGER.sign(degree_credential())
    assert outcomes(verify(foreign, selected=[])) == {"issuer": (FAILED, "ISSUER_KEY_MISMATCH")}


def test_a_did_key_issuer_verifies() -> None:
    party = Party(5, did_key(Party(5).key))
    assert verify(party.sign(degree_credential("2.0", issuer_did=party.did), "eddsa-rdfc-2022"))


def test_an_empty_report_and_one_without_the_first_checks_have_not_passed() -> None:
    passed = Check("expiration", PASSED, None, "fine")
    assert not VerificationReport((), frozenset(), NOW)
    assert not VerificationReport((passed,), PROOF_CHECKS, NOW)
    assert VerificationReport((passed,), frozenset({"expiration"}), NOW)
    waived = Check("proof", NOT_APPLICABLE, None, "waived")
    assert not VerificationReport((waived,), frozenset({"proof"}), NOW)


def test_codes_are_those_of_the_contract() -> None:
    assert all(code.name == code.value for code in ReportCode)


def test_verifying_leaves_the_document_as_it_was() -> None:
    signed = ISSUER.sign(degree_credential(schema_id=DEGREE_SCHEMA))
    before = copy.deepcopy(signed)
    verify(signed)
    assert signed == before


def test_time_is_an_argument() -> None:
    signed = ISSUER.sign(degree_credential())
    assert not verify(signed, now=datetime(2031, 1, 2, tzinfo=NOW.tzinfo))


def test_the_digest_of_a_related_resource_that_is_held_here_must_be_right() -> None:
    address = "https://www.w3.org/ns/credentials/v2"
    content = canonicalizer().pinned_content(address)
    assert content is not None
    assert canonicalizer().pinned_content("https://a.example/unknown") is None
    for data, code in ((content, None), (content + b" ", "INVALID_VALUE")):
        digest = "sha384-" + base64.b64encode(hashlib.sha384(data).digest()).decode()
        document = {**degree_credential("2.0"), "relatedResource": [{"id": address, "digestSRI": digest}]}
        report = verify(ISSUER.sign(document, "eddsa-rdfc-2022"), pinned=canonicalizer().pinned_content)
        assert report.check("structure").code == code
        assert bool(report) == (code is None)
