"""Redeeming one-time tokens: one winner, bound to the holder, looked at again at the moment of effect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.delivering import has_claim_link
from sealwright.domain.delivery_errors import (
    HolderMismatch,
    HolderProofRequired,
    NotDeliverable,
    OfferNotFound,
    TokenExpired,
    TokenUsed,
)
from sealwright.domain.offers import Offer, OfferBinding, OfferState
from sealwright.domain.people import Actor, ActorKind, Caller
from sealwright.services.access import Access
from sealwright.services.holder_proofs import HolderProofs, PresentedProof
from sealwright.services.offer_moves import OfferMoves, require_deliverable
from sealwright.services.offer_values import HeldOffer
from sealwright.services.offers import controls
from sealwright.services.office_secrets import TOKEN_PREFIX, OfficeSecrets, secret_digest
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import Registry

BEARER: Final = "bearer"
_TOKEN_MAX: Final = 256
_MISSING: Final = "There is no such offer."


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a redemption hands over; `record.document` is there.

    Args:
        again: The same holder got it before, and the answer may have been lost.
    """

    offer: Offer
    record: CredentialRecord
    again: bool = False


@dataclass(frozen=True, slots=True)
class _Claim:
    """Who redeems, with what."""

    token: str
    caller: Caller | None
    proof: PresentedProof | None
    tx_code: str | None

    @property
    def actor(self) -> Actor:
        if self.caller is not None and self.caller.person is not None:
            return self.caller.actor
        # Nobody is signed in: the audit trail names the part of the system that checked the secret.
        return Actor(ActorKind.SYSTEM, "redeeming", "link")

    @property
    def request_id(self) -> str | None:
        return self.caller.request_id if self.caller is not None else None


