"""The verdict on an answer to a question in the caller's own words, by explicit checks over verified bytes alone.

Every part of the question that had to be answered is answered by the credential that is shown for it; nothing else is
shown. What was not verified is asked nothing, and what goes beyond the question is neither shown nor kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sealwright.protocols.openid4vp.answering import Exchanged, ShownFor
from sealwright.protocols.presentation_exchange.submission import Mapped, resolved_path
from sealwright.protocols.queries import JWT_VC, LDP_VC, SD_JWT, Candidate, Matched, Path, only
from sealwright.services.presentation_questions import Question
from sealwright.services.presentation_reading import (
    PresentationReader,
    Shown,
    ShownCredential,
    open_check,
    spelled_check,
    spelled_issuer,
    spelled_report,
)
from sealwright.services.query_candidates import Candidates
from sealwright.services.verify_desk import Verdict, verdict_of
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import VcError
from sealwright.vc.proofs.compact import open_compact
from sealwright.vc.proofs.sd_jwt_reading import is_sd_jwt
from sealwright.vc.verification.report import Check, Outcome, ReportCode

_NOT_AS_ASKED: Final = "NOT_AS_ASKED"
_SHOWN_BEYOND: Final = "SHOWN_BEYOND"
_ORDER: Final = (Outcome.FAILED, Outcome.UNCHECKED, Outcome.PASSED, Outcome.NOT_APPLICABLE)
_UNRELIABLE: Final = "A credential cannot be relied on, so what was asked was not compared with it."
_PRESENTATIONS_MOST: Final = 16


@dataclass(frozen=True, slots=True)
class _Given:
    """A presentation and the form it was verified in."""

    form: str
    presentation: str | Mapping[str, JSONValue]


@dataclass(frozen=True, slots=True)
class _Claim:
    """What an answer claims: this credential of this presentation answers this part of the question."""

    part_id: str
    presentation: int
    credential: int


@dataclass(slots=True)
class _Entry:
    """A credential with the parts that it answers, and what of it they ask for; unproven ones are no candidates."""

    form: str
    shown: ShownCredential
    candidate: Candidate | None
    parts: list[str]
    asked: dict[Path, None]
    beyond: tuple[str, ...] = ()


class QueryJudging:
    """Judges answers to questions in the caller's own words."""

    def __init__(self, reader: PresentationReader, candidates: Candidates) -> None:
        self._reader = reader
        self._candidates = candidates

    def judge_dcql(
        self, question: Question, answers: Sequence[ShownFor], *, nonce: str, audience: str, sender: str | None = None
    ) -> dict[str, JSONValue]:
        """The report on presentations that came under the ids of queries; nothing they can hold makes this raise.

        Args:
            sender: Who sent them, where the channel proves that; all that is shown must be about them.
        """
        given = [_Given(one.form, one.presentation) for one in answers]
        # Each is for one credential; whether there is exactly one in it shows once it is read.
        claims = [_Claim(one.query_id, index, 0) for index, one in enumerate(answers)]
        return self._judge(question, given, claims, None, nonce=nonce, audience=audience, sender=sender)

    def judge_exchanged(
        self, question: Question, exchanged: Exchanged, *, nonce: str, audience: str, sender: str | None = None
    ) -> dict[str, JSONValue]:
        """The report on presentations with a submission; nothing that they can hold makes this raise."""
        given, claims, fault = _located(question, exchanged)
        return self._judge(question, given, claims, fault, nonce=nonce, audience=audience, sender=sender)

    def _judge(
        self,
        question: Question,
        given: Sequence[_Given],
        claims: Sequence[_Claim],
        fault: str | None,
        *,
        nonce: str,
        audience: str,
        sender: str | None,
    ) -> dict[str, JSONValue]:
        shown = [self._reader.read(one.form, one.presentation, nonce=nonce, audience=audience) for one in given]
        entries, problem = self._matched(question, given, shown, claims)
        asked, disclosure = _asked(question, claims, shown, fault or problem), _NOT_LOOKED_AT
        if asked.is_met:
            disclosure = _disclosure(question, entries)
        sent = () if sender is None else (_sent_by(sender, shown),)
        checks = (*_merged(one.checks for one in shown), *sent, asked, disclosure)
        every = [one.checked for taken in shown for one in taken.credentials]
        is_true = bool(every) and all(one.is_met for one in checks) and all(bool(one.report) for one in every)
        verdict = verdict_of((*checks, *(check for one in every for check in one.report.checks)), is_true=is_true)
        kept = [_spelled(one, is_met=asked.is_met) for one in entries]
        first = kept[0] if len(kept) == 1 else {}
        return {
            "verdict": verdict.value,
            "verified": verdict is Verdict.VALID,
            "format": first.get("format"),
            "checks": [spelled_check(one) for one in checks],
            "credentialReport": first.get("credentialReport"),
            "issuer": first.get("issuer"),
            "claims": first.get("claims", {}),
            "credentials": [*kept],
            "error": None,
        }

    def _matched(
        self, question: Question, given: Sequence[_Given], shown: Sequence[Shown], claims: Sequence[_Claim]
    ) -> tuple[list[_Entry], str | None]:
        """Each proven credential with what it answers; and why the answer does not fit, if it does not."""
        entries = {
            (number, index): _Entry(
                given[number].form, one, self._candidates.of(one.source) if one.checked.is_proven else None, [], {}
            )
            for number, taken in enumerate(shown)
            for index, one in enumerate(taken.credentials)
        }
        problem: str | None = None
        for claim in claims:
            entry = entries.get((claim.presentation, claim.credential))
            if entry is None:
                problem = problem or "There is no credential where the answer says there is one."
                continue
            entry.parts.append(claim.part_id)
            if entry.candidate is None:
                continue  # its own checks tell what is wrong with it
            try:
                found = question.match(claim.part_id, entry.candidate)
            except LookupError:
                problem = problem or "The answer is for a part of the question that was not asked."
                continue
            if isinstance(found, Matched):
                entry.asked.update(dict.fromkeys(found.paths))
            else:
                problem = problem or found.reason
        return list(entries.values()), problem or _unclaimed(shown, claims) or _repeated(question, claims, entries)


