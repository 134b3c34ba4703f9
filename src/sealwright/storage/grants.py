"""Grants, as rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.errors import GrantInForce, VersionConflict
from sealwright.domain.grants import Grant, GrantStatus
from sealwright.domain.requests import Issuance
from sealwright.storage.column_types import seconds_of
from sealwright.storage.credential_types import refer_to_type
from sealwright.storage.desk_tables import grants
from sealwright.storage.driver_text import DriverText
from sealwright.storage.errors import AlreadyTaken
from sealwright.storage.json_columns import json_text, read_object
from sealwright.storage.transaction import Transaction

_GRANT: Final = sa.select(*grants.columns)
_MOMENT: Final = grants.c.expires_at.type
# As text, so that both databases see the condition of the index in it.
_IN_FORCE: Final = sa.text("status IN ('active', 'suspended')")
_NOT_ENDED: Final = sa.or_(grants.c.expires_at.is_(None), grants.c.expires_at > sa.bindparam("now", type_=_MOMENT))
_BY_ID: Final = _GRANT.where(grants.c.grant_id == sa.bindparam("grant_id"))
_OF_TYPE: Final = (
    grants.c.user_id == sa.bindparam("of_user"),
    grants.c.credential_type == sa.bindparam("of_type"),
)
_BY_IDS: Final = _GRANT.where(grants.c.grant_id.in_(sa.bindparam("grant_ids", expanding=True)))
_HELD: Final = _GRANT.where(*_OF_TYPE, _IN_FORCE, _NOT_ENDED)
_BY_CREDENTIAL: Final = _GRANT.where(
    sa.text("credential_id IS NOT NULL"), grants.c.credential_id == sa.bindparam("credential_id")
).limit(1)
_NEWEST_FIRST: Final = _GRANT.where(grants.c.user_id == sa.bindparam("of_user")).order_by(
    grants.c.issued_at.desc(), grants.c.grant_id.desc()
)
_ACTIVE_TYPES: Final = sa.select(grants.c.credential_type).where(
    grants.c.user_id == sa.bindparam("of_user"),
    _IN_FORCE,
    grants.c.status == GrantStatus.ACTIVE.value,
    _NOT_ENDED,
)
_ACTIVE: Final = DriverText.of(
    "SELECT credential_type, grant_id FROM grants WHERE user_id = %s AND status IN ('active', 'suspended') "
    "AND status = 'active' AND (expires_at IS NULL OR expires_at > %s)"
)
_LOCKED: Final = (
    _GRANT.where(
        grants.c.user_id == sa.bindparam("of_user"),
        _IN_FORCE,
        grants.c.credential_type.in_(sa.bindparam("of_types", expanding=True)),
    )
    # Everybody locks them in this order.
    .order_by(grants.c.grant_id)
)
_UNSIGNED: Final = (
    _GRANT.where(sa.text("issuance <> 'issued'"), _IN_FORCE, grants.c.due_at <= sa.bindparam("due", type_=_MOMENT))
    .order_by(grants.c.due_at, grants.c.grant_id)
    .limit(sa.bindparam("how_many"))
)
_ENDED: Final = (
    _GRANT.where(
        sa.text("expires_at IS NOT NULL"), _IN_FORCE, grants.c.expires_at <= sa.bindparam("until", type_=_MOMENT)
    )
    .order_by(grants.c.expires_at, grants.c.grant_id)
    .limit(sa.bindparam("how_many"))
)
_EXPIRING: Final = _ENDED.where(grants.c.expires_at > sa.bindparam("after", type_=_MOMENT))
_EXPIRE: Final = (
    sa.update(grants)
    .where(*_OF_TYPE, _IN_FORCE, grants.c.expires_at <= sa.bindparam("now", type_=_MOMENT))
    .values(status=GrantStatus.EXPIRED.value, version=grants.c.version + 1)
)


class StoredGrants:
    """Grants in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def get(self, grant_id: str) -> Grant | None:
        """Find a grant."""
        return _optional(self._transaction.row(_BY_ID, {"grant_id": grant_id}))

    def get_many(self, grant_ids: Sequence[str]) -> Mapping[str, Grant]:
        """Find grants by their ids, at most a page of them; unknown ones are left out."""
        if not grant_ids:
            return {}
        found = [_grant(row) for row in self._transaction.rows(_BY_IDS, {"grant_ids": sorted(set(grant_ids))})]
        return {grant.grant_id: grant for grant in found}

    def get_for_update(self, grant_id: str) -> Grant | None:
        """Find a grant and lock its row until the unit of work ends."""
        return _optional(self._transaction.row(self._transaction.locking(_BY_ID), {"grant_id": grant_id}))

    def in_force(self, user_id: str, credential_type: str, now: datetime) -> Grant | None:
        """Find the grant of a type that a person holds, active or suspended."""
        key = {"of_user": user_id, "of_type": credential_type, "now": now}
        return _optional(self._transaction.row(_HELD, key))

    def add(self, grant: Grant) -> None:
        """Add a grant; one of the same person and type whose end has passed is recorded as expired first.

        Raises:
            GrantInForce: The person holds one of this type; ``grant_id`` names it.
            UnknownCredentialType: There is no such type.
        """
        refer_to_type(self._transaction, grant.credential_type)
        key = {"of_user": grant.user_id, "of_type": grant.credential_type, "now": grant.issued_at}
        self._transaction.change(_EXPIRE, key)
        held = self._transaction.row(_HELD, key)
        if held is not None and grant.is_in_force(grant.issued_at):
            raise _in_force(held.grant_id)
        try:
            with self._transaction.savepoint():
                self._transaction.change(sa.insert(grants), grant_values(grant))
        except AlreadyTaken:
            held = self._transaction.row(_HELD, key)
            raise _in_force(None if held is None else held.grant_id) from None

    def update(self, grant: Grant) -> None:
        """Replace the row whose version is one less.

        Raises:
            VersionConflict: The grant has moved on, or is unknown.
            GrantInForce: The person holds another one of this type.
        """
        statement = (
            sa.update(grants)
            .where(grants.c.grant_id == grant.grant_id, grants.c.version == grant.version - 1)
            .values(grant_values(grant))
        )
        try:
            changed = self._transaction.change(statement)
        except AlreadyTaken:
            raise _in_force(None) from None
        if changed != 1:
            raise VersionConflict("This grant was changed in the meantime.")

    def by_credential(self, credential_id: str) -> Grant | None:
        """Find the grant whose primary credential this is."""
        return _optional(self._transaction.row(_BY_CREDENTIAL, {"credential_id": credential_id}))

    def of_person(self, user_id: str, *, status: GrantStatus | None, now: datetime) -> tuple[Grant, ...]:
        """List a person's grants, past and present, newest first; states are as of the moment."""
        found = [_grant(row) for row in self._transaction.rows(_NEWEST_FIRST, {"of_user": user_id})]
        return tuple(grant for grant in found if status is None or grant.status_at(now) is status)

    def latest(self, user_id: str, credential_type: str) -> Grant | None:
        """Find the newest grant of a type that a person ever had."""
        statement = _NEWEST_FIRST.where(grants.c.credential_type == sa.bindparam("of_type")).limit(1)
        return _optional(self._transaction.row(statement, {"of_user": user_id, "of_type": credential_type}))

    def active_types(self, user_id: str, now: datetime) -> frozenset[str]:
        """Give the types that a person holds an active grant of."""
        rows = self._transaction.rows(_ACTIVE_TYPES, {"of_user": user_id, "now": now})
        return frozenset(row[0] for row in rows)

    def active(self, user_id: str, now: datetime) -> Mapping[str, str]:
        """Give the active grants that a person holds as of a moment: their ids, by credential type."""
        return dict(_ACTIVE.rows(self._transaction, user_id, seconds_of(now)))

    def lock_held(self, user_id: str, credential_types: Collection[str]) -> tuple[Grant, ...]:
        """Lock a person's grants of some types that are in force by their rows; their ends may have passed."""
        if not credential_types:
            return ()
        key = {"of_user": user_id, "of_types": sorted(set(credential_types))}
        return tuple(_grant(row) for row in self._transaction.rows(self._transaction.locking(_LOCKED), key))

    def unsigned(self, due: datetime, limit: int) -> tuple[Grant, ...]:
        """List grants in force that are not signed yet and due for a try; oldest first."""
        return self._many(_UNSIGNED, {"due": due, "how_many": limit})

    def ended(self, now: datetime, limit: int) -> tuple[Grant, ...]:
        """List grants that are in force by their row though their end has passed."""
        return self._many(_ENDED, {"until": now, "how_many": limit})

    def expiring(self, after: datetime, until: datetime, limit: int) -> tuple[Grant, ...]:
        """List grants in force that end after a moment and not after another; by end."""
        return self._many(_EXPIRING, {"after": after, "until": until, "how_many": limit})

    def _many(self, statement: sa.Select[Any], parameters: dict[str, object]) -> tuple[Grant, ...]:
        return tuple(_grant(row) for row in self._transaction.rows(statement, parameters))


