"""Cryptosuite ecdsa-sd-2023: each statement that is not mandatory is signed by itself, with a key made for the proof.

The issuer's key signs that key together with the options and the mandatory statements. The holder passes on the
signatures of the statements that are shown. Two showings of one credential can be told to belong together.

Spec: Data Integrity ECDSA Cryptosuites 1.0, "ecdsa-sd-2023".
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sealwright.vc.credentials.model import CREDENTIALS_V2
from sealwright.vc.encoding.multibase import multibase_encode
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import DerivationInvalid, InvalidKey, ProofInvalid
from sealwright.vc.keys import p256
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.selective.framing import (
    decode_value,
    encode_value,
    header_of,
    put_labels,
    take_bytes,
    take_indexes,
    take_labels,
    take_pointers,
    take_signatures,
)
from sealwright.vc.proofs.selective.grouping import Statements, mandatory_hash, read_statements, receive
from sealwright.vc.proofs.selective.labels import HMAC_KEY_BYTES, hmac_labels, new_hmac_key
from sealwright.vc.proofs.selective.showing import check_wish, derived_credential, mandatory_places, shown_part
from sealwright.vc.proofs.suites.disclosure import Covered, DisclosureSuite, Shown, Wish
from sealwright.vc.proofs.suites.eddsa_rdfc_2022 import DATA_INTEGRITY_V1, DATA_INTEGRITY_V2
from sealwright.vc.proofs.suites.suite import DATA_INTEGRITY_PROOF, rdfc_hash_options

NAME: Final = "ecdsa-sd-2023"
BASE_HEADER: Final = b"\xd9\x5d\x00"
DERIVED_HEADER: Final = b"\xd9\x5d\x01"

_CODEC: Final = b"\x80\x24"
_KEY_BYTES: Final = len(_CODEC) + p256.PUBLIC_KEY_BYTES
_LABEL_BYTES: Final = 32
_HASH: Final = "SHA-256"


@dataclass(frozen=True, slots=True)
class Base:
    """A base proof value.

    Args:
        signature: The issuer's, 64 bytes.
        public_key: Of the key made for the proof, as multikey bytes (35).
        hmac_key: Secret of the labels, 32 bytes.
        signatures: One for each statement that is not mandatory, in order.
        mandatory: Pointers to what is always shown.
    """

    signature: bytes
    public_key: bytes
    hmac_key: bytes
    signatures: Sequence[bytes]
    mandatory: tuple[str, ...]

    @classmethod
    def read(cls, value: JSONValue) -> Base:
        """Read a proof value; raises ProofInvalid."""
        signature, public_key, hmac_key, signatures, mandatory = decode_value(value, BASE_HEADER, 5)
        return cls(
            take_bytes(signature, p256.SIGNATURE_BYTES),
            take_bytes(public_key, _KEY_BYTES),
            take_bytes(hmac_key, HMAC_KEY_BYTES),
            take_signatures(signatures, p256.SIGNATURE_BYTES),
            take_pointers(mandatory),
        )

    def write(self) -> str:
        """The proof value."""
        parts = [self.signature, self.public_key, self.hmac_key, list(self.signatures), list(self.mandatory)]
        return encode_value(BASE_HEADER, parts)


@dataclass(frozen=True, slots=True)
class Derived:
    """A derived proof value.

    Args:
        signature: The issuer's, 64 bytes.
        public_key: Of the key made for the proof, as multikey bytes (35).
        signatures: One for each statement that is shown and not mandatory, in order.
        labels: Canonical label in the part → label that was signed.
        mandatory: Indexes of the mandatory statements among those shown, ascending.
    """

    signature: bytes
    public_key: bytes
    signatures: Sequence[bytes]
    labels: Mapping[str, str]
    mandatory: Sequence[int]

    @classmethod
    def read(cls, value: JSONValue) -> Derived:
        """Read a proof value; raises ProofInvalid."""
        signature, public_key, signatures, labels, mandatory = decode_value(value, DERIVED_HEADER, 5)
        return cls(
            take_bytes(signature, p256.SIGNATURE_BYTES),
            take_bytes(public_key, _KEY_BYTES),
            take_signatures(signatures, p256.SIGNATURE_BYTES),
            take_labels(labels, _label),
            take_indexes(mandatory),
        )

    def write(self) -> str:
        """The proof value."""
        labels = put_labels(self.labels, _label_bytes)
        parts = [self.signature, self.public_key, list(self.signatures), labels, list(self.mandatory)]
        return encode_value(DERIVED_HEADER, parts)


@dataclass(frozen=True, slots=True)
class Draft:
    """A base proof that lacks the issuer's signature."""

    data_to_sign: bytes
    base: Base

    def proof_value(self, signature: bytes) -> str:
        """The finished value; raises ProofInvalid for a signature of the wrong length."""
        if len(signature) != p256.SIGNATURE_BYTES:
            raise ProofInvalid(f"A signature under {NAME} has {p256.SIGNATURE_BYTES} bytes, not {len(signature)}.")
        base = self.base
        return Base(signature, base.public_key, base.hmac_key, base.signatures, base.mandatory).write()


