"""The catalogs, read and joined: a language's texts with plural forms, and the pseudo-language of the tests."""

from __future__ import annotations

import io
import re
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any, Final

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER: Final = Path(__file__).resolve().parent
SOURCE_LANGUAGE: Final = "en"
# What people can choose, in the order in which it is offered.
LANGUAGES: Final[tuple[str, ...]] = (SOURCE_LANGUAGE, "es")
# English stretched by two fifths: for tests of layout alone, never offered.
PSEUDO_LANGUAGE: Final = "en-XA"

_ACCENTED: Final = str.maketrans("aeiouyAEIOUcnsz", "àéîöûýÀÉÎÖÛçñšž")
# Placeholders, markup and entities stay as they are.
_KEPT: Final = re.compile(r"(%\(\w+\)[sd]|%%|<[^>]*>|&\w+;)")


class Texts:
    """The texts of one language.

    Every method fills placeholders of the form ``%(name)s``; a literal percent sign is written twice.
    """

    def __init__(self, language: str, translations: NullTranslations) -> None:
        self.language = language
        self.locale = Locale.parse(SOURCE_LANGUAGE if language == PSEUDO_LANGUAGE else language, sep="-")
        self._translations = translations

    def gettext(self, text: str, /, **values: Any) -> str:
        """A text in this language."""
        return self._translations.gettext(text) % values

    def ngettext(self, one: str, many: str, num: int, /, **values: Any) -> str:
        """A text for a count, which it can name as ``%(num)s``."""
        return self._translations.ngettext(one, many, num) % {"num": num, **values}

    def pgettext(self, context: str, text: str, /, **values: Any) -> str:
        """A text whose English has several meanings, told apart by a context."""
        return self._translations.pgettext(context, text) % values

    @property
    def raw(self) -> NullTranslations:
        """The plain gettext object, which fills nothing in; for the templates, which do that themselves."""
        return self._translations


class _Stretched(NullTranslations):
    """English with accents and two fifths longer, to find what would be clipped or is not in the catalogs."""

    def gettext(self, message: str) -> str:
        return stretch(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return stretch(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:  # noqa: ARG002 - gettext's own form
        return stretch(message)

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:  # noqa: ARG002 - gettext's own form
        return stretch(msgid1 if n == 1 else msgid2)


def stretch(text: str) -> str:
    """A text of the pseudo-language: readable, accented, at least two fifths longer, placeholders kept."""
    parts = _KEPT.split(text)
    letters = sum(len(part) for part in parts[::2])
    accented = [part if place % 2 else part.translate(_ACCENTED) for place, part in enumerate(parts)]
    # Longer by words, not by one endless word, as real languages are.
    padding = " ".join(["òñé", "tŵö", "ţhréé", "föür"] * (letters // 30 + 1))[: max(1, letters * 2 // 5)].rstrip()
    return "".join(accented) + (f" {padding}" if letters else "")


@lru_cache(maxsize=8)
def texts_for(language: str) -> Texts:
    """The texts of a language.

    Raises:
        KeyError: The language is not offered.
    """
    if language == PSEUDO_LANGUAGE:
        return Texts(language, _Stretched())
    if language not in LANGUAGES:
        raise KeyError(language)
    if language == SOURCE_LANGUAGE:
        return Texts(language, NullTranslations())
    compiled = io.BytesIO()
    write_mo(compiled, joined_catalog(language))
    compiled.seek(0)
    return Texts(language, GNUTranslations(compiled))


def language_name(language: str) -> str:
    """What a language calls itself: ``Español``."""
    return (texts_for(language).locale.get_language_name() or language).capitalize()


def catalog_files(language: str) -> tuple[Path, ...]:
    """The catalogs of a language, one for each room that speaks."""
    return tuple(sorted((FOLDER / language).glob("*.po")))


def read_catalog(path: Path) -> Catalog:
    """Read one catalog as its file has it."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.name.replace("-", "_"), abort_invalid=True)


def joined_catalog(language: str) -> Catalog:
    """All catalogs of a language as one; of a text that stands in two, the first translation counts."""
    joined = Catalog(locale=language.replace("-", "_"))
    for path in catalog_files(language):
        for message in read_catalog(path):
            if message.id and joined.get(message.id, message.context) is None and _is_translated(message.string):
                joined.add(message.id, message.string, context=message.context)
    return joined


def _is_translated(string: object) -> bool:
    return all(string) if isinstance(string, (tuple, list)) else bool(string)
