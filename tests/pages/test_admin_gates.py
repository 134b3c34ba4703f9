"""Every admin page: accessible, without sideways scroll, in both themes and languages, and photographed."""

from __future__ import annotations

from typing import Final

import pytest

from tests.pages.conftest import OpenPage
from tests.pages.gates import LOOKS, walk
from tests.pages.serving import PageSite

PATHS: Final = (
    "/admin",
    "/admin/desk/issuer-requests",
    "/admin/desk/issuer-requests?state=all",
    "/admin/desk/issuers",
    "/admin/desk/improvers?state=all",
    "/admin/desk/proposers",
    "/admin/desk/voters",
    "/admin/desk/credential-types",
    "/admin/desk/credential-types/new",
    "/admin/desk/credential-types/dpw_certified",
    "/admin/desk/users",
    "/admin/desk/users/new",
    "/admin/desk/api-keys",
    "/admin/desk/api-keys/new",
    "/admin/desk/dids",
    "/admin/desk/dids/new",
    "/admin/desk/dids/did%3Aadi%3Aissuer001",
    "/admin/desk/audit",
    "/admin/desk/outbox",
    "/admin/desk/system",
)


@pytest.mark.parametrize(("theme", "width", "locale"), LOOKS)
def test_admin_pages_hold_to_every_gate(
    site: PageSite, open_page: OpenPage, theme: str, width: int, locale: str
) -> None:
    page = open_page("/admin", "admin", theme=theme, width=width, locale=locale)
    wrong = walk(page, site.url, PATHS, f"{theme}-{width}-{locale}")
    assert not wrong, "\n".join(wrong)
