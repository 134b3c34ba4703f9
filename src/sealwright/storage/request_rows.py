"""Credential requests and their history between values and rows."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.requests import CredentialRequest, Evidence, HistoryEntry, RequestState
from sealwright.storage.desk_tables import request_history, requests
from sealwright.storage.json_columns import json_text, read_object, read_text_map, read_texts

_EVIDENCE: Final = msgspec.json.Decoder(tuple[Evidence, ...])

ASSIGNED: Final = 1
NEEDS_INFO: Final = 2
EVERY_MARKS: Final = (0, ASSIGNED, NEEDS_INFO, ASSIGNED | NEEDS_INFO)

REQUEST: Final = sa.select(*requests.columns)
ENTRY: Final = sa.select(*request_history.columns)


def marks_of(request: CredentialRequest) -> int:
    """Give what filters ask of a request, as bits: assigned to somebody, waiting for information."""
    return (ASSIGNED if request.assignee_user_id is not None else 0) | (NEEDS_INFO if request.needs_info else 0)


def values_of(request: CredentialRequest) -> dict[str, object]:
    """Give a request as a row, but for what it takes over from its requester."""
    is_pending = request.state is RequestState.PENDING
    return {
        "request_id": request.request_id,
        "user_id": request.user_id,
        "credential_type": request.credential_type,
        "state": request.state.value,
        "marks": marks_of(request),
        "requested_at": request.requested_at,
        "phase": 0 if is_pending else 1,
        "sorted_at": request.requested_at if is_pending else (request.resolved_at or request.updated_at),
        "resolved_at": request.resolved_at,
        "resolved_by": request.resolved_by,
        "assignee_user_id": request.assignee_user_id,
        "version": request.version,
        "created_at": request.created_at,
        "updated_at": request.updated_at,
        "message": request.message,
        "note": request.note,
        "evidence": json_text(request.evidence),
        "claims": None if request.claims is None else json_text(request.claims),
        "answers": json_text(dict(request.answers)),
        "requester_note": request.requester_note,
        "endorsed_by": request.endorsed_by,
        "grant_id": request.grant_id,
        "earlier_rejections": request.earlier_rejections,
    }


def request_of(row: Row[Any]) -> CredentialRequest:
    """Read a request from a row of `REQUEST`."""
    return CredentialRequest(
        request_id=row.request_id,
        user_id=row.user_id,
        credential_type=row.credential_type,
        state=RequestState(row.state),
        requested_at=row.requested_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
        needs_info=bool(row.marks & NEEDS_INFO),
        assignee_user_id=row.assignee_user_id,
        message=row.message,
        note=row.note,
        evidence=_EVIDENCE.decode(row.evidence),
        claims=None if row.claims is None else read_object(row.claims),
        answers=read_text_map(row.answers),
        requester_note=row.requester_note,
        endorsed_by=row.endorsed_by,
        grant_id=row.grant_id,
        earlier_rejections=row.earlier_rejections,
    )


def optional_request(row: Row[Any] | None) -> CredentialRequest | None:
    """Read a request, None as None."""
    return None if row is None else request_of(row)


def entry_values(entry: HistoryEntry, position: int) -> dict[str, object]:
    """Give a history entry as a row."""
    return {
        "request_id": entry.request_id,
        "position": position,
        "at": entry.at,
        "cause": entry.cause,
        "actor": entry.actor,
        "from_state": None if entry.from_state is None else entry.from_state.value,
        "to_state": entry.to_state.value,
        "note": entry.note,
        "message": entry.message,
        "checklist": json_text(entry.checklist),
    }


def entry_of(row: Row[Any]) -> HistoryEntry:
    """Read a history entry from a row of `ENTRY`."""
    return HistoryEntry(
        request_id=row.request_id,
        at=row.at,
        cause=row.cause,
        actor=row.actor,
        from_state=None if row.from_state is None else RequestState(row.from_state),
        to_state=RequestState(row.to_state),
        note=row.note,
        message=row.message,
        checklist=read_texts(row.checklist),
    )
