"""How a tile is named in an address.

Spec: C2SP tlog-tiles, "Merkle Tree" and "Log Entries".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sealwright.protocols.transparency.tiles import TILE_WIDTH

# Of a number: groups of three digits, all but the last behind an x. So many hold every entry that there can be.
MOST_GROUPS: Final = 3
_LEVEL: Final = re.compile(r"[0-9]|[1-5][0-9]|6[0-3]")
_FIRST: Final = re.compile(r"x(?!000)[0-9]{3}")
_MIDDLE: Final = re.compile(r"x[0-9]{3}")
_LAST: Final = re.compile(r"[0-9]{3}")
_PLAIN: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_WIDTH: Final = re.compile(r"[1-9][0-9]{0,2}")
_PARTIAL: Final = ".p"


def tile_path(number: int, width: int = TILE_WIDTH) -> str:
    """The end of a tile's address: ``x001/234`` or, of a tile that is not full, ``x001/234.p/5``."""
    groups = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        groups.append(f"x{number % 1000:03d}")
    path = "/".join(reversed(groups))
    return path if width == TILE_WIDTH else f"{path}{_PARTIAL}/{width}"


def read_tile_path(segments: Sequence[str]) -> tuple[int, int] | None:
    """Number and width that the end of an address names, or None. Takes the number plain, too (``1234``)."""
    groups, width = list(segments), TILE_WIDTH
    if len(groups) > 1 and groups[-2].endswith(_PARTIAL):
        spelled = groups.pop()
        groups[-1] = groups[-1].removesuffix(_PARTIAL)
        if not _WIDTH.fullmatch(spelled) or int(spelled) >= TILE_WIDTH:
            return None
        width = int(spelled)
    number = _number(groups)
    return (number, width) if number is not None else None


def _number(groups: list[str]) -> int | None:
    if not 1 <= len(groups) <= MOST_GROUPS:
        return None
    if len(groups) == 1 and _PLAIN.fullmatch(groups[0]):
        return int(groups[0])
    *high, last = groups
    if not _LAST.fullmatch(last) or not all(_MIDDLE.fullmatch(group) for group in high):
        return None
    if high and not _FIRST.fullmatch(high[0]):
        return None
    return int("".join(group.removeprefix("x") for group in groups))


def read_level(text: str) -> int | None:
    """The level of a tile, 0 to 63, or None."""
    return int(text) if _LEVEL.fullmatch(text) else None
