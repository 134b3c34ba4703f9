"""Files of rows at the terminal: opened block by block, watched while they are read, told of."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sealwright.cli.files import standard_input, write_output
from sealwright.cli.misuse import UnreadableFile
from sealwright.cli.output import Output, printable
from sealwright.cli.progress import Progress, Stand

if TYPE_CHECKING:
    from sealwright.cli.desk import Desk
    from sealwright.domain.batches import Batch, RowFault
    from sealwright.services.row_intake import IntakeProgress, IntakeReport
    from sealwright.services.row_reading import FileFinding

_BLOCK_BYTES: Final = 256 * 1024
_HEAD_BYTES: Final = 4_096
_ERRORS_SHOWN: Final = 20


class Blocks:
    """A file, block by block, once."""

    def __init__(self, stream: Any, name: str) -> None:
        self._stream = stream
        self._name = name
        self._head = self._next()

    def media_type(self) -> str:
        """What its ending says, else its first letter: an object of JSON begins with a brace."""
        ending = self._name.lower().rpartition(".")[2]
        plain = self._head[:_HEAD_BYTES].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
        is_lines = ending in ("ndjson", "jsonl") or (ending != "csv" and plain.startswith(b"{"))
        return "application/x-ndjson" if is_lines else "text/csv"

    def all(self) -> Iterator[bytes]:
        """Every block; raises UnreadableFile."""
        block = self._head
        while block:
            yield block
            block = self._next()

    def _next(self) -> bytes:
        try:
            block: bytes = self._stream.read(_BLOCK_BYTES)
        except OSError as error:
            raise UnreadableFile(f"{self._name} cannot be read: {error.strerror}") from error
        return block


@contextmanager
def blocks_of(name: str) -> Iterator[Blocks]:
    if name == "-":
        yield Blocks(standard_input(), name)
        return
    try:
        stream = open(name, "rb")  # noqa: SIM115 - closed below, whatever reading raises
    except OSError as error:
        raise UnreadableFile(f"{name} cannot be read: {error.strerror}") from error
    with stream:
        yield Blocks(stream, name)


class IntakeBar:
    """Progress of reading a file, by its size where that is known."""

    def __init__(self, output: Output, label: str, file: str) -> None:
        self._progress = Progress(output, label)
        self._size = Path(file).stat().st_size if file != "-" and Path(file).is_file() else 0

    def tell(self, progress: IntakeProgress) -> None:
        share = min(0.99, progress.read_bytes / self._size) if self._size else None
        self._progress.tell(Stand(progress.rows, progress.invalid, share=share))

    def end(self, report: IntakeReport) -> None:
        self._progress.end(Stand(report.rows, report.invalid, total=report.rows))


def tell_finding(output: Output, finding: FileFinding) -> None:
    separator = {",": "commas", ";": "semicolons", "\t": "tabs", None: "JSON lines"}[finding.separator]
    names = f": {', '.join(printable(sample) for sample in finding.samples[:3])}" if finding.samples else ""
    output.say(f"Read as {finding.encoding}, {separator}{names}")
    if finding.ignored:
        output.say(f"Columns left out: {printable(', '.join(finding.ignored))}")
    if finding.missing:
        output.say(f"Required columns that are missing: {printable(', '.join(finding.missing))}")
    for column in finding.unclear_dates:
        output.say(f"The dates of {printable(column)} can be read in two ways; say --dates dmy or --dates mdy.")


def checked_members(report: IntakeReport, errors_file: str | None) -> dict[str, object]:
    finding = report.finding
    return {
        "batch_id": None,
        "status": "checked",
        "total": report.rows,
        "issued": 0,
        "failed": report.invalid,
        "transaction_hash": None,
        "results_file": None,
        "errors_file": errors_file,
        "encoding": finding.encoding,
        "separator": finding.separator,
        "columns": dict(finding.columns),
        "ignored": list(finding.ignored),
        "missing": list(finding.missing),
        "unclear_dates": list(finding.unclear_dates),
        "samples": list(finding.samples),
        "skipped": report.skipped,
        "errors": [
            {"row": error.row, "column": error.column or error.pointer or None, "code": error.code}
            | {"detail": error.detail}
            for error in report.errors
        ],
    }


def checked_words(report: IntakeReport, errors_file: str | None) -> str:
    lines = [
        printable(f"row {error.row + 1}  {error.column or error.pointer or '-'}  {error.code}  {error.detail}")
        for error in report.errors[:_ERRORS_SHOWN]
    ]
    if errors_file is not None:
        lines.append(f"All of them: {printable(errors_file)}")
    lines.append(f"{report.rows:,} rows: {report.valid:,} can be issued, {report.invalid:,} cannot.")
    return "\n".join(lines)


class Errors:
    """The faulty rows of a check, on their way into a table of them; kept in a nameless file meanwhile."""

    def __init__(self, at: Desk, batch: Batch) -> None:
        self._shape = at.office.bulk.intake.shape(batch.schema_id or "", at.view)
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - as long as this object lives
        self._is_begun = False

    def add(self, fault: RowFault, line: bytes) -> None:
        """Keep one."""
        from sealwright.services.batch_results import KeptRow
        from sealwright.services.batch_rows import members_of
        from sealwright.services.row_tables import errors_csv

        *heading, row = errors_csv(self._shape, [KeptRow(fault.row, members_of(line), fault)])
        self._file.writelines([row] if self._is_begun else [*heading, row])
        self._is_begun = True

    def write(self, place: str) -> str:
        """Write the table; gives where."""
        self._file.seek(0)
        write_output(place, iter(lambda: self._file.read(_BLOCK_BYTES), b""))
        return place
