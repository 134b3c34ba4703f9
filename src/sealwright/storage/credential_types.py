"""The catalog of credential types, as rows."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.catalog import (
    CredentialType,
    RevocationPolicy,
    TypeUsage,
    Visibility,
    look_alike_form,
)
from sealwright.domain.errors import TypeExists, UnknownCredentialType, VersionConflict
from sealwright.domain.people import AccountRole
from sealwright.storage.desk_tables import credential_types as types
from sealwright.storage.desk_tables import grants, issuer_profiles, requests
from sealwright.storage.errors import AlreadyTaken
from sealwright.storage.json_columns import json_text, read_text_list, read_text_map, read_texts
from sealwright.storage.tables import people, person_roles
from sealwright.storage.transaction import Transaction
from sealwright.storage.workflow_needs import roles_needing

_TYPE: Final = sa.select(*types.columns)
_BY_VALUE: Final = _TYPE.where(types.c.value == sa.bindparam("value"))
_BY_SCHEMA: Final = (
    _TYPE.where(types.c.schema_id == sa.bindparam("schema_id")).order_by(types.c.created_at, types.c.value).limit(1)
)
_ALL: Final = _TYPE.order_by(types.c.value)
_DELETE: Final = sa.delete(types).where(types.c.value == sa.bindparam("of_value"))
_REQUESTS: Final = sa.select(sa.func.count()).where(requests.c.credential_type == sa.bindparam("value"))
_GRANTS: Final = sa.select(sa.func.count()).where(grants.c.credential_type == sa.bindparam("value"))
_PROFILES: Final = sa.select(issuer_profiles.c.user_id, issuer_profiles.c.allowed_credentials.label("scopes"))
_ISSUERS: Final = (
    sa.select(people.c.user_id, people.c.scopes)
    .join(person_roles, person_roles.c.user_id == people.c.user_id)
    .where(person_roles.c.role == AccountRole.ISSUER.value)
)
_STAY: Final = (
    sa.select(types.c.value).where(types.c.value.in_(sa.bindparam("wanted", expanding=True))).order_by(types.c.value)
)
_STAY_LOCKED: Final = _STAY.with_for_update(read=True, key_share=True)
_LOCK: Final = "SELECT 1 FROM credential_types WHERE value = %s"


def refer_to_type(transaction: Transaction, value: str) -> None:
    """Make sure that a type stays while something that refers to it is added.

    Raises:
        UnknownCredentialType: There is no such type (any more).
    """
    if transaction.is_sqlite:
        found = transaction.driver_rows("SELECT 1 FROM credential_types WHERE value = ?", (value,))
    else:
        found = transaction.driver_rows(f"{_LOCK} FOR KEY SHARE", (value,))
    if not found:
        raise UnknownCredentialType("There is no such credential type.")


def refer_to_types(transaction: Transaction, values: Collection[str]) -> None:
    """Make sure of several types at once that they stay.

    Raises:
        UnknownCredentialType: There is no such type (any more).
    """
    if not values:
        return
    wanted = sorted(set(values))
    found = transaction.rows(_STAY if transaction.is_sqlite else _STAY_LOCKED, {"wanted": wanted})
    if len(found) != len(wanted):
        raise UnknownCredentialType("There is no such credential type.")


class StoredCredentialTypes:
    """The catalog in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def get(self, value: str) -> CredentialType | None:
        """Find a type by its value."""
        return _optional(self._transaction.row(_BY_VALUE, {"value": value}))

    def by_schema(self, schema_id: str) -> CredentialType | None:
        """Find the type whose credentials carry this schema; the oldest where several do."""
        return _optional(self._transaction.row(_BY_SCHEMA, {"schema_id": schema_id}))

    def add(self, record: CredentialType) -> None:
        """Add a type.

        Raises:
            TypeExists: The value, or a label of the same look-alike form, is taken.
        """
        self._transaction.raise_epoch()
        try:
            self._transaction.change(sa.insert(types), _values(record))
        except AlreadyTaken:
            raise TypeExists("This value, or a label that looks the same, is taken.") from None

    def update(self, record: CredentialType) -> None:
        """Replace the row whose version is one less.

        Raises:
            VersionConflict: The type has moved on, or is unknown.
            TypeExists: A label of the same look-alike form is taken.
        """
        self._transaction.raise_epoch()
        statement = (
            sa.update(types)
            .where(types.c.value == record.value, types.c.version == record.version - 1)
            .values(_values(record))
        )
        try:
            changed = self._transaction.change(statement)
        except AlreadyTaken:
            raise TypeExists("A label that looks the same is taken.") from None
        if changed != 1:
            raise VersionConflict("This credential type was changed in the meantime.")

    def delete(self, value: str) -> None:
        """Delete a type; whoever does so has looked at its usage in the same unit of work."""
        self._transaction.raise_epoch()
        self._transaction.change(_DELETE, {"of_value": value})

    def all(self) -> tuple[CredentialType, ...]:
        """List every type, active and retired, by value."""
        return tuple(_type(row) for row in self._transaction.rows(_ALL))

    def usage(self, value: str) -> TypeUsage:
        """Count what refers to a type; in a writing unit of work nobody can add a reference before it ends."""
        if self._transaction.writes and not self._transaction.is_sqlite:
            self._transaction.driver_rows(f"{_LOCK} FOR UPDATE", (value,))
        return TypeUsage(
            requests=self._count(_REQUESTS, value),
            grants=self._count(_GRANTS, value),
            scopes=self._scopes(value),
            workflow_roles=roles_needing(self._transaction, value),
        )

    def _count(self, statement: sa.Select[Any], value: str) -> int:
        row = self._transaction.row(statement, {"value": value})
        return 0 if row is None else int(row[0])

    def _scopes(self, value: str) -> int:
        """Count the people whose scope, in force or kept with their profile, names the type."""
        rows = [*self._transaction.rows(_PROFILES), *self._transaction.rows(_ISSUERS)]
        return len({row.user_id for row in rows if value in read_text_list(row.scopes)})


