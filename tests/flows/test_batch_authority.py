"""Who may have batches: keys and owners of the issuer's DID, reviewers of a type, and nobody whose right has ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sealwright.domain.batch_errors import BatchNotFound
from sealwright.domain.batches import Batch, BatchFilter, BatchOptions, BatchStatus, PausedBy
from sealwright.domain.errors import (
    IssuerNotAuthorized,
    OutOfScope,
    PolicyViolation,
    SchemaNotAuthorized,
    StateConflict,
)
from sealwright.domain.people import Caller
from sealwright.services.batch_desk import BatchWish
from sealwright.services.batch_rows import BatchRow
from sealwright.services.dids import NewDID
from sealwright.services.office import Office
from tests.support.desk import DPW, act, come_in, join
from tests.support.office import api_key_for, the_operator
from tests.support.review import improver, reviewer


def own_did(office: Office, caller: Caller) -> str:
    return act(office, caller, lambda uow, me: office.dids.create(uow, me, NewDID())).did


def wish_for(office: Office, **changes: object) -> BatchWish:
    """A batch of the type, signed by the type's issuer."""
    with office.units(write=False) as uow:
        kind = uow.types.get(DPW)
    assert kind is not None
    return replace(BatchWish(kind.issuer_did, kind.schema_id, BatchOptions()), **changes)  # type: ignore[arg-type]


def begin(office: Office, caller: Caller, wish: BatchWish, *holders: str) -> Batch:
    rows = [BatchRow.of({"holderDid": holder, "claims": {"qualification": DPW}}) for holder in holders]
    return act(office, caller, lambda uow, me: office.bulk.desk.begin(uow, me, wish, rows), registry=False)


def results(office: Office, batch: Batch) -> list[str]:
    return [one.fault.code if one.fault is not None else one.status for one in office.bulk.desk.results.each(batch)]


def test_a_reviewer_grants_a_type_row_by_row(office: Office) -> None:
    rex = reviewer(office, "rex")
    ida, ira = improver(office, "ida"), improver(office, "ira")
    stranger = join(office, "sam")
    holders = [own_did(office, one) for one in (ida, ira, stranger, rex)]
    wish = wish_for(office, options=BatchOptions(allow_duplicates=True))
    batch = begin(office, rex, wish, *holders, holders[0])
    assert (batch.credential_type, batch.options.allow_duplicates) == (DPW, False)
    done = office.bulk.engine.run_batch(batch.batch_id)
    assert results(office, done) == [
        "issued",
        "issued",
        "NOT_AN_APPROVED_IMPROVER",
        "SELF_DECISION",
        "DUPLICATE_IN_BATCH",
    ]
    with office.units(write=False) as uow:
        grant = uow.grants.in_force(ida.user_id, DPW, office.clock.now())
    assert grant is not None
    assert grant.issued_by == rex.user_id
    again = begin(office, rex, wish_for(office), holders[0])
    assert results(office, office.bulk.engine.run_batch(again.batch_id)) == ["CREDENTIAL_ALREADY_ACTIVE"]


def test_types_are_for_their_reviewers(office: Office) -> None:
    wish = wish_for(office)
    rex = reviewer(office, "rex")
    begun = begin(office, rex, wish, own_did(office, improver(office, "ida")))
    out = join(office, "olga")
    with pytest.raises(IssuerNotAuthorized):
        begin(office, out, wish, "did:adi:x")
    with pytest.raises(OutOfScope):
        begin(office, out, replace(wish, issuer_did=own_did(office, out)), "did:adi:x")
    view = office.registry.current()
    with pytest.raises(BatchNotFound):
        office.bulk.desk.get(out, begun.batch_id, view)
    assert office.bulk.desk.list(out, BatchFilter(), limit=10, cursor=None).items == ()
    listed = office.bulk.desk.list(reviewer(office, "rio"), BatchFilter(), limit=10, cursor=None).items
    assert [one.batch_id for one in listed] == [begun.batch_id]
    with pytest.raises(PolicyViolation):
        begin(office, rex, replace(wish, options=BatchOptions(revocable=False)), "did:adi:x")


def test_a_right_that_ends_lets_the_batch_rest_for_whoever_takes_it_over(office: Office) -> None:
    rex, rio = reviewer(office, "rex"), reviewer(office, "rio")
    batch = begin(office, rex, wish_for(office), own_did(office, improver(office, "ida")))
    act(office, the_operator(office), lambda uow, me: office.people.deactivate(uow, me, rex.user_id))
    rested = office.bulk.engine.run_batch(batch.batch_id)
    assert (rested.status, rested.paused_by, rested.issued) == (BatchStatus.PAUSED, PausedBy.AUTHORITY, 0)
    rio = come_in(office, rio.user_id)
    act(office, rio, lambda uow, me: office.bulk.desk.resume(uow, me, batch.batch_id), registry=False)
    done = office.bulk.engine.run_batch(batch.batch_id)
    assert (done.issued, done.starter.id) == (1, rio.user_id)


def test_keys_reach_as_far_as_they_are_bound(office: Office) -> None:
    owner = join(office, "olga")
    did = own_did(office, owner)
    wish = wish_for(office, issuer_did=did)
    bound = api_key_for(office, did, schemas=("did:adi:schema:university-degree-v1",))
    with pytest.raises(SchemaNotAuthorized):
        begin(office, bound, wish, "did:adi:x")
    free = api_key_for(office, did)
    with pytest.raises(OutOfScope):
        begin(office, free, wish, "did:adi:x")


def test_empty_and_foreign_acts(office: Office) -> None:
    rex = reviewer(office, "rex")
    with pytest.raises(StateConflict):
        begin(office, rex, wish_for(office))
    for name in ("bat_nothing", "x" * 200, "bat_\x00"):
        with pytest.raises(BatchNotFound):
            office.bulk.desk.get(rex, name, office.registry.current())
        with pytest.raises(BatchNotFound):
            act(office, rex, lambda uow, me, name=name: office.bulk.desk.start(uow, me, name), registry=False)
