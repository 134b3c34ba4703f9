"""Orders to issue: what may be signed, after every check of steps 1 and 2 and before anything is written down."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from sealwright.domain.credentials import CredentialRecord, Reservation, StatusPurpose
from sealwright.domain.dids import DIDKind, DIDRecord, MethodRecord
from sealwright.domain.formats import CredentialFormat
from sealwright.domain.people import Caller
from sealwright.domain.schemas import SchemaRecord
from sealwright.services.ports import UnitOfWork
from sealwright.vc.credentials.build import CredentialParts, build_credential
from sealwright.vc.credentials.open_badge import Achievement, BadgeParts, build_open_badge
from sealwright.vc.encoding.jcs import canonicalize_json
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.registry import issuing_suite
from sealwright.vc.proofs.sd_jwt import Claims
from sealwright.vc.proofs.sd_jwt_vc import SdJwtVcParts, sd_jwt_vc_claims
from sealwright.vc.status.documents import STATUS_LIST_2021_CONTEXT, StatusListKind, as_member, status_entries

# The suites of 2020 sign documents of the Data Model 1.1, all later ones 2.0 (contract, section 2.1).
MODEL_1_1_SUITES: Final = frozenset({"Ed25519Signature2020", "BbsBlsSignature2020"})
# Credentials in compact JWTs are written as 1.1, the form that wallets read under this name.
_MODEL_1_1: Final = MODEL_1_1_SUITES | {CredentialFormat.JWT_VC_JSON.value}


def data_model_of(proof_type: str) -> str:
    """The data model version that a suite or form signs under our own API."""
    return "1.1" if proof_type in _MODEL_1_1 else "2.0"


def vct_address(public_url: str, name: str) -> str:
    """The type of our SD-JWT VCs: where its metadata is published."""
    return f"{public_url}/vct/{name}"


def signs_for_office(issuer: DIDRecord) -> bool:
    """Tell whether an issuer signs SD-JWT VCs in the office's name; all others do so in that of their DID.

    A DID with an owner never does: everybody with an account may make one, name it as they like, and export its keys.
    """
    return issuer.owner_user_id is None and issuer.kind in (DIDKind.ORGANIZATION, DIDKind.PLATFORM)


def token_list_address(public_url: str, list_id: str) -> str:
    """Where a list is published as a token, for credentials that are SD-JWTs."""
    return f"{public_url}/status/{list_id}/token"


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
class Shape:
    """What a further form of a credential needs beside its claims.

    Args:
        form: The form.
        type_name: Names the type of an SD-JWT VC in its address.
        holder_key: The key that an SD-JWT VC is bound to.
        achievement: What an Open Badge is given for.
    """

    form: CredentialFormat
    type_name: str | None = None
    holder_key: PublicKey | None = None
    achievement: Achievement | None = None


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
        shape: What the form of the credential needs beside its claims; None for a document with an embedded proof.
        anchor: Whether it is anchored with its storing, where the office anchors.
        mandatory_pointers: JSON pointers of what the caller wants every derived proof to show.
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
    shape: Shape | None = None
    anchor: bool = False
    mandatory_pointers: tuple[str, ...] = ()

    @property
    def form(self) -> CredentialFormat:
        """The form in which the credential leaves."""
        return self.shape.form if self.shape is not None else CredentialFormat.LDP_VC

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
                    **({"form": self.form.value} if self.shape is not None else {}),
                    **({"anchor": True} if self.anchor else {}),
                    **({"mandatoryPointers": list(self.mandatory_pointers)} if self.mandatory_pointers else {}),
                }
            )
        ).digest()


@dataclass(frozen=True, slots=True)
class CopyWish:
    """A further form of a credential that stands already: whose words, for whom, in which shape.

    Args:
        claims: Of the verified document.
        types: What the copy is, beside VerifiableCredential.
        proof_type: The suite, or a token's form.
        purposes: As the credential itself has them.
        mandatory_pointers: What its issuer let every derived proof show, beside what always stands.
    """

    issuer_did: str
    schema_id: str
    holder_did: str
    claims: Mapping[str, JSONValue]
    expiration: datetime | None
    types: tuple[str, ...]
    proof_type: str
    purposes: tuple[StatusPurpose, ...]
    shape: Shape | None
    mandatory_pointers: tuple[str, ...] = ()


def unsigned_document(order: IssuanceOrder, reservation: Reservation, public_url: str) -> dict[str, JSONValue]:
    """Build the document to sign, from the reservation and its order alone (step 4)."""
    entries = _entries(order, reservation, public_url)
    if order.is_document:
        return _completed(order, reservation, entries)
    assert order.schema is not None
    if order.form is CredentialFormat.OPEN_BADGE:
        return _badge(order, reservation, entries)
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


def _badge(
    order: IssuanceOrder, reservation: Reservation, entries: tuple[dict[str, JSONValue], ...]
) -> dict[str, JSONValue]:
    assert order.shape is not None
    assert order.shape.achievement is not None
    return build_open_badge(
        BadgeParts(
            credential_id=reservation.credential_id,
            issuer_did=order.issuer.did,
            issuer_name=order.issuer.name or order.issuer.did,
            subject_id=order.holder_did,
            achievement=order.shape.achievement,
            valid_from=reservation.reserved_at,
            valid_until=order.expiration,
            status=entries,
        )
    )


def sd_jwt_claims(order: IssuanceOrder, reservation: Reservation, public_url: str) -> dict[str, Claims]:
    """Build the payload of an SD-JWT VC before its claims are concealed, from the reservation and its order alone."""
    assert order.shape is not None
    assert order.shape.type_name is not None
    place = reservation.place
    return sd_jwt_vc_claims(
        SdJwtVcParts(
            issuer=public_url if signs_for_office(order.issuer) else order.issuer.did,
            vct=vct_address(public_url, order.shape.type_name),
            claims=order.content,
            holder_key=order.shape.holder_key,
            issued_at=reservation.reserved_at,
            subject=order.holder_did,
            credential_id=reservation.credential_id,
            expires_at=order.expiration,
            status=(token_list_address(public_url, place.list_id), place.index) if place is not None else None,
        )
    )


def _contexts(order: IssuanceOrder, schema: SchemaRecord, *, has_status: bool) -> tuple[str, ...]:
    """Contexts after the base one: the schema's, the status list's and the suite's where the base lacks their terms."""
    contexts = [schema.context_url]
    if order.model == "1.1":
        if has_status:
            contexts.append(STATUS_LIST_2021_CONTEXT)
        if not order.form.is_text:
            contexts.append(issuing_suite(order.proof_type).contexts[0])
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
