"""Presentations over DIDComm: asked for in a thread, shown by its other side, judged over verified bytes.

Spec: Present Proof Protocol 3.0; Aries RFC 0510, "Presentation-Exchange Attachment format".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

from sealwright.domain.delivery_errors import DidcommInvalid
from sealwright.domain.didcomm import ThreadState
from sealwright.domain.errors import MalformedBody
from sealwright.protocols.didcomm import types
from sealwright.protocols.didcomm.errors import MessageRefused
from sealwright.protocols.didcomm.issuing import read_attached
from sealwright.protocols.didcomm.message import Attachment, Message
from sealwright.services.didcomm_values import Outcome, Received, answer, report
from sealwright.services.office_secrets import OfficeSecrets
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.services.verification import PresentationOptions, Verifier
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import Fault

DEFINITION_FORMAT: Final = "dif/presentation-exchange/definitions@v1.0"
SUBMISSION_FORMAT: Final = "dif/presentation-exchange/submission@v1.0"
_SECRET: Final = "didcomm-presentation"  # noqa: S105 - names what is derived
_NOT_ASKED: Final = "No presentation was asked for in this thread, or it was shown already."
_NOT_PROVED: Final = "The presentation could not be verified."


class PresentationJudge(Protocol):
    """Judges a presentation that somebody showed."""

    def holds(self, presentation: Mapping[str, JSONValue], *, holder: str, challenge: str, domain: str) -> bool:
        """Tell whether it and every credential in it verify, for this holder and these words."""


class VerifiedPresentations:
    """Judges by the one verifier of the office."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier

    def holds(self, presentation: Mapping[str, JSONValue], *, holder: str, challenge: str, domain: str) -> bool:
        """Tell whether it verifies and names this holder; a presentation without credentials shows nothing."""
        options = PresentationOptions(challenge=challenge, domain=domain)
        verified = self._verifier.verify_presentation(dict(presentation), options)
        # What was issued to others shows nothing of whoever shows it.
        is_about_holder = all(one.holder_did == holder for one in verified.credentials)
        named = presentation.get("holder")
        shown = named.get("id") if isinstance(named, dict) else named
        return bool(verified) and shown == holder and bool(verified.credentials) and is_about_holder


class DidcommPresenting:
    """The verifier's side of the protocol."""

    def __init__(
        self, *, units: UnitOfWorkFactory, secrets: OfficeSecrets, judge: PresentationJudge, public_url: str
    ) -> None:
        self._units = units
        self._secrets = secrets
        self._judge = judge
        self._public_url = public_url

    def asked(self, uow: UnitOfWork, thread_id: str, message: Message) -> Message:
        """A request for a presentation, with the challenge and domain that the answer must be made for.

        Raises:
            MalformedBody: No definition is attached, or it brings a challenge of its own.
        """
        self._secrets.ready(uow)
        require_definition(message.attachments)
        return replace(message, attachments=tuple(self._challenged(one, thread_id) for one in message.attachments))

    def judge(self, message: Message, own_did: str, their_did: str) -> bool | None:
        """Judge the presentation in a message, outside of any transaction; None for every other message."""
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
        try:
            shown = read_attached(message, SUBMISSION_FORMAT)
        except MessageRefused as error:
            raise DidcommInvalid(error.detail) from error
        challenge = self._secrets.token(_SECRET, message.thread)
        return self._judge.holds(shown, holder=their_did, challenge=challenge, domain=self._public_url)

    def presented(self, received: Received) -> Outcome:
        """Take a presentation in, and tell whether it holds."""
        thread = received.thread
        if thread is None or thread.state is not ThreadState.PRESENTATION_REQUESTED or received.verdict is None:
            raise DidcommInvalid(_NOT_ASKED)
        if not received.verdict:
            ended = received.moved(ThreadState.ABANDONED)
            return Outcome(ended, (report(ended, "e.p.trust.presentation", _NOT_PROVED, received.now),))
        shown = received.moved(ThreadState.PRESENTED)
        return Outcome(shown, (answer(shown, types.PRESENT_ACK, received.now, {"status": "OK"}),))

    def _challenged(self, attachment: Attachment, thread_id: str) -> Attachment:
        if attachment.format != DEFINITION_FORMAT or not isinstance(attachment.data, dict):
            return attachment
        options = attachment.data.get("options", {})
        assert isinstance(options, dict)
        own: dict[str, JSONValue] = {
            "challenge": self._secrets.token(_SECRET, thread_id),
            "domain": self._public_url,
        }
        return replace(attachment, data={**attachment.data, "options": {**options, **own}})


def require_definition(attachments: Sequence[Attachment]) -> None:
    """Refuse a request for a presentation without a definition, or with a challenge of the caller's own.

    Raises:
        MalformedBody: With the fault.
    """
    definitions = [one.data for one in attachments if one.format == DEFINITION_FORMAT]
    if len(definitions) != 1 or not isinstance(definitions[0], dict):
        raise _malformed("/message/attachments", f"must hold one of format {DEFINITION_FORMAT}")
    options = definitions[0].get("options", {})
    if not isinstance(options, dict) or options.keys() & {"challenge", "domain"}:
        raise _malformed("/message/attachments", "must leave challenge and domain to this office")


def _malformed(pointer: str, detail: str) -> MalformedBody:
    return MalformedBody("The message cannot be sent.", faults=[Fault(pointer, "INVALID_VALUE", detail)])
