"""Credential schemas, as rows."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.errors import SchemaExists
from sealwright.domain.schemas import SchemaRecord
from sealwright.services.ports import Page
from sealwright.storage.column_types import moment_of, seconds_of
from sealwright.storage.cursors import dated_cursor, dated_key
from sealwright.storage.errors import AlreadyTaken
from sealwright.storage.json_columns import read_texts
from sealwright.storage.tables import schemas
from sealwright.storage.transaction import Transaction

_LIST: Final = "s"

_SCHEMA: Final = sa.select(
    schemas.c.schema_id,
    schemas.c.name,
    schemas.c.version,
    schemas.c.type,
    schemas.c.description,
    schemas.c.author,
    schemas.c.content,
    schemas.c.context_url,
    schemas.c.context,
    schemas.c.sha256,
    schemas.c.restricted,
    schemas.c.allowed_issuers,
    schemas.c.revocation_required,
    schemas.c.active,
    schemas.c.created_at,
    schemas.c.credential_type,
)
_BY_ID: Final = _SCHEMA.where(schemas.c.schema_id == sa.bindparam("schema_id"))
_BY_NAME: Final = _SCHEMA.where(schemas.c.name == sa.bindparam("name"), schemas.c.version == sa.bindparam("version"))
_ALL: Final = _SCHEMA.order_by(schemas.c.created_at, schemas.c.schema_id)
_NEWEST_FIRST: Final = _SCHEMA.order_by(schemas.c.created_at.desc(), schemas.c.schema_id.desc())
_UPDATE: Final = (
    sa.update(schemas)
    .where(schemas.c.schema_id == sa.bindparam("id"))
    .values(
        restricted=sa.bindparam("new_restricted"),
        allowed_issuers=sa.bindparam("new_allowed_issuers"),
        active=sa.bindparam("new_active"),
    )
)


class StoredSchemas:
    """Credential schemas in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def get(self, schema_id: str) -> SchemaRecord | None:
        """Find a schema by id."""
        row = self._transaction.row(_BY_ID, {"schema_id": schema_id})
        return None if row is None else _record(row)

    def by_name(self, name: str, version: str) -> SchemaRecord | None:
        """Find a schema by name and version."""
        row = self._transaction.row(_BY_NAME, {"name": name, "version": version})
        return None if row is None else _record(row)

    def add(self, record: SchemaRecord) -> None:
        """Add a schema.

        Raises:
            SchemaExists: The id, or the name with its version, is taken.
        """
        self._transaction.raise_epoch()
        try:
            self._transaction.change(sa.insert(schemas), _values(record))
        except AlreadyTaken:
            raise SchemaExists("This schema id, or this name and version, is taken.") from None

    def update(self, record: SchemaRecord) -> None:
        """Change who may use the schema and whether it is active; nothing else ever changes."""
        self._transaction.raise_epoch()
        self._transaction.change(
            _UPDATE,
            {
                "id": record.schema_id,
                "new_restricted": record.restricted,
                "new_allowed_issuers": msgspec.json.encode(record.allowed_issuers).decode(),
                "new_active": record.active,
            },
        )

    def list(self, *, active: bool | None, limit: int, cursor: str | None) -> Page[SchemaRecord]:
        """List schemas, newest first.

        Raises:
            InvalidPagination: The cursor is not of this list.
        """
        statement = _NEWEST_FIRST.limit(limit + 1)
        if active is not None:
            statement = statement.where(schemas.c.active == sa.literal(active, schemas.c.active.type))
        if cursor is not None:
            seconds, schema_id = dated_key(_LIST, cursor)
            behind = sa.tuple_(schemas.c.created_at, schemas.c.schema_id) < sa.tuple_(
                sa.literal(moment_of(seconds), schemas.c.created_at.type),
                sa.literal(schema_id, schemas.c.schema_id.type),
            )
            statement = statement.where(behind)
        found = [_record(row) for row in self._transaction.rows(statement)]
        items = tuple(found[:limit])
        more = len(found) > limit and items
        return Page(items, dated_cursor(_LIST, seconds_of(items[-1].created_at), items[-1].schema_id) if more else None)

    def all(self) -> tuple[SchemaRecord, ...]:
        """List every schema, oldest first."""
        return tuple(_record(row) for row in self._transaction.rows(_ALL))


def _values(record: SchemaRecord) -> dict[str, object]:
    return {
        "schema_id": record.schema_id,
        "name": record.name,
        "version": record.version,
        "type": msgspec.json.encode(record.type).decode(),
        "description": record.description,
        "author": record.author,
        "content": record.content,
        "context_url": record.context_url,
        "context": record.context,
        "sha256": record.sha256,
        "restricted": record.restricted,
        "allowed_issuers": msgspec.json.encode(record.allowed_issuers).decode(),
        "revocation_required": record.revocation_required,
        "active": record.active,
        "created_at": record.created_at,
        "credential_type": record.credential_type,
    }


def _record(row: Row[Any]) -> SchemaRecord:
    return SchemaRecord(
        schema_id=row.schema_id,
        name=row.name,
        version=row.version,
        type=read_texts(row.type),
        description=row.description,
        author=row.author,
        content=row.content,
        context_url=row.context_url,
        context=row.context,
        sha256=row.sha256,
        restricted=row.restricted,
        allowed_issuers=read_texts(row.allowed_issuers),
        revocation_required=row.revocation_required,
        active=row.active,
        created_at=row.created_at,
        credential_type=row.credential_type,
    )
