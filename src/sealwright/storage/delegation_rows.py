"""Delegations between values and rows; the state is read from the credential's row, every time."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sealwright.domain.credentials import CredentialStatus
from sealwright.domain.delegations import Delegation
from sealwright.storage.column_types import moment_of, optional_moment_of, seconds_of
from sealwright.storage.driver_text import DriverText
from sealwright.storage.json_columns import json_text, read_object, read_texts
from sealwright.storage.transaction import Transaction

_COLUMNS: Final = (
    "d.delegation_id, d.uid, d.lineage, d.delegator_did, d.delegate_did, d.scope, d.constraints, d.max_depth, "
    "d.created_at, d.expires_at, d.made_by, c.verification_method, c.status, c.suspendable, d.supersedes, d.calls, "
    "d.last_used_at"
)
_ADD: Final = DriverText.of(
    "INSERT INTO delegations (delegation_id, uid, lineage, parent_id, delegator_did, delegate_did, scope, constraints, "
    "max_depth, created_at, expires_at, made_by, supersedes, calls, spent_high, spent_low, ended) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, 0, 0, FALSE)"
)


def selecting_delegations(rest: str) -> DriverText:
    """Give the statement that reads delegations with the states of their credentials."""
    return DriverText.of(f"SELECT {_COLUMNS} FROM delegations d JOIN credentials c ON c.uid = d.uid {rest}")  # noqa: S608 - names of our own columns


def selecting_of_each(name: str, rest: str) -> str:
    """Give PostgreSQL's statement that does so for each of a list of texts, which `rest` knows as `name`."""
    return (
        f"SELECT l.* FROM unnest(%s::text[]) AS each ({name}) JOIN LATERAL (SELECT {_COLUMNS} "  # noqa: S608 - as above
        f"FROM delegations d JOIN credentials c ON c.uid = d.uid {rest}) l ON TRUE"
    )


def locked(statement: DriverText, locks: str) -> DriverText:
    """Give the same statement with PostgreSQL's row locks; a writer of SQLite is alone."""
    return DriverText(f"{statement.postgres} {locks}", statement.sqlite)


def delegation_of(row: tuple[Any, ...]) -> Delegation:
    """Read a delegation from a row of such a statement."""
    return Delegation(
        delegation_id=row[0],
        uid=uuid_of(row[1]),
        lineage=read_texts(row[2]),
        delegator_did=row[3],
        delegate_did=row[4],
        scope=read_texts(row[5]),
        constraints=read_object(row[6]),
        max_depth=row[7],
        created_at=moment_of(row[8]),
        expires_at=moment_of(row[9]),
        made_by=row[10],
        verification_method=row[11],
        credential_status=CredentialStatus(row[12]),
        suspendable=bool(row[13]),
        supersedes=row[14],
        calls=row[15],
        last_used_at=optional_moment_of(row[16]),
    )


def uuid_of(kept: bytes | UUID) -> UUID:
    """Read a uid as either database gives it."""
    return UUID(bytes=kept) if isinstance(kept, bytes) else kept


def insert_delegation(transaction: Transaction, delegation: Delegation) -> None:
    """Write a delegation's own row, with an empty ledger."""
    _ADD.rows(
        transaction,
        delegation.delegation_id,
        transaction.uid(delegation.uid),
        json_text(delegation.lineage),
        delegation.parent_id,
        delegation.delegator_did,
        delegation.delegate_did,
        json_text(delegation.scope),
        json_text(dict(delegation.constraints)),
        delegation.max_depth,
        seconds_of(delegation.created_at),
        seconds_of(delegation.expires_at),
        delegation.made_by,
        delegation.supersedes,
    )
