"""Payout obligations for admins (S11): who is owed what for which step, handed out as CSV, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.payouts import UNSETTLED, PayoutStatus
from sealwright.locales import N_
from sealwright.services.payout_lines import PayoutLine, payout_line, payout_lines
from sealwright.services.workflow_ports import PayoutFilter
from sealwright.web.panel.moments import machine_text
from sealwright.web.panel.own_forms import save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.paging import Paging, wanted_page
from sealwright.web.panel.workflows import state_named
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealwright.domain.payouts import Payout
    from sealwright.web.panel.page_call import PageCall

PAYOUTS: Final = "/admin/desk/payouts"
ALL: Final = "all"
LIST: Final = Form(Field("status", max_length=20), Field("page", Kind.NUMBER), Field("count", Kind.NUMBER))
SETTLE: Final = Form(Field("reference", max_length=200))
WITH_REASON: Final = Form(Field("reason", required=True, max_length=2000))
STATUS_WORDS: Final = {
    PayoutStatus.OWED: N_("Owed"),
    PayoutStatus.EXPORTED: N_("Exported"),
    PayoutStatus.SETTLED: N_("Settled"),
    PayoutStatus.FAILED: N_("Failed"),
    PayoutStatus.VOID: N_("Void"),
}
COLUMNS: Final = (
    N_("Payout"), N_("Workflow"), N_("Step"), N_("User id"), N_("Name"), N_("Units"), N_("State"), N_("Owed since"),
)  # fmt: skip
# What may be recorded of an obligation in each state.
_ACTS: Final = {
    PayoutStatus.OWED: ("settle", "fail", "void"),
    PayoutStatus.EXPORTED: ("settle", "fail", "void"),
    PayoutStatus.FAILED: ("void",),
}


def show(page: PageCall, status: int = 200) -> Reply:
    """GET /admin/desk/payouts."""
    wanted = page.query.text("status", ALL)
    number, count = wanted_page(page)
    state = state_named(PayoutStatus, wanted)
    found = page.office.payouts.list(page.caller, PayoutFilter(status=state), number, count)
    return page.render(
        "admin/payouts.html",
        partial="results",
        status=status,
        rows=[(line, _ACTS.get(line.payout.status, ())) for line in _lines(page, found.items)],
        paging=Paging.of(page, found),
        said=page.ngettext("%(num)s payout", "%(num)s payouts", found.total),
        wanted=wanted if state is not None else ALL,
        states=[(ALL, page._("All")), *((one.value, page._(word)) for one, word in STATUS_WORDS.items())],
        waiting=sum(_total(page, one) for one in (PayoutStatus.OWED, PayoutStatus.FAILED)),
    )


def _lines(page: PageCall, payouts: Sequence[Payout]) -> tuple[PayoutLine, ...]:
    with page.office.units(write=False) as uow:
        return payout_lines(uow, page.caller, payouts)


def _total(page: PageCall, status: PayoutStatus) -> int:
    return page.office.payouts.list(page.caller, PayoutFilter(status=status), 1, 1).total


def export(page: PageCall) -> Reply:
    """POST /admin/desk/payouts/export: what is owed or failed, which is then on record as exported."""

    def act(uow: Any, me: Any) -> tuple[PayoutLine, ...]:
        return payout_lines(uow, me, page.office.payouts.export(uow, me))

    rows = [
        (
            line.payout.payout_id,
            line.workflow_title,
            line.step_title,
            line.payout.payee_user_id,
            line.payee or "",
            line.payout.amount,
            line.payout.status.value,
            machine_text(line.payout.created_at),
        )
        for line in page.act(act)
    ]
    return page.csv([page._(word) for word in COLUMNS], rows, "payouts.csv")


# -- one obligation --------------------------------------------------------------------------------


def ask(page: PageCall, status: int = 200) -> Reply:
    """GET /admin/desk/payouts/{payout_id}/settle (fail, void): what is recorded, and what it takes."""
    name = page.route.path.rpartition("/")[2]
    line = _one(page)
    form_spec = SETTLE if name == "settle" else WITH_REASON
    return page.render(
        "admin/payout.html",
        dialog="dialog",
        status=status,
        form=page.form if page.form.form is form_spec else page.fresh_form(form_spec),
        line=line,
        name=name,
        is_open=line.payout.status in UNSETTLED and name in _ACTS.get(line.payout.status, ()),
        state=page._(STATUS_WORDS[line.payout.status]),
        action=page.path,
        back=PAYOUTS,
    )


def _one(page: PageCall) -> PayoutLine:
    with page.office.units(write=False) as uow:
        return payout_line(uow, page.caller, page.params["payout_id"])


def _record(name: str, done: str) -> Callable[[PageCall], Reply]:
    def post(page: PageCall) -> Reply:
        payout_id, form = page.params["payout_id"], page.form

        def run() -> tuple[str, Toast | None]:
            desk = page.office.payouts
            if name == "settle":
                page.act(lambda uow, me: desk.settle(uow, me, payout_id, form.optional("reference")))
            elif name == "fail":
                page.act(lambda uow, me: desk.fail(uow, me, payout_id, form.text("reason")))
            else:
                page.act(lambda uow, me: desk.void(uow, me, payout_id, form.text("reason")))
            return PAYOUTS, Toast(page._(done))

        return save(page, lambda status: ask(page, status), run)

    return post


settle: Final = _record("settle", N_("The payout is settled."))
fail: Final = _record("fail", N_("The payout is marked as failed."))
void: Final = _record("void", N_("The payout is void."))

_A: Final = PageAudience.ADMIN
_ONE: Final = f"{PAYOUTS}/{{payout_id}}"
PAGES: Final = (
    PageRoute("GET", PAYOUTS, _A, show, query=LIST),
    PageRoute("POST", f"{PAYOUTS}/export", _A, export),
    PageRoute("GET", f"{_ONE}/settle", _A, ask),
    PageRoute("POST", f"{_ONE}/settle", _A, settle, form=SETTLE),
    PageRoute("GET", f"{_ONE}/fail", _A, ask),
    PageRoute("POST", f"{_ONE}/fail", _A, fail, form=WITH_REASON),
    PageRoute("GET", f"{_ONE}/void", _A, ask),
    PageRoute("POST", f"{_ONE}/void", _A, void, form=WITH_REASON),
)
