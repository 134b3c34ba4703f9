"""All workflows for admins (S11), and who has claims on the later instances of a series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sealwright.domain.work_errors import NothingToRelease
from sealwright.domain.workflows import WorkflowStatus
from sealwright.services.workflow_ports import WorkflowFilter
from sealwright.web.panel.effect_words import EffectLine
from sealwright.web.panel.own_forms import form_of, save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.paging import Paging, wanted_page
from sealwright.web.panel.workflow_acts import PREVIEW, WITH_REASON
from sealwright.web.panel.workflow_reading import foreseen
from sealwright.web.panel.workflows import STATUS_WORDS, state_named, workflow_row
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.domain.workflows import Workflow
    from sealwright.services.workflow_values import Released
    from sealwright.web.panel.page_call import PageCall

WORKFLOWS: Final = "/admin/desk/workflows"
SERIES: Final = "/admin/desk/series/{series_id}"
ALL: Final = "all"
LIST: Final = Form(
    Field("q", max_length=200), Field("status", max_length=20), Field("page", Kind.NUMBER), Field("count", Kind.NUMBER)
)


def show_list(page: PageCall) -> Reply:
    """GET /admin/desk/workflows: every instance of every series."""
    wanted, text = page.query.text("status", ALL), page.query.optional("q")
    number, count = wanted_page(page)
    state = state_named(WorkflowStatus, wanted)
    found = page.office.workflow_admin.list(page.caller, WorkflowFilter(status=state, search=text), number, count)
    return page.render(
        "admin/workflows.html",
        partial="results",
        rows=[(workflow_row(page, view), view.workflow, _holders(view.workflow)) for view in found.items],
        paging=Paging.of(page, found),
        said=page.ngettext("%(num)s workflow", "%(num)s workflows", found.total),
        wanted=wanted if state is not None else ALL,
        states=[(ALL, page._("All")), *((one.value, page._(STATUS_WORDS[one.value])) for one in WorkflowStatus)],
        text=text or "",
        is_filtered=bool(text) or state is not None,
    )


def _holders(workflow: Workflow) -> int:
    return sum(role.held_by is not None for role in workflow.roles)


def show_series(page: PageCall) -> Reply:
    """GET /admin/desk/series/{series_id}: who wants the steps of every instance."""
    series_id = page.params["series_id"]
    claimants = page.office.series_desk.claimants(page.caller, series_id)
    found = page.office.workflow_admin.list(page.caller, WorkflowFilter(series_id=series_id), 1, 10)
    return page.render(
        "admin/series.html",
        series_id=series_id,
        title=found.items[0].workflow.title if found.items else page._("Series"),
        claimants=claimants,
        instances=[(view.workflow, f"workflow_{view.workflow.status.value}") for view in found.items],
    )


def ask_revoke(page: PageCall, status: int = 200) -> Reply:
    """GET /admin/desk/series/{series_id}/claims/{user_id}: what is taken away, and why."""
    series_id, user_id = page.params["series_id"], page.params["user_id"]
    claimants = page.office.series_desk.claimants(page.caller, series_id)
    claimant = next((one for one in claimants if one.user_id == user_id), None)
    if claimant is None and status == 200:
        raise NothingToRelease("There is no such claim.")
    done, refused = foreseen(
        page, lambda uow, me: page.office.series_desk.revoke_claim(uow, me, series_id, user_id, PREVIEW)
    )
    return page.render(
        "admin/series_claim.html",
        dialog="dialog",
        status=status,
        form=form_of(page, WITH_REASON),
        name=claimant.display_name if claimant is not None else "",
        effect=_effect(page, done, refused),
        action=page.path,
        back=SERIES.format(series_id=series_id),
    )


def _effect(page: PageCall, done: Released | None, refused: str) -> EffectLine:
    if done is None:
        return EffectLine(page._("This cannot be saved now: %(reason)s", reason=refused), takes=True)
    released = page.ngettext(
        "Ends the claims on later instances, and takes %(num)s step that has not begun.",
        "Ends the claims on later instances, and takes %(num)s steps that have not begun.",
        done.released_count,
    )
    stays = page.ngettext(
        "%(num)s step stays, because it is begun or done.",
        "%(num)s steps stay, because they are begun or done.",
        done.skipped_count,
    )
    return EffectLine(f"{released} {stays}" if done.skipped_count else released, takes=True)


def revoke(page: PageCall) -> Reply:
    """POST /admin/desk/series/{series_id}/claims/{user_id}."""
    series_id, user_id, reason = page.params["series_id"], page.params["user_id"], page.form.text("reason")

    def run() -> tuple[str, Toast | None]:
        page.act(lambda uow, me: page.office.series_desk.revoke_claim(uow, me, series_id, user_id, reason))
        return SERIES.format(series_id=series_id), Toast(page._("The claims on the series are revoked."))

    return save(page, lambda status: ask_revoke(page, status), run)


_A: Final = PageAudience.ADMIN
_CLAIM: Final = f"{SERIES}/claims/{{user_id}}"
PAGES: Final = (
    PageRoute("GET", WORKFLOWS, _A, show_list, query=LIST),
    PageRoute("GET", SERIES, _A, show_series),
    PageRoute("GET", _CLAIM, _A, ask_revoke),
    PageRoute("POST", _CLAIM, _A, revoke, form=WITH_REASON),
)
