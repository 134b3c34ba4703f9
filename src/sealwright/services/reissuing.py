"""Issuing credentials anew: what a stored document says becomes a row, and a grant goes over to its new credential."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sealwright.domain.batches import Batch, RowFault, Selection
from sealwright.domain.credentials import CredentialRecord, CredentialStatus
from sealwright.domain.dids import DIDRecord, MethodState
from sealwright.domain.errors import (
    CredentialErased,
    DomainError,
    HolderErased,
    IssuerDeactivated,
    IssuerKeyMissing,
    SchemaInactive,
    StateConflict,
)
from sealwright.domain.formats import TOKEN_PROOF_TYPES
from sealwright.domain.grants import Grant
from sealwright.domain.ids import credential_urn
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import Caller
from sealwright.domain.schemas import SchemaRecord
from sealwright.services.batch_rows import BatchRow
from sealwright.services.did_documents import document_bytes
from sealwright.services.grant_moves import grant_event
from sealwright.services.mandatory_pointers import asked_pointers
from sealwright.services.mass_values import REISSUE
from sealwright.services.notices import NoticeDesk
from sealwright.services.orders import IssuanceOrder
from sealwright.services.ports import UnitOfWork
from sealwright.services.registry import RegistryView
from sealwright.services.stored_credentials import verified_document
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.dids.document import parse_did_document
from sealwright.vc.dids.resolver import ResolvedDID
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.vc.errors import DIDNotFound, VcError
from sealwright.vc.verification.checks import subjects_of

# The member of a row that names the credential in whose place its own is issued.
REISSUES: Final = "reissues"
# Beside it, where its issuer had said so: what every derived proof must show.
MANDATORY: Final = "mandatoryPointers"
_NOT_SOUND: Final = "The stored document does not hold, so nothing is issued from it."


def is_reissue(batch: Batch) -> bool:
    """Tell whether a batch issues credentials anew."""
    return batch.options.origin == REISSUE


class AsIssued:
    """Resolves an issuer with every key that it ever had: a document that a lost key signed was sound when it did."""

    def __init__(self, issuer: DIDRecord) -> None:
        self._did = issuer.did
        methods = tuple(
            replace(method, state=MethodState.RETIRED) if method.state is MethodState.COMPROMISED else method
            for method in issuer.methods
        )
        source = parse_json(document_bytes(issuer.did, methods, (), issuer.controller))
        assert isinstance(source, dict)
        self._resolved = ResolvedDID(parse_did_document(source))

    def resolve(self, did: str) -> ResolvedDID:
        """Give the issuer; raises DIDNotFound for everybody else."""
        if did != self._did:
            raise DIDNotFound(f"{did} is not the issuer.")
        return self._resolved


@dataclass(frozen=True, slots=True)
class RowReader:
    """Makes rows of stored credentials, after checking that each is what was signed."""

    resolver: AsIssued
    canon: Canonicalizer
    now: datetime

    def row(self, record: CredentialRecord, selection: Selection) -> BatchRow:
        """The row of a credential's successor.

        Raises:
            CredentialErased: Its document is gone.
            StateConflict: It differs from its digest, its proof does not hold, or it is about several subjects.
        """
        document = self._document(record)
        members: dict[str, JSONValue] = {"holderDid": record.holder_did, "claims": _claims_of(document)}
        if selection.keeps_expiration and record.expires_at is not None:
            members["expirationDate"] = format_timestamp(record.expires_at)
        if mandatory := asked_pointers(document):
            members[MANDATORY] = list(mandatory)
        return BatchRow.of({**members, REISSUES: str(record.uid)})

    def _document(self, record: CredentialRecord) -> dict[str, JSONValue]:
        content = record.document
        if content is None:
            raise CredentialErased("The document is gone with its person's data.")
        if hashlib.sha256(content).hexdigest() != record.document_sha256:
            raise StateConflict(_NOT_SOUND)
        moment = max(self.now, record.issued_at)
        try:
            return verified_document(record, content, resolver=self.resolver, canon=self.canon, now=moment)
        except VcError as error:
            raise StateConflict(_NOT_SOUND) from error


def _claims_of(document: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
    subjects = subjects_of(document)
    if len(subjects) != 1:
        raise StateConflict("Only a credential about one subject is issued anew.")
    return {name: value for name, value in subjects[0].items() if name != "id"}


def unmade_row(record: CredentialRecord) -> BatchRow:
    """The row of a credential of which nothing can be made; it was found wrong when it was read."""
    return BatchRow.of({"unreadable": "", REISSUES: str(record.uid)})


def fault_of(row: int, code: str, error: DomainError) -> RowFault:
    """Why a row was found wrong when it was made."""
    return RowFault(row, code, str(error))


def predecessor_of(members: Mapping[str, object]) -> UUID | None:
    """Which credential a row of a re-issue replaces."""
    named = members.get(REISSUES)
    return UUID(named) if isinstance(named, str) else None


def can_be_reissued(schema_id: str | None, proof_type: str, status: CredentialStatus) -> bool:
    """Tell whether credentials of this kind can be issued anew, erased ones aside."""
    return schema_id is not None and proof_type not in TOKEN_PROOF_TYPES and status is CredentialStatus.VALID


def require_able(issuer: DIDRecord, schema: SchemaRecord, proof_type: str) -> None:
    """Refuse an issuer or a schema with which nothing can be issued now.

    Raises:
        IssuerDeactivated, IssuerKeyMissing, SchemaInactive: It is so.
    """
    if not issuer.is_active:
        raise IssuerDeactivated(f"{issuer.did} is deactivated.")
    if issuer.signing_method(proof_type) is None:
        raise IssuerKeyMissing(f"{issuer.did} has no active assertion method for {proof_type}.")
    if not schema.active:
        raise SchemaInactive(f"{schema.schema_id} is deactivated.")


@dataclass(frozen=True, slots=True)
class SuccessionGuard:
    """Guards an order whose credential takes another one's place: that one must be valid still.

    With a grant, its primary credential becomes the new one in the transaction that stores it: the grant is in force
    at every moment, and whoever is asked whether the person holds the type never hears otherwise.
    """

    predecessor: UUID
    notices: NoticeDesk

    @property
    def key(self) -> str:
        """Sorts guards by what they lock."""
        return f"source:{credential_urn(self.predecessor)}"

    def require_authority(self, caller: Caller, view: RegistryView) -> None:
        """Whoever may issue for the issuer may have its credentials issued anew; nobody gets anything new by it."""

    def require_state(self, view: RegistryView) -> None:
        """The grant is looked at behind its lock."""

    def require_policy(self, *, revocable: bool) -> None:
        """The type's rules were met when the grant was made."""

    def end_of_grant(self, now: datetime) -> datetime | None:  # noqa: ARG002 - the port's
        """The end stands in the row, where the grant has one."""
        return None

    def look_again(self, uow: UnitOfWork, order: IssuanceOrder, now: datetime) -> None:  # noqa: ARG002 - the port's
        """Refuse when there is nothing valid any more to be replaced.

        Raises:
            StateConflict: It was revoked, suspended or replaced since, or its grant is not active.
        """
        record = replaceable(uow.credentials.get(credential_urn(self.predecessor)), now)
        if record.grant_id is not None:
            _living(uow.grants.get(record.grant_id), record, now)

    def bind(self, uow: UnitOfWork, order: IssuanceOrder, record: CredentialRecord, now: datetime) -> CredentialRecord:
        """Let the grant go over to the new credential; raises as `look_again`."""
        seen = replaceable(uow.credentials.get(credential_urn(self.predecessor)), now)
        if seen.grant_id is None:
            replaceable(uow.credentials.get_for_update(seen.credential_id), now)
            return record
        # The grant's row before the credential's, as everybody locks them.
        grant = _living(uow.grants.get_for_update(seen.grant_id), seen, now)
        replaceable(uow.credentials.get_for_update(seen.credential_id), now)
        after = replace(
            grant,
            credential_id=record.credential_id,
            issuer_did=order.issuer.did,
            holder_did=order.holder_did,
            version=grant.version + 1,
        )
        uow.grants.update(after)
        caller = order.caller
        more = {"supersededCredentialId": seen.credential_id}
        uow.audit.append(grant_event("grant.reissued", after, caller.actor, caller.request_id, now, **more))
        data = {
            "grant_id": grant.grant_id,
            "credential_type": grant.credential_type,
            "credential_id": record.credential_id,
        }
        self.notices.tell(uow, NoticeKind.CREDENTIAL_READY, [grant.user_id], data)
        return replace(record, grant_id=grant.grant_id)


def replaceable(record: CredentialRecord | None, now: datetime) -> CredentialRecord:
    """Give a credential that may be replaced.

    Raises:
        StateConflict: It is not valid any more.
        CredentialErased: Its document is gone.
    """
    if record is None or record.status_at(now) is not CredentialStatus.VALID:
        raise StateConflict("The credential that this one was to replace is not valid any more.")
    if record.document is None:
        raise CredentialErased("The document is gone with its person's data.")
    return record


def _living(grant: Grant | None, record: CredentialRecord, now: datetime) -> Grant:
    if grant is None or not grant.satisfies(now) or grant.credential_id != record.credential_id:
        raise StateConflict("The grant is not active, or has another credential by now.")
    if grant.claims is None:
        # The person was erased: a document signed now would bring their data back for good.
        raise HolderErased("The person's data were erased, and with them what the credential was to say.")
    return grant
