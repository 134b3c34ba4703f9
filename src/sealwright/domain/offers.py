"""Credential offers: a delivery that waits to be redeemed (contract, section 1.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

TX_CODE_DIGITS: Final = 6
TX_CODE_TRIES: Final = 5
EMAIL_OFFER_SECONDS: Final = 259_200


class OfferChannel(StrEnum):
    """By which road a credential reaches its holder."""

    TOKEN = "token"  # noqa: S105 - the name of a channel
    QR = "qr"
    DIDCOMM = "didcomm"
    EMAIL = "email"

    @classmethod
    def _missing_(cls, value: object) -> OfferChannel | None:
        # The contract's other name for the code that wallets scan.
        return cls.QR if value == "oid4vci" else None


class OfferState(StrEnum):
    """Where an offer stands; the last five are final."""

    WAITING = "waiting"
    CREATED = "created"
    SENT = "sent"
    OPENED = "opened"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELED = "canceled"


OPEN_STATES: Final = frozenset(
    {OfferState.WAITING, OfferState.CREATED, OfferState.SENT, OfferState.OPENED, OfferState.ACCEPTED}
)
# The steps of a delivery, in order: a channel that lacks one skips it, and none is taken back.
_STEPS: Final = (
    OfferState.WAITING,
    OfferState.CREATED,
    OfferState.SENT,
    OfferState.OPENED,
    OfferState.ACCEPTED,
    OfferState.DELIVERED,
)
OFFER_EVENTS: Final[Mapping[OfferState, str]] = {
    OfferState.WAITING: "offer.created",
    OfferState.CREATED: "offer.created",
    OfferState.SENT: "offer.sent",
    OfferState.OPENED: "offer.opened",
    OfferState.ACCEPTED: "offer.accepted",
    OfferState.DELIVERED: "offer.delivered",
    OfferState.DECLINED: "offer.declined",
    OfferState.EXPIRED: "offer.expired",
    OfferState.CANCELED: "offer.canceled",
}


class OfferBinding(StrEnum):
    """Who may redeem: the holder alone, or whoever bears the secret."""

    HOLDER = "holder"
    BEARER = "bearer"


def may_move(before: OfferState, after: OfferState) -> bool:
    """Tell whether an offer may go from one state to another."""
    if before not in OPEN_STATES or before is after:
        return False
    if after not in _STEPS:
        return True
    return _STEPS.index(after) > _STEPS.index(before)


@dataclass(frozen=True, slots=True)
class Offer:
    """One delivery of one credential.

    Secrets are never kept: they follow from the id and a key of the office (`services.office_secrets`); rows hold
    digests.

    Args:
        credential_id: The primary credential, delivered itself or in a form of the wallet's own; None until signed.
        grant_id: Its grant; None for a credential without one, and while the request waits.
        request_id: The request that it was made for; None unless it was made before the decision.
        issuer_did: The credential's issuer; None while nobody knows.
        holder_did: Whom it is bound to (canonical); None while the request waits and the person has no DID.
        holder_user_id: The person behind the holder, where we know one.
        created_by: A user id, API key id or login.
        origin: Names the call that made it where that must make it once only (a credential's id); unique.
        secret_digest: SHA-256 of the token (`token`, `email`) or of the reference in the offer's address (`qr`).
        code_digest: SHA-256 of the pre-authorized code (`qr`).
        expires_at: From then on nothing can be done with it.
        email: Where the letter goes (`email`).
        redeemer: Who redeemed: a key's thumbprint ``jkt:…``, or ``user:…``; set from `accepted` or `delivered` on.
        delivered_id: The credential that was handed over; the primary itself, or the wallet's own.
    """

    offer_id: str
    channel: OfferChannel
    state: OfferState
    binding: OfferBinding
    created_by: str
    created_at: datetime
    expires_at: datetime
    credential_id: str | None = None
    grant_id: str | None = None
    request_id: str | None = None
    credential_type: str | None = None
    schema_id: str | None = None
    issuer_did: str | None = None
    holder_did: str | None = None
    holder_user_id: str | None = None
    origin: str | None = None
    secret_digest: bytes | None = None
    code_digest: bytes | None = None
    tx_code_required: bool = False
    attempts_left: int = TX_CODE_TRIES
    email: str | None = None
    thread_id: str | None = None
    opened_at: datetime | None = None
    accepted_at: datetime | None = None
    ended_at: datetime | None = None
    redeemer: str | None = None
    delivered_id: str | None = None
    version: int = 1

    def state_at(self, now: datetime) -> OfferState:
        """The state as of a moment: an expiry that has passed counts, recorded or not."""
        if self.state in OPEN_STATES and self.expires_at <= now:
            return OfferState.EXPIRED
        return self.state

    def is_open(self, now: datetime) -> bool:
        """Tell whether something can still come of it."""
        return self.state_at(now) in OPEN_STATES

    @property
    def is_locked(self) -> bool:
        """Tell whether too many wrong transaction codes were tried."""
        return self.tx_code_required and self.attempts_left <= 0
