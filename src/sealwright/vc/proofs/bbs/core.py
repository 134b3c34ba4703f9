"""The operations all BBS signatures of the IETF draft share, over points and scalars that an interface chose.

Spec: The BBS Signature Scheme (draft-irtf-cfrg-bbs-signatures), "Core Operations", "BBS Proof Operations Subroutines".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from py_arkworks_bls12381 import G1Point, G2Point, Scalar

from sealwright.vc.errors import ProofInvalid
from sealwright.vc.keys.bls12381 import public_point
from sealwright.vc.proofs.bbs.curve import (
    POINT_BYTES,
    SCALAR_BYTES,
    Randoms,
    Row,
    checked_indexes,
    is_signed_by,
    joined_points,
    joined_scalars,
    masked_inverse,
    read_point,
    read_scalar,
    read_scalars,
    sum_of_products,
    sum_over,
)
from sealwright.vc.proofs.bbs.interface import Generators, Interface, domain

SIGNATURE_BYTES: Final = POINT_BYTES + SCALAR_BYTES
# Three points; the answers for e, r1 and r3; the challenge. Each hidden message adds one answer.
_PROOF_POINTS: Final = 3 * POINT_BYTES
_LEAST_PROOF_BYTES: Final = _PROOF_POINTS + 4 * SCALAR_BYTES
_NUMBER: Final = 8
_ONE: Final = Scalar(1)


@dataclass(frozen=True, slots=True)
class Statement:
    """What is signed, or said to be.

    Args:
        interface: What the signature is made under.
        public_key: 96 bytes.
        generators: Q1 and one point for each message.
        header: Bytes that signature and proofs are bound to.
    """

    interface: Interface
    public_key: bytes
    generators: Generators
    header: bytes

    @property
    def domain(self) -> Scalar:
        """The scalar that binds a signature to all of this."""
        return domain(self.interface, self.public_key, self.generators, self.header)

    @property
    def bases(self) -> list[Row]:
        """The rows of P1, Q1 and the messages' points; B is their sum with 1, the domain and the messages."""
        return [self.interface.base, *self.generators.rows]

    @property
    def key(self) -> G2Point:
        """The signer's point; raises InvalidKey."""
        return public_point(self.public_key)


def core_sign(statement: Statement, secret: Scalar, scalars: Sequence[Scalar]) -> bytes:
    """Sign scalars: A = B / (secret + e), then e.

    Args:
        statement: With as many message points as there are scalars.
        secret: The key; never 0.
        scalars: The messages.

    Returns:
        80 bytes; the same input always gives the same.

    Spec: "CoreSign".
    """
    bound = statement.domain
    e = statement.interface.hash_to_scalar(joined_scalars([secret, *scalars, bound]))
    # One long sum carries 1/(secret + e) into every term, so B itself is never computed.
    inverse, factor = masked_inverse(secret, e)
    factors = [inverse, bound * inverse, *(scalar * inverse for scalar in scalars)]
    a = sum_over(statement.bases, factors) * factor
    return joined_points([a]) + joined_scalars([e])


def read_signature(signature: bytes) -> tuple[G1Point, Scalar]:
    """A and e of a signature; raises ProofInvalid. Spec: "Signature Deserialization" (octets_to_signature)."""
    if len(signature) != SIGNATURE_BYTES:
        raise ProofInvalid(f"A BBS signature has {SIGNATURE_BYTES} bytes, not {len(signature)}.")
    return read_point(signature[:POINT_BYTES]), read_scalar(signature[POINT_BYTES:])


def core_verify(statement: Statement, signature: bytes, scalars: Sequence[Scalar]) -> None:
    """Check a signature over scalars.

    Raises:
        InvalidKey: The public key is malformed or weak.
        ProofInvalid: The signature is malformed or does not hold.

    Spec: "CoreVerify".
    """
    key = statement.key
    a, e = read_signature(signature)
    # e(A, W + e·P2) = e(B, P2), as e(A, W) = e(B − e·A, P2): one multiplication in the first group, none in the second.
    rest = sum_over(statement.bases, [_ONE, statement.domain, *scalars], [a], [-e])
    if not is_signed_by(key, a, rest):
        raise ProofInvalid("The signature does not hold for these messages and this key.")


@dataclass(frozen=True, slots=True, repr=False)
class OpenedProof:
    """A proof before its challenge: what the prover committed to, and the secrets behind it.

    Args:
        points: Abar, Bbar, D, T1, T2.
        bound: The statement's domain.
        e: The signature's e.
        r1, r3: Factors that hide the signature.
        masks: Random scalars for e, r1, r3 and each hidden message.
        hidden: The hidden messages.
    """

    points: tuple[G1Point, ...]
    bound: Scalar
    e: Scalar
    r1: Scalar
    r3: Scalar
    masks: tuple[Scalar, ...]
    hidden: tuple[Scalar, ...]

    def closed(self, challenge: Scalar) -> bytes:
        """The finished proof. Spec: "Proof Finalization"."""
        e_mask, r1_mask, r3_mask, *message_masks = self.masks
        answers = [e_mask + self.e * challenge, r1_mask - self.r1 * challenge, r3_mask - self.r3 * challenge]
        answers += [mask + message * challenge for mask, message in zip(message_masks, self.hidden, strict=True)]
        return joined_points(self.points[:3]) + joined_scalars([*answers, challenge])


