"""Windows between a phone and a wide desk, low ones, and strips that scroll by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.pages.checks import overflow
from tests.pages.conftest import OpenPage
from tests.pages.serving import PageSite

if TYPE_CHECKING:
    from playwright.sync_api import Locator

pytestmark = pytest.mark.timeout(180)

ISSUER_PAGES = ("/issuer", "/issuer?status=approved", "/issuer/holders?q=person", "/analytics", "/settings/tokens")
ADMIN_PAGES = (
    "/admin/desk/api-keys",
    "/admin/desk/users",
    "/admin/desk/dids",
    "/admin/desk/audit",
    "/admin/desk/workflows",
    "/admin/desk/payouts",
    "/workflows",
    "/proposer",
    "/improver",
)
WIDTHS = (390, 700, 900, 1030, 1190)


def is_in_sight(one: Locator) -> bool:
    """Tell whether something stands in the window, and is not cut off by a box that scrolls."""
    seen: bool = one.evaluate(
        "one => { const box = one.getBoundingClientRect(); const at = document.elementFromPoint("
        "(box.left + box.right) / 2, (box.top + box.bottom) / 2); return one.contains(at); }"
    )
    return seen


@pytest.mark.parametrize(("who", "paths"), [("issuer", ISSUER_PAGES), ("admin", ADMIN_PAGES)], ids=["issuer", "admin"])
def test_no_width_between_makes_a_page_scroll_sideways(
    open_page: OpenPage, site: PageSite, who: str, paths: tuple[str, ...]
) -> None:
    page = open_page(paths[0], who, width=WIDTHS[0])
    for path in paths:
        page.goto(f"{site.url}{path}")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert overflow(page) == [], f"{path} at {width}"


def test_low_windows_keep_the_account_and_the_current_entry_in_sight(open_page: OpenPage) -> None:
    page = open_page("/admin/desk/system", "admin", height=600)
    rail = page.get_by_role("complementary", name="Office and account")
    assert is_in_sight(rail.locator("summary"))
    assert is_in_sight(rail.get_by_role("link", name="System"))
    assert page.evaluate("scrollY") == 0
    last = rail.get_by_role("link", name="Settings").first
    last.scroll_into_view_if_needed()
    assert is_in_sight(last)


@pytest.mark.parametrize("locale", ["en", "es"])
def test_tabs_stand_in_one_line_on_a_phone(open_page: OpenPage, locale: str) -> None:
    page = open_page("/settings/privacy", "issuer", width=320, locale=locale)
    tabs = page.locator("nav.tabs")
    heights = {round(one.bounding_box()["y"]) for one in tabs.get_by_role("link").all()}  # type: ignore[index]
    assert len(heights) == 1
    assert is_in_sight(tabs.locator("[aria-current]"))
    assert page.evaluate("scrollY") == 0
