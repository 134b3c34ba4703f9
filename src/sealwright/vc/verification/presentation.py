"""Verifying a presentation: that its holder made it, for this occasion, and that every credential in it holds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sealwright.vc.credentials.members import PinnedContent
from sealwright.vc.credentials.structure import check_presentation, credentials_of
from sealwright.vc.delegation.chain import Above, RootMay
from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import ControllerDeactivated, DocumentRefused, KeyNotControlled, VcError
from sealwright.vc.proofs.canonical import CanonicalForms
from sealwright.vc.proofs.verifying import ProvenKey, VerifiedProof, check_control, holder_of
from sealwright.vc.verification.checks import subjects_of
from sealwright.vc.verification.credential import verify_credential
from sealwright.vc.verification.examination import Examination, description
from sealwright.vc.verification.opening import open_credential
from sealwright.vc.verification.proving import Prover
from sealwright.vc.verification.report import (
    ALL_CHECKS,
    PRESENTATION_CHECKS,
    Findings,
    Outcome,
    ReportCode,
    VerificationReport,
)
from sealwright.vc.verification.sources import AnyHolder, SchemaSource, StatusSource, TrustedIssuers
from sealwright.vc.verification.status_reading import StatusListMemory

Document = Mapping[str, JSONValue]


@dataclass(frozen=True, slots=True)
class PresentationReport:
    """A presentation's own checks, and one report for each credential in it, in order.

    True only when the presentation's checks are met, among them that every credential's report is true.
    """

    presentation: VerificationReport
    credentials: tuple[VerificationReport, ...]

    def __bool__(self) -> bool:
        return bool(self.presentation) and all(self.credentials)


def verify_presentation(
    document: object,
    *,
    resolver: DIDResolver,
    canon: CanonicalForms,
    accepted_suites: Collection[str],
    trusted_issuers: TrustedIssuers,
    statuses: StatusSource,
    schemas: SchemaSource,
    now: datetime,
    challenge: str | None,
    domain: str | None,
    subject: AnyHolder | None = None,
    signed: bool = True,
    selected: Collection[str] = ALL_CHECKS,
    allow_inline: bool = False,
    handed_status_lists: Sequence[Document] = (),
    status_memory: StatusListMemory | None = None,
    pinned: PinnedContent | None = None,
    above: Above | None = None,
    root_may: RootMay | None = None,
) -> PresentationReport:
    """Verify a presentation and the credentials in it; nothing that a document can hold makes this raise.

    Args:
        document: A parsed JSON value.
        resolver: Finds the documents of DIDs.
        canon: Canonicalizer; its contexts are the pinned ones.
        accepted_suites: Names of the suites taken.
        trusted_issuers: DIDs, or `ANY_ISSUER`.
        statuses: Where status lists come from.
        schemas: Where credential schemas come from.
        now: Aware UTC.
        challenge: The nonce that the presentation must carry; None if the verifier gave none.
        domain: The verifier that it must be made for; None if that was not asked for.
        subject: `ANY_HOLDER` lets a presenter show credentials about somebody else; otherwise every credential must
            be about the holder.
        signed: False takes an unsigned presentation; then its holder is nobody's word, and only the credentials count.
        selected: Checks asked for on the credentials.
        allow_inline: Accept context objects that only add terms.
        handed_status_lists: Status list credentials that came with the request.
        status_memory: Lists verified before.
        pinned: Gives the bytes held here for an address, with which digests of related resources are compared.
        above, root_may: Of delegations, as `verify_credential` takes them.

    Spec: Verifiable Credentials Data Model 2.0, "Verifiable Presentations"; Data Integrity 1.0, "Verify Proof".
    """
    prover = Prover(resolver, canon, accepted_suites, now, allow_inline)
    found = Findings(PRESENTATION_CHECKS, PRESENTATION_CHECKS)
    reports: tuple[VerificationReport, ...] = ()
    proofs = _prove(found, prover, document, signed=signed)
    if isinstance(document, Mapping) and found.has_passed("structure"):
        reports = tuple(
            verify_credential(
                credential,
                resolver=resolver,
                canon=canon,
                accepted_suites=accepted_suites,
                trusted_issuers=trusted_issuers,
                statuses=statuses,
                schemas=schemas,
                now=now,
                selected=selected,
                allow_inline=allow_inline,
                handed_status_lists=handed_status_lists,
                status_memory=status_memory,
                pinned=pinned,
                above=above,
                root_may=root_may,
            )
            for credential in credentials_of(document)
        )
        check_credentials(found, reports)
        if proofs is not None:
            _check_holder(found, document, proofs, subject, reports)
            _check_binding(found, proofs, "challenge", challenge, ReportCode.CHALLENGE_MISMATCH)
            _check_binding(found, proofs, "domain", domain, ReportCode.DOMAIN_MISMATCH)
    checks = found.complete("Nothing in this document can be relied on, so this was not looked at.")
    must_pass = frozenset({"structure", "proof", "holder"} if signed else {"structure"})
    report = VerificationReport(checks, must_pass, now, **description(document))
    return PresentationReport(report, reports)


def _prove(found: Findings, prover: Prover, document: object, *, signed: bool) -> Sequence[ProvenKey] | None:
    """Record `structure` and `proof`; for an unsigned presentation also all that would hang on the proof."""
    examination = Examination(found, prover, check_presentation, "authentication")
    if signed or (isinstance(document, Mapping) and "proof" in document):
        return examination.prove(document)
    try:
        check_presentation(document)
        examination.check_terms_alone(document)
    except DocumentRefused as error:
        examination.structure_failed(error)
    for name in ("proof", "holder", "challenge", "domain"):
        found.not_applicable(name, "The presentation is not signed.")
    return None


def _check_holder(
    found: Findings,
    document: Document,
    proofs: Sequence[ProvenKey],
    subject: AnyHolder | None,
    reports: Sequence[VerificationReport],
) -> None:
    """The key behind every proof is the holder's, and the credentials are about that holder."""
    # A presentation that names no holder is taken as made by whoever signed it, provided that this is one party.
    holder = holder_of(document) or proofs[0].controller.document.id
    try:
        for proof in proofs:
            check_control(proof, holder)
    except (KeyNotControlled, ControllerDeactivated) as error:
        found.failed("holder", ReportCode.HOLDER_MISMATCH, error.detail)
        return
    if subject is None and not are_about(holder, tuple(credentials_of(document)), reports):
        found.failed("holder", ReportCode.HOLDER_MISMATCH, "A credential is about somebody other than the presenter.")
    else:
        found.passed("holder", "The presentation was made by its holder.")


