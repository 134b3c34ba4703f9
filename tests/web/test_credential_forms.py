"""Further forms of credentials at the door: read as they were signed, verified, and ended with their source."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.formats import CredentialFormat
from sealwright.vc.proofs.sd_jwt_reading import present
from tests.support.copies import content_of, copies_for, record_of
from tests.support.office import ISSUER, PUBLIC_URL
from tests.web.conftest import Served

WALLET: Final = "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH"
TOKENS: Final = {
    CredentialFormat.JWT_VC_JSON: b"application/jwt",
    CredentialFormat.SD_JWT: b"application/dc+sd-jwt",
}


def copy_of(served: Served, form: CredentialFormat, source: str | None = None) -> CredentialRecord:
    """A further form of a fresh degree, or of the one that is named."""
    source = source or served.issue()["credentialId"]
    return copies_for(served.office).make(record_of(served.office, source), form, WALLET)


def verify(served: Served, credential: object, **options: Any) -> Any:
    answer = served.client.call("POST", "/api/v1/credentials/verify", {"credential": credential, "options": options})
    assert answer.status == 200, answer.body
    return answer.json()


@pytest.mark.parametrize("form", TOKENS)
def test_tokens_are_read_as_they_were_signed(served: Served, form: CredentialFormat) -> None:
    record = copy_of(served, form)
    path = f"/api/v1/credentials/{record.credential_id}"
    told = served.client.call("GET", path, token=served.key).json()
    assert told["credential"] == content_of(record)
    assert (told["proofType"], told["holderDid"], told["status"]) == (form.value, WALLET, "valid")
    document = served.client.call("GET", f"{path}/document", token=served.key)
    assert document.body == record.document
    assert document.headers["content-type"].encode() == TOKENS[form]
    listed = served.client.call("GET", f"/api/v1/credentials?issuerDid={ISSUER}&holderDid={WALLET}", token=served.key)
    assert record.credential_id in {one["credentialId"] for one in listed.json()["data"]}


def test_an_sd_jwt_names_its_list_as_a_token(served: Served) -> None:
    record = copy_of(served, CredentialFormat.SD_JWT)
    told = served.client.call("GET", f"/api/v1/credentials/{record.credential_id}", token=served.key).json()
    assert told["statusListCredential"].startswith(f"{PUBLIC_URL}/status/")
    assert told["statusListCredential"].endswith("/token")
    published = served.client.call("GET", told["statusListCredential"].removeprefix(PUBLIC_URL))
    assert published.headers["content-type"] == "application/statuslist+jwt"


@pytest.mark.parametrize("form", CredentialFormat)
def test_anybody_may_verify_them(served: Served, form: CredentialFormat) -> None:
    record = copy_of(served, form)
    report = verify(served, content_of(record), expectedHolder=WALLET, trustedIssuers=[ISSUER])
    assert report["verified"] is True, report
    assert (report["issuerDid"], report["holderDid"]) == (ISSUER, WALLET)
    assert report["credentialId"] == record.credential_id
    judged = served.client.call("POST", "/credentials/verify", {"verifiableCredential": content_of(record)})
    assert (judged.status, judged.json()["verified"]) == (200, True)


def test_what_a_holder_keeps_back_is_not_asked_for(served: Served) -> None:
    text = present(content_of(copy_of(served, CredentialFormat.SD_JWT)), lambda _: False)
    assert verify(served, text)["verified"] is True
    bound = verify(served, text, challenge="n", domain="v")
    assert bound["verified"] is False
    assert {one["name"]: one["outcome"] for one in bound["checks"]}["holder"] == "failed"


def test_they_end_with_their_source(served: Served) -> None:
    source = served.issue()["credentialId"]
    made = [copy_of(served, form, source) for form in CredentialFormat]
    ended = served.client.call(
        "POST", "/api/v1/credentials/revoke", {"credentialId": source, "reason": "over"}, token=served.key
    )
    assert ended.status == 200
    for record in made:
        status = served.client.call("GET", f"/api/v1/credentials/{record.credential_id}/status").json()
        assert status["status"] == "revoked"
        checks = {one["name"]: one["code"] for one in verify(served, content_of(record))["checks"]}
        assert checks["revocation"] == "REVOKED"
        judged = served.client.call("POST", "/credentials/verify", {"verifiableCredential": content_of(record)})
        assert judged.status == 400


def test_hostile_texts_are_answers(served: Served) -> None:
    for text in ("~", "~~~", "a~b~c", "." * 9 + "~", "é~", json.dumps({}) + "~"):
        report = verify(served, text)
        assert report["verified"] is False
        assert report["checks"][0]["outcome"] == "failed"
