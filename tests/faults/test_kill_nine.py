"""kill -9 at random moments under load: nothing acknowledged is lost, nothing unacknowledged lives."""

from __future__ import annotations

import pytest

from tests.faults import kill_nine
from tests.faults.batch_planted import UNRECORDED, BatchPlan
from tests.faults.nursery import nursery
from tests.faults.planted import Plan
from tests.support.site import Site

pytestmark = pytest.mark.timeout(240)

# The full size is `python -m tests.faults.kill_nine --kills 100`, on the program as anyone starts it.
KILLS = 6


def test_no_promise_breaks_when_servers_are_killed(site: Site) -> None:
    summary = kill_nine.run(site, KILLS, seed=11, launch=nursery(), fetch_at_most=150, verify_at_most=200)
    assert summary.verdict, str(summary.verdict)
    assert summary.is_sound, summary.to_json()
    # Nothing is refused but the decision of whoever came second, and work that was taken or is closed to somebody.
    counts = summary.verdict.counts
    assert summary.history["refused"] == counts["races_lost"] + counts["work_refused"]
    assert min(counts["races_lost"], counts["claim"], counts["complete"]) > 5
    assert counts["lose"] > 0
    assert min(summary.verdict.counts["approved"], summary.verdict.counts["rejected"]) > 20
    assert summary.verdict.counts["acknowledged"] > 100
    assert summary.verdict.counts["revocations"] > 5
    assert min(counts["batches"], counts["batch_rows_failed"]) > 0


def test_a_server_that_answers_before_it_stores_is_found_out(sqlite_site: Site) -> None:
    launch = nursery(Plan(bug="answers before it stores"))
    summary = kill_nine.run(sqlite_site, 2, seed=12, launch=launch, fetch_at_most=50, verify_at_most=50)
    assert "I1" in summary.verdict.invariants, summary.to_json()


def test_a_server_whose_gate_is_open_to_everybody_is_found_out(sqlite_site: Site) -> None:
    launch = nursery(Plan(bug="opens to everybody"))
    summary = kill_nine.run(
        sqlite_site, 3, seed=13, launch=launch, fetch_at_most=50, verify_at_most=50, work_share=0.5, lose_share=0.5
    )
    assert "I8" in summary.verdict.invariants, summary.to_json()


def test_a_server_that_keeps_chunks_off_the_record_is_found_out(sqlite_site: Site) -> None:
    launch = nursery(BatchPlan(bug=UNRECORDED))
    summary = kill_nine.run(
        sqlite_site, 1, seed=14, clients=3, launch=launch, fetch_at_most=20, verify_at_most=20, batch_share=0.5
    )
    assert "I7" in summary.verdict.invariants, summary.to_json()
