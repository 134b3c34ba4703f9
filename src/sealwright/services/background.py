"""What runs beside the calls, and whether the office is well."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from sealwright.domain.errors import DomainError
from sealwright.services.auditing import Auditing
from sealwright.services.gate import Gate
from sealwright.services.housekeeping import Housekeeping
from sealwright.services.issuance import Issuing
from sealwright.services.ports import KeyStore
from sealwright.services.search_memory import SearchMemory
from sealwright.vc.errors import VcError

_QUEUE_MOST = 10_000


class Carrying(Protocol):
    """Threads of their own that carry messages to strangers' machines."""

    def start(self) -> None:
        """Begin; once."""

    def stop(self) -> None:
        """Finish what is under way, and end."""


class Background:
    """Starts and ends what runs beside the calls.

    Args:
        searches: Read ahead in every process.
        close_store: Gives the database's connections back, last of all.
    """

    def __init__(
        self,
        gate: Gate,
        issuing: Issuing,
        housekeeping: Housekeeping,
        searches: SearchMemory,
        close_store: Callable[[], None],
    ) -> None:
        self._gate = gate
        self._issuing = issuing
        self._housekeeping = housekeeping
        self._searches = searches
        self._close_store = close_store
        self._carriers: list[Carrying] = []
        self._lock = threading.Lock()
        self._is_started = False
        self._is_carrying = False

    def add(self, carrying: Carrying) -> None:
        """Take on what carries messages outside, where this process does the chores; before `start`."""
        self._carriers.append(carrying)

    def start(self, chores: bool) -> None:
        """Start the gate and the issuing line, with the chores where this process does them; once."""
        with self._lock:
            if self._is_started:
                return
            self._is_started = True
        self._gate.start()
        self._issuing.line.start()
        self._searches.start()
        if chores:
            self._housekeeping.start()
            for carrying in self._carriers:
                carrying.start()
            self._is_carrying = True

    def close(self) -> None:
        """Finish what is under way and give everything back."""
        self._issuing.line.close()
        self._gate.close()
        if self._is_carrying:
            for carrying in self._carriers:
                carrying.stop()
        self._housekeeping.stop()
        self._searches.stop()
        self._close_store()


def health_of(
    check_store: Callable[[], Mapping[str, bool]], keys: KeyStore, auditing: Auditing, issuing: Issuing
) -> Callable[[], Mapping[str, bool]]:
    """The named checks of readiness.

    Args:
        check_store: Tells whether the database ``answers`` and is ``migrated``.
    """

    def check() -> Mapping[str, bool]:
        found = check_store()
        is_up = found["answers"]
        return {
            "database": is_up,
            "migrations": found["migrated"],
            "keys": not keys.is_sealed,
            "audit": is_up and _audit_is_sound(auditing),
            "queue": issuing.line.depth < _QUEUE_MOST,
        }

    return check


def _audit_is_sound(auditing: Auditing) -> bool:
    try:
        return not auditing.is_behind_export()
    except (DomainError, VcError, OSError):
        return False
