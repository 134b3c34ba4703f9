"""The join: a grant gets exactly one credential, or none, whatever breaks between decision, signature and store."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from sealwright.domain.credentials import IdempotencyScope
from sealwright.domain.deciding import Decision
from sealwright.domain.errors import (
    IdempotencyKeyReused,
    IssuingHalted,
    SigningFailed,
    StateConflict,
    StoreUnavailable,
)
from sealwright.domain.grants import GrantStatus
from sealwright.domain.people import Caller
from sealwright.domain.requests import Issuance
from sealwright.services.acts import idempotency_scope
from sealwright.services.grant_issuance import GrantGuard, GrantIssuance
from sealwright.services.issuance import Issuing
from sealwright.services.office import Office
from sealwright.services.ports import StoredAnswer
from sealwright.services.review_values import Decided
from tests.support.desk import DPW, DPW_SCHEMA, act
from tests.support.office import MovableClock, the_operator
from tests.support.review import (
    APPROVED,
    PENDING,
    REJECTED,
    all_credentials,
    ask,
    assert_one_credential,
    audit_of,
    decide,
    grant,
    held_by,
    improver,
    reviewer,
    revoke,
    stored_grants,
    stored_request,
)


class Died(BaseException):
    """The process ends here."""


def _settle(office: Office, clock: MovableClock) -> None:
    """What a server does that comes up after a crash."""
    clock.move(seconds=61)
    office.tasks.run("sweep")
    office.grant_issuance.sign_due()


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
    assert (held_by(office, ada).issuance, all_credentials(office)) == (Issuance.PENDING, [])
    _settle(office, clock)
    assert_one_credential(office, ada)
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
    held = held_by(office, ada)
    assert json.loads(first.stored.body) == ["approved", held.credential_id, [held.grant_id]]
    with pytest.raises(IdempotencyKeyReused):
        office.review.answer(rex, decision, _render, _scope(rex, b'{"other":1}'))
    decide(office, rex, stored_request(office, decision.request_id), REJECTED, expected_version=2)
    assert office.review.answer(rex, decision, _render, _scope(rex)).stored == first.stored
    assert audit_of(office)["request.approved"] == 1
    clock.move(seconds=61)
    office.tasks.run("sweep")
    assert len(all_credentials(office)) == 1


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
        held = held_by(office, ada)
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
    assert_one_credential(office, ada)


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
    assert_one_credential(office, ada)


def test_what_somebody_has_to_mend_is_tried_less_and_less(office: Office, clock: MovableClock) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    decide(office, rex, ask(office, ada), APPROVED, hold=True)
    act(office, the_operator(office), lambda uow, me: office.schemas.deactivate(uow, me, DPW_SCHEMA))
    tries = []
    for seconds in [30] * 240 + [600] * 132:
        clock.move(seconds=seconds)
        before = held_by(office, ada).sign_after
        assert office.grant_issuance.sign_due() == 0
        if held_by(office, ada).sign_after != before:
            tries.append(clock.now())
    pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(tries)]
    # Each pause is twice the last one, up to an hour; the clock of the last ones goes by in steps.
    assert pauses[:7] == [30 * 2**n for n in range(7)]
    assert set(pauses[8:]) == {3600}
    held = held_by(office, ada)
    assert (held.issuance, held.issuance_error) == (Issuance.FAILED, "SCHEMA_INACTIVE")
    assert audit_of(office, held.grant_id) == {"grant.created": 1, "grant.issuance_failed": 1}
    act(office, the_operator(office), lambda uow, me: office.schemas.reactivate(uow, me, DPW_SCHEMA))
    clock.move(hours=1)
    assert office.grant_issuance.sign_due() == 1
    assert_one_credential(office, ada)


@pytest.mark.parametrize("moment", ["check", "sign"])
def test_revoked_while_signing_ends_without_a_credential(
    office: Office, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    ada, rex, roy = improver(office, "ada"), reviewer(office, "rex"), reviewer(office, "roy")
    request = ask(office, ada)
    original = getattr(Issuing, moment)

    def meanwhile(*args: Any, **named: Any) -> Any:
        result = original(*args, **named)
        if held_by(office, ada).status is GrantStatus.ACTIVE:
            revoke(office, roy, grant_id=held_by(office, ada).grant_id)
        return result

    monkeypatch.setattr(Issuing, moment, meanwhile)
    decided = decide(office, rex, request, APPROVED)
    assert decided.view.grant is not None
    assert decided.view.grant.status is GrantStatus.REVOKED
    assert (all_credentials(office), held_by(office, ada).credential_id) == ([], None)
    assert audit_of(office, held_by(office, ada).grant_id) == {"grant.created": 1, "grant.revoked": 1}
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
    assert (decided.effects.credentials_issued, all_credentials(office)) == (0, [])


# -- the undo window -----------------------------------------------------------------------------------------------


def test_pages_wait_for_the_undo_window(office: Office, clock: MovableClock) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    request = ask(office, ada)
    decided = decide(office, rex, request, APPROVED, hold=True)
    assert decided.view.undo_until == clock.now() + timedelta(seconds=10)
    assert (held_by(office, ada).status, held_by(office, ada).issuance) == (GrantStatus.ACTIVE, Issuance.PENDING)
    assert office.grant_issuance.sign_due() == 0
    clock.move(seconds=10)
    assert (office.grant_issuance.sign_due(), office.grant_issuance.sign_due()) == (1, 0)
    assert_one_credential(office, ada)
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
    assert undone.effects.grants_revoked == (held_by(office, ada).grant_id,)
    clock.move(minutes=5)
    assert (office.grant_issuance.sign_due(), all_credentials(office)) == (0, [])
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
    assert_one_credential(office, ada)
