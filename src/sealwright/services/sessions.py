"""Signed-in browsers: server-side sessions, their form tokens, and the list that a person sees of their own."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.access import digest_of
from sealwright.domain.audit import AuditEntry
from sealwright.domain.errors import CsrfFailed, FreshSignInRequired, NotSignedIn, OfficeClosed
from sealwright.domain.ids import new_id
from sealwright.domain.people import Actor, ActorKind, Caller, Person
from sealwright.domain.sign_in import (
    COMMON_LIFE,
    FRESH_FOR,
    STRICT_LIFE,
    Session,
    SignInMethod,
    is_strict,
)
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import RegistryView

SESSION_AUTH: Final = "session"
TOUCH_EVERY: Final = timedelta(minutes=1)
LABEL_MAX: Final = 80
_COOKIE_VALUE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_FORM_TOKEN: Final = b"sealwright form token 1"


@dataclass(frozen=True, slots=True, repr=False)
class SignedIn:
    """Somebody has just signed in.

    Args:
        cookie: The session's 256-bit value in clear, this once; its repr shows nothing.
        max_age_seconds: How long the browser keeps it at most.
    """

    caller: Caller
    person: Person
    session: Session
    cookie: str
    max_age_seconds: int

    def __repr__(self) -> str:
        return f"SignedIn({self.session.session_id})"


class Sessions:
    """Starts, finds and ends sessions. The cookie's value is random and kept as a digest only."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    # -- finding -----------------------------------------------------------------------------------

    def from_cookie(self, value: str, view: RegistryView, *, is_use: bool = True) -> Caller | None:
        """Tell who comes with this cookie; None where it opens nothing (any more). Blocking.

        Use is noted at most once a minute. A session whose person was deactivated or changed rank is ended for good.

        Args:
            is_use: False where a page asks by itself: nobody may be there, and the session ages as if nothing came.
        """
        if _COOKIE_VALUE.fullmatch(value) is None:
            return None
        with self._units(write=False) as uow:
            session = uow.sign_ins.session(digest_of(value))
        if session is None:
            return None
        now = self._clock.now()
        person = view.person(session.user_id)
        if person is None or not session.speaks_for(person, now):
            if session.ended_at is None:
                self._note(lambda uow: uow.sign_ins.end_session(session.session_id, now))
            return None
        if is_use and now - session.last_seen_at >= TOUCH_EVERY:
            self._note(lambda uow: uow.sign_ins.touch_session(session.session_id, now))
        return caller_of(session, person, view.epoch)

    def _note(self, change: Callable[[UnitOfWork], object]) -> None:
        """Write what is good to know but no reason to turn a reader away when the store takes no writes."""
        try:
            with self._units() as uow:
                change(uow)
                uow.commit()
        except OfficeClosed:
            return

    # -- form tokens -------------------------------------------------------------------------------

    @staticmethod
    def csrf_token(caller: Caller) -> str:
        """The form token of the caller's session; raises NotSignedIn for callers without one.

        It is keyed by the session's digest, which nobody outside knows and which changes at each sign-in.
        """
        if caller.session_id is None or caller.credential_digest is None:
            raise NotSignedIn("There is no session here.")
        return hmac.new(caller.credential_digest, _FORM_TOKEN, hashlib.sha256).hexdigest()

    def check_csrf(self, caller: Caller, token: str | None) -> None:
        """Refuse a write without the session's own form token; raises CsrfFailed."""
        expected = self.csrf_token(caller).encode("ascii")
        if token is None or not hmac.compare_digest(expected, token.encode("utf-8", "surrogatepass")):
            raise CsrfFailed("The form's token is missing or of another session; load the page again.")

    # -- starting and ending -----------------------------------------------------------------------

    def start(
        self,
        uow: UnitOfWork,
        person: Person,
        method: SignInMethod,
        *,
        label: str,
        request_id: str | None = None,
        authenticated_at: datetime | None = None,
    ) -> SignedIn:
        """Begin a session with a new id, and put it on record. The caller's unit of work holds the registry lock.

        Args:
            authenticated_at: When the person last proved who they are, where that was before now.
        """
        now = self._clock.now()
        value = secrets.token_urlsafe(32)
        session = Session(
            session_id=new_id("ses"),
            user_id=person.user_id,
            digest=digest_of(value),
            method=method,
            label=shown_label(label),
            created_at=now,
            last_seen_at=now,
            authenticated_at=now if authenticated_at is None else min(authenticated_at, now),
            roles=person.roles,
        )
        uow.sign_ins.add_session(session)
        uow.audit.append(
            AuditEntry(
                actor=Actor(ActorKind.USER, person.user_id, SESSION_AUTH),
                request_id=request_id,
                action="auth.signed_in",
                object_type="session",
                object_id=session.session_id,
                at=now,
                data={"method": method.value},
            )
        )
        life = STRICT_LIFE if is_strict(person) else COMMON_LIFE
        caller = caller_of(session, person, uow.office.epoch())
        return SignedIn(caller, person, session, value, int(life.total_seconds()))

    def end(self, caller: Caller) -> None:
        """Sign out; harmless when the session is over already."""
        if caller.session_id is not None:
            self.end_one(caller, caller.session_id)

    def end_one(self, caller: Caller, session_id: str) -> bool:
        """End one of the caller's own sessions; False if it is over, unknown or somebody else's."""
        person = _person_of(caller)
        with self._units() as uow:
            if all(session.session_id != session_id for session in uow.sign_ins.sessions_of(person.user_id)):
                return False
            ended = uow.sign_ins.end_session(session_id, self._clock.now())
            if ended:
                self._record_ends(uow, caller, person, 1, session_id)
            uow.commit()
        return ended

    def end_all(self, caller: Caller, *, but_this: bool) -> int:
        """Sign out everywhere, or everywhere else; gives how many sessions ended."""
        person = _person_of(caller)
        with self._units() as uow:
            kept = caller.session_id if but_this else None
            ended = uow.sign_ins.end_sessions_of(person.user_id, self._clock.now(), but=kept)
            if ended:
                self._record_ends(uow, caller, person, ended, person.user_id)
            uow.commit()
        return ended

    def list(self, caller: Caller) -> tuple[Session, ...]:
        """The caller's open sessions, newest first."""
        person, now = _person_of(caller), self._clock.now()
        with self._units(write=False) as uow:
            sessions = uow.sign_ins.sessions_of(person.user_id)
        return tuple(session for session in sessions if session.speaks_for(person, now))

    def _record_ends(self, uow: UnitOfWork, caller: Caller, person: Person, count: int, object_id: str) -> None:
        uow.audit.append(
            AuditEntry(
                actor=caller.actor,
                request_id=caller.request_id,
                action="auth.changed",
                object_type="session" if object_id.startswith("ses_") else "user",
                object_id=object_id,
                at=self._clock.now(),
                data={"change": "sessions_ended", "count": count, "userId": person.user_id},
            )
        )

    # -- freshness ---------------------------------------------------------------------------------

    def is_fresh(self, caller: Caller) -> bool:
        """Tell whether the caller came with a session whose last full sign-in is recent."""
        return caller.signed_in_at is not None and self._clock.now() < caller.signed_in_at + FRESH_FOR

    def require_fresh(self, caller: Caller) -> None:
        """Refuse callers without a full sign-in of the last ten minutes; a bearer token never has one.

        Raises:
            FreshSignInRequired: Sign in again.
        """
        if not self.is_fresh(caller):
            raise FreshSignInRequired("This needs a full sign-in of the last ten minutes.")


def caller_of(session: Session, person: Person, epoch: int) -> Caller:
    """The caller that a session stands for."""
    return Caller(
        Actor(ActorKind.USER, person.user_id, SESSION_AUTH),
        epoch,
        credential_digest=session.digest,
        person=person,
        session_id=session.session_id,
        signed_in_at=session.authenticated_at,
    )


def forget_sign_ins(units: UnitOfWorkFactory, clock: Clock) -> int:
    """Drop sessions, links, challenges and failures that can matter to nobody any more; gives how many."""
    with units() as uow:
        dropped = uow.sign_ins.forget(clock.now())
        uow.commit()
    return dropped


def shown_label(text: str) -> str:
    """Shorten what a browser calls itself, without characters that could disturb a list."""
    kept = "".join(letter for letter in text if letter.isprintable())
    return kept[:LABEL_MAX].strip() or "Unknown browser"


def _person_of(caller: Caller) -> Person:
    person = caller.require_person()
    if person is None:
        raise NotSignedIn("There is no session here.")
    return person
