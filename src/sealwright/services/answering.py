"""Answering from here: a person whose DID's key is kept here answers a request of this office as a wallet would.

What is asked, which of their credentials answer it, and what of them would be shown is told before anything is shown.
Then exactly that is shown, made with their key, and brought to the same desk as every wallet's answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, combinations, islice
from typing import Final
from urllib.parse import parse_qs, urlencode

from sealwright.domain.credentials import CredentialFilter, CredentialRecord, CredentialStatus
from sealwright.domain.delivery_errors import PresentationNotFound
from sealwright.domain.errors import CredentialErased, MalformedBody
from sealwright.domain.people import Caller
from sealwright.protocols.openid4vp.answering import AnswerRefused
from sealwright.protocols.presentation_exchange.submission import Mapped, Step, spelled
from sealwright.protocols.queries import JWT_VC, SD_JWT, Candidate, Matched, Path, Unmatched, Work, is_within
from sealwright.services.access import owned_dids
from sealwright.services.acts import Acts
from sealwright.services.deriving import can_be_shown_in_part, choices_of, source_of
from sealwright.services.ports import Clock, UnitOfWorkFactory
from sealwright.services.presentation_making import PresentationMaking, PresentationWish
from sealwright.services.presentation_questions import Part, Question
from sealwright.services.presenting import REQUESTS_PATH, Asking, PresentingDesk
from sealwright.services.query_candidates import Candidates
from sealwright.services.registry import Registry
from sealwright.vc.encoding.pointers import steps_of
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import Fault, VcError

OWN_MOST: Final = 200
"""Credentials of one person that are looked through for an answer, the newest first."""
LOOKS_MOST: Final = 400_000
"""Values that may be looked at to find what answers one request; those of the newest credentials come first."""
_TRIES_MOST: Final = 5_000
_NO_REQUEST: Final = "There is no such request of this office, or its time is over."
_AS_TOKEN: Final = "A credential in a JWT is shown by a wallet; this office makes no such presentations."  # noqa: S105
_TOO_MUCH: Final = "It would show more than the request allows."


@dataclass(frozen=True, slots=True)
class Offered:
    """One credential of the caller's that could answer a part.

    Args:
        pointers: What is asked for of it.
        always: What is shown beside that whatever is chosen; of a credential that is shown whole, all of it.
        is_whole: It is shown whole or not at all.
        hindrance: Why it cannot be shown for this part; None where it can.
    """

    record: CredentialRecord
    pointers: tuple[str, ...]
    always: tuple[str, ...]
    is_whole: bool
    hindrance: str | None


@dataclass(frozen=True, slots=True)
class AskedPart:
    """One part of the question, and the caller's credentials for it.

    Args:
        unmet: Why none of them can be shown for it; None where one can.
    """

    part: Part
    asked: tuple[str, ...]
    offered: tuple[Offered, ...]
    unmet: str | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What is asked, and what the caller could show.

    Args:
        verifier: The name of whoever asks.
        answer_by: Until when the request may be answered.
        suggested: Ids of the fewest parts that answer the question; None where it cannot be answered.
    """

    reference: str
    verifier: str
    answer_by: datetime
    parts: tuple[AskedPart, ...]
    suggested: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the caller shows for a part.

    Args:
        reveal: Fewer pointers than are asked for; None shows all that are.
    """

    part_id: str
    credential_id: str
    reveal: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Own:
    """A credential of the caller's, ready to be asked."""

    record: CredentialRecord
    candidate: Candidate
    is_narrowable: bool
    mandatory: tuple[Path, ...]


