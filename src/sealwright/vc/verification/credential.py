"""Verifying a credential: ten named checks in the contract's order, and only verified members decide."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from sealwright.vc.credentials.members import PinnedContent
from sealwright.vc.credentials.shapes import Period
from sealwright.vc.credentials.structure import check_credential
from sealwright.vc.delegation.chain import Above, RootMay
from sealwright.vc.delegation.terms import DelegationTerms
from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import VcError
from sealwright.vc.proofs.canonical import CanonicalForms
from sealwright.vc.proofs.jwt import CredentialToken
from sealwright.vc.proofs.verifying import ProvenKey, issuer_of
from sealwright.vc.verification.checks import (
    WHOLE,
    check_holder,
    check_issuer,
    check_nonce,
    check_schemas,
    check_trust,
    check_validity,
    part_of,
    structure_code,
)
from sealwright.vc.verification.delegation_checks import ChainSource, check_delegation
from sealwright.vc.verification.examination import Examination, description
from sealwright.vc.verification.opening import open_credential
from sealwright.vc.verification.proven import ProvenMemory
from sealwright.vc.verification.proving import Prover, signs_terms
from sealwright.vc.verification.report import (
    ALL_CHECKS,
    CREDENTIAL_CHECKS,
    PROOF_CHECKS,
    Findings,
    ReportCode,
    VerificationReport,
)
from sealwright.vc.verification.sources import ANY_ISSUER, SchemaSource, StatusSource, TrustedIssuers
from sealwright.vc.verification.status_checks import check_status
from sealwright.vc.verification.status_reading import StatusListMemory, StatusReader

Document = Mapping[str, JSONValue]

_PURPOSE: Final = "assertionMethod"


def verify_credential(
    document: object,
    *,
    resolver: DIDResolver,
    canon: CanonicalForms,
    accepted_suites: Collection[str],
    trusted_issuers: TrustedIssuers,
    statuses: StatusSource,
    schemas: SchemaSource,
    now: datetime,
    expected_holder: str | None = None,
    selected: Collection[str] = ALL_CHECKS,
    allow_inline: bool = False,
    handed_status_lists: Sequence[Document] = (),
    status_memory: StatusListMemory | None = None,
    pinned: PinnedContent | None = None,
    is_own_work: bool = False,
    nonce: bytes | None = None,
    above: Above | None = None,
    root_may: RootMay | None = None,
    proven: ProvenMemory | None = None,
) -> VerificationReport:
    """Verify a credential and report every check; nothing that a document can hold makes this raise.

    Args:
        document: A parsed JSON value: the credential, an envelope around it, or a compact JWT as text.
        resolver: Finds the documents of DIDs.
        canon: Canonicalizer; its contexts are the pinned ones.
        accepted_suites: Names of the suites, and of the JWT algorithms, that are taken; an empty one takes none.
        trusted_issuers: DIDs, or `ANY_ISSUER`; an empty one trusts nobody.
        statuses: Where status lists come from.
        schemas: Where credential schemas come from.
        now: Aware UTC.
        expected_holder: The DID that the credential must be about; None expects nobody in particular.
        selected: Checks asked for; structure, proof and issuer are made in any case, others are then not applicable.
        allow_inline: Accept context objects that only add terms.
        handed_status_lists: Status list credentials that came with the request, each verified like a fetched one.
        status_memory: Lists verified before.
        pinned: Gives the bytes held here for an address, with which digests of related resources are compared.
        is_own_work: The issuer or the holder looks at it: a base proof is no fault then. Never by a stranger's wish.
        nonce: What a derived proof must be bound to; None if the verifier gave none.
        above: Gives the chain above a delegation; None leaves the check of one that rests on another open.
        root_may: Tells who may begin a chain of delegations; None where nothing is known of anybody.
        proven: Documents whose form and proofs held before, made for this canonicalizer; None remembers none.

    Returns:
        A report of ten checks in the contract's order, false unless every one passed or does not apply.
    """
    wanted = ALL_CHECKS if selected is ALL_CHECKS else frozenset(selected) | PROOF_CHECKS
    found = Findings(CREDENTIAL_CHECKS, wanted)
    memory = proven if not is_own_work else None
    prover = Prover(resolver, canon, accepted_suites, now, allow_inline, is_own_work, memory)
    token: CredentialToken | None = None
    proofs: Sequence[ProvenKey] | None = None
    period: Period | None = None
    part = WHOLE
    delegation: DelegationTerms | None = None
    try:
        token = open_credential(document)
    except VcError as error:
        found.failed("structure", structure_code(error), error.detail)
    else:
        document = document if token is None else token.document
        proofs, period = _proven(found, prover, document, token, pinned)
    if proofs is not None and isinstance(document, (dict, Mapping)):
        issuer, part = issuer_of(document), part_of(proofs)
        check_nonce(found, proofs, nonce)
        check_issuer(found, proofs, issuer)
        # A document signed by a stranger to its issuer says nothing about dates or status. One whose issuer has ended
        # is genuine all the same, so the rest is told.
        if issuer is not None and found.code_of("issuer") != ReportCode.ISSUER_KEY_MISMATCH.value:
            check_validity(found, document, now, part.may_hide, period)
            reader = StatusReader(statuses, handed_status_lists, prover, status_memory)
            check_status(found, document, issuer, reader, part.may_hide)
            check_schemas(found, document, schemas, part)
            check_holder(found, document, expected_holder)
            check_trust(found, issuer, trusted_issuers)
            said = partial(prover.said_in, document) if signs_terms(proofs) else None

            # The hops above are verified by the same rules; whom to trust is asked of the credential itself.
            def chain() -> ChainSource:
                alone = partial(
                    verify_credential,
                    resolver=resolver,
                    canon=canon,
                    accepted_suites=accepted_suites,
                    trusted_issuers=ANY_ISSUER,
                    statuses=statuses,
                    schemas=schemas,
                    now=now,
                    allow_inline=allow_inline,
                    handed_status_lists=handed_status_lists,
                    status_memory=status_memory,
                    pinned=pinned,
                )
                return ChainSource(above, root_may, alone, now)

            delegation = check_delegation(
                found,
                document,
                issuer,
                is_part=part.is_derived,
                said=said,
                is_told=prover.tells_subjects(),
                period=period,
                chain=chain if above is not None or root_may is not None else None,
            )
    checks = found.complete("Nothing in this document can be relied on, so this was not looked at.")
    head = description(document)
    return VerificationReport(checks, PROOF_CHECKS, now, is_derived=part.is_derived, delegation=delegation, **head)


def _proven(
    found: Findings,
    prover: Prover,
    document: object,
    token: CredentialToken | None,
    pinned: PinnedContent | None,
) -> tuple[Sequence[ProvenKey] | None, Period | None]:
    """Record `structure` and `proof`; the proofs if both hold, else None, and the dates where its shape tells them."""
    check_form: Callable[[object], object] = partial(check_credential, pinned=pinned)
    if token is not None or type(document) is not dict:
        return Examination(found, prover, check_form, _PURPOSE, token).prove(document), None
    memory = prover.memory
    name = memory.name(document, allow_inline=prover.allow_inline) if memory is not None else None
    known = memory.get(name) if memory is not None and name is not None else None
    if known is not None and (again := prover.known(document, known, _PURPOSE)) is not None:
        Examination(found, prover, _has_form, _PURPOSE).hold()
        return again, known.period
    # A plan made for others of its shape says ahead that the form is right; else every member is looked at.
    period = prover.period(document)
    proofs = Examination(found, prover, check_form if period is None else _has_form, _PURPOSE).prove(document)
    result = prover.found(proofs, period) if proofs is not None else None
    if memory is not None and name is not None and result is not None:
        memory.put(name, result)
    return proofs, period


def _has_form(_document: object) -> None:
    """The check of the form of a document whose form is known to be right."""
