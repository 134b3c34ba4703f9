"""What is true of every page: silent, accessible, without sideways scroll; and how pages are photographed."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.support.tools import missing

if TYPE_CHECKING:
    from playwright.sync_api import Page

HERE: Final = Path(__file__).resolve().parent
_PHOTOGRAPHS: Final = bool(os.environ.get("PAGE_TESTS_PICTURES"))
PICTURES: Final = HERE.parents[1] / "build" / "screenshots"
WIDTHS: Final = (320, 768, 1280)
THEMES: Final = ("light", "dark")
_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN: Final = """async (rules) => {
  const result = await axe.run(document, {runOnly: {type: "tag", values: rules}, resultTypes: ["violations"]});
  return result.violations.map((one) => ({
    rule: one.id, help: one.help, nodes: one.nodes.slice(0, 5).map((node) => node.html + " :: " + node.failureSummary),
  }));
}"""
# Everything that reaches beyond the right edge and is not inside a box that scrolls by itself.
_OVERFLOW: Final = """() => {
  const width = document.documentElement.clientWidth;
  const scrolls = (one) => {
    for (let box = one.parentElement; box && box !== document.body; box = box.parentElement)
      if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(box).overflowX)) return true;
    return false;
  };
  const found = [];
  for (const one of document.querySelectorAll("body *")) {
    const edge = one.getBoundingClientRect();
    if (edge.width > 0 && edge.right > width + 1 && !scrolls(one)) found.push(one.outerHTML.slice(0, 160));
  }
  return {wide: document.documentElement.scrollWidth > width, found: found.slice(0, 8)};
}"""
# A phone leaves cards below the window unlaid until they come near; checks and pictures want them all.
_LAY_OUT: Final = """() => {
  for (const one of document.querySelectorAll("main *"))
    if (getComputedStyle(one).contentVisibility === "auto") one.style.contentVisibility = "visible";
}"""
_CONTROLS: Final = "a[href], button, summary, input, select, textarea"
_SMALL: Final = """(controls) => [...document.querySelectorAll(controls)].filter((one) => {
  const box = one.closest("label")?.getBoundingClientRect() ?? one.getBoundingClientRect();
  const seen = one.checkVisibility({checkVisibilityCSS: true}) && box.width > 1 && !one.closest(".skip, [hidden]");
  const shown = seen && !one.disabled;
  // A link inside a sentence is exempt.
  const inline = one.matches("a") && one.closest("p, dd, li") && getComputedStyle(one).display === "inline";
  return shown && !inline && (box.width < 24 || box.height < 24);
}).map((one) => one.outerHTML.slice(0, 160))"""


def lay_out_all(page: Page) -> None:
    """Have the whole page laid out, also what is far below the window."""
    page.evaluate(_LAY_OUT)


@cache
def _axe() -> str:
    path = HERE / "node_modules" / "axe-core" / "axe.min.js"
    if not path.is_file():
        missing("axe-core (make peers)")
    return path.read_text(encoding="utf-8")


def axe_violations(page: Page) -> list[dict[str, Any]]:
    """What axe finds wrong with a page as it stands."""
    page.evaluate(_axe())
    found: list[dict[str, Any]] = page.evaluate(_RUN, _RULES)
    return found


def overflow(page: Page) -> list[str]:
    """What makes the page scroll sideways; empty when nothing does."""
    told = page.evaluate(_OVERFLOW)
    return list(told["found"]) or (["the page is wider than the window"] if told["wide"] else [])


def small_targets(page: Page) -> list[str]:
    """Controls below 24 × 24 px, links inside sentences aside."""
    found: list[str] = page.evaluate(_SMALL, _CONTROLS)
    return found


def check_page(page: Page) -> None:
    """Hold a page, as it stands, to everything that holds for every page."""
    lay_out_all(page)
    assert axe_violations(page) == []
    assert overflow(page) == []
    assert small_targets(page) == []


def photograph(page: Page, name: str, *, whole: bool = True) -> None:
    """Keep a picture as build output, to be looked at by eye; only where PAGE_TESTS_PICTURES asks for it."""
    if not _PHOTOGRAPHS:
        return
    path = PICTURES / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    lay_out_all(page)
    page.screenshot(path=path, full_page=whole, animations="disabled")
