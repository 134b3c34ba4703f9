"""Choosing language, theme and row density from the header of any page; signed in or not, with or without scripts."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sealwright.domain.people import Theme
from sealwright.web.panel.appearance import offered
from sealwright.web.panel.page_call import PageCall
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.reply import Reply

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
    page.keep_appearance(chosen)
    return page.redirect(page.next_path())


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
