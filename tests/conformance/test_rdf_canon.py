"""The published RDFC-1.0 suite: every entry of its manifest."""

from __future__ import annotations

import pytest

from sealwright.vc.canon.rdfc import WorkBudget, canonicalize_quads
from sealwright.vc.errors import TooComplex
from tests.support import nquads, vectors

HASH_NAMES = {None: "SHA-256", "SHA384": "SHA-384"}


def entries(kind: str) -> list[dict[str, str]]:
    manifest = vectors.read_json(vectors.folder("rdf-canon") / "manifest.jsonld")
    return [entry for entry in manifest["entries"] if entry["type"] == kind]


def test_canonical_forms_are_those_of_the_suite() -> None:
    root, ran = vectors.folder("rdf-canon"), 0
    for entry in entries("rdfc:RDFC10EvalTest"):
        quads = nquads.read((root / entry["action"]).read_bytes())
        dataset = canonicalize_quads(quads, WorkBudget(), hash_name=HASH_NAMES[entry.get("hashAlgorithm")])
        assert "".join(dataset.lines).encode() == (root / entry["result"]).read_bytes(), entry["id"]
        ran += 1
    assert ran == 64


def test_label_maps_are_those_of_the_suite() -> None:
    root, ran = vectors.folder("rdf-canon"), 0
    for entry in entries("rdfc:RDFC10MapTest"):
        quads = nquads.read((root / entry["action"]).read_bytes())
        dataset = canonicalize_quads(quads, WorkBudget(), hash_name=HASH_NAMES[entry.get("hashAlgorithm")])
        expected = vectors.read_json(root / entry["result"])
        assert {node[2:]: label[2:] for node, label in dataset.labels.items()} == expected, entry["id"]
        ran += 1
    assert ran == 21


def test_poisoned_graphs_are_refused_by_count_and_not_by_the_clock() -> None:
    root, ran = vectors.folder("rdf-canon"), 0
    for entry in entries("rdfc:RDFC10NegativeEvalTest"):
        quads = nquads.read((root / entry["action"]).read_bytes())
        with pytest.raises(TooComplex):
            canonicalize_quads(quads, WorkBudget(deadline=None))
        ran += 1
    assert ran == 1


def test_a_third_implementation_agrees_on_the_suite() -> None:
    root, ran = vectors.folder("rdf-canon"), 0
    for entry in entries("rdfc:RDFC10EvalTest"):
        text = (root / entry["action"]).read_bytes()
        if entry.get("hashAlgorithm") is None:
            dataset = canonicalize_quads(nquads.read(text), WorkBudget())
            assert "".join(dataset.lines).encode() == nquads.third_opinion(text), entry["id"]
            ran += 1
    assert ran == 63
