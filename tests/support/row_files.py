"""Files of rows for tests, and a short way to read them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from sealwright.services.row_reading import FileFinding, ReadingLimits, ReadingWish, ReadRow, RowForm, read_rows
from sealwright.services.row_shape import RowShape

# Every name survives in the encodings of Unicode; the first ones in Windows-1252 too.
WESTERN_NAMES: Final = (
    "José Muñoz",
    "Bjørn Aasen",
    "Ångström, Søren",
    "Françoise d’Été",
    "Zoë Großmann",
    "Ñandú “el Rápido”",
)
NAMES: Final = (
    *WESTERN_NAMES,
    "Đặng Văn Minh",
    "Žofia Łukasiewicz",
    "陳大文",
    "محمد بن علي",
    "Jose\u0301 (combining)",
    "İbrahim Şahin",
    "𝒜da 👩‍🎓",
)
LIMITS: Final = ReadingLimits(rows=1_000, file_bytes=64 << 20)
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "degree"],
    "properties": {
        "name": {"type": "string"},
        "degree": {
            "type": "object",
            "additionalProperties": False,
            "required": ["type"],
            "properties": {
                "type": {"type": "string"},
                "year": {"type": "integer"},
                "gpa": {"type": "number"},
                "honors": {"type": "boolean"},
                "level": {"enum": [1, 2, "three"]},
            },
        },
        "bornOn": {"type": "string", "format": "date"},
        "signedAt": {"type": "string", "format": "date-time"},
        "areas": {"type": "array", "items": {"type": "string"}},
        "scores": {"type": "array", "items": {"type": "integer"}},
    },
}
SHAPE: Final = RowShape(SCHEMA)


def table(rows: Iterable[Sequence[str]], separator: str = ",", end: str = "\r\n") -> str:
    """Write CSV by the standard library."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator=end).writerows(rows)
    return text.getvalue()


def holder(number: int) -> str:
    return f"did:adi:holder{number:03}"


def read(
    content: bytes | str,
    form: RowForm = RowForm.CSV,
    *,
    limits: ReadingLimits = LIMITS,
    shape: RowShape = SHAPE,
    block: int | None = None,
    **wish: Any,
) -> tuple[FileFinding, list[ReadRow]]:
    """Read a file whole, in blocks of so many bytes."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    reading = read_rows(blocks(data, block or len(data) or 1), ReadingWish(form, **wish), shape, limits)
    return reading.finding, list(reading.rows)


def blocks(data: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


def members(row: ReadRow) -> dict[str, Any]:
    value = msgspec.json.decode(row.content)
    assert isinstance(value, dict)
    return value


def claims_of(content: bytes | str, **options: Any) -> list[dict[str, Any]]:
    return [members(row)["claims"] for row in read(content, **options)[1]]
