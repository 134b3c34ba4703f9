"""Presentations verified for an occasion and taken apart: the checks on each, and the credentials in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sealwright.protocols.queries import SD_JWT
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.services.registry import Registry
from sealwright.services.verification import PresentationOptions, Verifier, VerifyOptions
from sealwright.services.verify_content import credentials_inside
from sealwright.services.verify_desk import CheckedCredential, VerifyDesk
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.vc.errors import VcError
from sealwright.vc.proofs.compact import JWT_ALGORITHMS
from sealwright.vc.proofs.key_binding import verify_key_binding
from sealwright.vc.proofs.sd_jwt_reading import open_sd_jwt
from sealwright.vc.verification.report import Check, Outcome, ReportCode, VerificationReport

_BEARER: Final = Check(
    "holder",
    Outcome.FAILED,
    ReportCode.HOLDER_MISMATCH.value,
    "The credential names nobody, so whoever has it could show it.",
)


@dataclass(frozen=True, slots=True)
class ShownCredential:
    """A credential of a presentation: what verification found, and the very bytes or object that was verified."""

    checked: CheckedCredential
    source: object


@dataclass(frozen=True, slots=True)
class Shown:
    """A presentation taken apart.

    Args:
        credentials: In order; empty where the presentation cannot be read.
    """

    checks: tuple[Check, ...]
    credentials: tuple[ShownCredential, ...]


class PresentationReader:
    """Verifies presentations for an occasion."""

    def __init__(self, *, verifier: Verifier, registry: Registry, units: UnitOfWorkFactory, public_url: str) -> None:
        self._verifier = verifier
        self._desk = VerifyDesk(verifier=verifier, registry=registry, units=units, public_url=public_url)

    def read(self, form: str, presentation: str | Mapping[str, JSONValue], *, nonce: str, audience: str) -> Shown:
        """Verify a presentation; nothing that it can hold makes this raise."""
        if form == SD_JWT and isinstance(presentation, str):
            return self._sd_jwt(presentation, nonce, audience)
        return self._presented(presentation, nonce, audience)

    def _presented(self, presentation: str | Mapping[str, JSONValue], nonce: str, audience: str) -> Shown:
        found = self._verifier.verify_presentation(presentation, PresentationOptions(challenge=nonce, domain=audience))
        inside = credentials_inside(presentation)
        if len(found.credentials) != len(inside):
            return Shown(found.presentation.checks, ())
        credentials = tuple(
            ShownCredential(self._desk.judged(report, source), source)
            for report, source in zip(found.credentials, inside, strict=True)
        )
        checks = found.presentation.checks
        if any(one.checked.is_proven and one.checked.content.subject is None for one in credentials):
            checks = tuple(_BEARER if one.name == "holder" else one for one in checks)
        return Shown(checks, credentials)

    def _sd_jwt(self, text: str, nonce: str, audience: str) -> Shown:
        """An SD-JWT is its own presentation: the holder's part of it is the key binding behind it."""
        credential = self._desk.judged(
            self._verifier.verify(text, VerifyOptions(challenge=nonce, domain=audience)), text
        )
        credentials = (ShownCredential(credential, text),)
        try:
            bound = verify_key_binding(open_sd_jwt(text), accepted=JWT_ALGORITHMS, now=credential.report.checked_at)
        except VcError as error:
            detail = "Challenge and audience are not known, for the holder's proof does not hold."
            holder = Check("holder", Outcome.FAILED, ReportCode.HOLDER_MISMATCH.value, error.detail)
            return Shown((holder, open_check("challenge", detail), open_check("domain", detail)), credentials)
        return Shown(
            (
                Check("holder", Outcome.PASSED, None, "It was shown with the key that the credential is bound to."),
                _same("challenge", bound.nonce, nonce, ReportCode.CHALLENGE_MISMATCH),
                _same("domain", bound.audience, audience, ReportCode.DOMAIN_MISMATCH),
            ),
            credentials,
        )


def open_check(name: str, detail: str) -> Check:
    """A check that could not be made."""
    return Check(name, Outcome.UNCHECKED, None, detail)


def spelled_check(check: Check) -> dict[str, JSONValue]:
    """A check as the API spells it; it stays JSON from here on."""
    return {"name": check.name, "outcome": check.outcome.value, "code": check.code, "detail": check.detail}


def spelled_report(report: VerificationReport) -> dict[str, JSONValue]:
    """A credential's report as the API spells it."""
    return {
        "verified": bool(report),
        "checks": [spelled_check(one) for one in report.checks],
        "credentialId": report.credential_id,
        "issuerDid": report.issuer_did,
        "holderDid": report.holder_did,
        "types": [*report.types],
        "checkedAt": format_timestamp(report.checked_at),
    }


def spelled_issuer(credential: CheckedCredential | None) -> dict[str, JSONValue] | None:
    """Who issued a credential, as far as its proof says so."""
    issuer = credential.issuer if credential is not None else None
    if issuer is None:
        return None
    return {"did": issuer.did, "name": issuer.name, "isOwn": issuer.is_own, "domain": issuer.domain}


def _same(name: str, stated: str, expected: str, code: ReportCode) -> Check:
    if stated == expected:
        return Check(name, Outcome.PASSED, None, "It was made for this request.")
    return Check(name, Outcome.FAILED, code.value, "It was made for another request.")
