"""DIDComm with strangers: PyPI and npm agents open what we seal, we open what they seal, both refuse changes."""

from __future__ import annotations

import http.client
import json
import queue
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from sealwright.protocols.didcomm import types
from sealwright.protocols.didcomm.agreement import x25519_key
from sealwright.protocols.didcomm.errors import MessageRefused
from sealwright.protocols.didcomm.message import Message
from sealwright.protocols.didcomm.packing import open_message, pack
from sealwright.vc.dids.document import DIDDocument, parse_did_document
from sealwright.vc.dids.resolver import GenericResolver
from sealwright.vc.keys import ed25519
from sealwright.vc.keys.ed25519 import Secret32, public_from_private
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.keys.x25519 import private_of_ed25519
from tests.interop.didcomm_agents import StrangeAgent, agent_peer
from tests.interop.peer import Peer, PeerRefused
from tests.support import quick
from tests.support.receivers import loopback
from tests.support.server import ISSUE_BODY, ISSUER, RunningServer, serve

pytestmark = pytest.mark.timeout(240)
ENCRYPTED: Final = "application/didcomm-encrypted+json"
PLAYED: Final = {"id": "1", "typ": "application/didcomm-plain+json", "type": "https://example.org/play/1.0/turn"}


@pytest.fixture(scope="module", params=["python", "node"])
def peer(request: pytest.FixtureRequest) -> Iterator[Peer]:
    with agent_peer(request.param) as running:
        yield running


# ---- envelopes -------------------------------------------------------------------------------------------------------

SEED: Final = Secret32(bytes(range(32)))
OUR_KEY: Final = PublicKey("Ed25519", public_from_private(SEED))
OURS: Final = f"did:key:{OUR_KEY.multikey}"
AGREEING: Final = x25519_key(
    f"{OURS}#{PublicKey('X25519', ed25519.derive_x25519(OUR_KEY.raw)).multikey}", private_of_ed25519(SEED)
)


@pytest.fixture
def agent(peer: Peer) -> StrangeAgent:
    return StrangeAgent(peer, {OURS: GenericResolver().resolve(OURS).document})


def flipped(packed: bytes, member: str) -> bytes:
    envelope = json.loads(packed)
    text = envelope[member]
    return json.dumps({**envelope, member: text[:4] + ("A" if text[4] != "A" else "B") + text[5:]}).encode()


def sealed(agent: StrangeAgent, body: Mapping[str, Any]) -> bytes:
    message = Message(id="1", type=str(PLAYED["type"]), body=dict(body), sender=OURS, to=(agent.did,))
    return pack(message, GenericResolver().resolve(agent.did), sender=AGREEING)


def test_they_open_what_we_seal(agent: StrangeAgent) -> None:
    opened = agent.open(sealed(agent, {"move": "e4", "π": [1, 2.5, None, True]}))
    assert (opened["from"], opened["to"], opened["type"]) == (OURS, [agent.did], PLAYED["type"])
    assert opened["body"] == {"move": "e4", "π": [1, 2.5, None, True]}


@pytest.mark.parametrize("member", ["protected", "ciphertext", "tag", "iv"])
def test_they_refuse_what_was_changed(agent: StrangeAgent, member: str) -> None:
    with pytest.raises(PeerRefused):
        agent.open(flipped(sealed(agent, {}), member))


def test_we_open_what_they_seal(agent: StrangeAgent) -> None:
    for signed_by in (None, agent.did):
        packed = agent.pack(OURS, str(PLAYED["type"]), {"move": "e5"}, signedBy=signed_by)
        opened = open_message(packed, keys={AGREEING.kid: AGREEING}.get, resolver=GenericResolver())
        assert (opened.sender, opened.signer, opened.message.body) == (agent.did, signed_by, {"move": "e5"})
        for member in ("protected", "ciphertext", "tag", "iv"):
            with pytest.raises(MessageRefused):
                open_message(flipped(packed, member), keys={AGREEING.kid: AGREEING}.get, resolver=GenericResolver())


# ---- the running office ----------------------------------------------------------------------------------------------


class Post:
    """The agent's letterbox on loopback."""

    def __init__(self) -> None:
        self._letters: queue.Queue[bytes] = queue.Queue()

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> int:
        assert headers["content-type"] == ENCRYPTED
        self._letters.put(body)
        return 202

    def next(self) -> bytes:
        return self._letters.get(timeout=30)


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with serve("sqlite", program=quick.program(), SEALWRIGHT_OUTBOUND_ALLOW="127.0.0.1") as running:
        yield running


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def holder(peer: Peer, server: RunningServer, post: Post) -> Iterator[StrangeAgent]:
    """A holder whose agent is the stranger, with a place for messages on loopback."""
    answer = server.request("GET", f"/1.0/identifiers/{ISSUER}", accept="application/did+ld+json")
    document: DIDDocument = parse_did_document(answer.json())
    with loopback(post.take) as url:
        yield StrangeAgent(peer, {ISSUER: document}, endpoint=f"{url}/didcomm")


