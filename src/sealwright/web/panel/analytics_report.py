"""The form of the analytics page that chooses a report by mail, or has one sent now (S15)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from sealwright.domain.reports import ReportEvery, next_report_at
from sealwright.locales import N_
from sealwright.services.reports import TYPES_AT_MOST
from sealwright.web.panel.own_forms import form_of
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealwright.domain.people import Caller
    from sealwright.domain.reports import ReportWish
    from sealwright.services.ports import UnitOfWork
    from sealwright.web.panel.page_call import PageCall

# Values of types hold no comma, so one field carries several of them.
_BETWEEN: Final = ","
_NAMED_AT_MOST: Final = 3
REPORT_FORM: Final = Form(
    Field("every", Kind.CHOICE, required=True, choices=tuple(every.value for every in ReportEvery)),
    Field("types", max_length=TYPES_AT_MOST * 65),
)
_RHYTHMS: Final = {
    ReportEvery.NEVER: N_("Not at all"),
    ReportEvery.WEEK: N_("Every week"),
    ReportEvery.MONTH: N_("Every month"),
}


def report_card(page: PageCall, labels: Mapping[str, str]) -> dict[str, Any]:
    """What the form shows: the kept wish, and the types that can be chosen.

    Args:
        labels: Of the types in the issuer scope.
    """
    wish = page.office.reports.own(page.caller)
    is_coming = wish.every is not ReportEvery.NEVER
    kept = tuple(value for value in wish.credential_types or () if value in labels and is_coming)
    shown = tuple(dict.fromkeys(one for one in (page.query.text("type"), page.query.text("compare")) if one in labels))
    choices = dict.fromkeys(one for one in (kept, shown) if one)
    return {
        "form": form_of(page, REPORT_FORM),
        "every": wish.every.value,
        "rhythms": [(every.value, page._(word)) for every, word in _RHYTHMS.items()],
        # While none comes, the filter is taken for what one would want to be told of.
        "types": _BETWEEN.join(kept if is_coming else shown),
        "about": [
            ("", page._("All in your scope")),
            *((_BETWEEN.join(one), _named(page, one, labels)) for one in choices),
        ],
        "next_at": next_report_at(wish.every, page.now),
        "is_verified": page.person.verified,
        "query": _query(page),
    }


def choose_report(page: PageCall) -> Toast:
    """Keep what the form says; what is refused is raised."""
    every, types = ReportEvery(page.form.text("every")), _types(page)

    def act(uow: UnitOfWork, me: Caller) -> ReportWish:
        return page.office.reports.wish(uow, me, every, types)

    page.act(act)
    return Toast(page._("No report comes by mail.") if every is ReportEvery.NEVER else page._("Saved."))


def send_one(page: PageCall) -> Toast:
    """Have a report sent as the form says, without keeping it; what is refused is raised."""
    every, types = ReportEvery(page.form.text("every")), _types(page)

    report = page.office.reports.count(page.caller, every, types)
    page.act(lambda uow, me: page.office.reports.send(uow, me, report))
    return Toast(page._("The report is on its way to %(email)s.", email=page.person.email))


def back_to(page: PageCall, path: str) -> str:
    """The page with the filter that the form stood under."""
    return f"{path}{_query(page)}"


def _query(page: PageCall) -> str:
    pairs = page.query.pairs()
    return f"?{urlencode(pairs)}" if pairs else ""


def _types(page: PageCall) -> tuple[str, ...] | None:
    text = page.form.text("types")
    return tuple(text.split(_BETWEEN)) if text else None


def _named(page: PageCall, types: tuple[str, ...], labels: Mapping[str, str]) -> str:
    if len(types) > _NAMED_AT_MOST:
        return page.ngettext("%(num)s credential type", "%(num)s credential types", len(types))
    return ", ".join(labels[value] for value in types)
