"""One key, one effect: repetition, another body, a crash in the middle, and two callers at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sealwright.domain.credentials import ReservationState
from sealwright.domain.errors import IdempotencyInProgress, IdempotencyKeyReused
from sealwright.services.acts import idempotency_scope
from sealwright.services.issuing_line import Job
from sealwright.services.office import Office
from sealwright.vc.status.bitstring import read_bit
from tests.support.furnished import Furnished
from tests.support.office import MovableClock, degree_request, furnish, issue, open_office, the_operator

SCOPE = idempotency_scope("api_key:key_1", "POST", "/api/v1/credentials/issue", "k-1", b"body")
OTHER_BODY = idempotency_scope("api_key:key_1", "POST", "/api/v1/credentials/issue", "k-1", b"other")


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock, furnished: Furnished) -> Iterator[Office]:
    with furnished.open(database_url, tmp_path / "home", clock, furnish) as opened:
        yield opened


def _issued_rows(office: Office) -> int:
    with office.units(write=False) as uow:
        return sum(1 for row in uow.audit.read(0, 1000) if row.action == "credential.issued")


def test_same_key_gives_the_same_credential_once(office: Office) -> None:
    first = issue(office, scope=SCOPE)
    again = issue(office, scope=SCOPE)
    assert again.replayed
    assert not first.replayed
    assert again.record.document == first.record.document
    replay = office.issuing.replay(SCOPE)
    assert replay is not None
    assert replay.record.credential_id == first.record.credential_id
    assert _issued_rows(office) == 1


def test_same_key_with_another_body_is_refused(office: Office) -> None:
    issue(office, scope=SCOPE)
    with pytest.raises(IdempotencyKeyReused):
        issue(office, scope=OTHER_BODY)
    with pytest.raises(IdempotencyKeyReused):
        office.issuing.replay(OTHER_BODY)
    assert _issued_rows(office) == 1


def _reserve_and_die(office: Office) -> Job:
    """What a process leaves behind that dies between its two commits."""
    order = office.issuing.check(degree_request(), the_operator(office), office.registry.current())
    job = Job(order, SCOPE)
    with office.units() as uow:
        office.issuing.reserve(uow, [job])
        uow.commit()
    assert job.error is None
    return job


def test_key_of_a_running_call_makes_the_second_one_wait(office: Office) -> None:
    _reserve_and_die(office)
    with pytest.raises(IdempotencyInProgress):
        issue(office, scope=SCOPE)


def test_key_left_behind_by_a_crash_is_taken_over(office: Office, clock: MovableClock) -> None:
    dead = _reserve_and_die(office)
    assert dead.reservation is not None
    assert dead.reservation.place is not None
    clock.move(seconds=6)

    issued = issue(office, scope=SCOPE)

    assert not issued.replayed
    assert issued.record.uid != dead.reservation.uid
    assert issued.record.place != dead.reservation.place
    with office.units(write=False) as uow:
        assert uow.reservations.state(dead.reservation.uid) is ReservationState.VOID
        bits = uow.status_lists.bits(dead.reservation.place.list_id)
    assert bits is not None
    assert read_bit(bits.revocation, dead.reservation.place.index)
    assert _issued_rows(office) == 1


def test_late_signature_for_a_taken_over_reservation_is_discarded(office: Office, clock: MovableClock) -> None:
    slow = _reserve_and_die(office)
    clock.move(seconds=6)
    winner = issue(office, scope=SCOPE)

    office.issuing.sign(slow)
    with office.units() as uow:
        office.issuing.store(uow, [slow])
        uow.commit()

    assert slow.error is not None
    assert _issued_rows(office) == 1
    with office.units(write=False) as uow:
        assert slow.reservation is not None
        assert uow.credentials.get(slow.reservation.credential_id) is None
        assert uow.credentials.get(winner.record.credential_id) is not None


def test_sweeper_voids_what_nobody_finished(office: Office, clock: MovableClock) -> None:
    dead = _reserve_and_die(office)
    assert not office.tasks.run("sweep")
    clock.move(seconds=61)
    assert office.tasks.run("sweep")
    assert not office.tasks.run("sweep")
    assert dead.reservation is not None
    with office.units(write=False) as uow:
        assert uow.reservations.state(dead.reservation.uid) is ReservationState.VOID


def test_eight_callers_with_one_key_make_one_credential(database_url: str, tmp_path: Path) -> None:
    with open_office(database_url, tmp_path / "home", background=True) as office:
        furnish(office)
        view = office.registry.current()
        order = office.issuing.check(degree_request(), the_operator(office), view)

        def call(_: int) -> str:
            for _attempt in range(200):
                try:
                    return office.issuing.submit(order, SCOPE).result(timeout=30).record.credential_id
                except IdempotencyInProgress:
                    continue
            return "never answered"

        with ThreadPoolExecutor(8) as pool:
            ids = set(pool.map(call, range(8)))
        assert len(ids) == 1, ids
        assert _issued_rows(office) == 1
