"""Finding people, and everything that the office knows of what they hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sealwright.domain.errors import InvalidFilter, RoleRequired, UserNotFound
from sealwright.domain.grants import Grant
from sealwright.domain.people import AccountRole, Caller, Person, Wallet
from sealwright.domain.requests import CredentialRequest
from sealwright.services.dependent_work import DependentWork, work_resting_on
from sealwright.services.desk_ports import NumberedPage
from sealwright.services.looks import Looks
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory

SEARCH_LEAST = 2


@dataclass(frozen=True, slots=True)
class FoundByAddress:
    """Whose wallet an address is."""

    person: Person
    wallet: Wallet


@dataclass(frozen=True, slots=True)
class HolderDetail:
    """A person as reviewers see them.

    Args:
        grants: Of every type, newest first; outside the caller's issuer scope without reason, note, claims, request.
        requests: Within the caller's issuer scope only: pending first, then newest first.
        work: Open steps that rest on grants in force within the caller's issuer scope.
        people: Everybody whom the grants name, by id.
        is_yours: The caller looks at themselves, and acts on nothing here.
    """

    person: Person
    grants: tuple[Grant, ...]
    requests: tuple[CredentialRequest, ...]
    work: tuple[DependentWork, ...]
    people: dict[str, Person]
    is_yours: bool


class HolderDesk:
    """Reads for reviewers: approved issuers and admins."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock, checksum: Callable[[str], str], looks: Looks) -> None:
        """`checksum` gives the mixed-case form of a wallet address, or raises InvalidAddress."""
        self._units = units
        self._clock = clock
        self._checksum = checksum
        self._looks = looks

    def find(self, caller: Caller, text: str, *, page: int = 1, count: int = 20) -> NumberedPage[Person]:
        """Find people by part of a name or e-mail address, or by the beginning of an id, DID or wallet address.

        Raises:
            RoleRequired: Not a reviewer.
            InvalidFilter: Fewer than two characters.
        """
        require_reviewer(caller)
        wanted = text.strip()
        if len(wanted) < SEARCH_LEAST:
            raise InvalidFilter(f"Search for {SEARCH_LEAST} characters or more.")
        with self._units(write=False) as uow:
            return uow.people.search(wanted, role=None, page=page, count=count)

    def by_address(self, caller: Caller, address: str) -> FoundByAddress:
        """Whose proved wallet an address is, whatever its case.

        Raises:
            RoleRequired: Not a reviewer.
            InvalidAddress: No address, or a mixed-case one with a wrong checksum.
            UserNotFound: Nobody proved it.
        """
        require_reviewer(caller)
        wanted = self._checksum(address)
        with self._units(write=False) as uow:
            person = uow.people.by_wallet(wanted)
        if person is not None and not person.erased:
            for wallet in person.wallets:
                if wallet.verified and wallet.address.lower() == wanted.lower():
                    return FoundByAddress(person, replace(wallet, address=wanted))
        raise UserNotFound("Nobody has proved this address.")

    def detail(self, caller: Caller, user_id: str) -> HolderDetail:
        """Everything that reviewers see of a person; that it was opened is put on record.

        Raises:
            RoleRequired: Not a reviewer.
            UserNotFound: Nobody.
        """
        require_reviewer(caller)
        now = self._clock.now()
        with self._looks.opening(caller, "user", user_id) as uow:
            person = uow.people.get(user_id)
            if person is None:
                raise UserNotFound("No such person.")
            grants = uow.grants.of_person(user_id, status=None, now=now)
            requests = uow.requests.of_person(user_id)
            covered = [grant for grant in grants if caller.covers(grant.credential_type)]
            work = work_resting_on(uow, user_id, covered, now)
            people = _named(uow, grants)
        return HolderDetail(
            person=person,
            grants=tuple(shown_grant(grant, caller) for grant in grants),
            requests=tuple(one for one in requests if caller.covers(one.credential_type)),
            work=work,
            people=people,
            is_yours=caller.person is not None and caller.person.user_id == user_id,
        )


def require_reviewer(caller: Caller) -> None:
    """Refuse everybody but approved issuers, admins and the operator. Raises RoleRequired."""
    if not caller.has_role(AccountRole.ISSUER):
        raise RoleRequired("This act needs the issuer role.")


def shown_grant(grant: Grant, caller: Caller) -> Grant:
    """A grant as a reviewer may read it: outside their issuer scope without what belongs to its request."""
    if caller.covers(grant.credential_type):
        return grant
    return replace(grant, reason=None, request_id=None, note=None, claims=None)


def _named(uow: UnitOfWork, grants: tuple[Grant, ...]) -> dict[str, Person]:
    ids = {grant.issued_by for grant in grants} | {grant.revoked_by for grant in grants if grant.revoked_by}
    return dict(uow.people.get_many(sorted(ids))) if ids else {}
