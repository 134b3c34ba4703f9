"""What is wrong with rows that were just read: their form, their content, and holders who are named twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from sealwright.domain.batches import Batch, CellFault, RowFault
from sealwright.services.batch_rows import DUPLICATE, duplicate, is_duplicate
from sealwright.services.registry import RegistryView
from sealwright.services.row_reading import ReadRow
from sealwright.services.row_shape import EMAIL, EXPIRATION, HOLDER
from sealwright.services.row_wire import unreadable_line
from sealwright.vc.encoding.strict_json import dump_json, parse_json

# Of a row that is wrong all over, so many places are told and kept.
CELLS_TOLD: Final = 20
_NOTHING: Final = unreadable_line("")
_BESIDE_CLAIMS: Final = frozenset({f"/{EXPIRATION}", f"/{EMAIL}"})


class RowChecker(Protocol):
    """Judges the content of rows: the engine that will issue them."""

    def check_rows(
        self, batch: Batch, lines: Sequence[bytes], first_row: int, view: RegistryView
    ) -> tuple[RowFault, ...]: ...


@dataclass(frozen=True, slots=True)
class RowError:
    """One thing that is wrong, as answers list it.

    Args:
        row: Number in the batch, from 0.
        column: Of the file; None where no table was read, or the fault is about no column.
        code: A wire code.
    """

    row: int
    column: str | None
    pointer: str
    code: str
    detail: str


class RowJudge:
    """Judges rows of one batch under one view of the registry.

    Args:
        column_of: The column behind a JSON pointer into a row.
    """

    def __init__(
        self, checker: RowChecker, batch: Batch, view: RegistryView, column_of: Callable[[str], str | None]
    ) -> None:
        self._checker = checker
        self._batch = batch
        self._view = view
        self._column_of = column_of

    def judge(self, rows: Sequence[ReadRow], first_row: int, doubles: Sequence[bool]) -> tuple[RowFault, ...]:
        """Give the faults of rows that stand side by side, in order.

        Args:
            doubles: Of each row, whether an earlier one names its holder.
        """
        found = self._checker.check_rows(self._batch, [_checkable(row) for row in rows], first_row, self._view)
        of_content = {fault.row: fault for fault in found}
        faults: list[RowFault] = []
        for place, row in enumerate(rows):
            number = first_row + place
            fault = self._with_form(number, row, of_content.get(number))
            if doubles[place]:
                fault = with_duplicate(number, fault, self._column_of(f"/{HOLDER}"))
            if fault is not None:
                faults.append(replace(fault, cells=fault.cells[:CELLS_TOLD]))
        return tuple(faults)

    def _with_form(self, number: int, row: ReadRow, content: RowFault | None) -> RowFault | None:
        if content is not None:
            content = replace(content, cells=tuple(self._in_column(cell) for cell in content.cells))
        if not row.faults:
            return content
        form = tuple(self._in_column(cell) for cell in row.faults)
        first = form[0]
        detail = first.detail if not first.pointer else "This row cannot be taken as it stands."
        if content is None or not _is_checkable(row):
            return RowFault(number, first.code, detail, form)
        told = {cell.pointer for cell in form}
        return RowFault(
            number, first.code, detail, (*form, *(cell for cell in content.cells if cell.pointer not in told))
        )

    def _in_column(self, cell: CellFault) -> CellFault:
        return cell if cell.column is not None else replace(cell, column=self._column_of(cell.pointer))


def with_duplicate(row: int, fault: RowFault | None, column: str | None = None) -> RowFault:
    """Say of a row that an earlier one names its holder, beside whatever else is wrong with it."""
    said = duplicate(row)
    cell = CellFault(f"/{HOLDER}", DUPLICATE, said.detail, column)
    if fault is None:
        return replace(said, cells=(cell,))
    return fault if is_duplicate(fault) else replace(fault, cells=(*fault.cells, cell))


def without_duplicate(fault: RowFault | None) -> RowFault | None:
    """Take back that an earlier row names the holder; None where nothing else is wrong."""
    if fault is None or fault.code == DUPLICATE:
        return None
    return replace(fault, cells=tuple(cell for cell in fault.cells if cell.code != DUPLICATE))


def errors_in(faults: Iterable[RowFault]) -> list[RowError]:
    """Spread faults out, one entry for each cell; a row whose fault is in no cell has one entry."""
    errors: list[RowError] = []
    for fault in faults:
        if not fault.cells:
            errors.append(RowError(fault.row, None, "", fault.code, fault.detail))
        for cell in fault.cells:
            # The keywords of JSON Schema stand in small letters; the row's code says what they are about.
            code = cell.code if cell.code.isupper() else fault.code
            errors.append(RowError(fault.row, cell.column, cell.pointer, code, cell.detail))
    return errors


def _is_checkable(row: ReadRow) -> bool:
    """Whether there is any content to judge: claims and a holder, whatever is wrong with a date or a mail address."""
    return not row.unreadable and all(
        fault.code == "INVALID_DATE" or fault.pointer in _BESIDE_CLAIMS for fault in row.faults
    )


def _checkable(row: ReadRow) -> bytes:
    """The row as the checker can judge it: a member beside the claims that is wrong would hide what else is."""
    if not row.faults:
        return row.content
    if not _is_checkable(row):
        return _NOTHING
    wrong = {fault.pointer for fault in row.faults} & _BESIDE_CLAIMS
    if not wrong:
        return row.content
    members = parse_json(row.content)
    assert isinstance(members, Mapping)
    return dump_json({name: value for name, value in members.items() if f"/{name}" not in wrong})
