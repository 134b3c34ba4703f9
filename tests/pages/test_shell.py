"""What the shell and its script do: by keyboard, with scripts off, in the dialog, with toasts, themes and languages."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

import pytest

from sealwright.web.panel.static_urls import static_files
from tests.pages.checks import check_page, overflow, photograph
from tests.pages.conftest import OpenPage
from tests.pages.hands import is_shown

if TYPE_CHECKING:
    from playwright.sync_api import Page

SHEET = "/dev/pieces"


def focused(page: Page) -> str:
    """The text, or the name, of what has the focus."""
    told: str = page.evaluate(
        "() => document.activeElement.getAttribute('aria-label') || document.activeElement.textContent.trim()"
    )
    return told


def test_first_stop_is_skip_to_content(open_page: OpenPage) -> None:
    page = open_page("/settings", "improver")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "main"


def test_no_page_is_a_trap(open_page: OpenPage) -> None:
    page = open_page(SHEET, "improver")
    page.locator("#form-errors").blur()
    seen = []
    for _ in range(150):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("() => [...document.querySelectorAll('*')].indexOf(document.activeElement)"))
    assert len(set(seen)) > 60
    # A date has three parts and a button, each a stop of its own.
    assert max(len(list(same)) for _, same in itertools.groupby(seen)) <= 4


def test_keys_move_along_rows_and_select(open_page: OpenPage) -> None:
    page = open_page(SHEET, "improver")
    page.locator("#form-errors").blur()
    rows = page.locator("[data-row]")
    page.keyboard.press("j")
    assert "cur" in (rows.nth(1).get_attribute("class") or "")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert focused(page) == "Samuel Adeyemi"
    page.keyboard.press("x")
    assert not rows.nth(1).locator("input").is_checked()
    page.keyboard.press("x")
    for _ in range(3):
        page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    assert rows.nth(4).locator("input").is_checked()
    # One's own row lies between and cannot be selected.
    assert not rows.nth(2).locator("input").is_checked()
    assert page.locator("[data-bulk] [data-selected]").inner_text() == "Selected: 3"


def test_slash_finds_the_search_and_letters_are_inert_in_it(open_page: OpenPage) -> None:
    page = open_page(SHEET, "improver")
    page.locator("#form-errors").blur()
    page.keyboard.press("/")
    page.keyboard.type("jxa?")
    assert page.locator("[data-search]").input_value() == "jxa?"


def test_question_mark_lists_the_keys(open_page: OpenPage) -> None:
    page = open_page("/settings", "improver")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    assert is_shown(dialog)
    assert focused(page) == "Keyboard"
    check_page(page)
    photograph(page, "keys", whole=False)
    page.keyboard.press("Escape")
    assert not dialog.is_visible()


def test_select_all_and_bulk_bar(open_page: OpenPage) -> None:
    page = open_page(SHEET, "improver")
    bar = page.locator("[data-bulk]")
    every = page.get_by_label("Select every row on this page")
    every.check()
    assert page.locator("[data-bulk] [data-selected]").inner_text() == "Selected: 5"
    every.uncheck()
    assert not bar.is_visible()


def test_dialog_opens_over_the_list_and_back_closes_it(open_page: OpenPage) -> None:
    page = open_page(SHEET, "improver")
    page.get_by_role("link", name="Open the dialog").click()
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    assert page.url.endswith("/dev/pieces/dialog")
    assert focused(page) == "María Muñoz"
    check_page(page)
    photograph(page, "dialog-light", whole=False)
    page.go_back()
    dialog.wait_for(state="hidden")
    assert page.url.endswith(SHEET)
    assert focused(page) == "Open the dialog"


@pytest.mark.parametrize(("width", "theme"), [(320, "light"), (320, "dark"), (1280, "dark")])
def test_dialog_fits_every_window(open_page: OpenPage, width: int, theme: str) -> None:
    page = open_page(SHEET, "improver", width=width, theme=theme)
    page.get_by_role("link", name="Open the dialog").click()
    page.get_by_role("dialog").wait_for()
    check_page(page)
    photograph(page, f"dialog-{theme}-{width}", whole=False)


def test_dialog_asks_once_before_losing_what_was_typed(open_page: OpenPage) -> None:
    page = open_page(SHEET, "improver")
    page.get_by_role("link", name="Open the dialog").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Because")
    asked: list[str] = []
    page.once("dialog", lambda box: (asked.append(box.message), box.dismiss()))
    page.keyboard.press("Escape")
    assert asked == ["There are changes that are not saved. Leave them?"]
    assert dialog.get_by_label("Reason").input_value() == "Because"
    page.once("dialog", lambda box: box.accept())
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")


def test_save_is_off_until_something_changed_and_faults_stay_in_the_dialog(open_page: OpenPage) -> None:
    page = open_page(SHEET, "improver", expected=(422,))
    page.get_by_role("link", name="Open the dialog").click()
    dialog = page.get_by_role("dialog")
    save = dialog.get_by_role("button", name="Save Changes")
    assert save.is_disabled()
    dialog.get_by_label("Change Approval Status").select_option("rejected")
    assert save.is_enabled()
    save.click()
    dialog.get_by_role("alert").wait_for()
    assert dialog.get_by_label("Change Approval Status").input_value() == "rejected"
    assert "Please fill this in." in dialog.inner_text()
    check_page(page)


def test_saved_dialog_closes_and_says_so_with_an_undo(open_page: OpenPage) -> None:
    page = open_page(SHEET, "improver")
    page.get_by_role("link", name="Open the dialog").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Change Approval Status").select_option("approved")
    dialog.get_by_label("Reason").fill("All papers are there.")
    page.keyboard.press("Control+Enter")
    dialog.wait_for(state="hidden")
    toast = page.locator("#toasts .toast")
    toast.wait_for()
    assert "Approved María Muñoz." in toast.inner_text()
    assert re.fullmatch(r"\d+", toast.locator(".seconds").inner_text())
    assert toast.locator(".seconds").get_attribute("aria-hidden") == "true"
    page.keyboard.press("z")
    page.locator("#toasts .toast", has_text="Taken back.").wait_for()


def test_same_act_without_scripts(open_page: OpenPage) -> None:
    page = open_page("/dev/pieces/dialog", "improver", scripts=False, expected=(422,))
    page.get_by_label("Change Approval Status").select_option("approved")
    page.get_by_role("button", name="Save Changes").click()
    assert "Please fill this in." in page.locator("main").inner_text()
    page.get_by_label("Reason").fill("All papers are there.")
    page.get_by_role("button", name="Save Changes").click()
    assert page.url.endswith(SHEET)
    toast = page.locator("#toasts .toast")
    assert "Approved María Muñoz." in toast.inner_text()
    toast.get_by_role("button", name="Undo").click()
    assert "Taken back." in page.locator("#toasts").inner_text()


def test_copying_says_so(open_page: OpenPage) -> None:
    page = open_page(SHEET, "improver")
    page.get_by_role("button", name="Copy: Wallet address").click()
    page.locator("#said", has_text="Copied.").wait_for(state="attached")
    assert page.evaluate("() => navigator.clipboard.readText()") == "0x71C7656EC7ab88b098defB751B7401B5f6d8976F"


def test_secret_is_left_only_when_stored(open_page: OpenPage) -> None:
    page = open_page(SHEET, "improver")
    done = page.locator(".secret").get_by_role("button", name="Done")
    assert done.is_disabled()
    page.get_by_label("I have stored it").check()
    assert done.is_enabled()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_theme_and_language_are_chosen_in_the_header(open_page: OpenPage, scripts: bool) -> None:
    page = open_page("/login", scripts=scripts)
    page.get_by_label("Colors").click()
    page.get_by_role("button", name="Dark").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.get_by_role("button", name="Español").click()
    assert page.locator("html").get_attribute("lang") == "es"
    assert page.url.endswith("/login")


def test_drawer_works_without_scripts_on_a_phone(open_page: OpenPage) -> None:
    page = open_page("/settings", "issuer", width=320, scripts=False)
    page.locator("summary", has_text="Menu").click()
    link = page.get_by_role("navigation", name="Menu", exact=True).get_by_role("link", name="Requests")
    assert is_shown(link)
    assert overflow(page) == []
    photograph(page, "drawer-light-320", whole=False)


@pytest.mark.parametrize("width", [640, 641, 1024, 1200])
def test_larger_text_and_every_breakpoint_fit(open_page: OpenPage, width: int) -> None:
    """All lengths and breakpoints follow the text, so 200 % text at 1280 px is a window of 640 px at 100 %."""
    styles = static_files()["app.css"].content.decode("utf-8")
    assert re.findall(r"@media[^{]*?[0-9]px", styles) == []
    for theme in ("light", "dark"):
        assert overflow(open_page(SHEET, "improver", theme=theme, width=width)) == [], theme


def test_focus_is_visible_and_never_hidden(open_page: OpenPage) -> None:
    page = open_page("/settings", "improver")
    for _ in range(25):
        page.keyboard.press("Tab")
        told = page.evaluate(
            """() => {
              const one = document.activeElement, box = one.getBoundingClientRect(), look = getComputedStyle(one);
              const at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
              return {name: one.outerHTML.slice(0, 120), ring: parseFloat(look.outlineWidth), style: look.outlineStyle,
                      hidden: !!at && !one.contains(at) && !at.contains(one) && !one.closest('label')?.contains(at)};
            }"""
        )
        assert told["ring"] >= 3, told
        assert told["style"] == "solid", told
        assert not told["hidden"], told
