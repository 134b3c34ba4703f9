"""Cryptosuite eddsa-rdfc-2022: RDF canonical form, SHA-256, Ed25519.

Spec: Data Integrity EdDSA Cryptosuites 1.0, "eddsa-rdfc-2022".
"""

from __future__ import annotations

from typing import Final

from sealwright.vc.credentials.model import CREDENTIALS_V2
from sealwright.vc.proofs.suites.suite import (
    DATA_INTEGRITY_PROOF,
    Suite,
    rdfc_hash_document,
    rdfc_hash_options,
    verify_ed25519,
)

DATA_INTEGRITY_V1: Final = "https://w3id.org/security/data-integrity/v1"
DATA_INTEGRITY_V2: Final = "https://w3id.org/security/data-integrity/v2"

EDDSA_RDFC_2022: Final = Suite(
    name="eddsa-rdfc-2022",
    proof_type=DATA_INTEGRITY_PROOF,
    cryptosuite="eddsa-rdfc-2022",
    key_kinds=frozenset({"Ed25519"}),
    method_types=frozenset({"Multikey", "Ed25519VerificationKey2020", "JsonWebKey2020", "JsonWebKey"}),
    contexts=(DATA_INTEGRITY_V2, DATA_INTEGRITY_V1),
    base_contexts=frozenset({CREDENTIALS_V2}),
    carries_context=False,
    signs_terms=True,
    hash_document=rdfc_hash_document,
    hash_options=rdfc_hash_options,
    verify=verify_ed25519,
)
