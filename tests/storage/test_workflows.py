"""Instances of workflows: what goes in comes out, and moves are written once and whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.errors import UnknownCredentialType, VersionConflict
from sealwright.domain.work_errors import RoleAlreadyHeld
from sealwright.domain.workflows import ItemResponse, Submission, Workflow, WorkflowStatus
from sealwright.domain.working import claim_role, close, complete_step, open_first_step, start_step
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.services.workflow_ports import WorkflowFilter
from tests.storage.builders import NOW
from tests.storage.workflow_builders import add_types, listed, workflow

LATER = NOW + timedelta(hours=1)
SUBMISSION = Submission((ItemResponse("photo", "Done", "y", ("att_one", "att_two")),))


@pytest.fixture(autouse=True)
def _types(units: UnitOfWorkFactory) -> None:
    add_types(units)


def _add(units: UnitOfWorkFactory, *workflows: Workflow) -> None:
    with units() as uow:
        for one in workflows:
            uow.workflows.add(one)
        uow.commit()


def _get(units: UnitOfWorkFactory, workflow_id: str) -> Workflow | None:
    with units(write=False) as uow:
        return uow.workflows.get(workflow_id)


def _update(units: UnitOfWorkFactory, before: Workflow, after: Workflow) -> Workflow:
    with units() as uow:
        assert uow.workflows.get_for_update(before.workflow_id) == before
        uow.workflows.update(before, after)
        uow.commit()
    return after


def test_what_goes_in_comes_out(units: UnitOfWorkFactory) -> None:
    one = workflow(("degree", "nurse"), (), steps=3, next_start_at=LATER, failed_reason="Rain")
    _add(units, one)
    assert _get(units, one.workflow_id) == one
    assert _get(units, "wfl_none") is None
    with units(write=False) as uow:
        assert uow.workflows.get_many([one.workflow_id, "wfl_none"]) == {one.workflow_id: one}
        assert uow.workflows.with_step(one.steps[2].step_id) == uow.workflows.get(one.workflow_id)
        assert uow.workflows.with_step("stp_none") is None


def test_each_move_is_kept_as_it_is(units: UnitOfWorkFactory) -> None:
    one = listed(("degree",), (), steps=2, start_at=LATER)
    _add(units, one)
    now = _update(units, one, open_first_step(one, LATER).workflow)
    now = _update(units, now, claim_role(now, now.roles[0], "usr_ada", "clm_one", LATER).workflow)
    now = _update(units, now, start_step(now, now.steps[0], LATER).workflow)
    now = _update(units, now, complete_step(now, now.steps[0], SUBMISSION, LATER).workflow)
    assert (now.steps[0].submission, now.version) == (SUBMISSION, 5)
    now = _update(units, now, close(now, WorkflowStatus.FAILED, LATER).workflow)
    assert _get(units, one.workflow_id) == now


def test_an_instance_that_moved_on_is_not_overwritten(units: UnitOfWorkFactory) -> None:
    one = listed((), start_at=LATER)
    _add(units, one)
    opened = _update(units, one, open_first_step(one, LATER).workflow)
    with units() as uow, pytest.raises(VersionConflict):
        uow.workflows.update(one, close(one, WorkflowStatus.SKIPPED, LATER).workflow)
    assert _get(units, one.workflow_id) == opened


def test_one_person_holds_one_role(units: UnitOfWorkFactory) -> None:
    one = listed((), ())
    _add(units, one)
    both = replace(one, roles=tuple(replace(role, held_by="usr_ada") for role in one.roles), version=2)
    with units() as uow, pytest.raises(RoleAlreadyHeld):
        uow.workflows.update(one, both)


def test_roles_need_types_that_there_are(units: UnitOfWorkFactory) -> None:
    with units() as uow, pytest.raises(UnknownCredentialType):
        uow.workflows.add(workflow(("degree", "ghost")))


def test_lists_are_filtered_and_counted(units: UnitOfWorkFactory) -> None:
    many = [workflow((), created_at=NOW + timedelta(minutes=n), title=f"Árbol {n}") for n in range(5)]
    gone = replace(many[3], status=WorkflowStatus.DELETED)
    other = replace(many[4], proposer_id="usr_other", status=WorkflowStatus.FAILED)
    _add(units, *many[:3], gone, other)
    with units(write=False) as uow:

        def ids(wanted: WorkflowFilter, page: int = 1, count: int = 10) -> tuple[list[int], int]:
            found = uow.workflows.list(wanted, page=page, count=count)
            return [int(one.title.split()[1]) for one in found.items], found.total

        assert ids(WorkflowFilter()) == ([4, 2, 1, 0], 4)
        assert ids(WorkflowFilter(), page=2, count=3) == ([0], 4)
        assert ids(WorkflowFilter(status=WorkflowStatus.DELETED)) == ([3], 1)
        assert ids(WorkflowFilter(proposer_id="usr_other")) == ([4], 1)
        assert ids(WorkflowFilter(series_id=many[1].series_id)) == ([1], 1)
        assert ids(WorkflowFilter(search="ARBOL 2")) == ([2], 1)
        assert ids(WorkflowFilter(search="%")) == ([], 0)
        assert ids(WorkflowFilter(search=many[0].workflow_id)) == ([0], 1)


def test_a_series_knows_its_instances(units: UnitOfWorkFactory) -> None:
    first = workflow((), series_id="ser_one", status=WorkflowStatus.COMPLETED)
    rest = [workflow((), series_id="ser_one", instance_no=n) for n in (1, 2)]
    _add(units, first, *rest, workflow(()))
    with units(write=False) as uow:
        assert [one.instance_no for one in uow.workflows.of_series("ser_one", limit=2)] == [2, 1]
        assert uow.workflows.open_of_series("ser_one") == tuple(sorted(one.workflow_id for one in rest))


def test_the_clock_finds_what_opens_and_what_nobody_began(units: UnitOfWorkFactory) -> None:
    waits = listed((), start_at=LATER, next_start_at=LATER + timedelta(days=1))
    opened = listed(())
    pending = workflow((), start_at=LATER, next_start_at=LATER)
    begun = start_step(opened, opened.steps[0], NOW).workflow
    _add(units, waits, replace(begun, next_start_at=LATER), pending)
    with units(write=False) as uow:
        assert uow.workflows.opening(NOW, 10) == ()
        assert uow.workflows.opening(LATER, 10) == (waits.workflow_id,)
        assert uow.workflows.untouched(LATER, 10) == ()
        assert uow.workflows.untouched(LATER + timedelta(days=1), 10) == (waits.workflow_id,)
