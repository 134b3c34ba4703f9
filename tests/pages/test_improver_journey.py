"""An improver asks, answers, takes back and asks again; in a browser, with and without scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages.checks import check_page, photograph
from tests.pages.conftest import OpenPage
from tests.pages.hands import is_shown
from tests.pages.serving import PageSite

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR" + bytes(64)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_improver_asks_replies_is_rejected_and_asks_again(
    site: PageSite, open_page: OpenPage, tmp_path: Path, scripts: bool
) -> None:
    who = "improver" if scripts else "improver2"
    scan = tmp_path / "certificate.png"
    scan.write_bytes(PNG)
    page = open_page("/improver", who, scripts=scripts, width=390, expected=(422,))
    page.get_by_role("link", name="Request credential").click()
    page.get_by_role("link", name="Request: Department of Public Works certification").click()
    page.get_by_label("Certificate number").fill("DPW-1177")
    page.get_by_label("street repair").check()
    page.get_by_label("Evidence").set_input_files(scan)
    page.get_by_role("button", name="Send the request").click()
    assert is_shown(page.get_by_text("Tick this, so that the office may decide.").first)
    assert page.get_by_label("Certificate number").input_value() == "DPW-1177"
    assert page.get_by_label("certificate.png").is_checked()
    page.get_by_label("The office may read this").check()
    page.get_by_role("button", name="Send the request").click()
    page.get_by_role("heading", name="Timeline").wait_for()
    assert is_shown(page.get_by_role("link", name="certificate.png"))
    request_id = page.url.rpartition("/")[2]

    site.run(["request", "ask", request_id, "--message", "Which year was it?"])
    page.goto(page.url)
    assert is_shown(page.get_by_text("Which year was it?").first)
    check_page(page) if scripts else None
    photograph(page, f"improver-needs-info-{'scripts' if scripts else 'plain'}")
    page.get_by_label("Your reply").fill("It was in 2024.")
    page.get_by_role("button", name="Reply").click()
    assert is_shown(page.get_by_text("It was in 2024.").first)

    site.run(["request", "reject", request_id, "--note", "unreadable"])
    page.goto(page.url)
    assert is_shown(page.get_by_text("Why it was rejected"))
    page.get_by_role("link", name="Request again").click()
    assert page.get_by_label("Certificate number").input_value() == "DPW-1177"
    page.get_by_label("The office may read this").check()
    page.get_by_role("button", name="Send the request").click()
    page.get_by_role("heading", name="Timeline").wait_for()

    page.get_by_role("link", name="Withdraw").click()
    assert is_shown(page.get_by_text("for good").first)
    page.get_by_role("button", name="Withdraw").click()
    page.get_by_text("Withdrawn").first.wait_for()
    page.goto(f"{site.url}/improver")
    assert page.get_by_role("link", name="Request again").count() == 1
