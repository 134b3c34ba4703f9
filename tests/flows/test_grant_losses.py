"""What a lost grant takes away: counted beforehand exactly as it is done, told once, open to others at once."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from sealwright.domain.catalog import RevocationPolicy
from sealwright.domain.effects import Effects
from sealwright.domain.ids import new_id
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import AccountRole, Caller
from sealwright.domain.recurrence import Recurrence, Schedule
from sealwright.domain.series import Series, instance_of
from sealwright.domain.workflows import SeriesClaim, StepClaim, StepStatus, Submission, Workflow
from sealwright.domain.working import approve, claim_role, complete_step, start_step
from sealwright.services.office import Office
from sealwright.services.ports import UnitOfWork
from sealwright.services.review_values import NewGrant
from sealwright.storage.transaction import Transaction
from tests.support.desk import DPW, VERIFIER, act, join
from tests.support.office import START, MovableClock, the_operator
from tests.support.review import audit_of, audit_rows, grant, improver
from tests.support.work import plan_of
from tests.support.workflows import PROPOSER, Desks, open_workflow, qualified

DAILY, DAY = Recurrence.DAILY, timedelta(days=1)
KEEP, UNSTARTED = RevocationPolicy.KEEP_CURRENT_RELEASE_FUTURE, RevocationPolicy.RELEASE_UNSTARTED
ALL, RETAIN = RevocationPolicy.RELEASE_ALL, RevocationPolicy.RETAIN_ALL
IN_PROGRESS = StepStatus.IN_PROGRESS
# One role's steps around another's.
ROUND: Final = "aaba"


@pytest.fixture
def admin(office: Office) -> Caller:
    return join(office, "ada", AccountRole.ADMIN)


def type_for(office: Office, policy: RevocationPolicy) -> str:
    """A credential type with this policy."""
    value = f"type_{policy.value}"

    def add(uow: UnitOfWork, _me: Caller) -> None:
        known = uow.types.get(DPW)
        assert known is not None
        uow.types.add(replace(known, value=value, label=value, revocation_policy=policy, suspendable=True))

    act(office, the_operator(office), add)
    return value


def ended(office: Office, by: Caller, person: Caller, kind: str, *, dry_run: bool = False) -> Effects:
    """End somebody's grant of a type, or ask what that would do."""
    desk = office.granting
    return act(
        office,
        by,
        lambda uow, me: desk.revoke(
            uow, me, user_id=person.user_id, credential_type=kind, reason="over", dry_run=dry_run
        ),
        registry=False,
    ).effects


def stored(office: Office, workflows: list[Workflow]) -> list[Workflow]:
    with office.units(write=False) as uow:
        found = uow.workflows.get_many([one.workflow_id for one in workflows])
    return [found[one.workflow_id] for one in workflows]


def told(office: Office, person: Caller) -> list[dict[str, str]]:
    entries = office.notices.inbox(person, count=100).items
    return [dict(one.data) for one in entries if one.kind is NoticeKind.STEP_RELEASED]


# -- counted beforehand as it is done ------------------------------------------------------------------


