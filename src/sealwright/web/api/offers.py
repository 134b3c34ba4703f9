"""Offers over the API: making, reading, showing and ending them, and redeeming one-time tokens."""

from __future__ import annotations

from typing import Final

from sealwright.domain.delivering import OfferWish
from sealwright.domain.delivery_errors import OfferNotFound, TokenExpired
from sealwright.domain.offers import OfferChannel, OfferState
from sealwright.domain.people import Caller
from sealwright.services.offer_values import MadeOffer
from sealwright.services.ports import UnitOfWork
from sealwright.services.redeeming import Redeemed
from sealwright.web.api import offer_rendering
from sealwright.web.api.credentials import credential_path
from sealwright.web.api.desk_routes import KEY_CODES
from sealwright.web.api.qr_images import qr_image
from sealwright.web.api.shapes import delivery
from sealwright.web.api.shapes.parts import text
from sealwright.web.api.shapes.registry import NOTHING
from sealwright.web.call import Call
from sealwright.web.query import Parameter, QueryShape, page_of, paged
from sealwright.web.reply import Reply, cursor_page, header_text, json_reply, raw_or_null
from sealwright.web.route import Answered, Audience, Bucket, Handler, Route

_DEFAULT_SCALE: Final = 4


def make(call: Call) -> Reply:
    """POST /api/v1/credentials/{id}/offers."""
    wish = delivery.wish_of(call.body)
    offers, credential_id = call.office.offers, call.params["id"]
    if needs_judging(call, wish):
        offers.judge_for(call.caller, credential_id, wish)

    def act(uow: UnitOfWork, caller: Caller) -> MadeOffer:
        return offers.offer(uow, caller, credential_id, wish)

    return call.perform(act, lambda made: answered(call, made), is_secret=True)


def needs_judging(call: Call, wish: OfferWish) -> bool:
    """Tell whether something is to be asked before the act; an answer that was kept asks nothing any more."""
    if wish.channel is not OfferChannel.DIDCOMM:
        return False
    scope = call.scope()
    return scope is None or call.office.acts.replay(scope) is None


def answered(call: Call, made: MadeOffer) -> Reply:
    """The answer to whoever made an offer."""
    location = header_text(f"/api/v1/offers/{made.offer.offer_id}")
    return json_reply(offer_rendering.made_offer(made, call.office.public_url), 201, ((b"location", location),))


def list_offers(call: Call) -> Reply:
    """GET /api/v1/offers."""
    limit, cursor = page_of(call.query)
    state = call.query.get("state")
    page = call.office.offers.list(
        call.caller,
        state=OfferState(state) if state is not None else None,
        credential_id=call.query.get("credentialId"),
        limit=limit,
        cursor=cursor,
    )
    now = call.office.clock.now()
    items = [offer_rendering.offer(one, call.office.public_url, now) for one in page.items]
    return json_reply(cursor_page(items, page.next_cursor))


def get(call: Call) -> Reply:
    """GET /api/v1/offers/{id}."""
    found = call.office.offers.get(call.caller, call.params["id"])
    return json_reply(offer_rendering.offer(found, call.office.public_url, call.office.clock.now()))


def cancel(call: Call) -> Reply:
    """POST /api/v1/offers/{id}/cancel."""
    return call.perform(
        lambda uow, caller: call.office.offers.cancel(uow, caller, call.params["id"]),
        lambda ended: json_reply(offer_rendering.offer(ended, call.office.public_url, call.office.clock.now())),
    )


def qr_svg(call: Call) -> Reply:
    """GET /api/v1/offers/{id}/qr.svg."""
    return _image(call, "svg", b"image/svg+xml")


def qr_png(call: Call) -> Reply:
    """GET /api/v1/offers/{id}/qr.png."""
    return _image(call, "png", b"image/png")


def _image(call: Call, kind: str, media_type: bytes) -> Reply:
    office = call.office
    offer = office.offers.get(call.caller, call.params["id"])
    if offer.channel is OfferChannel.DIDCOMM:
        raise OfferNotFound("There is no such offer.")
    if not offer.is_open(office.clock.now()):
        raise TokenExpired("The offer's time is over, or it was canceled.")
    made = office.offers.secrets_of(offer)
    content = made.deep_link or made.claim_url
    assert content is not None
    return Reply(200, qr_image(content, kind, call.query.get("scale", _DEFAULT_SCALE)), media_type)


