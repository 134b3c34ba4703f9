"""The first run by pages: the link, the parts saved alone, and that it is gone for good afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.accounts import PASSWORD, hash_cheaply
from tests.web.conftest import NO_LIMITS, Served, serve
from tests.web.page_client import PageVisitor, text_of


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    hash_cheaply(monkeypatch)
    with serve(tmp_path, is_set_up=False, **NO_LIMITS) as one:
        yield one


def _path(link: str) -> str:
    return "/" + link.split("/", 3)[3]


def _token(visitor: PageVisitor) -> str:
    return visitor.form_token("/setup")


def _admin(empty: Served, **more: str) -> PageVisitor:
    visitor = PageVisitor(empty)
    account = {"display_name": "Ada Admin", "email": "ada@example.org", "password": PASSWORD, **more}
    answer = visitor.post(_path(empty.office.setup.open_link()), account)
    assert (answer.status, answer.headers["location"]) == (303, "/setup")
    return visitor


def _done(admin: PageVisitor) -> list[str]:
    """Which steps bear the tick of a saved part."""
    return re.findall(r'<li class="done">.*?<span class="w">([^<]+)<', admin.get("/setup").body.decode())


def test_a_part_is_done_when_it_is_saved_whatever_comes_before(empty: Served) -> None:
    admin = _admin(empty)
    assert _done(admin) == ["Account"]
    assert admin.post("/setup/issuer", {"method": "adi"}, token=_token(admin)).status == 303
    assert _done(admin) == ["Account", "Issuing key"]
    assert re.search(r'aria-current="step">.*?Organization', admin.get("/setup").body.decode())


def test_nothing_but_the_setup_answers_before(empty: Served) -> None:
    nobody = PageVisitor(empty)
    for path in ("/", "/login", "/settings", "/admin"):
        assert nobody.get(path).status == 503, path
    assert "sealwright setup-link" in text_of(nobody.get("/setup"))


def test_account_form_tells_every_fault_and_keeps_what_was_typed(empty: Served) -> None:
    nobody = PageVisitor(empty)
    path = _path(empty.office.setup.open_link())
    answer = nobody.post(path, {"display_name": "", "email": "", "password": "tiny-pw"})
    assert answer.status == 422
    assert text_of(answer).count("Please fill this in.") == 4
    kept = nobody.post(path, {"display_name": "Ada", "email": "ada@example.org", "password": "tiny-pw"})
    assert kept.status == 422
    assert 'value="Ada"' in kept.body.decode()
    assert "tiny-pw" not in kept.body.decode()


def test_parts_are_saved_alone_and_the_end_is_for_good(empty: Served) -> None:
    admin = _admin(empty)
    token = _token(admin)
    named = admin.post("/setup/organization", {"name": "Harbor Works"}, token=token)
    assert named.status == 303
    assert 'value="Harbor Works"' in admin.get("/setup").body.decode()
    assert _done(admin) == ["Account", "Organization"]
    assert admin.post("/setup/issuer", {"method": "adi"}, token=token).status == 303
    assert "did:adi:" in text_of(admin.get("/setup"))
    assert _done(admin) == ["Account", "Organization", "Issuing key"]
    assert admin.post("/setup/issuer", {"method": "adi"}, token=token).status == 409
    codes = admin.post("/setup/recovery-codes", token=token)
    assert "Your recovery codes." in text_of(codes)
    assert "Your recovery codes." not in text_of(admin.get("/setup"))
    done = admin.post("/setup/finish", token=token)
    assert "The office is open" in text_of(done)
    assert admin.get("/setup").status == 404
    assert "First steps" in text_of(admin.get("/admin"))
    assert "Harbor Works" in text_of(admin.get("/admin"))


def test_finishing_needs_a_way_back_in(empty: Served) -> None:
    admin = _admin(empty, password="")
    refused = admin.post("/setup/finish", token=_token(admin))
    assert refused.status == 409
    assert "Add a passkey or a password first" in text_of(refused)
    assert admin.post("/setup/password", {"new_password": PASSWORD}, token=_token(admin)).status == 303
    assert admin.post("/setup/finish", token=_token(admin)).status == 200


def test_used_and_old_links_name_the_command(empty: Served) -> None:
    path = _path(empty.office.setup.open_link())
    empty.clock.move(minutes=61)
    answer = PageVisitor(empty).get(path)
    assert answer.status == 410
    assert "sealwright setup-link" in text_of(answer)
