"""Deliveries under races: of many at once one gets it, and each gets something of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from sealwright.domain.parcels import LEASE
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from tests.storage.builders import NOW
from tests.storage.delivery_builders import digest, offer, parcel, wallet_authorization, webhook
from tests.storage.racing import together

RACERS = 4
LATER = NOW + timedelta(minutes=5)


def _winners(units: UnitOfWorkFactory, act: Callable[[UnitOfWork, int], bool]) -> list[int]:
    """Let racers do the same, each in a unit of work of its own; gives who was told that it was them."""

    def run(number: int) -> bool:
        with units() as uow:
            has_won = act(uow, number)
            uow.commit()
        return has_won

    told = together([lambda number=number: run(number) for number in range(RACERS)])  # type: ignore[misc]
    return [number for number, has_won in enumerate(told) if has_won]


def test_of_many_at_once_one_gets_it(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.wallets.add_authorization(wallet_authorization())
        uow.webhooks.add(webhook())
        uow.commit()
    assert len(_winners(units, lambda uow, _: uow.spent.spend("nonce", b"one", LATER))) == 1
    made = _winners(units, lambda uow, number: uow.offers.add(offer(f"off_{number}", origin="call")))
    bound = _winners(units, lambda uow, number: uow.wallets.consent("wau_one", f"usr_{number}", digest("c"), LATER))
    assert len(_winners(units, lambda uow, _: uow.wallets.use_code("wau_one", LATER))) == 1
    read = _winners(units, lambda uow, number: uow.webhooks.advance("whk_one", 7, 8 + number))
    with units(write=False) as uow:
        first, consented, endpoint = (
            uow.offers.by_origin("call"),
            uow.wallets.authorization("wau_one"),
            uow.webhooks.get("whk_one"),
        )
        assert first is not None
        assert consented is not None
        assert endpoint is not None
        assert [first.offer_id] == [f"off_{number}" for number in made]
        assert [consented.user_id] == [f"usr_{number}" for number in bound]
        assert [endpoint.position] == [8 + number for number in read]


def test_no_two_workers_take_the_same_parcel(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.parcels.add_many([parcel(f"dlv_{number}") for number in range(12)])
        uow.commit()

    def work() -> list[str]:
        taken: list[str] = []
        while True:
            with units() as uow:
                found = uow.parcels.take(NOW, NOW + LEASE, 2)
                uow.commit()
            if not found:
                return taken
            taken += [one.parcel_id for one in found]

    taken = [name for part in together([work] * RACERS) for name in part]
    assert sorted(taken) == sorted(f"dlv_{number}" for number in range(12))


def test_two_readers_of_the_trail_tell_an_endpoint_once(units: UnitOfWorkFactory) -> None:
    def tell(number: int) -> None:
        told = [parcel(f"dlv_{number}_{event}", reference=str(event)) for event in range(20)]
        with units() as uow:
            uow.parcels.add_many(told if number % 2 else list(reversed(told)))
            uow.commit()

    together([lambda number=number: tell(number) for number in range(RACERS)])  # type: ignore[misc]
    with units(write=False) as uow:
        assert uow.parcels.count_waiting() == 20


@pytest.mark.parametrize("is_kept", [True, False], ids=["kept", "rolled back"])
def test_a_use_that_may_still_be_taken_back_is_waited_for(units: UnitOfWorkFactory, is_kept: bool) -> None:
    has_begun = threading.Event()

    def second() -> bool:
        has_begun.set()
        with units() as uow:
            is_first = uow.spent.spend("nonce", b"one", LATER)
            uow.commit()
        return is_first

    with ThreadPoolExecutor(1) as pool:
        with units() as uow:
            assert uow.spent.spend("nonce", b"one", LATER)
            other = pool.submit(second)
            has_begun.wait(10)
            if is_kept:
                uow.commit()
        assert other.result(10) is not is_kept
