"""The published vectors of ecdsa-sd-2023 and bbs-2023: every intermediate, then both proofs byte for byte."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from py_arkworks_bls12381 import Scalar

from sealwright.vc.canon import Canonicalizer
from sealwright.vc.canon.rdfc import WorkBudget, canonicalize_quads
from sealwright.vc.canon.terms import parse_line
from sealwright.vc.contexts.store import ContextStore, PinnedContext
from sealwright.vc.encoding.multibase import multibase_decode
from sealwright.vc.errors import ProofInvalid
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.keys.multikey import PublicKey, decode_multikey
from sealwright.vc.keys.p256 import P256Signer
from sealwright.vc.proofs.bbs.curve import Randoms, wide_scalar
from sealwright.vc.proofs.bbs.interface import SHA_256
from sealwright.vc.proofs.bbs.signer import BlsSigner
from sealwright.vc.proofs.selective.grouping import (
    Statements,
    disclose,
    mandatory_hash,
    read_statements,
    receive,
)
from sealwright.vc.proofs.selective.labels import hmac_labels, shuffled_labels
from sealwright.vc.proofs.selective.selection import resolve, select
from sealwright.vc.proofs.suites import bbs_2023, ecdsa_sd_2023
from sealwright.vc.proofs.suites.disclosure import Covered, Wish
from sealwright.vc.proofs.suites.suite import Hashing, rdfc_hash_options
from sealwright.vc.proofs.unsecured import without_proof
from tests.support import vectors

CITIZENSHIP = "https://w3id.org/citizenship/v4rc1"
WIND = "https://windsurf.example/terms"
PERSON = ("gender", "familyName", "givenName", "additionalName", "identifier")
DATES = {"birthDate": "https://schema.org/", "residentSince": "https://w3id.org/citizenship#"}


def citizenship() -> dict[str, Any]:
    """A context of our own making with the terms that the vectors use; theirs is not among the vectors."""
    own = (
        *("PermanentResidentCardCredential", "PermanentResident", "PermanentResidentCard"),
        *("EmploymentAuthorizationDocumentCredential", "EmployablePerson", "EmploymentAuthorizationDocument"),
        *("commuterClassification", "birthCountry", "permanentResidentCard", "employmentAuthorizationDocument"),
        *("lprCategory", "lprNumber"),
    )
    terms: dict[str, Any] = {name: f"https://w3id.org/citizenship#{name}" for name in own}
    terms |= {name: f"https://schema.org/{name}" for name in (*PERSON, "Person")}
    date = "http://www.w3.org/2001/XMLSchema#dateTime"
    terms |= {name: {"@id": f"{base}{name}", "@type": date} for name, base in DATES.items()}
    return {"@context": {**terms, "image": {"@id": "https://schema.org/image", "@type": "@id"}}}


@cache
def canonicalizer() -> Canonicalizer:
    """Knows the two contexts; what stands inline in the vectors is pinned under an address here."""
    vocabulary = {"@context": {"@vocab": "https://windsurf.grotto-networking.com/selective#"}}
    held = list(ContextStore.pinned().snapshot().values())
    for url, document in ((CITIZENSHIP, citizenship()), (WIND, vocabulary)):
        content = json.dumps(document).encode()
        held.append(PinnedContext(url, content, sha256(content).digest(), document))
    return Canonicalizer(ContextStore(iter(held)))


@dataclass(frozen=True)
class VectorSet:
    """Where the files of one run lie."""

    suite: str
    folder: str
    document: str
    mandatory: str
    selective: str

    def read(self, stem: str, extension: str = "json") -> Any:
        """One intermediate; contexts that stand inline are named by their address."""
        path = vectors.folder(self.folder.partition("/")[0]) / "/".join(self.folder.split("/")[1:])
        return self.parsed(path / f"{stem}.{extension}")

    def input(self, stem: str) -> Any:
        """One input, from the suite's own folder."""
        return self.parsed(vectors.folder(self.folder.partition("/")[0]) / f"{stem}.json")

    @staticmethod
    def parsed(path: Path) -> Any:
        if path.suffix == ".txt":
            return path.read_text(encoding="utf-8")
        return _pinned(vectors.read_json(path))

    @property
    def hmac_key(self) -> bytes:
        where = "ecdsa-sd-2023/SDKeyMaterial" if self.suite == "ecdsa-sd-2023" else "BBSKeyMaterial"
        return bytes.fromhex(self.input(where)["hmacKeyString"])

    @property
    def pointers(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return tuple(self.input(self.mandatory)), tuple(self.input(self.selective))

    @property
    def unsigned(self) -> dict[str, Any]:
        # One input was mended after the vectors were made; what they were made from is what was signed.
        document = without_proof(self.read("addSignedSDBase"))
        published = self.input(self.document)
        differing = {name for name in document if document[name] != published[name]}
        assert differing == ({"description"} if self.document == "prCredUnsigned" else set())
        assert document.keys() == published.keys()
        return document

    @property
    def options(self) -> dict[str, Any]:
        config = self.read("addProofConfig")
        assert config.pop("@context") == self.unsigned["@context"]
        assert isinstance(config, dict)
        return config

    def covered(self, document: Mapping[str, Any] | None = None) -> Covered:
        held = self.unsigned if document is None else document
        return Covered(held, self.options, held["@context"], Hashing(canonicalizer()))

    @property
    def statements(self) -> Statements:
        labelling = hmac_labels if self.suite == "ecdsa-sd-2023" else shuffled_labels
        return read_statements(self.unsigned, Hashing(canonicalizer()), labelling, self.hmac_key)


def _pinned(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"@vocab"}:
            return WIND
        return {name: _pinned(member) for name, member in value.items()}
    return [_pinned(item) for item in value] if isinstance(value, list) else value


ECDSA = [
    VectorSet(
        "ecdsa-sd-2023", "vc-di-ecdsa/ecdsa-sd-2023/employ", "employmentAuth", "employMandatory", "employSelective"
    ),
    VectorSet("ecdsa-sd-2023", "vc-di-ecdsa/ecdsa-sd-2023/prc", "prCredUnsigned", "prCredMandatory", "prCredSelective"),
]
BBS = [
    VectorSet("bbs-2023", "vc-di-bbs", "windDoc", "windMandatory", "windSelective"),
    VectorSet("bbs-2023", "vc-di-bbs/prc", "prCredUnsigned", "prCredMandatory", "prCredSelective"),
]
every_set = pytest.mark.parametrize("case", [*ECDSA, *BBS], ids=lambda case: f"{case.suite}-{case.document}")
ecdsa_sets = pytest.mark.parametrize("case", ECDSA, ids=lambda case: case.document)
bbs_sets = pytest.mark.parametrize("case", BBS, ids=lambda case: case.document)

# Each file is compared by the test named here; the list must be that of the folder.
COMPARED = {
    *("addBaseDocCanon.json", "addBaseDocHMACCanon.json", "addBaseTransform.json", "addHashData.json"),
    *("addPointerValues.json", "addProofConfig.json", "addProofConfigCanon.txt", "addRawBaseSignatureInfo.json"),
    *("addSignedSDBase.json", "derivedAllGroupData.json", "derivedDisclosureData.json", "derivedGroupIndexes.json"),
    *("derivedRecoveredBaseData.json", "derivedRevealDocument.json", "derivedUnsignedReveal.json"),
    *("verifyDerivedProofValue.json", "verifyNQuads.json"),
}
ECDSA_ONLY = {"derivedAdjMandatoryIndexes.json", "derivedAdjSignatures.json", "verifyCreateVerifyData.json"}
# The top of the folder of bbs-2023 holds inputs as well, and lacks what a verifier finds.
WIND_INPUTS = {
    *("BBSDeriveMaterial.json", "BBSKeyMaterial.json", "prCredMandatory.json", "prCredSelective.json"),
    *("prCredUnsigned.json", "windDoc.json", "windMandatory.json", "windSelective.json"),
}
WIND_LACKS = {"derivedAllGroupData.json", "verifyDerivedProofValue.json", "verifyNQuads.json"}


def ecdsa_keys(case: VectorSet) -> tuple[P256Signer, Secret32, PublicKey]:
    """The issuer's signer, the private key made for the proof, and the issuer's public key."""
    material = case.input("ecdsa-sd-2023/SDKeyMaterial")
    secrets = []
    for pair in (material["baseKeyPair"], material["proofKeyPair"]):
        private = multibase_decode(pair["secretKeyMultibase"])
        assert private[:2] == b"\x86\x26"
        secrets.append(Secret32(private[2:]))
        assert decode_multikey(pair["publicKeyMultibase"]).raw == P256Signer(secrets[-1]).public_key
    return P256Signer(secrets[0]), secrets[1], decode_multikey(material["baseKeyPair"]["publicKeyMultibase"])


def bbs_keys(case: VectorSet) -> tuple[BlsSigner, PublicKey]:
    material = case.input("BBSKeyMaterial")
    signer = BlsSigner(Secret32(bytes.fromhex(material["privateKeyHex"])))
    assert signer.public_key.hex() == material["publicKeyHex"]
    return signer, PublicKey("BLS12-381-G2", signer.public_key)


def mocked(case: VectorSet) -> Randoms:
    """The random scalars that the vectors were made with: under the bare interface's tag."""
    seed = bytes.fromhex(case.input("BBSDeriveMaterial")["pseudoRandSeedHex"])

    def randoms(count: int) -> Sequence[Scalar]:
        wide = SHA_256.expand(seed, SHA_256.identifier + b"H2G_HM2S_", 48 * count)
        return [wide_scalar(wide[48 * index : 48 * index + 48]) for index in range(count)]

    return randoms


def pairs(published: Any) -> dict[int, str]:
    """A map as the vectors write it."""
    return {int(key): value for key, value in published["value"]}


def test_every_file_of_the_folders_is_compared() -> None:
    for case in [*ECDSA, *BBS]:
        folder = vectors.folder(case.folder.partition("/")[0]) / "/".join(case.folder.split("/")[1:])
        found = {path.name for path in folder.iterdir() if path.is_file()}
        wanted = set(COMPARED)
        if case.suite == "ecdsa-sd-2023":
            wanted |= ECDSA_ONLY
        else:
            wanted |= {"derivedAdjIndexes.json"}
        if case.document == "windDoc":
            wanted = (wanted | WIND_INPUTS) - WIND_LACKS
        assert found == wanted


@every_set
def test_the_document_its_labels_and_what_is_mandatory(case: VectorSet) -> None:
    statements = case.statements
    assert list(canonicalizer().dataset(case.unsigned).lines) == case.read("addBaseDocCanon")
    assert list(statements.lines) == case.read("addBaseDocHMACCanon")
    transform = case.read("addBaseTransform")
    mandatory, _ = case.pointers
    always = statements.chosen(mandatory)
    assert transform["mandatoryPointers"] == list(mandatory)
    assert bytes.fromhex(transform["hmacKeyString"]) == case.hmac_key
    assert pairs(transform["mandatory"]) == {index: statements.lines[index] for index in always}
    others = {index: text for index, text in enumerate(statements.lines) if index not in always}
    assert pairs(transform["nonMandatory"]) == others
    hashes = case.read("addHashData")
    assert hashes["mandatoryHash"] == mandatory_hash(statements.lines[index] for index in always).hex()


@every_set
def test_the_values_of_the_pointers(case: VectorSet) -> None:
    mandatory, _ = case.pointers
    values = case.read("addPointerValues")
    assert len(values) >= 1
    for row in values:
        # The list of the windsurfing document names its pointers as they stand in the subject.
        pointer = row["pointer"] if row["pointer"] in mandatory else f"/credentialSubject{row['pointer']}"
        assert pointer in mandatory
        assert resolve(case.unsigned, pointer) == row["value"]


@every_set
def test_the_options_and_their_hash(case: VectorSet) -> None:
    document = {"@context": case.unsigned["@context"], **case.options}
    assert canonicalizer().canonicalize(document).decode() == case.read("addProofConfigCanon", "txt")
    digest = rdfc_hash_options(case.options, case.unsigned["@context"], Hashing(canonicalizer()))
    assert case.read("addHashData")["proofHash"] == digest.hex()


@every_set
def test_the_groups_of_statements(case: VectorSet) -> None:
    statements = case.statements
    mandatory, selective = case.pointers
    published = case.read("derivedGroupIndexes")
    always = statements.chosen(mandatory)
    assert published["mandatoryIndexes"] == always
    assert published["nonMandatoryIndexes"] == [i for i in range(len(statements.lines)) if i not in always]
    assert published["selectiveIndexes"] == statements.chosen(selective)
    assert published["combinedIndexes"] == statements.chosen((*mandatory, *selective))


@pytest.mark.parametrize("case", [*ECDSA, BBS[1]], ids=lambda case: f"{case.suite}-{case.document}")
def test_all_data_of_the_groups(case: VectorSet) -> None:
    statements = case.statements
    mandatory, selective = case.pointers
    data = case.read("derivedAllGroupData")
    asked = {"mandatory": mandatory, "selective": selective, "combined": (*mandatory, *selective)}
    assert data["groups"].keys() == asked.keys()
    assert data["nquads"] == list(statements.lines)
    theirs = {f"_:{node}": f"_:{label}" for node, label in data["labelMap"]["value"]}
    assert set(theirs.values()) == set(statements.labels.values())

    def relabelled(lines: list[str]) -> list[str]:
        return sorted(_with(lines, theirs))

    assert relabelled(data["deskolemizedNQuads"]) == list(statements.lines)
    for name, pointers in asked.items():
        chosen = statements.chosen(pointers)
        group = data["groups"][name]
        assert pairs(group["matching"]) == {index: statements.lines[index] for index in chosen}
        others = {index: text for index, text in enumerate(statements.lines) if index not in chosen}
        assert pairs(group["nonMatching"]) == others
        assert relabelled(group["deskolemizedNQuads"]) == [statements.lines[index] for index in chosen]
    # Names of blank nodes are random on both sides; what they name must be the same, so each side is renamed in order.
    ours, published = _renamed(statements.named), _renamed(data["skolemized"]["compact"])
    assert ours == published
    expanded = canonicalize_quads([parse_line(text) for text in data["deskolemizedNQuads"]], WorkBudget())
    assert list(expanded.lines) == case.read("addBaseDocCanon")
    (top,) = data["skolemized"]["expanded"]
    assert top["@id"] == data["skolemized"]["compact"]["id"]
    assert len(_names(top)) == len(_names(statements.named)) == len(theirs)


def _with(lines: list[str], labels: Mapping[str, str]) -> list[str]:
    renamed = []
    for text in lines:
        subject, predicate, object_, _ = parse_line(text)
        renamed.append(f"{labels.get(subject, subject)} {predicate} {labels.get(object_, object_)} .\n")
    return renamed


def _names(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node[key] for key in ("id", "@id") if str(node.get(key, "")).startswith("urn:bnid:")]
        return own + [name for value in node.values() for name in _names(value)]
    return [name for item in node for name in _names(item)] if isinstance(node, list) else []


def _renamed(node: Any) -> Any:
    """With all random names made alike and types in order: what is left is where names stand."""
    if isinstance(node, dict):
        renamed = {}
        for key, value in node.items():
            if str(value).startswith("urn:bnid:"):
                renamed["id"] = "a blank node"
            else:
                # Compaction, by which they name nodes, writes a single type without its array.
                types = value if isinstance(value, list) else [value]
                renamed[key] = sorted(types) if key == "type" else _renamed(value)
        return renamed
    if isinstance(node, list):
        return [_renamed(item) for item in node]
    return node


@every_set
def test_what_is_revealed(case: VectorSet) -> None:
    mandatory, selective = case.pointers
    published = case.read("derivedUnsignedReveal")
    assert select(case.unsigned, (*mandatory, *selective)) == published
    assert disclose(case.statements, mandatory, selective).document == published


@every_set
def test_a_verifier_refuses_the_base_proof_by_name(case: VectorSet) -> None:
    signed = case.read("addSignedSDBase")
    suite = ecdsa_sd_2023 if case.suite == "ecdsa-sd-2023" else bbs_2023
    key = ecdsa_keys(case)[2] if case.suite == "ecdsa-sd-2023" else bbs_keys(case)[1]
    with pytest.raises(ProofInvalid, match="derive first"):
        suite.verify(case.covered(without_proof(signed)), key, signed["proof"])
    assert not suite.verify_base(case.covered(without_proof(signed)), key, signed["proof"]).is_derived


@ecdsa_sets
def test_the_base_proof_of_ecdsa_sd(case: VectorSet) -> None:
    signer, secret, key = ecdsa_keys(case)
    mandatory, _ = case.pointers
    signed = case.read("addSignedSDBase")
    draft = ecdsa_sd_2023.prepare_with(case.covered(), mandatory, hmac_key=case.hmac_key, secret=secret)
    value = draft.proof_value(signer.sign(draft.data_to_sign))
    assert value == signed["proof"]["proofValue"]
    assert {**case.unsigned, "proof": {**case.options, "proofValue": value}} == signed
    base = ecdsa_sd_2023.Base.read(value)
    raw, recovered = case.read("addRawBaseSignatureInfo"), case.read("derivedRecoveredBaseData")
    assert raw["baseSignature"] == recovered["baseSignature"] == base.signature.hex()
    assert raw["publicKey"] == recovered["proofPublicKey"] == PublicKey("P-256", base.public_key[2:]).multikey
    assert raw["signatures"] == recovered["signatures"] == [signature.hex() for signature in base.signatures]
    assert raw["mandatoryPointers"] == recovered["mandatoryPointers"] == list(base.mandatory)
    assert recovered["hmacKey"] == base.hmac_key.hex()
    assert not ecdsa_sd_2023.verify_base(case.covered(), key, signed["proof"]).is_derived


@ecdsa_sets
def test_the_derived_proof_of_ecdsa_sd(case: VectorSet) -> None:
    _, _, key = ecdsa_keys(case)
    mandatory, selective = case.pointers
    signed, reveal = case.read("addSignedSDBase"), case.read("derivedRevealDocument")
    assert ecdsa_sd_2023.derive(case.covered(), key, signed["proof"], Wish(selective)) == reveal
    part = disclose(case.statements, mandatory, selective)
    signatures = case.read("derivedAdjSignatures")
    assert case.read("derivedAdjMandatoryIndexes")["adjMandatoryIndexes"] == part.mandatory
    assert signatures["adjSignatureIndexes"] == part.selective
    derived = ecdsa_sd_2023.Derived.read(reveal["proof"]["proofValue"])
    assert signatures["filteredSignatures"] == [signature.hex() for signature in derived.signatures]
    disclosure, found = case.read("derivedDisclosureData"), case.read("verifyDerivedProofValue")
    labels = {f"_:{canonical}": f"_:{label}" for canonical, label in found["labelMap"]}
    assert labels == derived.labels == part.labels
    assert [list(row) for row in disclosure["labelMap"]["value"]] == found["labelMap"]
    for data in (disclosure, found):
        assert data["baseSignature"] == derived.signature.hex()
        assert data["publicKey"] == PublicKey("P-256", derived.public_key[2:]).multikey
        assert data["signatures"] == [signature.hex() for signature in derived.signatures]
        assert data["mandatoryIndexes"] == derived.mandatory == part.mandatory


@ecdsa_sets
def test_what_a_verifier_of_ecdsa_sd_finds(case: VectorSet) -> None:
    _, _, key = ecdsa_keys(case)
    reveal = case.read("derivedRevealDocument")
    derived = ecdsa_sd_2023.Derived.read(reveal["proof"]["proofValue"])
    received = receive(without_proof(reveal), Hashing(canonicalizer()), derived.labels, derived.mandatory)
    assert received is not None
    assert sorted([*received.mandatory, *received.others]) == case.read("verifyNQuads")
    data = case.read("verifyCreateVerifyData")
    assert data["nonMandatory"] == received.others
    assert data["mandatoryHash"] == mandatory_hash(received.mandatory).hex()
    assert data["proofHash"] == case.read("addHashData")["proofHash"]
    assert data["baseSignature"] == derived.signature.hex()
    assert data["publicKey"] == PublicKey("P-256", derived.public_key[2:]).multikey
    assert data["signatures"] == [signature.hex() for signature in derived.signatures]
    assert ecdsa_sd_2023.verify(case.covered(without_proof(reveal)), key, reveal["proof"]).is_derived


@bbs_sets
def test_the_base_proof_of_bbs(case: VectorSet) -> None:
    signer, key = bbs_keys(case)
    mandatory, _ = case.pointers
    signed = case.read("addSignedSDBase")
    draft = bbs_2023.prepare_with(case.covered(), key, mandatory, hmac_key=case.hmac_key)
    value = draft.proof_value(signer.sign(draft.data_to_sign))
    assert value == signed["proof"]["proofValue"]
    assert {**case.unsigned, "proof": {**case.options, "proofValue": value}} == signed
    base = bbs_2023.Base.read(value)
    raw, recovered = case.read("addRawBaseSignatureInfo"), case.read("derivedRecoveredBaseData")
    assert raw["bbsSignature"] == recovered["bbsSignature"] == base.signature.hex()
    assert raw["mandatoryPointers"] == recovered["mandatoryPointers"] == list(base.mandatory)
    assert recovered["hmacKey"] == base.hmac_key.hex()


@bbs_sets
def test_the_derived_proof_of_bbs(case: VectorSet) -> None:
    _, key = bbs_keys(case)
    mandatory, selective = case.pointers
    signed, reveal = case.read("addSignedSDBase"), case.read("derivedRevealDocument")
    nonce = bytes.fromhex(case.input("BBSDeriveMaterial")["presentationHeaderHex"])
    wish = Wish(selective, nonce=nonce)
    assert bbs_2023.derive_with(case.covered(), key, signed["proof"], wish, randoms=mocked(case)) == reveal
    part = disclose(case.statements, mandatory, selective)
    adjusted, disclosure = case.read("derivedAdjIndexes"), case.read("derivedDisclosureData")
    assert adjusted == {"adjMandatoryIndexes": part.mandatory, "adjSelectiveIndexes": part.selective}
    derived = bbs_2023.Derived.read(reveal["proof"]["proofValue"])
    assert disclosure["bbsProof"] == derived.proof.hex()
    labels = {f"_:{canonical}": f"_:{label}" for canonical, label in disclosure["labelMap"]["value"]}
    assert labels == derived.labels == part.labels
    assert disclosure["mandatoryIndexes"] == derived.mandatory == part.mandatory
    assert disclosure["adjSelectiveIndexes"] == derived.selective == part.selective
    assert bytes(disclosure["presentationHeader"].values()) == derived.nonce == nonce


@bbs_sets
def test_what_a_verifier_of_bbs_finds(case: VectorSet) -> None:
    _, key = bbs_keys(case)
    reveal = case.read("derivedRevealDocument")
    shown = bbs_2023.verify(case.covered(without_proof(reveal)), key, reveal["proof"])
    assert shown.is_derived
    assert shown.nonce.hex() == case.input("BBSDeriveMaterial")["presentationHeaderHex"]


def test_the_statements_that_a_verifier_of_bbs_finds() -> None:
    case = BBS[1]
    reveal = case.read("derivedRevealDocument")
    derived = bbs_2023.Derived.read(reveal["proof"]["proofValue"])
    received = receive(without_proof(reveal), Hashing(canonicalizer()), derived.labels, derived.mandatory)
    assert received is not None
    assert sorted([*received.mandatory, *received.others]) == case.read("verifyNQuads")
    found = case.read("verifyDerivedProofValue")
    assert found["bbsProof"] == derived.proof.hex()
    assert {f"_:{canonical}": f"_:{label}" for canonical, label in found["labelMap"]} == derived.labels
    assert found["mandatoryIndexes"] == derived.mandatory
    assert found["adjSelectedIndexes"] == derived.selective
