"""Checking a credential for anyone: one verdict, every check, and what may be shown beside it (S14)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from urllib.parse import unquote, urlsplit

from sealwright.domain.catalog import CredentialType
from sealwright.domain.credentials import CredentialRecord, CredentialStatus, ReasonCode
from sealwright.domain.dids import DIDKind, DIDRecord
from sealwright.domain.formats import format_of
from sealwright.domain.people import AccountRole
from sealwright.services.orders import vct_address
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.services.registry import Registry, RegistryView
from sealwright.services.verification import PresentationOptions, Verifier, VerifyOptions
from sealwright.services.verify_content import Content, content_of, credentials_inside, may_hide_claims
from sealwright.services.verify_reading import Brought, BroughtLink, PaperReader, read_file, read_text
from sealwright.vc.encoding.strict_json import parse_json
from sealwright.vc.errors import UnreadableJSON
from sealwright.vc.verification.report import PROOF_CHECKS, Check, Outcome, ReportCode, VerificationReport

_OWN_KINDS: Final = frozenset({DIDKind.ORGANIZATION, DIDKind.PLATFORM})
_ISSUING_ROLES: Final = frozenset({AccountRole.ISSUER, AccountRole.ADMIN})
_TRUST: Final = "trustedIssuer"
_DID_WEB: Final = "did:web:"


class Verdict(StrEnum):
    """The one word about what was brought."""

    VALID = "valid"
    INVALID = "invalid"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class IssuerLine:
    """Who issued it, as far as the proof says so.

    Args:
        did: The issuer's DID, or the address it publishes keys under.
        name: What it is called: by this office where it is one of ours, else by itself.
        is_own: One of this office's issuers.
        domain: The domain that the issuer is bound to; None where its DID shows none.
        is_kept_here: The domain is this office's, which keeps the DID.
    """

    did: str
    name: str | None
    is_own: bool
    domain: str | None
    is_kept_here: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """How a credential of this office stopped being valid: when, and the public code of why."""

    status: CredentialStatus
    at: datetime | None
    reason_code: ReasonCode | None


@dataclass(frozen=True, slots=True)
class CheckedCredential:
    """One credential with its checks.

    Args:
        content: What it says; blank unless structure, proof and issuer have passed.
        is_proven: Those three have passed.
        kind: The credential type of this office that it is of, where the issuer is one of this office's.
        may_hide: An SD-JWT that shows less than it holds, as far as its digests tell.
    """

    report: VerificationReport
    verdict: Verdict
    content: Content
    is_proven: bool
    issuer: IssuerLine | None
    ending: Ending | None
    kind: CredentialType | None = None
    may_hide: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    Args:
        presentation: The presentation's own checks; None for a credential that nobody presents.
    """

    verdict: Verdict
    credentials: tuple[CheckedCredential, ...]
    presentation: VerificationReport | None = None


