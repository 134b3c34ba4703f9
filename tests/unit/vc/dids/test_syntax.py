"""DID and DID URL syntax."""

from __future__ import annotations

import pytest

from sealwright.vc.dids.syntax import DID, parse_did, parse_did_url
from sealwright.vc.errors import InvalidDID, InvalidDIDURL

GOOD = [
    "did:adi:issuer001",
    "did:adi:issuer001...",
    "did:adi:agent:7f3a",
    "did:key:1:z6Mk",
    "did:web:example.com%3A3000:user:alice",
    "did:a1:x-y_z",
    "did:x::a",
]
BAD = {
    "empty": "",
    "scheme alone": "did:",
    "no id": "did:adi",
    "empty id": "did:adi:",
    "ends in a colon": "did:adi:a:",
    "upper-case method": "did:ADI:a",
    "upper-case scheme": "DID:adi:a",
    "no method": "did::a",
    "a space": "did:adi:a b",
    "a line feed at the end": "did:adi:a\n",
    "a broken escape": "did:adi:%zz",
    "a letter of another script": "did:adi:é",
    "a digit of another script": "did:adi:٣",
    "a fragment": "did:adi:a#key",
    "a path": "did:adi:a/b",
    "a query": "did:adi:a?b",
    "another scheme": "urn:uuid:1",
    "2,049 bytes": "did:adi:" + "a" * 2041,
}


@pytest.mark.parametrize("text", GOOD)
def test_dids_are_split_and_written_back(text: str) -> None:
    did = parse_did(text)
    assert str(did) == text
    assert text == f"did:{did.method}:{did.id}"


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_did_is_refused(name: str) -> None:
    with pytest.raises(InvalidDID):
        parse_did(BAD[name])


def test_a_did_of_2048_bytes_is_the_longest() -> None:
    assert parse_did("did:adi:" + "a" * 2040).id == "a" * 2040


@pytest.mark.parametrize(
    "text",
    ["did:adi:a", "did:adi:a#k", "did:adi:a/p/q?x=1#k", "did:adi:a?versionId=4", "did:adi:a#", "did:adi:a...#k:1"],
)
def test_did_urls_are_split_and_written_back(text: str) -> None:
    assert str(parse_did_url(text)) == text


def test_the_parts_of_a_did_url_are_told_apart() -> None:
    url = parse_did_url("did:adi:agent:7f3a/p?q=a/b#f?g")
    assert (url.did, url.path, url.query, url.fragment) == (DID("adi", "agent:7f3a"), "/p", "q=a/b", "f?g")
    assert parse_did_url("did:adi:a").fragment is None
    assert parse_did_url("did:adi:a#").fragment == ""


@pytest.mark.parametrize("text", ["did:adi:a#k#l", "did:adi:a#a b", "did:adi:a?%", "did:adi:a/[", "did:adi:a#k\n"])
def test_a_broken_rest_is_refused_as_did_url(text: str) -> None:
    with pytest.raises(InvalidDIDURL):
        parse_did_url(text)


@pytest.mark.parametrize("text", ["", "#k", "/did:adi:a", "did:adi#k", "did:adi:a#" + "k" * 2048])
def test_a_broken_did_part_is_refused_as_did(text: str) -> None:
    with pytest.raises(InvalidDID) as caught:
        parse_did_url(text)
    assert not isinstance(caught.value, InvalidDIDURL)
