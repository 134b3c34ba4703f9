"""BBS signatures of the IETF draft: sign messages, check, derive a proof over some of them, check that.

Spec: The BBS Signature Scheme (draft-irtf-cfrg-bbs-signatures), "BBS Signatures Interface".
"""

from __future__ import annotations

from collections.abc import Sequence

from sealwright.vc.errors import ProofInvalid, TooComplex
from sealwright.vc.keys.bls12381 import public_from_private, secret_scalar
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.proofs.bbs.core import (
    Statement,
    challenge_of,
    check_closed,
    core_sign,
    core_verify,
    hidden_count,
    open_proof,
    read_proof,
    reopen_proof,
)
from sealwright.vc.proofs.bbs.curve import Randoms, random_scalars
from sealwright.vc.proofs.bbs.interface import SHA_256, SHAKE_256, Ciphersuite, plain_interface
from sealwright.vc.proofs.bbs.requests import MAX_MESSAGES

__all__ = ["SHAKE_256", "SHA_256", "Ciphersuite", "derive", "sign", "verify", "verify_derived"]


def sign(secret: Secret32, header: bytes, messages: Sequence[bytes], suite: Ciphersuite = SHA_256) -> bytes:
    """Sign messages in order.

    Args:
        secret: The issuer's key.
        header: Bytes that the signature and every proof derived from it are bound to.
        messages: At most 1,024; none at all is allowed, and the header is signed alone.
        suite: The hash.

    Returns:
        80 bytes, A then e; the same input always gives the same.

    Raises:
        InvalidKey: The key is 0 or not below the order.
        TooComplex: More than 1,024 messages.

    Spec: "Signature Generation (Sign)".
    """
    return sign_as(public_from_private(secret), secret, header, messages, suite)


def sign_as(
    public_key: bytes, secret: Secret32, header: bytes, messages: Sequence[bytes], suite: Ciphersuite = SHA_256
) -> bytes:
    """As `sign`, for those who keep the public key of `secret` at hand; the 96 bytes must be of that secret."""
    if len(messages) > MAX_MESSAGES:
        raise TooComplex(f"At most {MAX_MESSAGES} messages are signed at once, not {len(messages)}.")
    statement = _statement(public_key, header, len(messages), suite)
    return core_sign(statement, secret_scalar(secret), statement.interface.message_scalars(messages))


def verify(
    public_key: bytes, signature: bytes, header: bytes, messages: Sequence[bytes], suite: Ciphersuite = SHA_256
) -> None:
    """Check a signature over all messages.

    Args:
        public_key: 96 bytes.
        signature: 80 bytes.
        header: As signed.
        messages: All of them, in order.
        suite: The hash.

    Raises:
        InvalidKey: The public key is malformed or weak.
        ProofInvalid: The signature is malformed or does not hold.

    Spec: "Signature Verification (Verify)".
    """
    statement = _statement(public_key, header, len(messages), suite)
    core_verify(statement, signature, statement.interface.message_scalars(messages))


def derive(  # noqa: PLR0917  # the draft's order of inputs
    public_key: bytes,
    signature: bytes,
    header: bytes,
    presentation_header: bytes,
    messages: Sequence[bytes],
    disclosed: Sequence[int],
    *,
    suite: Ciphersuite = SHA_256,
    randoms: Randoms = random_scalars,
) -> bytes:
    """Derive a proof that discloses some of the signed messages. The signature is taken as checked.

    Args:
        public_key: 96 bytes.
        signature: 80 bytes.
        header: As signed.
        presentation_header: Bytes of this showing, such as the verifier's nonce.
        messages: All of them, in order.
        disclosed: Indexes of those that the verifier will see, rising, from 0.
        suite: The hash.
        randoms: Gives random scalars; used once each. Anything but fresh ones gives the hidden messages away.

    Returns:
        272 bytes and 32 more for each message that stays hidden; no two are alike.

    Raises:
        InvalidKey: The public key is malformed or weak.
        ProofInvalid: A malformed signature; indexes that do not rise or lie beyond the messages.

    Spec: "Proof Generation (ProofGen)".
    """
    statement = _statement(public_key, header, len(messages), suite)
    _ = statement.key
    scalars = statement.interface.message_scalars(messages)
    opened = open_proof(statement, signature, scalars, disclosed, randoms)
    shown = [scalars[index] for index in disclosed]
    return opened.closed(challenge_of(statement, opened.points, shown, disclosed, presentation_header))


def verify_derived(  # noqa: PLR0917  # the draft's order of inputs
    public_key: bytes,
    proof: bytes,
    header: bytes,
    presentation_header: bytes,
    disclosed_messages: Sequence[bytes],
    disclosed: Sequence[int],
    suite: Ciphersuite = SHA_256,
) -> None:
    """Check a derived proof over the messages that are shown.

    Args:
        public_key: 96 bytes.
        proof: The proof; its length tells how many messages stay hidden.
        header: As signed.
        presentation_header: As derived.
        disclosed_messages: In order.
        disclosed: The index of each among all signed messages.
        suite: The hash.

    Raises:
        InvalidKey: The public key is malformed or weak.
        ProofInvalid: The proof is malformed or does not hold.

    Spec: "Proof Verification (ProofVerify)".
    """
    statement = _statement(public_key, header, hidden_count(proof) + len(disclosed_messages), suite)
    _ = statement.key
    came = read_proof(proof)
    shown = statement.interface.message_scalars(disclosed_messages)
    points = reopen_proof(statement, came, shown, disclosed)
    check_closed(statement, came, challenge_of(statement, points, shown, disclosed, presentation_header))


def _statement(public_key: bytes, header: bytes, count: int, suite: Ciphersuite) -> Statement:
    if count > MAX_MESSAGES:
        raise ProofInvalid(f"A BBS proof over more than {MAX_MESSAGES} messages is not checked.")
    interface = plain_interface(suite)
    return Statement(interface, public_key, interface.generators(count + 1), header)
