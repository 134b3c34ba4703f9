"""Offices of earlier programs: what came later is added when they open, and what they wrote is taken up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sealwright.domain.audit import AuditFilter
from sealwright.domain.delegations import Delegation, DelegationFilter
from sealwright.domain.errors import AuditUnavailable, DomainError, StoreUnavailable
from sealwright.services import delegation_filling, founding
from sealwright.services.authorizing_values import ActQuestion
from sealwright.services.catalog_builtin import AGENT_DELEGATION, AGENT_DELEGATION_2, list_builtin
from sealwright.services.delegation_check import delegation_problems
from sealwright.services.delegation_filling import FILLED_TO
from sealwright.services.founding import found
from sealwright.services.office import Office
from sealwright.services.ports import UnitOfWork
from sealwright.services.upgrading import bring_up
from sealwright.services.verification import VerifyOptions
from sealwright.vc.encoding.strict_json import parse_json
from tests.support.delegations import (
    AGENTS,
    ENDS,
    HUMAN,
    bring_parties,
    chain_of,
    delegated,
    furnish_delegations,
    kept_delegation,
)
from tests.support.furnished import Furnished
from tests.support.office import MovableClock, open_office, the_operator


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock, furnished: Furnished) -> Iterator[Office]:
    """An office with people who delegate, on each supported database."""
    with furnished.open(database_url, tmp_path / "home", clock, furnish_delegations) as opened:
        yield opened


def change(office: Office, *statements: str) -> None:
    """Do what no program does, in the database itself."""
    with office.units() as uow:
        for statement in statements:
            uow.delegations._transaction.driver_rows(statement, ())  # type: ignore[attr-defined]
        uow.commit()


def forget_rows(office: Office) -> None:
    """Leave of all delegations what a program before them would have written."""
    change(office, "DELETE FROM delegations", "DELETE FROM delegation_index")


def digest_of(office: Office, one: Delegation) -> str:
    """The digest of a delegation's document, as either database writes bytes in a statement."""
    with office.units(write=False) as uow:
        record = uow.credentials.get(one.credential_id)
        assert record is not None
        written = "x'{}'" if uow.delegations._transaction.is_sqlite else "'\\x{}'"  # type: ignore[attr-defined]
    return written.format(record.document_sha256)


def taken_up(office: Office, made: Sequence[Delegation]) -> list[Delegation | None]:
    return [kept_delegation(office, one.credential_id) for one in made]


def said(one: Delegation | None) -> object:
    assert one is not None
    return (
        (one.delegator_did, one.delegate_did, one.scope, dict(one.constraints), one.max_depth, one.depth),
        (one.created_at, one.expires_at, one.made_by, one.credential_status, one.suspendable, one.verification_method),
    )


def reports(office: Office) -> list[Any]:
    """What was taken up, as the trail tells it, oldest first."""
    wanted = AuditFilter(actions=frozenset({"system.caught_up"}))
    with office.units(write=False) as uow:
        rows = uow.audit.list(wanted, limit=20, cursor=None).items
    bodies: list[Any] = [parse_json(row.body) for row in rows]
    return [body["data"] for body in reversed(bodies)]


def filled_to(uow: UnitOfWork) -> str | None:
    return uow.office.get(FILLED_TO)


