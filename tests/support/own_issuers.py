"""Issuers whose DID is their key, one for each kind of key, who sign documents under any suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sealwright.vc.dids.methods import did_key
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.keys.multikey import KeyKind, PublicKey
from sealwright.vc.proofs.canonical import CanonicalForms
from sealwright.vc.proofs.signers import PrivateSigner, signer_for
from sealwright.vc.proofs.signing import ProofOptions, attach, prepare, with_suite_context

KINDS: Final[Mapping[str, KeyKind]] = {
    "BbsBlsSignature2020": "BLS12-381-G2",
    "bbs-2023": "BLS12-381-G2",
    "ecdsa-sd-2023": "P-256",
    "ecdsa-rdfc-2019": "P-256",
    "Ed25519Signature2020": "Ed25519",
    "eddsa-rdfc-2022": "Ed25519",
}


@dataclass(frozen=True)
class OwnIssuer:
    """A key and the DID that is made of it."""

    signer: PrivateSigner
    key: PublicKey

    @property
    def did(self) -> str:
        return did_key(self.key)

    def sign(
        self,
        suite: str,
        document: Mapping[str, Any],
        canon: CanonicalForms,
        at: datetime,
        mandatory: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The document as this issuer issues it."""
        options = ProofOptions(
            suite,
            f"{self.did}#{self.key.multikey}",
            at,
            public_key=self.key,
            mandatory_pointers=tuple(mandatory),
        )
        prepared = prepare(with_suite_context(document, suite), options, canon)
        return attach(prepared, self.signer.sign(prepared.data_to_sign))


@cache
def own_issuer(suite: str) -> OwnIssuer:
    """The issuer whose key signs under a suite; always the same."""
    kind = KINDS[suite]
    signer = signer_for(kind, Secret32(bytes([7]) * 32))
    return OwnIssuer(signer, PublicKey(kind, signer.public_key))
