"""Ethereum addresses, and the personal signatures that prove control of them (EIP-55, EIP-191)."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sealwright.domain.errors import InvalidAddress, InvalidProof

_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_SIGNATURE: Final = re.compile(r"0x[0-9a-fA-F]{130}")
_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@contextmanager
def usual_recursion() -> Iterator[None]:
    """Keep the interpreter's limit of recursion through an import.

    One of the library's own dependencies raises it to 100,000 for the whole process. Deeply nested input would then
    overflow the C stack, which ends the process, where the usual limit raises an error that can be answered.
    """
    usual = sys.getrecursionlimit()
    try:
        yield
    finally:
        sys.setrecursionlimit(usual)


class EthereumProofs:
    """Checks what wallets sign; it knows no chain and asks no node."""

    def checksum(self, address: str) -> str:
        """The EIP-55 form of an address.

        Raises:
            InvalidAddress: Not 0x and 40 hexadecimal digits, or mixed case that is not its checksum: then at least
                one digit is not what somebody meant.
        """
        if _ADDRESS.fullmatch(address) is None:
            raise InvalidAddress("A wallet address is 0x and 40 hexadecimal digits.")
        # Imported where they are used: the library takes a second to load, and most commands never meet a wallet.
        with usual_recursion():
            from eth_utils.address import to_checksum_address

        digits = address[2:]
        checked = str(to_checksum_address(address))
        if digits not in (digits.lower(), digits.upper()) and address != checked:
            raise InvalidAddress("The address's checksum is wrong; copy it again.")
        return checked

    def signer_of(self, message: str, signature: str) -> str:
        """The address that signed a text with a wallet's personal signature.

        Raises:
            InvalidProof: Not 65 bytes in hexadecimal, not canonical, or no point of the curve.
        """
        if _SIGNATURE.fullmatch(signature) is None:
            raise InvalidProof("A wallet's signature is 0x and 130 hexadecimal digits.")
        raw = bytes.fromhex(signature[2:])
        r, s, v = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:64], "big"), raw[64]
        # The upper half of s names the same signature twice (EIP-2), and v has two spellings of two values.
        if not 0 < r < _ORDER or not 0 < s <= _ORDER // 2 or v not in (0, 1, 27, 28):
            raise InvalidProof("The wallet's signature is not in its canonical form.")
        with usual_recursion():
            from eth_account import Account
            from eth_account.messages import encode_defunct

        try:
            return str(Account.recover_message(encode_defunct(text=message), signature=raw))
        except Exception as error:
            # The library names no common base of what a point off the curve raises.
            raise InvalidProof("The wallet's signature does not hold.") from error
