"""What tests of proofs share: fixed keys, a resolver that holds documents, and the degree credential."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sealwright.vc.canon import Canonicalizer
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.credentials.build import CredentialParts, build_credential
from sealwright.vc.dids.document import DIDDocument, build_did_document
from sealwright.vc.dids.methods import adi_id
from sealwright.vc.dids.resolver import GenericResolver, ResolvedDID
from sealwright.vc.dids.syntax import parse_did
from sealwright.vc.dids.verification_method import ED25519_2020, METHOD_TYPES, VerificationMethod
from sealwright.vc.encoding.strict_json import dump_json
from sealwright.vc.errors import DIDNotFound
from sealwright.vc.keys.ed25519 import Ed25519Signer, Secret32
from sealwright.vc.keys.multikey import KeyKind, PublicKey
from sealwright.vc.proofs.registry import ISSUED_SUITES, SUITES, issuing_suite
from sealwright.vc.proofs.signers import SIGNING_KINDS, PrivateSigner, signer_for
from sealwright.vc.proofs.signing import ProofOptions, attach, prepare, with_suite_context
from sealwright.vc.proofs.suites.suite import Suite

NOW = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
DEGREE_CONTEXT = "https://cred.example/contexts/university-degree/1.0"
DEGREE_SCHEMA = "did:adi:schema:university-degree-v1"
HOLDER = "did:adi:holder001"
ALL_SUITES = frozenset(SUITES)
HASHING_SUITES = sorted(name for name, suite in SUITES.items() if isinstance(suite, Suite))
"""Suites that prove a document whole."""

_TERMS = "https://cred.example/contexts/university-degree/1.0#"


def degree_context() -> dict[str, Any]:
    """A context for the degree: every term by name, `type` inside the degree as an ordinary property."""
    inner = {name: f"{_TERMS}degree.{name}" for name in ("type", "name", "university", "graduationYear", "gpa")}
    return {
        "@context": {
            "@version": 1.1,
            "@protected": True,
            "name": "https://schema.org/name",
            "UniversityDegreeCredential": f"{_TERMS}UniversityDegreeCredential",
            "degree": {"@id": f"{_TERMS}degree", "@context": {"@version": 1.1, **inner}},
        }
    }


@cache
def contexts() -> ContextStore:
    """The pinned contexts and that of the degree."""
    store = ContextStore.pinned()
    store.register(DEGREE_CONTEXT, dump_json(degree_context()))
    return store


@cache
def canonicalizer() -> Canonicalizer:
    """One canonicalizer for all tests; making one costs more than using it."""
    return Canonicalizer(contexts())


class Party:
    """Somebody with one key of each kind, listed in a did:adi document of their own, the Ed25519 key first."""

    def __init__(self, number: int, did: str | None = None) -> None:
        self.seed = Secret32(bytes([number]) * 32)
        self.signer = Ed25519Signer(self.seed)
        self.key = PublicKey("Ed25519", self.signer.public_key)
        self.did = did or adi_id(self.signer.public_key, agent=False)
        self.method_id = f"{self.did}#{self.key.multikey}"

    def method(self, **changes: Any) -> VerificationMethod:
        """The verification method of the key."""
        parts = {"id": self.method_id, "type": ED25519_2020, "controller": self.did, "public_key": self.key}
        return VerificationMethod(**{**parts, **changes})

    def signer_of(self, kind: KeyKind) -> PrivateSigner:
        """What signs with the party's key of this kind."""
        return self.signer if kind == "Ed25519" else signer_for(kind, self.seed)

    def method_for(self, suite: str) -> VerificationMethod:
        """The verification method with which the party signs under a suite."""
        wanted = issuing_suite(suite)
        (kind,) = (kind for kind in SIGNING_KINDS if kind in wanted.key_kinds)
        if kind == "Ed25519":
            return self.method()
        kept_as = next(
            name for name in METHOD_TYPES if name in wanted.method_types and kind in METHOD_TYPES[name].kinds
        )
        key = PublicKey(kind, self.signer_of(kind).public_key)
        fragment = key.multikey if kept_as == "Multikey" else f"{kept_as}-{key.multikey}"
        return VerificationMethod(f"{self.did}#{fragment}", kept_as, self.did, key)

    def document(self, purposes: tuple[str, ...] = ("authentication", "assertionMethod")) -> DIDDocument:
        """The DID document, listing the keys for these purposes."""
        methods = {method.id: method for method in map(self.method_for, ISSUED_SUITES)}
        relationships = {purpose: list(methods) for purpose in purposes}
        return build_did_document(self.did, list(methods.values()), relationships=relationships)

    def sign(self, document: Mapping[str, Any], suite: str = "Ed25519Signature2020", **options: Any) -> dict[str, Any]:
        """The document with a proof by this party, created a minute before NOW."""
        allow_inline = options.pop("allow_inline", False)
        created = options.pop("created", NOW - timedelta(minutes=1))
        method = self.method_for(suite)
        address = options.pop("verification_method", method.id)
        asked = ProofOptions(suite, address, created, public_key=method.public_key, **options)
        prepared = prepare(with_suite_context(document, suite), asked, canonicalizer(), allow_inline=allow_inline)
        return attach(prepared, self.signer_of(method.public_key.kind).sign(prepared.data_to_sign))


class Registry:
    """A resolver that holds documents; what it does not hold is derived (did:key, did:jwk) or not found."""

    def __init__(self, *parties: Party) -> None:
        self.resolved = {party.did: ResolvedDID(party.document()) for party in parties}
        self.asked: list[str] = []

    def resolve(self, did: str) -> ResolvedDID:
        self.asked.append(did)
        if did in self.resolved:
            return self.resolved[did]
        if parse_did(did).method in ("key", "jwk"):
            return GenericResolver().resolve(did)
        raise DIDNotFound("Not in the registry.")


ISSUER = Party(1)
STRANGER = Party(2)


def degree_credential(model: str = "1.1", **changes: Any) -> dict[str, Any]:
    """The unsigned degree credential of the issuance API's example, issued by ISSUER a minute before NOW."""
    parts: dict[str, Any] = {
        "model": model,
        "types": ("UniversityDegreeCredential",),
        "issuer_did": ISSUER.did,
        "valid_from": NOW - timedelta(minutes=1),
        "valid_until": datetime(2030, 12, 31, 23, 59, 59, tzinfo=UTC),
        "claims": {
            "degree": {"type": "BachelorDegree", "university": "MIT", "graduationYear": 2025, "gpa": 3.8},
        },
        "subject_id": HOLDER,
        "credential_id": "urn:uuid:f47ac10b-58cc-4372-a567-0e02b2c3d479",
        "contexts": (DEGREE_CONTEXT,),
    }
    return build_credential(CredentialParts(**{**parts, **changes}))
