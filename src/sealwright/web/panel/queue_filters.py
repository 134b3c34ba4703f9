"""The queue's filters as they stand in its address: read, said in chips, and handed to the service."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlencode

from sealwright.domain.requests import RequestFilter, RequestSort, RequestState
from sealwright.locales import N_
from sealwright.web.panel.page_form import Field, Form, FormData, Kind

if TYPE_CHECKING:
    from sealwright.domain.catalog import CredentialType
    from sealwright.web.panel.page_call import PageCall

QUEUE_PATH: Final = "/issuer"
ARRIVALS_PATH: Final = "/issuer/queue/new"
ALL: Final = "all"
PENDING: Final = RequestState.PENDING.value
NEEDS_INFO, PAST_TARGET, MINE_TODAY = "needs_info", "past_target", "mine_today"
ME, NOBODY = "me", "nobody"

STATES: Final = (PENDING, ALL, *(one.value for one in RequestState if one is not RequestState.PENDING))
MARKS: Final = (NEEDS_INFO, PAST_TARGET, MINE_TODAY)
AGES: Final = ("1", "3", "7", "30")
SORTS: Final[Mapping[str, tuple[RequestSort, bool]]] = {
    "oldest": (RequestSort.REQUESTED_AT, False),
    "newest": (RequestSort.REQUESTED_AT, True),
    "name": (RequestSort.REQUESTER_NAME, False),
}

# The fields of the queue's address; a request's own page carries them along, to know what comes before and after.
FILTER_FIELDS: Final = (
    Field("status", Kind.CHOICE, choices=STATES),
    Field("type", many=True, max_length=64),
    Field("q", max_length=200),
    Field("assignee", max_length=255),
    Field("mark", Kind.CHOICE, choices=MARKS),
    Field("age", Kind.CHOICE, choices=AGES),
    Field("sort", Kind.CHOICE, choices=tuple(SORTS)),
)
QUEUE: Final = Form(*FILTER_FIELDS, Field("page", Kind.NUMBER), Field("count", Kind.NUMBER))

MARK_WORDS: Final = {
    NEEDS_INFO: N_("Needs info"),
    PAST_TARGET: N_("Past target"),
    MINE_TODAY: N_("Decided by me today"),
}


def read_query(text: str) -> FormData:
    """Read the filters out of an address's query, as a saved view keeps it."""
    return QUEUE.read(parse_qsl(text.removeprefix("?")), judged=False)


def filter_of(page: PageCall, query: FormData, types: Mapping[str, CredentialType]) -> RequestFilter:
    """What the filters ask of the service. What lies outside the issuer scope the service itself leaves out."""
    status, mark, assignee = query.choice("status", PENDING), query.choice("mark", ""), query.text("assignee")
    states = frozenset[RequestState]() if status == ALL or mark == MINE_TODAY else frozenset({RequestState(status)})
    sort, descending = SORTS.get(query.choice("sort", ""), (RequestSort.DEFAULT, False))
    chosen = query.many("type")
    age = query.choice("age", "")
    today = page.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return RequestFilter(
        states=states,
        types=frozenset(chosen) if chosen else None,
        search=query.optional("q"),
        assignee=page.caller.user_id if assignee == ME else assignee if assignee not in {"", NOBODY} else None,
        unassigned=assignee == NOBODY,
        needs_info=True if mark == NEEDS_INFO else None,
        requested_before=page.now - timedelta(days=int(age)) if age else None,
        late_before=_late_before(page, types) if mark == PAST_TARGET else None,
        resolved_by=page.caller.user_id if mark == MINE_TODAY else None,
        resolved_after=today if mark == MINE_TODAY else None,
        sort=sort,
        descending=descending,
    )


def _late_before(page: PageCall, types: Mapping[str, CredentialType]) -> dict[str, datetime]:
    return {
        value: page.now - timedelta(hours=one.target_hours)
        for value, one in types.items()
        if one.target_hours is not None
    }


def kept_query(query: FormData, **changes: str) -> str:
    """The filters of an address alone, without its page: what goes along to a request's own page."""
    known = {field.name for field in FILTER_FIELDS} - set(changes)
    return urlencode([*((name, value) for name, value in query.pairs() if name in known), *changes.items()])


def arrivals_path(page: PageCall) -> str | None:
    """Where to ask what has come since now; None for lists that nothing new can come into."""
    query = page.query
    is_open = query.choice("status", PENDING) in {PENDING, ALL}
    if not is_open or query.choice("age", "") or query.choice("mark", "") in {PAST_TARGET, MINE_TODAY}:
        return None
    return f"{ARRIVALS_PATH}?{kept_query(query, since=str(int(page.now.timestamp())))}"


def queue_path(query: FormData, *, page: int = 1, **changes: str) -> str:
    """The queue's address with these filters."""
    kept = kept_query(query, **changes)
    if page > 1:
        kept = f"{kept}&page={page}" if kept else f"page={page}"
    return f"{QUEUE_PATH}?{kept}" if kept else QUEUE_PATH


def chips_of(page: PageCall, labels: Mapping[str, str], query: FormData | None = None) -> list[tuple[str, str]]:
    """Every active filter in words, with the address that lacks it; those of the page unless others are given."""
    query = page.query if query is None else query
    chosen = query.many("type")
    chips = [
        (labels.get(value, value), page.href(type=[one for one in chosen if one != value], page=None))
        for value in chosen
    ]
    if text := query.text("q"):
        chips.append((page._("Search: %(text)s", text=text), page.href(q=None, page=None)))
    if assignee := query.text("assignee"):
        words = {ME: page._("Assigned to me"), NOBODY: page._("Assigned to nobody")}
        said = words.get(assignee) or page._("Assigned to %(name)s", name=assignee)
        chips.append((said, page.href(assignee=None, page=None)))
    if mark := query.choice("mark", ""):
        chips.append((page._(MARK_WORDS[mark]), page.href(mark=None, page=None)))
    if age := query.choice("age", ""):
        words_of_age = page.ngettext("Older than %(num)s day", "Older than %(num)s days", int(age))
        chips.append((words_of_age, page.href(age=None, page=None)))
    return chips
