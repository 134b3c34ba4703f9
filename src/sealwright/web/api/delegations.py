"""The issuance API: delegations, made, read, ended, narrowed, and their chains verified."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from sealwright.domain.delegations import DelegationFilter, DelegationStatus
from sealwright.domain.errors import MalformedBody
from sealwright.domain.people import Caller
from sealwright.services.delegating import DelegationDesk, in_words_of_the_wish
from sealwright.services.delegation_views import (
    DelegationWish,
    MadeDelegation,
    MovedDelegation,
    NarrowingWish,
    SeenDelegation,
)
from sealwright.services.ports import UnitOfWork
from sealwright.vc.delegation.chain import ChainReport
from sealwright.vc.delegation.judging import ActContext, read_context
from sealwright.vc.encoding.timestamps import format_timestamp, parse_rfc3339
from sealwright.vc.errors import Fault, MalformedDocument
from sealwright.web.api import rendering
from sealwright.web.api.credentials import INLINE_CHECK_BYTES, ISSUE_CODES, submitted
from sealwright.web.api.desk_routes import KEY_CODES, LIST_CODES
from sealwright.web.api.shapes import delegations as shapes
from sealwright.web.api.shapes.parts import BOOLEAN, DID
from sealwright.web.api.shapes.registry import NEEDED_REASON
from sealwright.web.call import REPLAYED, Call
from sealwright.web.query import Parameter, QueryShape, page_of, paged
from sealwright.web.reply import Reply, cursor_page, header_text, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Handler, Route


async def create(call: Call) -> Reply:
    """POST /api/v1/delegations."""
    wish, scope, caller = wish_of(call.body), call.scope(), call.caller
    desk, issuing = call.office.delegations.desk, call.office.issuing
    if scope is not None and (known := await call.in_thread(lambda: issuing.replay(scope))):
        return await call.in_thread(lambda: _made(call, desk.made(known)))
    if len(call.raw) > INLINE_CHECK_BYTES:
        order = await call.in_thread(lambda: desk.order(caller, wish, call.view()))
    else:
        order = await call.with_view(lambda view: desk.order(caller, wish, view))
    with in_words_of_the_wish():
        issued = await submitted(call, order, scope)
    return await call.in_thread(lambda: _made(call, desk.made(issued)))


def wish_of(body: dict[str, Any]) -> DelegationWish:
    """What a body wishes made."""
    return DelegationWish(
        delegator_did=body["delegatorDid"],
        delegate_did=body["delegateDid"],
        scope=tuple(body["scope"]),
        expiration=parse_rfc3339(body["expirationDate"]),
        constraints=body.get("constraints"),
        max_depth=int(body.get("maxDepth", 0)),
        parent=body.get("parent"),
        proof_type=body.get("proofType"),
    )


def _made(call: Call, made: MadeDelegation, **more: object) -> Reply:
    location = (b"location", header_text(f"/api/v1/delegations/{made.seen.delegation.delegation_id}"))
    headers = (location, REPLAYED) if made.issued.replayed else (location,)
    credential = rendering.issued(made.issued, call.office.public_url)["credential"]
    return json_reply({**delegation_members(made.seen), "credential": credential, **more}, 201, headers)


def delegation_members(seen: SeenDelegation) -> dict[str, Any]:
    """A delegation in its wire form, with what rests on it where that was read."""
    this = seen.delegation
    last_used = this.last_used_at
    members: dict[str, Any] = {
        "delegationId": this.delegation_id,
        "credentialId": this.credential_id,
        "parent": seen.chain[-2].credential_id if len(seen.chain) > 1 else None,
        "rootId": this.root_id,
        "delegatorDid": this.delegator_did,
        "delegateDid": this.delegate_did,
        "scope": list(this.scope),
        "constraints": dict(this.constraints),
        "maxDepth": this.max_depth,
        "depth": this.depth,
        "status": seen.status.value,
        "effective": seen.is_effective,
        "expiresAt": format_timestamp(this.expires_at),
        "createdAt": format_timestamp(this.created_at),
        "calls": this.calls,
        "lastUsedAt": format_timestamp(last_used) if last_used is not None else None,
        "supersedes": this.supersedes,
    }
    if seen.children is not None:
        members["children"] = [delegation_members(child) for child in seen.children]
        members["hasMoreChildren"] = seen.is_cut
    return members


def list_delegations(call: Call) -> Reply:
    """GET /api/v1/delegations."""
    query = call.query
    limit, cursor = page_of(query)
    wanted = DelegationFilter(
        delegator_did=query.get("delegatorDid"),
        delegate_did=query.get("delegateDid"),
        status=DelegationStatus(query["status"]) if "status" in query else None,
    )
    page = call.office.delegations.desk.list(
        call.caller, wanted, call.view(), limit=limit, cursor=cursor, tree=query.get("tree", False)
    )
    return json_reply(cursor_page([delegation_members(one) for one in page.items], page.next_cursor))


def get_delegation(call: Call) -> Reply:
    """GET /api/v1/delegations/{id}."""
    desk = call.office.delegations.desk
    seen = desk.get(call.caller, call.params["id"], call.view(), tree=call.query.get("tree", False))
    return json_reply(delegation_members(seen))


class Move(Protocol):
    """One of the desk's changes of state."""

    def __call__(self, uow: UnitOfWork, caller: Caller, reference: str, reason: str) -> MovedDelegation: ...


