"""Structure and proof of a document, where the check of its form lets something through that is none."""

from __future__ import annotations

import pytest

from sealwright.vc.proofs.registry import SUITES
from sealwright.vc.verification.examination import Examination
from sealwright.vc.verification.proving import Prover
from sealwright.vc.verification.report import CREDENTIAL_CHECKS, PROOF_CHECKS, Findings, Outcome
from tests.support.proving import NOW, Registry, canonicalizer


@pytest.mark.parametrize("document", [None, [], ["x"], "x", 1, True], ids=repr)
def test_what_is_no_object_fails_though_its_form_was_let_through(document: object) -> None:
    found = Findings(CREDENTIAL_CHECKS, PROOF_CHECKS)
    prover = Prover(Registry(), canonicalizer(), frozenset(SUITES), NOW, allow_inline=False)
    assert Examination(found, prover, lambda _document: None, "assertionMethod").prove(document) is None
    structure = next(check for check in found.complete("") if check.name == "structure")
    assert (structure.outcome, structure.code) == (Outcome.FAILED, "INVALID_BODY")
