"""What acts wake in their own transaction, and how an office tells that nobody does what they have caused."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from sealwright.domain.parcels import ParcelKind
from sealwright.services.dispatching import new_parcel, send
from sealwright.services.office import Office
from sealwright.services.queue_health import QueueHealth, QueueState
from sealwright.services.tasks import DELIVERIES, MAIL, SIGN_GRANTS
from sealwright.storage.jobs import StoredJobRows
from tests.support.office import MovableClock
from tests.support.review import APPROVED, ask, decide, improver, reviewer

Woken = list[tuple[str, datetime | None]]


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> Woken:
    """Everything that is woken from now on."""
    seen: Woken = []
    original = StoredJobRows.wake

    def wake(self: StoredJobRows, task: str, *, at: datetime | None = None, lane: str = "") -> None:
        seen.append((task, at))
        original(self, task, at=at, lane=lane)

    monkeypatch.setattr(StoredJobRows, "wake", wake)
    return seen


def test_a_letter_and_a_parcel_wake_those_who_carry_them(office: Office, woken: Woken) -> None:
    with office.units() as uow:
        office.mailing.post(uow, office.mailing.letter("sign_in", "en", {"link": "x", "minutes": "15"}, to="a@b.org"))
        send(uow, ())
        send(uow, [new_parcel(ParcelKind.WEBHOOK, "whk_1", reference="1", label="x", now=office.clock.now())])
        uow.commit()
    assert woken == [(MAIL, None), (DELIVERIES, None)]


def test_a_grant_that_is_held_back_wakes_its_signing_when_its_wait_is_over(
    office: Office, clock: MovableClock, woken: Woken
) -> None:
    ida, rhea = improver(office, "ida"), reviewer(office, "rhea")
    request = ask(office, ida)
    woken.clear()
    decide(office, rhea, request, APPROVED, hold=True)
    assert (SIGN_GRANTS, clock.now() + timedelta(seconds=10)) in woken
    clock.move(seconds=10)
    assert office.tasks.run(SIGN_GRANTS)


def test_nobody_is_missed_while_nothing_is_due(office: Office, clock: MovableClock) -> None:
    office.tasks.run(MAIL)
    with office.units() as uow:
        office.mailing.post(uow, office.mailing.letter("sign_in", "en", {"link": "x", "minutes": "15"}, to="a@b.org"))
        uow.commit()
    clock.move(seconds=30)
    health = _health(office, QueueState(workers=0, seen_seconds=None))
    assert MAIL not in health.neglected()
    clock.move(seconds=31)
    assert MAIL in health.neglected()
    # Ready for a minute, in which somebody may still come.
    assert health.is_worked_on()
    health._begun_at -= 61
    assert not health.is_worked_on()
    assert _health(office, QueueState(workers=1, seen_seconds=59.0)).neglected() == ()
    assert MAIL in _health(office, QueueState(workers=0, seen_seconds=61.0)).neglected()


def test_jobs_that_no_task_knows_of_are_missed_too(office: Office) -> None:
    state = QueueState(workers=0, seen_seconds=None, waiting=1, oldest_seconds=61.0)
    assert _health(office, state, tasks=()).neglected() == ("jobs",)
    assert _health(office, QueueState(0, None, waiting=1, oldest_seconds=59.0), tasks=()).neglected() == ()


def test_an_office_is_not_ready_while_nobody_does_what_is_long_due(
    office: Office, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert office.health()["queue"]
    with office.units() as uow:
        office.mailing.post(uow, office.mailing.letter("sign_in", "en", {"link": "x", "minutes": "15"}, to="a@b.org"))
        uow.commit()
    clock.move(minutes=5)
    assert office.health()["queue"]
    monkeypatch.setattr(office.queue, "_begun_at", office.queue._begun_at - 61)
    assert not office.health()["queue"]


def _health(office: Office, state: QueueState, *, tasks: object = None) -> QueueHealth:
    asked = office.tasks if tasks is None else tasks
    return QueueHealth(asked, units=office.units, clock=office.clock, look=lambda: state)  # type: ignore[arg-type]
