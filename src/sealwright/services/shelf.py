"""Reading stored credentials back, by whoever may."""

from __future__ import annotations

from dataclasses import replace

from sealwright.domain.credentials import CredentialFilter, CredentialRecord
from sealwright.domain.errors import CredentialErased, CredentialNotFound
from sealwright.domain.people import Caller
from sealwright.services.access import Access, owned_dids
from sealwright.services.looks import Looks
from sealwright.services.ports import Clock, Page, UnitOfWorkFactory
from sealwright.services.registry import RegistryView

_MISSING = "No such credential."


class CredentialShelf:
    """Credentials as stored: their issuers, their holders and admins may read them; the state is public."""

    def __init__(self, units: UnitOfWorkFactory, access: Access, clock: Clock, looks: Looks) -> None:
        self._units = units
        self._looks = looks
        self._access = access
        self._clock = clock

    def get(self, credential_id: str, caller: Caller, view: RegistryView) -> CredentialRecord:
        """A credential that the caller may see; that a person opened somebody else's is put on record.

        Raises:
            CredentialNotFound: Missing, or not this caller's to see: the two look alike.
        """
        record = self._readable(credential_id, caller, view)
        self._put_on_record(record, caller, view)
        return record

    def document(self, credential_id: str, caller: Caller, view: RegistryView) -> bytes:
        """The signed document, byte for byte.

        Raises:
            CredentialNotFound: As for `get`.
            CredentialErased: It is gone with its person's data.
        """
        record = self._readable(credential_id, caller, view)
        if record.document is None:
            raise CredentialErased("The document is gone with its person's data.")
        self._put_on_record(record, caller, view)
        return record.document

    def status(self, credential_id: str) -> CredentialRecord:
        """A credential's record for its public state.

        Raises:
            CredentialNotFound: No such credential.
        """
        with self._units(write=False) as uow:
            record = uow.credentials.get(credential_id)
        if record is None:
            raise CredentialNotFound(_MISSING)
        return record

    def list(
        self, wanted: CredentialFilter, caller: Caller, view: RegistryView, *, limit: int, cursor: str | None
    ) -> Page[CredentialRecord]:
        """Credentials that the caller may see, newest first; filters by DID take aliases.

        Raises:
            InvalidPagination: A cursor that is not ours.
        """
        wanted = replace(
            wanted,
            issuer_did=_canonical(wanted.issuer_did, view),
            holder_did=_canonical(wanted.holder_did, view),
        )
        with self._units(write=False) as uow:
            if not caller.is_admin:
                kept = owned_dids(uow, caller.person)
                is_key = caller.is_key
                held = kept.union(caller.person.dids) if caller.person is not None else kept
                wanted = replace(wanted, visible_issuers=caller.issuer_dids if is_key else kept, visible_holders=held)
            return uow.credentials.list(wanted, now=self._clock.now(), limit=limit, cursor=cursor)

    def _readable(self, credential_id: str, caller: Caller, view: RegistryView) -> CredentialRecord:
        record = self.status(credential_id)
        if not self._may_read(record, caller, view):
            raise CredentialNotFound(_MISSING)
        return record

    def _put_on_record(self, record: CredentialRecord, caller: Caller, view: RegistryView) -> None:
        """A key reads what its own issuer signed, and a holder what is about them: neither is a look."""
        if caller.is_key or _is_holder(record, caller, view):
            return
        with self._looks.opening(caller, "credential", record.credential_id):
            pass

    def _may_read(self, record: CredentialRecord, caller: Caller, view: RegistryView) -> bool:
        if caller.is_admin:
            return True
        issuer = view.did(record.issuer_did)
        if issuer is not None and self._access.may_act_for(caller, issuer):
            return True
        return _is_holder(record, caller, view)


def _is_holder(record: CredentialRecord, caller: Caller, view: RegistryView) -> bool:
    """Tell whether a credential is about the caller: by a DID that they proved, or that is kept here for them."""
    if caller.person is None:
        return False
    holder = view.did(record.holder_did)
    is_kept_for_them = holder is not None and holder.owner_user_id == caller.user_id
    return is_kept_for_them or record.holder_did in caller.person.dids


def _canonical(reference: str | None, view: RegistryView) -> str | None:
    record = view.did(reference) if reference is not None else None
    return record.did if record is not None else reference
