"""The one table from a state to its badge, and from a marker to its sign: icon, word, color."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sealwright.locales import N_


@dataclass(frozen=True, slots=True)
class Badge:
    """How a state looks.

    Args:
        tone: The pair of colors, one of app.css's ``b-…``.
        word: A text of the catalogs; it alone says everything.
    """

    tone: str
    icon: str
    word: str


@dataclass(frozen=True, slots=True)
class Marker:
    """A remark beside a name; no state."""

    icon: str
    word: str
    is_late: bool = False


BADGES: Final[Mapping[str, Badge]] = {
    "pending": Badge("pending", "clock", N_("Pending")),
    "approved": Badge("approved", "check", N_("Approved")),
    "rejected": Badge("rejected", "cross", N_("Rejected")),
    "needs_info": Badge("info", "question", N_("Needs info")),
    "issued": Badge("issued", "seal", N_("Issued")),
    "valid": Badge("issued", "seal", N_("Valid")),
    "offered": Badge("offered", "out", N_("Offered")),
    "delivered": Badge("delivered", "wallet", N_("Delivered")),
    "suspended": Badge("suspended", "pause", N_("Suspended")),
    "revoked": Badge("revoked", "seal-slash", N_("Revoked")),
    "expired": Badge("neutral", "hourglass", N_("Expired")),
    "withdrawn": Badge("neutral", "dash", N_("Withdrawn")),
    "declined": Badge("neutral", "dash", N_("Declined")),
    "canceled": Badge("neutral", "dash", N_("Canceled")),
    "draft": Badge("neutral", "dash", N_("Draft")),
    "inactive": Badge("neutral", "dash", N_("Inactive")),
    "retired": Badge("neutral", "dash", N_("Retired")),
    # A grant in force is valid; so the credential that says it is called.
    "active": Badge("issued", "seal", N_("Valid")),
    # What signing does after a decision.
    "signing": Badge("pending", "clock", N_("Signing")),
    "failed": Badge("rejected", "cross", N_("Issuing failed")),
    # A workflow's instance, a step of it, and what is owed for a step; the same state looks the same in all three.
    "workflow_pending": Badge("pending", "clock", N_("Pending")),
    "workflow_approved": Badge("approved", "check", N_("Approved")),
    "workflow_in_progress": Badge("info", "half", N_("In progress")),
    "workflow_completed": Badge("issued", "flag", N_("Completed")),
    "workflow_paid_out": Badge("delivered", "coin", N_("Paid out")),
    "workflow_rejected": Badge("rejected", "cross", N_("Rejected")),
    "workflow_expired": Badge("neutral", "hourglass", N_("Expired")),
    "workflow_skipped": Badge("neutral", "dash", N_("Skipped")),
    "workflow_failed": Badge("suspended", "cross", N_("Failed")),
    "workflow_deleted": Badge("neutral", "bin", N_("Deleted")),
    "step_locked": Badge("neutral", "lock", N_("Not open yet")),
    "step_available": Badge("offered", "ring", N_("Ready to start")),
    "step_in_progress": Badge("info", "half", N_("In progress")),
    "step_completed": Badge("issued", "flag", N_("Completed")),
    "step_paid_out": Badge("delivered", "coin", N_("Paid out")),
    "payout_owed": Badge("pending", "coin", N_("Owed")),
    "payout_exported": Badge("offered", "coin", N_("Exported")),
    "payout_settled": Badge("issued", "coin", N_("Settled")),
    "payout_failed": Badge("suspended", "cross", N_("Failed")),
    "payout_void": Badge("neutral", "dash", N_("Void")),
    # A batch, and what became of one of its rows.
    "batch_draft": Badge("neutral", "dash", N_("Draft")),
    "batch_accepted": Badge("pending", "clock", N_("Pending")),
    "batch_running": Badge("info", "play", N_("Running")),
    "batch_paused": Badge("neutral", "pause", N_("Paused")),
    "batch_done": Badge("issued", "stack", N_("Done")),
    "batch_anchored": Badge("issued", "stack", N_("Done")),
    "batch_canceled": Badge("neutral", "dash", N_("Canceled")),
    "row_failed": Badge("suspended", "cross", N_("Failed")),
    "row_undelivered": Badge("suspended", "mail", N_("Not delivered")),
    # A delegation, what an agent may do, and what became of its question to a person.
    "delegation_active": Badge("issued", "key", N_("Active")),
    "delegation_dead": Badge("suspended", "late", N_("Dead")),
    "delegation_paused": Badge("neutral", "pause", N_("Paused")),
    "act_allowed": Badge("approved", "shield", N_("Allowed")),
    "act_refused": Badge("rejected", "lock", N_("Refused")),
    "approval_spent": Badge("issued", "flag", N_("Completed")),
    # A webhook endpoint, and what is sent to it.
    "webhook_active": Badge("issued", "check", N_("Active")),
    "webhook_failing": Badge("pending", "late", N_("Failing")),
    "webhook_paused": Badge("neutral", "pause", N_("Paused")),
    "parcel_waiting": Badge("pending", "out", N_("Waiting")),
    "parcel_sent": Badge("delivered", "check", N_("Delivered")),
    "parcel_dead": Badge("suspended", "bin", N_("Given up")),
    "parcel_canceled": Badge("neutral", "dash", N_("Canceled")),
}

MARKERS: Final[Mapping[str, Marker]] = {
    "files": Marker("clip", N_("Files")),
    "notes": Marker("note", N_("Notes")),
    "earlier_rejection": Marker("back", N_("Earlier rejection")),
    "duplicate": Marker("twin", N_("Duplicate")),
    "past_target": Marker("late", N_("Past target"), is_late=True),
    "yours": Marker("user", N_("Yours")),
    "endorsed": Marker("people", N_("Endorsed once")),
    "assigned": Marker("user", N_("Assigned")),
    "verified": Marker("check", N_("verified")),
    "unproved": Marker("question", N_("unproved")),
    "primary": Marker("star", N_("primary")),
}
