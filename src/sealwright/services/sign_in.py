"""Signing in: by password, passkey, link or recovery code; and how strangers come to an account."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sealwright.domain.access import digest_of
from sealwright.domain.audit import AuditEntry
from sealwright.domain.errors import EmailInUse, InvalidProof, LinkSpent, RoleRequired, SignInFailed
from sealwright.domain.ids import new_id
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import AccountRole, Actor, ActorKind, Caller, Person, UserId
from sealwright.domain.sign_in import (
    BROWSERS_KNOWN,
    FRESH_FOR,
    ChallengePurpose,
    LinkPurpose,
    SignInMethod,
    is_strict,
)
from sealwright.services.challenges import challenge_of, credential_id_of, keep_challenge
from sealwright.services.desk_ports import Passkeys, PasswordHasher
from sealwright.services.email_addresses import read_email
from sealwright.services.links import LINK_LIVES, LetterWriter, Links
from sealwright.services.lockout import Lockout
from sealwright.services.notices import NoticeDesk
from sealwright.services.people import NewPerson, PeopleDesk
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.sessions import SESSION_AUTH, Sessions, SignedIn, shown_label

# One sentence for every failure: whoever guesses learns nothing from it.
FAILED: Final = "Signing in did not work. Check what you entered, or sign in another way."
_CODE: Final = re.compile(r"[a-z2-7]{20}")
_LOCAL_PATH: Final = re.compile(r"/(?![/\\])[!-\[\]-~]{0,1000}")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who stands at the door, as far as the door knows.

    Args:
        address: The network address, as limits count it.
        label: What the browser calls itself, in few words.
        replaces: The caller whose session the browser already has: it ends when a new one begins.
    """

    address: str
    label: str
    replaces: Caller | None = None
    request_id: str | None = None


