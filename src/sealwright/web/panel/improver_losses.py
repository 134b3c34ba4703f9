"""Credential types that somebody has lost, and what of their work stays with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sealwright.domain.grants import Grant, GrantStatus
from sealwright.services.feed import FeedScope

if TYPE_CHECKING:
    from datetime import datetime

    from sealwright.domain.workflows import WorkflowStep
    from sealwright.services.workflow_values import FeedEntry
    from sealwright.web.panel.improver import Catalog
    from sealwright.web.panel.improver_frame import Own
    from sealwright.web.panel.page_call import PageCall

# A loss is told for so long, and for as long as something stays that depends on it.
TOLD_FOR: Final = timedelta(days=30)
# More workflows than this nobody works in at a time; what lies beyond is told on the tab itself.
MOST_HELD: Final = 100


@dataclass(frozen=True, slots=True)
class Loss:
    """A lost type.

    Args:
        state: ``revoked``, ``expired`` or ``suspended``.
        kept: The steps that stay, with the address of their workflow.
    """

    label: str
    state: str
    at: datetime | None
    why: str | None
    kept: tuple[tuple[str, str], ...]


def losses_of(
    page: PageCall, own: Own, catalog: Catalog, entries: tuple[FeedEntry, ...] | None = None
) -> tuple[Loss, ...]:
    """What was lost lately, or is missing for work that stays; newest first.

    Args:
        entries: The work that they hold, where it was read already.
    """
    held = own.held(page)
    lost: dict[str, Grant] = {}
    for grant in own.grants:
        status = grant.status_at(page.now)
        if grant.credential_type not in held and status is not GrantStatus.ACTIVE:
            lost.setdefault(grant.credential_type, grant)
    if not lost:
        return ()
    if entries is None:
        entries = page.office.feed.page(page.caller, FeedScope.ASSIGNED, 1, MOST_HELD).entries
    told = []
    for value, grant in lost.items():
        status = grant.status_at(page.now)
        at = grant.revoked_at if status is GrantStatus.REVOKED else grant.expires_at
        if status is GrantStatus.SUSPENDED:
            at = None
        kept = tuple(
            (step.title, f"/improver/workflows/{entry.view.workflow.workflow_id}")
            for entry in entries
            for step in entry.assigned_steps
            if value in _needs(entry, step)
        )
        if kept or at is None or page.now - at <= TOLD_FOR:
            told.append(Loss(catalog.label(value), status.value, at, _why(grant, status), kept))
    return tuple(told)


def _needs(entry: FeedEntry, step: WorkflowStep) -> tuple[str, ...]:
    return entry.view.workflow.role(step.role_id).required_credentials


def _why(grant: Grant, status: GrantStatus) -> str | None:
    return grant.reason if status in {GrantStatus.REVOKED, GrantStatus.SUSPENDED} else None
