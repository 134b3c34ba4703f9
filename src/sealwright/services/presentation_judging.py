"""The verdict on what a wallet showed: its holder's proof for this occasion, the credential, whether it was asked for.

Requests and answers match one to one: one credential, of the kind that was asked for, with every claim that was asked
for. Claims beyond those are neither shown nor kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sealwright.domain.presenting import PresentationRequest
from sealwright.protocols.openid4vp.asking import SD_JWT
from sealwright.services.orders import vct_address
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.services.presentation_kinds import AskableKind, is_of_kind
from sealwright.services.registry import Registry
from sealwright.services.verification import PresentationOptions, Verifier, VerifyOptions
from sealwright.services.verify_content import content_of, credentials_inside
from sealwright.services.verify_desk import CheckedCredential, Verdict, VerifyDesk, verdict_of
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.vc.errors import VcError
from sealwright.vc.proofs.compact import JWT_ALGORITHMS
from sealwright.vc.proofs.key_binding import verify_key_binding
from sealwright.vc.proofs.sd_jwt_reading import open_sd_jwt
from sealwright.vc.verification.opening import open_credential
from sealwright.vc.verification.report import Check, Outcome, ReportCode, VerificationReport

DECLINED: Final = "declined"
_NOT_AS_ASKED: Final = "NOT_AS_ASKED"
_KEPT_BACK: Final = "CLAIMS_KEPT_BACK"
_BEARER: Final = Check(
    "holder",
    Outcome.FAILED,
    ReportCode.HOLDER_MISMATCH.value,
    "The credential names nobody, so whoever has it could show it.",
)


@dataclass(frozen=True, slots=True)
class _Shown:
    """A presentation taken apart: the checks on it, and the one credential in it."""

    checks: tuple[Check, ...]
    credential: CheckedCredential | None
    source: object = None


class Judging:
    """Judges presentations against what was asked."""

    def __init__(self, *, verifier: Verifier, registry: Registry, units: UnitOfWorkFactory, public_url: str) -> None:
        self._verifier = verifier
        self._desk = VerifyDesk(verifier=verifier, registry=registry, units=units, public_url=public_url)
        self._public_url = public_url

    def judge(
        self,
        request: PresentationRequest,
        kind: AskableKind,
        form: str,
        presentation: str | Mapping[str, JSONValue],
        *,
        nonce: str,
        audience: str,
    ) -> dict[str, JSONValue]:
        """The report on a presentation; nothing that it can hold makes this raise."""
        if form == SD_JWT and isinstance(presentation, str):
            shown = self._sd_jwt(presentation, nonce, audience)
        else:
            shown = self._presented(presentation, nonce, audience)
        asked = self._asked(kind, form, shown, presentation)
        disclosure, claims = _disclosed(request.claims, shown, is_met=asked.is_met)
        checks = (*shown.checks, asked, disclosure)
        credential = shown.credential
        verdict = _verdict(checks, credential)
        return {
            "verdict": verdict.value,
            "verified": verdict is Verdict.VALID,
            "format": form,
            "checks": [_spelled(one) for one in checks],
            "credentialReport": _credential_report(credential.report) if credential is not None else None,
            "issuer": _issuer(credential),
            "claims": claims if credential is not None and credential.is_proven else {},
            "error": None,
        }

    def _presented(self, presentation: str | Mapping[str, JSONValue], nonce: str, audience: str) -> _Shown:
        found = self._verifier.verify_presentation(presentation, PresentationOptions(challenge=nonce, domain=audience))
        inside = credentials_inside(presentation)
        if len(found.credentials) != 1 or len(inside) != 1:
            return _Shown(found.presentation.checks, None)
        credential = self._desk.judged(found.credentials[0], inside[0])
        checks = found.presentation.checks
        if credential.is_proven and credential.content.subject is None:
            checks = tuple(_BEARER if one.name == "holder" else one for one in checks)
        return _Shown(checks, credential, inside[0])

    def _sd_jwt(self, text: str, nonce: str, audience: str) -> _Shown:
        """An SD-JWT is its own presentation: the holder's part of it is the key binding behind it."""
        credential = self._desk.judged(
            self._verifier.verify(text, VerifyOptions(challenge=nonce, domain=audience)), text
        )
        try:
            bound = verify_key_binding(open_sd_jwt(text), accepted=JWT_ALGORITHMS, now=credential.report.checked_at)
        except VcError as error:
            detail = "Challenge and audience are not known, for the holder's proof does not hold."
            holder = Check("holder", Outcome.FAILED, ReportCode.HOLDER_MISMATCH.value, error.detail)
            return _Shown((holder, _open("challenge", detail), _open("domain", detail)), credential)
        return _Shown(
            (
                Check("holder", Outcome.PASSED, None, "It was shown with the key that the credential is bound to."),
                _same("challenge", bound.nonce, nonce, ReportCode.CHALLENGE_MISMATCH),
                _same("domain", bound.audience, audience, ReportCode.DOMAIN_MISMATCH),
            ),
            credential,
        )

    def _asked(self, kind: AskableKind, form: str, shown: _Shown, presentation: str | Mapping[str, JSONValue]) -> Check:
        credential = shown.credential
        if credential is None:
            return Check("asked", Outcome.FAILED, _NOT_AS_ASKED, "It does not hold exactly one credential.")
        if form == SD_JWT:
            is_met = content_of(presentation).type == vct_address(self._public_url, kind.name)
        else:
            types, contexts = _types_of(shown.source)
            is_met = is_of_kind(kind, types, contexts)
        if is_met:
            return Check("asked", Outcome.PASSED, None, "It is a credential of the kind that was asked for.")
        return Check("asked", Outcome.FAILED, _NOT_AS_ASKED, "It is not a credential of the kind that was asked for.")


