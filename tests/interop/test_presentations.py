"""Presentations exchanged with Digital Bazaar's implementation: challenge and domain bind them, both ways."""

from __future__ import annotations

from typing import Any

import pytest

from tests.interop import documents
from tests.interop.ours import Issuer, Ours
from tests.interop.peer import DigitalBazaar

CREATED = "2026-01-01T00:00:00Z"
ISSUER = Issuer(bytes(range(40, 72)))
HOLDER = Issuer(bytes(range(41, 73)))
CHALLENGE = "3182bdea-63d9-11ea-b6de-3b7c1404d57f"
DOMAIN = "verifier.example"
MODEL = {"Ed25519Signature2020": "1.1", "eddsa-rdfc-2022": "2.0"}


def unsigned(ours: Ours, suite: str) -> dict[str, Any]:
    """A presentation of one credential about its holder, issued by us."""
    model = MODEL[suite]
    subject = {"id": HOLDER.did, "degree": {"type": "Degree", "level": "bachelor"}}
    credential = ours.sign(
        documents.degree(model, ISSUER.did, credentialSubject=subject), ISSUER, suite=suite, created=CREATED
    )
    first = model == "1.1"
    return {
        "@context": [documents.CREDENTIALS_V1, documents.ED25519_2020] if first else [documents.CREDENTIALS_V2],
        "type": ["VerifiablePresentation"],
        "holder": HOLDER.did,
        "verifiableCredential": [credential],
    }


def ours_signed(ours: Ours, suite: str) -> dict[str, Any]:
    return ours.sign(
        unsigned(ours, suite), HOLDER, suite=suite, created=CREATED, purpose="authentication",
        challenge=CHALLENGE, domain=DOMAIN,
    )  # fmt: skip


def theirs_signed(ours: Ours, peer: DigitalBazaar, suite: str) -> dict[str, Any]:
    signed: dict[str, Any] = peer.present(
        unsigned(ours, suite), suite=suite, key=HOLDER.key, created=CREATED, challenge=CHALLENGE, domain=DOMAIN,
        documents=documents.CONTEXTS,
    )  # fmt: skip
    return signed


@pytest.mark.parametrize("suite", MODEL)
def test_presentations_carry_the_same_proof_value(ours: Ours, digital_bazaar: DigitalBazaar, suite: str) -> None:
    mine, their_own = ours_signed(ours, suite), theirs_signed(ours, digital_bazaar, suite)
    assert mine["proof"] == their_own["proof"]


@pytest.mark.parametrize("suite", MODEL)
def test_they_verify_our_presentation(ours: Ours, digital_bazaar: DigitalBazaar, suite: str) -> None:
    asked = {"challenge": CHALLENGE, "domain": DOMAIN, "documents": documents.CONTEXTS}
    signed = ours_signed(ours, suite)
    judged = digital_bazaar.verify_presentation(signed, **asked)
    assert judged["verified"] is True, judged
    assert [one["verified"] for one in judged["credentials"]] == [True]
    for wrong in ({"challenge": "another"}, {"domain": "other.example"}):
        assert digital_bazaar.verify_presentation(signed, **{**asked, **wrong})["verified"] is False


@pytest.mark.parametrize("suite", MODEL)
def test_we_verify_their_presentation(ours: Ours, digital_bazaar: DigitalBazaar, suite: str) -> None:
    signed = theirs_signed(ours, digital_bazaar, suite)
    report = ours.presentation_report(signed, challenge=CHALLENGE, domain=DOMAIN)
    assert report, report.presentation.failures
    wrong_challenge = ours.presentation_report(signed, challenge="another", domain=DOMAIN)
    assert [(check.name, check.code) for check in wrong_challenge.presentation.failures] == [
        ("challenge", "CHALLENGE_MISMATCH")
    ]
    wrong_domain = ours.presentation_report(signed, challenge=CHALLENGE, domain="other.example")
    assert [(check.name, check.code) for check in wrong_domain.presentation.failures] == [("domain", "DOMAIN_MISMATCH")]


@pytest.mark.parametrize("suite", MODEL)
def test_both_refuse_a_presentation_whose_credential_was_tampered_with(
    ours: Ours, digital_bazaar: DigitalBazaar, suite: str
) -> None:
    document = unsigned(ours, suite)
    document["verifiableCredential"][0]["credentialSubject"]["degree"]["level"] = "doctor"
    signed = ours.sign(
        document, HOLDER, suite=suite, created=CREATED, purpose="authentication", challenge=CHALLENGE, domain=DOMAIN
    )
    asked = {"challenge": CHALLENGE, "domain": DOMAIN, "documents": documents.CONTEXTS}
    assert digital_bazaar.verify_presentation(signed, **asked)["verified"] is False
    assert not ours.presentation_report(signed, challenge=CHALLENGE, domain=DOMAIN)
