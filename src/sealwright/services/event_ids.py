"""Ids of events: a position in the audit trail, under a cipher of the office.

An id is opaque to everybody else, tells nothing of how much happens here, and is the same each time: subscribers
recognize what they had, and a stream goes on from it without a table of ids.
"""

from __future__ import annotations

import base64
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from sealwright.services.office_secrets import KEY_SETTING, OfficeSecrets
from sealwright.services.ports import UnitOfWorkFactory

PREFIX: Final = "evt_"
_LETTERS: Final = 26
_BLOCK: Final = 16
_POSITION: Final = 8
_KEY: Final = "event-ids"


class EventIds:
    """Spells positions as ids, and reads them back."""

    def __init__(self, units: UnitOfWorkFactory, secrets: OfficeSecrets) -> None:
        self._units = units
        self._secrets = secrets
        self._cipher: Cipher[ECB] | None = None

    def spell(self, sequence: int) -> str:
        """The id of the row at a position; may block the first time. Raises Sealed."""
        block = sequence.to_bytes(_POSITION, "big") + bytes(_BLOCK - _POSITION)
        # One block under a key for nothing else: a permutation of positions, so no mode and no nonce is needed.
        sealer = self._ready().encryptor()
        letters = base64.b32encode(sealer.update(block) + sealer.finalize()).decode("ascii")
        return PREFIX + letters[:_LETTERS].lower()

    def read(self, event_id: str) -> int | None:
        """The position behind an id; None for what is no id of ours. Raises Sealed."""
        letters = event_id.removeprefix(PREFIX)
        if len(letters) != _LETTERS or letters == event_id or letters != letters.lower():
            return None
        try:
            block = base64.b32decode(letters.upper() + "======")
        except ValueError:
            return None
        opener = self._ready().decryptor()
        plain = opener.update(block) + opener.finalize()
        if any(plain[_POSITION:]):
            return None
        return int.from_bytes(plain[:_POSITION], "big")

    def _ready(self) -> Cipher[ECB]:
        if self._cipher is None:
            self._cipher = Cipher(AES(self._key()), ECB())  # noqa: S305 - see `spell`
        return self._cipher

    def _key(self) -> bytes:
        with self._units(write=False) as uow:
            is_made = uow.office.get(KEY_SETTING) is not None
        if not is_made:
            with self._units() as uow:
                self._secrets.ready(uow)
                uow.commit()
        with self._units(write=False) as uow:
            self._secrets.ready(uow)
        return self._secrets.subkey(_KEY)
