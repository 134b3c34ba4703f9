"""Setting the office up, its people, and their personal tokens."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sealwright.domain.access import BearerKind, BearerSecret, PersonalToken, new_bearer
from sealwright.domain.audit import AuditEntry
from sealwright.domain.dids import KeyPurpose, MethodState, StoredKey
from sealwright.domain.enrollment import IssuerProfile, IssuerState, RoleRequest, RoleState
from sealwright.domain.errors import (
    ConflictingFields,
    EmailInUse,
    LastAdmin,
    TokenNotFound,
    UserExists,
    UserNotFound,
)
from sealwright.domain.ids import new_id
from sealwright.domain.people import AccountRole, Caller, Person, UserId, Wallet
from sealwright.domain.shown_text import require_name
from sealwright.services.departures import Departures
from sealwright.services.desk_ports import NumberedPage
from sealwright.services.ports import Clock, KeyStore, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import INITIALIZED, RegistryView
from sealwright.services.standing import check_types
from sealwright.vc.encoding.timestamps import format_timestamp

TOKEN_LIFE: Final = timedelta(days=90)
NAME_MAX: Final = 200
SYSTEM_DID: Final = "system"
OFFICE_ID: Final = "office_id"
_SYSTEM_KEYS: Final = (KeyPurpose.AUDIT, KeyPurpose.LOG)


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody to be given an account.

    Args:
        wallets: Addresses that count as proved.
    """

    email: str
    display_name: str
    roles: frozenset[AccountRole] = frozenset()
    verified: bool = False
    user_id: str | None = None
    scopes: tuple[str, ...] = ()
    wallets: tuple[str, ...] = ()
    holder_did: str | None = None


