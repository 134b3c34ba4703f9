"""What a holder does with an SD-JWT: shows the claims they choose, and binds that to one verifier and occasion.

Claims are chosen by JSON pointers into the payload as it is once everything is disclosed. What stands around a chosen
claim has to be shown with it, what stands inside is shown too, and nothing else is.

Spec: RFC 9901, "Processing by the Holder", "Key Binding JWT"; RFC 6901.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias

import msgspec

from sealwright.vc.encoding.pointers import child
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import DerivationInvalid
from sealwright.vc.proofs.compact import malformed, open_compact, sealed
from sealwright.vc.proofs.key_binding import Occasion, binding_input
from sealwright.vc.proofs.sd_jwt import DIGEST_NAME, DIGESTS, HASH_NAME, HASH_NAMES, ITEM, combined
from sealwright.vc.proofs.sd_jwt_reading import Disclosure, SdJwt, open_sd_jwt

POINTERS_MOST: Final = 200
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,9}")
_ESCAPE: Final = re.compile(r"~(?![01])")

Path: TypeAlias = "tuple[str | int, ...]"


class Part(msgspec.Struct, frozen=True):
    """One claim that its holder may show or keep back.

    Args:
        path: Names and 0-based indexes in the claims as they are once everything is disclosed.
        pointer: The same as a JSON pointer.
        value: As it is once everything is disclosed.
        needed: The disclosures that show it, as they travel: those around it, and its own behind them.
    """

    path: Path
    pointer: str
    value: JSONValue
    needed: tuple[str, ...]


def parts_of(opened: SdJwt) -> tuple[Part, ...]:
    """Every claim that the holder of this text may show or keep back, outer ones before those inside."""
    found = _parts(opened.token.payload, opened.by_digest, (), ())
    return tuple(Part(path, _spelled(path), _at(opened.claims, path), needed) for path, needed in found)


def shown_part(text: str, pointers: Sequence[str]) -> str:
    """Narrow an SD-JWT down to what its holder shows; a key binding it had is taken off.

    Args:
        text: As the issuer gave it, or a part of that.
        pointers: JSON pointers into the claims as they are once everything is disclosed; each shows the value there
            whole. What is signed in the open is shown whether it is chosen or not.

    Returns:
        The SD-JWT with its last tilde, disclosures in their order.

    Raises:
        DerivationInvalid: A pointer that is none, or leads nowhere; over 200 of them.
        MalformedDocument, UnreadableJSON: As `open_sd_jwt`.
    """
    return part_of(open_sd_jwt(text), pointers)


def part_of(opened: SdJwt, pointers: Sequence[str]) -> str:
    """As `shown_part`, of an SD-JWT that was opened already."""
    if len(pointers) > POINTERS_MOST:
        raise DerivationInvalid(f"Over {POINTERS_MOST} claims cannot be chosen at once.", pointer="/pointers")
    wanted = [_resolved(opened.claims, pointer, index) for index, pointer in enumerate(pointers)]
    kept: set[str] = set()
    for path in wanted:
        kept.update(_showing(opened, path))
    return combined(opened.token.text, [one.text for one in opened.disclosures if one.text in kept])


def bound(
    text: str,
    sign: Callable[[bytes], bytes],
    algorithm: str,
    *,
    nonce: str,
    audience: str,
    now: datetime,
    hash_name: str | None = None,
) -> str:
    """An SD-JWT with the holder's key binding behind it.

    Args:
        text: What is shown, with its last tilde; a key binding it had is taken off.
        sign: Signs bytes with the key that the credential names in `cnf`.
        algorithm: JOSE name of what `sign` makes.
        nonce: The verifier's.
        audience: Who the verifier is.
        now: Aware UTC.
        hash_name: The text's digest method, for a caller who opened it or what it is a part of; None reads it.

    Raises:
        MalformedDocument, UnreadableJSON: It is no SD-JWT.
    """
    presented = text[: text.rfind("~") + 1]
    stated: JSONValue = hash_name
    if stated is None:
        # What is shown was opened when it was chosen; here its token alone is read.
        stated = open_compact(text.partition("~")[0]).payload.get(DIGEST_NAME, HASH_NAME)
    if not presented or not isinstance(stated, str) or stated not in HASH_NAMES:
        raise malformed("", "The text is no SD-JWT with a digest method that is understood here.")
    data = binding_input(presented, Occasion(audience, nonce), now, algorithm=algorithm, hash_name=stated)
    return presented + sealed(data, sign(data))


def _parts(
    value: JSONValue, disclosures: Mapping[str, Disclosure], path: Path, around: tuple[str, ...]
) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Paths of all disclosed values."""
    for step, inner, disclosure in _standing(value, disclosures):
        here = (*path, step)
        if disclosure is None:
            yield from _parts(inner, disclosures, here, around)
        else:
            needed = (*around, disclosure.text)
            yield here, needed
            yield from _parts(inner, disclosures, here, needed)


