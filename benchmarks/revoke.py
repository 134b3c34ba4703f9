"""Mass revocation: from the wish to the last bit in the published, signed lists, on both databases.

`BENCH_REVOKE_ROWS` says how many credentials (10,000).
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.bulk_office import add_batch, add_holders, open_bench_office, start_batch
from benchmarks.report import Result
from sealwright.domain.batches import Selection
from sealwright.domain.credentials import ReasonCode
from sealwright.services.mass_values import MassWish
from sealwright.services.office import Office
from sealwright.services.status_moves import Cause
from sealwright.vc.status.bitstring import decode_status_list_2021
from tests.support import postgres
from tests.support.office import ISSUER, furnish, the_operator

ROWS: Final = int(os.environ.get("BENCH_REVOKE_ROWS", "10000"))
WISH: Final = MassWish(ISSUER, Selection(), Cause("The key was copied.", ReasonCode.KEY_COMPROMISE))


def run() -> Result:
    """Measure a preview and a revocation of everything that one issuer has issued."""
    figures: dict[str, dict[str, float]] = {}
    for name in ("sqlite", "postgresql"):
        with _database(name) as url, tempfile.TemporaryDirectory() as home:
            with open_bench_office(url, Path(home)) as office:
                furnish(office)
            add_holders(url, ROWS)
            with open_bench_office(url, Path(home)) as office:
                figures[f"{ROWS:,} on {name}"] = _measure(office)
    return Result(
        bench="revoke",
        title="mass revocation: rows, bits, one audit row each, and the lists published",
        figures=figures,
        targets=("10,000 in under 30 s, all in the published lists",),
        notes=("One process carries the batch out; other workers would take chunks of it.",),
    )


def _measure(office: Office) -> dict[str, float]:
    batch = add_batch(office, ROWS)
    start_batch(office, batch)
    issued = office.bulk.engine.run_batch(batch.batch_id)
    assert issued.issued == ROWS, issued
    mass, operator = office.bulk.mass, the_operator(office)
    begin = time.perf_counter()
    assert mass.preview(operator, WISH, office.registry.current()).count == ROWS
    seen = time.perf_counter()
    made = mass.gathering.fill(mass.revoke(operator, WISH).batch_id)
    started = time.perf_counter()
    done = office.bulk.engine.run_batch(made.batch_id)
    revoked = time.perf_counter()
    assert (done.issued, done.failed) == (ROWS, 0), done
    assert _published_bits(office) == ROWS
    end = time.perf_counter()
    return {
        "preview_seconds": round(seen - begin, 3),
        "taking_in_seconds": round(started - seen, 3),
        "revoking_seconds": round(revoked - started, 3),
        "publishing_seconds": round(end - revoked, 3),
        "whole_seconds": round(end - seen, 3),
        "per_second": round(ROWS / (end - seen), 1),
    }


def _published_bits(office: Office) -> int:
    """How many bits the signed lists show, as strangers read them."""
    count = 0
    with office.units(write=False) as uow:
        lists = uow.status_lists.all()
    for one in lists:
        document: Any = office.status.document(one.list_id, "revocation").document
        bits = decode_status_list_2021(document["credentialSubject"]["encodedList"])
        count += sum(byte.bit_count() for byte in bits)
    return count


@contextmanager
def _database(name: str) -> Iterator[str]:
    with ExitStack() as stack:
        if name == "sqlite":
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            yield f"sqlite:///{folder}/bench.sqlite"
            return
        server = postgres.obtain()
        stack.callback(server.stop)
        yield stack.enter_context(server.database())