def prepare(covered: Covered, key: PublicKey, mandatory: tuple[str, ...]) -> Draft:
    """A base proof with fresh secrets; see `PrepareBase`."""
    _check_kind(key)
    return prepare_with(covered, mandatory, hmac_key=new_hmac_key(), secret=p256.generate_private_key())


def prepare_with(covered: Covered, mandatory: tuple[str, ...], *, hmac_key: bytes, secret: Secret32) -> Draft:
    """A base proof with given secrets, which must not serve twice.

    Args:
        covered: What the proof stands over.
        mandatory: Pointers to what is always shown.
        hmac_key: 32 bytes.
        secret: The private key made for the proof.

    Raises:
        DocumentRefused: The document cannot be signed.
        DerivationInvalid: A mandatory pointer leads nowhere.

    Spec: Data Integrity ECDSA Cryptosuites 1.0, "Create Base Proof (ecdsa-sd-2023)".
    """
    statements = read_statements(covered.document, covered.hashing, hmac_labels, hmac_key)
    always, others = _parted(statements, mandatory)
    signer = p256.P256Signer(secret)
    public_key = _CODEC + signer.public_key
    data = _options_hash(covered) + public_key + mandatory_hash(always)
    return Draft(data, Base(b"", public_key, hmac_key, [signer.sign(text.encode()) for text in others], mandatory))


def verify_base(covered: Covered, key: PublicKey, proof: Mapping[str, JSONValue]) -> Shown:
    """Check a base proof whole; see `VerifyDisclosed`. A derived proof is checked as such."""
    value = proof.get("proofValue")
    if header_of(value) == DERIVED_HEADER:
        return verify(covered, key, proof)
    base = Base.read(value)
    statements = read_statements(covered.document, covered.hashing, hmac_labels, base.hmac_key)
    others = _checked(covered, key, base, statements)
    _check_each(base.public_key, base.signatures, others)
    return Shown(is_derived=False)


def verify(covered: Covered, key: PublicKey, proof: Mapping[str, JSONValue]) -> Shown:
    """Check a derived proof; see `VerifyDisclosed`. A base proof is refused: it holds what the holder may keep back.

    Spec: Data Integrity ECDSA Cryptosuites 1.0, "Verify Derived Proof (ecdsa-sd-2023)".
    """
    _check_kind(key)
    value = proof.get("proofValue")
    if header_of(value) == BASE_HEADER:
        detail = "A base proof is for the holder of the credential, not for a verifier; derive first."
        raise ProofInvalid(detail, pointer="/proof/proofValue")
    derived = Derived.read(value)
    received = receive(covered.document, covered.hashing, derived.labels, derived.mandatory)
    if received is None or len(received.others) != len(derived.signatures):
        raise ProofInvalid("The proof does not fit the statements that are shown.", pointer="/proof/proofValue")
    data = _options_hash(covered) + derived.public_key + mandatory_hash(received.mandatory)
    p256.verify(key, derived.signature, data, _HASH)
    _check_each(derived.public_key, derived.signatures, received.others)
    return Shown(is_derived=True)


