"""The reviewer's pages and dialogs, held to the gates: filled, empty and refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from tests.pages.checks import check_page, photograph
from tests.pages.conftest import OpenPage
from tests.pages.gates import LOOKS, walk
from tests.pages.hands import is_shown
from tests.pages.serving import PageSite

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATHS: Final = (
    "/issuer",
    "/issuer?status=approved",
    "/issuer?status=all&sort=name&count=50",
    "/issuer?q=nobody-is-called-so",
    "/issuer?status=pending&type=dpw_certified&mark=needs_info&age=1",
    "/issuer/views?status=pending&q=munoz",
    "/issuer/holders",
    "/issuer/holders?q=person",
    "/issuer/holders?q=nobody-is-called-so",
    "/analytics",
    "/analytics?span=365&type=dpw_certified",
    "/inbox",
    "/search?q=munoz",
    "/search?q=nobody-is-called-so",
)


def path_of(page: Page, site: PageSite, listed: str, link: str) -> str:
    """Where a link of a list leads, as an address of this site."""
    page.goto(f"{site.url}{listed}")
    href = page.locator(link).first.get_attribute("href")
    assert href is not None
    return href


def own_paths(page: Page, site: PageSite) -> list[str]:
    """Addresses of single things, found where people find them."""
    pending = path_of(page, site, "/issuer?status=pending", "a.title")
    rejecting = path_of(page, site, "/issuer?status=pending", "a[data-act=reject]")
    approved = path_of(page, site, "/issuer?status=approved", "a.title")
    holder = path_of(page, site, approved, 'a[href^="/issuer/holders/usr"]')
    credential = path_of(page, site, holder, 'a[href^="/issuer/credentials/"]')
    revoking = path_of(page, site, holder, 'a[href*="/revoke?grant="]')
    granting = re.sub(r"$", "/grant", holder)
    return [pending, rejecting, approved, holder, credential, revoking, granting]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("theme", "width", "locale"), LOOKS)
def test_issuer_pages_hold_to_every_gate(
    site: PageSite, open_page: OpenPage, theme: str, width: int, locale: str
) -> None:
    page = open_page("/issuer", "issuer", theme=theme, width=width, locale=locale)
    wrong = walk(page, site.url, [*PATHS, *own_paths(page, site)], f"{theme}-{width}-{locale}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("theme", "width", "locale"), [("light", 1280, "en"), ("dark", 320, "es")])
def test_dialogs_hold_to_every_gate(open_page: OpenPage, theme: str, width: int, locale: str) -> None:
    page = open_page("/issuer", "issuer", theme=theme, width=width, locale=locale)
    for name, opener in (("request", "a.title"), ("reject", "a[data-act=reject]")):
        page.locator(opener).first.click()
        page.locator("#dialog #dialog-title").wait_for()
        check_page(page)
        photograph(page, f"dialog-{name}-{theme}-{width}-{locale}", whole=False)
        page.keyboard.press("Escape")
    page.keyboard.press("ControlOrMeta+k")
    page.locator("#dialog #palette-q").wait_for()
    check_page(page)
    photograph(page, f"dialog-palette-{theme}-{width}-{locale}", whole=False)


def test_an_issuer_without_scope_is_told_what_would_help(open_page: OpenPage) -> None:
    page = open_page("/search?q=munoz", "improver")
    assert is_shown(page.get_by_text("Nothing that you may see matches."))
    page.goto(page.url.partition("/search")[0] + "/inbox")
    assert is_shown(page.get_by_text("Nothing waits for you"))
