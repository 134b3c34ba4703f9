"""Analytics: the numbers of a past that is known, by scope, and the same in every table and in CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.errors import InvalidAddress, InvalidFilter, OutOfScope, RoleRequired, UserNotFound
from sealwright.domain.grants import Grant, GrantStatus
from sealwright.domain.ids import new_id
from sealwright.domain.people import AccountRole, Caller
from sealwright.domain.requests import CredentialRequest, HistoryEntry, RequestState
from sealwright.services.analytics import TIME_BOUNDS_HOURS
from sealwright.services.analytics_tables import tables_of
from sealwright.services.office import Office
from sealwright.services.people import NewPerson
from sealwright.services.ports import UnitOfWork
from tests.support.desk import DPW, VERIFIER, act, come_in, join
from tests.support.office import MovableClock, the_operator
from tests.support.workflows import open_workflow, qualified, workflow_desks

APPROVED, REJECTED = RequestState.APPROVED, RequestState.REJECTED


def decided(
    office: Office, clock: MovableClock, number: int, state: RequestState | None, hours: int, value: str = DPW
) -> None:
    """One request, asked 20 days ago by somebody of their own, and what became of it; every third grant is lost."""
    asked_at = clock.now() - timedelta(days=20)
    at = asked_at + timedelta(hours=hours)

    def write(uow: UnitOfWork, me: Caller) -> None:
        wish = NewPerson(f"p{value}{number}@example.org", f"P {number}", frozenset({AccountRole.IMPROVER}), True)
        user_id = office.people.create(uow, me, wish).user_id
        request_id, pending = new_id("req"), RequestState.PENDING
        asked = CredentialRequest(request_id, user_id, value, pending, asked_at, asked_at, asked_at)
        uow.requests.add(asked, HistoryEntry(request_id, asked_at, "requested", user_id, None, pending))
        if state is None:
            return
        after = replace(
            asked, state=state, resolved_at=at, resolved_by="usr_x", updated_at=at, version=2, note="Expired paper"
        )
        uow.requests.update(after, HistoryEntry(request_id, at, "decided", "usr_x", pending, state, "Expired paper"))
        if state is APPROVED:
            lost = number % 3 == 0
            uow.grants.add(
                Grant(
                    grant_id=new_id("grt"),
                    user_id=user_id,
                    credential_type=value,
                    issued_by="usr_x",
                    issued_at=at,
                    status=GrantStatus.REVOKED if lost else GrantStatus.ACTIVE,
                    revoked_at=at + timedelta(days=5) if lost else None,
                    expires_at=clock.now() + timedelta(days=10),
                )
            )

    act(office, the_operator(office), write)


def past(office: Office, clock: MovableClock) -> None:
    """Twelve decisions on one type: nine approved, three rejected, each an hour later than the last; one waits."""
    for number in range(12):
        decided(office, clock, number, APPROVED if number < 9 else REJECTED, number + 1)
    decided(office, clock, 12, None, 0)
    decided(office, clock, 0, APPROVED, 1, VERIFIER)


def test_numbers_are_those_of_the_past(office: Office, clock: MovableClock) -> None:
    past(office, clock)
    ines = join(office, "ines", AccountRole.ISSUER, scopes=(DPW,))
    overview = office.analytics.overview(ines)
    (dpw,) = overview.types
    assert (dpw.requested, dpw.approved, dpw.rejected, dpw.granted, dpw.revoked) == (13, 9, 3, 9, 3)
    assert dpw.approval_rate is not None
    assert (dpw.approval_rate.hits, dpw.approval_rate.cases, dpw.approval_rate.share) == (9, 12, 0.75)
    # Wilson's interval for 9 of 12, as statistics packages give it.
    assert dpw.approval_rate.low == pytest.approx(0.4677, abs=1e-4)
    assert dpw.approval_rate.high == pytest.approx(0.9111, abs=1e-4)
    assert (dpw.median_seconds, dpw.p90_seconds) == (6 * 3_600 + 1_800, 11 * 3_600)
    assert dpw.within_target is not None
    assert dpw.within_target.share == 1.0
    assert sum(dpw.times) == 12
    assert dpw.times[: len(TIME_BOUNDS_HOURS)][:3] == (1, 3, 8)
    assert dpw.revocation_rate is None
    assert dpw.reasons[0][0] == "Expired paper"
    assert dpw.reasons[0][1] == 3
    assert (dpw.holders, dpw.pending) == (6, 1)
    assert dpw.expiring[1] == 6
    assert sum(row.requested for row in overview.periods) == 13


def test_rates_are_never_told_from_fewer_than_ten(office: Office, clock: MovableClock) -> None:
    past(office, clock)
    admin = join(office, "ada", AccountRole.ADMIN)
    dpw, verifier = office.analytics.metrics(admin)
    assert (dpw.credential_type, dpw.approval_rate, dpw.revoked) == (DPW, 0.75, 3)
    assert (verifier.approved, verifier.approval_rate, verifier.revocation_rate) == (1, None, None)
    assert (verifier.median_decision_seconds, verifier.p90_decision_seconds) == (3_600, 3_600)
    assert (dpw.steps_completed, verifier.steps_completed) == (0, 0)
    (alone,) = office.analytics.metrics(admin, clock.now() - timedelta(days=1), clock.now(), VERIFIER)
    assert (alone.requested, alone.median_decision_seconds) == (0, None)


def test_work_is_counted_by_the_types_that_it_needs(office: Office, clock: MovableClock) -> None:
    ines = join(office, "ines", AccountRole.ISSUER, scopes=(DPW, VERIFIER))
    desks, flow = workflow_desks(office), open_workflow(office)
    ida, vic = qualified(office, ines, "ida"), qualified(office, ines, "vic", (VERIFIER,))
    desks.claim(ida, flow)
    desks.work_off(ida, flow)
    assert [one.steps_completed for one in office.analytics.metrics(ines)] == [1, 0]
    clock.move(hours=1)
    desks.claim(vic, flow, 2)
    desks.work_off(vic, flow, 2)
    overview = office.analytics.overview(ines, clock.now())
    assert [(one.credential_type, one.steps_completed) for one in overview.types] == [(DPW, 0), (VERIFIER, 1)]
    table = tables_of(overview)["types"]
    assert [row[table.columns.index("steps_completed")] for row in table.rows] == [0, 1]
    outside = join(office, "olga", AccountRole.ISSUER, scopes=(DPW,))
    assert [one.steps_completed for one in office.analytics.metrics(outside)] == [1]


def test_scope_bounds_what_is_counted(office: Office, clock: MovableClock) -> None:
    past(office, clock)
    ines, ann = join(office, "ines", AccountRole.ISSUER, scopes=(DPW,)), join(office, "ann")
    admin = join(office, "ada", AccountRole.ADMIN)
    for value in (VERIFIER, "nothing"):
        with pytest.raises(OutOfScope):
            office.analytics.overview(ines, types=[value])
    with pytest.raises(InvalidFilter):
        office.analytics.overview(admin, types=["nothing"])
    with pytest.raises(RoleRequired):
        office.analytics.overview(ann)
    with pytest.raises(InvalidFilter):
        office.analytics.overview(admin, clock.now(), clock.now())
    with pytest.raises(InvalidFilter):
        office.analytics.overview(admin, clock.now() - timedelta(days=2_000), clock.now(), days_per_period=1)


def test_tables_and_csv_say_what_the_values_say(office: Office, clock: MovableClock) -> None:
    past(office, clock)
    overview = office.analytics.overview(join(office, "ada", AccountRole.ADMIN))
    tables = tables_of(overview)
    assert set(tables) == {"types", "periods", "times", "reasons", "survival", "expiries"}
    for table in tables.values():
        text = b"".join(table.csv()).decode()
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert tuple(rows[0]) == table.columns
        assert len(rows) == len(table.rows) + 1
    row = dict(zip(tables["types"].columns, tables["types"].rows[0], strict=True))
    assert (row["approved"], row["approval_rate"], row["pending"]) == (9, 0.75, 1)
    assert sum(int(str(cells[3])) for cells in tables["times"].rows if cells[0] == DPW) == 12


def test_holders_are_read_by_reviewers_within_their_scope(office: Office, clock: MovableClock) -> None:
    past(office, clock)
    vera = join(office, "vera", AccountRole.ISSUER, scopes=(VERIFIER,))
    ines = join(office, "ines", AccountRole.ISSUER, scopes=(DPW,))
    found = office.holders.find(vera, "P 3")
    assert found.total == 1
    user_id = found.items[0].user_id
    seen, own = office.holders.detail(vera, user_id), office.holders.detail(ines, user_id)
    assert [grant.credential_type for grant in seen.grants] == [DPW]
    assert (seen.requests, len(own.requests)) == ((), 1)
    assert office.holders.find(vera, "nobody").items == ()
    with pytest.raises(RoleRequired):
        office.holders.find(come_in(office, user_id), "P 3")
    with pytest.raises(UserNotFound):
        office.holders.detail(ines, "usr_nobody")


def test_wallets_name_their_person_in_any_case(office: Office) -> None:
    ines = join(office, "ines", AccountRole.ISSUER, scopes=(DPW,))
    address = "0x52908400098527886E0F7030069857D2E4169EE7"
    wish = NewPerson("ann@example.org", "Ann", verified=True, wallets=(address.lower(),))
    ann = act(office, the_operator(office), lambda uow, me: office.people.create(uow, me, wish))
    for spelled in (address, address.lower(), "0x" + address[2:].upper()):
        found = office.holders.by_address(ines, spelled)
        assert (found.person.user_id, found.wallet.address, found.wallet.verified) == (ann.user_id, address, True)
    for wrong in ("0x52908400098527886e0F7030069857D2E4169EE7", "0x12", "ann"):
        with pytest.raises(InvalidAddress):
            office.holders.by_address(ines, wrong)
    with pytest.raises(UserNotFound):
        office.holders.by_address(ines, "0x" + "0" * 40)
