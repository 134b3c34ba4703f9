"""The one place that knows where the published vectors lie: beside the project, or where VECTORS_DIR points."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

_BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "vectors"


def folder(suite: str) -> Path:
    """The folder of one published suite; the test is skipped, with the reason, where no vectors are.

    A VECTORS_DIR that names no folder fails the test: somebody meant to run the vectors.
    """
    named = os.environ.get("VECTORS_DIR")
    if named is not None and not Path(named).is_dir():
        pytest.fail(f"VECTORS_DIR names no folder: {named}")
    root = Path(named) if named is not None else _BESIDE
    if not root.is_dir():
        pytest.skip("The published vectors are not here: neither ../shared/vectors nor VECTORS_DIR.")
    found = root / suite
    if not found.is_dir():
        pytest.fail(f"The vectors have no folder {suite}.")
    return found


def read_json(path: Path) -> Any:
    """A vector file as JSON."""
    return json.loads(path.read_text(encoding="utf-8"))