def _values(record: CredentialType) -> dict[str, object]:
    return {
        "value": record.value,
        "label": record.label,
        "label_key": look_alike_form(record.label),
        "schema_id": record.schema_id,
        "issuer_did": record.issuer_did,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "visibility": record.visibility.value,
        "labels": json_text(dict(record.labels)),
        "description": record.description,
        "criteria": record.criteria,
        "checklist": json_text(record.checklist),
        "questions": json_text(record.questions),
        "badge_attachment_id": record.badge_attachment_id,
        "validity_days": record.validity_days,
        "renewal_reminder_days": record.renewal_reminder_days,
        "target_hours": record.target_hours,
        "revocation_policy": record.revocation_policy.value,
        "proof_type": record.proof_type,
        "suspendable": record.suspendable,
        "two_person": record.two_person,
        "approval_note_required": record.approval_note_required,
        "active": record.active,
        "version": record.version,
    }


def _type(row: Row[Any]) -> CredentialType:
    return CredentialType(
        value=row.value,
        label=row.label,
        schema_id=row.schema_id,
        issuer_did=row.issuer_did,
        created_at=row.created_at,
        updated_at=row.updated_at,
        visibility=Visibility(row.visibility),
        labels=read_text_map(row.labels),
        description=row.description,
        criteria=row.criteria,
        checklist=read_texts(row.checklist),
        questions=read_texts(row.questions),
        badge_attachment_id=row.badge_attachment_id,
        validity_days=row.validity_days,
        renewal_reminder_days=row.renewal_reminder_days,
        target_hours=row.target_hours,
        revocation_policy=RevocationPolicy(row.revocation_policy),
        proof_type=row.proof_type,
        suspendable=row.suspendable,
        two_person=row.two_person,
        approval_note_required=row.approval_note_required,
        active=row.active,
        version=row.version,
    )


def _optional(row: Row[Any] | None) -> CredentialType | None:
    return None if row is None else _type(row)
