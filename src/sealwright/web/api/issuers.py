"""The review desk's queue: the issuer scope, lists of requests, one request, questions and assignment."""

from __future__ import annotations

from typing import Any, Final

from sealwright.domain.requests import RequestFilter, RequestSort, RequestState
from sealwright.services.review_values import RequestView
from sealwright.web.api import desk_rendering
from sealwright.web.api.caching import version_tag
from sealwright.web.api.desk_routes import SEARCH, Family
from sealwright.web.api.rendering import moment
from sealwright.web.api.shapes import desk_answers, desk_examples
from sealwright.web.api.shapes.parts import BOOLEAN, TIMESTAMP
from sealwright.web.call import Call, ok
from sealwright.web.page_lists import numbered, numbered_answer, page_asked, page_reply
from sealwright.web.query import Parameter, QueryShape
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Route

ALL: Final = "all"


def scopes(call: Call) -> Reply:
    """GET /issuers/scopes."""
    found = call.office.review.scope(call.caller, stats=call.query.get("expand") == "stats")
    members: dict[str, Any] = {
        "user_id": found.user_id,
        "is_issuer": found.is_issuer,
        "allowed_credentials": list(found.allowed_credentials),
        "organization": found.organization,
        "nickname": found.nickname,
    }
    if found.stats is not None:
        stats = found.stats
        members["stats"] = {
            "pending": stats.pending,
            "oldest_at": moment(stats.oldest_at),
            "past_target": stats.past_target,
            "needs_info": stats.needs_info,
            "decided_today": stats.decided_today,
            "types": [
                {
                    "credential_type": one.credential_type,
                    "label": one.label,
                    "pending": one.pending,
                    "oldest_at": moment(one.oldest_at),
                    "median_decision_seconds": one.median_decision_seconds,
                }
                for one in stats.types
            ],
        }
    return ok(members)


def list_requests(call: Call) -> Reply:
    """GET /issuers/credential-requests."""
    page, count = page_asked(call)
    found = call.office.review.list(call.caller, filter_of(call), page=page, count=count)
    return page_reply(call, found, lambda view: rendered(call, view))


def rendered(call: Call, view: RequestView) -> dict[str, Any]:
    """A request as reviewers see it."""
    return desk_rendering.request(view, call.office.clock.now(), for_reviewer=True)


def filter_of(call: Call) -> RequestFilter:
    """What a queue's query asks for; what the caller may not see is cut away by the desk."""
    query = call.query
    status, sort = query.get("status", ALL), query.get("sort", "")
    types = frozenset(query.get("credential_type", ()))
    assignee = query.get("assignee")
    return RequestFilter(
        states=frozenset() if status == ALL else frozenset({RequestState(status)}),
        types=None if not types or ALL in types else types,
        search=query.get("search") or None,
        assignee=call.caller.user_id if assignee == "me" else None if assignee == "none" else assignee,
        unassigned=assignee == "none",
        needs_info=query.get("needs_info"),
        resolved_by=call.caller.user_id if query.get("resolved_by") == "me" else query.get("resolved_by"),
        resolved_after=query.get("resolved_from"),
        requested_after=query.get("requested_from"),
        requested_before=query.get("requested_to"),
        user_id=query.get("user_id"),
        sort=RequestSort(sort.removeprefix("-")) if sort else RequestSort.DEFAULT,
        descending=sort.startswith("-"),
    )


def get_request(call: Call) -> Reply:
    """GET /issuers/credential-requests/{request_id}."""
    detail = call.office.review.get(call.caller, call.params["request_id"])
    members = {**rendered(call, detail.view), "history": desk_rendering.history(detail.history, for_reviewer=True)}
    return json_reply(members, headers=(version_tag(detail.view.request.version),))


def shown(call: Call, view: RequestView) -> Reply:
    """A request after an act on it."""
    return json_reply(rendered(call, view), headers=(version_tag(view.request.version),))


def counts(call: Call) -> Reply:
    """GET /issuers/credential-requests/counts."""
    found = call.office.review.counts(call.caller)
    return ok(
        {
            value: {state.value: states.get(state, 0) for state in RequestState}
            for value, states in sorted(found.items())
        }
    )


_FOR_REVIEWERS: Final = Family("Review", Audience.REVIEWER, "R")
_SORTS: Final = [sort.value for sort in RequestSort if sort is not RequestSort.DEFAULT]
_STATUS: Final = Parameter(
    "status",
    {"type": "string", "enum": [ALL, *(state.value for state in RequestState)], "default": ALL},
    "Requests in this state; case does not matter.",
    folds_case=True,
)
QUEUE: Final = (
    _STATUS,
    Parameter(
        "credential_type",
        {"type": "string", "pattern": "^[a-z0-9_]{1,64}$"},
        "Requests for this type, or for several; `all` for every type in scope.",
        repeatable=True,
    ),
    SEARCH,
    Parameter(
        "assignee",
        {"type": "string", "minLength": 1, "maxLength": 255},
        "Requests that this person takes care of; `me`, or `none` for nobody's.",
    ),
    Parameter("needs_info", BOOLEAN, "Only requests that wait for the requester, or only others."),
    Parameter("requested_from", TIMESTAMP, "Asked for at this moment or later."),
    Parameter("requested_to", TIMESTAMP, "Asked for before this moment."),
    Parameter("user_id", {"type": "string", "minLength": 1, "maxLength": 255}, "Requests of this person."),
    Parameter(
        "resolved_by",
        {"type": "string", "minLength": 1, "maxLength": 255},
        "Requests that this reviewer decided; `me` for the caller.",
    ),
    Parameter("resolved_from", TIMESTAMP, "Decided at this moment or later."),
    Parameter(
        "sort",
        {"type": "string", "enum": [*_SORTS, *(f"-{sort}" for sort in _SORTS)]},
        "The order, `-` for descending; else pending ones first, oldest first, then decided ones, newest first.",
    ),
)
_EXPAND: Final = Parameter("expand", {"type": "string", "enum": ["stats"]}, "`stats`: with the queue's figures.")
PATH: Final = "/issuers/credential-requests"
ONE_PATH: Final = f"{PATH}/{{request_id}}"
# Missing and out of scope are one answer; only admins, who may see all, are told that there is none.
SEEN_CODES: Final = ("OUT_OF_SCOPE", "REQUEST_NOT_FOUND")
ROUTES: Final[tuple[Route, ...]] = (
    _FOR_REVIEWERS.gets(
        "/issuers/scopes",
        "Read one's own issuer scope",
        scopes,
        Answered(200, "The scope.", desk_answers.SCOPE, desk_examples.SCOPE),
        query=QueryShape((_EXPAND,)),
    ),
    _FOR_REVIEWERS.gets(
        PATH,
        "List requests for credentials",
        list_requests,
        numbered_answer(desk_answers.REQUEST, desk_examples.REQUEST, "One page of what the caller may see."),
        query=numbered(*QUEUE),
    ),
    _FOR_REVIEWERS.gets(
        ONE_PATH,
        "Read a request with its history",
        get_request,
        Answered(200, "The request.", desk_answers.REQUEST_DETAIL, desk_examples.REQUEST_DETAIL, headers=("ETag",)),
        codes=SEEN_CODES,
    ),
    _FOR_REVIEWERS.gets(
        f"{PATH}/counts",
        "Count requests by credential type and state",
        counts,
        Answered(200, "By type and state, within the scope.", desk_answers.COUNTS, desk_examples.COUNTS),
    ),
)
