"""Proofs of rows of batches: from what is stored of one chunk, checked without code of ours."""

from __future__ import annotations

import hashlib

import pytest

from sealwright.domain.batch_errors import AnchorNotFound
from sealwright.domain.batches import Batch, BatchStatus
from sealwright.domain.errors import StoreUnavailable
from sealwright.domain.receipt_check import Finding, ReceiptFile, check_receipt, parse_log_key
from sealwright.services.office import Office
from tests.support import log_client
from tests.support.batches import codes_of, credentials_of, line, make_batch, present
from tests.support.office import issue, the_operator


def run(office: Office, rows: int, *, bad: tuple[int, ...] = ()) -> Batch:
    lines = [line("did:adi:nobody") if row in bad else line() for row in range(rows)]
    return office.bulk.engine.run_batch(make_batch(office, lines).batch_id)


def assert_proved(office: Office, batch: Batch) -> None:
    """Every credential of a batch is proved under its receipt, by the recursions of RFC 6962 over all of its rows."""
    assert batch.transaction_hash is not None
    issued, failed = credentials_of(office, batch), codes_of(office, batch)
    data = [
        issued[row].credential_id.encode() + hashlib.sha256(issued[row].document or b"").digest()
        if row in issued
        else failed.get(row, "BATCH_CANCELED").encode()
        for row in range(batch.total)
    ]
    receipt = office.bulk.receipts.receipt(batch.transaction_hash)
    assert receipt.anchor.entry.merkle_root == log_client.mth(data).hex() == batch.transaction_hash[2:]
    assert (receipt.anchor.entry.subject, receipt.anchor.entry.count) == (batch.batch_id, batch.total)
    keys = [parse_log_key(key) for key in office.bulk.log.verifier_keys()]
    for row, record in issued.items():
        proof = office.bulk.receipts.proof(batch.transaction_hash, record.credential_id)
        assert list(proof.path) == log_client.path(row, data)
        file = ReceiptFile(receipt.as_object(), proof.as_object(), documents=(record.document or b"",))
        verdict = check_receipt(file, keys=keys)
        assert verdict.finding is Finding.SOUND, (row, verdict)


def test_every_row_that_was_issued_is_proved(issuing_office: Office) -> None:
    for rows, bad in ((1, ()), (4, (3,)), (5, (0,)), (19, (0, 5, 16, 18))):
        assert_proved(issuing_office, run(issuing_office, rows, bad=bad))


def test_canceled_batch_proves_what_it_had_issued(issuing_office: Office) -> None:
    office = issuing_office
    batch = make_batch(office, [line()] * 11)
    office.bulk.engine.work_once()
    office.acts.run(the_operator(office), lambda uow, me: office.bulk.desk.cancel(uow, me, batch.batch_id))
    while office.bulk.engine.work_once():
        pass
    ended = present(office, batch)
    assert (ended.status, ended.issued, ended.failed) == (BatchStatus.CANCELED, 4, 7)
    assert_proved(office, ended)


def test_what_is_not_under_a_root_is_not_proved(issuing_office: Office) -> None:
    office = issuing_office
    ended = run(office, 2, bad=(0, 1))
    assert (ended.status, ended.transaction_hash) == (BatchStatus.DONE, None)
    with pytest.raises(AnchorNotFound):
        office.bulk.receipts.receipt(f"0x{ended.merkle_root}")
    one, other = run(office, 2), run(office, 3)
    alone = issue(office, anchor=True).record
    assert one.transaction_hash is not None
    for record in (credentials_of(office, other)[0], alone):
        with pytest.raises(AnchorNotFound):
            office.bulk.receipts.proof(one.transaction_hash, record.credential_id)
    assert alone.transaction_hash is not None
    with pytest.raises(AnchorNotFound):
        office.bulk.receipts.proof(alone.transaction_hash, credentials_of(office, one)[0].credential_id)


def test_proof_that_would_not_hold_is_not_given(issuing_office: Office) -> None:
    office = issuing_office
    batch = run(office, 5)
    kept, lost = (credentials_of(office, batch)[row] for row in (4, 1))
    with office.units() as uow:
        uow.batches._transaction.driver_rows("DELETE FROM batch_chunks WHERE number = 0", ())  # type: ignore[attr-defined]
        uow.commit()
    assert batch.transaction_hash is not None
    for record in (kept, lost):
        with pytest.raises(StoreUnavailable):
            office.bulk.receipts.proof(batch.transaction_hash, record.credential_id)
