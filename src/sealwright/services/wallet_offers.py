"""Offers as wallets read them: by reference, until their code is used."""

from __future__ import annotations

from typing import Final

from sealwright.domain.errors import StateConflict
from sealwright.domain.offers import TX_CODE_DIGITS, Offer, OfferChannel, OfferState
from sealwright.protocols.openid4vci.errors import OAuthCode, WalletRefused
from sealwright.protocols.openid4vci.metadata import credential_offer
from sealwright.services.offer_moves import OfferMoves
from sealwright.services.office_secrets import OfficeSecrets, secret_digest
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.wallet_access import wallet_actor
from sealwright.services.wallet_metadata import WalletMetadata
from sealwright.vc.encoding.strict_json import JSONValue

_REFERENCE_MAX: Final = 128
_READABLE: Final = frozenset({OfferState.WAITING, OfferState.CREATED, OfferState.SENT, OfferState.OPENED})


class WalletOffers:
    """Shows offers to whoever has their address."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        secrets: OfficeSecrets,
        moves: OfferMoves,
        metadata: WalletMetadata,
        clock: Clock,
        public_url: str,
    ) -> None:
        self._units = units
        self._secrets = secrets
        self._moves = moves
        self._metadata = metadata
        self._clock = clock
        self._public_url = public_url

    def open(self, reference: str, *, request_id: str | None) -> dict[str, JSONValue]:
        """The offer behind an address; the first look is noted.

        Raises:
            WalletRefused: 404 for no such offer, 410 for one that was used or is over.

        Spec: OpenID4VCI 1.0, "Sending Credential Offer by Reference Using credential_offer_uri Parameter".
        """
        with self._units(write=False) as uow:
            known = len(reference) <= _REFERENCE_MAX
            seen = uow.offers.by_secret(secret_digest(reference)) if known else None
        if seen is None or seen.channel is not OfferChannel.QR or not self._metadata.configurations_of(seen):
            raise WalletRefused(OAuthCode.INVALID_REQUEST, "There is no such credential offer.", status=404)
        self._require_readable(seen)
        with self._units() as uow:
            self._secrets.ready(uow)
            uow.office.epoch(shared_lock=True)
            if seen.state in (OfferState.CREATED, OfferState.SENT):
                seen = self._opened(uow, seen, request_id)
            uow.commit()
        return self.by_value(seen)

    def _opened(self, uow: UnitOfWork, seen: Offer, request_id: str | None) -> Offer:
        offer = self._moves.hold(uow, seen.offer_id).offer
        self._require_readable(offer)
        try:
            return self._moves.move(uow, offer, OfferState.OPENED, wallet_actor(None), request_id=request_id)
        except StateConflict:
            raise _over() from None

    def by_value(self, offer: Offer) -> dict[str, JSONValue]:
        """An offer whole, with its code; for whoever may have its secrets. `OfficeSecrets.ready` comes first."""
        return credential_offer(
            self._public_url,
            self._metadata.configurations_of(offer),
            code=self._secrets.token("code", offer.offer_id),
            tx_code_length=TX_CODE_DIGITS if offer.tx_code_required else None,
        )

    def _require_readable(self, offer: Offer) -> None:
        if offer.state_at(self._clock.now()) not in _READABLE:
            raise _over()


def _over() -> WalletRefused:
    return WalletRefused(OAuthCode.INVALID_REQUEST, "This credential offer was used, or its time is over.", status=410)
