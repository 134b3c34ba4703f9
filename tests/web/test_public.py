"""What strangers read: resolution, did:web, status lists."""

from __future__ import annotations

import base64
import gzip
import re

import pytest

from tests.support.office import ISSUER
from tests.web.conftest import Served

KEY_DID = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
MEMBERS = {"@context", "didDocument", "didDocumentMetadata", "didResolutionMetadata"}


@pytest.mark.parametrize("path", [f"/1.0/identifiers/{ISSUER}", f"/api/v1/dids/resolve/{ISSUER.replace(':', '%3A')}"])
def test_resolution_result_has_its_members(served: Served, path: str) -> None:
    answer = served.client.call("GET", path)
    assert answer.status == 200
    assert set(answer.json()) == MEMBERS
    assert answer.json()["didDocument"]["id"] == ISSUER
    assert answer.headers["content-type"] == 'application/ld+json;profile="https://w3id.org/did-resolution"'
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("wanted", ["application/did+ld+json", "application/did+json"])
def test_bare_document_on_request(served: Served, wanted: str) -> None:
    answer = served.client.call("GET", f"/1.0/identifiers/{ISSUER}", headers=[("Accept", wanted)])
    assert answer.headers["content-type"] == wanted
    assert answer.json()["id"] == ISSUER


@pytest.mark.parametrize(
    ("reference", "status", "error"),
    [
        ("did:adi:nobody", 404, "notFound"),
        ("notadid", 400, "invalidDid"),
        ("did:adi:a%20b", 400, "invalidDid"),
        ("did:unknownmethod:x", 501, "methodNotSupported"),
        (f"{ISSUER}?versionId=1", 400, None),
    ],
)
def test_resolution_errors_are_the_standards(served: Served, reference: str, status: int, error: str | None) -> None:
    answer = served.client.call("GET", f"/1.0/identifiers/{reference.replace('?', '%3F')}")
    assert answer.status == status, answer.body
    if error is not None:
        assert set(answer.json()) == MEMBERS
        assert answer.json()["didResolutionMetadata"]["error"] == error


def test_did_url_is_dereferenced(served: Served) -> None:
    fragment = KEY_DID.removeprefix("did:key:")
    answer = served.client.call("GET", f"/1.0/identifiers/{KEY_DID}%23{fragment}")
    assert answer.status == 200
    assert answer.json()["didDocument"]["controller"] == KEY_DID


def test_versions_stay_readable(served: Served) -> None:
    answer = served.client.call("GET", f"/1.0/identifiers/{ISSUER}?versionId=1&noCache=true")
    assert answer.status == 200
    assert answer.json()["didDocumentMetadata"]["versionId"] == "1"
    assert served.client.call("GET", f"/1.0/identifiers/{ISSUER}?versionId=99").status == 404


def test_other_representations_are_not_acceptable(served: Served) -> None:
    answer = served.client.call("GET", f"/1.0/identifiers/{ISSUER}", headers=[("Accept", "text/html")])
    assert (answer.status, answer.code) == (406, "NOT_ACCEPTABLE")


def test_did_web_documents_are_served(served: Served) -> None:
    assert served.client.call("GET", "/.well-known/did.json").code == "DID_NOT_FOUND"
    made = served.client.call("POST", "/api/v1/dids", {"method": "web", "path": "college"}, token=served.person)
    assert made.status == 201, made.body
    document = served.client.call("GET", "/dids/college/did.json")
    assert document.status == 200
    assert document.json()["id"] == made.json()["did"]
    assert document.headers["access-control-allow-origin"] == "*"
    resolved = served.client.call("GET", f"/1.0/identifiers/{made.json()['did'].replace('%', '%25')}")
    assert resolved.json()["didDocument"]["id"] == made.json()["did"]
    plain = served.client.call("GET", f"/api/v1/dids/{made.json()['did']}")
    assert plain.json()["did"] == made.json()["did"]
    root = served.client.call("POST", "/api/v1/dids", {"method": "web"}, token=served.person)
    assert root.status == 201, root.body
    assert served.client.call("GET", "/.well-known/did.json").json()["id"] == root.json()["did"]


def bit(document: dict[str, object], index: int) -> int:
    encoded = str(document["credentialSubject"]["encodedList"])  # type: ignore[index]
    text = encoded.removeprefix("u")
    expanded = gzip.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return expanded[index // 8] >> (7 - index % 8) & 1


def test_status_list_shows_a_revocation_at_once(served: Served) -> None:
    issued = served.issue(suspendable=True)
    path = issued["statusListCredential"].removeprefix("http://127.0.0.1:8000")
    list_id = path.split("/")[2]
    first = served.client.call("GET", path)
    assert first.status == 200
    assert first.headers["content-type"] == "application/vc+ld+json"
    assert re.fullmatch(r"public, max-age=\d+", first.headers["cache-control"])
    assert bit(first.json(), issued["statusListIndex"]) == 0
    cached = [("If-None-Match", first.headers["etag"])]
    assert served.client.call("GET", path, headers=cached).status == 304
    served.clock.move(seconds=1)
    reason = {"credentialId": issued["credentialId"], "reason": "r"}
    served.client.call("POST", "/api/v1/credentials/revoke", reason, token=served.key)
    second = served.client.call("GET", path, headers=cached)
    assert second.status == 200
    assert bit(second.json(), issued["statusListIndex"]) == 1
    bitstring = served.client.call("GET", f"/status/{list_id}/bitstring/revocation")
    assert bitstring.headers["content-type"] == "application/vc"
    assert bit(bitstring.json(), issued["statusListIndex"]) == 1
    token = served.client.call("GET", f"/status/{list_id}/token")
    assert token.headers["content-type"] == "application/statuslist+jwt"
    assert token.body.count(b".") == 2


@pytest.mark.parametrize("path", ["/status/nothing/revocation", "/status/nothing/bitstring/x", "/status/x/everything"])
def test_unknown_status_list_is_not_found(served: Served, path: str) -> None:
    answer = served.client.call("GET", path)
    assert (answer.status, answer.code) == (404, "STATUS_LIST_NOT_FOUND")
