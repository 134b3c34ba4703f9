"""A holder shows the university of a degree and keeps the grade back; a verifier sees exactly that, and for how long.

By mouse and keyboard, in both languages, on a phone, and without scripts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.request import Request, urlopen

import pytest

from tests.pages.checks import check_page, photograph
from tests.pages.conftest import OpenPage
from tests.pages.gates import IS_THOROUGH, LOOKS
from tests.pages.hands import Hand, Keyboard, Mouse, is_shown
from tests.pages.serving import PageSite
from tests.pages.test_verify_journey import office_of
from tests.support.readable import readable
from tests.support.screens import codes_in
from tests.web.conftest import degree, key_for, token_for

if TYPE_CHECKING:
    from playwright.sync_api import Page

ISSUER: Final = "did:adi:issuer001"
HOLDER: Final = "improver"
HOLDER_DID: Final = "did:adi:holder001"
# A value that stands nowhere else.
GRADE: Final = 3.8125
OLDER: Final = "BbsBlsSignature2020"
NEWER: Final = "bbs-2023"
PHONE: Final = 320
# Who asks for the university of a degree.
ASKER: Final = "voter1"
KEPT: Final = "Its holder chose what to show here. Parts were kept back by the holder."


@dataclass(frozen=True)
class Campus:
    """The demo's university, which issues and revokes over the API."""

    site: PageSite
    key: str
    asker: str

    def call(self, path: str, body: dict[str, Any], secret: str | None = None) -> dict[str, Any]:
        """Post something with the university's key, or somebody's secret."""
        headers = {"Authorization": f"Bearer {secret or self.key}", "Content-Type": "application/json"}
        request = Request(f"{self.site.url}{path}", json.dumps(body).encode(), headers)
        with urlopen(request, timeout=30) as answer:
            told: dict[str, Any] = json.loads(answer.read())
            return told

    def issue(self, proof_type: str) -> str:
        """Issue a degree to the demo's holder; gives its id."""
        body = {**degree(), "issuerDid": ISSUER, "holderDid": HOLDER_DID, "proofType": proof_type}
        body["claims"] = {"degree": {**body["claims"]["degree"], "gpa": GRADE}}
        return str(self.call("/api/v1/credentials/issue", body)["credential"]["id"])

    def revoke(self, credential_id: str) -> None:
        """Revoke it."""
        self.call(f"/api/v1/credentials/{credential_id}/revoke", {"reason": "holder_request"})


def university(site: PageSite) -> Campus:
    """Give the demo's university a key for the API, and the asker a token."""
    with office_of(site) as office:
        key = key_for(office, ISSUER)
        with office.units(write=False) as uow:
            asker = uow.people.by_email(f"{ASKER}@demo.example")
        assert asker is not None
        token = token_for(office, asker.user_id)
    return Campus(site, key, token)


@pytest.fixture(scope="module")
def campus(site: PageSite) -> Campus:
    return university(site)


def hand_of(name: str, page: Page, locale: str) -> Hand:
    return Keyboard(page, locale) if name == "keyboard" else Mouse(page, locale)


def path_of(credential_id: str) -> str:
    return f"/improver/credentials/{credential_id}"


def keeps_the_grade(text: str) -> bool:
    """Tell that a text holds neither the grade nor its name."""
    return str(GRADE) not in text and "gpa" not in readable(text).lower()


def choose_university(hand: Hand, page: Page, *, scripts: bool = True) -> None:
    """From the credential's page: tick the university, and read what a verifier will."""
    hand.press("link", "Show a part")
    page.wait_for_url("**/disclose")
    if scripts:
        with page.expect_response(lambda one: one.request.method == "POST"):
            hand.tick("University")
    else:
        hand.tick("University")
        hand.send("Show the preview")
    page.locator(".unseen").wait_for()
    preview = page.locator("#preview")
    assert "MIT" in preview.inner_text()
    assert str(GRADE) not in preview.inner_html()
    assert "gpa" in page.locator(".unseen").inner_text().lower()


def make_link(hand: Hand, page: Page, life: str = "1 hour") -> str:
    """Make a link of what is previewed; gives its address, as the code says it."""
    hand.choose("The link ends after", life)
    hand.send("Make a link for a verifier")
    page.locator("#links").wait_for()
    address = page.locator("[data-copy*='/v/d/']").first.get_attribute("data-copy")
    assert address is not None
    assert codes_in(page.locator(".qr figure").first.screenshot()) == [address]
    return address


