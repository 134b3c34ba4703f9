"""A credential type proved by a suite of selective disclosure: granted, shown in part, presented, taken back."""

from __future__ import annotations

import pytest

from sealwright.domain.credentials import CredentialStatus
from sealwright.services.office import Office
from sealwright.services.presentation_making import PresentationWish
from sealwright.services.verification import PresentationOptions, VerifyOptions
from sealwright.services.verify_desk import Verdict
from sealwright.vc.proofs.suites.disclosure import Wish
from sealwright.vc.verification.report import Outcome
from tests.support.desk import DPW, act, come_in
from tests.support.office import the_operator
from tests.support.review import APPROVED, ask, decide, held_by, improver, reviewer, revoke

QUALIFICATION = "/credentialSubject/qualification"


def prove_by(office: Office, suite: str) -> None:
    """The type's proof type is another one from now on, and its issuer gets a key for it."""
    with office.units(write=False) as uow:
        kind = uow.types.get(DPW)
    assert kind is not None
    act(office, the_operator(office), lambda uow, me: office.dids.rotate(uow, me, kind.issuer_did, proof_type=suite))
    act(
        office,
        the_operator(office),
        lambda uow, me: office.catalog.update(uow, me, DPW, {"proof_type": suite}, expected_version=kind.version),
    )


@pytest.mark.parametrize("suite", ["bbs-2023", "ecdsa-sd-2023", "BbsBlsSignature2020"])
def test_a_decision_becomes_a_credential_that_its_holder_shows_in_part(office: Office, suite: str) -> None:
    prove_by(office, suite)
    ann, rex = improver(office, "ann"), reviewer(office, "rex", DPW)
    decide(office, rex, ask(office, ann), APPROVED)
    grant = held_by(office, ann)
    assert grant.credential_id is not None
    record = office.shelf.status(grant.credential_id)
    assert record.proof_type == suite
    assert office.verify_desk.check_record(record).verdict is Verdict.VALID

    ann = come_in(office, ann.user_id)
    view = office.registry.current()
    assert any(one.pointer == QUALIFICATION for one in office.deriving.offered(record))
    shown = office.deriving.derive_own(ann, record.credential_id, Wish(pointers=(QUALIFICATION,)), view)
    assert office.verifier.verify(shown, VerifyOptions(expected_holder=record.holder_did))

    wish = PresentationWish(
        record.holder_did, "c", "d", credential_ids=(record.credential_id,), reveals=((QUALIFICATION,),)
    )
    ready = office.presentation_making.ready(ann, wish, view)
    made = office.acts.run(ann, lambda uow, me: office.presentation_making.create(uow, me, ready))
    occasion = PresentationOptions(challenge="c", domain="d")
    assert office.verifier.verify_presentation(made, occasion)

    revoke(office, rex, grant_id=grant.grant_id)
    assert office.shelf.status(record.credential_id).status is CredentialStatus.REVOKED
    report = office.verifier.verify(shown, VerifyOptions())
    assert [(check.name, check.outcome) for check in report.failures] == [("revocation", Outcome.FAILED)]
    assert not office.verifier.verify_presentation(made, occasion)
    assert office.verify_desk.check_record(office.shelf.status(record.credential_id)).verdict is Verdict.INVALID
