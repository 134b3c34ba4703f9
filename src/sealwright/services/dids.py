"""The DID registry: create, import, update, rotate, deactivate, and read back with every version."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.dids import (
    Custody,
    DIDKind,
    DIDRecord,
    DIDState,
    DIDVersion,
    KeyPurpose,
    MethodState,
    ServiceRecord,
)
from sealwright.domain.errors import (
    AlreadyDeactivated,
    DIDDeactivated,
    DIDExists,
    DIDImmutable,
    DIDRecordNotFound,
    MalformedBody,
    PreconditionFailed,
)
from sealwright.domain.people import Caller, UserId
from sealwright.services.access import Access
from sealwright.services.did_documents import (
    ISSUING_PURPOSES,
    document_bytes,
    given_services,
    is_plain_segment,
    kind_for,
    next_fragment,
    proof_types_of,
)
from sealwright.services.did_keys import DIDKeys, KeyRole, active_roles, can_message, end_methods, may_message
from sealwright.services.did_operators import operator_for
from sealwright.services.ports import Clock, KeyStore, Page, UnitOfWork, UnitOfWorkFactory
from sealwright.services.resolving import generic_document
from sealwright.vc.dids.document import parse_did_document
from sealwright.vc.dids.methods import adi_id_of, did_jwk, did_key, did_web_from_url
from sealwright.vc.dids.syntax import parse_did
from sealwright.vc.encoding.strict_json import JSONValue, dump_json
from sealwright.vc.errors import Fault, InvalidDID, InvalidKey, ProofTypeUnavailable, UnsupportedDIDMethod
from sealwright.vc.keys.jwk import secret_from_private_jwk
from sealwright.vc.keys.multikey import KeyKind, PublicKey

DEFAULT_PROOF_TYPES: Final = ("Ed25519Signature2020",)
_IMMUTABLE_METHODS: Final = frozenset({"key", "jwk"})
# These talk to others from their first day; a person's DID gets its keys for that when it first does.
_MESSAGING_KINDS: Final = frozenset({DIDKind.ORGANIZATION, DIDKind.PLATFORM, DIDKind.AGENT})


def _nothing_listed(_did: str) -> tuple[ServiceRecord, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class NewDID:
    """A wish for a DID whose keys are made and kept here.

    Args:
        listed: Further services, by the DID, which is made here and named in them.
    """

    method: str = "adi"
    kind: DIDKind = DIDKind.HUMAN
    name: str | None = None
    proof_types: tuple[str, ...] = DEFAULT_PROOF_TYPES
    controller: str | None = None
    operator: str | None = None
    services: tuple[ServiceRecord, ...] = ()
    path: str | None = None
    owner: str | None = None
    listed: Callable[[str], tuple[ServiceRecord, ...]] = _nothing_listed


@dataclass(frozen=True, slots=True, repr=False)
class ImportedKey:
    """A key that comes with an imported DID: private, to be kept here, or public only."""

    private_key_jwk: Mapping[str, JSONValue] | None = None
    public_key_multibase: str | None = None
    purposes: tuple[str, ...] = ISSUING_PURPOSES


@dataclass(frozen=True, slots=True)
class ImportedDID:
    """A DID with an id that was given elsewhere."""

    did: str
    kind: DIDKind = DIDKind.HUMAN
    name: str | None = None
    document: Mapping[str, JSONValue] | None = None
    keys: tuple[ImportedKey, ...] = ()
    generate: tuple[str, ...] = ()
    operator: str | None = None
    aliases: tuple[str, ...] = ()
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class DIDChanges:
    """What an update changes; None leaves a member as it is."""

    name: str | None = None
    services: tuple[ServiceRecord, ...] | None = None
    controller: str | None = None


class DIDDesk:
    """The engine of the DID registry. Every writing method needs the registry lock."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        access: Access,
        keys: KeyStore,
        clock: Clock,
        public_url: str,
    ) -> None:
        self._units = units
        self._access = access
        self._keys = keys
        self._clock = clock
        self._public_url = public_url
        self._made = DIDKeys(keys, clock, public_url)

    # -- making ------------------------------------------------------------------------------------

    def create(self, uow: UnitOfWork, caller: Caller, wish: NewDID) -> DIDRecord:
        """Make a DID with keys kept here.

        Raises:
            UnsupportedDIDMethod, ProofTypeUnavailable, UnsupportedProofType: By method or proof type.
            NotDIDOwner: The operator of an agent is somebody else's.
            MalformedBody: An agent without an active operator that is none; a path that did:web cannot have; proof
                types of several kinds of key, or of one that the method cannot hold, for did:key and did:jwk.
            DIDExists: The did:web is taken.
            Sealed: Keys cannot be made now.
        """
        owner = self._owner(uow, caller, wish)
        kinds = _kinds_for(wish.method, wish.proof_types)
        wish = replace(wish, operator=operator_for(uow, caller, wish.kind, wish.operator))
        if wish.method == "web":
            record = self._blank(self._web_did(wish.path), wish, owner)
            _require_free(uow, record.did)
        elif wish.method in ("adi", "key", "jwk"):
            record = self._named_after_key(uow, wish, owner, kinds.pop(0))
        else:
            raise UnsupportedDIDMethod(f"DIDs of method did:{wish.method} are not made here.")
        for kind in kinds:
            record = self._made.with_new_key(uow, record, KeyPurpose.CREDENTIALS, kind)
        if wish.method in ("adi", "web"):
            record = replace(record, services=(*record.services, *wish.listed(record.did)))
            record = self._made.with_new_key(uow, record, KeyPurpose.STATUS_LISTS)
            if wish.kind in _MESSAGING_KINDS:
                record = self._made.with_messaging(uow, record)
        record = replace(record, document=_published(record))
        uow.dids.add(record)
        self._record(uow, caller, "did.created", record)
        return record

    def import_did(self, uow: UnitOfWork, caller: Caller, wish: ImportedDID) -> DIDRecord:
        """Take over a DID with a given id; for admins.

        Raises:
            RoleRequired: Not an admin.
            InvalidDID, InvalidKey, MalformedDocument: The id, a key or the document is not sound.
            DIDExists, KeyInUse: The id, an alias or a key is taken.
        """
        caller.require_admin()
        did = parse_did(wish.did)
        kinds = _kinds_for(did.method, wish.generate, "/generate")
        wish = replace(wish, operator=operator_for(uow, caller, wish.kind, wish.operator))
        shape = NewDID(method=did.method, kind=wish.kind, name=wish.name, operator=wish.operator)
        record = self._blank(wish.did, shape, UserId(wish.owner) if wish.owner else None)
        for alias in wish.aliases:
            parse_did(alias)
        record = replace(record, aliases=tuple(dict.fromkeys(wish.aliases)))
        _require_free(uow, record.did, *record.aliases)
        for key in wish.keys:
            record = self._with_imported_key(uow, record, key)
        for kind in kinds:
            record = self._made.with_new_key(uow, record, KeyPurpose.CREDENTIALS, kind)
        if wish.document is not None:
            record = self._with_given_document(record, wish.document)
        else:
            if any(method.custody is Custody.SERVER for method in record.methods) and did.method in ("adi", "web"):
                record = self._made.with_new_key(uow, record, KeyPurpose.STATUS_LISTS)
                if wish.kind in _MESSAGING_KINDS:
                    record = self._made.with_messaging(uow, record)
            record = replace(record, document=_published(record))
        uow.dids.add(record)
        self._record(uow, caller, "did.imported", record)
        return record

    # -- changing ----------------------------------------------------------------------------------

    def update(
        self, uow: UnitOfWork, caller: Caller, did: str, changes: DIDChanges, expected_version: int | None = None
    ) -> DIDRecord:
        """Change name, services or controller.

        Raises:
            DIDRecordNotFound, NotDIDOwner, DIDImmutable, DIDDeactivated: By what the DID is.
            PreconditionFailed: Another version is current.
        """
        record = self._changeable(uow, caller, did)
        if expected_version is not None and expected_version != record.version:
            raise PreconditionFailed(f"The current version is {record.version}.")
        changed = replace(
            record,
            name=changes.name if changes.name is not None else record.name,
            services=changes.services if changes.services is not None else record.services,
            controller=changes.controller if changes.controller is not None else record.controller,
        )
        return self._store(uow, caller, record, changed, "did.updated")

    def rotate(
        self,
        uow: UnitOfWork,
        caller: Caller,
        did: str,
        proof_type: str | None = None,
        *,
        compromised: bool = False,
    ) -> DIDRecord:
        """Give the DID new keys; the old ones retire, or count as compromised and verify nothing any more.

        Args:
            uow: A unit of work with the registry lock.
            caller: The owner, or an admin.
            did: Id or alias.
            proof_type: Only keys that sign this are replaced; a DID that has none yet gets one.
            compromised: The old keys are known to be out.

        Raises:
            DIDRecordNotFound, NotDIDOwner, DIDImmutable, DIDDeactivated: By what the DID is.
            UnsupportedProofType, ProofTypeUnavailable: Keys for it are not made here, or none can be compromised.
        """
        record = self._changeable(uow, caller, did)
        roles = active_roles(record.methods, proof_type)
        if proof_type is not None and not roles:
            roles = (self._missing_role(record, proof_type, compromised=compromised),)
        now = self._clock.now()
        state = MethodState.COMPROMISED if compromised else MethodState.RETIRED
        changed = record
        for role in roles:
            changed = replace(changed, methods=end_methods(uow, changed.methods, role, state, now))
            changed = self._made.with_new_key(uow, changed, role.use, role.kind)
        action = "did.key_compromised" if compromised else "did.key_rotated"
        return self._store(uow, caller, record, changed, action)

    @staticmethod
    def _missing_role(record: DIDRecord, proof_type: str, *, compromised: bool) -> KeyRole:
        """The role of a first key for a proof type, at a DID whose keys are kept here."""
        role = KeyRole(KeyPurpose.CREDENTIALS, kind_for(proof_type))
        is_kept = any(method.custody is Custody.SERVER for method in record.methods)
        if compromised or not is_kept:
            raise ProofTypeUnavailable(f"{record.did} has no key kept here for {proof_type}.")
        return role

    def deactivate(self, uow: UnitOfWork, caller: Caller, did: str) -> tuple[DIDRecord, int]:
        """End a DID for ever; also gives how many of its credentials are in force.

        Raises:
            DIDRecordNotFound, NotDIDOwner: Missing, or somebody else's.
            AlreadyDeactivated: It is.
        """
        record = self._owned(uow, caller, did)
        if not record.is_active:
            raise AlreadyDeactivated(f"{record.did} is deactivated already.")
        now = self._clock.now()
        ended = replace(
            record, state=DIDState.DEACTIVATED, deactivated_at=now, version=record.version + 1, updated_at=now
        )
        uow.dids.update(ended)
        self._record(uow, caller, "did.deactivated", ended)
        return ended, uow.credentials.count_active(record.did, now)

    def enable_messaging(self, uow: UnitOfWork, caller: Caller, did: str) -> DIDRecord:
        """Give a DID what it needs to exchange messages, where it lacks something: a key that agrees, and its endpoint.

        For whoever may send as this DID; that is judged by the caller.

        Raises:
            DIDRecordNotFound: Not kept here.
            DIDDeactivated: It is.
            DIDImmutable: Its document cannot change, and has no key of its own that agrees.
            Sealed: Keys cannot be made now.
        """
        record = _found(uow.dids.get(did), did)
        if not record.is_active:
            raise DIDDeactivated(f"{record.did} is deactivated.")
        if can_message(record):
            return record
        if not may_message(record):
            raise DIDImmutable(f"{record.did} cannot exchange messages: no key kept here agrees for it.")
        return self._store(uow, caller, record, self._made.with_messaging(uow, record), "did.updated")

    # -- reading -----------------------------------------------------------------------------------

    def get(self, did: str) -> DIDRecord:
        """A DID kept here, by id or alias; raises DIDRecordNotFound."""
        with self._units(write=False) as uow:
            return _found(uow.dids.get(did), did)

    def list(self, caller: Caller, *, limit: int, cursor: str | None) -> Page[DIDRecord]:
        """The caller's DIDs; all of them for an admin. Raises RoleRequired, InvalidPagination."""
        person = caller.require_person()
        owner = None if caller.is_admin or person is None else person.user_id
        with self._units(write=False) as uow:
            return uow.dids.list(owner=owner, limit=limit, cursor=cursor)

    def versions(self, did: str) -> tuple[DIDVersion, ...]:
        """Every version of the document, oldest first; raises DIDRecordNotFound."""
        with self._units(write=False) as uow:
            return uow.dids.versions(_found(uow.dids.get(did), did).did)

    def affected(self, did: str) -> int:
        """How many credentials in force a DID has issued: what deactivating it would touch."""
        with self._units(write=False) as uow:
            return uow.credentials.count_active(did, self._clock.now())

    # -- parts -------------------------------------------------------------------------------------

    def _owner(self, uow: UnitOfWork, caller: Caller, wish: NewDID) -> UserId | None:
        if caller.api_key_id is not None:
            key = uow.api_keys.get(caller.api_key_id)
            return key.owner_user_id if key else None
        person = caller.require_person()
        # The platform's DID belongs to the office, not to the admin who happened to make it.
        if person is not None and not (wish.kind is DIDKind.PLATFORM and caller.is_admin):
            return person.user_id
        return UserId(wish.owner) if wish.owner is not None else None

    def _blank(self, did: str, wish: NewDID, owner: UserId | None) -> DIDRecord:
        now = self._clock.now()
        return DIDRecord(
            did=did,
            method=parse_did(did).method,
            kind=wish.kind,
            name=wish.name,
            state=DIDState.ACTIVE,
            controller=wish.controller,
            operator=wish.operator,
            owner_user_id=owner,
            aliases=(),
            methods=(),
            services=wish.services,
            document=b"",
            version=1,
            created_at=now,
            updated_at=now,
        )

    def _web_did(self, path: str | None) -> str:
        url = self._public_url if path is None else f"{self._public_url}/dids/{path}"
        if path is not None and not is_plain_segment(path):
            fault = Fault("/path", "INVALID_VALUE", "A path is 1 to 64 letters, digits, dots, hyphens or underscores.")
            raise MalformedBody(fault.detail, faults=[fault])
        return did_web_from_url(url)

    def _named_after_key(self, uow: UnitOfWork, wish: NewDID, owner: UserId | None, kind: KeyKind) -> DIDRecord:
        def naming(public_key: bytes) -> tuple[str, str]:
            key = PublicKey(kind, public_key)
            if wish.method == "key":
                did = did_key(key)
                return f"{did}#{key.multikey}", did
            if wish.method == "jwk":
                did = did_jwk(key)
                return f"{did}#0", did
            did = adi_id_of(key, agent=wish.kind is DIDKind.AGENT)
            return f"{did}#key-1", did

        made, key_id, did = self._keys.generate_named(naming, use=KeyPurpose.CREDENTIALS, algorithm=kind)
        record = self._blank(did, wish, owner)
        return replace(record, methods=self._made.keep(uow, made, key_id, KeyPurpose.CREDENTIALS, kind))

    def _with_imported_key(self, uow: UnitOfWork, record: DIDRecord, key: ImportedKey) -> DIDRecord:
        use = KeyPurpose.CREDENTIALS
        key_id = f"{record.did}#{next_fragment(record.methods, use)}"
        if key.private_key_jwk is not None:
            kind, secret = secret_from_private_jwk(key.private_key_jwk)
            made = self._keys.import_seed(secret.reveal(), key_id=key_id, did=record.did, use=use, algorithm=kind)
            kept = self._made.keep(uow, made, key_id, use, kind)
            return replace(
                record, methods=(*record.methods, *(replace(method, purposes=key.purposes) for method in kept))
            )
        if key.public_key_multibase is None:
            raise InvalidKey("A key needs privateKeyJwk or publicKeyMultibase.")
        method = self._made.external(key_id, key.public_key_multibase, key.purposes)
        return replace(record, methods=(*record.methods, method))

    def _with_given_document(self, record: DIDRecord, source: Mapping[str, JSONValue]) -> DIDRecord:
        """Keep a document as it was given; its keys are external, but for those that came with it."""
        document = parse_did_document(source)
        if document.id != record.did:
            raise InvalidDID("The document's id is not the DID that is imported.")
        ours = {method.public_key_multibase: method for method in record.methods if method.shares_key_of is None}
        methods = []
        for method in document.verification_methods:
            listed = tuple(p for p in (*ISSUING_PURPOSES, "keyAgreement") if method.id in document.relationship(p))
            known = ours.get(method.public_key.multikey)
            if known is not None and known.id != method.id:
                # The same key once more, in another form; the private key is kept under its first id.
                known = replace(known, id=method.id, shares_key_of=known.id)
            if method.public_key.kind != "X25519":
                text = method.public_key.multikey
                base = known or self._made.external(method.id, text, listed)
                signs = proof_types_of(text, method.type)
                methods.append(replace(base, type=method.type, proof_types=signs, purposes=listed))
        if any(method.id not in {one.id for one in methods} for method in ours.values()):
            raise InvalidDID("An imported key is not listed in the given document, or under another id.")
        services = given_services(record.did, source)
        return replace(record, methods=tuple(methods), services=services, document=dump_json(dict(source)))

    def _owned(self, uow: UnitOfWork, caller: Caller, did: str) -> DIDRecord:
        record = _found(uow.dids.get(did), did)
        self._access.require_owner(caller, record)
        return record

    def _changeable(self, uow: UnitOfWork, caller: Caller, did: str) -> DIDRecord:
        record = self._owned(uow, caller, did)
        if record.method in _IMMUTABLE_METHODS:
            raise DIDImmutable(f"DIDs of method did:{record.method} never change.")
        if not record.is_active:
            raise DIDDeactivated(f"{record.did} is deactivated.")
        return record

    def _store(self, uow: UnitOfWork, caller: Caller, before: DIDRecord, changed: DIDRecord, action: str) -> DIDRecord:
        changed = replace(changed, version=before.version + 1, updated_at=self._clock.now())
        changed = replace(changed, document=_published(changed))
        uow.dids.update(changed)
        self._record(uow, caller, action, changed)
        return changed

    def _record(self, uow: UnitOfWork, caller: Caller, action: str, record: DIDRecord) -> None:
        uow.audit.append(
            AuditEntry(
                actor=caller.actor,
                request_id=caller.request_id,
                action=action,
                object_type="did",
                object_id=record.did,
                at=self._clock.now(),
                after={"state": record.state.value, "version": record.version},
                data={"keys": {method.id: method.state.value for method in record.methods}},
            )
        )


