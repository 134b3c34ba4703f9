"""Instances made from a series: fresh ids, the plan's roles and steps, the schedule's beginnings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sealwright.domain.recurrence import Recurrence, Schedule
from sealwright.domain.series import Series, instance_of
from sealwright.domain.workflows import StepStatus, WorkflowStatus
from tests.support.desk import DPW, VERIFIER
from tests.support.office import START
from tests.support.work import STREET_REPAIR, series_of


def test_an_instance_is_the_plan_with_ids_of_its_own() -> None:
    series = series_of(STREET_REPAIR)
    one, other = (instance_of(series, number, START, START) for number in (0, 1))
    assert (one.status, one.instance_no, one.version, one.series_id) == (WorkflowStatus.PENDING, 0, 1, "ser_1")
    assert [role.required_credentials for role in one.roles] == [(DPW,), (VERIFIER,)]
    assert [(step.step_order, step.title, step.bounty) for step in one.steps] == [
        (1, "Assess damage", 50),
        (2, "Repair pothole", 200),
        (3, "Verify repair quality", 75),
    ]
    assert [one.role(step.role_id).client_id for step in one.steps] == ["repair_worker", "repair_worker", "verifier"]
    assert {step.status for step in one.steps} == {StepStatus.LOCKED}
    assert all(step.assigned_to is None for step in one.steps)
    ids = [
        name
        for made in (one, other)
        for name in (made.workflow_id, *(r.role_id for r in made.roles), *(s.step_id for s in made.steps))
    ]
    assert len(set(ids)) == len(ids) == 12


@pytest.mark.parametrize(
    ("recurrence", "next_start"),
    [
        (Recurrence.ONE_TIME, None),
        (Recurrence.DAILY, START + timedelta(days=1)),
        (Recurrence.WEEKLY, START + timedelta(days=7)),
        (Recurrence.MONTHLY, datetime(2026, 4, 1, 12, tzinfo=UTC)),
    ],
)
def test_an_instance_knows_when_the_next_interval_begins(recurrence: Recurrence, next_start: datetime | None) -> None:
    made = instance_of(series_of(STREET_REPAIR, recurrence), 0, START, START)
    assert (made.start_at, made.next_start_at, made.recurrence) == (START, next_start, recurrence)


def test_the_last_instance_is_skipped_like_any_other() -> None:
    """The end of a series stops what follows; the interval of the last instance ends when the next would begin."""
    schedule = Schedule(Recurrence.WEEKLY, START, until=START)
    made = instance_of(Series("ser_1", "usr_1", STREET_REPAIR, schedule, START), 0, START, START)
    assert made.next_start_at == START + timedelta(days=7)
    assert schedule.next_instance(made.start_at, START + timedelta(days=8)) is None


def test_an_instance_keeps_the_wall_clock_of_its_zone() -> None:
    before = datetime(2026, 3, 7, 17, tzinfo=UTC)  # nine in the morning in San Francisco, a day before summer time
    schedule = Schedule(Recurrence.WEEKLY, before, time_zone="America/Los_Angeles")
    made = instance_of(Series("ser_1", "usr_1", STREET_REPAIR, schedule, before), 0, before, before)
    assert made.next_start_at == datetime(2026, 3, 14, 16, tzinfo=UTC)
    assert made.time_zone == "America/Los_Angeles"
