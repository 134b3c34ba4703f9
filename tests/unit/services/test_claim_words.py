"""Claims in words."""

from __future__ import annotations

from sealwright.services.claim_words import spelled_claims


def test_claims_are_spelled_for_reading() -> None:
    spelled = dict(spelled_claims({"degree": {"gpa": 3.8, "graduationYear": 2025}, "areas": ["a", "b"], "ok": True}))
    assert spelled == {"Degree, gpa": "3.8", "Degree, graduation year": "2025", "Areas": "a, b", "Ok": "true"}
