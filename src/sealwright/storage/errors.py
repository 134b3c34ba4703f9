"""What a database may refuse, and the one translation of driver errors into refusals of ours.

Driver errors quote statements and values. None of them travels further than this room: a refusal
made here is raised without its cause, and carries the driver's error class and state only.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
import sqlalchemy.exc

from sealwright.domain.errors import AuditUnavailable, StoreUnavailable

_DETAIL: Final = "The database does not answer; try again later."
_AUDIT_DETAIL: Final = "The audit trail cannot be written, so nothing was done; try again later."
_SQLITE_COLUMNS: Final = re.compile(r"(?:UNIQUE|PRIMARY KEY) constraint failed: (.+)$")
_SQLITE_INDEX: Final = re.compile(r"constraint failed: index '([^']+)'$")


class StoreRefused(Exception):
    """This program will not work on that store: wrong scheme, too old a server, another version of the tables."""


class AlreadyTaken(StoreUnavailable):
    """A unique value is taken.

    Repositories turn the ones they expect into refusals of their own. One that nobody expects is a
    broken invariant: the act fails closed, as for a database that does not answer.

    Args:
        constraint: What was violated: a constraint or index name, or on SQLite ``table.column, …``.
    """

    def __init__(self, constraint: str) -> None:
        super().__init__(_DETAIL)
        self.constraint = constraint

    def concerns(self, *names: str) -> bool:
        """Tell whether the violated constraint is one of these names or ``table.column`` lists."""
        return self.constraint in names


# What a database can throw at us; everything else is a defect of ours and passes as it is.
DATABASE_ERRORS: Final = (
    sqlalchemy.exc.DBAPIError,
    sqlalchemy.exc.TimeoutError,
    sqlalchemy.exc.DisconnectionError,
    sqlalchemy.exc.PendingRollbackError,
    psycopg.Error,
    sqlite3.Error,
)


def refusal_for(error: Exception) -> StoreUnavailable:
    """Translate a database error; the answer holds no statement and no value."""
    original = error.orig if isinstance(error, sqlalchemy.exc.DBAPIError) else error
    if isinstance(original, psycopg.errors.UniqueViolation):
        return AlreadyTaken(original.diag.constraint_name or "")
    if isinstance(original, sqlite3.IntegrityError):
        found = _SQLITE_COLUMNS.search(str(original)) or _SQLITE_INDEX.search(str(original))
        if found is not None:
            return AlreadyTaken(found.group(1))
    refusal = StoreUnavailable(_DETAIL)
    refusal.add_note(_kind_of(original))
    return refusal


@contextmanager
def audit_unavailable() -> Iterator[None]:
    """Say of every refusal inside that it was the audit rows that could not be written."""
    try:
        yield
    except StoreUnavailable as error:
        refusal = AuditUnavailable(_AUDIT_DETAIL)
        for note in getattr(error, "__notes__", ()):
            refusal.add_note(note)
        raise refusal from None


def _kind_of(original: BaseException | None) -> str:
    """Name a driver error by class and state, for the operator's log."""
    if isinstance(original, psycopg.Error):
        return f"{type(original).__name__} {original.sqlstate or ''}".rstrip()
    if isinstance(original, sqlite3.Error):
        return f"{type(original).__name__} {getattr(original, 'sqlite_errorname', '')}".rstrip()
    return type(original).__name__
