"""Reports by mail: chosen and sent by keyboard, with and without scripts; what is refused is told in the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.pages.checks import check_page, photograph
from tests.pages.conftest import OpenPage
from tests.pages.hands import Keyboard

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.timeout(180)


def card(page: Page) -> Locator:
    """The form's card."""
    return page.get_by_role("region", name="Report by mail")


def chosen(page: Page, label: str) -> str:
    """What a select shows."""
    return str(card(page).get_by_label(label).evaluate("one => one.selectedOptions[0].textContent"))


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_report_is_chosen_by_keyboard(open_page: OpenPage, scripts: bool) -> None:
    page = open_page("/analytics?span=30&type=dpw_certified", "admin", scripts=scripts)
    hand = Keyboard(page, "en")
    hand.choose("How often", "Every week")
    hand.send("Save Changes", within=card(page))
    page.get_by_text("Saved.").first.wait_for()
    # Whoever has no scripts is brought back to the form, far down the page.
    assert page.url.endswith("/analytics?span=30&type=dpw_certified#an-mail")
    assert chosen(page, "How often") == "Every week"
    assert re.search(r"The next one: .+06:00", card(page).inner_text())
    hand.choose("How often", "Not at all")
    hand.send("Save Changes", within=card(page))
    page.get_by_text("No report comes by mail.").first.wait_for()
    assert chosen(page, "How often") == "Not at all"


def test_the_filter_is_offered_as_what_the_report_is_about(open_page: OpenPage) -> None:
    page = open_page("/analytics", "admin")
    assert chosen(page, "About") == "All in your scope"
    page.get_by_label("Credential Type", exact=True).select_option("dpw_certified")
    label = page.get_by_label("Credential Type", exact=True).evaluate("one => one.selectedOptions[0].textContent")
    card(page).locator(f"option:text-is('{label}')").wait_for(state="attached")
    assert chosen(page, "About") == label


def test_sending_again_too_soon_is_refused_in_the_page(open_page: OpenPage) -> None:
    page = open_page("/analytics", "issuer", expected=(429,))
    hand = Keyboard(page, "en")
    hand.send("Send it to me now", within=card(page))
    page.get_by_text(re.compile("The report is on its way to")).first.wait_for()
    hand.send("Send it to me now", within=card(page))
    card(page).get_by_text("A report is on its way to you already").first.wait_for()
    photograph(page, "analytics-report-refused")
    check_page(page)
