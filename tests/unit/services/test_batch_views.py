"""How fast a batch goes is told by what was carried out lately, and is told of nothing that nobody works on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sealwright.domain.batches import Batch, BatchKind, BatchOptions, BatchStatus, Starter
from sealwright.domain.people import ActorKind
from sealwright.services.batch_views import WINDOW, BatchView, look_at

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
BATCH = Batch(
    batch_id="bat_x",
    kind=BatchKind.ISSUE,
    status=BatchStatus.RUNNING,
    issuer_did="did:adi:issuer001",
    schema_id=None,
    credential_type=None,
    name=None,
    options=BatchOptions(),
    starter=Starter(ActorKind.OPERATOR, "op", "terminal"),
    total=10_000,
    created_at=START,
    started_at=START,
)


@dataclass
class Rows:
    """A store that finished so many rows within the time it is asked about."""

    lately: int
    since: datetime | None = None

    @property
    def batches(self) -> Rows:
        return self

    def finished_since(self, _batch_id: str, since: datetime) -> int:
        self.since = since
        return self.lately


def look(batch: Batch, seconds: float, lately: int) -> tuple[BatchView, Rows]:
    rows: Any = Rows(lately)
    return look_at(rows, batch, START + timedelta(seconds=seconds)), rows


def test_the_last_seconds_tell_the_pace() -> None:
    view, rows = look(replace(BATCH, issued=4_000, failed=1_000), 30, 2_000)
    assert rows.since == START + timedelta(seconds=30) - WINDOW
    assert (view.per_second, view.eta_seconds) == (200.0, 25)


def test_the_beginning_is_counted_from_the_start() -> None:
    view, rows = look(replace(BATCH, issued=1_024), 0, 1_024)
    assert rows.since == START
    assert (view.per_second, view.eta_seconds) == (1_024.0, 9)


def test_chunks_that_take_longer_than_the_window_are_told_by_the_whole_way() -> None:
    view, _ = look(replace(BATCH, issued=1_000), 100, 0)
    assert (view.per_second, view.eta_seconds) == (10.0, 900)


@pytest.mark.parametrize(
    "batch",
    [
        BATCH,
        replace(BATCH, status=BatchStatus.DRAFT, started_at=None),
        replace(BATCH, status=BatchStatus.PAUSED, issued=5),
        replace(BATCH, status=BatchStatus.ANCHORED, issued=10_000),
    ],
)
def test_nothing_is_told_where_nothing_goes(batch: Batch) -> None:
    view, _ = look(batch, 5, 5)
    assert (view.per_second, view.eta_seconds) == (None, None)
