"""DIDComm over HTTP: the inbox, sending as a DID of one's own, threads, presentations, and every refusal's answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sealwright.protocols.didcomm import types
from sealwright.protocols.didcomm.issuing import read_attached
from sealwright.protocols.didcomm.message import Attachment, Message
from sealwright.services.didcomm_presenting import (
    DCQL_FORMAT,
    DCQL_SHOWN_FORMAT,
    DEFINITION_FORMAT,
    SUBMISSION_FORMAT,
)
from sealwright.vc.proofs.signing import ProofOptions, attach, prepare, with_suite_context
from sealwright.web.api.shapes.didcomm import PACKED, SENT, THREAD
from sealwright.web.shape import compile_schema
from tests.support.didcomm_peer import Mailbox, PeerAgent
from tests.support.office import HOLDER, ISSUER, PUBLIC_URL
from tests.web.client import Answer
from tests.web.conftest import Served, degree

SEND = "/api/v1/didcomm/send"
ENCRYPTED = "application/didcomm-encrypted+json"
PING = {"type": types.PING, "body": {}}


@pytest.fixture
def mailbox(served: Served) -> Iterator[Mailbox]:
    yield Mailbox().stand_in(served.office)
    while served.office.dispatching.work_once():
        pass


@pytest.fixture
def agent(served: Served) -> PeerAgent:
    return PeerAgent(served.office)


def fits(schema: Any, body: Any) -> None:
    assert [error.message for error in compile_schema(schema).iter_errors(body)] == []


def bring(served: Served, packed: bytes, path: str = "/didcomm", content_type: str = ENCRYPTED) -> Answer:
    return served.client.call("POST", path, raw=packed, content_type=content_type)


def send(served: Served, to: str, token: str | None = None, **members: Any) -> Answer:
    body = {"from": ISSUER, "to": to, **members}
    return served.client.call("POST", SEND, body, token=served.key if token is None else token)


@pytest.mark.parametrize("path", ["/didcomm", "/didcomm/receive", "/api/v1/didcomm/receive"])
def test_messages_are_taken_in_without_a_word(served: Served, mailbox: Mailbox, agent: PeerAgent, path: str) -> None:
    answer = bring(served, agent.pack(agent.message(ISSUER, types.PING)), path)
    assert (answer.status, answer.body) == (202, b"")
    assert "content-type" not in answer.headers
    assert served.office.dispatching.work_once() == 1
    assert mailbox.last(agent).type == types.PING_RESPONSE


def test_nothing_else_is_taken_in(served: Served, mailbox: Mailbox, agent: PeerAgent) -> None:
    packed = agent.pack(agent.message(ISSUER, types.PING))
    plain = agent.message(ISSUER, types.PING).to_bytes()
    before = served.audit_size()
    for body, content_type in (
        (plain, "application/didcomm-plain+json"),
        (plain, ENCRYPTED),
        (packed, "application/json"),
        (packed[:-1], ENCRYPTED),
        (b"", ENCRYPTED),
    ):
        answer = bring(served, body, content_type=content_type)
        assert (answer.status, answer.code) == (400, "DIDCOMM_INVALID")
        assert agent.did not in answer.body.decode()
    assert bring(served, packed, content_type="text/plain").code == "UNSUPPORTED_MEDIA_TYPE"
    assert bring(served, b"{" + b" " * 1_048_576).code == "PAYLOAD_TOO_LARGE"
    assert served.audit_size() == before
    assert bring(served, packed).status == 202
    assert bring(served, packed).code == "DIDCOMM_INVALID"


def test_a_message_is_sent_and_its_thread_read(served: Served, mailbox: Mailbox, agent: PeerAgent) -> None:
    answer = send(served, agent.did, message=PING)
    assert answer.status == 202, answer.body
    sent = answer.json()
    fits({**SENT, "additionalProperties": False}, sent)
    served.office.dispatching.work_once()
    ping = mailbox.last(agent)
    assert (ping.id, ping.thread, ping.type) == (sent["messageId"], sent["threadId"], types.PING)
    agent.say(agent.message(ISSUER, types.PING_RESPONSE, thid=ping.thread))
    path = f"/api/v1/didcomm/threads/{sent['threadId']}"
    thread = served.client.call("GET", path, token=served.key).json()
    fits({**THREAD, "additionalProperties": False}, thread)
    assert thread["state"] == "message"
    assert [(one["type"], one["direction"]) for one in thread["messages"]] == [
        (types.PING, "outbound"),
        (types.PING_RESPONSE, "inbound"),
    ]
    for token in (served.holder_key, served.person):
        assert served.client.call("GET", path, token=token).code == "THREAD_NOT_FOUND"
    assert served.client.call("GET", "/api/v1/didcomm/threads/thr_none", token=served.key).code == "THREAD_NOT_FOUND"
    assert served.client.call("GET", path).code == "UNAUTHENTICATED"


def test_a_packed_message_is_given_back(served: Served, mailbox: Mailbox, agent: PeerAgent) -> None:
    answer = served.client.call(
        "POST",
        "/didcomm/send",
        {"from": ISSUER, "to": agent.did, "message": PING, "transport": "return"},
        token=served.key,
    )
    assert answer.status == 200, answer.body
    packed = answer.json()
    fits({**PACKED, "additionalProperties": False}, packed)
    assert agent.open(json.dumps(packed["packed"]).encode()).id == packed["messageId"]
    assert served.office.dispatching.work_once() == 0
    homeless = PeerAgent(served.office, "homeless", endpoint=None)
    assert send(served, homeless.did, message=PING, transport="return").status == 200


def test_an_offer_is_sent_or_given_back(served: Served, mailbox: Mailbox, agent: PeerAgent) -> None:
    issued = served.issue(holderDid=agent.did)["credentialId"]
    answer = send(served, agent.did, credentialId=issued)
    assert (answer.status, answer.json()["state"]) == (202, "offered")
    served.office.dispatching.work_once()
    assert mailbox.last(agent).type == types.OFFER_CREDENTIAL

    returned = send(served, agent.did, credentialId=issued, transport="return").json()
    offered = agent.open(json.dumps(returned["packed"]).encode())
    (offer,) = [
        one
        for one in served.client.call("GET", f"/api/v1/offers?credentialId={issued}", token=served.key).json()["data"]
        if one["didcommThreadId"] == returned["threadId"]
    ]
    assert (offer["channel"], offer["state"]) == ("didcomm", "sent")
    assert bring(served, agent.pack(agent.request(offered))).status == 202
    served.office.dispatching.work_once()
    assert agent.credential(mailbox.last(agent))["id"] == issued
    assert served.client.call("GET", f"/api/v1/offers/{offer['offerId']}/qr.svg", token=served.key).status == 404


def test_an_idempotency_key_sends_once(served: Served, mailbox: Mailbox, agent: PeerAgent) -> None:
    calls = [
        served.client.call(
            "POST",
            SEND,
            {"from": ISSUER, "to": agent.did, "message": PING},
            token=served.key,
            headers=[("Idempotency-Key", "didcomm-1")],
        )
        for _ in range(2)
    ]
    assert calls[0].body == calls[1].body
    assert calls[1].headers["idempotent-replayed"] == "true"
    assert served.office.dispatching.work_once() == 1


def test_refused_sends_have_their_codes(served: Served, mailbox: Mailbox, agent: PeerAgent) -> None:
    other = PeerAgent(served.office, "other")
    credential = served.issue(holderDid=agent.did)["credentialId"]
    revoked = served.issue(holderDid=agent.did)["credentialId"]
    served.client.call("POST", "/api/v1/credentials/revoke", {"credentialId": revoked, "reason": "x"}, token=served.key)
    linked = {**PING, "attachments": [{"data": {"links": ["https://x.example"]}}]}
    both = {**PING, "attachments": [{"data": {"json": {}, "base64": "e30"}}]}
    asking = {"type": types.REQUEST_PRESENTATION, "body": {}}
    before = served.audit_size()
    cases: list[tuple[Answer, int, str]] = [
        (send(served, agent.did, token=served.holder_key, message=PING), 403, "ISSUER_NOT_AUTHORIZED"),
        (send(served, agent.did, message=PING, **{"from": "did:adi:nobody"}), 404, "ISSUER_NOT_FOUND"),
        (send(served, "did:adi:nobody", message=PING), 404, "HOLDER_NOT_FOUND"),
        (send(served, "did:example:1", message=PING), 404, "HOLDER_NOT_FOUND"),
        (send(served, HOLDER, message=PING), 409, "NO_DIDCOMM_ENDPOINT"),
        (
            send(served, PeerAgent(served.office, "homeless", endpoint=None).did, message=PING),
            409,
            "NO_DIDCOMM_ENDPOINT",
        ),
        *(
            (send(served, PeerAgent(served.office, "odd", endpoint=odd).did, message=PING), 409, "NO_DIDCOMM_ENDPOINT")
            for odd in ("https://[x/", "https://\u2100/", "https://[::1")
        ),
        (send(served, agent.did, credentialId="urn:uuid:none"), 404, "CREDENTIAL_NOT_FOUND"),
        (send(served, other.did, credentialId=credential), 403, "HOLDER_MISMATCH"),
        (send(served, agent.did, credentialId=revoked), 409, "NOT_DELIVERABLE"),
        (send(served, agent.did), 422, "MISSING_FIELD"),
        (send(served, agent.did, message=PING, credentialId=credential), 422, "CONFLICTING_FIELDS"),
        (send(served, "nobody", message=PING), 422, "INVALID_DID"),
        (send(served, agent.did, message=linked), 422, "UNKNOWN_FIELD"),
        (send(served, agent.did, message=both), 422, "INVALID_VALUE"),
        (send(served, agent.did, message=asking), 422, "INVALID_VALUE"),
        (send(served, agent.did, message={**PING, "type": types.ISSUE_CREDENTIAL}), 422, "INVALID_VALUE"),
        (send(served, agent.did, message={**PING, "surprise": 1}), 422, "UNKNOWN_FIELD"),
        (send(served, agent.did, message=PING, transport="pigeon"), 422, "INVALID_VALUE"),
    ]
    assert [(answer.status, answer.code) for answer, _, _ in cases] == [(status, code) for _, status, code in cases]
    assert served.audit_size() == before
    assert served.office.dispatching.work_once() == 0
    holder = served.client.call(
        "POST", SEND, {"from": HOLDER, "to": agent.did, "credentialId": credential}, token=served.holder_key
    )
    assert holder.code == "NOT_ISSUER_OF_CREDENTIAL"
    assert served.audit_size() == before


# ---- presentations ---------------------------------------------------------------------------------------------------


def ask(served: Served, agent: PeerAgent) -> Message:
    field = {"path": ["$.credentialSubject.degree.university"], "filter": {"type": "string"}}
    descriptor = {"id": "degree", "constraints": {"fields": [field]}}
    definition = {"presentation_definition": {"id": "1", "input_descriptors": [descriptor]}}
    attachment = {"id": "0", "format": DEFINITION_FORMAT, "data": {"json": definition}}
    message = {"type": types.REQUEST_PRESENTATION, "body": {"will_confirm": True}, "attachments": [attachment]}
    answer = send(served, agent.did, message=message, transport="return")
    assert answer.json()["state"] == "presentation_requested"
    return agent.open(json.dumps(answer.json()["packed"]).encode())


def shown(served: Served, agent: PeerAgent, asked: Message, credential: Any, **changes: str) -> Message:
    wanted: Any = read_attached(asked, changes.get("form", DEFINITION_FORMAT))["options"]
    presentation = {
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "type": ["VerifiablePresentation"],
        "holder": agent.did,
        "verifiableCredential": credential if isinstance(credential, list) else [credential],
    }
    options = ProofOptions(
        "Ed25519Signature2020",
        agent.signing_kid,
        served.clock.now(),
        purpose="authentication",
        challenge=changes.get("challenge", wanted["challenge"]),
        domain=changes.get("domain", wanted["domain"]),
    )
    prepared = prepare(with_suite_context(presentation, options.suite), options, served.office.verifier._canon)
    data = attach(prepared, agent.signer.sign(prepared.data_to_sign))
    return agent.message(
        ISSUER,
        types.PRESENTATION,
        thid=asked.thread,
        attachments=(Attachment(data, id="0", format=SUBMISSION_FORMAT),),
    )


def state_of(served: Served, message: Message) -> str:
    path = f"/api/v1/didcomm/threads/{message.thread}"
    return str(served.client.call("GET", path, token=served.key).json()["state"])


def report_of(served: Served, message: Message) -> dict[str, Any]:
    path = f"/api/v1/didcomm/threads/{message.thread}"
    report: dict[str, Any] = served.client.call("GET", path, token=served.key).json()["presentation"]
    return report


def failed(report: dict[str, Any]) -> set[str]:
    inner = [check for one in report["credentials"] for check in one["credentialReport"]["checks"]]
    return {one["name"] for one in (*report["checks"], *inner) if one["outcome"] == "failed"}


def test_what_is_asked_for_is_matched_exactly(served: Served, mailbox: Mailbox, agent: PeerAgent) -> None:
    credential = served.issue(holderDid=agent.did)["credential"]
    extra = served.issue(holderDid=agent.did)["credential"]
    first, second = ask(served, agent), ask(served, agent)
    # What was made for another thread's challenge shows nothing in this one.
    replayed = agent.message(
        ISSUER, types.PRESENTATION, thid=second.thread, attachments=shown(served, agent, first, credential).attachments
    )
    assert bring(served, agent.pack(replayed)).status == 202
    assert state_of(served, second) == "abandoned"
    assert "challenge" in failed(report_of(served, second))
    assert bring(served, agent.pack(shown(served, agent, first, [credential, extra]))).status == 202
    assert state_of(served, first) == "abandoned"
    assert failed(report_of(served, first)) == {"asked"}
    served.office.dispatching.work_once()
    served.office.dispatching.work_once()
    assert mailbox.last(agent).type == types.PROBLEM_REPORT


def test_dcql_is_asked_and_answered_in_messages(served: Served, agent: PeerAgent) -> None:
    credential = served.issue(holderDid=agent.did)["credential"]
    full = served.office.presenting.queries._candidates.of(credential)
    assert full is not None
    kinds = sorted(one for one in full.types if ":" in one)
    claims = [{"path": ["credentialSubject", "degree", "university"], "values": ["MIT"]}]
    query = {"id": "d", "format": "ldp_vc", "meta": {"type_values": [kinds]}, "claims": claims}
    attachment = {"format": DCQL_FORMAT, "data": {"json": {"dcql_query": {"credentials": [query]}}}}
    message = {"type": types.REQUEST_PRESENTATION, "body": {}, "attachments": [attachment]}
    sent = send(served, agent.did, message=message, transport="return")
    asked = agent.open(json.dumps(sent.json()["packed"]).encode())
    made = shown(served, agent, asked, credential, form=DCQL_FORMAT).attachments[0].data
    token = Attachment({"vp_token": {"d": [made]}}, id="0", format=DCQL_SHOWN_FORMAT)  # type: ignore[dict-item]
    answer = agent.message(ISSUER, types.PRESENTATION, thid=asked.thread, attachments=(token,))
    for nothing in ({}, {"vp_token": {"x": [made]}}, {"vp_token": {"d": []}}):
        one = Attachment(nothing, id="0", format=DCQL_SHOWN_FORMAT)  # type: ignore[arg-type]
        unread = agent.message(ISSUER, types.PRESENTATION, thid=asked.thread, attachments=(one,))
        assert bring(served, agent.pack(unread)).code == "DIDCOMM_INVALID"
    assert bring(served, agent.pack(answer)).status == 202
    assert state_of(served, asked) == "presented"
    assert report_of(served, asked)["claims"] == {"degree": {"university": "MIT"}}
    bad = {"format": DCQL_FORMAT, "data": {"json": {"dcql_query": {}}}}
    refused = send(served, agent.did, message={**message, "attachments": [bad]})
    assert (refused.status, refused.code) == (422, "MISSING_FIELD")


def test_a_presentation_that_holds_is_acknowledged(
    served: Served, mailbox: Mailbox, agent: PeerAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    credential = served.issue(holderDid=agent.did)["credential"]
    asked = ask(served, agent)
    wanted: Any = read_attached(asked, DEFINITION_FORMAT)["options"]
    assert wanted["domain"] == PUBLIC_URL
    assert len(wanted["challenge"]) >= 43
    presentation = shown(served, agent, asked, credential)
    assert bring(served, agent.pack(presentation)).status == 202
    served.office.dispatching.work_once()
    assert (mailbox.last(agent).type, state_of(served, asked)) == (types.PRESENT_ACK, "presented")
    told = report_of(served, asked)
    assert (told["verdict"], told["claims"]) == ("valid", {"degree": {"university": "MIT"}})
    assert {"holder", "challenge", "domain", "sender", "asked", "disclosure"} <= {one["name"] for one in told["checks"]}
    # What nobody waits for is not even verified: that takes work, and may ask the network.
    monkeypatch.setattr(served.office.didcomm._inbox._presenting, "_judge", None)
    again = agent.message(ISSUER, types.PRESENTATION, thid=asked.thread, attachments=presentation.attachments)
    assert bring(served, agent.pack(again)).code == "DIDCOMM_INVALID"


@pytest.mark.parametrize("what", ["challenge", "domain", "tampered", "not about the holder", "revoked"])
def test_a_presentation_that_does_not_hold_is_refused(
    served: Served, mailbox: Mailbox, agent: PeerAgent, what: str
) -> None:
    holder = HOLDER if what == "not about the holder" else agent.did
    issued = served.issue(holderDid=holder)
    credential = issued["credential"]
    if what == "revoked":
        body = {"credentialId": issued["credentialId"], "reason": "x"}
        served.client.call("POST", "/api/v1/credentials/revoke", body, token=served.key)
    if what == "tampered":
        credential = {**credential, "issuanceDate": "2020-01-01T00:00:00Z"}
    asked = ask(served, agent)
    changes = {what: "another"} if what in ("challenge", "domain") else {}
    assert bring(served, agent.pack(shown(served, agent, asked, credential, **changes))).status == 202
    served.office.dispatching.work_once()
    assert (mailbox.last(agent).type, state_of(served, asked)) == (types.PROBLEM_REPORT, "abandoned")


def test_issuing_offers_by_message_or_is_refused_before(served: Served, mailbox: Mailbox, agent: PeerAgent) -> None:
    issued = served.issue(holderDid=agent.did, delivery={"channel": "didcomm"})
    served.office.dispatching.work_once()
    offered = mailbox.last(agent)
    assert (offered.type, offered.thread) == (types.OFFER_CREDENTIAL, issued["offer"]["didcommThreadId"])
    before = served.audit_size()
    body = {**degree(), "delivery": {"channel": "didcomm"}}
    answer = served.client.call("POST", "/api/v1/credentials/issue", body, token=served.key)
    assert (answer.status, answer.code) == (409, "NO_DIDCOMM_ENDPOINT")
    assert served.audit_size() == before


def test_peer_dids_resolve_and_short_ones_do_not(served: Served, agent: PeerAgent) -> None:
    found = served.client.call("GET", f"/1.0/identifiers/{agent.did}").json()
    assert found["didDocument"]["keyAgreement"] == [f"{agent.did}#key-2"]
    short = served.client.call("GET", "/1.0/identifiers/did:peer:4zQmd8CpeFPci817KDsbSAKWcXAE2mjvCQSasRewvbSF54Bd")
    assert (short.status, short.json()["didResolutionMetadata"]["error"]) == (404, "notFound")
    other = served.client.call("GET", "/1.0/identifiers/did:peer:1zQmZMygzYqNwU6Uhmewx5Xepf2VLp5S4HLSwwgf2aiKZuwa")
    assert (other.status, other.json()["didResolutionMetadata"]["error"]) == (501, "methodNotSupported")
