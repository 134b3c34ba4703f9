"""Generated functions: what they answer and when they answer nothing."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sealwright.vc.canon.generation import generate_extract, generate_fill
from sealwright.vc.canon.shape import ShapeReader
from sealwright.vc.canon.templates import BlankNode, Hole, Landing, Template
from sealwright.vc.encoding.strict_json import MAX_SAFE_INTEGER
from tests.support import documents

NO_PREFIXES: frozenset[str] = frozenset()


def literal(leaf: int, suffix: str = '"', subject: Any = "<urn:s>") -> Template:
    return (subject, "<urn:p>", Hole(leaf, Landing.LITERAL, suffix), "")


def iri(leaf: int) -> Template:
    return (Hole(leaf, Landing.IRI, ">"), "<urn:p>", '"x"', "")


def test_texts_are_escaped_and_lines_sorted_as_a_set() -> None:
    fill = generate_fill([literal(0), literal(1)], ["a", "b"], NO_PREFIXES)
    assert fill(["b", "a"]) == '<urn:s> <urn:p> "a" .\n<urn:s> <urn:p> "b" .\n'
    assert fill(["a", "a"]) == '<urn:s> <urn:p> "a" .\n'
    assert fill(['"\\\n\x7f', "\u2028"]) == '<urn:s> <urn:p> "\\"\\\\\\n\\u007F" .\n<urn:s> <urn:p> "\u2028" .\n'


@pytest.mark.parametrize(
    "bad",
    ["relative", "", "_:b0", "urn:a b", "urn:a>", "ex:thing", "urn:\n", "urn:\ufffe ", "did:x\\", "@id"],
    ids=repr,
)
def test_identifiers_that_may_mean_something_else_are_left_to_the_reference(bad: str) -> None:
    fill = generate_fill([iri(0)], ["urn:a"], frozenset({"ex"}))
    assert fill(["urn:fine"]) == '<urn:fine> <urn:p> "x" .\n'
    assert fill([bad]) is None
    repeated = generate_fill([("<urn:s>", "<urn:p>", Hole(0, Landing.IRI, ">"), "")], [["urn:a"]], frozenset({"ex"}))
    assert repeated([["urn:fine", bad]]) is None


def test_numbers_have_their_canonical_form_and_limits() -> None:
    fill = generate_fill([literal(0, '"^^<i>'), literal(1, '"^^<d>'), literal(2, '"^^<w>')], [5, 1.5, 4.0], NO_PREFIXES)
    assert (
        fill([-7, 0.1, -0.0])
        == '<urn:s> <urn:p> "-7"^^<i> .\n<urn:s> <urn:p> "0"^^<w> .\n<urn:s> <urn:p> "1.0E-1"^^<d> .\n'
    )
    assert fill([MAX_SAFE_INTEGER, 1.5, 4.0]) is not None
    for integer in (MAX_SAFE_INTEGER + 1, -MAX_SAFE_INTEGER - 1):
        assert fill([integer, 1.5, 4.0]) is None
    for number in (math.inf, -math.inf, math.nan):
        assert fill([5, number, 4.0]) is None


def test_repeated_leaves_make_a_line_each() -> None:
    fill = generate_fill([literal(0)], [["a"]], NO_PREFIXES)
    assert fill([["b", 'a"', "b"]]) == '<urn:s> <urn:p> "a\\"" .\n<urn:s> <urn:p> "b" .\n'
    numbers = generate_fill([literal(0, '"^^<i>')], [[1]], NO_PREFIXES)
    assert numbers([[2, 1]]) == '<urn:s> <urn:p> "1"^^<i> .\n<urn:s> <urn:p> "2"^^<i> .\n'
    assert numbers([[1, 2**53]]) is None


def test_one_blank_node_needs_no_hash() -> None:
    fill = generate_fill([literal(0, subject=BlankNode(0))], ["a"], NO_PREFIXES)
    assert fill(["_:b0"]) == '_:c14n0 <urn:p> "_:b0" .\n'


def test_several_blank_nodes_are_labelled_by_hash_or_left_to_the_reference() -> None:
    fill = generate_fill([literal(0, subject=BlankNode(0)), literal(1, subject=BlankNode(1))], ["a", "b"], NO_PREFIXES)
    made = fill(["a", "b"])
    assert made is not None
    assert made == fill(["b", "a"])
    assert sorted(made) == sorted('_:c14n0 <urn:p> "a" .\n_:c14n1 <urn:p> "b" .\n')
    assert fill(["a", "a"]) is None


def extract(document: dict[str, Any]) -> Any:
    return generate_extract(document, ShapeReader(documents.store()))


def test_extract_takes_documents_of_its_shape_only() -> None:
    document = {
        "@context": documents.URL,
        "type": ["Thing"],
        "label": "x",
        "amount": 1.5,
        "flag": True,
        "tags": ["a"],
        "part": {"note": 4.0, "parts": [{"label": 5}]},
    }
    taken = extract(document)
    assert taken(document) == ("x", 1.5, ["a"], 4.0, 5)
    for change in (
        {"type": ["Fast"]},
        {"type": "Thing"},
        {"@context": "https://www.w3.org/ns/credentials/v2"},
        {"label": 5},
        {"label": None},
        {"amount": 2.0},
        {"amount": 2},
        {"flag": 1},
        {"flag": False},
        {"tags": []},
        {"tags": ["a", 1]},
        {"tags": "a"},
        {"tags": ["a"] * 1_001},
        {"part": []},
        {"part": {"note": 4.0}},
        {"part": {"parts": [{"label": 5}], "note": 4.0}},
        {"part": {"note": 4.5, "parts": [{"label": 5}]}},
        {"part": {"note": 1e21, "parts": [{"label": 5}]}},
        {"part": {"note": 4.0, "parts": [{"label": True}]}},
        {"part": {"note": 4.0, "parts": [{"label": 5}, {"label": 5}]}},
        {"more": "x"},
    ):
        assert taken({**document, **change}) is None, change
    for other in (None, [], "x", {}, dict(reversed(document.items()))):
        assert taken(other) is None
