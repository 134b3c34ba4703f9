"""Run benches by name, or all: `python -m benchmarks [--look] [names]`; `--look` prints without keeping."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Final

from benchmarks import machine, report

# Takes minutes and gigabytes, so it runs when it is named only.
LONG: Final = ("million",)
NAMES: Final = (
    *("issue", "verify", "canon", "status", "bulk", "revoke", "http", "memory", "pages", "queue", "workflows"),
    *("bbs", "bbs2020", "selective", "sd_jwt", "chain", "capability", "authorize", "delegation_tree"),
)


def main(arguments: list[str]) -> int:
    keep = "--look" not in arguments
    names = [argument for argument in arguments if argument != "--look"] or list(NAMES)
    if unknown := [name for name in names if name not in (*NAMES, *LONG)]:
        print(f"No such bench: {', '.join(unknown)}. There are: {', '.join((*NAMES, *LONG))}", file=sys.stderr)
        return 2
    # Once, at the start: later on the load is our own.
    facts = machine.facts()
    print("\n".join(machine.lines(facts)) + "\n", flush=True)
    failed = []
    for name in names:
        try:
            run: Callable[[], report.Result] = import_module(f"benchmarks.{name}").run
            result = run()
        except Exception as error:  # noqa: BLE001  one bench that cannot run must not take the others with it
            print(f"{name} could not run: {type(error).__name__}: {error}", file=sys.stderr)
            failed.append(name)
            continue
        report.publish(result, facts, keep=keep)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
