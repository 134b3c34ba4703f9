"""Issuers: who asks to be one, who becomes one, with which issuer scope, and how it ends (contract, section 1.7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.enrollment import IssuerProfile, IssuerState, require_issuer_move
from sealwright.domain.errors import (
    AlreadyApproved,
    EmailNotVerified,
    IssuerNotFound,
    RequestNotFound,
    RequestPendingExists,
    RoleRequired,
    StateConflict,
    UserNotFound,
)
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import AccountRole, Caller, Person
from sealwright.domain.shown_text import require_length, require_name
from sealwright.services.desk_ports import NumberedPage
from sealwright.services.notices import NoticeDesk
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.standing import (
    NOTE_MAX,
    check_types,
    person_of,
    profile_of,
    put_standing,
    require_note,
    require_other,
    require_version,
    with_people,
)

NAME_MAX: Final = 200
_ACTIONS: Final = {
    IssuerState.APPROVED: "issuer.approved",
    IssuerState.REJECTED: "issuer.rejected",
    IssuerState.SUSPENDED: "issuer.suspended",
    # Taking an approval back to the queue ends the role as well.
    IssuerState.PENDING: "issuer.ended",
    IssuerState.ENDED: "issuer.ended",
}


@dataclass(frozen=True, slots=True)
class IssuerEntry:
    """An issuer profile with its person."""

    profile: IssuerProfile
    person: Person


@dataclass(frozen=True, slots=True)
class IssuerTerms:
    """What an admin sets on an issuer; None leaves a member as it is.

    Args:
        allowed_credentials: The whole issuer scope.
        state: Where the profile is to go.
        is_explicit: The state was named as such; leaving `approved` by naming a state needs a note.
    """

    allowed_credentials: Sequence[str] | None = None
    state: IssuerState | None = None
    organization: str | None = None
    nickname: str | None = None
    issuer_did: str | None = None
    note: str | None = None
    is_explicit: bool = True


class IssuerProfiles:
    """Admission of issuers. Every writing method needs the registry lock."""

    def __init__(self, units: UnitOfWorkFactory, notices: NoticeDesk, clock: Clock, *, organization: str) -> None:
        self._units = units
        self._notices = notices
        self._clock = clock
        self._organization = organization

    def request_issuer(
        self,
        uow: UnitOfWork,
        caller: Caller,
        *,
        organization: str,
        email: str,
        credential_types: Sequence[str] = (),
        justification: str | None = None,
    ) -> IssuerProfile:
        """Ask to be an issuer; admins are told.

        Raises:
            EmailNotVerified: The address is not one that this person proved.
            AlreadyApproved, RequestPendingExists, StateConflict: By how they stand; suspended issuers cannot ask.
            UnknownCredentialType: A type that they cannot see.
        """
        person = asking(uow, caller)
        address = _own_email(person, email)
        known = profile_of(uow, person, self._organization)
        if known is not None and known.state is IssuerState.APPROVED:
            raise AlreadyApproved("This person is an issuer already.")
        if known is not None and known.state is IssuerState.PENDING:
            raise RequestPendingExists("A request to be an issuer is waiting for its decision.")
        if known is not None and known.state is IssuerState.SUSPENDED:
            raise StateConflict("A suspended issuer is restored by an admin.")
        now = self._clock.now()
        profile = IssuerProfile(
            user_id=person.user_id,
            organization=require_name(organization, "/organization", NAME_MAX),
            email=address,
            state=IssuerState.PENDING,
            created_at=known.created_at if known is not None else now,
            updated_at=now,
            wanted_credentials=check_types(uow, credential_types, private=False),
            nickname=known.nickname if known is not None else None,
            justification=justification,
            issuer_did=known.issuer_did if known is not None else None,
            version=known.version + 1 if known is not None else 1,
        )
        uow.enrollment.put_issuer(profile)
        told = {"role": "issuer", "user_id": person.user_id, "name": person.display_name, "organization": organization}
        self._notices.tell_admins(uow, NoticeKind.ACCESS_REQUESTED, told)
        self._record_issuer(uow, caller, "issuer.requested", known, profile)
        return profile

    def put_issuer(
        self,
        uow: UnitOfWork,
        caller: Caller,
        user_id: str,
        *,
        allowed_credentials: Sequence[str] | None = None,
        make_issuer: bool = True,
        state: IssuerState | None = None,
        organization: str | None = None,
        nickname: str | None = None,
        issuer_did: str | None = None,
        note: str | None = None,
        expected_version: int | None = None,
    ) -> IssuerProfile:
        """Set role and issuer scope of anybody in one act; the person is told.

        Args:
            allowed_credentials: The whole issuer scope; None leaves it.
            make_issuer: Without a `state`: True approves all but suspended profiles, whose scope alone changes;
                False ends an approved one.
            state: Where the profile is to go. Every move but to ``approved`` needs a note then.

        Raises:
            RoleRequired, SelfDecision: Not an admin; oneself.
            UserNotFound, UnknownCredentialType, IssuerNotFound: By what is named.
            StateConflict, VersionConflict, MissingMember: By the move.
        """
        caller.require_admin()
        require_other(caller, user_id)
        person = person_of(uow, user_id)
        known = profile_of(uow, person, self._organization)
        wanted = state if state is not None else _implied(known, make_issuer=make_issuer)
        if known is None and wanted is not IssuerState.APPROVED:
            raise StateConflict("This person is no issuer.")
        terms = IssuerTerms(
            allowed_credentials, wanted, organization, nickname, issuer_did, note, is_explicit=state is not None
        )
        return self._change(uow, caller, person, known, terms, expected_version=expected_version)

    def decide_issuer(
        self,
        uow: UnitOfWork,
        caller: Caller,
        user_id: str,
        state: IssuerState,
        *,
        allowed_credentials: Sequence[str] | None = None,
        nickname: str | None = None,
        note: str | None = None,
        expected_version: int | None = None,
    ) -> IssuerProfile:
        """Decide on a request to be an issuer; approving without types gives those that were asked for.

        Raises:
            RequestNotFound: This person never asked.
            And as `put_issuer`.
        """
        caller.require_admin()
        require_other(caller, user_id)
        person = person_of(uow, user_id)
        known = profile_of(uow, person, self._organization)
        if known is None:
            raise RequestNotFound("This person never asked to be an issuer.")
        if allowed_credentials is None and known.state is IssuerState.PENDING and state is IssuerState.APPROVED:
            allowed_credentials = known.wanted_credentials
        terms = IssuerTerms(allowed_credentials, state, nickname=nickname, note=note)
        return self._change(uow, caller, person, known, terms, expected_version=expected_version)

    def leave_issuer(self, uow: UnitOfWork, caller: Caller, *, note: str | None = None) -> IssuerProfile:
        """Give up one's own standing as issuer, role and scope at once; having none in force changes nothing.

        Grants that they made stay. A suspended profile stays suspended: only an admin takes it further.

        Raises:
            RequestNotFound: The person never asked to be an issuer, nor was made one.
        """
        person = asking(uow, caller)
        known = profile_of(uow, person, self._organization)
        if known is None:
            raise RequestNotFound("You never asked to be an issuer.")
        if known.state is not IssuerState.APPROVED:
            return known
        return self._end(uow, caller, person, known, note)

    def ask_scope_change(
        self, uow: UnitOfWork, caller: Caller, *, credential_types: Sequence[str] = (), message: str | None = None
    ) -> None:
        """Ask the admins for another issuer scope: by types, in words, or both.

        Raises:
            RoleRequired: Not an approved issuer.
            UnknownCredentialType, MalformedBody: By what is asked.
        """
        person = caller.require_person()
        if person is None or AccountRole.ISSUER not in person.roles:
            raise RoleRequired("This act needs the issuer role.")
        values = check_types(uow, credential_types)
        if not values:
            require_length(message or "", "/message", NOTE_MAX)
        told = {
            "role": "scope",
            "user_id": person.user_id,
            "name": person.display_name,
            "message": (message or "")[:NOTE_MAX],
            "scopes": ",".join(values),
        }
        self._notices.tell_admins(uow, NoticeKind.ACCESS_REQUESTED, told)

    def issuers(
        self,
        caller: Caller,
        *,
        state: IssuerState | None = None,
        search: str | None = None,
        page: int = 1,
        count: int = 20,
    ) -> NumberedPage[IssuerEntry]:
        """Issuer profiles, newest first; raises RoleRequired for all but admins."""
        caller.require_admin()
        with self._units(write=False) as uow:
            found = uow.enrollment.issuers(
                state=state.value if state is not None else None, search=search or None, page=page, count=count
            )
            return with_people(uow, found, IssuerEntry)

    def issuer(self, caller: Caller, user_id: str) -> IssuerEntry:
        """One issuer, for admins and for themselves. Raises UserNotFound, RequestNotFound."""
        if caller.user_id != user_id:
            caller.require_admin()
        with self._units(write=False) as uow:
            person = person_of(uow, user_id)
            profile = profile_of(uow, person, self._organization)
        if profile is None:
            raise RequestNotFound("This person never asked to be an issuer.")
        return IssuerEntry(profile, person)

    def _change(
        self,
        uow: UnitOfWork,
        caller: Caller,
        person: Person,
        known: IssuerProfile | None,
        terms: IssuerTerms,
        *,
        expected_version: int | None = None,
    ) -> IssuerProfile:
        now = self._clock.now()
        before = known or IssuerProfile(
            person.user_id, self._organization, person.email, IssuerState.ENDED, now, now, version=0
        )
        require_version(expected_version, before.state.value, before.version)
        after = self._applied(uow, before, terms)
        if after == before and known is not None:
            return known
        after = replace(after, updated_at=now, decided_by=caller.user_id, version=before.version + 1)
        uow.enrollment.put_issuer(after)
        holds = after.state is IssuerState.APPROVED
        put_standing(uow, person, now, role=AccountRole.ISSUER, holds=holds, scopes=after.allowed_credentials)
        action = self._announce(uow, known, before, after)
        self._record_issuer(uow, caller, action, known, after)
        return after

    def _end(
        self, uow: UnitOfWork, caller: Caller, person: Person, known: IssuerProfile | None, note: str | None = None
    ) -> IssuerProfile:
        """Take the role away; without a note where none is asked for, as `set_role` and `make_issuer` do."""
        terms = IssuerTerms(state=IssuerState.ENDED, note=note, is_explicit=False)
        return self._change(uow, caller, person, known, terms)

    @staticmethod
    def _applied(uow: UnitOfWork, before: IssuerProfile, terms: IssuerTerms) -> IssuerProfile:
        state = terms.state if terms.state is not None else before.state
        require_issuer_move(before.state, state)
        note = terms.note if terms.note is not None else before.note
        if state is not before.state and state is not IssuerState.APPROVED:
            note = require_note(terms.note) if terms.is_explicit else (terms.note or "not stated")
        scopes = before.allowed_credentials
        if terms.allowed_credentials is not None:
            scopes = check_types(uow, terms.allowed_credentials, held=before.allowed_credentials)
        return replace(
            before,
            state=state,
            allowed_credentials=scopes,
            organization=terms.organization if terms.organization is not None else before.organization,
            nickname=terms.nickname if terms.nickname is not None else before.nickname,
            issuer_did=_kept_did(uow, terms.issuer_did) if terms.issuer_did is not None else before.issuer_did,
            note=note,
        )

    def _announce(
        self, uow: UnitOfWork, known: IssuerProfile | None, before: IssuerProfile, after: IssuerProfile
    ) -> str:
        """Tell the person what has changed for them; gives the audit action."""
        told = {"state": after.state.value, "scopes": ",".join(after.allowed_credentials), "note": after.note or ""}
        if known is None or before.state is not after.state:
            self._notices.tell(uow, NoticeKind.ISSUER_DECIDED, [after.user_id], told)
            return _ACTIONS[after.state]
        if before.allowed_credentials != after.allowed_credentials:
            self._notices.tell(uow, NoticeKind.SCOPE_CHANGED, [after.user_id], told)
            return "issuer.scope_changed"
        return "user.updated"

    def _record_issuer(
        self, uow: UnitOfWork, caller: Caller, action: str, before: IssuerProfile | None, after: IssuerProfile
    ) -> None:
        uow.audit.append(
            AuditEntry(
                actor=caller.actor,
                request_id=caller.request_id,
                action=action,
                object_type="issuer",
                object_id=after.user_id,
                at=self._clock.now(),
                before=_audited(before) if before is not None else None,
                after=_audited(after),
                data=_scope_steps(before, after),
            )
        )


def _audited(profile: IssuerProfile) -> dict[str, object]:
    return {
        "state": profile.state.value,
        "allowedCredentials": list(profile.allowed_credentials),
        "issuerDid": profile.issuer_did,
        "version": profile.version,
    }


def _scope_steps(before: IssuerProfile | None, after: IssuerProfile) -> dict[str, object]:
    had = set(before.allowed_credentials) if before is not None else set()
    has = set(after.allowed_credentials)
    return {"added": sorted(has - had), "removed": sorted(had - has)} if had != has else {}


def _implied(known: IssuerProfile | None, *, make_issuer: bool) -> IssuerState:
    """Where a profile goes when no state is named; nothing is restored from a suspension by the way."""
    if make_issuer:
        is_suspended = known is not None and known.state is IssuerState.SUSPENDED
        return IssuerState.SUSPENDED if is_suspended else IssuerState.APPROVED
    if known is None or known.state in (IssuerState.APPROVED, IssuerState.SUSPENDED):
        return IssuerState.ENDED
    return known.state


def asking(uow: UnitOfWork, caller: Caller) -> Person:
    """The person who asks for access, as of now. Raises UserNotFound for the operator."""
    person = caller.require_person()
    if person is None:
        raise UserNotFound("Only people ask for access.")
    return person_of(uow, person.user_id)


def _own_email(person: Person, email: str) -> str:
    wanted = email.strip().casefold()
    own = [(person.email, person.verified), *((one.email, one.verified) for one in person.other_emails)]
    for address, verified in own:
        if verified and address.casefold() == wanted:
            return address
    raise EmailNotVerified("This e-mail address is not one that you proved.")


def _kept_did(uow: UnitOfWork, reference: str) -> str:
    record = uow.dids.get(reference)
    if record is None:
        raise IssuerNotFound("No such issuer DID is kept here.")
    return record.did
