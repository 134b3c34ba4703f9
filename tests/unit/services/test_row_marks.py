"""Holders that stand in two rows are found, however many rows there are."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from sealwright.services.row_marks import SeenMarks

_MARKS = st.integers(0, 40).map(lambda number: (number * 0x0400_0000_0000_0001).to_bytes(8, "big"))


@given(parts=st.lists(st.lists(_MARKS, min_size=1, max_size=20), max_size=12))
def test_a_mark_is_seen_again_as_a_set_would_tell(parts: list[list[bytes]]) -> None:
    seen, naive = SeenMarks(), set[bytes]()
    for part in parts:
        expected = []
        for mark in part:
            expected.append(mark in naive)
            if any(mark):
                naive.add(mark)
        assert seen.meet(b"".join(part)) == expected


def test_nobodys_mark_is_never_seen_again() -> None:
    seen = SeenMarks()
    assert seen.meet(bytes(24)) == [False, False, False]
    assert seen.meet(bytes(8)) == [False]


def test_a_million_rows_take_few_bytes_each() -> None:
    import numpy as np

    marks = np.random.default_rng(7).integers(1, 2**63, 400_000, dtype=np.uint64).astype(">u8").tobytes()
    seen = SeenMarks()
    tracemalloc.start()
    for at in range(0, len(marks), 8 * 1_024):
        assert not any(seen.meet(marks[at : at + 8 * 1_024]))
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # 16 bytes a row, or 16 MB for a million, while runs are joined.
    assert kept < 400_000 * 16
    assert peak < 400_000 * 48
    assert all(seen.meet(marks[: 8 * 1_024]))
