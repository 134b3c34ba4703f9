"""Working: starting, handing in, what is not possible, and what it earns."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sealwright.domain.errors import AttachmentNotFound, RoleRequired
from sealwright.domain.grants import GrantStatus
from sealwright.domain.payouts import PayoutStatus
from sealwright.domain.people import AccountRole, Caller
from sealwright.domain.recurrence import Recurrence
from sealwright.domain.work_errors import (
    MissingCredentials,
    NotStepHolder,
    StepNotAvailable,
    SubmissionIncomplete,
    WorkflowNotFound,
)
from sealwright.domain.workflow_plans import PlannedRole, PlannedStep, WorkflowPlan, WorkItem
from sealwright.domain.workflows import ItemResponse, StepStatus, Submission, Workflow, WorkflowStatus
from sealwright.services.office import Office
from tests.support.desk import DPW, VERIFIER, act, come_in, join
from tests.support.office import MovableClock, the_operator
from tests.support.review import ADMIN, audit_of, audit_rows, grant, held_by, improver, reviewer, revoke
from tests.support.work import plan_of
from tests.support.workflows import STREET, Desks, open_workflow, qualified, with_items

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(40)
PDF = b"%PDF-1.4\n%%EOF"
OTHER = "hvac_certified"
DONE, OPEN, LOCKED = StepStatus.COMPLETED, StepStatus.AVAILABLE, StepStatus.LOCKED
PHOTO = WorkItem("photo", "Photo of the damage", requires_photo=True)
WORDS = WorkItem("words", "What did you find?", requires_written_response=True)
CLOSED = Submission((), True, "The road is closed")


@pytest.fixture
def issuer(office: Office) -> Caller:
    return reviewer(office, "rita", DPW, VERIFIER)


def _claimed(desks: Desks, issuer: Caller, plan: WorkflowPlan = STREET, **more: Any) -> tuple[Workflow, Caller]:
    """An open workflow, the first role of which somebody has claimed."""
    workflow = open_workflow(desks.office, plan, **more)
    ana = qualified(desks.office, issuer, "ana")
    desks.claim(ana, workflow)
    return workflow, ana


def _upload(office: Office, caller: Caller, content: bytes = PNG, name: str = "street.png") -> str:
    made = act(office, caller, lambda uow, me: office.attachments.upload(uow, me, name, content), registry=False)
    return made.attachment_id


def _set(desks: Desks, person: Caller, status: GrantStatus) -> None:
    """Move a person's one grant by its row alone, without what follows from it."""
    held = held_by(desks.office, person)

    def move(uow: Any, _me: Caller) -> None:
        locked = uow.grants.get_for_update(held.grant_id)
        uow.grants.update(replace(locked, status=status, version=locked.version + 1))

    desks.act(person, move)


def _faults(refused: pytest.ExceptionInfo[SubmissionIncomplete]) -> list[str]:
    return [fault.pointer for fault in refused.value.faults]


# -- the usual way -------------------------------------------------------------------------------------


def test_two_people_do_two_steps_and_are_owed_for_them(office: Office, desks: Desks, issuer: Caller) -> None:
    workflow, ana = _claimed(desks, issuer)
    vera = qualified(office, issuer, "vera", [VERIFIER])
    desks.claim(vera, workflow, 2)
    with pytest.raises(StepNotAvailable):
        desks.start(vera, workflow, 2)
    with pytest.raises(StepNotAvailable):
        desks.complete(ana, workflow)

    started = desks.start(ana, workflow)
    assert (started.status, started.started_at) == (StepStatus.IN_PROGRESS, office.clock.now())
    assert desks.stored(workflow).status is WorkflowStatus.IN_PROGRESS
    done = desks.complete(ana, workflow)
    assert (done.status, done.completed_at, done.submission) == (DONE, office.clock.now(), Submission())
    assert [step.status for step in desks.stored(workflow).steps] == [DONE, OPEN]
    desks.work_off(vera, workflow, 2)

    stored = desks.stored(workflow)
    assert (stored.status, stored.closed_at) == (WorkflowStatus.COMPLETED, office.clock.now())
    assert {(one.payee_user_id, one.amount, one.status) for one in desks.payouts_of(workflow)} == {
        (ana.user_id, 5000, PayoutStatus.OWED),
        (vera.user_id, 3000, PayoutStatus.OWED),
    }
    assert [claim.ended_at for claim in desks.claims_of(workflow)] == [None, None]
    counted = audit_of(office)
    assert {kind: counted[kind] for kind in ("step.started", "step.completed", "payout.owed")} == {
        "step.started": 2,
        "step.completed": 2,
        "payout.owed": 2,
    }
    assert counted["workflow.started"] == counted["workflow.completed"] == 1


