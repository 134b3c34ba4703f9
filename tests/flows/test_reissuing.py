"""Issuing credentials anew with their issuer's present key: what is taken over, what ends, and what stays."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from sealwright.domain.batches import BatchStatus, Selection
from sealwright.domain.credentials import ReasonCode
from sealwright.domain.errors import IssuingHalted, SchemaInactive, StateConflict
from sealwright.services import mass_gathering
from sealwright.services.office import Office
from sealwright.vc.encoding.strict_json import parse_json
from tests.support.batches import assert_whole
from tests.support.copies import checks_of
from tests.support.mass import (
    assert_revoked_once,
    by_status,
    issued_batch,
    reissue_all,
    reissue_wish,
    revoked_in_trail,
    stored,
)
from tests.support.office import DEGREE_CLAIMS, ISSUER, MovableClock, issue, the_operator
from tests.support.rows import Rows


@pytest.fixture
def office(issuing_office: Office) -> Office:
    return issuing_office


def compromise(office: Office) -> None:
    """The issuer's keys are out."""
    office.acts.run(
        the_operator(office),
        lambda uow, me: office.dids.rotate(uow, me, ISSUER, compromised=True),
        changes_registry=True,
    )


def test_credentials_are_issued_anew_with_the_present_key(office: Office, clock: MovableClock) -> None:
    end = datetime(2031, 5, 1, tzinfo=UTC)
    old = [issue(office).record, issue(office, expiration=end).record, issue(office, expiration=None).record]
    compromise(office)
    clock.move(hours=1)
    assert checks_of(office, old[0])["verified"] == "False"

    (batch,) = reissue_all(office)

    ended = assert_whole(office, batch)
    assert (ended.issued, ended.options.origin) == (3, "reissue")
    new = [record for record in stored(office) if record.batch_id == batch.batch_id]
    assert [record.expires_at for record in new] == [record.expires_at for record in old]
    for record in new:
        document = parse_json(record.document or b"")
        assert isinstance(document, dict)
        assert document["credentialSubject"] == {"id": record.holder_did, **DEGREE_CLAIMS}
        assert record.verification_method == f"{ISSUER}#key-2"
        assert checks_of(office, record)["verified"] == "True"
    assert_revoked_once(office, [record.uid for record in old])
    assert {office.shelf.status(one.credential_id).reason_code for one in old} == {ReasonCode.KEY_COMPROMISE}


def test_each_form_has_a_batch_of_its_own_and_another_end_may_be_given(office: Office) -> None:
    issue(office, proof_type="eddsa-jcs-2022")
    issue(office, suspendable=True)
    issue(office, revocable=False)
    end = datetime(2032, 1, 1, tzinfo=UTC)

    done = reissue_all(office, expiration=end, selection=Selection(keeps_expiration=False))

    assert [(one.options.proof_type, one.options.revocable, one.options.suspendable) for one in done] == [
        ("Ed25519Signature2020", False, False),
        ("Ed25519Signature2020", True, True),
        ("eddsa-jcs-2022", True, False),
    ]
    made = [record for record in stored(office) if record.batch_id is not None]
    assert {record.expires_at for record in made} == {end}
    # What has no status entry cannot end; it stays beside its successor.
    assert by_status(office) == {"valid": 4, "revoked": 2}


def test_old_ones_may_stay(office: Office) -> None:
    issued_batch(office, 2)
    (done,) = reissue_all(office, revoke_old=False)
    assert (done.issued, by_status(office), revoked_in_trail(office)) == (2, {"valid": 4}, [])


def test_what_was_erased_or_tampered_with_fails_alone_and_its_own_stays(office: Office, database_url: str) -> None:
    erased, forged, sound = (issue(office).record for _ in range(3))
    rows = Rows(database_url)
    rows.run(
        f"UPDATE credentials SET document = NULL WHERE uid = {_uid(rows, erased.uid)}",
        f"UPDATE credentials SET document_sha256 = {_bytes(rows, bytes(32))} WHERE uid = {_uid(rows, forged.uid)}",
    )

    (done,) = reissue_all(office)

    assert (done.issued, done.failed) == (1, 2)
    codes = [result.fault.code if result.fault else None for result in office.bulk.desk.results.each(done)]
    assert codes == ["CREDENTIAL_ERASED", "STATE_CONFLICT", None]
    ending = done.options.selection.ending_batch if done.options.selection else None
    with office.units(write=False) as uow:
        ended = uow.batches.get(ending or "")
    assert ended is not None
    assert (ended.total, ended.issued, ended.failed) == (3, 1, 2)
    assert_revoked_once(office, [sound.uid])


