"""Admin routes of admission: issuers with their scopes, and requests for account roles."""

from __future__ import annotations

from typing import Final

from sealwright.domain.enrollment import IssuerProfile, IssuerState, RoleState
from sealwright.domain.people import AccountRole, Caller
from sealwright.services.enrollment import RoleEntry
from sealwright.services.ports import UnitOfWork
from sealwright.web.api import desk_rendering
from sealwright.web.api.caching import IF_MATCH, expected_version, version_tag
from sealwright.web.api.desk_routes import SEARCH, Family
from sealwright.web.api.shapes import people_answers, people_examples
from sealwright.web.api.shapes.enrollment import DECIDE_ISSUER, DECIDE_ROLE, PUT_ISSUER
from sealwright.web.call import Call
from sealwright.web.page_lists import numbered, numbered_answer, page_asked, page_reply
from sealwright.web.query import Parameter
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Handler, Route


def _issuer(profile: IssuerProfile) -> Reply:
    return json_reply(desk_rendering.issuer(profile), headers=(version_tag(profile.version),))


def list_issuers(call: Call) -> Reply:
    """GET /admin/issuers, and GET /admin/issuer-requests: every profile, or those in one state."""
    page, count = page_asked(call)
    status = call.query.get("status", "all")
    found = call.office.enrollment.issuers(
        call.caller,
        state=None if status == "all" else IssuerState(status),
        search=call.query.get("search"),
        page=page,
        count=count,
    )
    return page_reply(call, found, lambda entry: desk_rendering.issuer(entry.profile))


def get_issuer(call: Call) -> Reply:
    """GET /admin/issuers/{user_id}."""
    return _issuer(call.office.enrollment.issuer(call.caller, call.params["user_id"]).profile)


def put_issuer(call: Call) -> Reply:
    """PUT /admin/issuers."""
    body = call.body
    with expected_version(call) as version:

        def act(uow: UnitOfWork, caller: Caller) -> IssuerProfile:
            return call.office.enrollment.put_issuer(
                uow,
                caller,
                body["user_id"],
                allowed_credentials=body["allowed_credentials"],
                make_issuer=body.get("make_issuer", True),
                state=IssuerState(body["status"]) if "status" in body else None,
                nickname=body.get("nickname"),
                issuer_did=body.get("issuer_did"),
                note=body.get("note"),
                expected_version=version,
            )

        return call.perform(act, _issuer, changes_registry=True)


def decide_issuer(call: Call) -> Reply:
    """PUT /admin/issuer-requests."""
    body = call.body
    with expected_version(call) as version:

        def act(uow: UnitOfWork, caller: Caller) -> IssuerProfile:
            return call.office.enrollment.decide_issuer(
                uow,
                caller,
                body["user_id"],
                IssuerState(body["status"]),
                allowed_credentials=body.get("allowed_credentials"),
                nickname=body.get("nickname"),
                note=body.get("note"),
                expected_version=version,
            )

        return call.perform(act, _issuer, changes_registry=True)


def listing(role: AccountRole) -> Handler:
    """The handler of GET /admin/improver-requests and its kind."""

    def handler(call: Call) -> Reply:
        page, count = page_asked(call)
        status = call.query.get("status", "all")
        found = call.office.enrollment.role_requests(
            call.caller,
            role=role,
            state=None if status == "all" else RoleState(status),
            search=call.query.get("search"),
            page=page,
            count=count,
        )
        return page_reply(call, found, lambda entry: desk_rendering.role_request(entry.request, entry.person))

    return handler


def deciding(role: AccountRole) -> Handler:
    """The handler of PUT /admin/improver-requests and its kind."""

    def handler(call: Call) -> Reply:
        body = call.body
        with expected_version(call) as version:

            def act(uow: UnitOfWork, caller: Caller) -> RoleEntry:
                decided = call.office.enrollment.decide_role(
                    uow,
                    caller,
                    body["user_id"],
                    role,
                    RoleState(body["status"]),
                    note=body.get("note"),
                    expected_version=version,
                )
                person = uow.people.get(body["user_id"])
                assert person is not None
                return RoleEntry(decided, person)

            return call.perform(act, _decided, changes_registry=True)

    return handler


