"""DIDs that this office keeps: their versions, methods, services and owners."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sealwright.domain.people import UserId


class DIDKind(StrEnum):
    """Who or what a DID stands for."""

    HUMAN = "human"
    ORGANIZATION = "organization"
    AGENT = "agent"
    PLATFORM = "platform"


class DIDState(StrEnum):
    """Active, or deactivated for ever."""

    ACTIVE = "active"
    DEACTIVATED = "deactivated"


class MethodState(StrEnum):
    """What a verification method may still do."""

    ACTIVE = "active"
    RETIRED = "retired"
    COMPROMISED = "compromised"


class Custody(StrEnum):
    """Who holds the private key."""

    SERVER = "server"
    EXTERNAL = "external"


class KeyPurpose(StrEnum):
    """What one key is for: one key, one purpose."""

    CREDENTIALS = "credentials"
    STATUS_LISTS = "status_lists"
    AUDIT = "audit"
    LOG = "log"
    KEY_AGREEMENT = "key_agreement"


@dataclass(frozen=True, slots=True)
class MethodRecord:
    """One public key of a DID, as listed in its document.

    Args:
        id: The DID URL of the verification method.
        type: ``Ed25519VerificationKey2020``, ``Multikey``, ``Bls12381G2Key2020`` or ``JsonWebKey2020``.
        public_key_multibase: The key with its multicodec prefix, ``z…``.
        proof_types: Suites that this key may sign, by name.
        purposes: Proof purposes it is listed under (``assertionMethod`` …).
        use: Which of our acts signs with it.
        shares_key_of: The id of the method that lists the same key in another form; None for a key's first listing.
    """

    id: str
    type: str
    public_key_multibase: str
    proof_types: tuple[str, ...]
    purposes: tuple[str, ...]
    use: KeyPurpose
    state: MethodState
    custody: Custody
    created_at: datetime
    retired_at: datetime | None = None
    shares_key_of: str | None = None

    @property
    def key_id(self) -> str:
        """The id under which the private key is kept."""
        return self.shares_key_of or self.id


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """One service entry of a DID document; the endpoint is a URL or a JSON object, kept as given."""

    id: str
    type: str
    service_endpoint: object


@dataclass(frozen=True, slots=True)
class DIDRecord:
    """A DID that this office keeps, at its newest version.

    Args:
        did: Canonical id; aliases stand in `aliases` and never in documents.
        document: The DID document as JSON bytes, as served.
    """

    did: str
    method: str
    kind: DIDKind
    name: str | None
    state: DIDState
    controller: str | None
    operator: str | None
    owner_user_id: UserId | None
    aliases: tuple[str, ...]
    methods: tuple[MethodRecord, ...]
    services: tuple[ServiceRecord, ...]
    document: bytes
    version: int
    created_at: datetime
    updated_at: datetime
    deactivated_at: datetime | None = None

    @property
    def is_active(self) -> bool:
        """Tell whether the DID may still act."""
        return self.state is DIDState.ACTIVE

    def signing_method(self, proof_type: str, use: KeyPurpose = KeyPurpose.CREDENTIALS) -> MethodRecord | None:
        """Find the active assertion method with a key kept here that signs `proof_type`, or None."""
        for method in self.methods:
            if (
                method.state is MethodState.ACTIVE
                and method.use is use
                and method.custody is Custody.SERVER
                and proof_type in method.proof_types
                and "assertionMethod" in method.purposes
            ):
                return method
        return None


@dataclass(frozen=True, slots=True)
class DIDVersion:
    """One version of a DID document, kept readable for ever."""

    did: str
    version: int
    document: bytes
    at: datetime


@dataclass(frozen=True, slots=True, repr=False)
class StoredKey:
    """A private key at rest: sealed bytes that only its key store can open.

    Args:
        key_id: The verification method id, or ``system:<purpose>:<n>`` for keys of the office itself.
        did: The DID it signs for; ``system`` for keys of the office.
        algorithm: The kind of key: ``Ed25519``, ``P-256`` or ``BLS12-381-G2``; ``X25519`` for key agreement.
        backend: ``software`` (AES-256-GCM ciphertext) or ``pkcs11`` (an object label).
        sealed: What the backend needs to use the key; never the private key in clear.
        not_after: End of the key's planned life; signing is refused at and after it.
    """

    key_id: str
    did: str
    use: KeyPurpose
    algorithm: str
    public_key: bytes
    backend: str
    sealed: bytes
    kek_id: str
    state: MethodState
    created_at: datetime
    not_after: datetime | None = None

    def __repr__(self) -> str:
        return f"StoredKey({self.key_id!r}, {self.use.value})"
