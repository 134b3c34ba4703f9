"""Checking orders: steps 1 and 2 of the guarded road, and again whatever the registry decides.

The order of the checks is the order in which the contract lets refusals win.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sealwright.domain.credentials import IssuanceRequest, Reservation, StatusPlace, StatusPurpose
from sealwright.domain.dids import DIDRecord, MethodRecord
from sealwright.domain.errors import (
    ExpirationInPast,
    ExpirationTooFar,
    HolderDeactivated,
    IssuerDeactivated,
    IssuerKeyMissing,
    IssuingHalted,
    PolicyViolation,
    SchemaInactive,
    SchemaNotAuthorized,
    Sealed,
    StateConflict,
)
from sealwright.domain.formats import TOKEN_PROOF_TYPES
from sealwright.domain.people import Caller
from sealwright.domain.schemas import SchemaRecord
from sealwright.services.access import Access
from sealwright.services.given_documents import as_list, document_date, id_of, placed_subjects, subject_id, subjects
from sealwright.services.holder_standing import Holders
from sealwright.services.order_guards import DelegationGate, TypeGate, TypeGuard
from sealwright.services.orders import (
    CopyWish,
    IssuanceOrder,
    OrderGuard,
    data_model_of,
    unsigned_document,
)
from sealwright.services.ports import Clock, KeyStore, UnitOfWorkFactory
from sealwright.services.registry import RegistryView
from sealwright.services.schema_shelf import SchemaShelf
from sealwright.services.signable import prove_signable
from sealwright.services.status_keys import require_status_key
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.credentials.model import CREDENTIALS_V1
from sealwright.vc.credentials.structure import check_credential
from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.vc.errors import ClaimsDoNotMatchSchema
from sealwright.vc.proofs.registry import issuing_suite
from sealwright.vc.proofs.signing import with_suite_context

# Tokens are signed by the key that signs these suites: Ed25519, or P-256 where the issuer has no other.
TOKEN_SUITES: Final = ("Ed25519Signature2020", "ecdsa-rdfc-2019")
_PREVIEW_UID: Final = UUID("00000000-0000-7000-8000-000000000000")


@dataclass(frozen=True, slots=True)
class DocumentOptions:
    """What a VC-API caller may choose about the proof and the status of their own document."""

    proof_type: str | None = None
    created: datetime | None = None
    credential_id: str | None = None
    status_purposes: tuple[StatusPurpose, ...] = ()
    mandatory_pointers: tuple[str, ...] = ()


class OrderChecks:
    """Turns what was asked into orders that may be signed."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        access: Access,
        schemas: SchemaShelf,
        keys: KeyStore,
        resolver: DIDResolver,
        canon: Canonicalizer,
        clock: Clock,
        public_url: str,
        expiration_max_years: int,
        delegations: DelegationGate,
        gate: TypeGate | None = None,
    ) -> None:
        self._units = units
        self._access = access
        self._schemas = schemas
        self._keys = keys
        self.holders = Holders(resolver)
        self._canon = canon
        self._clock = clock
        self._public_url = public_url
        self._max_years = expiration_max_years
        self._delegations = delegations
        self._gate = gate

    def check(
        self, request: IssuanceRequest, caller: Caller, view: RegistryView, guard: OrderGuard | None = None
    ) -> IssuanceOrder:
        """Check a request whole and authorize it.

        Args:
            guard: Of a grant that stands already; without one, a credential type's schema brings its own.

        Raises:
            IssuerNotFound, SchemaNotFound, HolderNotFound, UnsupportedDIDMethod, InvalidDID: (1), existence.
            IssuerNotAuthorized, SchemaNotAuthorized, OutOfScope, SelfDecision: (1), authority.
            IssuerDeactivated, IssuerKeyMissing, SchemaInactive, HolderDeactivated: (1), state.
            NotAnApprovedImprover, GrantInForce: (1), state, for a credential type's schema.
            ReservedKey, ClaimsTooLarge, InvalidCharacter, ClaimsDoNotMatchSchema, UndefinedTerm, UnsignableValue: (2).
            DerivationInvalid: (2), of what shall always be shown.
            ExpirationInPast, ExpirationTooFar, PolicyViolation: (2), dates and policy.
            DelegationNotFound, DelegationRefused: (2), of what delegates.
            IssuingHalted, Sealed: the office does not issue now.
        """
        # (1) issuer, schema and authority
        issuer = self._access.issuer(request.issuer_did, view)
        schema = self._access.schema(request.schema_id, view)
        holder, holder_active = self.holders.standing(request.holder_did, view)
        self._access.require_issuer(caller, issuer)
        self._access.require_schema(caller, issuer, schema)
        typed = self.guard_for(schema, holder, view) if guard is None else None
        if typed is not None:
            typed.require_authority(caller, view)
        expiration = request.expiration
        if expiration is None and typed is not None:
            expiration = typed.end_of_grant(self._clock.now())
        order = IssuanceOrder(
            caller=caller,
            issuer=issuer,
            method=_signing_method(issuer, request.proof_type),
            schema=schema,
            holder_did=holder,
            content=request.claims,
            is_document=False,
            proof_type=request.proof_type,
            model=data_model_of(request.proof_type),
            types=schema.type,
            purposes=purposes_of(revocable=request.revocable, suspendable=request.suspendable),
            issued_from=None,
            expiration=expiration,
            created=None,
            external_id=None,
            guard=guard or typed,
            anchor=request.anchor,
            mandatory_pointers=request.mandatory_pointers,
        )
        _require_active(schema)
        if not holder_active:
            raise HolderDeactivated(f"{holder} is deactivated.")
        if typed is not None:
            typed.require_state(view)
        # (2) claims against the credential schema; every term defined; dates; policy
        order = replace(order, content=self._schemas.check_claims(schema, request.claims))
        self._prove_signable(order)
        self.check_end(expiration)
        if typed is not None:
            typed.require_policy(revocable=request.revocable)
        if schema.revocation_required and not request.revocable:
            raise PolicyViolation(f"{schema.schema_id} demands revocable credentials.")
        order = self._delegations.guarded(order, view)
        self._require_open(order, view)
        return order

    def check_frame(
        self,
        issuer: DIDRecord,
        schema: SchemaRecord,
        view: RegistryView,
        *,
        proof_type: str,
        revocable: bool,
        is_new: bool = True,
    ) -> MethodRecord:
        """Check what is alike for every credential of a batch; gives what signs them.

        Args:
            is_new: False where each takes the place of another one: the type's policy was met when that was granted.

        Raises:
            IssuerDeactivated, IssuerKeyMissing, SchemaInactive, PolicyViolation: As `check`.
        """
        method = _signing_method(issuer, proof_type)
        if revocable:
            require_status_key(issuer)
        _require_active(schema)
        self._delegations.require_other(schema.schema_id)
        typed = self.guard_for(schema, "", view) if is_new else None
        if typed is not None:
            typed.require_policy(revocable=revocable)
        if schema.revocation_required and not revocable:
            raise PolicyViolation(f"{schema.schema_id} demands revocable credentials.")
        return method

    def check_copy(self, wish: CopyWish, caller: Caller, view: RegistryView, guard: OrderGuard) -> IssuanceOrder:
        """Check a further form of a credential; its end and its policy were judged when that was issued.

        Raises:
            As `check`, but for dates and policy; PolicyViolation of a delegation, which has one form only.
        """
        issuer = self._access.issuer(wish.issuer_did, view)
        schema = self._access.schema(wish.schema_id, view)
        holder, holder_active = self.holders.standing(wish.holder_did, view)
        self._access.require_issuer(caller, issuer)
        self._access.require_schema(caller, issuer, schema)
        self._delegations.require_other(schema.schema_id)
        _require_active(schema)
        if not holder_active:
            raise HolderDeactivated(f"{holder} is deactivated.")
        order = IssuanceOrder(
            caller=caller,
            issuer=issuer,
            method=_signing_method(issuer, wish.proof_type),
            schema=schema,
            holder_did=holder,
            content=self._schemas.check_claims(schema, wish.claims),
            is_document=False,
            proof_type=wish.proof_type,
            model=data_model_of(wish.proof_type),
            types=wish.types,
            purposes=wish.purposes,
            issued_from=None,
            expiration=wish.expiration,
            created=None,
            external_id=None,
            guard=guard,
            shape=wish.shape,
            mandatory_pointers=wish.mandatory_pointers,
        )
        self._prove_signable(order)
        self._require_open(order, view)
        return order

    def check_document(
        self, credential: Mapping[str, JSONValue], options: DocumentOptions, caller: Caller, view: RegistryView
    ) -> IssuanceOrder:
        """Check a caller's own unsigned document (VC-API) and authorize it.

        Raises:
            MalformedDocument and its kin: The document breaks the data model or would not be signed whole.
            IssuerNotFound, IssuerNotAuthorized, IssuerDeactivated, IssuerKeyMissing: As for requests.
            SchemaNotAuthorized: Of a schema that is restricted to others, or of none that the key covers.
            SchemaInactive, HolderDeactivated: As for requests, of kept schemas and kept DIDs.
            ClaimsDoNotMatchSchema: A subject does not match a kept schema that the document names.
            PolicyViolation: Of a credential type, whose credentials are granted; a delegation; or of a schema that
                demands revocable credentials, without a status entry to revoke.
            StateConflict: A credential with this id exists.
        """
        model = check_credential(self._dated(credential), pinned=self._canon.pinned_content).value
        proof_type = options.proof_type or ("Ed25519Signature2020" if model == "1.1" else "eddsa-rdfc-2022")
        issuing_suite(proof_type)
        issuer = self._access.issuer(id_of(credential["issuer"]), view)
        self._access.require_issuer(caller, issuer)
        named = self._require_road(credential, issuer, caller, view)
        document = with_suite_context(credential, proof_type)
        chosen_id = credential.get("id")
        order = IssuanceOrder(
            caller=caller,
            issuer=issuer,
            method=_signing_method(issuer, proof_type),
            schema=None,
            holder_did=subject_id(credential),
            content=document,
            is_document=True,
            proof_type=proof_type,
            model=model,
            types=tuple(str(name) for name in as_list(credential["type"]) if name != "VerifiableCredential"),
            purposes=options.status_purposes,
            issued_from=None,
            expiration=document_date(credential, "expirationDate" if model == "1.1" else "validUntil"),
            created=options.created,
            external_id=chosen_id if isinstance(chosen_id, str) else options.credential_id,
            mandatory_pointers=options.mandatory_pointers,
        )
        self._require_live(order, named, view)
        canonical = self._prove_signable(order)
        self._delegations.require_no_delegation(document, canonical)
        spoken = self._require_no_catalog_words(canonical, view)
        order = replace(order, named_schemas=frozenset(one.schema_id for one in (*named, *spoken)))
        self._require_live(order, spoken, view)
        self._require_schemas_met(order, named, (*named, *spoken))
        self._require_open(order, view)
        if order.external_id is not None:
            self._require_new(order.external_id)
        return order

    def _require_road(
        self, credential: Mapping[str, JSONValue], issuer: DIDRecord, caller: Caller, view: RegistryView
    ) -> tuple[SchemaRecord, ...]:
        """Refuse a document by whose schemas it names; gives the kept ones of them.

        Raises:
            SchemaNotAuthorized, PolicyViolation: By a schema.
        """
        listed = as_list(credential.get("credentialSchema", []))
        named = {str(one.get("id")) if isinstance(one, Mapping) else str(one) for one in listed}
        known = [schema for schema_id in sorted(named) if (schema := view.schema(schema_id)) is not None]
        if caller.schemas is not None and (not known or len(known) != len(named)):
            raise SchemaNotAuthorized("This key signs credentials of the schemas that it covers, and names none here.")
        for schema in known:
            self._access.require_schema(caller, issuer, schema)
            self._delegations.require_other(schema.schema_id)
            _require_no_type(schema, view)
        return tuple(known)

    def _require_live(self, order: IssuanceOrder, schemas: Collection[SchemaRecord], view: RegistryView) -> None:
        """Refuse a document by schemas that are closed to it or ended, or about a kept DID that was ended.

        Raises:
            SchemaNotAuthorized, SchemaInactive, HolderDeactivated: It is so.
        """
        for schema in schemas:
            self._access.require_schema(order.caller, order.issuer, schema)
        for schema in schemas:
            _require_active(schema)
        for subject in subjects(order.content):
            about = view.did(str(subject.get("id", "")))
            if about is not None and not about.is_active:
                raise HolderDeactivated(f"{about.did} is deactivated.")

    def _require_schemas_met(
        self, order: IssuanceOrder, named: Collection[SchemaRecord], used: Collection[SchemaRecord]
    ) -> None:
        """Refuse what our own verifier would refuse under the schemas that the document names.

        Raises:
            ClaimsDoNotMatchSchema: A subject does not match; the faults point into the document.
            PolicyViolation: One that it uses demands revocable credentials.
        """
        for schema in named:
            for place, subject in placed_subjects(order.content):
                claims = {name: value for name, value in subject.items() if name != "id"}
                try:
                    self._schemas.validator(schema).check(claims)
                except ClaimsDoNotMatchSchema as error:
                    faults = tuple(replace(fault, pointer=place + fault.pointer) for fault in error.faults)
                    raise ClaimsDoNotMatchSchema(str(error), faults=faults) from error
        for schema in used:
            if schema.revocation_required and StatusPurpose.REVOCATION not in order.purposes:
                raise PolicyViolation(f"{schema.schema_id} demands revocable credentials.")

    def _require_no_catalog_words(self, canonical: bytes, view: RegistryView) -> tuple[SchemaRecord, ...]:
        """Refuse a document that says what a credential type's credentials say, whichever way its contexts put it.

        Gives the other kept schemas whose words it uses.

        Raises:
            PolicyViolation: An identifier of its signed form belongs to the context of a credential type.
        """
        pattern = rb"<" + re.escape(f"{self._public_url}/contexts/".encode()) + rb"([^/#>]+)/([^/#>]+)#"
        spoken = []
        for name, version in sorted(set(re.findall(pattern, canonical))):
            with self._units(write=False) as uow:
                schema = uow.schemas.by_name(name.decode(), version.decode())
            if schema is not None:
                self._delegations.require_other(schema.schema_id)
                _require_no_type(schema, view)
                spoken.append(schema)
        return tuple(spoken)

    def _dated(self, credential: Mapping[str, JSONValue]) -> Mapping[str, JSONValue]:
        """The document as its form is judged: a 1.1 credential without a date is going to get one."""
        contexts = credential.get("@context")
        first = contexts[0] if isinstance(contexts, list) and contexts else None
        if first != CREDENTIALS_V1 or "issuanceDate" in credential:
            return credential
        return {**credential, "issuanceDate": format_timestamp(self._clock.now())}

    def preview(self, order: IssuanceOrder) -> dict[str, JSONValue]:
        """The unsigned document as it would be, with placeholders for what only a reservation gives."""
        return unsigned_document(order, self._imagined(order), self._public_url)

    def _imagined(self, order: IssuanceOrder) -> Reservation:
        place = StatusPlace("slt_preview", 0) if order.purposes else None
        return Reservation(
            uid=_PREVIEW_UID,
            external_id=order.external_id,
            issuer_did=order.issuer.did,
            place=place,
            order_digest=b"",
            key_id=order.method.id,
            proof_type=order.proof_type,
            reserved_at=self._clock.now(),
        )

    def _prove_signable(self, order: IssuanceOrder) -> bytes:
        """As `signable.prove_signable`, with placeholders for what only a reservation gives."""
        return prove_signable(order, self._imagined(order), self._public_url, self._canon)

    def guard_for(self, schema: SchemaRecord, holder_did: str, view: RegistryView) -> TypeGuard | None:
        """The guard of an order against this schema; None where it belongs to no credential type."""
        return self._gate.guard_for(schema, holder_did, view) if self._gate is not None else None

    def check_end(self, expiration: datetime | None) -> None:
        """Refuse an end that no credential may have; raises ExpirationInPast, ExpirationTooFar."""
        if expiration is None:
            return
        now = self._clock.now()
        if expiration <= now:
            raise ExpirationInPast("expirationDate must lie after now.")
        if expiration > _years_after(now, self._max_years):
            raise ExpirationTooFar(f"expirationDate may lie at most {self._max_years} years ahead.")

    def _require_open(self, order: IssuanceOrder, view: RegistryView) -> None:
        if order.purposes:
            require_status_key(order.issuer)
        self.require_open(order.issuer.did, order.schema_ids, view)

    def require_open(self, issuer_did: str, schema_ids: Collection[str], view: RegistryView) -> None:
        """Refuse while the office does not issue, at all or by one of these schemas; raises IssuingHalted, Sealed."""
        for halt in view.halts():
            if halt.covers(issuer_did, schema_ids):
                raise IssuingHalted("Issuing has been halted by an operator.")
        if self._keys.is_sealed:
            raise Sealed("The key-encryption key is absent or does not fit.")

    def _require_new(self, external_id: str) -> None:
        with self._units(write=False) as uow:
            if uow.credentials.get(external_id) is not None:
                raise StateConflict("A credential with this id exists.")

    def recheck(self, order: IssuanceOrder, view: RegistryView) -> IssuanceOrder:
        """Check again what the registry decides, under a newer epoch: caller, issuer, key, schema, halts."""
        caller = self._access.refresh(order.caller, view)
        issuer = self._access.issuer(order.issuer.did, view)
        self._access.require_issuer(caller, issuer)
        schema: SchemaRecord | None = None
        if order.schema is not None:
            schema = self._access.schema(order.schema.schema_id, view)
            self._access.require_schema(caller, issuer, schema)
            _require_active(schema)
        method = _signing_method(issuer, order.proof_type)
        again = replace(order, caller=caller, issuer=issuer, method=method, schema=schema)
        if order.is_document:
            named = [self._access.schema(schema_id, view) for schema_id in sorted(order.named_schemas)]
            self._require_live(again, named, view)
        elif not self.holders.standing(order.holder_did, view)[1]:
            raise HolderDeactivated(f"{order.holder_did} is deactivated.")
        self._require_open(again, view)
        return again


