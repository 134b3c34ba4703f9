"""Batches on a site, and `sealwright worker` processes that carry them out and die over them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from sealwright.services.office import Office
from tests.faults.batch_planted import BatchPlan
from tests.faults.judging import exported_notes, office_of
from tests.faults.nursery import nursery
from tests.faults.planted import DIED
from tests.support.batch_checker import BatchFacts, check_batch
from tests.support.batch_invariants import STRANGER
from tests.support.batches import make_batch
from tests.support.office import HOLDER, the_operator
from tests.support.site import Handle, ServerProcess, Site

PATIENCE_SECONDS: Final = 60.0
ENDED: Final = ("done", "anchored", "canceled")
_LOOK_SECONDS: Final = 0.1


def row_bytes(number: int, *, bad_every: int = 0, **members: Any) -> bytes:
    """A row of a degree; every so many names a holder whom nobody knows."""
    is_bad = bad_every > 0 and number % bad_every == bad_every - 1
    degree = {"type": "BachelorDegree", "university": f"University {number}", "graduationYear": 1990 + number % 40}
    return json.dumps({"holderDid": STRANGER if is_bad else HOLDER, "claims": {"degree": degree}, **members}).encode()


@dataclass(slots=True)
class Crew:
    """A site with a batch, and whoever works on it.

    Args:
        lease_seconds: For how long a dead worker's chunk is kept from others.
    """

    site: Site
    lease_seconds: float | None
    _workers: list[ServerProcess] = field(default_factory=list)

    def begin(self, rows: int, *, chunk_rows: int, bad_every: int = 7) -> str:
        """Start a batch that nobody works on yet; its id."""
        with office_of(self.site) as office:
            lines = [row_bytes(number, bad_every=bad_every) for number in range(rows)]
            return make_batch(office, lines, chunk_rows=chunk_rows).batch_id

    def worker(self, die_at: str = "", *, bug: str = "", nth: int = 1) -> ServerProcess:
        """Start a worker that does one thing at a time."""
        plan = BatchPlan(die_at, nth, bug, self.lease_seconds)
        log = self.site.folder / f"worker-{len(self._workers)}.log"
        handle: Handle = nursery(plan)(("worker", "--concurrency", "1", "--json"), self.site.environment, log)
        started = ServerProcess(handle, self.site.environment, "", log, 0)
        self._workers.append(started)
        return started

    def die(self, step: str, *, bug: str = "", nth: int = 1) -> None:
        """Let a worker work until it dies at a step."""
        one = self.worker(step, bug=bug, nth=nth)
        code = one.wait(PATIENCE_SECONDS)
        assert code == DIED, f"no death {step}: {code} {one.log.read_text(errors='replace')[-2_000:]}"

    def status(self, batch_id: str) -> str:
        """Where the batch stands."""
        return str(self.site.rows.value("SELECT status FROM batches WHERE batch_id = ?", (batch_id,)))

    def wait_ended(self, batch_id: str) -> float:
        """Seconds until nothing is left to do; raises AssertionError where that takes too long."""
        begun = time.monotonic()
        while self.status(batch_id) not in ENDED:
            told = "; ".join(one.log.read_text(errors="replace")[-500:] for one in self._workers)
            assert time.monotonic() - begun < PATIENCE_SECONDS, f"{self.status(batch_id)}: {told}"
            time.sleep(_LOOK_SECONDS)
        return time.monotonic() - begun

    def close(self) -> None:
        """End whoever still works."""
        for one in self._workers:
            one.kill()


def hold_against_promises(site: Site, batch_id: str) -> BatchFacts:
    """Check one batch from the tables, then the trail and the whole store by the program's own means."""
    facts = check_batch(site.rows, batch_id)
    with office_of(site) as office:
        assert list(store_problems(office)) == []
        trail = office.auditing.verify(the_operator(office), exported_notes(site))
        assert trail.verified is True, f"row {trail.first_bad}: {trail.detail}"
    return facts


def store_problems(office: Office) -> Iterator[str]:
    """What `sealwright verify-store` would name."""
    for one in office.store_check.run(the_operator(office)):
        yield f"{one.kind} {one.id}: {one.detail}"
