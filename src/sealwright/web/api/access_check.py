"""Asking whether somebody may do something, without doing it."""

from __future__ import annotations

from typing import Final

from sealwright.services.workflow_values import AccessQuestion
from sealwright.web.api import workflow_rendering
from sealwright.web.api.shapes import workflow_answers, workflow_examples
from sealwright.web.api.shapes.workflow_acts import CHECK_ACCESS
from sealwright.web.call import Call
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Route


def check(call: Call) -> Reply:
    """POST /api/v1/access/check."""
    body = call.body
    question = AccessQuestion(
        user_id=body.get("userId"),
        did=body.get("did"),
        credential_types=tuple(body.get("credentialTypes", ())),
        workflow_id=body.get("workflowId"),
        step_id=body.get("stepId"),
    )
    return json_reply(workflow_rendering.access(call.office.access_check.ask(call.caller, question)))


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "POST",
        "/api/v1/access/check",
        Audience.CALLER,
        "K, R, S (about oneself), A",
        "Ask whether somebody holds credential types, or may do a step",
        check,
        (Answered(200, "The answer, explained.", workflow_answers.ACCESS, workflow_examples.ACCESS),),
        "Access",
        body=CHECK_ACCESS,
        codes=(
            "CONFLICTING_FIELDS",
            "INVALID_DID",
            "OUT_OF_SCOPE",
            "USER_NOT_FOUND",
            "WORKFLOW_NOT_FOUND",
            "UNKNOWN_CREDENTIAL_TYPE",
        ),
    ),
)
