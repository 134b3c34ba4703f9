"""Lists of grants: a person's, for reviewers, and one's own."""

from __future__ import annotations

from typing import Final

from sealwright.domain.grants import GrantStatus
from sealwright.web.api import desk_rendering
from sealwright.web.api.desk_routes import Family
from sealwright.web.api.shapes import desk_answers, desk_examples
from sealwright.web.call import Call
from sealwright.web.page_lists import numbered, numbered_answer, page_reply, sliced
from sealwright.web.query import Parameter
from sealwright.web.reply import Reply
from sealwright.web.route import Audience, Route


def grants_of(call: Call) -> Reply:
    """GET /issuers/credentials/{user_id}, and its other address."""
    found = call.office.granting.of_person(call.caller, call.params["user_id"], status=_status(call))
    now, caller = call.office.clock.now(), call.caller
    return page_reply(
        call,
        sliced(call, found),
        lambda one: desk_rendering.grant(one, now, in_scope=caller.covers(one.credential_type)),
    )


def own_grants(call: Call) -> Reply:
    """GET /improvers/credentials."""
    found = call.office.granting.own(call.caller, status=_status(call))
    now = call.office.clock.now()
    return page_reply(call, sliced(call, found), lambda one: desk_rendering.grant(one, now, in_scope=True))


def _status(call: Call) -> GrantStatus | None:
    status = call.query.get("status", "all")
    return None if status == "all" else GrantStatus(status)


_STATUS: Final = Parameter(
    "status",
    {"type": "string", "enum": ["all", *(status.value for status in GrantStatus)], "default": "all"},
    "Grants in this state; case does not matter.",
    folds_case=True,
)
_FOR_REVIEWERS: Final = Family("Grants", Audience.REVIEWER, "R")
_FOR_IMPROVERS: Final = Family("Improvers", Audience.IMPROVER, "M")


def _grants_route(path: str) -> Route:
    return _FOR_REVIEWERS.gets(
        path,
        "List the grants of a person, past and present",
        grants_of,
        numbered_answer(desk_answers.GRANT, desk_examples.GRANT, "One page, newest first, of every type."),
        query=numbered(_STATUS),
        codes=("USER_NOT_FOUND",),
    )


ROUTES: Final[tuple[Route, ...]] = (
    _grants_route("/issuers/credentials/{user_id}"),
    _grants_route("/issuer/users/{user_id}/credentials"),
    _FOR_IMPROVERS.gets(
        "/improvers/credentials",
        "List one's own grants, past and present",
        own_grants,
        numbered_answer(desk_answers.GRANT, desk_examples.GRANT, "One page, newest first."),
        query=numbered(_STATUS),
    ),
)
