"""Further forms of a credential, made for wallets and downloads, each signed along the guarded road.

A copy says what the verified source says, under the same grant, with a status entry of its own. It is made while the
source and its grant are in force, which is looked at again in both transactions of the road, and it ends with them.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sealwright.domain.catalog import CredentialType
from sealwright.domain.credentials import (
    CredentialRecord,
    CredentialStatus,
    IdempotencyScope,
    StatusPurpose,
)
from sealwright.domain.delivering import require_in_force
from sealwright.domain.delivery_errors import NotDeliverable
from sealwright.domain.errors import CredentialErased, CredentialNotFound, IdempotencyInProgress, SchemaNotFound
from sealwright.domain.formats import CredentialFormat, format_of
from sealwright.domain.grants import Grant
from sealwright.domain.ids import credential_urn
from sealwright.domain.people import Actor, Caller, system_actor
from sealwright.domain.schemas import SchemaRecord
from sealwright.services.catalog_builtin import DELEGATION_SCHEMAS
from sealwright.services.issuance import Issuing
from sealwright.services.mandatory_pointers import asked_pointers
from sealwright.services.orders import CopyWish, IssuanceOrder, OrderGuard, Shape
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import Registry, RegistryView
from sealwright.services.stored_credentials import StoredCredentials
from sealwright.vc.credentials.open_badge import OPEN_BADGE_TYPE, Achievement
from sealwright.vc.encoding.strict_json import parse_json
from sealwright.vc.keys.multikey import PublicKey

BADGE_SUITE: Final = "eddsa-rdfc-2022"
PRINCIPAL: Final = "system:copies"
# More wallets than anybody has; each form costs a signature and a place in a status list for ever.
VALID_AT_MOST: Final = 200
WAIT_SECONDS: Final = 2.0
WAIT_STEP_SECONDS: Final = 0.05


def form_of(record: CredentialRecord) -> CredentialFormat:
    """The form of a stored credential."""
    if OPEN_BADGE_TYPE in record.types and record.copy_of is not None:
        return CredentialFormat.OPEN_BADGE
    return format_of(record.proof_type)


def has_further_forms(record: CredentialRecord) -> bool:
    """Tell whether a credential may be signed again for somebody; a delegation stands in its chain by its own id."""
    return record.schema_id not in DELEGATION_SCHEMAS


@dataclass(frozen=True, slots=True)
class CopyGuard:
    """Looks at the source and its grant again at the moments of effect, then at what the caller's order hangs on.

    Rows are locked in this order everywhere: the grant, the source, what the caller's own guard locks.
    """

    source: CredentialRecord
    inner: OrderGuard | None = None

    @property
    def key(self) -> str:
        """Guards of one transaction are asked in the order of their keys."""
        if self.source.grant_id is not None:
            return f"grant:{self.source.grant_id}"
        return f"source:{self.source.credential_id}"

    def look_again(self, uow: UnitOfWork, order: IssuanceOrder, now: datetime) -> None:
        """Refuse when the source or its grant is not in force any more.

        Raises:
            NotDeliverable: It is so.
        """
        grant = uow.grants.get(self.source.grant_id) if self.source.grant_id is not None else None
        _require_signable(uow.credentials.get(self.source.credential_id), grant, now)
        if self.inner is not None:
            self.inner.look_again(uow, order, now)

    def bind(self, uow: UnitOfWork, order: IssuanceOrder, record: CredentialRecord, now: datetime) -> CredentialRecord:
        """Tie the copy to its source and grant; raises as `look_again`."""
        grant = uow.grants.get_for_update(self.source.grant_id) if self.source.grant_id is not None else None
        source = _require_signable(uow.credentials.get_for_update(self.source.credential_id), grant, now)
        tied = replace(record, copy_of=source.uid, grant_id=source.grant_id)
        return self.inner.bind(uow, order, tied, now) if self.inner is not None else tied


class Copies:
    """The engine of further forms."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        registry: Registry,
        issuing: Issuing,
        stored: StoredCredentials,
        clock: Clock,
        public_url: str,
    ) -> None:
        self._units = units
        self._registry = registry
        self._issuing = issuing
        self._stored = stored
        self._clock = clock
        self._public_url = public_url

    def make(
        self,
        source: CredentialRecord,
        form: CredentialFormat,
        holder_did: str,
        *,
        guard: OrderGuard | None = None,
        scope: IdempotencyScope | None = None,
        actor: Actor | None = None,
        holder_key: PublicKey | None = None,
        request_id: str | None = None,
    ) -> CredentialRecord:
        """Sign a further form of a credential.

        Args:
            source: A primary credential, or one of its copies, which then stands for it.
            form: The form that is wanted.
            holder_did: The subject of the copy.
            guard: Asked in both transactions, after the source and its grant.
            scope: Repeats under it give the first copy again.
            actor: The part of the system that asks; audit rows name it.
            holder_key: The key that the holder proved, for an SD-JWT VC; None takes the first that `holder_did` lists
                for authentication.
            request_id: Of the call, for the audit trail.

        Raises:
            NotDeliverable: The source or its grant is not in force, or it has no such form.
            CredentialErased: Its document is gone.
            IdempotencyInProgress: Somebody else is making it under the same key.
            SigningFailed, StoreUnavailable, IssuingHalted, Sealed, ClockBehind: Nothing was issued.
        """
        source = self._primary(source)
        view = self._registry.current()
        wish = self._wish(source, form, holder_did, holder_key, view)
        caller = Caller(
            actor or system_actor("copies"),
            view.epoch,
            issuer_dids=frozenset({wish.issuer_did}),
            schemas=frozenset({wish.schema_id}),
            request_id=request_id,
        )
        order = self._issuing.check_copy(wish, caller, view, CopyGuard(source, guard))
        return self._issuing.carry_out(order, scope).record

    def for_download(self, record: CredentialRecord, form: CredentialFormat) -> CredentialRecord:
        """The credential in a form for its own holder: itself where it has that form, else a copy, made once.

        Raises:
            As `make`.
        """
        if form_of(record) is form:
            with self._units(write=False) as uow:
                grant = uow.grants.get(record.grant_id) if record.grant_id is not None else None
            return require_in_force(record, grant, self._clock.now())
        source = self._primary(record)
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            scope, made = self._earlier(source, form, record.holder_did)
            if made is not None:
                return made
            try:
                return self.make(source, form, record.holder_did, scope=scope)
            except IdempotencyInProgress:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(WAIT_STEP_SECONDS)

    def _earlier(
        self, source: CredentialRecord, form: CredentialFormat, holder_did: str
    ) -> tuple[IdempotencyScope, CredentialRecord | None]:
        """A valid copy for this holder if there is one, and the key under which the next one is made."""
        now = self._clock.now()
        with self._units(write=False) as uow:
            alike = [
                one
                for one in uow.credentials.copies_of(source.uid)
                if one.holder_did == holder_did and form_of(one) is form
            ]
        valid = next((one for one in alike if one.status_at(now) is CredentialStatus.VALID), None)
        # Copies that ended stay, so their number names the next one: who comes at the same time shares its key.
        key = hashlib.sha256(f"{source.uid}/{form.value}/{holder_did}/{len(alike)}".encode())
        return IdempotencyScope(PRINCIPAL, "make", key.hexdigest(), key.digest()), valid

    def _primary(self, record: CredentialRecord) -> CredentialRecord:
        if record.copy_of is None:
            return record
        with self._units(write=False) as uow:
            source = uow.credentials.get(credential_urn(record.copy_of))
        if source is None:
            raise CredentialNotFound("No such credential.")
        return source

    def _wish(
        self,
        source: CredentialRecord,
        form: CredentialFormat,
        holder_did: str,
        holder_key: PublicKey | None,
        view: RegistryView,
    ) -> CopyWish:
        with self._units(write=False) as uow:
            grant = uow.grants.get(source.grant_id) if source.grant_id is not None else None
            made = uow.credentials.copies_of(source.uid)
        now = self._clock.now()
        _require_signable(source, grant, now)
        if sum(one.status_at(now) is CredentialStatus.VALID for one in made) >= VALID_AT_MOST:
            raise NotDeliverable("There are too many valid forms of this credential; let some be revoked.")
        if source.schema_id is None:
            raise NotDeliverable("A document of somebody's own making has no further forms.")
        if not has_further_forms(source):
            raise NotDeliverable("A delegation has no further forms: what rests on it names this one.")
        schema = view.schema(source.schema_id)
        if schema is None:
            raise SchemaNotFound(f"No credential schema {source.schema_id} is registered.")
        return CopyWish(
            issuer_did=source.issuer_did,
            schema_id=schema.schema_id,
            holder_did=holder_did,
            claims=self._stored.claims(source),
            expiration=source.expires_at,
            types=(OPEN_BADGE_TYPE,) if form is CredentialFormat.OPEN_BADGE else schema.type,
            proof_type=_proof_type(source, form),
            purposes=_purposes(source),
            shape=self._shape(form, schema, view, holder_key or self._stored.holder_key(holder_did, form)),
            mandatory_pointers=_asked(source) if form is CredentialFormat.LDP_VC else (),
        )

    def _shape(
        self, form: CredentialFormat, schema: SchemaRecord, view: RegistryView, holder_key: PublicKey | None
    ) -> Shape | None:
        kind = view.type_by_schema(schema.schema_id)
        if form is CredentialFormat.LDP_VC:
            return None
        if form is CredentialFormat.SD_JWT:
            return Shape(form, type_name=type_name(schema, kind), holder_key=holder_key)
        if form is CredentialFormat.OPEN_BADGE:
            return Shape(form, achievement=achievement_of(schema, kind, self._public_url))
        return Shape(form)


