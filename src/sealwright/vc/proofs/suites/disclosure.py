"""What a suite of selective disclosure is made of: a base proof for the holder, and proofs derived from it.

A base proof covers a document statement by statement. From it the holder derives a proof over those statements alone
that are shown; the verifier learns nothing of the others, and the issuer has no part in it.

Spec: Data Integrity BBS Cryptosuites 1.0; Data Integrity ECDSA Cryptosuites 1.0, "ecdsa-sd-2023"; BBS+ Signatures 2020.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.keys.multikey import KeyKind, PublicKey
from sealwright.vc.proofs.suites.suite import Hashing


@dataclass(frozen=True, slots=True)
class Covered:
    """What a proof stands over.

    Args:
        document: The document without proofs; for a chain, with those that this proof covers.
        options: The proof without its value; not to be altered.
        contexts: The document's `@context`.
        hashing: The canonicalizer and what it may accept.
    """

    document: Mapping[str, JSONValue]
    options: Mapping[str, JSONValue]
    contexts: JSONValue
    hashing: Hashing


@dataclass(frozen=True, slots=True)
class Wish:
    """What a holder wants to show.

    Args:
        pointers: JSON pointers into the credential (RFC 6901); each reveals the value there, an object whole.
        frame: A JSON-LD frame in their place, for the legacy suite alone.
        nonce: The verifier's bytes that the derived proof is bound to; empty if none were given.
    """

    pointers: tuple[str, ...] = ()
    frame: Mapping[str, JSONValue] | None = None
    nonce: bytes = b""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a proof that holds tells about what was kept back.

    Args:
        is_derived: Whether the holder derived it, so that statements may be missing.
        may_hide: Members at the top of the credential that it could have had and that are not shown here: nothing
            proves that the issuer left them out. Empty where the issuer decided what is always shown.
        nonce: What the holder bound the derived proof to; whoever gave a nonce compares. Empty where there is none.
    """

    is_derived: bool
    may_hide: frozenset[str] = frozenset()
    nonce: bytes = b""


class BaseDraft(Protocol):
    """A base proof that lacks the issuer's signature only."""

    @property
    def data_to_sign(self) -> bytes:
        """What the signer is given: for a BLS key a request in the form of `proofs.bbs.requests`."""
        ...

    def proof_value(self, signature: bytes) -> str:
        """The finished `proofValue`; raises ProofInvalid for a signature of the wrong length."""
        ...


class PrepareBase(Protocol):
    """Prepares a base proof."""

    def __call__(self, covered: Covered, key: PublicKey, mandatory: tuple[str, ...], /) -> BaseDraft:
        """Raises DocumentRefused; DerivationInvalid for a mandatory pointer that leads nowhere."""
        ...


class VerifyDisclosed(Protocol):
    """Checks a proof against a key."""

    def __call__(self, covered: Covered, key: PublicKey, proof: Mapping[str, JSONValue], /) -> Shown:
        """Raises ProofInvalid, DocumentRefused, InvalidKey."""
        ...


class Derive(Protocol):
    """Derives a credential that shows a part."""

    def __call__(
        self, covered: Covered, key: PublicKey, proof: Mapping[str, JSONValue], wish: Wish, /
    ) -> dict[str, JSONValue]:
        """The credential with its derived proof.

        Raises:
            DerivationInvalid: A pointer or frame that leads nowhere, or nothing to show.
            ProofInvalid: The base proof does not hold.
        """
        ...


@dataclass(frozen=True, slots=True)
class DisclosureSuite:
    """One way to prove a document part by part.

    Args:
        name: What callers ask for: the proof type of a 2020 suite, else the cryptosuite.
        proof_type: The base proof's `type`.
        derived_type: The derived proof's `type`; equal to `proof_type` for the cryptosuites.
        cryptosuite: The proof's `cryptosuite`, or None where the type says it all.
        key_kinds: The kinds of key that may sign.
        method_types: Types of verification method that may hold this key.
        contexts: Contexts any one of which defines the proof's terms; the first is the one we add.
        base_contexts: Base contexts that define the proof's terms themselves.
        takes_pointers: Whether the issuer may say what is always shown.
        prepare: Makes a base proof in two steps.
        verify_base: Checks a base proof: the issuer its own work, the holder what came.
        verify: Checks what a verifier is shown; where the suite says so, it refuses base proofs.
        derive: Makes a credential that shows a part.
    """

    name: str
    proof_type: str
    derived_type: str
    cryptosuite: str | None
    key_kinds: frozenset[KeyKind]
    method_types: frozenset[str]
    contexts: tuple[str, ...]
    base_contexts: frozenset[str]
    takes_pointers: bool
    prepare: PrepareBase
    verify_base: VerifyDisclosed
    verify: VerifyDisclosed
    derive: Derive

    # As for the suites that hash and sign: the proof repeats no contexts, and only what they define is signed.
    @property
    def carries_context(self) -> bool:
        """Whether the proof repeats the document's contexts."""
        return False

    @property
    def signs_terms(self) -> bool:
        """Whether only what contexts define is signed."""
        return True
