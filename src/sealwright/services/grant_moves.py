"""Ending, suspending and reinstating grants: the grant, its credential, its published bit and who is told, in one act.

Whoever asks holds the grant's row lock; the credential's row and the status list are locked after it, always in
this order, so that no two acts wait for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.credentials import CredentialRecord, CredentialStatus
from sealwright.domain.effect_lines import NO_CHANGE, revoke_line
from sealwright.domain.effects import Effects
from sealwright.domain.errors import AlreadyRevoked, NotSuspendable, StateConflict
from sealwright.domain.grants import Grant, GrantStatus
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import Actor, Caller, system_actor
from sealwright.services.notices import NoticeDesk
from sealwright.services.offer_effects import grant_ended
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.services.status_moves import Cause, move_credentials, moving
from sealwright.services.tasks import SIGN_GRANTS
from sealwright.services.workflow_effects import WorkflowChange, WorkflowEffects

CLOCK_CALLER: Final = Caller(system_actor("expiry"), 0)


@dataclass(frozen=True, slots=True)
class GrantChange:
    """A grant after a move, what it did, and its credential if that moved too."""

    grant: Grant
    effects: Effects
    credential: CredentialRecord | None = None


@dataclass(frozen=True, slots=True)
class _Pause:
    """A grant's way into a suspension or out of it."""

    to: GrantStatus
    effects: Effects
    cause: Cause


