"""What delegations need from the store."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from sealwright.domain.delegations import (
    AgentProfile,
    Approval,
    Delegation,
    DelegationCall,
    DelegationFilter,
    LedgerRow,
    Use,
    Used,
)

if TYPE_CHECKING:
    from sealwright.services.ports import Page


class DelegationRows(Protocol):
    """Delegations, their ledgers, the calls made, the approvals asked for, and the agents' profiles.

    A delegation is locked before its credential; several are locked in the order of their uids, which grow with time,
    so that a chain is locked from its root down.
    """

    def add(self, delegation: Delegation) -> None:
        """Write a delegation down beside its credential, which is stored in the same transaction."""

    def get(self, reference: str) -> Delegation | None:
        """By ``dlg_…``, ``urn:uuid:…`` or bare UUID of its credential."""

    def chain(self, reference: str) -> tuple[Delegation, ...]:
        """A delegation and all above it, the root first; empty where there is none."""

    def chains_to(self, delegates: Collection[str]) -> tuple[Delegation, ...]:
        """Every delegation to these DIDs that is neither revoked nor expired by its row, and all above them.

        The newest 200 of each delegate.
        """

    def lock(self, delegation_ids: Collection[str], *, for_use: bool = False) -> Mapping[str, Delegation]:
        """Read delegations afresh and keep their credentials' states from changing until the unit of work ends.

        Args:
            for_use: Lock their ledgers too, for counting; else others may read at the same time.
        """

    def list(self, wanted: DelegationFilter, *, now: datetime, limit: int, cursor: str | None) -> Page[Delegation]:
        """Newest first; raises InvalidPagination for a cursor that is not ours."""

    def children(self, delegation_ids: Collection[str]) -> tuple[Delegation, ...]:
        """The delegations right below, oldest first, at most 1,000."""

    def count_below(self, delegation_id: str, now: datetime) -> int:
        """How many delegations rest on this one, at any depth, that are neither revoked nor expired by themselves."""

    def used(self, windows: Collection[tuple[str, datetime]]) -> Mapping[tuple[str, datetime], Used]:
        """What was counted against delegations after given moments."""

    def count(self, uses: Sequence[Use]) -> None:
        """Write counted acts into ledgers that are locked for use; an act is never dated before the one before it."""

    def carry(self, old_id: str, new_id: str, since: datetime) -> None:
        """Begin the ledger of a delegation that was just added with that of another one, which is locked for use.

        The sums go on from there; of the rows, those after a moment come along.
        """

    def sums(self, delegation_ids: Collection[str]) -> Mapping[str, Used]:
        """What was ever counted against delegations."""

    def ledger(self, delegation_id: str, behind: LedgerRow | None, limit: int) -> tuple[LedgerRow, ...]:
        """What a ledger still holds, oldest first, from behind a row."""

    def after(self, uid: UUID | None, limit: int) -> tuple[Delegation, ...]:
        """All delegations in order of uid, from behind one."""

    def unwritten(self, schema_id: str, behind: UUID, limit: int) -> tuple[UUID, ...]:
        """Credentials of a schema without a delegation beside them, in order of uid; further forms are not meant."""

    def newest_credential(self, schema_id: str) -> UUID | None:
        """The newest credential of a schema."""

    def strayed(self, limit: int) -> tuple[str, ...]:
        """Delegations whose credential is not stored, which nothing else here shows."""

    def indexed(self, uid: UUID, terms: Collection[str]) -> frozenset[str]:
        """By which of these DIDs and delegations above it a delegation is found."""

    def recorded(self, call_ids: Collection[str]) -> frozenset[str]:
        """Which of these calls were allowed and counted."""

    def add_calls(self, calls: Sequence[DelegationCall]) -> None: ...
    def calls(self, delegation_ids: Collection[str], *, limit: int, cursor: str | None) -> Page[DelegationCall]:
        """Calls that were decided by one of these delegations, newest first."""

    def add_approval(self, approval: Approval) -> None: ...
    def approval(self, approval_id: str, *, for_update: bool = False) -> Approval | None: ...
    def update_approval(self, approval: Approval) -> None: ...
    def overdue_approvals(self, now: datetime, limit: int) -> tuple[Approval, ...]:
        """Questions that say of themselves to be open and whose time is over, locked; not those others have locked."""

    def approvals(
        self,
        *,
        delegators: Collection[str] | None,
        agents: Collection[str] | None,
        limit: int,
        cursor: str | None,
        waiting_at: datetime | None = None,
    ) -> Page[Approval]:
        """Those asked of one of `delegators` or asked by one of `agents` (None for both: all), newest first.

        Args:
            waiting_at: Only those that wait for a decision at this moment.
        """

    def count_waiting(self, agent_did: str, now: datetime) -> int:
        """How many questions of an agent wait."""

    def put_profile(self, profile: AgentProfile) -> None:
        """Write an agent's profile, or replace it."""

    def profiles(self, dids: Collection[str]) -> Mapping[str, AgentProfile]: ...

    def expired(self, now: datetime, limit: int) -> tuple[Delegation, ...]:
        """Delegations that have expired and were not told so, oldest first; the rows are locked."""

    def tell_expired(self, delegation_ids: Collection[str]) -> None: ...
    def forget(self, *, uses_before: datetime, calls_before: datetime, approvals_before: datetime, limit: int) -> int:
        """Drop ledger rows, calls and approvals that nothing asks for any more; gives how many rows went."""
