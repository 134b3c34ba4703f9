"""Improvers' own requests and grants: asking, withdrawing, replying, and what they hold."""

from __future__ import annotations

from typing import Any, Final

from sealwright.services.review_values import NewRequest, RequestDetail, RequestView
from sealwright.web.api import desk_rendering
from sealwright.web.api.caching import version_tag
from sealwright.web.api.desk_routes import CLAIMS_CODES, Family
from sealwright.web.api.offers import answered, needs_judging
from sealwright.web.api.shapes import delivery, desk_answers, desk_examples
from sealwright.web.api.shapes.delivery import wish_of
from sealwright.web.api.shapes.registry import NOTHING
from sealwright.web.api.shapes.review import REPLY, REQUEST_CREDENTIAL
from sealwright.web.call import Call
from sealwright.web.page_lists import numbered, numbered_answer, page_reply, sliced
from sealwright.web.reply import Reply, header_text, json_reply
from sealwright.web.route import Answered, Audience, Route


def _own(call: Call, view: RequestView) -> dict[str, Any]:
    return desk_rendering.request(view, call.office.clock.now(), for_reviewer=False)


def _shown(call: Call, view: RequestView, status: int = 200) -> Reply:
    return json_reply(_own(call, view), status, (version_tag(view.request.version),))


def list_own(call: Call) -> Reply:
    """GET /improvers/credential-requests."""
    found = call.office.intake.own(call.caller)
    return page_reply(call, sliced(call, found), lambda view: _own(call, view))


def get_own(call: Call) -> Reply:
    """GET /improvers/credential-requests/{request_id}."""
    detail: RequestDetail = call.office.intake.own_one(call.caller, call.params["request_id"])
    members = {**_own(call, detail.view), "history": desk_rendering.history(detail.history, for_reviewer=False)}
    return json_reply(members, headers=(version_tag(detail.view.request.version),))


def request(call: Call) -> Reply:
    """POST /improvers/credential-requests."""
    body = call.body
    wish = NewRequest(
        credential_type=body["credential_type"],
        allow_unlisted=body.get("allow_unlisted", False),
        claims=body.get("claims"),
        evidence=tuple(body.get("evidence", ())),
        answers=body.get("answers", {}),
        note=body.get("note"),
    )
    return call.perform(
        lambda uow, caller: call.office.intake.request(uow, caller, wish),
        lambda view: _shown(call, view, 201).with_headers(
            (b"location", header_text(f"/improvers/credential-requests/{view.request.request_id}"))
        ),
    )


def withdraw(call: Call) -> Reply:
    """POST /improvers/credential-requests/{request_id}/withdraw."""
    return call.perform(
        lambda uow, caller: call.office.intake.withdraw(uow, caller, call.params["request_id"]),
        lambda view: _shown(call, view),
    )


def reply(call: Call) -> Reply:
    """POST /improvers/credential-requests/{request_id}/reply."""
    body = call.body
    return call.perform(
        lambda uow, caller: call.office.intake.reply(
            uow, caller, call.params["request_id"], body["message"], tuple(body.get("evidence", ()))
        ),
        lambda view: _shown(call, view),
    )


def offer(call: Call) -> Reply:
    """POST /improvers/credential-requests/{request_id}/offer."""
    wish = wish_of(call.body)
    if needs_judging(call, wish):
        person = call.caller.person
        call.office.offers.judge(person.holder_did if person is not None else None, wish)
    return call.perform(
        lambda uow, caller: call.office.offers.offer_for_request(uow, caller, call.params["request_id"], wish),
        lambda made: answered(call, made),
        is_secret=True,
    )


def offer_grant(call: Call) -> Reply:
    """POST /improvers/credentials/{grant_id}/offers."""
    wish = wish_of(call.body)
    grant_id = call.params["grant_id"]
    if needs_judging(call, wish):
        call.office.offers.judge_own(call.caller, grant_id, wish)
    return call.perform(
        lambda uow, caller: call.office.offers.offer_own(uow, caller, grant_id, wish),
        lambda made: answered(call, made),
        is_secret=True,
    )


_FOR_IMPROVERS: Final = Family("Improvers", Audience.IMPROVER, "M")
_FOR_SELF: Final = Family("Improvers", Audience.PERSON, "S")
_ONE: Final = Answered(200, "The request.", desk_answers.REQUEST, desk_examples.OWN_REQUEST, headers=("ETag",))
_PATH: Final = "/improvers/credential-requests"

ROUTES: Final[tuple[Route, ...]] = (
    _FOR_IMPROVERS.gets(
        _PATH,
        "List one's own requests for credentials",
        list_own,
        numbered_answer(desk_answers.REQUEST, desk_examples.OWN_REQUEST, "One page, pending first, then newest first."),
        query=numbered(),
    ),
    _FOR_IMPROVERS.posts(
        _PATH,
        "Ask for a credential",
        request,
        (Answered(201, "Asked for.", desk_answers.REQUEST, desk_examples.OWN_REQUEST, headers=("Location", "ETag")),),
        body=REQUEST_CREDENTIAL,
        codes=(
            "UNKNOWN_CREDENTIAL_TYPE",
            "TYPE_NOT_REQUESTABLE",
            "REQUEST_PENDING_EXISTS",
            "CREDENTIAL_ALREADY_ACTIVE",
            "EMAIL_NOT_VERIFIED",
            "NOT_FOUND",
            *CLAIMS_CODES,
        ),
        document_at="/claims",
    ),
    _FOR_SELF.gets(
        f"{_PATH}/{{request_id}}",
        "Read one's own request with what befell it",
        get_own,
        Answered(200, "The request.", desk_answers.REQUEST_DETAIL, desk_examples.OWN_REQUEST_DETAIL, headers=("ETag",)),
        codes=("REQUEST_NOT_FOUND",),
    ),
    _FOR_SELF.posts(
        f"{_PATH}/{{request_id}}/withdraw",
        "Withdraw one's own request",
        withdraw,
        (Answered(200, "Withdrawn.", desk_answers.REQUEST, desk_examples.WITHDRAWN, headers=("ETag",)),),
        body=NOTHING,
        codes=("REQUEST_NOT_FOUND", "STATE_CONFLICT"),
    ),
    _FOR_SELF.posts(
        f"{_PATH}/{{request_id}}/reply",
        "Reply to a reviewer's question",
        reply,
        (_ONE,),
        body=REPLY,
        codes=("REQUEST_NOT_FOUND", "STATE_CONFLICT", "NOT_FOUND"),
    ),
    _FOR_SELF.posts(
        f"{_PATH}/{{request_id}}/offer",
        "Make an offer that waits for the decision on one's own request",
        offer,
        (
            Answered(
                201,
                "Made; it can be redeemed once the request is approved.",
                delivery.MADE_OFFER,
                delivery.WAITING_EXAMPLE,
                headers=("Location",),
            ),
        ),
        body=delivery.WAITING_OFFER,
        codes=("REQUEST_NOT_FOUND", "STATE_CONFLICT", "NO_DIDCOMM_ENDPOINT", "SEALED"),
    ),
    _FOR_SELF.posts(
        "/improvers/credentials/{grant_id}/offers",
        "Offer one's own credential to a wallet of one's own",
        offer_grant,
        (Answered(201, "Made.", delivery.MADE_OFFER, delivery.MADE_EXAMPLE, headers=("Location",)),),
        body=delivery.OWN_OFFER,
        codes=("GRANT_NOT_FOUND", "NOT_DELIVERABLE", "NO_DIDCOMM_ENDPOINT", "SEALED"),
    ),
)
