"""Cryptosuite bbs-2023 with its features: a credential bound to its holder's secret, and pseudonyms for each verifier.

These are not among the suites that are issued or verified by name: holder, issuer and verifier each need something
beyond document and key, so each asks for the feature. A verifier needs no secret: the document, the issuer's key, and
for a pseudonym the domain that it was made for.

The published vectors write both features with pseudonyms under the header bytes 08 and 09, with the issuer's entropy as
a number and without the domain; the text of the specification has 06 and 07 for a pseudonym alone. The vectors are
followed. Which of the two a derived proof has is seen from how many messages it hides.

Spec: Data Integrity BBS Cryptosuites 1.0, "Anonymous Holder Binding", "Credential-Bound Pseudonyms", "Holder Binding
and Pseudonyms".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import DerivationInvalid, ProofInvalid
from sealwright.vc.keys.bls12381 import public_from_private
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.bbs import blind, pseudonym
from sealwright.vc.proofs.bbs.core import hidden_count
from sealwright.vc.proofs.bbs.curve import POINT_BYTES, SCALAR_BYTES, Randoms, random_scalars
from sealwright.vc.proofs.bbs.requests import MAX_MESSAGES
from sealwright.vc.proofs.selective.framing import (
    decode_value,
    encode_value,
    header_of,
    put_labels,
    take_bytes,
    take_indexes,
    take_labels,
    take_pointers,
    take_some_bytes,
)
from sealwright.vc.proofs.selective.grouping import Statements, read_statements, receive
from sealwright.vc.proofs.selective.labels import HMAC_KEY_BYTES, new_hmac_key, shuffled_labels
from sealwright.vc.proofs.selective.showing import check_wish, derived_credential, shown_part
from sealwright.vc.proofs.suites.bbs_2023 import (
    BBS_HEADER_BYTES,
    KEY_BYTES,
    MAX_NONCE_BYTES,
    MAX_PROOF_BYTES,
    NAME,
    SIGNATURE_BYTES,
    Base,
    Derived,
    check_kind,
    header_over,
    matched_messages,
    parted,
    read_label,
)
from sealwright.vc.proofs.suites.disclosure import Covered, Wish

MAX_DOMAIN_BYTES: Final = 1_024
_AT: Final = "/proof/proofValue"
_BOUND_BASE: Final = b"\xd9\x5d\x04"
_BOUND_DERIVED: Final = b"\xd9\x5d\x05"
_NYM_BASE: Final = b"\xd9\x5d\x08"
_NYM_DERIVED: Final = b"\xd9\x5d\x09"
# Besides the answers for hidden statements and committed messages: one for the blind.
_BLIND: Final = 1


class Feature(StrEnum):
    """A feature option, by its name in the specification."""

    HOLDER_BINDING = "anonymous_holder_binding"
    PSEUDONYM = "pseudonym"
    HOLDER_BINDING_PSEUDONYM = "holder_binding_pseudonym"

    @property
    def has_pseudonym(self) -> bool:
        """Whether what is derived shows a pseudonym."""
        return self is not Feature.HOLDER_BINDING

    @property
    def binds_holder(self) -> bool:
        """Whether the holder's secret is signed."""
        return self is not Feature.PSEUDONYM

    @property
    def committed(self) -> int:
        """How many messages the holder commits to, the part of a pseudonym's secret included."""
        return int(self.binds_holder) + int(self.has_pseudonym)


@dataclass(frozen=True, slots=True)
class Ordered:
    """What an issuer is asked to sign for a holder.

    Args:
        feature: The feature.
        commitment: As the holder sent it, with its proof.
        entropy: The issuer's part of an earlier pseudonym's secret, to keep the pseudonyms; else a fresh one.
    """

    feature: Feature
    commitment: bytes
    entropy: bytes | None = None


@dataclass(frozen=True, slots=True)
class HolderSecrets:
    """What a holder keeps to itself; each part is needed by the features that have it.

    Args:
        blind: The number that blinded the commitment.
        secret: What the credential is bound to: any bytes.
        prover_nym: The holder's part of the secret behind the pseudonyms.
    """

    blind: Secret32
    secret: bytes | None = None
    prover_nym: Secret32 | None = None

    def __repr__(self) -> str:
        return "HolderSecrets(…)"