class SignInDesk:
    """Every way in. Each method opens its own units of work: failures must count even though nothing else happens."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        clock: Clock,
        sessions: Sessions,
        lockout: Lockout,
        hasher: PasswordHasher,
        passkeys: Passkeys,
        links: Links,
        letters: LetterWriter,
        notices: NoticeDesk,
        people: PeopleDesk,
        open_registration: bool,
        default_locale: str,
    ) -> None:
        self._units = units
        self._clock = clock
        self._sessions = sessions
        self._lockout = lockout
        self._hasher = hasher
        self._passkeys = passkeys
        self._links = links
        self._letters = letters
        self._notices = notices
        self._people = people
        self._default_locale = default_locale
        self.is_open_to_strangers = open_registration

    # -- password and recovery code ----------------------------------------------------------------

    def password(self, email: str, password: str, visitor: Visitor) -> SignedIn:
        """Sign in by e-mail address and password. Slow on purpose: never on the event loop.

        Raises:
            SignInFailed: In the same words, and after the same work, for an unknown account and a wrong password.
            RateLimitExceeded: Too many failures of this account or address; with the seconds left.
        """
        self._lockout.enter(email, visitor.address)
        with self._units(write=False) as uow:
            person = _open_account(uow.people.by_email(email))
            encoded = uow.sign_ins.password(person.user_id) if person is not None else None
        holds = self._hasher.verify(encoded, password)
        if not holds or person is None or encoded is None:
            self._lockout.failed(visitor.address, email=email, user_id=person.user_id if person else None)
            raise SignInFailed(FAILED)
        renewed = self._hasher.hash(password) if self._hasher.is_outdated(encoded) else None
        with self._units() as uow:
            present = self._present(uow, person.user_id)
            if uow.sign_ins.password(person.user_id) != encoded:
                # Changed while we were checking the old one.
                raise SignInFailed(FAILED)
            if renewed is not None:
                uow.sign_ins.put_password(person.user_id, renewed, self._clock.now())
            self._lockout.passed(uow, email)
            return self._begin(uow, present, SignInMethod.PASSWORD, visitor)

    def recovery_code(self, email: str, code: str, visitor: Visitor) -> SignedIn:
        """Sign in with one of the codes made beforehand; each works once. Raises as `password`."""
        self._lockout.enter(email, visitor.address)
        plain = re.sub(r"[\s-]", "", code).lower()
        with self._units() as uow:
            person = _open_account(uow.people.by_email(email))
            user_id = person.user_id if person is not None else ""
            is_right = _CODE.fullmatch(plain) is not None and uow.sign_ins.use_recovery_code(
                user_id, digest_of(plain), self._clock.now()
            )
            if is_right and person is not None:
                present = self._present(uow, person.user_id)
                self._lockout.passed(uow, email)
                return self._begin(uow, present, SignInMethod.RECOVERY_CODE, visitor)
        self._lockout.failed(visitor.address, email=email, user_id=user_id or None)
        raise SignInFailed(FAILED)

    # -- passkeys ----------------------------------------------------------------------------------

    def passkey_options(self) -> Mapping[str, object]:
        """What the browser needs to ask for a passkey: one that it finds by itself, so no account is named."""
        challenge = secrets.token_bytes(32)
        with self._units() as uow:
            keep_challenge(uow, self._clock, ChallengePurpose.PASSKEY_SIGN_IN, None, challenge)
            uow.commit()
        return self._passkeys.sign_in_options(challenge)

    def passkey(self, response: Mapping[str, object], visitor: Visitor) -> SignedIn:
        """Sign in with what an authenticator answered to `passkey_options`; a challenge serves one try.

        Raises:
            SignInFailed: Whatever was wrong with it.
            RateLimitExceeded: Too many failures from this address.
        """
        self._lockout.enter_address(visitor.address)
        try:
            return self._checked_passkey(response, visitor)
        except (InvalidProof, SignInFailed) as error:
            self._lockout.failed(visitor.address, email=None, user_id=None)
            raise SignInFailed(FAILED) from error

    def _checked_passkey(self, response: Mapping[str, object], visitor: Visitor) -> SignedIn:
        challenge = challenge_of(response)
        with self._units() as uow:
            # Taken in a transaction of its own, so that a refused answer spends its challenge too.
            taken = uow.sign_ins.take_challenge(
                hashlib.sha256(challenge).digest(), ChallengePurpose.PASSKEY_SIGN_IN, self._clock.now()
            )
            uow.commit()
        with self._units(write=False) as uow:
            passkey = uow.sign_ins.passkey(credential_id_of(response))
        if taken is None or passkey is None:
            raise SignInFailed(FAILED)
        sign_count = self._passkeys.verify_sign_in(response, challenge, passkey)
        with self._units() as uow:
            person = self._present(uow, passkey.user_id)
            known = uow.sign_ins.passkey(passkey.credential_id)
            if known is None or _is_of_a_copy(known.sign_count, sign_count):
                # Removed meanwhile, or used twice at once: a counter that does not grow is that of a copy.
                raise SignInFailed(FAILED)
            uow.sign_ins.used_passkey(passkey.passkey_id, sign_count, self._clock.now())
            return self._begin(uow, person, SignInMethod.PASSKEY, visitor)

    # -- links -------------------------------------------------------------------------------------

    def send_link(
        self, email: str, visitor: Visitor, *, next_path: str | None = None, locale: str | None = None
    ) -> None:
        """Send a link to sign in with; nothing tells whether there is such an account.

        Args:
            next_path: Where to go afterwards; anything but a path of this office is dropped.
        """
        with self._units() as uow:
            uow.office.epoch(shared_lock=True)
            person = _open_account(uow.people.by_email(email))
            if self._lockout.may_write(uow, email, visitor.address):
                self._write(uow, LinkPurpose.SIGN_IN, person, email, locale, next_path=next_path)
            uow.commit()

    def check_link(self, token: str) -> None:
        """Tell whether a sign-in link still works, without spending it; raises LinkSpent."""
        with self._units(write=False) as uow:
            self._links.find(uow, LinkPurpose.SIGN_IN, token)

    def use_link(self, token: str, visitor: Visitor) -> SignedIn:
        """Sign in with a link from a letter; it also proves the address it was sent to. Raises LinkSpent."""
        with self._units() as uow:
            # The exclusive lock at once, because the person may have to be changed: two that share it could not both
            # wait for the other to let go.
            uow.office.raise_epoch()
            link = self._links.use(uow, LinkPurpose.SIGN_IN, token)
            person = _open_account(uow.people.get(link.user_id) if link.user_id is not None else None)
            if person is None or person.email != link.email:
                raise LinkSpent("This link does not work any more.")
            return self._begin(uow, self._proved(uow, person), SignInMethod.EMAIL_LINK, visitor)

    def vouched(self, email: str, visitor: Visitor, *, authenticated_at: datetime | None) -> SignedIn:
        """Sign in whoever has this address, which another sign-in has verified; raises SignInFailed for nobody.

        Args:
            authenticated_at: When the person proved there who they are; None, unknown, is no fresh sign-in here.
        """
        proved_at = self._clock.now() - FRESH_FOR if authenticated_at is None else authenticated_at
        with self._units() as uow:
            # The exclusive lock, as for a link: it proves the address too.
            uow.office.raise_epoch()
            person = _open_account(uow.people.by_email(email))
            if person is None:
                raise SignInFailed(FAILED)
            return self._begin(uow, self._proved(uow, person), SignInMethod.OIDC, visitor, authenticated_at=proved_at)

    # -- invitations and registration --------------------------------------------------------------

    def register(self, email: str, visitor: Visitor, *, locale: str | None = None) -> None:
        """Ask for an account, where the office is open to strangers: a link comes by mail, whoever asks.

        A known address gets a sign-in link instead, so that the answer tells nothing.

        Raises:
            RoleRequired: Accounts are made by invitation only.
            MalformedBody: Not an e-mail address.
        """
        if not self.is_open_to_strangers:
            raise RoleRequired("Accounts are made by invitation here; ask the office for one.")
        address = read_email(email)
        with self._units() as uow:
            uow.office.epoch(shared_lock=True)
            known = uow.people.by_email(address)
            if self._lockout.may_write(uow, address, visitor.address):
                if known is None:
                    self._write(uow, LinkPurpose.INVITATION, None, address, locale)
                else:
                    self._write(uow, LinkPurpose.SIGN_IN, _open_account(known), address, locale)
            uow.commit()

    def invite(
        self,
        uow: UnitOfWork,
        caller: Caller,
        email: str,
        *,
        locale: str | None = None,
        display_name: str = "",
        roles: Collection[AccountRole] = (),
        scopes: Sequence[str] = (),
    ) -> str:
        """Send somebody an invitation, and give its link to the admin who asked, this once. Needs the registry lock.

        With account roles or an issuer scope the account is made at once, its address unverified: the link opens it,
        so that whoever follows it lands with the right rank. Without them the account is made when the link is used.

        Args:
            display_name: What the new account is called until its owner says otherwise.

        Raises:
            RoleRequired: Not an admin.
            MalformedBody: Not an e-mail address.
            EmailInUse: Somebody has proved this address already, and comes in by themselves: the link, which the
                admin reads too, would open their account. With roles, also where the address is unproved.
            UnknownCredentialType, ConflictingFields: By the scope.
        """
        caller.require_admin()
        address = read_email(email)
        if roles or scopes:
            name = display_name.strip() or address.partition("@")[0]
            wish = NewPerson(address, name, roles=frozenset(roles), scopes=tuple(scopes))
            self._people.create(uow, caller, wish)
        person = _open_account(uow.people.by_email(address))
        if person is not None and person.verified:
            raise EmailInUse("Whoever has this e-mail address has an account, and signs in to it.")
        link = self._write(uow, LinkPurpose.INVITATION, person, address, locale)
        self._record(uow, caller, "user" if person else "invitation", person.user_id if person else "new", "invited")
        return link

    def check_invitation(self, token: str) -> str:
        """The address that an invitation was sent to, without spending it; raises LinkSpent."""
        with self._units(write=False) as uow:
            return self._links.find(uow, LinkPurpose.INVITATION, token).email or ""

    def accept_invitation(self, token: str, display_name: str, visitor: Visitor) -> SignedIn:
        """Open the account that an invitation promises, and sign in; the address counts as verified.

        Raises:
            LinkSpent: The invitation does not work any more.
        """
        with self._units() as uow:
            uow.office.raise_epoch()
            link = self._links.use(uow, LinkPurpose.INVITATION, token)
            email = link.email or ""
            person = uow.people.by_email(email)
            if person is None:
                person = self._new_person(uow, email, display_name)
            elif _open_account(person) is None or person.verified or self._has_means(uow, person):
                # An invitation lives for days, and others than its addressee know it. Once somebody has come into the
                # account another way, the invitation opens it no more.
                raise LinkSpent("This invitation was accepted; sign in instead.")
            elif display_name.strip():
                person = replace(person, display_name=display_name.strip())
            return self._begin(uow, self._proved(uow, person), SignInMethod.EMAIL_LINK, visitor)

    @staticmethod
    def _has_means(uow: UnitOfWork, person: Person) -> bool:
        return uow.sign_ins.password(person.user_id) is not None or bool(uow.sign_ins.passkeys_of(person.user_id))

    @staticmethod
    def _proved(uow: UnitOfWork, person: Person) -> Person:
        """The person, with the address verified that a link was sent to."""
        if person.verified:
            return person
        verified = replace(person, verified=True, version=person.version + 1)
        uow.people.update(verified)
        return verified

    def _new_person(self, uow: UnitOfWork, email: str, display_name: str) -> Person:
        person = Person(
            user_id=UserId(new_id("usr")),
            email=email,
            verified=True,
            display_name=display_name.strip() or email.partition("@")[0],
            roles=frozenset(),
            created_at=self._clock.now(),
        )
        uow.people.add(person)
        actor = Actor(ActorKind.USER, person.user_id, SESSION_AUTH)
        uow.audit.append(
            AuditEntry(
                actor=actor, action="user.created", object_type="user", object_id=person.user_id, at=person.created_at
            )
        )
        return person

    # -- parts -------------------------------------------------------------------------------------

    def _present(self, uow: UnitOfWork, user_id: str) -> Person:
        """The person as of now, under the registry lock: nobody is deactivated while a session begins."""
        uow.office.epoch(shared_lock=True)
        person = _open_account(uow.people.get(user_id))
        if person is None:
            raise SignInFailed(FAILED)
        return person

    def begin(self, uow: UnitOfWork, person: Person, method: SignInMethod, visitor: Visitor) -> SignedIn:
        """Begin a session for somebody whose identity another desk has proved, and commit."""
        return self._begin(uow, person, method, visitor)

    def _begin(
        self,
        uow: UnitOfWork,
        person: Person,
        method: SignInMethod,
        visitor: Visitor,
        *,
        authenticated_at: datetime | None = None,
    ) -> SignedIn:
        here = visitor.replaces
        if here is not None and here.session_id is not None:
            uow.sign_ins.end_session(here.session_id, self._clock.now())
        # A browser in which somebody else was signed in is as new to this person as any other.
        if is_strict(person) and (here is None or here.user_id != person.user_id):
            self._tell_of_new_browser(uow, person, visitor.label)
        signed_in = self._sessions.start(
            uow,
            person,
            method,
            label=visitor.label,
            request_id=visitor.request_id,
            authenticated_at=authenticated_at,
        )
        uow.commit()
        return signed_in

    def _tell_of_new_browser(self, uow: UnitOfWork, person: Person, label: str) -> None:
        known = uow.sign_ins.browsers_of(person.user_id)
        # Nobody needs to be told of their first sign-in; of one after a long time they do.
        is_first = not known and self._clock.now() < person.created_at + BROWSERS_KNOWN
        if not is_first and shown_label(label) not in known:
            self._notices.tell(uow, NoticeKind.NEW_SIGN_IN, [person.user_id], {"browser": shown_label(label)})

    def _write(
        self,
        uow: UnitOfWork,
        purpose: LinkPurpose,
        person: Person | None,
        email: str,
        locale: str | None,
        *,
        next_path: str | None = None,
    ) -> str:
        """Make a link and its letter. For an unknown account the same is done with a link that opens nothing."""
        opens = person is not None or purpose is LinkPurpose.INVITATION
        to = person.email if person is not None else email
        link = self._links.make(uow, purpose, user_id=person.user_id if person else None, email=to if opens else None)
        if next_path is not None and _LOCAL_PATH.fullmatch(next_path):
            link = f"{link}?next={next_path.replace('&', '%26').replace('#', '%23')}"
        language = (person.locale if person is not None else None) or locale or self._default_locale
        life = LINK_LIVES[purpose]
        data = {"link": link, "minutes": str(int(life.total_seconds() // 60))}
        letter = self._letters(purpose.value, language, data, to=to, user_id=person.user_id if person else None)
        if opens:
            uow.notices.add_mail(letter)
        return link

    def _record(self, uow: UnitOfWork, caller: Caller, object_type: str, object_id: str, change: str) -> None:
        uow.audit.append(
            AuditEntry(
                actor=caller.actor,
                request_id=caller.request_id,
                action="auth.changed",
                object_type=object_type,
                object_id=object_id,
                at=self._clock.now(),
                data={"change": change},
            )
        )


def _is_of_a_copy(known: int, told: int) -> bool:
    """Tell whether a counter fails to grow; authenticators without one always say 0."""
    return (known > 0 or told > 0) and told <= known


def _open_account(person: Person | None) -> Person | None:
    return person if person is not None and person.active and not person.erased else None
