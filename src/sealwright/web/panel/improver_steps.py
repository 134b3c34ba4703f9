"""My steps (S12): what somebody has to do and by which grants, their series, and what they have done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sealwright.domain.grants import GrantStatus
from sealwright.domain.payouts import UNSETTLED, PayoutStatus
from sealwright.services.feed import FeedScope
from sealwright.web.panel.improver import Catalog
from sealwright.web.panel.improver_absences import AbsenceLine, absence_lines
from sealwright.web.panel.improver_frame import DONE, STEPS, WORKFLOWS, Own, attempt, paging_of, tabs_of
from sealwright.web.panel.improver_losses import losses_of
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.paging import wanted_page
from sealwright.web.panel.workflow_view import StepLine, step_lines

if TYPE_CHECKING:
    from sealwright.domain.grants import Grant
    from sealwright.domain.payouts import Payout
    from sealwright.domain.series import Series
    from sealwright.domain.workflows import Workflow, WorkflowStep
    from sealwright.services.series_desk import OwnSeries
    from sealwright.services.workflow_values import FeedEntry, WorkflowView
    from sealwright.web.panel.page_call import PageCall
    from sealwright.web.reply import Reply

SERIES: Final = "/improver/series"
UNCLAIM_FORM: Final = Form(Field("step", Kind.NUMBER, required=True))
PAGE_QUERY: Final = Form(Field("page", Kind.NUMBER), Field("count", Kind.NUMBER))
# So many completed workflows stand below what is to do; the rest on a page of their own.
_LATEST: Final = 3


@dataclass(frozen=True, slots=True)
class Reliance:
    """The grant that a claim stands on, as it is now."""

    label: str
    grant: Grant | None
    badge: str | None


@dataclass(frozen=True, slots=True)
class Mine:
    """A workflow in which somebody has steps to do.

    Args:
        lines: Theirs that are not done.
        is_override: An admin took the steps without the credentials.
        release: Where they are given back.
    """

    view: WorkflowView
    href: str
    proposer: str | None
    role: str
    reliances: tuple[Reliance, ...]
    lines: tuple[StepLine, ...]
    is_override: bool
    release: str

    @property
    def workflow(self) -> Workflow:
        """The instance."""
        return self.view.workflow


@dataclass(frozen=True, slots=True)
class SeriesLine:
    """A role that somebody does in every round of a series."""

    series: Series
    role: str
    steps: tuple[str, ...]
    href: str


@dataclass(frozen=True, slots=True)
class DoneStep:
    """A completed step with what is owed for it."""

    step: WorkflowStep
    payout: Payout | None
    ask: str | None


@dataclass(frozen=True, slots=True)
class DoneLine:
    """A workflow in which somebody completed steps."""

    workflow: Workflow
    steps: tuple[DoneStep, ...]


# -- making lines ------------------------------------------------------------------------------------


def _mine(page: PageCall, entry: FeedEntry, catalog: Catalog, own: Own) -> Mine:
    workflow, first = entry.view.workflow, entry.assigned_steps[0]
    ids = {step.step_id for step in entry.assigned_steps}
    role = workflow.role(first.role_id)
    href = f"{WORKFLOWS}/{workflow.workflow_id}"
    overridden = {claim.claim_id for claim in entry.view.claims if claim.override}
    lines = step_lines(workflow, page.now, catalog.label)
    return Mine(
        entry.view,
        href,
        entry.view.names.get(workflow.proposer_id),
        role.title,
        tuple(_reliance(page, value, catalog, own) for value in role.required_credentials),
        # The role stands above them already.
        tuple(replace(line, role="") for line in lines if line.step is not None and line.step.step_id in ids),
        first.claim_id in overridden,
        f"{href}/steps/{first.step_id}/release",
    )


def _reliance(page: PageCall, value: str, catalog: Catalog, own: Own) -> Reliance:
    grant = own.newest(value)
    return Reliance(catalog.label(value), grant, grant.status_at(page.now).value if grant is not None else None)


def _series_lines(found: tuple[OwnSeries, ...]) -> tuple[SeriesLine, ...]:
    lines = []
    for one in found:
        plan = one.series.plan
        for role in plan.roles:
            orders = [order for order in plan.orders_of(role.client_id) if order in one.claimed]
            if orders:
                titles = tuple(plan.steps[order - 1].title for order in orders)
                href = f"{SERIES}/{one.series.series_id}/unclaim?step={orders[0]}"
                lines.append(SeriesLine(one.series, role.title, titles, href))
    return tuple(lines)


def done_line(page: PageCall, view: WorkflowView) -> DoneLine:
    """What somebody completed of an instance."""
    payouts = {payout.step_id: payout for payout in view.payouts}
    user_id = page.person.user_id
    return DoneLine(
        view.workflow,
        tuple(
            done_step(view.workflow, step, payouts.get(step.step_id))
            for step in view.workflow.steps
            if step.is_done and step.assigned_to == user_id
        ),
    )


def done_step(workflow: Workflow, step: WorkflowStep, payout: Payout | None) -> DoneStep:
    """A completed step; what is owed can be asked for once."""
    may_ask = payout is not None and payout.status in UNSETTLED - {PayoutStatus.EXPORTED}
    ask = f"{WORKFLOWS}/{workflow.workflow_id}/steps/{step.step_id}/payout-request"
    return DoneStep(step, payout, ask if may_ask and payout is not None and payout.requested_at is None else None)


# -- pages -------------------------------------------------------------------------------------------


def show(page: PageCall, status: int = 200) -> Reply:
    """GET /improver/steps."""
    number, size = wanted_page(page)
    found = page.office.feed.page(page.caller, FeedScope.ASSIGNED, number, size)
    own, catalog = Own.of(page), Catalog(page)
    series = page.office.series_desk.own(page.caller)
    done = page.office.feed.done(page.caller, 1, _LATEST)
    absences: tuple[AbsenceLine, ...] = absence_lines(page, series)
    return page.render(
        "improver/steps.html",
        partial="work",
        status=status,
        tabs=tabs_of(page, STEPS, own),
        losses=losses_of(page, own, catalog, found.entries),
        mine=[_mine(page, entry, catalog, own) for entry in found.entries if entry.assigned_steps],
        paging=paging_of(page, STEPS, found),
        series=_series_lines(series),
        absences=absences,
        done=[done_line(page, view) for view in done.items],
        done_in_all=done.total,
        done_href=DONE,
        is_active=GrantStatus.ACTIVE.value,
    )


def show_done(page: PageCall) -> Reply:
    """GET /improver/steps/done."""
    number, size = wanted_page(page)
    found = page.office.feed.done(page.caller, number, size)
    return page.render(
        "improver/done.html",
        tabs=tabs_of(page, STEPS, Own.of(page)),
        done=[done_line(page, view) for view in found.items],
        paging=paging_of(page, DONE, found),
    )


def confirm_unclaim(page: PageCall, status: int = 200) -> Reply:
    """GET /improver/series/{series}/unclaim: what goes back and what stays, before it does."""
    series_id = page.params["series"]
    order = page.form.number("step") or page.query.number("step")
    effect = page.office.series_desk.unclaim_effect(page.caller, series_id, order)
    own = next((one for one in page.office.series_desk.own(page.caller) if one.series.series_id == series_id), None)
    return page.render(
        "improver/unclaim.html",
        dialog="dialog",
        status=status,
        effect=effect,
        order=order,
        series=own.series if own is not None else None,
        action=f"{SERIES}/{series_id}/unclaim",
        back=STEPS,
    )


def unclaim(page: PageCall) -> Reply:
    """POST /improver/series/{series}/unclaim."""
    series_id, order = page.params["series"], page.form.number("step")

    def act() -> tuple[str, Toast | None]:
        page.act(lambda uow, me: page.office.series_desk.unclaim(uow, me, series_id, order))
        return STEPS, Toast(page._("Given back. Later rounds go to others."))

    return attempt(page, lambda status: show(page, status), act, Catalog(page).label)


_M: Final = PageAudience.IMPROVER
PAGES: Final = (
    PageRoute("GET", STEPS, _M, show, query=PAGE_QUERY),
    PageRoute("GET", DONE, _M, show_done, query=PAGE_QUERY),
    PageRoute("GET", f"{SERIES}/{{series}}/unclaim", _M, confirm_unclaim, query=UNCLAIM_FORM),
    PageRoute("POST", f"{SERIES}/{{series}}/unclaim", _M, unclaim, form=UNCLAIM_FORM),
)
