"""The answer of a verification: every check by name, in order, with one of four outcomes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Final

from sealwright.vc.delegation.terms import DelegationTerms

CREDENTIAL_CHECKS: Final = (
    "structure",
    "proof",
    "issuer",
    "expiration",
    "revocation",
    "suspension",
    "schema",
    "holder",
    "trustedIssuer",
    "delegation",
)
PRESENTATION_CHECKS: Final = ("structure", "proof", "holder", "challenge", "domain", "credentials")

ALL_CHECKS: Final = frozenset(CREDENTIAL_CHECKS)
PROOF_CHECKS: Final = frozenset({"structure", "proof", "issuer"})
"""What a caller may narrow a verification down to; these three always apply to a credential."""


class Outcome(Enum):
    """How a check ended. Refused and could-not-be-checked are two answers, and neither is "passed"."""

    PASSED = "passed"
    FAILED = "failed"
    UNCHECKED = "unchecked"
    NOT_APPLICABLE = "not_applicable"


class ReportCode(Enum):
    """Codes of failed and unchecked checks that are not faults of a document's form."""

    PROOF_INVALID = "PROOF_INVALID"
    PROOF_MISSING = "PROOF_MISSING"
    ISSUER_KEY_MISMATCH = "ISSUER_KEY_MISMATCH"
    ISSUER_DEACTIVATED = "ISSUER_DEACTIVATED"
    KEY_COMPROMISED = "KEY_COMPROMISED"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    REVOKED = "REVOKED"
    SUSPENDED = "SUSPENDED"
    STATUS_UNREADABLE = "STATUS_UNREADABLE"
    STATUS_INVALID = "STATUS_INVALID"
    SCHEMA_VALIDATION_FAILED = "SCHEMA_VALIDATION_FAILED"
    SCHEMA_NOT_FOUND = "SCHEMA_NOT_FOUND"
    UNDEFINED_TERM = "UNDEFINED_TERM"
    CONTEXT_NOT_ALLOWED = "CONTEXT_NOT_ALLOWED"
    TERM_CONFLICT = "TERM_CONFLICT"
    TOO_COMPLEX = "TOO_COMPLEX"
    UNTRUSTED_ISSUER = "UNTRUSTED_ISSUER"
    HOLDER_MISMATCH = "HOLDER_MISMATCH"
    CHALLENGE_MISMATCH = "CHALLENGE_MISMATCH"
    DOMAIN_MISMATCH = "DOMAIN_MISMATCH"
    UNRESOLVABLE = "UNRESOLVABLE"
    DELEGATION_INVALID = "DELEGATION_INVALID"
    DELEGATION_NOT_FOUND = "DELEGATION_NOT_FOUND"
    DELEGATION_ROOT_INVALID = "DELEGATION_ROOT_INVALID"


