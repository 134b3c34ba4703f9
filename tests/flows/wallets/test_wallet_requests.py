"""The wallet asks and a person decides: deferred delivery, with and without an offer, and consent by the person."""

from __future__ import annotations

import hashlib
import html
import json
import re
from dataclasses import replace
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest

from sealwright.domain.catalog import Visibility
from sealwright.domain.delivering import OfferWish
from sealwright.domain.offers import OfferChannel, OfferState
from sealwright.domain.people import Caller
from sealwright.domain.requests import RequestState
from sealwright.domain.sign_in import SignInMethod
from sealwright.services.offer_values import MadeOffer
from sealwright.services.office import Office
from sealwright.vc.proofs.registry import ISSUED_SUITES
from tests.flows.wallets.conftest import JWT, LDP, NUMBERS, SD_JWT
from tests.support.desk import DPW, act, join
from tests.support.offers import stored_offer
from tests.support.office import PUBLIC_URL, MovableClock, the_operator
from tests.support.review import APPROVED, REJECTED, ask, decide, grant, improver, revoke, stored_request
from tests.support.wallet import Wallet, WalletKey, base64url, opened, refusal, with_own_did
from tests.web.client import Answer, Client
from tests.web.conftest import Served
from tests.web.page_client import PageVisitor

CLIENT_ID, BACK = "com.example.wallet", "com.example.wallet:/callback"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


def awaited_offer(office: Office, caller: Caller, request_id: str) -> MadeOffer:
    wish = OfferWish(OfferChannel.QR, tx_code=False)
    return act(
        office, caller, lambda uow, me: office.offers.offer_for_request(uow, me, request_id, wish), registry=False
    )


# -- offers that wait ------------------------------------------------------------------------------


def test_a_wallet_waits_for_the_decision_behind_its_offer(
    office: Office, door: Client, ann: Caller, rex: Caller, clock: MovableClock
) -> None:
    request = ask(office, ann)
    made = awaited_offer(office, ann, request.request_id)
    wallet = Wallet(office, door, dpop_key=WalletKey("P-256"))
    assert wallet.exchange(made.pre_authorized_code or "").status == 200
    assert refusal(wallet.exchange(made.pre_authorized_code or "")) == (400, "invalid_grant")
    assert stored_offer(office, made.offer.offer_id).state is OfferState.WAITING

    answer = wallet.ask(SD_JWT)

    assert answer.status == 202
    assert answer.headers["cache-control"] == "no-store"
    waiting = answer.json()
    assert set(waiting) == {"transaction_id", "interval"}
    assert wallet.ask(SD_JWT).json() == waiting
    assert wallet.come_again(waiting["transaction_id"]).json() == waiting
    # People take longer than tokens live: the transaction is served all the same, and nothing else is.
    clock.move(hours=5)
    assert wallet.come_again(waiting["transaction_id"]).status == 202
    assert refusal(wallet.ask(SD_JWT)) == (401, "invalid_token")
    decide(office, rex, request, APPROVED)
    stranger = Wallet(office, door)
    other = awaited_offer(office, bob := improver(office, f"bob{next(NUMBERS)}"), ask(office, bob).request_id)
    assert stranger.exchange(other.pre_authorized_code or "").status == 200
    assert refusal(stranger.come_again(waiting["transaction_id"])) == (400, "invalid_transaction_id")

    delivered = wallet.come_again(waiting["transaction_id"], notification=True)

    assert delivered.status == 200, delivered.body
    credential = delivered.json()["credentials"][0]["credential"]
    assert opened(credential)["cnf"]["jwk"]["x"] == wallet.key.jwk["x"]
    assert stored_offer(office, made.offer.offer_id).state is OfferState.DELIVERED
    told = {"notification_id": delivered.json()["notification_id"], "event": "credential_deleted"}
    assert wallet.post("/oid4vci/notification", told).status == 204
    assert refusal(wallet.come_again(waiting["transaction_id"])) == (401, "invalid_token")
    assert refusal(stranger.come_again("nothing")) == (400, "invalid_transaction_id")
    assert refusal(stranger.post("/oid4vci/deferred", {})) == (400, "invalid_credential_request")


