"""Further forms, badges and public pages of credentials over the API: who may, what comes, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from sealwright.protocols.baking import baked_credential
from sealwright.vc.encoding.strict_json import parse_json
from sealwright.web.api.shapes.credential_forms import MADE_FORM
from sealwright.web.api.shapes.sharing import SHARE
from sealwright.web.shape import compile_schema
from tests.web.client import Answer
from tests.web.conftest import NO_LIMITS, key_for, serve
from tests.web.desk import Desk, fresh, furnish_desk

FORMS: Final = ("jwt_vc_json", "dc+sd-jwt", "open_badge")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with serve(tmp_path_factory.mktemp("files"), **NO_LIMITS) as served:
        yield furnish_desk(served)


@pytest.fixture(scope="module")
def granted(desk: Desk) -> tuple[str, str]:
    """An improver's name, and the path of the credential that they hold throughout."""
    return grant(desk)


def grant(desk: Desk) -> tuple[str, str]:
    name = f"holder{len(desk.ids)}"
    made = desk.granted("issuer", name)
    desk.ids[f"grant of {name}"] = str(made["id"])
    return name, f"/api/v1/credentials/{made['credential_id']}"


def suspend(desk: Desk, name: str) -> None:
    desk.done("issuer", "POST", f"/issuers/credentials/{desk.ids[f'grant of {name}']}/suspend", {"reason": "r"})


def fits(schema: Any, body: Any) -> None:
    closed = {**schema, "additionalProperties": False}
    assert [error.message for error in compile_schema(closed).iter_errors(body)] == []


def page_shows(desk: Desk, address: str) -> Answer:
    return desk.served.client.call("GET", "/v/" + address.rpartition("/v/")[2], headers=(("accept", "text/html"),))


# -- further forms -----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_signed_once_and_given_again(desk: Desk, granted: tuple[str, str], form: str) -> None:
    name, path = granted
    answer = desk.call(name, "POST", f"{path}/forms", {"form": form})
    assert answer.status == 200, answer.body
    made = answer.json()
    fits(MADE_FORM, made)
    assert made["form"] == form
    assert isinstance(made["credential"], dict) is (form == "open_badge")
    own = answer.headers["content-location"]
    assert own == f"/api/v1/credentials/{made['credentialId']}"
    assert own != path
    rows = desk.served.audit_size()
    assert desk.done(name, "POST", f"{path}/forms", {"form": form}) == made
    assert desk.served.audit_size() == rows
    assert desk.done("admin", "POST", f"{path}/forms", {"form": form}) == made
    assert desk.done("admin", "GET", own)["credential"] == made["credential"]
    verdict = {"credential": made["credential"]}
    assert desk.done("anonymous", "POST", "/api/v1/credentials/verify", verdict)["verified"] is True


def test_a_badge_comes_as_a_picture_that_says_what_the_form_says(desk: Desk, granted: tuple[str, str]) -> None:
    name, path = granted
    english = desk.call(name, "POST", f"{path}/badge")
    assert (english.status, english.headers["content-type"]) == (200, "image/png")
    badge = desk.done(name, "POST", f"{path}/forms", {"form": "open_badge"})["credential"]
    inside = baked_credential(english.body)
    assert inside is not None
    assert parse_json(inside.encode()) == badge
    spanish = desk.call(name, "POST", f"{path}/badge?lang=es", {})
    assert baked_credential(spanish.body) == inside
    assert desk.call(name, "POST", f"{path}/badge?lang=xx").code == "INVALID_FILTER"


@pytest.mark.parametrize("what", ["forms", "badge"])
def test_keys_of_the_issuer_have_forms_and_strangers_do_not(desk: Desk, granted: tuple[str, str], what: str) -> None:
    _, path = granted
    body = {"form": "jwt_vc_json"} if what == "forms" else {}
    issuer_did = desk.done("admin", "GET", path)["issuerDid"]
    key = key_for(desk.served.office, issuer_did)
    assert desk.served.client.call("POST", f"{path}/{what}", body, token=key).status == 200
    missing = "/api/v1/credentials/urn:uuid:019a3f00-7d5c-7a53-9c39-2f6b8f0f3f11"
    # The desk's own key is another issuer's.
    for who in ("key", "plain", fresh(desk)):
        rows = desk.served.audit_size()
        hidden, none = (desk.call(who, "POST", f"{one}/{what}", body) for one in (path, missing))
        assert (hidden.status, hidden.code) == (none.status, none.code) == (404, "CREDENTIAL_NOT_FOUND")
        assert hidden.json()["detail"] == none.json()["detail"]
        assert desk.served.audit_size() == rows


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "MISSING_FIELD"),
        ({"form": "ldp_vc"}, "INVALID_VALUE"),
        ({"form": 1}, "INVALID_TYPE"),
        ({"form": "open_badge", "lang": "es"}, "UNKNOWN_FIELD"),
    ],
)
def test_other_forms_are_refused(desk: Desk, granted: tuple[str, str], body: Any, code: str) -> None:
    name, path = granted
    assert code in str(desk.call(name, "POST", f"{path}/forms", body).json())


def test_nothing_is_signed_of_what_is_not_in_force(desk: Desk) -> None:
    name, path = grant(desk)
    desk.done(name, "POST", f"{path}/forms", {"form": "open_badge"})
    suspend(desk, name)
    rows = desk.served.audit_size()
    for form in FORMS:
        assert desk.call(name, "POST", f"{path}/forms", {"form": form}).code == "NOT_DELIVERABLE"
    assert desk.call(name, "POST", f"{path}/badge").code == "NOT_DELIVERABLE"
    assert desk.served.audit_size() == rows


