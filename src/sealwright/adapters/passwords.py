"""Passwords as argon2id hashes."""

from __future__ import annotations

import secrets
import threading
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

# RFC 9106, "Parameter Choice", second recommendation: for where memory is short.
TIME_COST: Final = 3
MEMORY_KIB: Final = 64 * 1024
LANES: Final = 4
# Each hash takes 64 MiB, so a crowd at the door waits its turn instead of using up the machine.
AT_ONCE: Final = 4


class Argon2Passwords:
    """Hashes and checks passwords; slow on purpose.

    Args:
        memory_kib: Memory of one hash; tests make it small.
    """

    def __init__(self, *, time_cost: int = TIME_COST, memory_kib: int = MEMORY_KIB) -> None:
        self._hasher = PasswordHasher(
            time_cost=time_cost, memory_cost=memory_kib, parallelism=LANES, hash_len=32, salt_len=16, type=Type.ID
        )
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._nobody: str | None = None
        self._lock = threading.Lock()

    def hash(self, password: str) -> str:
        """Hash a password with a fresh salt, in the usual text form."""
        with self._places:
            return self._hasher.hash(password.encode("utf-8", "surrogatepass"))

    def verify(self, encoded: str | None, password: str) -> bool:
        """Tell whether a password belongs to a hash; None takes the same work as a wrong password."""
        nobody = self._hash_of_nobody()
        with self._places:
            try:
                self._hasher.verify(encoded or nobody, password.encode("utf-8", "surrogatepass"))
            except (VerificationError, InvalidHashError):
                return False
        return encoded is not None

    def is_outdated(self, encoded: str) -> bool:
        """Tell whether a hash was made at another cost than today's."""
        return self._hasher.check_needs_rehash(encoded)

    def _hash_of_nobody(self) -> str:
        """What is checked where there is no account: a hash at the same cost, of a password that nobody has."""
        with self._lock:
            if self._nobody is None:
                self._nobody = self._hasher.hash(secrets.token_bytes(32))
            return self._nobody
