"""Rows of batches that are kept: dropping them for their age, and taking a person out of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from sealwright.domain.batches import BatchStatus
from sealwright.storage.batch_draft_tables import batch_drafts, batch_files
from sealwright.storage.bulk_tables import KEPT, batch_chunks, batch_rows, batches
from sealwright.storage.transaction import Transaction

# What stands in the place of a row that named somebody who is gone.
GONE: Final = b'{"unreadable":""}'
_MARK_BYTES: Final = 8
# Their small letters and capitals are one to us (ß and SS, too), and to few databases.
_OTHER_LETTERS: Final = re.compile(r"[^\x00-\x7f]+")
_MOMENT: Final = batches.c.created_at.type
_OLD: Final = (
    sa.select(batches.c.batch_id)
    .where(sa.text(KEPT), batches.c.finished_at <= sa.bindparam("before", type_=_MOMENT))
    .order_by(batches.c.finished_at, batches.c.batch_id)
    .limit(sa.bindparam("how_many"))
)
_OLD_DRAFTS: Final = (
    sa.select(batches.c.batch_id)
    .where(
        batches.c.status == BatchStatus.DRAFT.value,
        batches.c.created_at <= sa.bindparam("before", type_=_MOMENT),
        # Mass acts start by themselves, however long they wait for a halt or for another batch.
        ~batches.c.options.like('%"selection":{%'),
    )
    .order_by(batches.c.created_at, batches.c.batch_id)
    .limit(sa.bindparam("how_many"))
)
_CONTENT: Final = sa.select(batch_rows.c.content).where(
    batch_rows.c.batch_id == sa.bindparam("batch_id"), batch_rows.c.number == sa.bindparam("number")
)
# So many chunks' rows are looked through by one statement (the number in the two below): a few megabytes.
_LOOKED_AT: Final = 64
# Rows of revocations are ids in binary, which name nobody and are no text.
_IDS: Final = "(SELECT kind FROM batches WHERE batches.batch_id = part.batch_id) = 'revoke'"
_WINDOW_POSTGRES: Final = (
    f"SELECT batch_id, number, CASE WHEN {_IDS} THEN FALSE "  # noqa: S608
    "ELSE lower(convert_from(content, 'UTF8')) LIKE ANY(%b::text[]) END FROM "
    "(SELECT batch_id, number, content FROM batch_rows WHERE (batch_id, number) > (%b, %b::int8) "
    "ORDER BY batch_id, number LIMIT 64) AS part"
)
_WINDOW_SQLITE: Final = (
    "SELECT batch_id, number, EXISTS (SELECT 1 FROM json_each(?) WHERE instr(lower(CAST(content AS TEXT)), value) > 0) "
    "FROM (SELECT batch_id, number, content FROM batch_rows WHERE (batch_id, number) > (?, ?) "
    "ORDER BY batch_id, number LIMIT 64)"
)


class KeptRows:
    """What batches keep of their rows."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def with_holder(self, holder_dids: Collection[str]) -> tuple[tuple[str, int], ...]:
        """(batch, chunk) of kept rows that may name one of these holders."""
        return tuple(self._naming(holder_dids))

    def drop_kept(self, before: datetime, limit: int) -> int:
        """Drop failed rows of batches that ended before that moment, and drafts made before it; gives how many."""
        asked = {"before": before, "how_many": limit}
        ended = [row.batch_id for row in self._transaction.rows(_OLD, asked)]
        drafts = [
            row.batch_id for row in self._transaction.rows(self._transaction.locking(_OLD_DRAFTS, skip=True), asked)
        ]
        gone = [*ended, *drafts]
        if gone:
            self._transaction.change(sa.delete(batch_rows).where(batch_rows.c.batch_id.in_(gone)))
        if ended:
            self._transaction.change(sa.update(batches).where(batches.c.batch_id.in_(ended)).values(rows_kept=False))
        if drafts:
            for table in (batch_files, batch_drafts):
                self._transaction.change(sa.delete(table).where(table.c.batch_id.in_(drafts)))
            self._transaction.change(sa.delete(batch_chunks).where(batch_chunks.c.batch_id.in_(drafts)))
            self._transaction.change(sa.delete(batches).where(batches.c.batch_id.in_(drafts)))
        return len(gone)

    def erase(self, names: Collection[str]) -> None:
        """Take every row that names somebody, by a DID or an e-mail address, out of what is kept.

        Whoever works on such a chunk at this moment loses it: they have read what is gone now. The file that a draft's
        rows were read from goes whole, for in its own encoding nobody is found.
        """
        wanted = frozenset(name.casefold() for name in names)
        found = tuple(self._naming(names))
        for batch_id in sorted({batch_id for batch_id, _ in found}):
            self._transaction.change(sa.delete(batch_files).where(batch_files.c.batch_id == batch_id))
        for batch_id, number in found:
            condition = (batch_rows.c.batch_id == batch_id) & (batch_rows.c.number == number)
            running = (
                (batch_chunks.c.batch_id == batch_id)
                & (batch_chunks.c.number == number)
                & (batch_chunks.c.state == "running")
            )
            # The chunk's row first, as everybody locks it.
            self._transaction.change(
                sa.update(batch_chunks)
                .where(running)
                .values(state="ready", fence=batch_chunks.c.fence + 1, lease_until=None)
            )
            row = self._transaction.row(self._transaction.locking(sa.select(*batch_rows.columns).where(condition)))
            if row is not None:
                content, holders = without(row.content, row.holders, wanted)
                self._transaction.change(
                    sa.update(batch_rows).where(condition).values(content=content, holders=holders)
                )

    def _naming(self, names: Collection[str]) -> Iterator[tuple[str, int]]:
        """Look through everything that is kept, a few megabytes at a time."""
        folded = frozenset(name.casefold() for name in names if name)
        parts = sorted({_plain_part(name) for name in names if name})
        is_told = all(name.isascii() for name in names)
        last: tuple[str, int] = ("", -1)
        while parts:
            rows = self._window(parts, last)
            for batch_id, number, is_likely in rows:
                if is_likely and (is_told or self._holds(batch_id, number, folded)):
                    yield batch_id, number
            if len(rows) < _LOOKED_AT:
                return
            last = (rows[-1][0], rows[-1][1])

    def _holds(self, batch_id: str, number: int, folded: frozenset[str]) -> bool:
        """Look for names in the rows of one chunk, whatever letters they are of."""
        row = self._transaction.row(_CONTENT, {"batch_id": batch_id, "number": number})
        text = "" if row is None else row.content.decode("utf-8", "replace").casefold()
        return any(name in text for name in folded)

    def _window(self, lowered: list[str], last: tuple[str, int]) -> list[tuple[Any, ...]]:
        if self._transaction.is_sqlite:
            return self._transaction.driver_rows(_WINDOW_SQLITE, (msgspec.json.encode(lowered).decode(), *last))
        patterns = [f"%{_escaped(name)}%" for name in lowered]
        return self._transaction.driver_rows(_WINDOW_POSTGRES, (patterns, *last))


def _plain_part(name: str) -> str:
    """The longest part of a name that every database finds in small letters and in capitals."""
    return max(_OTHER_LETTERS.split(name), key=len).lower()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def without(content: bytes, holders: bytes, names: frozenset[str]) -> tuple[bytes, bytes]:
    """Give kept rows without those that name somebody, and the marks of holders without theirs.

    Args:
        names: Casefolded.
    """
    lines = content.split(b"\n")
    marks = bytearray(holders)
    for at, line in enumerate(lines):
        if line and _is_named(line, names):
            lines[at] = GONE
            start = at * _MARK_BYTES
            if start < len(marks):
                # As of a row that names nobody: no other row is ever held against it.
                marks[start : start + _MARK_BYTES] = bytes(_MARK_BYTES)
    return b"\n".join(lines), bytes(marks)


def _is_named(line: bytes, names: frozenset[str]) -> bool:
    try:
        row = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return any(name in line.decode("utf-8", "replace").casefold() for name in names)
    if isinstance(row, dict) and isinstance(row.get("unreadable"), str):
        return any(name in row["unreadable"].casefold() for name in names)
    return any(text.strip().casefold() in names for text in _texts(row))


def _texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
