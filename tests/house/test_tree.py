"""The tree as others get it: no trace of one machine, rooms with names, files of a readable size."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
# Put together here so that this file does not name them either.
MACHINE_PATHS: Final = tuple(
    f"/{first}/{rest}" for first, rest in (("work", ""), ("opt", ""), ("root", "."), ("home", ""))
)
REGISTRY_HOSTS: Final = tuple(
    ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"))
)
NAMELESS_ROOMS: Final = {"utils", "helpers", "common", "manager", "misc"}
# A page of ours is 300 lines; what is longer than this has two rooms in it.
LONGEST_MODULE_LINES: Final = 500
# Handed to auditors as one file that needs nothing but Python: its length is its purpose.
STAND_ALONE: Final = {"src/sealwright/domain/audit_check.py", "src/sealwright/domain/receipt_check.py"}


@cache
def tracked() -> tuple[Path, ...]:
    """Every file under version control; in an unpacked release, every file that is not made by a tool."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listing.returncode == 0:
        paths = [ROOT / name for name in listing.stdout.decode().split("\0") if name]
    else:
        paths = [p for p in ROOT.rglob("*") if not {".venv", "node_modules", ".git", "__pycache__"} & set(p.parts)]
    return tuple(path for path in paths if path.is_file())


def texts() -> list[tuple[str, str]]:
    """Name and text of each tracked file that is text; what is not UTF-8 is left out."""
    found = []
    for path in tracked():
        try:
            found.append((path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


@pytest.mark.parametrize("words", [MACHINE_PATHS, REGISTRY_HOSTS], ids=["paths of one machine", "registry hosts"])
def test_no_file_names(words: tuple[str, ...]) -> None:
    assert [(name, word) for name, text in texts() for word in words if word in text] == []


def test_no_room_without_a_name() -> None:
    parts = {part for path in tracked() if path.suffix == ".py" for part in (*path.parts, path.stem)}
    assert parts & NAMELESS_ROOMS == set()


def test_modules_stay_readable() -> None:
    sizes = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in tracked()
        if path.suffix == ".py"
    }
    assert {
        name: lines for name, lines in sizes.items() if lines > LONGEST_MODULE_LINES and name not in STAND_ALONE
    } == {}


def test_no_remark_without_an_issue() -> None:
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X:")
    assert [(n, m) for n, text in texts() if n.startswith(("src/", "tests/")) for m in marks if m in text] == []


def test_floor_of_python_in_every_module() -> None:
    for path in tracked():
        if path.suffix == ".py" and path.parts[len(ROOT.parts)] == "src":
            compile(path.read_text(encoding="utf-8"), str(path), "exec", dont_inherit=True)
