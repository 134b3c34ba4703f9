"""Offers over HTTP: made with a credential or after it, shown as codes, redeemed once, and every refusal's answer."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sealwright.domain.people import AccountRole
from sealwright.web.api.qr_images import LARGEST_VERSION, qr_code
from sealwright.web.api.shapes.delivery import MADE_OFFER, OFFER_ANSWER, OFFER_PAGE
from sealwright.web.shape import compile_schema
from tests.support.accounts import custodial
from tests.support.codes import pixels_of, read_code
from tests.support.offers import Holder
from tests.support.office import PUBLIC_URL, add_person
from tests.web.client import Answer
from tests.web.conftest import Served, degree, token_for

ISSUE = "/api/v1/credentials/issue"
REDEEM = "/api/v1/credentials/redeem"
SECRETS = ("token", "claimUrl", "txCode", "credentialOfferUri", "deepLink", "haipLink")


def issued(served: Served, holder: Holder, **more: Any) -> Any:
    return served.issue(holderDid=holder.did, **more)


def offered(served: Served, holder: Holder, **wish: Any) -> Any:
    path = f"/api/v1/credentials/{issued(served, holder)['credentialId']}/offers"
    answer = served.client.call("POST", path, {"channel": "token", **wish}, token=served.key)
    assert answer.status == 201, answer.body
    assert answer.headers["location"] == f"/api/v1/offers/{answer.json()['offerId']}"
    return answer.json()


def redeem(served: Served, holder: Holder | None, made: Any, token: str | None = None, **more: Any) -> Answer:
    body = {"token": made["token"], **more}
    if holder is not None:
        body["holderProof"] = holder.proof(made["token"], served.clock.now())
    return served.client.call("POST", REDEEM, body, token=token)


def fits(schema: Any, body: Any) -> None:
    assert [error.message for error in compile_schema(schema).iter_errors(body)] == []


def test_offer_is_told_with_its_secrets_once(served: Served) -> None:
    holder = Holder(20)
    made = offered(served, holder)
    fits(MADE_OFFER, made)
    assert made["claimUrl"] == f"{PUBLIC_URL}/claim#{made['token']}"
    shown = served.client.call("GET", f"/api/v1/offers/{made['offerId']}", token=served.key).json()
    fits({**OFFER_ANSWER, "additionalProperties": False}, shown)
    assert shown == {name: value for name, value in made.items() if name not in SECRETS}
    page = served.client.call("GET", f"/api/v1/offers?credentialId={made['credentialId']}", token=served.key).json()
    fits(OFFER_PAGE, page)
    assert page == {"data": [shown], "hasMore": False, "nextCursor": None}
    assert made["token"] not in str(page)
    none = served.client.call("GET", "/api/v1/offers?state=declined", token=served.key).json()
    assert none["data"] == []
    assert served.client.call("GET", "/api/v1/offers?state=lost", token=served.key).code == "INVALID_FILTER"


def test_redeemed_once_byte_for_byte(served: Served) -> None:
    holder = Holder(21)
    made = offered(served, holder)
    answer = redeem(served, holder, made)
    assert answer.status == 200, answer.body
    document = served.client.call("GET", f"/api/v1/credentials/{made['credentialId']}/document", token=served.key)
    assert document.body in answer.body
    assert answer.json()["credentialId"] == made["credentialId"]
    assert answer.headers["cache-control"] == "no-store"
    assert redeem(served, holder, made).json() == answer.json()
    again = redeem(served, None, made)
    assert (again.status, again.code) == (410, "TOKEN_USED")
    assert (redeem(served, Holder(22), made).status, redeem(served, Holder(22), made).code) == (410, "TOKEN_USED")


def test_every_refusal_of_redemption(served: Served) -> None:
    holder, stranger = Holder(23), Holder(24)
    made, coded = offered(served, holder), offered(served, holder, txCode=True)
    short, gone = offered(served, holder, expiresInSeconds=1), offered(served, holder)
    assert (len(coded["txCode"]), coded["txCode"].isdigit(), coded["attemptsLeft"]) == (6, True, 5)
    served.client.call("POST", f"/api/v1/offers/{gone['offerId']}/cancel", token=served.key)
    served.clock.move(seconds=1)
    wallet = served.client.call(
        "POST", f"/api/v1/credentials/{made['credentialId']}/offers", {"channel": "qr"}, token=served.key
    ).json()
    reference = urlsplit(wallet["credentialOfferUri"]).path.rpartition("/")[2]
    told = [
        redeem(served, None, {"token": "swo_" + "A" * 43}),
        redeem(served, None, {"token": reference}),
        redeem(served, None, {"token": served.person}),
        redeem(served, holder, short),
        redeem(served, holder, gone),
        redeem(served, None, made),
        redeem(served, None, made, holderProof="a.b.c"),
        redeem(served, None, made, token=served.key),
        redeem(served, stranger, made),
        redeem(served, None, made, token=served.person),
        redeem(served, holder, made, txCode="123456"),
        redeem(served, holder, coded),
        *[redeem(served, holder, coded, txCode="no") for _ in range(6)],
    ]
    assert [(one.status, one.code) for one in told] == [
        *[(404, "OFFER_NOT_FOUND")] * 3,
        *[(410, "TOKEN_EXPIRED")] * 2,
        *[(401, "HOLDER_PROOF_REQUIRED")] * 3,
        *[(403, "HOLDER_MISMATCH")] * 2,
        *[(400, "INVALID_TX_CODE")] * 7,
        (429, "TX_CODE_LOCKED"),
    ]
    assert {one.json()["detail"] for one in told[:3]} == {"There is no such offer."}
    revoke = {"credentialId": made["credentialId"], "reason": "over"}
    assert served.client.call("POST", "/api/v1/credentials/revoke", revoke, token=served.key).status == 200
    assert redeem(served, holder, made).code == "TOKEN_EXPIRED"
    refused = served.client.call(
        "POST", f"/api/v1/credentials/{made['credentialId']}/offers", {"channel": "token"}, token=served.key
    )
    assert (refused.status, refused.code) == (409, "NOT_DELIVERABLE")


def test_refused_redemption_leaves_nothing_but_the_count(served: Served) -> None:
    holder = Holder(25)
    made = offered(served, holder, txCode=True)
    before = served.audit_size()
    proof = holder.proof(made["token"], served.clock.now())
    for body in ({"token": made["token"]}, {"token": made["token"], "holderProof": proof}):
        assert served.client.call("POST", REDEEM, body).status in {400, 401}
    assert served.audit_size() == before
    shown = served.client.call("GET", f"/api/v1/offers/{made['offerId']}", token=served.key).json()
    assert (shown["attemptsLeft"], shown["state"]) == (5, "created")


@pytest.mark.parametrize("scale", [1, 4])
def test_codes_say_what_wallets_and_people_need(served: Served, scale: int) -> None:
    holder = Holder(26)
    wallet, person = offered(served, holder, channel="oid4vci"), offered(served, holder)
    assert (wallet["channel"], wallet["txCodeRequired"], wallet["token"]) == ("qr", True, None)
    query = parse_qs(urlsplit(wallet["deepLink"]).query)
    assert query == {"credential_offer_uri": [wallet["credentialOfferUri"]]}
    assert wallet["haipLink"] == wallet["deepLink"].replace("openid-credential-offer://", "haip-vci://")
    for made, content in ((wallet, wallet["deepLink"]), (person, person["claimUrl"])):
        path = made["qrPngUrl"].removeprefix(PUBLIC_URL)
        answer = served.client.call("GET", f"{path}?scale={scale}", token=served.key)
        assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
        pixels = pixels_of(answer.body)
        assert {value for row in pixels for value in row} == {0, 255}
        # The quiet zone of four modules is white.
        assert {value for row in pixels[: 4 * scale] for value in row} == {255}
        assert read_code(pixels, scale=4 // scale) == content
        svg = served.client.call("GET", made["qrSvgUrl"].removeprefix(PUBLIC_URL), token=served.key)
        assert (svg.status, svg.headers["content-type"]) == (200, "image/svg+xml")
        assert b"<script" not in svg.body
        assert b"<svg" in svg.body


def test_codes_stay_small_for_long_addresses() -> None:
    link = "openid-credential-offer://?credential_offer_uri=https%3A%2F%2F{}%2Foid4vci%2Foffers%2F" + "a" * 43
    for host in ("credentials.example", "credentials.department-of-works.example.org"):
        assert qr_code(link.format(host)).version <= LARGEST_VERSION


def test_nothing_to_scan_of_what_is_over_or_not_there(served: Served) -> None:
    made = offered(served, Holder(27))
    path = f"/api/v1/offers/{made['offerId']}"
    ended = served.client.call("POST", f"{path}/cancel", token=served.key)
    assert (ended.status, ended.json()["state"], ended.json()["qrSvgUrl"]) == (200, "canceled", None)
    again = served.client.call("POST", f"{path}/cancel", token=served.key)
    assert (again.status, again.json()) == (200, ended.json())
    assert served.client.call("GET", f"{path}/qr.svg", token=served.key).code == "TOKEN_EXPIRED"
    for wanted in ("qr.svg", "qr.png"):
        missing = served.client.call("GET", f"/api/v1/offers/off_none/{wanted}", token=served.key)
        assert (missing.status, missing.code) == (404, "OFFER_NOT_FOUND")
    assert served.client.call("GET", f"{path}/qr.png?scale=0", token=served.key).code == "INVALID_FILTER"


def test_hidden_offers_look_missing(served: Served) -> None:
    made = offered(served, Holder(28))
    for token in (served.holder_key, served.person):
        for method, path in (("GET", ""), ("POST", "/cancel"), ("GET", "/qr.svg"), ("GET", "/qr.png")):
            hidden = served.client.call(method, f"/api/v1/offers/{made['offerId']}{path}", token=token)
            missing = served.client.call(method, f"/api/v1/offers/off_none{path}", token=token)
            assert (hidden.status, hidden.code) == (missing.status, missing.code) == (404, "OFFER_NOT_FOUND")
            assert hidden.json()["detail"] == missing.json()["detail"]
        assert served.client.call("GET", "/api/v1/offers", token=token).json()["data"] == []
        path = f"/api/v1/credentials/{made['credentialId']}/offers"
        assert served.client.call("POST", path, {"channel": "token"}, token=token).code == "CREDENTIAL_NOT_FOUND"


def test_issue_with_delivery_makes_one_offer(served: Served) -> None:
    holder = Holder(29)
    body = {**degree(), "holderDid": holder.did, "delivery": {"channel": "token", "txCode": True}}
    key = [("Idempotency-Key", "delivered once")]
    first = served.client.call("POST", ISSUE, body, token=served.key, headers=key)
    assert first.status == 201, first.body
    offer = first.json()["offer"]
    fits(MADE_OFFER, offer)
    assert redeem(served, holder, offer, txCode=offer["txCode"]).status == 200
    served.clock.move(hours=1)
    again = served.client.call("POST", ISSUE, body, token=served.key, headers=key)
    assert (again.status, again.headers["idempotent-replayed"]) == (201, "true")
    assert again.json() == first.json()
    path = f"/api/v1/offers?credentialId={first.json()['credentialId']}"
    assert len(served.client.call("GET", path, token=served.key).json()["data"]) == 1


def test_issue_for_a_delivery_that_cannot_be_issues_nothing(served: Served) -> None:
    before = served.audit_size()
    body = {**degree(), "holderDid": Holder(30).did}
    for dry in (False, True):
        for wish, code in (
            ({"channel": "didcomm"}, "NO_DIDCOMM_ENDPOINT"),
            ({"channel": "email"}, "MISSING_FIELD"),
            ({"channel": "email", "email": "nothing"}, "INVALID_VALUE"),
            ({"channel": "pigeon"}, "INVALID_VALUE"),
            ({}, "MISSING_FIELD"),
            ({"channel": "token", "expiresInSeconds": 0}, "INVALID_VALUE"),
            ({"channel": "token", "secret": "s"}, "UNKNOWN_FIELD"),
        ):
            answer = served.client.call("POST", ISSUE, {**body, "delivery": wish, "dryRun": dry}, token=served.key)
            assert answer.code == code, answer.body
            if code != "NO_DIDCOMM_ENDPOINT":
                assert all(pointer.startswith("/delivery") for pointer in answer.pointers)
    assert served.audit_size() == before


def test_offer_answers_the_same_again(served: Served) -> None:
    path = f"/api/v1/credentials/{issued(served, Holder(31))['credentialId']}/offers"
    key = [("Idempotency-Key", "offered once")]
    first, again = (
        served.client.call("POST", path, {"channel": "qr"}, token=served.key, headers=key) for _ in range(2)
    )
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert again.headers["idempotent-replayed"] == "true"
    other = served.client.call("POST", path, {"channel": "token"}, token=served.key, headers=key)
    assert other.code == "IDEMPOTENCY_KEY_REUSED"


def test_holder_who_is_signed_in_offers_and_redeems(served: Served) -> None:
    office = served.office
    user_id = add_person(office, "holding", AccountRole.IMPROVER)
    did = custodial(office, user_id)
    own = token_for(office, user_id)
    credential_id = served.issue(holderDid=did)["credentialId"]
    path = f"/api/v1/credentials/{credential_id}/offers"
    made = served.client.call("POST", path, {"channel": "token"}, token=own).json()
    by_letter = served.client.call("POST", path, {"channel": "email"}, token=served.key).json()
    assert by_letter["expiresAt"] > made["expiresAt"]
    assert (redeem(served, None, made, token=served.person)).code == "HOLDER_MISMATCH"
    assert redeem(served, None, made, token=own).json()["credentialId"] == credential_id
    assert redeem(served, None, made, token=own).status == 200
    listed = served.client.call("GET", "/api/v1/offers?limit=1", token=own).json()
    assert (len(listed["data"]), listed["hasMore"]) == (1, True)
    declined = served.client.call("POST", f"/api/v1/offers/{by_letter['offerId']}/cancel", token=own).json()
    assert declined["state"] == "declined"
    conflict = served.client.call("POST", f"/api/v1/offers/{made['offerId']}/cancel", token=served.key)
    assert (conflict.status, conflict.code) == (409, "STATE_CONFLICT")
