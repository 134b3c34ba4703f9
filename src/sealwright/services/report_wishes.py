"""Keeping and ending wishes for reports, each change on record; for the desk, and for the links in letters."""

from __future__ import annotations

from datetime import datetime

from sealwright.domain.audit import AuditEntry
from sealwright.domain.people import Actor
from sealwright.domain.reports import ReportEvery, ReportWish
from sealwright.services.ports import UnitOfWork


def keep_wish(
    uow: UnitOfWork, known: ReportWish, wish: ReportWish, *, actor: Actor, at: datetime, request_id: str | None
) -> bool:
    """Put a wish in the place of the known one, with its row in the trail; False where both say the same."""
    if wish == known:
        return False
    uow.report_wishes.put(wish)
    uow.audit.append(
        AuditEntry(
            actor=actor,
            request_id=request_id,
            action="report.changed",
            object_type="user",
            object_id=wish.user_id,
            at=at,
            before=_members(known),
            after=_members(wish),
        )
    )
    return True


def end_reports(uow: UnitOfWork, user_id: str, *, actor: Actor, at: datetime, request_id: str | None = None) -> bool:
    """Let no more reports come to a person; False where none were to come."""
    known = uow.report_wishes.of_person(user_id)
    if known is None or known.every is ReportEvery.NEVER:
        return False
    changed = known.changed(ReportEvery.NEVER, known.credential_types, at)
    return keep_wish(uow, known, changed, actor=actor, at=at, request_id=request_id)


def _members(wish: ReportWish) -> dict[str, object]:
    chosen = wish.credential_types
    return {"every": wish.every.value, "credentialTypes": list(chosen) if chosen is not None else None}
