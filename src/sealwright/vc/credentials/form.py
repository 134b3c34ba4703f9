"""Small judgements about JSON shapes, and the collection of what was found wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import Fault, MalformedDocument

MISSING: Final = object()
"""Stands for a member that is absent, where None would be a value."""

# A dictionary first: nearly everything is one, and to ask for any mapping takes ten times as long.
_OBJECT: Final = (dict, Mapping)

# A scheme, a colon, and nothing that an IRI in N-Quads may not hold.
_ABSOLUTE_IRI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|\\^`\x7f]+")


class Findings:
    """Faults of one document, in the order in which they were found."""

    __slots__ = ("_faults",)

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, pointer: str, code: str, detail: str) -> None:
        """Note one fault."""
        self._faults.append(Fault(pointer, code, detail))

    def extend(self, faults: Iterable[Fault]) -> None:
        """Note the faults of a part."""
        self._faults.extend(faults)

    def raise_if_any(self, what: str) -> None:
        """Refuse the document when anything was found.

        Raises:
            MalformedDocument: With every fault.
        """
        if self._faults:
            count = len(self._faults)
            detail = f"The {what} breaks its data model in {count} {'place' if count == 1 else 'places'}."
            raise MalformedDocument(detail, faults=self._faults, pointer=self._faults[0].pointer)


def is_url(value: object) -> bool:
    """Whether a value is text that is an absolute IRI."""
    return isinstance(value, str) and _ABSOLUTE_IRI.fullmatch(value) is not None


def as_objects(value: object, pointer: str) -> Sequence[tuple[str, Mapping[str, JSONValue]]]:
    """The objects in a member that may hold one or an array of them, each with its pointer; other items are skipped."""
    if isinstance(value, _OBJECT):
        return ((pointer, value),)
    if isinstance(value, list):
        return [(f"{pointer}/{index}", entry) for index, entry in enumerate(value) if isinstance(entry, _OBJECT)]
    return ()


def texts_of(value: object) -> list[str]:
    """The texts in a member that may hold one or an array of them; other items are skipped."""
    return [entry for entry in (value if isinstance(value, list) else [value]) if isinstance(entry, str)]
