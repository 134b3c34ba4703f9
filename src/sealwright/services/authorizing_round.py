"""What one round of questions knows: the chains that its agents hold, locked, and what their ledgers hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.delegations import Approval, Delegation, DelegationCall, DelegationStatus, Use
from sealwright.domain.errors import ClockBehind
from sealwright.services.authorizing_values import Inquiry
from sealwright.services.delegation_standing import falls_of, terms_of
from sealwright.services.ports import UnitOfWork
from sealwright.services.registry import RegistryView
from sealwright.vc.delegation.judging import BUDGETS, ReadHop, Reason, read_hop

Chain = tuple[Delegation, ...]
Spent = Callable[[int, str], tuple[int, int]]

MAX_CLOCK_LAG_SECONDS: Final = 5
SHELF_MOST: Final = 4_096
_PERIODS: Final = {name: budget.period for name, budget in BUDGETS.items()}


def require_clock(uow: UnitOfWork, now: datetime) -> None:
    """Refuse to count by a clock that went back: budgets of the last hours would be read as of the wrong hours.

    Raises:
        ClockBehind: The newest audit row is dated after now.
    """
    head = uow.audit.head()
    if head.at is not None and (head.at - now).total_seconds() > MAX_CLOCK_LAG_SECONDS:
        raise ClockBehind("The server's clock is behind the newest audit row.")


class HopShelf:
    """The limits of delegations, read: they never change, and most agents come again. A few thousand."""

    def __init__(self) -> None:
        self._known: dict[str, ReadHop] = {}

    def of(self, chain: Chain) -> tuple[ReadHop, ...]:
        """A chain as acts are judged by it."""
        known = self._known
        found = tuple(hop for one in chain if (hop := known.get(one.delegation_id)) is not None)
        if len(found) == len(chain):
            return found
        if len(known) > SHELF_MOST:
            known.clear()
        read = tuple(read_hop(terms) for terms in terms_of(chain))
        for one, hop in zip(chain, read, strict=True):
            known[one.delegation_id] = hop
        return read


class Holdings:
    """The chains that the agents of a round may act under.

    What they say never changes and is read once; whether they stand is read again under their locks.
    """

    def __init__(self, uow: UnitOfWork, view: RegistryView, now: datetime, shelf: HopShelf) -> None:
        self._uow = uow
        self._shelf = shelf
        self._view = view
        self._now = now
        self._known: dict[str, Delegation] = {}
        self._of_agent: dict[str, list[Delegation]] = {}
        self._named: dict[str, str] = {}
        self._hops: dict[str, tuple[ReadHop, ...]] = {}
        self._falls: dict[str, tuple[Reason, ...]] = {}

    def find(self, agents: Iterable[str], references: Iterable[str]) -> None:
        """Read the chains of some agents, and those that questions name."""
        wanted = sorted(set(agents))
        if wanted:
            for one in self._uow.delegations.chains_to(wanted):
                self._known[one.delegation_id] = one
            held = set(wanted)
            for one in self._known.values():
                if one.delegate_did in held:
                    self._of_agent.setdefault(one.delegate_did, []).append(one)
            for ones in self._of_agent.values():
                ones.sort(key=lambda one: one.uid, reverse=True)
        for reference in sorted(set(references)):
            chain = self._uow.delegations.chain(reference)
            self._known.update((one.delegation_id, one) for one in chain)
            if chain:
                self._named[reference] = chain[-1].delegation_id

    def live(self, agent: str) -> tuple[Chain, ...]:
        """An agent's chains that are neither revoked nor expired at their end, newest first."""
        over = (DelegationStatus.REVOKED, DelegationStatus.EXPIRED)
        held = self._of_agent.get(agent, ())
        return tuple(self.chain(one.delegation_id) for one in held if one.status_at(self._now) not in over)

    def named(self, reference: str) -> Chain | None:
        """The chain that a question names, in whatever state."""
        delegation_id = self._named.get(reference)
        return self.chain(delegation_id) if delegation_id is not None else None

    def chain(self, delegation_id: str) -> Chain:
        """A delegation and all above it, as they were read last."""
        last = self._known[delegation_id]
        return (*(self._known[above] for above in last.lineage), last)

    def lock(self, chains: Iterable[Chain], *, for_use: bool) -> None:
        """Read delegations again, and keep them as they are until the round is over.

        One call for all of them: whoever locked twice could wait for somebody who waits for them.
        """
        ids = {one.delegation_id for chain in chains for one in chain}
        if ids:
            self._known.update(self._uow.delegations.lock(sorted(ids), for_use=for_use))

    def hops(self, chain: Chain) -> tuple[ReadHop, ...]:
        """A chain as acts are judged by it."""
        last = chain[-1].delegation_id
        known = self._hops.get(last)
        if known is None:
            known = self._hops[last] = self._shelf.of(chain)
        return known

    def falls(self, chain: Chain) -> tuple[Reason, ...]:
        """Why a chain gives no authority at all now; ask behind the lock."""
        last = chain[-1].delegation_id
        known = self._falls.get(last)
        if known is None:
            falls = falls_of(chain, self._view, self._now)
            known = self._falls[last] = tuple(Reason(fall.code, fall.hop, fall.detail) for fall in falls)
        return known