def _require_free(uow: UnitOfWork, *references: str) -> None:
    """Say that an id is taken before any key is kept for it."""
    for reference in references:
        if uow.dids.get(reference) is not None:
            raise DIDExists(f"{reference} is taken.")


def _found(record: DIDRecord | None, did: str) -> DIDRecord:
    if record is None:
        raise DIDRecordNotFound(f"{did} is not kept here.")
    return record


def _published(record: DIDRecord) -> bytes:
    if record.method in _IMMUTABLE_METHODS:
        return generic_document(record.did)
    return document_bytes(record.did, record.methods, record.services, record.controller)


def _kinds_for(method: str, proof_types: Sequence[str], pointer: str = "/proofTypes") -> list[KeyKind]:
    """The kinds of key that these proof types need, each once, in the order asked for."""
    kinds = list(dict.fromkeys(map(kind_for, proof_types)))
    detail = None
    if method in _IMMUTABLE_METHODS and len(kinds) > 1:
        detail = f"A did:{method} is one key: name proof types of one kind of key."
    elif method == "jwk" and "BLS12-381-G2" in kinds:
        detail = "A did:jwk cannot hold a key for BBS signatures: there is no registered JWK of its kind."
    if detail is not None:
        raise MalformedBody(detail, faults=[Fault(pointer, "INVALID_VALUE", detail)])
    return kinds
