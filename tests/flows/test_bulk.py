"""Batches from their start to their end: what is issued, what fails, who may stop them, and who is asked again."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from sealwright.domain.batches import BatchKind, BatchStatus, ChunkState, PausedBy, RowFault
from sealwright.domain.credentials import CredentialRecord, Reservation
from sealwright.domain.errors import IssuingHalted, StateConflict
from sealwright.domain.people import Caller
from sealwright.services.bulk import Bulk, _Heart
from sealwright.services.bulk_carrying import ChunkStale, FenceLost, HeldChunk
from sealwright.services.office import Office
from sealwright.services.orders import unsigned_document
from sealwright.services.ports import UnitOfWork
from sealwright.services.registry import RegistryView
from sealwright.services.verification import VerifyOptions
from sealwright.vc.encoding.strict_json import parse_json
from tests.support.batches import (
    assert_whole,
    chunks_of,
    codes_of,
    credentials_of,
    line,
    make_batch,
    present,
    worker,
)
from tests.support.office import HOLDER, ISSUER, MovableClock, api_key_for, degree_request, the_operator

END = datetime(2030, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_a_batch_is_issued_whole(issuing_office: Office) -> None:
    office = issuing_office
    lines = [line(expirationDate="2030-12-31T23:59:59Z"), line("did:adi:nobody"), *[line()] * 8]
    batch = make_batch(office, lines, suspendable=True)
    assert (batch.status, batch.at) == (BatchStatus.ACCEPTED, office.clock.now())
    assert office.bulk.engine.work_once()
    assert present(office, batch).status is BatchStatus.RUNNING
    ended = office.bulk.engine.run_batch(batch.batch_id)
    assert assert_whole(office, batch) == ended
    assert codes_of(office, batch) == {1: "HOLDER_NOT_FOUND"}
    assert not office.bulk.engine.work_once()
    records = credentials_of(office, batch)
    assert (records[0].expires_at, records[2].expires_at) == (END, None)
    with office.units(write=False) as uow:
        kept = [uow.batches.rows(batch.batch_id, number) for number in range(3)]
    assert [rows.content if rows else None for rows in kept] == [lines[1], None, None]
    assert office.verifier.verify(parse_json(records[9].document or b""), VerifyOptions())


@pytest.mark.parametrize("suite", ["Ed25519Signature2020", "eddsa-rdfc-2022", "eddsa-jcs-2022"])
@pytest.mark.parametrize(("revocable", "suspendable"), [(True, False), (True, True), (False, False)])
def test_documents_are_those_of_the_single_road(
    issuing_office: Office, suite: str, revocable: bool, suspendable: bool
) -> None:
    """A row and a single order with the same reservation give the same members in the same order."""
    office = issuing_office
    claims = {"degree": {"type": 'Master "é" \u0001', "gpa": 4.0, "graduationYear": 2001}}
    options: dict[str, Any] = {
        "proof_type": suite,
        "revocable": revocable,
        "suspendable": suspendable,
        "expiration": END,
    }
    batch = make_batch(office, [line(), line(f"{HOLDER}...", claims)], **options)
    office.bulk.engine.run_batch(batch.batch_id)
    assert_whole(office, batch)
    view, caller = office.registry.current(), the_operator(office)
    for row, given in ((0, None), (1, claims)):
        record = credentials_of(office, batch)[row]
        wish = degree_request(**options, **({"claims": given} if given else {}))
        order = office.issuing.check(wish, caller, view)
        assert record.document is not None
        document = json.loads(record.document)
        assert document.pop("proof")["created"] == document.get("issuanceDate", document.get("validFrom"))
        reservation = _reservation_of(record)
        expected = unsigned_document(order, reservation, office.public_url)
        assert json.dumps(document) == json.dumps(expected)
        assert (record.revocable, record.suspendable, record.types) == (revocable, suspendable, order.types)


def _reservation_of(record: CredentialRecord) -> Reservation:
    return Reservation(
        uid=record.uid,
        external_id=None,
        issuer_did=record.issuer_did,
        place=record.place,
        order_digest=b"",
        key_id=record.verification_method,
        proof_type=record.proof_type,
        reserved_at=record.issued_at,
    )


def test_a_chunk_done_again_gives_the_same_bytes(issuing_office: Office, clock: MovableClock) -> None:
    office = issuing_office
    batch = make_batch(office, [line()] * 3)
    engine = worker(office)
    first = engine._take(batch.batch_id)
    assert first is not None
    before = engine.carriers[batch.kind].work(first, lambda: None)
    clock.move(seconds=16)
    second = office.bulk.engine._take(batch.batch_id)
    assert second is not None
    assert (second.chunk.fence, second.chunk.run) == (first.chunk.fence + 1, first.chunk.run)
    again = office.bulk.engine.carriers[batch.kind].work(second, lambda: None)
    assert (again.records, again.faults, again.leaves) == (before.records, before.faults, before.leaves)
    assert [one.document for one in again.records] == [one.document for one in before.records]


def test_whoever_lost_a_chunk_stores_nothing(issuing_office: Office, clock: MovableClock) -> None:
    office = issuing_office
    batch = make_batch(office, [line()] * 3)
    slow, fast = worker(office), worker(office)
    lost = slow._take(batch.batch_id)
    assert lost is not None
    assert not fast.work_once(), "somebody has the only chunk"
    clock.move(seconds=16)
    assert fast.work_once()
    whole = assert_whole(office, batch)
    with pytest.raises(FenceLost):
        slow._carry(lost)
    assert assert_whole(office, batch) == whole


def test_a_lease_is_renewed_while_work_takes_long(issuing_office: Office, clock: MovableClock) -> None:
    office = issuing_office
    batch = make_batch(office, [line()] * 3)
    engine = worker(office)
    held = engine._take(batch.batch_id)
    assert held is not None
    heart = _Heart(office.units, clock, held.chunk)
    heart._next = 0.0
    clock.move(seconds=10)
    heart.beat()
    clock.move(seconds=10)
    assert not worker(office).work_once()
    assert engine._carry(held)
    assert_whole(office, batch)


def test_a_halt_rests_a_batch_until_it_is_over(issuing_office: Office) -> None:
    office = issuing_office
    batch = make_batch(office, [line()] * 6)
    engine = office.bulk.engine
    assert engine.work_once()
    _act(office, lambda uow, me: office.halting.halt(uow, me, "leak"))
    assert engine.work_once()
    rests = present(office, batch)
    assert (rests.status, rests.paused_by, rests.issued) == (BatchStatus.PAUSED, PausedBy.HALT, 4)
    assert not engine.work_once()
    with pytest.raises(IssuingHalted):
        make_batch(office, [line()])
    _act(office, office.halting.resume)
    assert engine.work_once()
    assert present(office, batch).status is BatchStatus.RUNNING
    engine.run_batch(batch.batch_id)
    assert_whole(office, batch)
    assert _moves(office, batch.batch_id)[-5:] == [
        "batch.paused",
        "batch.resumed",
        "credential.issued",
        "batch.completed",
        "batch.anchored",
    ]


def test_a_halt_between_signing_and_storing_stops_the_chunk(issuing_office: Office) -> None:
    office = issuing_office
    batch = make_batch(office, [line()] * 3)
    engine = office.bulk.engine
    _before_store(engine, lambda: _act(office, lambda uow, me: office.halting.halt(uow, me, "leak")))
    assert engine.work_once()
    assert present(office, batch).status is BatchStatus.PAUSED
    assert credentials_of(office, batch) == {}
    assert chunks_of(office, batch)[0].state is ChunkState.READY
    _act(office, office.halting.resume)
    assert engine.work_once()
    engine.run_batch(batch.batch_id)
    assert_whole(office, batch)


def test_a_batch_rests_when_its_starter_may_not_issue_any_more(issuing_office: Office) -> None:
    office = issuing_office
    key = api_key_for(office, ISSUER)
    batch = make_batch(office, [line()] * 6, key)
    engine = office.bulk.engine
    assert engine.work_once()
    _act(office, lambda uow, me: office.api_keys.revoke(uow, me, key.actor.id))
    assert engine.work_once()
    rests = present(office, batch)
    assert (rests.status, rests.paused_by, rests.issued) == (BatchStatus.PAUSED, PausedBy.AUTHORITY, 4)
    assert not engine.work_once(), "nobody but a caller wakes it"
    resumed = office.acts.run(the_operator(office), lambda uow, me: office.bulk.desk.resume(uow, me, batch.batch_id))
    assert resumed.starter.id == "test"
    engine.run_batch(batch.batch_id)
    assert_whole(office, batch)


def test_a_key_that_is_rotated_in_the_middle_signs_the_rest(issuing_office: Office) -> None:
    office = issuing_office
    batch = make_batch(office, [line()] * 12)
    engine = office.bulk.engine
    assert engine.work_once()
    held = engine._take(batch.batch_id)
    assert held is not None
    _act(office, lambda uow, me: office.dids.rotate(uow, me, ISSUER))
    # Signed with the old key and not stored yet: it is signed again.
    with pytest.raises(ChunkStale):
        engine._carry(held)
    engine._give_back(held)
    engine.run_batch(batch.batch_id)
    assert_whole(office, batch)
    methods = [credentials_of(office, batch)[row].verification_method for row in (0, 4, 8)]
    assert methods[0] != methods[1] == methods[2]


def test_a_holder_that_ends_before_the_rows_are_stored_gets_nothing(issuing_office: Office) -> None:
    office = issuing_office
    batch = make_batch(office, [line()] * 2)
    engine = office.bulk.engine
    _before_store(engine, lambda: _act(office, lambda uow, me: office.dids.deactivate(uow, me, HOLDER)))
    engine.run_batch(batch.batch_id)
    assert_whole(office, batch)
    assert set(codes_of(office, batch).values()) == {"HOLDER_DEACTIVATED"}


class _Behind:
    """A registry whose reader is always late: every look shows what was there at first."""

    def __init__(self, office: Office) -> None:
        self._view = office.registry.current()

    def current(self) -> RegistryView:
        return self._view


def test_a_registry_that_never_rests_keeps_no_batch_waiting(issuing_office: Office) -> None:
    """What was read before a change is asked again inside both transactions."""
    office = issuing_office
    key = api_key_for(office, ISSUER)
    first, second = make_batch(office, [line()] * 3, key), make_batch(office, [line()] * 3, key)
    engine = worker(office)
    engine._registry = _Behind(office)  # type: ignore[assignment]
    api_key_for(office, ISSUER)
    engine.run_batch(first.batch_id)
    assert_whole(office, first)
    _act(office, lambda uow, me: office.api_keys.revoke(uow, me, key.actor.id))
    engine.run_batch(second.batch_id)
    rests = present(office, second)
    assert (rests.paused_by, rests.issued) == (PausedBy.AUTHORITY, 0)


def test_a_canceled_batch_ends_with_what_was_issued(issuing_office: Office, clock: MovableClock) -> None:
    office = issuing_office
    batch = make_batch(office, [line()] * 12)
    engine = office.bulk.engine
    assert engine.work_once()
    left_behind = worker(office)._take(batch.batch_id)
    assert left_behind is not None
    office.acts.run(the_operator(office), lambda uow, me: office.bulk.desk.cancel(uow, me, batch.batch_id))
    assert not engine.work_once(), "its last worker may still store"
    clock.move(seconds=16)
    assert engine.work_once()
    ended = present(office, batch)
    assert (ended.status, ended.issued, ended.failed) == (BatchStatus.CANCELED, 4, 8)
    assert ended.transaction_hash == f"0x{ended.merkle_root}"
    assert not engine.work_once()


def test_a_batch_without_rows_is_not_started(issuing_office: Office) -> None:
    with pytest.raises(StateConflict):
        make_batch(issuing_office, [])


def test_rows_found_doubled_stay_failed(issuing_office: Office) -> None:
    office = issuing_office
    fault = RowFault(1, "DUPLICATE_IN_BATCH", "An earlier row of this batch names the same holder.")
    stale = RowFault(0, "HOLDER_NOT_FOUND", "It did not resolve when rows were taken in.")
    batch = make_batch(office, [line(), line()], faults=(stale, fault))
    office.bulk.engine.run_batch(batch.batch_id)
    assert_whole(office, batch)
    assert codes_of(office, batch) == {1: "DUPLICATE_IN_BATCH"}


def _act(office: Office, act: Callable[[UnitOfWork, Caller], object]) -> None:
    office.acts.run(the_operator(office), act, changes_registry=True)


def _before_store(engine: Bulk, act: Callable[[], None]) -> None:
    """Have something happen once, when the next chunk's rows are signed and not stored."""
    carrier: Any = engine.carriers[BatchKind.ISSUE]
    work = carrier.work

    def working(held: HeldChunk, beat: Callable[[], None]) -> object:
        worked: object = work(held, beat)
        if carrier.__dict__.pop("work", None) is not None:
            act()
        return worked

    carrier.work = working


def _moves(office: Office, batch_id: str) -> list[str]:
    with office.units(write=False) as uow:
        rows = [json.loads(row.body) for row in uow.audit.read(0, 10_000)]
    return [row["action"] for row in rows if row["object"]["id"] == batch_id]
