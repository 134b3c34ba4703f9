"""The front page (S0): what this office issues, signing in, and checking a credential without an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sealwright.web.panel.arrival import home_of
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.shell import page_paths
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

VERIFY: Final = "/verify"


def show(page: PageCall) -> Reply:
    """GET /."""
    types = page.office.catalog.visible(None)
    signed_in = page.signed_in
    person = signed_in.person if signed_in is not None else None
    return page.render(
        "front/front.html",
        types=types,
        waits=page.office.analytics.usual_waits([one.value for one in types]),
        home=home_of(person) if person is not None else None,
        verify=VERIFY if VERIFY in page_paths() else None,
        is_open=page.office.sign_in.is_open_to_strangers,
    )


PAGES: Final = (PageRoute("GET", "/", PageAudience.ANYONE, show),)
