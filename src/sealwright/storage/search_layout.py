"""How people and names are numbered, for sets of people that are bytes and lists that are jumped into."""

from __future__ import annotations

from typing import Final

# People of one search page: small enough to be rewritten for one new name, large enough to be read fast.
PAGE_PEOPLE: Final = 512
# Between the people of a page, between the names and the ids of all of them, and before each text of a person.
PERSON_END: Final = b"\n"
PARTS_END: Final = b"\x1d"
TEXT_START: Final = b"\x1f"
_LETTER_BITS: Final = 21
_LETTERS: Final = 3
_LETTER: Final = (1 << _LETTER_BITS) - 1


def read_page(texts: bytes) -> tuple[bytes, bytes]:
    """Take a page apart into names and ids."""
    names, _, ids = texts.partition(PARTS_END)
    return names, ids


def name_number(name_key: str) -> int:
    """Give the first three letters of a folded name as a number that has their order."""
    number = 0
    for letter in name_key[:_LETTERS].ljust(_LETTERS, "\0"):
        number = number << _LETTER_BITS | ord(letter)
    return number


def name_start(number: int) -> str:
    """Give the least name that has a number."""
    letters = [number >> _LETTER_BITS * place & _LETTER for place in reversed(range(_LETTERS))]
    return "".join(chr(letter) for letter in letters if letter)
