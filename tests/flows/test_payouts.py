"""Payout obligations: owed for completed steps, moved by admins, never changed by anything that happens to the work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sealwright.domain.errors import MissingMember, RoleRequired, StateConflict
from sealwright.domain.payouts import Payout, PayoutStatus
from sealwright.domain.people import AccountRole, Caller
from sealwright.domain.votes import Proposal, ProposalKind, ProposalStatus, Vote, VoteDecision
from sealwright.domain.work_errors import PayoutNotFound
from sealwright.domain.workflow_plans import WorkflowPlan
from sealwright.domain.workflows import StepStatus, Submission, Workflow, WorkflowStatus
from sealwright.services.office import Office
from sealwright.services.ports import UnitOfWork
from sealwright.services.workflow_ports import Draft, PayoutFilter
from tests.support.desk import DPW, VERIFIER, join
from tests.support.office import MovableClock
from tests.support.review import audit_of, audit_rows, reviewer
from tests.support.workflows import STREET, open_workflow, qualified, workflow_desks

OWED, EXPORTED, SETTLED = PayoutStatus.OWED, PayoutStatus.EXPORTED, PayoutStatus.SETTLED
FAILED, VOID = PayoutStatus.FAILED, PayoutStatus.VOID


class Crew:
    """An office with an admin and two people who can do all of the Street Repair Project."""

    def __init__(self, office: Office) -> None:
        self.desks = workflow_desks(office)
        rita = reviewer(office, "rita", DPW, VERIFIER)
        self.admin = join(office, "ada", AccountRole.ADMIN)
        self.ann = qualified(office, rita, "ann")
        self.vera = qualified(office, rita, "vera", (VERIFIER,))
        self.office = office

    def finished(self, plan: WorkflowPlan = STREET) -> Workflow:
        """An instance of which both steps are done."""
        workflow = self.claimed(plan)
        self.desks.work_off(self.ann, workflow, 1)
        self.desks.work_off(self.vera, workflow, 2)
        return self.desks.stored(workflow)

    def claimed(self, plan: WorkflowPlan = STREET) -> Workflow:
        """An instance of which both roles are taken."""
        workflow = open_workflow(self.office, plan)
        self.desks.claim(self.ann, workflow, 1)
        self.desks.claim(self.vera, workflow, 2)
        return workflow

    def owed(self, workflow: Workflow) -> list[Payout]:
        """What is owed for an instance, in the order of its steps."""
        order = {step.step_id: step.step_order for step in workflow.steps}
        return sorted(self.desks.payouts_of(workflow), key=lambda one: order[one.step_id])

    def move(self, act: Callable[..., Payout], payout: Payout, *words: str, by: Caller | None = None) -> Payout:
        """Let an admin, or somebody, move an obligation."""
        return self.desks.act(by or self.admin, lambda uow, me: act(uow, me, payout.payout_id, *words))


@pytest.fixture
def crew(office: Office) -> Crew:
    return Crew(office)


def bounties(*amounts: int) -> WorkflowPlan:
    """The Street Repair Project with other bounties."""
    steps = tuple(replace(step, bounty=amount) for step, amount in zip(STREET.steps, amounts, strict=True))
    return replace(STREET, steps=steps)


def test_settling_all_that_is_owed_pays_the_workflow_out(crew: Crew, clock: MovableClock) -> None:
    workflow, desk = crew.finished(), crew.desks.payouts
    first, second = crew.owed(workflow)
    assert [(one.amount, one.payee_user_id, one.status) for one in (first, second)] == [
        (5000, crew.ann.user_id, OWED),
        (3000, crew.vera.user_id, OWED),
    ]
    clock.move(days=1)
    settled = crew.move(desk.settle, first, "invoice 7")
    assert (settled.status, settled.reference, settled.settled_at) == (SETTLED, "invoice 7", clock.now())
    after = crew.desks.stored(workflow)
    assert [step.status for step in after.steps] == [StepStatus.PAID_OUT, StepStatus.COMPLETED]
    assert after.status is WorkflowStatus.COMPLETED

    # Said once more it is no second act.
    assert crew.move(desk.settle, first, "invoice 8") == settled
    crew.move(desk.settle, second)
    after = crew.desks.stored(workflow)
    assert (after.status, {step.status for step in after.steps}) == (WorkflowStatus.PAID_OUT, {StepStatus.PAID_OUT})
    assert audit_of(crew.office)["payout.settled"] == 2
    assert audit_of(crew.office, workflow.workflow_id)["workflow.paid_out"] == 1
    for act in (desk.fail, desk.void):
        with pytest.raises(StateConflict):
            crew.move(act, second, "too late")
    assert crew.desks.stored(workflow) == after


def test_an_export_takes_what_is_owed_or_failed_once(crew: Crew, clock: MovableClock) -> None:
    workflow, desk = crew.finished(), crew.desks.payouts
    first, second = crew.owed(workflow)
    assert crew.move(desk.fail, second, "no such account").reason == "no such account"
    clock.move(hours=1)
    third = crew.owed(crew.finished())[0]
    with pytest.raises(RoleRequired):
        crew.desks.act(crew.ann, desk.export)
    exported = crew.desks.act(crew.admin, desk.export)
    assert [one.status for one in exported] == [EXPORTED] * 4
    assert {one.payout_id for one in exported[:2]} == {first.payout_id, second.payout_id}
    assert third.payout_id in {one.payout_id for one in exported[2:]}
    assert crew.desks.act(crew.admin, desk.export) == ()
    assert audit_of(crew.office)["payout.exported"] == 4
    assert desk.list(crew.admin, PayoutFilter(EXPORTED)).total == 4

    crew.move(desk.fail, exported[0], "came back")
    again = crew.desks.act(crew.admin, desk.export)
    assert [one.payout_id for one in again] == [exported[0].payout_id]
    assert crew.move(desk.settle, again[0]).status is SETTLED


def test_giving_up_the_rest_pays_out_what_was_settled(crew: Crew) -> None:
    desk = crew.desks.payouts
    paid, given_up = crew.finished(), crew.finished()
    crew.move(desk.settle, crew.owed(paid)[0])
    crew.move(desk.void, crew.owed(paid)[1], "paid in cash")
    after = crew.desks.stored(paid)
    assert after.status is WorkflowStatus.PAID_OUT
    assert [step.status for step in after.steps] == [StepStatus.PAID_OUT, StepStatus.COMPLETED]

    for payout in crew.owed(given_up):
        crew.move(desk.void, payout, "nobody wants it")
    assert crew.desks.stored(given_up).status is WorkflowStatus.COMPLETED
    assert {one.status for one in crew.owed(given_up)} == {VOID}


def test_what_was_paid_before_the_end_counts_at_the_end(crew: Crew) -> None:
    desk, workflow = crew.desks.payouts, crew.claimed(bounties(5000, 0))
    crew.desks.work_off(crew.ann, workflow, 1)
    crew.move(desk.settle, crew.owed(workflow)[0])
    assert crew.desks.stored(workflow).status is WorkflowStatus.IN_PROGRESS
    crew.desks.work_off(crew.vera, workflow, 2)
    assert crew.desks.stored(workflow).status is WorkflowStatus.PAID_OUT
    assert len(crew.owed(workflow)) == 1


def test_a_step_that_is_not_possible_voids_what_is_not_settled(crew: Crew) -> None:
    plan = bounties(5000, 3000)
    plan = replace(plan, steps=tuple(replace(step, allow_step_not_possible=True) for step in plan.steps))
    workflow = crew.claimed(plan)
    crew.desks.work_off(crew.ann, workflow, 1)
    crew.desks.start(crew.vera, workflow, 2)
    no = Submission(step_not_possible=True, step_not_possible_details="The road is gone.")
    crew.desks.complete(crew.vera, workflow, 2, no)
    (payout,) = crew.owed(workflow)
    assert (payout.status, payout.payee_user_id) == (VOID, crew.ann.user_id)
    assert audit_of(crew.office, payout.payout_id) == {"payout.owed": 1, "payout.voided": 1}
    assert crew.desks.stored(workflow).status is WorkflowStatus.COMPLETED


def test_a_deleted_workflow_still_owes(crew: Crew) -> None:
    workflow, desk = crew.finished(), crew.desks.payouts

    def delete(uow: UnitOfWork, me: Caller) -> Workflow:
        moves = crew.desks.moves
        return moves.close(uow, me, moves.lock(uow, workflow.workflow_id), WorkflowStatus.DELETED)

    crew.desks.act(crew.admin, delete)
    for payout in crew.owed(workflow):
        assert crew.move(desk.settle, payout).status is SETTLED
    after = crew.desks.stored(workflow)
    assert (after.status, {step.status for step in after.steps}) == (WorkflowStatus.DELETED, {StepStatus.PAID_OUT})


def test_a_copy_of_one_s_own_data_holds_one_s_work_and_nobody_else_s(crew: Crew) -> None:
    office = crew.office
    done, held = crew.finished(), crew.claimed()
    crew.desks.start(crew.ann, held, 1)
    draft = Draft("drf_a", crew.ann.user_id, "Later", '{"title": "Later"}', office.clock.now())
    vote = Vote("prp_a", crew.ann.user_id, VoteDecision.DENY, office.clock.now(), "Too dear.")

    now = office.clock.now()
    asked = Proposal("prp_c", ProposalKind.WORKFLOW, "wfl_a", "ser_a", crew.ann.user_id, now, now, reason="Needed")
    asked = replace(asked, status=ProposalStatus.REJECTED)

    def write(uow: UnitOfWork, _me: Caller) -> None:
        uow.drafts.put(draft)
        uow.proposals.add(asked)
        uow.proposals.add(replace(asked, proposal_id="prp_b", author_id=crew.vera.user_id, reason="Hers."))
        uow.proposals.put_vote(vote)
        uow.proposals.put_vote(replace(vote, voter_id=crew.vera.user_id, comment="Hers."))

    crew.desks.act(crew.ann, write)
    work: Any = office.own_data.export(crew.ann)["work"]
    assert {(one["id"], one["status"]) for one in work["steps"]} == {
        (done.steps[0].step_id, "completed"),
        (held.steps[0].step_id, "in_progress"),
    }
    assert [one["submission"] is None for one in sorted(work["steps"], key=lambda one: str(one["status"]))] == [
        *(False, True)
    ]
    assert [(one["amount"], one["status"]) for one in work["payouts"]] == [(5000, "owed")]
    assert [one["body"] for one in work["drafts"]] == [{"title": "Later"}]
    assert [(one["decision"], one["comment"]) for one in work["votes"]] == [("deny", "Too dear.")]
    assert [(one["id"], one["reason"], one["status"]) for one in work["proposals"]] == [("prp_c", "Needed", "rejected")]
    assert {one["workflow_id"] for one in work["step_claims"]} == {done.workflow_id, held.workflow_id}
    assert (work["workflows"], work["series_claims"], work["absence_periods"]) == ([], [], [])
    assert "Hers." not in repr(work)


def test_obligations_are_moved_by_admins_with_words_that_no_audit_row_holds(crew: Crew) -> None:
    desk = crew.desks.payouts
    first, second = crew.owed(crew.finished())
    acts = ((desk.settle, ()), (desk.fail, ("because",)), (desk.void, ("because",)))
    for act, words in acts:
        with pytest.raises(RoleRequired):
            crew.move(act, first, *words, by=crew.ann)
        with pytest.raises(PayoutNotFound):
            crew.move(act, replace(first, payout_id="pay_none"), *words)
    for blank in (desk.fail, desk.void):
        with pytest.raises(MissingMember):
            crew.move(blank, first, "  ")
    crew.move(desk.settle, first, "reference-4711")
    crew.move(desk.void, second, "reason-4711")
    assert "4711" not in repr([row for row in audit_rows(crew.office) if row["action"].startswith("payout.")])

    own = desk.own(crew.ann)
    assert [(one.payout_id, one.reference) for one in own.items] == [(first.payout_id, "reference-4711")]
    assert desk.own(crew.ann, VOID).total == 0
    assert desk.own(crew.vera, VOID).total == 1
    with pytest.raises(RoleRequired):
        desk.list(crew.ann)
