"""The catalog of credential types: made, changed, retired, and deleted only while nothing refers to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Final, TypedDict

from sealwright.domain.audit import AuditEntry
from sealwright.domain.catalog import CredentialType, RevocationPolicy, TypeUsage, Visibility
from sealwright.domain.errors import (
    AttachmentNotFound,
    IssuerNotFound,
    PolicyViolation,
    PreconditionFailed,
    SchemaInactive,
    SchemaNotFound,
    SetupRequired,
    TypeExists,
    TypeInUse,
    TypeNotFound,
    VersionConflict,
)
from sealwright.domain.people import AccountRole, Caller
from sealwright.services.catalog_builtin import DELEGATION_SCHEMAS
from sealwright.services.catalog_rules import check_members, default_schema
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.schemas import SchemaDesk

PLATFORM_DID: Final = "platform_did"
DPW_CERTIFIED: Final = "dpw_certified"
SFLUV_VERIFIER: Final = "sfluv_verifier"


class TypeMembers(TypedDict, total=False):
    """What an admin says of a credential type: absent members keep what they were, or their default.

    The meaning of each is told at `domain.catalog.CredentialType`. Without `schema_id` a schema is registered
    for the type; without `issuer_did` the platform's DID signs.
    """

    label: str
    labels: Mapping[str, str]
    visibility: Visibility
    description: str | None
    criteria: str | None
    checklist: Sequence[str]
    questions: Sequence[str]
    badge_attachment_id: str | None
    validity_days: int | None
    renewal_reminder_days: int | None
    target_hours: int | None
    schema_id: str
    issuer_did: str
    revocation_policy: RevocationPolicy
    proof_type: str
    suspendable: bool
    two_person: bool
    approval_note_required: bool


class CatalogDesk:
    """The catalog. Every writing method needs the registry lock."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        schemas: SchemaDesk,
        clock: Clock,
        *,
        default_policy: RevocationPolicy,
    ) -> None:
        self._units = units
        self._schemas = schemas
        self._clock = clock
        self._default_policy = default_policy

    def prepare(self, value: str, members: TypeMembers) -> None:
        """Prove the schema that `create` is going to register, before a transaction is open; takes up to a second.

        Raises:
            InvalidTypeValue, MalformedBody: By what is asked for.
            TypeExists: The value is taken.
        """
        check_members(members)
        if "schema_id" in members:
            return
        wish = default_schema(value, members.get("label", value))
        with self._units(write=False) as uow:
            if uow.types.get(value) is not None:
                raise TypeExists("A credential type of this value exists.")
            left = uow.schemas.by_name(wish.name, wish.version)
        # A schema that a deleted type left behind serves again; its context may tell of another label.
        if left is None:
            self._schemas.prove(wish)

    def create(self, uow: UnitOfWork, caller: Caller, value: str, members: TypeMembers) -> CredentialType:
        """Add a credential type.

        Raises:
            RoleRequired: Not an admin.
            InvalidTypeValue, MalformedBody, UnsupportedProofType, ProofTypeUnavailable: By form.
            TypeExists: The value, or a label that looks like it, is taken.
            SchemaNotFound, SchemaInactive, IssuerNotFound, AttachmentNotFound: By what is named.
            PolicyViolation: By the schema of delegations.
        """
        caller.require_admin()
        check_members(members)
        if uow.types.get(value) is not None:
            raise TypeExists("A credential type of this value exists.")
        now = self._clock.now()
        issuer_did = members.get("issuer_did")
        blank = CredentialType(
            value=value,
            label=members.get("label", value),
            schema_id="",
            issuer_did=_issuer(uow, issuer_did) if issuer_did is not None else _platform(uow),
            created_at=now,
            updated_at=now,
            revocation_policy=self._default_policy,
        )
        schema_id = members.get("schema_id")
        if schema_id is None:
            schema_id = self._own_schema(uow, caller, value, blank.label)
        record = self._with(uow, blank, {**members, "schema_id": schema_id, "issuer_did": blank.issuer_did})
        uow.types.add(record)
        self._record(uow, caller, "credential_type.created", None, record)
        return record

    def update(
        self,
        uow: UnitOfWork,
        caller: Caller,
        value: str,
        members: TypeMembers,
        *,
        expected_version: int | None = None,
        if_match: int | None = None,
    ) -> CredentialType:
        """Change members of a credential type; a change that changes nothing is none.

        Raises:
            TypeNotFound: No such type.
            VersionConflict, PreconditionFailed: It has moved on since it was read.
            And as `create`.
        """
        caller.require_admin()
        before = _found(uow, value)
        _require_version(before, expected_version, if_match)
        check_members(members)
        after = self._with(uow, before, members)
        if after == before:
            return before
        return self._store(uow, caller, "credential_type.updated", before, after)

    def retire(self, uow: UnitOfWork, caller: Caller, value: str) -> CredentialType:
        """Take no new requests and make no new grants; grants already made still open their workflow roles."""
        return self._switch(uow, caller, value, active=False, action="credential_type.retired")

    def reactivate(self, uow: UnitOfWork, caller: Caller, value: str) -> CredentialType:
        """Open a retired type again."""
        return self._switch(uow, caller, value, active=True, action="credential_type.updated")

    def delete(self, uow: UnitOfWork, caller: Caller, value: str) -> None:
        """Take a type away that was never used.

        Raises:
            RoleRequired, TypeNotFound: By caller, by value.
            TypeInUse: Something refers to it; `extra` tells how much of what.
        """
        caller.require_admin()
        record = _found(uow, value)
        usage = uow.types.usage(value)
        if usage.is_used:
            raise TypeInUse("This credential type is in use; it can be retired.", extra={"usage": _spelled(usage)})
        uow.types.delete(value)
        self._record(uow, caller, "credential_type.deleted", record, None)

    def usage(self, caller: Caller, value: str) -> TypeUsage:
        """What refers to a type, for admins. Raises RoleRequired, TypeNotFound."""
        caller.require_admin()
        with self._units(write=False) as uow:
            _found(uow, value)
            return uow.types.usage(value)

    def visible(self, caller: Caller | None) -> tuple[CredentialType, ...]:
        """The types that a caller may see: reviewers and admins all of them, everybody else active public ones."""
        with self._units(write=False) as uow:
            known = uow.types.all()
        if caller is not None and caller.has_role(AccountRole.ISSUER):
            return known
        return tuple(one for one in known if one.active and one.visibility is Visibility.PUBLIC)

    def all(self, caller: Caller, *, active: bool | None = None) -> tuple[CredentialType, ...]:
        """Every type, for admins. Raises RoleRequired."""
        caller.require_admin()
        with self._units(write=False) as uow:
            return tuple(one for one in uow.types.all() if active is None or one.active is active)

    def get(self, caller: Caller, value: str) -> CredentialType:
        """One type that the caller may see; for others an unlisted one too, since its link was given to them.

        Raises:
            TypeNotFound: Unknown, or private to others.
        """
        with self._units(write=False) as uow:
            record = _found(uow, value)
        is_open = record.active and record.visibility is not Visibility.PRIVATE
        if not is_open and not caller.has_role(AccountRole.ISSUER):
            raise TypeNotFound("No such credential type.")
        return record

    def named(self, values: Collection[str]) -> Mapping[str, CredentialType]:
        """Types by value, whatever their state, for showing what somebody holds; unknown ones are left out."""
        with self._units(write=False) as uow:
            return {one.value: one for one in uow.types.all() if one.value in values}

    def ensure_builtin(self, uow: UnitOfWork, caller: Caller) -> tuple[str, ...]:
        """Add the two types that every office starts with, where they are missing; gives the values of both.

        Their schemas must be registered, and the platform's DID made.

        Raises:
            RoleRequired: The caller is neither operator nor admin.
        """
        caller.require_admin()
        for value, members in _BUILTIN.items():
            if uow.types.get(value) is None:
                self.create(uow, caller, value, members)
        return tuple(_BUILTIN)

    def _own_schema(self, uow: UnitOfWork, caller: Caller, value: str, label: str) -> str:
        """Register the schema of a new type; one that a deleted type of this value left behind serves again."""
        wish = default_schema(value, label)
        left = uow.schemas.by_name(wish.name, wish.version)
        if left is None:
            return self._schemas.register(uow, caller, wish).schema_id
        if left.credential_type == value and left.active:
            return left.schema_id
        raise TypeExists("A credential schema of another purpose bears this name; name a schema for the type.")

    def _with(self, uow: UnitOfWork, record: CredentialType, members: TypeMembers) -> CredentialType:
        given: dict[str, Any] = dict(members)
        for name in ("checklist", "questions"):
            if name in given:
                given[name] = tuple(given[name])
        if "labels" in given:
            given["labels"] = dict(given["labels"])
        if "schema_id" in members and members["schema_id"] != record.schema_id:
            _require_schema(uow, members["schema_id"])
        if "issuer_did" in members:
            given["issuer_did"] = _issuer(uow, members["issuer_did"])
        badge = members.get("badge_attachment_id")
        if badge is not None and uow.attachments.get(badge) is None:
            raise AttachmentNotFound("No such uploaded image.")
        return replace(record, **given)

    def _switch(self, uow: UnitOfWork, caller: Caller, value: str, *, active: bool, action: str) -> CredentialType:
        caller.require_admin()
        before = _found(uow, value)
        if before.active is active:
            return before
        return self._store(uow, caller, action, before, replace(before, active=active))

    def _store(
        self, uow: UnitOfWork, caller: Caller, action: str, before: CredentialType, after: CredentialType
    ) -> CredentialType:
        stored = replace(after, version=before.version + 1, updated_at=self._clock.now())
        uow.types.update(stored)
        self._record(uow, caller, action, before, stored)
        return stored

    def _record(
        self, uow: UnitOfWork, caller: Caller, action: str, before: CredentialType | None, after: CredentialType | None
    ) -> None:
        record = after or before
        assert record is not None
        uow.audit.append(
            AuditEntry(
                actor=caller.actor,
                request_id=caller.request_id,
                action=action,
                object_type="credential_type",
                object_id=record.value,
                at=self._clock.now(),
                before=_audited(before) if before is not None else None,
                after=_audited(after) if after is not None else None,
                data=_changed(before, after) if before is not None and after is not None else {},
            )
        )


