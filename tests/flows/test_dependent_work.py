"""What rests on a person's grants, as reviewers see it before they take one away."""

from __future__ import annotations

import pytest

from sealwright.domain.people import AccountRole, Caller
from sealwright.services import dependent_work
from sealwright.services.dependent_work import DependentStep
from sealwright.services.office import Office
from tests.support.desk import DPW, VERIFIER, join
from tests.support.review import grant
from tests.support.work import plan_of
from tests.support.workflows import open_workflow, qualified, workflow_desks


@pytest.fixture
def rita(office: Office) -> Caller:
    return join(office, "rita", AccountRole.ISSUER, scopes=(DPW, VERIFIER))


def test_open_steps_are_told_for_each_grant_that_they_rest_on(office: Office, rita: Caller) -> None:
    desks = workflow_desks(office)
    both = open_workflow(office, plan_of({"a": [DPW, VERIFIER]}, "aa"))
    one = open_workflow(office, plan_of({"a": [DPW], "b": []}, "ab"))
    ida = qualified(office, rita, "ida", (DPW, VERIFIER))
    desks.claim(ida, both)
    desks.claim(ida, one)
    desks.work_off(ida, both)
    desks.start(ida, one)
    seen = office.holders.detail(rita, str(ida.user_id))
    first, second = both.steps[1], one.steps[0]
    shared = DependentStep(both.workflow_id, both.title, first.step_id, first.title, "available")
    alone = DependentStep(one.workflow_id, one.title, second.step_id, second.title, "in_progress")
    found = {work.credential_type: work for work in seen.work}
    assert set(found) == {DPW, VERIFIER}
    assert (found[VERIFIER].total, found[VERIFIER].steps) == (1, (shared,))
    assert (found[DPW].total, set(found[DPW].steps)) == (2, {shared, alone})
    assert {work.grant_id for work in seen.work} == {held.grant_id for held in seen.grants}


def test_only_grants_of_the_viewers_scope_are_told_of(office: Office, rita: Caller) -> None:
    ida = qualified(office, rita, "ida", (DPW, VERIFIER))
    workflow_desks(office).claim(ida, open_workflow(office, plan_of({"a": [DPW, VERIFIER]}, "a")))
    olga = join(office, "olga", AccountRole.ISSUER, scopes=(VERIFIER,))
    admin = join(office, "ada", AccountRole.ADMIN)
    for caller, types in ((olga, [VERIFIER]), (admin, [DPW, VERIFIER])):
        work = office.holders.detail(caller, str(ida.user_id)).work
        assert sorted(one.credential_type for one in work) == types


def test_what_an_override_took_rests_on_no_grant(office: Office, rita: Caller) -> None:
    desks, boss = workflow_desks(office), join(office, "boss", AccountRole.ADMIN, AccountRole.IMPROVER)
    desks.claim(boss, open_workflow(office, plan_of({"a": [DPW]}, "a")), override=True, reason="Nobody is there")
    grant(office, rita, boss, DPW)
    assert office.holders.detail(rita, str(boss.user_id)).work == ()


def test_all_are_counted_and_the_first_are_named(office: Office, rita: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependent_work, "STEPS_NAMED", 2)
    ida = qualified(office, rita, "ida")
    flow = open_workflow(office, plan_of({"a": [DPW]}, "aaa"))
    workflow_desks(office).claim(ida, flow)
    (work,) = office.holders.detail(rita, str(ida.user_id)).work
    assert (work.total, [step.step_id for step in work.steps]) == (3, [step.step_id for step in flow.steps[:2]])
