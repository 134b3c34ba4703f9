"""Taking rows into a draft: read, judged and kept chunk by chunk, each in a short transaction.

A draft tells how many rows it has only when the last of them is in, so that a file that was read half can never be
started. Whoever sends a second file takes the draft over; the first reading finds out and stops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from secrets import token_bytes
from typing import Final

from sealwright.domain.batch_errors import UnreadableRows
from sealwright.domain.batches import CHUNK_ROWS, Batch, BatchKind, Chunk, ChunkRows, OnDuplicate, RowFault, holder_mark
from sealwright.domain.errors import DomainError, StateConflict
from sealwright.domain.people import Caller
from sealwright.services.access import Access
from sealwright.services.acts import Acts
from sealwright.services.batch_desk import BatchDesk
from sealwright.services.batch_rows import NO_MARK
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import Registry, RegistryView
from sealwright.services.row_cells import DateOrder
from sealwright.services.row_judging import RowChecker, RowError, RowJudge, errors_in
from sealwright.services.row_reading import (
    FileFinding,
    Reading,
    ReadingLimits,
    ReadingWish,
    ReadRow,
    form_of,
    look_at,
    read_rows,
)
from sealwright.services.row_shape import RowShape
from sealwright.vc.errors import Fault

ERRORS_TOLD: Final = 100


@dataclass(frozen=True, slots=True)
class IntakeProgress:
    """How far the reading of a file is.

    Args:
        rows: Taken in; `invalid` of them have a fault.
        skipped: Left out, as an earlier row names the same holder.
        read_bytes: Of the file.
    """

    rows: int = 0
    invalid: int = 0
    skipped: int = 0
    read_bytes: int = 0


@dataclass(frozen=True, slots=True)
class IntakeReport:
    """What came of a file.

    Args:
        errors: The first hundred.
    """

    rows: int
    valid: int
    invalid: int
    skipped: int
    errors: tuple[RowError, ...]
    finding: FileFinding


@dataclass(frozen=True, slots=True)
class RowsWish:
    """What somebody says of the file that they send; see `ReadingWish`.

    Args:
        mapping: None takes the one that the batch was made with.
        source: The file's name, to be kept with the batch.
    """

    media_type: str
    encoding: str | None = None
    separator: str | None = None
    mapping: Mapping[str, str] | None = None
    dates: Mapping[str, DateOrder] = field(default_factory=dict)
    source: str | None = None


def _no_progress(_progress: IntakeProgress) -> None:
    return None


def _no_faulty(_fault: RowFault, _line: bytes) -> None:
    return None


class RowIntake:
    """Reads files into drafts."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        acts: Acts,
        registry: Registry,
        desk: BatchDesk,
        checker: RowChecker,
        limits: ReadingLimits,
    ) -> None:
        self._units = units
        self._acts = acts
        self._registry = registry
        self._desk = desk
        self._checker = checker
        self._limits = limits

    def look(self, head: bytes, wish: ReadingWish, shape: RowShape) -> FileFinding:
        """Tell what a file seems to be, by its first 256 KiB; raises UnreadableRows."""
        return look_at(head, wish, shape, self._limits)

    @staticmethod
    def shape(schema_id: str, view: RegistryView) -> RowShape:
        """The shape of rows under a credential schema; raises SchemaNotFound."""
        return RowShape.of(Access.schema(schema_id, view).content)

    def take_in(
        self,
        caller: Caller,
        batch_id: str,
        blocks: Iterable[bytes],
        wish: RowsWish,
        *,
        progress: Callable[[IntakeProgress], None] = _no_progress,
    ) -> IntakeReport:
        """Replace all rows of a draft by those of a file.

        Args:
            blocks: The file as it comes; whatever it raises ends the reading and leaves the draft without rows.
            progress: Told after each 1,024 rows; what it raises ends the reading too.

        Raises:
            BatchNotFound: Missing or hidden.
            StateConflict: Started or canceled, no batch of credentials, or another file was sent meanwhile.
            UnreadableRows: The file cannot be read to its end; the draft has no rows afterwards.
            BatchTooLarge: It has too many rows; as above.
        """
        form_of(wish.media_type)
        begun = self._acts.run(caller, lambda uow, me: self._begin(uow, me, batch_id))

        def keep(chunk: Chunk, rows: ChunkRows) -> None:
            self._acts.run(caller, lambda uow, me: self._keep(uow, me, begun, chunk, rows))

        filling = _Filling(self, begun, keep, progress)
        try:
            finding = self._fill(filling, blocks, wish)
            self._acts.run(caller, lambda uow, me: self._finish(uow, me, filling, finding, wish.source))
        except BaseException:
            # Should the caller have lost their right meanwhile, rows stay behind that no start counts.
            with suppress(DomainError):
                self._acts.run(caller, lambda uow, me: self._abandon(uow, me, begun))
            raise
        return filling.report(finding)

    def check(
        self,
        batch: Batch,
        blocks: Iterable[bytes],
        wish: RowsWish,
        *,
        progress: Callable[[IntakeProgress], None] = _no_progress,
        faulty: Callable[[RowFault, bytes], None] = _no_faulty,
    ) -> IntakeReport:
        """Read and judge a file as `take_in` would, and keep nothing.

        Args:
            batch: As `BatchDesk.create` gives it to a caller who may, in a rehearsal; it need not be stored.
            faulty: Told each row that something is wrong with, and its line.

        Raises:
            As `take_in`, but for what concerns the draft; SchemaNotFound.
        """

        def tell(chunk: Chunk, rows: ChunkRows) -> None:
            if chunk.faults:
                lines = rows.content.split(b"\n")
                for fault in chunk.faults:
                    faulty(fault, lines[fault.row - chunk.first_row])

        # A secret for the marks of this one reading.
        filling = _Filling(self, Begun(batch, token_bytes(32)), tell, progress)
        return filling.report(self._fill(filling, blocks, wish))

    def _fill(self, filling: _Filling, blocks: Iterable[bytes], wish: RowsWish) -> FileFinding:
        batch = filling.begun.batch
        shape = self.shape(batch.schema_id or "", self._registry.current())
        mapping = batch.options.mapping if wish.mapping is None else wish.mapping
        wished = ReadingWish(form_of(wish.media_type), wish.encoding, wish.separator, mapping, wish.dates)
        reading = read_rows(filling.metered(blocks), wished, shape, self._limits)
        filling.fill(reading)
        if filling.rows == 0:
            raise UnreadableRows("The file has no rows.", faults=[Fault("", "INVALID_BODY", "has no rows")])
        return reading.finding

    def _keep(self, uow: UnitOfWork, caller: Caller, begun: Begun, chunk: Chunk, rows: ChunkRows) -> None:
        self._own_draft(uow, caller, begun)
        uow.batches.add_chunk(chunk, rows)

    def _begin(self, uow: UnitOfWork, caller: Caller, batch_id: str) -> Begun:
        draft = self._desk.draft(uow, caller, batch_id)
        if draft.kind is not BatchKind.ISSUE:
            raise StateConflict("The rows of this batch are not taken from a file.")
        uow.batches.clear_rows(batch_id)
        # The version is a fence: whoever began later has raised it again.
        emptied = replace(draft, total=0, version=draft.version + 1)
        uow.batches.update(emptied)
        return Begun(emptied, self._desk.rows.secret(uow, batch_id))

    def _finish(
        self, uow: UnitOfWork, caller: Caller, filling: _Filling, finding: FileFinding, source: str | None
    ) -> None:
        draft = self._own_draft(uow, caller, filling.begun)
        options = replace(draft.options, encoding=finding.encoding, source=source or draft.options.source)
        uow.batches.update(replace(draft, total=filling.rows, options=options, version=draft.version + 1))

    def _abandon(self, uow: UnitOfWork, caller: Caller, begun: Begun) -> None:
        self._own_draft(uow, caller, begun)
        uow.batches.clear_rows(begun.batch.batch_id)

    def _own_draft(self, uow: UnitOfWork, caller: Caller, begun: Begun) -> Batch:
        """The draft, locked, if nobody has begun to fill it since."""
        draft = self._desk.draft(uow, caller, begun.batch.batch_id)
        if draft.version != begun.batch.version:
            raise StateConflict("Other rows were sent for this batch meanwhile.")
        return draft

    def judge(self, batch: Batch, column_of: Callable[[str], str | None]) -> RowJudge:
        """Who judges the next rows, by the registry as it is now."""
        return RowJudge(self._checker, batch, self._registry.current(), column_of)

    def marks_of(self, rows: Sequence[ReadRow], secret: bytes) -> list[bytes]:
        """By what the holders of rows are recognized, whichever name of a DID kept here each row uses."""
        named = {row.holder_did for row in rows if row.holder_did is not None and "\x00" not in row.holder_did}
        with self._units(write=False) as uow:
            known = uow.dids.states(named)
        return [
            holder_mark(secret, known[holder][0] if holder in known else holder) if holder is not None else NO_MARK
            for holder in (row.holder_did for row in rows)
        ]


