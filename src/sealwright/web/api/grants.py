"""Granting without a request, and ending, suspending and reinstating grants."""

from __future__ import annotations

from typing import Any, Final

from sealwright.domain.credentials import ReasonCode
from sealwright.services.ports import StoredAnswer
from sealwright.services.review_values import Granted, NewGrant
from sealwright.vc.encoding.timestamps import parse_rfc3339
from sealwright.web.api import desk_rendering
from sealwright.web.api.decisions import SIGNING_CODES
from sealwright.web.api.desk_routes import Family, told_members
from sealwright.web.api.shapes import desk_answers, desk_examples
from sealwright.web.api.shapes.parts import Node
from sealwright.web.api.shapes.registry import NOTHING
from sealwright.web.api.shapes.review import (
    CHANGE_GRANT,
    END_GRANT,
    GRANT,
    REVOKE_GRANT,
    REVOKE_GRANT_ANYHOW,
    REVOKE_GRANT_IN_PARTS,
    REVOKE_MEMBERS,
)
from sealwright.web.call import Call, given, kept
from sealwright.web.query import Parameter, QueryShape
from sealwright.web.reply import Reply, encode, json_reply
from sealwright.web.route import Answered, Audience, Handler, Route

# What a grant's record says where the one route that allows it left the reason out.
NOT_STATED: Final = "not stated"


def grant(call: Call) -> Reply:
    """POST /issuers/credentials, and its other address."""
    body = call.body
    wish = NewGrant(
        user_id=body["user_id"],
        credential_type=body["credential_type"],
        expires_at=parse_rfc3339(body["expires_at"]) if "expires_at" in body else None,
        note=body.get("note"),
        claims=body.get("claims"),
        dry_run=body.get("dry_run", False),
    )

    def rendered(granted: Granted) -> StoredAnswer:
        return kept(_shown(call, granted, 200 if granted.dry_run else 201))

    return given(call.office.granting.answer(call.caller, wish, rendered, call.scope()))


def _shown(call: Call, granted: Granted, status: int = 200) -> Reply:
    told = desk_rendering.effects(granted.effects, dry_run=granted.dry_run)
    # Whoever may act on a grant reviews its type, so nothing of it is held back.
    members = desk_rendering.grant(granted.grant, call.office.clock.now(), in_scope=True)
    if granted.dry_run:
        if granted.grant.grant_id in granted.effects.grants_created:
            # It is rolled back; the grant that is made in earnest has another id.
            members["id"] = None
        return json_reply({"dry_run": True, "grant": members, "effects": told})
    return json_reply({**members, "effects": told}, status)


def revoke(call: Call) -> Reply:
    """POST /issuer/credentials/revoke."""
    return _revoke(call, call.body)


def revoke_by_delete(call: Call) -> Reply:
    """DELETE /issuers/credentials, its members in the body or in the query."""
    return _revoke(call, REVOKE_GRANT.read(encode(told_members(call))))


def _revoke(call: Call, members: dict[str, Any]) -> Reply:
    return call.perform(
        lambda uow, caller: call.office.granting.revoke(
            uow,
            caller,
            user_id=members["user_id"],
            credential_type=members["credential_type"],
            reason=members.get("reason", NOT_STATED),
            reason_code=ReasonCode(members.get("reason_code", "unspecified")),
            dry_run=members.get("dry_run", False),
        ),
        lambda granted: _shown(call, granted),
    )


def revoke_by_id(call: Call) -> Reply:
    """POST /issuers/credentials/{grant_id}/revoke."""
    body = call.body
    return call.perform(
        lambda uow, caller: call.office.granting.revoke(
            uow,
            caller,
            grant_id=call.params["grant_id"],
            reason=body["reason"],
            reason_code=ReasonCode(body.get("reason_code", "unspecified")),
            dry_run=body.get("dry_run", False),
        ),
        lambda granted: _shown(call, granted),
    )


def pausing(*, ends: bool) -> Handler:
    """The handler of POST /issuers/credentials/{grant_id}/suspend, or of its end."""

    def handler(call: Call) -> Reply:
        granting, body = call.office.granting, call.body
        move = granting.reinstate if ends else granting.suspend
        return call.perform(
            lambda uow, caller: move(
                uow, caller, call.params["grant_id"], body["reason"], dry_run=body.get("dry_run", False)
            ),
            lambda granted: _shown(call, granted),
        )

    return handler


def retry(call: Call) -> Reply:
    """POST /issuers/credentials/{grant_id}/retry-issuance."""
    return call.once(
        lambda: call.office.granting.retry_issuance(call.caller, call.params["grant_id"]),
        lambda granted: _shown(call, granted),
    )


