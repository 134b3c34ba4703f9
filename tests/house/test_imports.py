"""Imports run one way: the contracts in pyproject.toml hold, and each of them would notice if one did not."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]

# For each contract, an import that it must not let pass: module, and the line that is planted in it.
PLANTED: Final = {
    "rooms": ("domain/errors.py", "import sealwright.services.ports"),
    "floor": ("vc/encoding/jcs.py", "import sealwright.vc.proofs.registry"),
    "lift-out": ("vc/keys/jwk.py", "import sqlalchemy"),
    "web": ("web/problems.py", "import sealwright.storage.engines"),
    "services": ("services/ports.py", "import litestar"),
    "engines": ("services/verification.py", "import sealwright.services.revocation"),
    "settings": ("services/dids.py", "import sealwright.settings"),
    "one-road": ("services/revocation.py", "import sealwright.vc.proofs.signing"),
    "agent-tools": ("agent_tools/calls.py", "import sealwright.services.ports"),
    "relying": ("relying/replay.py", "import sealwright.services.ports"),
    "relied-on": ("services/ports.py", "import sealwright.relying.values"),
    "one-door-out": ("adapters/did_web.py", "import httpx2"),
}


def contracts() -> dict[str, str]:
    """Name by id of every contract."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["id"]: contract["name"] for contract in project["tool"]["importlinter"]["contracts"]}


def lint(folder: Path) -> tuple[int, str]:
    """Exit code of the linter in a copy of the project, and what it said, line breaks made blanks."""
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [str(linter), "--no-logo", "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder / "src"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, re.sub(r"\s+", " ", run.stdout + run.stderr)


def test_imports_keep_the_contracts() -> None:
    code, said = lint(ROOT)
    assert code == 0, said
    assert f"Contracts: {len(PLANTED)} kept, 0 broken." in said


def test_every_contract_notices_its_breach(tmp_path: Path) -> None:
    """A contract that cannot fail proves nothing: one forbidden import is planted for each."""
    assert set(contracts()) == set(PLANTED)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*.jsonld"))
    for module, line in PLANTED.values():
        path = tmp_path / "src" / "sealwright" / module
        assert path.is_file(), f"{module} has moved: plant the import elsewhere"
        with path.open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    code, said = lint(tmp_path)
    assert code != 0
    assert {name: f"{title} BROKEN" in said for name, title in contracts().items()} == dict.fromkeys(PLANTED, True)
