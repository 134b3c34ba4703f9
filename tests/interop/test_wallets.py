"""The running server and strangers' wallets: offers, tokens, proofs, forms, decisions by people, and refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

import pytest

from tests.interop.wallet_walk import SPHEREON, Browser, WalletPeer, wallet_peer
from tests.support import quick
from tests.support.server import RunningServer, serve

pytestmark = pytest.mark.timeout(240)

DEGREE: Final = "university-degree"
DPW: Final = "dpw_certified"
FORMS: Final = ("ldp_vc", "jwt_vc_json", "dc+sd-jwt")


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with serve("sqlite", program=quick.program()) as running:
        yield running


@pytest.fixture(scope="module")
def people(server: RunningServer) -> Any:
    return server.command("demo")["users"]


@pytest.fixture(scope="module")
def wallet() -> Iterator[WalletPeer]:
    with wallet_peer() as peer:
        yield peer


def post(server: RunningServer, path: str, body: Any, key: str, status: int) -> Any:
    answer = server.request("POST", path, body, key=key)
    assert answer.status == status, answer.body
    return answer.json()


def issue(server: RunningServer) -> str:
    from tests.support.server import ISSUE_BODY

    issued = post(server, "/api/v1/credentials/issue", ISSUE_BODY, server.api_key, 201)
    return str(issued["credentialId"])


def offered(server: RunningServer, credential_id: str | None = None, **wish: Any) -> Any:
    path = f"/api/v1/credentials/{quote(credential_id or issue(server), safe='')}/offers"
    return post(server, path, {"channel": "qr", **wish}, server.api_key, 201)


def begin(wallet: WalletPeer, offer: Any, **how: Any) -> Any:
    """A new wallet reads an offer."""
    started = wallet.do("start", **how)
    resolved = wallet.do("resolve", offer=offer["deepLink"])
    assert resolved["version"] == "V1"
    return started


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("alg", "dpop"), [("ES256", True), ("EdDSA", False)])
def test_a_wallet_scans_types_the_code_and_gets_the_credential(
    server: RunningServer, wallet: WalletPeer, form: str, alg: str, dpop: bool
) -> None:
    offer = offered(server)
    holder = begin(wallet, offer, alg=alg, dpop=dpop)
    token = wallet.do("token", txCode=offer["txCode"])
    assert (token["type"], token["expiresIn"]) == ("DPoP" if dpop else "Bearer", 300)

    got = wallet.do("credential", configuration=f"{DEGREE}.{form}", form="jwk" if form == "dc+sd-jwt" else "did")

    (credential,) = got["credentials"]
    verified = post(server, "/api/v1/credentials/verify", {"credential": credential}, server.api_key, 200)
    assert verified["verified"] is True, verified
    if form == "ldp_vc":
        subject = credential["credentialSubject"]["id"]
    else:
        claims = wallet.do("signed", token=credential, issuer=server.url)
        subject = claims["sub"]
        if form == "dc+sd-jwt":
            assert claims["cnf"]["jwk"] == holder["jwk"]
    # Members of a DID's key stand in one order with us, in another with them.
    if form == "ldp_vc" or "cnf" not in claims:
        assert subject == holder["did"]
    assert wallet.do("notify", notificationId=got["notificationId"], event="credential_accepted") == {}
    state = server.request("GET", f"/api/v1/offers/{offer['offerId']}", key=server.api_key).json()["state"]
    assert state == "delivered"


def test_offers_by_value_and_over_the_other_scheme_are_read_too(server: RunningServer, wallet: WalletPeer) -> None:
    offer = offered(server, txCode=False)
    whole = server.request("GET", offer["credentialOfferUri"].removeprefix(server.url)).json()
    wallet.do("start")
    by_value = wallet.do("resolve", offer=f"openid-credential-offer://?credential_offer={quote(json.dumps(whole))}")
    by_haip = wallet.do("resolve", offer=offer["deepLink"].replace("openid-credential-offer:", "haip-vci:"))
    assert by_value == by_haip
    assert by_value["offer"] == whole


def test_a_wallet_waits_for_a_reviewer_and_is_told_of_a_rejection(
    server: RunningServer, wallet: WalletPeer, people: Any
) -> None:
    for person, verdict in (("improver", "approved"), ("improver2", "rejected")):
        token = people[person]["token"]
        asked = post(server, "/improvers/credential-requests", {"credential_type": DPW}, token, 201)
        path = f"/improvers/credential-requests/{asked['id']}/offer"
        offer = post(server, path, {"channel": "qr", "txCode": False}, token, 201)
        begin(wallet, offer)
        wallet.do("token")
        waiting = wallet.do("credential", configuration=f"{DPW}.dc+sd-jwt")
        assert "credentials" not in waiting
        transaction = waiting["transactionId"]
        assert wallet.do("deferred", transactionId=transaction)["transactionId"] == transaction
        decision = {"decision": verdict, "reason": "because"}
        path = f"/issuers/credential-requests/{asked['id']}/decision"
        post(server, path, decision, people["dpw_issuer"]["token"], 200)
        if verdict == "rejected":
            assert wallet.refusal("deferred", transactionId=transaction) == ("credential_request_denied",)
            continue
        (credential,) = wallet.do("deferred", transactionId=transaction)["credentials"]
        assert wallet.do("signed", token=credential, issuer=server.url)["vct"] == f"{server.url}/vct/{DPW}"
        assert wallet.refusal("deferred", transactionId=transaction) == ("invalid_transaction_id",)


def test_a_wallet_that_asks_for_it_may_tell_of_awaited_credentials_too(
    server: RunningServer, wallet: WalletPeer, people: Any
) -> None:
    token = people["improver"]["token"]
    asked = post(server, "/improvers/credential-requests", {"credential_type": "sfluv_verifier"}, token, 201)
    path = f"/improvers/credential-requests/{asked['id']}/offer"
    begin(wallet, post(server, path, {"channel": "qr", "txCode": False}, token, 201), dpop=False)
    wallet.do("token")
    transaction = wallet.do("credential", configuration="sfluv_verifier.jwt_vc_json")["transactionId"]
    path = f"/issuers/credential-requests/{asked['id']}/decision"
    post(server, path, {"decision": "approved"}, people["issuer"]["token"], 200)
    # The library refuses the id in such an answer, and drops members of the request that it does not know.
    wish = {"transaction_id": transaction, "notification": True}
    given = post(server, "/oid4vci/deferred", wish, wallet.do("swap")["token"], 200)
    assert wallet.do("notify", notificationId=given["notification_id"], event="credential_failure") == {}


def test_a_person_signs_in_and_lets_a_wallet_ask(server: RunningServer, wallet: WalletPeer, people: Any) -> None:
    browser = Browser(server.url)
    browser.sign_in(people["improver2"]["sign_in_url"])
    configuration = f"{DPW}.ldp_vc"
    wallet.do("start", anonymous=False)
    assert wallet.do("meet", issuer=server.url, configurations=[configuration])["version"] == "V1"
    started = wallet.do("authorize", redirectUri="com.example.wallet:/back", scope=configuration)
    token = wallet.do("back", url=browser.consent(started["url"], "allow"))
    assert token["type"] == "DPoP"
    transaction = wallet.do("credential", configuration=configuration, form="did")["transactionId"]
    own = server.request("GET", "/improvers/credential-requests", key=people["improver2"]["token"]).json()
    waiting = next(one for one in own if one["status"] == "pending" and one["credential_type"] == DPW)
    path = f"/issuers/credential-requests/{waiting['id']}/decision"
    post(server, path, {"decision": "approved"}, people["dpw_issuer"]["token"], 200)
    (credential,) = wallet.do("deferred", transactionId=transaction)["credentials"]
    assert credential["type"][-1] == "DPWCertifiedCredential"
    refused = wallet.do("authorize", redirectUri="com.example.wallet:/back", scope=configuration)
    assert wallet.refusal("back", url=browser.consent(refused["url"], "deny")) == ("access_denied",)


def test_what_is_wrong_is_refused_in_the_words_of_the_specification(server: RunningServer, wallet: WalletPeer) -> None:
    configuration = f"{DEGREE}.jwt_vc_json"
    offer = offered(server)
    begin(wallet, offer)
    wrong = "000000" if offer["txCode"] != "000000" else "111111"
    assert wallet.refusal("token", txCode=wrong) == ("invalid_grant",)
    wallet.do("token", txCode=offer["txCode"])
    assert wallet.refusal("token", txCode=offer["txCode"]) == ("invalid_grant",)
    assert wallet.refusal("credential", configuration=configuration, nonce="guess") == ("invalid_nonce",)
    assert len(wallet.do("credential", configuration=configuration)["credentials"]) == 1
    assert wallet.refusal("credential", configuration=configuration, again=True) == ("invalid_nonce",)
    wallet.do("swap", key=True)
    assert wallet.refusal("credential", configuration=configuration) == ("credential_request_denied",)
    assert wallet.refusal("deferred", transactionId="guess") == ("invalid_transaction_id",)
    assert wallet.refusal("notify", notificationId="guess", event="credential_accepted") == ("invalid_notification_id",)
    wallet.do("swap", dpop=True)
    assert wallet.refusal("credential", configuration=configuration) == ("invalid_token",)
    wallet.do("swap", token="swa_guess")
    assert wallet.refusal("credential", configuration=configuration) == ("invalid_token",)


@pytest.fixture(scope="module")
def older_wallet() -> Iterator[WalletPeer]:
    with wallet_peer(SPHEREON) as peer:
        yield peer


@pytest.mark.parametrize("form", FORMS)
def test_a_wallet_of_an_older_draft_gets_the_credential_too(
    server: RunningServer, older_wallet: WalletPeer, form: str
) -> None:
    offer = offered(server)
    got = older_wallet.do(
        "fetch", offer=offer["deepLink"], txCode=offer["txCode"], configuration=f"{DEGREE}.{form}", format=form
    )
    assert got["issuer"] == server.url
    (credential,) = got["credentials"]
    verified = post(server, "/api/v1/credentials/verify", {"credential": credential}, server.api_key, 200)
    assert verified["verified"] is True, verified
