"""Wishes for reports on both databases: kept, due, claimed by one worker, and the step that made their table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory

from sealwright.domain.reports import ReportEvery, ReportWish
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.storage import migrations
from sealwright.storage.engines import Database
from tests.storage.builders import NOW
from tests.storage.racing import together

WEEK = timedelta(days=7)
WEEKLY = ReportWish("usr_ada", ReportEvery.WEEK, ("a", "b"), NOW)


@pytest.fixture
def kept(units: UnitOfWorkFactory) -> UnitOfWorkFactory:
    with units() as uow:
        uow.report_wishes.put(WEEKLY)
        uow.report_wishes.put(ReportWish("usr_bob", ReportEvery.MONTH, None, NOW))
        uow.report_wishes.put(ReportWish("usr_cy"))
        uow.commit()
    return units


def test_a_wish_is_kept_and_replaced(kept: UnitOfWorkFactory) -> None:
    changed = ReportWish("usr_ada", ReportEvery.NEVER, None, NOW + WEEK)
    with kept() as uow:
        assert uow.report_wishes.of_person("usr_ada") == WEEKLY
        assert uow.report_wishes.of_person("usr_nobody") is None
        uow.report_wishes.put(changed)
        assert uow.report_wishes.of_person("usr_ada") == changed


def test_wishes_are_due_by_rhythm_and_in_pages(kept: UnitOfWorkFactory) -> None:
    later = NOW + WEEK
    with kept(write=False) as uow:
        due = uow.report_wishes.due
        both = {ReportEvery.WEEK: later, ReportEvery.MONTH: later}
        assert [one.user_id for one in due(both, after="", limit=9)] == ["usr_ada", "usr_bob"]
        assert [one.user_id for one in due(both, after="", limit=1)] == ["usr_ada"]
        assert [one.user_id for one in due(both, after="usr_ada", limit=1)] == ["usr_bob"]
        assert due({ReportEvery.WEEK: NOW, ReportEvery.MONTH: NOW}, after="", limit=9) == ()


def test_a_period_is_claimed_once(kept: UnitOfWorkFactory) -> None:
    def claim() -> bool:
        with kept() as uow:
            won = uow.report_wishes.claim(WEEKLY, NOW + WEEK)
            uow.commit()
        return won

    assert sorted(together([claim] * 4)) == [False, False, False, True]
    with kept() as uow:
        other = replace(WEEKLY, every=ReportEvery.MONTH)
        assert uow.report_wishes.claim(other, NOW + 2 * WEEK) is False
        assert uow.report_wishes.claim(WEEKLY, NOW + 2 * WEEK) is True


def test_a_claim_that_is_rolled_back_is_open_again(kept: UnitOfWorkFactory) -> None:
    with kept() as uow:
        assert uow.report_wishes.claim(WEEKLY, NOW + WEEK)
    with kept() as uow:
        assert uow.report_wishes.claim(WEEKLY, NOW + WEEK)


def test_who_asks_again_too_soon_is_told_so(kept: UnitOfWorkFactory) -> None:
    pause = timedelta(minutes=5)

    def ask(user_id: str, minutes: int) -> bool:
        now = NOW + timedelta(minutes=minutes)
        with kept() as uow:
            taken = uow.report_wishes.ask(user_id, now, now - pause)
            uow.commit()
        return taken

    assert sorted(together([partial(ask, "usr_new", 0)] * 3)) == [False, False, True]
    assert [ask("usr_ada", at) for at in (0, 4, 5, 6, 11)] == [True, False, True, False, True]
    with kept(write=False) as uow:
        assert uow.report_wishes.of_person("usr_ada") == replace(WEEKLY, asked_at=NOW + timedelta(minutes=11))
        assert uow.report_wishes.of_person("usr_new") == ReportWish("usr_new", asked_at=NOW)


def test_the_step_can_be_taken_back(database: Database) -> None:
    step = ScriptDirectory.from_config(migrations._config()).get_revision("0003").module
    with database.writers.begin() as connection:
        with Operations.context(MigrationContext.configure(connection)):
            step.downgrade()
            assert "report_wishes" not in sa.inspect(connection).get_table_names()
            step.upgrade()
        assert "report_wishes" in sa.inspect(connection).get_table_names()
