"""Acts on a workflow that take away or go past others: each with a page that first says what it does.

What an act does is found by doing it in a transaction that is given up, so it is never guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.votes import TargetType
from sealwright.domain.work_errors import WorkflowNotFound
from sealwright.domain.workflows import Workflow
from sealwright.locales import N_
from sealwright.web.panel.effect_words import EffectLine
from sealwright.web.panel.own_forms import form_of, save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.workflow_page import ONE
from sealwright.web.panel.workflow_reading import foreseen, workflow_seen
from sealwright.web.panel.workflow_view import steps_to_take
from sealwright.web.panel.workflows import DESK
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.domain.people import Caller
    from sealwright.services.ports import UnitOfWork
    from sealwright.services.workflow_values import WorkflowView
    from sealwright.web.panel.page_call import PageCall

PREVIEW: Final = "preview"
WITH_REASON: Final = Form(Field("reason", required=True, max_length=2000))
DELETION: Final = Form(
    Field("target_type", Kind.CHOICE, required=True, choices=tuple(one.value for one in TargetType)),
    Field("reason", required=True, max_length=2000),
)
TARGET_WORDS: Final = {
    TargetType.WORKFLOW: N_("This instance alone; a series goes on"),
    TargetType.SERIES: N_("The whole series, with every instance that is not done"),
}


@dataclass(frozen=True, slots=True)
class Act:
    """One act on a workflow.

    Args:
        name: The last part of its address.
        label: Of its page and button.
        effect: What it would do, for whom looks.
        run: Does it, with the reason where one is given.
        done: What is said afterwards.
        leads_to: Where one goes on; None: to the workflow.
    """

    name: str
    label: str
    audience: PageAudience
    effect: Callable[[PageCall, WorkflowView], EffectLine]
    run: Callable[[PageCall, UnitOfWork, Caller, str], object]
    done: str
    takes: bool = True
    needs_reason: bool = True
    leads_to: str | None = None

    @property
    def form(self) -> Form:
        """What its post carries."""
        return WITH_REASON if self.needs_reason else Form()


# -- effects ---------------------------------------------------------------------------------------


def _refused(page: PageCall, reason: str) -> EffectLine:
    return EffectLine(page._("This cannot be saved now: %(reason)s", reason=reason), takes=True)


def _force_effect(page: PageCall, view: WorkflowView) -> EffectLine:
    done, refused = foreseen(page, lambda uow, me: _force(page, uow, me, PREVIEW))
    if done is None:
        return _refused(page, refused)
    words = page._("Approves it at once, without the voters. Whoever qualifies sees it and may claim its steps.")
    if view.workflow.proposer_id == page.person.user_id:
        words = f"{words} {page._('It is your own proposal, and the audit trail says so.')}"
    return EffectLine(words)


def _force(page: PageCall, uow: UnitOfWork, me: Caller, reason: str) -> object:
    return page.office.voting.force(uow, me, page.params["workflow_id"], reason)


def _fail_effect(page: PageCall, view: WorkflowView) -> EffectLine:
    done, refused = foreseen(page, lambda uow, me: _fail(page, uow, me, PREVIEW))
    if done is None:
        return _refused(page, refused)
    lost = _lost(view.workflow, done.workflow)
    return EffectLine(
        page.ngettext(
            "Ends this instance: %(num)s step is taken from whoever has it. What was done stays, and is owed.",
            "Ends this instance: %(num)s steps are taken from whoever has them. What was done stays, and is owed.",
            lost,
        ),
        takes=True,
    )


def _fail(page: PageCall, uow: UnitOfWork, me: Caller, reason: str) -> WorkflowView:
    return page.office.workflow_admin.fail(uow, me, page.params["workflow_id"], reason)


def _release_effect(page: PageCall, view: WorkflowView) -> EffectLine:
    workflow, step = view.workflow, _step(page, view.workflow)

    def act(uow: UnitOfWork, me: Caller) -> Workflow:
        _release(page, uow, me, "")
        return uow.workflows.get(workflow.workflow_id) or workflow

    after, refused = foreseen(page, act)
    if after is None:
        return _refused(page, refused)
    names = {"name": view.names.get(step.assigned_to or "", page._("Somebody"))}
    return EffectLine(
        page.ngettext(
            "Takes %(num)s step from %(name)s; others may claim it. What was done stays.",
            "Takes %(num)s steps from %(name)s; others may claim them. What was done stays.",
            _lost(workflow, after),
            **names,
        ),
        takes=True,
    )


def _release(page: PageCall, uow: UnitOfWork, me: Caller, _reason: str) -> object:
    return page.office.claiming.release(uow, me, page.params["workflow_id"], page.params["step_id"])


def _claim_effect(page: PageCall, view: WorkflowView) -> EffectLine:
    done, refused = foreseen(page, lambda uow, me: _claim(page, uow, me, PREVIEW))
    if done is None:
        return _refused(page, refused)
    role = view.workflow.role(_step(page, view.workflow).role_id)
    return EffectLine(
        page.ngettext(
            "Gives you the workflow role “%(role)s” with %(num)s step, also without its credentials. It is audited.",
            "Gives you the workflow role “%(role)s” with %(num)s steps, also without its credentials. It is audited.",
            len(steps_to_take(view.workflow, role)),
            role=role.title,
        )
    )


def _claim(page: PageCall, uow: UnitOfWork, me: Caller, reason: str) -> object:
    return page.office.claiming.claim(
        uow, me, page.params["workflow_id"], page.params["step_id"], override=True, reason=reason
    )


def _withdraw_effect(page: PageCall, view: WorkflowView) -> EffectLine:
    _, refused = foreseen(page, lambda uow, me: _withdraw(page, uow, me, ""))
    if refused:
        return _refused(page, refused)
    if view.workflow.status.value == "pending":
        return EffectLine(page._("Takes the proposal back for good: its votes end, and nobody sees it any more."), True)
    return EffectLine(page._("Deletes this instance for good: nobody sees it any more. The audit trail stays."), True)


def _withdraw(page: PageCall, uow: UnitOfWork, me: Caller, _reason: str) -> object:
    page.office.proposing.withdraw(uow, me, page.params["workflow_id"])
    return True


def _lost(before: Workflow, after: Workflow) -> int:
    """How many steps somebody had, and has no more."""
    kept = {step.step_id for step in after.steps if step.assigned_to is not None}
    return sum(step.assigned_to is not None and step.step_id not in kept for step in before.steps)


def _step(page: PageCall, workflow: Workflow) -> Any:
    step = workflow.step(page.params["step_id"])
    if step is None:
        raise WorkflowNotFound("No such step.")
    return step


ACTS: Final = (
    Act(
        "force",
        N_("Approve without the voters"),
        PageAudience.ADMIN,
        _force_effect,
        _force,
        N_("The workflow is approved."),
        takes=False,
    ),
    Act("fail", N_("End as failed"), PageAudience.ADMIN, _fail_effect, _fail, N_("The workflow is ended.")),
    Act(
        "steps/{step_id}/release",
        N_("Release"),
        PageAudience.ADMIN,
        _release_effect,
        _release,
        N_("Released. Others may claim it."),
        needs_reason=False,
    ),
    Act(
        "steps/{step_id}/claim",
        N_("Claim as admin"),
        PageAudience.ADMIN,
        _claim_effect,
        _claim,
        N_("The workflow role is yours."),
        takes=False,
    ),
    Act(
        "withdraw",
        N_("Delete"),
        PageAudience.PROPOSER,
        _withdraw_effect,
        _withdraw,
        N_("The workflow is deleted."),
        needs_reason=False,
        leads_to="/proposer",
    ),
)
_BY_PATH: Final = {f"{ONE}/{act.name}": act for act in ACTS}


# -- pages -----------------------------------------------------------------------------------------


def ask(page: PageCall, status: int = 200) -> Reply:
    """GET of an act's page: what it does, the reason, and the button."""
    act = _BY_PATH[page.route.path]
    view = workflow_seen(page, page.params["workflow_id"])
    effect = act.effect(page, view)
    return page.render(
        "workflows/act.html",
        dialog="dialog",
        status=status,
        form=form_of(page, act.form),
        workflow=view.workflow,
        title=page._(act.label),
        effect=effect,
        act=act,
        action=page.path,
        back=f"{DESK}/{view.workflow.workflow_id}",
    )