@dataclass(frozen=True, slots=True)
class Begun:
    """A draft that was emptied for new rows, and the secret its holders are marked with."""

    batch: Batch
    secret: bytes = field(repr=False)


class _Filling:
    """One reading on its way into a draft."""

    def __init__(
        self,
        intake: RowIntake,
        begun: Begun,
        keep: Callable[[Chunk, ChunkRows], None],
        progress: Callable[[IntakeProgress], None],
    ) -> None:
        self._intake = intake
        self._store = keep
        self._progress = progress
        # Its arrays take long to import, and only whoever reads a file needs them.
        from sealwright.services.row_marks import SeenMarks

        self._seen = SeenMarks()
        self._read_bytes = 0
        self._invalid = 0
        self._skipped = 0
        self._errors: list[RowError] = []
        self.begun = begun
        self.rows = 0

    def metered(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The file's blocks, counted."""
        for block in blocks:
            self._read_bytes += len(block)
            yield block

    def fill(self, reading: Reading) -> None:
        """Read every row and keep it."""
        pending: list[_Marked] = []
        while part := list(islice(reading.rows, CHUNK_ROWS)):
            pending += self._marked(part)
            while len(pending) >= CHUNK_ROWS:
                self._keep(pending[:CHUNK_ROWS], reading.column_of)
                del pending[:CHUNK_ROWS]
        if pending:
            self._keep(pending, reading.column_of)

    def report(self, finding: FileFinding) -> IntakeReport:
        """What came of it."""
        errors = tuple(self._errors[:ERRORS_TOLD])
        return IntakeReport(self.rows, self.rows - self._invalid, self._invalid, self._skipped, errors, finding)

    def _marked(self, rows: list[ReadRow]) -> list[_Marked]:
        """Mark rows by their holders, and leave out those that an earlier row names if the batch says so."""
        options = self.begun.batch.options
        marks = self._intake.marks_of(rows, self.begun.secret)
        doubles = self._seen.meet(b"".join(marks))
        if options.allow_duplicates:
            doubles = [False] * len(rows)
        marked = [_Marked(row, mark, double) for row, mark, double in zip(rows, marks, doubles, strict=True)]
        if options.on_duplicate is not OnDuplicate.SKIP:
            return marked
        kept = [each for each in marked if not each.is_double]
        self._skipped += len(marked) - len(kept)
        return kept

    def _keep(self, part: list[_Marked], column_of: Callable[[str], str | None]) -> None:
        batch = self.begun.batch
        judge = self._intake.judge(batch, column_of)
        faults = judge.judge([each.row for each in part], self.rows, [each.is_double for each in part])
        chunk = Chunk(batch.batch_id, self.rows // CHUNK_ROWS, self.rows, len(part), faults=faults)
        kept = ChunkRows(b"\n".join(each.row.content for each in part), b"".join(each.mark for each in part))

        self._store(chunk, kept)
        self._count(len(part), faults)

    def _count(self, rows: int, faults: tuple[RowFault, ...]) -> None:
        self.rows += rows
        self._invalid += len(faults)
        if len(self._errors) < ERRORS_TOLD:
            self._errors += errors_in(faults)
        self._progress(IntakeProgress(self.rows, self._invalid, self._skipped, self._read_bytes))


@dataclass(frozen=True, slots=True)
class _Marked:
    row: ReadRow
    mark: bytes
    is_double: bool
