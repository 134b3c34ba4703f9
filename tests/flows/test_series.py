"""Series: claims that carry on, giving them up, absences, and the clock that opens, skips and goes on."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from sealwright.domain.errors import MalformedBody, MissingMember, RoleRequired, UnknownCredentialType
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import AccountRole, Caller
from sealwright.domain.recurrence import Recurrence
from sealwright.domain.series import Series
from sealwright.domain.work_errors import InvalidSchedule, NothingToRelease, WorkflowNotFound
from sealwright.domain.workflows import AbsencePeriod, StepStatus, Workflow, WorkflowStatus
from sealwright.services import absences
from sealwright.services.office import Office
from sealwright.services.ports import UnitOfWork
from sealwright.services.workflow_moves import WorkflowMoves
from sealwright.services.workflow_values import Released
from tests.support.accounts import at_once
from tests.support.desk import DPW, VERIFIER, join
from tests.support.office import START, MovableClock
from tests.support.review import audit_of, audit_rows, improver, reviewer, revoke
from tests.support.work import plan_of
from tests.support.workflows import Desks, open_workflow, qualified

DAILY, DAY = Recurrence.DAILY, timedelta(days=1)
# Two roles in turn: the first, third and fourth step are one person's.
TURNS = plan_of({"a": [DPW], "b": []}, "abaa")


@pytest.fixture
def issuer(office: Office) -> Caller:
    return reviewer(office, "rita", DPW, VERIFIER)


@pytest.fixture
def admin(office: Office) -> Caller:
    return join(office, "ada", AccountRole.ADMIN)


def unclaim(desks: Desks, caller: Caller, workflow: Workflow, order: int = 1) -> Released:
    desk = desks.office.series_desk
    return desks.act(caller, lambda uow, me: desk.unclaim(uow, me, workflow.series_id, order))


def be_away(
    desks: Desks, caller: Caller, workflow: Workflow, since: datetime, until: datetime, **more: object
) -> AbsencePeriod:
    members: dict[str, object] = {"series_id": workflow.series_id, "step_order": 1, **more}
    desk = desks.office.series_desk
    return desks.act(
        caller,
        lambda uow, me: desk.put_absence(uow, me, absent_from=since, absent_until=until, **members),  # type: ignore[arg-type]
    )


def holders(desks: Desks, workflow: Workflow) -> list[str | None]:
    return [step.assigned_to for step in desks.stored(workflow).steps]


def told(desks: Desks, person: Caller, kind: NoticeKind) -> list[dict[str, str]]:
    return [dict(one.data) for one in desks.office.notices.inbox(person).items if one.kind is kind]


def finish(desks: Desks, workflow: Workflow, *people: Caller) -> Workflow:
    """Do all steps, each by whoever is named in its place; gives the instance that follows."""
    for order, person in enumerate(people, 1):
        desks.work_off(person, workflow, order)
    return desks.newest(workflow)


# -- giving up -----------------------------------------------------------------------------------------


def test_giving_a_series_up_releases_what_is_not_begun(desks: Desks, issuer: Caller) -> None:
    ann, bob = (qualified(desks.office, issuer, name) for name in ("ann", "bob"))
    workflow = open_workflow(desks.office, TURNS, recurrence=DAILY)
    desks.claim(ann, workflow)
    desks.claim(bob, workflow, 2)
    desks.work_off(ann, workflow, 1)
    desks.work_off(bob, workflow, 2)
    desks.start(ann, workflow, 3)
    assert desks.series_orders(ann) == [1, 3, 4]

    # By whichever of the role's steps: the first is done, the third begun, the fourth goes back.
    assert unclaim(desks, ann, workflow, 3) == Released(workflow.series_id, 1, 2, 3)
    assert desks.series_orders(ann) == []
    assert desks.series_orders(bob) == [2]
    assert holders(desks, workflow) == [ann.user_id, bob.user_id, ann.user_id, None]
    assert [row["after"]["assignedTo"] for row in audit_rows(desks.office) if row["action"] == "step.released"] == [
        None
    ]
    (row,) = [row for row in audit_rows(desks.office) if row["action"] == "series.released"]
    assert row["data"] == {"userId": ann.user_id, "stepOrders": [1, 3, 4], "cause": "unclaimed"}
    assert told(desks, ann, NoticeKind.STEP_RELEASED) == []

    for again in (1, 3):
        with pytest.raises(NothingToRelease):
            unclaim(desks, ann, workflow, again)
    with pytest.raises(NothingToRelease):
        unclaim(desks, bob, workflow, 1)
    with pytest.raises(NothingToRelease):
        desks.act(ann, lambda uow, me: desks.office.series_desk.unclaim(uow, me, "ser_none", 1))
    desks.complete(ann, workflow, 3)
    carl = qualified(desks.office, issuer, "carl")
    desks.claim(carl, workflow, 4)
    assert holders(desks, workflow)[3] == carl.user_id


def test_an_admin_takes_a_series_away_and_says_why(
    desks: Desks, issuer: Caller, admin: Caller, clock: MovableClock
) -> None:
    office = desks.office
    ann, bob = qualified(office, issuer, "ann"), improver(office, "bob")
    workflow = open_workflow(office, TURNS, recurrence=DAILY)
    desks.claim(ann, workflow)
    clock.move(minutes=1)
    desks.claim(bob, workflow, 2)
    found = office.series_desk.claimants(admin, workflow.series_id)
    assert [(one.user_id, one.display_name, one.step_orders, one.claimed_at, one.qualifies) for one in found] == [
        (ann.user_id, "Ann", (1, 3, 4), START, True),
        (bob.user_id, "Bob", (2,), clock.now(), True),
    ]
    revoke(office, issuer, user_id=ann.user_id, credential_type=DPW)
    # Its own policy has taken her claims already: the started instance stays with her.
    assert [one.user_id for one in office.series_desk.claimants(admin, workflow.series_id)] == [bob.user_id]

    desk = office.series_desk
    with pytest.raises(MissingMember):
        desks.act(admin, lambda uow, me: desk.revoke_claim(uow, me, workflow.series_id, bob.user_id, " "))
    released = desks.act(admin, lambda uow, me: desk.revoke_claim(uow, me, workflow.series_id, bob.user_id, "4711!"))
    assert (released.released_count, released.skipped_count, released.step_order) == (1, 0, None)
    assert holders(desks, workflow) == [ann.user_id, None, ann.user_id, ann.user_id]
    (notice,) = told(desks, bob, NoticeKind.STEP_RELEASED)
    assert (notice["steps"], notice["cause"], notice["reason"]) == ("Step 2", "released_by_admin", "4711!")
    assert "4711" not in repr(audit_rows(office))
    with pytest.raises(NothingToRelease):
        desks.act(admin, lambda uow, me: desk.revoke_claim(uow, me, workflow.series_id, bob.user_id, "again"))
    for refused in (bob, issuer):
        with pytest.raises(RoleRequired):
            desks.act(refused, lambda uow, me: desk.revoke_claim(uow, me, workflow.series_id, ann.user_id, "no"))
        with pytest.raises(RoleRequired):
            desk.claimants(refused, workflow.series_id)
    with pytest.raises(WorkflowNotFound):
        desk.claimants(admin, "ser_none")


def test_a_claim_carries_on_and_the_earliest_that_may_gets_it(
    desks: Desks, issuer: Caller, admin: Caller, clock: MovableClock
) -> None:
    ann, bob = (qualified(desks.office, issuer, name) for name in ("ann", "bob"))
    workflow = open_workflow(desks.office, plan_of({"a": [DPW]}, "a"), recurrence=DAILY)
    desks.claim(ann, workflow)
    clock.move(hours=1)
    second = finish(desks, workflow, ann)
    assert (second.start_at, holders(desks, second)) == (START + DAY, [ann.user_id])
    desks.release(ann, second)
    desks.claim(bob, second)

    # Bob has this one, and yet Ann's wish for the later ones is older.
    clock.move(days=1, hours=-1)
    third = finish(desks, second, bob)
    assert holders(desks, third) == [ann.user_id]
    held = grant_of(desks, issuer, ann)
    clock.move(days=1)
    desks.act(issuer, lambda uow, me: desks.office.granting.suspend(uow, me, held, "a pause"))
    # Nobody began it: it is skipped, and she may not have the next one.
    clock.move(days=1)
    assert desks.office.workflow_clock.skip_due() == 1
    fourth = desks.newest(workflow)
    assert (fourth.instance_no, holders(desks, fourth)) == (3, [bob.user_id])
    assert [one.qualifies for one in desks.office.series_desk.claimants(admin, workflow.series_id)] == [False, True]
    (refused,) = [row for row in audit_rows(desks.office) if row["action"] == "series.assignment_refused"]
    assert (refused["data"]["userId"], refused["data"]["missing"]) == (ann.user_id, [DPW])


def grant_of(desks: Desks, issuer: Caller, person: Caller) -> str:
    """The id of somebody's grant in force."""
    with desks.office.units(write=False) as uow:
        return uow.grants.active(person.user_id, desks.office.clock.now())[DPW]


