"""What is left of conversations: nothing of strangers' small talk, threads for a month, and word of offers that end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.delivering import OfferWish
from sealwright.domain.delivery_errors import DidcommInvalid, ThreadNotFound
from sealwright.domain.didcomm import ThreadState
from sealwright.domain.offers import Offer, OfferChannel, OfferState
from sealwright.domain.parcels import ParcelKind
from sealwright.domain.people import Caller
from sealwright.protocols.didcomm import types
from sealwright.services.didcomm_inbox import SMALL_TALK_KEPT
from sealwright.services.didcomm_posting import _MOST_PASSING
from sealwright.services.didcomm_values import THREADS_KEPT
from sealwright.services.office import Office
from tests.support.desk import act
from tests.support.didcomm_peer import WANTED, Mailbox, PeerAgent
from tests.support.office import ISSUER, MovableClock, issue, the_operator
from tests.support.review import audit_rows, improver


@pytest.fixture
def kept(database_url: str) -> Callable[[], tuple[int, int]]:
    """How many rows of threads and of messages there are."""

    def count() -> tuple[int, int]:
        engine = sa.create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.connect() as connection:
            found = [
                int(connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0)
                for table in ("didcomm_threads", "didcomm_messages")
            ]
        engine.dispose()
        return found[0], found[1]

    return count


def offered(office: Office, key: Caller, agent: PeerAgent) -> tuple[CredentialRecord, Offer]:
    """Issue a degree to an agent and offer it, as far as its parcel."""
    record, wish = issue(office, holder_did=agent.did).record, OfferWish(channel=OfferChannel.DIDCOMM)
    made = act(office, key, lambda uow, me: office.offers.offer(uow, me, record.credential_id, wish), registry=False)
    return record, made.offer


def forget(office: Office) -> int:
    """Do what the clock does once an hour."""
    chore = office.tasks.get("forget deliveries")
    assert chore is not None
    dropped: Any = chore.work()
    return int(dropped)


def test_few_answers_to_strangers_wait_at_once(
    office: Office, mailbox: Mailbox, agent: PeerAgent, kept: Callable[[], tuple[int, int]], clock: MovableClock
) -> None:
    for _ in range(_MOST_PASSING + 3):
        agent.say(agent.message(ISSUER, types.PING))
    assert kept() == (0, _MOST_PASSING)
    # What has waited too long keeps nobody else from being answered.
    clock.move(minutes=11)
    agent.say(agent.message(ISSUER, types.PING))
    assert kept() == (0, _MOST_PASSING + 1)
    while office.dispatching.work_once():
        pass
    assert kept() == (0, 0)
    assert len(mailbox.posted) == _MOST_PASSING + 1


def test_small_talk_of_strangers_leaves_nothing(
    office: Office,
    mailbox: Mailbox,
    agent: PeerAgent,
    kept: Callable[[], tuple[int, int]],
) -> None:
    before = audit_rows(office)
    queries = {"queries": [{"feature-type": "protocol", "match": "*"}]}
    said = (
        agent.message(ISSUER, types.PING),
        agent.message(ISSUER, types.PING, {"response_requested": False}),
        agent.message(ISSUER, types.QUERIES, queries),
        agent.message(ISSUER, "https://didcomm.org/basicmessage/2.0/message"),
        agent.proposal(ISSUER, WANTED),
    )
    packed = [agent.say(message) for message in said]
    assert kept() == (0, 4)
    while office.dispatching.work_once():
        pass
    assert {agent.open(body).thread for _, body in mailbox.posted} == {one.id for one in said if one is not said[1]}
    assert kept() == (0, 0)
    assert audit_rows(office) == before
    for again in packed:
        with pytest.raises(DidcommInvalid, match="received before"):
            office.didcomm.receive(again)


def test_answers_to_strangers_are_soon_given_up(
    office: Office, mailbox: Mailbox, agent: PeerAgent, clock: MovableClock, kept: Callable[[], tuple[int, int]]
) -> None:
    mailbox.answers = ["refused"] * 50
    agent.say(agent.message(ISSUER, types.PING))
    for _ in range(6):
        office.dispatching.work_once()
        clock.move(minutes=5)
    assert len(mailbox.posted) <= 4
    assert kept() == (0, 0)


def test_messages_are_remembered_as_long_as_they_may_be_old(
    office: Office, mailbox: Mailbox, agent: PeerAgent, clock: MovableClock
) -> None:
    issue(office, holder_did=agent.did)
    packed = {
        "small talk": agent.say(agent.message(ISSUER, types.PING)),
        "thread": agent.say(agent.proposal(ISSUER, WANTED)),
    }
    for moved, of, word in (
        (SMALL_TALK_KEPT, "small talk", "received before"),
        (timedelta(seconds=1), "small talk", "too old"),
        (THREADS_KEPT - SMALL_TALK_KEPT - timedelta(seconds=1), "thread", "received before"),
        (timedelta(days=2), "thread", "too old"),
    ):
        clock.move(seconds=moved.total_seconds())
        forget(office)
        with pytest.raises(DidcommInvalid, match=word):
            office.didcomm.receive(packed[of])


def test_of_small_talk_nothing_is_remembered_for_long(
    office: Office, mailbox: Mailbox, agent: PeerAgent, clock: MovableClock
) -> None:
    undated = [agent.message(ISSUER, kind, created=None) for kind in (types.PING, "https://example.org/1.0/unknown")]
    for message in (*undated, agent.proposal(ISSUER, WANTED)):
        agent.say(message)
    while office.dispatching.work_once():
        pass
    assert forget(office) == 0
    clock.move(seconds=timedelta(days=2).total_seconds())
    assert forget(office) == 3


def test_threads_that_are_over_are_forgotten_after_a_month(
    office: Office, mailbox: Mailbox, agent: PeerAgent, key: Caller, clock: MovableClock
) -> None:
    _, done = offered(office, key, agent)
    office.dispatching.work_once()
    agent.say(agent.request(mailbox.last(agent)))
    office.dispatching.work_once()
    agent.say(agent.acknowledge(mailbox.last(agent)))
    _, waiting = offered(office, key, agent)
    clock.move(seconds=(THREADS_KEPT - timedelta(seconds=1)).total_seconds())
    forget(office)
    assert office.didcomm.thread(key, str(done.thread_id)).thread.state is ThreadState.DONE
    clock.move(seconds=1)
    assert forget(office) > 0
    with pytest.raises(ThreadNotFound):
        office.didcomm.thread(key, str(done.thread_id))
    with office.units(write=False) as uow:
        assert uow.didcomm.messages(str(done.thread_id)) == ()
    # Its message has not been given up yet.
    assert len(office.didcomm.thread(key, str(waiting.thread_id)).messages) == 1


def test_one_of_two_first_messages_begins_a_thread(
    office: Office, mailbox: Mailbox, kept: Callable[[], tuple[int, int]]
) -> None:
    agents = [PeerAgent(office, f"agent {number}") for number in range(4)]
    for agent in agents:
        issue(office, holder_did=agent.did)
    packed = [agent.pack(agent.proposal(ISSUER, WANTED, thid="of-all")) for agent in agents]
    gate = threading.Barrier(len(agents))

    def receive(one: bytes) -> str:
        gate.wait()
        try:
            office.didcomm.receive(one)
        except DidcommInvalid:
            return "refused"
        return "taken in"

    with ThreadPoolExecutor(len(agents)) as pool:
        outcomes = sorted(pool.map(receive, packed))
    assert outcomes == ["refused"] * 3 + ["taken in"]
    assert kept() == (1, 2)
    assert office.dispatching.work_once() == 1


def test_two_messages_of_one_id_end_as_one(
    office: Office, mailbox: Mailbox, agent: PeerAgent, kept: Callable[[], tuple[int, int]]
) -> None:
    other = PeerAgent(office, "other")
    for one in (agent, other):
        issue(office, holder_did=one.did)
    packed = [
        one.pack(one.proposal(ISSUER, WANTED, id="same", thid=f"of-{number}"))
        for number, one in enumerate((agent, other))
    ]
    gate = threading.Barrier(2)

    def receive(one: bytes) -> bool:
        gate.wait()
        try:
            office.didcomm.receive(one)
        except DidcommInvalid:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(receive, packed)) == [False, True]
    assert kept() == (1, 2)


def canceled(office: Office, made: Offer, _clock: MovableClock) -> None:
    act(office, the_operator(office), lambda uow, me: office.offers.cancel(uow, me, made.offer_id), registry=False)


def expired(office: Office, made: Offer, clock: MovableClock) -> None:
    clock.move(seconds=601)
    assert office.offers.expire_due() == 1


def revoked(office: Office, made: Offer, _clock: MovableClock) -> None:
    credential_id = str(made.credential_id)
    act(office, the_operator(office), lambda uow, me: office.revocation.revoke(uow, me, credential_id, "test"))


@pytest.mark.parametrize("end", [canceled, expired, revoked])
def test_the_holders_agent_hears_that_an_offer_has_ended(
    office: Office,
    mailbox: Mailbox,
    agent: PeerAgent,
    key: Caller,
    clock: MovableClock,
    end: Callable[[Office, Offer, MovableClock], None],
) -> None:
    _, made = offered(office, key, agent)
    office.dispatching.work_once()
    end(office, made, clock)
    assert office.dispatching.work_once() == 1
    told = mailbox.last(agent)
    assert (told.type, told.pthid, told.sender) == (types.PROBLEM_REPORT, made.thread_id, ISSUER)
    assert told.body == {"code": "e.p.issuance-abandoned", "comment": "The offer has ended."}
    view = office.didcomm.thread(key, str(made.thread_id))
    assert view.thread.state is ThreadState.ABANDONED
    assert [one.message_id for one in view.messages][1:] == [told.id]
    rows = [row["action"] for row in audit_rows(office) if row["object"]["id"] == made.thread_id]
    assert rows == ["didcomm.sent", "didcomm.sent"]
    # They may say that they have understood; nothing else comes of it.
    agent.say(agent.message(ISSUER, types.PROBLEM_REPORT, {"code": "e.p.me"}, pthid=made.thread_id))
    assert office.dispatching.work_once() == 0


def test_an_offer_that_may_have_arrived_counts_as_heard_of(
    office: Office, mailbox: Mailbox, agent: PeerAgent, key: Caller, clock: MovableClock
) -> None:
    _, made = offered(office, key, agent)
    mailbox.answers = ["timeout"]
    office.dispatching.work_once()
    canceled(office, made, clock)
    clock.move(minutes=5)
    while office.dispatching.work_once():
        pass
    assert [agent.open(body).type for _, body in mailbox.posted] == [types.OFFER_CREDENTIAL, types.PROBLEM_REPORT]


def test_whoever_has_heard_of_nothing_hears_of_no_end(
    office: Office, mailbox: Mailbox, agent: PeerAgent, key: Caller, clock: MovableClock
) -> None:
    _, made = offered(office, key, agent)
    canceled(office, made, clock)
    while office.dispatching.work_once():
        pass
    assert mailbox.posted == []
    view = office.didcomm.thread(key, str(made.thread_id))
    assert (view.thread.state, len(view.messages)) == (ThreadState.ABANDONED, 1)
    with office.units(write=False) as uow:
        found = uow.offers.get(made.offer_id)
        assert found is not None
        assert found.state is OfferState.CANCELED
        parcels = uow.parcels.list(ParcelKind.DIDCOMM, view.messages[0].message_id, limit=5, cursor=None)
    assert [one.state.value for one in parcels.items] == ["canceled"]


def test_whoever_is_erased_is_left_alone(office: Office, mailbox: Mailbox, agent: PeerAgent, key: Caller) -> None:
    ann = improver(office, "ann")
    with office.units() as uow:
        person = uow.people.get(ann.user_id)
        assert person is not None
        uow.people.update(replace(person, dids=(*person.dids, agent.did), version=person.version + 1))
        uow.commit()
    _, made = offered(office, key, agent)
    office.dispatching.work_once()
    act(office, ann, office.own_data.erase)
    with office.units(write=False) as uow:
        found = uow.offers.get(made.offer_id)
    assert found is not None
    assert found.state is OfferState.CANCELED
    while office.dispatching.work_once():
        pass
    assert [agent.open(body).type for _, body in mailbox.posted] == [types.OFFER_CREDENTIAL]
    # It was to be told, and was not.
    assert len(office.didcomm.thread(key, str(made.thread_id)).messages) == 2