def _require_signable(record: CredentialRecord | None, grant: Grant | None, now: datetime) -> CredentialRecord:
    """Refuse to sign what is not in force again; gives it.

    Raises:
        NotDeliverable: The credential or its grant is not valid now.
        CredentialErased: The document is gone.
    """
    record = require_in_force(record, grant, now)
    if record.document is None:
        raise CredentialErased("The document is gone with its person's data.")
    return record


def type_name(schema: SchemaRecord, kind: CredentialType | None) -> str:
    """How wallets name a kind of credential: the type's value, else the schema's name."""
    return kind.value if kind is not None else schema.name


def achievement_of(schema: SchemaRecord, kind: CredentialType | None, public_url: str) -> Achievement:
    """What a badge of this kind is given for, as the catalog words it."""
    name = kind.label if kind is not None else schema.type[-1]
    description = (kind.description if kind is not None else None) or schema.description or name
    criteria = (kind.criteria if kind is not None else None) or description
    return Achievement(
        id=f"{public_url}/vct/{type_name(schema, kind)}#achievement",
        name=name,
        description=description,
        criteria=criteria,
    )


def _proof_type(source: CredentialRecord, form: CredentialFormat) -> str:
    if form is CredentialFormat.OPEN_BADGE:
        return BADGE_SUITE
    return form.value if form.is_text else source.proof_type


def _asked(source: CredentialRecord) -> tuple[str, ...]:
    """What the issuer of the source wanted every derived proof to show; the document was verified for its claims."""
    document = parse_json(source.document) if source.document and not format_of(source.proof_type).is_text else None
    return asked_pointers(document) if isinstance(document, dict) else ()


def _purposes(source: CredentialRecord) -> tuple[StatusPurpose, ...]:
    wanted = ((StatusPurpose.REVOCATION, source.revocable), (StatusPurpose.SUSPENSION, source.suspendable))
    return tuple(purpose for purpose, is_wanted in wanted if is_wanted)
