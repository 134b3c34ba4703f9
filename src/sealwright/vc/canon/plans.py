"""Compiled plans: canonicalization of all documents of one shape by one small generated function.

A plan is never trusted for being compiled: it must reproduce the reference on both marked documents before it is
used, and `Canonicalizer` goes on comparing it with the reference while it is in use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from sealwright.vc.canon.generation import Extract, Fill, generate_extract, generate_fill
from sealwright.vc.canon.rdfc import WorkBudget, canonicalize_quads
from sealwright.vc.canon.reference import ReferenceProcessor
from sealwright.vc.canon.shape import Key, NoPlanError, Profile, ShapeReader
from sealwright.vc.canon.telling import Statements, tells_subjects
from sealwright.vc.canon.templates import SCHEMES, Hole, Landing, Template, holes, marks, templates
from sealwright.vc.canon.terms import parse_line
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.errors import DocumentRefused

Noted = TypeVar("Noted")
NotesOnShape = Callable[[Mapping[str, Any], Any, frozenset[int]], Noted]
"""Makes of a document what holds for all of its shape: of any one, its leaves' places in it, and the leaves that are
written as IRIs.

Instead of a leaf, or of an array that is one leaf, there stands its place in the order of leaves; all else stands as it
is in every document of the shape.
"""

_NOT_NOTED: Final = object()


@dataclass(slots=True, eq=False)
class Plan:
    """The canonicalization of one shape.

    Args:
        fill: Leaves in order → canonical text, or None where the leaves go beyond what the plan can vouch for.
        extract: Document → its leaves, or None where it has another shape.
        digest: Of the contexts, as in the key.
        tells_subjects: A credential of this shape holds, in its subjects and by name, all statements about them, as
            long as no two of its named nodes are one.
        named: The leaves that name a node of which something is said.
        iris: The leaves that are written as IRIs: `fill` answers for no document in which one of them is none.
        uses: How often `fill` gave an answer; decides when the reference is asked for comparison.
        is_poisoned: A comparison failed; the plan must not be used again.
        notes: What the rooms above found out about the shape, one entry for each that asks.
    """

    fill: Fill
    extract: Extract
    digest: bytes
    tells_subjects: bool = False
    named: tuple[int, ...] = ()
    iris: frozenset[int] = frozenset()
    uses: int = 0
    is_poisoned: bool = False
    notes: dict[object, Any] = field(default_factory=dict)

    def tells_subjects_of(self, leaves: Sequence[Any]) -> bool:
        """Whether a document of this shape and these leaves holds, in its subjects, all statements about them."""
        return self.tells_subjects and len({leaves[place] for place in self.named}) == len(self.named)


class Planned:
    """What a plan made of one document.

    Args:
        plan: The plan.
        leaves: Of the document, in order.
        data: The canonical form.
    """

    __slots__ = ("_shapes", "data", "leaves", "plan")

    def __init__(self, plan: Plan, leaves: Sequence[Any], data: bytes, shapes: ShapeReader) -> None:
        self.plan = plan
        self.leaves = leaves
        self.data = data
        self._shapes = shapes

    def tells_subjects(self) -> bool:
        """Whether the document holds, in its subjects and by name, all that is said of them; False says nothing."""
        return self.plan.tells_subjects_of(self.leaves)

    def noted(self, document: Mapping[str, Any], make: NotesOnShape[Noted]) -> Noted:
        """What `make` finds out about the shape, which is asked once for each plan.

        Args:
            document: The document that this was made of.
            make: A function of a module: as many notes are kept as there are such.
        """
        found: Any = self.plan.notes.get(make, _NOT_NOTED)
        if found is _NOT_NOTED:
            places = marked(self._shapes, document, iter(range(len(self.leaves))))
            found = self.plan.notes.setdefault(make, make(document, places, self.plan.iris))
        noted: Noted = found
        return noted


class PlanCompiler:
    """Makes plans by running the reference on marked documents."""

    def __init__(self, contexts: ContextStore, reference: ReferenceProcessor, shapes: ShapeReader) -> None:
        self._contexts = contexts
        self._reference = reference
        self._shapes = shapes

    def compile(self, document: dict[str, Any], key: Key, leaves: list[Any], budget: WorkBudget) -> Plan:
        """The plan of a document's shape.

        Args:
            document: Any document of the shape; only its shape is looked at.
            key: Of its shape.
            leaves: As `ShapeReader.read` gives them.

        Raises:
            NoPlanError: The shape has a feature that plans do not take, the reference refuses it, or the plan did not
                reproduce the reference.
        """
        profiles = list(_profiles(document, self._shapes))
        if not all(profile.is_plannable for profile in profiles):
            raise NoPlanError
        urls = frozenset().union(*(profile.urls for profile in profiles))
        if any(scheme.encode() in self._contexts.get(url).content for scheme in SCHEMES for url in urls):
            raise NoPlanError
        runs = [self._run(document, key, leaves, run, budget) for run in (0, 1)]
        if runs[0][0] != runs[1][0]:
            raise NoPlanError
        named = _named(runs[0][0], leaves)
        prefixes = frozenset().union(*(profile.prefixes for profile in profiles))
        plan = Plan(
            fill=generate_fill(runs[0][0], leaves, prefixes),
            extract=generate_extract(document, self._shapes),
            digest=profiles[0].digest,
            tells_subjects=named is not None and all(run[3] for run in runs),
            named=named or (),
            iris=_iris(runs[0][0]),
        )
        for _, made, canonical, _ in runs:
            if plan.fill(made) != canonical:
                raise NoPlanError
        if (extracted := plan.extract(document)) is None or list(extracted) != leaves:
            raise NoPlanError
        return plan

    def _run(
        self, document: dict[str, Any], key: Key, leaves: list[Any], run: int, budget: WorkBudget
    ) -> tuple[list[Template], list[Any], str, bool]:
        made = marks(leaves, run)
        with_marks = marked(self._shapes, document, iter(made))
        if self._shapes.read(with_marks) != (key, made):
            raise NoPlanError
        try:
            quads, is_plannable = self._reference.trial(with_marks, budget)
            canonical = "".join(canonicalize_quads(quads, budget).lines)
        except DocumentRefused as error:
            raise NoPlanError from error
        if not is_plannable or not quads:
            raise NoPlanError
        # The marks are all different, so nothing can look told by two values that happen to be one.
        told = tells_subjects(with_marks, Statements(parse_line(text) for text in canonical.split("\n")[:-1]))
        return templates(quads, made, run), made, canonical, told


def marked(shapes: ShapeReader, document: Mapping[str, Any], made: Iterator[Any]) -> Any:
    """A document with a mark in place of each leaf, in the order in which `ShapeReader` reads them."""
    return _marked(shapes, dict(document), made, shapes.profile(document["@context"]), None)


def _marked(
    shapes: ShapeReader, node: Any, made: Iterator[Any], profile: Profile, valued: frozenset[str] | None
) -> Any:
    if isinstance(node, dict):
        if "@context" in node and valued is not None:
            profile = shapes.profile(node["@context"])
        inside = profile.valued if valued is None else valued | (profile.valued if "@context" in node else valued)
        found = {}
        for name, value in node.items():
            below = profile.below(name, inside) if name in profile.scoped else inside
            found[name] = value if name in inside else _marked(shapes, value, made, profile, below)
        return found
    if isinstance(node, list) and {*map(type, node)} not in ({str}, {int}):
        return [_marked(shapes, item, made, profile, valued) for item in node]
    return node if isinstance(node, bool) else next(made)


def _named(statements: list[Template], leaves: list[Any]) -> tuple[int, ...] | None:
    """The leaves that name nodes of which something is said; None where a name is fixed, or one of many."""
    subjects = {statement[0] for statement in statements}
    if any(isinstance(subject, str) for subject in subjects):
        return None
    found = sorted(subject.leaf for subject in subjects if isinstance(subject, Hole))
    return None if any(isinstance(leaves[place], list) for place in found) else tuple(found)


def _iris(statements: list[Template]) -> frozenset[int]:
    found = (hole for statement in statements for hole in holes(statement))
    return frozenset(hole.leaf for hole in found if hole.landing is Landing.IRI)


def _profiles(node: Any, shapes: ShapeReader) -> Any:
    """The profile of every context in a document, the outermost first."""
    if isinstance(node, dict):
        if "@context" in node:
            yield shapes.profile(node["@context"])
        for value in node.values():
            yield from _profiles(value, shapes)
    elif isinstance(node, list):
        for item in node:
            yield from _profiles(item, shapes)
