"""Reading SD-JWTs: taken apart, opened by what is disclosed, narrowed down to what a holder wants to show.

The reader believes nothing that the signed payload does not bind: every disclosure must be asked for by exactly one
digest, and a digest may occur once.

Spec: RFC 9901, "Verification and Processing".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sealwright.vc.encoding.multibase import base64url_decode
from sealwright.vc.encoding.pointers import child
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import InvalidEncoding, NestingTooDeep
from sealwright.vc.proofs.compact import MAX_TOKEN_LENGTH, CompactToken, malformed, open_compact
from sealwright.vc.proofs.sd_jwt import (
    DIGEST_NAME,
    DIGESTS,
    HASH_NAME,
    HASH_NAMES,
    ITEM,
    RESERVED_NAMES,
    combined,
    digest_of,
)

MAX_DISCLOSURES: Final = 1_000
MAX_OPEN_DEPTH: Final = 32
"""Levels of objects and arrays once everything is disclosed; disclosures could nest without end otherwise."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One disclosure: a member with its name, or an item of an array, which has none.

    Args:
        text: As it travels.
        name: The member's name; None for an item.
        value: What it shows; digests inside stand for further disclosures.
    """

    text: str
    name: str | None
    value: JSONValue


@dataclass(frozen=True, slots=True)
class SdJwt:
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
    disclosures = tuple(_disclosure(one) for one in texts)
    found = {digest_of(one.text, hash_name): one for one in disclosures}
    if len(found) != len(disclosures):
        raise malformed("", "The SD-JWT carries a disclosure twice.")
    work = _Opening(found)
    claims = work.payload(compact.payload)
    if work.unused:
        raise malformed("", "The SD-JWT carries a disclosure that nothing in it asks for.")
    return SdJwt(
        token=compact,
        disclosures=disclosures,
        key_binding=open_compact(tail) if tail else None,
        presented=combined(token, texts),
        hash_name=hash_name,
        claims=claims,
        disclosed_names=frozenset(claims.keys() - compact.payload.keys()),
        by_digest=found,
        is_whole=work.met == work.used,
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


def _disclosure(text: str) -> Disclosure:
    try:
        contents = parse_json(base64url_decode(text))
    except InvalidEncoding:
        raise malformed("", "A disclosure is not base64url.") from None
    if not isinstance(contents, list) or len(contents) not in (2, 3) or not isinstance(contents[0], str):
        raise malformed("", "A disclosure is an array of salt, name and value, or of salt and value.")
    if len(contents) == 2:
        return Disclosure(text, None, contents[1])
    name = contents[1]
    if not isinstance(name, str) or name in RESERVED_NAMES:
        raise malformed("", "A disclosure's name is no text, or is kept for digests.")
    return Disclosure(text, name, contents[2])


@dataclass(slots=True)
class _Opening:
    """One run over a payload; each digest is met once, each disclosure used once."""

    by_digest: Mapping[str, Disclosure]
    met: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)

    @property
    def unused(self) -> bool:
        return len(self.used) != len(self.by_digest)

    def payload(self, payload: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
        return self._object({name: value for name, value in payload.items() if name != DIGEST_NAME}, "", 1)

    def _value(self, value: JSONValue, pointer: str, depth: int) -> JSONValue:
        if type(value) is str and depth <= MAX_OPEN_DEPTH:
            return value
        if depth > MAX_OPEN_DEPTH:
            raise NestingTooDeep("The SD-JWT nests too deep once it is open.")
        if isinstance(value, dict):
            return self._object(value, pointer, depth)
        if isinstance(value, list):
            return [*self._items(value, pointer, depth)]
        return value

    def _object(self, source: Mapping[str, JSONValue], pointer: str, depth: int) -> dict[str, JSONValue]:
        if ITEM in source or DIGEST_NAME in source:
            raise malformed(pointer, "A name that is kept for digests stands where none may.")
        opened = {
            name: self._value(value, child(pointer, name), depth + 1)
            for name, value in source.items()
            if name != DIGESTS
        }
        for disclosure in self._asked(source.get(DIGESTS, []), pointer):
            if disclosure.name is None:
                raise malformed(pointer, "An object asks for the disclosure of an array's item.")
            if disclosure.name in opened:
                raise malformed(pointer, "A disclosure names a member that is there already.")
            opened[disclosure.name] = self._value(disclosure.value, child(pointer, disclosure.name), depth + 1)
        return opened

    def _items(self, items: Sequence[JSONValue], pointer: str, depth: int) -> Iterator[JSONValue]:
        for index, item in enumerate(items):
            at = child(pointer, index)
            if not (isinstance(item, dict) and ITEM in item):
                yield self._value(item, at, depth + 1)
                continue
            if len(item) != 1:
                raise malformed(at, "A concealed item has members beside its digest.")
            for disclosure in self._asked([item[ITEM]], at):
                if disclosure.name is not None:
                    raise malformed(at, "An array asks for the disclosure of an object's member.")
                yield self._value(disclosure.value, at, depth + 1)

    def _asked(self, digests: JSONValue, pointer: str) -> Iterator[Disclosure]:
        """The disclosures behind digests; a digest without one is a claim kept back, or nothing at all."""
        if not isinstance(digests, list):
            raise malformed(child(pointer, DIGESTS), "Digests stand in an array.")
        for digest in digests:
            if not isinstance(digest, str):
                raise malformed(pointer, "A digest is text.")
            if digest in self.met:
                raise malformed(pointer, "A digest occurs twice.")
            self.met.add(digest)
            if digest in self.by_digest:
                self.used.add(digest)
                yield self.by_digest[digest]


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