def redeem(call: Call) -> Reply:
    """POST /api/v1/credentials/redeem."""
    body = call.body
    redeemed: Redeemed = call.office.redeeming.redeem(
        call.signed_in, body["token"], body.get("holderProof"), body.get("txCode")
    )
    record = redeemed.record
    members = {"credential": raw_or_null(record.document), "credentialId": record.credential_id}
    return json_reply(members, headers=((b"content-location", credential_path(record.credential_id)),))


_TAG: Final = "Delivery"
_WHO: Final = "K, S"
_MADE: Final = Answered(
    201, "Made, with its secrets this once.", delivery.MADE_OFFER, delivery.MADE_EXAMPLE, headers=("Location",)
)
_SCALE: Final = QueryShape(
    (Parameter("scale", {"type": "integer", "minimum": 1, "maximum": 40}, "Pixels a module; 4 when left out."),)
)
_FILTERS: Final = paged(
    Parameter("credentialId", text(2048), "Offers of this credential."),
    Parameter("state", {"type": "string", "enum": [state.value for state in OfferState]}, "Offers in this state."),
)
REDEEM_CODES: Final = (
    "OFFER_NOT_FOUND",
    "TOKEN_USED",
    "TOKEN_EXPIRED",
    "HOLDER_PROOF_REQUIRED",
    "HOLDER_MISMATCH",
    "INVALID_TX_CODE",
    "TX_CODE_LOCKED",
    "NOT_DELIVERABLE",
    "SEALED",
    "AUDIT_UNAVAILABLE",
)


def _shown(extension: str, media_type: str, handler: Handler) -> Route:
    return Route(
        "GET",
        f"/api/v1/offers/{{id}}/qr.{extension}",
        Audience.CALLER,
        _WHO,
        f"Show an offer's QR code as {extension.upper()}",
        handler,
        (Answered(200, "The image.", media_type=media_type),),
        _TAG,
        query=_SCALE,
        codes=("OFFER_NOT_FOUND", "TOKEN_EXPIRED", "INVALID_FILTER", "SEALED"),
    )


ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/credentials/{id}/offers",
        Audience.CALLER,
        _WHO,
        "Offer a credential to its holder",
        make,
        (_MADE,),
        _TAG,
        bucket=Bucket.WRITE,
        body=delivery.OFFER,
        codes=(
            "CREDENTIAL_NOT_FOUND",
            "NOT_DELIVERABLE",
            "NO_DIDCOMM_ENDPOINT",
            "SEALED",
            "AUDIT_UNAVAILABLE",
            *KEY_CODES,
        ),
        idempotent=True,
    ),
    Route(
        "GET",
        "/api/v1/offers",
        Audience.CALLER,
        _WHO,
        "List offers",
        list_offers,
        (Answered(200, "One page, newest first, without secrets.", delivery.OFFER_PAGE, delivery.PAGE_EXAMPLE),),
        _TAG,
        query=_FILTERS,
        codes=("INVALID_PAGINATION", "INVALID_FILTER"),
    ),
    Route(
        "GET",
        "/api/v1/offers/{id}",
        Audience.CALLER,
        _WHO,
        "Read an offer",
        get,
        (Answered(200, "The offer, without its secrets.", delivery.OFFER_ANSWER, delivery.OFFER_EXAMPLE),),
        _TAG,
        codes=("OFFER_NOT_FOUND",),
    ),
    Route(
        "POST",
        "/api/v1/offers/{id}/cancel",
        Audience.CALLER,
        _WHO,
        "Cancel an offer; holders decline what others offered them",
        cancel,
        (Answered(200, "Ended.", delivery.OFFER_ANSWER, delivery.CANCELED_EXAMPLE),),
        _TAG,
        bucket=Bucket.WRITE,
        body=NOTHING,
        codes=("OFFER_NOT_FOUND", "STATE_CONFLICT", "AUDIT_UNAVAILABLE", *KEY_CODES),
        idempotent=True,
    ),
    _shown("svg", "image/svg+xml", qr_svg),
    _shown("png", "image/png", qr_png),
    Route(
        "POST",
        "/api/v1/credentials/redeem",
        Audience.ANYONE,
        "P",
        "Redeem a one-time token",
        redeem,
        (Answered(200, "The credential, byte for byte as signed.", delivery.REDEEMED, delivery.REDEEMED_EXAMPLE),),
        _TAG,
        bucket=Bucket.PUBLIC,
        body=delivery.REDEEM,
        codes=REDEEM_CODES,
    ),
)
