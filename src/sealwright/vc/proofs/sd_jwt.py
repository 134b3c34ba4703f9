"""SD-JWT: concealing claims behind salted digests, and choosing which of them are shown.

A claim that may be shown is wrapped in `Hidden` before it is concealed; what is left of it in the signed payload is the
digest of a disclosure, and the disclosures travel beside the token, each in text of its own. Decoys stand among the
digests, which nobody can tell from true ones.

Spec: RFC 9901, Selective Disclosure for JWTs.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from sealwright.vc.encoding.multibase import base64url_encode
from sealwright.vc.encoding.pointers import child
from sealwright.vc.encoding.strict_json import JSONValue, dump_json
from sealwright.vc.errors import Fault, ReservedKey

SALT_BYTES: Final = 16
PADDED_LEAST: Final = 8
_NOISE_BYTES: Final = 32
_DRAWN_AT_ONCE: Final = 16
HASH_NAME: Final = "sha-256"
DIGESTS: Final = "_sd"
DIGEST_NAME: Final = "_sd_alg"
ITEM: Final = "..."
_HASHES: Final[Mapping[str, Callable[[bytes], hashlib._Hash]]] = {
    HASH_NAME: hashlib.sha256,
    "sha-384": hashlib.sha384,
    "sha-512": hashlib.sha512,
}
HASH_NAMES: Final = frozenset(_HASHES)
RESERVED_NAMES: Final = frozenset({DIGESTS, DIGEST_NAME, ITEM})
"""Names that claims may not have at any level: a reader would take them for digests."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """A member's value or an array's item that its holder may show or keep back."""

    value: Claims


Claims: TypeAlias = "Hidden | bool | int | float | str | Sequence[Claims] | Mapping[str, Claims] | None"
"""JSON in which any member or item may be hidden, inside hidden ones too."""

Salts: TypeAlias = "Callable[[], str]"
Decoys: TypeAlias = "Callable[[int], int]"
"""How many digests that nothing stands behind go among so many true ones, in one object or array."""


@dataclass(frozen=True, slots=True)
class Concealed:
    """What is signed, and the disclosures that open it; each disclosure follows those that stand inside it."""

    payload: dict[str, JSONValue]
    disclosures: tuple[str, ...]


def fresh_salt() -> str:
    """128 bits from the operating system, as base64url."""
    return base64url_encode(secrets.token_bytes(SALT_BYTES))


def no_decoys(_: int) -> int:
    """Only true digests."""
    return 0


def padded(true_digests: int) -> int:
    """Fill each set of digests up to 8, 16, 32 …: how many there are tells not how many claims are hidden.

    Spec: RFC 9901, "Decoy Digests".
    """
    size = PADDED_LEAST
    while size < true_digests:
        size *= 2
    return size - true_digests


def conceal(claims: Mapping[str, Claims], *, salts: Salts | None = None, decoys: Decoys = no_decoys) -> Concealed:
    """Replace every hidden claim by its digest.

    Args:
        claims: The whole payload, with its hidden parts wrapped.
        salts: Gives a new salt for each disclosure; None draws them as `fresh_salt` does, many at once.
        decoys: How many decoy digests to hide true ones among; asked for each object and array that hides anything.

    Raises:
        ReservedKey: A name that is kept for digests.

    Spec: RFC 9901, "SD-JWT and SD-JWT+KB Data Formats".
    """
    work = _Concealing(salts or _Salts().draw, decoys)
    payload = work.object(claims, "")
    if work.disclosures:
        payload[DIGEST_NAME] = HASH_NAME
    return Concealed(payload, tuple(work.disclosures))


def digest_of(text: str, hash_name: str = HASH_NAME) -> str:
    """The digest of ASCII text (a disclosure, a presented SD-JWT) as base64url."""
    return base64url_encode(_HASHES[hash_name](text.encode("ascii")).digest())


def combined(token: str, disclosures: Sequence[str]) -> str:
    """The SD-JWT in text: the token, each disclosure, and a tilde behind each."""
    return "~".join((token, *disclosures, ""))


class _Salts:
    """Fresh salts for one credential, each used once; asking the operating system for many costs as much as for one."""

    def __init__(self) -> None:
        self._rest = b""

    def draw(self) -> str:
        if not self._rest:
            self._rest = secrets.token_bytes(_DRAWN_AT_ONCE * SALT_BYTES)
        salt, self._rest = self._rest[:SALT_BYTES], self._rest[SALT_BYTES:]
        return base64url_encode(salt)


class _Concealing:
    """One run of `conceal`; collects disclosures, inner ones first."""

    def __init__(self, salts: Salts, decoys: Decoys) -> None:
        self._salts = salts
        self._decoys = decoys
        self.disclosures: list[str] = []

    def object(self, claims: Mapping[str, Claims], pointer: str) -> dict[str, JSONValue]:
        plain: dict[str, JSONValue] = {}
        digests: list[str] = []
        for name, value in claims.items():
            if name in RESERVED_NAMES:
                detail, at = "The name is kept for the digests of concealed claims.", child(pointer, name)
                raise ReservedKey(detail, faults=(Fault(at, "RESERVED_KEY", detail),), pointer=at)
            if isinstance(value, Hidden):
                inner = value.value
                shown = inner if type(inner) is str else self._value(inner, child(pointer, name))
                digests.append(self._disclose(name, shown))
            else:
                plain[name] = self._value(value, child(pointer, name))
        if digests:
            # In sorted order, which tells nothing of the order of the claims.
            plain[DIGESTS] = [*sorted((*digests, *self._strewn(len(digests))))]
        return plain

    def _value(self, value: Claims, pointer: str) -> JSONValue:
        if type(value) is str:
            return value
        if isinstance(value, Hidden):
            raise TypeError("a hidden value stands in an object or array, not in another hidden value")
        if isinstance(value, Mapping):
            return self.object(value, pointer)
        if isinstance(value, Sequence) and not isinstance(value, str):
            return self._items(value, pointer)
        return value

    def _items(self, items: Sequence[Claims], pointer: str) -> list[JSONValue]:
        concealed = [self._item(item, child(pointer, index)) for index, item in enumerate(items)]
        hidden = sum(isinstance(item, Hidden) for item in items)
        if hidden:
            for digest in self._strewn(hidden):
                # Anywhere: those at the end could be told from true ones. The true items keep their order.
                concealed.insert(secrets.randbelow(len(concealed) + 1), {ITEM: digest})
        return concealed

    def _strewn(self, true_digests: int) -> list[str]:
        """Decoys: digests of what nobody knows."""
        count = self._decoys(true_digests)
        noise = secrets.token_bytes(_NOISE_BYTES * count)
        parts = (noise[start : start + _NOISE_BYTES] for start in range(0, len(noise), _NOISE_BYTES))
        return [base64url_encode(hashlib.sha256(one).digest()) for one in parts]

    def _item(self, item: Claims, pointer: str) -> JSONValue:
        if isinstance(item, Hidden):
            return {ITEM: self._disclose(self._value(item.value, pointer))}
        return self._value(item, pointer)

    def _disclose(self, *parts: JSONValue) -> str:
        contents: list[JSONValue] = [self._salts(), *parts]
        disclosure = base64url_encode(dump_json(contents))
        self.disclosures.append(disclosure)
        return digest_of(disclosure)
