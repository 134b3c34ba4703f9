"""`kill -9` of workers in the middle of a batch, at each step: nothing is lost, nothing done twice, all goes on.

`BATCH_KILLS` multiplies the deaths; above 1, leases are as long as in an office.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from typing import Final

import pytest

from tests.faults.batch_planted import DONE_TOO_EARLY, DONE_TOO_LATE, STEPS
from tests.faults.batch_workers import Crew, hold_against_promises
from tests.support.batch_checker import BatchUnsound, check_batch
from tests.support.site import Site

pytestmark = pytest.mark.timeout(600)

FACTOR: Final = int(os.environ.get("BATCH_KILLS", "1"))
# Seven chunks: beyond eight a worker has helpers, which nobody has wrapped.
ROWS, CHUNK, BAD_EVERY = 224, 32, 7
QUICK_LEASE_SECONDS: Final = 1.5


@pytest.fixture
def crew(site: Site) -> Iterator[Crew]:
    made = Crew(site, QUICK_LEASE_SECONDS if FACTOR == 1 else None)
    yield made
    made.close()


@pytest.fixture
def sqlite_crew(sqlite_site: Site) -> Iterator[Crew]:
    made = Crew(sqlite_site, QUICK_LEASE_SECONDS)
    yield made
    made.close()


def test_a_batch_is_finished_whatever_its_workers_die_of(crew: Crew) -> None:
    for turn in range(FACTOR):
        batch_id = crew.begin(ROWS, chunk_rows=CHUNK, bad_every=BAD_EVERY)
        for step in STEPS:
            begun = time.monotonic()
            crew.die(step)
            print(f"{crew.site.kind}: {time.monotonic() - begun:.1f} s until the death {step}")
        # Whoever died last had ended it: there is nothing left to find.
        facts = hold_against_promises(crew.site, batch_id)
        assert (facts.total, facts.failed) == (ROWS, ROWS // BAD_EVERY)
        if not turn:
            _nothing_is_left(crew, batch_id)
    if FACTOR > 1:
        _random_kills(crew)


def _nothing_is_left(crew: Crew, batch_id: str) -> None:
    """Five deaths with a chunk in hand: as many runs of places were given out as there are chunks, and no more."""
    fences = crew.site.rows.read("SELECT fence, run FROM batch_chunks WHERE batch_id = ?", (batch_id,))
    # Before the reserving commit nothing was taken, and after the storing one nothing had to be taken again.
    assert sum(fence for fence, _ in fences) == len(fences) + 3
    used = crew.site.rows.value("SELECT SUM(used) FROM status_lists")
    issued_alone = crew.site.rows.value("SELECT COUNT(*) FROM reservations WHERE list_id IS NOT NULL")
    assert used == ROWS + issued_alone


def _random_kills(crew: Crew) -> None:
    """The same by SIGKILL at any moment, and the time that each recovery took."""
    randomness = random.Random(23)
    batch_id = crew.begin(ROWS, chunk_rows=CHUNK, bad_every=BAD_EVERY)
    for _ in range(2 * FACTOR):
        victim = crew.worker()
        time.sleep(randomness.uniform(0.05, 0.5))
        victim.kill()
    crew.worker()
    print(f"{crew.site.kind}: ended {crew.wait_ended(batch_id):.1f} s after the last kill")
    hold_against_promises(crew.site, batch_id)


def test_credentials_lost_by_a_kill_are_found_out(sqlite_crew: Crew) -> None:
    batch_id = sqlite_crew.begin(3 * CHUNK, chunk_rows=CHUNK)
    sqlite_crew.die("after the storing commit", bug=DONE_TOO_EARLY)
    sqlite_crew.worker()
    sqlite_crew.wait_ended(batch_id)
    with pytest.raises(BatchUnsound, match=r"root|no credential"):
        check_batch(sqlite_crew.site.rows, batch_id)


def test_credentials_doubled_by_a_kill_are_found_out(sqlite_crew: Crew) -> None:
    batch_id = sqlite_crew.begin(3 * CHUNK, chunk_rows=CHUNK)
    sqlite_crew.die("after the storing commit", bug=DONE_TOO_LATE)
    sqlite_crew.worker(bug=DONE_TOO_LATE)
    sqlite_crew.wait_ended(batch_id)
    with pytest.raises(BatchUnsound):
        check_batch(sqlite_crew.site.rows, batch_id)
