"""Holders who were erased: what they hold keeps its status, its words are gone, and reviewers may still end it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sealwright.domain.credentials import CredentialFilter, CredentialStatus
from sealwright.domain.enrollment import IssuerState
from sealwright.domain.errors import HolderErased
from sealwright.domain.grants import GrantStatus
from sealwright.domain.people import Caller
from sealwright.domain.requests import Issuance
from sealwright.services.grant_issuance import GrantIssuance
from sealwright.services.issuance import Issuing
from sealwright.services.office import Office
from sealwright.services.verification import VerifyOptions
from sealwright.vc.encoding.strict_json import parse_json
from sealwright.vc.status.bitstring import read_bit
from tests.support.desk import act
from tests.support.office import MovableClock, the_operator
from tests.support.review import (
    APPROVED,
    ask,
    audit_of,
    audit_rows,
    decide,
    grant,
    improver,
    reviewer,
    revoke,
    stored_grants,
)

KEY_OF_THEIR_OWN = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
SECRET = "she was cleared of Secret-Matter"


def _erase(office: Office, person: Caller) -> None:
    act(office, person, office.own_data.erase)


def _is_set(office: Office, credential_id: str) -> bool:
    record = office.shelf.status(credential_id)
    assert record.place is not None
    with office.units(write=False) as uow:
        bits = uow.status_lists.bits(record.place.list_id)
    assert bits is not None
    return read_bit(bits.revocation, record.place.index)


def test_what_was_issued_keeps_its_status_and_loses_its_words(office: Office) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    held = grant(office, rex, ada)
    assert held.credential_id is not None
    document = parse_json(office.shelf.status(held.credential_id).document or b"")
    before = audit_of(office)
    _erase(office, ada)
    [kept] = stored_grants(office, ada.user_id)
    assert (kept.status, kept.revoked_at, kept.claims) == (GrantStatus.ACTIVE, None, None)
    record = office.shelf.status(held.credential_id)
    assert (record.status, record.document, record.document_sha256 != "") == (CredentialStatus.VALID, None, True)
    assert not _is_set(office, held.credential_id)
    new = audit_of(office) - before
    assert (new["user.erased"], new["grant.revoked"], new["credential.revoked"]) == (1, 0, 0)
    # Whoever has a copy can still check it: it is genuine, and its holder's DID answers to nobody any more.
    report = office.verifier.verify(document, VerifyOptions())
    found = {check.name: check.outcome.value for check in report.checks}
    assert (found["proof"], found["issuer"], found["revocation"]) == ("passed", "passed", "passed")


def test_reviewer_ends_what_an_erased_person_held(office: Office) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    held = grant(office, rex, ada)
    assert held.credential_id is not None
    _erase(office, ada)
    ended = revoke(office, rex, grant_id=held.grant_id, reason=SECRET)
    assert ended.status is GrantStatus.REVOKED
    assert office.shelf.status(held.credential_id).status is CredentialStatus.REVOKED
    assert _is_set(office, held.credential_id)
    counts = audit_of(office, held.grant_id, held.credential_id)
    assert (counts["grant.revoked"], counts["credential.revoked"]) == (1, 1)
    with office.units(write=False) as uow:
        assert uow.notices.list(ada.user_id, page=1, count=10).total == 0
    assert "Secret-Matter" not in str(audit_rows(office))
    assert office.auditing.verify(the_operator(office)).verified is True


def test_what_was_revoked_stays_revoked(office: Office) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    held = grant(office, rex, ada)
    assert held.credential_id is not None
    revoke(office, rex, grant_id=held.grant_id)
    _erase(office, ada)
    assert stored_grants(office, ada.user_id)[0].status is GrantStatus.REVOKED
    assert (office.shelf.status(held.credential_id).status, _is_set(office, held.credential_id)) == (
        CredentialStatus.REVOKED,
        True,
    )


@pytest.mark.parametrize("moment", ["carry_out", "sign"], ids=["before the reservation", "before the signature"])
def test_person_erased_while_their_credential_is_made_gets_none(
    office: Office, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    # A DID of their own stays active, so nothing but the erased claims can stop the signature from being kept.
    _bind(office, ada, KEY_OF_THEIR_OWN)
    original = getattr(Issuing, moment)
    erased: list[bool] = []

    def after_erasure(*given: Any, **named: Any) -> Any:
        if not erased:
            erased.append(True)
            _erase(office, ada)
        return original(*given, **named)

    monkeypatch.setattr(Issuing, moment, after_erasure)
    made = grant(office, rex, ada)
    assert erased == [True]
    assert (made.status, made.issuance, made.credential_id) == (GrantStatus.ACTIVE, Issuance.FAILED, None)
    office.grant_issuance.sign_due()
    assert stored_grants(office, ada.user_id)[0].issuance_error == "HOLDER_ERASED"
    with office.units(write=False) as uow:
        page = uow.credentials.list(CredentialFilter(), now=office.clock.now(), limit=10, cursor=None)
    assert page.items == ()


def test_an_unsigned_grant_of_an_erased_person_is_given_up(
    office: Office, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    decide(office, rex, ask(office, ada), APPROVED, hold=True)
    _erase(office, ada)
    tried: list[str] = []
    original = GrantIssuance.sign

    def counted(self: GrantIssuance, grant_id: str, **named: Any) -> Any:
        tried.append(grant_id)
        return original(self, grant_id, **named)

    monkeypatch.setattr(GrantIssuance, "sign", counted)
    for _ in range(50):
        clock.move(hours=1)
        assert office.grant_issuance.sign_due() == 0
    [kept] = stored_grants(office, ada.user_id)
    assert tried == [kept.grant_id]
    assert (kept.status, kept.issuance, kept.issuance_error) == (
        GrantStatus.ACTIVE,
        Issuance.FAILED,
        "HOLDER_ERASED",
    )
    assert kept.is_given_up
    # A reviewer who asks is told why, and leaves nothing behind; ending the grant is still theirs.
    for _ in range(2):
        with pytest.raises(HolderErased):
            office.granting.retry_issuance(rex, kept.grant_id)
    assert stored_grants(office, ada.user_id) == (kept,)
    assert audit_of(office, kept.grant_id) == {"grant.created": 1, "grant.issuance_failed": 1}
    assert revoke(office, rex, grant_id=kept.grant_id).status is GrantStatus.REVOKED


def _bind(office: Office, person: Caller, did: str) -> None:
    with office.units() as uow:
        uow.office.raise_epoch()
        present = uow.people.get(person.user_id)
        assert present is not None
        uow.people.update(replace(present, dids=(did,), holder_did=did, version=present.version + 1))
        uow.commit()


def test_erased_issuer_ends_in_the_same_act(office: Office) -> None:
    rex = reviewer(office, "rex")
    before = audit_of(office)
    _erase(office, rex)
    new = audit_of(office) - before
    assert (new["issuer.ended"], new["user.erased"]) == (1, 1)
    with office.units(write=False) as uow:
        profile = uow.enrollment.issuer(rex.user_id)
        assert uow.notices.list(rex.user_id, page=1, count=10).total == 0
    assert profile is not None
    assert (profile.state, profile.organization, profile.email, profile.note) == (IssuerState.ENDED, "", "", None)
