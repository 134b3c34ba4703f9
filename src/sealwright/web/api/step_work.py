"""Doing a step: starting it, handing its work in, and asking for what it earned."""

from __future__ import annotations

from typing import Final

from sealwright.web.api.improver_workflows import FOR_IMPROVERS, STEP_PATH, on_step
from sealwright.web.api.shapes import workflow_answers, workflow_examples
from sealwright.web.api.shapes.registry import NOTHING
from sealwright.web.api.shapes.workflow_acts import COMPLETE, submission_of
from sealwright.web.call import Call
from sealwright.web.reply import Reply
from sealwright.web.route import Answered, Route


def start(call: Call) -> Reply:
    """POST /improvers/workflows/{workflow_id}/steps/{step_id}/start."""
    return on_step(call, call.office.step_work.start)


def complete(call: Call) -> Reply:
    """POST /improvers/workflows/{workflow_id}/steps/{step_id}/complete."""
    desk, submission = call.office.step_work, submission_of(call.body)
    return on_step(
        call, lambda uow, caller, workflow_id, step_id: desk.complete(uow, caller, workflow_id, step_id, submission)
    )


def request_payout(call: Call) -> Reply:
    """POST /improvers/workflows/{workflow_id}/steps/{step_id}/payout-request."""
    return on_step(call, call.office.step_work.request_payout)


_CODES: Final = ("WORKFLOW_NOT_FOUND", "NOT_STEP_HOLDER", "STEP_NOT_AVAILABLE")

ROUTES: Final[tuple[Route, ...]] = (
    FOR_IMPROVERS.posts(
        f"{STEP_PATH}/start",
        "Start a step of one's own",
        start,
        (Answered(200, "The step, in progress.", workflow_answers.STEP, workflow_examples.STARTED),),
        body=NOTHING,
        codes=(*_CODES, "MISSING_CREDENTIALS"),
    ),
    FOR_IMPROVERS.posts(
        f"{STEP_PATH}/complete",
        "Hand in the work of a step of one's own",
        complete,
        (Answered(200, "The step, completed.", workflow_answers.STEP, workflow_examples.COMPLETED),),
        body=COMPLETE,
        codes=(*_CODES, "SUBMISSION_INCOMPLETE"),
    ),
    FOR_IMPROVERS.posts(
        f"{STEP_PATH}/payout-request",
        "Ask for what a completed step has earned",
        request_payout,
        (Answered(200, "The step.", workflow_answers.STEP, workflow_examples.COMPLETED),),
        body=NOTHING,
        codes=_CODES,
    ),
)
