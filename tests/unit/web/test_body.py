"""Taking in bodies: their kind and size, whatever was announced."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sealwright.web import body
from sealwright.web.exchange import Exchange
from sealwright.web.refusals import ClientGone, TransportRefused


def exchange(**headers: str) -> Exchange:
    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return Exchange("r", "POST", "/x", named, [], "unknown")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        'APPLICATION/JSON;charset="UTF-8"',
        "application/ld+json",
        "application/vc",
    ],
)
def test_json_in_utf8_is_taken(content_type: str) -> None:
    if content_type == "application/vc":
        with pytest.raises(TransportRefused):
            body.refuse_foreign_content(exchange(content_type=content_type))
    else:
        body.refuse_foreign_content(exchange(content_type=content_type))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content_type": "text/plain"},
        {"content_type": "application/xml"},
        {"content_type": "multipart/form-data; boundary=x"},
        {"content_type": "application/x-www-form-urlencoded"},
        {"content_type": "text/json"},
        {"content_type": "application/json; charset=utf-16"},
        {"content_type": "application/json", "content_encoding": "gzip"},
        {"content_type": "application/json", "content_encoding": "identity"},
    ],
)
def test_other_content_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(TransportRefused) as caught:
        body.refuse_foreign_content(exchange(**headers))
    assert caught.value.code == "UNSUPPORTED_MEDIA_TYPE"


@pytest.mark.parametrize("length", ["101", "99999999999", "9" * 5000, "0" * 6000 + "101"])
def test_announced_length_is_refused_before_reading(length: str) -> None:
    with pytest.raises(TransportRefused) as caught:
        body.refuse_oversize(exchange(content_length=length), 100)
    assert caught.value.code == "PAYLOAD_TOO_LARGE"


def test_length_within_the_limit_passes() -> None:
    body.refuse_oversize(exchange(content_length="0100"), 100)
    assert body.has_body(exchange(content_length="5"))
    assert body.has_body(exchange(transfer_encoding="chunked"))
    assert not body.has_body(exchange(content_length="000"))
    assert not body.has_body(exchange())


def receiving(*messages: dict[str, Any]) -> Any:
    waiting = list(messages)

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop(0)
        await asyncio.sleep(3600)
        raise AssertionError

    return receive


def part(data: bytes, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": data, "more_body": more}


def test_chunks_are_joined() -> None:
    whole = asyncio.run(body.read_body(receiving(part(b"ab"), part(b""), part(b"cd", more=False)), 4))
    assert whole == b"abcd"


def test_chunks_beyond_the_limit_are_refused_at_once() -> None:
    with pytest.raises(TransportRefused):
        asyncio.run(body.read_body(receiving(part(b"abc"), part(b"de")), 4))


def test_slow_body_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "READ_SECONDS", 0.02)
    with pytest.raises(TransportRefused) as caught:
        asyncio.run(body.read_body(receiving(part(b"a")), 4))
    assert caught.value.code == "REQUEST_TIMEOUT"


def test_caller_who_hangs_up_is_noticed() -> None:
    with pytest.raises(ClientGone):
        asyncio.run(body.read_body(receiving(part(b"a"), {"type": "http.disconnect"}), 4))
