"""Capability tokens of agents whose keys are kept here: made for one act that is allowed now, and verified for others.

A token carries its whole chain, so that a resource server can check it by what the office publishes. Making one counts
nothing: the act is counted when the server that it is for asks.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.delegation_errors import REFUSALS, DelegationInvalid, DelegationNotFound
from sealwright.domain.delegations import Delegation
from sealwright.domain.dids import DIDKind, DIDRecord
from sealwright.domain.errors import DIDDeactivated, DIDRecordNotFound, MalformedBody, NotDIDOwner, SigningFailed
from sealwright.domain.people import Caller
from sealwright.protocols.capability.refusals import TokenRefused
from sealwright.protocols.capability.token import (
    Grounds,
    check_token_signature,
    read_token,
    require_audience,
    token_input,
)
from sealwright.services.authorizing import Authorizing, digest_of_act
from sealwright.services.authorizing_values import ActQuestion, Verdict
from sealwright.services.delegation_ground import DelegationGround
from sealwright.services.holder_signing import token_method
from sealwright.services.ports import UnitOfWork
from sealwright.services.registry import RegistryView
from sealwright.services.resolving import resolved_from_record
from sealwright.services.stored_credentials import is_compact
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import Fault
from sealwright.vc.keys import jose
from sealwright.vc.keys.multikey import decode_multikey
from sealwright.vc.proofs.compact import sealed

USUAL_LIFE: Final = timedelta(minutes=2)
VIA: Final = "token"
_NO_AGENT: Final = "No such agent is kept here."
MayActFor = Callable[[Caller, DIDRecord], bool]


@dataclass(frozen=True, slots=True)
class TokenWish:
    """A token that an agent wants.

    Args:
        agent_did: Canonical or an alias.
        audience: The address of the server that it is for.
        jkt: Thumbprint of the key that the agent proves to hold when it comes with the token.
        context: Values of the act, without `approved`.
        credential_id: The delegation to act under; None takes the newest that allows it.
        approval_id: Of a person, for exactly this act.
    """

    agent_did: str
    audience: str
    action: str
    jkt: str
    context: Mapping[str, JSONValue] = field(default_factory=dict)
    credential_id: str | None = None
    approval_id: str | None = None
    life: timedelta = USUAL_LIFE


@dataclass(frozen=True, slots=True)
class ReadyToken:
    """A token whose act is allowed, and which lacks its signature only.

    Args:
        chain: The delegations that allow it, the root first.
        call_id: The record of the answer that it was allowed.
    """

    wish: TokenWish
    agent: DIDRecord
    chain: tuple[Delegation, ...]
    call_id: str


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A signed token, once."""

    text: str
    token_id: str
    expires_at: datetime
    ready: ReadyToken