class GrantMoves:
    """The engine of what becomes of grants once they are made."""

    def __init__(self, notices: NoticeDesk, workflows: WorkflowEffects, clock: Clock) -> None:
        self._notices = notices
        self._workflows = workflows
        self._clock = clock

    def revoke(
        self,
        uow: UnitOfWork,
        caller: Caller,
        grant: Grant,
        cause: Cause,
        *,
        tells: bool = True,
        dry_run: bool = False,
    ) -> GrantChange:
        """End a grant for ever, and its primary credential with all forms of it.

        Args:
            grant: Its row is locked.
            cause: The holder may read its words.
            tells: False where the holder is told otherwise.

        Raises:
            AlreadyRevoked: It is.
            StateConflict: It has expired.
        """
        now = self._clock.now()
        status = grant.status_at(now)
        if status is GrantStatus.REVOKED:
            raise AlreadyRevoked("This grant is revoked already.")
        if status is GrantStatus.EXPIRED:
            raise StateConflict("This grant has expired.")
        kind = uow.types.get(grant.credential_type)
        change = self._workflows.lost(uow, grant, kind, apply=not dry_run)
        record = self._credential(uow, grant)
        ending = _moving(uow, record, CredentialStatus.REVOKED, now)
        after = replace(
            grant,
            status=GrantStatus.REVOKED,
            revoked_at=now,
            revoked_by=caller.user_id,
            reason=cause.reason,
            sign_after=None,
            version=grant.version + 1,
        )
        effects = Effects(
            changed=True,
            summary=revoke_line(
                grant.credential_type,
                credentials=len(ending),
                kept=len(change.steps_kept),
                released=len(change.steps_released),
                series=len(change.series_claims_released),
            ),
            policy=kind.revocation_policy if kind is not None else None,
            grants_revoked=(grant.grant_id,),
            credentials_revoked=tuple(one.credential_id for one in ending),
            workflow_roles_closed=change.roles_closed,
            steps_kept=change.steps_kept,
            steps_released=change.steps_released,
            series_claims_released=change.series_claims_released,
        )
        if dry_run:
            return GrantChange(after, effects, record if record in ending else None)
        uow.grants.update(after)
        grant_ended(uow, caller, grant.grant_id, now)
        self._record(uow, caller, "grant.revoked", grant, after, reasonCode=cause.code.value)
        ended = move_credentials(uow, caller, ending, CredentialStatus.REVOKED, cause=cause, now=now)
        if tells:
            self._tell(uow, NoticeKind.REVOKED, after)
        return GrantChange(after, effects, _same(record, ended))

    def suspend(
        self,
        uow: UnitOfWork,
        caller: Caller,
        grant: Grant,
        cause: Cause,
        *,
        dry_run: bool = False,
    ) -> GrantChange:
        """Close an active grant until it is reinstated; a suspended one stays as it is.

        Raises:
            NotSuspendable: Its credential has no suspension entry, or will have none.
            AlreadyRevoked, StateConflict: It has ended.
        """
        self._require_in_force(grant)
        if grant.status is GrantStatus.SUSPENDED:
            return GrantChange(grant, NO_CHANGE, self._credential(uow, grant))
        change = self._workflows.suspended(uow, grant)
        effects = Effects(
            changed=True,
            summary=f"Suspends {grant.credential_type} until it is reinstated.",
            workflow_roles_closed=change.roles_closed,
        )
        pause = _Pause(GrantStatus.SUSPENDED, effects, cause)
        return self._pause(uow, caller, grant, pause, dry_run=dry_run)

    def reinstate(
        self,
        uow: UnitOfWork,
        caller: Caller,
        grant: Grant,
        cause: Cause,
        *,
        dry_run: bool = False,
    ) -> GrantChange:
        """Open a suspended grant again; an active one stays as it is. Raises as `suspend`."""
        self._require_in_force(grant)
        if grant.status is GrantStatus.ACTIVE:
            return GrantChange(grant, NO_CHANGE, self._credential(uow, grant))
        change = self._workflows.gained(uow, grant)
        effects = Effects(
            changed=True,
            summary=f"Reinstates {grant.credential_type}.",
            workflow_roles_opened=change.roles_opened,
        )
        pause = _Pause(GrantStatus.ACTIVE, effects, cause)
        return self._pause(uow, caller, grant, pause, dry_run=dry_run)

    def expire(self, uow: UnitOfWork, grant: Grant) -> Grant:
        """Record that a locked grant has ended by the clock. Its credential says so by its own date."""
        after = replace(grant, status=GrantStatus.EXPIRED, sign_after=None, version=grant.version + 1)
        uow.grants.update(after)
        self._workflows.lost(uow, grant, uow.types.get(grant.credential_type), apply=True)
        grant_ended(uow, CLOCK_CALLER, grant.grant_id, self._clock.now())
        self._record(uow, CLOCK_CALLER, "grant.expired", grant, after)
        return after

    def gained(self, uow: UnitOfWork, grant: Grant) -> WorkflowChange:
        """What a new grant opens."""
        return self._workflows.gained(uow, grant)

    def _pause(self, uow: UnitOfWork, caller: Caller, grant: Grant, pause: _Pause, *, dry_run: bool) -> GrantChange:
        to, effects, cause = pause.to, pause.effects, pause.cause
        now = self._clock.now()
        is_suspension = to is GrantStatus.SUSPENDED
        record = self._credential(uow, grant)
        self._require_suspendable(uow, grant, record)
        waits = grant.credential_id is None and not is_suspension
        after = replace(
            grant,
            status=to,
            reason=cause.reason,
            sign_after=now if waits else grant.sign_after,
            version=grant.version + 1,
        )
        if dry_run:
            return GrantChange(after, effects, record)
        uow.grants.update(after)
        if waits:
            uow.jobs.wake(SIGN_GRANTS)
        event = "grant.suspended" if is_suspension else "grant.reinstated"
        self._record(uow, caller, event, grant, after, reasonCode=cause.code.value)
        goal = CredentialStatus.SUSPENDED if is_suspension else CredentialStatus.VALID
        changed = move_credentials(uow, caller, _moving(uow, record, goal, now), goal, cause=cause, now=now)
        self._tell(uow, NoticeKind.SUSPENDED if is_suspension else NoticeKind.REINSTATED, after)
        return GrantChange(after, effects, _same(record, changed) or record)

    def _require_in_force(self, grant: Grant) -> None:
        status = grant.status_at(self._clock.now())
        if status is GrantStatus.REVOKED:
            raise AlreadyRevoked("This grant is revoked.")
        if status is GrantStatus.EXPIRED:
            raise StateConflict("This grant has expired.")

    @staticmethod
    def _require_suspendable(uow: UnitOfWork, grant: Grant, record: CredentialRecord | None) -> None:
        if record is not None:
            suspendable = record.suspendable
        else:
            kind = uow.types.get(grant.credential_type)
            suspendable = kind is not None and kind.suspendable
        if not suspendable:
            raise NotSuspendable("Credentials of this grant have no suspension entry.")

    @staticmethod
    def _credential(uow: UnitOfWork, grant: Grant) -> CredentialRecord | None:
        return uow.credentials.get_for_update(grant.credential_id) if grant.credential_id is not None else None

    def _tell(self, uow: UnitOfWork, kind: NoticeKind, grant: Grant) -> None:
        person = uow.people.get(grant.user_id)
        if person is not None and person.erased:
            # Nobody reads that inbox, and words about them would be personal data again.
            return
        data = {
            "grant_id": grant.grant_id,
            "credential_type": grant.credential_type,
            "reason": grant.reason or "",
        }
        self._notices.tell(uow, kind, [grant.user_id], data)

    def _record(self, uow: UnitOfWork, caller: Caller, event: str, before: Grant, after: Grant, **more: object) -> None:
        entry = grant_event(event, after, caller.actor, caller.request_id, self._clock.now(), **more)
        uow.audit.append(replace(entry, before={"status": before.status.value, "issuance": before.issuance.value}))


def grant_event(
    event: str, grant: Grant, actor: Actor, request_id: str | None, at: datetime, **more: object
) -> AuditEntry:
    """Word the audit row of a grant's move: ids and states only."""
    return AuditEntry(
        actor=actor,
        request_id=request_id,
        action=event,
        object_type="grant",
        object_id=grant.grant_id,
        at=at,
        after={"status": grant.status.value, "issuance": grant.issuance.value},
        data={
            "userId": grant.user_id,
            "credentialType": grant.credential_type,
            "requestId": grant.request_id,
            "credentialId": grant.credential_id,
            "issuerDid": grant.issuer_did,
            **more,
        },
    )


def _moving(
    uow: UnitOfWork, record: CredentialRecord | None, to: CredentialStatus, now: datetime
) -> tuple[CredentialRecord, ...]:
    """The primary credential and its further forms, as far as there is a state to change."""
    return moving(uow, record, to, now) if record is not None else ()


def _same(record: CredentialRecord | None, changed: Sequence[CredentialRecord]) -> CredentialRecord | None:
    """The credential as it is among those that changed; None if it did not."""
    return next((one for one in changed if record is not None and one.uid == record.uid), None)
