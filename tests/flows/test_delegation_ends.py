"""Ends of delegations are told once, what is old is forgotten, and `verify-store` names what does not hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sealwright.domain.audit import AuditFilter
from sealwright.domain.delegations import Delegation, DelegationStatus, Use, Used
from sealwright.services.delegation_clock import APPROVALS_KEPT, CALLS_KEPT, EXPIRE, FORGET, USES_KEPT
from sealwright.services.delegation_views import NarrowingWish
from sealwright.services.office import Office
from sealwright.storage.engines import open_database
from tests.storage.delegation_builders import approval, call
from tests.support.delegations import (
    AGENT,
    AGENTS,
    ENDS,
    HUMAN,
    chain_of,
    delegated,
    furnish_delegations,
    kept_delegation,
)
from tests.support.furnished import Furnished
from tests.support.office import START, MovableClock, the_operator

SECOND = timedelta(seconds=1)


@pytest.fixture
def agency(database_url: str, tmp_path: Path, clock: MovableClock, furnished: Furnished) -> Iterator[Office]:
    """An office in which people delegate."""
    with furnished.open(database_url, tmp_path / "home", clock, furnish_delegations) as opened:
        yield opened


def _told(office: Office) -> list[tuple[str, str, dict[str, Any]]]:
    wanted = AuditFilter(actions=frozenset({"delegation.expired"}))
    with office.units(write=False) as uow:
        rows = uow.audit.list(wanted, limit=50, cursor=None).items
    bodies = [json.loads(row.body) for row in rows]
    return [(body["object"]["id"], body["before"]["status"], body["data"]) for body in bodies]


def _run(office: Office, name: str) -> object:
    chore = office.tasks.get(name)
    assert chore is not None
    return chore.work()


def test_an_end_is_told_once(agency: Office, clock: MovableClock) -> None:
    root, middle, leaf = chain_of(agency, *AGENTS[:3])
    operator = the_operator(agency)
    agency.acts.run(operator, lambda uow, me: agency.revocation.suspend(uow, me, middle.credential_id, "Wait."))
    agency.acts.run(operator, lambda uow, me: agency.revocation.revoke(uow, me, leaf.credential_id, "No more."))
    clock.time = root.expires_at - SECOND
    assert _run(agency, EXPIRE) == 2
    assert [(one, was) for one, was, _ in _told(agency)] == [(middle.delegation_id, "suspended")]
    clock.time = root.expires_at
    chore = agency.tasks.get(EXPIRE)
    assert chore is not None
    assert chore.look is not None
    with agency.units(write=False) as uow:
        assert chore.look(uow, clock.time)
    assert _run(agency, EXPIRE) == 1
    assert _run(agency, EXPIRE) == 0
    with agency.units(write=False) as uow:
        assert not chore.look(uow, clock.time)
    told = _told(agency)
    # Of the one that was revoked before, there was nothing to tell.
    assert [(one, was) for one, was, _ in told] == [(root.delegation_id, "active"), (middle.delegation_id, "suspended")]
    assert told[0][2]["delegatorDid"] == HUMAN
    assert kept_delegation(agency, leaf.delegation_id).status_at(clock.time) is DelegationStatus.REVOKED  # type: ignore[union-attr]
    assert agency.auditing.verify(the_operator(agency)).first_bad is None


def _count(office: Office, *those: Delegation, at: Any = START, name: str = "cal_1", recorded: bool = True) -> None:
    with office.units() as uow:
        uow.delegations.lock([one.delegation_id for one in those], for_use=True)
        uow.delegations.count([Use(one.delegation_id, name, at, 5_000_000) for one in those])
        made = call(1, call_id=name, at=at, delegation_id=those[-1].delegation_id, agent_did=AGENT, recorded=recorded)
        uow.delegations.add_calls([made])
        uow.commit()


def test_what_is_old_is_forgotten_by_its_own_age(agency: Office, clock: MovableClock) -> None:
    one = delegated(agency, HUMAN, AGENT)
    _count(agency, one)
    with agency.units() as uow:
        uow.delegations.add_approval(approval(1, delegation_id=one.delegation_id, created_at=START))
        uow.commit()

    def left() -> tuple[int, int, int]:
        with agency.units(write=False) as uow:
            return (
                len(uow.delegations.ledger(one.delegation_id, None, 9)),
                len(uow.delegations.calls([one.delegation_id], limit=9, cursor=None).items),
                len(uow.delegations.approvals(delegators=None, agents=None, limit=9, cursor=None).items),
            )

    for wait, gone, expected in (
        # Closed, and kept: its question is out of time.
        (USES_KEPT, 1, (1, 1, 1)),
        (USES_KEPT + SECOND, 1, (0, 1, 1)),
        (min(CALLS_KEPT, APPROVALS_KEPT), 0, (0, 1, 1)),
        (max(CALLS_KEPT, APPROVALS_KEPT) + SECOND, 2, (0, 0, 0)),
    ):
        clock.time = START + wait
        assert _run(agency, FORGET) == gone
        assert left() == expected
    with agency.units(write=False) as uow:
        assert uow.delegations.sums([one.delegation_id]) == {one.delegation_id: Used(5_000_000, 1)}
    assert _problems(agency) == set()


def _problems(office: Office) -> set[tuple[str, str, str]]:
    return {(one.kind, one.id, one.detail) for one in office.store_check.run(the_operator(office))}


def test_a_narrowed_delegation_and_the_one_before_it_are_sound(agency: Office, clock: MovableClock) -> None:
    root, below = chain_of(agency, *AGENTS[:2])
    for number in range(3):
        _count(agency, root, below, at=START + number * SECOND, name=f"cal_{number}")
    clock.move(hours=1)
    wish = NarrowingWish(constraints={"maxSpendPerDay": 20})
    made = agency.delegations.desk.narrow(the_operator(agency), below.delegation_id, wish, "Less is enough.")
    assert made.seen.delegation.supersedes == below.delegation_id
    assert _problems(agency) == set()


def _set(database_url: str, text: str, **values: Any) -> None:
    database = open_database(database_url)
    try:
        with database.writers.begin() as connection:
            assert connection.execute(sa.text(text), values).rowcount == 1
    finally:
        database.close()


Spoil = Callable[[str, tuple[Delegation, ...]], str]


def _of(statement: str, detail: str) -> Spoil:
    """Change one row of the middle of a chain of three; what is found is told of it."""

    def spoil(url: str, chain: tuple[Delegation, ...]) -> str:
        _set(url, statement.replace("ROOT", chain[0].delegation_id), id=chain[1].delegation_id)
        return detail

    return spoil


_HEAD = "UPDATE delegations SET {} WHERE delegation_id = :id"
_SUMS = "The sums of its ledger do not agree."
_SAYS = "Its credential says something else."


@pytest.mark.parametrize(
    "spoil",
    [
        _of(_HEAD.format("scope = '[\"*\"]'"), _SAYS),
        _of(_HEAD.replace("{}", "constraints = '{}'"), _SAYS),
        _of(_HEAD.format("max_depth = 7"), _SAYS),
        _of(_HEAD.format("expires_at = expires_at - 1"), "Its credential is another one's."),
        _of(_HEAD.format("spent_low = spent_low - 1"), _SUMS),
        _of(_HEAD.format("calls = calls - 1"), _SUMS),
        _of(_HEAD.format("calls = 0, spent_low = 0"), _SUMS),
        _of("UPDATE delegation_uses SET micros = 0 WHERE delegation_id = :id AND no = 0", _SUMS),
        _of("DELETE FROM delegation_uses WHERE delegation_id = :id AND no = 1", _SUMS),
        _of(
            "UPDATE delegation_calls SET recorded = FALSE WHERE call_id = 'cal_2' AND delegation_id = :id",
            "An act was counted that no call asked for.",
        ),
        _of(
            "DELETE FROM delegation_index WHERE term = 'ROOT' AND uid = (SELECT uid FROM delegations"
            " WHERE delegation_id = :id)",
            "It is not found by all that it concerns.",
        ),
    ],
)
def test_what_does_not_hold_is_named(agency: Office, database_url: str, spoil: Spoil) -> None:
    chain = chain_of(agency, *AGENTS[:3])
    for number in range(3):
        _count(agency, *chain[:2], at=START + number * SECOND, name=f"cal_{number}")
    assert _problems(agency) == set()
    detail = spoil(database_url, chain)
    found = {one for one in _problems(agency) if one[0] == "delegation" and one[1] == chain[1].delegation_id}
    assert ("delegation", chain[1].delegation_id, detail) in found


def test_a_delegation_below_another_one_than_it_says_is_named(agency: Office, database_url: str) -> None:
    chain = chain_of(agency, *AGENTS[:3])
    other = delegated(agency, HUMAN, AGENTS[3])
    _set(
        database_url,
        "UPDATE delegations SET lineage = :lineage, parent_id = :parent WHERE delegation_id = :id",
        id=chain[1].delegation_id,
        lineage=f'["{other.delegation_id}"]',
        parent=other.delegation_id,
    )
    details = {detail for _, name, detail in _problems(agency) if name == chain[1].delegation_id}
    assert details == {
        "It does not begin where the delegation above it ends.",
        "It is not found by all that it concerns.",
        _SAYS,
    }
    details = {detail for _, name, detail in _problems(agency) if name == chain[2].delegation_id}
    assert "The delegations above it are not those that it names." in details


def test_a_delegation_without_a_credential_is_named(agency: Office) -> None:
    one = delegated(agency, HUMAN, AGENT)
    stray = replace(one, delegation_id="dlg_stray", uid=type(one.uid)(int=one.uid.int ^ 1))
    with agency.units() as uow:
        uow.delegations.add(stray)
        uow.commit()
    assert _problems(agency) == {("delegation", "dlg_stray", "Its credential is not stored here.")}
    assert kept_delegation(agency, "dlg_stray") is None
    assert one.expires_at == ENDS
