"""Carries out the chunks of batches that issue: the guarded road of `services.issuance`, walked by many rows at once.

The numbers in the comments are the steps of that road. (1) is asked for the whole batch before each chunk, (2) for
each row; the rows, the chunk's run of status indexes and the ids that follow from the batch's secret are the
reservation (3). Every signature is verified (6), and of the first row and one in 64 the whole document.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sealwright.domain.audit import AuditEntry
from sealwright.domain.batches import Batch, BatchKind, CredentialUids, RowFault
from sealwright.domain.credentials import CredentialRecord, CredentialStatus, StatusPlace
from sealwright.domain.errors import (
    DomainError,
    ExpirationInPast,
    ExpirationTooFar,
    HolderDeactivated,
    HolderNotFound,
    OfficeClosed,
    SigningFailed,
)
from sealwright.domain.ids import credential_urn
from sealwright.domain.people import Caller
from sealwright.protocols.transparency.merkle import failed_leaf, issued_leaf, merkle_root
from sealwright.services.batch_authority import BatchAuthority, signing_caller
from sealwright.services.batch_deliveries import address_lines
from sealwright.services.batch_ports import ChunkOutcome
from sealwright.services.batch_rows import lasting
from sealwright.services.bulk_carrying import ChunkStale, HeldChunk
from sealwright.services.bulk_documents import BatchLine, LineParts
from sealwright.services.bulk_judging import (
    Footing,
    Judged,
    Judging,
    JudgingMeans,
    SignerBroke,
    States,
    signature_of,
    sound_signature,
)
from sealwright.services.bulk_rows import Row, RowFaults, in_cell, is_unreadable, read_row, split_lines
from sealwright.services.issuance import Issuing
from sealwright.services.notices import NoticeDesk
from sealwright.services.order_checks import OrderChecks
from sealwright.services.orders import IssuanceOrder, OrderGuard
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import RegistryView
from sealwright.services.reissuing import is_reissue
from sealwright.services.row_shape import EXPIRATION, HOLDER
from sealwright.services.schema_shelf import SchemaShelf
from sealwright.services.status_lists import StatusAllocator
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.errors import InvalidDID, InvalidKey, ProofInvalid, UnsupportedDIDMethod, UnsupportedKeyType, VcError

CHECKED_WHOLE: Final = 64
_MOST_LINES: Final = 16
_BROKEN: Final = "Nothing was issued; try again."
_OF_HOLDER: Final = (
    HolderNotFound,
    HolderDeactivated,
    InvalidDID,
    UnsupportedDIDMethod,
    InvalidKey,
    UnsupportedKeyType,
)
_OF_END: Final = (ExpirationInPast, ExpirationTooFar)
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Worked:
    """What became of a chunk's rows so far.

    Args:
        holders: As the rows write them.
        states: Of those that are kept here, as the rows were judged.
        leaves: One for each row, in order.
        orders: Of rows whose storing makes a grant, by their place in `records`.
    """

    uids: CredentialUids
    holders: frozenset[str]
    states: States
    places: Sequence[StatusPlace]
    records: list[CredentialRecord] = field(default_factory=list)
    faults: list[RowFault] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    orders: list[IssuanceOrder] = field(default_factory=list)


class IssueCarrier:
    """Signs and stores the credentials of a chunk."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        authority: BatchAuthority,
        checks: OrderChecks,
        issuing: Issuing,
        allocator: StatusAllocator,
        notices: NoticeDesk,
        shelf: SchemaShelf,
        canon: Canonicalizer,
        clock: Clock,
        public_url: str,
        code_of: Callable[[Exception], str],
    ) -> None:
        self._units = units
        self._authority = authority
        self._checks = checks
        self._means = JudgingMeans(checks, notices)
        self._issuing = issuing
        self._allocator = allocator
        self._shelf = shelf
        self._canon = canon
        self._clock = clock
        self._public_url = public_url
        self._faults = RowFaults(code_of)
        self._lines: dict[tuple[object, ...], BatchLine] = {}

    # (1) issuer, schema, authority and halts, of the whole batch
    def stand(self, batch: Batch, caller: Caller, view: RegistryView) -> Footing:
        """Refuse what holds the whole batch up now.

        Raises:
            IssuerNotFound, SchemaNotFound, IssuerNotAuthorized, SchemaNotAuthorized, OutOfScope: By authority.
            IssuerDeactivated, IssuerKeyMissing, SchemaInactive, PolicyViolation: By state.
            IssuingHalted, Sealed: The office does not issue now.
            SigningFailed: The issuer's key may not sign any more.
        """
        line, is_typed = self._line(batch, caller, view)
        parts = line.parts
        self._checks.require_open(parts.issuer.did, {parts.schema.schema_id}, view)
        return Footing(line, view, is_typed, self._issuing.chunk_signer(parts.method, view))

    def _line(self, batch: Batch, caller: Caller, view: RegistryView) -> tuple[BatchLine, bool]:
        standing = self._authority.require(caller, batch, view)
        assert standing.schema is not None, "only revocations are bound to no schema"
        options = batch.options
        method = self._checks.check_frame(
            standing.issuer,
            standing.schema,
            view,
            proof_type=options.proof_type,
            revocable=options.revocable,
            is_new=not is_reissue(batch),
        )
        parts = LineParts(
            caller=signing_caller(caller, standing),
            issuer=standing.issuer,
            schema=standing.schema,
            method=method,
            proof_type=options.proof_type,
            revocable=options.revocable,
            suspendable=options.suspendable,
            at=batch.at or self._clock.now(),
        )
        # Under one epoch the same batch, unchanged, is issued under the same things.
        key = (batch.batch_id, batch.version, view.epoch, caller.actor, method.id)
        line = self._lines.get(key)
        if line is None:
            line = BatchLine(parts, self._shelf, self._canon, self._public_url)
            if len(self._lines) >= _MOST_LINES:
                self._lines.clear()
            self._lines[key] = line
        return line, standing.kind is not None

    # (3) reserve: run and key of the chunk; the engine commits them
    def reserve(self, uow: UnitOfWork, held: HeldChunk, now: datetime) -> HeldChunk:
        """Take the chunk's status indexes, once for good, and fix the key."""
        footing: Footing = held.ground.standing
        chunk = held.chunk
        run = chunk.run
        if footing.line.purposes and not run:
            run = self._allocator.run(uow, footing.line.parts.issuer.did, chunk.row_count, now)
        return replace(held, chunk=replace(chunk, run=run, method_id=footing.line.parts.method.id))

    # (4) to (6): between the two commits
    def work(self, held: HeldChunk, beat: Callable[[], None]) -> Worked:
        """Check, build, sign and verify the rows of a chunk.

        Raises:
            OfficeClosed, SigningFailed: Of the key store; no row fails by it.
        """
        lines = split_lines(held.rows.content)
        if len(lines) != held.chunk.row_count:
            raise RuntimeError("the kept rows are not those that were counted")
        rows = _read_rows(lines, held.batch)
        worked = self._begun(held, rows)
        judging = Judging(self._means, held.batch, held.ground.standing, worked.states, self._clock.now())
        kept = {fault.row: lasting(fault) for fault in held.chunk.faults}
        unread = {fault.row: fault for fault in held.chunk.faults}
        for offset, row in enumerate(rows):
            if not offset % CHECKED_WHOLE:
                beat()
            number = held.chunk.first_row + offset
            fault = kept.get(number) or (unread.get(number) if is_unreadable(lines[offset]) else None)
            if fault is None:
                fault = self._row(held, worked, judging, number, row)
            if fault is not None:
                worked.faults.append(fault)
                worked.leaves.append(failed_leaf(fault.code))
        return worked

    def _begun(self, held: HeldChunk, rows: Sequence[Row | Exception]) -> Worked:
        holders = frozenset(row.holder for row in rows if isinstance(row, Row))
        with self._units(write=False) as uow:
            states = uow.dids.states(holders)
            places = self._allocator.places_of(uow, held.chunk.run)
        return Worked(CredentialUids(held.secret, held.ground.standing.line.parts.at), holders, states, places)

    def _row(
        self, held: HeldChunk, worked: Worked, judging: Judging, number: int, row: Row | Exception
    ) -> RowFault | None:
        """Issue one row, or say why not."""
        try:
            self._sign(held, worked, number, judging.row(row))
        except (SignerBroke, OfficeClosed):
            raise
        except (DomainError, VcError) as error:
            return self._fault(number, error, row)
        except Exception:  # noqa: BLE001 - whatever broke, this row fails and its neighbors go on
            _log.exception("signing failed", extra={"batch_id": held.batch.batch_id, "row": number})
            return self._fault(number, SigningFailed(_BROKEN), row)
        return None

    def _sign(self, held: HeldChunk, worked: Worked, number: int, judged: Judged) -> None:
        footing: Footing = held.ground.standing
        line, parts = footing.line, footing.line.parts
        offset = number - held.chunk.first_row
        uid = worked.uids.of(number)
        urn = credential_urn(uid)
        place = worked.places[offset] if worked.places else None
        is_checked = not line.is_quick or not len(worked.records) % CHECKED_WHOLE
        order: IssuanceOrder | None = None
        if judged.guard is not None or is_checked:
            order = line.order(judged.holder, judged.claims, judged.end, judged.mandatory)
        if line.is_quick:
            # (4) build the credential
            document = line.document(urn, judged.holder, judged.claims, judged.end, place)
            data = line.data_to_sign(document)
            # (5) sign
            signature = sound_signature(footing.sign, line.verifier, data)
            signed = line.signed(document, signature)
        else:
            assert order is not None
            signed = _drafted(line, order, uid, place, footing.sign)
        if order is not None and is_checked:
            # (6) the whole document, as a stranger would read it
            _must_hold(line, signed, order, uid, place, max(self._clock.now(), parts.at))
        if order is not None and judged.guard is not None:
            worked.orders.append(replace(order, guard=judged.guard))
        digest = hashlib.sha256(signed)
        worked.records.append(_record(parts, held.batch.batch_id, uid, judged, place, signed, digest.hexdigest()))
        worked.rows.append(number)
        worked.leaves.append(issued_leaf(urn, digest.digest()))

    # (7) store
    def store(self, uow: UnitOfWork, held: HeldChunk, worked: Worked, view: RegistryView | None) -> ChunkOutcome:
        """Store the credentials with the chunk's one audit row.

        Raises:
            ChunkStale: Key, issuer or a holder is not what it was when the rows were signed, or a row has ended since.
            DomainError: As `stand`.
        """
        now = self._clock.now()
        if view is not None:
            self._look_again(uow, held, worked, view)
        if any(record.expires_at is not None and record.expires_at <= now for record in worked.records):
            raise ChunkStale("A credential would be over before anybody has it.")
        if worked.orders:
            worked = self._bind(uow, held, worked, now)
        if worked.records:
            uow.batches.add_credentials(worked.records)
        outcome = ChunkOutcome(
            issued=len(worked.records),
            failed=len(worked.faults),
            faults=tuple(worked.faults),
            failed_rows=_kept_rows(held, worked.faults),
            root=merkle_root(worked.leaves),
            at=now,
        )
        uow.audit.append(_event(held, outcome, now))
        return outcome

    def _look_again(self, uow: UnitOfWork, held: HeldChunk, worked: Worked, view: RegistryView) -> None:
        footing: Footing = held.ground.standing
        present = self.stand(held.batch, held.ground.caller, view).line.parts
        before = footing.line.parts
        if (present.method.id, present.issuer.name) != (before.method.id, before.issuer.name):
            raise ChunkStale("The issuer has changed.")
        if uow.dids.states(worked.holders) != worked.states:
            raise ChunkStale("A holder has changed.")

    def _bind(self, uow: UnitOfWork, held: HeldChunk, worked: Worked, now: datetime) -> Worked:
        """Make the grants of a credential type, each row in a part of its own; a refusal fails that row alone."""
        bound: dict[int, CredentialRecord] = {}
        faults, leaves = list(worked.faults), list(worked.leaves)
        # In one order everywhere, so that two chunks never wait for each other.
        turns = sorted(range(len(worked.orders)), key=lambda turn: (_guard(worked.orders[turn]).key, turn))
        for turn in turns:
            order, number = worked.orders[turn], worked.rows[turn]
            try:
                with uow.savepoint():
                    bound[turn] = _guard(order).bind(uow, order, worked.records[turn], now)
            except (DomainError, VcError) as error:
                if isinstance(error, OfficeClosed):
                    raise
                fault = self._faults.of(number, error, order.holder_did)
                faults.append(in_cell(fault, HOLDER))
                leaves[number - held.chunk.first_row] = failed_leaf(fault.code)
        faults.sort(key=lambda fault: fault.row)
        return replace(worked, records=[bound[turn] for turn in sorted(bound)], faults=faults, leaves=leaves)

    def count(self, batch: Batch, issued: int) -> None:
        """Count what was issued for the office's metrics."""
        if batch.kind is BatchKind.ISSUE:
            self._issuing.count(batch.options.proof_type, issued)

    # -- before anything is issued -----------------------------------------------------------------

    def check_rows(
        self, batch: Batch, caller: Caller, lines: Sequence[bytes], first_row: int, view: RegistryView
    ) -> tuple[RowFault, ...]:
        """Tell what is wrong with rows as they stand now; the same checks in the same order, without any effect.

        Raises:
            DomainError: The whole batch is refused, as by `stand`.
        """
        line, is_typed = self._line(batch, caller, view)
        rows = _read_rows(lines, batch)
        holders = {row.holder for row in rows if isinstance(row, Row)}
        states = view.look_up(lambda uow: uow.dids.states(holders))
        judging = Judging(self._means, batch, Footing(line, view, is_typed, _sign_nothing), states, self._clock.now())
        found = []
        for number, row in enumerate(rows, start=first_row):
            try:
                judged = judging.row(row)
                line.prove(judged.holder, judged.claims, judged.end)
            except OfficeClosed:
                raise
            except (DomainError, VcError) as error:
                found.append(self._fault(number, error, row))
        return tuple(found)

    def _fault(self, number: int, error: DomainError | VcError, row: Row | Exception) -> RowFault:
        """What is kept of a refusal."""
        fault = self._faults.of(number, error, row.holder if isinstance(row, Row) else None)
        if isinstance(error, _OF_HOLDER):
            return in_cell(fault, HOLDER)
        is_own_end = isinstance(row, Row) and row.expiration is not None
        return in_cell(fault, EXPIRATION) if isinstance(error, _OF_END) and is_own_end else fault


