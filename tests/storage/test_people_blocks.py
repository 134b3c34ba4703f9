"""Blocks of texts find the people that asking one by one finds."""

from __future__ import annotations

import random

import pytest

from sealwright.storage.people_blocks import TextBlock
from sealwright.storage.search_layout import PAGE_PEOPLE

ALPHABETS = ("ab", "abcdefgh @.", "añ大文龍é\U0001f600x")


def _page(chance: random.Random, people: int, letters: str) -> list[str]:
    return ["".join(chance.choices(letters, k=chance.randint(0, 12))) for _ in range(people)]


@pytest.mark.parametrize("letters", ALPHABETS)
def test_blocks_find_whom_each_text_names(letters: str) -> None:
    chance = random.Random(letters)
    sizes = (PAGE_PEOPLE, PAGE_PEOPLE, 7)
    pages = [_page(chance, people, letters) for people in sizes]
    block = TextBlock(["\n".join(page) for page in pages])
    needles = {"".join(chance.choices(letters, k=length)) for length in range(1, 7) for _ in range(12)}
    found_any = 0
    for needle in sorted(needles):
        expected = [bytes(needle in text for text in page).ljust(PAGE_PEOPLE, b"\0") for page in pages]
        found = block.matching(needle)
        assert found == expected or (found is None and len(needle.encode()) <= 2), needle
        found_any += found is not None and any(1 in page for page in expected)
    assert found_any > len(letters)


def test_a_text_that_stands_everywhere_is_left_to_others() -> None:
    block = TextBlock(["aaaaaa\nbaaaaaa\naaaaba"])
    assert block.matching("aa") is None
    assert block.matching("ba") == [bytes([0, 1, 1]).ljust(PAGE_PEOPLE, b"\0")]


def test_a_letter_is_found_wherever_it_stands_and_however_often() -> None:
    block = TextBlock(["aaaaaa\nbaaaaaa\n\naaaaba", "", "\nb", "a\n"])
    assert block.matching("a") == _marks([1, 1, 0, 1], [0], [0, 0], [1, 0])
    assert block.matching("b") == _marks([0, 1, 0, 1], [0], [0, 1], [0, 0])
    assert block.matching("c") == _marks([], [], [], [])


def test_texts_at_both_ends_are_found() -> None:
    block = TextBlock(["first\nmiddle", "other\nlast"])
    for needle, page, place in (("f", 0, 0), ("fi", 0, 0), ("first", 0, 0), ("a", 1, 1), ("st", 1, 1), ("last", 1, 1)):
        found = block.matching(needle)
        assert found is not None
        assert found[page][place] == 1, needle
    # Nothing is found across the border of two people or pages, or behind the end.
    for needle in ("tm", "stmid", "eo", "leoth", "last\0", "t\0"):
        assert _nobody(block.matching(needle)), needle


def test_a_block_of_nobody_is_empty() -> None:
    assert _nobody(TextBlock(["", ""]).matching("a"))


def _marks(*pages: list[int]) -> list[bytes]:
    return [bytes(page).ljust(PAGE_PEOPLE, b"\0") for page in pages]


def _nobody(found: list[bytes] | None) -> bool:
    return found is not None and b"".join(found).count(1) == 0
