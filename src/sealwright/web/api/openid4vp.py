"""In-person checks: asking for a presentation over the API, and what wallets fetch and post (OpenID4VP 1.0)."""

from __future__ import annotations

from typing import Any, Final

from sealwright.domain.errors import MalformedBody
from sealwright.protocols.openid4vci.errors import OAuthCode
from sealwright.protocols.openid4vp.requests import REQUEST_MEDIA_TYPE
from sealwright.services.presentation_questions import DCQL, DEFINITION
from sealwright.services.presenting import MadeRequest
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.vc.errors import Fault
from sealwright.web.api.rendering import moment
from sealwright.web.api.shapes import oid4vci, presenting
from sealwright.web.call import Call, ok
from sealwright.web.oauth_words import OAuthWords
from sealwright.web.reply import Reply, header_text, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Route

_PATH: Final = "/api/v1/presentations/requests"
_QUESTIONS: Final = ("credentialType", DEFINITION, DCQL)
_NO_STORE: Final = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))


def ask(call: Call) -> Reply:
    """POST /api/v1/presentations/requests."""
    wanted, claims = call.body.get("credentialType"), call.body.get("claims", [])
    desk = call.office.presenting
    asked = [name for name in _QUESTIONS if name in call.body]
    if len(asked) != 1 or (wanted is None and "claims" in call.body):
        if not asked:
            fault = Fault("/credentialType", "MISSING_FIELD", "is missing, or one of the two in its place")
            raise MalformedBody("The question cannot be asked.", faults=[fault])
        detail = f"must hold exactly one of {', '.join(_QUESTIONS)}; claims stand beside credentialType alone"
        raise MalformedBody("The question cannot be asked.", faults=[Fault("", "INVALID_VALUE", detail)])
    if wanted is None:
        query: dict[str, Any] = {asked[0]: call.body[asked[0]]}
        return call.perform(lambda uow, caller: desk.ask_query(uow, caller, query), _asked, is_secret=True)
    return call.perform(lambda uow, caller: desk.ask(uow, caller, wanted, claims), _asked, is_secret=True)


def _asked(made: MadeRequest) -> Reply:
    location = header_text(f"{_PATH}/{made.request.presentation_id}")
    return json_reply(spelled(made), 201, ((b"location", location),))


def read(call: Call) -> Reply:
    """GET /api/v1/presentations/requests/{id}."""
    return ok(spelled(call.office.presenting.own(call.caller, call.params["id"])))


def spelled(made: MadeRequest) -> dict[str, Any]:
    """A request for a presentation, with the report once a wallet has answered."""
    request = made.request
    return {
        "presentationId": request.presentation_id,
        "state": request.state.value,
        "credentialType": request.credential_type or None,
        "claims": list(request.claims),
        **{name: (request.query or {}).get(name) for name in (DEFINITION, DCQL)},
        "requestUri": made.request_uri,
        "deepLink": made.deep_link,
        "createdAt": format_timestamp(request.created_at),
        "answerBy": format_timestamp(made.answer_by),
        "expiresAt": format_timestamp(request.expires_at),
        "answeredAt": moment(request.answered_at),
        "result": dict(request.report) if request.report is not None else None,
    }


def request_object(call: Call) -> Reply:
    """GET /oid4vp/requests/{reference}."""
    token = call.office.presenting.request_object(call.params["reference"])
    return Reply(200, token.encode("ascii"), REQUEST_MEDIA_TYPE.encode("ascii"), _NO_STORE)


def answer(call: Call) -> Reply:
    """POST /oid4vp/answers/{reference}: well answered or not, the wallet is done; the verdict is for whoever asked."""
    call.office.presenting.answer(call.params["reference"], call.raw)
    return json_reply({}, 200, _NO_STORE)


_TAG: Final = "Verification"
_WALLETS: Final = "Wallets (OpenID4VP)"
_WORDS: Final = OAuthWords(OAuthCode.INVALID_REQUEST)
_ERRORS: Final = dict.fromkeys((400, 404), oid4vci.ERROR)

ROUTES: Final = (
    Route(
        "POST",
        _PATH,
        Audience.CALLER,
        "K, U",
        "Ask a wallet for a presentation, in person",
        ask,
        (
            Answered(
                201,
                "What to show as a code; the result is read under the same id, by the same caller.",
                presenting.REQUEST_STATE,
                presenting.REQUEST_EXAMPLE,
                headers=("Location",),
            ),
        ),
        _TAG,
        bucket=Bucket.WRITE,
        body=presenting.ASK,
        codes=("TYPE_NOT_FOUND",),
        idempotent=True,
    ),
    Route(
        "GET",
        f"{_PATH}/{{id}}",
        Audience.CALLER,
        "K, U (own)",
        "Whether a wallet has answered, and what the checks found",
        read,
        (
            Answered(
                200,
                "The request; `result` once a wallet has answered. Everything is forgotten at `expiresAt`.",
                presenting.REQUEST_STATE,
                presenting.ANSWERED_EXAMPLE,
            ),
        ),
        _TAG,
        codes=("NOT_FOUND",),
    ),
    Route(
        "GET",
        "/oid4vp/requests/{reference}",
        Audience.DOCUMENT,
        "P",
        "The request object of an in-person check",
        request_object,
        (Answered(200, "An unsigned request object (RFC 9101).", {"type": "string"}, None, REQUEST_MEDIA_TYPE),),
        _WALLETS,
        bucket=Bucket.PUBLIC,
        is_public_read=True,
        described_errors=_ERRORS,
        words=_WORDS,
    ),
    Route(
        "POST",
        "/oid4vp/answers/{reference}",
        Audience.DOCUMENT,
        "P",
        "Answer an in-person check (`direct_post`)",
        answer,
        (Answered(200, "The answer was taken; it is the only one.", {"type": "object"}, {}),),
        _WALLETS,
        bucket=Bucket.PUBLIC,
        is_public_read=True,
        described_errors=_ERRORS,
        words=_WORDS,
        is_form=True,
        form_example=presenting.ANSWER_EXAMPLE,
    ),
)
