"""Further forms of a credential: made along the guarded road, bound to their source, and ended with it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest

from sealwright.domain.credentials import CredentialRecord, CredentialStatus, IdempotencyScope
from sealwright.domain.delivery_errors import NotDeliverable
from sealwright.domain.effects import Effects
from sealwright.domain.errors import IssuingHalted, SigningFailed, StateConflict
from sealwright.domain.formats import CredentialFormat
from sealwright.domain.people import system_actor
from sealwright.services.copies import Copies, form_of
from sealwright.services.issuance import Issuing
from sealwright.services.office import Office
from sealwright.vc.proofs.jwt import open_token
from sealwright.vc.proofs.sd_jwt_reading import open_sd_jwt
from tests.support.copies import checks_of, content_of, copies_for, record_of
from tests.support.desk import act, join
from tests.support.office import PUBLIC_URL, MovableClock, the_operator
from tests.support.review import ADMIN, audit_of, audit_rows, grant, improver, reviewer, revoke

FORMS = list(CredentialFormat)
WALLET = "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH"


@pytest.fixture
def copies(office: Office) -> Copies:
    """The engine of further forms."""
    return copies_for(office)


@pytest.fixture
def source(office: Office) -> CredentialRecord:
    """The primary credential of a grant."""
    held = grant(office, reviewer(office, "rita"), improver(office, "mia"))
    return record_of(office, held.credential_id)


def test_every_form_is_signed_stored_and_verifies(office: Office, copies: Copies, source: CredentialRecord) -> None:
    for form in FORMS:
        made = copies.make(source, form, WALLET)
        assert (made.copy_of, made.grant_id, made.holder_did) == (source.uid, source.grant_id, WALLET)
        assert (made.issuer_did, made.schema_id) == (source.issuer_did, source.schema_id)
        assert made.expires_at == source.expires_at
        assert form_of(made) is form
        assert made.place is not None
        assert made.place != source.place
        assert record_of(office, made.credential_id) == made
        assert audit_of(office, made.credential_id) == {"credential.issued": 1}
        (row,) = [row for row in audit_rows(office) if row["object"]["id"] == made.credential_id]
        assert row["actor"] == {"type": "system", "id": "copies", "auth": "clock"}
        assert row["data"]["copyOf"] == source.credential_id
        assert row["data"]["proofType"] == made.proof_type
        checks = checks_of(office, made, expected_holder=WALLET)
        assert checks["verified"] == "True", checks
    assert list(office.store_check.run(the_operator(office))) == []


def test_a_copy_says_what_its_source_says(office: Office, copies: Copies, source: CredentialRecord) -> None:
    original = content_of(source)
    claims = {name: value for name, value in original["credentialSubject"].items() if name != "id"}
    assert claims
    same = content_of(copies.make(source, CredentialFormat.LDP_VC, WALLET))
    assert same["credentialSubject"] == {"id": WALLET, **claims}
    assert same["proof"]["type"] == original["proof"]["type"]
    token = open_token(content_of(copies.make(source, CredentialFormat.JWT_VC_JSON, WALLET)))
    assert token.document["credentialSubject"] == {"id": WALLET, **claims}
    assert (token.header["typ"], token.header["alg"]) == ("JWT", "EdDSA")
    assert token.compact.payload["iss"] == source.issuer_did
    opened = open_sd_jwt(content_of(copies.make(source, CredentialFormat.SD_JWT, WALLET)))
    assert {name: opened.claims[name] for name in claims} == claims
    assert opened.disclosed_names == claims.keys()
    assert opened.claims["iss"] == PUBLIC_URL
    assert opened.claims["vct"] == f"{PUBLIC_URL}/vct/dpw_certified"
    assert opened.claims["cnf"] == {"jwk": {"crv": "Ed25519", "kty": "OKP", "x": opened.claims["cnf"]["jwk"]["x"]}}  # type: ignore[index,call-overload]
    badge = content_of(copies.make(source, CredentialFormat.OPEN_BADGE, WALLET))
    achievement = badge["credentialSubject"]["achievement"]
    assert badge["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert badge["issuer"]["type"] == ["Profile"]
    assert achievement["name"] == "Department of Public Works certification"
    assert achievement["description"]
    assert achievement["criteria"]["narrative"]


def test_one_credential_has_so_many_forms_and_no_more(
    office: Office, copies: Copies, source: CredentialRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sealwright.services.copies.VALID_AT_MOST", 2)
    for form in (CredentialFormat.SD_JWT, CredentialFormat.JWT_VC_JSON):
        copies.make(source, form, WALLET)
    with pytest.raises(NotDeliverable):
        copies.make(source, CredentialFormat.LDP_VC, WALLET)
    assert audit_of(office)["credential.issued"] == 3


def test_a_scope_makes_one_copy(office: Office, copies: Copies, source: CredentialRecord) -> None:
    scope = IdempotencyScope("system:wallet", "make", "one", b"\x00" * 32)
    made = [copies.make(source, CredentialFormat.SD_JWT, WALLET, scope=scope) for _ in range(2)]
    assert made[0] == made[1]
    assert audit_of(office)["credential.issued"] == 2
    # A copy of a copy is one of its source.
    assert copies.make(made[0], CredentialFormat.JWT_VC_JSON, WALLET).copy_of == source.uid


def test_downloads_are_signed_once_and_anew_when_they_ended(
    office: Office, copies: Copies, source: CredentialRecord
) -> None:
    assert copies.for_download(source, form_of(source)) == source
    first = copies.for_download(source, CredentialFormat.JWT_VC_JSON)
    assert first.holder_did == source.holder_did
    assert copies.for_download(source, CredentialFormat.JWT_VC_JSON) == first
    end = lambda uow, me: office.revocation.revoke(uow, me, first.credential_id, "lost")  # noqa: E731
    act(office, the_operator(office), end, registry=False)
    again = copies.for_download(source, CredentialFormat.JWT_VC_JSON)
    assert again.uid != first.uid
    # What ended is not handed out by its own name either.
    with pytest.raises(NotDeliverable):
        copies.for_download(record_of(office, first.credential_id), CredentialFormat.JWT_VC_JSON)


def _states(office: Office, *records: CredentialRecord) -> list[str]:
    return [record_of(office, one.credential_id).status.value for one in records]


def test_copies_end_with_their_source(office: Office, copies: Copies, source: CredentialRecord) -> None:
    made = [copies.make(source, form, WALLET) for form in FORMS]

    def end(*, dry_run: bool) -> Effects | None:
        ending = lambda uow, me: office.revocation.revoke(uow, me, source.credential_id, "over", dry_run=dry_run)  # noqa: E731
        return act(office, the_operator(office), ending, registry=False).effects

    promised = end(dry_run=True)
    assert promised is not None
    assert set(promised.credentials_revoked) == {source.credential_id, *(one.credential_id for one in made)}
    assert set(_states(office, source, *made)) == {"valid"}
    assert end(dry_run=False) == promised
    assert set(_states(office, source, *made)) == {"revoked"}
    for one in (source, *made):
        assert audit_of(office, one.credential_id)["credential.revoked"] == 1
        assert checks_of(office, record_of(office, one.credential_id))["revocation"] == "failed"
    assert list(office.store_check.run(the_operator(office))) == []


def test_a_copy_ends_alone(office: Office, copies: Copies, source: CredentialRecord) -> None:
    one, other = (copies.make(source, CredentialFormat.SD_JWT, WALLET) for _ in range(2))
    end = lambda uow, me: office.revocation.revoke(uow, me, one.credential_id, "lost")  # noqa: E731
    assert act(office, the_operator(office), end, registry=False).effects is None
    assert _states(office, source, one, other) == ["valid", "revoked", "valid"]
    with office.units(write=False) as uow:
        held = uow.grants.get(source.grant_id or "")
    assert held is not None
    assert held.status.value == "active"


def _suspendable(office: Office) -> CredentialRecord:
    """A primary credential of a type that offers suspension."""
    admin = join(office, "ada", ADMIN)
    act(office, admin, lambda uow, me: office.catalog.update(uow, me, "dpw_certified", {"suspendable": True}))
    held = grant(office, reviewer(office, "rita"), improver(office, "mia"))
    return record_of(office, held.credential_id)


def test_copies_pause_with_their_source(office: Office, copies: Copies) -> None:
    source = _suspendable(office)
    made = [copies.make(source, form, WALLET) for form in (CredentialFormat.LDP_VC, CredentialFormat.SD_JWT)]
    _pause(office, source)
    assert _states(office, source, *made) == ["suspended"] * 3
    assert [checks_of(office, record_of(office, one.credential_id))["suspension"] for one in made] == ["failed"] * 2
    with pytest.raises(NotDeliverable):
        copies.make(source, CredentialFormat.JWT_VC_JSON, WALLET)
    _go_on(office, source)
    assert _states(office, source, *made) == ["valid"] * 3
    assert [checks_of(office, record_of(office, one.credential_id))["verified"] for one in made] == ["True"] * 2


def _pause(office: Office, record: CredentialRecord) -> None:
    boss, told = the_operator(office), "wait"
    act(office, boss, lambda uow, me: office.revocation.suspend(uow, me, record.credential_id, told), registry=False)


def _go_on(office: Office, record: CredentialRecord) -> None:
    boss, told = the_operator(office), "go on"
    act(office, boss, lambda uow, me: office.revocation.reinstate(uow, me, record.credential_id, told), registry=False)


@pytest.mark.parametrize("is_first", [True, False])
def test_what_was_suspended_by_itself_stays_so(office: Office, copies: Copies, is_first: bool) -> None:
    source = _suspendable(office)
    one, other = (copies.make(source, form, WALLET) for form in (CredentialFormat.LDP_VC, CredentialFormat.SD_JWT))
    for record in (one, source) if is_first else (source, one):
        _pause(office, record)
    assert _states(office, source, one, other) == ["suspended"] * 3
    assert audit_of(office, one.credential_id)["credential.suspended"] == (1 if is_first else 2)
    _pause(office, one)
    _go_on(office, source)
    assert _states(office, source, one, other) == ["valid", "suspended", "valid"]
    assert checks_of(office, record_of(office, one.credential_id))["suspension"] == "failed"
    _go_on(office, one)
    assert _states(office, source, one, other) == ["valid"] * 3
    assert checks_of(office, record_of(office, one.credential_id))["verified"] == "True"
    _pause(office, source)
    _go_on(office, source)
    assert _states(office, source, one, other) == ["valid"] * 3


def test_no_form_is_reinstated_while_its_source_is_suspended(office: Office, copies: Copies) -> None:
    source = _suspendable(office)
    made = copies.make(source, CredentialFormat.SD_JWT, WALLET)
    _pause(office, source)
    with pytest.raises(StateConflict):
        _go_on(office, made)
    assert _states(office, source, made) == ["suspended"] * 2
    assert checks_of(office, record_of(office, made.credential_id))["suspension"] == "failed"


def test_nothing_is_made_of_what_has_ended(office: Office, copies: Copies, source: CredentialRecord) -> None:
    revoke(office, reviewer(office, "ruth"), grant_id=source.grant_id)
    for form in FORMS:
        with pytest.raises(NotDeliverable):
            copies.make(source, form, WALLET)
        with pytest.raises(NotDeliverable):
            copies.for_download(record_of(office, source.credential_id), form)
    assert audit_of(office)["credential.issued"] == 1


def test_what_races_with_a_revocation_is_refused_and_void(
    office: Office, copies: Copies, source: CredentialRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Issuing.sign

    def late(self: Issuing, *args: Any) -> Any:
        revoke(office, reviewer(office, "ruth"), grant_id=source.grant_id)
        return original(self, *args)

    monkeypatch.setattr(Issuing, "sign", late)
    with pytest.raises(NotDeliverable):
        copies.make(source, CredentialFormat.SD_JWT, WALLET)
    assert audit_of(office)["credential.issued"] == 1
    with office.units(write=False) as uow:
        assert uow.credentials.copies_of(source.uid) == ()
    assert list(office.store_check.run(the_operator(office))) == []


class _Wallet:
    """A caller's own guard, which refuses at one of the two moments."""

    key = "offer:one"

    def __init__(self, refuses: str) -> None:
        self.refuses = refuses
        self.asked: list[str] = []

    def look_again(self, uow: Any, order: Any, now: Any) -> None:
        self._ask("look_again")

    def bind(self, uow: Any, order: Any, record: CredentialRecord, now: Any) -> CredentialRecord:
        assert record.copy_of is not None
        self._ask("bind")
        return record

    def _ask(self, moment: str) -> None:
        self.asked.append(moment)
        if moment == self.refuses:
            raise NotDeliverable("The offer is over.")