def _require_active(schema: SchemaRecord) -> None:
    if not schema.active:
        raise SchemaInactive(f"{schema.schema_id} is deactivated.")


def _require_no_type(schema: SchemaRecord, view: RegistryView) -> None:
    kind = view.type_by_schema(schema.schema_id)
    if kind is not None:
        raise PolicyViolation(f"Credentials of {kind.value} are granted; issue against its schema instead.")


def _signing_method(issuer: DIDRecord, proof_type: str) -> MethodRecord:
    if not issuer.is_active:
        raise IssuerDeactivated(f"{issuer.did} is deactivated.")
    suites = TOKEN_SUITES if proof_type in TOKEN_PROOF_TYPES else (proof_type,)
    method = next(filter(None, map(issuer.signing_method, suites)), None)
    if method is None:
        raise IssuerKeyMissing(f"{issuer.did} has no active assertion method for {proof_type}.")
    return method


def purposes_of(*, revocable: bool, suspendable: bool) -> tuple[StatusPurpose, ...]:
    """Which status entries a credential gets; none means no entry at all."""
    if not revocable:
        return ()
    return (StatusPurpose.REVOCATION, StatusPurpose.SUSPENSION) if suspendable else (StatusPurpose.REVOCATION,)


def _years_after(moment: datetime, years: int) -> datetime:
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:  # 29 February, and no such day in that year
        return moment.replace(year=moment.year + years, day=28)
