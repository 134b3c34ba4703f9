"""Requests for signatures as bytes: exactly one reading, within limits."""

from __future__ import annotations

import pytest

from sealwright.vc.errors import InvalidEncoding
from sealwright.vc.proofs.bbs.requests import MAX_MESSAGES, Scheme, decode_request, encode_request

GOOD = encode_request(Scheme.IETF_SHA_256, b"header", [b"one", b"", b"three"])


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("messages", [[b"m"], [b"", b"\0" * 100], [b"x"] * MAX_MESSAGES], ids=len)
def test_a_request_is_read_back(scheme: Scheme, messages: list[bytes]) -> None:
    request = decode_request(encode_request(scheme, b"header", messages))
    assert (request.scheme, request.header, request.messages) == (scheme, b"header", tuple(messages))


def test_no_two_requests_have_the_same_bytes() -> None:
    requests = [
        (Scheme.IETF_SHA_256, b"", [b"ab", b"c"]),
        (Scheme.IETF_SHA_256, b"", [b"a", b"bc"]),
        (Scheme.IETF_SHA_256, b"", [b"abc"]),
        (Scheme.IETF_SHA_256, b"a", [b"bc"]),
        (Scheme.IETF_SHA_256, b"abc", []),
        (Scheme.LEGACY_2020, b"", [b"abc"]),
    ]
    assert len({encode_request(*request) for request in requests}) == len(requests)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"BBS",
        b"BBS\0" + GOOD[4:],
        b"BBX" + GOOD[3:],
        GOOD + b"\0",
        *(GOOD[:at] for at in range(4, len(GOOD))),
        encode_request(Scheme.IETF_SHA_256, b"", [b""] * (MAX_MESSAGES + 1)),
        encode_request(Scheme.LEGACY_2020, b"", []),
        encode_request(Scheme.IETF_SHA_256, bytes(4 * 1024 * 1024), [b""]),
        GOOD[:14] + b"\xff\xff\xff\xff" + GOOD[18:],
    ],
)
def test_whatever_is_not_exactly_one_request_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidEncoding):
        decode_request(data)
