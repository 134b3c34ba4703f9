"""Proposers' own workflows: proposing, withdrawing, and proposing changes and deletions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sealwright.domain.people import Caller
from sealwright.domain.recurrence import Recurrence
from sealwright.domain.votes import ProposalStatus, SeriesEdit, TargetType
from sealwright.domain.workflows import WorkflowStatus
from sealwright.services.ports import UnitOfWork
from sealwright.services.workflow_values import NewWorkflow, ProposalView
from sealwright.vc.encoding.timestamps import parse_rfc3339
from sealwright.web.api import workflow_rendering
from sealwright.web.api.caching import version_tag
from sealwright.web.api.desk_routes import Family
from sealwright.web.api.shapes import workflow_answers, workflow_examples
from sealwright.web.api.shapes.workflow_acts import PROPOSE_DELETION
from sealwright.web.api.shapes.workflow_plans import PROPOSE, PROPOSE_EDIT, edited, plan_of
from sealwright.web.api.workflow_replies import proposals_reply, status_asked, workflow_reply, workflows_reply
from sealwright.web.call import Call
from sealwright.web.page_lists import numbered, numbered_answer, page_asked
from sealwright.web.query import Parameter, QueryShape
from sealwright.web.reply import Reply, header_text, json_reply
from sealwright.web.route import Answered, Audience, Route

PATH: Final = "/proposers/workflows"


def propose(call: Call) -> Reply:
    """POST /proposers/workflows."""
    body, now = call.body, call.office.clock.now
    wish = NewWorkflow(
        plan=plan_of(body),
        recurrence=Recurrence(body.get("recurrence", "one_time")),
        start_at=_moment(body, "start_at"),
        recurrence_end_at=_moment(body, "recurrence_end_at"),
        time_zone=body.get("time_zone", "UTC"),
    )
    return call.perform(
        lambda uow, caller: call.office.proposing.propose(uow, caller, wish),
        lambda view: json_reply(
            workflow_rendering.workflow(view, now()),
            201,
            (
                version_tag(view.workflow.version),
                (b"location", header_text(f"{PATH}/{view.workflow.workflow_id}")),
            ),
        ),
    )


def list_own(call: Call) -> Reply:
    """GET /proposers/workflows."""
    wanted, (page, count) = status_asked(call, WorkflowStatus), page_asked(call)
    return workflows_reply(call, call.office.proposing.own(call.caller, wanted, page, count))


def get_own(call: Call) -> Reply:
    """GET /proposers/workflows/{id}."""
    return workflow_reply(call, call.office.proposing.own_one(call.caller, call.params["id"]))


def withdraw(call: Call) -> Reply:
    """DELETE /proposers/workflows/{id}."""
    return call.perform(
        lambda uow, caller: call.office.proposing.withdraw(uow, caller, call.params["id"]),
        lambda _: Reply(204, media_type=None),
    )


def propose_edit(call: Call) -> Reply:
    """POST /proposers/workflows/{id}/edit-proposals."""
    body, desk, workflow_id = call.body, call.office.proposing, call.params["id"]

    def act(uow: UnitOfWork, caller: Caller) -> ProposalView:
        present = desk.own_series_for_update(uow, caller, workflow_id).plan
        edit = SeriesEdit(
            plan=edited(present, body),
            recurrence=Recurrence(body["recurrence"]) if "recurrence" in body else None,
            start_at=_moment(body, "start_at"),
            recurrence_end_at=_moment(body, "recurrence_end_at"),
        )
        return desk.propose_edit(uow, caller, workflow_id, edit, body["reason"])

    return call.perform(act, lambda view: json_reply(workflow_rendering.proposal(view), 201))


def _moment(body: Mapping[str, Any], name: str) -> datetime | None:
    return parse_rfc3339(body[name]) if name in body else None


def propose_deletion(call: Call) -> Reply:
    """POST /proposers/workflow-deletion-proposals, and its other address."""
    body = call.body
    return call.perform(
        lambda uow, caller: call.office.proposing.propose_deletion(
            uow, caller, body["workflow_id"], TargetType(body["target_type"]), body["reason"]
        ),
        lambda view: json_reply(workflow_rendering.proposal(view), 201),
    )


def list_proposals(call: Call) -> Reply:
    """GET /proposers/workflow-proposals."""
    wanted, (page, count) = status_asked(call, ProposalStatus), page_asked(call)
    return proposals_reply(call, call.office.proposing.own_proposals(call.caller, wanted, page, count))


def qualified(call: Call) -> Reply:
    """GET /proposers/workflows/qualified."""
    types = call.query.get("credential_type", ())
    return json_reply({"qualified": call.office.proposing.qualified(call.caller, types)})


_FOR_PROPOSERS: Final = Family("Proposing", Audience.PROPOSER, "Pr")
_FOR_BOTH: Final = Family("Proposing", Audience.PROPOSER_OR_VOTER, "Pr, V")
_STATUS: Final = Parameter(
    "status",
    {
        "type": "string",
        "enum": ["all", *(one.value for one in WorkflowStatus if one is not WorkflowStatus.DELETED)],
        "default": "all",
    },
    "Workflows in this state; case does not matter.",
    folds_case=True,
)
PROPOSAL_STATUS: Final = Parameter(
    "status",
    {"type": "string", "enum": ["all", *(one.value for one in ProposalStatus)], "default": "all"},
    "Proposals in this state; case does not matter.",
    folds_case=True,
)
_TYPES: Final = Parameter(
    "credential_type",
    {"type": "string", "minLength": 1, "maxLength": 200},
    "Value of a credential type; several: all of them.",
    repeatable=True,
)


def _deletion_route(path: str) -> Route:
    return _FOR_BOTH.posts(
        path,
        "Propose to delete a workflow or its series",
        propose_deletion,
        (Answered(201, "Put to the vote.", workflow_answers.PROPOSAL, workflow_examples.DELETION),),
        body=PROPOSE_DELETION,
        codes=("WORKFLOW_NOT_FOUND", "STATE_CONFLICT", "PROPOSAL_PENDING_EXISTS"),
    )


ROUTES: Final[tuple[Route, ...]] = (
    _FOR_PROPOSERS.posts(
        PATH,
        "Propose a workflow",
        propose,
        (
            Answered(
                201,
                "Put to the vote.",
                workflow_answers.WORKFLOW,
                workflow_examples.PROPOSED,
                headers=("Location", "ETag"),
            ),
        ),
        body=PROPOSE,
        codes=("INVALID_DATE", "CONFLICTING_FIELDS", "UNKNOWN_CREDENTIAL_TYPE", "UNKNOWN_ROLE"),
    ),
    _FOR_PROPOSERS.gets(
        PATH,
        "List one's own workflows",
        list_own,
        numbered_answer(workflow_answers.WORKFLOW, workflow_examples.WORKFLOW, "One page, newest first."),
        query=numbered(_STATUS),
    ),
    _FOR_PROPOSERS.gets(
        f"{PATH}/qualified",
        "Count the improvers who hold all of some credential types",
        qualified,
        Answered(200, "How many.", workflow_answers.QUALIFIED, workflow_examples.QUALIFIED),
        query=QueryShape((_TYPES,)),
        codes=("UNKNOWN_CREDENTIAL_TYPE",),
    ),
    _FOR_PROPOSERS.gets(
        f"{PATH}/{{id}}",
        "Read one's own workflow",
        get_own,
        Answered(200, "The workflow.", workflow_answers.WORKFLOW, workflow_examples.WORKFLOW, headers=("ETag",)),
        codes=("WORKFLOW_NOT_FOUND",),
    ),
    _FOR_PROPOSERS.deletes(
        f"{PATH}/{{id}}",
        "Withdraw or clear away one's own workflow",
        withdraw,
        (Answered(204, "Gone."),),
        codes=("WORKFLOW_NOT_FOUND", "STATE_CONFLICT"),
    ),
    _FOR_PROPOSERS.posts(
        f"{PATH}/{{id}}/edit-proposals",
        "Propose to change the later instances of a series",
        propose_edit,
        (Answered(201, "Put to the vote.", workflow_answers.PROPOSAL, workflow_examples.EDIT),),
        body=PROPOSE_EDIT,
        codes=(
            "INVALID_DATE",
            "CONFLICTING_FIELDS",
            "UNKNOWN_CREDENTIAL_TYPE",
            "UNKNOWN_ROLE",
            "WORKFLOW_NOT_FOUND",
            "STATE_CONFLICT",
            "PROPOSAL_PENDING_EXISTS",
        ),
    ),
    _FOR_PROPOSERS.gets(
        "/proposers/workflow-proposals",
        "List one's own proposals to change or delete workflows",
        list_proposals,
        numbered_answer(
            workflow_answers.PROPOSAL,
            workflow_examples.EDIT,
            "One page: pending ones oldest first, all else newest first.",
        ),
        query=numbered(PROPOSAL_STATUS),
    ),
    _deletion_route("/proposers/workflow-deletion-proposals"),
    _deletion_route("/voters/workflow-deletion-proposals"),
)