@dataclass(frozen=True, slots=True)
class FeatureShown:
    """What a derived proof that holds tells: its feature, the pseudonym (48 bytes) if any, and what it is bound to."""

    feature: Feature
    pseudonym: bytes | None
    nonce: bytes


@dataclass(frozen=True, slots=True)
class FeatureBase:
    """A base proof value with a feature.

    Args:
        base: What it shares with those that have none.
        entropy: The issuer's part of the secret behind the pseudonyms, 32 bytes; None for holder binding alone.
    """

    base: Base
    entropy: bytes | None

    @classmethod
    def read(cls, value: JSONValue) -> FeatureBase:
        """Read a proof value; raises ProofInvalid."""
        has_nym = header_of(value) == _NYM_BASE
        parts = decode_value(value, _NYM_BASE if has_nym else _BOUND_BASE, 6 if has_nym else 5, allow_big=has_nym)
        signature, header, public_key, hmac_key, mandatory = parts[:5]
        base = Base(
            take_bytes(signature, SIGNATURE_BYTES),
            take_bytes(header, BBS_HEADER_BYTES),
            take_bytes(public_key, KEY_BYTES),
            take_bytes(hmac_key, HMAC_KEY_BYTES),
            take_pointers(mandatory),
        )
        return cls(base, _take_scalar(parts[5]) if has_nym else None)

    def write(self) -> str:
        """The proof value."""
        base = self.base
        parts = [base.signature, base.header, base.public_key, base.hmac_key, list(base.mandatory)]
        if self.entropy is None:
            return encode_value(_BOUND_BASE, parts)
        return encode_value(_NYM_BASE, [*parts, int.from_bytes(self.entropy, "big")])


@dataclass(frozen=True, slots=True)
class FeatureDerived:
    """A derived proof value with a feature.

    Args:
        derived: What it shares with those that have none.
        pseudonym: 48 bytes; None for holder binding alone.
        count: How many statements the issuer signed as messages.
    """

    derived: Derived
    pseudonym: bytes | None
    count: int

    @classmethod
    def read(cls, value: JSONValue) -> FeatureDerived:
        """Read a proof value; raises ProofInvalid."""
        has_nym = header_of(value) == _NYM_DERIVED
        parts = decode_value(value, _NYM_DERIVED if has_nym else _BOUND_DERIVED, 7 if has_nym else 6)
        proof, labels, mandatory, selective, nonce = parts[:5]
        derived = Derived(
            take_some_bytes(proof, MAX_PROOF_BYTES + (_BLIND + 2) * SCALAR_BYTES),
            take_labels(labels, read_label),
            take_indexes(mandatory),
            take_indexes(selective),
            take_some_bytes(nonce, MAX_NONCE_BYTES),
        )
        count = parts[-1]
        if type(count) is not int or not 0 <= count <= MAX_MESSAGES:
            raise ProofInvalid("The count of messages in proofValue is no number within the limit.", pointer=_AT)
        return cls(derived, take_bytes(parts[5], POINT_BYTES) if has_nym else None, count)

    def write(self) -> str:
        """The proof value."""
        derived = self.derived
        labels = put_labels(derived.labels, lambda label: int(label.removeprefix("_:b")))
        parts = [derived.proof, labels, list(derived.mandatory), list(derived.selective), derived.nonce]
        if self.pseudonym is None:
            return encode_value(_BOUND_DERIVED, [*parts, self.count])
        return encode_value(_NYM_DERIVED, [*parts, self.pseudonym, self.count])

    @property
    def feature(self) -> Feature:
        """The feature, which the count of hidden messages tells; raises ProofInvalid for a count that none has."""
        committed = hidden_count(self.derived.proof) + len(self.derived.selective) - self.count - _BLIND
        for feature in Feature:
            if feature.has_pseudonym == (self.pseudonym is not None) and feature.committed == committed:
                return feature
        raise ProofInvalid("The proof does not fit the count of messages that it states.", pointer=_AT)