def open_proof(
    statement: Statement, signature: bytes, scalars: Sequence[Scalar], disclosed: Sequence[int], randoms: Randoms
) -> OpenedProof:
    """Commit to a signature and to those messages that stay hidden.

    Raises:
        ProofInvalid: A malformed signature, indexes out of order or range.

    Spec: "Proof Initialization".
    """
    a, e = read_signature(signature)
    shown = set(checked_indexes(disclosed, len(scalars)))
    hidden = [index for index in range(len(scalars)) if index not in shown]
    r1, r2, *masks = randoms(5 + len(hidden))
    e_mask, r1_mask, r3_mask, *message_masks = masks
    bound = statement.domain
    # D = r2·B, with r2 carried into every term.
    d = sum_over(statement.bases, [r2, r2 * bound, *(r2 * scalar for scalar in scalars)])
    a_bar = a * (r1 * r2)
    b_bar = sum_of_products([d, a_bar], [r1, -e])
    t1 = sum_of_products([a_bar, d], [e_mask, r1_mask])
    message_rows = statement.generators.rows[1:]
    t2 = sum_over([message_rows[index] for index in hidden], message_masks, [d], [r3_mask])
    kept = tuple(scalars[index] for index in hidden)
    return OpenedProof((a_bar, b_bar, d, t1, t2), bound, e, r1, r2.inverse(), tuple(masks), kept)


@dataclass(frozen=True, slots=True)
class ReadProof:
    """A proof as it came.

    Args:
        points: Abar, Bbar, D.
        answers: For e, r1, r3.
        hidden: The answers for the hidden messages.
        challenge: What the prover says the challenge was.
    """

    points: tuple[G1Point, G1Point, G1Point]
    answers: tuple[Scalar, Scalar, Scalar]
    hidden: tuple[Scalar, ...]
    challenge: Scalar


def hidden_count(proof: bytes) -> int:
    """How many messages a proof of this length hides; raises ProofInvalid for a length that no proof has."""
    rest = len(proof) - _LEAST_PROOF_BYTES
    if rest < 0 or rest % SCALAR_BYTES:
        raise ProofInvalid("A BBS proof of this length is cut off, or has bytes left behind it.")
    return rest // SCALAR_BYTES


def read_proof(proof: bytes) -> ReadProof:
    """Read a proof; raises ProofInvalid. Spec: "Proof Deserialization" (octets_to_proof)."""
    hidden_count(proof)
    a_bar, b_bar, d = (read_point(proof[at : at + POINT_BYTES]) for at in range(0, _PROOF_POINTS, POINT_BYTES))
    e, r1, r3, *hidden, challenge = read_scalars(proof[_PROOF_POINTS:])
    return ReadProof((a_bar, b_bar, d), (e, r1, r3), tuple(hidden), challenge)


def reopen_proof(
    statement: Statement, proof: ReadProof, shown: Sequence[Scalar], disclosed: Sequence[int]
) -> tuple[G1Point, ...]:
    """Compute again what the prover must have committed to: Abar, Bbar, D, T1, T2.

    Args:
        statement: With one point for each message, disclosed and hidden.
        proof: What came.
        shown: The disclosed messages.
        disclosed: Their indexes.

    Raises:
        ProofInvalid: Indexes out of order or range, or counts that do not fit.

    Spec: "Proof Verification Initialization".
    """
    count = len(statement.generators.points) - 1
    indexes = checked_indexes(disclosed, count)
    if len(shown) != len(indexes) or len(shown) + len(proof.hidden) != count:
        raise ProofInvalid("The proof does not fit the count of messages.")
    a_bar, b_bar, d = proof.points
    e, r1, r3 = proof.answers
    challenge = proof.challenge
    t1 = sum_of_products([b_bar, a_bar, d], [challenge, e, r1])
    answers = iter(proof.hidden)
    by_index = dict(zip(indexes, shown, strict=True))
    factors = [by_index[index] * challenge if index in by_index else next(answers) for index in range(count)]
    t2 = sum_over(statement.bases, [challenge, challenge * statement.domain, *factors], [d], [r3])
    return (a_bar, b_bar, d, t1, t2)


def challenge_of(
    statement: Statement,
    points: Sequence[G1Point],
    shown: Sequence[Scalar],
    disclosed: Sequence[int],
    presentation_header: bytes,
) -> Scalar:
    """The challenge over everything that the verifier sees.

    Args:
        statement: What is said to be signed.
        points: Abar, Bbar, D, T1, T2, and whatever an extension commits to beyond them.
        shown: The disclosed messages.
        disclosed: Their indexes.
        presentation_header: Bytes of this showing, such as the verifier's nonce.

    Spec: "Challenge Calculation".
    """
    parts = [len(disclosed).to_bytes(_NUMBER, "big")]
    for index, scalar in zip(disclosed, shown, strict=True):
        parts += [index.to_bytes(_NUMBER, "big"), bytes(scalar.to_be_bytes())]
    parts += [joined_points(points), bytes(statement.domain.to_be_bytes())]
    parts += [len(presentation_header).to_bytes(_NUMBER, "big"), presentation_header]
    return statement.interface.hash_to_scalar(b"".join(parts))


def check_closed(statement: Statement, proof: ReadProof, challenge: Scalar) -> None:
    """Compare the challenge, and check the pairing; raises ProofInvalid, InvalidKey.

    Spec: "CoreProofVerify".
    """
    key = statement.key
    a_bar, b_bar, _ = proof.points
    if challenge != proof.challenge or not is_signed_by(key, a_bar, b_bar):
        raise ProofInvalid("The proof does not hold for these messages and this key.")
