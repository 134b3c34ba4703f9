"""What somebody may wish of a delivery (contract, section 2.1, Issue), and what may be handed over at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.credentials import CredentialRecord, CredentialStatus
from sealwright.domain.delivery_errors import NotDeliverable
from sealwright.domain.grants import Grant, GrantStatus
from sealwright.domain.offers import EMAIL_OFFER_SECONDS, OfferBinding, OfferChannel

LONGEST_OFFER_SECONDS: Final = 2_592_000
# An offer that was made before the decision is not watched by anybody when its time begins.
WAITED_OFFER: Final = timedelta(seconds=EMAIL_OFFER_SECONDS)
# So long may it wait for the decision itself.
LONGEST_WAIT: Final = timedelta(days=365)
_WITH_LINK: Final = frozenset({OfferChannel.TOKEN, OfferChannel.EMAIL})


@dataclass(frozen=True, slots=True)
class OfferWish:
    """How a credential is to reach its holder.

    Args:
        tx_code: Whether a transaction code is asked for; None: for QR codes only.
        expires_in_seconds: None: three days for mails, else the office's setting.
        email: Where the letter goes; None: the holder's own address.
        pointer: Where the wish stands in the body of its call, for faults that are found later.
    """

    channel: OfferChannel
    tx_code: bool | None = None
    expires_in_seconds: int | None = None
    binding: OfferBinding = OfferBinding.HOLDER
    email: str | None = None
    pointer: str = ""

    @property
    def asks_tx_code(self) -> bool:
        """Tell whether a transaction code is asked for; agents that talk DIDComm have nobody to type it."""
        if self.channel is OfferChannel.DIDCOMM:
            return False
        return self.channel is OfferChannel.QR if self.tx_code is None else self.tx_code

    def life(self, setting: timedelta) -> timedelta:
        """How long the offer lives."""
        if self.expires_in_seconds is not None:
            return timedelta(seconds=self.expires_in_seconds)
        return timedelta(seconds=EMAIL_OFFER_SECONDS) if self.channel is OfferChannel.EMAIL else setting


def has_claim_link(channel: OfferChannel) -> bool:
    """Tell whether it is redeemed with a one-time token, which a link carries."""
    return channel in _WITH_LINK


def is_in_force(record: CredentialRecord, grant: Grant | None, now: datetime) -> bool:
    """Tell whether a credential and the grant behind it, if it has one, hold now: nothing else is handed over."""
    if record.status_at(now) is not CredentialStatus.VALID:
        return False
    return grant.status_at(now) is GrantStatus.ACTIVE if grant is not None else record.grant_id is None


def require_in_force(record: CredentialRecord | None, grant: Grant | None, now: datetime) -> CredentialRecord:
    """The credential, if it and its grant hold now; raises NotDeliverable."""
    if record is None or not is_in_force(record, grant, now):
        raise NotDeliverable("The credential is not valid now, so it is not handed over.")
    return record
