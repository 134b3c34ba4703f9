"""Acts on many requests at once: one word for all, a result for each, one Undo (S4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.errors import DomainError, InvalidFilter
from sealwright.domain.requests import RequestState
from sealwright.locales import N_
from sealwright.services.review_values import AskedItem, DecidedItem, Decision
from sealwright.web.panel.issuer import labels_of, types_of
from sealwright.web.panel.page_form import REQUIRED, Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.queue_filters import QUEUE, filter_of, queue_path, read_query
from sealwright.web.panel.queue_rows import CSV_COLUMNS, csv_line
from sealwright.web.panel.refusal_words import refusal_words
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.services.review_values import RequestView
    from sealwright.web.panel.page_call import PageCall

# One batch; more is done in further ones, so that no answer waits for hundreds of transactions.
BULK_MAX: Final = 100
APPROVE, REJECT, ASK, TAKE, RELEASE, CSV = "approve", "reject", "ask", "take", "release", "csv"

BULK: Final = Form(
    Field("act", Kind.CHOICE, required=True, choices=(APPROVE, REJECT, ASK, TAKE, RELEASE, CSV)),
    Field("id", many=True, max_length=80),
    Field("all", max_length=20),
    Field("kept", max_length=1000),
    Field("note", max_length=2000),
    Field("message", max_length=2000),
    Field("sure", Kind.FLAG),
)
UNDO: Final = Form(Field("id", many=True, required=True, max_length=80), Field("kept", max_length=1000))
NOTHING: Final = N_("Select at least one request.")
_TEMPLATE: Final = "issuer/bulk.html"
_RESULT: Final = "issuer/bulk_result.html"


@dataclass(frozen=True, slots=True)
class Chosen:
    """One selected request and the version that was shown of it."""

    request_id: str
    version: int | None

    @property
    def id(self) -> str:
        """As boxes carry it."""
        return f"{self.request_id}:{self.version}" if self.version is not None else self.request_id


@dataclass(frozen=True, slots=True)
class ResultLine:
    """What became of one request."""

    request_id: str
    name: str
    type: str
    refusal: str | None
    undo_id: str | None = None


def decide(page: PageCall) -> Reply:
    """POST /issuer/queue: act on what was selected; a question or a rejection first asks for its words."""
    act = page.form.choice("act", "")
    chosen = _chosen(page)
    if not chosen and not page.form.error_of("act"):
        page.form.fail("", NOTHING)
    needed = {REJECT: "note", ASK: "message"}.get(act)
    if not page.form.errors and needed is not None and not page.form.text(needed):
        if page.form.flag("sure"):
            page.form.fail(needed, REQUIRED)
        return page.render(_TEMPLATE, status=422 if page.form.errors else 200, **_words_values(page, act, chosen))
    if page.form.errors:
        return page.invalid(_TEMPLATE, **_words_values(page, act, chosen))
    if act == CSV:
        rows = [csv_line(page.office.review.view(page.caller, one.request_id)) for one in chosen]
        page.office.looks.exported(page.caller, "request_list", "requests", len(rows))
        return page.csv([page._(word) for word in CSV_COLUMNS], rows, "credential-requests.csv")
    lines = _done(page, act, chosen)
    return page.render(_RESULT, **_result_values(page, act, lines, page.form.text("kept")))


def _chosen(page: PageCall) -> list[Chosen]:
    """What was selected: the ticked ones, or everything that the filters match."""
    review = page.office.review
    if page.form.text("all"):
        query = read_query(page.form.text("kept"))
        found = review.list(page.caller, filter_of(page, query, types_of(page)), page=1, count=BULK_MAX)
        if found.total > BULK_MAX:
            raise InvalidFilter(f"At most {BULK_MAX} requests are decided at once. Narrow the filters.")
        return [Chosen(view.request.request_id, view.request.version) for view in found.items if not view.is_yours]
    return _chosen_of(page.form.many("id"))


def _done(page: PageCall, act: str, chosen: Sequence[Chosen]) -> list[ResultLine]:
    review, caller = page.office.review, page.caller
    ids = [one.request_id for one in chosen]
    if act in {APPROVE, REJECT}:
        state = RequestState.APPROVED if act == APPROVE else RequestState.REJECTED
        note, message = page.form.optional("note"), page.form.optional("message")
        wishes = [
            Decision(one.request_id, state, note=note, message=message, expected_version=one.version, hold=True)
            for one in chosen
        ]
        return _lines(page, review.decide_many(caller, wishes))
    if act == ASK:
        return _lines(page, review.ask_many(caller, ids, page.form.text("message")))
    return _lines(page, review.assign_many(caller, ids, caller.user_id if act == TAKE else None))


def _lines(page: PageCall, items: Iterable[DecidedItem | AskedItem]) -> list[ResultLine]:
    labels = labels_of(page, types_of(page))
    lines = []
    for one in items:
        view = _view_of(one)
        if view is not None:
            request = view.request
            undo = f"{request.request_id}:{request.version}" if view.undo_until is not None else None
            label = labels.get(request.credential_type, request.credential_type)
            lines.append(ResultLine(request.request_id, view.requester.display_name, label, None, undo))
        else:
            name, label = _who(page, one.request_id, labels)
            lines.append(
                ResultLine(one.request_id, name, label, refusal_words(page.texts, one.error) if one.error else "")
            )
    return lines


def _view_of(one: DecidedItem | AskedItem) -> RequestView | None:
    if isinstance(one, AskedItem):
        return one.view
    return one.decided.view if one.decided is not None else None


def _who(page: PageCall, request_id: str, labels: dict[str, str]) -> tuple[str, str]:
    """Whose request was refused; nothing but its id where the caller may not see it."""
    try:
        view = page.office.review.view(page.caller, request_id)
    except DomainError:
        return request_id, ""
    return view.requester.display_name, labels.get(view.request.credential_type, view.request.credential_type)


def _words_values(page: PageCall, act: str, chosen: Sequence[Chosen]) -> dict[str, Any]:
    return {"act": act, "chosen": chosen, "kept": page.form.text("kept"), "back": _back(page)}


def _result_values(page: PageCall, act: str, lines: Sequence[ResultLine], kept: str) -> dict[str, Any]:
    good = [one for one in lines if one.refusal is None]
    bad = [one for one in lines if one.refusal is not None]
    undo = [one.undo_id for one in good if one.undo_id is not None]
    return {
        "act": act,
        "good": good,
        "bad": bad,
        "title": _title(page, act, len(good), len(bad)),
        "undo": undo,
        "undo_seconds": page.office.limits.undo_seconds,
        "kept": kept,
        "back": _back(page),
        "note": page.form.text("note") if act != "undo" else "",
        "message": page.form.text("message") if act != "undo" else "",
    }


def _title(page: PageCall, act: str, good: int, bad: int) -> str:
    said = {
        APPROVE: page.ngettext("%(num)s approved", "%(num)s approved", good),
        REJECT: page.ngettext("%(num)s rejected", "%(num)s rejected", good),
        ASK: page.ngettext("%(num)s asked for information", "%(num)s asked for information", good),
        TAKE: page.ngettext("%(num)s assigned to you", "%(num)s assigned to you", good),
        RELEASE: page.ngettext("%(num)s assigned to nobody", "%(num)s assigned to nobody", good),
    }.get(act, page.ngettext("%(num)s taken back", "%(num)s taken back", good))
    if not bad:
        return said
    return page._("%(done)s, %(failed)s", done=said, failed=page.ngettext("%(num)s failed", "%(num)s failed", bad))


def _back(page: PageCall) -> str:
    return queue_path(read_query(page.form.text("kept")))


def undo(page: PageCall) -> Reply:
    """POST /issuer/queue/undo: take a bulk decision back, each request by itself."""
    items: list[DecidedItem] = []
    for one in _chosen_of(page.form.many("id")):
        try:
            done = page.office.review.undo(page.caller, one.request_id, one.version)
            items.append(DecidedItem(one.request_id, done))
        except DomainError as error:
            items.append(DecidedItem(one.request_id, None, error))
    return page.render(_RESULT, **_result_values(page, "undo", _lines(page, items), page.form.text("kept")))


def _chosen_of(texts: Iterable[str]) -> list[Chosen]:
    chosen = []
    for text in list(texts)[:BULK_MAX]:
        request_id, _, version = text.partition(":")
        chosen.append(Chosen(request_id, int(version) if version.isascii() and version.isdigit() else None))
    return chosen


PAGES: Final = (
    PageRoute("POST", "/issuer/queue", PageAudience.ISSUER, decide, form=BULK, query=QUEUE, deadline_seconds=120),
    PageRoute("POST", "/issuer/queue/undo", PageAudience.ISSUER, undo, form=UNDO, deadline_seconds=120),
)