def bring(server: RunningServer, packed: bytes) -> tuple[int, str | None]:
    """Post a message to the office; its status and code."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    try:
        connection.request("POST", "/didcomm", packed, {"Content-Type": ENCRYPTED})
        response = connection.getresponse()
        body = response.read()
        return response.status, json.loads(body)["code"] if body else None
    finally:
        connection.close()


def issue(server: RunningServer, holder: StrangeAgent, **members: Any) -> dict[str, Any]:
    body = {**ISSUE_BODY, "holderDid": holder.did, **members}
    answer = server.request("POST", "/api/v1/credentials/issue", body, key=server.api_key)
    assert answer.status == 201, answer.body
    issued: dict[str, Any] = answer.json()
    return issued


def request_of(holder: StrangeAgent, offered: Mapping[str, Any]) -> bytes:
    """What a holder answers to an offer: the same detail, in the form of the protocol's own text."""
    (attached,) = offered["attachments"]
    members = {"thid": offered["thid"], "attachments": [{**attached, "id": "mine", "format": attached["format"]}]}
    return holder.pack(ISSUER, types.REQUEST_CREDENTIAL, {}, **members)


def test_an_offer_becomes_a_credential(server: RunningServer, holder: StrangeAgent, post: Post) -> None:
    issued = issue(server, holder)
    path = f"/api/v1/credentials/{issued['credentialId']}/offers"
    answer = server.request("POST", path, {"channel": "didcomm"}, key=server.api_key)
    assert answer.status == 201, answer.body
    offer = answer.json()
    offered = holder.open(post.next())
    assert offered["type"] == types.OFFER_CREDENTIAL
    assert offered["thid"] == offer["didcommThreadId"]
    attributes = {one["name"]: one["value"] for one in offered["body"]["credential_preview"]["attributes"]}
    assert attributes["degree.type"] == "BachelorDegree"

    assert bring(server, flipped(request_of(holder, offered), "ciphertext")) == (400, "DIDCOMM_INVALID")
    asked = request_of(holder, offered)
    assert bring(server, asked) == (202, None)
    assert bring(server, asked) == (400, "DIDCOMM_INVALID")
    handed = holder.open(post.next())
    assert handed["type"] == types.ISSUE_CREDENTIAL
    (attached,) = handed["attachments"]
    assert attached["data"]["json"] == issued["credential"]

    acknowledged = holder.pack(ISSUER, types.ISSUE_ACK, {"status": "OK"}, thid=offered["thid"])
    assert bring(server, acknowledged) == (202, None)
    thread = server.request("GET", f"/api/v1/didcomm/threads/{offered['thid']}", key=server.api_key).json()
    assert thread["state"] == "done"
    assert [one["direction"] for one in thread["messages"]] == ["outbound", "inbound", "outbound", "inbound"]
    ended = server.request("GET", f"/api/v1/offers/{offer['offerId']}", key=server.api_key).json()
    assert ended["state"] == "delivered"


def test_a_holder_proposes_and_another_one_gets_nothing(
    server: RunningServer, holder: StrangeAgent, peer: Peer, post: Post
) -> None:
    issued = issue(server, holder)
    detail = {"credential": {"id": issued["credentialId"]}, "options": {"proofType": "Ed25519Signature2020"}}
    attached = {"id": "0", "format": "aries/ld-proof-vc-detail@v1.0", "data": {"json": detail}}
    proposed = {"attachments": [attached]}
    stranger = StrangeAgent(peer, holder.office, holder.endpoint, "stranger")
    assert bring(server, stranger.pack(ISSUER, types.PROPOSE_CREDENTIAL, {}, **proposed)) == (202, None)
    assert stranger.open(post.next())["type"] == types.PROBLEM_REPORT
    assert bring(server, holder.pack(ISSUER, types.PROPOSE_CREDENTIAL, {}, **proposed)) == (202, None)
    offered = holder.open(post.next())
    assert offered["type"] == types.OFFER_CREDENTIAL

    revoked = {"credentialId": issued["credentialId"], "reason": "interop"}
    assert server.request("POST", "/api/v1/credentials/revoke", revoked, key=server.api_key).status == 200
    ended = holder.open(post.next())
    assert (ended["type"], ended["pthid"]) == (types.PROBLEM_REPORT, offered["thid"])
    assert bring(server, request_of(holder, offered)) == (400, "DIDCOMM_INVALID")


def test_pings_and_features_are_answered(server: RunningServer, holder: StrangeAgent, post: Post) -> None:
    assert bring(server, holder.pack(ISSUER, types.PING, {"response_requested": True})) == (202, None)
    assert holder.open(post.next())["type"] == types.PING_RESPONSE
    late = holder.pack(ISSUER, types.PING, {}, expires_time=1_700_000_000)
    assert bring(server, late) == (400, "DIDCOMM_INVALID")
    queries = {"queries": [{"feature-type": "protocol", "match": "https://didcomm.org/issue-credential/*"}]}
    assert bring(server, holder.pack(ISSUER, types.QUERIES, queries)) == (202, None)
    told = holder.open(post.next())
    assert [one["id"] for one in told["body"]["disclosures"]] == [types.ISSUE]


def test_a_packed_message_is_theirs_to_carry(server: RunningServer, holder: StrangeAgent) -> None:
    ping = {"type": types.PING, "body": {}}
    body = {"from": ISSUER, "to": holder.did, "message": ping, "transport": "return"}
    answer = server.request("POST", "/api/v1/didcomm/send", body, key=server.api_key)
    assert answer.status == 200, answer.body
    assert holder.open(json.dumps(answer.json()["packed"]).encode())["type"] == types.PING
