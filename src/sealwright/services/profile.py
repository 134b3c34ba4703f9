"""A person's own profile: name, language, colors, and the e-mail addresses they verified."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.errors import EmailInUse, LinkSpent, MalformedBody, NotFound, NotSignedIn, StateConflict
from sealwright.domain.people import Caller, EmailAddress, Person, Theme
from sealwright.domain.shown_text import require_name
from sealwright.domain.sign_in import LinkPurpose
from sealwright.services.email_addresses import read_email
from sealwright.services.links import LINK_LIVES, LetterWriter, Links
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.services.sessions import Sessions
from sealwright.vc.errors import Fault

LOCALES: Final = ("en", "es")
NAME_MAX: Final = 200
EMAILS_MOST: Final = 10
# Members that may be emptied; the others always have a value.
CLEARABLE: Final = frozenset({"first_name", "last_name", "locale", "theme", "time_zone", "holder_did"})


@dataclass(frozen=True, slots=True)
class ProfileChanges:
    """What a person changes about themselves; None leaves a member as it is, and `clear` empties some.

    Args:
        holder_did: One of the person's own DIDs; new credentials name it.
        clear: Names out of CLEARABLE.
    """

    display_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    locale: str | None = None
    theme: Theme | None = None
    time_zone: str | None = None
    shortcuts: bool | None = None
    holder_did: str | None = None
    clear: frozenset[str] = frozenset()


class ProfileDesk:
    """Changes of one's own account. Each method runs inside `Acts` and needs the registry lock."""

    def __init__(
        self, *, clock: Clock, sessions: Sessions, links: Links, letters: LetterWriter, default_locale: str
    ) -> None:
        self._clock = clock
        self._sessions = sessions
        self._links = links
        self._letters = letters
        self._default_locale = default_locale

    def change(self, uow: UnitOfWork, caller: Caller, changes: ProfileChanges) -> Person:
        """Change names, language, colors, time zone, shortcuts, or the DID that new credentials name.

        Raises:
            NotSignedIn: The caller is no person.
            MalformedBody: A value that cannot be taken; every fault at once.
        """
        person = present_person(uow, caller)
        faults = list(_faults(person, changes))
        if faults:
            raise MalformedBody("The profile cannot be changed like this.", faults=faults)
        members: dict[str, object] = dict.fromkeys(changes.clear & CLEARABLE, None)
        for name in ("display_name", "first_name", "last_name", "locale", "theme", "time_zone", "shortcuts"):
            value = getattr(changes, name)
            if value is not None:
                members[name] = value.strip() if name.endswith("_name") else value
        if changes.holder_did is not None:
            members["holder_did"] = changes.holder_did
        changed = replace(person, **members)  # type: ignore[arg-type]
        return self._store(uow, caller, person, changed, "profile")

    # -- e-mail addresses --------------------------------------------------------------------------

    def add_email(self, uow: UnitOfWork, caller: Caller, email: str) -> Person:
        """Add an address, or write again to one that waits; it counts once the link in the letter was followed.

        Raises:
            MalformedBody: Not an e-mail address.
            EmailInUse: Somebody signs in with it.
            StateConflict: It is verified already, or there are ten.
        """
        person = present_person(uow, caller)
        address = read_email(email)
        if _same(address, person.email):
            if person.verified:
                raise StateConflict("This address is verified already.")
            self._write(uow, person, person.email)
            return person
        _require_free(uow, person, address)
        known = next((one for one in person.other_emails if _same(one.email, address)), None)
        if known is not None and known.verified:
            raise StateConflict("This address is verified already.")
        if known is None:
            if len(person.other_emails) >= EMAILS_MOST:
                raise StateConflict(f"There are {EMAILS_MOST} further addresses already.")
            added = (*person.other_emails, EmailAddress(address, verified=False))
            person = self._store(uow, caller, person, replace(person, other_emails=added), "email_added")
        self._write(uow, person, address)
        return person

    def verify_email(self, uow: UnitOfWork, caller: Caller, token: str) -> Person:
        """Follow the link of a letter, signed in as the person it was written for.

        Raises:
            LinkSpent: Used, too old, unknown, or written for somebody else.
            EmailInUse: Somebody signs in with the address by now.
        """
        person = present_person(uow, caller)
        link = self._links.find(uow, LinkPurpose.VERIFY_EMAIL, token)
        email = link.email or ""
        if link.user_id != person.user_id:
            raise LinkSpent("This link was written for another account; sign in there.")
        self._links.use(uow, LinkPurpose.VERIFY_EMAIL, token)
        if _same(email, person.email):
            return self._store(uow, caller, person, replace(person, verified=True), "email_verified")
        _require_free(uow, person, email)
        if all(not _same(one.email, email) for one in person.other_emails):
            raise LinkSpent("The address was removed in the meantime.")
        others = tuple(
            EmailAddress(one.email, verified=True) if _same(one.email, email) else one for one in person.other_emails
        )
        return self._store(uow, caller, person, replace(person, other_emails=others), "email_verified")

    def sign_in_with(self, uow: UnitOfWork, caller: Caller, email: str) -> Person:
        """Make a verified address the one to sign in with; the present one takes its place in the list.

        Raises:
            FreshSignInRequired: Who can read its mail can sign in, so this takes a fresh sign-in.
            NotFound: Not among the verified addresses.
            EmailInUse: Somebody signs in with it by now.
        """
        self._sessions.require_fresh(caller)
        person = present_person(uow, caller)
        chosen = next((one for one in person.other_emails if one.verified and _same(one.email, email)), None)
        if chosen is None:
            raise NotFound("There is no such verified address.")
        _require_free(uow, person, chosen.email)
        before = EmailAddress(person.email, person.verified)
        others = tuple(before if one is chosen else one for one in person.other_emails)
        changed = replace(person, email=chosen.email, verified=True, other_emails=others)
        return self._store(uow, caller, person, changed, "sign_in_email")

    def remove_email(self, uow: UnitOfWork, caller: Caller, email: str) -> Person:
        """Remove a further address. Raises NotFound, also for the one to sign in with."""
        person = present_person(uow, caller)
        kept = tuple(one for one in person.other_emails if not _same(one.email, email))
        if len(kept) == len(person.other_emails):
            raise NotFound("There is no such further address.")
        return self._store(uow, caller, person, replace(person, other_emails=kept), "email_removed")

    # -- parts -------------------------------------------------------------------------------------

    def _write(self, uow: UnitOfWork, person: Person, email: str) -> None:
        purpose = LinkPurpose.VERIFY_EMAIL
        link = self._links.make(uow, purpose, user_id=person.user_id, email=email)
        data = {"link": link, "minutes": str(int(LINK_LIVES[purpose].total_seconds() // 60))}
        locale = person.locale or self._default_locale
        uow.notices.add_mail(self._letters(purpose.value, locale, data, to=email, user_id=person.user_id))

    def _store(self, uow: UnitOfWork, caller: Caller, before: Person, after: Person, change: str) -> Person:
        return store_person(uow, caller, before, after, change=change, at=self._clock.now())


def store_person(
    uow: UnitOfWork, caller: Caller, before: Person, after: Person, *, change: str, at: datetime
) -> Person:
    """Store somebody's change of their own account and put on record what kind of change it was; never its values."""
    if after == before:
        return before
    after = replace(after, version=before.version + 1)
    uow.people.update(after)
    uow.audit.append(
        AuditEntry(
            actor=caller.actor,
            request_id=caller.request_id,
            action="user.updated",
            object_type="user",
            object_id=after.user_id,
            at=at,
            data={"change": change},
        )
    )
    return after


def present_person(uow: UnitOfWork, caller: Caller) -> Person:
    """The caller as a person, as of this unit of work; raises NotSignedIn, AccountInactive."""
    person = caller.require_person()
    present = uow.people.get(person.user_id) if person is not None else None
    if present is None:
        raise NotSignedIn("This is for a signed-in person.")
    return present


def _require_free(uow: UnitOfWork, person: Person, email: str) -> None:
    other = uow.people.by_email(email)
    if other is not None and other.user_id != person.user_id:
        raise EmailInUse("Another person has this e-mail address.")


def _same(first: str, second: str) -> bool:
    return first.strip().casefold() == second.strip().casefold()


def _faults(person: Person, changes: ProfileChanges) -> list[Fault]:
    faults: list[Fault] = []
    for name in ("display_name", "first_name", "last_name"):
        value = getattr(changes, name)
        if value is None:
            continue
        try:
            require_name(value, f"/{name}", NAME_MAX)
        except MalformedBody as error:
            faults.extend(error.faults)
    if changes.locale is not None and changes.locale not in LOCALES:
        faults.append(Fault("/locale", "INVALID_VALUE", "must be one of " + ", ".join(LOCALES)))
    if changes.time_zone is not None and not _is_zone(changes.time_zone):
        faults.append(Fault("/time_zone", "INVALID_VALUE", "must be the name of a time zone"))
    if changes.holder_did is not None and changes.holder_did not in person.dids:
        faults.append(Fault("/holder_did", "INVALID_VALUE", "must be a DID that you proved to control"))
    return faults


def _is_zone(name: str) -> bool:
    return name in zoneinfo.available_timezones()
