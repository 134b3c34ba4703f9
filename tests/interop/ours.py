"""Our side of an exchange: issuers with known seeds, signing and verifying by the standards floor alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sealwright.vc.canon.canonicalizer import Canonicalizer
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.dids.methods import did_key
from sealwright.vc.dids.resolver import GenericResolver
from sealwright.vc.encoding.timestamps import parse_rfc3339
from sealwright.vc.keys.ed25519 import Ed25519Signer, Secret32, public_from_private
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.signing import ProofOptions, attach, prepare
from sealwright.vc.proofs.verifying import VerifiedProof, verify_proofs
from sealwright.vc.verification.credential import verify_credential
from sealwright.vc.verification.presentation import PresentationReport, verify_presentation
from sealwright.vc.verification.report import VerificationReport
from sealwright.vc.verification.sources import ANY_ISSUER, NoSchemaSource, NoStatusSource

SUITES: Final = ("Ed25519Signature2020", "eddsa-rdfc-2022", "eddsa-jcs-2022")
NOW: Final = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuer by did:key, whose seed both sides know."""

    seed: bytes

    @property
    def signer(self) -> Ed25519Signer:
        return Ed25519Signer(Secret32(self.seed))

    @property
    def did(self) -> str:
        return did_key(PublicKey("Ed25519", public_from_private(Secret32(self.seed))))

    @property
    def method(self) -> str:
        return f"{self.did}#{self.did.removeprefix('did:key:')}"

    @property
    def key(self) -> dict[str, str]:
        """The key as the peer takes it."""
        return {"seed": self.seed.hex()}


class Ours:
    """Our canonicalizer with the pinned contexts and those of the test, and signing and verifying over it."""

    def __init__(self, contexts: Mapping[str, bytes]) -> None:
        store = ContextStore.pinned()
        for url, content in contexts.items():
            store.register(url, content)
        self.canon = Canonicalizer(store)

    def sign(
        self, document: Mapping[str, Any], issuer: Issuer, *, suite: str, created: str, **options_members: Any
    ) -> dict[str, Any]:
        """The document with our proof, made at a given time; purpose, challenge and domain by name."""
        options = ProofOptions(suite, issuer.method, parse_rfc3339(created), **options_members)
        prepared = prepare(document, options, self.canon)
        signed: dict[str, Any] = attach(prepared, issuer.signer.sign(prepared.data_to_sign))
        return signed

    def verify(self, document: Mapping[str, Any], *, now: datetime = NOW) -> tuple[VerifiedProof, ...]:
        """Its proofs, each verified; the error tree of the standards floor says why not."""
        return verify_proofs(
            document,
            resolver=GenericResolver(),
            canon=self.canon,
            purpose="assertionMethod",
            accepted_suites=SUITES,
            now=now,
        )

    def report(
        self, document: Mapping[str, Any], *, now: datetime = NOW, status_lists: Sequence[Mapping[str, Any]] = ()
    ) -> VerificationReport:
        """The full report on a credential, status lists handed over with it."""
        return verify_credential(
            document,
            resolver=GenericResolver(),
            canon=self.canon,
            accepted_suites=SUITES,
            trusted_issuers=ANY_ISSUER,
            statuses=NoStatusSource(),
            schemas=NoSchemaSource(),
            now=now,
            handed_status_lists=status_lists,
        )

    def presentation_report(self, document: Mapping[str, Any], *, challenge: str, domain: str) -> PresentationReport:
        """The full report on a presentation and the credentials in it."""
        return verify_presentation(
            document,
            resolver=GenericResolver(),
            canon=self.canon,
            accepted_suites=SUITES,
            trusted_issuers=ANY_ISSUER,
            statuses=NoStatusSource(),
            schemas=NoSchemaSource(),
            now=NOW,
            challenge=challenge,
            domain=domain,
        )
