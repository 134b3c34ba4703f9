"""Legacy: the BBS+ signatures of 2020, on the wire as `ursa` and Mattr's `node-bbs-signatures` make them.

A message becomes a scalar by BLAKE2b of 48 bytes, reduced by the order.

Spec: BBS+ Signatures 2020 (W3C CCG ldp-bbs2020); Camenisch, Drijvers, Lehmann, "Anonymous Attestation Using the Strong
Diffie Hellman Assumption Revisited" (eprint 2016/663), sections 4.3 to 4.5.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from py_arkworks_bls12381 import G1Point, Scalar

from sealwright.vc.errors import ProofInvalid, TooComplex
from sealwright.vc.keys.bls12381 import public_from_private, public_point, secret_scalar
from sealwright.vc.keys.ed25519 import Secret32
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
    random_scalars,
    read_point,
    read_scalar,
    read_scalars,
    row_of,
    sum_of_products,
    sum_over,
    wide_scalar,
)
from sealwright.vc.proofs.bbs.legacy_points import LegacyGenerators, legacy_generators
from sealwright.vc.proofs.bbs.requests import MAX_MESSAGES

SIGNATURE_BYTES: Final = POINT_BYTES + 2 * SCALAR_BYTES
_WIDE: Final = 48
_COUNT_BYTES: Final = 2
_NUMBER: Final = 4
_BASE: Final = G1Point()
_ONE: Final = Scalar(1)


def sign(secret: Secret32, messages: Sequence[bytes]) -> bytes:
    """Sign messages in order.

    Args:
        secret: The issuer's key.
        messages: 1 to 1,024.

    Returns:
        112 bytes: A (48), e and s (32 each); two signatures over the same are never alike.

    Raises:
        InvalidKey: The key is 0 or not below the order.
        TooComplex: No message, or more than 1,024.
    """
    return sign_as(public_from_private(secret), secret, messages)


def sign_as(public_key: bytes, secret: Secret32, messages: Sequence[bytes]) -> bytes:
    """As `sign`, for those who keep the public key of `secret` at hand; the 96 bytes must be of that secret."""
    if not 1 <= len(messages) <= MAX_MESSAGES:
        raise TooComplex(f"1 to {MAX_MESSAGES} messages are signed at once, not {len(messages)}.")
    e, s = random_scalars(2)
    inverse, factor = masked_inverse(secret_scalar(secret), e)
    factors = [inverse, s * inverse, *(scalar * inverse for scalar in _scalars(messages))]
    a = sum_over(_signing_rows(public_key, len(messages)), factors) * factor
    return joined_points([a]) + joined_scalars([e, s])


def verify(public_key: bytes, signature: bytes, messages: Sequence[bytes]) -> None:
    """Check a signature over all messages.

    Args:
        public_key: 96 bytes.
        signature: 112 bytes.
        messages: All of them, in order.

    Raises:
        InvalidKey: The public key is malformed or weak.
        ProofInvalid: The signature is malformed or does not hold.
    """
    key = public_point(public_key)
    a, e, s = _read_signature(signature)
    bases = [_BASE, *legacy_generators(public_key, _checked_count(len(messages))).points]
    # e(A, W + e·P2) = e(B, P2), as e(A, W) = e(B − e·A, P2).
    rest = sum_of_products([a, *bases], [-e, _ONE, s, *_scalars(messages)])
    if not is_signed_by(key, a, rest):
        raise ProofInvalid("The signature does not hold for these messages and this key.")


def derive(
    public_key: bytes,
    signature: bytes,
    messages: Sequence[bytes],
    disclosed: Sequence[int],
    nonce: bytes,
    *,
    randoms: Randoms = random_scalars,
) -> bytes:
    """Derive a proof that discloses some of the signed messages. The signature is taken as checked.

    Args:
        public_key: 96 bytes.
        signature: 112 bytes.
        messages: All of them, in order.
        disclosed: Indexes of those that the verifier will see, rising, from 0.
        nonce: The verifier's bytes, of any length; other implementations refuse an empty one.
        randoms: Gives random scalars; used once each. Anything but fresh ones gives the hidden messages away.

    Returns:
        The count of messages (2 bytes), a bit for each that is disclosed (count // 8 + 1 bytes, message 0 in the lowest
        bit of the last byte), then the proof: A', Abar, d (48 each), the length of the first part (4), the first part
        and the second; a part is its commitment (48), the count of its answers (4), and the answers (32 each).

    Raises:
        InvalidKey: The public key is malformed or weak.
        ProofInvalid: A malformed signature; indexes that do not rise or lie beyond the messages.
    """
    public_point(public_key)
    a, e, s = _read_signature(signature)
    count = _checked_count(len(messages))
    shown = checked_indexes(disclosed, count)
    generators = legacy_generators(public_key, count)
    blinder, *message_points = generators.points
    scalars = _scalars(messages)
    hidden = _others(shown, count)
    r1, r2, e_mask, r2_mask, r3_mask, s_mask, *message_masks = randoms(6 + len(hidden))
    r3 = r1.inverse()
    lifted = sum_of_products([_BASE, blinder, *message_points], [r1, r1 * s, *(r1 * scalar for scalar in scalars)])
    a_prime = a * r1
    a_bar = lifted - a_prime * e
    d = lifted - blinder * r2
    first = sum_of_products([a_prime, blinder], [e_mask, r2_mask])
    second = sum_of_products(
        [d, blinder, *(message_points[index] for index in hidden)], [r3_mask, s_mask, *message_masks]
    )
    points = _Points(a_prime, a_bar, d, first, second)
    challenge = _challenge(generators, points, hidden, nonce)
    of_first = [e_mask + challenge * e, r2_mask - challenge * r2]
    of_second = [r3_mask + challenge * r3, s_mask - challenge * (s - r2 * r3)]
    of_second += [mask - challenge * scalars[index] for mask, index in zip(message_masks, hidden, strict=True)]
    first_part = _part(first, of_first)
    body = joined_points([a_prime, a_bar, d]) + len(first_part).to_bytes(_NUMBER, "big") + first_part
    return _marked(count, shown) + body + _part(second, of_second)


def revealed_of(proof: bytes) -> tuple[int, tuple[int, ...]]:
    """How many messages a derived proof is over, and the indexes of those that it discloses.

    Raises:
        ProofInvalid: Cut off, no message at all, more than 1,024, or a bit set beyond the last message.
    """
    count = _checked_count(int.from_bytes(proof[:_COUNT_BYTES], "big"))
    marks = proof[_COUNT_BYTES : _head_bytes(count)]
    if len(proof) < _head_bytes(count):
        raise ProofInvalid("The derived proof is cut off.")
    bits = int.from_bytes(marks, "big")
    if bits >> count:
        raise ProofInvalid("The derived proof discloses a message that was not signed.")
    return count, tuple(index for index in range(count) if bits >> index & 1)


def verify_derived(public_key: bytes, proof: bytes, revealed_messages: Sequence[bytes], nonce: bytes) -> None:
    """Check a derived proof over the messages that are shown.

    Args:
        public_key: 96 bytes.
        proof: As `derive` gives it.
        revealed_messages: In order, as many as the proof discloses.
        nonce: As derived.

    Raises:
        InvalidKey: The public key is malformed or weak.
        ProofInvalid: The proof is malformed or does not hold.
    """
    key = public_point(public_key)
    count, shown = revealed_of(proof)
    if len(shown) != len(revealed_messages):
        raise ProofInvalid("The derived proof discloses another count of messages than are shown.")
    hidden = _others(shown, count)
    points, of_first, of_second = _read_body(proof[_head_bytes(count) :], len(hidden))
    # Before anything is drawn for this key and count, which costs far more: is this signed by the key at all?
    if not is_signed_by(key, points.a_prime, points.a_bar):
        raise ProofInvalid("The derived proof does not hold for this key.")
    generators = legacy_generators(public_key, count)
    challenge = _challenge(generators, points, hidden, nonce)
    blinder, *message_points = generators.points
    first = sum_of_products([points.a_prime, blinder, points.a_bar - points.d], [*of_first, challenge])
    second = sum_of_products(
        [points.d, blinder, *(message_points[index] for index in hidden), _BASE]
        + [message_points[index] for index in shown],
        [*of_second, -challenge, *(-challenge * scalar for scalar in _scalars(revealed_messages))],
    )
    if first != points.first or second != points.second:
        raise ProofInvalid("The derived proof does not hold for these messages and this nonce.")


@dataclass(frozen=True, slots=True)
class _Points:
    """A', Abar and d; the commitments of the first and the second part."""

    a_prime: G1Point
    a_bar: G1Point
    d: G1Point
    first: G1Point
    second: G1Point


