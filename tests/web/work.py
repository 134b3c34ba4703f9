"""Workflows behind the door: short ways to have one proposed, open, claimed, begun or done."""

from __future__ import annotations

from typing import Any, Final

from tests.web.client import Answer
from tests.web.desk import DPW, Desk

PROPOSERS: Final = "/proposers/workflows"
VOTERS: Final = "/voters/workflows"
FEED: Final = "/improvers/workflows"
ADMIN: Final = "/admin/workflows"
SERIES: Final = "/improvers/workflow-series"
ABSENCES: Final = f"{FEED}/absence-periods"
EDITS: Final = "/voters/workflow-edit-proposals"
DELETIONS: Final = "/voters/workflow-deletion-proposals"
MISSING: Final = "wfl_" + "a" * 26
NO_STEP: Final = "stp_" + "a" * 26


def plan(*needs: str, **more: Any) -> dict[str, Any]:
    """A workflow of two steps by two roles, both of which ask for these credential types."""
    return {
        "title": "Clean the park",
        "roles": [
            {"client_id": "first", "title": "First", "required_credentials": list(needs)},
            {"client_id": "second", "title": "Second", "required_credentials": list(needs)},
        ],
        "steps": [
            {"title": "Sweep", "bounty": 500, "role_client_id": "first"},
            {"title": "Look", "role_client_id": "second"},
        ],
        **more,
    }


def proposed(desk: Desk, *needs: str, who: str = "proposer", **more: Any) -> Any:
    """A workflow that waits for votes."""
    return desk.done(who, "POST", PROPOSERS, plan(*needs, **more))


def opened(desk: Desk, *needs: str, **more: Any) -> Any:
    """A workflow that an admin has approved, however many voters there are."""
    workflow = proposed(desk, *needs, **more)
    return desk.done("admin", "POST", f"{ADMIN}/{workflow['id']}/force-approve", {"reason": "r"})


def voted(desk: Desk, decision: str = "approve") -> Any:
    """A workflow that the desk's one voter has decided."""
    return desk.done("voter", "POST", f"{VOTERS}/{proposed(desk)['id']}/votes", {"decision": decision})


def step_path(workflow: Any, order: int = 1) -> str:
    """Where the acts on a step are."""
    return f"{FEED}/{workflow['id']}/steps/{workflow['steps'][order - 1]['id']}"


def on_step(desk: Desk, who: str, act: str, workflow: Any, order: int = 1, body: Any = None) -> Answer:
    """Act on a step as somebody."""
    return desk.call(who, "POST", f"{step_path(workflow, order)}/{act}", body if body is not None else {})


def acted(desk: Desk, who: str, workflow: Any, *acts: str, order: int = 1) -> Any:
    """Several acts on a step that have to succeed; gives the last answer's body."""
    body: Any = None
    for act in acts:
        answer = on_step(desk, who, act, workflow, order)
        assert answer.status == 200, (act, answer.body)
        body = answer.json()
    return body


def owed(desk: Desk, who: str) -> str:
    """Id of a payout that somebody has just earned."""
    workflow = opened(desk)
    acted(desk, who, workflow, "claim", "start", "complete")
    return str(desk.done(who, "GET", "/improvers/payouts")[0]["id"])


def edit_proposed(desk: Desk, who: str = "proposer") -> Any:
    """A change of a new series that waits for votes."""
    workflow = opened(desk, recurrence="weekly", who=who)
    return desk.done(who, "POST", f"{PROPOSERS}/{workflow['id']}/edit-proposals", {"title": "Later", "reason": "r"})


def deletion_proposed(desk: Desk, who: str = "proposer") -> Any:
    """A deletion that waits for votes."""
    body = {"workflow_id": opened(desk)["id"], "target_type": "workflow", "reason": "r"}
    return desk.done(who, "POST", "/proposers/workflow-deletion-proposals", body)


def holding(desk: Desk, name: str, credential_type: str = DPW) -> str:
    """A new improver who holds a grant; gives the name."""
    desk.granted("admin", name, credential_type)
    return name
