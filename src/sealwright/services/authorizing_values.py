"""Questions whether an agent may act, and their answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sealwright.domain.credentials import IdempotencyScope
from sealwright.domain.delegations import Approval, Delegation
from sealwright.domain.errors import MalformedBody, StoreUnavailable
from sealwright.domain.people import Caller
from sealwright.services.ports import StoredAnswer
from sealwright.vc.delegation.judging import ActContext, Reason
from sealwright.vc.delegation.narrowing import ACTION_MOST
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import Fault

_ACTION: Final = re.compile(r"[^\s*\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class ActQuestion:
    """May this agent do this now?

    Args:
        agent_did: Canonical or an alias.
        context: As it came: ``amount`` ``currency`` ``merchant`` ``schemaId`` ``region`` ``resource`` ``approved``.
        content: What would be signed or filed, as `act_contents` gives it; no limit asks for it, and an approval is
            good for nothing else.
        credential_id: The delegation to act under, by any of its names; None: whichever allows it.
        record: Count the act, where it is allowed, against every delegation of the chain.
        approval_id: What a person said to this act; counts once.
        via: Where the question comes from: ``api``, ``tools``, ``token``, ``page``, ``terminal``.
    """

    agent_did: str
    action: str
    context: Mapping[str, JSONValue] = field(default_factory=dict)
    credential_id: str | None = None
    record: bool = False
    approval_id: str | None = None
    via: str = "api"
    content: Mapping[str, JSONValue] = field(default_factory=dict)

    @property
    def whole(self) -> Mapping[str, JSONValue]:
        """All that an approval has to be for."""
        return {**self.context, **self.content}


@dataclass(frozen=True, slots=True)
class CheckedQuestion:
    """A question whose form is in order, as of the epoch that its caller was looked up under.

    Args:
        agent_did: Canonical.
        act: The context, read.
        digest: Of the whole act, as `digest_of_act` gives it. What would be signed may be large, and is not gone
            through while others wait for their answers.
    """

    question: ActQuestion
    caller: Caller
    agent_did: str
    act: ActContext
    digest: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to a question, which is on record.

    Args:
        chain: The delegations that decided, the root first; empty where the agent has none.
        reasons: Why not; empty where it is allowed.
        remaining: What is left of each budget after the act, for those whom it concerns; else None.
        call_id: The row that keeps question and answer.
    """

    allowed: bool
    agent_did: str
    action: str
    decided_at: datetime
    chain: tuple[Delegation, ...]
    reasons: tuple[Reason, ...]
    remaining: Mapping[str, JSONValue] | None
    call_id: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A verdict, or what a call with the same idempotency key was answered with before.

    Args:
        stored: The rendered answer, where the caller gave a key.
    """

    verdict: Verdict | None
    stored: StoredAnswer | None = None
    replayed: bool = False


@dataclass(slots=True)
class Inquiry:
    """A question on its way along the line.

    Args:
        render: Makes what an idempotency key keeps; needed with `scope`. None lets go of the key: whoever comes with it
            again is answered anew.
    """

    checked: CheckedQuestion
    scope: IdempotencyScope | None = None
    render: Callable[[Verdict], StoredAnswer | None] | None = None
    future: Future[Answered] = field(default_factory=Future)
    answered: Answered | None = None
    error: Exception | None = None
    approval: Approval | None = None

    def __post_init__(self) -> None:
        # A caller who hangs up must not be able to cancel what may already be counted.
        self.future.set_running_or_notify_cancel()

    @property
    def is_open(self) -> bool:
        """Tell whether it still waits for its answer."""
        return self.answered is None and self.error is None

    def settle(self) -> None:
        """Answer whoever waits."""
        if self.error is not None:
            self.future.set_exception(self.error)
        elif self.answered is not None:
            self.future.set_result(self.answered)
        else:
            self.future.set_exception(StoreUnavailable("The question was not answered."))


def require_action(action: str) -> None:
    """Refuse what names no single action.

    Raises:
        MalformedBody: Empty, over 255 characters, with spaces, or with the ``*`` that only delegation scopes have.
    """
    if len(action) > ACTION_MOST or _ACTION.fullmatch(action) is None:
        detail = f"must name one action: 1 to {ACTION_MOST} characters without spaces and without *"
        raise MalformedBody(
            "The action is not of the allowed form.", faults=[Fault("/action", "INVALID_VALUE", detail)]
        )
