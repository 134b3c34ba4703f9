"""Admin routes of the register of people, and of the letters that the office sends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sealwright.domain.notices import Mail
from sealwright.domain.people import AccountRole, Caller, Person
from sealwright.services.email_addresses import read_email
from sealwright.services.people import NewPerson, PeopleDesk
from sealwright.services.ports import UnitOfWork
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.web.api import desk_rendering
from sealwright.web.api.desk_routes import SEARCH, Family
from sealwright.web.api.rendering import moment
from sealwright.web.api.shapes import people_answers, people_examples
from sealwright.web.api.shapes.enrollment import CREATE_USER, INVITE, ROLES, SEND_TEST, SET_ROLE
from sealwright.web.api.shapes.registry import NOTHING
from sealwright.web.call import Call, ok
from sealwright.web.page_lists import numbered, numbered_answer, page_asked, page_reply
from sealwright.web.query import Parameter
from sealwright.web.reply import Reply, header_text, json_reply
from sealwright.web.route import Answered, Audience, Handler, Route


def list_users(call: Call) -> Reply:
    """GET /admin/users."""
    page, count = page_asked(call)
    found = call.office.people.search(
        call.caller, call.query.get("search", ""), role=call.query.get("role"), page=page, count=count
    )
    return page_reply(call, found, lambda one: _person(call, one))


def get_user(call: Call) -> Reply:
    """GET /admin/users/{user_id}."""
    sheet = call.office.account_sheets.get(call.caller, call.params["user_id"])
    return ok(desk_rendering.person(sheet.person, sheet.standing))


def _person(call: Call, person: Person) -> dict[str, Any]:
    return desk_rendering.person(person, call.office.enrollment.standing(call.caller, person.user_id))


def create_user(call: Call) -> Reply:
    """POST /admin/users."""
    body = call.body
    wish = NewPerson(
        email=read_email(body["email"]),
        display_name=body["display_name"],
        roles=frozenset(AccountRole(role) for role in body.get("roles", ())),
        verified=body.get("verified", False),
        user_id=body.get("id"),
    )
    return _changed(call, lambda uow, caller: call.office.people.create(uow, caller, wish), 201)


def set_role(call: Call) -> Reply:
    """PUT /admin/users."""
    body = call.body
    return _changed(
        call,
        lambda uow, caller: call.office.enrollment.set_role(
            uow, caller, body["user_id"], AccountRole(body["role"]), body["value"]
        ),
    )


def switching(choose: Callable[[PeopleDesk], Callable[[UnitOfWork, Caller, str], Person]]) -> Handler:
    """The handler of POST /admin/users/{user_id}/deactivate, or of its counterpart."""

    def handler(call: Call) -> Reply:
        switch = choose(call.office.people)
        return _changed(call, lambda uow, caller: switch(uow, caller, call.params["user_id"]))

    return handler


def _changed(call: Call, act: Callable[[UnitOfWork, Caller], Person], status: int = 200) -> Reply:
    def with_standing(uow: UnitOfWork, caller: Caller) -> dict[str, Any]:
        person = act(uow, caller)
        return desk_rendering.person(person, call.office.enrollment.standing_of(uow, person))

    def render(members: dict[str, Any]) -> Reply:
        reply = json_reply(members, status)
        if status != 201:
            return reply
        return reply.with_headers((b"location", header_text(f"/admin/users/{members['user_id']}")))

    return call.perform(with_standing, render, changes_registry=True)


def invite(call: Call) -> Reply:
    """POST /admin/invitations."""
    body = call.body
    email = read_email(body["email"])
    return call.perform(
        lambda uow, caller: call.office.sign_in.invite(
            uow,
            caller,
            email,
            locale=body.get("locale"),
            display_name=body.get("display_name", ""),
            roles=[AccountRole(role) for role in body.get("roles", ())],
            scopes=body.get("allowed_credentials", ()),
        ),
        lambda link: json_reply({"email": email, "link": link}, 201),
        changes_registry=True,
        is_secret=True,
    )


def outbox(call: Call) -> Reply:
    """GET /admin/outbox."""
    page, count = page_asked(call)
    return page_reply(call, call.office.mailing.outbox(call.caller, page=page, count=count), _mail)


def send_test(call: Call) -> Reply:
    """POST /admin/outbox/test."""
    return call.once(lambda: call.office.mailing.send_test(call.caller, call.body.get("to")), _sent)


def _sent(mail: Mail) -> Reply:
    return json_reply(_mail(mail), 201)


def _mail(mail: Mail) -> dict[str, Any]:
    return {
        "id": mail.mail_id,
        "user_id": mail.user_id,
        "to": mail.to,
        "kind": mail.kind,
        "locale": mail.locale,
        "subject": mail.subject,
        "created_at": format_timestamp(mail.created_at),
        "sent_at": moment(mail.sent_at),
        "attempts": mail.attempts,
    }


_FOR_ADMINS: Final = Family("Users", Audience.ADMIN, "A")
_LETTERS: Final = Family("Outbox", Audience.ADMIN, "A")
_ROLE: Final = Parameter("role", {"type": "string", "enum": list(ROLES)}, "People with this account role.")
_ONE: Final = Answered(200, "The person.", people_answers.PERSON, people_examples.PERSON)
_PATH: Final = "/admin/users"
_ONE_PATH: Final = f"{_PATH}/{{user_id}}"

ROUTES: Final[tuple[Route, ...]] = (
    _FOR_ADMINS.gets(
        _PATH,
        "List people",
        list_users,
        numbered_answer(people_answers.PERSON, people_examples.PERSON, "One page, by name."),
        query=numbered(SEARCH, _ROLE),
    ),
    _FOR_ADMINS.posts(
        _PATH,
        "Give somebody an account",
        create_user,
        (Answered(201, "The person.", people_answers.PERSON, people_examples.PERSON, headers=("Location",)),),
        body=CREATE_USER,
        codes=("EMAIL_IN_USE", "STATE_CONFLICT"),
        fresh=True,
    ),
    _FOR_ADMINS.puts(
        _PATH,
        "Give or take an account role",
        set_role,
        _ONE,
        body=SET_ROLE,
        codes=("USER_NOT_FOUND", "SELF_DECISION", "LAST_ADMIN", "STATE_CONFLICT"),
        fresh=True,
    ),
    _FOR_ADMINS.gets(_ONE_PATH, "Read a person", get_user, _ONE, codes=("USER_NOT_FOUND",)),
    _FOR_ADMINS.posts(
        f"{_ONE_PATH}/deactivate",
        "End somebody's access at once",
        switching(lambda desk: desk.deactivate),
        (_ONE,),
        body=NOTHING,
        codes=("USER_NOT_FOUND", "LAST_ADMIN"),
        fresh=True,
    ),
    _FOR_ADMINS.posts(
        f"{_ONE_PATH}/activate",
        "Open a deactivated account again",
        switching(lambda desk: desk.activate),
        (_ONE,),
        body=NOTHING,
        codes=("USER_NOT_FOUND",),
        fresh=True,
    ),
    _FOR_ADMINS.posts(
        "/admin/invitations",
        "Invite somebody by e-mail",
        invite,
        (Answered(201, "The link of the letter, this once.", people_answers.INVITATION, people_examples.INVITATION),),
        body=INVITE,
        codes=("EMAIL_IN_USE", "UNKNOWN_CREDENTIAL_TYPE", "CONFLICTING_FIELDS", "SEALED"),
        fresh=True,
    ),
    _LETTERS.gets(
        "/admin/outbox",
        "List letters, sent and waiting",
        outbox,
        numbered_answer(people_answers.MAIL, people_examples.MAIL, "One page, newest first; without their texts."),
        query=numbered(),
    ),
    _LETTERS.posts(
        "/admin/outbox/test",
        "Send a test letter",
        send_test,
        (Answered(201, "Sent.", people_answers.MAIL, people_examples.MAIL),),
        body=SEND_TEST,
        codes=("UNAVAILABLE",),
    ),
)
