"""The issuer panel: the reviewer's scope, the figures above the queue, and the queue itself (S4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.errors import InvalidFilter
from sealwright.domain.requests import RequestState
from sealwright.services.desk_ports import NumberedPage
from sealwright.services.papers import emblem_tone
from sealwright.web.panel.page_call import PageCall, Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.paging import Paging, wanted_page
from sealwright.web.panel.queue_filters import (
    AGES,
    ALL,
    MARK_WORDS,
    ME,
    MINE_TODAY,
    NEEDS_INFO,
    NOBODY,
    PAST_TARGET,
    PENDING,
    QUEUE,
    QUEUE_PATH,
    arrivals_path,
    chips_of,
    filter_of,
    kept_query,
    queue_path,
    read_query,
)
from sealwright.web.panel.queue_rows import CSV_COLUMNS, csv_line, row_of
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealwright.domain.catalog import CredentialType
    from sealwright.services.desk_ports import SavedView
    from sealwright.services.review_values import RequestView, ScopeView

# More rows than this are asked for in narrower parts: a spreadsheet is of no use beyond, and the answer is made whole.
EXPORT_MAX: Final = 20_000
EXPORT_PAGE: Final = 100
PINNED_COUNTED: Final = 6


@dataclass(frozen=True, slots=True)
class ScopeCard:
    """One credential type of the reviewer's scope."""

    value: str
    label: str
    href: str
    pending: int
    median_seconds: int | None
    tone: int


def show(page: PageCall) -> Reply:
    """GET /issuer: the reviewer's default view where the address names no filter."""
    views = _views(page)
    preferred = next((one for one in views if one.is_default), None)
    if preferred is not None and not page.query_string and not page.is_partial:
        return page.redirect(f"{QUEUE_PATH}?{preferred.query}")
    return page.render("issuer/queue.html", partial="results", **_values(page, views))


def _values(page: PageCall, views: Sequence[SavedView]) -> dict[str, Any]:
    review, caller = page.office.review, page.caller
    scope = review.scope(caller, stats=True)
    types = types_of(page)
    labels = labels_of(page, types)
    number, count = wanted_page(page)
    found = review.list(caller, filter_of(page, page.query, types), page=number, count=count)
    own = [value for value in types if value in scope.allowed_credentials]
    kept = kept_query(page.query)
    return {
        "scope": scope,
        "cards": _cards(scope, labels),
        "stats": _stats(page, scope),
        "tabs": _tabs(page),
        "rows": [row_of(page, view, labels, kept) for view in found.items],
        "paging": Paging.of(page, found),
        "said": page.ngettext("%(num)s request", "%(num)s requests", found.total),
        "total": found.total,
        "chips": chips_of(page, labels),
        "clear": f"{QUEUE_PATH}?status={page.query.choice('status', PENDING)}",
        "views": _view_chips(page, views, types),
        "saved": views,
        "type_options": [(value, labels[value]) for value in own],
        "listed": page.query.choice("status", PENDING),
        "kept": kept,
        "arrivals": arrivals_path(page),
        "undo_seconds": page.office.limits.undo_seconds,
        "options": _options(page),
    }


def types_of(page: PageCall) -> dict[str, CredentialType]:
    """The catalog by value, as far as the caller may see it."""
    return {one.value: one for one in page.office.catalog.visible(page.caller)}


def labels_of(page: PageCall, types: Mapping[str, CredentialType]) -> dict[str, str]:
    """What the credential types are called in the viewer's language."""
    return {value: one.label_in(page.texts.language) for value, one in types.items()}


def _cards(scope: ScopeView, labels: Mapping[str, str]) -> list[ScopeCard]:
    stats = {one.credential_type: one for one in scope.stats.types} if scope.stats is not None else {}
    return [
        ScopeCard(
            value,
            labels.get(value, value),
            f"{QUEUE_PATH}?status={PENDING}&type={value}",
            stats[value].pending if value in stats else 0,
            stats[value].median_decision_seconds if value in stats else None,
            emblem_tone(value),
        )
        for value in scope.allowed_credentials
    ]


def _stats(page: PageCall, scope: ScopeView) -> list[dict[str, Any]]:
    figures = scope.stats
    if figures is None:
        return []
    waiting = f"{QUEUE_PATH}?status={PENDING}"
    oldest = (page.now - figures.oldest_at).total_seconds() if figures.oldest_at is not None else None
    return [
        {"value": figures.pending, "label": page.texts.pgettext("several requests", "Pending"), "href": waiting},
        {"seconds": oldest, "label": page._("Oldest waiting"), "href": f"{waiting}&sort=oldest"},
        {
            "value": figures.past_target,
            "label": page._(MARK_WORDS[PAST_TARGET]),
            "href": f"{waiting}&mark={PAST_TARGET}",
            "late": figures.past_target > 0,
        },
        {"value": figures.needs_info, "label": page._(MARK_WORDS[NEEDS_INFO]), "href": f"{waiting}&mark={NEEDS_INFO}"},
        {
            "value": figures.decided_today,
            "label": page._(MARK_WORDS[MINE_TODAY]),
            "href": f"{QUEUE_PATH}?status={ALL}&mark={MINE_TODAY}",
        },
    ]


def _tabs(page: PageCall) -> list[tuple[str, str, int, bool]]:
    """The states side by side, each with the kept count of the chosen credential types."""
    chosen = set(page.query.many("type"))
    counts = [one for value, one in page.office.review.counts(page.caller).items() if not chosen or value in chosen]
    by_state = {state: sum(one.get(state, 0) for one in counts) for state in RequestState}
    pgettext = page.texts.pgettext
    words = (
        (ALL, page._("All"), sum(by_state.values())),
        (PENDING, pgettext("several requests", "Pending"), by_state[RequestState.PENDING]),
        ("approved", pgettext("several requests", "Approved"), by_state[RequestState.APPROVED]),
        ("rejected", pgettext("several requests", "Rejected"), by_state[RequestState.REJECTED]),
    )
    now = page.query.choice("status", PENDING)
    return [(word, page.href(status=state, page=None, mark=None), count, state == now) for state, word, count in words]


