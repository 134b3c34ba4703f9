"""The editor's sheet: read strictly, moved row by row, kept as a draft without loss."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealwright.domain.errors import MalformedBody
from sealwright.web.panel.workflow_sheet import (
    ItemLine,
    Moved,
    RoleLine,
    Sheet,
    StepLine,
    blank_sheet,
    move_rows,
    read_sheet,
    sheet_from_json,
    sheet_to_json,
    write_sheet,
)

TWO_STEPS = Sheet(
    title="Street Repair Project",
    roles=(RoleLine("role1", "Assessor", ("dpw_certified",)), RoleLine("role2", "Verifier")),
    steps=(
        StepLine("Assess", role="role1", bounty="5000", items=(ItemLine(title="Photo", photo=True),)),
        StepLine("Verify", role="role2"),
    ),
)
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=20)
_ITEMS = st.builds(
    ItemLine, item_id=_TEXT, title=_TEXT, words=st.booleans(), choice=st.booleans(), options=_TEXT, photos=_TEXT,
    any_count=st.booleans(),
)  # fmt: skip
_STEPS = st.builds(
    StepLine, title=_TEXT, role=_TEXT, bounty=_TEXT, not_possible=st.booleans(),
    items=st.lists(_ITEMS, max_size=3).map(tuple),
)  # fmt: skip
_ROLES = st.builds(RoleLine, key=_TEXT.filter(bool), title=_TEXT, needs=st.sampled_from([(), ("a",), ("a", "b")]))
_SHEETS = st.builds(
    Sheet, title=_TEXT, description=_TEXT, start_day=_TEXT, time_zone=_TEXT.filter(bool),
    roles=st.lists(_ROLES, max_size=3).map(tuple), steps=st.lists(_STEPS, max_size=4).map(tuple),
)  # fmt: skip


def moved(sheet: Sheet, wish: str) -> Moved:
    """A sheet after a button was pressed."""
    done = move_rows(sheet, wish)
    assert done is not None
    return done


@given(_SHEETS)
def test_fields_and_drafts_keep_every_sheet(sheet: Sheet) -> None:
    assert read_sheet(write_sheet(sheet)) == sheet
    assert sheet_from_json(sheet_to_json(sheet)) == sheet


def test_gaps_between_numbers_are_closed() -> None:
    sheet = read_sheet([("step-7-title", "Last"), ("step-2-title", "First"), ("step-2-item-4-title", "Only")])
    assert [step.title for step in sheet.steps] == ["First", "Last"]
    assert [item.title for item in sheet.steps[0].items] == ["Only"]


@pytest.mark.parametrize(
    "name",
    ["step-0-title", "step-01-title", "step-100-title", "step-1-status", "step-1-item-1", "role-1-held_by", "owner"],
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(MalformedBody):
        read_sheet([(name, "x")])


def test_text_that_no_store_keeps_is_refused() -> None:
    with pytest.raises(MalformedBody):
        read_sheet([("role-1-needs", "a\x00b")])


@pytest.mark.parametrize(
    "names",
    [
        [f"role-{number}-title" for number in range(1, 22)],
        [f"step-{number}-title" for number in range(1, 52)],
        [f"step-1-item-{number}-title" for number in range(1, 32)],
        [f"step-{step}-item-{number}-title" for step in range(1, 6) for number in range(1, 22)],
    ],
    ids=["roles", "steps", "items of a step", "items of all steps"],
)
def test_more_rows_than_a_workflow_has_are_refused(names: list[str]) -> None:
    with pytest.raises(MalformedBody):
        read_sheet([(name, "x") for name in names])


@pytest.mark.parametrize("body", ["[]", "{}", '{"fields": [["title"]]}', '{"fields": [["title", 1]]}'])
def test_what_is_no_draft_of_ours_is_refused(body: str) -> None:
    with pytest.raises(MalformedBody):
        sheet_from_json(body)


def test_steps_move_and_the_focus_goes_with_them() -> None:
    down = moved(TWO_STEPS, "down-step-1")
    assert [step.title for step in down.sheet.steps] == ["Verify", "Assess"]
    # It is the last one now, so the button that is left is Up.
    assert down.focus == "up-step-2"
    assert moved(down.sheet, "up-step-2").sheet == TWO_STEPS
    three = moved(TWO_STEPS, "add-step").sheet
    assert moved(three, "down-step-1").focus == "down-step-2"


@pytest.mark.parametrize(
    "wish", ["up-step-1", "down-step-2", "remove-step-3", "up-step-9", "remove-role-5", "add-item-9"]
)
def test_what_cannot_be_moved_stays(wish: str) -> None:
    assert moved(TWO_STEPS, wish).sheet == TWO_STEPS


@pytest.mark.parametrize("wish", ["save", "submit", "add", "add-roles", "remove-step-x", "down-step-1 "])
def test_other_buttons_move_nothing(wish: str) -> None:
    assert move_rows(TWO_STEPS, wish) is None


def test_a_removed_role_leaves_its_steps_without_one() -> None:
    left = moved(TWO_STEPS, "remove-role-1")
    assert [role.key for role in left.sheet.roles] == ["role2"]
    assert [step.role for step in left.sheet.steps] == ["", "role2"]
    assert left.focus == "role-1-title"


def test_a_new_role_never_takes_the_key_of_another() -> None:
    sheet = moved(moved(TWO_STEPS, "remove-role-1").sheet, "add-role").sheet
    keys = [role.key for role in sheet.roles]
    assert len(set(keys)) == len(keys)


def test_rows_are_not_added_beyond_the_limit() -> None:
    sheet = blank_sheet("UTC")
    for _ in range(60):
        sheet = moved(sheet, "add-step").sheet
    assert len(sheet.steps) == 50
    for _ in range(40):
        sheet = moved(sheet, "add-item-1").sheet
    assert len(sheet.steps[0].items) == 30
    assert moved(sheet, "remove-item-1-30").focus == "add-item-1"
