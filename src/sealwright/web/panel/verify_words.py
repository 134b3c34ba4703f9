"""Verdicts and checks in words: one name and one sentence for each check, by how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from sealwright.domain.credentials import ReasonCode
from sealwright.locales import N_
from sealwright.services.verify_desk import CheckedCredential, Verdict
from sealwright.services.verify_reading import WhyUnreadable
from sealwright.vc.verification.report import Check, Outcome

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

# (name, sentence, outcome) as the piece `checks` takes them.
Line = tuple[str, str, str]

NAMES: Final[Mapping[str, str]] = {
    "structure": N_("Well formed"),
    "proof": N_("Proof"),
    "issuer": N_("Issuer known and active"),
    "expiration": N_("Within validity"),
    "revocation": N_("Not revoked"),
    "suspension": N_("Not suspended"),
    "schema": N_("Credential schema"),
    "holder": N_("Holder binding"),
    "trustedIssuer": N_("Issuer trusted"),
    "delegation": N_("Delegation chain"),
    "challenge": N_("Made for this occasion"),
    "domain": N_("Made for this verifier"),
    "credentials": N_("Credentials inside"),
    "asked": N_("As asked"),
    "disclosure": N_("Claims shown"),
}
_OUTCOMES: Final[Mapping[str, str]] = {
    Outcome.PASSED.value: "passed",
    Outcome.FAILED.value: "failed",
    Outcome.UNCHECKED.value: "open",
    Outcome.NOT_APPLICABLE.value: "none",
}
_PASSED: Final[Mapping[str, str]] = {
    "structure": N_("All required parts are there and readable."),
    "proof": N_("The signature fits the content; nothing was changed."),
    "issuer": N_("The key is the issuer's own, and the issuer is active."),
    "expiration": N_("It has begun, and its time is not over."),
    "revocation": N_("The status list was read; the entry is not set."),
    "suspension": N_("The status list was read; the entry is not set."),
    "schema": N_("The claims fit the credential schema."),
    "holder": N_("It was shown by whom it is about."),
    "trustedIssuer": N_("The issuer is one of this office's."),
    "delegation": N_("The delegation runs from its issuer to its subject."),
    "challenge": N_("It was made for this challenge."),
    "domain": N_("It was made for this verifier."),
    "credentials": N_("Every credential inside holds."),
    "asked": N_("It is a credential of the kind that was asked for."),
    "disclosure": N_("Every claim that was asked for was shown."),
}
_DOES_NOT_APPLY: Final[Mapping[str, str]] = {
    "expiration": N_("It states no period of validity."),
    "revocation": N_("It cannot be revoked: it names no status list."),
    "suspension": N_("It cannot be suspended: it names no status list for that."),
    "schema": N_("It names no credential schema."),
    "holder": N_("Nobody presented it in person."),
    "delegation": N_("This credential delegates nothing."),
    "challenge": N_("No challenge was given."),
    "domain": N_("No domain was given."),
    "credentials": N_("There is no credential inside."),
}
_FAILED: Final[Mapping[str, str]] = {
    "structure": N_("It is not a well-formed credential, or a part of it is not covered by the signature."),
    "proof": N_("The signature does not fit the content."),
    "issuer": N_("The key is not the issuer's."),
    "expiration": N_("Its time is over."),
    "revocation": N_("The issuer has revoked it."),
    "suspension": N_("The issuer has suspended it for now."),
    "schema": N_("The claims do not fit the credential schema."),
    "holder": N_("It was not shown by whom it is about."),
    "delegation": N_("Delegator and delegate are not its issuer and its subject."),
    "challenge": N_("It was made for another challenge."),
    "domain": N_("It was made for another verifier."),
    "credentials": N_("A credential inside does not hold."),
    "asked": N_("It is not one credential of the kind that was asked for."),
    "disclosure": N_("A claim that was asked for was not shown."),
}
_FAILED_BY_CODE: Final[Mapping[str, str]] = {
    "PROOF_MISSING": N_("It carries no signature."),
    "SHOWN_BEYOND": N_("More was shown than was asked for, and the question allows nothing beyond it."),
    "KEY_COMPROMISED": N_("The key that signed it is known to be in wrong hands."),
    "ISSUER_DEACTIVATED": N_("The issuer has ended its identity."),
    "NOT_YET_VALID": N_("Its time has not begun."),
    "STATUS_INVALID": N_("The status list does not hold, so it tells nothing."),
    "CONTEXT_NOT_ALLOWED": N_("It uses words whose meaning is not kept here."),
    "UNDEFINED_TERM": N_("It holds a member that the signature does not cover."),
    "UNRESOLVABLE": N_("The key's owner does not exist."),
    "DELEGATION_SCOPE_WIDENED": N_("It allows more than the delegation above it."),
    "DELEGATION_CONSTRAINT_LOOSENED": N_("It loosens a limit of the delegation above it."),
    "DELEGATION_EXPIRY_EXCEEDED": N_("It outlives the delegation above it."),
    "DELEGATION_DEPTH_EXCEEDED": N_("The delegation above it allows no further hop."),
    "DELEGATION_LOOP": N_("It hands authority back to somebody further up in its chain."),
    "DELEGATION_ROOT_INVALID": N_("Its chain does not begin with a person or organization that still may act."),
    "DELEGATION_REVOKED": N_("A delegation that it rests on is revoked."),
    "DELEGATION_SUSPENDED": N_("A delegation that it rests on is suspended for now."),
    "DELEGATION_EXPIRED": N_("A delegation that it rests on is over."),
    "DELEGATION_PROOF_INVALID": N_("The signature of a delegation that it rests on does not hold."),
    "DELEGATION_NOT_FOUND": N_("A delegation that it rests on was not found."),
}
_OPEN: Final[Mapping[str, str]] = {
    "proof": N_("The key of whoever signed it could not be looked up now."),
    "revocation": N_("The status list could not be read, so this is not known."),
    "suspension": N_("The status list could not be read, so this is not known."),
    "schema": N_("The credential schema is not known here."),
    "trustedIssuer": N_("The issuer is none of this office's. Whether to trust it is for you to decide."),
    "delegation": N_("The chain above this delegation was not given."),
    "challenge": N_("It was made for a challenge that was not given here."),
    "domain": N_("It was made for a verifier that was not named here."),
    "credentials": N_("A credential inside could not be checked."),
}
_NOT_LOOKED_AT: Final = N_("Not looked at, since what comes before it did not hold.")

_SENTENCES: Final[Mapping[str, str]] = {
    "REVOKED": N_("The issuer has revoked it. Do not rely on it."),
    "SUSPENDED": N_("The issuer has suspended it for now. Do not rely on it."),
    "EXPIRED": N_("Its time is over. Do not rely on it."),
    "NOT_YET_VALID": N_("Its time has not begun. Do not rely on it yet."),
    "PROOF_INVALID": N_("It was changed after it was signed, or signed by somebody else. Do not rely on it."),
    "PROOF_MISSING": N_("It carries no signature. Do not rely on it."),
}
_INVALID: Final = N_("At least one check failed. Do not rely on it.")

REASONS: Final[Mapping[ReasonCode, str]] = {
    ReasonCode.UNSPECIFIED: N_("not stated"),
    ReasonCode.ISSUED_IN_ERROR: N_("issued in error"),
    ReasonCode.REQUIREMENTS_NOT_MET: N_("requirements not met"),
    ReasonCode.HOLDER_REQUEST: N_("the holder asked for it"),
    ReasonCode.MISCONDUCT: N_("misconduct"),
    ReasonCode.KEY_COMPROMISE: N_("a key in wrong hands"),
    ReasonCode.SUPERSEDED: N_("replaced by another one"),
    ReasonCode.PRIVILEGE_WITHDRAWN: N_("the right was withdrawn"),
}

UNREADABLE: Final[Mapping[WhyUnreadable, str]] = {
    WhyUnreadable.EMPTY: N_("Paste a credential, or choose a file."),
    WhyUnreadable.TOO_LARGE: N_("It is larger than 1 MiB; nothing of that size is checked."),
    WhyUnreadable.NOT_TEXT: N_("The file is neither a PDF, nor a PNG, nor text."),
    WhyUnreadable.NOT_JSON: N_("The text begins as JSON does, but is broken or was copied in part."),
    WhyUnreadable.NOT_A_CREDENTIAL: N_("The text is no credential: neither JSON, nor a JWT, nor an SD-JWT."),
    WhyUnreadable.FOREIGN_LINK: N_("The link leads elsewhere, and nothing is fetched from there. Paste what it shows."),
    WhyUnreadable.WALLET_LINK: N_("The link is for a wallet: it offers or asks for a credential, and is none itself."),
    WhyUnreadable.PDF_UNREADABLE: N_("The PDF could not be read."),
    WhyUnreadable.PDF_EMPTY: N_("No credential is attached to the PDF."),
    WhyUnreadable.PICTURE_EMPTY: N_("There is no credential inside the picture; photographs of codes are not read."),
    WhyUnreadable.BUSY: N_("Too many files are being read just now. Try again in a moment."),
}


def check_lines(page: PageCall, checks: Iterable[Check]) -> list[Line]:
    """Every check as the pages show it."""
    return [
        (
            page._(NAMES[one.name]),
            page._(_sentence(one.name, one.outcome.value, one.code)),
            _OUTCOMES[one.outcome.value],
        )
        for one in checks
    ]


def kept_lines(page: PageCall, checks: Iterable[Mapping[str, object]]) -> list[Line]:
    """The same of checks as reports keep them."""
    lines = []
    for one in checks:
        name, outcome, code = str(one["name"]), str(one["outcome"]), one.get("code")
        lines.append(_line(page, name, outcome, code if isinstance(code, str) else None))
    return lines


def _line(page: PageCall, name: str, outcome: str, code: str | None) -> Line:
    return page._(NAMES[name]), page._(_sentence(name, outcome, code)), _OUTCOMES[outcome]


def _sentence(name: str, outcome: str, code: str | None) -> str:
    if outcome == Outcome.PASSED.value:
        return _PASSED[name]
    if outcome == Outcome.NOT_APPLICABLE.value:
        return _DOES_NOT_APPLY.get(name, _NOT_LOOKED_AT)
    if outcome == Outcome.FAILED.value:
        return _FAILED_BY_CODE.get(code or "", _FAILED.get(name, _INVALID))
    # Without a code nothing was tried: something before it had failed.
    return _OPEN.get(name, _NOT_LOOKED_AT) if code is not None else _NOT_LOOKED_AT


def verdict_sentence(
    page: PageCall, verdict: Verdict, checks: Iterable[Check], credential: CheckedCredential | None, label: str
) -> str:
    """What the verdict means, in one or two sentences."""
    every = tuple(checks)
    issuer = credential.issuer if credential is not None else None
    name = (issuer.name or issuer.did) if issuer is not None else ""
    if verdict is Verdict.VALID:
        return page._("%(type)s, signed by %(issuer)s. Every check that applies has passed.", type=label, issuer=name)
    if verdict is Verdict.INVALID:
        first = next((one.code for one in every if one.outcome is Outcome.FAILED), None)
        return page._(_SENTENCES.get(first or "", _INVALID))
    still_open = [one for one in every if one.outcome is Outcome.UNCHECKED]
    if issuer is not None and [one.name for one in still_open] == ["trustedIssuer"]:
        return page._(
            "Nothing failed, but %(issuer)s is no issuer of this office. Whether to trust it is for you to decide.",
            issuer=name,
        )
    return page.ngettext(
        "Nothing failed, but %(num)s check is open, so this is not a Valid. Do not rely on it yet.",
        "Nothing failed, but %(num)s checks are open, so this is not a Valid. Do not rely on it yet.",
        len(still_open),
    )
