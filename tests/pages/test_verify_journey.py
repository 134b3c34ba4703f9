"""Checking credentials without an account: pasted, uploaded, by a link, in person; with and without scripts."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final
from urllib.request import urlopen

import pytest
from pypdf import PdfReader

from sealwright.bootstrap import build
from sealwright.domain.credentials import CredentialFilter, CredentialRecord, CredentialStatus
from sealwright.domain.formats import CredentialFormat
from sealwright.domain.people import Actor, ActorKind, Caller
from sealwright.services.office import Office
from sealwright.settings import load_settings
from tests.pages.checks import axe_violations, overflow, photograph, small_targets
from tests.pages.conftest import OpenPage
from tests.pages.gates import LOOKS
from tests.pages.hands import is_shown
from tests.pages.runner import BEGIN, BEGUN_AT
from tests.pages.serving import PageSite
from tests.support.copies import content_of
from tests.support.office import MovableClock
from tests.support.presenter import fetched_question, form_of, shown_sd_jwt
from tests.support.screens import codes_in
from tests.support.wallet import WalletKey

TYPE: Final = "DPWCertifiedCredential"
CLAIM: Final = "Qualification"


@contextmanager
def office_of(site: PageSite) -> Iterator[Office]:
    """The site's office, opened beside its server."""
    passed = timedelta(seconds=int(time.time() - float(site.environment[BEGUN_AT])))
    office = build(
        load_settings(site.environment, cwd=site.folder), clock=MovableClock(BEGIN + passed), public_url=site.url
    )
    try:
        yield office
    finally:
        office.close()


def ask(url: str, form: bytes | None = None) -> bytes:
    """What a wallet is answered: by GET, or with a form by POST."""
    with urlopen(url, form, timeout=30) as answer:
        return bytes(answer.read())


@pytest.fixture(scope="module")
def record(site: PageSite) -> CredentialRecord:
    """A valid credential of the demo that a person holds."""
    with office_of(site) as office, office.units(write=False) as uow:
        found = uow.credentials.list(
            CredentialFilter(status=CredentialStatus.VALID), now=office.clock.now(), limit=100, cursor=None
        ).items
        return next(one for one in found if one.grant_id is not None and TYPE in one.types)


@pytest.fixture(scope="module")
def document(record: CredentialRecord) -> str:
    return (record.document or b"").decode()


def changed(document: str) -> str:
    value = json.loads(document)
    value["issuanceDate"] = "2020-01-01T00:00:00Z"
    return json.dumps(value)


def share(site: PageSite, record: CredentialRecord, *shown: str) -> str:
    """Switch a credential's page on as its holder; gives the path."""
    with office_of(site) as office, office.units() as uow:
        grant = uow.grants.get(record.grant_id or "")
        assert grant is not None
        person = uow.people.get(grant.user_id)
        holder = Caller(Actor(ActorKind.USER, grant.user_id, "session"), 0, person=person)
        office.sharing.switch(uow, holder, record.credential_id, is_on=bool(shown), shown=shown)
        address = office.sharing.address(uow, record)
        uow.commit()
    return address.removeprefix(site.url)


def gates(page: Any, name: str) -> list[str]:
    photograph(page, name)
    return [f"{name}: {found}" for found in (*axe_violations(page), *overflow(page), *small_targets(page))]


@pytest.mark.parametrize(("theme", "width", "locale"), LOOKS)
def test_verify_pages_hold_to_every_gate(
    site: PageSite, open_page: OpenPage, record: CredentialRecord, document: str, theme: str, width: int, locale: str
) -> None:
    look = f"{theme}-{width}-{locale}"
    page = open_page("/verify", theme=theme, width=width, locale=locale, expected=(404, 422))
    wrong = gates(page, f"verify-{look}")
    for name, text in (("valid", document), ("invalid", changed(document)), ("nothing", "hello")):
        page.goto(f"{site.url}/verify")
        page.locator("#f-document").fill(text)
        page.locator("main form button").first.click()
        page.wait_for_load_state()
        wrong += gates(page, f"verify-{name}-{look}")
    page.goto(f"{site.url}{share(site, record, '/qualification')}")
    wrong += gates(page, f"shared-{look}")
    page.goto(f"{site.url}/v/AAAAAAAAAAAAAAAAAAAAAAAAAA")
    wrong += gates(page, f"shared-unknown-{look}")
    page.goto(f"{site.url}/verify/ask?type=dpw_certified")
    wrong += gates(page, f"ask-{look}")
    page.locator("main form button").first.click()
    page.locator("svg.code").wait_for()
    wrong += gates(page, f"asked-{look}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("scripts", "width"), [(True, 1280), (False, 360)], ids=["scripts", "no scripts"])
def test_anybody_checks_what_they_were_given(
    open_page: OpenPage, site: PageSite, record: CredentialRecord, document: str, scripts: bool, width: int
) -> None:
    page = open_page("/", width=width, scripts=scripts)
    page.get_by_role("link", name="Check a credential").first.click()
    page.get_by_label("Credential or link").fill(document)
    page.get_by_role("button", name="Check", exact=True).press("Enter")
    page.get_by_role("heading", name="Valid", exact=True, level=1).wait_for()
    assert is_shown(page.get_by_text("Every check that applies has passed."))
    assert len(PdfReader(io.BytesIO(page.pdf())).pages) == 1
    page.get_by_role("button", name="Check again").click()
    page.get_by_role("heading", name="Valid", exact=True, level=1).wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download report").click()
    assert json.loads(download.value.path().read_bytes())["verified"] is True

    page.get_by_role("link", name="Check another").click()
    file = {"name": "credential.json", "mimeType": "application/json", "buffer": changed(document).encode()}
    page.get_by_label("Or a file").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_role("heading", name="Not valid", level=1).wait_for()
    assert [one["name"] for one in page.context.cookies()] == ["sealwright_look"]

    address = site.url + share(site, record)
    page.get_by_role("link", name="Check another").click()
    page.get_by_label("Credential or link").fill(address.replace("/v/", "/V/"))
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_role("heading", name="Valid", exact=True, level=1).wait_for()
    assert not page.get_by_text(CLAIM, exact=True).is_visible()
    share(site, record, "/qualification")
    page.get_by_role("link", name="Check again").click()
    page.get_by_text(CLAIM, exact=True).wait_for()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_wallet_is_asked_in_person(
    open_page: OpenPage, site: PageSite, record: CredentialRecord, scripts: bool
) -> None:
    page = open_page("/verify", width=360, scripts=scripts)
    page.get_by_role("link", name="Ask a wallet").click()
    page.get_by_label("Credential").select_option("dpw_certified")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Qualification").check()
    page.get_by_role("button", name="Show the code").click()
    code = page.locator("svg.code")
    code.wait_for()
    link = page.get_by_role("link", name="Open wallet").get_attribute("href") or ""
    # What the camera sees is what the link says.
    assert codes_in(code.screenshot()) == [link]
    key, question = WalletKey(), fetched_question(link, lambda uri: ask(uri).decode())
    with office_of(site) as office:
        text = content_of(office.copies.make(record, CredentialFormat.SD_JWT, key.did))
    shown = shown_sd_jwt(key, text, ("qualification",), question, question.members["iat"])
    assert ask(question.members["response_uri"], form_of(question, {"sd_jwt": [shown]})) == b"{}"
    if not scripts:
        page.get_by_role("link", name="Has it answered?").click()
    page.get_by_role("heading", name="Valid", exact=True, level=1).wait_for()
    assert is_shown(page.get_by_text(CLAIM, exact=True))
    assert is_shown(page.get_by_text("Made for this occasion"))
