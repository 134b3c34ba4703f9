"""The feed's index, kept in the transaction that moves instances: entries at once, counters at the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from sealwright.domain.workflows import Workflow
from sealwright.storage.bulk_changes import counting, deleting
from sealwright.storage.bulk_rows import RowWriter
from sealwright.storage.column_types import seconds_of
from sealwright.storage.driver_text import DriverText
from sealwright.storage.feed_sets import FeedSets, combination_of, free_sets, needs_text
from sealwright.storage.json_columns import json_text
from sealwright.storage.transaction import Transaction
from sealwright.storage.workflow_tables import feed_combinations, feed_entries

ADD_ENTRIES: Final = RowWriter(feed_entries)
DROP_ENTRIES: Final = deleting(feed_entries, ("set_id", "listed_at", "workflow_id"))
ADD_SET: Final = DriverText.of(
    "INSERT INTO requirement_sets (set_id, needs) VALUES (%s, %s) ON CONFLICT (set_id) DO NOTHING"
)
_COUNT: Final = counting(feed_combinations, "combination", ("set_ids",), "instances")

Entry = tuple[int, int, str]
# How often each combination, as the sorted numbers of its sets, came and went.
Moves = dict[tuple[int, ...], int]
Mark = tuple[Moves, dict[int, str]]


def entries_of(workflow: Workflow) -> frozenset[Entry]:
    """Give an instance's rows in the index: one for each distinct set of needs of its free roles."""
    return _entries(workflow, free_sets(workflow))


def _entries(workflow: Workflow, sets: Iterable[int]) -> frozenset[Entry]:
    if workflow.listed_at is None:
        return frozenset()
    listed_at = seconds_of(workflow.listed_at)
    return frozenset((set_id, listed_at, workflow.workflow_id) for set_id in sets)


class FeedIndex:
    """Follows instances. Counters are written as late as can be and in one order, so that nobody waits for long."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._moves: Moves = defaultdict(int)
        self._sets: dict[int, str] = {}
        self._known = FeedSets(transaction)

    def add(self, workflow: Workflow) -> None:
        """Begin to follow an instance."""
        for role in workflow.roles:
            needs = role.required_credentials
            self._sets[self._known.learn(needs)] = needs_text(needs)
        self._count(free_sets(workflow), 1)
        self._enter(entries_of(workflow))

    def move(self, changes: Iterable[tuple[Workflow, Workflow]]) -> None:
        """Follow instances whose rows are locked from one state to the next."""
        gone: set[Entry] = set()
        come: set[Entry] = set()
        for before, after in changes:
            was, is_now = free_sets(before), free_sets(after)
            if was == is_now:
                continue
            self._count(was, -1)
            self._count(is_now, 1)
            had, has = _entries(before, was), _entries(after, is_now)
            gone |= had - has
            come |= has - had
        DROP_ENTRIES.write(self._transaction, sorted(gone))
        self._enter(come)

    def mark(self) -> Mark:
        """Tell what has not been written so far, for `forget`."""
        return dict(self._moves), dict(self._sets)

    def forget(self, mark: Mark) -> None:
        """Go back to what had not been written when a part that rolled back began."""
        moves, self._sets = mark
        self._moves = defaultdict(int, moves)

    def write(self) -> None:
        """Write what has moved."""
        ADD_SET.many(self._transaction, sorted(self._sets.items()))
        counted = [(combination_of(sets), json_text(sets), change) for sets, change in self._moves.items() if change]
        _COUNT.write(self._transaction, sorted(counted))
        self._sets = {}
        self._moves = defaultdict(int)

    def unwritten(self) -> Mapping[tuple[int, ...], int]:
        """Tell how many instances of each combination came and went in this unit of work."""
        return self._moves

    def _enter(self, entries: Collection[Entry]) -> None:
        if entries:
            ADD_ENTRIES.write(self._transaction, sorted(entries))

    def _count(self, sets: tuple[int, ...], change: int) -> None:
        if sets:
            self._moves[sets] += change
