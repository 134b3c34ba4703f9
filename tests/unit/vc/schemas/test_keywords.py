"""Where subschemas stand, and where local references lead."""

from __future__ import annotations

from typing import Any

import pytest

from sealwright.vc.schemas.keywords import (
    FORMATS,
    HOLDING_LIST,
    HOLDING_MAP,
    HOLDING_ONE,
    KNOWN,
    PLAIN,
    resolve_local,
    subschemas,
)


def test_every_keyword_has_one_place() -> None:
    groups = (HOLDING_ONE, HOLDING_LIST, HOLDING_MAP, PLAIN)
    assert sum(map(len, groups)) == len(KNOWN)
    assert not KNOWN & {"$dynamicRef", "$anchor", "$vocabulary", "contentEncoding", "definitions"}
    assert "regex" not in FORMATS


def test_subschemas_are_found_with_their_pointers() -> None:
    schema = {"properties": {"a/b": True}, "allOf": [{}, {"x": 1}], "not": {}, "const": {"properties": {"y": {}}}}
    assert [(keyword, pointer) for keyword, pointer, _ in subschemas(schema, "/s")] == [
        ("properties", "/s/properties/a~1b"),
        ("allOf", "/s/allOf/0"),
        ("allOf", "/s/allOf/1"),
        ("not", "/s/not"),
    ]


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("#", "root"),
        ("#/$defs/a~1b", 1),
        ("#/$defs/m~0n", 2),
        ("#/allOf/1", 4),
        ("#/allOf/2", None),
        ("#/allOf/-1", None),
        ("#/allOf/x", None),
        ("#/nothing", None),
    ],
)
def test_local_references_lead_to_their_place(reference: str, found: Any) -> None:
    root: dict[str, Any] = {"$defs": {"a/b": 1, "m~n": 2}, "allOf": [3, 4]}
    assert resolve_local(root, reference) == (root if found == "root" else found)
