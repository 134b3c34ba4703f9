"""Sets of needs and combinations of them, numbered by digests, and what this process remembers of them.

A number says for ever what it stands for, so what is remembered is never wrong, whoever wrote it and whatever was
rolled back. Rights are never asked of a digest: roles keep their needs in words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from sealwright.domain.workflows import Workflow
from sealwright.storage.driver_text import DriverText
from sealwright.storage.person_rows import json_text
from sealwright.storage.transaction import Transaction

# Proposers may ask for anything; more than this is not worth remembering.
_MOST_REMEMBERED: Final = 50_000
_SETS: Final = DriverText.of("SELECT set_id, needs FROM requirement_sets WHERE set_id = ANY(%s)")
_COMBINATIONS: Final = DriverText.of("SELECT combination, set_ids FROM feed_combinations WHERE combination = ANY(%s)")
_TYPES: Final = msgspec.json.Decoder(tuple[str, ...])
_IDS: Final = msgspec.json.Decoder(tuple[int, ...])


@dataclass(frozen=True, slots=True)
class Combination:
    """The needs of an instance's free roles.

    Args:
        set_ids: Sorted, one for each free role.
        sets: The same, each once.
        types: Every credential type that one of them needs.
    """

    set_ids: tuple[int, ...]
    sets: frozenset[int]
    types: frozenset[str]


def needs_text(needs: Iterable[str]) -> str:
    """Give needs as the text of a column."""
    return json_text(sorted(set(needs)))


def set_id_of(needs: Iterable[str]) -> int:
    """Give the number of a set of needs."""
    return _digest(needs_text(needs))


def free_sets(workflow: Workflow) -> tuple[int, ...]:
    """Give the numbers of the needs of an instance's free roles, sorted; none unless it is listed and open."""
    if workflow.listed_at is None:
        return ()
    return tuple(sorted(set_id_of(role.required_credentials) for role in workflow.free_roles()))


def combination_of(set_ids: Sequence[int]) -> int | None:
    """Give the number of a combination; None for none."""
    return _digest(json_text(set_ids)) if set_ids else None


def _digest(text: str) -> int:
    """Give 63 bits, which both databases hold as a whole number."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1


class FeedSets:
    """What sets and combinations stand for; read once a process."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._memory = transaction.database.memory
        self._needs: dict[int, frozenset[str]] = self._memory.setdefault("requirement_sets", {})
        self._combinations: dict[int, Combination] = self._memory.setdefault("feed_combinations", {})

    def combinations(self, wanted: Collection[int]) -> Mapping[int, Combination]:
        """Give what combinations stand for; all that are known, with those that are asked for among them."""
        unknown = sorted({one for one in wanted if one not in self._combinations})
        if unknown:
            if len(self._combinations) > _MOST_REMEMBERED:
                # Others may be reading the old ones.
                self._combinations = self._memory["feed_combinations"] = {}
                unknown = sorted(set(wanted))
            found = {number: _IDS.decode(text) for number, text in _COMBINATIONS.rows(self._transaction, unknown)}
            self.needs({one for set_ids in found.values() for one in set_ids})
            for number, set_ids in found.items():
                self._combinations[number] = self.combination(set_ids)
        return self._combinations

    def combination(self, set_ids: tuple[int, ...]) -> Combination:
        """Give what the sorted numbers of sets stand for together."""
        needs = self.needs(set_ids)
        return Combination(set_ids, frozenset(set_ids), frozenset[str]().union(*(needs[one] for one in set_ids)))

    def remember(self, number: int, set_ids: tuple[int, ...]) -> None:
        """Remember a combination that may not be stored yet."""
        if number not in self._combinations:
            self._combinations[number] = self.combination(set_ids)

    def learn(self, needs: Iterable[str]) -> int:
        """Remember a set of needs that may not be stored yet; gives its number."""
        set_id = set_id_of(needs)
        self._needs[set_id] = frozenset(needs)
        return set_id

    def needs(self, wanted: Collection[int]) -> Mapping[int, frozenset[str]]:
        """Give what sets stand for; all that are known, with those that are asked for among them."""
        unknown = sorted({one for one in wanted if one not in self._needs})
        if unknown:
            if len(self._needs) > _MOST_REMEMBERED:
                self._needs = self._memory["requirement_sets"] = {}
                unknown = sorted(set(wanted))
            for number, text in _SETS.rows(self._transaction, unknown):
                self._needs[number] = frozenset(_TYPES.decode(text))
        return self._needs
