"""Reports by mail: each period once, in the scope that holds then, for people who may be written to."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sealwright.domain.audit import AuditFilter
from sealwright.domain.errors import (
    EmailNotVerified,
    MalformedBody,
    NotSignedIn,
    OutOfScope,
    RateLimitExceeded,
    RoleRequired,
    StoreUnavailable,
)
from sealwright.domain.notices import Mail
from sealwright.domain.people import AccountRole, Caller, Person
from sealwright.domain.reports import REPORT_MAIL, Report, ReportEvery, ReportWish
from sealwright.services.office import Office
from sealwright.services.ports import UnitOfWork
from sealwright.services.stop_links import STOP_PATH
from tests.flows.test_analytics import APPROVED, REJECTED, decided
from tests.support.desk import DPW, VERIFIER, act, join
from tests.support.office import MovableClock, open_office, the_operator

# The clock of these tests begins on Sunday, 1 March 2026, at noon.
MONDAY = datetime(2026, 3, 2, 6, 0, 0, tzinfo=UTC)
WEEK, MONTH, NEVER = ReportEvery.WEEK, ReportEvery.MONTH, ReportEvery.NEVER


def wish(office: Office, who: Caller, every: ReportEvery, types: tuple[str, ...] | None = None) -> ReportWish:
    return act(office, who, lambda uow, me: office.reports.wish(uow, me, every, types), registry=False)


def letters(office: Office, who: Caller) -> list[Mail]:
    """Reports to somebody, oldest first."""
    with office.units(write=False) as uow:
        found = uow.notices.mails(page=1, count=100).items
    return [mail for mail in reversed(found) if mail.kind == REPORT_MAIL and mail.user_id == who.user_id]


def change(office: Office, who: Caller, change: Callable[[Person], Person]) -> None:
    def write(uow: UnitOfWork, _me: Caller) -> None:
        known = uow.people.get(who.user_id)
        assert known is not None
        uow.people.update(replace(change(known), version=known.version + 1))

    act(office, the_operator(office), write)


def asked(office: Office, at: datetime, numbers: range, value: str = DPW, state: object = APPROVED) -> None:
    """Requests that were made at a moment and decided an hour later."""
    for number in numbers:
        decided(office, MovableClock(at + timedelta(days=20)), number, state, 1, value)  # type: ignore[arg-type]


@pytest.fixture
def ines(office: Office) -> Caller:
    return join(office, "ines", AccountRole.ISSUER, scopes=(DPW,))


def test_a_week_is_told_once_from_monday_six_on(office: Office, clock: MovableClock, ines: Caller) -> None:
    asked(office, MONDAY - timedelta(days=3), range(12))
    asked(office, MONDAY - timedelta(days=3), range(12, 14), state=REJECTED)
    asked(office, MONDAY - timedelta(days=9), range(14, 23))
    asked(office, MONDAY - timedelta(days=3), range(40, 44), VERIFIER)
    wish(office, ines, WEEK)
    assert office.reports.work() == 0
    clock.time = MONDAY - timedelta(seconds=1)
    assert office.reports.work() == 0
    clock.time = MONDAY
    assert [office.reports.work() for _ in range(3)] == [1, 0, 0]
    (mail,) = letters(office, ines)
    assert (mail.to, mail.locale, mail.subject) == ("ines@example.org", "en", "Your weekly report")
    assert "from February 23, 2026 to March 1, 2026" in mail.text
    assert "- Requests: 14, 5 more than the week before" in mail.text
    assert "- Rejections: 2, 2 more than the week before" in mail.text
    assert "86%" in mail.text
    assert "sfluv" not in mail.text.lower()
    clock.move(days=7)
    assert office.reports.work() == 1
    assert "- Requests: 0, 14 fewer than the week before" in letters(office, ines)[1].text


def test_rates_of_few_cases_are_not_told(office: Office, clock: MovableClock, ines: Caller) -> None:
    asked(office, MONDAY - timedelta(days=3), range(9))
    wish(office, ines, WEEK)
    clock.time = MONDAY
    office.reports.work()
    (mail,) = letters(office, ines)
    assert "100%" not in mail.text
    assert "- Approvals: 9, 9 more than the week before" in mail.text


def test_a_month_is_told_on_its_first_day(office: Office, clock: MovableClock, ines: Caller) -> None:
    asked(office, datetime(2026, 3, 31, 20, tzinfo=UTC), range(3))
    asked(office, datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC), range(3, 4))
    asked(office, datetime(2026, 4, 1, tzinfo=UTC), range(4, 9))
    change(office, ines, lambda known: replace(known, locale="es"))
    wish(office, ines, MONTH)
    clock.time = datetime(2026, 4, 1, 5, 59, 59, tzinfo=UTC)
    assert office.reports.work() == 0
    clock.move(seconds=1)
    assert [office.reports.work(), office.reports.work()] == [1, 0]
    (mail,) = letters(office, ines)
    assert (mail.locale, mail.subject) == ("es", "Su informe mensual")
    assert "marzo de 2026" in mail.text
    assert "Solicitudes: 4" in mail.text


def test_an_office_that_slept_tells_the_last_period_alone(office: Office, clock: MovableClock, ines: Caller) -> None:
    wish(office, ines, WEEK)
    clock.time = MONDAY + timedelta(days=24)
    assert [office.reports.work(), office.reports.work()] == [1, 0]
    (mail,) = letters(office, ines)
    assert "from March 16, 2026 to March 22, 2026" in mail.text


def test_two_servers_send_one_letter(
    office: Office, clock: MovableClock, ines: Caller, database_url: str, tmp_path: Path
) -> None:
    others = [join(office, f"issuer{number}", AccountRole.ISSUER, scopes=(DPW,)) for number in range(4)]
    for one in (ines, *others):
        wish(office, one, WEEK)
    clock.time = MONDAY
    with open_office(database_url, tmp_path / "second", clock=clock) as second:
        offices = (office, second, office, second)
        with ThreadPoolExecutor(len(offices)) as pool:
            made = list(pool.map(lambda one: one.reports.work(), offices))
        made.append(second.reports.work())
    assert sum(made) == 5
    assert [len(letters(office, one)) for one in (ines, *others)] == [1] * 5


def test_many_are_served_in_short_rounds_and_one_failure_holds_up_nobody(
    office: Office, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [join(office, f"issuer{number}", AccountRole.ISSUER, scopes=(DPW,)) for number in range(23)]
    for one in people:
        wish(office, one, WEEK)
    clock.time = MONDAY
    unlucky = min(one.user_id for one in people)
    whole = office.mailing.report

    def fails_for_one(uow: UnitOfWork, person: Person, report: Report) -> Mail:
        if person.user_id == unlucky:
            raise StoreUnavailable("The disk is full.")
        return whole(uow, person, report)

    with monkeypatch.context() as patched:
        patched.setattr(office.mailing, "report", fails_for_one)
        assert [office.reports.work() for _ in range(4)] == [9, 10, 3, 0]
    assert [office.reports.work() for _ in range(2)] == [1, 0]
    assert all(len(letters(office, one)) == 1 for one in people)


def test_a_crash_before_the_commit_sends_the_letter_later(
    office: Office, clock: MovableClock, ines: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish(office, ines, WEEK)
    clock.time = MONDAY

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(office.mailing, "post", dies)
        with pytest.raises(KeyboardInterrupt):
            office.reports.work()
    assert letters(office, ines) == []
    assert [office.reports.work(), office.reports.work()] == [1, 0]


@pytest.mark.parametrize(
    "lost",
    [
        lambda known: replace(known, roles=frozenset({AccountRole.IMPROVER}), scopes=()),
        lambda known: replace(known, scopes=()),
        lambda known: replace(known, active=False),
        lambda known: replace(known, verified=False),
    ],
    ids=["the role ended", "the scope was emptied", "deactivated", "the address is not proved any more"],
)
def test_who_may_not_read_figures_gets_none_and_the_wish_rests(
    office: Office, clock: MovableClock, ines: Caller, lost: Callable[[Person], Person]
) -> None:
    wish(office, ines, WEEK)
    before = ines.person
    assert before is not None
    change(office, ines, lost)
    clock.time = MONDAY
    assert office.reports.work() == 0
    change(
        office,
        ines,
        lambda known: replace(known, roles=before.roles, scopes=before.scopes, active=True, verified=True),
    )
    assert office.reports.work() == 0, "the period without rights is passed over"
    clock.move(days=7)
    assert office.reports.work() == 1


def test_the_scope_is_that_of_the_moment_of_sending(office: Office, clock: MovableClock, ines: Caller) -> None:
    asked(office, MONDAY - timedelta(days=3), range(3))
    asked(office, MONDAY - timedelta(days=3), range(40, 45), VERIFIER)
    wish(office, ines, WEEK, (DPW,))
    change(office, ines, lambda known: replace(known, scopes=(DPW, VERIFIER)))
    clock.time = MONDAY
    office.reports.work()
    assert "Requests: 3," in letters(office, ines)[0].text
    change(office, ines, lambda known: replace(known, scopes=(VERIFIER,)))
    clock.move(days=7)
    assert office.reports.work() == 0, "the chosen type is not in the scope any more"


def test_admins_are_told_of_every_type(office: Office, clock: MovableClock) -> None:
    admin = join(office, "ada", AccountRole.ADMIN)
    asked(office, MONDAY - timedelta(days=3), range(2))
    asked(office, MONDAY - timedelta(days=3), range(40, 43), VERIFIER)
    wish(office, admin, WEEK)
    clock.time = MONDAY
    assert office.reports.work() == 1
    assert "Requests: 5," in letters(office, admin)[0].text


def test_a_new_wish_begins_with_the_next_period(office: Office, clock: MovableClock, ines: Caller) -> None:
    clock.time = MONDAY + timedelta(minutes=1)
    wish(office, ines, WEEK)
    assert office.reports.work() == 0
    clock.time = MONDAY + timedelta(days=7, minutes=1)
    wish(office, ines, WEEK, (DPW,))
    assert office.reports.work() == 1, "other types do not lose the period that is due"
    wish(office, ines, NEVER)
    clock.move(days=7)
    assert office.reports.work() == 0


def test_changes_are_on_record_once_each(office: Office, ines: Caller) -> None:
    assert office.reports.own(ines) == ReportWish(ines.user_id)
    wish(office, ines, WEEK, (DPW, DPW))
    wish(office, ines, WEEK, (DPW,))
    wish(office, ines, NEVER)
    with office.units(write=False) as uow:
        wanted = AuditFilter(actions=frozenset({"report.changed"}))
        bodies = [row.body.decode() for row in uow.audit.list(wanted, limit=9, cursor=None).items]
    assert len(bodies) == 2
    assert f'"after":{{"credentialTypes":["{DPW}"],"every":"week"}}' in bodies[1]
    assert '"every":"never"' in bodies[0]


def test_a_report_at_once_is_about_the_last_whole_period(office: Office, clock: MovableClock, ines: Caller) -> None:
    asked(office, MONDAY - timedelta(days=10), range(2))
    asked(office, MONDAY - timedelta(days=3), range(2, 5))

    def send(every: ReportEvery | None = None, types: tuple[str, ...] | None = None) -> None:
        report = office.reports.count(ines, every, types)
        act(office, ines, lambda uow, me: office.reports.send(uow, me, report), registry=False)

    send()
    assert "Requests: 2," in letters(office, ines)[0].text
    with pytest.raises(RateLimitExceeded) as refused:
        send()
    assert refused.value.retry_after_seconds == 300
    clock.time = MONDAY - timedelta(hours=5)
    send(WEEK, (DPW,))
    assert "Requests: 3," in letters(office, ines)[1].text
    assert office.reports.own(ines).every is NEVER
    assert len(letters(office, ines)) == 2


def test_what_cannot_be_wished_is_refused(office: Office, ines: Caller) -> None:
    admin, ann = join(office, "ada", AccountRole.ADMIN), join(office, "ann", AccountRole.IMPROVER)
    for value in (VERIFIER, "nothing"):
        with pytest.raises(OutOfScope):
            wish(office, ines, WEEK, (value,))
    with pytest.raises(MalformedBody):
        wish(office, admin, WEEK, ("nothing",))
    with pytest.raises(MalformedBody):
        wish(office, ines, WEEK, ())
    with pytest.raises(RoleRequired):
        wish(office, ann, WEEK)
    with pytest.raises(NotSignedIn):
        wish(office, the_operator(office), WEEK)


def test_reports_go_only_to_proved_addresses_with_something_to_tell(office: Office) -> None:
    unproved = join(office, "una", AccountRole.ISSUER, verified=False, scopes=(DPW,))
    empty = join(office, "emma", AccountRole.ISSUER)
    with pytest.raises(EmailNotVerified):
        office.reports.count(unproved)
    with pytest.raises(OutOfScope):
        office.reports.count(empty)


def test_two_who_ask_at_once_get_one_letter(office: Office, ines: Caller) -> None:
    report = office.reports.count(ines)

    def send(_: int) -> bool:
        try:
            act(office, ines, lambda uow, me: office.reports.send(uow, me, report), registry=False)
        except RateLimitExceeded:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(send, range(4))) == [False, False, False, True]
    assert len(letters(office, ines)) == 1


def test_the_link_at_the_foot_ends_the_reports(office: Office, clock: MovableClock, ines: Caller) -> None:
    wish(office, ines, WEEK)
    clock.time = MONDAY
    office.reports.work()
    (mail,) = letters(office, ines)
    token = mail.text.partition(STOP_PATH)[2].split()[0]
    assert office.reports.own(ines).every is WEEK
    assert [office.letter_stops.stop(token).kind for _ in range(2)] == [REPORT_MAIL] * 2
    assert office.reports.own(ines).every is NEVER
    clock.move(days=7)
    assert office.reports.work() == 0
    with office.units(write=False) as uow:
        wanted = AuditFilter(actions=frozenset({"report.changed"}))
        newest, *_ = uow.audit.list(wanted, limit=9, cursor=None).items
    assert '"auth":"link"' in newest.body.decode()


def test_own_data_has_the_wish_and_erasing_ends_it(office: Office, clock: MovableClock, ines: Caller) -> None:
    assert office.own_data.export(ines)["report"] is None
    wish(office, ines, MONTH, (DPW,))
    assert office.own_data.export(ines)["report"] == {"every": "month", "credential_types": [DPW]}
    act(office, ines, office.own_data.erase)
    with office.units(write=False) as uow:
        assert uow.report_wishes.of_person(ines.user_id) is None
    clock.move(days=40)
    assert office.reports.work() == 0
