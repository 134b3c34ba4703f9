"""Compiling: from one document to the function for all of its shape."""

from __future__ import annotations

from typing import Any

import pytest

from sealwright.vc.canon.plans import Plan, PlanCompiler
from sealwright.vc.canon.rdfc import WorkBudget
from sealwright.vc.canon.reference import ReferenceProcessor
from sealwright.vc.canon.shape import NoPlanError, ShapeReader
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.errors import TooComplex
from tests.support import documents

V2 = "https://www.w3.org/ns/credentials/v2"


def compiled(document: dict[str, Any], contexts: ContextStore | None = None, budget: WorkBudget | None = None) -> Plan:
    held = contexts or documents.store()
    shapes = ShapeReader(held)
    key, leaves = shapes.read(document)
    return PlanCompiler(held, ReferenceProcessor(held), shapes).compile(document, key, leaves, budget or WorkBudget())


def test_a_plan_serves_other_documents_of_the_shape() -> None:
    plan = compiled({"@context": [V2, documents.URL], "id": "urn:a", "label": "x", "counts": [1]})
    leaves = plan.extract({"@context": [V2, documents.URL], "id": "urn:b", "label": "y", "counts": [2, 3]})
    assert plan.fill(leaves) == "".join(
        f"<urn:b> <{documents.IRI}{line} .\n"
        for line in (
            'counts> "2"^^<http://www.w3.org/2001/XMLSchema#integer>',
            'counts> "3"^^<http://www.w3.org/2001/XMLSchema#integer>',
            'label> "y"',
        )
    )
    assert not plan.is_poisoned


def test_proof_options_have_plans() -> None:
    options = {
        "@context": [V2, documents.URL],
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "created": "2026-11-21T02:30:00Z",
        "verificationMethod": "did:adi:issuer#key-1",
        "proofPurpose": "assertionMethod",
    }
    plan = compiled(options)
    made = plan.fill(plan.extract({**options, "created": "2027-01-01T00:00:00Z"}))
    assert made is not None
    assert '"2027-01-01T00:00:00Z"' in made
    assert plan.extract({**options, "proofPurpose": "authentication"}) is None
    assert plan.extract({**options, "cryptosuite": "eddsa-jcs-2022"}) is None


@pytest.mark.parametrize(
    "more",
    [
        {"unheardOf": "x"},
        {"ordered": ["a"]},
        {"raw": {"a": 1}},
        {"type": "Unheard"},
        {"mode": "Unheard"},
        {"weight": 5},
    ],
    ids=repr,
)
def test_refused_or_unplanned_shapes_give_no_plan(more: dict[str, Any]) -> None:
    with pytest.raises(NoPlanError):
        compiled({"@context": [V2, documents.URL], "label": "x", **more})


@pytest.mark.parametrize(
    "context",
    [
        b'{"@context":{"a":{"@id":"urn:a"},"q7seal1mark":"urn:q"}}',
        b'{"@context":{"@direction":"rtl","a":{"@id":"urn:a"}}}',
    ],
    ids=["holds a mark", "has a direction"],
)
def test_contexts_that_would_blind_the_compiler_give_no_plan(context: bytes) -> None:
    contexts = ContextStore.pinned()
    contexts.register("https://cred.example/odd", context)
    with pytest.raises(NoPlanError):
        compiled({"@context": "https://cred.example/odd", "a": "x"}, contexts)


def test_a_default_language_is_part_of_the_plan() -> None:
    contexts = ContextStore.pinned()
    contexts.register("https://cred.example/de", b'{"@context":{"@language":"de","a":{"@id":"urn:a"}}}')
    plan = compiled({"@context": "https://cred.example/de", "a": "x"}, contexts)
    assert plan.fill(["y"]) == '_:c14n0 <urn:a> "y"@de .\n'


def test_running_out_of_budget_is_told_apart() -> None:
    budget = WorkBudget(10**9, deadline=0.0, clock=lambda: 1.0)
    parts = [{"label": "x", "note": "y", "flag": True, "amount": 1} for _ in range(12)]
    with pytest.raises(NoPlanError) as refusal:
        compiled({"@context": [V2, documents.URL], "parts": parts}, budget=budget)
    assert isinstance(refusal.value.__cause__, TooComplex)
