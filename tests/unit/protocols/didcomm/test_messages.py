"""Bodies in both dialects, places that take messages, and features."""

from __future__ import annotations

from typing import Any

import pytest

from sealwright.protocols.didcomm import types
from sealwright.protocols.didcomm.endpoints import message_endpoints
from sealwright.protocols.didcomm.errors import MessageRefused
from sealwright.protocols.didcomm.issuing import (
    CREDENTIAL_FORMAT,
    DETAIL_FORMAT,
    credential_parts,
    detail_of,
    offer_parts,
    read_attached,
    read_detail,
    read_preview,
)
from sealwright.protocols.didcomm.message import Message, read_message
from sealwright.vc.dids.document import parse_did_document
from sealwright.vc.encoding.multibase import base64url_encode
from sealwright.vc.encoding.strict_json import dump_json

CREDENTIAL: dict[str, Any] = {
    "@context": ["https://www.w3.org/2018/credentials/v1"],
    "type": ["VerifiableCredential"],
    "issuer": {"id": "did:example:issuer"},
    "credentialSubject": {
        "id": "did:example:holder",
        "name": "Ada",
        "age": 36,
        "member": True,
        "degree": {"grades": [1.5, "A"], "note": None},
    },
    "credentialStatus": {"id": "https://x.example/1#1", "type": "StatusList2021Entry"},
    "proof": {"type": "Ed25519Signature2020"},
}


def offered() -> Message:
    body, attachments = offer_parts(CREDENTIAL, "Ed25519Signature2020")
    made = Message(id="1", type=types.OFFER_CREDENTIAL, body=body, attachments=attachments)
    return read_message(made.to_json())


def test_an_offer_has_the_guides_body_and_real_attachments() -> None:
    message = offered()
    preview: Any = message.body["credential_preview"]
    assert preview["type"] == "https://didcomm.org/issue-credential/3.0/credential-credential"
    assert preview["attributes"] == [
        {"name": "name", "value": "Ada"},
        {"name": "age", "value": "36"},
        {"name": "member", "value": "true"},
        {"name": "degree.grades.0", "value": "1.5"},
        {"name": "degree.grades.1", "value": "A"},
        {"name": "degree.note", "value": "null"},
    ]
    (attachment,) = message.attachments
    assert message.body["formats"] == [{"attach_id": attachment.id, "format": attachment.format}]
    assert attachment.format == DETAIL_FORMAT
    data: Any = attachment.data
    assert data["options"] == {
        "proofType": "Ed25519Signature2020",
        "proofPurpose": "assertionMethod",
        "credentialStatus": {"type": "StatusList2021Entry"},
    }
    assert data["credential"] == {
        name: CREDENTIAL[name] for name in CREDENTIAL if name not in ("proof", "credentialStatus")
    }


def test_both_dialects_are_read() -> None:
    source: Any = offered().to_json()
    flat, wrapped = dict(source), dict(source)
    flat["attachments"] = [{k: v for k, v in source["attachments"][0].items() if k != "format"}]
    preview = source["body"]["credential_preview"]
    wrapped["body"] = {"credential_preview": {"type": preview["type"], "body": {"attributes": preview["attributes"]}}}
    encoded = dict(source)
    data = source["attachments"][0]["data"]["json"]
    encoded["attachments"] = [{"format": DETAIL_FORMAT, "data": {"base64": base64url_encode(dump_json(data))}}]
    for dialect in (source, flat, wrapped, encoded):
        message = read_message(dialect)
        assert read_detail(message).agrees_with(detail_of(CREDENTIAL, "Ed25519Signature2020"))
        assert read_preview(message)["degree.grades.1"] == "A"


def test_details_agree_whatever_the_order_of_their_members() -> None:
    ours = detail_of(CREDENTIAL, "Ed25519Signature2020")
    assert ours.agrees_with(detail_of(dict(reversed(CREDENTIAL.items())), "Ed25519Signature2020"))
    assert not ours.agrees_with(detail_of(CREDENTIAL, "eddsa-rdfc-2022"))
    assert not ours.agrees_with(detail_of({**CREDENTIAL, "name": "x"}, "Ed25519Signature2020"))


def test_a_credential_is_handed_over_whole() -> None:
    body, attachments = credential_parts(CREDENTIAL)
    message = Message(id="1", type=types.ISSUE_CREDENTIAL, body=body, attachments=attachments)
    assert read_attached(message, CREDENTIAL_FORMAT) == CREDENTIAL
    with pytest.raises(MessageRefused):
        read_attached(message, DETAIL_FORMAT)


def endpoints(*services: Any) -> list[tuple[str, tuple[str, ...]]]:
    document = parse_did_document({"id": "did:example:a", "service": list(services)})
    return [(one.uri, one.routing_keys) for one in message_endpoints(document)]


def messaging(endpoint: Any, **more: Any) -> dict[str, Any]:
    return {"id": "#d", "type": "DIDCommMessaging", "serviceEndpoint": endpoint, **more}


def test_endpoints_are_read_in_every_form() -> None:
    one = {"uri": "https://a.example/", "accept": ["didcomm/v2"], "routingKeys": ["did:example:m#1"]}
    assert endpoints(messaging(one)) == [("https://a.example/", ("did:example:m#1",))]
    assert endpoints(messaging([one, {"uri": "https://b.example/"}])) == [
        ("https://a.example/", ("did:example:m#1",)),
        ("https://b.example/", ()),
    ]
    assert endpoints(messaging("https://c.example/", routingKeys=["k"])) == [("https://c.example/", ("k",))]
    assert endpoints({**messaging(one), "type": ["Other", "DIDCommMessaging"]}) != []


@pytest.mark.parametrize(
    "service",
    [
        messaging({"uri": "https://a.example/", "accept": ["didcomm/aip2;env=rfc587"]}),
        messaging({"accept": ["didcomm/v2"]}),
        messaging({"uri": 1}),
        messaging({"uri": "https://a.example/", "routingKeys": "did:example:m"}),
        messaging({"uri": "https://a.example/", "routingKeys": [1]}),
        messaging({"uri": "https://a.example/", "routingKeys": ["k"] * 5}),
        {**messaging({"uri": "https://a.example/"}), "type": "LinkedDomains"},
        "text",
    ],
)
def test_other_services_are_no_endpoints(service: Any) -> None:
    assert endpoints(service) == []
