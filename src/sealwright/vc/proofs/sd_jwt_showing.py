"""What a holder does with an SD-JWT: shows the claims they choose, and binds that to one verifier and occasion.

Claims are chosen by JSON pointers into the payload as it is once everything is disclosed. What stands around a chosen
claim has to be shown with it, what stands inside is shown too, and nothing else is.

Spec: RFC 9901, "Processing by the Holder", "Key Binding JWT"; RFC 6901.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

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


@dataclass(frozen=True, slots=True)
class Part:
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
    opened = open_sd_jwt(text)
    if len(pointers) > POINTERS_MOST:
        raise DerivationInvalid(f"Over {POINTERS_MOST} claims cannot be chosen at once.", pointer="/pointers")
    wanted = [_resolved(opened.claims, pointer, index) for index, pointer in enumerate(pointers)]
    kept: set[str] = set()
    for path, needed in _parts(opened.token.payload, opened.by_digest, (), ()):
        # Those inside a chosen claim, and those that it stands inside of itself.
        if any(_is_inside(path, chosen) or _is_inside(chosen, path) for chosen in wanted):
            kept.update(needed)
    return combined(opened.token.text, [one.text for one in opened.disclosures if one.text in kept])


def bound(
    text: str, sign: Callable[[bytes], bytes], algorithm: str, *, nonce: str, audience: str, now: datetime
) -> str:
    """An SD-JWT with the holder's key binding behind it.

    Args:
        text: What is shown, with its last tilde; a key binding it had is taken off.
        sign: Signs bytes with the key that the credential names in `cnf`.
        algorithm: JOSE name of what `sign` makes.
        nonce: The verifier's.
        audience: Who the verifier is.
        now: Aware UTC.

    Raises:
        MalformedDocument, UnreadableJSON: It is no SD-JWT.
    """
    presented = text[: text.rfind("~") + 1]
    # What is shown was opened when it was chosen; here its token alone is read, for the digest method.
    hash_name = open_compact(text.partition("~")[0]).payload.get(DIGEST_NAME, HASH_NAME)
    if not presented or not isinstance(hash_name, str) or hash_name not in HASH_NAMES:
        raise malformed("", "The text is no SD-JWT with a digest method that is understood here.")
    data = binding_input(presented, Occasion(audience, nonce), now, algorithm=algorithm, hash_name=hash_name)
    return presented + sealed(data, sign(data))


def _parts(
    value: JSONValue, disclosures: Mapping[str, Disclosure], path: Path, around: tuple[str, ...]
) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Paths of all disclosed values; items are counted as they stand once those kept back are left out."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name != DIGESTS:
                yield from _parts(member, disclosures, (*path, name), around)
        digests = value.get(DIGESTS)
        for digest in digests if isinstance(digests, list) else ():
            disclosure = disclosures.get(str(digest))
            if disclosure is not None and disclosure.name is not None:
                yield from _part(disclosure, disclosures, (*path, disclosure.name), around)
    elif isinstance(value, list):
        index = 0
        for item in value:
            if not (isinstance(item, dict) and ITEM in item):
                yield from _parts(item, disclosures, (*path, index), around)
                index += 1
                continue
            disclosure = disclosures.get(str(item[ITEM]))
            if disclosure is not None:
                yield from _part(disclosure, disclosures, (*path, index), around)
                index += 1


def _part(
    disclosure: Disclosure, disclosures: Mapping[str, Disclosure], path: Path, around: tuple[str, ...]
) -> Iterator[tuple[Path, tuple[str, ...]]]:
    needed = (*around, disclosure.text)
    yield path, needed
    yield from _parts(disclosure.value, disclosures, path, needed)


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


def _is_inside(inner: Path, outer: Path) -> bool:
    return inner[: len(outer)] == outer


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