# Worth making for a key that signs again and again, not for a stranger's that is seen once.
@lru_cache(maxsize=16)
def _signing_rows(public_key: bytes, count: int) -> tuple[Row, ...]:
    return tuple(row_of(point) for point in (_BASE, *legacy_generators(public_key, count).points))


def _scalar(data: bytes) -> Scalar:
    return wide_scalar(hashlib.blake2b(data, digest_size=_WIDE).digest())


def _scalars(messages: Iterable[bytes]) -> list[Scalar]:
    return [_scalar(message) for message in messages]


def _challenge(generators: LegacyGenerators, points: _Points, hidden: Sequence[int], nonce: bytes) -> Scalar:
    blinder = generators.forms[0]
    parts = [points.a_bar.to_xy_bytes_be(), points.a_prime.to_xy_bytes_be(), blinder, points.first.to_xy_bytes_be()]
    parts += [points.d.to_xy_bytes_be(), blinder, *(generators.forms[index + 1] for index in hidden)]
    parts += [points.second.to_xy_bytes_be(), _scalar(nonce).to_be_bytes()]
    return _scalar(b"".join(parts))


def _read_signature(signature: bytes) -> tuple[G1Point, Scalar, Scalar]:
    if len(signature) != SIGNATURE_BYTES:
        raise ProofInvalid(f"A BBS+ signature of 2020 has {SIGNATURE_BYTES} bytes, not {len(signature)}.")
    split = POINT_BYTES + SCALAR_BYTES
    return (
        read_point(signature[:POINT_BYTES]),
        read_scalar(signature[POINT_BYTES:split]),
        read_scalar(signature[split:]),
    )


