"""Column types that mean the same on both databases, and the conversions of whole-second moments."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

SQLITE: Final = "sqlite"


def seconds_of(moment: datetime) -> int:
    """Give a moment as Unix seconds.

    Raises:
        ValueError: The moment has no zone; its meaning would depend on the machine.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone cannot be stored")
    return int(moment.timestamp())


def optional_seconds_of(moment: datetime | None) -> int | None:
    """Give a moment as Unix seconds, None as None."""
    return None if moment is None else seconds_of(moment)


def moment_of(seconds: int) -> datetime:
    """Give Unix seconds as an aware UTC moment."""
    return datetime.fromtimestamp(seconds, UTC)


def optional_moment_of(seconds: int | None) -> datetime | None:
    """Give Unix seconds as a moment, None as None."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


class Moment(TypeDecorator[datetime]):
    """A moment as Unix seconds: no zone, calendar or rounding of the database can touch it."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use the one integer type that STRICT tables know."""
        return dialect.type_descriptor(sqlite.INTEGER() if dialect.name == SQLITE else sa.BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Store whole seconds."""
        return optional_seconds_of(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Read an aware moment."""
        return optional_moment_of(value)


class Uid(TypeDecorator[UUID]):
    """A UUID: ``uuid`` on PostgreSQL, its 16 bytes on SQLite; both sort by time for version 7."""

    impl = sa.LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use the native type where there is one."""
        return dialect.type_descriptor(sqlite.BLOB() if dialect.name == SQLITE else postgresql.UUID(as_uuid=True))

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> UUID | bytes | None:
        """Store the 16 bytes where there is no native type."""
        return value.bytes if value is not None and dialect.name == SQLITE else value

    def process_result_value(self, value: UUID | bytes | None, dialect: Dialect) -> UUID | None:  # noqa: ARG002
        """Read a UUID."""
        return UUID(bytes=value) if isinstance(value, bytes) else value


class Flag(TypeDecorator[bool]):
    """A truth value: ``boolean`` on PostgreSQL, 0 or 1 in STRICT tables."""

    impl = sa.Boolean
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use the integer that STRICT tables know."""
        return dialect.type_descriptor(sqlite.INTEGER() if dialect.name == SQLITE else sa.Boolean())

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> bool | int | None:
        """Store 0 or 1 on SQLite."""
        return int(value) if value is not None and dialect.name == SQLITE else value

    def process_result_value(self, value: bool | int | None, dialect: Dialect) -> bool | None:  # noqa: ARG002
        """Read a bool."""
        return None if value is None else bool(value)


def words() -> TypeEngine[str]:
    """Give the type of ids and names: compared by code point on both databases, so that keysets agree."""
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def whole() -> TypeEngine[int]:
    """Give the type of counters: 64 bits on both databases."""
    return sa.BigInteger().with_variant(sqlite.INTEGER(), SQLITE)
