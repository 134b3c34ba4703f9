"""Pages of signing in: one neutral sentence for every failure, links that are spent by a button, the way back."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from sealwright.services.lockout import FAILURES_PER_ACCOUNT
from tests.support.accounts import PASSWORD, add_account, letters
from tests.web.desk import Desk
from tests.web.page_client import PageVisitor, text_of
from tests.web.panel_desk import panel_desk, visit

NEUTRAL = "Signing in did not work. Check what you entered, or sign in another way."


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with panel_desk(tmp_path_factory.mktemp("office")) as one:
        for name in ("ana", "bea", "locked", "linked", "coded"):
            one.ids[name] = add_account(one.served.office, name)
        yield one


@pytest.fixture
def nobody(desk: Desk) -> PageVisitor:
    return PageVisitor(desk.served)


def _link_in(text: str, path: str) -> str:
    found = re.search(rf"http://[^/\s]+({re.escape(path)}\S+)", text)
    assert found is not None, text
    return found[1]


def test_password_signs_in_and_leads_to_where_the_visitor_was_going(nobody: PageVisitor) -> None:
    asked = nobody.get("/settings/emails")
    assert (asked.status, asked.headers["location"]) == (303, "/login?next=%2Fsettings%2Femails")
    answer = nobody.post(
        "/login/password", {"email": "ana@example.org", "password": PASSWORD, "next": "/settings/emails"}
    )
    assert (answer.status, answer.headers["location"]) == (303, "/settings/emails")
    assert "ana@example.org" in text_of(nobody.get("/settings/emails"))


@pytest.mark.parametrize("away", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_no_sign_in_leads_to_another_site(nobody: PageVisitor, away: str) -> None:
    answer = nobody.post("/login/password", {"email": "ana@example.org", "password": PASSWORD, "next": away})
    assert (answer.status, answer.headers["location"]) == (303, "/settings")


def test_unknown_account_and_wrong_password_read_alike(nobody: PageVisitor) -> None:
    known = nobody.post("/login/password", {"email": "bea@example.org", "password": "not the password"})
    unknown = nobody.post("/login/password", {"email": "nobody@example.org", "password": "not the password"})
    assert (known.status, unknown.status) == (422, 422)
    pages = [text_of(one).replace(name, "") for one, name in ((known, "bea"), (unknown, "nobody"))]
    assert NEUTRAL in pages[0]
    assert pages[0] == pages[1]
    assert "not the password" not in known.body.decode()


def test_locked_account_is_told_how_long(desk: Desk, nobody: PageVisitor) -> None:
    for _ in range(FAILURES_PER_ACCOUNT):
        nobody.post("/login/password", {"email": "locked@example.org", "password": "wrong wrong wrong"})
    answer = nobody.post("/login/password", {"email": "locked@example.org", "password": PASSWORD})
    assert answer.status == 429
    assert int(answer.headers["retry-after"]) == 900
    assert "Try again in 15 minutes, or sign in another way." in text_of(answer)


def test_link_is_spent_by_its_button_alone(desk: Desk, nobody: PageVisitor) -> None:
    sent = nobody.post("/login/link", {"email": "linked@example.org", "next": "/settings/privacy"})
    assert sent.headers["location"] == "/login/sent"
    path = _link_in(letters(desk.served.office, "sign_in", "linked@example.org")[0], "/login/link/")
    for _ in range(2):
        assert "Your link is good" in text_of(nobody.get(path))
    answer = nobody.post(path.partition("?")[0], {"next": "/settings/privacy"})
    assert (answer.status, answer.headers["location"]) == (303, "/settings/privacy")
    again = PageVisitor(desk.served).get(path)
    assert again.status == 410
    assert "Email me a new link" in text_of(again)


def test_asking_for_a_link_tells_nothing_of_accounts(desk: Desk, nobody: PageVisitor) -> None:
    known = nobody.post("/login/link", {"email": "bea@example.org"})
    unknown = nobody.post("/login/link", {"email": "stranger@example.org"})
    assert known.headers["location"] == unknown.headers["location"] == "/login/sent"
    assert letters(desk.served.office, "sign_in", "stranger@example.org") == []


def test_recovery_code_signs_in_once(desk: Desk) -> None:
    owner = visit(desk, "coded")
    page = owner.post("/settings/sign-in/recovery-codes").body.decode()
    codes = re.findall(r"<code>([a-z2-7-]{23})</code>", page)
    assert len(codes) == 10
    first, second = PageVisitor(desk.served), PageVisitor(desk.served)
    sent = {"email": "coded@example.org", "code": codes[0]}
    assert first.post("/login/recovery", sent).status == 303
    assert second.post("/login/recovery", sent).status == 422
    assert "10 codes are left" not in text_of(first.get("/settings/sign-in"))
    assert codes[1] not in first.get("/settings/sign-in").body.decode()


def test_invitation_opens_an_account(desk: Desk, nobody: PageVisitor) -> None:
    admin = visit(desk, "admin")
    page = admin.post("/admin/desk/users/invite", {"email": "new@example.org"}).body.decode()
    path = _link_in(page.replace("<", " "), "/login/invitation/")
    assert "new@example.org" in text_of(nobody.get(path))
    answer = nobody.post(path, {"display_name": "Noa New"})
    assert (answer.status, answer.headers["location"]) == (303, "/settings/sign-in")
    assert "Noa New" in text_of(nobody.get("/settings"))
    assert PageVisitor(desk.served).get(path).status in {200, 410}


def test_invited_issuer_lands_on_the_issuer_panel(desk: Desk) -> None:
    wish = {"email": "iris@example.org", "roles": "issuer", "allowed_credentials": "dpw_certified"}
    page = visit(desk, "admin").post("/admin/desk/users/invite", wish)
    assert page.status == 200, text_of(page)
    path = _link_in(page.body.decode().replace("<", " "), "/login/invitation/")
    iris = PageVisitor(desk.served)
    assert iris.get("/issuer").status == 303
    assert iris.post(path, {"display_name": "Iris Issuer"}).status == 303
    queue = iris.get("/issuer")
    assert queue.status == 200
    assert "Your scope" in text_of(queue)


def test_scope_without_the_issuer_role_is_refused(desk: Desk) -> None:
    wish = {"email": "nora@example.org", "roles": "improver", "allowed_credentials": "dpw_certified"}
    page = visit(desk, "admin").post("/admin/desk/users/invite", wish)
    assert page.status == 422
    assert "needs the issuer role" in text_of(page)


def test_signing_out_ends_the_session(desk: Desk) -> None:
    owner = visit(desk, "ana")
    kept = dict(owner.cookies)
    assert owner.post("/logout").headers["location"] == "/"
    assert PageVisitor(desk.served, kept).get("/settings").headers["location"] == "/login?next=%2Fsettings"


def test_old_sign_in_is_asked_to_confirm_and_comes_back(desk: Desk) -> None:
    admin = visit(desk, "admin")
    desk.served.clock.move(minutes=11)
    asked = admin.get("/admin/desk/issuers")
    assert asked.headers["location"] == "/login?again=1&next=%2Fadmin%2Fdesk%2Fissuers"
    assert "Please confirm that it is you" in text_of(admin.get(asked.headers["location"]))
    referer = ("Referer", "http://127.0.0.1:8000/admin/desk/system")
    same = (("Origin", "http://127.0.0.1:8000"), ("Sec-Fetch-Site", "same-origin"), referer)
    refused = admin.post("/admin/desk/system/halt", {"reason": "drill"}, headers=same)
    assert refused.headers["location"] == "/login?again=1&next=%2Fadmin%2Fdesk%2Fsystem"
    broken = admin.post("/admin/desk/system/halt", {"reason": "drill"}, headers=(*same[:2], ("Referer", "http://[")))
    assert broken.headers["location"].startswith("/login?again=1")
    assert desk.served.office.halting.status().halts == ()
