"""BBS proofs with a pseudonym: one holder is the same to one verifier each time, and a stranger to every other.

Holder and issuer each give a part of the secret behind the pseudonyms, so that neither chooses it alone. For each
domain, such as a verifier's address, it makes one pseudonym, and the proof shows that both belong to the signature.

Spec: BBS per Verifier Linkability (draft-irtf-cfrg-bbs-per-verifier-linkability-00, with one secret, as the published
vectors of Data Integrity BBS Cryptosuites 1.0 follow it).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from py_arkworks_bls12381 import G1Point, Scalar

from sealwright.vc.errors import ProofInvalid
from sealwright.vc.keys.bls12381 import generate_private_key, secret_scalar
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.proofs.bbs.blind import (
    Commitment,
    all_scalars,
    check_counts,
    check_disclosed,
    commit_scalars,
    read_commitment,
    sign_committed,
    statement_of,
)
from sealwright.vc.proofs.bbs.core import (
    challenge_of,
    check_closed,
    core_verify,
    open_proof,
    read_proof,
    reopen_proof,
)
from sealwright.vc.proofs.bbs.curve import Randoms, random_scalars, read_point, read_scalar, sum_of_products
from sealwright.vc.proofs.bbs.interface import SHA_256, Ciphersuite, Interface


@dataclass(frozen=True, slots=True)
class NymSignature:
    """What the issuer gives the holder.

    Args:
        signature: 80 bytes.
        entropy: The issuer's part of the secret, 32 bytes. The issuer keeps it to issue anew under the same pseudonyms.
    """

    signature: bytes
    entropy: bytes


@dataclass(frozen=True, slots=True)
class NymHolding:
    """What a holder alone knows.

    Args:
        secret: The whole secret behind the pseudonyms.
        blind: The number that blinded the commitment.
        committed: The holder's other messages.
    """

    secret: Secret32
    blind: Secret32
    committed: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        return "NymHolding(…)"


@dataclass(frozen=True, slots=True)
class NymProof:
    """A derived proof, and the pseudonym that it proves (48 bytes)."""

    proof: bytes
    pseudonym: bytes


def nym_interface(suite: Ciphersuite) -> Interface:
    """The interface of signatures with pseudonyms. Spec: "BBS Pseudonym Interface"."""
    return Interface(suite, suite.identifier + b"H2G_HM2S_PSEUDONYM_")


def commit(
    prover_nym: Secret32,
    messages: Sequence[bytes] = (),
    *,
    suite: Ciphersuite = SHA_256,
    randoms: Randoms = random_scalars,
) -> Commitment:
    """Commit to messages and to the holder's part of the secret.

    Raises:
        InvalidKey: The part is 0 or not below the order.
        TooComplex: More than 15 messages.

    Spec: "Commitment".
    """
    interface = nym_interface(suite)
    scalars = [*interface.message_scalars(messages), secret_scalar(prover_nym)]
    return commit_scalars(interface, scalars, randoms)


def sign(
    secret: Secret32,
    commitment: bytes,
    header: bytes,
    messages: Sequence[bytes],
    *,
    entropy: bytes | None = None,
    suite: Ciphersuite = SHA_256,
) -> NymSignature:
    """Sign the issuer's messages, those in a commitment, and the secret that both parties made.

    Args:
        secret: The issuer's key.
        commitment: As the holder sent it, with its proof.
        header: Bytes that the signature and every proof are bound to.
        messages: The issuer's, at most 1,024.
        entropy: The issuer's part of an earlier signature for this holder, to keep the pseudonyms; else a fresh one.
        suite: The hash.

    Raises:
        InvalidKey: The key is 0 or not below the order.
        ProofInvalid: The commitment is malformed, empty, or its proof does not hold; the entropy is no scalar.
        TooComplex: More than 1,024 messages.

    Spec: "Blind Issuance".
    """
    interface = nym_interface(suite)
    point, count = read_commitment(interface, commitment)
    if count < 1:
        raise ProofInvalid("The commitment holds no part of a secret for pseudonyms.")
    own_part = generate_private_key().reveal() if entropy is None else entropy
    # The last committed message is the holder's part; the issuer's part is added onto the same point.
    last = Interface(suite, b"BLIND_" + interface.api_id).generators(count + 1).points[-1]
    extra: list[tuple[G1Point, Scalar]] = [(point, Scalar(1)), (last, read_scalar(own_part))]
    return NymSignature(sign_committed(interface, secret, header, messages, (count, extra)), own_part)


def nym_secret(prover_nym: Secret32, entropy: bytes) -> Secret32:
    """The whole secret from the holder's and the issuer's part.

    Raises:
        InvalidKey: The holder's part is no scalar, or the parts cancel each other.
        ProofInvalid: The issuer's part is no scalar.

    Spec: "Verification and Finalization".
    """
    whole = Secret32(bytes((secret_scalar(prover_nym) + read_scalar(entropy)).to_be_bytes()))
    secret_scalar(whole)
    return whole


def verify(
    public_key: bytes,
    signature: bytes,
    header: bytes,
    messages: Sequence[bytes],
    *,
    holding: NymHolding,
    suite: Ciphersuite = SHA_256,
) -> None:
    """Check a signature with a pseudonym's secret, as the holder does when it arrives.

    Raises:
        InvalidKey: The public key is malformed or weak.
        ProofInvalid: The signature is malformed or does not hold.

    Spec: "Verification and Finalization".
    """
    interface = nym_interface(suite)
    statement = statement_of(interface, public_key, header, len(messages), len(holding.committed) + 1)
    core_verify(statement, signature, _scalars(interface, messages, holding))


def pseudonym_of(secret: Secret32, nym_domain: bytes, suite: Ciphersuite = SHA_256) -> bytes:
    """The pseudonym of a secret for a domain, 48 bytes. Spec: "Pseudonym Calculation Procedure"."""
    point = nym_interface(suite).hash_to_curve(nym_domain)
    return bytes((point * secret_scalar(secret)).to_compressed_bytes())


def derive(
    public_key: bytes,
    signature: bytes,
    header: bytes,
    presentation_header: bytes,
    messages: Sequence[bytes],
    *,
    disclosed: Sequence[int],
    nym_domain: bytes,
    holding: NymHolding,
    suite: Ciphersuite = SHA_256,
    randoms: Randoms = random_scalars,
) -> NymProof:
    """Derive a proof that discloses some of the issuer's messages and shows the holder's pseudonym for a domain.

    The signature is taken as checked.

    Args:
        public_key: 96 bytes.
        signature: 80 bytes.
        header: As signed.
        presentation_header: Bytes of this showing.
        messages: The issuer's.
        disclosed: Indexes of those that the verifier will see, rising, from 0.
        nym_domain: What the pseudonym is for, such as the verifier's address.
        holding: The holder's secrets.
        suite: The hash.
        randoms: Gives random scalars; used once each.

    Raises:
        InvalidKey: The public key is malformed or weak.
        ProofInvalid: A malformed signature; indexes that do not rise or lie beyond the issuer's messages.

    Spec: "Proof Generation with Pseudonym".
    """
    interface = nym_interface(suite)
    check_disclosed(disclosed, len(messages))
    statement = statement_of(interface, public_key, header, len(messages), len(holding.committed) + 1)
    _ = statement.key
    scalars = _scalars(interface, messages, holding)
    opened = open_proof(statement, signature, scalars, disclosed, randoms)
    base = interface.hash_to_curve(nym_domain)
    pseudonym = base * scalars[-1]
    # The same mask hides the secret here and in the proof, which ties the pseudonym to the signed secret.
    points = [*opened.points, pseudonym, base, base * opened.masks[-1]]
    shown = [scalars[index] for index in disclosed]
    proof = opened.closed(challenge_of(statement, points, shown, disclosed, presentation_header))
    return NymProof(proof, bytes(pseudonym.to_compressed_bytes()))


def verify_derived(
    public_key: bytes,
    shown_proof: NymProof,
    header: bytes,
    presentation_header: bytes,
    disclosed_messages: Sequence[bytes],
    *,
    disclosed: Sequence[int],
    nym_domain: bytes,
    count: int,
    committed_count: int = 0,
    suite: Ciphersuite = SHA_256,
) -> None:
    """Check a proof with a pseudonym; no secret of the holder is needed.

    Args:
        public_key: 96 bytes.
        shown_proof: The proof and its pseudonym.
        header: As signed.
        presentation_header: As derived.
        disclosed_messages: In order.
        disclosed: The index of each among the issuer's messages.
        nym_domain: What the pseudonym is for. The verifier gives its own; to take the holder's word is to let the
            holder be anybody.
        count: How many messages the issuer signed.
        committed_count: How many messages the holder committed to, besides the secret of the pseudonyms.
        suite: The hash.

    Raises:
        InvalidKey: The public key is malformed or weak.
        ProofInvalid: The proof or the pseudonym is malformed or does not hold.

    Spec: "Proof Verification with Pseudonym".
    """
    interface = nym_interface(suite)
    check_counts(shown_proof.proof, disclosed, count, count + committed_count + 2)
    statement = statement_of(interface, public_key, header, count, committed_count + 1)
    _ = statement.key
    pseudonym = read_point(shown_proof.pseudonym)
    came = read_proof(shown_proof.proof)
    shown = interface.message_scalars(disclosed_messages)
    base = interface.hash_to_curve(nym_domain)
    opened = sum_of_products([base, pseudonym], [came.hidden[-1], -came.challenge])
    if opened == G1Point.identity():
        raise ProofInvalid("The proof of the pseudonym proves nothing.")
    points = [*reopen_proof(statement, came, shown, disclosed), pseudonym, base, opened]
    check_closed(statement, came, challenge_of(statement, points, shown, disclosed, presentation_header))


def _scalars(interface: Interface, messages: Sequence[bytes], holding: NymHolding) -> list[Scalar]:
    others = all_scalars(interface, messages, holding.committed, holding.blind)
    return [*others, secret_scalar(holding.secret)]