@pytest.mark.parametrize("end", ["rejected", "withdrawn", "revoked"])
def test_a_wallet_that_waits_is_told_when_nothing_comes(
    office: Office, door: Client, ann: Caller, rex: Caller, end: str
) -> None:
    request = ask(office, ann)
    made = awaited_offer(office, ann, request.request_id)
    wallet = Wallet(office, door)
    assert wallet.exchange(made.pre_authorized_code or "").status == 200
    waiting = wallet.ask(LDP).json()["transaction_id"]
    if end == "rejected":
        decide(office, rex, request, REJECTED)
    elif end == "withdrawn":
        act(office, ann, lambda uow, me: office.intake.withdraw(uow, me, request.request_id), registry=False)
    else:
        decide(office, rex, request, APPROVED)
        revoke(office, rex, user_id=ann.user_id, credential_type=DPW)
    assert refusal(wallet.come_again(waiting)) == (400, "credential_request_denied")
    assert refusal(wallet.come_again(waiting)) == (400, "credential_request_denied")
    assert refusal(wallet.ask(LDP)) == (400, "credential_request_denied")


def test_of_two_waiting_keys_one_gets_the_credential(office: Office, door: Client, ann: Caller, rex: Caller) -> None:
    request = ask(office, ann)
    made = awaited_offer(office, ann, request.request_id)
    wallet = Wallet(office, door)
    assert wallet.exchange(made.pre_authorized_code or "").status == 200
    first = wallet.ask(JWT).json()["transaction_id"]
    key = WalletKey()
    second = wallet.ask(JWT, key.proof(wallet.now, wallet.nonce())).json()["transaction_id"]
    assert first != second
    # Each waits under an id of its own, however often it asks.
    assert wallet.ask(JWT, key.proof(wallet.now, wallet.nonce())).json()["transaction_id"] == second
    assert wallet.ask(JWT).json()["transaction_id"] == first
    decide(office, rex, request, APPROVED)
    assert wallet.come_again(second).status == 200
    assert refusal(wallet.come_again(first)) == (400, "credential_request_denied")
    assert refusal(wallet.come_again(second)) == (400, "invalid_transaction_id")


def test_a_holder_with_a_key_of_their_own_proves_it_before_the_decision(
    office: Office, door: Client, ann: Caller
) -> None:
    key = WalletKey()
    ann = with_own_did(office, ann, key)
    made = awaited_offer(office, ann, ask(office, ann).request_id)
    wallet = Wallet(office, door)
    assert wallet.exchange(made.pre_authorized_code or "").status == 200
    assert refusal(wallet.ask(LDP)) == (400, "invalid_proof")
    assert wallet.ask(LDP, key.proof(wallet.now, wallet.nonce())).status == 202


# -- the authorization code flow -------------------------------------------------------------------


def browser(office: Office, door: Client, user_id: str) -> PageVisitor:
    """The browser of somebody who is signed in."""
    person = office.people.get(user_id)
    with office.units() as uow:
        signed_in = office.sessions.start(uow, person, SignInMethod.PASSWORD, label="Tests")
        uow.commit()
    return PageVisitor(cast("Served", _Behind(office, door)), {"sealwright": signed_in.cookie})


class _Behind:
    def __init__(self, office: Office, client: Client) -> None:
        self.office, self.client = office, client


def push(wallet: Wallet, **changes: Any) -> Answer:
    fields = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": BACK,
        "code_challenge": base64url(hashlib.sha256(VERIFIER.encode()).digest()),
        "code_challenge_method": "S256",
        "scope": SD_JWT,
        "state": "a state & more",
        **changes,
    }
    return wallet.form("/oid4vci/par", {name: value for name, value in fields.items() if value is not None})


def authorize(person: PageVisitor, request_uri: str, decision: str = "allow") -> dict[str, str]:
    """Look at the page, answer it, and read what the link back says."""
    shown = person.get(f"/oid4vci/authorize?client_id={CLIENT_ID}&request_uri={request_uri}")
    assert shown.status == 200, shown.body
    fields = {"client_id": CLIENT_ID, "request_uri": request_uri, "decision": decision}
    answer = person.post("/oid4vci/authorize", fields)
    assert answer.status == 200, answer.body
    found = re.search(r'href="(com\.example\.wallet:[^"]+)"', answer.body.decode())
    assert found is not None, answer.body
    parts = urlsplit(html.unescape(found[1]))
    assert f"{parts.scheme}:{parts.path}" == BACK
    return {name: value for name, (value,) in parse_qs(parts.query).items()}


