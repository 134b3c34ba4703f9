"""The pages on conformance name tests, and those tests exist."""

from __future__ import annotations

import ast
import re
from typing import Final

import pytest

from tests.docs.reading import DOCS, ROOT, Section, sections

FOLDER: Final = DOCS / "conformance"
RECORDED: Final = [
    pytest.param(section, id=f"{page}: {section.title}")
    for page in ("divergences.md", "choices.md")
    for section in sections(FOLDER / page)
    if section.level == 3 or section.labeled("*Test:* ")
]
_NAMED: Final = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("section", RECORDED)
def test_what_is_recorded_has_a_test(section: Section) -> None:
    named = _NAMED.findall(section.labeled("*Test:* ") or "")
    assert named
    assert [name for path, name in named if name not in functions_of(path)] == []


def test_specifications_are_told_with_their_tests() -> None:
    overview = sections(FOLDER / "README.md")[0]
    rows = overview.table("Specification")
    assert len(rows) >= 10
    for row in rows:
        paths = re.findall(r"\]\(\.\./\.\./(tests/[\w/.]+)\)", row[2])
        assert paths, row[0]
        assert all((ROOT / path).exists() for path in paths), row[0]
