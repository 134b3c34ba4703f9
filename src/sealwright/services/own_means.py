"""A person's own means to sign in: password, passkeys, recovery codes; every change is audited."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sealwright.domain.access import digest_of
from sealwright.domain.audit import AuditEntry
from sealwright.domain.errors import InvalidProof, MalformedBody, NotFound, NotSignedIn, SignInFailed, StateConflict
from sealwright.domain.ids import new_id
from sealwright.domain.people import Caller, Person
from sealwright.domain.shown_text import shows_nothing, without_disturbance
from sealwright.domain.sign_in import ChallengePurpose, Passkey
from sealwright.services.challenges import challenge_of, keep_challenge
from sealwright.services.desk_ports import Passkeys, PasswordHasher
from sealwright.services.lockout import Lockout
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.sessions import Sessions
from sealwright.vc.errors import Fault

PASSWORD_LEAST: Final = 12
PASSWORD_MOST: Final = 256
RECOVERY_CODES: Final = 10
PASSKEYS_MOST: Final = 20
NAME_MAX: Final = 80
_CODE_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_TRANSPORTS: Final = frozenset({"usb", "nfc", "ble", "smart-card", "hybrid", "internal", "cable"})


@dataclass(frozen=True, slots=True)
class Means:
    """What somebody can sign in with.

    Args:
        recovery_codes: How many are left.
    """

    has_password: bool
    passkeys: tuple[Passkey, ...]
    recovery_codes: int


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password that was judged and hashed; hashing is slow, so it happens before a transaction is opened."""

    encoded: str


