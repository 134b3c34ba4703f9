"""Workers at once: nobody gets what another has, whoever was too slow stores nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sealwright.domain.batches import Chunk
from sealwright.services.ports import UnitOfWorkFactory
from tests.storage.builders import NOW
from tests.storage.bulk_builders import LEASE, OVER, batch, chunk, outcome, rows
from tests.storage.racing import together

CHUNKS = 24
WORKERS = 6


def _filled(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.batches.add(batch(total=4 * CHUNKS))
        for number in range(CHUNKS):
            uow.batches.add_chunk(chunk(number=number), rows())
        uow.commit()


def _take_all(units: UnitOfWorkFactory) -> list[int]:
    taken: list[int] = []
    while True:
        with units() as uow:
            found = uow.batches.take("bat_one", NOW, LEASE)
            uow.commit()
        if found is None:
            return taken
        taken.append(found.number)


def test_two_takers_never_get_one_chunk(units: UnitOfWorkFactory) -> None:
    _filled(units)
    taken = together([partial(_take_all, units)] * WORKERS)
    assert sorted(number for numbers in taken for number in numbers) == list(range(CHUNKS))
    assert all(numbers == sorted(numbers) for numbers in taken)


def test_one_alone_takes_over_a_chunk_that_was_left(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.batches.add(batch())
        uow.batches.add_chunk(chunk(), rows())
        left = uow.batches.take("bat_one", NOW, LEASE)
        uow.commit()
    assert left is not None

    def take_over() -> Chunk | None:
        with units() as uow:
            found = uow.batches.take("bat_one", OVER, OVER + (LEASE - NOW))
            uow.commit()
            return found

    taken = [one for one in together([take_over] * WORKERS) if one is not None]
    assert [one.fence for one in taken] == [2]
    stores = [partial(_store, units, one) for one in (left, taken[0], left, taken[0])]
    assert sorted(together(stores)) == [False, False, False, True]
    with units(write=False) as uow:
        done = uow.batches.get("bat_one")
        assert done is not None
        assert (done.issued, done.failed) == (3, 1)


def _store(units: UnitOfWorkFactory, held: Chunk) -> bool:
    with units() as uow:
        stored = uow.batches.finish(held, outcome())
        uow.commit()
        return stored


def test_a_chunk_is_taken_or_canceled_never_both(units: UnitOfWorkFactory) -> None:
    _filled(units)

    def cancel() -> list[int]:
        with units() as uow:
            canceled = uow.batches.cancel_ready("bat_one", NOW)
            uow.commit()
        return [-1] * (canceled // 4)

    acts: list[Callable[[], list[int]]] = [partial(_take_all, units)] * 3
    found = [number for numbers in together([*acts, cancel]) for number in numbers]
    assert len(found) == CHUNKS
    with units(write=False) as uow:
        states = [one.state.value for one in uow.batches.chunks("bat_one")]
    assert states.count("canceled") == found.count(-1)
    assert states.count("running") == CHUNKS - found.count(-1)
