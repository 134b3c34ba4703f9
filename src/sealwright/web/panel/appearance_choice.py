"""Choosing language, theme and row density from the header of any page; signed in or not, with or without scripts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sealwright.domain.people import Theme
from sealwright.locales import LANGUAGES
from sealwright.services.profile import ProfileChanges
from sealwright.web.panel.appearance import offered
from sealwright.web.panel.page_call import PageCall
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.web.panel.appearance import Appearance

SYSTEM: Final = "system"
_THEMES: Final = (*(theme.value for theme in Theme), SYSTEM)
_DENSITIES: Final = ("compact", "roomy")


def choose(page: PageCall) -> Reply:
    """POST /appearance: keep what was chosen, and go back to where the person was."""
    chosen = page.appearance
    if (language := page.form.text("language")) in offered():
        chosen = replace(chosen, language=language)
    if (theme := page.form.choice("theme", "")) != "":
        chosen = replace(chosen, theme=None if theme == SYSTEM else Theme(theme))
    if (density := page.form.choice("density", "")) != "":
        chosen = replace(chosen, compact=density == "compact")
    _put_on_record(page, chosen)
    page.keep_appearance(chosen)
    return page.redirect(page.next_path())


def _put_on_record(page: PageCall, chosen: Appearance) -> None:
    """Change a signed-in person's own record too: it counts before the cookie, and goes with them to other browsers."""
    if page.signed_in is None or page.signed_in.person is None:
        return
    before = page.appearance
    is_other_language = chosen.language != before.language and chosen.language in LANGUAGES
    is_other_theme = chosen.theme is not before.theme
    if not (is_other_language or is_other_theme):
        return
    changes = ProfileChanges(
        locale=chosen.language if is_other_language else None,
        theme=chosen.theme if is_other_theme else None,
        clear=frozenset({"theme"} if is_other_theme and chosen.theme is None else ()),
    )
    page.act(lambda uow, me: page.office.profile.change(uow, me, changes), changes_registry=True)


PAGES: Final = (
    PageRoute(
        "POST",
        "/appearance",
        PageAudience.ANYONE,
        choose,
        form=Form(
            Field("language", max_length=10),
            Field("theme", Kind.CHOICE, choices=_THEMES),
            Field("density", Kind.CHOICE, choices=_DENSITIES),
            Field("next"),
        ),
        before_setup=True,
    ),
)
