"""The lock files are in step with pyproject.toml, hold hashes, and name no host or folder."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).resolve().parents[2]
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUN: Final = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
TOOLS: Final = [Requirement(text) for text in PROJECT["dependency-groups"]["dev"]]
EXTRAS: Final = [Requirement(t) for texts in PROJECT["project"]["optional-dependencies"].values() for t in texts]
FOREIGN: Final = ("://", "--index", "--find-links", "--trusted-host", "file:", " @ ", "-e ")


def entries(name: str) -> list[str]:
    """Each requirement of a lock file with its hashes, continuation lines joined, comments left out."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return [entry for entry in re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines() if entry.strip()]


def pins(name: str) -> dict[str, set[str]]:
    """Version by package name; a universal lock may pin a package twice, under different markers."""
    found: dict[str, set[str]] = {}
    for entry in entries(name):
        package, version = entry.split(" ")[0].split("==")
        found.setdefault(canonicalize_name(package.split("[")[0]), set()).add(version)
    return found


@pytest.mark.parametrize(
    ("lock", "requirements"),
    [("base.lock", RUN), ("dev.lock", [*RUN, *TOOLS, *EXTRAS])],
    ids=["what the service runs with", "the tools and extras too"],
)
def test_lock_pins_what_pyproject_asks_for(lock: str, requirements: list[Requirement]) -> None:
    pinned = pins(lock)
    for requirement in requirements:
        versions = pinned.get(canonicalize_name(requirement.name))
        assert versions, f"{requirement.name} is not in {lock}: run `make lock`"
        assert all(requirement.specifier.contains(v) for v in versions), f"{requirement} against {versions} in {lock}"


def test_service_and_tools_are_locked_to_the_same_versions() -> None:
    every = pins("dev.lock")
    assert {name: every.get(name) for name in pins("base.lock")} == pins("base.lock")


@pytest.mark.parametrize("lock", ["base.lock", "dev.lock"])
def test_every_locked_file_has_its_hash(lock: str) -> None:
    found = entries(lock)
    assert len(found) >= len(RUN)
    for entry in found:
        assert re.fullmatch(r"[\w.\-\[\],]+==[\w.+!]+( ; [^#]+?)?( +--hash=sha256:[0-9a-f]{64})+", entry.strip()), entry


@pytest.mark.parametrize("lock", ["base.lock", "dev.lock"])
def test_lock_names_no_host_and_no_folder(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    assert [word for word in FOREIGN if word in text] == []


def test_peer_locks_name_no_host() -> None:
    locks = [*(ROOT / "tests" / "interop").glob("*/package-lock.json"), ROOT / "tests" / "pages" / "package-lock.json"]
    assert len(locks) > 1, "the interop peers have lock files"
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        assert '"resolved"' not in text
        assert text.count('"integrity"') == len(re.findall(r'"node_modules/[^"]+": \{', text))
