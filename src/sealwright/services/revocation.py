"""Revoking, suspending and reinstating by credential id, and with a grant's primary credential the grant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sealwright.domain.credentials import CredentialRecord, CredentialStatus, ReasonCode
from sealwright.domain.delegations import Delegation
from sealwright.domain.errors import (
    AlreadyRevoked,
    CredentialNotFound,
    DomainError,
    NotIssuerOfCredential,
    NotSuspendable,
    StateConflict,
)
from sealwright.domain.grants import Grant
from sealwright.domain.ids import credential_urn
from sealwright.domain.people import Caller
from sealwright.services.access import Access
from sealwright.services.acts import Acts
from sealwright.services.catalog_builtin import DELEGATION_SCHEMAS
from sealwright.services.delegation_events import delegation_moves
from sealwright.services.delegation_pausing import holds_higher, require_may_resume
from sealwright.services.grant_moves import GrantChange, GrantMoves
from sealwright.services.mass_revoking import revocation_refusal
from sealwright.services.offer_effects import credential_ended
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.services.registry import Registry
from sealwright.services.status_moves import (
    Cause,
    StatusChange,
    is_suspended_by_source,
    move_credentials,
    moved,
    moving,
)


@dataclass(frozen=True, slots=True)
class RevokedItem:
    """What became of one credential of a list."""

    credential_id: str
    error: Exception | None


@dataclass(frozen=True, slots=True)
class _Locked:
    """A credential and, if it is a grant's primary one and that is in force, the grant; both rows are locked."""

    record: CredentialRecord
    grant: Grant | None


@dataclass(frozen=True, slots=True)
class _Goal:
    to: CredentialStatus
    cause: Cause