class VerifyDesk:
    """Verdicts for pages. Verification itself is the verifier's; here it is asked with this office's own issuers."""

    def __init__(
        self,
        *,
        verifier: Verifier,
        registry: Registry,
        units: UnitOfWorkFactory,
        public_url: str,
        papers: PaperReader | None = None,
    ) -> None:
        self._verifier = verifier
        self._registry = registry
        self._units = units
        self._public_url = public_url
        self._papers = papers

    def read_text(self, text: str) -> Brought | BroughtLink:
        """Tell what a pasted text is; raises Unreadable."""
        return read_text(text, public_url=self._public_url)

    def read_file(self, content: bytes) -> Brought | BroughtLink:
        """Tell what an uploaded file holds; raises Unreadable."""
        return read_file(content, public_url=self._public_url, papers=self._papers)

    def stored(self, credential_id: str) -> CredentialRecord | None:
        """The credential of ours that a link names; None where there is none."""
        with self._units(write=False) as uow:
            return uow.credentials.get(credential_id)

    def check(self, brought: Brought, *, challenge: str | None = None, domain: str | None = None) -> Finding:
        """Check what somebody brought; nothing it can hold makes this raise."""
        if brought.is_presentation:
            return self._presented(brought, challenge, domain)
        return self._alone(brought.source, VerifyOptions(challenge=challenge, domain=domain))

    def check_record(self, record: CredentialRecord) -> Finding:
        """Check a stored credential of ours as if somebody had brought it. It must have its document.

        A base proof, which is its holder's alone, is no fault here: nobody is handed the document itself.
        """
        document = record.document or b""
        if format_of(record.proof_type).is_text:
            text = document.decode("ascii", "replace")
            return self._alone(text, VerifyOptions())
        try:
            value = parse_json(document)
        except UnreadableJSON:
            value = None
        return self._alone(value if isinstance(value, dict) else {}, VerifyOptions(is_own_work=True))

    def _alone(self, source: object, options: VerifyOptions) -> Finding:
        one = self.judged(self._verifier.verify(source, options), source)
        return Finding(one.verdict, (one,))

    def judged(self, report: VerificationReport, source: object) -> CheckedCredential:
        """Put a verdict, and what may be shown, beside a report on a credential that was checked for any issuer."""
        view = self._registry.current()
        proven = {check.name for check in report.checks if check.outcome is Outcome.PASSED} >= PROOF_CHECKS
        content = content_of(source) if proven else Content()
        issuer = self._issuer(report, content, view) if proven else None
        report = _with_trust(report, issuer)
        return CheckedCredential(
            report=report,
            verdict=verdict_of(report.checks, is_true=bool(report)),
            content=content,
            is_proven=proven,
            issuer=issuer,
            ending=self._ending(report, issuer),
            kind=self._kind(content, view) if issuer is not None and issuer.is_own else None,
            may_hide=proven and may_hide_claims(source),
        )

    def is_own_issuer(self, did: str) -> bool:
        """Tell whether a DID is one of this office's issuers."""
        view = self._registry.current()
        record = view.did(did)
        return record is not None and _is_own(record, view)

    def _presented(self, brought: Brought, challenge: str | None, domain: str | None) -> Finding:
        options = PresentationOptions(challenge=challenge, domain=domain)
        found = self._verifier.verify_presentation(brought.source, options)
        inside = credentials_inside(brought.source)
        sources: tuple[object, ...] = (
            inside if len(inside) == len(found.credentials) else ({},) * len(found.credentials)
        )
        credentials = tuple(self.judged(one, source) for one, source in zip(found.credentials, sources, strict=True))
        own = verdict_of(found.presentation.checks, is_true=bool(found))
        return Finding(_worst(own, *(one.verdict for one in credentials)), credentials, found.presentation)

    def _issuer(self, report: VerificationReport, content: Content, view: RegistryView) -> IssuerLine | None:
        did = report.issuer_did or content.issuer
        if did is None:
            return None
        record = view.did(did)
        is_own = record is not None and _is_own(record, view)
        name = record.name if record is not None and is_own else None
        host = _host_of_did_web(did)
        is_kept = host is None and record is not None
        office = urlsplit(self._public_url).netloc if is_kept else None
        return IssuerLine(did, name or content.issuer_name, is_own, host or office, is_kept)

    def _kind(self, content: Content, view: RegistryView) -> CredentialType | None:
        if content.schema_id is not None:
            return view.type_by_schema(content.schema_id)
        value = (content.type or "").removeprefix(vct_address(self._public_url, ""))
        return view.credential_type(value) if value != content.type else None

    def _ending(self, report: VerificationReport, issuer: IssuerLine | None) -> Ending | None:
        """What our own records say of a credential of ours that ended; of others' the status list says all there is."""
        if (
            issuer is None
            or report.credential_id is None
            or (report.check("revocation").is_met and report.check("suspension").is_met)
        ):
            return None
        with self._units(write=False) as uow:
            record = uow.credentials.get(report.credential_id)
        if record is None or record.issuer_did != issuer.did:
            return None
        if record.status not in (CredentialStatus.REVOKED, CredentialStatus.SUSPENDED):
            return None
        return Ending(record.status, record.revoked_at, record.reason_code)


def verdict_of(checks: Collection[Check], *, is_true: bool) -> Verdict:
    """Not valid if a check failed; could not be checked if none failed but one is open; else valid."""
    if any(check.outcome is Outcome.FAILED for check in checks):
        return Verdict.INVALID
    return Verdict.VALID if is_true else Verdict.OPEN


def _worst(*verdicts: Verdict) -> Verdict:
    if Verdict.INVALID in verdicts:
        return Verdict.INVALID
    return Verdict.OPEN if Verdict.OPEN in verdicts else Verdict.VALID


def _with_trust(report: VerificationReport, issuer: IssuerLine | None) -> VerificationReport:
    """The report with the answer whether its issuer is this office's: another issuer leaves it open, not failed."""
    if issuer is None:
        answer = Check(_TRUST, Outcome.UNCHECKED, None, "Nothing is proven, so this was not looked at.")
    elif issuer.is_own:
        answer = Check(_TRUST, Outcome.PASSED, None, "The issuer is one of this office's.")
    else:
        detail = "The issuer is none of this office's, so whether to trust it is for the reader to say."
        answer = Check(_TRUST, Outcome.UNCHECKED, ReportCode.UNTRUSTED_ISSUER.value, detail)
    checks = tuple(answer if check.name == _TRUST else check for check in report.checks)
    return replace(report, checks=checks)


def _is_own(record: DIDRecord, view: RegistryView) -> bool:
    """An organization that the office itself keeps, or a DID of somebody who may issue.

    That a DID is kept here is not enough: everybody with an account may make one, and name it as they like.
    """
    if record.owner_user_id is None:
        return record.kind in _OWN_KINDS
    owner = view.person(record.owner_user_id)
    return owner is not None and owner.active and not owner.roles.isdisjoint(_ISSUING_ROLES)


def _host_of_did_web(did: str) -> str | None:
    """The host that a did:web is bound to, or of an issuer that is an https address."""
    if did.startswith(_DID_WEB):
        return unquote(did[len(_DID_WEB) :].partition(":")[0]) or None
    return urlsplit(did).netloc or None if did.startswith("https://") else None
