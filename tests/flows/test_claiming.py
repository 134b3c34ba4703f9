"""Claiming: who may, in which order it is refused, what it takes, what giving back does; one winner under any race."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sealwright.domain.errors import MissingMember, RoleRequired
from sealwright.domain.grants import GrantStatus
from sealwright.domain.people import AccountRole, Caller
from sealwright.domain.recurrence import Recurrence
from sealwright.domain.work_errors import (
    Absent,
    MissingCredentials,
    NotStepHolder,
    RoleAlreadyHeld,
    StepAlreadyClaimed,
    StepNotAvailable,
    WorkflowNotFound,
)
from sealwright.domain.workflows import StepStatus, WorkflowStatus
from sealwright.services.office import Office
from sealwright.services.workflow_values import ClaimMade
from tests.support.accounts import at_once
from tests.support.desk import DPW, VERIFIER, join
from tests.support.office import MovableClock, the_operator
from tests.support.review import ADMIN, audit_of, audit_rows, grant, held_by, improver, reviewer, revoke
from tests.support.work import plan_of
from tests.support.workflows import Desks, open_workflow, propose, qualified

BOTH = plan_of({"a": [DPW], "b": []}, "aba")


@pytest.fixture
def issuer(office: Office) -> Caller:
    return reviewer(office, "rita", DPW, VERIFIER)


def _pause(desks: Desks, issuer: Caller, person: Caller) -> None:
    """Suspend a person's grant, by its row."""
    held = held_by(desks.office, person)

    def suspend(uow: Any, _me: Caller) -> None:
        locked = uow.grants.get_for_update(held.grant_id)
        uow.grants.update(replace(locked, status=GrantStatus.SUSPENDED, version=locked.version + 1))

    desks.act(issuer, suspend)


# -- who may, and what it takes ------------------------------------------------------------------------


def test_a_grant_opens_the_steps_of_its_role_and_no_others(office: Office, desks: Desks, issuer: Caller) -> None:
    workflow = open_workflow(office)
    ana, vera = qualified(office, issuer, "ana"), qualified(office, issuer, "vera", [VERIFIER])

    made = desks.claim(ana, workflow)

    assert [(step.step_order, step.assigned_to) for step in made.steps] == [(1, ana.user_id)]
    assert dict(made.claim.satisfied_by) == {DPW: held_by(office, ana).grant_id}
    assert (made.claim.override, made.claim.by_series, made.series_orders) == (False, False, ())
    with pytest.raises(MissingCredentials) as refused:
        desks.claim(ana, workflow, 2)
    assert refused.value.extra == {"missing": [VERIFIER]}
    assert [step.step_order for step in desks.claim(vera, workflow, 2).steps] == [2]
    stored = desks.stored(workflow)
    assert [role.held_by for role in stored.roles] == [ana.user_id, vera.user_id]
    assert [claim.ended_at for claim in desks.claims_of(workflow)] == [None, None]


def test_a_claim_puts_the_grants_that_count_on_record_and_no_words(
    office: Office, desks: Desks, issuer: Caller
) -> None:
    workflow = open_workflow(office)
    ana = qualified(office, issuer, "ana")
    claim = desks.claim(ana, workflow).claim
    (row,) = [row for row in audit_rows(office) if row["action"] == "step.claimed"]
    assert row["object"] == {"type": "step_claim", "id": claim.claim_id}
    assert row["actor"]["id"] == ana.user_id
    assert row["data"] == {
        "workflowId": workflow.workflow_id,
        "roleId": workflow.roles[0].role_id,
        "stepIds": [workflow.steps[0].step_id],
        "userId": ana.user_id,
        "grantIds": [held_by(office, ana).grant_id],
        "missing": [],
        "bySeries": False,
    }


def test_a_role_that_needs_nothing_is_open_to_every_improver_and_to_nobody_else(office: Office, desks: Desks) -> None:
    workflow = open_workflow(office, BOTH)
    proposer = join(office, "paul", AccountRole.PROPOSER)
    with pytest.raises(RoleRequired):
        desks.claim(proposer, workflow, 2)
    with pytest.raises(RoleRequired):
        desks.claim(the_operator(office), workflow, 2)
    assert [step.step_order for step in desks.claim(improver(office, "ida"), workflow, 2).steps] == [2]


