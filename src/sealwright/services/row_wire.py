"""A row as one line of JSON: ``{"holderDid": …, "claims": {…}, "expirationDate"?: …, "email"?: …}``.

A line that could not be read at all is kept as ``{"unreadable": "…"}``, so that its number stays taken and its text can
be shown and mended.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sealwright.domain.batches import CellFault
from sealwright.domain.errors import MalformedBody
from sealwright.services.email_addresses import read_email
from sealwright.services.row_shape import CLAIMS, EMAIL, EXPIRATION, HOLDER
from sealwright.vc.encoding.pointers import child
from sealwright.vc.encoding.strict_json import JSONValue, dump_json
from sealwright.vc.encoding.timestamps import parse_rfc3339
from sealwright.vc.errors import InvalidDate

ROW_BYTES: Final = 64 * 1024
UNREADABLE: Final = "unreadable"
UNREADABLE_BYTES: Final = 1_024
_MEMBERS: Final = (HOLDER, CLAIMS, EXPIRATION, EMAIL)


def unreadable_line(text: str) -> bytes:
    """Keep the beginning of a line that could not be read."""
    clean = text.replace("\0", "").encode("utf-8", "replace")[:UNREADABLE_BYTES].decode("utf-8", "ignore")
    return dump_json({UNREADABLE: clean})


def wire_faults(row: JSONValue) -> tuple[CellFault, ...]:
    """Every fault of form of a row, in the order of its members; none where it can be judged by its content."""
    if not isinstance(row, dict):
        return (CellFault("", "INVALID_BODY", "must be an object"),)
    faults = [fault for name, value in row.items() if (fault := _member_fault(name, value)) is not None]
    faults += [CellFault(f"/{name}", "MISSING_FIELD", "is missing") for name in (HOLDER, CLAIMS) if name not in row]
    return tuple(faults)


def _member_fault(name: str, value: JSONValue) -> CellFault | None:
    pointer = child("", name)
    if name not in _MEMBERS:
        return CellFault(pointer, "UNKNOWN_FIELD", "is not a member of a row")
    if name == CLAIMS:
        return None if isinstance(value, dict) else CellFault(pointer, "INVALID_TYPE", "must be an object")
    if not isinstance(value, str):
        return CellFault(pointer, "INVALID_TYPE", "must be a string")
    if name == EXPIRATION:
        try:
            parse_rfc3339(value)
        except InvalidDate as error:
            return CellFault(pointer, "INVALID_DATE", str(error))
    if name == EMAIL:
        try:
            read_email(value)
        except MalformedBody as error:
            return CellFault(pointer, error.faults[0].code, error.faults[0].detail)
    return None


def holder_of(row: JSONValue) -> str | None:
    """The holder's DID of a row, if it names one."""
    holder = row.get(HOLDER) if isinstance(row, Mapping) else None
    return holder if isinstance(holder, str) and holder else None
