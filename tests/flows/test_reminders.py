"""Reminders by the clock: each is told once, also when the office was asleep."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sealwright.domain.grants import Grant
from sealwright.domain.ids import new_id
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import AccountRole, Caller
from sealwright.domain.requests import CredentialRequest, HistoryEntry, RequestState
from sealwright.services.office import Office
from sealwright.services.reminders import Reminders
from tests.support.desk import DPW, VERIFIER, act, join
from tests.support.office import MovableClock, the_operator


@pytest.fixture
def reminders(office: Office, clock: MovableClock) -> Reminders:
    return Reminders(office.units, office.notices, clock, key_max_age_days=365)


def grant(office: Office, clock: MovableClock, who: Caller, days: float, value: str = DPW) -> None:
    made = Grant(
        grant_id=new_id("grt"),
        user_id=who.user_id,
        credential_type=value,
        issued_by="usr_x",
        issued_at=clock.now(),
        expires_at=clock.now() + timedelta(days=days),
    )
    act(office, the_operator(office), lambda uow, _me: uow.grants.add(made), registry=False)


def days_told(office: Office, who: Caller) -> list[str]:
    found = office.notices.inbox(who, count=100).items
    return [notice.data["days"] for notice in reversed(found) if notice.kind is NoticeKind.EXPIRING]


def test_holders_are_told_30_7_and_1_days_before(office: Office, clock: MovableClock, reminders: Reminders) -> None:
    ann = join(office, "ann", AccountRole.IMPROVER)
    reminders.expiring()
    grant(office, clock, ann, 31)
    for _ in range(33 * 4):
        clock.move(hours=6)
        reminders.expiring()
    assert days_told(office, ann) == ["30", "7", "1"]


def test_an_office_that_slept_tells_late_but_once(office: Office, clock: MovableClock, reminders: Reminders) -> None:
    ann = join(office, "ann", AccountRole.IMPROVER)
    reminders.expiring()
    grant(office, clock, ann, 40)
    clock.move(days=35)
    reminders.expiring()
    reminders.expiring()
    assert days_told(office, ann) == ["5"]
    clock.move(days=4)
    reminders.expiring()
    assert days_told(office, ann) == ["5", "1"]


def test_short_grants_are_not_announced_at_birth(office: Office, clock: MovableClock, reminders: Reminders) -> None:
    ann = join(office, "ann", AccountRole.IMPROVER)
    reminders.expiring()
    grant(office, clock, ann, 3)
    clock.move(minutes=10)
    reminders.expiring()
    assert days_told(office, ann) == []
    clock.move(days=2, hours=1)
    reminders.expiring()
    assert days_told(office, ann) == ["1"]


def test_a_type_may_ask_for_an_earlier_reminder(office: Office, clock: MovableClock, reminders: Reminders) -> None:
    ann, admin = join(office, "ann", AccountRole.IMPROVER), join(office, "ada", AccountRole.ADMIN)
    act(office, admin, lambda uow, me: office.catalog.update(uow, me, DPW, {"renewal_reminder_days": 60}))
    reminders.expiring()
    grant(office, clock, ann, 61)
    grant(office, clock, ann, 61, VERIFIER)
    clock.move(days=1, hours=1)
    assert reminders.expiring() == 1
    assert days_told(office, ann) == ["60"]


def test_reviewers_are_reminded_once_a_day_of_what_is_late(
    office: Office, clock: MovableClock, reminders: Reminders
) -> None:
    ann = join(office, "ann", AccountRole.IMPROVER)
    ines = join(office, "ines", AccountRole.ISSUER, scopes=(DPW,))
    vera = join(office, "vera", AccountRole.ISSUER, scopes=(VERIFIER,))
    asked = CredentialRequest(
        request_id=new_id("req"),
        user_id=ann.user_id,
        credential_type=DPW,
        state=RequestState.PENDING,
        requested_at=clock.now(),
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    entry = HistoryEntry(asked.request_id, clock.now(), "requested", ann.user_id, None, RequestState.PENDING)
    act(office, the_operator(office), lambda uow, _me: uow.requests.add(asked, entry), registry=False)
    assert reminders.queues() == 0
    clock.move(days=3)
    assert reminders.queues() == 1
    assert reminders.queues() == 0
    (notice,) = office.notices.inbox(ines).items
    assert (notice.kind, notice.data["pending"]) == (NoticeKind.QUEUE_REMINDER, "1")
    assert office.notices.inbox(vera).total == 0
    clock.move(days=1)
    assert reminders.queues() == 1


def test_old_signing_keys_are_told_to_admins_once(office: Office, clock: MovableClock, reminders: Reminders) -> None:
    admin = join(office, "ada", AccountRole.ADMIN)
    reminders.keys()
    assert office.notices.inbox(admin).total == 0
    clock.move(days=340)
    assert reminders.keys() == 1
    clock.move(days=10)
    assert reminders.keys() == 0
    assert [notice.kind for notice in office.notices.inbox(admin).items] == [NoticeKind.KEY_EXPIRING]
