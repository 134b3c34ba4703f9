"""The main story: a request becomes a signed credential, verifies, is revoked, and does not verify any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.credentials import CredentialStatus, ReasonCode
from sealwright.domain.errors import (
    AlreadyRevoked,
    ExpirationInPast,
    NotIssuerOfCredential,
    NotRevocable,
    StateConflict,
)
from sealwright.services.issuing_line import Job
from sealwright.services.office import Office
from sealwright.services.verification import VerifyOptions
from sealwright.vc.encoding.strict_json import parse_json
from tests.support.office import ISSUER, MovableClock, api_key_for, issue, the_operator


@pytest.fixture
def office(issuing_office: Office) -> Office:
    return issuing_office


def _outcomes(office: Office, document: bytes) -> dict[str, str]:
    report = office.verifier.verify(parse_json(document), VerifyOptions())
    return {check.name: check.outcome.value for check in report.checks} | {"verified": str(bool(report))}


@pytest.mark.parametrize("proof_type", ["Ed25519Signature2020", "eddsa-rdfc-2022", "eddsa-jcs-2022"])
def test_credential_verifies_until_it_is_revoked(office: Office, proof_type: str) -> None:
    record = issue(office, proof_type=proof_type).record
    assert record.document is not None
    before = _outcomes(office, record.document)
    assert before["verified"] == "True", before
    assert before["revocation"] == "passed"

    office.acts.run(
        the_operator(office),
        lambda uow, me: office.revocation.revoke(uow, me, record.credential_id, "left", ReasonCode.HOLDER_REQUEST),
    )

    after = _outcomes(office, record.document)
    assert after["verified"] == "False"
    assert after["revocation"] == "failed"
    assert after["proof"] == "passed"
    stored = office.shelf.status(record.credential_id)
    assert (stored.status, stored.reason_code) == (CredentialStatus.REVOKED, ReasonCode.HOLDER_REQUEST)
    with pytest.raises(AlreadyRevoked):
        office.acts.run(
            the_operator(office), lambda uow, me: office.revocation.revoke(uow, me, record.credential_id, "again")
        )


def test_nothing_is_stored_that_ended_while_it_was_signed(
    office: Office, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    signing = office.issuing.sign

    def slowly(job: Job) -> None:
        signing(job)
        clock.move(hours=1)

    monkeypatch.setattr(office.issuing, "sign", slowly)
    with pytest.raises(ExpirationInPast):
        issue(office, expiration=clock.now() + timedelta(minutes=30))
    with office.units(write=False) as uow:
        assert uow.credentials.after(None, 5) == ()
    assert issue(office, expiration=clock.now() + timedelta(hours=2)).record.document is not None


def test_suspension_closes_and_reinstating_opens(office: Office) -> None:
    record = issue(office, suspendable=True).record
    assert record.document is not None
    act = office.acts.run
    act(the_operator(office), lambda uow, me: office.revocation.suspend(uow, me, record.credential_id, "pause"))
    assert _outcomes(office, record.document)["suspension"] == "failed"
    act(the_operator(office), lambda uow, me: office.revocation.reinstate(uow, me, record.credential_id, "on"))
    again = _outcomes(office, record.document)
    assert (again["suspension"], again["verified"]) == ("passed", "True")


def test_unrevocable_credential_has_no_entry_and_is_not_revoked(office: Office) -> None:
    record = issue(office, revocable=False).record
    assert record.place is None
    assert b"credentialStatus" not in (record.document or b"")
    with pytest.raises(NotRevocable):
        office.acts.run(
            the_operator(office), lambda uow, me: office.revocation.revoke(uow, me, record.credential_id, "no")
        )


def test_another_issuers_key_cannot_revoke(office: Office) -> None:
    record = issue(office).record
    stranger = api_key_for(office, "did:adi:holder001")
    with pytest.raises(NotIssuerOfCredential):
        office.acts.run(stranger, lambda uow, me: office.revocation.revoke(uow, me, record.credential_id, "mine"))
    assert office.shelf.status(record.credential_id).status is CredentialStatus.VALID


def test_audit_has_one_row_an_act_and_verifies(office: Office) -> None:
    with office.units(write=False) as uow:
        before = uow.audit.head().sequence
    record = issue(office, replace(api_key_for(office, ISSUER), request_id="01jcall")).record
    office.acts.run(
        the_operator(office), lambda uow, me: office.revocation.revoke(uow, me, record.credential_id, "done")
    )
    with office.units(write=False) as uow:
        rows = uow.audit.read(before, 10)
    assert [row.action for row in rows] == ["api_key.created", "credential.issued", "credential.revoked"]
    assert b'"requestId":"01jcall"' in rows[1].body
    office.auditing.make_checkpoint()
    verdict = office.auditing.verify(the_operator(office))
    assert verdict.verified is True, verdict
    assert b"MIT" not in b"".join(row.body for row in rows)


def test_expired_credential_fails_by_the_clock_alone(office: Office, clock: MovableClock) -> None:
    record = issue(office, expiration=clock.now().replace(year=2027)).record
    assert record.document is not None
    clock.move(days=500)
    outcome = _outcomes(office, record.document)
    assert (outcome["expiration"], outcome["verified"]) == ("failed", "False")
    assert record.status_at(clock.now()) is CredentialStatus.EXPIRED


def test_numbers_are_stored_in_the_form_that_is_signed(office: Office) -> None:
    degree = {"type": "BachelorDegree", "university": "MIT", "graduationYear": 2025, "gpa": 4.0}
    record = issue(office, claims={"degree": degree}).record
    assert b'"gpa":4}' in (record.document or b"")
    assert _outcomes(office, record.document or b"")["verified"] == "True"


def test_an_expired_credential_is_not_revoked_any_more(office: Office, clock: MovableClock) -> None:
    record = issue(office, expiration=clock.now().replace(year=2027)).record
    clock.move(days=500)
    with pytest.raises(StateConflict):
        office.acts.run(
            the_operator(office), lambda uow, me: office.revocation.revoke(uow, me, record.credential_id, "late")
        )
