"""Workflows as improvers meet them: the feed, one workflow, claiming and releasing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sealwright.domain.people import Caller
from sealwright.domain.workflows import Workflow, WorkflowStep
from sealwright.services.feed import FeedScope
from sealwright.services.ports import UnitOfWork
from sealwright.web.api import workflow_rendering
from sealwright.web.api.caching import version_tag
from sealwright.web.api.desk_routes import Family
from sealwright.web.api.shapes import workflow_answers, workflow_examples
from sealwright.web.api.shapes.registry import NOTHING
from sealwright.web.api.shapes.workflow_acts import CLAIM
from sealwright.web.call import Call
from sealwright.web.page_lists import COUNT, PAGE, numbered, numbered_answer, page_asked, page_reply
from sealwright.web.query import Parameter, QueryShape
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Route

PATH: Final = "/improvers/workflows"
STEP_PATH: Final = f"{PATH}/{{workflow_id}}/steps/{{step_id}}"


def feed(call: Call) -> Reply:
    """GET /improvers/workflows, and its other address."""
    page, count = page_asked(call)
    found = call.office.feed.page(call.caller, FeedScope(call.query.get("scope", "all")), page, count)
    return json_reply(workflow_rendering.feed(found, call.office.clock.now()))


def show(call: Call) -> Reply:
    """GET /improvers/workflows/{workflow_id}."""
    view = call.office.feed.one(call.caller, call.params["workflow_id"])
    tag = version_tag(view.workflow.version)
    return json_reply(workflow_rendering.workflow(view, call.office.clock.now()), headers=(tag,))


def done(call: Call) -> Reply:
    """GET /improvers/workflows/done."""
    page, count = page_asked(call)
    now = call.office.clock.now()
    found = call.office.feed.done(call.caller, page, count)
    return page_reply(call, found, lambda view: workflow_rendering.workflow(view, now))


def claim(call: Call) -> Reply:
    """POST /improvers/workflows/{workflow_id}/steps/{step_id}/claim."""
    body, params = call.body, call.params
    return call.perform(
        lambda uow, caller: call.office.claiming.claim(
            uow,
            caller,
            params["workflow_id"],
            params["step_id"],
            override=body.get("override", False),
            reason=body.get("reason"),
        ),
        lambda made: json_reply(workflow_rendering.claimed(made, call.office.clock.now())),
    )


def release(call: Call) -> Reply:
    """POST /improvers/workflows/{workflow_id}/steps/{step_id}/release."""
    return on_step(call, call.office.claiming.release)


def on_step(call: Call, act: Callable[[UnitOfWork, Caller, str, str], WorkflowStep]) -> Reply:
    """Carry out an act on a step, and answer with the step as it stands then."""
    workflow_id, step_id = call.params["workflow_id"], call.params["step_id"]

    def acted(uow: UnitOfWork, caller: Caller) -> tuple[Workflow | None, WorkflowStep]:
        step = act(uow, caller, workflow_id, step_id)
        return uow.workflows.get(workflow_id), step

    def shown(after: tuple[Workflow | None, WorkflowStep]) -> Reply:
        workflow, step = after
        assert workflow is not None
        return json_reply(workflow_rendering.step(workflow, step, call.office.clock.now()))

    return call.perform(acted, shown)


FOR_IMPROVERS: Final = Family("Workflows", Audience.IMPROVER, "M")
_SCOPE: Final = Parameter(
    "scope",
    {"type": "string", "enum": [one.value for one in FeedScope], "default": "all"},
    "Workflows with a step that the caller holds, may claim, or either; case does not matter.",
    folds_case=True,
)
_FEED: Final = Answered(200, "One page, newest first.", workflow_answers.FEED, workflow_examples.FEED)


def _feed_route(path: str) -> Route:
    return FOR_IMPROVERS.gets(
        path,
        "List the workflows that one works in or may claim",
        feed,
        _FEED,
        query=QueryShape((_SCOPE, PAGE, COUNT)),
    )


ROUTES: Final[tuple[Route, ...]] = (
    _feed_route(PATH),
    _feed_route("/improvers/feed"),
    FOR_IMPROVERS.gets(
        f"{PATH}/done",
        "List the workflows in which one completed a step",
        done,
        numbered_answer(workflow_answers.WORKFLOW, workflow_examples.DONE, "One page, the latest completion first."),
        query=numbered(),
    ),
    FOR_IMPROVERS.gets(
        f"{PATH}/{{workflow_id}}",
        "Read a workflow that one works in or may claim",
        show,
        Answered(200, "The workflow.", workflow_answers.WORKFLOW, workflow_examples.WORKFLOW, headers=("ETag",)),
        codes=("WORKFLOW_NOT_FOUND",),
    ),
    FOR_IMPROVERS.posts(
        f"{STEP_PATH}/claim",
        "Claim a step, and with it every step of its role",
        claim,
        (Answered(200, "What was taken.", workflow_answers.CLAIMED, workflow_examples.CLAIMED),),
        body=CLAIM,
        codes=(
            "WORKFLOW_NOT_FOUND",
            "MISSING_CREDENTIALS",
            "STEP_ALREADY_CLAIMED",
            "ROLE_ALREADY_HELD",
            "STEP_NOT_AVAILABLE",
            "ABSENT",
        ),
    ),
    FOR_IMPROVERS.posts(
        f"{STEP_PATH}/release",
        "Give back the unfinished steps of a step's role",
        release,
        (Answered(200, "The step, free again.", workflow_answers.STEP, workflow_examples.RELEASED),),
        body=NOTHING,
        codes=("WORKFLOW_NOT_FOUND", "NOT_STEP_HOLDER", "STEP_NOT_AVAILABLE"),
    ),
)
