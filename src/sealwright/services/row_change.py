"""From cells that somebody typed over to the members of a row, as a table's cells would have become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sealwright.domain.batches import CellFault
from sealwright.domain.errors import MalformedBody
from sealwright.services.row_cells import DateOrder, end_of_day, read_cell
from sealwright.services.row_shape import CLAIMS, EXPIRATION, CellPlace, RowShape
from sealwright.services.row_wire import UNREADABLE
from sealwright.vc.errors import Fault


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row as it is to become.

    Args:
        members: All of them, in the form of the wire.
        removed: Members that the row had and loses.
        faults: Dates that can be read in two ways; they stay as they were typed.
    """

    members: Mapping[str, Any]
    removed: tuple[str, ...]
    faults: tuple[CellFault, ...]


def changed_row(
    members: Mapping[str, Any], cells: Mapping[str, str], shape: RowShape, order: DateOrder | None = None
) -> RowChange:
    """Put texts of cells, each under the JSON pointer of its place, over a row; a blank one takes its member out.

    Args:
        members: As the row is kept; of an unreadable one nothing is taken over.
        order: Of written dates, if somebody said.

    Raises:
        MalformedBody: A pointer leads to no place of a row.
    """
    row: dict[str, Any] = {} if UNREADABLE in members else _copied(members)
    row.setdefault(CLAIMS, {})
    faults: list[CellFault] = []
    for pointer, text in cells.items():
        place = shape.by_pointer.get(pointer)
        if place is None:
            fault = Fault(pointer, "UNKNOWN_FIELD", "is no place of a row")
            raise MalformedBody("A cell is at no place of a row.", faults=[fault])
        value, unclear = _value(text, place, order)
        if unclear is not None:
            faults.append(CellFault(pointer, "INVALID_DATE", unclear))
        _put(row, place.path, value)
    removed = tuple(name for name in members if name not in row)
    return RowChange(row, removed, tuple(faults))


def _value(text: str, place: CellPlace, order: DateOrder | None) -> tuple[Any, str | None]:
    if not text.strip():
        return None, None
    if place.path == (EXPIRATION,):
        read = end_of_day(text, order)
    elif place.path[0] == CLAIMS:
        read = read_cell(text, place, order)
    else:
        return text.strip(), None
    return read.value, read.fault


def _put(row: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set a value, or take it out with every object that it leaves empty: those would reach no signed statement."""
    name, *below = path
    if below:
        inner = row.get(name)
        inner = inner if isinstance(inner, dict) else {}
        _put(inner, tuple(below), value)
        value = inner or None
    if value is None and name != CLAIMS:
        row.pop(name, None)
    else:
        row[name] = {} if value is None else value


def _copied(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _copied(inner) if isinstance(inner, Mapping) else inner for name, inner in value.items()}