def test_a_step_begins_with_its_workflow_even_before_the_clock_recorded_it(
    office: Office, desks: Desks, issuer: Caller, clock: MovableClock
) -> None:
    workflow, ana = _claimed(desks, issuer, start_at=clock.now() + timedelta(days=1))
    with pytest.raises(StepNotAvailable):
        desks.start(ana, workflow)
    clock.move(days=1)
    assert desks.start(ana, workflow).status is StepStatus.IN_PROGRESS
    assert audit_of(office)["step.available"] == 1


def test_no_bounty_owes_nothing(desks: Desks, issuer: Caller) -> None:
    workflow, ana = _claimed(desks, issuer, plan_of({"a": [DPW]}, "a"))
    desks.work_off(ana, workflow)
    assert desks.payouts_of(workflow) == ()
    assert desks.stored(workflow).status is WorkflowStatus.COMPLETED
    with pytest.raises(StepNotAvailable):
        desks.request_payout(ana, workflow)


def test_repeating_a_start_or_the_same_submission_changes_nothing(
    office: Office, desks: Desks, issuer: Caller, clock: MovableClock
) -> None:
    workflow, ana = _claimed(desks, issuer, with_items(WORDS, replace(PHOTO, optional=True)))
    first = desks.start(ana, workflow)
    sent = Submission((ItemResponse("words", "A pothole"), ItemResponse("photo", written_response=" ")))
    clock.move(minutes=5)
    assert desks.start(ana, workflow) == first
    done = desks.complete(ana, workflow, submission=sent)
    assert done.submission == Submission((ItemResponse("words", "A pothole"),))
    rows = len(audit_rows(office))
    assert desks.complete(ana, workflow, submission=sent) == done
    assert len(audit_rows(office)) == rows
    with pytest.raises(StepNotAvailable):
        desks.complete(ana, workflow, submission=Submission((ItemResponse("words", "Two potholes"),)))
    with pytest.raises(StepNotAvailable):
        desks.start(ana, workflow)
    assert len(desks.payouts_of(workflow)) == 1


def test_only_who_has_a_step_works_on_it(office: Office, desks: Desks, issuer: Caller) -> None:
    workflow, ana = _claimed(desks, issuer)
    bea, boss = qualified(office, issuer, "bea"), join(office, "boss", ADMIN)
    for other in (bea, boss):
        for work in (desks.start, desks.complete, desks.request_payout):
            with pytest.raises(NotStepHolder):
                work(other, workflow)
    proposer = join(office, "paul", AccountRole.PROPOSER)
    for work in (desks.start, desks.complete, desks.request_payout):
        with pytest.raises(RoleRequired):
            work(proposer, workflow)
    desks.release(ana, workflow)
    with pytest.raises(NotStepHolder):
        desks.start(ana, workflow)


def test_a_deleted_workflow_is_not_there_any_more(desks: Desks, issuer: Caller) -> None:
    workflow, ana = _claimed(desks, issuer)
    desks.act(
        the_operator(desks.office),
        lambda uow, me: desks.moves.close(uow, me, desks.moves.lock(uow, workflow.workflow_id), WorkflowStatus.DELETED),
    )
    for work in (desks.start, desks.complete, desks.request_payout, desks.release):
        with pytest.raises(WorkflowNotFound):
            work(ana, workflow)


# -- grants at the start -------------------------------------------------------------------------------


def test_a_suspended_grant_holds_the_start_up_until_it_is_reinstated(desks: Desks, issuer: Caller) -> None:
    workflow, ana = _claimed(desks, issuer)
    _set(desks, ana, GrantStatus.SUSPENDED)
    with pytest.raises(MissingCredentials) as refused:
        desks.start(ana, workflow)
    assert refused.value.extra == {"missing": [DPW]}
    _set(desks, ana, GrantStatus.ACTIVE)
    assert desks.start(ana, workflow).status is StepStatus.IN_PROGRESS
    # What is begun needs no grant to be completed.
    _set(desks, ana, GrantStatus.SUSPENDED)
    assert desks.complete(ana, workflow).status is DONE


