"""The page of a wallet's own form of a credential: readable in every form, and without acts on the grant."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sealwright.domain.formats import CredentialFormat
from tests.support.copies import copies_for, record_of
from tests.web.desk import Desk
from tests.web.page_client import text_of
from tests.web.panel_desk import panel_desk, visit

WALLET = "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with panel_desk(tmp_path_factory.mktemp("copies") / "home") as one:
        yield one


def test_every_form_can_be_read_by_its_reviewer_and_its_holder(desk: Desk) -> None:
    source = str(desk.granted("issuer", "holder")["credential_id"])
    for who, base in (("issuer", "/issuer"), ("holder", "/improver")):
        assert "Revoke" in text_of(visit(desk, who).get(f"{base}/credentials/{source}")) or who == "holder"
    for form in CredentialFormat:
        made = copies_for(desk.served.office).make(record_of(desk.served.office, source), form, WALLET)
        for who, base in (("issuer", "/issuer"), ("holder", "/improver")):
            page = visit(desk, who).get(f"{base}/credentials/{made.credential_id}")
            assert page.status == 200, (form, who)
            # What the grant can undergo is done where its own credential is shown.
            assert f"{base}/credentials/{made.credential_id}/revoke" not in page.body.decode()
            document = visit(desk, who).get(f"{base}/credentials/{made.credential_id}/document")
            assert document.body == made.document


def test_reviewers_read_on_pages_and_offer_over_the_api(desk: Desk) -> None:
    source = str(desk.granted("issuer", "taker")["credential_id"])
    page = visit(desk, "issuer").get(f"/issuer/credentials/{source}")
    assert page.status == 200
    assert f"/issuer/credentials/{source}/pdf" in page.body.decode()
    asked = (("GET", ""), ("GET", "/document"), ("GET", "/pdf"), ("POST", "/forms"), ("POST", "/badge"))
    for method, part in asked:
        body = {"form": "dc+sd-jwt"} if part == "/forms" else None
        refused = desk.call("issuer", method, f"/api/v1/credentials/{source}{part}", body)
        assert (refused.status, refused.json()["code"]) == (404, "CREDENTIAL_NOT_FOUND"), part
        assert desk.call("taker", method, f"/api/v1/credentials/{source}{part}", body).status == 200, part
    made = desk.done("issuer", "POST", f"/api/v1/credentials/{source}/offers", {"channel": "token"})
    listed = desk.done("issuer", "GET", f"/api/v1/offers?credentialId={source}")
    assert [one["offerId"] for one in listed["data"]] == [made["offerId"]]
    assert "token" not in listed["data"][0]
