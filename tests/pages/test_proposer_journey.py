"""A proposer writes the Street Repair Project, keeps it, looks at it as others will, hands it in; voters decide.

By keyboard alone, on a phone and on a desk; and once with scripts off.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.pages.checks import check_page, photograph
from tests.pages.conftest import OpenPage
from tests.pages.hands import Keyboard, is_shown
from tests.pages.workflow_states import NEW

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.timeout(240)


class Writer(Keyboard):
    """A keyboard that finds one of several rows alike."""

    def write(self, field: str, text: str) -> None:
        """Type into a field by its name."""
        self._reach(self.page.locator(f'[name="{field}"]'))
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def pick(self, field: str, option: str) -> None:
        """Choose from a list by its name."""
        box = self.page.locator(f'[name="{field}"]')
        self._reach(box)
        self.page.keyboard.type(option)
        assert box.evaluate("e => e.options[e.selectedIndex].label.trim()") == option

    def check(self, field: str, label: str) -> None:
        """Tick one of several boxes."""
        self._reach(self.page.locator(f'[name="{field}"]').and_(self.page.get_by_label(label)))
        self.page.keyboard.press("Space")

    def use(self, value: str) -> None:
        """Press a button of the editor, and wait for the page that answers."""
        button = self.page.locator(f'#editor button[value="{value}"]').last
        self._reach(button)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")


def has_focus(control: Locator) -> bool:
    """Tell whether a control has the focus."""
    return bool(control.evaluate("e => e === document.activeElement"))


def vote_for(page: Page, title: str) -> None:
    """Vote for a pending workflow, from the list on."""
    hand = Keyboard(page, "en")
    hand.press("link", title)
    hand.fill("Comment", "Needed since spring.")
    hand.send("Vote for it")


@pytest.mark.parametrize("width", [360, 1280])
def test_street_repair_is_written_voted_on_and_approved(open_page: OpenPage, width: int) -> None:
    title = f"Street Repair Project {width}"
    page = open_page("/proposer", "proposer", width=width)
    hand = Writer(page, "en")
    hand.press("link", "New workflow")
    page.get_by_role("heading", name="New workflow").wait_for()
    assert has_focus(page.locator("[name=title]"))
    hand.write("title", title)
    hand.write("role-1-title", "Damage assessor")
    hand.check("role-1-needs", "Department of Public Works certification")
    page.locator("#role-1-count").get_by_text(re.compile("(person qualifies|people qualify) now")).wait_for()
    hand.use("add-role")
    assert has_focus(page.locator("[name=role-2-title]"))
    hand.write("role-2-title", "Quality verifier")
    hand.check("role-2-needs", "SFLUV verifier")
    hand.write("step-1-title", "Verify repair quality")
    hand.use("add-step")
    assert has_focus(page.locator("[name=step-2-title]"))
    hand.write("step-2-title", "Assess damage")
    hand.pick("step-2-role", "Damage assessor")
    hand.write("step-2-bounty", "5000")
    hand.use("up-step-2")
    assert page.locator("[name=step-1-title]").input_value() == "Assess damage"
    assert has_focus(page.locator("button[value=down-step-1]"))
    hand.pick("step-2-role", "Quality verifier")
    hand.write("step-2-bounty", "3000")
    hand.use("save")
    page.locator("#toasts").get_by_text("The draft is saved.").wait_for()
    hand.check("held", "Department of Public Works certification")
    hand.use("preview")
    preview = page.locator("#preview")
    assert is_shown(preview.get_by_text("This person finds the workflow in their feed."))
    assert is_shown(preview.get_by_text("can claim step 1"))
    assert is_shown(preview.get_by_text("closed: asks for SFLUV verifier"))
    check_page(page)
    photograph(page, f"proposer-preview-{width}")
    hand.use("submit")
    page.get_by_role("heading", name=title).wait_for()
    assert is_shown(page.get_by_text("You proposed this, so you do not vote."))
    where = page.url

    for name in ("voter1", "voter2"):
        vote_for(open_page("/workflows", name, width=width), title)
    page.goto(where)
    assert is_shown(page.get_by_text("More than half of all voters were of one opinion."))
    assert page.get_by_text("Needed since spring.").count() == 2
    assert is_shown(page.locator(".page-head").get_by_text("Approved"))


def test_draft_saves_itself_while_it_is_written(open_page: OpenPage) -> None:
    page = open_page("/proposer", "proposer", width=360)
    page.clock.install()
    page.goto(page.url + "/workflows/new")
    page.locator("[name=title]").press_sequentially("Half a thought")
    page.clock.fast_forward(6000)
    page.get_by_text("Draft saved at").wait_for()
    draft = page.locator("[name=draft]").input_value()
    assert draft.startswith("drf_")
    page.locator("[name=step-1-title]").press_sequentially("And more")
    page.clock.fast_forward(6000)
    page.wait_for_function("!document.querySelector('#editor').dataset.changed")
    page.wait_for_load_state("networkidle")
    page.goto(f"{page.url}?draft={draft}")
    assert page.locator("[name=step-1-title]").input_value() == "And more"


def test_editor_works_whole_without_scripts(open_page: OpenPage) -> None:
    page = open_page(NEW, "proposer", width=360, scripts=False, expected=(422,))
    page.locator("[name=title]").fill("Without scripts")
    page.locator("[name=role-1-title]").fill("Anybody")
    page.locator("button[value=add-step]").click()
    page.locator("[name=step-1-title]").fill("First")
    page.locator("[name=step-2-title]").fill("Second")
    page.locator("button[value=down-step-1]").click()
    assert page.locator("[name=step-1-title]").input_value() == "Second"
    page.locator("[name=step-1-bounty]").fill("a lot")
    page.locator("button[value=submit]").click()
    fault = page.locator("#form-errors").get_by_role("link", name="Step 1, bounty")
    assert fault.get_attribute("href") == "#f-step-1-bounty"
    assert page.locator("[name=step-1-bounty]").input_value() == "a lot"
    page.locator("[name=step-1-bounty]").fill("10")
    page.locator("button[value=submit]").click()
    assert is_shown(page.get_by_role("heading", name="Without scripts"))