def derive(covered: Covered, key: PublicKey, proof: Mapping[str, JSONValue], wish: Wish) -> dict[str, JSONValue]:
    """Derive a credential that shows a part; see `Derive`. The signatures that are passed on are checked.

    Spec: Data Integrity ECDSA Cryptosuites 1.0, "Add Derived Proof (ecdsa-sd-2023)".
    """
    check_wish(covered, wish, NAME)
    if wish.nonce:
        raise DerivationInvalid(f"Under {NAME} a proof cannot be bound to a nonce.", pointer="/nonce")
    base = Base.read(proof.get("proofValue"))
    statements = read_statements(covered.document, covered.hashing, hmac_labels, base.hmac_key)
    others = _checked(covered, key, base, statements)
    part = shown_part(statements, base.mandatory, wish)
    signatures = [base.signatures[index] for index in part.selective]
    _check_each(base.public_key, signatures, [others[index] for index in part.selective])
    derived = Derived(base.signature, base.public_key, signatures, part.labels, part.mandatory)
    return derived_credential(part.document, proof, derived.write())


def _checked(covered: Covered, key: PublicKey, base: Base, statements: Statements) -> list[str]:
    """The statements that are not mandatory, once the issuer's signature holds."""
    _check_kind(key)
    try:
        always, others = _parted(statements, base.mandatory)
    except DerivationInvalid as error:
        raise ProofInvalid("A mandatory pointer of the proof leads nowhere.", pointer="/proof/proofValue") from error
    if len(others) != len(base.signatures):
        raise ProofInvalid("The proof does not have a signature for each statement.", pointer="/proof/proofValue")
    p256.verify(key, base.signature, _options_hash(covered) + base.public_key + mandatory_hash(always), _HASH)
    return others


def _parted(statements: Statements, mandatory: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The statements that are always shown, and the others."""
    always = set(mandatory_places(statements, mandatory))
    lines = statements.lines
    return (
        [text for index, text in enumerate(lines) if index in always],
        [text for index, text in enumerate(lines) if index not in always],
    )


def _check_each(public_key: bytes, signatures: Sequence[bytes], texts: Sequence[str]) -> None:
    if public_key[: len(_CODEC)] != _CODEC:
        raise ProofInvalid("The key made for the proof is not a P-256 key.", pointer="/proof/proofValue")
    try:
        key = PublicKey("P-256", public_key[len(_CODEC) :])
    except InvalidKey as error:
        raise ProofInvalid("The key made for the proof is no key.", pointer="/proof/proofValue") from error
    for signature, text in zip(signatures, texts, strict=True):
        p256.verify(key, signature, text.encode(), _HASH)


def _options_hash(covered: Covered) -> bytes:
    return rdfc_hash_options(covered.options, covered.contexts, covered.hashing)


def _check_kind(key: PublicKey) -> None:
    if key.kind != "P-256":
        raise InvalidKey(f"Under {NAME} keys are P-256 keys.")


def _label(part: object) -> str:
    return "_:" + multibase_encode(take_bytes(part, _LABEL_BYTES), "u")


def _label_bytes(label: str) -> bytes:
    return urlsafe_b64decode(label.removeprefix("_:u") + "=")


ECDSA_SD_2023: Final = DisclosureSuite(
    name=NAME,
    proof_type=DATA_INTEGRITY_PROOF,
    derived_type=DATA_INTEGRITY_PROOF,
    cryptosuite=NAME,
    key_kinds=frozenset({"P-256"}),
    method_types=frozenset({"Multikey", "JsonWebKey2020", "JsonWebKey"}),
    contexts=(DATA_INTEGRITY_V2, DATA_INTEGRITY_V1),
    base_contexts=frozenset({CREDENTIALS_V2}),
    takes_pointers=True,
    prepare=prepare,
    verify_base=verify_base,
    verify=verify,
    derive=derive,
)