_FOR_REVIEWERS: Final = Family("Grants", Audience.REVIEWER, "R")
_PATH: Final = "/issuers/credentials"
_GRANTING_CODES: Final = (
    "USER_NOT_FOUND",
    "UNKNOWN_CREDENTIAL_TYPE",
    "OUT_OF_SCOPE",
    "NOT_AN_APPROVED_IMPROVER",
    "CREDENTIAL_ALREADY_ACTIVE",
    "SELF_DECISION",
    "POLICY_VIOLATION",
    *SIGNING_CODES,
)
_REVOKING_CODES: Final = (
    "USER_NOT_FOUND",
    "UNKNOWN_CREDENTIAL_TYPE",
    "GRANT_NOT_FOUND",
    "ALREADY_REVOKED",
    "OUT_OF_SCOPE",
    "SELF_DECISION",
    "STATE_CONFLICT",
)
_BY_ID_CODES: Final = ("GRANT_NOT_FOUND", "OUT_OF_SCOPE", "SELF_DECISION", "STATE_CONFLICT")
_GRANTED: Final = (
    Answered(201, "The grant and what was done.", desk_answers.CHANGED_GRANT, desk_examples.GRANTED),
    Answered(200, "With `dry_run`: what would be done.", desk_answers.GRANT_PREVIEW, desk_examples.GRANT_PREVIEW),
)
_CHANGED: Final[Node] = {"anyOf": [desk_answers.CHANGED_GRANT, desk_answers.GRANT_PREVIEW]}
_REVOKED: Final = (
    Answered(200, "The grant and what was done; with `dry_run` what would be.", _CHANGED, desk_examples.REVOKED_GRANT),
)
_DONE: Final = "The grant and what was done; with `dry_run` what would be."
_IN_QUERY: Final = QueryShape(
    tuple(Parameter(name, node, str(node.get("description", ""))) for name, node in REVOKE_MEMBERS.items())
)


def _granting_route(path: str) -> Route:
    return _FOR_REVIEWERS.posts(
        path,
        "Grant a credential type to a person",
        grant,
        _GRANTED,
        body=GRANT,
        codes=_GRANTING_CODES,
        document_at="/claims",
    )


ROUTES: Final[tuple[Route, ...]] = (
    _granting_route(_PATH),
    _granting_route("/issuer/credentials/issue"),
    _FOR_REVIEWERS.deletes(
        _PATH,
        "Revoke the grant that a person holds of a type",
        revoke_by_delete,
        _REVOKED,
        body=REVOKE_GRANT_IN_PARTS,
        query=_IN_QUERY,
        codes=(*_REVOKING_CODES, "CONFLICTING_FIELDS", "INVALID_FILTER"),
    ),
    _FOR_REVIEWERS.posts(
        "/issuer/credentials/revoke",
        "Revoke the grant that a person holds of a type",
        revoke,
        _REVOKED,
        body=REVOKE_GRANT_ANYHOW,
        codes=_REVOKING_CODES,
    ),
    _FOR_REVIEWERS.posts(
        f"{_PATH}/{{grant_id}}/revoke",
        "Revoke a grant",
        revoke_by_id,
        _REVOKED,
        body=END_GRANT,
        codes=(*_BY_ID_CODES, "ALREADY_REVOKED"),
    ),
    _FOR_REVIEWERS.posts(
        f"{_PATH}/{{grant_id}}/suspend",
        "Suspend a grant",
        pausing(ends=False),
        (Answered(200, _DONE, _CHANGED, desk_examples.SUSPENDED_GRANT),),
        body=CHANGE_GRANT,
        codes=(*_BY_ID_CODES, "NOT_SUSPENDABLE", "ALREADY_REVOKED"),
    ),
    _FOR_REVIEWERS.posts(
        f"{_PATH}/{{grant_id}}/reinstate",
        "End the suspension of a grant",
        pausing(ends=True),
        (Answered(200, _DONE, _CHANGED, desk_examples.REINSTATED_GRANT),),
        body=CHANGE_GRANT,
        codes=(*_BY_ID_CODES, "NOT_SUSPENDABLE", "ALREADY_REVOKED"),
    ),
    _FOR_REVIEWERS.posts(
        f"{_PATH}/{{grant_id}}/retry-issuance",
        "Try again to sign the credential of a grant",
        retry,
        (Answered(200, "The grant and what was done.", _CHANGED, desk_examples.SIGNED_GRANT),),
        body=NOTHING,
        codes=(
            *_BY_ID_CODES,
            "SIGNING_FAILED",
            "HOLDER_ERASED",
            "ISSUING_HALTED",
            "SEALED",
            "RECONCILING",
            "CLOCK_BEHIND",
        ),
    ),
)
