"""Finding holes by marks."""

from __future__ import annotations

import pytest

from sealwright.vc.canon.shape import NoPlanError
from sealwright.vc.canon.templates import SCHEMES, BlankNode, Hole, Landing, holes, marks, templates
from sealwright.vc.canon.terms import RDF_TYPE, Quad, canonical_double

LEAVES = ["text", 5, 1.5, 4.0, ["a"], [1, 2]]


def test_marks_have_the_kinds_of_their_leaves_and_never_repeat() -> None:
    made = [marks(LEAVES, run) for run in (0, 1)]
    for run in made:
        assert [type(mark) for mark in run] == [type(leaf) for leaf in LEAVES]
        assert run[3].is_integer()
        assert not run[2].is_integer()
        assert [len(mark) for mark in run[4:]] == [2, 2]
    flat = [str(item) for run in made for mark in run for item in (mark if isinstance(mark, list) else [mark])]
    assert len(set(flat)) == len(flat)


def quad(object_: str, subject: str = "<urn:s>", predicate: str = "<urn:p>") -> Quad:
    return (subject, predicate, object_, "")


def test_each_kind_of_landing_is_recognized() -> None:
    made = marks(["iri", "plain", "tagged", "typed", 5, 1.5], 0)
    found = templates(
        [
            quad('"x"', subject=f"<{made[0]}>"),
            quad(f'"{made[1]}"'),
            quad(f'"{made[2]}"@en'),
            quad(f'"{made[3]}"^^<urn:d>'),
            quad(f'"{made[4]}"^^<urn:i>'),
            quad(f'"{canonical_double(made[5])}"^^<urn:f>', subject="_:b0"),
        ],
        made,
        0,
    )
    assert found[0][0] == Hole(0, Landing.IRI, ">")
    assert [next(holes(template)) for template in found[1:]] == [
        Hole(1, Landing.LITERAL, '"'),
        Hole(2, Landing.LITERAL, '"@en'),
        Hole(3, Landing.LITERAL, '"^^<urn:d>'),
        Hole(4, Landing.LITERAL, '"^^<urn:i>'),
        Hole(5, Landing.LITERAL, '"^^<urn:f>'),
    ]
    assert found[5][0] == BlankNode(0)


def test_repeated_leaves_leave_one_statement() -> None:
    made = marks([["a"]], 0)
    assert len(templates([quad(f'"{made[0][0]}"'), quad(f'"{made[0][1]}"')], made, 0)) == 1


@pytest.mark.parametrize(
    "build",
    [
        lambda mark: [quad('"x"')],
        lambda mark: [quad(f'"{mark} and more"')],
        lambda mark: [quad(f'"x"^^<{mark}>'), quad(f'"{mark}"')],
        lambda mark: [quad('"x"', predicate=f"<{mark}>")],
        lambda mark: [quad(f"<{mark}>", predicate=RDF_TYPE)],
        lambda mark: [quad(f"<prefix:{mark}>"), quad(f'"{mark}"')],
        lambda mark: [quad(f'"{mark}"', subject=f"_:b{number}") for number in range(17)],
    ],
    ids=["nowhere", "inside a text", "as datatype", "as property", "as type", "inside an IRI", "too many blank nodes"],
)
def test_marks_in_other_places_give_no_plan(build) -> None:  # type: ignore[no-untyped-def]
    made = marks(["text"], 0)
    with pytest.raises(NoPlanError):
        templates(build(made[0]), made, 0)


def test_repetitions_that_land_differently_give_no_plan() -> None:
    made = marks([["a"]], 0)
    for quads in (
        [quad(f'"{made[0][0]}"'), quad(f"<{made[0][1]}>")],
        [quad(f'"{made[0][0]}"')],
        [quad(f'"{made[0][1]}"', subject=f"<{made[0][0]}>"), quad(f'"{made[0][0]}"'), quad(f'"{made[0][1]}"')],
    ):
        with pytest.raises(NoPlanError):
            templates(quads, made, 0)


def test_the_two_runs_use_different_schemes() -> None:
    assert len(set(SCHEMES)) == 2