def issue(
    covered: Covered,
    secret: Secret32,
    mandatory: tuple[str, ...],
    ordered: Ordered,
    *,
    hmac_key: bytes | None = None,
) -> str:
    """The base proof value of a credential for the holder who made a commitment.

    Args:
        covered: The document and the proof's options.
        secret: The issuer's key.
        mandatory: Pointers to what is always shown.
        ordered: Feature and commitment.
        hmac_key: Secret of the labels, 32 bytes, which must not serve twice; else a fresh one.

    Raises:
        DocumentRefused: The document cannot be signed.
        DerivationInvalid: A mandatory pointer leads nowhere.
        ProofInvalid: The commitment does not hold, or is to another count of messages than the feature has.

    Spec: Data Integrity BBS Cryptosuites 1.0, "Create Base Proof (bbs-2023)", "serializeBaseProofValue".
    """
    feature, commitment = ordered.feature, ordered.commitment
    if len(commitment) != POINT_BYTES + (feature.committed + 2) * SCALAR_BYTES:
        raise ProofInvalid(f"Under {feature} the holder commits to {feature.committed} messages.")
    key = hmac_key or new_hmac_key()
    statements = read_statements(covered.document, covered.hashing, shuffled_labels, key)
    always, messages = parted(statements, mandatory)
    header = header_over(covered, always)
    entropy = None
    if feature.has_pseudonym:
        signed = pseudonym.sign(secret, commitment, header, messages, entropy=ordered.entropy)
        signature, entropy = signed.signature, signed.entropy
    else:
        signature = blind.sign(secret, commitment, header, messages)
    return FeatureBase(Base(signature, header, public_from_private(secret), key, mandatory), entropy).write()


def verify_base(covered: Covered, key: PublicKey, proof: Mapping[str, JSONValue], holder: HolderSecrets) -> Feature:
    """Check a base proof as its holder does when it arrives, and tell its feature.

    Raises:
        DocumentRefused: The document cannot have been signed.
        InvalidKey: The key is of another kind or weak.
        ProofInvalid: The proof is malformed or does not hold with these secrets.
    """
    return _held(covered, key, FeatureBase.read(proof.get("proofValue")), holder).feature


def derive(
    covered: Covered,
    key: PublicKey,
    proof: Mapping[str, JSONValue],
    wish: Wish,
    holder: HolderSecrets,
    *,
    nym_domain: bytes = b"",
    randoms: Randoms = random_scalars,
) -> dict[str, JSONValue]:
    """Derive a credential that shows a part, and proves the holder's secret or shows a pseudonym.

    Args:
        covered: The document and the base proof's options.
        key: The issuer's.
        proof: The base proof.
        wish: What is shown, and what the proof is bound to.
        holder: The holder's secrets.
        nym_domain: What a pseudonym is for, such as the verifier's address: 1 to 1,024 bytes; unused without one.
        randoms: Gives random scalars; used once each.

    Raises:
        DerivationInvalid: A pointer that leads nowhere, nothing to show, a nonce or domain that is too long or missing.
        DocumentRefused: The document cannot have been signed.
        InvalidKey: The key is of another kind or weak.
        ProofInvalid: The base proof does not hold with these secrets.

    Spec: Data Integrity BBS Cryptosuites 1.0, "Add Derived Proof (bbs-2023)", "createDisclosureData".
    """
    check_wish(covered, wish, NAME)
    if len(wish.nonce) > MAX_NONCE_BYTES:
        raise DerivationInvalid(f"A nonce has at most {MAX_NONCE_BYTES} bytes.", pointer="/nonce")
    held = _held(covered, key, FeatureBase.read(proof.get("proofValue")), holder)
    base = held.base
    part = shown_part(held.statements, base.mandatory, wish)
    shown_nym: bytes | None = None
    if held.holding is None:
        made = blind.derive(
            key.raw,
            base.signature,
            base.header,
            wish.nonce,
            held.messages,
            disclosed=part.selective,
            committed=held.committed,
            blind=holder.blind,
            randoms=randoms,
        )
    else:
        if not 1 <= len(nym_domain) <= MAX_DOMAIN_BYTES:
            raise DerivationInvalid(f"A pseudonym is for a domain of 1 to {MAX_DOMAIN_BYTES} bytes.")
        with_nym = pseudonym.derive(
            key.raw,
            base.signature,
            base.header,
            wish.nonce,
            held.messages,
            disclosed=part.selective,
            nym_domain=nym_domain,
            holding=held.holding,
            randoms=randoms,
        )
        made, shown_nym = with_nym.proof, with_nym.pseudonym
    derived = Derived(made, part.labels, part.mandatory, part.selective, wish.nonce)
    value = FeatureDerived(derived, shown_nym, len(held.messages)).write()
    return derived_credential(part.document, proof, value)


