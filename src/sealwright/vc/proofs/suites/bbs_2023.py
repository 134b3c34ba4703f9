"""Cryptosuite bbs-2023: one BBS signature over all statements; what is shown is proved without showing the signature.

Statements that are mandatory are hashed into the header; the others are the messages. Nothing in two showings of one
credential tells that they belong together, but for what is shown itself.

Spec: Data Integrity BBS Cryptosuites 1.0, "bbs-2023", feature option "baseline".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sealwright.vc.credentials.model import CREDENTIALS_V2
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import DerivationInvalid, InvalidKey, ProofInvalid
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.bbs import ietf
from sealwright.vc.proofs.bbs.curve import Randoms, random_scalars
from sealwright.vc.proofs.bbs.requests import MAX_MESSAGES, Scheme, encode_request
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
from sealwright.vc.proofs.selective.grouping import Statements, mandatory_hash, read_statements, receive
from sealwright.vc.proofs.selective.labels import HMAC_KEY_BYTES, new_hmac_key, shuffled_labels
from sealwright.vc.proofs.selective.showing import check_wish, derived_credential, mandatory_places, shown_part
from sealwright.vc.proofs.suites.disclosure import Covered, DisclosureSuite, Shown, Wish
from sealwright.vc.proofs.suites.eddsa_rdfc_2022 import DATA_INTEGRITY_V1, DATA_INTEGRITY_V2
from sealwright.vc.proofs.suites.suite import DATA_INTEGRITY_PROOF, rdfc_hash_options

NAME: Final = "bbs-2023"
BASE_HEADER: Final = b"\xd9\x5d\x02"
DERIVED_HEADER: Final = b"\xd9\x5d\x03"
SIGNATURE_BYTES: Final = 80
MAX_NONCE_BYTES: Final = 1_024

# Proofs that also bind the holder or show a pseudonym: `bbs_2023_features` checks them, for those who ask for that.
FEATURE_HEADERS: Final[Mapping[bytes, str]] = {
    b"\xd9\x5d\x04": "anonymous holder binding",
    b"\xd9\x5d\x05": "anonymous holder binding",
    b"\xd9\x5d\x06": "a pseudonym",
    b"\xd9\x5d\x07": "a pseudonym",
    b"\xd9\x5d\x08": "a pseudonym",
    b"\xd9\x5d\x09": "a pseudonym",
}

BBS_HEADER_BYTES: Final = 64
KEY_BYTES: Final = 96
# 272 bytes and 32 for each hidden message.
MAX_PROOF_BYTES: Final = 272 + 32 * MAX_MESSAGES
_AT: Final = "/proof/proofValue"


@dataclass(frozen=True, slots=True)
class Base:
    """A base proof value.

    Args:
        signature: 80 bytes.
        header: Hash of the options, then hash of the mandatory statements; 64 bytes.
        public_key: The issuer's, 96 bytes.
        hmac_key: Secret of the labels, 32 bytes.
        mandatory: Pointers to what is always shown.
    """

    signature: bytes
    header: bytes
    public_key: bytes
    hmac_key: bytes
    mandatory: tuple[str, ...]

    @classmethod
    def read(cls, value: JSONValue) -> Base:
        """Read a proof value; raises ProofInvalid."""
        _refuse_features(value)
        signature, header, public_key, hmac_key, mandatory = decode_value(value, BASE_HEADER, 5)
        return cls(
            take_bytes(signature, SIGNATURE_BYTES),
            take_bytes(header, BBS_HEADER_BYTES),
            take_bytes(public_key, KEY_BYTES),
            take_bytes(hmac_key, HMAC_KEY_BYTES),
            take_pointers(mandatory),
        )

    def write(self) -> str:
        """The proof value."""
        parts = [self.signature, self.header, self.public_key, self.hmac_key, list(self.mandatory)]
        return encode_value(BASE_HEADER, parts)


@dataclass(frozen=True, slots=True)
class Derived:
    """A derived proof value.

    Args:
        proof: The BBS proof.
        labels: Canonical label in the part → label that was signed.
        mandatory: Indexes of the mandatory statements among those shown, ascending.
        selective: Index of each other statement that is shown among all that are not mandatory, ascending.
        nonce: What the holder bound the proof to (the presentation header).
    """

    proof: bytes
    labels: Mapping[str, str]
    mandatory: Sequence[int]
    selective: Sequence[int]
    nonce: bytes

    @classmethod
    def read(cls, value: JSONValue) -> Derived:
        """Read a proof value; raises ProofInvalid."""
        _refuse_features(value)
        proof, labels, mandatory, selective, nonce = decode_value(value, DERIVED_HEADER, 5)
        return cls(
            take_some_bytes(proof, MAX_PROOF_BYTES),
            take_labels(labels, read_label),
            take_indexes(mandatory),
            take_indexes(selective),
            take_some_bytes(nonce, MAX_NONCE_BYTES),
        )

    def write(self) -> str:
        """The proof value."""
        labels = put_labels(self.labels, lambda label: int(label.removeprefix("_:b")))
        return encode_value(
            DERIVED_HEADER, [self.proof, labels, list(self.mandatory), list(self.selective), self.nonce]
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """A base proof that lacks the issuer's signature."""

    data_to_sign: bytes
    base: Base

    def proof_value(self, signature: bytes) -> str:
        """The finished value; raises ProofInvalid for a signature of the wrong length."""
        if len(signature) != SIGNATURE_BYTES:
            raise ProofInvalid(f"A signature under {NAME} has {SIGNATURE_BYTES} bytes, not {len(signature)}.")
        base = self.base
        return Base(signature, base.header, base.public_key, base.hmac_key, base.mandatory).write()


