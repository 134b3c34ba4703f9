"""What a lost grant takes away: every cell of the contract's table of policies."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sealwright.domain.catalog import RevocationPolicy
from sealwright.domain.effect_lines import revoke_line
from sealwright.domain.losses import KEEPS_SERIES_CLAIMS, depends_on, is_kept
from sealwright.domain.workflows import StepStatus, Workflow, WorkflowStep
from tests.support.desk import DPW, VERIFIER
from tests.support.office import START
from tests.support.work import STREET_REPAIR, open_instance

KEEP, UNSTARTED = RevocationPolicy.KEEP_CURRENT_RELEASE_FUTURE, RevocationPolicy.RELEASE_UNSTARTED
ALL, RETAIN = RevocationPolicy.RELEASE_ALL, RevocationPolicy.RETAIN_ALL
LOCKED, AVAILABLE, IN_PROGRESS = StepStatus.LOCKED, StepStatus.AVAILABLE, StepStatus.IN_PROGRESS
BEFORE, AFTER = START - timedelta(seconds=1), START + timedelta(days=1)


def holding(order: int, status: StepStatus) -> tuple[Workflow, WorkflowStep]:
    """An open instance that begins at START, and a step of it that somebody has."""
    workflow = open_instance(STREET_REPAIR)
    step = replace(workflow.steps[order - 1], status=status, assigned_to="usr_1", claim_id="clm_1")
    steps = tuple(step if one.step_id == step.step_id else one for one in workflow.steps)
    return replace(workflow, steps=steps), step


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(
    ("policy", "status", "now", "kept"),
    [
        (KEEP, IN_PROGRESS, AFTER, True),
        (KEEP, LOCKED, AFTER, True),
        (KEEP, AVAILABLE, AFTER, True),
        # At the very second the start time has passed.
        (KEEP, AVAILABLE, START, True),
        (KEEP, LOCKED, BEFORE, False),
        (KEEP, AVAILABLE, BEFORE, False),
        (UNSTARTED, IN_PROGRESS, AFTER, True),
        (UNSTARTED, LOCKED, AFTER, False),
        (UNSTARTED, AVAILABLE, AFTER, False),
        (UNSTARTED, LOCKED, BEFORE, False),
        (ALL, IN_PROGRESS, AFTER, False),
        (ALL, LOCKED, AFTER, False),
        (ALL, AVAILABLE, AFTER, False),
        (ALL, LOCKED, BEFORE, False),
        (RETAIN, IN_PROGRESS, AFTER, True),
        (RETAIN, LOCKED, AFTER, True),
        (RETAIN, AVAILABLE, AFTER, True),
        (RETAIN, LOCKED, BEFORE, True),
    ],
)
def test_each_policy_keeps_what_the_table_says(
    policy: RevocationPolicy, status: StepStatus, now: datetime, kept: bool, order: int
) -> None:
    workflow, step = holding(order, status)
    assert is_kept(policy, workflow, step, now) is kept


def test_only_retain_all_keeps_series_claims() -> None:
    assert frozenset({RETAIN}) == KEEPS_SERIES_CLAIMS
    assert set(RevocationPolicy) == {KEEP, UNSTARTED, ALL, RETAIN}


def test_a_step_depends_on_the_needs_of_its_own_role() -> None:
    workflow = open_instance(STREET_REPAIR)
    needed = [[kind for kind in (DPW, VERIFIER) if depends_on(workflow, step, kind)] for step in workflow.steps]
    assert needed == [[DPW], [DPW], [VERIFIER]]


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ({"credentials": 0, "kept": 0, "released": 0}, "Revokes dpw_certified."),
        ({"credentials": 0, "kept": 0, "released": 0, "series": 1}, "Revokes dpw_certified; 1 series claim ends."),
        (
            {"credentials": 1, "kept": 2, "released": 1, "series": 3},
            "Revokes dpw_certified; 1 credential is revoked, 2 steps stay, 1 future step is released, "
            "3 series claims end.",
        ),
    ],
)
def test_a_revocation_is_told_with_all_that_ends(counts: dict[str, int], line: str) -> None:
    assert revoke_line(DPW, **counts) == line
