"""Presentations over DIDComm: asked for in a thread, shown by its other side, judged over verified bytes.

Spec: Present Proof Protocol 3.0; Aries RFC 0510, "Presentation-Exchange Attachment format".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from sealwright.domain.delivery_errors import DidcommInvalid
from sealwright.domain.didcomm import ThreadState
from sealwright.domain.errors import MalformedBody
from sealwright.domain.presenting import PresentationRequest, PresentationState
from sealwright.protocols.didcomm import types
from sealwright.protocols.didcomm.errors import MessageRefused
from sealwright.protocols.didcomm.issuing import read_attached
from sealwright.protocols.didcomm.message import Attachment, Message
from sealwright.protocols.openid4vp.answering import AnswerRefused, Exchanged, read_dcql_token
from sealwright.protocols.presentation_exchange.submission import Mapped, Step, Submission, read_submission
from sealwright.protocols.queries import QueryRefused
from sealwright.services.didcomm_values import THREADS_KEPT, Outcome, Received, answer, report
from sealwright.services.office_secrets import OfficeSecrets, secret_digest
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.presentation_questions import DCQL, DEFINITION, Question, read_question, require_question
from sealwright.services.query_judging import QueryJudging
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import Fault

DEFINITION_FORMAT: Final = "dif/presentation-exchange/definitions@v1.0"
SUBMISSION_FORMAT: Final = "dif/presentation-exchange/submission@v1.0"
DCQL_FORMAT: Final = "openid4vp/dcql-query@v1.0"
DCQL_SHOWN_FORMAT: Final = "openid4vp/dcql-presentation@v1.0"
VERDICT_KEPT: Final = timedelta(days=1)
_ASKING: Final[Mapping[str, tuple[str, str]]] = {
    DEFINITION_FORMAT: ("presentation_definition", DEFINITION),
    DCQL_FORMAT: ("dcql_query", DCQL),
}
"""Formats of questions: the member that holds one, and its name among the questions that are kept."""

_KEPT_APART: Final = "didcomm-presentation-row"
_SECRET: Final = "didcomm-presentation"  # noqa: S105 - names what is derived
_NOT_ASKED: Final = "No presentation was asked for in this thread, or it was shown already."
_NOT_PROVED: Final = "The presentation could not be verified."


class DidcommPresenting:
    """The verifier's side of the protocol."""

    def __init__(
        self, *, units: UnitOfWorkFactory, secrets: OfficeSecrets, judge: QueryJudging, clock: Clock, public_url: str
    ) -> None:
        self._units = units
        self._secrets = secrets
        self._judge = judge
        self._clock = clock
        self._public_url = public_url

    def asked(self, uow: UnitOfWork, thread_id: str, message: Message) -> Message:
        """A request for a presentation, with the challenge and domain that the answer must be made for.

        What is asked is kept beside the thread, so that the answer can be compared with it.

        Raises:
            MalformedBody: No question is attached, or one that cannot be asked, or it brings a challenge of its own.
        """
        self._secrets.ready(uow)
        query, _ = require_query(message.attachments)
        now = self._clock.now()
        uow.presentations.add(
            PresentationRequest(
                presentation_id=thread_id,
                digest=secret_digest(self._secrets.token(_KEPT_APART, thread_id)),
                reader_digest=secret_digest(self._secrets.token(_KEPT_APART, f"{thread_id} reader")),
                owner=str(message.sender),
                credential_type="",
                claims=(),
                created_at=now,
                expires_at=now + THREADS_KEPT,
                query=query,
            )
        )
        return replace(message, attachments=tuple(self._challenged(one, thread_id) for one in message.attachments))

    def judge(self, message: Message, own_did: str, their_did: str) -> Mapping[str, JSONValue] | None:
        """The report on the presentation in a message, made outside of transactions; None for every other message."""
        if message.type != types.PRESENTATION:
            return None
        with self._units(write=False) as uow:
            thread = uow.didcomm.thread(message.thread)
            if thread is None or (thread.own_did, thread.their_did) != (own_did, their_did):
                raise DidcommInvalid(_NOT_ASKED)
            if thread.state is not ThreadState.PRESENTATION_REQUESTED:
                # Asked again once its row is locked; here, so that nobody has us verify what nobody waits for.
                raise DidcommInvalid(_NOT_ASKED)
            self._secrets.ready(uow)
            request = uow.presentations.get(message.thread)
        if request is None or request.query is None:
            raise DidcommInvalid(_NOT_ASKED)
        question = read_question(request.query)
        occasion = {"nonce": self._secrets.token(_SECRET, message.thread), "audience": self._public_url}
        try:
            if question.dcql is not None:
                shown = read_attached(message, DCQL_SHOWN_FORMAT)
                token = json.dumps(shown.get("vp_token"))
                answers = read_dcql_token(token, question.dcql)
                return self._judge.judge_dcql(question, answers, **occasion, sender=their_did)
            shown = read_attached(message, SUBMISSION_FORMAT)
            exchanged = Exchanged(dict(shown), _submission(message, shown, question))
        except MessageRefused as error:
            raise DidcommInvalid(error.detail) from error
        except AnswerRefused as error:
            raise DidcommInvalid(error.description) from error
        except QueryRefused as error:
            raise DidcommInvalid(f"The submission cannot be read: {error.detail}") from error
        return self._judge.judge_exchanged(question, exchanged, **occasion, sender=their_did)

    def presented(self, received: Received) -> Outcome:
        """Take a presentation in, and tell whether it holds."""
        thread = received.thread
        if thread is None or thread.state is not ThreadState.PRESENTATION_REQUESTED or received.verdict is None:
            raise DidcommInvalid(_NOT_ASKED)
        self._keep(received, received.verdict)
        if not received.verdict["verified"]:
            ended = received.moved(ThreadState.ABANDONED)
            return Outcome(ended, (report(ended, "e.p.trust.presentation", _NOT_PROVED, received.now),))
        shown = received.moved(ThreadState.PRESENTED)
        return Outcome(shown, (answer(shown, types.PRESENT_ACK, received.now, {"status": "OK"}),))

    def verdict(self, uow: UnitOfWork, thread_id: str) -> Mapping[str, JSONValue] | None:
        """The report on what was shown in a thread; None before, and once it is forgotten."""
        request = uow.presentations.get(thread_id)
        return request.report if request is not None and request.expires_at > self._clock.now() else None

    @staticmethod
    def _keep(received: Received, report: Mapping[str, JSONValue]) -> None:
        """Keep the report a while for whoever asked, and no longer."""
        request = received.uow.presentations.get_for_update(received.message.thread)
        if request is None or request.state is PresentationState.ANSWERED:
            raise DidcommInvalid(_NOT_ASKED)
        received.uow.presentations.update(
            replace(
                request,
                state=PresentationState.ANSWERED,
                answered_at=received.now,
                expires_at=received.now + VERDICT_KEPT,
                report=report,
            )
        )

    def _challenged(self, attachment: Attachment, thread_id: str) -> Attachment:
        if attachment.format not in _ASKING or not isinstance(attachment.data, dict):
            return attachment
        options = attachment.data.get("options", {})
        assert isinstance(options, dict)
        own: dict[str, JSONValue] = {
            "challenge": self._secrets.token(_SECRET, thread_id),
            "domain": self._public_url,
        }
        return replace(attachment, data={**attachment.data, "options": {**options, **own}})