def prepare(covered: Covered, key: PublicKey, mandatory: tuple[str, ...]) -> Draft:
    """A base proof with a fresh secret; see `PrepareBase`."""
    return prepare_with(covered, key, mandatory, hmac_key=new_hmac_key())


def prepare_with(covered: Covered, key: PublicKey, mandatory: tuple[str, ...], *, hmac_key: bytes) -> Draft:
    """A base proof with a given secret of 32 bytes, which must not serve twice.

    Raises:
        DocumentRefused: The document cannot be signed.
        DerivationInvalid: A mandatory pointer leads nowhere, or nothing is left for the holder to decide.

    Spec: Data Integrity BBS Cryptosuites 1.0, "Create Base Proof (bbs-2023)".
    """
    check_kind(key)
    statements = read_statements(covered.document, covered.hashing, shuffled_labels, hmac_key)
    always, others = parted(statements, mandatory)
    if not others:
        raise DerivationInvalid("Everything is mandatory; nothing is left to choose.", pointer="/mandatoryPointers")
    header = header_over(covered, always)
    request = encode_request(Scheme.IETF_SHA_256, header, others)
    return Draft(request, Base(b"", header, key.raw, hmac_key, mandatory))


def verify_base(covered: Covered, key: PublicKey, proof: Mapping[str, JSONValue]) -> Shown:
    """Check a base proof whole; see `VerifyDisclosed`. A derived proof is checked as such."""
    value = proof.get("proofValue")
    if header_of(value) == DERIVED_HEADER:
        return verify(covered, key, proof)
    base = Base.read(value)
    _checked(covered, key, base, read_statements(covered.document, covered.hashing, shuffled_labels, base.hmac_key))
    return Shown(is_derived=False)


def verify(covered: Covered, key: PublicKey, proof: Mapping[str, JSONValue]) -> Shown:
    """Check a derived proof; see `VerifyDisclosed`. A base proof is refused: it holds what the holder may keep back.

    Spec: Data Integrity BBS Cryptosuites 1.0, "Verify Derived Proof (bbs-2023)".
    """
    check_kind(key)
    value = proof.get("proofValue")
    if header_of(value) == BASE_HEADER:
        detail = "A base proof is for the holder of the credential, not for a verifier; derive first."
        raise ProofInvalid(detail, pointer=_AT)
    derived = Derived.read(value)
    received = receive(covered.document, covered.hashing, derived.labels, derived.mandatory)
    if received is None or len(received.others) != len(derived.selective):
        raise ProofInvalid("The proof does not fit the statements that are shown.", pointer=_AT)
    ietf.verify_derived(
        key.raw,
        derived.proof,
        header_over(covered, received.mandatory),
        derived.nonce,
        [text.encode() for text in received.others],
        derived.selective,
    )
    return Shown(is_derived=True, nonce=derived.nonce)


