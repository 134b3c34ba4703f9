"""Requests counted by person: one byte a person for each type and state, so that a searched total is a sum.

The bytes of a search page are one long number; masking it with those who match and counting its bits is
all that a total takes, whether three people match or half of everybody.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from sealwright.storage.desk_tables import request_lanes as lanes
from sealwright.storage.people_search import Matches
from sealwright.storage.search_layout import PAGE_PEOPLE
from sealwright.storage.transaction import Transaction

# Lanes of every type together; no type can have this name.
EVERY_TYPE: Final = "*"
LaneKey = tuple[str, str, int]

_ALL_ONES: Final = 0xFF
_EMPTY: Final = bytes(PAGE_PEOPLE)
_NOT_ZERO: Final = re.compile(rb"[^\x00]", re.DOTALL)
_MINE: Final = (
    lanes.c.credential_type == sa.bindparam("of_type"),
    lanes.c.state == sa.bindparam("of_state"),
    lanes.c.page_no == sa.bindparam("of_page"),
)
_LANES: Final = sa.select(lanes.c.low, lanes.c.high).where(*_MINE).with_for_update()
_NEW_LANES: Final = sa.text(
    "INSERT INTO request_lanes (credential_type, state, page_no, low) "
    "VALUES (:of_type, :of_state, :of_page, :low) ON CONFLICT DO NOTHING"
)
_PUT_LANES: Final = sa.update(lanes).where(*_MINE).values(low=sa.bindparam("new_low"), high=sa.bindparam("new_high"))


@dataclass(frozen=True, slots=True)
class SearchedTotals:
    """How many requests of the people who match there are, by state, and who these people are.

    Args:
        lanes: The lanes of those who match, of all states and types on top of each other, as one number.
    """

    by_state: Mapping[str, int]
    lanes: int

    @property
    def requests(self) -> int:
        """How many requests there are."""
        return sum(self.by_state.values())

    def numbers(self) -> list[int]:
        """Give the numbers of the people that have such requests."""
        lanes_of_all = self.lanes.to_bytes((self.lanes.bit_length() + 7) // 8, "little")
        return [found.start() for found in _NOT_ZERO.finditer(lanes_of_all)]


class RequestLanes:
    """Reads and writes lanes."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def totals(self, matches: Matches, types: Collection[str] | None, states: Collection[str]) -> SearchedTotals:
        """Count the requests of those who match, of some types (None: every type) and states."""
        mask = int.from_bytes(matches.as_bytes(), "little") * _ALL_ONES
        lows: dict[tuple[str, str], dict[int, bytes]] = defaultdict(dict)
        highs: dict[tuple[str, str], dict[int, bytes]] = defaultdict(dict)
        for value, state, page_no, low, high in self._rows(
            [EVERY_TYPE] if types is None else sorted(types), sorted(states)
        ):
            lows[value, state][page_no] = low
            if high is not None:
                highs[value, state][page_no] = high
        by_state: dict[str, int] = defaultdict(int)
        everywhere = 0
        for worth, planes in ((1, lows), (256, highs)):
            for (_, state), pages in planes.items():
                number = _joined(pages) & mask
                by_state[state] += _sum_of_bytes(number) * worth
                everywhere |= number
        return SearchedTotals(dict(by_state), everywhere)

    def change(self, key: LaneKey, changes: Mapping[int, int]) -> None:
        """Change the numbers of some places of a page."""
        named: dict[str, object] = dict(zip(("of_type", "of_state", "of_page"), key, strict=True))
        row = self._transaction.row(_LANES, named)
        if row is None:
            # Two may find nothing at once; whoever comes second finds the other's row, locked until it commits.
            self._transaction.change(_NEW_LANES, {**named, "low": bytes(PAGE_PEOPLE)})
            row = self._transaction.row(_LANES, named)
        low = bytearray(PAGE_PEOPLE if row is None else row.low)
        high = bytearray(PAGE_PEOPLE if row is None or row.high is None else row.high)
        for place, change in changes.items():
            number = low[place] + 256 * high[place] + change
            high[place], low[place] = divmod(number, 256)
        values = {**named, "new_low": bytes(low), "new_high": bytes(high) if any(high) else None}
        self._transaction.change(_PUT_LANES, values)

    def all(self) -> Iterable[tuple[LaneKey, dict[int, int]]]:
        """Give every page with its numbers that are not zero."""
        for row in self._transaction.rows(sa.select(*lanes.columns)):
            high = row.high or bytes(PAGE_PEOPLE)
            numbers = {place: number for place in range(PAGE_PEOPLE) if (number := row.low[place] + 256 * high[place])}
            yield (row.credential_type, row.state, row.page_no), numbers

    def _rows(self, types: list[str], states: list[str]) -> list[tuple[Any, ...]]:
        if not types or not states:
            return []
        if self._transaction.is_sqlite:
            of_types, of_states = ", ".join("?" * len(types)), ", ".join("?" * len(states))
            among = f"credential_type IN ({of_types}) AND state IN ({of_states})"
            asked = f"SELECT credential_type, state, page_no, low, high FROM request_lanes WHERE {among}"  # noqa: S608 - places only
            return self._transaction.driver_rows(asked, [*types, *states])
        return self._transaction.blob_rows(
            "SELECT credential_type, state, page_no, low, high FROM request_lanes "
            "WHERE credential_type = ANY(%s::text[]) AND state = ANY(%s::text[])",
            (types, states),
        )


def _joined(pages: Mapping[int, bytes]) -> int:
    """Give pages as one long number."""
    parts = [pages.get(page_no, _EMPTY) for page_no in range(max(pages) + 1)]
    return int.from_bytes(b"".join(parts), "little")


def _sum_of_bytes(number: int) -> int:
    """Add up the bytes of a long number, by counting its bits place by place."""
    first_bits = int.from_bytes(b"\x01" * ((number.bit_length() + 7) // 8), "little")
    total = 0
    for place in range(8):
        if not number:
            break
        bits = number & (first_bits << place)
        total += bits.bit_count() << place
        number ^= bits
    return total