def _in_force(grant_id: str | None) -> GrantInForce:
    extra = {} if grant_id is None else {"grant_id": grant_id}
    return GrantInForce("The person holds a grant of this type.", extra=extra)


def grant_values(grant: Grant) -> dict[str, object]:
    """Give a grant as a row."""
    return {
        "grant_id": grant.grant_id,
        "user_id": grant.user_id,
        "credential_type": grant.credential_type,
        "issued_by": grant.issued_by,
        "issued_at": grant.issued_at,
        "status": grant.status.value,
        "issuance": grant.issuance.value,
        "issuance_error": grant.issuance_error,
        "expires_at": grant.expires_at,
        "revoked_at": grant.revoked_at,
        "revoked_by": grant.revoked_by,
        "reason": grant.reason,
        "request_id": grant.request_id,
        "supersedes": grant.supersedes,
        "credential_id": grant.credential_id,
        "issuer_did": grant.issuer_did,
        "holder_did": grant.holder_did,
        "note": grant.note,
        "claims": None if grant.claims is None else json_text(grant.claims),
        "sign_after": grant.sign_after,
        "due_at": grant.sign_after or grant.issued_at,
        "version": grant.version,
    }


def _grant(row: Row[Any]) -> Grant:
    return Grant(
        grant_id=row.grant_id,
        user_id=row.user_id,
        credential_type=row.credential_type,
        issued_by=row.issued_by,
        issued_at=row.issued_at,
        status=GrantStatus(row.status),
        issuance=Issuance(row.issuance),
        issuance_error=row.issuance_error,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
        reason=row.reason,
        request_id=row.request_id,
        supersedes=row.supersedes,
        credential_id=row.credential_id,
        issuer_did=row.issuer_did,
        holder_did=row.holder_did,
        note=row.note,
        claims=None if row.claims is None else read_object(row.claims),
        sign_after=row.sign_after,
        version=row.version,
    )


def _optional(row: Row[Any] | None) -> Grant | None:
    return None if row is None else _grant(row)