def code_exchange(wallet: Wallet, code: str, **changes: str) -> Answer:
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
        "client_id": CLIENT_ID,
        **changes,
    }
    answer = wallet.form("/oid4vci/token", fields)
    if answer.status == 200:
        wallet.token = answer.json()["access_token"]
    return answer


def test_a_person_lets_a_wallet_ask_a_reviewer_approves_and_the_wallet_gets_it(
    office: Office, door: Client, ann: Caller, rex: Caller
) -> None:
    wallet = Wallet(office, door, dpop_key=WalletKey("P-256"))
    pushed = push(wallet)
    assert (pushed.status, pushed.json()["expires_in"]) == (201, 600)
    request_uri = pushed.json()["request_uri"]
    person = browser(office, door, ann.user_id)

    answer = authorize(person, request_uri)

    assert (answer["state"], answer["iss"]) == ("a state & more", PUBLIC_URL)
    token = code_exchange(wallet, answer["code"])
    assert token.status == 200, token.body
    assert token.json()["token_type"] == "DPoP"
    # Asked by scope: the configuration is named.
    assert "authorization_details" not in token.json()
    waiting = wallet.ask(SD_JWT, wallet.key.proof(wallet.now, wallet.nonce(), iss=CLIENT_ID))
    assert waiting.status == 202, waiting.body
    transaction = waiting.json()["transaction_id"]
    with office.units(write=False) as uow:
        (request,) = uow.requests.of_person(ann.user_id)
    assert (request.state, request.credential_type) == (RequestState.PENDING, DPW)
    assert wallet.ask(SD_JWT).json()["transaction_id"] == transaction
    decide(office, rex, request, APPROVED)
    delivered = wallet.come_again(transaction)
    assert delivered.status == 200, delivered.body
    # Libraries choke on an id that nobody asked for.
    assert set(delivered.json()) == {"credentials"}
    assert opened(delivered.json()["credentials"][0]["credential"])["vct"] == f"{PUBLIC_URL}/vct/{DPW}"
    assert refusal(wallet.come_again(transaction)) == (400, "invalid_transaction_id")
    # Now they hold it: it comes at once, for this key and no other.
    again = wallet.ask(SD_JWT)
    assert (again.status, again.json()["credentials"]) == (200, delivered.json()["credentials"])
    stranger = WalletKey().proof(wallet.now, wallet.nonce())
    assert refusal(wallet.ask(SD_JWT, stranger)) == (400, "credential_request_denied")


def test_details_bring_identifiers_and_a_rejection_is_told(
    office: Office, door: Client, ann: Caller, rex: Caller
) -> None:
    wallet = Wallet(office, door)
    details = json.dumps([{"type": "openid_credential", "credential_configuration_id": LDP}])
    request_uri = push(wallet, scope=None, authorization_details=details).json()["request_uri"]
    code = authorize(browser(office, door, ann.user_id), request_uri)["code"]
    token = code_exchange(wallet, code).json()
    ((identifier,),) = [one["credential_identifiers"] for one in token["authorization_details"]]
    assert refusal(wallet.ask(LDP)) == (400, "invalid_credential_request")
    by_name = {"credential_configuration_id": None, "credential_identifier": identifier}
    transaction = wallet.ask(LDP, **by_name).json()["transaction_id"]
    with office.units(write=False) as uow:
        (request,) = uow.requests.of_person(ann.user_id)
    decide(office, rex, request, REJECTED)
    assert refusal(wallet.come_again(transaction)) == (400, "credential_request_denied")
    # Rejected is not for ever: who asks again is in the queue again.
    assert wallet.ask(LDP, **by_name).status == 202
    with office.units(write=False) as uow:
        assert len(uow.requests.of_person(ann.user_id)) == 2


