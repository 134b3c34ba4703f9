"""The catalog of credential types: what people may ask for, and how admins keep it."""

from __future__ import annotations

from typing import Any, Final, cast

from sealwright.domain.catalog import CredentialType, RevocationPolicy, Visibility
from sealwright.domain.people import Caller
from sealwright.services.catalog import TypeMembers
from sealwright.services.ports import UnitOfWork
from sealwright.web.api import desk_rendering
from sealwright.web.api.caching import IF_MATCH, version_in_header, version_tag
from sealwright.web.api.desk_routes import Family
from sealwright.web.api.shapes import people_answers, people_examples
from sealwright.web.api.shapes.enrollment import CREATE_TYPE, UPDATE_TYPE
from sealwright.web.api.shapes.parts import BOOLEAN
from sealwright.web.api.shapes.registry import NOTHING
from sealwright.web.call import Call
from sealwright.web.page_lists import numbered, numbered_answer, page_reply, sliced
from sealwright.web.query import Parameter, QueryShape
from sealwright.web.reply import Reply, header_text, json_reply
from sealwright.web.route import Answered, Audience, Handler, Route


def list_visible(call: Call) -> Reply:
    """GET /credentials/types."""
    found = call.office.catalog.visible(call.caller)
    return page_reply(call, sliced(call, found, whole_unless_paged=True), desk_rendering.credential_type)


def list_all(call: Call) -> Reply:
    """GET /admin/credential-types."""
    found = call.office.catalog.all(call.caller, active=call.query.get("active"))
    return page_reply(call, sliced(call, found, whole_unless_paged=True), desk_rendering.credential_type)


def get_type(call: Call) -> Reply:
    """GET /admin/credential-types/{value}."""
    return _shown(call.office.catalog.get(call.caller, call.params["value"]))


def get_usage(call: Call) -> Reply:
    """GET /admin/credential-types/{value}/usage."""
    usage = call.office.catalog.usage(call.caller, call.params["value"])
    members = {name: getattr(usage, name) for name in ("requests", "grants", "scopes", "workflow_roles")}
    return json_reply({**members, "used": usage.is_used})


def create(call: Call) -> Reply:
    """POST /admin/credential-types."""
    value, members = call.body["value"], _members(call.body)
    scope = call.scope()
    if scope is None or call.office.acts.replay(scope) is None:
        # Proving a schema takes its time, so it is done before a transaction is open.
        call.office.catalog.prepare(value, members)
    location = (b"location", header_text(f"/admin/credential-types/{value}"))
    return call.perform(
        lambda uow, caller: call.office.catalog.create(uow, caller, value, members),
        lambda record: _shown(record, 201).with_headers(location),
        changes_registry=True,
    )


def update(call: Call) -> Reply:
    """PUT /admin/credential-types/{value}."""
    expected, if_match = call.body.get("expected_version"), version_in_header(call)
    return call.perform(
        lambda uow, caller: call.office.catalog.update(
            uow, caller, call.params["value"], _members(call.body), expected_version=expected, if_match=if_match
        ),
        _shown,
        changes_registry=True,
    )


def delete(call: Call) -> Reply:
    """DELETE /admin/credential-types/{value}."""
    catalog, value = call.office.catalog, call.params["value"]

    def act(uow: UnitOfWork, caller: Caller) -> CredentialType | None:
        if call.query.get("retire", False):
            return catalog.retire(uow, caller, value)
        catalog.delete(uow, caller, value)
        return None

    return call.perform(
        act, lambda record: Reply(204, media_type=None) if record is None else _shown(record), changes_registry=True
    )


def switching(*, active: bool) -> Handler:
    """The handler of POST /admin/credential-types/{value}/retire and its counterpart."""

    def handler(call: Call) -> Reply:
        catalog = call.office.catalog
        switch = catalog.reactivate if active else catalog.retire
        return call.perform(
            lambda uow, caller: switch(uow, caller, call.params["value"]), _shown, changes_registry=True
        )

    return handler


