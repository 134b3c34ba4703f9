"""Languages: the catalogs of texts, and how dates and spans are said in each. Imports nothing of the other rooms.

English stands in the code; every other language has a folder of catalogs here (gettext's text form), one for each
room that speaks, so that two people who add texts seldom meet. They are read when a language is first used; nothing
is compiled ahead.
"""

from __future__ import annotations

from sealwright.locales.catalogs import LANGUAGES, Texts, language_name, texts_for
from sealwright.locales.choosing import choose_language
from sealwright.locales.marking import N_

__all__ = ["LANGUAGES", "N_", "Texts", "choose_language", "language_name", "texts_for"]