def _showing(opened: SdJwt, path: Path) -> Iterator[str]:
    """The disclosures that a place in the open claims stands inside of, its own, and those inside it."""
    value: JSONValue = opened.token.payload
    for step in path:
        value, disclosure = _stepped(value, step, opened.by_digest)
        if disclosure is not None:
            yield disclosure.text
    rest = [value]
    for outer in rest:
        if type(outer) is str:
            continue
        for _, inner, disclosure in _standing(outer, opened.by_digest):
            rest.append(inner)
            if disclosure is not None:
                yield disclosure.text


def _stepped(
    value: JSONValue, step: str | int, disclosures: Mapping[str, Disclosure]
) -> tuple[JSONValue, Disclosure | None]:
    """What one step of a path in the open claims leads to, from a signed object or array."""
    if isinstance(value, dict):
        if step in value:
            return value[str(step)], None
        asked = map(disclosures.get, value[DIGESTS])  # type: ignore[arg-type]  # when it was opened, all were text
        return next((one.value, one) for one in asked if one is not None and one.name == step)
    return next((inner, by) for index, inner, by in _standing(value, disclosures) if index == step)


def _standing(
    value: JSONValue, disclosures: Mapping[str, Disclosure]
) -> Iterator[tuple[str | int, JSONValue, Disclosure | None]]:
    """What stands in a signed object or array once it is open, with the disclosure that shows it.

    Items are counted as they stand once those kept back are left out.
    """
    if isinstance(value, dict):
        for name, member in value.items():
            if name != DIGESTS:
                yield name, member, None
        digests = value.get(DIGESTS)
        for digest in digests if isinstance(digests, list) else ():
            disclosure = disclosures.get(str(digest))
            if disclosure is not None and disclosure.name is not None:
                yield disclosure.name, disclosure.value, disclosure
    elif isinstance(value, list):
        index = 0
        for item in value:
            if isinstance(item, dict) and ITEM in item:
                disclosure = disclosures.get(str(item[ITEM]))
                if disclosure is None:
                    continue
                yield index, disclosure.value, disclosure
            else:
                yield index, item, None
            index += 1


def _resolved(claims: JSONValue, pointer: str, number: int) -> Path:
    """The path that a pointer leads to."""
    if (pointer and not pointer.startswith("/")) or _ESCAPE.search(pointer):
        raise DerivationInvalid("This is no JSON pointer.", pointer=f"/pointers/{number}")
    path: list[str | int] = []
    value = claims
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and name in value:
            path.append(name)
            value = value[name]
        elif isinstance(value, list) and _INDEX.fullmatch(name) and int(name) < len(value):
            path.append(int(name))
            value = value[int(name)]
        else:
            raise DerivationInvalid("The credential has no such claim.", pointer=f"/pointers/{number}")
    return tuple(path)


def _at(claims: JSONValue, path: Path) -> JSONValue:
    value = claims
    for step in path:
        value = value[step]  # type: ignore[index]
    return value


def _spelled(path: Path) -> str:
    pointer = ""
    for step in path:
        pointer = child(pointer, step)
    return pointer
