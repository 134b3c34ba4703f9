"""Batches as issuers make, move and read them (contract, sections 1.12 and 2.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from sealwright.domain.batch_errors import BatchNotFound
from sealwright.domain.batches import (
    WORKED_ON,
    Batch,
    BatchFilter,
    BatchKind,
    BatchOptions,
    BatchStatus,
    PausedBy,
    RowFault,
)
from sealwright.domain.errors import StateConflict
from sealwright.domain.ids import new_id
from sealwright.domain.people import Caller
from sealwright.services.access import Access
from sealwright.services.batch_authority import HIDDEN, BatchAuthority, BatchStanding, starter_of
from sealwright.services.batch_events import batch_event
from sealwright.services.batch_results import BatchResults
from sealwright.services.batch_rows import BatchRow, BatchRows
from sealwright.services.batch_views import BatchView, look_at
from sealwright.services.mass_values import REISSUE
from sealwright.services.office_secrets import OfficeSecrets
from sealwright.services.order_checks import OrderChecks
from sealwright.services.ports import Clock, Page, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import Registry, RegistryView
from sealwright.services.tasks import BATCHES

_RETRY: Final = "retry:"
_SETTLED: Final = frozenset({BatchStatus.DONE, BatchStatus.ANCHORED, BatchStatus.CANCELED})


class Engine(Protocol):
    """What carries batches out."""

    def start(self, uow: UnitOfWork, caller: Caller, batch: Batch) -> Batch:
        """Make a draft one that workers look for; its row is locked."""

    def run_batch(self, batch_id: str) -> Batch:
        """Carry out what is left of it, in this thread."""

    def check_rows(
        self, batch: Batch, lines: Sequence[bytes], first_row: int, view: RegistryView
    ) -> tuple[RowFault, ...]:
        """Tell what is wrong with rows before anything is issued."""


@dataclass(frozen=True, slots=True)
class BatchWish:
    """What somebody wants to issue in one batch, without its rows."""

    issuer_did: str
    schema_id: str | None
    options: BatchOptions
    name: str | None = None


class BatchDesk:
    """Drafts, and what may be done to batches; the rows are carried out by the engine.

    Attributes:
        engine: Joined after both exist.
    """

    engine: Engine

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        registry: Registry,
        access: Access,
        checks: OrderChecks,
        authority: BatchAuthority,
        secrets: OfficeSecrets,
        clock: Clock,
    ) -> None:
        self._units = units
        self._registry = registry
        self._access = access
        self._checks = checks
        self._authority = authority
        self._clock = clock
        self.rows = BatchRows(secrets)
        self.results = BatchResults(units, self.rows)

    # -- making ------------------------------------------------------------------------------------

    def create(self, uow: UnitOfWork, caller: Caller, wish: BatchWish) -> Batch:
        """Make a draft without rows.

        Raises:
            IssuerNotFound, SchemaNotFound: What it names is not kept here.
            IssuerNotAuthorized, SchemaNotAuthorized, OutOfScope: Not this caller's.
            IssuerDeactivated, IssuerKeyMissing, SchemaInactive: By state.
            ExpirationInPast, ExpirationTooFar, PolicyViolation: By policy.
        """
        now = self._clock.now()
        blank = Batch(
            batch_id=new_id("bat"),
            kind=BatchKind.ISSUE,
            status=BatchStatus.DRAFT,
            issuer_did=wish.issuer_did,
            schema_id=wish.schema_id,
            credential_type=None,
            name=None,
            options=wish.options,
            starter=starter_of(caller),
            total=0,
            created_at=now,
        )
        batch = self._filled(blank, caller, wish, Registry.within(uow, caller.epoch))
        uow.batches.add(batch)
        uow.audit.append(batch_event("batch.created", batch, caller.actor, now, request_id=caller.request_id))
        return batch

    def redraft(self, uow: UnitOfWork, caller: Caller, batch: Batch, wish: BatchWish) -> Batch:
        """Make of a draft, which the caller has locked, one of something else; raises as `create`."""
        filled = self._filled(batch, caller, wish, Registry.within(uow, caller.epoch))
        after = replace(filled, starter=starter_of(caller), version=batch.version + 1)
        uow.batches.update(after)
        return after

    def begin(self, uow: UnitOfWork, caller: Caller, wish: BatchWish, rows: Iterable[BatchRow]) -> Batch:
        """Make a batch with its rows and start it, in one act; raises as `create` and `start`."""
        batch = self._with_rows(uow, caller, wish, rows)
        return self._started(uow, caller, batch, Registry.within(uow, caller.epoch))

    def _with_rows(self, uow: UnitOfWork, caller: Caller, wish: BatchWish, rows: Iterable[BatchRow]) -> Batch:
        batch = self.create(uow, caller, wish)
        total = self.rows.add(uow, batch, rows, Registry.within(uow, caller.epoch))
        if total == 0:
            raise StateConflict("There are no rows to issue.")
        counted = replace(batch, total=total, version=batch.version + 1)
        uow.batches.update(counted)
        return counted

    def retry_failed(self, uow: UnitOfWork, caller: Caller, batch_id: str) -> Batch:
        """Start a new batch of the rows that failed, as they are kept.

        Raises:
            BatchNotFound: Missing or hidden.
            StateConflict: It is still open, its failed rows are tried again already (`_last_retry`), or none that
                could be is kept.
            As `create` and `start`, for what has changed since.
        """
        batch = self._retryable(uow, caller, batch_id)
        return self.begin(uow, caller, _again(batch), self.rows.failed(uow, batch))

    def retry_as_draft(self, uow: UnitOfWork, caller: Caller, batch_id: str) -> Batch:
        """Make a draft of them, with what was wrong with each; raises as `retry_failed`."""
        batch = self._retryable(uow, caller, batch_id)
        return self._with_rows(uow, caller, _again(batch), self.rows.failed(uow, batch, with_faults=True))

    def _retryable(self, uow: UnitOfWork, caller: Caller, batch_id: str) -> Batch:
        batch = self._locked(uow, caller, batch_id, Registry.within(uow, caller.epoch))
        if batch.kind is not BatchKind.ISSUE:
            raise StateConflict("Only credentials that were not issued are tried again.")
        if batch.options.selection is not None:
            raise StateConflict("Begin the re-issue again: it finds whatever was not issued anew.")
        if batch.status not in _SETTLED or batch.remaining:
            raise StateConflict("The batch is not finished yet.")
        _last_retry(uow, batch)
        return batch

    # -- moving ------------------------------------------------------------------------------------

    def start(self, uow: UnitOfWork, caller: Caller, batch_id: str) -> Batch:
        """Let the rows of a draft be issued.

        Raises:
            BatchNotFound: Missing or hidden.
            StateConflict: No draft, one without rows, or its rows failed elsewhere and are tried again already.
            IssuingHalted, Sealed: The office does not issue now.
            As `create`, for what has changed since.
        """
        view = Registry.within(uow, caller.epoch)
        batch = self._locked(uow, caller, batch_id, view)
        if batch.status is not BatchStatus.DRAFT:
            raise StateConflict(f"A batch that is {batch.status.value} cannot be started.")
        _require_own_rows(batch)
        if batch.kind is not BatchKind.ISSUE or batch.options.selection is not None:
            raise StateConflict("A mass act starts by itself, once it is put together.")
        if batch.total == 0:
            raise StateConflict("The batch has no rows yet.")
        return self._started(uow, caller, batch, view)

    def pause(self, uow: UnitOfWork, caller: Caller, batch_id: str) -> Batch:
        """Let no further chunk be begun; pausing a paused batch changes who may wake it alone.

        Raises:
            BatchNotFound: Missing or hidden.
            StateConflict: It is neither accepted nor running nor paused.
        """
        batch = self._locked(uow, caller, batch_id, Registry.within(uow, caller.epoch))
        if batch.status is BatchStatus.PAUSED and batch.paused_by is PausedBy.CALLER:
            return batch
        if batch.status is BatchStatus.PAUSED:
            # An operator's stop may end without them now; the caller's wish stays.
            after = replace(batch, paused_by=PausedBy.CALLER, version=batch.version + 1)
        else:
            after = replace(batch.moved(BatchStatus.PAUSED), paused_by=PausedBy.CALLER)
        return self._moved(uow, caller, "batch.paused", batch, after, reason=PausedBy.CALLER.value)

    def resume(self, uow: UnitOfWork, caller: Caller, batch_id: str) -> Batch:
        """Go on with a paused batch; who resumes it answers for it from now on.

        Raises:
            BatchNotFound: Missing or hidden.
            StateConflict: It is not paused.
            IssuingHalted, Sealed: The office does not issue now.
            As `create`, for what has changed since.
        """
        view = Registry.within(uow, caller.epoch)
        batch = self._locked(uow, caller, batch_id, view)
        if batch.status is not BatchStatus.PAUSED:
            raise StateConflict(f"A batch that is {batch.status.value} cannot be resumed.")
        if batch.kind is BatchKind.ISSUE:
            self._recheck(caller, batch, view)
        else:
            self._access.require_issuer(caller, self._access.issuer(batch.issuer_did, view))
        after = replace(batch.moved(BatchStatus.RUNNING), paused_by=None, starter=starter_of(caller))
        resumed = self._moved(uow, caller, "batch.resumed", batch, after)
        uow.jobs.wake(BATCHES)
        return resumed

    def cancel(self, uow: UnitOfWork, caller: Caller, batch_id: str) -> Batch:
        """Give up whatever nobody has begun; what is issued stays issued, and rows in work are finished.

        Raises:
            BatchNotFound: Missing or hidden.
            StateConflict: It is over already.
        """
        batch = self._locked(uow, caller, batch_id, Registry.within(uow, caller.epoch))
        if batch.status is BatchStatus.CANCELED:
            return batch
        now = self._clock.now()
        after = replace(batch.moved(BatchStatus.CANCELED), paused_by=None)
        if batch.status is BatchStatus.DRAFT:
            after = replace(after, finished_at=now)
        rows = uow.batches.cancel_ready(batch_id, now)
        canceled = self._moved(uow, caller, "batch.canceled", batch, after, canceled=rows)
        uow.jobs.wake(BATCHES)
        return canceled

    # -- reading -----------------------------------------------------------------------------------

    def get(self, caller: Caller, batch_id: str, view: RegistryView) -> Batch:
        """A batch that the caller may see; raises BatchNotFound for missing and hidden ones alike."""
        with self._units(write=False) as uow:
            return self._authority.require_visible(caller, _known(uow, batch_id), view.through(uow))

    def list(self, caller: Caller, wanted: BatchFilter, *, limit: int, cursor: str | None) -> Page[Batch]:
        """Batches that the caller may see, newest first; raises InvalidPagination."""
        with self._units(write=False) as uow:
            page = uow.batches.list(self._authority.sight(uow, caller, wanted), limit=limit, cursor=cursor)
        if caller.schemas is None:
            return page
        kept = tuple(one for one in page.items if one.schema_id is None or one.schema_id in caller.schemas)
        return replace(page, items=kept)

    def counts(self, caller: Caller) -> Mapping[str, int]:
        """How many of the batches that the caller may see stand in each state."""
        with self._units(write=False) as uow:
            return uow.batches.counts(self._authority.sight(uow, caller, BatchFilter()))

    def running(self, caller: Caller) -> int:
        """How many batches that the caller may see are being carried out; nothing is counted while none is."""
        working = {one.value for one in WORKED_ON}
        with self._units(write=False) as uow:
            if not uow.batches.in_state(working, 1):
                return 0
            counts = uow.batches.counts(self._authority.sight(uow, caller, BatchFilter()))
        return sum(counts.get(one, 0) for one in working)

    def look(self, caller: Caller, batch_id: str, view: RegistryView) -> BatchView:
        """The same with its pace; raises BatchNotFound."""
        with self._units(write=False) as uow:
            batch = self._authority.require_visible(caller, _known(uow, batch_id), view.through(uow))
            return look_at(uow, batch, self._clock.now())

    def known(self, batch_id: str) -> Batch:
        """A batch that its maker is told of again; raises BatchNotFound where it was a draft and is gone."""
        with self._units(write=False) as uow:
            batch = uow.batches.get(batch_id)
        if batch is None:
            raise BatchNotFound(HIDDEN)
        return batch

    # -- the rest ----------------------------------------------------------------------------------

    def carry_out(self, batch_id: str) -> Batch:
        """Issue what is left of a started batch, in this thread, as far as nobody else is at it."""
        return self.engine.run_batch(batch_id)

    def draft(self, uow: UnitOfWork, caller: Caller, batch_id: str) -> Batch:
        """A draft whose rows the caller may change, its row locked.

        Raises:
            BatchNotFound: Missing or hidden.
            StateConflict: It was started, or canceled.
            IssuerNotAuthorized, SchemaNotAuthorized, OutOfScope: It may be seen, but not issued any more.
        """
        view = Registry.within(uow, caller.epoch)
        batch = self._locked(uow, caller, batch_id, view)
        if batch.status is not BatchStatus.DRAFT:
            raise StateConflict("Rows change only while the batch is a draft.")
        _require_own_rows(batch)
        if batch.kind is not BatchKind.ISSUE or batch.options.selection is not None:
            raise StateConflict("The rows of a mass act are found, not written.")
        self._authority.require(caller, batch, view)
        return batch

    def _locked(self, uow: UnitOfWork, caller: Caller, batch_id: str, view: RegistryView) -> Batch:
        known = _known(uow, batch_id, lock=True)
        return self._authority.require_visible(caller, known, view)

    def _filled(self, batch: Batch, caller: Caller, wish: BatchWish, view: RegistryView) -> Batch:
        """A draft as the wish has it, once the wish was checked."""
        standing = self._checked(caller, wish, view)
        assert standing.schema is not None
        # Nobody holds a type twice.
        allows = wish.options.allow_duplicates and standing.kind is None
        return replace(
            batch,
            issuer_did=standing.issuer.did,
            schema_id=standing.schema.schema_id,
            credential_type=standing.kind.value if standing.kind is not None else None,
            name=wish.name,
            options=replace(wish.options, allow_duplicates=allows),
        )

    def _checked(self, caller: Caller, wish: BatchWish | Batch, view: RegistryView) -> BatchStanding:
        standing = self._authority.require(caller, wish, view)
        if standing.schema is None:
            return standing
        options = wish.options
        self._checks.check_frame(
            standing.issuer,
            standing.schema,
            view,
            proof_type=options.proof_type,
            revocable=options.revocable,
            is_new=options.origin != REISSUE,
        )
        self._checks.check_end(options.expiration)
        return standing

    def _recheck(self, caller: Caller, batch: Batch, view: RegistryView) -> None:
        self._checked(caller, batch, view)
        self._checks.require_open(batch.issuer_did, {batch.schema_id} if batch.schema_id else set(), view)

    def _started(self, uow: UnitOfWork, caller: Caller, batch: Batch, view: RegistryView) -> Batch:
        self._recheck(caller, batch, view)
        _claim_rows(uow, batch)
        return self.engine.start(uow, caller, batch)

    def _moved(
        self, uow: UnitOfWork, caller: Caller, action: str, before: Batch, after: Batch, **data: str | int
    ) -> Batch:
        uow.batches.update(after)
        uow.audit.append(
            batch_event(
                action,
                after,
                caller.actor,
                self._clock.now(),
                before=before,
                request_id=caller.request_id,
                **data,
            )
        )
        return after


def _again(batch: Batch) -> BatchWish:
    options = replace(batch.options, origin=f"{_RETRY}{batch.batch_id}", retried_by=None)
    return BatchWish(batch.issuer_did, batch.schema_id, options, batch.name)


def _last_retry(uow: UnitOfWork, batch: Batch) -> Batch:
    """Where the failed rows of a batch were tried last, its row locked as theirs are: in vain, or not at all.

    Raises:
        StateConflict: They are being tried, or some were issued; what failed there is tried again from there.
    """
    last = batch
    while last.options.retried_by is not None:
        again = uow.batches.get_for_update(last.options.retried_by)
        assert again is not None, "a batch that was started is never deleted"
        if again.finished_at is None or again.issued:
            raise StateConflict(f"Its failed rows are tried again in {again.batch_id} already.")
        last = again
    return last


def _claim_rows(uow: UnitOfWork, batch: Batch) -> None:
    """Let the failed rows of a batch be carried out by one other batch at a time: two would issue them twice.

    Drafts may be made of them as often as anybody likes; the first that starts has them.
    """
    origin = batch.options.origin or ""
    source = uow.batches.get_for_update(origin.removeprefix(_RETRY)) if origin.startswith(_RETRY) else None
    if source is None:
        return
    last = _last_retry(uow, source)
    options = replace(last.options, retried_by=batch.batch_id)
    uow.batches.update(replace(last, options=options, version=last.version + 1))


def _require_own_rows(batch: Batch) -> None:
    """Refuse to touch a batch that a mass act puts together; it starts by itself."""
    if batch.options.selection is not None:
        raise StateConflict("This batch is being put together and starts by itself.")


def _known(uow: UnitOfWork, batch_id: str, *, lock: bool = False) -> Batch | None:
    """A batch by an id that may be a stranger's words."""
    if "\x00" in batch_id or len(batch_id) > 64:
        return None
    return uow.batches.get_for_update(batch_id) if lock else uow.batches.get(batch_id)