def test_what_ends_while_its_row_waits_gets_no_successor(office: Office) -> None:
    one, two = issue(office).record, issue(office, suspendable=True).record
    first, second = office.bulk.mass.reissue(the_operator(office), reissue_wish())
    caller = the_operator(office)
    office.acts.run(caller, lambda uow, me: office.revocation.revoke(uow, me, one.credential_id, "misconduct"))
    office.acts.run(caller, lambda uow, me: office.revocation.suspend(uow, me, two.credential_id, "looked into"))

    done = [office.bulk.engine.run_batch(batch.batch_id) for batch in (first, second)]

    assert [(batch.issued, batch.failed) for batch in done] == [(0, 1), (0, 1)]
    office.bulk.mass.gathering.work()
    while office.bulk.engine.work_once():
        pass
    assert by_status(office) == {"revoked": 1, "suspended": 1}


def test_it_goes_on_where_a_call_stopped(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mass_gathering, "CHUNK_ROWS", 2)
    issued_batch(office, 7)
    mass = office.bulk.mass
    (batch,) = mass.reissue(the_operator(office), reissue_wish())
    assert (batch.status, batch.total) == (BatchStatus.DRAFT, 4)
    desk = office.bulk.desk
    with pytest.raises(StateConflict):
        office.acts.run(the_operator(office), lambda uow, me: desk.start(uow, me, batch.batch_id))
    with pytest.raises(StateConflict):
        office.acts.run(the_operator(office), lambda uow, me: desk.draft(uow, me, batch.batch_id))

    for _ in range(4):
        mass.gathering.work()
        while office.bulk.engine.work_once():
            pass

    with office.units(write=False) as uow:
        done = uow.batches.get(batch.batch_id)
    assert done is not None
    assert (done.status, done.total, done.issued) == (BatchStatus.ANCHORED, 7, 7)
    assert by_status(office) == {"valid": 7, "revoked": 7}
    with pytest.raises(StateConflict):
        office.acts.run(the_operator(office), lambda uow, me: office.bulk.desk.retry_failed(uow, me, batch.batch_id))


def test_a_re_issue_that_is_given_up_ends_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mass_gathering, "CHUNK_ROWS", 2)
    issued_batch(office, 5)
    mass, cancel = office.bulk.mass, office.bulk.desk.cancel
    (batch,) = mass.reissue(the_operator(office), reissue_wish())
    assert batch.status is BatchStatus.DRAFT
    office.acts.run(the_operator(office), lambda uow, me: cancel(uow, me, batch.batch_id))

    mass.gathering.work()
    while office.bulk.engine.work_once():
        pass

    assert by_status(office) == {"valid": 5}
    ending = batch.options.selection.ending_batch if batch.options.selection else None
    with office.units(write=False) as uow:
        waited = uow.batches.get(ending or "")
    assert waited is not None
    assert waited.status is BatchStatus.CANCELED


def test_nothing_is_begun_that_cannot_be_done(office: Office) -> None:
    mass = office.bulk.mass
    with pytest.raises(StateConflict):
        mass.reissue(the_operator(office), reissue_wish())
    record = issue(office).record
    office.acts.run(
        the_operator(office), lambda uow, me: office.halting.halt(uow, me, "stop", None, None), changes_registry=True
    )
    with pytest.raises(IssuingHalted):
        mass.reissue(the_operator(office), reissue_wish())
    office.acts.run(the_operator(office), office.halting.resume, changes_registry=True)
    office.acts.run(
        the_operator(office),
        lambda uow, me: office.schemas.deactivate(uow, me, record.schema_id or ""),
        changes_registry=True,
    )
    with pytest.raises(SchemaInactive):
        mass.reissue(the_operator(office), reissue_wish())
    with office.units(write=False) as uow:
        assert uow.batches.in_state(("draft", "accepted"), 10) == ()


def _uid(rows: Rows, uid: UUID) -> str:
    return f"x'{uid.hex}'" if rows.is_sqlite else f"'{uid}'"


def _bytes(rows: Rows, content: bytes) -> str:
    return f"x'{content.hex()}'" if rows.is_sqlite else f"'\\x{content.hex()}'"