def derive(covered: Covered, key: PublicKey, proof: Mapping[str, JSONValue], wish: Wish) -> dict[str, JSONValue]:
    """Derive a credential that shows a part; see `Derive`."""
    return derive_with(covered, key, proof, wish, randoms=random_scalars)


def derive_with(
    covered: Covered, key: PublicKey, proof: Mapping[str, JSONValue], wish: Wish, *, randoms: Randoms
) -> dict[str, JSONValue]:
    """As `derive`, with given random scalars, which must not serve twice.

    Spec: Data Integrity BBS Cryptosuites 1.0, "Add Derived Proof (bbs-2023)".
    """
    check_wish(covered, wish, NAME)
    if len(wish.nonce) > MAX_NONCE_BYTES:
        raise DerivationInvalid(f"A nonce has at most {MAX_NONCE_BYTES} bytes.", pointer="/nonce")
    base = Base.read(proof.get("proofValue"))
    statements = read_statements(covered.document, covered.hashing, shuffled_labels, base.hmac_key)
    messages = _checked(covered, key, base, statements)
    part = shown_part(statements, base.mandatory, wish)
    shown = ietf.derive(key.raw, base.signature, base.header, wish.nonce, messages, part.selective, randoms=randoms)
    derived = Derived(shown, part.labels, part.mandatory, part.selective, wish.nonce)
    return derived_credential(part.document, proof, derived.write())


def _checked(covered: Covered, key: PublicKey, base: Base, statements: Statements) -> list[bytes]:
    """The messages, once the issuer's signature holds."""
    messages = matched_messages(covered, key, base, statements)
    ietf.verify(key.raw, base.signature, base.header, messages)
    return messages


def matched_messages(covered: Covered, key: PublicKey, base: Base, statements: Statements) -> list[bytes]:
    """The messages of a base proof whose key and header are those of the document; raises ProofInvalid."""
    check_kind(key)
    try:
        always, messages = parted(statements, base.mandatory)
    except DerivationInvalid as error:
        raise ProofInvalid("A mandatory pointer of the proof leads nowhere.", pointer=_AT) from error
    # Both stand in the proof for the holder's convenience; they are taken from the document and the issuer's keys.
    if base.public_key != key.raw or base.header != header_over(covered, always):
        raise ProofInvalid("The proof states another key or header than that of the document.", pointer=_AT)
    return messages


def parted(statements: Statements, mandatory: tuple[str, ...]) -> tuple[list[str], list[bytes]]:
    """The statements that are always shown, and the others as messages."""
    always = set(mandatory_places(statements, mandatory))
    lines = statements.lines
    return (
        [text for index, text in enumerate(lines) if index in always],
        [text.encode() for index, text in enumerate(lines) if index not in always],
    )


def header_over(covered: Covered, always: Sequence[str]) -> bytes:
    """The BBS header: hash of the options, then of the mandatory statements."""
    return rdfc_hash_options(covered.options, covered.contexts, covered.hashing) + mandatory_hash(always)


def _refuse_features(value: JSONValue) -> None:
    feature = FEATURE_HEADERS.get(header_of(value))
    if feature is not None:
        raise ProofInvalid(f"This is a proof with {feature}, which only those check who ask for it.", pointer=_AT)


def check_kind(key: PublicKey) -> None:
    """Refuse another kind of key; raises InvalidKey."""
    if key.kind != "BLS12-381-G2":
        raise InvalidKey(f"Under {NAME} keys are BLS12-381 keys in G2.")


def read_label(part: object) -> str:
    """A label as it is signed, of its number; raises ProofInvalid."""
    if type(part) is not int or not 0 <= part < MAX_MESSAGES:
        raise ProofInvalid("A label in proofValue is no number below the limit.", pointer=_AT)
    return f"_:b{part}"


BBS_2023: Final = DisclosureSuite(
    name=NAME,
    proof_type=DATA_INTEGRITY_PROOF,
    derived_type=DATA_INTEGRITY_PROOF,
    cryptosuite=NAME,
    key_kinds=frozenset({"BLS12-381-G2"}),
    method_types=frozenset({"Multikey", "JsonWebKey2020", "JsonWebKey"}),
    contexts=(DATA_INTEGRITY_V2, DATA_INTEGRITY_V1),
    base_contexts=frozenset({CREDENTIALS_V2}),
    takes_pointers=True,
    prepare=prepare,
    verify_base=verify_base,
    verify=verify,
    derive=derive,
)
