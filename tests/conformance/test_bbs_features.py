"""The published vectors of bbs-2023 with its features: every intermediate, then both proofs byte for byte."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

import pytest
from py_arkworks_bls12381 import Scalar

from sealwright.vc.canon import Canonicalizer
from sealwright.vc.contexts.store import ContextStore, PinnedContext
from sealwright.vc.errors import ProofInvalid
from sealwright.vc.keys.bls12381 import secret_scalar
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.bbs import blind, pseudonym
from sealwright.vc.proofs.bbs.curve import Randoms, read_scalars, wide_scalar
from sealwright.vc.proofs.bbs.interface import SHA_256, Interface
from sealwright.vc.proofs.bbs.signer import BlsSigner
from sealwright.vc.proofs.selective.grouping import (
    Statements,
    disclose,
    mandatory_hash,
    read_statements,
    receive,
)
from sealwright.vc.proofs.selective.labels import shuffled_labels
from sealwright.vc.proofs.selective.selection import select
from sealwright.vc.proofs.suites import bbs_2023, bbs_2023_features
from sealwright.vc.proofs.suites.bbs_2023_features import (
    Feature,
    FeatureBase,
    FeatureDerived,
    HolderSecrets,
    Ordered,
)
from sealwright.vc.proofs.suites.disclosure import Covered, Wish
from sealwright.vc.proofs.suites.suite import Hashing, rdfc_hash_options
from sealwright.vc.proofs.unsecured import without_proof
from tests.support import vectors

VDL = "https://w3id.org/vdl/v1"
AAMVA = "https://w3id.org/vdl/aamva/v1"
FOLDERS = {
    "HolderBinding": Feature.HOLDER_BINDING,
    "Pseudonym": Feature.PSEUDONYM,
    "PseudonymHB": Feature.HOLDER_BINDING_PSEUDONYM,
}
COMPARED = {
    *("addBaseDocCanon.json", "addBaseDocHMACCanon.json", "addBaseTransform.json", "addHashData.json"),
    *("addProofConfig.json", "addProofConfigCanon.txt", "addRawBaseSignatureInfo.json", "addSignedSDBase.json"),
    *("commitmentInfo.json", "derivedAdjIndexes.json", "derivedAllGroupData.json", "derivedDisclosureData.json"),
    *("derivedGroupIndexes.json", "derivedRecoveredBaseData.json", "derivedRevealDocument.json"),
    *("derivedUnsignedReveal.json", "verifyDerivedProofValue.json", "verifyNQuads.json"),
}
INPUTS = {
    *("holderSecret.json", "license.json", "licenseMandatory.json", "licenseSelective.json"),
    *("proverNym.json", "signerNymEntropy.json", "verifierInfo.json"),
}
hexed = bytes.fromhex


def driving_licence() -> dict[str, Any]:
    """A context of our own making with the terms that the vectors use; theirs are not among the vectors."""
    vdl = "https://w3id.org/vdl#"
    terms: dict[str, Any] = {
        name: vdl + name for name in ("Iso18013DriversLicenseCredential", "LicensedDriver", "Iso18013DriversLicense")
    }
    texts = {
        "document_number": "documentNumber",
        "family_name": "familyName",
        "given_name": "givenName",
        "issuing_country": "issuingCountry",
        "issuing_authority": "issuingAuthority",
        "un_distinguishing_sign": "unDistinguishingSign",
    }
    terms |= {name: vdl + term for name, term in texts.items()}
    date = "http://www.w3.org/2001/XMLSchema#dateTime"
    dates = {"birth_date": "birthDate", "issue_date": "issueDate", "expiry_date": "expiryDate"}
    terms |= {name: {"@id": vdl + term, "@type": date} for name, term in dates.items()}
    terms |= {
        "driversLicense": {"@id": f"{vdl}license", "@type": "@id"},
        "driving_privileges": {"@id": f"{vdl}drivingPrivileges", "@type": "@json"},
        "portrait": {"@id": f"{vdl}portrait", "@type": "@id"},
        "sex": {"@id": f"{vdl}sex", "@type": "http://www.w3.org/2001/XMLSchema#unsignedInt"},
        "name": "https://schema.org/name",
        "description": "https://schema.org/description",
        "image": {"@id": "https://schema.org/image", "@type": "@id"},
        "url": {"@id": "https://schema.org/url", "@type": "@id"},
    }
    return {"@context": terms}


def american_licence() -> dict[str, Any]:
    """As `driving_licence`, for the terms of the American association."""
    names = {
        "aamva_aka_suffix": "akaSuffix",
        "aamva_family_name_truncation": "familyNameTruncation",
        "aamva_given_name_truncation": "givenNameTruncation",
    }
    return {"@context": {name: f"https://w3id.org/vdl/aamva#{term}" for name, term in names.items()}}


@cache
def canonicalizer() -> Canonicalizer:
    held = list(ContextStore.pinned().snapshot().values())
    for url, document in ((VDL, driving_licence()), (AAMVA, american_licence())):
        content = json.dumps(document).encode()
        held.append(PinnedContext(url, content, sha256(content).digest(), document))
    return Canonicalizer(ContextStore(iter(held)))


@dataclass(frozen=True)
class FeatureSet:
    """One folder of the vectors and its feature."""

    folder: str

    @property
    def feature(self) -> Feature:
        return FOLDERS[self.folder]

    def read(self, stem: str) -> Any:
        return vectors.read_json(vectors.folder("vc-di-bbs") / self.folder / f"{stem}.json")

    @property
    def document(self) -> dict[str, Any]:
        unsigned: dict[str, Any] = _input("FeatureInputs/license")
        assert unsigned == without_proof(self.read("addSignedSDBase"))
        return unsigned

    @property
    def options(self) -> dict[str, Any]:
        config: dict[str, Any] = self.read("addProofConfig")
        assert config.pop("@context") == self.document["@context"]
        return config

    def covered(self, document: Mapping[str, Any] | None = None) -> Covered:
        held = self.document if document is None else document
        return Covered(held, self.options, held["@context"], Hashing(canonicalizer()))

    @property
    def statements(self) -> Statements:
        return read_statements(self.document, Hashing(canonicalizer()), shuffled_labels, _hmac_key())

    @property
    def ordered(self) -> Ordered:
        commitment = hexed(self.read("commitmentInfo")["commitmentWithProof"])
        entropy = hexed(_input("FeatureInputs/signerNymEntropy")["signerNymEntropyHex"])
        return Ordered(self.feature, commitment, entropy if self.feature.has_pseudonym else None)

    @property
    def holder(self) -> HolderSecrets:
        secret = hexed(_input("FeatureInputs/holderSecret")["holderSecretHex"])
        prover_nym = None
        if self.feature.has_pseudonym:
            prover_nym = Secret32(hexed(_input("FeatureInputs/proverNym")["proverNymHex"]))
        blinding = Secret32(hexed(self.read("commitmentInfo")["secretProverBlind"]))
        return HolderSecrets(blinding, secret if self.feature.binds_holder else None, prover_nym)

    @property
    def interface(self) -> Interface:
        return pseudonym.nym_interface(SHA_256) if self.feature.has_pseudonym else blind.blind_interface(SHA_256)

    @property
    def nym_domain(self) -> bytes | None:
        return _input("FeatureInputs/verifierInfo")["verifierId"].encode() if self.feature.has_pseudonym else None


def _input(stem: str) -> Any:
    return vectors.read_json(vectors.folder("vc-di-bbs") / f"{stem}.json")


def _hmac_key() -> bytes:
    return hexed(_input("BBSKeyMaterial")["hmacKeyString"])


def _issuer() -> tuple[Secret32, PublicKey]:
    material = _input("BBSKeyMaterial")
    secret = Secret32(hexed(material["privateKeyHex"]))
    assert BlsSigner(secret).public_key.hex() == material["publicKeyHex"]
    return secret, PublicKey("BLS12-381-G2", hexed(material["publicKeyHex"]))


def _pointers() -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(_input("FeatureInputs/licenseMandatory")), tuple(_input("FeatureInputs/licenseSelective"))


def _mocked(interface: Interface) -> Randoms:
    """The random scalars of the vectors: under the interface's bare identifier."""
    seed = hexed(_input("BBSDeriveMaterial")["pseudoRandSeedHex"])

    def randoms(count: int) -> list[Scalar]:
        wide = SHA_256.expand(seed, interface.api_id, 48 * count)
        return [wide_scalar(wide[at : at + 48]) for at in range(0, len(wide), 48)]

    return randoms


