"""Delegations as people watch them: whether they are effective and why not, what was used, and the tree around one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from sealwright.domain.delegation_errors import DelegationNotFound
from sealwright.domain.delegations import (
    MICROS,
    Delegation,
    DelegationFilter,
    DelegationStatus,
    Used,
)
from sealwright.domain.people import Caller
from sealwright.services.authorizing_parties import acts_for, is_delegator, is_party
from sealwright.services.delegating import dids_of
from sealwright.services.delegation_ground import DelegationGround
from sealwright.services.delegation_pausing import holds_higher, lowest_to_resume, may_resume
from sealwright.services.delegation_standing import Standing, falls_of
from sealwright.services.ports import Page, UnitOfWork
from sealwright.services.registry import RegistryView
from sealwright.vc.delegation.judging import BUDGETS, limit_micros
from sealwright.vc.delegation.meanings import unreadable
from sealwright.vc.encoding.strict_json import JSONValue

# A tree shows so many of those that rest on a delegation; the next ones are asked for by how many to skip.
TREE_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """How much of one budget was used in its stretch of time that ends now.

    Args:
        name: Of the constraint.
        used, limit: Amounts in the parties' unit, or acts.
    """

    name: str
    used: Decimal
    limit: Decimal
    counts_calls: bool

    @property
    def left(self) -> Decimal:
        """What is left of it; never below 0."""
        return max(Decimal(0), self.limit - self.used)

    @property
    def share(self) -> Decimal:
        """How much of it is gone, 0 to 1; a limit of nothing is gone from the start."""
        return min(Decimal(1), self.used / self.limit) if self.limit > 0 else Decimal(1)


@dataclass(frozen=True, slots=True)
class DelegationLine(Standing):
    """One delegation with its standing.

    Args:
        uses: Its budgets, the fullest first.
        is_given: The caller answers for its delegator.
        is_received: The caller answers for its delegate.
    """

    uses: tuple[BudgetUse, ...]
    is_given: bool
    is_received: bool


@dataclass(frozen=True, slots=True)
class DelegationNode:
    """A place in a tree of delegations."""

    line: DelegationLine
    below: tuple[DelegationNode, ...]


@dataclass(frozen=True, slots=True)
class DelegationSheet:
    """One delegation with everything around it.

    Args:
        tree: The chain above and everything below, from the root.
        below: How many in force rest on it: what falls with it.
        is_cut: More rest on it than are shown.
        skipped: How many of those that rest on it come before the ones that are shown.
        shown: How many are shown, not counting those that only tell where one of them belongs.
        may_end: The caller may pause and revoke it.
        may_resume: It is paused, and the caller may let it go on.
        may_hold: It is paused, and the caller stands higher than whoever paused it, and may keep it so.
        resumed_by: While it is paused, the lowest delegator of its chain who may let it go on.
        may_change: The caller answers for its delegator, and may narrow it.
    """

    line: DelegationLine
    tree: DelegationNode
    below: int
    is_cut: bool
    skipped: int
    shown: int
    may_end: bool
    may_resume: bool
    may_hold: bool
    resumed_by: str | None
    may_change: bool
    may_pass_on: bool

    @property
    def limits(self) -> Mapping[str, Mapping[str, JSONValue]]:
        """The limits of this delegation and of those below it, by their ids."""
        found: dict[str, Mapping[str, JSONValue]] = {}
        nodes = [self.tree]
        while nodes:
            node = nodes.pop()
            found[node.line.delegation.delegation_id] = node.line.delegation.constraints
            nodes.extend(node.below)
        return found


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of those that rest on a delegation.

    Args:
        above: Those of the ones before that some of them rest on.
        skipped: How many come before the ones that are shown.
    """

    above: tuple[Delegation, ...]
    shown: tuple[Delegation, ...]
    skipped: int
    is_cut: bool