# -- absences ------------------------------------------------------------------------------------------


def test_an_absence_gives_back_what_begins_within_it(desks: Desks, issuer: Caller, clock: MovableClock) -> None:
    ann = qualified(desks.office, issuer, "ann")
    bob = improver(desks.office, "bob")
    workflow = open_workflow(desks.office, TURNS, recurrence=DAILY, start_at=START + DAY)
    desks.claim(ann, workflow)
    desks.claim(bob, workflow, 2)

    # A beginning at its very end is not within it.
    before = be_away(desks, ann, workflow, START, START + DAY)
    assert holders(desks, workflow) == [ann.user_id, bob.user_id, ann.user_id, ann.user_id]
    # One step of a role stands for all of them.
    moved = be_away(desks, ann, workflow, START + DAY, START + 2 * DAY, absence_id=before.absence_id, step_order=3)
    assert holders(desks, workflow) == [None, bob.user_id, None, None]
    assert desks.series_orders(ann) == [1, 3, 4]
    assert desks.office.series_desk.absences(ann) == (moved,)
    (ended,) = [claim for claim in desks.claims_of(workflow) if claim.user_id == ann.user_id]
    assert ended.end_cause == "absent"
    kinds = [row["data"]["change"] for row in audit_rows(desks.office) if row["action"] == "absence.changed"]
    assert kinds == ["added", "changed"]

    desks.act(ann, lambda uow, me: desks.office.series_desk.delete_absence(uow, me, moved.absence_id))
    assert desks.office.series_desk.absences(ann) == ()
    assert holders(desks, workflow)[0] is None
    with pytest.raises(WorkflowNotFound):
        desks.act(ann, lambda uow, me: desks.office.series_desk.delete_absence(uow, me, moved.absence_id))
    desks.claim(ann, workflow)


