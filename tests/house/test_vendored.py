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
BROWSER_FILES: Final = ROOT / "src" / "sealwright" / "web" / "panel" / "vendor"
# Each folder of files that are not ours, and where their licences lie.
FOLDERS: Final = {DOCUMENTS: CONTEXTS / "licences", BROWSER_FILES: BROWSER_FILES / "licences"}
# Fixed by its specification: Verifiable Credentials Data Model 2.0, "Base Context".
CREDENTIALS_V2_SHA256: Final = "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734"


def records(folder: Path = DOCUMENTS) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "VENDOR.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(
    ("folder", "record"),
    [(folder, record) for folder in FOLDERS for record in records(folder)],
    ids=lambda value: value["file"] if isinstance(value, dict) else value.name,
)
def test_vendored_file_matches_its_record(folder: Path, record: dict[str, Any]) -> None:
    content = (folder / record["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == record["sha256"]
    assert all(record[member] for member in ("licence", "taken"))
    assert record["url"] if folder == DOCUMENTS else record["package"]
    # What is in no package is stated by ourselves; what is in one is named with its version.
    assert bool(record["package"]) == bool(record["version"])


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_vendored_file_has_a_record(folder: Path) -> None:
    files = {path.name for path in folder.iterdir() if path.name != "VENDOR.json" and path.is_file()}
    assert files == {record["file"] for record in records(folder)}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_licences_of_vendored_files_ship(folder: Path) -> None:
    named = {record["licence_file"] for record in records(folder) if record.get("licence_file")}
    assert named
    assert [name for name in named if not (FOLDERS[folder] / name).is_file()] == []


def test_credentials_v2_is_the_document_its_specification_fixes() -> None:
    digests = {record["url"]: record["sha256"] for record in records()}
    assert digests["https://www.w3.org/ns/credentials/v2"] == CREDENTIALS_V2_SHA256
