"""Verifying proofs by one caller's rules, for a credential and for the status lists it points to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime

from sealwright.vc.canon.telling import Statements
from sealwright.vc.canon.terms import parse_line
from sealwright.vc.credentials.shapes import Period, period_by_shape
from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import DIDNotResolved, ProofInvalid, UnsignableValue, UnsupportedDIDMethod
from sealwright.vc.proofs.canonical import CanonicalForms, KeptForm
from sealwright.vc.proofs.jwt import CredentialToken, VerifiedToken, verify_token
from sealwright.vc.proofs.registry import SUITES, suite_name_of
from sealwright.vc.proofs.suites.disclosure import DisclosureSuite
from sealwright.vc.proofs.suites.suite import Hashing
from sealwright.vc.proofs.unsecured import proofs_of, without_proof
from sealwright.vc.proofs.verifying import (
    ProofRules,
    ProvenKey,
    VerifiedProof,
    check_again,
    check_signatures,
    verify_proofs,
)
from sealwright.vc.verification.proven import Proven, ProvenMemory


@dataclass(frozen=True, slots=True)
class Prover:
    """Resolver, canonicalizer and rules of one verification.

    Args:
        resolver: Finds the documents of DIDs.
        canon: Canonicalizer.
        accepted_suites: Names of the suites taken.
        now: Aware UTC.
        allow_inline: Accept context objects that only add terms.
        is_own_work: Base proofs are checked as such, as `ProofRules` says.
        memory: Documents whose form and proofs held before; None remembers none.
        kept: The canonical form that the signatures of a document were checked over.
    """

    resolver: DIDResolver
    canon: CanonicalForms
    accepted_suites: Collection[str]
    now: datetime
    allow_inline: bool
    is_own_work: bool = False
    memory: ProvenMemory | None = None
    kept: KeptForm = field(default_factory=KeptForm, compare=False)

    def prove(self, document: Mapping[str, JSONValue]) -> tuple[VerifiedProof, ...]:
        """Verify every proof of a credential of which nothing is to stay open.

        Raises:
            As `verify_proofs`.
        """
        proofs = verify_proofs(
            document,
            resolver=self.resolver,
            canon=self.canon,
            purpose="assertionMethod",
            accepted_suites=self.accepted_suites,
            now=self.now,
        )
        if any(proof.shown is not None and proof.shown.is_derived for proof in proofs):
            raise ProofInvalid("This must be shown whole, and a part of it was kept back.")
        return proofs

    def signatures(self, document: Mapping[str, JSONValue], purpose: str) -> tuple[VerifiedProof, ...]:
        """Verify the signatures alone, so that a report can say whether signature or issuer is at fault.

        Raises:
            As `check_signatures`.
        """
        rules = ProofRules(purpose, self.accepted_suites, self.now, self.is_own_work)
        hashing = Hashing(self.canon, self.allow_inline, stranger=True, kept=self.kept)
        return check_signatures(document, resolver=self.resolver, rules=rules, hashing=hashing)

    def known(self, document: Mapping[str, JSONValue], found: Proven, purpose: str) -> tuple[VerifiedProof, ...] | None:
        """The proofs of a document of which all was found before that does not change; None where anything else did."""
        rules = ProofRules(purpose, self.accepted_suites, self.now, self.is_own_work)
        proofs = check_again(document, found.keys, resolver=self.resolver, rules=rules)
        if proofs is not None:
            self.kept.tells_subjects = found.tells_subjects
        return proofs

    def found(self, proofs: Sequence[ProvenKey], period: Period | None) -> Proven | None:
        """What may be remembered of a document whose form and proofs hold; None where a part of it was kept back."""
        if any(not isinstance(proof, VerifiedProof) or isinstance(proof.suite, DisclosureSuite) for proof in proofs):
            return None
        return Proven(tuple(proof.method.public_key for proof in proofs), period, self.kept.tells_subjects)

    def period(self, document: Mapping[str, JSONValue]) -> Period | None:
        """The dates of a credential whose form is right, where its shape shows that it is; None where it is to be seen.

        Args:
            document: A credential with proofs, of which nothing was checked; not altered until all checks are done.
        """
        planned = self.kept.begin(self.canon, document)
        if planned is None:
            return None
        return period_by_shape(self.kept.bare(document), planned, document.get("proof"))

    def token_signature(self, token: CredentialToken, purpose: str) -> VerifiedToken:
        """Verify the signature of a credential that came as JWT.

        Raises:
            As `verify_token`.
        """
        return verify_token(token, resolver=self.resolver, accepted=self.accepted_suites, purpose=purpose)

    def check_terms(self, document: Mapping[str, JSONValue], *, in_token: bool = False) -> None:
        """Check that contexts are held here and that every member of the document, but for its proofs, is defined.

        Args:
            document: A document whose form was checked.
            in_token: It came inside a token, whose signature covers the text as it is.

        Raises:
            DocumentRefused: One is not.
        """
        proofs = proofs_of(document)
        by_text_alone = in_token or (bool(proofs) and all(not _signs_terms(proof) for proof in proofs))
        # Null and empty members have no RDF statement; a proof over the text itself covers them all the same.
        with suppress(UnsignableValue) if by_text_alone else nullcontext():
            self.canon.canonicalize(without_proof(document), allow_inline=self.allow_inline, stranger=True)

    def said_in(self, document: Mapping[str, JSONValue]) -> Statements:
        """What is signed where statements are, of the document whose signatures were checked.

        Raises:
            DocumentRefused: The document would not be signed.
        """
        form = self.kept.data
        if form is None:
            form = self.canon.canonicalize(self.kept.bare(document), allow_inline=self.allow_inline, stranger=True)
        # Only the line feed ends a statement: literals may hold what else Python takes for the end of a line.
        return Statements(parse_line(text) for text in form.decode().split("\n")[:-1])

    def tells_subjects(self) -> bool:
        """Whether the shape of the document says already that its subjects hold all that is signed of them.

        False says nothing: then the statements have to be looked at.
        """
        return self.kept.tells_subjects

    def any_compromised(self, did: str, methods: Collection[str]) -> bool:
        """Whether a method is known to be compromised by now, its DID was ended, or that cannot be said."""
        try:
            resolved = self.resolver.resolve(did)
        except (DIDNotResolved, UnsupportedDIDMethod):
            return True
        return resolved.deactivated or not resolved.compromised_methods.isdisjoint(methods)


def signs_terms(proofs: Sequence[ProvenKey]) -> bool:
    """Whether none of these proofs signs the text itself, so that names may be other than they were signed."""
    return all(isinstance(proof, VerifiedProof) and proof.suite.signs_terms for proof in proofs)


def _signs_terms(proof: Mapping[str, JSONValue]) -> bool:
    suite = SUITES.get(suite_name_of(proof))
    return suite is None or suite.signs_terms
