"""The moves of requests, numbered in the order in which they committed, for those who keep a copy in memory.

The number is taken under a lock that is held until the commit, beside the audit head's, so whoever sees a move sees
every earlier one. Old moves are forgotten; who missed them reads everything again.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from sealwright.storage.desk_tables import request_moves
from sealwright.storage.transaction import Transaction

KEPT: Final = 50_000
_SWEEP_EVERY: Final = 1_000
_NEXT: Final = "UPDATE request_clock SET moves = moves + 1 WHERE id = 1 RETURNING moves"
_NOW: Final = "SELECT moves FROM request_clock WHERE id = 1"
_OLDEST: Final = "SELECT min(move_no) FROM request_moves"
_FORGET: Final = sa.delete(request_moves).where(request_moves.c.move_no <= sa.bindparam("limit"))
_ADD_SQLITE: Final = "INSERT INTO request_moves (move_no, request_no) VALUES (?, ?)"
_ADD_POSTGRES: Final = "INSERT INTO request_moves (move_no, request_no) SELECT %b::int8, unnest(%b::int8[])"


class RequestMoves:
    """Collects the numbers of the requests that a unit of work moves, and puts them on record at its end."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._numbers: list[int] = []

    def add(self, request_no: int) -> None:
        """Note that a request is new, or not where it was."""
        self._numbers.append(request_no)

    def mark(self) -> int:
        """Tell how many are noted, for `forget`."""
        return len(self._numbers)

    def forget(self, mark: int) -> None:
        """Drop those of a part that rolled back."""
        del self._numbers[mark:]

    def write(self) -> None:
        """Put them on record; the last thing before the audit head, since others wait from here on."""
        if not self._numbers:
            return
        numbers = sorted(set(self._numbers))
        move_no = int(self._transaction.driver_rows(_NEXT, ())[0][0])
        if self._transaction.is_sqlite:
            self._transaction.driver_many(_ADD_SQLITE, [(move_no, number) for number in numbers])
        else:
            self._transaction.driver_rows(_ADD_POSTGRES, (move_no, numbers))
        if move_no % _SWEEP_EVERY == 0:
            self._transaction.change(_FORGET, {"limit": move_no - KEPT})
        self._numbers.clear()


def moves_of(transaction: Transaction) -> int:
    """Give the number of the last move that a transaction sees."""
    return int(transaction.driver_rows(_NOW, ())[0][0])


def oldest_move(transaction: Transaction) -> int:
    """Give the number of the oldest move on record; 0 if there is none."""
    return int(transaction.driver_rows(_OLDEST, ())[0][0] or 0)
