"""Which workflow roles need a credential type: of instances, of series that go on, and of edits that are voted on."""

from __future__ import annotations

from typing import Final

import msgspec

from sealwright.domain.votes import SeriesEdit
from sealwright.domain.workflow_plans import WorkflowPlan
from sealwright.storage.driver_text import DriverText
from sealwright.storage.json_columns import json_text
from sealwright.storage.transaction import Transaction

# Needs are short lists, each once; what is named like a type within another name is sorted out here.
_SETS: Final = DriverText.of("SELECT set_id, needs FROM requirement_sets")
_ROLES: Final = DriverText.of("SELECT count(*) FROM workflow_roles WHERE set_id = ANY(%s)")
# One-time series are in their instance's roles. A plan that names the type anywhere is looked at.
_PLANS: Final = DriverText.of(
    "SELECT plan FROM workflow_series WHERE state = 'open' AND recurrence <> 'one_time' AND plan LIKE %s"
)
_EDITS: Final = DriverText.of("SELECT edit FROM proposals WHERE status = 'pending' AND edit LIKE %s")
_PLAN: Final = msgspec.json.Decoder(WorkflowPlan)
_EDIT: Final = msgspec.json.Decoder(SeriesEdit)
_NEEDS: Final = msgspec.json.Decoder(tuple[str, ...])


def roles_needing(transaction: Transaction, credential_type: str) -> int:
    """Count the workflow roles that need a type."""
    sets = [set_id for set_id, needs in _SETS.rows(transaction) if credential_type in _NEEDS.decode(needs)]
    total = int(_ROLES.rows(transaction, sets)[0][0]) if sets else 0
    named = f"%{json_text(credential_type)}%"
    plans = [_PLAN.decode(row[0]) for row in _PLANS.rows(transaction, named)]
    plans += [_EDIT.decode(row[0]).plan for row in _EDITS.rows(transaction, named)]
    return total + sum(credential_type in role.required_credentials for plan in plans for role in plan.roles)
