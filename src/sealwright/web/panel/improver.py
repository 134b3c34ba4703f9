"""An improver's credentials, revoked ones kept and explained, and their requests (S12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sealwright.domain.grants import GrantStatus
from sealwright.domain.requests import Issuance, RequestState
from sealwright.services.papers import emblem_tone
from sealwright.web.panel.improver_frame import CREDENTIALS, NEW, REQUESTS, Own, tabs_of
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from datetime import datetime

    from sealwright.domain.catalog import CredentialType
    from sealwright.domain.grants import Grant
    from sealwright.services.review_values import RequestView
    from sealwright.web.panel.page_call import PageCall

__all__ = ["CREDENTIALS", "NEW", "REQUESTS", "Catalog", "badges_of", "grant_lines", "request_line"]

# So many lines stand below the feed; the rest on the list's own page.
OVERVIEW: Final = 5
_RENEW_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class GrantLine:
    """A grant as its holder sees it.

    Args:
        badge: Of its state, or of the signing that is still under way.
        href: Of its credential's page, once there is one.
        why: The reason that a reviewer gave for ending or suspending it.
        renew: Where a new request begins, when it has ended or soon will.
    """

    label: str
    tone: int
    badge: str
    grant: Grant
    href: str | None
    why: str | None
    ends_soon: bool
    renew: str | None

    @property
    def is_over(self) -> bool:
        """Tell whether it opens nothing any more."""
        return self.badge in {"revoked", "expired"}


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request as its requester sees it in a list."""

    label: str
    tone: int
    badges: tuple[str, ...]
    view: RequestView


class Catalog:
    """Labels, emblems and openness of the credential types that a person meets."""

    def __init__(self, page: PageCall) -> None:
        self._language = page.appearance.language
        self.visible = page.office.catalog.visible(page.caller)
        self._page = page
        self._known = {one.value: one for one in self.visible}

    def get(self, value: str) -> CredentialType | None:
        """A type by value; None where it is gone, or private."""
        if value not in self._known:
            found = self._page.office.catalog.named([value])
            self._known.update(found)
        return self._known.get(value)

    def label(self, value: str) -> str:
        """What a type is called."""
        known = self.get(value)
        return known.label_in(self._language) if known is not None else value


def grant_line(page: PageCall, grant: Grant, catalog: Catalog, open_types: frozenset[str]) -> GrantLine:
    """Say how a grant stands."""
    status = grant.status_at(page.now)
    badge = status.value
    if status is GrantStatus.ACTIVE and grant.issuance is not Issuance.ISSUED:
        badge = "signing" if grant.issuance is Issuance.PENDING else "failed"
    soon = status is GrantStatus.ACTIVE and _ends_soon(grant.expires_at, page.now)
    is_lost = status in {GrantStatus.REVOKED, GrantStatus.EXPIRED}
    known = catalog.get(grant.credential_type)
    renewable = is_lost and known is not None and known.active and grant.credential_type in open_types
    return GrantLine(
        label=catalog.label(grant.credential_type),
        tone=emblem_tone(grant.credential_type),
        badge=badge,
        grant=grant,
        href=f"{CREDENTIALS}/{grant.credential_id}" if grant.credential_id is not None else None,
        why=grant.reason if status in {GrantStatus.REVOKED, GrantStatus.SUSPENDED} else None,
        ends_soon=soon,
        renew=f"{NEW}/{grant.credential_type}" if renewable else None,
    )


def _ends_soon(end: datetime | None, now: datetime) -> bool:
    return end is not None and (end - now).days < _RENEW_DAYS


def request_line(view: RequestView, catalog: Catalog) -> RequestLine:
    """Say how a request stands."""
    request = view.request
    return RequestLine(
        catalog.label(request.credential_type), emblem_tone(request.credential_type), badges_of(view), view
    )


def badges_of(view: RequestView) -> tuple[str, ...]:
    """The badges of a request: its state, and what became of the grant that it made."""
    request, grant = view.request, view.grant
    badges = [request.state.value]
    if request.state is RequestState.PENDING and request.needs_info:
        badges.append("needs_info")
    if grant is not None and grant.status in {GrantStatus.REVOKED, GrantStatus.SUSPENDED, GrantStatus.EXPIRED}:
        badges.append(grant.status.value)
    return tuple(badges)


def grant_lines(page: PageCall, own: Own, catalog: Catalog) -> list[GrantLine]:
    """Everything that somebody holds and held, what counts first."""
    in_force = {grant.credential_type for grant in own.grants if grant.is_in_force(page.now)}
    open_types = frozenset(one.value for one in catalog.visible) - set(own.pending) - in_force
    lines = [grant_line(page, grant, catalog, open_types) for grant in own.grants]
    return sorted(lines, key=lambda line: line.is_over)


def show_credentials(page: PageCall) -> Reply:
    """GET /improver/credentials."""
    own, catalog = Own.of(page), Catalog(page)
    return page.render(
        "improver/credentials.html",
        tabs=tabs_of(page, CREDENTIALS, own),
        grants=grant_lines(page, own, catalog),
        new_href=NEW,
    )


def show_requests(page: PageCall) -> Reply:
    """GET /improver/requests."""
    own, catalog = Own.of(page), Catalog(page)
    return page.render(
        "improver/requests.html",
        tabs=tabs_of(page, REQUESTS, own),
        requests=[request_line(view, catalog) for view in own.requests],
        new_href=NEW,
    )


PAGES: Final = (
    PageRoute("GET", CREDENTIALS, PageAudience.IMPROVER, show_credentials),
    PageRoute("GET", REQUESTS, PageAudience.IMPROVER, show_requests),
)