def verify(
    covered: Covered, key: PublicKey, proof: Mapping[str, JSONValue], *, nym_domain: bytes | None = None
) -> FeatureShown:
    """Check a derived proof with a feature; no secret of the holder is needed.

    Args:
        covered: What is shown, and the proof's options.
        key: The issuer's.
        proof: The derived proof.
        nym_domain: The domain that the verifier knows pseudonyms by; needed if there is one.

    Raises:
        DocumentRefused: The document cannot have been signed.
        InvalidKey: The key is of another kind or weak.
        ProofInvalid: A base proof, a proof without a feature, one that is malformed or does not hold.

    Spec: Data Integrity BBS Cryptosuites 1.0, "Verify Derived Proof (bbs-2023)".
    """
    check_kind(key)
    value = proof.get("proofValue")
    if header_of(value) in (_BOUND_BASE, _NYM_BASE):
        detail = "A base proof is for the holder of the credential, not for a verifier; derive first."
        raise ProofInvalid(detail, pointer=_AT)
    came = FeatureDerived.read(value)
    derived, feature = came.derived, came.feature
    received = receive(covered.document, covered.hashing, derived.labels, derived.mandatory)
    if received is None or len(received.others) != len(derived.selective):
        raise ProofInvalid("The proof does not fit the statements that are shown.", pointer=_AT)
    header = header_over(covered, received.mandatory)
    messages = [text.encode() for text in received.others]
    if came.pseudonym is None:
        blind.verify_derived(
            key.raw,
            derived.proof,
            header,
            derived.nonce,
            messages,
            disclosed=derived.selective,
            count=came.count,
            committed_count=feature.committed,
        )
        return FeatureShown(feature, None, derived.nonce)
    if nym_domain is None:
        raise ProofInvalid("The proof shows a pseudonym; say which domain it has to be for.", pointer=_AT)
    pseudonym.verify_derived(
        key.raw,
        pseudonym.NymProof(derived.proof, came.pseudonym),
        header,
        derived.nonce,
        messages,
        disclosed=derived.selective,
        nym_domain=nym_domain,
        count=came.count,
        committed_count=int(feature.binds_holder),
    )
    return FeatureShown(feature, came.pseudonym, derived.nonce)


@dataclass(frozen=True, slots=True, repr=False)
class _Held:
    """A base proof that holds with its holder's secrets."""

    feature: Feature
    base: Base
    statements: Statements
    messages: list[bytes]
    committed: tuple[bytes, ...]
    holding: pseudonym.NymHolding | None


def _held(covered: Covered, key: PublicKey, came: FeatureBase, holder: HolderSecrets) -> _Held:
    base = came.base
    statements = read_statements(covered.document, covered.hashing, shuffled_labels, base.hmac_key)
    messages = matched_messages(covered, key, base, statements)
    committed = () if holder.secret is None else (holder.secret,)
    if came.entropy is None:
        if holder.secret is None:
            raise ProofInvalid("The credential is bound to a secret of its holder, which is needed.", pointer=_AT)
        blind.verify(key.raw, base.signature, base.header, messages, committed=committed, blind=holder.blind)
        return _Held(Feature.HOLDER_BINDING, base, statements, messages, committed, None)
    if holder.prover_nym is None:
        raise ProofInvalid("The credential has a pseudonym, and the holder's part of it is needed.", pointer=_AT)
    whole = pseudonym.nym_secret(holder.prover_nym, came.entropy)
    holding = pseudonym.NymHolding(whole, holder.blind, committed)
    pseudonym.verify(key.raw, base.signature, base.header, messages, holding=holding)
    feature = Feature.HOLDER_BINDING_PSEUDONYM if committed else Feature.PSEUDONYM
    return _Held(feature, base, statements, messages, committed, holding)


def _take_scalar(part: object) -> bytes:
    """A number below 2^256 as 32 bytes; raises ProofInvalid."""
    if type(part) is not int or not 0 < part < 1 << (8 * SCALAR_BYTES):
        raise ProofInvalid("The issuer's part of the pseudonym is no number of 32 bytes.", pointer=_AT)
    return part.to_bytes(SCALAR_BYTES, "big")
