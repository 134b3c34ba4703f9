"""Delegations for the guide's pictures: a tree that was used, and each page at the moment that the guide tells of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.pages.delegation_tree import AGENT_DID, GROCERIES, SHOP, grown

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.pages.serving import PageSite

# Where the address of something that is made for the pictures is filled in.
ROOT: Final = "{root}"
QUESTION: Final = "{question}"


def prepare(site: PageSite) -> dict[str, str]:
    """Make and use delegations; gives what stands in the place of each name."""
    tree = grown(site)
    return {ROOT: tree.root, QUESTION: tree.approvals[0]}


def fill_in(page: Page) -> None:
    """The form with what is allowed, and its sentence beside it."""
    page.locator('[name="agent"]').select_option(AGENT_DID)
    page.get_by_label(GROCERIES).check()
    for label, text in (("At a time", "50"), ("In 7 days", "400"), ("Currency", "USD"), ("In an hour", "20")):
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_text("Where, with whom and when").click()
    with page.expect_response(lambda one: one.request.method == "POST"):
        page.get_by_label("Only from these merchants").fill(SHOP)
        page.locator('[name="depth"]').select_option("1")
    page.locator("#in-words .plain-words").filter(has_text=SHOP).wait_for()
    # The window shows the beginning of a page; whatever stands behind the merchants is told in the text.
    page.evaluate("document.querySelectorAll('#terms details fieldset').forEach((one) => one.remove())")


def confirm(page: Page) -> None:
    """What is about to be signed."""
    fill_in(page)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("heading", name="Is this what you allow?").wait_for()


def ask(page: Page) -> None:
    """A question that is answered with no, and why."""
    page.get_by_label("Amount (USD)").fill("62.50")
    page.get_by_label("Merchant").fill(SHOP)
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_text("No, it may not").wait_for()


def open_revoking(page: Page) -> None:
    """The dialog with what falls."""
    page.locator('main a[href$="/revoke"]').click()
    page.locator("#dialog #dialog-title").wait_for()
