"""The running server and Digital Bazaar's software, over the wire: issue, verify, revoke, refuse; both ways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.interop import documents
from tests.interop.ours import Issuer
from tests.interop.peer import DigitalBazaar
from tests.support import quick, tools
from tests.support.postgres import NoPostgres
from tests.support.server import ISSUE_BODY, RunningServer, serve

pytestmark = pytest.mark.timeout(240)

SUITES: Final = ("Ed25519Signature2020", "eddsa-rdfc-2022", "eddsa-jcs-2022")
STRANGER: Final = Issuer(bytes(range(100, 132)))
CREATED: Final = "2026-01-01T00:00:00Z"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> Iterator[RunningServer]:
    """A server with the demo's data, on each database."""
    try:
        with serve(request.param, program=quick.program()) as running:
            yield running
    except NoPostgres as error:
        tools.missing(f"No PostgreSQL server: {error}")


def issue(server: RunningServer, **members: Any) -> dict[str, Any]:
    """Issue the documentation's literal degree with these members changed; the whole answer."""
    answer = server.request("POST", "/api/v1/credentials/issue", {**ISSUE_BODY, **members}, key=server.api_key)
    assert answer.status == 201, answer.body
    issued: dict[str, Any] = answer.json()
    return issued


def act(server: RunningServer, what: str, credential_id: str) -> dict[str, Any]:
    """Revoke, suspend or reinstate; the status."""
    body = {"credentialId": credential_id, "reason": "interop"}
    answer = server.request("POST", f"/api/v1/credentials/{what}", body, key=server.api_key)
    assert answer.status == 200, answer.body
    status: dict[str, Any] = answer.json()
    return status


def report(server: RunningServer, credential: object, **options: Any) -> dict[str, Any]:
    """What the server says of a credential."""
    body = {"credential": credential, **({"options": options} if options else {})}
    answer = server.request("POST", "/api/v1/credentials/verify", body)
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json()
    return found


