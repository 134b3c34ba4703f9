"""What the in-memory benches do on our side: sign, sign and check, verify, canonicalize the degree credential."""

from __future__ import annotations

from typing import Any, Final

from benchmarks import degree
from sealwright.vc.canon.canonicalizer import Canonicalizer
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.keys.ed25519 import Ed25519Signer, Secret32
from sealwright.vc.proofs.signing import ProofOptions, attach, prepare
from sealwright.vc.proofs.verifying import verify_proofs

ACCEPTED: Final = frozenset({degree.SUITE})
LEARNING_CALLS: Final = 50


class Engine:
    """The standards floor with everything in memory, as a worker process of the service holds it."""

    def __init__(self) -> None:
        contexts = ContextStore.pinned()
        contexts.register(degree.CONTEXT_URL, degree.CONTEXT_BYTES)
        self.canon = Canonicalizer(contexts)
        self.signer = Ed25519Signer(Secret32(degree.SEED))
        self.resolver = degree.OneDID()
        self.options = ProofOptions(degree.SUITE, degree.METHOD, degree.CREATED)
        # An issuer's shapes are known before the first request comes: the schema's registration learned them.
        self.canon.learn(degree.UNSIGNED)
        for _ in range(LEARNING_CALLS):
            self.signed = self.issue()

    def issue(self) -> dict[str, Any]:
        """Canonicalize, hash, sign and attach: the peer's `vc.issue`."""
        prepared = prepare(degree.UNSIGNED, self.options, self.canon)
        return attach(prepared, self.signer.sign(prepared.data_to_sign))

    def issue_and_check(self) -> None:
        """The same, and then our own verification of what came out, as the guarded road has it."""
        self.check(self.issue())

    def verify(self) -> None:
        """Check every proof of the signed credential, and that the key is the issuer's."""
        self.check(self.signed)

    def check(self, document: dict[str, Any]) -> None:
        """Verify a document's proofs; raises when one does not hold."""
        verify_proofs(
            document,
            resolver=self.resolver,
            canon=self.canon,
            purpose="assertionMethod",
            accepted_suites=ACCEPTED,
            now=degree.NOW,
        )

    def canonicalize(self) -> bytes:
        """The canonical form, by its plan where there is one."""
        return self.canon.canonicalize(degree.UNSIGNED)

    def canonicalize_by_reference(self) -> bytes:
        """The canonical form by the reference processor: what a shape costs that was never seen."""
        return self.canon.canonicalize_by_reference(degree.UNSIGNED)
