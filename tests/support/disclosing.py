"""What tests of the suites of selective disclosure share: a world for each, with fixed keys and the degree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import cbor2

from sealwright.vc.encoding.multibase import multibase_decode, multibase_encode
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.keys.multikey import KeyKind, PublicKey
from sealwright.vc.proofs.registry import disclosure_suite
from sealwright.vc.proofs.signers import signer_for
from sealwright.vc.proofs.suites.disclosure import Covered, DisclosureSuite, Shown, Wish
from sealwright.vc.proofs.suites.suite import Hashing
from sealwright.vc.proofs.unsecured import without_proof
from tests.support.proving import canonicalizer, degree_credential

NAMES: Final = ("ecdsa-sd-2023", "bbs-2023")
KINDS: Final[Mapping[str, KeyKind]] = {"ecdsa-sd-2023": "P-256", "bbs-2023": "BLS12-381-G2"}
MANDATORY: Final = ("/issuer", "/validFrom", "/validUntil")
UNIVERSITY: Final = "/credentialSubject/degree/university"
GPA: Final = "/credentialSubject/degree/gpa"


def degree() -> dict[str, Any]:
    """The degree credential without an id of its own, so that two of its nodes are blank."""
    return {name: value for name, value in degree_credential("2.0").items() if name != "id"}


@dataclass(frozen=True)
class World:
    """A suite with an issuer's key, without DIDs: the level at which suites work."""

    name: str
    secret: bytes = b"\x01" * 32
    document: Mapping[str, Any] = field(default_factory=degree)

    @property
    def suite(self) -> DisclosureSuite:
        found = disclosure_suite(self.name)
        assert found is not None
        return found

    @property
    def key(self) -> PublicKey:
        return PublicKey(KINDS[self.name], signer_for(KINDS[self.name], Secret32(self.secret)).public_key)

    @property
    def options(self) -> dict[str, Any]:
        return {
            "type": "DataIntegrityProof",
            "cryptosuite": self.name,
            "created": "2026-11-21T02:29:00Z",
            "verificationMethod": "did:example:issuer#key",
            "proofPurpose": "assertionMethod",
        }

    def covered(self, document: Mapping[str, Any], **options: Any) -> Covered:
        return Covered(document, {**self.options, **options}, document["@context"], Hashing(canonicalizer()))

    def signed(self, mandatory: Sequence[str] = MANDATORY) -> dict[str, Any]:
        """The document with a base proof."""
        draft = self.suite.prepare(self.covered(self.document), self.key, tuple(mandatory))
        signature = signer_for(KINDS[self.name], Secret32(self.secret)).sign(draft.data_to_sign)
        return {**self.document, "proof": {**self.options, "proofValue": draft.proof_value(signature)}}

    def derived(self, signed: Mapping[str, Any], *pointers: str, **wish: Any) -> dict[str, Any]:
        """What the holder makes of it."""
        covered = self.covered(without_proof(signed))
        return self.suite.derive(covered, self.key, signed["proof"], Wish(pointers, **wish))

    def verified(self, credential: Mapping[str, Any]) -> Shown:
        """What a verifier says."""
        return self.suite.verify(self.covered(without_proof(credential)), self.key, credential["proof"])

    def looked_at(self, credential: Mapping[str, Any]) -> Shown:
        """What the issuer or the holder says."""
        return self.suite.verify_base(self.covered(without_proof(credential)), self.key, credential["proof"])


@cache
def world(name: str) -> World:
    """The world of a suite; keys cost time to make."""
    return World(name)


def parts_of(credential: Mapping[str, Any]) -> tuple[bytes, list[Any]]:
    """Header bytes and CBOR parts of a proof value."""
    data = multibase_decode(credential["proof"]["proofValue"])
    return data[:3], cbor2.loads(data[3:])


def with_value(credential: Mapping[str, Any], header: bytes, body: bytes) -> dict[str, Any]:
    """The credential with a proof value of these bytes."""
    return {**credential, "proof": {**credential["proof"], "proofValue": multibase_encode(header + body, "u")}}


def with_parts(credential: Mapping[str, Any], parts: Sequence[Any], header: bytes | None = None) -> dict[str, Any]:
    """The credential with a proof value of these parts."""
    return with_value(credential, header or parts_of(credential)[0], cbor2.dumps(list(parts)))


def with_part(credential: Mapping[str, Any], place: int, part: Any) -> dict[str, Any]:
    """The credential with one part of its proof value replaced."""
    return with_parts(
        credential, [part if index == place else held for index, held in enumerate(parts_of(credential)[1])]
    )
