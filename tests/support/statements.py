"""Statements compiled once for all databases of a test run, instead of once for each.

The library keeps compiled statements by engine and by dialect object, and each test opens a database of its own: a
fifth of the time of flows went into compiling the same statements again. Dialects of one class that talk to the same
version of a server compile alike, so here they count as equal and keep their statements in one place.
"""

from __future__ import annotations

import functools
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.util import LRUCache

_KINDS: Final = (PGDialect_psycopg, SQLiteDialect_pysqlite)
_STATEMENTS_AT_MOST: Final = 3_000


def share_compiled_statements() -> None:
    """Let every engine that is made from now on find what another one has compiled."""
    for kind in _KINDS:
        setattr(kind, "__eq__", _compiles_alike)  # noqa: B010 - the library's own classes declare no such method
        setattr(kind, "__hash__", _by_kind)  # noqa: B010 - as above
    kept: dict[type[Dialect], LRUCache[Any, Any]] = {kind: LRUCache(_STATEMENTS_AT_MOST) for kind in _KINDS}
    make = sa.create_engine

    @functools.wraps(make)
    def make_sharing(*args: Any, **settings: Any) -> sa.Engine:
        engine = make(*args, **settings)
        shared = kept.get(type(engine.dialect))
        return engine if shared is None else engine.execution_options(compiled_cache=shared)

    setattr(sa, "create_engine", make_sharing)  # noqa: B010 - a module's function, replaced for the run


def _compiles_alike(one: Dialect, other: object) -> bool:
    return one is other or (
        type(one) is type(other) and getattr(one, "server_version_info", None) == other.server_version_info
    )


def _by_kind(one: Dialect) -> int:
    # Equal ones have equal hashes; the version is known only after the first connection.
    return hash(type(one))