def are_about(holder: str, credentials: Sequence[object], reports: Sequence[VerificationReport]) -> bool:
    """Tell whether every credential is about the holder.

    A bearer credential names nobody, and anybody may show it. One that was derived must name its subject: its issuer
    may have named somebody, and the presenter kept it back.

    Args:
        reports: On the credentials, in their order.
    """
    return all(
        name == holder
        for credential, report in zip(credentials, reports, strict=True)
        for name in _subject_ids(credential, must_name=report.is_derived)
    )


def _subject_ids(credential: object, *, must_name: bool) -> Iterator[JSONValue]:
    """The ids of a credential's subjects, those inside an envelope too; with `must_name` null for one without."""
    try:
        token = open_credential(credential)
    except VcError:
        # What cannot be opened is refused where the credential itself is verified.
        return
    document = credential if token is None else token.document
    for subject in subjects_of(document) if isinstance(document, Mapping) else ():
        if must_name or "id" in subject:
            yield subject.get("id")


def _check_binding(
    found: Findings, proofs: Sequence[ProvenKey], name: str, expected: str | None, code: ReportCode
) -> None:
    """Challenge or domain of every proof is the expected one."""
    stated = [proof.proof.get(name) if isinstance(proof, VerifiedProof) else None for proof in proofs]
    if expected is None:
        if any(value is not None for value in stated):
            # Made for an occasion that the verifier does not name: it may be a replay, and nobody can tell.
            found.unchecked(name, code, f"The presentation is bound to a {name}, and none was expected.")
        else:
            found.not_applicable(name, f"No {name} was expected.")
    elif all(expected in (value if isinstance(value, list) else [value]) for value in stated):
        found.passed(name, f"The presentation carries the expected {name}.")
    else:
        found.failed(name, code, f"The presentation does not carry the expected {name}.")


def check_credentials(found: Findings, reports: tuple[VerificationReport, ...]) -> None:
    """Every credential's own report is true; the first that is not says why."""
    if not reports:
        found.not_applicable("credentials", "The presentation holds no credential.")
        return
    worst = [check for report in reports if not report for check in report.failures]
    failed = next((check for check in worst if check.outcome is Outcome.FAILED), None)
    if failed is not None:
        found.failed("credentials", failed.code or "PROOF_INVALID", "A credential in the presentation does not verify.")
    elif not all(reports):
        code = worst[0].code if worst else None
        found.unchecked("credentials", code, "A credential in the presentation could not be checked.")
    else:
        found.passed("credentials", "Every credential in the presentation verifies.")