_BUILTIN: Final[Mapping[str, TypeMembers]] = {
    DPW_CERTIFIED: {
        "label": "Department of Public Works certification",
        "labels": {"es": "Certificación del Departamento de Obras Públicas"},
        "description": "Shows that its holder is trained to work on streets and other public works.",
        "criteria": "Training by the Department of Public Works is finished, and its certificate was shown.",
        "checklist": ("The certificate was seen", "The name on it is the requester's"),
        "schema_id": "did:adi:schema:dpw-certified-v1",
        "suspendable": True,
        "target_hours": 48,
        "renewal_reminder_days": 30,
    },
    SFLUV_VERIFIER: {
        "label": "SFLUV verifier",
        "labels": {"es": "Verificador de SFLUV"},
        "description": "Shows that the community trusts its holder to confirm that work was done.",
        "criteria": "Known to the community, and introduced to how work is verified.",
        "checklist": ("Two members of the community vouch", "The introduction was attended"),
        "schema_id": "did:adi:schema:sfluv-verifier-v1",
        "suspendable": True,
        "target_hours": 72,
        "renewal_reminder_days": 30,
    },
}


def _found(uow: UnitOfWork, value: str) -> CredentialType:
    record = uow.types.get(value)
    if record is None:
        raise TypeNotFound("No such credential type.")
    return record


