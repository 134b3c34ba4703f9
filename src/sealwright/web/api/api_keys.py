"""The issuance API: keys for issuers' programs."""

from __future__ import annotations

from typing import Final

from sealwright.domain.access import ApiKey, BearerSecret
from sealwright.vc.encoding.timestamps import parse_rfc3339
from sealwright.web.api import rendering
from sealwright.web.api.shapes import answers, examples
from sealwright.web.api.shapes.registry import CREATE_API_KEY, NOTHING, ROTATE_API_KEY
from sealwright.web.call import Call, ok
from sealwright.web.reply import Reply, cursor_page, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Route


def create(call: Call) -> Reply:
    """POST /api/v1/api-keys."""
    body = call.body
    expires = body.get("expiresAt")
    return call.perform(
        lambda uow, caller: call.office.api_keys.create(
            uow,
            caller,
            name=body["name"],
            issuer_dids=body["issuerDids"],
            schemas=body.get("schemas"),
            expires_at=parse_rfc3339(expires) if expires is not None else None,
            issue_per_minute=body.get("issuePerMinute"),
        ),
        lambda made: _made(call, *made),
        changes_registry=True,
        is_secret=True,
    )


def _made(call: Call, key: ApiKey, secret: BearerSecret) -> Reply:
    return json_reply({**rendering.api_key(key, call.office.clock.now()), "apiKey": secret.text}, 201)


def list_keys(call: Call) -> Reply:
    """GET /api/v1/api-keys."""
    now = call.office.clock.now()
    return ok(cursor_page([rendering.api_key(key, now) for key in call.office.api_keys.list(call.caller)], None))


def revoke(call: Call) -> Reply:
    """POST /api/v1/api-keys/{id}/revoke, and DELETE."""
    return call.perform(
        lambda uow, caller: call.office.api_keys.revoke(uow, caller, call.params["id"]),
        lambda key: json_reply(rendering.api_key(key, call.office.clock.now())),
        changes_registry=True,
    )


def rotate(call: Call) -> Reply:
    """POST /api/v1/api-keys/{id}/rotate."""
    overlap = call.body.get("overlapSeconds", 0)
    return call.perform(
        lambda uow, caller: call.office.api_keys.rotate(uow, caller, call.params["id"], overlap),
        lambda made: _made(call, *made),
        changes_registry=True,
        is_secret=True,
    )


_TAG: Final = "API keys"
_KEY_CODES: Final = ("IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_IN_PROGRESS", "AUDIT_UNAVAILABLE")
_MADE: Final = Answered(201, "The key, with its secret this once.", answers.NEW_API_KEY, examples.NEW_API_KEY)
_ENDED: Final = Answered(200, "The key, revoked.", answers.API_KEY, examples.REVOKED_API_KEY)

ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/api-keys",
        Audience.PERSON,
        "A, S of each DID",
        "Make an API key",
        create,
        (_MADE,),
        _TAG,
        bucket=Bucket.WRITE,
        fresh=True,
        body=CREATE_API_KEY,
        codes=("ISSUER_NOT_FOUND", "SCHEMA_NOT_FOUND", "NOT_DID_OWNER", "EXPIRATION_IN_PAST", "SEALED", *_KEY_CODES),
        idempotent=True,
    ),
    Route(
        "GET",
        "/api/v1/api-keys",
        Audience.PERSON,
        "A, owner",
        "List API keys",
        list_keys,
        (Answered(200, "The keys, newest first.", answers.API_KEY_PAGE, examples.API_KEY_PAGE),),
        _TAG,
    ),
    Route(
        "POST",
        "/api/v1/api-keys/{id}/revoke",
        Audience.PERSON,
        "A, owner",
        "Revoke an API key",
        revoke,
        (_ENDED,),
        _TAG,
        bucket=Bucket.WRITE,
        fresh=True,
        body=NOTHING,
        codes=("API_KEY_NOT_FOUND", *_KEY_CODES),
        idempotent=True,
    ),
    Route(
        "DELETE",
        "/api/v1/api-keys/{id}",
        Audience.PERSON,
        "A, owner",
        "Revoke an API key",
        revoke,
        (_ENDED,),
        _TAG,
        bucket=Bucket.WRITE,
        fresh=True,
        body=NOTHING,
        codes=("API_KEY_NOT_FOUND", "AUDIT_UNAVAILABLE"),
    ),
    Route(
        "POST",
        "/api/v1/api-keys/{id}/rotate",
        Audience.PERSON,
        "A, owner",
        "Replace an API key by a new one",
        rotate,
        (_MADE,),
        _TAG,
        bucket=Bucket.WRITE,
        fresh=True,
        body=ROTATE_API_KEY,
        codes=("API_KEY_NOT_FOUND", "STATE_CONFLICT", "SEALED", *_KEY_CODES),
        idempotent=True,
    ),
)
