"""A worker process of the bulk bench: the engine alone, over the database that the environment names.

It says ``ready`` once it stands, then carries out each batch whose id comes in on a line, and answers with what that
cost it: processor seconds, and its own share of memory at the end.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from benchmarks.bulk_office import open_bench_office
from benchmarks.processes import pss_bytes


def main(home: str, url: str) -> int:
    """Serve until the input ends."""
    with open_bench_office(url, Path(home)) as office:
        print("ready", flush=True)
        for line in sys.stdin:
            before = resource.getrusage(resource.RUSAGE_SELF)
            office.bulk.engine.run_batch(line.strip())
            after = resource.getrusage(resource.RUSAGE_SELF)
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(json.dumps({"cpu_seconds": spent, "pss_bytes": pss_bytes([0])}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
