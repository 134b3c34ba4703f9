"""Answers about workflows and proposals that every audience gets in one form."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from sealwright.services.desk_ports import NumberedPage
from sealwright.services.workflow_values import ProposalView, WorkflowView
from sealwright.web.api import workflow_rendering
from sealwright.web.api.caching import version_tag
from sealwright.web.call import Call
from sealwright.web.page_lists import page_reply
from sealwright.web.reply import Reply, json_reply

Status = TypeVar("Status", bound=StrEnum)


def status_asked(call: Call, kind: type[Status], default: str = "all") -> Status | None:
    """The state that a list is asked for; None for all of them."""
    asked = call.query.get("status", default)
    return None if asked == "all" else kind(asked)


def workflows_reply(call: Call, found: NumberedPage[WorkflowView]) -> Reply:
    """One page of workflows."""
    now = call.office.clock.now()
    return page_reply(call, found, lambda view: workflow_rendering.workflow(view, now))


def workflow_reply(call: Call, view: WorkflowView) -> Reply:
    """One workflow with its version."""
    tag = version_tag(view.workflow.version)
    return json_reply(workflow_rendering.workflow(view, call.office.clock.now()), headers=(tag,))


def proposals_reply(call: Call, found: NumberedPage[ProposalView]) -> Reply:
    """One page of edit and deletion proposals."""
    return page_reply(call, found, workflow_rendering.proposal)
