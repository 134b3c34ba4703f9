"""From an empty data folder to an open office: by the printed link, with and without scripts, and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.pages.checks import check_page, photograph
from tests.pages.chromium import Complaints
from tests.pages.hands import is_shown
from tests.pages.serving import PageSite, page_site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PASSWORD = "correct horse battery staple"


@pytest.fixture
def empty() -> Iterator[PageSite]:
    with page_site(demo=False) as one:
        yield one


def _printed_link(site: PageSite) -> str:
    found = re.search(r"http://[^\s\"]+/setup/[^\s\"]+", site.run(["setup-link"]))
    assert found is not None
    return found[0]


def test_office_is_set_up_without_scripts(browser: Browser, empty: PageSite) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 800})
    page = context.new_page()
    page.goto(_printed_link(empty))
    page.get_by_label("Your name").fill("Ada Admin")
    page.get_by_label("E-mail address").fill("ada@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    page.get_by_label("Name (required)").fill("Harbor Works Office")
    page.get_by_role("button", name="Save this part").click()
    page.get_by_role("button", name="Make key and DID").click()
    page.get_by_role("button", name="Make recovery codes").click()
    codes = page.get_by_role("listitem").filter(has_text=re.compile(r"^[a-z2-7]{5}-"))
    assert is_shown(codes.first)
    assert codes.count() == 10
    page.get_by_role("button", name="Finish").click()
    page.get_by_role("link", name="To the start page").click()
    assert is_shown(page.get_by_role("heading", name="Office start"))
    assert is_shown(page.get_by_text("First steps"))
    answer = page.goto(f"{empty.url}/setup")
    assert answer is not None
    assert answer.status == 404
    context.close()


def test_office_is_set_up_with_a_passkey(browser: Browser, empty: PageSite) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    # A passkey belongs to a name; localhost is the name of loopback.
    url = empty.url.replace("127.0.0.1", "localhost")
    complaints = Complaints(page, url)
    add_authenticator(page)
    page.goto(_printed_link(empty).replace("127.0.0.1", "localhost"))
    check_page(page)
    photograph(page, "setup-account")
    page.get_by_label("Your name").fill("Ada Admin")
    page.keyboard.press("Tab")
    page.keyboard.type("ada@example.org")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Set up this office").wait_for()
    assert page.get_by_role("button", name="Use defaults").is_disabled()
    check_page(page)
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_text("Next time it signs you in").first.wait_for()
    photograph(page, "setup-parts")
    page.get_by_role("button", name="Use defaults").click()
    page.get_by_role("heading", name="The office is open").wait_for()
    check_page(page)
    photograph(page, "setup-finished")
    page.get_by_role("link", name="To the start page").click()
    page.locator("details.account summary").click()
    page.get_by_role("button", name="Sign out").first.click()
    page.get_by_role("link", name="Sign in").click()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", name="Office start").wait_for()
    assert complaints.found == []
    context.close()


def add_authenticator(page: Page, *, autofill: bool = False) -> None:
    """Give a page's browser a device that makes and uses passkeys without asking anybody.

    Args:
        autofill: True lets it answer by itself where an address is typed, before any button is pressed.
    """
    if not autofill:
        page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
