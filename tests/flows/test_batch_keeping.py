"""What storage owes to batches that are canceled, wait, or keep ids instead of text."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sealwright.domain.batches import Batch, RowFault
from sealwright.domain.errors import StateConflict
from sealwright.services.batch_rows import faults_of
from sealwright.services.office import Office
from tests.support.batches import chunks_of, line, make_batch, present
from tests.support.desk import act
from tests.support.mass import by_status, issued_batch, mass_wish, reissue_wish
from tests.support.office import MovableClock, the_operator

DOUBLE = RowFault(4, "DUPLICATE_IN_BATCH", "An earlier row of this batch names the same holder.")


def _do(office: Office, name: str, batch_id: str) -> Batch:
    move = getattr(office.bulk.desk, name)
    return act(office, the_operator(office), lambda uow, me: move(uow, me, batch_id), registry=False)


def test_a_holder_named_twice_is_not_tried_again_because_the_batch_was_canceled(issuing_office: Office) -> None:
    office = issuing_office
    batch = make_batch(office, [line()] * 6, faults=(DOUBLE,))
    assert office.bulk.engine.work_once()
    _do(office, "cancel", batch.batch_id)
    office.bulk.engine.work_once()
    ended = present(office, batch)
    assert (ended.issued, ended.failed) == (4, 2)
    told = [fault.code for chunk in chunks_of(office, batch) for fault in faults_of(chunk)]
    assert told == ["BATCH_CANCELED"] * 2
    assert office.bulk.pages.root(ended) == ended.merkle_root
    assert office.bulk.drafts.mended_row(ended, 5) == 0
    with pytest.raises(StateConflict):
        office.bulk.drafts.mended_row(ended, 4)
    assert _do(office, "retry_failed", batch.batch_id).total == 1


def test_what_a_re_issue_replaces_ends_however_long_that_rested(issuing_office: Office, clock: MovableClock) -> None:
    office = issuing_office
    issued_batch(office, 2)
    [batch] = office.bulk.mass.reissue(the_operator(office), reissue_wish())
    _do(office, "pause", batch.batch_id)
    clock.move(days=31)
    with office.units() as uow:
        assert uow.batches.drop_kept(clock.now() - timedelta(days=30), 20) <= 1
        uow.commit()
    _do(office, "resume", batch.batch_id)
    office.bulk.engine.run_batch(batch.batch_id)
    office.bulk.mass.gathering.work()
    while office.bulk.engine.work_once():
        pass
    assert by_status(office) == {"valid": 2, "revoked": 2}


def test_people_are_erased_while_ids_of_a_mass_revocation_are_kept(issuing_office: Office) -> None:
    office = issuing_office
    issued_batch(office, 20)
    made = office.bulk.mass.revoke(the_operator(office), mass_wish())
    office.bulk.engine.run_batch(made.batch_id)
    failed = make_batch(office, [line("did:adi:nobody")])
    office.bulk.engine.run_batch(failed.batch_id)
    with office.units() as uow:
        assert uow.batches.with_holder(["did:adi:nobody"]) == ((failed.batch_id, 0),)
