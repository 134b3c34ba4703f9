"""The access check: who may ask what about whom, and answers that agree with what a claim then does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sealwright.domain.dids import DIDKind
from sealwright.domain.errors import (
    ConflictingFields,
    DomainError,
    MalformedBody,
    MissingMember,
    OutOfScope,
    UnknownCredentialType,
    UserNotFound,
)
from sealwright.domain.people import AccountRole, Caller
from sealwright.domain.recurrence import Recurrence
from sealwright.domain.work_errors import WorkflowNotFound
from sealwright.domain.workflows import Submission, Workflow
from sealwright.services.access_check import TYPES_AT_MOST
from sealwright.services.dids import ImportedDID
from sealwright.services.office import Office
from sealwright.services.workflow_values import AccessAnswer, AccessQuestion
from sealwright.web.problems import problem_for
from tests.support.desk import DPW, DPW_SCHEMA, VERIFIER, act, join
from tests.support.office import START, MovableClock, api_key_for, the_operator
from tests.support.review import grant, held_by, improver, reviewer, revoke
from tests.support.work import plan_of
from tests.support.workflows import STREET, Desks, open_workflow, propose, qualified


@pytest.fixture
def admin(office: Office) -> Caller:
    return join(office, "ada", AccountRole.ADMIN)


def ask(office: Office, caller: Caller, person: Caller | None = None, *types: str, **more: Any) -> AccessAnswer:
    """Ask about somebody; without types about a step."""
    who = {"user_id": person.user_id} if person is not None else {}
    return office.access_check.ask(now(office, caller), AccessQuestion(**who, credential_types=types, **more))


def now(office: Office, caller: Caller) -> Caller:
    """A caller as the door would let them in now."""
    return replace(caller, epoch=office.registry.current().epoch)


def of_step(workflow: Workflow, order: int = 1) -> dict[str, str]:
    return {"step_id": workflow.steps[order - 1].step_id}


def office_did(office: Office) -> str:
    """Who signs the office's credentials."""
    with office.units(write=False) as uow:
        kind = uow.types.get(DPW)
    assert kind is not None
    return kind.issuer_did


# -- types ---------------------------------------------------------------------------------------------


def test_an_answer_follows_every_move_of_a_grant(office: Office, admin: Caller, clock: MovableClock) -> None:
    ann = improver(office, "ann")
    assert ask(office, admin, ann, VERIFIER, DPW) == AccessAnswer(
        False, (DPW, VERIFIER), (), clock.now(), "MISSING_CREDENTIALS"
    )
    held = grant(office, admin, ann, DPW, expires_at=START + timedelta(days=9)).grant_id
    assert ask(office, admin, ann, VERIFIER, DPW).missing == (VERIFIER,)
    clock.move(hours=1)
    assert ask(office, admin, ann, DPW, DPW) == AccessAnswer(True, (), (held,), clock.now(), None)
    desk = office.granting
    for how, allowed in (("suspend", False), ("reinstate", True)):
        move = getattr(desk, how)
        act(office, admin, lambda uow, me, move=move: move(uow, me, held, "so"), registry=False)  # type: ignore[misc]
        assert ask(office, admin, ann, DPW).allowed is allowed
    clock.move(days=9)
    assert ask(office, admin, ann, DPW).code == "MISSING_CREDENTIALS"
    again = grant(office, admin, ann, DPW).grant_id
    assert ask(office, admin, ann, DPW).satisfied_by == (again,)
    revoke(office, admin, user_id=ann.user_id, credential_type=DPW)
    assert not ask(office, admin, ann, DPW).allowed


