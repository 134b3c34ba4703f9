"""Taking a document and its proofs apart: what a given proof covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import ProofInvalid, ProofMissing, TooComplex

Document = Mapping[str, JSONValue]

MAX_PROOFS = 16


def without_proof(document: Document) -> dict[str, JSONValue]:
    """The document without its proofs."""
    return {name: value for name, value in document.items() if name != "proof"}


def proofs_of(document: Document) -> tuple[dict[str, JSONValue], ...]:
    """The proofs of a document, in order; none for a document without.

    Raises:
        ProofInvalid: A proof is not an object, or two share an id.
        TooComplex: More than 16 proofs.
    """
    value = document.get("proof")
    if isinstance(value, dict) and "id" not in value:
        return (value,)
    if value is None and "proof" not in document:
        return ()
    entries = value if isinstance(value, list) else [value]
    if len(entries) > MAX_PROOFS:
        raise TooComplex("The document has more than 16 proofs.", pointer="/proof")
    proofs = tuple(entry for entry in entries if isinstance(entry, dict))
    if len(proofs) != len(entries):
        raise ProofInvalid("A proof must be an object.", pointer="/proof")
    ids = [proof["id"] for proof in proofs if "id" in proof]
    if any(not isinstance(name, str) for name in ids) or len(set(map(str, ids))) != len(ids):
        raise ProofInvalid("Proof ids must be texts that differ.", pointer="/proof")
    return proofs


def require_proofs(document: Document) -> tuple[dict[str, JSONValue], ...]:
    """The proofs of a document that must have one.

    Raises:
        ProofMissing: There is none.
        ProofInvalid: A proof is not an object, or two share an id.
        TooComplex: More than 16 proofs.
    """
    proofs = proofs_of(document)
    if not proofs:
        raise ProofMissing("The document has no proof.", pointer="/proof")
    return proofs


def previous_ids(proof: Document) -> tuple[str, ...]:
    """The ids of the proofs that a proof says it was made after; none for a proof that stands alone.

    Raises:
        ProofInvalid: `previousProof` is neither text nor a non-empty array of texts.
    """
    if "previousProof" not in proof:
        return ()
    value = proof["previousProof"]
    names = value if isinstance(value, list) else [value]
    if not names or not all(isinstance(name, str) for name in names):
        raise ProofInvalid("previousProof must be text or an array of texts.", pointer="/proof/previousProof")
    return tuple(str(name) for name in names)


def covered_document(
    unsecured: Mapping[str, JSONValue], proofs: Sequence[dict[str, JSONValue]], previous: Sequence[str]
) -> Mapping[str, JSONValue]:
    """What a proof signs: the bare document, or in a chain the document with the proofs that came before.

    Args:
        unsecured: The document without proofs.
        proofs: All proofs of the document.
        previous: The ids that the proof names in `previousProof`.

    Raises:
        ProofInvalid: A named proof is not there.

    Spec: Verifiable Credential Data Integrity 1.0, "Verify Proof Sets and Chains".
    """
    if not previous:
        return unsecured
    by_id = {str(proof["id"]): proof for proof in proofs if "id" in proof}
    if any(name not in by_id for name in previous):
        raise ProofInvalid("previousProof names a proof that the document lacks.", pointer="/proof/previousProof")
    # In the order in which the document has them, as that is how the signer saw them; RDF does not mind, JCS does.
    matching: list[JSONValue] = [proof for proof in proofs if proof.get("id") in previous]
    return {**unsecured, "proof": matching}
