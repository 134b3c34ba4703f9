"""Proposing: workflows and drafts, from the form to the voters, and how proposers take them back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from sealwright.domain.catalog import Visibility
from sealwright.domain.errors import (
    ConflictingFields,
    DomainError,
    MalformedBody,
    MissingMember,
    RoleRequired,
    StateConflict,
    UnknownCredentialType,
)
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import Caller
from sealwright.domain.recurrence import Recurrence, Schedule
from sealwright.domain.series import SeriesState
from sealwright.domain.votes import Outcome, ProposalKind, ProposalStatus, TargetType
from sealwright.domain.work_errors import InvalidSchedule, WorkflowNotFound
from sealwright.domain.workflows import WorkflowStatus
from sealwright.services.office import Office
from sealwright.services.workflow_drafts import BODY_MAX_BYTES, DRAFTS_AT_MOST
from sealwright.services.workflow_ports import Draft, WorkflowFilter
from tests.support.desk import DPW, VERIFIER, act, join
from tests.support.office import MovableClock, the_operator
from tests.support.review import ADMIN, audit_of, grant, improver, reviewer, revoke
from tests.support.voting import (
    APPROVE,
    DENY,
    VOTER,
    deletion,
    edit,
    fail,
    faults_of,
    founding,
    instances,
    leave,
    opened,
    proposer,
    put_forward,
    stored,
    stored_series,
    told,
    vote,
    voters,
    weekly,
    withdraw,
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


def test_the_documentations_project_waits_for_its_voters_as_written(office: Office, pia: Caller) -> None:
    (val,) = voters(office, 1)
    workflow = put_forward(office, pia)
    assert (workflow.title, workflow.description) == ("Street Repair Project", "Repair potholes on Main St")
    assert (workflow.status, workflow.instance_no, workflow.start_at) == (WorkflowStatus.PENDING, 0, office.clock.now())
    assert [(step.title, step.bounty, step.step_order) for step in workflow.steps] == [
        ("Assess damage", 50, 1),
        ("Repair pothole", 200, 2),
        ("Verify repair quality", 75, 3),
    ]
    assert stored(office, workflow) == workflow
    view = office.proposing.own_one(pia, workflow.workflow_id)
    assert view.votes is not None
    assert (view.votes.proposal.kind, view.votes.tally.total_voters) == (ProposalKind.WORKFLOW, 1)
    assert (view.claims, view.names) == ((), {pia.user_id: "Pia"})
    assert told(office, val, NoticeKind.VOTE_OPEN)[0]["kind"] == "workflow"
    proposal = founding(office, workflow)
    assert audit_of(office, workflow.workflow_id, proposal.proposal_id) == {
        "workflow.proposed": 1,
        "proposal.created": 1,
    }


def test_only_people_with_the_role_propose(office: Office, ada: Caller) -> None:
    mia, val = improver(office, "mia"), join(office, "val", VOTER)
    for caller in (mia, val, the_operator(office)):
        for refused in (
            lambda who=caller: put_forward(office, who),
            lambda who=caller: office.proposing.own(who),
            lambda who=caller: office.proposing.drafts(who),
            lambda who=caller: office.proposing.qualified(who, [DPW]),
        ):
            with pytest.raises(RoleRequired):
                refused()
    assert put_forward(office, ada).proposer_id == ada.user_id
    with pytest.raises(RoleRequired):
        office.workflow_admin.list(val, WorkflowFilter())


def test_unknown_retired_and_hidden_types_are_named_at_their_places(office: Office, pia: Caller, ada: Caller) -> None:
    act(office, ada, lambda uow, me: office.catalog.retire(uow, me, VERIFIER))
    wish = {"label": "Inner circle", "visibility": Visibility.PRIVATE}
    act(office, ada, lambda uow, me: office.catalog.create(uow, me, "inner", wish))  # type: ignore[arg-type]
    plan = plan_of({"a": [], "b": []}, "ab")
    first, second = plan.roles
    # As they were sent: neither sorted nor each once.
    sent = replace(
        plan,
        roles=(
            replace(first, required_credentials=("nobody_knows", DPW)),
            replace(second, required_credentials=(VERIFIER, DPW, "inner")),
        ),
    )
    places = ["/roles/0/required_credentials/0", "/roles/1/required_credentials/0", "/roles/1/required_credentials/2"]
    with pytest.raises(UnknownCredentialType) as refused:
        put_forward(office, pia, sent)
    assert faults_of(refused) == places
    with pytest.raises(UnknownCredentialType) as refused:
        put_forward(office, ada, sent)
    assert faults_of(refused) == places[:2]
    with pytest.raises(UnknownCredentialType):
        office.proposing.qualified(pia, ["inner"])
    kept = put_forward(
        office, ada, replace(plan, roles=(replace(first, required_credentials=("inner", DPW, DPW)), second))
    )
    assert kept.roles[0].required_credentials == (DPW, "inner")
    assert office.proposing.own(pia).total == 0


def test_a_schedule_is_judged_and_kept_in_whole_seconds_of_utc(office: Office, pia: Caller) -> None:
    now = office.clock.now()
    for pointer, more in (
        ("/time_zone", {"time_zone": "Mars/Olympus"}),
        ("/start_at", {"start_at": datetime(9900, 1, 1, tzinfo=UTC)}),
        ("/recurrence_end_at", {"recurrence": Recurrence.DAILY, "recurrence_end_at": now - timedelta(days=1)}),
    ):
        with pytest.raises(InvalidSchedule) as refused:
            put_forward(office, pia, **more)
        assert faults_of(refused) == [pointer]
    with pytest.raises(ConflictingFields) as conflict:
        put_forward(office, pia, recurrence_end_at=now + WEEK)
    assert faults_of(conflict) == ["/recurrence_end_at"]
    begins = datetime(2026, 3, 29, 9, 0, 0, 250_000, tzinfo=timezone(timedelta(hours=2)))
    workflow = put_forward(
        office, pia, recurrence=Recurrence.MONTHLY, start_at=begins, time_zone="Europe/Berlin", recurrence_end_at=None
    )
    assert workflow.start_at == datetime(2026, 3, 29, 7, tzinfo=UTC)
    assert workflow.next_start_at == datetime(2026, 4, 29, 7, tzinfo=UTC)
    assert stored_series(office, workflow).schedule == Schedule(
        Recurrence.MONTHLY, workflow.start_at, None, "Europe/Berlin"
    )


def test_what_nobody_could_read_is_refused_with_every_place(office: Office, pia: Caller) -> None:
    plan = replace(
        STREET_REPAIR, title=" ", steps=(*STREET_REPAIR.steps[:2], replace(STREET_REPAIR.steps[2], bounty=-1))
    )
    with pytest.raises(MalformedBody) as refused:
        put_forward(office, pia, plan)
    assert faults_of(refused) == ["/title", "/steps/2/bounty"]


def test_proposers_see_their_own_and_nothing_else(office: Office, pia: Caller, ada: Caller, desks: Desks) -> None:
    other = proposer(office, "otto")
    workflow = opened(office, pia, ada)
    worker = qualified(office, reviewer(office, "rita", DPW), "mia")
    desks.claim(worker, workflow)
    assert [view.workflow.workflow_id for view in office.proposing.own(pia).items] == [workflow.workflow_id]
    assert office.proposing.own(pia, WorkflowStatus.PENDING).total == 0
    assert office.proposing.own(other).total == 0
    view = office.proposing.own_one(pia, workflow.workflow_id)
    assert [claim.user_id for claim in view.claims] == [worker.user_id]
    assert view.names[worker.user_id] == "Mia"
    for read in (office.proposing.own_one, office.proposing.own_series):
        with pytest.raises(WorkflowNotFound):
            read(other, workflow.workflow_id)
    for write in (
        lambda: withdraw(office, other, workflow),
        lambda: edit(office, other, workflow),
        lambda: deletion(office, other, workflow),
    ):
        with pytest.raises(WorkflowNotFound):
            write()
    shown = office.workflow_admin.one(ada, workflow.workflow_id)
    assert ([claim.user_id for claim in shown.claims], shown.payouts) == ([worker.user_id], ())


def test_those_who_qualify_are_counted_as_of_now(office: Office, pia: Caller, clock: MovableClock) -> None:
    rita = reviewer(office, "rita", DPW, VERIFIER)
    people = [improver(office, name) for name in ("mia", "moe", "max")]
    assert [office.proposing.qualified(pia, types) for types in ([], [DPW])] == [3, 0]
    for person in people:
        grant(office, rita, person, DPW)
    both = grant(office, rita, people[0], VERIFIER, expires_at=clock.now() + timedelta(days=1))
    asked: tuple[Iterable[str], ...] = ([], [DPW], [VERIFIER], [DPW, VERIFIER], [VERIFIER, DPW, DPW])
    assert [office.proposing.qualified(pia, types) for types in asked] == [3, 3, 1, 1, 1]
    leave(office, people[2])
    held = next(one for one in office.holders.detail(rita, people[1].user_id).grants)
    revoke(office, rita, grant_id=held.grant_id)
    assert [office.proposing.qualified(pia, types) for types in asked[:2]] == [2, 1]
    assert both.expires_at is not None
    clock.time = both.expires_at
    assert office.proposing.qualified(pia, [DPW, VERIFIER]) == 0


# -- taking back -----------------------------------------------------------------------------------


def test_a_pending_workflow_is_taken_back_with_its_vote(office: Office, pia: Caller) -> None:
    (val,) = voters(office, 1)
    workflow = put_forward(office, pia)
    withdraw(office, pia, workflow)
    assert stored(office, workflow).status is WorkflowStatus.DELETED
    closed = founding(office, workflow)
    assert (closed.status, closed.outcome) == (ProposalStatus.EXPIRED, Outcome.WITHDRAWN)
    assert stored_series(office, workflow).state is SeriesState.ENDED
    assert told(office, pia, NoticeKind.VOTE_CLOSED) == []
    with pytest.raises(WorkflowNotFound):
        vote(office, val, workflow, APPROVE)
    with pytest.raises(WorkflowNotFound):
        withdraw(office, pia, workflow)
    assert office.proposing.own(pia).total == 0
    assert office.proposing.own(pia, WorkflowStatus.DELETED).total == 0
    assert audit_of(office, workflow.workflow_id) == {"workflow.proposed": 1, "workflow.deleted": 1}


def test_what_came_to_nothing_is_taken_back_and_what_is_open_is_not(
    office: Office, pia: Caller, ada: Caller, clock: MovableClock
) -> None:
    (val,) = voters(office, 1)
    rejected = put_forward(office, pia)
    vote(office, val, rejected, DENY)
    assert stored_series(office, rejected).state is SeriesState.ENDED
    expired = put_forward(office, pia)
    clock.move(days=14)
    office.voting.close_due()
    failed = fail(office, ada, opened(office, pia, ada))
    skipped = weekly(office, pia, ada)
    clock.move(days=8)
    assert office.workflow_clock.skip_due() == 1
    for workflow, status in (
        (rejected, WorkflowStatus.REJECTED),
        (expired, WorkflowStatus.EXPIRED),
        (failed, WorkflowStatus.FAILED),
        (skipped, WorkflowStatus.SKIPPED),
    ):
        assert stored(office, workflow).status is status
        withdraw(office, pia, workflow)
        assert stored(office, workflow).status is WorkflowStatus.DELETED
    following = instances(office, skipped)[0]
    assert (following.instance_no, following.status) == (1, WorkflowStatus.APPROVED)
    with pytest.raises(StateConflict):
        withdraw(office, pia, following)
    with pytest.raises(StateConflict):
        withdraw(office, pia, opened(office, pia, ada))


def test_admins_end_an_open_workflow_with_a_reason_and_its_series_goes_on(
    office: Office, pia: Caller, ada: Caller, desks: Desks
) -> None:
    workflow = weekly(office, pia, ada)
    worker = qualified(office, reviewer(office, "rita", DPW), "mia")
    desks.claim(worker, workflow)
    with pytest.raises(MissingMember):
        act(office, ada, lambda uow, me: office.workflow_admin.fail(uow, me, workflow.workflow_id, " "), registry=False)
    with pytest.raises(RoleRequired):
        fail(office, pia, workflow)
    failed = fail(office, ada, workflow)
    assert (failed.status, failed.failed_reason) == (WorkflowStatus.FAILED, "flooded")
    assert fail(office, ada, workflow) == failed
    assert audit_of(office, workflow.workflow_id)["workflow.failed"] == 1
    (notice,) = told(office, worker, NoticeKind.STEP_RELEASED)
    assert (notice["cause"], notice["steps"]) == ("closed", "Assess damage, Repair pothole")
    # The claim on the series is kept, so the next instance is theirs.
    following = instances(office, workflow)[0]
    assert (following.instance_no, following.roles[0].held_by) == (1, worker.user_id)
    assert told(office, worker, NoticeKind.STEP_ASSIGNED)[0]["workflow_id"] == following.workflow_id
    with pytest.raises(StateConflict):
        fail(office, ada, put_forward(office, pia))
    assert office.workflow_admin.list(ada, WorkflowFilter(status=WorkflowStatus.FAILED)).total == 1


# -- drafts ----------------------------------------------------------------------------------------


def save(office: Office, caller: Caller, title: str = "Street", body: str = "{}", draft_id: str | None = None) -> Draft:
    return act(
        office,
        caller,
        lambda uow, me: office.proposing.save_draft(uow, me, title=title, body=body, draft_id=draft_id),
        registry=False,
    )


def test_drafts_are_kept_whole_and_belong_to_one_person(office: Office, pia: Caller, clock: MovableClock) -> None:
    other, form = proposer(office, "otto"), json.dumps({"title": "Straße", "roles": [{"title": ""}]})
    draft = save(office, pia, "Stra\u202eße", form)
    assert (draft.title, draft.body, draft.updated_at) == ("Straße", form, clock.now())
    clock.move(seconds=5)
    second = save(office, pia, "", "{}")
    clock.move(seconds=5)
    again = save(office, pia, "Street", form, draft.draft_id)
    assert [one.draft_id for one in office.proposing.drafts(pia)] == [draft.draft_id, second.draft_id]
    assert office.proposing.draft(pia, draft.draft_id) == again
    assert office.proposing.drafts(other) == ()
    for theirs in (
        lambda: office.proposing.draft(other, draft.draft_id),
        lambda: act(office, other, lambda uow, me: office.proposing.delete_draft(uow, me, draft.draft_id)),
    ):
        with pytest.raises(DomainError):
            theirs()
    act(office, pia, lambda uow, me: office.proposing.delete_draft(uow, me, draft.draft_id), registry=False)
    assert office.proposing.drafts(pia) == (second,)
    assert "draft" not in str(audit_of(office))


def test_drafts_have_limits(office: Office, pia: Caller) -> None:
    for body in ("", "[]", "{", '{"a": "' + "x" * BODY_MAX_BYTES + '"}', '{"a": "\ud800"}'):
        with pytest.raises(MalformedBody):
            save(office, pia, body=body)
    with pytest.raises(DomainError):
        save(office, pia, draft_id="drf_1' OR 1=1")
    drafts = [save(office, pia) for _ in range(DRAFTS_AT_MOST)]
    with pytest.raises(StateConflict):
        save(office, pia)
    assert save(office, pia, "again", draft_id=drafts[0].draft_id).title == "again"
