"""Tables that go out: templates to fill in, and faulty rows to mend and send again.

They begin with the mark of UTF-8: they are opened in spreadsheets, which would otherwise take
every accent for two letters and save it so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from sealwright.domain.batches import CellFault, RowFault
from sealwright.services.csv_text import Cell, write_csv
from sealwright.services.row_cells import LIST_SEPARATOR, guarded
from sealwright.services.row_shape import CLAIMS, EMAIL, EXPIRATION, HOLDER, CellPlace, RowShape
from sealwright.services.row_wire import UNREADABLE
from sealwright.vc.encoding.strict_json import dump_json

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
ERROR_COLUMNS: Final = ("error_row", "error_column", "error_code", "error_detail", "error_text")
_SAMPLE_HOLDERS: Final = ("did:adi:holder001", "did:adi:holder002")
_SAMPLE_EXPIRATION: Final = "2036-12-31"


class FaultyRow(Protocol):
    """A row that failed or would fail, as it is kept."""

    @property
    def members(self) -> Mapping[str, Any]:
        """Those of the wire, or ``unreadable``; none where nothing is kept any more."""

    @property
    def fault(self) -> RowFault | None:
        """What is wrong."""


def template_csv(shape: RowShape) -> Iterator[bytes]:
    """A table with every column of a schema, in its order, and two sample rows."""
    places = _columns(shape, with_email=False)
    yield BYTE_ORDER_MARK
    yield from write_csv(
        [place.name for place in places], (_cells(_sample(shape, holder), places) for holder in _SAMPLE_HOLDERS)
    )


def sample_ndjson(shape: RowShape) -> Iterator[bytes]:
    """The same two rows as JSON lines."""
    for holder in _SAMPLE_HOLDERS:
        row = _sample(shape, holder)
        row[EXPIRATION] = f"{_SAMPLE_EXPIRATION}T23:59:59Z"
        yield dump_json(row) + b"\n"


def errors_csv(shape: RowShape, rows: Iterable[FaultyRow]) -> Iterator[bytes]:
    """Faulty rows with what is wrong in front of their cells; mended, the table can be sent as it is.

    Rows are counted from 1. The columns of errors lead nowhere when the table is read. What a row of JSON lines holds
    beside the places of its schema has no column.
    """
    places = _columns(shape, with_email=True)
    heading = [*ERROR_COLUMNS, *(_column_name(place, shape) for place in places)]
    yield BYTE_ORDER_MARK
    yield from write_csv(heading, (_error_cells(row, places) for row in rows if row.fault is not None))


def _columns(shape: RowShape, *, with_email: bool) -> list[CellPlace]:
    own = [shape.by_pointer[f"/{name}"] for name in (HOLDER, EXPIRATION, EMAIL)]
    return [own[0], *shape.claims, *(own[1:] if with_email else own[1:2])]


def _column_name(place: CellPlace, shape: RowShape) -> str:
    """A column's name that leads back to its place, also where a claim bears the name of another."""
    if place.path[0] == CLAIMS:
        reserved = {HOLDER, EXPIRATION}
        return f"{CLAIMS}.{place.name}" if place.name in reserved else place.name
    taken = {claim.name for claim in shape.claims}
    return f"delivery.{place.name}" if place.name == EMAIL and EMAIL in taken else place.name


def _sample(shape: RowShape, holder: str) -> dict[str, Any]:
    return {HOLDER: holder, CLAIMS: shape.sample(), EXPIRATION: _SAMPLE_EXPIRATION}


def _error_cells(row: FaultyRow, places: Sequence[CellPlace]) -> list[Cell]:
    members, fault = row.members, row.fault
    assert fault is not None
    columns = dict.fromkeys(_place_name(cell) for cell in fault.cells if _place_name(cell))
    details = [f"{_place_name(cell)} {cell.detail}".strip() for cell in fault.cells] or [fault.detail]
    unreadable = members.get(UNREADABLE)
    return [
        fault.row + 1,
        "; ".join(columns),
        fault.code,
        "; ".join(details),
        guarded(unreadable) if isinstance(unreadable, str) else None,
        *_cells(members, places),
    ]


def _place_name(cell: CellFault) -> str:
    """How people find a cell: by its column, else by where it stands in the row."""
    return cell.column or cell.pointer.removeprefix(f"/{CLAIMS}").strip("/").replace("/", ".")


def _cells(row: Mapping[str, Any], places: Sequence[CellPlace]) -> list[Cell]:
    return [_cell(_value_at(row, place.path)) for place in places]


def columns_of(shape: RowShape) -> list[tuple[str, CellPlace]]:
    """Every column that a table may have, by the name that leads to its place; in the order of templates."""
    return [(_column_name(place, shape), place) for place in _columns(shape, with_email=True)]


def cell_text(row: Mapping[str, Any], place: CellPlace) -> str:
    """What stands at a place of a row, as it would be typed; empty where nothing does."""
    value = _value_at(row, place.path)
    if isinstance(value, list):
        return f"{LIST_SEPARATOR} ".join(item if isinstance(item, str) else _spelled(item) for item in value)
    return "" if value is None else value if isinstance(value, str) else _spelled(value)


def _value_at(row: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = row
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _cell(value: Any) -> Cell:
    """A value as the text from which reading makes it again."""
    if isinstance(value, list):
        return guarded(LIST_SEPARATOR.join(item if isinstance(item, str) else _spelled(item) for item in value))
    if isinstance(value, str):
        return guarded(value)
    return value if value is None or isinstance(value, bool | int) else _spelled(value)


def _spelled(value: Any) -> str:
    return dump_json(value).decode("utf-8")
