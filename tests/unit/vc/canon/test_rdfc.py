"""RDFC-1.0 with counted work."""

from __future__ import annotations

import itertools
import sys
import time

import pytest

from sealwright.vc.canon.rdfc import WorkBudget, canonicalize_quads, first_degree_hash
from sealwright.vc.canon.terms import Quad
from sealwright.vc.errors import InvalidUnicode, TooComplex


def clique(size: int) -> list[Quad]:
    """Blank nodes each of which knows every other: nothing tells them apart."""
    return [(f"_:n{a}", "<urn:knows>", f"_:n{b}", "") for a, b in itertools.permutations(range(size), 2)]


def ring(size: int) -> list[Quad]:
    return [(f"_:n{i}", "<urn:next>", f"_:n{(i + 1) % size}", "") for i in range(size)]


def test_labels_do_not_depend_on_names_or_order() -> None:
    quads = [
        ("<urn:s>", "<urn:p>", "_:x", ""),
        ("_:x", "<urn:q>", '"1"', ""),
        ("<urn:s>", "<urn:p>", "_:y", ""),
        ("_:y", "<urn:q>", '"2"', ""),
    ]
    renamed = [tuple({"_:x": "_:k", "_:y": "_:a"}.get(term, term) for term in quad) for quad in reversed(quads)]
    first = canonicalize_quads(quads, WorkBudget())
    second = canonicalize_quads(renamed, WorkBudget())  # type: ignore[arg-type]
    assert first.lines == second.lines
    assert first.labels["_:x"] == second.labels["_:k"]
    assert sorted(first.labels.values()) == ["_:c14n0", "_:c14n1"]


def test_statements_are_a_set_in_code_point_order() -> None:
    quads = [("<urn:s>", "<urn:p>", f'"{text}"', "") for text in ("\U0001f600", "\ufb33", "a", "a")]
    assert canonicalize_quads(quads, WorkBudget()).lines == (
        '<urn:s> <urn:p> "a" .\n',
        '<urn:s> <urn:p> "\ufb33" .\n',
        '<urn:s> <urn:p> "\U0001f600" .\n',
    )


def test_labels_inside_literals_are_left_alone() -> None:
    lines = canonicalize_quads([("_:x", "<urn:p>", '"_:x _:c14n0"', "")], WorkBudget()).lines
    assert lines == ('_:c14n0 <urn:p> "_:x _:c14n0" .\n',)


def test_equal_nodes_of_a_ring_are_labelled_somehow_and_always_alike() -> None:
    forms = {canonicalize_quads([ring(5)[i - k] for i in range(5)], WorkBudget()).lines for k in range(5)}
    assert len(forms) == 1


@pytest.mark.parametrize("size", [7, 10, 40])
def test_cliques_are_refused_by_count_in_reasonable_time(size: int) -> None:
    started = time.monotonic()
    with pytest.raises(TooComplex):
        canonicalize_quads(clique(size), WorkBudget())
    assert time.monotonic() - started < 20  # a guard against runaway work, not a measurement


def test_small_cliques_pass() -> None:
    assert len(canonicalize_quads(clique(4), WorkBudget()).lines) == 12


def test_the_refusal_comes_at_the_same_step_every_time() -> None:
    budget = WorkBudget(1_000)
    with pytest.raises(TooComplex, match="alike"):
        canonicalize_quads(clique(6), budget)


def test_a_passed_deadline_stops_the_work() -> None:
    ticks = iter(range(1_000_000))
    budget = WorkBudget(10**9, deadline=20, clock=lambda: float(next(ticks)))
    with pytest.raises(TooComplex, match="in time"):
        canonicalize_quads(clique(8), budget)


def test_long_chains_of_equal_nodes_are_refused_and_not_an_interpreter_error() -> None:
    with pytest.raises(TooComplex, match="long a chain"):
        canonicalize_quads(ring(4_000), WorkBudget(10**9))


def test_the_length_of_a_chain_is_judged_wherever_recursion_may_go() -> None:
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        with pytest.raises(TooComplex, match="long a chain"):
            canonicalize_quads(ring(1_000), WorkBudget(10**9))
    finally:
        sys.setrecursionlimit(usual)


def test_lone_surrogates_beside_blank_nodes_are_refused() -> None:
    with pytest.raises(InvalidUnicode):
        canonicalize_quads([("_:x", "<urn:p>", '"\ud800"', "")], WorkBudget())


def test_hash_names_give_hashes_of_their_length() -> None:
    quads = [("_:x", "<urn:p>", '"a"', "")]
    assert len(first_degree_hash("_:x", quads)) == 64
    assert len(first_degree_hash("_:x", quads, "SHA-384")) == 96