def _decided(entry: RoleEntry) -> Reply:
    return json_reply(
        desk_rendering.role_request(entry.request, entry.person), headers=(version_tag(entry.request.version),)
    )


_FOR_ADMINS: Final = Family("Admission", Audience.ADMIN, "A")
_ISSUER_STATES: Final = [*(state.value for state in IssuerState), "all"]
_ROLE_STATES: Final = [*(state.value for state in RoleState), "all"]


def _status(states: list[str]) -> Parameter:
    node = {"type": "string", "enum": states, "default": "all"}
    return Parameter("status", node, "Those in this state; case does not matter.", folds_case=True)


_WRITE_CODES: Final = (
    "USER_NOT_FOUND",
    "SELF_DECISION",
    "MISSING_FIELD",
    "STATE_CONFLICT",
    "VERSION_CONFLICT",
    "PRECONDITION_FAILED",
    "CONFLICTING_FIELDS",
)
_SCOPE_CODES: Final = ("UNKNOWN_CREDENTIAL_TYPE",)
_ONE_ISSUER: Final = Answered(
    200, "The issuer after the change.", people_answers.ISSUER, people_examples.ISSUER, headers=("ETag",)
)


def _role_routes(role: AccountRole) -> tuple[Route, Route]:
    path, example = f"/admin/{role.value}-requests", people_examples.role_request(role.value)
    return (
        _FOR_ADMINS.gets(
            path,
            f"List requests for the account role {role.value}",
            listing(role),
            numbered_answer(people_answers.ROLE_REQUEST, example, "One page, newest first."),
            query=numbered(SEARCH, _status(_ROLE_STATES)),
        ),
        _FOR_ADMINS.puts(
            path,
            f"Decide on a request for the account role {role.value}",
            deciding(role),
            Answered(200, "The entry after the decision.", people_answers.ROLE_REQUEST, example, headers=("ETag",)),
            body=DECIDE_ROLE,
            codes=("REQUEST_NOT_FOUND", *_WRITE_CODES),
            headers=IF_MATCH,
            fresh=True,
        ),
    )


ROUTES: Final[tuple[Route, ...]] = (
    _FOR_ADMINS.gets(
        "/admin/issuers",
        "List issuers",
        list_issuers,
        numbered_answer(people_answers.ISSUER, people_examples.ISSUER, "One page, newest first."),
        query=numbered(SEARCH, _status(_ISSUER_STATES)),
    ),
    _FOR_ADMINS.puts(
        "/admin/issuers",
        "Set an issuer's role and scope in one act",
        put_issuer,
        _ONE_ISSUER,
        body=PUT_ISSUER,
        codes=(*_WRITE_CODES, *_SCOPE_CODES, "ISSUER_NOT_FOUND"),
        headers=IF_MATCH,
        fresh=True,
    ),
    _FOR_ADMINS.gets(
        "/admin/issuers/{user_id}",
        "Read one issuer",
        get_issuer,
        Answered(200, "The issuer.", people_answers.ISSUER, people_examples.ISSUER, headers=("ETag",)),
        codes=("USER_NOT_FOUND", "REQUEST_NOT_FOUND"),
    ),
    _FOR_ADMINS.gets(
        "/admin/issuer-requests",
        "List requests to be an issuer",
        list_issuers,
        numbered_answer(people_answers.ISSUER, people_examples.PENDING_ISSUER, "One page, newest first."),
        query=numbered(SEARCH, _status(_ISSUER_STATES)),
    ),
    _FOR_ADMINS.puts(
        "/admin/issuer-requests",
        "Decide on a request to be an issuer",
        decide_issuer,
        _ONE_ISSUER,
        body=DECIDE_ISSUER,
        codes=("REQUEST_NOT_FOUND", *_WRITE_CODES, *_SCOPE_CODES),
        headers=IF_MATCH,
        fresh=True,
    ),
    *_role_routes(AccountRole.IMPROVER),
    *_role_routes(AccountRole.PROPOSER),
    *_role_routes(AccountRole.VOTER),
)