def _pairs(published: Any) -> dict[int, str]:
    return {int(key): value for key, value in published["value"]}


every_set = pytest.mark.parametrize("case", [FeatureSet(name) for name in FOLDERS], ids=FOLDERS.values())


def test_every_file_of_the_folders_is_compared() -> None:
    root = vectors.folder("vc-di-bbs")
    assert {path.name for path in (root / "FeatureInputs").iterdir()} == INPUTS
    for folder, feature in FOLDERS.items():
        wanted = COMPARED | ({"nymSecret.json"} if feature.has_pseudonym else set())
        assert {path.name for path in (root / folder).iterdir()} == wanted


@every_set
def test_the_document_its_labels_and_what_is_mandatory(case: FeatureSet) -> None:
    statements = case.statements
    assert list(canonicalizer().dataset(case.document).lines) == case.read("addBaseDocCanon")
    assert list(statements.lines) == case.read("addBaseDocHMACCanon")
    mandatory, _ = _pointers()
    always = statements.chosen(mandatory)
    transform, hashes = case.read("addBaseTransform"), case.read("addHashData")
    assert transform["mandatoryPointers"] == list(mandatory)
    assert hexed(transform["hmacKeyString"]) == _hmac_key()
    assert _pairs(transform["mandatory"]) == {index: statements.lines[index] for index in always}
    others = {index: text for index, text in enumerate(statements.lines) if index not in always}
    assert _pairs(transform["nonMandatory"]) == others
    assert len(others) == 23
    assert hashes["mandatoryHash"] == mandatory_hash(statements.lines[index] for index in always).hex()


