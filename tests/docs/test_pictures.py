"""The guide shows every page that is photographed, in light and dark, and every picture that it shows is there."""

from __future__ import annotations

import re
from typing import Final

from tests.docs.reading import DOCS, ROOT
from tests.pages.pictures import FOLDER, PICTURES

PAGE: Final = (DOCS / "guide" / "pictures.md").read_text(encoding="utf-8")
# On average: a page of text compresses well, one with pictures in it less so.
BYTES_OF_ONE: Final = 45_000


def test_every_page_is_shown_in_light_and_dark() -> None:
    shown = re.findall(r"\(\.\./images/pages/([\w-]+)\.webp\)", PAGE)
    assert len(shown) == len(set(shown))
    looks = {f"{one.name}-{look}" for one in PICTURES for look in ("light", "dark")}
    looks |= {f"{one.name}-phone" for one in PICTURES if one.on_phone}
    assert looks - set(shown) == set()
    assert set(shown) == {path.stem for path in FOLDER.iterdir()}


def test_pictures_are_webp_and_small() -> None:
    pictures = list(FOLDER.iterdir())
    assert [path.name for path in pictures if path.read_bytes()[8:12] != b"WEBP"] == []
    assert sum(path.stat().st_size for path in pictures) < BYTES_OF_ONE * len(pictures)
    assert FOLDER.is_relative_to(ROOT)
