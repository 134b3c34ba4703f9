"""Strict JSON: what two readers could understand differently is refused, with a pointer."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import pytest

from sealwright.vc.encoding import strict_json
from sealwright.vc.encoding.strict_json import MAX_SAFE_INTEGER, JSONValue, dump_json, parse_json, parse_json_each
from sealwright.vc.errors import (
    DuplicateKey,
    InvalidJSON,
    InvalidUnicode,
    NestingTooDeep,
    NumberOutOfRange,
    UnreadableJSON,
    VcError,
)


def test_parse_keeps_member_order_and_kinds() -> None:
    value = parse_json(b'{"b":1,"a":[true,null,2.5,"x"],"c":{"z":-0.0}}')
    assert value == {"b": 1, "a": [True, None, 2.5, "x"], "c": {"z": 0.0}}
    assert list(value) == ["b", "a", "c"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [b"", b"  ", b"{", b'{"a":1', b"[1,2", b"[1]x", b"{} {}", b"NaN", b"[Infinity]", b"-Infinity", b"// c\n1", b"[1,]"],
    ids=repr,
)
def test_parse_refuses_malformed_text(text: bytes) -> None:
    with pytest.raises(InvalidJSON):
        parse_json(text)


def test_parse_refuses_byte_order_mark() -> None:
    with pytest.raises(InvalidJSON):
        parse_json(b"\xef\xbb\xbf{}")


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_parse_refuses_other_unicode_encodings(codec: str) -> None:
    with pytest.raises(InvalidUnicode):
        parse_json('{"a":1}'.encode(codec))


@pytest.mark.parametrize(
    "text",
    [
        b'"\xff"',
        b'{"a":"\xed\xa0\x80"}',
        rb'"\ud800"',
        rb'{"a":"\ud800 "}',
        rb'["\udc00"]',
        rb'"\ud800A"',
        rb'"\ud800\ud800\udc00"',
        rb'{"\udfff":1}',
        rb'["\ud800",1e999]',
    ],
    ids=repr,
)
def test_parse_refuses_bytes_and_escapes_that_are_not_unicode(text: bytes) -> None:
    with pytest.raises(InvalidUnicode):
        parse_json(text)


def test_parse_takes_escaped_pairs_and_escaped_backslashes_before_u() -> None:
    assert parse_json(rb'["\ud83d\ude00","\\ud800"]') == ["😀", "\\ud800"]


def test_lone_surrogate_in_broken_text_is_a_fault_of_syntax() -> None:
    with pytest.raises(InvalidJSON):
        parse_json(rb'["\ud800"')


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        (b'{"a":1,"a":2}', "/a"),
        (b'{"a":1,"b":[{"c":1},{"c":1,"d":{},"c":2}]}', "/b/1/c"),
        (rb'{"a":1,"\u0061":2}', "/a"),
        (b'{"x":{"a/b":1,"a/b":{}}}', "/x/a~1b"),
        (rb'{"\"":1,"k":"\\","\"":2}', '/"'),
        (b'{"":1,"":2}', "/"),
        (b'[[],{"a":[],"a":[]}]', "/1/a"),
    ],
    ids=repr,
)
def test_parse_refuses_a_member_twice_at_any_depth(text: bytes, pointer: str) -> None:
    with pytest.raises(DuplicateKey) as refusal:
        parse_json(text)
    assert refusal.value.pointer == pointer


def test_parse_is_not_misled_by_colons_and_quotes_in_strings() -> None:
    text = rb'{"a:\"b\":":"\":\"","c\\":":\\\\","d":["\\\":",":"]}'
    assert parse_json(text) == json.loads(text)


@pytest.mark.parametrize("levels", [1, 2, 31, 32, 33, 34, 2_000, 200_000])
def test_many_brackets_beside_each_other_hide_no_level_too_many(levels: int) -> None:
    for opened, closed in ((b"[", b"]"), (b'{"a":', b"}")):
        deepest = opened * levels + b"1" + closed * levels
        # Beside it stand more brackets than levels are allowed, each in the second level.
        for text in (deepest, b"[" + b"{}," * 40 + deepest + b"]"):
            allowed = levels if text is deepest else levels + 1
            if allowed <= 32:
                assert json.loads(text) == parse_json(text)
            else:
                with pytest.raises(NestingTooDeep):
                    parse_json(text)


def test_depth_limit_counts_levels_and_not_brackets() -> None:
    assert parse_json(b"[" * 32 + b"]" * 32) is not None
    assert parse_json(b"[" + b"[],{}," * 50 + b'"[[[[{{{{"' + b"]") is not None
    with pytest.raises(NestingTooDeep):
        parse_json(b"[" * 33 + b"]" * 33)
    with pytest.raises(NestingTooDeep):
        parse_json(b'{"a":' * 3 + b"1" + b"}" * 3, max_depth=2)


@pytest.mark.parametrize("text", [b"[" * 1_000_000, b'{"a":' * 200_000])
def test_very_deep_text_is_refused_without_an_interpreter_error(text: bytes) -> None:
    with pytest.raises(NestingTooDeep):
        parse_json(text)


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        (b"9007199254740992", ""),
        (b'{"a":[0,-9007199254740992]}', "/a/1"),
        (b'{"a":{"b":1e999}}', "/a/b"),
        (b'{"a":1,"b":-1e400}', "/b"),
        (b"[" + b"1" * 5000 + b"]", "/0"),
        (b'{"n":"1e999","m":18446744073709551616}', "/m"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_parse_refuses_numbers_out_of_range(text: bytes, pointer: str) -> None:
    with pytest.raises(NumberOutOfRange) as refusal:
        parse_json(text)
    assert refusal.value.pointer == pointer


def test_parse_takes_the_largest_integers_and_doubles() -> None:
    text = f"[{MAX_SAFE_INTEGER},-{MAX_SAFE_INTEGER},1.7976931348623157e308,5e-324,1e21]".encode()
    assert parse_json(text) == [MAX_SAFE_INTEGER, -MAX_SAFE_INTEGER, 1.7976931348623157e308, 5e-324, 1e21]


def test_broken_text_after_a_wild_number_is_a_fault_of_syntax() -> None:
    with pytest.raises(InvalidJSON):
        parse_json(b'{"a":1e999')


def test_dump_keeps_order_and_refuses_lone_surrogates() -> None:
    assert dump_json({"b": 1, "a": "é\u2028"}) == '{"b":1,"a":"é\u2028"}'.encode()
    with pytest.raises(InvalidUnicode):
        dump_json({"a": "\ud800"})


def _random_value(source: random.Random, depth: int) -> JSONValue:
    kind = source.randrange(7 if depth else 5)
    text = "".join(source.choice('ab"\\:{}[],/ \u00e9\u2028😀\t') for _ in range(source.randrange(8)))
    match kind:
        case 0:
            return text
        case 1:
            return source.randrange(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER)
        case 2:
            return source.uniform(-1e6, 1e6)
        case 3:
            return source.choice([True, False, None])
        case 5:
            return [_random_value(source, depth - 1) for _ in range(source.randrange(4))]
        case 6:
            return {f"{text}{index}": _random_value(source, depth - 1) for index in range(source.randrange(4))}
        case _:
            return text


@pytest.mark.parametrize("ascii_only", [True, False])
def test_parse_agrees_with_another_decoder_on_generated_texts(ascii_only: bool) -> None:
    source = random.Random(7)
    for _ in range(3000):
        value = _random_value(source, 5)
        text = json.dumps(value, ensure_ascii=ascii_only, indent=source.choice([None, 1])).encode()
        assert parse_json(text) == value


def test_random_damage_never_escapes_the_refusal_tree() -> None:
    source = random.Random(11)
    refused = 0
    for _ in range(5000):
        text = bytearray(json.dumps(_random_value(source, 4), ensure_ascii=source.random() < 0.5).encode())
        for _ in range(source.randrange(1, 4)):
            text[source.randrange(len(text))] = source.choice(b'"\\{}[]:,0e-u\x00\xff')
        try:
            parse_json(bytes(text))
        except (UnreadableJSON, NumberOutOfRange):
            refused += 1
    assert refused > 2500


_PIECES = (
    *(b'{ } [ ] : , " 0 -1 1.5 1e400 true null 9007199254740991 9007199254740992 -9007199254740992'.split()),
    *(
        b'"a" "a": "b": "\\u0061": "\xc3\xbc": " :" "\\":" "x:y" "\\\\" "\\ud800" "\\ud83d\\ude00" "\\u003a"'.split(
            b" "
        )
    ),
    *(b" ", b"\n", b"\x00", b"\xef\xbb\xbf", b"\xff", b"\xed\xa0\x80", b'{"a":1,"a":2}', b'["s","n","v"]', b"[" * 20),
)


def _torn(source: random.Random) -> bytes:
    """A text that is sound, nearly so, or no JSON at all."""
    if source.random() < 0.3:
        return b"".join(source.choices(_PIECES, k=source.randrange(10)))
    text = bytearray(json.dumps(_random_value(source, 4), ensure_ascii=source.random() < 0.5).encode())
    for _ in range(source.randrange(3)):
        place = source.randrange(len(text) + 1)
        text[place : place + source.randrange(2)] = source.choice(_PIECES)
    return bytes(text)


def _judged(read: Callable[..., JSONValue], text: bytes, max_depth: int) -> str:
    try:
        return repr(read(text, max_depth=max_depth))
    except VcError as error:
        return f"{type(error).__name__} {error} {error.pointer}"


def test_short_way_and_step_by_step_judge_every_text_alike() -> None:
    source = random.Random(13)
    refusals: set[str] = set()
    taken = 0
    for _ in range(20_000):
        text, max_depth = _torn(source), source.choice([2, 32])
        judged = _judged(parse_json, text, max_depth)
        assert judged == _judged(strict_json._parse_warily, text, max_depth), text
        refusals.add(judged.partition(" ")[0])
        taken += judged[:1] in "[{'"
    assert {"InvalidJSON", "InvalidUnicode", "DuplicateKey", "NestingTooDeep", "NumberOutOfRange"} <= refusals
    assert taken > 3000


_LINES = (
    *(b'["s","n","v"]', b'["s","n","v"]', b'["s",true,null]', b'["s","n",{"a":1}]', b'["s","n",{"a":1,"a":2}]', b"[]"),
    *(
        b'["s","n",9007199254740992]',
        b'["s","n",1.5]',
        b'["s",1e400]',
        b'["s","\xc3\xbc"]',
        b'["\xc3"]',
        b'["\\ud800"]',
    ),
    *(b'["a"', b',"b"]', b'["a"] ["b"]', b'["a"]["b"]', b'["a"]\n["b"]', b'["a",\n"b"]', b'[["a"]', b'["b"]]', b"[]]"),
    *(b"", b" ", b" [] ", b"\xef\xbb\xbf[]", b"\x00[]", b"[" * 40 + b"]" * 40, b"7", b'"a', b'"]', b'["'),
)


def test_many_texts_are_judged_as_each_is_by_itself() -> None:
    source = random.Random(17)
    taken = 0
    for _ in range(20_000):
        sound = source.random() < 0.5
        texts = source.choices(_LINES[:2] + _LINES[2:7] * sound if sound else _LINES, k=source.randrange(5))
        alone = [_judged(parse_json, text, 32) for text in texts]
        try:
            assert [repr(value) for value in parse_json_each(texts)] == alone
            taken += 1
        except VcError as error:
            told = f"{type(error).__name__} {error} {error.pointer}"
            assert told == next(one for one in alone if one[:1].isupper() and one[:4] not in {"True", "None"})
    assert 8000 < taken < 19_000
