"""Batches in the browser: a file of names in any encoding, a bad row mended, the run watched, and all of it undone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from tests.pages.checks import check_page, photograph
from tests.pages.conftest import OpenPage
from tests.pages.hands import Keyboard, is_shown
from tests.pages.serving import PageSite
from tests.support.holders import holder_did

if TYPE_CHECKING:
    from playwright.sync_api import Page

PHONE: Final = {"width": 360, "height": 740}
NAMES: Final = (("Zoë", "Muñoz"), ("Björn", "Åsen"), ("François", "Lefèvre"), ("João", "Conceição"))
# Names that Windows-1252 has no letters for.
FURTHER: Final = (*NAMES, ("Đặng", "Văn Minh"), ("Eszter", "Kovács"), ("陳", "大文"), ("ليلى", "حداد"))
ENCODINGS: Final = {"utf-8-sig": "UTF-8 (BOM)", "utf-16": "UTF-16", "windows-1252": "Windows-1252"}
_SLOW_MS: Final = 60_000


def table(rows: int, names: tuple[tuple[str, str], ...], *, separator: str = ",", bad: int | None = None) -> str:
    """A table of checked people, as a spreadsheet saves it; one row may have a level that there is not."""
    lines = ["familyName,givenName,person,birthDate,assuranceLevel,checkedOn,remarks"]
    for number in range(1, rows + 1):
        given, family = names[number % len(names)]
        level = "sky-high" if number == bad else "high"
        lines.append(f"{family},{given},{holder_did(number)},17.05.1990,{level},2026-11-01,new")
    return "\r\n".join(lines).replace(",", separator) + "\r\n"


def make_draft(page: Page, name: str) -> None:
    """The first step: what is issued, and by whom; ends where the file is asked for."""
    page.locator("#f-aim").select_option(label="KYC 1.0")
    page.locator("#f-issuer").select_option(index=1)
    page.locator("#f-name").fill(name)
    page.locator('main form[action="/batches"] button').click()
    page.wait_for_url("**/upload")


def choose_file(page: Page, name: str, content: bytes) -> None:
    """Choose a file; the window for that is the browser's own."""
    from playwright.sync_api import FilePayload

    page.set_input_files("#f-file", files=[FilePayload(name=name, mimeType="text/csv", buffer=content)])


def send_file(page: Page, name: str, content: bytes) -> None:
    """The second step; ends at the columns."""
    choose_file(page, name, content)
    page.locator("form[data-upload] button").click()
    page.wait_for_url("**/columns")


def wait_for_check(page: Page) -> None:
    """The rows are read while one watches."""
    page.locator(".strip").wait_for(timeout=_SLOW_MS)


@pytest.mark.timeout(300)
def test_the_whole_story_by_keyboard_over_a_restart(site: PageSite, open_page: OpenPage) -> None:
    page = open_page("/batches", "issuer")
    assert is_shown(page.get_by_text("Nothing was issued in bulk yet."))
    check_page(page)
    hand = Keyboard(page, "en")
    hand.press("link", "New batch")
    page.wait_for_url("**/batches/new")
    page.get_by_label("What is issued").select_option(label="KYC 1.0")
    page.locator("#f-issuer").select_option(index=1)
    hand.fill("Name of the batch", "Street crew intake, autumn 2026")
    hand.press("button", "Go on")
    page.wait_for_url("**/upload")
    path = page.url.removesuffix("/upload").removeprefix(site.url)

    choose_file(page, "people-autumn.csv", table(1_100, FURTHER, bad=5).encode("utf-16"))
    hand.press("button", "Send the file")
    page.wait_for_url("**/columns")
    assert page.locator("[data-sample]").all_inner_texts()[:2] == ["Åsen", "Björn"]
    assert is_shown(page.get_by_text("No column holds what every row needs: Holder DID"))
    page.get_by_label("person becomes").select_option("/holderDid")
    hand.press("button", "Check the rows")
    page.wait_for_url("**/check")
    wait_for_check(page)
    assert page.locator(".strip").inner_text().split()[::2][:1] == ["1,099"]

    row = page.locator("tbody tr").filter(has_text="SCHEMA_VALIDATION_FAILED")
    assert "Eszter Kovács" in row.inner_text()
    hand.press("link", "Edit row", within=row)
    page.wait_for_url("**/rows/4")
    page.get_by_label("assuranceLevel").select_option("substantial")
    hand.press("button", "Save the row")
    page.wait_for_url("**/check")
    assert is_shown(page.get_by_text("Row 5 is ready.").first)
    hand.press("link", "Go on to delivery")
    page.wait_for_url("**/delivery")
    hand.press("button", "Go on")
    page.wait_for_url("**/confirm")
    check_page(page)
    hand.fill("Number of credentials", "1100")
    hand.press("button", "Issue 1,100 credentials")
    page.wait_for_url(f"**{path}")
    assert is_shown(page.locator("#r1"))
    assert page.locator(".rail .menu a", has_text="Batches").inner_text().split() != []

    # Nobody looks, and the server ends in the middle: what was begun goes on by itself.
    page.goto("about:blank")
    site.stop()
    site.start()
    later = open_page(path, "issuer")
    # What was written into the page by hand is gone where it was loaded anew.
    later.evaluate("window.stays = true")
    later.get_by_role("heading", name="All rows are done").wait_for(timeout=_SLOW_MS)
    later.get_by_role("button", name="Check it now").wait_for(timeout=_SLOW_MS)
    assert later.evaluate("window.stays") is True
    assert "1,100" in later.locator(".strip").inner_text()
    assert is_shown(later.get_by_role("link", name="Eszter Kovács").first)
    check_page(later)
    photograph(later, "batch-done")
    end_it(later, path)


