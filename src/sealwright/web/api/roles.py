"""Asking for account roles: improver, proposer and voter, and for the standing of an issuer."""

from __future__ import annotations

from typing import Final

from sealwright.domain.people import AccountRole
from sealwright.web.api import desk_rendering
from sealwright.web.api.desk_routes import Family
from sealwright.web.api.shapes import people_answers, people_examples
from sealwright.web.api.shapes.enrollment import LEAVE_ROLE, REQUEST_ISSUER, REQUEST_ROLE, REQUEST_SCOPE
from sealwright.web.call import Call
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Handler, Route


def asking_for(role: AccountRole) -> Handler:
    """The handler of POST /improvers/request and its kind."""

    def handler(call: Call) -> Reply:
        body = call.body
        return call.perform(
            lambda uow, caller: call.office.enrollment.request_role(
                uow,
                caller,
                role,
                first_name=body.get("first_name"),
                last_name=body.get("last_name"),
                note=body.get("note"),
            ),
            lambda asked: json_reply(desk_rendering.own_role(asked), 201),
            changes_registry=True,
        )

    return handler


def leaving(role: AccountRole) -> Handler:
    """The handler of POST /improvers/leave and its kind."""

    def handler(call: Call) -> Reply:
        return call.perform(
            lambda uow, caller: call.office.enrollment.leave_role(uow, caller, role, note=call.body.get("note")),
            lambda left: json_reply(desk_rendering.own_role(left)),
            changes_registry=True,
        )

    return handler


def request_issuer(call: Call) -> Reply:
    """POST /issuers/request."""
    body = call.body
    return call.perform(
        lambda uow, caller: call.office.enrollment.request_issuer(
            uow,
            caller,
            organization=body["organization"],
            email=body["email"],
            credential_types=body.get("credential_types", ()),
            justification=body.get("justification"),
        ),
        lambda profile: json_reply(desk_rendering.issuer(profile), 201),
        changes_registry=True,
    )


def leave_issuer(call: Call) -> Reply:
    """POST /issuers/leave."""
    return call.perform(
        lambda uow, caller: call.office.enrollment.leave_issuer(uow, caller, note=call.body.get("note")),
        lambda profile: json_reply(desk_rendering.issuer(profile)),
        changes_registry=True,
    )


def request_scope(call: Call) -> Reply:
    """POST /issuers/scopes/request."""
    body = call.body
    return call.perform(
        lambda uow, caller: call.office.enrollment.ask_scope_change(
            uow, caller, credential_types=body.get("credential_types", ()), message=body.get("message")
        ),
        lambda _: Reply(204, media_type=None),
        changes_registry=True,
    )


_FOR_PEOPLE: Final = Family("Account roles", Audience.PERSON, "U")
_FOR_REVIEWERS: Final = Family("Account roles", Audience.REVIEWER, "R")
_ASKING_CODES: Final = ("EMAIL_NOT_VERIFIED", "ALREADY_APPROVED", "REQUEST_PENDING_EXISTS")


def _role_routes(family: str, role: AccountRole) -> tuple[Route, Route]:
    return (
        _FOR_PEOPLE.posts(
            f"/{family}/request",
            f"Ask for the account role {role.value}",
            asking_for(role),
            (Answered(201, "Asked for.", people_answers.OWN_ROLE, people_examples.own_role(role.value)),),
            body=REQUEST_ROLE,
            codes=_ASKING_CODES,
        ),
        _FOR_PEOPLE.posts(
            f"/{family}/leave",
            f"Give up the account role {role.value}",
            leaving(role),
            (Answered(200, "Given up.", people_answers.OWN_ROLE, people_examples.own_role(role.value, "ended")),),
            body=LEAVE_ROLE,
            codes=("REQUEST_NOT_FOUND",),
        ),
    )


ROUTES: Final[tuple[Route, ...]] = (
    *_role_routes("improvers", AccountRole.IMPROVER),
    *_role_routes("proposers", AccountRole.PROPOSER),
    *_role_routes("voters", AccountRole.VOTER),
    _FOR_PEOPLE.posts(
        "/issuers/request",
        "Ask to be an issuer",
        request_issuer,
        (Answered(201, "Asked for.", people_answers.ISSUER, people_examples.PENDING_ISSUER),),
        body=REQUEST_ISSUER,
        codes=(*_ASKING_CODES, "STATE_CONFLICT", "UNKNOWN_CREDENTIAL_TYPE"),
    ),
    _FOR_PEOPLE.posts(
        "/issuers/leave",
        "Give up being an issuer",
        leave_issuer,
        (Answered(200, "Given up.", people_answers.ISSUER, people_examples.ENDED_ISSUER),),
        body=LEAVE_ROLE,
        codes=("REQUEST_NOT_FOUND",),
    ),
    _FOR_REVIEWERS.posts(
        "/issuers/scopes/request",
        "Ask the admins for another issuer scope",
        request_scope,
        (Answered(204, "Sent to the admins."),),
        body=REQUEST_SCOPE,
        codes=("UNKNOWN_CREDENTIAL_TYPE",),
    ),
)
