"""The feed (S12): the work that this person may claim, what would open more, and claiming."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sealwright.web.panel.improver import NEW, OVERVIEW, Catalog, grant_lines, request_line
from sealwright.web.panel.improver_frame import (
    FEED,
    REQUESTS,
    STEPS,
    WORKFLOWS,
    Own,
    attempt,
    paging_of,
    scope_of,
    tabs_of,
)
from sealwright.web.panel.improver_losses import losses_of
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.paging import wanted_page
from sealwright.web.panel.workflow_view import Need, StepLine, bounty_of, needs_of, step_lines

if TYPE_CHECKING:
    from collections.abc import Collection

    from sealwright.domain.workflows import Workflow, WorkflowStep
    from sealwright.services.workflow_values import FeedEntry, FeedView, WorkflowView
    from sealwright.web.panel.page_call import PageCall
    from sealwright.web.reply import Reply

CLAIM_FORM: Final = Form(Field("step", required=True, max_length=64))
FEED_QUERY: Final = Form(Field("page", Kind.NUMBER), Field("count", Kind.NUMBER))


@dataclass(frozen=True, slots=True)
class Offer:
    """A workflow role that somebody may claim, with the steps that come with it.

    Args:
        step_id: Any of them: a claim takes them all.
        bounty: For all of them together.
    """

    step_id: str
    role: str
    needs: tuple[Need, ...]
    lines: tuple[StepLine, ...]
    bounty: int


@dataclass(frozen=True, slots=True)
class Job:
    """A workflow as a card of the feed."""

    view: WorkflowView
    href: str
    proposer: str | None
    offers: tuple[Offer, ...]
    steps_in_all: int

    @property
    def workflow(self) -> Workflow:
        """The instance."""
        return self.view.workflow


@dataclass(frozen=True, slots=True)
class Opener:
    """A credential type that would open more work, and where it is asked for, or was already."""

    label: str
    count: int
    href: str
    is_asked: bool


def offers_of(
    page: PageCall, workflow: Workflow, claimable: Collection[WorkflowStep], catalog: Catalog, held: Collection[str]
) -> tuple[Offer, ...]:
    """What of an instance may be claimed, by workflow role."""
    lines = step_lines(workflow, page.now, catalog.label)
    offers = []
    for role in workflow.roles:
        steps = [step for step in claimable if step.role_id == role.role_id]
        if steps:
            ids = {step.step_id for step in steps}
            offers.append(
                Offer(
                    steps[0].step_id,
                    role.title,
                    needs_of(role.required_credentials, catalog.label, held),
                    tuple(line for line in lines if line.step is not None and line.step.step_id in ids),
                    bounty_of(steps),
                )
            )
    return tuple(offers)


def _job(page: PageCall, entry: FeedEntry, catalog: Catalog, held: Collection[str]) -> Job:
    workflow = entry.view.workflow
    return Job(
        entry.view,
        f"{WORKFLOWS}/{workflow.workflow_id}",
        entry.view.names.get(workflow.proposer_id),
        offers_of(page, workflow, entry.claimable_steps, catalog, held),
        len(workflow.steps),
    )


def _openers(found: FeedView, catalog: Catalog, own: Own) -> tuple[Opener, ...]:
    """What would open more, the most first."""
    openers = []
    for value, count in sorted(found.would_open.items(), key=lambda one: (-one[1], one[0])):
        asked = own.pending.get(value)
        href = f"{REQUESTS}/{asked}" if asked is not None else f"{NEW}/{value}"
        openers.append(Opener(catalog.label(value), count, href, asked is not None))
    return tuple(openers)


def show(page: PageCall, status: int = 200) -> Reply:
    """GET /improver: the feed, and below it what stands on the other tabs."""
    number, size = wanted_page(page)
    found = page.office.feed.page(page.caller, scope_of(page), number, size)
    own, catalog = Own.of(page), Catalog(page)
    grants = grant_lines(page, own, catalog)
    return page.render(
        "improver/feed.html",
        partial="work",
        status=status,
        tabs=tabs_of(page, FEED, own, open_work=found.total),
        jobs=[_job(page, entry, catalog, found.active_credentials) for entry in found.entries],
        paging=paging_of(page, FEED, found),
        openers=_openers(found, catalog, own),
        losses=losses_of(page, own, catalog),
        grants=grants[:OVERVIEW],
        grants_more=len(grants) > OVERVIEW,
        requests=[request_line(view, catalog) for view in own.requests[:OVERVIEW]],
        requests_more=len(own.requests) > OVERVIEW,
        new_href=NEW,
        is_verified=page.person.verified,
        is_improver=page.person.is_improver,
    )


def claim(page: PageCall) -> Reply:
    """POST /improver/workflows/{id}/claim: every step of the workflow role that the named one belongs to."""
    workflow_id = page.params["id"]

    def act() -> tuple[str, Toast | None]:
        made = page.act(lambda uow, me: page.office.claiming.claim(uow, me, workflow_id, page.form.text("step")))
        titles = ", ".join(step.title for step in made.steps)
        if made.series_orders:
            said = page._("Yours now, and in every later round: %(titles)s", titles=titles)
        else:
            said = page._("Yours now: %(titles)s", titles=titles)
        return STEPS, Toast(said)

    return attempt(page, lambda status: show(page, status), act, Catalog(page).label)


PAGES: Final = (
    PageRoute("GET", FEED, PageAudience.IMPROVER, show, query=FEED_QUERY),
    PageRoute("POST", f"{WORKFLOWS}/{{id}}/claim", PageAudience.IMPROVER, claim, form=CLAIM_FORM),
)