def _require_version(record: CredentialType, expected: int | None, if_match: int | None) -> None:
    if if_match is not None and if_match != record.version:
        raise PreconditionFailed(f"The current version is {record.version}.")
    if expected is not None and expected != record.version:
        current = {"status": "active" if record.active else "retired", "version": record.version}
        raise VersionConflict(f"The current version is {record.version}.", extra={"current": current})


def _require_schema(uow: UnitOfWork, schema_id: str) -> None:
    record = uow.schemas.get(schema_id)
    if record is None:
        raise SchemaNotFound("No such credential schema is registered.")
    if not record.active:
        raise SchemaInactive("This credential schema is deactivated.")
    if schema_id in DELEGATION_SCHEMAS:
        raise PolicyViolation("Nobody grants delegations; whoever delegates signs them.")


def _issuer(uow: UnitOfWork, reference: str) -> str:
    record = uow.dids.get(reference)
    if record is None:
        raise IssuerNotFound("No such issuer DID is kept here.")
    return record.did


def _platform(uow: UnitOfWork) -> str:
    did = uow.office.get(PLATFORM_DID)
    if did is None:
        raise SetupRequired("The office has no DID of its own yet; set it up first.")
    return did


def _audited(record: CredentialType) -> dict[str, object]:
    return {
        "active": record.active,
        "visibility": record.visibility.value,
        "schemaId": record.schema_id,
        "issuerDid": record.issuer_did,
        "revocationPolicy": record.revocation_policy.value,
        "version": record.version,
    }


def _changed(before: CredentialType, after: CredentialType) -> dict[str, object]:
    """Which members differ, by name: their texts are not for the trail."""
    names = (one.name for one in fields(CredentialType) if one.name not in ("version", "updated_at"))
    return {"changed": sorted(name for name in names if getattr(before, name) != getattr(after, name))}


def _spelled(usage: TypeUsage) -> dict[str, int]:
    return {
        "requests": usage.requests,
        "grants": usage.grants,
        "scopes": usage.scopes,
        "workflow_roles": usage.workflow_roles,
    }
