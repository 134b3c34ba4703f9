"""Walking through many addresses as one person, in one theme, width and language, and holding each to the gates."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from tests.pages.checks import axe_violations, lay_out_all, overflow, photograph, small_targets

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Each theme, width and language is met in a usual run.
SOME_LOOKS: Final = (("light", 1280, "en"), ("dark", 320, "es"))
EVERY_LOOK: Final = (
    *((theme, width, locale) for locale in ("en", "es") for theme in ("light", "dark") for width in (320, 768, 1280)),
    ("light", 320, "en-XA"),
)
# All of them with all others take a quarter of an hour: PAGE_TESTS_LOOKS=all, before a release.
IS_THOROUGH: Final = os.environ.get("PAGE_TESTS_LOOKS") == "all"
LOOKS: Final = EVERY_LOOK if IS_THOROUGH else SOME_LOOKS


def walk(page: Page, url: str, paths: Iterable[str], look: str) -> list[str]:
    """Open each address and hold it to the gates; gives everything that is wrong, with its address."""
    wrong: list[str] = []
    for path in paths:
        answer = page.goto(f"{url}{path}")
        if answer is None or answer.status != 200 or page.url != f"{url}{path}":
            wrong.append(f"{path}: {answer.status if answer else 'nothing'} at {page.url}")
            continue
        lay_out_all(page)
        photograph(page, f"{path.strip('/').replace('/', '-').replace('?', '-') or 'front'}-{look}")
        wrong += [f"{path}: {found}" for found in (*axe_violations(page), *overflow(page), *small_targets(page))]
        if page.locator("h1").count() != 1:
            wrong.append(f"{path}: {page.locator('h1').count()} headings of the first level")
    return wrong
