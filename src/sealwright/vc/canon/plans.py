"""Compiled plans: canonicalization of all documents of one shape by one small generated function.

A plan is never trusted for being compiled: it must reproduce the reference on both marked documents before it is
used, and `Canonicalizer` goes on comparing it with the reference while it is in use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sealwright.vc.canon.generation import Extract, Fill, generate_extract, generate_fill
from sealwright.vc.canon.rdfc import WorkBudget, canonicalize_quads
from sealwright.vc.canon.reference import ReferenceProcessor
from sealwright.vc.canon.shape import Key, NoPlanError, Profile, ShapeReader
from sealwright.vc.canon.templates import SCHEMES, Template, marks, templates
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.errors import DocumentRefused


@dataclass(slots=True, eq=False)
class Plan:
    """The canonicalization of one shape.

    Args:
        fill: Leaves in order → canonical text, or None where the leaves go beyond what the plan can vouch for.
        extract: Document → its leaves, or None where it has another shape.
        digest: Of the contexts, as in the key.
        uses: How often `fill` gave an answer; decides when the reference is asked for comparison.
        is_poisoned: A comparison failed; the plan must not be used again.
    """

    fill: Fill
    extract: Extract
    digest: bytes
    uses: int = 0
    is_poisoned: bool = False


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
        prefixes = frozenset().union(*(profile.prefixes for profile in profiles))
        plan = Plan(
            fill=generate_fill(runs[0][0], leaves, prefixes),
            extract=generate_extract(document, self._shapes),
            digest=profiles[0].digest,
        )
        for _, made, canonical in runs:
            if plan.fill(made) != canonical:
                raise NoPlanError
        if (extracted := plan.extract(document)) is None or list(extracted) != leaves:
            raise NoPlanError
        return plan

    def _run(
        self, document: dict[str, Any], key: Key, leaves: list[Any], run: int, budget: WorkBudget
    ) -> tuple[list[Template], list[Any], str]:
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
        return templates(quads, made, run), made, canonical

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