def test_a_step_that_a_revocation_left_may_be_started_and_completed(
    office: Office, desks: Desks, issuer: Caller
) -> None:
    workflow, ana = _claimed(desks, issuer)
    revoke(office, issuer, grant_id=held_by(office, ana).grant_id)
    assert desks.start(ana, workflow).status is StepStatus.IN_PROGRESS
    assert desks.complete(ana, workflow).status is DONE
    assert [one.payee_user_id for one in desks.payouts_of(workflow)] == [ana.user_id]


def test_a_new_grant_that_is_suspended_holds_a_kept_step_up(office: Office, desks: Desks, issuer: Caller) -> None:
    workflow, ana = _claimed(desks, issuer)
    revoke(office, issuer, grant_id=held_by(office, ana).grant_id)
    new = grant(office, issuer, ana, DPW)

    def suspend(uow: Any, _me: Caller) -> None:
        locked = uow.grants.get_for_update(new.grant_id)
        uow.grants.update(replace(locked, status=GrantStatus.SUSPENDED, version=locked.version + 1))

    # Both were made in the same second; which of them is the later one is told by what it follows.
    desks.act(issuer, suspend)
    with pytest.raises(MissingCredentials):
        desks.start(ana, workflow)


@pytest.mark.parametrize("days", [0, 30], ids=["begun", "not begun"])
def test_an_overdue_grant_leaves_at_the_start_what_its_policy_leaves(
    office: Office, desks: Desks, issuer: Caller, clock: MovableClock, days: int
) -> None:
    workflow = open_workflow(office, BOTH_NEEDED, start_at=clock.now() + timedelta(days=days))
    ana = improver(office, "ana")
    grant(office, issuer, ana, DPW, expires_at=clock.now() + timedelta(days=1))
    desks.claim(ana, workflow)
    clock.move(days=1)
    if days:
        # Not begun yet, so the step is nobody's from the moment of the end, recorded or not.
        with pytest.raises(NotStepHolder):
            desks.start(ana, workflow)
        assert held_by(office, ana).status is GrantStatus.ACTIVE
        return
    assert desks.start(ana, workflow).status is StepStatus.IN_PROGRESS
    assert held_by(office, ana).status is GrantStatus.EXPIRED
    assert audit_of(office)["grant.expired"] == 1


def test_an_override_is_asked_for_no_grant_later(office: Office, desks: Desks) -> None:
    workflow, boss = open_workflow(office), join(office, "boss", ADMIN)
    desks.claim(boss, workflow, override=True, reason="Nobody else")
    assert desks.work_off(boss, workflow).status is DONE


# -- what is handed in ---------------------------------------------------------------------------------


def test_a_submission_is_refused_whole_and_leaves_the_step_as_it_was(
    office: Office, desks: Desks, issuer: Caller
) -> None:
    workflow, ana = _claimed(desks, issuer, with_items(WORDS, PHOTO))
    desks.start(ana, workflow)
    photo = _upload(office, ana)
    sent = Submission((ItemResponse("photo", photo_ids=(photo,)), ItemResponse("other")))
    with pytest.raises(SubmissionIncomplete) as refused:
        desks.complete(ana, workflow, submission=sent)
    assert _faults(refused) == ["/items/1/item_id", "/items"]
    assert desks.stored(workflow).steps[0].status is StepStatus.IN_PROGRESS
    kept = Submission((ItemResponse("words", "A pothole\n two feet wide"), ItemResponse("photo", photo_ids=(photo,))))
    desks.complete(ana, workflow, submission=kept)
    assert desks.stored(workflow).steps[0].submission == kept


def test_photos_are_pictures_of_ones_own(office: Office, desks: Desks, issuer: Caller) -> None:
    workflow, ana = _claimed(desks, issuer, with_items(replace(PHOTO, photo_required_count=2)))
    desks.start(ana, workflow)
    own, paper = _upload(office, ana), _upload(office, ana, PDF, "report.pdf")
    theirs = _upload(office, qualified(office, issuer, "bea"))
    for wrong in (paper, theirs, "att_none"):
        sent = Submission((ItemResponse("photo", photo_ids=(own, wrong)),))
        with pytest.raises(SubmissionIncomplete) as refused:
            desks.complete(ana, workflow, submission=sent)
        assert _faults(refused) == ["/items/0/photo_ids/1"]


