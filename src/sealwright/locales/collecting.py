"""Collect the texts of the code and the templates into the catalogs: `make messages`.

A text that a language lacks altogether is added, untranslated, to the catalog named after the room that speaks it;
texts that nothing speaks any more are dropped. What stands there is otherwise left alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, cast

from babel.messages.catalog import Catalog
from babel.messages.extract import extract, extract_python
from babel.messages.pofile import write_po

from sealwright.locales.catalogs import (
    FOLDER,
    LANGUAGES,
    SOURCE_LANGUAGE,
    _is_translated,
    catalog_files,
    read_catalog,
)

PACKAGE: Final = FOLDER.parent
KEYWORDS: Final = {
    "_": None, "gettext": None, "N_": None, "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
# The titles of problems stand in a table of their own, as its third member.
PROBLEM_TABLE: Final = "web/problems.py"
_HEADER: Final = "# Texts of one room. Written by hand; `make messages` adds what is new and drops what is gone.\n#"

MessageKey = tuple[str | tuple[str, ...], str | None]


@dataclass(frozen=True, slots=True)
class Found:
    """A text that the program speaks, and the room where it was met first."""

    key: MessageKey
    room: str


def room_of(path: Path) -> str:
    """The catalog that a file's texts belong to: a template folder's or module's name, else the room's."""
    parts = path.relative_to(PACKAGE).parts
    if parts[:3] == ("web", "panel", "templates"):
        return parts[3] if len(parts) > 4 and parts[3] != "pieces" else "shell"
    if parts[:2] == ("web", "panel"):
        folders = {folder.name for folder in (PACKAGE / "web" / "panel" / "templates").iterdir() if folder.is_dir()}
        stem = path.stem
        return next((name for name in sorted(folders) if stem == name or stem.startswith(f"{name}_")), "shell")
    return parts[0] if len(parts) > 1 else "shell"


def collect(package: Path = PACKAGE) -> Iterator[Found]:
    """Every text that code and templates mark, once each, in order of files."""
    seen: set[MessageKey] = set()
    for path in sorted(package.rglob("*")):
        if "dev" in path.relative_to(package).parts:
            # The sheet of pieces: shown to nobody but tests.
            continue
        if path.suffix == ".py":
            method: Any = extract_python
        elif path.suffix in {".html", ".txt"} and {"templates", "letters"} & set(path.parts):
            method = "jinja2.ext:babel_extract"
        else:
            continue
        keywords = {**KEYWORDS, "Problem": (3,)} if path.relative_to(package).as_posix() == PROBLEM_TABLE else KEYWORDS
        with path.open("rb") as file:
            for key in _texts_in(method, file, keywords):
                if key not in seen:
                    seen.add(key)
                    yield Found(key, room_of(path))


def _texts_in(method: Any, file: IO[bytes], keywords: Mapping[str, Any]) -> Iterator[MessageKey]:
    options = {"extensions": "jinja2.ext.do", "newstyle_gettext": "true", "trimmed": "true", "silent": "false"}
    for _line, message, _comments, context in extract(method, cast("Any", file), keywords, (), options):
        if message:
            yield (message if isinstance(message, str) else tuple(message), context)


def untranslated(language: str) -> tuple[Found, ...]:
    """What a language lacks."""
    known = {
        _key(message.id, message.context)
        for path in catalog_files(language)
        for message in read_catalog(path)
        if message.id and _is_translated(message.string) and not message.fuzzy
    }
    return tuple(found for found in collect() if found.key not in known)


def update(language: str) -> int:
    """Bring a language's catalogs in step with the code; tells how many texts lack a translation."""
    found = {one.key: one.room for one in collect()}
    catalogs = {path.stem: read_catalog(path) for path in catalog_files(language)}
    met: set[MessageKey] = set()
    for catalog in catalogs.values():
        for message in list(catalog):
            if message.id and (_key(message.id, message.context) not in found or _repeats(message, met)):
                catalog.delete(message.id, message.context)
    for key, room in found.items():
        if key not in met:
            catalog = catalogs.setdefault(room, Catalog(locale=language, header_comment=_HEADER))
            catalog.add(key[0], context=key[1])
    for room, catalog in catalogs.items():
        _write(FOLDER / language / f"{room}.po", catalog)
    return len(untranslated(language))


def _repeats(message: Any, met: set[MessageKey]) -> bool:
    key = _key(message.id, message.context)
    if key in met:
        return True
    met.add(key)
    return False


def _key(identifier: Any, context: str | None) -> MessageKey:
    return (identifier if isinstance(identifier, str) else tuple(identifier), context)


def _write(path: Path, catalog: Catalog) -> None:
    path.parent.mkdir(exist_ok=True)
    slim = Catalog(locale=catalog.locale, header_comment=_HEADER)
    for message in catalog:
        if message.id:
            slim.add(message.id, message.string, context=message.context, user_comments=message.user_comments)
    with path.open("wb") as file:
        # Without the header's dates and tool names two people's changes never collide there.
        write_po(file, slim, width=120, omit_header=True, sort_output=False)


def main() -> int:
    for language in LANGUAGES:
        if language != SOURCE_LANGUAGE:
            missing = update(language)
            said = f"{missing} texts lack a translation" if missing else "complete"
            sys.stdout.write(f"{language}: {said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
