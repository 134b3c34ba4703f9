"""The system's Chromium: found, never downloaded; what it complains about is written down."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tests.support.tools import missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

# The first draws pages as the others do, without a desktop's windows around them: half the time.
NAMES: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def executable() -> str:
    """Where the browser is; gives the test up where there is none."""
    named = os.environ.get("PAGE_TESTS_CHROMIUM")
    found = named or next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        missing("Chromium (Debian: apt-get install chromium-headless-shell)")
    return found


@contextmanager
def launched() -> Iterator[Browser]:
    """A headless browser without any profile."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("the Python package playwright (make prepare)")
    # The sandbox refuses to start for root, as whom containers run tests.
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable(), args=[*arguments, "--font-render-hinting=none"]
        )
        try:
            yield browser
        finally:
            browser.close()


class Complaints:
    """Everything that a page should not have said: console messages, uncaught errors, requests that failed.

    Args:
        expected_statuses: Answers that the test itself asks for; browsers write those down too.
    """

    def __init__(self, page: Page, url: str, expected_statuses: tuple[int, ...] = ()) -> None:
        self.found: list[str] = []
        self._url = url
        self._expected = tuple(f"status of {status}" for status in expected_statuses)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.found.append(f"error: {error}"))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if not any(text in message.text for text in self._expected):
            self.found.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self._url, "data:", "blob:", "about:")):
            self.found.append(f"third party: {request.url}")
