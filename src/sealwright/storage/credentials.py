"""Stored credentials, as rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from sealwright.domain.credentials import CredentialFilter, CredentialRecord, CredentialStatus, ReasonCode
from sealwright.domain.errors import StateConflict
from sealwright.domain.ids import uid_from_text
from sealwright.services.ports import Page
from sealwright.storage.batch_hashes import BatchHashes
from sealwright.storage.bulk_rows import RowWriter
from sealwright.storage.credential_lists import PageKey, page_of_ids
from sealwright.storage.credential_rows import CREDENTIAL, TypeSets, credential_of, values_of
from sealwright.storage.cursors import uid_cursor, uid_of
from sealwright.storage.errors import AlreadyTaken
from sealwright.storage.json_columns import read_texts
from sealwright.storage.mass_changes import lock_copies, lock_credentials, revoke_credentials
from sealwright.storage.tables import credentials, type_sets
from sealwright.storage.transaction import Transaction

_WRITER: Final = RowWriter(credentials)
_UID: Final = credentials.c.uid.type
_BY_UID: Final = CREDENTIAL.where(credentials.c.uid == sa.bindparam("uid", type_=_UID))
_BY_EXTERNAL_ID: Final = CREDENTIAL.where(
    sa.text("external_id IS NOT NULL"), credentials.c.external_id == sa.bindparam("external_id")
)
_BY_UIDS: Final = CREDENTIAL.where(credentials.c.uid.in_(sa.bindparam("uids", expanding=True, type_=_UID))).order_by(
    credentials.c.uid.desc()
)
# A statement may have few parameters on older libraries of SQLite.
_UIDS_A_READ: Final = 1_000
_FIRST: Final = CREDENTIAL.order_by(credentials.c.uid).limit(sa.bindparam("how_many"))
_AFTER: Final = _FIRST.where(credentials.c.uid > sa.bindparam("uid", type_=_UID))
# As text, so that both databases see the condition of the index in it.
_COPIES: Final = CREDENTIAL.where(
    sa.text("copy_of IS NOT NULL"), credentials.c.copy_of == sa.bindparam("source", type_=_UID)
).order_by(credentials.c.uid)
_TYPE_SETS: Final = sa.select(type_sets.c.type_set, type_sets.c.types)
_SET_HASH: Final = (
    sa.update(credentials)
    .where(credentials.c.uid == sa.bindparam("which", type_=_UID))
    .values(transaction_hash=sa.bindparam("new_hash"))
)
_SET_STATUS: Final = (
    sa.update(credentials)
    .where(credentials.c.uid == sa.bindparam("which", type_=_UID))
    .values(
        status=sa.bindparam("new_status"),
        revoked_at=sa.bindparam("new_revoked_at"),
        reason_code=sa.bindparam("new_reason_code"),
        reason=sa.bindparam("new_reason"),
        suspended_alone=sa.bindparam("new_suspended_alone"),
    )
)
_COUNT_ACTIVE: Final = sa.select(sa.func.count()).where(
    credentials.c.issuer_did == sa.bindparam("issuer_did"),
    credentials.c.status == CredentialStatus.VALID.value,
    sa.or_(
        credentials.c.expires_at.is_(None),
        credentials.c.expires_at > sa.bindparam("now", type_=credentials.c.expires_at.type),
    ),
)
# A statement of a few hundred parts is planned fast; longer lists of visible DIDs are asked in turns.
_MOST_RUNS: Final = 200


class StoredCredentials:
    """Credentials in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.type_sets = TypeSets(transaction)
        self._hashes = BatchHashes(transaction)

    def add_many(self, records: Sequence[CredentialRecord]) -> None:
        """Store credentials.

        Raises:
            StateConflict: A chosen credential id is taken.
        """
        if not records:
            return
        sets = self.type_sets.write(records)
        rows = [values_of(record, self._transaction.uid, sets[record.types]) for record in records]
        try:
            _WRITER.write(self._transaction, rows)
        except AlreadyTaken as error:
            if error.concerns("uq_credentials_external_id", "credentials.external_id"):
                raise StateConflict("This credential id is taken.") from None
            raise

    def get(self, credential_id: str) -> CredentialRecord | None:
        """Find a credential by ``urn:uuid:…``, bare UUID, or the document's own id."""
        return self._find(credential_id, lock=False)

    def get_many(self, uids: Collection[UUID]) -> dict[UUID, CredentialRecord]:
        """Find credentials by their uids; those that are not stored are left out."""
        wanted = sorted(uids)
        found: dict[UUID, CredentialRecord] = {}
        for start in range(0, len(wanted), _UIDS_A_READ):
            rows = self._transaction.rows(_BY_UIDS, {"uids": wanted[start : start + _UIDS_A_READ]})
            found.update((one.uid, one) for one in self._hashes.filled([credential_of(row) for row in rows]))
        return found

    def get_for_update(self, credential_id: str) -> CredentialRecord | None:
        """Find a credential and lock its row until the unit of work ends."""
        return self._find(credential_id, lock=self._transaction.writes and not self._transaction.is_sqlite)

    def _find(self, credential_id: str, *, lock: bool) -> CredentialRecord | None:
        if "\x00" in credential_id:
            # No database keeps it, and PostgreSQL cannot even be asked for it; ids of strangers' tokens may hold it.
            return None
        uid = uid_from_text(credential_id)
        row = None
        if uid is not None:
            row = self._transaction.row(_locked(_BY_UID) if lock else _BY_UID, {"uid": uid})
        if row is None:
            statement = _locked(_BY_EXTERNAL_ID) if lock else _BY_EXTERNAL_ID
            row = self._transaction.row(statement, {"external_id": credential_id})
        return None if row is None else self._hashes.one(credential_of(row))

    def set_transaction_hash(self, uid: UUID, transaction_hash: str) -> None:
        """Record where a credential issued alone was anchored."""
        self._transaction.change(_SET_HASH, {"which": uid, "new_hash": transaction_hash})

    def set_status(
        self,
        uid: UUID,
        status: CredentialStatus,
        *,
        revoked_at: datetime | None,
        reason_code: ReasonCode | None,
        reason: str | None,
        suspended_alone: bool = False,
    ) -> None:
        """Record a state.

        Raises:
            StateConflict: There is no such credential.
        """
        changed = self._transaction.change(
            _SET_STATUS,
            {
                "which": uid,
                "new_status": status.value,
                "new_revoked_at": revoked_at,
                "new_reason_code": None if reason_code is None else reason_code.value,
                "new_reason": reason,
                "new_suspended_alone": suspended_alone,
            },
        )
        if changed != 1:
            raise StateConflict("This credential is not stored here.")

    def list(
        self, wanted: CredentialFilter, *, now: datetime, limit: int, cursor: str | None
    ) -> Page[CredentialRecord]:
        """List credentials, newest first.

        Raises:
            InvalidPagination: The cursor is not of this list.
        """
        before = None if cursor is None else uid_of(cursor)
        uids = self._page(wanted, now, PageKey(before, limit + 1))
        shown = uids[:limit]
        rows = self._transaction.rows(_BY_UIDS, {"uids": shown}) if shown else ()
        items = self._hashes.filled([credential_of(row) for row in rows])
        return Page(items, uid_cursor(shown[-1]) if len(uids) > limit and shown else None)

    def count_active(self, issuer_did: str, now: datetime) -> int:
        """Count an issuer's credentials that are valid now."""
        row = self._transaction.row(_COUNT_ACTIVE, {"issuer_did": issuer_did, "now": now})
        return int(row[0]) if row is not None else 0

    def after(self, uid: UUID | None, limit: int) -> tuple[CredentialRecord, ...]:
        """List all credentials in order of id, from behind `uid`."""
        if uid is None:
            rows = self._transaction.rows(_FIRST, {"how_many": limit})
        else:
            rows = self._transaction.rows(_AFTER, {"uid": uid, "how_many": limit})
        return tuple(credential_of(row) for row in rows)

    def lock_many(self, uids: Collection[UUID]) -> tuple[CredentialRecord, ...]:
        """Find credentials and lock their rows, in order of id."""
        return lock_credentials(self._transaction, uids)

    def lock_copies(self, sources: Collection[UUID]) -> tuple[CredentialRecord, ...]:
        """Find every further form of some credentials and lock their rows, in order of id."""
        return lock_copies(self._transaction, sources)

    def revoke_many(self, uids: Collection[UUID], *, at: datetime, reason_code: ReasonCode, reason: str) -> None:
        """Record that credentials were revoked.

        Raises:
            StateConflict: One of them is not there.
        """
        if revoke_credentials(self._transaction, uids, at, reason_code, reason) != len(uids):
            raise StateConflict("A credential is not stored here.")

    def copies_of(self, uid: UUID) -> tuple[CredentialRecord, ...]:
        """List the further forms of a credential, oldest first: all of them, for none may outlive their source."""
        rows = self._transaction.rows(_COPIES, {"source": uid})
        return tuple(credential_of(row) for row in rows)

    def _page(self, wanted: CredentialFilter, now: datetime, key: PageKey) -> Sequence[UUID]:
        type_sets_wanted = None if wanted.credential_type is None else self._sets_with(wanted.credential_type)
        found: set[UUID] = set()
        for part in _in_turns(wanted, len(type_sets_wanted) if type_sets_wanted is not None else 1):
            statement = page_of_ids(part, type_sets_wanted, now=now, key=key)
            if statement is not None:
                found.update(row.uid for row in self._transaction.rows(statement))
        return sorted(found, reverse=True)[: key.limit]

    def _sets_with(self, credential_type: str) -> Sequence[bytes]:
        return [row.type_set for row in self._transaction.rows(_TYPE_SETS) if credential_type in read_texts(row.types)]


