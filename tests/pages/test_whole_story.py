"""The whole story from an empty data folder: set up, invite, ask, approve, check, reject, refuse.

By mouse and by a keyboard alone, in both languages; what is issued is judged by Digital Bazaar's software.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.interop.conftest import digital_bazaar as digital_bazaar  # noqa: PLC0414 - a fixture
from tests.pages.chromium import Complaints
from tests.pages.gates import IS_THOROUGH
from tests.pages.hands import Hand, Keyboard, Mouse, is_shown
from tests.pages.runner import REAL_CLOCK
from tests.pages.serving import PageSite, page_site

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.interop.peer import DigitalBazaar

pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

UNDO_SECONDS: Final = 2
CONSENT: Final = "The office may read this to decide, and sign a credential that says it, in my name."
PASSWORD: Final = "a long enough sentence"
TYPE: Final = {
    "en": "Department of Public Works certification",
    "es": "Certificación del Departamento de Obras Públicas",
}
HANDS: Final = {"mouse": Mouse, "keyboard": Keyboard}


@dataclass(slots=True)
class Desk:
    """An empty office, a browser, and the hand that works in it."""

    site: PageSite
    browser: Browser
    way: str
    language: str

    @contextmanager
    def somebody(self) -> Iterator[Hand]:
        """A browser of somebody's own; at the end it must have been silent."""
        context = self.browser.new_context(
            viewport={"width": 1280, "height": 900}, locale="en-US", reduced_motion="reduce"
        )
        context.add_cookies([{"name": "sealwright_look", "value": f"{self.language}~~", "url": self.site.url}])
        page = context.new_page()
        page.set_default_timeout(20_000)
        complaints = Complaints(page, self.site.url)
        yield HANDS[self.way](page, self.language)
        context.close()
        assert complaints.found == []

    def go(self, hand: Hand, path: str) -> None:
        """Type an address."""
        answer = hand.page.goto(path if path.startswith("http") else f"{self.site.url}{path}")
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"


# Each way and each language once; all of them with each other like the looks of pages, before a release.
WAYS: Final = (
    [(way, language) for way in HANDS for language in ("en", "es")]
    if IS_THOROUGH
    else list(zip(HANDS, ("en", "es"), strict=True))
)


@pytest.fixture(params=WAYS, ids="-".join)
def desk(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Desk]:
    way, language = request.param
    # The peer judges dates by the clock on the wall.
    settings = {"SEALWRIGHT_UNDO_SECONDS": str(UNDO_SECONDS), REAL_CLOCK: "1"}
    with page_site(demo=False, **settings) as site:
        yield Desk(site, browser, way, language)


def test_from_an_empty_folder_to_a_refused_credential(desk: Desk, digital_bazaar: DigitalBazaar) -> None:
    with desk.somebody() as admin, desk.somebody() as issuer, desk.somebody() as improver:
        _set_up(desk, admin)
        _invite(desk, admin, issuer, "ines@example.org", "Inés Issuer", "Issuer", TYPE[desk.language])
        _invite(desk, admin, improver, "noor@example.org", "Noor Nguyễn")
        _become_improver(desk, admin, improver)
        _ask(desk, improver)

        _approve(desk, issuer)
        credential = _held(desk, improver)
        judged = digital_bazaar.verify(credential, loopback=desk.site.url)
        assert judged["verified"] is True, judged

        _reject(desk, issuer)
        judged = digital_bazaar.verify(credential, loopback=desk.site.url)
        assert (judged["verified"], judged["set"]) == (False, ["revocation"])
        desk.go(improver, "/improver/credentials")
        assert is_shown(improver.page.locator("main").get_by_text(_say(improver, "Revoked"), exact=True).first)


def _say(hand: Hand, text: str) -> str:
    said: str = hand.say(text)  # type: ignore[attr-defined]
    return said


