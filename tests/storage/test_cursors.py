"""Cursors give back their key and take nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealwright.domain.errors import InvalidPagination
from sealwright.storage.cursors import dated_cursor, dated_key, sequence_cursor, sequence_of, uid_cursor, uid_of
from tests.storage.builders import ordered_uid


@given(st.integers(-(2**40), 2**40), st.text())
def test_a_dated_cursor_gives_back_its_key(seconds: int, identifier: str) -> None:
    assert dated_key("d", dated_cursor("d", seconds, identifier)) == (seconds, identifier)


@given(st.integers(0, 2**63 - 1))
def test_a_sequence_cursor_gives_back_its_key(sequence: int) -> None:
    assert sequence_of(sequence_cursor(sequence)) == sequence


def test_a_uid_cursor_gives_back_its_key() -> None:
    assert uid_of(uid_cursor(ordered_uid(7))) == ordered_uid(7)


@given(st.text(max_size=60))
def test_any_other_text_is_refused(text: str) -> None:
    for read in (uid_of, sequence_of, lambda one: dated_key("d", one)):
        with pytest.raises(InvalidPagination):
            read(text)


def test_a_changed_letter_or_another_list_is_refused() -> None:
    cursor = uid_cursor(ordered_uid(7))
    for number, letter in enumerate(cursor):
        other = "A" if letter != "A" else "B"
        with pytest.raises(InvalidPagination):
            uid_of(cursor[:number] + other + cursor[number + 1 :])
    for other in (sequence_cursor(7), dated_cursor("d", 1, "x"), cursor[:-1], cursor + "A", cursor + "="):
        with pytest.raises(InvalidPagination):
            uid_of(other)
    with pytest.raises(InvalidPagination):
        dated_key("s", dated_cursor("d", 1, "x"))
