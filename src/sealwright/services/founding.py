"""Setting an office up: its own keys, its platform DID, the built-in schemas and credential types, a first admin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sealwright.domain.dids import DIDKind
from sealwright.domain.people import AccountRole, Actor, Caller
from sealwright.services.catalog import PLATFORM_DID
from sealwright.services.catalog_builtin import list_builtin
from sealwright.services.dids import NewDID
from sealwright.services.people import NewPerson
from sealwright.services.schemas import NewSchema

if TYPE_CHECKING:
    from sealwright.services.office import Office
    from sealwright.services.ports import UnitOfWork

FOUNDED_AT_URL: Final = "founded_at_url"
_FIRST: Final = "1.0"


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """Who is to run the office."""

    email: str
    name: str


@dataclass(frozen=True, slots=True)
class Founded:
    """What stands after founding; `is_new` is False where the office was set up before."""

    is_new: bool
    issuer_did: str
    admin_user_id: str | None


def found(office: Office, caller: Caller, *, organization: str, admin: FirstAdmin | None = None) -> Founded:
    """Set the office up in one transaction. Again, it adds only what is missing.

    Raises:
        RoleRequired: The caller is neither operator nor admin.
        Sealed: Keys cannot be made.
    """
    prove_builtin(office)
    return office.acts.run(
        caller, lambda uow, present: _found(office, uow, present, organization, admin), changes_registry=True
    )


def _found(office: Office, uow: UnitOfWork, caller: Caller, organization: str, admin: FirstAdmin | None) -> Founded:
    is_new = office.people.initialize(uow, caller, organization)
    if is_new:
        # Contexts and status lists carry the public URL for ever; `doctor` tells when it has changed since.
        uow.office.put(FOUNDED_AT_URL, office.public_url)
    issuer_did = uow.office.get(PLATFORM_DID)
    if issuer_did is None:
        issuer_did = office.dids.create(uow, caller, NewDID(kind=DIDKind.PLATFORM, name=organization)).did
        uow.office.put(PLATFORM_DID, issuer_did)
    register_builtin(office, uow, caller)
    office.catalog.ensure_builtin(uow, caller)
    return Founded(is_new, issuer_did, _admin_id(office, uow, caller, admin))


def prove_builtin(office: Office) -> None:
    """Prove the contexts of the built-in schemas that are missing, before a transaction is opened to register them."""
    view = office.registry.current()
    for wish in _wishes():
        if wish.schema_id is not None and view.schema(wish.schema_id) is None:
            office.schemas.prove(wish)


def register_builtin(office: Office, uow: UnitOfWork, caller: Caller) -> tuple[str, ...]:
    """Register the built-in credential schemas that are missing; gives the ids of all of them.

    Raises:
        RoleRequired: The caller is neither operator nor admin.
    """
    ids = []
    for wish in _wishes():
        schema_id = wish.schema_id or ""
        if uow.schemas.get(schema_id) is None and uow.schemas.by_name(wish.name, wish.version) is None:
            office.schemas.register(uow, caller, wish)
        ids.append(schema_id)
    return tuple(ids)


def add_missing_builtin(office: Office, actor: Actor) -> tuple[str, ...]:
    """Register, for the program itself, the built-in schemas that came after an office was founded; gives their ids.

    An office that is not founded gets them all when it is.

    Raises:
        StoreUnavailable, AuditUnavailable: None was registered.
    """
    with office.units(write=False) as uow:
        is_founded = uow.office.get(PLATFORM_DID) is not None
        if not is_founded or not any(_is_missing(uow, wish) for wish in _wishes()):
            return ()
        epoch = uow.office.epoch()
    prove_builtin(office)
    return office.acts.run(Caller(actor, epoch), lambda uow, me: _add_missing(office, uow, me), changes_registry=True)


def _add_missing(office: Office, uow: UnitOfWork, caller: Caller) -> tuple[str, ...]:
    added = []
    for wish in _wishes():
        if _is_missing(uow, wish):
            record = office.schemas.add_builtin(uow, caller, wish, uow.schemas.by_name(wish.name, _FIRST))
            added.append(record.schema_id)
    return tuple(added)


def _is_missing(uow: UnitOfWork, wish: NewSchema) -> bool:
    """Tell whether a schema is not kept; where somebody else's has its name and version, there is no place for it."""
    return uow.schemas.get(wish.schema_id or "") is None and uow.schemas.by_name(wish.name, wish.version) is None


def _wishes() -> tuple[NewSchema, ...]:
    return tuple(
        NewSchema(
            name=builtin.name,
            version=builtin.version,
            type=builtin.type,
            schema=builtin.schema,
            description=builtin.description,
            schema_id=builtin.schema_id,
            credential_type=builtin.credential_type,
        )
        for builtin in list_builtin()
    )


def _admin_id(office: Office, uow: UnitOfWork, caller: Caller, admin: FirstAdmin | None) -> str | None:
    if admin is not None:
        known = uow.people.by_email(admin.email)
        if known is None:
            roles = frozenset({AccountRole.ADMIN})
            known = office.people.create(uow, caller, NewPerson(admin.email, admin.name, roles=roles, verified=True))
        return known.user_id
    admins = [person for person in uow.people.list(role=AccountRole.ADMIN.value) if person.active]
    return min(admins, key=lambda person: (person.created_at, person.user_id)).user_id if admins else None