@every_set
def test_the_options_and_their_hash(case: FeatureSet) -> None:
    published = (vectors.folder("vc-di-bbs") / case.folder / "addProofConfigCanon.txt").read_text(encoding="utf-8")
    contexts = case.document["@context"]
    assert canonicalizer().canonicalize({"@context": contexts, **case.options}).decode() == published
    digest = rdfc_hash_options(case.options, contexts, Hashing(canonicalizer()))
    assert case.read("addHashData")["proofHash"] == digest.hex()


@every_set
def test_the_groups_of_statements_and_what_is_revealed(case: FeatureSet) -> None:
    statements = case.statements
    mandatory, selective = _pointers()
    chosen = {
        "mandatory": statements.chosen(mandatory),
        "selective": statements.chosen(selective),
        "combined": statements.chosen((*mandatory, *selective)),
    }
    indexes = case.read("derivedGroupIndexes")
    assert {f"{name}Indexes": found for name, found in chosen.items()}.items() <= indexes.items()
    others = [index for index in range(len(statements.lines)) if index not in chosen["mandatory"]]
    assert indexes["nonMandatoryIndexes"] == others
    data = case.read("derivedAllGroupData")
    assert data["nquads"] == list(statements.lines)
    assert {f"_:{label}" for _, label in data["labelMap"]["value"]} == set(statements.labels.values())
    assert len(data["deskolemizedNQuads"]) == len(statements.lines)
    for name, found in chosen.items():
        group = data["groups"][name]
        assert _pairs(group["matching"]) == {index: statements.lines[index] for index in found}
        left = {index: text for index, text in enumerate(statements.lines) if index not in found}
        assert _pairs(group["nonMatching"]) == left
    published = case.read("derivedUnsignedReveal")
    assert select(case.document, (*mandatory, *selective)) == published
    assert disclose(statements, mandatory, selective).document == published


@every_set
def test_the_commitment(case: FeatureSet) -> None:
    published = case.ordered.commitment
    holder, interface = case.holder, case.interface
    _, count = blind.read_commitment(interface, published)
    assert count == case.feature.committed
    # Their masks are not published, but whoever knows what was committed to finds them in the answers.
    committed = () if holder.secret is None else (holder.secret,)
    secrets = [secret_scalar(holder.blind), *interface.message_scalars(committed)]
    if holder.prover_nym is not None:
        secrets.append(secret_scalar(holder.prover_nym))
    *answers, challenge = read_scalars(published[48:])
    masks = [answer - secret * challenge for answer, secret in zip(answers, secrets, strict=True)]

    def randoms(number: int) -> list[Scalar]:
        assert number == len(masks) + 1
        return [secrets[0], *masks]

    if holder.prover_nym is None:
        made = blind.commit(committed, randoms=randoms)
    else:
        made = pseudonym.commit(holder.prover_nym, committed, randoms=randoms)
    assert made.with_proof == published
    assert made.blind == holder.blind


@every_set
def test_the_base_proof(case: FeatureSet) -> None:
    secret, key = _issuer()
    mandatory, _ = _pointers()
    signed = case.read("addSignedSDBase")
    value = bbs_2023_features.issue(case.covered(), secret, mandatory, case.ordered, hmac_key=_hmac_key())
    assert {**case.document, "proof": {**case.options, "proofValue": value}} == signed
    came = FeatureBase.read(value)
    assert came.write() == value
    for name in ("addRawBaseSignatureInfo", "derivedRecoveredBaseData"):
        data = case.read(name)
        assert data["bbsSignature"] == came.base.signature.hex()
        assert data["bbsHeader"] == came.base.header.hex()
        assert data["publicKey"] == came.base.public_key.hex() == key.raw.hex()
        assert data["hmacKey"] == came.base.hmac_key.hex()
        assert data["mandatoryPointers"] == list(came.base.mandatory) == list(mandatory)
        assert data["featureOption"] == case.feature
        entropy = data.get("signerNymEntropyHex", data.get("signerNymEntropy"))
        assert entropy == (came.entropy.hex() if came.entropy else None)
    assert bbs_2023_features.verify_base(case.covered(), key, signed["proof"], case.holder) is case.feature


