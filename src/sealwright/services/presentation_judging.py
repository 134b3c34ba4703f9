"""The verdict on what a wallet showed: its holder's proof for this occasion, the credential, whether it was asked for.

Requests and answers match one to one: one credential, of the kind that was asked for, with every claim that was asked
for. Claims beyond those are neither shown nor kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sealwright.domain.presenting import PresentationRequest
from sealwright.protocols.queries import SD_JWT
from sealwright.services.orders import vct_address
from sealwright.services.presentation_kinds import AskableKind, is_of_kind
from sealwright.services.presentation_reading import (
    PresentationReader,
    Shown,
    open_check,
    spelled_check,
    spelled_issuer,
    spelled_report,
)
from sealwright.services.verify_content import content_of
from sealwright.services.verify_desk import CheckedCredential, Verdict, verdict_of
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import VcError
from sealwright.vc.verification.opening import open_credential
from sealwright.vc.verification.report import Check, Outcome

DECLINED: Final = "declined"
_UNRELIABLE: Final = "Nothing in this presentation can be relied on, so this was not looked at."
_NOT_AS_ASKED: Final = "NOT_AS_ASKED"
_KEPT_BACK: Final = "CLAIMS_KEPT_BACK"


@dataclass(frozen=True, slots=True)
class _Shown:
    """A presentation taken apart: the checks on it, and the one credential in it."""

    checks: tuple[Check, ...]
    credential: CheckedCredential | None
    source: object = None


class Judging:
    """Judges presentations against what was asked."""

    def __init__(self, reader: PresentationReader, public_url: str) -> None:
        self._reader = reader
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
        shown = _only(self._reader.read(form, presentation, nonce=nonce, audience=audience))
        asked = self._asked(kind, form, shown, presentation)
        disclosure, claims = _disclosed(request.claims, shown, is_met=asked.is_met)
        checks = (*shown.checks, asked, disclosure)
        credential = shown.credential
        verdict = _verdict(checks, credential)
        kept: dict[str, JSONValue] = claims if credential is not None and credential.is_proven else {}
        return {
            "verdict": verdict.value,
            "verified": verdict is Verdict.VALID,
            "format": form,
            "checks": [spelled_check(one) for one in checks],
            "credentialReport": spelled_report(credential.report) if credential is not None else None,
            "issuer": spelled_issuer(credential),
            "claims": kept,
            "credentials": [_credential(form, shown, kept)] if credential is not None else [],
            "error": None,
        }

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


def _credential(form: str, shown: _Shown, claims: dict[str, JSONValue]) -> JSONValue:
    assert shown.credential is not None
    return {
        "query": "",
        "format": form,
        "credentialReport": spelled_report(shown.credential.report),
        "issuer": spelled_issuer(shown.credential),
        "claims": claims,
        "beyond": [],
    }


def _only(shown: Shown) -> _Shown:
    """What was asked for is one credential; of a presentation of several none is looked at."""
    if len(shown.credentials) != 1:
        return _Shown(shown.checks, None)
    (one,) = shown.credentials
    return _Shown(shown.checks, one.checked, one.source)


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
        "credentials": [],
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
        return open_check("disclosure", _UNRELIABLE), {}
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
