"""Bodies and answers of the routes of offers, and the `delivery` that issuing and deciding take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sealwright.domain.delivering import LONGEST_OFFER_SECONDS, OfferWish
from sealwright.domain.offers import OfferBinding, OfferChannel, OfferState
from sealwright.web.api.shapes.answers import INTEGER, STRING
from sealwright.web.api.shapes.examples import CREDENTIAL
from sealwright.web.api.shapes.parts import (
    BOOLEAN,
    OBJECT,
    TIMESTAMP,
    URL,
    Node,
    answer,
    closed,
    nullable,
    page_of,
    text,
)
from sealwright.web.shape import Shape

CHANNELS: Final = (*(channel.value for channel in OfferChannel), "oid4vci")
TOKEN_MAX: Final = 256
PROOF_MAX: Final = 8_192

_CHANNEL: Final[Node] = {
    "type": "string",
    "enum": list(CHANNELS),
    "description": "The road to the holder; `oid4vci` is another name for `qr`.",
}
_TX_CODE: Final[Node] = {
    **BOOLEAN,
    "description": "Whether six digits are asked for that are told apart; true for `qr`, else false when left out.",
}
_WISH: Final[Node] = {
    "channel": _CHANNEL,
    "txCode": _TX_CODE,
    "expiresInSeconds": {
        "type": "integer",
        "minimum": 1,
        "maximum": LONGEST_OFFER_SECONDS,
        "description": "How long it lives; three days for `email`, else the office's setting when left out.",
    },
    "binding": {
        "type": "string",
        "enum": [binding.value for binding in OfferBinding],
        "default": "holder",
        "description": "Who may redeem it: the holder alone, or whoever bears the secret.",
    },
    "email": text(254, "Where the letter of `email` goes; the holder's own address when left out."),
}
DELIVERY: Final[Node] = {
    **closed(_WISH, required=("channel",)),
    "description": "Also make an offer of the credential.",
}
OFFER: Final = Shape(
    "MakeOffer",
    closed(_WISH, required=("channel",)),
    example={"channel": "token", "expiresInSeconds": 600},
)
OWN_OFFER: Final = Shape(
    "MakeOwnOffer",
    closed({"channel": _CHANNEL, "txCode": _TX_CODE}, required=("channel",)),
    example={"channel": "qr"},
)
WAITING_OFFER: Final = Shape(
    "MakeWaitingOffer",
    closed({"channel": {**_CHANNEL, "default": "qr"}, "txCode": _TX_CODE}),
    optional=True,
    example={"channel": "qr"},
)
REDEEM: Final = Shape(
    "Redeem",
    closed(
        {
            "token": text(TOKEN_MAX, "The one-time token."),
            "holderProof": text(PROOF_MAX, "A JWS by a key of the holder's DID, for whoever is not signed in."),
            "txCode": text(64, "The six digits, where the offer asks for them."),
        },
        required=("token",),
    ),
    example={"token": "swo_bXlvbmV0aW1ldG9rZW5pc2xvbmdhbmRyYW5kb21lbm91Z2g"},
)


def wish_of(members: Mapping[str, Any], *, at: str = "") -> OfferWish:
    """The wish that checked members tell.

    Args:
        at: Where they stand in the body, for faults that are found later.
    """
    return OfferWish(
        channel=OfferChannel(members.get("channel", "qr")),
        tx_code=members.get("txCode"),
        expires_in_seconds=members.get("expiresInSeconds"),
        binding=OfferBinding(members.get("binding", "holder")),
        email=members.get("email"),
        pointer=at,
    )


_STATE: Final[Node] = {"type": "string", "enum": [state.value for state in OfferState]}
_MEMBERS: Final[Node] = {
    "offerId": STRING,
    "credentialId": {**nullable(STRING), "description": "Null until the credential is signed."},
    "requestId": nullable(STRING),
    "channel": {"type": "string", "enum": [channel.value for channel in OfferChannel]},
    "state": _STATE,
    "holderDid": nullable(STRING),
    "binding": {"type": "string", "enum": [binding.value for binding in OfferBinding]},
    "expiresAt": TIMESTAMP,
    "createdAt": TIMESTAMP,
    "txCodeRequired": BOOLEAN,
    "attemptsLeft": {**INTEGER, "description": "Tries at the transaction code; at 0 the offer is locked for good."},
    "didcommThreadId": nullable(STRING),
    "qrSvgUrl": {**nullable(URL), "description": "Null where there is nothing to scan (any more)."},
    "qrPngUrl": nullable(URL),
}
_SECRETS: Final[Node] = {
    "token": nullable(STRING),
    "claimUrl": nullable(URL),
    "txCode": {**nullable(STRING), "description": "Tell it to the holder by another road than the rest."},
    "credentialOfferUri": nullable(URL),
    "deepLink": {**nullable(STRING), "description": "What the QR code says."},
    "haipLink": {**nullable(STRING), "description": "The same for wallets of the high assurance profile."},
}
OFFER_ANSWER: Final = answer("Offer", _MEMBERS)
MADE_OFFER: Final = answer("MadeOffer", {**_MEMBERS, **_SECRETS})
OFFER_PAGE: Final = page_of("OfferPage", OFFER_ANSWER)
REDEEMED: Final = answer("Redeemed", {"credential": {**OBJECT, "description": "As signed."}, "credentialId": STRING})

_OFFER_ID: Final = "off_kq3c7xm2vbn5tz4wpd6ahf2yqe"
_BASE: Final = "https://credentials.example"
OFFER_EXAMPLE: Final[Node] = {
    "offerId": _OFFER_ID,
    "credentialId": "urn:uuid:019a3f00-7d5c-7a53-9c39-2f6b8f0f3f11",
    "requestId": None,
    "channel": "token",
    "state": "created",
    "holderDid": "did:adi:holder001",
    "binding": "holder",
    "expiresAt": "2026-03-01T12:10:00Z",
    "createdAt": "2026-03-01T12:00:00Z",
    "txCodeRequired": False,
    "attemptsLeft": 5,
    "didcommThreadId": None,
    "qrSvgUrl": f"{_BASE}/api/v1/offers/{_OFFER_ID}/qr.svg",
    "qrPngUrl": f"{_BASE}/api/v1/offers/{_OFFER_ID}/qr.png",
}
CANCELED_EXAMPLE: Final[Node] = {**OFFER_EXAMPLE, "state": "canceled", "qrSvgUrl": None, "qrPngUrl": None}
_TOKEN: Final = "swo_bXlvbmV0aW1ldG9rZW5pc2xvbmdhbmRyYW5kb21lbm91Z2g"  # noqa: S105 - an example
MADE_EXAMPLE: Final[Node] = {
    **OFFER_EXAMPLE,
    "token": _TOKEN,
    "claimUrl": f"{_BASE}/claim#{_TOKEN}",
    "txCode": None,
    "credentialOfferUri": None,
    "deepLink": None,
    "haipLink": None,
}
WAITING_EXAMPLE: Final[Node] = {
    **MADE_EXAMPLE,
    "credentialId": None,
    "requestId": "req_kq3c7xm2vbn5tz4wpd6ahf2yqe",
    "state": "waiting",
    "holderDid": None,
    "expiresAt": "2027-03-01T12:00:00Z",
}
PAGE_EXAMPLE: Final[Node] = {"data": [OFFER_EXAMPLE], "hasMore": False, "nextCursor": None}
REDEEMED_EXAMPLE: Final[Node] = {
    "credential": CREDENTIAL,
    "credentialId": "urn:uuid:019a3f00-7d5c-7a53-9c39-2f6b8f0f3f11",
}
