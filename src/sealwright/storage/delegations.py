"""Delegations, as rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sealwright.domain.delegations import Delegation, DelegationFilter, LedgerRow, Use, Used
from sealwright.domain.errors import StateConflict
from sealwright.domain.ids import uid_from_text
from sealwright.services.ports import Page
from sealwright.storage.agent_profiles import StoredAgentProfiles
from sealwright.storage.bulk_rows import RowWriter
from sealwright.storage.column_types import seconds_of
from sealwright.storage.cursors import uid_cursor, uid_of
from sealwright.storage.delegation_calls import StoredCalls
from sealwright.storage.delegation_lists import pages_of_delegations
from sealwright.storage.delegation_rows import (
    delegation_of,
    insert_delegation,
    locked,
    selecting_delegations,
    selecting_of_each,
    uuid_of,
)
from sealwright.storage.delegation_tables import delegation_index
from sealwright.storage.delegation_uses import Ledgers
from sealwright.storage.driver_text import DriverText
from sealwright.storage.transaction import Transaction

CHILDREN_MOST: Final = 1_000
LIVE_MOST: Final = 200
_LIST: Final = "g"
_BY_ID: Final = selecting_delegations("WHERE d.delegation_id = %s")
_BY_UID: Final = selecting_delegations("WHERE d.uid = %s")
# In order of uid, so that two who lock some of the same rows never wait for each other.
_BY_IDS: Final = selecting_delegations("WHERE d.delegation_id = ANY(%s) ORDER BY d.uid")
_KEPT: Final = locked(_BY_IDS, "FOR SHARE OF c")
_KEPT_FOR_USE: Final = locked(_BY_IDS, "FOR UPDATE OF d FOR SHARE OF c")
_LIVE: Final = "WHERE d.delegate_did = {did} AND d.ended = FALSE AND c.status <> 'revoked' ORDER BY d.uid DESC LIMIT %s"
_LIVE_SQLITE: Final = selecting_delegations(_LIVE.format(did="%s")).sqlite
_LIVE_POSTGRES: Final = selecting_of_each("did", _LIVE.format(did="each.did"))
_CHILDREN: Final = selecting_delegations(
    "WHERE d.parent_id IS NOT NULL AND d.parent_id = ANY(%s) ORDER BY d.uid LIMIT %s"
)
_FIRST: Final = selecting_delegations("ORDER BY d.uid LIMIT %s")
_AFTER: Final = selecting_delegations("WHERE d.uid > %s ORDER BY d.uid LIMIT %s")
_OVER: Final = selecting_delegations(
    "WHERE d.ended = FALSE AND d.expires_at <= %s ORDER BY d.expires_at, d.uid LIMIT %s"
)
_OVER_LOCKED: Final = locked(_OVER, "FOR UPDATE OF d SKIP LOCKED")
_TELL: Final = DriverText.of("UPDATE delegations SET ended = TRUE WHERE delegation_id = ANY(%s)")
_DIDS_OF: Final = DriverText.of(
    "SELECT delegation_id, delegator_did, delegate_did FROM delegations WHERE delegation_id = ANY(%s)"
)
_INDEX: Final = RowWriter(delegation_index)
_INDEXED: Final = DriverText.of("SELECT term FROM delegation_index WHERE term = ANY(%s) AND uid = %s")
_STRAYED: Final = DriverText.of(
    "SELECT d.delegation_id FROM delegations d WHERE NOT EXISTS (SELECT 1 FROM credentials c WHERE c.uid = d.uid) "
    "ORDER BY d.uid LIMIT %s"
)
_UNWRITTEN: Final = DriverText.of(
    "SELECT c.uid FROM credentials c WHERE c.schema_id = %s AND c.uid > %s AND c.copy_of IS NULL "
    "AND NOT EXISTS (SELECT 1 FROM delegations d WHERE d.uid = c.uid) ORDER BY c.uid LIMIT %s"
)
_NEWEST: Final = DriverText.of("SELECT uid FROM credentials WHERE schema_id = %s ORDER BY uid DESC LIMIT 1")
_COUNT_BELOW: Final = DriverText.of(
    "SELECT count(*) FROM delegation_index i JOIN credentials c ON c.uid = i.uid "
    "WHERE i.term = %s AND c.status <> 'revoked' AND c.expires_at > %s"
)


class StoredDelegationRows(StoredCalls, StoredAgentProfiles):
    """Delegations in the database, with their ledgers, calls, approvals and agents."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction)
        self._transaction = transaction
        self._ledgers = Ledgers(transaction)

    def add(self, delegation: Delegation) -> None:
        """Write a delegation down beside its credential, and what it is found by.

        Raises:
            StateConflict: One of those above it is not there.
        """
        terms = {delegation.delegator_did, delegation.delegate_did, *delegation.lineage}
        if delegation.lineage:
            above = _DIDS_OF.rows(self._transaction, list(delegation.lineage))
            if len(above) != len(set(delegation.lineage)):
                raise StateConflict("A delegation that this one rests on is not stored here.")
            terms.update(did for row in above for did in row[1:])
        insert_delegation(self._transaction, delegation)
        uid = self._transaction.uid(delegation.uid)
        _INDEX.write(self._transaction, [(term, uid) for term in sorted(terms)])

    def get(self, reference: str) -> Delegation | None:
        """Find a delegation by its id, or by ``urn:uuid:…`` or bare UUID of its credential."""
        if "\x00" in reference:
            # No database keeps it, and PostgreSQL cannot even be asked for it.
            return None
        uid = uid_from_text(reference)
        statement = _BY_ID if uid is None else _BY_UID
        rows = statement.rows(self._transaction, reference if uid is None else self._transaction.uid(uid))
        return delegation_of(rows[0]) if rows else None

    def chain(self, reference: str) -> tuple[Delegation, ...]:
        """Find a delegation and all above it, the root first; empty where there is none."""
        found = self.get(reference)
        if found is None:
            return ()
        return (*self._many(_BY_IDS, found.lineage), found)

    def chains_to(self, delegates: Collection[str]) -> tuple[Delegation, ...]:
        """Find the newest live delegations to DIDs, and all above them; newest first."""
        found: dict[str, Delegation] = {}
        asked = sorted(set(delegates))
        if not self._transaction.is_sqlite:
            rows = self._transaction.driver_rows(_LIVE_POSTGRES, (asked, LIVE_MOST)) if asked else []
        else:
            each = (self._transaction.driver_rows(_LIVE_SQLITE, (did, LIVE_MOST)) for did in asked)
            rows = [row for rows in each for row in rows]
        found.update((row[0], delegation_of(row)) for row in rows)
        above = {one for delegation in found.values() for one in delegation.lineage}
        found.update((one.delegation_id, one) for one in self._many(_BY_IDS, above - found.keys()))
        return tuple(sorted(found.values(), key=lambda one: one.uid, reverse=True))

    def lock(self, delegation_ids: Collection[str], *, for_use: bool = False) -> Mapping[str, Delegation]:
        """Read delegations and keep their states as they are; for use, keep their ledgers from others too."""
        statement = _KEPT_FOR_USE if for_use else _KEPT
        # Who only reads cannot lock, and sees one moment anyway.
        found = self._many(statement if self._transaction.writes else _BY_IDS, delegation_ids)
        return {one.delegation_id: one for one in found}

    def list(self, wanted: DelegationFilter, *, now: datetime, limit: int, cursor: str | None) -> Page[Delegation]:
        """List delegations, newest first.

        Raises:
            InvalidPagination: The cursor is not of this list.
        """
        before = None if cursor is None else uid_of(cursor, _LIST)
        found: dict[UUID, str] = {}
        for statement in pages_of_delegations(wanted, now=now, before=before, limit=limit + 1):
            found.update((row.uid, row.delegation_id) for row in self._transaction.rows(statement))
        newest = sorted(found, reverse=True)[: limit + 1]
        shown = newest[:limit]
        items = self._many(_BY_IDS, [found[uid] for uid in shown])
        return Page(items[::-1], uid_cursor(shown[-1], _LIST) if len(newest) > limit and shown else None)

    def children(self, delegation_ids: Collection[str]) -> tuple[Delegation, ...]:
        """List the delegations right below, oldest first."""
        if not delegation_ids:
            return ()
        rows = _CHILDREN.rows(self._transaction, sorted(set(delegation_ids)), CHILDREN_MOST)
        return tuple(delegation_of(row) for row in rows)

    def count_below(self, delegation_id: str, now: datetime) -> int:
        """Count what rests on a delegation and is neither revoked nor expired by itself."""
        count: int = _COUNT_BELOW.rows(self._transaction, delegation_id, seconds_of(now))[0][0]
        return count

    def after(self, uid: UUID | None, limit: int) -> tuple[Delegation, ...]:
        """List all delegations in order of uid, from behind one."""
        if uid is None:
            rows = _FIRST.rows(self._transaction, limit)
        else:
            rows = _AFTER.rows(self._transaction, self._transaction.uid(uid), limit)
        return tuple(delegation_of(row) for row in rows)

    def unwritten(self, schema_id: str, behind: UUID, limit: int) -> tuple[UUID, ...]:
        """List credentials of a schema that have no delegation beside them, in order of uid."""
        rows = _UNWRITTEN.rows(self._transaction, schema_id, self._transaction.uid(behind), limit)
        return tuple(uuid_of(row[0]) for row in rows)

    def newest_credential(self, schema_id: str) -> UUID | None:
        """Find the newest credential of a schema."""
        rows = _NEWEST.rows(self._transaction, schema_id)
        return uuid_of(rows[0][0]) if rows else None

    def strayed(self, limit: int) -> tuple[str, ...]:
        """Find delegations whose credential is not stored, which nothing else here shows."""
        return tuple(row[0] for row in _STRAYED.rows(self._transaction, limit))

    def indexed(self, uid: UUID, terms: Collection[str]) -> frozenset[str]:
        """By which of these DIDs and delegations above it a delegation is found."""
        rows = _INDEXED.rows(self._transaction, sorted(terms), self._transaction.uid(uid))
        return frozenset(row[0] for row in rows)

    # -- ledgers ------------------------------------------------------------------------------------

    def used(self, windows: Collection[tuple[str, datetime]]) -> Mapping[tuple[str, datetime], Used]:
        """What was counted against delegations after given moments."""
        return self._ledgers.used(windows)

    def count(self, uses: Sequence[Use]) -> None:
        """Write counted acts into ledgers that are locked for use.

        Raises:
            StateConflict: A delegation is not there.
        """
        self._ledgers.count(uses)

    def carry(self, old_id: str, new_id: str, since: datetime) -> None:
        """Begin the ledger of a delegation that was just added with that of the one whose place it takes."""
        self._ledgers.carry(old_id, new_id, since)

    def sums(self, delegation_ids: Collection[str]) -> Mapping[str, Used]:
        """What was ever counted against delegations."""
        return self._ledgers.sums(delegation_ids)

    def ledger(self, delegation_id: str, behind: LedgerRow | None, limit: int) -> tuple[LedgerRow, ...]:
        """List what a ledger still holds, oldest first."""
        return self._ledgers.ledger(delegation_id, behind, limit)

    # -- ends ---------------------------------------------------------------------------------------

    def expired(self, now: datetime, limit: int) -> tuple[Delegation, ...]:
        """Find delegations whose end has come and was not recorded, revoked ones too; the rows are locked."""
        statement = _OVER_LOCKED if self._transaction.writes else _OVER
        return tuple(delegation_of(row) for row in statement.rows(self._transaction, seconds_of(now), limit))

    def tell_expired(self, delegation_ids: Collection[str]) -> None:
        """Record that the end of delegations has come."""
        _TELL.rows(self._transaction, sorted(delegation_ids))

    def forget(
        self,
        *,
        uses_before: datetime,
        calls_before: datetime,
        approvals_before: datetime,
        limit: int,
    ) -> int:
        """Drop rows of ledgers, calls and approvals that nothing asks for any more; at most so many of each."""
        gone = self._ledgers.forget(uses_before, limit)
        return gone + self.forget_calls(calls_before, approvals_before, limit)

    def _many(self, statement: DriverText, delegation_ids: Collection[str]) -> tuple[Delegation, ...]:
        """Read delegations by their ids, in order of uid."""
        if not delegation_ids:
            return ()
        rows = statement.rows(self._transaction, sorted(set(delegation_ids)))
        return tuple(delegation_of(row) for row in rows)