def moving(choose: Callable[[DelegationDesk], Move]) -> Handler:
    """The handler of one change of state."""

    def handler(call: Call) -> Reply:
        move = choose(call.office.delegations.desk)
        return call.perform(
            lambda uow, caller: move(uow, caller, call.params["id"], call.body["reason"]),
            lambda moved: json_reply({**delegation_members(moved.seen), "invalidated": moved.invalidated}),
        )

    return handler


def narrow(call: Call) -> Reply:
    """POST /api/v1/delegations/{id}/narrow."""
    desk, body = call.office.delegations.desk, call.body
    made = desk.narrow(call.caller, call.params["id"], narrowing_of(body), body["reason"], call.scope())
    return _made(call, made, invalidated=made.invalidated)


def narrowing_of(body: dict[str, Any]) -> NarrowingWish:
    """What a body wishes stricter."""
    return NarrowingWish(
        scope=tuple(body["scope"]) if "scope" in body else None,
        constraints=body.get("constraints"),
        max_depth=int(body["maxDepth"]) if "maxDepth" in body else None,
        expiration=parse_rfc3339(body["expirationDate"]) if "expirationDate" in body else None,
    )


def verify_chain(call: Call) -> Reply:
    """POST /api/v1/delegations/verify-chain. Failing is an answer here, not an error."""
    body = call.body
    report = call.office.delegations.chains.verify(
        body["agentDid"], body["delegationChain"], action=body.get("action"), context=_context(body)
    )
    return json_reply(chain_members(report))


def _context(body: dict[str, Any]) -> ActContext | None:
    if "context" not in body:
        return None
    if "action" not in body:
        detail = "What an act is about goes with the action."
        raise MalformedBody(detail, faults=[Fault("/action", "MISSING_FIELD", detail)])
    try:
        return read_context(body["context"])
    except MalformedDocument as error:
        faults = [Fault(f"/context{one.pointer}", one.code, one.detail) for one in error.faults]
        raise MalformedBody("The context is not of the allowed form.", faults=faults) from error


def chain_members(report: ChainReport) -> dict[str, Any]:
    """What was found about a chain, in its wire form."""
    return {
        "valid": report.valid,
        "hopCount": len(report.hops),
        "hops": [
            {
                "index": hop.index,
                "credentialId": hop.credential_id,
                "delegator": hop.delegator,
                "delegate": hop.delegate,
                "valid": hop.valid,
                "codes": list(hop.codes),
                "detail": hop.detail,
            }
            for hop in report.hops
        ],
        "errors": list(report.errors),
    }


_TAG: Final = "Delegations"
_PARTIES: Final = "delegator, delegate (of it or above it), A"
_ENDERS: Final = "delegator or ancestor's, A"
REFUSED_CODES: Final = (
    "DELEGATION_NOT_FOUND",
    "DELEGATION_INVALID",
    "DELEGATION_SCOPE_WIDENED",
    "DELEGATION_CONSTRAINT_LOOSENED",
    "DELEGATION_EXPIRY_EXCEEDED",
    "DELEGATION_DEPTH_EXCEEDED",
    "DELEGATION_REVOKED",
    "DELEGATION_SUSPENDED",
    "DELEGATION_EXPIRED",
    "DELEGATION_LOOP",
    "DELEGATION_ROOT_INVALID",
)
_TREE: Final = Parameter("tree", BOOLEAN, "With what rests on each, as `children`; at most 1,000 in all.")
_FILTERS: Final = paged(
    Parameter("delegatorDid", DID, "Delegations by this DID."),
    Parameter("delegateDid", DID, "Delegations to this DID."),
    Parameter(
        "status", {"type": "string", "enum": [one.value for one in DelegationStatus]}, "Delegations in this state."
    ),
    _TREE,
)
_MOVE_CODES: Final = ("DELEGATION_NOT_FOUND", "NOT_DID_OWNER", "ALREADY_REVOKED", "STATE_CONFLICT")


