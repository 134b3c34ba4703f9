"""What is handed in with a step: what is missing, what does not fit, and where."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from sealwright.domain.submissions import (
    check_submission,
    photos_in,
    reads_submissions,
    tidy,
    without_submissions,
)
from sealwright.domain.work_errors import SubmissionIncomplete
from sealwright.domain.workflow_plans import MAX_PHOTOS, TEXT_MAX, Choice, WorkItem
from sealwright.domain.workflows import ItemResponse, StepStatus, Submission, WorkflowStep
from tests.support.desk import DPW, VERIFIER
from tests.support.work import STREET_REPAIR, open_instance

WORDS: Final = WorkItem("words", "What did you find?", requires_written_response=True)
PICK: Final = WorkItem(
    "pick",
    "How bad is it?",
    requires_dropdown=True,
    dropdown_options=(
        Choice("none", "No damage"),
        Choice("bad", "Bad", requires_written_response=True),
        Choice("worse", "Worse", requires_photo_attachment=True),
    ),
)
TWO_PHOTOS: Final = WorkItem("photos", "Photos", requires_photo=True, photo_required_count=2)
ANY_PHOTOS: Final = replace(TWO_PHOTOS, photo_allow_any_count=True)
TICK: Final = WorkItem("tick", "Cones are up")
OWN: Final = frozenset({"att_1", "att_2", "att_3"})
MISSING, INVALID = "MISSING_FIELD", "INVALID_VALUE"


def _step(*items: WorkItem, allow: bool = True) -> WorkflowStep:
    return WorkflowStep("stp_1", 1, "rol_1", "Assess damage", work_items=items, allow_step_not_possible=allow)


def _given(item_id: str, **parts: Any) -> ItemResponse:
    return ItemResponse(item_id, **parts)


def _faults(step: WorkflowStep, submission: Submission) -> list[tuple[str, str]]:
    try:
        check_submission(step, submission, OWN)
    except SubmissionIncomplete as error:
        return [(fault.pointer, fault.code) for fault in error.faults]
    return []


def _answer_faults(item: WorkItem, **parts: Any) -> list[tuple[str, str]]:
    return _faults(_step(item), Submission((_given(item.item_id, **parts),)))


def test_a_step_that_asks_for_nothing_is_done_without_an_answer() -> None:
    assert check_submission(_step(), Submission(), ()) == Submission()


def test_required_work_items_are_named_when_they_are_missing_or_blank() -> None:
    step = _step(WORDS, replace(PICK, optional=True), TICK)
    assert _faults(step, Submission()) == [("/items", MISSING), ("/items", MISSING)]
    blank = Submission((_given("words", written_response=" \n"), _given("tick")))
    assert _faults(step, blank) == [("/items", MISSING)]


def test_what_is_left_blank_of_optional_items_is_left_out() -> None:
    step = _step(replace(WORDS, optional=True), replace(TWO_PHOTOS, optional=True), TICK)
    given = Submission((_given("words", written_response=""), _given("photos"), _given("tick")))
    assert check_submission(step, given, OWN) == Submission((_given("tick"),))
    assert tidy(step, given) == Submission((_given("tick"),))


def test_an_optional_item_that_is_begun_is_asked_for_whole() -> None:
    both = replace(WORDS, optional=True, requires_photo=True)
    assert _answer_faults(both, written_response="A pothole") == [("/items/0/photo_ids", MISSING)]


@pytest.mark.parametrize(
    ("parts", "faults"),
    [
        ({"dropdown_value": "none"}, []),
        ({"dropdown_value": "gone"}, [("/items/0/dropdown_value", INVALID)]),
        ({"written_response": "Hm"}, [("/items/0/dropdown_value", MISSING), ("/items/0/written_response", INVALID)]),
        ({"dropdown_value": "none", "written_response": "Hm"}, [("/items/0/written_response", INVALID)]),
        ({"dropdown_value": "bad"}, [("/items/0/written_response", MISSING)]),
        ({"dropdown_value": "bad", "written_response": "Deep"}, []),
        (
            {"dropdown_value": "bad", "written_response": "Deep", "photo_ids": ("att_1",)},
            [("/items/0/photo_ids", INVALID)],
        ),
        ({"dropdown_value": "worse"}, [("/items/0/photo_ids", MISSING)]),
        ({"dropdown_value": "worse", "photo_ids": ("att_1", "att_2")}, []),
    ],
)
def test_a_choice_asks_for_words_and_photos_of_its_own(parts: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    assert _answer_faults(PICK, **parts) == faults


@pytest.mark.parametrize(
    ("item", "photos", "faults"),
    [
        (TWO_PHOTOS, ("att_1", "att_2"), []),
        (TWO_PHOTOS, ("att_1", "att_2", "att_3"), []),
        (TWO_PHOTOS, ("att_1",), [("/items/0/photo_ids", INVALID)]),
        (TWO_PHOTOS, ("att_1", "att_1"), [("/items/0/photo_ids", INVALID)]),
        (ANY_PHOTOS, ("att_1",), []),
        (ANY_PHOTOS, ("att_1", "att_9"), [("/items/0/photo_ids/1", INVALID)]),
        (replace(ANY_PHOTOS, photo_required_count=0), ("att_2",), []),
    ],
)
def test_photos_are_counted_and_must_be_ones_own(
    item: WorkItem, photos: tuple[str, ...], faults: list[tuple[str, str]]
) -> None:
    assert _answer_faults(item, photo_ids=photos) == faults


def test_more_photos_than_anybody_takes_are_refused() -> None:
    many = tuple(f"att_{number}" for number in range(MAX_PHOTOS + 1))
    step = _step(ANY_PHOTOS)
    with pytest.raises(SubmissionIncomplete) as refused:
        check_submission(step, Submission((_given("photos", photo_ids=many),)), many)
    assert [fault.pointer for fault in refused.value.faults] == ["/items/0/photo_ids"]
    check_submission(step, Submission((_given("photos", photo_ids=many[1:]),)), many)


def test_answers_that_nobody_asked_for_are_refused_where_they_stand() -> None:
    given = Submission((_given("tick"), _given("other"), _given("tick"), _given("words", written_response="x")))
    assert _faults(_step(TICK, WORDS), given) == [("/items/1/item_id", INVALID), ("/items/2/item_id", INVALID)]
    assert _answer_faults(TICK, dropdown_value="none") == [("/items/0/dropdown_value", INVALID)]
    assert _answer_faults(WORDS, written_response="x", photo_ids=("att_1",)) == [("/items/0/photo_ids", INVALID)]


def test_pointers_name_the_places_of_what_was_sent() -> None:
    step = _step(replace(WORDS, optional=True), PICK)
    given = Submission((_given("words", written_response=" "), _given("pick", dropdown_value="gone")))
    assert _faults(step, given) == [("/items/1/dropdown_value", INVALID)]


def test_words_have_an_end_and_no_zero_bytes() -> None:
    assert _answer_faults(WORDS, written_response="x" * TEXT_MAX) == []
    assert _answer_faults(WORDS, written_response="x" * (TEXT_MAX + 1)) == [("/items/0/written_response", INVALID)]
    assert _answer_faults(WORDS, written_response="a\0b") == [("/items/0/written_response", "INVALID_CHARACTER")]


def test_a_step_is_not_possible_only_with_a_reason_and_without_answers() -> None:
    step = _step(WORDS)
    kept = check_submission(step, Submission((), True, "The road is closed"), ())
    assert kept == Submission((), True, "The road is closed")
    assert _faults(step, Submission((), True, "  ")) == [("/step_not_possible_details", MISSING)]
    answered = Submission((_given("words", written_response="x"),), True, "closed")
    assert _faults(step, answered) == [("/items", INVALID)]
    assert _faults(step, Submission((_given("words"),), True, "closed")) == []


def test_a_step_that_must_be_possible_takes_no_excuse() -> None:
    step = _step(allow=False)
    assert _faults(step, Submission((), True, "closed")) == [("/step_not_possible", INVALID)]
    assert _faults(step, Submission((), False, "closed")) == [("/step_not_possible_details", INVALID)]


def test_a_photo_that_answers_twice_is_named_once() -> None:
    given = (_given("a", photo_ids=("att_1", "att_2")), _given("b", photo_ids=("att_1",)))
    assert photos_in(Submission(given)) == ("att_1", "att_2")


def test_what_was_handed_in_is_read_by_those_who_work_on_it_and_the_proposer() -> None:
    workflow = open_instance(STREET_REPAIR)
    first, second, third = workflow.steps
    handed_in = Submission((_given("x"),))
    done = replace(first, assigned_to="usr_a", status=StepStatus.COMPLETED, submission=handed_in)
    workflow = replace(workflow, steps=(done, second, replace(third, assigned_to="usr_v")))
    assert reads_submissions(workflow, workflow.proposer_id, ())
    # Who has yet to finish a step reads on whatever became of their grants; who has done theirs, while they hold them.
    assert reads_submissions(workflow, "usr_v", ())
    assert [reads_submissions(workflow, "usr_a", held) for held in ((), (VERIFIER,), (DPW,))] == [False, False, True]
    assert not reads_submissions(workflow, "usr_b", (DPW, VERIFIER))
    assert without_submissions(workflow).steps == (replace(done, submission=None), *workflow.steps[1:])