def declined(error: str | None) -> dict[str, JSONValue]:
    """The report where a wallet showed nothing, with the word it gave for that."""
    return {
        "verdict": DECLINED,
        "verified": False,
        "format": None,
        "checks": [],
        "credentialReport": None,
        "issuer": None,
        "claims": {},
        "error": error,
    }


def _types_of(source: object) -> tuple[Sequence[str], Sequence[JSONValue]]:
    """The types of a credential, and the contexts that say what they mean."""
    try:
        token = open_credential(source)
    except VcError:
        return (), ()
    document = token.document if token is not None else source
    if not isinstance(document, Mapping):
        return (), ()
    types, contexts = document.get("type"), document.get("@context")
    named = [one for one in types if isinstance(one, str)] if isinstance(types, list) else []
    return named, contexts if isinstance(contexts, list) else []


def _disclosed(asked: Sequence[str], shown: _Shown, *, is_met: bool) -> tuple[Check, dict[str, JSONValue]]:
    """Whether every claim that was asked for was shown, and those alone that were asked for."""
    credential = shown.credential
    if credential is None or not credential.is_proven or not is_met:
        return _open("disclosure", "Nothing in this presentation can be relied on, so this was not looked at."), {}
    claims = credential.content.claims
    kept = {name: claims[name] for name in asked if name in claims}
    if len(kept) < len(asked):
        return Check("disclosure", Outcome.FAILED, _KEPT_BACK, "A claim that was asked for was not shown."), kept
    if len(claims) > len(kept):
        detail = "More was shown than was asked for; what goes beyond it is neither shown here nor kept."
        return Check("disclosure", Outcome.PASSED, None, detail), kept
    return Check("disclosure", Outcome.PASSED, None, "Exactly what was asked for was shown."), kept


def _verdict(checks: Sequence[Check], credential: CheckedCredential | None) -> Verdict:
    every = (*checks, *(credential.report.checks if credential is not None else ()))
    is_true = credential is not None and all(one.is_met for one in checks) and bool(credential.report)
    return verdict_of(every, is_true=is_true)


def _same(name: str, stated: str, expected: str, code: ReportCode) -> Check:
    if stated == expected:
        return Check(name, Outcome.PASSED, None, "It was made for this request.")
    return Check(name, Outcome.FAILED, code.value, "It was made for another request.")


def _open(name: str, detail: str) -> Check:
    return Check(name, Outcome.UNCHECKED, None, detail)


def _spelled(check: Check) -> JSONValue:
    return {"name": check.name, "outcome": check.outcome.value, "code": check.code, "detail": check.detail}


def _credential_report(report: VerificationReport) -> JSONValue:
    """The report as the API spells it; it stays JSON from here on."""
    return {
        "verified": bool(report),
        "checks": [_spelled(one) for one in report.checks],
        "credentialId": report.credential_id,
        "issuerDid": report.issuer_did,
        "holderDid": report.holder_did,
        "types": [*report.types],
        "checkedAt": format_timestamp(report.checked_at),
    }


def _issuer(credential: CheckedCredential | None) -> JSONValue:
    issuer = credential.issuer if credential is not None else None
    if issuer is None:
        return None
    return {"did": issuer.did, "name": issuer.name, "isOwn": issuer.is_own, "domain": issuer.domain}
