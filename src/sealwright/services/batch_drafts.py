"""Drafts of batches as people make them on pages: choose, send a file, see to its columns, have it read, start.

The file is kept as it came until the batch begins. Reading it into rows is background work (`draft_reading`), so that
it survives a closed page and a restarted server; another encoding or mapping can be tried at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from sealwright.domain.batch_drafts import PART_BYTES, BatchDraft, FileShape, Reading
from sealwright.domain.batches import DRAFTS_KEPT, Batch, BatchFilter, BatchStatus, OnDuplicate
from sealwright.domain.catalog import CredentialType
from sealwright.domain.delivering import OfferWish
from sealwright.domain.dids import DIDKind, DIDRecord
from sealwright.domain.errors import StateConflict
from sealwright.domain.people import Caller
from sealwright.domain.schemas import SchemaRecord
from sealwright.services.access import owned_dids
from sealwright.services.acts import Acts
from sealwright.services.batch_authority import BatchAuthority, starter_of
from sealwright.services.batch_desk import BatchDesk, BatchWish
from sealwright.services.batch_rows import each_chunk, retryable_rows
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import Registry, RegistryView
from sealwright.services.row_cells import DateOrder

TASK: Final = "batch drafts"
COLUMNS: Final = "columns"
DELIVERY: Final = "delivery"
# Of a list of choices: more are found by the API alone.
_CHOICES_MOST: Final = 100
_NAME_MOST: Final = 200
# Drafts are dropped so many at a time.
_DROPPED_AT_ONCE: Final = 20
_LOOKED_BACK: Final = 50


@dataclass(frozen=True, slots=True)
class DraftChoices:
    """What somebody may issue in bulk.

    Args:
        kinds: Credential types; each is signed by its own issuer.
        schemas: Credential schemas that belong to no type.
        issuers: DIDs that may sign those.
    """

    kinds: tuple[CredentialType, ...]
    schemas: tuple[SchemaRecord, ...]
    issuers: tuple[DIDRecord, ...]


@dataclass(frozen=True, slots=True)
class DraftSheet:
    """A draft as its pages show it."""

    batch: Batch
    draft: BatchDraft


@dataclass(frozen=True, slots=True)
class ColumnWish:
    """How somebody wants their file to be read.

    Args:
        encoding, separator: None lets them be found.
        mapping: Column to JSON pointer, empty where the column is left out.
        dates: Column to how its written dates are read; an empty name stands for all others.
    """

    encoding: str | None = None
    separator: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    dates: Mapping[str, DateOrder] = field(default_factory=dict)


class BatchDrafts:
    """Drafts, their files, and the reading of those."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        acts: Acts,
        authority: BatchAuthority,
        desk: BatchDesk,
        clock: Clock,
    ) -> None:
        self._units = units
        self._acts = acts
        self._authority = authority
        self._desk = desk
        self._clock = clock

    # -- choosing ----------------------------------------------------------------------------------

    def choices(self, caller: Caller) -> DraftChoices:
        """What the caller may issue, by label and name."""
        with self._units(write=False) as uow:
            kinds = tuple(one for one in uow.types.all() if one.active and caller.covers(one.value))
            issuers = self._issuers(uow, caller)
            of_types = {one.schema_id for one in uow.types.all()}
            schemas = tuple(
                one
                for one in uow.schemas.all()
                if one.active and one.schema_id not in of_types and any(one.is_open_to(did.did) for did in issuers)
            )
        return DraftChoices(
            tuple(sorted(kinds, key=lambda one: one.label)),
            tuple(sorted(schemas, key=lambda one: (one.name, one.version)))[:_CHOICES_MOST],
            issuers,
        )

    @staticmethod
    def _issuers(uow: UnitOfWork, caller: Caller) -> tuple[DIDRecord, ...]:
        """Organizations that the caller may sign for; to admins also those of others."""
        found = {did: uow.dids.get(did) for did in sorted(owned_dids(uow, caller.person))}
        if caller.is_admin:
            listed = uow.dids.list(owner=None, limit=_CHOICES_MOST, cursor=None)
            found |= {one.did: one for one in listed.items if one.kind is DIDKind.ORGANIZATION}
            found |= {one.issuer_did: uow.dids.get(one.issuer_did) for one in uow.types.all()}
        return tuple(one for _, one in sorted(found.items()) if one is not None and one.is_active)

    def create(self, uow: UnitOfWork, caller: Caller, wish: BatchWish) -> Batch:
        """Make a draft that waits for its file; raises as `BatchDesk.create`."""
        options = replace(wish.options, mapping=self._kept_mapping(uow, caller, wish))
        batch = self._desk.create(uow, caller, replace(wish, options=options))
        uow.batch_drafts.put(BatchDraft(batch.batch_id, self._clock.now()))
        return batch

    def _kept_mapping(self, uow: UnitOfWork, caller: Caller, wish: BatchWish) -> Mapping[str, str]:
        """Where columns led in the caller's last batches after the same schema; the newest choice of each holds."""
        wanted = self._authority.sight(uow, caller, BatchFilter(issuer_did=wish.issuer_did))
        earlier = uow.batches.list(wanted, limit=_LOOKED_BACK, cursor=None).items
        kept: dict[str, str] = {}
        for one in reversed([one for one in earlier if one.schema_id == wish.schema_id]):
            kept |= one.options.mapping
        return kept

    def change(self, uow: UnitOfWork, caller: Caller, batch_id: str, wish: BatchWish) -> Batch:
        """Issue something else, or otherwise, from the same file; raises as `create`.

        Rows that were judged by another schema, or for another issuer, go; the file stays.
        """
        sheet = self._locked(uow, caller, batch_id)
        before = sheet.batch
        is_same = wish.schema_id == before.schema_id and wish.issuer_did == before.issuer_did
        is_same = is_same and wish.options.expiration == before.options.expiration
        mapping = before.options.mapping if is_same else self._kept_mapping(uow, caller, wish)
        kept = replace(
            before.options,
            mapping=mapping,
            proof_type=wish.options.proof_type,
            expiration=wish.options.expiration,
        )
        after = self._desk.redraft(uow, caller, before, replace(wish, options=kept))
        if not is_same and sheet.draft.has_file:
            uow.batches.clear_rows(batch_id)
            after = replace(after, total=0, version=after.version + 1)
            uow.batches.update(after)
            now = self._clock.now()
            blank = BatchDraft(batch_id, now, sheet.draft.file_name, sheet.draft.size, sheet.draft.shape)
            uow.batch_drafts.put(replace(blank, fence=sheet.draft.fence + 1))
        return after

    def get(self, caller: Caller, batch_id: str, view: RegistryView) -> DraftSheet:
        """A draft as it stands; raises BatchNotFound."""
        batch = self._desk.get(caller, batch_id, view)
        with self._units(write=False) as uow:
            draft = uow.batch_drafts.get(batch_id)
        return DraftSheet(batch, draft or BatchDraft(batch_id, batch.created_at))

    @staticmethod
    def step(sheet: DraftSheet) -> str:
        """Where somebody who comes back goes on: ``upload``, ``columns``, ``check``, ``delivery`` or ``confirm``."""
        draft, batch = sheet.draft, sheet.batch
        if not draft.has_file and batch.total == 0:
            return "upload"
        if draft.has_file and (COLUMNS not in draft.settled or draft.reading is Reading.FAILED):
            return "columns"
        return "check"

    # -- the file ----------------------------------------------------------------------------------

    def keep_file(self, caller: Caller, batch_id: str, name: str, blocks: Iterable[bytes]) -> BatchDraft:
        """Keep a file for a draft, in place of an earlier one; its rows go until it is read. Blocks while it comes.

        Raises:
            BatchNotFound, StateConflict, IssuerNotAuthorized, OutOfScope: As `BatchDesk.draft`.
            StateConflict: It is empty, or another file came meanwhile.
        """
        fence = self._acts.run(caller, lambda uow, me: self._clear(uow, me, batch_id))
        size = number = 0
        head = b""
        for part in _in_parts(blocks):
            head = head or part[:4096]
            self._keep_part(caller, (batch_id, fence), number, part)
            number, size = number + 1, size + len(part)
        shape = _shape_of(name, head)
        return self._acts.run(caller, lambda uow, me: self._kept(uow, me, batch_id, fence, (name, size, shape)))

    def _clear(self, uow: UnitOfWork, caller: Caller, batch_id: str) -> int:
        sheet = self._locked(uow, caller, batch_id)
        uow.batch_drafts.clear_file(batch_id)
        uow.batches.clear_rows(batch_id)
        uow.batches.update(replace(sheet.batch, total=0, version=sheet.batch.version + 1))
        fence = sheet.draft.fence + 1
        uow.batch_drafts.put(BatchDraft(batch_id, self._clock.now(), fence=fence))
        return fence

    def _keep_part(self, caller: Caller, place: tuple[str, int], number: int, part: bytes) -> None:
        batch_id, fence = place

        def act(uow: UnitOfWork, me: Caller) -> None:
            self._fenced(uow, me, batch_id, fence)
            uow.batch_drafts.add_part(batch_id, number, part)

        self._acts.run(caller, act)

    def _kept(
        self, uow: UnitOfWork, caller: Caller, batch_id: str, fence: int, file: tuple[str, int, FileShape]
    ) -> BatchDraft:
        sheet = self._fenced(uow, caller, batch_id, fence)
        name, size, shape = file
        if size == 0:
            raise StateConflict("The file is empty.")
        shown = "".join(letter for letter in name if letter.isprintable()).replace("\\", "/").rpartition("/")[2].strip()
        draft = replace(
            sheet.draft, file_name=shown[:_NAME_MOST] or "rows", size=size, shape=shape, updated_at=self._clock.now()
        )
        uow.batch_drafts.put(draft)
        options = replace(sheet.batch.options, source=draft.file_name, encoding=None)
        uow.batches.update(replace(sheet.batch, options=options, version=sheet.batch.version + 1))
        return draft

    def _fenced(self, uow: UnitOfWork, caller: Caller, batch_id: str, fence: int) -> DraftSheet:
        sheet = self._locked(uow, caller, batch_id)
        if sheet.draft.fence != fence:
            raise StateConflict("Another file was sent for this batch meanwhile.")
        return sheet

    # -- settling ----------------------------------------------------------------------------------

    def note_columns(self, uow: UnitOfWork, caller: Caller, batch_id: str, wish: ColumnWish) -> BatchDraft:
        """Keep how the file is to be read, for another look at it; raises as `settle_columns`."""
        sheet = self._locked(uow, caller, batch_id)
        if not sheet.draft.has_file:
            raise StateConflict("Send a file first.")
        options = replace(sheet.batch.options, mapping=dict(wish.mapping))
        uow.batches.update(replace(sheet.batch, options=options, version=sheet.batch.version + 1))
        draft = replace(
            sheet.draft,
            encoding=wish.encoding,
            separator=wish.separator,
            dates={name: order.value for name, order in wish.dates.items()},
            updated_at=self._clock.now(),
        )
        uow.batch_drafts.put(draft)
        return draft

    def settle_columns(self, uow: UnitOfWork, caller: Caller, batch_id: str, wish: ColumnWish) -> BatchDraft:
        """Have the file read into rows, so; raises as `BatchDesk.draft`, StateConflict where there is no file."""
        draft = self.note_columns(uow, caller, batch_id, wish)
        return self._asked(uow, replace(draft, settled=_with(draft.settled, COLUMNS)))

    def set_duplicates(self, uow: UnitOfWork, caller: Caller, batch_id: str, on_duplicate: OnDuplicate) -> BatchDraft:
        """Say what becomes of rows whose holder stands above; the file is read again. Raises as `settle_columns`."""
        sheet = self._locked(uow, caller, batch_id)
        if not sheet.draft.has_file:
            raise StateConflict("Send a file first.")
        options = replace(sheet.batch.options, on_duplicate=on_duplicate)
        uow.batches.update(replace(sheet.batch, options=options, version=sheet.batch.version + 1))
        return self._asked(uow, sheet.draft)

    def _asked(self, uow: UnitOfWork, draft: BatchDraft) -> BatchDraft:
        asked = replace(
            draft,
            reading=Reading.WAITING,
            read_bytes=0,
            skipped=0,
            fault_code=None,
            fault=None,
            lease_until=None,
            fence=draft.fence + 1,
            updated_at=self._clock.now(),
        )
        uow.batch_drafts.put(asked)
        uow.jobs.wake(TASK)
        return asked

    def settle_delivery(self, uow: UnitOfWork, caller: Caller, batch_id: str, wish: OfferWish | None) -> BatchDraft:
        """Say how the credentials are to reach their holders; None: not at all. Raises as `BatchDesk.draft`."""
        sheet = self._locked(uow, caller, batch_id)
        options = replace(sheet.batch.options, delivery=wish)
        uow.batches.update(replace(sheet.batch, options=options, version=sheet.batch.version + 1))
        draft = replace(sheet.draft, settled=_with(sheet.draft.settled, DELIVERY), updated_at=self._clock.now())
        uow.batch_drafts.put(draft)
        return draft

    # -- ending ------------------------------------------------------------------------------------

    def start(self, uow: UnitOfWork, caller: Caller, batch_id: str) -> Batch:
        """Let the rows be issued, and forget the file.

        Raises:
            StateConflict: Rows are still being read, or there is none.
            As `BatchDesk.start`.
        """
        sheet = self._locked(uow, caller, batch_id)
        if sheet.draft.is_busy:
            raise StateConflict("The rows of this batch are still being read.")
        uow.batch_drafts.drop(batch_id)
        return self._desk.start(uow, caller, batch_id)

    def discard(self, uow: UnitOfWork, caller: Caller, batch_id: str) -> Batch:
        """Give a draft up, with its file and rows; raises as `BatchDesk.draft`."""
        self._locked(uow, caller, batch_id)
        uow.batch_drafts.drop(batch_id)
        uow.batches.clear_rows(batch_id)
        return self._desk.cancel(uow, caller, batch_id)

    def mend(self, uow: UnitOfWork, caller: Caller, batch_id: str) -> Batch:
        """Make a draft of the rows of a batch that failed, so that they can be changed before they are tried again.

        A draft that the caller has made of it before is given back.

        Raises:
            BatchNotFound: Missing or hidden.
            StateConflict: It is still open, or none of its failed rows is kept.
        """
        origin = f"retry:{batch_id}"
        view = Registry.within(uow, caller.epoch)
        source = self._authority.require_visible(caller, uow.batches.get(batch_id), view)
        wanted = self._authority.sight(uow, caller, BatchFilter(status=BatchStatus.DRAFT, issuer_did=source.issuer_did))
        for one in uow.batches.list(wanted, limit=_LOOKED_BACK, cursor=None).items:
            if one.options.origin == origin and one.starter.id == starter_of(caller).id:
                return one
        batch = self._desk.retry_as_draft(uow, caller, batch_id)
        uow.batch_drafts.put(
            BatchDraft(batch.batch_id, self._clock.now(), reading=Reading.DONE, settled=(COLUMNS, DELIVERY))
        )
        return batch

    def mended_row(self, source: Batch, row: int) -> int:
        """Where a failed row stands in the draft that `mend` makes; raises StateConflict where it has no place there.

        Rows whose holder an earlier one names are not tried again.
        """
        with self._units(write=False) as uow:
            again = [number for chunk in each_chunk(uow, source.batch_id) for number in retryable_rows(chunk)]
        if row not in again:
            raise StateConflict("This row cannot be tried again.")
        return again.index(row)

    # -- the rest ----------------------------------------------------------------------------------

    def drop_old(self) -> bool:
        """Forget drafts that nobody touched for a month."""
        with self._units() as uow:
            dropped = uow.batch_drafts.drop_before(self._clock.now() - DRAFTS_KEPT, _DROPPED_AT_ONCE)
            uow.commit()
        return dropped == _DROPPED_AT_ONCE

    def _locked(self, uow: UnitOfWork, caller: Caller, batch_id: str) -> DraftSheet:
        batch = self._desk.draft(uow, caller, batch_id)
        draft = uow.batch_drafts.get(batch_id)
        return DraftSheet(batch, draft or BatchDraft(batch_id, self._clock.now()))


def _with(settled: tuple[str, ...], step: str) -> tuple[str, ...]:
    return settled if step in settled else (*settled, step)


def _in_parts(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in parts of one size, the last one shorter."""
    gathered = bytearray()
    for block in blocks:
        gathered += block
        while len(gathered) >= PART_BYTES:
            yield bytes(gathered[:PART_BYTES])
            del gathered[:PART_BYTES]
    if gathered:
        yield bytes(gathered)


def _shape_of(name: str, head: bytes) -> FileShape:
    """What a file is by its name, else by its first letter: an object of JSON begins with a brace."""
    ending = name.lower().rpartition(".")[2]
    if ending in {"ndjson", "jsonl"}:
        return FileShape.NDJSON
    plain = head.replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    return FileShape.NDJSON if plain.lstrip().startswith(b"{") else FileShape.CSV
