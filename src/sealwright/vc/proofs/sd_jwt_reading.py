"""Reading SD-JWTs: taken apart, opened by what is disclosed, narrowed down to what a holder wants to show.

The reader believes nothing that the signed payload does not bind: every disclosure must be asked for by exactly one
digest, and a digest may occur once.

Spec: RFC 9901, "Verification and Processing".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from sealwright.vc.encoding.multibase import base64url_decode
from sealwright.vc.encoding.pointers import Place, child, pointer_to
from sealwright.vc.encoding.strict_json import JSONValue, parse_json, parse_json_each
from sealwright.vc.errors import InvalidEncoding, NestingTooDeep, VcError
from sealwright.vc.proofs.compact import MAX_TOKEN_LENGTH, CompactToken, malformed, open_compact
from sealwright.vc.proofs.sd_jwt import (
    DIGEST_NAME,
    DIGESTS,
    HASH_NAME,
    HASH_NAMES,
    ITEM,
    RESERVED_NAMES,
    combined,
    digests_of,
)

MAX_DISCLOSURES: Final = 1_000
MAX_OPEN_DEPTH: Final = 32
"""Levels of objects and arrays once everything is disclosed; disclosures could nest without end otherwise."""


class Disclosure(msgspec.Struct, frozen=True):
    """One disclosure: a member with its name, or an item of an array, which has none.

    Args:
        text: As it travels.
        name: The member's name; None for an item.
        value: What it shows; digests inside stand for further disclosures.
    """

    text: str
    name: str | None
    value: JSONValue


class SdJwt(msgspec.Struct, frozen=True):
    """An SD-JWT that was taken apart; signatures are not checked yet.

    Args:
        token: The issuer's token.
        disclosures: Those that came with it, in order.
        key_binding: The holder's token behind the last tilde; None if there is none.
        presented: The text that a key binding signs by its digest: everything up to and with the last tilde.
        hash_name: Of all digests.
        claims: The payload with everything disclosed in its place, and without digests.
        disclosed_names: Names of members of the payload itself that came by a disclosure.
        by_digest: The disclosures by the digests that ask for them.
        is_whole: Whether every digest was answered by a disclosure; one that was not is a claim kept back, or a decoy.
    """

    token: CompactToken
    disclosures: tuple[Disclosure, ...]
    key_binding: CompactToken | None
    presented: str
    hash_name: str
    claims: dict[str, JSONValue]
    disclosed_names: frozenset[str]
    by_digest: Mapping[str, Disclosure]
    is_whole: bool


def is_sd_jwt(text: str) -> bool:
    """Tell whether a text has the form of an SD-JWT rather than of a plain token."""
    return "~" in text


def open_sd_jwt(text: str) -> SdJwt:
    """Take an SD-JWT apart and put what is disclosed in its place; no signature is checked.

    Raises:
        MalformedDocument: Not the compact form; a disclosure that nothing asks for, that is asked for twice, or that
            names what is there already; digests where none may stand; an unknown digest method; over 1,000 disclosures.
        UnreadableJSON: A part is not strict JSON, or it nests too deep once it is open.

    Spec: RFC 9901, "Verification of the SD-JWT".
    """
    parts = text.split("~") if len(text) <= MAX_TOKEN_LENGTH else []
    if len(parts) < 2:
        raise malformed("", "The text is not an SD-JWT.")
    token, texts, tail = parts[0], parts[1:-1], parts[-1]
    if len(texts) > MAX_DISCLOSURES:
        raise malformed("", f"The SD-JWT carries over {MAX_DISCLOSURES} disclosures.")
    compact = open_compact(token)
    hash_name = compact.payload.get(DIGEST_NAME, HASH_NAME)
    if not isinstance(hash_name, str) or hash_name not in HASH_NAMES:
        raise malformed(f"/{DIGEST_NAME}", "The SD-JWT's digest method is not one that is understood here.")
    disclosures = _disclosures(texts)
    found = dict(zip(digests_of(texts, hash_name), disclosures, strict=True))
    if len(found) != len(disclosures):
        raise malformed("", "The SD-JWT carries a disclosure twice.")
    work = _Opening(found)
    claims = work.payload(compact.payload)
    if work.used != len(found):
        raise malformed("", "The SD-JWT carries a disclosure that nothing in it asks for.")
    return SdJwt(
        token=compact,
        disclosures=disclosures,
        key_binding=open_compact(tail) if tail else None,
        presented=text[: len(text) - len(tail)],
        hash_name=hash_name,
        claims=claims,
        disclosed_names=frozenset(claims.keys() - compact.payload.keys()),
        by_digest=found,
        is_whole=len(work.met) == work.used,
    )


def present(text: str, shown: Callable[[tuple[str | int, ...]], bool]) -> str:
    """Narrow an SD-JWT down to what its holder shows; a key binding it had is taken off.

    Args:
        text: As the issuer gave it, or a part of that.
        shown: Asked for each disclosure by its path in the open claims. What stands around a shown one is shown too.

    Raises:
        As `open_sd_jwt`.

    Spec: RFC 9901, "Processing by the Holder".
    """
    opened = open_sd_jwt(text)
    kept: set[str] = set()
    for path, chain in _places(opened.token.payload, opened.by_digest, (), ()):
        if shown(path):
            kept.update(chain)
    return combined(opened.token.text, [one.text for one in opened.disclosures if one.text in kept])


def _disclosures(texts: Sequence[str]) -> tuple[Disclosure, ...]:
    try:
        decoded = [*map(base64url_decode, texts)]
        return tuple(map(_disclosure, texts, parse_json_each(decoded)))
    except VcError:
        # One by one, so that the first of several faults is told.
        return tuple(_disclosure(text, parse_json(_bytes_of(text))) for text in texts)


def _bytes_of(text: str) -> bytes:
    try:
        return base64url_decode(text)
    except InvalidEncoding:
        raise malformed("", "A disclosure is not base64url.") from None


def _disclosure(text: str, contents: JSONValue) -> Disclosure:
    if type(contents) is not list or len(contents) not in (2, 3) or type(contents[0]) is not str:
        raise malformed("", "A disclosure is an array of salt, name and value, or of salt and value.")
    if len(contents) == 2:
        return Disclosure(text, None, contents[1])
    name = contents[1]
    if type(name) is not str or name in RESERVED_NAMES:
        raise malformed("", "A disclosure's name is no text, or is kept for digests.")
    return Disclosure(text, name, contents[2])


class _Opening:
    """One run over a payload; each digest is met once, each disclosure used once."""

    __slots__ = ("_by_digest", "met", "used")

    def __init__(self, by_digest: Mapping[str, Disclosure]) -> None:
        self._by_digest = by_digest
        self.met: set[str] = set()
        self.used = 0

    def payload(self, payload: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
        return self._object({name: value for name, value in payload.items() if name != DIGEST_NAME}, None, 1)

    def _value(self, value: JSONValue, place: Place, depth: int) -> JSONValue:
        if depth > MAX_OPEN_DEPTH:
            raise NestingTooDeep("The SD-JWT nests too deep once it is open.")
        if type(value) is dict:
            return self._object(value, place, depth)
        if type(value) is list:
            return self._items(value, place, depth)
        return value

    def _object(self, source: Mapping[str, JSONValue], place: Place, depth: int) -> dict[str, JSONValue]:
        if ITEM in source or DIGEST_NAME in source:
            raise malformed(pointer_to(place), "A name that is kept for digests stands where none may.")
        below = depth + 1
        opened = {
            name: value if type(value) is str and below <= MAX_OPEN_DEPTH else self._value(value, (place, name), below)
            for name, value in source.items()
            if name != DIGESTS
        }
        if DIGESTS not in source:
            return opened
        digests = source[DIGESTS]
        if type(digests) is not list:
            raise malformed(child(pointer_to(place), DIGESTS), "Digests stand in an array.")
        asked = self._asked
        for digest in digests:
            disclosure = asked(digest, place)
            if disclosure is None:
                continue
            name, value = disclosure.name, disclosure.value
            if name is None:
                raise malformed(pointer_to(place), "An object asks for the disclosure of an array's item.")
            if name in opened:
                raise malformed(pointer_to(place), "A disclosure names a member that is there already.")
            if type(value) is str and below <= MAX_OPEN_DEPTH:
                opened[name] = value
            else:
                opened[name] = self._value(value, (place, name), below)
        return opened

    def _items(self, items: Sequence[JSONValue], place: Place, depth: int) -> list[JSONValue]:
        opened: list[JSONValue] = []
        for index, item in enumerate(items):
            if not (type(item) is dict and ITEM in item):
                opened.append(self._value(item, (place, index), depth + 1))
                continue
            at = (place, index)
            if len(item) != 1:
                raise malformed(pointer_to(at), "A concealed item has members beside its digest.")
            disclosure = self._asked(item[ITEM], at)
            if disclosure is None:
                continue
            if disclosure.name is not None:
                raise malformed(pointer_to(at), "An array asks for the disclosure of an object's member.")
            opened.append(self._value(disclosure.value, at, depth + 1))
        return opened

    def _asked(self, digest: JSONValue, place: Place) -> Disclosure | None:
        """The disclosure behind a digest; None for a claim kept back, or where there is nothing at all."""
        if type(digest) is not str:
            raise malformed(pointer_to(place), "A digest is text.")
        if digest in self.met:
            raise malformed(pointer_to(place), "A digest occurs twice.")
        self.met.add(digest)
        disclosure = self._by_digest.get(digest)
        if disclosure is not None:
            self.used += 1
        return disclosure


def _places(
    value: JSONValue,
    disclosures: Mapping[str, Disclosure],
    path: tuple[str | int, ...],
    chain: tuple[str, ...],
) -> Iterator[tuple[tuple[str | int, ...], tuple[str, ...]]]:
    """Each disclosure's path, with the texts that must be shown for it: those around it, and its own."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name != DIGESTS:
                yield from _places(member, disclosures, (*path, name), chain)
        digests = value.get(DIGESTS)
        for digest in digests if isinstance(digests, list) else ():
            yield from _place(disclosures.get(str(digest)), disclosures, path, chain)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict) and ITEM in item:
                yield from _place(disclosures.get(str(item[ITEM])), disclosures, (*path, index), chain)
            else:
                yield from _places(item, disclosures, (*path, index), chain)


def _place(
    disclosure: Disclosure | None,
    disclosures: Mapping[str, Disclosure],
    path: tuple[str | int, ...],
    chain: tuple[str, ...],
) -> Iterator[tuple[tuple[str | int, ...], tuple[str, ...]]]:
    if disclosure is None:
        return
    here = path if disclosure.name is None else (*path, disclosure.name)
    around = (*chain, disclosure.text)
    yield here, around
    yield from _places(disclosure.value, disclosures, here, around)
