"""Every way in, by mouse, by keyboard and without scripts; and what a failure says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.pages.chromium import Complaints
from tests.pages.conftest import OpenPage
from tests.pages.hands import is_shown
from tests.pages.serving import PageSite
from tests.pages.test_setup_journey import add_authenticator

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PASSWORD = "correct horse battery staple"


def _set_password(page: Page) -> None:
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name=re.compile("Set a password|Change the password")).click()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_password_signs_in_and_comes_back(open_page: OpenPage, scripts: bool) -> None:
    who = "voter1" if scripts else "voter2"
    _set_password(open_page("/settings/sign-in", who, scripts=scripts))
    page = open_page("/settings/emails", scripts=scripts, expected=(422,))
    page.get_by_label("E-mail address").fill(f"{who}@demo.example")
    page.get_by_text("Password", exact=True).click()
    page.get_by_label("Your password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    assert is_shown(page.get_by_role("alert").filter(has_text="Signing in did not work."))
    assert page.get_by_label("E-mail address").input_value() == f"{who}@demo.example"
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    assert is_shown(page.get_by_role("heading", name="Verified emails"))


def test_link_signs_in_by_keyboard(site: PageSite, open_page: OpenPage) -> None:
    page = open_page("/login")
    page.get_by_label("E-mail address").focus()
    page.keyboard.type("proposer@demo.example")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Look into your mail").wait_for()
    admin = open_page("/admin/desk/outbox", "admin")
    letter = admin.get_by_role("listitem").filter(has_text="proposer@demo.example").first
    letter.get_by_text("Read it").click()
    link = re.search(r"http://\S+/login/link/\S+", letter.inner_text())
    assert link is not None
    page.goto(link[0])
    assert is_shown(page.get_by_role("heading", name="Your link is good"))
    page.get_by_role("button", name="Sign in").press("Enter")
    page.get_by_role("heading", name="Proposals").wait_for()
    assert is_shown(page.get_by_text("Pat Proposer").first)


def test_passkey_is_added_and_signs_in(browser: Browser, site: PageSite) -> None:
    url = site.url.replace("127.0.0.1", "localhost")
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies([{"name": "sealwright", "value": site.cookies["voter3"], "url": url}])
    page = context.new_page()
    complaints = Complaints(page, url)
    add_authenticator(page)
    page.goto(f"{url}/settings/sign-in")
    page.get_by_label("Name of the new passkey").fill("Desk key")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("button", name="Remove: Desk key").wait_for()
    context.clear_cookies()
    page.goto(f"{url}/login?next=/settings/privacy")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", name="Your data").wait_for()
    assert complaints.found == []
    context.close()


def test_passkey_is_offered_where_the_address_is_typed(browser: Browser, site: PageSite) -> None:
    url = site.url.replace("127.0.0.1", "localhost")
    context = browser.new_context()
    context.add_cookies([{"name": "sealwright", "value": site.cookies["dpw-issuer"], "url": url}])
    page = context.new_page()
    add_authenticator(page, autofill=True)
    page.goto(f"{url}/settings/sign-in")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("button", name="Remove: Passkey").wait_for()
    context.clear_cookies()
    page.goto(f"{url}/login?next=/settings/privacy")
    assert is_shown(page.get_by_role("heading", name="Your data"))
    context.close()