def test_photos_that_were_handed_in_are_opened_by_those_who_read_the_submission(
    office: Office, desks: Desks, issuer: Caller
) -> None:
    paul = join(office, "paul", AccountRole.PROPOSER)
    workflow, ana = _claimed(desks, issuer, with_items(PHOTO), proposer=paul.user_id)
    vera, other = qualified(office, issuer, "vera", [VERIFIER]), qualified(office, issuer, "olga", [VERIFIER])
    photo, spare = _upload(office, ana), _upload(office, ana)
    desks.start(ana, workflow)
    desks.claim(vera, workflow, 2)
    with pytest.raises(AttachmentNotFound):
        office.attachments.get(vera, photo)
    desks.complete(ana, workflow, submission=Submission((ItemResponse("photo", photo_ids=(photo,)),)))
    for reader in (ana, vera, paul, join(office, "boss", ADMIN)):
        assert office.attachments.get(reader, photo).content == PNG
    for stranger, wanted in ((other, photo), (issuer, photo), (vera, spare)):
        with pytest.raises(AttachmentNotFound):
            office.attachments.get(stranger, wanted)
    # Whose work is done reads on while they hold what it needed, and who gives theirs back no longer.
    desks.release(vera, workflow, 2)
    with pytest.raises(AttachmentNotFound):
        office.attachments.get(vera, photo)
    desks.claim(vera, workflow, 2)
    desks.work_off(vera, workflow, 2)
    assert office.attachments.get(vera, photo).content == PNG
    revoke(office, issuer, grant_id=held_by(office, vera).grant_id)
    with pytest.raises(AttachmentNotFound):
        office.attachments.get(vera, photo)


