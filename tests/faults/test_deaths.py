"""A server dies at each step of the guarded road; the client comes again with its key, and every promise holds."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from tests.faults.clients import Caller, issue_wish, revoke_wish, settle
from tests.faults.judging import judge
from tests.faults.nursery import nursery
from tests.faults.planted import DIED, STEPS, Plan
from tests.support.checker import Verdict
from tests.support.history import History, Outcome, Wish
from tests.support.site import Site

pytestmark = pytest.mark.timeout(240)

NTH = 3
# Dead before this step's commit, a retry makes a new credential; dead after it, the retry is given the stored one.
STORED = ("after the storing commit", "before the reply")


@dataclass(frozen=True)
class Aftermath:
    """What became of each death, and of the whole."""

    killed: dict[str, Wish]
    reservations: dict[str, list[str]]
    verdict: Verdict


def _die(site: Site, history: History, step: str, bug: str = "") -> Wish:
    """Issue, or revoke, one after the other through a server that dies at a step; gives the call that it died on."""
    server = site.start(launch=nursery(Plan(die_at=step, nth=NTH, bug=bug)))
    server.wait_ready()
    caller, randomness = Caller(site.api_key), random.Random(7)
    for turn in range(NTH + 2):
        # A bug may let the answer come first; what asks next would then be the one that it dies on.
        patience = 5 if bug and turn + 1 >= NTH else 0
        wish = issue_wish(history, randomness, revocable=True)
        caller.carry_out(server.port, wish, history)
        found = wish.acknowledged()
        if found is not None and "revoking" in step:
            wish = revoke_wish(history, found.credential_id)
            caller.carry_out(server.port, wish, history)
        if wish.outcome is Outcome.UNKNOWN or server.wait(patience) is not None:
            break
    assert server.wait(5) == DIED, f"the server did not die {step}"
    return wish


@pytest.fixture(scope="module")
def aftermath(shared_site: Site) -> Aftermath:
    """One death at each step, one after the other, then a server that lives, and every call settled."""
    history = History()
    killed = {step: _die(shared_site, history, step) for step in STEPS}
    server = shared_site.start(launch=nursery(), port=shared_site.public_port)
    server.wait_ready()
    settle(history, shared_site.api_key, [server.port])
    verdict = judge(shared_site, history, server)
    states = {step: [row[0] for row in shared_site.rows.read(STATES, (wish.key,))] for step, wish in killed.items()}
    return Aftermath(killed, states, verdict)


STATES = "SELECT state FROM reservations WHERE idempotency_key = ? ORDER BY reserved_at, uid"


def test_no_promise_breaks_by_any_of_the_deaths(aftermath: Aftermath) -> None:
    assert aftermath.verdict, str(aftermath.verdict)


@pytest.mark.parametrize("step", STEPS)
def test_the_call_that_it_died_on_is_answered_to_its_key(aftermath: Aftermath, step: str) -> None:
    wish = aftermath.killed[step]
    assert wish.tries > 1
    assert wish.outcome is Outcome.OK
    states = aftermath.reservations[step]
    if "revoking" in step:
        assert states == []
    elif step == STEPS[0] or step in STORED:
        assert states == ["issued"]
    else:
        # What it died on is void for good, and the retry has a place of its own.
        assert sorted(states) == ["issued", "void"]


def test_an_answer_ahead_of_its_commit_is_found_out(site: Site) -> None:
    history = History()
    wish = _die(site, history, "before the storing commit", bug="answers before it stores")
    assert wish.outcome is Outcome.OK
    verdict = judge(site, history)
    assert "I1" in verdict.invariants, str(verdict)


def test_a_void_reservation_without_its_bit_is_found_out(site: Site) -> None:
    history = History()
    _die(site, history, "after signing")
    server = site.start(launch=nursery(Plan(bug="voids without a bit")))
    server.wait_ready()
    settle(history, site.api_key, [server.port])
    verdict = judge(site, history, server)
    assert verdict.invariants == {"I3"}, str(verdict)
