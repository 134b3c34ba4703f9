"""The keys of DIDs kept here: making them, keeping them, ending them, and what a DID needs to exchange messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Literal

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
    ED25519_PROOF_TYPES,
    ISSUING_PURPOSES,
    LIST_PURPOSES,
    method_type,
    next_fragment,
    proof_types_of,
)
from sealwright.services.ports import Clock, KeyStore, NewKey, UnitOfWork
from sealwright.vc.keys.multikey import decode_multikey, encode_multikey

_PURPOSES: Final = {KeyPurpose.STATUS_LISTS: LIST_PURPOSES, KeyPurpose.KEY_AGREEMENT: AGREEMENT_PURPOSES}
MESSAGES_PATH: Final = "/didcomm"


class DIDKeys:
    """Gives records new keys; whoever asks stores the record."""

    def __init__(self, keys: KeyStore, clock: Clock, public_url: str) -> None:
        self._keys = keys
        self._clock = clock
        self._public_url = public_url

    def with_new_key(self, uow: UnitOfWork, record: DIDRecord, use: KeyPurpose) -> DIDRecord:
        """The record with a further key, kept here; raises Sealed."""
        key_id = f"{record.did}#{next_fragment(record.methods, use)}"
        made = self._keys.generate(key_id=key_id, did=record.did, use=use, algorithm=_algorithm(use))
        return replace(record, methods=(*record.methods, self.keep(uow, made, key_id, record.did, use)))

    def with_messaging(self, uow: UnitOfWork, record: DIDRecord) -> DIDRecord:
        """The record with a key that agrees and our endpoint, each where it is missing; raises Sealed."""
        if not any(_agrees(method) for method in record.methods):
            record = self.with_new_key(uow, record, KeyPurpose.KEY_AGREEMENT)
        if not any(service.type == SERVICE_TYPE for service in record.services):
            service = ServiceRecord(*own_service(record.did, f"{self._public_url}{MESSAGES_PATH}"))
            record = replace(record, services=(*record.services, service))
        return record

    def keep(self, uow: UnitOfWork, made: NewKey, key_id: str, did: str, use: KeyPurpose) -> MethodRecord:
        """Store a private key that was just made; gives the method that its DID lists."""
        now = self._clock.now()
        uow.keys.add(
            StoredKey(
                key_id=key_id,
                did=did,
                use=use,
                algorithm=_algorithm(use),
                public_key=made.public_key,
                backend=made.backend,
                sealed=made.sealed,
                kek_id=made.kek_id,
                state=MethodState.ACTIVE,
                created_at=now,
            )
        )
        multibase = encode_multikey(_algorithm(use), made.public_key)
        return MethodRecord(
            id=key_id,
            type=method_type(multibase) if not did.startswith("did:jwk:") else "JsonWebKey2020",
            public_key_multibase=multibase,
            proof_types=() if use is KeyPurpose.KEY_AGREEMENT else ED25519_PROOF_TYPES,
            purposes=_PURPOSES.get(use, ISSUING_PURPOSES),
            use=use,
            state=MethodState.ACTIVE,
            custody=Custody.SERVER,
            created_at=now,
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


def end_methods(
    uow: UnitOfWork, methods: Sequence[MethodRecord], use: KeyPurpose, state: MethodState, now: datetime
) -> tuple[MethodRecord, ...]:
    """End the active keys of a use that are kept here; gives all methods as they are then."""
    ended = []
    for method in methods:
        if method.use is use and method.custody is Custody.SERVER and method.state is MethodState.ACTIVE:
            key = uow.keys.get(method.id)
            if key is not None:
                uow.keys.replace(replace(key, state=state))
            method = replace(method, state=state, retired_at=now)  # noqa: PLW2901 - the ended form of this one
        ended.append(method)
    return tuple(ended)


def can_message(record: DIDRecord) -> bool:
    """Tell whether a DID has a key kept here that agrees, by itself or by its method; and where it may, an endpoint."""
    if record.method == "key":
        return any(method.custody is Custody.SERVER for method in record.methods)
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


def _algorithm(use: KeyPurpose) -> Literal["Ed25519", "X25519"]:
    return "X25519" if use is KeyPurpose.KEY_AGREEMENT else "Ed25519"
