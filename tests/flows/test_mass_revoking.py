"""Mass revocation: the filter, its preview, and what the batch that follows does to credentials, lists and trail."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sealwright.domain.batches import BatchKind, BatchStatus
from sealwright.domain.credentials import CredentialStatus
from sealwright.domain.errors import (
    IssuerNotAuthorized,
    IssuerNotFound,
    MalformedBody,
    SchemaNotFound,
    StateConflict,
)
from sealwright.services.mass_values import MassWish
from sealwright.services.office import Office
from tests.support.mass import (
    COMPROMISED,
    assert_revoked_once,
    by_status,
    issued_batch,
    mass_wish,
    revoke_all,
    revoked_in_trail,
    stored,
)
from tests.support.office import HOLDER, ISSUER, START, MovableClock, api_key_for, issue, the_operator


@pytest.fixture
def office(issuing_office: Office) -> Office:
    return issuing_office


def act(office: Office, name: str, credential_id: str) -> None:
    office.acts.run(
        the_operator(office), lambda uow, me: getattr(office.revocation, name)(uow, me, credential_id, "because")
    )


def test_a_whole_batch_is_revoked_with_its_bits_and_one_audit_row_each(office: Office) -> None:
    batch = issued_batch(office, 1_030)
    other = issue(office).record

    done = revoke_all(office, batch_id=batch.batch_id)

    assert (done.kind, done.status, done.total, done.issued, done.failed) == (
        BatchKind.REVOKE,
        BatchStatus.DONE,
        1_030,
        1_030,
        0,
    )
    assert (done.transaction_hash, done.merkle_root) == (None, None)
    assert_revoked_once(office, [record.uid for record in stored(office) if record.uid != other.uid])
    row = revoked_in_trail(office)[0]
    assert row["data"]["batchId"] == done.batch_id
    assert row["data"]["reasonCode"] == "key_compromise"
    assert row["actor"]["type"] == "operator"
    results = list(office.bulk.desk.results.each(done))
    assert {result.status for result in results} == {"revoked"}
    assert {result.record.batch_id for result in results if result.record is not None} == {batch.batch_id}


def test_the_preview_tells_what_the_act_does(office: Office, clock: MovableClock) -> None:
    short = issue(office, expiration=START + timedelta(days=1)).record
    valid, fixed, paused = issue(office).record, issue(office, revocable=False).record, issue(office, suspendable=True)
    act(office, "suspend", paused.record.credential_id)
    act(office, "revoke", issue(office).record.credential_id)
    clock.move(days=2)

    seen = office.bulk.mass.preview(the_operator(office), mass_wish(), office.registry.current())

    assert (seen.count, seen.not_revocable, dict(seen.by_status)) == (2, 1, {"valid": 2, "suspended": 1, "expired": 1})
    assert seen.sample == tuple(one.credential_id for one in (valid, fixed, paused.record))
    assert len(revoked_in_trail(office)) == 1

    done = revoke_all(office)

    assert (done.total, done.issued, done.failed) == (3, seen.count, seen.not_revocable)
    (failed,) = [result for result in office.bulk.desk.results.each(done) if result.fault is not None]
    assert (failed.fault.code, failed.credential_id) == ("NOT_REVOCABLE", fixed.credential_id)  # type: ignore[union-attr]
    assert office.shelf.status(short.credential_id).status is CredentialStatus.VALID


def test_filters_take_in_what_they_name(office: Office, clock: MovableClock) -> None:
    early = issue(office).record
    clock.move(hours=1)
    office.acts.run(the_operator(office), lambda uow, me: office.dids.rotate(uow, me, ISSUER), changes_registry=True)
    late = issue(office, proof_type="eddsa-rdfc-2022").record
    caller = the_operator(office)

    def found(**selection: object) -> tuple[str, ...]:
        return office.bulk.mass.preview(caller, mass_wish(**selection), office.registry.current()).sample

    assert found(verification_method=early.verification_method) == (early.credential_id,)
    assert found(verification_method=late.verification_method) == (late.credential_id,)
    assert found(issued_to=START) == (early.credential_id,)
    assert found(issued_from=START + timedelta(seconds=1)) == (late.credential_id,)
    assert found(schema_id=early.schema_id) == (early.credential_id, late.credential_id)
    assert found(issued_from=START + timedelta(hours=2)) == ()

    revoke_all(office, verification_method=early.verification_method)
    assert_revoked_once(office, [early.uid])


def test_what_is_named_must_be_there_and_the_callers(office: Office) -> None:
    record = issue(office).record
    view = office.registry.current()
    mass, operator = office.bulk.mass, the_operator(office)
    stranger, own = api_key_for(office, HOLDER), api_key_for(office, ISSUER)
    with pytest.raises(IssuerNotAuthorized):
        mass.revoke(stranger, mass_wish())
    with pytest.raises(IssuerNotAuthorized):
        mass.preview(stranger, mass_wish(), office.registry.current())
    with pytest.raises(IssuerNotFound):
        mass.revoke(operator, MassWish("did:adi:nobody", mass_wish().selection, COMPROMISED))
    with pytest.raises(SchemaNotFound):
        mass.preview(operator, mass_wish(schema_id="did:adi:schema:none-v1"), view)
    with pytest.raises(MalformedBody):
        mass.revoke(operator, mass_wish(verification_method="did:adi:issuer001#key-9"))
    with pytest.raises(StateConflict):
        mass.revoke(operator, mass_wish(issued_from=START + timedelta(days=1)))
    assert revoked_in_trail(office) == []

    revoke_all(office, own)
    assert_revoked_once(office, [record.uid])


def test_halts_do_not_stop_revoking(office: Office) -> None:
    issued_batch(office, 3)
    office.acts.run(
        the_operator(office), lambda uow, me: office.halting.halt(uow, me, "stop", None, None), changes_registry=True
    )
    assert revoke_all(office).issued == 3
    assert by_status(office) == {"revoked": 3}


def test_whoever_loses_the_issuer_revokes_no_more(office: Office) -> None:
    issued_batch(office, 3)
    key = api_key_for(office, ISSUER)
    batch = office.bulk.mass.revoke(key, mass_wish())
    office.acts.run(
        the_operator(office),
        lambda uow, me: office.api_keys.revoke(uow, me, key.actor.id),
        changes_registry=True,
    )

    rested = office.bulk.engine.run_batch(batch.batch_id)

    assert (rested.status, rested.paused_by.value if rested.paused_by else None) == (BatchStatus.PAUSED, "authority")
    assert by_status(office) == {"valid": 3}
    office.acts.run(the_operator(office), lambda uow, me: office.bulk.desk.resume(uow, me, batch.batch_id))
    assert office.bulk.engine.run_batch(batch.batch_id).issued == 3


def test_rows_that_ended_meanwhile_say_so(office: Office, clock: MovableClock) -> None:
    one, two = issue(office).record, issue(office, expiration=START + timedelta(days=1)).record
    batch = office.bulk.mass.revoke(the_operator(office), mass_wish())
    act(office, "revoke", one.credential_id)
    clock.move(days=2)

    done = office.bulk.engine.run_batch(batch.batch_id)

    assert (done.issued, done.failed) == (0, 2)
    codes = {result.credential_id: result.fault.code for result in office.bulk.desk.results.each(done) if result.fault}
    assert codes == {one.credential_id: "ALREADY_REVOKED", two.credential_id: "STATE_CONFLICT"}
    assert_revoked_once(office, [one.uid])
