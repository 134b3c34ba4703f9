"""Absences (S12): spans in which somebody takes no round of a series, given in whole days of their own zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from sealwright.domain.work_errors import WorkflowNotFound
from sealwright.locales import N_
from sealwright.web.panel.improver_frame import STEPS
from sealwright.web.panel.own_forms import save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import CHOOSE, Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute

if TYPE_CHECKING:
    from datetime import tzinfo

    from sealwright.domain.series import Series
    from sealwright.services.series_desk import OwnSeries
    from sealwright.web.panel.page_call import PageCall
    from sealwright.web.reply import Reply

ABSENCES: Final = "/improver/absences"
ABSENCE_FORM: Final = Form(
    Field("what", required=True, max_length=100),
    Field("first", Kind.DATE, required=True),
    Field("last", Kind.DATE, required=True),
)
_BEFORE_FIRST: Final = N_("The last day lies before the first.")


@dataclass(frozen=True, slots=True)
class AbsenceLine:
    """An absence, in whole days; both are away."""

    absence_id: str
    series: Series
    what: str
    step: str
    first: date
    last: date

    @property
    def href(self) -> str:
        """Where it is changed."""
        return f"{ABSENCES}/{self.absence_id}"


def absence_lines(page: PageCall, found: tuple[OwnSeries, ...]) -> tuple[AbsenceLine, ...]:
    """Somebody's absences, by beginning."""
    lines = [
        AbsenceLine(
            absence.absence_id,
            one.series,
            _what(one.series, absence.step_order),
            _title(one.series, absence.step_order),
            absence.absent_from.astimezone(page.zone).date(),
            (absence.absent_until - timedelta(seconds=1)).astimezone(page.zone).date(),
        )
        for one in found
        for absence in one.absences
    ]
    return tuple(sorted(lines, key=lambda line: (line.first, line.absence_id)))


def _what(series: Series, order: int) -> str:
    return f"{series.series_id}:{order}"


def _title(series: Series, order: int) -> str:
    steps = series.plan.steps
    return steps[order - 1].title if 0 < order <= len(steps) else "–"


def _choices(found: tuple[OwnSeries, ...], line: AbsenceLine | None) -> list[tuple[str, str]]:
    """One for each role: who is away from a step of it is away from all its steps."""
    choices = []
    for one in found:
        for role in one.series.plan.roles:
            orders = [order for order in one.series.plan.orders_of(role.client_id) if order in one.claimed]
            if orders:
                choices.append((_what(one.series, orders[0]), f"{one.series.plan.title}: {role.title}"))
    if line is not None and line.what not in {value for value, _ in choices}:
        choices.append((line.what, f"{line.series.plan.title}: {line.step}"))
    return choices


def show(page: PageCall, status: int = 200) -> Reply:
    """GET /improver/absences/new and /improver/absences/{id}."""
    found = page.office.series_desk.own(page.caller)
    absence_id = page.params.get("id")
    line = next((one for one in absence_lines(page, found) if one.absence_id == absence_id), None)
    if absence_id is not None and line is None:
        raise WorkflowNotFound("No such absence.")
    return page.render(
        "improver/absence.html",
        dialog="dialog",
        status=status,
        line=line,
        choices=_choices(found, line),
        action=line.href if line is not None else f"{ABSENCES}/new",
        back=STEPS,
    )


def put(page: PageCall) -> Reply:
    """POST /improver/absences/new and /improver/absences/{id}."""
    form = page.form
    series_id, _, order = form.text("what").rpartition(":")
    first, last = form.date("first"), form.date("last")
    if form.text("what") and not (series_id and order.isdecimal()):
        form.fail("what", CHOOSE)
    if first is not None and last is not None and last < first:
        form.fail("last", _BEFORE_FIRST)

    def act() -> tuple[str, Toast | None]:
        if first is None or last is None:
            # Judged by the form already.
            raise WorkflowNotFound("No such absence.")
        page.act(
            lambda uow, me: page.office.series_desk.put_absence(
                uow,
                me,
                series_id=series_id,
                step_order=int(order),
                absent_from=midnight(first, page.zone),
                absent_until=midnight(last + timedelta(days=1), page.zone),
                absence_id=page.params.get("id"),
            )
        )
        return STEPS, Toast(page._("Your absence is kept. What begins in it goes to others."))

    return save(page, lambda status: show(page, status), act)


def midnight(day: date, zone: tzinfo) -> datetime:
    """The first moment of a day in a zone, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def remove(page: PageCall) -> Reply:
    """POST /improver/absences/{id}/remove."""
    absence_id = page.params["id"]
    page.act(lambda uow, me: page.office.series_desk.delete_absence(uow, me, absence_id))
    return page.done(STEPS, Toast(page._("The absence is removed. What it gave back stays with others.")))


_M: Final = PageAudience.IMPROVER
PAGES: Final = (
    PageRoute("GET", f"{ABSENCES}/new", _M, show),
    PageRoute("POST", f"{ABSENCES}/new", _M, put, form=ABSENCE_FORM),
    PageRoute("GET", f"{ABSENCES}/{{id}}", _M, show),
    PageRoute("POST", f"{ABSENCES}/{{id}}", _M, put, form=ABSENCE_FORM),
    PageRoute("POST", f"{ABSENCES}/{{id}}/remove", _M, remove),
)
