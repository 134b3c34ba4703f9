"""Which rows of a batch name a holder that an earlier row names, found with 8 bytes a row.

A million rows take 8 MB: sorted runs of marks, joined as they grow, so that each row is looked for in a few of them.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

MARK_BYTES: Final = 8
Marks = npt.NDArray[np.uint64]


class SeenMarks:
    """The marks of every row so far."""

    def __init__(self) -> None:
        self._runs: list[Marks] = []

    def meet(self, marks: bytes) -> list[bool]:
        """Take the marks of the next rows; tells of each whether it was seen before, in these rows too.

        Args:
            marks: 8 bytes a row; zeros are nobody's.
        """
        values = as_marks(marks)
        fresh, first = np.unique(values, return_index=True)
        again = np.ones(len(values), dtype=bool)
        again[first] = False
        known = self._known(fresh)
        again |= self._known(values)
        again &= values != 0
        self._add(fresh[~known])
        told: list[bool] = again.tolist()
        return told

    def _known(self, values: Marks) -> npt.NDArray[np.bool_]:
        found = np.zeros(len(values), dtype=bool)
        for run in self._runs:
            places = np.minimum(np.searchsorted(run, values), len(run) - 1)
            found |= run[places] == values
        return found

    def _add(self, run: Marks) -> None:
        if not len(run):
            return
        self._runs.append(run)
        while len(self._runs) > 1 and 2 * len(self._runs[-1]) >= len(self._runs[-2]):
            last, before = self._runs.pop(), self._runs.pop()
            self._runs.append(np.sort(np.concatenate((before, last))))


def as_marks(marks: bytes) -> Marks:
    """Read marks, 8 bytes each."""
    return np.frombuffer(marks, dtype=">u8").astype(np.uint64)
