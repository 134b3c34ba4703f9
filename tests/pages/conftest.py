"""The browser, the server, and pages that are opened as somebody, in a theme, a width and a language."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.pages.chromium import Complaints, launched
from tests.pages.serving import PageSite, page_site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

OpenPage = Callable[..., "Page"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for the run; each page gets a context of its own."""
    with launched() as one:
        yield one


@pytest.fixture(scope="module")
def site() -> Iterator[PageSite]:
    """An office with the demo's data, for the tests of a module."""
    with page_site() as one:
        yield one


@pytest.fixture
def open_page(browser: Browser, site: PageSite) -> Iterator[OpenPage]:
    """Open a page: ``open_page("/issuer", "issuer", theme="dark", width=320, locale="es", scripts=False)``.

    Args (of what it gives):
        path: Where to go.
        who: Name of a demo person, before the @ sign; None for nobody.
        expected: Statuses other than 200 that the test asks for.

    At the end of the test each page must have been silent: no console message, no error, no third party.
    """
    opened: list[tuple[Any, Complaints]] = []

    def open_one(
        path: str,
        who: str | None = None,
        *,
        theme: str = "light",
        width: int = 1280,
        height: int = 900,
        locale: str = "en",
        scripts: bool = True,
        expected: tuple[int, ...] = (),
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            locale="en-US",
            java_script_enabled=scripts,
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )
        cookies = [{"name": "sealwright_look", "value": f"{locale}~~", "url": site.url}]
        if who is not None:
            cookies.append({"name": "sealwright", "value": site.cookies[who], "url": site.url})
        context.add_cookies(cookies)  # type: ignore[arg-type]
        page = context.new_page()
        opened.append((context, Complaints(page, site.url, expected)))
        answer = page.goto(f"{site.url}{path}")
        assert answer is not None
        assert answer.status in {200, *expected}, f"{path}: {answer.status}"
        return page

    yield open_one
    complaints = [text for _, one in opened for text in one.found]
    for context, _ in opened:
        context.close()
    assert complaints == []
