"""Whether agents may act, over the API: asking, the record of what was asked, and what people approve."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Any, Final

from sealwright.domain.credentials import IdempotencyScope
from sealwright.domain.delegations import FILED, SIGNED, Approval, DelegationCall
from sealwright.domain.errors import IdempotencyInProgress
from sealwright.domain.people import ActorKind
from sealwright.services.acts import Answer
from sealwright.services.approving import ApprovalWish, AskedApproval
from sealwright.services.authorizing_values import ActQuestion, Answered, CheckedQuestion, Verdict
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.web.api.agent_wishes import issuing_wish, requesting_wish
from sealwright.web.api.credentials import WAIT_SECONDS, WAIT_STEP_SECONDS
from sealwright.web.api.desk_routes import KEY_CODES, LIST_CODES
from sealwright.web.api.shapes import authorizing as shapes
from sealwright.web.api.shapes.parts import BOOLEAN
from sealwright.web.api.shapes.registry import NOTHING
from sealwright.web.call import Call, given, kept
from sealwright.web.query import Parameter, page_of, paged
from sealwright.web.reply import Reply, cursor_page, header_text, json_reply
from sealwright.web.route import Answered as RouteAnswer
from sealwright.web.route import Audience, Bucket, Handler, Route
from sealwright.web.waiting import answer_of


async def authorize(call: Call) -> Reply:
    """POST /api/v1/delegations/authorize."""
    question = question_of(call.body, via=via_of(call))
    check, caller = call.office.delegations.authorizing.check, call.caller
    checked = await call.with_view(lambda view: check(caller, question, view))
    answered = await _answered(call, checked, call.scope())
    if answered.stored is not None:
        return given(Answer(answered.stored, answered.replayed))
    assert answered.verdict is not None
    return _told(answered.verdict)


def question_of(body: dict[str, Any], *, via: str) -> ActQuestion:
    """What a body asks."""
    return ActQuestion(
        agent_did=body["agentDid"],
        action=body["action"],
        context=body.get("context", {}),
        credential_id=body.get("credentialId"),
        record=body.get("record", False),
        approval_id=body.get("approvalId"),
        via=via,
    )


VIA: Final = {"Sealwright-Via": "`tools`, from an agent's tool server: the record of the question says so."}


def via_of(call: Call) -> str:
    """Where a question says that it comes from; nobody but an agent says more than that it came over the API."""
    said = call.exchange.header(b"sealwright-via")
    return "tools" if said == "tools" and call.caller.actor.kind is ActorKind.AGENT else "api"


async def _answered(call: Call, checked: CheckedQuestion, scope: IdempotencyScope | None) -> Answered:
    """Put a question on the line; with a key whose first call is still running, wait for that one up to 2 s.

    Raises:
        IdempotencyInProgress: It runs on.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            submitted = call.office.delegations.authorizing.submit(checked, scope, lambda found: kept(_told(found)))
            return await answer_of(submitted)
        except IdempotencyInProgress:
            if time.monotonic() >= deadline:
                raise
            await asyncio.sleep(WAIT_STEP_SECONDS)


def _told(verdict: Verdict) -> Reply:
    return json_reply(verdict_members(verdict))


def verdict_members(verdict: Verdict) -> dict[str, Any]:
    """An answer in its wire form."""
    return {
        "allowed": verdict.allowed,
        "agentDid": verdict.agent_did,
        "action": verdict.action,
        "decidedAt": format_timestamp(verdict.decided_at),
        "chain": [hop.credential_id for hop in verdict.chain],
        "reasons": [{"code": one.code.value, "hop": one.hop, "detail": one.detail} for one in verdict.reasons],
        "remaining": verdict.remaining,
        "callId": verdict.call_id,
    }


def list_calls(call: Call) -> Reply:
    """GET /api/v1/delegations/{id}/calls."""
    limit, cursor = page_of(call.query)
    page = call.office.delegations.records.list(
        call.caller, call.params["id"], below=call.query.get("tree", False), limit=limit, cursor=cursor
    )
    return json_reply(cursor_page([call_members(one) for one in page.items], page.next_cursor))


