"""Delegations whose ground moves while they are made: between the commits, at the same time, and in a crash."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sealwright.domain.credentials import CredentialStatus
from sealwright.domain.delegation_errors import DelegationIsRevoked
from sealwright.domain.delegations import Delegation
from sealwright.domain.dids import DIDKind
from sealwright.domain.errors import AlreadyRevoked, DomainError
from sealwright.services.acts import idempotency_scope
from sealwright.services.delegation_views import DelegationWish, MadeDelegation, NarrowingWish
from sealwright.services.issuing_line import Job
from sealwright.services.office import Office
from sealwright.vc.status.bitstring import read_bit
from tests.support.delegations import (
    AGENT,
    AGENTS,
    ENDS,
    HUMAN,
    bring,
    delegated,
    delegation_request,
    furnish_delegations,
    kept_delegation,
)
from tests.support.office import MovableClock, open_office, the_operator
from tests.support.races import race
from tests.support.review import audit_rows


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock) -> Iterator[Office]:
    """An office whose line walks, on each supported database."""
    with open_office(database_url, tmp_path / "home", clock=clock, background=True) as opened:
        furnish_delegations(opened, agents=2)
        yield opened


def _order(office: Office, root: Delegation, delegate: str = AGENTS[1]) -> Any:
    request = delegation_request(AGENT, delegate, root.credential_id)
    return office.issuing.check(request, the_operator(office), office.registry.current())


def _revoke(office: Office, delegation: Delegation) -> None:
    office.acts.run(
        the_operator(office), lambda uow, me: office.delegations.desk.revoke(uow, me, delegation.delegation_id, "over")
    )


def _all(office: Office) -> tuple[Delegation, ...]:
    with office.units(write=False) as uow:
        return uow.delegations.after(None, 1_000)


def test_a_parent_revoked_while_its_child_is_signed_has_no_child(office: Office) -> None:
    root = delegated(office, HUMAN, AGENT, maxDepth=1)
    job = Job(_order(office, root), None)
    with office.units() as uow:
        office.issuing.reserve(uow, [job])
        uow.commit()
    assert job.error is None
    office.issuing.sign(job)
    assert job.record is not None
    _revoke(office, root)
    with office.units() as uow:
        office.issuing.store(uow, [job])
        uow.commit()
    assert isinstance(job.error, DelegationIsRevoked)
    assert [one.delegation_id for one in _all(office)] == [root.delegation_id]
    # Whoever got hold of what was signed has nothing: its place in the status list says revoked.
    assert job.reservation is not None
    place = job.reservation.place
    assert place is not None
    with office.units(write=False) as uow:
        assert uow.credentials.get(job.reservation.credential_id) is None
        bits = uow.status_lists.bits(place.list_id)
    assert bits is not None
    assert read_bit(bits.revocation, place.index)


def test_a_key_that_a_crash_left_behind_makes_one_delegation(office: Office, clock: MovableClock) -> None:
    scope = idempotency_scope("operator:test", "POST", "/api/v1/delegations", "k-1", b"body")
    wish = DelegationWish(HUMAN, AGENT, ("purchase:food",), ENDS)
    order = office.delegations.desk.order(the_operator(office), wish, office.registry.current())
    job = Job(order, scope)
    with office.units() as uow:
        office.issuing.reserve(uow, [job])
        uow.commit()
    clock.move(seconds=6)
    made = office.delegations.desk.create(the_operator(office), wish, scope)
    again = office.delegations.desk.create(the_operator(office), wish, scope)
    assert (made.issued.replayed, again.issued.replayed) == (False, True)
    assert again.seen == made.seen
    assert [one.delegation_id for one in _all(office)] == [made.seen.delegation.delegation_id]


def test_of_two_narrowings_at_once_one_holds(office: Office) -> None:
    root = delegated(office, HUMAN, AGENT, maxDepth=1)
    desk = office.delegations.desk

    def narrow(limit: int) -> Callable[[], MadeDelegation]:
        wish = NarrowingWish(constraints={"maxSpendPerDay": limit})
        return lambda: desk.narrow(the_operator(office), root.delegation_id, wish, "less")

    outcomes = race([narrow(limit) for limit in (10, 20, 30, 40)])
    made = [one for one in outcomes if isinstance(one, MadeDelegation)]
    assert len(made) == 1
    refused = [one for one in outcomes if not isinstance(one, MadeDelegation)]
    assert all(isinstance(one, (DelegationIsRevoked, AlreadyRevoked)) for one in refused), outcomes
    live = [one for one in _all(office) if one.credential_status is CredentialStatus.VALID]
    assert [one.delegation_id for one in live] == [made[0].seen.delegation.delegation_id]


def test_one_key_narrows_once_however_many_come_with_it(office: Office) -> None:
    root = delegated(office, HUMAN, AGENT, maxDepth=1)
    scope = idempotency_scope("operator:test", "POST", "/narrow", "k-1", b"body")
    wish = NarrowingWish(constraints={"maxSpendPerDay": 10})

    def narrow() -> MadeDelegation:
        return office.delegations.desk.narrow(the_operator(office), root.delegation_id, wish, "less", scope)

    outcomes = race([narrow] * 4)
    assert all(isinstance(one, MadeDelegation) for one in outcomes), outcomes
    made = [one for one in outcomes if isinstance(one, MadeDelegation)]
    assert len({one.seen.delegation.delegation_id for one in made}) == 1
    assert sum(not one.issued.replayed for one in made) == 1
    assert len(_all(office)) == 2


def test_nothing_is_made_below_what_was_revoked_a_moment_before(office: Office) -> None:
    root = delegated(office, HUMAN, AGENT, maxDepth=1)
    agents = [f"did:adi:agent:r{index}" for index in range(6)]
    for did in agents:
        bring(office, did, DIDKind.AGENT)
    orders = [_order(office, root, did) for did in agents]
    acts: list[Callable[[], object]] = [lambda one=order: office.issuing.submit(one).result(60) for order in orders]  # type: ignore[misc]
    acts.insert(3, lambda: _revoke(office, root))
    outcomes = race(acts)
    refused = [one for one in outcomes if isinstance(one, DomainError)]
    assert all(isinstance(one, DelegationIsRevoked) for one in refused)
    children = [one for one in _all(office) if one.parent_id == root.delegation_id]
    assert len(children) == len(agents) - len(refused)
    trail = [row["action"] for row in audit_rows(office) if row["action"].startswith("delegation.")]
    assert "delegation.created" not in trail[trail.index("delegation.revoked") :]
    kept = kept_delegation(office, root.delegation_id)
    assert kept is not None
    assert kept.credential_status is CredentialStatus.REVOKED


def test_narrowing_and_children_at_once_leave_no_child_in_force_below_the_old(office: Office) -> None:
    root = delegated(office, HUMAN, AGENT, maxDepth=1)
    order = _order(office, root)
    desk = office.delegations.desk
    wish = NarrowingWish(constraints={"maxSpendPerDay": 1})
    outcomes = race(
        [
            lambda: office.issuing.submit(order).result(60),
            lambda: desk.narrow(the_operator(office), root.delegation_id, wish, "less"),
        ]
    )
    assert isinstance(outcomes[1], MadeDelegation)
    view = office.registry.current()
    for child in (one for one in _all(office) if one.parent_id == root.delegation_id):
        seen = desk.get(the_operator(office), child.delegation_id, view)
        assert [fall.code.value for fall in seen.falls] == ["DELEGATION_REVOKED"]
