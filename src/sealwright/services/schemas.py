"""The schema registry: register once, list, restrict, deactivate; content never changes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.errors import IssuerNotFound, RoleRequired, SchemaExists, SchemaNotFound
from sealwright.domain.people import Caller
from sealwright.domain.schemas import SchemaRecord
from sealwright.services.access import Access
from sealwright.services.catalog_builtin import DELEGATION_SCHEMAS, list_builtin
from sealwright.services.ports import Clock, Page, UnitOfWork, UnitOfWorkFactory
from sealwright.services.schema_shelf import SchemaShelf
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.delegation.reading import DELEGATION_TYPE
from sealwright.vc.dids.syntax import parse_did
from sealwright.vc.encoding.strict_json import JSONValue, dump_json
from sealwright.vc.errors import SchemaInvalid
from sealwright.vc.schemas.contexts import build_context, context_url
from sealwright.vc.schemas.registration import check_context_signs_everything
from sealwright.vc.schemas.vetting import vet_schema

_PROVED_AT_MOST: Final = 64


@dataclass(frozen=True, slots=True)
class NewSchema:
    """A schema to register; `schema_id` None takes ``did:adi:schema:<name>-v<major>``."""

    name: str
    type: tuple[str, ...]
    schema: Mapping[str, JSONValue]
    version: str = "1.0"
    author: str | None = None
    description: str | None = None
    schema_id: str | None = None
    restricted: bool = False
    allowed_issuers: tuple[str, ...] = ()
    revocation_required: bool = False
    credential_type: str | None = None


class SchemaDesk:
    """The engine of the schema registry. Every writing method needs the registry lock."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        access: Access,
        shelf: SchemaShelf,
        contexts: ContextStore,
        clock: Clock,
        public_url: str,
    ) -> None:
        self._units = units
        self._access = access
        self._shelf = shelf
        self._contexts = contexts
        self._clock = clock
        self._public_url = public_url
        self._proved: dict[tuple[str, str, tuple[str, ...], bytes], bytes] = {}

    def prove(self, wish: NewSchema) -> bytes:
        """Vet a schema, generate its context, and prove on samples that the context signs every claim.

        Takes up to a second, so doors call it before they open the registering transaction, which then
        finds the outcome remembered.

        Raises:
            SchemaInvalid, SchemaRefNotAllowed, SchemaTooComplex, TermConflict: By content.
        """
        content = dump_json(dict(wish.schema))
        mark = (wish.name, wish.version, wish.type, hashlib.sha256(content).digest())
        known = self._proved.get(mark)
        if known is not None:
            return known
        vet_schema(wish.schema)
        context = build_context(
            wish.schema, types=wish.type, base_url=self._public_url, name=wish.name, version=wish.version
        )
        url = context_url(self._public_url, wish.name, wish.version)
        check_context_signs_everything(wish.schema, context, self._contexts, url=url, types=wish.type)
        if len(self._proved) >= _PROVED_AT_MOST:
            self._proved.clear()
        self._proved[mark] = context
        return context

    def register(self, uow: UnitOfWork, caller: Caller, wish: NewSchema) -> SchemaRecord:
        """Keep a schema and its context, after proving them.

        Raises:
            RoleRequired, NotDIDOwner, IssuerNotFound: Not an admin, nor an author with a DID of their own.
            SchemaInvalid, SchemaRefNotAllowed, SchemaTooComplex, UndefinedTerm, TermConflict: By content.
            SchemaInvalid: Its type stands for delegations.
            SchemaExists: The id, or name and version, is taken.
        """
        author = self._author(uow, caller, wish.author)
        _require_no_delegation(wish)
        return self._keep(uow, caller, wish, author)

    def add_builtin(
        self, uow: UnitOfWork, caller: Caller, wish: NewSchema, like: SchemaRecord | None = None
    ) -> SchemaRecord:
        """Keep a schema that every office has, for the program itself, after proving it.

        Args:
            like: The one that it is a later version of: whoever may use that, may use this.

        Raises:
            SchemaExists: The id, or name and version, is taken.
        """
        return self._keep(uow, caller, wish, None, like)

    def _keep(
        self,
        uow: UnitOfWork,
        caller: Caller,
        wish: NewSchema,
        author: str | None,
        like: SchemaRecord | None = None,
    ) -> SchemaRecord:
        schema_id = wish.schema_id or f"did:adi:schema:{wish.name}-v{wish.version.partition('.')[0]}"
        parse_did(schema_id)
        if uow.schemas.get(schema_id) is not None or uow.schemas.by_name(wish.name, wish.version) is not None:
            raise SchemaExists(f"{schema_id}, or {wish.name} {wish.version}, is registered already.")
        context = self.prove(wish)
        content = dump_json(dict(wish.schema))
        record = SchemaRecord(
            schema_id=schema_id,
            name=wish.name,
            version=wish.version,
            type=wish.type,
            description=wish.description,
            author=author,
            content=content,
            context_url=context_url(self._public_url, wish.name, wish.version),
            context=context,
            sha256=hashlib.sha256(content).hexdigest(),
            restricted=wish.restricted,
            allowed_issuers=self._issuers(uow, wish.allowed_issuers),
            revocation_required=wish.revocation_required,
            active=True,
            created_at=self._clock.now(),
            credential_type=wish.credential_type,
        )
        if like is not None:
            record = replace(
                record, restricted=like.restricted, allowed_issuers=like.allowed_issuers, active=like.active
            )
        uow.schemas.add(record)
        self._record(uow, caller, "schema.registered", record)
        return record

    def update(
        self,
        uow: UnitOfWork,
        caller: Caller,
        schema_id: str,
        restricted: bool | None = None,
        allowed_issuers: Sequence[str] | None = None,
    ) -> SchemaRecord:
        """Change who may use a schema. Raises SchemaNotFound, RoleRequired, IssuerNotFound."""
        record = self._own(uow, caller, schema_id)
        changed = replace(
            record,
            restricted=record.restricted if restricted is None else restricted,
            allowed_issuers=(
                record.allowed_issuers if allowed_issuers is None else self._issuers(uow, allowed_issuers)
            ),
        )
        if changed != record:
            uow.schemas.update(changed)
            self._record(uow, caller, "schema.updated", changed)
        return changed

    def deactivate(self, uow: UnitOfWork, caller: Caller, schema_id: str) -> SchemaRecord:
        """Allow no new credentials; old ones verify on. Deactivating an inactive schema changes nothing."""
        return self._switch(uow, caller, schema_id, active=False, action="schema.deactivated")

    def reactivate(self, uow: UnitOfWork, caller: Caller, schema_id: str) -> SchemaRecord:
        """Allow new credentials again."""
        return self._switch(uow, caller, schema_id, active=True, action="schema.reactivated")

    def get(self, schema_id: str) -> SchemaRecord:
        """A schema by id; raises SchemaNotFound."""
        with self._units(write=False) as uow:
            return _found(uow.schemas.get(schema_id), schema_id)

    def list(self, *, active: bool | None, limit: int, cursor: str | None) -> Page[SchemaRecord]:
        """Schemas, newest first; raises InvalidPagination."""
        with self._units(write=False) as uow:
            return uow.schemas.list(active=active, limit=limit, cursor=cursor)

    def context(self, name: str, version: str) -> bytes:
        """The JSON-LD context of a schema; raises SchemaNotFound."""
        with self._units(write=False) as uow:
            return _found(uow.schemas.by_name(name, version), f"{name} {version}").context

    def check(self, schema_id: str, claims: Mapping[str, JSONValue]) -> None:
        """Check claims beforehand, as issuing would.

        Raises:
            SchemaNotFound: No such schema.
            ReservedKey, ClaimsTooLarge, InvalidCharacter, UnsignableValue, NumberOutOfRange: By form.
            ClaimsDoNotMatchSchema: By the schema, every fault at once.
        """
        self._shelf.check_claims(self.get(schema_id), claims)

    def _author(self, uow: UnitOfWork, caller: Caller, author: str | None) -> str | None:
        if author is None:
            if not caller.is_admin:
                raise RoleRequired("Whoever is no admin registers schemas for a DID of their own (author).")
            return None
        did = uow.dids.get(author)
        if did is None:
            raise IssuerNotFound(f"No issuer DID {author} is kept here.")
        self._access.require_issuer(caller, did)
        return did.did

    def _own(self, uow: UnitOfWork, caller: Caller, schema_id: str) -> SchemaRecord:
        record = _found(uow.schemas.get(schema_id), schema_id)
        author = uow.dids.get(record.author) if record.author is not None else None
        if not caller.is_admin and (author is None or not self._access.may_act_for(caller, author)):
            raise RoleRequired("A schema is changed by its author or an admin.")
        return record

    def _switch(self, uow: UnitOfWork, caller: Caller, schema_id: str, *, active: bool, action: str) -> SchemaRecord:
        record = self._own(uow, caller, schema_id)
        if record.active is active:
            return record
        changed = replace(record, active=active)
        uow.schemas.update(changed)
        self._record(uow, caller, action, changed)
        return changed

    @staticmethod
    def _issuers(uow: UnitOfWork, references: Sequence[str]) -> tuple[str, ...]:
        canonical = []
        for reference in references:
            did = uow.dids.get(reference)
            if did is None:
                raise IssuerNotFound(f"No issuer DID {reference} is kept here.")
            canonical.append(did.did)
        return tuple(dict.fromkeys(canonical))

    def _record(self, uow: UnitOfWork, caller: Caller, action: str, record: SchemaRecord) -> None:
        uow.audit.append(
            AuditEntry(
                actor=caller.actor,
                request_id=caller.request_id,
                action=action,
                object_type="schema",
                object_id=record.schema_id,
                at=self._clock.now(),
                after={"active": record.active, "restricted": record.restricted},
                data={"sha256": record.sha256, "allowedIssuers": list(record.allowed_issuers)},
            )
        )


def _require_no_delegation(wish: NewSchema) -> None:
    """Refuse schemas whose credentials would pass for delegations, without the guard that stands before those."""
    if DELEGATION_TYPE not in wish.type and wish.schema_id not in DELEGATION_SCHEMAS:
        return
    ours = next((one for one in list_builtin() if one.schema_id == wish.schema_id), None)
    if ours is None or (wish.type, dict(wish.schema)) != (ours.type, dict(ours.schema)):
        raise SchemaInvalid(f"Credentials of type {DELEGATION_TYPE} are made by the built-in schemas alone.")


def _found(record: SchemaRecord | None, name: str) -> SchemaRecord:
    if record is None:
        raise SchemaNotFound(f"No credential schema {name} is registered.")
    return record
