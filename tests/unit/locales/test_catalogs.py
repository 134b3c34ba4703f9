"""The catalogs: nothing is missing, nothing is mangled, and people get the language that they read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from sealwright.locales import LANGUAGES, choose_language, collecting, language_name, texts_for
from sealwright.locales.catalogs import PSEUDO_LANGUAGE, SOURCE_LANGUAGE, catalog_files, read_catalog, stretch
from sealwright.locales.collecting import collect, untranslated

TRANSLATED = [language for language in LANGUAGES if language != SOURCE_LANGUAGE]
_PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}")


def messages(language: str) -> list[tuple[str, Any]]:
    """Every message of a language, with the name of its catalog."""
    return [(path.stem, message) for path in catalog_files(language) for message in read_catalog(path) if message.id]


def forms(text: Any) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


@pytest.fixture(scope="module", autouse=True)
def _collected_once() -> Iterator[None]:
    """To read all the code for its texts takes seconds, and it stays the same."""
    found = tuple(collect())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collecting, "collect", lambda: found)
        yield


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_missing(language: str) -> None:
    missing = [f"{found.room}: {found.key[0]}" for found in untranslated(language)]
    assert missing == [], "run `make messages`, then fill in what it has added"


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_stands_there_that_nobody_says(language: str) -> None:
    said = {found.key for found in collecting.collect()}
    gone = [
        (room, message.id)
        for room, message in messages(language)
        if (message.id if isinstance(message.id, str) else tuple(message.id), message.context) not in said
    ]
    assert gone == [], "run `make messages`, which drops them"


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_keep_their_placeholders(language: str) -> None:
    for room, message in messages(language):
        # A count may be left out where the singular says "one".
        wanted = {"".join(match) for match in _PLACEHOLDER.findall(forms(message.id)[-1])}
        for form in forms(message.string):
            found = {"".join(match) for match in _PLACEHOLDER.findall(form)}
            if form:
                assert found <= wanted, f"{room}: {form}"
                assert wanted - found <= {"num"}, f"{room}: {form}"


@pytest.mark.parametrize("language", TRANSLATED)
def test_one_text_has_one_translation(language: str) -> None:
    seen: dict[object, Any] = {}
    for _, message in messages(language):
        key = (forms(message.id), message.context)
        assert seen.setdefault(key, message.string) == message.string, message.id


def test_plural_forms_follow_the_count() -> None:
    spanish = texts_for("es")
    one = spanish.ngettext("%(num)s file", "%(num)s files", 1)
    many = spanish.ngettext("%(num)s file", "%(num)s files", 3)
    assert (one, many) == ("1 archivo", "3 archivos")


def test_unknown_language_is_refused() -> None:
    with pytest.raises(KeyError):
        texts_for("xx")


def test_languages_name_themselves() -> None:
    assert [language_name(language) for language in LANGUAGES] == ["English", "Español"]


@pytest.mark.parametrize(
    "text", ["Save", "Page %(page)s of %(pages)s", "Will grant %(type)s until %(day)s, then ends."]
)
def test_pseudo_language_is_two_fifths_longer_and_keeps_placeholders(text: str) -> None:
    longer = stretch(text)
    assert len(longer) >= len(text) * 1.4 - sum(len(one.group()) for one in _PLACEHOLDER.finditer(text))
    assert set(_PLACEHOLDER.findall(longer)) == set(_PLACEHOLDER.findall(text))
    assert texts_for(PSEUDO_LANGUAGE).raw.gettext(text) == longer


@pytest.mark.parametrize(
    ("chosen", "accept", "expected"),
    [
        ("es", "en", "es"),
        (None, "es-MX, en;q=0.9", "es"),
        (None, "fr, de;q=0.9", "en"),
        (None, "en;q=0.5, es;q=0.8", "es"),
        (None, "es;q=0, en", "en"),
        (None, ";;q=x,,es;q=nan", "en"),
        ("xx", None, "en"),
        (None, "," * 5000, "en"),
    ],
    ids=[
        "one's own choice first", "a region falls back to its language", "what is not offered", "by weight",
        "weight nought is no", "malformed is passed over", "an unknown choice", "endless",
    ],
)  # fmt: skip
def test_language_is_chosen_by_person_then_browser(chosen: str | None, accept: str | None, expected: str) -> None:
    assert choose_language(LANGUAGES, chosen=chosen, accept=accept) == expected
