"""What the holder's agent hears of an offer that ended elsewhere; called within the acts that end it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from sealwright.domain.didcomm import DidcommMessage, DidcommThread, Direction, ThreadState
from sealwright.domain.ids import new_id
from sealwright.domain.offers import Offer, OfferState
from sealwright.domain.parcels import Parcel, ParcelKind
from sealwright.domain.people import Actor
from sealwright.protocols.didcomm import types
from sealwright.protocols.didcomm.message import Message
from sealwright.services.didcomm_values import FINAL_STATES, PEER, report
from sealwright.services.dispatching import new_parcel, send
from sealwright.services.ports import UnitOfWork

_ENDS: Final = frozenset({OfferState.DECLINED, OfferState.EXPIRED, OfferState.CANCELED})
_HEARD_OF: Final = frozenset({OfferState.SENT, OfferState.OPENED, OfferState.ACCEPTED})
_CODE: Final = "e.p.issuance-abandoned"
_COMMENT: Final = "The offer has ended."
# Marks the parcels of these messages. They are worded when they leave, so those who end offers need no key to seal.
_REFERENCE: Final = "offer-ended"


def offer_ended(uow: UnitOfWork, before: Offer, to: OfferState, actor: Actor, now: datetime) -> None:
    """End the thread of a locked offer, and tell its other side where the offer's message has left.

    Args:
        before: The offer as it was until now.
        actor: An end that the other side brought about itself is nothing to tell.
    """
    if to not in _ENDS or before.thread_id is None or actor == PEER:
        return
    thread = uow.didcomm.thread_for_update(before.thread_id)
    if thread is None or thread.offer_id != before.offer_id or thread.state in FINAL_STATES:
        return
    uow.didcomm.update_thread(replace(thread, state=ThreadState.ABANDONED, updated_at=now, version=thread.version + 1))
    if before.state in _HEARD_OF or _is_under_way(uow, thread.thread_id):
        row = DidcommMessage(new_id("msg"), thread.thread_id, types.PROBLEM_REPORT, Direction.OUTBOUND, now)
        uow.didcomm.add_message(row)
        kind = ParcelKind.DIDCOMM
        send(uow, [new_parcel(kind, row.message_id, reference=_REFERENCE, label=row.type, now=now)])


def _is_under_way(uow: UnitOfWork, thread_id: str) -> bool:
    """Whether the offer's message was tried at all: it may be there before we have heard so."""
    for row in uow.didcomm.messages(thread_id):
        if row.type == types.OFFER_CREDENTIAL:
            parcels = uow.parcels.list(ParcelKind.DIDCOMM, row.message_id, limit=1, cursor=None)
            return any(parcel.attempts > 0 for parcel in parcels.items)
    return False


def tells_end(parcel: Parcel) -> bool:
    """Whether a parcel carries such a message."""
    return parcel.kind is ParcelKind.DIDCOMM and parcel.reference == _REFERENCE


def end_message(uow: UnitOfWork, row: DidcommMessage, thread: DidcommThread) -> Message | None:
    """Word the message; None where what was offered has been erased, and its holder is left alone."""
    record = uow.credentials.get(thread.credential_id) if thread.credential_id is not None else None
    if record is None or record.document is None:
        return None
    return replace(report(thread, _CODE, _COMMENT, row.at), id=row.message_id)
