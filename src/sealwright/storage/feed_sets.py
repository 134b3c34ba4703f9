"""Sets of needs and combinations of them, numbered by digests, and what this process remembers of them.

A number says for ever what it stands for, so what is remembered is never wrong, whoever wrote it and whatever was
rolled back. Rights are never asked of a digest: roles keep their needs in words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import Final

import msgspec

from sealwright.domain.workflows import Workflow
from sealwright.storage.driver_text import DriverText
from sealwright.storage.json_columns import json_text
from sealwright.storage.transaction import Transaction

# Proposers may ask for anything; a process that has met more than this begins anew.
_MOST_REMEMBERED: Final = 200_000
_SETS: Final = DriverText.of("SELECT set_id, needs FROM requirement_sets WHERE set_id = ANY(%s)")
_COMBINATIONS: Final = DriverText.of("SELECT combination, set_ids FROM feed_combinations WHERE combination = ANY(%s)")
_TYPES: Final = msgspec.json.Decoder(tuple[str, ...])
_IDS: Final = msgspec.json.Decoder(tuple[int, ...])


@dataclass(frozen=True, slots=True)
class Combination:
    """The needs of an instance's free roles.

    Args:
        set_ids: Sorted, one for each free role.
        bits: The bits of these sets in this process.
        types: Every credential type that one of them needs.
    """

    set_ids: tuple[int, ...]
    bits: int
    types: frozenset[str]


@dataclass(slots=True)
class Known:
    """What a process remembers: sets by number, the bit that stands for each in sums of bits, and combinations."""

    needs: dict[int, frozenset[str]] = field(default_factory=dict)
    bits: dict[int, int] = field(default_factory=dict)
    combinations: dict[int, Combination] = field(default_factory=dict)
    _places: Iterator[int] = field(default_factory=count)

    def learn(self, set_id: int, needs: frozenset[str]) -> None:
        """Remember a set; two threads that learn the same one agree on its bit, and no two sets share one."""
        # The bit first: whoever finds the needs finds it too.
        self.bits.setdefault(set_id, 1 << next(self._places))
        self.needs[set_id] = needs

    @property
    def is_full(self) -> bool:
        """Tell whether it is time to begin anew."""
        return len(self.combinations) > _MOST_REMEMBERED or len(self.bits) > _MOST_REMEMBERED


def needs_text(needs: Iterable[str]) -> str:
    """Give needs as the text of a column."""
    return json_text(sorted(set(needs)))


def set_id_of(needs: Iterable[str]) -> int:
    """Give the number of a set of needs."""
    return _set_id(tuple(needs))


@lru_cache(maxsize=4096)
def _set_id(needs: tuple[str, ...]) -> int:
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
        memory: dict[str, Known] = transaction.database.memory.setdefault("feed", {})
        known = memory.get("known")
        if known is None or known.is_full:
            # Whoever uses the old one goes on with it.
            known = memory["known"] = Known()
        self._known = known

    def combinations(self, wanted: Collection[int]) -> Mapping[int, Combination]:
        """Give what combinations stand for; all that are known, with those that are asked for among them."""
        known = self._known.combinations
        unknown = sorted({one for one in wanted if one not in known})
        if unknown:
            found = {number: _IDS.decode(text) for number, text in _COMBINATIONS.rows(self._transaction, unknown)}
            self.needs({one for set_ids in found.values() for one in set_ids})
            for number, set_ids in found.items():
                self.remember(number, set_ids)
        return known

    def needs(self, wanted: Collection[int]) -> Mapping[int, frozenset[str]]:
        """Give what sets stand for; all that are known, with those that are asked for among them."""
        known = self._known.needs
        unknown = sorted({one for one in wanted if one not in known})
        if unknown:
            for set_id, text in _SETS.rows(self._transaction, unknown):
                self._known.learn(set_id, frozenset(_TYPES.decode(text)))
        return known

    def met(self, bits: int, held: frozenset[str]) -> Mapping[int, int]:
        """Give the sets among these bits whose needs are met by types, with the bit of each."""
        known = self._known
        return {
            set_id: known.bits[set_id]
            for set_id, needs in known.needs.copy().items()
            if known.bits[set_id] & bits and needs <= held
        }

    def remember(self, number: int, set_ids: tuple[int, ...]) -> None:
        """Remember a combination, which may not be stored yet."""
        needs = self.needs(set_ids)
        bits = 0
        for one in set_ids:
            bits |= self._known.bits[one]
        types = frozenset[str]().union(*(needs[one] for one in set_ids))
        self._known.combinations[number] = Combination(set_ids, bits, types)

    def learn(self, needs: Iterable[str]) -> int:
        """Remember a set of needs that may not be stored yet; gives its number."""
        set_id = set_id_of(needs)
        self._known.learn(set_id, frozenset(needs))
        return set_id
