"""Changes and deletions of workflows on a page of their own: what is proposed, old and new side by side, and votes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.votes import ProposalKind, TargetType
from sealwright.locales import N_
from sealwright.web.panel.moments import clock_text, day_text
from sealwright.web.panel.own_forms import form_of, save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.proposer_editor import RECURRENCE_WORDS
from sealwright.web.panel.votes_view import votes_of
from sealwright.web.panel.workflow_acts import PREVIEW, WITH_REASON
from sealwright.web.panel.workflow_page import VOTE, vote_on_change
from sealwright.web.panel.workflow_reading import foreseen, proposal_seen
from sealwright.web.panel.workflow_sheets import plan_of_workflow
from sealwright.web.panel.workflows import DESK, KIND_WORDS
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from datetime import datetime

    from sealwright.domain.votes import SeriesEdit
    from sealwright.domain.workflow_plans import PlannedStep, WorkflowPlan, WorkItem
    from sealwright.domain.workflows import Workflow
    from sealwright.web.panel.page_call import PageCall

ONE: Final = f"{DESK}/proposals/{{proposal_id}}"
DELETION_WORDS: Final = {
    TargetType.WORKFLOW: N_("Deletes this instance: its unfinished steps are taken from whoever has them."),
    TargetType.SERIES: N_(
        "Ends the series: every instance that is not done is deleted, and all claims on later ones end."
    ),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One part of a workflow as it is and as it is proposed; texts may have several lines."""

    what: str
    old: str
    new: str

    @property
    def is_changed(self) -> bool:
        """Tell whether the two differ."""
        return self.old != self.new


def differences(page: PageCall, workflow: Workflow, edit: SeriesEdit) -> list[Difference]:
    """Everything of a workflow beside what an edit makes of it, in the order in which it is read."""
    old, new = plan_of_workflow(workflow), edit.plan
    before = page._(RECURRENCE_WORDS[workflow.recurrence.value])
    after = page._(RECURRENCE_WORDS[edit.recurrence.value]) if edit.recurrence is not None else before
    kept = page._("as it is")
    rows = [
        Difference(page._("Title"), old.title, new.title),
        Difference(page._("Description"), old.description or "–", new.description or "–"),
        Difference(page._("How often"), before, after),
        Difference(page._("Rhythm"), kept, _moment(page, edit.start_at) if edit.start_at is not None else kept),
        Difference(
            page._("Last day"),
            kept,
            _moment(page, edit.recurrence_end_at) if edit.recurrence_end_at is not None else kept,
        ),
    ]
    return [*rows, *_roles(page, old, new), *_steps(page, old, new)]


def _moment(page: PageCall, moment: datetime) -> str:
    return f"{day_text(moment, page.texts, page.zone)}, {clock_text(moment, page.texts, page.zone)}"


def _roles(page: PageCall, old: WorkflowPlan, new: WorkflowPlan) -> Iterator[Difference]:
    needed = {value for plan in (old, new) for role in plan.roles for value in role.required_credentials}
    labels = {value: one.label_in(page.texts.language) for value, one in page.office.catalog.named(needed).items()}

    def words(plan: WorkflowPlan, key: str) -> str:
        role = next((role for role in plan.roles if role.client_id == key), None)
        if role is None:
            return "–"
        needs = ", ".join(labels.get(value, value) for value in role.required_credentials)
        return f"{role.title}\n{needs or page._('Open to all improvers')}"

    keys = dict.fromkeys(role.client_id for plan in (old, new) for role in plan.roles)
    for number, key in enumerate(keys, 1):
        yield Difference(page._("Workflow role %(number)s", number=number), words(old, key), words(new, key))


def _steps(page: PageCall, old: WorkflowPlan, new: WorkflowPlan) -> Iterator[Difference]:
    for number, (before, after) in enumerate(zip_longest(old.steps, new.steps), 1):
        yield Difference(
            page._("Step %(number)s", number=number), _step_words(page, old, before), _step_words(page, new, after)
        )


