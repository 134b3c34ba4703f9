"""From an offer to a credential in a wallet: codes, tokens, proofs, forms, and what is refused on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sealwright.domain.offers import OfferBinding, OfferState
from sealwright.domain.people import Caller
from sealwright.services.offer_values import MadeOffer
from sealwright.services.office import Office
from sealwright.services.verification import VerifyOptions
from tests.flows.wallets.conftest import JWT, LDP, NUMBERS, SD_JWT
from tests.support.desk import DPW
from tests.support.offers import make_offer, stored_offer
from tests.support.office import PUBLIC_URL, MovableClock, the_operator
from tests.support.review import audit_of, grant, improver, revoke
from tests.support.wallet import Wallet, WalletKey, opened, presented, refusal, with_own_did
from tests.web.client import Client


@pytest.fixture
def credential_id(office: Office, rex: Caller, ann: Caller) -> str:
    made = grant(office, rex, ann)
    assert made.credential_id is not None
    return made.credential_id


def offered(office: Office, credential_id: str, **more: Any) -> MadeOffer:
    made = make_offer(office, the_operator(office), credential_id, "qr", **more)
    assert made.pre_authorized_code is not None
    return made


def grant_of(office: Office, credential_id: str) -> str:
    with office.units(write=False) as uow:
        found = uow.grants.by_credential(credential_id)
    assert found is not None
    return found.grant_id


def verified(office: Office, credential: object) -> bool:
    return bool(office.verifier.verify(credential, VerifyOptions()))


def code_of(made: MadeOffer) -> str:
    assert made.pre_authorized_code is not None
    return made.pre_authorized_code


def test_a_wallet_goes_from_the_code_on_the_screen_to_each_form_of_the_credential(
    office: Office, door: Client, credential_id: str
) -> None:
    for configuration in (LDP, JWT, SD_JWT):
        made = offered(office, credential_id)
        wallet = Wallet(office, door, dpop_key=WalletKey("P-256"))
        assert made.offer_uri is not None
        offer = wallet.read(made.offer_uri).json()
        assert offer["credential_issuer"] == PUBLIC_URL
        assert offer["credential_configuration_ids"] == [LDP, JWT, SD_JWT]
        ((_, terms),) = offer["grants"].items()
        assert terms["tx_code"]["length"] == 6
        assert stored_offer(office, made.offer.offer_id).state is OfferState.OPENED
        token = wallet.exchange(terms["pre-authorized_code"], made.tx_code)
        assert (token.json()["token_type"], token.json()["expires_in"]) == ("DPoP", 300)
        assert token.headers["cache-control"] == "no-store"
        assert stored_offer(office, made.offer.offer_id).state is OfferState.ACCEPTED

        answer = wallet.ask(configuration)

        assert answer.status == 200, answer.body
        (one,) = answer.json()["credentials"]
        credential = one["credential"]
        assert verified(office, credential)
        if configuration == LDP:
            assert credential["credentialSubject"]["id"] == wallet.key.did
            assert credential["proof"]["type"] == "Ed25519Signature2020"
        elif configuration == JWT:
            assert opened(credential)["sub"] == wallet.key.did
        else:
            claims = opened(credential)
            assert (claims["cnf"]["jwk"]["x"], claims["iss"]) == (wallet.key.jwk["x"], PUBLIC_URL)
            assert claims["vct"] == f"{PUBLIC_URL}/vct/{DPW}"
            assert claims["status"]["status_list"]["uri"].startswith(f"{PUBLIC_URL}/status/")
        delivered = stored_offer(office, made.offer.offer_id)
        assert delivered.state is OfferState.DELIVERED
        with office.units(write=False) as uow:
            copy = uow.credentials.get(delivered.delivered_id or "")
            primary = uow.credentials.get(credential_id)
        assert copy is not None
        assert primary is not None
        assert (copy.copy_of, copy.grant_id, copy.place == primary.place) == (primary.uid, primary.grant_id, False)
        told = {"notification_id": answer.json()["notification_id"], "event": "credential_accepted"}
        assert wallet.post("/oid4vci/notification", told).status == 204
        assert wallet.post("/oid4vci/notification", told).status == 204
        assert audit_of(office, made.offer.offer_id)["offer.notified"] == 1
        assert wallet.read(made.offer_uri).status == 410


def test_several_keys_get_one_credential_each_and_a_lost_answer_is_given_again(
    office: Office, door: Client, credential_id: str
) -> None:
    made = offered(office, credential_id, tx_code=False)
    wallet = Wallet(office, door)
    keys = [WalletKey(), WalletKey("P-256"), WalletKey()]
    assert wallet.exchange(code_of(made)).status == 200
    nonce = wallet.nonce()
    headers: list[dict[str, Any]] = [{"kid": keys[0].kid}, {"jwk": keys[1].jwk}, {"kid": f"{keys[2].did_jwk}#0"}]
    proofs = [key.proof(wallet.now, nonce, head) for key, head in zip(keys, headers, strict=True)]

    first = wallet.ask(JWT, *proofs)

    subjects = [opened(one["credential"])["sub"] for one in first.json()["credentials"]]
    assert subjects == [keys[0].did, keys[1].did_jwk, keys[2].did_jwk]
    nonce = wallet.nonce()
    again = [key.proof(wallet.now, nonce, head) for key, head in zip(keys, headers, strict=True)]
    assert wallet.ask(JWT, *again).json()["credentials"] == first.json()["credentials"]
    # The same holders may have it in another form; nobody else gets anything.
    nonce = wallet.nonce()
    other = [key.proof(wallet.now, nonce, head) for key, head in zip(keys, headers, strict=True)]
    assert wallet.ask(SD_JWT, *other).status == 200
    assert refusal(wallet.ask(JWT, WalletKey().proof(wallet.now, wallet.nonce()))) == (400, "credential_request_denied")
    assert refusal(wallet.ask(JWT, keys[0].proof(wallet.now, wallet.nonce()))) == (400, "credential_request_denied")
    assert audit_of(office, made.offer.offer_id)["offer.delivered"] == 1


@pytest.mark.parametrize("suite", ["eddsa-rdfc-2022", "eddsa-jcs-2022", "Ed25519Signature2020"])
def test_a_presentation_proves_a_key_too(office: Office, door: Client, credential_id: str, suite: str) -> None:
    wallet = Wallet(office, door)
    assert wallet.exchange(code_of(offered(office, credential_id, tx_code=False))).status == 200
    made = presented(office, wallet.nonce(), suite=suite)
    answer = wallet.ask(LDP, proofs={"di_vp": [made]})
    assert answer.status == 200, answer.body
    assert answer.json()["credentials"][0]["credential"]["credentialSubject"]["id"] == made["holder"]
    assert refusal(wallet.ask(LDP, proofs={"di_vp": [made]})) == (400, "invalid_nonce")
    elsewhere = presented(office, wallet.nonce(), suite=suite, domain="https://elsewhere.example")
    assert refusal(wallet.ask(LDP, proofs={"di_vp": [elsewhere]})) == (400, "invalid_proof")
    forged = {**presented(office, wallet.nonce(), suite=suite), "holder": wallet.key.did}
    assert refusal(wallet.ask(LDP, proofs={"di_vp": [forged]})) == (400, "invalid_proof")


def test_transaction_codes_are_counted_and_lock_the_offer(office: Office, door: Client, credential_id: str) -> None:
    made = offered(office, credential_id)
    wallet = Wallet(office, door)
    assert refusal(wallet.exchange(code_of(made))) == (400, "invalid_request")
    wrong = "000000" if made.tx_code != "000000" else "111111"
    for left in (4, 3, 2, 1):
        assert refusal(wallet.exchange(code_of(made), wrong)) == (400, "invalid_grant")
        assert stored_offer(office, made.offer.offer_id).attempts_left == left
    # The right one works up to the fifth try.
    assert wallet.exchange(code_of(made), made.tx_code).status == 200
    locked = offered(office, credential_id)
    for _ in range(5):
        assert refusal(wallet.exchange(code_of(locked), wrong)) == (400, "invalid_grant")
    assert refusal(wallet.exchange(code_of(locked), locked.tx_code)) == (400, "invalid_grant")
    assert audit_of(office, locked.offer.offer_id)["offer.locked"] == 1
    plain = offered(office, credential_id, tx_code=False)
    assert refusal(wallet.exchange(code_of(plain), "493536")) == (400, "invalid_request")
    assert wallet.exchange(code_of(plain)).status == 200


def test_codes_are_used_once_and_in_their_time(
    office: Office, door: Client, credential_id: str, clock: MovableClock
) -> None:
    wallet = Wallet(office, door)
    made = offered(office, credential_id, tx_code=False)
    assert wallet.exchange(code_of(made)).status == 200
    assert refusal(wallet.exchange(code_of(made))) == (400, "invalid_grant")
    assert refusal(wallet.exchange("swc_guess")) == (400, "invalid_grant")
    late = offered(office, credential_id, tx_code=False)
    clock.move(seconds=601)
    assert refusal(wallet.exchange(code_of(late))) == (400, "invalid_grant")
    assert late.offer_uri is not None
    assert wallet.read(late.offer_uri).status == 410
    assert wallet.read(f"{PUBLIC_URL}/oid4vci/offers/nowhere").status == 404
    # The first token's time is over too.
    assert refusal(wallet.ask(LDP)) == (401, "invalid_token")


def test_a_token_serves_its_own_offer_and_names_what_it_was_given(
    office: Office, door: Client, rex: Caller, credential_id: str
) -> None:
    wallet = Wallet(office, door)
    made = offered(office, credential_id, tx_code=False)
    details = json.dumps([{"type": "openid_credential", "credential_configuration_id": SD_JWT}])
    answer = wallet.exchange(code_of(made), authorization_details=details)
    ((identifier,),) = [one["credential_identifiers"] for one in answer.json()["authorization_details"]]
    assert refusal(wallet.ask(SD_JWT)) == (400, "invalid_credential_request")
    assert refusal(wallet.ask("nothing.ldp_vc")) == (400, "unknown_credential_configuration")
    unknown = wallet.ask(SD_JWT, credential_configuration_id=None, credential_identifier=f"{LDP}.1")
    assert refusal(unknown) == (400, "unknown_credential_identifier")
    both = wallet.ask(SD_JWT, credential_identifier=identifier)
    assert refusal(both) == (400, "invalid_credential_request")
    assert wallet.ask(SD_JWT, credential_configuration_id=None, credential_identifier=identifier).status == 200
    foreign = json.dumps([{"type": "openid_credential", "credential_configuration_id": "sfluv_verifier.ldp_vc"}])
    other = offered(office, credential_id, tx_code=False)
    refused = wallet.exchange(code_of(other), authorization_details=foreign)
    assert refusal(refused) == (400, "invalid_authorization_details")
    assert wallet.exchange(code_of(other)).status == 200
    assert refusal(wallet.ask("sfluv_verifier.ldp_vc")) == (400, "invalid_credential_request")


def test_proofs_and_nonces_hold_once_and_for_us_alone(
    office: Office, door: Client, credential_id: str, clock: MovableClock
) -> None:
    wallet = Wallet(office, door)
    assert wallet.exchange(code_of(offered(office, credential_id, tx_code=False))).status == 200
    key, now = wallet.key, wallet.now
    old = wallet.nonce()
    used = wallet.nonce()
    proof = key.proof(now, used)
    assert wallet.ask(LDP, proof).status == 200
    assert refusal(wallet.ask(LDP, proof)) == (400, "invalid_nonce")
    assert refusal(wallet.ask(LDP, key.proof(now, used, {"jwk": key.jwk}))) == (400, "invalid_nonce")
    assert refusal(wallet.ask(LDP, key.proof(now, "AAAA"))) == (400, "invalid_nonce")
    bad = {
        "no nonce": key.proof(now, None),
        "another issuer": key.proof(now, wallet.nonce(), aud="https://elsewhere.example"),
        "too old": key.proof(now - 400, wallet.nonce()),
        "not yet": key.proof(now + 120, wallet.nonce()),
        "another kind of token": key.proof(now, wallet.nonce(), {"kid": key.kid, "typ": "JWT"}),
        "two keys": key.proof(now, wallet.nonce(), {"kid": key.kid, "jwk": key.jwk}),
        "no key": key.proof(now, wallet.nonce(), {}),
        "an issuer where the wallet is anonymous": key.proof(now, wallet.nonce(), iss="wallet"),
        "another key than named": WalletKey().proof(now, wallet.nonce(), {"kid": key.kid}),
        "a private key": key.proof(now, wallet.nonce(), {"jwk": {**key.jwk, "d": "AAAA"}}),
    }
    for why, text in bad.items():
        assert (why, refusal(wallet.ask(LDP, text))) == (why, (400, "invalid_proof"))
    twice = [key.proof(now, wallet.nonce()), key.proof(now, wallet.nonce(), {"jwk": key.jwk})]
    assert refusal(wallet.ask(LDP, *twice)) == (400, "invalid_proof")
    assert refusal(wallet.ask(LDP, proofs=None)) == (400, "invalid_proof")
    assert refusal(wallet.ask(LDP, proofs={"jwt": [], "di_vp": []})) == (400, "invalid_proof")
    encrypted = wallet.ask(LDP, credential_response_encryption={"jwk": {}, "enc": "A256GCM"})
    assert refusal(encrypted) == (400, "invalid_encryption_parameters")
    clock.move(seconds=299)
    assert refusal(wallet.ask(LDP, key.proof(wallet.now, used))) == (400, "invalid_nonce")
    clock.move(seconds=1)
    assert refusal(wallet.ask(LDP, key.proof(wallet.now, old))) == (401, "invalid_token")


def test_bound_tokens_need_their_key_and_each_proof_serves_once(
    office: Office, door: Client, credential_id: str
) -> None:
    key = WalletKey("P-256")
    wallet = Wallet(office, door, dpop_key=key)
    code = code_of(offered(office, credential_id, tx_code=False))
    path, token_path = "/oid4vci/credential", "/oid4vci/token"
    now = wallet.now
    for why, text in {
        "no JWS": "x",
        "another method": key.dpop(now, token_path, htm="GET"),
        "another address": key.dpop(now, path),
        "too old": key.dpop(now - 400, token_path),
        "no id": key.dpop(now, token_path, jti=None),
        "another type": key.sign({"typ": "JWT", "jwk": key.jwk}, {}),
        "a foreign key": key.sign({"typ": "dpop+jwt", "jwk": WalletKey("P-256").jwk}, {"htm": "POST"}),
    }.items():
        assert (why, refusal(wallet.exchange(code, dpop=text))) == (why, (400, "invalid_dpop_proof"))
    stale = wallet.exchange(code, dpop=key.dpop(now, token_path, nonce="old"))
    assert refusal(stale) == (400, "use_dpop_nonce")
    proof = key.dpop(now, token_path, nonce=stale.headers["dpop-nonce"])
    assert wallet.exchange(code, dpop=proof).json()["token_type"] == "DPoP"
    assert refusal(wallet.exchange(code, dpop=proof)) == (400, "invalid_dpop_proof")

    as_bearer = wallet.post(path, {}, authorization=f"Bearer {wallet.token}", dpop="")
    assert refusal(as_bearer) == (401, "invalid_token")
    assert as_bearer.headers["www-authenticate"].startswith("DPoP ")
    bare = wallet.post(path, {}, authorization=f"DPoP {wallet.token}", dpop="")
    assert refusal(bare) == (401, "invalid_token")
    thief = WalletKey("P-256").dpop(now, path, wallet.token)
    assert refusal(wallet.post(path, {}, dpop=thief)) == (401, "invalid_token")
    for why, text in {
        "no ath": key.dpop(now, path),
        "another token": key.dpop(now, path, "other"),
        "another address": key.dpop(now, token_path, wallet.token),
    }.items():
        assert (why, refusal(wallet.post(path, {}, dpop=text))) == (why, (401, "invalid_dpop_proof"))
    again = key.dpop(now, path, wallet.token)
    assert refusal(wallet.post(path, {}, dpop=again)) == (400, "invalid_credential_request")
    replay = wallet.post(path, {}, dpop=again)
    assert refusal(replay) == (401, "invalid_dpop_proof")
    unbound = Wallet(office, door)
    assert unbound.exchange(code_of(offered(office, credential_id, tx_code=False))).status == 200
    forced = key.dpop(now, path, unbound.token)
    assert refusal(unbound.post(path, {}, authorization=f"DPoP {unbound.token}", dpop=forced)) == (401, "invalid_token")
    assert wallet.ask(LDP).status == 200


def test_tokens_are_looked_for_in_their_header_alone(office: Office, door: Client, credential_id: str) -> None:
    wallet = Wallet(office, door)
    assert wallet.exchange(code_of(offered(office, credential_id, tx_code=False))).status == 200
    for path in ("/oid4vci/credential", "/oid4vci/deferred", "/oid4vci/notification"):
        missing = wallet.post(path, {}, authorization="")
        assert refusal(missing) == (401, "invalid_token")
        assert missing.headers["www-authenticate"].startswith("Bearer ")
        assert "error=" not in missing.headers["www-authenticate"]
        guessed = wallet.post(path, {}, authorization="Bearer swa_guess")
        assert refusal(guessed) == (401, "invalid_token")
        assert 'error="invalid_token"' in guessed.headers["www-authenticate"]
        in_query = wallet.client.call("POST", f"{path}?access_token={wallet.token}", {})
        assert refusal(in_query) == (401, "invalid_token")
        basic = wallet.post(path, {}, authorization=f"Basic {wallet.token}")
        assert refusal(basic) == (401, "invalid_token")


def test_only_the_holder_whose_key_is_their_own_takes_an_offer(office: Office, door: Client, rex: Caller) -> None:
    holder = WalletKey()
    ann = with_own_did(office, improver(office, f"ann{next(NUMBERS)}"), holder)
    made = grant(office, rex, ann)
    assert made.credential_id is not None
    assert made.holder_did == holder.did
    wallet = Wallet(office, door, key=holder)
    assert wallet.exchange(code_of(offered(office, made.credential_id, tx_code=False))).status == 200
    stranger = WalletKey().proof(wallet.now, wallet.nonce())
    assert refusal(wallet.ask(JWT, stranger)) == (400, "invalid_proof")
    assert opened(wallet.ask(JWT).json()["credentials"][0]["credential"])["sub"] == holder.did
    # The same key without its DID is the same holder.
    bare = wallet.ask(JWT, holder.proof(wallet.now, wallet.nonce(), {"jwk": holder.jwk}))
    assert opened(bare.json()["credentials"][0]["credential"])["sub"] == holder.did
    anybody = offered(office, made.credential_id, tx_code=False, binding=OfferBinding.BEARER)
    other = Wallet(office, door)
    assert other.exchange(code_of(anybody)).status == 200
    assert opened(other.ask(JWT).json()["credentials"][0]["credential"])["sub"] == other.key.did


def test_what_was_revoked_or_withdrawn_is_not_handed_over(
    office: Office, door: Client, rex: Caller, credential_id: str
) -> None:
    wallet = Wallet(office, door)
    assert wallet.exchange(code_of(offered(office, credential_id, tx_code=False))).status == 200
    revoke(office, rex, grant_id=grant_of(office, credential_id))
    assert refusal(wallet.ask(LDP)) == (400, "credential_request_denied")
    bob = grant(office, rex, improver(office, f"bob{next(NUMBERS)}"))
    assert bob.credential_id is not None
    made = offered(office, bob.credential_id, tx_code=False)
    assert wallet.exchange(code_of(made)).status == 200
    operator = the_operator(office)
    office.acts.run(operator, lambda uow, me: office.offers.cancel(uow, me, made.offer.offer_id))
    assert refusal(wallet.ask(LDP)) == (400, "credential_request_denied")
    assert made.offer_uri is not None
    assert wallet.read(made.offer_uri).status == 410


def test_whatever_is_wrong_with_a_call_is_told_in_the_same_words(office: Office, door: Client) -> None:
    wallet = Wallet(office, door)
    token = "/oid4vci/token"
    twice = [("grant_type", "x"), ("grant_type", "x")]
    assert refusal(wallet.form(token, twice)) == (400, "invalid_request")
    assert refusal(wallet.form(token, {"grant_type": "password"})) == (400, "unsupported_grant_type")
    assert refusal(door.call("POST", token, {"grant_type": "x"})) == (400, "invalid_request")
    client = wallet.form(token, {"grant_type": "x"}, authorization="Basic eDp5")
    assert refusal(client) == (401, "invalid_client")
    assert client.headers["www-authenticate"].startswith("Basic ")
    assert refusal(door.call("GET", token)) == (405, "invalid_request")
    for raw in (b"", b"{", b"[]", b'{"a": 1, "a": 2}', b"\xff", b'{"a": NaN}'):
        answer = door.call("POST", "/oid4vci/credential", raw=raw)
        assert refusal(answer) == (400, "invalid_credential_request")
        answer = door.call("POST", "/oid4vci/notification", raw=raw)
        assert refusal(answer) == (400, "invalid_notification_request")
    for path in ("/oid4vci/credential", "/oid4vci/deferred"):
        encrypted = door.call("POST", path, raw=b"e30", content_type="application/jwt")
        assert refusal(encrypted) == (400, "invalid_encryption_parameters")
    told = door.call("POST", "/oid4vci/notification", raw=b"e30", content_type="application/jwt")
    assert refusal(told) == (400, "invalid_notification_request")
    text = door.call("POST", "/oid4vci/credential", raw=b"{}", content_type="text/plain")
    assert refusal(text) == (400, "invalid_credential_request")
    assert refusal(door.call("POST", "/oid4vci/credential", raw=b"x" * 2_000_000)) == (
        413,
        "invalid_credential_request",
    )
    for body in (b"", b"{}", b"anything"):
        answer = door.call("POST", "/oid4vci/nonce", raw=body, content_type="text/plain")
        assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    asked = door.call("OPTIONS", "/oid4vci/credential", headers=[("Origin", "https://wallet.example")])
    assert (asked.status, asked.headers["access-control-allow-methods"]) == (204, "OPTIONS, POST")
    assert "DPoP" in asked.headers["access-control-allow-headers"]
