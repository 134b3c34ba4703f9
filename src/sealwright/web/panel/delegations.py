"""Delegations: what agents may do in one's name, what they may do for others, and what waits for one's word (S16)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sealwright.domain.delegations import DelegationStatus
from sealwright.domain.dids import DIDKind
from sealwright.locales import N_
from sealwright.services.delegation_standing import ROOT_KINDS
from sealwright.web.panel.delegations_approvals import waiting_rows
from sealwright.web.panel.delegations_view import agent_path, row_of
from sealwright.web.panel.delegations_words import DELEGATIONS, did_name
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.domain.dids import DIDRecord
    from sealwright.web.panel.page_call import PageCall

OFFICE: Final = "/admin/desk/delegations"
LIST_QUERY: Final = Form(
    Field("status", Kind.CHOICE, choices=tuple(one.value for one in DelegationStatus)),
    Field("agent", max_length=2048),
    Field("cursor", max_length=500),
)
STATUS_TABS: Final = {
    DelegationStatus.ACTIVE: N_("Active"),
    DelegationStatus.SUSPENDED: N_("Paused"),
    DelegationStatus.REVOKED: N_("Revoked"),
    DelegationStatus.EXPIRED: N_("Expired"),
}
_PAGE: Final = 20
_MOST_DIDS: Final = 100


def show(page: PageCall) -> Reply:
    """GET /delegations: those that one gave and got, one's agents, and the questions that wait."""
    return _list(page, DELEGATIONS, everybody=False)


def show_office(page: PageCall) -> Reply:
    """GET /admin/desk/delegations: every delegation of the office."""
    return _list(page, OFFICE, everybody=True)


def _list(page: PageCall, path: str, *, everybody: bool) -> Reply:
    query, sheets = page.query, page.office.delegations.sheets
    chosen = query.choice("status", "")
    status = DelegationStatus(chosen) if chosen else None
    agent = query.optional("agent")
    found = sheets.list(
        page.caller,
        status=status,
        delegate_did=agent,
        everybody=everybody,
        limit=_PAGE,
        cursor=query.optional("cursor"),
    )
    dids = [] if everybody else own_records(page)
    return page.render(
        "delegations/overview.html",
        partial="region",
        everybody=everybody,
        rows=[row_of(page, line) for line in found.items],
        tabs=[
            (page._("All"), page.href(status=None, cursor=None), None, status is None),
            *(
                (page._(word), page.href(status=one.value, cursor=None), None, status is one)
                for one, word in STATUS_TABS.items()
            ),
        ],
        is_filtered=status is not None or agent is not None,
        agent_name=did_name(page, agent) if agent else None,
        all_href=path,
        first_href=page.href(cursor=None),
        next_href=page.href(cursor=found.next_cursor) if found.next_cursor else None,
        is_first=not query.text("cursor"),
        waiting=[] if everybody else waiting_rows(page),
        agents=[(one, agent_path(one.did)) for one in dids if one.kind is DIDKind.AGENT],
        has_root=any(one.kind in ROOT_KINDS and one.is_active for one in dids),
    )


def own_records(page: PageCall) -> list[DIDRecord]:
    """The DIDs that the caller owns, newest first."""
    found = page.office.dids.list(page.caller, limit=_MOST_DIDS, cursor=None).items
    return [one for one in found if one.owner_user_id == page.person.user_id]


PAGES: Final = (
    PageRoute("GET", DELEGATIONS, PageAudience.SIGNED_IN, show, query=LIST_QUERY),
    PageRoute("GET", OFFICE, PageAudience.ADMIN, show_office, query=LIST_QUERY),
)
