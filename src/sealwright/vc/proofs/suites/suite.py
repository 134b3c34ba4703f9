"""What a suite is made of: a declaration of parts that are shared among suites."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, Protocol

from sealwright.vc.encoding.jcs import canonicalize_json
from sealwright.vc.encoding.multibase import base58btc_decode, multibase_encode
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import InvalidEncoding, ProofInvalid, UnsignableValue, VcError
from sealwright.vc.keys import ed25519, p256
from sealwright.vc.keys.multikey import KeyKind, PublicKey
from sealwright.vc.proofs.canonical import HASHES, CanonicalForms, KeptForm, rdf_options_hash
from sealwright.vc.proofs.unsecured import without_proof

DATA_INTEGRITY_PROOF: Final = "DataIntegrityProof"

# A base58 text of 96 bytes has at most 132 characters; the cap keeps decoding, which is quadratic, cheap.
_MAX_PROOF_VALUE: Final = 134


@dataclass(frozen=True, slots=True)
class Hashing:
    """How a hash is to be made.

    Args:
        canon: The canonicalizer.
        allow_inline: Whether contexts may stand inline.
        stranger: Whether the document is somebody else's.
        hash_name: The hash function, in canonicalization too: a key of `canonical.HASHES`, chosen by the key's kind.
        kept: Where the form of a document is kept for those who read it after its proofs; None for nobody.
    """

    canon: CanonicalForms
    allow_inline: bool = False
    stranger: bool = False
    hash_name: str = "SHA-256"
    kept: KeptForm | None = None

    def form(self, document: Mapping[str, JSONValue]) -> bytes:
        """The canonical N-Quads of a document, or a `DocumentRefused`."""
        if self.kept is not None and self.hash_name == "SHA-256":
            return self.kept.make(self.canon, document, allow_inline=self.allow_inline, stranger=self.stranger)
        return self.canon.canonicalize(
            document, allow_inline=self.allow_inline, stranger=self.stranger, hash_name=self.hash_name
        )

    def bare(self, document: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
        """The document without its proofs, as the form was perhaps made of before."""
        return self.kept.bare(document) if self.kept is not None else without_proof(document)

    def digest(self, data: bytes) -> bytes:
        """The hash of these bytes."""
        return HASHES[self.hash_name](data).digest()


class HashDocument(Protocol):
    """Hashes a document without its proof."""

    def __call__(self, unsecured: Mapping[str, JSONValue], hashing: Hashing, /) -> bytes:
        """32 bytes, or 48 with SHA-384; or a `DocumentRefused`."""
        ...


class HashOptions(Protocol):
    """Hashes proof options under the contexts of their document."""

    def __call__(self, options: Mapping[str, JSONValue], contexts: JSONValue, hashing: Hashing, /) -> bytes:
        """32 bytes, or 48 with SHA-384; or a `DocumentRefused`."""
        ...


def sha_256_for_all(_kind: KeyKind) -> str:
    """The hash function of suites that know one only."""
    return "SHA-256"


def ecdsa_hash_name(kind: KeyKind) -> str:
    """The hash function that goes with a kind of key under ECDSA: as strong as the curve is."""
    return "SHA-384" if kind == "P-384" else "SHA-256"


@dataclass(frozen=True, slots=True)
class Suite:
    """One way to prove a document.

    Args:
        name: What callers ask for: the proof type of a 2020 suite, else the cryptosuite.
        proof_type: The proof's `type`.
        cryptosuite: The proof's `cryptosuite`, or None where the type says it all.
        key_kinds: The kinds of key that may sign.
        method_types: Types of verification method that may hold this key.
        contexts: Contexts any one of which defines the proof's terms; the first is the one we add.
        base_contexts: Base contexts that define the proof's terms themselves.
        carries_context: Whether the proof repeats the document's contexts.
        signs_terms: Whether only what contexts define is signed (RDF), or every member (JCS).
        hash_document: Canonical form and hash of the document.
        hash_options: Canonical form and hash of the options.
        verify: Checks a signature over options hash and document hash.
        signature_bytes: Lengths of signature that its kinds of key give; the first is that of the keys kept here.
        hash_name_of: The hash function that a kind of key asks for.
    """

    name: str
    proof_type: str
    cryptosuite: str | None
    key_kinds: frozenset[KeyKind]
    method_types: frozenset[str]
    contexts: tuple[str, ...]
    base_contexts: frozenset[str]
    carries_context: bool
    signs_terms: bool
    hash_document: HashDocument
    hash_options: HashOptions
    verify: Callable[[PublicKey, bytes, bytes], None]
    signature_bytes: tuple[int, ...] = (64,)
    hash_name_of: Callable[[KeyKind], str] = sha_256_for_all

    def hashing_for(self, key: PublicKey, hashing: Hashing) -> Hashing:
        """The same way of hashing with the function that a key of this kind asks for."""
        wanted = self.hash_name_of(key.kind)
        return hashing if hashing.hash_name == wanted else replace(hashing, hash_name=wanted)


def rdfc_hash_document(unsecured: Mapping[str, JSONValue], hashing: Hashing) -> bytes:
    """The hash of the canonical N-Quads.

    Spec: Data Integrity EdDSA Cryptosuites 1.0, "Transformation (eddsa-rdfc-2022)", "Hashing (eddsa-rdfc-2022)"; the
    same sections of Data Integrity ECDSA Cryptosuites 1.0 for ecdsa-rdfc-2019.
    """
    return hashing.digest(hashing.form(unsecured))


def rdfc_hash_options(options: Mapping[str, JSONValue], contexts: JSONValue, hashing: Hashing) -> bytes:
    """The hash of the options' canonical N-Quads under the document's contexts.

    Raises:
        DocumentRefused: With pointers that begin at ``/proof``.
    """
    try:
        return rdf_options_hash(
            options,
            contexts,
            hashing.canon,
            allow_inline=hashing.allow_inline,
            stranger=hashing.stranger,
            hash_name=hashing.hash_name,
        )
    except VcError as error:
        raise below_proof(error) from error


def jcs_hash_document(unsecured: Mapping[str, JSONValue], hashing: Hashing) -> bytes:
    """The hash of the JSON canonical form. Terms must be defined all the same, so that what is signed means something.

    Spec: Data Integrity EdDSA Cryptosuites 1.0, "Transformation (eddsa-jcs-2022)", "Hashing (eddsa-jcs-2022)"; the
    same sections of Data Integrity ECDSA Cryptosuites 1.0 for ecdsa-jcs-2019.
    """
    # A null or an empty array has no RDF statement, but JCS signs the text itself, so nothing is left out.
    with suppress(UnsignableValue):
        hashing.form(unsecured)
    return hashing.digest(canonicalize_json(unsecured))


def jcs_hash_options(options: Mapping[str, JSONValue], contexts: JSONValue, hashing: Hashing) -> bytes:
    """The hash of the options' JSON canonical form, with the contexts that the proof repeats."""
    return hashing.digest(canonicalize_json({**options, "@context": contexts}))


