"""Asking a wallet to show a credential in person: a code is shown, a wallet answers, whoever asked reads the verdict.

A request is answered once, within minutes, for our own nonce. What was shown is kept until the request's time is over,
and no longer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from sealwright.domain.delivery_errors import PresentationNotFound
from sealwright.domain.ids import new_id
from sealwright.domain.people import Caller
from sealwright.domain.presenting import PresentationRequest, PresentationState
from sealwright.protocols.openid4vp.answering import (
    AnswerRefused,
    WalletReply,
    read_dcql_token,
    read_exchanged,
    read_reply,
    read_vp_token,
)
from sealwright.protocols.openid4vp.asking import dcql_query
from sealwright.protocols.openid4vp.requests import WalletRequest
from sealwright.services.office_secrets import OfficeSecrets, same_secret, secret_digest
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.presentation_judging import Judging, declined
from sealwright.services.presentation_kinds import AskableKind, askable_kinds, asked_of, kind_named, require_claims
from sealwright.services.presentation_questions import DCQL, Question, read_question, require_question
from sealwright.services.presentation_reading import PresentationReader
from sealwright.services.query_candidates import Candidates
from sealwright.services.query_judging import QueryJudging
from sealwright.services.registry import Registry, RegistryView
from sealwright.services.verification import Verifier
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.encoding.strict_json import JSONValue

# So long may a wallet answer; what it showed can be read until twice that.
ANSWER_LIFE: Final = timedelta(minutes=5)
KEPT: Final = timedelta(minutes=10)
ANYONE: Final = "anyone"
REQUESTS_PATH: Final = "/oid4vp/requests/"
ANSWERS_PATH: Final = "/oid4vp/answers/"
_MISSING: Final = "There is no such request for a presentation, or its time is over."
_MayRead: TypeAlias = "Callable[[PresentationRequest], bool]"
_WAITING: Final = frozenset({PresentationState.CREATED, PresentationState.FETCHED})


@dataclass(frozen=True, slots=True)
class MadeRequest:
    """A request for a presentation with what its rows do not hold.

    Args:
        kind: What is asked for; None where the question is in the caller's own words.
        deep_link: What the code says, and what a link on the same device opens.
        reader: The secret that reads the result where nobody is signed in; None where somebody is.
        answer_by: Until when a wallet may answer.
    """

    request: PresentationRequest
    kind: AskableKind | None
    request_uri: str
    deep_link: str
    reader: str | None
    answer_by: datetime


@dataclass(frozen=True, slots=True)
class Asking:
    """A request that waits for its answer, as whoever answers it sees it.

    Args:
        name: Of whoever asks.
        client_id: The audience that an answer must be made for.
        answer_by: Until when it may be answered.
    """

    reference: str
    question: Question
    name: str
    nonce: str
    state: str
    client_id: str
    answer_by: datetime


class PresentingDesk:
    """Requests for presentations, their answers, and the verdicts on them."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        secrets: OfficeSecrets,
        verifier: Verifier,
        registry: Registry,
        clock: Clock,
        canon: Canonicalizer,
        public_url: str,
    ) -> None:
        self._units = units
        self._secrets = secrets
        self._registry = registry
        self._clock = clock
        self._public_url = public_url
        reader = PresentationReader(verifier=verifier, registry=registry, units=units, public_url=public_url)
        self._judging = Judging(reader, public_url)
        self.queries = QueryJudging(reader, Candidates(canon))

    # -- whoever asks ------------------------------------------------------------------------------

    def kinds(self, caller: Caller | None) -> tuple[AskableKind, ...]:
        """What this caller may ask for."""
        with self._units(write=False) as uow:
            return askable_kinds(uow, caller)

    def ask(self, uow: UnitOfWork, caller: Caller | None, credential_type: str, claims: Sequence[str]) -> MadeRequest:
        """Make a request; anyone may, for public types.

        Args:
            claims: Names of claims; empty asks only whether somebody holds such a credential.

        Raises:
            TypeNotFound: Unknown, or hidden from this caller.
            MalformedBody: A claim that such credentials do not have.
        """
        kind = kind_named(askable_kinds(uow, caller), credential_type)
        return self._ask(uow, caller, kind, require_claims(kind, claims), None)

    def ask_query(self, uow: UnitOfWork, caller: Caller, query: Mapping[str, JSONValue]) -> MadeRequest:
        """Make a request in the caller's own words.

        Args:
            query: One member: `presentationDefinition` or `dcqlQuery`.

        Raises:
            MalformedBody: Malformed, or asking for what cannot be checked here.
        """
        require_question(query)
        return self._ask(uow, caller, None, (), query)

    def _ask(
        self,
        uow: UnitOfWork,
        caller: Caller | None,
        kind: AskableKind | None,
        wanted: tuple[str, ...],
        query: Mapping[str, JSONValue] | None,
    ) -> MadeRequest:
        self._secrets.ready(uow)
        now, presentation_id = self._clock.now(), new_id("prs")
        request = PresentationRequest(
            presentation_id=presentation_id,
            digest=secret_digest(self._reference(presentation_id)),
            reader_digest=secret_digest(self._reader(presentation_id)),
            owner=caller.user_id if caller is not None else ANYONE,
            credential_type=kind.name if kind is not None else "",
            claims=wanted,
            created_at=now,
            expires_at=now + KEPT,
            query=query,
        )
        uow.presentations.add(request)
        return self._made(request, kind, Registry.within(uow, uow.office.epoch()))

    def ask_now(self, caller: Caller | None, credential_type: str, claims: Sequence[str]) -> MadeRequest:
        """`ask` in a unit of work of its own, for doors where nobody may be signed in."""
        with self._units() as uow:
            made = self.ask(uow, caller, credential_type, claims)
            uow.commit()
        return made

    def own(self, caller: Caller, presentation_id: str) -> MadeRequest:
        """A request that the caller made, with its answer once there is one.

        Raises:
            PresentationNotFound: Unknown, somebody else's, or its time is over.
        """
        return self._read(presentation_id, lambda request: request.owner == caller.user_id)

    def by_reader(self, presentation_id: str, reader: str) -> MadeRequest:
        """The same for whoever holds the secret that was given out when it was made."""
        given = secret_digest(reader).hex()
        return self._read(presentation_id, lambda request: same_secret(given, request.reader_digest.hex()))

    def _read(self, presentation_id: str, may_read: _MayRead) -> MadeRequest:
        with self._units(write=False) as uow:
            request = uow.presentations.get(presentation_id)
            if request is None or not may_read(request) or request.expires_at <= self._clock.now():
                raise PresentationNotFound(_MISSING)
            self._secrets.ready(uow)
            kind = _kind_of(uow, request)
        return self._made(self._aged(request), kind, self._registry.current())

    # -- wallets -----------------------------------------------------------------------------------

    def request_object(self, reference: str) -> str:
        """The request as a wallet fetches it, as often as it likes until its time is over.

        Raises:
            PresentationNotFound: Unknown, answered, or too late.
        """
        with self._units() as uow:
            request, kind = self._waiting(uow, reference)
            if request.state is PresentationState.CREATED:
                uow.presentations.update(replace(request, state=PresentationState.FETCHED))
                uow.commit()
        made = self._wallet_request(request, kind, self._registry.current())
        return made.request_object(request.created_at, request.created_at + ANSWER_LIFE)

    def asking(self, reference: str) -> Asking:
        """A request as one of this office's own people may answer it, with what an answer must be made for.

        Raises:
            PresentationNotFound: Unknown, answered, or too late.
        """
        with self._units(write=False) as uow:
            request, kind = self._waiting(uow, reference)
        made = self._wallet_request(request, kind, self._registry.current())
        query = request.query if made.asked is None else {DCQL: dcql_query(made.asked)}
        return Asking(
            reference=reference,
            question=read_question(query or {}),
            name=made.name,
            nonce=made.nonce,
            state=made.state,
            client_id=made.client_id,
            answer_by=request.created_at + ANSWER_LIFE,
        )

    def answer(self, reference: str, body: bytes) -> None:
        """Take a wallet's answer; the first one that can be read is the only one.

        Raises:
            AnswerRefused: It cannot be read, or is none to this request; nothing is changed.
            PresentationNotFound: Unknown, answered already, or too late.
        """
        reply = read_reply(body)
        with self._units(write=False) as uow:
            request, kind = self._waiting(uow, reference)
        wallet_request = self._wallet_request(request, kind, self._registry.current())
        if not same_secret(reply.state, wallet_request.state):
            raise AnswerRefused("The state is not the one of this request.")
        # Judged outside of the transaction that keeps it: verifying may take a while.
        report = self._judged(request, kind, reply, wallet_request)
        self._keep(reference, report)

    def _judged(
        self, request: PresentationRequest, kind: AskableKind | None, reply: WalletReply, made: WalletRequest
    ) -> dict[str, JSONValue]:
        nonce, audience = made.nonce, made.client_id
        if reply.vp_token is None:
            return declined(reply.error)
        if kind is not None:
            form, presentation = read_vp_token(reply.vp_token)
            return self._judging.judge(request, kind, form, presentation, nonce=nonce, audience=audience)
        question = read_question(request.query or {})
        if question.dcql is not None:
            shown = read_dcql_token(reply.vp_token, question.dcql)
            return self.queries.judge_dcql(question, shown, nonce=nonce, audience=audience)
        return self.queries.judge_exchanged(question, read_exchanged(reply), nonce=nonce, audience=audience)

    def _keep(self, reference: str, report: Mapping[str, JSONValue]) -> None:
        with self._units() as uow:
            request = self._locked(uow, reference)
            uow.presentations.update(
                replace(request, state=PresentationState.ANSWERED, answered_at=self._clock.now(), report=report)
            )
            uow.commit()

    def _waiting(self, uow: UnitOfWork, reference: str) -> tuple[PresentationRequest, AskableKind | None]:
        request = self._locked(uow, reference)
        self._secrets.ready(uow)
        return request, _kind_of(uow, request)

    def _locked(self, uow: UnitOfWork, reference: str) -> PresentationRequest:
        """The request, if it can still be answered; in a unit of work that writes, nobody else changes it meanwhile."""
        found = uow.presentations.by_digest(secret_digest(reference))
        request = uow.presentations.get_for_update(found.presentation_id) if found is not None else None
        if request is None or not self._is_waiting(request):
            raise PresentationNotFound(_MISSING)
        return request

    def _is_waiting(self, request: PresentationRequest) -> bool:
        return request.state in _WAITING and self._clock.now() < request.created_at + ANSWER_LIFE

    def _aged(self, request: PresentationRequest) -> PresentationRequest:
        if request.state in _WAITING and not self._is_waiting(request):
            return replace(request, state=PresentationState.EXPIRED)
        return request

    # -- addresses and secrets ---------------------------------------------------------------------

    def _made(self, request: PresentationRequest, kind: AskableKind | None, view: RegistryView) -> MadeRequest:
        wallet_request = self._wallet_request(request, kind, view)
        return MadeRequest(
            request=request,
            kind=kind,
            request_uri=wallet_request.request_uri,
            deep_link=wallet_request.deep_link(),
            reader=self._reader(request.presentation_id) if request.owner == ANYONE else None,
            answer_by=request.created_at + ANSWER_LIFE,
        )

    def _wallet_request(
        self, request: PresentationRequest, kind: AskableKind | None, view: RegistryView
    ) -> WalletRequest:
        reference = self._reference(request.presentation_id)
        return WalletRequest(
            request_uri=f"{self._public_url}{REQUESTS_PATH}{reference}",
            response_uri=f"{self._public_url}{ANSWERS_PATH}{reference}",
            nonce=self._secrets.token("presentation-nonce", request.presentation_id),
            state=self._secrets.token("presentation-state", request.presentation_id),
            asked=asked_of(kind, request.claims, self._public_url) if kind is not None else None,
            name=view.organization() or "Sealwright",
            query=request.query,
        )

    def _reference(self, presentation_id: str) -> str:
        # Short, because it stands in the code twice.
        return self._secrets.short("presentation", presentation_id)

    def _reader(self, presentation_id: str) -> str:
        return self._secrets.short("presentation-reader", presentation_id)


def _kind_of(uow: UnitOfWork, request: PresentationRequest) -> AskableKind | None:
    """What a request asks for, whoever may ask for it by now; None where it says so in words of its own.

    Raises:
        PresentationNotFound: The type is gone.
    """
    if request.query is not None:
        return None
    for kind in askable_kinds(uow, None, sees_all=True):
        if kind.name == request.credential_type:
            return kind
    raise PresentationNotFound(_MISSING)
