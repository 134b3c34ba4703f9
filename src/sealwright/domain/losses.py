"""What a lost grant takes away, by its credential type's revocation policy (contract, section 1.2)."""

from __future__ import annotations

from datetime import datetime

from sealwright.domain.catalog import RevocationPolicy
from sealwright.domain.workflows import StepStatus, Workflow, WorkflowStep

KEEPS_SERIES_CLAIMS = frozenset({RevocationPolicy.RETAIN_ALL})


def is_kept(policy: RevocationPolicy, workflow: Workflow, step: WorkflowStep, now: datetime) -> bool:
    """Tell whether a step that its role's needs no longer cover stays with its assignee.

    Args:
        step: Not completed; completed work is never touched.
    """
    if policy is RevocationPolicy.RETAIN_ALL:
        return True
    if policy is RevocationPolicy.RELEASE_ALL:
        return False
    if step.status is StepStatus.IN_PROGRESS:
        return True
    if policy is RevocationPolicy.RELEASE_UNSTARTED:
        return False
    return workflow.start_at <= now


def depends_on(workflow: Workflow, step: WorkflowStep, credential_type: str) -> bool:
    """Tell whether a step's role needs a credential type."""
    return credential_type in workflow.role(step.role_id).required_credentials