class RevocationDesk:
    """The engine of status changes."""

    def __init__(self, access: Access, acts: Acts, grants: GrantMoves, clock: Clock) -> None:
        self._access = access
        self._acts = acts
        self._grants = grants
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
    ) -> StatusChange:
        """Revoke for ever, all forms of it too; a grant whose primary credential this is ends with it.

        Raises as `revoke_for`.
        """
        return self.revoke_for(uow, caller, credential_id, Cause(reason, reason_code), dry_run=dry_run)

    def revoke_for(
        self, uow: UnitOfWork, caller: Caller, credential_id: str, cause: Cause, *, dry_run: bool = False
    ) -> StatusChange:
        """Do the same for a cause that may name the mass act that it belongs to.

        Raises:
            CredentialNotFound, NotIssuerOfCredential: Not there, or another issuer's.
            NotRevocable: Issued without a status entry.
            AlreadyRevoked: It is.
            StateConflict: It has expired.
        """
        locked = self._locked(uow, caller, credential_id)
        record = locked.record
        refusal = revocation_refusal(record, self._clock.now())
        if refusal is not None:
            raise refusal
        if locked.grant is not None:
            change = self._grants.revoke(uow, caller, locked.grant, cause, dry_run=dry_run)
            return self._with_grant(change, record, CredentialStatus.REVOKED, cause)
        return self._alone(uow, caller, record, _Goal(CredentialStatus.REVOKED, cause), dry_run=dry_run)

    def suspend(
        self,
        uow: UnitOfWork,
        caller: Caller,
        credential_id: str,
        reason: str,
        reason_code: ReasonCode = ReasonCode.UNSPECIFIED,
        *,
        dry_run: bool = False,
    ) -> StatusChange:
        """Suspend until reinstated, the grant too; suspending a suspended credential changes nothing.

        A further form that was suspended with its source stays suspended when that is reinstated, once this was asked.

        Raises:
            CredentialNotFound, NotIssuerOfCredential: Not there, or another issuer's.
            NotSuspendable: Issued without a suspension entry.
            AlreadyRevoked, StateConflict: Revoked or expired.
        """
        locked = self._suspendable(uow, caller, credential_id)
        if locked.record.status is CredentialStatus.SUSPENDED and not is_suspended_by_source(locked.record):
            if not dry_run:
                self._pause_higher(uow, caller, locked.record)
            return StatusChange(locked.record)
        to, cause = CredentialStatus.SUSPENDED, Cause(reason, reason_code)
        if locked.grant is not None:
            change = self._grants.suspend(uow, caller, locked.grant, cause, dry_run=dry_run)
            return self._with_grant(change, locked.record, to, cause)
        return self._alone(uow, caller, locked.record, _Goal(to, cause), dry_run=dry_run)

    def reinstate(
        self,
        uow: UnitOfWork,
        caller: Caller,
        credential_id: str,
        reason: str,
        reason_code: ReasonCode = ReasonCode.UNSPECIFIED,
        *,
        dry_run: bool = False,
    ) -> StatusChange:
        """Take a suspension back; reinstating a valid credential changes nothing.

        Raises:
            As `suspend`; StateConflict also for a further form whose source is suspended.
            NotDIDOwner: A delegation that somebody further up in its chain has suspended.
        """
        locked = self._suspendable(uow, caller, credential_id)
        if locked.record.status is CredentialStatus.VALID:
            return StatusChange(locked.record)
        _require_source_open(uow, locked.record)
        chain = _chain_of(uow, locked.record)
        if chain:
            require_may_resume(uow, caller, chain, Registry.within(uow, caller.epoch))
        to, cause = CredentialStatus.VALID, Cause(reason, reason_code)
        if locked.grant is not None:
            change = self._grants.reinstate(uow, caller, locked.grant, cause, dry_run=dry_run)
            return self._with_grant(change, locked.record, to, cause)
        return self._alone(uow, caller, locked.record, _Goal(to, cause), dry_run=dry_run)

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

    def _pause_higher(self, uow: UnitOfWork, caller: Caller, record: CredentialRecord) -> None:
        """Put on record that a delegation, which is paused, is paused for somebody further up, too."""
        chain = _chain_of(uow, record)
        if chain and holds_higher(uow, caller, chain, Registry.within(uow, caller.epoch)):
            uow.audit.append(*delegation_moves(uow, caller, [record], CredentialStatus.SUSPENDED, self._clock.now()))

    def _suspendable(self, uow: UnitOfWork, caller: Caller, credential_id: str) -> _Locked:
        locked = self._locked(uow, caller, credential_id)
        record = locked.record
        if not record.suspendable:
            raise NotSuspendable("This credential was issued without a suspension entry.")
        if record.status is CredentialStatus.REVOKED:
            raise AlreadyRevoked("This credential is revoked.")
        if record.status_at(self._clock.now()) is CredentialStatus.EXPIRED:
            raise StateConflict("This credential has expired.")
        return locked

    def _locked(self, uow: UnitOfWork, caller: Caller, credential_id: str) -> _Locked:
        seen = uow.credentials.get(credential_id)
        if seen is None:
            raise CredentialNotFound("No such credential.")
        view = Registry.within(uow, caller.epoch)
        issuer = view.did(seen.issuer_did)
        if issuer is None or not self._access.may_act_for(caller, issuer):
            raise NotIssuerOfCredential("This credential was issued by another issuer.")
        # The grant's row first: acts on grants lock it before the credential's, and so must this one.
        grant = uow.grants.get_for_update(seen.grant_id) if seen.grant_id is not None else None
        if seen.copy_of is not None:
            # An act on the source locks its copies after it.
            uow.credentials.get_for_update(credential_urn(seen.copy_of))
        record = uow.credentials.get_for_update(credential_id)
        if record is None:
            raise CredentialNotFound("No such credential.")
        is_primary = grant is not None and grant.credential_id == record.credential_id
        in_force = grant is not None and grant.is_in_force(self._clock.now())
        return _Locked(record, grant if is_primary and in_force else None)

    def _with_grant(
        self, change: GrantChange, record: CredentialRecord, to: CredentialStatus, cause: Cause
    ) -> StatusChange:
        shown = change.credential
        if shown is None or shown.status is not to:
            shown = moved(record, to, cause, self._clock.now())
        return StatusChange(shown, change.effects)

    def _alone(
        self, uow: UnitOfWork, caller: Caller, record: CredentialRecord, goal: _Goal, *, dry_run: bool
    ) -> StatusChange:
        now = self._clock.now()
        if dry_run:
            return StatusChange(moved(record, goal.to, goal.cause, now))
        records = moving(uow, record, goal.to, now)
        if goal.to is CredentialStatus.REVOKED:
            for one in records:
                credential_ended(uow, caller, one.credential_id, now)
        after = move_credentials(uow, caller, records, goal.to, cause=goal.cause, now=now)
        return StatusChange(next(one for one in after if one.uid == record.uid))


def _chain_of(uow: UnitOfWork, record: CredentialRecord) -> tuple[Delegation, ...]:
    """The chain of the delegation that a credential is, the root first; empty for any other."""
    return uow.delegations.chain(record.credential_id) if record.schema_id in DELEGATION_SCHEMAS else ()


def _require_source_open(uow: UnitOfWork, record: CredentialRecord) -> None:
    source = uow.credentials.get(credential_urn(record.copy_of)) if record.copy_of is not None else None
    if source is not None and source.status is CredentialStatus.SUSPENDED:
        raise StateConflict("The credential that this form was made from is suspended; reinstate that one.")
