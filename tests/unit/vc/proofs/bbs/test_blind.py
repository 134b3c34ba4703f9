"""Blind signatures: the issuer sees nothing, and nobody proves anything without the holder's secrets."""

from __future__ import annotations

import random

import pytest

from sealwright.vc.errors import InvalidKey, ProofInvalid, TooComplex
from sealwright.vc.keys.bls12381 import generate_private_key, public_from_private
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.proofs.bbs import ietf
from sealwright.vc.proofs.bbs.blind import commit, derive, sign, verify, verify_derived
from sealwright.vc.proofs.bbs.curve import Randoms, random_scalars
from sealwright.vc.proofs.bbs.ietf import SHA_256, SHAKE_256, Ciphersuite
from tests.support.curve_points import ORDER, outside_the_subgroup_g1

SECRET = generate_private_key()
PUBLIC = public_from_private(SECRET)
HEADER, SHOWING = b"header", b"nonce"
MESSAGES = [b"one", b"two", b"three"]
OWN = [b"the holder's secret"]
COMMITMENT = commit(OWN)
SIGNATURE = sign(SECRET, COMMITMENT.with_proof, HEADER, MESSAGES)
SHOWN = (1,)
PROOF = derive(PUBLIC, SIGNATURE, HEADER, SHOWING, MESSAGES, disclosed=SHOWN, committed=OWN, blind=COMMITMENT.blind)


def _check(proof: bytes, *, count: int = 3, committed_count: int = 1, shown: tuple[bytes, ...] = (b"two",)) -> None:
    verify_derived(
        PUBLIC,
        proof,
        HEADER,
        SHOWING,
        shown,
        disclosed=SHOWN,
        count=count,
        committed_count=committed_count,
    )


@pytest.mark.parametrize("suite", [SHA_256, SHAKE_256], ids=["SHA-256", "SHAKE-256"])
@pytest.mark.parametrize("committed", [[], [b"a"], [b"a", b"", b"c"]], ids=len)
def test_whatever_is_committed_to_is_signed_and_proved(suite: Ciphersuite, committed: list[bytes]) -> None:
    made = commit(committed, suite=suite)
    assert len(made.with_proof) == 48 + 32 * (len(committed) + 2)
    signature = sign(SECRET, made.with_proof, HEADER, MESSAGES, suite)
    verify(PUBLIC, signature, HEADER, MESSAGES, committed=committed, blind=made.blind, suite=suite)
    for disclosed in ((), (0, 2), (0, 1, 2)):
        proof = derive(
            PUBLIC,
            signature,
            HEADER,
            SHOWING,
            MESSAGES,
            disclosed=disclosed,
            committed=committed,
            blind=made.blind,
            suite=suite,
        )
        verify_derived(
            PUBLIC,
            proof,
            HEADER,
            SHOWING,
            [MESSAGES[index] for index in disclosed],
            disclosed=disclosed,
            count=3,
            committed_count=len(committed),
            suite=suite,
        )


def test_without_the_secrets_the_signature_is_worth_nothing() -> None:
    verify(PUBLIC, SIGNATURE, HEADER, MESSAGES, committed=OWN, blind=COMMITMENT.blind)
    for committed, blinding in (
        ([b"another"], COMMITMENT.blind),
        ([], COMMITMENT.blind),
        (OWN, generate_private_key()),
        ([*OWN, b""], COMMITMENT.blind),
    ):
        with pytest.raises(ProofInvalid):
            verify(PUBLIC, SIGNATURE, HEADER, MESSAGES, committed=committed, blind=blinding)
        forged = derive(
            PUBLIC, SIGNATURE, HEADER, SHOWING, MESSAGES, disclosed=SHOWN, committed=committed, blind=blinding
        )
        with pytest.raises(ProofInvalid):
            _check(forged, committed_count=len(committed))
    with pytest.raises(ProofInvalid):
        ietf.verify(PUBLIC, SIGNATURE, HEADER, MESSAGES)


def test_two_commitments_to_one_secret_cannot_be_compared() -> None:
    again = commit(OWN)
    assert again.with_proof[:48] != COMMITMENT.with_proof[:48]
    assert again.blind != COMMITMENT.blind
    assert COMMITMENT.blind.reveal().hex() not in repr(COMMITMENT)


