"""The voters' desk (S18): workflows that wait for votes, changes and deletions of them, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeVar

from sealwright.domain.votes import ProposalKind, ProposalStatus, TargetType
from sealwright.domain.workflows import WorkflowStatus
from sealwright.locales import N_
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.paging import Paging, wanted_page
from sealwright.web.panel.votes_view import Votes, votes_of
from sealwright.web.panel.workflow_reading import proposals_seen, workflows_seen
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from datetime import datetime

    from sealwright.services.workflow_values import ProposalView, WorkflowView
    from sealwright.web.panel.page_call import PageCall

S = TypeVar("S", bound=StrEnum)

DESK: Final = "/workflows"
CHANGES: Final = "changes"
ALL: Final = "all"
PENDING: Final = "pending"
LIST: Final = Form(
    Field("kind", max_length=20),
    Field("status", max_length=20),
    Field("page", Kind.NUMBER),
    Field("count", Kind.NUMBER),
)
STATUS_WORDS: Final = {
    "pending": N_("Pending"),
    "approved": N_("Approved"),
    "in_progress": N_("In progress"),
    "completed": N_("Completed"),
    "paid_out": N_("Paid out"),
    "rejected": N_("Rejected"),
    "expired": N_("Expired"),
    "skipped": N_("Skipped"),
    "failed": N_("Failed"),
    "deleted": N_("Deleted"),
}
KIND_WORDS: Final = {
    (ProposalKind.EDIT, TargetType.WORKFLOW): N_("Change of the series"),
    (ProposalKind.EDIT, TargetType.SERIES): N_("Change of the series"),
    (ProposalKind.DELETION, TargetType.WORKFLOW): N_("Deletion of this instance"),
    (ProposalKind.DELETION, TargetType.SERIES): N_("Deletion of the whole series"),
}


@dataclass(frozen=True, slots=True)
class BallotRow:
    """A line of the desk.

    Args:
        what: What is proposed, where it is no new workflow.
        badge: Of the workflow's state, or of the proposal's.
    """

    href: str
    title: str
    what: str
    by: str
    at: datetime
    badge: str
    is_yours: bool
    votes: Votes | None


def show(page: PageCall) -> Reply:
    """GET /workflows."""
    kind = CHANGES if page.query.text("kind") == CHANGES else "new"
    status = page.query.text("status", PENDING)
    number, count = wanted_page(page)
    if kind == CHANGES:
        changes = proposals_seen(page, state_named(ProposalStatus, status), number, count)
        rows, paging, total = (
            [change_row(page, view) for view in changes.items],
            Paging.of(page, changes),
            changes.total,
        )
    else:
        found = workflows_seen(page, state_named(WorkflowStatus, status), number, count)
        rows, paging, total = [workflow_row(page, view) for view in found.items], Paging.of(page, found), found.total
    states = [one.value for one in (ProposalStatus if kind == CHANGES else WorkflowStatus) if one.value != "deleted"]
    return page.render(
        "workflows/desk.html",
        partial="results",
        tabs=_tabs(page, kind),
        kind=kind,
        rows=rows,
        paging=paging,
        wanted=status if status in states else ALL,
        states=[(value, page._(STATUS_WORDS[value])) for value in states] + [(ALL, page._("All"))],
        said=page.ngettext("%(num)s entry", "%(num)s entries", total),
    )


def state_named(states: type[S], text: str) -> S | None:
    """A state by its value; None for every other text, which asks for all of them."""
    return next((one for one in states if one.value == text), None)


def _tabs(page: PageCall, kind: str) -> list[tuple[str, str, int, bool]]:
    workflows = workflows_seen(page, WorkflowStatus.PENDING, 1, 1).total
    changes = proposals_seen(page, ProposalStatus.PENDING, 1, 1).total
    return [
        (page._("New workflows"), DESK, workflows, kind != CHANGES),
        (page._("Changes and deletions"), f"{DESK}?kind={CHANGES}", changes, kind == CHANGES),
    ]


def workflow_row(page: PageCall, view: WorkflowView) -> BallotRow:
    """A workflow as a line."""
    workflow = view.workflow
    return BallotRow(
        href=f"{DESK}/{workflow.workflow_id}",
        title=workflow.title,
        what="",
        by=view.names.get(workflow.proposer_id, page._("Somebody")),
        at=workflow.created_at,
        badge=f"workflow_{workflow.status.value}",
        is_yours=workflow.proposer_id == page.person.user_id,
        votes=votes_of(page, view.votes, view.names) if view.votes is not None else None,
    )


def change_row(page: PageCall, view: ProposalView) -> BallotRow:
    """A change or deletion as a line."""
    proposal = view.votes.proposal
    return BallotRow(
        href=f"{DESK}/proposals/{proposal.proposal_id}",
        title=view.workflow.title,
        what=page._(KIND_WORDS[proposal.kind, proposal.target_type]),
        by=view.names.get(proposal.author_id, page._("Somebody")),
        at=proposal.created_at,
        badge=f"workflow_{proposal.status.value}",
        is_yours=proposal.author_id == page.person.user_id,
        votes=votes_of(page, view.votes, view.names),
    )


PAGES: Final = (PageRoute("GET", DESK, PageAudience.DECIDER, show, query=LIST),)
