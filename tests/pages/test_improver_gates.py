"""Asking for a credential, the feed, and the work that it opens, held to the gates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.pages.checks import axe_violations, overflow, photograph, small_targets
from tests.pages.conftest import OpenPage
from tests.pages.gates import LOOKS, walk
from tests.pages.serving import PageSite

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATHS: Final = (
    "/improver/requests/new/dpw_certified",
    "/improver/requests/new/sfluv_verifier",
    # Nothing is open to this person, claimed or done.
    "/improver",
    "/improver/steps",
)
# People of the demo's queue: one holds the certification of the first step, one that of the second.
WORKER: Final = "person22"
CHECKER: Final = "person37"
WORKFLOW: Final = 'main a[href^="/improver/workflows/"]'


@pytest.mark.parametrize(("theme", "width", "locale"), LOOKS)
def test_improver_pages_hold_to_every_gate(
    site: PageSite, open_page: OpenPage, theme: str, width: int, locale: str
) -> None:
    page = open_page("/improver", "improver", theme=theme, width=width, locale=locale)
    wrong = walk(page, site.url, PATHS, f"{theme}-{width}-{locale}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("theme", "width", "locale"), LOOKS)
def test_own_credential_holds_to_every_gate(
    site: PageSite, open_page: OpenPage, theme: str, width: int, locale: str
) -> None:
    page = open_page("/improver/credentials", "person37", theme=theme, width=width, locale=locale)
    own = page.locator('a[href^="/improver/credentials/"]').first.get_attribute("href")
    assert own is not None
    wrong = walk(page, site.url, [own], f"{theme}-{width}-{locale}")
    assert not wrong, "\n".join(wrong)


def _begun(page: Page) -> str:
    """Claim the first step and start it, unless that was done for another look; gives the workflow's path."""
    claim = page.locator('main form[action$="/claim"] button')
    if claim.count():
        claim.first.click()
        page.wait_for_url("**/improver/steps")
        page.locator('main form[action$="/start"] button').first.click()
        page.wait_for_url("**/improver/workflows/**")
    page.goto(f"{page.url.partition('/improver')[0]}/improver/steps")
    path = page.locator(WORKFLOW).first.get_attribute("href")
    assert path is not None
    return path


@pytest.mark.parametrize(("theme", "width", "locale"), LOOKS)
def test_work_holds_to_every_gate(site: PageSite, open_page: OpenPage, theme: str, width: int, locale: str) -> None:
    """A feed with work, a workflow that may be claimed, and one's own steps with the form to hand in."""
    look = f"{theme}-{width}-{locale}"
    checker = open_page("/improver", CHECKER, theme=theme, width=width, locale=locale)
    offered = checker.locator(WORKFLOW).first.get_attribute("href")
    assert offered is not None
    wrong = walk(checker, site.url, ["/improver", offered], f"open-{look}")
    worker = open_page("/improver", WORKER, theme=theme, width=width, locale=locale, expected=(422,))
    path = _begun(worker)
    release = worker.locator('main a[href$="/release"]').first.get_attribute("href")
    assert release is not None
    wrong += walk(worker, site.url, ["/improver/steps", release, path], f"begun-{look}")
    # The same page with what is wrong in its form.
    worker.locator("main details.way summary").click()
    worker.locator('main form[action$="/not-possible"] button').click()
    worker.locator("#form-errors").wait_for()
    wrong += refused_page(worker, look)
    assert not wrong, "\n".join(wrong)


def refused_page(page: Page, look: str) -> list[str]:
    """Hold a page with faults to the gates, as it stands."""
    photograph(page, f"improver-refused-{look}")
    return [str(found) for found in (*axe_violations(page), *overflow(page), *small_targets(page))]
