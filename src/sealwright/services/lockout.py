"""Failed sign-ins, counted by account and by address in the database: neither restarts nor workers forget them."""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.errors import RateLimitExceeded
from sealwright.domain.people import system_actor
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory

WINDOW: Final = timedelta(minutes=15)
FAILURES_PER_ACCOUNT: Final = 10
FAILURES_PER_ADDRESS: Final = 100
LETTERS_PER_ACCOUNT: Final = 5
LETTERS_PER_ADDRESS: Final = 50


class Lockout:
    """Keeps guessers out for a while; the right password then waits too, other ways to sign in do not."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    def enter(self, email: str, address: str) -> None:
        """Let one try begin, and count it against the account beforehand: tries at the same time are tries too.

        Raises:
            RateLimitExceeded: With the seconds left.
        """
        now = self._clock.now()
        with self._units() as uow:
            self._require_room(uow, address_bucket(address), FAILURES_PER_ADDRESS, now)
            # Counted first, so that tries at the same moment wait for each other's count; a refused try adds nothing.
            uow.sign_ins.count_failure(account_bucket(email), now)
            self._require_room(uow, account_bucket(email), FAILURES_PER_ACCOUNT + 1, now)
            uow.commit()

    def enter_address(self, address: str) -> None:
        """Let a try begin whose account is not known yet (a passkey names it). Raises RateLimitExceeded."""
        with self._units(write=False) as uow:
            self._require_room(uow, address_bucket(address), FAILURES_PER_ADDRESS, self._clock.now())

    def failed(self, address: str, *, email: str | None, user_id: str | None) -> None:
        """Note that a try failed; the one that locks an account or an address is put on record."""
        now = self._clock.now()
        bucket = address_bucket(address)
        with self._units() as uow:
            uow.sign_ins.count_failure(bucket, now)
            if uow.sign_ins.failures(bucket, now - WINDOW)[0] == FAILURES_PER_ADDRESS:
                # Digests of addresses are easily undone, so the trail, which nothing is erased from, holds none.
                self._record(uow, "address", "address", now)
            if email is not None:
                account = account_bucket(email)
                if uow.sign_ins.failures(account, now - WINDOW)[0] == FAILURES_PER_ACCOUNT:
                    self._record(uow, "user", user_id or "unknown", now)
            uow.commit()

    def passed(self, uow: UnitOfWork, email: str) -> None:
        """Forget an account's failures after a good sign-in."""
        uow.sign_ins.clear_failures(account_bucket(email))

    def may_write(self, uow: UnitOfWork, email: str, address: str) -> bool:
        """Count a letter that a stranger asks for; False once there were too many: nobody's mailbox is a target."""
        now = self._clock.now()
        is_open = True
        for bucket, limit in (
            (f"letters-{account_bucket(email)}", LETTERS_PER_ACCOUNT),
            (f"letters-{address_bucket(address)}", LETTERS_PER_ADDRESS),
        ):
            is_open = uow.sign_ins.failures(bucket, now - WINDOW)[0] < limit and is_open
            if is_open:
                uow.sign_ins.count_failure(bucket, now)
        return is_open

    @staticmethod
    def _require_room(uow: UnitOfWork, bucket: str, limit: int, now: datetime) -> None:
        count, first = uow.sign_ins.failures(bucket, now - WINDOW)
        if count < limit or first is None:
            return
        seconds = max(1, int((first + WINDOW - now).total_seconds()))
        minutes = -(-seconds // 60)
        wait = "a minute" if minutes == 1 else f"{minutes} minutes"
        raise RateLimitExceeded(f"Too many failed sign-ins; try again in {wait}.", retry_after_seconds=seconds)

    @staticmethod
    def _record(uow: UnitOfWork, object_type: str, object_id: str, now: datetime) -> None:
        uow.audit.append(
            AuditEntry(
                actor=system_actor("sign-in"),
                action="auth.failed",
                object_type=object_type,
                object_id=object_id,
                at=now,
                data={"lockedSeconds": int(WINDOW.total_seconds())},
            )
        )


def account_bucket(email: str) -> str:
    """The counter of an account, known or not; an e-mail address is personal, so it stands there as a digest."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email.strip()).casefold())
    return f"account:{_digest(folded)}"


def address_bucket(address: str) -> str:
    """The counter of a network address, as a digest."""
    return f"address:{_digest(address)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
