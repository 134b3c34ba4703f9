"""The join: a grant gets exactly one credential, or none, whatever breaks between decision, signature and store."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from sealwright.domain.credentials import CredentialFilter, CredentialStatus, IdempotencyScope, IssuanceRequest
from sealwright.domain.deciding import Decision
from sealwright.domain.errors import (
    GrantInForce,
    IdempotencyKeyReused,
    IssuingHalted,
    NotAnApprovedImprover,
    OutOfScope,
    PolicyViolation,
    SchemaNotAuthorized,
    SelfDecision,
    SigningFailed,
    StateConflict,
    StoreUnavailable,
)
from sealwright.domain.grants import Grant, GrantStatus
from sealwright.domain.people import Caller
from sealwright.domain.requests import Issuance
from sealwright.services.acts import idempotency_scope
from sealwright.services.dids import NewDID
from sealwright.services.grant_issuance import GrantGuard, GrantIssuance
from sealwright.services.issuance import Issuing
from sealwright.services.office import Office
from sealwright.services.order_checks import DocumentOptions
from sealwright.services.ports import StoredAnswer
from sealwright.services.review_values import Decided, NewGrant
from sealwright.vc.credentials.model import CREDENTIALS_V1
from sealwright.vc.encoding.strict_json import JSONValue
from tests.support.desk import DPW, act, join
from tests.support.office import MovableClock, the_operator
from tests.support.review import (
    APPROVED,
    IMPROVER,
    ISSUER,
    PENDING,
    REJECTED,
    ask,
    audit_of,
    decide,
    grant,
    improver,
    outcomes,
    reviewer,
    revoke,
    stored_grants,
    stored_request,
)


class Died(BaseException):
    """The process ends here."""


def _credentials(office: Office) -> list[Any]:
    with office.units(write=False) as uow:
        return list(uow.credentials.list(CredentialFilter(), now=office.clock.now(), limit=100, cursor=None).items)


def _held(office: Office, person: Caller) -> Grant:
    (held,) = stored_grants(office, person.user_id)
    return held


def _settle(office: Office, clock: MovableClock) -> None:
    """What a server does that comes up after a crash."""
    clock.move(seconds=61)
    office.housekeeping.sweep()
    office.grant_issuance.sign_due()


def _assert_one_credential(office: Office, person: Caller) -> None:
    held = _held(office, person)
    assert (held.status, held.issuance, held.issuance_error) == (GrantStatus.ACTIVE, Issuance.ISSUED, None)
    assert [(one.credential_id, one.grant_id) for one in _credentials(office)] == [(held.credential_id, held.grant_id)]
    assert outcomes(office, held.credential_id or "")["verified"] == "True"
    assert audit_of(office)["credential.issued"] == 1
    with office.units(write=False) as uow:
        assert uow.reservations.stale(office.clock.now() + timedelta(days=1), 10) == ()


def _dying(original: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
    def die(*args: Any, **named: Any) -> Any:
        if after:
            original(*args, **named)
        raise Died

    return die


CRASHES = [
    pytest.param(Issuing, "check", False, id="after the decision was committed"),
    pytest.param(GrantGuard, "look_again", False, id="while the guard looks"),
    pytest.param(Issuing, "sign", False, id="between reservation and signature"),
    pytest.param(Issuing, "sign", True, id="between signature and store"),
    pytest.param(GrantGuard, "bind", True, id="while the credential is stored"),
]


@pytest.mark.parametrize(("owner", "name", "after"), CRASHES)
def test_a_crash_leaves_one_credential_in_the_end(
    office: Office, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, owner: type, name: str, after: bool
) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    request = ask(office, ada)
    with monkeypatch.context() as broken:
        broken.setattr(owner, name, _dying(getattr(owner, name), after=after))
        with pytest.raises(Died):
            decide(office, rex, request, APPROVED)
    assert stored_request(office, request.request_id).state is APPROVED
    assert (_held(office, ada).issuance, _credentials(office)) == (Issuance.PENDING, [])
    _settle(office, clock)
    _assert_one_credential(office, ada)
    assert office.grant_issuance.sign_due() == 0


def _render(decided: Decided) -> StoredAnswer:
    view = decided.view
    told = [view.request.state, view.grant and view.grant.credential_id, list(decided.effects.grants_created)]
    return StoredAnswer(200, json.dumps(told).encode())


def _scope(caller: Caller, body: bytes = b"{}") -> IdempotencyScope:
    return idempotency_scope(caller.bucket, "POST", "/issuers/credential-requests/x/decision", "key-1", body)


@pytest.mark.parametrize(("owner", "name", "after"), CRASHES)
def test_the_same_key_settles_a_crash_to_one_answer(
    office: Office, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, owner: type, name: str, after: bool
) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    decision = Decision(ask(office, ada).request_id, APPROVED)
    with monkeypatch.context() as broken:
        broken.setattr(owner, name, _dying(getattr(owner, name), after=after))
        with pytest.raises(Died):
            office.review.answer(rex, decision, _render, _scope(rex))
    clock.move(seconds=6)
    first = office.review.answer(rex, decision, _render, _scope(rex))
    again = office.review.answer(rex, decision, _render, _scope(rex))
    assert (first.replayed, again.replayed, again.stored) == (False, True, first.stored)
    held = _held(office, ada)
    assert json.loads(first.stored.body) == ["approved", held.credential_id, [held.grant_id]]
    with pytest.raises(IdempotencyKeyReused):
        office.review.answer(rex, decision, _render, _scope(rex, b'{"other":1}'))
    decide(office, rex, stored_request(office, decision.request_id), REJECTED, expected_version=2)
    assert office.review.answer(rex, decision, _render, _scope(rex)).stored == first.stored
    assert audit_of(office)["request.approved"] == 1
    clock.move(seconds=61)
    office.housekeeping.sweep()
    assert len(_credentials(office)) == 1


def test_a_refused_call_binds_no_key(office: Office) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    request = ask(office, ada)
    act(office, the_operator(office), lambda uow, me: office.catalog.retire(uow, me, DPW))
    with pytest.raises(StateConflict):
        office.review.answer(rex, Decision(request.request_id, APPROVED), _render, _scope(rex))
    act(office, the_operator(office), lambda uow, me: office.catalog.reactivate(uow, me, DPW))
    answer = office.review.answer(rex, Decision(request.request_id, APPROVED), _render, _scope(rex, b"[]"))
    assert answer.replayed is False


def test_failed_signing_leaves_the_decision_and_is_tried_again(
    office: Office, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    request = ask(office, ada)
    with monkeypatch.context() as broken:
        broken.setattr(type(office.keys), "sign", lambda *_args, **_named: bytes(64))
        decided = decide(office, rex, request, APPROVED)
        held = _held(office, ada)
        assert (decided.view.request.state, decided.effects.credentials_issued) == (APPROVED, 0)
        assert (held.issuance, held.issuance_error) == (Issuance.FAILED, "SIGNING_FAILED")
        with pytest.raises(SigningFailed):
            office.granting.retry_issuance(rex, held.grant_id)
        clock.move(minutes=1)
        assert office.grant_issuance.sign_due() == 0
    assert audit_of(office, held.grant_id) == {"grant.created": 1, "grant.issuance_failed": 1}
    assert office.grant_issuance.sign_due() == 0, "tries thin out"
    granted = office.granting.retry_issuance(rex, held.grant_id)
    assert (granted.grant.issuance, granted.effects.credentials_issued) == (Issuance.ISSUED, 1)
    assert office.granting.retry_issuance(rex, held.grant_id).effects.changed is False
    _assert_one_credential(office, ada)


def test_a_halt_stops_decisions_before_they_are_made(office: Office) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    request = ask(office, ada)
    act(office, the_operator(office), lambda uow, me: office.halting.halt(uow, me, "leak"))
    with pytest.raises(IssuingHalted):
        decide(office, rex, request, APPROVED)
    with pytest.raises(IssuingHalted):
        grant(office, rex, ada)
    assert (stored_request(office, request.request_id).state, stored_grants(office, ada.user_id)) == (PENDING, ())
    decide(office, rex, request, REJECTED)


def test_the_database_away_while_signing(office: Office, clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    request = ask(office, ada)

    def away(*_args: object, **_named: object) -> None:
        raise StoreUnavailable("gone")

    with monkeypatch.context() as broken:
        broken.setattr(GrantGuard, "bind", away)
        decided = decide(office, rex, request, APPROVED)
    assert decided.view.grant is not None
    assert (decided.view.grant.issuance, decided.view.grant.issuance_error) == (Issuance.PENDING, None)
    _settle(office, clock)
    _assert_one_credential(office, ada)


def test_what_somebody_has_to_mend_is_tried_less_and_less(office: Office, clock: MovableClock) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    decide(office, rex, ask(office, ada), APPROVED, hold=True)
    act(office, the_operator(office), lambda uow, me: office.schemas.deactivate(uow, me, DPW_SCHEMA))
    tries = []
    for seconds in [30] * 240 + [600] * 132:
        clock.move(seconds=seconds)
        before = _held(office, ada).sign_after
        assert office.grant_issuance.sign_due() == 0
        if _held(office, ada).sign_after != before:
            tries.append(clock.now())
    pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(tries)]
    # Each pause is twice the last one, up to an hour; the clock of the last ones goes by in steps.
    assert pauses[:7] == [30 * 2**n for n in range(7)]
    assert set(pauses[8:]) == {3600}
    held = _held(office, ada)
    assert (held.issuance, held.issuance_error) == (Issuance.FAILED, "SCHEMA_INACTIVE")
    assert audit_of(office, held.grant_id) == {"grant.created": 1, "grant.issuance_failed": 1}
    act(office, the_operator(office), lambda uow, me: office.schemas.reactivate(uow, me, DPW_SCHEMA))
    clock.move(hours=1)
    assert office.grant_issuance.sign_due() == 1
    _assert_one_credential(office, ada)


@pytest.mark.parametrize("moment", ["check", "sign"])
def test_revoked_while_signing_ends_without_a_credential(
    office: Office, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    ada, rex, roy = improver(office, "ada"), reviewer(office, "rex"), reviewer(office, "roy")
    request = ask(office, ada)
    original = getattr(Issuing, moment)

    def meanwhile(*args: Any, **named: Any) -> Any:
        result = original(*args, **named)
        if _held(office, ada).status is GrantStatus.ACTIVE:
            revoke(office, roy, grant_id=_held(office, ada).grant_id)
        return result

    monkeypatch.setattr(Issuing, moment, meanwhile)
    decided = decide(office, rex, request, APPROVED)
    assert decided.view.grant is not None
    assert decided.view.grant.status is GrantStatus.REVOKED
    assert (_credentials(office), _held(office, ada).credential_id) == ([], None)
    assert audit_of(office, _held(office, ada).grant_id) == {"grant.created": 1, "grant.revoked": 1}
    with office.units(write=False) as uow:
        assert uow.reservations.stale(office.clock.now() + timedelta(days=1), 10) == ()


def test_revoked_before_signing_counts_no_credential(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, rex, roy = improver(office, "ada"), reviewer(office, "rex"), reviewer(office, "roy")
    original = GrantIssuance.sign_soon

    def late(self: GrantIssuance, grant_id: str, **named: Any) -> Any:
        revoke(office, roy, grant_id=grant_id)
        return original(self, grant_id, **named)

    monkeypatch.setattr(GrantIssuance, "sign_soon", late)
    decided = decide(office, rex, ask(office, ada), APPROVED)
    assert (decided.effects.credentials_issued, _credentials(office)) == (0, [])


# -- the undo window -----------------------------------------------------------------------------------------------


def test_pages_wait_for_the_undo_window(office: Office, clock: MovableClock) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    request = ask(office, ada)
    decided = decide(office, rex, request, APPROVED, hold=True)
    assert decided.view.undo_until == clock.now() + timedelta(seconds=10)
    assert (_held(office, ada).status, _held(office, ada).issuance) == (GrantStatus.ACTIVE, Issuance.PENDING)
    assert office.grant_issuance.sign_due() == 0
    clock.move(seconds=10)
    assert (office.grant_issuance.sign_due(), office.grant_issuance.sign_due()) == (1, 0)
    _assert_one_credential(office, ada)
    with pytest.raises(StateConflict):
        office.review.undo(rex, request.request_id)


def test_undo_is_a_recorded_decision_that_closes_the_grant(office: Office, clock: MovableClock) -> None:
    ada, rex, roy = improver(office, "ada"), reviewer(office, "rex"), reviewer(office, "roy")
    request = ask(office, ada)
    decide(office, rex, request, APPROVED, hold=True)
    with pytest.raises(StateConflict):
        office.review.undo(roy, request.request_id)
    undone = office.review.undo(rex, request.request_id, 2)
    assert (undone.view.request.state, undone.view.request.version) == (PENDING, 3)
    assert undone.effects.grants_revoked == (_held(office, ada).grant_id,)
    clock.move(minutes=5)
    assert (office.grant_issuance.sign_due(), _credentials(office)) == (0, [])
    assert office.notices.unread(ada) == 0
    assert audit_of(office, request.request_id) == {"request.created": 1, "request.approved": 1, "request.reopened": 1}
    causes = [entry.cause for entry in office.review.get(rex, request.request_id).history]
    assert causes == ["requested", "decided", "undone"]
    decide(office, rex, request, REJECTED, hold=True)
    assert office.review.undo(rex, request.request_id).view.request.state is PENDING
    decide(office, rex, request, REJECTED, hold=True)
    clock.move(seconds=10)
    with pytest.raises(StateConflict):
        office.review.undo(rex, request.request_id)


def test_issue_now_does_not_wait(office: Office, clock: MovableClock) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    request = ask(office, ada)
    decide(office, rex, request, APPROVED, hold=True)
    view = office.review.issue_now(rex, request.request_id)
    assert (view.grant and view.grant.issuance, view.undo_until) == (Issuance.ISSUED, None)
    with pytest.raises(StateConflict):
        office.review.undo(rex, request.request_id)
    clock.move(seconds=30)
    assert office.grant_issuance.sign_due() == 0
    _assert_one_credential(office, ada)


# -- issuing against a type's schema -------------------------------------------------------------------------------


def _wish(office: Office, issuer: str, holder: str, **more: object) -> IssuanceRequest:
    with office.units(write=False) as uow:
        kind = uow.types.get(DPW)
    assert kind is not None
    members: dict[str, object] = {
        "schema_id": kind.schema_id,
        "issuer_did": issuer,
        "holder_did": holder,
        "claims": {"qualification": DPW},
        "expiration": None,
        "proof_type": "Ed25519Signature2020",
        "revocable": True,
        "suspendable": False,
        **more,
    }
    return IssuanceRequest(**members)  # type: ignore[arg-type]


def _own_did(office: Office, caller: Caller) -> str:
    return act(office, caller, lambda uow, me: office.dids.create(uow, me, NewDID())).did


def _issue(office: Office, caller: Caller, wish: IssuanceRequest) -> Any:
    view = office.registry.current()
    return office.issuing.issue(office.issuing.check(wish, caller, view)).record


def test_issuing_against_a_types_schema_makes_the_grant(office: Office) -> None:
    rex = reviewer(office, "rex")
    issuer = _own_did(office, rex)
    ada = improver(office, "ada")
    holder = _own_did(office, ada)
    record = _issue(office, rex, _wish(office, issuer, holder))
    held = _held(office, ada)
    assert (record.grant_id, held.credential_id) == (held.grant_id, record.credential_id)
    assert (held.issued_by, held.issuance, held.request_id) == (rex.user_id, Issuance.ISSUED, None)
    assert audit_of(office, held.grant_id, record.credential_id) == {"grant.created": 1, "credential.issued": 1}
    with pytest.raises(GrantInForce) as again:
        _issue(office, rex, _wish(office, issuer, holder))
    assert again.value.extra == {"grant_id": held.grant_id}
    act(
        office,
        rex,
        lambda uow, me: office.revocation.revoke(uow, me, record.credential_id, "over"),
        registry=False,
    )
    assert _held(office, ada).status is GrantStatus.REVOKED
    assert office.shelf.status(record.credential_id).status is CredentialStatus.REVOKED


def test_issuing_against_a_types_schema_needs_what_granting_needs(office: Office) -> None:
    rex, outsider = reviewer(office, "rex"), reviewer(office, "vera", "sfluv_verifier")
    both = join(office, "both", IMPROVER, ISSUER, scopes=(DPW,))
    issuer, foreign, own = (_own_did(office, one) for one in (rex, outsider, both))
    ada, idle = improver(office, "ada"), join(office, "idle")
    holder, idle_did = _own_did(office, ada), _own_did(office, idle)
    with pytest.raises(OutOfScope):
        _issue(office, outsider, _wish(office, foreign, holder))
    with pytest.raises(SelfDecision):
        _issue(office, both, _wish(office, own, own))
    with pytest.raises(NotAnApprovedImprover):
        _issue(office, rex, _wish(office, issuer, idle_did))
    with pytest.raises(NotAnApprovedImprover):
        _issue(office, rex, _wish(office, issuer, STRANGER))
    with pytest.raises(PolicyViolation):
        _issue(office, rex, _wish(office, issuer, holder, revocable=False))
    _, secret = act(office, rex, lambda uow, me: office.api_keys.create(uow, me, name="k", issuer_dids=[issuer]))
    key = office.access.authenticate(f"Bearer {secret.text}", office.registry.current())
    record = _issue(office, key, _wish(office, issuer, holder))
    assert _held(office, ada).issued_by == key.actor.id
    assert record.grant_id is not None


DPW_SCHEMA = "did:adi:schema:dpw-certified-v1"
STRANGER = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"


def test_issuing_against_a_types_schema_does_not_pass_the_second_reviewer_by(office: Office) -> None:
    act(office, the_operator(office), lambda uow, me: office.catalog.update(uow, me, DPW, {"two_person": True}))
    rex, ada = reviewer(office, "rex"), improver(office, "ada")
    with pytest.raises(PolicyViolation):
        _issue(office, rex, _wish(office, _own_did(office, rex), _own_did(office, ada)))


def test_issuing_against_a_types_schema_does_not_pass_the_note_by(office: Office) -> None:
    change = {"approval_note_required": True}
    act(office, the_operator(office), lambda uow, me: office.catalog.update(uow, me, DPW, change))
    rex, ada = reviewer(office, "rex"), improver(office, "ada")
    with pytest.raises(PolicyViolation):
        _issue(office, rex, _wish(office, _own_did(office, rex), _own_did(office, ada)))


def test_a_document_of_ones_own_goes_round_no_rule_of_its_schema(office: Office) -> None:
    rex = reviewer(office, "rex")
    issuer, holder = _own_did(office, rex), _own_did(office, improver(office, "ada"))
    view = office.registry.current()
    schema = view.schema(DPW_SCHEMA)
    assert schema is not None
    document: dict[str, JSONValue] = {
        "@context": [CREDENTIALS_V1, schema.context_url],
        "type": ["VerifiableCredential", *schema.type],
        "issuer": issuer,
        "credentialSubject": {"id": holder, "qualification": DPW},
        "credentialSchema": {"id": DPW_SCHEMA, "type": "JsonSchemaValidator2018"},
    }
    plain: dict[str, JSONValue] = {
        "@context": [CREDENTIALS_V1],
        "type": ["VerifiableCredential"],
        "issuer": issuer,
        "credentialSubject": {"id": holder},
    }
    check, options = office.issuing.check_document, DocumentOptions()
    words = {"Sealed": f"{schema.context_url}#{schema.type[0]}", "word": f"{schema.context_url}#qualification"}
    inline: dict[str, JSONValue] = {**plain, "@context": [CREDENTIALS_V1, dict(words)]}
    inline |= {"type": ["VerifiableCredential", "Sealed"], "credentialSubject": {"id": holder, "word": DPW}}
    for refused in (document, inline):
        with pytest.raises(PolicyViolation):
            check(refused, options, rex, view)
    assert check(plain, options, rex, view).external_id is None
    _, secret = act(
        office,
        rex,
        lambda uow, me: office.api_keys.create(uow, me, name="k", issuer_dids=[issuer], schemas=[DPW_SCHEMA]),
    )
    key = office.access.authenticate(f"Bearer {secret.text}", office.registry.current())
    with pytest.raises(SchemaNotAuthorized):
        check(plain, options, key, office.registry.current())


def test_scope_lost_between_signature_and_store_makes_no_grant(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    rex, ada = reviewer(office, "rex"), improver(office, "ada")
    issuer, holder = _own_did(office, rex), _own_did(office, ada)
    original = Issuing.sign

    def meanwhile(*args: Any) -> None:
        original(*args)
        act(
            office,
            the_operator(office),
            lambda uow, me: office.enrollment.put_issuer(uow, me, rex.user_id, allowed_credentials=["sfluv_verifier"]),
        )

    monkeypatch.setattr(Issuing, "sign", meanwhile)
    with pytest.raises(OutOfScope):
        _issue(office, rex, _wish(office, issuer, holder))
    assert (stored_grants(office, ada.user_id), _credentials(office)) == ((), [])


def test_three_roads_at_once_give_one_grant(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    rex, roy, ada = reviewer(office, "rex"), reviewer(office, "roy"), improver(office, "ada")
    issuer, holder = _own_did(office, rex), _own_did(office, ada)
    request = ask(office, ada)
    original = Issuing.sign

    def meanwhile(*args: Any) -> None:
        original(*args)
        if not stored_grants(office, ada.user_id):
            office.granting.grant(roy, NewGrant(ada.user_id, DPW))

    monkeypatch.setattr(Issuing, "sign", meanwhile)
    with pytest.raises(GrantInForce):
        _issue(office, rex, _wish(office, issuer, holder))
    with pytest.raises(GrantInForce):
        decide(office, rex, request, APPROVED)
    monkeypatch.undo()
    _assert_one_credential(office, ada)
