"""Replies: stored bytes go out as they are, headers cannot be split."""

from __future__ import annotations

import json

import msgspec
import pytest

from sealwright.web.reply import Reply, cursor_page, encode, header_text, json_reply, raw_or_null


def test_stored_bytes_are_spliced_unchanged() -> None:
    stored = b'{"b": 1.0,  "a":[ ]}'
    assert stored in encode({"credential": raw_or_null(stored), "x": raw_or_null(None)})
    assert encode({"x": raw_or_null(None)}) == b'{"x":null}'
    assert json.loads(json_reply({"a": msgspec.Raw(stored)}).body) == {"a": {"b": 1.0, "a": []}}


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        ("/api/v1/x", b"/api/v1/x"),
        ("a\r\nSet-Cookie: x", b"a%0D%0ASet-Cookie: x"),
        ("grün", b"gr%C3%BCn"),
        ("\x7f", b"%7F"),
    ],
)
def test_header_text_stays_on_its_line(value: str, spelled: bytes) -> None:
    assert header_text(value) == spelled


def test_headers_are_added_behind() -> None:
    reply = Reply(200, headers=((b"a", b"1"),))
    assert reply.with_headers((b"b", b"2")).headers == ((b"a", b"1"), (b"b", b"2"))
    assert reply.with_headers() is reply


def test_page_says_whether_there_is_more() -> None:
    assert cursor_page([], None) == {"data": [], "hasMore": False, "nextCursor": None}
    assert cursor_page([], "c")["hasMore"] is True
