"""What audit rows, and the events made from them, tell of delegations: ids and states, never what was delegated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.credentials import CredentialRecord, CredentialStatus
from sealwright.domain.delegations import Delegation
from sealwright.domain.people import Caller
from sealwright.services.catalog_builtin import DELEGATION_SCHEMAS
from sealwright.services.delegation_pausing import PAUSED, PAUSED_FOR, paused_by
from sealwright.services.ports import UnitOfWork
from sealwright.services.registry import Registry
from sealwright.vc.encoding.strict_json import JSONValue

_MOVED: Final = {
    CredentialStatus.REVOKED: ("delegation.revoked", "revoked"),
    CredentialStatus.SUSPENDED: (PAUSED, "suspended"),
    CredentialStatus.VALID: ("delegation.reinstated", "active"),
}
_STATES: Final = {CredentialStatus.VALID: "active", CredentialStatus.SUSPENDED: "suspended"}


def told_of(delegation: Delegation) -> dict[str, JSONValue]:
    """What an audit row says of a delegation; by `issuerDid` its delegator hears of it."""
    data: dict[str, JSONValue] = {
        "credentialId": delegation.credential_id,
        "issuerDid": delegation.delegator_did,
        "delegatorDid": delegation.delegator_did,
        "delegateDid": delegation.delegate_did,
        "parent": delegation.parent_id,
        "rootId": delegation.root_id,
    }
    return {**data, "supersedes": delegation.supersedes} if delegation.supersedes is not None else data


def delegation_moves(
    uow: UnitOfWork, caller: Caller, records: Sequence[CredentialRecord], to: CredentialStatus, now: datetime
) -> tuple[AuditEntry, ...]:
    """The rows of delegations whose credentials, as they were before, go over to another state.

    What was issued against the schema before delegations were kept has none.
    """
    action, state = _MOVED[to]
    rows = []
    for record in records:
        kept = uow.delegations.get(record.credential_id) if record.schema_id in DELEGATION_SCHEMAS else None
        if kept is not None:
            paused = to is CredentialStatus.SUSPENDED
            rows.append(
                AuditEntry(
                    actor=caller.actor,
                    request_id=caller.request_id,
                    action=action,
                    object_type="delegation",
                    object_id=kept.delegation_id,
                    at=now,
                    before={"status": _STATES[record.status]},
                    after={"status": state},
                    data={**told_of(kept), **(_paused_for(uow, caller, kept) if paused else {})},
                )
            )
    return tuple(rows)


def _paused_for(uow: UnitOfWork, caller: Caller, kept: Delegation) -> dict[str, JSONValue]:
    chain = uow.delegations.chain(kept.delegation_id)
    return {PAUSED_FOR: paused_by(caller, chain, Registry.within(uow, caller.epoch))}
