"""A workflow as an improver may see it (S12), and the acts on their own steps of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sealwright.domain.gating import claimable_roles
from sealwright.domain.work_errors import WorkflowNotFound
from sealwright.domain.workflows import StepStatus, Submission
from sealwright.services.workflow_values import FeedEntry
from sealwright.web.panel import improver_steps
from sealwright.web.panel.improver import Catalog
from sealwright.web.panel.improver_feed import offers_of
from sealwright.web.panel.improver_frame import FEED, STEPS, WORKFLOWS, Own, attempt
from sealwright.web.panel.improver_losses import losses_of
from sealwright.web.panel.improver_step_form import (
    NOT_POSSIBLE_FORM,
    STEP_FORM,
    Kept,
    item_fields,
    keep_photos,
    read_submission,
    tell_faults,
)
from sealwright.web.panel.improver_steps import done_step
from sealwright.web.panel.own_forms import form_of
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.workflow_view import step_lines, steps_to_take

if TYPE_CHECKING:
    from sealwright.domain.workflows import Workflow, WorkflowStep
    from sealwright.web.panel.page_call import PageCall
    from sealwright.web.reply import Reply

ONE: Final = f"{WORKFLOWS}/{{id}}"
STEP: Final = f"{ONE}/steps/{{step}}"


# -- the page ----------------------------------------------------------------------------------------


def show(page: PageCall, status: int = 200, kept: Kept | None = None) -> Reply:
    """GET /improver/workflows/{id}; hidden and missing look alike."""
    view = page.office.feed.one(page.caller, page.params["id"])
    own, catalog = Own.of(page), Catalog(page)
    workflow, held = view.workflow, own.held(page)
    lines = step_lines(workflow, page.now, catalog.label, held=held, viewer=page.person.user_id, names=view.names)
    payouts = {payout.step_id: payout for payout in view.payouts}
    working = _working(page, workflow)
    return page.render(
        "improver/workflow.html",
        status=status,
        workflow=workflow,
        proposer=view.names.get(workflow.proposer_id),
        lines=lines,
        offers=offers_of(page, workflow, _claimable(page, workflow, held), catalog, held),
        mine={step.step_id for step in workflow.held_by(page.person.user_id)},
        done={
            step.step_id: done_step(workflow, step, payouts.get(step.step_id))
            for step in workflow.steps
            if step.is_done and step.assigned_to == page.person.user_id
        },
        items=item_fields(working, kept or {}) if working is not None else (),
        losses=[
            loss
            for loss in losses_of(page, own, catalog, (FeedEntry(view, workflow.held_by(page.person.user_id), ()),))
            if loss.kept
        ],
        step_form=form_of(page, STEP_FORM),
        not_possible_form=form_of(page, NOT_POSSIBLE_FORM),
        href=f"{WORKFLOWS}/{workflow.workflow_id}",
        back=STEPS if workflow.held_by(page.person.user_id) else FEED,
    )


def _working(page: PageCall, workflow: Workflow) -> WorkflowStep | None:
    """The viewer's step that is in progress: steps are done one after another, so there is one at most."""
    own = workflow.held_by(page.person.user_id)
    return next((step for step in own if step.status is StepStatus.IN_PROGRESS), None)


def _claimable(page: PageCall, workflow: Workflow, held: frozenset[str]) -> tuple[WorkflowStep, ...]:
    """By the rule that the service asks again when it is claimed."""
    if not page.person.is_improver:
        return ()
    absences = page.office.series_desk.absences(page.caller)
    roles = claimable_roles(workflow, page.person.user_id, held, absences)
    return tuple(step for role in roles for step in steps_to_take(workflow, role))


def _again(page: PageCall, status: int, kept: Kept | None = None) -> Reply:
    """The page once more, with what was wrong; of a workflow that is gone for the viewer, what is left to them."""
    try:
        return show(page, status, kept)
    except WorkflowNotFound:
        return improver_steps.show(page, status)


def _own_step(page: PageCall) -> WorkflowStep:
    """The step of the address as it stands. Raises WorkflowNotFound."""
    workflow = page.office.feed.one(page.caller, page.params["id"]).workflow
    step = workflow.step(page.params["step"])
    if step is None:
        raise WorkflowNotFound("No such step.")
    return step


# -- acts --------------------------------------------------------------------------------------------


