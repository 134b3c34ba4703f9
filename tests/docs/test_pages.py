"""The documentation hangs together: links lead somewhere, records and changelog keep their form."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
RECORDS: Final = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


def anchor(heading: str) -> str:
    """The fragment that a heading gets when the page is shown."""
    text = re.sub(r"[`*]", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def without_code(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            broken.append(target)
        elif fragment and file.suffix == ".md":
            text = without_code(file.read_text(encoding="utf-8"))
            if fragment not in {anchor(h) for h in re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)}:
                broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page_has_one_title(page: Path) -> None:
    titles = re.findall(r"^# .+$", without_code(page.read_text(encoding="utf-8")), flags=re.MULTILINE)
    assert len(titles) == 1


def test_decisions_are_numbered_without_gap() -> None:
    assert [int(record.name[:4]) for record in RECORDS] == list(range(1, len(RECORDS) + 1))


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_decision_keeps_its_form(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    assert re.search(r"^# \d{4} ", text)
    assert re.search(r"^Date: \d{4}-\d\d-\d\d · Status: (accepted|superseded by \d{4})$", text, flags=re.MULTILINE)
    wanted = ["Context", "Options", "Decision", "Consequences"]
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == wanted


def test_decisions_are_all_listed() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    assert [record.name for record in RECORDS if f"({record.name})" not in index] == []


def test_changelog_keeps_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert versions[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", version) for version in versions[1:])
    kinds = set(re.findall(r"^### (.+)$", text, flags=re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
