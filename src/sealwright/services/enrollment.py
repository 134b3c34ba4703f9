"""Admission: account roles asked for, given and taken; issuers are admitted by their profile (`issuer_profiles`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.enrollment import IssuerProfile, IssuerState, RoleRequest, RoleState, require_role_move
from sealwright.domain.errors import (
    AlreadyApproved,
    EmailNotVerified,
    RequestNotFound,
    RequestPendingExists,
    RoleRequired,
)
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import AccountRole, Caller, Person
from sealwright.domain.shown_text import require_name
from sealwright.services.departures import Departures
from sealwright.services.desk_ports import NumberedPage
from sealwright.services.issuer_profiles import NAME_MAX, IssuerProfiles, asking
from sealwright.services.notices import NoticeDesk
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.standing import (
    person_of,
    profile_of,
    put_standing,
    require_note,
    require_other,
    require_version,
    role_of,
    with_people,
)

REQUESTABLE_ROLES: Final = frozenset({AccountRole.IMPROVER, AccountRole.PROPOSER, AccountRole.VOTER})
_ACTIONS: Final = {
    RoleState.APPROVED: "role.approved",
    RoleState.REJECTED: "role.rejected",
    # Taking an approval back to the queue ends the role as well.
    RoleState.PENDING: "role.ended",
    RoleState.ENDED: "role.ended",
}


@dataclass(frozen=True, slots=True)
class RoleEntry:
    """A request for an account role with its person."""

    request: RoleRequest
    person: Person


@dataclass(frozen=True, slots=True)
class Standing:
    """How one person stands with every account role they asked for or hold."""

    roles: tuple[RoleRequest, ...]
    issuer: IssuerProfile | None


class EnrollmentDesk(IssuerProfiles):
    """Account roles. Every writing method needs the registry lock."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        notices: NoticeDesk,
        clock: Clock,
        *,
        organization: str,
        improver_self_service: bool,
        departures: Departures,
    ) -> None:
        super().__init__(units, notices, clock, organization=organization)
        self._departures = departures
        self._self_service = frozenset({AccountRole.IMPROVER}) if improver_self_service else frozenset()

    def admits_by_itself(self, role: AccountRole) -> bool:
        """Tell whether whoever asks for a role has it at once, by the office's setting."""
        return role in self._self_service

    def request_role(
        self,
        uow: UnitOfWork,
        caller: Caller,
        role: AccountRole,
        *,
        first_name: str | None = None,
        last_name: str | None = None,
        note: str | None = None,
    ) -> RoleRequest:
        """Ask for an account role; where the office lets improvers in by themselves, it is approved at once.

        Raises:
            RoleRequired: A role that is not asked for this way.
            EmailNotVerified: The person's e-mail address is not proved.
            AlreadyApproved, RequestPendingExists: By how they stand.
        """
        if role not in REQUESTABLE_ROLES:
            raise RoleRequired("This account role is not asked for this way.")
        person = asking(uow, caller)
        if not person.verified:
            raise EmailNotVerified("Prove your e-mail address first.")
        known = role_of(uow, person, role)
        if known is not None and known.state is RoleState.APPROVED:
            raise AlreadyApproved("This person has the account role already.")
        if known is not None and known.state is RoleState.PENDING:
            raise RequestPendingExists("A request for this account role is waiting for its decision.")
        now = self._clock.now()
        state = RoleState.APPROVED if role in self._self_service else RoleState.PENDING
        asked = RoleRequest(
            user_id=person.user_id,
            role=role,
            state=state,
            created_at=known.created_at if known is not None else now,
            updated_at=now,
            version=known.version + 1 if known is not None else 1,
            note=note,
        )
        uow.enrollment.put_role_request(asked)
        person = _named(uow, person, first_name, last_name)
        if state is RoleState.APPROVED:
            put_standing(uow, person, now, role=role, holds=True)
        else:
            told = {"role": role.value, "user_id": person.user_id, "name": person.display_name}
            self._notices.tell_admins(uow, NoticeKind.ACCESS_REQUESTED, told)
        action = "role.approved" if state is RoleState.APPROVED else "role.requested"
        self._record_role(uow, caller, action, known, asked)
        return asked

    def decide_role(
        self,
        uow: UnitOfWork,
        caller: Caller,
        user_id: str,
        role: AccountRole,
        state: RoleState,
        *,
        note: str | None = None,
        expected_version: int | None = None,
    ) -> RoleRequest:
        """Decide on a request for an account role; the person is told.

        Raises:
            RoleRequired, SelfDecision: Not an admin; oneself.
            UserNotFound, RequestNotFound: Nobody; never asked.
            StateConflict, VersionConflict, MissingMember, LastAdmin: By the move.
        """
        caller.require_admin()
        require_other(caller, user_id)
        person = person_of(uow, user_id)
        known = role_of(uow, person, role)
        if known is None:
            raise RequestNotFound("This person never asked for this account role.")
        require_version(expected_version, known.state.value, known.version)
        require_role_move(known.state, state)
        if state is known.state:
            return known
        decision_note = note if state is RoleState.APPROVED else require_note(note)
        return self._move(uow, caller, person, known, state, note=decision_note)

    def leave_role(self, uow: UnitOfWork, caller: Caller, role: AccountRole, *, note: str | None = None) -> RoleRequest:
        """Give up an account role of one's own; having none of it changes nothing.

        Raises:
            RequestNotFound: The person never had it.
            LastAdmin: Nobody would be left to run the office.
        """
        person = asking(uow, caller)
        known = role_of(uow, person, role)
        if known is None:
            raise RequestNotFound("You never asked for this account role.")
        if known.state is not RoleState.APPROVED:
            return known
        return self._move(uow, caller, person, known, RoleState.ENDED, note=note)

    def set_role(self, uow: UnitOfWork, caller: Caller, user_id: str, role: AccountRole, value: bool) -> Person:
        """Give or take an account role without a request; setting what is set changes nothing.

        Raises:
            RoleRequired, SelfDecision: Not an admin; giving oneself a role.
            UserNotFound: Nobody.
            LastAdmin: Nobody would be left to run the office.
        """
        caller.require_admin()
        if value:
            require_other(caller, user_id)
        person = person_of(uow, user_id)
        if (role in person.roles) is value:
            return person
        if role is AccountRole.ISSUER:
            self._set_issuer(uow, caller, person, value)
            return person_of(uow, user_id)
        known = role_of(uow, person, role)
        if known is None:
            now = self._clock.now()
            known = RoleRequest(person.user_id, role, RoleState.ENDED, now, now, version=0)
        self._move(uow, caller, person, known, RoleState.APPROVED if value else RoleState.ENDED)
        return person_of(uow, user_id)

    def role_requests(
        self,
        caller: Caller,
        *,
        role: AccountRole | None = None,
        state: RoleState | None = None,
        search: str | None = None,
        page: int = 1,
        count: int = 20,
    ) -> NumberedPage[RoleEntry]:
        """Requests for account roles; raises RoleRequired for all but admins."""
        caller.require_admin()
        with self._units(write=False) as uow:
            found = uow.enrollment.role_requests(
                role=role,
                state=state.value if state is not None else None,
                search=search or None,
                page=page,
                count=count,
            )
            return with_people(uow, found, RoleEntry)

    def role_entry(self, caller: Caller, user_id: str, role: AccountRole) -> RoleEntry:
        """How one person stands with a role, for admins. Raises RoleRequired, UserNotFound, RequestNotFound."""
        caller.require_admin()
        with self._units(write=False) as uow:
            person = person_of(uow, user_id)
            known = role_of(uow, person, role)
        if known is None:
            raise RequestNotFound("This person never asked for this account role.")
        return RoleEntry(known, person)

    def standing(self, caller: Caller, user_id: str | None = None) -> Standing:
        """How somebody stands with every account role: oneself, or anybody for admins.

        Raises:
            RoleRequired: Somebody else, and not an admin.
            UserNotFound: Nobody.
        """
        wanted = user_id or caller.user_id
        if wanted != caller.user_id:
            caller.require_admin()
        with self._units(write=False) as uow:
            return self.standing_of(uow, person_of(uow, wanted))

    def standing_of(self, uow: UnitOfWork, person: Person) -> Standing:
        """The same within an act that may see it anyway."""
        roles = (role_of(uow, person, role) for role in AccountRole if role is not AccountRole.ISSUER)
        known = tuple(one for one in roles if one is not None)
        return Standing(known, profile_of(uow, person, self._organization))

    def _set_issuer(self, uow: UnitOfWork, caller: Caller, person: Person, value: bool) -> None:
        if value:
            self.put_issuer(uow, caller, person.user_id, state=IssuerState.APPROVED)
            return
        # Taking one's own role away is allowed, so the check on deciding for oneself is not asked here.
        known = profile_of(uow, person, self._organization)
        self._end(uow, caller, person, known)

    def _move(
        self,
        uow: UnitOfWork,
        caller: Caller,
        person: Person,
        known: RoleRequest,
        state: RoleState,
        *,
        note: str | None = None,
    ) -> RoleRequest:
        now = self._clock.now()
        after = replace(
            known,
            state=state,
            updated_at=now,
            version=known.version + 1,
            decision_note=note,
            decided_by=caller.user_id,
            decided_at=now,
        )
        uow.enrollment.put_role_request(after)
        present = put_standing(uow, person, now, role=known.role, holds=state is RoleState.APPROVED)
        self._departures.settle(uow, caller, present)
        told = {"role": known.role.value, "state": state.value, "note": note or ""}
        self._notices.tell(uow, NoticeKind.ROLE_DECIDED, [person.user_id], told)
        self._record_role(uow, caller, _ACTIONS[state], known, after)
        return after

    def _record_role(
        self, uow: UnitOfWork, caller: Caller, action: str, before: RoleRequest | None, after: RoleRequest
    ) -> None:
        uow.audit.append(
            AuditEntry(
                actor=caller.actor,
                request_id=caller.request_id,
                action=action,
                object_type="role",
                object_id=after.user_id,
                at=self._clock.now(),
                before={"state": before.state.value, "version": before.version} if before is not None else None,
                after={"state": after.state.value, "version": after.version},
                data={"role": after.role.value},
            )
        )


def _named(uow: UnitOfWork, person: Person, first_name: str | None, last_name: str | None) -> Person:
    """Take over the names that came with a request; those that were left out stay."""
    first = require_name(first_name, "/first_name", NAME_MAX) if first_name is not None else person.first_name
    last = require_name(last_name, "/last_name", NAME_MAX) if last_name is not None else person.last_name
    if (first, last) == (person.first_name, person.last_name):
        return person
    named = replace(person, first_name=first, last_name=last, version=person.version + 1)
    uow.people.update(named)
    return named
