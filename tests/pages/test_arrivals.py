"""The queue says what has come meanwhile, moves nothing, and asks for nothing while nobody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.pages.checks import check_page, photograph
from tests.pages.conftest import OpenPage
from tests.pages.test_issuer_journeys import name_of, rows

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.timeout(180)

SAID: Final = {"en": "1 new request, show", "es": "1 solicitud nueva, mostrar"}
WAYS: Final = {"en": ("improver", "sfluv_verifier"), "es": ("improver", "dpw_certified")}


def look_away(page: Page, *, hidden: bool) -> None:
    """Put the tab into the background, or take it back to the front."""
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )


def watched(page: Page) -> list[str]:
    """The addresses at which a page asks for news, as it does so."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/issuer/queue/new" in request.url else None)
    return asked


def ask_for(open_page: OpenPage, who: str, credential_type: str) -> None:
    """Ask for a credential as somebody, in a window of their own."""
    page = open_page(f"/improver/requests/new/{credential_type}", who)
    page.get_by_label("The office may read this").check()
    page.get_by_role("button", name="Send the request").click()
    page.get_by_role("heading", name="Timeline").wait_for()


@pytest.mark.parametrize(("theme", "width", "locale"), [("light", 1280, "en"), ("dark", 320, "es")])
def test_new_requests_are_announced_and_nothing_moves(open_page: OpenPage, theme: str, width: int, locale: str) -> None:
    page = open_page("/issuer", "issuer", theme=theme, width=width, locale=locale)
    asked = watched(page)
    first = page.locator("[data-row]").first
    before, where = first.get_attribute("id"), first.bounding_box()
    page.wait_for_timeout(1100)
    look_away(page, hidden=True)
    ask_for(open_page, *WAYS[locale])
    assert asked == []

    look_away(page, hidden=False)
    link = page.get_by_role("link", name=SAID[locale])
    link.wait_for()
    page.locator("#said", has_text=SAID[locale]).wait_for(state="attached")
    assert page.locator("#said").get_attribute("aria-live") == "polite"
    assert (first.get_attribute("id"), first.bounding_box()) == (before, where)
    check_page(page)
    photograph(page, f"arrivals-{theme}-{width}-{locale}")

    link.click()
    page.wait_for_url("**/issuer?*sort=newest*")
    assert link.count() == 0
    if locale == "en":
        assert name_of(rows(page).first) == "Ivo Improver"


def test_while_nobody_looks_nothing_is_asked(open_page: OpenPage) -> None:
    page = open_page("/issuer", "issuer")
    page.clock.install()
    asked = watched(page)
    page.reload()
    page.clock.run_for(31_000)
    assert len(asked) == 2
    look_away(page, hidden=True)
    page.clock.run_for(120_000)
    assert len(asked) == 2
    look_away(page, hidden=False)
    page.clock.run_for(1_000)
    assert len(asked) == 3