def verify_ed25519(key: PublicKey, signature: bytes, data: bytes) -> None:
    """Check an Ed25519 signature over 64 bytes of hashes.

    Raises:
        ProofInvalid: It does not hold.
        InvalidKey: The key is weak.
    """
    ed25519.verify(key.raw, signature, data)


def verify_ecdsa(key: PublicKey, signature: bytes, data: bytes) -> None:
    """Check a P-256 signature over 64 bytes of hashes with SHA-256, or a P-384 one over 96 with SHA-384.

    Raises:
        ProofInvalid: It does not hold.

    Spec: Data Integrity ECDSA Cryptosuites 1.0, "Proof Verification (ecdsa-rdfc-2019)".
    """
    p256.verify(key, signature, data, ecdsa_hash_name(key.kind))


def encode_proof_value(signature: bytes) -> str:
    """A signature as `proofValue`: multibase base58btc."""
    return multibase_encode(signature)


def decode_proof_value(value: JSONValue, lengths: Collection[int] = (ed25519.SIGNATURE_BYTES,)) -> bytes:
    """The signature in a `proofValue`.

    Args:
        value: The member as it stands.
        lengths: How many bytes it may have.

    Raises:
        ProofInvalid: Not base58btc multibase text of as many bytes.
    """
    if not isinstance(value, str) or not value.startswith("z") or len(value) > _MAX_PROOF_VALUE:
        raise ProofInvalid("proofValue is not base58btc multibase text of a signature.", pointer="/proof/proofValue")
    try:
        signature = base58btc_decode(value[1:])
    except InvalidEncoding:
        raise ProofInvalid("proofValue is not base58btc text.", pointer="/proof/proofValue") from None
    if len(signature) not in lengths:
        detail = f"proofValue does not hold {' or '.join(map(str, lengths))} bytes."
        raise ProofInvalid(detail, pointer="/proof/proofValue")
    return signature


def below_proof(error: VcError) -> VcError:
    """The same refusal with its pointers placed under the member `proof`."""
    faults = tuple(type(fault)(f"/proof{fault.pointer}", fault.code, fault.detail) for fault in error.faults)
    pointer = None if error.pointer is None else f"/proof{error.pointer}"
    return type(error)(error.detail, faults=faults, pointer=pointer)
