"""The tools that an agent is offered: what each takes, and how it is described to a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sealwright.agent_tools import calls
from sealwright.agent_tools.calls import Arguments, Told
from sealwright.agent_tools.office import AgentOffice
from sealwright.web.shape import Shape

Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class AgentTool:
    """One tool.

    Args:
        arguments: What it takes; what is not named there is refused.
        run: Asks the office; blocking; raises OfficeRefused.
        reads_only: It leaves nothing behind but the record that it was asked.
    """

    name: str
    title: str
    description: str
    arguments: Shape
    run: Callable[[AgentOffice, Arguments], Told]
    reads_only: bool = False


def _text(longest: int, description: str) -> Node:
    return {"type": "string", "minLength": 1, "maxLength": longest, "description": description}


def _shape(name: str, properties: Node, required: tuple[str, ...] = ()) -> Shape:
    schema: Node = {"type": "object", "properties": properties, "additionalProperties": False}
    return Shape(name, {**schema, "required": list(required)} if required else schema)


def _seconds(longest: int, usual: int) -> Node:
    description = f"How long it may be used, in seconds; {usual} if left out."
    return {"type": "integer", "minimum": 1, "maximum": longest, "description": description}


_ACT: Final[Node] = {
    "action": _text(255, "What is to be done, as delegations name it, for example purchase:groceries."),
    "amount": {"type": "number", "minimum": 0, "description": "What it costs."},
    "currency": _text(3, "The amount's currency, for example USD."),
    "merchant": _text(200, "Who is paid."),
    "schemaId": _text(2048, "The credential schema that it is about."),
    "region": _text(64, "Where it takes place."),
    "resource": _text(2048, "What it is done to."),
    "delegation": _text(
        2048, "The delegation to act under, by its id or its credential's; any that allows it if left out."
    ),
}
_APPROVAL: Final = _text(64, "The id of an approval that a person gave for exactly this act.")
_FOR_WHOM: Final[Node] = {
    "onBehalfOf": _text(2048, "The DID of the delegator to act for; the first in the chain if left out."),
    "delegation": _ACT["delegation"],
    "approvalId": _APPROVAL,
}
_DID: Final = "A DID."
_TIME: Final = "A date and time with a zone, for example 2030-12-31T23:59:59Z."
_ISSUED: Final[Node] = {
    "schemaId": _ACT["schemaId"],
    "holderDid": _text(2048, f"Whom it is about. {_DID}"),
    "claims": {"type": "object", "description": "Statements about the holder, as the schema asks."},
    "expirationDate": _text(64, _TIME),
    "proofType": _text(64, "How it is proved; the issuer's usual way if left out."),
    "revocable": {"type": "boolean", "default": True, "description": "It can be taken back for good."},
    "suspendable": {"type": "boolean", "default": False, "description": "It can be paused for a time."},
}
_ISSUED_NEEDS: Final = ("schemaId", "holderDid", "claims")
_REQUESTED: Final[Node] = {
    "credentialType": {"type": "string", "pattern": "^[a-z0-9_]{1,64}$", "description": "Which one."},
    "allowUnlisted": {"type": "boolean", "default": False, "description": "It is one that is not listed."},
    "claims": {"type": "object", "description": "What the credential type asks for."},
    "answers": {"type": "object", "description": "Answers to the type's questions, by their text."},
    "note": _text(2000, "What the reviewers should know."),
}


def _as_done(tool: str, properties: Node, required: tuple[str, ...]) -> Node:
    """What a person is asked to approve of another tool's act: said as it will be said to that tool."""
    return {
        "type": "object",
        "description": f"What you will give {tool}, to the letter: needed for its action, and approved as it stands.",
        "properties": {**properties, "onBehalfOf": _FOR_WHOM["onBehalfOf"]},
        "required": list(required),
        "additionalProperties": False,
    }


