"""The published vectors of BbsBlsSignature2020: base and derived proof verify, and ours from it shows the same."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import pytest

from sealwright.vc.canon import Canonicalizer
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.dids.document import parse_did_document
from sealwright.vc.dids.resolver import ResolvedDID
from sealwright.vc.encoding.multibase import base58btc_decode
from sealwright.vc.encoding.strict_json import dump_json
from sealwright.vc.encoding.timestamps import parse_rfc3339
from sealwright.vc.errors import DIDNotFound, ProofInvalid
from sealwright.vc.keys.bls12381 import public_from_private
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.bbs.signer import BlsSigner
from sealwright.vc.proofs.signing import ProofOptions, attach, prepare
from sealwright.vc.proofs.suites.bbs2020_statements import option_messages
from sealwright.vc.proofs.suites.bbs_bls_signature_2020 import BBS_BLS_SIGNATURE_2020, derive
from sealwright.vc.proofs.suites.disclosure import Covered, Wish
from sealwright.vc.proofs.suites.suite import Hashing
from sealwright.vc.proofs.verifying import VerifiedProof, verify_proofs
from tests.support import vectors
from tests.support.proving import NOW

SUITE = "bbs2020-security-vocab"
BASE = "credentials_bls12381-g2_verifiableCredential.json"
DERIVED = "credentials_bls12381-g2_derivedProofCredential.json"
FRAME = "credentials_bls12381-g2_deriveProofFrame.json"
# The fixtures name an address at which nothing was ever published; it stands for these two.
UNPUBLISHED = "https://www.w3.org/2018/credentials/v2"
STANDS_FOR = ["https://www.w3.org/2018/credentials/v1", "https://w3id.org/security/bbs/v1"]
ALL_FILES = 7


def read(name: str) -> Any:
    return vectors.read_json(vectors.folder(SUITE) / name)


@cache
def canonicalizer() -> Canonicalizer:
    store = ContextStore.pinned()
    store.register(UNPUBLISHED, dump_json({"@context": STANDS_FOR}))
    store.register("https://w3id.org/citizenship/v1", dump_json(read("contexts_citizenship-v1.json")))
    return Canonicalizer(store)


class Controllers:
    """The published controller; its relative method ids are those of its own document."""

    def resolve(self, did: str) -> ResolvedDID:
        document = read("controllers_bls12381-g2.json")
        if did != document["id"]:
            raise DIDNotFound("Only the published controller is known here.")
        # The first method holds a key of another group, of which this suite makes no use.
        methods = [entry for entry in document["verificationMethod"] if entry["type"] == "Bls12381G2Key2020"]
        return ResolvedDID(parse_did_document({**document, "verificationMethod": methods, "assertionMethod": ["#456"]}))


def verify(document: dict[str, Any]) -> VerifiedProof:
    (proof,) = verify_proofs(
        document,
        resolver=Controllers(),
        canon=canonicalizer(),
        purpose="assertionMethod",
        accepted_suites=("BbsBlsSignature2020", "BbsBlsSignatureProof2020"),
        now=NOW,
    )
    return proof


def published_key() -> PublicKey:
    return PublicKey("BLS12-381-G2", base58btc_decode(read("keys_bls12381-g2.json")["publicKeyBase58"]))


def derived_from(document: dict[str, Any], wish: Wish) -> dict[str, Any]:
    bare = {name: value for name, value in document.items() if name != "proof"}
    options = {name: value for name, value in document["proof"].items() if name != "proofValue"}
    covered = Covered(bare, options, bare["@context"], Hashing(canonicalizer(), stranger=True))
    return derive(covered, published_key(), document["proof"], wish)


def without_proof(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "proof"}


def test_the_set_is_whole() -> None:
    assert len(list(vectors.folder(SUITE).glob("*.json"))) == ALL_FILES


def test_the_keys_belong_together() -> None:
    pair = read("keys_bls12381-g2.json")
    assert public_from_private(Secret32(base58btc_decode(pair["privateKeyBase58"]))) == published_key().raw


def test_the_published_base_proof_verifies() -> None:
    proof = verify(read(BASE))
    assert proof.shown is not None
    assert not proof.shown.is_derived


def test_the_published_derived_proof_verifies() -> None:
    proof = verify(read(DERIVED))
    assert proof.shown is not None
    assert proof.shown.is_derived
    # All of the credential node is shown, so nothing of it can be hidden.
    assert proof.shown.may_hide == frozenset()
    assert proof.shown.nonce


def test_our_derived_credential_by_the_published_frame_is_the_published_one() -> None:
    derived = derived_from(read(BASE), Wish(frame=read(FRAME), nonce=b"of the verifier"))
    assert without_proof(derived) == without_proof(read(DERIVED))
    assert derived["proof"].keys() == read(DERIVED)["proof"].keys()
    proof = verify(derived)
    assert proof.shown is not None
    assert proof.shown.nonce == b"of the verifier"


def test_pointers_show_what_the_frame_shows() -> None:
    claims = ("givenName", "familyName", "gender")
    derived = derived_from(read(BASE), Wish(pointers=tuple(f"/credentialSubject/{name}" for name in claims)))
    assert verify(derived).shown is not None
    canon = canonicalizer()
    assert canon.canonicalize(without_proof(derived)) == canon.canonicalize(without_proof(read(DERIVED)))


def test_the_published_credential_signed_again_verifies() -> None:
    base = read(BASE)
    signer = BlsSigner(Secret32(base58btc_decode(read("keys_bls12381-g2.json")["privateKeyBase58"])))
    options = ProofOptions(
        "BbsBlsSignature2020",
        base["proof"]["verificationMethod"],
        parse_rfc3339(base["proof"]["created"]),
        public_key=published_key(),
    )
    prepared = prepare(without_proof(base), options, canonicalizer())
    again = attach(prepared, signer.sign(prepared.data_to_sign))
    assert again["proof"] | {"proofValue": ""} == base["proof"] | {"proofValue": ""}
    assert verify(again).suite is BBS_BLS_SIGNATURE_2020


def test_the_options_hold_the_whole_name_of_the_type() -> None:
    base = read(BASE)
    options = {name: value for name, value in base["proof"].items() if name != "proofValue"}
    found = option_messages(options, base["@context"], Hashing(canonicalizer()))
    assert sum(b"<https://w3id.org/security#BbsBlsSignature2020> ." in text for text in found) == 1
    # The very statements that stand under the security context, where the short name means nothing.
    whole = {
        **options,
        "@context": "https://w3id.org/security/v2",
        "type": "https://w3id.org/security#BbsBlsSignature2020",
    }
    assert canonicalizer().canonicalize(whole) == b"".join(text + b"\n" for text in found)


@pytest.mark.parametrize("name", [BASE, DERIVED])
def test_every_changed_member_is_found(name: str) -> None:
    document = read(name)
    changed = 0
    for member in document["credentialSubject"]:
        if isinstance(document["credentialSubject"][member], str):
            other = copy.deepcopy(document)
            other["credentialSubject"][member] = (
                "did:example:other" if member == "id" else document["credentialSubject"][member] + "x"
            )
            with pytest.raises(ProofInvalid):
                verify(other)
            changed += 1
    assert changed == (11 if name == BASE else 4)
