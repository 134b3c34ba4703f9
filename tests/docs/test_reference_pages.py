"""Every setting, command and event kind has its place in the reference."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from sealwright.cli.errors import EXIT_CODES
from sealwright.cli.index import COMMANDS
from sealwright.domain.audit import EVENT_KINDS
from sealwright.settings import PREFIX, SETTING_NAMES

REFERENCE: Final = Path(__file__).resolve().parents[2] / "docs" / "reference"


def _headings(page: str) -> list[str]:
    return re.findall(r"^### (.+)$", (REFERENCE / page).read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_every_setting_has_a_heading_and_no_other_has() -> None:
    headings = _headings("settings.md")
    assert sorted(headings) == sorted(PREFIX + name for name in SETTING_NAMES)


def test_every_command_has_a_heading_and_no_other_has() -> None:
    assert sorted(_headings("cli.md")) == sorted(COMMANDS)


def test_every_exit_code_is_explained() -> None:
    text = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    explained = {int(code) for code in re.findall(r"^\| (\d) \|", text, flags=re.MULTILINE)}
    assert set(EXIT_CODES.values()) | {0, 8} <= explained


def test_every_event_kind_is_in_the_audit_page() -> None:
    text = (REFERENCE / "audit.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", text))
    assert listed >= EVENT_KINDS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_on_its_page(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    from sealwright.cli.door import run

    page = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    section = page.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
    run([name, "--help"])
    printed = capsys.readouterr().out
    for command in re.findall(r"^  ([a-z]+)  +[A-Z]", printed.partition("Commands:")[2], flags=re.MULTILINE):
        assert f"{name} {command}" in section
        run([name, command, "--help"])
        printed += capsys.readouterr().out
    options = set(re.findall(r"^  (--[a-z-]+)", printed, flags=re.MULTILINE)) - {"--help"}
    # What `init` offers for the demo is told in words as well; every option has to stand in the section itself.
    assert {option for option in options if option not in section} == set()
