"""A signed credential as its reviewers and its holder read it: the document, its grant, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sealwright.domain.catalog import CredentialType
from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.delivering import is_in_force
from sealwright.domain.errors import CredentialNotFound, OutOfScope
from sealwright.domain.grants import Grant
from sealwright.domain.offers import Offer
from sealwright.domain.people import Caller, Person
from sealwright.domain.sharing import Share
from sealwright.services.holders import require_reviewer
from sealwright.services.looks import Looks
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory


@dataclass(frozen=True, slots=True)
class CredentialSheet:
    """A credential with everything around it.

    Args:
        grant: None for credentials that were issued without one; only admins read those here.
        holder: Whose grant it is.
        people: Whom the grant names, by id.
        is_yours: The caller holds it, and decides nothing about it here.
        offers: Its deliveries, newest first, ended ones too.
        share: Its public page; None where nobody has asked for one yet.
    """

    record: CredentialRecord
    grant: Grant | None
    type: CredentialType | None
    holder: Person | None
    people: dict[str, Person]
    is_yours: bool
    offers: tuple[Offer, ...] = ()
    share: Share | None = None

    def is_deliverable(self, now: datetime) -> bool:
        """Tell whether it can be handed over now: it and its grant are in force, and it is no wallet's own form."""
        is_whole = self.record.document is not None and self.record.copy_of is None
        return is_whole and is_in_force(self.record, self.grant, now)


class CredentialSheets:
    """Reads for reviewers, within their issuer scope (admins everything), and for whoever holds the credential."""

    def __init__(self, units: UnitOfWorkFactory, looks: Looks) -> None:
        self._units = units
        self._looks = looks

    def get(self, caller: Caller, credential_id: str) -> CredentialSheet:
        """A credential that the caller may review; that it was opened is put on record.

        Raises:
            RoleRequired: Not a reviewer.
            OutOfScope: Outside the caller's issuer scope, or missing: the two look alike.
            CredentialNotFound: Missing, told to admins alone.
        """
        require_reviewer(caller)
        with self._looks.opening(caller, "credential", credential_id) as uow:
            record = uow.credentials.get(credential_id)
            if record is None and caller.is_admin:
                raise CredentialNotFound("No such credential.")
            grant = _grant_of(uow, record) if record is not None else None
            covered = grant is not None and caller.covers(grant.credential_type)
            if record is None or not (caller.is_admin or covered):
                raise OutOfScope("This credential is outside your issuer scope.")
            named = {grant.user_id, grant.issued_by, grant.revoked_by or ""} if grant is not None else set[str]()
            people = dict(uow.people.get_many(sorted(named - {""}))) if named else {}
            return CredentialSheet(
                record=record,
                grant=grant,
                type=uow.types.get(grant.credential_type) if grant is not None else None,
                holder=people.get(grant.user_id) if grant is not None else None,
                people=people,
                is_yours=grant is not None and grant.user_id == caller.user_id,
                offers=uow.offers.of_credential(record.credential_id),
            )

    def own(self, caller: Caller, credential_id: str) -> CredentialSheet:
        """A credential that the caller holds; whoever decided on it is not named.

        Raises:
            CredentialNotFound: Missing, or somebody else's: the two look alike.
        """
        with self._units(write=False) as uow:
            record = uow.credentials.get(credential_id)
            grant = _grant_of(uow, record) if record is not None else None
            person = caller.person
            is_own = person is not None and (
                (grant is not None and grant.user_id == person.user_id)
                or (grant is None and record is not None and record.holder_did in person.dids)
            )
            if record is None or not is_own:
                raise CredentialNotFound("No such credential.")
            return CredentialSheet(
                record=record,
                grant=grant,
                type=uow.types.get(grant.credential_type) if grant is not None else None,
                holder=person,
                people={},
                is_yours=True,
                offers=uow.offers.of_credential(record.credential_id),
                share=uow.shares.get(record.copy_of or record.uid),
            )


def _grant_of(uow: UnitOfWork, record: CredentialRecord) -> Grant | None:
    if record.grant_id is not None and (grant := uow.grants.get(record.grant_id)) is not None:
        return grant
    return uow.grants.by_credential(record.credential_id)