def _moves(verb: str, summary: str, choose: Callable[[DelegationDesk], Move], example: dict[str, Any]) -> Route:
    own = "NOT_REVOCABLE" if verb == "revoke" else "NOT_SUSPENDABLE"
    return Route(
        "POST",
        f"/api/v1/delegations/{{id}}/{verb}",
        Audience.CALLER,
        _ENDERS,
        summary,
        moving(choose),
        (Answered(200, "The delegation as it is now.", shapes.MOVED, example),),
        _TAG,
        bucket=Bucket.WRITE,
        body=NEEDED_REASON,
        codes=(*_MOVE_CODES, own, "AUDIT_UNAVAILABLE", *KEY_CODES),
        idempotent=True,
    )


ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/delegations",
        Audience.CALLER,
        "K (delegator's DID)",
        "Let another DID act in one's name, within limits",
        create,
        (
            Answered(
                201,
                "The delegation, and the credential that it is.",
                shapes.MADE,
                shapes.MADE_EXAMPLE,
                headers=("Location", "Idempotent-Replayed"),
            ),
        ),
        _TAG,
        bucket=Bucket.ISSUE,
        body=shapes.CREATE_DELEGATION,
        codes=(*ISSUE_CODES, *REFUSED_CODES),
        idempotent=True,
    ),
    Route(
        "GET",
        "/api/v1/delegations",
        Audience.CALLER,
        "K, U (own), A",
        "List delegations",
        list_delegations,
        (Answered(200, "One page, newest first.", shapes.DELEGATION_PAGE, shapes.PAGE_EXAMPLE),),
        _TAG,
        query=_FILTERS,
        codes=LIST_CODES,
    ),
    Route(
        "POST",
        "/api/v1/delegations/verify-chain",
        Audience.ANYONE,
        "P",
        "Verify a chain of delegations hop by hop",
        verify_chain,
        (
            Answered(
                200,
                "What was found about every hop, also when one fails.",
                shapes.CHAIN_REPORT,
                shapes.CHAIN_REPORT_EXAMPLE,
            ),
        ),
        _TAG,
        bucket=Bucket.PUBLIC,
        body=shapes.VERIFY_CHAIN,
        codes=("INVALID_DID", "DELEGATION_CHAIN_MALFORMED"),
    ),
    Route(
        "GET",
        "/api/v1/delegations/{id}",
        Audience.CALLER,
        _PARTIES,
        "Read a delegation",
        get_delegation,
        (Answered(200, "The delegation.", shapes.DELEGATION, shapes.DELEGATION_EXAMPLE),),
        _TAG,
        query=QueryShape((_TREE,)),
        codes=("DELEGATION_NOT_FOUND",),
    ),
    _moves(
        "revoke",
        "Revoke a delegation and what rests on it",
        lambda desk: desk.revoke,
        shapes.moved_example("revoked", 3),
    ),
    _moves(
        "suspend",
        "Suspend a delegation and what rests on it",
        lambda desk: desk.suspend,
        shapes.moved_example("suspended", 3),
    ),
    _moves(
        "reinstate",
        "Take a suspension of a delegation back",
        lambda desk: desk.reinstate,
        shapes.moved_example("active", 0),
    ),
    Route(
        "POST",
        "/api/v1/delegations/{id}/narrow",
        Audience.CALLER,
        "K (delegator's DID), A",
        "Put a stricter delegation in the place of one, in one act",
        narrow,
        (
            Answered(
                201,
                "The new delegation; the old one is revoked.",
                shapes.NARROWED,
                shapes.NARROWED_EXAMPLE,
                headers=("Location", "Idempotent-Replayed"),
            ),
        ),
        _TAG,
        bucket=Bucket.ISSUE,
        body=shapes.NARROW_DELEGATION,
        codes=(*ISSUE_CODES, *REFUSED_CODES),
        idempotent=True,
    ),
)
