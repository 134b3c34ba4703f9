"""Public pages of credentials: one address each, switched by the holder alone, shut by a new address."""

from __future__ import annotations

import json

import pytest

from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.delivery_errors import ShareNotFound
from sealwright.domain.errors import CredentialErased, CredentialNotFound, MalformedBody
from sealwright.domain.formats import CredentialFormat
from sealwright.domain.people import Caller
from sealwright.domain.sharing import Share
from sealwright.services.office import Office
from sealwright.services.sharing import OwnShare, chosen, pointers_of
from sealwright.storage.credentials import StoredCredentials
from tests.support.copies import record_of
from tests.support.desk import act
from tests.support.office import MovableClock
from tests.support.review import audit_rows, grant, improver, reviewer

CLAIMS = {"degree": {"university": "MIT", "gpa": 3.8, "a/b": {"c": [1, 2]}}, "tags": ["x"], "empty": {}}


@pytest.fixture
def mia(office: Office) -> Caller:
    return improver(office, "mia")


@pytest.fixture
def record(office: Office, mia: Caller) -> CredentialRecord:
    return record_of(office, grant(office, reviewer(office, "rita"), mia).credential_id)


def switch(office: Office, caller: Caller, record: CredentialRecord, *shown: str, **more: bool) -> Share:
    wish = {"is_on": True, "is_listed": False, **more}
    return act(  # type: ignore[no-any-return]
        office,
        caller,
        lambda uow, me: office.sharing.switch(uow, me, record.credential_id, shown=shown, **wish),
        registry=False,
    )


def own(office: Office, caller: Caller, record: CredentialRecord) -> OwnShare:
    return act(office, caller, lambda uow, me: office.sharing.own(uow, me, record.credential_id), registry=False)  # type: ignore[no-any-return]


def short(address: str) -> str:
    return address.rpartition("/")[2]


def test_a_page_shows_no_claims_until_its_holder_lets_it(office: Office, mia: Caller, record: CredentialRecord) -> None:
    page = own(office, mia, record)
    assert page.offered == ("/qualification",)
    code = short(page.address)
    for typed in (code, code.lower(), f" {code[:13]}-{code[13:]} ", code.replace("O", "0").replace("B", "8")):
        shared = office.sharing.open(typed)
        assert shared.record.uid == record.uid
        assert shared.shows({"qualification": "x"}) == {}
    switch(office, mia, record, "/qualification", is_listed=True)
    shared = office.sharing.open(code)
    assert shared.share.is_listed
    assert shared.shows({"qualification": "x", "level": 3}) == {"qualification": "x"}
    switch(office, mia, record, "/qualification", is_on=False, is_listed=True)
    shared = office.sharing.open(code)
    assert not shared.share.is_listed
    assert shared.shows({"qualification": "x"}) == {}
    assert own(office, mia, record).share.shown == ("/qualification",)


def test_copies_have_the_page_of_their_source(office: Office, mia: Caller, record: CredentialRecord) -> None:
    copy = office.copies.for_download(record, CredentialFormat.JWT_VC_JSON)
    with office.units() as uow:
        addresses = {office.sharing.address(uow, one) for one in (record, copy, record)}
        uow.commit()
    assert addresses == {own(office, mia, record).address}
    assert own(office, mia, copy).record.uid == record.uid


def test_nobody_locks_a_form_before_its_source(
    office: Office, mia: Caller, record: CredentialRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = office.copies.for_download(record, CredentialFormat.JWT_VC_JSON)
    locked: list[object] = []
    lock = StoredCredentials.get_for_update

    def noted(self: StoredCredentials, credential_id: str) -> CredentialRecord | None:
        found = lock(self, credential_id)
        locked.append(found.uid if found is not None else None)
        return found

    monkeypatch.setattr(StoredCredentials, "get_for_update", noted)
    switch(office, mia, copy, "/qualification")
    assert set(locked) == {record.uid}


def test_a_new_address_shuts_the_old_one(office: Office, mia: Caller, record: CredentialRecord) -> None:
    old = own(office, mia, record).address
    switch(office, mia, record, "/qualification")
    new = act(office, mia, lambda uow, me: office.sharing.renew(uow, me, record.credential_id), registry=False)
    assert short(new) != short(old)
    with pytest.raises(ShareNotFound):
        office.sharing.open(short(old))
    assert office.sharing.open(short(new)).share.is_on


def test_only_the_holder_switches(office: Office, mia: Caller, record: CredentialRecord, clock: MovableClock) -> None:
    before = len(audit_rows(office))
    for stranger in (improver(office, "ines"), reviewer(office, "rosa")):
        with pytest.raises(CredentialNotFound):
            switch(office, stranger, record)
        with pytest.raises(CredentialNotFound):
            own(office, stranger, record)
    with pytest.raises(MalformedBody):
        switch(office, mia, record, "/qualification", "/salary")
    assert [row for row in audit_rows(office)[before:] if row["action"] == "share.changed"] == []
    clock.move(minutes=1)
    switch(office, mia, record, "/qualification")
    (row,) = [row for row in audit_rows(office) if row["action"] == "share.changed"]
    assert row["object"]["id"] == record.credential_id
    assert row["actor"]["id"] == mia.user_id
    assert (row["before"]["isOn"], row["after"]["isOn"], row["after"]["shown"]) == (False, True, 1)
    assert row["data"] == {"issuerDid": record.issuer_did, "grantId": record.grant_id}
    assert "qualification" not in json.dumps(row)


def test_what_is_no_address_opens_nothing(office: Office, mia: Caller, record: CredentialRecord) -> None:
    code = short(own(office, mia, record).address)
    for guess in ("", "A" * 26, code[:-1], code + "A", "../" + code, "é" * 26):
        with pytest.raises(ShareNotFound):
            office.sharing.open(guess)


def test_nothing_of_an_erased_credential_can_be_shown(office: Office, mia: Caller, record: CredentialRecord) -> None:
    code = short(own(office, mia, record).address)
    switch(office, mia, record, "/qualification")
    with office.units() as uow:
        uow.erasure.person(mia.user_id)
        uow.commit()
    assert office.sharing.open(code).record.document is None
    with pytest.raises(CredentialErased):
        switch(office, mia, record)


def test_claims_are_chosen_one_by_one() -> None:
    assert list(pointers_of(CLAIMS)) == ["/degree/university", "/degree/gpa", "/degree/a~1b/c", "/tags", "/empty"]
    assert chosen(CLAIMS, ["/degree/gpa", "/degree/a~1b/c"]) == {"degree": {"gpa": 3.8, "a/b": {"c": [1, 2]}}}
    assert chosen(CLAIMS, []) == {}
    assert chosen(CLAIMS, ["/tags", "/degree"]) == {"tags": ["x"], "degree": CLAIMS["degree"]}
