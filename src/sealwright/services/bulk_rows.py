"""Rows of a batch: read from their lines, and what is wrong with one said in places of the row itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import msgspec

from sealwright.domain.batches import CellFault, RowFault
from sealwright.domain.errors import DomainError, MalformedBody
from sealwright.services.reissuing import MANDATORY, REISSUES
from sealwright.services.row_shape import CLAIMS, EXPIRATION, HOLDER
from sealwright.services.row_wire import UNREADABLE, wire_faults
from sealwright.vc.encoding.pointers import child
from sealwright.vc.encoding.strict_json import MAX_DEPTH, parse_json
from sealwright.vc.encoding.timestamps import parse_rfc3339
from sealwright.vc.errors import ClaimsDoNotMatchSchema, Fault, InvalidDate, InvalidJSON, UnreadableJSON, VcError
from sealwright.vc.schemas.closed import MAX_ROW_BYTES

_SUBJECT: Final = "/credentialSubject"
_THE_HOLDER: Final = "The holder's DID"

# What the bytes of a row show: U+0000 in a text, and a whole number written as a fraction, which ends like this.
_MARKS: Final = (b"\\u0000", b".0,", b".0}", b".0]")
# The rows of a batch mostly end together.
_moment: Final = lru_cache(maxsize=1_024)(parse_rfc3339)

_decode: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Row:
    """One row, well-formed and not yet checked against anything.

    Args:
        holder: The DID as it was written.
        replaces: The credential in whose place this one is issued; only rows that we made ourselves name one.
        mandatory: What every derived proof of that one must show beside what always stands; of such rows only.
        is_plain: The line shows that no text, number or escape in it is out of the ordinary (`vc.schemas.closed`).
    """

    holder: str
    claims: dict[str, Any]
    expiration: datetime | None
    is_plain: bool
    replaces: UUID | None = None
    mandatory: tuple[str, ...] = ()


class UnreadableLine(InvalidJSON):
    """A line that could not be read when rows were taken in; why, stands among the chunk's faults."""


def split_lines(content: bytes) -> list[bytes]:
    """The lines of kept rows."""
    return content.removesuffix(b"\n").split(b"\n") if content else []


def read_row(line: bytes, *, is_reissue: bool = False) -> Row:
    """Read one line.

    Args:
        is_reissue: The row was made of a stored credential, and names it.

    Raises:
        UnreadableJSON and its kin, NumberOutOfRange: It is not one strict JSON value.
        MalformedBody: Members are missing, unknown or of another type; every fault at once.
    """
    raw, is_ours = _read_json(line)
    is_again = is_reissue and type(raw) is dict
    replaces = raw.pop(REISSUES, None) if is_again else None
    mandatory = tuple(raw.pop(MANDATORY, ())) if is_again else ()
    if not _is_usual(raw):
        _check_members(raw)
    moment = raw.get(EXPIRATION)
    is_plain = is_ours and len(line) <= MAX_ROW_BYTES and not any(mark in line for mark in _MARKS)
    end = None if moment is None else _moment(moment)
    return Row(raw[HOLDER], raw[CLAIMS], end, is_plain, None if replaces is None else UUID(replaces), mandatory)


def is_unreadable(line: bytes) -> bool:
    """Tell whether rows were taken in with this line as one that could not be read."""
    return line.startswith(b'{"unreadable":')


def _read_json(line: bytes) -> tuple[Any, bool]:
    """The value, and whether our own encoder wrote the line: then no member name in it occurs twice."""
    if line.count(b"{") + line.count(b"[") <= MAX_DEPTH:
        try:
            raw = _decode(line)
            if _encode(raw) == line:
                return raw, True
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            pass
    return parse_json(line), False


def _is_usual(raw: Any) -> bool:
    """Tell whether a row has the members that nearly all have, and nothing is wrong with their form."""
    if type(raw) is not dict or type(raw.get(HOLDER)) is not str or type(raw.get(CLAIMS)) is not dict:
        return False
    if len(raw) == 2:
        return True
    if len(raw) != 3 or type(raw.get(EXPIRATION)) is not str:
        return False
    try:
        _moment(raw[EXPIRATION])
    except InvalidDate:
        return False
    return True


def _check_members(raw: Any) -> None:
    if type(raw) is dict and UNREADABLE in raw and len(raw) == 1:
        raise UnreadableLine("The line could not be read.")
    faults = wire_faults(raw)
    if faults:
        raise MalformedBody(
            "The row is malformed.", faults=[Fault(one.pointer, one.code, one.detail) for one in faults]
        )


class RowFaults:
    """Makes what is kept of a refused row.

    Args:
        code_of: Gives the wire code of what was raised.
    """

    def __init__(self, code_of: Callable[[Exception], str]) -> None:
        self._code_of = code_of

    def of(self, row: int, error: DomainError | VcError, holder: str | None = None) -> RowFault:
        """Say why a row failed, without its values.

        Args:
            holder: Whom the row names; the sentence is kept when the row is not, so it must not name them.
        """
        code = self._code_of(error)
        # Other texts name nobody, and short ones stand inside of words.
        is_name = holder is not None and (":" in holder or "@" in holder)
        detail = error.detail.replace(holder, _THE_HOLDER) if holder is not None and is_name else error.detail
        return RowFault(row, code, detail, tuple(self._cells(error, code)))

    def _cells(self, error: DomainError | VcError, code: str) -> Iterator[CellFault]:
        faults = error.faults
        pointer = error.pointer if isinstance(error, VcError) else None
        if not faults and pointer is not None and not isinstance(error, UnreadableJSON):
            faults = (Fault(pointer, code, error.detail),)
        for fault in faults:
            place = fault.pointer if isinstance(error, DomainError) else _in_row(error, fault.pointer)
            yield CellFault(place, fault.code, fault.detail)


def _in_row(error: Exception, pointer: str) -> str:
    """Turn a pointer into claims, or into the document built around them, into one into the row."""
    if isinstance(error, ClaimsDoNotMatchSchema):
        return f"/{CLAIMS}{pointer}"
    inside = pointer.removeprefix(_SUBJECT)
    return inside if inside == f"/{CLAIMS}" or inside.startswith(f"/{CLAIMS}/") else f"/{CLAIMS}{inside}"


def in_cell(fault: RowFault, name: str) -> RowFault:
    """The same fault, pinned to a member of the row where it has no place yet."""
    if fault.cells:
        return fault
    return RowFault(fault.row, fault.code, fault.detail, (CellFault(child("", name), fault.code, fault.detail),))
