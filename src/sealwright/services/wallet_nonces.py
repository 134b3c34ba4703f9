"""Nonces for wallets: made without a row, known again by their seal, and where it matters used once."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final

from sealwright.services.office_secrets import OfficeSecrets, secret_digest
from sealwright.services.ports import Clock, UnitOfWorkFactory
from sealwright.vc.encoding.multibase import base64url_decode, base64url_encode
from sealwright.vc.errors import VcError

NONCE_LIFE: Final = timedelta(seconds=300)
PROOF_NONCE: Final = "c_nonce"
DPOP_NONCE: Final = "dpop_nonce"
_RANDOM: Final = 16
_MOMENT: Final = 8
_SEAL: Final = 16


class WalletNonces:
    """Gives out nonces and judges those that come back."""

    def __init__(self, units: UnitOfWorkFactory, office_secrets: OfficeSecrets, clock: Clock) -> None:
        self._units = units
        self._secrets = office_secrets
        self._clock = clock
        self._key: bytes | None = None

    def make(self, kind: str) -> str:
        """A nonce of a kind: 128 random bits, its end, and our seal over both.

        Raises:
            Sealed, StoreUnavailable: The office's key cannot be had now.
        """
        end = int((self._clock.now() + NONCE_LIFE).timestamp())
        body = secrets.token_bytes(_RANDOM) + end.to_bytes(_MOMENT, "big")
        return base64url_encode(body + self._seal(kind, body))

    def end_of(self, kind: str, nonce: str) -> datetime | None:
        """Until when a nonce of ours may be used; None where it is none, of another kind, or too old."""
        try:
            # In its one spelling only, so that a nonce cannot be spent twice.
            raw = base64url_decode(nonce)
        except VcError:
            return None
        body, seal = raw[:-_SEAL], raw[-_SEAL:]
        if len(body) != _RANDOM + _MOMENT or not hmac.compare_digest(seal, self._seal(kind, body)):
            return None
        end = datetime.fromtimestamp(int.from_bytes(body[_RANDOM:], "big"), UTC)
        return end if self._clock.now() < end else None

    def spend(self, nonces: Collection[str]) -> bool:
        """Use nonces for key proofs; False where one is none of ours, too old, or was used.

        In a transaction of its own: whatever follows may fail, they are gone.
        """
        # Judged first: the office's key may have to be read, which takes a transaction too.
        ends = {nonce: end for nonce in nonces if (end := self.end_of(PROOF_NONCE, nonce)) is not None}
        with self._units() as uow:
            # In one order everywhere, so that two requests with the same nonces cannot wait for each other.
            spent = [uow.spent.spend(PROOF_NONCE, secret_digest(nonce), ends[nonce]) for nonce in sorted(ends)]
            uow.commit()
        return len(spent) == len(nonces) and all(spent)

    def _seal(self, kind: str, body: bytes) -> bytes:
        return hmac.digest(self._office_key(), kind.encode() + b"\x00" + body, hashlib.sha256)[:_SEAL]

    def _office_key(self) -> bytes:
        if self._key is None:
            with self._units() as uow:
                self._secrets.ready(uow)
                key = self._secrets.subkey("wallet-nonces")
                uow.commit()
            # Kept only now: before the commit the office's key might have been rolled back.
            self._key = key
        return self._key
