"""The issuance API: credential schemas."""

from __future__ import annotations

from typing import Any, Final

from sealwright.domain.people import Caller
from sealwright.domain.schemas import SchemaRecord
from sealwright.services.ports import UnitOfWork
from sealwright.services.row_shape import RowShape
from sealwright.services.row_tables import template_csv
from sealwright.services.schemas import NewSchema
from sealwright.vc.errors import ClaimsDoNotMatchSchema, DocumentRefused
from sealwright.web.api import rendering
from sealwright.web.api.caching import A_MINUTE, IMMUTABLE, tagged
from sealwright.web.api.shapes import answers, examples
from sealwright.web.api.shapes.registry import NEEDED_REASON, REGISTER_SCHEMA, UPDATE_SCHEMA, VALIDATE_CLAIMS
from sealwright.web.call import Call, ok
from sealwright.web.problems import faults_of
from sealwright.web.query import Parameter, page_of, paged
from sealwright.web.reply import Reply, cursor_page, header_text, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Route

_CSV: Final = b"text/csv; charset=utf-8; header=present"


def _new_schema(body: dict[str, Any]) -> NewSchema:
    return NewSchema(
        name=body["name"],
        type=tuple(body["type"]),
        schema=body["schema"],
        version=body.get("version", "1.0"),
        author=body.get("author"),
        description=body.get("description"),
        schema_id=body.get("schemaId"),
        restricted=body.get("restricted", False),
        allowed_issuers=tuple(body.get("allowedIssuers", ())),
        revocation_required=body.get("revocationRequired", False),
    )


def register(call: Call) -> Reply:
    """POST /api/v1/schemas."""
    wish = _new_schema(call.body)

    def render(record: SchemaRecord) -> Reply:
        location = (b"location", header_text(f"/api/v1/schemas/{record.schema_id}"))
        return json_reply(rendering.schema(record), 201, (location,))

    if wish.author is None:
        # Known without looking anything up, so nobody else gets to have a schema proved.
        call.caller.require_admin()
    # Proving takes its time; nobody else has to wait for it in the transaction.
    call.office.schemas.prove(wish)
    return call.perform(
        lambda uow, caller: call.office.schemas.register(uow, caller, wish), render, changes_registry=True
    )


def list_schemas(call: Call) -> Reply:
    """GET /api/v1/schemas."""
    limit, cursor = page_of(call.query)
    page = call.office.schemas.list(active=call.query.get("active"), limit=limit, cursor=cursor)
    items = [rendering.schema(record) for record in page.items]
    return json_reply(cursor_page(items, page.next_cursor), headers=(A_MINUTE,))


def get_schema(call: Call) -> Reply:
    """GET /api/v1/schemas/{schemaId}."""
    record = call.office.schemas.get(call.params["schemaId"])
    return json_reply(rendering.schema(record), headers=(A_MINUTE,))


def get_schema_document(call: Call) -> Reply:
    """GET /api/v1/schemas/{schemaId}/schema.json."""
    record = call.office.schemas.get(call.params["schemaId"])
    return tagged(call, Reply(200, record.content, headers=(IMMUTABLE,)), f'"{record.sha256[:32]}"')


def get_template(call: Call) -> Reply:
    """GET /api/v1/schemas/{schemaId}/template.csv."""
    record = call.office.schemas.get(call.params["schemaId"])
    content = b"".join(template_csv(RowShape.of(record.content)))
    attachment = (b"content-disposition", f'attachment; filename="{record.name}.csv"'.encode("ascii", "replace"))
    return Reply(200, content, _CSV, (attachment, A_MINUTE))


def get_context(call: Call) -> Reply:
    """GET /contexts/{name}/{version}."""
    content = call.office.schemas.context(call.params["name"], call.params["version"])
    return Reply(200, content, b"application/ld+json", (IMMUTABLE,))


def validate(call: Call) -> Reply:
    """POST /api/v1/schemas/{schemaId}/validate."""
    try:
        call.office.schemas.check(call.params["schemaId"], call.body["claims"])
    except (ClaimsDoNotMatchSchema, DocumentRefused) as error:
        return ok({"valid": False, "errors": faults_of(error, call.route.document_at)})
    return ok({"valid": True, "errors": []})


def update(call: Call) -> Reply:
    """PATCH /api/v1/schemas/{schemaId}."""
    body = call.body
    return call.perform(
        lambda uow, caller: call.office.schemas.update(
            uow, caller, call.params["schemaId"], body.get("restricted"), body.get("allowedIssuers")
        ),
        lambda record: json_reply(rendering.schema(record)),
        changes_registry=True,
    )


def deactivate(call: Call) -> Reply:
    """POST /api/v1/schemas/{schemaId}/deactivate."""
    return _switch(call, active=False)


def reactivate(call: Call) -> Reply:
    """POST /api/v1/schemas/{schemaId}/reactivate."""
    return _switch(call, active=True)