def test_an_absence_leaves_what_is_begun(desks: Desks, issuer: Caller) -> None:
    ann = qualified(desks.office, issuer, "ann")
    workflow = open_workflow(desks.office, TURNS, recurrence=DAILY)
    desks.claim(ann, workflow)
    desks.start(ann, workflow)
    be_away(desks, ann, workflow, START, START + DAY)
    assert holders(desks, workflow) == [ann.user_id, None, None, None]
    assert desks.complete(ann, workflow).status is StepStatus.COMPLETED


def test_an_absence_is_from_something_and_somebody_s_own(
    desks: Desks, issuer: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = qualified(desks.office, issuer, "ann"), improver(desks.office, "bob")
    workflow = open_workflow(desks.office, TURNS, recurrence=DAILY)
    desks.claim(ann, workflow)
    kept = be_away(desks, ann, workflow, START + DAY, START + 2 * DAY)
    with pytest.raises(InvalidSchedule):
        be_away(desks, ann, workflow, START, START)
    strange: list[tuple[Caller, dict[str, object]]] = [
        (bob, {}),
        (bob, {"absence_id": kept.absence_id}),
        (ann, {"absence_id": "abs_none"}),
        (ann, {"series_id": "ser_none"}),
        (ann, {"step_order": 0}),
        (ann, {"step_order": 5}),
    ]
    for caller, members in strange:
        with pytest.raises(WorkflowNotFound):
            be_away(desks, caller, workflow, START, START + DAY, **members)
    with pytest.raises(WorkflowNotFound):
        desks.act(bob, lambda uow, me: desks.office.series_desk.delete_absence(uow, me, kept.absence_id))
    with pytest.raises(RoleRequired):
        desks.office.series_desk.absences(issuer)
    monkeypatch.setattr(absences, "ABSENCES_AT_MOST", 1)
    with pytest.raises(MalformedBody):
        be_away(desks, ann, workflow, START + 3 * DAY, START + 4 * DAY)
    assert desks.office.series_desk.absences(ann) == (kept,)
    # The same once more changes nothing, and the wish may go while the absence stays.
    assert be_away(desks, ann, workflow, START + DAY, START + 2 * DAY, absence_id=kept.absence_id) == kept
    unclaim(desks, ann, workflow)
    later = be_away(desks, ann, workflow, START + DAY, START + 3 * DAY, absence_id=kept.absence_id)
    assert desks.office.series_desk.absences(ann) == (later,)


# -- the clock -----------------------------------------------------------------------------------------


def test_first_steps_open_by_the_clock_once(desks: Desks, clock: MovableClock) -> None:
    office = desks.office
    workflow = open_workflow(office, TURNS, start_at=START + DAY)
    assert office.workflow_clock.open_due() == 0
    clock.move(days=1)
    assert sorted(at_once(office.workflow_clock.open_due, 4), key=repr) == [0, 0, 0, 1]
    assert [step.status for step in desks.stored(workflow).steps[:2]] == [StepStatus.AVAILABLE, StepStatus.LOCKED]
    assert audit_of(office, workflow.steps[0].step_id) == {"step.available": 1}


def test_what_nobody_began_is_skipped_and_missed_ones_are_left_out(
    desks: Desks, issuer: Caller, clock: MovableClock
) -> None:
    office = desks.office
    ann = qualified(office, issuer, "ann")
    workflow, begun, back, done = (open_workflow(office, TURNS, recurrence=DAILY) for _ in range(4))
    once = open_workflow(office, TURNS)
    for one in (workflow, begun, back, done):
        desks.claim(ann, one)
    for one in (begun, back, done):
        desks.start(ann, one)
    # What was begun and given back is not begun; what was done stays done.
    desks.release(ann, back)
    desks.complete(ann, done)
    desks.release(ann, done, 3)
    clock.move(days=1, seconds=-1)
    assert office.workflow_clock.skip_due() == 0
    clock.move(days=5, seconds=1)
    assert sum(map(int, map(str, at_once(office.workflow_clock.skip_due, 4)))) == 2
    states = [desks.stored(one).status.value for one in (workflow, back, begun, done, once)]
    assert states == ["skipped", "skipped", "in_progress", "in_progress", "approved"]

    # Five intervals went by without anybody: one instance follows, the present one, and she has it.
    following = desks.newest(workflow)
    assert (following.instance_no, following.start_at) == (1, START + 6 * DAY)
    assert holders(desks, following) == [ann.user_id, None, ann.user_id, ann.user_id]
    assert [claim.end_cause for claim in desks.claims_of(workflow)] == ["closed"]
    assert office.workflow_clock.skip_due() == 0
    assert audit_of(office)["workflow.skipped"] == 2


def test_one_instance_that_cannot_move_does_not_hold_the_others_up(
    desks: Desks, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = desks.office
    plan = plan_of({"a": []}, "a")
    stuck, moving = (open_workflow(office, plan, recurrence=DAILY) for _ in range(2))
    clock.move(days=1)
    real = WorkflowMoves.follow

    def follow(self: WorkflowMoves, uow: UnitOfWork, series: Series, last: Workflow) -> Workflow | None:
        if series.series_id == stuck.series_id:
            raise UnknownCredentialType("A credential type is unknown or retired.")
        return real(self, uow, series, last)

    monkeypatch.setattr(WorkflowMoves, "follow", follow)
    assert office.workflow_clock.skip_due() == 1
    assert [desks.stored(one).status for one in (stuck, moving)] == [WorkflowStatus.APPROVED, WorkflowStatus.SKIPPED]
    monkeypatch.undo()
    assert office.workflow_clock.skip_due() == 1
    assert desks.newest(stuck).instance_no == 1


def test_a_round_of_the_clock_leaves_alone_what_moved_meanwhile(desks: Desks, clock: MovableClock) -> None:
    office = desks.office
    workflow = open_workflow(office, plan_of({"a": []}, "a"), recurrence=DAILY)
    late = open_workflow(office, plan_of({"a": []}, "a"), start_at=START + DAY)
    bob = improver(office, "bob")
    clock.move(days=1)
    desks.claim(bob, workflow)
    desks.start(bob, workflow)
    desks.claim(bob, late)
    desks.start(bob, late)
    # What a slower server had read before.
    known = [workflow.workflow_id, late.workflow_id, "wfl_none"]
    for chore in ("_skip", "_open"):
        move = getattr(office.workflow_clock, chore)
        assert [office.workflow_clock._alone(one, move) for one in known] == [False, False, False]
    assert [desks.stored(one).status for one in (workflow, late)] == [WorkflowStatus.IN_PROGRESS] * 2
