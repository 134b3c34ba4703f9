"""Signatures of agent cards: made once for each card by the agent's own key, and kept, as anybody may ask for a card.

Spec: Agent2Agent Protocol 1.0, "Agent Card Signing".
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.dids import MethodRecord, StoredKey
from sealwright.domain.errors import Sealed, SigningFailed
from sealwright.services.ports import Clock, KeyStore
from sealwright.vc.encoding.jcs import canonicalize_json
from sealwright.vc.encoding.multibase import base64url_encode
from sealwright.vc.encoding.strict_json import JSONValue, dump_json
from sealwright.vc.errors import VcError
from sealwright.vc.keys import jose
from sealwright.vc.keys.multikey import decode_multikey

MOST_KEPT: Final = 4_096
QUIET_AFTER_FAILURE: Final = timedelta(seconds=10)
WAIT_SECONDS: Final = 2.0
_TYPE: Final = "JOSE"


@dataclass(frozen=True, slots=True)
class _Known:
    """What came of signing a card.

    Args:
        signature: In base64url; None where the key did not sign.
        until: When it is tried again; None for a signature.
    """

    signature: str | None
    until: datetime | None = None


class CardSigning:
    """Signs cards, one at a time, and keeps the newest `MOST_KEPT` signatures.

    However often strangers ask, a key store is asked once for each card, and never by two of them at the same time.
    """

    def __init__(self, keys: KeyStore, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._known: dict[bytes, _Known] = {}
        self._lock = threading.Lock()

    def signed(
        self, card: Mapping[str, JSONValue], method: MethodRecord | None, key: StoredKey | None
    ) -> dict[str, JSONValue]:
        """A card with its signature; without one where its agent has no key here that signs now.

        Args:
            card: Without members that its canonical form leaves out.
            method: The agent's own method that it is signed with; None where no key of it is kept here.
            key: The key of that method.

        Raises:
            MalformedDocument, InvalidUnicode, NumberOutOfRange: The card has no canonical form.
        """
        if method is None or key is None:
            return dict(card)
        algorithm = jose.SIGNING_ALGORITHMS[decode_multikey(method.public_key_multibase).kind]
        protected = base64url_encode(dump_json({"alg": algorithm, "kid": method.id, "typ": _TYPE}))
        data = f"{protected}.{base64url_encode(canonicalize_json(card))}".encode("ascii")
        signature = self._signature(data, method, key)
        if signature is None:
            return dict(card)
        return {**card, "signatures": [{"protected": protected, "signature": signature}]}

    def _signature(self, data: bytes, method: MethodRecord, key: StoredKey) -> str | None:
        now = self._clock.now()
        if key.not_after is not None and key.not_after <= now:
            return None
        name = hashlib.sha256(data).digest()
        known = self._kept(name, now)
        # A store that hangs must not hold everybody who reads a card: whoever waits too long goes without.
        if known is None and self._lock.acquire(timeout=WAIT_SECONDS):
            try:
                known = self._kept(name, now) or self._keep(name, self._made(data, method, key, now))
            finally:
                self._lock.release()
        return known.signature if known is not None else None

    def _kept(self, name: bytes, now: datetime) -> _Known | None:
        known = self._known.get(name)
        return known if known is not None and (known.until is None or now < known.until) else None

    def _keep(self, name: bytes, made: _Known) -> _Known:
        self._known.pop(name, None)
        if len(self._known) >= MOST_KEPT:
            del self._known[next(iter(self._known))]
        self._known[name] = made
        return made

    def _made(self, data: bytes, method: MethodRecord, key: StoredKey, now: datetime) -> _Known:
        try:
            signature = self._keys.sign(key, data, use=method.use, at=now)
            # As with everything that leaves: what does not verify here is not sent.
            jose.verify(decode_multikey(method.public_key_multibase), signature, data)
        except (SigningFailed, Sealed, VcError):
            # The card is good without it, and a store that does not sign is not asked by each reader.
            return _Known(None, now + QUIET_AFTER_FAILURE)
        return _Known(base64url_encode(signature))
