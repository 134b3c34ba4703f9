"""What is handed in with a step, held against what the step asks for; and who may read it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from sealwright.domain.work_errors import SubmissionIncomplete
from sealwright.domain.workflow_plans import MAX_PHOTOS, TEXT_MAX, Choice, WorkItem
from sealwright.domain.workflows import ItemResponse, Submission, Workflow, WorkflowStep
from sealwright.vc.errors import Fault


def tidy(step: WorkflowStep, submission: Submission) -> Submission:
    """Spell a submission the one way in which it is kept: blanks are no words, and what is left blank is left out."""
    items = {item.item_id: item for item in step.work_items}
    responses = [_spelled(given) for given in submission.items]
    return Submission(
        items=tuple(given for given in responses if not _is_left_out(items.get(given.item_id), given)),
        step_not_possible=submission.step_not_possible,
        step_not_possible_details=_words(submission.step_not_possible_details),
    )


def photos_in(submission: Submission) -> tuple[str, ...]:
    """The pictures of a submission, each once."""
    return tuple(dict.fromkeys(photo for given in submission.items for photo in given.photo_ids))


def check_submission(step: WorkflowStep, submission: Submission, own_pictures: Collection[str]) -> Submission:
    """Hold a submission against its step; gives it tidy.

    Args:
        own_pictures: Those of its pictures that are there, and were uploaded by whoever hands in.

    Raises:
        SubmissionIncomplete: Something is missing, or does not fit; with every place.
    """
    check = _not_possible if submission.step_not_possible else _work
    faults = list(check(step, submission, frozenset(own_pictures)))
    if faults:
        raise SubmissionIncomplete("What was handed in is not what the step asks for.", faults=faults)
    return tidy(step, submission)


def reads_submissions(workflow: Workflow, user_id: str, held: Collection[str]) -> bool:
    """Tell whether somebody may read what was handed in: who proposed the instance, and who has a part in it.

    That is who has a step to finish, or has done one and still meets its role's needs.

    Args:
        held: The credential types of which they hold an active grant.
    """
    if workflow.proposer_id == user_id or workflow.held_by(user_id):
        return True
    return has_done(workflow, user_id, held)


def has_done(workflow: Workflow, user_id: str, held: Collection[str]) -> bool:
    """Tell whether somebody has done a step here, the needs of whose role they still meet."""
    types = frozenset(held)
    return any(
        step.is_done
        and step.assigned_to == user_id
        and types.issuperset(workflow.role(step.role_id).required_credentials)
        for step in workflow.steps
    )


def without_submissions(workflow: Workflow) -> Workflow:
    """An instance as everybody else reads it."""
    if all(step.submission is None for step in workflow.steps):
        return workflow
    return replace(workflow, steps=tuple(replace(step, submission=None) for step in workflow.steps))


def _not_possible(step: WorkflowStep, submission: Submission, _own: frozenset[str]) -> Iterator[Fault]:
    details = _words(submission.step_not_possible_details)
    if not step.allow_step_not_possible:
        yield Fault("/step_not_possible", "INVALID_VALUE", "this step does not take it")
    if details is None:
        yield Fault("/step_not_possible_details", "MISSING_FIELD", "say why it is not possible")
    else:
        yield from _text(details, "/step_not_possible_details")
    if tidy(step, submission).items:
        yield Fault("/items", "INVALID_VALUE", "a step that is not possible has no answers")


def _work(step: WorkflowStep, submission: Submission, own: frozenset[str]) -> Iterator[Fault]:
    if _words(submission.step_not_possible_details) is not None:
        yield Fault("/step_not_possible_details", "INVALID_VALUE", "only for a step that is not possible")
    items = {item.item_id: item for item in step.work_items}
    answered: set[str] = set()
    for place, given in enumerate(map(_spelled, submission.items)):
        item, where = items.get(given.item_id), f"/items/{place}"
        if item is None or given.item_id in answered:
            detail = "names no work item of this step" if item is None else "stands twice"
            yield Fault(f"{where}/item_id", "INVALID_VALUE", detail)
        elif not _is_left_out(item, given):
            answered.add(given.item_id)
            yield from _answer(item, given, own, where)
    for item in step.work_items:
        if not item.optional and item.item_id not in answered:
            yield Fault("/items", "MISSING_FIELD", f"the work item {item.item_id} is required")


def _answer(item: WorkItem, given: ItemResponse, own: frozenset[str], where: str) -> Iterator[Fault]:
    choice = item.choice(given.dropdown_value) if item.requires_dropdown and given.dropdown_value else None
    yield from _choice(item, given, choice, f"{where}/dropdown_value")
    yield from _response(item, given, choice, f"{where}/written_response")
    yield from _photos(item, given, choice, f"{where}/photo_ids")
    for place, photo in enumerate(given.photo_ids):
        if photo not in own:
            yield Fault(f"{where}/photo_ids/{place}", "INVALID_VALUE", "is no uploaded picture of yours")


def _choice(item: WorkItem, given: ItemResponse, choice: Choice | None, where: str) -> Iterator[Fault]:
    if not item.requires_dropdown:
        if given.dropdown_value is not None:
            yield Fault(where, "INVALID_VALUE", "nobody asked for a choice")
    elif given.dropdown_value is None:
        yield Fault(where, "MISSING_FIELD", "choose an answer")
    elif choice is None:
        yield Fault(where, "INVALID_VALUE", "is none of the answers that are offered")


def _response(item: WorkItem, given: ItemResponse, choice: Choice | None, where: str) -> Iterator[Fault]:
    asked = item.requires_written_response or (choice is not None and choice.requires_written_response)
    if given.written_response is None:
        if asked:
            yield Fault(where, "MISSING_FIELD", "this needs some words")
    elif not asked:
        yield Fault(where, "INVALID_VALUE", "nobody asked for words")
    else:
        yield from _text(given.written_response, where)


def _photos(item: WorkItem, given: ItemResponse, choice: Choice | None, where: str) -> Iterator[Fault]:
    least = _least_photos(item, choice)
    many = len(given.photo_ids)
    if many < least:
        yield Fault(where, "MISSING_FIELD" if not many else "INVALID_VALUE", f"at least {least} photos are asked for")
    elif many and not least:
        yield Fault(where, "INVALID_VALUE", "nobody asked for photos")
    elif many > max(least, MAX_PHOTOS):
        yield Fault(where, "INVALID_VALUE", f"at most {max(least, MAX_PHOTOS)} photos are taken")
    elif len(set(given.photo_ids)) < many:
        yield Fault(where, "INVALID_VALUE", "a photo stands twice")


def _least_photos(item: WorkItem, choice: Choice | None) -> int:
    """How many photos an answer needs; 0: none may be given."""
    if item.requires_photo:
        return 1 if item.photo_allow_any_count else max(1, item.photo_required_count)
    return 1 if choice is not None and choice.requires_photo_attachment else 0


def _text(text: str, where: str) -> Iterator[Fault]:
    if len(text) > TEXT_MAX:
        yield Fault(where, "INVALID_VALUE", f"must have 1 to {TEXT_MAX} characters")
    if "\0" in text:
        yield Fault(where, "INVALID_CHARACTER", "holds a character that cannot be kept")


def _words(text: str | None) -> str | None:
    return text if text is not None and text.strip() else None


def _spelled(given: ItemResponse) -> ItemResponse:
    return replace(given, written_response=_words(given.written_response), dropdown_value=given.dropdown_value or None)


def _is_left_out(item: WorkItem | None, given: ItemResponse) -> bool:
    """Tell whether an answer says nothing; an item that asks for nothing is answered by being named."""
    asks = item is not None and (item.requires_written_response or item.requires_dropdown or item.requires_photo)
    is_blank = given.written_response is None and given.dropdown_value is None and not given.photo_ids
    return asks and is_blank
