"""Races of workflows that the database settles: threads of two openings of one database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest

from sealwright.domain.errors import DomainError, VersionConflict
from sealwright.domain.votes import ProposalKind, ProposalStatus, Vote, VoteDecision
from sealwright.domain.work_errors import ProposalPendingExists, StepAlreadyClaimed
from sealwright.domain.workflows import Workflow
from sealwright.domain.working import claim_role
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.storage.engines import Database, open_database
from sealwright.storage.inspection import count_drift
from sealwright.storage.recounting import RequestCounts
from sealwright.storage.transaction import open_transaction
from sealwright.storage.unit_of_work import make_unit_of_work_factory
from tests.storage.builders import NOW, entry
from tests.storage.racing import together
from tests.storage.workflow_builders import add_types, claim, listed, proposal, workflow

RACERS = 8
HELD = frozenset({"degree", "nurse"})


@pytest.fixture
def others(migrated_url: str) -> Iterator[UnitOfWorkFactory]:
    """Units of work of a second opening of the same database, as another process would have."""
    opened = open_database(migrated_url)
    yield make_unit_of_work_factory(opened)
    opened.close()


@pytest.fixture
def flow(units: UnitOfWorkFactory) -> Workflow:
    """A listed instance with two roles that anybody with a degree may take."""
    add_types(units)
    one = listed(("degree",), ("degree",))
    with units() as uow:
        uow.workflows.add(one)
        uow.commit()
    return one


def _race(
    units: UnitOfWorkFactory, others: UnitOfWorkFactory, act: Callable[[UnitOfWork, int], object]
) -> list[type[DomainError]]:
    """Let racers act in units of work of their own; gives what the losers were told."""

    def run(one: UnitOfWorkFactory, number: int) -> type[DomainError] | None:
        with one() as uow:
            try:
                act(uow, number)
            except DomainError as refusal:
                return type(refusal)
            uow.audit.append(entry(f"object-{number}"))
            uow.commit()
            return None

    told = together([partial(run, units if n % 2 else others, n) for n in range(RACERS)])
    return [refusal for refusal in told if refusal is not None]


def _take(uow: UnitOfWork, flow: Workflow, user_id: str) -> None:
    locked = uow.workflows.get_for_update(flow.workflow_id)
    assert locked is not None
    one = claim(locked, 0, user_id)
    uow.claims.add(one)
    uow.workflows.update(locked, claim_role(locked, locked.roles[0], user_id, one.claim_id, NOW).workflow)


def test_a_role_goes_to_one(
    units: UnitOfWorkFactory, others: UnitOfWorkFactory, database: Database, flow: Workflow
) -> None:
    told = _race(units, others, lambda uow, number: _take(uow, flow, f"usr_{number}"))
    assert told == [StepAlreadyClaimed] * (RACERS - 1)
    with units(write=False) as uow:
        (won,) = uow.claims.of_workflow(flow.workflow_id)
        kept = uow.workflows.get(flow.workflow_id)
        assert kept is not None
        assert (kept.roles[0].held_by, kept.steps[0].assigned_to) == (won.user_id, won.user_id)
        assert uow.feed.free_roles(HELD, asking_for="degree") == 1
    assert count_drift(database) == 0


def test_whoever_has_not_locked_an_instance_does_not_move_it(
    units: UnitOfWorkFactory, others: UnitOfWorkFactory, database: Database, flow: Workflow
) -> None:
    def claim_blindly(uow: UnitOfWork, number: int) -> None:
        uow.workflows.update(flow, claim_role(flow, flow.roles[0], f"usr_{number}", "clm_one", NOW).workflow)

    assert _race(units, others, claim_blindly) == [VersionConflict] * (RACERS - 1)
    assert count_drift(database) == 0


def test_one_proposal_on_a_target_is_pending(
    units: UnitOfWorkFactory, others: UnitOfWorkFactory, flow: Workflow
) -> None:
    def propose(uow: UnitOfWork, number: int) -> None:
        uow.proposals.add(proposal(flow, f"prp_{number}", kind=ProposalKind.DELETION, author_id=f"usr_{number}"))

    assert _race(units, others, propose) == [ProposalPendingExists] * (RACERS - 1)


def test_every_vote_counts_once(units: UnitOfWorkFactory, others: UnitOfWorkFactory, flow: Workflow) -> None:
    with units() as uow:
        uow.proposals.add(proposal(flow))
        uow.commit()

    def vote(uow: UnitOfWork, number: int) -> None:
        uow.proposals.get_for_update("prp_one")
        decision = VoteDecision.DENY if number % 2 else VoteDecision.APPROVE
        uow.proposals.put_vote(Vote("prp_one", f"usr_{number // 2}", decision, NOW))

    assert _race(units, others, vote) == []
    with units(write=False) as uow:
        assert {one.voter_id for one in uow.proposals.votes("prp_one")} == {f"usr_{n}" for n in range(RACERS // 2)}
        assert len(uow.proposals.votes("prp_one")) == RACERS // 2


def test_a_proposal_is_closed_once(units: UnitOfWorkFactory, others: UnitOfWorkFactory, flow: Workflow) -> None:
    one = proposal(flow)
    with units() as uow:
        uow.proposals.add(one)
        uow.commit()

    def close(uow: UnitOfWork, _: int) -> None:
        uow.proposals.update(replace(one, status=ProposalStatus.EXPIRED, version=2))

    assert _race(units, others, close) == [VersionConflict] * (RACERS - 1)


def test_new_needs_and_combinations_at_once_are_counted_right(
    units: UnitOfWorkFactory, others: UnitOfWorkFactory, database: Database
) -> None:
    add_types(units)

    def list_some(uow: UnitOfWork, number: int) -> None:
        made = [listed(("degree",), ("nurse",)), listed(("degree", "nurse")), listed(("nurse",)), workflow(())]
        for one in made if number % 2 else reversed(made):
            uow.workflows.add(one)

    assert _race(units, others, list_some) == []
    with units(write=False) as uow:
        assert uow.feed.claimable(HELD, but=(), also=(), page=1, count=1).total == 3 * RACERS
        assert uow.feed.would_open(frozenset()) == {"degree": 2 * RACERS, "nurse": 3 * RACERS}
    assert count_drift(database) == 0


def test_instances_claimed_beside_a_recount_are_counted_right(
    units: UnitOfWorkFactory, others: UnitOfWorkFactory, database: Database, flow: Workflow
) -> None:
    with open_transaction(database, write=True) as transaction:
        transaction.driver_rows("UPDATE feed_combinations SET instances = 9", ())
        transaction.commit()
    counts = RequestCounts(database)

    def take() -> int:
        with others() as uow:
            _take(uow, flow, "usr_ada")
            uow.commit()
        return 0

    together([take, lambda: counts.recount(lambda mended: entry(data={"mended": mended}))])
    assert (counts.drift(), counts.feed_drift()) == (0, 0)
    with units(write=False) as uow:
        assert uow.feed.free_roles(HELD, asking_for="degree") == 1
