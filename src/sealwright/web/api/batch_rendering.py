"""Batches, their rows and results in the words of the wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sealwright.domain.batches import Batch, BatchKind, RowFault
from sealwright.services.batch_results import KeptRow, RowResult
from sealwright.services.batch_views import BatchView
from sealwright.web.api.rendering import moment
from sealwright.web.reply import raw_or_null

PATH = "/api/v1/batches"


def batch(view: BatchView, public_url: str) -> dict[str, Any]:
    """A batch as it stands."""
    one = view.batch
    base = f"{public_url}{PATH}/{one.batch_id}"
    return {
        "batchId": one.batch_id,
        "kind": one.kind.value,
        "status": one.status.value,
        "pausedBy": one.paused_by.value if one.paused_by is not None else None,
        "name": one.name,
        "schemaId": one.schema_id,
        "credentialType": one.credential_type,
        "issuerDid": one.issuer_did,
        "total": one.total,
        "issued" if one.kind is BatchKind.ISSUE else "revoked": one.issued,
        "failed": one.failed,
        "remaining": one.remaining,
        "delivered": one.delivered,
        "perSecond": view.per_second,
        "etaSeconds": view.eta_seconds,
        "transactionHash": one.transaction_hash,
        "createdAt": moment(one.created_at),
        "startedAt": moment(one.started_at),
        "finishedAt": moment(one.finished_at),
        "links": {"self": base, "results": f"{base}/results", "events": f"{base}/events"},
    }


def plain(one: Batch, public_url: str) -> dict[str, Any]:
    """A batch that was just made or moved, without a pace."""
    return batch(BatchView(one), public_url)


def result(found: RowResult) -> dict[str, Any]:
    """What became of one row."""
    record = found.record
    return {
        "index": found.row,
        "holderDid": found.holder_did,
        "credentialId": record.credential_id if record is not None else found.credential_id,
        "status": found.status,
        "statusListIndex": record.place.index if record is not None and record.place is not None else None,
        "error": fault(found.fault) if found.fault is not None else None,
    }


def listed_result(found: RowResult) -> dict[str, Any]:
    """The same as it stands now, with the offer that was asked for."""
    return {**result(found), "delivery": found.delivery}


def result_with_document(found: RowResult) -> dict[str, Any]:
    """The same with the signed document, spliced in as it was stored."""
    return {**result(found), "credential": raw_or_null(found.record.document) if found.record is not None else None}


def fault(of: RowFault) -> dict[str, Any]:
    """Why a row failed; pointers lead into the row."""
    errors = [{"pointer": cell.pointer, "code": cell.code, "detail": cell.detail} for cell in of.cells]
    return {"code": of.code, "detail": of.detail, "errors": errors}


def cells(of: RowFault) -> Iterator[dict[str, Any]]:
    """Why a row failed, or would, fault by fault; `column` is null where the row as a whole is wrong."""
    if not of.cells:
        yield {"row": of.row, "column": None, "code": of.code, "detail": of.detail}
    for cell in of.cells:
        yield {"row": of.row, "column": cell.column or cell.pointer or None, "code": cell.code, "detail": cell.detail}


def kept_row(kept: KeptRow) -> dict[str, Any]:
    """A row as it is kept, with what is wrong with it."""
    members: Mapping[str, Any] = kept.members
    return {
        "row": kept.row,
        "holderDid": members.get("holderDid"),
        "claims": members.get("claims"),
        "expirationDate": members.get("expirationDate"),
        "email": members.get("email"),
        "unreadable": members.get("unreadable"),
        "faults": list(cells(kept.fault)) if kept.fault is not None else [],
    }
