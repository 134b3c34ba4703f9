"""The page about capability tokens: its codes are all there are, its names are the library's, its snippets run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from sealwright import relying
from sealwright.protocols.capability.refusals import TokenCode
from sealwright.protocols.capability.token import HOPS_MOST, LENGTH_MOST, LONGEST_LIFE
from sealwright.relying import Refused

PAGE: Final = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "capability-tokens.md").read_text("utf-8")
SNIPPETS: Final = re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


def test_every_code_stands_with_its_status_and_no_other_does() -> None:
    listed = dict(re.findall(r"^\| `(TOKEN_[A-Z_]+)` \| (\d{3}) \|", PAGE, flags=re.MULTILINE))
    assert listed == {code.value: str(Refused(code.value, "").status) for code in TokenCode}


def test_every_name_of_the_library_stands_there() -> None:
    section = PAGE.partition("\n## Checking a token\n")[2].partition("\n### The act\n")[0]
    named = {name for row in re.findall(r"^\| (`[^|]*`) \|", section, flags=re.MULTILINE) for name in row.split(", ")}
    assert named == {f"`{name}`" for name in relying.__all__}


def test_figures_are_those_of_the_program() -> None:
    assert f"{LENGTH_MOST:,} characters long" in PAGE
    assert f"at most {LONGEST_LIFE.seconds} apart" in PAGE
    assert f"1 to {HOPS_MOST}, the root first" in PAGE


@pytest.mark.parametrize("place", range(4))
def test_snippets_run(place: int) -> None:
    assert len(SNIPPETS) == 4
    exec(compile(SNIPPETS[place], f"snippet {place}", "exec"), {})
