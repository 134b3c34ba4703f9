"""What must happen once when batches are canceled, tried again, taken over, and ended while they run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sealwright.domain.batch_errors import BatchNotFound
from sealwright.domain.batches import Batch, BatchKind, BatchStatus, RowFault, Selection
from sealwright.domain.delivering import OfferWish
from sealwright.domain.errors import IssuerNotAuthorized, StateConflict
from sealwright.domain.offers import OfferChannel
from sealwright.services import bulk
from sealwright.services.bulk_judging import SignerBroke
from sealwright.services.mass_values import MassWish
from sealwright.services.office import Office
from sealwright.services.row_judging import with_duplicate
from sealwright.storage.batches import StoredBatches
from tests.flows.test_batch_authority import begin, own_did, wish_for
from tests.support.batches import assert_whole, chunks_of, codes_of, line, make_batch, present
from tests.support.desk import act
from tests.support.mass import COMPROMISED, by_status, issued_batch, mass_wish, reissue_wish, stored
from tests.support.office import the_operator
from tests.support.review import improver, reviewer

UNKNOWN = "did:adi:nobody"


def _do(office: Office, name: str, batch_id: str) -> Batch:
    move = getattr(office.bulk.desk, name)
    return act(office, the_operator(office), lambda uow, me: move(uow, me, batch_id), registry=False)


def test_a_holder_named_twice_stays_so_whatever_else_was_wrong_with_the_row(issuing_office: Office) -> None:
    office = issuing_office
    # Both names of the holder were unknown when the rows were read, and have been registered since.
    first = RowFault(0, "HOLDER_NOT_FOUND", "It did not resolve when rows were taken in.")
    again = with_duplicate(1, replace(first, row=1), "Holder")
    batch = make_batch(office, [line(), line()], faults=(first, again))
    office.bulk.engine.run_batch(batch.batch_id)
    assert_whole(office, batch)
    assert codes_of(office, batch) == {1: "DUPLICATE_IN_BATCH"}
    [fault] = chunks_of(office, batch)[0].faults
    assert [(cell.pointer, cell.code, cell.column) for cell in fault.cells] == [
        ("/holderDid", "DUPLICATE_IN_BATCH", "Holder")
    ]
    with pytest.raises(StateConflict):
        _do(office, "retry_failed", batch.batch_id)


def test_failed_rows_are_tried_again_by_one_batch_alone(issuing_office: Office) -> None:
    office = issuing_office
    batch = make_batch(office, [line(), line(UNKNOWN)])
    office.bulk.engine.run_batch(batch.batch_id)
    drafts = [_do(office, "retry_as_draft", batch.batch_id) for _ in range(2)]
    retried = _do(office, "retry_failed", batch.batch_id)
    assert present(office, batch).options.retried_by == retried.batch_id
    for name in ("retry_failed", "retry_as_draft"):
        with pytest.raises(StateConflict, match=retried.batch_id):
            _do(office, name, batch.batch_id)
    for draft in drafts:
        with pytest.raises(StateConflict, match=retried.batch_id):
            _do(office, "start", draft.batch_id)
        assert present(office, draft).status is BatchStatus.DRAFT


def test_rows_that_were_tried_in_vain_may_be_tried_from_wherever_they_failed(issuing_office: Office) -> None:
    office = issuing_office
    engine = office.bulk.engine
    batch = make_batch(office, [line(UNKNOWN)])
    engine.run_batch(batch.batch_id)
    first = _do(office, "retry_failed", batch.batch_id)
    engine.run_batch(first.batch_id)
    second = _do(office, "retry_failed", batch.batch_id)
    assert (second.total, second.options.origin, second.options.retried_by) == (1, f"retry:{batch.batch_id}", None)
    assert present(office, first).options.retried_by == second.batch_id
    for failed in (batch, first):
        with pytest.raises(StateConflict, match=second.batch_id):
            _do(office, "retry_failed", failed.batch_id)
    engine.run_batch(second.batch_id)
    assert _do(office, "retry_failed", first.batch_id).total == 1


def test_rows_of_which_some_were_issued_since_are_not_tried_as_a_whole(issuing_office: Office) -> None:
    office = issuing_office
    engine = office.bulk.engine
    batch = make_batch(office, [line(), line(UNKNOWN)])
    _do(office, "cancel", batch.batch_id)
    engine.conclude(batch.batch_id)
    retried = engine.run_batch(_do(office, "retry_failed", batch.batch_id).batch_id)
    assert (retried.issued, retried.failed) == (1, 1)
    with pytest.raises(StateConflict, match=retried.batch_id):
        _do(office, "retry_failed", batch.batch_id)
    assert _do(office, "retry_failed", retried.batch_id).total == 1


def test_of_two_drafts_of_failed_rows_the_first_that_starts_has_them(issuing_office: Office) -> None:
    office = issuing_office
    batch = make_batch(office, [line(UNKNOWN)])
    office.bulk.engine.run_batch(batch.batch_id)
    first, second = (_do(office, "retry_as_draft", batch.batch_id) for _ in range(2))
    _do(office, "cancel", first.batch_id)
    _do(office, "start", second.batch_id)
    assert present(office, batch).options.retried_by == second.batch_id


def test_a_batch_is_not_ended_while_it_grows(issuing_office: Office) -> None:
    office = issuing_office
    batch = make_batch(office, [line()] * 12)
    engine = office.bulk.engine
    assert engine.work_once()
    operator = the_operator(office)
    for move in ("", "pause", "resume"):
        if move:
            _do(office, move, batch.batch_id)
        with pytest.raises(StateConflict, match="still being carried out"):
            office.bulk.mass.revoke(operator, mass_wish(batch_id=batch.batch_id))
        with pytest.raises(StateConflict, match="still being carried out"):
            office.bulk.mass.reissue(operator, reissue_wish(selection=Selection(batch_id=batch.batch_id)))
    _do(office, "cancel", batch.batch_id)
    engine.run_batch(batch.batch_id)
    ended = engine.run_batch(office.bulk.mass.revoke(operator, mass_wish(batch_id=batch.batch_id)).batch_id)
    assert (ended.issued, by_status(office)) == (4, {"revoked": 4})


def test_a_call_asks_a_key_store_that_is_away_ever_more_rarely(
    issuing_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = issuing_office
    batch = make_batch(office, [line()])
    engine = office.bulk.engine
    tries: list[None] = []

    def broken(*_given: Any) -> None:
        tries.append(None)
        raise SignerBroke("The key store did not sign.")

    monkeypatch.setattr(engine.carriers[BatchKind.ISSUE], "work", broken)
    monkeypatch.setattr(bulk, "_WAIT_SECONDS", 2.0)
    assert engine.run_batch(batch.batch_id).status is BatchStatus.RUNNING
    assert 2 <= len(tries) <= 30


def test_the_faults_of_all_rows_are_never_held_at_once(issuing_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office = issuing_office
    found = RowFault(1, "HOLDER_NOT_FOUND", "It did not resolve when rows were taken in.")
    batch = make_batch(office, [line(), line(UNKNOWN)] * 4, faults=(found,), delivery=OfferWish(OfferChannel.TOKEN))

    def everything(_self: object, batch_id: str) -> None:
        raise MemoryError(batch_id)

    monkeypatch.setattr(StoredBatches, "chunks", everything)
    ended = office.bulk.engine.run_batch(batch.batch_id)
    assert (ended.status, ended.issued, ended.failed) == (BatchStatus.ANCHORED, 4, 4)
    pages = office.bulk.pages
    assert pages.root(ended) == ended.merkle_root
    assert pages.results(ended, None, page=1, count=2).total == 8
    assert (pages.faulty(ended, page=1, count=2).total, pages.counts(ended).faulty) == (4, 4)
    assert office.bulk.drafts.mended_row(ended, 7) == 3
    assert _do(office, "retry_failed", batch.batch_id).total == 4
    while office.bulk.deliveries.work_once():
        pass
    assert present(office, batch).delivered == 4


def test_reviewers_neither_see_nor_stop_mass_revocations(office: Office) -> None:
    rex, rio = reviewer(office, "rex"), reviewer(office, "rio")
    wish = wish_for(office)
    granted = begin(office, rex, wish, own_did(office, improver(office, "ida")))
    office.bulk.engine.run_batch(granted.batch_id)
    selection = Selection(schema_id=wish.schema_id)
    revoking = office.bulk.mass.revoke(the_operator(office), MassWish(wish.issuer_did, selection, COMPROMISED))
    desk = office.bulk.desk
    with pytest.raises(BatchNotFound):
        desk.get(rio, revoking.batch_id, office.registry.current())
    for move in (desk.pause, desk.cancel, desk.resume):
        with pytest.raises(BatchNotFound):
            act(office, rio, lambda uow, me, move=move: move(uow, me, revoking.batch_id), registry=False)
    assert office.bulk.engine.run_batch(revoking.batch_id).issued == 1


def test_nobody_takes_over_a_revocation_that_they_could_not_begin(
    issuing_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = issuing_office
    issued_batch(office, 2)
    revoking = office.bulk.mass.revoke(the_operator(office), mass_wish())
    _do(office, "pause", revoking.batch_id)
    refused = IssuerNotAuthorized("Not this caller's.")

    def require(*_given: Any) -> None:
        raise refused

    monkeypatch.setattr(office.access, "require_issuer", require)
    with pytest.raises(IssuerNotAuthorized):
        _do(office, "resume", revoking.batch_id)
    assert present(office, revoking).status is BatchStatus.PAUSED


def test_what_fits_once_a_mass_act_has_all_it_found_is_not_taken_in(issuing_office: Office) -> None:
    office = issuing_office
    operator = the_operator(office)
    issued_batch(office, 3, suspendable=True)
    late = stored(office)[-1].credential_id
    act(office, operator, lambda uow, me: office.revocation.suspend(uow, me, late, "looked at"), registry=False)
    mass = office.bulk.mass
    begun = act(office, operator, lambda uow, me: mass.begin_reissuing(uow, me, reissue_wish()), registry=False)
    act(office, operator, lambda uow, me: office.halting.halt(uow, me, "stop"))
    waits = mass.gathering.fill(begun[0].batch_id)
    assert (waits.status, waits.total) == (BatchStatus.DRAFT, 2)
    act(office, operator, lambda uow, me: office.revocation.reinstate(uow, me, late, "found well"), registry=False)
    assert mass.gathering.fill(waits.batch_id) == waits
    act(office, operator, office.halting.resume)
    started = mass.gathering.fill(waits.batch_id)
    assert (started.status, started.total) == (BatchStatus.ACCEPTED, 2)


def test_a_mass_act_that_breaks_keeps_no_other_waiting(issuing_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office = issuing_office
    issued_batch(office, 2)
    mass, operator = office.bulk.mass, the_operator(office)
    begun = [
        act(office, operator, lambda uow, me: mass.begin_revoking(uow, me, mass_wish()), registry=False)
        for _ in range(2)
    ]
    fill = mass.gathering.fill
    broken = begun[1].batch_id

    def filling(batch_id: str, *, steps: int | None = None) -> Batch:
        if batch_id == broken:
            raise RuntimeError("broken")
        return fill(batch_id, steps=steps)

    monkeypatch.setattr(mass.gathering, "fill", filling)
    assert mass.gathering.work() == 1
    assert (present(office, begun[0]).status, present(office, begun[1]).status) == (
        BatchStatus.ACCEPTED,
        BatchStatus.DRAFT,
    )