def _set_up(desk: Desk, admin: Hand) -> None:
    desk.go(admin, json.loads(desk.site.run(["setup-link", "--json"]))["setup_url"])
    admin.fill("Your name", "Ada Admin")
    admin.fill("E-mail address", "ada@example.org")
    admin.fill("Password", PASSWORD)
    admin.send("Make the account")
    admin.send("Use defaults")
    admin.press("link", "To the start page")
    admin.page.wait_for_url("**/admin")


def _invite(desk: Desk, admin: Hand, guest: Hand, email: str, name: str, *ticks: str) -> None:
    """With an account role and issuer scope, or as a plain account."""
    desk.go(admin, "/admin/desk/users/new")
    admin.fill("E-mail address", email)
    for tick in ticks:
        admin.tick(tick)
    admin.send("Send the invitation")
    shown = admin.page.locator("main").get_by_text(re.compile("/login/invitation/")).first
    shown.wait_for()
    link = re.search(r"http\S+/login/invitation/\S+", shown.inner_text())
    assert link is not None
    desk.go(guest, link.group())
    guest.fill("Your name", name)
    guest.send("Open my account")
    guest.page.wait_for_url("**/settings/sign-in")


def _become_improver(desk: Desk, admin: Hand, improver: Hand) -> None:
    desk.go(improver, "/settings/access/role/improver")
    improver.send("Send the request")
    desk.go(admin, "/admin/desk/improvers")
    admin.send("Approve")


def _ask(desk: Desk, improver: Hand) -> None:
    desk.go(improver, "/improver")
    improver.press("link", "Request credential")
    improver.press("link", TYPE[desk.language])
    improver.page.wait_for_url("**/dpw_certified")
    improver.fill("Certificate number", "DPW-4711")
    improver.tick("street repair")
    improver.choose("Level", "journey")
    improver.fill("Certified by", "Department of Public Works")
    improver.tick(CONSENT)
    improver.send("Send the request")
    improver.page.wait_for_url("**/improver/requests/req_*")


def _approve(desk: Desk, issuer: Hand) -> None:
    """From the landing page: at most three clicks, or two keys."""
    desk.go(issuer, "/issuer")
    row = issuer.page.locator("tbody tr").first
    assert is_shown(row.get_by_text("noor@example.org").first)
    issuer.acts = 0
    if desk.way == "keyboard":
        issuer.page.keyboard.press("j")
        issuer.page.keyboard.press("a")
    else:
        issuer.send("Approve", within=row)
    assert issuer.acts <= 3
    issuer.page.locator("tbody tr").first.wait_for(state="detached")
    issuer.page.get_by_role("button", name=_say(issuer, "Undo")).wait_for()


def _held(desk: Desk, improver: Hand) -> dict[str, Any]:
    """The badge is there, and behind it a signed credential."""
    desk.go(improver, "/improver")
    badge = improver.page.locator("main").get_by_text(_say(improver, "Valid"), exact=True)
    for _ in range(20):
        if badge.count():
            break
        # Signing waits for the undo window.
        improver.page.wait_for_timeout(500)
        improver.page.reload()
    assert is_shown(badge.first)
    improver.press("link", TYPE[desk.language])
    improver.page.wait_for_url("**/improver/credentials/urn:uuid:*")
    assert is_shown(improver.page.locator("main").get_by_text("DPW-4711").first)
    answer = improver.page.request.get(f"{improver.page.url}/document")
    assert answer.status == 200
    credential: dict[str, Any] = answer.json()
    assert credential["credentialSubject"]["certificateNumber"] == "DPW-4711"
    return credential


def _reject(desk: Desk, issuer: Hand) -> None:
    """An approval is taken back in the dialog, which says what that does before it is saved."""
    desk.go(issuer, "/issuer?status=approved")
    issuer.press("link", "Noor Nguyễn")
    issuer.page.get_by_label(_say(issuer, "Change Approval Status")).wait_for()
    issuer.choose("Change Approval Status", "Rejected")
    issuer.fill("Rationale (seen by issuers; required to reject)", "The certificate was withdrawn.")
    issuer.send("Save Changes")
    desk.go(issuer, "/issuer?status=rejected")
    assert is_shown(issuer.page.locator("tbody tr").first.get_by_text("noor@example.org").first)