_NOT_LOOKED_AT: Final = open_check("disclosure", "It is not what was asked for, so this was not looked at.")


def _unclaimed(shown: Sequence[Shown], claims: Sequence[_Claim]) -> str | None:
    """Something extra that nobody asked for."""
    claimed = {(one.presentation, one.credential) for one in claims}
    there = {(number, index) for number, taken in enumerate(shown) for index in range(len(taken.credentials))}
    return "A credential is shown that was not asked for." if there - claimed else None


def _repeated(question: Question, claims: Sequence[_Claim], entries: Mapping[tuple[int, int], _Entry]) -> str | None:
    """One part answered more than once, or several times by one and the same credential."""
    seen: dict[str, set[object]] = {}
    for claim in claims:
        entry = entries.get((claim.presentation, claim.credential))
        before = seen.setdefault(claim.part_id, set())
        if before and not question.allows_many(claim.part_id):
            return "A part of the question is answered more than once."
        name = entry.shown.checked.report.credential_id if entry is not None else None
        mark: object = name if name is not None else (claim.presentation, claim.credential)
        if mark in before:
            return "One credential is shown twice for the same part of the question."
        before.add(mark)
    return None


def _asked(question: Question, claims: Sequence[_Claim], shown: Sequence[Shown], problem: str | None) -> Check:
    """Whether exactly what was asked for is there, by what was verified."""
    fault = problem or question.exact_fault({one.part_id for one in claims})
    if fault is not None:
        return Check("asked", Outcome.FAILED, _NOT_AS_ASKED, fault)
    if not all(taken.credentials and all(one.checked.is_proven for one in taken.credentials) for taken in shown):
        return open_check("asked", _UNRELIABLE)
    return Check("asked", Outcome.PASSED, None, "Every credential is one that was asked for, and says what was asked.")


