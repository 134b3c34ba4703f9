"""The texts of many search pages as one array of bytes: where a text stands that half of everybody has.

Asking person by person takes longer the more people there are, whatever is found. The two bytes of the text that are
rarest together are looked for everywhere at once, and the rest only where these stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from sealwright.storage.search_layout import PAGE_PEOPLE, PERSON_END

_PAIR: Final = 2
_ALL_PAIRS: Final = 1 << 16
# Bytes that are compared at once.
_WIDTHS: Final = (8, 4, 2)
# So often in each line.
_DENSE: Final = 2
_END: Final = PERSON_END[0]


class TextBlock:
    """The texts of some search pages.

    Args:
        texts: For each page its people's texts, a line each.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        pages = [text.encode() for text in texts]
        joined = PERSON_END.join(pages)
        # Of even length, so that pairs can begin at both kinds of places; filled up with what nobody looks for.
        self._bytes = np.frombuffer(joined + PERSON_END * (_PAIR + len(joined) % _PAIR), dtype=np.uint8)
        self._length = len(joined)
        self._even = self._bytes[:-2].view("<u2")
        self._odd = self._bytes[1:-1].view("<u2")
        self._pairs = np.bincount(self._even, minlength=_ALL_PAIRS) + np.bincount(self._odd, minlength=_ALL_PAIRS)
        # The line of each pair, by its second byte: nothing that is looked for begins with the end of a line.
        ends = self._bytes == _END
        self._starts = np.concatenate(([0], np.flatnonzero(ends[: self._length]) + 1))
        self._lines = (np.cumsum(ends, dtype=np.uint16) - ends)[1:-1:2].copy()
        people = [page.count(PERSON_END) + 1 for page in pages]
        self._places = np.concatenate([np.arange(number) + n * PAGE_PEOPLE for n, number in enumerate(people)])
        self._pages = len(pages)

    def matching(self, text: str) -> list[bytes] | None:
        """Give for each page one byte a person: 1 where the person's texts hold a text, which must not be empty.

        None where it stands almost everywhere: then it is soon found person by person.
        """
        needle = text.encode()
        lines = np.zeros(len(self._places), dtype=np.uint8)
        if len(needle) == 1:
            # Every line has bytes, at least that of its end, which nobody looks for.
            lines = np.bitwise_or.reduceat((self._bytes == needle[0]).view(np.uint8), self._starts)
        elif len(needle) == _PAIR:
            chosen = self._of_two(needle)
            if np.count_nonzero(chosen) > _DENSE * len(lines):
                return None
            lines[self._lines[chosen]] = 1
        else:
            for found in self._long(needle):
                lines[self._lines[found >> 1]] = 1
        marks = np.zeros(self._pages * PAGE_PEOPLE, dtype=np.uint8)
        marks[self._places] = lines
        whole = marks.tobytes()
        return [whole[start : start + PAGE_PEOPLE] for start in range(0, len(whole), PAGE_PEOPLE)]

    def _of_two(self, needle: bytes) -> npt.NDArray[np.bool_]:
        """Tell for each pair of bytes, in the order of even places, whether a text of two begins in it."""
        pair = int.from_bytes(needle, "little")
        found: npt.NDArray[np.bool_] = (self._even == pair) | (self._odd == pair)
        return found

    def _long(self, needle: bytes) -> list[npt.NDArray[np.int64]]:
        """Give where a text begins, looked for by the rarest pair of its bytes."""
        values = [int.from_bytes(needle[at : at + _PAIR], "little") for at in range(len(needle) - 1)]
        rarest = min(range(len(values)), key=lambda at: self._pairs[values[at]])
        if not self._pairs[values[rarest]]:
            return []
        return [
            self._whole(np.flatnonzero(pairs == values[rarest]) * _PAIR + first - rarest, needle)
            for first, pairs in enumerate((self._even, self._odd))
        ]

    def _whole(self, found: npt.NDArray[np.int64], needle: bytes) -> npt.NDArray[np.int64]:
        """Keep of some places, in order, those where all bytes of a text stand: compared as few wide numbers."""
        first, last = np.searchsorted(found, (0, self._length - len(needle) + 1))
        found = found[first:last]
        width = max(wide for wide in _WIDTHS if wide <= len(needle))
        # A number that begins at any byte; the last one may overlap the one before.
        numbers = np.ndarray((len(self._bytes) - width + 1,), f"<u{width}", self._bytes, strides=(1,))
        for at in sorted({*range(0, len(needle) - width + 1, width), len(needle) - width}):
            wanted = int.from_bytes(needle[at : at + width], "little")
            found = found[numbers[found + at] == wanted]
        return found