def test_codes_hold_once_for_their_wallet_and_address(
    office: Office, door: Client, ann: Caller, rex: Caller, clock: MovableClock
) -> None:
    grant(office, rex, ann)
    wallet = Wallet(office, door)
    person = browser(office, door, ann.user_id)
    code = authorize(person, push(wallet).json()["request_uri"])["code"]
    for changes in (
        {"code": "guess"},
        {"client_id": "com.example.other"},
        {"redirect_uri": f"{BACK}/"},
        {"code_verifier": "x" * 43},
        {"code_verifier": "short"},
    ):
        assert refusal(code_exchange(wallet, **{"code": code, **changes})) == (400, "invalid_grant")
    for missing in ("code", "redirect_uri", "code_verifier", "client_id"):
        assert refusal(code_exchange(wallet, **{"code": code, missing: ""})) == (400, "invalid_request")
    assert code_exchange(wallet, code).status == 200
    assert wallet.ask(SD_JWT).status == 200
    beside = Wallet(office, door)
    assert code_exchange(beside, authorize(person, push(beside).json()["request_uri"])["code"]).status == 200
    # A code that comes twice was stolen by one of the two: what came of it ends, and nothing else.
    assert refusal(code_exchange(wallet, code)) == (400, "invalid_grant")
    assert refusal(wallet.ask(SD_JWT)) == (401, "invalid_token")
    assert beside.ask(SD_JWT).status == 200
    late = authorize(person, push(wallet).json()["request_uri"])["code"]
    clock.move(seconds=301)
    assert refusal(code_exchange(wallet, late)) == (400, "invalid_grant")
    bound = Wallet(office, door, dpop_key=WalletKey("P-256"))
    bound_code = authorize(person, push(bound).json()["request_uri"])["code"]
    thief = Wallet(office, door, dpop_key=WalletKey("P-256"))
    assert refusal(code_exchange(thief, bound_code)) == (400, "invalid_grant")
    assert refusal(code_exchange(Wallet(office, door), bound_code)) == (400, "invalid_grant")
    assert code_exchange(bound, bound_code).json()["token_type"] == "DPoP"


def test_a_code_that_comes_twice_ends_what_waits_too(office: Office, door: Client, ann: Caller, rex: Caller) -> None:
    request = ask(office, ann)
    person = browser(office, door, ann.user_id)
    wallet = Wallet(office, door)
    code = authorize(person, push(wallet).json()["request_uri"])["code"]
    assert code_exchange(wallet, code).status == 200
    transaction = wallet.ask(SD_JWT).json()["transaction_id"]
    assert wallet.come_again(transaction).status == 202
    beside = Wallet(office, door)
    assert code_exchange(beside, authorize(person, push(beside).json()["request_uri"])["code"]).status == 200
    awaited = beside.ask(SD_JWT).json()["transaction_id"]
    assert refusal(code_exchange(wallet, code)) == (400, "invalid_grant")
    decide(office, rex, request, APPROVED)
    assert refusal(wallet.come_again(transaction)) == (400, "credential_request_denied")
    # The same person's other wallet had no part in it.
    assert beside.come_again(awaited).status == 200


def test_people_refuse_and_requests_are_answered_once(
    office: Office, door: Client, ann: Caller, clock: MovableClock
) -> None:
    wallet = Wallet(office, door)
    person = browser(office, door, ann.user_id)
    request_uri = push(wallet).json()["request_uri"]
    page = f"/oid4vci/authorize?client_id={CLIENT_ID}&request_uri={request_uri}"
    nobody = door.call("GET", page)
    assert nobody.status == 303
    assert nobody.headers["location"].startswith("/login?next=%2Foid4vci%2Fauthorize%3F")
    text = person.get(page).body.decode()
    assert CLIENT_ID in text
    assert "com.example.wallet:" in text
    assert person.get(page.replace(CLIENT_ID, "other")).status == 410
    fields = {"client_id": CLIENT_ID, "request_uri": request_uri, "decision": "allow"}
    assert person.post("/oid4vci/authorize", fields, token="forged").status == 403
    assert person.post("/oid4vci/authorize", fields, headers=(("Origin", "https://evil.example"),)).status == 403
    denied = authorize(person, request_uri, "deny")
    assert (denied["error"], denied["state"], denied["iss"]) == ("access_denied", "a state & more", PUBLIC_URL)
    assert person.get(page).status == 410
    assert person.post("/oid4vci/authorize", fields).status == 410
    old = push(wallet).json()["request_uri"]
    clock.move(seconds=601)
    assert person.get(f"/oid4vci/authorize?client_id={CLIENT_ID}&request_uri={old}").status == 410
    assert person.get("/oid4vci/authorize").status == 200


