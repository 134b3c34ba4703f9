"""JSONPath as far as questions about credentials need it: names, indexes, wildcards, and one descent at most.

Filters, functions, slices and scripts are refused: what they would compute is for a filter's JSON Schema to say, which
has bounds of its own.

Spec: RFC 9535; DIF Presentation Exchange 2.1, "JSONPath Syntax Definition".
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from typing import Final

from jsonpath import JSONPath, JSONPathEnvironment
from jsonpath.exceptions import JSONPathError
from jsonpath.segments import JSONPathRecursiveDescentSegment
from jsonpath.selectors import IndexSelector, NameSelector, WildcardSelector

from sealwright.protocols.queries import FOUND_MOST, Path, refused
from sealwright.vc.encoding.strict_json import JSONValue

LENGTH_MOST: Final = 512
SEGMENTS_MOST: Final = 16
SELECTORS_MOST: Final = 16

# What never occurs outside of quotes in what we take; nested queries would make the parser itself recurse.
_FORBIDDEN: Final = re.compile(r"[?()@|&!<>=~^#:{};`]|\$.*\$", re.DOTALL)
_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_ENVIRONMENT: Final = JSONPathEnvironment(strict=True)


def read_jsonpath(text: str, pointer: str) -> str:
    """Check that a path is one that we follow, and give it back.

    Raises:
        QueryRefused: No JSONPath, too long, or with a feature that is not followed here.
    """
    if len(text) > LENGTH_MOST:
        raise refused(pointer, f"must not be over {LENGTH_MOST} characters")
    if _FORBIDDEN.search(_QUOTED.sub("''", text)):
        raise refused(pointer, "must be made of names, indexes and wildcards alone", "UNSUPPORTED")
    try:
        compiled = _compiled(text)
    except (JSONPathError, RecursionError):
        raise refused(pointer, "is no JSONPath") from None
    descents = 0
    for segment in compiled.segments:
        descents += isinstance(segment, JSONPathRecursiveDescentSegment)
        if not all(isinstance(one, NameSelector | IndexSelector | WildcardSelector) for one in segment.selectors):
            raise refused(pointer, "must be made of names, indexes and wildcards alone", "UNSUPPORTED")
        if len(segment.selectors) > SELECTORS_MOST:
            raise refused(pointer, f"must not name over {SELECTORS_MOST} members at once")
    if descents > 1 or len(compiled.segments) > SEGMENTS_MOST:
        raise refused(pointer, f"must have at most {SEGMENTS_MOST} steps, and search all levels at most once")
    return text


def searches(text: str) -> bool:
    """Tell whether following a path may mean to look through all of a document, whatever it leads to.

    Args:
        text: A path that `read_jsonpath` took.
    """
    segments = _compiled(text).segments
    return any(
        isinstance(segment, JSONPathRecursiveDescentSegment)
        or (number < len(segments) and any(isinstance(one, WildcardSelector) for one in segment.selectors))
        for number, segment in enumerate(segments, start=1)
    )


def found_at(text: str, document: JSONValue) -> tuple[tuple[Path, JSONValue], ...]:
    """Where a path leads and what stands there, in document order: the first 1,024 places.

    Args:
        text: A path that `read_jsonpath` took.
    """
    if not isinstance(document, dict | list):
        return ()
    try:
        matches = list(islice(_compiled(text).finditer(document), FOUND_MOST))
    except (JSONPathError, RecursionError):
        return ()
    return tuple((tuple(one.parts), one.obj) for one in matches)  # type: ignore[misc]


# The same few definitions are asked again and again.
@lru_cache(maxsize=512)
def _compiled(text: str) -> JSONPath:
    compiled = _ENVIRONMENT.compile(text)
    if not isinstance(compiled, JSONPath):
        raise JSONPathError("not one path", token=None)
    return compiled