class AnsweringDesk:
    """Shows the caller's own credentials to verifiers that ask through this office."""

    def __init__(
        self,
        *,
        presenting: PresentingDesk,
        making: PresentationMaking,
        candidates: Candidates,
        registry: Registry,
        units: UnitOfWorkFactory,
        acts: Acts,
        clock: Clock,
        public_url: str,
    ) -> None:
        self._presenting = presenting
        self._making = making
        self._candidates = candidates
        self._registry = registry
        self._units = units
        self._acts = acts
        self._clock = clock
        self._public_url = public_url

    def open(self, caller: Caller, request: str) -> Preview:
        """Tell what is asked and what the caller could show; nothing is shown yet.

        Args:
            request: The link in the code, the address of the request, or the reference at its end.

        Raises:
            PresentationNotFound: No such request of this office, answered, or too late.
        """
        asking = self._presenting.asking(self._reference(request))
        own = self._own(caller)
        every = asking.question.parts
        # The question is a stranger's: each part has its share of the work, so that no part leaves none to the others.
        parts = tuple(self._part(asking.question, part, own, Work(LOOKS_MOST // len(every))) for part in every)
        ready = [one.part.part_id for one in parts if one.unmet is None]
        return Preview(
            reference=asking.reference,
            verifier=asking.name,
            answer_by=asking.answer_by,
            parts=parts,
            suggested=_fewest(asking.question, ready),
        )

    def answer(self, caller: Caller, request: str, chosen: Sequence[Chosen]) -> None:
        """Show what was chosen, and exactly that.

        Raises:
            PresentationNotFound: No such request of this office, answered, or too late.
            MalformedBody: What was chosen does not answer the question; with the fault.
            HolderNotFound, HolderDeactivated: The key that the credential is bound to is not kept here.
            ProofInvalid, DerivationInvalid, UnsupportedProofType: A credential cannot be shown so.
            SigningFailed, Sealed: The key does not sign now.
        """
        asking = self._presenting.asking(self._reference(request))
        own = {one.record.credential_id: one for one in self._own(caller)}
        _require_exact(asking.question, chosen)
        view = self._registry.current()
        wishes = [self._wish(asking, one, own, index) for index, one in enumerate(chosen)]
        ready = [self._making.ready(caller, wish, view) for wish in wishes]
        made = self._acts.run(caller, lambda uow, me: [self._making.create(uow, me, one) for one in ready])
        try:
            self._presenting.answer(asking.reference, _body(asking, chosen, made))
        except AnswerRefused as error:
            # A wallet is told so in OAuth's words; here it is a choice that cannot be handed over.
            raise _malformed("/answers", error.description) from error

    # -- parts -------------------------------------------------------------------------------------

    def _wish(self, asking: Asking, one: Chosen, own: Mapping[str, _Own], index: int) -> PresentationWish:
        at = f"/answers/{index}"
        mine = own.get(one.credential_id)
        if mine is None:
            raise _malformed(f"{at}/credentialId", "is no valid credential of yours whose holder's key is kept here")
        offered = _offered(asking.question, one.part_id, mine)
        if isinstance(offered, Unmatched) or offered.hindrance is not None:
            reason = offered.reason if isinstance(offered, Unmatched) else str(offered.hindrance)
            raise _malformed(f"{at}/credentialId", reason)
        pointers = offered.pointers
        if one.reveal is not None:
            if offered.is_whole or not set(one.reveal) <= set(pointers):
                raise _malformed(f"{at}/reveal", "may name what is asked for alone, of what can be shown in part")
            pointers = one.reveal
        return PresentationWish(
            holder_did=mine.record.holder_did,
            challenge=asking.nonce,
            domain=asking.client_id,
            credential_ids=(one.credential_id,),
            reveals=() if offered.is_whole else (pointers,),
        )

    def _part(self, question: Question, part: Part, own: Sequence[_Own], work: Work) -> AskedPart:
        offered = []
        reasons: dict[str, None] = {}
        for mine in own:
            found = _offered(question, part.part_id, mine, work)
            if isinstance(found, Unmatched):
                reasons[found.reason] = None
            else:
                offered.append(found)
        unmet = None
        if not any(one.hindrance is None for one in offered):
            told = next((one.hindrance for one in offered), None) or next(iter(reasons), None)
            # Of several reasons none speaks for all.
            unmet = told if told is not None and len(reasons) <= 1 else "None of your credentials answers this."
        return AskedPart(part, question.asked(part.part_id), tuple(offered), unmet)

    def _own(self, caller: Caller) -> tuple[_Own, ...]:
        """The caller's valid credentials about DIDs whose keys are kept here, the newest first."""
        now = self._clock.now()
        with self._units(write=False) as uow:
            dids = sorted(owned_dids(uow, caller.person)) if caller.person is not None else []
            wanted = CredentialFilter(status=CredentialStatus.VALID)
            found = [
                record
                for did in dids
                for record in uow.credentials.list(
                    replace(wanted, holder_did=did), now=now, limit=OWN_MOST, cursor=None
                ).items
            ]
        found.sort(key=lambda one: one.issued_at, reverse=True)
        return tuple(one for record in found[:OWN_MOST] if (one := self._asked(record)) is not None)

    def _asked(self, record: CredentialRecord) -> _Own | None:
        try:
            source = source_of(record)
            is_narrowable = can_be_shown_in_part(record)
            listed = choices_of(source) if is_narrowable else ()
        except (CredentialErased, VcError):
            return None
        candidate = self._candidates.of(source)
        if candidate is None:
            return None
        return _Own(record, candidate, is_narrowable, tuple(_path(one.pointer) for one in listed if one.is_mandatory))

    def _reference(self, request: str) -> str:
        """The reference at the end of a request's address; what leads elsewhere is none of ours."""
        text = request.strip()
        if text.startswith("openid4vp:"):
            # Its query alone is looked at: what stands before it may be no address at all.
            query = text.partition("#")[0].partition("?")[2]
            text = next(iter(parse_qs(query).get("request_uri", ())), "")
        prefix = f"{self._public_url}{REQUESTS_PATH}"
        if "/" in text:
            if not text.startswith(prefix):
                raise PresentationNotFound(_NO_REQUEST)
            text = text.removeprefix(prefix)
        if not text.isalnum():
            raise PresentationNotFound(_NO_REQUEST)
        return text


def _require_exact(question: Question, chosen: Sequence[Chosen]) -> None:
    """Refuse what no verifier would take, before anything is signed.

    Raises:
        MalformedBody: Other parts than those that had to be, one twice, or a credential twice for one.
    """
    fault = question.exact_fault({one.part_id for one in chosen})
    if fault is not None:
        raise _malformed("/answers", fault)
    seen: set[tuple[str, str]] = set()
    for index, one in enumerate(chosen):
        mine = (one.part_id, one.credential_id if question.allows_many(one.part_id) else "")
        if mine in seen:
            raise _malformed(f"/answers/{index}", "answers what is answered before it already")
        seen.add(mine)


def _offered(question: Question, part_id: str, mine: _Own, work: Work | None = None) -> Offered | Unmatched:
    """What a credential would show for a part, or why it does not answer it."""
    found = question.match(part_id, mine.candidate, work)
    if not isinstance(found, Matched):
        return found
    shown = _would_show(mine, found.paths)
    beyond = question.beyond((part_id,), shown, found.paths)
    hindrance = _TOO_MUCH if beyond.is_fault else None
    if mine.candidate.form == JWT_VC and question.wants_tokens:
        hindrance = _AS_TOKEN
    return Offered(mine.record, found.pointers, beyond.pointers, not mine.is_narrowable, hindrance)


def _would_show(mine: _Own, asked: Sequence[Path]) -> Candidate:
    """The credential as a verifier would see it: all of it, or what is asked for and what is always shown."""
    if not mine.is_narrowable:
        return mine.candidate
    kept = frozenset((*asked, *mine.mandatory))
    if mine.candidate.form == SD_JWT:
        # What stands around something that is shown is shown as well.
        around = frozenset(one[:length] for one in kept for length in range(len(one)))
        parts = mine.candidate.choosable or frozenset()
        hidden = frozenset(one for one in parts if one not in around and not is_within(one, kept))
        leaves = [leaf for leaf in mine.candidate.claim_leaves() if not is_within(leaf, hidden)]
    else:
        leaves = [leaf for leaf in mine.candidate.claim_leaves() if is_within(leaf, kept)]
    return _Narrowed(
        mine.candidate.form,
        mine.candidate.document,
        mine.candidate.types,
        mine.candidate.proofs,
        choosable=frozenset(asked) if mine.candidate.form == SD_JWT else None,
        leaves=tuple(leaves),
    )


@dataclass(frozen=True, slots=True)
class _Narrowed(Candidate):
    """A credential of which only some claims would be shown."""

    leaves: tuple[Path, ...] = ()

    def claim_leaves(self) -> Iterable[Path]:  # type: ignore[override]
        return self.leaves


def _path(pointer: str) -> Path:
    """A pointer as a path; numbers are indexes, as in every document that a pointer was made from."""
    return tuple(int(step) if step.isdecimal() else step for step in steps_of(pointer))


def _fewest(question: Question, ready: Sequence[str]) -> tuple[str, ...] | None:
    """The fewest parts that answer a question; None where none do."""
    sizes = chain.from_iterable(combinations(ready, size) for size in range(1, len(ready) + 1))
    return next((one for one in islice(sizes, _TRIES_MOST) if question.exact_fault(one) is None), None)


def _body(asking: Asking, chosen: Sequence[Chosen], made: Sequence[JSONValue]) -> bytes:
    """What a wallet would post."""
    members = {"state": asking.state}
    definition = asking.question.definition
    if definition is None:
        tokens: dict[str, list[JSONValue]] = {}
        for one, presentation in zip(chosen, made, strict=True):
            tokens.setdefault(one.part_id, []).append(presentation)
        members["vp_token"] = json.dumps(tokens)
        return urlencode(members).encode("ascii")
    entries = [
        Mapped(one.part_id, _steps(f"$[{index}]", presentation))
        for index, (one, presentation) in enumerate(zip(chosen, made, strict=True))
    ]
    members["vp_token"] = json.dumps([*made])
    members["presentation_submission"] = json.dumps(spelled(definition.definition_id, asking.reference, entries))
    return urlencode(members).encode("ascii")


def _steps(path: str, presentation: JSONValue) -> tuple[Step, ...]:
    if isinstance(presentation, str):
        return (Step(path, SD_JWT),)
    return (Step(path, "ldp_vp"), Step("$.verifiableCredential[0]", "ldp_vc"))


def _malformed(pointer: str, detail: str) -> MalformedBody:
    return MalformedBody("The request cannot be answered so.", faults=[Fault(pointer, "INVALID_VALUE", detail)])