def test_a_closed_account_is_allowed_nothing(office: Office, admin: Caller, desks: Desks) -> None:
    ann = qualified(office, admin, "ann")
    workflow = open_workflow(office)
    assert ask(office, admin, ann, **of_step(workflow)).allowed
    act(office, admin, lambda uow, me: office.people.deactivate(uow, me, ann.user_id))
    closed = ask(office, admin, ann, DPW)
    assert (closed.allowed, closed.missing, closed.code) == (False, (), "ACCOUNT_INACTIVE")
    assert ask(office, admin, ann, **of_step(workflow)).code == "ROLE_REQUIRED"
    act(office, admin, lambda uow, me: office.people.activate(uow, me, ann.user_id))
    role = AccountRole.IMPROVER
    act(office, admin, lambda uow, me: office.enrollment.set_role(uow, me, ann.user_id, role, False))
    # The credential is still theirs; the work is not.
    assert ask(office, admin, ann, DPW).allowed
    assert ask(office, admin, ann, **of_step(workflow)).code == "ROLE_REQUIRED"


def test_people_are_found_by_their_dids_and_agents_never(office: Office, admin: Caller) -> None:
    ann = qualified(office, admin, "ann")
    wishes = {
        "did:adi:ann": ImportedDID(
            did="did:adi:ann", kind=DIDKind.HUMAN, generate=("Ed25519Signature2020",), aliases=("did:adi:ann-alias",)
        ),
        "did:adi:bot": ImportedDID(did="did:adi:bot", kind=DIDKind.AGENT, generate=("Ed25519Signature2020",)),
    }
    wishes["did:adi:bot"] = replace(wishes["did:adi:bot"], operator="did:adi:ann")
    for wish in wishes.values():
        act(office, the_operator(office), lambda uow, me, wish=wish: office.dids.import_did(uow, me, wish))  # type: ignore[misc]

    def bind(uow: Any, _me: Caller) -> None:
        person = uow.people.get(ann.user_id)
        dids = ("did:adi:ann", "did:adi:bot", "did:web:ann.example")
        uow.people.update(replace(person, dids=dids, version=person.version + 1))

    act(office, the_operator(office), bind)
    for did in ("did:adi:ann", "did:adi:ann-alias", "did:web:ann.example"):
        assert ask(office, admin, None, DPW, did=did).allowed
    for did in ("did:adi:bot", "did:adi:nobody", office_did(office), "no did at all"):
        with pytest.raises(UserNotFound):
            ask(office, admin, None, DPW, did=did)
    act(office, the_operator(office), lambda uow, me: office.dids.deactivate(uow, me, "did:adi:ann"))
    with pytest.raises(UserNotFound):
        ask(office, admin, None, DPW, did="did:adi:ann-alias")
    act(office, now(office, ann), office.own_data.erase)
    for members in ({"did": "did:web:ann.example"}, {"user_id": ann.user_id}):
        with pytest.raises(UserNotFound):
            ask(office, admin, None, DPW, **members)


def test_only_who_has_to_do_with_it_may_ask(office: Office, admin: Caller) -> None:
    ann, bob = qualified(office, admin, "ann"), improver(office, "bob")
    rita = reviewer(office, "rita", DPW)
    key = api_key_for(office, office_did(office))
    narrow = api_key_for(office, office_did(office), schemas=[DPW_SCHEMA])
    other = api_key_for(office, foreign(office))
    workflow = open_workflow(office)
    free = open_workflow(office, plan_of({"a": []}, "a"))
    both, first, second = {DPW, VERIFIER}, of_step(workflow, 1), of_step(workflow, 2)

    for caller in (admin, the_operator(office), ann, key):
        assert ask(office, caller, ann, *both).missing == (VERIFIER,)
        assert ask(office, caller, ann, **first).allowed
        assert not ask(office, caller, ann, **second).allowed
    for caller in (rita, narrow):
        assert ask(office, caller, ann, DPW).allowed
        assert ask(office, caller, ann, **first).allowed
        with pytest.raises(OutOfScope):
            ask(office, caller, ann, *both)
        with pytest.raises(OutOfScope):
            ask(office, caller, ann, **second)
    for caller in (bob, other):
        with pytest.raises(OutOfScope):
            ask(office, caller, ann, DPW)
        for step in (first, free_step(free)):
            with pytest.raises(OutOfScope):
                ask(office, caller, ann, **step)
    # Whether there is such a person, type or step is not told to who may not ask.
    for caller in (rita, narrow, other):
        for question in (
            AccessQuestion(user_id=ann.user_id, step_id=free.steps[0].step_id),
            AccessQuestion(user_id="usr_none", credential_types=(VERIFIER, "no_type")),
            AccessQuestion(user_id=ann.user_id, step_id="stp_none"),
        ):
            with pytest.raises(OutOfScope):
                office.access_check.ask(now(office, caller), question)
    with pytest.raises(UserNotFound):
        office.access_check.ask(now(office, rita), AccessQuestion(user_id="usr_none", credential_types=(DPW,)))


