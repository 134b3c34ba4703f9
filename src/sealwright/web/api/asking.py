"""Asking requesters, and saying who takes care of requests: one by one, or many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sealwright.services.review_values import AskedItem
from sealwright.web.api.desk_routes import Family
from sealwright.web.api.holders import found_person
from sealwright.web.api.issuers import ONE_PATH, PATH, SEEN_CODES, shown
from sealwright.web.api.shapes import desk_answers, desk_examples
from sealwright.web.api.shapes.review import ASK, ASK_MANY, ASSIGN, ASSIGN_MANY
from sealwright.web.call import Call
from sealwright.web.page_lists import numbered, numbered_answer, page_reply, sliced
from sealwright.web.problems import fault_for
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Route


def ask(call: Call) -> Reply:
    """POST /issuers/credential-requests/{request_id}/ask."""
    return call.perform(
        lambda uow, caller: call.office.review.ask(uow, caller, call.params["request_id"], call.body["message"]),
        lambda view: shown(call, view),
    )


def assign(call: Call) -> Reply:
    """POST /issuers/credential-requests/{request_id}/assign."""
    return call.perform(
        lambda uow, caller: call.office.review.assign(
            uow, caller, call.params["request_id"], call.body["assignee_user_id"]
        ),
        lambda view: shown(call, view),
    )


def ask_many(call: Call) -> Reply:
    """POST /issuers/credential-requests/ask."""
    body = call.body
    return call.once(
        lambda: call.office.review.ask_many(call.caller, body["request_ids"], body["message"]), _each_answered
    )


def assign_many(call: Call) -> Reply:
    """POST /issuers/credential-requests/assign."""
    body = call.body
    return call.once(
        lambda: call.office.review.assign_many(call.caller, body["request_ids"], body["assignee_user_id"]),
        _each_answered,
    )


def _each_answered(items: Sequence[AskedItem]) -> Reply:
    rows = [
        {
            "request_id": item.request_id,
            "status": item.view.request.state.value if item.view is not None else None,
            "error": fault_for(item.error) if item.error is not None else None,
        }
        for item in items
    ]
    failed = sum(item.error is not None for item in items)
    return json_reply({"results": rows, "done": len(rows) - failed, "failed": failed})


def reviewers(call: Call) -> Reply:
    """GET /issuers/credential-requests/{request_id}/reviewers."""
    found = call.office.review.reviewers(call.caller, call.params["request_id"])
    return page_reply(call, sliced(call, found, whole_unless_paged=True), found_person)


_FOR_REVIEWERS: Final = Family("Review", Audience.REVIEWER, "R")
_NOW: Final = (
    Answered(200, "The request after the act.", desk_answers.REQUEST, desk_examples.NEEDS_INFO, headers=("ETag",)),
)
_EACH: Final = (Answered(200, "What became of each.", desk_answers.EACH, desk_examples.EACH),)

ROUTES: Final[tuple[Route, ...]] = (
    _FOR_REVIEWERS.gets(
        f"{ONE_PATH}/reviewers",
        "List who may be assigned to a request",
        reviewers,
        numbered_answer(desk_answers.FOUND_PERSON, desk_examples.FOUND_PERSON, "All of them, by name; or one page."),
        query=numbered(),
        codes=SEEN_CODES,
    ),
    _FOR_REVIEWERS.posts(
        f"{PATH}/ask",
        "Ask many requesters the same",
        ask_many,
        _EACH,
        body=ASK_MANY,
        codes=("BATCH_TOO_LARGE",),
        deadline_seconds=120.0,
    ),
    _FOR_REVIEWERS.posts(
        f"{PATH}/assign",
        "Say who takes care of many requests",
        assign_many,
        _EACH,
        body=ASSIGN_MANY,
        codes=("BATCH_TOO_LARGE",),
        deadline_seconds=120.0,
    ),
    _FOR_REVIEWERS.posts(
        f"{ONE_PATH}/ask",
        "Ask the requester for information",
        ask,
        _NOW,
        body=ASK,
        codes=(*SEEN_CODES, "STATE_CONFLICT"),
    ),
    _FOR_REVIEWERS.posts(
        f"{ONE_PATH}/assign",
        "Say who takes care of a request",
        assign,
        _NOW,
        body=ASSIGN,
        codes=(*SEEN_CODES, "STATE_CONFLICT", "USER_NOT_FOUND"),
    ),
)