def test_photos_that_were_handed_in_make_no_room_for_others(
    office: Office, desks: Desks, issuer: Caller, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow, ana = _claimed(desks, issuer, with_items(PHOTO))
    photo = _upload(office, ana)
    desks.start(ana, workflow)
    desks.complete(ana, workflow, submission=Submission((ItemResponse("photo", photo_ids=(photo,)),)))
    monkeypatch.setattr("sealwright.services.attachments.LOOSE_FILES_MOST", 2)
    clock.move(days=2)
    loose = [_upload(office, ana), _upload(office, ana)]
    clock.move(days=2)
    _upload(office, ana)
    assert office.attachments.get(ana, photo).content == PNG
    for spare in loose:
        with pytest.raises(AttachmentNotFound):
            office.attachments.get(ana, spare)


# -- not possible --------------------------------------------------------------------------------------

AFTER = WorkflowPlan(
    "Tree",
    (PlannedRole("a", "A", (DPW,)), PlannedRole("b", "B", (VERIFIER,))),
    (
        PlannedStep("Look", "a", bounty=10),
        PlannedStep("Cut", "b", bounty=20, allow_step_not_possible=True),
        PlannedStep("Clear", "a", bounty=30),
    ),
)
BOTH_NEEDED = plan_of({"a": [DPW]}, "aa")


def test_a_step_that_is_not_possible_ends_the_workflow_and_voids_what_it_owes(
    office: Office, desks: Desks, issuer: Caller
) -> None:
    workflow, ana = _claimed(desks, issuer, AFTER)
    vera = qualified(office, issuer, "vera", [VERIFIER])
    desks.claim(vera, workflow, 2)
    desks.work_off(ana, workflow)
    desks.start(vera, workflow, 2)
    done = desks.complete(vera, workflow, 2, CLOSED)

    assert (done.status, done.submission) == (DONE, CLOSED)
    stored = desks.stored(workflow)
    assert stored.status is WorkflowStatus.COMPLETED
    assert [(step.status, step.assigned_to) for step in stored.steps] == [
        (DONE, ana.user_id),
        (DONE, vera.user_id),
        (LOCKED, None),
    ]
    assert [(one.amount, one.status) for one in desks.payouts_of(workflow)] == [(10, PayoutStatus.VOID)]
    with pytest.raises(StepNotAvailable):
        desks.request_payout(ana, workflow)
    assert {claim.user_id: claim.end_cause for claim in desks.claims_of(workflow)} == {
        ana.user_id: "closed",
        vera.user_id: None,
    }
    (row,) = [row for row in audit_rows(office) if row["action"] == "step.completed" and row["data"]["stepNotPossible"]]
    assert "road" not in str(row)
    with office.units(write=False) as uow:
        told = [one.kind.value for one in uow.notices.list(ana.user_id, page=1, count=9).items]
    assert told.count("step_released") == 1


def test_only_where_it_is_allowed_and_with_a_reason_is_a_step_not_possible(desks: Desks, issuer: Caller) -> None:
    workflow, ana = _claimed(desks, issuer, AFTER)
    desks.start(ana, workflow)
    with pytest.raises(SubmissionIncomplete) as refused:
        desks.complete(ana, workflow, 1, CLOSED)
    assert _faults(refused) == ["/step_not_possible"]


# -- series and payouts --------------------------------------------------------------------------------


def test_a_completed_instance_is_followed_by_the_next_one_with_those_who_still_qualify(
    office: Office, desks: Desks, issuer: Caller, clock: MovableClock
) -> None:
    workflow, ana = _claimed(desks, issuer, recurrence=Recurrence.DAILY)
    vera = qualified(office, issuer, "vera", [VERIFIER])
    desks.claim(vera, workflow, 2)
    desks.work_off(ana, workflow)
    _set(desks, ana, GrantStatus.SUSPENDED)
    desks.work_off(vera, workflow, 2)

    following = desks.newest(workflow)
    assert (following.instance_no, following.status) == (1, WorkflowStatus.APPROVED)
    assert following.start_at == workflow.start_at + timedelta(days=1)
    assert [role.held_by for role in following.roles] == [None, vera.user_id]
    assert [claim.by_series for claim in desks.claims_of(following)] == [True]
    assert audit_of(office)["series.assignment_refused"] == 1
    assert desks.series_orders(ana) == [1]


def test_a_payout_is_asked_for_once_while_it_is_owed(
    office: Office, desks: Desks, issuer: Caller, clock: MovableClock
) -> None:
    workflow, ana = _claimed(desks, issuer)
    with pytest.raises(StepNotAvailable):
        desks.request_payout(ana, workflow)
    done = desks.work_off(ana, workflow)
    asked_at = clock.now()
    assert desks.request_payout(ana, workflow) == done
    clock.move(days=1)
    desks.request_payout(ana, workflow)
    (payout,) = desks.payouts_of(workflow)
    assert (payout.status, payout.requested_at) == (PayoutStatus.OWED, asked_at)
    assert audit_of(office)["payout.requested"] == 1
    boss = join(office, "boss", ADMIN)
    desks.act(boss, lambda uow, me: desks.payouts.settle(uow, me, payout.payout_id))
    assert desks.stored(workflow).steps[0].status is StepStatus.PAID_OUT
    with pytest.raises(StepNotAvailable):
        desks.request_payout(ana, workflow)


def test_a_workflow_that_was_paid_while_it_was_done_is_paid_out_with_its_last_step(
    office: Office, desks: Desks, issuer: Caller
) -> None:
    plan = replace(STREET, steps=(STREET.steps[0], replace(STREET.steps[1], bounty=0)))
    workflow, ana = _claimed(desks, issuer, plan)
    vera = qualified(office, issuer, "vera", [VERIFIER])
    desks.claim(vera, workflow, 2)
    desks.work_off(ana, workflow)
    (payout,) = desks.payouts_of(workflow)
    boss = join(office, "boss", ADMIN)
    desks.act(boss, lambda uow, me: desks.payouts.settle(uow, me, payout.payout_id))
    desks.work_off(vera, workflow, 2)
    assert desks.stored(workflow).status is WorkflowStatus.PAID_OUT


def test_who_is_no_improver_any_more_works_on_nothing(office: Office, desks: Desks, issuer: Caller) -> None:
    workflow, ana = _claimed(desks, issuer)
    desks.start(ana, workflow)

    def end_role(uow: Any, _me: Caller) -> None:
        person = uow.people.get(ana.user_id)
        uow.people.update(replace(person, roles=frozenset(), version=person.version + 1))

    act(office, the_operator(office), end_role)
    with pytest.raises(RoleRequired):
        desks.complete(come_in(office, ana.user_id), workflow)
