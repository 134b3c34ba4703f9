"""Payout obligations with the names of what they are about: who did which step of which workflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealwright.domain.work_errors import PayoutNotFound

if TYPE_CHECKING:
    from sealwright.domain.payouts import Payout
    from sealwright.domain.people import Caller
    from sealwright.services.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class PayoutLine:
    """An obligation as admins read it.

    Args:
        payee: Their display name; None once their data were erased.
    """

    payout: Payout
    payee: str | None
    workflow_title: str
    step_title: str
    step_order: int


def payout_lines(uow: UnitOfWork, caller: Caller, payouts: Sequence[Payout]) -> tuple[PayoutLine, ...]:
    """Name the people, workflows and steps of obligations, in the order given. Raises RoleRequired."""
    caller.require_admin()
    if not payouts:
        return ()
    people = uow.people.get_many(sorted({one.payee_user_id for one in payouts}))
    workflows = uow.workflows.get_many(sorted({one.workflow_id for one in payouts}))
    lines = []
    for one in payouts:
        payee, workflow = people.get(one.payee_user_id), workflows.get(one.workflow_id)
        step = workflow.step(one.step_id) if workflow is not None else None
        lines.append(
            PayoutLine(
                payout=one,
                payee=payee.display_name if payee is not None and not payee.erased else None,
                workflow_title=workflow.title if workflow is not None else one.workflow_id,
                step_title=step.title if step is not None else one.step_id,
                step_order=step.step_order if step is not None else 0,
            )
        )
    return tuple(lines)


def payout_line(uow: UnitOfWork, caller: Caller, payout_id: str) -> PayoutLine:
    """One obligation with its names. Raises RoleRequired, PayoutNotFound."""
    caller.require_admin()
    found = uow.payouts.get(payout_id)
    if found is None:
        raise PayoutNotFound("No such payout.")
    return payout_lines(uow, caller, [found])[0]
