"""Letters are stopped without signing in: by the page's button, or by the one click of a mail program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from sealwright.domain.notices import NoticeKind, NoticeMode
from sealwright.services.stop_links import stop_address
from sealwright.web.panel.pages import PAGES
from tests.support.accounts import add_account
from tests.web.conftest import NO_LIMITS, serve
from tests.web.desk import Desk
from tests.web.page_client import PageVisitor, text_of
from tests.web.panel_desk import panel_desk, visit

FORM: Final = "application/x-www-form-urlencoded"
ONE_CLICK: Final = b"List-Unsubscribe=One-Click"
PARTS: Final = (
    b'--xyz\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--xyz--\r\n',
    b'--xyz\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\nContent-Type: text/plain\r\n\r\n'
    b"One-Click\r\n--xyz--\r\n",
)
CROSS_SITE: Final = (("Origin", "https://mail.example"), ("Sec-Fetch-Site", "cross-site"))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with panel_desk(tmp_path_factory.mktemp("office")) as one:
        for name in ("ana", "bea", "cleo", "dora", "eva"):
            one.ids[name] = add_account(one.served.office, name)
        yield one


@pytest.fixture
def nobody(desk: Desk) -> PageVisitor:
    return PageVisitor(desk.served)


def path_of(desk: Desk, name: str, kind: str) -> str:
    with desk.served.office.units() as uow:
        address = stop_address(uow, "", desk.ids[name], kind)
        uow.commit()
    assert address is not None
    return address


def mode_of(desk: Desk, name: str, kind: NoticeKind) -> NoticeMode | None:
    with desk.served.office.units(write=False) as uow:
        return uow.notices.modes(desk.ids[name]).get(kind)


def click(
    desk: Desk,
    path: str,
    raw: bytes = ONE_CLICK,
    *,
    kind: str = FORM,
    headers: Sequence[tuple[str, str]] = (),
) -> Any:
    return desk.served.client.call("POST", path, raw=raw, headers=list(headers), content_type=kind)


# -- the page --------------------------------------------------------------------------------------


def test_page_says_what_stops_and_its_button_stops_it(desk: Desk, nobody: PageVisitor) -> None:
    path = path_of(desk, "ana", "approved")
    asked = nobody.get(path)
    assert asked.status == 200
    assert "My request is approved" in text_of(asked)
    assert "ana@example.org" not in asked.body.decode()
    assert "Ana" not in text_of(asked)
    assert mode_of(desk, "ana", NoticeKind.APPROVED) is None
    assert desk.served.client.call("HEAD", path).status == 200
    assert mode_of(desk, "ana", NoticeKind.APPROVED) is None
    for _ in range(2):
        done = nobody.post(path)
        assert done.status == 200
        assert "These letters are stopped" in text_of(done)
        assert 'href="/settings/notifications"' in done.body.decode()
    assert mode_of(desk, "ana", NoticeKind.APPROVED) is NoticeMode.OFF
    assert mode_of(desk, "ana", NoticeKind.REJECTED) is None


def test_page_speaks_the_language_of_the_letter_unless_the_reader_chose(desk: Desk, nobody: PageVisitor) -> None:
    maria = visit(desk, "bea")
    assert maria.post("/settings", {"display_name": "Bea", "locale": "es"}).status == 303
    path = path_of(desk, "bea", "digest")
    english = [("Accept-Language", "en")]
    page = nobody.get(path, headers=english)
    assert '<html lang="es"' in page.body.decode()
    assert "El resumen diario" in text_of(page)
    chosen = PageVisitor(desk.served, {"sealwright_look": "en~~"})
    assert "The daily summary" in text_of(chosen.get(path))


def test_each_page_says_where_it_is_taken_back(desk: Desk, nobody: PageVisitor) -> None:
    for kind, label, where in (
        ("digest", "The daily summary", "/settings/notifications"),
        ("analytics_report", "The report with figures", "/analytics"),
    ):
        path = path_of(desk, "eva", kind)
        assert label in text_of(nobody.get(path))
        done = nobody.post(path)
        assert f'href="{where}"' in done.body.decode()
        assert ("The inbox still tells you" in text_of(done)) == (kind == "digest")


def test_somebody_signed_in_stops_what_the_letter_names_and_not_their_own(desk: Desk) -> None:
    visitor = visit(desk, "cleo")
    path = path_of(desk, "dora", "rejected")
    without = visitor._call("POST", path, b"", (("Origin", "http://127.0.0.1:8000"),))
    assert without.status == 403
    assert visitor.post(path).status == 200
    assert mode_of(desk, "dora", NoticeKind.REJECTED) is NoticeMode.OFF
    assert mode_of(desk, "cleo", NoticeKind.REJECTED) is None


@pytest.mark.parametrize("method", ["GET", "POST", "one click"])
@pytest.mark.parametrize("cut", [lambda path: path[:-1], lambda path: f"{path}A", lambda _: "/mail/stop/abc"])
def test_wrong_links_are_told_as_spent(desk: Desk, nobody: PageVisitor, method: str, cut: Any) -> None:
    path = cut(path_of(desk, "eva", "needs_info"))
    if method == "one click":
        answer = click(desk, path)
        assert answer.body == b"This link stops no letters.\n"
    else:
        answer = nobody.get(path) if method == "GET" else nobody.post(path)
        assert "This link does not work any more" in text_of(answer)
    assert answer.status == 410
    assert mode_of(desk, "eva", NoticeKind.NEEDS_INFO) is None


def test_no_essential_kind_has_a_link_that_a_page_takes(desk: Desk) -> None:
    with desk.served.office.units() as uow:
        assert stop_address(uow, "", desk.ids["eva"], "revoked") is None


# -- one click -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (ONE_CLICK, FORM),
        (ONE_CLICK + b"\r\n", f"{FORM}; charset=UTF-8"),
        (PARTS[0], "multipart/form-data; boundary=xyz"),
        (PARTS[1], 'multipart/form-data; boundary="xyz"'),
    ],
    ids=["urlencoded", "a line end", "multipart", "multipart with a type"],
)
@pytest.mark.parametrize("headers", [(), CROSS_SITE, (("Origin", "null"),)], ids=["no origin", "another", "opaque"])
def test_mail_programs_stop_letters_by_one_click(
    desk: Desk, raw: bytes, kind: str, headers: tuple[tuple[str, str], ...]
) -> None:
    name = "eva"
    with desk.served.office.units() as uow:
        uow.notices.put_mode(desk.ids[name], NoticeKind.APPROVED, NoticeMode.AT_ONCE)
        uow.commit()
    answer = click(desk, path_of(desk, name, "approved"), raw, kind=kind, headers=headers)
    assert (answer.status, answer.body) == (200, b"These letters are stopped.\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "set-cookie" not in answer.headers
    assert mode_of(desk, name, NoticeKind.APPROVED) is NoticeMode.OFF


def test_one_click_looks_at_no_cookie(desk: Desk) -> None:
    visitor = visit(desk, "cleo")
    cookie = ("Cookie", f"sealwright={visitor.cookies['sealwright']}; sealwright_toast=x")
    with desk.served.office.units(write=False) as uow:
        (before,) = uow.sign_ins.sessions_of(desk.ids["cleo"])[:1]
    desk.served.clock.move(minutes=5)
    answer = click(desk, path_of(desk, "dora", "approved"), headers=[cookie, *CROSS_SITE])
    assert answer.status == 200
    assert "set-cookie" not in answer.headers
    with desk.served.office.units(write=False) as uow:
        (after,) = uow.sign_ins.sessions_of(desk.ids["cleo"])[:1]
    assert after.last_seen_at == before.last_seen_at
    assert mode_of(desk, "dora", NoticeKind.APPROVED) is NoticeMode.OFF


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"List-Unsubscribe=One-Click&x=1",
        b"List-Unsubscribe=One-Click&List-Unsubscribe=One-Click",
        b"List-Unsubscribe=Two-Clicks",
        b"list-unsubscribe=One-Click",
        b"csrf_token=x",
        b"List-Unsubscribe=One-Click" + b"+" * 4_000,
    ],
)
def test_other_posts_from_elsewhere_are_refused_there_too(desk: Desk, raw: bytes) -> None:
    for headers in ((), CROSS_SITE):
        answer = click(desk, path_of(desk, "eva", "reopened"), raw, headers=headers)
        assert answer.status == 403
    assert mode_of(desk, "eva", NoticeKind.REOPENED) is None


def test_a_file_is_no_click(desk: Desk) -> None:
    raw = PARTS[0].replace(b'name="List-Unsubscribe"', b'name="List-Unsubscribe"; filename="a"')
    answer = click(desk, path_of(desk, "eva", "reopened"), raw, kind="multipart/form-data; boundary=xyz")
    assert answer.status == 403
    json = click(desk, path_of(desk, "eva", "reopened"), b"{}", kind="application/json")
    assert json.status == 415


def test_one_click_opens_no_other_page(desk: Desk) -> None:
    taken = [one.path for one in PAGES if one.one_click is not None]
    assert taken == ["/mail/stop/{token}"]
    for path in ("/appearance", "/login/password", "/login/link/abc", "/setup/abc"):
        assert click(desk, path, headers=CROSS_SITE).status in {403, 404}
    assert click(desk, "/settings/notifications", headers=CROSS_SITE).status == 401
    visitor = visit(desk, "cleo")
    cookie = ("Cookie", f"sealwright={visitor.cookies['sealwright']}")
    assert click(desk, "/settings/notifications", headers=[cookie, *CROSS_SITE]).status == 403


def test_clicks_are_counted(tmp_path: Path) -> None:
    with serve(tmp_path, **{**NO_LIMITS, "SEALWRIGHT_RATE_PUBLIC_PER_MINUTE": "2"}) as served:
        answers = [
            served.client.call("POST", "/mail/stop/abc", raw=ONE_CLICK, content_type=FORM).status for _ in range(3)
        ]
    assert answers == [410, 410, 429]


def test_nothing_is_stopped_before_the_office_is_set_up(tmp_path: Path) -> None:
    with serve(tmp_path, is_set_up=False, **NO_LIMITS) as served:
        answer = served.client.call("POST", "/mail/stop/abc", raw=ONE_CLICK, content_type=FORM)
    assert answer.status == 503
