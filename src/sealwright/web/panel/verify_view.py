"""What the verify pages show of a finding: verdict, checks, and what a credential says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.credentials import CredentialStatus
from sealwright.services.claim_words import member_words, spelled_claims
from sealwright.services.verify_desk import CheckedCredential, Finding, Verdict
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.web.api import rendering
from sealwright.web.panel.verify_words import REASONS, Line, check_lines, verdict_sentence

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

RESULT: Final = "verify/result.html"


@dataclass(frozen=True, slots=True)
class Said:
    """What one credential says, in words.

    Args:
        issuer_note: How its name is known.
        domain: How the issuer's domain was shown.
        ended: The word for how it ended, with its moment and public reason; None while it has not.
        claims: Label and text.
        are_kept_back: Its holder shows no claims, or not all, on a public page of ours.
        kept: What to know where the holder chose what the credential itself shows; empty where it is shown whole.
        holder: Whom it is about, as it says itself; empty where it does not, and where only chosen claims are shown.
    """

    label: str
    issuer: str
    issuer_did: str
    issuer_note: str
    domain: str
    valid_from: datetime | None
    valid_until: datetime | None
    ended: tuple[str, datetime | None, str] | None
    claims: tuple[tuple[str, str], ...]
    are_kept_back: bool
    kept: str = ""
    holder: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One credential of a finding as the page shows it.

    Args:
        is_derived: What it says comes first, and the checks are folded away.
    """

    title: str
    lines: tuple[Line, ...]
    said: Said | None
    is_derived: bool = False


def finding_values(page: PageCall, finding: Finding, *, shown: Mapping[str, JSONValue] | None = None) -> dict[str, Any]:
    """What the template of a result needs of a finding.

    Args:
        shown: The claims that may be shown; None shows all that a proven credential says.
    """
    first = finding.credentials[0] if finding.credentials else None
    label = _label(page, first) if first is not None else page._("Presentation")
    own = finding.presentation.checks if finding.presentation is not None else ()
    every = (*own, *(check for one in finding.credentials for check in one.report.checks))
    checked_at = first.report.checked_at if first is not None else page.now
    return {
        "verdict": finding.verdict.value,
        "sentence": verdict_sentence(page, finding.verdict, every, first, label),
        "own_lines": check_lines(page, own),
        "parts": [_part(page, one, shown) for one in finding.credentials],
        "checked_at": checked_at,
        "is_only_credential": finding.presentation is None,
    }


def _part(page: PageCall, one: CheckedCredential, shown: Mapping[str, JSONValue] | None) -> Part:
    label = _label(page, one)
    lines = tuple(check_lines(page, one.report.checks))
    return Part(label, lines, _said(page, one, label, shown), is_derived=shown is None and is_shown_in_part(one))


def is_shown_in_part(one: CheckedCredential) -> bool:
    """Tell whether the holder chose what a proven credential shows, as far as it tells."""
    return one.is_proven and (one.report.is_derived or one.may_hide)


def _kept(page: PageCall, one: CheckedCredential) -> str:
    if one.is_proven and one.report.is_derived:
        return page._("Its holder chose what to show here. Parts were kept back by the holder.")
    if one.may_hide:
        return page._("Its holder can choose what to show of it, and may have kept parts back.")
    return ""


def _label(page: PageCall, one: CheckedCredential) -> str:
    if one.kind is not None:
        return one.kind.label_in(page.texts.language)
    name = (one.content.type or "").rstrip("/").rpartition("/")[2]
    return member_words(name) if name else page._("Credential")


def _said(page: PageCall, one: CheckedCredential, label: str, shown: Mapping[str, JSONValue] | None) -> Said | None:
    issuer, content = one.issuer, one.content
    if issuer is None:
        return None
    claims = content.claims if shown is None else shown
    return Said(
        label=label,
        issuer=issuer.name or issuer.did,
        issuer_did=issuer.did,
        issuer_note=_issuer_note(page, one),
        domain=_domain(page, one),
        valid_from=content.valid_from,
        valid_until=content.valid_until,
        ended=_ended(page, one),
        claims=tuple(spelled_claims(claims)),
        are_kept_back=shown is not None and dict(shown) != dict(content.claims),
        kept=_kept(page, one) if shown is None else "",
        holder=content.subject or "" if shown is None else "",
    )


def _issuer_note(page: PageCall, one: CheckedCredential) -> str:
    issuer = one.issuer
    assert issuer is not None
    if issuer.is_own:
        return page._("an issuer of this office")
    return page._("the name is the issuer's own word") if issuer.name is not None else ""


def _domain(page: PageCall, one: CheckedCredential) -> str:
    issuer = one.issuer
    assert issuer is not None
    if issuer.domain is None:
        return page._("none is shown by its DID")
    if issuer.is_kept_here:
        return page._("%(domain)s, which keeps its DID", domain=issuer.domain)
    return page._("%(domain)s, shown by its DID document", domain=issuer.domain)


def _ended(page: PageCall, one: CheckedCredential) -> tuple[str, datetime | None, str] | None:
    ending = one.ending
    if ending is None:
        return None
    word = page._("Revoked") if ending.status is CredentialStatus.REVOKED else page._("Suspended")
    return word, ending.at, page._(REASONS[ending.reason_code]) if ending.reason_code is not None else ""


def report_of(finding: Finding, *, names_holder: bool = True) -> dict[str, Any]:
    """A finding as JSON, in the words of the API's reports.

    Args:
        names_holder: False leaves out whom it is about.
    """
    reports = [rendering.report(one.report) for one in finding.credentials]
    if not names_holder:
        reports = [{**one, "holderDid": None} for one in reports]
    if finding.presentation is None:
        return {"verdict": finding.verdict.value, **reports[0]}
    own = rendering.report(finding.presentation)
    verified = finding.verdict is Verdict.VALID
    return {"verdict": finding.verdict.value, **own, "verified": verified, "credentials": reports}
