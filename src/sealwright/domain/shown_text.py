"""Texts that people read and choose by: what may not hide in them."""

from __future__ import annotations

import unicodedata
from typing import Final

from sealwright.domain.errors import MalformedBody
from sealwright.vc.errors import Fault

# Zero-width letters beyond the category of formatting ones: fillers that show as nothing.
_INVISIBLE: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800")
# What turns the direction of reading, so that a name reads as another; and letters of tags, which never show.
_TURNS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def hides_something(text: str) -> bool:
    """Tell whether a text holds control, bidirectional or zero-width characters: one name passes for another.

    Names of people are not judged by this: joiners belong to some scripts. Labels of the office are.
    """
    return any(letter in _INVISIBLE or unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp") for letter in text)


def require_plain_label(text: str, pointer: str) -> str:
    """Take a label as it is.

    Raises:
        MalformedBody: It holds a control, bidirectional or zero-width character, or nothing but blanks.
    """
    if hides_something(text):
        detail = "Control, bidirectional and zero-width characters are refused here."
        raise MalformedBody(detail, faults=[Fault(pointer, "INVALID_CHARACTER", detail)])
    if not text.strip():
        detail = "The text holds nothing but blanks."
        raise MalformedBody(detail, faults=[Fault(pointer, "INVALID_VALUE", detail)])
    return text


def require_length(text: str, pointer: str, most: int) -> str:
    """Take a text of 1 to `most` characters as it is.

    Raises:
        MalformedBody: It is empty or longer.
    """
    if not text.strip() or len(text) > most:
        detail = f"The text must have 1 to {most} characters."
        raise MalformedBody(detail, faults=[Fault(pointer, "INVALID_VALUE", detail)])
    return text


def require_name(text: str, pointer: str, most: int) -> str:
    """Take a name of a person or an organization as it is; joiners stay, since some scripts are written with them.

    Raises:
        MalformedBody: It is empty or longer, nothing of it shows, or it holds a control character, a line break, or one
            that turns the direction of reading.
    """
    require_length(text, pointer, most)
    if any(_disturbs(letter) for letter in text):
        detail = "Control characters, and those that turn the direction of reading, are refused here."
        raise MalformedBody(detail, faults=[Fault(pointer, "INVALID_CHARACTER", detail)])
    if shows_nothing(text):
        detail = "Nothing of this text shows."
        raise MalformedBody(detail, faults=[Fault(pointer, "INVALID_VALUE", detail)])
    return text


def shows_nothing(text: str) -> bool:
    """Tell whether a text has no letter that anybody sees."""
    return all(letter.isspace() or hides_something(letter) for letter in text)


def without_disturbance(text: str, *, instead: str = "", keep_lines: bool = False) -> str:
    """Give a text without the characters that `require_name` refuses: for places where nothing can be refused.

    Args:
        instead: What stands in the place of each.
        keep_lines: Leaves line ends.
    """
    return "".join(instead if _disturbs(letter) and not (keep_lines and letter == "\n") else letter for letter in text)


def _disturbs(letter: str) -> bool:
    return letter in _TURNS or _breaks_a_line_of_text(letter) or unicodedata.category(letter) == "Cs"


def _breaks_a_line_of_text(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Zl", "Zp") or "\U000e0000" <= letter <= "\U000e007f"
