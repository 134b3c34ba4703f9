"""What claims may not hold, whatever their schema says: envelope names, keywords, wild sizes, unsignable values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from sealwright.vc.encoding.pointers import child
from sealwright.vc.encoding.strict_json import MAX_SAFE_INTEGER
from sealwright.vc.errors import (
    ClaimsTooLarge,
    DocumentRefused,
    Fault,
    InvalidCharacter,
    NumberOutOfRange,
    ReservedKey,
    UnsignableValue,
)

RESERVED_AT_TOP: Final = frozenset({"id", "type", "issuer", "proof", "credentialStatus"})
MAX_MEMBERS: Final = 1_000
MAX_MEMBERS_IN_ALL: Final = 5_000
MAX_NAME_BYTES: Final = 256
MAX_TEXT_BYTES: Final = 64 * 1024
MAX_ITEMS: Final = 1_000


def check_claims(claims: Mapping[str, Any], *, signable: bool = True) -> None:
    """Refuse claims that no credential may carry. Pointers start at ``/claims``; `faults` repeats the one found.

    Args:
        claims: JSON as decoded, nested no deeper than the reader allows.
        signable: Also refuse what an RDF proof would leave out (`check_signable`). A caller that must first report
            faults against the schema asks for that later by itself.

    Raises:
        ReservedKey: A name with ``@`` in front anywhere, or one of the envelope at the top.
        ClaimsTooLarge: Over 1,000 members an object or items an array, 5,000 members in all, 256 bytes a name or
            64 KiB a text.
        InvalidCharacter: U+0000 in a name or text.
        NumberOutOfRange: An integer beyond ±(2^53 − 1), or a number that is not finite.
        UnsignableValue: A null, an empty array or an empty object, where `signable` is asked for.
    """
    reserved = next((name for name in claims if name in RESERVED_AT_TOP), None)
    if reserved is not None:
        _refuse(ReservedKey, "RESERVED_KEY", "The name belongs to the credential itself.", child("/claims", reserved))
    if not _is_plain(claims):
        _Check().visit(claims, "/claims")
    if signable:
        check_signable(claims)


def check_signable(claims: Mapping[str, Any]) -> None:
    """Refuse values that an RDF proof would not cover. Pointers start at ``/claims``.

    Raises:
        UnsignableValue: A null, an empty array or an empty object below the top.
    """
    if _reaches_signed_form(claims):
        return
    stack = [(child("/claims", name), value) for name, value in reversed(list(claims.items()))]
    while stack:
        pointer, value = stack.pop()
        if value is None or (isinstance(value, dict | list) and not value):
            _refuse(UnsignableValue, "UNSIGNABLE_VALUE", "The value would be left out of the signed form.", pointer)
        if isinstance(value, dict):
            stack += [(child(pointer, name), item) for name, item in reversed(value.items())]
        elif isinstance(value, list):
            stack += [(child(pointer, index), item) for index, item in reversed(list(enumerate(value)))]


def normalize_numbers(claims: Any) -> Any:
    """The one number form in which claims are signed and stored: whole numbers without fraction, no negative zero.

    ``1.0`` becomes ``1`` and ``-0.0`` becomes ``0``, which is also how both canonical forms (RDF and JCS) print them;
    whole numbers from 2^53 on stay doubles. Ask `ClaimsValidator` first: a claim declared as an integer refuses
    ``3.0``. The argument is not altered.
    """
    if isinstance(claims, float) and claims.is_integer() and abs(claims) <= MAX_SAFE_INTEGER:
        return int(claims)
    if isinstance(claims, dict):
        return {name: normalize_numbers(value) for name, value in claims.items()}
    if isinstance(claims, list):
        return [normalize_numbers(item) for item in claims]
    return claims


def _reaches_signed_form(claims: Any) -> bool:
    """One quick look for nulls and empty containers, without pointers."""
    stack = list(claims.values())
    while stack:
        value = stack.pop()
        kind = type(value)
        if kind is dict:
            if not value:
                return False
            stack.extend(value.values())
        elif kind is list:
            if not value:
                return False
            stack.extend(value)
        elif value is None:
            return False
    return True


def _is_plain(claims: Any) -> bool:
    """Whether one quick look finds nothing wrong; what it does not clear, the slow check decides."""
    members = 0
    stack = [claims]
    while stack:
        value = stack.pop()
        kind = type(value)
        if kind is str:
            if len(value) > MAX_TEXT_BYTES // 4 or "\x00" in value:
                return False
        elif kind is dict:
            members += len(value)
            for name in value:
                if name[:1] == "@" or len(name) > MAX_NAME_BYTES // 4 or "\x00" in name:
                    return False
            stack.extend(value.values())
        elif kind is list:
            if len(value) > MAX_ITEMS:
                return False
            stack.extend(value)
        elif kind is int:
            if not -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
                return False
        elif kind is float and not math.isfinite(value):
            return False
    return members <= MAX_MEMBERS


class _Check:
    def __init__(self) -> None:
        self._members = 0

    def visit(self, value: Any, pointer: str) -> None:
        if isinstance(value, str):
            self._text(value, pointer, MAX_TEXT_BYTES)
        elif isinstance(value, dict):
            self._object(value, pointer)
        elif isinstance(value, list):
            if len(value) > MAX_ITEMS:
                _refuse(ClaimsTooLarge, "CLAIMS_TOO_LARGE", f"An array has over {MAX_ITEMS} items.", pointer)
            for index, item in enumerate(value):
                self.visit(item, child(pointer, index))
        elif isinstance(value, bool) or value is None:
            return
        elif abs(value) > MAX_SAFE_INTEGER if isinstance(value, int) else not math.isfinite(value):
            _refuse(NumberOutOfRange, "NUMBER_OUT_OF_RANGE", "A number is out of range.", pointer)

    def _object(self, value: dict[str, Any], pointer: str) -> None:
        self._members += len(value)
        if len(value) > MAX_MEMBERS or self._members > MAX_MEMBERS_IN_ALL:
            _refuse(ClaimsTooLarge, "CLAIMS_TOO_LARGE", "The claims hold too many members.", pointer)
        for name, member in value.items():
            at = child(pointer, name)
            if name.startswith("@"):
                _refuse(ReservedKey, "RESERVED_KEY", "The name is kept for JSON-LD keywords.", at)
            self._text(name, at, MAX_NAME_BYTES)
            self.visit(member, at)

    def _text(self, text: str, pointer: str, max_bytes: int) -> None:
        if len(text) * 4 > max_bytes and len(text.encode("utf-8", "surrogatepass")) > max_bytes:
            _refuse(ClaimsTooLarge, "CLAIMS_TOO_LARGE", f"A name or text is longer than {max_bytes} bytes.", pointer)
        if "\x00" in text:
            _refuse(InvalidCharacter, "INVALID_CHARACTER", "A name or text holds U+0000.", pointer)


def _refuse(error: type[DocumentRefused], code: str, detail: str, pointer: str) -> NoReturn:
    raise error(detail, faults=[Fault(pointer, code, detail)], pointer=pointer)