def _locked(statement: sa.Select[tuple[object, ...]]) -> sa.Select[tuple[object, ...]]:
    return statement.with_for_update(of=credentials)


def _in_turns(wanted: CredentialFilter, factor: int) -> Sequence[CredentialFilter]:
    """Cut a filter that names very many visible DIDs into several that name few."""
    issuers, holders = wanted.visible_issuers, wanted.visible_holders
    if issuers is None and holders is None:
        return (wanted,)
    size = max(1, _MOST_RUNS // max(1, factor))
    if len(issuers or ()) + len(holders or ()) <= size:
        return (wanted,)
    return (
        *(_narrowed(wanted, part, frozenset()) for part in _cut(issuers, size)),
        *(_narrowed(wanted, frozenset(), part) for part in _cut(holders, size)),
    )


def _narrowed(wanted: CredentialFilter, issuers: frozenset[str], holders: frozenset[str]) -> CredentialFilter:
    return CredentialFilter(
        issuer_did=wanted.issuer_did,
        holder_did=wanted.holder_did,
        schema_id=wanted.schema_id,
        credential_type=wanted.credential_type,
        status=wanted.status,
        batch_id=wanted.batch_id,
        visible_issuers=issuers,
        visible_holders=holders,
    )


def _cut(dids: frozenset[str] | None, size: int) -> Sequence[frozenset[str]]:
    ordered = sorted(dids or ())
    return [frozenset(ordered[start : start + size]) for start in range(0, len(ordered), size)]
