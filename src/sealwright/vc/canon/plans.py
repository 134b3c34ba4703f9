"""Compiled plans: canonicalization of all documents of one shape by one small generated function.

A plan is never trusted for being compiled: it must reproduce the reference on both marked documents before it is
used, and `Canonicalizer` goes on comparing it with the reference while it is in use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sealwright.vc.canon.generation import Extract, Fill, generate_extract, generate_fill
from sealwright.vc.canon.rdfc import WorkBudget, canonicalize_quads
from sealwright.vc.canon.reference import ReferenceProcessor
from sealwright.vc.canon.shape import Key, NoPlanError, Profile, ShapeReader
from sealwright.vc.canon.telling import Statements, tells_subjects
from sealwright.vc.canon.templates import SCHEMES, Hole, Template, marks, templates
from sealwright.vc.canon.terms import parse_line
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.errors import DocumentRefused


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
        uses: How often `fill` gave an answer; decides when the reference is asked for comparison.
        is_poisoned: A comparison failed; the plan must not be used again.
    """

    fill: Fill
    extract: Extract
    digest: bytes
    tells_subjects: bool = False
    named: tuple[int, ...] = ()
    uses: int = 0
    is_poisoned: bool = False

    def tells_subjects_of(self, leaves: Sequence[Any]) -> bool:
        """Whether a document of this shape and these leaves holds, in its subjects, all statements about them."""
        return self.tells_subjects and len({leaves[place] for place in self.named}) == len(self.named)


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
        marked = self._marked(document, iter(made), self._shapes.profile(document["@context"]), None)
        if self._shapes.read(marked) != (key, made):
            raise NoPlanError
        try:
            quads, is_plannable = self._reference.trial(marked, budget)
            canonical = "".join(canonicalize_quads(quads, budget).lines)
        except DocumentRefused as error:
            raise NoPlanError from error
        if not is_plannable or not quads:
            raise NoPlanError
        # The marks are all different, so nothing can look told by two values that happen to be one.
        told = tells_subjects(marked, Statements(parse_line(text) for text in canonical.split("\n")[:-1]))
        return templates(quads, made, run), made, canonical, told

    def _marked(self, node: Any, made: Any, profile: Profile, valued: frozenset[str] | None) -> Any:
        """The document with a mark in place of each leaf, in the order in which `ShapeReader` reads them."""
        if isinstance(node, dict):
            if "@context" in node and valued is not None:
                profile = self._shapes.profile(node["@context"])
            inside = profile.valued if valued is None else valued | (profile.valued if "@context" in node else valued)
            marked = {}
            for name, value in node.items():
                below = profile.below(name, inside) if name in profile.scoped else inside
                marked[name] = value if name in inside else self._marked(value, made, profile, below)
            return marked
        if isinstance(node, list) and {*map(type, node)} not in ({str}, {int}):
            return [self._marked(item, made, profile, valued) for item in node]
        return node if isinstance(node, bool) else next(made)


def _named(statements: list[Template], leaves: list[Any]) -> tuple[int, ...] | None:
    """The leaves that name nodes of which something is said; None where a name is fixed, or one of many."""
    subjects = {statement[0] for statement in statements}
    if any(isinstance(subject, str) for subject in subjects):
        return None
    found = sorted(subject.leaf for subject in subjects if isinstance(subject, Hole))
    return None if any(isinstance(leaves[place], list) for place in found) else tuple(found)


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
