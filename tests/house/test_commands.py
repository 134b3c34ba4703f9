"""What a newcomer runs: every target says what it does, and the script for a clean machine is sound."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
PROMISED: Final = {
    "help", "serve", "test", "check", "format-check", "lint", "types", "imports", "audit", "docs",
    "interop", "bench", "lock", "clean",
}  # fmt: skip


def targets() -> dict[str, str]:
    """Target -> its one line of help."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return {m[1]: m[2] for m in re.finditer(r"^([a-z][a-z-]*):[^#\n]*## (.+)$", text, flags=re.MULTILINE)}


def test_promised_targets_have_help() -> None:
    assert set(targets()) >= PROMISED


def test_phony_targets_all_have_help() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", text, flags=re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == set(targets())


def test_check_is_every_step() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    steps = re.search(r"^check: ([^#\n]+)", text, flags=re.MULTILINE)
    assert steps is not None
    assert steps[1].split() == ["format-check", "lint", "types", "imports", "audit", "docs", "test"]


def test_script_for_a_clean_machine_is_sound() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not here to read the script")
    assert subprocess.run([bash, "-n", str(script)], check=False).returncode == 0
    assert script.read_text(encoding="utf-8").rstrip().endswith("exec make test")
