"""Ending many credentials in one transaction: their rows locked in one order, and changed by one statement."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from sealwright.domain.credentials import CredentialRecord, CredentialStatus, ReasonCode
from sealwright.storage.credential_rows import CREDENTIAL, credential_of
from sealwright.storage.tables import credentials
from sealwright.storage.transaction import Transaction

_UID: Final = credentials.c.uid.type
_UIDS: Final = sa.bindparam("uids", expanding=True, type_=_UID)
# In order of id, so that two who lock some of the same rows never wait for each other.
_LOCKED: Final = CREDENTIAL.where(credentials.c.uid.in_(_UIDS)).order_by(credentials.c.uid)
# As text, so that both databases see the condition of the index in it.
_COPIES: Final = CREDENTIAL.where(sa.text("copy_of IS NOT NULL"), credentials.c.copy_of.in_(_UIDS)).order_by(
    credentials.c.uid
)
_REVOKE: Final = (
    sa.update(credentials)
    .where(credentials.c.uid.in_(_UIDS))
    .values(
        status=CredentialStatus.REVOKED.value,
        revoked_at=sa.bindparam("new_revoked_at", type_=credentials.c.revoked_at.type),
        reason_code=sa.bindparam("new_reason_code"),
        reason=sa.bindparam("new_reason"),
        suspended_alone=False,
    )
)


def lock_credentials(transaction: Transaction, uids: Collection[UUID]) -> tuple[CredentialRecord, ...]:
    """Find credentials and lock their rows, in order of id, until the unit of work ends."""
    return _found(transaction, _LOCKED, uids)


def lock_copies(transaction: Transaction, sources: Collection[UUID]) -> tuple[CredentialRecord, ...]:
    """Find every further form of some credentials and lock their rows, in order of id."""
    return _found(transaction, _COPIES, sources)


def revoke_credentials(
    transaction: Transaction, uids: Collection[UUID], at: datetime, reason_code: ReasonCode, reason: str
) -> int:
    """Record that credentials were revoked; gives how many rows that were."""
    if not uids:
        return 0
    values = {"uids": list(uids), "new_revoked_at": at, "new_reason_code": reason_code.value, "new_reason": reason}
    return transaction.change(_REVOKE, values)


def _found(transaction: Transaction, statement: sa.Select[Any], uids: Collection[UUID]) -> tuple[CredentialRecord, ...]:
    if not uids:
        return ()
    lock = transaction.writes and not transaction.is_sqlite
    wanted = statement.with_for_update(of=credentials) if lock else statement
    return tuple(credential_of(row) for row in transaction.rows(wanted, {"uids": list(uids)}))
