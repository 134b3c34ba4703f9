"""Figures for analytics on both databases, against what was stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.grants import GrantStatus
from sealwright.domain.people import AccountRole
from sealwright.domain.requests import RequestState
from sealwright.services.desk_ports import DecisionFigures
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.storage import figures
from tests.storage.builders import NOW, credential_type, entry_of_history, grant, person, request
from tests.storage.workflow_builders import add_types, listed

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def desk(units: UnitOfWorkFactory) -> UnitOfWorkFactory:
    improver = frozenset({AccountRole.IMPROVER})
    with units() as uow:
        for n in range(6):
            uow.people.add(
                person(f"usr_{n}", roles=improver if n else frozenset(), wallets=(), holder_did=None, active=n != 5)
            )
        uow.types.add(credential_type("degree"))
        uow.types.add(credential_type("license"))
        made = [
            ("a", 0, "degree", RequestState.APPROVED, 0 * DAY, 2 * HOUR, None),
            ("b", 1, "degree", RequestState.REJECTED, 1 * DAY, 5 * HOUR, "Too thin."),
            ("c", 2, "degree", RequestState.REJECTED, 1 * DAY, 1 * HOUR, "Too thin."),
            ("d", 3, "degree", RequestState.REJECTED, 2 * DAY, 1 * HOUR, "Wrong person."),
            ("e", 1, "degree", RequestState.WITHDRAWN, 2 * DAY, 1 * HOUR, None),
            ("f", 1, "license", RequestState.APPROVED, 8 * DAY, 3 * HOUR, None),
            ("g", 4, "degree", RequestState.PENDING, 3 * DAY, None, None),
            ("h", 2, "degree", RequestState.PENDING, 4 * DAY, None, None),
        ]
        for name, who, value, state, asked, took, note in made:
            one = request(
                f"req_{name}",
                f"usr_{who}",
                credential_type=value,
                state=state,
                requested_at=NOW + asked,
                resolved_at=None if took is None else NOW + asked + took,
                resolved_by=None if took is None else "usr_reviewer",
                note=note,
            )
            uow.requests.add(one, entry_of_history(one.request_id))
        revoked = {"status": GrantStatus.REVOKED, "revoked_at": NOW + 9 * DAY}
        uow.grants.add(grant("grt_a", "usr_1", issued_at=NOW, expires_at=NOW + 20 * DAY))
        uow.grants.add(grant("grt_b", "usr_2", issued_at=NOW + DAY, expires_at=None, **revoked))
        uow.grants.add(grant("grt_c", "usr_3", issued_at=NOW + DAY, expires_at=NOW + 5 * DAY))
        uow.grants.add(grant("grt_d", "usr_5", issued_at=NOW + DAY, expires_at=None))
        uow.grants.add(grant("grt_e", "usr_0", issued_at=NOW + DAY, expires_at=None))
        uow.commit()
    return units


def test_decisions_are_counted_by_type_and_period(desk: UnitOfWorkFactory) -> None:
    with desk(write=False) as uow:
        found = uow.figures.decisions(None, NOW, NOW + 14 * DAY, days_per_period=7)
        only = uow.figures.decisions({"license"}, NOW, NOW + 14 * DAY, days_per_period=7)
        nothing = uow.figures.decisions(set(), NOW, NOW + 14 * DAY, days_per_period=7)
    hours = tuple(int(HOUR.total_seconds()) * n for n in (1, 1, 2, 5))
    license_figures = DecisionFigures("license", NOW + 7 * DAY, 1, 1, 0, 0, 0, (3 * 3600,))
    assert found == (
        DecisionFigures("degree", NOW, 7, 1, 3, 5, 0, hours),
        DecisionFigures("degree", NOW + 7 * DAY, 0, 0, 0, 0, 1, ()),
        license_figures,
    )
    assert only == (license_figures,)
    assert nothing == ()


def test_very_many_durations_are_sampled(desk: UnitOfWorkFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "MOST_DURATIONS", 2)
    with desk(write=False) as uow:
        (first, *_) = uow.figures.decisions(None, NOW, NOW + 7 * DAY, days_per_period=7)
    assert first.rejected == 3
    assert len(first.decided_seconds) <= 4
    assert list(first.decided_seconds) == sorted(first.decided_seconds)


def test_waits_name_the_oldest(desk: UnitOfWorkFactory) -> None:
    with desk(write=False) as uow:
        assert uow.figures.waits(None, NOW + 5 * DAY) == {"degree": (2, NOW + 3 * DAY)}
        assert uow.figures.waits({"license"}, NOW + 5 * DAY) == {}


def test_rejection_notes_are_counted_commonest_first(desk: UnitOfWorkFactory) -> None:
    with desk(write=False) as uow:
        notes = uow.figures.rejection_notes(None, NOW, NOW + 7 * DAY)
        assert {value: list(counted.items()) for value, counted in notes.items()} == {
            "degree": [("Too thin.", 2), ("Wrong person.", 1)]
        }
        assert uow.figures.rejection_notes(None, NOW + 3 * DAY, NOW + 7 * DAY) == {}


def test_a_reviewers_decisions_are_counted(desk: UnitOfWorkFactory) -> None:
    with desk(write=False) as uow:
        assert uow.figures.decided_by("usr_reviewer", NOW) == 5
        assert uow.figures.decided_by("usr_reviewer", NOW + 7 * DAY) == 1
        assert uow.figures.decided_by("usr_other", NOW) == 0


def test_steps_are_counted_for_each_type_that_their_role_needs(units: UnitOfWorkFactory) -> None:
    add_types(units)
    flow = listed(("degree",), ("degree", "nurse"), ("welder",), (), steps=2)
    at = {0: NOW, 1: NOW + DAY, 2: NOW + 2 * DAY, 3: NOW + DAY, 4: NOW + 3 * DAY - timedelta(seconds=1)}
    steps = tuple(replace(step, completed_at=at.get(place)) for place, step in enumerate(flow.steps))
    with units() as uow:
        uow.workflows.add(replace(flow, steps=steps))
        uow.commit()
    types = ("degree", "nurse", "forklift")
    with units(write=False) as uow:
        assert uow.figures.steps_completed(types, NOW, NOW + 3 * DAY) == {"degree": 3, "nurse": 1}
        assert uow.figures.steps_completed(types, NOW + DAY, NOW + 2 * DAY) == {"degree": 1, "nurse": 1}
        assert uow.figures.steps_completed(["welder"], NOW, NOW + 3 * DAY) == {"welder": 1}
        assert uow.figures.steps_completed((), NOW, NOW + 3 * DAY) == {}
        assert uow.figures.steps_completed(types, NOW + 3 * DAY, NOW + 9 * DAY) == {}


def test_expiries_and_lifetimes_follow_the_grants(desk: UnitOfWorkFactory) -> None:
    day = int(DAY.total_seconds())
    with desk(write=False) as uow:
        assert uow.figures.expiries(None, NOW, NOW + 20 * DAY) == {"degree": (NOW + 5 * DAY, NOW + 20 * DAY)}
        assert uow.figures.expiries({"license"}, NOW, NOW + 20 * DAY) == {}
        lived = uow.figures.lifetimes(None, NOW, NOW + 10 * DAY)
        assert sorted(lived["degree"]) == [
            (4 * day, False),
            (8 * day, True),
            (9 * day, False),
            (9 * day, False),
            (10 * day, False),
        ]


def test_holders_are_active_improvers(desk: UnitOfWorkFactory) -> None:
    with desk(write=False) as uow:
        assert uow.figures.holders("degree", NOW + 2 * DAY) == 2
        assert uow.figures.holders("degree", NOW + 6 * DAY) == 1
        assert uow.figures.holders("license", NOW) == 0


def test_holders_of_several_types_hold_them_all(desk: UnitOfWorkFactory) -> None:
    with desk(write=False) as uow:
        assert uow.figures.holders_of_all((), NOW) == 4
        for at in (NOW + 2 * DAY, NOW + 6 * DAY):
            assert uow.figures.holders_of_all(["degree"], at) == uow.figures.holders("degree", at)
        assert uow.figures.holders_of_all(["degree", "license"], NOW + 2 * DAY) == 0
        assert uow.figures.holders_of_all(["degree", "degree"], NOW + 2 * DAY) == 2
