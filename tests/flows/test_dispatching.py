"""The dispatcher: who waits for whom, what is recorded, what a mistake of a carrier does."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from sealwright.adapters.jobs_in_process import InProcessRunner
from sealwright.domain.errors import StoreUnavailable, VersionConflict
from sealwright.domain.parcels import Parcel, ParcelKind, ParcelState
from sealwright.services import dispatching
from sealwright.services.delivery_ports import Envelope, NotSent, Posted
from sealwright.services.dispatching import Dispatching, new_parcel
from sealwright.services.office import Office
from sealwright.services.ports import UnitOfWork
from sealwright.services.tasks import Tasks
from tests.support.office import MovableClock, open_office


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock) -> Iterator[Office]:
    """An office without anything in it."""
    with open_office(database_url, tmp_path / "home", clock=clock) as opened:
        yield opened


@dataclass
class Post:
    """Takes messages; those to a slow host only once somebody lets them through."""

    slow: frozenset[str] = frozenset()
    answers: dict[str, int | str] = field(default_factory=dict)
    retry_after: str | None = None
    open: threading.Event = field(default_factory=threading.Event)
    arrived: list[str] = field(default_factory=list)
    under_way: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)
    news: threading.Condition = field(default_factory=threading.Condition)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        host = url.split("/")[2]
        with self.lock:
            self.under_way[host] += 1
            self.most[host] = max(self.most[host], self.under_way[host])
        if host in self.slow:
            self.open.wait(20)
        with self.lock:
            self.under_way[host] -= 1
        with self.news:
            self.arrived.append(host)
            self.news.notify_all()
        answer = self.answers.get(url, self.answers.get(host, 204))
        if isinstance(answer, str):
            raise NotSent(answer)
        return Posted(answer, b"", self.retry_after)

    def judge(self, url: str) -> None:
        pass

    def until(self, host: str, times: int) -> bool:
        """Wait until so many have arrived; ten seconds at most."""
        with self.news:
            return self.news.wait_for(lambda: self.arrived.count(host) >= times, 10)


@dataclass
class Told:
    """A carrier that remembers; its subjects are hosts, with a path where several share one."""

    faults: list[Exception] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    unwanted: frozenset[str] = frozenset()

    def prepare(self, parcel: Parcel) -> Envelope | None:
        if parcel.subject == "broken":
            raise ValueError("cannot be made")
        return None if parcel.subject in self.unwanted else Envelope(f"https://{parcel.subject}", {}, b"")

    def arrived(self, uow: UnitOfWork, parcel: Parcel) -> None:
        self._tell(parcel, "arrived")

    def failed(self, uow: UnitOfWork, parcel: Parcel, *, is_dead: bool) -> None:
        self._tell(parcel, "dead" if is_dead else "failed")

    def _tell(self, parcel: Parcel, what: str) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.told.append((parcel.subject, what))


def dispatcher(office: Office, post: Post, carrier: Told) -> Dispatching:
    return Dispatching(
        units=office.units, poster=post, clock=office.clock, carriers={ParcelKind.WEBHOOK: carrier}, workers=2
    )


def put(office: Office, *subjects: str) -> list[str]:
    parcels = [
        new_parcel(ParcelKind.WEBHOOK, subject, reference=str(number), label="x", now=office.clock.now())
        for number, subject in enumerate(subjects)
    ]
    with office.units() as uow:
        uow.parcels.add_many(parcels)
        uow.commit()
    return [parcel.parcel_id for parcel in parcels]


def found(office: Office, parcel_id: str) -> Parcel:
    with office.units(write=False) as uow:
        parcel = uow.parcels.get(parcel_id)
    assert parcel is not None
    return parcel


def test_one_that_is_slow_holds_up_nobody_else(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "LOOK_EVERY", timedelta(milliseconds=10))
    post, carrier = Post(slow=frozenset({"slow"})), Told()
    put(office, *["slow"] * 5, *["quick"] * 20)
    work, tasks = dispatcher(office, post, carrier), Tasks()
    work.join(tasks)
    runner = InProcessRunner(tasks, units=office.units, clock=office.clock, concurrency=2)
    runner.start()
    try:
        assert post.until("quick", 20)
        assert post.under_way["slow"] == 1
        post.open.set()
        assert post.until("slow", 5)
    finally:
        runner.stop()
    # Never two of one subject at once, whoever is free.
    assert post.most == {"slow": 1, "quick": 1}
    assert Counter(carrier.told) == {("slow", "arrived"): 5, ("quick", "arrived"): 20}
    assert work.waiting() == 0


def test_one_that_does_not_answer_is_left_alone_for_a_while(office: Office, clock: MovableClock) -> None:
    post, carrier = Post(answers={"deaf": "timeout"}), Told()
    put(office, *["deaf"] * 10, "quick")
    work = dispatcher(office, post, carrier)
    assert work.work_once() == 2
    assert sorted(post.arrived) == ["deaf", "quick"]
    clock.move(seconds=5)
    assert work.work_once() == 1, "one of those that wait, and then it rests again"
    post.answers.clear()
    clock.move(seconds=10)
    work.work_once()
    clock.move(seconds=60)
    work.work_once()
    assert Counter(carrier.told)["deaf", "arrived"] == 10


def test_one_that_does_not_answer_keeps_nobody_waiting_who_shares_its_host(office: Office, clock: MovableClock) -> None:
    post, carrier = Post(answers={"https://shared/deaf": "timeout"}), Told()
    put(office, *["shared/deaf"] * 3)
    work = dispatcher(office, post, carrier)
    for number in range(4):
        work.work_once()
        (one,) = put(office, f"shared/well{number}")
        assert work.work_once() == 1
        assert found(office, one).state is ParcelState.SENT
        clock.move(seconds=90)
    assert ("shared/deaf", "arrived") not in carrier.told


def test_a_host_that_answers_nobody_is_asked_by_few(office: Office, clock: MovableClock) -> None:
    post, carrier = Post(answers={"gone": "timeout"}), Told()
    parcels = put(office, *[f"gone/{number}" for number in range(10)])
    work = dispatcher(office, post, carrier)
    assert work.work_once() == 10
    assert len(post.arrived) == 2
    waiting = [found(office, one) for one in parcels]
    rested = [one for one in waiting if one.last_error == "host_rests"]
    assert len(rested) == 8
    # They were not asked, so they come as soon as somebody may be.
    assert {one.due_at - clock.now() for one in rested} == {timedelta(seconds=5)}
    post.answers.clear()
    clock.move(seconds=10)
    assert work.work_once() == 10
    assert {found(office, one).state for one in parcels} == {ParcelState.SENT}


@pytest.mark.parametrize(
    ("status", "asked", "waits"),
    [
        (429, "120", 120),
        (503, "{in 2 minutes}", 120),
        (429, "86400", 7200),
        (503, "soon", 5),
        (500, "120", 5),
    ],
)
def test_who_asks_for_time_gets_it_within_bounds(
    office: Office, clock: MovableClock, status: int, asked: str, waits: int
) -> None:
    at = format_datetime(clock.now() + timedelta(minutes=2), usegmt=True)
    post, carrier = Post(answers={"busy": status}, retry_after=asked.replace("{in 2 minutes}", at)), Told()
    first, second = put(office, "busy", "busy")
    work = dispatcher(office, post, carrier)
    assert work.work_once() == 1
    tried = found(office, first) if found(office, first).attempts else found(office, second)
    pause = (tried.due_at - clock.now()).total_seconds()
    assert waits <= pause <= (7.5 if waits == 5 else waits)
    # Its other messages wait too, a quarter of an hour at most.
    post.answers.clear()
    clock.move(seconds=min(waits, 900) - 1)
    assert work.work_once() == 0
    clock.move(seconds=1)
    assert work.work_once() >= 1


def test_what_nobody_wants_is_canceled_and_what_cannot_be_made_waits(office: Office, clock: MovableClock) -> None:
    post, carrier = Post(), Told(unwanted=frozenset({"gone"}))
    gone, broken = put(office, "gone", "broken")
    work = dispatcher(office, post, carrier)
    assert work.work_once() == 2
    assert found(office, gone).state is ParcelState.CANCELED
    waiting = found(office, broken)
    assert (waiting.state, waiting.last_error, waiting.attempts) == (ParcelState.WAITING, "unready", 1)
    assert carrier.told == [("broken", "failed")]
    clock.time = waiting.give_up_at
    work.work_once()
    assert found(office, broken).state is ParcelState.DEAD
    assert carrier.told[-1] == ("broken", "dead")


def test_what_arrived_is_recorded_whatever_its_carrier_makes_of_it(office: Office) -> None:
    post = Post()
    # Somebody else was faster, once: told again.
    carrier = Told(faults=[VersionConflict("moved on")])
    (first,) = put(office, "one")
    dispatcher(office, post, carrier).work_once()
    assert (found(office, first).state, carrier.told) == (ParcelState.SENT, [("one", "arrived")])
    # A mistake of ours: the message is not sent again and again for it.
    carrier = Told(faults=[ValueError("a mistake")])
    (second,) = put(office, "two")
    dispatcher(office, post, carrier).work_once()
    assert (found(office, second).state, carrier.told) == (ParcelState.SENT, [])


def test_when_nothing_can_be_stored_it_is_sent_once_more(office: Office, clock: MovableClock) -> None:
    post, carrier = Post(), Told(faults=[StoreUnavailable("gone")])
    (one,) = put(office, "one")
    work = dispatcher(office, post, carrier)
    with pytest.raises(StoreUnavailable):
        work.work_once()
    assert found(office, one).state is ParcelState.WAITING
    assert work.work_once() == 0
    clock.move(seconds=31)
    assert work.work_once() == 1
    assert (post.arrived, found(office, one).attempts) == (["one", "one"], 2)


def test_a_parcel_that_was_canceled_under_way_stays_so(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    post, carrier = Post(), Told()
    (one,) = put(office, "one")
    post_as_before = post.post

    def canceled_meanwhile(url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        with office.units() as uow:
            uow.parcels.cancel_of(ParcelKind.WEBHOOK, "one", office.clock.now())
            uow.commit()
        return post_as_before(url, body, headers)

    monkeypatch.setattr(post, "post", canceled_meanwhile)
    dispatcher(office, post, carrier).work_once()
    assert found(office, one).state is ParcelState.CANCELED