def _step_words(page: PageCall, plan: WorkflowPlan, step: PlannedStep | None) -> str:
    if step is None:
        return "–"
    lines = [step.title, plan.role(step.role_client_id).title]
    if step.bounty:
        lines.append(page._("Bounty: %(amount)s", amount=step.bounty))
    if step.description:
        lines.append(step.description)
    if step.allow_step_not_possible:
        lines.append(page._("May be handed in as not possible"))
    return "\n".join([*lines, *(_item_words(page, item) for item in step.work_items)])


def _item_words(page: PageCall, item: WorkItem) -> str:
    asks = [
        *([page._("words")] if item.requires_written_response else []),
        *([", ".join(one.label for one in item.dropdown_options)] if item.requires_dropdown else []),
        *([page._("photos")] if item.requires_photo else []),
        *([page._("may be left out")] if item.optional else []),
    ]
    return f"• {item.title} ({'; '.join(asks)})"


# -- pages -----------------------------------------------------------------------------------------


def show(page: PageCall, status: int = 200) -> Reply:
    """GET /workflows/proposals/{proposal_id}."""
    view = proposal_seen(page, page.params["proposal_id"])
    proposal = view.votes.proposal
    rows = differences(page, view.workflow, proposal.edit) if proposal.edit is not None else []
    return page.render(
        "workflows/change.html",
        status=status,
        proposal=proposal,
        workflow=view.workflow,
        what=page._(KIND_WORDS[proposal.kind, proposal.target_type]),
        author=view.names.get(proposal.author_id, page._("Somebody")),
        deletes=page._(DELETION_WORDS[proposal.target_type]) if proposal.kind is ProposalKind.DELETION else "",
        rows=[row for row in rows if row.is_changed],
        same=[row for row in rows if not row.is_changed],
        votes=votes_of(page, view.votes, view.names),
        vote_form=form_of(page, VOTE),
        is_admin=page.caller.is_admin,
        badge=f"workflow_{proposal.status.value}",
    )


def vote(page: PageCall) -> Reply:
    """POST /workflows/proposals/{proposal_id}/vote."""
    again: Callable[[Any, int], Reply] = show
    return vote_on_change(page, again)


def ask_force(page: PageCall, status: int = 200) -> Reply:
    """GET /workflows/proposals/{proposal_id}/force."""
    view = proposal_seen(page, page.params["proposal_id"])
    proposal = view.votes.proposal
    _, refused = foreseen(
        page, lambda uow, me: page.office.voting.force_proposal(uow, me, proposal.proposal_id, PREVIEW)
    )
    words = page._("Carries it out at once, without the voters. It is audited.")
    if refused:
        words = page._("This cannot be saved now: %(reason)s", reason=refused)
    return page.render(
        "workflows/act.html",
        dialog="dialog",
        status=status,
        form=form_of(page, WITH_REASON),
        workflow=view.workflow,
        title=page._("Approve without the voters"),
        effect={"text": words, "takes": bool(refused) or proposal.kind is ProposalKind.DELETION},
        act={"needs_reason": True, "takes": proposal.kind is ProposalKind.DELETION},
        action=page.path,
        back=f"{DESK}/proposals/{proposal.proposal_id}",
    )


def force(page: PageCall) -> Reply:
    """POST /workflows/proposals/{proposal_id}/force."""
    proposal_id, reason = page.params["proposal_id"], page.form.text("reason")

    def run() -> tuple[str, Toast | None]:
        page.act(lambda uow, me: page.office.voting.force_proposal(uow, me, proposal_id, reason))
        return f"{DESK}/proposals/{proposal_id}", Toast(page._("The proposal is approved."))

    return save(page, lambda status: ask_force(page, status), run)


_A: Final = PageAudience.ADMIN
PAGES: Final = (
    PageRoute("GET", ONE, PageAudience.DECIDER, show),
    PageRoute("POST", f"{ONE}/vote", PageAudience.DECIDER, vote, form=VOTE),
    PageRoute("GET", f"{ONE}/force", _A, ask_force),
    PageRoute("POST", f"{ONE}/force", _A, force, form=WITH_REASON),
)
