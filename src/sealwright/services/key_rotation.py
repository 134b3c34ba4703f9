"""Giving the office new keys: its DIDs', its own, and a new key-encryption key over all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.didcomm import SEALED_MESSAGE
from sealwright.domain.dids import Custody, KeyPurpose, MethodState, StoredKey
from sealwright.domain.people import Caller
from sealwright.services.people import SYSTEM_DID
from sealwright.services.webhook_signing import rewrapped

if TYPE_CHECKING:
    from sealwright.services.office import Office
    from sealwright.services.ports import UnitOfWork

_IMMUTABLE_METHODS: Final = frozenset({"key", "jwk"})


def rotate_all(office: Office, caller: Caller) -> tuple[str, ...]:
    """Rotate the keys of every DID that signs here, each in a transaction of its own, then the office's own.

    Returns:
        The DIDs and key ids that have new keys.

    Raises:
        RoleRequired: The caller is neither operator nor admin.
        Sealed: Keys cannot be made.
    """
    caller.require_admin()
    rotated = []
    for did in _signing_dids(office, caller):
        _rotate_did(office, caller, did)
        rotated.append(did)
    own = office.acts.run(caller, lambda uow, present: _rotate_own(office, uow, present), changes_registry=True)
    return (*rotated, *own)


def rewrap_all(office: Office, caller: Caller) -> tuple[str, ...]:
    """Seal every stored key under the present key-encryption key, in one transaction; no signature changes.

    Returns:
        The ids of the keys that were sealed anew.

    Raises:
        RoleRequired: The caller is neither operator nor admin.
        Sealed: A key does not open; then none was changed.
    """
    return office.acts.run(caller, lambda uow, present: _rewrap(office, uow, present), changes_registry=True)


def _rotate_did(office: Office, caller: Caller, did: str) -> None:
    office.acts.run(caller, lambda uow, present: office.dids.rotate(uow, present, did), changes_registry=True)


def _signing_dids(office: Office, caller: Caller) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = office.dids.list(caller, limit=100, cursor=cursor)
        for record in page.items:
            signs_here = any(
                method.custody is Custody.SERVER and method.state is MethodState.ACTIVE for method in record.methods
            )
            if record.is_active and record.method not in _IMMUTABLE_METHODS and signs_here:
                found.append(record.did)
        cursor = page.next_cursor
        if cursor is None:
            return found


def _rotate_own(office: Office, uow: UnitOfWork, caller: Caller) -> tuple[str, ...]:
    caller.require_admin()
    now = office.clock.now()
    keys = uow.keys.list()
    rotated = []
    for use in (KeyPurpose.AUDIT, KeyPurpose.LOG):
        old = uow.keys.system_key(use)
        if old is None:
            continue
        made_before = sum(key.did == SYSTEM_DID and key.use is use for key in keys)
        key_id = f"{SYSTEM_DID}:{use.value}:{made_before + 1}"
        made = office.keys.generate(key_id=key_id, did=SYSTEM_DID, use=use, algorithm=old.algorithm)
        # Retired, not gone: checkpoints that it signed are verified with it for ever.
        uow.keys.replace(replace(old, state=MethodState.RETIRED))
        uow.keys.add(
            StoredKey(
                key_id=key_id,
                did=SYSTEM_DID,
                use=use,
                algorithm=old.algorithm,
                public_key=made.public_key,
                backend=made.backend,
                sealed=made.sealed,
                kek_id=made.kek_id,
                state=MethodState.ACTIVE,
                created_at=now,
            )
        )
        _record(office, uow, caller, ("key", key_id), {"replaces": old.key_id})
        rotated.append(key_id)
    return tuple(rotated)


def _rewrap(office: Office, uow: UnitOfWork, caller: Caller) -> tuple[str, ...]:
    caller.require_admin()
    rewrapped = []
    kek_ids = set()
    for key in uow.keys.list():
        fresh = office.keys.rewrap(key)
        if fresh != key:
            uow.keys.replace(fresh)
            kek_ids.add(fresh.kek_id)
            rewrapped.append(key.key_id)
    _rewrap_deliveries(office, uow)
    for kek_id in sorted(kek_ids):
        _record(office, uow, caller, ("kek", kek_id), {"keys": len(rewrapped)})
    return tuple(rewrapped)


def _rewrap_deliveries(office: Office, uow: UnitOfWork) -> None:
    """Seal anew what deliveries need: the office's key, the secrets of endpoints, messages that wait."""
    office.secrets.rewrap(uow)
    keys = office.keys
    uow.didcomm.reseal_all(
        lambda sealed: keys.seal_bytes(keys.open_bytes(sealed, label=SEALED_MESSAGE), label=SEALED_MESSAGE)
    )
    cursor: str | None = None
    while True:
        page = uow.webhooks.list(owner_kind=None, owner_id=None, limit=100, cursor=cursor)
        for seen in page.items:
            webhook = uow.webhooks.get_for_update(seen.webhook_id)
            if webhook is not None and webhook.secrets:
                uow.webhooks.update(rewrapped(office.keys, webhook))
        cursor = page.next_cursor
        if cursor is None:
            return


def _record(office: Office, uow: UnitOfWork, caller: Caller, named: tuple[str, str], data: dict[str, object]) -> None:
    entry = AuditEntry(
        actor=caller.actor,
        request_id=caller.request_id,
        action="key.rotated",
        object_type=named[0],
        object_id=named[1],
        at=office.clock.now(),
        data=data,
    )
    uow.audit.append(entry)
