"""One HTTP exchange as the guard has admitted it: request id, headers, address."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import Any, Final

from sealwright.domain.errors import InvalidIdempotencyKey
from sealwright.web.reply import Headers

SCOPE_KEY: Final = "sealwright.exchange"
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS: Final = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_SHIFTS: Final = tuple(range(120, -1, -10))


def new_request_id() -> str:
    """Make a time-ordered id: 26 lower-case Crockford base-32 characters (48 bits of time, 80 random)."""
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


@dataclass(slots=True)
class Exchange:
    """What the guard knows of an exchange, and what it learns while it runs.

    Args:
        headers: By lower-case name; names that may stand once stand once.
        idempotency_keys: Every Idempotency-Key that was sent, so that two can be refused in their turn.
        route: The path template, once it is known; for metrics.
        limits: The headers that tell how much of a rate limit is left, once the call was counted.
    """

    request_id: str
    method: str
    instance: str
    headers: dict[bytes, bytes]
    idempotency_keys: list[bytes]
    address: str
    started: float = field(default_factory=time.perf_counter)
    route: str = "unmatched"
    status: int = 0
    is_public_read: bool = False
    limits: Headers = ()

    @classmethod
    def of(cls, scope: Any) -> Exchange:
        """The exchange that the guard has put into an ASGI scope."""
        exchange = scope[SCOPE_KEY]
        assert isinstance(exchange, cls)
        return exchange

    def header(self, name: bytes) -> str | None:
        """A header as text, or None."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def idempotency_key(self) -> str | None:
        """The Idempotency-Key, if one was sent.

        Raises:
            InvalidIdempotencyKey: Sent twice.
        """
        if not self.idempotency_keys:
            return None
        if len(self.idempotency_keys) > 1:
            raise InvalidIdempotencyKey("Idempotency-Key was sent twice.")
        return self.idempotency_keys[0].decode("latin-1")
