"""Series of workflows, the claims on their later instances, and absences."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.errors import UnknownCredentialType, VersionConflict
from sealwright.domain.recurrence import Recurrence, Schedule
from sealwright.domain.series import SeriesState
from sealwright.domain.workflows import AbsencePeriod, SeriesClaim
from sealwright.services.ports import UnitOfWorkFactory
from tests.storage.builders import NOW
from tests.storage.workflow_builders import add_types, plan, series

ONE = series("ser_one", ("degree", "nurse"), (), steps=2)


@pytest.fixture(autouse=True)
def _series(units: UnitOfWorkFactory) -> None:
    add_types(units)
    with units() as uow:
        uow.series.add(ONE)
        uow.commit()


def test_a_series_comes_back_whole_and_moves_by_versions(units: UnitOfWorkFactory) -> None:
    endless = Schedule(Recurrence.DAILY, NOW)
    moved = replace(ONE, plan=plan(()), schedule=endless, state=SeriesState.ENDED, latest_no=4, version=2)
    with units() as uow:
        assert uow.series.get("ser_one") == ONE
        assert uow.series.get_for_update("ser_none") is None
        assert uow.series.get_many(["ser_one", "ser_none"]) == {"ser_one": ONE}
        assert uow.series.get_many([]) == {}
        uow.series.lock_many(["ser_one", "ser_none"])
        uow.series.update(moved)
        with pytest.raises(VersionConflict):
            uow.series.update(moved)
        assert uow.series.get_for_update("ser_one") == moved
        uow.commit()


def test_plans_need_types_that_there_are(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        with pytest.raises(UnknownCredentialType):
            uow.series.add(series("ser_two", ("ghost",)))
        with pytest.raises(UnknownCredentialType):
            uow.series.update(replace(ONE, plan=plan(("ghost",)), version=2))


def test_claims_stay_as_they_came_and_are_taken_back_one_by_one(units: UnitOfWorkFactory) -> None:
    later = NOW + timedelta(hours=1)
    mine = [SeriesClaim("ser_one", order, "usr_ada", NOW) for order in (1, 3)]
    hers = SeriesClaim("ser_one", 1, "usr_eve", NOW - timedelta(hours=1))
    elsewhere = SeriesClaim("ser_two", 1, "usr_ada", later)
    with units() as uow:
        uow.series.add_claims([*mine, hers, elsewhere])
        uow.series.add_claims([replace(mine[0], claimed_at=later)])
        assert uow.series.claims("ser_one") == (hers, *mine)
        assert uow.series.claims_of("usr_ada") == (*mine, elsewhere)
        assert uow.series.delete_claims("ser_one", "usr_ada", [3, 4]) == (mine[1],)
        assert uow.series.delete_claims("ser_one", "usr_ada", None) == (mine[0],)
        assert uow.series.delete_claims("ser_one", "usr_ada", None) == ()
        uow.series.drop_claims([hers, elsewhere, mine[0]])
        assert (uow.series.claims("ser_one"), uow.series.claims_of("usr_ada")) == ((), ())


def test_absences_are_ones_own(units: UnitOfWorkFactory) -> None:
    first = AbsencePeriod("abs_one", "usr_ada", "ser_one", 1, NOW + timedelta(days=2), NOW + timedelta(days=3))
    second = AbsencePeriod("abs_two", "usr_ada", "ser_one", 2, NOW, NOW + timedelta(days=1))
    hers = replace(first, absence_id="abs_eve", user_id="usr_eve", absent_from=NOW + timedelta(days=1))
    with units() as uow:
        for one in (first, second, hers):
            uow.series.put_absence(one)
        assert uow.series.absences_of("usr_ada") == (second, first)
        assert uow.series.absences_in("ser_one") == (second, hers, first)
        moved = replace(first, absent_from=NOW - timedelta(days=1))
        uow.series.put_absence(moved)
        assert uow.series.absences_of("usr_ada") == (moved, second)
        assert not uow.series.delete_absence("usr_eve", "abs_one")
        assert uow.series.delete_absence("usr_ada", "abs_one")
        assert uow.series.absences_in("ser_none") == ()
