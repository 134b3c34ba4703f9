"""Deciding requests for credentials: one, many, taking back, and signing before its time."""

from __future__ import annotations

from typing import Any, Final

from sealwright.domain.deciding import Decision
from sealwright.services.review_values import Decided, DecidedItem
from sealwright.vc.encoding.timestamps import parse_rfc3339
from sealwright.web.api import desk_rendering
from sealwright.web.api.caching import IF_MATCH, version_in_header, version_tag
from sealwright.web.api.desk_routes import CLAIMS_CODES, Family
from sealwright.web.api.issuers import ONE_PATH, PATH, SEEN_CODES, rendered, shown
from sealwright.web.api.offer_rendering import made_offer
from sealwright.web.api.shapes import desk_answers, desk_examples
from sealwright.web.api.shapes.delivery import wish_of
from sealwright.web.api.shapes.registry import NOTHING
from sealwright.web.api.shapes.review import DECISION, DECISIONS, UNDO, note_of, word_of
from sealwright.web.call import Call, given, kept
from sealwright.web.problems import fault_for
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Route


def decide(call: Call) -> Reply:
    """POST /issuers/credential-requests/{request_id}/decision."""
    body = call.body
    decision = Decision(
        request_id=call.params["request_id"],
        state=word_of(body),
        note=note_of(body),
        message=body.get("message"),
        expected_version=body.get("expected_version"),
        if_match=version_in_header(call),
        expires_at=parse_rfc3339(body["expires_at"]) if "expires_at" in body else None,
        claims=body.get("claims"),
        checklist=tuple(body.get("checklist", ())),
        dry_run=body.get("dry_run", False),
        delivery=wish_of(body["delivery"], at="/delivery") if "delivery" in body else None,
    )
    office = call.office
    return given(
        office.review.answer(call.caller, decision, lambda decided: kept(_decided(call, decided)), call.scope())
    )


def _decided(call: Call, decided: Decided) -> Reply:
    told = desk_rendering.effects(decided.effects, dry_run=decided.dry_run)
    if decided.dry_run:
        return json_reply({"dry_run": True, "request": rendered(call, decided.view), "effects": told})
    version = decided.view.request.version
    offer = made_offer(decided.offer, call.office.public_url) if decided.offer is not None else None
    members = {**rendered(call, decided.view), "effects": told, "offer": offer}
    return json_reply(members, headers=(version_tag(version),))


def decide_many(call: Call) -> Reply:
    """POST /issuers/credential-requests/decisions."""
    body = call.body
    versions = body.get("expected_versions", {})
    decisions = [
        Decision(
            request_id=request_id,
            state=word_of(body),
            note=note_of(body),
            message=body.get("message"),
            expected_version=versions.get(request_id),
            dry_run=body.get("dry_run", False),
        )
        for request_id in body["request_ids"]
    ]
    return call.once(lambda: call.office.review.decide_many(call.caller, decisions), _decided_many)


def _decided_many(items: tuple[DecidedItem, ...]) -> Reply:
    failed = sum(item.error is not None for item in items)
    rows = [_row(item) for item in items]
    return json_reply({"results": rows, "decided": len(items) - failed, "failed": failed})


def _row(item: DecidedItem) -> dict[str, Any]:
    decided = item.decided
    return {
        "request_id": item.request_id,
        "status": decided.view.request.state.value if decided is not None else None,
        "effects": desk_rendering.effects(decided.effects, dry_run=decided.dry_run) if decided is not None else None,
        "error": fault_for(item.error) if item.error is not None else None,
    }


def undo(call: Call) -> Reply:
    """POST /issuers/credential-requests/{request_id}/undo."""
    return call.once(
        lambda: call.office.review.undo(call.caller, call.params["request_id"], call.body.get("expected_version")),
        lambda decided: _decided(call, decided),
    )


def issue_now(call: Call) -> Reply:
    """POST /issuers/credential-requests/{request_id}/issue-now."""
    return call.once(
        lambda: call.office.review.issue_now(call.caller, call.params["request_id"]), lambda view: shown(call, view)
    )


_FOR_REVIEWERS: Final = Family("Review", Audience.REVIEWER, "R")
# What approving may also meet: it makes a grant and signs it.
DECIDING_CODES: Final = (
    "INVALID_DECISION",
    "CONFLICTING_FIELDS",
    "VERSION_CONFLICT",
    "PRECONDITION_FAILED",
    "SELF_DECISION",
    "CREDENTIAL_ALREADY_ACTIVE",
    "NOT_AN_APPROVED_IMPROVER",
    "STATE_CONFLICT",
    "REQUEST_PENDING_EXISTS",
    "NO_DIDCOMM_ENDPOINT",
)
SIGNING_CODES: Final = (
    "INVALID_DATE",
    "EXPIRATION_IN_PAST",
    "EXPIRATION_TOO_FAR",
    *CLAIMS_CODES,
    "ISSUING_HALTED",
    "SEALED",
    "RECONCILING",
    "CLOCK_BEHIND",
)
_DECIDED_OR_PREVIEW: Final = Answered(
    200,
    "The request and what was done; with `dry_run` what would be done.",
    {"anyOf": [desk_answers.DECIDED, desk_answers.DECISION_PREVIEW]},
    desk_examples.DECIDED,
    headers=("ETag",),
)
_UNDONE: Final = Answered(200, "The request, pending again.", desk_answers.DECIDED, desk_examples.UNDONE)

ROUTES: Final[tuple[Route, ...]] = (
    _FOR_REVIEWERS.posts(
        f"{ONE_PATH}/decision",
        "Decide a request for a credential",
        decide,
        (_DECIDED_OR_PREVIEW,),
        body=DECISION,
        codes=(*SEEN_CODES, *DECIDING_CODES, *SIGNING_CODES),
        headers=IF_MATCH,
        document_at="/claims",
    ),
    _FOR_REVIEWERS.posts(
        f"{PATH}/decisions",
        "Decide many requests, one by one",
        decide_many,
        (Answered(200, "What became of each.", desk_answers.DECIDED_MANY, desk_examples.DECIDED_MANY),),
        body=DECISIONS,
        codes=("BATCH_TOO_LARGE", "INVALID_DECISION", "CONFLICTING_FIELDS"),
        deadline_seconds=120.0,
    ),
    _FOR_REVIEWERS.posts(
        f"{ONE_PATH}/undo",
        "Take back a decision whose credential is not signed yet",
        undo,
        (_UNDONE,),
        body=UNDO,
        codes=(*SEEN_CODES, "VERSION_CONFLICT", "STATE_CONFLICT", "SELF_DECISION"),
    ),
    _FOR_REVIEWERS.posts(
        f"{ONE_PATH}/issue-now",
        "Sign an approved request before its undo window is over",
        issue_now,
        (Answered(200, "The request.", desk_answers.REQUEST, desk_examples.APPROVED, headers=("ETag",)),),
        body=NOTHING,
        codes=(*SEEN_CODES, "STATE_CONFLICT", "ISSUING_HALTED", "SEALED", "RECONCILING", "CLOCK_BEHIND"),
    ),
)
