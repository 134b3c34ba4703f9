"""Which column of a table leads where: by a mapping that somebody gave, else by the columns' names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sealwright.domain.batch_errors import UnreadableRows
from sealwright.services.row_shape import CLAIMS, EMAIL, EXPIRATION, HOLDER, CellPlace, RowShape
from sealwright.vc.errors import Fault

MAX_COLUMNS: Final = 1_024
# A claim of the same name goes before these; it never goes before holderDid and expirationDate.
_ALIASES: Final[Mapping[str, str]] = {
    "holder": HOLDER,
    "did": HOLDER,
    "subjectdid": HOLDER,
    "holder_did": HOLDER,
    "expiration_date": EXPIRATION,
    "email": EMAIL,
    "e-mail": EMAIL,
}


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """Where the columns of one table lead.

    Args:
        header: The columns' names as they stand in the file, blanks around them taken off.
        places: One for each column; None for a column that is left out.
        missing_places: Required ones that no column leads to.
    """

    header: tuple[str, ...]
    places: tuple[CellPlace | None, ...]
    missing_places: tuple[CellPlace, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of required places that no column leads to."""
        return tuple(place.name for place in self.missing_places)

    @property
    def ignored(self) -> tuple[str, ...]:
        """Columns that lead nowhere."""
        return tuple(name for name, place in zip(self.header, self.places, strict=True) if place is None and name)

    def column_of(self, pointer: str) -> str | None:
        """The column behind a place of a row, or the first behind a place below or above it; required ones that are
        missing come last."""
        near = [*zip(self.header, self.places, strict=True), *((place.name, place) for place in self.missing_places)]
        for is_match in (_same, _below, _above):
            for name, place in near:
                if place is not None and is_match(place.pointer, pointer):
                    return name
        return None


def _same(column: str, asked: str) -> bool:
    return column == asked


def _below(column: str, asked: str) -> bool:
    return column.startswith(f"{asked}/") and asked not in ("", f"/{CLAIMS}")


def _above(column: str, asked: str) -> bool:
    return asked.startswith(f"{column}/")


def plan_columns(header: Sequence[str], shape: RowShape, mapping: Mapping[str, str]) -> ColumnPlan:
    """Find out where each column leads.

    Args:
        header: At least one name.
        mapping: Column to JSON pointer; an empty pointer leaves the column out.

    Raises:
        UnreadableRows: Too many columns, a mapping of a column or to a place that is not there, or two columns that
            lead to one place.
    """
    names = tuple(name.strip() for name in header)
    if len(names) > MAX_COLUMNS:
        raise _refusal("", "INVALID_VALUE", f"The table has more than {MAX_COLUMNS:,} columns.")
    _check_mapping(names, shape, mapping)
    by_name = _by_name(shape)
    exact = {by_name[name].pointer for name in names if name in by_name and name not in mapping}
    taken = {pointer for name, pointer in mapping.items() if pointer}
    places = tuple(
        (shape.by_pointer.get(mapping[name]) if mapping[name] else None)
        if name in mapping
        else _named(name, by_name, exact | taken)
        for name in names
    )
    _check_doubles(names, places)
    led_to = {place.pointer for place in places if place is not None}
    missing = tuple(place for place in shape.places if place.required and place.pointer not in led_to)
    return ColumnPlan(names, places, missing)


def _by_name(shape: RowShape) -> Mapping[str, CellPlace]:
    """Every name by which a column may lead to a place, exactly spelled."""
    own = {place.name: place for place in shape.claims}
    dotted = {f"{CLAIMS}.{place.name}": place for place in shape.claims}
    reserved = {name: shape.by_pointer[f"/{name}"] for name in (HOLDER, EXPIRATION)}
    email = {} if EMAIL in own else {EMAIL: shape.by_pointer[f"/{EMAIL}"]}
    return own | dotted | email | reserved


def _named(name: str, by_name: Mapping[str, CellPlace], taken: Iterable[str]) -> CellPlace | None:
    """The place of a column by its name: as it is spelled, else whatever its case, else by another name of it."""
    if name in by_name:
        return by_name[name]
    folded = name.casefold()
    likely = [place for known, place in by_name.items() if known.casefold() == folded]
    if not likely and folded in _ALIASES:
        likely = [place for known, place in by_name.items() if known == _ALIASES[folded]]
    free = {place.pointer: place for place in likely if place.pointer not in taken}
    return next(iter(free.values())) if len(free) == 1 else None


def _check_mapping(names: Sequence[str], shape: RowShape, mapping: Mapping[str, str]) -> None:
    for column, pointer in mapping.items():
        if column not in names:
            raise _refusal("/mapping", "INVALID_VALUE", f"The table has no column {column!r}, which the mapping names.")
        if pointer and pointer not in shape.by_pointer:
            detail = f"The mapping leads column {column!r} to {pointer}, which is no place of a row."
            raise _refusal("/mapping", "INVALID_VALUE", detail)


def _check_doubles(names: Sequence[str], places: Sequence[CellPlace | None]) -> None:
    seen: dict[str, str] = {}
    for name, place in zip(names, places, strict=True):
        if place is None:
            continue
        if place.pointer in seen:
            detail = f"The columns {seen[place.pointer]!r} and {name!r} both lead to {place.name}; leave one out."
            raise _refusal(place.pointer, "CONFLICTING_FIELDS", detail)
        seen[place.pointer] = name


def _refusal(pointer: str, code: str, detail: str) -> UnreadableRows:
    return UnreadableRows(detail, faults=[Fault(pointer, code, detail)])
