"""When a batch is worth more processes, and who asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from sealwright.domain.batches import CHUNK_ROWS
from sealwright.services import batch_helping
from sealwright.services.batch_helping import WORTH_CHUNKS, BatchHelping


class Scene:
    """Batches by how many rows are left of each, and children that are counted only."""

    def __init__(self, *remaining: int) -> None:
        self.remaining = dict(enumerate(remaining))
        self.wanted: list[int] = []
        self.is_stopped = False

    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)

    @contextmanager
    def __call__(self, *, write: bool = True) -> Iterator[Any]:
        assert not write
        yield SimpleNamespace(batches=self)

    def to_work_on(self, _now: datetime, _limit: int) -> tuple[int, ...]:
        return tuple(self.remaining)

    def get(self, batch_id: int) -> object:
        return SimpleNamespace(remaining=self.remaining[batch_id])

    def ensure(self, wanted: int) -> int:
        self.wanted.append(wanted)
        return wanted

    def stop(self) -> None:
        self.is_stopped = True


def helping(scene: Scene) -> BatchHelping:
    return BatchHelping(units=scene, clock=scene, children=scene)


@pytest.mark.parametrize(
    ("remaining", "wanted"),
    [
        ((), []),
        ((WORTH_CHUNKS * CHUNK_ROWS,), []),
        ((WORTH_CHUNKS * CHUNK_ROWS + 1,), [1]),
        ((5 * CHUNK_ROWS, 4 * CHUNK_ROWS), [1]),
        ((100 * CHUNK_ROWS,), [12]),
    ],
)
def test_help_comes_for_more_than_a_few_chunks(remaining: tuple[int, ...], wanted: list[int]) -> None:
    scene = Scene(*remaining)
    helper = helping(scene)
    helper.start()
    helper.consider()
    assert scene.wanted == wanted


def test_it_is_considered_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(100 * CHUNK_ROWS)
    steady = SimpleNamespace(at=1000.0)
    monkeypatch.setattr(batch_helping, "time", SimpleNamespace(monotonic=lambda: steady.at))
    helper = helping(scene)
    helper.start()
    for _ in range(5):
        helper.consider()
    assert len(scene.wanted) == 1
    steady.at += 2
    helper.consider()
    assert len(scene.wanted) == 2


def test_those_who_only_help_ask_for_nobody() -> None:
    scene = Scene(100 * CHUNK_ROWS)
    helper = helping(scene)
    helper.consider()
    helper.start()
    helper.stop()
    helper.consider()
    assert scene.wanted == []
    assert scene.is_stopped
