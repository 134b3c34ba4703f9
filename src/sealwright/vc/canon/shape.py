"""The shape of a document: everything that decides where its leaves land, and the leaves in order.

Two documents of one shape differ only in texts and numbers whose place in the canonical form is known. What belongs to
the shape is chosen generously here and proved by the compiler: a leaf that turns out to matter beyond its own text
gives no plan at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, TypeAlias

from sealwright.vc.canon.terms import DOUBLE_FROM
from sealwright.vc.contexts.store import ContextStore, named_contexts

MAX_LEAVES: Final = 256
MAX_DEPTH: Final = 16
MAX_REPEATS: Final = 1_000

# What a member or an item is, in a key.
TEXT, INTEGER, FRACTION, WHOLE, TRUE, FALSE, OBJECT, ARRAY, VALUE, VALUES, CONTEXTS, TEXTS, INTEGERS = range(13)

Key: TypeAlias = tuple[Any, ...]

_ALWAYS_VALUED: Final = frozenset({"@context", "@type", "type", "proofPurpose", "cryptosuite"})
_UNPLANNED: Final = frozenset({"@base", "@import", "@propagate", "@direction"})


class NoPlanError(Exception):
    """The document has a feature that no plan may take."""


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """What a set of contexts says about names, at any depth and taken together.

    Args:
        digest: Hash over the digests of the contexts, in order; stands for them in a key.
        urls: Of these contexts and of those they name.
        valued: Members whose value belongs to the shape: types, and terms expanded as vocabulary.
        scoped: For members below which a scoped context gives valued names another meaning: the names that become
            ordinary properties there, and the names that become valued.
        prefixes: Terms that a processor may take for the scheme of an IRI.
        is_plannable: No context uses a keyword that plans do not take.
    """

    digest: bytes
    urls: frozenset[str]
    valued: frozenset[str]
    scoped: Mapping[str, tuple[frozenset[str], frozenset[str]]]
    prefixes: frozenset[str]
    is_plannable: bool
    _steps: dict[tuple[frozenset[str], str], frozenset[str]] = field(default_factory=dict, repr=False)

    def below(self, name: str, valued: frozenset[str]) -> frozenset[str]:
        """The valued names inside the objects of a member."""
        found = self._steps.get((valued, name))
        if found is None:
            ordinary, restored = self.scoped[name]
            found = self._steps[valued, name] = (valued - ordinary) | restored
        return found


class ShapeReader:
    """Reads shapes under the contexts of one store; keeps a profile per set of contexts."""

    def __init__(self, contexts: ContextStore) -> None:
        self._contexts = contexts
        self._profiles: dict[tuple[str, ...], Profile] = {}

    def profile(self, context: object) -> Profile:
        """The profile of a ``@context`` value.

        Raises:
            NoPlanError: It is not an address or a list of addresses that are pinned.
        """
        try:
            urls = tuple(context) if type(context) is list else (context,)
            found = self._profiles.get(urls)
        except TypeError as error:
            raise NoPlanError from error
        if found is None:
            found = _profile(self._contexts, urls)
            if len(self._profiles) > MAX_REPEATS:
                self._profiles.clear()
            self._profiles[urls] = found
        return found

    def read(self, document: dict[str, Any]) -> tuple[Key, list[Any]]:
        """The key of a document's shape, and its leaves in order.

        Raises:
            NoPlanError: No plan can take the document.
        """
        if type(document) is not dict:
            raise NoPlanError
        profile = self.profile(document.get("@context"))
        parts: list[Any] = []
        leaves: list[Any] = []
        self._object(document, profile, profile.valued, parts, leaves, 1)
        if len(leaves) > MAX_LEAVES:
            raise NoPlanError
        return tuple(parts), leaves

    def _object(  # noqa: PLR0917  # one flat loop: this is a tenth of the cost of issuing
        self,
        node: dict[str, Any],
        profile: Profile,
        valued: frozenset[str],
        parts: list[Any],
        leaves: list[Any],
        depth: int,
    ) -> None:
        if depth > MAX_DEPTH or not node:
            raise NoPlanError
        # All names first, then what each member is; names are strings and kinds are not, so keys read in one way only.
        parts.extend(node)
        scoped = profile.scoped
        for name, value in node.items():
            kind = type(value)
            if name in valued:
                parts += self._value(name, value)
            elif kind is str:
                parts.append(TEXT)
                leaves.append(value)
            elif kind is dict:
                parts.append(OBJECT)
                inside = profile.below(name, valued) if name in scoped else valued
                if "@context" in value:
                    nested = self.profile(value["@context"])
                    self._object(value, nested, inside | nested.valued, parts, leaves, depth + 1)
                else:
                    self._object(value, profile, inside, parts, leaves, depth + 1)
            elif kind is list:
                inside = profile.below(name, valued) if name in scoped else valued
                self._array(value, profile, inside, parts, leaves, depth + 1)
            else:
                parts.append(_scalar(value, leaves))

    def _array(  # noqa: PLR0917  # as above
        self,
        items: list[Any],
        profile: Profile,
        valued: frozenset[str],
        parts: list[Any],
        leaves: list[Any],
        depth: int,
    ) -> None:
        kinds = {*map(type, items)}
        if kinds in (_STRINGS, _INTEGERS):
            if len(items) > MAX_REPEATS:
                raise NoPlanError
            parts.append(TEXTS if kinds == _STRINGS else INTEGERS)
            leaves.append(items)
            return
        if not items:
            raise NoPlanError
        parts += (ARRAY, len(items))
        for item in items:
            if type(item) is dict:
                if "@context" in item:
                    raise NoPlanError
                parts.append(OBJECT)
                self._object(item, profile, valued, parts, leaves, depth + 1)
            elif type(item) is str:
                parts.append(TEXT)
                leaves.append(item)
            else:
                parts.append(_scalar(item, leaves))

    def _value(self, name: str, value: Any) -> tuple[Any, ...]:
        if name == "@context":
            return CONTEXTS, self.profile(value).digest
        if type(value) is str:
            return VALUE, value
        if type(value) is list and {*map(type, value)} == _STRINGS:
            return VALUES, len(value), *value
        raise NoPlanError


_STRINGS: Final = {str}
_INTEGERS: Final = {int}


def _scalar(value: Any, leaves: list[Any]) -> int:
    kind = type(value)
    if kind is bool:
        return TRUE if value else FALSE
    if kind is int:
        leaves.append(value)
        return INTEGER
    if kind is float and -DOUBLE_FROM < value < DOUBLE_FROM:
        leaves.append(value)
        return WHOLE if value.is_integer() else FRACTION
    raise NoPlanError


def _profile(contexts: ContextStore, urls: tuple[Any, ...]) -> Profile:
    held = contexts.snapshot()
    if not all(type(url) is str and url in held for url in urls):
        raise NoPlanError
    every = set(_with_named(contexts, urls))
    reading = _Reading()
    for url in every:
        reading.document(held[url].document["@context"])
    return Profile(
        digest=sha256(b"".join(held[url].digest for url in urls)).digest(),
        urls=frozenset(every),
        valued=frozenset(reading.valued | _ALWAYS_VALUED),
        scoped={name: (frozenset(a), frozenset(b)) for name, (a, b) in reading.scoped.items()},
        prefixes=frozenset(reading.prefixes),
        is_plannable=reading.is_plannable,
    )


def _with_named(contexts: ContextStore, urls: Iterable[str]) -> Iterable[str]:
    for url in urls:
        yield url
        yield from _with_named(contexts, named_contexts(contexts.get(url).document))


class _Reading:
    """Gathers from context documents the names that a shape must know."""

    def __init__(self) -> None:
        self.valued: set[str] = set()
        self.prefixes: set[str] = set()
        self.scoped: dict[str, tuple[set[str], set[str]]] = {}
        self.is_plannable = True

    def document(self, context: Any) -> None:
        for local in context if isinstance(context, list) else [context]:
            if isinstance(local, dict):
                self._local(local)

    def _local(self, local: dict[str, Any]) -> None:
        for term, definition in local.items():
            if term.startswith("@"):
                self.is_plannable &= term not in _UNPLANNED
                continue
            if _is_valued(definition):
                self.valued.add(term)
            # A term stated as a bare string may serve as a prefix; so may one that says so.
            if isinstance(definition, str) or (isinstance(definition, dict) and definition.get("@prefix")):
                self.prefixes.add(term)
            if isinstance(definition, dict) and "@context" in definition:
                self._scope(term, definition["@context"])
                self.document(definition["@context"])

    def _scope(self, term: str, context: Any) -> None:
        ordinary, restored = self.scoped.setdefault(term, (set(), set()))
        for local in context if isinstance(context, list) else [context]:
            if isinstance(local, dict):
                for name, definition in local.items():
                    if not name.startswith("@"):
                        (restored if _is_valued(definition) else ordinary).add(name)


def _is_valued(definition: Any) -> bool:
    if isinstance(definition, dict):
        return definition.get("@id") == "@type" or definition.get("@type") == "@vocab"
    return bool(definition == "@type")
