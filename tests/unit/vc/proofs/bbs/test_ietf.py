"""The IETF draft beyond its fixtures: every subset, the limits, and whatever a forger may send."""

from __future__ import annotations

import random

import pytest

from sealwright.vc.errors import InvalidKey, ProofInvalid, TooComplex
from sealwright.vc.keys.bls12381 import generate_private_key, public_from_private
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.proofs.bbs.curve import random_scalars
from sealwright.vc.proofs.bbs.ietf import SHA_256, SHAKE_256, Ciphersuite, derive, sign, verify, verify_derived
from tests.support.curve_points import ORDER, outside_the_subgroup_g1

SECRET = Secret32(bytes(31) + b"\x2a")
PUBLIC = public_from_private(SECRET)
HEADER, SHOWING = b"header", b"nonce of this showing"
MESSAGES = [b"first", b"second", b"third", b"", b"fifth"]
SHOWN = (0, 3)
SIGNATURE = sign(SECRET, HEADER, MESSAGES)
PROOF = derive(PUBLIC, SIGNATURE, HEADER, SHOWING, MESSAGES, SHOWN)


@pytest.mark.parametrize("suite", [SHA_256, SHAKE_256], ids=["SHA-256", "SHAKE-256"])
def test_every_subset_can_be_shown(suite: Ciphersuite) -> None:
    signature = sign(SECRET, HEADER, MESSAGES, suite)
    for bits in range(32):
        disclosed = tuple(index for index in range(5) if bits >> index & 1)
        shown = [MESSAGES[index] for index in disclosed]
        proof = derive(PUBLIC, signature, HEADER, SHOWING, MESSAGES, disclosed, suite=suite)
        assert len(proof) == 272 + 32 * (5 - len(disclosed))
        verify_derived(PUBLIC, proof, HEADER, SHOWING, shown, disclosed, suite)


def test_the_suites_do_not_stand_for_each_other() -> None:
    with pytest.raises(ProofInvalid):
        verify(PUBLIC, SIGNATURE, HEADER, MESSAGES, SHAKE_256)


def test_a_header_can_be_signed_alone() -> None:
    signature = sign(SECRET, HEADER, [])
    verify(PUBLIC, signature, HEADER, [])
    proof = derive(PUBLIC, signature, HEADER, SHOWING, [], ())
    verify_derived(PUBLIC, proof, HEADER, SHOWING, [], ())
    with pytest.raises(ProofInvalid):
        verify_derived(PUBLIC, proof, b"another", SHOWING, [], ())


def test_a_long_header_binds_as_a_short_one_does() -> None:
    header = bytes(5_000)
    signature = sign(SECRET, header, MESSAGES)
    verify(PUBLIC, signature, header, MESSAGES)
    with pytest.raises(ProofInvalid):
        verify(PUBLIC, signature, header + b"\0", MESSAGES)


def test_proofs_differ_each_time_and_do_not_show_the_signature() -> None:
    again = derive(PUBLIC, SIGNATURE, HEADER, SHOWING, MESSAGES, SHOWN)
    assert again != PROOF
    assert SIGNATURE[:48] not in again
    assert SIGNATURE[48:] not in again


def test_random_scalars_are_fresh_and_never_zero() -> None:
    drawn = random_scalars(200)
    assert len({bytes(scalar.to_be_bytes()) for scalar in drawn}) == 200
    assert not any(scalar.is_zero() for scalar in drawn)


def test_a_signature_holds_for_what_was_signed_alone() -> None:
    other = public_from_private(generate_private_key())
    verify(PUBLIC, SIGNATURE, HEADER, MESSAGES)
    for key, header, messages in (
        (other, HEADER, MESSAGES),
        (PUBLIC, b"", MESSAGES),
        (PUBLIC, HEADER, MESSAGES[:-1]),
        (PUBLIC, HEADER, [*MESSAGES, b""]),
        (PUBLIC, HEADER, MESSAGES[::-1]),
        (PUBLIC, HEADER, []),
    ):
        with pytest.raises(ProofInvalid):
            verify(key, SIGNATURE, header, messages)


def test_a_proof_holds_for_what_was_shown_alone() -> None:
    shown = [MESSAGES[index] for index in SHOWN]
    verify_derived(PUBLIC, PROOF, HEADER, SHOWING, shown, SHOWN)
    other = public_from_private(generate_private_key())
    for key, header, showing, messages, disclosed in (
        (other, HEADER, SHOWING, shown, SHOWN),
        (PUBLIC, b"other", SHOWING, shown, SHOWN),
        (PUBLIC, HEADER, b"", shown, SHOWN),
        (PUBLIC, HEADER, SHOWING, shown[::-1], SHOWN),
        (PUBLIC, HEADER, SHOWING, [b"first", b"x"], SHOWN),
        (PUBLIC, HEADER, SHOWING, shown, (0, 2)),
        (PUBLIC, HEADER, SHOWING, shown, (0,)),
        (PUBLIC, HEADER, SHOWING, shown[:1], SHOWN),
        (PUBLIC, HEADER, SHOWING, [*shown, b"fifth"], (0, 3, 4)),
        (PUBLIC, HEADER, SHOWING, shown, (3, 0)),
        (PUBLIC, HEADER, SHOWING, shown, (0, 0)),
        (PUBLIC, HEADER, SHOWING, shown, (0, 5)),
        (PUBLIC, HEADER, SHOWING, shown, (-2, 3)),
    ):
        with pytest.raises(ProofInvalid):
            verify_derived(key, PROOF, header, showing, messages, disclosed)


