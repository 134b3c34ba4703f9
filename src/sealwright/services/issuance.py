"""Issuing: from a checked order to a signed, stored credential, by the guarded road.

The numbers in the comments are the steps of the road. (1) and (2) happen when the order is checked
(`order_checks`); (3) and (7) are the two commits of the issuing line; (4), (5) and (6) lie between
them. This module alone asks for a signature on a person's credential.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sealwright.domain.audit import AuditEntry
from sealwright.domain.credentials import (
    CredentialRecord,
    CredentialStatus,
    IdempotencyScope,
    IssuanceRequest,
    Reservation,
    ReservationState,
    StatusPurpose,
)
from sealwright.domain.dids import KeyPurpose, MethodRecord
from sealwright.domain.errors import (
    ClockBehind,
    DomainError,
    ExpirationInPast,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    OfficeClosed,
    Sealed,
    SigningFailed,
)
from sealwright.domain.ids import credential_urn, new_credential_uid
from sealwright.domain.people import Caller
from sealwright.services.batch_ports import CredentialAnchoring
from sealwright.services.issuing_line import Issued, IssuingLine, Job
from sealwright.services.order_checks import DocumentOptions, OrderChecks
from sealwright.services.orders import CopyWish, IssuanceOrder, OrderGuard
from sealwright.services.ports import Clock, KeyStore, Metrics, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import Registry, RegistryView
from sealwright.services.signing_forms import draft_of
from sealwright.services.status_lists import StatusAllocator
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import VcError

__all__ = ["DocumentOptions", "Issued", "Issuing"]

MAX_CLOCK_LAG_SECONDS: Final = 5
# A reservation older than this, whose caller comes again with the same key, was left behind by a crash.
ABANDONED_AFTER_SECONDS: Final = 5

_RUNNING: Final = "The first call with this Idempotency-Key is still running."
_GIVEN_UP: Final = "The reservation was given up meanwhile; try again."
_log = logging.getLogger(__name__)


class Issuing:
    """The engine of issuance."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        registry: Registry,
        checks: OrderChecks,
        allocator: StatusAllocator,
        keys: KeyStore,
        canon: Canonicalizer,
        clock: Clock,
        metrics: Metrics,
        anchoring: CredentialAnchoring,
        public_url: str,
        idempotency_ttl_seconds: int,
    ) -> None:
        self._units = units
        self._registry = registry
        self._checks = checks
        self._allocator = allocator
        self._keys = keys
        self._canon = canon
        self._clock = clock
        self._metrics = metrics
        self._anchoring = anchoring
        self._public_url = public_url
        self._ttl = timedelta(seconds=idempotency_ttl_seconds)
        self.line = IssuingLine(units, self, metrics.observe_round)

    # (1), (2): checked elsewhere, offered here because every door asks its engine
    def check(
        self, request: IssuanceRequest, caller: Caller, view: RegistryView, guard: OrderGuard | None = None
    ) -> IssuanceOrder:
        """Check a request whole and authorize it; refusals as `OrderChecks.check`."""
        return self._checks.check(request, caller, view, guard)

    def check_document(
        self, credential: Mapping[str, JSONValue], options: DocumentOptions, caller: Caller, view: RegistryView
    ) -> IssuanceOrder:
        """Check a caller's own unsigned document; refusals as `OrderChecks.check_document`."""
        return self._checks.check_document(credential, options, caller, view)

    def check_copy(self, wish: CopyWish, caller: Caller, view: RegistryView, guard: OrderGuard) -> IssuanceOrder:
        """Check a further form of a credential; refusals as `OrderChecks.check_copy`."""
        return self._checks.check_copy(wish, caller, view, guard)

    def preview(self, order: IssuanceOrder) -> dict[str, JSONValue]:
        """The unsigned document as it would be, with placeholders for what only a reservation gives."""
        return self._checks.preview(order)

    def submit(self, order: IssuanceOrder, scope: IdempotencyScope | None = None) -> Future[Issued]:
        """Put a checked order on the line; the future fails with what the call must be answered."""
        return self.line.submit(order, scope)

    def issue(self, order: IssuanceOrder, scope: IdempotencyScope | None = None) -> Issued:
        """Take one order along the road in this thread.

        Raises:
            SigningFailed, StoreUnavailable, AuditUnavailable, ClockBehind, IssuingHalted, Sealed: Nothing was issued.
        """
        return self.line.run_alone(order, scope)

    def carry_out(self, order: IssuanceOrder, scope: IdempotencyScope | None = None) -> Issued:
        """Take one order along the road and wait for its end: on the line where it walks, else in this thread.

        Raises:
            IdempotencyInProgress: Another call with the same key is under way.
            SigningFailed, StoreUnavailable, AuditUnavailable, ClockBehind, IssuingHalted, Sealed: Nothing was issued.
        """
        return self.submit(order, scope).result() if self.line.is_open else self.issue(order, scope)

    def replay(self, scope: IdempotencyScope) -> Issued | None:
        """What an idempotency key has already brought about, or None.

        Raises:
            IdempotencyKeyReused: The key was used with another body.
        """
        with self._units(write=False) as uow:
            record = self._finished(uow, scope)
        return Issued(record, replayed=True) if record is not None else None

    def _finished(self, uow: UnitOfWork, scope: IdempotencyScope) -> CredentialRecord | None:
        known = uow.idempotency.find(scope)
        if known is None:
            return None
        if known.scope.body_digest != scope.body_digest:
            raise IdempotencyKeyReused("This Idempotency-Key was used with another body.")
        if not known.finished or known.reference is None:
            return None
        return uow.credentials.get(known.reference)

    # (3) reserve the credential id and status entry, and commit
    def reserve(self, uow: UnitOfWork, jobs: Sequence[Job]) -> None:
        """Write down what is going to be signed; sets `error` or `replay` on jobs that go no further."""
        now = self._clock.now()
        epoch = uow.office.epoch(shared_lock=True)
        head = uow.audit.head()
        if head.at is not None and (head.at - now).total_seconds() > MAX_CLOCK_LAG_SECONDS:
            for job in jobs:
                job.error = ClockBehind("The server's clock is behind the newest audit row.")
            return
        self._recheck_all(uow, jobs, epoch)
        self._ask_guards(uow, jobs, now)
        uids = {id(job): new_credential_uid() for job in jobs}
        self._bind_keys(uow, jobs, uids, now)
        going = [job for job in jobs if job.error is None and job.replay is None]
        places = self._allocator.places(uow, [(job.order.issuer.did, bool(job.order.purposes)) for job in going], now)
        for job, place in zip(going, places, strict=True):
            job.reservation = Reservation(
                uid=uids[id(job)],
                external_id=job.order.external_id,
                issuer_did=job.order.issuer.did,
                place=place,
                order_digest=job.order.digest,
                key_id=job.order.method.id,
                proof_type=job.order.proof_type,
                reserved_at=now,
                idempotency=job.scope,
            )
        if going:
            uow.reservations.add_many([job.reservation for job in going if job.reservation is not None])

    def _recheck_all(self, uow: UnitOfWork, jobs: Sequence[Job], epoch: int) -> None:
        view: RegistryView | None = None
        for job in jobs:
            if job.error is not None or job.order.caller.epoch == epoch:
                continue
            view = view or Registry.within(uow, epoch)
            try:
                job.order = self._checks.recheck(job.order, view)
            except (DomainError, VcError) as error:
                job.error = error

    def _ask_guards(self, uow: UnitOfWork, jobs: Sequence[Job], now: datetime) -> None:
        """Ask what orders hang on; one that was carried out under its key meanwhile is answered by that."""
        for job in jobs:
            guard = job.order.guard
            if guard is None or job.error is not None:
                continue
            try:
                guard.look_again(uow, job.order, now)
            except (DomainError, VcError) as error:
                job.error = error
                try:
                    job.replay = self._finished(uow, job.scope) if job.scope is not None else None
                except DomainError as reused:
                    job.error = reused
                if job.replay is not None:
                    job.error = None

    def _bind_keys(self, uow: UnitOfWork, jobs: Sequence[Job], uids: Mapping[int, UUID], now: datetime) -> None:
        first: dict[IdempotencyScope, Job] = {}
        for job in jobs:
            if job.scope is None or job.error is not None or job.replay is not None:
                continue
            if any(
                (s.principal, s.route, s.key) == (job.scope.principal, job.scope.route, job.scope.key) for s in first
            ):
                job.error = IdempotencyInProgress(_RUNNING)
            else:
                first[job.scope] = job
        if not first:
            return
        items = [(scope, str(uids[id(job)])) for scope, job in first.items()]
        free = uow.idempotency.begin_many(items, now, now + self._ttl)
        for scope, job in first.items():
            if scope not in free:
                try:
                    self._join_earlier(uow, job, scope, uids[id(job)], now)
                except DomainError as error:
                    job.error = error

    def _join_earlier(self, uow: UnitOfWork, job: Job, scope: IdempotencyScope, uid: UUID, now: datetime) -> None:
        """The key is bound: repeat its outcome, wait for it, or take over what a crash left behind."""
        job.replay = self._finished(uow, scope)
        if job.replay is not None:
            return
        known = uow.idempotency.find(scope)
        reference = known.reference if known else None
        earlier = uow.reservations.get(UUID(reference)) if reference else None
        if known is None or reference is None:
            raise IdempotencyInProgress(_RUNNING)
        if earlier is not None and uow.reservations.state(earlier.uid) is ReservationState.RESERVED:
            if (now - earlier.reserved_at).total_seconds() < ABANDONED_AFTER_SECONDS:
                raise IdempotencyInProgress(_RUNNING)
            self.void(uow, [earlier], now)
        if not uow.idempotency.rebind(scope, reference, str(uid), now):
            raise IdempotencyInProgress(_RUNNING)

    # (4) to (6): between the two commits
    def sign(self, job: Job) -> None:
        """Build, sign and check one reserved order; sets `record`, or `error`."""
        assert job.reservation is not None
        try:
            job.record = self._sign(job.order, job.reservation)
        except (DomainError, VcError) as error:
            _log.error(
                "signing failed", extra={"credential_id": job.reservation.credential_id, "kind": type(error).__name__}
            )
            job.error = error if isinstance(error, Sealed) else SigningFailed("Nothing was issued; try again.")
        except Exception:  # noqa: BLE001 - whatever broke, this order fails and its neighbors go on
            _log.exception("signing failed", extra={"credential_id": job.reservation.credential_id})
            job.error = SigningFailed("Nothing was issued; try again.")

    def _sign(self, order: IssuanceOrder, reservation: Reservation) -> CredentialRecord:
        # (4) build the credential and check it whole
        draft = draft_of(order, reservation, self._public_url, self._canon)
        # (5) sign
        key = self._registry.view(order.caller.epoch).key(order.method.key_id)
        if key is None:
            raise SigningFailed("The issuer's key is gone.")
        signature = self._keys.sign(key, draft.data_to_sign, use=KeyPurpose.CREDENTIALS, at=reservation.reserved_at)
        signed = draft.signed(signature)
        # (6) verify our own signature, over the bytes that will leave
        draft.check(signed, self._clock.now())
        return _record(order, reservation, signed)

    def chunk_signer(self, method: MethodRecord, view: RegistryView) -> Callable[[bytes], bytes]:
        """Give what signs the rows of one chunk of a batch, the key judged once for all of them.

        Raises:
            SigningFailed: The key is gone, not active, or its life is over; or, from what is given, the store failed.
            Sealed: The key-encryption key is absent or does not fit.
        """
        key = view.key(method.key_id)
        if key is None:
            raise SigningFailed("The issuer's key is gone.")
        return self._keys.signer(key, use=KeyPurpose.CREDENTIALS, at=self._clock.now())

    def count(self, proof_type: str, credentials: int) -> None:
        """Count credentials that a batch has issued."""
        self._metrics.count_issued(proof_type, credentials)

    # (7) store the credential and the event, and commit
    def store(self, uow: UnitOfWork, jobs: Sequence[Job]) -> None:
        """Move reservations to issued and store their credentials; void those of failed jobs."""
        now = self._clock.now()
        epoch = uow.office.epoch(shared_lock=True)
        self._recheck_all(uow, jobs, epoch)
        _refuse_ended(jobs, now)
        bound = self._bind_guarded(uow, jobs, now)
        failed = [job.reservation for job in jobs if job.error is not None and job.reservation is not None]
        if failed:
            self.void(uow, failed, now)
        signed = [job for job in jobs if job.error is None and job.record is not None and id(job) not in bound]
        moved = uow.reservations.settle_many([job.record.uid for job in signed if job.record], ReservationState.ISSUED)
        alive = [job for job in jobs if id(job) in bound]
        for job in signed:
            if job.record is not None and job.record.uid in moved:
                alive.append(job)
            else:
                job.error = SigningFailed(_GIVEN_UP)
        for job in alive:
            if job.order.anchor and job.record is not None:
                job.record = replace(job.record, transaction_hash=self._anchoring.credential_hash(job.record))
        uow.credentials.add_many([job.record for job in alive if job.record is not None])
        uow.idempotency.finish_many([job.scope for job in alive if job.scope is not None])
        uow.audit.append(*(_event(job) for job in alive))
        for job in alive:
            self._metrics.count_issued(job.order.proof_type)

    def anchor(self, uow: UnitOfWork, jobs: Sequence[Job]) -> None:
        """Write the credentials that were stored into the transparency log, those that are to stand there."""
        stored = [job.record for job in jobs if job.order.anchor and job.error is None and job.record is not None]
        if stored:
            self._anchoring.anchor_credentials(uow, stored)

    def _bind_guarded(self, uow: UnitOfWork, jobs: Sequence[Job], now: datetime) -> frozenset[int]:
        """Settle the orders that hang on something, each in a part of its own, before any status list is locked."""
        guarded = [job for job in jobs if job.order.guard is not None and job.error is None and job.record is not None]
        bound: set[int] = set()
        for job in sorted(guarded, key=lambda one: one.order.guard.key if one.order.guard is not None else ""):
            guard, record = job.order.guard, job.record
            assert guard is not None
            assert record is not None
            try:
                with uow.savepoint():
                    if record.uid not in uow.reservations.settle_many([record.uid], ReservationState.ISSUED):
                        raise SigningFailed(_GIVEN_UP)
                    job.record = guard.bind(uow, job.order, record, now)
            except (DomainError, VcError) as error:
                if isinstance(error, OfficeClosed):
                    raise
                job.error = error
            else:
                bound.add(id(job))
        return frozenset(bound)

    def void(self, uow: UnitOfWork, reservations: Sequence[Reservation], now: datetime) -> int:
        """Give reservations up for good: their status bit is set, so that no document for them can ever pass."""
        moved = uow.reservations.settle_many([one.uid for one in reservations], ReservationState.VOID)
        by_list: dict[str, list[int]] = {}
        for one in reservations:
            if one.uid in moved and one.place is not None:
                by_list.setdefault(one.place.list_id, []).append(one.place.index)
        for list_id, indexes in sorted(by_list.items()):
            uow.status_lists.set_bits(list_id, StatusPurpose.REVOCATION, indexes, value=True, at=now)
        return len(moved)


