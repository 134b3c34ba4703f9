"""What an act on rights does, in one value: shown before saving, and answered after (contract, section 2.5)."""

from __future__ import annotations

from dataclasses import dataclass

from sealwright.domain.catalog import RevocationPolicy
from sealwright.domain.requests import RequestState


@dataclass(frozen=True, slots=True)
class TouchedStep:
    """A workflow step whose claim a loss of rights touches."""

    workflow_id: str
    step_id: str
    title: str
    status: str


@dataclass(frozen=True, slots=True)
class ReleasedSeriesClaim:
    """A claim on a recurring series that a loss of rights ends."""

    series_id: str
    step_order: int


@dataclass(frozen=True, slots=True)
class Effects:
    """What changes. A dry run computes the same value by the same rules and changes nothing.

    Args:
        summary: One English sentence; pages write their own from the members.
        policy: The revocation policy that ruled, where rights were lost.
        request_from, request_to: The move of a request, where there is one.
    """

    changed: bool
    summary: str
    policy: RevocationPolicy | None = None
    request_from: RequestState | None = None
    request_to: RequestState | None = None
    grants_created: tuple[str, ...] = ()
    grants_revoked: tuple[str, ...] = ()
    credentials_issued: int = 0
    credentials_revoked: tuple[str, ...] = ()
    workflow_roles_opened: int = 0
    workflow_roles_closed: int = 0
    steps_kept: tuple[TouchedStep, ...] = ()
    steps_released: tuple[TouchedStep, ...] = ()
    series_claims_released: tuple[ReleasedSeriesClaim, ...] = ()
