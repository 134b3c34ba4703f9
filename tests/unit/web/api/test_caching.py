"""Entity tags: weak comparison, lists of tags, any tag."""

from __future__ import annotations

import pytest

from sealwright.web.api.caching import matches


@pytest.mark.parametrize(
    ("header", "is_match"),
    [
        (None, False),
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        (' "b" ,W/"a" ', True),
        ("*", True),
        ('"b"', False),
        ("a", False),
        ("", False),
    ],
)
def test_tag_is_compared_weakly(header: str | None, is_match: bool) -> None:
    assert matches(header, '"a"') is is_match
