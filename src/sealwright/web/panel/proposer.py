"""The proposer's page (S13): own workflows with their votes and next instances, drafts, changes and deletions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sealwright.domain.workflows import WorkflowStatus
from sealwright.services.proposing import TAKEN_BACK
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.paging import Paging, wanted_page
from sealwright.web.panel.proposer_editor import HOME, NEW
from sealwright.web.panel.votes_view import Votes, votes_of
from sealwright.web.panel.workflows import DESK, STATUS_WORDS, change_row, state_named
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.domain.workflows import Workflow
    from sealwright.services.workflow_values import WorkflowView
    from sealwright.web.panel.page_call import PageCall

ALL: Final = "all"
# So many changes and deletions stand below the list; all of them are on the voters' desk.
CHANGES_SHOWN: Final = 10
LIST: Final = Form(Field("status", max_length=20), Field("page", Kind.NUMBER), Field("count", Kind.NUMBER))


@dataclass(frozen=True, slots=True)
class OwnRow:
    """One of the proposer's workflows.

    Args:
        steps_done: Of how many, such as "1 of 2".
    """

    workflow: Workflow
    badge: str
    votes: Votes | None
    steps_done: int
    may_take_back: bool


def show(page: PageCall) -> Reply:
    """GET /proposer."""
    status = page.query.text("status", ALL)
    number, count = wanted_page(page)
    proposing, caller = page.office.proposing, page.caller
    found = proposing.own(caller, state_named(WorkflowStatus, status), number, count)
    states = [one.value for one in WorkflowStatus if one is not WorkflowStatus.DELETED]
    return page.render(
        "proposer/home.html",
        partial="results",
        rows=[_row(page, view) for view in found.items],
        paging=Paging.of(page, found),
        said=page.ngettext("%(num)s workflow", "%(num)s workflows", found.total),
        wanted=status if status in states else ALL,
        states=[(ALL, page._("All")), *((value, page._(STATUS_WORDS[value])) for value in states)],
        drafts=proposing.drafts(caller),
        changes=[change_row(page, view) for view in proposing.own_proposals(caller, None, 1, CHANGES_SHOWN).items],
        new=NEW,
    )


def _row(page: PageCall, view: WorkflowView) -> OwnRow:
    workflow = view.workflow
    return OwnRow(
        workflow=workflow,
        badge=f"workflow_{workflow.status.value}",
        votes=votes_of(page, view.votes, view.names) if view.votes is not None else None,
        steps_done=sum(step.is_done for step in workflow.steps),
        may_take_back=workflow.status in TAKEN_BACK,
    )


def go_to_one(page: PageCall) -> Reply:
    """GET /proposer/workflows/{workflow_id}: there is one page of a workflow."""
    return page.redirect(f"{DESK}/{page.params['workflow_id']}")


PAGES: Final = (
    PageRoute("GET", HOME, PageAudience.PROPOSER, show, query=LIST),
    PageRoute("GET", f"{HOME}/workflows/{{workflow_id}}", PageAudience.PROPOSER, go_to_one),
)
