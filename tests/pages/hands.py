"""Two ways to use a page: with a mouse, and with a keyboard alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, Protocol

from sealwright.locales import texts_for

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

# A page with more stops than this between its top and its last control would be no page for a keyboard.
MOST_STOPS: Final = 160

# A page that came of a click is drawn after the click has returned.
SHOWN_WITHIN_MS: Final = 10_000


def is_shown(one: Locator) -> bool:
    """Tell whether something is visible, or becomes so while the page is still being drawn."""
    from playwright.sync_api import TimeoutError as TookTooLong

    try:
        one.wait_for(timeout=SHOWN_WITHIN_MS)
    except TookTooLong:
        return False
    return True


class Hand(Protocol):
    """How somebody works. Texts are given in English and looked for in the page's language."""

    page: Page
    acts: int

    def press(self, role: str, name: str, *, within: Locator | None = None) -> None:
        """Use a button or follow a link."""

    def send(self, name: str, *, within: Locator | None = None) -> None:
        """Use the button of a form, and wait for what comes of it."""

    def fill(self, label: str, text: str) -> None:
        """Write into a field."""

    def tick(self, label: str) -> None:
        """Tick a box."""

    def choose(self, label: str, option: str) -> None:
        """Choose from a list."""

    def unfold(self, summary: str) -> None:
        """Open a part that is folded away."""


class _Words(ABC):
    def __init__(self, page: Page, language: str) -> None:
        self.page = page
        # Clicks, or keys that did something, since whoever counts set it to 0.
        self.acts = 0
        self._texts = texts_for(language)

    def say(self, text: str) -> str:
        """A text in the page's language."""
        return self._texts.gettext(text) if "%" not in text else text

    def _named(self, role: str, name: str, within: Locator | None) -> Locator:
        scope = within or self.page.locator("body")
        return scope.get_by_role(role, name=self.say(name)).first  # type: ignore[arg-type]

    def _summary(self, summary: str) -> Locator:
        return self.page.locator("summary").filter(has_text=self.say(summary)).first

    def _labelled(self, label: str) -> Locator:
        return self.page.get_by_label(self.say(label)).first

    def send(self, name: str, *, within: Locator | None = None) -> None:
        """Use the button of a form, and wait for what comes of it."""
        with self.page.expect_response(lambda answer: answer.request.method == "POST"):
            self.press("button", name, within=within)
        self.page.wait_for_load_state("networkidle")

    @abstractmethod
    def press(self, role: str, name: str, *, within: Locator | None = None) -> None:
        """Use a button or follow a link, in the way of this hand."""


class Mouse(_Words):
    """Points and clicks; types into fields."""

    def press(self, role: str, name: str, *, within: Locator | None = None) -> None:
        self._named(role, name, within).click()
        self.acts += 1

    def fill(self, label: str, text: str) -> None:
        field = self._labelled(label)
        field.click()
        field.fill(text)

    def tick(self, label: str) -> None:
        self._labelled(label).check()

    def choose(self, label: str, option: str) -> None:
        self._labelled(label).select_option(label=self.say(option))
        self.acts += 1

    def unfold(self, summary: str) -> None:
        self._summary(summary).click()
        self.acts += 1


class Keyboard(_Words):
    """Never touches the mouse: stops are reached by Tab, so whatever cannot be reached that way fails the test."""

    def press(self, role: str, name: str, *, within: Locator | None = None) -> None:
        self._reach(self._named(role, name, within))
        self.page.keyboard.press("Enter")
        self.acts += 1

    def fill(self, label: str, text: str) -> None:
        self._reach(self._labelled(label))
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def tick(self, label: str) -> None:
        box = self._labelled(label)
        self._reach(box)
        if not box.is_checked():
            self.page.keyboard.press("Space")
        assert box.is_checked()

    def choose(self, label: str, option: str) -> None:
        box = self._labelled(label)
        self._reach(box)
        self.page.keyboard.type(self.say(option))
        chosen = box.evaluate("e => e.options[e.selectedIndex].label.trim()")
        assert chosen == self.say(option)
        self.acts += 1

    def unfold(self, summary: str) -> None:
        self._reach(self._summary(summary))
        self.page.keyboard.press("Enter")
        self.acts += 1

    def reach(self, label: str) -> None:
        """Tab to a field."""
        self._reach(self._labelled(label))

    def _reach(self, wanted: Locator) -> None:
        wanted.wait_for(state="attached")
        for _ in range(MOST_STOPS):
            if wanted.evaluate("e => e === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never reaches {wanted}")