def free_step(workflow: Workflow) -> dict[str, str]:
    """A step that needs nothing, named with its workflow."""
    return {**of_step(workflow), "workflow_id": workflow.workflow_id}


def foreign(office: Office) -> str:
    """Another issuer, who signs none of these types."""
    wish = ImportedDID(did="did:adi:other", kind=DIDKind.ORGANIZATION, generate=("Ed25519Signature2020",))
    act(office, the_operator(office), lambda uow, me: office.dids.import_did(uow, me, wish))
    return "did:adi:other"


def test_questions_that_are_none_are_refused(office: Office, admin: Caller, desks: Desks) -> None:
    ann = improver(office, "ann")
    waiting, deleted = propose(office), open_workflow(office)
    which = {"workflow_id": deleted.workflow_id, "step_id": "stp_none"}
    refused: list[tuple[type[DomainError], dict[str, Any]]] = [
        (MissingMember, {"credential_types": (DPW,)}),
        (MissingMember, {"user_id": ann.user_id}),
        (MissingMember, {"user_id": ann.user_id, "workflow_id": deleted.workflow_id}),
        (ConflictingFields, {"user_id": ann.user_id, "did": "did:adi:ann", "credential_types": (DPW,)}),
        (ConflictingFields, {"user_id": ann.user_id, "credential_types": (DPW,), **of_step(deleted)}),
        (MalformedBody, {"user_id": ann.user_id, "credential_types": (DPW,) * (TYPES_AT_MOST + 1)}),
        (UnknownCredentialType, {"user_id": ann.user_id, "credential_types": (DPW, "no_type")}),
        (UserNotFound, {"user_id": "usr_none", "credential_types": (DPW,)}),
        (WorkflowNotFound, {"user_id": ann.user_id, **of_step(waiting)}),
        (WorkflowNotFound, {"user_id": ann.user_id, **which}),
        (WorkflowNotFound, {"user_id": ann.user_id, **of_step(deleted), "workflow_id": waiting.workflow_id}),
    ]
    for error, members in refused:
        with pytest.raises(error):
            office.access_check.ask(now(office, admin), AccessQuestion(**members))


# -- steps ---------------------------------------------------------------------------------------------


def agreed(desks: Desks, admin: Caller, person: Caller, workflow: Workflow, order: int = 1) -> str | None:
    """Ask about a step, then claim it: both give one answer. Gives the code."""
    answer = ask(desks.office, admin, person, **of_step(workflow, order))
    refused: str | None = None
    try:
        desks.claim(person, workflow, order)
    except DomainError as error:
        refused = problem_for(error).code
    assert (answer.allowed, answer.code) == (refused is None, refused)
    return refused


