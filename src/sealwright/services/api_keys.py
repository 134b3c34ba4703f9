"""API keys for issuers' programs: made, listed, rotated, revoked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.access import ApiKey, BearerKind, BearerSecret, new_bearer
from sealwright.domain.audit import AuditEntry
from sealwright.domain.errors import (
    ApiKeyNotFound,
    ExpirationInPast,
    IssuerNotFound,
    OfficeClosed,
    SchemaNotFound,
    StateConflict,
)
from sealwright.domain.ids import new_id
from sealwright.domain.people import Caller, UserId
from sealwright.services.access import Access
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.webhook_owners import API_KEY as ENDPOINT_OWNER
from sealwright.services.webhook_owners import ENDPOINTS_OF_ONE

DEFAULT_LIFE: Final = timedelta(days=365)
USES_EVERY: Final = timedelta(minutes=1)
USES_MOST: Final = 10_000


class ApiKeyDesk:
    """Keys are made by whoever controls every DID they are bound to, and by admins."""

    def __init__(self, units: UnitOfWorkFactory, access: Access, clock: Clock) -> None:
        self._units = units
        self._access = access
        self._clock = clock
        self._noted: dict[str, datetime] = {}

    def is_use_due(self, api_key_id: str) -> bool:
        """Tell whether this process has not noted a use of the key for a minute."""
        noted = self._noted.get(api_key_id)
        return noted is None or self._clock.now() - noted >= USES_EVERY

    def note_use(self, api_key_id: str) -> None:
        """Note when a key was used last, at most once a minute in a process. Blocking.

        It is good to know but no reason to turn a caller away: where the store takes no writes, it stays unsaid.
        """
        if not self.is_use_due(api_key_id):
            return
        now = self._clock.now()
        if len(self._noted) >= USES_MOST:
            # Whose minute is forgotten is noted once more than need be.
            self._noted.clear()
        self._noted[api_key_id] = now
        try:
            with self._units() as uow:
                uow.api_keys.touch({api_key_id: now})
                uow.commit()
        except OfficeClosed:
            return

    def create(
        self,
        uow: UnitOfWork,
        caller: Caller,
        *,
        name: str,
        issuer_dids: Sequence[str],
        schemas: Sequence[str] | None = None,
        expires_at: datetime | None = None,
        issue_per_minute: int | None = None,
        owner: str | None = None,
    ) -> tuple[ApiKey, BearerSecret]:
        """Make a key; its secret is shown this once. Needs the registry lock.

        Raises:
            RoleRequired: An API key cannot make keys.
            IssuerNotFound, SchemaNotFound: Something it is bound to does not exist.
            NotDIDOwner: One of the DIDs is somebody else's.
            ExpirationInPast: It would be dead at birth.
        """
        person = caller.require_person()
        canonical: list[str] = []
        owners: list[str | None] = []
        for reference in issuer_dids:
            did = uow.dids.get(reference)
            if did is None:
                raise IssuerNotFound(f"No issuer DID {reference} is kept here.")
            self._access.require_owner(caller, did)
            canonical.append(did.did)
            owners.append(did.owner_user_id)
        for schema_id in schemas or ():
            if uow.schemas.get(schema_id) is None:
                raise SchemaNotFound(f"No credential schema {schema_id} is registered.")
        now = self._clock.now()
        if expires_at is not None and expires_at <= now:
            raise ExpirationInPast("expiresAt must lie after now.")
        secret = new_bearer(BearerKind.API_KEY)
        key = ApiKey(
            api_key_id=new_id("key"),
            name=name,
            prefix=secret.prefix,
            digest=secret.digest,
            owner_user_id=_owner(owner, owners, person.user_id if person else None),
            issuer_dids=tuple(dict.fromkeys(canonical)),
            schemas=tuple(dict.fromkeys(schemas)) if schemas is not None else None,
            issue_per_minute=issue_per_minute,
            created_at=now,
            expires_at=expires_at or now + DEFAULT_LIFE,
        )
        uow.api_keys.add(key)
        self._record(uow, caller, "api_key.created", key)
        return key, secret

    def revoke(self, uow: UnitOfWork, caller: Caller, api_key_id: str) -> ApiKey:
        """End a key; revoking a revoked one changes nothing. Needs the registry lock.

        Raises:
            ApiKeyNotFound: Missing, or another person's.
        """
        key = self._own(uow, caller, api_key_id)
        now = self._clock.now()
        if uow.api_keys.revoke(api_key_id, now):
            self._record(uow, caller, "api_key.revoked", key)
            return replace(key, revoked_at=now)
        return key

    def rotate(
        self, uow: UnitOfWork, caller: Caller, api_key_id: str, overlap_seconds: int = 0
    ) -> tuple[ApiKey, BearerSecret]:
        """Replace a key by a new one; the old one ends after the overlap. Needs the registry lock.

        Raises:
            ApiKeyNotFound: Missing, or another person's.
            StateConflict: It is not active.
        """
        old = self._own(uow, caller, api_key_id)
        now = self._clock.now()
        if old.status_at(now) != "active":
            raise StateConflict("Only an active key can be rotated.")
        secret = new_bearer(BearerKind.API_KEY)
        life = (old.expires_at - old.created_at) if old.expires_at else DEFAULT_LIFE
        key = replace(
            old,
            api_key_id=new_id("key"),
            prefix=secret.prefix,
            digest=secret.digest,
            created_at=now,
            expires_at=now + life,
            last_used_at=None,
        )
        uow.api_keys.add(key)
        uow.api_keys.revoke(old.api_key_id, now + timedelta(seconds=overlap_seconds))
        self._record(uow, caller, "api_key.rotated", key, replaces=old.api_key_id)
        _hand_endpoints_over(uow, old, key)
        return key, secret

    def list(self, caller: Caller) -> tuple[ApiKey, ...]:
        """The caller's keys; all of them for an admin.

        Raises:
            RoleRequired: An API key cannot list keys.
        """
        person = caller.require_person()
        owner = None if caller.is_admin or person is None else person.user_id
        with self._units(write=False) as uow:
            return uow.api_keys.list(owner=owner)

    def _own(self, uow: UnitOfWork, caller: Caller, api_key_id: str) -> ApiKey:
        person = caller.require_person()
        key = uow.api_keys.get(api_key_id)
        is_own = key is not None and person is not None and key.owner_user_id == person.user_id
        if key is None or not (caller.is_admin or is_own):
            raise ApiKeyNotFound("No such API key.")
        return key

    def _record(self, uow: UnitOfWork, caller: Caller, action: str, key: ApiKey, **more: object) -> None:
        uow.audit.append(
            AuditEntry(
                actor=caller.actor,
                request_id=caller.request_id,
                action=action,
                object_type="api_key",
                object_id=key.api_key_id,
                at=self._clock.now(),
                data={"issuerDids": list(key.issuer_dids), "schemas": list(key.schemas or ()) or None, **more},
            )
        )


def _hand_endpoints_over(uow: UnitOfWork, old: ApiKey, new: ApiKey) -> None:
    """Give a key's webhook endpoints to the key that replaces it, so that they go on hearing."""
    kept = uow.webhooks.list(owner_kind=ENDPOINT_OWNER, owner_id=old.api_key_id, limit=ENDPOINTS_OF_ONE, cursor=None)
    for webhook in kept.items:
        uow.webhooks.update(replace(webhook, owner_id=new.api_key_id, version=webhook.version + 1))


def _owner(chosen: str | None, did_owners: Sequence[str | None], caller: str | None) -> UserId | None:
    """Who a key belongs to: whom the operator names, else the DIDs' one owner, else the caller."""
    if caller is not None:
        return UserId(caller)
    if chosen is not None:
        return UserId(chosen)
    known = {owner for owner in did_owners if owner is not None}
    return UserId(known.pop()) if len(known) == 1 else None
