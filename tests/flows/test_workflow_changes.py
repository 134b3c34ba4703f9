"""Changes and deletions of workflows: what is proposed, and what a vote carries out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sealwright.domain.errors import MissingMember, RoleRequired, StateConflict, UnknownCredentialType
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import Caller
from sealwright.domain.recurrence import Recurrence, Schedule
from sealwright.domain.series import SeriesState
from sealwright.domain.votes import Outcome, ProposalKind, ProposalStatus, TargetType
from sealwright.domain.work_errors import (
    InvalidSchedule,
    ProposalClosed,
    ProposalNotFound,
    ProposalPendingExists,
    WorkflowNotFound,
)
from sealwright.domain.workflows import WorkflowStatus
from sealwright.services.office import Office
from tests.support.desk import DPW, VERIFIER, act, join
from tests.support.office import MovableClock, the_operator
from tests.support.review import ADMIN, audit_of, improver, reviewer
from tests.support.voting import (
    APPROVE,
    DENY,
    VOTER,
    deletion,
    edit,
    fail,
    faults_of,
    force_change,
    founding,
    instances,
    opened,
    proposer,
    put_forward,
    stored,
    stored_proposal,
    stored_series,
    told,
    vote_on,
    voters,
    weekly,
)
from tests.support.work import STREET_REPAIR, plan_of
from tests.support.workflows import Desks, qualified

WEEK = timedelta(days=7)
SERIES, INSTANCE = TargetType.SERIES, TargetType.WORKFLOW


@pytest.fixture
def pia(office: Office) -> Caller:
    return proposer(office)


@pytest.fixture
def ada(office: Office) -> Caller:
    return join(office, "ada", ADMIN)


def test_a_change_makes_later_instances_another_way_and_no_present_one(
    office: Office, pia: Caller, ada: Caller, clock: MovableClock
) -> None:
    (val,) = voters(office, 1)
    workflow = weekly(office, pia, ada)
    plan = replace(plan_of({"a": [DPW]}, "aa"), title="Only the damage")
    proposal = edit(office, pia, workflow, plan, recurrence=Recurrence.DAILY)
    assert {notice["kind"] for notice in told(office, val, NoticeKind.VOTE_OPEN)} == {"workflow", "edit"}
    assert (proposal.votes.proposal.reason, proposal.names[pia.user_id]) == ("because it is so", "Pia")
    assert stored_series(office, workflow).plan == STREET_REPAIR
    assert vote_on(office, val, proposal, APPROVE).proposal.status is ProposalStatus.APPROVED
    series = stored_series(office, workflow)
    assert (series.plan, series.schedule) == (plan, Schedule(Recurrence.DAILY, workflow.start_at))
    present = stored(office, workflow)
    assert (present.title, present.next_start_at) == (STREET_REPAIR.title, workflow.start_at + WEEK)
    clock.move(hours=2)
    fail(office, ada, workflow)
    following = instances(office, workflow)[0]
    assert (following.title, following.start_at) == ("Only the damage", workflow.start_at + timedelta(days=1))
    assert (len(following.steps), following.recurrence) == (2, Recurrence.DAILY)
    # A change of a later instance is a change of the series.
    assert edit(office, pia, following).votes.proposal.series_id == workflow.series_id


def test_a_change_may_move_the_beginning_and_the_end(office: Office, pia: Caller, ada: Caller) -> None:
    workflow = weekly(office, pia, ada)
    begins, ends = workflow.start_at + timedelta(days=9, hours=3), workflow.start_at + timedelta(days=30)
    force_change(office, ada, edit(office, pia, workflow, start_at=begins, recurrence_end_at=ends))
    assert stored_series(office, workflow).schedule == Schedule(Recurrence.WEEKLY, begins, ends)
    fail(office, ada, workflow)
    assert instances(office, workflow)[0].start_at == begins
    with pytest.raises(InvalidSchedule) as refused:
        edit(office, pia, workflow, start_at=ends + WEEK)
    assert faults_of(refused) == ["/recurrence_end_at"]


def test_a_change_without_another_rhythm_keeps_the_day_of_the_month(office: Office, pia: Caller, ada: Caller) -> None:
    begins = datetime(2026, 3, 31, 9, tzinfo=UTC)
    workflow = opened(office, pia, ada, recurrence=Recurrence.MONTHLY, start_at=begins)
    fail(office, ada, workflow)
    april = instances(office, workflow)[0]
    assert april.start_at == datetime(2026, 4, 30, 9, tzinfo=UTC)
    force_change(office, ada, edit(office, pia, april))
    fail(office, ada, april)
    assert instances(office, workflow)[0].start_at == datetime(2026, 5, 31, 9, tzinfo=UTC)


def test_an_end_that_has_passed_ends_the_series(office: Office, pia: Caller, ada: Caller, clock: MovableClock) -> None:
    workflow = weekly(office, pia, ada)
    proposal = edit(
        office, pia, workflow, recurrence=Recurrence.DAILY, recurrence_end_at=workflow.start_at + timedelta(days=1)
    )
    clock.move(days=8)
    office.workflow_clock.skip_due()
    assert instances(office, workflow)[0].start_at > workflow.start_at + timedelta(days=1)
    force_change(office, ada, proposal)
    assert stored_series(office, workflow).state is SeriesState.ENDED


def test_only_series_that_go_on_are_changed_one_change_at_a_time(office: Office, pia: Caller, ada: Caller) -> None:
    (val, _, _) = voters(office, 3)
    once, pending = opened(office, pia, ada), put_forward(office, pia, recurrence=Recurrence.WEEKLY)
    for workflow in (once, pending):
        with pytest.raises(StateConflict):
            edit(office, pia, workflow)
    workflow = weekly(office, pia, ada)
    first = edit(office, pia, workflow)
    with pytest.raises(ProposalPendingExists):
        edit(office, pia, workflow)
    vote_on(office, val, first, DENY)
    vote_on(office, join(office, "late", VOTER), first, DENY)
    with pytest.raises(ProposalPendingExists):
        edit(office, pia, workflow)
    force_change(office, ada, first, ProposalKind.EDIT)
    with pytest.raises(ProposalClosed):
        force_change(office, ada, first)
    edit(office, pia, workflow)
    with pytest.raises(ProposalNotFound):
        force_change(office, ada, first, ProposalKind.DELETION)
    with pytest.raises(ProposalNotFound):
        office.workflow_admin.proposal(ada, founding(office, workflow).proposal_id)
    with pytest.raises(ProposalNotFound):
        office.proposing.own_proposal(ada, first.votes.proposal.proposal_id)


def test_a_change_may_keep_a_type_that_was_retired_but_add_none(office: Office, pia: Caller, ada: Caller) -> None:
    workflow = opened(office, pia, ada, plan_of({"a": [DPW]}, "a"), recurrence=Recurrence.WEEKLY)
    act(office, ada, lambda uow, me: office.catalog.retire(uow, me, DPW))
    act(office, ada, lambda uow, me: office.catalog.retire(uow, me, VERIFIER))
    with pytest.raises(UnknownCredentialType) as refused:
        edit(office, pia, workflow, plan_of({"a": [DPW, VERIFIER]}, "a"))
    assert faults_of(refused) == ["/roles/0/required_credentials/1"]
    assert edit(office, pia, workflow, plan_of({"a": [DPW]}, "aa")).votes.proposal.edit is not None


def test_changes_and_deletions_need_a_reason(office: Office, pia: Caller, ada: Caller) -> None:
    workflow = weekly(office, pia, ada)
    with pytest.raises(MissingMember) as missing:
        edit(office, pia, workflow, reason="  ")
    assert faults_of(missing) == ["/reason"]
    with pytest.raises(MissingMember) as missing:
        deletion(office, pia, workflow, reason="")
    assert faults_of(missing) == ["/reason"]


# -- deletions -------------------------------------------------------------------------------------


def test_a_deleted_instance_is_gone_and_its_series_goes_on(
    office: Office, pia: Caller, ada: Caller, desks: Desks
) -> None:
    (val,) = voters(office, 1)
    workflow = weekly(office, pia, ada)
    worker = qualified(office, reviewer(office, "rita", DPW), "mia")
    desks.claim(worker, workflow)
    desks.start(worker, workflow)
    proposal = deletion(office, pia, workflow)
    assert {notice["kind"] for notice in told(office, val, NoticeKind.VOTE_OPEN)} == {"workflow", "deletion"}
    vote_on(office, val, proposal, APPROVE)
    gone = stored(office, workflow)
    assert (gone.status, gone.steps[0].assigned_to) == (WorkflowStatus.DELETED, None)
    assert [claim.end_cause for claim in desks.claims_of(workflow)] == ["closed"]
    for read in (office.proposing.own_one, office.voting.one, office.workflow_admin.one):
        with pytest.raises((WorkflowNotFound, RoleRequired)):
            read(pia if read == office.proposing.own_one else ada, workflow.workflow_id)
    following = instances(office, workflow)[0]
    assert (following.instance_no, following.roles[0].held_by) == (1, worker.user_id)
    assert office.proposing.own(pia).total == 1
    assert {(notice["kind"], notice["state"]) for notice in told(office, pia, NoticeKind.VOTE_CLOSED)} == {
        ("workflow", "approved"),
        ("deletion", "approved"),
    }
    shown = office.voting.proposal(val, proposal.votes.proposal.proposal_id)
    assert shown.workflow.status is WorkflowStatus.DELETED


def test_a_deleted_series_takes_all_with_it_but_what_is_done(
    office: Office, pia: Caller, ada: Caller, desks: Desks
) -> None:
    (val, _, _) = voters(office, 3)
    plan = plan_of({"a": [DPW]}, "a", bounty=5)
    workflow = opened(office, pia, ada, plan, recurrence=Recurrence.WEEKLY)
    worker = qualified(office, reviewer(office, "rita", DPW), "mia")
    desks.claim(worker, workflow)
    desks.work_off(worker, workflow)
    second = instances(office, workflow)[0]
    fail(office, ada, second)
    third = instances(office, workflow)[0]
    assert third.roles[0].held_by == worker.user_id
    change, own = edit(office, pia, third), deletion(office, pia, third)
    whole = deletion(office, val, workflow, SERIES)
    with pytest.raises(ProposalPendingExists):
        deletion(office, pia, third, SERIES)
    force_change(office, ada, whole, ProposalKind.DELETION)
    assert [(one.instance_no, one.status) for one in instances(office, workflow)] == [
        (2, WorkflowStatus.DELETED),
        (1, WorkflowStatus.DELETED),
        (0, WorkflowStatus.COMPLETED),
    ]
    assert stored_series(office, workflow).state is SeriesState.ENDED
    assert desks.series_orders(worker) == []
    assert [payout.amount for payout in desks.payouts_of(workflow)] == [5]
    assert audit_of(office, workflow.series_id) == {"series.claimed": 1, "series.released": 1}
    # What waited for votes on it has nothing left to decide.
    for moot in (change, own):
        closed = stored_proposal(office, moot)
        assert (closed.status, closed.outcome) == (ProposalStatus.EXPIRED, Outcome.WITHDRAWN)
    kinds = [notice["kind"] for notice in told(office, pia, NoticeKind.VOTE_CLOSED)]
    assert sorted(kinds) == ["deletion", "deletion", "edit", "workflow"]
    with pytest.raises(StateConflict):
        deletion(office, pia, workflow, SERIES)
    with pytest.raises(StateConflict):
        edit(office, pia, workflow)


def test_deleting_a_pending_workflow_by_vote_ends_its_own_vote(office: Office, pia: Caller) -> None:
    val, wes = voters(office, 2)
    workflow = put_forward(office, pia)
    proposal = deletion(office, val, workflow)
    with pytest.raises(ProposalPendingExists):
        deletion(office, wes, workflow)
    assert vote_on(office, wes, proposal, APPROVE).proposal.status is ProposalStatus.APPROVED
    assert stored(office, workflow).status is WorkflowStatus.DELETED
    assert (founding(office, workflow).status, founding(office, workflow).outcome) == (
        ProposalStatus.EXPIRED,
        Outcome.WITHDRAWN,
    )
    # Whoever proposed the workflow hears of both.
    notices = told(office, pia, NoticeKind.VOTE_CLOSED)
    assert {(notice["kind"], notice["state"]) for notice in notices} == {
        ("deletion", "approved"),
        ("workflow", "expired"),
    }


def test_who_may_propose_a_deletion(office: Office, pia: Caller, ada: Caller) -> None:
    val, mia = join(office, "val", VOTER), improver(office, "mia")
    workflow = opened(office, pia, ada)
    for caller in (mia, the_operator(office)):
        with pytest.raises(RoleRequired):
            deletion(office, caller, workflow)
    by_voter = deletion(office, val, workflow)
    assert [view.votes.proposal for view in office.proposing.own_proposals(val).items] == [by_voter.votes.proposal]
    assert office.proposing.own_proposals(pia).total == 0
    # Whose workflow it is reads what others want to do with it.
    for caller in (val, pia):
        assert office.proposing.own_proposal(caller, by_voter.votes.proposal.proposal_id).workflow == workflow
    with pytest.raises(ProposalNotFound):
        office.proposing.own_proposal(join(office, "zoe", VOTER), by_voter.votes.proposal.proposal_id)
    by_admin = deletion(office, ada, workflow, SERIES)
    found = office.workflow_admin.proposals(ada, ProposalStatus.PENDING)
    assert {view.votes.proposal.proposal_id for view in found.items} == {
        by_voter.votes.proposal.proposal_id,
        by_admin.votes.proposal.proposal_id,
    }
    with pytest.raises(WorkflowNotFound):
        act(
            office,
            val,
            lambda uow, me: office.proposing.propose_deletion(uow, me, "wfl_unknown", INSTANCE, "why"),
            registry=False,
        )


def test_a_rejected_deletion_changes_nothing(office: Office, pia: Caller, ada: Caller) -> None:
    (val,) = voters(office, 1)
    workflow = opened(office, pia, ada)
    vote_on(office, val, deletion(office, pia, workflow), DENY)
    assert stored(office, workflow) == workflow
    # Closed ones stand in nobody's way.
    deletion(office, pia, workflow)


def test_what_was_paid_for_meanwhile_is_not_deleted(office: Office, pia: Caller, ada: Caller, desks: Desks) -> None:
    (val,) = voters(office, 1)
    workflow = opened(office, pia, ada, plan_of({"a": []}, "a", bounty=5))
    worker = improver(office, "mia")
    desks.claim(worker, workflow)
    desks.work_off(worker, workflow)
    proposal = deletion(office, pia, workflow)
    (payout,) = desks.payouts_of(workflow)
    act(office, ada, lambda uow, me: office.payouts.settle(uow, me, payout.payout_id, "transfer 1"), registry=False)
    view = vote_on(office, val, proposal, APPROVE)
    assert (view.proposal.status, view.proposal.outcome) == (ProposalStatus.EXPIRED, Outcome.WITHDRAWN)
    assert stored(office, workflow).status is WorkflowStatus.PAID_OUT
    with pytest.raises(StateConflict):
        deletion(office, pia, workflow)
