"""The main story: somebody asks, a reviewer decides, the decision is a credential, and a later decision ends it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.catalog import Visibility
from sealwright.domain.credentials import CredentialStatus, ReasonCode
from sealwright.domain.errors import (
    AlreadyRevoked,
    GrantInForce,
    GrantNotFound,
    MissingMember,
    NotAnApprovedImprover,
    NotSuspendable,
    OutOfScope,
    PolicyViolation,
    PreconditionFailed,
    RequestNotFound,
    RequestPendingExists,
    RoleRequired,
    SelfDecision,
    StateConflict,
    UnknownCredentialType,
    VersionConflict,
)
from sealwright.domain.grants import GrantStatus
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import Caller
from sealwright.domain.requests import Issuance, RequestFilter, RequestState
from sealwright.services.office import Office
from sealwright.vc.errors import ClaimsDoNotMatchSchema
from tests.support.desk import DPW, VERIFIER, act, join
from tests.support.office import MovableClock, the_operator
from tests.support.one_connection import as_another_thread
from tests.support.review import (
    ADMIN,
    APPROVED,
    IMPROVER,
    ISSUER,
    PENDING,
    REJECTED,
    ask,
    audit_of,
    audit_rows,
    decide,
    grant,
    improver,
    outcomes,
    reviewer,
    revoke,
    stored_grants,
    stored_request,
)


def _told(office: Office, caller: Caller) -> list[NoticeKind]:
    return [notice.kind for notice in office.notices.inbox(caller, page=1, count=50).items]


def test_an_approval_is_a_credential_until_it_is_rejected(office: Office) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    request = ask(office, ada, note="five years of street repair")
    assert _told(office, rex) == [NoticeKind.REQUEST_RECEIVED]
    preview = decide(office, rex, request, APPROVED, dry_run=True)
    assert (preview.dry_run, preview.view.request.state, stored_grants(office, ada.user_id)) == (True, PENDING, ())

    decided = decide(office, rex, request, APPROVED, message="welcome", expected_version=1)

    held = decided.view.grant
    assert held is not None
    assert held.credential_id is not None
    assert (held.status, held.issuance, held.request_id) == (GrantStatus.ACTIVE, Issuance.ISSUED, request.request_id)
    assert held.holder_did == office.people.get(ada.user_id).holder_did
    assert decided.effects == replace(preview.effects, grants_created=(held.grant_id,))
    assert (decided.effects.credentials_issued, decided.effects.grants_created) == (1, (held.grant_id,))
    assert outcomes(office, held.credential_id)["verified"] == "True"
    assert office.shelf.status(held.credential_id).grant_id == held.grant_id
    assert sorted(_told(office, ada)) == [NoticeKind.APPROVED, NoticeKind.CREDENTIAL_READY]

    taken = decide(office, rex, request, REJECTED, note="it was a mistake", expected_version=2, dry_run=True)
    assert stored_grants(office, ada.user_id)[0].status is GrantStatus.ACTIVE
    rejected = decide(office, rex, request, REJECTED, note="it was a mistake", expected_version=2)
    assert rejected.effects == taken.effects
    assert rejected.effects.credentials_revoked == (held.credential_id,)
    assert rejected.effects.policy is not None
    verdict = outcomes(office, held.credential_id)
    assert (verdict["verified"], verdict["revocation"], verdict["proof"]) == ("False", "failed", "passed")
    ended = stored_grants(office, ada.user_id)[0]
    assert (ended.status, ended.revoked_by) == (GrantStatus.REVOKED, rex.user_id)
    # What reviewers note for themselves is not what the holder reads.
    assert "mistake" not in (ended.reason or "")
    ids = (request.request_id, held.grant_id, held.credential_id)
    assert audit_of(office, *ids) == {
        "request.created": 1,
        "request.approved": 1,
        "grant.created": 1,
        "credential.issued": 1,
        "request.rejected": 1,
        "grant.revoked": 1,
        "credential.revoked": 1,
    }
    assert office.auditing.verify(the_operator(office)).verified is True
    assert not any(word in str(audit_rows(office)) for word in ("mistake", "welcome", "street repair", "Ada"))


def test_history_only_grows_and_a_new_approval_is_a_new_grant(office: Office) -> None:
    ada, rex, roy = improver(office, "ada"), reviewer(office, "rex"), reviewer(office, "roy")
    request = ask(office, ada)
    decide(office, rex, request, APPROVED)
    decide(office, roy, request, PENDING, note="let me look", expected_version=2)
    first = stored_grants(office, ada.user_id)[0]
    assert first.status is GrantStatus.REVOKED
    decide(office, roy, request, REJECTED, note="no", message="bring the papers", expected_version=3)
    decided = decide(office, rex, request, APPROVED, expected_version=4)
    assert decided.view.grant is not None
    assert decided.view.grant.supersedes == first.grant_id
    detail = office.review.get(rex, request.request_id)
    assert [(entry.cause, entry.to_state, entry.actor) for entry in detail.history] == [
        ("requested", PENDING, ada.user_id),
        ("decided", APPROVED, rex.user_id),
        ("decided", PENDING, roy.user_id),
        ("decided", REJECTED, roy.user_id),
        ("decided", APPROVED, rex.user_id),
    ]
    assert detail.view.request.version == 5
    assert len(detail.grants) == 2
    own = office.intake.own_one(ada, request.request_id)
    assert (own.view.request.note, {entry.note for entry in own.history}) == (None, {None})
    assert "bring the papers" in {entry.message for entry in own.history}


def test_the_state_already_held_changes_nothing(office: Office) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    request = ask(office, ada)
    decide(office, rex, request, APPROVED)
    before = audit_of(office)
    again = decide(office, rex, request, APPROVED, expected_version=2)
    assert (again.effects.changed, again.view.request.version) == (False, 2)
    assert (audit_of(office), len(stored_grants(office, ada.user_id))) == (before, 1)


def test_stale_and_blind_decisions_are_refused(office: Office) -> None:
    ada, rex, roy = improver(office, "ada"), reviewer(office, "rex"), reviewer(office, "roy")
    request = ask(office, ada)
    decide(office, rex, request, REJECTED)
    before = audit_of(office)
    with pytest.raises(VersionConflict) as late:
        decide(office, roy, request, APPROVED)
    assert late.value.extra == {"current": {"status": "rejected", "version": 2, "resolved_by": rex.user_id}}
    with pytest.raises(VersionConflict):
        decide(office, roy, request, APPROVED, expected_version=1)
    with pytest.raises(PreconditionFailed):
        decide(office, roy, request, APPROVED, if_match=1)
    with pytest.raises(MissingMember):
        decide(office, roy, ask(office, improver(office, "bo")), REJECTED, note=" ")
    assert audit_of(office) - before == {"user.created": 1, "token.created": 1, "request.created": 1}


def test_scope_own_requests_and_missing_ones(office: Office) -> None:
    ada = join(office, "ada", IMPROVER, ISSUER, scopes=(DPW,))
    outsider, admin = reviewer(office, "vera", VERIFIER), join(office, "adm", ADMIN, IMPROVER)
    request = ask(office, ada)
    for name in (request.request_id, "req_nowhere"):
        with pytest.raises(OutOfScope) as refused:
            office.review.get(outsider, name)
        with pytest.raises(OutOfScope) as undecided:
            decide(office, outsider, replace(request, request_id=name), APPROVED)
        assert refused.value.detail == undecided.value.detail
    with pytest.raises(RequestNotFound):
        office.review.get(admin, "req_nowhere")
    with pytest.raises(SelfDecision):
        decide(office, ada, request, APPROVED)
    own = ask(office, admin)
    with pytest.raises(SelfDecision):
        decide(office, admin, own, APPROVED)
    with pytest.raises(RoleRequired):
        office.review.get(improver(office, "bo"), request.request_id)
    assert office.review.list(outsider, RequestFilter(), page=1, count=20).total == 0
    assert office.review.list(outsider, RequestFilter(types=frozenset({DPW})), page=1, count=20).total == 0
    assert office.review.list(ada, RequestFilter(), page=1, count=20).total == 2
    queue = office.review.list(ada, RequestFilter(), page=1, count=20).items
    assert {view.request.request_id: view.is_yours for view in queue} == {
        request.request_id: True,
        own.request_id: False,
    }


def test_lost_rights_count_at_the_moment_of_effect(office: Office) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    request = ask(office, ada)
    admin = join(office, "adm", ADMIN)
    act(
        office,
        admin,
        lambda uow, me: office.enrollment.put_issuer(uow, me, rex.user_id, allowed_credentials=[VERIFIER]),
    )
    with pytest.raises(OutOfScope):
        decide(office, rex, request, APPROVED)
    act(office, admin, lambda uow, me: office.enrollment.set_role(uow, me, ada.user_id, IMPROVER, False))
    with pytest.raises(NotAnApprovedImprover):
        decide(office, admin, request, APPROVED)
    assert stored_request(office, request.request_id).state is PENDING


def test_lost_scope_ends_no_grant(office: Office) -> None:
    ada, rex, admin = improver(office, "ada"), reviewer(office, "rex"), join(office, "adm", ADMIN)
    decide(office, rex, ask(office, ada), APPROVED)
    act(office, admin, lambda uow, me: office.enrollment.set_role(uow, me, rex.user_id, ISSUER, False))
    assert stored_grants(office, ada.user_id)[0].status is GrantStatus.ACTIVE


def test_one_pending_request_and_one_grant_a_type(office: Office) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    first = ask(office, ada)
    with pytest.raises(RequestPendingExists):
        ask(office, ada)
    act(office, ada, lambda uow, me: office.intake.withdraw(uow, me, first.request_id), registry=False)
    request = ask(office, ada)
    direct = grant(office, rex, ada)
    with pytest.raises(GrantInForce) as held:
        decide(office, rex, request, APPROVED)
    assert held.value.extra == {"grant_id": direct.grant_id}
    with pytest.raises(GrantInForce):
        grant(office, rex, ada)
    decide(office, rex, request, REJECTED)
    with pytest.raises(GrantInForce):
        ask(office, ada)
    assert stored_grants(office, ada.user_id)[0].status is GrantStatus.ACTIVE
    revoke(office, rex, grant_id=direct.grant_id, reason="over")
    again = ask(office, ada)
    with pytest.raises(RequestPendingExists):
        decide(office, rex, request, PENDING, expected_version=2)
    assert again.earlier_rejections == 1


def test_claims_are_checked_when_asked_and_when_decided(office: Office) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    with pytest.raises(ClaimsDoNotMatchSchema):
        ask(office, ada, claims={"level": "king"})
    request = ask(office, ada, claims={"level": "journey"})
    assert request.claims == {"level": "journey", "qualification": DPW}
    with pytest.raises(ClaimsDoNotMatchSchema):
        decide(office, rex, request, APPROVED, claims={"level": 5})
    decided = decide(office, rex, request, APPROVED, claims={"level": "supervisor"})
    assert decided.view.grant is not None
    document = office.shelf.status(decided.view.grant.credential_id or "").document or b""
    assert b'"level":"supervisor"' in document
    assert b'"qualification":"dpw_certified"' in document


def test_asking_replying_and_assigning_are_no_moves(office: Office) -> None:
    ada, rex, roy = improver(office, "ada"), reviewer(office, "rex"), reviewer(office, "roy")
    request = ask(office, ada)

    review, intake, one = office.review, office.intake, request.request_id
    act(office, rex, lambda uow, me: review.assign(uow, me, one, roy.user_id), registry=False)
    view = act(office, rex, lambda uow, me: review.ask(uow, me, one, "which streets?"), registry=False)
    assert (view.request.needs_info, view.request.version, view.request.assignee_user_id) == (True, 1, roy.user_id)
    assert _told(office, ada) == [NoticeKind.NEEDS_INFO]
    view = act(office, ada, lambda uow, me: intake.reply(uow, me, one, "Main and 5th"), registry=False)
    assert (view.request.needs_info, view.request.version) == (False, 1)
    assert NoticeKind.REQUEST_REPLIED in _told(office, roy)
    assert audit_of(office, one) == {
        "request.created": 1,
        "request.assigned": 1,
        "request.info_requested": 1,
        "request.replied": 1,
    }
    decide(office, rex, request, REJECTED)
    for late in (
        lambda uow, me: review.ask(uow, me, one, "more?"),
        lambda uow, me: review.assign(uow, me, one, None),
    ):
        with pytest.raises(StateConflict):
            act(office, rex, late, registry=False)
    with pytest.raises(StateConflict):
        act(office, ada, lambda uow, me: intake.reply(uow, me, one, "late"), registry=False)
    with pytest.raises(RequestNotFound):
        act(office, rex, lambda uow, me: intake.reply(uow, me, one, "not mine"), registry=False)


def test_two_people_decide_where_the_type_says_so(office: Office) -> None:
    operator = the_operator(office)
    act(office, operator, lambda uow, me: office.catalog.update(uow, me, DPW, {"two_person": True}))
    ada, rex, roy = improver(office, "ada"), reviewer(office, "rex"), reviewer(office, "roy")
    request = ask(office, ada)
    first = decide(office, rex, request, APPROVED)
    assert (first.view.request.state, first.view.request.endorsed_by, first.view.grant) == (PENDING, rex.user_id, None)
    with pytest.raises(StateConflict):
        decide(office, rex, request, APPROVED)
    second = decide(office, roy, request, APPROVED)
    assert second.view.grant is not None
    assert second.view.grant.issuance is Issuance.ISSUED
    assert audit_of(office, request.request_id)["request.endorsed"] == 1


def test_two_people_are_not_passed_by_on_another_road(office: Office) -> None:
    operator, ada, rex = the_operator(office), improver(office, "ada"), reviewer(office, "rex")
    act(office, operator, lambda uow, me: office.catalog.update(uow, me, DPW, {"two_person": True}))
    for caller in (rex, operator):
        with pytest.raises(PolicyViolation):
            grant(office, caller, ada)
    act(office, operator, lambda uow, me: office.catalog.update(uow, me, DPW, {"visibility": Visibility.PRIVATE}))
    assert grant(office, rex, ada).issuance is Issuance.ISSUED


def test_a_note_is_asked_of_direct_grants_too(office: Office) -> None:
    operator, ada, rex = the_operator(office), improver(office, "ada"), reviewer(office, "rex")
    act(office, operator, lambda uow, me: office.catalog.update(uow, me, DPW, {"approval_note_required": True}))
    for note in (None, "  "):
        with pytest.raises(MissingMember) as refused:
            grant(office, rex, ada, note=note)
        assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("/note", "MISSING_FIELD")]
    assert stored_grants(office, ada.user_id) == ()
    assert grant(office, rex, ada, note="seen the papers").issuance is Issuance.ISSUED


def test_bulk_tells_what_became_of_each(office: Office) -> None:
    from sealwright.domain.deciding import Decision

    people, rex = [improver(office, f"p{number}") for number in range(3)], reviewer(office, "rex")
    requests = [ask(office, person) for person in people]
    decide(office, rex, requests[1], REJECTED)
    items = office.review.decide_many(rex, [Decision(one.request_id, APPROVED) for one in requests])
    assert [item.decided is not None for item in items] == [True, False, True]
    assert isinstance(items[1].error, VersionConflict)
    asked = office.review.ask_many(rex, [one.request_id for one in requests], "why?")
    assert [item.view is not None for item in asked] == [False, False, False]


def test_a_direct_grant_and_its_end_by_either_road(office: Office) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    both = join(office, "both", IMPROVER, ISSUER, scopes=(DPW,))
    with pytest.raises(SelfDecision):
        grant(office, both, both)
    with pytest.raises(OutOfScope):
        grant(office, rex, ada, VERIFIER)
    with pytest.raises(UnknownCredentialType):
        grant(office, the_operator(office), ada, "nothing")
    with pytest.raises(NotAnApprovedImprover):
        grant(office, rex, join(office, "idle"))
    held = grant(office, rex, ada)
    assert held.credential_id is not None
    change = act(
        office,
        the_operator(office),
        lambda uow, me: office.revocation.revoke(uow, me, held.credential_id or "", "left", ReasonCode.HOLDER_REQUEST),
        registry=False,
    )
    assert change.effects is not None
    assert change.effects.grants_revoked == (held.grant_id,)
    assert stored_grants(office, ada.user_id)[0].status is GrantStatus.REVOKED
    second = grant(office, rex, ada)
    assert second.supersedes == held.grant_id
    gone = revoke(office, rex, user_id=ada.user_id, credential_type=DPW, reason="over")
    assert gone.reason == "over"
    assert office.shelf.status(second.credential_id or "").status is CredentialStatus.REVOKED
    with pytest.raises(AlreadyRevoked):
        revoke(office, rex, user_id=ada.user_id, credential_type=DPW, reason="x")
    with pytest.raises(GrantNotFound):
        revoke(office, rex, user_id=rex.user_id, credential_type=DPW, reason="x")


def test_suspension_pauses_the_credential_and_back(office: Office) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    desk = office.granting
    act(office, the_operator(office), lambda uow, me: office.catalog.update(uow, me, DPW, {"suspendable": False}))
    plain = grant(office, rex, ada)
    with pytest.raises(NotSuspendable):
        act(office, rex, lambda uow, me: desk.suspend(uow, me, plain.grant_id, "pause"), registry=False)
    revoke(office, rex, grant_id=plain.grant_id, reason="new form")
    act(office, the_operator(office), lambda uow, me: office.catalog.update(uow, me, DPW, {"suspendable": True}))
    held = grant(office, rex, ada)
    credential = held.credential_id or ""
    act(office, rex, lambda uow, me: desk.suspend(uow, me, held.grant_id, "pause"), registry=False)
    assert outcomes(office, credential)["suspension"] == "failed"
    with pytest.raises(GrantInForce):
        grant(office, rex, ada)
    # The same pause ends by the credential's own road.
    act(
        office,
        the_operator(office),
        lambda uow, me: office.revocation.reinstate(uow, me, credential, "on"),
        registry=False,
    )
    assert outcomes(office, credential)["verified"] == "True"
    assert office.granting.own(ada, GrantStatus.ACTIVE)[0].grant_id == held.grant_id
    act(
        office,
        the_operator(office),
        lambda uow, me: office.revocation.suspend(uow, me, credential, "off"),
        registry=False,
    )
    assert [one.grant_id for one in office.granting.own(ada, GrantStatus.SUSPENDED)] == [held.grant_id]
    assert audit_of(office, held.grant_id) == {"grant.created": 1, "grant.suspended": 2, "grant.reinstated": 1}


def test_the_clock_ends_grants_and_makes_room(office: Office, clock: MovableClock) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    end = clock.now() + timedelta(days=30)
    held = grant(office, rex, ada, expires_at=end)
    assert office.shelf.status(held.credential_id or "").expires_at == end
    clock.move(days=30)
    assert stored_grants(office, ada.user_id)[0].status_at(clock.now()) is GrantStatus.EXPIRED
    with pytest.raises(StateConflict):
        revoke(office, rex, grant_id=held.grant_id, reason="x")
    second = grant(office, rex, ada)
    assert audit_of(office, held.grant_id)["grant.expired"] == 1
    assert second.supersedes == held.grant_id
    third_person = improver(office, "bo")
    other = grant(office, rex, third_person, expires_at=clock.now() + timedelta(days=1))
    clock.move(days=2)
    assert (office.expiry.expire_due(), office.expiry.expire_due()) == (1, 0)
    assert audit_of(office, other.grant_id) == {"grant.created": 1, "grant.expired": 1}


def test_a_request_approved_stays_approved_when_its_grant_ends_otherwise(office: Office) -> None:
    ada, rex = improver(office, "ada"), reviewer(office, "rex")
    request = ask(office, ada)
    decided = decide(office, rex, request, APPROVED)
    assert decided.view.grant is not None
    one = decided.view.grant.grant_id
    revoke(office, rex, grant_id=one, reason="misconduct")
    view = office.review.get(rex, request.request_id).view
    assert (view.request.state, view.grant and view.grant.status) == (RequestState.APPROVED, GrantStatus.REVOKED)
    effects = decide(office, rex, request, REJECTED, expected_version=2).effects
    assert (effects.changed, effects.grants_revoked) == (True, ())
    assert audit_of(office, one)["grant.revoked"] == 1


def test_a_decision_during_an_export_shifts_no_row(office: Office, clock: MovableClock) -> None:
    rex = reviewer(office, "rex")
    requests = []
    for name in ("ada", "ben", "cleo", "dora", "emil"):
        requests.append(ask(office, improver(office, name)))
        clock.move(seconds=1)
    rows = office.review.export(rex, RequestFilter(), rows_a_read=2)
    read = [next(rows)]
    # Decided requests sort behind those that wait, so each decision moves every row after it.
    with as_another_thread():
        for request in requests[:2]:
            decide(office, rex, request, REJECTED)
    read.extend(rows)
    assert [one.request.request_id for one in read] == [one.request_id for one in requests]
    assert {one.request.state for one in read} == {PENDING}