def test_claiming_takes_all_steps_of_the_role(office: Office, desks: Desks, issuer: Caller) -> None:
    workflow = open_workflow(office, BOTH)
    ana = qualified(office, issuer, "ana")
    assert [step.step_order for step in desks.claim(ana, workflow, 3).steps] == [1, 3]


def test_the_same_claim_again_gives_the_same_answer_and_does_nothing(
    office: Office, desks: Desks, issuer: Caller
) -> None:
    workflow = open_workflow(office, BOTH, recurrence=Recurrence.DAILY)
    ana = qualified(office, issuer, "ana")
    first = desks.claim(ana, workflow)
    rows = len(audit_rows(office))

    again = desks.claim(ana, workflow, 3)

    assert (again.claim, again.steps, again.series_orders) == (first.claim, first.steps, first.series_orders)
    assert again.workflow == first.workflow == desks.stored(workflow)
    assert len(audit_rows(office)) == rows
    # Nothing is asked of who has it already: the grant may be gone, and the step is still theirs.
    desks.start(ana, workflow)
    revoke(office, issuer, grant_id=held_by(office, ana).grant_id)
    assert desks.claim(ana, workflow).claim.claim_id == first.claim.claim_id


def test_in_a_series_a_claim_is_for_later_instances_too(office: Office, desks: Desks, issuer: Caller) -> None:
    workflow = open_workflow(office, BOTH, recurrence=Recurrence.WEEKLY)
    ana = qualified(office, issuer, "ana")
    assert desks.claim(ana, workflow).series_orders == (1, 3)
    assert desks.series_orders(ana) == [1, 3]
    (row,) = [row for row in audit_rows(office) if row["action"] == "series.claimed"]
    assert row["object"] == {"type": "series", "id": workflow.series_id}
    assert row["data"]["stepOrders"] == [1, 3]
    # Giving this instance back is not giving the series up, and taking it again claims nothing twice.
    desks.release(ana, workflow)
    assert desks.claim(ana, workflow).series_orders == (1, 3)
    assert audit_of(office)["series.claimed"] == 1


# -- in which order it is refused ----------------------------------------------------------------------


def test_what_nobody_may_see_looks_like_what_there_is_not(office: Office, desks: Desks, issuer: Caller) -> None:
    ana = qualified(office, issuer, "ana")
    pending, deleted, opened = propose(office), open_workflow(office), open_workflow(office)
    rejected = propose(office)
    desks.close(deleted, WorkflowStatus.DELETED)
    desks.close(rejected, WorkflowStatus.REJECTED)
    ids = [
        *((one.workflow_id, one.steps[0].step_id) for one in (pending, deleted, rejected)),
        (opened.workflow_id, pending.steps[0].step_id),
        ("wfl_none", opened.steps[0].step_id),
    ]
    said = set()
    for workflow_id, step_id in ids:
        for act_of in (desks.claiming.claim, desks.claiming.release, desks.step_work.start):
            with pytest.raises(WorkflowNotFound) as refused:
                desks.act(ana, lambda uow, me, of=act_of, w=workflow_id, s=step_id: of(uow, me, w, s))  # type: ignore[misc]
            said.add(refused.value.detail)
    assert said == {"No such workflow."}


def test_who_lacks_a_grant_learns_that_first(office: Office, desks: Desks, issuer: Caller) -> None:
    workflow = open_workflow(office)
    ana, ida = qualified(office, issuer, "ana"), improver(office, "ida")
    desks.claim(ana, workflow)
    with pytest.raises(MissingCredentials):
        desks.claim(ida, workflow)
    desks.close(workflow, WorkflowStatus.FAILED)
    with pytest.raises(MissingCredentials):
        desks.claim(ida, workflow)
    grant(office, issuer, ida, DPW)
    with pytest.raises(StepNotAvailable):
        desks.claim(ida, workflow)


