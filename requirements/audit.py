"""Look up known faults of every locked dependency: `make audit`.

Refused, clean and could-not-be-checked are three answers. A known fault fails. Where the fault database cannot be
reached nothing was checked, and we say so in as many words; with AUDIT_REQUIRED=1 (set it where releases are made)
that fails too. A waiver is a dated decision record that names the fault, listed in WAIVED.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
# Fault id -> the decision record that waives it.
WAIVED: Final[dict[str, str]] = {}


def main() -> int:
    audit = Path(sys.executable).with_name("pip-audit")
    command = [str(audit), "-r", "requirements/dev.lock", "--require-hashes", "--disable-pip"]
    command += ["--format", "json", "--progress-spinner", "off"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        dependencies = json.loads(run.stdout)["dependencies"]
    except (ValueError, KeyError):
        return not_checked("the auditor gave no answer: " + (run.stderr.strip().splitlines() or ["silence"])[-1])
    checked = [d for d in dependencies if "skip_reason" not in d]
    faults = [(d["name"], d["version"], v["id"]) for d in checked for v in d["vulns"] if v["id"] not in WAIVED]
    for name, version, fault in faults:
        print(f"{name} {version}: {fault}", file=sys.stderr)
    if faults:
        return 1
    if len(checked) < len(dependencies):
        return not_checked(f"{len(dependencies) - len(checked)} of {len(dependencies)} could not be looked up")
    print(f"No known fault in {len(checked)} locked dependencies")
    return 0


def not_checked(reason: str) -> int:
    """Say loudly that nothing is known; fail where an answer is required."""
    print(f"NOT AUDITED: {reason}. This is no clean bill.", file=sys.stderr)
    return 1 if os.environ.get("AUDIT_REQUIRED") == "1" else 0


if __name__ == "__main__":
    sys.exit(main())
