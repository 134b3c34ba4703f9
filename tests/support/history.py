"""What clients asked and what they heard: the only witness that the invariants' checker trusts."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

import msgspec

ISSUE: Final = "issue"
BATCH: Final = "batch"
REVOKE: Final = "revoke"
ASK: Final = "ask"
DECIDE: Final = "decide"
# Work: a role is claimed, a step begun and handed in, and the grant that opened it is revoked.
CLAIM: Final = "claim"
START: Final = "start"
COMPLETE: Final = "complete"
LOSE: Final = "lose"
MOST_TROUBLES: Final = 20_000


class Outcome(StrEnum):
    """What a client knows of a call: it was done, it was refused, or nothing that can be relied on."""

    OK = "ok"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class _Issued(msgspec.Struct, rename="camel"):
    """An answer to an issue, with the credential as the bytes that were sent."""

    credential: msgspec.Raw
    credential_id: str
    status_list_index: int | None
    status_list_credential: str | None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A credential as its issuer was handed it."""

    credential_id: str
    document: bytes
    index: int | None
    list_url: str | None


@dataclass(slots=True)
class Wish:
    """One call that a client made, as often as it took, under one Idempotency-Key.

    Args:
        act: ISSUE, BATCH, REVOKE, ASK or DECIDE; CLAIM, START, COMPLETE or LOSE.
        subject: The credential to revoke, the request to decide, the step, or the grant to lose; else empty.
        path: Where it goes, unless the act says it alone.
        token: Who calls, if not the issuer's key.
        has_rival: Somebody else decides the same version of the same request, so one of the two is refused.
        answers: Every 2xx body that came back; with one key they must all be the same.
    """

    act: str
    key: str
    body: bytes
    subject: str = ""
    path: str = ""
    token: str = field(default="", repr=False)
    has_rival: bool = False
    outcome: Outcome = Outcome.UNKNOWN
    status: int | None = None
    tries: int = 0
    answers: list[bytes] = field(default_factory=list)

    @property
    def body_digest(self) -> bytes:
        """SHA-256 of the body."""
        return hashlib.sha256(self.body).digest()

    def acknowledged(self) -> Acknowledged | None:
        """The credential that was answered; None unless an issue succeeded."""
        if self.act != ISSUE or not self.answers:
            return None
        found = msgspec.json.decode(self.answers[0], type=_Issued)
        return Acknowledged(
            found.credential_id, bytes(found.credential), found.status_list_index, found.status_list_credential
        )


@dataclass(frozen=True, slots=True)
class Trouble:
    """An answer of 500 or more."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Sighting:
    """A question that began after a revocation was answered, and what was heard."""

    credential_id: str
    still_good: bool


class History:
    """Everything that the clients of one test did. Safe to write to from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wishes: list[Wish] = []
        self.troubles: list[Trouble] = []
        self.sightings: list[Sighting] = []

    def begin(self, wish: Wish) -> Wish:
        """Note a call before it is made."""
        with self._lock:
            self._wishes.append(wish)
        return wish

    def note(self, wish: Wish, status: int, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Note what came back: only 2xx means done, and a first call that still runs is no answer."""
        wish.tries += 1
        wish.status = status
        if 200 <= status < 300:
            wish.answers.append(body)
            wish.outcome = Outcome.OK
        elif status >= 500:
            with self._lock:
                if len(self.troubles) < MOST_TROUBLES:
                    self.troubles.append(Trouble(status, headers, body))
        elif wish.outcome is not Outcome.OK and code_of(body) != "IDEMPOTENCY_IN_PROGRESS":
            wish.outcome = Outcome.REFUSED
        return wish.outcome

    def lost(self, wish: Wish) -> None:
        """Note that no answer came."""
        wish.tries += 1

    def see(self, sighting: Sighting) -> None:
        """Note what was seen of a revoked credential."""
        with self._lock:
            self.sightings.append(sighting)

    def copy(self) -> History:
        """The same history, to be changed."""
        twin = History()
        twin._wishes = [replace(wish, answers=list(wish.answers)) for wish in self._wishes]
        twin.troubles, twin.sightings = list(self.troubles), list(self.sightings)
        return twin

    @property
    def wishes(self) -> tuple[Wish, ...]:
        """All calls, in the order in which they began."""
        with self._lock:
            return tuple(self._wishes)

    def of(self, act: str, outcome: Outcome | None = None) -> Iterator[Wish]:
        """Calls of one kind and outcome."""
        return (one for one in self.wishes if one.act == act and outcome in (None, one.outcome))

    def counts(self) -> dict[str, int]:
        """How many calls of each outcome, and answers of 500 or more."""
        found = {outcome.value: 0 for outcome in Outcome}
        for wish in self.wishes:
            found[wish.outcome.value] += 1
        return {**found, "answers_5xx": len(self.troubles)}


def code_of(body: bytes) -> str:
    """The code of a problem; empty if the body is none."""
    try:
        found: Any = json.loads(body)
    except ValueError:
        return ""
    return str(found.get("code", "")) if isinstance(found, dict) else ""
