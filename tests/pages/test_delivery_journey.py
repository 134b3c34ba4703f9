"""From the letter to the credential in its holder's page, on a phone; and what others see of it."""

from __future__ import annotations

import io
import re
import time
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Final

import pypdf
import pytest

from tests.pages.checks import check_page, photograph
from tests.pages.conftest import OpenPage
from tests.pages.gates import LOOKS
from tests.pages.hands import is_shown
from tests.pages.serving import PageSite
from tests.support.screens import codes_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

PHONE: Final = {"width": 360, "height": 740}
# Somebody of the demo's queue whose request was approved.
HOLDER: Final = "person37"
EMAIL: Final = f"{HOLDER}@people.demo.example"
_LETTER_SECONDS: Final = 30


def own_path(open_page: OpenPage, who: str = HOLDER) -> str:
    """The page of somebody's credential."""
    page = open_page("/improver/credentials", who)
    href = page.locator('main h2 a[href^="/improver/credentials/"]').first.get_attribute("href")
    assert href is not None
    return href


def link_in_letter(site: PageSite, to: str, pattern: str) -> str:
    """The newest link of a kind in the letters that have left for somebody."""
    folder = site.folder / "var" / "outbox"
    deadline = time.monotonic() + _LETTER_SECONDS
    while time.monotonic() < deadline:
        for path in sorted(folder.glob("*.eml"), reverse=True):
            letter = message_from_bytes(path.read_bytes(), policy=policy.default)
            body = letter.get_body(("plain",))  # type: ignore[attr-defined]
            found = re.search(pattern, body.get_content()) if letter["To"] == to and body is not None else None
            if found is not None:
                return found[0]
        time.sleep(0.2)
    raise AssertionError(f"no letter to {to} with {pattern}")


def sign_in_by_letter(site: PageSite, page: Page, email: str) -> None:
    """Sign in where one is asked to, with the link that comes by mail."""
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Email me a link").click()
    page.get_by_role("heading", name="Look into your mail").wait_for()
    page.goto(link_in_letter(site, EMAIL, r"http://\S+/login/link/\S+"))
    page.get_by_role("button", name="Sign in").click()


def send_letter(open_page: OpenPage, path: str) -> None:
    """Have the issuer send the credential's link by mail, to the address that stands there."""
    issuer = open_page(path.replace("/improver", "/issuer"), "issuer", width=1280)
    issuer.get_by_text("Other ways").click()
    assert issuer.get_by_label("E-mail address").input_value() == EMAIL
    issuer.get_by_role("button", name="Send a link by mail").click()
    issuer.get_by_text("It is on its way to").first.wait_for()


def test_from_the_letter_to_the_public_page_on_a_phone(site: PageSite, open_page: OpenPage) -> None:
    path = own_path(open_page)
    send_letter(open_page, path)
    link = link_in_letter(site, EMAIL, r"http://\S+/claim#swo_[\w-]+")
    token = link.partition("#")[2]

    asked: list[str] = []
    phone = open_page("/", **PHONE)
    phone.on("request", lambda one: asked.append(one.url))
    phone.goto(link)
    phone.get_by_role("link", name="Sign in").wait_for()
    assert phone.url == f"{site.url}/claim"
    assert phone.get_by_role("heading", level=1).inner_text() == "SFLUV verifier"
    check_page(phone)
    photograph(phone, "claim-offer-phone")
    phone.get_by_role("link", name="Sign in").click()
    sign_in_by_letter(site, phone, EMAIL)
    phone.get_by_role("button", name="Take the credential").click()
    phone.wait_for_url(f"**{path}")
    assert is_shown(phone.get_by_text("The credential is handed over.").first)
    assert is_shown(phone.locator("main .badges").get_by_text("Delivered"))
    assert not [url for url in asked if token in url]

    with phone.expect_download() as paper:
        phone.get_by_role("link", name="PDF with QR code").click()
    read = pypdf.PdfReader(io.BytesIO(paper.value.path().read_bytes()))
    assert "SFLUV verifier" in read.pages[0].extract_text()
    assert list(read.attachments) == ["credential.json"]

    phone.get_by_label("Show claims").check()
    phone.get_by_label("Qualification").check()
    phone.get_by_role("button", name="Make the public page").click()
    phone.get_by_text("The public page shows what you chose.").first.wait_for()
    check_page(phone)
    photograph(phone, "credential-own-phone")
    address = phone.get_by_role("link", name="Open the public page").get_attribute("href")
    assert address is not None
    assert address in read.pages[0].extract_text().replace("\n", "")

    anybody = open_page("/", **PHONE)
    anybody.goto(address)
    assert is_shown(anybody.get_by_role("heading", name="Valid", exact=True))
    assert is_shown(anybody.get_by_text("sfluv_verifier").first)
    photograph(anybody, "public-page-phone")