def _members(body: dict[str, Any]) -> TypeMembers:
    given = {name: value for name, value in body.items() if name not in {"value", "expected_version"}}
    if "visibility" in given:
        given["visibility"] = Visibility(given["visibility"])
    if "revocation_policy" in given:
        given["revocation_policy"] = RevocationPolicy(given["revocation_policy"])
    return cast("TypeMembers", given)


def _shown(record: CredentialType, status: int = 200) -> Reply:
    return json_reply(desk_rendering.credential_type(record), status, (version_tag(record.version),))


_FOR_ADMINS: Final = Family("Credential types", Audience.ADMIN, "A")
_FOR_PEOPLE: Final = Family("Credential types", Audience.PERSON, "U")
_ACTIVE: Final = Parameter("active", BOOLEAN, "Only active ones, or only retired ones.")
_RETIRE: Final = Parameter("retire", BOOLEAN, "Retire it instead of deleting it.")
_ONE: Final = Answered(
    200, "The type.", people_answers.CREDENTIAL_TYPE, people_examples.CREDENTIAL_TYPE, headers=("ETag",)
)
_LIST: Final = numbered_answer(
    people_answers.CREDENTIAL_TYPE,
    people_examples.CREDENTIAL_TYPE,
    "All of them, by value; or one page.",
)
_NAMED_CODES: Final = (
    "TYPE_EXISTS",
    "SCHEMA_NOT_FOUND",
    "SCHEMA_INACTIVE",
    "POLICY_VIOLATION",
    "ISSUER_NOT_FOUND",
    "INVALID_DID",
    "UNSUPPORTED_PROOF_TYPE",
)
_ONE_PATH: Final = "/admin/credential-types/{value}"

ROUTES: Final[tuple[Route, ...]] = (
    _FOR_PEOPLE.gets(
        "/credentials/types",
        "List the credential types that one may ask for",
        list_visible,
        _LIST,
        query=numbered(),
    ),
    _FOR_ADMINS.gets(
        "/admin/credential-types",
        "List all credential types",
        list_all,
        _LIST,
        query=numbered(_ACTIVE),
    ),
    _FOR_ADMINS.posts(
        "/admin/credential-types",
        "Add a credential type",
        create,
        (
            Answered(
                201,
                "Added.",
                people_answers.CREDENTIAL_TYPE,
                people_examples.CREDENTIAL_TYPE,
                headers=("Location", "ETag"),
            ),
        ),
        body=CREATE_TYPE,
        codes=("INVALID_TYPE_VALUE", *_NAMED_CODES),
    ),
    _FOR_ADMINS.gets(_ONE_PATH, "Read a credential type", get_type, _ONE, codes=("TYPE_NOT_FOUND",)),
    _FOR_ADMINS.puts(
        _ONE_PATH,
        "Change a credential type",
        update,
        _ONE,
        body=UPDATE_TYPE,
        codes=("TYPE_NOT_FOUND", *_NAMED_CODES, "VERSION_CONFLICT", "PRECONDITION_FAILED"),
        headers=IF_MATCH,
    ),
    _FOR_ADMINS.deletes(
        _ONE_PATH,
        "Delete a credential type that was never used, or retire it",
        delete,
        (Answered(204, "Deleted."), _ONE),
        codes=("TYPE_NOT_FOUND", "TYPE_IN_USE", "INVALID_FILTER"),
        query=QueryShape((_RETIRE,)),
    ),
    _FOR_ADMINS.gets(
        f"{_ONE_PATH}/usage",
        "Tell what refers to a credential type",
        get_usage,
        Answered(200, "How much of what.", people_answers.TYPE_USAGE, people_examples.TYPE_USAGE),
        codes=("TYPE_NOT_FOUND",),
    ),
    _FOR_ADMINS.posts(
        f"{_ONE_PATH}/retire",
        "Take no new requests for a credential type",
        switching(active=False),
        (_ONE,),
        body=NOTHING,
        codes=("TYPE_NOT_FOUND",),
    ),
    _FOR_ADMINS.posts(
        f"{_ONE_PATH}/reactivate",
        "Open a retired credential type again",
        switching(active=True),
        (_ONE,),
        body=NOTHING,
        codes=("TYPE_NOT_FOUND",),
    ),
)
