"""Blind BBS signatures: the issuer signs what the holder committed to, without seeing it.

As `bbs-2023` uses them for holder binding: the holder commits to a secret, the issuer signs it with the statements, and
no proof can be derived without the secret and without the number that blinded the commitment. What was committed to is
never disclosed.

Spec: Blind BBS Signatures (draft-irtf-cfrg-bbs-blind-signatures-00). The published vectors of Data Integrity BBS
Cryptosuites 1.0 hash the key and B into e, without the domain, which is in B anyhow; so do we.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from py_arkworks_bls12381 import G1Point, Scalar

from sealwright.vc.errors import ProofInvalid, TooComplex
from sealwright.vc.keys.bls12381 import public_from_private, secret_scalar
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.proofs.bbs.core import (
    Statement,
    challenge_of,
    check_closed,
    core_verify,
    hidden_count,
    open_proof,
    read_proof,
    reopen_proof,
)
from sealwright.vc.proofs.bbs.curve import (
    POINT_BYTES,
    Randoms,
    joined_points,
    joined_scalars,
    masked_inverse,
    random_scalars,
    read_point,
    read_scalars,
    sum_of_products,
    sum_over,
)
from sealwright.vc.proofs.bbs.interface import SHA_256, Ciphersuite, Generators, Interface
from sealwright.vc.proofs.bbs.requests import MAX_MESSAGES

# A holder commits to a handful of secrets; the vectors' documents to one.
MAX_COMMITTED: Final = 16
_NUMBER: Final = 8
_ONE: Final = Scalar(1)


@dataclass(frozen=True, slots=True)
class Commitment:
    """What a holder committed to.

    Args:
        with_proof: For the issuer: the point, and the proof that the holder knows what is in it.
        blind: For the holder alone: the number that hides it. Whoever has it and the messages can derive proofs.
    """

    with_proof: bytes
    blind: Secret32


def blind_interface(suite: Ciphersuite) -> Interface:
    """The interface of blind signatures. Spec: "Blind BBS Signatures Interface"."""
    return Interface(suite, suite.identifier + b"BLIND_H2G_HM2S_")


def commit(messages: Sequence[bytes], *, suite: Ciphersuite = SHA_256, randoms: Randoms = random_scalars) -> Commitment:
    """Commit to messages.

    Args:
        messages: At most 16.
        suite: The hash.
        randoms: Gives random scalars; used once each.

    Raises:
        TooComplex: More than 16 messages.

    Spec: "Commitment Computation".
    """
    interface = blind_interface(suite)
    return commit_scalars(interface, interface.message_scalars(messages), randoms)


def sign(
    secret: Secret32,
    commitment: bytes,
    header: bytes,
    messages: Sequence[bytes],
    suite: Ciphersuite = SHA_256,
) -> bytes:
    """Sign the issuer's messages and those in a commitment.

    Args:
        secret: The issuer's key.
        commitment: As the holder sent it, with its proof.
        header: Bytes that the signature and every proof are bound to.
        messages: The issuer's, at most 1,024.
        suite: The hash.

    Returns:
        80 bytes, which hold with the holder's secrets only.

    Raises:
        InvalidKey: The key is 0 or not below the order.
        ProofInvalid: The commitment is malformed, or its proof does not hold.
        TooComplex: More than 1,024 messages.

    Spec: "Blind Signature Generation".
    """
    interface = blind_interface(suite)
    point, count = read_commitment(interface, commitment)
    return sign_committed(interface, secret, header, messages, (count, [(point, _ONE)]))


def verify(
    public_key: bytes,
    signature: bytes,
    header: bytes,
    messages: Sequence[bytes],
    *,
    committed: Sequence[bytes],
    blind: Secret32,
    suite: Ciphersuite = SHA_256,
) -> None:
    """Check a blind signature, as the holder does when it arrives.

    Args:
        public_key: 96 bytes.
        signature: 80 bytes.
        header: As signed.
        messages: The issuer's.
        committed: The holder's.
        blind: The number that blinded the commitment.
        suite: The hash.

    Raises:
        InvalidKey: The public key is malformed or weak.
        ProofInvalid: The signature is malformed or does not hold.

    Spec: "Blind Signature Verification".
    """
    interface = blind_interface(suite)
    statement = statement_of(interface, public_key, header, len(messages), len(committed))
    core_verify(statement, signature, all_scalars(interface, messages, committed, blind))


def derive(
    public_key: bytes,
    signature: bytes,
    header: bytes,
    presentation_header: bytes,
    messages: Sequence[bytes],
    *,
    disclosed: Sequence[int],
    committed: Sequence[bytes],
    blind: Secret32,
    suite: Ciphersuite = SHA_256,
    randoms: Randoms = random_scalars,
) -> bytes:
    """Derive a proof that discloses some of the issuer's messages. The signature is taken as checked.

    Args:
        public_key: 96 bytes.
        signature: 80 bytes.
        header: As signed.
        presentation_header: Bytes of this showing.
        messages: The issuer's.
        disclosed: Indexes of those that the verifier will see, rising, from 0.
        committed: The holder's; they stay hidden.
        blind: The number that blinded the commitment.
        suite: The hash.
        randoms: Gives random scalars; used once each.

    Raises:
        InvalidKey: The public key is malformed or weak.
        ProofInvalid: A malformed signature; indexes that do not rise or lie beyond the issuer's messages.

    Spec: "Proof Generation".
    """
    interface = blind_interface(suite)
    check_disclosed(disclosed, len(messages))
    statement = statement_of(interface, public_key, header, len(messages), len(committed))
    _ = statement.key
    scalars = all_scalars(interface, messages, committed, blind)
    opened = open_proof(statement, signature, scalars, disclosed, randoms)
    shown = [scalars[index] for index in disclosed]
    return opened.closed(challenge_of(statement, opened.points, shown, disclosed, presentation_header))


def verify_derived(
    public_key: bytes,
    proof: bytes,
    header: bytes,
    presentation_header: bytes,
    disclosed_messages: Sequence[bytes],
    *,
    disclosed: Sequence[int],
    count: int,
    committed_count: int,
    suite: Ciphersuite = SHA_256,
) -> None:
    """Check a proof derived from a blind signature; no secret of the holder is needed.

    Args:
        public_key: 96 bytes.
        proof: The proof.
        header: As signed.
        presentation_header: As derived.
        disclosed_messages: In order.
        disclosed: The index of each among the issuer's messages.
        count: How many messages the issuer signed.
        committed_count: How many the holder committed to.
        suite: The hash.

    Raises:
        InvalidKey: The public key is malformed or weak.
        ProofInvalid: The proof is malformed or does not hold.

    Spec: "Proof Verification".
    """
    interface = blind_interface(suite)
    check_counts(proof, disclosed, count, count + 1 + committed_count)
    statement = statement_of(interface, public_key, header, count, committed_count)
    _ = statement.key
    came = read_proof(proof)
    shown = interface.message_scalars(disclosed_messages)
    points = reopen_proof(statement, came, shown, disclosed)
    check_closed(statement, came, challenge_of(statement, points, shown, disclosed, presentation_header))


def commit_scalars(interface: Interface, scalars: Sequence[Scalar], randoms: Randoms) -> Commitment:
    """Commit to scalars under an interface. Spec: "Core Commitment Computation"."""
    if len(scalars) > MAX_COMMITTED:
        raise TooComplex(f"At most {MAX_COMMITTED} messages are committed to, not {len(scalars)}.")
    generators = _committed_generators(interface, len(scalars))
    blind, *masks = randoms(2 + len(scalars))
    secrets = [blind, *scalars]
    point = sum_of_products(generators.points, secrets)
    challenge = _commitment_challenge(interface, generators, point, sum_of_products(generators.points, masks))
    answers = [mask + secret * challenge for mask, secret in zip(masks, secrets, strict=True)]
    with_proof = joined_points([point]) + joined_scalars([*answers, challenge])
    return Commitment(with_proof, Secret32(bytes(blind.to_be_bytes())))


def read_commitment(interface: Interface, commitment: bytes) -> tuple[G1Point, int]:
    """The point of a commitment whose proof holds, and how many messages are in it; raises ProofInvalid.

    Spec: "Commitment Validation and Deserialization", "Core Commitment Verification".
    """
    point = read_point(commitment[:POINT_BYTES])
    scalars = read_scalars(commitment[POINT_BYTES:])
    count = len(scalars) - 2
    if not 0 <= count <= MAX_COMMITTED:
        raise ProofInvalid(f"A commitment is to at most {MAX_COMMITTED} messages, and proves each.")
    *answers, challenge = scalars
    generators = _committed_generators(interface, count)
    opened = sum_of_products([*generators.points, point], [*answers, -challenge])
    if _commitment_challenge(interface, generators, point, opened) != challenge:
        raise ProofInvalid("The proof of the commitment does not hold.")
    return point, count


def sign_committed(
    interface: Interface,
    secret: Secret32,
    header: bytes,
    messages: Sequence[bytes],
    committed: tuple[int, Sequence[tuple[G1Point, Scalar]]],
) -> bytes:
    """Sign messages and committed points: how many are committed to, and the points with their factors.

    Spec: "Calculate B value", "Finalize Blind Sign".
    """
    if len(messages) > MAX_MESSAGES:
        raise TooComplex(f"At most {MAX_MESSAGES} messages are signed at once, not {len(messages)}.")
    scalar = secret_scalar(secret)
    count, extra = committed
    statement = statement_of(interface, public_from_private(secret), header, len(messages), count)
    own = [_ONE, statement.domain, *interface.message_scalars(messages)]
    b = sum_over(statement.bases[: len(own)], own, [point for point, _ in extra], [factor for _, factor in extra])
    if b == G1Point.identity():
        raise ProofInvalid("The commitment cancels what would be signed.")
    e = interface.hash_to_scalar(joined_scalars([scalar]) + joined_points([b]))
    inverse, factor = masked_inverse(scalar, e)
    return joined_points([b * inverse * factor]) + joined_scalars([e])


def statement_of(interface: Interface, public_key: bytes, header: bytes, count: int, committed_count: int) -> Statement:
    """What a blind signature is over: the issuer's messages, the blind, the holder's messages."""
    if count > MAX_MESSAGES or committed_count > MAX_COMMITTED:
        raise ProofInvalid(
            f"A blind signature over more than {MAX_MESSAGES} and {MAX_COMMITTED} messages is not checked."
        )
    return Statement(interface, public_key, _joined_generators(interface, count, committed_count), header)


def all_scalars(
    interface: Interface, messages: Sequence[bytes], committed: Sequence[bytes], blind: Secret32
) -> list[Scalar]:
    """The scalars in the order of the points: the issuer's, the blind, the holder's."""
    return [
        *interface.message_scalars(messages),
        secret_scalar(blind),
        *interface.message_scalars(committed),
    ]


def check_disclosed(disclosed: Sequence[int], count: int) -> None:
    """Refuse to disclose what is not the issuer's; raises ProofInvalid."""
    if any(index >= count for index in disclosed):
        raise ProofInvalid("What the holder committed to is not disclosed.")


def check_counts(proof: bytes, disclosed: Sequence[int], count: int, total: int) -> None:
    """Refuse a proof whose length does not fit the counts before any point is drawn; raises ProofInvalid."""
    check_disclosed(disclosed, count)
    if hidden_count(proof) + len(disclosed) != total:
        raise ProofInvalid("The proof does not fit the count of messages.")


# Kept, so that domains which are kept share its bytes.
@lru_cache(maxsize=64)
def _joined_generators(interface: Interface, count: int, committed_count: int) -> Generators:
    return interface.generators(count + 1).followed_by(_committed_generators(interface, committed_count))


def _committed_generators(interface: Interface, count: int) -> Generators:
    return Interface(interface.suite, b"BLIND_" + interface.api_id).generators(count + 1)


def _commitment_challenge(interface: Interface, generators: Generators, point: G1Point, opened: G1Point) -> Scalar:
    count = (len(generators.points) - 1).to_bytes(_NUMBER, "big")
    return interface.hash_to_scalar(count + generators.joined + joined_points([point, opened]))
