"""Where the leaves of a shape land: found by running the reference on documents whose leaves are marks.

Each leaf is replaced by a mark that occurs in no context; wherever the mark comes out as a whole term, there is a
hole for the leaf. A second run with other marks must find the same holes, so that nothing that merely looks like a
mark is taken for one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeAlias

from sealwright.vc.canon.shape import NoPlanError
from sealwright.vc.canon.terms import RDF_TYPE, Quad, canonical_double

MAX_BLANK_NODES: Final = 16

SCHEMES: Final = ("q7seal1mark", "v3seal2mark")
"""Schemes of the textual marks of the first and second run: a mark is an absolute IRI, so that it survives where an
identifier is asked for."""


class Landing(Enum):
    """What a leaf becomes in the canonical form."""

    IRI = "iri"
    LITERAL = "literal"


@dataclass(frozen=True, slots=True)
class Hole:
    """A leaf in a term: which one, how it is written, and what follows it (quote, datatype, language)."""

    leaf: int
    landing: Landing
    suffix: str


@dataclass(frozen=True, slots=True)
class BlankNode:
    """A blank node, numbered by first occurrence in the document."""

    number: int


Part: TypeAlias = str | Hole | BlankNode
Template: TypeAlias = tuple[Part, Part, Part, Part]


def marks(leaves: list[Any], run: int) -> list[Any]:
    """A mark in place of each leaf, of the same kind; a repeated leaf gets two."""
    made: list[Any] = []
    for index, leaf in enumerate(leaves):
        kind = type(leaf)
        if kind is str:
            made.append(f"{SCHEMES[run]}:{index:05}a")
        elif kind is int:
            made.append(_integer(run, index))
        elif kind is float:
            made.append(float(_integer(run, index)) if leaf.is_integer() else _fraction(run, index))
        elif type(leaf[0]) is str:
            made.append([f"{SCHEMES[run]}:{index:05}a", f"{SCHEMES[run]}:{index:05}b"])
        else:
            made.append([_integer(run, index), _integer(run, index) + 1])
    return made


def templates(quads: list[Quad], made: list[Any], run: int) -> list[Template]:
    """The statements with holes in place of marks; those of a second repetition are proved alike and left out.

    Raises:
        NoPlanError: A mark lies in a longer term, in a property or type, or nowhere; or blank nodes are too many.
    """
    reader = _TermReader(made, run)
    found = [reader.statement(quad) for quad in quads]
    if reader.blank_nodes > MAX_BLANK_NODES or reader.landed != set(range(len(made))):
        raise NoPlanError
    first = [template for template, copies in found if copies <= {0}]
    for index, mark in enumerate(made):
        if isinstance(mark, list):
            copies = [[t for t, at in found if at == {copy} and _holds(t, index)] for copy in (0, 1)]
            if copies[0] != copies[1]:
                raise NoPlanError
    if any(len(copies) > 1 for _, copies in found):
        raise NoPlanError
    return first


def holes(template: Template) -> Iterator[Hole]:
    """The holes of one statement, in order."""
    return (part for part in template if isinstance(part, Hole))


def _integer(run: int, index: int) -> int:
    return 4_100_000_000_003 + run * 3_000_000_000_017 + index * 2


def _fraction(run: int, index: int) -> float:
    return 100_003.125 + run * 500_000 + index


def _holds(template: Template, leaf: int) -> bool:
    return any(hole.leaf == leaf for hole in holes(template))


class _TermReader:
    def __init__(self, made: list[Any], run: int) -> None:
        self._scheme = SCHEMES[run]
        self._texts: dict[str, tuple[int, int]] = {}
        self._nodes: dict[str, int] = {}
        self.landed: set[int] = set()
        for index, mark in enumerate(made):
            if isinstance(mark, list):
                self._texts.update({str(item): (index, copy) for copy, item in enumerate(mark)})
            else:
                self._texts[_written(mark)] = (index, -1)

    @property
    def blank_nodes(self) -> int:
        return len(self._nodes)

    def statement(self, quad: Quad) -> tuple[Template, set[int]]:
        """The template of a statement, and which copies of repeated leaves it holds."""
        copies: set[int] = set()
        subject, predicate, object_, graph = (self._part(term, copies) for term in quad)
        if not isinstance(predicate, str) or (predicate == RDF_TYPE and isinstance(object_, Hole)):
            raise NoPlanError
        return (subject, predicate, object_, graph), copies

    def _part(self, term: str, copies: set[int]) -> Part:
        if term.startswith("_:"):
            return BlankNode(self._nodes.setdefault(term, len(self._nodes)))
        is_literal = term.startswith('"')
        end = term.rfind('"') if is_literal else len(term) - 1
        found = self._texts.get(term[1:end])
        if found is None:
            if self._scheme in term:
                raise NoPlanError
            return term
        leaf, copy = found
        self.landed.add(leaf)
        if copy >= 0:
            copies.add(copy)
        return Hole(leaf, Landing.LITERAL if is_literal else Landing.IRI, term[end:])


def _written(mark: Any) -> str:
    if type(mark) is float:
        return str(int(mark)) if mark.is_integer() else canonical_double(mark)
    return str(mark)