def require_query(attachments: Sequence[Attachment]) -> tuple[dict[str, JSONValue], Question]:
    """The question of a request for a presentation.

    Raises:
        MalformedBody: None or several, one that cannot be asked, or with a challenge of the caller's own; with the
            fault.
    """
    asked = [one for one in attachments if one.format in _ASKING]
    if len(asked) != 1 or not isinstance(asked[0].data, dict):
        raise _malformed("/message/attachments", f"must hold one of format {' or '.join(_ASKING)}")
    (one,) = asked
    data = one.data
    assert isinstance(data, dict)
    options = data.get("options", {})
    if not isinstance(options, dict) or options.keys() & {"challenge", "domain"}:
        raise _malformed("/message/attachments", "must leave challenge and domain to this office")
    member, name = _ASKING[str(one.format)]
    query: dict[str, JSONValue] = {name: data.get(member)}
    return query, require_question(query, f"/message/attachments/{list(attachments).index(one)}/data/json")


def _submission(message: Message, shown: Mapping[str, JSONValue], question: Question) -> Submission:
    """Which credential answers which descriptor: as the presentation or its message says, else one by one in order."""
    stated = shown.get("presentation_submission", message.body.get("presentation_submission"))
    if stated is not None:
        return read_submission(stated)
    assert question.definition is not None
    entries = tuple(
        Mapped(one.descriptor_id, (Step(f"$.verifiableCredential[{index}]", "ldp_vc"),))
        for index, one in enumerate(question.definition.descriptors)
    )
    return Submission(question.definition.definition_id, entries)


def _malformed(pointer: str, detail: str) -> MalformedBody:
    return MalformedBody("The message cannot be sent.", faults=[Fault(pointer, "INVALID_VALUE", detail)])
