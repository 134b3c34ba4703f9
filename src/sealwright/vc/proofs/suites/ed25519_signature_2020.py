"""Legacy suite Ed25519Signature2020: RDF canonical form, Ed25519, a proof type of its own.

Kept because the issuance API promises it as its default for Data Model 1.1 and wallets of that generation ask for it.

Spec: Ed25519 Signature 2020 (W3C Credentials Community Group); Data Integrity EdDSA Cryptosuites 1.0,
"Ed25519Signature2020".
"""

from __future__ import annotations

from typing import Final

from sealwright.vc.proofs.suites.suite import Suite, rdfc_hash_document, rdfc_hash_options, verify_ed25519

ED25519_2020_CONTEXT: Final = "https://w3id.org/security/suites/ed25519-2020/v1"

ED25519_SIGNATURE_2020: Final = Suite(
    name="Ed25519Signature2020",
    proof_type="Ed25519Signature2020",
    cryptosuite=None,
    key_kinds=frozenset({"Ed25519"}),
    method_types=frozenset({"Ed25519VerificationKey2020", "Multikey", "JsonWebKey2020", "JsonWebKey"}),
    contexts=(ED25519_2020_CONTEXT,),
    base_contexts=frozenset(),
    carries_context=False,
    signs_terms=True,
    hash_document=rdfc_hash_document,
    hash_options=rdfc_hash_options,
    verify=verify_ed25519,
)
