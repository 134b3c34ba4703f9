"""What a DID kept here publishes: its methods and services, put together into a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sealwright.domain.dids import KeyPurpose, MethodRecord, MethodState, ServiceRecord
from sealwright.protocols.didcomm.endpoints import SERVICE_TYPE
from sealwright.vc.dids.document import build_did_document
from sealwright.vc.dids.verification_method import (
    BLS_2020,
    ED25519_2020,
    JSON_WEB_KEY_2020,
    MULTIKEY,
    VerificationMethod,
)
from sealwright.vc.encoding.strict_json import JSONValue, dump_json
from sealwright.vc.errors import ProofTypeUnavailable
from sealwright.vc.keys.multikey import KeyKind, decode_multikey
from sealwright.vc.proofs.registry import issuing_suite

LEGACY_BBS: Final = "BbsBlsSignature2020"
ED25519_PROOF_TYPES: Final = ("Ed25519Signature2020", "eddsa-rdfc-2022", "eddsa-jcs-2022")
PROOF_TYPES: Final[Mapping[KeyKind, tuple[str, ...]]] = {
    "Ed25519": ED25519_PROOF_TYPES,
    "P-256": ("ecdsa-rdfc-2019", "ecdsa-jcs-2019", "ecdsa-sd-2023"),
    "BLS12-381-G2": ("bbs-2023", LEGACY_BBS),
}
"""What a key of each kind made here may sign."""

ISSUING_PURPOSES: Final = ("authentication", "assertionMethod", "capabilityInvocation", "capabilityDelegation")
LIST_PURPOSES: Final = ("assertionMethod",)
AGREEMENT_PURPOSES: Final = ("keyAgreement",)
_STEMS: Final = {KeyPurpose.STATUS_LISTS: "status", KeyPurpose.KEY_AGREEMENT: "agreement"}


@dataclass(frozen=True, slots=True)
class Listing:
    """One form in which a DID document lists a key.

    Args:
        type: The verification method's type.
        proof_types: What the key signs under this id.
        suffix: What this id has after that of the key's first listing.
    """

    type: str
    proof_types: tuple[str, ...]
    suffix: str = ""


def listings(kind: KeyKind, did: str) -> tuple[Listing, ...]:
    """The forms in which a DID lists a key of a kind that signs, the one that names the key first.

    The legacy BBS suite looks for a type of its own, so that a BLS key stands in a document twice; did:key and did:jwk
    list each key once.
    """
    signs = PROOF_TYPES[kind]
    if did.startswith("did:jwk:"):
        return (Listing(JSON_WEB_KEY_2020, signs),)
    if kind == "Ed25519":
        return (Listing(ED25519_2020, signs),)
    if kind != "BLS12-381-G2" or did.startswith("did:key:"):
        return (Listing(MULTIKEY, signs),)
    modern = tuple(name for name in signs if name != LEGACY_BBS)
    return (Listing(MULTIKEY, modern), Listing(BLS_2020, (LEGACY_BBS,), "-bls2020"))


def kind_for(proof_type: str) -> KeyKind:
    """The kind of key made here that signs under a suite.

    Raises:
        UnsupportedProofType, ProofTypeUnavailable: No such suite, or none that issues here.
    """
    issuing_suite(proof_type)
    for kind, names in PROOF_TYPES.items():
        if proof_type in names:
            return kind
    raise ProofTypeUnavailable(f"Keys for {proof_type} are not made here.")


def method_type(multibase: str) -> str:
    """The verification method type that a public key is published under."""
    return ED25519_2020 if decode_multikey(multibase).kind == "Ed25519" else MULTIKEY


def proof_types_of(multibase: str, listed_as: str | None = None) -> tuple[str, ...]:
    """The suites that a public key can serve under a method of a type; by default that of `method_type`."""
    if listed_as == BLS_2020:
        return (LEGACY_BBS,)
    signs = PROOF_TYPES.get(decode_multikey(multibase).kind, ())
    return tuple(name for name in signs if name != LEGACY_BBS)


def document_bytes(
    did: str,
    methods: Sequence[MethodRecord],
    services: Sequence[ServiceRecord],
    controller: str | None,
) -> bytes:
    """The DID document as served. Retired methods stay, so that old proofs still verify; compromised ones go.

    So do retired ones that agreed: they proved nothing that is kept, and nobody shall encrypt for them any more.
    """
    listed = [method for method in methods if _is_listed(method)]
    relationships: dict[str, list[str]] = {}
    for method in listed:
        for purpose in method.purposes:
            relationships.setdefault(purpose, []).append(method.id)
    document = build_did_document(
        did,
        [
            VerificationMethod(method.id, method.type, did, decode_multikey(method.public_key_multibase))
            for method in listed
        ],
        relationships=relationships,
        controller=controller,
        services=[_service(service) for service in services],
    )
    return dump_json(document.to_json())


def _is_listed(method: MethodRecord) -> bool:
    if method.use is KeyPurpose.KEY_AGREEMENT:
        return method.state is MethodState.ACTIVE
    return method.state is not MethodState.COMPROMISED


def _service(service: ServiceRecord) -> Mapping[str, JSONValue]:
    endpoint: JSONValue = service.service_endpoint  # type: ignore[assignment]
    return {"id": service.id, "type": service.type, "serviceEndpoint": endpoint}


def given_services(did: str, source: Mapping[str, JSONValue]) -> tuple[ServiceRecord, ...]:
    """The services of a document that was written elsewhere, so that later changes keep them.

    Entries without id, type or endpoint are left out; of several types the one for messages is kept, or the first.
    """
    listed = source.get("service")
    kept: dict[str, ServiceRecord] = {}
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, dict):
            continue
        name, kind, endpoint = entry.get("id"), entry.get("type"), entry.get("serviceEndpoint")
        if isinstance(kind, list) and kind:
            kind = SERVICE_TYPE if SERVICE_TYPE in kind else kind[0]
        if isinstance(name, str) and isinstance(kind, str) and endpoint is not None:
            full = did + name if name.startswith("#") else name
            kept.setdefault(full, ServiceRecord(full, kind, endpoint))
    return tuple(kept.values())


def next_fragment(methods: Sequence[MethodRecord], use: KeyPurpose) -> str:
    """The fragment of the next key for a use: ``key-2``, ``status-1``, ``agreement-1`` …"""
    stem = _STEMS.get(use, "key")
    taken = sum(1 for method in methods if method.use is use and method.shares_key_of is None)
    return f"{stem}-{taken + 1}"


def is_plain_segment(path: str) -> bool:
    """Tell whether a text can stand as one segment in the path of a did:web."""
    return (
        1 <= len(path) <= 64
        and all(c.isascii() and (c.isalnum() or c in "._-") for c in path)
        and path not in (".", "..")
    )
