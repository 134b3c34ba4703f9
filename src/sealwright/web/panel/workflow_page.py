"""One workflow for those who propose, decide and govern it (S18): its plan, the votes, who took what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.people import AccountRole
from sealwright.domain.recurrence import Recurrence
from sealwright.domain.votes import ProposalStatus, VoteDecision
from sealwright.domain.workflows import WorkflowStatus
from sealwright.locales import N_
from sealwright.services.pending_changes import changes_under_vote
from sealwright.services.proposing import TAKEN_BACK
from sealwright.services.workflow_ports import WorkflowFilter
from sealwright.web.panel.own_forms import form_of, save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.votes_view import votes_of
from sealwright.web.panel.workflow_reading import is_voter, workflow_seen
from sealwright.web.panel.workflow_view import step_lines
from sealwright.web.panel.workflows import DESK, STATUS_WORDS, BallotRow, change_row
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from datetime import datetime

    from sealwright.domain.workflows import StepClaim, Workflow
    from sealwright.services.workflow_values import WorkflowView
    from sealwright.web.panel.page_call import PageCall

ONE: Final = f"{DESK}/{{workflow_id}}"
VOTE: Final = Form(
    Field("decision", Kind.CHOICE, required=True, choices=tuple(one.value for one in VoteDecision)),
    Field("comment", max_length=2000),
)
# Nothing else of a series' later instances is shown than the newest of them.
INSTANCES: Final = 10
END_WORDS: Final = {
    "unclaimed": N_("given up"),
    "released_by_admin": N_("released by an admin"),
    "grant_lost": N_("credential lost"),
    "absent": N_("absent"),
    "closed": N_("the workflow ended"),
}
WISH_WORDS: Final = {VoteDecision.APPROVE.value: N_("a vote for it"), VoteDecision.DENY.value: N_("a vote against it")}


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """A claim of a workflow role, also one that has ended."""

    role: str
    name: str
    at: datetime
    is_override: bool
    reason: str | None
    by_series: bool
    grants: int
    ended_at: datetime | None
    end: str


def show(page: PageCall, status: int = 200) -> Reply:
    """GET /workflows/{workflow_id}."""
    view = workflow_seen(page, page.params["workflow_id"])
    workflow = view.workflow
    caller = page.caller
    is_own = workflow.proposer_id == page.person.user_id
    votes = votes_of(page, view.votes, view.names) if view.votes is not None else None
    labels = type_labels(page, workflow)
    return page.render(
        "workflows/workflow.html",
        status=status,
        workflow=workflow,
        badge=f"workflow_{workflow.status.value}",
        proposer=view.names.get(workflow.proposer_id, page._("Somebody")),
        is_own=is_own,
        lines=step_lines(workflow, page.now, lambda value: labels.get(value, value), names=view.names),
        votes=votes,
        vote_form=form_of(page, VOTE),
        is_admin=caller.is_admin,
        waits=votes is not None and votes.is_pending and workflow.status is WorkflowStatus.PENDING,
        free={role.role_id for role in workflow.free_roles()},
        claims=[_claim_line(page, view, claim) for claim in view.claims],
        payouts=view.payouts,
        names=view.names,
        steps={step.step_id: step.title for step in workflow.steps},
        instances=_instances(page, workflow),
        may_take_back=is_own and workflow.status in TAKEN_BACK,
        may_change=_may_change(page, view) and is_own,
        may_ask_deletion=_may_ask_deletion(page, workflow, is_own=is_own),
        is_series=workflow.recurrence is not Recurrence.ONE_TIME,
        changes=_changes(page, workflow),
    )


def _changes(page: PageCall, workflow: Workflow) -> list[BallotRow]:
    with page.office.units(write=False) as uow:
        return [change_row(page, view) for view in changes_under_vote(uow, page.caller, workflow)]


def type_labels(page: PageCall, workflow: Workflow) -> dict[str, str]:
    """What the credential types that a workflow asks for are called."""
    needed = {value for role in workflow.roles for value in role.required_credentials}
    return {value: one.label_in(page.texts.language) for value, one in page.office.catalog.named(needed).items()}


def _claim_line(page: PageCall, view: WorkflowView, claim: StepClaim) -> ClaimLine:
    return ClaimLine(
        role=view.workflow.role(claim.role_id).title,
        name=view.names.get(claim.user_id, page._("Somebody")),
        at=claim.claimed_at,
        is_override=claim.override,
        reason=claim.reason,
        by_series=claim.by_series,
        grants=len(claim.satisfied_by),
        ended_at=claim.ended_at,
        end=page._(END_WORDS[claim.end_cause]) if claim.end_cause in END_WORDS else "",
    )


def _instances(page: PageCall, workflow: Workflow) -> list[tuple[Workflow, str]]:
    """The newest instances of a series, for admins."""
    if not page.caller.is_admin or workflow.recurrence is Recurrence.ONE_TIME:
        return []
    wanted = WorkflowFilter(series_id=workflow.series_id)
    found = page.office.workflow_admin.list(page.caller, wanted, 1, INSTANCES)
    return [(one.workflow, f"workflow_{one.workflow.status.value}") for one in found.items]


def _may_change(page: PageCall, view: WorkflowView) -> bool:
    """Tell whether changing the series is worth offering; the desk itself refuses where no instance follows."""
    is_decided = view.votes is None or view.votes.proposal.status is ProposalStatus.APPROVED
    return (
        is_decided
        and view.workflow.recurrence is not Recurrence.ONE_TIME
        and page.caller.has_role(AccountRole.PROPOSER)
    )


def _may_ask_deletion(page: PageCall, workflow: Workflow, *, is_own: bool) -> bool:
    is_over = workflow.status in (WorkflowStatus.PAID_OUT, WorkflowStatus.DELETED)
    return not is_over and (is_voter(page) or page.caller.is_admin or is_own)


def vote(page: PageCall) -> Reply:
    """POST /workflows/{workflow_id}/vote."""
    workflow_id, form = page.params["workflow_id"], page.form

    def act() -> tuple[str, Toast | None]:
        decision = VoteDecision(form.text("decision"))
        done = page.act(
            lambda uow, me: page.office.voting.vote(uow, me, workflow_id, decision, form.optional("comment"))
        )
        return f"{DESK}/{workflow_id}", Toast(_said(page, done.workflow.status.value))

    def again(status: int) -> Reply:
        if status == 409:
            _tell_both(page, workflow_seen(page, workflow_id).workflow.status.value)
        return show(page, status)

    return save(page, again, act)


def _said(page: PageCall, state: str) -> str:
    if state == "pending":
        return page._("Your vote is counted.")
    return page._("Your vote decided it: %(state)s.", state=page._(STATUS_WORDS[state]))


def _tell_both(page: PageCall, state: str) -> None:
    """Say what was wanted and what has become of it meanwhile."""
    wish = page._(WISH_WORDS.get(page.form.text("decision"), N_("a vote")))
    words = {"wish": wish, "state": page._(STATUS_WORDS[state])}
    page.form.fail_in_words("", page._("You sent %(wish)s; meanwhile it is in the state “%(state)s”.", **words))


def vote_on_change(page: PageCall, again: Any) -> Reply:
    """POST of a vote on a change or deletion; `again` shows its page under a status."""
    proposal_id, form = page.params["proposal_id"], page.form

    def act() -> tuple[str, Toast | None]:
        decision = VoteDecision(form.text("decision"))
        done = page.act(
            lambda uow, me: page.office.voting.vote_on(uow, me, proposal_id, decision, form.optional("comment"))
        )
        return f"{DESK}/proposals/{proposal_id}", Toast(_said(page, done.votes.proposal.status.value))

    def once_more(status: int) -> Reply:
        if status == 409:
            view = page.office.voting.proposal(page.caller, proposal_id)
            _tell_both(page, view.votes.proposal.status.value)
        reply: Reply = again(page, status)
        return reply

    return save(page, once_more, act)


_D: Final = PageAudience.DECIDER

PAGES: Final = (
    PageRoute("GET", ONE, _D, show),
    PageRoute("POST", f"{ONE}/vote", _D, vote, form=VOTE),
)