def _options(page: PageCall) -> dict[str, list[tuple[str, str]]]:
    """What the filters offer; unsorted, pending requests stand oldest first and decided ones newest first."""
    first = {
        PENDING: page._("Oldest first"),
        ALL: page._("Pending first"),
    }.get(page.query.choice("status", PENDING), page._("Newest first"))
    sorts = (("oldest", page._("Oldest first")), ("newest", page._("Newest first")), ("name", page._("Name")))
    return {
        "assignee": [("", page._("Anyone")), (ME, page._("Me")), (NOBODY, page._("Nobody"))],
        "mark": [("", page._("Any")), *((mark, page._(word)) for mark, word in MARK_WORDS.items())],
        "age": [
            ("", page._("Any")),
            *((age, page.ngettext("Over %(num)s day", "Over %(num)s days", int(age))) for age in AGES),
        ],
        "sort": [
            ("", first),
            *(pair for pair in sorts if pair[1] != first),
        ],
    }


def _views(page: PageCall) -> tuple[SavedView, ...]:
    views = page.office.saved_views.own(page.caller)
    return tuple(sorted(views, key=lambda one: (not one.pinned, one.name.casefold())))


def _view_chips(
    page: PageCall, views: Sequence[SavedView], types: Mapping[str, CredentialType]
) -> list[tuple[str, str, int | None, bool]]:
    """Saved views with their counts; the counts of pinned ones alone, since each is a question of its own."""
    now = kept_query(page.query)
    chips = []
    for place, one in enumerate(views):
        query = read_query(one.query)
        count = None
        if one.pinned and place < PINNED_COUNTED:
            count = page.office.review.list(page.caller, filter_of(page, query, types), page=1, count=1).total
        chips.append((one.name, f"{QUEUE_PATH}?{one.query}", count, kept_query(query) == now))
    return chips


def export(page: PageCall) -> Reply:
    """GET /issuer/queue.csv: everything that the filters match."""
    types = types_of(page)
    rows = [csv_line(view) for view in every_match(page, types)]
    return page.csv([page._(word) for word in CSV_COLUMNS], rows, "credential-requests.csv")


def every_match(page: PageCall, types: Mapping[str, CredentialType]) -> Iterator[RequestView]:
    """Every request that the address's filters match, page by page.

    Raises:
        InvalidFilter: There are too many for one answer.
    """
    wanted = filter_of(page, page.query, types)
    number = 1
    while True:
        found: NumberedPage[RequestView] = page.office.review.list(page.caller, wanted, page=number, count=EXPORT_PAGE)
        if found.total > EXPORT_MAX:
            raise InvalidFilter(f"More than {EXPORT_MAX} requests match. Narrow the filters and export in parts.")
        yield from found.items
        if number * EXPORT_PAGE >= found.total or not found.items:
            return
        number += 1


SAVE_VIEW: Final = Form(
    Field("name", required=True, max_length=80),
    Field("query", max_length=1000),
    Field("pinned", Kind.FLAG),
    Field("preferred", Kind.FLAG),
)


def name_view(page: PageCall) -> Reply:
    """GET /issuer/views: the views that there are, and a form to keep the one in the address."""
    return page.render("issuer/views.html", dialog="dialog", form=page.fresh_form(SAVE_VIEW), **_view_values(page))


def _view_values(page: PageCall) -> dict[str, Any]:
    views = _views(page)
    query = page.form.text("query") if page.form.was_sent else kept_query(page.query)
    return {"saved": views, "kept": query, "back": queue_path(read_query(query)), "chips": _said(page, query)}


def _said(page: PageCall, query: str) -> list[str]:
    """The filters of a query in words."""
    data = read_query(query)
    labels = labels_of(page, types_of(page))
    return [word for word, _ in chips_of(page, labels, data)]


def save_view(page: PageCall) -> Reply:
    """POST /issuer/views."""
    if page.form.errors:
        return page.invalid("issuer/views.html", dialog="dialog", **_view_values(page))
    query = kept_query(read_query(page.form.text("query")))
    view = page.act(
        lambda uow, me: page.office.saved_views.save(
            uow, me, name=page.form.text("name"), query=query, pinned=page.form.flag("pinned"),
            is_default=page.form.flag("preferred"),
        )
    )  # fmt: skip
    return page.done(f"{QUEUE_PATH}?{view.query}", Toast(page._("Saved the view %(name)s.", name=view.name)))


def delete_view(page: PageCall) -> Reply:
    """POST /issuer/views/{view_id}/delete."""
    page.act(lambda uow, me: page.office.saved_views.delete(uow, me, page.params["view_id"]))
    return page.done(f"{QUEUE_PATH}?status={PENDING}", Toast(page._("The view is gone.")))


PAGES: Final = (
    PageRoute("GET", QUEUE_PATH, PageAudience.ISSUER, show, query=QUEUE),
    PageRoute("GET", "/issuer/queue.csv", PageAudience.ISSUER, export, query=QUEUE, deadline_seconds=120),
    PageRoute("GET", "/issuer/views", PageAudience.ISSUER, name_view, query=QUEUE),
    PageRoute("POST", "/issuer/views", PageAudience.ISSUER, save_view, form=SAVE_VIEW),
    PageRoute("POST", "/issuer/views/{view_id}/delete", PageAudience.ISSUER, delete_view),
)