def test_an_office_whose_people_took_the_name_of_a_later_schema_is_left_alone(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = next(one for one in list_builtin() if one.schema_id == AGENT_DELEGATION_2)
    taken = replace(ours, schema_id="did:adi:schema:ours-to-come")
    with open_office(database_url, tmp_path / "home") as office:
        found(office, the_operator(office), organization="Old Office")
        monkeypatch.setattr(founding, "list_builtin", lambda: (*list_builtin(), taken))
        with office.units(write=False) as uow:
            epoch = uow.office.epoch()
        bring_up(office)
        with office.units(write=False) as uow:
            assert uow.office.epoch() == epoch, "else all servers would read everything anew whenever a command starts"
            assert uow.schemas.get(taken.schema_id) is None


def test_delegations_without_rows_are_taken_up_as_they_were(office: Office) -> None:
    chain = chain_of(office, *AGENTS[:3])
    forget_rows(office)
    assert taken_up(office, chain) == [None, None, None]
    bring_up(office)
    found = taken_up(office, chain)
    assert [said(one) for one in found] == [said(one) for one in chain]
    assert [one.lineage for one in found if one] == [tuple(x.delegation_id for x in found[:n] if x) for n in range(3)]
    assert reports(office) == [{"delegations": 3, "skipped": 0}]
    # Acts are judged by them, they are listed, further ones rest on them, and ending one takes along what is below.
    operator, buy = the_operator(office), ActQuestion(AGENTS[2], "purchase:food", {"amount": 4}, record=True)
    assert office.delegations.authorizing.ask(operator, buy).allowed
    view = office.registry.current()
    wanted = DelegationFilter(parties=frozenset({AGENTS[0]}))
    page = office.delegations.desk.list(operator, wanted, view, limit=9, cursor=None)
    assert [one.is_effective for one in page.items] == [True] * 3
    delegated(office, AGENTS[0], AGENTS[3], chain[0].credential_id)
    root = found[0]
    assert root is not None
    ended = office.acts.run(operator, lambda uow, me: office.delegations.desk.revoke(uow, me, root.delegation_id, "x"))
    assert ended.invalidated == 3
    assert not office.delegations.authorizing.ask(operator, buy).allowed
    assert list(delegation_problems(office.units, office.clock.now())) == []


def test_what_is_no_delegation_is_skipped_counted_and_told_while_it_is_in_force(
    office: Office, clock: MovableClock
) -> None:
    root, child = chain_of(office, *AGENTS[:2])
    sound = delegated(office, HUMAN, AGENTS[2])
    over = delegated(office, HUMAN, AGENTS[3], expires=clock.now() + timedelta(hours=1))
    forget_rows(office)
    clock.move(hours=2)
    change(office, f"UPDATE credentials SET document = NULL WHERE document_sha256 = {digest_of(office, root)}")
    bring_up(office)
    assert [one is not None for one in taken_up(office, [root, child, sound, over])] == [False, False, True, True]
    assert reports(office) == [{"delegations": 2, "skipped": 2}]
    with office.units(write=False) as uow:
        assert uow.delegations.expired(clock.now(), 9) == (), "nobody is told now of an end that came long ago"
    told = {one.id: one.detail for one in delegation_problems(office.units, clock.now())}
    assert set(told) == {root.credential_id, child.credential_id}
    assert "erased" in told[root.credential_id]
    assert "not kept here" in told[child.credential_id]
    clock.move(seconds=(ENDS - clock.now()).total_seconds() + 1)
    assert list(delegation_problems(office.units, clock.now())) == []


def test_taking_up_that_was_killed_goes_on(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    chains = [chain_of(office, *AGENTS[:2]) for _ in range(3)]
    forget_rows(office)
    monkeypatch.setattr(delegation_filling, "ROWS_A_TURN", 2)
    fill, turns = delegation_filling._fill, []

    def dies(*given: Any) -> Any:
        turns.append(1)
        if len(turns) == 2:
            raise KeyboardInterrupt
        return fill(*given)

    with monkeypatch.context() as patched:
        patched.setattr(delegation_filling, "_fill", dies)
        with pytest.raises(KeyboardInterrupt):
            bring_up(office)
    made = [one for chain in chains for one in chain]
    assert sum(one is not None for one in taken_up(office, made)) == 2
    bring_up(office)
    assert [said(one) for one in taken_up(office, made)] == [said(one) for one in made]
    assert [report["delegations"] for report in reports(office)] == [2, 2, 2]


@pytest.mark.parametrize("kind", [StoreUnavailable, AuditUnavailable])
def test_an_office_that_cannot_be_written_to_opens_and_is_brought_up_later(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, kind: type[DomainError]
) -> None:
    made = chain_of(office, AGENTS[0])
    forget_rows(office)

    def is_full(*_: object) -> None:
        raise kind("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(delegation_filling, "_fill", is_full)
        bring_up(office)
    assert "until the next start: The disk is full." in caplog.text
    assert taken_up(office, made) == [None]
    bring_up(office)
    assert [said(one) for one in taken_up(office, made)] == [said(one) for one in made]


def test_an_office_with_nothing_to_take_up_is_left_alone(office: Office) -> None:
    bring_up(office)
    with office.units(write=False) as uow:
        before = (uow.audit.head(), uow.office.epoch(), filled_to(uow))
    assert before[2] is None
    made = delegated(office, HUMAN, AGENTS[0])
    bring_up(office)
    with office.units(write=False) as uow:
        head, epoch, place = uow.audit.head(), uow.office.epoch(), filled_to(uow)
    assert (place, reports(office)) == (str(made.uid), [])
    bring_up(office)
    with office.units(write=False) as uow:
        assert (uow.audit.head(), uow.office.epoch(), filled_to(uow)) == (head, epoch, place)


def test_an_office_founded_before_a_schema_came_gets_it_when_it_opens(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = tuple(one for one in list_builtin() if one.schema_id != AGENT_DELEGATION_2)
    with open_office(database_url, tmp_path / "home") as office:
        with monkeypatch.context() as patched:
            patched.setattr(founding, "list_builtin", lambda: early)
            found(office, the_operator(office), organization="Old Office")
        bring_parties(office, schemas=False)
        old = delegated(office, HUMAN, AGENTS[0], maxDepth=1)
        office.acts.run(
            the_operator(office),
            lambda uow, me: office.schemas.update(uow, me, AGENT_DELEGATION, True, [HUMAN, AGENTS[0]]),
            changes_registry=True,
        )
        first = office.schemas.get(AGENT_DELEGATION)
    with open_office(database_url, tmp_path / "home") as office:
        second = office.schemas.get(AGENT_DELEGATION_2)
        assert (second.restricted, second.allowed_issuers, second.active) == (True, (HUMAN, AGENTS[0]), True)
        assert office.schemas.get(AGENT_DELEGATION) == first, "what was registered stays as it is, with its context"
        wanted = AuditFilter(object_id=AGENT_DELEGATION_2)
        with office.units(write=False) as uow:
            (row,) = uow.audit.list(wanted, limit=9, cursor=None).items
        body: Any = parse_json(row.body)
        assert (body["action"], body["actor"]["type"], body["actor"]["id"]) == (
            "schema.registered",
            "system",
            "upgrade",
        )
        limits = {**old.constraints, "currency": "USD", "maxCallsPerHour": 3}
        new = delegated(office, AGENTS[0], AGENTS[1], old.credential_id, constraints=limits)
        assert dict(new.constraints) == limits
        with office.units(write=False) as uow:
            records = uow.credentials.get_many([old.uid, new.uid])
        assert [records[one.uid].schema_id for one in (old, new)] == [AGENT_DELEGATION, AGENT_DELEGATION_2]
        for one in (old, new):
            document = records[one.uid].document
            assert document is not None
            assert office.verifier.verify(parse_json(document), VerifyOptions())
    with open_office(database_url, tmp_path / "home") as office, office.units(write=False) as uow:
        assert len(uow.audit.list(wanted, limit=9, cursor=None).items) == 1
