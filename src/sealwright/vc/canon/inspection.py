"""What a document must satisfy before any processor sees it: plain JSON, bounded, with contexts that may be used.

Spec: JSON-LD 1.1, "Context Definitions"; the refusals are ours.
"""

from __future__ import annotations

import math
from typing import Final

from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.encoding.pointers import child
from sealwright.vc.encoding.strict_json import MAX_DEPTH, MAX_SAFE_INTEGER
from sealwright.vc.errors import (
    ContextNotAllowed,
    MalformedDocument,
    NestingTooDeep,
    NumberOutOfRange,
    TermConflict,
    TooComplex,
)

MAX_VALUES: Final = 20_000
"""Values in one document, arrays and objects included; the processor spends some 30 µs on each."""

MAX_CONTEXTS: Final = 16

_TERM_MEMBERS: Final = frozenset(
    {"@id", "@type", "@container", "@context", "@language", "@nest", "@prefix", "@protected", "@reverse"}
)


def inspect_document(document: object, contexts: ContextStore, *, allow_inline: bool) -> bool:
    """Check the JSON of a document and every context it names, at any depth.

    Returns:
        Whether a context stands inline.

    Raises:
        MalformedDocument: Not an object, or holds what JSON does not know.
        NumberOutOfRange: An integer beyond ±(2^53 − 1), NaN or an infinity.
        NestingTooDeep: More than 32 levels.
        TooComplex: More than 20,000 values or 16 contexts.
        ContextNotAllowed: A context that is not pinned, stands inline where that is refused, or does more inline than
            add terms.
        TermConflict: A context that nulls a term, or all of them.
    """
    if not isinstance(document, dict):
        raise MalformedDocument("The document is not a JSON object.", pointer="")
    inspection = _Inspection(contexts, allow_inline)
    inspection.walk(document, "", 1)
    return inspection.has_inline


class _Inspection:
    def __init__(self, contexts: ContextStore, allow_inline: bool) -> None:
        self._contexts = contexts
        self._allow_inline = allow_inline
        self._values = 0
        self._context_count = 0
        self.has_inline = False

    def walk(self, value: object, pointer: str, depth: int) -> None:
        self._values += 1
        if self._values > MAX_VALUES:
            raise TooComplex(f"The document holds more than {MAX_VALUES} values.")
        if isinstance(value, str | bool) or value is None:
            return
        if isinstance(value, int | float):
            if abs(value) > MAX_SAFE_INTEGER if isinstance(value, int) else not math.isfinite(value):
                raise NumberOutOfRange("A number lies outside ±(2^53 − 1) or is not finite.", pointer=pointer)
        elif depth > MAX_DEPTH:
            raise NestingTooDeep(f"The document nests deeper than {MAX_DEPTH} levels.", pointer=pointer)
        elif isinstance(value, dict):
            self._members(value, pointer, depth)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self.walk(item, f"{pointer}/{index}", depth + 1)
        else:
            raise MalformedDocument("A value is not JSON.", pointer=pointer)

    def _members(self, value: dict[object, object], pointer: str, depth: int) -> None:
        for name, member in value.items():
            if not isinstance(name, str):
                raise MalformedDocument("A member name is not a string.", pointer=pointer)
            if name == "@context":
                self._context(member, f"{pointer}/@context", depth + 1)
            else:
                self.walk(member, child(pointer, name), depth + 1)

    def _context(self, context: object, pointer: str, depth: int) -> None:
        if isinstance(context, list):
            for index, item in enumerate(context):
                self._one_context(item, f"{pointer}/{index}", depth + 1)
        else:
            self._one_context(context, pointer, depth)

    def _one_context(self, context: object, pointer: str, depth: int) -> None:
        self._context_count += 1
        if self._context_count > MAX_CONTEXTS:
            raise TooComplex(f"The document names more than {MAX_CONTEXTS} contexts.", pointer=pointer)
        if isinstance(context, str):
            if not self._contexts.knows(context):
                raise ContextNotAllowed(f"The context {context!r} is not pinned here.", pointer=pointer)
        elif context is None:
            raise TermConflict("A null context forgets the terms before it.", pointer=pointer)
        elif not isinstance(context, dict):
            raise MalformedDocument("A context is neither an address nor an object.", pointer=pointer)
        elif not self._allow_inline:
            raise ContextNotAllowed("A context stands inline.", pointer=pointer)
        else:
            self.has_inline = True
            self._inline(context, pointer, depth)

    def _inline(self, context: dict[object, object], pointer: str, depth: int) -> None:
        """An inline context may add terms and nothing else."""
        if depth > MAX_DEPTH:
            raise NestingTooDeep(f"The document nests deeper than {MAX_DEPTH} levels.", pointer=pointer)
        for term, definition in context.items():
            self._values += 1
            if self._values > MAX_VALUES:
                raise TooComplex(f"The document holds more than {MAX_VALUES} values.")
            if not isinstance(term, str):
                raise MalformedDocument("A member name is not a string.", pointer=pointer)
            at = child(pointer, term)
            if term.startswith("@"):
                if (term, definition) not in (("@version", 1.1), ("@protected", True), ("@protected", False)):
                    raise ContextNotAllowed(f"An inline context may not hold {term}.", pointer=at)
            elif definition is None:
                raise TermConflict("An inline context nulls a term.", pointer=at)
            elif isinstance(definition, dict):
                self._inline_definition(definition, at, depth + 1)
            elif not isinstance(definition, str):
                raise MalformedDocument("A term definition is neither a string nor an object.", pointer=at)

    def _inline_definition(self, definition: dict[object, object], pointer: str, depth: int) -> None:
        for name, value in definition.items():
            if name not in _TERM_MEMBERS:
                raise ContextNotAllowed("An inline term definition holds a member it may not hold.", pointer=pointer)
            if value is None:
                raise TermConflict("An inline context nulls a term.", pointer=child(pointer, str(name)))
        scoped = definition.get("@context")
        for item in scoped if isinstance(scoped, list) else [scoped] if "@context" in definition else []:
            if not isinstance(item, dict):
                raise ContextNotAllowed("A scoped context inside an inline one must be an object.", pointer=pointer)
            self._inline(item, f"{pointer}/@context", depth + 1)