def test_the_callers_own_guard_is_asked_twice(office: Office, copies: Copies, source: CredentialRecord) -> None:
    for refuses, asked in (("look_again", 1), ("bind", 2)):
        guard = _Wallet(refuses)
        with pytest.raises(NotDeliverable, match="The offer is over"):
            copies.make(source, CredentialFormat.JWT_VC_JSON, WALLET, guard=guard)
        assert len(guard.asked) == asked
        assert audit_of(office)["credential.issued"] == 1
    guard = _Wallet("never")
    made = copies.make(source, CredentialFormat.JWT_VC_JSON, WALLET, guard=guard, actor=system_actor("wallet"))
    assert len(guard.asked) == 2
    (row,) = [row for row in audit_rows(office) if row["object"]["id"] == made.credential_id]
    assert row["actor"]["id"] == "wallet"


def test_nothing_unsound_is_signed_and_nothing_while_issuing_is_halted(
    office: Office, copies: Copies, source: CredentialRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = content_of(source)
    document["credentialSubject"]["id"] = WALLET
    altered = replace(source, document=json.dumps(document).encode())
    with pytest.raises(NotDeliverable):
        copies.make(altered, CredentialFormat.SD_JWT, WALLET)

    original = office.keys.sign
    monkeypatch.setattr(type(office.keys), "sign", lambda self, key, data, **more: original(key, data + b" ", **more))
    for form in FORMS:
        with pytest.raises(SigningFailed):
            copies.make(source, form, WALLET)
    monkeypatch.undo()

    act(office, the_operator(office), lambda uow, me: office.halting.halt(uow, me, reason="panic"))
    with pytest.raises(IssuingHalted):
        copies.make(source, CredentialFormat.SD_JWT, WALLET)
    assert audit_of(office)["credential.issued"] == 1


def test_copies_expire_when_their_source_does(office: Office, copies: Copies, clock: MovableClock) -> None:
    held = grant(
        office,
        reviewer(office, "rita"),
        improver(office, "mia"),
        expires_at=clock.now().replace(month=clock.now().month + 1),
    )
    source = record_of(office, held.credential_id)
    made = copies.make(source, CredentialFormat.SD_JWT, WALLET)
    clock.move(days=60)
    assert made.status_at(clock.now()) is CredentialStatus.EXPIRED
    assert checks_of(office, made)["expiration"] == "failed"
    with pytest.raises(NotDeliverable):
        copies.make(source, CredentialFormat.SD_JWT, WALLET)


def test_whoever_wins_the_race_no_copy_outlives_its_source(
    office: Office, copies: Copies, source: CredentialRecord
) -> None:
    boss, start = reviewer(office, "ruth"), Barrier(5)

    def make(form: CredentialFormat) -> CredentialRecord | None:
        start.wait()
        try:
            return copies.make(source, form, WALLET)
        except NotDeliverable:
            return None

    def end() -> None:
        start.wait()
        revoke(office, boss, grant_id=source.grant_id)

    with ThreadPoolExecutor(5) as pool:
        ending = pool.submit(end)
        made = [record for record in pool.map(make, FORMS) if record is not None]
        ending.result()
    assert set(_states(office, source, *made)) == {"revoked"}
    with office.units(write=False) as uow:
        assert {one.uid for one in uow.credentials.copies_of(source.uid)} == {one.uid for one in made}
    assert list(office.store_check.run(the_operator(office))) == []


def test_downloads_that_meet_share_one_copy(office: Office, copies: Copies, source: CredentialRecord) -> None:
    start = Barrier(3)

    def load(_: int) -> CredentialRecord:
        start.wait()
        return copies.for_download(source, CredentialFormat.SD_JWT)

    with ThreadPoolExecutor(3) as pool:
        loaded = {record.uid for record in pool.map(load, range(3))}
    assert len(loaded) == 1
    assert audit_of(office)["credential.issued"] == 2
