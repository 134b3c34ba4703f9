"""Pseudonyms: one for each domain, bound to the signature, comparable by nobody else."""

from __future__ import annotations

import random

import pytest

from sealwright.vc.errors import InvalidKey, ProofInvalid
from sealwright.vc.keys.bls12381 import generate_private_key, public_from_private
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.proofs.bbs import blind
from sealwright.vc.proofs.bbs.ietf import SHA_256, SHAKE_256, Ciphersuite
from sealwright.vc.proofs.bbs.pseudonym import (
    NymHolding,
    NymProof,
    commit,
    derive,
    nym_secret,
    pseudonym_of,
    sign,
    verify,
    verify_derived,
)
from tests.support.curve_points import ORDER, outside_the_subgroup_g1

SECRET = generate_private_key()
PUBLIC = public_from_private(SECRET)
HEADER, SHOWING, HERE, THERE = b"header", b"nonce", b"https://here.example/", b"https://there.example/"
MESSAGES = [b"one", b"two", b"three"]
PROVER_NYM = generate_private_key()
COMMITMENT = commit(PROVER_NYM)
SIGNED = sign(SECRET, COMMITMENT.with_proof, HEADER, MESSAGES)
HOLDING = NymHolding(nym_secret(PROVER_NYM, SIGNED.entropy), COMMITMENT.blind)
SHOWN = (1,)


def _proof(nym_domain: bytes = HERE, holding: NymHolding = HOLDING) -> NymProof:
    return derive(
        PUBLIC,
        SIGNED.signature,
        HEADER,
        SHOWING,
        MESSAGES,
        disclosed=SHOWN,
        nym_domain=nym_domain,
        holding=holding,
    )


def _check(came: NymProof, nym_domain: bytes = HERE, *, count: int = 3, committed_count: int = 0) -> None:
    verify_derived(
        PUBLIC,
        came,
        HEADER,
        SHOWING,
        [b"two"],
        disclosed=SHOWN,
        nym_domain=nym_domain,
        count=count,
        committed_count=committed_count,
    )


PROOF = _proof()


@pytest.mark.parametrize("suite", [SHA_256, SHAKE_256], ids=["SHA-256", "SHAKE-256"])
@pytest.mark.parametrize("committed", [(), (b"the holder's secret",)], ids=["alone", "with holder binding"])
def test_a_pseudonym_is_the_same_each_time_and_another_elsewhere(
    suite: Ciphersuite, committed: tuple[bytes, ...]
) -> None:
    made = commit(PROVER_NYM, committed, suite=suite)
    signed = sign(SECRET, made.with_proof, HEADER, MESSAGES, suite=suite)
    holding = NymHolding(nym_secret(PROVER_NYM, signed.entropy), made.blind, committed)
    verify(PUBLIC, signed.signature, HEADER, MESSAGES, holding=holding, suite=suite)
    seen = {}
    for nym_domain in (HERE, THERE, HERE):
        came = derive(
            PUBLIC,
            signed.signature,
            HEADER,
            SHOWING,
            MESSAGES,
            disclosed=(0, 2),
            nym_domain=nym_domain,
            holding=holding,
            suite=suite,
        )
        verify_derived(
            PUBLIC,
            came,
            HEADER,
            SHOWING,
            [b"one", b"three"],
            disclosed=(0, 2),
            nym_domain=nym_domain,
            count=3,
            committed_count=len(committed),
            suite=suite,
        )
        assert seen.setdefault(nym_domain, came.pseudonym) == came.pseudonym
        assert came.pseudonym == pseudonym_of(holding.secret, nym_domain, suite)
    assert seen[HERE] != seen[THERE]


def test_neither_party_chooses_the_secret_alone_and_the_issuer_can_keep_it() -> None:
    again = sign(SECRET, COMMITMENT.with_proof, HEADER, MESSAGES)
    assert again.entropy != SIGNED.entropy
    kept = sign(SECRET, commit(PROVER_NYM).with_proof, HEADER, [b"new"], entropy=SIGNED.entropy)
    assert nym_secret(PROVER_NYM, kept.entropy) == HOLDING.secret
    assert SIGNED.entropy != HOLDING.secret.reveal() != PROVER_NYM.reveal()


def test_a_pseudonym_is_nobody_elses() -> None:
    _check(PROOF)
    other = pseudonym_of(generate_private_key(), HERE)
    for came, nym_domain in (
        (NymProof(PROOF.proof, other), HERE),
        (NymProof(PROOF.proof, pseudonym_of(HOLDING.secret, THERE)), HERE),
        (NymProof(PROOF.proof, pseudonym_of(HOLDING.secret, THERE)), THERE),
        (PROOF, THERE),
        (PROOF, b""),
    ):
        with pytest.raises(ProofInvalid):
            _check(came, nym_domain)


def test_another_secret_makes_no_proof() -> None:
    for holding in (
        NymHolding(generate_private_key(), COMMITMENT.blind),
        NymHolding(PROVER_NYM, COMMITMENT.blind),
        NymHolding(HOLDING.secret, generate_private_key()),
    ):
        with pytest.raises(ProofInvalid):
            verify(PUBLIC, SIGNED.signature, HEADER, MESSAGES, holding=holding)
        with pytest.raises(ProofInvalid):
            _check(_proof(holding=holding))


@pytest.mark.parametrize(
    "raw", [b"", b"\xc0" + bytes(47), bytes(48), outside_the_subgroup_g1(), PROOF.pseudonym + b"\0"]
)
def test_a_pseudonym_is_a_sound_point(raw: bytes) -> None:
    with pytest.raises(ProofInvalid):
        _check(NymProof(PROOF.proof, raw))


def test_a_proof_is_bound_to_its_counts() -> None:
    for count, committed_count in ((2, 1), (4, 0), (3, 1), (0, 0)):
        with pytest.raises(ProofInvalid):
            _check(PROOF, count=count, committed_count=committed_count)


def test_it_does_not_stand_for_a_proof_without_a_pseudonym() -> None:
    with pytest.raises(ProofInvalid):
        blind.verify_derived(
            PUBLIC, PROOF.proof, HEADER, SHOWING, [b"two"], disclosed=SHOWN, count=3, committed_count=1
        )


def test_no_single_bit_of_a_proof_can_be_changed() -> None:
    for place in random.Random(4).sample(range(8 * len(PROOF.proof)), 150):
        changed = bytearray(PROOF.proof)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(ProofInvalid):
            _check(NymProof(bytes(changed), PROOF.pseudonym))


def test_commitments_without_a_secret_and_parts_that_are_no_scalars_are_refused() -> None:
    with pytest.raises(ProofInvalid):
        sign(SECRET, blind.commit([b"x"]).with_proof, HEADER, MESSAGES)
    for number in (0, ORDER):
        part = number.to_bytes(32, "big")
        with pytest.raises(InvalidKey):
            commit(Secret32(part))
        with pytest.raises(ProofInvalid):
            sign(SECRET, COMMITMENT.with_proof, HEADER, MESSAGES, entropy=part)
        with pytest.raises(ProofInvalid):
            nym_secret(PROVER_NYM, part)
    opposite = (ORDER - int.from_bytes(PROVER_NYM.reveal(), "big")).to_bytes(32, "big")
    with pytest.raises(InvalidKey):
        nym_secret(PROVER_NYM, opposite)


def test_the_holders_secrets_are_not_shown() -> None:
    assert repr(HOLDING) == "NymHolding(…)"
    assert HOLDING.secret.reveal().hex() not in repr((HOLDING, COMMITMENT, PROOF))