class Ledgers:
    """What locked ledgers hold of the rolling periods that budgets name, with what this round has counted itself."""

    def __init__(self, uow: UnitOfWork, now: datetime) -> None:
        self._uow = uow
        self._now = now
        self._spent: dict[tuple[str, datetime], tuple[int, int]] = {}
        self._after: dict[str, list[tuple[str, datetime]]] = {}
        self._uses: list[Use] = []

    def read(self, delegations: Iterable[Delegation]) -> None:
        """Read every period that a budget of these delegations names, in one query."""
        windows = {
            (one.delegation_id, self._begin(_PERIODS[name]))
            for one in delegations
            for name in one.constraints
            if name in _PERIODS
        }
        if not windows:
            return
        found = self._uow.delegations.used(windows)
        for window in windows:
            used = found[window]
            self._spent[window] = (used.micros, used.calls)
            self._after.setdefault(window[0], []).append(window)

    def spent(self, chain: Chain) -> Spent:
        """What was spent, and how many acts were counted, by hop and budget."""
        return lambda hop, name: self._spent[chain[hop].delegation_id, self._begin(_PERIODS[name])]

    def count(self, chain: Chain, call_id: str, micros: int) -> None:
        """Count an act against every hop of a chain."""
        # A ledger is never dated back, should another server's clock be a little ahead of this one.
        at = max((self._now, *(one.last_used_at for one in chain if one.last_used_at is not None)))
        for one in chain:
            self._uses.append(Use(one.delegation_id, call_id, at, micros))
            for window in self._after.get(one.delegation_id, ()):
                before, calls = self._spent[window]
                self._spent[window] = (before + micros, calls + 1)

    def write(self) -> None:
        """Write down what was counted."""
        if self._uses:
            self._uow.delegations.count(self._uses)

    def _begin(self, period: timedelta) -> datetime:
        return self._now - period


class Round:
    """One transaction's questions: what they rest on, and what is written at its end."""

    def __init__(self, uow: UnitOfWork, view: RegistryView, now: datetime, shelf: HopShelf) -> None:
        self.uow = uow
        self.view = view
        self.now = now
        self.holdings = Holdings(uow, view, now, shelf)
        self.ledgers = Ledgers(uow, now)
        self.chains: dict[int, tuple[Chain, ...]] = {}
        self.calls: list[DelegationCall] = []
        self._approvals: dict[str, Approval] = {}

    def read_approvals(self, inquiries: Sequence[Inquiry], *, for_update: bool) -> None:
        """Read the approvals that questions name, in the order of their ids, so that none waits for another."""
        named = {inquiry.checked.question.approval_id for inquiry in inquiries} - {None}
        for approval_id in sorted(name for name in named if name is not None):
            found = self.uow.delegations.approval(approval_id, for_update=for_update)
            if found is not None:
                self._approvals[approval_id] = found

    def approval(self, inquiry: Inquiry) -> Approval | None:
        """The approval that a question names, as of now."""
        named = inquiry.checked.question.approval_id
        return self._approvals.get(named) if named is not None else None

    def spend(self, approval: Approval) -> None:
        """Keep a spent approval from serving another question of the round."""
        self._approvals[approval.approval_id] = approval
        self.uow.delegations.update_approval(approval)

    def write(self) -> None:
        """Write down what was counted, and every answer."""
        self.ledgers.write()
        if self.calls:
            self.uow.delegations.add_calls(self.calls)
