"""Voting on workflows, and on proposals to change or delete them."""

from __future__ import annotations

from typing import Final

from sealwright.domain.votes import ProposalKind, ProposalStatus, VoteDecision
from sealwright.domain.workflows import WorkflowStatus
from sealwright.web.api import workflow_rendering
from sealwright.web.api.desk_routes import Family
from sealwright.web.api.shapes import workflow_answers, workflow_examples
from sealwright.web.api.shapes.workflow_acts import VOTE
from sealwright.web.api.workflow_replies import proposals_reply, status_asked, workflow_reply, workflows_reply
from sealwright.web.call import Call
from sealwright.web.page_lists import numbered, numbered_answer, page_asked
from sealwright.web.query import Parameter
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Handler, Route


def list_workflows(call: Call) -> Reply:
    """GET /voters/workflows."""
    wanted, (page, count) = status_asked(call, WorkflowStatus, "pending"), page_asked(call)
    return workflows_reply(call, call.office.voting.list(call.caller, wanted, page, count))


def get_workflow(call: Call) -> Reply:
    """GET /voters/workflows/{id}."""
    return workflow_reply(call, call.office.voting.one(call.caller, call.params["id"]))


def list_proposals(call: Call) -> Reply:
    """GET /voters/proposals."""
    wanted, (page, count) = status_asked(call, ProposalStatus, "pending"), page_asked(call)
    return proposals_reply(call, call.office.voting.proposals(call.caller, wanted, page, count))


def vote(call: Call) -> Reply:
    """POST /voters/workflows/{id}/votes."""
    decision, comment = VoteDecision(call.body["decision"]), call.body.get("comment")
    return call.perform(
        lambda uow, caller: call.office.voting.vote(uow, caller, call.params["id"], decision, comment),
        lambda view: json_reply(workflow_rendering.workflow(view, call.office.clock.now())),
    )


def voting_on(kind: ProposalKind) -> Handler:
    """The handler of POST /voters/workflow-edit-proposals/{id}/votes, and of its like for deletions."""

    def handler(call: Call) -> Reply:
        decision, comment = VoteDecision(call.body["decision"]), call.body.get("comment")
        return call.perform(
            lambda uow, caller: call.office.voting.vote_on(
                uow, caller, call.params["id"], decision, comment, kind=kind
            ),
            lambda view: json_reply(workflow_rendering.proposal(view)),
        )

    return handler


_FOR_VOTERS: Final = Family("Voting", Audience.VOTER, "V")
_WORKFLOW_STATUS: Final = Parameter(
    "status",
    {
        "type": "string",
        "enum": ["all", *(one.value for one in WorkflowStatus if one is not WorkflowStatus.DELETED)],
        "default": "pending",
    },
    "Workflows in this state; case does not matter.",
    folds_case=True,
)
_PROPOSAL_STATUS: Final = Parameter(
    "status",
    {"type": "string", "enum": ["all", *(one.value for one in ProposalStatus)], "default": "pending"},
    "Proposals in this state; case does not matter.",
    folds_case=True,
)


def _vote_route(what: str, kind: ProposalKind, example: object) -> Route:
    return _FOR_VOTERS.posts(
        f"/voters/workflow-{kind.value}-proposals/{{id}}/votes",
        f"Vote on the proposal to {what}",
        voting_on(kind),
        (Answered(200, "The proposal with its votes.", workflow_answers.PROPOSAL, example),),
        body=VOTE,
        codes=("NOT_FOUND", "SELF_VOTE", "PROPOSAL_CLOSED"),
    )


ROUTES: Final[tuple[Route, ...]] = (
    _FOR_VOTERS.gets(
        "/voters/workflows",
        "List the workflows that are voted on",
        list_workflows,
        numbered_answer(workflow_answers.WORKFLOW, workflow_examples.VOTED, "One page, newest first."),
        query=numbered(_WORKFLOW_STATUS),
    ),
    _FOR_VOTERS.gets(
        "/voters/workflows/{id}",
        "Read a workflow that is or was voted on",
        get_workflow,
        Answered(200, "The workflow.", workflow_answers.WORKFLOW, workflow_examples.VOTED, headers=("ETag",)),
        codes=("WORKFLOW_NOT_FOUND",),
    ),
    _FOR_VOTERS.gets(
        "/voters/proposals",
        "List the proposals to change or delete workflows",
        list_proposals,
        numbered_answer(
            workflow_answers.PROPOSAL,
            workflow_examples.VOTED_DELETION,
            "One page: pending ones oldest first, all else newest first.",
        ),
        query=numbered(_PROPOSAL_STATUS),
    ),
    _FOR_VOTERS.posts(
        "/voters/workflows/{id}/votes",
        "Vote on a workflow",
        vote,
        (Answered(200, "The workflow with its votes.", workflow_answers.WORKFLOW, workflow_examples.VOTED),),
        body=VOTE,
        codes=("WORKFLOW_NOT_FOUND", "SELF_VOTE", "PROPOSAL_CLOSED"),
    ),
    _vote_route("change a series", ProposalKind.EDIT, workflow_examples.VOTED_EDIT),
    _vote_route("delete", ProposalKind.DELETION, workflow_examples.VOTED_DELETION),
)
