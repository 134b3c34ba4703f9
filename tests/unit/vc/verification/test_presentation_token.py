"""Presentations in compact JWTs: the holder's signature, the occasion, and whatever a token can hold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sealwright.vc.proofs.compact import JWT_ALGORITHMS, sealed, signing_input
from sealwright.vc.verification.presentation import PresentationReport
from sealwright.vc.verification.presentation_token import TokenOccasion, verify_presentation_token
from sealwright.vc.verification.report import Check, Outcome, VerificationReport
from tests.support.proving import ISSUER, NOW, STRANGER, Party, Registry

HOLDER = ISSUER
CREDENTIAL = {"type": ["VerifiableCredential"], "credentialSubject": {"id": HOLDER.did}}


def signed(party: Party = HOLDER, header: dict[str, Any] | None = None, **changes: Any) -> str:
    head = {"alg": "EdDSA", "typ": "JWT", "kid": party.method_id, **(header or {})}
    payload = {
        "iss": HOLDER.did,
        "aud": "verifier",
        "nonce": "n",
        "vp": {"type": ["VerifiablePresentation"], "verifiableCredential": [CREDENTIAL]},
        **changes,
    }
    members = {name: value for name, value in payload.items() if value is not ...}
    data = signing_input(head, members)
    return sealed(data, party.signer.sign(data))


def verified(
    text: str, challenge: str | None = "n", domain: str | None = "verifier", *, is_derived: bool = False
) -> PresentationReport:
    def one(_: object) -> VerificationReport:
        checks = (Check("proof", Outcome.PASSED, None, "Fine."),)
        return VerificationReport(checks, frozenset({"proof"}), NOW, is_derived=is_derived)

    resolver = Registry(HOLDER, STRANGER)
    return verify_presentation_token(text, TokenOccasion(resolver, JWT_ALGORITHMS, one, NOW, challenge, domain))


def outcomes(report: PresentationReport) -> dict[str, str]:
    return {check.name: check.outcome.value for check in report.presentation.checks}


def test_its_holder_shows_what_is_about_them() -> None:
    report = verified(signed())
    assert report
    assert set(outcomes(report).values()) == {"passed"}
    assert report.presentation.holder_did == HOLDER.did
    # Data Model 2.0: the payload itself is the presentation.
    shown = {"type": ["VerifiablePresentation"], "holder": HOLDER.did, "verifiableCredential": [CREDENTIAL]}
    assert verified(signed(header={"typ": "vp+jwt"}, vp=..., iss=..., **shown))


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"nonce": "other"}, "challenge"),
        ({"nonce": ...}, "challenge"),
        ({"aud": "other"}, "domain"),
        ({"aud": ["verifier", "other"]}, "domain"),
        ({"exp": int((NOW - timedelta(minutes=5)).timestamp())}, "proof"),
        ({"iat": int((NOW + timedelta(minutes=5)).timestamp())}, "proof"),
        ({"nbf": "soon"}, "proof"),
        ({"iss": STRANGER.did}, "holder"),
        ({"iss": ["did:key:x"]}, "structure"),
        ({"iss": {}}, "structure"),
        ({"vp": None}, "structure"),
        ({"vp": {"type": "VerifiableCredential"}}, "structure"),
        ({"vp": {"type": ["VerifiablePresentation"], "holder": STRANGER.did}}, "structure"),
        ({"vp": {"type": ["VerifiablePresentation"], "verifiableCredential": [7]}}, "structure"),
        ({"vp": {"type": ["VerifiablePresentation"], "verifiableCredential": ["a.b.c~"]}}, "structure"),
        ({"vp": {"type": ["VerifiablePresentation"], "verifiableCredential": [CREDENTIAL] * 65}}, "structure"),
    ],
)
def test_what_does_not_fit_fails_by_name(changes: dict[str, Any], check: str) -> None:
    report = verified(signed(**changes))
    assert not report
    assert outcomes(report)[check] == "failed"


def test_a_strangers_key_shows_nothing() -> None:
    assert outcomes(verified(signed(STRANGER)))["holder"] == "failed"
    about_another = {**CREDENTIAL, "credentialSubject": {"id": STRANGER.did}}
    shown = {"type": ["VerifiablePresentation"], "verifiableCredential": [about_another]}
    assert outcomes(verified(signed(vp=shown)))["holder"] == "failed"
    assert outcomes(verified(signed(STRANGER, {"kid": HOLDER.method_id})))["proof"] == "failed"
    for header in ({"alg": "none"}, {"kid": ""}, {"kid": 7}):
        assert outcomes(verified(signed(header=header)))["proof"] == "failed"
    assert outcomes(verified(signed(header={"typ": "kb+jwt"})))["structure"] == "failed"


@pytest.mark.parametrize("is_derived", [False, True])
def test_a_derived_credential_inside_must_name_its_subject(is_derived: bool) -> None:
    nameless = {**CREDENTIAL, "credentialSubject": {"degree": {}}}
    shown = {"type": ["VerifiablePresentation"], "verifiableCredential": [nameless]}
    report = verified(signed(vp=shown), is_derived=is_derived)
    assert outcomes(report)["holder"] == ("failed" if is_derived else "passed")


def test_a_challenge_that_nobody_named_leaves_it_open() -> None:
    report = verified(signed(), challenge=None, domain=None)
    assert not report
    assert (outcomes(report)["challenge"], outcomes(report)["domain"]) == ("unchecked", "unchecked")
    assert verified(signed(nonce=..., aud=...), challenge=None, domain=None)


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "....", "é.é.é", "e30.e30.", "W10.W10.x"])
def test_what_is_no_token_is_told_so(text: str) -> None:
    assert outcomes(verified(text))["structure"] == "failed"