def _disclosure(question: Question, entries: Sequence[_Entry]) -> Check:
    """Whether anything was shown that nobody asked for."""
    is_fault = False
    for entry in entries:
        if entry.candidate is None:
            continue
        beyond = question.beyond(entry.parts, entry.candidate, tuple(entry.asked))
        entry.beyond = beyond.pointers
        is_fault = is_fault or beyond.is_fault
    if is_fault:
        detail = "More was shown than was asked for, and the question allows nothing beyond it."
        return Check("disclosure", Outcome.FAILED, _SHOWN_BEYOND, detail)
    if any(entry.beyond for entry in entries):
        detail = "More was shown than was asked for; what goes beyond it is named, and neither shown here nor kept."
        return Check("disclosure", Outcome.PASSED, None, detail)
    return Check("disclosure", Outcome.PASSED, None, "Exactly what was asked for was shown.")


def _sent_by(sender: str, shown: Sequence[Shown]) -> Check:
    """Whether all that is shown is about whoever sent it, as the channel that it came by has proven."""
    about = [one.checked.report.holder_did for taken in shown for one in taken.credentials]
    if about and all(one == sender for one in about):
        return Check("sender", Outcome.PASSED, None, "It is about whoever sent it.")
    detail = "It is not about whoever sent it."
    return Check("sender", Outcome.FAILED, ReportCode.HOLDER_MISMATCH.value, detail)


def _merged(checks: Iterable[Sequence[Check]]) -> tuple[Check, ...]:
    """One check of each name, the worst of all presentations."""
    found: dict[str, Check] = {}
    for listed in checks:
        for one in listed:
            before = found.get(one.name)
            if before is None or _ORDER.index(one.outcome) < _ORDER.index(before.outcome):
                found[one.name] = one
    return tuple(found.values())


def _spelled(entry: _Entry, *, is_met: bool) -> dict[str, JSONValue]:
    """A credential as the report keeps it: of what it says, that alone which was asked for."""
    kept = only(entry.candidate.document, tuple(entry.asked)) if is_met and entry.candidate is not None else {}
    is_sd_jwt_vc = entry.candidate is not None and entry.candidate.form == SD_JWT
    subject = kept if is_sd_jwt_vc else kept.get("credentialSubject")
    return {
        "query": ", ".join(entry.parts),
        "format": entry.form,
        "credentialReport": spelled_report(entry.shown.checked.report),
        "issuer": spelled_issuer(entry.shown.checked),
        "claims": dict(subject) if isinstance(subject, dict) else {},
        "shown": kept,
        "beyond": list(entry.beyond),
    }


# -- where a submission leads ----------------------------------------------------------------------


def _located(question: Question, exchanged: Exchanged) -> tuple[list[_Given], list[_Claim], str | None]:
    """The presentations that came, and which credential of which one each entry of the submission names."""
    root = exchanged.vp_token
    values = root if isinstance(root, list) else [root]
    given = [_given(one) for one in values[:_PRESENTATIONS_MOST]]
    fault = None
    if question.definition is None or exchanged.submission.definition_id != question.definition.definition_id:
        fault = "The submission is for another definition."
    claims = []
    for entry in exchanged.submission.entries:
        place = _place(entry, root)
        if place is None or place[0] >= len(given):
            fault = fault or "The submission names a place where there is no credential."
        else:
            claims.append(_Claim(entry.descriptor_id, *place))
    used = {one.presentation for one in claims}
    if fault is None and len(used) != len(given):
        fault = "A presentation is shown that the submission does not name."
    return given, claims, fault


def _given(value: JSONValue) -> _Given:
    if isinstance(value, str):
        return _Given(SD_JWT if is_sd_jwt(value) else JWT_VC, value)
    return _Given(LDP_VC, value if isinstance(value, dict) else {})


def _place(entry: Mapped, root: JSONValue) -> tuple[int, int] | None:
    """Which presentation, and which credential in it."""
    try:
        path = tuple(step for at in resolved_path(entry.steps, root, _opened) for step in at)
    except LookupError:
        return None
    number = 0
    if isinstance(root, list):
        first = path[0] if path else None
        if not isinstance(first, int):
            return None
        number, path = first, path[1:]
    if path[:1] == ("vp",):
        path = path[1:]
    match path:
        case () | ("verifiableCredential",):
            return number, 0
        case ("verifiableCredential", int(index)):
            return number, index
    return None


def _opened(value: JSONValue) -> JSONValue:
    """What the next path of an entry starts from: of a token its payload; what it leads to is verified afterwards."""
    if not isinstance(value, str):
        return value
    try:
        return open_compact(value).payload
    except VcError:
        return None