TOOLS: Final[tuple[AgentTool, ...]] = (
    AgentTool(
        "what_may_i_do",
        "What may I do?",
        "Tells what has been delegated to you: on whose behalf, which actions, within which limits, what is left of "
        "each budget, and until when. Ask this first.",
        _shape("WhatMayIDo", {}),
        calls.what_may_i_do,
        reads_only=True,
    ),
    AgentTool(
        "may_i",
        "May I do this now?",
        "Tells whether one act is allowed now, and which limit forbids it if not. With record it is also counted "
        "against your budgets: say so for an act that you carry out yourself right after, and not for one that you "
        "make a token for, which is counted where the token is used.",
        _shape(
            "MayI",
            {
                **_ACT,
                "approvalId": _APPROVAL,
                "record": {"type": "boolean", "default": False, "description": "Count it: you are doing it now."},
            },
            ("action",),
        ),
        calls.may_i,
    ),
    AgentTool(
        "request_credential",
        "Ask for a credential",
        "Files a request for a credential in the name of the person you act for; a reviewer of the office decides on "
        "it later. Needs credential:request.",
        _shape(
            "RequestCredential",
            {**_REQUESTED, **_FOR_WHOM},
            ("credentialType",),
        ),
        calls.request_credential,
    ),
    AgentTool(
        "present_delegation",
        "Show what is delegated to me",
        "Makes a signed presentation of your delegation for one verifier, who gave you a challenge.",
        _shape(
            "PresentDelegation",
            {
                "challenge": _text(1024, "The verifier's, to the letter."),
                "domain": _text(1024, "The verifier."),
                "delegation": _text(
                    2048, "The delegation to show, by its id or its credential's; the newest in force if left out."
                ),
                "chain": {"type": "boolean", "default": False, "description": "Show those above it, too."},
                "expiresInSeconds": _seconds(3600, 300),
            },
            ("challenge", "domain"),
        ),
        calls.present_delegation,
    ),
    AgentTool(
        "make_token",
        "Make a token for one act",
        "Makes a short-lived token with which you prove to one server that you may do one thing there. The server "
        "checks your delegation and counts the act when it takes the token.",
        _shape(
            "MakeToken",
            {
                "audience": _text(512, "The server's address, without a slash at the end."),
                **_ACT,
                "jkt": {
                    "type": "string",
                    "pattern": "^[A-Za-z0-9_-]{43}$",
                    "description": "SHA-256 thumbprint (RFC 7638) of the key that you sign DPoP proofs with.",
                },
                "approvalId": _APPROVAL,
                "expiresInSeconds": _seconds(300, 120),
            },
            ("audience", "action", "jkt"),
        ),
        calls.make_token,
    ),
    AgentTool(
        "issue_credential",
        "Issue a credential",
        "Issues a signed credential in the name of the issuer you act for, within the limits of your delegation. "
        "Cannot be undone by you. Needs credential:issue; where a person has to approve it, ask for action "
        "credential:issue with these same values as credential.",
        _shape(
            "IssueCredential",
            {**_ISSUED, **_FOR_WHOM},
            _ISSUED_NEEDS,
        ),
        calls.issue_credential,
    ),
    AgentTool(
        "ask_for_approval",
        "Ask a person to approve an act",
        "Asks whoever delegated to you to approve one act with exactly these values. They are told at once and decide "
        "when they can; look with approval_state, and then act with the approval's id, once.",
        _shape(
            "AskForApproval",
            {
                **_ACT,
                "credential": _as_done("issue_credential", _ISSUED, _ISSUED_NEEDS),
                "request": _as_done("request_credential", _REQUESTED, ("credentialType",)),
                "note": _text(500, "What the person should know, in your words."),
            },
            ("action",),
        ),
        calls.ask_for_approval,
    ),
    AgentTool(
        "approval_state",
        "What became of an approval?",
        "Tells whether a person has decided on what you asked them to approve.",
        _shape("ApprovalState", {"approvalId": _text(64, "As ask_for_approval gave it.")}, ("approvalId",)),
        calls.approval_state,
        reads_only=True,
    ),
    AgentTool(
        "my_calls",
        "What have I done?",
        "Lists what you asked and did under your delegations, newest first, with the answers that you were given.",
        _shape(
            "MyCalls",
            {
                "delegation": _text(2048, "Only under this one."),
                "limit": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 100,
                    "default": 20,
                    "description": "How many of the newest.",
                },
            },
        ),
        calls.my_calls,
        reads_only=True,
    ),
)
BY_NAME: Final[Mapping[str, AgentTool]] = {tool.name: tool for tool in TOOLS}