class RedeemDesk:
    """Hands credentials over for one-time tokens."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        access: Access,
        secrets: OfficeSecrets,
        moves: OfferMoves,
        proofs: HolderProofs,
        clock: Clock,
    ) -> None:
        self._units = units
        self._access = access
        self._secrets = secrets
        self._moves = moves
        self._proofs = proofs
        self._clock = clock

    def look(self, token: str) -> Offer:
        """The offer behind a token, for the page on which a person may take it; the first look is noted.

        Raises:
            OfferNotFound: No such token; those of another kind look the same.
            TokenUsed, TokenExpired: Nothing comes of it any more.
        """
        seen = self._find(token)
        with self._units() as uow:
            uow.office.epoch(shared_lock=True)
            offer = self._moves.hold(uow, seen.offer_id).offer
            now = self._clock.now()
            _require_open(offer, now)
            if offer.state in (OfferState.CREATED, OfferState.SENT):
                actor = Actor(ActorKind.SYSTEM, "redeeming", "link")
                offer = self._moves.move(uow, offer, OfferState.OPENED, actor)
                uow.commit()
        return offer

    def redeem(
        self, caller: Caller | None, token: str, holder_proof: str | None = None, tx_code: str | None = None
    ) -> Redeemed:
        """Hand the credential over, once.

        Args:
            caller: The signed-in person, if there is one; API keys count for nothing here.

        Raises:
            OfferNotFound: No such token; those of another kind look the same.
            TokenUsed: It was redeemed; the same holder gets it again with a new proof while the token lives.
            TokenExpired: Its time is over, or it was canceled.
            HolderProofRequired, HolderMismatch: By the holder binding.
            InvalidTxCode, TxCodeLocked: By the transaction code; a wrong try is counted, whatever else happens.
            NotDeliverable: The credential or its grant is not valid at this moment, or not there yet.
            Sealed: The office's key does not open now.
        """
        seen = self._find(token)
        proof = self._taken(seen, holder_proof)
        with self._units() as uow:
            epoch = uow.office.epoch(shared_lock=True)
            self._secrets.ready(uow)
            present = self._present(uow, caller, epoch)
            claim = _Claim(token, present, proof, tx_code)
            held = self._moves.hold(uow, seen.offer_id)
            if held.offer.state is OfferState.DELIVERED:
                redeemed = self._again(uow, claim, held)
                uow.commit()
                return redeemed
            _require_open(held.offer, self._clock.now())
            redeemer = self._redeemer(uow, claim, held.offer)
            refusal = self._moves.try_code(uow, held.offer, tx_code, claim.actor, request_id=claim.request_id)
            if refusal is None:
                redeemed = self._handed_over(uow, claim, held, redeemer)
            uow.commit()
        if refusal is not None:
            raise refusal
        return redeemed

    # -- parts -------------------------------------------------------------------------------------

    def _find(self, token: str) -> Offer:
        if token.startswith(TOKEN_PREFIX) and len(token) <= _TOKEN_MAX:
            with self._units(write=False) as uow:
                offer = uow.offers.by_secret(secret_digest(token))
            if offer is not None and has_claim_link(offer.channel):
                return offer
        raise OfferNotFound(_MISSING)

    def _taken(self, offer: Offer, holder_proof: str | None) -> PresentedProof | None:
        if holder_proof is None or offer.binding is OfferBinding.BEARER or offer.holder_did is None:
            return None
        with self._units(write=False) as uow:
            is_kept_here = uow.dids.get(offer.holder_did) is not None
        return self._proofs.take(holder_proof, offer.holder_did, is_kept_here=is_kept_here)

    def _present(self, uow: UnitOfWork, caller: Caller | None, epoch: int) -> Caller | None:
        """The signed-in person as of now; a key of an issuer is nobody's person."""
        if caller is None or caller.person is None:
            return None
        if caller.epoch == epoch and caller.session_id is None:
            return caller
        return self._access.refresh(caller, Registry.within(uow, epoch))

    def _redeemer(self, uow: UnitOfWork, claim: _Claim, offer: Offer) -> str:
        """Who redeems, as the offer keeps it, if they may."""
        if offer.binding is OfferBinding.BEARER:
            return BEARER
        if offer.holder_did is None:
            raise NotDeliverable("The credential is not there yet.")
        if claim.proof is not None:
            now = self._clock.now()
            thumbprint = self._proofs.verify(
                claim.proof, token=claim.token, holder_did=offer.holder_did, now=now, uow=uow
            )
            return f"jkt:{thumbprint}"
        if claim.caller is None or claim.caller.person is None:
            raise HolderProofRequired("Sign in as the holder, or send a proof by a key of the holder's DID.")
        if not controls(uow, claim.caller.person, offer.holder_did):
            raise HolderMismatch("The offer is for another holder.")
        return f"user:{claim.caller.person.user_id}"

    def _again(self, uow: UnitOfWork, claim: _Claim, held: HeldOffer) -> Redeemed:
        """A second call for what was delivered: the same holder may have lost the answer; nobody else gets it."""
        offer, now = held.offer, self._clock.now()
        used = TokenUsed("This token was redeemed already.")
        if offer.binding is OfferBinding.BEARER or offer.expires_at <= now:
            raise used
        try:
            redeemer = self._redeemer(uow, claim, offer)
        except (HolderMismatch, HolderProofRequired) as error:
            raise used from error
        if redeemer != offer.redeemer:
            raise used
        return Redeemed(offer, require_deliverable(held, now), again=True)

    def _handed_over(self, uow: UnitOfWork, claim: _Claim, held: HeldOffer, redeemer: str) -> Redeemed:
        record = require_deliverable(held, self._clock.now())
        offer = self._moves.move(
            uow,
            held.offer,
            OfferState.DELIVERED,
            claim.actor,
            request_id=claim.request_id,
            redeemer=redeemer,
            delivered_id=record.credential_id,
        )
        return Redeemed(offer, record)


def _require_open(offer: Offer, now: datetime) -> None:
    state = offer.state_at(now)
    if state is OfferState.DELIVERED:
        raise TokenUsed("This token was redeemed already.")
    if not offer.is_open(now):
        raise TokenExpired("The offer's time is over, or it was canceled.")
    if state is OfferState.WAITING:
        raise NotDeliverable("The request behind this offer is not decided yet.")
