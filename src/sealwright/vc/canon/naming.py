"""Which objects of a document become nodes without a name of their own: blank nodes, told apart by their place.

To show a part of a document, its blank nodes must be recognized in the part. JSON-LD alone knows which objects are
nodes (others are values, lists or maps), so the processor is asked while it expands.

Spec: Data Integrity ECDSA Cryptosuites 1.0, "skolemizeCompactJsonLd".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from threading import Lock
from typing import Any, Final, TypeAlias

from sealwright.vc.canon.expansion import CheckingProcessor, PinnedResolver
from sealwright.vc.canon.inspection import inspect_document
from sealwright.vc.canon.rdfc import WorkBudget
from sealwright.vc.canon.shape import Key, NoPlanError, ShapeReader
from sealwright.vc.contexts.store import ContextStore

Place: TypeAlias = tuple[str | int, ...]
"""Steps from the top of a document to one of its objects: member names and 0-based indexes."""

MAX_REMEMBERED: Final = 1_024

# Larger shapes are read each time: what strangers send must not fill a memory.
_MOST_PARTS: Final = 1_024
_MOST_TEXT: Final = 8_192
_KEPT_PROCESSORS: Final = 2


class NodeReader:
    """Finds the unnamed nodes of documents; remembers them by shape. Safe for many threads."""

    def __init__(self, contexts: ContextStore, shapes: ShapeReader) -> None:
        self._contexts = contexts
        self._shapes = shapes
        self._lock = Lock()
        self._known: dict[Key, tuple[Place, ...]] = {}
        self._idle: deque[CheckingProcessor] = deque(maxlen=_KEPT_PROCESSORS)

    def unnamed(
        self, document: Mapping[str, Any], budget: WorkBudget, *, allow_inline: bool = False
    ) -> tuple[Place, ...]:
        """The places of the unnamed nodes, in document order.

        Raises:
            DocumentRefused: See `Canonicalizer.canonicalize`.
        """
        key = self._key(document)
        found = None if key is None else self._known.get(key)
        if found is None:
            found = self._read(document, budget, allow_inline=allow_inline)
            if key is not None and _is_modest(key):
                self._remember(key, found)
        return found

    def _key(self, document: Mapping[str, Any]) -> Key | None:
        """The shape that decides; None where more than the shape does."""
        try:
            key, _ = self._shapes.read(document)  # type: ignore[arg-type]  # what is no dict has no shape
            return key if self._shapes.profile(document["@context"]).is_plannable else None
        except NoPlanError:
            return None

    def _read(self, document: Mapping[str, Any], budget: WorkBudget, *, allow_inline: bool) -> tuple[Place, ...]:
        has_inline = inspect_document(document, self._contexts, allow_inline=allow_inline)
        try:
            processor = self._idle.pop()
        except IndexError:
            processor = CheckingProcessor(PinnedResolver(self._contexts))
        unnamed: set[int] = set()
        processor.expand_document(document, budget, unnamed)
        # What an inline context defines must not outlive its document.
        if not has_inline:
            self._idle.append(processor)
        return tuple(_places(document, unnamed, ()))

    def _remember(self, key: Key, places: tuple[Place, ...]) -> None:
        with self._lock:
            if len(self._known) >= MAX_REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[key] = places


def _is_modest(key: Key) -> bool:
    return len(key) <= _MOST_PARTS and sum(len(part) for part in key if type(part) is str) <= _MOST_TEXT


def _places(node: Any, unnamed: set[int], at: Place) -> Iterator[Place]:
    if isinstance(node, dict):
        if id(node) in unnamed:
            yield at
        for name, value in node.items():
            if name != "@context":
                yield from _places(value, unnamed, (*at, name))
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from _places(item, unnamed, (*at, index))
