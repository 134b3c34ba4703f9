"""What is refused before any processor runs."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sealwright.vc.canon.inspection import inspect_document
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.errors import (
    ContextNotAllowed,
    MalformedDocument,
    NestingTooDeep,
    NumberOutOfRange,
    TermConflict,
    TooComplex,
    VcError,
)

CONTEXTS = ContextStore.pinned()
BASE = "https://www.w3.org/ns/credentials/v2"


def nested(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("document", "error", "pointer"),
    [
        ([], MalformedDocument, ""),
        ("x", MalformedDocument, ""),
        ({"a": {1: 2}}, MalformedDocument, "/a"),
        ({"a": (1, 2)}, MalformedDocument, "/a"),
        ({"a": [1, {2}]}, MalformedDocument, "/a/1"),
        ({"a": [0, 2**53]}, NumberOutOfRange, "/a/1"),
        ({"a": math.nan}, NumberOutOfRange, "/a"),
        ({"a/b": -math.inf}, NumberOutOfRange, "/a~1b"),
        ({"@context": ["https://nowhere.example/v1"]}, ContextNotAllowed, "/@context/0"),
        ({"@context": BASE.replace("https", "http")}, ContextNotAllowed, "/@context"),
        ({"a": [{"@context": "file:///etc/passwd"}]}, ContextNotAllowed, "/a/0/@context"),
        ({"@context": [BASE, None]}, TermConflict, "/@context/1"),
        ({"@context": None}, TermConflict, "/@context"),
        ({"@context": 5}, MalformedDocument, "/@context"),
        ({"@context": [[BASE]]}, MalformedDocument, "/@context/0"),
        ({"@context": {"a": "urn:a"}}, ContextNotAllowed, "/@context"),
        ({"x": {"@context": [BASE, {}]}}, ContextNotAllowed, "/x/@context/1"),
    ],
    ids=repr,
)
def test_malformed_documents_and_foreign_contexts_are_refused(
    document: Any, error: type[VcError], pointer: str
) -> None:
    with pytest.raises(error) as refusal:
        inspect_document(document, CONTEXTS, allow_inline=False)
    assert refusal.value.pointer == pointer


def test_documents_are_bounded() -> None:
    inspect_document({"a": nested(31)}, CONTEXTS, allow_inline=False)
    with pytest.raises(NestingTooDeep):
        inspect_document({"a": nested(32)}, CONTEXTS, allow_inline=False)
    with pytest.raises(TooComplex):
        inspect_document({"a": ["x"] * 20_001}, CONTEXTS, allow_inline=False)
    with pytest.raises(TooComplex):
        inspect_document({"@context": [BASE] * 17}, CONTEXTS, allow_inline=False)


@pytest.mark.parametrize(
    ("inline", "error"),
    [
        ({"@vocab": "urn:v#"}, ContextNotAllowed),
        ({"@base": "urn:b"}, ContextNotAllowed),
        ({"@import": BASE}, ContextNotAllowed),
        ({"@propagate": False}, ContextNotAllowed),
        ({"@language": "en"}, ContextNotAllowed),
        ({"@direction": "rtl"}, ContextNotAllowed),
        ({"@type": {"@container": "@set"}}, ContextNotAllowed),
        ({"@version": 1.0}, ContextNotAllowed),
        ({"@context": {"a": "urn:a"}}, ContextNotAllowed),
        ({"a": None}, TermConflict),
        ({"a": {"@id": None}}, TermConflict),
        ({"a": {"@id": "urn:a", "@context": None}}, TermConflict),
        ({"a": {"@id": "urn:a", "@context": BASE}}, ContextNotAllowed),
        ({"a": {"@id": "urn:a", "@context": {"@vocab": "urn:v#"}}}, ContextNotAllowed),
        ({"a": {"@id": "urn:a", "@context": [{"b": None}]}}, TermConflict),
        ({"a": {"@id": "urn:a", "@index": "b"}}, ContextNotAllowed),
        ({"a": 5}, MalformedDocument),
        ({1: "urn:a"}, MalformedDocument),
    ],
    ids=repr,
)
@pytest.mark.parametrize("is_nested", [False, True])
def test_inline_contexts_may_only_add_terms(inline: Any, error: type[VcError], is_nested: bool) -> None:
    document = {"@context": BASE, "x": {"@context": inline}} if is_nested else {"@context": [BASE, inline]}
    with pytest.raises(error):
        inspect_document(document, CONTEXTS, allow_inline=True)


def test_inline_contexts_that_add_terms_are_taken_and_reported() -> None:
    inline = {"@version": 1.1, "@protected": True, "a": "urn:a", "b": {"@id": "urn:b", "@context": {"c": "urn:c"}}}
    assert inspect_document({"@context": [BASE, inline]}, CONTEXTS, allow_inline=True)
    assert not inspect_document({"@context": [BASE]}, CONTEXTS, allow_inline=True)


def test_endless_inline_contexts_are_refused() -> None:
    inline: Any = {"a": "urn:a"}
    for _ in range(40):
        inline = {"a": {"@id": "urn:a", "@context": inline}}
    with pytest.raises(NestingTooDeep):
        inspect_document({"@context": [BASE, inline]}, CONTEXTS, allow_inline=True)
