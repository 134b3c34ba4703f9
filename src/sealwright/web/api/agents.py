"""Agents over the API: made, read, changed, ended; what they may do, and what they do for their delegators."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from sealwright.domain.dids import ServiceRecord
from sealwright.domain.errors import DomainError
from sealwright.services.acting import Footing, Permit
from sealwright.services.agent_authority import Authority, HeldDelegation
from sealwright.services.agent_cards import CARD_PATH
from sealwright.services.agents import AgentChanges, AgentView, Decommissioned, NewAgent
from sealwright.services.dids import DEFAULT_PROOF_TYPES
from sealwright.services.issuing_line import Issued
from sealwright.services.review_values import RequestView
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.vc.errors import VcError
from sealwright.web.api import rendering
from sealwright.web.api.agent_wishes import issuing_wish, requesting_wish
from sealwright.web.api.authorizing import VIA, via_of
from sealwright.web.api.caching import REVALIDATE, tagged
from sealwright.web.api.credentials import ISSUE_CODES, credential_path
from sealwright.web.api.desk_routes import KEY_CODES
from sealwright.web.api.shapes import agents as shapes
from sealwright.web.api.shapes.registry import OPTIONAL_REASON
from sealwright.web.call import REPLAYED, Call, given
from sealwright.web.query import page_of, paged
from sealwright.web.reply import Reply, cursor_page, encode, header_text, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Route


def create(call: Call) -> Reply:
    """POST /api/v1/agents."""
    wish = wish_of(call.body)
    return call.perform(
        lambda uow, caller: call.office.delegations.agents.create(uow, caller, wish),
        lambda made: json_reply(members_of(made), 201, ((b"location", header_text(_path(made.record.did))),)),
        changes_registry=True,
    )


def wish_of(body: dict[str, Any], *, owner: str | None = None) -> NewAgent:
    """What a body wishes made."""
    return NewAgent(
        name=body["name"],
        operator=body["operator"],
        description=body.get("description"),
        model=body.get("model"),
        capabilities=tuple(body.get("capabilities", ())),
        version=body.get("version", "1.0"),
        services=_services(body.get("services", ())),
        proof_types=tuple(body.get("proofTypes", DEFAULT_PROOF_TYPES)),
        method=body.get("method", "adi"),
        path=body.get("path"),
        owner=owner,
    )


def changes_of(body: dict[str, Any]) -> AgentChanges:
    """What a body wishes changed."""
    return AgentChanges(
        name=body.get("name"),
        description=body.get("description"),
        model=body.get("model"),
        capabilities=tuple(body["capabilities"]) if "capabilities" in body else None,
        version=body.get("version"),
        services=_services(body["services"]) if "services" in body else None,
    )


def _services(services: Sequence[dict[str, Any]]) -> tuple[ServiceRecord, ...]:
    return tuple(ServiceRecord(one["id"], one["type"], one["serviceEndpoint"]) for one in services)


def _path(did: str) -> str:
    return f"/api/v1/agents/{quote(did, safe=':')}"


def members_of(agent: AgentView) -> dict[str, Any]:
    """An agent in its wire form."""
    record, profile = agent.record, agent.profile
    return {
        "did": record.did,
        "name": record.name,
        "operator": record.operator,
        "status": "active" if record.is_active else "decommissioned",
        "description": profile.description,
        "model": profile.model,
        "capabilities": list(profile.capabilities),
        "version": profile.version,
        "services": [
            {"id": one.id, "type": one.type, "serviceEndpoint": one.service_endpoint} for one in agent.services
        ],
        "cardUrl": agent.card_url,
        "createdAt": format_timestamp(record.created_at),
        "updatedAt": format_timestamp(max(record.updated_at, profile.updated_at)),
        "deactivatedAt": rendering.moment(record.deactivated_at),
    }


def list_agents(call: Call) -> Reply:
    """GET /api/v1/agents."""
    limit, cursor = page_of(call.query)
    page = call.office.delegations.agents.list(call.caller, limit=limit, cursor=cursor)
    return json_reply(cursor_page([members_of(one) for one in page.items], page.next_cursor))


def get_agent(call: Call) -> Reply:
    """GET /api/v1/agents/{did}."""
    return json_reply(members_of(call.office.delegations.agents.get(call.params["did"])))


def update(call: Call) -> Reply:
    """PATCH /api/v1/agents/{did}."""
    changes = changes_of(call.body)
    return call.perform(
        lambda uow, caller: call.office.delegations.agents.update(uow, caller, call.params["did"], changes),
        lambda agent: json_reply(members_of(agent)),
        changes_registry=True,
    )


def decommission(call: Call) -> Reply:
    """POST /api/v1/agents/{did}/decommission."""
    return call.perform(
        lambda uow, caller: call.office.delegations.agents.decommission(uow, caller, call.params["did"]),
        lambda ended: json_reply(ended_members(ended)),
        changes_registry=True,
    )


def ended_members(ended: Decommissioned) -> dict[str, Any]:
    """A decommissioned agent in its wire form."""
    return {
        **members_of(ended.agent),
        "invalidated": ended.invalidated,
        "activeCredentials": ended.active_credentials,
    }


def authority(call: Call) -> Reply:
    """GET /api/v1/agents/{did}/authority."""
    return json_reply(authority_members(call.office.delegations.authority.of(call.caller, call.params["did"])))


def authority_members(found: Authority) -> dict[str, Any]:
    """What an agent may do, in its wire form."""
    return {
        "agentDid": found.agent_did,
        "asOf": format_timestamp(found.at),
        "delegations": [_held_members(one) for one in found.held],
    }


def _held_members(held: HeldDelegation) -> dict[str, Any]:
    last = held.last
    return {
        "delegationId": last.delegation_id,
        "credentialId": last.credential_id,
        "onBehalfOf": held.chain[0].delegator_did,
        "delegatorDid": last.delegator_did,
        "chain": [hop.credential_id for hop in held.chain],
        "scope": list(last.scope),
        "constraints": dict(last.constraints),
        "maxDepth": last.max_depth,
        "approvalRequired": held.approval_required,
        "expiresAt": format_timestamp(held.ends_at),
        "effective": not held.reasons,
        "reasons": [{"code": one.code.value, "hop": one.hop, "detail": one.detail} for one in held.reasons],
        "remaining": held.remaining,
    }


def issue(call: Call) -> Reply:
    """POST /api/v1/agents/{did}/issue."""
    acting, wish, footing = call.office.delegations.acting, issuing_wish(call.body), _footing(call)
    # Authorizing waits for its own commit, and this act is rare beside others: it is never done on the loop.
    return _issued(call, acting.issue(call.caller, call.params["did"], wish, footing, call.scope()))


def _footing(call: Call) -> Footing:
    body = call.body
    return Footing(body.get("onBehalfOf"), body.get("credentialId"), body.get("approvalId"), via_of(call))


def _issued(call: Call, result: Issued) -> Reply:
    location = (b"location", credential_path(result.record.credential_id))
    headers = (location, REPLAYED) if result.replayed else (location,)
    members = rendering.issued(result, call.office.public_url)
    return json_reply({**members, "onBehalfOf": result.record.issuer_did}, 201, headers)


def request(call: Call) -> Reply:
    """POST /api/v1/agents/{did}/requests."""
    scope, acts = call.scope(), call.office.acts
    if scope is not None and (known := acts.replay(scope)) is not None:
        return given(known)
    acting, wish = call.office.delegations.acting, requesting_wish(call.body)
    try:
        permit = acting.permit_request(call.caller, call.params["did"], wish, _footing(call), scope)
        return call.perform(
            lambda uow, caller: acting.file(uow, caller, permit, wish), lambda view: _requested(permit, view)
        )
    except (DomainError, VcError):
        # Another call with the key may have filed it meanwhile, and then that is what stands in the way.
        if scope is None or (known := acts.replay(scope)) is None:
            raise
        return given(known)


def _requested(permit: Permit, view: RequestView) -> Reply:
    made = view.request
    members = {
        "requestId": made.request_id,
        "credentialType": made.credential_type,
        "status": made.state.value,
        "requestedAt": format_timestamp(made.requested_at),
        "onBehalfOf": permit.delegator_did,
        "callId": permit.call_id,
    }
    return json_reply(members, 201)


def card(call: Call) -> Reply:
    """GET /agents/{did}/.well-known/agent-card.json."""
    content = encode(call.office.delegations.agents.card(call.params["did"]))
    etag = hashlib.sha256(content).hexdigest()[:32]
    return tagged(call, Reply(200, content, headers=(REVALIDATE,)), f'"{etag}"')


_TAG: Final = "Agents"
_OWN: Final = "S, A"
_SELF: Final = "K (of the agent)"
_REFUSALS: Final = (
    "DELEGATION_NOT_FOUND",
    "DELEGATION_ACTION_NOT_COVERED",
    "DELEGATION_CONSTRAINT_EXCEEDED",
    "DELEGATION_APPROVAL_REQUIRED",
    "DELEGATION_REVOKED",
    "DELEGATION_SUSPENDED",
    "DELEGATION_EXPIRED",
    "DELEGATION_ROOT_INVALID",
    "DELEGATION_INVALID",
    "APPROVAL_NOT_FOUND",
    "NOT_DID_OWNER",
)
_ONE: Final = Answered(200, "The agent.", shapes.AGENT, shapes.AGENT_EXAMPLE)

ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/agents",
        Audience.PERSON,
        "U (of the operator), A",
        "Make an agent",
        create,
        (Answered(201, "The agent; its keys stay here.", shapes.AGENT, shapes.AGENT_EXAMPLE, headers=("Location",)),),
        _TAG,
        bucket=Bucket.WRITE,
        fresh=True,
        body=shapes.CREATE_AGENT,
        codes=(
            *("NOT_DID_OWNER", "DID_EXISTS", "INVALID_DID", "UNSUPPORTED_DID_METHOD", "UNSUPPORTED_PROOF_TYPE"),
            *("SEALED", "AUDIT_UNAVAILABLE", *KEY_CODES),
        ),
        idempotent=True,
    ),
    Route(
        "GET",
        "/api/v1/agents",
        Audience.CALLER,
        "K, U (own), A",
        "List agents",
        list_agents,
        (Answered(200, "One page, newest first.", shapes.AGENT_PAGE, shapes.PAGE_EXAMPLE),),
        _TAG,
        query=paged(),
        codes=("INVALID_PAGINATION",),
    ),
    Route(
        "GET",
        "/api/v1/agents/{did}",
        Audience.ANYONE,
        "P",
        "Read what is said of an agent",
        get_agent,
        (_ONE,),
        _TAG,
        codes=("DID_NOT_FOUND",),
    ),
    Route(
        "PATCH",
        "/api/v1/agents/{did}",
        Audience.PERSON,
        _OWN,
        "Change what is said of an agent",
        update,
        (_ONE,),
        _TAG,
        bucket=Bucket.WRITE,
        body=shapes.UPDATE_AGENT,
        codes=("DID_NOT_FOUND", "NOT_DID_OWNER", "DID_IMMUTABLE", "DID_DEACTIVATED", "AUDIT_UNAVAILABLE"),
    ),
    Route(
        "POST",
        "/api/v1/agents/{did}/decommission",
        Audience.PERSON,
        _OWN,
        "End an agent for ever, and what was delegated to it",
        decommission,
        (
            Answered(
                200, "The agent, and how much ended with it.", shapes.DECOMMISSIONED, shapes.DECOMMISSIONED_EXAMPLE
            ),
        ),
        _TAG,
        bucket=Bucket.WRITE,
        fresh=True,
        body=OPTIONAL_REASON,
        codes=("DID_NOT_FOUND", "NOT_DID_OWNER", "ALREADY_DEACTIVATED", "AUDIT_UNAVAILABLE", *KEY_CODES),
        idempotent=True,
    ),
    Route(
        "GET",
        "/api/v1/agents/{did}/authority",
        Audience.CALLER,
        "K, U (of the agent or its operator), A",
        "Read what an agent may do now, and what is left",
        authority,
        (Answered(200, "The newest 100 delegations.", shapes.AUTHORITY, shapes.AUTHORITY_EXAMPLE),),
        _TAG,
        codes=("DID_NOT_FOUND", "NOT_DID_OWNER"),
    ),
    Route(
        "POST",
        "/api/v1/agents/{did}/issue",
        Audience.CALLER,
        _SELF,
        "Issue a credential for a delegator",
        issue,
        (
            Answered(
                201,
                "Issued, by the delegator.",
                shapes.ISSUED_AS_AGENT,
                shapes.ISSUED_EXAMPLE,
                headers=("Location", "Idempotent-Replayed"),
            ),
        ),
        _TAG,
        bucket=Bucket.ISSUE,
        body=shapes.ISSUE_AS_AGENT,
        request_headers=VIA,
        codes=(*ISSUE_CODES, *_REFUSALS, "SELF_DECISION"),
        document_at="/claims",
        idempotent=True,
    ),
    Route(
        "POST",
        "/api/v1/agents/{did}/requests",
        Audience.CALLER,
        _SELF,
        "File a request for a credential for a delegator",
        request,
        (
            Answered(
                201, "The request, which waits for its decision.", shapes.REQUESTED_AS_AGENT, shapes.REQUESTED_EXAMPLE
            ),
        ),
        _TAG,
        bucket=Bucket.WRITE,
        body=shapes.REQUEST_AS_AGENT,
        request_headers=VIA,
        codes=(
            *("UNKNOWN_CREDENTIAL_TYPE", "TYPE_NOT_REQUESTABLE", "REQUEST_PENDING_EXISTS", "CREDENTIAL_ALREADY_ACTIVE"),
            *("EMAIL_NOT_VERIFIED", "SCHEMA_VALIDATION_FAILED", "RESERVED_KEY", "UNSIGNABLE_VALUE", "CLAIMS_TOO_LARGE"),
            *(_REFUSALS),
            *("CLOCK_BEHIND", "AUDIT_UNAVAILABLE", *KEY_CODES),
        ),
        document_at="/claims",
        idempotent=True,
    ),
    Route(
        "GET",
        CARD_PATH,
        Audience.DOCUMENT,
        "P",
        "Read an agent's card",
        card,
        (Answered(200, "The card.", shapes.CARD, shapes.CARD_EXAMPLE, headers=("ETag",)),),
        _TAG,
        bucket=Bucket.PUBLIC,
        codes=("DID_NOT_FOUND",),
        is_public_read=True,
    ),
)
