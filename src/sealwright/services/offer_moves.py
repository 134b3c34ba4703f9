"""The engine of offers: every move with its audit row, and the tries at a transaction code.

Rows are locked in the order grant, credential, offer; status lists, counters and parcels come after them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.delivering import require_in_force
from sealwright.domain.delivery_errors import InvalidTxCode, NotDeliverable, OfferNotFound, TxCodeLocked
from sealwright.domain.errors import DomainError, StateConflict
from sealwright.domain.offers import OFFER_EVENTS, Offer, OfferState, may_move
from sealwright.domain.people import Actor
from sealwright.services.didcomm_endings import offer_ended
from sealwright.services.offer_values import HeldOffer
from sealwright.services.office_secrets import OfficeSecrets, same_secret
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory

_MISSING: Final = "There is no such offer."
_FINAL: Final = frozenset(
    {OfferState.DELIVERED, OfferState.DECLINED, OfferState.EXPIRED, OfferState.CANCELED},
)


class OfferMoves:
    """Moves offers whose rows are locked, and keeps the tries at their transaction codes."""

    def __init__(self, units: UnitOfWorkFactory, secrets: OfficeSecrets, clock: Clock) -> None:
        self._units = units
        self._secrets = secrets
        self._clock = clock

    def hold(self, uow: UnitOfWork, offer_id: str) -> HeldOffer:
        """Lock an offer with its grant and credential; raises OfferNotFound."""
        return hold_offer(uow, offer_id)

    def move(
        self,
        uow: UnitOfWork,
        offer: Offer,
        to: OfferState,
        actor: Actor,
        *,
        request_id: str | None = None,
        **changes: Any,
    ) -> Offer:
        """Move a locked offer, with further changes of its row; a step that it is past already changes nothing.

        Raises:
            StateConflict: It has ended, or its time is over.
        """
        return move_offer(uow, offer, to, actor, now=self._clock.now(), request_id=request_id, **changes)

    def try_code(
        self, uow: UnitOfWork, offer: Offer, given: str | None, actor: Actor, *, request_id: str | None = None
    ) -> DomainError | None:
        """Judge a transaction code for a locked offer; a wrong one is counted.

        The refusal is given back and not raised: the caller commits the count first, and raises it then.
        """
        if not offer.tx_code_required:
            return InvalidTxCode("No transaction code is expected.") if given is not None else None
        if offer.is_locked:
            return TxCodeLocked("Too many wrong transaction codes; ask for a new offer.")
        if given is None:
            return InvalidTxCode("The transaction code is missing.")
        self._secrets.ready(uow)
        if same_secret(given, self._secrets.tx_code(offer.offer_id)):
            return None
        self.wrong_code(uow, offer, actor, request_id=request_id)
        return InvalidTxCode("The transaction code is wrong.")

    def wrong_code(self, uow: UnitOfWork, offer: Offer, actor: Actor, *, request_id: str | None = None) -> Offer:
        """Count a wrong transaction code against a locked offer; the last one locks it for good."""
        after = replace(offer, attempts_left=max(0, offer.attempts_left - 1), version=offer.version + 1)
        uow.offers.update(after)
        if after.is_locked:
            uow.audit.append(offer_event("offer.locked", after, actor, self._clock.now(), request_id=request_id))
        return after

    def check_tx_code(self, offer_id: str, given: str | None, actor: Actor, *, request_id: str | None = None) -> None:
        """Judge a transaction code in a transaction of its own, so that no refusal takes the count back.

        Raises:
            OfferNotFound: No such offer.
            InvalidTxCode, TxCodeLocked: As `try_code`.
        """
        with self._units() as uow:
            offer = uow.offers.get_for_update(offer_id)
            if offer is None:
                raise OfferNotFound(_MISSING)
            refusal = self.try_code(uow, offer, given, actor, request_id=request_id)
            uow.commit()
        if refusal is not None:
            raise refusal


def move_offer(
    uow: UnitOfWork,
    offer: Offer,
    to: OfferState,
    actor: Actor,
    *,
    now: datetime,
    request_id: str | None = None,
    **changes: Any,
) -> Offer:
    """Move a locked offer and write its audit row; a step that it is past already changes nothing.

    Raises:
        StateConflict: It has ended, or its time is over.
    """
    is_over = not offer.is_open(now) and to is not OfferState.EXPIRED
    if is_over or (offer.state in _FINAL):
        raise StateConflict("This offer has ended.")
    if not may_move(offer.state, to):
        return offer
    after = replace(offer, state=to, version=offer.version + 1, **_moments(to, now), **changes)
    uow.offers.update(after)
    uow.audit.append(offer_event(OFFER_EVENTS[to], after, actor, now, before=offer, request_id=request_id))
    offer_ended(uow, offer, to, actor, now)
    return after


def _moments(to: OfferState, now: datetime) -> dict[str, Any]:
    if to is OfferState.OPENED:
        return {"opened_at": now}
    if to is OfferState.ACCEPTED:
        return {"accepted_at": now}
    return {"ended_at": now} if to in _FINAL else {}


def offer_event(
    event: str,
    offer: Offer,
    actor: Actor,
    at: datetime,
    *,
    before: Offer | None = None,
    request_id: str | None = None,
) -> AuditEntry:
    """Word the audit row of what befell an offer: ids and states only."""
    return AuditEntry(
        actor=actor,
        request_id=request_id,
        action=event,
        object_type="offer",
        object_id=offer.offer_id,
        at=at,
        before={"state": before.state.value} if before is not None else None,
        after={"state": offer.state.value},
        data={
            "offerId": offer.offer_id,
            "channel": offer.channel.value,
            "credentialId": offer.credential_id,
            "grantId": offer.grant_id,
            "requestId": offer.request_id,
            "issuerDid": offer.issuer_did,
            "credentialType": offer.credential_type,
        },
    )


def hold_offer(uow: UnitOfWork, offer_id: str) -> HeldOffer:
    """Lock an offer with what it hangs on: the grant first, then the credential, then the offer itself.

    Raises:
        OfferNotFound: No such offer.
    """
    while (seen := uow.offers.get(offer_id)) is not None:
        try:
            with uow.savepoint():
                return _locked(uow, seen)
        except _Changed:
            # It was approved or signed between the reading and the lock. The locks are given back, for the offer's
            # must not be held while another one is waited for; either happens once at most.
            continue
    raise OfferNotFound(_MISSING)


class _Changed(Exception):
    """The offer hangs on something else by now."""


def _locked(uow: UnitOfWork, seen: Offer) -> HeldOffer:
    grant = uow.grants.get_for_update(seen.grant_id) if seen.grant_id is not None else None
    record = uow.credentials.get_for_update(seen.credential_id) if seen.credential_id is not None else None
    offer = uow.offers.get_for_update(seen.offer_id)
    if offer is None or (offer.grant_id, offer.credential_id) != (seen.grant_id, seen.credential_id):
        raise _Changed
    return HeldOffer(offer, record, grant)


def require_deliverable(held: HeldOffer, now: datetime) -> CredentialRecord:
    """The credential behind a locked offer, if it may be handed over at this moment.

    Raises:
        NotDeliverable: Not decided or signed yet; not valid now, or its grant is not; erased.
    """
    if held.record is None:
        raise NotDeliverable("The credential is not there yet.")
    record = require_in_force(held.record, held.grant, now)
    if record.document is None:
        raise NotDeliverable("The credential's document was erased.")
    return record
