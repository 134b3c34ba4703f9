"""Whether an object says, under their own names, all that is signed of its node: told from the statements themselves.

What is signed are statements, not spellings. Under contexts of somebody's own two names may stand for one, or change
places, and a node may be described in several places of a document; the signature holds over each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol
from urllib.parse import unquote

from sealwright.vc.canon.spelling import CREDENTIAL_TYPE, last_step
from sealwright.vc.canon.terms import RDF_TYPE, Quad, canonical_double, literal

_OF_NODES: Final = frozenset({"id", "type"})
"""Members that name a node and its types; a context cannot give them to anything else."""


class SaidOfNodes(Protocol):
    """Tells what is said of a node; `Statements` is the one."""

    def said_of(self, node: str) -> Mapping[str, frozenset[str]]:
        """What is said of a node, by the last steps of the names under which it is; its types are left out."""
        ...


class Statements:
    """The statements of a document, whatever names it gives to what it says."""

    __slots__ = ("_about", "_types")

    def __init__(self, quads: Iterable[Quad]) -> None:
        self._about: dict[str, dict[str, set[str]]] = {}
        self._types: dict[str, set[str]] = {}
        for subject, predicate, object_, _ in quads:
            if predicate == RDF_TYPE:
                self._types.setdefault(subject, set()).add(object_)
            else:
                name = unquote(last_step(predicate[1:-1]))
                self._about.setdefault(subject, {}).setdefault(name, set()).add(object_)

    def types(self) -> frozenset[str]:
        """The last steps of all types that a credential has."""
        credentials = [types for types in self._types.values() if f"<{CREDENTIAL_TYPE}>" in types]
        return frozenset(last_step(one[1:-1]) for types in credentials for one in types)

    def said_of(self, node: str) -> Mapping[str, frozenset[str]]:
        """What is said of a node, by the last steps of the names under which it is; its types are left out.

        Args:
            node: As it stands in statements: an IRI in angle brackets, or a blank node.
        """
        return {name: frozenset(objects) for name, objects in self._about.get(node, {}).items()}


def tells_node(part: Mapping[str, Any], node: str, every: SaidOfNodes) -> bool:
    """Whether an object holds all statements about its node, each under its own name, and nothing beside them.

    Two names of a context may stand for one, or two change places: names alone would let a second list pass unread,
    or one limit be taken for another.
    """
    stated = every.said_of(node)
    members = {name: value for name, value in part.items() if name not in _OF_NODES}
    return members.keys() == stated.keys() and all(
        _tells_value(value, stated[name], every) for name, value in members.items()
    )


def tells_subjects(document: Mapping[str, Any], every: SaidOfNodes) -> bool:
    """Whether every subject of a credential is named and holds all statements about itself and its parts."""
    found = document.get("credentialSubject")
    subjects = found if isinstance(found, list) else [found]
    return all(
        isinstance(subject, Mapping)
        and isinstance(subject.get("id"), str)
        and tells_node(subject, f"<{subject['id']}>", every)
        for subject in subjects
    )


def _tells_value(value: Any, objects: frozenset[str], every: SaidOfNodes) -> bool:
    if isinstance(value, dict):
        return len(objects) == 1 and tells_node(value, next(iter(objects)), every)
    # An array of objects could be matched to its nodes in more than one way, so it is not.
    starts = [_starts_of(item) for item in (value if isinstance(value, list) else [value])]
    every_start = tuple(start for one in starts for start in one)
    is_each_said = all(any(text.startswith(one) for text in objects) for one in starts)
    return is_each_said and all(text.startswith(every_start) for text in objects)


def _starts_of(value: Any) -> tuple[str, ...]:
    """How a term may begin that a value was signed as; none for null, objects and arrays."""
    if isinstance(value, str):
        # A literal's end quote closes the text; what follows is its datatype.
        return (literal(value), f"<{value}>")
    if isinstance(value, bool):
        return (literal(str(value).lower()),)
    if isinstance(value, int | float):
        double = canonical_double(float(value))
        numbers = (str(int(value)), double) if value == int(value) else (double,)
        # The datatype has to follow: a text of the same digits is another statement.
        return tuple(f'"{number}"^^<' for number in numbers)
    return ()