class PeopleDesk:
    """Accounts and tokens. Every writing method needs the registry lock."""

    def __init__(self, units: UnitOfWorkFactory, keys: KeyStore, clock: Clock, departures: Departures) -> None:
        self._units = units
        self._keys = keys
        self._clock = clock
        self._departures = departures

    @staticmethod
    def is_initialized(view: RegistryView) -> bool:
        """Tell whether the office has been set up."""
        return view.is_initialized()

    def initialize(self, uow: UnitOfWork, caller: Caller, organization: str) -> bool:
        """Set the office up: its own keys, its name; False if it was set up already.

        Raises:
            RoleRequired: Not the operator or an admin.
            Sealed: Its keys cannot be made.
        """
        caller.require_admin()
        if uow.office.get(INITIALIZED) is not None:
            return False
        now = self._clock.now()
        for use in _SYSTEM_KEYS:
            self._make_system_key(uow, use)
        uow.office.put("organization", organization)
        uow.office.put(OFFICE_ID, secrets.token_hex(16))
        uow.office.put(INITIALIZED, format_timestamp(now))
        uow.audit.append(
            AuditEntry(
                actor=caller.actor,
                request_id=caller.request_id,
                action="system.initialized",
                object_type="office",
                object_id="office",
                at=now,
            )
        )
        return True

    def _make_system_key(self, uow: UnitOfWork, use: KeyPurpose) -> None:
        key_id = f"system:{use.value}:1"
        made = self._keys.generate(key_id=key_id, did=SYSTEM_DID, use=use, algorithm="Ed25519")
        uow.keys.add(
            StoredKey(
                key_id=key_id,
                did=SYSTEM_DID,
                use=use,
                algorithm="Ed25519",
                public_key=made.public_key,
                backend=made.backend,
                sealed=made.sealed,
                kek_id=made.kek_id,
                state=MethodState.ACTIVE,
                created_at=self._clock.now(),
            )
        )

    def create(self, uow: UnitOfWork, caller: Caller, wish: NewPerson) -> Person:
        """Give somebody an account; its roles and issuer scope are approved at once, and recorded as such.

        Raises:
            RoleRequired: Not an admin.
            EmailInUse, UserExists, AddressInUse: An address, the id, or the DID is taken.
            UnknownCredentialType: A type of the scope is unknown or retired.
            ConflictingFields: A scope without the issuer role.
            MalformedBody: The name cannot be shown.
        """
        caller.require_admin()
        require_name(wish.display_name, "/display_name", NAME_MAX)
        if uow.people.by_email(wish.email) is not None:
            raise EmailInUse("Another person has this e-mail address.")
        if wish.user_id is not None and uow.people.get(wish.user_id) is not None:
            raise UserExists("The chosen person id is taken.")
        if wish.scopes and AccountRole.ISSUER not in wish.roles:
            raise ConflictingFields("An issuer scope needs the issuer role.")
        person = Person(
            user_id=UserId(wish.user_id or new_id("usr")),
            email=wish.email,
            verified=wish.verified,
            display_name=wish.display_name,
            roles=wish.roles,
            created_at=self._clock.now(),
            scopes=check_types(uow, wish.scopes),
            wallets=tuple(Wallet(address, verified=True) for address in wish.wallets),
            holder_did=wish.holder_did,
            dids=(wish.holder_did,) if wish.holder_did is not None else (),
        )
        uow.people.add(person)
        self._record_standing(uow, caller, person)
        self._record(uow, caller, "user.created", person.user_id, {"roles": sorted(person.roles)})
        return person

    def deactivate(self, uow: UnitOfWork, caller: Caller, user_id: str) -> Person:
        """End an account's access at once, its sessions too, and give its unfinished work back to others.

        Deactivating an inactive one changes nothing.

        Raises:
            RoleRequired, UserNotFound: By caller, by id.
            LastAdmin: Nobody would be left to run the office.
        """
        caller.require_admin()
        person = uow.people.get(user_id)
        if person is None:
            raise UserNotFound("No such person.")
        if not person.active:
            return person
        if AccountRole.ADMIN in person.roles and uow.people.count_active_admins() == 1:
            raise LastAdmin("The last admin cannot be deactivated.")
        ended = replace(person, active=False, version=person.version + 1)
        uow.people.update(ended)
        uow.sign_ins.end_sessions_of(user_id, self._clock.now())
        self._departures.settle(uow, caller, ended)
        self._record(uow, caller, "user.deactivated", user_id, {})
        return ended

    def activate(self, uow: UnitOfWork, caller: Caller, user_id: str) -> Person:
        """Open a deactivated account again; its old tokens and sessions stay ended.

        Raises:
            RoleRequired, UserNotFound: By caller, by id; erased people are nobody.
        """
        caller.require_admin()
        person = uow.people.get(user_id)
        if person is None or person.erased:
            raise UserNotFound("No such person.")
        if person.active:
            return person
        now = self._clock.now()
        # While the account was closed its tokens answered that; from here on only this ends them.
        for token in uow.people.tokens_of(user_id):
            uow.people.revoke_token(token.token_id, now)
        uow.sign_ins.end_sessions_of(user_id, now)
        opened = replace(person, active=True, version=person.version + 1)
        uow.people.update(opened)
        self._record(uow, caller, "user.activated", user_id, {})
        return opened

    def search(
        self, caller: Caller, text: str = "", *, role: str | None = None, page: int = 1, count: int = 20
    ) -> NumberedPage[Person]:
        """People page by page, for admins; an empty text finds everybody. Raises RoleRequired."""
        caller.require_admin()
        with self._units(write=False) as uow:
            return uow.people.search(text, role=role, page=page, count=count)

    def _record_standing(self, uow: UnitOfWork, caller: Caller, person: Person) -> None:
        """Keep the records that the roles of a new account follow from."""
        now, by = person.created_at, caller.user_id
        for role in sorted(person.roles - {AccountRole.ISSUER}):
            uow.enrollment.put_role_request(
                RoleRequest(person.user_id, role, RoleState.APPROVED, now, now, decided_by=by, decided_at=now)
            )
        if AccountRole.ISSUER in person.roles:
            organization = uow.office.get("organization") or person.display_name
            uow.enrollment.put_issuer(
                IssuerProfile(
                    user_id=person.user_id,
                    organization=organization,
                    email=person.email,
                    state=IssuerState.APPROVED,
                    created_at=now,
                    updated_at=now,
                    allowed_credentials=person.scopes,
                    decided_by=by,
                )
            )

    def create_token(
        self, uow: UnitOfWork, caller: Caller, user_id: str, name: str, expires_in_seconds: int | None = None
    ) -> tuple[PersonalToken, BearerSecret]:
        """Make a personal token, shown this once: for oneself, or for anybody by an admin. Raises UserNotFound."""
        person = uow.people.get(user_id)
        is_own = caller.person is not None and caller.person.user_id == user_id
        if person is None or not (is_own or caller.is_admin):
            raise UserNotFound("No such person.")
        now = self._clock.now()
        secret = new_bearer(BearerKind.PERSONAL_TOKEN)
        life = timedelta(seconds=expires_in_seconds) if expires_in_seconds is not None else TOKEN_LIFE
        token = PersonalToken(new_id("tok"), person.user_id, name, secret.digest, now, now + life)
        uow.people.add_token(token)
        self._record(uow, caller, "token.created", token.token_id, {"userId": user_id})
        return token, secret

    def revoke_token(self, uow: UnitOfWork, caller: Caller, token_id: str) -> PersonalToken:
        """End a token; revoking a revoked one changes nothing. Raises TokenNotFound."""
        token = uow.people.token(token_id)
        is_own = token is not None and caller.person is not None and caller.person.user_id == token.user_id
        if token is None or not (is_own or caller.is_admin):
            raise TokenNotFound("No such token.")
        now = self._clock.now()
        if uow.people.revoke_token(token_id, now):
            self._record(uow, caller, "token.revoked", token_id, {"userId": token.user_id})
        return replace(token, revoked_at=token.revoked_at or now)

    def get(self, user_id: str) -> Person:
        """A person by id; raises UserNotFound."""
        with self._units(write=False) as uow:
            person = uow.people.get(user_id)
        if person is None:
            raise UserNotFound("No such person.")
        return person

    def list(self, *, role: str | None = None, search: str | None = None) -> tuple[Person, ...]:
        """People, by role and text."""
        with self._units(write=False) as uow:
            return uow.people.list(role=role, search=search)

    def tokens_of(self, user_id: str) -> tuple[PersonalToken, ...]:
        """A person's tokens."""
        with self._units(write=False) as uow:
            return uow.people.tokens_of(user_id)

    def _record(self, uow: UnitOfWork, caller: Caller, action: str, object_id: str, data: dict[str, object]) -> None:
        uow.audit.append(
            AuditEntry(
                actor=caller.actor,
                request_id=caller.request_id,
                action=action,
                object_type=action.partition(".")[0],
                object_id=object_id,
                at=self._clock.now(),
                data=data,
            )
        )
