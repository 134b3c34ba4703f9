"""What the databases' own checks say: pages, indexes and references."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg

from tests.support.rows import Rows


def database_faults(rows: Rows) -> Iterator[str]:
    """What the database's own checks say against it; nothing if it is whole."""
    if rows.is_sqlite:
        said = [str(row[0]) for row in rows.read("PRAGMA integrity_check")]
        if said != ["ok"]:
            yield f"integrity_check: {said[:3]}"
        if broken := rows.read("PRAGMA foreign_key_check"):
            yield f"foreign_key_check: {broken[:3]}"
        return
    for (name,) in rows.read(
        "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT indisvalid"
    ):
        yield f"the index {name} is not valid"
    yield from _broken_references(rows)
    yield from _broken_trees(rows)


def _broken_references(rows: Rows) -> Iterator[str]:
    """Rows that refer to none, for every foreign key of one column, whether it is enforced or not."""
    keys = rows.read(
        "SELECT c.conname, c.conrelid::regclass::text, a.attname, c.confrelid::regclass::text, b.attname "
        "FROM pg_constraint c "
        "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] "
        "JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1] "
        "WHERE c.contype = 'f' AND cardinality(c.conkey) = 1"
    )
    for name, table, column, other, key in keys:
        lost = rows.value(
            f"SELECT count(*) FROM {table} t WHERE t.{column} IS NOT NULL "
            f"AND NOT EXISTS (SELECT 1 FROM {other} o WHERE o.{key} = t.{column})"
        )
        if lost:
            yield f"{name}: {lost} rows refer to none"


def _broken_trees(rows: Rows) -> Iterator[str]:
    """Indexes that PostgreSQL's own check refuses; where its extension is not installed, none."""
    if not rows.value("SELECT count(*) FROM pg_available_extensions WHERE name = 'amcheck'"):
        return
    rows.run("CREATE EXTENSION IF NOT EXISTS amcheck")
    indexes: Sequence[tuple[Any, ...]] = rows.read(
        "SELECT c.oid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "JOIN pg_am m ON m.oid = c.relam JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE m.amname = 'btree' AND n.nspname = 'public' AND c.relpersistence = 'p'"
    )
    for (name,) in indexes:
        try:
            rows.read("SELECT bt_index_check(?::regclass, true)", (name,))
        except psycopg.Error as error:
            yield f"amcheck: {name}: {type(error).__name__}"