def call_members(one: DelegationCall) -> dict[str, Any]:
    """A question and its answer in their wire form."""
    return {
        "callId": one.call_id,
        "at": format_timestamp(one.at),
        "agentDid": one.agent_did,
        "delegationId": one.delegation_id,
        "action": one.action,
        "context": one.context,
        "allowed": one.allowed,
        "code": one.code,
        "detail": one.detail,
        "recorded": one.recorded,
        "askedBy": one.asked_by,
        "via": one.via,
        "approvalId": one.approval_id,
    }


def ask_approval(call: Call) -> Reply:
    """POST /api/v1/approvals."""
    body, approving = call.body, call.office.delegations.approving
    signed, filed = body.get("credential"), body.get("request")
    wish = ApprovalWish(
        agent_did=body["agentDid"],
        action=body["action"],
        context=body.get("context", {}),
        credential_id=body.get("credentialId"),
        note=body.get("note"),
        credential=issuing_wish(signed) if signed is not None else None,
        request=requesting_wish(filed) if filed is not None else None,
        on_behalf_of=(signed or filed or {}).get("onBehalfOf"),
    )
    # Claims are not to lie open under the call's key for days after the question is closed.
    has_content = signed is not None or filed is not None
    return call.perform(
        lambda uow, caller: approving.ask(uow, caller, wish), lambda asked: _asked(call, asked), is_secret=has_content
    )


def _asked(call: Call, asked: AskedApproval) -> Reply:
    members = approval_members(asked.approval, call.office.clock.now())
    if not asked.is_new:
        return json_reply(members)
    location = header_text(f"/api/v1/approvals/{asked.approval.approval_id}")
    return json_reply(members, 201, ((b"location", location),))


def list_approvals(call: Call) -> Reply:
    """GET /api/v1/approvals."""
    limit, cursor = page_of(call.query)
    page = call.office.delegations.approving.list(
        call.caller, waiting=call.query.get("status") == "waiting", limit=limit, cursor=cursor
    )
    now = call.office.clock.now()
    return json_reply(cursor_page([approval_members(one, now) for one in page.items], page.next_cursor))


def get_approval(call: Call) -> Reply:
    """GET /api/v1/approvals/{id}."""
    return _shown(call, call.office.delegations.approving.get(call.caller, call.params["id"]))


def approve(call: Call) -> Reply:
    """POST /api/v1/approvals/{id}/approve."""
    approving, approval_id = call.office.delegations.approving, call.params["id"]
    return call.perform(
        lambda uow, caller: approving.approve(uow, caller, approval_id),
        lambda found: _shown(call, found),
        is_secret=True,
    )


def decline(call: Call) -> Reply:
    """POST /api/v1/approvals/{id}/decline."""
    approving, approval_id, reason = call.office.delegations.approving, call.params["id"], call.body.get("reason")
    return call.perform(
        lambda uow, caller: approving.decline(uow, caller, approval_id, reason), lambda found: _shown(call, found)
    )


def _shown(call: Call, approval: Approval) -> Reply:
    return json_reply(approval_members(approval, call.office.clock.now()))


def approval_members(approval: Approval, now: datetime) -> dict[str, Any]:
    """What an agent asks a person, in its wire form."""
    decided_at = approval.decided_at
    return {
        "approvalId": approval.approval_id,
        "delegationId": approval.delegation_id,
        "agentDid": approval.agent_did,
        "delegatorDid": approval.delegator_did,
        "action": approval.action,
        "context": approval.about,
        "credential": approval.content(SIGNED),
        "request": approval.content(FILED),
        "note": approval.note,
        "status": approval.state_at(now).value,
        "createdAt": format_timestamp(approval.created_at),
        "expiresAt": format_timestamp(approval.expires_at),
        "decidedAt": format_timestamp(decided_at) if decided_at is not None else None,
        "decidedBy": approval.decided_by,
        "reason": approval.reason,
    }


