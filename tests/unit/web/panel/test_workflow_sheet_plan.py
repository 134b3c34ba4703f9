"""A sheet is judged at its fields, becomes the plan that it means, and a plan comes back as its sheet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sealwright.domain.recurrence import Recurrence, Schedule
from sealwright.domain.series import Series
from sealwright.domain.workflow_plans import Choice, PlannedRole, PlannedStep, WorkflowPlan, WorkItem
from sealwright.web.panel.workflow_sheet import ItemLine, RoleLine, Sheet, StepLine
from sealwright.web.panel.workflow_sheet_plan import (
    field_of,
    form_of_sheet,
    judge_sheet,
    plan_of,
    sheet_of,
    shown_sheet,
    start_of,
    until_of,
    wish_of,
)
from sealwright.web.panel.workflow_sheets import edit_of, plan_of_workflow

TYPES = ("dpw_certified", "sfluv_verifier")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLAN = WorkflowPlan(
    title="Street Repair Project",
    description="Main Street",
    roles=(PlannedRole("assessor", "Damage assessor", ("dpw_certified",)), PlannedRole("anybody", "Helper")),
    steps=(
        PlannedStep(
            "Assess damage",
            "assessor",
            bounty=5000,
            allow_step_not_possible=True,
            work_items=(
                WorkItem(
                    "verdict",
                    "How bad is it?",
                    requires_dropdown=True,
                    dropdown_options=(Choice("bad", "Bad", True, True), Choice("Fine", "Fine")),
                ),
                WorkItem("photos", "Photos", optional=True, requires_photo=True, photo_required_count=3),
            ),
        ),
        PlannedStep("Clean up", "anybody", description="Take everything away."),
    ),
)
SHEET = sheet_of(PLAN, Schedule(Recurrence.ONE_TIME, NOW))


def faults(sheet: Sheet, *, is_draft: bool = False) -> set[str]:
    """The fields with faults."""
    data = shown_sheet(sheet, form_of_sheet(sheet, TYPES), {})
    judge_sheet(data, sheet, is_draft=is_draft)
    return {fault.name for fault in data.errors}


def with_step(**changes: object) -> Sheet:
    """The sheet with its first step changed."""
    return replace(SHEET, steps=(replace(SHEET.steps[0], **changes), SHEET.steps[1]))  # type: ignore[arg-type]


def with_item(**changes: object) -> Sheet:
    """The sheet with its first work item changed."""
    items = SHEET.steps[0].items
    return with_step(items=(replace(items[0], **changes), items[1]))  # type: ignore[arg-type]


def test_plan_comes_back_whole() -> None:
    assert faults(SHEET) == set()
    assert plan_of(SHEET) == PLAN


@pytest.mark.parametrize(
    ("sheet", "where"),
    [
        (replace(SHEET, title=""), {"title"}),
        (replace(SHEET, recurrence="hourly"), {"recurrence"}),
        (replace(SHEET, time_zone="Mars/Base"), {"time_zone"}),
        (replace(SHEET, start_day="2026-02-30"), {"start_day"}),
        (replace(SHEET, start_time="25:00", start_day="2026-04-01"), {"start_time"}),
        (replace(SHEET, start_time="09:00"), {"start_day"}),
        (replace(SHEET, recurrence="daily", start_day="2026-04-02", until_day="2026-04-01"), {"until_day"}),
        (replace(SHEET, roles=()), {"", "step-1-role", "step-2-role"}),
        (replace(SHEET, steps=()), {""}),
        (replace(SHEET, roles=(*SHEET.roles, RoleLine("idle", "Idle"))), {"role-3-title"}),
        (replace(SHEET, roles=(replace(SHEET.roles[0], title=""), SHEET.roles[1])), {"role-1-title"}),
        (with_step(role="nobody"), {"step-1-role", "role-1-title"}),
        (with_step(bounty="-1"), {"step-1-bounty"}),
        (with_step(bounty="1.5"), {"step-1-bounty"}),
        (with_step(bounty=str(2**53)), {"step-1-bounty"}),
        (with_step(title="x" * 201), {"step-1-title"}),
        (with_step(title="turned \u202e over"), {"step-1-title"}),
        (with_item(choice=False), {"step-1-item-1-title"}),
        (with_item(options=""), {"step-1-item-1-options", "step-1-item-1-words_for", "step-1-item-1-photo_for"}),
        (with_item(options="Bad\nBad"), {"step-1-item-1-options"}),
        (with_item(words_for="Worse"), {"step-1-item-1-words_for"}),
        (with_item(photo=True, photos="0"), {"step-1-item-1-photos"}),
    ],
    ids=[
        "no title", "rhythm", "zone", "day", "clock", "time without day", "ends early", "no role", "no step",
        "idle role", "nameless role", "stray step", "negative", "broken bounty", "huge bounty", "long title",
        "turned title", "asks nothing", "no answers", "answer twice", "strange answer", "no photo",
    ],
)  # fmt: skip
def test_faults_stand_at_their_fields(sheet: Sheet, where: set[str]) -> None:
    assert faults(sheet) == where


def test_a_draft_may_be_unfinished_but_not_unkeepable() -> None:
    unfinished = Sheet(steps=(StepLine(items=(ItemLine(),)),), roles=(RoleLine("role1"),))
    assert faults(unfinished, is_draft=True) == set()
    assert faults(with_step(title="x" * 201), is_draft=True) == {"step-1-title"}


def test_times_are_meant_in_the_zone() -> None:
    sheet = replace(
        SHEET, recurrence="weekly", time_zone="America/Los_Angeles", start_day="2026-07-01", start_time="09:00",
        until_day="2026-12-31",
    )  # fmt: skip
    assert start_of(sheet) == datetime(2026, 7, 1, 16, tzinfo=UTC)
    assert until_of(sheet) == datetime(2027, 1, 1, 7, 59, 59, tzinfo=UTC)
    assert until_of(replace(sheet, recurrence="one_time")) is None
    wish = wish_of(sheet)
    assert (wish.recurrence, wish.time_zone) == (Recurrence.WEEKLY, "America/Los_Angeles")


@pytest.mark.parametrize(
    ("pointer", "name"),
    [
        ("/title", "title"),
        ("/recurrence_end_at", "until_day"),
        ("/roles/1/required_credentials/0", "role-2-needs"),
        ("/roles/0/client_id", "role-1-title"),
        ("/steps/2/role_client_id", "step-3-role"),
        ("/steps/0/work_items/4/dropdown_options", "step-1-item-5-title"),
        ("/steps/0/bounty", "step-1-bounty"),
        ("/steps", ""),
        ("/somewhere/else", ""),
    ],
)
def test_pointers_of_the_service_lead_to_fields(pointer: str, name: str) -> None:
    assert field_of(pointer) == name


def test_an_edit_leaves_out_what_stays() -> None:
    schedule = Schedule(Recurrence.WEEKLY, NOW, until=datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC))
    series = Series("ser_x", "usr_x", PLAN, schedule, NOW)
    same = edit_of(sheet_of(PLAN, schedule), series)
    assert (same.plan, same.recurrence, same.start_at, same.recurrence_end_at) == (PLAN, None, None, None)
    other = edit_of(replace(sheet_of(PLAN, schedule), recurrence="daily", until_day="2026-11-30"), series)
    assert other.recurrence is Recurrence.DAILY
    assert other.recurrence_end_at == datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)


def test_an_instance_gives_its_plan_back() -> None:
    from sealwright.domain.series import instance_of

    series = Series("ser_x", "usr_x", PLAN, Schedule(Recurrence.ONE_TIME, NOW), NOW)
    assert plan_of_workflow(instance_of(series, 0, NOW, NOW)) == PLAN
