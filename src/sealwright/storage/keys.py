"""Private keys at rest, as rows."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.dids import KeyPurpose, MethodState, StoredKey
from sealwright.storage.tables import private_keys
from sealwright.storage.transaction import Transaction

SYSTEM: Final = "system"

_KEY: Final = sa.select(
    private_keys.c.key_id,
    private_keys.c.did,
    private_keys.c.use,
    private_keys.c.algorithm,
    private_keys.c.public_key,
    private_keys.c.backend,
    private_keys.c.sealed,
    private_keys.c.kek_id,
    private_keys.c.state,
    private_keys.c.created_at,
    private_keys.c.not_after,
)
_BY_ID: Final = _KEY.where(private_keys.c.key_id == sa.bindparam("key_id"))
_ALL: Final = _KEY.order_by(private_keys.c.created_at, private_keys.c.key_id)
_SYSTEM_KEY: Final = (
    _KEY.where(
        private_keys.c.did == SYSTEM,
        private_keys.c.use == sa.bindparam("purpose"),
        private_keys.c.state == MethodState.ACTIVE.value,
    )
    .order_by(private_keys.c.created_at.desc(), private_keys.c.key_id.desc())
    .limit(1)
)
_REPLACE: Final = (
    sa.update(private_keys)
    .where(private_keys.c.key_id == sa.bindparam("id"))
    .values(
        sealed=sa.bindparam("new_sealed"),
        kek_id=sa.bindparam("new_kek_id"),
        state=sa.bindparam("new_state"),
        not_after=sa.bindparam("new_not_after"),
    )
)


class StoredKeys:
    """Private keys in the database: sealed bytes, never a key in clear."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def get(self, key_id: str) -> StoredKey | None:
        """Find a key by id."""
        row = self._transaction.row(_BY_ID, {"key_id": key_id})
        return None if row is None else _key(row)

    def add(self, key: StoredKey) -> None:
        """Add a key."""
        self._transaction.raise_epoch()
        self._transaction.change(
            sa.insert(private_keys),
            {
                "key_id": key.key_id,
                "did": key.did,
                "use": key.use.value,
                "algorithm": key.algorithm,
                "public_key": key.public_key,
                "backend": key.backend,
                "sealed": key.sealed,
                "kek_id": key.kek_id,
                "state": key.state.value,
                "created_at": key.created_at,
                "not_after": key.not_after,
            },
        )

    def replace(self, key: StoredKey) -> None:
        """Change sealed bytes, KEK id, state or end of life of a key by its id."""
        self._transaction.raise_epoch()
        self._transaction.change(
            _REPLACE,
            {
                "id": key.key_id,
                "new_sealed": key.sealed,
                "new_kek_id": key.kek_id,
                "new_state": key.state.value,
                "new_not_after": key.not_after,
            },
        )

    def system_key(self, use: KeyPurpose) -> StoredKey | None:
        """Find the newest active key of the office itself for a purpose."""
        row = self._transaction.row(_SYSTEM_KEY, {"purpose": use.value})
        return None if row is None else _key(row)

    def list(self) -> tuple[StoredKey, ...]:
        """List every key, oldest first."""
        return tuple(_key(row) for row in self._transaction.rows(_ALL))


def _key(row: Row[Any]) -> StoredKey:
    return StoredKey(
        key_id=row.key_id,
        did=row.did,
        use=KeyPurpose(row.use),
        algorithm=row.algorithm,
        public_key=row.public_key,
        backend=row.backend,
        sealed=row.sealed,
        kek_id=row.kek_id,
        state=MethodState(row.state),
        created_at=row.created_at,
        not_after=row.not_after,
    )
