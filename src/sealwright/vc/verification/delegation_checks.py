"""The check on a credential that delegates: its own terms, and the chain that it rests on where that can be had."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sealwright.vc.canon.spelling import last_step
from sealwright.vc.canon.telling import SaidOfNodes, tells_subjects
from sealwright.vc.credentials.form import texts_of
from sealwright.vc.credentials.shapes import Period
from sealwright.vc.delegation.chain import Above, RootMay, Verify, link_fault, verify_chain
from sealwright.vc.delegation.narrowing import own_faults
from sealwright.vc.delegation.reading import DELEGATION_TYPE, terms_of_document
from sealwright.vc.delegation.terms import DelegationTerms
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import VcError
from sealwright.vc.verification.checks import subjects_of
from sealwright.vc.verification.report import Findings, ReportCode

Document = Mapping[str, JSONValue]


class Said(SaidOfNodes, Protocol):
    """What the statements of a document say; `vc.canon.telling.Statements` is the one."""

    def types(self) -> AbstractSet[str]:
        """The last steps of all types that a credential has."""
        ...


@dataclass(frozen=True, slots=True)
class ChainSource:
    """Where the chain above a delegation comes from, and who may begin one.

    Args:
        above: Gives the chain of a parent; raises VcError where that is known to give no authority.
        root_may: Tells who may begin chains; None where nothing is known of anybody.
        verify: Verifies one credential by itself.
        now: Aware UTC.
    """

    above: Above | None
    root_may: RootMay | None
    verify: Verify
    now: datetime

    def may_begin(self, did: str) -> bool | None:
        """Whether a DID may begin a chain; None where nothing is known of it."""
        return self.root_may(did) if self.root_may is not None else None


def check_delegation(
    found: Findings,
    document: Document,
    issuer: str | None,
    *,
    is_part: bool = False,
    said: Callable[[], Said] | None = None,
    is_told: bool = False,
    period: Period | None = None,
    chain: Callable[[], ChainSource] | None = None,
) -> DelegationTerms | None:
    """A delegation credential delegates in one hop, from its issuer to its subject; others are not concerned.

    Of a part nobody can tell what bounds the delegation has, nor whether it rests on another one; and neither where a
    claim of its subject stands under another name, or elsewhere.

    Args:
        said: Gives what is signed; None where the text itself is.
        is_told: Its shape shows already that its subjects hold, by name, all that is signed of them.
        period: Its dates, where they were read before.
        chain: Gives where the chain above it comes from; None leaves a delegation that rests on another one open,
            under DELEGATION_NOT_FOUND.

    Returns:
        What it delegates, if nothing speaks against it but, perhaps, that the chain above was not given.
    """
    if not found.is_wanted("delegation"):
        return None
    if not _is_delegation(document, said):
        found.not_applicable("delegation", "The credential is no delegation.")
        return None
    terms = _own_terms(found, document, issuer, is_part=is_part, said=None if is_told else said, period=period)
    if terms is None:
        return None
    if terms.parent is not None:
        return terms if _check_chain(found, terms, terms.parent, chain() if chain is not None else None) else None
    if chain is not None and chain().may_begin(terms.delegator) is False:
        detail = "A chain begins with an active human or organization."
        found.failed("delegation", ReportCode.DELEGATION_ROOT_INVALID, detail)
        return None
    found.passed("delegation", "The delegation runs from its issuer to its subject.")
    return terms


def _own_terms(
    found: Findings,
    document: Document,
    issuer: str | None,
    *,
    is_part: bool,
    said: Callable[[], Said] | None,
    period: Period | None,
) -> DelegationTerms | None:
    """The terms of a delegation by itself; None where the check was recorded as failed or open."""
    subjects = subjects_of(document)
    for subject in subjects:
        delegator, delegate = subject.get("delegator"), subject.get("delegate")
        if delegator != issuer or delegate != subject.get("id") or delegate == delegator or delegate is None:
            detail = "Delegator and delegate are not issuer and subject."
            found.failed("delegation", ReportCode.DELEGATION_INVALID, detail)
            return None
    if is_part or (said is not None and _is_hidden(document, said)):
        detail = "A bound of the delegation, or what it rests on, may be hidden."
        found.unchecked("delegation", ReportCode.DELEGATION_INVALID, detail)
        return None
    try:
        terms = terms_of_document(document, period)
    except VcError as error:
        detail = error.faults[0].detail if error.faults else error.detail
        found.failed("delegation", ReportCode.DELEGATION_INVALID, detail)
        return None
    for fault in own_faults(terms):
        found.failed("delegation", fault.code.value, fault.detail)
        return None
    return terms


def _check_chain(found: Findings, terms: DelegationTerms, parent: str, chain: ChainSource | None) -> bool:
    """A link further down says nothing without those above it: each is verified, and so is every join.

    Returns:
        Whether it holds, or only the chain is not to be had.
    """
    try:
        above = chain.above(parent) if chain is not None and chain.above is not None else None
        if above is None or chain is None:
            detail = "The chain above this delegation was not given."
            found.unchecked("delegation", ReportCode.DELEGATION_NOT_FOUND, detail)
            return True
        report = verify_chain(terms.delegator, above, verify=chain.verify, root_may=chain.may_begin, now=chain.now)
    except VcError as error:
        found.failed("delegation", ReportCode.DELEGATION_INVALID, error.detail)
        return False
    fault = link_fault(report, terms)
    if fault is not None:
        found.failed("delegation", *fault)
        return False
    found.passed("delegation", "The delegation, and each one above it, runs from its issuer to its subject.")
    return True


def names_delegation(document: Document) -> bool:
    """Whether a document is a delegation by the name of one of its types."""
    types = texts_of(document.get("type"))
    return DELEGATION_TYPE in types or any(last_step(name) == DELEGATION_TYPE for name in types)


def _is_delegation(document: Document, said: Callable[[], Said] | None) -> bool:
    """By the name of its type; under contexts of somebody's own that may be any, so there what is signed decides."""
    if names_delegation(document):
        return True
    contexts = document.get("@context")
    if said is None or not isinstance(contexts, list) or all(isinstance(one, str) for one in contexts):
        return False
    try:
        return DELEGATION_TYPE in said().types()
    except VcError:
        return True


def _is_hidden(document: Document, said: Callable[[], Said]) -> bool:
    """Whether more, or something else, is signed of a subject and of its parts than stands there by name."""
    try:
        return not tells_subjects(document, said())
    except VcError:
        return True
