"""Who hears of which events: admins of all, keys and keepers of DIDs of theirs, reviewers of their issuer scope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sealwright.domain.errors import RoleRequired
from sealwright.domain.people import AccountRole, Caller, Person
from sealwright.services.access import owned_dids
from sealwright.services.ports import UnitOfWork
from sealwright.vc.encoding.strict_json import JSONValue

# Who issued something; and of delegations whoever delegates, is delegated to, and acts.
_PARTIES: Final = ("issuerDid", "delegatorDid", "delegateDid", "agentDid")


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody sees, as of one moment.

    Args:
        issuer_dids: Sees what was issued under them, what befalls these DIDs, and delegations by and to them.
        types: Credential types in their issuer scope.
        schemas: The schemas of those types.
    """

    sees_all: bool = False
    issuer_dids: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    schemas: frozenset[str] = frozenset()

    @property
    def sees_nothing(self) -> bool:
        """Tell whether no event will ever be seen."""
        return not (self.sees_all or self.issuer_dids or self.types)

    def covers(self, data: dict[str, JSONValue]) -> bool:
        """Tell whether an event with such `data` is seen."""
        if self.sees_all:
            return True
        named = data.get("object")
        subject = named.get("id") if isinstance(named, dict) else None
        return (
            any(_is_in(data.get(name), self.issuer_dids) for name in _PARTIES)
            or _is_in(subject, self.issuer_dids)
            or _is_in(data.get("credentialType"), self.types)
            or _is_in(data.get("schemaId"), self.schemas)
        )


def _is_in(value: JSONValue, names: frozenset[str]) -> bool:
    return isinstance(value, str) and value in names


EVERYTHING: Final = Sight(sees_all=True)


def sight_of(uow: UnitOfWork, caller: Caller) -> Sight:
    """What a caller sees now.

    Raises:
        RoleRequired: A person who is neither admin nor reviewer, and keeps no issuer DID.
    """
    if caller.is_admin:
        return EVERYTHING
    if caller.is_key:
        return Sight(issuer_dids=caller.issuer_dids)
    person = caller.require_person()
    sight = sight_of_person(uow, person) if person is not None else Sight()
    if sight.sees_nothing:
        raise RoleRequired("Events are for admins, for reviewers, and for whoever keeps an issuer DID.")
    return sight


def sight_of_person(uow: UnitOfWork, person: Person) -> Sight:
    """What a person sees who is no admin: their issuer scope, and issuer DIDs that they keep."""
    # As of now: a DID that was made for them a moment ago must not look like an issuer's.
    present = uow.people.get(person.user_id)
    if present is None or not present.active:
        return Sight()
    person = present
    scope = person.scopes if AccountRole.ISSUER in person.roles else ()
    kinds = [uow.types.get(value) for value in scope]
    # DIDs by which a person holds credentials are not issuers, though their keys may be kept here too.
    return Sight(
        issuer_dids=owned_dids(uow, person) - set(person.dids),
        types=frozenset(scope),
        schemas=frozenset(kind.schema_id for kind in kinds if kind is not None),
    )
