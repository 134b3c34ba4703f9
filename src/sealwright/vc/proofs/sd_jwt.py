"""SD-JWT: concealing claims behind salted digests, and choosing which of them are shown.

A claim that may be shown is wrapped in `Hidden` before it is concealed; what is left of it in the signed payload is the
digest of a disclosure, and the disclosures travel beside the token, each in text of its own. Decoys stand among the
digests, which nobody can tell from true ones.

Spec: RFC 9901, Selective Disclosure for JWTs.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from sealwright.vc.encoding.multibase import base64url_encode, base64url_encode_all
from sealwright.vc.encoding.pointers import Place, pointer_to
from sealwright.vc.encoding.strict_json import JSONValue, dump_json
from sealwright.vc.errors import Fault, ReservedKey

SALT_BYTES: Final = 16
PADDED_LEAST: Final = 8
_NOISE_BYTES: Final = 32
# The remainder of so large a number favours no place by more than one part in 2^64, however long the array is.
_CHANCE_BYTES: Final = 16
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


class Hidden(msgspec.Struct, frozen=True):
    """A member's value or an array's item that its holder may show or keep back."""

    value: Claims


Claims: TypeAlias = "Hidden | bool | int | float | str | Sequence[Claims] | Mapping[str, Claims] | None"
"""JSON in which any member or item may be hidden, inside hidden ones too."""

Salts: TypeAlias = "Callable[[], str]"
Decoys: TypeAlias = "Callable[[int], int]"
"""How many digests that nothing stands behind go among so many true ones, in one object or array."""


class Concealed(msgspec.Struct, frozen=True):
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
    payload = work.object(claims, None)
    if work.disclosures:
        payload[DIGEST_NAME] = HASH_NAME
    return Concealed(payload, tuple(work.disclosures))


def digest_of(text: str, hash_name: str = HASH_NAME) -> str:
    """The digest of ASCII text (a disclosure, a presented SD-JWT) as base64url."""
    return base64url_encode(_HASHES[hash_name](text.encode("ascii")).digest())


def digests_of(texts: Iterable[str], hash_name: str = HASH_NAME) -> list[str]:
    """As `digest_of` for each."""
    hashed = _HASHES[hash_name]
    return base64url_encode_all([hashed(text.encode("ascii")).digest() for text in texts])


def combined(token: str, disclosures: Sequence[str]) -> str:
    """The SD-JWT in text: the token, each disclosure, and a tilde behind each."""
    return "~".join((token, *disclosures, ""))


class _Salts:
    """Fresh salts for one credential, each used once; asking the operating system for many costs as much as for one."""

    def __init__(self) -> None:
        self._rest: list[str] = []

    def draw(self) -> str:
        if not self._rest:
            self._rest = base64url_encode_all(_noise(_DRAWN_AT_ONCE, SALT_BYTES))
        return self._rest.pop()


class _Concealing:
    """One run of `conceal`; collects disclosures, inner ones first."""

    def __init__(self, salts: Salts, decoys: Decoys) -> None:
        self._salts = salts
        self._decoys = decoys
        self.disclosures: list[str] = []

    def object(self, claims: Mapping[str, Claims], place: Place) -> dict[str, JSONValue]:
        plain: dict[str, JSONValue] = {}
        hidden: list[str] = []
        for name, value in claims.items():
            if name in RESERVED_NAMES:
                detail, at = "The name is kept for the digests of concealed claims.", pointer_to((place, name))
                raise ReservedKey(detail, faults=(Fault(at, "RESERVED_KEY", detail),), pointer=at)
            if isinstance(value, Hidden):
                inner = value.value
                shown = inner if type(inner) is str else self._value(inner, (place, name))
                hidden.append(self._disclosed([self._salts(), name, shown]))
            else:
                plain[name] = self._value(value, (place, name))
        if hidden:
            # In sorted order, which tells nothing of the order of the claims.
            plain[DIGESTS] = [*sorted(self._digests(hidden))]
        return plain

    def _value(self, value: Claims, place: Place) -> JSONValue:
        kind = type(value)
        if kind is str or kind is int:
            return value  # type: ignore[return-value]
        if kind is Hidden:
            raise TypeError("a hidden value stands in an object or array, not in another hidden value")
        if isinstance(value, Mapping):
            return self.object(value, place)
        if isinstance(value, Sequence) and not isinstance(value, str):
            return self._items(value, place)
        return value  # type: ignore[return-value]

    def _items(self, items: Sequence[Claims], place: Place) -> list[JSONValue]:
        concealed: list[JSONValue] = []
        hidden: list[str] = []
        places: list[int] = []
        for index, item in enumerate(items):
            if isinstance(item, Hidden):
                shown = self._value(item.value, (place, index))
                places.append(index)
                hidden.append(self._disclosed([self._salts(), shown]))
                concealed.append(None)
            else:
                concealed.append(self._value(item, (place, index)))
        if hidden:
            digests = self._digests(hidden)
            for index, digest in zip(places, digests, strict=False):
                concealed[index] = {ITEM: digest}
            decoys = digests[len(hidden) :]
            for digest, chance in zip(decoys, _noise(len(decoys), _CHANCE_BYTES), strict=True):
                # Anywhere: those at the end could be told from true ones. The true items keep their order.
                concealed.insert(int.from_bytes(chance, "big") % (len(concealed) + 1), {ITEM: digest})
        return concealed

    def _digests(self, disclosures: Sequence[str]) -> list[str]:
        """Digests of disclosures in their order, and behind them decoys: digests of what nobody knows."""
        hashed = [_HASHES[HASH_NAME](one.encode("ascii")).digest() for one in disclosures]
        decoys = self._decoys(len(disclosures))
        if decoys:
            hashed += [_HASHES[HASH_NAME](one).digest() for one in _noise(decoys, _NOISE_BYTES)]
        return base64url_encode_all(hashed)

    def _disclosed(self, contents: list[JSONValue]) -> str:
        disclosure = base64url_encode(dump_json(contents))
        self.disclosures.append(disclosure)
        return disclosure


def _noise(count: int, size: int) -> list[bytes]:
    """So many random parts of one size, asked for at once."""
    noise = secrets.token_bytes(size * count)
    return [noise[start : start + size] for start in range(0, size * count, size)]