def test_second_use_of_a_link_is_refused_and_pasting_works_without_scripts(site: PageSite, open_page: OpenPage) -> None:
    path = own_path(open_page)
    page = open_page(path, HOLDER, scripts=False, **PHONE)
    page.get_by_text("Other ways").click()
    page.get_by_role("button", name="Make a one-time link").click()
    link = page.locator(".secret-value code").inner_text()
    taker = open_page("/claim", HOLDER, scripts=False, **PHONE)
    taker.get_by_label("Link or token").fill(link)
    taker.get_by_role("button", name="Continue").click()
    taker.get_by_role("button", name="Take the credential").click()
    taker.wait_for_url(f"**{path}")
    other = open_page("/claim", expected=(410,), **PHONE)
    other.get_by_label("Link or token").fill(link)
    other.get_by_role("button", name="Continue").click()
    assert is_shown(other.get_by_role("heading", name="This link was used already"))
    check_page(other)


@pytest.mark.parametrize(("theme", "width", "locale"), LOOKS)
def test_delivery_holds_to_every_gate_and_its_code_is_read(
    site: PageSite, open_page: OpenPage, theme: str, width: int, locale: str
) -> None:
    look = f"{theme}-{width}-{locale}"
    path = own_path(open_page)
    page = open_page(path, HOLDER, theme=theme, width=width, locale=locale, expected=(404,))
    page.locator('form:has(input[value="qr"]) button').first.click()
    page.locator("section.qr [data-counts]").filter(has_text=":").wait_for()
    check_page(page)
    photograph(page, f"credential-code-{look}")
    wallet = page.locator('a[href^="openid-credential-offer://"]').get_attribute("href")
    assert codes_in(page.locator("section.qr figure").first.screenshot()) == [wallet]

    claim = open_page("/claim", theme=theme, width=width, locale=locale, expected=(404,))
    check_page(claim)
    # The second link is opened where the end of the first stands.
    for token in ("swo_nothing", "swo_nothing_more"):
        with claim.expect_response(lambda answer: answer.request.method == "POST"):
            claim.goto(f"{site.url}/claim#{token}")
        claim.locator('main a[href="/claim"]').wait_for()
    check_page(claim)
    photograph(claim, f"claim-unknown-{look}")


def test_a_code_is_renewed_while_somebody_looks_and_says_when_it_is_over(open_page: OpenPage) -> None:
    path = own_path(open_page)
    page = open_page("/improver/credentials", HOLDER, **PHONE)
    page.clock.install()
    page.goto(page.url)
    page.get_by_role("button", name="Add to a wallet").first.click()
    page.wait_for_url(f"**{path}/offers*")
    wallet = page.get_by_role("link", name="Open wallet")
    first = wallet.get_attribute("href")
    page.clock.run_for(575_000)
    assert wallet.get_attribute("href") == first
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.clock.run_for(10_000)
    page.wait_for_function("before => document.querySelector('section.qr a.btn').href !== before", arg=first)
    assert page.locator("main").get_by_text("Canceled").count() >= 1
    # Nobody looks any more.
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")
    page.clock.run_for(605_000)
    assert is_shown(page.locator("section.qr").get_by_text("This code has expired."))
    assert not wallet.is_visible()
    assert is_shown(page.get_by_role("button", name="New offer"))
