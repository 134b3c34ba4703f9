"""Bodies and answers of the routes of batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sealwright.domain.batches import BatchKind, BatchOptions, BatchStatus, OnDuplicate, PausedBy
from sealwright.domain.errors import MalformedBody
from sealwright.domain.offers import OfferChannel
from sealwright.services.email_addresses import read_email
from sealwright.vc.encoding.timestamps import parse_rfc3339
from sealwright.vc.errors import Fault
from sealwright.web.api.shapes.answers import FAULT, INTEGER, STRING
from sealwright.web.api.shapes.credentials import REASON, REASON_CODE
from sealwright.web.api.shapes.delivery import DELIVERY, wish_of
from sealwright.web.api.shapes.parts import (
    BOOLEAN,
    DID,
    OBJECT,
    PROOF_TYPE,
    TIMESTAMP,
    URL,
    Node,
    answer,
    closed,
    listed,
    nullable,
    page_of,
    text,
)
from sealwright.web.shape import Body, Shape

NAME_MAX: Final = 200
MAPPED_MAX: Final = 1_024
_HOLDER_TEXT: Final[Node] = {"type": "string", "description": "Whom the credential is about."}

# Of a row only its form is judged here: what its texts say fails the row alone.
ROW: Final[Node] = {
    "holderDid": _HOLDER_TEXT,
    "subjectDid": {"type": "string", "description": "Alias of `holderDid`."},
    "claims": {**OBJECT, "description": "Statements about the holder, as the credential schema asks."},
    "expirationDate": {"type": "string", "description": "RFC 3339 with a zone; that of the call when left out."},
    "email": {"type": "string", "description": "Where the letter goes, if `delivery` is by mail."},
}
_FOR_ALL: Final[Node] = {
    "schemaId": text(2048, "Id of a registered credential schema."),
    "issuerDid": {**DID, "description": "The issuer: a DID of this caller."},
    "expirationDate": {**TIMESTAMP, "description": "For rows that name none; RFC 3339 with a zone."},
    "proofType": {**PROOF_TYPE, "default": "Ed25519Signature2020"},
    "revocable": {**BOOLEAN, "default": True},
    "suspendable": {**BOOLEAN, "default": False},
    "delivery": {**DELIVERY, "description": "Also make an offer of each credential, once it is issued."},
    "allowDuplicates": {
        **BOOLEAN,
        "default": False,
        "description": "Whether a holder may stand in several rows; without effect for a credential type's schema.",
    },
}
_EXAMPLE_ROW: Final = {
    "holderDid": "did:adi:holder001",
    "claims": {"degree": {"type": "BachelorDegree", "university": "MIT", "graduationYear": 2025, "gpa": 3.8}},
}
_EXAMPLE: Final = {"schemaId": "did:adi:schema:university-degree-v1", "issuerDid": "did:adi:issuer001"}


def _conflicts(body: Body) -> Iterable[Fault]:
    if body.get("suspendable") and body.get("revocable") is False:
        yield Fault("/suspendable", "CONFLICTING_FIELDS", "needs a revocable credential")
    delivery = body.get("delivery", {})
    if delivery.get("channel") == OfferChannel.EMAIL.value and "email" in delivery:
        try:
            read_email(delivery["email"], "/delivery/email")
        except MalformedBody as error:
            # Else every offer of the batch would fail for it, once it is too late to say so.
            yield from error.faults


def _row_conflicts(body: Body) -> Iterable[Fault]:
    for index, row in enumerate(body["credentials"]):
        if "holderDid" in row and "subjectDid" in row and row["holderDid"] != row["subjectDid"]:
            pointer = f"/credentials/{index}/subjectDid"
            yield Fault(pointer, "CONFLICTING_FIELDS", "names another DID than holderDid")
    yield from _conflicts(body)


BATCH_ISSUE: Final = Shape(
    "BatchIssue",
    closed(
        {
            **_FOR_ALL,
            "credentials": listed(
                closed(
                    ROW,
                    required=("claims",),
                    anyOf=[{"required": ["holderDid"]}, {"required": ["subjectDid"]}],
                    missing="holderDid",
                ),
                least=1,
                description="The rows; at most as many as the office's settings say, 1,000 as installed.",
            ),
            "includeCredentials": {
                **BOOLEAN,
                "default": False,
                "description": "Whether results hold the signed documents.",
            },
        },
        required=("schemaId", "issuerDid", "credentials"),
    ),
    opaque=("credentials",),
    check=_row_conflicts,
    example={**_EXAMPLE, "credentials": [_EXAMPLE_ROW], "expirationDate": "2030-12-31T23:59:59Z"},
)
NEW_BATCH: Final = Shape(
    "NewBatch",
    closed(
        {
            **_FOR_ALL,
            "name": text(NAME_MAX, "How the office calls it."),
            "onDuplicate": {
                "type": "string",
                "enum": [one.value for one in OnDuplicate],
                "default": "fail",
                "description": "What becomes of a row whose holder an earlier one names: it fails, or is left out.",
            },
            "mapping": {
                "type": "object",
                "maxProperties": MAPPED_MAX,
                "additionalProperties": {"type": "string", "maxLength": MAPPED_MAX},
                "description": "Column of a table to a JSON pointer into the row; an empty one leaves the column out.",
            },
        },
        required=("schemaId", "issuerDid"),
    ),
    check=_conflicts,
    example={**_EXAMPLE, "name": "Graduates of 2025"},
)
EDITED_ROW: Final = Shape(
    "EditedRow",
    closed({name: ROW[name] for name in ("holderDid", "claims", "expirationDate", "email")}, minProperties=1),
    opaque=("holderDid", "claims", "expirationDate", "email"),
    example={"holderDid": "did:adi:holder001"},
)
REVOKE_BATCH: Final = Shape(
    "RevokeBatch",
    closed({"reason": REASON, "reasonCode": REASON_CODE}, required=("reason",)),
    example={"reason": "The examination was annulled.", "reasonCode": "issued_in_error"},
)


def options_of(body: Mapping[str, Any]) -> BatchOptions:
    """What holds for every row, of checked members."""
    expiration = body.get("expirationDate")
    return BatchOptions(
        proof_type=body.get("proofType", "Ed25519Signature2020"),
        revocable=body.get("revocable", True),
        suspendable=body.get("suspendable", False),
        expiration=parse_rfc3339(expiration) if expiration is not None else None,
        delivery=wish_of(body["delivery"], at="/delivery") if "delivery" in body else None,
        on_duplicate=OnDuplicate(body.get("onDuplicate", "fail")),
        allow_duplicates=body.get("allowDuplicates", False),
        mapping=dict(body.get("mapping", {})),
    )


_NULL_OR_FAULT: Final[Node] = {"anyOf": [FAULT, {"type": "null"}]}
_BATCH: Final[Node] = {
    "batchId": STRING,
    "kind": {"type": "string", "enum": [one.value for one in BatchKind]},
    "status": {"type": "string", "enum": [one.value for one in BatchStatus]},
    "pausedBy": {
        **nullable({"type": "string", "enum": [one.value for one in PausedBy]}),
        "description": "Why it rests: the caller, a stop of issuing, or its starter may not issue any more.",
    },
    "name": nullable(STRING),
    "schemaId": nullable(STRING),
    "credentialType": nullable(STRING),
    "issuerDid": STRING,
    "total": INTEGER,
    "issued": {**INTEGER, "description": "Rows issued; only where `kind` is `issue`."},
    "revoked": {**INTEGER, "description": "Rows revoked; only where `kind` is `revoke`."},
    "failed": INTEGER,
    "remaining": INTEGER,
    "delivered": {**INTEGER, "description": "Credentials whose delivery was begun."},
    "perSecond": nullable({"type": "number"}),
    "etaSeconds": nullable(INTEGER),
    "transactionHash": nullable(STRING),
    "createdAt": TIMESTAMP,
    "startedAt": nullable(TIMESTAMP),
    "finishedAt": nullable(TIMESTAMP),
    "links": answer("BatchLinks", {"self": URL, "results": URL, "events": URL}),
}
BATCH: Final = answer("Batch", _BATCH, optional=("issued", "revoked"))
BATCH_PAGE: Final = page_of("BatchPage", BATCH)

_RESULT: Final[Node] = {
    "index": {**INTEGER, "description": "The row's number, from 0."},
    "holderDid": {**nullable(STRING), "description": "Null where the row is not kept any more."},
    "credentialId": nullable(STRING),
    "status": {"type": "string", "enum": ["issued", "revoked", "failed", "pending"]},
    "statusListIndex": nullable(INTEGER),
    "error": _NULL_OR_FAULT,
}
_DELIVERY: Final[Node] = {
    **nullable({"type": "string", "enum": ["waiting", "made", "failed"]}),
    "description": "Of the offer that the batch was asked for; null where it was not.",
}
RESULT: Final = answer("BatchResultRow", {**_RESULT, "delivery": _DELIVERY})
RESULT_PAGE: Final = page_of("BatchResultPage", RESULT)
_INLINE_RESULT: Final = answer(
    "BatchIssuedRow",
    {**_RESULT, "credential": {**nullable(OBJECT), "description": "As signed; only with `includeCredentials`."}},
    optional=("credential",),
)
BATCH_RESULT: Final = answer(
    "BatchResult",
    {
        "results": listed(_INLINE_RESULT),
        "issued": INTEGER,
        "failed": INTEGER,
        "transactionHash": nullable(STRING),
        "batchId": STRING,
    },
)
_CELL: Final = answer(
    "BatchCellFault",
    {
        "row": {**INTEGER, "description": "From 0."},
        "column": {**nullable(STRING), "description": "The column of the table, or the JSON pointer into the row."},
        "code": STRING,
        "detail": STRING,
    },
)
ROWS_TAKEN: Final = answer(
    "RowsTaken",
    {
        "rows": INTEGER,
        "valid": INTEGER,
        "invalid": INTEGER,
        "errors": listed(_CELL, most=100, description="The first hundred."),
    },
)
KEPT_ROW: Final = answer(
    "BatchRow",
    {
        "row": {**INTEGER, "description": "From 0."},
        "holderDid": nullable(STRING),
        "claims": nullable(OBJECT),
        "expirationDate": nullable(STRING),
        "email": nullable(STRING),
        "unreadable": {**nullable(STRING), "description": "The beginning of a line that could not be read."},
        "faults": listed(_CELL),
    },
)
ROW_PAGE: Final = page_of("BatchRowPage", KEPT_ROW)

_ID: Final = "bat_kq3c7xm2vbn5tz4wpd6ahf2yqe"
_CREDENTIAL: Final = "urn:uuid:019a3f00-7d5c-8a53-9c39-2f6b8f0f3f11"
_HASH: Final = "0x5d1c8f0b7a2e4c9d3f6a1b8e7c5d4f2a9b0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e"
_BASE: Final = f"https://credentials.example/api/v1/batches/{_ID}"
BATCH_EXAMPLE: Final[Node] = {
    "batchId": _ID,
    "kind": "issue",
    "status": "running",
    "pausedBy": None,
    "name": "Graduates of 2025",
    "schemaId": "did:adi:schema:university-degree-v1",
    "credentialType": None,
    "issuerDid": "did:adi:issuer001",
    "total": 25_000,
    "issued": 10_238,
    "failed": 2,
    "remaining": 14_760,
    "delivered": 0,
    "perSecond": 8_120.5,
    "etaSeconds": 2,
    "transactionHash": None,
    "createdAt": "2026-03-01T12:00:00Z",
    "startedAt": "2026-03-01T12:00:05Z",
    "finishedAt": None,
    "links": {"self": _BASE, "results": f"{_BASE}/results", "events": f"{_BASE}/events"},
}
DRAFT_EXAMPLE: Final[Node] = {
    **BATCH_EXAMPLE,
    "status": "draft",
    "total": 0,
    "issued": 0,
    "failed": 0,
    "remaining": 0,
    "perSecond": None,
    "etaSeconds": None,
    "startedAt": None,
}
REVOKING_EXAMPLE: Final[Node] = {
    **{name: value for name, value in BATCH_EXAMPLE.items() if name != "issued"},
    "kind": "revoke",
    "status": "accepted",
    "revoked": 0,
    "failed": 0,
    "remaining": 25_000,
    "perSecond": None,
    "etaSeconds": None,
}
PAGE_EXAMPLE: Final[Node] = {"data": [BATCH_EXAMPLE], "hasMore": False, "nextCursor": None}
_ISSUED_ROW: Final[Node] = {
    "index": 0,
    "holderDid": "did:adi:holder001",
    "credentialId": _CREDENTIAL,
    "status": "issued",
    "statusListIndex": 991,
    "error": None,
}
_FAILED_ROW: Final[Node] = {
    "index": 1,
    "holderDid": "did:adi:nobody",
    "credentialId": None,
    "status": "failed",
    "statusListIndex": None,
    "error": {"code": "HOLDER_NOT_FOUND", "detail": "did:adi:nobody does not resolve.", "errors": []},
}
RESULT_EXAMPLE: Final[Node] = {
    "results": [_ISSUED_ROW, _FAILED_ROW],
    "issued": 1,
    "failed": 1,
    "transactionHash": _HASH,
    "batchId": _ID,
}
RESULT_PAGE_EXAMPLE: Final[Node] = {
    "data": [{**_ISSUED_ROW, "delivery": "made"}, {**_FAILED_ROW, "delivery": None}],
    "hasMore": False,
    "nextCursor": None,
}
_CELL_EXAMPLE: Final[Node] = {"row": 1, "column": "gpa", "code": "type", "detail": "must be a number"}
_TOLD_EXAMPLE: Final[Node] = {**_CELL_EXAMPLE, "code": "SCHEMA_VALIDATION_FAILED"}
ROWS_EXAMPLE: Final[Node] = {"rows": 25_000, "valid": 24_999, "invalid": 1, "errors": [_TOLD_EXAMPLE]}
KEPT_EXAMPLE: Final[Node] = {
    "row": 1,
    "holderDid": "did:adi:holder002",
    "claims": {"degree": {"type": "BachelorDegree", "university": "MIT", "gpa": "3,8"}},
    "expirationDate": None,
    "email": None,
    "unreadable": None,
    "faults": [_CELL_EXAMPLE],
}
ROW_PAGE_EXAMPLE: Final[Node] = {"data": [KEPT_EXAMPLE], "hasMore": False, "nextCursor": None}