def failures(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Name, outcome and code of each check that speaks against the credential."""
    good = {"passed", "not_applicable"}
    return [(c["name"], c["outcome"], c["code"]) for c in found["checks"] if c["outcome"] not in good]


@pytest.mark.parametrize("suite", SUITES)
def test_they_verify_what_the_server_issued_and_refuse_it_after_revocation(
    server: RunningServer, digital_bazaar: DigitalBazaar, suite: str
) -> None:
    issued = issue(server, proofType=suite)
    credential = issued["credential"]
    judged = digital_bazaar.verify(credential, loopback=server.url, accept=SUITES)
    assert judged == {"verified": True, "set": [], "errors": []}
    assert report(server, credential)["verified"] is True

    assert act(server, "revoke", issued["credentialId"])["revoked"] is True

    judged = digital_bazaar.verify(credential, loopback=server.url, accept=SUITES)
    assert (judged["verified"], judged["set"]) == (False, ["revocation"])
    assert failures(report(server, credential)) == [("revocation", "failed", "REVOKED")]


def test_a_neighbor_of_a_revoked_credential_stays_valid(server: RunningServer, digital_bazaar: DigitalBazaar) -> None:
    issued = [issue(server) for _ in range(3)]
    act(server, "revoke", issued[1]["credentialId"])
    verdicts = [digital_bazaar.verify(one["credential"], loopback=server.url)["verified"] for one in issued]
    assert verdicts == [True, False, True]


@pytest.mark.parametrize("suite", ["Ed25519Signature2020", "eddsa-rdfc-2022"])
def test_they_see_a_suspension_and_its_end(server: RunningServer, digital_bazaar: DigitalBazaar, suite: str) -> None:
    issued = issue(server, proofType=suite, suspendable=True)
    credential = issued["credential"]
    assert len(credential["credentialStatus"]) == 2
    assert digital_bazaar.verify(credential, loopback=server.url)["verified"] is True
    act(server, "suspend", issued["credentialId"])
    judged = digital_bazaar.verify(credential, loopback=server.url)
    assert (judged["verified"], judged["set"]) == (False, ["suspension"])
    assert failures(report(server, credential)) == [("suspension", "failed", "SUSPENDED")]
    act(server, "reinstate", issued["credentialId"])
    assert digital_bazaar.verify(credential, loopback=server.url)["verified"] is True
    assert report(server, credential)["verified"] is True


@pytest.mark.parametrize("suite", SUITES)
def test_both_refuse_what_was_tampered_with_on_the_way(
    server: RunningServer, digital_bazaar: DigitalBazaar, suite: str
) -> None:
    credential = issue(server, proofType=suite)["credential"]
    credential["credentialSubject"]["degree"]["gpa"] = 4.0
    assert digital_bazaar.verify(credential, loopback=server.url)["verified"] is False
    assert ("proof", "failed", "PROOF_INVALID") in failures(report(server, credential))


def test_they_refuse_what_has_expired(server: RunningServer, digital_bazaar: DigitalBazaar) -> None:
    credential = issue(server, expirationDate="2030-01-01T00:00:00Z")["credential"]
    assert digital_bazaar.verify(credential, loopback=server.url)["verified"] is True
    judged = digital_bazaar.verify(credential, loopback=server.url, now="2030-06-01T00:00:00Z")
    assert judged["verified"] is False


def test_a_credential_that_cannot_be_revoked_verifies_without_any_list(
    server: RunningServer, digital_bazaar: DigitalBazaar
) -> None:
    issued = issue(server, revocable=False)
    assert "credentialStatus" not in issued["credential"]
    assert digital_bazaar.verify(issued["credential"], loopback=server.url)["verified"] is True


@pytest.mark.parametrize("suite", SUITES)
def test_the_server_verifies_and_refuses_theirs(
    server: RunningServer, digital_bazaar: DigitalBazaar, suite: str
) -> None:
    first = suite == "Ed25519Signature2020"
    base = documents.CREDENTIALS_V1 if first else documents.CREDENTIALS_V2
    unsigned = {
        "@context": [base, documents.ED25519_2020] if first else [base],
        "type": ["VerifiableCredential"],
        "issuer": STRANGER.did,
        "issuanceDate" if first else "validFrom": CREATED,
        "credentialSubject": {"id": "did:example:holder"},
    }
    signed = digital_bazaar.sign(unsigned, suite=suite, key=STRANGER.key, created=CREATED)
    assert report(server, signed)["verified"] is True
    assert failures(report(server, signed, trustedIssuers=["did:adi:issuer001"])) == [
        ("trustedIssuer", "failed", "UNTRUSTED_ISSUER")
    ]
    signed["credentialSubject"]["id"] = "did:example:thief"
    assert ("proof", "failed", "PROOF_INVALID") in failures(report(server, signed))
    late = "expirationDate" if first else "validUntil"
    expired = digital_bazaar.sign(
        {**unsigned, late: "2026-01-02T00:00:00Z"}, suite=suite, key=STRANGER.key, created=CREATED
    )
    assert failures(report(server, expired)) == [("expiration", "failed", "EXPIRED")]


def test_the_server_refuses_theirs_when_their_list_says_so(
    server: RunningServer, digital_bazaar: DigitalBazaar
) -> None:
    address = "https://status.example/lists/9"
    unsigned = {
        "@context": [documents.CREDENTIALS_V2],
        "type": ["VerifiableCredential"],
        "issuer": STRANGER.did,
        "validFrom": CREATED,
        "credentialSubject": {"id": "did:example:holder"},
        "credentialStatus": {
            "id": f"{address}#4711",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": "4711",
            "statusListCredential": address,
        },
    }
    signing: dict[str, Any] = {"suite": "eddsa-rdfc-2022", "key": STRANGER.key, "created": CREATED}
    signed = digital_bazaar.sign(unsigned, **signing)

    def handed(indices: list[int]) -> dict[str, Any]:
        return digital_bazaar.status_list(
            type="BitstringStatusList", id=address, purpose="revocation", length=131_072, set=indices,
            issuer=STRANGER.did, **signing,
        )  # fmt: skip

    # Nothing is fetched by default: without the list the question stays open, and open is not verified.
    assert [name for name, outcome, _ in failures(report(server, signed)) if outcome == "unchecked"] == ["revocation"]
    assert report(server, signed, statusListCredentials=[handed([4710, 4712])])["verified"] is True
    revoked = report(server, signed, statusListCredentials=[handed([4711])])
    assert failures(revoked) == [("revocation", "failed", "REVOKED")]