class CapabilityTokens:
    """Makes tokens."""

    def __init__(self, ground: DelegationGround, authorizing: Authorizing) -> None:
        self._access = ground.access
        self._keys = ground.keys
        self._clock = ground.clock
        self._authorizing = authorizing

    def ready(self, caller: Caller, wish: TokenWish, view: RegistryView) -> ReadyToken:
        """Look whether the agent may do what the token is for; the answer is on record either way.

        Raises:
            DIDRecordNotFound: No agent of this DID is kept here.
            NotDIDOwner: It is somebody else's.
            DIDDeactivated: It is ended, or none of its keys signs tokens here.
            MalformedBody: Audience, action or context are not of their form.
            DelegationRefused, DelegationNotFound: By the first reason why not.
        """
        agent = acting_agent(self._access.may_act_for, caller, view.did(wish.agent_did))
        try:
            require_audience(wish.audience)
        except TokenRefused as error:
            fault = Fault("/audience", "INVALID_VALUE", error.detail)
            raise MalformedBody("The audience is not of the allowed form.", faults=[fault]) from None
        if "approved" in wish.context:
            fault = Fault("/context/approved", "UNKNOWN_FIELD", "name the approval with approvalId")
            raise MalformedBody("An agent does not approve its own acts.", faults=[fault])
        question = ActQuestion(
            agent_did=agent.did,
            action=wish.action,
            context=wish.context,
            credential_id=wish.credential_id,
            approval_id=wish.approval_id,
            via=VIA,
        )
        verdict = self._authorizing.ask(caller, question)
        require_allowed(verdict)
        return ReadyToken(replace(wish, agent_did=agent.did), agent, verdict.chain, verdict.call_id)

    def make(self, uow: UnitOfWork, caller: Caller, ready: ReadyToken) -> MadeToken:
        """Sign what is ready, and put on record that it was signed.

        Raises:
            DIDRecordNotFound, NotDIDOwner, DIDDeactivated: The agent is not what it was.
            DelegationInvalid: The chain does not fit into a token.
            SigningFailed, Sealed: The key does not sign now.
        """
        wish, now = ready.wish, self._clock.now()
        agent = acting_agent(self._access.may_act_for, caller, uow.dids.get(ready.agent.did))
        method = token_method(agent)
        key = uow.keys.get(method.key_id) if method is not None else None
        if method is None or key is None:
            raise DIDDeactivated(f"No key of {agent.did} that is kept here signs tokens.")
        grounds = Grounds(
            agent=agent.did,
            principal=ready.chain[0].delegator_did,
            audience=wish.audience,
            action=wish.action,
            context=wish.context,
            chain=credentials_of(uow, ready.chain),
            jkt=wish.jkt,
            approval=wish.approval_id,
        )
        token_id = secrets.token_urlsafe(16)
        algorithm = jose.SIGNING_ALGORITHMS[decode_multikey(method.public_key_multibase).kind]
        try:
            signed = token_input(grounds, method=method.id, algorithm=algorithm, jti=token_id, now=now, life=wish.life)
        except TokenRefused as error:
            raise DelegationInvalid(f"No token can be made of this: {error.detail}") from None
        text = sealed(signed, self._keys.sign(key, signed, use=method.use, at=now))
        try:
            check_token_signature(read_token(text), resolved_from_record(agent))
        except TokenRefused as error:
            raise SigningFailed("The token that was signed does not verify.") from error
        uow.audit.append(
            AuditEntry(
                actor=caller.actor,
                request_id=caller.request_id,
                action="capability_token.created",
                object_type="did",
                object_id=agent.did,
                at=now,
                data={
                    "tokenId": token_id,
                    "audience": wish.audience,
                    "actSha256": digest_of_act(wish.action, wish.context),
                    "delegationId": ready.chain[-1].delegation_id,
                    "callId": ready.call_id,
                },
            )
        )
        return MadeToken(text, token_id, now + wish.life, ready)


def acting_agent(may_act_for: MayActFor, caller: Caller, record: DIDRecord | None) -> DIDRecord:
    """An agent kept here that the caller may act as.

    Raises:
        DIDRecordNotFound: No agent of this DID is kept here.
        NotDIDOwner: It is somebody else's.
        DIDDeactivated: It is ended.
    """
    if record is None or record.kind is not DIDKind.AGENT:
        raise DIDRecordNotFound(_NO_AGENT)
    if not may_act_for(caller, record):
        raise NotDIDOwner(f"{record.did} belongs to somebody else.")
    if not record.is_active:
        raise DIDDeactivated(f"{record.did} is deactivated.")
    return record


def require_allowed(verdict: Verdict) -> None:
    """Refuse an act by the first reason against it; raises DelegationRefused, DelegationNotFound."""
    if verdict.allowed:
        return
    first = verdict.reasons[0]
    refusal = REFUSALS.get(first.code.value)
    if refusal is None:
        raise DelegationNotFound(first.detail)
    raise refusal(first.detail)


def credentials_of(uow: UnitOfWork, chain: Sequence[Delegation]) -> tuple[dict[str, JSONValue] | str, ...]:
    """A chain's credentials as they were issued: objects, or tokens as text; raises DelegationNotFound."""
    records = uow.credentials.get_many([hop.uid for hop in chain])
    found = [records[hop.uid].document if hop.uid in records else None for hop in chain]
    return tuple(_as_issued(document) for document in found)


def _as_issued(document: bytes | None) -> dict[str, JSONValue] | str:
    if document is None:
        raise DelegationNotFound("The credential of a delegation is gone.")
    if is_compact(document):
        return document.decode("ascii")
    value = parse_json(document)
    assert isinstance(value, dict)
    return value
