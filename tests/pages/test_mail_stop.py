"""Stopping letters without signing in: every look of the page, with and without scripts; it shows nobody's data."""

from __future__ import annotations

from typing import Final

import pytest

from sealwright.bootstrap import build
from sealwright.services.stop_links import stop_address
from sealwright.settings import load_settings
from tests.pages.checks import axe_violations, overflow, photograph, small_targets
from tests.pages.conftest import OpenPage
from tests.pages.gates import LOOKS, walk
from tests.pages.hands import is_shown
from tests.pages.serving import PageSite

KINDS: Final = ("approved", "digest", "analytics_report")


def stop_paths(site: PageSite, who: str, *kinds: str) -> list[str]:
    """The paths that letters to somebody of the demo carry."""
    office = build(load_settings(site.environment, cwd=site.folder))
    try:
        with office.units() as uow:
            person = uow.people.by_email(f"{who}@demo.example")
            assert person is not None
            found = [stop_address(uow, "", person.user_id, kind) for kind in kinds]
            uow.commit()
    finally:
        office.close()
    return [path for path in found if path is not None]


@pytest.mark.parametrize(("theme", "width", "locale"), LOOKS)
def test_stop_pages_hold_to_every_gate(
    site: PageSite, open_page: OpenPage, theme: str, width: int, locale: str
) -> None:
    paths = stop_paths(site, "improver", *KINDS)
    assert len(paths) == len(KINDS)
    look = f"{theme}-{width}-{locale}"
    page = open_page("/login", theme=theme, width=width, locale=locale, expected=(410,))
    wrong = walk(page, site.url, paths, look)
    page.goto(f"{site.url}{paths[0]}")
    page.locator("main button").click()
    page.get_by_role("status").first.wait_for()
    photograph(page, f"mail-stop-done-{look}")
    wrong += [f"done: {found}" for found in (*axe_violations(page), *overflow(page), *small_targets(page))]
    page.goto(f"{site.url}{paths[0][:-1]}")
    wrong += [f"spent: {found}" for found in (*axe_violations(page), *overflow(page), *small_targets(page))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("who", [None, "voter1"], ids=["nobody", "somebody else"])
def test_letters_are_stopped_by_keyboard_and_chosen_again(
    site: PageSite, open_page: OpenPage, scripts: bool, who: str | None
) -> None:
    (path,) = stop_paths(site, "improver", "needs_info")
    page = open_page(path, who, scripts=scripts)
    assert is_shown(page.get_by_text("A reviewer asks me something"))
    assert "improver@demo.example" not in page.content()
    page.get_by_role("button", name="Stop these letters").press("Enter")
    page.get_by_role("heading", name="These letters are stopped").wait_for()
    own = open_page("/settings/notifications", "improver", scripts=scripts)
    mode = own.get_by_label("A reviewer asks me something")
    assert mode.input_value() == "off"
    mode.select_option("at_once")
    own.get_by_role("button", name="Save").click()
    own.get_by_text("Saved.").first.wait_for()