class OwnMeans:
    """Changes what a person signs in with. Methods with a unit of work run inside `Acts`; the others open their own."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        clock: Clock,
        sessions: Sessions,
        lockout: Lockout,
        hasher: PasswordHasher,
        passkeys: Passkeys,
    ) -> None:
        self._lockout = lockout
        self._units = units
        self._clock = clock
        self._sessions = sessions
        self._hasher = hasher
        self._passkeys = passkeys

    def of(self, caller: Caller) -> Means:
        """What the caller can sign in with."""
        user_id = _own(caller).user_id
        with self._units(write=False) as uow:
            return Means(
                uow.sign_ins.password(user_id) is not None,
                uow.sign_ins.passkeys_of(user_id),
                uow.sign_ins.recovery_codes(user_id),
            )

    # -- passwords ---------------------------------------------------------------------------------

    def prepare_password(self, password: str, pointer: str = "/password") -> NewPassword:
        """Judge a new password and hash it; blocking and slow, outside any transaction.

        Raises:
            MalformedBody: Shorter than 12 or longer than 256 characters, or one and the same character throughout.
        """
        if not PASSWORD_LEAST <= len(password) <= PASSWORD_MOST:
            detail = f"must have {PASSWORD_LEAST} to {PASSWORD_MOST} characters"
        elif len(set(password)) < 3:
            detail = "is too easy to guess"
        else:
            return NewPassword(self._hasher.hash(password))
        raise MalformedBody(f"The password {detail}.", faults=[Fault(pointer, "INVALID_VALUE", detail)])

    def set_password(self, caller: Caller, new: str, *, current: str | None) -> int:
        """Set or change the caller's password; every other session of theirs ends. Gives how many ended.

        Args:
            current: The present password; needed where there is one and the sign-in is not fresh.

        Raises:
            SignInFailed: `current` is wrong.
            RateLimitExceeded: It was wrong too often; whoever found an open browser guesses here.
            FreshSignInRequired: There is no present password to show, and the sign-in is not fresh.
            MalformedBody: The new one cannot be taken.
            NotSignedIn: The session ended meanwhile, or there was none.
        """
        person = _own(caller)
        with self._units(write=False) as uow:
            encoded = uow.sign_ins.password(person.user_id)
        if current is None:
            self._sessions.require_fresh(caller)
        else:
            self._require_password(person, encoded, current)
        prepared = self.prepare_password(new)
        with self._units() as uow:
            uow.office.epoch(shared_lock=True)
            self._require_session(uow, caller)
            if uow.sign_ins.password(person.user_id) != encoded:
                raise StateConflict("The password was changed in the meantime.")
            ended = self.store_password(uow, caller, person.user_id, prepared)
            uow.commit()
        return ended

    def _require_session(self, uow: UnitOfWork, caller: Caller) -> None:
        """Refuse a session that ended while its password was hashed: whoever was signed out sets none any more."""
        digest = caller.credential_digest if caller.session_id is not None else None
        session = uow.sign_ins.session(digest) if digest is not None else None
        person = uow.people.get(session.user_id) if session is not None else None
        if session is None or person is None or not session.speaks_for(person, self._clock.now()):
            raise NotSignedIn("The session is over; sign in again.")

    def _require_password(self, person: Person, encoded: str | None, current: str) -> None:
        self._lockout.enter(person.email, person.user_id)
        if not self._hasher.verify(encoded, current):
            self._lockout.failed(person.user_id, email=person.email, user_id=person.user_id)
            raise SignInFailed("The present password is not right.")
        with self._units() as uow:
            self._lockout.passed(uow, person.email)
            uow.commit()

    def store_password(self, uow: UnitOfWork, caller: Caller, user_id: str, prepared: NewPassword) -> int:
        """Store a prepared password and end the person's other sessions; gives how many."""
        now = self._clock.now()
        uow.sign_ins.put_password(user_id, prepared.encoded, now)
        ended = uow.sign_ins.end_sessions_of(user_id, now, but=caller.session_id)
        self._record(uow, caller, user_id, "password_set", sessionsEnded=ended)
        return ended

    # -- passkeys ----------------------------------------------------------------------------------

    def passkey_options(self, caller: Caller) -> Mapping[str, object]:
        """What the browser needs to make a passkey for the caller.

        Raises:
            FreshSignInRequired: Adding a way in takes a fresh sign-in.
            StateConflict: There are 20 already.
        """
        person = _own(caller)
        self._sessions.require_fresh(caller)
        challenge = secrets.token_bytes(32)
        with self._units() as uow:
            existing = uow.sign_ins.passkeys_of(person.user_id)
            if len(existing) >= PASSKEYS_MOST:
                raise StateConflict(f"There are {PASSKEYS_MOST} passkeys already; remove one first.")
            keep_challenge(uow, self._clock, ChallengePurpose.PASSKEY_REGISTER, person.user_id, challenge)
            uow.commit()
        return self._passkeys.registration_options(person.user_id, person.email, existing, challenge)

    def add_passkey(self, uow: UnitOfWork, caller: Caller, response: Mapping[str, object], name: str) -> Passkey:
        """Register what an authenticator answered to `passkey_options`.

        Raises:
            FreshSignInRequired: The sign-in has aged meanwhile.
            InvalidProof: The answer does not hold, or its challenge was not made for this person, or is spent.
            KeyInUse: The authenticator's credential belongs to somebody.
        """
        person = _own(caller)
        self._sessions.require_fresh(caller)
        challenge = challenge_of(response)
        taken = uow.sign_ins.take_challenge(
            hashlib.sha256(challenge).digest(), ChallengePurpose.PASSKEY_REGISTER, self._clock.now()
        )
        if taken is None or taken.user_id != person.user_id:
            raise InvalidProof("The passkey was not asked for, or too long ago; try again.")
        credential_id, public_key, sign_count = self._passkeys.verify_registration(response, challenge)
        passkey = Passkey(
            passkey_id=new_id("psk"),
            user_id=person.user_id,
            credential_id=credential_id,
            public_key=public_key,
            sign_count=sign_count,
            name=_shown_name(name),
            created_at=self._clock.now(),
            transports=_transports(response),
        )
        uow.sign_ins.add_passkey(passkey)
        self._record(uow, caller, person.user_id, "passkey_added", passkeyId=passkey.passkey_id)
        return passkey

    def delete_passkey(self, uow: UnitOfWork, caller: Caller, passkey_id: str) -> None:
        """Remove a passkey.

        Raises:
            FreshSignInRequired: Removing a way in takes a fresh sign-in.
            NotFound: No such passkey of the caller.
            StateConflict: It is the last one, and there are no recovery codes to come back with.
        """
        person = _own(caller)
        self._sessions.require_fresh(caller)
        passkeys = uow.sign_ins.passkeys_of(person.user_id)
        if all(passkey.passkey_id != passkey_id for passkey in passkeys):
            raise NotFound("There is no such passkey.")
        if len(passkeys) == 1 and uow.sign_ins.recovery_codes(person.user_id) == 0:
            raise StateConflict("This is your last passkey. Make recovery codes first, so that you can come back.")
        uow.sign_ins.delete_passkey(person.user_id, passkey_id)
        ended = uow.sign_ins.end_sessions_of(person.user_id, self._clock.now(), but=caller.session_id)
        self._record(uow, caller, person.user_id, "passkey_removed", passkeyId=passkey_id, sessionsEnded=ended)

    # -- recovery codes ----------------------------------------------------------------------------

    def make_recovery_codes(self, uow: UnitOfWork, caller: Caller) -> tuple[str, ...]:
        """Make ten codes, shown this once; the ones before them end. Each signs in once.

        Raises:
            FreshSignInRequired: New ways in take a fresh sign-in.
        """
        person = _own(caller)
        self._sessions.require_fresh(caller)
        codes = tuple("".join(secrets.choice(_CODE_LETTERS) for _ in range(20)) for _ in range(RECOVERY_CODES))
        uow.sign_ins.replace_recovery_codes(person.user_id, [digest_of(code) for code in codes], self._clock.now())
        self._record(uow, caller, person.user_id, "recovery_codes_made")
        return tuple("-".join(code[at : at + 5] for at in range(0, 20, 5)) for code in codes)

    def _record(self, uow: UnitOfWork, caller: Caller, user_id: str, change: str, **data: object) -> None:
        uow.audit.append(
            AuditEntry(
                actor=caller.actor,
                request_id=caller.request_id,
                action="auth.changed",
                object_type="user",
                object_id=user_id,
                at=self._clock.now(),
                data={"change": change, **data},
            )
        )


def _own(caller: Caller) -> Person:
    person = caller.require_person()
    if person is None:
        raise NotSignedIn("Sign in first.")
    return person


def _shown_name(name: str) -> str:
    kept = without_disturbance(name).strip()[:NAME_MAX]
    return "Passkey" if shows_nothing(kept) else kept


def _transports(response: Mapping[str, object]) -> tuple[str, ...]:
    inner = response.get("response")
    given = inner.get("transports") if isinstance(inner, Mapping) else None
    return tuple(text for text in given if text in _TRANSPORTS)[:8] if isinstance(given, list) else ()
