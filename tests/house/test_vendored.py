"""Files that we took from others are what the record beside them says: origin, version, licence, digest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
CONTEXTS: Final = ROOT / "src" / "sealwright" / "vc" / "contexts"
DOCUMENTS: Final = CONTEXTS / "documents"
# Fixed by its specification: Verifiable Credentials Data Model 2.0, "Base Context".
CREDENTIALS_V2_SHA256: Final = "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734"


def records() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DOCUMENTS / "VENDOR.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("record", records(), ids=lambda record: record["file"])
def test_vendored_file_matches_its_record(record: dict[str, Any]) -> None:
    content = (DOCUMENTS / record["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == record["sha256"]
    assert all(record[member] for member in ("url", "licence", "taken"))
    # What is in no package is stated by ourselves; what is in one is named with its version.
    assert bool(record["package"]) == bool(record["version"])


def test_every_vendored_file_has_a_record() -> None:
    files = {path.name for path in DOCUMENTS.iterdir() if path.name != "VENDOR.json" and path.is_file()}
    assert files == {record["file"] for record in records()}


def test_licences_of_vendored_files_ship() -> None:
    named = {record["licence_file"] for record in records() if record.get("licence_file")}
    assert named
    assert [name for name in named if not (CONTEXTS / "licences" / name).is_file()] == []


def test_credentials_v2_is_the_document_its_specification_fixes() -> None:
    digests = {record["url"]: record["sha256"] for record in records()}
    assert digests["https://www.w3.org/ns/credentials/v2"] == CREDENTIALS_V2_SHA256
