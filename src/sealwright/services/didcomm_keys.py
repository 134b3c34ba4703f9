"""Which keys kept here agree with those of others, and by which key id others name them."""

from __future__ import annotations

from dataclasses import dataclass, field

from sealwright.domain.dids import Custody, DIDRecord, KeyPurpose, MethodRecord, MethodState, StoredKey
from sealwright.domain.errors import SigningFailed
from sealwright.protocols.didcomm.agreement import OwnKey
from sealwright.protocols.didcomm.errors import MessageRefused
from sealwright.protocols.didcomm.packing import KeyFinder
from sealwright.services.ports import KeyStore
from sealwright.services.registry import Registry, RegistryView
from sealwright.vc.keys.ed25519 import derive_x25519
from sealwright.vc.keys.multikey import PublicKey, decode_multikey


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A key of ours that agrees; its private part stays in the key store."""

    kid: str
    public_key: PublicKey
    stored: StoredKey = field(repr=False)
    keys: KeyStore = field(repr=False)

    def agree(self, other: PublicKey) -> bytes:
        """What both have in common; raises MessageRefused, and Sealed where the key does not open now."""
        if other.kind != self.public_key.kind:
            raise MessageRefused("The keys are of different kinds.")
        try:
            return self.keys.agree(self.stored, other.raw)
        except SigningFailed as error:
            raise MessageRefused("The key does not agree with this one.") from error


class OwnKeys:
    """Finds keys of active DIDs kept here, as the registry has them now."""

    def __init__(self, registry: Registry, keys: KeyStore) -> None:
        self._registry = registry
        self._keys = keys

    def finder(self) -> KeyFinder:
        """Finds a key of ours by the id that an envelope names; as of one moment."""
        view = self._registry.current()

        def find(kid: str) -> OwnKey | None:
            did = kid.partition("#")[0]
            record = view.did(did)
            if record is None or record.did != did:
                return None
            key = self._key_of(record, view)
            return key if key is not None and key.kid == kid else None

        return find

    def of(self, did: str) -> KeptKey | None:
        """The key that a DID kept here agrees with; None where it has none, or is deactivated."""
        view = self._registry.current()
        record = view.did(did)
        return self._key_of(record, view) if record is not None else None

    def _key_of(self, record: DIDRecord, view: RegistryView) -> KeptKey | None:
        use = KeyPurpose.CREDENTIALS if record.method == "key" else KeyPurpose.KEY_AGREEMENT
        method = next((one for one in record.methods if _serves(one, use)), None)
        stored = view.key(method.id) if method is not None and record.is_active else None
        if method is None or stored is None:
            return None
        key = decode_multikey(method.public_key_multibase)
        if record.method != "key":
            return KeptKey(method.id, key, stored, self._keys)
        if key.kind != "Ed25519":
            return None
        # The document of a did:key names the derived key by its own multikey text.
        derived = PublicKey("X25519", derive_x25519(key.raw))
        return KeptKey(f"{record.did}#{derived.multikey}", derived, stored, self._keys)


def _serves(method: MethodRecord, use: KeyPurpose) -> bool:
    return method.use is use and method.state is MethodState.ACTIVE and method.custody is Custody.SERVER
