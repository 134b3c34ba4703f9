"""Altered proof values: bytes in every region, the parts of their CBOR, and the spelling of the text around them."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

import cbor2

from sealwright.vc.encoding.multibase import multibase_decode, multibase_encode
from tests.support.json_attacks import Altered

_CBOR_HEADS: Final = (b"\xd9\x5d",)
_FLIPS: Final = 120


def altered_values(document: Mapping[str, Any], seed: str) -> Iterator[Altered]:
    """A document with each of the altered values of its (only) proof."""
    proof = document["proof"]
    value = proof["proofValue"]
    seen = {value}
    for label, other in _values(value, random.Random(seed)):
        if other not in seen:
            seen.add(other)
            yield Altered(label, {**document, "proof": {**proof, "proofValue": other}})


def decoded(value: str) -> tuple[bytes, str]:
    """The bytes of a proof value and how they are spelled: multibase `u` or `z`, or `base64` in proofs of 2020."""
    if value[0] in "uz" and not _is_base64(value):
        return multibase_decode(value), value[0]
    return base64.b64decode(value, validate=True), "base64"


def encoded(raw: bytes, spelling: str) -> str:
    """The other way."""
    if spelling == "base64":
        return base64.b64encode(raw).decode()
    return multibase_encode(raw, "u" if spelling == "u" else "z")


def _is_base64(value: str) -> bool:
    return len(value) % 4 == 0 and ("=" in value or "+" in value or "/" in value)


def _values(value: str, chance: random.Random) -> Iterator[tuple[str, str]]:
    raw, spelling = decoded(value)
    for label, other in _byte_changes(raw, chance):
        yield f"value: {label}", encoded(other, spelling)
    if raw[:2] in _CBOR_HEADS:
        for label, parts in _part_changes(cbor2.loads(raw[3:])):
            yield f"CBOR: {label}", encoded(raw[:3] + cbor2.dumps(parts), spelling)
        yield "CBOR: something behind", encoded(raw + cbor2.dumps(1), spelling)
        yield "CBOR: not all there", encoded(raw[:-7], spelling)
        for third in range(16):
            yield f"head: {third}", encoded(raw[:2] + bytes([third]) + raw[3:], spelling)
    yield from _spellings(value, raw, spelling)


def _byte_changes(raw: bytes, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    places = range(len(raw)) if len(raw) <= _FLIPS else sorted(chance.sample(range(len(raw)), _FLIPS))
    for place in (*range(min(4, len(raw))), *places, len(raw) - 1):
        bit = 1 << chance.randrange(8)
        yield f"bit {bit} of byte {place}", raw[:place] + bytes([raw[place] ^ bit]) + raw[place + 1 :]
    for size in (0, 1, len(raw) // 2, len(raw) - 1):
        yield f"first {size} bytes", raw[:size]
        yield f"last {size} bytes", raw[len(raw) - size :]
    yield "a zero behind", raw + b"\0"
    yield "a zero before", b"\0" + raw
    yield "twice", raw + raw
    yield "all zeros", bytes(len(raw))
    yield "all ones", b"\xff" * len(raw)
    half = len(raw) // 2
    yield "halves exchanged", raw[half:] + raw[:half]


def _part_changes(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Each part of a CBOR value altered, with the rest as it was."""
    if isinstance(value, list):
        yield from _list_changes(value, at)
        for index, item in enumerate(value):
            for label, other in _part_changes(item, f"{at}/{index}"):
                yield label, [*value[:index], other, *value[index + 1 :]]
    elif isinstance(value, dict):
        yield from _map_changes(value, at)
    elif isinstance(value, bytes):
        for place in sorted({0, 1, len(value) // 2, len(value) - 1}) if value else ():
            yield f"byte {place} of {at}", value[:place] + bytes([value[place] ^ 0x10]) + value[place + 1 :]
        yield f"{at} emptied", b""
        yield f"{at} longer", value + b"\0"
        yield f"{at} shorter", value[:-1]
        yield f"{at} as zeros", bytes(len(value))
        yield f"{at} as text", value.hex()
    elif isinstance(value, str):
        yield f"{at} other text", value + "x"
        yield f"{at} as bytes", value.encode()
    elif isinstance(value, int):
        for other in (value + 1, value - 1, -value - 1, value + 2**32, 2**64, float(value) + 0.5):
            yield f"{at} made {other}", other
    for what, other in (("null", None), ("a map", {0: 0}), ("a list", [0]), ("endless nesting", _nested(200))):
        if value != other:
            yield f"{at} made {what}", other


def _list_changes(value: list[Any], at: str) -> Iterator[tuple[str, Any]]:
    for index in range(len(value)):
        yield f"{at}/{index} left out", [*value[:index], *value[index + 1 :]]
        yield f"{at}/{index} twice", [*value[: index + 1], *value[index:]]
        if index and value[index] != value[index - 1]:
            turned = [*value[: index - 1], value[index], value[index - 1], *value[index + 1 :]]
            yield f"{at}/{index - 1} and its neighbor exchanged", turned
    if len(value) > 2 and value != value[::-1]:
        yield f"{at} turned round", value[::-1]
    yield f"{at} with one more", [*value, 0]
    yield f"{at} emptied", []


def _map_changes(value: dict[Any, Any], at: str) -> Iterator[tuple[str, Any]]:
    keys = list(value)
    for key in keys:
        yield f"{at}/{key} left out", {one: item for one, item in value.items() if one != key}
        for label, other in _part_changes(value[key], f"{at}/{key}"):
            yield label, {**value, key: other}
        yield f"{at}/{key} renamed", {(one if one != key else len(keys) + 7): item for one, item in value.items()}
    for first, second in pairwise(keys):
        yield f"{at}/{first} and {second} exchanged", {**value, first: value[second], second: value[first]}
    yield f"{at} with one more", {**value, len(keys) + 9: value[keys[0]] if keys else 0}


def _nested(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


def _spellings(value: str, raw: bytes, spelling: str) -> Iterator[tuple[str, str]]:
    """Other texts for the same bytes, or texts that a careless reader takes for them."""
    yield "text: a blank behind", value + " "
    yield "text: a line end behind", value + "\n"
    yield "text: a blank inside", value[:9] + " " + value[9:]
    yield "text: padding", value + "="
    yield "text: more padding", value + "=="
    yield "text: small letters", value.lower()
    yield "text: no prefix", value[1:]
    yield "text: empty", ""
    for prefix in "muzfMUZF0k":
        if prefix != value[0]:
            yield f"text: prefix {prefix}", prefix + value[1:]
    yield "text: base64 with its own signs", "u" + base64.b64encode(raw).decode().rstrip("=").replace("A", "+", 1)
    yield "text: base64url in place of the spelling", base64.urlsafe_b64encode(raw).decode().rstrip("=")
    yield "text: hexadecimal", "f" + raw.hex()
    if spelling != "z" and len(raw) < 1024:
        yield "text: base58", multibase_encode(raw, "z")
    if spelling != "u":
        yield "text: base64url", multibase_encode(raw, "u")
    if spelling == "z":
        yield "text: a leading 1", "z1" + value[1:]
    elif (last := _loose_last_letter(value, len(raw))) is not None:
        yield "text: loose bits in the last letter", last


def _loose_last_letter(value: str, size: int) -> str | None:
    """The text with bits set that stand for no byte, where the last letter has such."""
    if size % 3 == 0:
        return None
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    letters += "+/" if "+" in value or "/" in value or "=" in value else "-_"
    body = value.rstrip("=")
    index = letters.find(body[-1])
    return body[:-1] + letters[index ^ 1] + value[len(body) :] if index >= 0 else None
