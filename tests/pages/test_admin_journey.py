"""The admin desk in a browser: somebody asks to be an issuer and is approved with a scope; issuing is halted."""

from __future__ import annotations

import pytest

from tests.pages.checks import check_page, photograph
from tests.pages.conftest import OpenPage
from tests.pages.hands import is_shown
from tests.pages.serving import PageSite


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_issuer_is_asked_for_and_approved_with_scope(site: PageSite, open_page: OpenPage, scripts: bool) -> None:
    who, office = ("voter1", "Pier Works") if scripts else ("voter2", "Mill Works")
    person = open_page("/settings/access", who, scripts=scripts)
    person.get_by_role("link", name="Request issuer status").click()
    person.get_by_label("Organization").fill(office)
    person.get_by_label("Department of Public Works certification").check()
    person.get_by_label("Why you").fill("We train the crews.")
    person.get_by_role("button", name="Send the request").click()
    assert is_shown(person.get_by_role("region", name="Issuer").get_by_text("Pending"))

    admin = open_page("/admin", "admin", scripts=scripts)
    admin.get_by_role("link", name="Issuer requests").first.click()
    admin.get_by_role("link", name=f"Decide: {office}").click()
    admin.get_by_role("group", name="Allowed Credentials").get_by_label("SFLUV verifier").check()
    if scripts:
        dialog = admin.get_by_role("dialog")
        assert is_shown(dialog)
        check_page(admin)
        photograph(admin, "issuer-request-dialog")
    admin.get_by_role("button", name="Save Changes").click()
    admin.get_by_role("link", name="Issuers", exact=True).first.click()
    decides = admin.get_by_label(
        "Vera Voter decides on SFLUV verifier" if scripts else "Victor Voter decides on SFLUV verifier"
    )
    decides.wait_for()
    assert decides.is_checked()

    # Whoever gains a role signs in again.
    site.sign_in_everybody()
    person = open_page("/settings/access", who, scripts=scripts)
    card = person.get_by_role("region", name="Issuer")
    assert is_shown(card.get_by_text("Approved"))
    assert is_shown(card.get_by_text("SFLUV verifier"))
    assert is_shown(card.get_by_role("link", name="Request scope change"))


def test_issuer_is_suspended_by_keyboard(open_page: OpenPage) -> None:
    page = open_page("/admin/desk/issuers", "admin", expected=(422,))
    page.get_by_role("link", name="Suspend, change: Dora Works").focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    page.get_by_label("Status").focus()
    page.keyboard.type("Susp")
    page.keyboard.press("Control+Enter")
    page.get_by_role("alert").wait_for()
    page.get_by_label("Note").focus()
    page.keyboard.type("On leave until spring.")
    page.keyboard.press("Control+Enter")
    page.get_by_role("dialog").wait_for(state="hidden")
    page.goto(f"{page.url.partition('?')[0]}?state=suspended")
    assert is_shown(page.get_by_text("Dora Works"))


def test_halting_is_seen_by_everybody(open_page: OpenPage) -> None:
    page = open_page("/admin/desk/system", "admin")
    page.get_by_label("Reason").fill("A key may be lost.")
    page.get_by_role("button", name="Halt issuing").click()
    page.get_by_role("button", name="Resume issuing").wait_for()
    check_page(page)
    photograph(page, "system-halted")
    other = open_page("/settings", "improver")
    assert is_shown(other.get_by_text("Issuing is halted since"))
    page.get_by_role("button", name="Resume issuing").click()
    page.get_by_text("Issuing goes on.").first.wait_for()
    assert page.get_by_role("button", name="Resume issuing").count() == 0
