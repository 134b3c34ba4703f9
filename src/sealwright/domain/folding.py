"""Folding: the one form in which texts are searched and names are sorted ("munoz" finds "Muñoz")."""

from __future__ import annotations

import unicodedata
from typing import Final

# Letters that no decomposition takes apart, though people type them without their stroke.
_STROKED: Final = str.maketrans(
    {"ø": "o", "đ": "d", "ł": "l", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
)


def fold(text: str) -> str:
    """Fold case, accents, compatibility forms and runs of blanks away. Folding twice changes nothing."""
    if text.isascii():
        return " ".join(text.casefold().split())
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter)).translate(_STROKED)
    return " ".join(bare.split())
