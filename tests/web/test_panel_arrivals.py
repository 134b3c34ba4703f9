"""What has come into the queue since its page was loaded, and that an open page keeps nobody signed in."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sealwright.domain.sign_in import STRICT_IDLE
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.reply import Reply
from tests.web.desk import DPW, SFLUV, Desk, fresh
from tests.web.page_client import PageVisitor, text_of
from tests.web.panel_desk import panel_desk, visit

PARTIAL = (("HX-Request", "true"), ("HX-Request-Type", "partial"))
IDLE_MINUTES = int(STRICT_IDLE.total_seconds()) // 60


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with panel_desk(tmp_path) as one:
        yield one


def asked_at(answer: Any) -> str | None:
    """Where a page of the queue asks what is new."""
    found = re.search(r'data-arrivals="([^"]+)"', answer.body.decode())
    return html.unescape(found[1]) if found else None


def place_of(visitor: PageVisitor, path: str = "/issuer") -> str:
    place = asked_at(visitor.get(path))
    assert place is not None, path
    return place


def new_in(visitor: PageVisitor, place: str) -> Any:
    return visitor.get(place, headers=PARTIAL)


def test_nothing_new_is_an_empty_answer(desk: Desk) -> None:
    desk.request(fresh(desk))
    issuer = visit(desk, "issuer")
    answer = new_in(issuer, place_of(issuer))
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["cache-control"] == "no-store"


def test_new_requests_are_counted_in_words_and_led_to(desk: Desk) -> None:
    desk.request(fresh(desk))
    issuer = visit(desk, "issuer")
    place = place_of(issuer)
    desk.served.clock.move(seconds=20)
    first = fresh(desk)
    desk.request(first)
    assert text_of(new_in(issuer, place)) == "1 new request, show"
    desk.request(fresh(desk))
    desk.request(fresh(desk))
    told = new_in(issuer, place)
    assert text_of(told) == "3 new requests, show"
    assert b"<html" not in told.body
    href = html.unescape(re.search(r'href="([^"]+)"', told.body.decode())[1])  # type: ignore[index]
    shown = issuer.get(href.partition("#")[0])
    assert "4 requests" in text_of(shown)
    assert text_of(shown).index(first.title()) < text_of(shown).index("Page 1 of 1")
    assert new_in(issuer, place_of(issuer)).status == 204


def test_new_requests_are_told_in_the_readers_language(desk: Desk) -> None:
    issuer = visit(desk, "issuer")
    assert issuer.post("/appearance", {"language": "es"}).status == 303
    place = place_of(issuer)
    desk.served.clock.move(seconds=20)
    desk.request(fresh(desk))
    assert text_of(new_in(issuer, place)) == "1 solicitud nueva, mostrar"
    desk.request(fresh(desk))
    assert text_of(new_in(issuer, place)) == "2 solicitudes nuevas, mostrar"


def test_only_what_the_scope_and_the_filters_show_is_counted(desk: Desk) -> None:
    desk.improver("zoe", verified=True)
    places = {name: place_of(visit(desk, name)) for name in ("issuer", "outsider", "both", "admin")}
    of_zoe = place_of(visit(desk, "both"), "/issuer?status=pending&q=zoe")
    of_type = place_of(visit(desk, "both"), f"/issuer?type={SFLUV}")
    foreign = place_of(visit(desk, "outsider"), f"/issuer?type={DPW}")
    desk.served.clock.move(seconds=20)
    desk.request(fresh(desk), DPW)
    desk.request("zoe", DPW)
    desk.request("zoe", SFLUV)
    for name, count in {"issuer": 2, "outsider": 1, "both": 3, "admin": 3}.items():
        assert text_of(new_in(visit(desk, name), places[name])).startswith(f"{count} new "), name
    assert text_of(new_in(visit(desk, "both"), of_zoe)).startswith("2 new ")
    assert text_of(new_in(visit(desk, "both"), of_type)).startswith("1 new ")
    assert new_in(visit(desk, "outsider"), foreign).status == 204
    # The address of another's list tells no more than one's own scope holds.
    assert text_of(new_in(visit(desk, "outsider"), places["admin"])).startswith("1 new ")
    assert new_in(visit(desk, "improver"), places["issuer"]).status == 403


def test_what_is_decided_meanwhile_is_not_new_any_more(desk: Desk) -> None:
    issuer = visit(desk, "issuer")
    place = place_of(issuer)
    desk.served.clock.move(seconds=20)
    request = desk.request(fresh(desk))
    assert new_in(issuer, place).status == 200
    assert desk.decide("colleague", request["id"]).status == 200
    assert new_in(issuer, place).status == 204


@pytest.mark.parametrize(
    "query", ["status=approved", "status=rejected", "age=3", "status=pending&mark=past_target", "mark=mine_today"]
)
def test_lists_that_nothing_new_comes_into_do_not_ask(desk: Desk, query: str) -> None:
    assert asked_at(visit(desk, "issuer").get(f"/issuer?{query}")) is None


@pytest.mark.parametrize("since", ["", "x", "-5", "999999999999999", "1e9"])
def test_moments_that_make_no_sense_do_no_harm(desk: Desk, since: str) -> None:
    desk.request(fresh(desk))
    answer = new_in(visit(desk, "issuer"), f"/issuer/queue/new?since={since}")
    assert answer.status == (200 if since == "-5" else 204)


def test_opened_as_a_page_it_is_the_list(desk: Desk) -> None:
    answer = visit(desk, "issuer").get("/issuer/queue/new?status=all&q=ana&since=1")
    assert answer.status == 303
    there = urlsplit(answer.headers["location"])
    assert (there.path, parse_qs(there.query)) == ("/issuer", {"status": ["all"], "q": ["ana"]})


def test_a_session_that_only_asks_for_news_ends_when_unused(desk: Desk) -> None:
    issuer = visit(desk, "issuer")
    place = place_of(issuer)
    for _ in range(IDLE_MINUTES - 1):
        desk.served.clock.move(minutes=1)
        assert new_in(issuer, place).status == 204
    desk.served.clock.move(minutes=1)
    ended = new_in(issuer, place)
    assert (ended.status, ended.body) == (200, b"")
    assert ended.headers["hx-redirect"].startswith("/login")
    assert issuer.get("/issuer").headers["location"].startswith("/login")


def test_what_a_page_reads_by_itself_is_no_use_of_the_session(desk: Desk) -> None:
    issuer = visit(desk, "issuer")
    unasked = (*PARTIAL, ("Sealwright-Unasked", "yes"))
    for _ in range(2):
        desk.served.clock.move(minutes=IDLE_MINUTES // 2)
        answer = issuer.get("/issuer", headers=unasked)
    assert answer.headers["hx-redirect"].startswith("/login")


def test_looking_at_pages_keeps_a_session(desk: Desk) -> None:
    issuer = visit(desk, "issuer")
    for _ in range(3):
        desk.served.clock.move(minutes=IDLE_MINUTES // 2)
        assert issuer.get("/issuer").status == 200


def test_whoever_posts_is_there() -> None:
    with pytest.raises(ValueError, match="whoever posts is there"):
        PageRoute("POST", "/x", PageAudience.ISSUER, lambda _page: Reply(204), quiet=True)
