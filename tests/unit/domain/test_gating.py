"""What grants open: the explained gate, the roles that somebody may claim, and what a loss takes away."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from typing import Final

import pytest

from sealwright.domain.catalog import RevocationPolicy
from sealwright.domain.gating import ask_gate, claimable_roles, is_absent
from sealwright.domain.losses import KEEPS_SERIES_CLAIMS, depends_on, is_kept
from sealwright.domain.workflows import OPEN, AbsencePeriod, StepStatus, Workflow, WorkflowStatus
from sealwright.domain.working import claim_role, release_steps, start_step
from tests.support.desk import DPW, VERIFIER
from tests.support.office import START
from tests.support.work import STREET_REPAIR, open_instance, plan_of, role_named, step_at, with_status

DAY: Final = timedelta(days=1)


def _names(workflow: Workflow, user_id: str, *held: str, absences: Collection[AbsencePeriod] = ()) -> list[str]:
    return [role.client_id for role in claimable_roles(workflow, user_id, held, absences)]


def test_the_gate_says_what_is_missing_and_which_grants_count() -> None:
    gate = ask_gate(["c", "a", "b", "a"], {"a": "grt_1", "c": "grt_3", "z": "grt_9"})
    assert (gate.missing, dict(gate.satisfied_by), gate.grant_ids) == (
        ("b",),
        {"a": "grt_1", "c": "grt_3"},
        ("grt_1", "grt_3"),
    )
    assert not gate
    assert ask_gate(["a"], {"a": "grt_1"})
    assert not ask_gate(["a"], {})


def test_no_needs_are_met_by_everybody() -> None:
    gate = ask_gate([], {})
    assert gate
    assert (gate.missing, dict(gate.satisfied_by)) == ((), {})


def test_the_gate_holds_no_state() -> None:
    """Each answer is of the grants that it was given, and of nothing before."""
    for held in ({"a": "1"}, {}, {"a": "2"}):
        assert bool(ask_gate(["a"], held)) is bool(held)


def test_all_needs_of_a_role_must_be_met_at_once() -> None:
    workflow = open_instance(plan_of({"a": ["t1", "t2"], "b": ["t2"], "c": []}, "abc"))
    assert _names(workflow, "u") == ["c"]
    assert _names(workflow, "u", "t1") == ["c"]
    assert _names(workflow, "u", "t2") == ["b", "c"]
    assert _names(workflow, "u", "t1", "t2", "t3") == ["a", "b", "c"]


def test_the_documents_project_opens_role_by_role() -> None:
    workflow = open_instance(STREET_REPAIR)
    assert _names(workflow, "u") == []
    assert _names(workflow, "u", DPW) == ["repair_worker"]
    assert _names(workflow, "u", VERIFIER) == ["verifier"]
    assert _names(workflow, "u", DPW, VERIFIER) == ["repair_worker", "verifier"]


@pytest.mark.parametrize("status", WorkflowStatus)
def test_only_open_instances_open_anything(status: WorkflowStatus) -> None:
    workflow = with_status(open_instance(STREET_REPAIR), status)
    assert bool(_names(workflow, "u", DPW)) is (status in OPEN)


def test_a_taken_role_is_closed_and_its_holder_is_bound() -> None:
    workflow = open_instance(STREET_REPAIR)
    workflow = claim_role(workflow, role_named(workflow, "verifier"), "u", "clm_1", START).workflow
    assert _names(workflow, "u", DPW, VERIFIER) == []
    assert _names(workflow, "other", DPW, VERIFIER) == ["repair_worker"]


def test_a_holder_may_claim_what_was_given_back_of_their_role() -> None:
    workflow = open_instance(STREET_REPAIR)
    role = role_named(workflow, "repair_worker")
    workflow = claim_role(workflow, role, "first", "clm_1", START).workflow
    workflow = start_step(workflow, step_at(workflow, 1), START).workflow
    workflow = release_steps(workflow, "first", lambda step: step.step_order == 2, START, cause="grant_lost").workflow
    assert _names(workflow, "second", DPW) == ["repair_worker"]
    workflow = claim_role(workflow, workflow.role(role.role_id), "second", "clm_2", START).workflow
    assert _names(workflow, "second", DPW) == []
    workflow = release_steps(workflow, "first", lambda _: True, START, cause="unclaimed").workflow
    assert _names(workflow, "second", DPW) == ["repair_worker"]
    assert _names(workflow, "third", DPW) == []
    assert list(workflow.free_roles()) == [role_named(workflow, "verifier")]


def _absence(start: datetime, end: datetime, *, series: str = "ser_1", order: int = 1) -> AbsencePeriod:
    return AbsencePeriod("abs_1", "u", series, order, start, end)


def test_absence_counts_from_its_first_moment_until_before_its_last() -> None:
    workflow = open_instance(STREET_REPAIR, start_at=START)
    for start, end, closed in (
        (START, START + DAY, True),
        (START - DAY, START, False),
        (START - DAY, START + timedelta(seconds=1), True),
        (START + timedelta(seconds=1), START + DAY, False),
    ):
        assert ("repair_worker" not in _names(workflow, "u", DPW, absences=[_absence(start, end)])) is closed


def test_absence_is_of_one_series_and_of_the_role_that_has_the_step() -> None:
    workflow = open_instance(STREET_REPAIR)
    away = {order: _absence(START, START + DAY, order=order) for order in (1, 2, 3, 4)}
    elsewhere = _absence(START, START + DAY, series="ser_2")
    worker, verifier = role_named(workflow, "repair_worker"), role_named(workflow, "verifier")
    assert [is_absent(workflow, worker, [away[order]]) for order in away] == [True, True, False, False]
    assert [is_absent(workflow, verifier, [away[order]]) for order in away] == [False, False, True, False]
    assert not is_absent(workflow, worker, [elsewhere])
    assert not is_absent(workflow, worker, [])


# The contract's table, section 1.2, line by line.
KEPT: Final = {
    "keep_current_release_future": {"in progress": True, "time passed": True, "to come": False},
    "release_unstarted": {"in progress": True, "time passed": False, "to come": False},
    "release_all": {"in progress": False, "time passed": False, "to come": False},
    "retain_all": {"in progress": True, "time passed": True, "to come": True},
}


@pytest.mark.parametrize("policy", RevocationPolicy)
def test_each_policy_keeps_what_the_contract_says(policy: RevocationPolicy) -> None:
    wanted = KEPT[policy.value]
    for status, begins in product(StepStatus, (-DAY, timedelta(0), DAY)):
        if status in (StepStatus.COMPLETED, StepStatus.PAID_OUT):
            continue
        workflow = open_instance(STREET_REPAIR, start_at=START + begins)
        step = claim_role(workflow, role_named(workflow, "verifier"), "u", "clm_1", START).workflow.steps[2]
        case = "to come" if begins > timedelta(0) else "time passed"
        if status is StepStatus.IN_PROGRESS:
            case = "in progress"
        assert is_kept(policy, workflow, replace(step, status=status), START) is wanted[case], (status, begins)
    assert (policy in KEEPS_SERIES_CLAIMS) is (policy is RevocationPolicy.RETAIN_ALL)


def test_a_step_depends_on_each_type_of_its_role() -> None:
    workflow = open_instance(plan_of({"a": ["t1", "t2"], "b": []}, "ab"))
    first, second = workflow.steps
    assert [depends_on(workflow, first, kind) for kind in ("t1", "t2", "t3")] == [True, True, False]
    assert not depends_on(workflow, second, "t1")