def _checked_count(count: int) -> int:
    if not 1 <= count <= MAX_MESSAGES:
        raise ProofInvalid(f"A BBS+ proof is over 1 to {MAX_MESSAGES} messages, not {count}.")
    return count


def _others(shown: Sequence[int], count: int) -> list[int]:
    known = set(shown)
    return [index for index in range(count) if index not in known]


def _head_bytes(count: int) -> int:
    return _COUNT_BYTES + count // 8 + 1


def _marked(count: int, shown: Sequence[int]) -> bytes:
    bits = sum(1 << index for index in shown)
    return count.to_bytes(_COUNT_BYTES, "big") + bits.to_bytes(count // 8 + 1, "big")


def _part(commitment: G1Point, answers: Sequence[Scalar]) -> bytes:
    return joined_points([commitment]) + len(answers).to_bytes(_NUMBER, "big") + joined_scalars(answers)


def _read_body(body: bytes, hidden: int) -> tuple[_Points, list[Scalar], list[Scalar]]:
    """The points and the answers of both parts; raises ProofInvalid unless every byte is where it must be."""
    head, first_size = 3 * POINT_BYTES, POINT_BYTES + _NUMBER + 2 * SCALAR_BYTES
    a_prime, a_bar, d = (read_point(body[at : at + POINT_BYTES]) for at in range(0, head, POINT_BYTES))
    start = head + _NUMBER
    if int.from_bytes(body[head:start], "big") != first_size:
        raise ProofInvalid("The first part of the derived proof has another length than it must have.")
    first, of_first = _read_part(body[start : start + first_size], 2)
    second, of_second = _read_part(body[start + first_size :], 2 + hidden)
    return _Points(a_prime, a_bar, d, first, second), of_first, of_second


def _read_part(part: bytes, answers: int) -> tuple[G1Point, list[Scalar]]:
    start = POINT_BYTES + _NUMBER
    if len(part) != start + answers * SCALAR_BYTES or int.from_bytes(part[POINT_BYTES:start], "big") != answers:
        raise ProofInvalid("The derived proof does not answer for each message that it hides, once.")
    return read_point(part[:POINT_BYTES]), read_scalars(part[start:])