def end_it(page: Page, path: str) -> None:
    """Check the hash, take the receipt, and revoke everything."""
    hand = Keyboard(page, "en")
    hand.press("button", "Check it now")
    page.wait_for_url("**/check#r3")
    assert is_shown(page.get_by_text("The hash holds."))
    with page.expect_download() as receipt:
        page.get_by_role("link", name="Receipt").click()
    assert '"leafCount":1100' in receipt.value.path().read_text(encoding="utf-8").replace(" ", "")
    hand.press("link", "Revoke whole batch")
    page.wait_for_url("**/revoke")
    assert is_shown(page.get_by_text("Will revoke 1,100 credentials, for good."))
    check_page(page)
    hand.fill("Reason", "The list was that of last year.")
    hand.fill("Number of credentials", "1100")
    hand.press("button", "Revoke 1,100 credentials")
    page.wait_for_url(re.compile(r"/batches/bat_\w+$"))
    page.get_by_role("heading", name="All rows are done").wait_for(timeout=_SLOW_MS)
    assert page.locator(".strip").inner_text().split()[:2] == ["1,100", "Revoked"]
    page.goto(page.url.rpartition("/")[0] + path.removeprefix("/batches"))
    assert is_shown(page.locator("tbody .badges").get_by_text("Revoked").first)


@pytest.mark.timeout(120)
def test_a_file_that_is_not_taken_is_said_so_and_can_be_sent_again(open_page: OpenPage) -> None:
    page = open_page("/batches/new", "issuer", expected=(429,))
    make_draft(page, "graduates_of_the_whole_university_2025_2026_final_version")
    refusal = "<!doctype html><main><h1>Too many requests</h1></main>"
    page.route("**/upload", lambda road: road.fulfill(status=429, content_type="text/html", body=refusal), times=1)
    choose_file(page, "people.csv", table(2, NAMES, bad=1).encode())
    send = page.locator("form[data-upload] button")
    send.click()
    fault = page.locator("[data-upload-fault]")
    fault.wait_for()
    assert "Too many requests" in fault.inner_text()
    check_page(page)
    send.click()
    page.wait_for_url("**/columns")
    page.get_by_label("person becomes").select_option("/holderDid")
    page.locator('button[value="check"]').click()
    page.wait_for_url("**/check")
    wait_for_check(page)

    # Names without a blank in them break on a phone, also on the way back.
    page.locator('tbody a[href*="/rows/"]').click()
    page.wait_for_url("**/rows/0")
    page.set_viewport_size({"width": 320, "height": 740})
    check_page(page)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("encoding", list(ENCODINGS))
def test_names_stand_right_on_a_phone_whatever_the_encoding(open_page: OpenPage, encoding: str) -> None:
    locale = "es" if encoding == "utf-16" else "en"
    page = open_page("/batches/new", "issuer", locale=locale, scripts=encoding != "windows-1252", **PHONE)
    if encoding != "windows-1252":
        check_page(page)
    make_draft(page, f"Names in {encoding}")
    send_file(page, "gente.csv", table(4, NAMES, separator=";", bad=3).encode(encoding))
    assert is_shown(page.get_by_text(ENCODINGS[encoding]).first)
    assert "Conceição" in page.locator("[data-sample]").all_inner_texts()
    page.locator('select[name="to.2"]').select_option("/holderDid")
    if encoding != "windows-1252":
        check_page(page)
        photograph(page, f"batch-columns-phone-{locale}")
    page.locator('button[value="check"]').click()
    page.wait_for_url("**/check")
    while page.locator(".strip").count() == 0:
        page.reload()
    assert "João Conceição" in page.locator("tbody").inner_text()
    page.locator("main a.btn.main-act").click()
    page.locator("main form button.main-act").click()
    page.wait_for_url("**/confirm")
    page.locator('form[action$="/start"] button.main-act').click()
    page.wait_for_url(re.compile(r"/batches/bat_\w+$"))
    retry = page.locator('form[action$="/retry"] button')
    while not retry.count():
        page.reload()
    assert "Muñoz" in page.locator("tbody").inner_text()
    if encoding != "windows-1252":
        check_page(page)
        photograph(page, f"batch-run-phone-{locale}")
    mend(page)


def mend(page: Page) -> None:
    """A failed row is changed, and goes out in a batch of its own."""
    page.locator('tbody a[href*="/rows/"]').click()
    page.wait_for_url("**/rows/2")
    page.locator('select[name="cell./claims/assuranceLevel"]').select_option("low")
    page.locator("form button[data-save]").click()
    page.wait_for_url("**/check")
    assert page.locator(".strip b").all_inner_texts() == ["1", "0", "1"]
    page.locator("main a.btn.main-act").click()
    page.locator("main form button.main-act").click()
    page.wait_for_url("**/confirm")
    page.locator('form[action$="/start"] button.main-act').click()
    page.wait_for_url(re.compile(r"/batches/bat_\w+$"))
    while "Conceição" not in page.locator("#results").inner_text():
        page.reload()
