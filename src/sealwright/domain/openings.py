"""Which credential types would open work to somebody, without telling what that work is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from sealwright.domain.gating import claimable_roles
from sealwright.domain.workflows import AbsencePeriod, Workflow, WorkflowRole


def types_wanted(roles: Iterable[WorkflowRole], held: frozenset[str]) -> frozenset[str]:
    """The types that roles ask for and that are not held; none where the needs of one of them are met."""
    needs = [frozenset(role.required_credentials) for role in roles]
    if any(each <= held for each in needs):
        return frozenset()
    return frozenset[str]().union(*needs) - held


def corrected(
    counts: Mapping[str, int],
    near: Iterable[Workflow],
    user_id: str,
    held: frozenset[str],
    absences: Iterable[AbsencePeriod] = (),
) -> dict[str, int]:
    """Set right, for one person, how many instances each type would open to anybody.

    Args:
        counts: By what the free roles of open instances ask for, and nothing else.
        near: The instances in which more decides: one role a person, absences.
    """
    right = Counter(counts)
    away = tuple(absences)
    for workflow in near:
        everything = held.union(*(role.required_credentials for role in workflow.roles))
        theirs = types_wanted(claimable_roles(workflow, user_id, everything, away), held)
        anybodys = types_wanted(workflow.free_roles(), held)
        right.update(theirs - anybodys)
        right.subtract(anybodys - theirs)
    return {kind: count for kind, count in right.items() if count > 0}
