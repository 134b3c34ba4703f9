"""A request as a row of the queue shows it, and as a CSV line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sealwright.domain.grants import GrantStatus
from sealwright.domain.requests import Issuance, RequestState
from sealwright.locales import N_

if TYPE_CHECKING:
    from sealwright.services.csv_text import Cell
    from sealwright.services.review_values import RequestView
    from sealwright.web.panel.page_call import PageCall

CSV_COLUMNS: Final = (
    N_("Request id"),
    N_("Requester"),
    N_("Email"),
    N_("User id"),
    N_("Credential Type"),
    N_("Status"),
    N_("Requested"),
    N_("Decided"),
    N_("Decided by"),
    N_("Needs info"),
    N_("Version"),
    N_("Credential"),
)


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One row.

    Args:
        id: What its box is worth: the request's id and the version that is shown.
        can_decide: A pending request of somebody else.
        approve_href: Where its quick approval is posted.
    """

    id: str
    dom_id: str
    request_id: str
    version: int
    href: str
    reject_href: str
    approve_href: str
    name: str
    email: str
    type: str
    at: datetime
    badges: tuple[str, ...]
    markers: tuple[tuple[str, str | None], ...]
    select: bool
    is_yours: bool
    can_decide: bool
    selected: bool = False
    current: bool = False
    lang: str | None = None


def row_of(page: PageCall, view: RequestView, labels: Mapping[str, str], kept: str) -> QueueRow:
    """Make a row; `kept` is the queue's query, which goes along to the request's own page."""
    request, person = view.request, view.requester
    path = f"/issuer/requests/{request.request_id}"
    also = f"&{kept}" if kept else ""
    return QueueRow(
        id=f"{request.request_id}:{request.version}",
        dom_id=f"row-{request.request_id}",
        request_id=request.request_id,
        version=request.version,
        href=f"{path}?{kept}" if kept else path,
        reject_href=f"{path}?choose=rejected{also}",
        approve_href=f"{path}/decision?version={request.version}",
        name=person.display_name,
        email=person.email,
        type=labels.get(request.credential_type, request.credential_type),
        at=request.requested_at,
        badges=badges_of(view, page.now),
        markers=markers_of(page, view),
        select=not view.is_yours,
        is_yours=view.is_yours,
        can_decide=request.state is RequestState.PENDING and not view.is_yours,
    )


def badges_of(view: RequestView, now: datetime) -> tuple[str, ...]:
    """The badges of a request: its state, and what befell its grant since."""
    request, grant = view.request, view.grant
    badges = [request.state.value]
    if request.needs_info and request.state is RequestState.PENDING:
        badges.append("needs_info")
    if grant is not None and request.state is not RequestState.PENDING:
        status = grant.status_at(now)
        if status is not GrantStatus.ACTIVE:
            badges.append(status.value)
        elif grant.issuance is not Issuance.ISSUED:
            badges.append("failed" if grant.issuance is Issuance.FAILED else "signing")
    return tuple(badges)


def markers_of(page: PageCall, view: RequestView) -> tuple[tuple[str, str | None], ...]:
    """The remarks beside a requester's name."""
    request = view.request
    markers: list[tuple[str, str | None]] = []
    if view.past_target:
        markers.append(("past_target", None))
    if view.is_yours:
        markers.append(("yours", None))
    if request.evidence:
        markers.append(("files", page.ngettext("%(num)s file", "%(num)s files", len(request.evidence))))
    if request.note or request.requester_note:
        markers.append(
            ("notes", page.ngettext("%(num)s note", "%(num)s notes", 1 + bool(request.note and request.requester_note)))
        )
    if request.earlier_rejections:
        markers.append(("earlier_rejection", None))
    if view.has_duplicate and not request.earlier_rejections:
        markers.append(("duplicate", None))
    if request.endorsed_by is not None:
        markers.append(("endorsed", None))
    return tuple(markers)


def csv_line(view: RequestView) -> tuple[Cell, ...]:
    """A request as a line of the export; stable words, for programs too."""
    request, person = view.request, view.requester
    return (
        request.request_id,
        person.display_name,
        person.email,
        person.user_id,
        request.credential_type,
        request.state.value,
        request.requested_at,
        request.resolved_at,
        request.resolved_by,
        request.needs_info,
        request.version,
        view.grant.credential_id if view.grant is not None else None,
    )
