"""Workflows for admins: all of them, approving without the voters, and giving one up."""

from __future__ import annotations

from typing import Final

from sealwright.domain.votes import ProposalKind, ProposalStatus
from sealwright.domain.workflows import WorkflowStatus
from sealwright.services.workflow_ports import WorkflowFilter
from sealwright.web.api import workflow_rendering
from sealwright.web.api.caching import version_tag
from sealwright.web.api.desk_routes import Family
from sealwright.web.api.proposers import PROPOSAL_STATUS
from sealwright.web.api.shapes import workflow_answers, workflow_examples
from sealwright.web.api.shapes.workflow_acts import GIVE_REASON
from sealwright.web.api.workflow_replies import proposals_reply, status_asked, workflows_reply
from sealwright.web.call import Call
from sealwright.web.page_lists import numbered, numbered_answer, page_asked
from sealwright.web.query import Parameter
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Handler, Route

PATH: Final = "/admin/workflows"


def list_all(call: Call) -> Reply:
    """GET /admin/workflows."""
    wanted = WorkflowFilter(
        status=status_asked(call, WorkflowStatus),
        proposer_id=call.query.get("proposer_id"),
        series_id=call.query.get("series_id"),
        search=call.query.get("search"),
    )
    page, count = page_asked(call)
    return workflows_reply(call, call.office.workflow_admin.list(call.caller, wanted, page, count))


def get_one(call: Call) -> Reply:
    """GET /admin/workflows/{id}."""
    view = call.office.workflow_admin.one(call.caller, call.params["id"])
    tag = version_tag(view.workflow.version)
    return json_reply(workflow_rendering.workflow_detail(view, call.office.clock.now()), headers=(tag,))


def list_proposals(call: Call) -> Reply:
    """GET /admin/workflow-proposals."""
    wanted, (page, count) = status_asked(call, ProposalStatus), page_asked(call)
    return proposals_reply(call, call.office.workflow_admin.proposals(call.caller, wanted, page, count))


def force(call: Call) -> Reply:
    """POST /admin/workflows/{id}/force-approve."""
    return call.perform(
        lambda uow, caller: call.office.voting.force(uow, caller, call.params["id"], call.body["reason"]),
        lambda view: json_reply(workflow_rendering.workflow(view, call.office.clock.now())),
    )


def fail(call: Call) -> Reply:
    """POST /admin/workflows/{id}/fail."""
    return call.perform(
        lambda uow, caller: call.office.workflow_admin.fail(uow, caller, call.params["id"], call.body["reason"]),
        lambda view: json_reply(workflow_rendering.workflow(view, call.office.clock.now())),
    )


def forcing(kind: ProposalKind) -> Handler:
    """The handler of POST /admin/workflow-edit-proposals/{id}/force-approve, and of its like for deletions."""

    def handler(call: Call) -> Reply:
        return call.perform(
            lambda uow, caller: call.office.voting.force_proposal(
                uow, caller, call.params["id"], call.body["reason"], kind=kind
            ),
            lambda view: json_reply(workflow_rendering.proposal(view)),
        )

    return handler


_FOR_ADMINS: Final = Family("Workflow admin", Audience.ADMIN, "A")
_ID: Final = {"type": "string", "minLength": 1, "maxLength": 255}
_FILTERS: Final = (
    Parameter(
        "status",
        {"type": "string", "enum": ["all", *(one.value for one in WorkflowStatus)], "default": "all"},
        "Workflows in this state; deleted ones only by name; case does not matter.",
        folds_case=True,
    ),
    Parameter("proposer_id", _ID, "Workflows of this proposer."),
    Parameter("series_id", _ID, "Instances of this series."),
    Parameter("search", {"type": "string", "maxLength": 200}, "Part of the title, or an id; case does not matter."),
)


def _force_route(what: str, kind: ProposalKind, example: object) -> Route:
    return _FOR_ADMINS.posts(
        f"/admin/workflow-{kind.value}-proposals/{{id}}/force-approve",
        f"Approve the proposal to {what} without the voters",
        forcing(kind),
        (Answered(200, "The proposal.", workflow_answers.PROPOSAL, example),),
        body=GIVE_REASON,
        codes=("NOT_FOUND", "PROPOSAL_CLOSED"),
    )


ROUTES: Final[tuple[Route, ...]] = (
    _FOR_ADMINS.gets(
        PATH,
        "List all workflows",
        list_all,
        numbered_answer(workflow_answers.WORKFLOW, workflow_examples.WORKFLOW, "One page, newest first."),
        query=numbered(*_FILTERS),
    ),
    _FOR_ADMINS.gets(
        f"{PATH}/{{id}}",
        "Read a workflow with its claims and payouts",
        get_one,
        Answered(200, "The workflow.", workflow_answers.WORKFLOW_DETAIL, workflow_examples.DETAIL, headers=("ETag",)),
        codes=("WORKFLOW_NOT_FOUND",),
    ),
    _FOR_ADMINS.posts(
        f"{PATH}/{{id}}/force-approve",
        "Approve a workflow without the voters",
        force,
        (Answered(200, "The workflow.", workflow_answers.WORKFLOW, workflow_examples.FORCED),),
        body=GIVE_REASON,
        codes=("WORKFLOW_NOT_FOUND", "PROPOSAL_CLOSED"),
    ),
    _FOR_ADMINS.posts(
        f"{PATH}/{{id}}/fail",
        "Give an open workflow up",
        fail,
        (Answered(200, "The workflow.", workflow_answers.WORKFLOW, workflow_examples.FAILED),),
        body=GIVE_REASON,
        codes=("WORKFLOW_NOT_FOUND", "STATE_CONFLICT"),
    ),
    _FOR_ADMINS.gets(
        "/admin/workflow-proposals",
        "List all proposals to change or delete workflows",
        list_proposals,
        numbered_answer(
            workflow_answers.PROPOSAL,
            workflow_examples.EDIT,
            "One page: pending ones oldest first, all else newest first.",
        ),
        query=numbered(PROPOSAL_STATUS),
    ),
    _force_route("change a series", ProposalKind.EDIT, workflow_examples.FORCED_EDIT),
    _force_route("delete", ProposalKind.DELETION, workflow_examples.FORCED_DELETION),
)
