"""Mass acts on credentials of grants: the grant ends with its credential, or lives on with its new one."""

from __future__ import annotations

import copy as copying
from typing import Any, Final

import pytest

from sealwright.domain.batches import BatchStatus, Selection
from sealwright.domain.credentials import CredentialRecord, CredentialStatus, IssuanceRequest, ReasonCode
from sealwright.domain.delivering import OfferWish
from sealwright.domain.errors import PolicyViolation
from sealwright.domain.formats import CredentialFormat
from sealwright.domain.grants import GrantStatus
from sealwright.domain.offers import OfferChannel, OfferState
from sealwright.domain.people import Caller
from sealwright.services import mass_gathering
from sealwright.services.catalog_builtin import UNIVERSITY_DEGREE
from sealwright.services.mass_values import MassWish, ReissueWish
from sealwright.services.office import Office
from tests.support.batches import Killed, MortalUnits, worker
from tests.support.copies import copies_for
from tests.support.desk import act
from tests.support.mass import COMPROMISED, assert_revoked_once, revoked_in_trail, stored
from tests.support.office import DEGREE_CLAIMS, MovableClock, the_operator
from tests.support.review import audit_of, audit_rows, grant, improver, outcomes, reviewer, stored_grants

_TOKEN: Final = OfferWish(OfferChannel.TOKEN)


def office_did(office: Office) -> str:
    """The DID that signs for the office's own credential types."""
    with office.units(write=False) as uow:
        kind = uow.types.get("dpw_certified")
    assert kind is not None
    return kind.issuer_did


def degree(office: Office, holder: str) -> CredentialRecord:
    """A credential of no credential type, signed by the same DID."""
    wish = IssuanceRequest(
        schema_id=UNIVERSITY_DEGREE,
        issuer_did=office_did(office),
        holder_did=holder,
        claims=DEGREE_CLAIMS,  # type: ignore[arg-type]
        expiration=None,
        proof_type="Ed25519Signature2020",
        revocable=True,
        suspendable=False,
    )
    caller = the_operator(office)
    return office.issuing.issue(office.issuing.check(wish, caller, office.registry.current())).record


def wish(office: Office, **selection: object) -> MassWish:
    return MassWish(office_did(office), Selection(**selection), COMPROMISED)  # type: ignore[arg-type]


def anew(office: Office, **more: object) -> ReissueWish:
    return ReissueWish(office_did(office), Selection(), None, COMPROMISED, **more)  # type: ignore[arg-type]


@pytest.fixture
def ada(office: Office) -> Caller:
    return improver(office, "ada")


def test_grants_copies_and_offers_end_as_by_single_revocations(office: Office, ada: Caller) -> None:
    held = grant(office, reviewer(office, "rex"), ada)
    (primary,) = stored(office)
    plain = degree(office, primary.holder_did)
    copy = copies_for(office).make(plain, CredentialFormat.SD_JWT, plain.holder_did)
    form = copies_for(office).make(primary, CredentialFormat.SD_JWT, primary.holder_did)
    made = act(
        office, the_operator(office), lambda uow, me: office.offers.after_issue(uow, me, plain.credential_id, _TOKEN)
    )

    seen = office.bulk.mass.preview(the_operator(office), wish(office), office.registry.current())
    batch = office.bulk.mass.revoke(the_operator(office), wish(office))
    done = office.bulk.engine.run_batch(batch.batch_id)

    assert (seen.count, seen.grants, seen.copies) == (4, 2, 2)
    assert (done.total, done.issued, done.failed, done.status) == (4, 4, 0, BatchStatus.DONE)
    assert_revoked_once(office, [record.uid for record in (primary, plain, copy, form)])
    (ended,) = stored_grants(office, ada.user_id)
    assert (ended.status, ended.reason) == (GrantStatus.REVOKED, COMPROMISED.reason)
    assert audit_of(office, held.grant_id)["grant.revoked"] == 1
    assert made is not None
    with office.units(write=False) as uow:
        offer = uow.offers.get(made.offer.offer_id)
    assert offer is not None
    assert offer.state is OfferState.CANCELED
    assert {row["data"]["batchId"] for row in revoked_in_trail(office)} == {done.batch_id}


