"""Looking at the file of a draft, and reading it into rows in the background, as often as somebody asks for it."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Final

from sealwright.domain.batch_drafts import READING_LEASE, BatchDraft, Reading
from sealwright.domain.batch_errors import UnreadableRows
from sealwright.domain.batches import BatchStatus
from sealwright.domain.errors import DomainError, StateConflict, StoreUnavailable
from sealwright.services.batch_authority import BatchAuthority
from sealwright.services.batch_drafts import DraftSheet
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import Registry, RegistryView
from sealwright.services.row_cells import DateOrder
from sealwright.services.row_encoding import HEAD_BYTES, decoded
from sealwright.services.row_intake import IntakeProgress, RowIntake, RowsWish
from sealwright.services.row_reading import MEDIA_TYPES, FileFinding, ReadingWish, RowForm
from sealwright.services.row_shape import HOLDER, RowShape

# Whoever watches hears so often, in seconds.
_TOLD_EVERY: Final = 0.25
_EXAMPLES: Final = 3
_EXAMPLE_LETTERS: Final = 60
_HOLDER: Final = f"/{HOLDER}"


@dataclass(frozen=True, slots=True)
class FileLook:
    """What the file of a draft seems to be.

    Args:
        finding: None where even its columns cannot be told; `fault` says why.
        examples: The first values of each column.
        fault: What keeps it from being read as it stands.
    """

    finding: FileFinding | None
    shape: RowShape
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fault: UnreadableRows | None = None


class DraftReading:
    """Reads files of drafts."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        registry: Registry,
        authority: BatchAuthority,
        intake: RowIntake,
        clock: Clock,
    ) -> None:
        self._units = units
        self._registry = registry
        self._authority = authority
        self._intake = intake
        self._clock = clock

    # -- looking -----------------------------------------------------------------------------------

    def look(self, sheet: DraftSheet, view: RegistryView, mapping: Mapping[str, str] | None = None) -> FileLook:
        """Tell what a draft's file seems to be, by its head.

        Args:
            mapping: In place of the draft's own; columns that the file has not are passed over.

        Raises:
            SchemaNotFound: The draft's schema is gone.
        """
        shape = self._intake.shape(sheet.batch.schema_id or "", view)
        head = self._head(sheet.batch.batch_id)
        wanted = dict(sheet.batch.options.mapping if mapping is None else mapping)
        wish = _wish_of(sheet.draft, {})
        try:
            plain = self._intake.look(head, wish, shape)
        except UnreadableRows as error:
            columns = error.extra.get("columns")
            if not isinstance(columns, list):
                return FileLook(None, shape, fault=error)
            # No name says whose credential it is; looked at as if the first column did, it shows everything else.
            found = self._intake.look(head, replace(wish, mapping={columns[0]: _HOLDER}), shape)
            led = {name: pointer for name, pointer in found.columns.items() if name != columns[0]}
            plain = replace(found, columns=led, missing=(HOLDER, *found.missing))
        examples = _examples(head, plain)
        fitting = {name: pointer for name, pointer in wanted.items() if name in plain.header}
        if not fitting:
            fault = UnreadableRows(_NO_HOLDER) if HOLDER in plain.missing else None
            return FileLook(plain, shape, examples, fault)
        try:
            return FileLook(self._intake.look(head, replace(wish, mapping=fitting), shape), shape, examples)
        except UnreadableRows as error:
            led = {**plain.columns, **fitting}
            return FileLook(replace(plain, columns={n: p for n, p in led.items() if p}), shape, examples, error)

    def _head(self, batch_id: str) -> bytes:
        head = bytearray()
        with self._units(write=False) as uow:
            for part in uow.batch_drafts.parts(batch_id):
                head += part
                if len(head) >= HEAD_BYTES:
                    break
        return bytes(head[:HEAD_BYTES])

    # -- reading -----------------------------------------------------------------------------------

    @staticmethod
    def has_work(uow: UnitOfWork, now: datetime) -> bool:
        """Tell whether a file waits."""
        return bool(uow.batch_drafts.waiting(now, 1))

    def work_once(self) -> bool:
        """Read one file that waits; gives whether there was one."""
        now = self._clock.now()
        with self._units(write=False) as uow:
            waiting = uow.batch_drafts.waiting(now, 5)
        return any(self._read(batch_id) for batch_id in waiting)

    def _read(self, batch_id: str) -> bool:
        sheet = self._take(batch_id)
        if sheet is None:
            return False
        caller = self._authority.caller_of(sheet.batch.starter, self._registry.current())
        if caller is None:
            self._end(sheet, fault=StateConflict("Whoever made this batch may do nothing any more."))
            return True
        telling = _Telling(self, sheet)
        try:
            report = self._intake.take_in(
                caller, batch_id, self._parts(batch_id), _rows_wish(sheet), progress=telling.tell
            )
        except _Overtaken:
            return True
        except StoreUnavailable:
            # Nothing is wrong with the file: whoever comes next reads it.
            raise
        except DomainError as error:
            self._end(sheet, fault=error)
        else:
            self._end(sheet, skipped=report.skipped)
        return True

    def _parts(self, batch_id: str) -> Iterator[bytes]:
        """The file, each part in a transaction of its own: reading takes long."""
        number = 0
        while True:
            with self._units(write=False) as uow:
                part = next(uow.batch_drafts.parts(batch_id, number), None)
            if part is None:
                return
            yield part
            number += 1

    def _take(self, batch_id: str) -> DraftSheet | None:
        with self._units() as uow:
            batch = uow.batches.get_for_update(batch_id)
            draft = uow.batch_drafts.get(batch_id)
            if batch is None or draft is None or batch.status is not BatchStatus.DRAFT:
                uow.batch_drafts.drop(batch_id)
                uow.commit()
                return None
            if not draft.can_be_taken(self._clock.now()):
                return None
            # The fence tells two readers apart, should the first come back to life.
            taken = replace(draft, fence=draft.fence + 1)
            self._put_running(uow, taken, 0)
            uow.commit()
            return DraftSheet(batch, taken)

    def _put_running(self, uow: UnitOfWork, draft: BatchDraft, read_bytes: int) -> None:
        now = self._clock.now()
        uow.batch_drafts.put(
            replace(
                draft, reading=Reading.RUNNING, read_bytes=read_bytes, lease_until=now + READING_LEASE, updated_at=now
            )
        )

    def tell(self, sheet: DraftSheet, progress: IntakeProgress) -> None:
        """Write down how far the reading is; raises _Overtaken once somebody has asked for another."""
        with self._units() as uow:
            self._still_ours(uow, sheet)
            self._put_running(uow, replace(sheet.draft, skipped=progress.skipped), progress.read_bytes)
            uow.commit()

    def _end(self, sheet: DraftSheet, *, skipped: int = 0, fault: DomainError | None = None) -> None:
        with suppress(_Overtaken), self._units() as uow:
            self._still_ours(uow, sheet)
            uow.batch_drafts.put(
                replace(
                    sheet.draft,
                    reading=Reading.DONE if fault is None else Reading.FAILED,
                    read_bytes=sheet.draft.size,
                    skipped=skipped,
                    fault_code=_code_of(fault) if fault is not None else None,
                    fault=str(fault) if fault is not None else None,
                    lease_until=None,
                    updated_at=self._clock.now(),
                )
            )
            uow.commit()

    @staticmethod
    def _still_ours(uow: UnitOfWork, sheet: DraftSheet) -> None:
        uow.batches.get_for_update(sheet.batch.batch_id)
        draft = uow.batch_drafts.get(sheet.batch.batch_id)
        if draft is None or draft.fence != sheet.draft.fence:
            raise _Overtaken