def shows_the_university_alone(site: PageSite, verifier: Page, address: str, verdict: str) -> None:
    """What the verifier's page says, in what is seen, in its source, its document and its report."""
    assert is_shown(verifier.get_by_role("heading", name=verdict, exact=True))
    assert is_shown(verifier.get_by_text("MIT").first)
    assert "MIT" in verifier.content()
    assert keeps_the_grade(verifier.content())
    for part in ("/document", "/report"):
        with urlopen(f"{address}{part}", timeout=30) as answer:
            text = answer.read().decode()
        assert keeps_the_grade(text), part
    assert address.startswith(f"{site.url}/v/d/")


MORE: Final = [(OLDER, "keyboard", "es", PHONE, True), (OLDER, "mouse", "es", 768, False)] if IS_THOROUGH else []


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("suite", "hand_name", "locale", "width", "scripts"),
    [
        (OLDER, "mouse", "en", 1280, True),
        (NEWER, "keyboard", "es", 1280, True),
        (NEWER, "mouse", "en", PHONE, False),
        *MORE,
    ],
)
def test_a_verifier_sees_the_university_and_never_the_grade(
    site: PageSite,
    open_page: OpenPage,
    campus: Campus,
    suite: str,
    hand_name: str,
    locale: str,
    width: int,
    scripts: bool,
) -> None:
    credential_id = campus.issue(suite)
    page = open_page(path_of(credential_id), HOLDER, locale=locale, width=width, scripts=scripts)
    hand = hand_of(hand_name, page, locale)
    choose_university(hand, page, scripts=scripts)
    address = make_link(hand, page)
    verifier = open_page(address.removeprefix(site.url), locale=locale, width=width, scripts=scripts, expected=(404,))
    say = Mouse(verifier, locale).say
    shows_the_university_alone(site, verifier, address, say("Valid"))
    assert is_shown(verifier.get_by_text(say(KEPT)).first)

    campus.revoke(credential_id)
    verifier.reload()
    shows_the_university_alone(site, verifier, address, say("Not valid"))
    assert is_shown(verifier.get_by_text(say("The issuer has revoked it. Do not rely on it.")).first)

    hand.send("Take back")
    gone = verifier.reload()
    assert gone is not None
    assert gone.status == 404
    assert is_shown(verifier.get_by_role("heading", name=say("This link shows nothing")))
    assert "MIT" not in verifier.content()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("theme", "width", "locale"), LOOKS)
def test_disclosing_holds_to_every_gate(
    site: PageSite, open_page: OpenPage, campus: Campus, theme: str, width: int, locale: str
) -> None:
    look = f"{theme}-{width}-{locale}"
    credential_id = campus.issue(NEWER)
    page = open_page(path_of(credential_id), HOLDER, theme=theme, width=width, locale=locale)
    check_page(page)
    page.goto(f"{page.url}/disclose")
    check_page(page)
    photograph(page, f"disclose-blank-{look}")
    page.get_by_label("University").check()
    page.locator(".unseen").wait_for()
    check_page(page)
    photograph(page, f"disclose-preview-{look}")
    with page.expect_navigation():
        page.locator("form.hand-over button").click()
    page.locator("#links").wait_for()
    check_page(page)
    photograph(page, f"disclose-links-{look}")
    address = page.locator("[data-copy*='/v/d/']").first.get_attribute("data-copy")
    assert address is not None
    verifier = open_page(address.removeprefix(site.url), theme=theme, width=width, locale=locale, expected=(404,))
    check_page(verifier)
    photograph(verifier, f"disclosed-{look}")
    for summary in verifier.locator("details.way > summary").all():
        summary.click()
    check_page(verifier)
    photograph(verifier, f"disclosed-unfolded-{look}")
    verifier.goto(f"{site.url}/v/d/{'A' * 26}")
    check_page(verifier)
    photograph(verifier, f"disclosed-ended-{look}")


def test_a_whole_credential_is_shown_in_part_as_an_sd_jwt(site: PageSite, open_page: OpenPage, campus: Campus) -> None:
    credential_id = campus.issue("Ed25519Signature2020")
    page = open_page(f"{path_of(credential_id)}/disclose", HOLDER)
    assert is_shown(page.get_by_role("heading", name="This one is shown whole or not at all"))
    check_page(page)
    photograph(page, "disclose-whole")
    with page.expect_navigation():
        page.get_by_role("button", name="Make the SD-JWT").click()
    page.get_by_label("University").check()
    page.locator(".unseen").wait_for()
    address = make_link(Mouse(page, "en"), page, "15 minutes")
    verifier = open_page(address.removeprefix(site.url))
    shows_the_university_alone(site, verifier, address, "Valid")


