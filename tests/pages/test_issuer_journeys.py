"""What reviewers do, by mouse, by keys alone and with scripts off, in as few acts as the guide promises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.pages.conftest import OpenPage
from tests.pages.hands import is_shown

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.timeout(180)


def rows(page: Page) -> Locator:
    """The rows of the queue."""
    return page.get_by_role("table", name="Credential requests").locator("tbody").get_by_role("row")


def name_of(row: Locator) -> str:
    """Whose request a row shows."""
    return row.get_by_role("link").first.inner_text()


def pending(page: Page) -> int:
    """The count on the tab of pending requests."""
    return int(page.get_by_role("link", name=re.compile("^Pending [0-9]")).last.inner_text().split()[-1])


def wait_for_pending(page: Page, count: int) -> None:
    """Wait until the tab of pending requests shows a count; it follows an act without a reload."""
    page.get_by_role("link", name=f"Pending {count}", exact=True).wait_for()


def expect_toast(page: Page, words: str) -> Locator:
    """Wait for a toast that says something."""
    toast = page.locator("#toasts .toast").filter(has_text=words).last
    toast.wait_for()
    return toast


def test_approving_takes_one_click_and_can_be_undone(open_page: OpenPage) -> None:
    page = open_page("/issuer", "issuer")
    before, row = pending(page), rows(page).first
    name = name_of(row)
    row.get_by_role("button", name="Approve").click()
    toast = expect_toast(page, f"Approved {name}")
    assert "issue a credential" in toast.inner_text()
    wait_for_pending(page, before - 1)
    assert name_of(rows(page).first) != name
    toast.get_by_role("button", name="Undo").click()
    expect_toast(page, f"{name} is pending again")
    wait_for_pending(page, before)
    assert name_of(rows(page).first) == name


def test_approving_takes_two_keys(open_page: OpenPage) -> None:
    page = open_page("/issuer", "issuer")
    before, name = pending(page), name_of(rows(page).first)
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect_toast(page, f"Approved {name}")
    wait_for_pending(page, before - 1)
    assert name_of(rows(page).first) != name
    page.keyboard.press("z")
    expect_toast(page, f"{name} is pending again")
    wait_for_pending(page, before)
    assert name_of(rows(page).first) == name


def test_rejecting_with_a_reason_takes_two_clicks(open_page: OpenPage) -> None:
    page = open_page("/issuer", "issuer")
    name = name_of(rows(page).nth(1))
    rows(page).nth(1).get_by_role("link", name="Reject").click()
    dialog = page.get_by_role("dialog")
    assert "Will reject" in dialog.locator(".effect").inner_text()
    dialog.get_by_label("Rationale").fill("The certificate is of another person.")
    dialog.get_by_role("button", name="Save Changes").click()
    expect_toast(page, f"Rejected {name}").get_by_role("button", name="Undo").click()
    expect_toast(page, f"{name} is pending again")


def test_rejecting_without_a_reason_puts_the_focus_on_what_is_missing(open_page: OpenPage) -> None:
    page = open_page("/issuer", "issuer", expected=(422,))
    rows(page).first.get_by_role("link").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Reject").click()
    page.locator("#dialog #form-errors").wait_for()
    assert dialog.get_by_label("Rationale").get_attribute("aria-invalid") == "true"


def test_leaving_approved_says_what_it_revokes_before_saving(open_page: OpenPage) -> None:
    page = open_page("/issuer?status=approved", "issuer")
    rows(page).nth(2).get_by_role("link").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Change Approval Status").select_option("pending")
    dialog.get_by_text("Will revoke").wait_for()
    assert "back into the queue" in dialog.locator(".effect").inner_text()


def test_with_scripts_off_a_second_post_confirms_what_takes_rights_away(open_page: OpenPage) -> None:
    page = open_page("/issuer?status=approved", "issuer", scripts=False)
    rows(page).first.get_by_role("link").first.click()
    page.get_by_label("Change Approval Status").select_option("rejected")
    page.get_by_label("Rationale").fill("The certificate was withdrawn.")
    page.get_by_role("button", name="Save Changes").click()
    assert "Will revoke" in page.locator("#effect").inner_text()
    assert page.get_by_label("Rationale").input_value() == "The certificate was withdrawn."
    page.get_by_role("button", name="Save Changes").click()
    assert is_shown(page.get_by_role("heading", name="Issuer panel"))
    assert "Rejected" in page.locator("#toasts").inner_text()


def test_a_bulk_act_has_a_result_for_each_and_one_undo(open_page: OpenPage) -> None:
    page = open_page("/issuer", "issuer")
    before = pending(page)
    for place in (3, 4):
        rows(page).nth(place).get_by_role("checkbox").check()
    page.get_by_role("button", name="Approve", exact=True).click()
    page.get_by_role("heading", name="2 approved").wait_for()
    assert page.get_by_role("table", name="What was done").locator("tbody tr").count() == 2
    page.get_by_role("button", name="Undo 2 decisions").click()
    page.get_by_role("heading", name="2 taken back").wait_for()
    page.get_by_role("link", name="Back to the queue").click()
    assert pending(page) == before


def test_the_slower_of_two_sees_both_versions_and_keeps_their_words(open_page: OpenPage) -> None:
    slow = open_page("/issuer", "issuer", scripts=False, expected=(409,))
    quick = open_page("/issuer", "admin", scripts=False)
    path = rows(slow).nth(5).get_by_role("link").first.get_attribute("href")
    base = slow.url.partition("/issuer")[0]
    slow.goto(f"{base}{path}")
    quick.goto(f"{base}{path}")
    quick.get_by_label("Rationale").fill("Not enough.")
    quick.get_by_role("button", name="Reject").click()
    slow.get_by_label("Rationale").fill("All there.")
    slow.get_by_role("button", name="Approve").click()
    told = slow.get_by_role("alert").first.inner_text()
    assert "Somebody else was faster" in told
    assert "Rejected" in told
    assert "Approved" in told
    assert "Not enough." in told
    assert slow.get_by_label("Rationale").input_value() == "All there."


def test_a_holder_is_found_by_wallet_and_revoked_in_five_clicks(open_page: OpenPage) -> None:
    page = open_page("/issuer/holders", "issuer")
    # A holder of the demo with a proved wallet, and its address, as anybody would know them.
    page.get_by_label("Name, email").fill("improver@")
    page.get_by_role("link", name="Ivo Improver").wait_for()
    address = page.locator('button[data-copy^="0x"]').first.get_attribute("data-copy")
    assert address is not None
    page.goto(page.url.partition("?")[0])
    page.get_by_label("Name, email").fill(address.lower())
    page.get_by_role("link", name="Ivo Improver").click()
    page.get_by_role("heading", name="Ivo Improver").wait_for()
    if page.get_by_role("link", name=re.compile("^Revoke ")).count() == 0:
        _grant(page)
    page.get_by_role("link", name=re.compile("^Revoke ")).first.click()
    dialog = page.get_by_role("dialog")
    assert "Will revoke" in dialog.locator(".effect").first.inner_text()
    dialog.get_by_label("Reason (told to the holder)").fill("The training has lapsed.")
    dialog.get_by_role("button", name="Revoke").click()
    expect_toast(page, "Revoked 1 grant")
    page.get_by_text("The training has lapsed.").first.wait_for()


def _grant(page: Page) -> None:
    page.get_by_role("link", name="Grant", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.locator("a.scope").first.click()
    dialog.get_by_role("button", name="Grant").click()
    expect_toast(page, "Granted.")
    page.get_by_role("link", name=re.compile("^Revoke ")).first.wait_for()


def test_a_name_of_markup_is_text_everywhere(open_page: OpenPage) -> None:
    page = open_page("/issuer?status=all&q=script", "issuer")
    link = rows(page).first.get_by_role("link").first
    assert link.inner_text().startswith("<script>")
    link.click()
    page.get_by_role("dialog").get_by_role("heading", name="<script>").wait_for()


def test_a_query_per_pause_and_not_per_key(open_page: OpenPage) -> None:
    page = open_page("/issuer", "issuer")
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "q=" in one.url else None)
    page.get_by_label("Search by name").press_sequentially("muno", delay=40)
    page.get_by_role("status").or_(page.locator("[data-summary]")).first.wait_for()
    page.wait_for_url(re.compile("q=muno"))
    assert len(asked) == 1
    assert {name_of(row) for row in rows(page).all()} <= {"Ana Muñoz"}


def test_nothing_of_a_request_outside_the_scope_is_told(open_page: OpenPage) -> None:
    seen = open_page("/issuer?status=all&type=sfluv_verifier", "issuer")
    name, path = name_of(rows(seen).first), rows(seen).first.get_by_role("link").first.get_attribute("href")
    assert path is not None
    page = open_page(path.partition("?")[0], "dpw-issuer", expected=(403,))
    assert name not in page.content()
    base = page.url.partition("/issuer")[0]
    page.goto(f"{base}/issuer?status=all&type=sfluv_verifier")
    assert rows(page).count() == 0
    page.goto(f"{base}/search?q=sfluv")
    assert page.locator("a[href^='/issuer/requests/']").count() == 0
    export = page.request.get(f"{base}/issuer/queue.csv?status=all").text()
    assert "dpw_certified" in export
    assert "sfluv_verifier" not in export


def test_a_tab_counts_what_its_list_holds_from_the_first_page_on(open_page: OpenPage) -> None:
    page = open_page("/issuer", "issuer")
    for word in ("Approved", "Rejected", "All"):
        page.get_by_role("link", name=re.compile(f"^{word} [0-9]")).first.click()
        page.get_by_role("link", name=re.compile(f"^{word} [0-9]")).and_(page.locator("[aria-current]")).wait_for()
        count = page.locator("#queue-tabs [aria-current] .n").inner_text()
        assert is_shown(page.get_by_text(f"({count} requests)"))


def test_a_second_grant_of_a_held_type_is_a_conflict_with_a_link(open_page: OpenPage) -> None:
    first = open_page("/issuer/holders", "issuer", scripts=False)
    second = open_page("/issuer/holders", "admin", scripts=False, expected=(409,))
    base = first.url.partition("/issuer")[0]
    holder = next(href for href in _holders(first, base) if _holds_nothing(first, base, href))
    for page in (first, second):
        page.goto(f"{base}{holder}/grant?type=sfluv_verifier")
    first.get_by_role("button", name="Grant").click()
    assert "Granted." in first.locator("#toasts").inner_text()
    second.get_by_role("button", name="Grant").click()
    assert "holds the credential type already" in second.get_by_role("alert").inner_text()
    second.get_by_role("link", name="Look at the grant that is in force").click()
    assert is_shown(second.get_by_role("table", name="Grants"))


def _holders(page: Page, base: str) -> Iterator[str]:
    """Where the pages of people are: what a run has granted so far depends on its other tests."""
    for name in ("person2", "person3", "person4", "person5"):
        page.goto(f"{base}/issuer/holders?q={name}")
        links = [one.get_attribute("href") for one in page.locator("a.title").all()]
        yield from (link for link in links if link)


def _holds_nothing(page: Page, base: str, href: str) -> bool:
    """Tell whether somebody never held anything."""
    return "This person holds nothing yet" in page.request.get(f"{base}{href}").text()


def test_exports_hold_no_formula(open_page: OpenPage) -> None:
    page = open_page("/issuer", "issuer")
    text = page.request.get(f"{page.url}/queue.csv?status=all&q=person19").text()
    assert "'=SUM(A1:A9)" in text
