"""Orders to issue: what may be signed, after every check of steps 1 and 2 and before anything is written down."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from sealwright.domain.credentials import CredentialRecord, Reservation, StatusPurpose
from sealwright.domain.dids import DIDRecord, MethodRecord
from sealwright.domain.people import Caller
from sealwright.domain.schemas import SchemaRecord
from sealwright.services.ports import UnitOfWork
from sealwright.vc.credentials.build import CredentialParts, build_credential
from sealwright.vc.encoding.jcs import canonicalize_json
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.vc.proofs.registry import suite_named
from sealwright.vc.status.documents import STATUS_LIST_2021_CONTEXT, StatusListKind, as_member, status_entries

# The suites of 2020 sign documents of the Data Model 1.1, all later ones 2.0 (contract, section 2.1).
MODEL_1_1_SUITES: Final = frozenset({"Ed25519Signature2020", "BbsBlsSignature2020"})


def data_model_of(proof_type: str) -> str:
    """The data model version that a suite signs under our own API."""
    return "1.1" if proof_type in MODEL_1_1_SUITES else "2.0"


def status_list_address(public_url: str, list_id: str, purpose: str, model: str) -> str:
    """Where a list is published for credentials of this data model."""
    middle = "" if model == "1.1" else "bitstring/"
    return f"{public_url}/status/{list_id}/{middle}{purpose}"


class OrderGuard(Protocol):
    """What an order hangs on beside the registry (a grant); asked inside both transactions of the line.

    Whatever it locks, it locks before status lists are touched.
    """

    @property
    def key(self) -> str:
        """Guards of one transaction are asked in the order of their keys, so that none wait for each other."""

    def look_again(self, uow: UnitOfWork, order: IssuanceOrder, now: datetime) -> None:
        """Refuse an order that must not be reserved any more; raises what the caller is to be told."""

    def bind(self, uow: UnitOfWork, order: IssuanceOrder, record: CredentialRecord, now: datetime) -> CredentialRecord:
        """Tie a signed credential, in the transaction that stores it, to what it hangs on; gives it as it is stored.

        A refusal rolls back what this call wrote, and voids the credential.
        """


@dataclass(frozen=True, slots=True)
class IssuanceOrder:
    """A checked and authorized wish for a credential; only this can be signed.

    Args:
        caller: Who asked, as of the epoch under which everything here was checked.
        content: The claims, or with `is_document` the caller's whole unsigned document.
        purposes: Status purposes that the credential gets entries for; empty means no entry.
        created: The proof's date where the caller chose it; else the moment of the reservation.
        external_id: The record's id where the document brings its own.
        guard: Asked again at the moment of effect; None where nothing but the registry decides.
        named_schemas: Ids of kept schemas that a caller's own document names, or whose words it is written in.
    """

    caller: Caller
    issuer: DIDRecord
    method: MethodRecord
    schema: SchemaRecord | None
    holder_did: str
    content: Mapping[str, JSONValue]
    is_document: bool
    proof_type: str
    model: str
    types: tuple[str, ...]
    purposes: tuple[StatusPurpose, ...]
    issued_from: datetime | None
    expiration: datetime | None
    created: datetime | None
    external_id: str | None
    guard: OrderGuard | None = None
    named_schemas: frozenset[str] = frozenset()

    @property
    def schema_ids(self) -> frozenset[str]:
        """Every kept schema that this order has to do with."""
        return self.named_schemas | {self.schema.schema_id} if self.schema is not None else self.named_schemas

    @property
    def digest(self) -> bytes:
        """SHA-256 over what was checked; the reservation keeps it."""
        return hashlib.sha256(
            canonicalize_json(
                {
                    "issuer": self.issuer.did,
                    "method": self.method.id,
                    "schema": self.schema.schema_id if self.schema else None,
                    "holder": self.holder_did,
                    "content": self.content,
                    "proofType": self.proof_type,
                    "purposes": [purpose.value for purpose in self.purposes],
                    "expiration": format_timestamp(self.expiration) if self.expiration else None,
                }
            )
        ).digest()


def unsigned_document(order: IssuanceOrder, reservation: Reservation, public_url: str) -> dict[str, JSONValue]:
    """Build the document to sign, from the reservation and its order alone (step 4)."""
    entries = _entries(order, reservation, public_url)
    if order.is_document:
        return _completed(order, reservation, entries)
    assert order.schema is not None
    return build_credential(
        CredentialParts(
            model=order.model,
            types=order.types,
            issuer_did=order.issuer.did,
            issuer_name=order.issuer.name,
            valid_from=reservation.reserved_at,
            valid_until=order.expiration,
            subject_id=order.holder_did,
            claims=order.content,
            credential_id=reservation.credential_id,
            contexts=_contexts(order, order.schema, has_status=bool(entries)),
            schema_id=order.schema.schema_id,
            status=entries,
        )
    )


def _contexts(order: IssuanceOrder, schema: SchemaRecord, *, has_status: bool) -> tuple[str, ...]:
    """Contexts after the base one: the schema's, the status list's and the suite's where the base lacks their terms."""
    contexts = [schema.context_url]
    if order.model == "1.1":
        if has_status:
            contexts.append(STATUS_LIST_2021_CONTEXT)
        contexts.append(suite_named(order.proof_type).contexts[0])
    return tuple(contexts)


def _entries(order: IssuanceOrder, reservation: Reservation, public_url: str) -> tuple[dict[str, JSONValue], ...]:
    if reservation.place is None:
        return ()
    place = reservation.place
    kind = StatusListKind.STATUS_LIST_2021 if order.model == "1.1" else StatusListKind.BITSTRING
    urls = {
        purpose.value: status_list_address(public_url, place.list_id, purpose.value, order.model)
        for purpose in order.purposes
    }
    return status_entries(kind, list_urls=urls, index=place.index)


def _completed(
    order: IssuanceOrder, reservation: Reservation, entries: tuple[dict[str, JSONValue], ...]
) -> dict[str, JSONValue]:
    """Add to a caller's own document what VC-API lets an issuer add: a date to 1.1, and a status entry."""
    document = dict(order.content)
    if order.model == "1.1" and "issuanceDate" not in document:
        document["issuanceDate"] = format_timestamp(reservation.reserved_at)
    if entries:
        document["credentialStatus"] = as_member(entries)
        contexts = document.get("@context")
        # 2.0 defines its entries itself; in 1.1 the entry's terms would be undefined without this.
        if order.model == "1.1" and isinstance(contexts, list) and STATUS_LIST_2021_CONTEXT not in contexts:
            document["@context"] = [*contexts, STATUS_LIST_2021_CONTEXT]
    return document
