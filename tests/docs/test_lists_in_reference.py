"""Lists that stand both in the code and in the reference: events, settings, contexts, proof types."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

from sealwright.domain.audit import EVENT_KINDS
from sealwright.domain.notices import ESSENTIAL_KINDS, NoticeKind
from sealwright.services.events import AUDIT_ONLY
from sealwright.services.orders import data_model_of
from sealwright.settings import names
from sealwright.vc.contexts.store import VOCABULARY_CONTEXTS
from sealwright.vc.proofs.registry import KNOWN_SUITES, SUITES
from sealwright.web.api.shapes.answers import EVENT
from sealwright.web.shape import compile_schema
from tests.docs.reading import DOCS, ROOT, in_code, read_page, sections

REFERENCE: Final = DOCS / "reference"
EVENTS: Final = {section.title: section for section in sections(REFERENCE / "events.md")}
NOT_WRITTEN: Final = "*Not written in this release.*"
# Where every kind is named, whether it is written or not.
NAMING: Final = {Path("domain", "audit.py"), Path("web", "panel", "admin_audit_words.py")}
SOURCE: Final = "\n".join(
    path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "src" / "sealwright").rglob("*.py"))
    if path.relative_to(ROOT / "src" / "sealwright") not in NAMING and "shapes" not in path.parts
)


def test_page_of_events_has_every_kind_and_no_other() -> None:
    assert {title for title in EVENTS if re.fullmatch(r"[a-z_]+\.[a-z_]+", title)} == EVENT_KINDS


@pytest.mark.parametrize("kind", sorted(EVENT_KINDS))
def test_page_of_events_says_which_kinds_are_not_written_yet(kind: str) -> None:
    is_written = f'"{kind}"' in SOURCE
    assert (NOT_WRITTEN not in EVENTS[kind].text) == is_written


def test_page_of_events_sets_the_audit_only_kinds_apart() -> None:
    titles = [section.title for section in sections(REFERENCE / "events.md")]
    behind = titles[titles.index("Audit trail only") + 1 :]
    assert set(behind) == AUDIT_ONLY


def test_example_of_an_event_is_one() -> None:
    value = json.loads(EVENTS["Events"].blocks[0].text)
    assert compile_schema(EVENT).is_valid(value)
    assert value["type"] in EVENT_KINDS - AUDIT_ONLY


def test_page_of_settings_names_every_setting_and_no_other() -> None:
    text = read_page(REFERENCE / "settings.md")
    named = set(re.findall(r"^#+ `?(?:SEALWRIGHT_)?([A-Z][A-Z0-9_]+)`?", text, re.MULTILINE))
    assert named == set(names.ACCEPTED)


def test_page_of_notices_names_every_kind_and_those_that_always_come() -> None:
    rows = [line for line in read_page(REFERENCE / "notices.md").splitlines() if line.startswith("| `")]
    named = [kind for row in rows for kind in in_code(row.split("|")[1])]
    assert sorted(named) == sorted(kind.value for kind in NoticeKind)
    always = {kind for row in rows for kind in re.findall(r"`(\w+)`(?= `?[^|]*\(\*always\*\))", row.split("|")[1])}
    assert always == {kind.value for kind in ESSENTIAL_KINDS}


def test_page_of_contexts_names_what_is_held() -> None:
    held = json.loads(read_page(ROOT / "src/sealwright/vc/contexts/documents/VENDOR.json"))
    listed = next(section for section in sections(REFERENCE / "contexts.md") if section.title == "Held in every office")
    rows = {in_code(row[0])[0]: in_code(row[1])[0] for row in listed.table("Address")}
    assert rows == {row["url"]: row["sha256"][:16] for row in held}
    assert all(f"`{url}`" in listed.prose.partition("carry `@vocab`")[2] for url in VOCABULARY_CONTEXTS)


def test_page_of_proof_types_says_what_can_be_made() -> None:
    page = sections(REFERENCE / "proof-types.md")[0]
    rows = {in_code(row[0])[0]: row for row in page.table("Proof type")}
    assert set(rows) == set(KNOWN_SUITES)
    for name, row in rows.items():
        assert row[1] == data_model_of(name)
        assert row[4] == ("yes" if name in SUITES else "not in this release")
        if name in SUITES:
            assert in_code(row[3]) == [SUITES[name].proof_type]