def _drafted(
    line: BatchLine, order: IssuanceOrder, uid: UUID, place: StatusPlace | None, sign: Callable[[bytes], bytes]
) -> bytes:
    """Steps 4 and 5 as a single credential takes them, for suites that need more than one hash."""
    draft = line.draft(order, uid, place)
    signature = signature_of(sign, draft.data_to_sign)
    try:
        return draft.signed(signature)
    except (InvalidKey, ProofInvalid) as error:
        raise SignerBroke("The key store signed wrongly.") from error


def _must_hold(  # noqa: PLR0917 - once for 64 credentials
    line: BatchLine, signed: bytes, order: IssuanceOrder, uid: UUID, place: StatusPlace | None, now: datetime
) -> None:
    try:
        line.check(signed, order, uid, place, now)
    except (DomainError, VcError) as error:
        _log.critical("a document of our own does not hold", extra={"credential_id": credential_urn(uid)})
        raise SignerBroke("The signed document is not the one that was checked.") from error


def _read_rows(lines: Sequence[bytes], batch: Batch) -> list[Row | Exception]:
    rows: list[Row | Exception] = []
    renews = is_reissue(batch)
    for line in lines:
        try:
            rows.append(read_row(line, is_reissue=renews))
        except (DomainError, VcError) as error:
            rows.append(error)
        except Exception:  # noqa: BLE001 - as with whatever breaks later: the row fails, its neighbors go on
            _log.exception("row not read", extra={"batch_id": batch.batch_id})
            rows.append(SigningFailed(_BROKEN))
    return rows


