"""Capability tokens over the API: made for agents whose keys are kept here, verified for anybody; and presentations."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from sealwright.protocols.capability.token import CapabilityToken
from sealwright.services.agent_presenting import DelegationPresentationWish, PresentedDelegation
from sealwright.services.capability_check import CallProof, TokenQuestion, TokenReport
from sealwright.services.capability_tokens import USUAL_LIFE, MadeToken, TokenWish
from sealwright.services.presentation_making import DEFAULT_LIFE
from sealwright.vc.delegation.chain import HopReport
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.web.api.desk_routes import KEY_CODES
from sealwright.web.api.shapes import capability_tokens as shapes
from sealwright.web.call import Call, given, ok
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Route


def make_token(call: Call) -> Reply:
    """POST /api/v1/agents/{did}/tokens."""
    scope = call.scope()
    if scope is not None and (known := call.office.acts.replay(scope)) is not None:
        return given(known)
    body, tokens = call.body, call.office.delegations.tokens
    wish = TokenWish(
        agent_did=call.params["did"],
        audience=body["audience"],
        action=body["action"],
        jkt=body["jkt"],
        context=body.get("context", {}),
        credential_id=body.get("credentialId"),
        approval_id=body.get("approvalId"),
        life=timedelta(seconds=body.get("expiresInSeconds", USUAL_LIFE.total_seconds())),
    )
    ready = tokens.ready(call.caller, wish, call.view())
    # What is kept for repeats would let its reader act, so it is kept sealed.
    return call.perform(lambda uow, caller: tokens.make(uow, caller, ready), _told, is_secret=True)


def _told(made: MadeToken) -> Reply:
    wish, chain = made.ready.wish, made.ready.chain
    members = {
        "token": made.text,
        "tokenType": "DPoP",
        "tokenId": made.token_id,
        "agentDid": wish.agent_did,
        "audience": wish.audience,
        "action": wish.action,
        "context": wish.context,
        "expiresAt": format_timestamp(made.expires_at),
        "delegationId": chain[-1].delegation_id,
        "chain": [hop.credential_id for hop in chain],
        "callId": made.ready.call_id,
    }
    return json_reply(members, 201)


def verify_token(call: Call) -> Reply:
    """POST /api/v1/capability-tokens/verify."""
    body = call.body
    proof = CallProof(body["proof"], body["method"], body["url"]) if "proof" in body else None
    question = TokenQuestion(
        token=body["token"],
        audience=body.get("audience"),
        action=body.get("action"),
        context=body.get("context"),
        proof=proof,
        spend=body.get("singleUse", False),
    )
    report = call.office.delegations.token_check.verify(question)
    return ok(_report_members(report, has_proof=proof is not None))


def _report_members(report: TokenReport, *, has_proof: bool) -> dict[str, Any]:
    token = report.token
    return {
        "valid": report.valid,
        "code": report.code,
        "detail": report.detail,
        "possession": report.valid and has_proof,
        **(_said_by(token) if token is not None else dict.fromkeys(_SAID)),
        "hops": [_hop_members(hop) for hop in report.chain.hops] if report.chain is not None else [],
    }


_SAID: Final = (
    *("tokenId", "agentDid", "principalDid", "audience", "action", "context", "approvalId"),
    "expiresAt",
)


def _said_by(token: CapabilityToken) -> dict[str, Any]:
    grounds = token.grounds
    said = (
        *(token.jti, grounds.agent, grounds.principal, grounds.audience, grounds.action, grounds.context),
        *(grounds.approval, format_timestamp(token.expires_at)),
    )
    return dict(zip(_SAID, said, strict=True))


def _hop_members(hop: HopReport) -> dict[str, Any]:
    return {
        "index": hop.index,
        "credentialId": hop.credential_id,
        "delegator": hop.delegator,
        "delegate": hop.delegate,
        "valid": hop.valid,
        "codes": list(hop.codes),
    }


def present(call: Call) -> Reply:
    """POST /api/v1/agents/{did}/presentations."""
    body, presenting = call.body, call.office.delegations.presenting
    wish = DelegationPresentationWish(
        agent_did=call.params["did"],
        challenge=body["challenge"],
        domain=body["domain"],
        credential_id=body.get("credentialId"),
        with_chain=body.get("chain", False),
        proof_type=body.get("proofType"),
        life=timedelta(seconds=body.get("expiresInSeconds", DEFAULT_LIFE.total_seconds())),
    )
    return call.perform(lambda uow, caller: presenting.create(uow, caller, wish), _presented, is_secret=True)


def _presented(made: PresentedDelegation) -> Reply:
    members = {"presentation": made.document, "credentialIds": [hop.credential_id for hop in made.shown]}
    return json_reply(members, 201)


_TAG: Final = "Delegations"
_AGENTS: Final = "K, U (of the agent), A"
_AGENT_CODES: Final = (
    *("DID_NOT_FOUND", "NOT_DID_OWNER", "DID_DEACTIVATED", "DELEGATION_NOT_FOUND", "SIGNING_FAILED", "SEALED"),
    *("AUDIT_UNAVAILABLE", *KEY_CODES),
)
_REFUSALS: Final = (
    *("DELEGATION_ACTION_NOT_COVERED", "DELEGATION_CONSTRAINT_EXCEEDED", "DELEGATION_APPROVAL_REQUIRED"),
    *("DELEGATION_REVOKED", "DELEGATION_SUSPENDED", "DELEGATION_EXPIRED", "DELEGATION_ROOT_INVALID"),
    *("DELEGATION_INVALID", "APPROVAL_NOT_FOUND", "CLOCK_BEHIND"),
)

ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/agents/{did}/tokens",
        Audience.CALLER,
        _AGENTS,
        "Make a capability token for one act of an agent",
        make_token,
        (Answered(201, "The signed token.", shapes.TOKEN, shapes.TOKEN_EXAMPLE),),
        _TAG,
        bucket=Bucket.WRITE,
        body=shapes.MAKE_TOKEN,
        codes=(*_AGENT_CODES, *_REFUSALS),
        idempotent=True,
    ),
    Route(
        "POST",
        "/api/v1/agents/{did}/presentations",
        Audience.CALLER,
        _AGENTS,
        "Present what is delegated to an agent",
        present,
        (Answered(201, "The signed presentation.", shapes.PRESENTED, shapes.PRESENTED_EXAMPLE),),
        _TAG,
        bucket=Bucket.WRITE,
        body=shapes.PRESENT,
        codes=(
            *_AGENT_CODES,
            *("DERIVATION_INVALID", "INVALID_PROOF", "HOLDER_NOT_FOUND", "UNSUPPORTED_PROOF_TYPE"),
        ),
        idempotent=True,
    ),
    Route(
        "POST",
        "/api/v1/capability-tokens/verify",
        Audience.ANYONE,
        "P",
        "Verify a capability token",
        verify_token,
        (Answered(200, "What was found, valid or not.", shapes.TOKEN_REPORT, shapes.TOKEN_REPORT_EXAMPLE),),
        _TAG,
        bucket=Bucket.ACT,
        body=shapes.VERIFY_TOKEN,
    ),
)
