"""Races that the database settles: threads of two openings of one database, and two processes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from multiprocessing import get_context

import pytest

from sealwright.domain.audit import GENESIS_HASH
from sealwright.domain.credentials import ReservationState, StatusPurpose
from sealwright.domain.errors import DIDExists, VersionConflict
from sealwright.domain.people import AccountRole
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.storage.engines import open_database
from sealwright.storage.unit_of_work import make_unit_of_work_factory
from tests.storage.builders import (
    ISSUER,
    NOW,
    did_record,
    entry,
    ordered_uid,
    person,
    reservation,
    schema,
    scope,
    status_list,
)
from tests.storage.racing import reserve_and_record, reserve_in_process, together

# Long enough to see that somebody waits; nobody waits for it when all is well.
LOOK_SECONDS = 0.3


@pytest.fixture
def others(migrated_url: str) -> Iterator[UnitOfWorkFactory]:
    """Units of work of a second opening of the same database, as another process would have."""
    opened = open_database(migrated_url)
    yield make_unit_of_work_factory(opened)
    opened.close()


def _check_places(units: UnitOfWorkFactory, places: list[tuple[str, int]], rows: int) -> None:
    assert len(places) == len(set(places))
    with units(write=False) as uow:
        lists = uow.status_lists.all()
        assert sum(one.used for one in lists) == len(places)
        assert sum(one.is_open for one in lists) <= 1
        trail = uow.audit.read(0, 10_000)
    assert [record.sequence for record in trail] == list(range(1, rows + 1))
    assert [record.prev_hash for record in trail] == [GENESIS_HASH, *(record.hash for record in trail[:-1])]


def test_no_place_is_given_twice_across_roll_over(units: UnitOfWorkFactory, others: UnitOfWorkFactory) -> None:
    acts = [partial(reserve_and_record, one, 10, count) for one in (units, others) for count in (1, 3, 20)]
    places = [place for taken in together(acts) for place in taken]
    assert len(places) == 2 * 10 * (1 + 3 + 20)
    _check_places(units, places, rows=60)


def test_no_place_is_given_twice_by_two_processes(migrated_url: str, units: UnitOfWorkFactory) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(reserve_in_process, migrated_url, 20, 5) for _ in range(2)]
        places = [place for one in running for place in one.result(120)]
    assert len(places) == 200
    _check_places(units, places, rows=40)


def test_a_registry_change_waits_for_those_who_checked(units: UnitOfWorkFactory, others: UnitOfWorkFactory) -> None:
    committed = threading.Event()

    def change() -> None:
        with others() as uow:
            uow.schemas.add(schema())
            uow.commit()
        committed.set()

    with ThreadPoolExecutor(1) as pool:
        with units() as uow:
            before = uow.office.epoch(shared_lock=True)
            changing = pool.submit(change)
            assert not committed.wait(LOOK_SECONDS)
            assert uow.office.epoch(shared_lock=True) == before
            uow.commit()
        changing.result(30)
    with units() as uow:
        assert uow.office.epoch(shared_lock=True) == before + 1


def test_those_who_check_wait_for_a_registry_change(units: UnitOfWorkFactory, others: UnitOfWorkFactory) -> None:
    def look() -> int:
        with others() as uow:
            return uow.office.epoch(shared_lock=True)

    with ThreadPoolExecutor(1) as pool:
        with units() as uow:
            uow.schemas.add(schema())
            after = uow.office.epoch()
            looking = pool.submit(look)
            with pytest.raises(TimeoutError):
                looking.result(LOOK_SECONDS)
            uow.commit()
        assert looking.result(30) == after


@pytest.mark.parametrize("first_commits", [True, False])
def test_a_second_owner_of_a_key_waits_for_the_first(
    units: UnitOfWorkFactory, others: UnitOfWorkFactory, *, first_commits: bool
) -> None:
    ends = NOW + timedelta(days=7)

    def begin() -> frozenset[object]:
        with others() as uow:
            free = uow.idempotency.begin_many([(scope("x"), "2"), (scope("mine"), "2")], NOW, ends)
            uow.commit()
            return free

    with ThreadPoolExecutor(1) as pool:
        with units() as uow:
            assert uow.idempotency.begin_many([(scope("x"), "1")], NOW, ends) == {scope("x")}
            beginning = pool.submit(begin)
            with pytest.raises(TimeoutError):
                beginning.result(LOOK_SECONDS)
            if first_commits:
                uow.commit()
        expected = {scope("mine")} if first_commits else {scope("mine"), scope("x")}
        assert beginning.result(30) == expected
    with units(write=False) as uow:
        known = uow.idempotency.find(scope("x"))
        assert known is not None
        assert known.reference == ("1" if first_commits else "2")


def test_batches_that_share_keys_do_not_lock_each_other_out(
    units: UnitOfWorkFactory, others: UnitOfWorkFactory
) -> None:
    keys = [scope(f"k{n:02}") for n in range(40)]

    def begin(one: UnitOfWorkFactory, *, backward: bool) -> frozenset[object]:
        items = [(key, None) for key in (reversed(keys) if backward else keys)]
        with one() as uow:
            free = uow.idempotency.begin_many(items, NOW, NOW)
            uow.commit()
            return free

    first, second = together([partial(begin, units, backward=False), partial(begin, others, backward=True)])
    assert first | second == set(keys)
    assert not first & second


def test_no_bit_is_lost_among_concurrent_changes(units: UnitOfWorkFactory, others: UnitOfWorkFactory) -> None:
    fresh = status_list()
    with units() as uow:
        uow.status_lists.take(ISSUER, 100, lambda: fresh)
        uow.commit()

    def change(one: UnitOfWorkFactory, start: int) -> None:
        for index in range(start, 80, 8):
            with one() as uow:
                purpose = StatusPurpose.REVOCATION if index % 2 else StatusPurpose.SUSPENSION
                uow.status_lists.set_bits(fresh.list_id, purpose, [index], value=True, at=NOW)
                uow.commit()

    together([partial(change, units if start % 2 else others, start) for start in range(8)])
    with units(write=False) as uow:
        bits = uow.status_lists.bits(fresh.list_id)
    assert bits is not None
    assert bits.revocation == b"\x55" * 10 + bytes(6)
    assert bits.suspension == b"\xaa" * 10 + bytes(6)
    assert bits.record.version == 81


def test_a_reservation_is_settled_by_one(units: UnitOfWorkFactory, others: UnitOfWorkFactory) -> None:
    uids = [ordered_uid(n) for n in range(30)]
    with units() as uow:
        uow.reservations.add_many([reservation(uid) for uid in uids])
        uow.commit()

    def settle(one: UnitOfWorkFactory, to: ReservationState) -> frozenset[object]:
        with one() as uow:
            moved = uow.reservations.settle_many(uids, to)
            uow.commit()
            return moved

    issued, void = together(
        [partial(settle, units, ReservationState.ISSUED), partial(settle, others, ReservationState.VOID)]
    )
    assert sorted((len(issued), len(void))) == [0, 30]


def test_an_office_keeps_one_admin(units: UnitOfWorkFactory, others: UnitOfWorkFactory) -> None:
    admin = frozenset({AccountRole.ADMIN})
    with units() as uow:
        uow.people.add(person("usr_a", roles=admin))
        uow.people.add(person("usr_b", roles=admin))
        uow.commit()

    def step_down(one: UnitOfWorkFactory, user_id: str) -> bool:
        with one() as uow:
            if uow.people.count_active_admins() < 2:
                return False
            uow.people.update(person(user_id, roles=frozenset(), version=2))
            uow.commit()
            return True

    assert sorted(together([partial(step_down, units, "usr_a"), partial(step_down, others, "usr_b")])) == [False, True]


def test_one_of_two_updates_of_a_version_wins(units: UnitOfWorkFactory, others: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.dids.add(did_record())
        uow.commit()

    def update(one: UnitOfWorkFactory, name: str) -> str:
        with one() as uow:
            try:
                uow.dids.update(did_record(name=name, version=2))
            except VersionConflict:
                return "late"
            uow.commit()
            return "won"

    assert sorted(together([partial(update, units, "one"), partial(update, others, "two")])) == ["late", "won"]


def test_one_of_two_equal_dids_is_added(units: UnitOfWorkFactory, others: UnitOfWorkFactory) -> None:
    def add(one: UnitOfWorkFactory) -> str:
        with one() as uow:
            try:
                uow.dids.add(did_record())
            except DIDExists:
                return "late"
            uow.audit.append(entry(ISSUER, "did.created"))
            uow.commit()
            return "won"

    assert sorted(together([partial(add, units), partial(add, others)])) == ["late", "won"]
    with units(write=False) as uow:
        assert uow.audit.head().sequence == 1