@dataclass(frozen=True, slots=True)
class Check:
    """One named check.

    Args:
        name: As in the contract's list of checks.
        outcome: How it ended.
        code: Why it failed or could not be made; None when it passed or does not apply.
        detail: A sentence that quotes no claim.
    """

    name: str
    outcome: Outcome
    code: str | None
    detail: str

    @property
    def is_met(self) -> bool:
        """Whether nothing speaks against the document here."""
        return self.outcome is Outcome.PASSED or self.outcome is Outcome.NOT_APPLICABLE

    @property
    def has_passed(self) -> bool:
        """Whether it was made and met."""
        return self.outcome is Outcome.PASSED

    @property
    def is_open(self) -> bool:
        """Whether it could not be made."""
        return self.outcome is Outcome.UNCHECKED


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """What was checked, in order; true only when something was checked and nothing failed or stayed open.

    Args:
        checks: Every check of the contract's list, in its order.
        must_pass: Names of the checks that have to be there and passed; for them "does not apply" is not enough.
        checked_at: Aware UTC.
        credential_id: The document's own id, if it states one.
        issuer_did: Whom the document names as issuer; believe it only when the report is true.
        holder_did: Whom it names as (single) subject, or as the holder of a presentation.
        types: The document's types.
        is_derived: The holder shows a part of it: its proof holds, and statements may be missing.
        delegation: What a delegation delegates, if its check passed or waits for nothing but the chain above it.
            Believe it only where the first three checks passed too.
    """

    checks: tuple[Check, ...]
    must_pass: frozenset[str]
    checked_at: datetime
    credential_id: str | None = None
    issuer_did: str | None = None
    holder_did: str | None = None
    types: tuple[str, ...] = ()
    is_derived: bool = False
    delegation: DelegationTerms | None = None

    def __bool__(self) -> bool:
        passed = {check.name for check in self.checks if check.outcome is Outcome.PASSED}
        return bool(self.checks) and self.must_pass <= passed and all(check.is_met for check in self.checks)

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that failed or could not be made, in order."""
        return tuple(check for check in self.checks if not check.is_met)

    def check(self, name: str) -> Check:
        """The check of this name.

        Raises:
            LookupError: The report has none; it is of another kind.
        """
        return next(check for check in self.checks if check.name == name)


# Checks that are met are the same few in every report.
@lru_cache(maxsize=256)
def _passed(name: str, detail: str) -> Check:
    return Check(name, Outcome.PASSED, None, detail)


@lru_cache(maxsize=256)
def _not_applicable(name: str, detail: str) -> Check:
    return Check(name, Outcome.NOT_APPLICABLE, None, detail)


class Findings:
    """The checks of one verification while they are being made; whatever is not set is reported as not made.

    Args:
        names: All checks, in the order of the report.
        wanted: Those that were asked for; the others are reported as not applicable and nothing is recorded for them.
    """

    __slots__ = ("_checks", "_names", "_wanted")

    def __init__(self, names: Iterable[str], wanted: Collection[str]) -> None:
        self._names = tuple(names)
        self._wanted = wanted
        self._checks: dict[str, Check] = {}

    def is_wanted(self, name: str) -> bool:
        """Whether a check was asked for."""
        return name in self._wanted

    def set(self, name: str, outcome: Outcome, detail: str, code: ReportCode | str | None = None) -> None:
        """Record how a check ended; the first record counts."""
        if name not in self._checks and name in self._wanted:
            text = code.value if isinstance(code, ReportCode) else code
            self._checks[name] = Check(name, outcome, text, detail)

    def passed(self, name: str, detail: str) -> None:
        """Record that a check was made and met."""
        if name not in self._checks and name in self._wanted:
            self._checks[name] = _passed(name, detail)

    def failed(self, name: str, code: ReportCode | str, detail: str) -> None:
        """Record that a check was made and not met."""
        self.set(name, Outcome.FAILED, detail, code)

    def unchecked(self, name: str, code: ReportCode | str | None, detail: str) -> None:
        """Record that a check could not be made."""
        self.set(name, Outcome.UNCHECKED, detail, code)

    def not_applicable(self, name: str, detail: str) -> None:
        """Record that a check does not concern this document or was not asked for."""
        if name not in self._checks and name in self._wanted:
            self._checks[name] = _not_applicable(name, detail)

    def worsen_to_unchecked(self, name: str, code: ReportCode, detail: str) -> None:
        """Record that a part of a check could not be made; a failure of another part stays."""
        if name in self._wanted and (name not in self._checks or self._checks[name].is_met):
            self._checks[name] = Check(name, Outcome.UNCHECKED, code.value, detail)

    def worsen_to_failed(self, name: str, code: ReportCode, detail: str) -> None:
        """Record that a part of a check was not met, whatever other parts said; the first failure stays."""
        if name in self._wanted and (name not in self._checks or self._checks[name].outcome is not Outcome.FAILED):
            self._checks[name] = Check(name, Outcome.FAILED, code.value, detail)

    def has_passed(self, name: str) -> bool:
        """Whether a check was recorded as passed."""
        return name in self._checks and self._checks[name].outcome is Outcome.PASSED

    def is_set(self, name: str) -> bool:
        """Whether a check was recorded at all."""
        return name in self._checks

    def code_of(self, name: str) -> str | None:
        """The code a check was recorded with."""
        return self._checks[name].code if name in self._checks else None

    def complete(self, reason: str) -> tuple[Check, ...]:
        """All checks in order; those without a record could not be made, for `reason`."""
        checks = self._checks
        return tuple([checks.get(name) or self._remainder(name, reason) for name in self._names])

    def _remainder(self, name: str, reason: str) -> Check:
        if name in self._wanted:
            return Check(name, Outcome.UNCHECKED, None, reason)
        return Check(name, Outcome.NOT_APPLICABLE, None, "This check was not asked for.")
