"""Every page that needs no parameters, held to what holds for every page: themes, widths and languages."""

from __future__ import annotations

from typing import Final

import pytest

from sealwright.web.panel.page_route import PageAudience
from sealwright.web.panel.pages import PAGES
from tests.pages.checks import THEMES, WIDTHS, axe_violations, overflow, photograph, small_targets
from tests.pages.conftest import OpenPage

# Who looks at a page of an audience: a name of the demo.
VISITORS: Final = {
    PageAudience.ANYONE: None,
    PageAudience.SIGNED_IN: "improver",
    PageAudience.ISSUER: "issuer",
    PageAudience.ADMIN: "admin",
    PageAudience.IMPROVER: "improver",
    PageAudience.PROPOSER: "proposer",
    PageAudience.VOTER: "voter",
}
# Files and streams are no pages; the setup is gone in an office that has been set up.
NO_PAGES: Final = (".csv", ".json", "/events")
# The pseudo-language shows what would be clipped in a longer one.
LANGUAGES: Final = ("en", "es", "en-XA")


def _paths() -> list[tuple[str, str | None]]:
    return sorted(
        (one.path, VISITORS[one.audience])
        for one in PAGES
        if one.method == "GET" and "{" not in one.path and one.audience in VISITORS and not one.path.endswith(NO_PAGES)
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("path", "who"), _paths(), ids=[path for path, _ in _paths()])
def test_page_holds_to_every_gate(open_page: OpenPage, path: str, who: str | None, language: str) -> None:
    page = open_page(path, who, locale=language)
    for theme in THEMES:
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            where = f"{path} in {language}, {theme}, {width} px"
            if language != "en-XA":
                assert axe_violations(page) == [], where
            assert overflow(page) == [], where
            assert small_targets(page) == [], where
            if width != 768 and language == "en":
                photograph(page, f"{path.strip('/').replace('/', '-') or 'front'}-{theme}-{width}")
