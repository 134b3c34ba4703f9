"""Parcels: messages to strangers' machines, which leave after the commit that causes them, at least once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

# A parcel is tried for a day, with pauses that grow; then it is a dead letter that somebody may send again.
GIVE_UP_AFTER: Final = timedelta(hours=24)
FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(hours=2)
# Whoever takes a parcel has it for so long; longer than any exchange lasts, so a crashed worker's is free again.
LEASE: Final = timedelta(seconds=30)


class ParcelKind(StrEnum):
    """Who carries it."""

    WEBHOOK = "webhook"
    DIDCOMM = "didcomm"


class ParcelState(StrEnum):
    """On its way, arrived, given up, or not wanted any more."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message and its tries.

    Args:
        subject: The webhook endpoint's id, or the DIDComm message's id.
        reference: What it tells of: an audit sequence for webhooks; for DIDComm empty, or ``offer-ended``.
        label: The event kind or message type, for lists.
        attempts: Tries begun so far; a try is counted before it is made.
        due_at: Not before; while somebody tries, the end of their lease.
        last_status: The HTTP status of the last answer; None where there was none.
        last_error: A stable word of ours (``refused``, ``timeout``, ``status``); never the other side's text.
    """

    parcel_id: str
    kind: ParcelKind
    subject: str
    reference: str
    label: str
    created_at: datetime
    due_at: datetime
    give_up_at: datetime
    attempts: int = 0
    state: ParcelState = ParcelState.WAITING
    last_status: int | None = None
    last_error: str | None = None
    finished_at: datetime | None = None


def pause_asked_for(retry_after: str | None, now: datetime) -> timedelta:
    """How long the other side asks to be left alone: at most as long as the longest pause of ours.

    Args:
        retry_after: The header as it came: seconds, or a date of HTTP. What is neither asks for nothing.
    """
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        # Longer numbers than this are beyond every bound.
        asked = timedelta(seconds=int(text[:9]))
    else:
        try:
            until = parsedate_to_datetime(text)
        except (ValueError, OverflowError, TypeError):
            return timedelta()
        asked = (until if until.tzinfo is not None else until.replace(tzinfo=UTC)) - now
    return max(timedelta(), min(asked, LONGEST_PAUSE))


def pause_after(attempts: int, jitter: float) -> timedelta:
    """The pause after so many tries.

    Args:
        jitter: From 0 to 1; stretches the pause by up to a half, so that tries of many parcels do not meet.
    """
    pause = min(FIRST_PAUSE * 2.0 ** min(attempts - 1, 16), LONGEST_PAUSE)
    return pause + pause * (jitter / 2)