class Situation:
    """Instances in any state in which somebody has a hand, made in one transaction by the domain's own moves."""

    def __init__(self, office: Office, person: Caller, kind: str, seed: int) -> None:
        self._random = random.Random(seed)
        self._person, self._kind, self._now = person.user_id, kind, office.clock.now()
        self.workflows: list[Workflow] = []
        self.overridden: set[str] = set()
        self.series_claims: list[SeriesClaim] = []
        with office.units() as uow:
            for _ in range(12):
                self._add(uow)
            uow.commit()

    def _add(self, uow: UnitOfWork) -> None:
        draw = self._random
        kind = draw.choice([self._kind, self._kind, DPW])
        start_at = self._now + draw.choice([-DAY, timedelta(0), timedelta(seconds=1), DAY])
        plan = plan_of({"a": [kind], "b": [VERIFIER] if draw.random() < 0.5 else []}, ROUND)
        series = Series(new_id("ser"), PROPOSER, plan, Schedule(DAILY, start_at), self._now)
        workflow = approve(instance_of(series, 0, start_at, self._now), self._now).workflow
        uow.series.add(series)
        override = draw.random() < 0.15
        claim = StepClaim(
            new_id("clm"), workflow.workflow_id, workflow.roles[0].role_id, self._person, self._now, override=override
        )
        if draw.random() < 0.85:
            workflow = self._worked(claim_role(workflow, workflow.roles[0], self._person, claim.claim_id, self._now))
            uow.claims.add(claim)
            if override:
                self.overridden.add(workflow.workflow_id)
        if draw.random() < 0.6:
            claims = [SeriesClaim(series.series_id, order, self._person, self._now) for order in (1, 2, 4)]
            uow.series.add_claims(claims)
            self.series_claims += claims if kind == self._kind else []
        uow.workflows.add(workflow)
        self.workflows.append(workflow)

    def _worked(self, moved: Any) -> Workflow:
        workflow: Workflow = moved.workflow
        for number in range(self._random.randint(0, 4)):
            step = workflow.steps[number // 2]
            if number % 2 == 0 and workflow.status_of(step, self._now) is StepStatus.AVAILABLE:
                workflow = start_step(workflow, step, self._now).workflow
            elif number % 2 == 1 and step.status is IN_PROGRESS:
                workflow = complete_step(workflow, step, Submission(), self._now).workflow
        return workflow

    def expected(self, policy: RevocationPolicy) -> tuple[set[str], set[str]]:
        """Which steps stay and which go, by the contract's table."""
        kept: set[str] = set()
        gone: set[str] = set()
        for workflow in self.workflows:
            if workflow.workflow_id in self.overridden:
                continue
            for step in workflow.steps:
                needs = workflow.role(step.role_id).required_credentials
                if step.assigned_to != self._person or step.is_done or self._kind not in needs:
                    continue
                by_policy = {
                    KEEP: step.status is IN_PROGRESS or workflow.start_at <= self._now,
                    UNSTARTED: step.status is IN_PROGRESS,
                    ALL: False,
                    RETAIN: True,
                }
                (kept if by_policy[policy] else gone).add(step.step_id)
        return kept, gone


@pytest.mark.parametrize("policy", list(RevocationPolicy), ids=lambda policy: policy.value)
def test_a_dry_run_counts_what_the_act_does(office: Office, admin: Caller, policy: RevocationPolicy) -> None:
    kind = type_for(office, policy)
    everything: set[str] = set()
    for seed in range(4):
        ann = qualified(office, admin, f"ann{seed}", (kind, DPW))
        case = Situation(office, ann, kind, seed)
        rows = len(audit_rows(office))
        wanted = ended(office, admin, ann, kind, dry_run=True)
        assert (stored(office, case.workflows), len(audit_rows(office))) == (case.workflows, rows)

        done = ended(office, admin, ann, kind)
        assert done == wanted
        kept, gone = case.expected(policy)
        assert {step.step_id for step in done.steps_kept} == kept
        assert {step.step_id for step in done.steps_released} == gone
        claims = [] if policy is RETAIN else case.series_claims
        found = [(one.series_id, one.step_order) for one in done.series_claims_released]
        assert found == sorted((one.series_id, one.step_order) for one in claims)
        with office.units(write=False) as uow:
            assert not {*uow.series.claims_of(ann.user_id)} & {*claims}
        for before, after in zip(case.workflows, stored(office, case.workflows), strict=True):
            for was, now in zip(before.steps, after.steps, strict=True):
                assert now == (back(was) if was.step_id in gone else was)
        everything |= kept | gone
    assert len(everything) > 20


def back(step: Any) -> Any:
    """A step as nobody's."""
    status = StepStatus.AVAILABLE if step.status is IN_PROGRESS else step.status
    return replace(step, assigned_to=None, claim_id=None, started_at=None, status=status)


def test_many_dependent_claims_cost_no_more_statements_than_some(
    office: Office, desks: Desks, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, sent = type_for(office, UNSTARTED), 0

    def counted(name: str) -> None:
        real = getattr(Transaction, name)

        def call(self: Transaction, *given: Any, **more: Any) -> Any:
            nonlocal sent
            sent += 1
            return real(self, *given, **more)

        monkeypatch.setattr(Transaction, name, call)

    for name in ("row", "rows", "change", "driver_rows", "driver_many"):
        counted(name)
    costs = []
    for name, many in (("ann", 5), ("bob", 25)):
        person = qualified(office, admin, name, (kind,))
        for _ in range(many):
            workflow = open_workflow(office, plan_of({"a": [kind]}, "aa"), recurrence=DAILY)
            desks.claim(person, workflow)
        sent = 0
        effects = ended(office, admin, person, kind)
        costs.append(sent)
        assert (len(effects.steps_released), len(effects.series_claims_released)) == (2 * many, 2 * many)
        # One notice about all of them.
        assert [notice["workflows"] for notice in told(office, person)] == [str(many)]
    # The audit trail may be read and sealed in blocks; nothing grows with the claims.
    assert costs[1] <= costs[0] + 2


# -- what it means for people --------------------------------------------------------------------------


def test_what_is_released_is_there_for_others_at_once(office: Office, desks: Desks, admin: Caller) -> None:
    kind = type_for(office, ALL)
    ann, bob = (qualified(office, admin, name, (kind,)) for name in ("ann", "bob"))
    workflow = open_workflow(office, plan_of({"a": [kind]}, "aa"))
    desks.claim(ann, workflow)
    desks.start(ann, workflow)
    assert desks.ids(bob) == []
    grant_id = next(row["object"]["id"] for row in audit_rows(office) if row["action"] == "grant.created")
    effects = ended(office, admin, ann, kind)
    assert effects.summary == f"Revokes {kind}; 1 credential is revoked, 2 future steps are released."
    assert [(step.title, step.status) for step in effects.steps_released] == [
        ("Step 1", "in_progress"),
        ("Step 2", "locked"),
    ]
    assert (desks.ids(ann), desks.ids(bob)) == ([], [workflow.workflow_id])
    assert desks.claim(bob, workflow).steps[0].status is StepStatus.AVAILABLE
    causes = {claim.user_id: claim.end_cause for claim in desks.claims_of(workflow)}
    assert causes == {ann.user_id: "grant_lost", bob.user_id: None}
    rows = [row for row in audit_rows(office) if row["action"] == "step.released"]
    assert [(row["data"]["cause"], row["data"]["userId"], row["data"]["grantId"]) for row in rows] == [
        ("grant_lost", ann.user_id, grant_id)
    ] * 2
    (notice,) = told(office, ann)
    assert (notice["workflow_id"], notice["steps"], notice["cause"]) == (
        workflow.workflow_id,
        "Step 1, Step 2",
        "grant_lost",
    )


def test_an_end_by_the_clock_is_a_loss(office: Office, desks: Desks, admin: Caller, clock: MovableClock) -> None:
    kind = type_for(office, KEEP)
    ann = improver(office, "ann")
    grant(office, admin, ann, kind, expires_at=START + DAY)
    begun = open_workflow(office, plan_of({"a": [kind]}, "aa"), recurrence=DAILY)
    ahead = open_workflow(office, plan_of({"a": [kind]}, "aa"), start_at=START + 3 * DAY)
    for workflow in (begun, ahead):
        desks.claim(ann, workflow)
    clock.move(days=2)
    assert office.expiry.expire_due() == 1
    assert [step.assigned_to for step in desks.stored(begun).steps] == [ann.user_id] * 2
    assert [step.assigned_to for step in desks.stored(ahead).steps] == [None, None]
    assert desks.series_orders(ann) == []
    assert [notice["workflow_id"] for notice in told(office, ann)] == [ahead.workflow_id]
    (row,) = [row for row in audit_rows(office) if row["action"] == "series.released"]
    assert row["data"]["cause"] == "grant_lost"
    # What stayed may be begun and completed.
    desks.start(ann, begun)
    assert desks.complete(ann, begun).status is StepStatus.COMPLETED


def test_a_suspension_closes_and_releases_nothing(office: Office, desks: Desks, admin: Caller) -> None:
    kind = type_for(office, ALL)
    ann = improver(office, "ann")
    for plan in (plan_of({"a": [kind]}, "a"), plan_of({"a": [kind], "b": [kind]}, "ab")):
        open_workflow(office, plan)
    open_workflow(office, plan_of({"a": [DPW, kind]}, "a"))
    taken = open_workflow(office, plan_of({"a": [kind]}, "a"), recurrence=DAILY)
    made = office.granting.grant(admin, new_grant(ann, kind))
    assert made.effects.workflow_roles_opened == 4
    desks.claim(ann, taken)

    def paused(how: str) -> Effects:
        move = getattr(office.granting, how)
        found: Effects = act(
            office, admin, lambda uow, me: move(uow, me, made.grant.grant_id, "a pause"), registry=False
        ).effects
        return found

    closed = paused("suspend")
    assert (closed.workflow_roles_closed, closed.steps_released, closed.series_claims_released) == (3, (), ())
    assert desks.stored(taken).steps[0].assigned_to == ann.user_id
    assert desks.series_orders(ann) == [1]
    assert desks.ids(ann) == [taken.workflow_id]
    assert paused("reinstate").workflow_roles_opened == 3
    paused("suspend")
    # What was closed before closes no second time, and what was held is lost.
    gone = ended(office, admin, ann, kind)
    assert (gone.workflow_roles_closed, len(gone.steps_released), len(gone.series_claims_released)) == (0, 1, 1)
    again = office.granting.grant(admin, new_grant(ann, kind))
    assert again.effects.workflow_roles_opened == 4
    assert ended(office, admin, ann, kind).workflow_roles_closed == 4


def new_grant(person: Caller, kind: str) -> NewGrant:
    return NewGrant(person.user_id, kind)


def test_retained_claims_get_nothing_new(office: Office, desks: Desks, admin: Caller, clock: MovableClock) -> None:
    kind = type_for(office, RETAIN)
    ann = qualified(office, admin, "ann", (kind,))
    workflow = open_workflow(office, plan_of({"a": [kind]}, "a"), recurrence=DAILY)
    desks.claim(ann, workflow)
    effects = ended(office, admin, ann, kind)
    assert ([step.title for step in effects.steps_kept], effects.steps_released) == (["Step 1"], ())
    assert desks.series_orders(ann) == [1]
    assert told(office, ann) == []
    desks.work_off(ann, workflow)
    following = desks.newest(workflow)
    assert (following.instance_no, following.steps[0].assigned_to) == (1, None)
    grant(office, admin, ann, kind)
    clock.move(days=2)
    office.workflow_clock.skip_due()
    assert desks.newest(workflow).steps[0].assigned_to == ann.user_id


# -- people who leave ----------------------------------------------------------------------------------


class Leaver:
    """An office in which somebody has a hand in three instances and a series."""

    def __init__(self, office: Office, desks: Desks) -> None:
        self.office, self.desks = office, desks
        self.admin = join(office, "ada", AccountRole.ADMIN)
        self.ann = qualified(office, self.admin, "ann")
        self.begun = self._claimed(recurrence=DAILY)
        desks.work_off(self.ann, self.begun, 1)
        desks.start(self.ann, self.begun, 2)
        self.waiting = self._claimed(start_at=START + DAY)

    def _claimed(self, **more: Any) -> Workflow:
        workflow = open_workflow(self.office, plan_of({"a": [DPW]}, "aaa", bounty=7), **more)
        self.desks.claim(self.ann, workflow)
        return workflow

    def assert_gone(self) -> None:
        """Done work stays, and all else is anybody's."""
        ann, rows = self.ann.user_id, audit_rows(self.office)
        assert [step.assigned_to for step in self.desks.stored(self.begun).steps] == [ann, None, None]
        assert [step.assigned_to for step in self.desks.stored(self.waiting).steps] == [None] * 3
        assert self.desks.stored(self.begun).steps[1].status is StepStatus.AVAILABLE
        assert self.desks.series_orders(self.ann) == []
        assert {row["data"]["cause"] for row in rows if row["action"] == "step.released"} == {"released_by_admin"}
        assert audit_of(self.office)["step.released"] == 5
        assert audit_of(self.office)["series.released"] == 1
        assert [payout.payee_user_id for payout in self.desks.payouts_of(self.begun)] == [ann]
        bob = qualified(self.office, self.admin, "bob")
        assert sorted(self.desks.ids(bob)) == sorted([self.begun.workflow_id, self.waiting.workflow_id])


def test_a_deactivated_person_keeps_no_unfinished_work(office: Office, desks: Desks) -> None:
    leaver = Leaver(office, desks)
    act(office, leaver.admin, lambda uow, me: office.people.deactivate(uow, me, leaver.ann.user_id))
    leaver.assert_gone()


def test_whoever_loses_the_improver_role_keeps_no_unfinished_work(office: Office, desks: Desks) -> None:
    leaver = Leaver(office, desks)
    role = AccountRole.IMPROVER
    act(office, leaver.admin, lambda uow, me: office.enrollment.set_role(uow, me, leaver.ann.user_id, role, False))
    leaver.assert_gone()


def test_an_erased_person_keeps_no_unfinished_work(office: Office, desks: Desks) -> None:
    leaver = Leaver(office, desks)
    act(office, leaver.ann, office.own_data.erase)
    leaver.assert_gone()


def test_an_admin_who_is_no_improver_any_more_goes_on(office: Office, desks: Desks) -> None:
    admin = join(office, "ada", AccountRole.ADMIN)
    both = join(office, "bea", AccountRole.ADMIN, AccountRole.IMPROVER)
    workflow = open_workflow(office, plan_of({"a": [DPW]}, "aa"), recurrence=DAILY)
    desks.claim(both, workflow, override=True, reason="nobody else is there")

    def without(role: AccountRole) -> list[str | None]:
        act(office, admin, lambda uow, me: office.enrollment.set_role(uow, me, both.user_id, role, False))
        return [step.assigned_to for step in desks.stored(workflow).steps]

    assert without(AccountRole.IMPROVER) == [both.user_id] * 2
    assert without(AccountRole.ADMIN) == [None, None]


def test_an_override_outlives_every_grant(office: Office, desks: Desks, admin: Caller) -> None:
    kind = type_for(office, ALL)
    bea = join(office, "bea", AccountRole.ADMIN, AccountRole.IMPROVER)
    workflow = open_workflow(office, plan_of({"a": [DPW, kind]}, "aa"), recurrence=DAILY)
    grant(office, admin, bea, kind)
    desks.claim(bea, workflow, override=True, reason="nobody else is there")
    effects = ended(office, admin, bea, kind)
    assert (effects.steps_kept, effects.steps_released) == ((), ())
    assert [step.assigned_to for step in desks.stored(workflow).steps] == [bea.user_id] * 2
