"""Moving a credential's state: the row, its published bit and its audit row together, whoever had the right to ask."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.credentials import CredentialRecord, CredentialStatus, ReasonCode, StatusPurpose
from sealwright.domain.effects import Effects
from sealwright.domain.people import Caller
from sealwright.services.ports import UnitOfWork

_EVENT: Final = {
    CredentialStatus.REVOKED: "credential.revoked",
    CredentialStatus.SUSPENDED: "credential.suspended",
    CredentialStatus.VALID: "credential.reinstated",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a state changes: words for the office and the holder, a code for the public."""

    reason: str
    code: ReasonCode = ReasonCode.UNSPECIFIED


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A credential after an act on its state, and what that did to a grant; `effects` is None without one."""

    record: CredentialRecord
    effects: Effects | None = None


def moved(record: CredentialRecord, to: CredentialStatus, cause: Cause, now: datetime) -> CredentialRecord:
    """Give the credential as it would be."""
    return replace(
        record,
        status=to,
        revoked_at=now if to is CredentialStatus.REVOKED else None,
        reason_code=cause.code if to is not CredentialStatus.VALID else None,
        reason=cause.reason,
    )


def move_credential(
    uow: UnitOfWork,
    caller: Caller,
    record: CredentialRecord,
    to: CredentialStatus,
    *,
    cause: Cause,
    now: datetime,
) -> CredentialRecord:
    """Carry a change of state out on a credential whose row is locked, and whose grant, if it has one, is too."""
    after = moved(record, to, cause, now)
    uow.credentials.set_status(
        record.uid, to, revoked_at=after.revoked_at, reason_code=after.reason_code, reason=cause.reason
    )
    if record.place is not None:
        is_revocation = to is CredentialStatus.REVOKED
        purpose = StatusPurpose.REVOCATION if is_revocation else StatusPurpose.SUSPENSION
        value = to is not CredentialStatus.VALID
        uow.status_lists.set_bits(record.place.list_id, purpose, [record.place.index], value=value, at=now)
    uow.audit.append(
        AuditEntry(
            actor=caller.actor,
            request_id=caller.request_id,
            action=_EVENT[to],
            object_type="credential",
            object_id=record.credential_id,
            at=now,
            before={"status": record.status.value},
            after={"status": to.value},
            data={"issuerDid": record.issuer_did, "reasonCode": cause.code.value},
        )
    )
    return after
