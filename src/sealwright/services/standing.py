"""What a person's roles and issuer scope are, in the one place where they change: account and record in one act."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from sealwright.domain.catalog import Visibility
from sealwright.domain.enrollment import IssuerProfile, IssuerState, RoleRequest, RoleState
from sealwright.domain.errors import (
    LastAdmin,
    MissingMember,
    SelfDecision,
    UnknownCredentialType,
    UserNotFound,
    VersionConflict,
)
from sealwright.domain.people import AccountRole, Caller, Person
from sealwright.services.desk_ports import NumberedPage
from sealwright.services.ports import UnitOfWork
from sealwright.vc.errors import Fault

NOTE_MAX = 2_000
Record = TypeVar("Record", RoleRequest, IssuerProfile)
Entry = TypeVar("Entry")


def person_of(uow: UnitOfWork, user_id: str) -> Person:
    """Somebody with an account. Raises UserNotFound, also for erased people."""
    person = uow.people.get(user_id)
    if person is None or person.erased:
        raise UserNotFound("No such person.")
    return person


def role_of(uow: UnitOfWork, person: Person, role: AccountRole) -> RoleRequest | None:
    """How a person stands with an account role.

    A role that was given with the account and never asked for has no record yet: it counts as approved, and the
    version 0 lets the next step be its first record.
    """
    known = uow.enrollment.role_request(person.user_id, role)
    if known is None and role in person.roles:
        return RoleRequest(person.user_id, role, RoleState.APPROVED, person.created_at, person.created_at, version=0)
    return known


def profile_of(uow: UnitOfWork, person: Person, organization: str) -> IssuerProfile | None:
    """How a person stands as issuer; the same for an issuer role that was given with the account."""
    known = uow.enrollment.issuer(person.user_id)
    if known is None and AccountRole.ISSUER in person.roles:
        return IssuerProfile(
            person.user_id,
            organization,
            person.email,
            IssuerState.APPROVED,
            person.created_at,
            person.created_at,
            allowed_credentials=person.scopes,
            version=0,
        )
    return known


def put_standing(
    uow: UnitOfWork, person: Person, now: datetime, *, role: AccountRole, holds: bool, scopes: tuple[str, ...] = ()
) -> Person:
    """Put a role, and for issuers the scope, in or out of force; whoever loses a role is signed out everywhere.

    Raises:
        LastAdmin: Nobody would be left to run the office.
    """
    roles = person.roles | {role} if holds else person.roles - {role}
    in_force = scopes if role is AccountRole.ISSUER else person.scopes
    if role is AccountRole.ISSUER and not holds:
        in_force = ()
    if roles == person.roles and in_force == person.scopes:
        return person
    if role is AccountRole.ADMIN and not holds and person.active and uow.people.count_active_admins() == 1:
        raise LastAdmin("The last admin keeps the role.")
    changed = replace(person, roles=frozenset(roles), scopes=in_force, version=person.version + 1)
    uow.people.update(changed)
    if person.roles - changed.roles:
        uow.sign_ins.end_sessions_of(person.user_id, now)
    return changed


def with_people(
    uow: UnitOfWork, found: NumberedPage[Record], entry: Callable[[Record, Person], Entry]
) -> NumberedPage[Entry]:
    """A page of role requests or profiles, each made into an entry with its person."""
    people = uow.people.get_many([one.user_id for one in found.items])
    entries = tuple(entry(one, people[one.user_id]) for one in found.items if one.user_id in people)
    return NumberedPage(entries, found.page, found.count, found.total)


def require_version(expected: int | None, state: str, version: int) -> None:
    """Refuse a write on something that has moved on since it was read. Raises VersionConflict."""
    if expected is not None and expected != version:
        raise VersionConflict(
            f"The current version is {version}.", extra={"current": {"status": state, "version": version}}
        )


def require_other(caller: Caller, user_id: str) -> None:
    """Refuse admins who decide on themselves. Raises SelfDecision."""
    if caller.person is not None and caller.person.user_id == user_id:
        raise SelfDecision("Nobody decides on their own account roles or issuer scope.")


def require_note(note: str | None) -> str:
    """Take the note that a refusal needs. Raises MissingMember."""
    if note is None or not note.strip():
        detail = "Tell the person why."
        raise MissingMember("This decision needs a note.", faults=[Fault("/note", "MISSING_FIELD", detail)])
    return note


def check_types(
    uow: UnitOfWork, wanted: Iterable[str], *, held: Iterable[str] = (), private: bool = True
) -> tuple[str, ...]:
    """Take credential types by value, each once, in the order given.

    Args:
        held: Types that may stay although they were retired since.
        private: Whether private types may be named; to those who cannot see them they are unknown.

    Raises:
        UnknownCredentialType: Unknown or retired.
    """
    kept = frozenset(held)
    values = tuple(dict.fromkeys(wanted))
    for value in values:
        known = uow.types.get(value)
        is_open = known is not None and known.active and (private or known.visibility is not Visibility.PRIVATE)
        if not is_open and value not in kept:
            raise UnknownCredentialType("A credential type is unknown or retired.")
    return values
