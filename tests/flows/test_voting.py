"""Votes: every row of the contract's table, on both databases, with the clock as the only visitor."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from sealwright.domain.errors import MalformedBody, MissingMember, RoleRequired, StateConflict
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import Caller
from sealwright.domain.votes import Outcome, ProposalKind, ProposalStatus, Tally, VoteDecision
from sealwright.domain.work_errors import ProposalClosed, ProposalNotFound, SelfVote, WorkflowNotFound
from sealwright.domain.workflows import StepStatus, WorkflowStatus
from sealwright.services.office import Office
from sealwright.services.ports import UnitOfWork
from sealwright.services.proposal_moves import Ballot, ProposalMoves
from tests.storage.racing import together
from tests.support.desk import act, join
from tests.support.office import MovableClock, the_operator
from tests.support.review import ADMIN, audit_of, audit_rows, improver
from tests.support.voting import (
    APPROVE,
    DENY,
    PROPOSER,
    VOTER,
    deletion,
    force,
    founding,
    leave,
    opened,
    proposer,
    put_forward,
    stored,
    told,
    vote,
    vote_on,
    voters,
    withdraw,
)

DAY, FORTNIGHT = timedelta(days=1), timedelta(days=14)


def test_more_than_half_of_all_voters_decide_at_once(office: Office) -> None:
    pia, panel = proposer(office), voters(office, 1)
    for count, needed in ((1, 1), (2, 2), (3, 2), (4, 3)):
        panel += voters(office, count - len(panel), first=len(panel) + 1)
        for decision in (APPROVE, DENY):
            _decide_at_once(office, pia, panel, needed, decision)
    assert office.voting.close_due() == 0
    states = [notice["state"] for notice in told(office, pia, NoticeKind.VOTE_CLOSED)]
    assert (states.count("approved"), states.count("rejected")) == (4, 4)


def _decide_at_once(office: Office, pia: Caller, panel: list[Caller], needed: int, decision: VoteDecision) -> None:
    workflow, won = put_forward(office, pia), decision is APPROVE
    for number, voter in enumerate(panel[:needed], 1):
        assert stored(office, workflow).status is WorkflowStatus.PENDING
        view = vote(office, voter, workflow, decision)
        assert (view.my_decision, view.tally.votes_cast, view.tally.total_voters) == (decision, number, len(panel))
    proposal = founding(office, workflow)
    assert proposal.status is (ProposalStatus.APPROVED if won else ProposalStatus.REJECTED)
    assert (proposal.outcome, proposal.finalized_at) == (Outcome.MAJORITY, office.clock.now())
    assert proposal.counted == Tally(needed if won else 0, 0 if won else needed, len(panel))
    assert stored(office, workflow).status is (WorkflowStatus.APPROVED if won else WorkflowStatus.REJECTED)
    for voter in panel[-2:]:
        with pytest.raises(ProposalClosed):
            vote(office, voter, workflow, decision)
    assert audit_of(office, proposal.proposal_id) == {
        "proposal.created": 1,
        "proposal.voted": needed,
        "proposal.quorum_reached": 1,
        "proposal.closed": 1,
    }


def test_an_approval_opens_the_workflow_to_those_who_qualify(office: Office, clock: MovableClock) -> None:
    pia, (val,) = proposer(office), voters(office, 1)
    workflow = put_forward(office, pia)
    clock.move(hours=1)
    vote(office, val, workflow, APPROVE)
    approved = stored(office, workflow)
    assert (approved.status, approved.listed_at) == (WorkflowStatus.APPROVED, clock.now())
    assert [step.status for step in approved.steps] == [StepStatus.AVAILABLE, StepStatus.LOCKED, StepStatus.LOCKED]
    assert audit_of(office, workflow.workflow_id) == {"workflow.proposed": 1, "workflow.approved": 1}


def test_a_quorum_starts_the_countdown_and_its_end_counts(office: Office, clock: MovableClock) -> None:
    pia, (ann, ben) = proposer(office), voters(office, 2)
    clock.move(days=1)
    liked, tied, disliked = (put_forward(office, pia) for _ in range(3))
    reached = clock.now()
    for workflow, decision in ((liked, APPROVE), (tied, APPROVE), (disliked, DENY)):
        vote(office, ann, workflow, decision)
        proposal = founding(office, workflow)
        assert (proposal.quorum_reached_at, proposal.finalize_at) == (reached, reached + DAY)
    clock.move(hours=5)
    vote(office, ben, tied, DENY)
    assert founding(office, tied).finalize_at == reached + DAY
    clock.time = reached + DAY - timedelta(seconds=1)
    assert office.voting.close_due() == 0
    clock.move(seconds=1)
    # The time is over though nobody has recorded it yet.
    with pytest.raises(ProposalClosed):
        vote(office, ben, liked, APPROVE)
    assert office.voting.close_due() == 3
    for workflow, status, count in (
        (liked, ProposalStatus.APPROVED, Tally(1, 0, 2)),
        (tied, ProposalStatus.REJECTED, Tally(1, 1, 2)),
        (disliked, ProposalStatus.REJECTED, Tally(0, 1, 2)),
    ):
        closed = founding(office, workflow)
        assert (closed.status, closed.outcome, closed.counted) == (status, Outcome.COUNTDOWN, count)
        assert stored(office, workflow).status.value == status.value
    rows = [row for row in audit_rows(office) if row["action"] == "proposal.closed"]
    assert {(row["actor"]["type"], row["data"]["outcome"]) for row in rows} == {("system", "countdown")}
    assert office.voting.close_due() == 0


def test_three_voters_need_two_votes_for_a_quorum(office: Office, clock: MovableClock) -> None:
    pia, (ann, ben, _) = proposer(office), voters(office, 3)
    workflow = put_forward(office, pia)
    view = vote(office, ann, workflow, APPROVE)
    assert (view.tally.quorum_threshold, view.tally.has_quorum, view.proposal.finalize_at) == (2, False, None)
    view = vote(office, ben, workflow, DENY)
    assert (view.tally.has_quorum, view.proposal.finalize_at) == (True, clock.now() + DAY)
    assert view.proposal.status is ProposalStatus.PENDING


def test_without_a_quorum_it_expires_after_fourteen_days(office: Office, clock: MovableClock) -> None:
    pia, panel = proposer(office), voters(office, 0)
    for count in (0, 3, 4):
        panel += voters(office, count - len(panel), first=len(panel) + 1)
        workflow = put_forward(office, pia)
        for voter in panel[:1]:
            vote(office, voter, workflow, APPROVE)
        assert founding(office, workflow).expires_at == clock.now() + FORTNIGHT
        clock.move(days=14, seconds=-1)
        assert office.voting.close_due() == 0
        clock.move(seconds=1)
        assert office.voting.close_due() == 1
        proposal = founding(office, workflow)
        assert (proposal.status, proposal.outcome) == (ProposalStatus.EXPIRED, Outcome.NO_QUORUM)
        assert stored(office, workflow).status is WorkflowStatus.EXPIRED
    assert {notice["state"] for notice in told(office, pia, NoticeKind.VOTE_CLOSED)} == {"expired"}


def test_a_vote_may_be_changed_until_the_proposal_is_closed(office: Office, clock: MovableClock) -> None:
    pia, (ann, ben, _, _) = proposer(office), voters(office, 4)
    workflow = put_forward(office, pia)
    vote(office, ann, workflow, APPROVE, "looks right")
    clock.move(minutes=1)
    view = vote(office, ann, workflow, DENY, "not so fast")
    assert (view.tally, view.my_decision) == (Tally(0, 1, 4), DENY)
    assert [(one.comment, one.cast_at) for one in view.votes] == [("not so fast", clock.now())]
    # The same again changes nothing, and leaves no trace.
    clock.move(minutes=1)
    assert vote(office, ann, workflow, DENY, "not so fast").votes == view.votes
    vote(office, ben, workflow, APPROVE)
    vote(office, ann, workflow, APPROVE)
    trail = [row for row in audit_rows(office) if row["action"] == "proposal.voted"]
    assert [(row["before"], row["after"]) for row in trail] == [
        (None, {"decision": "approve"}),
        ({"decision": "approve"}, {"decision": "deny"}),
        (None, {"decision": "approve"}),
        ({"decision": "deny"}, {"decision": "approve"}),
    ]
    assert "fast" not in str(audit_rows(office))
    clock.move(days=1)
    office.voting.close_due()
    assert founding(office, workflow).counted == Tally(2, 0, 4)
    with pytest.raises(ProposalClosed):
        vote(office, ann, workflow, DENY)


def test_nobody_votes_on_their_own_proposal_nor_counts_for_it(office: Office) -> None:
    pia, (val,) = proposer(office, "pia", VOTER), voters(office, 1)
    workflow = put_forward(office, pia)
    with pytest.raises(SelfVote):
        vote(office, pia, workflow, APPROVE)
    assert told(office, pia, NoticeKind.VOTE_OPEN) == []
    assert vote(office, val, workflow, APPROVE).tally == Tally(1, 0, 1)
    proposal = deletion(office, pia, workflow)
    with pytest.raises(SelfVote):
        vote_on(office, pia, proposal, APPROVE)


def test_only_approved_voters_vote_and_read(office: Office) -> None:
    pia, ada, mia = proposer(office), join(office, "ada", ADMIN), improver(office, "mia")
    workflow = put_forward(office, pia)
    for caller in (ada, mia, pia, the_operator(office)):
        with pytest.raises(RoleRequired):
            vote(office, caller, workflow, APPROVE)
        with pytest.raises(RoleRequired):
            office.voting.list(caller)
        with pytest.raises(RoleRequired):
            office.voting.one(caller, workflow.workflow_id)
        with pytest.raises(RoleRequired):
            office.voting.proposals(caller)
    both = join(office, "both", ADMIN, VOTER)
    assert vote(office, both, workflow, DENY).my_decision is DENY


def test_voters_who_left_do_not_count(office: Office, clock: MovableClock) -> None:
    pia, (ann, ben, cal, dan) = proposer(office), voters(office, 4)
    workflow = put_forward(office, pia)
    vote(office, ann, workflow, APPROVE)
    vote(office, ben, workflow, DENY)
    leave(office, ben)
    clock.move(days=1)
    assert office.voting.close_due() == 1
    closed = founding(office, workflow)
    assert (closed.status, closed.counted) == (ProposalStatus.APPROVED, Tally(1, 0, 3))
    # What was counted stays counted, whoever leaves later.
    leave(office, ann, cal)
    view = office.voting.one(dan, workflow.workflow_id).votes
    assert view is not None
    assert view.tally == Tally(1, 0, 3)


def test_voters_who_leave_let_a_quorum_or_a_majority_come_about_by_itself(office: Office, clock: MovableClock) -> None:
    pia, (ann, ben, cal, dan, eve) = proposer(office), voters(office, 5)
    workflow = put_forward(office, pia)
    vote(office, ann, workflow, APPROVE)
    vote(office, ben, workflow, APPROVE)
    assert office.voting.close_due() == 0
    assert founding(office, workflow).finalize_at is None
    leave(office, cal)
    assert office.voting.close_due() == 0
    proposal = founding(office, workflow)
    assert proposal.finalize_at == clock.now() + DAY
    leave(office, dan)
    assert office.voting.close_due() == 1
    closed = founding(office, workflow)
    assert (closed.status, closed.outcome, closed.counted) == (
        ProposalStatus.APPROVED,
        Outcome.MAJORITY,
        Tally(2, 0, 3),
    )
    assert closed.quorum_reached_at == proposal.quorum_reached_at
    assert eve.user_id not in str(closed)


def test_new_voters_raise_what_is_needed_but_a_countdown_once_begun_runs_on(
    office: Office, clock: MovableClock
) -> None:
    pia, (ann, _) = proposer(office), voters(office, 2)
    workflow = put_forward(office, pia)
    vote(office, ann, workflow, APPROVE)
    begun = founding(office, workflow)
    voters(office, 4, first=3)
    assert office.voting.close_due() == 0
    assert founding(office, workflow) == begun
    clock.move(days=1)
    assert office.voting.close_due() == 1
    closed = founding(office, workflow)
    assert (closed.status, closed.counted) == (ProposalStatus.APPROVED, Tally(1, 0, 6))


def test_of_votes_at_once_one_closes_and_the_outcome_is_one(office: Office) -> None:
    pia, panel = proposer(office), voters(office, 4)
    workflow = put_forward(office, pia)

    def cast(number: int) -> str:
        try:
            vote(office, panel[number], workflow, APPROVE)
        except ProposalClosed:
            return "late"
        return "counted"

    outcomes = together([partial(cast, number) for number in range(4)])
    assert sorted(outcomes) == ["counted", "counted", "counted", "late"]
    closed = founding(office, workflow)
    assert (closed.status, closed.outcome, closed.counted) == (
        ProposalStatus.APPROVED,
        Outcome.MAJORITY,
        Tally(3, 0, 4),
    )
    assert audit_of(office, closed.proposal_id)["proposal.closed"] == 1
    assert audit_of(office, workflow.workflow_id)["workflow.approved"] == 1
    assert len(told(office, pia, NoticeKind.VOTE_CLOSED)) == 1
    assert office.auditing.verify(the_operator(office)).verified is True


def test_a_vote_and_a_withdrawal_at_once_leave_one_outcome(office: Office) -> None:
    pia, (val,) = proposer(office), voters(office, 1)

    def tried(act: Callable[[], object]) -> bool:
        try:
            act()
        except (ProposalClosed, StateConflict, WorkflowNotFound):
            return False
        return True

    for _ in range(4):
        workflow = put_forward(office, pia)
        voted, taken_back = together(
            [
                partial(tried, partial(vote, office, val, workflow, APPROVE)),
                partial(tried, partial(withdraw, office, pia, workflow)),
            ]
        )
        assert voted is not taken_back
        status = WorkflowStatus.APPROVED if voted else WorkflowStatus.DELETED
        assert stored(office, workflow).status is status
        outcome = Outcome.MAJORITY if voted else Outcome.WITHDRAWN
        assert founding(office, workflow).outcome is outcome


def test_several_clocks_at_once_close_each_proposal_once(office: Office, clock: MovableClock) -> None:
    pia = proposer(office)
    made = [put_forward(office, pia) for _ in range(3)]
    clock.move(days=14)
    assert sum(together([office.voting.close_due] * 3)) == 3
    for workflow in made:
        assert stored(office, workflow).status is WorkflowStatus.EXPIRED
        assert audit_of(office, founding(office, workflow).proposal_id)["proposal.closed"] == 1


def test_one_proposal_that_cannot_be_closed_keeps_no_other_open(
    office: Office, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    pia = proposer(office)
    stuck, fine = put_forward(office, pia), put_forward(office, pia)
    lock, name = ProposalMoves.lock, founding(office, stuck).proposal_id

    def broken(uow: UnitOfWork, proposal_id: str) -> Ballot:
        if proposal_id == name:
            raise StateConflict("It cannot be closed.")
        return lock(uow, proposal_id)

    monkeypatch.setattr(ProposalMoves, "lock", staticmethod(broken))
    clock.move(days=14)
    assert office.voting.close_due() == 1
    assert founding(office, fine).status is ProposalStatus.EXPIRED
    monkeypatch.undo()
    assert office.voting.close_due() == 1


def test_admins_force_a_pending_proposal_through_and_the_trail_says_whose(office: Office) -> None:
    ada, pia, (val, _, _, _) = join(office, "ada", ADMIN, PROPOSER), proposer(office), voters(office, 4)
    other, own = put_forward(office, pia), put_forward(office, ada)
    vote(office, val, other, DENY)
    for caller in (pia, val):
        with pytest.raises(RoleRequired):
            force(office, caller, other)
    with pytest.raises(MissingMember):
        force(office, ada, other, "  ")
    assert force(office, ada, other, "the bridge is unsafe").workflow.status is WorkflowStatus.APPROVED
    assert force(office, ada, own).workflow.status is WorkflowStatus.APPROVED
    closed = founding(office, other)
    assert (closed.outcome, closed.forced_by, closed.forced_reason) == (
        Outcome.FORCED,
        ada.user_id,
        "the bridge is unsafe",
    )
    assert closed.counted == Tally(0, 1, 4)
    rows = [row for row in audit_rows(office) if row["action"] == "proposal.force_approved"]
    assert [row["data"]["ownProposal"] for row in rows] == [False, True]
    assert "unsafe" not in str(audit_rows(office))
    assert [notice["outcome"] for notice in told(office, pia, NoticeKind.VOTE_CLOSED)] == ["forced"]
    assert told(office, ada, NoticeKind.VOTE_CLOSED) == []
    for again in (lambda: force(office, ada, other), lambda: vote(office, val, other, APPROVE)):
        with pytest.raises(ProposalClosed):
            again()


def test_what_is_over_by_the_clock_is_not_forced(office: Office, clock: MovableClock) -> None:
    ada, pia = join(office, "ada", ADMIN), proposer(office)
    workflow = put_forward(office, pia)
    clock.move(days=14)
    with pytest.raises(ProposalClosed):
        force(office, ada, workflow)


def test_voters_are_told_and_read_what_waits(office: Office) -> None:
    pia, (ann, ben) = proposer(office), voters(office, 2)
    first, second = put_forward(office, pia), put_forward(office, pia)
    for voter in (ann, ben):
        notices = told(office, voter, NoticeKind.VOTE_OPEN)
        assert {notice["workflow_id"] for notice in notices} == {first.workflow_id, second.workflow_id}
        assert notices[0]["title"] == first.title
    vote(office, ann, first, DENY, "too costly")
    found = office.voting.list(ann)
    assert {view.workflow.workflow_id for view in found.items} == {first.workflow_id, second.workflow_id}
    view = office.voting.one(ben, first.workflow_id)
    assert view.votes is not None
    assert (view.votes.my_decision, [one.comment for one in view.votes.votes]) == (None, ["too costly"])
    assert view.names == {pia.user_id: "Pia", ann.user_id: "Voter1"}
    vote(office, ben, first, DENY)
    assert office.voting.list(ann).total == 1
    assert office.voting.list(ann, WorkflowStatus.REJECTED).total == 1
    assert office.voting.list(ann, None).total == 2
    assert office.voting.list(ann, WorkflowStatus.DELETED).total == 0
    with pytest.raises(WorkflowNotFound):
        office.voting.one(ann, "wfl_unknown")
    with pytest.raises(WorkflowNotFound):
        act(office, ann, lambda uow, me: office.voting.vote(uow, me, "wfl_unknown", APPROVE), registry=False)
    with pytest.raises(MalformedBody):
        vote(office, ann, second, APPROVE, "x" * 2_001)


def test_kinds_of_proposals_are_not_mistaken_for_each_other(office: Office) -> None:
    ada, pia, (ann, _, _) = join(office, "ada", ADMIN), proposer(office), voters(office, 3)
    workflow = opened(office, pia, ada)
    proposal = deletion(office, pia, workflow)
    proposal_id = proposal.votes.proposal.proposal_id

    def cast(name: str, kind: ProposalKind | None) -> None:
        act(office, ann, lambda uow, me: office.voting.vote_on(uow, me, name, APPROVE, kind=kind), registry=False)

    for name, kind in (
        (proposal_id, ProposalKind.EDIT),
        (founding(office, workflow).proposal_id, None),
        ("prp_unknown", None),
    ):
        with pytest.raises(ProposalNotFound):
            cast(name, kind)
    cast(proposal_id, ProposalKind.DELETION)
    found = office.voting.proposals(ann)
    assert [(view.votes.proposal.proposal_id, view.votes.my_decision) for view in found.items] == [
        (proposal_id, APPROVE)
    ]
    assert office.voting.proposal(ann, proposal_id).workflow.workflow_id == workflow.workflow_id
    assert office.voting.proposals(ann, ProposalStatus.APPROVED).total == 0


def test_when_all_who_voted_have_left_nothing_speaks_for_it(office: Office, clock: MovableClock) -> None:
    pia, (ann, ben) = proposer(office), voters(office, 2)
    workflow = put_forward(office, pia)
    vote(office, ann, workflow, DENY)
    vote(office, ben, workflow, APPROVE)
    leave(office, ann, ben)
    clock.move(days=1)
    assert office.voting.close_due() == 1
    closed = founding(office, workflow)
    assert (closed.status, closed.counted) == (ProposalStatus.REJECTED, Tally(0, 0, 0))
