"""What rights mean for workflows, as a port: acts on grants ask it, in a dry run and at the moment of effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sealwright.domain.catalog import CredentialType
from sealwright.domain.effects import ReleasedSeriesClaim, TouchedStep
from sealwright.domain.grants import Grant
from sealwright.services.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class WorkflowChange:
    """What a grant that begins or ends does to workflow roles and step claims."""

    roles_opened: int = 0
    roles_closed: int = 0
    steps_kept: tuple[TouchedStep, ...] = ()
    steps_released: tuple[TouchedStep, ...] = ()
    series_claims_released: tuple[ReleasedSeriesClaim, ...] = ()


class WorkflowEffects(Protocol):
    """Counts, and with `apply` carries out, what follows from grants for workflows."""

    def gained(self, uow: UnitOfWork, grant: Grant, /) -> WorkflowChange:
        """What opens with a grant that begins or is reinstated."""

    def suspended(self, uow: UnitOfWork, grant: Grant, /) -> WorkflowChange:
        """What closes while a grant is suspended; nothing is released."""

    def lost(self, uow: UnitOfWork, grant: Grant, kind: CredentialType | None, /, *, apply: bool) -> WorkflowChange:
        """What closes and is released when a grant ends, by its type's revocation policy."""
