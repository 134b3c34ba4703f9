"""The legacy scheme against `ursa`, which made it: each checks what the other made, and we refuse what was tampered."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from sealwright.vc.errors import InvalidKey, ProofInvalid, TooComplex
from sealwright.vc.keys.bls12381 import generate_private_key, public_from_private
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.proofs.bbs.legacy import derive, revealed_of, sign, verify, verify_derived
from sealwright.vc.proofs.bbs.legacy_points import legacy_generators
from tests.support.curve_points import ORDER, outside_the_subgroup_g1

NONCE = b"a verifier's nonce"
SECRET = Secret32(bytes(31) + b"\x2a")
PUBLIC = public_from_private(SECRET)
MESSAGES = [b"first", b"second", b"third", b"", b"fifth"]
SHOWN = (0, 3)
SIGNATURE = sign(SECRET, MESSAGES)
PROOF = derive(PUBLIC, SIGNATURE, MESSAGES, SHOWN, NONCE)
# Count of messages and bit vector, then A', Abar, d, the first part's length, its commitment, count and two answers.
HEAD = 3
FIRST = HEAD + 3 * 48
SECOND = FIRST + 4 + 48 + 4 + 64


class Ursa:
    """The other implementation with one key."""

    def __init__(self, secret: Secret32) -> None:
        self.library = pytest.importorskip("ursa_bbs_signatures", reason="ursa is not made for this platform")
        self.pair = self.library.BlsKeyPair.from_secret_key(secret.reveal())

    @property
    def public_key(self) -> bytes:
        return bytes(self.pair.public_key)

    def points(self, count: int) -> list[bytes]:
        key = self.pair.get_bbs_key(count).public_key
        return [key[96:144], *(key[148 + 48 * index : 196 + 48 * index] for index in range(count))]

    def sign(self, messages: Sequence[bytes]) -> bytes:
        return bytes(self.library.sign(self.library.SignRequest(self.pair, [m.decode() for m in messages])))

    def verify(self, signature: bytes, messages: Sequence[bytes]) -> bool:
        request = self.library.VerifyRequest(self.pair, signature, [m.decode() for m in messages])
        return bool(self.library.verify(request))

    def derive(self, signature: bytes, messages: Sequence[bytes], shown: Sequence[int], nonce: bytes) -> bytes:
        kinds = self.library.ProofMessageType
        parts = [
            self.library.ProofMessage(m.decode(), kinds.Revealed if i in shown else kinds.HiddenProofSpecificBlinding)
            for i, m in enumerate(messages)
        ]
        request = self.library.CreateProofRequest(self.pair.get_bbs_key(len(messages)), parts, signature, nonce)
        return bytes(self.library.create_proof(request))

    def verify_derived(self, count: int, proof: bytes, shown: Sequence[bytes], nonce: bytes) -> bool:
        key = self.pair.get_bbs_key(count)
        return bool(
            self.library.verify_proof(self.library.VerifyProofRequest(key, proof, [m.decode() for m in shown], nonce))
        )


def _many(count: int) -> list[bytes]:
    return [f'<urn:n> <urn:p{number}> "{number}" .'.encode() for number in range(count)]


@pytest.mark.parametrize("number", range(3))
def test_the_points_are_those_of_the_other_implementation(number: int) -> None:
    secret = generate_private_key()
    ursa = Ursa(secret)
    public_key = public_from_private(secret)
    assert ursa.public_key == public_key
    compared = 0
    for count in range(1, 65):
        ours = [bytes(point.to_compressed_bytes()) for point in legacy_generators(public_key, count).points]
        assert ours == ursa.points(count), count
        compared += len(ours)
    assert compared == sum(range(2, 66))


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 64, 100])
def test_signatures_and_proofs_pass_both_ways(count: int) -> None:
    secret = generate_private_key()
    ursa = Ursa(secret)
    public_key = public_from_private(secret)
    messages = _many(count)
    theirs, ours = ursa.sign(messages), sign(secret, messages)
    verify(public_key, theirs, messages)
    assert ursa.verify(ours, messages)
    choices = random.Random(count)
    subsets = {(0,), (count - 1,), tuple(range(count))}
    subsets |= {tuple(sorted(choices.sample(range(count), choices.randint(1, count)))) for _ in range(6)}
    for shown in sorted(subsets):
        texts = [messages[index] for index in shown]
        nonce = choices.randbytes(choices.randint(1, 64))
        proof = ursa.derive(theirs, messages, shown, nonce)
        assert revealed_of(proof) == (count, shown)
        verify_derived(public_key, proof, texts, nonce)
        proof = derive(public_key, theirs, messages, shown, nonce)
        assert ursa.verify_derived(count, proof, texts, nonce)
        verify_derived(public_key, derive(public_key, ours, messages, shown, nonce), texts, nonce)


def test_every_subset_of_five_messages_passes_both_ways() -> None:
    ursa = Ursa(SECRET)
    messages = _many(5)
    signature = sign(SECRET, messages)
    for bits in range(1, 32):
        shown = tuple(index for index in range(5) if bits >> index & 1)
        texts = [messages[index] for index in shown]
        assert ursa.verify_derived(5, derive(PUBLIC, signature, messages, shown, NONCE), texts, NONCE)
        verify_derived(PUBLIC, ursa.derive(signature, messages, shown, NONCE), texts, NONCE)


def test_no_two_signatures_or_proofs_are_alike_and_nothing_hidden_stands_in_them() -> None:
    assert sign(SECRET, MESSAGES) != sign(SECRET, MESSAGES)
    again = derive(PUBLIC, SIGNATURE, MESSAGES, SHOWN, NONCE)
    assert again != PROOF
    verify_derived(PUBLIC, again, [MESSAGES[index] for index in SHOWN], NONCE)
    # Neither A, e nor s of the signature shows.
    assert not any(SIGNATURE[at : at + 32] in again for at in (0, 48, 80))


def test_all_may_stay_hidden() -> None:
    proof = derive(PUBLIC, SIGNATURE, MESSAGES, (), NONCE)
    assert revealed_of(proof) == (5, ())
    verify_derived(PUBLIC, proof, (), NONCE)


def test_a_signature_holds_for_its_messages_and_key_alone() -> None:
    verify(PUBLIC, SIGNATURE, MESSAGES)
    other = public_from_private(generate_private_key())
    for key, messages in (
        (other, MESSAGES),
        (PUBLIC, MESSAGES[:-1]),
        (PUBLIC, [*MESSAGES, b""]),
        (PUBLIC, MESSAGES[::-1]),
        (PUBLIC, [b"First", *MESSAGES[1:]]),
        (PUBLIC, []),
    ):
        with pytest.raises(ProofInvalid):
            verify(key, SIGNATURE, messages)


def test_a_proof_holds_for_what_it_discloses_and_its_nonce_alone() -> None:
    shown = [MESSAGES[index] for index in SHOWN]
    verify_derived(PUBLIC, PROOF, shown, NONCE)
    other = public_from_private(generate_private_key())
    for key, messages, nonce in (
        (other, shown, NONCE),
        (PUBLIC, shown, b"another nonce"),
        (PUBLIC, shown[::-1], NONCE),
        (PUBLIC, shown[:1], NONCE),
        (PUBLIC, [*shown, b"fifth"], NONCE),
        (PUBLIC, [shown[0], b"forged"], NONCE),
    ):
        with pytest.raises(ProofInvalid):
            verify_derived(key, PROOF, messages, nonce)
    with pytest.raises(InvalidKey):
        verify_derived(b"\xc0" + bytes(95), PROOF, shown, NONCE)


def _spliced(data: bytes, at: int, part: bytes) -> bytes:
    return data[:at] + part + data[at + len(part) :]


IDENTITY = b"\xc0" + bytes(47)
BAD_POINTS = [IDENTITY, outside_the_subgroup_g1(), bytes(48), b"\xff" * 48, b"\x80" + bytes([9]) * 47]
BAD_SCALARS = [bytes(32), ORDER.to_bytes(32, "big"), b"\xff" * 32]


@pytest.mark.parametrize(
    "signature",
    [
        *(_spliced(SIGNATURE, 0, point) for point in BAD_POINTS),
        *(_spliced(SIGNATURE, at, scalar) for at in (48, 80) for scalar in BAD_SCALARS),
        SIGNATURE[:-1],
        SIGNATURE + b"\0",
        b"",
        SIGNATURE[:80],
    ],
)
def test_malformed_signatures_are_refused(signature: bytes) -> None:
    with pytest.raises(ProofInvalid):
        verify(PUBLIC, signature, MESSAGES)
    with pytest.raises(ProofInvalid):
        derive(PUBLIC, signature, MESSAGES, SHOWN, NONCE)


POINT_PLACES = (HEAD, HEAD + 48, HEAD + 96, FIRST + 4, SECOND)
SCALAR_PLACES = (FIRST + 56, FIRST + 88, *(SECOND + 52 + 32 * index for index in range(5)))


@pytest.mark.parametrize(
    "proof",
    [
        *(_spliced(PROOF, at, point) for at in POINT_PLACES for point in BAD_POINTS),
        *(_spliced(PROOF, at, scalar) for at in SCALAR_PLACES for scalar in BAD_SCALARS),
        PROOF[:-1],
        PROOF[:-32],
        PROOF + b"\0",
        PROOF + bytes(31) + b"\1",
        b"",
        PROOF[:2],
        PROOF[:HEAD],
        _spliced(PROOF, 0, b"\0\0"),
        _spliced(PROOF, 0, b"\0\6"),
        _spliced(PROOF, 0, b"\x04\x01"),
        _spliced(PROOF, 0, b"\xff\xff"),
        _spliced(PROOF, 2, b"\x29"),
        _spliced(PROOF, 2, b"\x0a"),
        _spliced(PROOF, FIRST, (117).to_bytes(4, "big")),
        _spliced(PROOF, FIRST + 52, (3).to_bytes(4, "big")),
        _spliced(PROOF, SECOND + 48, (4).to_bytes(4, "big")),
        _spliced(PROOF, SECOND + 48, (6).to_bytes(4, "big")),
    ],
)
def test_malformed_proofs_are_refused(proof: bytes) -> None:
    assert proof != PROOF
    with pytest.raises(ProofInvalid):
        verify_derived(PUBLIC, proof, [MESSAGES[index] for index in SHOWN], NONCE)


def test_the_places_named_above_are_where_the_parts_stand() -> None:
    assert len(PROOF) == SECOND + 52 + 32 * 5
    assert int.from_bytes(PROOF[FIRST : FIRST + 4], "big") == 116
    assert int.from_bytes(PROOF[FIRST + 52 : FIRST + 56], "big") == 2
    assert int.from_bytes(PROOF[SECOND + 48 : SECOND + 52], "big") == 5


def test_no_single_bit_of_a_proof_can_be_changed() -> None:
    shown = [MESSAGES[index] for index in SHOWN]
    places = random.Random(7).sample(range(8 * len(PROOF)), 250)
    for place in places:
        changed = bytearray(PROOF)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(ProofInvalid):
            verify_derived(PUBLIC, bytes(changed), shown, NONCE)


@pytest.mark.parametrize("disclosed", [(0, 0), (3, 0), (-1,), (5,), (0, 1, 1)])
def test_indexes_must_rise_and_lie_within(disclosed: tuple[int, ...]) -> None:
    with pytest.raises(ProofInvalid):
        derive(PUBLIC, SIGNATURE, MESSAGES, disclosed, NONCE)


def test_between_one_and_1024_messages_are_signed() -> None:
    for messages in ([], [b""] * 1_025):
        with pytest.raises(TooComplex):
            sign(SECRET, messages)
        with pytest.raises(ProofInvalid):
            verify(PUBLIC, SIGNATURE, messages)
        with pytest.raises(ProofInvalid):
            derive(PUBLIC, SIGNATURE, messages, (), NONCE)