def test_a_taken_role_and_a_second_role_are_refused(office: Office, desks: Desks, issuer: Caller) -> None:
    workflow = open_workflow(office, BOTH)
    ana, bea = qualified(office, issuer, "ana"), qualified(office, issuer, "bea")
    desks.claim(ana, workflow)
    with pytest.raises(StepAlreadyClaimed):
        desks.claim(bea, workflow, 3)
    with pytest.raises(RoleAlreadyHeld):
        desks.claim(ana, workflow, 2)
    # Who has done a part of one role takes no other, even when the rest of it is given back.
    desks.work_off(ana, workflow)
    desks.release(ana, workflow, 3)
    with pytest.raises(RoleAlreadyHeld):
        desks.claim(ana, workflow, 2)
    with pytest.raises(StepAlreadyClaimed):
        desks.claim(bea, workflow, 1)
    assert [step.step_order for step in desks.claim(bea, workflow, 3).steps] == [3]


def test_who_is_away_is_refused_after_the_gate_and_before_the_state(
    office: Office, desks: Desks, issuer: Caller
) -> None:
    workflow = open_workflow(office, BOTH, recurrence=Recurrence.DAILY)
    ana, bea, ida = qualified(office, issuer, "ana"), qualified(office, issuer, "bea"), improver(office, "ida")
    desks.claim(ana, workflow)
    for person in (bea, ida):
        desks.be_absent(person, workflow, 3)
    with pytest.raises(Absent):
        desks.claim(bea, workflow)
    with pytest.raises(MissingCredentials):
        desks.claim(ida, workflow)
    # An absence from one step keeps from the role that has it, and from no other.
    assert [step.step_order for step in desks.claim(ida, workflow, 2).steps] == [2]


# -- grants that come and go ---------------------------------------------------------------------------


def test_a_suspended_grant_closes_the_gate(office: Office, desks: Desks, issuer: Caller) -> None:
    workflow = open_workflow(office)
    ana = qualified(office, issuer, "ana")
    _pause(desks, issuer, ana)
    with pytest.raises(MissingCredentials):
        desks.claim(ana, workflow)


def test_a_new_grant_opens_it_again_and_is_the_one_that_counts(office: Office, desks: Desks, issuer: Caller) -> None:
    workflow = open_workflow(office)
    ana = qualified(office, issuer, "ana")
    revoke(office, issuer, grant_id=held_by(office, ana).grant_id)
    with pytest.raises(MissingCredentials):
        desks.claim(ana, workflow)
    new = grant(office, issuer, ana, DPW)
    assert dict(desks.claim(ana, workflow).claim.satisfied_by) == {DPW: new.grant_id}


def test_an_overdue_grant_opens_nothing_before_anybody_recorded_it(
    office: Office, desks: Desks, issuer: Caller, clock: MovableClock
) -> None:
    later = open_workflow(office, start_at=clock.now() + timedelta(days=9))
    other = open_workflow(office, start_at=clock.now() + timedelta(days=9))
    ana = improver(office, "ana")
    grant(office, issuer, ana, DPW, expires_at=clock.now() + timedelta(days=1))
    desks.claim(ana, later)
    clock.move(days=1)
    with pytest.raises(MissingCredentials):
        desks.claim(ana, other)
    # What its type's policy takes away counts as taken, so that this is no repeat of the claim either.
    with pytest.raises(MissingCredentials):
        desks.claim(ana, later)
    assert audit_of(office)["grant.expired"] == 0


def test_an_override_records_an_overdue_grant_with_all_that_follows(
    office: Office, desks: Desks, issuer: Caller, clock: MovableClock
) -> None:
    start = clock.now() + timedelta(days=9)
    later, other = open_workflow(office, start_at=start), open_workflow(office, start_at=start)
    boss = join(office, "boss", ADMIN, AccountRole.IMPROVER)
    grant(office, issuer, boss, DPW, expires_at=clock.now() + timedelta(days=1))
    desks.claim(boss, later)
    clock.move(days=1)
    made = desks.claim(boss, other, override=True, reason="Nobody else is here")
    assert made.claim.override
    assert held_by(office, boss).status is GrantStatus.EXPIRED
    assert desks.stored(later).steps[0].assigned_to is None
    assert [claim.end_cause for claim in desks.claims_of(later)] == ["grant_lost"]