def test_a_grant_lives_on_with_its_new_credential(office: Office, ada: Caller) -> None:
    held = grant(office, reviewer(office, "rex"), ada)
    (old,) = stored(office)
    assert old.grant_id is not None
    form = copies_for(office).make(old, CredentialFormat.SD_JWT, old.holder_did)
    did = office_did(office)
    act(office, the_operator(office), lambda uow, me: office.dids.rotate(uow, me, did, compromised=True))
    assert outcomes(office, old.credential_id)["verified"] == "False"

    seen = office.bulk.mass.preview_reissue(the_operator(office), anew(office), office.registry.current())
    assert (seen.count, seen.grants, seen.copies) == (1, 1, 0)
    (batch,) = office.bulk.mass.reissue(the_operator(office), anew(office))
    done = office.bulk.engine.run_batch(batch.batch_id)

    # Before the old one ends, the grant is on the new one already, and has been active at every moment.
    assert (done.issued, done.failed) == (1, 0)
    new = next(record for record in stored(office) if record.batch_id == batch.batch_id)
    (present,) = stored_grants(office, ada.user_id)
    assert (present.grant_id, present.status, present.credential_id) == (
        held.grant_id,
        GrantStatus.ACTIVE,
        new.credential_id,
    )
    assert (new.grant_id, new.holder_did, new.expires_at) == (held.grant_id, old.holder_did, old.expires_at)
    assert office.shelf.status(old.credential_id).status is CredentialStatus.VALID

    assert office.bulk.mass.gathering.work() == 1
    ending = batch.options.selection.ending_batch if batch.options.selection else None
    assert ending is not None
    ended = office.bulk.engine.run_batch(ending)

    assert (ended.issued, ended.failed) == (1, 0)
    assert_revoked_once(office, [old.uid, form.uid])
    gone = office.shelf.status(old.credential_id)
    assert (gone.reason_code, outcomes(office, new.credential_id)["verified"]) == (ReasonCode.KEY_COMPROMISE, "True")
    (after,) = stored_grants(office, ada.user_id)
    assert after == present
    (told,) = [row for row in audit_rows(office) if row["action"] == "grant.reissued"]
    assert told["data"]["supersededCredentialId"] == old.credential_id
    assert audit_of(office)["grant.revoked"] == 0
    with office.units(write=False) as uow:
        kinds = [notice.kind.value for notice in uow.notices.list(ada.user_id, page=1, count=20).items]
    assert kinds.count("credential_ready") == 2
    assert list(office.store_check.run(the_operator(office))) == []


def test_a_grant_that_ended_meanwhile_gets_nothing_new(office: Office, ada: Caller) -> None:
    rex = reviewer(office, "rex")
    held = grant(office, rex, ada)
    (batch,) = office.bulk.mass.reissue(the_operator(office), anew(office))
    act(office, rex, lambda uow, me: office.granting.revoke(uow, me, reason="over", grant_id=held.grant_id))

    done = office.bulk.engine.run_batch(batch.batch_id)

    assert (done.issued, done.failed, done.transaction_hash) == (0, 1, None)
    (failed,) = office.bulk.desk.results.each(done)
    assert failed.fault is not None
    assert failed.fault.code == "STATE_CONFLICT"
    assert [record.status for record in stored(office)] == [CredentialStatus.REVOKED]


def test_a_grant_keeps_no_two_credentials(office: Office, ada: Caller) -> None:
    grant(office, reviewer(office, "rex"), ada)
    with pytest.raises(PolicyViolation):
        office.bulk.mass.reissue(the_operator(office), anew(office, revoke_old=False))
    assert len(stored(office)) == 1


def test_whatever_dies_each_credential_is_revoked_once(
    office: Office, ada: Caller, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.setattr(mass_gathering, "CHUNK_ROWS", 2)
    rex = reviewer(office, "rex")
    step = 3 if database_url.startswith("sqlite") else 11
    deaths, dies_at = 0, 1
    while True:
        held = grant(office, rex, ada)
        assert held.holder_did is not None
        mine = [office.shelf.status(held.credential_id or ""), *(degree(office, held.holder_did) for _ in range(2))]
        mortal = MortalUnits(office.units, dies_at)
        survived = _revoke_mortally(office, mortal)
        # The dead worker's lease is over; whoever comes goes on.
        clock.move(seconds=20)
        office.bulk.mass.gathering.work()
        while office.bulk.engine.work_once():
            pass
        assert {office.shelf.status(one.credential_id).status for one in mine} == {CredentialStatus.REVOKED}
        if survived:
            break
        deaths += 1
        dies_at += step
    assert_revoked_once(office)
    assert list(office.store_check.run(the_operator(office))) == []
    assert audit_of(office)["grant.revoked"] == deaths + 1
    assert deaths * step > 40


def _revoke_mortally(office: Office, mortal: MortalUnits) -> bool:
    """Revoke everything by a process that dies at some call; tells whether it lived."""
    mass, engine = office.bulk.mass, worker(office, mortal)
    wanted = wish(office)
    batch = office.acts.run(the_operator(office), lambda uow, me: mass.begin_revoking(uow, me, wanted))
    gathering = _with_units(mass.gathering, mortal)
    carrier = _with_units(engine.carriers[batch.kind], mortal)
    engine.carriers = {**engine.carriers, batch.kind: carrier}
    gathering._engine = engine
    try:
        gathering.fill(batch.batch_id)
        engine.run_batch(batch.batch_id)
    except Killed:
        return False
    return True


def _with_units(part: Any, units: MortalUnits) -> Any:
    """The same part of the office, in a process that dies."""
    twin = copying.copy(part)
    twin._units = units
    return twin
