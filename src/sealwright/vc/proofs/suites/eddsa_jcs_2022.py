"""Cryptosuite eddsa-jcs-2022: JSON canonical form, SHA-256, Ed25519; the proof repeats the document's contexts.

Spec: Data Integrity EdDSA Cryptosuites 1.0, "eddsa-jcs-2022".
"""

from __future__ import annotations

from typing import Final

from sealwright.vc.credentials.model import CREDENTIALS_V2
from sealwright.vc.proofs.suites.eddsa_rdfc_2022 import DATA_INTEGRITY_V1, DATA_INTEGRITY_V2
from sealwright.vc.proofs.suites.suite import (
    DATA_INTEGRITY_PROOF,
    Suite,
    jcs_hash_document,
    jcs_hash_options,
    verify_ed25519,
)

EDDSA_JCS_2022: Final = Suite(
    name="eddsa-jcs-2022",
    proof_type=DATA_INTEGRITY_PROOF,
    cryptosuite="eddsa-jcs-2022",
    key_kinds=frozenset({"Ed25519"}),
    method_types=frozenset({"Multikey", "Ed25519VerificationKey2020", "JsonWebKey2020", "JsonWebKey"}),
    contexts=(DATA_INTEGRITY_V2, DATA_INTEGRITY_V1),
    base_contexts=frozenset({CREDENTIALS_V2}),
    carries_context=True,
    signs_terms=False,
    hash_document=jcs_hash_document,
    hash_options=jcs_hash_options,
    verify=verify_ed25519,
)