def _guard(order: IssuanceOrder) -> OrderGuard:
    assert order.guard is not None
    return order.guard


def _sign_nothing(_data: bytes) -> bytes:
    raise SigningFailed("Rows are only checked.")


def _kept_rows(held: HeldChunk, faults: Sequence[RowFault]) -> bytes:
    """Rows that failed, for a retry; behind them where letters go to, until they are written."""
    wish = held.batch.options.delivery
    if not faults and wish is None:
        return b""
    first, lines = held.chunk.first_row, split_lines(held.rows.content)
    failed = {fault.row for fault in faults}
    issued = {first + place: line for place, line in enumerate(lines) if first + place not in failed}
    return b"\n".join([*(lines[fault.row - first] for fault in faults), *address_lines(wish, issued)])


def _record(  # noqa: PLR0917 - once for each credential, in the inner loop
    parts: LineParts,
    batch_id: str,
    uid: UUID,
    judged: Judged,
    place: StatusPlace | None,
    signed: bytes,
    sha256: str,
) -> CredentialRecord:
    return CredentialRecord(
        uid=uid,
        external_id=None,
        issuer_did=parts.issuer.did,
        holder_did=judged.holder,
        schema_id=parts.schema.schema_id,
        types=parts.schema.type,
        proof_type=parts.proof_type,
        verification_method=parts.method.id,
        revocable=parts.revocable,
        suspendable=parts.revocable and parts.suspendable,
        place=place,
        status=CredentialStatus.VALID,
        issued_at=parts.at,
        expires_at=judged.end,
        document=signed,
        document_sha256=sha256,
        batch_id=batch_id,
    )


def _event(held: HeldChunk, outcome: ChunkOutcome, now: datetime) -> AuditEntry:
    batch, chunk = held.batch, held.chunk
    typed = {"credentialType": batch.credential_type} if batch.credential_type is not None else {}
    return AuditEntry(
        actor=held.ground.caller.actor,
        action="credential.issued",
        object_type="batch",
        object_id=batch.batch_id,
        at=now,
        after={"status": CredentialStatus.VALID.value},
        data={
            "issuerDid": batch.issuer_did,
            "schemaId": batch.schema_id,
            **typed,
            "chunk": chunk.number,
            "firstRow": chunk.first_row,
            "issued": outcome.issued,
            "failed": outcome.failed,
            "merkleRoot": outcome.root.hex(),
            "proofType": batch.options.proof_type,
            "statusLists": [one.list_id for one in chunk.run],
        },
    )