_TAG: Final = "Delegations"
_PARTIES: Final = "delegator, delegate, A"
_DECIDERS: Final = "K, U (of the delegator's DID), A"
_TREE: Final = Parameter("tree", BOOLEAN, "Those of the delegations that rest on it, too.")
_STATUS: Final = Parameter("status", {"type": "string", "enum": ["waiting"]}, "Only those that wait for a decision.")
AUTHORIZE_CODES: Final = (
    "DID_NOT_FOUND",
    "NOT_DID_OWNER",
    "APPROVAL_NOT_FOUND",
    "INVALID_DID",
    "CLOCK_BEHIND",
    "AUDIT_UNAVAILABLE",
    *KEY_CODES,
)
ASK_CODES: Final = (
    *("DID_NOT_FOUND", "NOT_DID_OWNER", "INVALID_DID", "STATE_CONFLICT", "DELEGATION_NOT_FOUND"),
    *("DELEGATION_INVALID", "DELEGATION_REVOKED", "DELEGATION_SUSPENDED", "DELEGATION_EXPIRED"),
    *("DELEGATION_ROOT_INVALID", "DELEGATION_ACTION_NOT_COVERED", "DELEGATION_CONSTRAINT_EXCEEDED"),
    *("CLAIMS_TOO_LARGE", "SEALED", "AUDIT_UNAVAILABLE", *KEY_CODES),
)


def _decides(verb: str, summary: str, handler: Handler, answered: RouteAnswer) -> Route:
    return Route(
        "POST",
        f"/api/v1/approvals/{{id}}/{verb}",
        Audience.CALLER,
        _DECIDERS,
        summary,
        handler,
        (answered,),
        _TAG,
        bucket=Bucket.WRITE,
        body=shapes.DECLINE if verb == "decline" else NOTHING,
        codes=(
            *("APPROVAL_NOT_FOUND", "NOT_DID_OWNER", "SELF_DECISION", "APPROVAL_CLOSED"),
            *(("SEALED",) if verb == "approve" else ()),
            *("AUDIT_UNAVAILABLE", *KEY_CODES),
        ),
        idempotent=True,
    )


ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/delegations/authorize",
        Audience.CALLER,
        "K, U",
        "Ask whether an agent may act, and count it",
        authorize,
        (RouteAnswer(200, "The answer, allowed or not; it is on record.", shapes.VERDICT, shapes.VERDICT_EXAMPLE),),
        _TAG,
        bucket=Bucket.ACT,
        body=shapes.AUTHORIZE,
        request_headers=VIA,
        codes=AUTHORIZE_CODES,
        idempotent=True,
    ),
    Route(
        "GET",
        "/api/v1/delegations/{id}/calls",
        Audience.CALLER,
        _PARTIES,
        "List what was asked under a delegation, and the answers",
        list_calls,
        (RouteAnswer(200, "One page, newest first.", shapes.CALL_PAGE, shapes.CALL_PAGE_EXAMPLE),),
        _TAG,
        query=paged(_TREE),
        codes=("DELEGATION_NOT_FOUND", *LIST_CODES),
    ),
    Route(
        "GET",
        "/api/v1/approvals",
        Audience.CALLER,
        "K, U (own)",
        "List what agents ask people to approve",
        list_approvals,
        (RouteAnswer(200, "One page, newest first.", shapes.APPROVAL_PAGE, shapes.APPROVAL_PAGE_EXAMPLE),),
        _TAG,
        query=paged(_STATUS),
        codes=LIST_CODES,
    ),
    Route(
        "POST",
        "/api/v1/approvals",
        Audience.CALLER,
        "K, U (of the agent), A",
        "Ask a person to approve an act",
        ask_approval,
        (
            RouteAnswer(201, "It waits.", shapes.APPROVAL, shapes.APPROVAL_EXAMPLE, headers=("Location",)),
            RouteAnswer(200, "The same question waits already.", shapes.APPROVAL, shapes.APPROVAL_EXAMPLE),
        ),
        _TAG,
        bucket=Bucket.WRITE,
        body=shapes.ASK_APPROVAL,
        codes=ASK_CODES,
        idempotent=True,
    ),
    Route(
        "GET",
        "/api/v1/approvals/{id}",
        Audience.CALLER,
        "K, U (own), A",
        "Read what an agent asks a person to approve",
        get_approval,
        (RouteAnswer(200, "The question.", shapes.APPROVAL, shapes.APPROVAL_EXAMPLE),),
        _TAG,
        codes=("APPROVAL_NOT_FOUND",),
    ),
    _decides(
        "approve",
        "Approve an act of an agent, once",
        approve,
        RouteAnswer(200, "Approved.", shapes.APPROVAL, shapes.APPROVED_EXAMPLE),
    ),
    _decides(
        "decline",
        "Decline an act of an agent",
        decline,
        RouteAnswer(200, "Declined.", shapes.APPROVAL, shapes.DECLINED_EXAMPLE),
    ),
)
