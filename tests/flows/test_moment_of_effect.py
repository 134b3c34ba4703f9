"""What was withdrawn between the door and the effect counts: keys, issuers, schemas, halts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sealwright.domain.credentials import ReservationState
from sealwright.domain.errors import (
    ClockBehind,
    HolderDeactivated,
    IssuerDeactivated,
    IssuingHalted,
    NotSignedIn,
    SchemaInactive,
    SigningFailed,
)
from sealwright.domain.people import Caller
from sealwright.services.issuing_line import Job
from sealwright.services.office import Office
from sealwright.services.order_checks import DocumentOptions
from sealwright.vc.credentials.model import CREDENTIALS_V1
from sealwright.vc.encoding.strict_json import JSONValue
from tests.support.furnished import Furnished
from tests.support.office import HOLDER, ISSUER, MovableClock, api_key_for, degree_request, furnish, issue, the_operator

Withdrawal = Callable[[Office, Caller], None]


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock, furnished: Furnished) -> Iterator[Office]:
    with furnished.open(database_url, tmp_path / "home", clock, furnish) as opened:
        yield opened


def _act(office: Office, act: Callable[..., object]) -> None:
    office.acts.run(the_operator(office), act, changes_registry=True)


def _revoke_key(office: Office, caller: Caller) -> None:
    _act(office, lambda uow, me: office.api_keys.revoke(uow, me, caller.actor.id))


def _end_issuer(office: Office, caller: Caller) -> None:
    _act(office, lambda uow, me: office.dids.deactivate(uow, me, ISSUER))


def _end_holder(office: Office, caller: Caller) -> None:
    _act(office, lambda uow, me: office.dids.deactivate(uow, me, HOLDER))


def _end_schema(office: Office, caller: Caller) -> None:
    _act(office, lambda uow, me: office.schemas.deactivate(uow, me, degree_request().schema_id))


def _halt(office: Office, caller: Caller) -> None:
    _act(office, lambda uow, me: office.halting.halt(uow, me, "leak"))


WITHDRAWALS = [
    pytest.param(_revoke_key, NotSignedIn, id="the key was revoked"),
    pytest.param(_end_issuer, IssuerDeactivated, id="the issuer was deactivated"),
    pytest.param(_end_holder, HolderDeactivated, id="the holder was deactivated"),
    pytest.param(_end_schema, SchemaInactive, id="the schema was deactivated"),
    pytest.param(_halt, IssuingHalted, id="issuing was halted"),
]


@pytest.mark.parametrize(("withdraw", "refusal"), WITHDRAWALS)
def test_withdrawn_before_the_reservation(office: Office, withdraw: Withdrawal, refusal: type[Exception]) -> None:
    caller = api_key_for(office, ISSUER)
    order = office.issuing.check(degree_request(), caller, office.registry.current())
    withdraw(office, caller)
    with pytest.raises(refusal):
        office.issuing.issue(order)
    with office.units(write=False) as uow:
        assert uow.reservations.stale(office.clock.now().replace(year=2099), 10) == ()


@pytest.mark.parametrize(("withdraw", "refusal"), WITHDRAWALS)
def test_withdrawn_between_signature_and_store(office: Office, withdraw: Withdrawal, refusal: type[Exception]) -> None:
    caller = api_key_for(office, ISSUER)
    job = Job(office.issuing.check(degree_request(), caller, office.registry.current()), None)
    with office.units() as uow:
        office.issuing.reserve(uow, [job])
        uow.commit()
    office.issuing.sign(job)
    assert job.record is not None
    withdraw(office, caller)
    with office.units() as uow:
        office.issuing.store(uow, [job])
        uow.commit()
    assert isinstance(job.error, refusal)
    with office.units(write=False) as uow:
        assert uow.credentials.get(job.record.credential_id) is None
        assert uow.reservations.state(job.record.uid) is ReservationState.VOID


def test_rotation_under_way_signs_with_the_new_key(office: Office) -> None:
    order = office.issuing.check(degree_request(), the_operator(office), office.registry.current())
    old = order.method.id
    _act(office, lambda uow, me: office.dids.rotate(uow, me, ISSUER))
    record = office.issuing.issue(order).record
    assert record.verification_method != old


def test_clock_behind_the_trail_issues_nothing(office: Office, clock: MovableClock) -> None:
    order = office.issuing.check(degree_request(), the_operator(office), office.registry.current())
    clock.move(hours=-1)
    with pytest.raises(ClockBehind):
        office.issuing.issue(order)


def test_failed_signature_voids_the_reservation(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    order = office.issuing.check(degree_request(), the_operator(office), office.registry.current())
    good = office.keys.sign

    def bad(*args: object, **named: object) -> bytes:
        return bytes(64)

    monkeypatch.setattr(type(office.keys), "sign", bad)
    with pytest.raises(SigningFailed):
        office.issuing.issue(order)
    monkeypatch.setattr(type(office.keys), "sign", good)
    with office.units(write=False) as uow:
        assert uow.reservations.stale(office.clock.now().replace(year=2099), 10) == ()
    assert issue(office).record.document is not None


def test_a_halted_schema_stops_documents_that_name_it_or_speak_its_words(office: Office) -> None:
    caller, view = api_key_for(office, ISSUER), office.registry.current()
    schema = view.schema(degree_request().schema_id)
    assert schema is not None
    plain: dict[str, JSONValue] = {
        "@context": [CREDENTIALS_V1],
        "type": ["VerifiableCredential"],
        "issuer": ISSUER,
        "credentialSubject": {"id": HOLDER},
    }
    naming: dict[str, JSONValue] = {
        **plain,
        "@context": [CREDENTIALS_V1, schema.context_url],
        "credentialSubject": {"id": HOLDER, **degree_request().claims},
        "credentialSchema": {"id": schema.schema_id, "type": "JsonSchemaValidator2018"},
    }
    words: JSONValue = {"Degree": f"{schema.context_url}#{schema.type[0]}"}
    speaking: dict[str, JSONValue] = {
        **plain,
        "@context": [CREDENTIALS_V1, words],
        "type": ["VerifiableCredential", "Degree"],
    }
    check, options = office.issuing.check_document, DocumentOptions()
    orders = [check(document, options, caller, view) for document in (naming, speaking)]
    _act(office, lambda uow, me: office.halting.halt(uow, me, "leak", schema_id=schema.schema_id))
    halted = office.registry.current()
    for document in (naming, speaking):
        with pytest.raises(IssuingHalted):
            check(document, options, caller, halted)
    for order in orders:
        with pytest.raises(IssuingHalted):
            office.issuing.issue(order)
    assert office.issuing.issue(check(plain, options, caller, halted)) is not None
