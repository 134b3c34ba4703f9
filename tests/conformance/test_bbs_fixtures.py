"""The published fixtures of the IETF draft, for both hashes: points, scalars, signatures and proofs, byte for byte."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from py_arkworks_bls12381 import Scalar

from sealwright.vc.errors import ProofInvalid
from sealwright.vc.keys.bls12381 import public_from_private
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.proofs.bbs.curve import Randoms, wide_scalar
from sealwright.vc.proofs.bbs.ietf import SHA_256, SHAKE_256, Ciphersuite, derive, sign, verify, verify_derived
from sealwright.vc.proofs.bbs.interface import plain_interface
from tests.support import vectors

FOLDERS = {"bls12-381-sha-256": SHA_256, "bls12-381-shake-256": SHAKE_256}
SIGNATURES = 10
PROOFS = 15
hexed = bytes.fromhex


def _suite_folder(name: str) -> Path:
    return vectors.folder("bbs-signature") / name


def _read(name: str, file: str) -> Any:
    return vectors.read_json(_suite_folder(name) / file)


def _cases(name: str, kind: str) -> list[Any]:
    return [vectors.read_json(path) for path in sorted((_suite_folder(name) / kind).glob("*.json"))]


def _messages(case: Any) -> list[bytes]:
    return [hexed(message) for message in case["messages"]]


each_suite = pytest.mark.parametrize(("name", "suite"), FOLDERS.items(), ids=FOLDERS)


@each_suite
def test_the_points_are_drawn_as_published(name: str, suite: Ciphersuite) -> None:
    expected = _read(name, "generators.json")
    interface = plain_interface(suite)
    drawn = interface.generators(1 + len(expected["MsgGenerators"]))
    assert [bytes(point.to_compressed_bytes()).hex() for point in drawn.points] == [
        expected["Q1"],
        *expected["MsgGenerators"],
    ]
    assert drawn.joined.hex() == expected["Q1"] + "".join(expected["MsgGenerators"])
    assert bytes(interface.base[0].to_compressed_bytes()).hex() == expected["P1"]
    assert len(expected["MsgGenerators"]) == 10


@each_suite
def test_scalars_are_hashed_as_published(name: str, suite: Ciphersuite) -> None:
    interface = plain_interface(suite)
    single = _read(name, "h2s.json")
    assert hexed(single["dst"]) == interface.api_id + b"H2S_"
    assert bytes(interface.hash_to_scalar(hexed(single["message"])).to_be_bytes()).hex() == single["scalar"]
    mapped = _read(name, "MapMessageToScalarAsHash.json")
    scalars = interface.message_scalars([hexed(case["message"]) for case in mapped["cases"]])
    assert [bytes(scalar.to_be_bytes()).hex() for scalar in scalars] == [case["scalar"] for case in mapped["cases"]]
    assert len(scalars) == 10


@each_suite
def test_the_key_pair_belongs_together(name: str, suite: Ciphersuite) -> None:
    pair = _read(name, "keypair.json")["keyPair"]
    assert public_from_private(Secret32(hexed(pair["secretKey"]))).hex() == pair["publicKey"]


@each_suite
def test_the_mocked_randomness_is_expanded_as_published(name: str, suite: Ciphersuite) -> None:
    mocked = _read(name, "mockedRng.json")
    randoms = _mocked(suite, hexed(mocked["seed"]), hexed(mocked["dst"]))(mocked["count"])
    assert [bytes(scalar.to_be_bytes()).hex() for scalar in randoms] == mocked["mockedScalars"]


def _mocked(suite: Ciphersuite, seed: bytes, tag: bytes) -> Randoms:
    def randoms(count: int) -> list[Scalar]:
        wide = suite.expand(seed, tag, 48 * count)
        return [wide_scalar(wide[at : at + 48]) for at in range(0, len(wide), 48)]

    return randoms


@each_suite
def test_signatures_are_made_and_checked_as_published(name: str, suite: Ciphersuite) -> None:
    cases = _cases(name, "signature")
    outcomes: Counter[bool] = Counter()
    for case in cases:
        pair, header, signature = case["signerKeyPair"], hexed(case["header"]), hexed(case["signature"])
        holds = case["result"]["valid"]
        outcomes[holds] += 1
        if holds:
            assert sign(Secret32(hexed(pair["secretKey"])), header, _messages(case), suite) == signature
            verify(hexed(pair["publicKey"]), signature, header, _messages(case), suite)
        else:
            with pytest.raises(ProofInvalid):
                verify(hexed(pair["publicKey"]), signature, header, _messages(case), suite)
    assert (len(cases), outcomes[True], outcomes[False]) == (SIGNATURES, 3, 7)


@each_suite
def test_proofs_are_made_and_checked_as_published(name: str, suite: Ciphersuite) -> None:
    cases = _cases(name, "proof")
    tag = hexed(_read(name, "mockedRng.json")["dst"])
    seed = hexed(_read(name, "mockedRng.json")["seed"])
    outcomes: Counter[bool] = Counter()
    for case in cases:
        key, proof = hexed(case["signerPublicKey"]), hexed(case["proof"])
        header, showing = hexed(case["header"]), hexed(case["presentationHeader"])
        messages, disclosed = _messages(case), case["disclosedIndexes"]
        shown = [messages[index] for index in disclosed]
        holds = case["result"]["valid"]
        outcomes[holds] += 1
        if not holds:
            with pytest.raises(ProofInvalid):
                verify_derived(key, proof, header, showing, shown, disclosed, suite)
            continue
        verify_derived(key, proof, header, showing, shown, disclosed, suite)
        for randoms in (_given(case), _mocked(suite, seed, tag)):
            made = derive(
                key, hexed(case["signature"]), header, showing, messages, disclosed, suite=suite, randoms=randoms
            )
            assert made == proof, case["caseName"]
    assert (len(cases), outcomes[True], outcomes[False]) == (PROOFS, 5, 10)


def _given(case: Any) -> Randoms:
    given = case["trace"]["random_scalars"]
    names = ("r1", "r2", "e_tilde", "r1_tilde", "r3_tilde")
    scalars = [Scalar.from_be_bytes(hexed(text)) for text in [*(given[n] for n in names), *given["m_tilde_scalars"]]]

    def randoms(count: int) -> list[Scalar]:
        assert count == len(scalars)
        return scalars

    return randoms