def test_a_proof_is_bound_to_its_counts_and_messages() -> None:
    _check(PROOF)
    for count, committed_count in ((2, 2), (4, 0), (3, 0), (3, 2), (0, 1), (2, 1)):
        with pytest.raises(ProofInvalid):
            _check(PROOF, count=count, committed_count=committed_count)
    with pytest.raises(ProofInvalid):
        _check(PROOF, shown=(b"three",))
    with pytest.raises(ProofInvalid):
        ietf.verify_derived(PUBLIC, PROOF, HEADER, SHOWING, [b"two"], SHOWN)


def test_what_was_committed_to_is_never_disclosed() -> None:
    with pytest.raises(ProofInvalid):
        derive(PUBLIC, SIGNATURE, HEADER, SHOWING, MESSAGES, disclosed=(4,), committed=OWN, blind=COMMITMENT.blind)
    with pytest.raises(ProofInvalid):
        verify_derived(PUBLIC, PROOF, HEADER, SHOWING, [b"x"], disclosed=(3,), count=3, committed_count=1)


def _spliced(data: bytes, at: int, part: bytes) -> bytes:
    return data[:at] + part + data[at + len(part) :]


@pytest.mark.parametrize(
    "commitment",
    [
        b"",
        COMMITMENT.with_proof[:48],
        COMMITMENT.with_proof[:80],
        COMMITMENT.with_proof[:-1],
        COMMITMENT.with_proof[:-32],
        COMMITMENT.with_proof + b"\0",
        COMMITMENT.with_proof + bytes(31) + b"\1",
        *(
            _spliced(COMMITMENT.with_proof, 0, point)
            for point in (b"\xc0" + bytes(47), outside_the_subgroup_g1(), bytes(48), commit(OWN).with_proof[:48])
        ),
        *(
            _spliced(COMMITMENT.with_proof, at, number)
            for at in (48, 80, 112)
            for number in (bytes(32), ORDER.to_bytes(32, "big"), bytes(31) + b"\1")
        ),
    ],
)
def test_commitments_that_prove_nothing_are_not_signed(commitment: bytes) -> None:
    with pytest.raises(ProofInvalid):
        sign(SECRET, commitment, HEADER, MESSAGES)


def test_a_commitment_of_one_hash_is_none_of_the_other() -> None:
    with pytest.raises(ProofInvalid):
        sign(SECRET, COMMITMENT.with_proof, HEADER, MESSAGES, SHAKE_256)


def test_no_single_bit_of_a_proof_can_be_changed() -> None:
    for place in random.Random(3).sample(range(8 * len(PROOF)), 150):
        changed = bytearray(PROOF)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(ProofInvalid):
            _check(bytes(changed))


def test_limits() -> None:
    with pytest.raises(TooComplex):
        commit([b""] * 17)
    assert len(commit([b""] * 16).with_proof) == 48 + 32 * 18
    with pytest.raises(TooComplex):
        sign(SECRET, COMMITMENT.with_proof, HEADER, [b""] * 1_025)
    with pytest.raises(ProofInvalid):
        _check(PROOF, count=1_025)
    with pytest.raises(InvalidKey):
        sign(Secret32(bytes(32)), COMMITMENT.with_proof, HEADER, MESSAGES)
    with pytest.raises(InvalidKey):
        verify(b"\xc0" + bytes(95), SIGNATURE, HEADER, MESSAGES, committed=OWN, blind=COMMITMENT.blind)


def test_the_random_scalars_that_are_asked_for_are_those_that_are_used() -> None:
    asked: list[int] = []

    def counting(draw: Randoms) -> Randoms:
        def randoms(count: int) -> object:
            asked.append(count)
            return draw(count)

        return randoms  # type: ignore[return-value]

    commit(OWN, randoms=counting(random_scalars))
    derive(
        PUBLIC,
        SIGNATURE,
        HEADER,
        SHOWING,
        MESSAGES,
        disclosed=SHOWN,
        committed=OWN,
        blind=COMMITMENT.blind,
        randoms=counting(random_scalars),
    )
    # Blind, its mask and one for the message; five, and one for each hidden scalar.
    assert asked == [3, 9]
