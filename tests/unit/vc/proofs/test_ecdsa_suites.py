"""The ECDSA suites beyond the published vectors: forms of key, both curves, and blank nodes that the hash decides."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sealwright.vc.dids.document import build_did_document
from sealwright.vc.dids.methods import did_jwk, did_key
from sealwright.vc.dids.resolver import GenericResolver, ResolvedDID
from sealwright.vc.dids.verification_method import JSON_WEB_KEY_2020, MULTIKEY, VerificationMethod
from sealwright.vc.errors import KeyNotControlled, ProofInvalid
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.keys.p256 import P256Signer
from sealwright.vc.proofs.signing import ProofOptions, attach, prepare, with_suite_context
from sealwright.vc.proofs.suites.suite import encode_proof_value
from sealwright.vc.proofs.verifying import verify_proofs
from tests.support.proving import ISSUER, NOW, Registry, canonicalizer, degree_credential

SUITES = ["ecdsa-rdfc-2019", "ecdsa-jcs-2019"]
P256 = P256Signer(ISSUER.seed)
P256_KEY = PublicKey("P-256", P256.public_key)
P384 = ec.derive_private_key(7, ec.SECP384R1())
P384_KEY = PublicKey("P-384", P384.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint))


def p384_sign(data: bytes) -> bytes:
    r, s = decode_dss_signature(P384.sign(data, ec.ECDSA(hashes.SHA384())))
    return r.to_bytes(48, "big") + s.to_bytes(48, "big")


def signed_by(
    key: PublicKey, address: str, issuer: str, suite: str, purpose: str = "assertionMethod"
) -> dict[str, Any]:
    """A degree by this issuer, signed with the P-256 or the P-384 key."""
    document = with_suite_context(degree_credential("2.0", issuer_did=issuer), suite)
    options = ProofOptions(suite, address, NOW, purpose, public_key=key)
    prepared = prepare(document, options, canonicalizer())
    sign = P256.sign if key.kind == "P-256" else p384_sign
    return attach(prepared, sign(prepared.data_to_sign))


def verify(document: dict[str, Any], resolver: Any, purpose: str = "assertionMethod") -> None:
    verify_proofs(
        document,
        resolver=resolver,
        canon=canonicalizer(),
        purpose=purpose,
        accepted_suites=frozenset(SUITES),
        now=NOW,
    )


@pytest.mark.parametrize("key", [P256_KEY, P384_KEY], ids=lambda key: key.kind)
@pytest.mark.parametrize("suite", SUITES)
def test_keys_named_by_themselves_verify(suite: str, key: PublicKey) -> None:
    for did, fragment in ((did_key(key), key.multikey), (did_jwk(key), "0")):
        signed = signed_by(key, f"{did}#{fragment}", did, suite)
        verify(signed, GenericResolver())
        with pytest.raises(ProofInvalid):
            verify({**signed, "validFrom": "2020-01-01T00:00:00Z"}, GenericResolver())


@pytest.mark.parametrize("kept_as", [MULTIKEY, JSON_WEB_KEY_2020, "JsonWebKey"])
@pytest.mark.parametrize("key", [P256_KEY, P384_KEY], ids=lambda key: key.kind)
def test_every_form_of_method_is_taken(key: PublicKey, kept_as: str) -> None:
    method = VerificationMethod(f"{ISSUER.did}#key-1", kept_as, ISSUER.did, key)
    document = build_did_document(ISSUER.did, [method], relationships={"assertionMethod": [method.id]})
    registry = Registry()
    registry.resolved[ISSUER.did] = ResolvedDID(document)
    for suite in SUITES:
        verify(signed_by(key, method.id, ISSUER.did, suite), registry)


@pytest.mark.parametrize("suite", SUITES)
def test_a_key_speaks_only_for_the_purpose_it_is_listed_for(suite: str) -> None:
    method = VerificationMethod(f"{ISSUER.did}#key-1", MULTIKEY, ISSUER.did, P256_KEY)
    registry = Registry()
    for listed, asked in (("authentication", "assertionMethod"), ("assertionMethod", "authentication")):
        document = build_did_document(ISSUER.did, [method], relationships={listed: [method.id]})
        registry.resolved[ISSUER.did] = ResolvedDID(document)
        verify(signed_by(P256_KEY, method.id, ISSUER.did, suite, listed), registry, listed)
        with pytest.raises(KeyNotControlled):
            verify(signed_by(P256_KEY, method.id, ISSUER.did, suite, asked), registry, asked)


@pytest.mark.parametrize("suite", SUITES)
def test_the_hash_goes_with_the_key_and_not_with_the_signer(suite: str) -> None:
    """A P-384 key over SHA-256 throughout would verify nowhere else, and does not here."""
    did = did_key(P384_KEY)
    document = with_suite_context(degree_credential("2.0", issuer_did=did), suite)
    prepared = prepare(document, ProofOptions(suite, f"{did}#{P384_KEY.multikey}", NOW), canonicalizer())
    assert len(prepared.data_to_sign) == 64
    with pytest.raises(ProofInvalid):
        verify(attach(prepared, p384_sign(prepared.data_to_sign)), GenericResolver())


def test_blank_nodes_are_told_apart_by_the_same_hash() -> None:
    """Two nodes without ids stand in one order under SHA-256 and in the other under SHA-384, for some document."""
    differing = 0
    for year in range(1990, 2020):
        claims = {"degree": [{"name": "A", "graduationYear": year}, {"name": "B", "graduationYear": 2000}]}
        document = degree_credential("2.0", claims=claims)
        short = canonicalizer().canonicalize(document)
        differing += short != canonicalizer().canonicalize(document, hash_name="SHA-384")
    assert 5 < differing < 30


@pytest.mark.parametrize("suite", SUITES)
def test_a_signature_of_the_other_curve_has_no_place(suite: str) -> None:
    did = did_key(P256_KEY)
    signed = signed_by(P256_KEY, f"{did}#{P256_KEY.multikey}", did, suite)
    longer = {**signed["proof"], "proofValue": encode_proof_value(p384_sign(b"data"))}
    with pytest.raises(ProofInvalid, match="64 bytes"):
        verify({**signed, "proof": longer}, GenericResolver())
