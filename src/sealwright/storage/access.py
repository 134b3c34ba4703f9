"""API keys, as rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.access import ApiKey
from sealwright.domain.people import UserId
from sealwright.storage.json_columns import read_texts
from sealwright.storage.tables import api_keys
from sealwright.storage.transaction import Transaction

_KEY: Final = sa.select(
    api_keys.c.api_key_id,
    api_keys.c.name,
    api_keys.c.prefix,
    api_keys.c.digest,
    api_keys.c.owner_user_id,
    api_keys.c.issuer_dids,
    api_keys.c.schemas,
    api_keys.c.issue_per_minute,
    api_keys.c.created_at,
    api_keys.c.expires_at,
    api_keys.c.last_used_at,
    api_keys.c.revoked_at,
)
_BY_ID: Final = _KEY.where(api_keys.c.api_key_id == sa.bindparam("api_key_id"))
_BY_DIGEST: Final = _KEY.where(api_keys.c.digest == sa.bindparam("digest"))
_NEWEST_FIRST: Final = _KEY.order_by(api_keys.c.created_at.desc(), api_keys.c.api_key_id.desc())
# A rotated key may have its end in the future; revoking brings that end forward.
_REVOKE: Final = (
    sa.update(api_keys)
    .where(
        api_keys.c.api_key_id == sa.bindparam("id"),
        sa.or_(api_keys.c.revoked_at.is_(None), api_keys.c.revoked_at > sa.bindparam("at")),
    )
    .values(revoked_at=sa.bindparam("at"))
)
_TOUCH: Final = (
    sa.update(api_keys)
    .where(
        api_keys.c.api_key_id == sa.bindparam("id"),
        sa.or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < sa.bindparam("at")),
    )
    .values(last_used_at=sa.bindparam("at"))
)


class StoredApiKeys:
    """API keys in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def get(self, api_key_id: str) -> ApiKey | None:
        """Find a key by id."""
        return _optional(self._transaction.row(_BY_ID, {"api_key_id": api_key_id}))

    def by_digest(self, digest: bytes) -> ApiKey | None:
        """Find a key by the digest of its secret."""
        return _optional(self._transaction.row(_BY_DIGEST, {"digest": digest}))

    def add(self, key: ApiKey) -> None:
        """Add a key."""
        self._transaction.raise_epoch()
        self._transaction.change(
            sa.insert(api_keys),
            {
                "api_key_id": key.api_key_id,
                "name": key.name,
                "prefix": key.prefix,
                "digest": key.digest,
                "owner_user_id": key.owner_user_id,
                "issuer_dids": msgspec.json.encode(key.issuer_dids).decode(),
                "schemas": None if key.schemas is None else msgspec.json.encode(key.schemas).decode(),
                "issue_per_minute": key.issue_per_minute,
                "created_at": key.created_at,
                "expires_at": key.expires_at,
                "last_used_at": key.last_used_at,
                "revoked_at": key.revoked_at,
            },
        )

    def revoke(self, api_key_id: str, at: datetime) -> bool:
        """Revoke a key; False if it was revoked already (at or before `at`) or is unknown."""
        self._transaction.raise_epoch()
        return self._transaction.change(_REVOKE, {"id": api_key_id, "at": at}) == 1

    def list(self, *, owner: str | None) -> tuple[ApiKey, ...]:
        """List all keys, or one owner's; newest first."""
        statement = _NEWEST_FIRST if owner is None else _NEWEST_FIRST.where(api_keys.c.owner_user_id == owner)
        return tuple(_key(row) for row in self._transaction.rows(statement))

    def touch(self, uses: Mapping[str, datetime]) -> None:
        """Record last uses by key id, never backward; does not raise the registry epoch."""
        # In order of id: two processes that touch the same keys must not wait for each other.
        changes = [{"id": api_key_id, "at": uses[api_key_id]} for api_key_id in sorted(uses)]
        if changes:
            self._transaction.change(_TOUCH, changes)


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        api_key_id=row.api_key_id,
        name=row.name,
        prefix=row.prefix,
        digest=row.digest,
        owner_user_id=None if row.owner_user_id is None else UserId(row.owner_user_id),
        issuer_dids=read_texts(row.issuer_dids),
        schemas=None if row.schemas is None else read_texts(row.schemas),
        issue_per_minute=row.issue_per_minute,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )


def _optional(row: Row[Any] | None) -> ApiKey | None:
    return None if row is None else _key(row)
