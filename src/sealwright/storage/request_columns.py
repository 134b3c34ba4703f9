"""The requests of a large office in memory, one array a column: what broad searches and bounds of age are counted in.

No index serves a search that half of everybody matches, or one together with an age: every row has to be looked at.
In arrays that takes some milliseconds for a million requests. The arrays follow the table by its moves: each unit of
work that moves requests has a number, in the order in which they committed, and names them under it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from sealwright.storage.people_search import Matches
from sealwright.storage.request_moves import moves_of, oldest_move
from sealwright.storage.request_wish import EVERY_STATE, Wish
from sealwright.storage.transaction import Transaction

_LOAD_ROWS: Final = 50_000
# Beyond so many moves it is faster to read everything again.
_MOST_MOVES: Final = 20_000
# A class is a type, a state and marks, in the bits of one number.
_MARK_BITS: Final = 2
_STATE_BITS: Final = 3
_MARKS: Final = 1 << _MARK_BITS
_STATES: Final = 1 << _STATE_BITS
# Some 500 million requests, and moments for thousands of years.
_NUMBER_BITS: Final = 29
_NUMBER: Final = (1 << _NUMBER_BITS) - 1
_COLUMNS: Final = "r.request_no, r.person_no, r.credential_type, r.state, r.marks, r.requested_at, r.sorted_at"
_STATE_NO: Final = {state: number for number, state in enumerate(EVERY_STATE)}

Whole = npt.NDArray[np.int64]
Small = npt.NDArray[np.uint8]
Number = TypeVar("Number", np.int64, np.uint8)


@dataclass(frozen=True, slots=True)
class Found:
    """The requests that fulfil a wish.

    Args:
        keys: For each, the moment that the list is ordered by, and behind it the request's number, as one number.
        states: For each, the place of its state in `EVERY_STATE`.
    """

    keys: Whole
    states: Small

    def totals(self) -> Mapping[str, int]:
        """Give how many there are by state."""
        return {state: int(np.count_nonzero(self.states == number)) for state, number in _STATE_NO.items()}

    def numbers(self) -> list[int]:
        """Give the numbers of all of them."""
        return [int(key) & _NUMBER for key in self.keys]

    def part(self, states: Sequence[str], skip: int, count: int, *, descending: bool) -> list[int]:
        """Give the numbers of some of them, in order."""
        keys = self._keys_of(states)
        last = min(skip + count, len(keys))
        if skip >= last:
            return []
        first, last = (len(keys) - last, len(keys) - skip) if descending else (skip, last)
        found = np.sort(_lowest(_beyond(keys, first), last - first))
        return [int(key) & _NUMBER for key in (found[::-1] if descending else found)]

    def beside(self, states: Sequence[str], moment: int, number: int, *, after: bool) -> int | None:
        """Give the number of the next one after, or before, a place in ascending order."""
        keys = self._keys_of(states)
        here = moment << _NUMBER_BITS | number
        there = keys[keys > here] if after else keys[keys < here]
        if not len(there):
            return None
        return int(there.min() if after else there.max()) & _NUMBER

    def _keys_of(self, states: Sequence[str]) -> Whole:
        if len(states) == len(EVERY_STATE):
            return self.keys
        chosen = np.zeros(len(self.states), dtype=bool)
        for state in states:
            chosen |= self.states == _STATE_NO[state]
        return self.keys[chosen]


class RequestColumns:
    """The columns of one database, shared by the threads of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._moves = -1
        self._types: dict[str, int] = {}
        # Numbers that look something up are as wide as an address, or each look would widen them first.
        self._person: Whole = np.zeros(0, dtype=np.int64)
        self._class: Whole = np.zeros(0, dtype=np.int64)
        self._state: Small = np.zeros(0, dtype=np.uint8)
        # Keys as `Found` has them: the moment, and behind it the number.
        self._requested: Whole = np.zeros(0, dtype=np.int64)
        self._sorted: Whole = np.zeros(0, dtype=np.int64)

    @classmethod
    def of(cls, transaction: Transaction) -> RequestColumns:
        """Give the columns of a transaction's database."""
        memory: dict[str, RequestColumns] = transaction.database.memory.setdefault("request_columns", {})
        return memory.setdefault("all", cls())

    @property
    def is_ready(self) -> bool:
        """Tell whether everything has been read: until then, whoever asks waits for it."""
        return self._moves >= 0

    def prepare(self, transaction: Transaction) -> None:
        """Read what is missing, before somebody waits for it."""
        with self._lock:
            self._follow(transaction)

    def find(self, transaction: Transaction, wish: Wish, matches: Matches | None, *, by_requested: bool) -> Found:
        """Find the requests that fulfil a wish without an owner, as the database has them now.

        Args:
            matches: Whose requests; None for everybody's.
            by_requested: Ordered by when they were asked for, and not by `sorted_at`.
        """
        with self._lock:
            self._follow(transaction)
            chosen = np.take(self._classes_of(wish), self._class)
            if matches is not None:
                chosen &= _people_of(matches, self._person)
            if wish.after is not None:
                chosen &= self._requested >= wish.after << _NUMBER_BITS
            if wish.before is not None:
                chosen &= self._requested < wish.before << _NUMBER_BITS
            rows = np.flatnonzero(chosen)
            return Found((self._requested if by_requested else self._sorted)[rows], self._state[rows])

    # -- following the table ------------------------------------------------------------------------

    def _follow(self, transaction: Transaction) -> None:
        """Catch up with the moves that the transaction sees."""
        now = moves_of(transaction)
        if now <= self._moves:
            return
        if self._moves < 0 or now - self._moves > _MOST_MOVES or oldest_move(transaction) > self._moves + 1:
            self._load(transaction)
        else:
            self._put(
                transaction.blob_rows(
                    _text(
                        transaction,
                        f"SELECT {_COLUMNS} FROM request_moves m JOIN requests r ON r.request_no = m.request_no "  # noqa: S608
                        "WHERE m.move_no > ?",
                    ),
                    (self._moves,),
                )
            )
        self._moves = now

    def _load(self, transaction: Transaction) -> None:
        last = transaction.driver_rows("SELECT max(request_no) FROM requests", ())[0][0]
        self._moves = -1
        self._resize(0)
        asked = _text(
            transaction,
            f"SELECT {_COLUMNS} FROM requests r WHERE r.request_no >= ? AND r.request_no < ?",  # noqa: S608
        )
        for start in range(0, 0 if last is None else last + 1, _LOAD_ROWS):
            self._put(transaction.blob_rows(asked, (start, start + _LOAD_ROWS)))

    def _put(self, rows: Sequence[tuple[Any, ...]]) -> None:
        if not rows:
            return
        numbers, persons, types, states, marks, requested, moments = zip(*rows, strict=True)
        places = np.array(numbers, dtype=np.int64)
        if int(places.max()) >= len(self._class):
            self._resize(int(places.max()) + 1)
        self._person[places] = persons
        self._class[places] = [
            (self._type_no(value) << _STATE_BITS | _STATE_NO[state]) << _MARK_BITS | mark
            for value, state, mark in zip(types, states, marks, strict=True)
        ]
        self._state[places] = [_STATE_NO[state] for state in states]
        self._requested[places] = np.array(requested, dtype=np.int64) << _NUMBER_BITS | places
        self._sorted[places] = np.array(moments, dtype=np.int64) << _NUMBER_BITS | places

    def _type_no(self, value: str) -> int:
        # 0 is no type: that of a number which no request has.
        return self._types.setdefault(value, len(self._types) + 1)

    def _resize(self, rows: int) -> None:
        """Make room, with some to spare for those to come."""
        old = 0 if rows == 0 else len(self._class)
        size = 0 if rows == 0 else rows + rows // 8
        self._person = _resized(self._person[:old], size)
        self._class = _resized(self._class[:old], size)
        self._state = _resized(self._state[:old], size)
        self._requested = _resized(self._requested[:old], size)
        self._sorted = _resized(self._sorted[:old], size)

    def _classes_of(self, wish: Wish) -> npt.NDArray[np.bool_]:
        """Tell for each combination of type, state and marks whether a wish wants it."""
        table = np.zeros((len(self._types) + 1, _STATES, _MARKS), dtype=bool)
        types = self._types if wish.types is None else [value for value in wish.types if value in self._types]
        chosen = np.ix_(
            [self._types[value] for value in types], [_STATE_NO[state] for state in wish.states], list(wish.marks)
        )
        table[chosen] = True
        return table.reshape(-1)


def _beyond(keys: Whole, number: int) -> Whole:
    """Give all keys but so many of the lowest, in any order."""
    return np.partition(keys, number)[number:] if number else keys


def _lowest(keys: Whole, number: int) -> Whole:
    """Give so many of the lowest keys, in any order; asked in two steps, one bound each is several times as fast."""
    return np.partition(keys, number - 1)[:number] if number < len(keys) else keys


def _resized(column: npt.NDArray[Number], size: int) -> npt.NDArray[Number]:
    larger = np.zeros(size, dtype=column.dtype)
    larger[: len(column)] = column
    return larger


def _people_of(matches: Matches, persons: Whole) -> npt.NDArray[np.bool_]:
    marks = np.frombuffer(matches.as_bytes(), dtype=bool)
    if not len(marks):
        return np.zeros(len(persons), dtype=bool)
    if not len(persons) or int(persons.max()) < len(marks):
        return np.take(marks, persons)
    # Somebody asked who came after the search.
    return marks[np.minimum(persons, len(marks) - 1)] & (persons < len(marks))


def _text(transaction: Transaction, statement: str) -> str:
    return statement if transaction.is_sqlite else statement.replace("?", "%b")
