"""Asking a database how it would find the rows of what a call asks for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Connection

from sealwright.storage.engines import Database
from sealwright.storage.transaction import Transaction


class Explainer:
    """Asks the database for the plan of each statement that a call sends.

    Args:
        texts: Lets prepared texts be noted too.
        changes: Lets units of work that write be noted too, with what they change and delete.
    """

    def __init__(self, database: Database, *, texts: pytest.MonkeyPatch | None = None, changes: bool = False) -> None:
        self._database = database
        self._kinds = ("SELECT", "UPDATE", "DELETE") if changes else ("SELECT",)
        self._seen: list[tuple[str, Any]] = []
        if changes:
            event.listen(database.writers, "before_cursor_execute", self._note)
        event.listen(database.readers, "before_cursor_execute", self._note)
        if texts is not None:
            self._listen(texts)

    def scans(self, act: Callable[[], Any]) -> list[str]:
        """Name the tables that a call reads whole, as ``SCAN table``."""
        self._seen.clear()
        act()
        asked = list(self._seen)
        assert asked
        return [scan for statement, parameters in asked for scan in self._scans_of(statement, parameters)]

    def _listen(self, texts: pytest.MonkeyPatch) -> None:
        original = Transaction.driver_rows

        def noted(transaction: Transaction, statement: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
            if statement.startswith(self._kinds):
                self._seen.append((statement, tuple(parameters)))
            return original(transaction, statement, parameters)

        texts.setattr(Transaction, "driver_rows", noted)

    def _note(self, _c: Connection, _cursor: Any, statement: str, parameters: Any, _ctx: Any, many: bool) -> None:
        if statement.lstrip().upper().startswith(self._kinds):
            self._seen.append((statement, parameters[0] if many else parameters))

    def _scans_of(self, statement: str, parameters: Any) -> Sequence[str]:
        with self._database.readers.connect() as connection:
            if self._database.is_sqlite:
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                return [row[3] for row in rows if row[3].startswith("SCAN") and " USING " not in row[3]]
            rows = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).all()
            plan = rows[0][0] if not isinstance(rows[0][0], str) else json.loads(rows[0][0])
            return list(_seq_scans(plan[0]["Plan"]))


def _seq_scans(node: dict[str, Any]) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan":
        yield f"SCAN {node['Relation Name']}"
    for child in node.get("Plans", ()):
        yield from _seq_scans(child)
