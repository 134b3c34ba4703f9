"""did:web documents count only when they are fetched, whole, and this DID's own."""

from __future__ import annotations

import pytest

from sealwright.adapters.did_web import DidWebResolver
from sealwright.adapters.outbound import Allowance, FetchRefused
from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.encoding.strict_json import dump_json
from sealwright.vc.errors import DIDUnresolvable, InvalidDID, UnsupportedDIDMethod

DID = "did:web:office.example:issuers:1"
URL = "https://office.example/issuers/1/did.json"


def document(**changes: object) -> bytes:
    method = {
        "id": f"{DID}#key-1",
        "type": "Ed25519VerificationKey2020",
        "controller": DID,
        "publicKeyMultibase": "z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw",
    }
    members = {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/ed25519-2020/v1"],
        "id": DID,
        "verificationMethod": [method],
        "assertionMethod": [f"{DID}#key-1"],
    }
    return dump_json({**members, **changes})


class Pages:
    """An outbound that serves fixed pages and remembers what was asked."""

    def __init__(self) -> None:
        self.by_url: dict[str, bytes] = {}
        self.asked: list[str] = []

    def fetch(self, url: str, *, accept: str, max_bytes: int) -> bytes:
        self.asked.append(url)
        if url not in self.by_url:
            raise FetchRefused("status")
        assert len(self.by_url[url]) <= max_bytes
        return self.by_url[url]


def pages(body: bytes, url: str = URL) -> Pages:
    served = Pages()
    served.by_url[url] = body
    return served


def test_document_of_the_did_is_given() -> None:
    served = pages(document())
    resolver: DIDResolver = DidWebResolver(served, enabled=True)
    resolved = resolver.resolve(DID)
    assert resolved.document.id == DID
    assert resolved.document.relationship("assertionMethod") == (f"{DID}#key-1",)
    assert not resolved.deactivated
    assert served.asked == [URL]


def test_switched_off_resolver_asks_nobody() -> None:
    served = pages(document())
    with pytest.raises(DIDUnresolvable):
        DidWebResolver(served, enabled=False).resolve(DID)
    assert served.asked == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'"did"',
        b'{"id": "' + DID.encode() + b'", "id": "x"}',
        document(id="did:web:other.example"),
        document(id="did:web:OFFICE.example:issuers:1"),
        document(verificationMethod="x"),
        document(verificationMethod=[{"id": f"{DID}#k", "type": "Ed25519VerificationKey2020"}]),
    ],
    ids=["empty", "HTML", "array", "text", "duplicate", "another DID", "another spelling", "bad methods", "no key"],
)
def test_anything_else_is_unresolvable_without_detail(body: bytes) -> None:
    with pytest.raises(DIDUnresolvable, match="could not be fetched"):
        DidWebResolver(pages(body), enabled=True).resolve(DID)


def test_document_that_says_so_is_deactivated() -> None:
    assert DidWebResolver(pages(document(deactivated=True)), enabled=True).resolve(DID).deactivated
    assert DidWebResolver(pages(document(deactivated="yes")), enabled=True).resolve(DID).deactivated
    assert not DidWebResolver(pages(document(deactivated=False)), enabled=True).resolve(DID).deactivated


def test_plain_http_is_tried_for_allowed_hosts_only() -> None:
    plain = "http://office.example/issuers/1/did.json"
    served = pages(document(), plain)
    with pytest.raises(DIDUnresolvable):
        DidWebResolver(served, enabled=True).resolve(DID)
    assert served.asked == [URL]
    allowed = DidWebResolver(served, enabled=True, allowance=Allowance(frozenset({"office.example"})))
    assert allowed.resolve(DID).document.id == DID
    assert served.asked[1:] == [URL, plain]


def test_other_dids_are_refused_by_what_they_are() -> None:
    resolver = DidWebResolver(Pages(), enabled=True)
    with pytest.raises(UnsupportedDIDMethod):
        resolver.resolve("did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw")
    with pytest.raises(InvalidDID):
        resolver.resolve("did:web:office.example:..:x")
    with pytest.raises(InvalidDID):
        resolver.resolve("office.example")
