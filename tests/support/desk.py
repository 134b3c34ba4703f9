"""A founded office with people at the desks: callers by role, acts in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from sealwright.domain.people import AccountRole, Caller
from sealwright.services.founding import found
from sealwright.services.office import Office
from sealwright.services.people import NewPerson
from sealwright.services.ports import UnitOfWork
from tests.support.office import the_operator

T = TypeVar("T")
DPW: Final = "dpw_certified"
DPW_SCHEMA: Final = "did:adi:schema:dpw-certified-v1"
VERIFIER: Final = "sfluv_verifier"


def furnish_desk(office: Office) -> None:
    """Set the office up as `init` does: its keys, its DID, schemas and the two credential types."""
    found(office, the_operator(office), organization="Test Office")


def act(office: Office, caller: Caller, work: Callable[[UnitOfWork, Caller], T], *, registry: bool = True) -> T:
    """Carry out an act as somebody, as of now."""
    return office.acts.run(caller, work, changes_registry=registry)


def join(office: Office, name: str, *roles: AccountRole, verified: bool = True, scopes: tuple[str, ...] = ()) -> Caller:
    """Give somebody an account and come in as them."""
    wish = NewPerson(
        email=f"{name}@example.org",
        display_name=name.title(),
        roles=frozenset(roles),
        verified=verified,
        scopes=scopes,
    )
    person = act(office, the_operator(office), lambda uow, me: office.people.create(uow, me, wish))
    return come_in(office, person.user_id)


def come_in(office: Office, user_id: str) -> Caller:
    """Come in as somebody with a fresh personal token."""
    _, secret = act(office, the_operator(office), lambda uow, me: office.people.create_token(uow, me, user_id, "test"))
    return office.access.authenticate(f"Bearer {secret.text}", office.registry.current())
