"""Bytes as text: base58btc, base64url without padding, and the multibase prefix that tells them apart.

Spec: The Multibase Data Format (draft); Controlled Identifiers 1.0, "Multibase"; RFC 4648, section 5.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence
from typing import Final, Literal

import gmpy2

from sealwright.vc.errors import InvalidEncoding

_BITCOIN_DIGITS: Final = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_GMP_DIGITS: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"
_TO_BITCOIN: Final = str.maketrans(_GMP_DIGITS.decode(), _BITCOIN_DIGITS.decode())
_TO_GMP: Final = bytes.maketrans(_BITCOIN_DIGITS, _GMP_DIGITS)
_BASE58: Final = re.compile(r"[1-9A-HJ-NP-Za-km-z]*")
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
# What the plain alphabet has and this one has not becomes a character that the strict decoder refuses.
_FROM_URL: Final = bytes.maketrans(b"-_+/=", b"+/!!!")
_PADDING: Final = (b"", b"", b"==", b"=")
_DIGITS_64: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# Last characters of texts that end in 4 or 2 spare bits, all of them zero.
_WITHOUT_4_BITS: Final = frozenset(_DIGITS_64[::16])
_WITHOUT_2_BITS: Final = frozenset(_DIGITS_64[::4])


def base58btc_encode(data: bytes) -> str:
    """Encode with the Bitcoin alphabet, without a multibase prefix; each leading zero byte is a ``1``."""
    stripped = data.lstrip(b"\x00")
    zeros = "1" * (len(data) - len(stripped))
    if not stripped:
        return zeros
    digits: str = gmpy2.mpz(int.from_bytes(stripped, "big")).digits(58)
    return zeros + digits.translate(_TO_BITCOIN)


def base58btc_decode(text: str) -> bytes:
    """Decode text of the Bitcoin alphabet, without a multibase prefix.

    Raises:
        InvalidEncoding: A character outside the alphabet.
    """
    if not _BASE58.fullmatch(text):
        raise InvalidEncoding("The text is not base58btc.")
    digits = text.lstrip("1")
    if not digits:
        return bytes(len(text))
    number = int(gmpy2.mpz(digits.encode("ascii").translate(_TO_GMP), 58))
    decoded = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return decoded if len(digits) == len(text) else bytes(len(text) - len(digits)) + decoded


def base64url_encode(data: bytes) -> str:
    """Encode with the URL-safe alphabet and no padding."""
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL, b"=").decode("ascii")


def base64url_encode_all(parts: Sequence[bytes]) -> list[str]:
    """As `base64url_encode` for each; the parts must be of one length."""
    size = len(parts[0]) if parts else 0
    if not size:
        return [""] * len(parts)
    # Filled up to whole groups of three bytes, each part has characters of its own in the text of all.
    filled = bytes(-size % 3).join(parts)
    text = binascii.b2a_base64(filled, newline=False).translate(_TO_URL).decode("ascii")
    length, step = (size * 4 + 2) // 3, (size + 2) // 3 * 4
    return [text[start : start + length] for start in range(0, step * len(parts), step)]


def base64url_decode(text: str) -> bytes:
    """Decode unpadded URL-safe text, taking only the one spelling that the encoder gives.

    Raises:
        InvalidEncoding: Padding, blanks, foreign characters, an impossible length, or spare bits that are not zero.
    """
    beyond = len(text) % 4
    try:
        data = binascii.a2b_base64(text.encode("ascii").translate(_FROM_URL) + _PADDING[beyond], strict_mode=True)
    except ValueError as error:
        raise InvalidEncoding("The text is not base64url without padding.") from error
    # Spare bits would let one signature have several spellings.
    if beyond and text[-1] not in (_WITHOUT_4_BITS if beyond == 2 else _WITHOUT_2_BITS):
        raise InvalidEncoding("The base64url text ends in spare bits that are not zero.")
    return data


def multibase_encode(data: bytes, base: Literal["z", "u"] = "z") -> str:
    """Encode with a multibase prefix: ``z`` for base58btc, ``u`` for base64url without padding."""
    return "z" + base58btc_encode(data) if base == "z" else "u" + base64url_encode(data)


def multibase_decode(text: str) -> bytes:
    """Decode multibase text of the two bases that the credential specifications use.

    Raises:
        InvalidEncoding: Empty text, another prefix, or a body that does not fit its base.

    Spec: Controlled Identifiers 1.0, "Multibase".
    """
    if text.startswith("z"):
        return base58btc_decode(text[1:])
    if text.startswith("u"):
        return base64url_decode(text[1:])
    raise InvalidEncoding("The text has no multibase prefix z or u.")
