"""What agents ask people to approve: the list of what waits, and one question with its answer (S16)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from sealwright.web.panel.delegations_content import content_of
from sealwright.web.panel.delegations_view import ApprovalRow, approval_row, bars_of, path_of, plain_words, why_not
from sealwright.web.panel.delegations_words import DELEGATIONS
from sealwright.web.panel.own_forms import form_of, save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

APPROVALS: Final = f"{DELEGATIONS}/approvals"
_ONE: Final = f"{APPROVALS}/{{approval}}"
_MOST: Final = 50
ANSWER_FORM: Final = Form(Field("reason", max_length=2000))


def show_waiting(page: PageCall) -> Reply:
    """GET /delegations/approvals."""
    rows = waiting_rows(page)
    return page.render("delegations/approvals.html", partial="region", rows=rows)


def waiting_rows(page: PageCall) -> list[ApprovalRow]:
    """The questions that wait: first those that this person answers, each part newest first."""
    approving = page.office.delegations.approving
    found = approving.list(page.caller, waiting=True, limit=_MOST)
    rows = [
        approval_row(page, one, can_decide=approving.may_decide(page.caller, one, page.view())) for one in found.items
    ]
    return sorted(rows, key=lambda row: not row.can_decide)


def show(page: PageCall, status: int = 200) -> Reply:
    """GET /delegations/approvals/{approval}: what is asked, under what, and the two answers."""
    desks = page.office.delegations
    approval = desks.approving.get(page.caller, page.params["approval"])
    row = approval_row(page, approval, can_decide=desks.approving.may_decide(page.caller, approval, page.view()))
    sheet = desks.sheets.get(page.caller, approval.delegation_id)
    return page.render(
        "delegations/approval.html",
        dialog="dialog",
        partial="dialog",
        status=status,
        row=row,
        one=approval,
        content=content_of(page, approval, sheet.line.chain),
        under=path_of(sheet.line.delegation),
        under_words=plain_words(page, sheet.line.delegation),
        why=why_not(page, sheet.line),
        bars=bars_of(page, sheet.line),
        answer_form=form_of(page, ANSWER_FORM),
    )


def approve(page: PageCall) -> Reply:
    """POST /delegations/approvals/{approval}/approve."""

    def act() -> tuple[str, Toast | None]:
        approving = page.office.delegations.approving
        page.act(lambda uow, me: approving.approve(uow, me, page.params["approval"]))
        return APPROVALS, Toast(page._("Approved. It may do this once."))

    return save(page, partial(show, page), act)


def decline(page: PageCall) -> Reply:
    """POST /delegations/approvals/{approval}/decline."""

    def act() -> tuple[str, Toast | None]:
        approving, reason = page.office.delegations.approving, page.form.optional("reason")
        page.act(lambda uow, me: approving.decline(uow, me, page.params["approval"], reason))
        return APPROVALS, Toast(page._("Declined. It may not do this."))

    return save(page, partial(show, page), act)


_S: Final = PageAudience.SIGNED_IN
PAGES: Final = (
    PageRoute("GET", APPROVALS, _S, show_waiting),
    PageRoute("GET", _ONE, _S, show),
    PageRoute("POST", f"{_ONE}/approve", _S, approve, form=ANSWER_FORM),
    PageRoute("POST", f"{_ONE}/decline", _S, decline, form=ANSWER_FORM),
)