def _switch(call: Call, *, active: bool) -> Reply:
    desk = call.office.schemas
    schema_id = call.params["schemaId"]

    def act(uow: UnitOfWork, caller: Caller) -> SchemaRecord:
        return (desk.reactivate if active else desk.deactivate)(uow, caller, schema_id)

    return call.perform(act, lambda record: json_reply(rendering.schema(record)), changes_registry=True)


_TAG: Final = "Schemas"
_ONE: Final = Answered(200, "The schema.", answers.SCHEMA, examples.SCHEMA)
_KEY_CODES: Final = ("IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_IN_PROGRESS", "AUDIT_UNAVAILABLE")

ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/schemas",
        Audience.CALLER,
        "A, K (author DID)",
        "Register a credential schema",
        register,
        (
            Answered(
                201, "Registered; its content never changes.", answers.SCHEMA, examples.SCHEMA, headers=("Location",)
            ),
        ),
        _TAG,
        bucket=Bucket.WRITE,
        body=REGISTER_SCHEMA,
        codes=(
            "ISSUER_NOT_FOUND",
            "ISSUER_NOT_AUTHORIZED",
            "SCHEMA_EXISTS",
            "SCHEMA_INVALID",
            "SCHEMA_REF_NOT_ALLOWED",
            "SCHEMA_TOO_COMPLEX",
            "INVALID_DID",
            *_KEY_CODES,
        ),
        document_at="/schema",
        idempotent=True,
    ),
    Route(
        "GET",
        "/api/v1/schemas",
        Audience.ANYONE,
        "P",
        "List credential schemas",
        list_schemas,
        (Answered(200, "One page, newest first.", answers.SCHEMA_PAGE, examples.SCHEMA_PAGE),),
        _TAG,
        query=paged(Parameter("active", {"type": "boolean"}, "Only active, or only inactive ones.")),
        codes=("INVALID_PAGINATION", "INVALID_FILTER"),
        is_public_read=True,
    ),
    Route(
        "GET",
        "/api/v1/schemas/{schemaId}",
        Audience.ANYONE,
        "P",
        "Read a credential schema",
        get_schema,
        (_ONE,),
        _TAG,
        codes=("SCHEMA_NOT_FOUND",),
        is_public_read=True,
    ),
    Route(
        "GET",
        "/api/v1/schemas/{schemaId}/schema.json",
        Audience.DOCUMENT,
        "P",
        "Read the JSON Schema itself",
        get_schema_document,
        (Answered(200, "The JSON Schema; immutable.", {"type": "object"}, examples.JSON_SCHEMA, headers=("ETag",)),),
        _TAG,
        bucket=Bucket.NONE,
        codes=("SCHEMA_NOT_FOUND",),
        is_public_read=True,
    ),
    Route(
        "GET",
        "/api/v1/schemas/{schemaId}/template.csv",
        Audience.ANYONE,
        "P",
        "Get a table to fill in for a batch",
        get_template,
        (Answered(200, "Every column that rows may have, and two sample rows.", {"type": "string"}, None, "text/csv"),),
        _TAG,
        codes=("SCHEMA_NOT_FOUND",),
        is_public_read=True,
    ),
    Route(
        "GET",
        "/contexts/{name}/{version}",
        Audience.DOCUMENT,
        "P",
        "Read the JSON-LD context of a credential schema",
        get_context,
        (Answered(200, "The context; immutable.", {"type": "object"}, examples.CONTEXT, "application/ld+json"),),
        _TAG,
        bucket=Bucket.NONE,
        codes=("SCHEMA_NOT_FOUND",),
        is_public_read=True,
    ),
    Route(
        "POST",
        "/api/v1/schemas/{schemaId}/validate",
        Audience.ANYONE,
        "P",
        "Check claims against a credential schema",
        validate,
        (Answered(200, "Every fault, or none.", answers.VALIDATION, examples.VALIDATION),),
        _TAG,
        body=VALIDATE_CLAIMS,
        codes=("SCHEMA_NOT_FOUND",),
        document_at="/claims",
    ),
    Route(
        "PATCH",
        "/api/v1/schemas/{schemaId}",
        Audience.CALLER,
        "A, author",
        "Say who may use a credential schema",
        update,
        (_ONE,),
        _TAG,
        bucket=Bucket.WRITE,
        body=UPDATE_SCHEMA,
        codes=("SCHEMA_NOT_FOUND", "ISSUER_NOT_FOUND", "AUDIT_UNAVAILABLE"),
    ),
    *(
        Route(
            "POST",
            f"/api/v1/schemas/{{schemaId}}/{verb}",
            Audience.CALLER,
            "A, author",
            summary,
            handler,
            (_ONE,),
            _TAG,
            bucket=Bucket.WRITE,
            body=NEEDED_REASON,
            codes=("SCHEMA_NOT_FOUND", "STATE_CONFLICT", *_KEY_CODES),
            idempotent=True,
        )
        for verb, summary, handler in (
            ("deactivate", "Allow no new credentials after a schema", deactivate),
            ("reactivate", "Allow new credentials after a schema again", reactivate),
        )
    ),
)