def carry_out(page: PageCall) -> Reply:
    """POST of an act."""
    act = _BY_PATH[page.route.path]

    def run() -> tuple[str, Toast | None]:
        reason = page.form.text("reason") if act.needs_reason else ""
        page.act(lambda uow, me: act.run(page, uow, me, reason))
        return act.leads_to or f"{DESK}/{page.params['workflow_id']}", Toast(page._(act.done))

    return save(page, lambda status: ask(page, status), run)


def ask_deletion(page: PageCall, status: int = 200) -> Reply:
    """GET /workflows/{workflow_id}/deletion: propose to delete an instance or its series."""
    workflow = workflow_seen(page, page.params["workflow_id"]).workflow
    is_series = workflow.recurrence.value != "one_time"
    targets = tuple(TargetType) if is_series else (TargetType.WORKFLOW,)
    return page.render(
        "workflows/deletion.html",
        dialog="dialog",
        status=status,
        form=form_of(page, DELETION),
        workflow=workflow,
        targets=[(one.value, page._(TARGET_WORDS[one])) for one in targets],
        back=f"{DESK}/{workflow.workflow_id}",
    )


def propose_deletion(page: PageCall) -> Reply:
    """POST /workflows/{workflow_id}/deletion."""
    form, workflow_id = page.form, page.params["workflow_id"]

    def run() -> tuple[str, Toast | None]:
        target = TargetType(form.text("target_type"))
        made = page.act(
            lambda uow, me: page.office.proposing.propose_deletion(uow, me, workflow_id, target, form.text("reason"))
        )
        return f"{DESK}/proposals/{made.votes.proposal.proposal_id}", Toast(
            page._("The deletion is proposed. The voters decide on it.")
        )

    return save(page, lambda status: ask_deletion(page, status), run)


PAGES: Final = (
    *(
        route
        for act in ACTS
        for route in (
            PageRoute("GET", f"{ONE}/{act.name}", act.audience, ask),
            PageRoute("POST", f"{ONE}/{act.name}", act.audience, carry_out, form=act.form),
        )
    ),
    PageRoute("GET", f"{ONE}/deletion", PageAudience.DECIDER, ask_deletion),
    PageRoute("POST", f"{ONE}/deletion", PageAudience.DECIDER, propose_deletion, form=DELETION),
)