def test_an_answer_about_a_step_is_what_a_claim_gets(office: Office, admin: Caller, desks: Desks) -> None:
    both = (DPW, VERIFIER)
    ann, bob = qualified(office, admin, "ann", both), qualified(office, admin, "bob")
    idle = improver(office, "ida")
    workflow = open_workflow(
        office, plan_of({"a": [DPW], "b": [VERIFIER], "c": []}, "abca"), recurrence=Recurrence.DAILY
    )

    def code(person: Caller, order: int = 1) -> str | None:
        return agreed(desks, admin, person, workflow, order)

    assert code(idle) == "MISSING_CREDENTIALS"
    assert code(ann) is None
    # Asked again by who has it, and about its other step.
    assert (code(ann), code(ann, 4)) == (None, None)
    assert (code(bob), code(ann, 2), code(bob, 2)) == (
        "STEP_ALREADY_CLAIMED",
        "ROLE_ALREADY_HELD",
        "MISSING_CREDENTIALS",
    )
    away = {"series_id": workflow.series_id, "absent_from": START, "absent_until": START + timedelta(days=1)}
    desk = office.series_desk
    assert code(idle, 3) is None
    desks.act(idle, lambda uow, me: desk.put_absence(uow, me, step_order=3, **away))  # type: ignore[arg-type]
    assert code(idle, 3) == "ABSENT"
    desks.work_off(ann, workflow)
    assert code(bob) == "STEP_ALREADY_CLAIMED"
    # A claim of what one has done changes nothing and is not refused; there is nothing left to do all the same.
    assert ask(office, admin, ann, **of_step(workflow)).code == "STEP_NOT_AVAILABLE"

    def close(uow: Any, me: Caller) -> None:
        office.workflow_admin.fail(uow, me, workflow.workflow_id, "over")

    desks.act(admin, close)
    assert code(bob) == "STEP_NOT_AVAILABLE"


def test_what_policy_leaves_is_allowed_with_what_is_missing(
    office: Office, admin: Caller, desks: Desks, clock: MovableClock
) -> None:
    ann = improver(office, "ann")
    held = grant(office, admin, ann, DPW, expires_at=START + timedelta(days=5)).grant_id
    begun, ahead = open_workflow(office, STREET), open_workflow(office, STREET, start_at=START + timedelta(days=9))
    for workflow in (begun, ahead):
        desks.claim(ann, workflow)

    def answers() -> list[tuple[bool, tuple[str, ...]]]:
        found = (ask(office, admin, ann, **of_step(one)) for one in (begun, ahead))
        return [(one.allowed, one.missing) for one in found]

    def paused(move: Callable[..., Any]) -> None:
        act(office, admin, lambda uow, me: move(uow, me, held, "so"), registry=False)

    assert answers() == [(True, ())] * 2
    paused(office.granting.suspend)
    assert answers() == [(False, (DPW,))] * 2
    paused(office.granting.reinstate)
    # Its end counts before the clock has put it on record, and after.
    clock.move(days=6)
    assert answers() == [(True, (DPW,)), (False, (DPW,))]
    assert office.expiry.expire_due() == 1
    assert answers() == [(True, (DPW,)), (False, (DPW,))]
    desks.start(ann, begun)
    assert answers()[0] == (True, (DPW,))
    desks.complete(ann, begun, 1, Submission())
    assert answers()[0] == (False, (DPW,))


def test_an_override_is_allowed_to_who_has_it(office: Office, admin: Caller, desks: Desks) -> None:
    workflow = open_workflow(office)
    assert ask(office, admin, admin, **of_step(workflow)).code == "MISSING_CREDENTIALS"
    desks.claim(admin, workflow, override=True, reason="nobody else is there")
    answer = ask(office, admin, admin, **of_step(workflow))
    assert (answer.allowed, answer.missing, answer.satisfied_by) == (True, (DPW,), ())
    assert held_of(office, admin) == 0


def held_of(office: Office, person: Caller) -> int:
    with office.units(write=False) as uow:
        return len(uow.grants.active(person.user_id, office.clock.now()))


def test_an_answer_costs_one_reading_of_grants(office: Office, admin: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = qualified(office, admin, "ann")
    ask(office, admin, ann, DPW)
    opened: list[bool] = []
    real = office.access_check._units

    def counted(*, write: bool = True) -> Any:
        opened.append(write)
        return real(write=write)

    monkeypatch.setattr(office.access_check, "_units", counted)
    monkeypatch.setattr(office.registry, "_load", lambda _query: pytest.fail("read what the view remembers"))
    assert ask(office, admin, ann, DPW).satisfied_by == (held_by(office, ann).grant_id,)
    assert opened == [False]
