"""The keys of DIDs kept here: making them, keeping them, ending them, and what a DID needs to exchange messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sealwright.domain.dids import (
    Custody,
    DIDRecord,
    KeyPurpose,
    MethodRecord,
    MethodState,
    ServiceRecord,
    StoredKey,
)
from sealwright.protocols.didcomm.endpoints import SERVICE_TYPE, own_service
from sealwright.services.did_documents import (
    AGREEMENT_PURPOSES,
    ISSUING_PURPOSES,
    LIST_PURPOSES,
    Listing,
    listings,
    method_type,
    next_fragment,
    proof_types_of,
)
from sealwright.services.ports import Clock, KeyStore, NewKey, UnitOfWork
from sealwright.vc.dids.verification_method import MULTIKEY
from sealwright.vc.keys.multikey import KeyKind, decode_multikey, encode_multikey

_PURPOSES: Final = {KeyPurpose.STATUS_LISTS: LIST_PURPOSES, KeyPurpose.KEY_AGREEMENT: AGREEMENT_PURPOSES}
MESSAGES_PATH: Final = "/didcomm"


class DIDKeys:
    """Gives records new keys; whoever asks stores the record."""

    def __init__(self, keys: KeyStore, clock: Clock, public_url: str) -> None:
        self._keys = keys
        self._clock = clock
        self._public_url = public_url

    def with_new_key(
        self, uow: UnitOfWork, record: DIDRecord, use: KeyPurpose, kind: KeyKind | None = None
    ) -> DIDRecord:
        """The record with a further key, kept here; of the use's own kind where none is named. Raises Sealed."""
        key_id = f"{record.did}#{next_fragment(record.methods, use)}"
        kind = kind or default_kind(use)
        made = self._keys.generate(key_id=key_id, did=record.did, use=use, algorithm=kind)
        return replace(record, methods=(*record.methods, *self.keep(uow, made, key_id, use, kind)))

    def with_messaging(self, uow: UnitOfWork, record: DIDRecord) -> DIDRecord:
        """The record with a key that agrees and our endpoint, each where it is missing; raises Sealed."""
        if not any(_agrees(method) for method in record.methods):
            record = self.with_new_key(uow, record, KeyPurpose.KEY_AGREEMENT)
        if not any(service.type == SERVICE_TYPE for service in record.services):
            service = ServiceRecord(*own_service(record.did, f"{self._public_url}{MESSAGES_PATH}"))
            record = replace(record, services=(*record.services, service))
        return record

    def keep(
        self, uow: UnitOfWork, made: NewKey, key_id: str, use: KeyPurpose, kind: KeyKind
    ) -> tuple[MethodRecord, ...]:
        """Store a private key that was just made; gives the methods that list it in its DID, `key_id` first."""
        did = key_id.partition("#")[0]
        now = self._clock.now()
        uow.keys.add(
            StoredKey(
                key_id=key_id,
                did=did,
                use=use,
                algorithm=kind,
                public_key=made.public_key,
                backend=made.backend,
                sealed=made.sealed,
                kek_id=made.kek_id,
                state=MethodState.ACTIVE,
                created_at=now,
            )
        )
        forms = (Listing(MULTIKEY, ()),) if use is KeyPurpose.KEY_AGREEMENT else listings(kind, did)
        return tuple(
            MethodRecord(
                id=f"{key_id}{form.suffix}",
                type=form.type,
                public_key_multibase=encode_multikey(kind, made.public_key),
                proof_types=form.proof_types,
                purposes=_PURPOSES.get(use, ISSUING_PURPOSES),
                use=use,
                state=MethodState.ACTIVE,
                custody=Custody.SERVER,
                created_at=now,
                shares_key_of=key_id if form.suffix else None,
            )
            for form in forms
        )

    def external(self, key_id: str, multibase: str, purposes: Sequence[str]) -> MethodRecord:
        """The method of a key that somebody else keeps; raises InvalidKey."""
        return MethodRecord(
            id=key_id,
            type=method_type(multibase),
            public_key_multibase=decode_multikey(multibase).multikey,
            proof_types=proof_types_of(multibase),
            purposes=tuple(purposes),
            use=KeyPurpose.CREDENTIALS,
            state=MethodState.ACTIVE,
            custody=Custody.EXTERNAL,
            created_at=self._clock.now(),
        )


@dataclass(frozen=True, slots=True, order=True)
class KeyRole:
    """What a key of a DID is for, and of which kind it is; a DID has one active key for each."""

    use: KeyPurpose
    kind: KeyKind


def active_roles(methods: Sequence[MethodRecord], proof_type: str | None = None) -> tuple[KeyRole, ...]:
    """The roles that active keys kept here have, in a fixed order; of those alone that sign a proof type, if named."""
    roles = {
        role_of(method)
        for method in methods
        if method.state is MethodState.ACTIVE
        and method.custody is Custody.SERVER
        and (proof_type is None or proof_type in method.proof_types)
    }
    return tuple(sorted(roles))


def role_of(method: MethodRecord) -> KeyRole:
    """The role of a method's key."""
    return KeyRole(method.use, decode_multikey(method.public_key_multibase).kind)


def end_methods(
    uow: UnitOfWork, methods: Sequence[MethodRecord], role: KeyRole, state: MethodState, now: datetime
) -> tuple[MethodRecord, ...]:
    """End the active keys of a role that are kept here; gives all methods as they are then."""
    ended = []
    for method in methods:
        is_kept = method.custody is Custody.SERVER and method.state is MethodState.ACTIVE
        if is_kept and role_of(method) == role:
            key = uow.keys.get(method.key_id)
            if key is not None:
                uow.keys.replace(replace(key, state=state))
            method = replace(method, state=state, retired_at=now)  # noqa: PLW2901 - the ended form of this one
        ended.append(method)
    return tuple(ended)


def can_message(record: DIDRecord) -> bool:
    """Tell whether a DID has a key kept here that agrees, by itself or by its method; and where it may, an endpoint."""
    if record.method == "key":
        # Its method derives a key that agrees from an Ed25519 key alone.
        return any(method.custody is Custody.SERVER and role_of(method).kind == "Ed25519" for method in record.methods)
    has_service = any(service.type == SERVICE_TYPE for service in record.services)
    return has_service and any(_agrees(method) for method in record.methods)


def may_message(record: DIDRecord) -> bool:
    """Tell whether a DID exchanges messages, or gets what it lacks for that when it first does."""
    if not record.is_active or can_message(record):
        return record.is_active
    is_fixed = record.method in ("key", "jwk")
    return not is_fixed and any(method.custody is Custody.SERVER for method in record.methods)


def _agrees(method: MethodRecord) -> bool:
    return method.use is KeyPurpose.KEY_AGREEMENT and method.state is MethodState.ACTIVE


def default_kind(use: KeyPurpose) -> KeyKind:
    """The kind of key that serves a use where nobody chooses."""
    return "X25519" if use is KeyPurpose.KEY_AGREEMENT else "Ed25519"
