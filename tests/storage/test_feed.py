"""The feed's index says what the instances say, whatever happened to them, and its answers are theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealwright.domain.errors import DomainError
from sealwright.domain.workflows import Submission, Workflow, WorkflowStatus
from sealwright.domain.working import Moved, approve, claim_role, close, complete_step, release_steps, start_step
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.storage.engines import Database
from sealwright.storage.feed_sets import Known
from sealwright.storage.inspection import count_drift
from sealwright.storage.recounting import RequestCounts
from sealwright.storage.tables import metadata
from sealwright.storage.transaction import open_transaction
from tests.storage.builders import NOW, entry
from tests.storage.racing import together
from tests.storage.workflow_builders import TYPES, add_types, listed, workflow

TYPE_SETS = st.frozensets(st.sampled_from(TYPES), max_size=3)


@pytest.fixture(autouse=True)
def _types(units: UnitOfWorkFactory) -> None:
    add_types(units)


def _add(units: UnitOfWorkFactory, *workflows: Workflow) -> list[str]:
    with units() as uow:
        for one in workflows:
            uow.workflows.add(one)
        uow.commit()
    return [one.workflow_id for one in workflows]


def _page(
    units: UnitOfWorkFactory, held: Collection[str], *, but: Collection[str] = (), also: Collection[str] = ()
) -> tuple[list[str], int]:
    with units(write=False) as uow:
        found = uow.feed.claimable(frozenset(held), but=but, also=also, page=1, count=50)
        return list(found.workflow_ids), found.total


def test_a_feed_shows_what_somebodys_types_open(units: UnitOfWorkFactory) -> None:
    anybody, degree, both, either = _add(
        units,
        listed(()),
        listed(("degree",), at=NOW + timedelta(seconds=1)),
        listed(("degree", "nurse"), at=NOW + timedelta(seconds=2)),
        listed(("degree",), ("nurse",), at=NOW + timedelta(seconds=3)),
    )
    _add(units, workflow(()))
    assert _page(units, ()) == ([anybody], 1)
    assert _page(units, ("degree",)) == ([either, degree, anybody], 3)
    assert _page(units, ("degree", "nurse", "welder")) == ([either, both, degree, anybody], 4)
    assert _page(units, ("degree",), but=(degree,)) == ([either, anybody], 2)
    assert _page(units, ("degree",), but=(degree, both), also=(both, anybody)) == ([either, both, anybody], 3)
    assert _page(units, (), also=("wfl_unknown",)) == ([anybody], 1)


def test_what_is_missing_is_counted_once_an_instance(units: UnitOfWorkFactory) -> None:
    _add(units, listed(("degree",)), listed(("degree",), ("degree", "nurse")), listed((), ("welder",)))
    with units(write=False) as uow:
        assert uow.feed.would_open(frozenset()) == {"degree": 2, "nurse": 1}
        assert uow.feed.would_open(frozenset({"degree"})) == {}
        assert uow.feed.free_roles(frozenset({"degree"}), asking_for="degree") == 2
        assert uow.feed.free_roles(frozenset({"degree", "nurse"}), asking_for="degree") == 3
        assert uow.feed.free_roles(frozenset({"degree", "nurse"}), asking_for="nurse") == 1


def test_sets_that_threads_learn_at_once_have_bits_of_their_own() -> None:
    known = Known()

    def learn(first: int) -> int:
        for place in range(300):
            set_id = (first * 37 + place) % 300
            known.learn(set_id, frozenset({str(set_id)}))
        return first

    together([partial(learn, n) for n in range(8)])
    assert sorted(known.needs) == sorted(known.bits) == list(range(300))
    assert len(set(known.bits.values())) == 300
    assert all(bit.bit_count() == 1 for bit in known.bits.values())


class _RolledBack(Exception):
    pass


def _add_and_roll_back(uow: UnitOfWork, one: Workflow) -> None:
    with uow.savepoint():
        uow.workflows.add(one)
        assert uow.feed.claimable(frozenset(TYPES), but=(), also=(), page=1, count=9).total == 3
        raise _RolledBack


def test_an_act_sees_what_it_has_done_itself(units: UnitOfWorkFactory, database: Database) -> None:
    _add(units, listed(("degree",)))
    held = frozenset({"degree", "nurse"})
    with units() as uow:
        uow.workflows.add(listed(("nurse",)))
        assert uow.feed.free_roles(held, asking_for="nurse") == 1
        with pytest.raises(_RolledBack):
            _add_and_roll_back(uow, listed(("nurse",)))
        assert uow.feed.claimable(held, but=(), also=(), page=1, count=9).total == 2
        uow.commit()
    assert (_page(units, held)[1], count_drift(database)) == (2, 0)


def test_what_rolled_back_was_never_listed(units: UnitOfWorkFactory, database: Database) -> None:
    with units() as uow:
        uow.workflows.add(listed(("degree",)))
    assert (_page(units, ("degree",)), count_drift(database)) == (([], 0), 0)


# What a random act may do with an instance: the first of these that fits.
def _claim(one: Workflow, place: int) -> Moved:
    return claim_role(one, one.roles[place % len(one.roles)], f"usr_{place % 5}", f"clm_{place}", NOW)


def _start(one: Workflow, place: int) -> Moved:
    return start_step(one, one.steps[place % len(one.steps)], NOW)


def _complete(one: Workflow, place: int) -> Moved:
    return complete_step(one, one.steps[place % len(one.steps)], Submission(step_not_possible=place % 3 == 0), NOW)


def _release(one: Workflow, place: int) -> Moved:
    return release_steps(one, f"usr_{place % 5}", lambda step: step.step_order % 2 == place % 2, NOW, cause="unclaimed")


MOVES: tuple[Callable[[Workflow, int], Moved], ...] = (
    _claim,
    _claim,
    _start,
    _complete,
    _release,
    lambda one, _: approve(one, NOW + timedelta(seconds=len(one.workflow_id))),
    lambda one, place: close(one, (WorkflowStatus.SKIPPED, WorkflowStatus.DELETED)[place % 2], NOW),
)
Acts = list[tuple[Callable[[Workflow, int], Moved], int, bool]]
ACTS = st.lists(st.tuples(st.sampled_from(MOVES), st.integers(0, 99), st.booleans()), max_size=6)
PLACES = st.lists(st.integers(0, 20), max_size=4)


def _act(uow: UnitOfWork, known: dict[str, Workflow], acts: Acts) -> None:
    changes: dict[str, tuple[Workflow, Workflow]] = {}
    for move, place, apart in acts:
        workflow_id = sorted(known)[place % len(known)]
        try:
            after = move(known[workflow_id], place).workflow
        except DomainError:
            continue
        if apart or workflow_id in changes:
            uow.workflows.update_many(changes.values())
            changes = {}
        changes[workflow_id] = (known[workflow_id], after)
        known[workflow_id] = after
    uow.workflows.update_many(changes.values())


def _opens(one: Workflow, held: frozenset[str]) -> bool:
    return any(held.issuperset(role.required_credentials) for role in one.free_roles())


def _would_open(known: Mapping[str, Workflow], held: frozenset[str]) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for one in known.values():
        if not _opens(one, held):
            found.update({kind for role in one.free_roles() for kind in role.required_credentials} - held)
    return dict(found)


def _empty(database: Database) -> None:
    with open_transaction(database, write=True) as transaction:
        for table in ("workflows", "workflow_roles", "workflow_steps", "feed_entries", "feed_combinations"):
            transaction.change(sa.delete(metadata.tables[table]))
        transaction.commit()


def _roll_back(uow: UnitOfWork, known: dict[str, Workflow], acts: Acts) -> None:
    with uow.savepoint():
        _act(uow, known, acts)
        raise _RolledBack


def _lived(units: UnitOfWorkFactory, needs: list[list[frozenset[str]]], lives: list[Acts]) -> dict[str, Workflow]:
    """Let instances live in one unit of work; of three parts of their lives the second one is rolled back."""
    known: dict[str, Workflow] = {}
    with units() as uow:
        for n, roles in enumerate(needs):
            at = NOW + timedelta(seconds=n // 2)
            made = listed(*roles, at=at) if n % 3 else workflow(*roles, steps=2)
            known[f"wfl_{n}"] = replace(made, workflow_id=f"wfl_{n}")
            uow.workflows.add(known[f"wfl_{n}"])
        _act(uow, known, lives[0])
        with pytest.raises(_RolledBack):
            _roll_back(uow, dict(known), lives[1])
        _act(uow, known, lives[2])
        uow.commit()
    return known


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    needs=st.lists(st.lists(TYPE_SETS, min_size=1, max_size=3), min_size=1, max_size=8),
    lives=st.lists(ACTS, min_size=3, max_size=3),
    held=TYPE_SETS,
    judged=st.tuples(PLACES, PLACES),
    page=st.integers(1, 4),
    count=st.integers(1, 4),
)
def test_whatever_moves_the_index_says_what_the_instances_say(
    units: UnitOfWorkFactory,
    database: Database,
    *,
    needs: list[list[frozenset[str]]],
    lives: list[Acts],
    held: frozenset[str],
    judged: tuple[list[int], list[int]],
    page: int,
    count: int,
) -> None:
    _empty(database)
    known = _lived(units, needs, lives)
    assert count_drift(database) == 0
    but, also = ({f"wfl_{place % len(known)}" for place in places} for places in judged)
    also = {one for one in also if known[one].listed_at is not None}
    expected = {one.workflow_id for one in known.values() if _opens(one, held)} - but | also
    in_order = sorted(expected, key=lambda one: (known[one].listed_at, one), reverse=True)
    with units(write=False) as uow:
        assert uow.workflows.get_many(sorted(known)) == known
        found = uow.feed.claimable(held, but=but, also=also, page=page, count=count)
        assert found.workflow_ids == tuple(in_order[(page - 1) * count : page * count])
        assert found.total == len(expected)
        assert uow.feed.would_open(held) == _would_open(known, held)
        for kind in held:
            assert uow.feed.free_roles(held, asking_for=kind) == sum(
                kind in role.required_credentials and held.issuperset(role.required_credentials)
                for one in known.values()
                for role in one.free_roles()
            )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE feed_combinations SET instances = instances + 1",
        "DELETE FROM feed_combinations",
        "UPDATE feed_combinations SET set_ids = '[1]'",
        "DELETE FROM feed_entries",
        "INSERT INTO feed_entries (set_id, listed_at, workflow_id) VALUES (1, 2, 'wfl_ghost')",
        "UPDATE workflows SET combination = 5",
        "DELETE FROM requirement_sets",
    ],
)
def test_an_index_that_differs_is_told_and_set_right(
    units: UnitOfWorkFactory, database: Database, statement: str
) -> None:
    (shown,) = _add(units, listed(("degree",)))
    with open_transaction(database, write=True) as transaction:
        transaction.driver_rows(statement, ())
        transaction.commit()
    counts = RequestCounts(database)
    assert (counts.drift(), counts.feed_drift()) == (0, 1)
    assert counts.recount(lambda mended: entry(data={"mended": mended})) == 1
    assert (counts.feed_drift(), _page(units, ("degree",))) == (0, ([shown], 1))
