"""Revoking, suspending and reinstating: the state, its published bit and its audit row in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.credentials import CredentialRecord, CredentialStatus, ReasonCode, StatusPurpose
from sealwright.domain.errors import (
    AlreadyRevoked,
    CredentialNotFound,
    DomainError,
    NotIssuerOfCredential,
    NotRevocable,
    NotSuspendable,
    StateConflict,
)
from sealwright.domain.people import Caller
from sealwright.services.access import Access
from sealwright.services.acts import Acts
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.services.registry import Registry

_EVENT: Final = {
    CredentialStatus.REVOKED: "credential.revoked",
    CredentialStatus.SUSPENDED: "credential.suspended",
    CredentialStatus.VALID: "credential.reinstated",
}


@dataclass(frozen=True, slots=True)
class RevokedItem:
    """What became of one credential of a list."""

    credential_id: str
    error: Exception | None


class RevocationDesk:
    """The engine of status changes."""

    def __init__(self, access: Access, acts: Acts, clock: Clock) -> None:
        self._access = access
        self._acts = acts
        self._clock = clock

    def revoke(
        self,
        uow: UnitOfWork,
        caller: Caller,
        credential_id: str,
        reason: str,
        reason_code: ReasonCode = ReasonCode.UNSPECIFIED,
        *,
        dry_run: bool = False,
    ) -> CredentialRecord:
        """Revoke for ever.

        Raises:
            CredentialNotFound, NotIssuerOfCredential: Not there, or another issuer's.
            NotRevocable: Issued without a status entry.
            AlreadyRevoked: It is.
        """
        record = self._locked(uow, caller, credential_id)
        if not record.revocable:
            raise NotRevocable("This credential was issued without a revocation entry.")
        if record.status is CredentialStatus.REVOKED:
            raise AlreadyRevoked("This credential is revoked already.")
        if record.status_at(self._clock.now()) is CredentialStatus.EXPIRED:
            raise StateConflict("This credential has expired.")
        return self._move(
            uow, caller, record, CredentialStatus.REVOKED, reason=reason, reason_code=reason_code, dry_run=dry_run
        )

    def suspend(
        self,
        uow: UnitOfWork,
        caller: Caller,
        credential_id: str,
        reason: str,
        reason_code: ReasonCode = ReasonCode.UNSPECIFIED,
        *,
        dry_run: bool = False,
    ) -> CredentialRecord:
        """Suspend until reinstated; suspending a suspended credential changes nothing.

        Raises:
            CredentialNotFound, NotIssuerOfCredential: Not there, or another issuer's.
            NotSuspendable: Issued without a suspension entry.
            AlreadyRevoked, StateConflict: Revoked or expired.
        """
        record = self._suspendable(uow, caller, credential_id)
        if record.status is CredentialStatus.SUSPENDED:
            return record
        return self._move(
            uow, caller, record, CredentialStatus.SUSPENDED, reason=reason, reason_code=reason_code, dry_run=dry_run
        )

    def reinstate(
        self,
        uow: UnitOfWork,
        caller: Caller,
        credential_id: str,
        reason: str,
        reason_code: ReasonCode = ReasonCode.UNSPECIFIED,
        *,
        dry_run: bool = False,
    ) -> CredentialRecord:
        """Take a suspension back; reinstating a valid credential changes nothing. Raises as `suspend`."""
        record = self._suspendable(uow, caller, credential_id)
        if record.status is CredentialStatus.VALID:
            return record
        return self._move(
            uow, caller, record, CredentialStatus.VALID, reason=reason, reason_code=reason_code, dry_run=dry_run
        )

    def batch_revoke(
        self,
        caller: Caller,
        credential_ids: Sequence[str],
        reason: str,
        reason_code: ReasonCode = ReasonCode.UNSPECIFIED,
        *,
        dry_run: bool = False,
    ) -> tuple[RevokedItem, ...]:
        """Revoke one by one, each in a transaction of its own, in order; one failure stops nobody else."""
        items = []
        for credential_id in credential_ids:
            try:
                self._acts.run(
                    caller,
                    lambda uow, present, one=credential_id: self.revoke(  # type: ignore[misc]
                        uow, present, one, reason, reason_code, dry_run=dry_run
                    ),
                )
            except DomainError as error:
                items.append(RevokedItem(credential_id, error))
            else:
                items.append(RevokedItem(credential_id, None))
        return tuple(items)

    def _suspendable(self, uow: UnitOfWork, caller: Caller, credential_id: str) -> CredentialRecord:
        record = self._locked(uow, caller, credential_id)
        if not record.suspendable:
            raise NotSuspendable("This credential was issued without a suspension entry.")
        if record.status is CredentialStatus.REVOKED:
            raise AlreadyRevoked("This credential is revoked.")
        if record.status_at(self._clock.now()) is CredentialStatus.EXPIRED:
            raise StateConflict("This credential has expired.")
        return record

    def _locked(self, uow: UnitOfWork, caller: Caller, credential_id: str) -> CredentialRecord:
        record = uow.credentials.get_for_update(credential_id)
        if record is None:
            raise CredentialNotFound("No such credential.")
        view = Registry.within(uow, caller.epoch)
        issuer = view.did(record.issuer_did)
        if issuer is None or not self._access.may_act_for(caller, issuer):
            raise NotIssuerOfCredential("This credential was issued by another issuer.")
        return record

    def _move(
        self,
        uow: UnitOfWork,
        caller: Caller,
        record: CredentialRecord,
        to: CredentialStatus,
        *,
        reason: str,
        reason_code: ReasonCode,
        dry_run: bool,
    ) -> CredentialRecord:
        now = self._clock.now()
        is_revocation = to is CredentialStatus.REVOKED
        moved = replace(
            record,
            status=to,
            revoked_at=now if is_revocation else None,
            reason_code=reason_code if to is not CredentialStatus.VALID else None,
            reason=reason,
        )
        if dry_run:
            return moved
        uow.credentials.set_status(
            record.uid, to, revoked_at=moved.revoked_at, reason_code=moved.reason_code, reason=reason
        )
        if record.place is not None:
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
                data={"issuerDid": record.issuer_did, "reasonCode": reason_code.value},
            )
        )
        return moved