class _Overtaken(Exception):
    """Somebody asked for another reading of the file, or gave the draft up."""


class _Telling:
    """Tells how far a reading is, not more often than anybody looks."""

    def __init__(self, reading: DraftReading, sheet: DraftSheet) -> None:
        self._reading = reading
        self._sheet = sheet
        self._told_at = 0.0

    def tell(self, progress: IntakeProgress) -> None:
        now = time.monotonic()
        if now - self._told_at >= _TOLD_EVERY:
            self._told_at = now
            self._reading.tell(self._sheet, progress)


_NO_HOLDER: Final = "No column says whose credential each row is. Choose the one that holds the holders' DIDs."


def _wish_of(draft: BatchDraft, mapping: Mapping[str, str]) -> ReadingWish:
    dates = {name: DateOrder(order) for name, order in draft.dates.items()}
    return ReadingWish(RowForm(draft.shape.value), draft.encoding, draft.separator, mapping, dates)


def _rows_wish(sheet: DraftSheet) -> RowsWish:
    draft = sheet.draft
    media_type = next(kind for kind, form in MEDIA_TYPES.items() if form == draft.shape.value)
    dates = {name: DateOrder(order) for name, order in draft.dates.items()}
    return RowsWish(media_type, draft.encoding, draft.separator, None, dates, draft.file_name)


def _code_of(error: DomainError) -> str | None:
    """The wire code of what a file is refused for; the pages have words for it."""
    faults = getattr(error, "faults", ())
    return faults[0].code if faults else None


def _examples(head: bytes, finding: FileFinding) -> Mapping[str, tuple[str, ...]]:
    """The first values of each column that are not blank."""
    if finding.separator is None:
        return {}
    with suppress(UnreadableRows, csv.Error):
        text = "".join(decoded((head[: HEAD_BYTES // 8],), finding.encoding))
        lines = iter(text.replace("\r\n", "\n").replace("\r", "\n").splitlines(keepends=True))
        records = list(islice(csv.reader(lines, delimiter=finding.separator), 40))
        start = next((n for n, one in enumerate(records) if tuple(cell.strip() for cell in one) == finding.header), 0)
        rows = records[start + 1 : -1] if len(records) > start + 2 else records[start + 1 :]
        return {
            name: tuple(
                dict.fromkeys(
                    row[index].strip()[:_EXAMPLE_LETTERS] for row in rows if index < len(row) and row[index].strip()
                )
            )[:_EXAMPLES]
            for index, name in enumerate(finding.header)
        }
    return {}
