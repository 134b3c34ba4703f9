"""`kill -9` of the worker that carries webhooks, at any moment: each event arrives, and is recorded as sent once."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from sealwright.domain.audit import AuditEntry
from sealwright.domain.parcels import LEASE, Parcel, ParcelState
from sealwright.domain.people import system_actor
from sealwright.domain.webhooks import Webhook
from sealwright.services.dispatching import Dispatching
from sealwright.services.office import Office
from tests.faults.nursery import CONTEXT
from tests.support.office import START, MovableClock, furnish, open_office, the_operator
from tests.support.receivers import hook, loopback

pytestmark = pytest.mark.timeout(240)

EVENTS: Final = 100
KILLS: Final = 6
KIND: Final = "absence.changed"
ALLOWED: Final = {"SEALWRIGHT_OUTBOUND_ALLOW": "127.0.0.1"}
PATIENCE_SECONDS: Final = 60
RECORDS_FIRST: Final = "records before it sends"


# -- the worker's whole life, in a process of its own ------------------------------------------------


class SharedClock:
    """A clock that the parent moves."""

    def __init__(self, seconds: Any) -> None:
        self._seconds = seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self._seconds.value)


def live(url: str, home: str, seconds: Any, bug: str) -> None:
    """Do background work until somebody kills us."""
    if bug == RECORDS_FIRST:
        _plant()
    with open_office(url, Path(home), clock=SharedClock(seconds), **ALLOWED) as office:  # type: ignore[arg-type]
        office.start_work()
        time.sleep(PATIENCE_SECONDS)


def _plant() -> None:
    """Let the outcome be recorded before the message leaves, and the process die between the two, once."""
    posted, begun = Dispatching._post, Counter[str]()

    def record_first(self: Any, parcel: Parcel, envelope: Any, host: str) -> Parcel:
        begun["posts"] += 1
        self._record(_sent(parcel, self._clock.now()))
        if begun["posts"] == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return posted(self, parcel, envelope, host)

    Dispatching._post = record_first  # type: ignore[method-assign]


def _sent(parcel: Parcel, at: datetime) -> Parcel:
    return replace(parcel, state=ParcelState.SENT, finished_at=at)


# -- the parent --------------------------------------------------------------------------------------


@dataclass
class Receiver:
    """Counts what arrives; kills the worker before it answers the messages that it was told to."""

    deadly: set[int] = field(default_factory=set)
    arrived: Counter[str] = field(default_factory=Counter)
    victim: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, _path: str, headers: Mapping[str, str], _body: bytes) -> int:
        with self.lock:
            self.arrived[headers["webhook-id"]] += 1
            if self.arrived.total() in self.deadly and self.victim:
                os.kill(self.victim, signal.SIGKILL)
        return 204


@dataclass
class Scene:
    """An office with an endpoint, events that wait, and workers that die."""

    url: str
    home: Path
    office: Office
    clock: MovableClock
    webhook: Webhook
    receiver: Receiver
    seconds: Any = field(default_factory=lambda: CONTEXT.Value("d", 0.0))

    def happen(self) -> None:
        """Write rows as acts do, and as many of an act that is rolled back."""
        for is_kept in (False, True):
            with self.office.units() as uow:
                for number in range(EVENTS):
                    uow.audit.append(
                        AuditEntry(system_actor("test"), KIND, "absence", f"abs_{number}", self.clock.now())
                    )
                if is_kept:
                    uow.commit()

    @contextmanager
    def worker(self, bug: str = "") -> Iterator[Any]:
        """A worker; it is dead at the end, however it died."""
        process = CONTEXT.Process(target=live, args=(self.url, str(self.home), self.seconds, bug), daemon=True)
        process.start()
        self.receiver.victim = process.pid or 0
        try:
            yield process
        finally:
            self.receiver.victim = 0
            process.kill()
            process.join(PATIENCE_SECONDS)
            # What it had taken is free again once its lease is over.
            self.seconds.value += LEASE.total_seconds() + 1

    def parcels(self) -> tuple[Parcel, ...]:
        """Every delivery to the endpoint."""
        found: list[Parcel] = []
        cursor = None
        while True:
            page = self.office.webhooks.deliveries(
                the_operator(self.office), self.webhook.webhook_id, limit=100, cursor=cursor
            )
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return tuple(found)

    def is_done(self) -> bool:
        """Tell whether every event was prepared, and nothing waits."""
        states = Counter(parcel.state for parcel in self.parcels())
        return states.total() >= EVENTS and not states[ParcelState.WAITING]

    def finish(self, bug: str = "") -> None:
        """Let one worker live until all is done."""
        with self.worker(bug) as process:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not self.is_done():
                assert time.monotonic() < deadline, "not done in time"
                process.join(0.1)

    def faults(self) -> list[str]:
        """What is wrong in the end; the checker of this file."""
        found = []
        parcels = self.parcels()
        told = Counter(self.office.webhooks.event_id(parcel) for parcel in parcels)
        if len(told) != EVENTS or set(told.values()) != {1}:
            found.append("not one delivery for each event")
        if {parcel.state for parcel in parcels} != {ParcelState.SENT}:
            found.append("not recorded as sent")
        if lost := set(told) - set(self.receiver.arrived):
            found.append(f"{len(lost)} lost")
        if set(self.receiver.arrived) - set(told):
            found.append("told of what never was")
        return found


@pytest.fixture
def scene(migrated_url: str, tmp_path: Path) -> Iterator[Scene]:
    receiver, clock = Receiver(), MovableClock()
    with (
        loopback(receiver.answer) as address,
        open_office(migrated_url, tmp_path / "home", clock=clock, **ALLOWED) as office,
    ):
        furnish(office, schemas=0)
        webhook, _ = hook(office, the_operator(office), KIND, url=f"{address}/in")
        made = Scene(migrated_url, tmp_path / "home", office, clock, webhook, receiver)
        made.happen()
        yield made


def test_every_event_arrives_and_is_recorded_once(scene: Scene) -> None:
    randomness = random.Random(11)
    places = sorted(randomness.sample(range(2, EVENTS - 5), KILLS - 1))
    scene.receiver.deadly = set(places)
    # Before it could do anything, then each time with a message that had arrived and was not yet recorded.
    with scene.worker() as process:
        process.join(randomness.uniform(0.0, 0.3))
    for _ in places:
        with scene.worker() as process:
            process.join(PATIENCE_SECONDS)
            assert process.exitcode == -signal.SIGKILL
    scene.finish()
    assert scene.faults() == []
    repeated = [event for event, times in scene.receiver.arrived.items() if times > 1]
    assert len(repeated) >= KILLS - 1, "the kills hit nothing"


def test_a_worker_that_records_before_it_sends_is_found_out(scene: Scene) -> None:
    with scene.worker(RECORDS_FIRST) as process:
        process.join(PATIENCE_SECONDS)
    scene.finish()
    assert scene.faults() == ["1 lost"]
