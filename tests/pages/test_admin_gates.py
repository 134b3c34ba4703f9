"""Admin pages of one thing, and filtered lists: accessible, without sideways scroll, in both themes and languages."""

from __future__ import annotations

import json
from typing import Final

import pytest

from tests.pages.conftest import OpenPage
from tests.pages.gates import LOOKS, walk
from tests.pages.serving import PageSite

PATHS: Final = (
    "/admin/desk/issuer-requests?state=all",
    "/admin/desk/improvers?state=all",
    "/admin/desk/credential-types/dpw_certified",
    "/admin/desk/dids/did%3Aadi%3Aissuer001",
    "/admin/desk/audit?action=auth.signed_in",
    "/admin/desk/mass?did=did%3Aadi%3Aissuer001",
    "/admin/desk/mass/preview?did=did%3Aadi%3Aissuer001&act=revoke",
)


@pytest.fixture(scope="module")
def webhook(site: PageSite) -> str:
    """The page of a webhook endpoint."""
    made = json.loads(site.run(["webhook", "create", "https://1.1.1.1/in", "--events", "payout.owed", "--json"]))
    return f"/admin/desk/webhooks/{made['webhook_id']}"


@pytest.mark.parametrize(("theme", "width", "locale"), LOOKS)
def test_admin_pages_hold_to_every_gate(
    site: PageSite, open_page: OpenPage, webhook: str, theme: str, width: int, locale: str
) -> None:
    page = open_page("/admin", "admin", theme=theme, width=width, locale=locale)
    wrong = walk(page, site.url, (*PATHS, webhook), f"{theme}-{width}-{locale}")
    assert not wrong, "\n".join(wrong)
