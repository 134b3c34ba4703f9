"""Revoking many credentials that have no grant in one transaction: all that one revocation does, list after list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sealwright.domain.credentials import CredentialRecord, CredentialStatus
from sealwright.domain.errors import AlreadyRevoked, CredentialNotFound, DomainError, NotRevocable, StateConflict
from sealwright.domain.people import Caller
from sealwright.services.offer_effects import credentials_ended
from sealwright.services.ports import UnitOfWork
from sealwright.services.status_moves import Cause, fits, move_credentials


def revocation_refusal(record: CredentialRecord, now: datetime) -> DomainError | None:
    """Say why a credential cannot be revoked; None where it can."""
    if not record.revocable:
        return NotRevocable("This credential was issued without a revocation entry.")
    if record.status is CredentialStatus.REVOKED:
        return AlreadyRevoked("This credential is revoked already.")
    if record.status_at(now) is CredentialStatus.EXPIRED:
        return StateConflict("This credential has expired.")
    return None


def revoke_together(
    uow: UnitOfWork, caller: Caller, uids: Sequence[UUID], cause: Cause, now: datetime
) -> Mapping[UUID, DomainError | None]:
    """Revoke credentials without a grant, and every further form of them; gives for each why it was not.

    Rows are locked as single acts lock them: sources before their forms, both in order of id; then offers, then
    status lists in order.

    Args:
        uids: None of them has a grant.
    """
    locked = _locked(uow, uids)
    outcome: dict[UUID, DomainError | None] = {}
    ending: dict[UUID, CredentialRecord] = {}
    for uid in uids:
        record = locked.get(uid)
        if record is None:
            outcome[uid] = CredentialNotFound("No such credential.")
            continue
        outcome[uid] = revocation_refusal(record, now)
        if outcome[uid] is None:
            ending[uid] = record
    for record in locked.values():
        if record.copy_of in ending and fits(record, CredentialStatus.REVOKED, now):
            ending[record.uid] = record
    if ending:
        records = [ending[uid] for uid in sorted(ending)]
        credentials_ended(uow, caller, [record.credential_id for record in records], now)
        move_credentials(uow, caller, records, CredentialStatus.REVOKED, cause=cause, now=now)
    return outcome


def _locked(uow: UnitOfWork, uids: Sequence[UUID]) -> Mapping[UUID, CredentialRecord]:
    seen = uow.credentials.get_many(uids)
    sources = {record.copy_of or record.uid for record in seen.values()}
    found = {record.uid: record for record in uow.credentials.lock_many(sorted(sources))}
    found.update((record.uid, record) for record in uow.credentials.lock_copies(sorted(sources)))
    return found
