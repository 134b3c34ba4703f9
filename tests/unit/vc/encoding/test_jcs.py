"""RFC 8785: the fast encoder is used only where both give the same bytes."""

from __future__ import annotations

import math
import random
import re
import struct

import pytest
import rfc8785

from sealwright.vc.encoding import jcs
from sealwright.vc.encoding.jcs import canonicalize_json
from sealwright.vc.errors import InvalidUnicode, MalformedDocument, NestingTooDeep, NumberOutOfRange


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None, "x"]}, b'{"a":[true,null,"x"],"b":1}'),
        ({"x": 4.0}, b'{"x":4}'),
        ({"x": -0.0}, b'{"x":0}'),
        ({"x": 1e21}, b'{"x":1e+21}'),
        ({"x": 1e16}, b'{"x":10000000000000000}'),
        ({"x": 9.7e-6}, b'{"x":0.0000097}'),
        ({"x": 1e-7}, b'{"x":1e-7}'),
        ({"\ufb33": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ufb33":1}'.encode()),
        ({"x": '\x00\x1f\x7f"\\/\u2028'}, b'{"x":"\\u0000\\u001f\x7f\\"\\\\/\xe2\x80\xa8"}'),
        ([], b"[]"),
        ("é", '"é"'.encode()),
    ],
    ids=repr,
)
def test_canonical_bytes(value: object, text: bytes) -> None:
    assert canonicalize_json(value) == text


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (2**53, NumberOutOfRange),
        ([math.nan], NumberOutOfRange),
        ({"a": math.inf}, NumberOutOfRange),
        ("\ud800", InvalidUnicode),
        ({"a": object()}, MalformedDocument),
        ({1: 2}, MalformedDocument),
    ],
    # The address of an object is no name that two runs could agree on.
    ids=lambda value: re.sub(r" at 0x[0-9a-f]+", "", repr(value)),
)
def test_values_outside_json_are_refused(value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        canonicalize_json(value)


def test_endless_nesting_is_a_refusal() -> None:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(NestingTooDeep):
        canonicalize_json(value)


def test_every_character_inside_the_gate_agrees_with_the_reference() -> None:
    for start in range(0, 0x110000, 4096):
        text = "".join(chr(point) for point in range(start, start + 4096) if not 0xD800 <= point <= 0xDFFF)
        if text:
            assert jcs._is_inside_gate([text])
            assert canonicalize_json([text]) == rfc8785.dumps([text])


def test_random_numbers_agree_with_the_reference() -> None:
    source = random.Random(3)
    inside = 0
    for _ in range(60_000):
        number = struct.unpack("<d", source.randbytes(8))[0]
        if source.random() < 0.7:
            number = round(source.uniform(-1, 1) * 10 ** source.randrange(-6, 17), source.randrange(12))
        if math.isfinite(number):
            inside += jcs._is_inside_gate(number)
            assert canonicalize_json(number) == rfc8785.dumps(number), number
    assert inside > 10_000


def test_ascii_member_names_sort_alike() -> None:
    source = random.Random(5)
    for _ in range(2000):
        value = {"".join(chr(source.randrange(128)) for _ in range(source.randrange(4))): 1 for _ in range(6)}
        assert canonicalize_json(value) == rfc8785.dumps(value)
