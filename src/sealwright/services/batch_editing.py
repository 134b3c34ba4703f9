"""Mending single rows of a draft: what was wrong is judged again, and so is who names a holder twice."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final

from sealwright.domain.batches import CHUNK_ROWS, Batch, ChunkRows, RowFault
from sealwright.domain.errors import InvalidFilter, MalformedBody
from sealwright.domain.people import Caller
from sealwright.services.batch_desk import BatchDesk
from sealwright.services.batch_results import KeptRow
from sealwright.services.batch_rows import MARK_BYTES, NO_MARK, BatchRow, lines_of, members_of
from sealwright.services.ports import UnitOfWork
from sealwright.services.registry import Registry
from sealwright.services.row_judging import RowJudge, with_duplicate, without_duplicate
from sealwright.services.row_reading import ReadRow
from sealwright.services.row_wire import ROW_BYTES, UNREADABLE, wire_faults
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import Fault

_TOO_LONG: Final = f"A row holds at most {ROW_BYTES:,} bytes."


class RowEditing:
    """Changes rows of drafts in place."""

    def __init__(self, desk: BatchDesk) -> None:
        self._desk = desk

    def edit(
        self,
        uow: UnitOfWork,
        caller: Caller,
        batch_id: str,
        row: int,
        changes: Mapping[str, JSONValue],
        *,
        removed: Collection[str] = (),
    ) -> KeptRow:
        """Put members of a row in place of those it has, and judge it again.

        Args:
            changes: Members of the wire row; an unreadable row is replaced as a whole.
            removed: Members that it loses.

        Raises:
            BatchNotFound: Missing or hidden.
            StateConflict: It is no draft any more.
            IssuerNotAuthorized, SchemaNotAuthorized, OutOfScope: It may be seen, but not issued any more.
            InvalidFilter: There is no such row.
            MalformedBody: The row is too long afterwards.
        """
        batch = self._desk.draft(uow, caller, batch_id)
        number = row // CHUNK_ROWS
        chunk = uow.batches.chunk(batch_id, number) if 0 <= row < batch.total else None
        kept = uow.batches.rows(batch_id, number) if chunk is not None else None
        if chunk is None or kept is None:
            raise InvalidFilter("The batch has no such row.")
        lines = lines_of(kept.content)
        place = row - chunk.first_row
        members = {
            name: value for name, value in members_of(lines[place]).items() if name not in (UNREADABLE, *removed)
        }
        edited = BatchRow.of({**members, **changes})
        if len(edited.line) > ROW_BYTES:
            raise MalformedBody(_TOO_LONG, faults=[Fault("", "CLAIMS_TOO_LARGE", _TOO_LONG)])
        lines[place] = edited.line
        fault = self._judged(uow, caller, batch, row, edited)
        secret = self._desk.rows.secret(uow, batch_id)
        old = kept.holders[place * MARK_BYTES : (place + 1) * MARK_BYTES]
        new = self._desk.rows.mark(secret, edited.holder_did, Registry.within(uow, caller.epoch))
        holders = kept.holders[: place * MARK_BYTES] + new + kept.holders[(place + 1) * MARK_BYTES :]
        faults = _with(chunk.faults, row, fault)
        uow.batches.replace_chunk(replace(chunk, faults=faults), ChunkRows(b"\n".join(lines), holders))
        if not batch.options.allow_duplicates:
            for mark in {old, new} - {NO_MARK}:
                self._settle_duplicates(uow, batch_id, mark)
        after = uow.batches.chunk(batch_id, number)
        told = after.faults if after is not None else ()
        return KeptRow(row, members_of(edited.line), next((one for one in told if one.row == row), None))

    def _judged(self, uow: UnitOfWork, caller: Caller, batch: Batch, row: int, edited: BatchRow) -> RowFault | None:
        """What is wrong with a row by itself."""
        judge = RowJudge(self._desk.engine, batch, Registry.within(uow, caller.epoch), _no_column)
        read = ReadRow(0, edited.line, edited.holder_did, wire_faults(members_of(edited.line)))
        return next(iter(judge.judge([read], row, [False])), None)

    def _settle_duplicates(self, uow: UnitOfWork, batch_id: str, mark: bytes) -> None:
        """Let the first row of a holder stand, and every later one be a duplicate."""
        rows = list(_rows_of(uow, batch_id, mark))
        for number in sorted({row // CHUNK_ROWS for row in rows}):
            chunk = uow.batches.chunk(batch_id, number)
            kept = uow.batches.rows(batch_id, number)
            if chunk is None or kept is None:
                continue
            faults = chunk.faults
            for row in rows:
                if row // CHUNK_ROWS == number:
                    known = next((fault for fault in faults if fault.row == row), None)
                    told = with_duplicate(row, known) if row != rows[0] else without_duplicate(known)
                    faults = _with(faults, row, told)
            if faults != chunk.faults:
                uow.batches.replace_chunk(replace(chunk, faults=faults), kept)


def _rows_of(uow: UnitOfWork, batch_id: str, mark: bytes) -> Iterator[int]:
    """The rows of one holder, in order."""
    for number, marks in uow.batches.holders(batch_id):
        at = marks.find(mark)
        while at >= 0:
            if at % MARK_BYTES == 0:
                yield number * CHUNK_ROWS + at // MARK_BYTES
            at = marks.find(mark, at + 1)


def _with(faults: tuple[RowFault, ...], row: int, fault: RowFault | None) -> tuple[RowFault, ...]:
    others = [one for one in faults if one.row != row]
    return tuple(sorted([*others, *([fault] if fault is not None else [])], key=lambda one: one.row))


def _no_column(_pointer: str) -> str | None:
    return None
