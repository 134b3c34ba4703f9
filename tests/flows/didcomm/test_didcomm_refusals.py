"""What the inbox refuses, and the small protocols that anybody may speak."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from sealwright.domain.delivery_errors import DidcommInvalid
from sealwright.domain.dids import DIDKind
from sealwright.protocols.didcomm import types
from sealwright.protocols.didcomm.encryption import MAX_ENVELOPE
from sealwright.protocols.didcomm.packing import agreement_keys, open_message, pack_bytes
from sealwright.protocols.didcomm.small import forward, read_forward
from sealwright.services.dids import ImportedDID, ImportedKey, NewDID
from sealwright.services.office import Office
from sealwright.vc.encoding.multibase import base64url_decode, base64url_encode
from sealwright.vc.keys.ed25519 import Ed25519Signer, Secret32
from sealwright.vc.keys.multikey import PublicKey
from tests.support.desk import act
from tests.support.didcomm_peer import AGENT_URL, Mailbox, PeerAgent
from tests.support.office import HOLDER, ISSUER, the_operator
from tests.support.review import audit_rows

OUTGOING = "https://didcomm.org/basicmessage/2.0/message"


def plain(agent: PeerAgent, **members: Any) -> dict[str, Any]:
    """A ping as JSON; members that a test sets to None are left out."""
    source = {**agent.message(ISSUER, types.PING).to_json(), **members}
    return {name: value for name, value in source.items() if value is not None}


def signed(agent: PeerAgent, source: dict[str, Any]) -> dict[str, Any]:
    protected = base64url_encode(b'{"typ":"application/didcomm-signed+json","alg":"EdDSA"}')
    payload = base64url_encode(json.dumps(source).encode())
    signature = agent.signer.sign(f"{protected}.{payload}".encode())
    header = {"kid": agent.signing_kid}
    return {
        "payload": payload,
        "signatures": [{"protected": protected, "signature": base64url_encode(signature), "header": header}],
    }


def header_changed(packed: bytes, **members: Any) -> bytes:
    envelope = json.loads(packed)
    protected = {**json.loads(base64url_decode(envelope["protected"])), **members}
    return json.dumps({**envelope, "protected": base64url_encode(json.dumps(protected).encode())}).encode()


def flipped(packed: bytes, member: str) -> bytes:
    envelope = json.loads(packed)
    text = envelope[member]
    return json.dumps({**envelope, member: text[:4] + ("A" if text[4] != "A" else "B") + text[5:]}).encode()


def bad_messages(office: Office, agent: PeerAgent) -> dict[str, bytes]:
    """Everything that must not be taken in, by what is wrong with it."""
    now = int(office.clock.now().timestamp())
    stranger = PeerAgent(office, "stranger")
    good = agent.pack(agent.message(ISSUER, types.PING))
    own_keys = agreement_keys(agent.resolver.resolve(ISSUER))

    def raw(**members: Any) -> bytes:
        return agent.pack_raw(plain(agent, **members), ISSUER)

    def linked(**data: Any) -> bytes:
        return raw(attachments=[{"id": "1", "data": data}])

    nested: Any = plain(agent)
    for _ in range(40):
        nested = {"body": nested}
    return {
        "empty": b"",
        "no JSON": b"\x00\xff",
        "a list": b"[]",
        "plain": json.dumps(plain(agent)).encode(),
        "signed only": json.dumps(signed(agent, plain(agent))).encode(),
        "anonymous": agent.pack_raw(plain(agent), ISSUER, sender=False),
        "anonymous and signed": agent.pack_raw(signed(agent, plain(agent)), ISSUER, sender=False),
        "sender of another key": raw(**{"from": stranger.did}),
        "no sender named": raw(**{"from": None}),
        "sender a DID URL": raw(**{"from": f"{agent.did}#key-2"}),
        "signed by another": agent.pack_raw(signed(stranger, plain(stranger)), ISSUER),
        "signed, for nobody": agent.pack_raw(signed(agent, plain(agent, to=None)), ISSUER),
        "for somebody else": raw(to=[HOLDER]),
        "for a key of others": pack_bytes(
            json.dumps(plain(agent)).encode(), [("did:example:x#1", agent.key.public_key)], sender=agent.key
        ),
        "wrong key id of ours": pack_bytes(
            json.dumps(plain(agent)).encode(), [(f"{ISSUER}#key-1", own_keys[0][1])], sender=agent.key
        ),
        "expired": raw(expires_time=now),
        "of the future": raw(created_time=now + 61),
        "older than we remember": raw(created_time=now - 30 * 86_400 - 1),
        "time as text": raw(created_time="now"),
        "time as boolean": raw(expires_time=True),
        "linked attachment": linked(links=["https://evil.example/"], hash="x"),
        "linked beside json": linked(links=["https://evil.example/"], json={}),
        "attachment without data": raw(attachments=[{"id": "1"}]),
        "attachment of nothing": linked(),
        "attachment of no JSON": linked(base64=base64url_encode(b"\x00")),
        "no id": raw(id=None),
        "id with a blank": raw(id="a b"),
        "long id": raw(id="a" * 129),
        "no type": raw(type=None),
        "body a list": raw(body=[]),
        "another media type": raw(typ="application/json"),
        "too deep": agent.pack_raw(nested, ISSUER),
        "duplicate member": pack_bytes(b'{"id":"1","id":"2","type":"t"}', own_keys, sender=agent.key),
        "unknown method of sender": header_changed(
            good, skid="did:example:1#1", apu=base64url_encode(b"did:example:1#1")
        ),
        "did:web is not looked up": header_changed(
            good, skid="did:web:x.example#1", apu=base64url_encode(b"did:web:x.example#1")
        ),
        "two senders": header_changed(good, skid=f"{agent.did}#key-9"),
        "compressed": header_changed(good, zip="DEF"),
        "critical extension": header_changed(good, crit=["x"], x=1),
        "another algorithm": header_changed(good, alg="ECDH-ES"),
        "password": header_changed(good, alg="PBES2-HS512+A256KW", p2c=10_000_000, p2s="AAAA"),
        "weak key": header_changed(good, epk={"kty": "OKP", "crv": "X25519", "x": base64url_encode(bytes(32))}),
        "content changed": flipped(good, "ciphertext"),
        "tag changed": flipped(good, "tag"),
        "too large": b'{"ciphertext":"' + b"A" * MAX_ENVELOPE + b'"}',
        "a forward for others": agent.pack_raw(
            forward("f1", stranger.did, stranger.pack(stranger.message(ISSUER, types.PING)), to=ISSUER).to_json(),
            ISSUER,
            sender=False,
        ),
        "an answer to nothing": agent.pack(agent.message(ISSUER, types.PING_RESPONSE, thid="nothing")),
        "an ack of nothing": agent.pack(agent.message(ISSUER, types.ISSUE_ACK, thid="nothing")),
        "a request of nothing": agent.pack(agent.message(ISSUER, types.REQUEST_CREDENTIAL, thid="nothing")),
        "a proposal of nothing": agent.pack(agent.message(ISSUER, types.PROPOSE_CREDENTIAL)),
        "a presentation of nothing": agent.pack(agent.message(ISSUER, types.PRESENTATION, thid="nothing")),
        "a report of nothing": agent.pack(agent.message(ISSUER, types.PROBLEM_REPORT, pthid="nothing")),
        "queries of no list": agent.pack(agent.message(ISSUER, types.QUERIES, {"queries": "*"})),
    }


def is_taken_in(office: Office, packed: bytes) -> bool:
    try:
        office.didcomm.receive(packed)
    except DidcommInvalid:
        return False
    return True


def test_bad_messages_are_refused_and_leave_nothing(office: Office, mailbox: Mailbox, agent: PeerAgent) -> None:
    before = audit_rows(office)
    messages = bad_messages(office, agent)
    assert len(messages) == 52
    assert [name for name, packed in messages.items() if is_taken_in(office, packed)] == []
    assert audit_rows(office) == before
    assert office.dispatching.work_once() == 0
    agent.say(agent.message(ISSUER, types.PING))
    assert office.dispatching.work_once() == 1


def test_what_only_looks_odd_is_taken_in(office: Office, mailbox: Mailbox, agent: PeerAgent) -> None:
    now = int(office.clock.now().timestamp())
    for packed in (
        agent.pack_raw(signed(agent, plain(agent)), ISSUER),
        agent.pack_raw(plain(agent, to=None, typ=None, body=None), ISSUER),
        agent.pack_raw(plain(agent, created_time=now + 60, expires_time=now + 1, surprise={"x": 1}), ISSUER),
        pack_bytes(
            agent.pack(agent.message(ISSUER, types.PING)), agreement_keys(agent.resolver.resolve(ISSUER)), sender=None
        ),
    ):
        office.didcomm.receive(packed)
        assert office.dispatching.work_once() == 1
        assert mailbox.last(agent).type == types.PING_RESPONSE


def test_a_ping_is_answered_unless_it_wants_nothing(office: Office, mailbox: Mailbox, agent: PeerAgent) -> None:
    ping = agent.message(ISSUER, types.PING)
    agent.say(ping)
    office.dispatching.work_once()
    pong = mailbox.last(agent)
    assert (pong.type, pong.thid, pong.sender) == (types.PING_RESPONSE, ping.id, ISSUER)
    agent.say(agent.message(ISSUER, types.PING, {"response_requested": False}))
    assert office.dispatching.work_once() == 0
    with pytest.raises(DidcommInvalid, match="answers nothing of ours"):
        agent.say(agent.message(ISSUER, types.PING_RESPONSE, thid=ping.id))


def test_features_are_disclosed_as_far_as_they_are_asked_for(
    office: Office, mailbox: Mailbox, agent: PeerAgent
) -> None:
    def ask(match: str, kind: str = "protocol") -> list[str]:
        agent.say(agent.message(ISSUER, types.QUERIES, {"queries": [{"feature-type": kind, "match": match}]}))
        office.dispatching.work_once()
        told: Any = mailbox.last(agent).body["disclosures"]
        return [one["id"] for one in told]

    assert "https://didcomm.org/issue-credential/3.0" in ask("*")
    assert ask("https://didcomm.org/trust-ping/*") == ["https://didcomm.org/trust-ping/2.0"]
    assert ask("https://didcomm.org/[a-z]*") == []
    assert ask("max_receive_bytes", "constraint") == ["max_receive_bytes"]
    assert ask("*", "goal-code") == []


def test_unknown_types_are_answered_by_a_problem_once(office: Office, mailbox: Mailbox, agent: PeerAgent) -> None:
    message = agent.message(ISSUER, OUTGOING, {"content": "hello"})
    agent.say(message)
    office.dispatching.work_once()
    problem = mailbox.last(agent)
    assert (problem.type, problem.pthid, problem.body["code"]) == (
        types.PROBLEM_REPORT,
        message.id,
        "e.m.msg.unsupported",
    )
    with pytest.raises(DidcommInvalid, match="no such thread"):
        agent.say(agent.message(ISSUER, types.PROBLEM_REPORT, {"code": "e.p.me"}, pthid=message.id))
    assert "hello" not in json.dumps(audit_rows(office))
    assert OUTGOING not in json.dumps(audit_rows(office))


def test_a_mediator_may_wrap_what_is_for_us(office: Office, mailbox: Mailbox, agent: PeerAgent) -> None:
    inner = agent.pack(agent.message(ISSUER, types.PING))
    for following in (ISSUER, f"{ISSUER}#agreement-1"):
        wrapped = agent.pack_raw(forward("f", following, inner, to=ISSUER).to_json(), ISSUER, sender=False)
        if following == ISSUER:
            office.didcomm.receive(wrapped)
            assert office.dispatching.work_once() == 1
        else:
            with pytest.raises(DidcommInvalid, match="received before"):
                office.didcomm.receive(wrapped)
    twice = agent.pack_raw(
        forward(
            "g",
            ISSUER,
            agent.pack_raw(forward("f", ISSUER, inner, to=ISSUER).to_json(), ISSUER, sender=False),
            to=ISSUER,
        ).to_json(),
        ISSUER,
        sender=False,
    )
    with pytest.raises(DidcommInvalid):
        office.didcomm.receive(twice)


def test_messages_go_through_the_mediators_of_their_recipient(office: Office, mailbox: Mailbox) -> None:
    far, near = PeerAgent(office, "far", endpoint="https://far.example/"), PeerAgent(office, "near", endpoint=None)
    agent = PeerAgent(office, "behind", endpoint=far.did, routing=(near.key.kid,))
    agent.say(agent.message(ISSUER, types.PING))
    office.dispatching.work_once()
    ((url, packed),) = mailbox.posted
    assert url == "https://far.example/"

    def unwrapped(mediator: PeerAgent, body: bytes) -> tuple[Any, bytes]:
        opened = open_message(body, keys={mediator.key.kid: mediator.key}.get, resolver=mediator.resolver)
        assert opened.message.type == types.FORWARD
        following, (inner,) = read_forward(opened.message)
        return following, inner

    following, packed = unwrapped(far, packed)
    assert following == near.key.kid
    following, packed = unwrapped(near, packed)
    assert following == agent.did
    assert agent.open(packed).type == types.PING_RESPONSE


# ---- keys ------------------------------------------------------------------------------------------------------------


def agreement_of(office: Office, did: str) -> tuple[str, ...]:
    return tuple(kid for kid, _ in agreement_keys(PeerAgent(office).resolver.resolve(did)))


def made(office: Office, **members: Any) -> str:
    wish = NewDID(**members)
    return act(office, the_operator(office), lambda uow, me: office.dids.create(uow, me, wish)).did


@pytest.mark.parametrize("kind", [DIDKind.ORGANIZATION, DIDKind.PLATFORM, DIDKind.AGENT])
def test_these_kinds_take_messages_from_their_first_day(office: Office, kind: DIDKind) -> None:
    for method in ("adi", "web") if kind is not DIDKind.AGENT else ("adi",):
        path = kind.value if method == "web" else None
        operator = ISSUER if kind is DIDKind.AGENT else None
        did = made(office, method=method, kind=kind, path=path, operator=operator)
        record = office.dids.get(did)
        document = json.loads(record.document)
        assert record.version == 1
        assert document["keyAgreement"] == [f"{did}#agreement-1"]
        assert document["service"] == [
            {
                "id": f"{did}#didcomm",
                "type": "DIDCommMessaging",
                "serviceEndpoint": {
                    "uri": f"{office.public_url}/didcomm",
                    "accept": ["didcomm/v2"],
                    "routingKeys": [],
                },
            }
        ]
        agent = PeerAgent(office)
        agent.say(agent.message(did, types.PING))


def test_other_dids_get_what_they_need_when_they_first_send(office: Office, mailbox: Mailbox, agent: PeerAgent) -> None:
    assert "keyAgreement" not in json.loads(office.dids.get(HOLDER).document)
    assert agreement_of(office, HOLDER) == ()
    key = office.didcomm.post.sender(HOLDER)
    record = office.dids.get(HOLDER)
    assert (record.version, key.kid) == (2, f"{HOLDER}#agreement-1")
    assert [row["action"] for row in audit_rows(office) if row["object"]["id"] == HOLDER][-1] == "did.updated"
    assert office.didcomm.post.sender(HOLDER) == key
    assert office.dids.get(HOLDER).version == 2


def test_rotation_gives_a_new_key_and_the_old_one_opens_nothing(
    office: Office, mailbox: Mailbox, agent: PeerAgent
) -> None:
    late = agent.pack(agent.message(ISSUER, types.PING))
    act(office, the_operator(office), lambda uow, me: office.dids.rotate(uow, me, ISSUER))
    assert agreement_of(office, ISSUER) == (f"{ISSUER}#agreement-2",)
    with pytest.raises(DidcommInvalid):
        office.didcomm.receive(late)
    agent.say(agent.message(ISSUER, types.PING))
    assert office.dispatching.work_once() == 1
    assert mailbox.last(agent).type == types.PING_RESPONSE


def test_what_was_deactivated_talks_no_more(office: Office, mailbox: Mailbox, agent: PeerAgent) -> None:
    agent.say(agent.message(ISSUER, types.PING))
    late = agent.pack(agent.message(ISSUER, types.PING))
    act(office, the_operator(office), lambda uow, me: office.dids.deactivate(uow, me, ISSUER))
    with pytest.raises(DidcommInvalid):
        office.didcomm.receive(late)
    office.dispatching.work_once()
    assert mailbox.posted == []


def test_a_did_key_agrees_by_the_form_that_its_method_derives(
    office: Office, mailbox: Mailbox, agent: PeerAgent
) -> None:
    did = made(office, method="key", kind=DIDKind.ORGANIZATION)
    assert office.didcomm.post.sender(did).kid in agreement_of(office, did)
    agent.say(agent.message(did, types.PING))
    office.dispatching.work_once()
    assert mailbox.last(agent).sender == did


def test_two_deliveries_at_one_moment_count_once(office: Office, mailbox: Mailbox, agent: PeerAgent) -> None:
    message = agent.message(ISSUER, types.PING, id="same")
    digest = hashlib.sha256(f"{agent.did}\x00same".encode()).digest()
    with office.units() as uow:
        assert uow.spent.spend("didcomm", digest, office.clock.now())
        uow.commit()
    with pytest.raises(DidcommInvalid):
        agent.say(message)
    PeerAgent(office, "other").say(PeerAgent(office, "other").message(ISSUER, types.PING, id="same"))


def test_services_of_an_imported_document_outlive_its_changes(
    office: Office, mailbox: Mailbox, agent: PeerAgent
) -> None:
    did, seed = "did:web:elsewhere.example", Secret32(b"\x07" * 32)
    signer = Ed25519Signer(seed)
    jwk: dict[str, Any] = {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": base64url_encode(signer.public_key),
        "d": base64url_encode(seed.reveal()),
    }
    services = [
        {"id": "#mediator", "type": ["Other", "DIDCommMessaging"], "serviceEndpoint": {"uri": AGENT_URL}},
        {"id": f"{did}#site", "type": "LinkedDomains", "serviceEndpoint": "https://elsewhere.example"},
        {"id": f"{did}#site", "type": "LinkedDomains", "serviceEndpoint": "https://twice.example"},
        {"type": "Nameless", "serviceEndpoint": "https://elsewhere.example"},
        "no service",
    ]
    method = {
        "id": f"{did}#key-1",
        "type": "Ed25519VerificationKey2020",
        "controller": did,
        "publicKeyMultibase": PublicKey("Ed25519", signer.public_key).multikey,
    }
    source: dict[str, Any] = {"id": did, "verificationMethod": [method], "service": services}
    wish = ImportedDID(did, document=source, keys=(ImportedKey(private_key_jwk=jwk),))
    admin = the_operator(office)
    act(office, admin, lambda uow, me: office.dids.import_did(uow, me, wish))
    assert json.loads(office.dids.get(did).document) == source

    act(office, the_operator(office), lambda uow, me: office.dids.enable_messaging(uow, me, did))
    published = json.loads(office.dids.get(did).document)
    assert published["keyAgreement"] == [f"{did}#agreement-1"]
    assert published["service"] == [
        {"id": f"{did}#mediator", "type": "DIDCommMessaging", "serviceEndpoint": {"uri": AGENT_URL}},
        {"id": f"{did}#site", "type": "LinkedDomains", "serviceEndpoint": "https://elsewhere.example"},
    ]
