"""Which types would open work: what is asked for and not held, and never what somebody could not claim anyway."""

from __future__ import annotations

from datetime import timedelta

from sealwright.domain.openings import corrected, types_wanted
from sealwright.domain.workflows import AbsencePeriod, Workflow
from sealwright.domain.working import claim_role
from tests.support.office import START
from tests.support.work import open_instance, plan_of, role_named

NOTHING = frozenset[str]()
PLAN = plan_of({"a": ["t1"], "b": ["t2", "t3"]}, "ab")


def _held(workflow: Workflow, name: str, user_id: str) -> Workflow:
    return claim_role(workflow, role_named(workflow, name), user_id, "clm_1", START).workflow


def test_types_are_wanted_unless_a_free_role_is_open_already() -> None:
    workflow = open_instance(PLAN)
    assert types_wanted(workflow.roles, NOTHING) == {"t1", "t2", "t3"}
    assert types_wanted(workflow.roles, frozenset({"t2"})) == {"t1", "t3"}
    assert types_wanted(workflow.roles, frozenset({"t1"})) == NOTHING
    assert types_wanted((), NOTHING) == NOTHING


def test_who_has_a_role_is_not_told_of_the_others() -> None:
    workflow = _held(open_instance(PLAN), "a", "usr_me")
    counts = {"t2": 3, "t3": 1}
    assert corrected(counts, [workflow], "usr_me", frozenset({"t1"})) == {"t2": 2}
    assert corrected(counts, [workflow], "usr_other", frozenset({"t1"})) == counts


def test_who_is_absent_is_not_told_of_what_they_miss() -> None:
    workflow = open_instance(PLAN)
    away = AbsencePeriod("abs_1", "usr_me", workflow.series_id, 1, START, START + timedelta(days=1))
    assert corrected({"t1": 1, "t2": 1, "t3": 1}, [workflow], "usr_me", NOTHING, [away]) == {"t2": 1, "t3": 1}


def test_an_absence_from_what_is_open_leaves_what_is_not() -> None:
    workflow = open_instance(PLAN)
    away = AbsencePeriod("abs_1", "usr_me", workflow.series_id, 1, START, START + timedelta(days=1))
    # Anybody else with t1 would have something to claim here, and is told of nothing more.
    assert corrected({}, [workflow], "usr_me", frozenset({"t1"}), [away]) == {"t2": 1, "t3": 1}
