"""What `verify-store` finds of batches: whole ones are sound, and whatever was added or moved is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from sealwright.domain.batches import Batch, Chunk, ChunkRows, ChunkState, IndexRun, row_of
from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.ids import new_credential_uid
from sealwright.services.office import Office
from sealwright.services.ports import UnitOfWork
from tests.storage.builders import reservation
from tests.support.batches import credentials_of, line, make_batch, present
from tests.support.office import the_operator

Found = set[tuple[str, str, str]]
NOT_ITS_PLACE = "The status entry is not the one that its row of the batch was given."


def _problems(office: Office) -> Found:
    return {(one.kind, one.id, one.detail) for one in office.store_check.run(the_operator(office))}


@pytest.fixture
def issued(issuing_office: Office) -> tuple[Office, Batch, Sequence[CredentialRecord]]:
    """An office with a batch of ten rows, one of which failed."""
    batch = make_batch(issuing_office, [line(), line("did:adi:nobody"), *[line()] * 8])
    issuing_office.bulk.engine.run_batch(batch.batch_id)
    return issuing_office, present(issuing_office, batch), list(credentials_of(issuing_office, batch).values())


def test_batches_of_every_kind_are_sound(issued: tuple[Office, Batch, Sequence[CredentialRecord]]) -> None:
    office, _, records = issued
    plain = make_batch(office, [line()] * 3, revocable=False)
    office.bulk.engine.run_batch(plain.batch_id)
    # Taken up, and not ended.
    make_batch(office, [line()] * 8)
    assert office.bulk.engine.work_once()
    assert sorted(row_of(record.uid) for record in records) == [0, *range(2, 10)]
    assert _problems(office) == set()


Tamper = Callable[[UnitOfWork, Batch, CredentialRecord], Found]


def _added(uow: UnitOfWork, batch: Batch, record: CredentialRecord) -> Found:
    """A credential that says it is of the batch."""
    other = replace(record, uid=new_credential_uid())
    uow.credentials.add_many([other])
    return {
        ("reservation", other.credential_id, "The credential's id does not follow from its batch."),
        ("batch", batch.batch_id, "It counts 9 issued rows, and 10 credentials are stored."),
    }


def _of_nothing(uow: UnitOfWork, _: Batch, record: CredentialRecord) -> Found:
    """A credential of a batch that nobody knows."""
    other = replace(record, uid=new_credential_uid(), batch_id="bat_unknown")
    uow.credentials.add_many([other])
    detail = "The batch that the credential names is not stored here, or was never started."
    return {("reservation", other.credential_id, detail)}


def _reserved(uow: UnitOfWork, batch: Batch, record: CredentialRecord) -> Found:
    """A reservation of a place that the batch was given."""
    uow.reservations.add_many([reservation(place=record.place, external_id=None)])
    return {("batch", batch.batch_id, "It shares status entries with credentials issued alone.")}


def _given_twice(uow: UnitOfWork, batch: Batch, _: CredentialRecord) -> Found:
    """A chunk of another batch with the same indexes."""
    other = replace(batch, batch_id="bat_zzz", total=4, created_at=batch.created_at)
    uow.batches.add(other)
    first = uow.batches.chunk(batch.batch_id, 0)
    assert first is not None
    chunk = Chunk("bat_zzz", 0, 0, 4, state=ChunkState.READY, run=first.run)
    uow.batches.add_chunk(chunk, ChunkRows(b""))
    return {("batch", "bat_zzz", f"It shares status entries with the batch {batch.batch_id}.")}


def _never_given(uow: UnitOfWork, batch: Batch, record: CredentialRecord) -> Found:
    """A chunk with indexes that its list has not given to anybody; and more rows than there were."""
    assert record.place is not None
    run = (IndexRun(record.place.list_id, 1_000, 4),)
    chunk = Chunk(batch.batch_id, 9, 36, 4, state=ChunkState.DONE, issued=3, failed=0, run=run)
    uow.batches.add_chunk(chunk, ChunkRows(b""))
    return {
        ("batch", batch.batch_id, "It was given status entries that its list never gave away."),
        ("batch", batch.batch_id, "Its chunks have not as many rows as it took in."),
        ("batch", batch.batch_id, "The rows of its chunk 9 do not add up."),
        ("batch", batch.batch_id, "It counts 12 issued rows, and 9 credentials are stored."),
    }


@pytest.mark.parametrize("tamper", [_added, _of_nothing, _reserved, _given_twice, _never_given])
def test_what_does_not_fit_is_named(issued: tuple[Office, Batch, Sequence[CredentialRecord]], tamper: Tamper) -> None:
    office, batch, records = issued
    with office.units() as uow:
        expected = tamper(uow, batch, records[0])
        uow.commit()
    assert _problems(office) == expected


def test_a_credential_of_another_rows_place_is_named(
    issued: tuple[Office, Batch, Sequence[CredentialRecord]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing in the program moves a credential, so the look at it is given others."""
    office, _, (first, second, *_) = issued
    check = office.store_check._batches
    with office.units(write=False) as uow:
        assert check.fault(uow, first) is None
        assert check.fault(uow, replace(first, place=second.place)) == NOT_ITS_PLACE
        assert check.fault(uow, replace(first, place=None)) == NOT_ITS_PLACE
        ready = Chunk(first.batch_id or "", 0, 0, 4, state=ChunkState.RUNNING)
        check._chunks.clear()
        monkeypatch.setattr(uow.batches, "chunk", lambda _batch, _number: ready)
        assert check.fault(uow, first) == "The credential's chunk of its batch is not recorded as done."