def _record(order: IssuanceOrder, reservation: Reservation, signed: bytes) -> CredentialRecord:
    return CredentialRecord(
        uid=reservation.uid,
        external_id=reservation.external_id,
        issuer_did=order.issuer.did,
        holder_did=order.holder_did,
        schema_id=order.schema.schema_id if order.schema else None,
        types=order.types,
        proof_type=order.proof_type,
        verification_method=order.method.id,
        revocable=StatusPurpose.REVOCATION in order.purposes,
        suspendable=StatusPurpose.SUSPENSION in order.purposes,
        place=reservation.place,
        status=CredentialStatus.VALID,
        issued_at=reservation.reserved_at,
        expires_at=order.expiration,
        document=signed,
        document_sha256=hashlib.sha256(signed).hexdigest(),
    )


def _refuse_ended(jobs: Sequence[Job], now: datetime) -> None:
    """Refuse what ended while it was signed: nothing is stored that was never valid."""
    for job in jobs:
        end = job.order.expiration
        if job.error is None and not job.order.is_document and end is not None and end <= now:
            job.error = ExpirationInPast("The expiry passed while the credential was signed.")


def _event(job: Job) -> AuditEntry:
    record = job.record
    assert record is not None
    place = record.place
    return AuditEntry(
        actor=job.order.caller.actor,
        action="credential.issued",
        object_type="credential",
        object_id=record.credential_id,
        at=record.issued_at,
        after={"status": record.status.value},
        data={
            "issuerDid": record.issuer_did,
            "schemaId": record.schema_id,
            "proofType": record.proof_type,
            "documentSha256": record.document_sha256,
            "statusListId": place.list_id if place else None,
            "statusListIndex": place.index if place else None,
            **({"grantId": record.grant_id} if record.grant_id is not None else {}),
            **({"copyOf": credential_urn(record.copy_of)} if record.copy_of is not None else {}),
        },
        request_id=job.order.caller.request_id,
    )
