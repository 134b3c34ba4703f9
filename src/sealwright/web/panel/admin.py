"""The office's start page for admins (S11): what to do first, what waits, how things stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sealwright.domain.enrollment import IssuerState, RoleState
from sealwright.domain.people import AccountRole
from sealwright.domain.requests import RequestState
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.shell import page_paths
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

HOME: Final = "/admin"
DESK: Final = "/admin/desk"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do before an office is under way."""

    text: str
    href: str
    is_done: bool


def show(page: PageCall) -> Reply:
    """GET /admin."""
    office, caller = page.office, page.caller
    counts = office.review.counts(caller)
    pending = sum(states.get(RequestState.PENDING, 0) for states in counts.values())
    approved = sum(states.get(RequestState.APPROVED, 0) for states in counts.values())
    issuers = office.enrollment.issuers(caller, state=IssuerState.PENDING, count=1).total
    roles = office.enrollment.role_requests(caller, state=RoleState.PENDING, count=1).total
    steps = _checklist(page, has_credential=approved > 0)
    return page.render(
        "admin/start.html",
        steps=steps,
        is_under_way=all(step.is_done for step in steps),
        stats=[
            {"value": pending, "label": page._("Requests pending"), "href": "/issuer"},
            {"value": issuers, "label": page._("Issuer requests"), "href": f"{DESK}/issuer-requests"},
            {"value": roles, "label": page._("Role requests"), "href": f"{DESK}/improvers"},
            {"value": office.issuing.line.depth, "label": page._("Waiting to be signed"), "href": f"{DESK}/system"},
        ],
        health=sorted(office.health().items()),
        halts=office.halting.status().halts,
        verify="/verify" if "/verify" in page_paths() else None,
    )


def _checklist(page: PageCall, *, has_credential: bool) -> list[Step]:
    office, caller = page.office, page.caller
    has_issuer = office.people.search(caller, role=AccountRole.ISSUER.value, count=1).total > 0
    has_improver = office.people.search(caller, role=AccountRole.IMPROVER.value, count=1).total > 0
    return [
        Step(
            page._("Look through the credential types, or make one"),
            f"{DESK}/credential-types",
            any(one.active for one in office.catalog.all(caller)),
        ),
        Step(page._("Invite an issuer and set their issuer scope"), f"{DESK}/users", has_issuer),
        Step(page._("Admit an improver"), f"{DESK}/improvers", has_improver),
        Step(page._("Approve the first request, or grant directly"), "/issuer", has_credential),
    ]


PAGES: Final = (PageRoute("GET", HOME, PageAudience.ADMIN, show),)