def test_pushed_requests_are_judged_at_once(office: Office, door: Client) -> None:
    wallet = Wallet(office, door)
    details = json.dumps([{"type": "openid_credential", "credential_configuration_id": "nothing.ldp_vc"}])
    for code, changes in (
        ("invalid_request", {"redirect_uri": "javascript:alert(1)"}),
        ("invalid_request", {"redirect_uri": "http://wallet.example/cb"}),
        ("invalid_request", {"client_id": None}),
        ("invalid_request", {"code_challenge": None}),
        ("invalid_request", {"code_challenge_method": "plain"}),
        ("invalid_request", {"request_uri": "urn:ietf:params:oauth:request_uri:x"}),
        ("unsupported_response_type", {"response_type": "token"}),
        ("invalid_scope", {"scope": "nothing.ldp_vc"}),
        ("invalid_scope", {"scope": None}),
        ("invalid_authorization_details", {"authorization_details": details}),
        ("invalid_authorization_details", {"authorization_details": "no JSON"}),
    ):
        assert (changes, refusal(push(wallet, **changes))) == (changes, (400, code))
    assert push(wallet, redirect_uri="http://127.0.0.1:3000/cb", unknown="x").status == 201
    key = WalletKey("P-256")
    other = Wallet(office, door, dpop_key=key)
    assert refusal(push(other, dpop_jkt="A" * 43)) == (400, "invalid_dpop_proof")


def test_what_a_person_may_not_ask_for_is_denied(office: Office, door: Client) -> None:
    guest = join(office, "guest")
    wallet = Wallet(office, door)
    person = browser(office, door, guest.user_id)
    code = authorize(person, push(wallet).json()["request_uri"])["code"]
    assert code_exchange(wallet, code).status == 200
    # No improver may ask for a type that is not theirs to ask for; the wallet learns no more.
    assert refusal(wallet.ask(SD_JWT)) == (400, "credential_request_denied")
    act(office, the_operator(office), lambda uow, me: office.people.deactivate(uow, me, guest.user_id))
    assert refusal(wallet.ask(SD_JWT)) == (401, "invalid_token")


def suites_of(metadata: Any, configuration: str) -> Any:
    return metadata["credential_configurations_supported"][configuration]["credential_signing_alg_values_supported"]


def test_types_that_are_not_public_are_named_by_their_schema_alone(office: Office, door: Client) -> None:
    metadata = door.call("GET", "/.well-known/openid-credential-issuer").json()
    shown = metadata["credential_configurations_supported"][SD_JWT]
    assert shown["credential_metadata"]["display"][0]["name"] == "Department of Public Works certification"
    assert shown["scope"] == SD_JWT
    assert suites_of(metadata, LDP) == ["Ed25519Signature2020"]
    # Whoever issues by a schema alone chooses the suite.
    assert suites_of(metadata, "university-degree.ldp_vc") == list(ISSUED_SUITES)
    assert suites_of(metadata, "university-degree.jwt_vc_json") == suites_of(metadata, SD_JWT) == ["EdDSA", "ES256"]
    with office.units() as uow:
        uow.office.raise_epoch()
        kind = uow.types.get(DPW)
        assert kind is not None
        uow.types.update(replace(kind, visibility=Visibility.PRIVATE, version=kind.version + 1))
        uow.commit()
    again = door.call("GET", "/.well-known/openid-credential-issuer").json()
    hidden = again["credential_configurations_supported"][SD_JWT]
    assert hidden["credential_metadata"]["display"][0]["name"] == "DPWCertifiedCredential"
    assert "scope" not in hidden
    with office.units() as uow:
        uow.office.raise_epoch()
        uow.types.update(replace(kind, version=kind.version + 2))
        uow.commit()


def test_a_request_that_waits_already_is_the_one_that_is_awaited(
    office: Office, door: Client, ann: Caller, rex: Caller
) -> None:
    request = ask(office, ann)
    wallet = Wallet(office, door)
    code = authorize(browser(office, door, ann.user_id), push(wallet).json()["request_uri"])["code"]
    assert code_exchange(wallet, code).status == 200
    transaction = wallet.ask(SD_JWT).json()["transaction_id"]
    with office.units(write=False) as uow:
        assert len(uow.requests.of_person(ann.user_id)) == 1
    decide(office, rex, request, APPROVED)
    assert wallet.come_again(transaction).status == 200
    assert stored_request(office, request.request_id).state is APPROVED
