"""The door for browsers: a session cookie reads freely, and writes only with proof that a page of ours has sent it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from sealwright.domain.people import AccountRole
from sealwright.services.outside_sign_in import OutsideIdentity
from sealwright.services.sessions import SignedIn
from sealwright.web.auth.cookies import session_cookie
from sealwright.web.auth.form_token import masked
from tests.support.accounts import add_account, hash_cheaply, sign_in
from tests.web.client import Answer
from tests.web.conftest import NO_LIMITS, Served, serve

ORIGIN = ("Origin", "http://127.0.0.1:8000")
SAME_SITE = ("Sec-Fetch-Site", "same-origin")
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR" + bytes(64)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        hash_cheaply(patch)
        with serve(tmp_path_factory.mktemp("office"), **NO_LIMITS) as one:
            add_account(one.office, "ana")
            add_account(one.office, "boss", AccountRole.ADMIN)
            yield one


@pytest.fixture
def ana(site: Served) -> SignedIn:
    return sign_in(site.office, "ana")


def cookie(signed_in: SignedIn) -> tuple[str, str]:
    return ("Cookie", f"theme=dark; sealwright={signed_in.cookie}")


def form_token(site: Served, signed_in: SignedIn) -> tuple[str, str]:
    """As a page spells it."""
    return ("X-CSRF-Token", masked(site.office.sessions.csrf_token(signed_in.caller)))


def patch(site: Served, *headers: tuple[str, str], token: str | None = None) -> Answer:
    return site.client.call("PATCH", "/me", {"display_name": "Ana"}, headers=headers, token=token)


def test_cookie_reads(site: Served, ana: SignedIn) -> None:
    answer = site.client.call("GET", "/me", headers=[cookie(ana)])
    assert answer.status == 200
    assert answer.json()["emails"] == [{"email": "ana@example.org", "verified": True}]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("proof", [[ORIGIN], [SAME_SITE], [ORIGIN, SAME_SITE], [("Origin", "http://localhost:8000")]])
def test_cookie_writes_with_both_proofs(site: Served, ana: SignedIn, proof: list[tuple[str, str]]) -> None:
    assert patch(site, cookie(ana), form_token(site, ana), *proof).status == 200


@pytest.mark.parametrize(
    "proof",
    [
        [],
        [("Origin", "https://evil.example")],
        [("Origin", "null")],
        [("Origin", "http://127.0.0.1:8001")],
        [("Origin", "http://127.0.0.1:8000.evil.example")],
        [("Sec-Fetch-Site", "cross-site")],
        [("Sec-Fetch-Site", "same-site")],
        [("Sec-Fetch-Site", "none")],
        [ORIGIN, ("Sec-Fetch-Site", "cross-site")],
        [("Origin", "https://evil.example"), SAME_SITE],
        [("Referer", "http://127.0.0.1:8000/settings")],
    ],
)
def test_write_from_elsewhere_is_refused(site: Served, ana: SignedIn, proof: list[tuple[str, str]]) -> None:
    size = site.audit_size()
    answer = patch(site, cookie(ana), form_token(site, ana), *proof)
    assert (answer.status, answer.code) == (403, "CSRF_FAILED")
    assert site.audit_size() == size


def test_the_form_token_is_the_one_that_pages_hold(site: Served, ana: SignedIn) -> None:
    page = site.client.call("GET", "/settings", headers=[cookie(ana)])
    found = re.search(rb'name="csrf_token" value="([^"]+)"', page.body)
    assert found is not None
    assert patch(site, cookie(ana), ORIGIN, ("X-CSRF-Token", found[1].decode("ascii"))).status == 200


def test_write_without_the_sessions_own_form_token_is_refused(site: Served, ana: SignedIn) -> None:
    other = sign_in(site.office, "boss")
    for token in ([], [form_token(site, other)], [("X-CSRF-Token", "")], [("X-CSRF-Token", "0" * 64)]):
        answer = patch(site, cookie(ana), ORIGIN, *token)
        assert (answer.status, answer.code) == (403, "CSRF_FAILED")


def test_every_route_that_writes_asks_for_the_proofs(site: Served) -> None:
    from sealwright.web.route import Audience
    from sealwright.web.routes import ROUTES

    boss = sign_in(site.office, "boss")
    writing = [
        one for one in ROUTES if one.method != "GET" and one.audience not in (Audience.DOCUMENT, Audience.ANYONE)
    ]
    assert len(writing) > 50
    for route in writing:
        if route.upload_bytes is not None or route.streamed_types:
            continue
        path = "/".join("nothing" if part.startswith("{") else part for part in route.path.split("/"))
        answer = site.client.call(route.method, path, {} if route.body else None, headers=[cookie(boss), ORIGIN])
        assert (answer.status, answer.code) == (403, "CSRF_FAILED"), route


def test_what_anyone_may_do_needs_no_proof_and_is_done_for_nobody(site: Served, ana: SignedIn) -> None:
    answer = site.client.call("POST", "/api/v1/credentials/verify", {"credential": {}}, headers=[cookie(ana)])
    assert answer.code != "CSRF_FAILED"
    assert answer.status == 200


def test_bearer_token_decides_where_both_are_sent(site: Served, ana: SignedIn) -> None:
    boss = sign_in(site.office, "boss")
    read = site.client.call("GET", "/admin/status", headers=[cookie(boss)], token=site.person)
    assert (read.status, read.code) == (403, "ROLE_REQUIRED")
    wrong = site.client.call("GET", "/me", headers=[cookie(ana)], token="swp_" + "A" * 43)
    assert (wrong.status, wrong.code) == (401, "UNAUTHENTICATED")
    assert patch(site, cookie(ana), token=site.person).status == 200


@pytest.mark.parametrize(
    "sent",
    [
        "sealwright=" + "A" * 43,
        "sealwright=",
        "sealwright",
        "Sealwright=VALUE",
        "__Host-sealwright=VALUE",
        "sealwright=VALUE; sealwright=VALUE",
        "sealwright=VALUE; sealwright=" + "A" * 43,
        'sealwright="VALUE"',
        "x=1,sealwright=VALUE",
    ],
)
def test_cookies_that_open_nothing(site: Served, ana: SignedIn, sent: str) -> None:
    answer = site.client.call("GET", "/me", headers=[("Cookie", sent.replace("VALUE", ana.cookie))])
    assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")


def test_session_value_is_no_bearer_token_and_not_taken_from_the_address(site: Served, ana: SignedIn) -> None:
    assert site.client.call("GET", "/me", token=ana.cookie).status == 401
    assert site.client.call("GET", f"/me?sealwright={ana.cookie}").status == 401
    assert site.client.call("GET", f"/me?token={site.person}").status == 401


def test_session_is_over_at_the_next_call(site: Served, ana: SignedIn) -> None:
    assert site.client.call("GET", "/me", headers=[cookie(ana)]).status == 200
    site.office.sessions.end(ana.caller)
    assert site.client.call("GET", "/me", headers=[cookie(ana)]).status == 401
    answer = patch(site, cookie(ana), form_token(site, ana), ORIGIN)
    assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")


def test_keys_and_halts_ask_a_session_for_a_fresh_sign_in(site: Served) -> None:
    boss = sign_in(site.office, "boss")
    proofs = [cookie(boss), form_token(site, boss), ORIGIN]
    site.clock.move(minutes=11)
    for path, body in (
        ("/admin/halt", {"reason": "test"}),
        ("/api/v1/api-keys", {"name": "x", "issuerDids": ["did:adi:issuer001"]}),
        ("/me/tokens", {"name": "x"}),
        ("/me/dids/did:adi:none/export", {"passphrase": "a long enough passphrase"}),
    ):
        answer = site.client.call("POST", path, body, headers=proofs)
        assert (answer.status, answer.code) == (403, "FRESH_SIGN_IN_REQUIRED"), path
    export = site.client.call(
        "POST", "/me/dids/did:adi:none/export", {"passphrase": "a long enough passphrase"}, token=site.person
    )
    assert (export.status, export.code) == (403, "FRESH_SIGN_IN_REQUIRED"), "a bearer token has no fresh sign-in"
    site.clock.move(minutes=-11)


def test_personal_tokens_are_made_shown_once_and_revoked(site: Served, ana: SignedIn) -> None:
    proofs = [cookie(ana), form_token(site, ana), ORIGIN]
    made = site.client.call("POST", "/me/tokens", {"name": "script"}, headers=proofs)
    assert made.status == 201
    token, token_id = made.json()["token"], made.json()["token_id"]
    listed = site.client.call("GET", "/me/tokens", token=token)
    assert token_id in [one["token_id"] for one in listed.json()]
    assert token not in listed.body.decode()
    late = site.client.call("POST", "/me/tokens", {"name": "x", "expires_at": "2020-01-01T00:00:00Z"}, headers=proofs)
    assert late.code == "EXPIRATION_IN_PAST"
    assert site.client.call("DELETE", f"/me/tokens/{token_id}", token=site.person).status == 404
    assert site.client.call("DELETE", f"/me/tokens/{token_id}", headers=proofs).status == 204
    assert site.client.call("GET", "/me", token=token).status == 401


# -- files -------------------------------------------------------------------------------------------------


def multipart(*parts: tuple[str, str | None, bytes]) -> tuple[str, bytes]:
    boundary = uuid.uuid4().hex
    body = b""
    for name, filename, content in parts:
        file = f'; filename="{filename}"' if filename is not None else ""
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n'
        body += head.encode() + b"Content-Type: text/html\r\n\r\n" + content + b"\r\n"
    return f"multipart/form-data; boundary={boundary}", body + f"--{boundary}--\r\n".encode()


def send(site: Served, *parts: tuple[str, str | None, bytes], token: str | None = None) -> Answer:
    kind, body = multipart(*parts)
    return site.client.call("POST", "/attachments", raw=body, content_type=kind, token=token or site.person)


def test_file_comes_back_as_a_download_only(site: Served) -> None:
    answer = send(site, ("file", 'évil".html', PNG))
    assert answer.status == 201, answer.body
    kept: dict[str, Any] = answer.json()
    assert (kept["media_type"], kept["bytes"]) == ("image/png", len(PNG))
    back = site.client.call("GET", f"/attachments/{kept['attachment_id']}", token=site.person)
    assert (back.status, back.body) == (200, PNG)
    assert back.headers["content-disposition"].startswith("attachment; ")
    assert back.headers["content-type"] == "image/png"
    assert back.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in back.headers["content-security-policy"]
    for token in (site.key,):
        assert site.client.call("GET", f"/attachments/{kept['attachment_id']}", token=token).status == 401
    other = site.client.call("GET", "/attachments/att_none", token=site.person)
    assert (other.status, other.code) == (404, "NOT_FOUND")


def test_upload_beyond_the_bound_is_told(site: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sealwright.services.attachments.LOOSE_BYTES_MOST", 10)
    answer = send(site, ("file", "a.png", PNG))
    assert (answer.status, answer.code) == (409, "UPLOADS_FULL")
    assert answer.json()["retryable"] is False


def test_uploads_that_are_refused(site: Served) -> None:
    big = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR" + bytes(10 * 1024 * 1024)
    assert send(site, ("file", "a.png", b"<script>")).code == "UNSUPPORTED_MEDIA_TYPE"
    assert send(site, ("file", "a.png", big)).code == "PAYLOAD_TOO_LARGE"
    assert send(site, ("file", "a.png", big + bytes(200_000))).code == "PAYLOAD_TOO_LARGE"
    assert send(site).code in {"MISSING_FIELD", "INVALID_BODY"}
    assert send(site, ("file", "a.png", PNG), ("file", "b.png", PNG)).code == "INVALID_VALUE"
    assert send(site, ("file", "a.png", PNG), ("user_id", None, b"usr_other")).code == "UNKNOWN_FIELD"
    assert site.client.call("POST", "/attachments", {"file": "x"}, token=site.person).code == "UNSUPPORTED_MEDIA_TYPE"
    kind, body = multipart(("file", "a.png", PNG))
    broken = site.client.call("POST", "/attachments", raw=body[:-30], content_type=kind, token=site.person)
    assert broken.code == "INVALID_BODY"


def test_upload_by_cookie_needs_the_proofs_because_forms_can_send_it(site: Served, ana: SignedIn) -> None:
    kind, body = multipart(("file", "a.png", PNG))
    headers = [cookie(ana), ("Origin", "https://evil.example")]
    answer = site.client.call("POST", "/attachments", raw=body, content_type=kind, headers=headers)
    assert (answer.status, answer.code) == (403, "CSRF_FAILED")
    headers = [cookie(ana), ORIGIN, form_token(site, ana)]
    assert site.client.call("POST", "/attachments", raw=body, content_type=kind, headers=headers).status == 201


def test_cookie_header_cannot_be_split() -> None:
    for value in ("a\r\nSet-Cookie: x=1", "a; Domain=evil.example", "", "ü", "a b", "x" * 200):
        with pytest.raises(ValueError):
            session_cookie("https://cred.example", value, 60)


def test_erasure_answers_202_and_ends_the_token(tmp_path: Path) -> None:
    with serve(tmp_path, **NO_LIMITS) as one:
        answer = one.client.call("DELETE", "/me", token=one.person)
        assert (answer.status, answer.json()["erased"]) == (202, True)
        assert one.client.call("GET", "/me", token=one.person).status == 401
        last = one.client.call("DELETE", "/me", token=one.admin)
        assert (last.status, last.code) == (409, "LAST_ADMIN")


def test_outside_sign_in_leaves_and_comes_back(site: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    class Elsewhere:
        state = ""

        def authorization_url(self, *, state: str, **_: str) -> str:
            Elsewhere.state = state
            return f"https://id.example/authorize?state={state}"

        def identity(self, code: str, **_: str) -> OutsideIdentity:
            return OutsideIdentity("1", "ana@example.org")

    absent = site.client.call("GET", "/login/outside/start")
    assert absent.status == 404
    monkeypatch.setattr(site.office.outside_sign_in, "_provider", Elsewhere())
    assert b'href="/login/outside/start"' in site.client.call("GET", "/login").body
    left = site.client.call("GET", "/login/outside/start")
    assert (left.status, left.headers["location"]) == (303, f"https://id.example/authorize?state={Elsewhere.state}")
    binding = left.headers["set-cookie"].partition(";")[0]
    stranger = site.client.call("GET", f"/login/outside?code=x&state={Elsewhere.state}")
    assert stranger.status == 422
    assert "Your organization’s sign-in did not let you in here." in stranger.body.decode()
    left = site.client.call("GET", "/login/outside/start")
    binding = left.headers["set-cookie"].partition(";")[0]
    back = site.client.call(
        "GET", f"/login/outside?code=x&state={Elsewhere.state}&session_state=1", headers=[("Cookie", binding)]
    )
    assert back.status == 303, back.body
    assert back.headers["location"] == "/settings"


class VouchesForAna:
    """An outside sign-in that lets Ana in, whatever comes."""

    def authorization_url(self, *, state: str, **_: str) -> str:
        return f"https://id.example/authorize?state={state}"

    def identity(self, code: str, **_: str) -> OutsideIdentity:
        return OutsideIdentity("1", "ana@example.org")


@pytest.mark.parametrize(
    ("wanted", "arrived"),
    [
        ("/settings/emails?page=2", "/settings/emails?page=2"),
        ("//evil.example", "/settings"),
        ("https://evil.example", "/settings"),
        ("", "/settings"),
    ],
)
def test_outside_sign_in_leads_where_the_visitor_was_going(
    site: Served, monkeypatch: pytest.MonkeyPatch, wanted: str, arrived: str
) -> None:
    monkeypatch.setattr(site.office.outside_sign_in, "_provider", VouchesForAna())
    left = site.client.call("GET", f"/login/outside/start?next={quote(wanted)}")
    state = left.headers["location"].partition("state=")[2]
    cookie = left.headers["set-cookie"].partition(";")[0]
    back = site.client.call("GET", f"/login/outside?code=x&state={state}", headers=[("Cookie", cookie)])
    assert (back.status, back.headers["location"]) == (303, arrived)


@pytest.mark.parametrize("kept", ["Ly9ldmlsLmV4YW1wbGU", "_w", "x", "."], ids=["another host", "no text", "cut", "odd"])
def test_where_a_forged_cookie_leads_is_home_or_nowhere(
    site: Served, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    monkeypatch.setattr(site.office.outside_sign_in, "_provider", VouchesForAna())
    left = site.client.call("GET", "/login/outside/start")
    state = left.headers["location"].partition("state=")[2]
    cookie = f"{left.headers['set-cookie'].partition(';')[0]}.{kept}"
    back = site.client.call("GET", f"/login/outside?code=x&state={state}", headers=[("Cookie", cookie)])
    assert (back.status, back.headers.get("location")) in {(303, "/settings"), (422, None)}