@pytest.mark.parametrize("suite", [OLDER, NEWER])
def test_what_was_downloaded_is_shown_alike_where_it_is_pasted(
    site: PageSite, open_page: OpenPage, campus: Campus, suite: str
) -> None:
    credential_id = campus.issue(suite)
    page = open_page(path_of(credential_id), HOLDER)
    choose_university(Mouse(page, "en"), page)
    with page.expect_download() as kept:
        page.get_by_role("button", name="Download the part").click()
    text = kept.value.path().read_text(encoding="utf-8")
    assert keeps_the_grade(text)
    verifier = open_page("/verify")
    verifier.get_by_label("Credential or link").fill(text)
    verifier.get_by_role("button", name="Check", exact=True).click()
    assert is_shown(verifier.get_by_role("heading", name="Valid", exact=True))
    assert is_shown(verifier.get_by_text("MIT").first)
    assert is_shown(verifier.get_by_text("Parts were kept back by the holder.", exact=False).first)
    assert not verifier.get_by_text("The signature fits the content; nothing was changed.").is_visible()
    verifier.get_by_text("What was checked").click()
    assert is_shown(verifier.get_by_text("The signature fits the content; nothing was changed."))
    check_page(verifier)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("suite", "hand_name", "locale", "width", "scripts"),
    [(OLDER, "mouse", "en", 768, False), (NEWER, "keyboard", "es", PHONE, True)],
)
def test_a_request_is_answered_with_the_university_alone(
    site: PageSite,
    open_page: OpenPage,
    campus: Campus,
    suite: str,
    hand_name: str,
    locale: str,
    width: int,
    scripts: bool,
) -> None:
    credential_id = campus.issue(suite)
    claim = {"path": ["credentialSubject", "degree", "university"]}
    asked = {"id": "degree", "format": "ldp_vc", "meta": {"type_values": [["UniversityDegreeCredential"]]}}
    query = {"dcqlQuery": {"credentials": [{**asked, "claims": [claim]}]}}
    made = campus.call("/api/v1/presentations/requests", query, campus.asker)
    verifier_path = f"/verify/ask/{made['presentationId']}"
    verifier = open_page(verifier_path, ASKER, locale=locale, width=width, scripts=False)

    page = open_page(path_of(credential_id), HOLDER, locale=locale, width=width, scripts=scripts)
    hand = hand_of(hand_name, page, locale)
    hand.press("link", "Answer a verifier")
    page.wait_for_url("**/improver/answer")
    if scripts:
        check_page(page)
    hand.fill("Link of the verifier", made["deepLink"])
    hand.press("button", "Continue")
    page.locator("form[data-answer]").wait_for()
    if scripts:
        check_page(page)
        photograph(page, f"answer-{width}-{locale}")
    chosen = page.locator(f'input[type="radio"][value="{credential_id}"]')
    assert chosen.is_checked()
    hand.send("Show it")
    page.wait_for_url("**/improver/credentials")

    verifier.reload()
    assert is_shown(verifier.get_by_role("heading", name=Mouse(verifier, locale).say("Valid"), exact=True))
    assert is_shown(verifier.get_by_text("MIT").first)
    assert keeps_the_grade(verifier.content())
    photograph(verifier, f"answered-{width}-{locale}")


@pytest.mark.parametrize(("theme", "width", "locale"), LOOKS)
def test_a_single_issue_says_what_is_always_shown(
    open_page: OpenPage, campus: Campus, theme: str, width: int, locale: str
) -> None:
    del campus
    page = open_page(
        f"/issue?schema={degree()['schemaId']}", "issuer", theme=theme, width=width, locale=locale, expected=(422,)
    )
    check_page(page)
    page.locator("#f-holder").fill(HOLDER_DID)
    page.locator("#f-issuer").select_option(ISSUER)
    page.locator("#f-proof").select_option(NEWER)
    for name, value in degree()["claims"]["degree"].items():
        page.locator(f'[name="claims./degree/{name}"]').fill(str(value))
    page.locator('[name="always"][value="/degree/gpa"]').check()
    page.locator('button[value="preview"]').click()
    page.locator(".code").wait_for()
    assert "BachelorDegree" in page.locator(".code pre").inner_text()
    check_page(page)
    photograph(page, f"issue-preview-{theme}-{width}-{locale}")
    page.locator('button[value="issue"]').click()
    page.wait_for_url("**/issue/urn:uuid:*")
    check_page(page)
