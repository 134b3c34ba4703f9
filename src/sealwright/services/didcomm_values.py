"""What the rooms of DIDComm hand each other."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from sealwright.domain.audit import AuditEntry
from sealwright.domain.didcomm import DidcommMessage, DidcommThread, ThreadState
from sealwright.domain.errors import MalformedBody
from sealwright.domain.ids import new_id
from sealwright.domain.people import Actor, ActorKind
from sealwright.protocols.didcomm import types
from sealwright.protocols.didcomm.errors import MessageRefused
from sealwright.protocols.didcomm.message import Attachment, Message, read_attachments
from sealwright.services.ports import UnitOfWork
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import Fault

# Who acts where a message of somebody else brings something about.
PEER: Final = Actor(ActorKind.SYSTEM, "didcomm", "authcrypt")
# A thread that is over is kept so long for whoever reads it; ids of messages are remembered longer than their threads.
THREADS_KEPT: Final = timedelta(days=30)
FINAL_STATES: Final = frozenset({ThreadState.DONE, ThreadState.ABANDONED})
_KNOWN_TYPES: Final = frozenset(value for name, value in vars(types).items() if name.isupper())


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to send.

    Args:
        sender: A DID kept here.
        credential_id: Offers this credential; a message of one's own has `type` and `body` instead.
        is_returned: The packed message is given back, for a road of the caller's own, and not posted.
    """

    sender: str
    recipient: str
    credential_id: str | None = None
    type: str | None = None
    body: Mapping[str, JSONValue] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    is_returned: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """A message on its way, or packed for the caller's own road."""

    message_id: str
    thread: DidcommThread
    packed: bytes | None = None


@dataclass(frozen=True, slots=True)
class ThreadView:
    """A thread and its messages, oldest first; and the report on what was shown in it, while it is kept."""

    thread: DidcommThread
    messages: tuple[DidcommMessage, ...]
    presentation: Mapping[str, JSONValue] | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """An authenticated message, in the transaction that takes it in.

    Args:
        thread: As it was before, locked; None for a new one.
        verdict: The report on the presentation in it; None for every other message.
    """

    uow: UnitOfWork
    message: Message
    own_did: str
    their_did: str
    now: datetime
    thread: DidcommThread | None
    verdict: Mapping[str, JSONValue] | None = None

    def moved(self, state: ThreadState) -> DidcommThread:
        """The thread in a state, begun by this message where it is new; not stored yet."""
        if self.thread is None:
            return DidcommThread(self.message.thread, self.own_did, self.their_did, state, self.now, self.now)
        return replace(self.thread, state=state, updated_at=self.now, version=self.thread.version + 1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a message has brought about: its thread from now on, and what is to be answered.

    Args:
        is_stored: The thread's row is written already.
    """

    thread: DidcommThread
    answers: tuple[Message, ...] = ()
    is_stored: bool = False


class Handler(Protocol):
    """Takes one kind of message in; raises DidcommInvalid to leave everything as it was."""

    def __call__(self, received: Received) -> Outcome: ...


def attachments_of(source: JSONValue) -> tuple[Attachment, ...]:
    """Attachments as a caller gives them; raises MalformedBody."""
    try:
        return read_attachments(source)
    except MessageRefused as error:
        fault = Fault("/message/attachments", "INVALID_VALUE", error.detail)
        raise MalformedBody("The message cannot be sent.", faults=[fault]) from error


def answer(
    thread: DidcommThread,
    kind: str,
    now: datetime,
    body: Mapping[str, JSONValue] | None = None,
    attachments: tuple[Attachment, ...] = (),
) -> Message:
    """A message of ours in a thread."""
    return Message(
        id=new_id("msg"),
        type=kind,
        body=body or {},
        sender=thread.own_did,
        to=(thread.their_did,),
        thid=thread.thread_id,
        created=int(now.timestamp()),
        attachments=attachments,
    )


def opening(message: Message) -> Message:
    """A message of ours that begins its thread: both have one id, as the specification wants it."""
    return replace(message, id=message.thread)


def report(thread: DidcommThread, code: str, comment: str, now: datetime) -> Message:
    """A problem report about a thread; the comment is fixed for its code, and quotes nothing."""
    made = answer(thread, types.PROBLEM_REPORT, now, {"code": code, "comment": comment})
    return replace(made, pthid=thread.thread_id)


def thread_event(
    action: str, thread: DidcommThread, actor: Actor, at: datetime, message: tuple[str, str]
) -> AuditEntry:
    """Word the audit row of a message: ids, digests and states; a stranger's own words stand nowhere.

    Args:
        message: Its id and type.
    """
    message_id, kind = message
    return AuditEntry(
        actor=actor,
        action=action,
        object_type="didcomm_thread",
        object_id=thread.thread_id,
        at=at,
        after={"state": thread.state.value},
        data={
            "messageDigest": hashlib.sha256(message_id.encode()).hexdigest(),
            "type": kind if kind in _KNOWN_TYPES else "other",
            "issuerDid": thread.own_did,
            "offerId": thread.offer_id,
            "credentialId": thread.credential_id,
        },
    )