def start(page: PageCall) -> Reply:
    """POST …/start."""
    workflow_id, step_id = page.params["id"], page.params["step"]

    def act() -> tuple[str, Toast | None]:
        step = page.act(lambda uow, me: page.office.step_work.start(uow, me, workflow_id, step_id))
        said = page._("Started: %(title)s. Hand it in here when it is done.", title=step.title)
        return f"{WORKFLOWS}/{workflow_id}#step-{step.step_order}", Toast(said)

    return attempt(page, lambda status: _again(page, status), act, Catalog(page).label)


def complete(page: PageCall) -> Reply:
    """POST …/complete; with `keep` only the photos are taken in, and the form comes back with all that was typed."""
    step = _own_step(page)
    kept = keep_photos(page, step)
    if page.form.flag("keep"):
        return show(page, 422 if page.form.errors else 200, kept)
    submission = read_submission(page, step, kept)

    def act() -> tuple[str, Toast | None]:
        return _hand_in(page, submission, page._("Handed in: %(title)s. Thank you.", title=step.title))

    return attempt(
        page,
        lambda status: _again(page, status, kept),
        act,
        Catalog(page).label,
        faults=lambda error: tell_faults(page, error, step, kept),
    )


def _hand_in(page: PageCall, submission: Submission, said: str) -> tuple[str, Toast | None]:
    workflow_id, step_id = page.params["id"], page.params["step"]
    page.act(lambda uow, me: page.office.step_work.complete(uow, me, workflow_id, step_id, submission))
    return STEPS, Toast(said)


def not_possible(page: PageCall) -> Reply:
    """POST …/not-possible."""
    submission = Submission(step_not_possible=True, step_not_possible_details=page.form.optional("reason"))

    def act() -> tuple[str, Toast | None]:
        return _hand_in(page, submission, page._("It is on record that this was not possible. Thank you."))

    return attempt(page, lambda status: _again(page, status), act, Catalog(page).label)


def ask_payout(page: PageCall) -> Reply:
    """POST …/payout-request."""
    workflow_id, step_id = page.params["id"], page.params["step"]

    def act() -> tuple[str, Toast | None]:
        page.act(lambda uow, me: page.office.step_work.request_payout(uow, me, workflow_id, step_id))
        return STEPS, Toast(page._("The office sees that you ask to be paid. Sealwright itself moves no money."))

    return attempt(page, lambda status: _again(page, status), act, Catalog(page).label)


def confirm_release(page: PageCall, status: int = 200) -> Reply:
    """GET …/release: what goes back and what stays, before it does."""
    workflow = page.office.feed.one(page.caller, page.params["id"]).workflow
    step = workflow.step(page.params["step"])
    if step is None:
        raise WorkflowNotFound("No such step.")
    own = [one for one in workflow.held_by(page.person.user_id) if one.role_id == step.role_id]
    if not own:
        raise WorkflowNotFound("Nothing of this is yours.")
    return page.render(
        "improver/release.html",
        dialog="dialog",
        status=status,
        workflow=workflow,
        steps=own,
        begun=[one for one in own if one.status is StepStatus.IN_PROGRESS],
        action=f"{WORKFLOWS}/{workflow.workflow_id}/steps/{step.step_id}/release",
        back=STEPS,
    )


def release(page: PageCall) -> Reply:
    """POST …/release."""
    workflow_id, step_id = page.params["id"], page.params["step"]

    def act() -> tuple[str, Toast | None]:
        page.act(lambda uow, me: page.office.claiming.release(uow, me, workflow_id, step_id))
        return STEPS, Toast(page._("Given back. Others can claim it now."))

    return attempt(page, lambda status: improver_steps.show(page, status), act, Catalog(page).label)


_M: Final = PageAudience.IMPROVER
PAGES: Final = (
    PageRoute("GET", ONE, _M, show),
    PageRoute("POST", f"{STEP}/start", _M, start),
    PageRoute("POST", f"{STEP}/complete", _M, complete, form=STEP_FORM, uploads=True),
    PageRoute("POST", f"{STEP}/not-possible", _M, not_possible, form=NOT_POSSIBLE_FORM),
    PageRoute("POST", f"{STEP}/payout-request", _M, ask_payout),
    PageRoute("GET", f"{STEP}/release", _M, confirm_release),
    PageRoute("POST", f"{STEP}/release", _M, release),
)