# -- admins --------------------------------------------------------------------------------------------


def test_an_admin_claims_without_credentials_only_by_a_reasoned_override(office: Office, desks: Desks) -> None:
    workflow = open_workflow(office, recurrence=Recurrence.DAILY)
    boss, ida = join(office, "boss", ADMIN), improver(office, "ida")
    with pytest.raises(MissingCredentials):
        desks.claim(boss, workflow)
    with pytest.raises(MissingMember) as refused:
        desks.claim(boss, workflow, override=True, reason=" ")
    assert [fault.pointer for fault in refused.value.faults] == ["/reason"]
    with pytest.raises(RoleRequired):
        desks.claim(ida, workflow, override=True, reason="Let me")

    made = desks.claim(boss, workflow, override=True, reason="The street floods")

    assert (made.claim.override, dict(made.claim.satisfied_by), made.series_orders) == (True, {}, ())
    assert desks.series_orders(boss) == []
    (row,) = [row for row in audit_rows(office) if row["action"] == "step.claim_overridden"]
    assert row["data"]["missing"] == [DPW]
    assert "floods" not in str(row)
    with office.units(write=False) as uow:
        (kept,) = uow.claims.of_workflow(workflow.workflow_id)
    assert kept == made.claim
    assert kept.reason == "The street floods"
    desks.start(boss, workflow)


def test_an_override_that_is_not_needed_is_an_ordinary_claim(office: Office, desks: Desks, issuer: Caller) -> None:
    workflow = open_workflow(office, recurrence=Recurrence.DAILY)
    boss = join(office, "boss", ADMIN, AccountRole.IMPROVER)
    grant(office, issuer, boss, DPW)
    made = desks.claim(boss, workflow, override=True, reason="To be sure")
    assert (made.claim.override, made.claim.reason, made.series_orders) == (False, None, (1,))
    assert audit_of(office)["step.claim_overridden"] == 0
    assert audit_of(office)["step.claimed"] == 1


def test_an_override_respects_who_has_a_role(office: Office, desks: Desks, issuer: Caller) -> None:
    workflow = open_workflow(office)
    ana, boss = qualified(office, issuer, "ana"), join(office, "boss", ADMIN)
    desks.claim(ana, workflow)
    with pytest.raises(StepAlreadyClaimed):
        desks.claim(boss, workflow, override=True, reason="Mine")
    desks.claim(boss, workflow, 2, override=True, reason="Nobody verifies")
    desks.release(ana, workflow)
    with pytest.raises(RoleAlreadyHeld):
        desks.claim(boss, workflow, 1, override=True, reason="Both")
    assert audit_of(office)["step.claim_overridden"] == 1


# -- giving back ---------------------------------------------------------------------------------------


def test_what_is_given_back_is_there_for_others_at_once(office: Office, desks: Desks, issuer: Caller) -> None:
    workflow = open_workflow(office, BOTH)
    ana, bea, ida = qualified(office, issuer, "ana"), qualified(office, issuer, "bea"), improver(office, "ida")
    desks.claim(ana, workflow)
    desks.claim(ida, workflow, 2)
    desks.start(ana, workflow)
    given_back = desks.release(ana, workflow, 3)
    assert (given_back.step_order, given_back.assigned_to, given_back.status) == (3, None, StepStatus.LOCKED)
    stored = desks.stored(workflow)
    assert [(step.assigned_to, step.status) for step in stored.steps] == [
        (None, StepStatus.AVAILABLE),
        (ida.user_id, StepStatus.LOCKED),
        (None, StepStatus.LOCKED),
    ]
    assert [claim.end_cause for claim in desks.claims_of(workflow) if claim.user_id == ana.user_id] == ["unclaimed"]
    assert workflow.workflow_id in desks.ids(bea)
    assert [step.step_order for step in desks.claim(bea, workflow, 1).steps] == [1, 3]
    with pytest.raises(StepAlreadyClaimed):
        desks.claim(ana, workflow, 1)


