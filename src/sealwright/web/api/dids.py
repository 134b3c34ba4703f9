"""The issuance API: DIDs that this office keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sealwright.domain.dids import DIDKind, DIDRecord, ServiceRecord
from sealwright.domain.people import Caller
from sealwright.services.dids import DIDChanges, ImportedDID, ImportedKey, NewDID
from sealwright.web.api import rendering
from sealwright.web.api.caching import IF_MATCH, version_in_header, version_tag
from sealwright.web.api.shapes import answers, examples
from sealwright.web.api.shapes.registry import CREATE_DID, IMPORT_DID, OPTIONAL_REASON, ROTATE_DID, UPDATE_DID
from sealwright.web.call import Call, ok
from sealwright.web.query import page_of, paged
from sealwright.web.reply import Reply, cursor_page, header_text, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Route


def create(call: Call) -> Reply:
    """POST /api/v1/dids."""
    body = call.body
    wish = NewDID(
        method=body.get("method", "adi"),
        kind=DIDKind(body.get("kind", "human")),
        name=body.get("name"),
        proof_types=tuple(body.get("proofTypes", ("Ed25519Signature2020",))),
        controller=body.get("controller"),
        operator=body.get("operator"),
        services=_services(body.get("services", ())),
        path=body.get("path"),
    )
    return call.perform(
        lambda uow, caller: call.office.dids.create(uow, caller, wish),
        lambda record: _made(call, record),
        changes_registry=True,
    )


def import_did(call: Call) -> Reply:
    """POST /api/v1/dids/import."""
    body = call.body
    wish = ImportedDID(
        did=body["did"],
        kind=DIDKind(body.get("kind", "human")),
        name=body.get("name"),
        document=body.get("document"),
        keys=tuple(_imported_key(key) for key in body.get("keys", ())),
        generate=tuple(body.get("generate", ())),
        operator=body.get("operator"),
        aliases=tuple(body.get("aliases", ())),
    )
    return call.perform(
        lambda uow, caller: call.office.dids.import_did(uow, caller, wish),
        lambda record: _made(call, record),
        changes_registry=True,
    )


def _services(services: Sequence[dict[str, Any]]) -> tuple[ServiceRecord, ...]:
    return tuple(ServiceRecord(one["id"], one["type"], one["serviceEndpoint"]) for one in services)


def _imported_key(key: dict[str, Any]) -> ImportedKey:
    if "purposes" in key:
        return ImportedKey(key.get("privateKeyJwk"), key.get("publicKeyMultibase"), tuple(key["purposes"]))
    return ImportedKey(key.get("privateKeyJwk"), key.get("publicKeyMultibase"))


def _made(call: Call, record: DIDRecord) -> Reply:
    location = (b"location", header_text(f"/api/v1/dids/{record.did}"))
    return _shown(call, record, 201).with_headers(location)


def _shown(call: Call, record: DIDRecord, status: int = 200, **more: object) -> Reply:
    rendered = rendering.did(record, shows_owner=_sees_owner(call.signed_in, record))
    return json_reply({**rendered, **more}, status, (version_tag(record.version),))


def _sees_owner(caller: Caller | None, record: DIDRecord) -> bool:
    if caller is None:
        return False
    is_owner = caller.person is not None and caller.person.user_id == record.owner_user_id
    return caller.is_admin or is_owner


def list_dids(call: Call) -> Reply:
    """GET /api/v1/dids."""
    limit, cursor = page_of(call.query)
    page = call.office.dids.list(call.caller, limit=limit, cursor=cursor)
    items = [rendering.did(record, shows_owner=_sees_owner(call.caller, record)) for record in page.items]
    return ok(cursor_page(items, page.next_cursor))


def get_did(call: Call) -> Reply:
    """GET /api/v1/dids/{did}."""
    return _shown(call, call.office.dids.get(call.params["did"]))


def get_history(call: Call) -> Reply:
    """GET /api/v1/dids/{did}/history."""
    versions = call.office.dids.versions(call.params["did"])
    did = versions[0].did if versions else call.params["did"]
    return ok({"did": did, "versions": [rendering.did_version(version) for version in versions]})


def update(call: Call) -> Reply:
    """PUT and PATCH /api/v1/dids/{did}."""
    body = call.body
    changes = DIDChanges(
        name=body.get("name"),
        services=_services(body["services"]) if "services" in body else None,
        controller=body.get("controller"),
    )
    expected = version_in_header(call)
    return call.perform(
        lambda uow, caller: call.office.dids.update(uow, caller, call.params["did"], changes, expected),
        lambda record: _shown(call, record),
        changes_registry=True,
    )


def rotate(call: Call) -> Reply:
    """POST /api/v1/dids/{did}/keys/rotate."""
    body = call.body
    return call.perform(
        lambda uow, caller: call.office.dids.rotate(
            uow, caller, call.params["did"], body.get("proofType"), compromised=body.get("compromised", False)
        ),
        lambda record: _shown(call, record),
        changes_registry=True,
    )


def deactivate(call: Call) -> Reply:
    """POST /api/v1/dids/{did}/deactivate, and DELETE."""
    return call.perform(
        lambda uow, caller: call.office.dids.deactivate(uow, caller, call.params["did"]),
        lambda ended: _shown(call, ended[0], activeCredentials=ended[1]),
        changes_registry=True,
    )


_TAG: Final = "DIDs"
_KEY_CODES: Final = ("IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_IN_PROGRESS", "AUDIT_UNAVAILABLE")
_ONE: Final = Answered(200, "The DID.", answers.DID_RECORD, examples.DID, headers=("ETag",))
_MADE: Final = Answered(
    201, "The DID; private keys stay here.", answers.DID_RECORD, examples.DID, headers=("ETag", "Location")
)
_CHANGE_CODES: Final = ("DID_NOT_FOUND", "NOT_DID_OWNER", "DID_IMMUTABLE", "DID_DEACTIVATED")
_END_CODES: Final = ("DID_NOT_FOUND", "NOT_DID_OWNER", "ALREADY_DEACTIVATED", "AUDIT_UNAVAILABLE")
_ENDED: Final = Answered(200, "The DID, ended for ever.", answers.DID_ENDED, examples.DID_ENDED)

ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/dids",
        Audience.CALLER,
        "U, K",
        "Make a DID whose keys are kept here",
        create,
        (_MADE,),
        _TAG,
        bucket=Bucket.WRITE,
        fresh=True,
        body=CREATE_DID,
        codes=(
            *("DID_EXISTS", "INVALID_DID", "NOT_DID_OWNER", "UNSUPPORTED_DID_METHOD", "UNSUPPORTED_PROOF_TYPE"),
            *("SEALED", *_KEY_CODES),
        ),
        idempotent=True,
    ),
    Route(
        "POST",
        "/api/v1/dids/import",
        Audience.ADMIN,
        "A",
        "Take over a DID that was given elsewhere",
        import_did,
        (_MADE,),
        _TAG,
        bucket=Bucket.WRITE,
        fresh=True,
        body=IMPORT_DID,
        codes=(
            "DID_EXISTS",
            "KEY_IN_USE",
            "INVALID_DID",
            "INVALID_KEY",
            "UNSUPPORTED_DID_METHOD",
            "SEALED",
            *_KEY_CODES,
        ),
        document_at="/document",
        idempotent=True,
    ),
    Route(
        "GET",
        "/api/v1/dids",
        Audience.PERSON,
        "U (own), A",
        "List DIDs",
        list_dids,
        (Answered(200, "One page, newest first.", answers.DID_PAGE, examples.DID_PAGE),),
        _TAG,
        query=paged(),
        codes=("INVALID_PAGINATION",),
    ),
    Route(
        "GET",
        "/api/v1/dids/{did}",
        Audience.ANYONE,
        "P",
        "Read a DID kept here",
        get_did,
        (_ONE,),
        _TAG,
        codes=("DID_NOT_FOUND",),
    ),
    Route(
        "GET",
        "/api/v1/dids/{did}/history",
        Audience.ANYONE,
        "P",
        "Read every version of a DID document",
        get_history,
        (Answered(200, "Versions, oldest first.", answers.DID_HISTORY, examples.DID_HISTORY),),
        _TAG,
        codes=("DID_NOT_FOUND",),
    ),
    *(
        Route(
            method,
            "/api/v1/dids/{did}",
            Audience.CALLER,
            "S, A",
            "Change a DID's name, services or controller",
            update,
            (_ONE,),
            _TAG,
            bucket=Bucket.WRITE,
            body=UPDATE_DID,
            codes=(*_CHANGE_CODES, "PRECONDITION_FAILED", "INVALID_DID", "AUDIT_UNAVAILABLE"),
            request_headers=IF_MATCH,
        )
        for method in ("PUT", "PATCH")
    ),
    *(
        Route(
            "POST",
            f"/api/v1/dids/{{did}}/{verb}",
            Audience.CALLER,
            "S, A",
            "Give a DID new keys",
            rotate,
            (_ONE,),
            _TAG,
            bucket=Bucket.WRITE,
            fresh=True,
            body=ROTATE_DID,
            codes=(*_CHANGE_CODES, "UNSUPPORTED_PROOF_TYPE", "SEALED", *_KEY_CODES),
            idempotent=True,
        )
        for verb in ("keys/rotate", "rotate-key")
    ),
    Route(
        "POST",
        "/api/v1/dids/{did}/deactivate",
        Audience.CALLER,
        "S, A",
        "End a DID for ever",
        deactivate,
        (_ENDED,),
        _TAG,
        bucket=Bucket.WRITE,
        fresh=True,
        body=OPTIONAL_REASON,
        codes=(*_END_CODES, "IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_IN_PROGRESS"),
        idempotent=True,
    ),
    Route(
        "DELETE",
        "/api/v1/dids/{did}",
        Audience.CALLER,
        "S, A",
        "End a DID for ever",
        deactivate,
        (_ENDED,),
        _TAG,
        bucket=Bucket.WRITE,
        fresh=True,
        body=OPTIONAL_REASON,
        codes=_END_CODES,
    ),
)
