"""Races of the desk that the database settles: threads of two openings of one database."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import pytest

from sealwright.domain.errors import (
    DomainError,
    GrantInForce,
    RequestPendingExists,
    TypeInUse,
    UnknownCredentialType,
    VersionConflict,
)
from sealwright.domain.people import Wallet
from sealwright.domain.requests import RequestState
from sealwright.domain.sign_in import Challenge, ChallengePurpose, LinkPurpose, OneTimeLink
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.storage.engines import Database, open_database
from sealwright.storage.inspection import count_drift
from sealwright.storage.unit_of_work import make_unit_of_work_factory
from tests.storage.builders import NOW, credential_type, entry, entry_of_history, grant, person, request
from tests.storage.racing import together

RACERS = 8
DIGEST = hashlib.sha256(b"secret").digest()


@pytest.fixture
def others(migrated_url: str) -> Iterator[UnitOfWorkFactory]:
    """Units of work of a second opening of the same database, as another process would have."""
    opened = open_database(migrated_url)
    yield make_unit_of_work_factory(opened)
    opened.close()


@pytest.fixture(autouse=True)
def _desk(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        for n in range(RACERS):
            uow.people.add(person(f"usr_{n}", email=f"{n}@example.org", wallets=(), holder_did=None))
        uow.types.add(credential_type())
        uow.commit()


def race(units: UnitOfWorkFactory, others: UnitOfWorkFactory, act: Callable[[UnitOfWork, int], bool | None]) -> int:
    """Let racers act in units of work of their own; gives how many won: neither refused nor told False."""

    def run(one: UnitOfWorkFactory, number: int) -> bool:
        with one() as uow:
            try:
                if act(uow, number) is False:
                    return False
            except (RequestPendingExists, GrantInForce, VersionConflict):
                return False
            uow.audit.append(entry(f"object-{number}"))
            uow.commit()
            return True

    return sum(together([partial(run, units if n % 2 else others, n) for n in range(RACERS)]))


def test_a_person_gets_one_pending_request_for_a_type(
    units: UnitOfWorkFactory, others: UnitOfWorkFactory, database: Database
) -> None:
    def ask(uow: UnitOfWork, number: int) -> None:
        uow.requests.add(request(f"req_{number}", "usr_0"), entry_of_history(f"req_{number}"))

    assert race(units, others, ask) == 1
    with units(write=False) as uow:
        assert uow.requests.counts(None) == {"degree": {RequestState.PENDING: 1}}
    assert count_drift(database) == 0


def test_a_person_gets_one_grant_in_force_of_a_type(units: UnitOfWorkFactory, others: UnitOfWorkFactory) -> None:
    assert race(units, others, lambda uow, number: uow.grants.add(grant(f"grt_{number}", "usr_0"))) == 1
    with units(write=False) as uow:
        assert len(uow.grants.of_person("usr_0", status=None, now=NOW)) == 1


def test_one_decision_of_a_version_wins(
    units: UnitOfWorkFactory, others: UnitOfWorkFactory, database: Database
) -> None:
    with units() as uow:
        uow.requests.add(request("req_one", "usr_0"), entry_of_history())
        uow.commit()

    def decide(uow: UnitOfWork, number: int) -> None:
        to = RequestState.APPROVED if number % 2 else RequestState.REJECTED
        decided = request("req_one", "usr_0", state=to, version=2, resolved_at=NOW, resolved_by=f"usr_{number}")
        uow.requests.update(decided, entry_of_history(cause="decided", to_state=to))

    assert race(units, others, decide) == 1
    with units(write=False) as uow:
        assert len(uow.requests.history("req_one")) == 2
    assert count_drift(database) == 0


def test_no_count_is_lost_among_many_requests(
    units: UnitOfWorkFactory, others: UnitOfWorkFactory, database: Database
) -> None:
    def ask_and_withdraw(uow: UnitOfWork, number: int) -> None:
        for turn in range(5):
            one = request(f"req_{number}_{turn}", f"usr_{number}")
            uow.requests.add(one, entry_of_history(one.request_id))
            gone = request(one.request_id, one.user_id, state=RequestState.WITHDRAWN, version=2, resolved_at=NOW)
            uow.requests.update(gone, None)
        uow.requests.add(request(f"req_{number}_last", f"usr_{number}"), entry_of_history(f"req_{number}_last"))

    assert race(units, others, ask_and_withdraw) == RACERS
    with units(write=False) as uow:
        assert uow.requests.counts(None) == {
            "degree": {RequestState.PENDING: RACERS, RequestState.WITHDRAWN: 5 * RACERS}
        }
    assert count_drift(database) == 0


def test_a_one_time_link_works_once(units: UnitOfWorkFactory, others: UnitOfWorkFactory) -> None:
    link = OneTimeLink("lnk_one", DIGEST, LinkPurpose.SIGN_IN, "usr_0", None, NOW, NOW + timedelta(minutes=10))
    with units() as uow:
        uow.sign_ins.add_link(link)
        uow.commit()
    assert race(units, others, lambda uow, _: uow.sign_ins.use_link("lnk_one", NOW)) == 1


def test_a_recovery_code_is_spent_once(units: UnitOfWorkFactory, others: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.sign_ins.replace_recovery_codes("usr_0", [DIGEST], NOW)
        uow.commit()
    assert race(units, others, lambda uow, _: uow.sign_ins.use_recovery_code("usr_0", DIGEST, NOW)) == 1


def test_a_challenge_is_taken_once(units: UnitOfWorkFactory, others: UnitOfWorkFactory) -> None:
    challenge = Challenge(DIGEST, ChallengePurpose.WALLET, "usr_0", b"sign", NOW, NOW + timedelta(minutes=5))
    with units() as uow:
        uow.sign_ins.add_challenge(challenge)
        uow.commit()

    def take(uow: UnitOfWork, _: int) -> bool:
        return uow.sign_ins.take_challenge(DIGEST, ChallengePurpose.WALLET, NOW) is not None

    assert race(units, others, take) == 1


def test_a_wallet_is_proved_by_one_person(units: UnitOfWorkFactory, others: UnitOfWorkFactory) -> None:
    wallet = Wallet("0x" + "aB" * 20, verified=True)

    def bind(uow: UnitOfWork, number: int) -> bool:
        try:
            uow.people.update(
                person(f"usr_{number}", email=f"{number}@example.org", wallets=(wallet,), holder_did=None, version=2)
            )
        except DomainError:
            return False
        return True

    assert race(units, others, bind) == 1
    with units(write=False) as uow:
        owner = uow.people.by_wallet("0x" + "AB" * 20)
        assert owner is not None
        assert owner.wallets == (wallet,)


def test_a_type_is_not_deleted_beside_a_new_request(units: UnitOfWorkFactory, others: UnitOfWorkFactory) -> None:
    def delete(one: UnitOfWorkFactory) -> str:
        with one() as uow:
            try:
                uow.office.raise_epoch()
                if uow.types.usage("degree").is_used:
                    raise TypeInUse("in use")
                uow.types.delete("degree")
            except TypeInUse:
                return "in use"
            uow.commit()
            return "deleted"

    def ask(one: UnitOfWorkFactory) -> str:
        with one() as uow:
            try:
                uow.requests.add(request("req_one", "usr_0"), entry_of_history())
            except UnknownCredentialType:
                return "unknown"
            uow.commit()
            return "asked"

    outcome = together([partial(delete, units), partial(ask, others)])
    assert outcome in (["deleted", "unknown"], ["in use", "asked"])
