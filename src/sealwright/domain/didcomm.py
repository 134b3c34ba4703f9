"""Conversations over DIDComm: threads of messages and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

# The label under which a message is sealed that waits to be sent.
SEALED_MESSAGE: Final = "didcomm"


class Direction(StrEnum):
    """Which way a message went."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class ThreadState(StrEnum):
    """Where an exchange stands; the last two are final."""

    PROPOSED = "proposed"
    OFFERED = "offered"
    REQUESTED = "requested"
    ISSUED = "issued"
    PRESENTATION_REQUESTED = "presentation_requested"
    PRESENTED = "presented"
    MESSAGE = "message"
    DONE = "done"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class DidcommThread:
    """A thread between one DID of ours and one of theirs; messages of others never enter it.

    Args:
        own_did: Ours, canonical.
        their_did: Theirs, as authenticated.
        offer_id: The offer that it delivers, if any.
        credential_id: The credential it is about, if any.
    """

    thread_id: str
    own_did: str
    their_did: str
    state: ThreadState
    created_at: datetime
    updated_at: datetime
    offer_id: str | None = None
    credential_id: str | None = None
    version: int = 1


@dataclass(frozen=True, slots=True, repr=False)
class DidcommMessage:
    """A message of a thread.

    Args:
        sealed: What is to be sent, sealed under the key-encryption key until it has left; None for inbound ones, after
            it left, and after erasure. The plaintext is never kept in clear.
        type: The message type's address.
    """

    message_id: str
    thread_id: str
    type: str
    direction: Direction
    at: datetime
    sealed: bytes | None = None

    def __repr__(self) -> str:
        return f"DidcommMessage({self.message_id!r})"
