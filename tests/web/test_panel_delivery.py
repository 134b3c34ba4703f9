"""Pages of delivery: offers, files, the public page's switch, and taking a credential by a link."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pypdf
import pytest

from sealwright.protocols.baking import baked_credential
from sealwright.web.panel.qr import qr_version
from tests.web.desk import Desk
from tests.web.page_client import PageVisitor, text_of
from tests.web.panel_desk import panel_desk, visit

CODE = re.compile(r'class="txcode">(\d{6})<')
LINK = re.compile(r"http://127\.0\.0\.1:8000/claim#(swo_[\w-]+)")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with panel_desk(tmp_path_factory.mktemp("delivery") / "home") as one:
        yield one


def granted(desk: Desk) -> tuple[str, str]:
    """A new improver who holds a credential: their name, and its id."""
    name = f"holder{len(desk.ids)}"
    return name, str(desk.granted("issuer", name)["credential_id"])


def html_of(answer: Any) -> str:
    return unescape(answer.body.decode("utf-8"))


def claim_token(desk: Desk, credential_id: str, who: str = "issuer", **more: Any) -> dict[str, Any]:
    """A one-time token, made over the API."""
    made: dict[str, Any] = desk.done(
        who, "POST", f"/api/v1/credentials/{credential_id}/offers", {"channel": "token", **more}
    )
    return made


# -- delivering ------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", ["/improver", "/issuer"])
def test_a_code_is_shown_with_its_transaction_code_this_once(desk: Desk, base: str) -> None:
    name, credential = granted(desk)
    path = f"{base}/credentials/{credential}"
    me = visit(desk, name if base == "/improver" else "issuer")
    assert "Not delivered yet." in text_of(me.get(path))
    made = me.post(f"{path}/offers", {"channel": "qr", "tx_code": "1"})
    assert made.status == 200
    shown = html_of(made)
    assert (
        'href="openid-credential-offer://?credential_offer_uri=http%3A%2F%2F127.0.0.1%3A8000%2Foid4vci%2Foffers'
        in shown
    )
    assert 'href="haip-vci://?credential_offer_uri=' in shown
    assert CODE.search(shown) is not None
    later = html_of(me.get(path))
    assert "Offered" in later
    assert "openid-credential-offer" not in later
    assert "txcode" not in later


def test_another_code_ends_the_one_before(desk: Desk) -> None:
    name, credential = granted(desk)
    path = f"/improver/credentials/{credential}"
    me = visit(desk, name)
    first = html_of(me.post(f"{path}/offers", {"channel": "qr"}))
    assert CODE.search(first) is None
    before = re.search(r'name="instead_of" value="(off_\w+)"', first)
    assert before is not None
    part = me.post(
        f"{path}/offers",
        {"channel": "qr", "tx_code": "", "instead_of": before[1]},
        headers=(
            ("Origin", "http://127.0.0.1:8000"),
            ("Sec-Fetch-Site", "same-origin"),
            ("HX-Request-Type", "partial"),
        ),
    )
    assert part.body.lstrip().startswith(b'<div class="stack" id="deliver">')
    states = [one["state"] for one in desk.done(name, "GET", "/api/v1/offers")["data"]]
    assert sorted(states) == ["canceled", "created"]


def test_an_open_page_hears_of_the_delivery(desk: Desk) -> None:
    name, credential = granted(desk)
    path = f"/issuer/credentials/{credential}"
    issuer = visit(desk, "issuer")
    made = claim_token(desk, credential)
    news = f"{path}/offers/{made['offerId']}/news"
    assert issuer.get(news).status == 204
    desk.done(name, "POST", "/api/v1/credentials/redeem", {"token": made["token"]})
    told = issuer.get(news)
    assert told.status == 200
    assert f'<a href="{path}#deliveries">' in html_of(told)
    _, other = granted(desk)
    assert issuer.get(f"/issuer/credentials/{other}/offers/{made['offerId']}/news").status == 204
    assert visit(desk, name).get(f"/improver/credentials/{credential}/offers/off_nothing/news").status == 404


def test_a_link_is_shown_once_and_can_be_canceled(desk: Desk) -> None:
    name, credential = granted(desk)
    path = f"/issuer/credentials/{credential}"
    issuer = visit(desk, "issuer")
    made = LINK.search(html_of(issuer.post(f"{path}/offers", {"channel": "token"})))
    assert made is not None
    listed = html_of(issuer.get(path))
    assert "/claim#" not in listed
    cancel = re.search(rf'action="({path}/offers/off_\w+/cancel)"', listed)
    assert cancel is not None
    assert issuer.post(cancel[1]).status == 303
    assert "Canceled" in text_of(issuer.get(path))
    holder = visit(desk, name)
    gone = holder.post("/claim", {"token": made[1]})
    assert gone.status == 410
    assert "The time of this link is over" in text_of(gone)


def test_a_letter_goes_to_the_holder(desk: Desk) -> None:
    name, credential = granted(desk)
    path = f"/issuer/credentials/{credential}"
    issuer = visit(desk, "issuer")
    assert f'value="{name}@example.org"' in html_of(issuer.get(path))
    assert issuer.post(f"{path}/offers", {"channel": "email", "email": f"{name}@example.org"}).status == 303
    listed = text_of(issuer.get(path))
    assert f"It is on its way to {name}@example.org." in listed
    assert "Letter" in listed


def test_wrong_addresses_and_channels_are_told_at_the_form(desk: Desk) -> None:
    name, credential = granted(desk)
    path = f"/improver/credentials/{credential}/offers"
    me = visit(desk, name)
    assert me.post(path, {"channel": "email", "email": "nowhere"}).status == 422
    assert me.post(path, {"channel": "pigeon"}).status == 422


def test_what_was_typed_stands_after_a_refusal_and_what_was_proposed_after_another_ways(desk: Desk) -> None:
    name, credential = granted(desk)
    path, me = f"/issuer/credentials/{credential}", visit(desk, "issuer")
    proposed = re.search(r'id="f-email"[^>]* value="([^"]*@[^"]*)"', html_of(me.get(path)))
    assert proposed is not None, name
    typed = me.post(f"{path}/offers", {"channel": "email", "email": "nowhere"})
    assert 'value="nowhere"' in html_of(typed)
    refused = me.post(f"{path}/offers", {"channel": "didcomm", "email": ""})
    assert refused.status == 409
    assert f'value="{proposed[1]}"' in html_of(refused)


def test_what_does_not_hold_is_not_delivered_and_still_downloaded(desk: Desk) -> None:
    name, credential = granted(desk)
    desk.done(
        "issuer",
        "POST",
        "/issuer/credentials/revoke",
        {"user_id": desk.ids[name], "credential_type": "dpw_certified", "reason": "over"},
    )
    path = f"/improver/credentials/{credential}"
    me = visit(desk, name)
    page = text_of(me.get(path))
    assert "It is not valid now, so it is not handed over." in page
    assert "Show a QR code" not in page
    for post in ("offers", "jwt", "sd-jwt", "open-badge", "badge"):
        answer = me.post(f"{path}/{post}", {"channel": "qr"} if post == "offers" else {})
        assert answer.status == 409, post
    assert me.get(f"{path}/document").status == 200
    paper = pypdf.PdfReader(BytesIO(me.get(f"{path}/pdf").body))
    assert "Revoked when this was printed" in paper.pages[0].extract_text()


def test_strangers_deliver_download_and_share_nothing(desk: Desk) -> None:
    _, credential = granted(desk)
    other, _ = granted(desk)
    stranger, outsider = visit(desk, other), visit(desk, "outsider")
    own, issuer = f"/improver/credentials/{credential}", f"/issuer/credentials/{credential}"
    for visitor, path, status in ((stranger, own, 404), (outsider, issuer, 403)):
        assert visitor.get(f"{path}/pdf").status == status
        assert visitor.get(f"{path}/document").status == status
        for post in ("jwt", "sd-jwt", "open-badge", "badge"):
            assert visitor.post(f"{path}/{post}").status == status
        assert visitor.post(f"{path}/offers", {"channel": "qr"}).status == status
    assert stranger.post(f"{own}/share", {"is_on": "1"}).status == 404
    assert stranger.post(f"{own}/share/renew").status == 404


def test_another_holders_offer_cannot_be_canceled_from_ones_own_page(desk: Desk) -> None:
    _, credential = granted(desk)
    other, theirs = granted(desk)
    offer = claim_token(desk, credential, "admin")["offerId"]
    answer = visit(desk, other).post(f"/improver/credentials/{theirs}/offers/{offer}/cancel")
    assert answer.status == 404
    assert desk.done("admin", "GET", f"/api/v1/offers/{offer}")["state"] == "created"


def test_codes_stay_small_enough_to_be_read_from_two_centimeters() -> None:
    """U16: at most version 8 for offers, 5 for public pages."""
    office = "https://credentials.example.org"
    address = quote(f"{office}/oid4vci/offers/{'x' * 43}", safe="")
    assert qr_version(f"openid-credential-offer://?credential_offer_uri={address}") <= 8
    assert qr_version(f"{office}/v/{'A' * 26}") <= 5


# -- files -----------------------------------------------------------------------------------------


def test_every_form_is_downloaded(desk: Desk) -> None:
    name, credential = granted(desk)
    path = f"/improver/credentials/{credential}"
    me = visit(desk, name)
    stored = me.get(f"{path}/document").body
    paper = me.get(f"{path}/pdf")
    assert paper.headers["content-type"] == "application/pdf"
    assert len(paper.body) <= 100_000
    read = pypdf.PdfReader(BytesIO(paper.body))
    assert read.attachments["credential.json"] == [stored]
    assert name.title() in read.pages[0].extract_text()
    jwt, sd_jwt = me.post(f"{path}/jwt").body.decode(), me.post(f"{path}/sd-jwt").body.decode()
    assert jwt.count(".") == 2
    assert sd_jwt.endswith("~")
    badge = json.loads(me.post(f"{path}/open-badge").body)
    assert "OpenBadgeCredential" in badge["type"]
    image = me.post(f"{path}/badge")
    assert image.headers["content-type"] == "image/png"
    assert json.loads(baked_credential(image.body)) == badge
    for text in (jwt, sd_jwt, badge):
        report = desk.done("anonymous", "POST", "/api/v1/credentials/verify", {"credential": text})
        assert report["verified"], report


def test_paper_over_the_api_names_people_to_people_alone(desk: Desk) -> None:
    name, credential = granted(desk)
    path = f"/api/v1/credentials/{credential}/pdf"
    answer = desk.call(name, "GET", f"{path}?lang=es")
    assert answer.status == 200
    text = pypdf.PdfReader(BytesIO(answer.body)).pages[0].extract_text()
    assert name.title() in text
    assert desk.call(name, "GET", f"{path}?lang=xx").status == 422
    assert desk.call("outsider", "GET", path).status == 404


# -- the public page -------------------------------------------------------------------------------


def test_holder_switches_the_public_page_and_gives_it_another_address(desk: Desk) -> None:
    name, credential = granted(desk)
    path = f"/improver/credentials/{credential}"
    me = visit(desk, name)
    assert "/v/" not in html_of(me.get(path))
    assert me.post(f"{path}/share", {"is_on": "1", "shown": ["/qualification"]}).status == 303
    shown = html_of(me.get(path))
    first = re.search(r'href="(http://127\.0\.0\.1:8000/v/[A-Z2-7]{26})"', shown)
    assert first is not None
    assert 'value="/qualification" checked' in shown
    assert me.post(f"{path}/share/renew").status == 303
    second = re.search(r'href="(http://127\.0\.0\.1:8000/v/[A-Z2-7]{26})"', html_of(me.get(path)))
    assert second is not None
    assert first[1] != second[1]
    assert me.post(f"{path}/share", {"is_on": "1", "shown": ["/secret"]}).status == 422


# -- taking by a link ------------------------------------------------------------------------------


def test_holder_takes_a_credential_by_a_link(desk: Desk) -> None:
    name, credential = granted(desk)
    token = claim_token(desk, credential, "admin")["token"]
    nobody = PageVisitor(desk.served)
    assert "Take your credential" in text_of(nobody.get("/claim"))
    sent = nobody.post("/claim", {"token": f"http://127.0.0.1:8000/claim#{token}"})
    assert (sent.status, sent.headers["location"]) == (303, "/claim")
    assert token not in sent.headers["location"]
    asked = nobody.get("/claim")
    assert "Sign in, and you come back to it." in text_of(asked)
    assert token not in html_of(asked)
    # Signed in, they come back to the same offer in the same browser.
    holder = visit(desk, name)
    holder.cookies["sealwright_claim"] = nobody.cookies["sealwright_claim"]
    assert "Take the credential" in text_of(holder.get("/claim"))
    taken = holder.post("/claim/take")
    assert (taken.status, taken.headers["location"]) == (303, f"/improver/credentials/{credential}")
    assert "Delivered" in text_of(holder.get(f"/improver/credentials/{credential}"))
    # A second use: nobody learns anything, the holder comes to what is theirs.
    assert nobody.post("/claim", {"token": token}).status == 410
    assert holder.post("/claim", {"token": token}).headers["location"] == f"/improver/credentials/{credential}"


def test_links_of_others_and_unknown_ones_say_whom_to_ask(desk: Desk) -> None:
    _, credential = granted(desk)
    other, _ = granted(desk)
    token = claim_token(desk, credential, "admin")["token"]
    stranger = visit(desk, other)
    stranger.post("/claim", {"token": token})
    refused = stranger.post("/claim/take")
    assert refused.status == 403
    assert "This link is for somebody else" in text_of(refused)
    unknown = stranger.post("/claim", {"token": "swo_nothing"})
    assert unknown.status == 404
    assert "ask Test Office for a new one" in text_of(unknown)
    assert desk.done("admin", "GET", f"/api/v1/credentials/{credential}/status")["status"] == "valid"


def test_a_transaction_code_is_asked_for_and_locks_after_five_wrong_ones(desk: Desk) -> None:
    name, credential = granted(desk)
    made = claim_token(desk, credential, "admin", txCode=True)
    holder = visit(desk, name)
    holder.post("/claim", {"token": made["token"]})
    wrong = str((int(made["txCode"]) + 1) % 1_000_000).zfill(6)
    first = holder.post("/claim/take", {"tx_code": wrong})
    assert first.status == 422
    assert "4 tries are left" in text_of(first)
    spoken = f"{made['txCode'][:3]} {made['txCode'][3:]}"
    assert holder.post("/claim/take", {"tx_code": spoken}).status == 303
    second = claim_token(desk, credential, "admin", txCode=True)
    holder.post("/claim", {"token": second["token"]})
    wrong = str((int(second["txCode"]) + 1) % 1_000_000).zfill(6)
    answers = [holder.post("/claim/take", {"tx_code": wrong}).status for _ in range(5)]
    assert answers[:4] == [422] * 4
    holder.post("/claim", {"token": second["token"]})
    locked = holder.post("/claim/take", {"tx_code": second["txCode"]})
    assert locked.status == 429
    assert "This link is locked" in text_of(locked)


def test_whoever_bears_a_bearer_link_gets_the_file(desk: Desk) -> None:
    _, credential = granted(desk)
    token = claim_token(desk, credential, "admin", binding="bearer")["token"]
    nobody = PageVisitor(desk.served)
    nobody.post("/claim", {"token": token})
    assert "Download the credential" in text_of(nobody.get("/claim"))
    file = nobody.post("/claim/take")
    assert file.status == 200
    assert file.body == desk.call("admin", "GET", f"/api/v1/credentials/{credential}/document").body
    assert "attachment" in file.headers["content-disposition"]
    assert nobody.post("/claim", {"token": token}).status == 410


def test_a_link_dies_with_its_time(desk: Desk) -> None:
    name, credential = granted(desk)
    token = claim_token(desk, credential, "admin")["token"]
    holder = visit(desk, name)
    holder.post("/claim", {"token": token})
    desk.served.clock.move(hours=1)
    late = holder.get("/claim")
    assert late.status == 410
    assert holder.cookies["sealwright_claim"] == ""
