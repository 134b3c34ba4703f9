"""Write the lock files anew from pyproject.toml: `make lock`.

Two files come out: `base.lock`, what the service runs with, and `dev.lock`, that and the tools. Both are universal
(every supported Python and platform, by markers) and carry the registry's hash of every file. They name no index, so
each person's own configuration decides where files come from; the hashes decide what is accepted. Only the public
registry's files are hashed: local indexes and folders that this machine may be configured with are ignored.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
LOCKS: Final = {"dev.lock": ["--group", "dev"], "base.lock": ["--constraint", "requirements/dev.lock"]}
# Words that would tie a lock to one machine or mirror.
FOREIGN: Final = ("://", "--index", "--extra-index", "--find-links", "file:", " @ ", "-e ")


def compile_lock(name: str, extra: list[str], *, upgrade: bool) -> None:
    """Resolve one lock file in place, keeping what is pinned there unless asked to upgrade."""
    command = [
        str(Path(sys.executable).with_name("uv")), "pip", "compile", "pyproject.toml", *extra,
        "--no-config", "--universal", "--generate-hashes", "--no-header", "--python-version", "3.11",
        "--quiet", "--output-file", f"requirements/{name}",
    ]  # fmt: skip
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_"))}
    subprocess.run([*command, *(["--upgrade"] if upgrade else [])], cwd=ROOT, check=True, env=environment)


def foreign_lines(text: str) -> list[str]:
    """Lines that name a host, a folder or an index, which a lock must not."""
    return [line for line in text.splitlines() if any(word in line for word in FOREIGN)]


def main() -> int:
    for name, extra in LOCKS.items():
        compile_lock(name, extra, upgrade="--upgrade" in sys.argv[1:])
        if foreign := foreign_lines((ROOT / "requirements" / name).read_text(encoding="utf-8")):
            print(f"requirements/{name} names a host or folder: {foreign[0]}", file=sys.stderr)
            return 1
        print(f"requirements/{name} is written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
