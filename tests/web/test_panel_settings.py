"""Settings by plain form posts: profile, addresses, access, tokens, wallets, privacy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from tests.support.accounts import letters
from tests.support.ethereum import Account, encode_defunct
from tests.web.desk import Desk
from tests.web.page_client import PageVisitor, text_of
from tests.web.panel_desk import panel_desk, visit

KEY = "0x" + "4" * 64
FROM_HERE = (("Origin", "http://127.0.0.1:8000"), ("Sec-Fetch-Site", "same-origin"))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with panel_desk(tmp_path_factory.mktemp("office")) as one:
        for name in ("pia", "rolf", "walt", "eve", "tom", "una"):
            one.add(name, verified=name != "una")
        yield one


def test_profile_changes_language_at_once(desk: Desk) -> None:
    pia = visit(desk, "pia")
    sent = {"display_name": "Pía Muñoz", "locale": "es", "theme": "dark", "time_zone": "Europe/Madrid"}
    assert pia.post("/settings", sent).status == 303
    page = pia.get("/settings").body.decode()
    assert '<html lang="es" data-theme="dark"' in page
    assert "Perfil e idioma" in page
    assert "Pía Muñoz" in page


def test_profile_tells_faults_and_keeps_what_was_typed(desk: Desk) -> None:
    answer = visit(desk, "rolf").post("/settings", {"display_name": "", "first_name": "Rolf", "locale": "xx"})
    assert answer.status == 422
    assert 'value="Rolf"' in answer.body.decode()
    assert "Display name: Please fill this in." in text_of(answer)
    assert "Language: Choose one of what is offered." in text_of(answer)
    assert "Choose one of what is offered." in text_of(answer)


def test_list_of_faults_names_fields_in_spanish_and_links_where_they_stand(desk: Desk) -> None:
    admin = visit(desk, "admin")
    spanish = [*FROM_HERE, ("Cookie", f"sealwright={admin.cookies['sealwright']}; sealwright_look=es~~")]
    admin.cookies.pop("sealwright_look", None)
    answer = desk.served.client.call(
        "POST",
        "/admin/desk/users",
        raw=urlencode({"csrf_token": admin.form_token()}).encode("ascii"),
        headers=spanish,
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status == 422
    assert '<a href="#f-new-email">Dirección de correo de la cuenta: Rellene este campo.</a>' in answer.body.decode()


def test_address_is_verified_by_its_letter(desk: Desk) -> None:
    eve = visit(desk, "eve")
    assert eve.post("/settings/emails", {"email": "eve@work.example"}).status == 303
    assert "unproved" in text_of(eve.get("/settings/emails"))
    letter = letters(desk.served.office, "verify_email", "eve@work.example")[0]
    link = re.search(r"(/settings/emails/verify/\S+)", letter)
    assert link is not None, letter
    assert eve.get(link[1]).status == 200
    assert eve.post(link[1]).headers["location"] == "/settings/emails"
    assert "unproved" not in text_of(eve.get("/settings/emails"))
    assert eve.post(link[1]).status == 410


def test_role_is_asked_for_once(desk: Desk) -> None:
    rolf = visit(desk, "rolf")
    assert "Pending" not in text_of(rolf.get("/settings/access"))
    path = "/settings/access/role/improver"
    assert rolf.post(path, {"note": "I mend roads."}).headers["location"] == "/settings/access"
    assert "Pending" in text_of(rolf.get("/settings/access"))
    again = rolf.post(path, {"note": "Please."})
    assert again.status == 409
    assert "Please." in again.body.decode()
    assert rolf.get("/settings/access/role/admin").status == 404


def test_unverified_people_are_told_to_verify_first(desk: Desk) -> None:
    una = visit(desk, "una")
    assert "Verify your e-mail address first" in text_of(una.get("/settings/access"))
    assert una.post("/settings/access/role/voter").status == 422


def test_token_is_shown_once(desk: Desk) -> None:
    tom = visit(desk, "tom")
    shown = tom.post("/settings/tokens", {"name": "cron", "days": "30"})
    secret = re.search(r"swp_[A-Za-z0-9_-]{43}", shown.body.decode())
    assert secret is not None
    assert shown.headers["cache-control"] == "no-store"
    assert secret[0] not in tom.get("/settings/tokens").body.decode()
    assert desk.served.client.call("GET", "/me", token=secret[0]).status == 200
    token_id = re.search(
        r'/settings/tokens/(tok_[a-z0-9]+)/revoke"(?:(?!</form>).)*Revoke: cron',
        tom.get("/settings/tokens").body.decode(),
    )
    assert token_id is not None
    assert tom.post(f"/settings/tokens/{token_id[1]}/revoke").status == 303
    assert desk.served.client.call("GET", "/me", token=secret[0]).status == 401


def test_wallet_is_proved_by_signing_the_message(desk: Desk) -> None:
    walt = visit(desk, "walt")
    account = Account.from_key(KEY)
    page = walt.post("/settings/wallets", {"address": account.address, "label": "Phone"}).body.decode()
    message = re.search(r"<code>(127.0.0.1:8000 wants.*?)</code>", page, re.DOTALL)
    assert message is not None
    signature = account.sign_message(encode_defunct(text=message[1])).signature.hex()
    proof = {"address": account.address, "label": "Phone", "message": message[1], "signature": f"0x{signature}"}
    wrong = walt.post("/settings/wallets/prove", {**proof, "signature": "0x" + "11" * 65})
    assert wrong.status == 422
    page = walt.post("/settings/wallets", {"address": account.address, "label": "Phone"}).body.decode()
    message = re.search(r"<code>(127.0.0.1:8000 wants.*?)</code>", page, re.DOTALL)
    assert message is not None
    signature = account.sign_message(encode_defunct(text=message[1])).signature.hex()
    proof |= {"message": message[1], "signature": f"0x{signature}"}
    assert walt.post("/settings/wallets/prove", proof).status == 303
    assert "proved" in text_of(walt.get("/settings/wallets"))


def test_typed_wallet_is_shown_as_unproved(desk: Desk) -> None:
    rolf = visit(desk, "rolf")
    assert rolf.post("/settings/wallets/typed", {"address": "0x" + "ab" * 20}).status == 303
    assert "unproved" in text_of(rolf.get("/settings/wallets"))
    assert rolf.post("/settings/wallets/typed", {"address": "0x12"}).status == 422


def test_did_is_made_here_with_the_kind_of_key_chosen(desk: Desk) -> None:
    desk.add("mira")
    mira = visit(desk, "mira")
    assert mira.post("/settings/wallets/dids/make", {}).status == 422
    assert mira.post("/settings/wallets/dids/make", {"keys": "BLS12-381-G2"}).status == 422
    assert mira.post("/settings/wallets/dids/make", {"keys": "P-256"}).status == 303
    page = text_of(mira.get("/settings/wallets"))
    assert "keys kept by the office" in page
    assert "named by new credentials" in page
    with desk.served.office.units(write=False) as uow:
        person = uow.people.by_email("mira@example.org")
    assert person is not None
    (did,) = person.dids
    assert desk.served.office.dids.get(did).signing_method("ecdsa-rdfc-2019") is not None


def test_own_data_come_as_a_file_and_go_by_name(desk: Desk) -> None:
    desk.add("gone")
    gone = visit(desk, "gone")
    data = gone.post("/settings/privacy/export")
    assert data.headers["content-disposition"].startswith("attachment")
    assert data.json()["person"]["display_name"] == "Gone"
    assert gone.post("/settings/privacy/erase", {"email": "somebody@else.example"}).status == 422
    assert gone.post("/settings/privacy/erase", {"email": "gone@example.org"}).headers["location"] == "/"
    assert gone.get("/settings").status == 303


def test_markup_in_names_is_text(desk: Desk) -> None:
    tom = visit(desk, "tom")
    name = '<img src=x onerror="alert(1)">'
    assert tom.post("/settings", {"display_name": name}).status == 303
    assert name not in tom.get("/settings").body.decode()
    assert "<img" not in visit(desk, "admin").get("/admin/desk/users?q=tom").body.decode()


def test_forms_need_their_token(desk: Desk) -> None:
    visitor: PageVisitor = visit(desk, "tom")
    answer = visitor.post("/settings", {"display_name": "Tom"}, token="wrong")
    assert answer.status == 403
