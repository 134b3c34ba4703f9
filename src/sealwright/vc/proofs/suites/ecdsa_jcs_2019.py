"""Cryptosuite ecdsa-jcs-2019: JSON canonical form; P-256 with SHA-256, and P-384 with SHA-384, which is checked only.

The proof repeats the document's contexts.

Spec: Data Integrity ECDSA Cryptosuites 1.0, "ecdsa-jcs-2019".
"""

from __future__ import annotations

from typing import Final

from sealwright.vc.credentials.model import CREDENTIALS_V2
from sealwright.vc.proofs.suites.eddsa_rdfc_2022 import DATA_INTEGRITY_V1, DATA_INTEGRITY_V2
from sealwright.vc.proofs.suites.suite import (
    DATA_INTEGRITY_PROOF,
    Suite,
    ecdsa_hash_name,
    jcs_hash_document,
    jcs_hash_options,
    verify_ecdsa,
)

ECDSA_JCS_2019: Final = Suite(
    name="ecdsa-jcs-2019",
    proof_type=DATA_INTEGRITY_PROOF,
    cryptosuite="ecdsa-jcs-2019",
    key_kinds=frozenset({"P-256", "P-384"}),
    method_types=frozenset({"Multikey", "JsonWebKey2020", "JsonWebKey"}),
    contexts=(DATA_INTEGRITY_V2, DATA_INTEGRITY_V1),
    base_contexts=frozenset({CREDENTIALS_V2}),
    carries_context=True,
    signs_terms=False,
    hash_document=jcs_hash_document,
    hash_options=jcs_hash_options,
    verify=verify_ecdsa,
    signature_bytes=(64, 96),
    hash_name_of=ecdsa_hash_name,
)
