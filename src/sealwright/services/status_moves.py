"""Moving a credential's state: the row, its published bit and its audit row together, whoever had the right to ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.credentials import CredentialRecord, CredentialStatus, ReasonCode, StatusPurpose
from sealwright.domain.effects import Effects
from sealwright.domain.ids import credential_urn
from sealwright.domain.people import Caller
from sealwright.services.delegation_events import delegation_moves
from sealwright.services.ports import UnitOfWork
from sealwright.vc.encoding.strict_json import JSONValue

_EVENT: Final = {
    CredentialStatus.REVOKED: "credential.revoked",
    CredentialStatus.SUSPENDED: "credential.suspended",
    CredentialStatus.VALID: "credential.reinstated",
}
_BEFORE: Final = {
    CredentialStatus.SUSPENDED: CredentialStatus.VALID,
    CredentialStatus.VALID: CredentialStatus.SUSPENDED,
}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a state changes: words for the office and the holder, a code for the public.

    Args:
        batch_id: The mass act that it belongs to, for the audit trail.
    """

    reason: str
    code: ReasonCode = ReasonCode.UNSPECIFIED
    batch_id: str | None = None


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A credential after an act on its state, and what that did to a grant; `effects` is None without one."""

    record: CredentialRecord
    effects: Effects | None = None


def moved(
    record: CredentialRecord, to: CredentialStatus, cause: Cause, now: datetime, *, alone: bool = False
) -> CredentialRecord:
    """Give the credential as it would be; `alone` tells that a further form moves without its source."""
    return replace(
        record,
        status=to,
        revoked_at=now if to is CredentialStatus.REVOKED else None,
        reason_code=cause.code if to is not CredentialStatus.VALID else None,
        reason=cause.reason,
        suspended_alone=alone and to is CredentialStatus.SUSPENDED,
    )


def fits(record: CredentialRecord, to: CredentialStatus, now: datetime) -> bool:
    """Tell whether there is anything to move: what is revoked or has expired says so by itself."""
    status = record.status_at(now)
    if to is CredentialStatus.REVOKED:
        return record.revocable and status in (CredentialStatus.VALID, CredentialStatus.SUSPENDED)
    return record.suspendable and status is _BEFORE[to]


def moving(
    uow: UnitOfWork, record: CredentialRecord, to: CredentialStatus, now: datetime
) -> tuple[CredentialRecord, ...]:
    """A credential whose row is locked, and its further forms, locked now, as far as there is a state to change.

    A form comes alone. One that was suspended so stays suspended when its source is reinstated, whichever of the two
    was suspended first.
    """
    if record.copy_of is not None:
        follows = to is CredentialStatus.SUSPENDED and is_suspended_by_source(record)
        return (record,) if follows or fits(record, to, now) else ()
    found = (uow.credentials.get_for_update(copy.credential_id) for copy in uow.credentials.copies_of(record.uid))
    stays = to is CredentialStatus.VALID
    copies = (copy for copy in found if copy is not None and not (stays and copy.suspended_alone))
    return tuple(one for one in (record, *copies) if fits(one, to, now))


def is_suspended_by_source(record: CredentialRecord) -> bool:
    """Tell whether a further form is suspended for no other reason than that its source is."""
    is_copy = record.copy_of is not None
    return is_copy and record.status is CredentialStatus.SUSPENDED and not record.suspended_alone


def move_credentials(
    uow: UnitOfWork,
    caller: Caller,
    records: Sequence[CredentialRecord],
    to: CredentialStatus,
    *,
    cause: Cause,
    now: datetime,
) -> tuple[CredentialRecord, ...]:
    """Carry a change of state out on credentials whose rows are locked, and whose grants, if they have any, are too."""
    together = frozenset(record.uid for record in records)
    after = tuple(
        moved(record, to, cause, now, alone=record.copy_of is not None and record.copy_of not in together)
        for record in records
    )
    _set_states(uow, after, to, cause, now)
    _set_bits(uow, after, to, now)
    uow.audit.append(
        *(
            AuditEntry(
                actor=caller.actor,
                request_id=caller.request_id,
                action=_EVENT[to],
                object_type="credential",
                object_id=record.credential_id,
                at=now,
                before={"status": record.status.value},
                after={"status": to.value},
                data=_told(record, cause),
            )
            for record in records
        ),
        *delegation_moves(uow, caller, records, to, now),
    )
    return after


def _set_states(
    uow: UnitOfWork, after: Sequence[CredentialRecord], to: CredentialStatus, cause: Cause, now: datetime
) -> None:
    if to is CredentialStatus.REVOKED and len(after) > 1:
        uow.credentials.revoke_many([one.uid for one in after], at=now, reason_code=cause.code, reason=cause.reason)
        return
    for one in after:
        uow.credentials.set_status(
            one.uid,
            to,
            revoked_at=one.revoked_at,
            reason_code=one.reason_code,
            reason=cause.reason,
            suspended_alone=one.suspended_alone,
        )


def _told(record: CredentialRecord, cause: Cause) -> dict[str, JSONValue]:
    # By its schema, reviewers of a type hear of it.
    data: dict[str, JSONValue] = {
        "issuerDid": record.issuer_did,
        "schemaId": record.schema_id,
        "reasonCode": cause.code.value,
    }
    if record.grant_id is not None:
        data["grantId"] = record.grant_id
    if cause.batch_id is not None:
        data["batchId"] = cause.batch_id
    return {**data, "copyOf": credential_urn(record.copy_of)} if record.copy_of is not None else data


def _set_bits(uow: UnitOfWork, records: Sequence[CredentialRecord], to: CredentialStatus, now: datetime) -> None:
    """Set or clear the published bits, list after list in one order everywhere: no two acts wait for each other."""
    purpose = StatusPurpose.REVOCATION if to is CredentialStatus.REVOKED else StatusPurpose.SUSPENSION
    by_list: dict[str, list[int]] = {}
    for record in records:
        if record.place is not None:
            by_list.setdefault(record.place.list_id, []).append(record.place.index)
    for list_id, indexes in sorted(by_list.items()):
        uow.status_lists.set_bits(list_id, purpose, indexes, value=to is not CredentialStatus.VALID, at=now)
