"""Makes batches for the guide's pictures: each picture goes as far as it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.support.holders import holder_did

if TYPE_CHECKING:
    from playwright.sync_api import Page

_NAMES: Final = (
    ("Adaeze", "Nwosu"), ("Bjørn", "Aasen"), ("Camila", "Rojas"), ("Đặng", "Văn Minh"), ("Eszter", "Kovács"),
    ("Farid", "Rahimi"), ("Gwen", "Parry"), ("Haruto", "Satō"), ("Zoë", "Muñoz"), ("François", "Lefèvre"),
)  # fmt: skip
_ROWS: Final = 40


def _table() -> bytes:
    """Forty people; two rows are wrong, and one column has a name that says nothing."""
    lines = ["person;givenName;familyName;birthDate;assuranceLevel;checkedOn;remarks"]
    for number in range(_ROWS):
        given, family = _NAMES[number % len(_NAMES)]
        holder = "did:web:people.example:minh" if number == 3 else holder_did(number + 1)
        level = "crew lead" if number == 5 else "high"
        lines.append(f"{holder};{given};{family};0{number % 9 + 1}/04/199{number % 10};{level};2026-11-01;")
    return ("\r\n".join(lines) + "\r\n").encode("utf-16")


def begin(page: Page) -> None:
    """A draft that waits for its file."""
    page.locator("#f-aim").select_option(label="KYC 1.0")
    page.locator("#f-issuer").select_option(index=1)
    page.locator("#f-name").fill("Street crew intake, autumn 2026")
    page.locator('main form[action="/batches"] button').click()
    page.wait_for_url("**/upload")


def send(page: Page) -> None:
    """The same with its file, at the columns."""
    from playwright.sync_api import FilePayload

    begin(page)
    page.set_input_files("#f-file", files=[FilePayload(name="people-autumn.csv", mimeType="text/csv", buffer=_table())])
    page.locator("form[data-upload] button").click()
    page.wait_for_url("**/columns")


def check(page: Page) -> None:
    """The same with its rows read."""
    send(page)
    page.locator('select[name="to.0"]').select_option("/holderDid")
    page.locator('input[value="dmy"]').check()
    page.locator('button[value="check"]').click()
    page.wait_for_url("**/check")
    page.locator(".strip").wait_for()


def open_row(page: Page) -> None:
    """One of its faulty rows."""
    check(page)
    page.locator('tbody a[href*="/rows/5"]').click()
    page.wait_for_url("**/rows/5")


def confirm(page: Page) -> None:
    """The same before its start."""
    check(page)
    page.locator("main a.btn.main-act").click()
    page.locator("main form button.main-act").click()
    page.wait_for_url("**/confirm")


def run(page: Page) -> None:
    """The same when every row is done."""
    confirm(page)
    page.locator('form[action$="/start"] button.main-act').click()
    page.locator('form[action$="/check#r3"] button').wait_for()
