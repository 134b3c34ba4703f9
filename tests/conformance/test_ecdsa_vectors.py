"""The published vectors of the ECDSA cryptosuites: every intermediate, then the signed documents, made and checked.

P-256 signatures take no randomness there or here, so they are made byte for byte; P-384 ones are checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256, sha384
from pathlib import Path
from typing import Any

import pytest

from sealwright.vc.dids.resolver import GenericResolver
from sealwright.vc.encoding.jcs import canonicalize_json
from sealwright.vc.encoding.multibase import base58btc_decode, multibase_decode
from sealwright.vc.encoding.timestamps import parse_xsd_datetime_stamp
from sealwright.vc.errors import ContextNotAllowed, ProofInvalid
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.keys.multikey import PublicKey, decode_multikey
from sealwright.vc.keys.p256 import P256Signer
from sealwright.vc.proofs.signing import ProofOptions, attach, prepare, verify_prepared, with_suite_context
from sealwright.vc.proofs.suites.suite import Hashing, verify_ecdsa
from sealwright.vc.proofs.unsecured import without_proof
from sealwright.vc.proofs.verifying import ProofRules, check_signatures
from tests.support import vectors
from tests.support.proving import ALL_SUITES, canonicalizer

RULES = ProofRules("assertionMethod", ALL_SUITES, datetime(2026, 11, 21, tzinfo=UTC))
PRIVATE_P256_CODEC = b"\x86\x26"


@dataclass(frozen=True)
class VectorSet:
    """Names of the files of one suite and curve."""

    suite: str
    curve: str

    @property
    def folder(self) -> str:
        return f"{self.suite}-p{self.curve}"

    @property
    def suffix(self) -> str:
        return f"{'JCS' if 'jcs' in self.suite else ''}ECDSAP{self.curve}"

    @property
    def hash_name(self) -> str:
        return "SHA-256" if self.curve == "256" else "SHA-384"

    @property
    def key(self) -> PublicKey:
        return decode_multikey(read(f"p{self.curve}KeyPair.json")["publicKeyMultibase"])

    def path(self, stem: str, extension: str = "txt") -> Path:
        return vectors.folder("vc-di-ecdsa") / self.folder / f"{stem}{self.suffix}.{extension}"

    def text(self, stem: str) -> str:
        return self.path(stem).read_text(encoding="utf-8")

    def signature(self) -> bytes:
        return bytes.fromhex(self.text("sigHex"))


SETS = [VectorSet(suite, curve) for suite in ("ecdsa-rdfc-2019", "ecdsa-jcs-2019") for curve in ("256", "384")]
HASHES = {"256": sha256, "384": sha384}
# How many files of intermediates each folder holds; one that was emptied must not pass.
FILES = 9


def read(name: str) -> Any:
    return vectors.read_json(vectors.folder("vc-di-ecdsa") / name)


def p256_signer() -> P256Signer:
    """The signer of the published key pair, whose halves must belong together."""
    pair = read("p256KeyPair.json")
    private = multibase_decode(pair["secretKeyMultibase"])
    assert private[:2] == PRIVATE_P256_CODEC
    signer = P256Signer(Secret32(private[2:]))
    assert decode_multikey(pair["publicKeyMultibase"]) == PublicKey("P-256", signer.public_key)
    return signer


@pytest.mark.parametrize("case", SETS, ids=lambda case: case.folder)
def test_every_intermediate_of_a_suite_is_the_published_one(case: VectorSet) -> None:
    config = vectors.read_json(case.path("proofConfig", "json"))
    document = with_suite_context(read("unsigned.json"), case.suite)

    def canonical(value: Any) -> bytes:
        if "jcs" in case.suite:
            return canonicalize_json(value)
        return canonicalizer().canonicalize(value, hash_name=case.hash_name)

    assert canonical(document).decode() == case.text("canonDoc")
    assert canonical(config).decode() == case.text("proofCanon")

    options = ProofOptions(
        case.suite,
        config["verificationMethod"],
        parse_xsd_datetime_stamp(config["created"]),
        config["proofPurpose"],
        public_key=case.key,
    )
    prepared = prepare(document, options, canonicalizer())
    half = HASHES[case.curve]().digest_size
    assert len(prepared.data_to_sign) == 2 * half
    assert prepared.data_to_sign[:half].hex() == case.text("proofHash")
    assert prepared.data_to_sign[half:].hex() == case.text("docHash")
    assert prepared.data_to_sign.hex() == case.text("combinedHash")

    if case.curve == "256":
        assert p256_signer().sign(prepared.data_to_sign) == case.signature()
        signed = attach(prepared, p256_signer().sign(prepared.data_to_sign))
    else:
        signed = attach(prepared, case.signature())
    assert signed["proof"]["proofValue"] == case.text("sigBTC58")
    assert base58btc_decode(case.text("sigBTC58")[1:]) == case.signature()
    assert signed == vectors.read_json(case.path("signed", "json"))
    verify_prepared(prepared, case.signature(), case.key)
    assert len(list((vectors.folder("vc-di-ecdsa") / case.folder).glob(f"*{case.suffix}.*"))) == FILES


@pytest.mark.parametrize("case", SETS, ids=lambda case: case.folder)
def test_published_proofs_verify_and_changed_ones_do_not(case: VectorSet) -> None:
    document = vectors.read_json(case.path("signed", "json"))

    def check(changed: Any) -> int:
        hashing = Hashing(canonicalizer(), stranger=True)
        return len(check_signatures(changed, resolver=GenericResolver(), rules=RULES, hashing=hashing))

    assert check(document) == 1
    proof = document["proof"]
    changes = [
        {**document, "name": "Other Credential"},
        {**document, "proof": {**proof, "created": "2023-02-24T23:36:39Z"}},
        {**document, "proof": {**proof, "proofValue": proof["proofValue"][:-1]}},
        {**document, "proof": {**proof, "cryptosuite": "eddsa-rdfc-2022"}},
    ]
    for changed in changes:
        with pytest.raises(ProofInvalid):
            check(changed)
    # The other curve's key and signature, each in the place of this one's.
    other = next(one for one in SETS if one.suite == case.suite and one.curve != case.curve)
    foreign = vectors.read_json(other.path("signed", "json"))["proof"]
    for member in ("verificationMethod", "proofValue"):
        with pytest.raises(ProofInvalid):
            check({**document, "proof": {**proof, member: foreign[member]}})


@pytest.mark.parametrize("curve", ["256", "384"])
def test_the_employment_credential_holds_by_its_published_canonical_form(curve: str) -> None:
    """Its context (citizenship v4) is published nowhere in the vectors, so only the forms given there are hashed."""
    folder = vectors.folder("vc-di-ecdsa") / f"ecdsa-rdfc-2019-p{curve}" / "employ"
    suffix = f"ECDSAP{curve}"
    signed = vectors.read_json(folder / f"signed{suffix}.json")
    with pytest.raises(ContextNotAllowed):
        canonicalizer().canonicalize(without_proof(signed))
    forms = [(folder / f"{stem}{suffix}.txt").read_bytes() for stem in ("proofCanon", "canonDoc")]
    data = b"".join(HASHES[curve](form).digest() for form in forms)
    assert data.hex() == (folder / f"combinedHash{suffix}.txt").read_text(encoding="utf-8")
    signature = bytes.fromhex((folder / f"sigHex{suffix}.txt").read_text(encoding="utf-8"))
    assert base58btc_decode(signed["proof"]["proofValue"][1:]) == signature
    verify_ecdsa(decode_multikey(signed["proof"]["verificationMethod"].partition("#")[2]), signature, data)
    if curve == "256":
        assert p256_signer().sign(data) == signature


def test_every_signed_vector_is_listed_here() -> None:
    root = vectors.folder("vc-di-ecdsa")
    found = {path.relative_to(root).as_posix() for path in root.rglob("signed*.json")}
    listed = {case.path("signed", "json").relative_to(root).as_posix() for case in SETS}
    employed = {f"ecdsa-rdfc-2019-p{curve}/employ/signedECDSAP{curve}.json" for curve in ("256", "384")}
    assert found == listed | employed
    assert len(found) == 6