@every_set
def test_the_derived_proof(case: FeatureSet) -> None:
    _, key = _issuer()
    mandatory, selective = _pointers()
    signed, reveal = case.read("addSignedSDBase"), case.read("derivedRevealDocument")
    wish = Wish(selective, nonce=hexed(_input("BBSDeriveMaterial")["presentationHeaderHex"]))
    made = bbs_2023_features.derive(
        case.covered(),
        key,
        signed["proof"],
        wish,
        case.holder,
        nym_domain=case.nym_domain or b"",
        randoms=_mocked(case.interface),
    )
    assert made == reveal
    came = FeatureDerived.read(reveal["proof"]["proofValue"])
    assert came.feature is case.feature
    part = disclose(case.statements, mandatory, selective)
    assert case.read("derivedAdjIndexes") == {
        "adjMandatoryIndexes": part.mandatory,
        "adjSelectiveIndexes": part.selective,
    }
    data = case.read("derivedDisclosureData")
    assert data["bbsProof"] == came.derived.proof.hex()
    assert (
        {f"_:{node}": f"_:{label}" for node, label in data["labelMap"]["value"]} == came.derived.labels == part.labels
    )
    assert data["mandatoryIndexes"] == came.derived.mandatory == part.mandatory
    assert data["adjSelectiveIndexes"] == came.derived.selective == part.selective
    assert bytes(data["presentationHeader"].values()) == came.derived.nonce == wish.nonce
    assert data.get("pseudonym") == (came.pseudonym.hex() if came.pseudonym else None)
    assert (data["featureOption"], data["lengthBBSMessages"]) == (case.feature, came.count)


@every_set
def test_what_a_verifier_finds_with_no_secret_of_the_holder(case: FeatureSet) -> None:
    _, key = _issuer()
    reveal = case.read("derivedRevealDocument")
    covered = case.covered(without_proof(reveal))
    came = FeatureDerived.read(reveal["proof"]["proofValue"])
    received = receive(covered.document, covered.hashing, came.derived.labels, came.derived.mandatory)
    assert received is not None
    assert sorted([*received.mandatory, *received.others]) == case.read("verifyNQuads")
    found = case.read("verifyDerivedProofValue")
    assert found["bbsProof"] == came.derived.proof.hex()
    assert {f"_:{node}": f"_:{label}" for node, label in found["labelMap"]} == came.derived.labels
    assert found["mandatoryIndexes"] == came.derived.mandatory
    assert found["adjSelectedIndexes"] == came.derived.selective
    shown = bbs_2023_features.verify(covered, key, reveal["proof"], nym_domain=case.nym_domain)
    assert (shown.feature, shown.pseudonym, shown.nonce) == (case.feature, came.pseudonym, came.derived.nonce)


@every_set
def test_a_plain_verifier_refuses_both_proofs_by_name(case: FeatureSet) -> None:
    _, key = _issuer()
    named = "a pseudonym" if case.feature.has_pseudonym else "anonymous holder binding"
    for stem in ("addSignedSDBase", "derivedRevealDocument"):
        signed = case.read(stem)
        covered = case.covered(without_proof(signed))
        for check in (bbs_2023.verify, bbs_2023.verify_base):
            with pytest.raises(ProofInvalid, match=named):
                check(covered, key, signed["proof"])
    signed = case.read("addSignedSDBase")
    with pytest.raises(ProofInvalid, match=named):
        bbs_2023.derive(case.covered(), key, signed["proof"], Wish(("/issuer",)))
    with pytest.raises(ProofInvalid, match="derive first"):
        bbs_2023_features.verify(case.covered(), key, signed["proof"], nym_domain=b"any")


def test_one_holder_has_one_pseudonym_under_both_features() -> None:
    published = {
        FeatureSet(name).read("derivedDisclosureData").get("pseudonym") for name in ("Pseudonym", "PseudonymHB")
    }
    case = FeatureSet("Pseudonym")
    entropy = case.ordered.entropy
    assert entropy is not None
    assert case.holder.prover_nym is not None
    whole = pseudonym.nym_secret(case.holder.prover_nym, entropy)
    assert int.from_bytes(whole.reveal(), "big") == int(case.read("nymSecret")["nymSecretHex"], 16)
    assert published == {pseudonym.pseudonym_of(whole, case.nym_domain or b"").hex()}
