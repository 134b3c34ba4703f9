"""Handing credentials over to wallets: one redeemer for each offer, one credential for each key."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sealwright.domain.credentials import CredentialRecord, IdempotencyScope
from sealwright.domain.errors import (
    Conflict,
    Gone,
    IdempotencyInProgress,
    NotFound,
    SigningFailed,
    StateConflict,
    Unprocessable,
)
from sealwright.domain.formats import CredentialFormat
from sealwright.domain.offers import Offer, OfferState
from sealwright.domain.wallets import WalletToken
from sealwright.services.copies import Copies
from sealwright.services.offer_moves import move_offer
from sealwright.services.orders import IssuanceOrder
from sealwright.services.ports import UnitOfWork
from sealwright.services.wallet_access import wallet_actor
from sealwright.services.wallet_sources import denied
from sealwright.vc.errors import VcError
from sealwright.vc.keys.multikey import PublicKey

WAIT_SECONDS: Final = 5.0
WAIT_STEP_SECONDS: Final = 0.05
_REDEEMED: Final = "The offer has ended, or was redeemed with another key."


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a credential is made for: the proven DID, and its key where the proof is at hand."""

    did: str
    key: PublicKey | None = None


@dataclass(frozen=True, slots=True)
class Handing:
    """Credentials that are to be handed over with one token in one form, one for each holder."""

    token: WalletToken
    configuration_id: str
    source: CredentialRecord
    form: CredentialFormat
    holders: tuple[Holder, ...]
    request_id: str | None

    @property
    def redeemer(self) -> str:
        """Names the holders together; the same whenever the same ones come again."""
        return "wallet:" + _digest(sorted(holder.did for holder in self.holders))

    def scope(self, index: int) -> IdempotencyScope:
        """The key under which one of the credentials is made, so that a repeated call gets the same one.

        What a person asks for without an offer has no other guard against a second holder: there the key is the place
        in the batch, and another holder in that place is another body.
        """
        body = f"{self.redeemer}\n{self.holders[index].did}"
        key = _digest([body]) if self.token.offer_id is not None else f"holder-{index}"
        principal = f"wallet:{self.token.token_id}"
        return IdempotencyScope(principal, self.configuration_id, key, hashlib.sha256(body.encode()).digest())


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


class OfferGuard:
    """Lets the credentials of one redeemer be stored, and marks the offer as delivered with the first of them."""

    def __init__(self, offer_id: str, redeemer: str, handing: Handing) -> None:
        self.key = f"offer:{offer_id}"
        self._offer_id = offer_id
        self._redeemer = redeemer
        self._handing = handing

    def look_again(self, uow: UnitOfWork, order: IssuanceOrder, now: datetime) -> None:  # noqa: ARG002 - the port's
        """Refuse when the offer has ended, or somebody else has redeemed it.

        Raises:
            StateConflict: It is so.
        """
        self._require(uow.offers.get(self._offer_id), now)

    def bind(
        self,
        uow: UnitOfWork,
        order: IssuanceOrder,  # noqa: ARG002 - the port's
        record: CredentialRecord,
        now: datetime,
    ) -> CredentialRecord:
        """Deliver the offer; raises as `look_again`."""
        offer = self._require(uow.offers.get_for_update(self._offer_id), now)
        if offer.state is not OfferState.DELIVERED:
            move_offer(
                uow,
                offer,
                OfferState.DELIVERED,
                wallet_actor(self._handing.token),
                now=now,
                request_id=self._handing.request_id,
                redeemer=self._redeemer,
                delivered_id=record.credential_id,
            )
        return record

    def _require(self, offer: Offer | None, now: datetime) -> Offer:
        if offer is not None:
            if offer.state is OfferState.DELIVERED and offer.redeemer == self._redeemer:
                return offer
            if offer.is_open(now) and offer.state is not OfferState.WAITING:
                return offer
        raise StateConflict(_REDEEMED)


class WalletHanding:
    """Makes the credentials that wallets get."""

    def __init__(self, copies: Copies) -> None:
        self._copies = copies

    def hand_over(self, handing: Handing) -> tuple[CredentialRecord, ...]:
        """One credential for each holder, in order; repeated calls of the same holders give the same ones.

        Raises:
            WalletRefused: ``credential_request_denied``: the credential or the offer is not in force any more, or
                another key has redeemed it.
            SigningFailed, OfficeClosed: Nothing was issued; the call may be repeated.
        """
        return tuple(self._one(handing, index) for index in range(len(handing.holders)))

    def _one(self, handing: Handing, index: int) -> CredentialRecord:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                return self._make(handing, index)
            except IdempotencyInProgress:
                # The wallet's own first try is under way: its outcome is this one's.
                if time.monotonic() >= deadline:
                    raise SigningFailed("The first try is still running.") from None
                time.sleep(WAIT_STEP_SECONDS)
            except (Conflict, Gone, NotFound, Unprocessable, VcError):
                raise denied("The credential cannot be handed over any more, or not to this key.") from None

    def _make(self, handing: Handing, index: int) -> CredentialRecord:
        token, holder = handing.token, handing.holders[index]
        guard = OfferGuard(token.offer_id, handing.redeemer, handing) if token.offer_id is not None else None
        return self._copies.make(
            handing.source,
            handing.form,
            holder.did,
            guard=guard,
            scope=handing.scope(index),
            # The office signs what it has granted; whoever consented stands in the offer's row, or the request's.
            actor=wallet_actor(None),
            holder_key=holder.key,
            request_id=handing.request_id,
        )
