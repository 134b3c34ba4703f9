"""Making a proof in two steps: what is to be signed, then the signature put in its place.

Between the two a signer works that sees nothing but bytes, and may sit in another process or device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.vc.errors import DerivationInvalid, Fault, InvalidKey, MalformedDocument, ProofInvalid
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.canonical import CanonicalForms
from sealwright.vc.proofs.registry import AnySuite, issuing_suite
from sealwright.vc.proofs.suites.disclosure import BaseDraft, Covered, DisclosureSuite
from sealwright.vc.proofs.suites.suite import Hashing, Suite, encode_proof_value
from sealwright.vc.proofs.unsecured import covered_document, proofs_of, without_proof


@dataclass(frozen=True, slots=True)
class ProofOptions:
    """What a proof is to say about itself.

    Args:
        suite: Name of the suite, such as ``Ed25519Signature2020``.
        verification_method: Absolute id of the method in its controller's DID document.
        created: Aware UTC; written in whole seconds.
        purpose: Proof purpose.
        challenge: The verifier's nonce, for presentations.
        domain: The verifier that a presentation is meant for.
        proof_id: Id of the proof, when a later one shall name it.
        previous_proof: Ids of proofs in the document that this one covers; one stands as text, several as an array.
        expires: From when on the proof shall not be accepted any more.
        mandatory_pointers: JSON pointers of what every derived proof must show, for suites that take them.
        public_key: The method's key; suites of selective disclosure need it, and others for keys that ask for another
            hash function than those kept here.
    """

    suite: str
    verification_method: str
    created: datetime
    purpose: str = "assertionMethod"
    challenge: str | None = None
    domain: str | None = None
    proof_id: str | None = None
    previous_proof: tuple[str, ...] = ()
    expires: datetime | None = None
    mandatory_pointers: tuple[str, ...] = ()
    public_key: PublicKey | None = None


@dataclass(frozen=True, slots=True)
class PreparedProof:
    """A proof that lacks its value only.

    Args:
        document: The document as it was given, earlier proofs included.
        proof: The proof without value; not to be altered.
        data_to_sign: What the signer is given. Under a suite that hashes and signs: options hash, then document hash.
        suite: The suite that will check it.
        base: The draft of a base proof; None under a suite that hashes and signs.
    """

    document: Mapping[str, JSONValue]
    proof: Mapping[str, JSONValue]
    data_to_sign: bytes
    suite: AnySuite
    base: BaseDraft | None = None


def with_suite_context(document: Mapping[str, JSONValue], suite: str) -> dict[str, JSONValue]:
    """The document with a context that defines the suite's terms, added last where none is there yet.

    Without it the proof's own members are undefined, and other verifiers do not even find the proof.

    Raises:
        UnsupportedProofType: No such suite.
        MalformedDocument: `@context` is missing or not an array.
    """
    wanted = issuing_suite(suite)
    contexts = document.get("@context")
    if not isinstance(contexts, list) or not contexts:
        detail = "@context must be a non-empty array."
        raise MalformedDocument(detail, faults=(Fault("/@context", "INVALID_TYPE", detail),), pointer="/@context")
    base = contexts[0] if isinstance(contexts[0], str) else ""
    if base in wanted.base_contexts or any(context in contexts for context in wanted.contexts):
        return dict(document)
    return {**document, "@context": [*contexts, wanted.contexts[0]]}


def prepare(
    document: Mapping[str, JSONValue],
    options: ProofOptions,
    canon: CanonicalForms,
    *,
    allow_inline: bool = False,
) -> PreparedProof:
    """Canonicalize and hash a document and the options of a proof to be made over it.

    Args:
        document: The document; its context for the suite must be there already (`with_suite_context`).
        options: What the proof says.
        canon: Canonicalizer.
        allow_inline: Accept context objects that only add terms.

    Raises:
        DocumentRefused: The document, or the options under its contexts, would not be signed whole.
        UnsupportedProofType: No such suite, or one that cannot run here.
        ProofInvalid: An earlier proof is malformed, or one that `options` names is not there.
        DerivationInvalid: A mandatory pointer leads nowhere, or the suite takes none.

    Spec: Verifiable Credential Data Integrity 1.0, "Add Proof", "Add Proof Set/Chain".
    """
    suite = issuing_suite(options.suite)
    proof = _proof(options, suite)
    contexts = document.get("@context")
    hashing = Hashing(canon, allow_inline)
    covered: Mapping[str, JSONValue] = document
    if "proof" in document:
        covered = covered_document(without_proof(document), proofs_of(document), options.previous_proof)
    elif options.previous_proof:
        covered = covered_document(document, (), options.previous_proof)
    if isinstance(suite, DisclosureSuite):
        return _prepared_base(suite, document, Covered(covered, proof, contexts, hashing), options)
    if options.mandatory_pointers:
        raise DerivationInvalid(f"Under {suite.name} a document is shown whole.", pointer="/mandatoryPointers")
    if options.public_key is not None:
        hashing = suite.hashing_for(options.public_key, hashing)
    data = suite.hash_options(proof, contexts, hashing) + suite.hash_document(covered, hashing)
    if suite.carries_context:
        proof["@context"] = contexts
    return PreparedProof(document, proof, data, suite)


def _prepared_base(
    suite: DisclosureSuite, document: Mapping[str, JSONValue], covered: Covered, options: ProofOptions
) -> PreparedProof:
    if options.public_key is None:
        raise InvalidKey(f"Under {suite.name} the key must be given with which the proof is going to be checked.")
    if options.mandatory_pointers and not suite.takes_pointers:
        raise DerivationInvalid(f"Under {suite.name} the holder alone decides.", pointer="/mandatoryPointers")
    draft = suite.prepare(covered, options.public_key, options.mandatory_pointers)
    return PreparedProof(document, covered.options, draft.data_to_sign, suite, draft)


def attach(prepared: PreparedProof, signature: bytes) -> dict[str, JSONValue]:
    """The document with the finished proof, after those it had.

    Raises:
        ProofInvalid: `signature` does not have the length that the suite's keys give.
    """
    proof = {**prepared.proof, "proofValue": _proof_value(prepared, signature)}
    if "proof" not in prepared.document:
        return {**prepared.document, "proof": proof}
    earlier = prepared.document["proof"]
    several: list[JSONValue] = [*(earlier if isinstance(earlier, list) else [earlier]), proof]
    return {**prepared.document, "proof": several}


def _proof_value(prepared: PreparedProof, signature: bytes) -> str:
    if prepared.base is not None:
        return prepared.base.proof_value(signature)
    assert isinstance(prepared.suite, Suite)
    if len(signature) not in prepared.suite.signature_bytes:
        lengths = " or ".join(map(str, prepared.suite.signature_bytes))
        raise ProofInvalid(f"A signature under {prepared.suite.name} has {lengths} bytes, not {len(signature)}.")
    return encode_proof_value(signature)


def verify_prepared(prepared: PreparedProof, signature: bytes, public_key: PublicKey) -> None:
    """Check a fresh signature over the digest that was given to the signer: half the price of a full verification.

    It shows that the signer used the right key on the right bytes, and nothing about the document that leaves in the
    end; `verifying.verify_proofs` on the final bytes does that.

    Raises:
        ProofInvalid: The signature does not hold.
        InvalidKey: The key is weak.
    """
    if not isinstance(prepared.suite, Suite):
        raise ProofInvalid(f"Under {prepared.suite.name} the signed document itself is checked.")
    prepared.suite.verify(public_key, signature, prepared.data_to_sign)


def _proof(options: ProofOptions, suite: AnySuite) -> dict[str, JSONValue]:
    """The proof without value. Members stand in the order in which other implementations write them."""
    proof: dict[str, JSONValue] = {"type": suite.proof_type}
    if options.proof_id is not None:
        proof["id"] = options.proof_id
    if suite.cryptosuite is not None:
        proof["cryptosuite"] = suite.cryptosuite
    proof["created"] = format_timestamp(options.created)
    proof["verificationMethod"] = options.verification_method
    proof["proofPurpose"] = options.purpose
    if options.expires is not None:
        proof["expires"] = format_timestamp(options.expires)
    if options.challenge is not None:
        proof["challenge"] = options.challenge
    if options.domain is not None:
        proof["domain"] = options.domain
    if options.previous_proof:
        several: list[JSONValue] = list(options.previous_proof)
        proof["previousProof"] = several[0] if len(several) == 1 else several
    return proof
