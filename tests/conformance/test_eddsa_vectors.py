"""The published vectors of the EdDSA cryptosuites: every intermediate, then the signed documents, made and checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from sealwright.vc.dids.resolver import GenericResolver
from sealwright.vc.encoding.jcs import canonicalize_json
from sealwright.vc.encoding.multibase import multibase_decode
from sealwright.vc.encoding.timestamps import parse_xsd_datetime_stamp
from sealwright.vc.errors import ContextNotAllowed, KeyNotControlled
from sealwright.vc.keys.ed25519 import Ed25519Signer, Secret32
from sealwright.vc.keys.multikey import decode_multikey
from sealwright.vc.proofs.signing import ProofOptions, attach, prepare, verify_prepared, with_suite_context
from sealwright.vc.proofs.suites.suite import Hashing
from sealwright.vc.proofs.unsecured import without_proof
from sealwright.vc.proofs.verifying import ProofRules, check_signatures, verify_proofs
from tests.support import vectors
from tests.support.proving import ALL_SUITES, canonicalizer

NOW = datetime(2026, 11, 21, tzinfo=UTC)
RULES = ProofRules("assertionMethod", ALL_SUITES, NOW)
PRIVATE_ED25519_CODEC = b"\x80\x26"


@dataclass(frozen=True)
class VectorSet:
    """Names of the files of one suite."""

    suite: str
    folder: str
    suffix: str
    signed: str

    def path(self, stem: str, extension: str = "txt") -> Path:
        return vectors.folder("vc-di-eddsa") / self.folder / f"{stem}{self.suffix}.{extension}"

    def text(self, stem: str) -> str:
        return self.path(stem).read_text(encoding="utf-8")


SETS = [
    VectorSet("Ed25519Signature2020", "Ed25519Signature2020", "EdSig", "signedEdSig"),
    VectorSet("eddsa-rdfc-2022", "eddsa-rdfc-2022", "DataInt", "signedDataInt"),
    VectorSet("eddsa-jcs-2022", "eddsa-jcs-2022", "JCS", "signedJCS"),
]
SIGNED = [
    ("Ed25519Signature2020/signedEdSig.json", 1),
    ("eddsa-rdfc-2022/signedDataInt.json", 1),
    ("eddsa-jcs-2022/signedJCS.json", 1),
    ("proof-set-chain/signedProofSet1.json", 1),
    ("proof-set-chain/signedProofSet2.json", 2),
    ("proof-set-chain/signedProofChain1.json", 3),
    ("proof-set-chain/signedProofChain2.json", 4),
]


def read(name: str) -> Any:
    return vectors.read_json(vectors.folder("vc-di-eddsa") / name)


def signer_of(pair: dict[str, str]) -> Ed25519Signer:
    """The signer of a published key pair, whose halves must belong together."""
    private = multibase_decode(pair["privateKeyMultibase"])
    assert private[:2] == PRIVATE_ED25519_CODEC
    signer = Ed25519Signer(Secret32(private[2:]))
    assert decode_multikey(pair["publicKeyMultibase"]).raw == signer.public_key
    return signer


def options_of(proof: dict[str, Any], suite: str) -> ProofOptions:
    previous = proof.get("previousProof", [])
    return ProofOptions(
        suite,
        proof["verificationMethod"],
        parse_xsd_datetime_stamp(proof["created"]),
        proof["proofPurpose"],
        proof_id=proof.get("id"),
        previous_proof=tuple(previous if isinstance(previous, list) else [previous]),
    )


@pytest.mark.parametrize("case", SETS, ids=lambda case: case.suite)
def test_every_intermediate_of_a_suite_is_the_published_one(case: VectorSet) -> None:
    config = vectors.read_json(case.path("proofConfig", "json"))
    document = with_suite_context(read("unsigned.json"), case.suite)
    canonicalize = canonicalize_json if case.suite == "eddsa-jcs-2022" else canonicalizer().canonicalize
    assert canonicalize(document).decode() == case.text("canonDoc")
    assert canonicalize(config).decode() == case.text("proofCanon")

    prepared = prepare(document, options_of(config, case.suite), canonicalizer())
    assert prepared.data_to_sign[:32].hex() == case.text("proofHash")
    assert prepared.data_to_sign[32:].hex() == case.text("docHash")
    assert prepared.data_to_sign.hex() == case.text("combinedHash")

    signature = signer_of(read("keyPair.json")).sign(prepared.data_to_sign)
    assert signature.hex() == case.text("sigHex")
    signed = attach(prepared, signature)
    assert signed["proof"]["proofValue"] == case.text("sigBTC58")
    assert signed == vectors.read_json(case.path("signed", "json"))
    verify_prepared(prepared, signature, decode_multikey(read("keyPair.json")["publicKeyMultibase"]))


@pytest.mark.parametrize(("name", "count"), SIGNED, ids=[name for name, _ in SIGNED])
def test_published_proofs_verify_and_every_changed_one_does_not(name: str, count: int) -> None:
    document = read(name)
    proofs = check_signatures(
        document, resolver=GenericResolver(), rules=RULES, hashing=Hashing(canonicalizer(), stranger=True)
    )
    assert len(proofs) == count
    # The published issuer is a web address that controls none of these keys: we refuse, and say so in the divergences.
    with pytest.raises(KeyNotControlled):
        verify_proofs(
            document,
            resolver=GenericResolver(),
            canon=canonicalizer(),
            purpose="assertionMethod",
            accepted_suites=ALL_SUITES,
            now=NOW,
        )


@pytest.mark.parametrize("kind", ["Set", "Chain"])
def test_proof_sets_and_chains_are_made_byte_for_byte(kind: str) -> None:
    folder, pairs = "proof-set-chain", read("proof-set-chain/multiKeyPairs.json")
    document = read(f"{folder}/unsigned.json")
    configs = [(f"proofSetConfig{n}", f"keyPair{n}") for n in (1, 2)]
    if kind == "Chain":
        configs += [(f"proofChainConfig{n}", f"keyPair{n + 2}") for n in (1, 2)]
    for config, pair in configs:
        prepared = prepare(document, options_of(read(f"{folder}/{config}.json"), "eddsa-rdfc-2022"), canonicalizer())
        document = attach(prepared, signer_of(pairs[pair]).sign(prepared.data_to_sign))
    expected = read(f"{folder}/signedProof{kind}2.json")
    assert document == expected


def test_the_employment_credential_holds_by_its_published_canonical_form() -> None:
    """Its context (citizenship v4) is published nowhere in the vectors, so only the forms given there are hashed."""
    folder = "eddsa-rdfc-2022/employ"
    signed = read(f"{folder}/signedDataInt.json")
    with pytest.raises(ContextNotAllowed):
        canonicalizer().canonicalize(without_proof(signed))
    base = vectors.folder("vc-di-eddsa") / folder
    hashes = [sha256((base / f"{stem}DataInt.txt").read_bytes()).digest() for stem in ("proofCanon", "canonDoc")]
    data = b"".join(hashes)
    assert data.hex() == (base / "combinedHashDataInt.txt").read_text(encoding="utf-8")
    assert signer_of(read("keyPair.json")).sign(data).hex() == (base / "sigHexDataInt.txt").read_text(encoding="utf-8")


def test_every_signed_vector_is_listed_here() -> None:
    root = vectors.folder("vc-di-eddsa")
    found = {path.relative_to(root).as_posix() for path in root.rglob("signed*.json")}
    assert found == {name for name, _ in SIGNED} | {"eddsa-rdfc-2022/employ/signedDataInt.json"}
    assert len(found) == 8
