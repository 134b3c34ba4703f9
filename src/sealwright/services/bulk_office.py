"""Joins what issues and ends many credentials at once: the engine, the desks over it, anchoring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from sealwright.domain.anchors import AnchorBackend
from sealwright.domain.batches import BatchKind
from sealwright.services.access import Access
from sealwright.services.acts import Acts
from sealwright.services.anchoring import TASK as ANCHORS
from sealwright.services.anchoring import Anchoring
from sealwright.services.batch_authority import BatchAuthority
from sealwright.services.batch_deliveries import EVERY as DELIVERIES_EVERY
from sealwright.services.batch_deliveries import TASK as DELIVERIES
from sealwright.services.batch_deliveries import BatchDeliveries
from sealwright.services.batch_desk import BatchDesk
from sealwright.services.batch_drafts import TASK as READ_DRAFTS
from sealwright.services.batch_drafts import BatchDrafts
from sealwright.services.batch_editing import RowEditing
from sealwright.services.batch_notices import tell_finished
from sealwright.services.batch_pages import BatchPages
from sealwright.services.batch_results import BatchResults
from sealwright.services.batch_rows import BatchRows
from sealwright.services.bulk import Bulk
from sealwright.services.bulk_issuing import IssueCarrier
from sealwright.services.chain_anchoring import ChainAnchoring
from sealwright.services.chain_ports import Chain
from sealwright.services.draft_reading import DraftReading
from sealwright.services.issuance import Issuing
from sealwright.services.log_notes import LogNotes
from sealwright.services.log_reading import LogReader
from sealwright.services.mass_acts import MassActs
from sealwright.services.mass_office import join_mass, revoking_carrier
from sealwright.services.notices import NoticeDesk
from sealwright.services.offers import OfferDesk
from sealwright.services.office_secrets import OfficeSecrets
from sealwright.services.order_checks import OrderChecks
from sealwright.services.ports import Clock, KeyStore, UnitOfWorkFactory
from sealwright.services.receipts import ReceiptDesk
from sealwright.services.registry import Registry
from sealwright.services.revocation import RevocationDesk
from sealwright.services.row_intake import RowIntake
from sealwright.services.row_reading import ReadingLimits
from sealwright.services.schema_shelf import SchemaShelf
from sealwright.services.status_lists import StatusAllocator
from sealwright.services.tasks import BATCHES, Tasks
from sealwright.vc.canon import Canonicalizer

# A batch whose wake was lost waits so long at most; so does one whose worker died, once its lease is over.
BATCHES_EVERY: Final = timedelta(seconds=5)
ANCHORS_EVERY: Final = timedelta(seconds=5)
READ_DRAFTS_EVERY: Final = timedelta(seconds=10)
DROP_DRAFTS: Final = "old drafts"
DROP_DRAFTS_EVERY: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class BulkLimits:
    """How much one batch may carry (settings BATCH_INLINE_MAX, BATCH_ROWS_MAX, ROWS_MAX_BYTES)."""

    inline_rows: int
    rows: int
    rows_bytes: int


@dataclass(frozen=True, slots=True)
class BulkGround:
    """What bulk work stands on."""

    units: UnitOfWorkFactory
    registry: Registry
    access: Access
    acts: Acts
    checks: OrderChecks
    issuing: Issuing
    allocator: StatusAllocator
    shelf: SchemaShelf
    revocation: RevocationDesk
    offers: OfferDesk
    notices: NoticeDesk
    keys: KeyStore
    secrets: OfficeSecrets
    canon: Canonicalizer
    clock: Clock
    public_url: str
    backend: AnchorBackend
    anchoring: Anchoring
    log_notes: LogNotes
    chain: Chain | None
    limits: BulkLimits
    code_of: Callable[[Exception], str]
    lanes: int


@dataclass(frozen=True, slots=True)
class BulkOffice:
    """The desks and engines of bulk work; the office has them as `office.bulk`."""

    limits: BulkLimits
    anchoring: Anchoring
    receipts: ReceiptDesk
    log: LogReader
    engine: Bulk
    authority: BatchAuthority
    desk: BatchDesk
    intake: RowIntake
    editing: RowEditing
    deliveries: BatchDeliveries
    results: BatchResults
    pages: BatchPages
    drafts: BatchDrafts
    draft_reading: DraftReading
    mass: MassActs


def join_bulk(ground: BulkGround, tasks: Tasks) -> BulkOffice:
    """Join them, and register their background work."""
    authority = BatchAuthority(ground.access, ground.clock)
    desk = BatchDesk(
        units=ground.units,
        registry=ground.registry,
        access=ground.access,
        checks=ground.checks,
        authority=authority,
        secrets=ground.secrets,
        clock=ground.clock,
    )
    engine = desk.engine = _engine(ground, authority, desk.rows)
    engine.carriers[BatchKind.REVOKE] = revoking_carrier(ground, desk.rows)
    tasks.add(BATCHES, engine.work_once, BATCHES_EVERY, lanes=ground.lanes, look=engine.has_work)
    intake = RowIntake(
        units=ground.units,
        acts=ground.acts,
        registry=ground.registry,
        desk=desk,
        checker=engine,
        limits=ReadingLimits(ground.limits.rows, ground.limits.rows_bytes),
    )
    deliveries = BatchDeliveries(
        units=ground.units,
        registry=ground.registry,
        authority=authority,
        offers=ground.offers,
        rows=desk.rows,
        clock=ground.clock,
    )
    tasks.add(DELIVERIES, deliveries.work_once, DELIVERIES_EVERY, look=deliveries.has_work)
    results = BatchResults(ground.units, desk.rows)
    reading = DraftReading(
        units=ground.units, registry=ground.registry, authority=authority, intake=intake, clock=ground.clock
    )
    drafts = BatchDrafts(units=ground.units, acts=ground.acts, authority=authority, desk=desk, clock=ground.clock)
    if ground.chain is not None:
        chaining = ChainAnchoring(units=ground.units, chain=ground.chain, clock=ground.clock)
        tasks.add(ANCHORS, chaining.work, ANCHORS_EVERY)
    tasks.add(READ_DRAFTS, reading.work_once, READ_DRAFTS_EVERY, look=reading.has_work)
    tasks.add(DROP_DRAFTS, drafts.drop_old, DROP_DRAFTS_EVERY)
    return BulkOffice(
        limits=ground.limits,
        anchoring=ground.anchoring,
        receipts=_receipts(ground),
        log=LogReader(units=ground.units, notes=ground.log_notes),
        engine=engine,
        authority=authority,
        desk=desk,
        intake=intake,
        editing=RowEditing(desk),
        deliveries=deliveries,
        results=results,
        pages=BatchPages(ground.units, results),
        drafts=drafts,
        draft_reading=reading,
        mass=join_mass(ground, authority, desk.rows, engine, tasks),
    )


def _receipts(ground: BulkGround) -> ReceiptDesk:
    ask = ground.chain.holds if ground.chain is not None else None
    return ReceiptDesk(units=ground.units, notes=ground.log_notes, secrets=ground.secrets, ask_chain=ask)


def _engine(ground: BulkGround, authority: BatchAuthority, rows: BatchRows) -> Bulk:
    issuing = IssueCarrier(
        units=ground.units,
        authority=authority,
        checks=ground.checks,
        issuing=ground.issuing,
        allocator=ground.allocator,
        notices=ground.notices,
        shelf=ground.shelf,
        canon=ground.canon,
        clock=ground.clock,
        public_url=ground.public_url,
        code_of=ground.code_of,
    )
    return Bulk(
        units=ground.units,
        registry=ground.registry,
        authority=authority,
        issuing=issuing,
        carriers={},
        secrets=rows,
        anchoring=ground.anchoring,
        clock=ground.clock,
        code_of=ground.code_of,
        lanes=ground.lanes,
        told=partial(tell_finished, ground.notices),
    )