def test_only_its_holder_and_admins_give_a_step_back(office: Office, desks: Desks, issuer: Caller) -> None:
    workflow = open_workflow(office)
    ana, bea = qualified(office, issuer, "ana"), qualified(office, issuer, "bea")
    boss = join(office, "boss", ADMIN)
    for person in (ana, boss):
        with pytest.raises(NotStepHolder):
            desks.release(person, workflow)
    desks.claim(ana, workflow)
    with pytest.raises(NotStepHolder):
        desks.release(bea, workflow)
    desks.release(boss, workflow)
    assert [claim.end_cause for claim in desks.claims_of(workflow)] == ["released_by_admin"]
    with office.units(write=False) as uow:
        told = uow.notices.list(ana.user_id, page=1, count=5).items
    assert [notice.kind.value for notice in told if notice.kind.value == "step_released"] == ["step_released"]


def test_done_work_is_not_given_back(office: Office, desks: Desks, issuer: Caller) -> None:
    workflow = open_workflow(office)
    ana, boss = qualified(office, issuer, "ana"), join(office, "boss", ADMIN)
    desks.claim(ana, workflow)
    desks.work_off(ana, workflow)
    for person in (ana, boss):
        with pytest.raises(StepNotAvailable):
            desks.release(person, workflow)
    assert desks.stored(workflow).steps[0].assigned_to == ana.user_id


# -- races ---------------------------------------------------------------------------------------------


@pytest.fixture
def crowd(office: Office, issuer: Caller) -> list[Caller]:
    return [qualified(office, issuer, f"improver{number}") for number in range(8)]


def test_one_of_eight_wins_a_role(office: Office, desks: Desks, crowd: list[Caller]) -> None:
    for _ in range(5):
        workflow = open_workflow(office)
        waiting = list(crowd)
        found = at_once(lambda w=workflow, q=waiting: desks.claim(q.pop(), w), len(crowd))  # type: ignore[misc]

        won = [one for one in found if isinstance(one, ClaimMade)]
        lost = [one for one in found if not isinstance(one, ClaimMade)]
        assert len(won) == 1
        assert [type(one) for one in lost] == [StepAlreadyClaimed] * 7
        claims = desks.claims_of(workflow)
        assert [claim.claim_id for claim in claims] == [won[0].claim.claim_id]
        assert audit_of(office, claims[0].claim_id) == {"step.claimed": 1}
        assert desks.stored(workflow).roles[0].held_by == won[0].claim.user_id


def test_one_person_at_once_from_everywhere_claims_once(office: Office, desks: Desks, crowd: list[Caller]) -> None:
    workflow = open_workflow(office, BOTH)
    found = at_once(lambda: desks.claim(crowd[0], workflow), 8)
    assert len({one.claim.claim_id for one in found if isinstance(one, ClaimMade)}) == 1
    assert not [one for one in found if isinstance(one, Exception)]
    assert audit_of(office)["step.claimed"] == 1


def test_no_claim_outlives_a_revocation_that_it_raced_with(office: Office, desks: Desks, issuer: Caller) -> None:
    for number in range(6):
        ana = qualified(office, issuer, f"ana{number}")
        held = held_by(office, ana)
        later = open_workflow(office, start_at=office.clock.now() + timedelta(days=30))
        turns: list[Any] = [
            lambda a=ana, w=later: desks.claim(a, w),
            lambda g=held.grant_id: revoke(office, issuer, grant_id=g),
        ]
        found = at_once(lambda t=turns: t.pop()(), 2)  # type: ignore[misc]
        assert [one for one in found if isinstance(one, Exception) and not isinstance(one, MissingCredentials)] == []
        assert held_by(office, ana).status is GrantStatus.REVOKED
        assert desks.stored(later).steps[0].assigned_to is None
        assert all(claim.end_cause == "grant_lost" for claim in desks.claims_of(later))
        with pytest.raises(MissingCredentials):
            desks.claim(ana, later)
