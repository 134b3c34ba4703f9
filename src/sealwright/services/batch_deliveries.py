"""Offers of what batches have issued: made in the background, some at a time, and never an effect on the issuing.

A row's own address is needed only here, so a chunk that is done keeps the addresses of its issued rows behind the rows
that failed, until its offers are made.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from sealwright.domain.batches import Batch, Chunk, ChunkState
from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.delivering import OfferWish
from sealwright.domain.errors import DomainError, OfficeClosed
from sealwright.domain.offers import OfferChannel
from sealwright.domain.people import Caller
from sealwright.services.batch_authority import BatchAuthority, signing_caller
from sealwright.services.batch_rows import BatchRows, issued_rows, lines_of, members_of, uids_of
from sealwright.services.offers import OfferDesk
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import Registry, RegistryView
from sealwright.vc.errors import VcError

TASK: Final = "batch deliveries"
EVERY: Final = timedelta(seconds=5)
# Offers of one transaction.
STEP: Final = 64
_BATCHES: Final = 16
# Whatever is not delivered by then stays so; kept addresses are dropped sooner.
_GIVEN_UP_AFTER: Final = timedelta(days=40)
_ROW: Final = "deliver"
_ENCODER: Final = msgspec.json.Encoder()
_log = logging.getLogger(__name__)


class BatchDeliveries:
    """Makes the offers that batches were asked for."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        registry: Registry,
        authority: BatchAuthority,
        offers: OfferDesk,
        rows: BatchRows,
        clock: Clock,
    ) -> None:
        self._units = units
        self._registry = registry
        self._authority = authority
        self._offers = offers
        self._rows = rows
        self._clock = clock

    def has_work(self, uow: UnitOfWork, now: datetime) -> bool:
        """Tell whether any offer is still to be made."""
        return bool(uow.batches.to_deliver(now - _GIVEN_UP_AFTER, 1))

    def work_once(self) -> bool:
        """Make some offers of each batch that waits for any; gives whether there may be more."""
        with self._units(write=False) as uow:
            ids = uow.batches.to_deliver(self._clock.now() - _GIVEN_UP_AFTER, _BATCHES)
        # All of them, so that a long one does not keep the others waiting.
        return sum(self._step(batch_id) for batch_id in ids) > 0

    def _step(self, batch_id: str) -> bool:
        view = self._registry.current()
        with self._units(write=False) as uow:
            batch = uow.batches.get(batch_id)
            chunk = _next_chunk(uow, batch_id)
            if batch is None or chunk is None or batch.options.delivery is None:
                return False
            due = self._due(uow, batch, chunk)
        caller = self._caller(batch, view)
        refused = self._judged(due, view) if caller is not None else frozenset(row for row, _, _ in due)
        with self._units() as uow:
            epoch = uow.office.epoch(shared_lock=True)
            uow.batches.get_for_update(batch_id)
            present = uow.batches.chunk(batch_id, chunk.number)
            if present is None or present.delivered != chunk.delivered or epoch != view.epoch:
                # Somebody else was quicker, or a right may have changed meanwhile: looked at anew.
                return True
            for row, record, wish in due:
                if caller is not None and row not in refused:
                    self._offer(uow, caller, record, wish)
            self._count(uow, present, len(due))
            uow.commit()
        if refused:
            _log.warning("offers not made", extra={"batch_id": batch_id, "count": len(refused)})
        return True

    def _due(self, uow: UnitOfWork, batch: Batch, chunk: Chunk) -> list[tuple[int, CredentialRecord, OfferWish]]:
        """The next issued rows of a chunk: number, credential, and how it is to reach its holder."""
        assert batch.at is not None
        assert batch.options.delivery is not None
        due = issued_rows(chunk)[chunk.delivered : chunk.delivered + STEP]
        uids = uids_of(self._rows.secret(uow, batch.batch_id), batch.at, due)
        found = uow.credentials.get_many(list(uids.values()))
        addresses = _addresses(uow, chunk)
        wish = batch.options.delivery
        return [
            (row, found[uid], replace(wish, email=addresses[row]) if row in addresses else wish)
            for row, uid in uids.items()
            if uid in found
        ]

    def _caller(self, batch: Batch, view: RegistryView) -> Caller | None:
        """Whoever started the batch, as they are now; None where they may not act for it any more."""
        caller = self._authority.caller_of(batch.starter, view)
        if caller is None:
            return None
        try:
            return signing_caller(caller, self._authority.require(caller, batch, view))
        except DomainError:
            return None

    def _judged(self, due: Iterable[tuple[int, CredentialRecord, OfferWish]], view: RegistryView) -> frozenset[int]:
        """Ask what no unit of work may ask; gives the rows that no offer can be made of."""
        refused: set[int] = set()
        for row, record, wish in due:
            if wish.channel is not OfferChannel.DIDCOMM:
                continue
            try:
                self._offers.judge(record.holder_did, wish, issuer=view.did(record.issuer_did))
            except (DomainError, VcError):
                refused.add(row)
        return frozenset(refused)

    def _offer(self, uow: UnitOfWork, caller: Caller, record: CredentialRecord, wish: OfferWish) -> None:
        try:
            with uow.savepoint():
                self._offers.after_issue(uow, caller, record.credential_id, wish)
        except OfficeClosed:
            raise
        except (DomainError, VcError) as error:
            _log.warning("offer not made", extra={"credential_id": record.credential_id, "kind": type(error).__name__})

    @staticmethod
    def _count(uow: UnitOfWork, chunk: Chunk, tried: int) -> None:
        # Where fewer are found than were issued, somebody's data were erased: nothing of theirs waits.
        delivered = min(chunk.issued, chunk.delivered + max(tried, min(STEP, chunk.issued - chunk.delivered)))
        uow.batches.mark_delivered(chunk.batch_id, chunk.number, delivered)
        if delivered == chunk.issued:
            kept = uow.batches.rows(chunk.batch_id, chunk.number)
            if kept is not None:
                # The addresses have served.
                uow.batches.set_rows(chunk.batch_id, chunk.number, b"\n".join(lines_of(kept.content)[: chunk.failed]))


def address_lines(wish: OfferWish | None, lines: Mapping[int, bytes]) -> list[bytes]:
    """What a finished chunk keeps of issued rows: where the letter of each goes that has an address of its own."""
    if wish is None or wish.channel is not OfferChannel.EMAIL:
        return []
    named = ((row, members_of(line).get("email")) for row, line in lines.items())
    return [_ENCODER.encode({_ROW: row, "email": email}) for row, email in named if isinstance(email, str)]


def _addresses(uow: UnitOfWork, chunk: Chunk) -> Mapping[int, str]:
    kept = uow.batches.rows(chunk.batch_id, chunk.number)
    if kept is None:
        return {}
    members: list[dict[str, Any]] = [members_of(line) for line in lines_of(kept.content)[chunk.failed :]]
    return {one[_ROW]: one["email"] for one in members if _ROW in one and isinstance(one.get("email"), str)}


def _next_chunk(uow: UnitOfWork, batch_id: str) -> Chunk | None:
    waiting = (
        chunk.number
        for chunk in uow.batches.outline(batch_id)
        if chunk.state is ChunkState.DONE and chunk.delivered < chunk.issued
    )
    number = next(waiting, None)
    return uow.batches.chunk(batch_id, number) if number is not None else None