def test_a_weak_key_is_refused_before_anything_else() -> None:
    identity = b"\xc0" + bytes(95)
    with pytest.raises(InvalidKey):
        verify(identity, SIGNATURE, HEADER, MESSAGES)
    with pytest.raises(InvalidKey):
        derive(identity, SIGNATURE, HEADER, SHOWING, MESSAGES, SHOWN)
    with pytest.raises(InvalidKey):
        verify_derived(identity, PROOF, HEADER, SHOWING, [MESSAGES[index] for index in SHOWN], SHOWN)
    for number in (0, ORDER):
        with pytest.raises(InvalidKey):
            sign(Secret32(number.to_bytes(32, "big")), HEADER, MESSAGES)


def _spliced(data: bytes, at: int, part: bytes) -> bytes:
    return data[:at] + part + data[at + len(part) :]


BAD_POINTS = [b"\xc0" + bytes(47), outside_the_subgroup_g1(), bytes(48), b"\xff" * 48, b"\x80" + bytes([9]) * 47]
BAD_SCALARS = [bytes(32), ORDER.to_bytes(32, "big"), b"\xff" * 32]


@pytest.mark.parametrize(
    "signature",
    [
        *(_spliced(SIGNATURE, 0, point) for point in BAD_POINTS),
        *(_spliced(SIGNATURE, 48, scalar) for scalar in BAD_SCALARS),
        SIGNATURE[:-1],
        SIGNATURE + b"\0",
        b"",
    ],
)
def test_malformed_signatures_are_refused(signature: bytes) -> None:
    with pytest.raises(ProofInvalid):
        verify(PUBLIC, signature, HEADER, MESSAGES)
    with pytest.raises(ProofInvalid):
        derive(PUBLIC, signature, HEADER, SHOWING, MESSAGES, SHOWN)


@pytest.mark.parametrize(
    "proof",
    [
        *(_spliced(PROOF, at, point) for at in (0, 48, 96) for point in BAD_POINTS),
        *(_spliced(PROOF, at, scalar) for at in range(144, len(PROOF), 32) for scalar in BAD_SCALARS),
        PROOF[:-1],
        PROOF[:-32],
        PROOF + b"\0",
        PROOF + bytes(31) + b"\1",
        PROOF[:271],
        b"",
    ],
)
def test_malformed_proofs_are_refused(proof: bytes) -> None:
    with pytest.raises(ProofInvalid):
        verify_derived(PUBLIC, proof, HEADER, SHOWING, [MESSAGES[index] for index in SHOWN], SHOWN)


def test_no_single_bit_of_a_proof_can_be_changed() -> None:
    shown = [MESSAGES[index] for index in SHOWN]
    for place in random.Random(7).sample(range(8 * len(PROOF)), 250):
        changed = bytearray(PROOF)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(ProofInvalid):
            verify_derived(PUBLIC, bytes(changed), HEADER, SHOWING, shown, SHOWN)


@pytest.mark.parametrize("disclosed", [(0, 0), (3, 0), (-1,), (5,), (0, 1, 1)])
def test_indexes_must_rise_and_lie_within(disclosed: tuple[int, ...]) -> None:
    with pytest.raises(ProofInvalid):
        derive(PUBLIC, SIGNATURE, HEADER, SHOWING, MESSAGES, disclosed)


def test_1024_messages_are_signed_and_one_more_is_refused() -> None:
    most = [b"m"] * 1_024
    signature = sign(SECRET, HEADER, most)
    verify(PUBLIC, signature, HEADER, most)
    proof = derive(PUBLIC, signature, HEADER, SHOWING, most, (1_023,))
    verify_derived(PUBLIC, proof, HEADER, SHOWING, [b"m"], (1_023,))
    with pytest.raises(TooComplex):
        sign(SECRET, HEADER, [*most, b"m"])
    with pytest.raises(ProofInvalid):
        verify(PUBLIC, signature, HEADER, [*most, b"m"])
    with pytest.raises(ProofInvalid):
        verify_derived(PUBLIC, proof + bytes(31) + b"\1", HEADER, SHOWING, [b"m"], (1_023,))
