"""What the desks of offers take and give, and what they need of their neighbors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.grants import Grant
from sealwright.domain.offers import Offer
from sealwright.domain.people import Caller
from sealwright.services.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class MadeOffer:
    """An offer with its secrets; those that its channel lacks are None.

    Args:
        token: Redeems it (`token`, `email`).
        claim_url: The page for people, with the token in its fragment.
        tx_code: Told apart from everything else.
        reference: The last part of the offer's address (`qr`).
        pre_authorized_code: What wallets exchange (`qr`).
        offer_uri: Where wallets read the offer.
        deep_link: What the QR code says.
        haip_link: The same for wallets of the high assurance profile.
    """

    offer: Offer
    token: str | None = field(default=None, repr=False)
    claim_url: str | None = field(default=None, repr=False)
    tx_code: str | None = field(default=None, repr=False)
    reference: str | None = field(default=None, repr=False)
    pre_authorized_code: str | None = field(default=None, repr=False)
    offer_uri: str | None = field(default=None, repr=False)
    deep_link: str | None = field(default=None, repr=False)
    haip_link: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class HeldOffer:
    """An offer and what it hangs on; every row is locked until the unit of work ends."""

    offer: Offer
    record: CredentialRecord | None
    grant: Grant | None


class DidcommOffers(Protocol):
    """Carries offers by DIDComm."""

    def require_endpoint(self, holder_did: str) -> None:
        """Ask where the holder takes messages; may ask the network, so never within a unit of work.

        Raises:
            NoDidcommEndpoint: Nowhere, or it cannot be found out now.
        """

    def queue_offer(self, uow: UnitOfWork, caller: Caller, offer: Offer) -> None:
        """Open the offer's thread (`offer.thread_id`, chosen by the desk) and queue its first message, in this act.

        Asks no network: the endpoint is looked up again when the message leaves. Then the offer moves to `sent`.
        """