class DelegationSheets:
    """Reads for those whom a delegation concerns: who answers for a DID in its chain, and admins."""

    def __init__(self, ground: DelegationGround) -> None:
        self._units = ground.units
        self._registry = ground.registry
        self._clock = ground.clock

    def list(
        self,
        caller: Caller,
        *,
        status: DelegationStatus | None = None,
        delegate_did: str | None = None,
        everybody: bool = False,
        limit: int = 20,
        cursor: str | None = None,
    ) -> Page[DelegationLine]:
        """The caller's delegations, given and received, newest first.

        Args:
            everybody: Those of all, for admins; for anybody else the caller's own all the same.

        Raises:
            InvalidPagination: The cursor is not ours.
        """
        view, now = self._registry.current(), self._clock.now()
        with self._units(write=False) as uow:
            view, mine = view.through(uow), dids_of(uow, caller)
            parties = None if everybody and caller.is_admin else mine
            wanted = DelegationFilter(delegate_did=delegate_did, status=status, parties=parties)
            found = uow.delegations.list(wanted, now=now, limit=limit, cursor=cursor)
            lines = _Lines(uow, view, now, mine)
            return Page(tuple(lines.of_many(found.items)), found.next_cursor)

    def get(self, caller: Caller, reference: str, *, skip: int = 0) -> DelegationSheet:
        """One delegation with its chain and what rests on it.

        Args:
            skip: How many of those that rest on it, told level by level, are not shown; too many are as none.

        Raises:
            DelegationNotFound: Missing, or none of the caller's: the two look alike.
        """
        view, now = self._registry.current(), self._clock.now()
        with self._units(write=False) as uow:
            view, mine = view.through(uow), dids_of(uow, caller)
            chain = _concerning(caller, uow.delegations.chain(reference), view)
            this = chain[-1]
            part = _part_below(uow, this, skip)
            lines = {
                one.delegation.delegation_id: one
                for one in _Lines(uow, view, now, mine).of_many((*chain, *part.above, *part.shown))
            }
            line = lines[this.delegation_id]
            is_paused = line.status is DelegationStatus.SUSPENDED
            return DelegationSheet(
                line=line,
                tree=_tree(chain, (*part.above, *part.shown), lines),
                below=uow.delegations.count_below(this.delegation_id, now),
                is_cut=part.is_cut,
                skipped=part.skipped,
                shown=len(part.shown),
                may_end=is_delegator(caller, chain, view),
                may_resume=is_paused and may_resume(uow, caller, chain, view),
                may_hold=is_paused and holds_higher(uow, caller, chain, view),
                resumed_by=lowest_to_resume(uow, chain) if is_paused else None,
                may_change=acts_for(caller, this.delegator_did, view),
                may_pass_on=line.is_effective and this.max_depth > 0 and acts_for(caller, this.delegate_did, view),
            )

    def narrower(self, caller: Caller, parent: str) -> Delegation:
        """A delegation that the caller may pass on.

        Raises:
            DelegationNotFound: Missing, or none that the caller answers for the delegate of.
        """
        view = self._registry.current()
        with self._units(write=False) as uow:
            view = view.through(uow)
            found = _concerning(caller, uow.delegations.chain(parent), view)[-1]
            if not acts_for(caller, found.delegate_did, view):
                raise DelegationNotFound("No such delegation.")
            return found


class _Lines:
    """Makes lines of delegations, asking the store for chains and use once for all."""

    def __init__(self, uow: UnitOfWork, view: RegistryView, now: datetime, mine: Collection[str]) -> None:
        self._uow = uow
        self._view = view
        self._now = now
        self._mine = mine

    def of_many(self, delegations: Sequence[Delegation]) -> Iterable[DelegationLine]:
        known = {one.delegation_id: one for one in delegations}
        # Nobody writes here, so that this is but one more reading.
        known |= self._uow.delegations.lock({hop for one in delegations for hop in one.lineage} - known.keys())
        windows = {
            (one.delegation_id, self._now - BUDGETS[name].period) for one in delegations for name in _budgets(one)
        }
        used = self._uow.delegations.used(windows) if windows else {}
        for one in delegations:
            chain = (*(known[above] for above in one.lineage), one)
            yield DelegationLine(
                chain=chain,
                status=one.status_at(self._now),
                falls=falls_of(chain, self._view, self._now),
                uses=_uses(one, used, self._now),
                is_given=one.delegator_did in self._mine,
                is_received=one.delegate_did in self._mine,
            )


def _budgets(one: Delegation) -> list[str]:
    return [name for name in BUDGETS if name in one.constraints and unreadable(name, one.constraints[name]) is None]


def _uses(one: Delegation, used: Mapping[tuple[str, datetime], Used], now: datetime) -> tuple[BudgetUse, ...]:
    uses = []
    for name in _budgets(one):
        budget = BUDGETS[name]
        seen = used.get((one.delegation_id, now - budget.period), Used())
        limit = Decimal(limit_micros(name, one.constraints[name]))
        if budget.counts == "calls":
            uses.append(BudgetUse(name, Decimal(seen.calls), limit, counts_calls=True))
        else:
            uses.append(BudgetUse(name, seen.amount, limit / MICROS, counts_calls=False))
    return tuple(sorted(uses, key=lambda use: use.share, reverse=True))


def _concerning(caller: Caller, chain: tuple[Delegation, ...], view: RegistryView) -> tuple[Delegation, ...]:
    if not chain or not (caller.is_admin or is_party(caller, chain, view)):
        raise DelegationNotFound("No such delegation.")
    return chain


def _part_below(uow: UnitOfWork, this: Delegation, skip: int) -> _Part:
    """The next of those that rest on a delegation, level by level, after so many of them."""
    found: list[Delegation] = []
    level: Sequence[Delegation] = (this,)
    skip = max(0, skip)
    while level and len(found) <= skip + TREE_MOST:
        level = uow.delegations.children([one.delegation_id for one in level])
        found.extend(level)
    start = skip if skip < len(found) else 0
    shown = found[start : start + TREE_MOST]
    hops = {hop for one in shown for hop in one.lineage}
    above = tuple(one for one in found[:start] if one.delegation_id in hops)
    return _Part(above, tuple(shown), start, is_cut=len(found) > start + TREE_MOST)


def _tree(
    chain: Sequence[Delegation], below: Sequence[Delegation], lines: Mapping[str, DelegationLine]
) -> DelegationNode:
    """From the root: each hop of the chain alone under the one above it, then everything under the last."""
    children: dict[str, list[Delegation]] = {}
    for one in (*chain[1:], *below):
        children.setdefault(one.parent_id or "", []).append(one)

    def node(one: Delegation) -> DelegationNode:
        inner = children.get(one.delegation_id, ())
        return DelegationNode(lines[one.delegation_id], tuple(node(child) for child in inner))

    return node(chain[0])
