"""Workers of batches that die, race and sign wrongly: every row has one outcome all the same."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from sealwright.domain.batches import BatchStatus, ChunkState
from sealwright.domain.errors import Sealed, SigningFailed
from sealwright.services.bulk import Bulk
from sealwright.services.office import Office
from tests.support.batches import (
    Killed,
    MortalUnits,
    assert_whole,
    chunks_of,
    credentials_of,
    line,
    make_batch,
    present,
    worker,
)
from tests.support.office import MovableClock

LINES = [line(), line("did:adi:nobody"), line(), line(), line()]


def test_a_worker_may_die_at_any_call(issuing_office: Office, clock: MovableClock) -> None:
    """Killed at each call of storage in turn, before and after each commit: another worker brings it to its end."""
    office = issuing_office
    deaths = 0
    for dies_at in count(1):
        batch = make_batch(office, LINES)
        try:
            worker(office, MortalUnits(office.units, dies_at)).run_batch(batch.batch_id)
        except Killed:
            deaths += 1
            clock.move(seconds=16)
            office.bulk.engine.run_batch(batch.batch_id)
            assert_whole(office, batch)
        else:
            break
    assert_whole(office, batch)
    assert deaths > 40


def test_two_workers_share_a_batch(issuing_office: Office) -> None:
    office = issuing_office
    batch = make_batch(office, LINES * 8)
    threads = [threading.Thread(target=worker(office).run_batch, args=[batch.batch_id]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ended = assert_whole(office, batch)
    assert (ended.issued, ended.failed) == (32, 8)


def _wrong(data: bytes) -> bytes:
    return bytes(64)


def _refusing(error: Exception) -> Callable[[bytes], bytes]:
    def sign(data: bytes) -> bytes:
        raise error

    return sign


@pytest.mark.parametrize(
    "sign",
    [
        pytest.param(_wrong, id="a signature that does not hold"),
        pytest.param(_refusing(SigningFailed("no")), id="the key store refuses"),
        pytest.param(_refusing(Sealed("no")), id="the key store is away"),
        pytest.param(_refusing(RuntimeError("no")), id="the key store breaks"),
    ],
)
def test_no_row_fails_by_the_key_store(issuing_office: Office, sign: Callable[[bytes], bytes]) -> None:
    office = issuing_office
    batch = make_batch(office, LINES)
    broken = _signing_with(office, sign)
    assert not broken.work_once()
    assert (present(office, batch).status, credentials_of(office, batch)) == (BatchStatus.RUNNING, {})
    assert {chunk.state for chunk in chunks_of(office, batch)} == {ChunkState.READY}
    office.bulk.engine.run_batch(batch.batch_id)
    assert_whole(office, batch)


def _signing_with(office: Office, sign: Callable[[bytes], bytes]) -> Bulk:
    engine = worker(office)
    carrier: Any = engine.carriers[next(iter(engine.carriers))]
    stand = carrier.stand

    def standing(*asked: Any) -> Any:
        return replace(stand(*asked), sign=sign)

    wrapped = copy.copy(carrier)
    wrapped.stand = standing
    engine.carriers = {**engine.carriers, next(iter(engine.carriers)): wrapped}
    return engine


def test_a_document_that_is_not_the_checked_one_is_never_stored(issuing_office: Office) -> None:
    """The sample that is verified whole: a signer that is given other data than the document is caught by it."""
    office = issuing_office
    batch = make_batch(office, LINES)
    engine = worker(office)
    held = engine._take(batch.batch_id)
    assert held is not None
    build = held.ground.standing.line._build
    held.ground.standing.line._build = lambda *given: {
        **build(*given),
        "issuer": {"id": "did:adi:issuer001", "name": "B"},
    }
    with pytest.raises(Exception, match="not the one that was checked"):
        engine.carriers[batch.kind].work(held, lambda: None)


def test_a_row_that_breaks_the_program_fails_alone(issuing_office: Office) -> None:
    office = issuing_office
    batch = make_batch(office, LINES)
    engine = worker(office)
    held = engine._take(batch.batch_id)
    assert held is not None
    footing = held.ground.standing
    claims, calls = footing.line.claims, iter(range(100))

    def breaking(row: Any) -> Any:
        if next(calls) == 1:
            raise ZeroDivisionError
        return claims(row)

    footing.line.claims = breaking
    assert engine._carry(held)
    del footing.line.claims
    engine.run_batch(batch.batch_id)
    ended = assert_whole(office, batch)
    assert ended.failed == 2
    assert [fault.code for chunk in chunks_of(office, batch) for fault in chunk.faults] == [
        "HOLDER_NOT_FOUND",
        "SIGNING_FAILED",
    ]
