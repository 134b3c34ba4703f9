"""Payout obligations: who is owed what for which step. Amounts are recorded, never transferred by us."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from sealwright.domain.errors import StateConflict


class PayoutStatus(StrEnum):
    """The state of an obligation (contract, section 1.13)."""

    OWED = "owed"
    EXPORTED = "exported"
    SETTLED = "settled"
    FAILED = "failed"
    VOID = "void"


_MOVES: Final = {
    PayoutStatus.OWED: {PayoutStatus.EXPORTED, PayoutStatus.SETTLED, PayoutStatus.FAILED, PayoutStatus.VOID},
    PayoutStatus.EXPORTED: {PayoutStatus.SETTLED, PayoutStatus.FAILED, PayoutStatus.VOID},
    PayoutStatus.FAILED: {PayoutStatus.EXPORTED, PayoutStatus.VOID},
    PayoutStatus.SETTLED: set(),
    PayoutStatus.VOID: set(),
}
# What is handed out to whoever pays.
EXPORTABLE: Final = (PayoutStatus.OWED, PayoutStatus.FAILED)
# What may still be paid or given up.
UNSETTLED: Final = frozenset({PayoutStatus.OWED, PayoutStatus.EXPORTED, PayoutStatus.FAILED})


@dataclass(frozen=True, slots=True)
class Payout:
    """One obligation; at most one a step.

    Args:
        amount: A whole number of units, above 0.
        reference: What the payer calls the payment, once settled.
        reason: Why it failed or was given up.
        requested_at: When the payee asked for it.
    """

    payout_id: str
    workflow_id: str
    step_id: str
    payee_user_id: str
    amount: int
    created_at: datetime
    status: PayoutStatus = PayoutStatus.OWED
    reference: str | None = None
    reason: str | None = None
    requested_at: datetime | None = None
    settled_at: datetime | None = None
    version: int = 1


def move_payout(
    payout: Payout, to: PayoutStatus, now: datetime, *, reference: str | None = None, reason: str | None = None
) -> Payout:
    """Take an obligation to another state; the one it is in already gives it back unchanged.

    Raises:
        StateConflict: There is no such move.
    """
    if payout.status is to:
        return payout
    if to not in _MOVES[payout.status]:
        raise StateConflict(f"A payout that is {payout.status.value} cannot become {to.value}.")
    return replace(
        payout,
        status=to,
        reference=reference if reference is not None else payout.reference,
        reason=reason if to in (PayoutStatus.FAILED, PayoutStatus.VOID) else payout.reason,
        settled_at=now if to is PayoutStatus.SETTLED else None,
        version=payout.version + 1,
    )
