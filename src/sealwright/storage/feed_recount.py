"""The feed's index compared with the instances, and set right."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Final

from sealwright.storage.driver_text import DriverText
from sealwright.storage.feed_index import ADD_ENTRIES, ADD_SET, DROP_ENTRIES, Entry
from sealwright.storage.feed_sets import combination_of
from sealwright.storage.json_columns import json_text
from sealwright.storage.transaction import Transaction

_OPEN: Final = "status IN ('approved', 'in_progress') AND listed_at IS NOT NULL"
# A role is free where nobody holds it and there is a step to take (`domain.workflows.Workflow.is_free`).
_FREE: Final = DriverText.of(
    "SELECT w.workflow_id, w.listed_at, r.set_id, r.needs FROM workflows w "  # noqa: S608 - a text of our own
    "JOIN workflow_roles r ON r.workflow_id = w.workflow_id "
    f"WHERE {_OPEN} AND r.held_by IS NULL AND EXISTS (SELECT 1 FROM workflow_steps s "
    "WHERE s.workflow_id = w.workflow_id AND s.role_id = r.role_id AND s.assigned_to IS NULL "
    "AND s.status NOT IN ('completed', 'paid_out'))"
)
_KEPT_OF_INSTANCES: Final = DriverText.of(
    f"SELECT workflow_id, combination FROM workflows WHERE combination IS NOT NULL OR ({_OPEN})"  # noqa: S608
)
_KEPT_ENTRIES: Final = DriverText.of("SELECT set_id, listed_at, workflow_id FROM feed_entries")
_KEPT_COUNTS: Final = DriverText.of("SELECT combination, set_ids, instances FROM feed_combinations")
_KEPT_SETS: Final = DriverText.of("SELECT set_id, needs FROM requirement_sets")
_SET_COUNT: Final = DriverText.of(
    "INSERT INTO feed_combinations (combination, set_ids, instances) VALUES (%s, %s, %s) "
    "ON CONFLICT (combination) DO UPDATE SET set_ids = excluded.set_ids, instances = excluded.instances"
)
_SET_COMBINATION: Final = DriverText.of("UPDATE workflows SET combination = %s WHERE workflow_id = %s")
_LOCK: Final = "LOCK TABLE feed_combinations IN EXCLUSIVE MODE"


@dataclass(slots=True)
class FeedDrift:
    """What the index says otherwise than the instances, as it should be.

    Args:
        sets: By number, the needs of sets that nobody could look up.
        come, gone: Entries that are missing, and that stand for nothing.
        counts: By combination, its sets and how many instances have it.
        combinations: By instance.
    """

    sets: dict[int, str] = field(default_factory=dict)
    come: set[Entry] = field(default_factory=set)
    gone: set[Entry] = field(default_factory=set)
    counts: dict[int, tuple[str, int]] = field(default_factory=dict)
    combinations: dict[str, int | None] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(len(part) for part in (self.sets, self.come, self.gone, self.counts, self.combinations))


def hold_feed(transaction: Transaction) -> None:
    """Let nobody count instances until the end: whoever did is waited for, and whoever will comes after."""
    if not transaction.is_sqlite:
        transaction.driver_rows(_LOCK, ())


def feed_drift(transaction: Transaction) -> FeedDrift:
    """Work the index out from the instances, and compare."""
    entries: set[Entry] = set()
    sets: dict[int, str] = {}
    free: dict[str, list[int]] = defaultdict(list)
    for workflow_id, listed_at, set_id, needs in _FREE.rows(transaction):
        entries.add((set_id, listed_at, workflow_id))
        sets[set_id] = needs
        free[workflow_id].append(set_id)
    combinations = {workflow_id: tuple(sorted(set_ids)) for workflow_id, set_ids in free.items()}
    kept_entries = {(row[0], row[1], row[2]) for row in _KEPT_ENTRIES.rows(transaction)}
    kept_sets = dict(_KEPT_SETS.rows(transaction))
    kept: dict[str, int | None] = dict(_KEPT_OF_INSTANCES.rows(transaction))
    found = FeedDrift(
        sets={set_id: needs for set_id, needs in sets.items() if kept_sets.get(set_id) != needs},
        come=entries - kept_entries,
        gone=kept_entries - entries,
        counts=_drifted_counts(transaction, Counter(combinations.values())),
    )
    for workflow_id, number in kept.items():
        right = combination_of(combinations.get(workflow_id, ()))
        if right != number:
            found.combinations[workflow_id] = right
    return found


def mend_feed(transaction: Transaction) -> int:
    """Set the index right, with the counters held; gives how many rows were not."""
    drift = feed_drift(transaction)
    ADD_SET.many(transaction, sorted(drift.sets.items()))
    DROP_ENTRIES.write(transaction, sorted(drift.gone))
    if drift.come:
        ADD_ENTRIES.write(transaction, sorted(drift.come))
    _SET_COMBINATION.many(transaction, [(right, workflow_id) for workflow_id, right in drift.combinations.items()])
    _SET_COUNT.many(transaction, sorted((number, *right) for number, right in drift.counts.items()))
    return len(drift)


def _drifted_counts(transaction: Transaction, instances: Counter[tuple[int, ...]]) -> dict[int, tuple[str, int]]:
    kept = {number: (text, there_are) for number, text, there_are in _KEPT_COUNTS.rows(transaction)}
    expected = {
        number: (json_text(sets), there_are)
        for sets, there_are in instances.items()
        if (number := combination_of(sets)) is not None
    }
    wrong = {number: right for number, right in expected.items() if kept.get(number) != right}
    idle = {number: (text, 0) for number, (text, there_are) in kept.items() if number not in expected and there_are}
    return {**wrong, **idle}
