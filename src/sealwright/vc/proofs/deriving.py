"""Deriving: from a credential as it was issued, one that shows what its holder wants to show and nothing more.

Spec: Verifiable Credential Data Integrity 1.0; Data Integrity BBS Cryptosuites 1.0 and Data Integrity ECDSA
Cryptosuites 1.0, "Add Derived Proof"; BBS+ Signatures 2020.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sealwright.vc.credentials.structure import check_credential
from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.encoding.pointers import child, value_at
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import DerivationInvalid, UnsupportedProofType
from sealwright.vc.proofs.canonical import CanonicalForms
from sealwright.vc.proofs.registry import SUITES, disclosure_suite, suite_name_of
from sealwright.vc.proofs.selective.framing import decode_value, header_of, take_pointers
from sealwright.vc.proofs.suites.disclosure import Covered, DisclosureSuite, Wish
from sealwright.vc.proofs.suites.suite import Hashing
from sealwright.vc.proofs.unsecured import previous_ids, require_proofs, without_proof
from sealwright.vc.proofs.verifying import ProofRules, VerifiedProof, check_control, check_signatures, issuer_of

POINTERS_AT: Final = "/pointers"
FRAME_AT: Final = "/frame"
POINTERS_MOST: Final = 200
_BASE_PARTS: Final = 5
_UNSHOWABLE: Final = ("", "@context", "proof")


def base_proof_of(document: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
    """The proof of a credential from which others can be derived, as far as its name tells.

    Raises:
        ProofMissing, ProofInvalid, TooComplex: The proofs are malformed.
        UnsupportedProofType: None of them is of such a suite.
    """
    for proof in require_proofs(document):
        if disclosure_suite(suite_name_of(proof)) is not None:
            return proof
    names = ", ".join(sorted(name for name in SUITES if disclosure_suite(name) is not None))
    raise UnsupportedProofType(f"A part is shown of credentials under {names or 'no suite that runs here'} only.")


def mandatory_of(proof: Mapping[str, JSONValue]) -> tuple[str, ...]:
    """The pointers that a base proof of bbs-2023 or ecdsa-sd-2023 says are always shown; nothing is verified.

    Raises:
        ProofInvalid: It is no such proof.

    Spec: Data Integrity BBS Cryptosuites 1.0 and Data Integrity ECDSA Cryptosuites 1.0, "serializeBaseProofValue".
    """
    value = proof.get("proofValue")
    # Both suites keep them as the last of five parts.
    return take_pointers(decode_value(value, header_of(value), _BASE_PARTS)[-1])


def derive_credential(
    document: Mapping[str, JSONValue],
    wish: Wish,
    *,
    resolver: DIDResolver,
    canon: CanonicalForms,
    now: datetime,
    allow_inline: bool = False,
) -> dict[str, JSONValue]:
    """Derive a credential that shows a part, after its base proof was checked; other proofs it had are left out.

    Args:
        document: The credential as it was issued.
        wish: What is to be shown.
        resolver: Finds the documents of DIDs.
        canon: Canonicalizer.
        now: Aware UTC.
        allow_inline: Accept context objects that only add terms.

    Raises:
        DocumentRefused: It is no credential, or one that nobody would have signed.
        UnsupportedProofType: It is shown whole or not at all.
        DerivationInvalid: A pointer or frame that leads nowhere, a wish that the suite cannot meet, or what came is
            itself a derived credential.
        ProofRefused, InvalidKey, DIDNotResolved, UnsupportedDIDMethod: The base proof does not hold, or nobody knows.
    """
    check_credential(document)
    proof = base_proof_of(document)
    if previous_ids(proof):
        raise DerivationInvalid("A proof that was made after another one covers that too, and is shown whole.")
    unsecured = without_proof(document)
    hashing = Hashing(canon, allow_inline, stranger=True)
    verified = _verified({**unsecured, "proof": proof}, resolver, hashing, now, is_own_work=True)
    suite = verified.suite
    assert isinstance(suite, DisclosureSuite)
    if verified.shown is None or verified.shown.is_derived:
        raise DerivationInvalid("This credential was derived already; begin with the one that its issuer gave.")
    _check_wish(unsecured, wish)
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    covered = Covered(unsecured, options, document.get("@context"), hashing)
    derived = suite.derive(covered, verified.method.public_key, proof, wish)
    # A derived credential that verifiers refuse would be found out before them, where it cannot be mended.
    _verified(derived, resolver, hashing, now, is_own_work=False)
    return derived


def check_pointers(document: Mapping[str, JSONValue], pointers: Sequence[str], *, at: str = POINTERS_AT) -> None:
    """Refuse pointers that lead to nothing that can be shown.

    Raises:
        DerivationInvalid: Over 200 of them; one that is none, leads nowhere, or leads to contexts or proofs.
    """
    if len(pointers) > POINTERS_MOST:
        raise DerivationInvalid(f"At most {POINTERS_MOST} pointers are taken.", pointer=at)
    whole = dict(document)
    for number, pointer in enumerate(pointers):
        place = child(at, number)
        try:
            value_at(whole, pointer)
        except LookupError:
            raise DerivationInvalid("This pointer leads to nothing in the credential.", pointer=place) from None
        if pointer.partition("/")[2].partition("/")[0] in _UNSHOWABLE:
            raise DerivationInvalid("Only what stands beside contexts and proofs is chosen.", pointer=place)


def _check_wish(document: Mapping[str, JSONValue], wish: Wish) -> None:
    if wish.frame is not None and wish.pointers:
        raise DerivationInvalid("Either a frame or pointers tell what is to be shown.", pointer=FRAME_AT)
    check_pointers(document, wish.pointers)


def _verified(
    document: Mapping[str, JSONValue], resolver: DIDResolver, hashing: Hashing, now: datetime, *, is_own_work: bool
) -> VerifiedProof:
    rules = ProofRules("assertionMethod", frozenset(SUITES), now, is_own_work)
    verified = check_signatures(document, resolver=resolver, rules=rules, hashing=hashing)[0]
    check_control(verified, issuer_of(document))
    return verified
