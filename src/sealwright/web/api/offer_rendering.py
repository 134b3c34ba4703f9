"""Offers in the words of the wire; spelled alike in every family of routes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sealwright.domain.offers import Offer, OfferChannel
from sealwright.services.offer_values import MadeOffer
from sealwright.vc.encoding.timestamps import format_timestamp


def offer(found: Offer, public_url: str, now: datetime) -> dict[str, Any]:
    """An offer without its secrets."""
    is_shown = found.channel is not OfferChannel.DIDCOMM and found.is_open(now)
    images = f"{public_url}/api/v1/offers/{found.offer_id}/qr"
    return {
        "offerId": found.offer_id,
        "credentialId": found.credential_id,
        "requestId": found.request_id,
        "channel": found.channel.value,
        "state": found.state_at(now).value,
        "holderDid": found.holder_did,
        "binding": found.binding.value,
        "expiresAt": format_timestamp(found.expires_at),
        "createdAt": format_timestamp(found.created_at),
        "txCodeRequired": found.tx_code_required,
        "attemptsLeft": found.attempts_left,
        "didcommThreadId": found.thread_id,
        "qrSvgUrl": f"{images}.svg" if is_shown else None,
        "qrPngUrl": f"{images}.png" if is_shown else None,
    }


def made_offer(made: MadeOffer, public_url: str) -> dict[str, Any]:
    """An offer with its secrets, this once, as of its making."""
    return {
        **offer(made.offer, public_url, made.offer.created_at),
        "token": made.token,
        "claimUrl": made.claim_url,
        "txCode": made.tx_code,
        "credentialOfferUri": made.offer_uri,
        "deepLink": made.deep_link,
        "haipLink": made.haip_link,
    }
