"""Credentials over DIDComm: offered, asked for, handed over and acknowledged; each message counts once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.delivering import OfferWish
from sealwright.domain.delivery_errors import DidcommInvalid, NoDidcommEndpoint
from sealwright.domain.didcomm import Direction, ThreadState
from sealwright.domain.dids import DIDKind
from sealwright.domain.errors import DomainError, VersionConflict
from sealwright.domain.offers import Offer, OfferChannel, OfferState
from sealwright.domain.people import Caller
from sealwright.protocols.didcomm import types
from sealwright.protocols.didcomm.issuing import Detail, read_detail, read_preview, request_parts
from sealwright.services.dids import NewDID
from sealwright.services.office import Office
from sealwright.services.verification import VerifyOptions
from tests.support.desk import act
from tests.support.didcomm_peer import AGENT_URL, WANTED, Mailbox, PeerAgent
from tests.support.office import ISSUER, MovableClock, api_key_for, issue, the_operator
from tests.support.review import audit_rows

DIDCOMM = OfferWish(channel=OfferChannel.DIDCOMM)


def degree(office: Office, agent: PeerAgent, **more: Any) -> CredentialRecord:
    return issue(office, holder_did=agent.did, **more).record


def offer(office: Office, caller: Caller, record: CredentialRecord) -> Offer:
    office.offers.judge(record.holder_did, DIDCOMM)
    return act(
        office, caller, lambda uow, me: office.offers.offer(uow, me, record.credential_id, DIDCOMM), registry=False
    ).offer


def state_of(office: Office, made: Offer) -> OfferState:
    with office.units(write=False) as uow:
        found = uow.offers.get(made.offer_id)
    assert found is not None
    return found.state


def thread_state(office: Office, thread_id: str | None) -> ThreadState:
    return office.didcomm.thread(the_operator(office), thread_id or "").thread.state


def told(office: Office, object_id: str | None) -> list[str]:
    return [row["action"] for row in audit_rows(office) if row["object"]["id"] == object_id]


def revoke(office: Office, record: CredentialRecord) -> None:
    act(office, the_operator(office), lambda uow, me: office.revocation.revoke(uow, me, record.credential_id, "test"))


def carry(office: Office) -> int:
    return office.dispatching.work_once()


def test_a_credential_reaches_its_holder(office: Office, mailbox: Mailbox, agent: PeerAgent, key: Caller) -> None:
    record = degree(office, agent)
    made = offer(office, key, record)
    assert (state_of(office, made), thread_state(office, made.thread_id)) == (OfferState.CREATED, ThreadState.OFFERED)
    assert mailbox.posted == []

    assert carry(office) == 1
    assert mailbox.posted[0][0] == AGENT_URL
    offered = mailbox.last(agent)
    assert (offered.type, offered.sender, offered.to) == (types.OFFER_CREDENTIAL, ISSUER, (agent.did,))
    # Whoever begins a thread names it by the first message.
    assert (offered.id, offered.thid) == (made.thread_id, made.thread_id)
    assert offered.expires == int(made.expires_at.timestamp())
    assert read_preview(offered)["degree.university"] == "MIT"
    assert read_preview(offered)["degree.gpa"] == "3.8"
    assert offered.body["formats"] == [{"attach_id": "credential-0", "format": "aries/ld-proof-vc-detail@v1.0"}]
    detail = read_detail(offered)
    assert detail.proof_type == "Ed25519Signature2020"
    assert not detail.credential.keys() & {"proof", "credentialStatus"}
    assert state_of(office, made) is OfferState.SENT

    agent.say(agent.request(offered))
    assert state_of(office, made) is OfferState.ACCEPTED
    assert carry(office) == 1
    issued = mailbox.last(agent)
    assert (issued.type, issued.thread) == (types.ISSUE_CREDENTIAL, made.thread_id)
    credential = agent.credential(issued)
    assert credential == json.loads(record.document or b"")
    assert office.verifier.verify(credential, VerifyOptions(expected_holder=agent.did))
    assert (state_of(office, made), thread_state(office, made.thread_id)) == (OfferState.DELIVERED, ThreadState.ISSUED)

    agent.say(agent.acknowledge(issued))
    assert thread_state(office, made.thread_id) is ThreadState.DONE
    assert carry(office) == 0

    view = office.didcomm.thread(key, made.thread_id or "")
    assert [(one.type.rpartition("/")[2], one.direction) for one in view.messages] == [
        ("offer-credential", Direction.OUTBOUND),
        ("request-credential", Direction.INBOUND),
        ("issue-credential", Direction.OUTBOUND),
        ("ack", Direction.INBOUND),
    ]
    assert told(office, made.offer_id) == ["offer.created", "offer.sent", "offer.accepted", "offer.delivered"]
    assert told(office, made.thread_id) == ["didcomm.sent", "didcomm.received", "didcomm.sent", "didcomm.received"]
    assert agent.did not in json.dumps([row for row in audit_rows(office) if row["object"]["id"] == made.thread_id])


def test_nothing_that_left_is_kept(office: Office, mailbox: Mailbox, agent: PeerAgent, key: Caller) -> None:
    made = offer(office, key, degree(office, agent))
    view = office.didcomm.thread(key, made.thread_id or "")
    with office.units(write=False) as uow:
        waiting = uow.didcomm.message(view.messages[0].message_id)
    assert waiting is not None
    assert waiting.sealed is not None
    assert b"MIT" not in waiting.sealed
    carry(office)
    with office.units(write=False) as uow:
        left = uow.didcomm.message(waiting.message_id)
    assert left is not None
    assert left.sealed is None


def test_a_repeated_message_changes_nothing(office: Office, mailbox: Mailbox, agent: PeerAgent, key: Caller) -> None:
    made = offer(office, key, degree(office, agent))
    carry(office)
    packed = agent.say(agent.request(mailbox.last(agent)))
    before = audit_rows(office)
    for _ in range(3):
        with pytest.raises(DidcommInvalid):
            office.didcomm.receive(packed)
    assert audit_rows(office) == before
    assert carry(office) == 1
    assert len(office.didcomm.thread(key, made.thread_id or "").messages) == 3
    with pytest.raises(DidcommInvalid):
        office.didcomm.receive(packed)
    assert carry(office) == 0


def together(work: Callable[[int], object], times: int) -> list[object]:
    """Do something several times at one moment; what each came to, refusals among it."""
    gate = threading.Barrier(times)

    def one(number: int) -> object:
        gate.wait()
        try:
            return work(number)
        except DomainError as error:
            return type(error)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_requests_that_come_at_one_moment_get_one_credential_each(
    office: Office, mailbox: Mailbox, agent: PeerAgent, key: Caller
) -> None:
    made = offer(office, key, degree(office, agent))
    carry(office)
    offered = mailbox.last(agent)
    same = agent.pack(agent.request(offered))
    outcomes = together(lambda _: office.didcomm.receive(same), 6)
    assert outcomes.count(None) == 1
    assert outcomes.count(DidcommInvalid) == 5
    others = [agent.pack(agent.request(offered)) for _ in range(4)]
    assert set(together(lambda number: office.didcomm.receive(others[number]), 4)) <= {None, VersionConflict}
    carry(office)
    assert told(office, made.offer_id) == ["offer.created", "offer.sent", "offer.accepted", "offer.delivered"]


def test_a_message_is_tried_again_and_recorded_once(
    office: Office, mailbox: Mailbox, agent: PeerAgent, key: Caller, clock: MovableClock
) -> None:
    made = offer(office, key, degree(office, agent))
    mailbox.answers = [503, "timeout"]
    carry(office)
    assert state_of(office, made) is OfferState.CREATED
    for _ in range(2):
        clock.move(seconds=60)
        carry(office)
    assert len(mailbox.posted) == 3
    assert {agent.open(body).id for _, body in mailbox.posted} == {mailbox.last(agent).id}
    assert state_of(office, made) is OfferState.SENT
    assert told(office, made.thread_id) == ["didcomm.sent"]


def test_whoever_lost_the_credential_may_ask_again(
    office: Office, mailbox: Mailbox, agent: PeerAgent, key: Caller
) -> None:
    made = offer(office, key, degree(office, agent))
    carry(office)
    offered = mailbox.last(agent)
    for _ in range(2):
        agent.say(agent.request(offered))
        carry(office)
        assert mailbox.last(agent).type == types.ISSUE_CREDENTIAL
    assert state_of(office, made) is OfferState.DELIVERED
    assert told(office, made.offer_id).count("offer.delivered") == 1


def test_nobody_else_enters_a_thread(office: Office, mailbox: Mailbox, agent: PeerAgent, key: Caller) -> None:
    made = offer(office, key, degree(office, agent))
    carry(office)
    offered = mailbox.last(agent)
    stranger = PeerAgent(office, "stranger")
    for message in (
        stranger.request(offered),
        stranger.message(ISSUER, types.ISSUE_ACK, thid=offered.thread),
        stranger.message(ISSUER, types.PROBLEM_REPORT, {"code": "e.p.no"}, pthid=offered.thread),
        stranger.message(ISSUER, types.PING, thid=offered.thread),
    ):
        with pytest.raises(DidcommInvalid):
            stranger.say(message)
    assert state_of(office, made) is OfferState.SENT
    assert carry(office) == 0


def test_another_detail_than_the_offered_one_ends_the_thread(
    office: Office, mailbox: Mailbox, agent: PeerAgent, key: Caller
) -> None:
    made = offer(office, key, degree(office, agent))
    carry(office)
    offered = mailbox.last(agent)
    detail = read_detail(offered)
    changed = Detail({**detail.credential, "issuanceDate": "2020-01-01T00:00:00Z"}, detail.proof_type)
    body, attachments = request_parts(changed)
    agent.say(agent.message(ISSUER, types.REQUEST_CREDENTIAL, body, thid=offered.thread, attachments=attachments))
    carry(office)
    problem = mailbox.last(agent)
    assert (problem.type, problem.pthid) == (types.PROBLEM_REPORT, offered.thread)
    assert problem.body["code"] == "e.p.issuance-abandoned"
    assert thread_state(office, made.thread_id) is ThreadState.ABANDONED
    with pytest.raises(DidcommInvalid):
        agent.say(agent.request(offered))


def test_what_was_revoked_is_neither_offered_nor_handed_over(
    office: Office, mailbox: Mailbox, agent: PeerAgent, key: Caller
) -> None:
    early, late = degree(office, agent), degree(office, agent)
    offer(office, key, early)
    revoke(office, early)
    carry(office)
    assert mailbox.posted == []

    made = offer(office, key, late)
    carry(office)
    offered = mailbox.last(agent)
    revoke(office, late)
    with pytest.raises(DidcommInvalid):
        agent.say(agent.request(offered))
    carry(office)
    assert mailbox.last(agent).type == types.PROBLEM_REPORT
    assert thread_state(office, made.thread_id) is ThreadState.ABANDONED


def test_what_was_revoked_after_the_request_does_not_leave(
    office: Office, mailbox: Mailbox, agent: PeerAgent, key: Caller
) -> None:
    record = degree(office, agent)
    offer(office, key, record)
    carry(office)
    agent.say(agent.request(mailbox.last(agent)))
    revoke(office, record)
    carry(office)
    assert [agent.open(body).type for _, body in mailbox.posted] == [types.OFFER_CREDENTIAL, types.PROBLEM_REPORT]


def test_an_offer_that_is_over_is_not_answered_with_a_credential(
    office: Office, mailbox: Mailbox, agent: PeerAgent, key: Caller, clock: MovableClock
) -> None:
    offer(office, key, degree(office, agent))
    carry(office)
    offered = mailbox.last(agent)
    clock.move(seconds=601)
    agent.say(agent.request(offered))
    carry(office)
    assert mailbox.last(agent).type == types.PROBLEM_REPORT


@pytest.mark.parametrize("member", ["thid", "pthid"])
def test_a_problem_report_declines_the_offer(
    office: Office, mailbox: Mailbox, agent: PeerAgent, key: Caller, member: str
) -> None:
    made = offer(office, key, degree(office, agent))
    carry(office)
    warned = {member: made.thread_id}
    agent.say(agent.message(ISSUER, types.PROBLEM_REPORT, {"code": "w.m.me"}, **warned))
    assert state_of(office, made) is OfferState.SENT
    agent.say(agent.message(ISSUER, types.PROBLEM_REPORT, {"code": "e.p.no"}, **warned))
    assert (state_of(office, made), thread_state(office, made.thread_id)) == (
        OfferState.DECLINED,
        ThreadState.ABANDONED,
    )
    assert carry(office) == 0


def test_a_proposal_is_answered_by_the_offer_of_a_credential_that_is_there(
    office: Office, mailbox: Mailbox, agent: PeerAgent
) -> None:
    record = degree(office, agent)
    proposed = agent.proposal(ISSUER, WANTED, id="thread-of-theirs")
    agent.say(proposed)
    carry(office)
    offered = mailbox.last(agent)
    assert (offered.type, offered.thread) == (types.OFFER_CREDENTIAL, "thread-of-theirs")
    assert read_detail(offered).credential["id"] == record.credential_id
    agent.say(agent.request(offered))
    carry(office)
    assert agent.credential(mailbox.last(agent)) == json.loads(record.document or b"")
    assert thread_state(office, "thread-of-theirs") is ThreadState.ISSUED


def test_a_proposal_of_what_is_not_there_is_refused(office: Office, mailbox: Mailbox, agent: PeerAgent) -> None:
    revoked = degree(office, agent)
    revoke(office, revoked)
    degree(office, PeerAgent(office, "somebody else"))
    agent.say(agent.proposal(ISSUER, WANTED))
    carry(office)
    assert mailbox.last(agent).type == types.PROBLEM_REPORT
    degree(office, agent)
    agent.say(agent.proposal(ISSUER, {**WANTED, "credentialSubject": {"degree": {"university": "Harvard"}}}))
    carry(office)
    assert mailbox.last(agent).type == types.PROBLEM_REPORT
    assert len(mailbox.posted) == 2


def test_few_offers_of_a_credential_are_made_by_proposals(
    office: Office, mailbox: Mailbox, agent: PeerAgent, clock: MovableClock
) -> None:
    record = degree(office, agent)

    def answered(number: int) -> str:
        """By what a further proposal is answered: the code of a problem, or the message type."""
        agent.say(agent.proposal(ISSUER, WANTED, id=f"proposal-{number}"))
        assert carry(office) == 1
        heard = mailbox.last(agent)
        assert heard.thread == f"proposal-{number}"
        return str(heard.body.get("code", heard.type))

    assert [answered(number) for number in range(4)] == [types.OFFER_CREDENTIAL] * 3 + ["e.p.me.res"]
    # Whoever declines what was offered may ask again, and yet not as often as they like.
    for number in range(4, 11):
        declined = f"proposal-{number - 4 if number < 7 else number - 3}"
        agent.say(agent.message(ISSUER, types.PROBLEM_REPORT, {"code": "e.p.no"}, pthid=declined))
        assert answered(number) == types.OFFER_CREDENTIAL
    agent.say(agent.message(ISSUER, types.PROBLEM_REPORT, {"code": "e.p.no"}, pthid="proposal-10"))
    assert answered(11) == "e.p.me.res"
    clock.move(minutes=61)
    office.offers.expire_due()
    while carry(office):
        pass
    assert answered(12) == types.OFFER_CREDENTIAL
    assert len(office.offers.of_credential(record.credential_id)) == 11


def test_holders_without_a_place_for_messages_are_told_apart(office: Office, mailbox: Mailbox, key: Caller) -> None:
    mailbox.closed = frozenset({"https://closed.example/"})
    homes = {
        "no endpoint": PeerAgent(office, "homeless", endpoint=None),
        "did:key": PeerAgent(office, "key", method="key"),
        "not reachable": PeerAgent(office, "closed", endpoint="https://closed.example/"),
        "another scheme": PeerAgent(office, "socket", endpoint="wss://agent.example/"),
        "this office": PeerAgent(office, "mirror", endpoint=f"{office.public_url}/didcomm"),
    }
    for agent in homes.values():
        record = degree(office, agent)
        with pytest.raises(NoDidcommEndpoint):
            offer(office, key, record)


def test_a_message_that_nobody_takes_is_given_up_after_a_day(
    office: Office, mailbox: Mailbox, agent: PeerAgent, key: Caller, clock: MovableClock
) -> None:
    record = degree(office, agent)
    made = offer(office, key, record)
    carry(office)
    agent.say(agent.request(mailbox.last(agent)))
    mailbox.answers = ["refused"] * 100
    for _ in range(20):
        clock.move(hours=2)
        carry(office)
    view = office.didcomm.thread(key, made.thread_id or "")
    assert view.thread.state is ThreadState.ABANDONED
    with office.units(write=False) as uow:
        row = uow.didcomm.message(view.messages[-1].message_id)
    assert row is not None
    assert row.sealed is None
    assert state_of(office, made) is OfferState.ACCEPTED


def test_issuers_that_send_no_messages_offer_none(office: Office, mailbox: Mailbox, agent: PeerAgent) -> None:
    wish = NewDID(method="jwk", kind=DIDKind.ORGANIZATION)
    issuer = act(office, the_operator(office), lambda uow, me: office.dids.create(uow, me, wish))
    record = degree(office, agent, issuer_did=issuer.did)
    with pytest.raises(NoDidcommEndpoint, match="issuer's DID sends no messages"):
        office.offers.foresee(agent.did, DIDCOMM, issuer)
    with pytest.raises(NoDidcommEndpoint, match="issuer's DID sends no messages"):
        offer(office, api_key_for(office, issuer.did), record)
    assert office.offers.of_credential(record.credential_id) == ()
