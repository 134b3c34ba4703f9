"""Every page of the table that needs no parameters: whoever adds a page has it held to the gates, unasked.

Screens with parameters, and the looks that stand in `gates.LOOKS`, are walked by the tests of their rooms; the two
looks here are further ones.
"""

from __future__ import annotations

from typing import Final

import pytest

from sealwright.web.panel.page_route import PageAudience
from sealwright.web.panel.pages import PAGES
from tests.pages.conftest import OpenPage
from tests.pages.gates import EVERY_LOOK, IS_THOROUGH, LOOKS, walk
from tests.pages.serving import PageSite

# Who looks at a page of an audience: a name of the demo. The setup is gone in an office that has been set up.
VISITORS: Final = {
    PageAudience.ANYONE: None,
    PageAudience.SIGNED_IN: "improver",
    PageAudience.ISSUER: "issuer",
    PageAudience.ADMIN: "admin",
    PageAudience.IMPROVER: "improver",
    PageAudience.PROPOSER: "proposer",
    PageAudience.VOTER: "voter1",
    PageAudience.DECIDER: "voter1",
}
FURTHER_LOOKS: Final = EVERY_LOOK if IS_THOROUGH else (("light", 768, "en-XA"),)
# Files and streams are no pages.
NO_PAGES: Final = (".csv", ".json", "/events")
# Roads to an outside sign-in, which a demo has not, and a preview of what was not chosen yet (`test_admin_gates`).
SENT_ON: Final = frozenset({"/login/outside", "/login/outside/start", "/admin/desk/mass/preview"})


def paths_of(audience: PageAudience) -> tuple[str, ...]:
    """Every page of an audience that can be asked for as it stands."""
    return tuple(
        sorted(
            one.path
            for one in PAGES
            if one.method == "GET"
            and one.audience is audience
            and "{" not in one.path
            and not one.path.endswith(NO_PAGES)
            # What an open page asks for by itself is a part of a page.
            and not one.quiet
            and one.path not in SENT_ON
        )
    )


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("theme", "width", "locale"), FURTHER_LOOKS)
@pytest.mark.parametrize("audience", [one for one in VISITORS if paths_of(one)], ids=lambda one: one.name.lower())
def test_pages_of_an_audience_hold_to_every_gate(
    site: PageSite, open_page: OpenPage, audience: PageAudience, theme: str, width: int, locale: str
) -> None:
    page = open_page("/login", VISITORS[audience], theme=theme, width=width, locale=locale, expected=(403,))
    wrong = walk(page, site.url, paths_of(audience), f"{theme}-{width}-{locale}")
    assert not wrong, "\n".join(wrong)


def test_looks_meet_every_theme_width_and_language() -> None:
    looks = (*LOOKS, *FURTHER_LOOKS)
    assert {theme for theme, _, _ in looks} == {"light", "dark"}
    assert {width for _, width, _ in looks} >= {320, 768, 1280}
    assert {locale for _, _, locale in looks} >= {"en", "es", "en-XA"}
