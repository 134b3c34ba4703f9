"""Reservations: written before signing, settled once, places used once for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sealwright.domain.credentials import ReservationState
from sealwright.domain.errors import StateConflict, StoreUnavailable
from sealwright.services.ports import UnitOfWorkFactory
from tests.storage.builders import NOW, ordered_uid, place, reservation, scope


@pytest.mark.parametrize("count", [1, 2, 3, 64])
def test_reservations_come_back_whole(units: UnitOfWorkFactory, count: int) -> None:
    items = [
        reservation(ordered_uid(n), place=place(index=n), idempotency=scope(f"k{n}"), external_id=f"urn:x:{n}")
        for n in range(count - 1)
    ]
    items.append(reservation(ordered_uid(999)))
    with units() as uow:
        uow.reservations.add_many(items)
        uow.commit()
    with units(write=False) as uow:
        assert [uow.reservations.get(one.uid) for one in items] == items
        assert uow.reservations.state(items[0].uid) is ReservationState.RESERVED
        assert uow.reservations.get(ordered_uid(1000)) is None
        assert uow.reservations.state(ordered_uid(1000)) is None


def test_adding_and_settling_nothing_is_allowed(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.reservations.add_many([])
        assert uow.reservations.settle_many([], ReservationState.ISSUED) == frozenset()


def test_settle_moves_each_row_once(units: UnitOfWorkFactory) -> None:
    uids = [ordered_uid(n) for n in range(70)]
    with units() as uow:
        uow.reservations.add_many([reservation(uid) for uid in uids])
        uow.commit()
    with units() as uow:
        assert uow.reservations.settle_many(uids[:2], ReservationState.VOID) == set(uids[:2])
        moved = uow.reservations.settle_many([*uids, ordered_uid(500)], ReservationState.ISSUED)
        assert moved == set(uids[2:])
        assert uow.reservations.settle_many(uids, ReservationState.VOID) == frozenset()
        assert uow.reservations.state(uids[0]) is ReservationState.VOID
        assert uow.reservations.state(uids[5]) is ReservationState.ISSUED


@pytest.mark.parametrize("count", [1, 8])
def test_a_place_is_used_once_even_after_its_reservation_is_void(units: UnitOfWorkFactory, count: int) -> None:
    with units() as uow:
        uow.reservations.add_many([reservation(ordered_uid(1), place=place(index=7))])
        uow.reservations.settle_many([ordered_uid(1)], ReservationState.VOID)
        uow.commit()
    again = [reservation(ordered_uid(10 + n), place=place(index=7 + n)) for n in range(count)]
    with units() as uow, pytest.raises(StoreUnavailable):
        uow.reservations.add_many(again)
    with units(write=False) as uow:
        assert uow.reservations.get(again[-1].uid) is None


@pytest.mark.parametrize("count", [1, 8])
def test_add_refuses_a_chosen_id_until_its_reservation_is_void(units: UnitOfWorkFactory, count: int) -> None:
    with units() as uow:
        uow.reservations.add_many([reservation(ordered_uid(1), external_id="https://example.org/c/1")])
        uow.commit()
    others = [reservation(ordered_uid(20 + n)) for n in range(count - 1)]
    mine = [*others, reservation(ordered_uid(2), external_id="https://example.org/c/1")]
    with units() as uow, pytest.raises(StateConflict):
        uow.reservations.add_many(mine)
    with units() as uow:
        uow.reservations.settle_many([ordered_uid(1)], ReservationState.VOID)
        uow.reservations.add_many(mine)
        uow.commit()
    with units(write=False) as uow:
        assert uow.reservations.get(ordered_uid(2)) == mine[-1]


def test_stale_gives_open_rows_oldest_first(units: UnitOfWorkFactory) -> None:
    items = [reservation(ordered_uid(n), reserved_at=NOW - timedelta(seconds=n * 10)) for n in range(6)]
    with units() as uow:
        uow.reservations.add_many(items)
        uow.reservations.settle_many([items[5].uid], ReservationState.ISSUED)
        uow.commit()
    with units(write=False) as uow:
        stale = uow.reservations.stale(NOW - timedelta(seconds=20), 10)
        assert stale == (items[4], items[3])
        assert uow.reservations.stale(NOW, 1) == (items[4],)