def test_nothing_is_signed_while_issuing_is_halted(desk: Desk) -> None:
    name, path = grant(desk)
    desk.done("admin", "POST", "/admin/halt", {"reason": "r"})
    try:
        assert desk.call(name, "POST", f"{path}/forms", {"form": "jwt_vc_json"}).code == "ISSUING_HALTED"
        assert desk.call(name, "POST", f"{path}/badge").code == "ISSUING_HALTED"
    finally:
        desk.done("admin", "POST", "/admin/resume", {})
    assert desk.call(name, "POST", f"{path}/forms", {"form": "jwt_vc_json"}).status == 200


# -- the public page ---------------------------------------------------------------------------------


def test_a_holder_switches_what_the_page_shows(desk: Desk) -> None:
    name, path = grant(desk)
    before = desk.done(name, "GET", f"{path}/share")
    fits(SHARE, before)
    assert (before["isOn"], before["shown"], before["isListed"]) == (False, [], False)
    assert page_shows(desk, before["address"]).status == 200
    subject = desk.done(name, "GET", path)["credential"]["credentialSubject"]
    pointer, value = next((f"/{key}", value) for key, value in subject.items() if key != "id" and type(value) is str)
    assert value not in page_shows(desk, before["address"]).body.decode()
    on = desk.done(name, "PUT", f"{path}/share", {"isOn": True, "shown": [pointer], "isListed": True})
    assert on == {"address": before["address"], "isOn": True, "shown": [pointer], "isListed": True}
    assert value in page_shows(desk, on["address"]).body.decode()
    off = desk.done(name, "PUT", f"{path}/share", {"isOn": False, "shown": [pointer], "isListed": True})
    assert off == {**on, "isOn": False, "isListed": False}
    assert desk.done(name, "GET", f"{path}/share") == off


def test_a_new_address_lets_the_old_one_die(desk: Desk) -> None:
    name, path = grant(desk)
    old = desk.done(name, "GET", f"{path}/share")
    keyed = {"headers": (("Idempotency-Key", "renew once"),)}
    new = desk.done(name, "POST", f"{path}/share/renew", **keyed)
    fits(SHARE, new)
    assert new["address"] != old["address"]
    assert {**new, "address": old["address"]} == old
    assert (page_shows(desk, old["address"]).status, page_shows(desk, new["address"]).status) == (404, 200)
    assert desk.done(name, "POST", f"{path}/share/renew", **keyed) == new
    assert desk.done(name, "GET", f"{path}/share") == new


@pytest.mark.parametrize("who", ["plain", "issuer", "admin"])
def test_to_everybody_else_there_is_no_such_credential(desk: Desk, granted: tuple[str, str], who: str) -> None:
    _, path = granted
    missing = "/api/v1/credentials/urn:uuid:019a3f00-7d5c-7a53-9c39-2f6b8f0f3f11"
    rows = desk.served.audit_size()
    switch = {"isOn": True, "shown": []}
    for method, tail, body in (("GET", "", None), ("PUT", "", switch), ("POST", "/renew", None)):
        hidden, none = (desk.call(who, method, f"{one}/share{tail}", body) for one in (path, missing))
        assert (hidden.status, hidden.code) == (none.status, none.code) == (404, "CREDENTIAL_NOT_FOUND")
        assert hidden.json()["detail"] == none.json()["detail"]
    assert desk.served.audit_size() == rows


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"isOn": True}, "/shown", "MISSING_FIELD"),
        ({"shown": []}, "/isOn", "MISSING_FIELD"),
        ({"isOn": True, "shown": ["/id"]}, "/shown", "INVALID_VALUE"),
        ({"isOn": True, "shown": [""]}, "/shown/0", "INVALID_VALUE"),
        ({"isOn": True, "shown": [], "address": "x"}, "/address", "UNKNOWN_FIELD"),
    ],
)
def test_only_claims_of_the_credential_can_be_shown(
    desk: Desk, granted: tuple[str, str], body: Any, pointer: str, code: str
) -> None:
    name, path = granted
    rows = desk.served.audit_size()
    refused = desk.call(name, "PUT", f"{path}/share", body)
    assert refused.status == 422
    assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [(pointer, code)]
    assert desk.served.audit_size() == rows


def test_each_switch_is_put_on_record_without_what_it_shows(desk: Desk) -> None:
    name, path = grant(desk)
    credential_id = path.rpartition("/")[2]
    subject = desk.done(name, "GET", path)["credential"]["credentialSubject"]
    pointer = next(f"/{key}" for key in subject if key != "id")
    desk.done(name, "PUT", f"{path}/share", {"isOn": True, "shown": [pointer]})
    rows = desk.done("admin", "GET", "/api/v1/audit?limit=1")["data"]
    assert (rows[0]["action"], rows[0]["object"]["id"]) == ("share.changed", credential_id)
    assert pointer not in str(rows[0])


def test_of_an_erased_credential_nothing_is_made(desk: Desk) -> None:
    name, path = grant(desk)
    assert desk.call(name, "DELETE", "/me").status == 202
    for what, body in (("forms", {"form": "jwt_vc_json"}), ("badge", {})):
        assert desk.call("admin", "POST", f"{path}/{what}", body).code == "CREDENTIAL_ERASED"
