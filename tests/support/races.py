"""Races: acts that begin together, and what became of each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from sealwright.domain.errors import DomainError


def race(acts: Sequence[Callable[[], object]], refusal: type[Exception] = DomainError) -> list[object]:
    """Start all acts from one barrier; gives results and refusals in order."""
    barrier = threading.Barrier(len(acts))

    def run(one: Callable[[], object]) -> object:
        barrier.wait(60)
        try:
            return one()
        except refusal as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(300) for future in [pool.submit(run, one) for one in acts]]
