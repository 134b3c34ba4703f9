"""Secrets that are never kept: each follows from an id and a key of the office, so rows hold digests alone.

A one-time token, an offer's address, a code, the number that is told apart from it, the address of a public page: to
show one again, or to check it, it is made anew. Whoever reads the database without the key-encryption key learns none
of them, and nothing has to be sealed or deleted when it is spent.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Final

from sealwright.domain.offers import TX_CODE_DIGITS
from sealwright.services.ports import KeyStore, UnitOfWork

KEY_SETTING: Final = "delivery_key"
_LABEL: Final = "delivery-key"
_SHORT_LETTERS: Final = 26
# Prefixes tell leak scanners, and us, what kind of secret it is: one kind never serves for another.
TOKEN_PREFIX: Final = "swo_"  # noqa: S105 - a public prefix, not a secret
_PREFIXES: Final[Mapping[str, str]] = {"token": TOKEN_PREFIX, "reference": "", "code": "swc_", "notification": ""}


class OfficeSecrets:
    """Derives secrets of the office. The key is made once, sealed under the key-encryption key, and kept in memory."""

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys
        self._key: bytes | None = None
        self._is_settled = False

    def ready(self, uow: UnitOfWork) -> None:
        """Read the office's key, or make it; asked in each unit of work before any other method.

        Only the first of all makes it, and needs a unit of work that writes; until that was seen committed, the key is
        read again each time, for its transaction may have been rolled back.

        Raises:
            Sealed: It does not open now.
        """
        if self._is_settled:
            return
        stored = uow.office.get(KEY_SETTING)
        is_settled = stored is not None
        if stored is None:
            sealed = self._keys.seal_bytes(secrets.token_bytes(32), label=_LABEL)
            stored = uow.office.put_once(KEY_SETTING, base64.b64encode(sealed).decode("ascii"))
        self._key = self._keys.open_bytes(base64.b64decode(stored), label=_LABEL)
        self._is_settled = is_settled

    def rewrap(self, uow: UnitOfWork) -> bool:
        """Seal the office's key under the present key-encryption key; False where there is none yet. Raises Sealed."""
        stored = uow.office.get(KEY_SETTING)
        if stored is None:
            return False
        key = self._keys.open_bytes(base64.b64decode(stored), label=_LABEL)
        sealed = self._keys.seal_bytes(key, label=_LABEL)
        uow.office.put(KEY_SETTING, base64.b64encode(sealed).decode("ascii"))
        return True

    def token(self, kind: str, of: str) -> str:
        """A secret of 256 bits in base64url, with the prefix of its kind."""
        return _PREFIXES.get(kind, "") + base64.urlsafe_b64encode(self._derive(kind, of)).rstrip(b"=").decode("ascii")

    def tx_code(self, offer_id: str) -> str:
        """The transaction code of an offer: six decimal digits."""
        number = int.from_bytes(self._derive("tx_code", offer_id), "big") % 10**TX_CODE_DIGITS
        return f"{number:0{TX_CODE_DIGITS}d}"

    def short(self, kind: str, of: str) -> str:
        """A secret of 128 bits for an address that people may have to type: 26 letters and digits in capitals."""
        letters = base64.b32encode(self._derive(kind, of)).decode("ascii")
        return letters[:_SHORT_LETTERS]

    def subkey(self, kind: str) -> bytes:
        """A key of 32 bytes for one further use."""
        return self._derive("subkey", kind)

    def _derive(self, kind: str, of: str) -> bytes:
        assert self._key is not None, "ready() comes first"
        return hmac.digest(self._key, f"{kind}\x00{of}".encode(), hashlib.sha256)


def same_secret(given: str, expected: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())


def secret_digest(secret: str) -> bytes:
    """SHA-256 of a secret, as rows hold it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
