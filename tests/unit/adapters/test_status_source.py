"""A status list that cannot be had is unreadable, never "not revoked"."""

from __future__ import annotations

import pytest

from sealwright.adapters.outbound import FetchRefused
from sealwright.adapters.status_source import GuardedStatusSource
from sealwright.vc.errors import StatusListUnreadable

URL = "https://office.example/status/1"


class Page:
    """An outbound with one page, or none."""

    def __init__(self, body: bytes | None) -> None:
        self.body = body
        self.asked: list[tuple[str, int]] = []

    def fetch(self, url: str, *, accept: str, max_bytes: int) -> bytes:
        self.asked.append((url, max_bytes))
        if self.body is None:
            raise FetchRefused("status")
        return self.body


def test_fetched_list_is_given_as_read() -> None:
    page = Page(b'{"id": "https://office.example/status/1"}')
    assert GuardedStatusSource(page, enabled=True).fetch(URL) == {"id": URL}
    assert page.asked == [(URL, 1_048_576)]


def test_switched_off_source_asks_nobody() -> None:
    page = Page(b"{}")
    with pytest.raises(StatusListUnreadable):
        GuardedStatusSource(page, enabled=False).fetch(URL)
    assert page.asked == []


@pytest.mark.parametrize("body", [None, b"", b"[]", b'{"a":1,"a":2}', b"\xff", b"[" * 50 + b"]" * 50])
def test_anything_else_is_unreadable_without_detail(body: bytes | None) -> None:
    with pytest.raises(StatusListUnreadable, match="could not be fetched"):
        GuardedStatusSource(Page(body), enabled=True).fetch(URL)


def test_fetched_token_is_given_as_text() -> None:
    page = Page(b"e30.e30.AA\n")
    assert GuardedStatusSource(page, enabled=True).fetch_token(URL) == "e30.e30.AA"
    assert page.asked == [(URL, 1_048_576)]


def test_a_token_that_cannot_be_had_is_unreadable() -> None:
    for body in (None, b"\xff", "é".encode()):
        with pytest.raises(StatusListUnreadable, match="could not be fetched"):
            GuardedStatusSource(Page(body), enabled=True).fetch_token(URL)
    page = Page(b"e30.e30.AA")
    with pytest.raises(StatusListUnreadable):
        GuardedStatusSource(page, enabled=False).fetch_token(URL)
    assert page.asked == []
