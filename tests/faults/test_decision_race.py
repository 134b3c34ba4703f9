"""Race gate: eight reviewers decide five hundred requests at once, two of them always the same one.

One winner each, one audit row each, one active grant at most, and one credential a grant.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from sealwright.domain.deciding import Decision
from sealwright.domain.errors import DomainError, GrantInForce, OutOfScope, StateConflict, VersionConflict
from sealwright.domain.people import Actor, ActorKind, Caller
from sealwright.domain.requests import Issuance
from sealwright.services.dids import NewDID
from sealwright.services.office import Office
from sealwright.services.people import NewPerson
from sealwright.services.review_values import NewGrant, NewRequest
from tests.support.desk import DPW, VERIFIER, act, furnish_desk
from tests.support.desk_checker import Desk
from tests.support.office import open_office, the_operator
from tests.support.races import race
from tests.support.review import APPROVED, IMPROVER, REJECTED, outcomes, reviewer, revoke, stored_grants
from tests.support.rows import Rows
from tests.support.tables_read import Tables

# The full size is DECISION_RACE=500.
REQUESTS: Final = int(os.environ.get("DECISION_RACE", "120"))
REVIEWERS: Final = 8
TRIALS: Final = max(10, REQUESTS // 20)


@pytest.fixture
def offices(database_url: str, tmp_path: Path) -> Iterator[tuple[Office, Office]]:
    """Two servers over one database."""
    with ExitStack() as stack:
        one = stack.enter_context(open_office(database_url, tmp_path / "home", background=True))
        furnish_desk(one)
        yield one, stack.enter_context(open_office(database_url, tmp_path / "home", background=True))


def _ask_much(office: Office, how_many: int) -> list[str]:
    """Requests of people who have two each; in one transaction, because asking is not what is raced."""

    def fill(uow, me):  # type: ignore[no-untyped-def]
        ids = []
        for number in range(how_many // 2):
            wish = NewPerson(f"p{number}@example.org", f"P{number}", frozenset({IMPROVER}), verified=True)
            person = office.people.create(uow, me, wish)
            caller = Caller(Actor(ActorKind.USER, person.user_id, "token"), me.epoch, person=person)
            ids += [
                office.intake.request(uow, caller, NewRequest(value)).request.request_id for value in (DPW, VERIFIER)
            ]
        return ids

    return act(office, the_operator(office), fill)


def _faults(url: str) -> list[str]:
    rows = Rows(url)
    names = {row.uid: row.name for row in Tables.read(rows).credentials.values()}
    return [" ".join(fault) for fault in Desk.read(rows, names).faults()]


def test_every_request_has_one_winner(offices: tuple[Office, Office], database_url: str) -> None:
    office = offices[0]
    reviewers = [reviewer(office, f"r{number}", DPW, VERIFIER) for number in range(REVIEWERS)]
    requests = _ask_much(office, REQUESTS)
    chance = random.Random(8)
    plans: list[list[tuple[str, str]]] = [[] for _ in reviewers]
    for number, request_id in enumerate(requests):
        # Two reviewers, one on each server, come to the same request at about the same moment.
        for who in (number % REVIEWERS, (number + 3) % REVIEWERS):
            plans[who].append((request_id, chance.choice(["approve", "approve", "reject", "ask"])))

    def work(who: int) -> list[tuple[str, str, object]]:
        at, caller, done = offices[who % 2], reviewers[who], []
        for request_id, what in plans[who]:
            outcome: object = None
            try:
                if what == "ask":
                    act(at, caller, lambda uow, me, one=request_id: at.review.ask(uow, me, one, "why?"), registry=False)  # type: ignore[misc]
                else:
                    to = APPROVED if what == "approve" else REJECTED
                    at.review.decide(caller, Decision(request_id, to, note="because"))
            except (VersionConflict, StateConflict) as refused:
                outcome = refused
            done.append((request_id, what, outcome))
        return done

    told = [entry for each in race([lambda who=who: work(who) for who in range(REVIEWERS)]) for entry in each]  # type: ignore[misc,attr-defined]
    assert len(told) == 2 * REQUESTS
    winners = Counter(request_id for request_id, what, outcome in told if what != "ask" and outcome is None)
    tried = {request_id for request_id, what, _ in told if what != "ask"}
    assert winners == Counter(tried)
    assert all(isinstance(outcome, VersionConflict) for _, what, outcome in told if what != "ask" and outcome)
    for late in range(3):
        assert offices[late % 2].grant_issuance.sign_due() == 0
    assert _faults(database_url) == []
    approved = {request_id for request_id, what, outcome in told if what == "approve" and outcome is None}
    with office.units(write=False) as uow:
        held = [uow.grants.get(uow.requests.get(one).grant_id or "") for one in sorted(approved)]  # type: ignore[union-attr]
    assert all(one is not None and one.issuance is Issuance.ISSUED for one in held)
    assert len({one.credential_id for one in held if one is not None}) == len(approved)
    for one in held[:: max(1, len(held) // 20)]:
        assert one is not None
        assert outcomes(office, one.credential_id or "")["verified"] == "True"
    assert office.auditing.verify(the_operator(office)).verified is True


def test_three_roads_to_a_grant_meet(offices: tuple[Office, Office], database_url: str) -> None:
    """Approval, direct grant and issue by the API at once: one grant in force, one credential."""
    office, other = offices
    rex, roy = reviewer(office, "rex"), reviewer(office, "roy")
    issuer = act(office, rex, lambda uow, me: office.dids.create(uow, me, NewDID())).did
    with office.units(write=False) as uow:
        kind = uow.types.get(DPW)
    assert kind is not None
    for number in range(TRIALS):
        holder, did, request_id = _asker(office, number)
        wish = _wish(kind.schema_id, issuer, did)
        outcome = race(
            [
                lambda one=request_id: office.review.decide(roy, Decision(one, APPROVED)),  # type: ignore[misc]
                lambda one=holder: other.granting.grant(rex, NewGrant(one, DPW)),  # type: ignore[misc]
                lambda one=wish: other.issuing.carry_out(  # type: ignore[misc]
                    other.issuing.check(one, rex, other.registry.current())
                ),
            ]
        )
        refused = [one for one in outcome if isinstance(one, DomainError)]
        assert len(refused) == 2, outcome
        assert all(isinstance(one, GrantInForce) for one in refused), refused
        assert sum(one.is_in_force(office.clock.now()) for one in stored_grants(office, holder)) == 1
    assert _faults(database_url) == []
    with office.units(write=False) as uow:
        assert uow.reservations.stale(office.clock.now() + timedelta(days=1), 10) == ()


def test_revocation_and_scope_removal_meet_decisions(offices: tuple[Office, Office], database_url: str) -> None:
    """Whatever wins, nobody holds a live credential of a grant that has ended."""
    office, other = offices
    rex, roy = reviewer(office, "rex"), reviewer(office, "roy")
    for number in range(TRIALS):
        holder, _, request_id = _asker(office, number)

        def end(one: str = holder) -> object:
            return revoke(other, roy, user_id=one, credential_type=DPW)

        def rescope() -> object:
            terms = {"allowed_credentials": [VERIFIER]}
            return act(
                other,
                the_operator(other),
                lambda uow, me: other.enrollment.put_issuer(uow, me, rex.user_id, **terms),  # type: ignore[arg-type]
            )

        decided, _, _ = race(
            [lambda one=request_id: office.review.decide(rex, Decision(one, APPROVED)), end, rescope]  # type: ignore[misc]
        )
        assert not isinstance(decided, DomainError) or isinstance(decided, OutOfScope), decided
        with pytest.raises((OutOfScope, VersionConflict)):
            office.review.decide(rex, Decision(request_id, APPROVED))
        act(
            office,
            the_operator(office),
            lambda uow, me: office.enrollment.put_issuer(uow, me, rex.user_id, allowed_credentials=[DPW]),
        )
    office.grant_issuance.sign_due()
    assert _faults(database_url) == []


def _asker(office: Office, number: int) -> tuple[str, str, str]:
    """A person with a DID of their own and a request that waits."""

    def fill(uow, me):  # type: ignore[no-untyped-def]
        wish = NewPerson(f"a{number}@example.org", f"A{number}", frozenset({IMPROVER}), verified=True)
        person = office.people.create(uow, me, wish)
        caller = Caller(Actor(ActorKind.USER, person.user_id, "token"), me.epoch, person=person)
        did = office.dids.create(uow, caller, NewDID()).did
        return person.user_id, did, office.intake.request(uow, caller, NewRequest(DPW)).request.request_id

    return act(office, the_operator(office), fill)


def _wish(schema_id: str, issuer: str, holder: str):  # type: ignore[no-untyped-def]
    from sealwright.domain.credentials import IssuanceRequest

    return IssuanceRequest(
        schema_id=schema_id,
        issuer_did=issuer,
        holder_did=holder,
        claims={"qualification": DPW},
        expiration=None,
        proof_type="Ed25519Signature2020",
        revocable=True,
        suspendable=False,
    )
