"""The feed: pages of open instances with free roles, found by sets of needs; totals come from kept counters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from sealwright.services.workflow_ports import FeedPage
from sealwright.storage.driver_text import DriverText
from sealwright.storage.feed_index import FeedIndex
from sealwright.storage.feed_sets import Combination, FeedSets, combination_of
from sealwright.storage.transaction import Transaction

_COUNTERS: Final = DriverText.of("SELECT combination, instances FROM feed_combinations WHERE instances > 0")
_NEWEST_OF_SET: Final = DriverText.of(
    "SELECT listed_at, workflow_id FROM feed_entries WHERE set_id = %s AND workflow_id <> ALL(%s) "
    "ORDER BY listed_at DESC, workflow_id DESC LIMIT %s"
)
# The newest of all are among the newest of each set.
_NEWEST_OF_SETS: Final = (
    "SELECT DISTINCT entry.listed_at, entry.workflow_id FROM unnest(%s::bigint[]) AS wanted(set_id), LATERAL "
    "(SELECT listed_at, workflow_id FROM feed_entries WHERE set_id = wanted.set_id AND workflow_id <> ALL(%s) "
    "ORDER BY listed_at DESC, workflow_id DESC LIMIT %s) AS entry "
    "ORDER BY listed_at DESC, workflow_id DESC LIMIT %s OFFSET %s"
)
_JUDGED: Final = DriverText.of("SELECT listed_at, workflow_id, combination FROM workflows WHERE workflow_id = ANY(%s)")

Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """What the counters say to somebody's types.

    Args:
        counts: How many open instances there are of each combination that has a free role.
        meant: What these combinations stand for.
        sets: The sets of needs that are met.
        bits: Their bits.
    """

    counts: Mapping[int, int]
    meant: Mapping[int, Combination]
    sets: frozenset[int]
    bits: int

    def is_open(self, combination: int | None) -> bool:
        """Tell whether an instance of a combination has a free role whose needs are met."""
        known = None if combination is None else self.meant.get(combination)
        return known is not None and bool(known.bits & self.bits)

    @property
    def total(self) -> int:
        """How many instances have one."""
        meant, bits = self.meant, self.bits
        return sum([number for combination, number in self.counts.items() if meant[combination].bits & bits])


class StoredFeed:
    """Finds what is open to somebody. Holds no copy of grants, and of counters none beyond one unit of work."""

    def __init__(self, transaction: Transaction, index: FeedIndex) -> None:
        self._transaction = transaction
        self._index = index
        self._sets = FeedSets(transaction)
        self._stood: tuple[frozenset[str], Standing] | None = None

    def claimable(
        self, held: frozenset[str], *, but: Collection[str], also: Collection[str], page: int, count: int
    ) -> FeedPage:
        """Give one page of instances with a free role whose needs are met, newest listed first.

        Args:
            held: Credential types of which the person holds an active grant.
            but: Instances to leave out.
            also: Listed instances to take in beside those, wherever they stand by date.
        """
        standing = self._standing(held)
        judged = sorted({*but, *also})
        rows = _JUDGED.rows(self._transaction, judged) if judged else []
        counted = sum(1 for _, _, combination in rows if standing.is_open(combination))
        taken_in = {(at, workflow_id) for at, workflow_id, _ in rows if at is not None and workflow_id in set(also)}
        skip = (page - 1) * count
        # So many of those taken in may stand before the page; what comes before these cannot matter to it.
        start = max(0, skip - len(taken_in))
        newest = self._newest(sorted(standing.sets), judged, start, count + len(taken_in))
        merged = sorted({*newest, *taken_in}, reverse=True)[skip - start : skip - start + count]
        return FeedPage(tuple(workflow_id for _, workflow_id in merged), standing.total - counted + len(taken_in))

    def would_open(self, held: frozenset[str]) -> Mapping[str, int]:
        """For each type that is not held, count the instances whose free roles ask for it while none is met."""
        standing = self._standing(held)
        found: dict[str, int] = defaultdict(int)
        for combination, number in standing.counts.items():
            known = standing.meant[combination]
            if not known.bits & standing.bits:
                for kind in known.types - held:
                    found[kind] += number
        return dict(found)

    def free_roles(self, held: frozenset[str], *, asking_for: str) -> int:
        """Count the free roles that ask for a type and whose needs are met."""
        standing = self._standing(held)
        needs = self._sets.needs(standing.sets)
        asking = frozenset(set_id for set_id in standing.sets if asking_for in needs[set_id])
        total = 0
        for combination, number in standing.counts.items():
            known = standing.meant[combination]
            if asking_for in known.types:
                total += number * sum(1 for set_id in known.set_ids if set_id in asking)
        return total

    def _standing(self, held: frozenset[str]) -> Standing:
        if self._stood is not None and self._stood[0] == held:
            return self._stood[1]
        counts = self._counts()
        meant = self._sets.combinations(counts)
        bits = 0
        for combination in counts:
            bits |= meant[combination].bits
        met = self._sets.met(bits, held)
        standing = Standing(counts, meant, frozenset(met), sum(met.values()))
        if not self._transaction.writes:
            # All its statements see one moment.
            self._stood = held, standing
        return standing

    def _counts(self) -> Mapping[int, int]:
        """Give the counters as this unit of work sees them, with what it has moved itself."""
        counts: dict[int, int] = dict(_COUNTERS.rows(self._transaction))
        for sets, change in self._index.unwritten().items():
            number = combination_of(sets)
            if number is not None:
                self._sets.remember(number, sets)
                counts[number] = counts.get(number, 0) + change
        return counts

    def _newest(self, sets: list[int], but: list[str], start: int, count: int) -> list[Key]:
        """Give some of the newest entries of sets, each instance once, from behind the first `start` ones."""
        if not sets:
            return []
        end = start + count
        if not self._transaction.is_sqlite:
            return self._transaction.driver_rows(_NEWEST_OF_SETS, (sets, but, end, count, start))
        found: set[Key] = set()
        for one in sets:
            found.update(_NEWEST_OF_SET.rows(self._transaction, one, but, end))
        return sorted(found, reverse=True)[start:end]
